/* What the disk does to the file: full, read-only, busy, and a writer that died in the middle of a commit. */
#include "sqlite_fixture.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* More events than the file may grow by. */
static bool append_many(struct sqlite_fixture *fixture, size_t n, GError **error)
{
  g_autofree struct lead_event *events = g_new0(struct lead_event, n);
  for (size_t i = 0; i < n; i++)
    events[i] = (struct lead_event){.kind = EVENT_STATUS,
                                    .fact = FACT_OPENED,
                                    .lead_id = "l1",
                                    .person = "a@x.com",
                                    .generation = 1,
                                    .run_id = "r"};
  return fixture->ledger->ops->append(fixture->ledger, events, n, error);
}

static void limit_file_size(rlim_t bytes)
{
  struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
  g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

/* A file-size limit stands in for a full disk: the write fails, the transaction is undone, the next one works. */
static void test_full(void)
{
  struct sqlite_fixture fixture;
  g_autoptr(GError) error = NULL;
  struct stat info;
  signal(SIGXFSZ, SIG_IGN);
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  g_assert_cmpint(stat(fixture.path, &info), ==, 0);
  limit_file_size((rlim_t)info.st_size + 65536);
  g_assert_false(append_many(&fixture, 5000, &error));
  limit_file_size(RLIM_INFINITY);
  g_assert_true(error_is(error, ERROR_LOCAL));
  g_assert_nonnull(strstr(error->message, "disk"));
  g_clear_error(&error);
  g_autofree char *none = sqlite_fixture_text(&fixture, "SELECT count(*) FROM lead_events");
  g_assert_cmpstr(none, ==, "0");
  g_assert_true(append_many(&fixture, 10, &error));
  g_autofree char *check = sqlite_fixture_text(&fixture, "PRAGMA integrity_check");
  g_assert_cmpstr(check, ==, "ok");
  sqlite_fixture_clear(&fixture);
}

/* Runs as nobody, for root may write everywhere; its exit status says whether the right error came. */
static int open_write_protected(const struct sqlite_fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return 2;
  struct warehouse *warehouse = warehouse_open(&fixture->settings, WAREHOUSE_WRITE, clock_system(), &error);
  warehouse_close(warehouse);
  return !warehouse && error_is(error, ERROR_LOCAL) && strstr(error->message, "read-only") ? 0 : 1;
}

static void test_read_only(void)
{
  struct sqlite_fixture fixture;
  int status = 0;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  g_clear_pointer(&fixture.warehouse, warehouse_close);
  g_assert_cmpint(g_chmod(fixture.path, 0444), ==, 0);
  g_assert_cmpint(g_chmod(fixture.folder, 0555), ==, 0);
  pid_t child = fork();
  if (child == 0) _exit(open_write_protected(&fixture));
  g_assert_cmpint(waitpid(child, &status, 0), ==, child);
  g_assert_cmpint(g_chmod(fixture.folder, 0700), ==, 0);
  g_assert_true(WIFEXITED(status));
  g_assert_cmpint(WEXITSTATUS(status), ==, 0);
  sqlite_fixture_clear(&fixture);
}

/* Somebody else's transaction that lasts longer than the time-out: worth another try, nothing is lost. */
static void test_busy(void)
{
  struct sqlite_fixture fixture;
  g_autoptr(GError) error = NULL;
  sqlite3 *other = NULL;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  sqlite3_busy_timeout(sqlite_of(fixture.warehouse)->db.handle, 50);
  g_assert_cmpint(sqlite3_open(fixture.path, &other), ==, SQLITE_OK);
  g_assert_cmpint(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_false(append_many(&fixture, 1, &error));
  g_assert_true(error_is(error, ERROR_TRANSIENT));
  g_clear_error(&error);
  sqlite3_close(other);
  g_assert_true(append_many(&fixture, 1, &error));
  sqlite_fixture_clear(&fixture);
}

/* Dies with a transaction spilled to the file and its journal beside it. */
static void die_while_writing(const struct sqlite_fixture *fixture)
{
  sqlite3 *handle = NULL;
  sqlite3_open(fixture->path, &handle);
  sqlite3_exec(handle,
               "PRAGMA journal_mode = TRUNCATE; PRAGMA cache_size = 10; BEGIN IMMEDIATE;"
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
               "INSERT INTO leads (lead_id, email) SELECT 'x' || i, 'person' || i || '@x.com' FROM n;"
               "DELETE FROM leads WHERE lead_id = 'l1'",
               NULL, NULL, NULL);
  kill(getpid(), SIGKILL);
}

/* What died left its journal before, or while, somebody reads: either way the last committed state is shown. */
static void check_leftover(bool is_open_before)
{
  struct sqlite_fixture fixture;
  g_autoptr(GError) error = NULL;
  struct import_row row = {.lead_id = "l1", .email = "a@x.com", .person = "a@x.com"};
  struct page page;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  g_assert_true(import_rows(fixture.warehouse, &row, 1, false, &error));
  g_clear_pointer(&fixture.warehouse, warehouse_close);
  if (is_open_before) sqlite_fixture_reopen(&fixture, WAREHOUSE_READ);
  pid_t child = fork();
  if (child == 0) die_while_writing(&fixture);
  g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
  if (!is_open_before) sqlite_fixture_reopen(&fixture, WAREHOUSE_READ);
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_true(report_leads(fixture.warehouse, NULL, 10, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  g_assert_cmpstr(page_row(&page, struct lead_report_row, 0)->lead.lead_id, ==, "l1");
  page_clear(&page);
  sqlite_fixture_clear(&fixture);
}

static void test_leftover_journal(void)
{
  check_leftover(false);
}

static void test_leftover_beside_a_reader(void)
{
  check_leftover(true);
}

/* The file holds addresses: nobody but its owner reads it, whatever the umask says. */
static void test_private(void)
{
  struct sqlite_fixture fixture;
  struct stat info;
  mode_t before = umask(0);
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  umask(before);
  g_assert_cmpint(stat(fixture.path, &info), ==, 0);
  g_assert_cmpint(info.st_mode & 0777, ==, 0600);
  sqlite_fixture_clear(&fixture);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/warehouse/sqlite/disk/private", test_private);
  g_test_add_func("/warehouse/sqlite/disk/full", test_full);
  g_test_add_func("/warehouse/sqlite/disk/read-only", test_read_only);
  g_test_add_func("/warehouse/sqlite/disk/busy", test_busy);
  g_test_add_func("/warehouse/sqlite/disk/leftover-journal", test_leftover_journal);
  g_test_add_func("/warehouse/sqlite/disk/leftover-beside-a-reader", test_leftover_beside_a_reader);
  return g_test_run();
}
