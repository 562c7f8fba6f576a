/* Power loss: whole histories of jobs on a disk that forgets, tears and reorders what was not synced, and the proof
 * that the search can fail: on a disk that only says that it synced, it does.
 *
 * LEADFERRY_POWER_SEEDS: how many histories. test_power --seed S replays one. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/sim/sim.h"

#define SEEDS_FROM 3000001

static const struct sim_options everything = {.warehouse_type = "sqlite",
                                              .has_faults = true,
                                              .has_deaths = true,
                                              .has_people = true,
                                              .has_clock_steps = true,
                                              .death_points = -1};

static int64_t seeds_n(void)
{
  const char *text = g_getenv("LEADFERRY_POWER_SEEDS");
  return text != NULL ? g_ascii_strtoll(text, NULL, 10) : 1000;
}

/* Runs n histories; how many were broken, and what was wrong with the first. */
static int64_t run_seeds(uint64_t from, int64_t n, bool is_liar, struct sim_tally *tally, char **first)
{
  g_autofree char *dir = g_strdup(g_file_test("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm/leadferry-power-XXXXXX"
                                                                              : "/tmp/leadferry-power-XXXXXX");
  g_assert_nonnull(g_mkdtemp(dir));
  g_autofree char *path = g_build_filename(dir, "sim.db", NULL);
  g_autofree char *lock = g_strconcat(path, ".lock", NULL);
  struct power power;
  power_init(&power);
  power.ignores_sync = is_liar;
  struct sim_options options = everything;
  options.path = path;
  options.power = &power;
  int64_t broken_n = 0;
  for (int64_t i = 0; i < n; i++) {
    g_autofree char *problem = sim_run(from + (uint64_t)i, &options, tally);
    broken_n += problem != NULL;
    if (problem != NULL && *first == NULL) *first = g_steal_pointer(&problem);
  }
  power_clear(&power);
  g_unlink(path);
  g_unlink(lock);
  g_rmdir(dir);
  return broken_n;
}

/* Guarantee 13. */
static void test_everything(void)
{
  struct sim_tally tally = {0};
  g_autofree char *problem = NULL;
  int64_t broken_n = run_seeds(SEEDS_FROM, seeds_n(), false, &tally, &problem);
  if (problem != NULL) g_test_message("%s; replay with: test_power --seed S", problem);
  g_test_message("%" G_GINT64_FORMAT " seeds, %" G_GINT64_FORMAT " runs, %" G_GINT64_FORMAT
                 " power cuts, %" G_GINT64_FORMAT " deaths, %" G_GINT64_FORMAT " persons created",
                 tally.seeds_n, tally.runs_n, tally.cuts_n, tally.deaths_n, tally.created_n);
  g_assert_cmpint(broken_n, ==, 0);
  g_assert_cmpint(tally.cuts_n, >, tally.seeds_n);
}

/* What PRAGMA synchronous = OFF amounts to. */
static void test_liar_is_noticed(void)
{
  struct sim_tally tally = {0};
  g_autofree char *problem = NULL;
  int64_t broken_n = run_seeds(SEEDS_FROM, 50, true, &tally, &problem);
  g_test_message("%" G_GINT64_FORMAT " of 50 histories broken; %s", broken_n, problem);
  g_assert_cmpint(broken_n, >=, 25);
}

static int replay(uint64_t seed)
{
  struct sim_tally tally = {0};
  g_autofree char *problem = NULL;
  run_seeds(seed, 1, false, &tally, &problem);
  g_print("%s\n", problem != NULL ? problem : "every invariant held");
  return problem != NULL;
}

int main(int argc, char **argv)
{
  bool is_replay = argc == 3 && strcmp(argv[1], "--seed") == 0;
  struct log_options log = {.level = LOG_DEBUG, .fd = is_replay ? STDERR_FILENO : open("/dev/null", O_WRONLY)};
  log_init(&log);
  if (is_replay) return replay(g_ascii_strtoull(argv[2], NULL, 10));
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/power/everything", test_everything);
  g_test_add_func("/power/liar-is-noticed", test_liar_is_noticed);
  return g_test_run();
}
