/* A second run that somebody starts while the first one works: over the same ledger, by another name of its file, or of
 * another installation over the same workspace. The lease keeps the first out; the second finds rows that its ledger
 * never claimed. Neither sends or removes
 * anything. */
#include <glib/gstdio.h>
#include <unistd.h>

#include "core/job.h"
#include "tests/sim/world.h"

/* What a rival must not change. */
struct traces {
  int64_t adds_n, deletes_n;
};

static struct traces traces_of(const struct world *world)
{
  return (struct traces){.adds_n = world->fake.add_calls_n, .deletes_n = world->fake.delete_calls_n};
}

/* Runs it. It must end with this kind of error, and leave nothing behind. */
static void refused(struct world *world, struct job *job, enum sim_job which, enum error_kind kind)
{
  struct traces before = traces_of(world);
  g_autoptr(GError) error = NULL;
  bool is_ok = sim_story(job, which, &error);
  struct traces after = traces_of(world);
  bool is_idle = before.adds_n == after.adds_n && before.deletes_n == after.deletes_n;
  bool is_refused = !is_ok && error_is(error, kind);
  if ((!is_idle || !is_refused) && world->problem == NULL)
    world->problem = broken(world, "a rival was not kept out",
                            is_refused ? "it acted"
                            : is_ok    ? "it ended well"
                                       : error->message);
  world->tally->rivals_n++;
}

/* The file by another name. Caller closes. */
static struct warehouse *open_by_link(struct world *world, struct settings *settings)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *name = g_path_get_basename(world->options->path);
  settings->warehouse.path = g_strconcat(world->options->path, "-link", NULL);
  g_unlink(settings->warehouse.path);
  if (symlink(name, settings->warehouse.path) != 0) g_error("symlink");
  struct warehouse *warehouse = warehouse_open(settings, WAREHOUSE_WRITE, &world->clock, &error);
  if (warehouse == NULL) g_error("open by a link: %s", error->message);
  return warehouse;
}

/* In memory each job has a lease of its own; a file has one for all. */
static void second_run(struct world *world)
{
  struct settings settings = world->settings;
  bool is_file = world->options->path != NULL;
  struct warehouse *warehouse = is_file ? open_by_link(world, &settings) : NULL;
  struct job job;
  job_init(&job, &settings, warehouse_ledger(is_file ? warehouse : world->warehouse), &world->fake.base, &world->clock);
  refused(world, &job, is_file ? (enum sim_job)rng_below(&world->rng, SIM_JOBS_N) : world->running, ERROR_LOCKED);
  job_clear(&job);
  if (!is_file) return;
  warehouse_close(warehouse);
  g_unlink(settings.warehouse.path);
  g_free(settings.warehouse.path);
}

/* ---- another installation ---- */

/* Is there anything that tells of the first one? */
static bool shows_row(const struct world *world)
{
  for (guint i = 0; i < world->fake.rows->len; i++) {
    const struct fake_row *row = g_ptr_array_index(world->fake.rows, i);
    if (row->stamp != NULL && !row->is_deleted && row->visible_at_call <= world->fake.calls_n) return true;
  }
  return false;
}

static void import_all(struct warehouse *warehouse)
{
  for (uint64_t i = 0; i < SIM_PERSONS_MAX; i++) {
    g_autofree char *person = person_name(i), *lead_id = g_strdup_printf("other-%d", (int)i);
    struct import_row row = {.lead_id = lead_id, .email = person, .person = person, .campaign_id = CAMPAIGN_B};
    g_autoptr(GError) error = NULL;
    if (!import_rows(warehouse, &row, 1, false, &error)) g_error("import: %s", error->message);
  }
}

/* Its ledger is empty, in memory whatever that of the first is: it is the guard that is asked here. */
static void second_installation(struct world *world)
{
  struct settings settings = world->settings;
  g_autoptr(GError) error = NULL;
  bool created;
  settings.warehouse.type = "memory";
  if (!shows_row(world)) return;
  struct warehouse *warehouse = warehouse_open(&settings, WAREHOUSE_WRITE, &world->clock, &error);
  if (warehouse == NULL || !schema_apply(warehouse, &created, &error)) g_error("open: %s", error->message);
  import_all(warehouse);
  static const enum sim_job jobs[] = {SIM_EXPORT, SIM_SYNC};
  for (size_t i = 0; i < G_N_ELEMENTS(jobs); i++) {
    struct job job;
    job_init(&job, &settings, warehouse_ledger(warehouse), &world->fake.base, &world->clock);
    refused(world, &job, jobs[i], ERROR_UNSAFE);
    job_clear(&job);
  }
  warehouse_close(warehouse);
}

void rivals_come(struct world *world)
{
  bool is_open = !world->is_calm && world->options->has_people && world->options->power == NULL;
  if (!is_open || world->is_rival || world->mortal.is_dead || !one_in(world, 150)) return;
  world->is_rival = true;
  if (one_in(world, 2))
    second_run(world);
  else
    second_installation(world);
  world->is_rival = false;
}
