/* Edges: what is long, big or without end, and each type of parameter. */
#include "google_fixture.h"

#include "base/json.h"
#include "base/log.h"

#include <string.h>

#define EMPTY_PAGES_N 130
#define ROW_BYTES     ((size_t)1500000)
#define PAGE(token)                                                                                                    \
  "{\"jobComplete\":true,\"jobReference\":{\"jobId\":\"job_1\",\"location\":\"EU\"},\"schema\":{\"fields\":[{"         \
  "\"name\":"                                                                                                          \
  "\"id\"}]},\"totalRows\":\"1\"" token "}"

static const struct bigquery_table table = {.dataset = "d", .table = "t"};

static void start(struct google_fixture *f, const struct script_step *steps, size_t steps_n)
{
  google_fixture_start(f, steps, steps_n);
  google_fixture_client(f, true);
}

/* Starts a query that these steps answer. */
static struct bigquery_rows *query(struct google_fixture *f, const struct script_step *steps, size_t steps_n)
{
  const struct bigquery_statement statement = {.name = "some_rows", .sql = "x"};
  struct bigquery_rows *rows = NULL;
  g_autoptr(GError) error = NULL;
  start(f, steps, steps_n);
  g_assert_true(bigquery_query(f->bigquery, &statement, &rows, &error));
  return rows;
}

/* Pages without rows, each of which promises another. */
static void test_pages_without_end(void)
{
  struct script_step steps[EMPTY_PAGES_N + 1] = {TOKEN_STEP("ya29.x")};
  for (size_t i = 1; i <= EMPTY_PAGES_N; i++)
    steps[i].body = i % 2 == 0 ? PAGE(",\"pageToken\":\"a\"") : PAGE(",\"pageToken\":\"b\"");
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  const char *const *cells = NULL;
  bigquery_rows_scope struct bigquery_rows *rows = query(&f, steps, G_N_ELEMENTS(steps));
  g_assert_false(bigquery_next(rows, &cells, &error));
  g_assert_true(error_is(error, ERROR_CORRUPT));
  g_assert_cmpuint(google_fixture_seen_n(&f), <, 110);
  google_fixture_stop(&f);
}

/* U+0000 comes as U+FFFD, and an escaped backslash before "u0000" as it is. */
static void test_nul(void)
{
  static const struct script_step steps[] = {
      TOKEN_STEP("ya29.x"),
      {.body = PAGE(",\"rows\":[{\"f\":[{\"v\":\"\\u0000a\\\\u0000\\\\\\u0000\"}]}]")},
  };
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  const char *const *cells = NULL;
  bigquery_rows_scope struct bigquery_rows *rows = query(&f, steps, G_N_ELEMENTS(steps));
  g_assert_true(bigquery_next(rows, &cells, &error));
  g_assert_cmpstr(cells[0], ==,
                  "\xef\xbf\xbd"
                  "a\\u0000\\\xef\xbf\xbd");
  google_fixture_stop(&f);
}

static void test_parameters(void)
{
  static const char *const texts[] = {"a", "\"b\""};
  const struct bigquery_parameter parameters[] = {bigquery_int("i", -7),
                                                  bigquery_bool("yes", true),
                                                  bigquery_bool("no", false),
                                                  bigquery_real("r", 0.5),
                                                  bigquery_texts("l", texts, 2),
                                                  bigquery_texts("e", NULL, 0),
                                                  bigquery_text("s", NULL),
                                                  bigquery_time("t", 0),
                                                  bigquery_null("n", BIGQUERY_INT64),
                                                  bigquery_null("ln", BIGQUERY_STRINGS)};
  static const char expected[] =
      "\"queryParameters\":["
      "{\"name\":\"i\",\"parameterType\":{\"type\":\"INT64\"},\"parameterValue\":{\"value\":\"-7\"}},"
      "{\"name\":\"yes\",\"parameterType\":{\"type\":\"BOOL\"},\"parameterValue\":{\"value\":\"true\"}},"
      "{\"name\":\"no\",\"parameterType\":{\"type\":\"BOOL\"},\"parameterValue\":{\"value\":\"false\"}},"
      "{\"name\":\"r\",\"parameterType\":{\"type\":\"FLOAT64\"},\"parameterValue\":{\"value\":\"0.5\"}},"
      "{\"name\":\"l\",\"parameterType\":{\"type\":\"ARRAY\",\"arrayType\":{\"type\":\"STRING\"}},\"parameterValue\":{"
      "\"arrayValues\":[{\"value\":\"a\"},{\"value\":\"\\\"b\\\"\"}]}},"
      "{\"name\":\"e\",\"parameterType\":{\"type\":\"ARRAY\",\"arrayType\":{\"type\":\"STRING\"}},\"parameterValue\":{"
      "\"arrayValues\":[]}},"
      "{\"name\":\"s\",\"parameterType\":{\"type\":\"STRING\"},\"parameterValue\":{}},"
      "{\"name\":\"t\",\"parameterType\":{\"type\":\"TIMESTAMP\"},\"parameterValue\":{}},"
      "{\"name\":\"n\",\"parameterType\":{\"type\":\"INT64\"},\"parameterValue\":{}},"
      "{\"name\":\"ln\",\"parameterType\":{\"type\":\"ARRAY\",\"arrayType\":{\"type\":\"STRING\"}},\"parameterValue\":{"
      "}}]";
  const struct bigquery_statement statement = {"x", "x", parameters, G_N_ELEMENTS(parameters), 0, 0};
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), {.body = "{\"totalBytesProcessed\":\"1\"}"}};
  struct google_fixture f;
  int64_t bytes = 0;
  start(&f, steps, G_N_ELEMENTS(steps));
  g_assert_true(bigquery_estimate(f.bigquery, &statement, &bytes, NULL));
  const char *sent = strstr(google_fixture_seen(&f, 1)->body, "\"queryParameters\"");
  g_assert_nonnull(sent);
  g_autofree char *same = g_strndup(sent, strlen(expected));
  g_assert_cmpstr(same, ==, expected);
  google_fixture_stop(&f);
}

/* A label's value has 63 bytes at most, or BigQuery refuses the job. */
static void test_long_label(void)
{
  const struct bigquery_statement statement = {.name = "x", .sql = "x"};
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), {.body = "{\"totalBytesProcessed\":\"1\"}"}};
  struct google_fixture f;
  int64_t bytes = 0;
  g_autofree char *value = g_strnfill(64, 'a');
  start(&f, steps, G_N_ELEMENTS(steps));
  bigquery_set_label(f.bigquery, "run", value);
  g_assert_true(bigquery_estimate(f.bigquery, &statement, &bytes, NULL));
  g_autofree char *expected = g_strdup_printf("\"run\":\"%.63s\"", value);
  g_assert_nonnull(strstr(google_fixture_seen(&f, 1)->body, expected));
  google_fixture_stop(&f);
}

static void test_truncating_load(void)
{
  const struct bigquery_load load = {.table = table, .ndjson = "{}\n", .ndjson_bytes = 3, .is_truncating = true};
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), {.body = "{\"status\":{\"state\":\"DONE\"}}"}};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  start(&f, steps, G_N_ELEMENTS(steps));
  g_assert_true(bigquery_load(f.bigquery, &load, "load", NULL, &error));
  g_assert_nonnull(strstr(google_fixture_seen(&f, 1)->body, "\"writeDisposition\":\"WRITE_TRUNCATE\""));
  google_fixture_stop(&f);
}

static char *big_row(size_t bytes)
{
  g_autofree char *text = g_strnfill(bytes, 'x');
  return g_strdup_printf("{\"n\":\"%s\"}", text);
}

/* Rows go in requests of 2 MB at most, as long as there is more than one; BigQuery takes 10 MB. */
static void test_big_rows(void)
{
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), {.body = "{}"}};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  g_autofree char *json = big_row(ROW_BYTES);
  const struct bigquery_stream_row rows[] = {{"i0", json}, {"i1", json}, {"i2", json}};
  start(&f, steps, G_N_ELEMENTS(steps));
  g_assert_true(bigquery_insert_all(f.bigquery, &table, rows, G_N_ELEMENTS(rows), &error));
  g_assert_cmpuint(google_fixture_seen_n(&f), ==, 1 + G_N_ELEMENTS(rows));
  google_fixture_stop(&f);
}

/* What BigQuery would refuse for its length is refused before anything is sent. */
static void test_rows_too_long(void)
{
  const struct script_step steps[] = {TOKEN_STEP("ya29.x"), {.body = "{}"}};
  g_autofree char *json = big_row((size_t)10 << 20), *id = g_strnfill(129, 'i');
  const struct bigquery_stream_row rows[] = {{"i0", json}, {id, "{}"}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    start(&f, steps, G_N_ELEMENTS(steps));
    g_assert_false(bigquery_insert_all(f.bigquery, &table, &rows[i], 1, &error));
    g_assert_true(error_is(error, ERROR_REJECTED));
    g_assert_cmpuint(google_fixture_seen_n(&f), ==, 0);
    google_fixture_stop(&f);
  }
}

/* ---- cells that nobody expects ---- */

#define TWO       "\"schema\":{\"fields\":[{\"name\":\"id\"},{\"name\":\"n\"}]}"
#define ROW(a, b) "{\"f\":[{\"v\":" a "},{\"v\":" b "}]}"
#define ROWS(schema, row)                                                                                              \
  "{\"jobComplete\":true,\"jobReference\":{\"jobId\":\"j\"}," schema ",\"totalRows\":\"1\",\"rows\":[" row "]}"

/* A NULL where the statement has none, and fewer columns than it has, are no answer: nobody reads past them. */
static void test_cells_that_are_not_there(void)
{
  static const struct {
    const char *answer;
    bool is_refused;
  } tries[] = {
      {ROWS(TWO, ROW("\"a\"", "null")), false},
      {ROWS(TWO, ROW("null", "\"1\"")), true},
      {ROWS("\"schema\":{\"fields\":[{\"name\":\"id\"}]}", "{\"f\":[{\"v\":\"a\"}]}"), true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(tries); i++) {
    struct google_fixture f;
    const struct script_step step = {.body = tries[i].answer};
    const struct bigquery_statement statement = {.name = "some_rows", .sql = "x", .columns_n = 2, .filled = 1};
    struct bigquery_rows *rows = NULL;
    const char *const *cells = NULL;
    g_autoptr(GError) error = NULL;
    google_fixture_start(&f, &step, 1);
    google_fixture_client(&f, false);
    bool is_ok = bigquery_query(f.bigquery, &statement, &rows, &error) && bigquery_next(rows, &cells, &error);
    g_assert_cmpint(is_ok, ==, !tries[i].is_refused);
    if (tries[i].is_refused) g_assert_true(error_is(error, ERROR_CORRUPT));
    for (int cell = 1; is_ok && cell < 64; cell++)
      g_assert_null(cells[cell]);
    bigquery_rows_free(rows);
    google_fixture_stop(&f);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
  g_test_add_func("/google/edges/pages_without_end", test_pages_without_end);
  g_test_add_func("/google/edges/nul", test_nul);
  g_test_add_func("/google/edges/parameters", test_parameters);
  g_test_add_func("/google/edges/long_label", test_long_label);
  g_test_add_func("/google/edges/truncating_load", test_truncating_load);
  g_test_add_func("/google/edges/big_rows", test_big_rows);
  g_test_add_func("/google/edges/rows_too_long", test_rows_too_long);
  g_test_add_func("/google/edges/cells_that_are_not_there", test_cells_that_are_not_there);
  return g_test_run();
}
