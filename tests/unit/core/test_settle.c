/* Settling decisions: what rows found by address mean for a claim. */
#include <glib.h>

#include "core/settle.h"

#define CAMPAIGN "11111111-1111-4111-8111-111111111111"
#define OTHER    "22222222-2222-4222-8222-222222222222"

static const struct remote_lead ours = {
    .id = "o", .person = "a@example.com", .campaign_id = CAMPAIGN, .stamp = "1:run.7"};
static const struct remote_lead earlier = {
    .id = "e", .person = "a@example.com", .campaign_id = CAMPAIGN, .stamp = "1:old.7"};
static const struct remote_lead bare = {.id = "b", .person = "a@example.com", .campaign_id = CAMPAIGN};
static const struct remote_lead elsewhere = {
    .id = "x", .person = "a@example.com", .campaign_id = OTHER, .stamp = "1:run.7"};
static const struct remote_lead in_list = {.id = "l", .person = "a@example.com", .list_id = OTHER};
/* In lists: moved there by hand, and put there by nobody of ours. */
static const struct remote_lead own_in_list = {
    .id = "ol", .person = "a@example.com", .list_id = OTHER, .stamp = "1:run.7"};
static const struct remote_lead sibling_in_list = {
    .id = "sl", .person = "a@example.com", .list_id = OTHER, .stamp = "1:old.7"};
static const struct remote_lead later_in_list = {
    .id = "tl", .person = "a@example.com", .list_id = OTHER, .stamp = "2:new.1"};
static const struct remote_lead nowhere = {.id = "n", .person = "a@example.com", .stamp = "1:run.7"};
static const struct remote_lead foreign_elsewhere = {.id = "f", .person = "a@example.com", .campaign_id = OTHER};
static const struct remote_lead stranger = {
    .id = "s", .person = "b@example.com", .campaign_id = CAMPAIGN, .stamp = "1:run.7"};

static enum settle_verdict decide(const struct remote_lead *first, const struct remote_lead *second, const char **id)
{
  const struct claim claim = {
      .ord = 7, .generation = 1, .run_id = "run", .campaign_id = CAMPAIGN, .person = "a@example.com"};
  struct remote_lead rows[2];
  size_t rows_n = 0;
  if (first != NULL) rows[rows_n++] = *first;
  if (second != NULL) rows[rows_n++] = *second;
  struct settle_input input = {.claim = &claim, .rows = rows, .rows_n = rows_n};
  struct settle_finding finding = settle_decide(&input);
  *id = finding.row == NULL ? NULL : finding.row->id;
  return finding.verdict;
}

static void test_decide(void)
{
  static const struct {
    const struct remote_lead *first, *second;
    enum settle_verdict verdict;
    const char *id;
  } cases[] = {
      {NULL, NULL, FOUND_NOWHERE, NULL},
      {&ours, NULL, FOUND_OURS, "o"},
      {&bare, NULL, FOUND_ADOPT, "b"},
      {&earlier, NULL, FOUND_ADOPT, "e"},
      {&elsewhere, NULL, FOUND_OURS, "x"},
      {&elsewhere, &ours, FOUND_OURS, "o"},
      {&elsewhere, &bare, FOUND_OURS, "x"},
      {&in_list, NULL, FOUND_NOWHERE, NULL},
      {&stranger, NULL, FOUND_NOWHERE, NULL},
      {&stranger, &elsewhere, FOUND_OURS, "x"},
      {&own_in_list, NULL, FOUND_OURS, "ol"},
      {&own_in_list, &elsewhere, FOUND_OURS, "x"},
      {&own_in_list, &bare, FOUND_OURS, "ol"},
      {&nowhere, NULL, FOUND_OURS, "n"},
      {&sibling_in_list, NULL, FOUND_ADOPT, "sl"},
      {&later_in_list, NULL, FOUND_ADOPT, "tl"},
      {&sibling_in_list, &bare, FOUND_ADOPT, "b"},
      {&foreign_elsewhere, NULL, FOUND_ELSEWHERE, "f"},
      {&foreign_elsewhere, &bare, FOUND_ADOPT, "b"},
      {&foreign_elsewhere, &sibling_in_list, FOUND_ELSEWHERE, "f"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const char *id = NULL;
    g_assert_cmpint(decide(cases[i].first, cases[i].second, &id), ==, cases[i].verdict);
    g_assert_cmpstr(id, ==, cases[i].id);
    if (cases[i].second == NULL) continue;
    g_assert_cmpint(decide(cases[i].second, cases[i].first, &id), ==, cases[i].verdict); /* order does not matter */
    g_assert_cmpstr(id, ==, cases[i].id);
  }
}

/* A lead that was released for a second generation leaves the row of its first where somebody put it. */
static void test_older_in_list(void)
{
  const struct claim claim = {
      .ord = 3, .generation = 2, .run_id = "run", .campaign_id = CAMPAIGN, .person = "a@example.com"};
  struct settle_input input = {.claim = &claim, .rows = &own_in_list, .rows_n = 1};
  g_assert_cmpint(settle_decide(&input).verdict, ==, FOUND_NOWHERE);
  input.rows = &ours; /* in its campaign it is met: never adopted, and nothing goes beside it */
  g_assert_cmpint(settle_decide(&input).verdict, ==, FOUND_OLDER);
  input.rows = &elsewhere;
  g_assert_cmpint(settle_decide(&input).verdict, ==, FOUND_OLDER);
  input.rows = &later_in_list;
  g_assert_cmpint(settle_decide(&input).verdict, ==, FOUND_ADOPT);
}

static void test_stamp(void)
{
  const struct claim claim = {.ord = 12, .generation = 3, .run_id = "20260101T000000-abcd"};
  g_autofree char *stamp = claim_stamp(&claim);
  g_assert_cmpstr(stamp, ==, "3:20260101T000000-abcd.12");
}

static void test_stamps(void)
{
  static const char *const bad[] = {"",        "1",       "1:",      "1:run",    "1:run.", "1:.7",   ":run.7",
                                    "x:run.7", "0:run.7", "1:run.x", "1:run.-7", "-1:r.7", "1:run.0"};
  struct stamp stamp;
  g_assert_false(stamp_read(NULL, &stamp));
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
    g_assert_false(stamp_read(bad[i], &stamp));
  g_autofree char *long_run = g_strdup_printf("1:%0200d.7", 1);
  g_assert_false(stamp_read(long_run, &stamp));
  const struct claim claim = {.ord = 41, .generation = 3, .run_id = "20261122T130509-1f2e3d4c"};
  g_autofree char *text = claim_stamp(&claim);
  g_assert_true(stamp_read(text, &stamp));
  g_assert_cmpint(stamp.generation, ==, 3);
  g_assert_cmpint(stamp.ord, ==, 41);
  g_assert_cmpstr(stamp.run_id, ==, "20261122T130509-1f2e3d4c");
  g_assert_cmpstr(stamp.claim_id, ==, "20261122T130509-1f2e3d4c.41");
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/settle/stamps", test_stamps);
  g_test_add_func("/settle/decide", test_decide);
  g_test_add_func("/settle/older_in_list", test_older_in_list);
  g_test_add_func("/settle/stamp", test_stamp);
  return g_test_run();
}
