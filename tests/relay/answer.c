/* Who answers what: our own jobs, rows and tokens, or the emulator. */
#include "base/clock.h"
#include "relay.h"

#include <curl/curl.h>
#include <string.h>

/* ---- which call it is ---- */

/* One row: what stands behind /projects/P, with '*' for a name. */
struct route {
  const char *method, *path, *call;
};

static const struct route routes[] = {
    {"POST", "queries", "jobs.query"},
    {"GET", "queries/*", "jobs.getQueryResults"},
    {"POST", "jobs", "jobs.insert"},
    {"GET", "jobs/*", "jobs.get"},
    {"POST", "jobs/*/cancel", "jobs.cancel"},
    {"GET", "datasets/*", "datasets.get"},
    {"POST", "datasets/*/tables", "tables.insert"},
    {"GET", "datasets/*/tables/*", "tables.get"},
    {"PATCH", "datasets/*/tables/*", "tables.patch"},
    {"POST", "datasets/*/tables/*/insertAll", "tabledata.insertAll"},
    {"POST", "datasets/*/tables/*", "tables.testIamPermissions"},
};

static bool parts_fit(GStrv parts, const char *path)
{
  g_auto(GStrv) wanted = g_strsplit(path, "/", -1);
  if (g_strv_length(wanted) != g_strv_length(parts)) return false;
  for (size_t i = 0; wanted[i]; i++)
    if (strcmp(wanted[i], "*") != 0 && strcmp(wanted[i], parts[i]) != 0) return false;
  return true;
}

static const char *call_of(const char *method, GStrv parts)
{
  for (size_t i = 0; i < G_N_ELEMENTS(routes); i++)
    if (strcmp(routes[i].method, method) == 0 && parts_fit(parts, routes[i].path)) return routes[i].call;
  return "other";
}

/* The statement is in the job's labels; a table in the path. */
static const char *subject_of(struct relay *relay, const struct relay_request *request, GStrv parts)
{
  const cJSON *labels = json_get(request->json, "labels");
  if (!labels) labels = json_get(json_get(request->json, "configuration"), "labels");
  if (labels) return json_string(labels, "leadferry_statement");
  if (request->job_id) return relay_job_name(relay, request->job_id);
  if (g_strv_length(parts) >= 4) return parts[3];
  return json_string(json_get(request->json, "tableReference"), "tableId");
}

void relay_route(struct relay *relay, struct relay_request *request)
{
  static const char root[] = "/bigquery/v2/projects/";
  const char *project = strstr(request->path, root), *rest = project ? strchr(project + strlen(root), '/') : NULL;
  request->is_of_tokens = g_str_has_prefix(request->path, "/computeMetadata/");
  request->json = json_parse(request->body->str, request->body->len, NULL);
  request->call = request->is_of_tokens ? "token" : "other";
  if (!rest) return;
  g_auto(GStrv) parts = g_strsplit(rest + 1, "/", -1);
  request->call = call_of(request->method, parts);
  bool is_about_job = parts[1] && (strcmp(parts[0], "queries") == 0 || strcmp(parts[0], "jobs") == 0);
  if (is_about_job) request->job_id = g_strdup(parts[1]);
  request->subject = g_strdup(subject_of(relay, request, parts));
}

/* ---- the emulator ---- */

static size_t on_bytes(char *bytes, size_t size, size_t n, void *out)
{
  g_string_append_len(out, bytes, (gssize)(size * n));
  return size * n;
}

int64_t relay_ask(struct relay *relay, const char *method, const char *path, const char *body, GString *out)
{
  long status = 0;
  CURL *curl = relay->curl;
  g_autofree char *url = g_strconcat(relay->upstream, path, NULL);
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
  curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, 5L);
  if (body) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
  if (curl_easy_perform(curl) == CURLE_OK) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  return status;
}

void relay_pass_on(struct relay *relay, const struct relay_request *request, struct relay_reply *reply)
{
  bool has_body = request->body->len > 0;
  g_autoptr(GString) out = g_string_new(NULL);
  int64_t status = relay_ask(relay, request->method, request->path, has_body ? request->body->str : NULL, out);
  if (status == 0) {
    relay_refuse(reply, 502, "badGateway", "the emulator does not answer");
    return;
  }
  reply->status = (unsigned)status;
  g_string_assign(reply->body, out->str);
}

void relay_refuse(struct relay_reply *reply, int64_t status, const char *reason, const char *message)
{
  const char *said = message ? message : "refused by a rule of the test";
  reply->status = (unsigned)status;
  g_string_assign(reply->body, "{\"error\":{");
  json_append_int(reply->body, "code", status);
  json_append_str(reply->body, "message", said);
  json_append_key(reply->body, "errors");
  g_string_append(reply->body, "[{");
  json_append_str(reply->body, "reason", reason ? reason : "backendError");
  json_append_str(reply->body, "domain", "global");
  json_append_str(reply->body, "message", said);
  g_string_append(reply->body, "}]}}");
}

/* ---- tokens ---- */

static void token_give(struct relay *relay, struct relay_reply *reply)
{
  if (relay->is_revoked) {
    reply->status = 403;
    g_string_assign(reply->body, "{\"error\":\"access_denied\",\"error_description\":\"Account disabled\"}");
    return;
  }
  int64_t *ends_us = g_new(int64_t, 1);
  *ends_us = clock_mono_us(clock_system()) + relay->settings.token_s * SECOND_US;
  char *token = g_strdup_printf("relay-token-%" G_GINT64_FORMAT, ++relay->tokens_n);
  g_hash_table_replace(relay->tokens, token, ends_us);
  g_string_assign(reply->body, "{");
  json_append_str(reply->body, "access_token", token);
  json_append_int(reply->body, "expires_in", relay->settings.token_s);
  json_append_str(reply->body, "token_type", "Bearer");
  g_string_append_c(reply->body, '}');
}

bool relay_token_check(struct relay *relay, const struct relay_request *request, struct relay_reply *reply)
{
  const char *said = request->authorization;
  if (!relay->settings.wants_tokens || request->is_of_tokens) return true;
  const char *token = said && g_str_has_prefix(said, "Bearer ") ? said + strlen("Bearer ") : "";
  const int64_t *ends_us = g_hash_table_lookup(relay->tokens, token);
  if (ends_us && *ends_us > clock_mono_us(clock_system())) return true;
  relay_refuse(reply, 401, "authError", "Request had invalid authentication credentials.");
  return false;
}

/* ---- the work ---- */

/* A table as the emulator shows it, with the streaming buffer that the test wishes. */
static void table_get(struct relay *relay, const struct relay_request *request, struct relay_reply *reply)
{
  int64_t age_s = relay->settings.buffer_age_s;
  relay_pass_on(relay, request, reply);
  g_autoptr(cJSON) tree = json_parse(reply->body->str, reply->body->len, NULL);
  if (reply->status != 200 || age_s < 0 || !tree) return;
  cJSON *buffer = cJSON_AddObjectToObject(tree, "streamingBuffer");
  g_autofree char *oldest_ms =
      g_strdup_printf("%" G_GINT64_FORMAT, (clock_wall_us(clock_system()) - age_s * SECOND_US) / 1000);
  cJSON_AddStringToObject(buffer, "oldestEntryTime", oldest_ms);
  cJSON_AddStringToObject(buffer, "estimatedRows", "1");
  char *text = cJSON_PrintUnformatted(tree);
  g_string_assign(reply->body, text);
  cJSON_free(text);
}

void relay_work(struct relay *relay, const struct relay_request *request, const struct trouble *trouble,
                struct relay_reply *reply)
{
  const char *call = request->call;
  if (request->is_of_tokens)
    token_give(relay, reply);
  else if (strcmp(call, "jobs.query") == 0)
    relay_jobs_query(relay, request, trouble, reply);
  else if (strcmp(call, "jobs.insert") == 0)
    relay_jobs_insert(relay, request, trouble, reply);
  else if (strcmp(call, "jobs.getQueryResults") == 0)
    relay_jobs_results(relay, request, trouble, reply);
  else if (strcmp(call, "jobs.get") == 0 || strcmp(call, "jobs.cancel") == 0)
    relay_jobs_get(relay, request, reply);
  else if (strcmp(call, "tabledata.insertAll") == 0)
    relay_insert_all(relay, request, trouble, reply);
  else if (strcmp(call, "tables.get") == 0)
    table_get(relay, request, reply);
  else
    relay_pass_on(relay, request, reply);
}
