#include "sqlite_fixture.h"

#include <glib/gstdio.h>

#define CAMPAIGN_A "11111111-1111-4111-8111-111111111111"
#define CAMPAIGN_B "22222222-2222-4222-8222-222222222222"

static void campaign_add(struct settings *settings, const char *id)
{
  struct campaign_settings campaign = {.id = g_strdup(id), .name = g_strdup("a campaign")};
  g_array_append_val(settings->campaigns, campaign);
}

void sqlite_fixture_init(struct sqlite_fixture *fixture)
{
  *fixture = (struct sqlite_fixture){.folder = g_dir_make_tmp("leadferry-XXXXXX", NULL)};
  g_assert_nonnull(fixture->folder);
  fixture->path = g_build_filename(fixture->folder, "leads.db", NULL);
  settings_init(&fixture->settings);
  fixture->settings.warehouse.type = g_strdup("sqlite");
  fixture->settings.warehouse.path = g_strdup(fixture->path);
  fixture->settings.source.write_back = true;
  campaign_add(&fixture->settings, CAMPAIGN_A);
  campaign_add(&fixture->settings, CAMPAIGN_B);
}

void sqlite_fixture_reopen(struct sqlite_fixture *fixture, enum warehouse_mode mode)
{
  g_autoptr(GError) error = NULL;
  g_clear_pointer(&fixture->warehouse, warehouse_close);
  fixture->warehouse = warehouse_open(&fixture->settings, mode, clock_system(), &error);
  g_assert_no_error(error);
  fixture->ledger = warehouse_ledger(fixture->warehouse);
}

void sqlite_fixture_open(struct sqlite_fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  bool was_created = false;
  sqlite_fixture_reopen(fixture, WAREHOUSE_WRITE);
  g_assert_true(schema_apply(fixture->warehouse, &was_created, &error));
  g_assert_no_error(error);
  g_assert_true(was_created);
}

void sqlite_fixture_exec(struct sqlite_fixture *fixture, const char *sql)
{
  sqlite3 *handle = NULL;
  char *message = NULL;
  g_assert_cmpint(sqlite3_open(fixture->path, &handle), ==, SQLITE_OK);
  sqlite3_exec(handle, sql, NULL, NULL, &message);
  g_assert_cmpstr(message, ==, NULL);
  sqlite3_close(handle);
}

char *sqlite_fixture_text(struct sqlite_fixture *fixture, const char *sql)
{
  sqlite3 *handle = NULL;
  sqlite3_stmt *statement = NULL;
  g_assert_cmpint(sqlite3_open(fixture->path, &handle), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), ==, SQLITE_OK);
  char *text = NULL;
  if (sqlite3_step(statement) == SQLITE_ROW) text = g_strdup((const char *)sqlite3_column_text(statement, 0));
  sqlite3_finalize(statement);
  sqlite3_close(handle);
  return text;
}

void sqlite_fixture_clear(struct sqlite_fixture *fixture)
{
  g_clear_pointer(&fixture->warehouse, warehouse_close);
  g_autoptr(GDir) folder = g_dir_open(fixture->folder, 0, NULL);
  for (const char *name; folder && (name = g_dir_read_name(folder));) {
    g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
    g_remove(path);
  }
  g_rmdir(fixture->folder);
  settings_clear(&fixture->settings);
  g_free(fixture->folder);
  g_free(fixture->path);
}
