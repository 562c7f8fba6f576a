/* Recover, step by step: what happens to a claim whose answer was lost, while nobody can be asked and once somebody
 * can. */
#include <fcntl.h>
#include <glib.h>

#include "base/log.h"
#include "core/export.h"
#include "core/job.h"
#include "core/settle.h"
#include "tests/support/fake_instantly.h"
#include "warehouse/warehouse.h"

#define CAMPAIGN "11111111-1111-4111-8111-111111111111"
#define START_US (1767225600 * SECOND_US)

struct world {
  int64_t wall_us;
  struct clock clock;
  struct settings settings;
  struct warehouse *warehouse;
  struct fake_instantly fake;
  enum fake_fault fault;
};

static int64_t world_now(void *context)
{
  return ((struct world *)context)->wall_us;
}

static void world_sleep(void *context, int64_t us)
{
  struct world *world = context;
  world->wall_us += us;
  world->fake.now_us = world->wall_us;
}

static enum fake_fault world_fault(void *context)
{
  return ((struct world *)context)->fault;
}

static void world_init(struct world *world)
{
  *world = (struct world){.wall_us = START_US};
  world->clock = (struct clock){world_now, world_now, world_now, world_sleep, world};
  struct settings *settings = &world->settings;
  settings_init(settings);
  settings->warehouse.type = g_strdup("memory");
  settings->instantly.base_url = g_strdup("http://127.0.0.1:1");
  settings->instantly.batch_size = 10;
  settings->instantly.writes_in_flight = 1;
  settings->instantly.reads_in_flight = 1;
  settings->instantly.request_timeout_s = 60;
  settings->settle = (struct settle_settings){.wait_s = 90, .recheck_s = 30};
  settings->export.max_per_run = settings->export.max_per_day = SETTING_UNLIMITED;
  settings->sync.stops_every_h = 24 * 365;
  settings->source.write_back = true;
  struct campaign_settings campaign = {.id = g_strdup(CAMPAIGN), .name = g_strdup("one")};
  g_array_append_val(settings->campaigns, campaign);
  g_autoptr(GError) error = NULL;
  world->warehouse = warehouse_open(settings, WAREHOUSE_WRITE, &world->clock, &error);
  g_assert_no_error(error);
  struct import_row row = {
      .lead_id = "lead-1", .email = "p1@example.com", .person = "p1@example.com", .campaign_id = CAMPAIGN};
  g_assert_true(import_rows(world->warehouse, &row, 1, false, &error));
  fake_instantly_init(&world->fake, START_US);
  world->fake.next_fault = world_fault;
  world->fake.context = world;
}

static void world_clear(struct world *world)
{
  warehouse_close(world->warehouse);
  fake_instantly_clear(&world->fake);
  settings_clear(&world->settings);
}

static enum exit_code export(struct world *world) {
  struct job job; struct export_report report; g_autoptr(GError) error = NULL; export_report_init(&report);
  job_init(&job, &world->settings, warehouse_ledger(world->warehouse), &world->fake.base, &world->clock);
  export_run(&job, &report, &error);
  enum exit_code code = report.exit_code;
  export_report_clear(&report);
  job_clear(&job);
  return code;
}

static struct settle_tally recover(struct world *world)
{
  struct job job;
  struct settle_tally tally = {0};
  struct run_record record = {.job = "recover"};
  g_autoptr(GError) error = NULL;
  job_init(&job, &world->settings, warehouse_ledger(world->warehouse), &world->fake.base, &world->clock);
  g_assert_true(job_begin(&job, "recover", &error));
  g_assert_true(settle_recover(&job, &tally, &error));
  job_end(&job, &record, EXIT_CODE_OK);
  job_clear(&job);
  return tally;
}

/* An answer is lost while the list is mute: the claim stays open, exit 5, and nothing is sent again. The stops count as
 * read, for they come from the list too. */
static void begin_lost(struct world *world)
{
  world->fault = FAKE_LOST_AFTER;
  g_autoptr(GError) error = NULL;
  struct ledger *ledger = warehouse_ledger(world->warehouse);
  struct run_record run = {.run_id = "stops", .job = "sync", .stops_read_at_us = world->wall_us, .verdict = "ok"};
  g_assert_true(ledger->ops->run_begin(ledger, &run, &error) && ledger->ops->run_end(ledger, &run, &error));
  world->fake.is_mute = true;
  g_assert_cmpint(export(world), ==, EXIT_CODE_TEMPORARY);
  g_assert_cmpint(world->fake.add_calls_n, ==, 1);
}

static void test_open_until_answered(void)
{
  struct world world;
  world_init(&world);
  begin_lost(&world);
  g_assert_cmpint(recover(&world).unknown_n, ==, 1);
  g_assert_cmpint(export(&world), ==, EXIT_CODE_TEMPORARY);
  world.fake.is_mute = false;
  g_assert_cmpint(recover(&world).added_n, ==, 1);
  g_assert_cmpint(world.fake.add_calls_n, ==, 1);
  world_clear(&world);
}

/* After a day the question goes to a person, and is not asked on and on. */
static void test_held_after_a_day(void)
{
  struct world world;
  world_init(&world);
  begin_lost(&world);
  world_sleep(&world, 23 * 3600 * SECOND_US);
  g_assert_cmpint(recover(&world).held_n, ==, 0);
  world_sleep(&world, 2 * 3600 * SECOND_US);
  g_assert_cmpint(recover(&world).held_n, ==, 1);
  int64_t asked_n = world.fake.list_calls_n;
  struct settle_tally tally = recover(&world);
  g_assert_cmpint(tally.held_n + tally.unknown_n + tally.released_n, ==, 0);
  g_assert_cmpint(world.fake.list_calls_n, ==, asked_n);
  world.fault = FAKE_OK;
  export(&world);
  g_assert_cmpint(world.fake.add_calls_n, ==, 1);
  world_clear(&world);
}

static void test_plain_export(void)
{
  struct world world;
  world_init(&world);
  g_assert_cmpint(export(&world), ==, EXIT_CODE_OK);
  g_assert_cmpint(fake_instantly_created(&world.fake, "p1@example.com"), ==, 1);
  world_clear(&world);
}

int main(int argc, char **argv)
{
  struct log_options log = {.level = LOG_ERROR, .fd = open("/dev/null", O_WRONLY)};
  log_init(&log);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/recover/plain", test_plain_export);
  g_test_add_func("/recover/open-until-answered", test_open_until_answered);
  g_test_add_func("/recover/held-after-a-day", test_held_after_a_day);
  return g_test_run();
}
