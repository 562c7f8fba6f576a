/* The schema: making and migrating it, comparing it, and the empty stand-ins of a read-only warehouse. */
#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "warehouse/sqlite.h"

#include <string.h>

enum object_kind {
  OBJECT_USERS, /* specified by the user, who may make it and drop it */
  OBJECT_OURS,
  OBJECT_PART /* an index or a view: not stood in for */
};

/* What a table or a part of it is called, and the statement that makes it. */
static const struct object {
  const char *name; /* NULL: the source's table */
  enum sql_id create;
  enum object_kind kind;
} objects[] = {
    {NULL, SQL_SCHEMA_LEADS, OBJECT_USERS},
    {"campaign_status", SQL_SCHEMA_CAMPAIGN_STATUS, OBJECT_USERS},
    {"pipeline_errors", SQL_SCHEMA_PIPELINE_ERRORS, OBJECT_USERS},
    {"lead_events", SQL_SCHEMA_LEAD_EVENTS, OBJECT_OURS},
    {"lead_events_sending", SQL_SCHEMA_LEAD_EVENTS_SENDING, OBJECT_PART},
    {"lead_events_vanished", SQL_SCHEMA_LEAD_EVENTS_VANISHED, OBJECT_PART},
    {"lead_events_holds", SQL_SCHEMA_LEAD_EVENTS_HOLDS, OBJECT_PART},
    {"lead_state", SQL_SCHEMA_LEAD_STATE, OBJECT_OURS},
    {"lead_persons", SQL_SCHEMA_LEAD_PERSONS, OBJECT_OURS},
    {"lead_enrolments", SQL_SCHEMA_LEAD_ENROLMENTS, OBJECT_OURS},
    {"lead_fields", SQL_SCHEMA_LEAD_FIELDS, OBJECT_OURS},
    {"suppressions", SQL_SCHEMA_SUPPRESSIONS, OBJECT_OURS},
    {"suppressions_match", SQL_SCHEMA_SUPPRESSIONS_MATCH, OBJECT_PART},
    {"pipeline_runs", SQL_SCHEMA_PIPELINE_RUNS, OBJECT_OURS},
    {"claim_ranges", SQL_SCHEMA_CLAIM_RANGES, OBJECT_OURS},
    {"campaign_metrics", SQL_SCHEMA_CAMPAIGN_METRICS, OBJECT_OURS},
    {"sync_stage", SQL_SCHEMA_SYNC_STAGE, OBJECT_OURS},
    {"leases", SQL_SCHEMA_LEASES, OBJECT_OURS},
    {"controls", SQL_SCHEMA_CONTROLS, OBJECT_OURS},
    {"lead_report", SQL_SCHEMA_LEAD_REPORT, OBJECT_PART},
};

/* What brings a database of an earlier version to this one, in order; the last one is of SQLITE_SCHEMA_VERSION. */
static const struct migration {
  int64_t to_version;
  enum sql_id statement;
} migrations[] = {
    {2, SQL_MIGRATE_2_SUPPRESSIONS_EVIDENCE}, {3, SQL_MIGRATE_3_SUPPRESSIONS_RUN},
    {3, SQL_MIGRATE_3_SUPPRESSIONS_ALLOW},    {3, SQL_MIGRATE_3_SUPPRESSIONS_ALLOWED},
    {3, SQL_MIGRATE_3_SUPPRESSIONS_LISTED},
};

bool sqlite_schema_refuse_own(const struct sqlite_warehouse *self, GError **error)
{
  const struct source_settings *source = &self->settings->source;
  for (size_t i = 0; i < G_N_ELEMENTS(objects); i++)
    if (objects[i].name && !sql_names_spare_own(source, objects[i].name, error)) return false;
  return sql_names_differ(source, error);
}

static char *object_name(const struct sqlite_warehouse *self, const struct object *object)
{
  return object->name ? g_strdup(object->name) : sql_names_plain(&self->db.names, "leads");
}

static bool object_exists(struct sqlite_warehouse *self, const char *name, bool *exists, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_SCHEMA_OBJECTS, error)) return false;
  query_text(&query, ":name", name);
  return query_next(&query, exists, error);
}

/* ---- making ---- */

static bool version_read(struct sqlite_warehouse *self, int64_t *version, GError **error)
{
  *version = 0;
  bool exists = false, has_row = false;
  if (!object_exists(self, "controls", &exists, error)) return false;
  if (!exists) return true;
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_CONTROL_GET, error)) return false;
  query_text(&query, ":name", "schema_version");
  if (!query_next(&query, &has_row, error)) return false;
  if (has_row) *version = query_column_int(&query, 0);
  return true;
}

/* Made by an earlier version, and not migrated yet? A database without our tables has no version. */
static bool is_earlier(int64_t version)
{
  return version > 0 && version < SQLITE_SCHEMA_VERSION;
}

bool sqlite_schema_refuse_other(struct sqlite_warehouse *self, bool is_read_only, GError **error)
{
  int64_t version;
  if (!version_read(self, &version, error)) return false;
  if (version <= SQLITE_SCHEMA_VERSION && !(is_read_only && is_earlier(version))) return true;
  if (is_earlier(version))
    error_set(error, ERROR_CONFIG,
              "the warehouse %s has schema version %" G_GINT64_FORMAT " and this leadferry reads version %d; "
              "`leadferry schema apply` brings it up, as every command that writes does",
              self->db.path, version, SQLITE_SCHEMA_VERSION);
  else
    error_set(error, ERROR_CONFIG,
              "the warehouse %s has schema version %" G_GINT64_FORMAT " and this leadferry knows up to %d; a newer "
              "leadferry made it: install that one, or restore a backup",
              self->db.path, version, SQLITE_SCHEMA_VERSION);
  return false;
}

/* Nothing to do for a database that is made right now. */
static bool migrate(struct sqlite_warehouse *self, int64_t *migrated_n, GError **error)
{
  int64_t version;
  if (!version_read(self, &version, error)) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(migrations) && is_earlier(version); i++) {
    if (migrations[i].to_version <= version) continue;
    if (!sql_run(&self->db, migrations[i].statement, error)) return false;
    ++*migrated_n;
  }
  return true;
}

static bool objects_create(struct sqlite_warehouse *self, int64_t *created_n, GError **error)
{
  *created_n = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
    g_autofree char *name = object_name(self, &objects[i]);
    bool exists = false;
    if (!object_exists(self, name, &exists, error)) return false;
    if (exists) continue;
    if (!sql_run(&self->db, objects[i].create, error)) return false;
    ++*created_n;
  }
  return true;
}

/* The view names the source's table and columns; when these were configured anew it is made anew. */
static bool report_view_refresh(struct sqlite_warehouse *self, GError **error)
{
  g_autofree char *wanted = sqlite_db_text(&self->db, SQL_SCHEMA_LEAD_REPORT);
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_SCHEMA_TEXT, error)) return false;
  query_text(&query, ":name", "lead_report");
  if (!query_next(&query, &has_row, error)) return false;
  if (has_row && strcmp(g_strstrip(wanted), query_column_text(&query, 0)) == 0) return true;
  query_close(&query);
  return sql_run(&self->db, SQL_SCHEMA_DROP_LEAD_REPORT, error) && sql_run(&self->db, SQL_SCHEMA_LEAD_REPORT, error);
}

/* A user's own table may have no index on its key. A view cannot have one and needs none from us. */
static bool leads_index_create(struct sqlite_warehouse *self, int64_t *created_n, GError **error)
{
  g_autofree char *table = sql_names_plain(&self->db.names, "leads");
  g_autofree char *column = sql_names_plain(&self->db.names, "lead_id");
  query_scope struct query key = {0}, is_table = {0};
  bool has_key = false, has_table = false;
  if (!query_open(&key, &self->db, SQL_SCHEMA_LEADS_KEY, error)) return false;
  query_text(&key, ":table", table);
  query_text(&key, ":column", column);
  if (!query_next(&key, &has_key, error)) return false;
  if (!query_open(&is_table, &self->db, SQL_SCHEMA_IS_TABLE, error)) return false;
  query_text(&is_table, ":name", table);
  if (!query_next(&is_table, &has_table, error)) return false;
  if (has_key || !has_table) return true;
  query_close(&key);
  query_close(&is_table);
  ++*created_n;
  return sql_run(&self->db, SQL_SCHEMA_LEADS_INDEX, error);
}

static bool control_init(struct sqlite_warehouse *self, const char *name, const void *blob, const char *text,
                         GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_CONTROL_INIT, error)) return false;
  query_text(&query, ":name", name);
  if (blob)
    query_blob(&query, ":value", blob, SQLITE_KEY_BYTES);
  else
    query_text(&query, ":value", text);
  return query_run(&query, error);
}

static bool controls_fill(struct sqlite_warehouse *self, GError **error)
{
  uint8_t key[SQLITE_KEY_BYTES];
  random_bytes(key, sizeof key);
  uint64_t installation = random_u64();
  g_autofree char *id = hex_encode((const uint8_t *)&installation, sizeof installation);
  query_scope struct query version = {0};
  if (!control_init(self, "hmac_key", key, NULL, error) || !control_init(self, "installation_id", NULL, id, error) ||
      !query_open(&version, &self->db, SQL_CONTROL_PUT, error))
    return false;
  query_text(&version, ":name", "schema_version");
  query_int(&version, ":value", SQLITE_SCHEMA_VERSION);
  return query_run(&version, error);
}

static bool refuse_fatal(GArray *findings, GError **error)
{
  for (guint i = 0; i < findings->len; i++) {
    const struct schema_finding *finding = &g_array_index(findings, struct schema_finding, i);
    if (!finding->is_fatal || !finding->column) continue;
    error_set(error, ERROR_CONFIG, "table %s, column %s: %s", finding->table, finding->column, finding->problem);
    return false;
  }
  return true;
}

static bool structure_check(struct sqlite_warehouse *self, GArray *findings, GError **error);

bool sqlite_schema_apply(struct warehouse *warehouse, bool *created, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  int64_t created_n = 0, indexed_n = 0, migrated_n = 0;
  transaction_scope struct transaction transaction = {0};
  g_autoptr(GArray) findings = schema_findings_new();
  if (created) *created = false;
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!structure_check(self, findings, error) || !refuse_fatal(findings, error)) return false;
  if (!migrate(self, &migrated_n, error) || !objects_create(self, &created_n, error)) return false;
  if (!leads_index_create(self, &indexed_n, error) || !report_view_refresh(self, error)) return false;
  if (!controls_fill(self, error)) return false;
  if (created) *created = created_n + indexed_n + migrated_n > 0;
  return transaction_commit(&transaction, error);
}

/* ---- comparing ---- */

enum column_kind { COLUMN_TEXT, COLUMN_BOOLEAN, COLUMN_TIME };

static const struct user_column {
  const char *name;
  enum column_kind kind;
} user_columns[] = {
    {"lead_id", COLUMN_TEXT},
    {"email", COLUMN_TEXT},
    {"first_name", COLUMN_TEXT},
    {"last_name", COLUMN_TEXT},
    {"company_name", COLUMN_TEXT},
    {"campaign_id", COLUMN_TEXT},
    {"added_to_instantly", COLUMN_BOOLEAN},
    {"added_date", COLUMN_TIME},
    {"sequence_completed", COLUMN_BOOLEAN},
    {"sequence_completed_date", COLUMN_TIME},
    {"last_email_status", COLUMN_TEXT},
    {"cold_email_sent", COLUMN_BOOLEAN},
    {"updated_at", COLUMN_TIME},
};

static void finding_add(GArray *findings, const char *table, const char *column, char *problem, bool is_fatal)
{
  struct schema_finding finding = {.table = g_strdup(table),
                                   .column = g_strdup(column),
                                   .problem = problem,
                                   .is_fatal = is_fatal,
                                   .is_made_by_apply = !is_fatal};
  g_array_append_val(findings, finding);
}

static bool type_has(const char *type, const char *const *words)
{
  g_autofree char *upper = g_ascii_strup(type, -1);
  for (; *words; words++)
    if (strstr(upper, *words)) return true;
  return false;
}

/* SQLite's own rules of affinity: what a declared type does to a value that is written. A text column must not turn
 * '00123' into a number; a flag says the same in any type. A view's column has no type and changes nothing. */
static const char *type_problem(const char *type, enum column_kind kind)
{
  static const char *const text[] = {"CHAR", "CLOB", "TEXT", NULL};
  static const char *const real[] = {"REAL", "FLOA", "DOUB", "BLOB", NULL};
  static const char *const integer[] = {"INT", NULL};
  if (!type || !*type) return NULL;
  if (kind == COLUMN_TEXT) return type_has(type, text) && !type_has(type, integer) ? NULL : "TEXT";
  if (kind == COLUMN_TIME) return type_has(type, integer) || type_has(type, real) ? "TEXT" : NULL;
  return NULL; /* '1' says the same as 1 (core/flag_word.h) */
}

/* Name in small letters, which is how SQLite compares names -> declared type of the table's columns. */
static GHashTable *columns_read(struct sqlite_warehouse *self, const char *table, GError **error)
{
  g_autoptr(GHashTable) columns = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  query_scope struct query query = {0};
  bool has_row = true;
  if (!query_open(&query, &self->db, SQL_SCHEMA_COLUMNS, error)) return NULL;
  query_text(&query, ":table", table);
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return NULL;
    if (has_row)
      g_hash_table_replace(columns, g_ascii_strdown(query_column_text(&query, 0), -1),
                           g_strdup(query_column_text(&query, 1)));
  }
  return g_steal_pointer(&columns);
}

static bool source_check(struct sqlite_warehouse *self, GArray *findings, GError **error)
{
  g_autofree char *table = sql_names_plain(&self->db.names, "leads");
  g_autoptr(GHashTable) columns = columns_read(self, table, error);
  if (!columns) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(user_columns) && g_hash_table_size(columns) > 0; i++) {
    g_autofree char *name = sql_names_plain(&self->db.names, user_columns[i].name);
    g_autofree char *key = g_ascii_strdown(name, -1);
    if (!g_hash_table_contains(columns, key)) {
      finding_add(findings, table, name, g_strdup("is missing; add it, or map it under source.columns"), true);
      continue;
    }
    const char *type = g_hash_table_lookup(columns, key);
    const char *wanted = type_problem(type, user_columns[i].kind);
    if (wanted)
      finding_add(
          findings, table, name,
          g_strdup_printf("has the type %s, which changes the values written to it; declare it as %s", type, wanted),
          true);
  }
  return true;
}

static bool structure_check(struct sqlite_warehouse *self, GArray *findings, GError **error)
{
  if (!sqlite_schema_refuse_other(self, false, error)) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
    g_autofree char *name = object_name(self, &objects[i]);
    bool exists = false;
    if (!object_exists(self, name, &exists, error)) return false;
    if (!exists)
      finding_add(findings, name, NULL, g_strdup("does not exist yet; the first writing command makes it"), false);
  }
  return source_check(self, findings, error);
}

static bool is_fatal(const GArray *findings)
{
  for (guint i = 0; i < findings->len; i++)
    if (g_array_index(findings, struct schema_finding, i).is_fatal) return true;
  return false;
}

/* What stands in the user's columns is looked at where the columns themselves are right. */
bool sqlite_schema_check(struct warehouse *warehouse, GArray *findings, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  g_autofree char *table = sql_names_plain(&self->db.names, "leads");
  bool has_leads = false;
  if (!structure_check(self, findings, error) || !object_exists(self, table, &has_leads, error)) return false;
  if (has_leads && !is_fatal(findings) && !sqlite_flags_check(self, findings, error)) return false;
  return sqlite_exclusion_check(self, findings, error);
}

bool sqlite_schema_lost(struct warehouse *warehouse, const char **table, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  int64_t version, there_n = 0;
  *table = NULL;
  if (!version_read(self, &version, error)) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(objects) && !is_earlier(version); i++) {
    bool exists = false;
    if (objects[i].kind != OBJECT_OURS) continue;
    if (!object_exists(self, objects[i].name, &exists, error)) return false;
    there_n += exists;
    if (!exists) *table = objects[i].name;
  }
  if (there_n == 0) *table = NULL;
  return true;
}

bool sqlite_schema_ready(struct warehouse *warehouse, bool *created, GError **error)
{
  return schema_whole(warehouse, error) && sqlite_schema_apply(warehouse, created, error);
}

/* ---- standing in ---- */

bool sqlite_schema_shadow(struct sqlite_warehouse *self, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
    g_autofree char *name = object_name(self, &objects[i]);
    bool exists = false;
    if (objects[i].kind == OBJECT_PART) continue;
    if (!object_exists(self, name, &exists, error)) return false;
    if (exists) continue;
    if (!sqlite_db_create_temporary(&self->db, objects[i].create, error)) return false;
  }
  return true;
}

bool sqlite_schema_print(struct warehouse *warehouse, GString *text, GError **error)
{
  (void)error;
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
    g_autofree char *one = sqlite_db_text(&self->db, objects[i].create);
    g_string_append_printf(text, "%s%s;\n", i > 0 ? "\n" : "", g_strchomp(one));
  }
  return true;
}
