/* Every statement of the .sql files is prepared against a fresh schema, and again with the source's names mapped. */
#include "sqlite_fixture.h"

#include <string.h>

static bool makes_something(enum sql_id id)
{
  return g_str_has_prefix(sql_statements[id].text, "CREATE ") || g_str_has_prefix(sql_statements[id].text, "ALTER ");
}

static void prepare_all(struct sqlite_fixture *fixture)
{
  struct sqlite_db *db = &sqlite_of(fixture->warehouse)->db;
  for (enum sql_id id = 0; id < SQL_N; id++) {
    if (makes_something(id)) continue; /* run when the schema is made or migrated, and the connection opened */
    g_autoptr(GError) error = NULL;
    sqlite3_stmt *statement = sqlite_db_prepare(db, id, &error);
    if (!statement) g_test_message("%s: %s", sql_statements[id].name, sqlite3_errmsg(db->handle));
    g_assert_no_error(error);
    g_assert_nonnull(statement);
    sqlite3_finalize(statement);
  }
}

static void test_fresh(void)
{
  struct sqlite_fixture fixture;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  prepare_all(&fixture);
  sqlite_fixture_clear(&fixture);
}

static void test_mapped(void)
{
  static const char *const mapped[][2] = {{"lead_id", "id"}, {"email", "E-mail"}, {"campaign_id", "select"}};
  struct sqlite_fixture fixture;
  sqlite_fixture_init(&fixture);
  fixture.settings.source.table = g_strdup("crm-export");
  for (size_t i = 0; i < G_N_ELEMENTS(mapped); i++) {
    struct field_mapping mapping = {.target = g_strdup(mapped[i][0]), .source = g_strdup(mapped[i][1])};
    g_array_append_val(fixture.settings.source.columns, mapping);
  }
  sqlite_fixture_open(&fixture);
  prepare_all(&fixture);
  g_autofree char *name = sqlite_fixture_text(&fixture, "SELECT name FROM pragma_table_info('crm-export') WHERE cid=1");
  g_assert_cmpstr(name, ==, "E-mail");
  sqlite_fixture_clear(&fixture);
}

static void test_bad_names(void)
{
  static const char *const bad[] = {"", "a b", "a\"b", "1a", "-a", "a.b", "a;", "\xc3\xa4"};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    struct sqlite_fixture fixture;
    sqlite_fixture_init(&fixture);
    fixture.settings.source.table = g_strdup(bad[i]);
    g_assert_null(warehouse_open(&fixture.settings, WAREHOUSE_WRITE, clock_system(), &error));
    g_assert_true(error_is(error, ERROR_CONFIG));
    sqlite_fixture_clear(&fixture);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/warehouse/sqlite/statements/fresh", test_fresh);
  g_test_add_func("/warehouse/sqlite/statements/mapped", test_mapped);
  g_test_add_func("/warehouse/sqlite/statements/bad-names", test_bad_names);
  return g_test_run();
}
