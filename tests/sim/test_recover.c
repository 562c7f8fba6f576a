/* Recover, step by step: what happens to a claim whose answer was lost, while nobody can be asked and once somebody
 * can. */
#include <fcntl.h>
#include <glib.h>

#include "base/log.h"
#include "tests/sim/small_world.h"

static void world_init(struct small_world *world)
{
  small_world_init(world, NULL);
  small_world_import(world, 1);
}

/* An answer is lost, and the list is mute from then on: the claim stays open, exit 5, and nothing is sent again. */
static void begin_lost(struct small_world *world)
{
  world->fault = FAKE_LOST_AFTER;
  world->goes_mute = true;
  g_assert_cmpint(small_world_export(world, -1), ==, EXIT_CODE_TEMPORARY);
  g_assert_cmpint(world->fake.add_calls_n, ==, 1);
}

static void test_open_until_answered(void)
{
  struct small_world world;
  world_init(&world);
  begin_lost(&world);
  g_assert_cmpint(small_world_recover(&world).unknown_n, ==, 1);
  g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_TEMPORARY);
  world.fake.is_mute = world.goes_mute = false;
  g_assert_cmpint(small_world_recover(&world).added_n, ==, 1);
  g_assert_cmpint(world.fake.add_calls_n, ==, 1);
  small_world_clear(&world);
}

/* Guarantee 43. After a day the question goes to a person, and is not asked on and on. */
static void test_held_after_a_day(void)
{
  struct small_world world;
  world_init(&world);
  begin_lost(&world);
  small_world_sleep(&world, 23 * 3600 * SECOND_US);
  g_assert_cmpint(small_world_recover(&world).held_n, ==, 0);
  small_world_sleep(&world, 2 * 3600 * SECOND_US);
  g_assert_cmpint(small_world_recover(&world).held_n, ==, 1);
  int64_t asked_n = world.fake.list_calls_n;
  struct settle_tally tally = small_world_recover(&world);
  g_assert_cmpint(tally.held_n + tally.unknown_n + tally.released_n, ==, 0);
  g_assert_cmpint(world.fake.list_calls_n, ==, asked_n);
  world.fault = FAKE_OK;
  small_world_export(&world, -1);
  g_assert_cmpint(world.fake.add_calls_n, ==, 1);
  small_world_clear(&world);
}

/* How many events and error rows there are of the lead. */
struct trace {
  int64_t released_n, held_n, errors_n;
};

static struct trace trace_of(struct small_world *world, const char *lead_id)
{
  struct trace trace = {0};
  struct page page;
  g_autoptr(GError) error = NULL;
  page_init(&page, sizeof(struct lead_event));
  if (!report_events(world->warehouse, lead_id, &page, &error)) g_error("events: %s", error->message);
  for (guint i = 0; i < page.rows->len; i++) {
    const struct lead_event *event = page_row(&page, struct lead_event, i);
    trace.released_n += event->kind == EVENT_RELEASED;
    trace.held_n += event->kind == EVENT_HELD;
  }
  page_clear(&page);
  struct error_query query = {.limit = 100};
  page_init(&page, sizeof(struct error_report_row));
  if (!report_errors(world->warehouse, &query, &page, &error)) g_error("errors: %s", error->message);
  for (guint i = 0; i < page.rows->len; i++)
    trace.errors_n += g_strcmp0(page_row(&page, struct error_report_row, i)->lead_ref, lead_id) == 0;
  page_clear(&page);
  return trace;
}

/* Both answers of a claim are lost: its first transmission, and the one after nobody had it. It stands in two `sending`
 * rows, and each answer to a question about it settles it once. */
static void begin_sent_twice(struct small_world *world)
{
  world_init(world);
  world->fault = FAKE_LOST_BEFORE;
  small_world_export(world, -1);
  g_assert_cmpint(world->fake.add_calls_n, ==, 2);
}

static void test_two_transmissions_absent(void)
{
  struct small_world world;
  begin_sent_twice(&world);
  struct settle_tally tally = small_world_recover(&world);
  g_assert_cmpint(tally.released_n, ==, 1);
  struct trace trace = trace_of(&world, "lead-1");
  g_assert_cmpint(trace.released_n, ==, 1);
  g_assert_cmpint(trace.errors_n, ==, 1);
  small_world_clear(&world);
}

static void test_two_transmissions_open(void)
{
  struct small_world world;
  begin_sent_twice(&world);
  world.fake.is_mute = true;
  g_assert_cmpint(small_world_recover(&world).unknown_n, ==, 1);
  small_world_sleep(&world, 25 * 3600 * SECOND_US);
  g_assert_cmpint(small_world_recover(&world).held_n, ==, 1);
  struct trace trace = trace_of(&world, "lead-1");
  g_assert_cmpint(trace.held_n, ==, 1);
  g_assert_cmpint(trace.errors_n, ==, 1);
  small_world_clear(&world);
}

static void test_plain_export(void)
{
  struct small_world world;
  world_init(&world);
  g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_OK);
  g_assert_cmpint(fake_instantly_created(&world.fake, "p1@example.com"), ==, 1);
  small_world_clear(&world);
}

int main(int argc, char **argv)
{
  struct log_options log = {.level = LOG_ERROR, .fd = open("/dev/null", O_WRONLY)};
  log_init(&log);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/recover/plain", test_plain_export);
  g_test_add_func("/recover/open-until-answered", test_open_until_answered);
  g_test_add_func("/recover/held-after-a-day", test_held_after_a_day);
  g_test_add_func("/recover/two-transmissions-absent", test_two_transmissions_absent);
  g_test_add_func("/recover/two-transmissions-open", test_two_transmissions_open);
  return g_test_run();
}
