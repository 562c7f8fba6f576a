/* The client against goccy's bigquery-emulator, when one runs (BIGQUERY_EMULATOR_HOST): that what we send is understood
 * by somebody else. What the emulator cannot do is in the other tests, against a scripted BigQuery. */
#include "base/random.h"
#include "google/bigquery.h"

#include <string.h>

#define TIME_US INT64_C(1795352709123456)

struct fixture {
  struct bigquery *bigquery;
  char *name; /* of a table that nobody else has */
  struct bigquery_table table;
};

static bool start(struct fixture *f)
{
  const char *host = g_getenv("BIGQUERY_EMULATOR_HOST");
  if (!host) {
    g_test_skip("BIGQUERY_EMULATOR_HOST is not set");
    return false;
  }
  g_autoptr(GError) error = NULL;
  g_autofree char *url = bigquery_emulator_url(host, &error);
  g_assert_no_error(error);
  const char *project = g_getenv("BIGQUERY_EMULATOR_PROJECT"), *dataset = g_getenv("BIGQUERY_EMULATOR_DATASET");
  struct bigquery_options options = {
      .project = project ? project : "test", .dataset = dataset ? dataset : "d", .base_url = url};
  f->bigquery = bigquery_new(&options, NULL, clock_system(), &error);
  g_assert_no_error(error);
  f->name = g_strdup_printf("t%016" G_GINT64_MODIFIER "x", random_u64());
  f->table = (struct bigquery_table){.dataset = dataset ? dataset : "d", .table = f->name};
  bigquery_set_label(f->bigquery, "Job", "Test 1");
  return true;
}

static void stop(struct fixture *f)
{
  bigquery_free(f->bigquery);
  g_free(f->name);
}

static void make_table(struct fixture *f)
{
  static const char schema[] =
      "{\"schema\":{\"fields\":[{\"name\":\"id\",\"type\":\"STRING\"},{\"name\":\"n\",\"type\":"
      "\"INTEGER\"},{\"name\":\"made\",\"type\":\"TIMESTAMP\"}]}}";
  g_autoptr(GError) error = NULL;
  bool is_made = false;
  g_assert_true(bigquery_table_insert(f->bigquery, &f->table, schema, &is_made, &error));
  g_assert_true(is_made);
  g_assert_true(bigquery_table_insert(f->bigquery, &f->table, schema, &is_made, &error));
  g_assert_false(is_made);
  g_assert_cmpint(bigquery_cause(f->bigquery), ==, BIGQUERY_CAUSE_DUPLICATE);
}

static char *read_all(struct fixture *f, const struct bigquery_statement *statement)
{
  g_autoptr(GError) error = NULL;
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  GString *text = g_string_new(NULL);
  bigquery_query(f->bigquery, statement, &rows, &error);
  g_assert_no_error(error);
  for (;;) {
    const char *const *cells = NULL;
    bigquery_next(rows, &cells, &error);
    g_assert_no_error(error);
    if (!cells) break;
    for (size_t i = 0; i < bigquery_columns_n(rows); i++) {
      g_string_append_printf(text, "%s%s", i > 0 ? "|" : "", cells[i] ? cells[i] : "(null)");
    }
    g_string_append_c(text, '\n');
  }
  return g_string_free(text, FALSE);
}

static void test_parameters(void)
{
  struct fixture f;
  if (!start(&f)) return;
  static const char *const texts[] = {"a", "b\"c"};
  const struct bigquery_parameter parameters[] = {
      bigquery_text("t", "Zo\xc3\xab \"x\"\n"),
      bigquery_text("nothing", NULL),
      bigquery_int("i", INT64_MAX),
      bigquery_bool("b", true),
      bigquery_real("r", 0.5),
      bigquery_time("at", TIME_US),
      bigquery_texts("list", texts, 2),
  };
  const struct bigquery_statement statement = {
      .name = "parameters",
      .sql = "SELECT @t, @nothing IS NULL, @i, @b, @r, @at, ARRAY_LENGTH(@list), @nothing",
      .parameters = parameters,
      .parameters_n = G_N_ELEMENTS(parameters),
  };
  g_autofree char *text = read_all(&f, &statement);
  g_assert_cmpstr(text, ==, "Zo\xc3\xab \"x\"\n|true|9223372036854775807|true|0.5|1795352709123456|2|(null)\n");
  stop(&f);
}

static void test_writes(void)
{
  struct fixture f;
  if (!start(&f)) return;
  g_autoptr(GError) error = NULL;
  make_table(&f);
  const struct bigquery_stream_row rows[] = {
      {"1", "{\"id\":\"a\",\"n\":\"1\",\"made\":\"2026-11-22T13:05:09.123456Z\"}"},
      {"2", "{\"id\":\"b\",\"n\":null,\"made\":null}"},
  };
  bigquery_insert_all(f.bigquery, &f.table, rows, G_N_ELEMENTS(rows), &error);
  g_assert_no_error(error);
  const struct bigquery_load load = {.table = f.table, .ndjson = "{\"id\":\"c\",\"n\":3}\n", .ndjson_bytes = 17};
  g_autofree char *load_id = g_strconcat("load_", f.name, NULL);
  bigquery_load(f.bigquery, &load, load_id, NULL, &error);
  g_assert_no_error(error);
  g_autofree char *insert_sql = g_strdup_printf("INSERT INTO %s (id, n) VALUES (@id, 4)", f.name);
  const struct bigquery_parameter id = bigquery_text("id", "d");
  const struct bigquery_statement insert = {"insert", insert_sql, &id, 1, 0, 0};
  g_autofree char *job_id = g_strconcat("insert_", f.name, NULL);
  struct bigquery_result result = {0};
  for (int times = 0; times < 3; times++) {
    bigquery_execute(f.bigquery, &insert, job_id, &result, &error);
    g_assert_no_error(error);
    g_assert_cmpint(result.was_there, ==, times > 0);
  }
  g_autofree char *select_sql = g_strdup_printf("SELECT id, n, made FROM %s ORDER BY id", f.name);
  const struct bigquery_statement select = {.name = "select", .sql = select_sql};
  g_autofree char *text = read_all(&f, &select);
  g_assert_cmpstr(text, ==, "a|1|1795352709123456\nb|(null)|(null)\nc|3|(null)\nd|4|(null)\n");
  stop(&f);
}

static void test_table(void)
{
  struct fixture f;
  if (!start(&f)) return;
  g_autoptr(GError) error = NULL;
  make_table(&f);
  struct bigquery_table_info info;
  bigquery_table_get(f.bigquery, &f.table, &info, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(info.fields->len, ==, 3);
  g_assert_cmpstr(g_array_index(info.fields, struct bigquery_field, 2).name, ==, "made");
  g_assert_cmpstr(g_array_index(info.fields, struct bigquery_field, 2).type, ==, "TIMESTAMP");
  bigquery_table_info_clear(&info);
  const struct bigquery_table other = {.dataset = f.table.dataset, .table = "none_of_that_name"};
  g_assert_false(bigquery_table_get(f.bigquery, &other, &info, &error));
  g_assert_true(error_is(error, ERROR_NOT_FOUND));
  stop(&f);
}

static void test_failures(void)
{
  struct fixture f;
  if (!start(&f)) return;
  g_autoptr(GError) error = NULL;
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  const struct bigquery_statement statement = {.name = "wrong", .sql = "SELECT x FROM"};
  g_assert_false(bigquery_query(f.bigquery, &statement, &rows, &error));
  g_assert_nonnull(error);
  g_test_message("%s", error->message);
  g_clear_error(&error);
  g_autofree char *job_id = g_strconcat("wrong_", f.name, NULL);
  g_assert_false(bigquery_execute(f.bigquery, &statement, job_id, NULL, &error));
  g_assert_nonnull(error);
  g_test_message("%s", error->message);
  /* the failed job is known to have done nothing: the next attempt's id does it */
  g_clear_error(&error);
  const struct bigquery_statement right = {.name = "right", .sql = "SELECT 1"};
  struct bigquery_result result = {0};
  bigquery_execute(f.bigquery, &right, job_id, &result, &error);
  g_assert_no_error(error);
  g_assert_false(result.was_there);
  stop(&f);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/google/emulator/parameters", test_parameters);
  g_test_add_func("/google/emulator/writes", test_writes);
  g_test_add_func("/google/emulator/table", test_table);
  g_test_add_func("/google/emulator/failures", test_failures);
  return g_test_run();
}
