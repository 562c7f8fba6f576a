/* Withdraw dies at every point, and is said again: everybody of the run is withdrawn, nobody is left or sent again. */
#include <fcntl.h>
#include <glib.h>

#include "base/log.h"
#include "core/job.h"
#include "core/withdraw.h"
#include "tests/sim/small_world.h"

#define LEADS_N 3

/* The run of the newest export. Caller frees. */
static char *export_run_id(struct small_world *world)
{
  struct page page;
  g_autoptr(GError) error = NULL;
  page_init(&page, sizeof(struct run_row));
  g_assert_true(report_runs(world->warehouse, &(struct run_query){.limit = 1}, &page, &error));
  char *run_id = g_strdup(page_row(&page, struct run_row, 0)->run.run_id);
  page_clear(&page);
  return run_id;
}

static bool withdraw(struct small_world *world, const char *run_id, int64_t points)
{
  struct job job;
  struct withdraw_report report;
  struct withdraw_order order = {.run_id = run_id, .detail = "{\"reason\":\"wrong file\"}"};
  g_autoptr(GError) error = NULL;
  withdraw_report_init(&report);
  mortal_init(&world->mortal, warehouse_ledger(world->warehouse), points);
  job_init(&job, &world->settings, &world->mortal.base, &world->fake.base, &world->clock);
  bool is_ok = withdraw_run(&job, &order, &report, &error);
  withdraw_report_clear(&report);
  job_clear(&job);
  small_world_sleep(world, SECOND_US);
  return is_ok;
}

static void check_all_withdrawn(struct small_world *world)
{
  struct page page;
  g_autoptr(GError) error = NULL;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_true(report_leads(world->warehouse, NULL, 100, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, LEADS_N);
  for (guint i = 0; i < page.rows->len; i++) {
    const struct lead_report_row *row = page_row(&page, struct lead_report_row, i);
    g_assert_cmpint(row->phase, ==, PHASE_WITHDRAWN);
    g_assert_false(row->lead.added_to_instantly);
    g_assert_null(fake_instantly_find(&world->fake, SMALL_CAMPAIGN, row->state.person));
    g_assert_cmpint(fake_instantly_created(&world->fake, row->state.person), ==, 1);
  }
  page_clear(&page);
}

static void test_dies_anywhere(void)
{
  int64_t deaths_n = 0;
  bool has_died = true;
  for (int64_t points = 0; has_died; points++) {
    struct small_world world;
    small_world_init(&world, NULL);
    world.settings.complete.max_removals = SETTING_UNLIMITED;
    small_world_import(&world, LEADS_N);
    g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_OK);
    g_autofree char *run_id = export_run_id(&world);
    withdraw(&world, run_id, points);
    has_died = world.mortal.is_dead;
    deaths_n += has_died;
    if (has_died) g_assert_true(withdraw(&world, run_id, -1));
    check_all_withdrawn(&world);
    g_assert_true(withdraw(&world, run_id, -1)); /* once more changes nothing */
    small_world_export(&world, -1);
    check_all_withdrawn(&world);
    small_world_clear(&world);
  }
  g_test_message("%d deaths", (int)deaths_n);
  g_assert_cmpint(deaths_n, >, 20);
}

int main(int argc, char **argv)
{
  struct log_options log = {.level = LOG_ERROR, .fd = open("/dev/null", O_WRONLY)};
  log_init(&log);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/withdraw/dies-anywhere", test_dies_anywhere);
  return g_test_run();
}
