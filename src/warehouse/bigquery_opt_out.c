#include "warehouse/bigquery_opt_out.h"

#include "base/email.h"
#include "base/json.h"
#include "warehouse/flag_findings.h"

#include <string.h>

/* ---- the column ---- */

static const char *const readable[] = {"BOOLEAN", "BOOL",     "INTEGER", "INT64",   "FLOAT",      "FLOAT64",  "STRING",
                                       "DATE",    "DATETIME", "TIME",    "NUMERIC", "BIGNUMERIC", "TIMESTAMP"};

static bool is_readable(const struct bigquery_field *field)
{
  if (g_strcmp0(field->mode, "REPEATED") == 0) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(readable); i++)
    if (strcmp(field->type, readable[i]) == 0) return true;
  return false;
}

/* Why the column cannot be read, or NULL. */
static const char *problem_of(const struct bq_warehouse *self, const struct bigquery_table_info *info)
{
  const char *column = self->settings->source.opt_out.column;
  const struct bigquery_field *field = column && info ? bq_field_find(info, column) : NULL;
  if (!column || !info) return NULL; /* a table that is not there has a finding of its own */
  if (!field) return "is missing, and source.opt_out.column names it; correct the name";
  return is_readable(field) ? NULL
                            : "(source.opt_out) has a type that cannot say who does not want mail; name a column of "
                              "BOOL, STRING, INT64 or a time";
}

/* What says nothing stays in BigQuery, but where the user's own list may name such a word. */
void bq_opt_out_names(struct bq_warehouse *self, const struct bigquery_table_info *info)
{
  const struct opt_out_settings *settings = &self->settings->source.opt_out;
  self->opt_out = source_opt_out_of(settings);
  self->opt_out_problem = problem_of(self, info);
  g_autofree char *quoted = settings->column ? g_strdup_printf("`%s`", settings->column) : g_strdup("NULL");
  sql_names_put(&self->names, "opt_out", quoted);
  sql_names_put(&self->names, "opt_out_nothing", settings->values ? "''" : "'', '0', 'false', 'f', 'no', 'n', 'null'");
}

/* ---- what nobody understands ---- */

struct odd_values {
  struct bq_warehouse *self;
  GArray *findings;
};

static void value_look(const char *const *cells, void *into)
{
  const struct odd_values *odd = into;
  if (!cells[0] || source_opt_out_answer(&odd->self->opt_out, cells[0], strlen(cells[0])) != OPT_OUT_UNCLEAR) return;
  if (odd->findings->len < 20)
    opt_out_finding_add(odd->findings, odd->self->source.table, odd->self->settings->source.opt_out.column, cells[0],
                        bq_cell_int(cells[1]));
}

bool bq_opt_out_check(struct bq_warehouse *self, GArray *findings, GError **error)
{
  struct odd_values odd = {self, findings};
  struct bq_call call = {.ids = {BQ_OPT_OUT_VALUES}, .ids_n = 1};
  if (self->opt_out_problem)
    schema_finding_add(findings, self->source.table, self->opt_out.settings->column, g_strdup(self->opt_out_problem));
  return !self->opt_out.settings || self->opt_out_problem || bq_each(self, &call, value_look, &odd, error);
}

/* ---- who says yes ---- */

static void row_add(const char *const *cells, void *into)
{
  struct page *page = into;
  g_autofree char *person = NULL;
  struct opted_out row = {.value = page_text(page, cells[1]), .removed_evidence_us = bq_cell_int(cells[2])};
  if (!cells[0] || !cells[1] || email_canonical(cells[0], strlen(cells[0]), &person) != EMAIL_OK) return;
  row.person = page_text(page, person);
  g_array_append_val(page->rows, row);
}

/* Only rows whose value says yes stay in the page. */
static void rows_keep(const struct bq_warehouse *self, struct page *page)
{
  guint kept_n = 0;
  for (guint i = 0; i < page->rows->len; i++) {
    struct opted_out *row = &g_array_index(page->rows, struct opted_out, i);
    enum opt_out_answer answer = source_opt_out_answer(&self->opt_out, row->value, strlen(row->value));
    if (answer == OPT_OUT_NO || answer == OPT_OUT_UNCLEAR) continue;
    row->is_bounce = answer == OPT_OUT_BOUNCED;
    g_array_index(page->rows, struct opted_out, kept_n++) = *row;
  }
  g_array_set_size(page->rows, kept_n);
}

static void removed_note(const char *const *cells, void *into)
{
  struct bq_warehouse *self = into;
  self->opt_outs_removed_n = bq_cell_int(cells[0]);
}

static bool rows_ask(struct bq_warehouse *self, GError **error)
{
  struct bq_call removed = {.ids = {BQ_OPT_OUTS_REMOVED}, .ids_n = 1};
  struct bq_call call = {.ids = {BQ_OPTED_OUT}, .ids_n = 1};
  bq_stream_close(&self->opted_out);
  if (self->opt_out_problem) {
    error_set(error, ERROR_CONFIG, "table %s, column %s %s", self->source.table, self->opt_out.settings->column,
              self->opt_out_problem);
    return false;
  }
  return bq_each(self, &removed, removed_note, self, error) && bq_query(self, &call, &self->opted_out.rows, error);
}

/* An empty page is the end, so pages of which nothing stays are passed over. */
bool bq_opted_out(struct ledger *ledger, bool is_first, size_t limit, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  page_reset(page);
  if (!self->opt_out.settings) return true;
  if (is_first && !rows_ask(self, error)) return false;
  while (self->opted_out.rows && page->rows->len == 0) {
    page_reset(page);
    if (!bq_stream_fill(&self->opted_out, page, limit, row_add, error)) return false;
    rows_keep(self, page);
  }
  return true;
}

bool bq_opt_outs_lapse(struct ledger *ledger, const char *const *folded, size_t folded_n, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  if (self->opt_outs_removed_n == 0) return true; /* nobody removed one: no job for it */
  g_autoptr(GString) json = g_string_new("{");
  json_append_key(json, "folded");
  json_append_strings(json, folded, folded_n);
  g_string_append_c(json, '}');
  return bq_run(self, &BQ_SCRIPT(json->str, BQ_OPT_OUTS_LAPSE), error);
}
