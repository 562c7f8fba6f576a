/* Entries that stand as long as rows of the user's say so: the exclusion table, and who left the source. */
#include "base/error.h"
#include "warehouse/sqlite.h"

#include <string.h>

/* ---- table and column ---- */

/* Is what is declared so meant to hold text? A view's column has no type, and STRING is no number but by SQLite's
 * rules, which leave an address as it is. */
static bool holds_text(const char *type)
{
  static const char *const words[] = {"CHAR", "CLOB", "TEXT", "STRING", "ANY"};
  g_autofree char *upper = g_ascii_strup(type ? type : "", -1);
  bool is_text = *upper == '\0';
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    is_text = is_text || strstr(upper, words[i]);
  return is_text && !strstr(upper, "INT");
}

/* What keeps table or column from being read; NULL: nothing. Caller frees. */
static bool problem_find(struct sqlite_warehouse *self, char **problem, bool *is_of_column, GError **error)
{
  const struct exclude_settings *exclude = &self->settings->source.exclude;
  query_scope struct query query = {0};
  bool has_row = true;
  *problem = NULL;
  *is_of_column = false;
  if (!query_open(&query, &self->db, SQL_EXCLUSION_COLUMNS, error)) return false;
  query_text(&query, ":table", exclude->table);
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    *is_of_column = true; /* so the table is there */
    if (g_ascii_strcasecmp(query_column_text(&query, 0), exclude->column) != 0) continue;
    const char *type = query_column_text(&query, 1);
    if (!holds_text(type))
      *problem =
          g_strdup_printf("has the type %s, and addresses are text; name another in source.exclude.column", type);
    return true;
  }
  *problem = g_strdup(*is_of_column ? "is missing; correct source.exclude.column"
                                    : "is missing; make it, or correct source.exclude.table");
  return true;
}

bool sqlite_exclusion_check(struct sqlite_warehouse *self, GArray *findings, GError **error)
{
  const struct exclude_settings *exclude = &self->settings->source.exclude;
  char *problem = NULL;
  g_autoptr(GError) failure = NULL;
  if (!exclude->table) return true;
  bool is_of_column = false;
  bool is_read = problem_find(self, &problem, &is_of_column, &failure);
  if (!is_read && !error_is(failure, ERROR_CONFIG)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  is_of_column = is_of_column && is_read;
  if (!is_read) problem = g_strdup_printf("cannot be read, see source.exclude.table: %s", failure->message);
  if (!problem) return true;
  schema_finding_add(findings, exclude->table, is_of_column ? exclude->column : NULL, problem);
  return true;
}

static bool is_readable(struct sqlite_warehouse *self, GError **error)
{
  g_autoptr(GArray) findings = schema_findings_new();
  if (!sqlite_exclusion_check(self, findings, error)) return false;
  return schema_findings_allow(findings, error);
}

/* ---- rows and entries ---- */

static bool cells_count(struct sqlite_warehouse *self, struct standing_counts *counts, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_EXCLUSION_CELLS, error) || !query_next(&query, &has_row, error)) return false;
  counts->rows_n = query_column_int(&query, 0);
  counts->blank_n = query_column_int(&query, 1);
  counts->odd_n = query_column_int(&query, 2);
  return true;
}

/* How the entries of this source differ from temp.standing. */
static bool entries_count(struct sqlite_warehouse *self, const char *source, struct standing_counts *counts,
                          GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_STANDING_COUNTS, error)) return false;
  query_text(&query, ":source", source);
  if (!query_next(&query, &has_row, error)) return false;
  counts->stops_n = query_column_int(&query, 0);
  counts->lost_n = query_column_int(&query, 1);
  counts->new_n = query_column_int(&query, 2);
  return true;
}

bool sqlite_exclusion_look(struct ledger *ledger, struct standing_counts *counts, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  bool is_set = self->settings->source.exclude.table != NULL;
  *counts = (struct standing_counts){0};
  if (!transaction_begin(&transaction, &self->db, false, error) || !is_readable(self, error)) return false;
  if (!sql_run(&self->db, SQL_STANDING_CLEAR, error)) return false;
  if (is_set && (!sql_run(&self->db, SQL_EXCLUSION_FILL, error) || !cells_count(self, counts, error))) return false;
  return entries_count(self, EXCLUSION_SOURCE, counts, error) && transaction_commit(&transaction, error);
}

bool sqlite_gone_look(struct ledger *ledger, bool is_set, struct standing_counts *counts, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  int64_t is_any = 0;
  *counts = (struct standing_counts){0};
  if (!transaction_begin(&transaction, &self->db, false, error)) return false;
  if (!sql_run(&self->db, SQL_STANDING_CLEAR, error)) return false;
  if (is_set && !sql_run(&self->db, SQL_DEPARTED_FILL, error)) return false;
  if (is_set && !sql_run_int(&self->db, SQL_STANDING_ANY, &is_any, error)) return false;
  if (is_any && !sql_run(&self->db, SQL_DEPARTED_BACK, error)) return false;
  return entries_count(self, GONE_SOURCE, counts, error) && transaction_commit(&transaction, error);
}

static bool change_run(struct sqlite_warehouse *self, enum sql_id id, const struct standing_change *change,
                       GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, id, error)) return false;
  query_int(&query, ":now", clock_wall_us(self->db.clock));
  query_text(&query, ":source", change->source);
  if (id == SQL_STANDING_STOP) query_text(&query, ":run_id", change->run_id);
  return query_run(&query, error);
}

bool sqlite_standing_apply(struct ledger *ledger, const struct standing_change *change, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  if (!sqlite_overlay_stops(self, error) || !transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!change_run(self, SQL_STANDING_STOP, change, error)) return false;
  if (change->may_end && !change_run(self, SQL_STANDING_END, change, error)) return false;
  return transaction_commit(&transaction, error);
}
