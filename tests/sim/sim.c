#include "tests/sim/sim.h"

#include "core/complete.h"
#include "core/export.h"
#include "core/job.h"
#include "core/settle.h"
#include "core/sync.h"
#include "tests/sim/world.h"

/* ---- runs ---- */

static bool recover_alone(struct job *job, GError **error)
{
  struct settle_tally tally = {0};
  struct run_record record = {.job = "recover"};
  if (!job_begin(job, "recover", error)) return false;
  bool is_ok = settle_recover(job, &tally, error);
  job_end(job, &record, &(struct run_ending){.exit_code = is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED});
  return is_ok;
}

bool sim_story(struct job *job, enum sim_job which, GError **error)
{
  struct sync_options sync_options = {.full_scan = true};
  struct sync_report sync_report = {0};
  struct export_report export_report;
  struct complete_report complete_report;
  bool is_ok = false;
  switch (which) {
  case SIM_EXPORT:
    export_report_init(&export_report);
    is_ok = export_run(job, &export_report, error);
    export_report_clear(&export_report);
    break;
  case SIM_SYNC: is_ok = sync_run(job, &sync_options, &sync_report, error); break;
  case SIM_COMPLETE:
    complete_report_init(&complete_report);
    is_ok = complete_run(job, &complete_report, error);
    complete_report_clear(&complete_report);
    break;
  default: is_ok = recover_alone(job, error); break;
  }
  return is_ok;
}

/* A call to Instantly: time may have been set since the last one, somebody may have moved a row, and the process may be
 * dead. */
static bool world_point(void *context)
{
  struct world *world = context;
  if (world->is_rival) return false;
  world_step_clocks(world);
  others_meanwhile(world);
  return mortal_point(&world->mortal) || (world->options->power != NULL && world->options->power->is_out);
}

/* Of each event that is durable by the ledger's word. */
static void hear(void *context, const struct lead_event *event)
{
  struct world *world = context;
  if (world->options->power != NULL) world_keep(world, event);
  backup_hear(world, event);
}

/* Returns false when a job failed although it neither died nor met a fault that may fail it. */
static bool run_job(struct world *world, enum sim_job which, int64_t points, GError **error)
{
  struct job job;
  mortal_init(&world->mortal, warehouse_ledger(world->warehouse), points);
  world->mortal.kept = hear;
  world->mortal.kept_context = world;
  world->fake.is_dead = world_point;
  world->fake.dead_context = world;
  world->running = which;
  job_init(&job, &world->settings, &world->mortal.base, &world->fake.base, &world->clock);
  job.allow_hit = world->allow_hit;
  job.is_bootstrap = which == SIM_EXPORT && world->is_bootstrap;
  bool is_ok = sim_story(&job, which, error);
  world->allow_hit = 0;
  world->is_bootstrap = world->is_bootstrap && which != SIM_EXPORT;
  world->tally->runs_n++;
  world->tally->deaths_n += world->mortal.is_dead;
  world->tally->points_n += world->mortal.points_n;
  job_clear(&job);
  if (world->mortal.is_dead) g_clear_error(error);
  world_pass(world, SECOND_US);
  return is_ok || world->mortal.is_dead;
}

/* A job with people around it. NULL, or what broke. */
static char *run_among_people(struct world *world, enum sim_job which, int64_t points)
{
  g_autoptr(GError) error = NULL;
  bool must_refuse = which == SIM_EXPORT && !world->is_bootstrap && backup_must_refuse(world);
  int64_t adds_n = world->fake.add_calls_n;
  source_begin(world);
  bool is_ok = run_job(world, which, points, &error);
  bool has_acted = world->fake.add_calls_n > adds_n || (is_ok && !world->mortal.is_dead);
  char *problem = source_end(world);
  if (problem == NULL) problem = g_steal_pointer(&world->problem);
  world->tally->refused_n += must_refuse && !world->mortal.is_dead;
  if (problem == NULL && must_refuse && has_acted)
    problem = broken(world, "an export over an older ledger was not refused", "export");
  if (problem == NULL) problem = backup_after(world);
  return problem;
}

/* ---- one history ---- */

static int64_t draw_death(struct world *world, int round)
{
  if (round == 0 && world->options->death_points >= 0) return world->options->death_points;
  if (!world->options->has_deaths || one_in(world, 3)) return -1;
  return (int64_t)rng_below(&world->rng, 120);
}

static char *storm(struct world *world)
{
  int rounds = 2 + (int)rng_below(&world->rng, 8);
  for (int round = 0; round < rounds; round++) {
    enum sim_job which = one_in(world, 2) ? SIM_EXPORT : (enum sim_job)rng_below(&world->rng, SIM_JOBS_N);
    world_power_arm(world);
    world->is_bootstrap = world->backup.is_restored && one_in(world, 4);
    char *problem = run_among_people(world, which, draw_death(world, round));
    if (problem == NULL) problem = world_power_back(world);
    if (problem != NULL) return problem;
    others_act(world);
    problem = world->options->has_people ? bulk_act(world) : NULL;
    if (problem != NULL) return problem;
  }
  if (world->options->power != NULL) world->options->power->is_out = true; /* with nothing on its way */
  return world_power_back(world);
}

/* Without faults every job must end well, and few rounds must settle everything. A day passes between them: only what
 * two scans far enough apart did not find is gone. */
static char *calm(struct world *world)
{
  world->is_calm = true;
  others_rest(world);
  bulk_rest(world);
  source_rest(world);
  world->fake.lag_calls = 0;
  if (world->options->has_clock_steps) world_pass(world, DAY_US); /* what a step back made undue is due again */
  world->is_bootstrap = backup_needs_bootstrap(world) || (world->backup.is_restored && one_in(world, 2));
  g_autoptr(GError) refused = NULL; /* the two ways out: export --bootstrap, sync --full */
  if (world->backup.is_restored && !run_job(world, world->is_bootstrap ? SIM_EXPORT : SIM_SYNC, -1, &refused))
    return broken(world, "an older ledger was not led out", refused->message);
  for (int round = 0; round < 6; round++) {
    if (round == 3) world_pass(world, DAY_US);
    static const enum sim_job order[] = {SIM_RECOVER, SIM_SYNC, SIM_COMPLETE, SIM_EXPORT};
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
      g_autoptr(GError) error = NULL;
      if (round == 2 && order[i] == SIM_SYNC) bulk_calm(world);
      if (!run_job(world, order[i], -1, &error)) return broken(world, "a job failed in calm", error->message);
    }
  }
  return NULL;
}

/* One export that dies, and one recovery of it that dies too. */
static void two_deaths(struct world *world)
{
  g_autoptr(GError) first = NULL, second = NULL;
  run_job(world, SIM_EXPORT, world->options->death_points, &first);
  run_job(world, SIM_RECOVER, world->options->recover_points, &second);
}

char *sim_run(uint64_t seed, const struct sim_options *options, struct sim_tally *tally)
{
  struct world world;
  world_init(&world, seed, options, tally);
  char *problem = NULL;
  if (options->is_two_deep)
    two_deaths(&world);
  else
    problem = storm(&world);
  if (problem == NULL) problem = calm(&world);
  if (problem == NULL) problem = check_all(&world);
  world_clear(&world);
  tally->seeds_n++;
  return problem;
}
