/* Entries that stand as long as rows of the user's say so: the exclusion table, and who left the source. */
#include "warehouse/bigquery_exclusion.h"
#include "base/error.h"
#include "base/json.h"
#include "core/exclusion.h"

#include <string.h>

/* ---- table and column ---- */

static struct bigquery_table table_of(const struct bq_warehouse *self)
{
  return (struct bigquery_table){.dataset = self->source.dataset, .table = self->settings->source.exclude.table};
}

/* What keeps it from being read; NULL: nothing. Caller frees. */
static char *problem_of(const struct bq_warehouse *self, const struct bigquery_table_info *info, bool *is_of_column)
{
  const struct bigquery_field *field = bq_field_find(info, self->settings->source.exclude.column);
  char *refusal = bq_table_refusal(self, info, false);
  *is_of_column = !refusal;
  if (refusal) return refusal;
  if (!field) return g_strdup("is missing; correct source.exclude.column");
  bool is_repeated = g_strcmp0(field->mode, "REPEATED") == 0;
  if (!is_repeated && strcmp(field->type, "STRING") == 0) return NULL;
  return g_strdup_printf("is %s%s, and addresses are STRING, one in each row; name another in source.exclude.column",
                         field->type, is_repeated ? " REPEATED" : "");
}

bool bq_exclusion_check(struct bq_warehouse *self, GArray *findings, GError **error)
{
  struct bigquery_table table = table_of(self);
  const struct bigquery_table_info *info = NULL;
  g_autoptr(GError) failure = NULL;
  bool is_of_column = false;
  if (!table.table) return true;
  bool is_there = bq_table_seen(self, &table, &info, &failure);
  if (!is_there && !error_is(failure, ERROR_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  char *problem =
      is_there ? problem_of(self, info, &is_of_column)
               : g_strdup_printf("is missing in dataset %s; make it, or correct source.exclude.table", table.dataset);
  if (!problem) return true;
  schema_finding_add(findings, table.table, is_of_column ? self->settings->source.exclude.column : NULL, problem);
  return true;
}

static bool is_readable(struct bq_warehouse *self, GError **error)
{
  g_autoptr(GArray) findings = schema_findings_new();
  bq_tables_forget(self);
  return bq_exclusion_check(self, findings, error) && schema_findings_allow(findings, error);
}

/* ---- names in statements ---- */

#define FOREIGN_BEGIN "ARRAY<STRING>["

struct foreign {
  GString *values; /* an array of texts, as SQL writes it */
  int64_t odd_n;
};

/* A canonical address or domain as a text of SQL: of its bytes only ' ends one. */
static void foreign_add(const char *const *cells, void *into)
{
  struct foreign *foreign = into;
  char *value = NULL;
  (void)exclusion_cell_read(cells[0], cells[0] ? strlen(cells[0]) : 0, &value);
  foreign->odd_n += value == NULL;
  if (!value) return;
  g_auto(GStrv) parts = g_strsplit(value, "'", -1);
  g_autofree char *escaped = g_strjoinv("\\'", parts);
  g_string_append_printf(foreign->values, "%s'%s'", foreign->values->str[foreign->values->len - 1] == '[' ? "" : ", ",
                         escaped);
  g_free(value);
}

/* Lets `name` stand for one of the parts of exclusion.sql, as a table. */
static void part_put(struct bq_warehouse *self, const char *name, enum bq_id part)
{
  g_autofree char *text = sql_names_fill(&self->names, bq_statements[part].text);
  g_autofree char *bracketed = g_strconcat("(", g_strchomp(text), ")", NULL);
  sql_names_put(&self->names, name, bracketed);
}

static void table_put(struct bq_warehouse *self)
{
  struct bigquery_table table = table_of(self);
  if (!table.table) {
    part_put(self, "exclude_table", BQ_EXCLUSION_NOTHING);
    return;
  }
  g_autofree char *name =
      g_strdup_printf("`%s`.`%s`.`%s`", self->settings->warehouse.project, table.dataset, table.table);
  sql_names_put(&self->names, "exclude_table", name);
}

void bq_exclusion_names(struct bq_warehouse *self)
{
  table_put(self);
  sql_names_put(&self->names, "exclude_foreign", "ARRAY<STRING>[]");
  part_put(self, "exclusion_cells", BQ_EXCLUSION_CELLS);
}

static bool foreign_read(struct bq_warehouse *self, int64_t *odd_n, GError **error)
{
  g_autoptr(GString) values = g_string_new(FOREIGN_BEGIN);
  struct foreign foreign = {.values = values};
  struct bq_call call = {.ids = {BQ_EXCLUSION_FOREIGN}, .ids_n = 1};
  bq_exclusion_names(self);
  *odd_n = 0;
  if (!table_of(self).table) return true;
  if (!bq_each(self, &call, foreign_add, &foreign, error)) return false;
  *odd_n = foreign.odd_n;
  if (strcmp(values->str, FOREIGN_BEGIN) == 0) return true;
  g_string_append_c(values, ']');
  sql_names_put(&self->names, "exclude_foreign", values->str);
  part_put(self, "exclusion_cells", BQ_EXCLUSION_CELLS);
  return true;
}

/* ---- rows and entries ---- */

static void counts_take(const char *const *cells, void *into)
{
  struct standing_counts *counts = into;
  *counts = (struct standing_counts){.rows_n = bq_cell_int(cells[0]),
                                     .blank_n = bq_cell_int(cells[1]),
                                     .odd_n = bq_cell_int(cells[2]),
                                     .stops_n = bq_cell_int(cells[3]),
                                     .lost_n = bq_cell_int(cells[4]),
                                     .new_n = bq_cell_int(cells[5])};
}

/* Gathers what ought to stand, and compares it. */
static bool entries_count(struct bq_warehouse *self, enum bq_id gather, const char *json,
                          struct standing_counts *counts, GError **error)
{
  return bq_each(self, &BQ_SCRIPT(json, gather, BQ_STANDING_COUNTS), counts_take, counts, error);
}

bool bq_exclusion_look(struct ledger *ledger, struct standing_counts *counts, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  int64_t odd_n = 0;
  *counts = (struct standing_counts){0};
  if (!is_readable(self, error) || !foreign_read(self, &odd_n, error)) return false;
  if (!entries_count(self, BQ_EXCLUSION_GATHER, "{\"source\":\"" EXCLUSION_SOURCE "\"}", counts, error)) return false;
  counts->rows_n += odd_n;
  counts->odd_n += odd_n;
  return true;
}

bool bq_gone_look(struct ledger *ledger, bool is_set, struct standing_counts *counts, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  g_autoptr(GString) json = g_string_new("{");
  json_append_str(json, "source", GONE_SOURCE);
  bq_json_flag(json, "is_set", is_set);
  *counts = (struct standing_counts){0};
  if (!bq_json_foreigners(self, true, json, error)) return false;
  g_string_append_c(json, '}');
  g_free(self->gone_json);
  self->gone_json = g_strdup(json->str);
  if (!entries_count(self, BQ_DEPARTED_GATHER, json->str, counts, error)) return false;
  counts->rows_n = 0; /* of the exclusion table alone */
  return true;
}

static void departed_keep(const char *const *cells, void *into)
{
  struct suppression stop = {.person = cells[0], .reason = GONE_REASON, .source = GONE_SOURCE};
  bq_stop_keep(into, &(struct bq_stop_row){.stop = stop});
}

/* A handle that only reads shows the change and writes nothing. */
static bool preview(struct bq_warehouse *self, bool is_gone, GError **error)
{
  if (is_gone)
    return bq_each(self, &BQ_SCRIPT(self->gone_json, BQ_DEPARTED_GATHER, BQ_DEPARTED_NEW), departed_keep, self, error);
  part_put(self, "suppressions", BQ_EXCLUSION_VIEW);
  return true;
}

/* What the look was told, and what is written beside it. Caller frees. */
static char *change_json(struct bq_warehouse *self, const struct standing_change *change, bool is_gone)
{
  GString *json = g_string_new(is_gone ? self->gone_json : "{");
  self->last_id = MAX(self->last_id + 1, bq_now_us(self));
  if (is_gone) g_string_truncate(json, json->len - 1); /* its closing bracket */
  if (!is_gone) json_append_str(json, "source", EXCLUSION_SOURCE);
  json_append_str(json, "reason", is_gone ? GONE_REASON : EXCLUSION_REASON);
  bq_json_int(json, "id", self->last_id);
  bq_json_int(json, "now", bq_now_us(self));
  json_append_str(json, "run_id", change->run_id);
  g_string_append_c(json, '}');
  return g_string_free(json, FALSE);
}

bool bq_standing_apply(struct ledger *ledger, const struct standing_change *change, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  bool is_gone = strcmp(change->source, GONE_SOURCE) == 0;
  if (self->is_read_only) return preview(self, is_gone, error);
  enum bq_id gather = is_gone ? BQ_DEPARTED_GATHER : BQ_EXCLUSION_GATHER;
  g_autofree char *json = change_json(self, change, is_gone);
  struct bq_call more = BQ_SCRIPT(json, gather, BQ_STANDING_STOP);
  struct bq_call both = BQ_SCRIPT(json, gather, BQ_STANDING_ENDED, BQ_STANDING_STOP, BQ_STANDING_END);
  return bq_run(self, change->may_end ? &both : &more, error);
}
