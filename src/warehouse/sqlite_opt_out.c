/* source.opt_out: a column of the user's table that says who does not want mail. */
#include "base/error.h"
#include "base/json.h"
#include "core/flag_word.h"
#include "warehouse/flag_findings.h"
#include "warehouse/sqlite.h"

#include <string.h>

G_STATIC_ASSERT(OPT_OUT_NO == 0 && OPT_OUT_YES == 1 && OPT_OUT_BOUNCED == 2 && OPT_OUT_UNCLEAR == 3);

/* opt_out_word(cell): the number of what it says. */
static void opt_out_word(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  const struct sqlite_warehouse *self = sqlite3_user_data(context);
  const char *text = (const char *)sqlite3_value_text(arguments[0]);
  size_t length = (size_t)sqlite3_value_bytes(arguments[0]);
  sqlite3_result_int(context, (int)source_opt_out_answer(&self->opt_out, text, length));
}

bool sqlite_opt_out_open(struct sqlite_warehouse *self, GError **error)
{
  self->opt_out = source_opt_out_of(&self->settings->source.opt_out);
  /* With the table's name in front a column that is missing is an error and no text. */
  g_autofree char *value =
      self->opt_out.settings ? g_strdup_printf("l.\"%s\"", self->opt_out.settings->column) : g_strdup("NULL");
  sql_names_put(&self->db.names, "opt_out_value", value);
  int code = sqlite3_create_function_v2(self->db.handle, "opt_out_word", 1,
                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, self, opt_out_word,
                                        NULL, NULL, NULL);
  return code == SQLITE_OK || sqlite_db_fail(&self->db, code, error);
}

#define MISSING "is missing, and source.opt_out.column names it; correct the name"

/* *is_there without such a column in the settings, too. */
static bool column_find(struct sqlite_warehouse *self, bool *is_there, GError **error)
{
  g_autofree char *table = sql_names_plain(&self->db.names, "leads");
  query_scope struct query query = {0};
  bool has_row = true;
  *is_there = !self->opt_out.settings;
  if (*is_there) return true;
  if (!query_open(&query, &self->db, SQL_SCHEMA_COLUMNS, error)) return false;
  query_text(&query, ":table", table);
  while (has_row && !*is_there) {
    if (!query_next(&query, &has_row, error)) return false;
    *is_there = has_row && g_ascii_strcasecmp(query_column_text(&query, 0), self->opt_out.settings->column) == 0;
  }
  return true;
}

bool sqlite_opt_out_check(struct sqlite_warehouse *self, GArray *findings, GError **error)
{
  bool is_there;
  if (!self->opt_out.settings) return true;
  if (!column_find(self, &is_there, error)) return false;
  g_autofree char *table = sql_names_plain(&self->db.names, "leads");
  query_scope struct query query = {0};
  bool has_row = true;
  if (!is_there) schema_finding_add(findings, table, self->opt_out.settings->column, g_strdup(MISSING));
  if (!is_there) return true;
  if (!query_open(&query, &self->db, SQL_OPT_OUTS_ODD, error)) return false;
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (has_row)
      opt_out_finding_add(findings, table, self->opt_out.settings->column, query_column_text(&query, 0),
                          query_column_int(&query, 1));
  }
  return true;
}

static bool rows_find(struct sqlite_warehouse *self, GError **error)
{
  bool is_there;
  self->opted_out_after = 0;
  if (!column_find(self, &is_there, error)) return false;
  if (!is_there) {
    g_autofree char *table = sql_names_plain(&self->db.names, "leads");
    error_set(error, ERROR_CONFIG, "table %s, column %s " MISSING, table, self->opt_out.settings->column);
    return false;
  }
  return sqlite_overlay_stops(self, error) && sql_run(&self->db, SQL_OPTED_OUT_FORGET, error) &&
         sql_run(&self->db, SQL_OPTED_OUT_FIND, error);
}

bool sqlite_opted_out(struct ledger *ledger, bool is_first, size_t limit, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!self->opt_out.settings) return true;
  if (is_first && !rows_find(self, error)) return false;
  if (!query_open(&query, &self->db, SQL_OPTED_OUT_NEXT, error)) return false;
  query_int(&query, ":after", self->opted_out_after);
  query_int(&query, ":limit", (int64_t)MIN(limit, (size_t)INT32_MAX));
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    self->opted_out_after = query_column_int(&query, 0);
    struct opted_out row = {.person = query_page_text(&query, 1, page),
                            .value = query_page_text(&query, 2, page),
                            .is_bounce = query_column_int(&query, 3) != 0,
                            .removed_evidence_us = query_column_int(&query, 4)};
    g_array_append_val(page->rows, row);
  }
  return true;
}

bool sqlite_opt_outs_lapse(struct ledger *ledger, const char *const *folded, size_t folded_n, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  transaction_scope struct transaction transaction = {0};
  g_autoptr(GString) json = g_string_new(NULL);
  json_append_strings(json, folded, folded_n);
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!query_open(&query, &self->db, SQL_OPT_OUTS_LAPSE, error)) return false;
  query_text(&query, ":folded", json->str);
  return query_run(&query, error) && transaction_commit(&transaction, error);
}
