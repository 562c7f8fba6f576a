/* The user's own table as it is: a table or a view, its columns under any names and of any type that one of ours can be
 * read from. `${leads}` is what statements read: the table itself where every column is as in schema.sql, else a
 * subquery that makes it so, under the user's names. `${leads_table}` is what they write to, `${leads_key}` the key of
 * a MERGE into it, and `${set_COLUMN}` what a changed column gets. */
#include "base/text.h"
#include "warehouse/bigquery_opt_out.h"

#include <string.h>

enum column_kind { KIND_KEY, KIND_TEXT, KIND_FLAG, KIND_TIME };
enum column_need {
  NEED_ALWAYS,    /* nothing can be said about a lead without it */
  NEED_NEVER,     /* without it leads come with NULL there */
  NEED_WRITE_BACK /* as NEED_NEVER, and write-back wants it */
};

static const struct source_column {
  const char *name;
  enum column_kind kind;
  enum column_need need;
  const char *fresh; /* its column in what changes_gather makes */
} columns[] = {
    {"lead_id", KIND_KEY, NEED_ALWAYS, NULL},
    {"email", KIND_TEXT, NEED_ALWAYS, NULL},
    {"first_name", KIND_TEXT, NEED_NEVER, NULL},
    {"last_name", KIND_TEXT, NEED_NEVER, NULL},
    {"company_name", KIND_TEXT, NEED_NEVER, NULL},
    {"campaign_id", KIND_TEXT, NEED_NEVER, NULL},
    {"added_to_instantly", KIND_FLAG, NEED_WRITE_BACK, "added"},
    {"added_date", KIND_TIME, NEED_WRITE_BACK, "added_date"},
    {"sequence_completed", KIND_FLAG, NEED_WRITE_BACK, "completed"},
    {"sequence_completed_date", KIND_TIME, NEED_WRITE_BACK, "completed_date"},
    {"last_email_status", KIND_TEXT, NEED_WRITE_BACK, "status"},
    {"cold_email_sent", KIND_FLAG, NEED_WRITE_BACK, "sent"},
    {"updated_at", KIND_TIME, NEED_WRITE_BACK, "changed_at"},
};

#define BLANKS         ", '\\t\\n\\v\\f\\r '"
#define WORDS_OF_FALSE "'', '0', 'false', 'f', 'no', 'n', 'null'"

/* How a column of a type (in the REST API's word) is read and written: what stands around it, NULL: nothing. The first
 * row of a kind is the type that schema.sql gives it. */
static const struct conversion {
  enum column_kind kind;
  const char *type;
  const char *read_before, *read_after;
  const char *write_before, *write_after;
  const char *odd_before, *odd_after; /* says neither TRUE nor FALSE, which counts as TRUE (core/flag_word.h) */
} conversions[] = {
    {KIND_KEY, "STRING", NULL, NULL, NULL, NULL, NULL, NULL},
    {KIND_KEY, "INTEGER", "CAST(", " AS STRING)", NULL, NULL, NULL, NULL},
    {KIND_TEXT, "STRING", NULL, NULL, NULL, NULL, NULL, NULL},
    {KIND_FLAG, "BOOLEAN", NULL, NULL, NULL, NULL, NULL, NULL},
    {KIND_FLAG, "INTEGER", "", " <> 0", "CAST(", " AS INT64)", "", " NOT IN (0, 1)"},
    {KIND_FLAG, "STRING", "LOWER(TRIM(", BLANKS ")) NOT IN (" WORDS_OF_FALSE ")", "CAST(", " AS STRING)", "LOWER(TRIM(",
     BLANKS ")) NOT IN (" WORDS_OF_FALSE ", 'true', 't', 'yes', 'y', '1')"},
    {KIND_TIME, "TIMESTAMP", NULL, NULL, NULL, NULL, NULL, NULL},
    {KIND_TIME, "DATETIME", "TIMESTAMP(", ")", "DATETIME(", ")", NULL, NULL},
};

static const struct conversion *conversion_find(enum column_kind kind, const char *type)
{
  for (size_t i = 0; i < G_N_ELEMENTS(conversions); i++)
    if (conversions[i].kind == kind && strcmp(conversions[i].type, type) == 0) return &conversions[i];
  return NULL;
}

/* The SQL word for one of the REST API's. */
static const char *sql_type(const char *type)
{
  static const char *const words[][2] = {{"BOOLEAN", "BOOL"}, {"INTEGER", "INT64"}, {"FLOAT", "FLOAT64"}};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(type, words[i][0]) == 0) return words[i][1];
  return type;
}

/* "STRING or INT64"; caller frees. */
static char *types_of(enum column_kind kind)
{
  GString *out = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(conversions); i++)
    if (conversions[i].kind == kind)
      g_string_append_printf(out, "%s%s", out->len > 0 ? " or " : "", sql_type(conversions[i].type));
  return g_string_free(out, FALSE);
}

/* ---- what is there ---- */

const struct bigquery_field *bq_field_find(const struct bigquery_table_info *info, const char *name)
{
  for (guint i = 0; i < info->fields->len; i++) {
    const struct bigquery_field *field = &g_array_index(info->fields, struct bigquery_field, i);
    if (g_ascii_strcasecmp(field->name, name) == 0) return field;
  }
  return NULL;
}

static bool is_mapped(const struct bq_warehouse *self, const char *name)
{
  const GArray *mappings = self->settings->source.columns;
  for (guint i = 0; mappings && i < mappings->len; i++)
    if (strcmp(g_array_index(mappings, struct field_mapping, i).target, name) == 0) return true;
  return false;
}

/* A table that has what write-back writes to. Views and whatever else is only a way of reading have none. */
static bool is_table(const struct bigquery_table_info *info)
{
  return !info->type || strcmp(info->type, "TABLE") == 0;
}

static const char *kind_of(const struct bigquery_table_info *info)
{
  static const char *const words[][2] = {{"VIEW", "view"},
                                         {"MATERIALIZED_VIEW", "materialized view"},
                                         {"EXTERNAL", "table of another storage (EXTERNAL)"},
                                         {"SNAPSHOT", "snapshot"}};
  for (size_t i = 0; info->type && i < G_N_ELEMENTS(words); i++)
    if (strcmp(info->type, words[i][0]) == 0) return words[i][1];
  return is_table(info) ? "table" : "table of another kind";
}

char *bq_table_refusal(const struct bq_warehouse *self, const struct bigquery_table_info *info, bool is_source)
{
  if (!info->needs_partition_filter) return NULL;
  return g_strdup_printf(
      "demands a filter by its partitions of every statement (require_partition_filter), and leadferry looks at every "
      "row; take that option off%s%s",
      is_source ? ", or name a view with such a filter in source.table" : "",
      is_source && self->settings->source.write_back ? " and set source.write_back: false" : "");
}

static struct schema_finding finding_of(const struct bq_warehouse *self, const char *column, char *problem)
{
  return (struct schema_finding){
      .table = g_strdup(self->source.table), .column = g_strdup(column), .problem = problem, .is_fatal = true};
}

/* What is wrong with a column that is missing; false: nothing. */
static bool absence_of(const struct bq_warehouse *self, const struct source_column *column,
                       const struct bigquery_table_info *info, struct schema_finding *finding)
{
  bool writes_back = self->settings->source.write_back;
  bool is_named = is_mapped(self, column->name); /* then it is no column that may be missing, but a wrong name */
  bool is_addable = is_table(info) && writes_back && !is_named;
  bool is_fatal = is_named || column->need == NEED_ALWAYS || (column->need == NEED_WRITE_BACK && writes_back);
  if (!is_fatal && !is_addable) return false;
  g_autofree char *plain = sql_names_plain(&self->names, column->name);
  g_autofree char *types = types_of(column->kind);
  char *problem = NULL;
  if (is_named)
    problem = g_strdup_printf("is missing, and source.columns names it for %s; correct the name", column->name);
  else if (is_addable)
    problem =
        g_strdup_printf("is missing; it is %s%s", types,
                        is_fatal ? ", or map another column to it under source.columns" : "; leads come without it");
  else
    problem =
        g_strdup_printf("is missing; it is %s: add it to the %s, or map another column to it under source.columns",
                        types, kind_of(info));
  *finding = finding_of(self, plain, problem);
  finding->is_fatal = is_fatal;
  finding->is_made_by_apply = is_addable;
  return true;
}

/* A STRING(n) that what is written back does not fit into. */
static bool length_problem(const struct bq_warehouse *self, const struct source_column *column,
                           const struct bigquery_field *field, struct schema_finding *finding)
{
  const char *longest = column->kind == KIND_FLAG ? "false" : "unsubscribed";
  bool is_written = column->fresh && self->settings->source.write_back && strcmp(field->type, "STRING") == 0;
  if (!is_written || field->max_length == 0 || field->max_length >= (int64_t)strlen(longest)) return false;
  *finding = finding_of(self, field->name,
                        g_strdup_printf("is STRING(%" G_GINT64_FORMAT "), and `%s` is written to it; make it longer",
                                        field->max_length, longest));
  return true;
}

static bool column_problem(const struct bq_warehouse *self, const struct source_column *column,
                           const struct bigquery_table_info *info, struct schema_finding *finding)
{
  g_autofree char *plain = sql_names_plain(&self->names, column->name);
  const struct bigquery_field *field = bq_field_find(info, plain);
  if (!field) return absence_of(self, column, info, finding);
  bool is_read = column->need != NEED_WRITE_BACK || strcmp(column->name, "updated_at") != 0;
  if (!is_read && !self->settings->source.write_back) return false;
  bool is_repeated = g_strcmp0(field->mode, "REPEATED") == 0;
  if (!is_repeated && conversion_find(column->kind, field->type)) return length_problem(self, column, field, finding);
  g_autofree char *types = types_of(column->kind);
  *finding = finding_of(self, plain,
                        g_strdup_printf("is %s%s; it must be %s%s", sql_type(field->type),
                                        is_repeated ? " REPEATED" : "", types, is_repeated ? ", one value" : ""));
  return true;
}

void bq_source_check(const struct bq_warehouse *self, const struct bigquery_table_info *info, GArray *findings)
{
  struct schema_finding finding;
  if (!is_table(info) && self->settings->source.write_back) {
    finding =
        finding_of(self, NULL,
                   g_strdup_printf("is a %s, which nobody can write to; set source.write_back: false, or name a table",
                                   kind_of(info)));
    g_array_append_val(findings, finding);
  }
  char *refusal = bq_table_refusal(self, info, true);
  if (refusal) {
    finding = finding_of(self, NULL, refusal);
    g_array_append_val(findings, finding);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
    if (column_problem(self, &columns[i], info, &finding)) g_array_append_val(findings, finding);
}

bool bq_source_lacks_columns(const struct bq_warehouse *self, const struct bigquery_table_info *info)
{
  g_autoptr(GArray) findings = schema_findings_new();
  bq_source_check(self, info, findings);
  for (guint i = 0; i < findings->len; i++)
    if (g_array_index(findings, struct schema_finding, i).is_made_by_apply) return true;
  return false;
}

/* ---- how it is read and written ---- */

static const struct conversion *column_conversion(const struct bq_warehouse *self, const struct source_column *column,
                                                  const struct bigquery_table_info *info)
{
  g_autofree char *plain = sql_names_plain(&self->names, column->name);
  const struct bigquery_field *field = bq_field_find(info, plain);
  return field && g_strcmp0(field->mode, "REPEATED") != 0 ? conversion_find(column->kind, field->type) : NULL;
}

/* `quoted` as a value of our type; of the row T where it is written. NULL conversion: it is not there. */
static void read_append(GString *out, const struct conversion *conversion, const char *prefix, const char *quoted)
{
  const char *before = conversion->read_before ? conversion->read_before : "";
  const char *after = conversion->read_after ? conversion->read_after : "";
  g_string_append_printf(out, "%s%s%s%s", before, prefix, quoted, after);
}

static void absent_append(GString *out, enum column_kind kind)
{
  g_autofree char *first = types_of(kind);
  g_string_append_printf(out, "CAST(NULL AS %.*s)", (int)strcspn(first, " "), first);
}

static char *quoted_of(const struct bq_warehouse *self, const struct source_column *column)
{
  g_autofree char *plain = sql_names_plain(&self->names, column->name);
  return g_strdup_printf("`%s`", plain);
}

/* The subquery; two of ours may be read from one column of the user's, which then comes once. */
static char *reading_of(const struct bq_warehouse *self, const struct bigquery_table_info *info, const char *table)
{
  g_autoptr(GHashTable) taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GString *out = g_string_new("(SELECT ");
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
    g_autofree char *quoted = quoted_of(self, &columns[i]);
    const struct conversion *conversion = column_conversion(self, &columns[i], info);
    if (!g_hash_table_add(taken, g_ascii_strdown(quoted, -1))) continue;
    if (i > 0) g_string_append(out, ", ");
    if (conversion)
      read_append(out, conversion, "", quoted);
    else
      absent_append(out, columns[i].kind);
    g_string_append_printf(out, " AS %s", quoted);
  }
  g_string_append_printf(out, " FROM %s)", table);
  return g_string_free(out, FALSE);
}

/* What write-back puts into a column: what stands there already where it says the same in the user's own words. */
static void set_put(struct bq_warehouse *self, const struct source_column *column, const struct conversion *conversion)
{
  g_autofree char *name = g_strconcat("set_", column->name, NULL);
  g_autofree char *plain = g_strconcat("S.", column->fresh, NULL);
  if (!conversion || !conversion->write_before) {
    sql_names_put(&self->names, name, plain);
    return;
  }
  g_autofree char *quoted = quoted_of(self, column);
  g_autoptr(GString) out = g_string_new("IF((");
  read_append(out, conversion, "T.", quoted);
  g_string_append_printf(out, ") IS NOT DISTINCT FROM %s, T.%s, %s%s%s)", plain, quoted, conversion->write_before,
                         plain, conversion->write_after);
  sql_names_put(&self->names, name, out->str);
}

static void key_put(struct bq_warehouse *self, const struct conversion *conversion)
{
  g_autoptr(GString) key = g_string_new(NULL);
  g_autofree char *quoted = quoted_of(self, &columns[0]);
  if (conversion)
    read_append(key, conversion, "T.", quoted);
  else
    g_string_append_printf(key, "T.%s", quoted);
  sql_names_put(&self->names, "leads_key", key->str);
}

/* `${odd_flags}`: name and value of every flag that says neither TRUE nor FALSE; only columns that can hold such. */
static void odd_flags_put(struct bq_warehouse *self, const struct bigquery_table_info *info, const char *table)
{
  g_autoptr(GString) out = g_string_new(NULL);
  for (size_t i = 0; info && i < G_N_ELEMENTS(columns); i++) {
    const struct conversion *conversion = column_conversion(self, &columns[i], info);
    g_autofree char *quoted = quoted_of(self, &columns[i]);
    if (!conversion || !conversion->odd_before) continue;
    g_string_append_printf(out, "%sSELECT '%s' AS name, CAST(%s AS STRING) AS value FROM %s WHERE %s%s%s",
                           out->len > 0 ? " UNION ALL " : "", columns[i].name, quoted, table, conversion->odd_before,
                           quoted, conversion->odd_after);
  }
  self->has_odd_flags = out->len > 0;
  sql_names_put(&self->names, "odd_flags", self->has_odd_flags ? out->str : "SELECT '' AS name, '' AS value");
}

static void source_names(struct bq_warehouse *self, const struct bigquery_table_info *info)
{
  g_autofree char *table =
      g_strdup_printf("`%s`.`%s`.`%s`", self->settings->warehouse.project, self->source.dataset, self->source.table);
  self->is_shaped = false;
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
    const struct conversion *conversion = info ? column_conversion(self, &columns[i], info) : NULL;
    if (info && (!conversion || conversion->read_before)) self->is_shaped = true;
    if (columns[i].fresh) set_put(self, &columns[i], conversion);
    if (i == 0) key_put(self, conversion);
  }
  g_autofree char *reading = self->is_shaped ? reading_of(self, info, table) : g_strdup(table);
  sql_names_put(&self->names, "leads_table", table);
  sql_names_put(&self->names, "leads", reading);
  odd_flags_put(self, info, table);
  bq_opt_out_names(self, info);
}

/* The first fault for which leads cannot be read at all, or not as they are meant: a handle that only reads asks for no
 * more. */
static char *unreadable_of(const struct bq_warehouse *self, const struct bigquery_table_info *info)
{
  g_autofree char *refusal = bq_table_refusal(self, info, true);
  if (refusal) return g_strdup_printf("table %s %s", self->source.table, refusal);
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
    struct schema_finding finding;
    g_autofree char *plain = sql_names_plain(&self->names, columns[i].name);
    bool may_miss = columns[i].need != NEED_ALWAYS && !is_mapped(self, columns[i].name);
    if (may_miss && !bq_field_find(info, plain)) continue;
    if (!column_problem(self, &columns[i], info, &finding)) continue;
    char *text = g_strdup_printf("table %s, column %s %s", finding.table, finding.column, finding.problem);
    schema_finding_clear(&finding);
    return text;
  }
  return NULL;
}

bool bq_source_takes_rows(const struct bq_warehouse *self, GError **error)
{
  if (!self->is_shaped && !self->unreadable) return true;
  error_set(error, ERROR_CONFIG,
            "import writes only into a table that has all of leadferry's columns in its own types, and %s is a view or "
            "has others; `leadferry schema print` shows them. Put the rows into it yourself, or name another table in "
            "source.table",
            self->source.table);
  return false;
}

bool bq_source_open(struct bq_warehouse *self, GError **error)
{
  const struct bigquery_table_info *info = NULL;
  g_autoptr(GError) failure = NULL;
  bq_tables_forget(self);
  bool is_there = bq_table_seen(self, &self->source, &info, &failure);
  bool is_ok = is_there || error_is(failure, ERROR_NOT_FOUND);
  if (!is_ok) g_propagate_error(error, g_steal_pointer(&failure));
  if (is_ok) source_names(self, info);
  g_clear_pointer(&self->unreadable, g_free);
  self->unreadable = is_there
                         ? unreadable_of(self, info)
                         : g_strdup_printf("table %s is missing in dataset %s; run `leadferry schema apply`, or name "
                                           "the table that holds your leads in source.table",
                                           self->source.table, self->source.dataset);
  return is_ok;
}
