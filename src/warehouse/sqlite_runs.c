/* Runs, errors, holds, and what earlier runs left. */
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "warehouse/sqlite.h"

/* ---- runs ---- */

/* "added", "rejected/invalid", "status/opened": the name of a count. */
static char *count_name(const struct query *query)
{
  enum event_kind kind = (enum event_kind)query_column_int(query, 0);
  enum status_fact fact = (enum status_fact)query_column_int(query, 1);
  const char *name = event_kind_name(kind), *reason = query_column_text(query, 2);
  if (!name) name = "unknown";
  if (kind == EVENT_STATUS) return g_strconcat(name, "/", status_fact_name(fact), NULL);
  return reason && *reason ? g_strconcat(name, "/", reason, NULL) : g_strdup(name);
}

bool sqlite_run_counts(struct sqlite_warehouse *self, const char *run_id, GString *counts, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = true;
  if (!query_open(&query, &self->db, SQL_RUN_COUNTS, error)) return false;
  query_text(&query, ":run_id", run_id);
  g_autofree char *last = NULL;
  int64_t last_n = 0;
  g_string_append_c(counts, '{');
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    g_autofree char *name = has_row ? count_name(&query) : NULL;
    if (last && g_strcmp0(name, last) != 0) json_append_int(counts, last, last_n);
    if (last && g_strcmp0(name, last) != 0) last_n = 0;
    if (has_row) last_n += query_column_int(&query, 3);
    g_free(last);
    last = g_steal_pointer(&name);
  }
  g_string_append_c(counts, '}');
  return true;
}

static bool run_put(struct sqlite_warehouse *self, const struct run_record *run, const char *counts, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_RUN_PUT, error)) return false;
  query_text(&query, ":run_id", run->run_id);
  query_int(&query, ":is_end", counts != NULL);
  query_text(&query, ":job", run->job ? run->job : "");
  query_text(&query, ":verdict", run->verdict);
  query_int(&query, ":exit_code", run->exit_code);
  query_text(&query, ":counts", counts);
  query_int(&query, ":source_rows", run->source_rows);
  query_time(&query, ":started_at", run->started_at_us);
  query_time(&query, ":ended_at", run->ended_at_us);
  query_time(&query, ":scan_started_at", run->scan_started_at_us);
  query_time(&query, ":full_scan_finished_at", run->full_scan_finished_at_us);
  query_time(&query, ":stops_read_at", run->stops_read_at_us);
  query_text(&query, ":fingerprint", run->fingerprint);
  query_text(&query, ":detail", run->detail);
  return query_run(&query, error);
}

bool sqlite_run_begin(struct ledger *ledger, const struct run_record *run, GError **error)
{
  return run_put(sqlite_of_ledger(ledger), run, NULL, error);
}

bool sqlite_run_end(struct ledger *ledger, const struct run_record *run, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  g_autoptr(GString) counts = g_string_new(NULL);
  struct run_record end = *run;
  if (!sqlite_run_counts(self, run->run_id, counts, error)) return false;
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_RUN_STARTED_AT, error)) return false;
  query_text(&query, ":run_id", run->run_id);
  if (!query_next(&query, &has_row, error)) return false;
  if (has_row && end.started_at_us == 0) end.started_at_us = query_column_int(&query, 0);
  query_close(&query);
  return run_put(self, &end, counts->str, error);
}

/* ---- facts ---- */

bool sqlite_facts(struct ledger *ledger, struct ledger_facts *facts, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query runs = {0}, states = {0};
  bool has_row = false;
  *facts = (struct ledger_facts){0};
  if (!query_open(&runs, &self->db, SQL_RUN_FACTS, error) || !query_next(&runs, &has_row, error)) return false;
  facts->stops_read_at_us = query_column_int(&runs, 0);
  facts->full_scan_finished_at_us = query_column_int(&runs, 1);
  facts->full_scan_started_at_us = query_column_int(&runs, 2);
  facts->last_source_rows = query_column_int(&runs, 3);
  facts->full_scan_ended_at_us = query_column_int(&runs, 4);
  if (!query_open(&states, &self->db, SQL_STATE_FACTS, error) || !query_next(&states, &has_row, error)) return false;
  facts->enrolled = query_column_int(&states, 0);
  facts->unsettled = query_column_int(&states, 1);
  int64_t has_claims = 0;
  if (!sql_run_int(&self->db, SQL_HAS_CLAIMS, &has_claims, error)) return false;
  facts->has_claims = has_claims != 0;
  if (!self->db.is_read_only && !sql_run_int(&self->db, SQL_HAS_UNLISTING, &facts->unlisting_n, error)) return false;
  return sql_run_int(&self->db, SQL_SOURCE_ROWS, &facts->source_rows, error);
}

static bool totals_fill(struct sqlite_warehouse *self, GError **error)
{
  if (self->has_totals) return true;
  self->has_totals =
      sql_run(&self->db, SQL_CAMPAIGN_TOTALS_CLEAR, error) && sql_run(&self->db, SQL_CAMPAIGN_TOTALS_FILL, error);
  return self->has_totals;
}

bool sqlite_campaign_counts(struct ledger *ledger, const char *campaign_id, int64_t day_start_us,
                            struct campaign_counts *counts, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  *counts = (struct campaign_counts){0};
  if (!totals_fill(self, error)) return false;
  query_scope struct query totals = {0}, today = {0};
  bool has_row = false;
  if (!query_open(&totals, &self->db, SQL_CAMPAIGN_TOTALS_READ, error)) return false;
  query_text(&totals, ":campaign_id", campaign_id);
  if (!query_next(&totals, &has_row, error)) return false;
  if (has_row) counts->ever_fed = query_column_int(&totals, 0);
  if (has_row) counts->ever_contacted = query_column_int(&totals, 1);
  if (!query_open(&today, &self->db, SQL_CLAIMED_TODAY, error)) return false;
  query_text(&today, ":campaign_id", campaign_id);
  query_int(&today, ":day_start", day_start_us);
  if (!query_next(&today, &has_row, error)) return false;
  counts->claimed_today = query_column_int(&today, 0);
  return true;
}

/* ---- errors and holds ---- */

bool sqlite_errors_put(struct sqlite_warehouse *self, const struct error_row *rows, size_t rows_n, GError **error)
{
  query_scope struct query query = {0};
  if (!sqlite_key(self, error) || !query_open(&query, &self->db, SQL_ERROR_PUT, error)) return false;
  for (size_t i = 0; i < rows_n; i++) {
    g_autofree char *id = sqlite_keyed_ref(self, "e_", rows[i].key ? rows[i].key : rows[i].type, 16);
    query_again(&query);
    query_text(&query, ":error_id", id);
    query_int(&query, ":now", clock_wall_us(self->db.clock));
    query_text(&query, ":type", rows[i].type);
    query_text(&query, ":lead_id", rows[i].lead_ref);
    query_text(&query, ":message", rows[i].message);
    query_int(&query, ":retry_count", rows[i].retry_count);
    query_text(&query, ":run_job", rows[i].run_job);
    if (!query_run(&query, error)) return false;
  }
  return true;
}

bool sqlite_errors_append(struct ledger *ledger, const struct error_row *rows, size_t rows_n, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  return rows_n == 0 || (transaction_begin(&transaction, &self->db, true, error) &&
                         sqlite_errors_put(self, rows, rows_n, error) && transaction_commit(&transaction, error));
}

bool sqlite_hold_check(struct ledger *ledger, const char *campaign_id, bool *is_on, char **reason, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  if (reason) *reason = NULL;
  if (self->db.has_lock && !sqlite_inbox_take(self, error)) return false;
  if (!query_open(&query, &self->db, SQL_HOLD_READ, error)) return false;
  query_text(&query, ":campaign_id", campaign_id);
  if (!query_next(&query, is_on, error)) return false;
  if (*is_on && reason) *reason = g_strdup(query_column_text(&query, 0));
  return true;
}

/* ---- notes ---- */

bool sqlite_control_get(struct ledger *ledger, const char *name, char **value, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  bool has_row = false;
  *value = NULL;
  if (!query_open(&query, &self->db, SQL_CONTROL_GET, error)) return false;
  query_text(&query, ":name", name);
  if (!query_next(&query, &has_row, error)) return false;
  if (has_row) *value = g_strdup(query_column_text(&query, 0));
  return true;
}

bool sqlite_control_put(struct ledger *ledger, const char *name, const char *value, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, value ? SQL_CONTROL_PUT : SQL_CONTROL_DELETE, error)) return false;
  query_text(&query, ":name", name);
  if (value) query_text(&query, ":value", value);
  return query_run(&query, error);
}
