#include "tests/sim/world.h"

#include <glib/gstdio.h>

#define START_US (1767225600 * SECOND_US) /* 2026-01-01 */

/* ---- clock ---- */

static int64_t world_wall(void *context)
{
  return ((struct world *)context)->wall_us;
}
static int64_t world_mono(void *context)
{
  return ((struct world *)context)->mono_us;
}

void world_pass(struct world *world, int64_t us)
{
  world->wall_us += us;
  world->mono_us += us;
  world->fake.now_us += us;
}

static void world_sleep(void *context, int64_t us)
{
  world_pass(context, us);
}

void world_step_clocks(struct world *world)
{
  if (world->is_calm || !world->options->has_clock_steps || !one_in(world, 40)) return;
  int64_t step_us = one_in(world, 2) ? 3600 * SECOND_US : -3600 * SECOND_US;
  if (one_in(world, 2))
    world->wall_us += step_us;
  else
    world->fake.now_us += step_us;
  world->tally->steps_n++;
}

/* ---- setting up ---- */

bool one_in(struct world *world, uint64_t n)
{
  return rng_below(&world->rng, n) == 0;
}

static enum fake_fault draw_fault(void *context)
{
  struct world *world = context;
  if (world->is_calm || !world->options->has_faults || !one_in(world, 3)) return FAKE_OK;
  world->tally->faults_n++;
  return (enum fake_fault)(1 + rng_below(&world->rng, FAKE_FAULTS_N - 1));
}

/* What a pause or an activation meets. */
static enum fake_fault draw_touch(void *context)
{
  static const enum fake_fault faults[] = {FAKE_LOST_BEFORE, FAKE_LOST_AFTER, FAKE_5XX_BEFORE, FAKE_5XX_AFTER,
                                           FAKE_400};
  struct world *world = context;
  if (world->is_calm || !world->options->has_faults || !one_in(world, 3)) return FAKE_OK;
  world->tally->faults_n++;
  return faults[rng_below(&world->rng, G_N_ELEMENTS(faults))];
}

/* Others act while leads go up. */
static void on_add(void *context)
{
  backup_meanwhile(context);
  others_pause(context);
}

/* Some are filled in escrow, some whatever a person did to them. */
static void add_campaign(struct world *world, const char *id)
{
  struct campaign_settings campaign = {.id = g_strdup(id), .name = g_strdup("sim")};
  campaign.escrow = one_in(world, 2);
  campaign.on_paused = one_in(world, 3) ? ON_PAUSED_FEED : ON_PAUSED_REFUSE;
  campaign.on_completed = one_in(world, 4) ? ON_COMPLETED_REFUSE : ON_COMPLETED_ACTIVATE;
  g_array_append_val(world->settings.campaigns, campaign);
}

static void fill_settings(struct world *world)
{
  struct settings *settings = &world->settings;
  settings_init(settings);
  settings->warehouse.type = g_strdup(world->options->warehouse_type);
  settings->warehouse.path = g_strdup(world->options->path);
  settings->instantly.base_url = g_strdup("http://127.0.0.1:1");
  settings->instantly.batch_size = 1 + (int64_t)rng_below(&world->rng, 4);
  settings->instantly.writes_in_flight = 1 + (int64_t)rng_below(&world->rng, 3);
  settings->instantly.reads_in_flight = 4;
  settings->instantly.request_timeout_s = 60;
  settings->settle = (struct settle_settings){.wait_s = 90, .recheck_s = 30};
  settings->export.max_per_run = one_in(world, 4) ? 3 : SETTING_UNLIMITED;
  settings->export.max_per_day = SETTING_UNLIMITED;
  settings->export.plan_reserve_percent = 10;
  settings->export.max_wait_s = 900;
  settings->sync = (struct sync_settings){
      .full_scan_every_h = 24, .stops_every_h = 24, .push_stops = true, .watch_finished_days = 90};
  settings->suppress.max_hit = (int64_t)rng_below(&world->rng, 3);
  settings->source.table = g_strdup("leads");
  settings->source.write_back = true;
  settings->complete.armed = true;
  settings->complete.max_removals = SETTING_UNLIMITED;
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    settings->complete.outcomes[i] = (struct outcome_settings){.action = REMOVAL_DELETE, .grace_days = 7};
  settings->complete.outcomes[OUTCOME_REPLIED].action = REMOVAL_KEEP;
  settings->complete.outcomes[OUTCOME_INTEREST].action = REMOVAL_KEEP;
  add_campaign(world, CAMPAIGN_A);
  add_campaign(world, CAMPAIGN_B);
}

char *person_name(uint64_t i)
{
  return g_strdup_printf("p%d@example.%s", (int)i, i % 2 == 0 ? "com" : "net");
}

/* Rows share persons on purpose; case and spaces differ. */
static void import_leads(struct world *world)
{
  world->leads_n = 1 + (int)rng_below(&world->rng, 10);
  for (int i = 0; i < world->leads_n; i++) {
    g_autofree char *person = person_name(rng_below(&world->rng, SIM_PERSONS_MAX));
    g_autofree char *lead_id = g_strdup_printf("lead-%02d", i);
    struct import_row row = {.lead_id = lead_id,
                             .email = person,
                             .person = person,
                             .first_name = SIM_FIRST_NAME,
                             .campaign_id = one_in(world, 2) ? CAMPAIGN_A : CAMPAIGN_B};
    g_autoptr(GError) error = NULL;
    if (!import_rows(world->warehouse, &row, 1, false, &error)) g_error("import: %s", error->message);
    world->imported_n += row.result == IMPORT_NEW;
  }
}

bool world_open(struct world *world)
{
  g_autoptr(GError) error = NULL;
  bool created;
  world->warehouse = warehouse_open(&world->settings, WAREHOUSE_WRITE, &world->clock, &error);
  if (world->warehouse != NULL && schema_apply(world->warehouse, &created, &error)) return true;
  g_clear_pointer(&world->warehouse, warehouse_close);
  bool is_out = world->options->power != NULL && world->options->power->is_out;
  if (!is_out) g_error("open: %s", error->message);
  return false;
}

void world_init(struct world *world, uint64_t seed, const struct sim_options *options, struct sim_tally *tally)
{
  *world = (struct world){.seed = seed, .options = options, .tally = tally, .wall_us = START_US, .mono_us = SECOND_US};
  rng_init(&world->rng, seed);
  world->clock = (struct clock){world_wall, world_mono, world_mono, world_sleep, world};
  fill_settings(world);
  if (options->path != NULL) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
      g_autofree char *file = g_strconcat(options->path, suffixes[i], NULL);
      g_unlink(file);
    }
  }
  if (options->power != NULL) power_format(options->power);
  g_assert_true(world_open(world));
  fake_instantly_init(&world->fake, START_US);
  world->fake.next_fault = draw_fault;
  world->fake.next_touch = draw_touch;
  world->fake.on_add = on_add;
  world->fake.may_end = bulk_may_end;
  world->fake.context = world;
  world->fake.clock = &world->clock;
  if (options->has_faults && one_in(world, 2)) world->fake.lag_calls = (int64_t)rng_below(&world->rng, 16);
  world->fake.late_calls = 1 + (int64_t)rng_below(&world->rng, 10);
  world->marked = world->fake.stopped = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  world->stopped = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  world->heard = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  world->source.strangers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  world->bulk.before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  world->fake.emails_limit = 1 + (int64_t)rng_below(&world->rng, 3);
  world->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  import_leads(world);
}

void world_clear(struct world *world)
{
  warehouse_close(world->warehouse);
  fake_instantly_clear(&world->fake);
  settings_clear(&world->settings);
  g_hash_table_unref(world->marked);
  g_hash_table_unref(world->stopped);
  g_hash_table_unref(world->heard);
  g_hash_table_unref(world->kept);
  g_hash_table_unref(world->bulk.before);
  g_hash_table_unref(world->source.strangers);
  g_clear_pointer(&world->source.persons, g_hash_table_unref);
  g_clear_pointer(&world->backup.known, g_hash_table_unref);
  g_clear_pointer(&world->backup.stopped, g_hash_table_unref);
  g_free(world->problem);
  g_free(world->bulk.run_id);
}
