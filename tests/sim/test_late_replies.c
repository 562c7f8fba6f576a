/* Replies of people whose rows are gone: a sync that dies anywhere, that reads a bounded piece, that is refused or led
 * astray. */
#include <fcntl.h>
#include <glib.h>

#include "base/log.h"
#include "core/job.h"
#include "core/sync_emails.h"
#include "tests/sim/small_world.h"

#define PERSONS_N 5

/* Everybody was enrolled, and nobody has a row any more. */
static void world_init(struct small_world *world)
{
  small_world_init(world, NULL);
  small_world_import(world, PERSONS_N);
  g_assert_cmpint(small_world_export(world, -1), ==, EXIT_CODE_OK);
  for (guint i = 0; i < world->fake.rows->len; i++)
    ((struct fake_row *)g_ptr_array_index(world->fake.rows, i))->is_deleted = true;
}

static char *person_name(int i)
{
  return g_strdup_printf("p%d@example.com", i + 1);
}

/* Answers, days apart, from everybody. */
static void everybody_replies(struct small_world *world)
{
  for (int i = 0; i < PERSONS_N; i++) {
    g_autofree char *person = person_name(i);
    small_world_sleep(world, 3 * DAY_US);
    fake_instantly_reply(&world->fake, person, AUTOMATIC_UNKNOWN);
  }
}

static enum exit_code sync_once(struct small_world *world, int64_t points, struct sync_report *report)
{
  struct sync_options options = {0};
  struct job job;
  g_autoptr(GError) error = NULL;
  *report = (struct sync_report){0};
  mortal_init(&world->mortal, warehouse_ledger(world->warehouse), points);
  job_init(&job, &world->settings, &world->mortal.base, &world->fake.base, &world->clock);
  sync_run(&job, &options, report, &error);
  job_clear(&job);
  return report->exit_code;
}

static int stopped_n(const struct small_world *world)
{
  int n = 0;
  for (int i = 0; i < PERSONS_N; i++) {
    g_autofree char *person = person_name(i);
    n += small_world_stops_n(world, person) > 0;
  }
  return n;
}

/* Guarantee 46. The note moves only when what came before it is on record: a sync that dies anywhere loses nobody. */
static void test_dies_anywhere(void)
{
  int deaths_n = 0;
  for (int64_t points = 0;; points++) {
    struct small_world world;
    struct sync_report report;
    world_init(&world);
    everybody_replies(&world);
    sync_once(&world, points, &report);
    bool was_dead = world.mortal.is_dead;
    deaths_n += was_dead;
    small_world_sleep(&world, DAY_US);
    g_assert_cmpint(sync_once(&world, -1, &report), ==, EXIT_CODE_OK);
    g_assert_cmpint(stopped_n(&world), ==, PERSONS_N);
    small_world_clear(&world);
    if (!was_dead) break;
  }
  g_test_message("%d deaths", deaths_n);
  g_assert_cmpint(deaths_n, >, 30);
}

/* A run reads a bounded piece, and the next one goes on behind it. */
static void test_bounded(void)
{
  struct small_world world;
  struct sync_report report;
  world_init(&world);
  world.fake.emails_limit = 1;
  for (int i = 0; i < 3 * EMAILS_PAGES; i++) {
    small_world_sleep(&world, 3600 * SECOND_US);
    fake_instantly_reply(&world.fake, "stranger@example.com", AUTOMATIC_NO);
  }
  everybody_replies(&world);
  int syncs_n = 0;
  do {
    int64_t before_n = world.fake.emails_calls_n;
    g_assert_cmpint(sync_once(&world, -1, &report), ==, EXIT_CODE_OK);
    g_assert_cmpint(world.fake.emails_calls_n - before_n, <=, EMAILS_PAGES);
  } while (report.emails_left && ++syncs_n < 10);
  g_assert_cmpint(syncs_n, ==, 3);
  g_assert_cmpint(stopped_n(&world), ==, PERSONS_N);
  small_world_clear(&world);
}

/* So many mails of one moment that a piece of them brings nothing new: they are read on. */
static void test_many_at_once(void)
{
  struct small_world world;
  struct sync_report report;
  world_init(&world);
  world.fake.emails_limit = 1;
  everybody_replies(&world);
  g_assert_cmpint(sync_once(&world, -1, &report), ==, EXIT_CODE_OK);
  for (int i = 0; i < EMAILS_PAGES + 5; i++)
    fake_instantly_reply(&world.fake, "stranger@example.com", AUTOMATIC_NO);
  small_world_sleep(&world, 3600 * SECOND_US);
  fake_instantly_reply(&world.fake, "p1@example.com", AUTOMATIC_NO);
  g_assert_cmpint(sync_once(&world, -1, &report), ==, EXIT_CODE_OK);
  g_assert_cmpint(sync_once(&world, -1, &report), ==, EXIT_CODE_OK);
  g_assert_false(report.emails_left);
  small_world_clear(&world);
}

/* A key that may not: said, exit 3, and the rest of the sync is done. A key that is refused ends it, as ever. */
static void test_refused(void)
{
  struct small_world world;
  struct sync_report report;
  world_init(&world);
  everybody_replies(&world);
  world.fake.emails_auth = 403;
  g_assert_cmpint(sync_once(&world, -1, &report), ==, EXIT_CODE_PARTIAL);
  g_assert_true(report.emails_refused);
  world.fake.emails_auth = 401;
  g_assert_cmpint(sync_once(&world, -1, &report), ==, EXIT_CODE_AUTH);
  g_assert_cmpint(stopped_n(&world), ==, 0);
  world.fake.emails_auth = 0;
  g_assert_cmpint(sync_once(&world, -1, &report), ==, EXIT_CODE_OK);
  g_assert_cmpint(stopped_n(&world), ==, PERSONS_N);
  small_world_clear(&world);
}

/* A mail that claims to be from next year is heard, and hides none that comes before. */
static void test_from_times_to_come(void)
{
  struct small_world world;
  struct sync_report report;
  world_init(&world);
  fake_instantly_reply(&world.fake, "p1@example.com", AUTOMATIC_NO);
  ((struct fake_email *)g_ptr_array_index(world.fake.emails, 0))->created_at_us += 365 * DAY_US;
  g_assert_cmpint(sync_once(&world, -1, &report), ==, EXIT_CODE_OK);
  g_assert_cmpint(stopped_n(&world), ==, 1);
  struct fake_email *future = g_ptr_array_steal_index(world.fake.emails, 0);
  small_world_sleep(&world, DAY_US);
  fake_instantly_reply(&world.fake, "p2@example.com", AUTOMATIC_NO);
  g_ptr_array_add(world.fake.emails, future);
  g_assert_cmpint(sync_once(&world, -1, &report), ==, EXIT_CODE_OK);
  g_assert_cmpint(stopped_n(&world), ==, 2);
  small_world_clear(&world);
}

static void test_what_is_a_reply(void)
{
  g_assert_true(email_is_reply(&(struct remote_email){.is_received = true, .automatic = AUTOMATIC_NO}));
  g_assert_true(email_is_reply(&(struct remote_email){.is_received = true, .automatic = AUTOMATIC_UNKNOWN}));
  g_assert_false(email_is_reply(&(struct remote_email){.is_received = true, .automatic = AUTOMATIC_YES}));
  g_assert_false(email_is_reply(&(struct remote_email){.is_received = false}));
}

int main(int argc, char **argv)
{
  struct log_options log = {.level = LOG_ERROR, .fd = open("/dev/null", O_WRONLY)};
  log_init(&log);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/late-replies/dies-anywhere", test_dies_anywhere);
  g_test_add_func("/late-replies/bounded", test_bounded);
  g_test_add_func("/late-replies/many-at-once", test_many_at_once);
  g_test_add_func("/late-replies/refused", test_refused);
  g_test_add_func("/late-replies/from-times-to-come", test_from_times_to_come);
  g_test_add_func("/late-replies/what-is-a-reply", test_what_is_a_reply);
  return g_test_run();
}
