/* A lease that runs out, as on BigQuery, and a program that has to wait: it keeps the lease where it goes on, sends
 * nothing once the lease is gone, and nobody who was stopped during the wait. */
#include <fcntl.h>
#include <glib.h>

#include "base/log.h"
#include "tests/sim/small_world.h"
#include "warehouse/brakes.h"

#define LEASE_US   (120 * SECOND_US)
#define LEADS_N    3
#define STOPPED    "p2@example.com"
#define RECORD_US  (45 * SECOND_US)  /* recording a batch takes so long once: a stop may have come meanwhile */
#define RECORD2_US (200 * SECOND_US) /* somebody else has the lease by then */

static void begin(struct small_world *world)
{
  small_world_init(world, NULL);
  world->lease_us = LEASE_US;
  small_world_import(world, LEADS_N);
}

static int created(const struct small_world *world, int i)
{
  g_autofree char *person = g_strdup_printf("p%d@example.com", i);
  return fake_instantly_created(&world->fake, person);
}

static void stop_one(struct small_world *world)
{
  g_autoptr(GError) error = NULL;
  struct ledger *ledger = warehouse_ledger(world->warehouse);
  struct suppression stop = {.person = STOPPED, .reason = "manual", .source = "command"};
  g_assert_true(ledger->ops->suppress(ledger, &stop, 1, NULL, &error));
}

static enum fake_fault lost_once(void *context)
{
  return ((struct small_world *)context)->fake.add_calls_n == 1 ? FAKE_LOST_BEFORE : FAKE_OK;
}

static enum fake_fault throttled_once(void *context)
{
  return ((struct small_world *)context)->fake.add_calls_n == 1 ? FAKE_THROTTLED : FAKE_OK;
}

/* An unknown answer is waited for 150 s and then 30 s, longer than a lease: the same run still sends again. */
static void test_kept_while_it_waits(void)
{
  struct small_world world;
  begin(&world);
  world.fake.next_fault = lost_once;
  g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_OK);
  for (int i = 1; i <= LEADS_N; i++)
    g_assert_cmpint(created(&world, i), ==, 1);
  small_world_clear(&world);
}

/* Instantly asks for a pause of five minutes, in which this happens. */
static void begin_with_pause(struct small_world *world, void (*slept)(struct small_world *world))
{
  begin(world);
  world->fake.next_fault = throttled_once;
  world->fake.retry_after_s = 300;
  world->slept = slept;
}

static void all_go_but_the_stopped(struct small_world *world)
{
  g_assert_cmpint(small_world_export(world, -1), ==, EXIT_CODE_PARTIAL);
  g_assert_cmpint(created(world, 1), ==, 1);
  g_assert_cmpint(created(world, 2), ==, 0);
  g_assert_cmpint(created(world, 3), ==, 1);
}

/* Guarantee 40. Somebody is stopped in a pause that Instantly asks for. */
static void test_stopped_in_a_pause(void)
{
  struct small_world world;
  begin_with_pause(&world, stop_one);
  all_go_but_the_stopped(&world);
  small_world_clear(&world);
}

#define THROTTLE_US (600 * SECOND_US)

static int64_t throttle_begun_us;

static enum fake_fault throttled_for_long(void *context)
{
  const struct small_world *world = context;
  return world->wall_us - throttle_begun_us < THROTTLE_US ? FAKE_THROTTLED : FAKE_OK;
}

static enum fake_fault throttled_for_ever(void *context)
{
  (void)context;
  return FAKE_THROTTLED;
}

static void begin_throttled(struct small_world *world, enum fake_fault (*fault)(void *context), int64_t retry_after_s)
{
  small_world_init(world, NULL);
  small_world_import(world, 40);
  world->fake.next_fault = fault;
  world->fake.context = world;
  world->fake.retry_after_s = retry_after_s;
  world->lease_us = 120 * SECOND_US;
  throttle_begun_us = world->wall_us;
}

/* Another tool uses up every minute for ten of them: the export waits, keeps its lease, and gives nobody back. */
static void test_throttled_for_long(void)
{
  static const int64_t asked_s[] = {0, 60, 240};
  for (size_t i = 0; i < G_N_ELEMENTS(asked_s); i++) {
    struct small_world world;
    begin_throttled(&world, throttled_for_long, asked_s[i]);
    g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_OK);
    g_assert_cmpuint(g_hash_table_size(world.fake.created), ==, 40);
    g_assert_cmpint(world.fake.max_created_twice, ==, 1);
    small_world_clear(&world);
  }
}

/* It does not end: a quarter of an hour is all that the export waits, by batches or one by one. */
static void test_throttled_for_ever(void)
{
  static const enum export_endpoint endpoints[] = {EXPORT_BULK, EXPORT_SINGLE};
  for (size_t i = 0; i < G_N_ELEMENTS(endpoints); i++) {
    struct small_world world;
    begin_throttled(&world, throttled_for_ever, 60);
    world.settings.export.endpoint = endpoints[i];
    g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_TEMPORARY);
    int64_t took_us = world.wall_us - throttle_begun_us;
    g_assert_cmpint(took_us, >, 600 * SECOND_US);
    g_assert_cmpint(took_us, <, 1000 * SECOND_US);
    g_assert_cmpint(world.fake.add_calls_n, <, 30);
    g_assert_cmpint(small_world_recover(&world).unknown_n, ==, 0);
    small_world_clear(&world);
  }
}

static void hold_all(struct small_world *world)
{
  g_autoptr(GError) error = NULL;
  struct brake_report report;
  struct brake hold = {.kind = BRAKE_HOLD, .reason = "holidays", .actor = "lee", .at_us = world->wall_us};
  g_assert_true(brakes_write(world->warehouse, &hold, 1, &report, &error));
}

/* Everything is put on hold in such a pause: nobody goes, and nobody has to be asked about. */
static void test_held_in_a_pause(void)
{
  struct small_world world;
  begin_with_pause(&world, hold_all);
  g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_PARTIAL);
  g_assert_cmpint(world.fake.add_calls_n, ==, 1);
  g_assert_cmpint(small_world_recover(&world).unknown_n, ==, 0);
  g_assert_cmpint(fake_instantly_created(&world.fake, STOPPED), ==, 0);
  small_world_clear(&world);
}

static void slow_and_stopped(void *context, const struct lead_event *event)
{
  struct small_world *world = context;
  if (event->kind != EVENT_SENDING) return;
  world->kept = world->mortal.kept = NULL;
  small_world_sleep(world, RECORD_US);
  stop_one(world);
}

/* The warehouse takes the batch after three quarters of a minute, in which somebody is stopped. */
static void test_stopped_while_recording(void)
{
  struct small_world world;
  begin(&world);
  world.fake.next_fault = NULL;
  world.kept = slow_and_stopped;
  all_go_but_the_stopped(&world);
  small_world_clear(&world);
}

static void too_slow(void *context, const struct lead_event *event)
{
  if (event->kind == EVENT_SENDING) small_world_sleep(context, RECORD2_US);
}

/* Guarantee 18. The program stands still between its question about the lease and its request: the next holder has
 * found these claims in no batch, so nothing goes. */
static void test_nothing_without_the_lease(void)
{
  struct small_world world;
  begin(&world);
  world.fake.next_fault = NULL;
  world.kept = too_slow;
  g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_SAFETY);
  g_assert_cmpint(world.fake.add_calls_n, ==, 0);
  small_world_clear(&world);
}

int main(int argc, char **argv)
{
  struct log_options log = {.level = LOG_ERROR, .fd = open("/dev/null", O_WRONLY)};
  log_init(&log);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lease/kept-while-it-waits", test_kept_while_it_waits);
  g_test_add_func("/lease/stopped-in-a-pause", test_stopped_in_a_pause);
  g_test_add_func("/lease/throttled-for-long", test_throttled_for_long);
  g_test_add_func("/lease/throttled-for-ever", test_throttled_for_ever);
  g_test_add_func("/lease/held-in-a-pause", test_held_in_a_pause);
  g_test_add_func("/lease/stopped-while-recording", test_stopped_while_recording);
  g_test_add_func("/lease/nothing-without-the-lease", test_nothing_without_the_lease);
  return g_test_run();
}
