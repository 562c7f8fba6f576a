#include "core/settle_events.h"

#include <string.h>

/* The fifth try is the last one: retry_count above 3 parks the lead for a person. */
#define TRIES_MAX 5

void settle_log_init(struct settle_log *log, struct job *job, struct settle_tally *tally)
{
  log->job = job;
  log->tally = tally;
  log->events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  log->errors = g_array_new(FALSE, TRUE, sizeof(struct error_row));
  log->suppressions = g_array_new(FALSE, TRUE, sizeof(struct suppression));
  log->text = g_string_chunk_new(16384);
}

void settle_log_clear(struct settle_log *log)
{
  g_clear_pointer(&log->events, g_array_unref);
  g_clear_pointer(&log->errors, g_array_unref);
  g_clear_pointer(&log->suppressions, g_array_unref);
  g_clear_pointer(&log->text, g_string_chunk_free);
}

static const char *keep(struct settle_log *log, const char *text)
{
  return text == NULL ? NULL : g_string_chunk_insert(log->text, text);
}

struct lead_event *settle_event(struct settle_log *log, const struct claim *claim, enum event_kind kind,
                                const char *reason)
{
  g_autofree char *claim_id = claim_id_text(claim->run_id, claim->ord);
  struct lead_event event = {.kind = kind,
                             .reason = keep(log, reason),
                             .lead_id = keep(log, claim->lead.lead_id),
                             .person = keep(log, claim->person),
                             .campaign_id = keep(log, claim->campaign_id),
                             .claim_id = keep(log, claim_id),
                             .ord = claim->ord,
                             .generation = claim->generation,
                             .epoch = claim->epoch,
                             .run_id = log->job->run_id,
                             .occurred_at_us = log->job->now_us};
  g_array_append_val(log->events, event);
  return &g_array_index(log->events, struct lead_event, log->events->len - 1);
}

/* A row that left the campaign of its claim meanwhile: where it is now is newer than that it was added. In a list it
 * has no campaign, and nothing mails it. */
static void put_place(struct settle_log *log, const struct lead_event *settled, const struct remote_lead *row)
{
  if (g_strcmp0(row->campaign_id, settled->campaign_id) == 0) return;
  struct lead_event moved = *settled;
  moved.kind = EVENT_MOVED;
  moved.claim_id = NULL;
  moved.ord = 0;
  moved.campaign_id = keep(log, row->campaign_id);
  moved.occurred_at_us = MAX(log->job->now_us, settled->occurred_at_us + 1);
  g_array_append_val(log->events, moved);
}

void settle_found(struct settle_log *log, const struct claim *claim, const struct settle_finding *finding)
{
  static const enum event_kind kinds[] = {[FOUND_OURS] = EVENT_ADDED,
                                          [FOUND_ADOPT] = EVENT_ADOPTED,
                                          [FOUND_ELSEWHERE] = EVENT_FOUND_ELSEWHERE,
                                          [FOUND_OLDER] = EVENT_SKIPPED};
  const struct remote_lead *row = finding->row;
  struct lead_event *event = settle_event(log, claim, kinds[finding->verdict], NULL);
  if (row->created_at_us != 0) event->occurred_at_us = row->created_at_us;
  if (finding->verdict == FOUND_ELSEWHERE) {
    g_autofree char *detail = g_strdup_printf("{\"campaign\":\"%s\"}", row->campaign_id);
    event->reason = "other_campaign";
    event->detail = keep(log, detail);
    log->tally->elsewhere_n++;
    return;
  }
  if (finding->verdict == FOUND_OLDER) {
    event->reason = "still_there";
    event->occurred_at_us = log->job->now_us;
    log->tally->refused_n++;
    return;
  }
  event->instantly_id = keep(log, row->id);
  put_place(log, event, row);
  if (finding->verdict == FOUND_OURS)
    log->tally->added_n++;
  else
    log->tally->adopted_n++;
}

void settle_error(struct settle_log *log, const struct claim *claim, const char *type, const char *message)
{
  g_autofree char *ref = log->job->ledger->ops->lead_ref(log->job->ledger, claim->lead.lead_id);
  g_autofree char *key = g_strdup_printf("%s|%s|%s", type, claim->lead.lead_id, claim->campaign_id);
  struct error_row row = {.type = keep(log, type),
                          .lead_ref = keep(log, ref),
                          .message = keep(log, message),
                          .retry_count = MAX(claim->attempt - 1, 0),
                          .key = keep(log, key)};
  g_array_append_val(log->errors, row);
}

/* Only these two count as tries; a claim that was never sent, or that the key or the plan stopped, was no try. */
static bool is_try(const char *reason)
{
  return strcmp(reason, "absent") == 0 || strcmp(reason, "temporary") == 0;
}

void settle_release(struct settle_log *log, const struct claim *claim, const char *reason)
{
  settle_event(log, claim, EVENT_RELEASED, reason);
  log->tally->released_n++;
  if (!is_try(reason)) return;
  settle_error(log, claim, reason,
               strcmp(reason, "absent") == 0
                   ? "the answer never came and Instantly does not have the lead; it will be tried again"
                   : "Instantly could not be reached; it will be tried again");
  if (claim->attempt < TRIES_MAX) return;
  settle_event(log, claim, EVENT_HELD, "tries_used_up");
  settle_error(log, claim, "held", "held after 5 tries; see `leadferry errors list`, then `leadferry retry`");
  log->tally->held_n++;
}

void settle_refuse(struct settle_log *log, const struct claim *claim, enum event_kind kind, const char *reason)
{
  settle_event(log, claim, kind, reason);
  log->tally->refused_n++;
  if (strcmp(reason, "blocklisted") != 0) return;
  struct suppression stop = {.person = keep(log, claim->person),
                             .reason = "blocklisted",
                             .source = "blocklist",
                             .actor = "export",
                             .created_at_us = log->job->now_us,
                             .pushed_at_us = log->job->now_us};
  g_array_append_val(log->suppressions, stop);
}

bool settle_log_append(struct settle_log *log, GError **error)
{
  struct ledger *ledger = log->job->ledger;
  const struct ledger_ops *ops = ledger->ops;
  if (log->suppressions->len > 0 && !ops->suppress(ledger, (const struct suppression *)(void *)log->suppressions->data,
                                                   log->suppressions->len, NULL, error))
    return false;
  if (log->events->len > 0 &&
      !ops->append(ledger, (const struct lead_event *)(void *)log->events->data, log->events->len, error))
    return false;
  if (log->errors->len > 0 &&
      !ops->errors_append(ledger, (const struct error_row *)(void *)log->errors->data, log->errors->len, error))
    return false;
  g_array_set_size(log->suppressions, 0);
  g_array_set_size(log->events, 0);
  g_array_set_size(log->errors, 0);
  g_string_chunk_clear(log->text);
  return true;
}

/* ---- asking ---- */

static void copy_rows(struct page *into, const struct page *from)
{
  for (guint i = 0; i < from->rows->len; i++) {
    struct remote_lead row = *page_row(from, struct remote_lead, i);
    row.id = page_text(into, row.id);
    row.email = NULL;
    row.person = page_text(into, row.person);
    row.campaign_id = page_text(into, row.campaign_id);
    row.list_id = row.subsequence_id = row.last_step = row.mailbox = NULL;
    row.stamp = page_text(into, row.stamp);
    g_array_append_val(into->rows, row);
  }
}

/* More rows than a page of persons has anywhere: cursors that are always new would be followed for ever. */
#define ROWS_MAX 100000

/* Reads every page of one query into found. The client refuses a cursor that does not advance. */
static bool read_all(struct job *job, struct list_query query, struct page *found, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  g_autofree char *after = NULL;
  guint before_n = found->rows->len;
  bool is_ok;
  do {
    query.after = after;
    is_ok = job->instantly->ops->list(job->instantly, &query, 1, &page, error);
    if (is_ok) copy_rows(found, &page);
    if (is_ok && found->rows->len - before_n > ROWS_MAX) {
      error_set(error, ERROR_CORRUPT, "Instantly's list of a hundred persons does not end");
      is_ok = false;
    }
    g_free(after);
    after = is_ok ? g_strdup(page.next) : NULL;
  } while (is_ok && after != NULL);
  page_clear(&page);
  return is_ok;
}

bool settle_ask(struct job *job, struct settle_question *question, GError **error)
{
  page_init(&question->found, sizeof(struct remote_lead));
  g_autofree const char **contacts = g_new0(const char *, question->claims_n + 1);
  for (size_t i = 0; i < question->claims_n; i++)
    contacts[i] = question->claims[i]->person;
  struct list_query in_campaign = {
      .campaign_id = question->claims[0]->campaign_id, .contacts = contacts, .contacts_n = question->claims_n};
  struct list_query in_workspace = {.contacts = contacts, .contacts_n = question->claims_n};
  return read_all(job, in_campaign, &question->found, error) && read_all(job, in_workspace, &question->found, error);
}

struct settle_finding settle_answer_for(const struct settle_question *question, const struct claim *claim)
{
  const struct page *found = &question->found;
  struct settle_input input = {
      .claim = claim, .rows = (const struct remote_lead *)(void *)found->rows->data, .rows_n = found->rows->len};
  return settle_decide(&input);
}
