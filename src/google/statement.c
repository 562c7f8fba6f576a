/* Statements as JSON: the text, and typed parameters. Every scalar value is a string there; NULL is a value left out.
 */
#include "google/private.h"

#include <string.h>

static const char *const type_names[BIGQUERY_TYPES_N] = {
    [BIGQUERY_STRING] = "STRING",   [BIGQUERY_INT64] = "INT64",         [BIGQUERY_BOOL] = "BOOL",
    [BIGQUERY_FLOAT64] = "FLOAT64", [BIGQUERY_TIMESTAMP] = "TIMESTAMP", [BIGQUERY_STRINGS] = "ARRAY",
};

/* "2026-11-22 13:05:09.123456+00:00" */
static char *timestamp_text(int64_t wall_us)
{
  g_autofree char *text = time_format_us(wall_us);
  text[strlen(text) - 1] = '\0';
  text[10] = ' ';
  return g_strconcat(text, "+00:00", NULL);
}

static char *value_text(const struct bigquery_parameter *parameter)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];
  switch (parameter->type) {
  case BIGQUERY_INT64: return g_strdup_printf("%" G_GINT64_FORMAT, parameter->number);
  case BIGQUERY_BOOL: return g_strdup(parameter->number != 0 ? "true" : "false");
  case BIGQUERY_FLOAT64: return g_strdup(g_ascii_dtostr(buffer, sizeof buffer, parameter->real));
  case BIGQUERY_TIMESTAMP: return timestamp_text(parameter->number);
  case BIGQUERY_STRING:
  case BIGQUERY_STRINGS:
  case BIGQUERY_TYPES_N: break;
  }
  return g_strdup(parameter->text);
}

static void append_texts(GString *out, const struct bigquery_parameter *parameter)
{
  json_append_key(out, "arrayValues");
  g_string_append_c(out, '[');
  for (size_t i = 0; i < parameter->texts_n; i++) {
    g_string_append(out, i > 0 ? ",{" : "{");
    json_append_str(out, "value", parameter->texts[i]);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

static void append_parameter(GString *out, const struct bigquery_parameter *parameter)
{
  bool is_list = parameter->type == BIGQUERY_STRINGS;
  json_append_str(out, "name", parameter->name);
  json_append_key(out, "parameterType");
  g_string_append_c(out, '{');
  json_append_str(out, "type", type_names[parameter->type]);
  if (is_list) g_string_append(out, ",\"arrayType\":{\"type\":\"STRING\"}");
  g_string_append_c(out, '}');
  json_append_key(out, "parameterValue");
  g_string_append_c(out, '{');
  if (is_list && !parameter->is_null) append_texts(out, parameter);
  g_autofree char *text = is_list || parameter->is_null ? NULL : value_text(parameter);
  if (text) json_append_str(out, "value", text);
  g_string_append_c(out, '}');
}

void statement_append(GString *out, const struct bigquery_statement *statement)
{
  json_append_str(out, "query", statement->sql);
  json_append_bool(out, "useLegacySql", false);
  if (statement->parameters_n == 0) return;
  json_append_str(out, "parameterMode", "NAMED");
  json_append_key(out, "queryParameters");
  g_string_append_c(out, '[');
  for (size_t i = 0; i < statement->parameters_n; i++) {
    g_string_append(out, i > 0 ? ",{" : "{");
    append_parameter(out, &statement->parameters[i]);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

void limits_append(GString *out, const struct bigquery *bigquery)
{
  g_autofree char *bytes = g_strdup_printf("%" G_GINT64_FORMAT, bigquery->maximum_bytes_billed);
  if (bigquery->maximum_bytes_billed > 0) json_append_str(out, "maximumBytesBilled", bytes);
  if (!bigquery->dataset) return;
  json_append_key(out, "defaultDataset");
  g_string_append_c(out, '{');
  json_append_str(out, "projectId", bigquery->project);
  json_append_str(out, "datasetId", bigquery->dataset);
  g_string_append_c(out, '}');
}
