/* Reading, against a scripted BigQuery: what is asked, what is repeated and how, and that no answer is never taken for
 * "no rows". */
#include "google_fixture.h"

#include "base/json.h"
#include "base/log.h"

#include <string.h>

#define SCHEMA    "\"schema\":{\"fields\":[{\"name\":\"id\"},{\"name\":\"n\"}]}"
#define JOB       "\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"job_1\",\"location\":\"EU\"}"
#define ROW(a, b) "{\"f\":[{\"v\":" a "},{\"v\":" b "}]}"
#define ONE_ROW   "{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"1\",\"rows\":[" ROW("\"a\"", "\"1\"") "]}"
#define NOT_YET   "{\"jobComplete\":false," JOB "}"
#define ERROR_BODY(reason, message)                                                                                    \
  "{\"error\":{\"code\":1,\"message\":\"" message "\",\"errors\":[{\"reason\":\"" reason "\",\"message\":\"" message   \
  "\"}]}}"
#define REFUSED(code, reason, message)                                                                                 \
  {                                                                                                                    \
    .status = (code), .body = ERROR_BODY(reason, message)                                                              \
  }
#define BODY(text)                                                                                                     \
  {                                                                                                                    \
    .body = (text)                                                                                                     \
  }
#define STEPS_MAX 8

/* ---- reading ---- */

/* All rows as "a|1\n"; NULL and the error otherwise. */
static char *read_all(struct google_fixture *f, GError **error)
{
  const struct bigquery_parameter parameters[] = {bigquery_text("t", "x"), bigquery_time("at", 1000001)};
  const struct bigquery_statement statement = {"some_rows", "the statement", parameters, 2, 0, 0};
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  g_autoptr(GString) text = g_string_new(NULL);
  if (!bigquery_query(f->bigquery, &statement, &rows, error)) return NULL;
  for (;;) {
    const char *const *cells = NULL;
    if (!bigquery_next(rows, &cells, error)) return NULL;
    if (!cells) break;
    g_string_append_printf(text, "%s|%s\n", cells[0] ? cells[0] : "-", cells[1] ? cells[1] : "-");
  }
  return g_strdup(text->str);
}

static const struct {
  const char *name;
  struct script_step steps[STEPS_MAX];
  size_t steps_n;
  const char *rows; /* NULL: fails */
  enum error_kind kind;
  enum bigquery_cause cause;
  guint requests_n;
} cases[] = {
    {"one page", {BODY(ONE_ROW)}, 1, "a|1\n", 0, 0, 1},
    {"no rows", {BODY("{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"0\"}")}, 1, "", 0, 0, 1},
    {"NULL, escapes, other members",
     {BODY("{\"kind\":\"k\",\"rows\":[" ROW("null",
                                            "\"\\u00e9\\n\\\"\"") "],\"totalRows\":\"1\",\"x\":{\"y\":[1,{}]}," SCHEMA
                                                                  "," JOB ",\"jobComplete\":true}")},
     1,
     "-|\xc3\xa9\n\"\n",
     0,
     0,
     1},
    {"an answer that takes time",
     {BODY(NOT_YET), BODY("{\"jobComplete\":false," JOB "}"), BODY(ONE_ROW), BODY("{}")},
     4,
     "a|1\n",
     0,
     0,
     4},
    {"one whose cost nobody tells",
     {BODY(NOT_YET), BODY(ONE_ROW), REFUSED(403, "accessDenied", "x")},
     3,
     "a|1\n",
     0,
     0,
     3},
    {"pages, one of them without rows",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA
           ",\"totalRows\":\"3\",\"pageToken\":\"t1\",\"rows\":[" ROW("\"a\"", "\"1\"") "]}"),
      BODY("{\"jobComplete\":true,\"totalRows\":\"3\",\"pageToken\":\"t2\"}"),
      BODY("{\"jobComplete\":true,\"totalRows\":\"3\",\"pageToken\":\"t3\",\"rows\":[]}"),
      BODY(
          "{\"jobComplete\":true,\"totalRows\":\"3\",\"rows\":[" ROW("\"b\"", "\"2\"") "," ROW("\"c\"", "\"3\"") "]}")},
     4,
     "a|1\nb|2\nc|3\n",
     0,
     0,
     4},
    /* what is no answer */
    {"an empty object", {BODY("{}")}, 1, NULL, ERROR_CORRUPT, 0, 1},
    {"nothing but a job", {BODY("{\"jobComplete\":true," JOB "}")}, 1, NULL, ERROR_CORRUPT, 0, 1},
    {"no count", {BODY("{\"jobComplete\":true," JOB "," SCHEMA "}")}, 1, NULL, ERROR_CORRUPT, 0, 1},
    {"no schema", {BODY("{\"jobComplete\":true," JOB ",\"totalRows\":\"0\"}")}, 1, NULL, ERROR_CORRUPT, 0, 1},
    {"rows that are missing",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"2\",\"rows\":[" ROW("\"a\"", "\"1\"") "]}")},
     1,
     NULL,
     ERROR_CORRUPT,
     0,
     1},
    {"all rows missing",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"2\"}")},
     1,
     NULL,
     ERROR_CORRUPT,
     0,
     1},
    {"rows too many",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"0\",\"rows\":[" ROW("\"a\"", "\"1\"") "]}")},
     1,
     NULL,
     ERROR_CORRUPT,
     0,
     1},
    {"a count that changes",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA
           ",\"totalRows\":\"2\",\"pageToken\":\"t1\",\"rows\":[" ROW("\"a\"", "\"1\"") "]}"),
      BODY("{\"jobComplete\":true,\"totalRows\":\"1\"}")},
     2,
     NULL,
     ERROR_CORRUPT,
     0,
     2},
    {"a page token that comes back",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA
           ",\"totalRows\":\"9\",\"pageToken\":\"t1\",\"rows\":[" ROW("\"a\"", "\"1\"") "]}"),
      BODY("{\"jobComplete\":true,\"totalRows\":\"9\",\"pageToken\":\"t1\"}")},
     2,
     NULL,
     ERROR_CORRUPT,
     0,
     2},
    {"a row of another width",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"1\",\"rows\":[{\"f\":[{\"v\":\"a\"}]}]}")},
     1,
     NULL,
     ERROR_CORRUPT,
     0,
     3},
    {"rows of different widths",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA
           ",\"totalRows\":\"2\",\"rows\":[" ROW("\"a\"", "\"1\"") ",{\"f\":[{\"v\":\"b\"}]}]}")},
     1,
     NULL,
     ERROR_CORRUPT,
     0,
     3},
    {"a later page of another width",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"1\",\"pageToken\":\"t1\"}"),
      BODY("{\"jobComplete\":true,\"totalRows\":\"1\",\"rows\":[{\"f\":[{\"v\":\"a\"}]}]}")},
     2,
     NULL,
     ERROR_CORRUPT,
     0,
     2},
    {"a member that stands twice",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"1\",\"totalRows\":\"0\"}")},
     1,
     NULL,
     ERROR_CORRUPT,
     0,
     3},
    {"more to come, and of no job",
     {BODY("{\"jobComplete\":true," SCHEMA ",\"totalRows\":\"1\",\"pageToken\":\"t1\"}")},
     1,
     NULL,
     ERROR_CORRUPT,
     0,
     1},
    {"a list in a cell",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"1\",\"rows\":[" ROW("[]", "\"1\"") "]}")},
     1,
     NULL,
     ERROR_CONFIG,
     0,
     1},
    {"HTML",
     {{.headers = "Content-Type: text/html\r\n", .body = "<html>"}},
     1,
     NULL,
     ERROR_REJECTED,
     BIGQUERY_CAUSE_OTHER,
     1},
    {"no JSON, then JSON", {BODY("{\"jobComplete\":tr"), BODY(ONE_ROW)}, 2, "a|1\n", 0, 0, 2},
    {"never JSON", {BODY("{\"jobComplete\":tr")}, 1, NULL, ERROR_CORRUPT, 0, 3},
    {"an answer cut off, then a whole one",
     {{.body = ONE_ROW, .send_max_bytes = 100, .end = END_CLOSE}, BODY(ONE_ROW)},
     2,
     "a|1\n",
     0,
     0,
     2},
    {"a page cut off in its middle",
     {BODY("{\"jobComplete\":true," JOB "," SCHEMA ",\"totalRows\":\"1\",\"pageToken\":\"t1\"}"),
      BODY("{\"jobComplete\":true,\"totalRows\":\"1\",\"rows\":[" ROW("\"a\"", "\"1\"") ",{\"f\""),
      BODY("{\"jobComplete\":true,\"totalRows\":\"1\",\"rows\":[" ROW("\"a\"", "\"1\"") "]}")},
     3,
     "a|1\n",
     0,
     0,
     3},
    {"always reset", {{.answer = "", .end = END_RESET}}, 1, NULL, ERROR_TRANSIENT, BIGQUERY_CAUSE_UNANSWERED, 6},
    /* refusals */
    {"backendError, then an answer", {REFUSED(503, "backendError", "x"), BODY(ONE_ROW)}, 2, "a|1\n", 0, 0, 2},
    {"backendError for ever", {REFUSED(503, "backendError", "x")}, 1, NULL, ERROR_TRANSIENT, BIGQUERY_CAUSE_BACKEND, 6},
    {"rate limit as 403", {REFUSED(403, "rateLimitExceeded", "x"), BODY(ONE_ROW)}, 2, "a|1\n", 0, 0, 2},
    {"rate limit for ever",
     {REFUSED(403, "rateLimitExceeded", "x")},
     1,
     NULL,
     ERROR_RATE_LIMITED,
     BIGQUERY_CAUSE_RATE,
     6},
    {"429", {{.status = 429}, BODY(ONE_ROW)}, 2, "a|1\n", 0, 0, 2},
    {"the job failed, for no fault of ours",
     {REFUSED(400, "jobBackendError", "x"), BODY(ONE_ROW)},
     2,
     "a|1\n",
     0,
     0,
     2},
    {"the job fails for ever",
     {REFUSED(400, "jobInternalError", "x")},
     1,
     NULL,
     ERROR_TRANSIENT,
     BIGQUERY_CAUSE_BACKEND,
     4},
    {"a wrong statement",
     {REFUSED(400, "invalidQuery", "Syntax error: x")},
     1,
     NULL,
     ERROR_REJECTED,
     BIGQUERY_CAUSE_QUERY,
     1},
    {"a table without the column",
     {REFUSED(400, "invalidQuery", "Unrecognized name: x")},
     1,
     NULL,
     ERROR_CONFIG,
     BIGQUERY_CAUSE_QUERY,
     1},
    {"no such table",
     {REFUSED(404, "notFound", "Not found: Table p:d.t")},
     1,
     NULL,
     ERROR_NOT_FOUND,
     BIGQUERY_CAUSE_NOT_FOUND,
     1},
    {"elsewhere",
     {REFUSED(404, "notFound", "Not found: Dataset p:d was not found in location US")},
     1,
     NULL,
     ERROR_CONFIG,
     BIGQUERY_CAUSE_LOCATION,
     1},
    {"no permission",
     {REFUSED(403, "accessDenied", "Access Denied: Table p:d.t")},
     1,
     NULL,
     ERROR_CONFIG,
     BIGQUERY_CAUSE_ACCESS,
     1},
    {"a quota", {REFUSED(403, "quotaExceeded", "x")}, 1, NULL, ERROR_RATE_LIMITED, BIGQUERY_CAUSE_QUOTA, 1},
    {"the limit of bytes",
     {REFUSED(400, "bytesBilledLimitExceeded", "x")},
     1,
     NULL,
     ERROR_CONFIG,
     BIGQUERY_CAUSE_TOO_MUCH,
     1},
    {"it fails while it is waited for",
     {BODY(NOT_YET), REFUSED(400, "invalidQuery", "Division by zero")},
     2,
     NULL,
     ERROR_REJECTED,
     BIGQUERY_CAUSE_QUERY,
     2},
};

static void test_cases(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    struct script_step steps[STEPS_MAX + 1] = {TOKEN_STEP("ya29.x")};
    memcpy(steps + 1, cases[i].steps, cases[i].steps_n * sizeof *steps);
    google_fixture_start(&f, steps, cases[i].steps_n + 1);
    google_fixture_client(&f, true);
    g_autofree char *rows = read_all(&f, &error);
    g_test_message("%s: %s", cases[i].name, error ? error->message : "rows");
    g_assert_cmpstr(rows, ==, cases[i].rows);
    g_assert_cmpuint(google_fixture_seen_n(&f), ==, cases[i].requests_n + 1);
    if (!cases[i].rows) g_assert_cmpint(error_kind_of(error), ==, cases[i].kind);
    if (!cases[i].rows && cases[i].cause) g_assert_cmpint(bigquery_cause(f.bigquery), ==, cases[i].cause);
    google_fixture_stop(&f);
  }
}

/* ---- requests ---- */

static char *request_id_of(struct google_fixture *f, guint n)
{
  const struct seen_request *seen = google_fixture_seen(f, n);
  g_autoptr(cJSON) tree = json_parse(seen->body, seen->body_bytes, NULL);
  return g_strdup(json_string(tree, "requestId"));
}

static void test_golden(void)
{
  static const char expected[] =
      "{\"query\":\"the "
      "statement\",\"useLegacySql\":false,\"parameterMode\":\"NAMED\",\"queryParameters\":[{\"name\":\"t\","
      "\"parameterType\":{\"type\":\"STRING\"},\"parameterValue\":{\"value\":\"x\"}},{\"name\":\"at\","
      "\"parameterType\":"
      "{\"type\":\"TIMESTAMP\"},\"parameterValue\":{\"value\":\"1970-01-01 00:00:01.000001+00:00\"}}],"
      "\"maximumBytesBilled\":\"123456789\",\"defaultDataset\":{\"projectId\":\"p\",\"datasetId\":\"d\"},\"labels\":{"
      "\"run\":\"20261122t13-05_x\",\"leadferry_statement\":\"some_rows\"},\"location\":\"EU\",\"requestId\":\"%s\","
      "\"maxResults\":5000,"
      "\"timeoutMs\":20000,\"formatOptions\":{\"useInt64Timestamp\":true}}";
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), BODY(NOT_YET), BODY(ONE_ROW)};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  bigquery_set_label(f.bigquery, "Run", "20261122T13:05_x");
  g_autofree char *rows = read_all(&f, &error);
  g_assert_no_error(error);
  g_assert_nonnull(rows);
  const struct seen_request *query = google_fixture_seen(&f, 1), *results = google_fixture_seen(&f, 2);
  g_autofree char *id = request_id_of(&f, 1);
  g_autofree char *body = g_strdup_printf(expected, id);
  g_assert_cmpstr(query->body, ==, body);
  g_assert_cmpuint(strlen(id), ==, 32);
  g_assert_true(g_str_has_prefix(query->head, "POST /bigquery/v2/projects/p/queries?prettyPrint=false&fields="));
  g_assert_nonnull(strstr(query->head, "Authorization: Bearer ya29.x\r\n"));
  g_assert_nonnull(strstr(query->head, "x-goog-user-project: quota-1\r\n"));
  g_assert_nonnull(strstr(query->head, "Accept-Encoding: gzip\r\n"));
  g_assert_nonnull(strstr(query->head, " (gzip)\r\n"));
  g_assert_nonnull(strstr(query->head, "Content-Type: application/json\r\n"));
  g_assert_true(g_str_has_prefix(results->head,
                                 "GET /bigquery/v2/projects/p/queries/job_1?prettyPrint=false&location=EU&"
                                 "maxResults=5000&timeoutMs=20000&formatOptions.useInt64Timestamp=true&"));
  g_assert_cmpint(bigquery_totals(f.bigquery).jobs_n, ==, 1);
  google_fixture_stop(&f);
}

/* A request without an answer may have begun the job: it goes again as it was, to the byte. A job that failed is begun
 * anew, under another id. */
static void test_request_ids(void)
{
  static const struct {
    struct script_step first;
    bool is_same;
  } rows[] = {
      {{.answer = "", .end = END_RESET}, true},
      {REFUSED(503, "backendError", "x"), true},
      {REFUSED(403, "rateLimitExceeded", "x"), true},
      {REFUSED(400, "jobBackendError", "x"), false},
      {REFUSED(400, "invalidQuery", "Could not serialize access to table t due to concurrent update"), false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    const struct script_step steps[] = {TOKEN_STEP("ya29.x"), rows[i].first, BODY(ONE_ROW)};
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
    google_fixture_client(&f, true);
    g_autofree char *read = read_all(&f, &error);
    g_assert_no_error(error);
    g_assert_nonnull(read);
    g_autofree char *first = request_id_of(&f, 1), *second = request_id_of(&f, 2);
    bool is_same_body = strcmp(google_fixture_seen(&f, 1)->body, google_fixture_seen(&f, 2)->body) == 0;
    g_assert_cmpint(is_same_body, ==, rows[i].is_same);
    g_assert_cmpint(strcmp(first, second) == 0, ==, rows[i].is_same);
    google_fixture_stop(&f);
  }
}

/* ---- tokens ---- */

static void test_token_is_renewed_once(void)
{
  const struct script_step good[] = {TOKEN_STEP("ya29.1"), {.status = 401}, TOKEN_STEP("ya29.2"), BODY(ONE_ROW)};
  const struct script_step bad[] = {TOKEN_STEP("ya29.1"), {.status = 401}, TOKEN_STEP("ya29.2"), {.status = 401}};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  google_fixture_start(&f, good, G_N_ELEMENTS(good));
  google_fixture_client(&f, true);
  g_autofree char *rows = read_all(&f, &error);
  g_assert_no_error(error);
  g_assert_nonnull(rows);
  g_assert_nonnull(strstr(google_fixture_seen(&f, 3)->head, "Bearer ya29.2\r\n"));
  google_fixture_stop(&f);
  google_fixture_start(&f, bad, G_N_ELEMENTS(bad));
  google_fixture_client(&f, true);
  g_assert_null(read_all(&f, &error));
  g_assert_true(error_is(error, ERROR_AUTH));
  g_assert_cmpint(bigquery_cause(f.bigquery), ==, BIGQUERY_CAUSE_CREDENTIALS);
  g_assert_cmpuint(google_fixture_seen_n(&f), ==, 4);
  google_fixture_stop(&f);
}

/* A login that is withdrawn in the middle of a run: no rows are made up, and the sentence says what to do. */
static void test_login_ends_between_pages(void)
{
  const struct script_step steps[] = {
      TOKEN_STEP("ya29.1"),
      BODY("{\"jobComplete\":true," JOB "," SCHEMA
           ",\"totalRows\":\"2\",\"pageToken\":\"t1\",\"rows\":[" ROW("\"a\"", "\"1\"") "]}"),
      {.status = 401},
      {.status = 400, .body = "{\"error\":\"invalid_grant\"}"}};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  g_assert_null(read_all(&f, &error));
  g_assert_true(error_is(error, ERROR_AUTH));
  g_assert_nonnull(strstr(error->message, "gcloud auth application-default login"));
  g_assert_cmpint(bigquery_cause(f.bigquery), ==, BIGQUERY_CAUSE_CREDENTIALS);
  google_fixture_stop(&f);
}

/* ---- ends ---- */

static void test_deadline(void)
{
  const struct script_step steps[] = {
      TOKEN_STEP("ya29.x"), BODY(NOT_YET), {.body = NOT_YET, .delay_us = 1100000}, BODY("{}")};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  const struct bigquery_options options = {
      .project = "p", .base_url = scripted_server_url(f.server), .job_timeout_s = 1};
  bigquery_free(f.bigquery);
  f.bigquery = bigquery_new(&options, f.credentials, &f.clock, &error);
  g_assert_null(read_all(&f, &error));
  g_assert_true(error_is(error, ERROR_TRANSIENT));
  g_assert_nonnull(strstr(error->message, "cancelled"));
  g_assert_cmpint(
      scripted_server_count(f.server, "POST /bigquery/v2/projects/p/jobs/job_1/cancel?prettyPrint=false&location=EU"),
      ==, 1);
  google_fixture_stop(&f);
}

static void test_cancelled(void)
{
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), {.body = ONE_ROW, .delay_us = 3000000}};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  f.cancel_after_n = 12;
  g_assert_null(read_all(&f, &error));
  g_assert_cmpint(error_kind_of(error), ==, ERROR_CANCELLED);
  google_fixture_stop(&f);
}

static void test_estimate(void)
{
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), BODY("{\"totalBytesProcessed\":\"123\"}"),
                                      REFUSED(403, "accessDenied", "Access Denied")};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  int64_t bytes = 0;
  const struct bigquery_statement statement = {.name = "e", .sql = "x"};
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  g_assert_true(bigquery_estimate(f.bigquery, &statement, &bytes, &error));
  g_assert_cmpint(bytes, ==, 123);
  g_assert_true(g_str_has_prefix(google_fixture_seen(&f, 1)->body, "{\"dryRun\":true,\"query\":\"x\""));
  g_assert_false(bigquery_estimate(f.bigquery, &statement, &bytes, &error));
  g_assert_cmpint(bigquery_cause(f.bigquery), ==, BIGQUERY_CAUSE_ACCESS);
  google_fixture_stop(&f);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
  g_test_add_func("/google/query/cases", test_cases);
  g_test_add_func("/google/query/golden", test_golden);
  g_test_add_func("/google/query/request_ids", test_request_ids);
  g_test_add_func("/google/query/token_is_renewed_once", test_token_is_renewed_once);
  g_test_add_func("/google/query/login_ends_between_pages", test_login_ends_between_pages);
  g_test_add_func("/google/query/deadline", test_deadline);
  g_test_add_func("/google/query/cancelled", test_cancelled);
  g_test_add_func("/google/query/estimate", test_estimate);
  return g_test_run();
}
