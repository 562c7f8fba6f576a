/* A warehouse that hands the same claims out again: they are not sent again. */
#include <fcntl.h>
#include <glib.h>

#include "base/log.h"
#include "tests/sim/small_world.h"

#define LEADS_N 6
#define BATCH   2

/* From the first request on. */
static enum fake_fault repeat_from_now(void *context)
{
  struct small_world *world = context;
  world->mortal.repeats_claims = true;
  return FAKE_OK;
}

static void check_created(const struct small_world *world, int64_t persons_n)
{
  int64_t created_n = 0;
  for (int i = 1; i <= LEADS_N; i++) {
    g_autofree char *person = g_strdup_printf("p%d@example.com", i);
    int n = fake_instantly_created(&world->fake, person);
    g_assert_cmpint(n, <=, 1);
    created_n += n;
  }
  g_assert_cmpint(created_n, ==, persons_n);
}

static void test_nobody_goes_out_again(void)
{
  struct small_world world;
  small_world_init(&world, NULL);
  world.settings.instantly.batch_size = BATCH;
  world.settings.instantly.writes_in_flight = 1;
  small_world_import(&world, LEADS_N);
  world.fake.next_fault = repeat_from_now;
  g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_SAFETY);
  g_assert_cmpint(world.fake.add_calls_n, ==, 1);
  check_created(&world, BATCH);
  world.fake.next_fault = NULL;
  small_world_recover(&world);
  g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_OK);
  check_created(&world, LEADS_N);
  small_world_clear(&world);
}

int main(int argc, char **argv)
{
  struct log_options log = {.level = LOG_ERROR, .fd = open("/dev/null", O_WRONLY)};
  log_init(&log);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/repeats/nobody-goes-out-again", test_nobody_goes_out_again);
  return g_test_run();
}
