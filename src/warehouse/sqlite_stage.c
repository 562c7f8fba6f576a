/* Staging what a sync read, and turning it into stops and facts. */
#include "base/error.h"
#include "core/sync.h"
#include "warehouse/sqlite.h"

bool sqlite_watched(struct ledger *ledger, const struct watch_query *watch, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_WATCHED, error)) return false;
  query_text(&query, ":after_id", watch->after_id ? watch->after_id : "");
  query_int(&query, ":finished_after", watch->finished_after_us);
  query_text(&query, ":campaign_id", watch->campaign_id);
  query_text(&query, ":unstaged_run_id", watch->unstaged_run_id);
  query_int(&query, ":limit", (int64_t)MIN(watch->limit, (size_t)INT32_MAX));
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct watched row = {.instantly_id = query_page_text(&query, 0, page),
                          .person = query_page_text(&query, 1, page),
                          .campaign_id = query_page_text(&query, 2, page)};
    g_array_append_val(page->rows, row);
  }
  return true;
}

/* ---- staging ---- */

static bool run_with_run_id(struct sqlite_warehouse *self, enum sql_id id, const char *run_id, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, id, error)) return false;
  query_text(&query, ":run_id", run_id);
  return query_run(&query, error);
}

bool sqlite_stage_begin(struct ledger *ledger, const char *run_id, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  return sqlite_overlay_stage(self, error) && run_with_run_id(self, SQL_STAGE_BEGIN, run_id, error);
}

static void row_bind(struct query *query, const char *run_id, const struct remote_lead *row)
{
  const char *const texts[] = {row->id,    run_id,         row->person, row->campaign_id, row->subsequence_id,
                               row->stamp, row->last_step, row->mailbox};
  const int64_t numbers[] = {row->status,          row->interest,      row->verification,  row->opens,
                             row->clicks,          row->replies,       row->created_at_us, row->contacted_at_us,
                             row->opened_at_us,    row->clicked_at_us, row->replied_at_us, row->updated_at_us,
                             row->last_step_at_us, row->pause_until_us};
  query_again(query);
  for (int i = 0; i < (int)G_N_ELEMENTS(texts); i++)
    query_text_at(query, 1 + i, texts[i]);
  for (int i = 0; i < (int)G_N_ELEMENTS(numbers); i++)
    if (i != 1 || row->has_interest) query_int_at(query, 9 + i, numbers[i]);
}

bool sqlite_stage(struct ledger *ledger, const char *run_id, const struct remote_lead *rows, size_t rows_n,
                  GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  query_scope struct query query = {0};
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!query_open(&query, &self->db, SQL_STAGE_PUT, error)) return false;
  for (size_t i = 0; i < rows_n; i++) {
    row_bind(&query, run_id, &rows[i]);
    if (!query_run(&query, error)) return false;
  }
  return transaction_commit(&transaction, error);
}

static bool asks_fill(struct sqlite_warehouse *self, const struct stage_rules *rules, GError **error)
{
  query_scope struct query query = {0};
  if (!sql_run(&self->db, SQL_ASKS_CLEAR, error) || !query_open(&query, &self->db, SQL_ASKS_FILL, error)) return false;
  query_text(&query, ":run_id", rules->run_id);
  query_int(&query, ":now", rules->now_us);
  query_int(&query, ":bounce", rules->bounce_suppress_us);
  return query_run(&query, error);
}

static bool spikes_hold(struct sqlite_warehouse *self, const struct stage_rules *rules, struct stage_report *report,
                        GError **error)
{
  query_scope struct query spike = {0}, hold = {0};
  if (!rules->judges_mailboxes) return true;
  if (!query_open(&spike, &self->db, SQL_ASKS_SPIKE, error)) return false;
  query_text(&spike, ":run_id", rules->run_id);
  query_int(&spike, ":since", rules->sent_since_us);
  query_int(&spike, ":sends", BOUNCE_SPIKE_SENDS);
  query_int(&spike, ":percent", BOUNCE_SPIKE_PERCENT);
  if (!query_run(&spike, error)) return false;
  if (sql_changes(&self->db) == 0) return true;
  if (!query_open(&hold, &self->db, SQL_SPIKE_HOLDS, error)) return false;
  query_text(&hold, ":run_id", rules->run_id);
  query_int(&hold, ":now", rules->now_us);
  query_int(&hold, ":clock", clock_wall_us(self->db.clock));
  if (!query_run(&hold, error)) return false;
  report->spike_n += sql_changes(&self->db);
  return true;
}

/* spike: the bounces that are written as removed already. */
static bool stops_put(struct sqlite_warehouse *self, const struct stage_rules *rules, bool is_spike, int64_t *put_n,
                      GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_STAGE_STOPS, error)) return false;
  query_int(&query, ":now", rules->now_us);
  query_int(&query, ":clock", clock_wall_us(self->db.clock));
  query_int(&query, ":spike", is_spike);
  query_text(&query, ":run_id", rules->run_id);
  if (!query_run(&query, error)) return false;
  *put_n += sql_changes(&self->db);
  return true;
}

bool sqlite_stage_stops(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report,
                        GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  query_scope struct query learn = {0};
  int64_t voided_n = 0;
  if (!transaction_begin(&transaction, &self->db, true, error) || !asks_fill(self, rules, error)) return false;
  if (!spikes_hold(self, rules, report, error) || !stops_put(self, rules, true, &voided_n, error)) return false;
  if (!stops_put(self, rules, false, &report->suppressed_n, error)) return false;
  if (!query_open(&learn, &self->db, SQL_STAGE_EVIDENCE, error)) return false;
  query_int(&learn, ":now", rules->now_us);
  return query_run(&learn, error) && transaction_commit(&transaction, error);
}

bool sqlite_hold_campaign(struct ledger *ledger, const char *campaign_id, const char *run_id, int64_t *held_n,
                          GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_HOLD_CAMPAIGN, error)) return false;
  query_text(&query, ":campaign_id", campaign_id);
  query_text(&query, ":run_id", run_id);
  query_int(&query, ":now", clock_wall_us(self->db.clock));
  if (!query_run(&query, error)) return false;
  *held_n = sql_changes(&self->db);
  return sqlite_fold(ledger, error);
}

bool sqlite_retire_campaign(struct ledger *ledger, const struct retirement *retirement, int64_t *ended_n,
                            GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query count = {0}, end = {0};
  bool has_row = false;
  if (!query_open(&count, &self->db, SQL_RETIRE_COUNT, error)) return false;
  query_text(&count, ":campaign_id", retirement->campaign_id);
  if (!query_next(&count, &has_row, error)) return false;
  *ended_n = query_column_int(&count, 0);
  if (retirement->is_dry_run || *ended_n == 0) return true;
  if (!query_open(&end, &self->db, SQL_RETIRE_CAMPAIGN, error)) return false;
  query_text(&end, ":campaign_id", retirement->campaign_id);
  query_text(&end, ":run_id", retirement->run_id);
  query_text(&end, ":detail", retirement->detail);
  query_int(&end, ":now", retirement->now_us);
  query_int(&end, ":recorded_at", clock_wall_us(self->db.clock));
  return query_run(&end, error);
}

/* ---- facts ---- */

bool sqlite_matches_fill(struct sqlite_warehouse *self, const char *run_id, GError **error)
{
  static const enum sql_id steps[] = {SQL_MATCHES_BY_ID, SQL_MATCHES_BY_STAMP, SQL_MATCHES_BY_PERSON};
  if (!sql_run(&self->db, SQL_MATCHES_CLEAR, error)) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
    if (!run_with_run_id(self, steps[i], run_id, error)) return false;
  return true;
}

static bool rows_count(struct sqlite_warehouse *self, const struct stage_rules *rules, struct stage_report *report,
                       GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_STAGE_COUNTS, error)) return false;
  query_text(&query, ":run_id", rules->run_id);
  if (!query_next(&query, &has_row, error)) return false;
  report->staged_n += query_column_int(&query, 0);
  report->foreign_n += query_column_int(&query, 1);
  return true;
}

static int64_t seen_at_us(const struct stage_rules *rules)
{
  return rules->scan_started_at_us ? rules->scan_started_at_us : rules->now_us;
}

static bool facts_append(struct sqlite_warehouse *self, const struct stage_rules *rules, GError **error)
{
  query_scope struct query facts = {0}, seen = {0};
  if (!query_open(&facts, &self->db, SQL_STAGE_FACTS, error)) return false;
  query_text(&facts, ":run_id", rules->run_id);
  query_int(&facts, ":now", rules->now_us);
  query_int(&facts, ":scan_started", rules->scan_started_at_us);
  query_int(&facts, ":epoch", rules->epoch);
  query_int(&facts, ":bounce", rules->bounce_suppress_us);
  query_int(&facts, ":cut", rules->cut_outcomes);
  query_int(&facts, ":recorded_at", clock_wall_us(self->db.clock));
  if (!query_run(&facts, error) || !query_open(&seen, &self->db, SQL_STAGE_SEEN, error)) return false;
  query_int(&seen, ":seen", seen_at_us(rules));
  return query_run(&seen, error);
}

static bool missing_append(struct sqlite_warehouse *self, const struct stage_rules *rules, GError **error)
{
  query_scope struct query fill = {0}, append = {0};
  if (!sql_run(&self->db, SQL_MISSING_CLEAR, error) || !query_open(&fill, &self->db, SQL_MISSING_FILL, error))
    return false;
  query_text(&fill, ":run_id", rules->run_id);
  query_int(&fill, ":scan_started", rules->scan_started_at_us);
  if (!query_run(&fill, error) || !run_with_run_id(self, SQL_MISSING_STAMPED, rules->run_id, error)) return false;
  if (!query_open(&append, &self->db, SQL_MISSING_APPEND, error)) return false;
  query_text(&append, ":run_id", rules->run_id);
  query_int(&append, ":scan_started", rules->scan_started_at_us);
  query_int(&append, ":vanish_after", rules->vanish_after_us);
  query_int(&append, ":epoch", rules->epoch);
  query_int(&append, ":recorded_at", clock_wall_us(self->db.clock));
  return query_run(&append, error);
}

static void tally(struct stage_report *report, enum event_kind kind, int64_t n)
{
  report->facts_n += n;
  if (kind == EVENT_FINISHED) report->finished_n += n;
  if (kind == EVENT_MOVED) report->moved_n += n;
  if (kind == EVENT_VANISHED) report->vanished_n += n;
  if (kind == EVENT_ADOPTED) report->adopted_n += n;
  if (kind == EVENT_CONFLICT) report->conflicts_n += n;
}

static bool tally_since(struct sqlite_warehouse *self, int64_t after, struct stage_report *report, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = true;
  if (!query_open(&query, &self->db, SQL_EVENTS_SINCE, error)) return false;
  query_int(&query, ":after", after);
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (has_row) tally(report, (enum event_kind)query_column_int(&query, 0), query_column_int(&query, 1));
  }
  return true;
}

/* A row at a time: somebody who relaunches a whole campaign makes many. */
static bool conflicts_report(struct sqlite_warehouse *self, int64_t after, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = true;
  if (!sqlite_key(self, error) || !query_open(&query, &self->db, SQL_CONFLICTS_SINCE, error)) return false;
  query_int(&query, ":after", after);
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    g_autofree char *ref = sqlite_lead_ref(&self->ledger, query_column_text(&query, 0));
    g_autofree char *key = g_strconcat("relaunched|", query_column_text(&query, 0), NULL);
    struct error_row row = error_row_relaunched(ref, key);
    if (!sqlite_errors_put(self, &row, 1, error)) return false;
  }
  return true;
}

static bool facts_of_stage(struct sqlite_warehouse *self, const struct stage_rules *rules, struct stage_report *report,
                           GError **error)
{
  transaction_scope struct transaction transaction = {0};
  int64_t before = 0;
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!sql_run_int(&self->db, SQL_EVENTS_LAST, &before, error)) return false;
  if (!rows_count(self, rules, report, error) || !facts_append(self, rules, error)) return false;
  if (rules->is_full_scan && !missing_append(self, rules, error)) return false;
  if (!conflicts_report(self, before, error) || !tally_since(self, before, report, error) ||
      !sql_run(&self->db, SQL_MATCHES_CLEAR, error))
    return false;
  return transaction_commit(&transaction, error);
}

bool sqlite_stage_facts(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report,
                        GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  if (!sqlite_fold(ledger, error)) return false;
  bool is_ok = rules->is_full_scan ? sqlite_bring_home(self, rules, report, error)
                                   : sqlite_matches_fill(self, rules->run_id, error);
  return is_ok && facts_of_stage(self, rules, report, error);
}
