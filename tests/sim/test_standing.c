/* Stops that stand as long as rows of the user's say so: a sync that dies anywhere between deciding and taking out. */
#include <glib.h>

#include "core/job.h"
#include "core/sync.h"
#include "tests/sim/small_world.h"
#include "warehouse/memory.h"

#define PERSONS_N 5

static const struct fake_row *row_of(const struct small_world *world, int person)
{
  g_autofree char *email = g_strdup_printf("p%d@example.com", person);
  for (guint i = 0; i < world->fake.rows->len; i++) {
    const struct fake_row *row = g_ptr_array_index(world->fake.rows, i);
    if (g_strcmp0(row->person, email) == 0) return row;
  }
  g_assert_not_reached();
}

/* p1 becomes a customer, p2 leaves the table of leads. */
static void world_init(struct small_world *world)
{
  small_world_init(world, NULL);
  world->settings.suppress.max_hit = PERSONS_N;
  small_world_import(world, PERSONS_N);
  g_assert_cmpint(small_world_export(world, -1), ==, EXIT_CODE_OK);
  world->settings.source.exclude = (struct exclude_settings){g_strdup("customers"), g_strdup("email")};
  world->settings.source.gone = GONE_STOP;
  memory_drop_lead(world->warehouse, "lead-2");
  memory_exclude(world->warehouse, "P1+x@example.com");
}

static enum exit_code sync_once(struct small_world *world, int64_t points)
{
  struct sync_options options = {0};
  struct sync_report report = {0};
  struct job job;
  g_autoptr(GError) error = NULL;
  mortal_init(&world->mortal, warehouse_ledger(world->warehouse), points);
  job_init(&job, &world->settings, &world->mortal.base, &world->fake.base, &world->clock);
  sync_run(&job, &options, &report, &error);
  job_clear(&job);
  return report.exit_code;
}

/* Guarantee 64, 65. What was decided is done by the next sync, once, and to nobody else. */
static void test_dies_anywhere(void)
{
  int deaths_n = 0;
  for (int64_t points = 0;; points++) {
    struct small_world world;
    world_init(&world);
    sync_once(&world, points);
    bool was_dead = world.mortal.is_dead;
    deaths_n += was_dead;
    small_world_sleep(&world, DAY_US);
    g_assert_cmpint(sync_once(&world, -1), ==, EXIT_CODE_OK);
    for (int person = 1; person <= PERSONS_N; person++)
      g_assert_cmpint(row_of(&world, person)->is_deleted, ==, person <= 2);
    g_assert_cmpuint(small_world_stops_n(&world, "p1@example.com"), ==, 1);
    g_assert_cmpuint(small_world_stops_n(&world, "p2@example.com"), ==, 1);
    g_assert_cmpint(small_world_export(&world, -1), ==, EXIT_CODE_OK);
    g_assert_cmpuint(world.fake.rows->len, ==, PERSONS_N);
    small_world_clear(&world);
    if (!was_dead) break;
  }
  g_test_message("%d deaths", deaths_n);
  g_assert_cmpint(deaths_n, >, 30);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/standing/dies-anywhere", test_dies_anywhere);
  return g_test_run();
}
