/* A ledger whose states do not carry their events any more: somebody deletes rows of ours, drops a table of ours, puts
 * back an older one, or edits what stands there. Nobody is sent again, and the next run makes good what can be. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>

#include "base/log.h"
#include "tests/sim/small_world.h"

#define LEADS_N 12

/* What somebody does to the file, and what is to stand there afterwards. */
static const struct damage {
  const char *name, *sql;
  bool is_lossy; /* events are gone: the states cannot be what they were, but nobody is forgotten */
} damages[] = {
    {"no-rows", "DELETE FROM lead_state", false},
    {"no-table", "DROP TABLE lead_state", false},
    {"half-of-the-rows", "DELETE FROM lead_state WHERE rowid_of % 2", false},
    {"one-row", "DELETE FROM lead_state WHERE lead_id = 'lead-3'", false},
    {"released",
     "UPDATE lead_state SET settlement = 2, settlement_epoch = 99, added_at = NULL, ever_added_at = NULL, reason = 'x'",
     false},
    {"other-ids", "UPDATE lead_state SET lead_id = lead_id || '-x'; UPDATE lead_persons SET lead_id = lead_id || '-x'",
     false},
    {"other-persons", "UPDATE lead_state SET person = 'x' || person; DELETE FROM lead_persons", false},
    {"opened-again", "UPDATE lead_state SET generation = 7, reopened_at = 9000000000000000, settlement = 0", false},
    {"no-persons", "DELETE FROM lead_persons", false},
    {"no-persons-table", "DROP TABLE lead_persons", false},
    {"one-person", "DELETE FROM lead_persons WHERE person = 'p3@example.com'", false},
    {"no-enrolments", "DELETE FROM lead_enrolments", false},
    {"no-ranges", "DELETE FROM claim_ranges", false},
    {"nothing-but-events",
     "DELETE FROM lead_state; DELETE FROM lead_persons; DELETE FROM lead_enrolments; DELETE FROM claim_ranges", false},
    {"no-notes", "DELETE FROM controls WHERE name LIKE 'folded_%'", false},
    {"no-notes-no-rows", "DELETE FROM controls WHERE name LIKE 'folded_%'; DELETE FROM lead_state", false},
    {"folded-too-far", "UPDATE controls SET value = 999999 WHERE name = 'folded_until'; DELETE FROM lead_state", false},
    {"folded-nothing", "UPDATE controls SET value = 0 WHERE name = 'folded_until'; DELETE FROM lead_state", false},
    {"odd-note", "UPDATE controls SET value = 'x' WHERE name = 'folded_state'; DELETE FROM lead_state", false},
    {"no-runs", "DELETE FROM pipeline_runs; DELETE FROM lead_state", false},
    {"no-events", "DELETE FROM lead_events", true},
    {"no-last-events", "DELETE FROM lead_events WHERE seq > (SELECT max(seq) - 5 FROM lead_events)", true},
    {"no-first-events", "DELETE FROM lead_events WHERE seq < 5; DELETE FROM lead_persons", true},
};

struct ledger_file {
  char *dir, *path;
};

static void file_init(struct ledger_file *file)
{
  file->dir = g_file_test("/dev/shm", G_FILE_TEST_IS_DIR) ? g_mkdtemp(g_strdup("/dev/shm/leadferry-XXXXXX"))
                                                          : g_dir_make_tmp("leadferry-XXXXXX", NULL);
  g_assert_nonnull(file->dir);
  file->path = g_build_filename(file->dir, "lf.db", NULL);
}

static void file_clear(struct ledger_file *file)
{
  g_autoptr(GDir) entries = g_dir_open(file->dir, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name(entries))) {
    g_autofree char *path = g_build_filename(file->dir, name, NULL);
    g_remove(path);
  }
  g_rmdir(file->dir);
  g_free(file->dir);
  g_free(file->path);
}

/* As another program: a connection of its own. A WITHOUT ROWID table is halved by its key. */
static void edit(const struct ledger_file *file, const char *sql)
{
  sqlite3 *handle = NULL;
  char *problem = NULL;
  g_auto(GStrv) parts = g_strsplit(sql, "rowid_of", -1);
  g_autofree char *text = g_strjoinv("CAST(substr(lead_id, 6) AS INTEGER)", parts);
  g_assert_cmpint(sqlite3_open(file->path, &handle), ==, SQLITE_OK);
  sqlite3_exec(handle, text, NULL, NULL, &problem);
  g_assert_cmpstr(problem, ==, NULL);
  sqlite3_close(handle);
}

static int row_add(void *context, int columns_n, char **values, char **names)
{
  (void)names;
  for (int i = 0; i < columns_n; i++)
    g_string_append_printf(context, "%s|", values[i] ? values[i] : "");
  g_string_append_c(context, '\n');
  return 0;
}

/* The tables that the fold writes, as text. */
static char *tables_text(const struct ledger_file *file)
{
  static const char *const queries[] = {
      "SELECT * FROM lead_state ORDER BY 1", "SELECT * FROM lead_persons ORDER BY 1, 2",
      "SELECT * FROM lead_enrolments ORDER BY 1, 2", "SELECT * FROM claim_ranges ORDER BY 1, 2, 3"};
  GString *text = g_string_new(NULL);
  sqlite3 *handle = NULL;
  g_assert_cmpint(sqlite3_open(file->path, &handle), ==, SQLITE_OK);
  for (size_t i = 0; i < G_N_ELEMENTS(queries); i++)
    g_assert_cmpint(sqlite3_exec(handle, queries[i], row_add, text, NULL), ==, SQLITE_OK);
  sqlite3_close(handle);
  return g_string_free(text, FALSE);
}

static void world_open(struct small_world *world, const struct ledger_file *file)
{
  small_world_init(world, file->path);
  world->settings.instantly.batch_size = 3;
  small_world_import(world, LEADS_N);
}

/* dbt rebuilds the user's table, so that only the ledger knows. */
#define REBUILT                                                                                                        \
  "UPDATE leads SET added_to_instantly = 0, added_date = NULL, last_email_status = NULL, cold_email_sent = 0;"
#define RENAMED "UPDATE leads SET lead_id = 'n-' || lead_id;"

static void check_created(const struct small_world *world)
{
  for (int i = 1; i <= LEADS_N; i++) {
    g_autofree char *person = g_strdup_printf("p%d@example.com", i);
    g_assert_cmpint(fake_instantly_created(&world->fake, person), ==, 1);
  }
}

/* Guarantee 49. All that was sent is at rest; the user's columns were rebuilt, so that the ledger alone knows. */
static void test_damage(gconstpointer context)
{
  const struct damage *damage = context;
  struct ledger_file file;
  struct small_world world;
  bool created;
  file_init(&file);
  world_open(&world, &file);
  g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_OK);
  check_created(&world);
  g_autofree char *before = tables_text(&file);
  int64_t calls_n = world.fake.add_calls_n;
  edit(&file, REBUILT);
  edit(&file, damage->sql);
  g_assert_true(schema_apply(world.warehouse, &created, NULL));
  small_world_export(&world, -1);
  g_assert_cmpint(world.fake.add_calls_n, ==, calls_n);
  g_autofree char *after = tables_text(&file);
  if (!damage->is_lossy) g_assert_cmpstr(after, ==, before);
  edit(&file, RENAMED);
  small_world_export(&world, -1);
  g_assert_cmpint(world.fake.add_calls_n, ==, calls_n);
  check_created(&world);
  small_world_clear(&world);
  file_clear(&file);
}

/* Guarantee 49. An export dies with claims open and batches on their way; then the tables are thinned: everybody is
 * mailed once. */
static void test_damage_midway(gconstpointer context)
{
  const struct damage *damage = context;
  for (int64_t points = 0; points < 24; points += 3) {
    struct ledger_file file;
    struct small_world world;
    bool created;
    file_init(&file);
    world_open(&world, &file);
    small_world_export(&world, points);
    edit(&file, damage->sql);
    g_assert_true(schema_apply(world.warehouse, &created, NULL));
    small_world_sleep(&world, DAY_US);
    small_world_export(&world, -1);
    small_world_export(&world, -1);
    if (!damage->is_lossy) check_created(&world);
    for (int i = 1; i <= LEADS_N; i++) {
      g_autofree char *person = g_strdup_printf("p%d@example.com", i);
      if (!damage->is_lossy) g_assert_cmpint(fake_instantly_created(&world.fake, person), <=, 1);
    }
    small_world_clear(&world);
    file_clear(&file);
  }
}

int main(int argc, char **argv)
{
  struct log_options log = {.level = LOG_ERROR, .fd = open("/dev/null", O_WRONLY)};
  log_init(&log);
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
    g_autofree char *at_rest = g_strconcat("/thinned/at-rest/", damages[i].name, NULL);
    g_autofree char *midway = g_strconcat("/thinned/midway/", damages[i].name, NULL);
    g_test_add_data_func(at_rest, &damages[i], test_damage);
    if (!damages[i].is_lossy) g_test_add_data_func(midway, &damages[i], test_damage_midway);
  }
  return g_test_run();
}
