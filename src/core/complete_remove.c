#include "core/complete_remove.h"

#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "core/settle.h"
#include "core/subsequence.h"
#include "core/sync.h"
#include "core/sync_read.h"

#define IDS_MAX 100

/* Rows read for a page of removals, found by id. */
struct rows {
  struct page *pages;
  struct list_query *queries;
  size_t pages_n;
  GHashTable *by_id; /* id -> struct remote_lead */
};

/* One enrolment that may go now. */
struct work {
  const struct removal *removal;
  const struct remote_lead *row; /* NULL: gone already */
  const struct outcome_settings *settings;
  enum removal_verdict verdict;
};

static void rows_clear(struct rows *rows)
{
  for (size_t i = 0; i < rows->pages_n; i++)
    page_clear(&rows->pages[i]);
  g_clear_pointer(&rows->pages, g_free);
  g_clear_pointer(&rows->queries, g_free);
  g_clear_pointer(&rows->by_id, g_hash_table_unref);
}

/* The row of an id, whatever its case; NULL: there is none. */
static const struct remote_lead *row_of(const struct rows *rows, const char *id)
{
  g_autofree char *small = g_ascii_strdown(id, -1);
  return g_hash_table_lookup(rows->by_id, small);
}

/* Reads ids in questions of IDS_MAX, side by side. An id is one row, so each question is one page. */
static bool rows_read(struct job *job, const char *const *ids, size_t ids_n, struct rows *rows, GError **error)
{
  rows->pages_n = (ids_n + IDS_MAX - 1) / IDS_MAX;
  rows->pages = g_new0(struct page, rows->pages_n);
  rows->queries = g_new0(struct list_query, rows->pages_n);
  rows->by_id = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < rows->pages_n; i++) {
    page_init(&rows->pages[i], sizeof(struct remote_lead));
    rows->queries[i] = (struct list_query){.ids = ids + i * IDS_MAX, .ids_n = MIN(IDS_MAX, ids_n - i * IDS_MAX)};
  }
  if (!job->instantly->ops->list(job->instantly, rows->queries, rows->pages_n, rows->pages, error)) return false;
  for (size_t i = 0; i < rows->pages_n; i++)
    if (!subsequences_apply(job, &rows->pages[i], error)) return false;
  for (size_t i = 0; i < rows->pages_n; i++)
    for (guint r = 0; r < rows->pages[i].rows->len; r++) {
      struct remote_lead *row = page_row(&rows->pages[i], struct remote_lead, r);
      g_hash_table_insert(rows->by_id, (gpointer)row->id, row);
    }
  return true;
}

/* ---- events ---- */

static struct lead_event removal_event(const struct job *job, const struct removal *removal, enum event_kind kind)
{
  return (struct lead_event){.kind = kind,
                             .lead_id = removal->lead_id,
                             .person = removal->person,
                             .campaign_id = removal->campaign_id,
                             .instantly_id = removal->instantly_id,
                             .claim_id = removal->claim_id,
                             .generation = removal->generation,
                             .epoch = removal->epoch,
                             .reason = outcome_name(removal->outcome),
                             .run_id = job->run_id,
                             .occurred_at_us = job->now_us};
}

/* What the row looked like when it was last seen; no address, no name, no text of a message. */
static char *snapshot(const struct remote_lead *row)
{
  GString *out = g_string_new("{");
  json_append_int(out, "status", row->status);
  if (row->has_interest) json_append_int(out, "interest", row->interest);
  json_append_int(out, "opens", row->opens);
  json_append_int(out, "clicks", row->clicks);
  json_append_int(out, "replies", row->replies);
  json_append_time(out, "created_at", row->created_at_us);
  json_append_time(out, "contacted_at", row->contacted_at_us);
  json_append_time(out, "replied_at", row->replied_at_us);
  json_append_str(out, "last_step", row->last_step);
  json_append_time(out, "last_step_at", row->last_step_at_us);
  g_string_append_c(out, '}');
  return g_string_free(out, FALSE);
}

static bool append_events(struct job *job, const GArray *events, GError **error)
{
  return events->len == 0 ||
         job->ledger->ops->append(job->ledger, (const struct lead_event *)(void *)events->data, events->len, error);
}

static bool claim_removals(struct job *job, const GArray *work, GError **error)
{
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  for (guint i = 0; i < work->len; i++) {
    struct lead_event event = removal_event(job, g_array_index(work, struct work, i).removal, EVENT_REMOVE_CLAIMED);
    g_array_append_val(events, event);
  }
  return append_events(job, events, error);
}

static bool record_removed(struct remover *remover, const GArray *work, GError **error)
{
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  g_autoptr(GPtrArray) details = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < work->len; i++) {
    const struct work *one = &g_array_index(work, struct work, i);
    struct lead_event event = removal_event(remover->job, one->removal, EVENT_FINISHED);
    if (remover->cause == REMOVAL_OF_STOPPED) g_array_append_val(events, event);
    event.kind = EVENT_REMOVED;
    if (one->row != NULL) {
      g_ptr_array_add(details, snapshot(one->row));
      event.detail = g_ptr_array_index(details, details->len - 1);
    }
    g_array_append_val(events, event);
  }
  if (!append_events(remover->job, events, error)) return false;
  remover->removed_n += work->len;
  return true;
}

static bool report_error(struct job *job, const struct removal *removal, const char *type, const char *message,
                         GError **error)
{
  g_autofree char *ref = job->ledger->ops->lead_ref(job->ledger, removal->lead_id);
  g_autofree char *key = g_strdup_printf("%s|%s", type, removal->lead_id);
  struct error_row row = {.type = type, .lead_ref = ref, .message = message, .key = key};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

/* ---- confirming ---- */

/* Addresses that a campaign still shows, for these works. */
static bool read_addresses(struct job *job, const GArray *work, GHashTable *present, GError **error)
{
  const char *campaign_id = g_array_index(work, struct work, 0).removal->campaign_id;
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  bool is_ok = true;
  for (guint at = 0; is_ok && at < work->len; at += IDS_MAX) {
    const char *contacts[IDS_MAX];
    size_t n = MIN(IDS_MAX, work->len - at);
    for (size_t i = 0; i < n; i++)
      contacts[i] = g_array_index(work, struct work, at + i).removal->person;
    struct list_query query = {.campaign_id = campaign_id, .contacts = contacts, .contacts_n = n};
    is_ok = job->instantly->ops->list(job->instantly, &query, 1, &page, error);
    for (guint i = 0; is_ok && i < page.rows->len; i++) {
      const char *person = page_row(&page, struct remote_lead, i)->person;
      if (person != NULL) g_hash_table_add(present, g_strdup(person));
    }
  }
  page_clear(&page);
  return is_ok;
}

/* What was to be deleted is gone when its id is: somebody may have moved it on between the look and the request. What
 * was to be moved is where it should be; of a stopped person that is the list alone. */
static bool is_still_there(const struct work *work, const struct remote_lead *row)
{
  const struct removal *removal = work->removal;
  if (row == NULL) return false;
  if (work->settings->action != REMOVAL_MOVE) return true;
  if (removal->outcome == OUTCOME_STOPPED && work->row != NULL)
    return g_strcmp0(row->list_id, work->settings->move_to) != 0;
  return g_strcmp0(row->campaign_id, removal->campaign_id) == 0;
}

/* Keeps of `work` only what is absent by id and by address in its campaign; the rest stays for the next run. */
static bool keep_confirmed(struct remover *remover, GArray *work, GError **error)
{
  struct job *job = remover->job;
  g_autofree const char **ids = g_new0(const char *, work->len + 1);
  for (guint i = 0; i < work->len; i++)
    ids[i] = g_array_index(work, struct work, i).removal->instantly_id;
  g_autoptr(GHashTable) present = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  struct rows rows = {0};
  bool is_ok = rows_read(job, ids, work->len, &rows, error) && read_addresses(job, work, present, error);
  for (guint i = 0; is_ok && i < work->len;) {
    const struct work *one = &g_array_index(work, struct work, i);
    const struct removal *removal = one->removal;
    bool is_there = is_still_there(one, row_of(&rows, removal->instantly_id));
    if (!is_there && !g_hash_table_contains(present, removal->person)) {
      i++;
      continue;
    }
    is_ok = report_error(job, removal, "not_removed",
                         "Instantly still shows the lead after its removal; the next run tries again", error);
    g_array_remove_index(work, i);
    remover->unconfirmed_n++;
  }
  rows_clear(&rows);
  return is_ok;
}

/* ---- acting ---- */

/* Out of the subsequence first; a lead that cannot be taken out is left alone. */
static bool cut_subsequences(struct job *job, GArray *work, GError **error)
{
  for (guint i = 0; i < work->len;) {
    const struct work *one = &g_array_index(work, struct work, i);
    if (one->row == NULL || one->row->subsequence_id == NULL) {
      i++;
      continue;
    }
    g_autoptr(GError) cutting = NULL;
    if (job->instantly->ops->subsequence_remove(job->instantly, one->row->id, &cutting) ||
        error_is(cutting, ERROR_NOT_FOUND)) {
      i++;
      continue;
    }
    if (!error_is(cutting, ERROR_REJECTED)) {
      g_propagate_error(error, g_steal_pointer(&cutting));
      return false;
    }
    if (!report_error(job, one->removal, "subsequence", cutting->message, error)) return false;
    g_array_remove_index(work, i);
  }
  return true;
}

/* Deletes or moves the rows of one campaign and outcome; claims before, records after. */
static bool act(struct remover *remover, GArray *work, GError **error)
{
  struct job *job = remover->job;
  if (job_is_cancelled(job, error) || !job->ledger->ops->lease_check(job->ledger, &job->lease, error)) return false;
  if (!cut_subsequences(job, work, error)) return false;
  if (work->len == 0) return true;
  if (g_array_index(work, struct work, 0).verdict == REMOVE_CUT_ONLY) {
    remover->cut_n += work->len;
    return true;
  }
  const struct work *first = &g_array_index(work, struct work, 0);
  const char *campaign_id = first->removal->campaign_id;
  g_autofree const char **ids = g_new0(const char *, work->len + 1);
  for (guint i = 0; i < work->len; i++)
    ids[i] = g_array_index(work, struct work, i).removal->instantly_id;
  if (job_is_cancelled(job, error) || !job->ledger->ops->lease_check(job->ledger, &job->lease, error)) return false;
  if (!claim_removals(job, work, error)) return false;
  int64_t count = 0;
  bool is_move = first->settings->action == REMOVAL_MOVE;
  const struct instantly_ops *api = job->instantly->ops;
  struct lead_selection leads = {.campaign_id = campaign_id, .ids = ids, .ids_n = work->len};
  bool is_ok = is_move ? api->leads_move(job->instantly, &leads, first->settings->move_to, error)
                       : api->leads_delete(job->instantly, &leads, &count, error);
  if (!is_ok) return false;
  log_event(LOG_INFO, "leads removed", LOG_STR("campaign", campaign_id), LOG_INT("leads", work->len),
            LOG_STR("reason", outcome_name(first->removal->outcome)));
  return keep_confirmed(remover, work, error) && record_removed(remover, work, error);
}

/* ---- one page ---- */

static const struct outcome_settings *settings_of(const struct remover *remover, const struct removal *removal)
{
  if (remover->cause == REMOVAL_OF_STOPPED) return &remover->stopped;
  return &remover->job->settings->complete.outcomes[removal->action_outcome];
}

/* Asked of the few rows alone that are mailed on after an unclear reply, once for each campaign. */
static bool stops_on_reply(struct job *job, GHashTable *known, const struct remote_lead *row)
{
  if (row == NULL || row->campaign_id == NULL || row->status != REMOTE_ACTIVE || !remote_reply_is_unclear(row))
    return false;
  gpointer stops;
  if (g_hash_table_lookup_extended(known, row->campaign_id, NULL, &stops)) return GPOINTER_TO_INT(stops) != 0;
  struct remote_campaign campaign;
  remote_campaign_init(&campaign);
  bool is_known = job->instantly->ops->campaign_get(job->instantly, row->campaign_id, &campaign, NULL);
  bool is_stopping = is_known && campaign.stop_on_reply;
  remote_campaign_clear(&campaign);
  g_hash_table_insert(known, g_strdup(row->campaign_id), GINT_TO_POINTER(is_stopping));
  return is_stopping;
}

static struct removal_decision decide(const struct remover *remover, const struct work *work, GHashTable *campaigns)
{
  const struct settings *settings = remover->job->settings;
  if (!text_is_uuid(work->removal->instantly_id)) /* never seen by its id: the next sync finds it by address */
    return (struct removal_decision){.verdict = REMOVE_NOT, .reason = "not_seen_yet"};
  struct removal_input input = {.removal = work->removal,
                                .row = work->row,
                                .settings = work->settings,
                                .is_configured_campaign =
                                    settings_campaign(settings, work->removal->campaign_id) != NULL,
                                .is_blocklisted = work->removal->is_block_listed,
                                .is_absence_sure = remover->is_absence_sure,
                                .has_stop_list = settings->stops.list != NULL};
  if (remover->cause == REMOVAL_OF_STOPPED) input.stops_on_reply = stops_on_reply(remover->job, campaigns, work->row);
  return remover->cause == REMOVAL_OF_STOPPED ? removal_of_stopped_decide(&input) : removal_decide(&input);
}

/* Sorts the page's works by what is done with them together: campaign and outcome. */
static GArray *group_of(GHashTable *groups, const struct work *work)
{
  const struct removal *removal = work->removal;
  bool is_apart = work->verdict == REMOVE_CUT_ONLY || work->verdict == REMOVE_TO_LIST;
  g_autofree char *key = g_strdup_printf("%s/%d/%d/%d", removal->campaign_id, (int)removal->outcome,
                                         (int)removal->action_outcome, is_apart ? (int)work->verdict : 0);
  GArray *group = g_hash_table_lookup(groups, key);
  if (group == NULL) {
    group = g_array_new(FALSE, TRUE, sizeof(struct work));
    g_hash_table_insert(groups, g_steal_pointer(&key), group);
  }
  return group;
}

/* A page of due removals, read again and sorted. */
struct sorted {
  struct rows rows;
  GHashTable *groups;    /* what is acted upon together -> GArray of struct work */
  GArray *gone;          /* struct work: absent by id */
  GHashTable *campaigns; /* id -> does it stop on a reply? */
  GPtrArray *moved;      /* struct removal, owned: of rows that are in another campaign than the ledger thinks */
};

/* A row that is not the one we added is worth a person's look; one that only moved on is the next sync's. */
static bool leave_alone(struct job *job, const struct removal *removal, const char *reason, GError **error)
{
  log_event(LOG_INFO, "lead left alone", LOG_STR("reason", reason));
  if (strcmp(reason, "answered_still_mailed") == 0)
    return report_error(job, removal, reason,
                        "the person is stopped and has answered, and the campaign mails on: no row with an answer is "
                        "deleted; take it out by hand, or set stops.list",
                        error);
  bool is_strange = strcmp(reason, "other_stamp") == 0 || strcmp(reason, "other_address") == 0;
  return !is_strange ||
         report_error(job, removal, reason, "the row in Instantly is not the one we added; left alone", error);
}

/* A stopped person's row leaves the campaign that it is in now, which may be another one than the ledger thinks. */
static const struct removal *where_it_is(struct sorted *sorted, const struct removal *removal,
                                         const struct remote_lead *row)
{
  if (row == NULL || row->campaign_id == NULL || g_strcmp0(row->campaign_id, removal->campaign_id) == 0) return removal;
  struct removal *moved = g_new(struct removal, 1);
  *moved = *removal;
  moved->campaign_id = row->campaign_id;
  g_ptr_array_add(sorted->moved, moved);
  return moved;
}

static void count_left(struct remover *remover, const char *reason)
{
  bool is_unseen = strcmp(reason, "not_seen_yet") == 0, is_mailed = strcmp(reason, "answered_still_mailed") == 0;
  remover->unseen_n += is_unseen;
  remover->still_mailed_n += is_mailed;
  remover->changed_n += !is_unseen && !is_mailed;
}

static bool sort_page(struct remover *remover, const struct page *due, struct sorted *sorted, GError **error)
{
  for (guint i = 0; i < due->rows->len; i++) {
    const struct removal *removal = page_row(due, struct removal, i);
    const struct remote_lead *row = row_of(&sorted->rows, removal->instantly_id);
    struct work work = {.removal = removal, .row = row, .settings = settings_of(remover, removal)};
    struct removal_decision decision = decide(remover, &work, sorted->campaigns);
    if (decision.verdict == REMOVE_NOT) {
      count_left(remover, decision.reason);
      if (!leave_alone(remover->job, removal, decision.reason, error)) return false;
      continue;
    }
    work.verdict = decision.verdict;
    if (remover->cause == REMOVAL_OF_STOPPED) work.removal = where_it_is(sorted, removal, row);
    if (decision.verdict == REMOVE_TO_LIST) work.settings = &remover->listed;
    g_array_append_val(decision.verdict == REMOVE_GONE ? sorted->gone : group_of(sorted->groups, &work), work);
  }
  return true;
}

/* Rows that are gone by id: recorded when their address is gone from the campaign, too. */
static bool record_gone(struct remover *remover, GArray *gone, GError **error)
{
  while (gone->len > 0) {
    const char *campaign_id = g_array_index(gone, struct work, 0).removal->campaign_id;
    g_autoptr(GArray) same = g_array_new(FALSE, TRUE, sizeof(struct work));
    for (guint i = 0; i < gone->len;) {
      if (g_strcmp0(g_array_index(gone, struct work, i).removal->campaign_id, campaign_id) != 0) {
        i++;
        continue;
      }
      g_array_append_vals(same, &g_array_index(gone, struct work, i), 1);
      g_array_remove_index(gone, i);
    }
    if (!keep_confirmed(remover, same, error) || !record_removed(remover, same, error)) return false;
  }
  return true;
}

/* A stopped person's row leaves whatever its campaign's outcomes say. */
static void stopped_settings(struct remover *remover)
{
  const struct stops_settings *stops = &remover->job->settings->stops;
  remover->listed = (struct outcome_settings){.action = REMOVAL_MOVE, .cut_subsequence = true, .move_to = stops->list};
  remover->stopped = remover->listed;
  if (stops->list == NULL || stops->action == REMOVAL_DELETE)
    remover->stopped = (struct outcome_settings){.action = REMOVAL_DELETE, .cut_subsequence = true};
}

/* What the rows say is written down before they go: a stopped person's row leaves while its sequence runs, and no sync
 * may have read yet that it was mailed. */
static bool keep_facts(struct remover *remover, const struct rows *rows, GError **error)
{
  struct job *job = remover->job;
  const struct ledger_ops *ops = job->ledger->ops;
  struct stage_rules rules;
  struct stage_report report = {0};
  if (remover->cause != REMOVAL_OF_STOPPED || g_hash_table_size(rows->by_id) == 0) return true;
  for (size_t i = 0; i < rows->pages_n; i++) {
    const struct page *page = &rows->pages[i];
    if (page->rows->len > 0 &&
        !ops->stage(job->ledger, job->run_id, page_row(page, struct remote_lead, 0), page->rows->len, error))
      return false;
  }
  sync_stage_rules(job, &rules);
  return ops->stage_facts(job->ledger, &rules, &report, error);
}

bool remover_page(struct remover *remover, const struct page *due, GError **error)
{
  stopped_settings(remover);
  g_autofree const char **ids = g_new0(const char *, due->rows->len + 1);
  for (guint i = 0; i < due->rows->len; i++)
    ids[i] = page_row(due, struct removal, i)->instantly_id;
  g_autoptr(GHashTable) groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
  g_autoptr(GArray) gone = g_array_new(FALSE, TRUE, sizeof(struct work));
  g_autoptr(GPtrArray) moved = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) campaigns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  struct sorted sorted = {.groups = groups, .gone = gone, .moved = moved, .campaigns = campaigns};
  bool is_ok = rows_read(remover->job, ids, due->rows->len, &sorted.rows, error) &&
               keep_facts(remover, &sorted.rows, error) && sort_page(remover, due, &sorted, error) &&
               record_gone(remover, gone, error);
  GHashTableIter iter;
  gpointer group;
  g_hash_table_iter_init(&iter, groups);
  while (is_ok && g_hash_table_iter_next(&iter, NULL, &group))
    is_ok = act(remover, group, error);
  rows_clear(&sorted.rows);
  return is_ok;
}
