/* What bad files get: a sentence that names the file and the way out, the right kind, and nothing half done. */
#include "sqlite_fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void expect(const struct sqlite_fixture *fixture, enum warehouse_mode mode, enum error_kind kind,
                   const char *says)
{
  g_autoptr(GError) error = NULL;
  struct warehouse *warehouse = warehouse_open(&fixture->settings, mode, clock_system(), &error);
  g_assert_null(warehouse);
  g_assert_nonnull(error);
  g_assert_cmpint(error_kind_of(error), ==, kind);
  g_assert_nonnull(strstr(error->message, fixture->path));
  if (!strstr(error->message, says)) g_error("'%s' does not say '%s'", error->message, says);
}

static void test_missing(void)
{
  struct sqlite_fixture fixture;
  sqlite_fixture_init(&fixture);
  expect(&fixture, WAREHOUSE_READ, ERROR_CONFIG, "there is no warehouse at");
  g_assert_false(g_file_test(fixture.path, G_FILE_TEST_EXISTS));
  sqlite_fixture_clear(&fixture);
}

static void test_directory(void)
{
  struct sqlite_fixture fixture;
  sqlite_fixture_init(&fixture);
  g_assert_cmpint(g_mkdir(fixture.path, 0700), ==, 0);
  expect(&fixture, WAREHOUSE_READ, ERROR_CONFIG, "is a directory");
  expect(&fixture, WAREHOUSE_WRITE, ERROR_CONFIG, "is a directory");
  g_rmdir(fixture.path);
  sqlite_fixture_clear(&fixture);
}

static void test_no_database(void)
{
  struct sqlite_fixture fixture;
  sqlite_fixture_init(&fixture);
  g_autofree char *text = g_strnfill(8192, 'x');
  g_assert_true(g_file_set_contents(fixture.path, text, 8192, NULL));
  expect(&fixture, WAREHOUSE_READ, ERROR_CORRUPT, "no SQLite database");
  expect(&fixture, WAREHOUSE_WRITE, ERROR_CORRUPT, "no SQLite database");
  g_autofree char *after = NULL;
  g_assert_true(g_file_get_contents(fixture.path, &after, NULL, NULL));
  g_assert_cmpstr(after, ==, text);
  sqlite_fixture_clear(&fixture);
}

/* The first pages are there, the rest is not: found before a job begins, not in its middle. */
static void test_truncated(void)
{
  struct sqlite_fixture fixture;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  g_clear_pointer(&fixture.warehouse, warehouse_close);
  g_assert_cmpint(truncate(fixture.path, 20480), ==, 0);
  expect(&fixture, WAREHOUSE_READ, ERROR_CORRUPT, "damaged");
  expect(&fixture, WAREHOUSE_WRITE, ERROR_CORRUPT, "damaged");
  sqlite_fixture_clear(&fixture);
}

static void test_newer(void)
{
  struct sqlite_fixture fixture;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  g_clear_pointer(&fixture.warehouse, warehouse_close);
  sqlite_fixture_exec(&fixture, "UPDATE controls SET value = 99 WHERE name = 'schema_version'");
  expect(&fixture, WAREHOUSE_READ, ERROR_CONFIG, "schema version 99");
  expect(&fixture, WAREHOUSE_WRITE, ERROR_CONFIG, "schema version 99");
  sqlite_fixture_clear(&fixture);
}

/* Names and types of all columns of all tables, as text. */
#define ALL_COLUMNS                                                                                                    \
  "SELECT group_concat(m.name || '.' || c.name || ' ' || c.type) FROM (SELECT name FROM sqlite_schema "                \
  "WHERE type = 'table' ORDER BY name) m, pragma_table_info(m.name) c"

/* A database of the first version is migrated by whoever writes first, keeps what it holds, and has every column of a
 * fresh one. Readers say what to do. */
static void test_older(void)
{
  struct sqlite_fixture fixture;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  g_autofree char *fresh = sqlite_fixture_text(&fixture, ALL_COLUMNS);
  g_clear_pointer(&fixture.warehouse, warehouse_close);
  sqlite_fixture_exec(&fixture, "INSERT INTO suppressions (match_key, person, reason, created_at) "
                                "VALUES ('ann@x.org', 'ann@x.org', 'manual', 1)");
  static const char *const later[] = {"evidence_at", "run_id", "allow_hit", "allowed_at", "was_listed"};
  for (size_t i = 0; i < G_N_ELEMENTS(later); i++) {
    g_autofree char *drop = g_strdup_printf("ALTER TABLE suppressions DROP COLUMN %s", later[i]);
    sqlite_fixture_exec(&fixture, drop);
  }
  sqlite_fixture_exec(&fixture, "UPDATE controls SET value = 1 WHERE name = 'schema_version'");
  expect(&fixture, WAREHOUSE_READ, ERROR_CONFIG, "leadferry schema apply");
  for (int round = 0; round < 2; round++) {
    g_autoptr(GError) error = NULL;
    bool was_changed;
    sqlite_fixture_reopen(&fixture, WAREHOUSE_WRITE);
    g_assert_true(schema_apply(fixture.warehouse, &was_changed, &error));
    g_assert_no_error(error);
    g_assert_true(was_changed == (round == 0));
    g_clear_pointer(&fixture.warehouse, warehouse_close);
  }
  sqlite_fixture_reopen(&fixture, WAREHOUSE_READ);
  g_autofree char *migrated = sqlite_fixture_text(&fixture, ALL_COLUMNS);
  g_assert_cmpstr(migrated, ==, fresh);
  g_autofree char *kept = sqlite_fixture_text(&fixture, "SELECT person FROM suppressions");
  g_assert_cmpstr(kept, ==, "ann@x.org");
  sqlite_fixture_clear(&fixture);
}

static void test_wrong_type(void)
{
  struct sqlite_fixture fixture;
  g_autoptr(GError) error = NULL;
  bool was_created = true;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_exec(&fixture, "CREATE TABLE leads (lead_id INTEGER NOT NULL, email TEXT NOT NULL, first_name TEXT, "
                                "last_name TEXT, company_name TEXT, campaign_id TEXT, added_to_instantly BOOLEAN, "
                                "added_date TIMESTAMP, sequence_completed BOOLEAN, sequence_completed_date TIMESTAMP, "
                                "last_email_status TEXT, cold_email_sent BOOLEAN, updated_at TIMESTAMP)");
  sqlite_fixture_reopen(&fixture, WAREHOUSE_WRITE);
  g_assert_false(schema_apply(fixture.warehouse, &was_created, &error));
  g_assert_true(error_is(error, ERROR_CONFIG));
  g_assert_nonnull(strstr(error->message, "column lead_id: has the type INTEGER"));
  g_assert_false(was_created);
  g_autofree char *ours = sqlite_fixture_text(&fixture, "SELECT count(*) FROM sqlite_schema WHERE name = 'controls'");
  g_assert_cmpstr(ours, ==, "0");
  sqlite_fixture_clear(&fixture);
}

/* The user's own table without a key of its own: it is used as it is, and gets an index. */
static void test_own_table(void)
{
  struct sqlite_fixture fixture;
  g_autoptr(GError) error = NULL;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_exec(&fixture, "CREATE TABLE leads (lead_id TEXT NOT NULL, email TEXT NOT NULL, first_name TEXT, "
                                "last_name TEXT, company_name TEXT, campaign_id TEXT, added_to_instantly BOOLEAN, "
                                "added_date TIMESTAMP, sequence_completed BOOLEAN, sequence_completed_date TIMESTAMP, "
                                "last_email_status TEXT, cold_email_sent BOOLEAN, updated_at TIMESTAMP)");
  sqlite_fixture_open(&fixture);
  GArray *findings = schema_findings_new();
  g_assert_true(schema_check(fixture.warehouse, findings, &error));
  g_assert_cmpuint(findings->len, ==, 0);
  g_array_unref(findings);
  g_autofree char *index = sqlite_fixture_text(&fixture, "SELECT name FROM pragma_index_list('leads')");
  g_assert_cmpstr(index, ==, "leadferry_leads_key");
  sqlite_fixture_clear(&fixture);
}

/* Another source table: the view follows, nothing else is made anew. */
static void test_other_source(void)
{
  struct sqlite_fixture fixture;
  g_autoptr(GError) error = NULL;
  bool was_created = false;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  g_autofree char *key = sqlite_fixture_text(&fixture, "SELECT hex(value) FROM controls WHERE name = 'hmac_key'");
  g_clear_pointer(&fixture.warehouse, warehouse_close);
  fixture.settings.source.table = g_strdup("other");
  sqlite_fixture_reopen(&fixture, WAREHOUSE_WRITE);
  g_assert_true(schema_apply(fixture.warehouse, &was_created, &error));
  g_assert_true(was_created);
  sqlite_fixture_exec(&fixture, "INSERT INTO other (lead_id, email) VALUES ('o1', 'o@x.com')");
  g_autofree char *row = sqlite_fixture_text(&fixture, "SELECT lead_id || next_action FROM lead_report");
  g_assert_cmpstr(row, ==, "o1export decides");
  g_autofree char *same_key = sqlite_fixture_text(&fixture, "SELECT hex(value) FROM controls WHERE name = 'hmac_key'");
  g_assert_cmpstr(same_key, ==, key);
  g_assert_true(schema_apply(fixture.warehouse, &was_created, &error));
  g_assert_false(was_created);
  sqlite_fixture_clear(&fixture);
}

/* ---- reading without writing ---- */

static char *folder_state(const struct sqlite_fixture *fixture)
{
  GString *state = g_string_new(NULL);
  g_autoptr(GDir) folder = g_dir_open(fixture->folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name(folder));) {
    g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
    g_autofree char *bytes = NULL;
    gsize size = 0;
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes, size);
    g_string_append_printf(state, "%s %s\n", name, sum);
  }
  return g_string_free(state, FALSE);
}

static void read_everything(struct sqlite_fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  struct claim_report report;
  struct ledger_facts facts;
  struct page page;
  int64_t changed_n = 0;
  const struct claim_rules rules = {.run_id = "plan", .now_us = 1, .run_room = 10, .is_dry_run = true};
  claim_report_init(&report);
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_true(fixture->ledger->ops->facts(fixture->ledger, &facts, &error));
  g_assert_true(fixture->ledger->ops->claim(fixture->ledger, &rules, &report, &error));
  g_assert_true(fixture->ledger->ops->write_back(fixture->ledger, true, &changed_n, &error));
  g_assert_true(report_leads(fixture->warehouse, NULL, 10, &page, &error));
  g_assert_true(report_find(fixture->warehouse, "a@x.com", &page, &error));
  g_assert_no_error(error);
  page_clear(&page);
  claim_report_clear(&report);
}

static void test_reads_write_nothing(void)
{
  struct sqlite_fixture fixture;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  g_clear_pointer(&fixture.warehouse, warehouse_close);
  g_autofree char *before = folder_state(&fixture);
  sqlite_fixture_reopen(&fixture, WAREHOUSE_READ);
  read_everything(&fixture);
  g_autofree char *during = folder_state(&fixture);
  g_assert_cmpstr(during, ==, before);
  g_clear_pointer(&fixture.warehouse, warehouse_close);
  g_autofree char *after = folder_state(&fixture);
  g_assert_cmpstr(after, ==, before);
  sqlite_fixture_clear(&fixture);
}

/* plan works before our tables exist, and does not make them. */
static void test_reads_without_tables(void)
{
  struct sqlite_fixture fixture;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_exec(&fixture, "CREATE TABLE leads (lead_id TEXT NOT NULL, email TEXT NOT NULL, first_name TEXT, "
                                "last_name TEXT, company_name TEXT, campaign_id TEXT, added_to_instantly BOOLEAN, "
                                "added_date TIMESTAMP, sequence_completed BOOLEAN, sequence_completed_date TIMESTAMP, "
                                "last_email_status TEXT, cold_email_sent BOOLEAN, updated_at TIMESTAMP);"
                                "INSERT INTO leads (lead_id, email) VALUES ('l1', 'a@x.com')");
  g_autofree char *before = folder_state(&fixture);
  sqlite_fixture_reopen(&fixture, WAREHOUSE_READ);
  read_everything(&fixture);
  g_clear_pointer(&fixture.warehouse, warehouse_close);
  g_autofree char *after = folder_state(&fixture);
  g_assert_cmpstr(after, ==, before);
  sqlite_fixture_clear(&fixture);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/warehouse/sqlite/bad/missing", test_missing);
  g_test_add_func("/warehouse/sqlite/bad/directory", test_directory);
  g_test_add_func("/warehouse/sqlite/bad/no-database", test_no_database);
  g_test_add_func("/warehouse/sqlite/bad/truncated", test_truncated);
  g_test_add_func("/warehouse/sqlite/bad/newer", test_newer);
  g_test_add_func("/warehouse/sqlite/bad/older", test_older);
  g_test_add_func("/warehouse/sqlite/bad/wrong-type", test_wrong_type);
  g_test_add_func("/warehouse/sqlite/bad/own-table", test_own_table);
  g_test_add_func("/warehouse/sqlite/bad/other-source", test_other_source);
  g_test_add_func("/warehouse/sqlite/read/writes-nothing", test_reads_write_nothing);
  g_test_add_func("/warehouse/sqlite/read/without-tables", test_reads_without_tables);
  return g_test_run();
}
