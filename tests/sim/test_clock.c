/* This machine's clock and Instantly's: what a difference between them does to a job. */
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/job.h"
#include "tests/sim/small_world.h"

#define DISTANT "https://api.instantly.ai"

struct skew {
  const char *name, *base_url;
  int64_t skew_s;
  bool is_warning, is_refused;
};

static const struct skew skews[] = {
    {"same", DISTANT, 0, false, false},
    {"five-minutes", DISTANT, 300, false, false},
    {"more-than-five-minutes", DISTANT, 301, true, false},
    {"an-hour-behind", DISTANT, -3600, true, false},
    {"a-day", DISTANT, 86400, true, false},
    {"more-than-a-day", DISTANT, 86401, false, true},
    {"more-than-a-day-behind", DISTANT, -86401, false, true},
    {"sandbox", "http://127.0.0.1:8080", 86400 * 365, false, false},
    {"sandbox-by-name", "http://localhost:8080", -86400 * 365, false, false},
    {"not-loopback", "https://127.example.com", 86401, false, true},
    {"not-localhost", "https://localhost.example.com", 86401, false, true},
};

static char *read_pipe(int fd)
{
  char text[4096];
  ssize_t bytes = read(fd, text, sizeof text - 1);
  return g_strndup(text, bytes > 0 ? (gsize)bytes : 0);
}

/* Guarantee 29. */
static void test_skew(gconstpointer data)
{
  const struct skew *skew = data;
  struct small_world world;
  struct job job;
  int ends[2];
  g_assert_cmpint(pipe(ends), ==, 0);
  struct log_options log = {.level = LOG_WARNING, .fd = ends[1]};
  log_init(&log);
  small_world_init(&world, NULL);
  g_free(world.settings.instantly.base_url);
  world.settings.instantly.base_url = g_strdup(skew->base_url);
  world.fake.now_us = world.wall_us + skew->skew_s * SECOND_US;
  job_init(&job, &world.settings, warehouse_ledger(world.warehouse), &world.fake.base, &world.clock);
  g_autoptr(GError) error = NULL;
  bool is_ok = job_fix_now(&job, &error);
  g_assert_cmpint(is_ok, ==, !skew->is_refused);
  if (skew->is_refused) {
    g_assert_true(error_is(error, ERROR_UNSAFE));
    g_assert_cmpint(error_exit_code(error_kind_of(error)), ==, EXIT_CODE_SAFETY);
  }
  close(ends[1]);
  g_autofree char *said = read_pipe(ends[0]);
  close(ends[0]);
  g_assert_cmpint(strstr(said, "clock differs") != NULL, ==, skew->is_warning);
  job_clear(&job);
  small_world_clear(&world);
}

/* A machine whose clock is a day off sends nothing at all. */
static void test_nothing_is_sent(void)
{
  struct small_world world;
  small_world_init(&world, NULL);
  small_world_import(&world, 3);
  g_free(world.settings.instantly.base_url);
  world.settings.instantly.base_url = g_strdup(DISTANT);
  world.fake.now_us = world.wall_us + 2 * DAY_US;
  g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_SAFETY);
  g_assert_cmpint(world.fake.add_calls_n, ==, 0);
  small_world_clear(&world);
}

/* How often an export asks Instantly's list when the stops of the workspace were read at this distance from now. */
static int64_t lists_after(int64_t read_us)
{
  struct small_world world;
  small_world_init(&world, NULL);
  small_world_import(&world, 1);
  g_autoptr(GError) error = NULL;
  struct ledger *ledger = warehouse_ledger(world.warehouse);
  struct run_record run = {
      .run_id = "stops", .job = "sync", .stops_read_at_us = world.wall_us + read_us, .verdict = "ok"};
  g_assert_true(ledger->ops->run_begin(ledger, &run, &error) && ledger->ops->run_end(ledger, &run, &error));
  g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_OK);
  int64_t lists_n = world.fake.list_calls_n;
  small_world_clear(&world);
  return lists_n;
}

/* A machine whose clock was days ahead read the stops: those of the days until then are read all the same. */
static void test_stops_read_in_days_to_come(void)
{
  int64_t just_now_n = lists_after(-SECOND_US), a_year_ago_n = lists_after(-400 * DAY_US);
  g_assert_cmpint(just_now_n, <, a_year_ago_n);
  g_assert_cmpint(lists_after(60 * SECOND_US), ==, just_now_n); /* clocks of two machines */
  g_assert_cmpint(lists_after(5 * DAY_US), ==, a_year_ago_n);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(skews); i++) {
    g_autofree char *path = g_strconcat("/clock/skew/", skews[i].name, NULL);
    g_test_add_data_func(path, &skews[i], test_skew);
  }
  g_test_add_func("/clock/nothing-is-sent", test_nothing_is_sent);
  g_test_add_func("/clock/stops-read-in-days-to-come", test_stops_read_in_days_to_come);
  return g_test_run();
}
