#include "tests/support/fake_instantly.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "core/settle.h"
#include "tests/support/fake_private.h"

/* What comes late, or shows itself late, is not moved by hand between a question about it and the request that follows:
 * nobody could tell. */
#define LATE_UNKNOWN_CALLS 20

/* A request whose effect comes later. */
struct fake_pending {
  char *campaign_id;
  GPtrArray *persons, *stamps;
  int64_t calls_left;
};

#define LAG_MAX_US (60 * SECOND_US) /* the lag of a list ends with time, too */

static struct fake_instantly *self_of(struct instantly *instantly)
{
  return (struct fake_instantly *)(void *)instantly;
}

static void row_free(gpointer data)
{
  struct fake_row *row = data;
  g_free(row->id);
  g_free(row->person);
  g_free(row->campaign_id);
  g_free(row->stamp);
  g_free(row->subsequence_id);
  g_free(row);
}

static void pending_free(gpointer data)
{
  struct fake_pending *pending = data;
  g_free(pending->campaign_id);
  g_ptr_array_unref(pending->persons);
  g_ptr_array_unref(pending->stamps);
  g_free(pending);
}

struct fake_row *fake_instantly_find(const struct fake_instantly *fake, const char *campaign_id, const char *person)
{
  for (guint i = 0; i < fake->rows->len; i++) {
    struct fake_row *row = g_ptr_array_index(fake->rows, i);
    bool is_there = !row->is_deleted && g_strcmp0(row->campaign_id, campaign_id) == 0;
    if (is_there && strcmp(row->person, person) == 0) return row;
  }
  return NULL;
}

struct fake_row *fake_instantly_put(struct fake_instantly *fake, const char *campaign_id, const char *person)
{
  struct fake_row *row = g_new0(struct fake_row, 1);
  row->id = g_strdup_printf("00000000-0000-7000-8000-%012" G_GINT64_MODIFIER "x", ++fake->ids_n);
  row->person = g_strdup(person);
  row->campaign_id = g_strdup(campaign_id);
  row->status = REMOTE_ACTIVE;
  row->created_at_us = fake->now_us;
  row->created_mono_us = fake->clock != NULL ? clock_mono_us(fake->clock) : 0;
  row->visible_at_call = fake->calls_n + fake->lag_calls;
  row->known_at_call = row->visible_at_call + (fake->lag_calls > 0 ? LATE_UNKNOWN_CALLS : 0);
  g_ptr_array_add(fake->rows, row);
  return row;
}

void fake_instantly_to_list(struct fake_row *row)
{
  g_clear_pointer(&row->campaign_id, g_free);
}

int fake_instantly_created(const struct fake_instantly *fake, const char *person)
{
  return GPOINTER_TO_INT(g_hash_table_lookup(fake->created, person));
}

bool fake_instantly_lists(const struct fake_instantly *fake, const char *person)
{
  const char *at = strchr(person, '@');
  for (guint i = 0; i < fake->blocklist->len; i++) {
    const char *value = g_ptr_array_index(fake->blocklist, i);
    if (strcmp(value, person) == 0 || (at != NULL && strcmp(value, at + 1) == 0)) return true;
  }
  return false;
}

int fake_instantly_late(const struct fake_instantly *fake, const char *person)
{
  int n = 0;
  for (guint i = 0; i < fake->pending->len; i++) {
    const struct fake_pending *pending = g_ptr_array_index(fake->pending, i);
    for (guint p = 0; p < pending->persons->len; p++)
      n += strcmp(g_ptr_array_index(pending->persons, p), person) == 0;
  }
  return n;
}

/* Returns the row if it was created now, NULL for a duplicate. */
static struct fake_row *create(struct fake_instantly *fake, const char *campaign_id, const char *person,
                               const char *stamp)
{
  if (fake_instantly_find(fake, campaign_id, person) != NULL) return NULL;
  struct fake_row *row = fake_instantly_put(fake, campaign_id, person);
  row->stamp = g_strdup(stamp);
  int times = fake_instantly_created(fake, person) + 1;
  log_event(LOG_DEBUG, "created", LOG_STR("stamp", stamp), LOG_STR("campaign", campaign_id), LOG_INT("times", times),
            LOG_INT("person", g_str_hash(person)));
  g_hash_table_insert(fake->created, g_strdup(person), GINT_TO_POINTER(times));
  fake->max_created_twice = MAX(fake->max_created_twice, times);
  return row;
}

static void run_pending(struct fake_instantly *fake)
{
  for (guint i = 0; i < fake->pending->len;) {
    struct fake_pending *pending = g_ptr_array_index(fake->pending, i);
    if (--pending->calls_left > 0) {
      i++;
      continue;
    }
    for (guint p = 0; p < pending->persons->len; p++) {
      struct fake_row *row = create(fake, pending->campaign_id, g_ptr_array_index(pending->persons, p),
                                    g_ptr_array_index(pending->stamps, p));
      if (row != NULL) row->known_at_call += LATE_UNKNOWN_CALLS;
    }
    g_ptr_array_remove_index(fake->pending, i);
  }
}

void fake_instantly_rest(struct fake_instantly *fake)
{
  while (fake->pending->len > 0)
    run_pending(fake);
  fake->calls_n += fake->lag_calls + LATE_UNKNOWN_CALLS;
}

bool fake_is_dead(struct fake_instantly *fake, GError **error)
{
  fake->calls_n++;
  run_pending(fake);
  if (fake->is_dead == NULL || !fake->is_dead(fake->dead_context)) return false;
  error_set(error, ERROR_LOCAL, "the process is dead");
  return true;
}

/* ---- leads/add ---- */

static bool fake_add_prepare(struct instantly *instantly, struct add_batch *batch, GError **error)
{
  if (fake_is_dead(self_of(instantly), error)) return false;
  g_string_assign(batch->body, "{}");
  g_strlcpy(batch->body_hash, "0000", sizeof batch->body_hash);
  return true;
}

static void answer_created(struct fake_instantly *fake, struct add_batch *batch)
{
  struct add_answer *answer = &batch->answer;
  for (guint i = 0; i < batch->claims->len; i++) {
    const struct claim *claim = g_ptr_array_index(batch->claims, i);
    g_autofree char *stamp = claim_stamp(claim);
    answer->total_sent++;
    if (fake_instantly_lists(fake, claim->person)) {
      answer->in_blocklist++;
      continue;
    }
    struct fake_row *row = create(fake, batch->campaign_id, claim->person, stamp);
    if (row == NULL) {
      answer->duplicated++;
      continue;
    }
    struct created_lead created = {.index = (int64_t)i, .email_matches = true};
    g_strlcpy(created.id, row->id, sizeof created.id);
    g_array_append_val(answer->created, created);
    answer->uploaded++;
  }
  answer->is_success = true;
  answer->remaining_in_plan = -1;
}

static void park(struct fake_instantly *fake, const struct add_batch *batch)
{
  struct fake_pending *pending = g_new0(struct fake_pending, 1);
  pending->campaign_id = g_strdup(batch->campaign_id);
  pending->persons = g_ptr_array_new_with_free_func(g_free);
  pending->stamps = g_ptr_array_new_with_free_func(g_free);
  pending->calls_left = fake->late_calls;
  for (guint i = 0; i < batch->claims->len; i++) {
    const struct claim *claim = g_ptr_array_index(batch->claims, i);
    g_ptr_array_add(pending->persons, g_strdup(claim->person));
    g_ptr_array_add(pending->stamps, claim_stamp(claim));
  }
  g_ptr_array_add(fake->pending, pending);
}

static void garble(struct add_answer *answer, enum fake_fault fault)
{
  if (fault == FAKE_MISCOUNTED) answer->uploaded++;
  if (fault == FAKE_SHORT_CREATED && answer->created->len > 0)
    g_array_set_size(answer->created, answer->created->len - 1);
  if (fault == FAKE_ALL_BLOCKED) {
    g_array_set_size(answer->created, 0);
    answer->in_blocklist = answer->total_sent;
    answer->uploaded = answer->duplicated = 0;
  }
  if (fault == FAKE_WRONG_INDEX && answer->created->len > 0)
    g_array_index(answer->created, struct created_lead, 0).index += (int64_t)answer->total_sent;
}

static void answer_one(struct fake_instantly *fake, struct add_batch *batch, enum fake_fault fault)
{
  static const int64_t statuses[FAKE_FAULTS_N] = {
      [FAKE_OK] = 200,         [FAKE_THROTTLED] = 429,  [FAKE_5XX_BEFORE] = 502,    [FAKE_5XX_AFTER] = 502,
      [FAKE_400] = 400,        [FAKE_MISCOUNTED] = 200, [FAKE_SHORT_CREATED] = 200, [FAKE_WRONG_INDEX] = 200,
      [FAKE_ALL_BLOCKED] = 200};
  static const bool is_done[FAKE_FAULTS_N] = {
      [FAKE_OK] = true,         [FAKE_LOST_AFTER] = true,    [FAKE_5XX_AFTER] = true,
      [FAKE_MISCOUNTED] = true, [FAKE_SHORT_CREATED] = true, [FAKE_WRONG_INDEX] = true,
      [FAKE_ALL_BLOCKED] = true};
  struct add_answer *answer = &batch->answer;
  bool is_lost = fault == FAKE_LOST_BEFORE || fault == FAKE_LOST_AFTER || fault == FAKE_LATE;
  if (is_done[fault]) answer_created(fake, batch);
  if (fault == FAKE_LATE) park(fake, batch);
  garble(answer, fault);
  answer->reply = (struct reply){.status = statuses[fault], .retry_after_s = -1, .date_us = fake->now_us};
  answer->reply.transport = fault == FAKE_NOT_SENT ? TRANSPORT_NOT_SENT
                            : is_lost              ? TRANSPORT_UNKNOWN
                                                   : TRANSPORT_ANSWERED;
  answer->reply.is_json = answer->reply.status == 200;
  if (fault == FAKE_THROTTLED && fake->retry_after_s > 0) answer->reply.retry_after_s = fake->retry_after_s;
}

static void fake_add_send(struct instantly *instantly, struct add_batch *batches, size_t batches_n)
{
  struct fake_instantly *fake = self_of(instantly);
  for (size_t i = 0; i < batches_n; i++) {
    g_autoptr(GError) dead = NULL;
    if (batches[i].answer.created == NULL)
      batches[i].answer.created = g_array_new(FALSE, TRUE, sizeof(struct created_lead));
    g_array_set_size(batches[i].answer.created, 0);
    if (fake_is_dead(fake, &dead)) {
      batches[i].answer.reply.transport = TRANSPORT_UNKNOWN;
      continue;
    }
    fake->add_calls_n++;
    if (fake->on_add != NULL) fake->on_add(fake->context);
    if (fake->auth_status != 0) {
      batches[i].answer.reply = (struct reply){.status = fake->auth_status, .retry_after_s = -1};
      continue;
    }
    answer_one(fake, &batches[i], fake->next_fault != NULL ? fake->next_fault(fake->context) : FAKE_OK);
  }
}

/* ---- leads/list ---- */

static bool is_among(const char *const *values, size_t n, const char *value)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp(values[i], value) == 0) return true;
  return false;
}

static bool matches(const struct fake_instantly *fake, const struct list_query *query, const struct fake_row *row)
{
  bool is_over = fake->clock != NULL && clock_mono_us(fake->clock) - row->created_mono_us >= LAG_MAX_US;
  bool is_late = !is_over && row->visible_at_call > fake->calls_n;
  if (row->is_deleted || (fake->lag_calls > 0 && is_late)) return false;
  if (query->after != NULL && strcmp(row->id, query->after) <= 0) return false;
  if (query->campaign_id != NULL && g_strcmp0(query->campaign_id, row->campaign_id) != 0) return false;
  if (query->in_list && row->campaign_id != NULL) return false;
  if (query->ids_n > 0 && !is_among(query->ids, query->ids_n, row->id)) return false;
  if (query->contacts_n > 0 && !is_among(query->contacts, query->contacts_n, row->person)) return false;
  if (query->filter == NULL) return true;
  if (strcmp(query->filter, "FILTER_VAL_REPLIED") == 0) return row->replies > 0;
  if (strcmp(query->filter, "FILTER_VAL_UNSUBSCRIBED") == 0) return row->status == REMOTE_UNSUBSCRIBED;
  return strcmp(query->filter, "FILTER_VAL_BOUNCED") == 0 && row->status == REMOTE_BOUNCED;
}

static bool fake_list(struct instantly *instantly, const struct list_query *queries, size_t queries_n,
                      struct page *pages, GError **error)
{
  struct fake_instantly *fake = self_of(instantly);
  if (fake_is_dead(fake, error)) return false;
  fake->list_calls_n++;
  if (fake->is_mute) {
    error_set(error, ERROR_TRANSIENT, "nobody answers");
    return false;
  }
  for (size_t q = 0; q < queries_n; q++) {
    page_reset(&pages[q]);
    for (guint i = 0; i < fake->rows->len; i++) {
      const struct fake_row *row = g_ptr_array_index(fake->rows, i);
      if (!matches(fake, &queries[q], row)) continue;
      struct remote_lead remote = {.id = page_text(&pages[q], row->id),
                                   .email = page_text(&pages[q], row->person),
                                   .person = page_text(&pages[q], row->person),
                                   .campaign_id = page_text(&pages[q], row->campaign_id),
                                   .stamp = page_text(&pages[q], row->stamp),
                                   .subsequence_id = page_text(&pages[q], row->subsequence_id),
                                   .status = row->status,
                                   .replies = row->replies,
                                   .created_at_us = row->created_at_us,
                                   .contacted_at_us = row->contacted_at_us,
                                   .last_step_at_us = row->contacted_at_us,
                                   .replied_at_us = row->replied_at_us,
                                   .pause_until_us = row->is_automatic ? row->replied_at_us + DAY_US : 0};
      g_array_append_val(pages[q].rows, remote);
    }
  }
  return true;
}

/* ---- the others ---- */

/* By the ledger's own entries, or by what another row of the person shows. */
static bool is_stopped(const struct fake_instantly *fake, const char *person)
{
  for (guint i = 0; i < fake->rows->len; i++) {
    const struct fake_row *row = g_ptr_array_index(fake->rows, i);
    bool is_reply = row->replies > 0 && (!row->is_automatic || row->was_unclear);
    bool is_stop = is_reply || row->status == REMOTE_BOUNCED || row->status == REMOTE_UNSUBSCRIBED;
    if (is_stop && strcmp(row->person, person) == 0) return true;
  }
  if (fake->may_end != NULL && fake->may_end(fake->context, person)) return true;
  return fake->stopped != NULL && g_hash_table_contains(fake->stopped, person);
}

static bool fake_delete(struct instantly *instantly, const struct lead_selection *leads, int64_t *count, GError **error)
{
  struct fake_instantly *fake = self_of(instantly);
  if (fake_is_dead(fake, error)) return false;
  fake->delete_calls_n++;
  *count = 0;
  for (guint i = 0; i < fake->rows->len; i++) {
    struct fake_row *row = g_ptr_array_index(fake->rows, i);
    bool is_here = !row->is_deleted && g_strcmp0(row->campaign_id, leads->campaign_id) == 0;
    if (!is_here || !is_among(leads->ids, leads->ids_n, row->id)) continue;
    row->is_deleted = true;
    row->was_stopped = fake_instantly_lists(fake, row->person) || is_stopped(fake, row->person);
    (*count)++;
  }
  return true;
}

static bool fake_touch(struct instantly *instantly, const char *id, GError **error)
{
  (void)id;
  return !fake_is_dead(self_of(instantly), error);
}

static bool fake_reason(struct instantly *instantly, const char *id, char **reason, GError **error)
{
  *reason = NULL;
  return fake_touch(instantly, id, error);
}

static bool fake_subsequence_get(struct instantly *instantly, const char *id, struct remote_subsequence *subsequence,
                                 GError **error)
{
  *subsequence = (struct remote_subsequence){.status = CAMPAIGN_ACTIVE};
  return fake_touch(instantly, id, error);
}

static bool fake_subsequence_remove(struct instantly *instantly, const char *lead_id, GError **error)
{
  struct fake_instantly *fake = self_of(instantly);
  if (fake_is_dead(fake, error)) return false;
  for (guint i = 0; i < fake->rows->len; i++) {
    struct fake_row *row = g_ptr_array_index(fake->rows, i);
    if (strcmp(row->id, lead_id) == 0) g_clear_pointer(&row->subsequence_id, g_free);
  }
  return true;
}

static bool fake_move(struct instantly *instantly, const struct lead_selection *leads, const char *to_list_id,
                      GError **error)
{
  int64_t count;
  (void)to_list_id;
  return fake_delete(instantly, leads, &count, error);
}

static bool fake_blocklist_read(struct instantly *instantly, struct page *page, GError **error)
{
  struct fake_instantly *fake = self_of(instantly);
  page_reset(page);
  if (fake_is_dead(fake, error)) return false;
  for (guint i = 0; i < fake->blocklist->len; i++) {
    const char *value = g_ptr_array_index(fake->blocklist, i);
    bool is_person = strchr(value, '@') != NULL;
    struct suppression stop = {.person = page_text(page, is_person ? value : NULL),
                               .domain = page_text(page, is_person ? NULL : value)};
    g_array_append_val(page->rows, stop);
  }
  return true;
}

static bool fake_blocklist_add(struct instantly *instantly, const char *const *values, size_t values_n, GError **error)
{
  struct fake_instantly *fake = self_of(instantly);
  if (fake_is_dead(fake, error)) return false;
  for (size_t i = 0; fake->may_end != NULL && i < values_n; i++)
    fake->unasked_n += !is_stopped(fake, values[i]);
  for (size_t i = 0; i < values_n; i++)
    if (!fake_instantly_lists(fake, values[i])) g_ptr_array_add(fake->blocklist, g_strdup(values[i]));
  return true;
}

static bool fake_blocklist_remove(struct instantly *instantly, const char *value, GError **error)
{
  struct fake_instantly *fake = self_of(instantly);
  if (fake_is_dead(fake, error)) return false;
  for (guint i = fake->blocklist->len; i > 0; i--)
    if (strcmp(g_ptr_array_index(fake->blocklist, i - 1), value) == 0) g_ptr_array_remove_index(fake->blocklist, i - 1);
  return true;
}

static bool fake_plan(struct instantly *instantly, struct plan_details *plan, GError **error)
{
  *plan = (struct plan_details){.lead_limit = -1, .lead_count = -1};
  return fake_touch(instantly, NULL, error);
}

static bool fake_workspace(struct instantly *instantly, struct workspace_info *info, GError **error)
{
  *info = (struct workspace_info){0};
  return fake_touch(instantly, NULL, error);
}

static int64_t fake_date(struct instantly *instantly)
{
  return self_of(instantly)->now_us;
}

static const struct instantly_ops fake_ops = {.date_us = fake_date,
                                              .add_prepare = fake_add_prepare,
                                              .add_send = fake_add_send,
                                              .list = fake_list,
                                              .leads_delete = fake_delete,
                                              .leads_move = fake_move,
                                              .subsequence_remove = fake_subsequence_remove,
                                              .campaign_get = fake_campaign_get,
                                              .campaign_activate = fake_activate,
                                              .campaign_pause = fake_pause,
                                              .sending_status = fake_reason,
                                              .subsequence_get = fake_subsequence_get,
                                              .analytics = fake_analytics,
                                              .analytics_daily = fake_daily,
                                              .analytics_steps = fake_steps,
                                              .emails_read = fake_emails_read,
                                              .blocklist_read = fake_blocklist_read,
                                              .blocklist_add = fake_blocklist_add,
                                              .blocklist_remove = fake_blocklist_remove,
                                              .plan = fake_plan,
                                              .workspace = fake_workspace};

void fake_instantly_init(struct fake_instantly *fake, int64_t now_us)
{
  *fake = (struct fake_instantly){
      .base.ops = &fake_ops, .now_us = now_us, .campaign_status = CAMPAIGN_ACTIVE, .late_calls = 3};
  fake->rows = g_ptr_array_new_with_free_func(row_free);
  fake->emails = g_ptr_array_new_with_free_func(fake_email_free);
  fake->campaigns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  fake->created = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  fake->pending = g_ptr_array_new_with_free_func(pending_free);
  fake->blocklist = g_ptr_array_new_with_free_func(g_free);
}

void fake_instantly_clear(struct fake_instantly *fake)
{
  g_clear_pointer(&fake->rows, g_ptr_array_unref);
  g_clear_pointer(&fake->emails, g_ptr_array_unref);
  g_clear_pointer(&fake->campaigns, g_hash_table_unref);
  g_clear_pointer(&fake->created, g_hash_table_unref);
  g_clear_pointer(&fake->pending, g_ptr_array_unref);
  g_clear_pointer(&fake->blocklist, g_ptr_array_unref);
}
