/* Jobs, against a scripted BigQuery: one that is repeated happens once, whatever was lost, and what is not known is not
 * called done. */
#include "google_fixture.h"

#include "base/json.h"
#include "base/log.h"

#include <string.h>

#define STEPS_MAX 10
#define BODY(text)                                                                                                     \
  {                                                                                                                    \
    .body = (text)                                                                                                     \
  }
#define REFUSED(code, reason, message)                                                                                 \
  {                                                                                                                    \
    .status = (code), .body = "{\"error\":{\"message\":\"" message "\",\"errors\":[{\"reason\":\"" reason "\"}]}}"     \
  }
#define RESET                                                                                                          \
  {                                                                                                                    \
    .answer = "", .end = END_RESET                                                                                     \
  }
#define DONE                                                                                                           \
  BODY("{\"status\":{\"state\":\"DONE\"},\"statistics\":{\"totalBytesProcessed\":\"11\",\"query\":{"                   \
       "\"totalBytesBilled\":\"10485760\",\"numDmlAffectedRows\":\"7\",\"dmlStats\":{\"insertedRowCount\":\"3\","      \
       "\"updatedRowCount\":\"4\",\"deletedRowCount\":\"0\"}}}}")
#define RUNNING  BODY("{\"status\":{\"state\":\"RUNNING\"}}")
#define WAITED   BODY("{\"jobComplete\":false}")
#define COMPLETE BODY("{\"jobComplete\":true}")
#define FAILED(reason, message)                                                                                        \
  BODY("{\"status\":{\"state\":\"DONE\",\"errorResult\":{\"reason\":\"" reason "\",\"message\":\"" message "\"}}}")
#define THERE    REFUSED(409, "duplicate", "Already Exists: Job p:EU.job")
#define NOWHERE  REFUSED(404, "notFound", "Not found: Job p:EU.job")
#define CONFLICT "Could not serialize access to table p:d.t due to concurrent update"
#define BUFFER                                                                                                         \
  "UPDATE or DELETE statement over table p.d.t would affect rows in the streaming buffer, which is not supported"

static const struct bigquery_statement statement = {.name = "fold", .sql = "the script"};

/* What was asked, one letter each: I insert, R getQueryResults, G get, C cancel; a digit before I is the attempt. */
static char *story_of(struct google_fixture *f)
{
  GString *story = g_string_new(NULL);
  for (guint i = 1; i < google_fixture_seen_n(f); i++) {
    const struct seen_request *seen = google_fixture_seen(f, i);
    const char *attempt = strstr(seen->body, "\"jobId\":\"job_a");
    if (attempt) g_string_append_c(story, attempt[strlen("\"jobId\":\"job_a")]);
    if (strstr(seen->head, "/cancel?"))
      g_string_append_c(story, 'C');
    else if (strstr(seen->head, "/queries/"))
      g_string_append_c(story, 'R');
    else
      g_string_append_c(story, g_str_has_prefix(seen->head, "GET") ? 'G' : 'I');
  }
  return g_string_free(story, FALSE);
}

static const struct {
  const char *name;
  struct script_step steps[STEPS_MAX];
  size_t steps_n;
  const char *story;
  bool is_done, was_there;
  enum error_kind kind;
  enum bigquery_cause cause;
} cases[] = {
    {"done at once", {DONE}, 1, "I", true, false, 0, 0},
    {"done later", {RUNNING, WAITED, RUNNING, COMPLETE, DONE}, 5, "IRGRG", true, false, 0, 0},
    {"the answer was lost", {RESET, THERE, DONE}, 3, "IIG", true, true, 0, 0},
    {"the answer cannot be read", {BODY("{\"status"), DONE}, 2, "IG", true, false, 0, 0},
    {"the answer cannot be read, and the job is not found at once",
     {BODY("{\"status"), NOWHERE, DONE},
     3,
     "IGG",
     true,
     false,
     0,
     0},
    {"an answer without a state", {BODY("{}"), COMPLETE, DONE}, 3, "IRG", true, false, 0, 0},
    {"it was there, and goes on", {THERE, RUNNING, COMPLETE, DONE}, 4, "IGRG", true, true, 0, 0},
    {"it was there, and is not found at once", {THERE, NOWHERE, NOWHERE, DONE}, 4, "IGGG", true, true, 0, 0},
    {"it was there, and had failed", {THERE, FAILED("accessDenied", "x"), DONE}, 3, "IG2I", true, false, 0, 0},
    {"the second was there too",
     {THERE, FAILED("backendError", "x"), THERE, FAILED("stopped", "x"), THERE, DONE},
     6,
     "IG2IG3IG",
     true,
     true,
     0,
     0},
    {"a conflict", {FAILED("invalidQuery", CONFLICT), RUNNING, COMPLETE, DONE}, 4, "I2IRG", true, false, 0, 0},
    {"a conflict, told by the wait",
     {RUNNING, REFUSED(400, "invalidQuery", CONFLICT), FAILED("invalidQuery", CONFLICT), DONE},
     4,
     "IRG2I",
     true,
     false,
     0,
     0},
    {"conflicts for ever",
     {FAILED("invalidQuery", CONFLICT)},
     1,
     "I2I3I4I",
     false,
     false,
     ERROR_TRANSIENT,
     BIGQUERY_CAUSE_CONFLICT},
    {"a failure of BigQuery's", {FAILED("backendError", "x"), DONE}, 2, "I2I", true, false, 0, 0},
    {"the streaming buffer",
     {FAILED("invalidQuery", BUFFER)},
     1,
     "I",
     false,
     false,
     ERROR_TRANSIENT,
     BIGQUERY_CAUSE_STREAMING_BUFFER},
    {"a wrong statement",
     {FAILED("invalidQuery", "Syntax error")},
     1,
     "I",
     false,
     false,
     ERROR_REJECTED,
     BIGQUERY_CAUSE_QUERY},
    {"no billing",
     {REFUSED(403, "billingNotEnabled",
              "Billing has not been enabled for this project. DML queries are not allowed in the free tier")},
     1,
     "I",
     false,
     false,
     ERROR_CONFIG,
     BIGQUERY_CAUSE_BILLING},
    {"a quota", {FAILED("quotaExceeded", "x")}, 1, "I", false, false, ERROR_RATE_LIMITED, BIGQUERY_CAUSE_QUOTA},
    {"nobody answers", {RESET}, 1, "IIIIII", false, false, ERROR_TRANSIENT, BIGQUERY_CAUSE_UNANSWERED},
    {"nobody answers any more", {RUNNING, RESET}, 2, NULL, false, false, ERROR_TRANSIENT, BIGQUERY_CAUSE_UNANSWERED},
    {"never found", {THERE, NOWHERE}, 2, NULL, false, false, ERROR_NOT_FOUND, BIGQUERY_CAUSE_NOT_FOUND},
    {"no permission to run",
     {REFUSED(403, "accessDenied", "Access Denied: bigquery.jobs.create")},
     1,
     "I",
     false,
     false,
     ERROR_CONFIG,
     BIGQUERY_CAUSE_ACCESS},
};

static void check_done(const struct bigquery_result *result, bool was_there)
{
  g_assert_cmpint(result->was_there, ==, was_there);
  g_assert_cmpint(result->rows_changed, ==, 7);
  g_assert_cmpint(result->rows_inserted, ==, 3);
  g_assert_cmpint(result->rows_updated, ==, 4);
  g_assert_cmpint(result->rows_deleted, ==, 0);
  g_assert_cmpint(result->bytes_billed, ==, 10485760);
  g_assert_cmpint(result->bytes_processed, ==, 11);
}

/* Guarantee 32. */
static void test_cases(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    struct bigquery_result result = {0};
    struct script_step steps[STEPS_MAX + 1] = {TOKEN_STEP("ya29.x")};
    memcpy(steps + 1, cases[i].steps, cases[i].steps_n * sizeof *steps);
    google_fixture_start(&f, steps, cases[i].steps_n + 1);
    google_fixture_client(&f, true);
    bool is_done = bigquery_execute(f.bigquery, &statement, "job", &result, &error);
    g_autofree char *story = story_of(&f);
    g_test_message("%s: %s %s", cases[i].name, story, error ? error->message : "done");
    g_assert_cmpint(is_done, ==, cases[i].is_done);
    if (cases[i].story) g_assert_cmpstr(story, ==, cases[i].story);
    if (is_done) check_done(&result, cases[i].was_there);
    /* whoever began a job has counted it */
    g_assert_cmpint(bigquery_totals(f.bigquery).jobs_n, ==, is_done && !cases[i].was_there ? 1 : 0);
    if (!is_done) g_assert_cmpint(error_kind_of(error), ==, cases[i].kind);
    if (!is_done) g_assert_cmpint(bigquery_cause(f.bigquery), ==, cases[i].cause);
    google_fixture_stop(&f);
  }
}

static void test_golden(void)
{
  static const char expected[] =
      "{\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"job\",\"location\":\"EU\"},\"configuration\":{"
      "\"jobTimeoutMs\":"
      "\"600000\",\"labels\":{\"leadferry_statement\":\"fold\"},\"query\":{\"query\":\"the "
      "script\",\"useLegacySql\":false,"
      "\"maximumBytesBilled\":\"123456789\",\"defaultDataset\":{\"projectId\":\"p\",\"datasetId\":\"d\"}}}}";
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), RUNNING, COMPLETE, DONE};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  g_assert_true(bigquery_execute(f.bigquery, &statement, "job", NULL, &error));
  g_assert_cmpstr(google_fixture_seen(&f, 1)->body, ==, expected);
  g_assert_true(g_str_has_prefix(google_fixture_seen(&f, 1)->head, "POST /bigquery/v2/projects/p/jobs?"));
  g_assert_true(
      g_str_has_prefix(google_fixture_seen(&f, 2)->head,
                       "GET /bigquery/v2/projects/p/queries/job?prettyPrint=false&location=EU&maxResults=0&"));
  g_assert_true(g_str_has_prefix(google_fixture_seen(&f, 3)->head,
                                 "GET /bigquery/v2/projects/p/jobs/job?prettyPrint=false&location=EU&"));
  g_assert_cmpint(bigquery_totals(f.bigquery).bytes_billed, ==, 10485760);
  google_fixture_stop(&f);
}

/* Past the deadline the job is cancelled, and what it did all the same is looked up. */
static void test_deadline(void)
{
  static const struct {
    struct script_step last;
    bool is_done;
  } rows[] = {{DONE, true}, {RUNNING, false}, {FAILED("stopped", "cancelled"), false}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    const struct script_step steps[] = {
        TOKEN_STEP("ya29.x"), RUNNING,     {.body = "{\"jobComplete\":false}", .delay_us = 1100000}, RUNNING,
        BODY("{}"),           rows[i].last};
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
    google_fixture_client(&f, true);
    const struct bigquery_options options = {
        .project = "p", .base_url = scripted_server_url(f.server), .job_timeout_s = 1};
    bigquery_free(f.bigquery);
    f.bigquery = bigquery_new(&options, f.credentials, &f.clock, &error);
    bool is_done = bigquery_execute(f.bigquery, &statement, "job", NULL, &error);
    g_autofree char *story = story_of(&f);
    g_assert_cmpstr(story, ==, "IRGCG");
    g_assert_cmpint(is_done, ==, rows[i].is_done);
    g_assert_true(is_done || error_is(error, ERROR_TRANSIENT));
    google_fixture_stop(&f);
  }
}

static void test_job_ids(void)
{
  static const char *const ids[] = {"", "a b", "a/b", "a.b", "\xc3\xa9"};
  const struct script_step step = TOKEN_STEP("x");
  struct google_fixture f;
  google_fixture_start(&f, &step, 1);
  google_fixture_client(&f, true);
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(bigquery_execute(f.bigquery, &statement, ids[i], NULL, &error));
    g_assert_true(error_is(error, ERROR_CONFIG));
  }
  g_assert_cmpuint(google_fixture_seen_n(&f), ==, 0);
  google_fixture_stop(&f);
}

/* A script's rows are read from the job that took effect: the second attempt here, whose insert's answer was lost. What
 * each statement cost is known by its name. */
static void test_rows(void)
{
  const struct script_step steps[] = {
      TOKEN_STEP("ya29.x"), FAILED("backendError", "x"), DONE,
      BODY("{\"jobComplete\":true,\"schema\":{\"fields\":[{\"name\":\"n\"}]},\"totalRows\":\"2\",\"rows\":["
           "{\"f\":[{\"v\":\"7\"}]},{\"f\":[{\"v\":null}]}]}"),
      DONE};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  const char *const *cells = NULL;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  bigquery_execute_rows(f.bigquery, &statement, "job", &rows, &error);
  g_assert_no_error(error);
  g_assert_true(g_str_has_prefix(google_fixture_seen(&f, 3)->head, "GET /bigquery/v2/projects/p/queries/job_a2?"));
  g_assert_nonnull(strstr(google_fixture_seen(&f, 3)->head, "location=EU"));
  g_assert_true(bigquery_next(rows, &cells, &error));
  g_assert_cmpstr(cells[0], ==, "7");
  g_assert_true(bigquery_next(rows, &cells, &error));
  g_assert_cmpstr(cells[0], ==, NULL);
  g_assert_true(bigquery_next(rows, &cells, &error));
  g_assert_null(cells);
  const struct bigquery_statement other = {.name = "claim", .sql = "another"};
  g_assert_true(bigquery_execute(f.bigquery, &other, "other", NULL, &error));
  g_autoptr(GArray) costs = bigquery_costs(f.bigquery);
  g_assert_cmpuint(costs->len, ==, 2);
  const struct bigquery_cost *first = &g_array_index(costs, struct bigquery_cost, 0);
  g_assert_cmpstr(first[0].statement, ==, "claim");
  g_assert_cmpstr(first[1].statement, ==, "fold");
  g_assert_cmpint(first[1].jobs_n, ==, 1);
  g_assert_cmpint(first[1].bytes_billed, ==, 10485760);
  g_assert_cmpint(bigquery_totals(f.bigquery).jobs_n, ==, 2);
  bigquery_totals_reset(f.bigquery);
  g_assert_cmpint(bigquery_totals(f.bigquery).bytes_billed, ==, 0);
  google_fixture_stop(&f);
}

/* Another's job is waited for with all its attempts, and for no longer than one has patience. */
static void test_wait(void)
{
  static const struct {
    const char *name;
    struct script_step steps[STEPS_MAX];
    size_t steps_n;
    guint requests_n;
    bool is_over, is_known;
  } rows[] = {
      {"there is none", {NOWHERE}, 1, 1, true, false},
      {"it is over", {DONE}, 1, 1, true, true},
      {"it goes on for a while", {RUNNING, RUNNING, DONE}, 3, 3, true, true},
      {"it failed and was not tried again", {FAILED("backendError", "x"), NOWHERE}, 2, 2, true, true},
      {"its second attempt goes on", {FAILED("backendError", "x"), RUNNING, DONE}, 3, 3, true, true},
      {"it goes on for ever", {RUNNING}, 1, 13, false, true},
      {"nobody says", {REFUSED(403, "accessDenied", "x")}, 1, 1, false, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    bool is_known = false;
    struct script_step steps[STEPS_MAX + 1] = {TOKEN_STEP("ya29.x")};
    memcpy(steps + 1, rows[i].steps, rows[i].steps_n * sizeof *steps);
    google_fixture_start(&f, steps, rows[i].steps_n + 1);
    google_fixture_client(&f, true);
    bool is_over = bigquery_job_wait(f.bigquery, "job", 60 * SECOND_US, &is_known, &error);
    g_test_message("%s: %s", rows[i].name, error ? error->message : "over");
    g_assert_cmpint(is_over, ==, rows[i].is_over);
    g_assert_cmpuint(google_fixture_seen_n(&f) - 1, ==, rows[i].requests_n);
    if (is_over) g_assert_cmpint(is_known, ==, rows[i].is_known);
    if (!is_over) g_assert_nonnull(error);
    google_fixture_stop(&f);
  }
}

/* ---- loads ---- */

static void test_load(void)
{
  static const char expected[] =
      "--leadferry-part-of-a-load-job\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{\"jobReference\":{"
      "\"projectId\":\"p\",\"jobId\":\"load\",\"location\":\"EU\"},\"configuration\":{\"jobTimeoutMs\":\"600000\","
      "\"labels\":{"
      "\"leadferry_statement\":\"t\"},\"load\":{\"destinationTable\":{\"projectId\":\"p\",\"datasetId\":\"d\","
      "\"tableId\":\"t\"},"
      "\"sourceFormat\":\"NEWLINE_DELIMITED_JSON\",\"writeDisposition\":\"WRITE_APPEND\",\"createDisposition\":"
      "\"CREATE_NEVER\"}}}\r\n--leadferry-part-of-a-load-job\r\nContent-Type: "
      "application/octet-stream\r\n\r\n{\"id\":1}\n\r\n"
      "--leadferry-part-of-a-load-job--\r\n";
  const struct script_step steps[] = {
      TOKEN_STEP("ya29.x"), RESET, THERE, RUNNING,
      BODY("{\"status\":{\"state\":\"DONE\"},\"statistics\":{\"load\":{\"outputRows\":\"1\"}}}")};
  const struct bigquery_load load = {
      .table = {.dataset = "d", .table = "t"}, .ndjson = "{\"id\":1}\n", .ndjson_bytes = 9};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  struct bigquery_result result = {0};
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  bigquery_load(f.bigquery, &load, "load", &result, &error);
  g_assert_no_error(error);
  g_assert_cmpint(result.rows_changed, ==, 1);
  g_assert_true(result.was_there);
  const struct seen_request *seen = google_fixture_seen(&f, 1);
  g_assert_cmpstr(seen->body, ==, expected);
  g_assert_cmpstr(google_fixture_seen(&f, 2)->body, ==, expected);
  g_assert_true(g_str_has_prefix(seen->head, "POST /upload/bigquery/v2/projects/p/jobs?"));
  g_assert_nonnull(strstr(seen->head, "uploadType=multipart"));
  g_assert_nonnull(strstr(seen->head, "Content-Type: multipart/related; boundary=leadferry-part-of-a-load-job\r\n"));
  google_fixture_stop(&f);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
  g_test_add_func("/google/execute/cases", test_cases);
  g_test_add_func("/google/execute/golden", test_golden);
  g_test_add_func("/google/execute/deadline", test_deadline);
  g_test_add_func("/google/execute/job_ids", test_job_ids);
  g_test_add_func("/google/execute/rows", test_rows);
  g_test_add_func("/google/execute/wait", test_wait);
  g_test_add_func("/google/execute/load", test_load);
  return g_test_run();
}
