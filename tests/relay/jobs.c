/* Jobs: each runs once, under its id, and is remembered with its rows. A failed job is a refused question where it was
 * asked as one (jobs.query, jobs.getQueryResults) and a state where it is looked up (jobs.insert, jobs.get). */
#include "relay.h"

#include <string.h>

#define BILLED_PER_JOB 10485760 /* the least that BigQuery bills */
#define SCRATCH        "leadferry_"

struct relay_job {
  char *id, *name;
  cJSON *answer; /* the emulator's: schema and rows */
  int64_t rows_n;
  char *reason, *message; /* of a failed one */
  int64_t status;         /* that a question for it is answered with */
  int64_t polls_n;        /* so often it is not finished yet */
};

void relay_job_free(gpointer data)
{
  struct relay_job *job = data;
  cJSON_Delete(job->answer);
  g_free(job->id);
  g_free(job->name);
  g_free(job->reason);
  g_free(job->message);
  g_free(job);
}

const char *relay_job_name(struct relay *relay, const char *job_id)
{
  const struct relay_job *job = g_hash_table_lookup(relay->jobs, job_id);
  return job ? job->name : NULL;
}

/* ---- running ---- */

static void job_fail(struct relay_job *job, int64_t status, const char *reason, const char *message)
{
  job->status = status;
  job->reason = g_strdup(reason);
  job->message = g_strdup(message ? message : "The job failed by a rule of the test");
}

/* The emulator has one reason for all; what it cannot run is BigQuery's "invalidQuery". */
static void job_fail_as_said(struct relay_job *job, int64_t status, const char *answer)
{
  g_autoptr(cJSON) tree = json_parse(answer, strlen(answer), NULL);
  const char *message = json_string(json_get(tree, "error"), "message");
  bool is_absent = message && (strstr(message, "Table not found") || strstr(message, "not found: "));
  if (status == 0)
    job_fail(job, 400, "jobBackendError", "the emulator does not answer");
  else
    job_fail(job, is_absent ? 404 : 400, is_absent ? "notFound" : "invalidQuery", message);
}

/* The first statements of a script, as they are joined by the product. */
static char *statements_first(const char *sql, int64_t n)
{
  const char *at = sql;
  for (; n > 0 && at; n--) {
    at = strstr(at, ";\n");
    if (at) at += 2;
  }
  return at ? g_strndup(sql, (gsize)(at - sql)) : g_strdup(sql);
}

/* The emulator keeps the names of temporary tables, BigQuery forgets them with the job. */
static char *scratch_renamed(const char *sql, int64_t jobs_n)
{
  g_autofree char *fresh = g_strdup_printf(SCRATCH "r%" G_GINT64_FORMAT "_", jobs_n);
  g_auto(GStrv) parts = g_strsplit(sql, SCRATCH, -1);
  return g_strjoinv(fresh, parts);
}

static char *body_for_emulator(const struct relay *relay, const cJSON *config, const struct trouble *trouble)
{
  static const char *const members[] = {"parameterMode", "queryParameters", "defaultDataset"};
  g_autoptr(cJSON) body = cJSON_CreateObject();
  const char *sql = json_string(config, "query");
  g_autofree char *part =
      statements_first(sql ? sql : "", trouble->has_failed_job ? trouble->statements_n : G_MAXINT32);
  g_autofree char *text = scratch_renamed(part, relay->jobs_n);
  cJSON_AddStringToObject(body, "query", text);
  cJSON_AddBoolToObject(body, "useLegacySql", false);
  cJSON_AddBoolToObject(cJSON_AddObjectToObject(body, "formatOptions"), "useInt64Timestamp", true);
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
    const cJSON *member = json_get(config, members[i]);
    if (member) cJSON_AddItemToObject(body, members[i], cJSON_Duplicate(member, true));
  }
  char *printed = cJSON_PrintUnformatted(body);
  char *result = g_strdup(printed);
  cJSON_free(printed);
  return result;
}

static void job_run(struct relay *relay, struct relay_job *job, const cJSON *config, const struct trouble *trouble)
{
  bool has_work = !trouble->has_failed_job || trouble->statements_n > 0;
  g_autoptr(GString) out = g_string_new(NULL);
  g_autofree char *body = body_for_emulator(relay, config, trouble);
  int64_t status = has_work ? relay_ask(relay, "POST", "/bigquery/v2/projects/test/queries", body, out) : 0;
  if (trouble->has_failed_job) {
    job_fail(job, 400, trouble->reason ? trouble->reason : "jobBackendError", trouble->message);
  } else if (status != 200) {
    job_fail_as_said(job, status, out->str);
  } else {
    job->answer = json_parse(out->str, out->len, NULL);
    job->rows_n = cJSON_GetArraySize(json_array(job->answer, "rows"));
    relay->bytes_billed += BILLED_PER_JOB;
  }
}

/* Takes id. */
static struct relay_job *job_new(struct relay *relay, char *id, const struct relay_request *request,
                                 const cJSON *config, const struct trouble *trouble)
{
  struct relay_job *job = g_new0(struct relay_job, 1);
  relay->jobs_n++;
  job->id = id;
  job->name = g_strdup(request->subject);
  job->polls_n = relay->settings.polls_n + trouble->polls_n;
  g_hash_table_replace(relay->jobs, g_strdup(id), job);
  job_run(relay, job, config, trouble);
  return job;
}

/* ---- questions ---- */

/* "12" of a token "p12": where a page begins. */
static int64_t page_begin(const char *token)
{
  return token ? (int64_t)g_ascii_strtoull(token + 1, NULL, 10) : 0;
}

static void reference_append(GString *out, const struct relay_job *job)
{
  g_string_append(out, ",\"jobReference\":{\"projectId\":\"test\"");
  json_append_str(out, "jobId", job->id);
  json_append_str(out, "location", "US");
  g_string_append_c(out, '}');
}

static void member_append(GString *out, const char *name, const cJSON *tree)
{
  char *text = tree ? cJSON_PrintUnformatted(tree) : NULL;
  if (!text) return;
  json_append_key(out, name);
  g_string_append(out, text);
  cJSON_free(text);
}

static void rows_append(GString *out, const struct relay_job *job, int64_t from, int64_t to)
{
  json_append_key(out, "rows");
  g_string_append_c(out, '[');
  const cJSON *row = NULL;
  int64_t n = 0;
  cJSON_ArrayForEach(row, json_array(job->answer, "rows"))
  {
    bool is_wanted = n >= from && n < to;
    n++;
    if (!is_wanted) continue;
    char *text = cJSON_PrintUnformatted(row);
    if (out->str[out->len - 1] != '[') g_string_append_c(out, ',');
    g_string_append(out, text);
    cJSON_free(text);
  }
  g_string_append_c(out, ']');
}

/* Which page is asked for. */
struct wish {
  const char *token;
  int64_t max_n;
};

static struct wish wish_of(const struct relay_request *request)
{
  const char *max_text = g_hash_table_lookup(request->query, "maxResults");
  struct wish wish = {.token = g_hash_table_lookup(request->query, "pageToken"), .max_n = 100000};
  if (max_text) wish.max_n = (int64_t)g_ascii_strtoull(max_text, NULL, 10);
  (void)json_int(request->json, "maxResults", &wish.max_n);
  return wish;
}

static void page_append(const struct relay *relay, const struct relay_job *job, const struct wish *wish,
                        const struct trouble *trouble, GString *out)
{
  int64_t from = page_begin(wish->token), limit = relay->settings.page_rows;
  int64_t page_n = limit > 0 ? MIN(limit, wish->max_n) : wish->max_n;
  bool is_first = !wish->token && job->rows_n > 0 && wish->max_n > 0;
  bool is_empty = relay->settings.has_empty_pages && is_first;
  int64_t to = is_empty ? 0 : MIN(from + page_n, job->rows_n);
  g_autofree char *total = g_strdup_printf("%" G_GINT64_FORMAT, job->rows_n + trouble->total_by);
  member_append(out, "schema", json_get(job->answer, "schema"));
  json_append_str(out, "totalRows", total);
  rows_append(out, job, from, to);
  g_autofree char *next = g_strdup_printf("%s%" G_GINT64_FORMAT, is_empty ? "e" : "p", to);
  if (trouble->is_repeating && wish->token)
    json_append_str(out, "pageToken", wish->token);
  else if (to < job->rows_n && wish->max_n > 0)
    json_append_str(out, "pageToken", next);
}

/* An answer to a question about a job: not yet, failed, or a page of its rows. */
static void results_append(struct relay *relay, struct relay_job *job, const struct relay_request *request,
                           const struct trouble *trouble, struct relay_reply *reply)
{
  struct wish wish = wish_of(request);
  bool is_complete = job->polls_n <= 0;
  job->polls_n--;
  if (is_complete && job->reason) {
    relay_refuse(reply, job->status, job->reason, job->message);
    return;
  }
  GString *out = reply->body;
  g_string_assign(out, is_complete ? "{\"jobComplete\":true" : "{\"jobComplete\":false");
  if (!trouble->is_jobless) reference_append(out, job);
  g_autofree char *billed = g_strdup_printf("%d", BILLED_PER_JOB);
  bool tells_cost = strcmp(request->call, "jobs.query") == 0;
  if (is_complete && tells_cost) json_append_str(out, "totalBytesBilled", billed);
  if (is_complete) page_append(relay, job, &wish, trouble, out);
  g_string_append_c(out, '}');
}

static char *request_key(const struct relay_request *request)
{
  const char *id = json_string(request->json, "requestId");
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, request->body->str, -1);
  return id ? g_strconcat(id, " ", hash, NULL) : NULL;
}

void relay_jobs_query(struct relay *relay, const struct relay_request *request, const struct trouble *trouble,
                      struct relay_reply *reply)
{
  bool is_dry = false;
  if (json_bool(request->json, "dryRun", &is_dry) && is_dry) {
    relay_pass_on(relay, request, reply);
    return;
  }
  g_autofree char *key = request_key(request);
  struct relay_job *job = key ? g_hash_table_lookup(relay->requests, key) : NULL;
  if (!job) {
    job = job_new(relay, g_strdup_printf("relay_%" G_GINT64_FORMAT, relay->jobs_n), request, request->json, trouble);
    if (key) g_hash_table_replace(relay->requests, g_steal_pointer(&key), job);
  }
  results_append(relay, job, request, trouble, reply);
}

static bool job_named(struct relay *relay, const struct relay_request *request, struct relay_job **job,
                      struct relay_reply *reply)
{
  *job = g_hash_table_lookup(relay->jobs, request->job_id);
  if (*job) return true;
  g_autofree char *message = g_strdup_printf("Not found: Job test:US.%s", request->job_id);
  relay_refuse(reply, 404, "notFound", message);
  return false;
}

void relay_jobs_results(struct relay *relay, const struct relay_request *request, const struct trouble *trouble,
                        struct relay_reply *reply)
{
  struct relay_job *job = NULL;
  if (job_named(relay, request, &job, reply)) results_append(relay, job, request, trouble, reply);
}

/* ---- states ---- */

static void state_append(struct relay_job *job, struct relay_reply *reply)
{
  GString *out = reply->body;
  bool is_done = job->polls_n <= 0;
  job->polls_n--;
  g_string_assign(out, "{\"kind\":\"bigquery#job\"");
  reference_append(out, job);
  g_string_append(out, ",\"status\":{");
  json_append_str(out, "state", is_done ? "DONE" : "RUNNING");
  if (is_done && job->reason) {
    g_string_append(out, ",\"errorResult\":{");
    json_append_str(out, "reason", job->reason);
    json_append_str(out, "message", job->message);
    g_string_append_c(out, '}');
  }
  g_autofree char *billed = g_strdup_printf("%d", job->reason ? 0 : BILLED_PER_JOB);
  g_string_append(out, "},\"statistics\":{");
  json_append_str(out, "totalBytesProcessed", billed);
  g_string_append(out, ",\"query\":{");
  json_append_str(out, "totalBytesBilled", billed);
  g_string_append(out, "}}}");
}

void relay_jobs_insert(struct relay *relay, const struct relay_request *request, const struct trouble *trouble,
                       struct relay_reply *reply)
{
  const char *id = json_string(json_get(request->json, "jobReference"), "jobId");
  const cJSON *config = json_get(json_get(request->json, "configuration"), "query");
  if (!id || !config) {
    relay_pass_on(relay, request, reply);
    return;
  }
  if (g_hash_table_contains(relay->jobs, id)) {
    g_autofree char *message = g_strdup_printf("Already Exists: Job test:US.%s", id);
    relay_refuse(reply, 409, "duplicate", message);
    return;
  }
  state_append(job_new(relay, g_strdup(id), request, config, trouble), reply);
}

void relay_jobs_get(struct relay *relay, const struct relay_request *request, struct relay_reply *reply)
{
  struct relay_job *job = NULL;
  if (job_named(relay, request, &job, reply)) state_append(job, reply);
}
