/* floor-sql --config FILE --job export|sync: the SQL of one run, timed alone (floor_sql.h). It changes the database. */
#include "floor_sql.h"

#include "bench.h"
#include "cli/config.h"
#include "instantly/client.h"
#include "warehouse/warehouse.h"

#include <stdio.h>
#include <string.h>

static const char *const step_names[SQL_STEPS_N] = {"frame", "claim", "read", "append",
                                                    "stage", "facts", "fold", "write_back"};

void sql_begin(struct sql_run *run)
{
  run->started_s = (double)g_get_monotonic_time() / 1e6;
  run->started_cpu_s = bench_cpu_s();
}

bool sql_end(struct sql_run *run, enum sql_step step, bool is_ok)
{
  run->seconds[step] += (double)g_get_monotonic_time() / 1e6 - run->started_s;
  run->cpu_s += bench_cpu_s() - run->started_cpu_s;
  return is_ok;
}

static bool run_job(struct sql_run *run, const char *job, const struct clock *clock, GError **error)
{
  struct instantly *instantly = NULL;
  bool is_sync = strcmp(job, "sync") == 0;
  if (is_sync && (instantly = instantly_open(run->settings, clock, NULL, NULL, error)) == NULL) return false;
  job_init(&run->job, run->settings, run->ledger, instantly, clock);
  run->job.now_us = clock_wall_us(clock);
  bool is_ok = is_sync ? sql_sync(run, instantly, error) : sql_export(run, error);
  job_clear(&run->job);
  instantly_close(instantly);
  return is_ok;
}

static void print_steps(const struct sql_run *run)
{
  g_autoptr(GString) more = g_string_new(NULL);
  struct bench_watch watch = (struct bench_watch){.cpu_s = run->cpu_s};
  for (size_t i = 0; i < SQL_STEPS_N; i++) {
    watch.wall_s += run->seconds[i];
    g_string_append_printf(more, "\"%s_s\":%.4f,", step_names[i], run->seconds[i]);
  }
  g_string_append_printf(more, "\"leads\":%" G_GINT64_FORMAT, run->leads_n);
  bench_print("floor-sql", &watch, more->str);
}

static bool time_job(const struct settings *settings, const char *job, GError **error)
{
  const struct clock *clock = clock_system();
  struct warehouse *warehouse = warehouse_open(settings, WAREHOUSE_WRITE, clock, error);
  if (warehouse == NULL) return false;
  struct ledger *ledger = warehouse_ledger(warehouse);
  struct sql_run run = {.settings = settings, .ledger = ledger, .ops = ledger->ops};
  bool is_ok = run_job(&run, job, clock, error);
  if (is_ok) print_steps(&run);
  warehouse_close(warehouse);
  return is_ok;
}

static bool load_and_time(const char *path, const char *job, GError **error)
{
  struct settings settings;
  struct config config;
  settings_init(&settings);
  config_init(&config, &settings);
  const struct config_options options = {.path = path};
  const char *const environment[] = {NULL};
  g_autofree char *warning = NULL;
  bool is_ok = config_load(&config, &options, error) && config_resolve_key(&settings, environment, &warning, error) &&
               time_job(&settings, job, error);
  config_clear(&config);
  settings_clear(&settings);
  return is_ok;
}

int main(int argc, char **argv)
{
  g_autofree char *path = NULL, *job = NULL;
  const GOptionEntry entries[] = {
      {"config", 0, 0, G_OPTION_ARG_FILENAME, &path, "the product's configuration", "FILE"},
      {"job", 0, 0, G_OPTION_ARG_STRING, &job, "export or sync", "JOB"},
      {0},
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(GOptionContext) options = g_option_context_new("- time the SQL of a run alone");
  g_option_context_add_main_entries(options, entries, NULL);
  bool is_ok = g_option_context_parse(options, &argc, &argv, &error);
  if (is_ok && (path == NULL || (g_strcmp0(job, "export") != 0 && g_strcmp0(job, "sync") != 0))) {
    fprintf(stderr, "floor-sql: --config FILE and --job export or --job sync are needed\n");
    return 2;
  }
  if (is_ok && load_and_time(path, job, &error)) return 0;
  fprintf(stderr, "floor-sql: %s\n", error->message);
  return 1;
}
