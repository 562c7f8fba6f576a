/* A ledger that was lost, in front of an Instantly that it once filled: `export --bootstrap` dies at every point, runs
 * again, and nobody is created twice; the rebuilt ledger has the claims that the stamps tell of. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>

#include "base/log.h"
#include "core/export.h"
#include "core/job.h"
#include "core/sync.h"
#include "tests/support/fake_instantly.h"
#include "tests/support/mortal.h"
#include "warehouse/warehouse.h"

#define CAMPAIGN_A "11111111-1111-4111-8111-111111111111"
#define CAMPAIGN_B "22222222-2222-4222-8222-222222222222"
#define START_US   (1767225600 * SECOND_US)
#define SENT_N     5 /* p0 to p4 were exported by the ledger that is gone; p5 was put there by somebody else */
#define LEADS_N    8

struct world {
  int64_t wall_us;
  struct clock clock;
  struct settings settings;
  char *dir;
  struct warehouse *warehouse;
  struct fake_instantly fake;
  struct mortal mortal;
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

static void add_campaign(struct settings *settings, const char *id)
{
  struct campaign_settings campaign = {.id = g_strdup(id)};
  g_array_append_val(settings->campaigns, campaign);
}

static void settings_fill(struct world *world, const char *type)
{
  struct settings *settings = &world->settings;
  settings_init(settings);
  settings->warehouse.type = g_strdup(type);
  settings->warehouse.path = world->dir ? g_build_filename(world->dir, "lf.db", NULL) : NULL;
  settings->instantly.base_url = g_strdup("http://127.0.0.1:1");
  settings->instantly.batch_size = 2;
  settings->instantly.writes_in_flight = settings->instantly.reads_in_flight = 2;
  settings->export.max_wait_s = 900;
  settings->export.max_per_run = settings->export.max_per_day = SETTING_UNLIMITED;
  settings->sync = (struct sync_settings){.full_scan_every_h = 24, .stops_every_h = 24, .watch_finished_days = 90};
  settings->source.table = g_strdup("leads");
  settings->source.write_back = true;
  add_campaign(settings, CAMPAIGN_A);
  add_campaign(settings, CAMPAIGN_B);
}

static void import_one(struct world *world, int i, const char *campaign_id)
{
  g_autofree char *lead_id = g_strdup_printf("lead-%02d", i), *person = g_strdup_printf("p%d@example.com", i);
  struct import_row row = {.lead_id = lead_id, .email = person, .person = person, .campaign_id = campaign_id};
  g_autoptr(GError) error = NULL;
  if (!import_rows(world->warehouse, &row, 1, false, &error)) g_error("import: %s", error->message);
}

/* leads_n rows, all for this campaign. */
static void import(struct world *world, int leads_n, const char *campaign_id)
{
  for (int i = 0; i < leads_n; i++)
    import_one(world, i, campaign_id);
}

static void ledger_open(struct world *world)
{
  g_autoptr(GError) error = NULL;
  bool created;
  world->warehouse = warehouse_open(&world->settings, WAREHOUSE_WRITE, &world->clock, &error);
  if (!world->warehouse || !schema_apply(world->warehouse, &created, &error)) g_error("open: %s", error->message);
}

static void folder_empty(const struct world *world)
{
  g_autoptr(GDir) entries = world->dir ? g_dir_open(world->dir, 0, NULL) : NULL;
  const char *name;
  while (entries && (name = g_dir_read_name(entries))) {
    g_autofree char *path = g_build_filename(world->dir, name, NULL);
    g_remove(path);
  }
}

/* One job; points >= 0: it dies there. Whether it ended well. */
static bool export(struct world *world, bool is_bootstrap, int64_t points, GError **error)
{
  struct job job;
  struct export_report report;
  mortal_init(&world->mortal, warehouse_ledger(world->warehouse), points);
  world->fake.is_dead = mortal_point;
  world->fake.dead_context = &world->mortal;
  job_init(&job, &world->settings, &world->mortal.base, &world->fake.base, &world->clock);
  job.is_bootstrap = is_bootstrap;
  export_report_init(&report);
  bool is_ok = export_run(&job, &report, error);
  export_report_clear(&report);
  job_clear(&job);
  world->wall_us += SECOND_US;
  world->fake.now_us = world->wall_us;
  return is_ok;
}

static void world_begin(struct world *world, const char *type)
{
  *world = (struct world){.wall_us = START_US};
  world->clock = (struct clock){world_now, world_now, world_now, world_sleep, world};
  world->dir = g_strcmp0(type, "sqlite") == 0 ? g_dir_make_tmp("leadferry-XXXXXX", NULL) : NULL;
  settings_fill(world, type);
  fake_instantly_init(&world->fake, START_US);
  ledger_open(world);
}

/* p0 to p4 are sent to campaign A, somebody adds p5 there; then the ledger is gone, and the rows name campaign B. */
static void world_init(struct world *world, const char *type)
{
  world_begin(world, type);
  import(world, SENT_N, CAMPAIGN_A);
  g_assert_true(export(world, false, -1, NULL));
  fake_instantly_put(&world->fake, CAMPAIGN_A, "p5@example.com");
  warehouse_close(world->warehouse);
  folder_empty(world);
  ledger_open(world);
  import(world, LEADS_N, CAMPAIGN_B);
}

static void world_clear(struct world *world)
{
  warehouse_close(world->warehouse);
  fake_instantly_clear(&world->fake);
  settings_clear(&world->settings);
  folder_empty(world);
  if (world->dir) g_rmdir(world->dir);
  g_free(world->dir);
}

static enum settlement settlement_of(struct world *world, int i)
{
  g_autofree char *lead_id = g_strdup_printf("lead-%02d", i);
  struct page page;
  g_autoptr(GError) error = NULL;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_true(report_find(world->warehouse, lead_id, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  enum settlement settlement = page_row(&page, struct lead_report_row, 0)->state.settlement;
  page_clear(&page);
  return settlement;
}

/* The same end whatever happened before. */
static void check_end(struct world *world)
{
  for (int i = 0; i < LEADS_N; i++) {
    g_autofree char *person = g_strdup_printf("p%d@example.com", i);
    g_assert_cmpint(fake_instantly_created(&world->fake, person), ==, i == 5 ? 0 : 1);
    g_assert_cmpint(settlement_of(world, i), ==, i == 5 ? SETTLEMENT_ADOPTED : SETTLEMENT_ADDED);
  }
}

static void test_refused(gconstpointer type)
{
  struct world world;
  world_init(&world, type);
  for (int round = 0; round < 2; round++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(export(&world, false, -1, &error));
    g_assert_true(error_is(error, ERROR_UNSAFE));
  }
  g_assert_true(export(&world, true, -1, NULL));
  check_end(&world);
  world_clear(&world);
}

/* Each point once, until a bootstrap lives through. */
static void test_dies_anywhere(gconstpointer type)
{
  int64_t points = 0, deaths_n = 0;
  for (bool has_died = true; has_died; points++) {
    struct world world;
    world_init(&world, type);
    export(&world, true, points, NULL);
    has_died = world.mortal.is_dead;
    deaths_n += has_died;
    if (has_died) g_assert_true(export(&world, true, -1, NULL));
    g_assert_true(export(&world, false, -1, NULL)); /* whoever was on the way when it died is settled by now */
    check_end(&world);
    world_clear(&world);
  }
  g_test_message("%d deaths", (int)deaths_n);
  g_assert_cmpint(deaths_n, >, 40);
}

/* ---- an older copy ---- */

static void copy_file(const struct world *world, const char *from, const char *to)
{
  g_autofree char *source = g_build_filename(world->dir, from, NULL);
  g_autofree char *target = g_build_filename(world->dir, to, NULL);
  g_autofree char *bytes = NULL;
  gsize length;
  g_assert_true(g_file_get_contents(source, &bytes, &length, NULL));
  g_assert_true(g_file_set_contents(target, bytes, (gssize)length, NULL));
}

static void put_back(struct world *world)
{
  warehouse_close(world->warehouse);
  copy_file(world, "copy.db", "lf.db");
  ledger_open(world);
}

static bool sync_all(struct world *world, GError **error)
{
  struct job job;
  struct sync_options options = {.full_scan = true};
  struct sync_report report = {0};
  mortal_init(&world->mortal, warehouse_ledger(world->warehouse), -1);
  job_init(&job, &world->settings, &world->mortal.base, &world->fake.base, &world->clock);
  bool is_ok = sync_run(&job, &options, &report, error);
  job_clear(&job);
  return is_ok;
}

/* Refused, also a second time; then by either way out, and nobody twice. */
static void check_led_out(struct world *world, bool by_bootstrap)
{
  for (int round = 0; round < 2; round++) {
    g_autoptr(GError) refused = NULL;
    g_assert_false(export(world, false, -1, &refused));
    g_assert_true(error_is(refused, ERROR_UNSAFE));
  }
  g_autoptr(GError) error = NULL;
  if (by_bootstrap)
    export(world, true, -1, &error);
  else
    sync_all(world, &error);
  g_assert_no_error(error);
  export(world, false, -1, &error);
  g_assert_no_error(error);
  g_assert_cmpint(world->fake.max_created_twice, ==, 1);
}

/* The request is lost, and nobody answers the question about it. */
static enum fake_fault lost_and_mute(void *context)
{
  ((struct world *)context)->fake.is_mute = true;
  return FAKE_LOST_BEFORE;
}

/* Guarantee 27. The copy has an open claim of a person who was sent later by another: that newer row is no sign that
 * the ledger knows what is older than it. */
static void test_restored_with_an_open_claim(gconstpointer by_bootstrap)
{
  struct world world;
  world_begin(&world, "sqlite");
  import_one(&world, 9, CAMPAIGN_A);
  world.fake.next_fault = lost_and_mute;
  world.fake.context = &world;
  export(&world, false, -1, NULL);
  copy_file(&world, "lf.db", "copy.db");
  world.fake.next_fault = NULL;
  world.fake.is_mute = false;
  world_sleep(&world, DAY_US / 2);
  import(&world, 3, CAMPAIGN_A);
  g_assert_true(export(&world, false, -1, NULL));
  g_assert_cmpint(fake_instantly_created(&world.fake, "p9@example.com"), ==, 1);
  put_back(&world);
  import(&world, 3, CAMPAIGN_B);
  check_led_out(&world, by_bootstrap != NULL);
  world_clear(&world);
}

static void copy_once(void *context)
{
  struct world *world = context;
  world->fake.on_add = NULL;
  copy_file(world, "lf.db", "copy.db");
}

/* Guarantee 27. The copy was made in the middle of an export: it has the claims, and not that they went out. */
static void test_restored_from_the_middle(gconstpointer by_bootstrap)
{
  struct world world;
  world_begin(&world, "sqlite");
  import(&world, LEADS_N, CAMPAIGN_A);
  world.fake.on_add = copy_once;
  world.fake.context = &world;
  g_assert_true(export(&world, false, -1, NULL));
  put_back(&world);
  import(&world, LEADS_N, CAMPAIGN_B);
  check_led_out(&world, by_bootstrap != NULL);
  world_clear(&world);
}

int main(int argc, char **argv)
{
  struct log_options log = {.level = LOG_ERROR, .fd = open("/dev/null", O_WRONLY)};
  log_init(&log);
  g_test_init(&argc, &argv, NULL);
  static const char *const types[] = {"memory", "sqlite"};
  for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
    g_autofree char *refused = g_strdup_printf("/lost/%s/refused", types[i]);
    g_autofree char *dies = g_strdup_printf("/lost/%s/dies-anywhere", types[i]);
    g_test_add_data_func(refused, types[i], test_refused);
    g_test_add_data_func(dies, types[i], test_dies_anywhere);
  }
  g_test_add_data_func("/lost/restored-with-an-open-claim/sync", NULL, test_restored_with_an_open_claim);
  g_test_add_data_func("/lost/restored-with-an-open-claim/bootstrap", "", test_restored_with_an_open_claim);
  g_test_add_data_func("/lost/restored-from-the-middle/sync", NULL, test_restored_from_the_middle);
  g_test_add_data_func("/lost/restored-from-the-middle/bootstrap", "", test_restored_from_the_middle);
  return g_test_run();
}
