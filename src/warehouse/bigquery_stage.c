/* Staging what a sync read, and turning it into stops and facts: BigQuery joins, core/sync.h decides row by row. */
#include "base/json.h"
#include "core/settle.h"
#include "core/sync.h"
#include "core/sync_home.h"
#include "warehouse/bigquery.h"

#include <string.h>

#define EVENTS_AT_ONCE 2000

/* Where this run's rows of sync_stage begin: the partition predicate. */
int64_t bq_staged_since_us(const struct bq_warehouse *self)
{
  return (self->run.started_at_us ? self->run.started_at_us : bq_now_us(self)) - BQ_OVERLAP_US;
}

/* ---- enrolments to ask about ---- */

static char *watched_question(const struct watch_query *watch, const char *after_id)
{
  return g_strdup_printf("%s|%s|%" G_GINT64_FORMAT "|%s", watch->unstaged_run_id ? watch->unstaged_run_id : "",
                         watch->campaign_id ? watch->campaign_id : "", watch->finished_after_us,
                         after_id ? after_id : "");
}

static void watched_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct watched row = {.instantly_id = page_text(page, cells[0]),
                        .person = page_text(page, cells[1]),
                        .campaign_id = page_text(page, cells[2])};
  g_array_append_val(page->rows, row);
}

bool bq_watched(struct ledger *ledger, const struct watch_query *watch, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  struct bq_call call = {
      .ids = {BQ_WATCHED},
      .ids_n = 1,
      .parameters = {bigquery_text("after_id", watch->after_id ? watch->after_id : ""),
                     bq_since("finished_after", watch->finished_after_us),
                     bigquery_text("unstaged_run_id", watch->unstaged_run_id ? watch->unstaged_run_id : ""),
                     bigquery_text("campaign_id", watch->campaign_id ? watch->campaign_id : ""),
                     bq_since("since", bq_staged_since_us(self))},
      .parameters_n = 5};
  g_autofree char *question = watched_question(watch, watch->after_id);
  page_reset(page);
  if (!bq_stream_goes_on(&self->watched, question) && !bq_query(self, &call, &self->watched.rows, error)) return false;
  if (!bq_stream_fill(&self->watched, page, watch->limit, watched_add, error)) return false;
  if (!self->watched.rows) return true;
  const struct watched *last = page_row(page, struct watched, page->rows->len - 1);
  bq_stream_expect(&self->watched, watched_question(watch, last->instantly_id));
  return true;
}

/* ---- staging ---- */

/* Rows of other runs go with their partition. */
bool bq_stage_begin(struct ledger *ledger, const char *run_id, GError **error)
{
  (void)run_id, (void)error;
  struct bq_warehouse *self = bq_of_ledger(ledger);
  bq_stream_close(&self->watched);
  bq_verify_close(&self->verify);
  self->asks_n = 0;
  return true;
}

static void row_json(GString *out, const struct bq_warehouse *self, const char *run_id, const struct remote_lead *row)
{
  g_string_assign(out, "{");
  json_append_str(out, "run_id", run_id);
  json_append_time(out, "staged_at", bq_now_us(self));
  json_append_int(out, "n", self->staged_n);
  json_append_str(out, "instantly_id", row->id);
  json_append_str(out, "person", row->person);
  json_append_str(out, "campaign_id", row->campaign_id);
  json_append_str(out, "subsequence_id", row->subsequence_id);
  json_append_str(out, "stamp", row->stamp);
  json_append_str(out, "last_step", row->last_step);
  json_append_str(out, "mailbox", row->mailbox);
  json_append_int(out, "status", row->status);
  if (row->has_interest) json_append_int(out, "interest", row->interest);
  json_append_int(out, "verification", row->verification);
  json_append_int(out, "opens", row->opens);
  json_append_int(out, "clicks", row->clicks);
  json_append_int(out, "replies", row->replies);
  json_append_time(out, "created_at", row->created_at_us);
  json_append_time(out, "contacted_at", row->contacted_at_us);
  json_append_time(out, "opened_at", row->opened_at_us);
  json_append_time(out, "clicked_at", row->clicked_at_us);
  json_append_time(out, "replied_at", row->replied_at_us);
  json_append_time(out, "updated_at", row->updated_at_us);
  json_append_time(out, "last_step_at", row->last_step_at_us);
  json_append_time(out, "pause_until", row->pause_until_us);
  g_string_append_c(out, '}');
}

/* A handle that only reads stages what may ask for a stop in its own memory: `plan` needs no more. */
static void rows_keep(struct bq_warehouse *self, const struct remote_lead *rows, size_t rows_n)
{
  for (size_t i = 0; i < rows_n; i++) {
    struct remote_lead copy = rows[i];
    if (!rows[i].person || !remote_stop(&rows[i])) continue;
    copy.person = g_string_chunk_insert(self->kept_text, rows[i].person);
    g_array_append_val(self->kept_rows, copy);
  }
}

bool bq_stage(struct ledger *ledger, const char *run_id, const struct remote_lead *rows, size_t rows_n, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  struct bq_batch batch;
  if (self->is_read_only) rows_keep(self, rows, rows_n);
  if (self->is_read_only) return true;
  if (g_strcmp0(self->staged.run_id, run_id) != 0) {
    g_free(self->staged.run_id);
    self->staged.run_id = g_strdup(run_id);
    self->staged.first_n = self->staged_n;
    self->staged.seen_n = 0;
  }
  bq_batch_init(&batch);
  g_autoptr(GString) json = g_string_sized_new(1024);
  for (size_t i = 0; i < rows_n; i++) {
    self->staged_n++;
    self->asks_n += rows[i].person && remote_stop(&rows[i]);
    row_json(json, self, run_id, &rows[i]);
    g_autofree char *id = g_strdup_printf("%s.%" G_GINT64_FORMAT, run_id, self->staged_n);
    bq_batch_add(&batch, id, json->str);
  }
  bool is_ok = bq_batch_send(self, &batch, "sync_stage", error);
  bq_batch_clear(&batch);
  return is_ok;
}

bool bq_stage_lacks(struct bq_warehouse *self, const char *seen_n)
{
  self->staged.seen_n = MAX(self->staged.seen_n, bq_cell_int(seen_n));
  return self->staged.run_id && self->staged.seen_n < self->staged_n - self->staged.first_n;
}

/* A row that is not seen would be an enrolment that is gone, or a stop that nobody said: nothing follows before all
 * are. */
bool bq_stage_wait(struct bq_warehouse *self, GError **error)
{
  int64_t wanted_n = self->staged_n - self->staged.first_n;
  bool is_patient = true;
  while (bq_stage_lacks(self, NULL) && is_patient) {
    struct bq_call call = {
        .ids = {BQ_STAGE_SEEN},
        .ids_n = 1,
        .parameters = {bigquery_text("run_id", self->staged.run_id), bq_since("since", bq_staged_since_us(self))},
        .parameters_n = 2};
    if (!bq_run_int(self, &call, &self->staged.seen_n, error)) return false;
    if (bq_stage_lacks(self, NULL) && !bq_streams_pause(self, &is_patient, error)) return false;
  }
  if (!bq_stage_lacks(self, NULL)) return true;
  error_set(error, ERROR_TRANSIENT,
            "BigQuery shows %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
            " rows that were read from Instantly, and nothing is made of them before it shows all; run again later",
            self->staged.seen_n, wanted_n);
  return false;
}

/* ---- facts ---- */

struct facts {
  struct bq_warehouse *self;
  const struct stage_rules *rules;
  struct stage_report *report;
  GArray *events;
  struct page text;     /* strings of the events */
  struct page row_text; /* of the state of one row */
  GPtrArray *conflicts; /* lead_ids */
  int64_t homeless_n;
  bool is_short;         /* not all rows that were staged are seen yet: nothing follows from these */
  bool ends_at_homeless; /* the first row that has to be brought home ends the reading: such rows come first */
};

static void tally(struct stage_report *report, const struct lead_event *event)
{
  report->facts_n++;
  report->finished_n += event->kind == EVENT_FINISHED;
  report->moved_n += event->kind == EVENT_MOVED;
  report->vanished_n += event->kind == EVENT_VANISHED;
  report->adopted_n += event->kind == EVENT_ADOPTED;
  report->conflicts_n += event->kind == EVENT_CONFLICT;
}

static void event_add(struct facts *facts, const struct lead_event *event)
{
  struct lead_event copy = *event;
  copy.reason = page_text(&facts->text, event->reason);
  copy.lead_id = page_text(&facts->text, event->lead_id);
  copy.person = page_text(&facts->text, event->person);
  copy.campaign_id = page_text(&facts->text, event->campaign_id);
  copy.instantly_id = page_text(&facts->text, event->instantly_id);
  copy.claim_id = page_text(&facts->text, event->claim_id);
  g_array_append_val(facts->events, copy);
  if (event->kind == EVENT_CONFLICT) g_ptr_array_add(facts->conflicts, g_strdup(event->lead_id));
  tally(facts->report, event);
}

static bool events_send(struct facts *facts, guint at_least_n, GError **error)
{
  if (facts->events->len < at_least_n) return true;
  bool is_ok = bq_append(&facts->self->ledger, (const struct lead_event *)(void *)facts->events->data,
                         facts->events->len, error);
  g_array_set_size(facts->events, 0);
  page_reset(&facts->text);
  return is_ok;
}

/* Asks, hands over each row, and sends the events that came of it, some at once: they may be as many as the rows. */
static bool facts_each(struct facts *facts, const struct bq_call *call,
                       void (*row_take)(struct facts *facts, const char *const *cells), GError **error)
{
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  if (!bq_query(facts->self, call, &rows, error)) return false;
  for (;;) {
    const char *const *cells = NULL;
    if (!bigquery_next(rows, &cells, error)) return false;
    if (!cells) return events_send(facts, 1, error);
    row_take(facts, cells);
    if (facts->is_short) return true;
    if (facts->ends_at_homeless && facts->homeless_n > 0) return true;
    if (!events_send(facts, EVENTS_AT_ONCE, error)) return false;
  }
}

static bool is_homeless(const struct stage_rules *rules, const struct remote_lead *row, bool is_known)
{
  struct stamp stamp;
  if (!rules->is_full_scan || is_known || !home_is_stamped(row) || !stamp_read(row->stamp, &stamp)) return false;
  return home_is_within(row, rules);
}

static void row_facts(struct facts *facts, const char *const *cells)
{
  struct lead_event events[SYNC_FACTS_MAX];
  struct lead_state state;
  struct remote_lead row;
  facts->is_short = bq_stage_lacks(facts->self, cells[52]);
  if (facts->is_short) return;
  bq_cell_remote(cells, &row);
  facts->report->staged_n++;
  facts->homeless_n += !cells[21] && is_homeless(facts->rules, &row, bq_cell_bool(cells[51]));
  page_reset(&facts->row_text);
  if (cells[21]) bq_cell_state(cells + 21, &facts->row_text, &state);
  if (!cells[21] || sync_is_foreign(&row, &state)) {
    facts->report->foreign_n++;
    return;
  }
  size_t n = sync_facts(&row, &state, facts->rules, events);
  for (size_t i = 0; i < n; i++)
    event_add(facts, &events[i]);
}

/* What the statements of a sync's rows are told. */
void bq_json_stage(const struct bq_warehouse *self, const struct stage_rules *rules, GString *out)
{
  json_append_str(out, "run_id", rules->run_id);
  bq_json_int(out, "since", bq_staged_since_us(self));
  bq_json_int(out, "seen", rules->scan_started_at_us ? rules->scan_started_at_us : rules->now_us);
}

static bool matched_facts(struct facts *facts, GError **error)
{
  g_autoptr(GString) json = g_string_new("{");
  bq_json_stage(facts->self, facts->rules, json);
  g_string_append_c(json, '}');
  struct bq_call call = BQ_SCRIPT(json->str, BQ_MATCHES_GATHER, BQ_SEEN_GATHER, BQ_SEEN_APPLY, BQ_MATCHES_READ);
  if (!facts_each(facts, &call, row_facts, error)) return false;
  if (!bq_stage_lacks(facts->self, NULL)) return true;
  facts->is_short = false;
  return bq_stage_wait(facts->self, error) && facts_each(facts, &call, row_facts, error);
}

/* A scan that rebuilds brings rows home in any case, another one when it meets the first of them: a whole ledger pays
 * nothing for it. */
static bool home_and_facts(struct facts *facts, GError **error)
{
  const struct stage_rules *rules = facts->rules;
  struct stage_report *report = facts->report, before = *report;
  if (rules->is_full_scan && rules->reads_lists) bq_streams_give_up(facts->self);
  bool rebuilds = rules->is_full_scan && rules->home == HOME_REBUILD;
  if (rebuilds && !bq_bring_home(facts->self, rules, &report->home_n, error)) return false;
  facts->ends_at_homeless = rules->is_full_scan && rules->home == HOME_ADOPT;
  if (!matched_facts(facts, error)) return false;
  if (facts->ends_at_homeless && facts->homeless_n > 0) {
    *report = before;
    facts->homeless_n = 0;
    facts->ends_at_homeless = false;
    if (!bq_bring_home(facts->self, rules, &report->home_n, error) || !matched_facts(facts, error)) return false;
  }
  report->homeless_n += facts->homeless_n;
  return true;
}

/* Absent twice, far enough apart: vanished the first time and the last, finished with the last. */
static void missing_facts(struct facts *facts, const char *const *cells)
{
  const struct stage_rules *rules = facts->rules;
  struct lead_event event = {.kind = EVENT_VANISHED,
                             .lead_id = cells[0],
                             .person = cells[1],
                             .campaign_id = cells[2],
                             .instantly_id = cells[3],
                             .generation = bq_cell_int(cells[4]),
                             .epoch = rules->epoch,
                             .run_id = rules->run_id,
                             .occurred_at_us = rules->scan_started_at_us};
  int64_t first_us = bq_cell_int(cells[5]);
  bool is_second = first_us && rules->scan_started_at_us - first_us >= rules->vanish_after_us;
  if (!first_us || is_second) event_add(facts, &event);
  event.kind = EVENT_FINISHED;
  event.reason = outcome_name(OUTCOME_REMOVED_BY_HAND);
  if (is_second) event_add(facts, &event);
}

static bool vanished_facts(struct facts *facts, GError **error)
{
  struct bq_call call = {.ids = {BQ_MISSING},
                         .ids_n = 1,
                         .parameters = {bigquery_text("run_id", facts->rules->run_id),
                                        bq_since("since", bq_staged_since_us(facts->self)),
                                        bq_since("scan_started", facts->rules->scan_started_at_us)},
                         .parameters_n = 3};
  return facts_each(facts, &call, missing_facts, error);
}

static bool conflicts_report(struct facts *facts, GError **error)
{
  for (guint i = 0; i < facts->conflicts->len; i++) {
    const char *lead_id = g_ptr_array_index(facts->conflicts, i);
    g_autofree char *ref = bq_lead_ref(&facts->self->ledger, lead_id);
    g_autofree char *key = g_strconcat("relaunched|", lead_id, NULL);
    struct error_row row = error_row_relaunched(ref, key);
    if (!bq_errors_append(&facts->self->ledger, &row, 1, error)) return false;
  }
  return true;
}

/* ---- all ---- */

bool bq_stage_facts(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  if (!bq_fold(ledger, error)) return false;
  struct facts facts = {.self = self,
                        .rules = rules,
                        .report = report,
                        .events = g_array_new(FALSE, TRUE, sizeof(struct lead_event)),
                        .conflicts = g_ptr_array_new_with_free_func(g_free)};
  page_init(&facts.text, 1);
  page_init(&facts.row_text, 1);
  bool is_ok = home_and_facts(&facts, error) && (!rules->is_full_scan || vanished_facts(&facts, error)) &&
               conflicts_report(&facts, error);
  g_ptr_array_unref(facts.conflicts);
  g_array_unref(facts.events);
  page_clear(&facts.text);
  page_clear(&facts.row_text);
  return is_ok;
}
