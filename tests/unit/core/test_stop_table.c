/* Who is stopped since when, which mails come too late, and which rows of stopped persons are live. */
#include "core/stop_table.h"

#define T 1000000000000

static struct suppression stop(const char *person, const char *reason, int64_t at_us)
{
  return (struct suppression){.person = person, .reason = reason, .source = "command", .created_at_us = at_us};
}

static void test_find(void)
{
  g_autoptr(stop_table) table = stop_table_new();
  struct suppression ann = stop("ann+x@a.example", "replied", T + 5),
                     again = stop("ann@a.example", "unsubscribed", T + 9);
  struct suppression domain = {.domain = "b.example", .reason = "manual", .created_at_us = T};
  struct suppression over = stop("bob@a.example", "manual", T);
  over.expires_at_us = T + 10;
  stop_table_add(table, &ann, T + 10);
  stop_table_add(table, &domain, T + 10);
  stop_table_add(table, &again, T + 10);
  stop_table_add(table, &over, T + 10);
  for (int i = 0; i < 500; i++) {
    g_autofree char *other = g_strdup_printf("p%d@c.example", i);
    struct suppression more = stop(other, "bounced", T + i);
    stop_table_add(table, &more, T + 10);
  }
  stop_table_sort(table);
  struct stop_moments found = stop_table_find(table, "ann+news@a.example");
  g_assert_true(found.first_us == T + 5 && found.hard_us == T + 9);
  g_assert_cmpstr(stop_moments_word(&found), ==, "unsubscribed");
  found = stop_table_find(table, "who@b.example");
  g_assert_true(found.first_us == T && found.hard_us == T);
  found = stop_table_find(table, "p499@c.example");
  g_assert_true(found.first_us == T + 499 && found.hard_us == INT64_MAX);
  found = stop_table_find(table, "bob@a.example");
  g_assert_false(stop_moments_any(&found));
  found = stop_table_find(table, "b.example@a.example");
  g_assert_false(stop_moments_any(&found));
  g_assert_true(stop_table_first_us(table) == T);
}

static void test_forbid(void)
{
  struct stop_moments moments = stop_moments_none();
  g_assert_false(stop_moments_forbid(&moments, INT64_MAX, false));
  stop_moments_add(&moments, STOP_KIND_REPLIED, T);
  g_assert_false(stop_moments_forbid(&moments, T + STOP_GRACE_US, false));
  g_assert_true(stop_moments_forbid(&moments, T + STOP_GRACE_US + 1, false));
  g_assert_false(stop_moments_forbid(&moments, T + DAY_US, true));
  stop_moments_add(&moments, STOP_KIND_BOUNCED, T - DAY_US);
  g_assert_true(stop_moments_forbid(&moments, T, false));
  g_assert_false(stop_moments_forbid(&moments, T + DAY_US, true));
  stop_moments_add(&moments, STOP_KIND_LISTED, T + DAY_US);
  g_assert_false(stop_moments_forbid(&moments, T + DAY_US, true));
  g_assert_true(stop_moments_forbid(&moments, T + 2 * DAY_US, true));
}

static const struct remote_lead active = {.campaign_id = "c", .status = REMOTE_ACTIVE};
static const struct remote_lead paused = {.campaign_id = "c", .status = REMOTE_PAUSED};
static const struct remote_lead over = {.campaign_id = "c", .status = REMOTE_COMPLETED};
static const struct remote_lead listed = {.list_id = "l", .status = REMOTE_ACTIVE};
static const struct remote_lead mailed_on = {.campaign_id = "c", .status = REMOTE_ACTIVE, .replies = 1};
static const struct remote_lead nurtured = {
    .campaign_id = "c", .status = REMOTE_COMPLETED, .replies = 1, .subsequence_id = "s"};
static const struct remote_lead silent = {.campaign_id = "c", .status = REMOTE_COMPLETED, .subsequence_id = "s"};

static void test_live(void)
{
  static const struct {
    const struct remote_lead *row;
    enum stop_kind kind;
    bool is_listed, is_ours, is_live;
  } cases[] = {
      {&active, STOP_KIND_REPLIED, false, true, true},       {&active, STOP_KIND_BOUNCED, false, false, true},
      {&paused, STOP_KIND_OTHER, false, true, true},         {&over, STOP_KIND_OTHER, false, true, false},
      {&listed, STOP_KIND_OTHER, false, true, false},        {&mailed_on, STOP_KIND_REPLIED, false, true, true},
      {&nurtured, STOP_KIND_REPLIED, false, true, false},    {&nurtured, STOP_KIND_BOUNCED, false, true, false},
      {&nurtured, STOP_KIND_OTHER, false, true, true},       {&silent, STOP_KIND_REPLIED, false, true, true},
      {&active, STOP_KIND_UNSUBSCRIBED, true, false, false}, {&active, STOP_KIND_UNSUBSCRIBED, true, true, true},
      {&active, STOP_KIND_LISTED, true, true, false},        {&active, STOP_KIND_LISTED, false, true, true},
      {&active, STOP_KIND_REPLIED, true, false, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct stop_moments moments = stop_moments_none();
    stop_moments_add(&moments, cases[i].kind, T);
    struct stop_proof_input input = {cases[i].row, &moments, cases[i].is_listed, cases[i].is_ours};
    if (stop_proof_is_live(&input) != cases[i].is_live) g_error("case %zu", i);
  }
}

/* The last contact of an answered row may be anybody's: nothing is concluded from it. */
static void test_mailed_at(void)
{
  struct remote_lead row = {.contacted_at_us = 7};
  g_assert_cmpint(stop_proof_mailed_at_us(&row), ==, 7);
  row.replies = 1;
  g_assert_cmpint(stop_proof_mailed_at_us(&row), ==, 0);
  row.last_step_at_us = 5;
  g_assert_cmpint(stop_proof_mailed_at_us(&row), ==, 5);
  row.status = REMOTE_COMPLETED;
  g_assert_cmpint(stop_proof_mailed_at_us(&row), ==, 0);
  row.replies = 0;
  g_assert_cmpint(stop_proof_mailed_at_us(&row), ==, 5);
  row = (struct remote_lead){.contacted_at_us = 7, .subsequence_step_at_us = 7};
  g_assert_cmpint(stop_proof_mailed_at_us(&row), ==, 0);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/core/stop-table/find", test_find);
  g_test_add_func("/core/stop-table/forbid", test_forbid);
  g_test_add_func("/core/stop-table/live", test_live);
  g_test_add_func("/core/stop-table/mailed-at", test_mailed_at);
  return g_test_run();
}
