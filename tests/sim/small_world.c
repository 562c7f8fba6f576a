#include "tests/sim/small_world.h"

#include "core/export.h"
#include "core/job.h"

#define START_US     (1767225600 * SECOND_US)
#define IMPORT_BATCH 1000

static int64_t world_now(void *context)
{
  return ((struct small_world *)context)->wall_us;
}

static void world_sleep(void *context, int64_t us)
{
  struct small_world *world = context;
  small_world_sleep(world, us);
  if (world->slept != NULL) world->slept(world);
}

void small_world_sleep(struct small_world *world, int64_t us)
{
  world->wall_us += us;
  world->fake.now_us = world->wall_us;
}

static enum fake_fault world_fault(void *context)
{
  struct small_world *world = context;
  world->fake.is_mute = world->fake.is_mute || world->goes_mute;
  return world->fault;
}

static void fill_settings(struct settings *settings, const char *path)
{
  settings_init(settings);
  settings->warehouse.type = g_strdup(path != NULL ? "sqlite" : "memory");
  settings->warehouse.path = g_strdup(path);
  settings->instantly.base_url = g_strdup("http://127.0.0.1:1");
  settings->instantly.batch_size = 10;
  settings->instantly.writes_in_flight = 1;
  settings->instantly.reads_in_flight = 1;
  settings->instantly.request_timeout_s = 60;
  settings->settle = (struct settle_settings){.wait_s = 90, .recheck_s = 30};
  settings->export.max_wait_s = 900;
  settings->export.max_per_run = settings->export.max_per_day = SETTING_UNLIMITED;
  settings->sync.stops_every_h = 24 * 365;
  settings->source.table = g_strdup("leads");
  settings->source.write_back = true;
  struct campaign_settings campaign = {.id = g_strdup(SMALL_CAMPAIGN), .name = g_strdup("one")};
  g_array_append_val(settings->campaigns, campaign);
}

void small_world_init(struct small_world *world, const char *path)
{
  *world = (struct small_world){.wall_us = START_US};
  world->clock = (struct clock){world_now, world_now, world_now, world_sleep, world};
  fill_settings(&world->settings, path);
  g_autoptr(GError) error = NULL;
  bool created;
  world->warehouse = warehouse_open(&world->settings, WAREHOUSE_WRITE, &world->clock, &error);
  g_assert_no_error(error);
  g_assert_true(schema_apply(world->warehouse, &created, &error));
  fake_instantly_init(&world->fake, START_US);
  world->fake.next_fault = world_fault;
  world->fake.context = world;
  world->fake.is_dead = mortal_point;
  world->fake.dead_context = &world->mortal;
}

void small_world_clear(struct small_world *world)
{
  warehouse_close(world->warehouse);
  fake_instantly_clear(&world->fake);
  settings_clear(&world->settings);
}

void small_world_import(struct small_world *world, int64_t n)
{
  g_autoptr(GStringChunk) text = g_string_chunk_new(65536);
  g_autofree struct import_row *rows = g_new0(struct import_row, IMPORT_BATCH);
  for (int64_t done = 0; done < n; done += IMPORT_BATCH) {
    int64_t rows_n = MIN(IMPORT_BATCH, n - done);
    g_string_chunk_clear(text);
    for (int64_t i = 0; i < rows_n; i++) {
      g_autofree char *lead_id = g_strdup_printf("lead-%" G_GINT64_FORMAT, done + i + 1);
      g_autofree char *person = g_strdup_printf("p%" G_GINT64_FORMAT "@example.com", done + i + 1);
      const char *kept = g_string_chunk_insert(text, person);
      rows[i] = (struct import_row){.lead_id = g_string_chunk_insert(text, lead_id),
                                    .email = kept,
                                    .person = kept,
                                    .campaign_id = SMALL_CAMPAIGN};
    }
    g_autoptr(GError) error = NULL;
    g_assert_true(import_rows(world->warehouse, rows, (size_t)rows_n, false, &error));
  }
}

enum exit_code small_world_export(struct small_world *world, int64_t points)
{
  struct job job;
  struct export_report report;
  g_autoptr(GError) error = NULL;
  export_report_init(&report);
  mortal_init(&world->mortal, warehouse_ledger(world->warehouse), points);
  world->mortal.lease_us = world->lease_us;
  world->mortal.kept = world->kept;
  world->mortal.kept_context = world;
  job_init(&job, &world->settings, &world->mortal.base, &world->fake.base, &world->clock);
  export_run(&job, &report, &error);
  enum exit_code code = report.exit_code;
  export_report_clear(&report);
  job_clear(&job);
  return code;
}

struct settle_tally small_world_recover(struct small_world *world)
{
  struct job job;
  struct settle_tally tally = {0};
  struct run_record record = {.job = "recover"};
  g_autoptr(GError) error = NULL;
  mortal_init(&world->mortal, warehouse_ledger(world->warehouse), -1);
  job_init(&job, &world->settings, &world->mortal.base, &world->fake.base, &world->clock);
  g_assert_true(job_begin(&job, "recover", &error));
  g_assert_true(settle_recover(&job, &tally, &error));
  job_end(&job, &record, &(struct run_ending){.exit_code = EXIT_CODE_OK});
  job_clear(&job);
  return tally;
}

guint small_world_stops_n(const struct small_world *world, const char *person)
{
  struct page page;
  page_init(&page, sizeof(struct suppression));
  g_assert_true(report_suppressions(world->warehouse, person, &page, NULL));
  guint n = page.rows->len;
  page_clear(&page);
  return n;
}
