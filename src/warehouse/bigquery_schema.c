/* The schema: the CREATE TABLE texts of schema.sql are what `schema print` shows; schema apply makes the tables from
 * them through tables.insert, and the check compares them with what is there. One column a line; see table_parse(). */
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "warehouse/bigquery_exclusion.h"

#include <string.h>

static const struct bq_table_row {
  const char *name;
  enum bq_id statement;
  bool is_source;
  bool is_users; /* specified by the user, who may make it and drop it */
} tables[] = {
    {"leads", BQ_SCHEMA_LEADS, true, true},
    {"campaign_status", BQ_SCHEMA_CAMPAIGN_STATUS, false, true},
    {"pipeline_errors", BQ_SCHEMA_PIPELINE_ERRORS, false, true},
    {"lead_events", BQ_SCHEMA_LEAD_EVENTS, false, false},
    {"lead_state", BQ_SCHEMA_LEAD_STATE, false, false},
    {"lead_fields", BQ_SCHEMA_LEAD_FIELDS, false, false},
    {"suppressions", BQ_SCHEMA_SUPPRESSIONS, false, false},
    {"pipeline_runs", BQ_SCHEMA_PIPELINE_RUNS, false, false},
    {"campaign_metrics", BQ_SCHEMA_CAMPAIGN_METRICS, false, false},
    {"sync_stage", BQ_SCHEMA_SYNC_STAGE, false, false},
    {"leases", BQ_SCHEMA_LEASES, false, false},
    {"controls", BQ_SCHEMA_CONTROLS, false, false},
};

/* ---- reading our own text ---- */

struct column {
  char *name, *type, *fallback;
  bool is_required;
};

struct table_text {
  GArray *columns; /* struct column */
  char *partitioned;
  char **clustered; /* NULL: not */
  int64_t expiration_days;
};

static void column_clear(gpointer data)
{
  struct column *column = data;
  g_free(column->name);
  g_free(column->type);
  g_free(column->fallback);
}

static void table_clear(struct table_text *table)
{
  g_array_unref(table->columns);
  g_free(table->partitioned);
  g_strfreev(table->clustered);
}

static char *unquoted(const char *name)
{
  size_t length = strlen(name);
  return name[0] == '`' ? g_strndup(name + 1, length - 2) : g_strdup(name);
}

/* `name TYPE [NOT NULL] [DEFAULT value],` */
static void column_parse(struct table_text *table, const char *line)
{
  g_auto(GStrv) words = g_strsplit(line, " ", 0);
  size_t length = strlen(words[1]);
  const char *fallback = strstr(line, "DEFAULT ");
  struct column column = {.name = unquoted(words[0]), .is_required = strstr(line, "NOT NULL") != NULL};
  column.type = g_strndup(words[1], words[1][length - 1] == ',' ? length - 1 : length);
  if (fallback) column.fallback = g_strndup(fallback + 8, strcspn(fallback + 8, ","));
  g_array_append_val(table->columns, column);
}

static char **cluster_parse(const char *line)
{
  char **names = g_strsplit(line, ", ", 0);
  for (size_t i = 0; names[i]; i++) {
    char *plain = unquoted(names[i]);
    g_free(names[i]);
    names[i] = plain;
  }
  return names;
}

static void table_parse(const struct bq_warehouse *self, enum bq_id id, struct table_text *table)
{
  *table = (struct table_text){.columns = g_array_new(FALSE, TRUE, sizeof(struct column))};
  g_array_set_clear_func(table->columns, column_clear);
  g_autofree char *text = sql_names_fill(&self->names, bq_statements[id].text);
  g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
  for (size_t i = 0; lines[i]; i++) {
    const char *partition = "PARTITION BY DATE(", *cluster = "CLUSTER BY ",
               *days = "OPTIONS (partition_expiration_days = ";
    if (g_str_has_prefix(lines[i], "  ")) column_parse(table, lines[i] + 2);
    if (g_str_has_prefix(lines[i], partition))
      table->partitioned = g_strndup(lines[i] + strlen(partition), strcspn(lines[i] + strlen(partition), ")"));
    if (g_str_has_prefix(lines[i], cluster)) table->clustered = cluster_parse(lines[i] + strlen(cluster));
    if (g_str_has_prefix(lines[i], days)) table->expiration_days = g_ascii_strtoll(lines[i] + strlen(days), NULL, 10);
  }
}

/* ---- names ---- */

static struct bigquery_table where(const struct bq_warehouse *self, const struct bq_table_row *row)
{
  return row->is_source ? self->source : (struct bigquery_table){.dataset = self->ops_dataset, .table = row->name};
}

void bq_schema_names(struct bq_warehouse *self)
{
  for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
    if (tables[i].is_source) continue;
    g_autofree char *name =
        g_strdup_printf("`%s`.`%s`.`%s`", self->settings->warehouse.project, self->ops_dataset, tables[i].name);
    sql_names_put(&self->names, tables[i].name, name);
  }
  g_autofree char *state_sum = sql_names_fill(&self->names, bq_statements[BQ_STATE_SUM].text);
  g_autofree char *bracketed = g_strconcat("(", g_strchomp(state_sum), ")", NULL);
  sql_names_put(&self->names, "state_sum", bracketed);
  bq_exclusion_names(self);
}

const char *bq_schema_own_table(size_t n)
{
  return n + 1 < G_N_ELEMENTS(tables) ? tables[n + 1].name : NULL; /* the source is the first */
}

static bool is_missing(const GError *error)
{
  return error_is(error, ERROR_NOT_FOUND);
}

/* A table without rows that stands in for one that is not there. */
static char *empty_table(const struct bq_warehouse *self, enum bq_id id)
{
  struct table_text table;
  table_parse(self, id, &table);
  GString *out = g_string_new("(SELECT ");
  for (guint i = 0; i < table.columns->len; i++) {
    const struct column *column = &g_array_index(table.columns, struct column, i);
    g_string_append_printf(out, "%sCAST(NULL AS %s) AS %s", i > 0 ? ", " : "", column->type, column->name);
  }
  g_string_append(out, " FROM UNNEST([0]) WHERE FALSE)"); /* with a FROM: the emulator reads nothing from one without */
  table_clear(&table);
  return g_string_free(out, FALSE);
}

bool bq_schema_shadow(struct bq_warehouse *self, GError **error)
{
  bool is_any_missing = false, has_ours = false;
  const char *lost = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
    struct bigquery_table table = where(self, &tables[i]);
    const struct bigquery_table_info *info = NULL;
    g_autoptr(GError) failure = NULL;
    if (tables[i].is_source) continue;
    if (bq_table_seen(self, &table, &info, &failure)) {
      has_ours = has_ours || !tables[i].is_users;
      continue;
    }
    if (!is_missing(failure)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    g_autofree char *empty = empty_table(self, tables[i].statement);
    sql_names_put(&self->names, tables[i].name, empty);
    is_any_missing = true;
    if (!tables[i].is_users) lost = tables[i].name;
  }
  self->lost = has_ours ? lost : NULL;
  return !is_any_missing || bq_datasets_are_there(self, error);
}

bool bq_schema_lost(struct warehouse *warehouse, const char **table, GError **error)
{
  (void)error;
  *table = bq_of(warehouse)->lost;
  return true;
}

/* ---- check ---- */

/* The REST API's word for a type. */
static const char *rest_type(const char *type)
{
  static const char *const words[][2] = {{"BOOL", "BOOLEAN"}, {"INT64", "INTEGER"}, {"FLOAT64", "FLOAT"}};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(type, words[i][0]) == 0) return words[i][1];
  return type;
}

enum fault { FAULT_MISSING, FAULT_TYPE };

static void finding_add(GArray *findings, const char *table, const char *column, enum fault fault, char *problem)
{
  struct schema_finding finding = {.table = g_strdup(table),
                                   .column = g_strdup(column),
                                   .problem = problem,
                                   .is_fatal = true,
                                   .is_made_by_apply = fault == FAULT_MISSING};
  g_array_append_val(findings, finding);
}

static void column_check(GArray *findings, const char *table, const struct column *column,
                         const struct bigquery_table_info *info)
{
  const struct bigquery_field *field = bq_field_find(info, column->name);
  if (!field)
    finding_add(findings, table, column->name, FAULT_MISSING, g_strdup_printf("is missing; it is %s", column->type));
  else if (strcmp(rest_type(field->type), rest_type(column->type)) != 0)
    finding_add(findings, table, column->name, FAULT_TYPE,
                g_strdup_printf("is %s; it must be %s", field->type, column->type));
  else if (g_strcmp0(field->mode, "REPEATED") == 0)
    finding_add(findings, table, column->name, FAULT_TYPE, g_strdup("is REPEATED; it must be one value"));
}

/* A ledger that goes away by itself, or part by part, is a ledger that forgets whom it contacted. What a dataset says
 * of new tables (60 days where billing was never set up) is theirs from when they are made; schema apply takes it off.
 */
static char *expiry_problem(const struct table_text *text, const struct bigquery_table_info *info)
{
  if (info->expires_us) {
    g_autofree char *at = time_format_us(info->expires_us);
    return g_strdup_printf("goes away by itself at %s (expirationTime), and what is in it must stay", at);
  }
  if (info->partitions_live_us == 0 || text->expiration_days > 0) return NULL;
  return g_strdup_printf("loses its partitions after %" G_GINT64_FORMAT
                         " hours (timePartitioning.expirationMs), and what is in it must stay",
                         info->partitions_live_us / (3600 * SECOND_US));
}

static void columns_check(const struct bq_warehouse *self, const struct bq_table_row *row,
                          const struct bigquery_table_info *info, GArray *findings)
{
  struct table_text text;
  table_parse(self, row->statement, &text);
  char *refusal = bq_table_refusal(self, info, false);
  if (refusal) finding_add(findings, row->name, NULL, FAULT_TYPE, refusal);
  for (guint i = 0; i < text.columns->len; i++)
    column_check(findings, row->name, &g_array_index(text.columns, struct column, i), info);
  char *expiry = row->is_users ? NULL : expiry_problem(&text, info);
  if (expiry) finding_add(findings, row->name, NULL, FAULT_MISSING, expiry);
  table_clear(&text);
}

static bool table_check(struct bq_warehouse *self, const struct bq_table_row *row, GArray *findings, GError **error)
{
  struct bigquery_table table = where(self, row);
  const struct bigquery_table_info *info = NULL;
  g_autoptr(GError) failure = NULL;
  if (!bq_table_seen(self, &table, &info, &failure)) {
    if (is_missing(failure)) {
      finding_add(findings, table.table, NULL, FAULT_MISSING, g_strdup("is missing"));
      return true;
    }
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  if (row->is_source)
    bq_source_check(self, info, findings);
  else
    columns_check(self, row, info, findings);
  return true;
}

static bool tables_check(struct bq_warehouse *self, GArray *findings, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
    if (!table_check(self, &tables[i], findings, error)) return false;
  return true;
}

/* What stands in the user's columns is looked at where all columns are right. */
bool bq_schema_check(struct warehouse *warehouse, GArray *findings, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  bq_tables_forget(self);
  if (!tables_check(self, findings, error)) return false;
  if (findings->len == 0 && !bq_flags_check(self, findings, error)) return false;
  return bq_exclusion_check(self, findings, error);
}

static void finding_refuse(const struct schema_finding *finding, guint fatal_n, GError **error)
{
  error_set(error, ERROR_CONFIG, "table %s%s%s %s%s; %s`leadferry schema check` lists all", finding->table,
            finding->column ? ", column " : "", finding->column ? finding->column : "", finding->problem,
            fatal_n > 1 ? " (and there is more)" : "",
            finding->is_made_by_apply ? "run `leadferry schema apply`, " : "");
}

bool bq_schema_ready(struct warehouse *warehouse, bool *created, GError **error)
{
  *created = false;
  g_autoptr(GArray) findings = schema_findings_new();
  if (!tables_check(bq_of(warehouse), findings, error)) return false; /* the handle was opened a moment ago */
  guint first = 0, fatal_n = 0;
  for (guint i = findings->len; i-- > 0;) {
    if (!g_array_index(findings, struct schema_finding, i).is_fatal) continue;
    first = i;
    fatal_n++;
  }
  if (fatal_n == 0) return true; /* the key is read by who needs it: a run that ends at once costs no job */
  const struct schema_finding *fault = &g_array_index(findings, struct schema_finding, first);
  if (fault->column || bq_datasets_are_there(bq_of(warehouse), error)) finding_refuse(fault, fatal_n, error);
  return false;
}

char *bq_schema_text(const struct bq_warehouse *self, size_t n)
{
  return g_strchomp(sql_names_fill(&self->names, bq_statements[tables[n].statement].text));
}

bool bq_schema_print(struct warehouse *warehouse, GString *text, GError **error)
{
  (void)error;
  struct bq_warehouse *self = bq_of(warehouse);
  bq_schema_names(self); /* not what stands in for tables that are missing */
  for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
    g_autofree char *one = bq_schema_text(self, i);
    g_string_append_printf(text, "%s%s;\n", i > 0 ? "\n" : "", one);
  }
  return true;
}

/* ---- apply ---- */

static void fields_append(GString *out, const struct table_text *table, guint first)
{
  g_string_append(out, "\"fields\":[");
  for (guint i = first; i < table->columns->len; i++) {
    const struct column *column = &g_array_index(table->columns, struct column, i);
    if (out->str[out->len - 1] == '}') g_string_append_c(out, ',');
    g_string_append_c(out, '{');
    json_append_str(out, "name", column->name);
    json_append_str(out, "type", rest_type(column->type));
    json_append_str(out, "mode", column->is_required ? "REQUIRED" : "NULLABLE");
    if (column->fallback) json_append_str(out, "defaultValueExpression", column->fallback);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

static char *table_resource(const struct table_text *table)
{
  GString *out = g_string_new("{\"schema\":{");
  fields_append(out, table, 0);
  g_string_append_c(out, '}');
  if (table->partitioned) {
    g_string_append(out, ",\"timePartitioning\":{");
    json_append_str(out, "type", "DAY");
    json_append_str(out, "field", table->partitioned);
    g_autofree char *ms = g_strdup_printf("%" G_GINT64_FORMAT, table->expiration_days * 86400000);
    if (table->expiration_days) json_append_str(out, "expirationMs", ms);
    g_string_append_c(out, '}');
  }
  for (size_t i = 0; table->clustered && table->clustered[i]; i++) {
    g_string_append(out, i == 0 ? ",\"clustering\":{\"fields\":[" : ",");
    json_append_string(out, table->clustered[i]);
  }
  g_string_append(out, table->clustered ? "]}}" : "}");
  return g_string_free(out, FALSE);
}

/* The fields that are there, with all that belongs to them, and behind them those of ours that are not; NULL when none
 * is missing. */
static char *fields_resource(const struct table_text *text, const struct bigquery_table_info *info)
{
  GString *out = g_string_new("\"schema\":{\"fields\":");
  g_string_append_len(out, info->fields_json, (gssize)strlen(info->fields_json) - 1);
  bool is_missing_any = false;
  for (guint i = 0; i < text->columns->len; i++) {
    const struct column *column = &g_array_index(text->columns, struct column, i);
    if (bq_field_find(info, column->name)) continue;
    is_missing_any = true;
    g_string_append(out, out->str[out->len - 1] == '[' ? "{" : ",{");
    json_append_str(out, "name", column->name);
    json_append_str(out, "type", rest_type(column->type));
    json_append_str(out, "mode", "NULLABLE");
    g_string_append_c(out, '}');
  }
  g_string_append(out, "]}");
  char *json = g_string_free(out, FALSE);
  if (!is_missing_any) g_clear_pointer(&json, g_free);
  return json;
}

/* What takes an end off that the dataset gave the table; NULL when it has none. */
static char *endless_resource(const struct table_text *text, const struct bigquery_table_info *info)
{
  g_autofree char *problem = expiry_problem(text, info);
  if (!problem) return NULL;
  GString *out = g_string_new("\"expirationTime\":null");
  if (info->partitioned && text->expiration_days == 0) {
    g_string_append(out, ",\"timePartitioning\":{");
    json_append_str(out, "type", "DAY");
    json_append_str(out, "field", info->partitioned);
    g_string_append(out, ",\"expirationMs\":null}");
  }
  return g_string_free(out, FALSE);
}

/* What became of a table. */
struct made {
  bool is_made, is_mended;
};

/* A view's columns are its maker's, and so are those of a table that we do not write to; the check has said what is
 * missing. A table of the user's that was there ends when the user wants it to. */
static bool table_mend(struct bq_warehouse *self, const struct bq_table_row *row, const struct table_text *text,
                       struct made *made, GError **error)
{
  bool is_made = made->is_made;
  struct bigquery_table_info info = {0};
  struct bigquery_table table = where(self, row);
  if (row->is_source && !self->settings->source.write_back && !is_made) return true;
  bool is_ok = bigquery_table_get(self->client, &table, &info, error);
  bool is_table = is_ok && g_strcmp0(info.type, "TABLE") == 0;
  g_autofree char *fields = is_table ? fields_resource(text, &info) : NULL;
  g_autofree char *endless = is_table && (is_made || !row->is_users) ? endless_resource(text, &info) : NULL;
  g_autofree char *json =
      g_strconcat("{", fields ? fields : "", fields && endless ? "," : "", endless ? endless : "", "}", NULL);
  made->is_mended = fields || endless;
  if (made->is_mended) is_ok = bigquery_table_patch(self->client, &table, json, info.etag, error);
  if (!is_ok && endless && !row->is_users)
    g_prefix_error(error, "table %s would go away by itself, and that cannot be taken off: ", row->name);
  bool may_end = !is_ok && endless && row->is_users && !fields;
  if (may_end) g_clear_error(error);
  bigquery_table_info_clear(&info);
  return is_ok || may_end;
}

static bool table_apply(struct bq_warehouse *self, const struct bq_table_row *row, bool *created, GError **error)
{
  struct bigquery_table table = where(self, row);
  struct table_text text;
  struct made made = {0};
  table_parse(self, row->statement, &text);
  g_autofree char *json = table_resource(&text);
  bool is_ok = bigquery_table_insert(self->client, &table, json, &made.is_made, error) &&
               table_mend(self, row, &text, &made, error);
  *created = *created || made.is_made || made.is_mended;
  table_clear(&text);
  return is_ok;
}

/* Nothing is begun that cannot be finished. */
static bool has_fault(const GArray *findings, GError **error)
{
  for (guint i = 0; i < findings->len; i++) {
    const struct schema_finding *finding = &g_array_index(findings, struct schema_finding, i);
    if (!finding->is_fatal || finding->is_made_by_apply) continue;
    error_set(error, ERROR_CONFIG, "table %s%s%s %s; nothing was changed", finding->table,
              finding->column ? ", column " : "", finding->column ? finding->column : "", finding->problem);
    return true;
  }
  return false;
}

static bool notes_init(struct bq_warehouse *self, GError **error)
{
  uint8_t key[BQ_KEY_BYTES], installation[8];
  random_bytes(key, sizeof key);
  random_bytes(installation, sizeof installation);
  g_autofree char *key_hex = hex_encode(key, sizeof key);
  g_autofree char *installation_hex = hex_encode(installation, sizeof installation);
  const char *const notes[][2] = {{"hmac_key", key_hex}, {"installation_id", installation_hex}};
  struct bq_call lease = {.ids = {BQ_LEASE_INIT}, .ids_n = 1};
  if (!bq_run(self, &lease, error)) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(notes); i++) {
    g_autoptr(GString) json = g_string_new("{");
    json_append_str(json, "name", notes[i][0]);
    json_append_str(json, "value", notes[i][1]);
    g_string_append_c(json, '}');
    if (!bq_run(self, &BQ_SCRIPT(json->str, BQ_CONTROL_INSERT), error)) return false;
  }
  return true;
}

bool bq_schema_apply(struct warehouse *warehouse, bool *created, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  *created = false;
  g_autoptr(GArray) findings = schema_findings_new();
  bq_tables_forget(self);
  if (!tables_check(self, findings, error) || has_fault(findings, error)) return false;
  if (!bq_datasets_are_there(self, error)) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
    if (!table_apply(self, &tables[i], created, error)) return false;
  return bq_source_open(self, error) && notes_init(self, error);
}
