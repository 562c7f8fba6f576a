/* Tables and datasets: what they look like, and making them. All of it is free. */
#include "google/private.h"

#include <string.h>

/* Path of a table; more is appended to it, or NULL. */
static void table_path(struct ask *ask, const struct bigquery *bigquery, const struct bigquery_table *table,
                       const char *more)
{
  const char *project = table->project ? table->project : bigquery->project;
  g_autofree char *last = g_strconcat(table->table, more, NULL);
  ask_path(ask, API_ROOT, (const char *[]){project, "datasets", table->dataset, "tables", last, NULL});
}

/* ---- reading ---- */

static void field_clear(gpointer data)
{
  struct bigquery_field *field = data;
  g_free(field->name);
  g_free(field->type);
  g_free(field->mode);
}

/* A count that comes as a string; missing when absent or unreadable. */
static int64_t count_of(const cJSON *object, const char *name, int64_t missing)
{
  const char *text = json_string(object, name);
  gint64 count = 0;
  return text && g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &count, NULL) ? count : missing;
}

static int64_t ms_as_us(int64_t ms)
{
  return ms > 0 && ms < INT64_MAX / 1000 ? ms * 1000 : 0;
}

/* The REST API's word for a type; tables that were made with SQL's words may come with those. */
static char *type_word(const char *type)
{
  static const char *const words[][2] = {
      {"INT64", "INTEGER"}, {"BOOL", "BOOLEAN"}, {"FLOAT64", "FLOAT"}, {"STRUCT", "RECORD"}};
  char *upper = g_ascii_strup(type, -1);
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    if (strcmp(upper, words[i][0]) != 0) continue;
    g_free(upper);
    return g_strdup(words[i][1]);
  }
  return upper;
}

static bool read_field(const cJSON *entry, GArray *fields)
{
  const char *name = json_string(entry, "name"), *type = json_string(entry, "type"), *mode = json_string(entry, "mode");
  if (!name || !type) return false;
  struct bigquery_field field = {g_strdup(name), type_word(type), g_strdup(mode ? mode : "NULLABLE"),
                                 count_of(entry, "maxLength", 0)};
  g_array_append_val(fields, field);
  return true;
}

static bool read_table(const cJSON *tree, struct bigquery_table_info *info)
{
  const cJSON *buffer = json_get(tree, "streamingBuffer"), *field = NULL;
  info->type = g_strdup(json_string(tree, "type"));
  info->etag = g_strdup(json_string(tree, "etag"));
  info->location = g_strdup(json_string(tree, "location"));
  info->description = g_strdup(json_string(tree, "description"));
  info->labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  cJSON_ArrayForEach(field, json_get(tree, "labels"))
  {
    if (cJSON_IsString(field))
      g_hash_table_replace(info->labels, g_strdup(field->string), g_strdup(field->valuestring));
  }
  info->partitioned = g_strdup(json_string(json_get(tree, "timePartitioning"), "field"));
  info->needs_partition_filter = cJSON_IsTrue(json_get(tree, "requirePartitionFilter")) ||
                                 cJSON_IsTrue(json_get(json_get(tree, "timePartitioning"), "requirePartitionFilter"));
  info->rows_n = count_of(tree, "numRows", -1);
  info->bytes_n = count_of(tree, "numBytes", -1);
  info->modified_us = ms_as_us(count_of(tree, "lastModifiedTime", 0));
  info->expires_us = ms_as_us(count_of(tree, "expirationTime", 0));
  info->partitions_live_us = ms_as_us(count_of(json_get(tree, "timePartitioning"), "expirationMs", 0));
  info->streaming_oldest_us = ms_as_us(count_of(buffer, "oldestEntryTime", 0));
  info->streaming_rows_n = count_of(buffer, "estimatedRows", 0);
  info->fields = g_array_new(FALSE, FALSE, sizeof(struct bigquery_field));
  g_array_set_clear_func(info->fields, field_clear);
  const cJSON *fields = json_array(json_get(tree, "schema"), "fields");
  char *text = cJSON_PrintUnformatted(fields);
  info->fields_json = g_strdup(text ? text : "[]");
  cJSON_free(text);
  cJSON_ArrayForEach(field, fields)
  {
    if (!read_field(field, info->fields)) return false;
  }
  return cJSON_IsObject(tree);
}

void bigquery_table_info_clear(struct bigquery_table_info *info)
{
  g_clear_pointer(&info->type, g_free);
  g_clear_pointer(&info->etag, g_free);
  g_clear_pointer(&info->location, g_free);
  g_clear_pointer(&info->description, g_free);
  g_clear_pointer(&info->labels, g_hash_table_unref);
  g_clear_pointer(&info->partitioned, g_free);
  g_clear_pointer(&info->fields_json, g_free);
  g_clear_pointer(&info->fields, g_array_unref);
}

bool bigquery_table_get(struct bigquery *bigquery, const struct bigquery_table *table, struct bigquery_table_info *info,
                        GError **error)
{
  *info = (struct bigquery_table_info){0};
  bigquery->last = (struct refusal){0};
  ask_scope struct ask ask = {.method = "GET", .route = "tables.get", .name = table->table, .is_read = true};
  table_path(&ask, bigquery, table, NULL);
  if (!ask_send(bigquery, &ask, error)) return false;
  g_autoptr(cJSON) tree = ask_parse(&ask, error);
  if (!tree) return false;
  bool is_read = read_table(tree, info);
  if (is_read) location_learn(bigquery, info->location);
  if (is_read) return true;
  bigquery_table_info_clear(info);
  error_set(error, ERROR_CORRUPT, "BigQuery's description of the table %s cannot be read", table->table);
  return false;
}

bool bigquery_dataset_location(struct bigquery *bigquery, const char *project, const char *dataset, char **location,
                               GError **error)
{
  *location = NULL;
  bigquery->last = (struct refusal){0};
  ask_scope struct ask ask = {.method = "GET", .route = "datasets.get", .name = dataset, .is_read = true};
  ask_path(&ask, API_ROOT, (const char *[]){project ? project : bigquery->project, "datasets", dataset, NULL});
  if (!ask_send(bigquery, &ask, error)) return false;
  g_autoptr(cJSON) tree = ask_parse(&ask, error);
  if (!tree) return false;
  *location = g_strdup(json_string(tree, "location"));
  return true;
}

/* ---- changing ---- */

/* {"tableReference":{...},REST} from the caller's {REST}. */
static GString *table_resource(const struct bigquery *bigquery, const struct bigquery_table *table, const char *json)
{
  GString *body = g_string_new("{\"tableReference\":{");
  json_append_str(body, "projectId", table->project ? table->project : bigquery->project);
  json_append_str(body, "datasetId", table->dataset);
  json_append_str(body, "tableId", table->table);
  g_string_append_c(body, '}');
  const char *rest = strchr(json, '{');
  g_assert(rest);
  rest += 1 + strspn(rest + 1, " \n\r\t");
  if (*rest != '}') g_string_append_c(body, ',');
  return g_string_append(body, rest);
}

bool bigquery_table_insert(struct bigquery *bigquery, const struct bigquery_table *table, const char *json,
                           bool *is_made, GError **error)
{
  g_autoptr(GError) problem = NULL;
  bigquery->last = (struct refusal){0};
  ask_scope struct ask ask = {.method = "POST", .route = "tables.insert", .name = table->table};
  const char *project = table->project ? table->project : bigquery->project;
  ask.body = table_resource(bigquery, table, json);
  ask_path(&ask, API_ROOT, (const char *[]){project, "datasets", table->dataset, "tables", NULL});
  *is_made = ask_send(bigquery, &ask, &problem);
  if (*is_made || bigquery->last.cause == BIGQUERY_CAUSE_DUPLICATE) return true;
  g_propagate_error(error, g_steal_pointer(&problem));
  return false;
}

bool bigquery_table_patch(struct bigquery *bigquery, const struct bigquery_table *table, const char *json,
                          const char *etag, GError **error)
{
  bigquery->last = (struct refusal){0};
  ask_scope struct ask ask = {.method = "PATCH", .route = "tables.patch", .name = table->table, .etag = etag};
  ask.body = g_string_new(json);
  table_path(&ask, bigquery, table, NULL);
  return ask_send(bigquery, &ask, error);
}

/* ---- rights ---- */

static bool is_named(const cJSON *names, const char *name)
{
  const cJSON *item = NULL;
  cJSON_ArrayForEach(item, names)
  {
    if (g_strcmp0(cJSON_GetStringValue(item), name) == 0) return true;
  }
  return false;
}

bool bigquery_table_permissions(struct bigquery *bigquery, const struct bigquery_table *table,
                                const char *const *permissions, bool *is_granted, GError **error)
{
  bigquery->last = (struct refusal){0};
  ask_scope struct ask ask = {
      .method = "POST", .route = "tables.testIamPermissions", .name = table->table, .is_read = true};
  ask.body = g_string_new("{\"permissions\":");
  json_append_strings(ask.body, permissions, g_strv_length((char **)permissions));
  g_string_append_c(ask.body, '}');
  table_path(&ask, bigquery, table, ":testIamPermissions");
  if (!ask_send(bigquery, &ask, error)) return false;
  g_autoptr(cJSON) tree = ask_parse(&ask, error);
  if (!tree) return false;
  for (size_t i = 0; permissions[i]; i++) {
    is_granted[i] = is_named(json_array(tree, "permissions"), permissions[i]);
  }
  return true;
}
