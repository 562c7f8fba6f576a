/* The operator's brakes. Stops and holds are rows that a running job looks at every 30 s; events are facts that the
 * next fold takes up, and folded at once if nobody holds the lease. */
#include "base/json.h"
#include "base/log.h"
#include "warehouse/bigquery_stops.h"

#include <string.h>

/* ---- retry ---- */

/* Retries on their way to becoming events. */
struct retrying {
  struct bq_warehouse *self;
  const struct retry_query *query;
  GArray *events;
  struct page text; /* their strings */
  int64_t retried_n;
};

static void retry_event(struct retrying *retrying, const char *const *cells, enum event_kind kind)
{
  struct page *text = &retrying->text;
  struct lead_event event = {.kind = kind,
                             .lead_id = page_text(text, cells[0]),
                             .person = page_text(text, cells[1]),
                             .campaign_id = page_text(text, cells[2]),
                             .claim_id = kind == EVENT_RETRIED ? page_text(text, cells[3]) : NULL,
                             .attempt = kind == EVENT_RESOLVED ? bq_cell_int(cells[4]) : 0,
                             .generation = bq_cell_int(cells[5]),
                             .epoch = bq_cell_int(cells[6]),
                             .run_id = retrying->query->run_id,
                             .occurred_at_us = bq_now_us(retrying->self)};
  g_array_append_val(retrying->events, event);
}

static void retry_add(const char *const *cells, void *into)
{
  struct retrying *retrying = into;
  retrying->retried_n++;
  if (bq_cell_bool(cells[7])) retry_event(retrying, cells, EVENT_RESOLVED);
  if (bq_cell_bool(cells[8])) retry_event(retrying, cells, EVENT_RETRIED);
}

static bool retries_read(struct retrying *retrying, GError **error)
{
  const struct retry_query *query = retrying->query;
  struct bq_call call = {.ids = {BQ_RETRIES},
                         .ids_n = 1,
                         .parameters = {bigquery_text("lead_id", query->lead_id ? query->lead_id : ""),
                                        bigquery_bool("all", query->all),
                                        bigquery_text("type", query->type ? query->type : ""), bq_limit(query->limit)},
                         .parameters_n = 4};
  return bq_each(retrying->self, &call, retry_add, retrying, error);
}

/* What may be retried is seen in the state as it was folded. */
static bool retries_put(struct bq_warehouse *self, const struct retry_query *query, int64_t *retried_n, GError **error)
{
  struct retrying retrying = {
      .self = self, .query = query, .events = g_array_new(FALSE, TRUE, sizeof(struct lead_event))};
  page_init(&retrying.text, 1);
  bool is_ok = retries_read(&retrying, error) &&
               (query->is_dry_run || bq_append(&self->ledger, (const struct lead_event *)(void *)retrying.events->data,
                                               retrying.events->len, error));
  *retried_n = retrying.retried_n;
  g_array_unref(retrying.events);
  page_clear(&retrying.text);
  return is_ok;
}

bool bq_retry_leads(struct warehouse *warehouse, const struct retry_query *query, int64_t *retried_n, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  return bq_fold(&self->ledger, error) && retries_put(self, query, retried_n, error);
}

/* ---- holds ---- */

static char *note_of(const struct bq_warehouse *self, const struct brake *brake)
{
  GString *json = g_string_new("{");
  json_append_str(json, "reason", brake->reason);
  json_append_str(json, "actor", brake->actor);
  bq_json_int(json, "at", brake->at_us ? brake->at_us : bq_now_us(self));
  g_string_append_c(json, '}');
  return g_string_free(json, FALSE);
}

/* A hold that is on keeps its reason: whoever set it first still waits for it. Who ended it last is noted. */
static bool hold_write(struct bq_warehouse *self, const struct brake *brake, int64_t *changed_n, GError **error)
{
  const char *campaign_id = brake->campaign_id ? brake->campaign_id : "*";
  g_autofree char *name = g_strconcat("hold:", campaign_id, NULL);
  g_autofree char *ended = g_strconcat("unheld:", campaign_id, NULL);
  g_autofree char *note = note_of(self, brake);
  g_autofree char *there = NULL;
  bool is_on = brake->kind == BRAKE_HOLD;
  *changed_n = 0;
  if (!bq_control_get(&self->ledger, name, &there, error)) return false;
  if ((there != NULL) == is_on) return true;
  *changed_n = 1;
  if (is_on) return bq_control_put(&self->ledger, name, note, error);
  return bq_control_put(&self->ledger, ended, note, error) && bq_control_put(&self->ledger, name, NULL, error);
}

/* ---- stops ---- */

static bool stop_revoke(struct bq_warehouse *self, const struct brake *brake, int64_t *changed_n, GError **error)
{
  g_autofree char *by = brake_words(brake);
  bool is_of_run = brake->stop.run_id != NULL;
  g_autofree char *match_key = is_of_run ? NULL : bq_match_key(&brake->stop);
  g_autoptr(GString) json = g_string_new("{");
  json_append_str(json, "match_key", match_key);
  json_append_str(json, "run_id", brake->stop.run_id);
  json_append_str(json, "spelling", STOP_OF_SPELLING);
  json_append_str(json, "by", by);
  bq_json_int(json, "at", brake->at_us ? brake->at_us : bq_now_us(self));
  bq_json_int(json, "now", bq_now_us(self));
  g_string_append_c(json, '}');
  *changed_n = 0;
  if (!bq_run_int(self, &BQ_SCRIPT(json->str, BQ_STOPS_IN_FORCE), changed_n, error)) return false;
  if (!is_of_run) *changed_n = *changed_n > 0;
  return *changed_n == 0 || bq_run(self, &BQ_SCRIPT(json->str, BQ_STOPS_REVOKE), error);
}

/* Stops that stand together are written together: a list of thousands is a handful of jobs. */
static bool stops_put(struct bq_warehouse *self, const struct brake *rows, size_t rows_n, int64_t *changed_n,
                      GError **error)
{
  g_autoptr(GArray) stops = g_array_new(FALSE, TRUE, sizeof(struct bq_stop_row));
  for (size_t i = 0; i < rows_n; i++) {
    struct bq_stop_row row = {.stop = rows[i].stop, .is_brake = true};
    g_array_append_val(stops, row);
  }
  return bq_stops_write(self, stops, bq_now_us(self), changed_n, error);
}

/* ---- all of them ---- */

static size_t run_length(const struct brake *rows, size_t rows_n)
{
  size_t n = 1;
  while (n < rows_n && rows[n].kind == rows[0].kind)
    n++;
  return n;
}

static bool events_put(struct bq_warehouse *self, const struct brake *rows, size_t rows_n, GError **error)
{
  g_autofree struct lead_event *events = g_new0(struct lead_event, rows_n);
  for (size_t i = 0; i < rows_n; i++)
    events[i] = rows[i].event;
  return bq_append(&self->ledger, events, rows_n, error);
}

/* Rows that are left to write, and what was changed so far. */
struct writing {
  struct bq_warehouse *self;
  const struct brake *rows;
  size_t rows_n;
};

/* Writes the first rows, as many as are of one kind and go together. */
static bool some_put(struct writing *writing, int64_t *changed_n, GError **error)
{
  struct bq_warehouse *self = writing->self;
  const struct brake *rows = writing->rows;
  struct retry_query retry = brake_retry_query(&rows[0]);
  size_t same_n = run_length(rows, writing->rows_n);
  if (rows[0].kind != BRAKE_SUPPRESS && rows[0].kind != BRAKE_EVENT) same_n = 1;
  writing->rows += same_n;
  writing->rows_n -= same_n;
  switch (rows[0].kind) {
  case BRAKE_SUPPRESS: return stops_put(self, rows, same_n, changed_n, error);
  case BRAKE_REVOKE: return stop_revoke(self, rows, changed_n, error);
  case BRAKE_HOLD:
  case BRAKE_UNHOLD: return hold_write(self, rows, changed_n, error);
  case BRAKE_EVENT: *changed_n = (int64_t)same_n; return events_put(self, rows, same_n, error);
  case BRAKE_RETRY: return retries_put(self, &retry, changed_n, error);
  }
  return true;
}

static bool has_events(const struct brake *rows, size_t rows_n)
{
  for (size_t i = 0; i < rows_n; i++)
    if (rows[i].kind == BRAKE_EVENT || rows[i].kind == BRAKE_RETRY) return true;
  return false;
}

/* What was said is recorded; where this fails, the next job notes it. */
static void stops_note(struct bq_warehouse *self)
{
  g_autoptr(GError) failure = NULL;
  if (!bq_stops_note(&self->ledger, false, &failure))
    log_event(LOG_WARNING, "stops not noted", LOG_STR("reason", failure->message));
}

/* Folds before and after under the lease, taken for the moment. Whoever holds it folds before it decides anything: then
 * the facts are there and wait for that. */
bool bq_brakes_write(struct warehouse *warehouse, const struct brake *rows, size_t rows_n, struct brake_report *report,
                     GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct lease lease = {0};
  bool needs_fold = has_events(rows, rows_n), is_ok = true;
  g_autoptr(GError) busy = NULL;
  *report = (struct brake_report){0};
  bool has_lease = needs_fold && bq_lease_acquire(&self->ledger, "brakes", &lease, &busy);
  if (needs_fold && !has_lease && !error_is(busy, ERROR_LOCKED)) {
    g_propagate_error(error, g_steal_pointer(&busy));
    return false;
  }
  if (has_lease) is_ok = bq_fold(&self->ledger, error);
  struct writing writing = {.self = self, .rows = rows, .rows_n = rows_n};
  while (is_ok && writing.rows_n > 0) {
    int64_t changed_n = 0;
    is_ok = some_put(&writing, &changed_n, error);
    report->changed_n += changed_n;
  }
  if (is_ok && has_lease) is_ok = bq_fold(&self->ledger, error);
  if (is_ok) stops_note(self);
  if (has_lease) bq_lease_release(&self->ledger, &lease);
  return is_ok;
}
