/* After a death recover asks about the batches that were on their way and about no others, however many were claimed.
 *
 * LEADFERRY_IN_FLIGHT_CLAIMS: how many claims the dead run had made. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/sim/small_world.h"

#define BATCH  100
#define WINDOW 4
#define SENT   3 /* windows that were answered and settled before the one in which the run dies */

static int64_t claims_n(void)
{
  const char *text = g_getenv("LEADFERRY_IN_FLIGHT_CLAIMS");
  return text != NULL ? g_ascii_strtoll(text, NULL, 10) : 10000;
}

/* The stops count as read, for they come from the list too. */
static void begin(struct small_world *world, const char *path)
{
  small_world_init(world, path);
  world->settings.instantly.batch_size = BATCH;
  world->settings.instantly.writes_in_flight = WINDOW;
  small_world_import(world, claims_n());
  g_autoptr(GError) error = NULL;
  struct ledger *ledger = warehouse_ledger(world->warehouse);
  struct run_record run = {.run_id = "stops", .job = "sync", .stops_read_at_us = world->wall_us, .verdict = "ok"};
  g_assert_true(ledger->ops->run_begin(ledger, &run, &error) && ledger->ops->run_end(ledger, &run, &error));
}

/* The last request of a window arrives; the process dies at its next call, before any answer of the window is settled.
 */
static enum fake_fault die_after_window(void *context)
{
  struct small_world *world = context;
  if (world->fake.add_calls_n == (SENT + 1) * WINDOW) world->mortal.points_left = 0;
  return FAKE_OK;
}

static void test_asks_about_few(gconstpointer path)
{
  struct small_world world;
  begin(&world, path);
  world.fake.next_fault = die_after_window;
  small_world_export(&world, -1);
  g_assert_true(world.mortal.is_dead);
  g_assert_cmpint(world.fake.add_calls_n, ==, (SENT + 1) * WINDOW);
  int64_t before_n = world.fake.list_calls_n;
  struct settle_tally tally = small_world_recover(&world);
  g_test_message("%" G_GINT64_FORMAT " claims, %" G_GINT64_FORMAT " released unasked, %" G_GINT64_FORMAT
                 " found, %" G_GINT64_FORMAT " questions",
                 claims_n(), tally.released_n, tally.added_n, world.fake.list_calls_n - before_n);
  g_assert_cmpint(tally.added_n, ==, WINDOW * BATCH);
  g_assert_cmpint(tally.released_n, ==, claims_n() - (SENT + 1) * WINDOW * BATCH);
  g_assert_cmpint(world.fake.list_calls_n - before_n, ==, 2 * WINDOW); /* in the campaign, then everywhere */
  small_world_clear(&world);
}

int main(int argc, char **argv)
{
  struct log_options log = {.level = LOG_ERROR, .fd = open("/dev/null", O_WRONLY)};
  log_init(&log);
  g_test_init(&argc, &argv, NULL);
  g_autofree char *dir = g_strdup("/tmp/leadferry-in-flight-XXXXXX");
  g_assert_nonnull(g_mkdtemp(dir));
  g_autofree char *path = g_build_filename(dir, "lf.db", NULL);
  g_autofree char *lock = g_strconcat(path, ".lock", NULL);
  g_autofree char *journal = g_strconcat(path, "-journal", NULL);
  g_test_add_data_func("/in-flight/asks-about-few", path, test_asks_about_few);
  int status = g_test_run();
  g_unlink(path);
  g_unlink(lock);
  g_unlink(journal);
  g_rmdir(dir);
  return status;
}
