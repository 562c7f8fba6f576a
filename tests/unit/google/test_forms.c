/* What Google takes and an emulator does not mind: the fields that a request may name, and where a job is asked for. */
#include "google_fixture.h"

#include "base/json.h"
#include "base/log.h"

#include <string.h>

#define JOB     "\"jobReference\":{\"projectId\":\"p\",\"jobId\":\"job_1\",\"location\":\"europe-west3\"}"
#define NOT_YET "{\"jobComplete\":false," JOB "}"
#define NO_ROWS "{\"jobComplete\":true," JOB ",\"schema\":{\"fields\":[{\"name\":\"id\"}]},\"totalRows\":\"0\"}"
#define RUNNING "{" JOB ",\"status\":{\"state\":\"RUNNING\"}}"
#define DONE    "{" JOB ",\"status\":{\"state\":\"DONE\"},\"statistics\":{\"query\":{\"totalBytesBilled\":\"10485760\"}}}"
#define BODY(text)                                                                                                     \
  {                                                                                                                    \
    .body = (text)                                                                                                     \
  }

static const struct bigquery_statement statement = {.name = "some_rows", .sql = "the statement"};

static void start(struct google_fixture *f, const struct script_step *steps, size_t steps_n)
{
  google_fixture_start(f, steps, steps_n);
  google_fixture_client(f, true);
}

static void read_none(struct google_fixture *f)
{
  g_autoptr(GError) error = NULL;
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  const char *const *cells = NULL;
  bigquery_query(f->bigquery, &statement, &rows, &error);
  g_assert_no_error(error);
  g_assert_true(bigquery_next(rows, &cells, &error));
  g_assert_null(cells);
}

static void execute(struct google_fixture *f)
{
  g_autoptr(GError) error = NULL;
  bigquery_execute(f->bigquery, &statement, "job_1", NULL, &error);
  g_assert_no_error(error);
}

/* ---- fields ---- */

static const char *const query_has[] = {"kind",
                                        "schema",
                                        "jobReference",
                                        "totalRows",
                                        "pageToken",
                                        "rows",
                                        "totalBytesProcessed",
                                        "jobComplete",
                                        "errors",
                                        "cacheHit",
                                        "numDmlAffectedRows",
                                        "dmlStats",
                                        "totalBytesBilled",
                                        NULL};
static const char *const results_has[] = {
    "kind",   "schema",   "jobReference",       "totalRows", "pageToken",   "rows",
    "errors", "cacheHit", "numDmlAffectedRows", "etag",      "jobComplete", "totalBytesProcessed",
    NULL};
static const char *const job_has[] = {"kind",          "etag",       "id",     "jobReference",
                                      "configuration", "statistics", "status", NULL};

/* The members that `fields` of a request names, without the members of members. */
static char *fields_of(struct google_fixture *f, guint n)
{
  const char *head = google_fixture_seen(f, n)->head, *begin = strstr(head, "&fields=");
  g_assert_nonnull(begin);
  begin += strlen("&fields=");
  g_autofree char *escaped = g_strndup(begin, strcspn(begin, " &"));
  g_autofree char *fields = g_uri_unescape_string(escaped, NULL);
  g_autoptr(GRegex) inner = g_regex_new("\\([^()]*(\\([^()]*\\))?[^()]*\\)", 0, 0, NULL);
  return g_regex_replace_literal(inner, fields, -1, 0, "", 0, NULL);
}

static void expect_known(struct google_fixture *f, guint n, const char *path, const char *const *known)
{
  g_autofree char *fields = fields_of(f, n);
  g_auto(GStrv) names = g_strsplit(fields, ",", -1);
  g_assert_true(g_str_has_prefix(strchr(google_fixture_seen(f, n)->head, '/'), path));
  for (char **at = names; *at; at++) {
    if (!g_strv_contains(known, *at)) g_error("Google's answer to %s has no %s", path, *at);
  }
}

/* Google answers 400 to a field that an answer's type does not have. What a query cost is said by jobs.query and by
 * jobs.get, and not by getQueryResults. */
static void test_fields(void)
{
  const struct script_step steps[] = {
      TOKEN_STEP("ya29.x"),           BODY(NOT_YET), BODY(NO_ROWS), BODY(DONE), BODY(RUNNING),
      BODY("{\"jobComplete\":true}"), BODY(DONE)};
  struct google_fixture f;
  start(&f, steps, G_N_ELEMENTS(steps));
  read_none(&f);
  expect_known(&f, 1, "/bigquery/v2/projects/p/queries?", query_has);
  expect_known(&f, 2, "/bigquery/v2/projects/p/queries/job_1?", results_has);
  expect_known(&f, 3, "/bigquery/v2/projects/p/jobs/job_1?", job_has);
  g_assert_cmpint(bigquery_totals(f.bigquery).bytes_billed, ==, 10485760);
  execute(&f);
  expect_known(&f, 4, "/bigquery/v2/projects/p/jobs?", job_has);
  expect_known(&f, 5, "/bigquery/v2/projects/p/queries/job_1?", results_has);
  expect_known(&f, 6, "/bigquery/v2/projects/p/jobs/job_1?", job_has);
  google_fixture_stop(&f);
}

/* ---- location ---- */

/* A client whose configuration names no location, and which gives a job a minute. */
static void start_anywhere(struct google_fixture *f, const struct script_step *steps, size_t steps_n)
{
  g_autoptr(GError) error = NULL;
  start(f, steps, steps_n);
  const struct bigquery_options options = {
      .project = "p", .base_url = scripted_server_url(f->server), .job_timeout_s = 60};
  bigquery_free(f->bigquery);
  f->bigquery = bigquery_new(&options, f->credentials, &f->clock, &error);
  g_assert_no_error(error);
}

/* Outside of US and EU a job is found by its location alone: by that of the job itself at least. */
static void test_location_of_a_job(void)
{
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), BODY(RUNNING), BODY("{\"jobComplete\":true}"), BODY(DONE),
                                      BODY(DONE)};
  bool is_known = false;
  struct google_fixture f;
  start_anywhere(&f, steps, G_N_ELEMENTS(steps));
  execute(&f);
  g_assert_null(strstr(google_fixture_seen(&f, 1)->body, "location"));
  for (guint i = 2; i < 4; i++)
    g_assert_nonnull(strstr(google_fixture_seen(&f, i)->head, "&location=europe-west3&"));
  g_assert_true(bigquery_job_wait(f.bigquery, "job_0", SECOND_US, &is_known, NULL) && is_known);
  g_assert_nonnull(strstr(google_fixture_seen(&f, 4)->head, "/jobs/job_0?prettyPrint=false&location=europe-west3&"));
  google_fixture_stop(&f);
}

/* Another run's job, and one whose first answer was lost, are found where the tables are. */
static void test_location_of_a_table(void)
{
  static const struct bigquery_table table = {.dataset = "d", .table = "t"};
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"),
                                      BODY("{\"location\":\"\"}"),
                                      BODY("{\"location\":\"europe-west3\"}"),
                                      BODY("{\"location\":\"US\"}"),
                                      {.status = 409},
                                      BODY(DONE)};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  start_anywhere(&f, steps, G_N_ELEMENTS(steps));
  for (int i = 0; i < 3; i++) {
    struct bigquery_table_info info;
    g_assert_true(bigquery_table_get(f.bigquery, &table, &info, &error));
    bigquery_table_info_clear(&info);
  }
  execute(&f);
  g_assert_nonnull(strstr(google_fixture_seen(&f, 4)->body, "\"jobId\":\"job_1\",\"location\":\"europe-west3\"}"));
  g_assert_nonnull(strstr(google_fixture_seen(&f, 5)->head, "/jobs/job_1?prettyPrint=false&location=europe-west3&"));
  google_fixture_stop(&f);
}

/* ---- pace ---- */

/* A question that should hang until the job ends, and is answered at once: it is not asked over and over. */
static void test_pace(void)
{
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"),
                                      BODY("{\"jobComplete\":false," JOB ",\"status\":{\"state\":\"RUNNING\"}}")};
  for (int is_read = 0; is_read <= 1; is_read++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    bigquery_rows_scope struct bigquery_rows *rows = NULL;
    start_anywhere(&f, steps, G_N_ELEMENTS(steps));
    bool is_done = is_read ? bigquery_query(f.bigquery, &statement, &rows, &error)
                           : bigquery_execute(f.bigquery, &statement, "job_1", NULL, &error);
    g_assert_false(is_done);
    g_assert_true(error_is(error, ERROR_TRANSIENT));
    g_assert_cmpuint(google_fixture_seen_n(&f), <, 130);
    g_assert_cmpint(scripted_server_count(f.server, "POST /bigquery/v2/projects/p/jobs/job_1/cancel?"), ==, 1);
    google_fixture_stop(&f);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
  g_test_add_func("/google/forms/fields", test_fields);
  g_test_add_func("/google/forms/location_of_a_job", test_location_of_a_job);
  g_test_add_func("/google/forms/location_of_a_table", test_location_of_a_table);
  g_test_add_func("/google/forms/pace", test_pace);
  return g_test_run();
}
