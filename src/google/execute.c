/* Writing by jobs: statements and loads. */
#include "google/private.h"

#include <string.h>

#define JOB_ID_MAX_BYTES 1000

static bool check_job_id(const char *job_id, GError **error)
{
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  size_t length = strlen(job_id);
  if (length > 0 && length <= JOB_ID_MAX_BYTES && strspn(job_id, allowed) == length) return true;
  error_set(error, ERROR_CONFIG, "a BigQuery job cannot be called \"%.80s\": letters, digits, _ and - alone", job_id);
  return false;
}

/* "jobReference", "jobTimeoutMs" and the labels; the configuration is left open. */
static void append_job(GString *body, const struct bigquery *bigquery, const char *job_id, const char *name)
{
  g_string_append(body, "{\"jobReference\":{");
  json_append_str(body, "projectId", bigquery->project);
  json_append_str(body, "jobId", job_id);
  if (bigquery->location) json_append_str(body, "location", bigquery->location);
  g_autofree char *timeout_ms = g_strdup_printf("%" G_GINT64_FORMAT, bigquery->job_timeout_us / 1000);
  g_string_append(body, "},\"configuration\":{");
  json_append_str(body, "jobTimeoutMs", timeout_ms);
  labels_append(body, bigquery, name);
}

static void prepare_statement(struct ask *ask, const struct bigquery *bigquery, const char *job_id, const void *context)
{
  const struct bigquery_statement *statement = context;
  ask->body = g_string_new(NULL);
  append_job(ask->body, bigquery, job_id, statement->name);
  g_string_append(ask->body, ",\"query\":{");
  statement_append(ask->body, statement);
  limits_append(ask->body, bigquery);
  g_string_append(ask->body, "}}}");
  ask_path(ask, API_ROOT, (const char *[]){bigquery->project, "jobs", NULL});
  ask_query(ask, "fields", "jobReference(location),status(state,errorResult),statistics");
}

bool bigquery_execute(struct bigquery *bigquery, const struct bigquery_statement *statement, const char *job_id,
                      struct bigquery_result *result, GError **error)
{
  struct job_request request = {
      .job_id = job_id,
      .name = statement->name,
      .route = "jobs.insert",
      .is_query = true,
      .prepare = prepare_statement,
      .context = statement,
  };
  return check_job_id(job_id, error) && job_run(bigquery, &request, result, error);
}

/* ---- loads ---- */

#define BOUNDARY "leadferry-part-of-a-load-job"

static void append_load(GString *body, const struct bigquery *bigquery, const struct bigquery_load *load)
{
  const struct bigquery_table *table = &load->table;
  g_string_append(body, ",\"load\":{\"destinationTable\":{");
  json_append_str(body, "projectId", table->project ? table->project : bigquery->project);
  json_append_str(body, "datasetId", table->dataset);
  json_append_str(body, "tableId", table->table);
  g_string_append_c(body, '}');
  json_append_str(body, "sourceFormat", "NEWLINE_DELIMITED_JSON");
  json_append_str(body, "writeDisposition", load->is_truncating ? "WRITE_TRUNCATE" : "WRITE_APPEND");
  json_append_str(body, "createDisposition", "CREATE_NEVER");
  g_string_append(body, "}}}");
}

static void prepare_load(struct ask *ask, const struct bigquery *bigquery, const char *job_id, const void *context)
{
  const struct bigquery_load *load = context;
  GString *body = g_string_sized_new(load->ndjson_bytes + 1024);
  g_string_append(body, "--" BOUNDARY "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n");
  append_job(body, bigquery, job_id, load->table.table);
  append_load(body, bigquery, load);
  g_string_append(body, "\r\n--" BOUNDARY "\r\nContent-Type: application/octet-stream\r\n\r\n");
  g_string_append_len(body, load->ndjson, (gssize)load->ndjson_bytes);
  g_string_append(body, "\r\n--" BOUNDARY "--\r\n");
  ask->body = body;
  ask->content_type = "multipart/related; boundary=" BOUNDARY;
  ask_path(ask, "/upload" API_ROOT, (const char *[]){bigquery->project, "jobs", NULL});
  ask_query(ask, "uploadType", "multipart");
}

bool bigquery_load(struct bigquery *bigquery, const struct bigquery_load *load, const char *job_id,
                   struct bigquery_result *result, GError **error)
{
  struct job_request request = {
      .job_id = job_id,
      .name = load->table.table,
      .route = "jobs.insert (load)",
      .prepare = prepare_load,
      .context = load,
  };
  return check_job_id(job_id, error) && job_run(bigquery, &request, result, error);
}
