/* Streamed rows and tables, against a scripted BigQuery: 200 is no success, an innocent row goes again, and a repeated
 * request is the same to the byte. */
#include "google_fixture.h"

#include "base/json.h"
#include "base/log.h"

#include <string.h>

#define STEPS_MAX 6
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
#define ENTRY(index, reason)                                                                                           \
  "{\"index\":" #index ",\"errors\":[{\"reason\":\"" reason                                                            \
  "\",\"location\":\"n\",\"message\":\"Cannot convert value 'Ann' "                                                    \
  "of row\"}]}"
#define ERRORS(entries) BODY("{\"insertErrors\":[" entries "]}")

static const struct bigquery_table table = {.dataset = "d", .table = "t"};
static const struct bigquery_stream_row three[] = {{"i0", "{\"n\":0}"}, {"i1", "{\"n\":1}"}, {"i2", "{\"n\":2}"}};

/* The ids of each insertAll request, as "i0,i1 i2". */
static char *story_of(struct google_fixture *f)
{
  GString *story = g_string_new(NULL);
  for (guint i = 1; i < google_fixture_seen_n(f); i++) {
    const struct seen_request *seen = google_fixture_seen(f, i);
    g_autoptr(cJSON) tree = json_parse(seen->body, seen->body_bytes, NULL);
    const cJSON *row = NULL;
    bool is_first = true;
    if (i > 1) g_string_append_c(story, ' ');
    cJSON_ArrayForEach(row, json_array(tree, "rows"))
    {
      g_string_append_printf(story, "%s%s", is_first ? "" : ",", json_string(row, "insertId"));
      is_first = false;
    }
  }
  return g_string_free(story, FALSE);
}

static const struct {
  const char *name;
  struct script_step steps[STEPS_MAX];
  size_t steps_n;
  const char *story;
  bool is_good;
  enum error_kind kind;
  enum bigquery_cause cause;
} cases[] = {
    {"all in", {BODY("{}")}, 1, "i0,i1,i2", true, 0, 0},
    {"all in, with a kind", {BODY("{\"kind\":\"x\",\"insertErrors\":[]}")}, 1, "i0,i1,i2", true, 0, 0},
    {"one refused, the others stopped",
     {ERRORS(ENTRY(1, "invalid") "," ENTRY(0, "stopped") "," ENTRY(2, "stopped")), BODY("{}")},
     2,
     "i0,i1,i2 i2,i0",
     false,
     ERROR_REJECTED,
     BIGQUERY_CAUSE_ROWS},
    {"all refused",
     {ERRORS(ENTRY(0, "invalid") "," ENTRY(1, "invalid") "," ENTRY(2, "invalid"))},
     1,
     "i0,i1,i2",
     false,
     ERROR_REJECTED,
     BIGQUERY_CAUSE_ROWS},
    {"one refused, the others not spoken of",
     {ERRORS(ENTRY(1, "invalid")), BODY("{}")},
     2,
     "i0,i1,i2 i2,i0",
     false,
     ERROR_REJECTED,
     BIGQUERY_CAUSE_ROWS},
    {"one for a trouble of BigQuery's, the others stopped",
     {ERRORS(ENTRY(1, "backendError") "," ENTRY(0, "stopped") "," ENTRY(2, "stopped")), BODY("{}")},
     2,
     "i0,i1,i2 i2,i1,i0",
     true,
     0,
     0},
    {"a trouble of BigQuery's, and one refused",
     {ERRORS(ENTRY(0, "timeout") "," ENTRY(2, "invalid")), ERRORS(ENTRY(0, "internalError")), BODY("{}")},
     3,
     "i0,i1,i2 i1,i0 i0,i1",
     false,
     ERROR_REJECTED,
     BIGQUERY_CAUSE_ROWS},
    {"BigQuery's trouble for ever", {ERRORS(ENTRY(0, "backendError"))}, 1, NULL, false, ERROR_TRANSIENT, 0},
    {"stopped for no reason", {ERRORS(ENTRY(0, "stopped"))}, 1, "i0,i1,i2", false, ERROR_TRANSIENT, 0},
    {"a row that was not sent", {ERRORS(ENTRY(7, "invalid"))}, 1, "i0,i1,i2", false, ERROR_CORRUPT, 0},
    {"the answer was lost", {RESET, BODY("{}")}, 2, "i0,i1,i2 i0,i1,i2", true, 0, 0},
    {"503, then in", {REFUSED(503, "backendError", "x"), BODY("{}")}, 2, "i0,i1,i2 i0,i1,i2", true, 0, 0},
    {"a rate limit as 403", {REFUSED(403, "rateLimitExceeded", "x"), BODY("{}")}, 2, "i0,i1,i2 i2,i1,i0", true, 0, 0},
    {"a table that is new to the streaming back end",
     {REFUSED(404, "notFound", "Not found: Table p:d.t"), BODY("{}")},
     2,
     "i0,i1,i2 i2,i1,i0",
     true,
     0,
     0},
    {"the token ended; between the two a new one is asked for",
     {{.status = 401}, TOKEN_STEP("ya29.y"), BODY("{}")},
     3,
     "i0,i1,i2  i0,i1,i2",
     true,
     0,
     0},
    {"no answer", {RESET}, 1, NULL, false, ERROR_TRANSIENT, BIGQUERY_CAUSE_UNANSWERED},
    {"not allowed",
     {REFUSED(403, "accessDenied", "Access Denied")},
     1,
     "i0,i1,i2",
     false,
     ERROR_CONFIG,
     BIGQUERY_CAUSE_ACCESS},
    {"no billing",
     {REFUSED(403, "accessDenied",
              "Access Denied: BigQuery BigQuery: Streaming insert is not allowed in the free tier")},
     1,
     "i0,i1,i2",
     false,
     ERROR_CONFIG,
     BIGQUERY_CAUSE_BILLING},
    {"a quota", {REFUSED(403, "quotaExceeded", "x")}, 1, "i0,i1,i2", false, ERROR_RATE_LIMITED, BIGQUERY_CAUSE_QUOTA},
    {"not JSON", {BODY("<")}, 1, "i0,i1,i2", false, ERROR_CORRUPT, 0},
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
    bool is_good = bigquery_insert_all(f.bigquery, &table, three, G_N_ELEMENTS(three), &error);
    g_autofree char *story = story_of(&f);
    g_test_message("%s: %s %s", cases[i].name, story, error ? error->message : "in");
    g_assert_cmpint(is_good, ==, cases[i].is_good);
    if (cases[i].story) g_assert_cmpstr(story, ==, cases[i].story);
    if (!is_good) g_assert_cmpint(error_kind_of(error), ==, cases[i].kind);
    if (!is_good && cases[i].cause) g_assert_cmpint(bigquery_cause(f.bigquery), ==, cases[i].cause);
    if (!is_good) g_assert_null(strstr(error->message, "Ann"));
    google_fixture_stop(&f);
  }
}

static void test_golden(void)
{
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), BODY("{}")};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  g_assert_true(bigquery_insert_all(f.bigquery, &table, three, 2, &error));
  g_assert_cmpstr(
      google_fixture_seen(&f, 1)->body, ==,
      "{\"skipInvalidRows\":false,\"ignoreUnknownValues\":false,\"rows\":[{\"insertId\":\"i0\",\"json\":{\"n\":0}},{"
      "\"insertId\":\"i1\",\"json\":{\"n\":1}}]}");
  g_assert_true(
      g_str_has_prefix(google_fixture_seen(&f, 1)->head,
                       "POST /bigquery/v2/projects/p/datasets/d/tables/t/insertAll?prettyPrint=false HTTP/1.1"));
  g_assert_cmpint(bigquery_totals(f.bigquery).rows_streamed, ==, 2);
  google_fixture_stop(&f);
}

/* 10,001 rows go in requests of 2,000, four at once; nothing is left out, nothing goes twice. */
static void test_many(void)
{
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), {.body = "{}", .delay_us = 20000}};
  const size_t rows_n = 10001;
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
  g_autofree struct bigquery_stream_row *rows = g_new0(struct bigquery_stream_row, rows_n);
  for (size_t i = 0; i < rows_n; i++) {
    g_ptr_array_add(ids, g_strdup_printf("row-%zu", i));
    rows[i] = (struct bigquery_stream_row){.insert_id = ids->pdata[i], .json = "{}"};
  }
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  bigquery_insert_all(f.bigquery, &table, rows, rows_n, &error);
  g_assert_no_error(error);
  g_autofree char *story = story_of(&f);
  g_auto(GStrv) seen = g_strsplit_set(story, " ,", -1);
  g_autoptr(GHashTable) distinct = g_hash_table_new(g_str_hash, g_str_equal);
  for (char **at = seen; *at; at++) {
    g_hash_table_add(distinct, *at);
  }
  g_assert_cmpuint(g_strv_length(seen), ==, rows_n);
  g_assert_cmpuint(g_hash_table_size(distinct), ==, rows_n);
  g_assert_cmpuint(google_fixture_seen_n(&f), ==, 1 + 6);
  g_assert_cmpint(scripted_server_most_at_once(f.server), ==, 4);
  google_fixture_stop(&f);
}

/* Two requests at once, one refused for the token: that one alone goes again, with a new one. */
static void test_token_of_one(void)
{
  const struct script_step steps[] = {
      TOKEN_STEP("ya29.1"), BODY("{}"), {.status = 401}, TOKEN_STEP("ya29.2"), BODY("{}")};
  const size_t rows_n = 2001;
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  g_autofree struct bigquery_stream_row *rows = g_new0(struct bigquery_stream_row, rows_n);
  for (size_t i = 0; i < rows_n; i++) {
    rows[i] = (struct bigquery_stream_row){.insert_id = "x", .json = "{}"};
  }
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  bigquery_insert_all(f.bigquery, &table, rows, rows_n, &error);
  g_assert_no_error(error);
  g_assert_cmpint(scripted_server_count(f.server, "POST /bigquery/"), ==, 3);
  g_assert_nonnull(strstr(google_fixture_seen(&f, 4)->head, "Bearer ya29.2\r\n"));
  g_assert_cmpint(bigquery_totals(f.bigquery).rows_streamed, ==, (int64_t)rows_n);
  google_fixture_stop(&f);
}

/* The sentence says what to do, and the kind that nobody but a person can. */
static void test_login_ends(void)
{
  const struct script_step steps[] = {
      TOKEN_STEP("ya29.1"), {.status = 401}, {.status = 400, .body = "{\"error\":\"invalid_grant\"}"}};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  g_assert_false(bigquery_insert_all(f.bigquery, &table, three, G_N_ELEMENTS(three), &error));
  g_assert_true(error_is(error, ERROR_AUTH));
  g_assert_nonnull(strstr(error->message, "gcloud auth application-default login"));
  g_assert_cmpint(bigquery_cause(f.bigquery), ==, BIGQUERY_CAUSE_CREDENTIALS);
  google_fixture_stop(&f);
}

/* ---- tables ---- */

static void test_table_get(void)
{
  static const char resource[] =
      "{\"type\":\"TABLE\",\"etag\":\"e1\",\"location\":\"EU\",\"numRows\":\"42\","
      "\"lastModifiedTime\":\"1795352709123\","
      "\"schema\":{\"fields\":[{\"name\":\"a\",\"type\":\"STRING\",\"mode\":\"REQUIRED\",\"maxLength\":\"7\"},{"
      "\"name\":\"b\",\"type\":\"TIMESTAMP\"}]},"
      "\"timePartitioning\":{\"type\":\"DAY\",\"field\":\"b\"},\"requirePartitionFilter\":true,\"streamingBuffer\":{"
      "\"estimatedRows\":\"5\",\"oldestEntryTime\":"
      "\"1795352700000\"}}";
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), BODY(resource), BODY("{\"schema\":{\"fields\":[{}]}}"),
                                      REFUSED(404, "notFound", "Not found: Table p:d.t")};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  struct bigquery_table_info info;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  bigquery_table_get(f.bigquery, &table, &info, &error);
  g_assert_no_error(error);
  g_assert_cmpint(info.rows_n, ==, 42);
  g_assert_cmpint(info.modified_us, ==, INT64_C(1795352709123000));
  g_assert_cmpint(info.streaming_oldest_us, ==, INT64_C(1795352700000000));
  g_assert_cmpint(info.streaming_rows_n, ==, 5);
  g_assert_cmpstr(info.partitioned, ==, "b");
  g_assert_cmpstr(info.type, ==, "TABLE");
  g_assert_true(info.needs_partition_filter);
  g_assert_cmpstr(g_array_index(info.fields, struct bigquery_field, 0).mode, ==, "REQUIRED");
  g_assert_cmpint(g_array_index(info.fields, struct bigquery_field, 0).max_length, ==, 7);
  g_assert_cmpint(g_array_index(info.fields, struct bigquery_field, 1).max_length, ==, 0);
  g_assert_cmpstr(g_array_index(info.fields, struct bigquery_field, 1).mode, ==, "NULLABLE");
  bigquery_table_info_clear(&info);
  bigquery_table_info_clear(&info);
  g_assert_false(bigquery_table_get(f.bigquery, &table, &info, &error));
  g_assert_true(error_is(error, ERROR_CORRUPT));
  g_clear_error(&error);
  g_assert_false(bigquery_table_get(f.bigquery, &table, &info, &error));
  g_assert_true(error_is(error, ERROR_NOT_FOUND));
  google_fixture_stop(&f);
}

static void test_table_changes(void)
{
  static const char *const permissions[] = {"bigquery.tables.get", "bigquery.tables.updateData", NULL};
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"),
                                      BODY("{}"),
                                      REFUSED(409, "duplicate", "Already Exists: Table"),
                                      BODY("{}"),
                                      REFUSED(412, "conditionNotMet", "x"),
                                      BODY("{\"permissions\":[\"bigquery.tables.get\"]}"),
                                      BODY("{\"location\":\"EU\"}")};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  bool is_made = false, is_granted[2] = {false, true};
  g_autofree char *location = NULL;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  google_fixture_client(&f, true);
  g_assert_true(bigquery_table_insert(f.bigquery, &table, "{\"labels\":{}}", &is_made, &error) && is_made);
  g_assert_cmpstr(google_fixture_seen(&f, 1)->body, ==,
                  "{\"tableReference\":{\"projectId\":\"p\",\"datasetId\":\"d\",\"tableId\":\"t\"},\"labels\":{}}");
  g_assert_true(bigquery_table_insert(f.bigquery, &table, "{}", &is_made, &error) && !is_made);
  g_assert_true(bigquery_table_patch(f.bigquery, &table, "{\"schema\":1}", "e1", &error));
  g_assert_true(
      g_str_has_prefix(google_fixture_seen(&f, 3)->head, "PATCH /bigquery/v2/projects/p/datasets/d/tables/t?"));
  g_assert_nonnull(strstr(google_fixture_seen(&f, 3)->head, "If-Match: e1\r\n"));
  g_assert_false(bigquery_table_patch(f.bigquery, &table, "{}", "e1", &error));
  g_assert_cmpint(bigquery_cause(f.bigquery), ==, BIGQUERY_CAUSE_CHANGED);
  g_clear_error(&error);
  g_assert_true(bigquery_table_permissions(f.bigquery, &table, permissions, is_granted, &error));
  g_assert_true(is_granted[0] && !is_granted[1]);
  g_assert_true(g_str_has_prefix(google_fixture_seen(&f, 5)->head,
                                 "POST /bigquery/v2/projects/p/datasets/d/tables/t:testIamPermissions?"));
  g_assert_true(bigquery_dataset_location(f.bigquery, "other", "d", &location, &error));
  g_assert_cmpstr(location, ==, "EU");
  g_assert_true(g_str_has_prefix(google_fixture_seen(&f, 6)->head, "GET /bigquery/v2/projects/other/datasets/d?"));
  google_fixture_stop(&f);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
  g_test_add_func("/google/stream/cases", test_cases);
  g_test_add_func("/google/stream/golden", test_golden);
  g_test_add_func("/google/stream/many", test_many);
  g_test_add_func("/google/stream/token_of_one", test_token_of_one);
  g_test_add_func("/google/stream/login_ends", test_login_ends);
  g_test_add_func("/google/tables/get", test_table_get);
  g_test_add_func("/google/tables/changes", test_table_changes);
  return g_test_run();
}
