/* The simulation as a test: many seeds on the memory warehouse, some on SQLite, and the enumeration of death points.
 *
 * test_sim --seeds N --from S runs seeds S..S+N-1 on memory and prints the tally; --seed S replays one. With
 * LEADFERRY_SIM_PATH=FILE both run on SQLite. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/sim/sim.h"

/* Caller frees. */
static char *tally_text(const struct sim_tally *tally)
{
  const struct {
    const char *what;
    int64_t n;
  } parts[] = {{"seeds", tally->seeds_n},
               {"runs", tally->runs_n},
               {"deaths", tally->deaths_n},
               {"faults", tally->faults_n},
               {"clock steps", tally->steps_n},
               {"persons created", tally->created_n},
               {"removed", tally->removed_n},
               {"of them stopped in the middle", tally->stopped_removed_n},
               {"moved into a list", tally->listed_n},
               {"pauses by people", tally->pauses_n},
               {"replies after removal", tally->late_replies_n},
               {"machines found out", tally->machines_n},
               {"stops of many", tally->bulk_n},
               {"runs beside another", tally->rivals_n},
               {"rows of the source edited", tally->edited_n},
               {"states thinned", tally->thinned_n},
               {"ledgers put back", tally->restored_n},
               {"of them under a run", tally->swapped_n},
               {"exports over those refused", tally->refused_n}};
  GString *text = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
    g_string_append_printf(text, "%s%" G_GINT64_FORMAT " %s", i > 0 ? ", " : "", parts[i].n, parts[i].what);
  return g_string_free(text, FALSE);
}

/* An actor who never comes is not tested. */
static void check_everybody_came(const struct sim_tally *tally, const struct sim_options *options)
{
  bool is_file = options->path != NULL && options->power == NULL;
  g_assert_cmpint(tally->stopped_removed_n, >, 0);
  g_assert_cmpint(tally->listed_n, >, 0);
  g_assert_cmpint(tally->pauses_n, >, 0);
  g_assert_cmpint(tally->late_replies_n, >, 0);
  g_assert_cmpint(tally->machines_n, >, 0);
  g_assert_cmpint(tally->bulk_n, >, 0);
  g_assert_true(options->power != NULL || (tally->rivals_n > 0 && tally->edited_n > 0));
  g_assert_true(!is_file ||
                (tally->thinned_n > 0 && tally->restored_n > 0 && tally->swapped_n > 0 && tally->refused_n > 0));
}

static void run_seeds(uint64_t from, uint64_t n, const struct sim_options *options)
{
  struct sim_tally tally = {0};
  for (uint64_t seed = from; seed < from + n; seed++) {
    g_autofree char *problem = sim_run(seed, options, &tally);
    if (problem == NULL) continue;
    g_test_message("replay with: test_sim --seed %" G_GUINT64_FORMAT, seed);
    g_test_message("%s", problem);
    g_test_fail();
    return;
  }
  g_autofree char *text = tally_text(&tally);
  g_test_message("%s", text);
  g_assert_cmpint(tally.created_n, >, 0);
  if (options->has_people && n >= 100) check_everybody_came(&tally, options);
}

static int64_t seeds_of(const char *name, int64_t fallback)
{
  const char *text = g_getenv(name);
  return text != NULL ? g_ascii_strtoll(text, NULL, 10) : fallback;
}

static const struct sim_options everything = {.warehouse_type = "memory",
                                              .has_faults = true,
                                              .has_deaths = true,
                                              .has_people = true,
                                              .has_clock_steps = true,
                                              .death_points = -1};

static void test_memory_everything(void)
{
  run_seeds(1, (uint64_t)seeds_of("LEADFERRY_SIM_SEEDS", 10000), &everything);
}

static void test_memory_deaths_only(void)
{
  struct sim_options options = everything;
  options.has_faults = options.has_people = options.has_clock_steps = false;
  run_seeds(1000001, 1000, &options);
}

/* In memory where the machine has such a folder: power loss is not what is tested here. */
static char *scratch_dir(void)
{
  char *dir = g_strdup(g_file_test("/dev/shm", G_FILE_TEST_IS_DIR) ? "/dev/shm/leadferry-sim-XXXXXX"
                                                                   : "/tmp/leadferry-sim-XXXXXX");
  g_assert_nonnull(g_mkdtemp(dir));
  return dir;
}

static void test_sqlite_everything(void)
{
  struct sim_options options = everything;
  g_autofree char *dir = scratch_dir();
  g_autofree char *path = g_build_filename(dir, "sim.db", NULL);
  options.warehouse_type = "sqlite";
  options.path = path;
  run_seeds(2000001, (uint64_t)seeds_of("LEADFERRY_SIM_SQLITE_SEEDS", 300), &options);
  g_unlink(path);
  g_rmdir(dir);
}

/* Every point of the first job, in some worlds: before and after each call. */
static void test_enumerate_deaths(void)
{
  struct sim_options options = everything;
  options.has_faults = options.has_deaths = options.has_people = options.has_clock_steps = false;
  int64_t points_n = 0;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    for (int64_t point = 0;; point++) {
      struct sim_tally tally = {0};
      options.death_points = point;
      g_autofree char *problem = sim_run(seed, &options, &tally);
      if (problem != NULL) g_test_message("point %" G_GINT64_FORMAT ": %s", point, problem);
      g_assert_null(problem);
      if (tally.deaths_n == 0) break;
      points_n++;
    }
  }
  g_test_message("%" G_GINT64_FORMAT " death points", points_n);
  g_assert_cmpint(points_n, >=, 900);
}

/* Deaths of one history: its export dies at the one point, its recovery at the other. */
static int64_t die_twice(uint64_t seed, int64_t export_point, int64_t recover_point)
{
  struct sim_options options = everything;
  options.has_deaths = options.has_people = options.has_clock_steps = false;
  options.is_two_deep = true;
  options.death_points = export_point;
  options.recover_points = recover_point;
  struct sim_tally tally = {0};
  g_autofree char *problem = sim_run(seed, &options, &tally);
  if (problem != NULL)
    g_test_message("points %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT ": %s", export_point, recover_point, problem);
  g_assert_null(problem);
  return tally.deaths_n;
}

/* Every point of an export, and after each of them every point of the recovery that follows. A third of the answers are
 * faulty, so that there is something to recover. */
static void test_enumerate_two_deaths(void)
{
  int64_t pairs_n = 0, exports_n = 0;
  uint64_t worlds_n = (uint64_t)seeds_of("LEADFERRY_SIM_TWO_DEEP_SEEDS", 4);
  for (uint64_t seed = 1; seed <= worlds_n; seed++) {
    for (int64_t point = 0; die_twice(seed, point, -1) > 0; point++) {
      exports_n++;
      for (int64_t next = 0; die_twice(seed, point, next) == 2; next++)
        pairs_n++;
    }
  }
  g_test_message("%" G_GINT64_FORMAT " deaths of an export, %" G_GINT64_FORMAT " pairs with one of its recovery",
                 exports_n, pairs_n);
  g_assert_cmpint(pairs_n, >=, 1000);
}

/* Everything that the jobs log, at the finest level, through faults, deaths and other people: no address, no name. */
static void test_log_is_not_personal(void)
{
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  gsize length = 0;
  int fd = g_file_open_tmp("leadferry-sim-XXXXXX", &path, &error);
  g_assert_no_error(error);
  struct log_options options = {.level = LOG_DEBUG, .fd = fd};
  log_init(&options);
  run_seeds(4000001, 200, &everything);
  log_init(&(struct log_options){.level = LOG_ERROR, .fd = open("/dev/null", O_WRONLY)});
  g_assert_true(g_file_get_contents(path, &text, &length, &error));
  g_unlink(path);
  close(fd);
  g_test_message("%zu bytes of log", length);
  g_assert_cmpuint(length, >, 100000);
  g_assert_null(strstr(text, "example.com"));
  g_assert_null(strstr(text, "example.net"));
  g_assert_null(strchr(text, '@'));
  g_assert_null(strstr(text, SIM_FIRST_NAME));
}

/* On SQLite where LEADFERRY_SIM_PATH names a file, which is made anew for each seed. */
static struct sim_options options_asked(void)
{
  struct sim_options options = everything;
  options.path = g_getenv("LEADFERRY_SIM_PATH");
  if (options.path != NULL) options.warehouse_type = "sqlite";
  return options;
}

static int replay(uint64_t seed)
{
  struct sim_tally tally = {0};
  struct sim_options options = options_asked();
  g_autofree char *problem = sim_run(seed, &options, &tally);
  g_print("%s\n", problem != NULL ? problem : "every invariant held");
  return problem != NULL;
}

static void say_tally(uint64_t done_n, uint64_t n, const struct sim_tally *tally)
{
  g_autofree char *text = tally_text(tally);
  g_print("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT ": %s\n", done_n, n, text);
}

/* As many as one likes, for the long form; a line now and then says how far it is. */
static int run_many(uint64_t from, uint64_t n)
{
  struct sim_tally tally = {0};
  struct sim_options options = options_asked();
  for (uint64_t seed = from; seed < from + n; seed++) {
    g_autofree char *problem = sim_run(seed, &options, &tally);
    if (problem != NULL) {
      g_print("%s\nreplay with: test_sim --seed %" G_GUINT64_FORMAT "\n", problem, seed);
      return 1;
    }
    if ((seed - from + 1) % 10000 == 0 || seed + 1 == from + n) say_tally(seed - from + 1, n, &tally);
  }
  return 0;
}

int main(int argc, char **argv)
{
  bool is_replay = argc == 3 && strcmp(argv[1], "--seed") == 0;
  bool is_many = argc == 5 && strcmp(argv[1], "--seeds") == 0 && strcmp(argv[3], "--from") == 0;
  struct log_options log = {.level = LOG_DEBUG, .fd = is_replay ? STDERR_FILENO : open("/dev/null", O_WRONLY)};
  log_init(&log);
  if (is_replay) return replay(g_ascii_strtoull(argv[2], NULL, 10));
  if (is_many) return run_many(g_ascii_strtoull(argv[4], NULL, 10), g_ascii_strtoull(argv[2], NULL, 10));
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sim/memory/everything", test_memory_everything);
  g_test_add_func("/sim/memory/deaths", test_memory_deaths_only);
  g_test_add_func("/sim/memory/every-death-point", test_enumerate_deaths);
  g_test_add_func("/sim/memory/every-two-deaths", test_enumerate_two_deaths);
  g_test_add_func("/sim/memory/log-is-not-personal", test_log_is_not_personal);
  g_test_add_func("/sim/sqlite/everything", test_sqlite_everything);
  return g_test_run();
}
