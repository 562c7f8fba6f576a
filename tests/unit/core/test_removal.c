/* Removal decisions: one row per reason why a lead may, or may not, leave Instantly. */
#include <glib.h>

#include "core/complete.h"

#define CAMPAIGN "11111111-1111-4111-8111-111111111111"

struct removal_case {
  const char *name;
  struct remote_lead row;
  bool is_absent;
  enum outcome outcome;
  struct outcome_settings settings;
  bool is_foreign_campaign, is_blocklisted, is_adopted;
  enum removal_verdict verdict;
  const char *reason;
};

#define ROW(...)                                                                                                       \
  {                                                                                                                    \
    .id = "i", .person = "a@example.com", .campaign_id = CAMPAIGN, .stamp = "1:run.1", __VA_ARGS__                     \
  }

static const struct removal_case removal_cases[] = {
    {"no reply, finished", ROW(.status = 3), .outcome = OUTCOME_NO_REPLY, .verdict = REMOVE_NOW},
    {"absent by id", {0}, .is_absent = true, .outcome = OUTCOME_NO_REPLY, .verdict = REMOVE_GONE},
    {"kept by configuration", ROW(.status = 3), .outcome = OUTCOME_NO_REPLY, .settings = {.action = REMOVAL_KEEP},
     .verdict = REMOVE_NOT, .reason = "kept"},
    {"still active", ROW(.status = 1), .outcome = OUTCOME_NO_REPLY, .verdict = REMOVE_NOT, .reason = "not_finished"},
    {"paused is never finished", ROW(.status = 2), .outcome = OUTCOME_NO_REPLY, .verdict = REMOVE_NOT,
     .reason = "paused"},
    {"replied since the sync", ROW(.status = 3, .replies = 1, .replied_at_us = 5), .outcome = OUTCOME_NO_REPLY,
     .verdict = REMOVE_NOT, .reason = "outcome_changed"},
    {"answered, and unsubscribed behind it", ROW(.status = -2, .replies = 1, .replied_at_us = 5),
     .outcome = OUTCOME_UNSUBSCRIBED, .is_blocklisted = true, .verdict = REMOVE_NOT, .reason = "answered"},
    {"in a running subsequence", ROW(.status = 3, .subsequence_id = "s"), .outcome = OUTCOME_NO_REPLY,
     .verdict = REMOVE_NOT, .reason = "in_subsequence"},
    {"in a running subsequence that may be cut", ROW(.status = 3, .subsequence_id = "s"), .outcome = OUTCOME_NO_REPLY,
     .settings = {.cut_subsequence = true}, .verdict = REMOVE_CUT_FIRST},
    {"moved to another campaign",
     {.id = "i", .person = "a@example.com", .campaign_id = "other", .stamp = "1:run.1", .status = 3},
     .outcome = OUTCOME_NO_REPLY,
     .verdict = REMOVE_NOT,
     .reason = "moved"},
    {"campaign not configured", ROW(.status = 3), .outcome = OUTCOME_NO_REPLY, .is_foreign_campaign = true,
     .verdict = REMOVE_NOT, .reason = "campaign_not_configured"},
    {"another address under the id",
     {.id = "i", .person = "b@example.com", .campaign_id = CAMPAIGN, .stamp = "1:run.1", .status = 3},
     .outcome = OUTCOME_NO_REPLY,
     .verdict = REMOVE_NOT,
     .reason = "other_address"},
    {"no stamp",
     {.id = "i", .person = "a@example.com", .campaign_id = CAMPAIGN, .status = 3},
     .outcome = OUTCOME_NO_REPLY,
     .verdict = REMOVE_NOT,
     .reason = "other_stamp"},
    {"another claim's stamp",
     {.id = "i", .person = "a@example.com", .campaign_id = CAMPAIGN, .stamp = "1:run.2", .status = 3},
     .outcome = OUTCOME_NO_REPLY,
     .verdict = REMOVE_NOT,
     .reason = "other_stamp"},
    {"another generation's stamp",
     {.id = "i", .person = "a@example.com", .campaign_id = CAMPAIGN, .stamp = "2:run.1", .status = 3},
     .outcome = OUTCOME_NO_REPLY,
     .verdict = REMOVE_NOT,
     .reason = "other_stamp"},
    {"adopted needs no stamp",
     {.id = "i", .person = "a@example.com", .campaign_id = CAMPAIGN, .status = 3},
     .outcome = OUTCOME_NO_REPLY,
     .is_adopted = true,
     .verdict = REMOVE_NOW},
    {"unsubscribed, not on the block list", ROW(.status = -2), .outcome = OUTCOME_UNSUBSCRIBED, .verdict = REMOVE_NOT,
     .reason = "not_block_listed_yet"},
    {"unsubscribed, on the block list", ROW(.status = -2), .outcome = OUTCOME_UNSUBSCRIBED, .is_blocklisted = true,
     .verdict = REMOVE_NOW},
    {"bounced", ROW(.status = -1), .outcome = OUTCOME_BOUNCED, .verdict = REMOVE_NOW},
    {"skipped", ROW(.status = -3), .outcome = OUTCOME_SKIPPED, .verdict = REMOVE_NOW},
    {"an unknown status number", ROW(.status = 77), .outcome = OUTCOME_NO_REPLY, .verdict = REMOVE_NOT,
     .reason = "not_finished"},
};

static void test_decide(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(removal_cases); i++) {
    const struct removal_case *c = &removal_cases[i];
    struct removal removal = {.person = "a@example.com",
                              .campaign_id = CAMPAIGN,
                              .instantly_id = "i",
                              .claim_id = "run.1",
                              .generation = 1,
                              .outcome = c->outcome,
                              .is_adopted = c->is_adopted};
    struct removal_input input = {.removal = &removal,
                                  .row = c->is_absent ? NULL : &c->row,
                                  .settings = &c->settings,
                                  .is_configured_campaign = !c->is_foreign_campaign,
                                  .is_blocklisted = c->is_blocklisted};
    struct removal_decision decision = removal_decide(&input);
    g_test_message("%s", c->name);
    g_assert_cmpint(decision.verdict, ==, c->verdict);
    g_assert_cmpstr(decision.reason, ==, c->reason);
  }
}

#define OURS(...)                                                                                                      \
  {                                                                                                                    \
    .id = "i", .person = "a@example.com", .campaign_id = CAMPAIGN, .stamp = "1:run.1", __VA_ARGS__                     \
  }

/* Rows of persons who were stopped. cuts: by something else than a reply or a bounce. */
static const struct stopped_case {
  const char *name;
  struct remote_lead row;
  bool is_absent, was_seen, is_sure, cuts, has_list, is_adopted, stops;
  enum removal_verdict verdict;
  const char *reason;
} stopped_cases[] = {
    {"active", OURS(.status = 1), .verdict = REMOVE_NOW},
    {"paused", OURS(.status = 2), .verdict = REMOVE_NOW},
    {"contacted and opened", OURS(.status = 1, .contacted_at_us = 5, .opens = 3), .verdict = REMOVE_NOW},
    {"in a subsequence", OURS(.status = 3, .subsequence_id = "s"), .verdict = REMOVE_CUT_FIRST},
    {"over", OURS(.status = 3), .verdict = REMOVE_NOT, .reason = "not_live"},
    {"unsubscribed by itself", OURS(.status = -2), .verdict = REMOVE_NOT, .reason = "not_live"},
    {"bounced", OURS(.status = -1), .verdict = REMOVE_NOT, .reason = "not_live"},
    {"skipped", OURS(.status = -3), .verdict = REMOVE_NOT, .reason = "not_live"},
    {"an unknown status number", OURS(.status = 77), .verdict = REMOVE_NOT, .reason = "not_live"},
    {"out of office is no answer", OURS(.status = 1, .replies = 1, .has_interest = true), .verdict = REMOVE_NOW},
    /* a row that holds an answer */
    {"answered and over", OURS(.status = 3, .replies = 2), .cuts = true, .verdict = REMOVE_NOT, .reason = "not_live"},
    {"answered, and mailed all the same", OURS(.status = 1, .replies = 1, .replied_at_us = 5), .verdict = REMOVE_NOT,
     .reason = "answered_still_mailed"},
    {"an unclear answer that its campaign does not stop at", OURS(.status = 1, .replies = 1, .replied_at_us = 5),
     .stops = true, .verdict = REMOVE_NOT, .reason = "answered"},
    {"a clear one, and mailed all the same", OURS(.status = 1, .replies = 1, .has_interest = true, .interest = -1),
     .stops = true, .verdict = REMOVE_NOT, .reason = "answered_still_mailed"},
    {"answered, mailed, and a list for it", OURS(.status = 1, .replies = 1, .replied_at_us = 5), .has_list = true,
     .verdict = REMOVE_TO_LIST},
    {"answered in a subsequence", OURS(.status = 3, .subsequence_id = "s", .replies = 2), .verdict = REMOVE_NOT,
     .reason = "answered"},
    {"answered in a subsequence, and unsubscribed", OURS(.status = 3, .subsequence_id = "s", .replies = 2),
     .cuts = true, .has_list = true, .verdict = REMOVE_CUT_ONLY},
    {"answered and paused", OURS(.status = 2, .replies = 1, .replied_at_us = 5), .cuts = true, .verdict = REMOVE_NOT,
     .reason = "answered"},
    {"interested", OURS(.status = 1, .has_interest = true, .interest = 1), .verdict = REMOVE_NOT,
     .reason = "answered_still_mailed"},
    /* absent */
    {"absent, seen before", OURS(.status = 1), .is_absent = true, .was_seen = true, .verdict = REMOVE_GONE},
    {"absent, never seen", OURS(.status = 1), .is_absent = true, .verdict = REMOVE_NOT, .reason = "not_seen_yet"},
    {"absent, looked for twice", OURS(.status = 1), .is_absent = true, .is_sure = true, .verdict = REMOVE_GONE},
    /* somewhere else, or somebody else's */
    {"moved to another campaign",
     {.id = "i", .person = "a@example.com", .campaign_id = "c", .stamp = "1:run.1", .status = 1},
     .verdict = REMOVE_NOW},
    {"moved to a list",
     {.id = "i", .person = "a@example.com", .list_id = "l", .stamp = "1:run.1", .status = 1},
     .verdict = REMOVE_NOT,
     .reason = "not_live"},
    {"another address",
     {.id = "i", .person = "b@example.com", .campaign_id = CAMPAIGN, .stamp = "1:run.1", .status = 1},
     .verdict = REMOVE_NOT,
     .reason = "other_address"},
    {"no stamp",
     {.id = "i", .person = "a@example.com", .campaign_id = CAMPAIGN, .status = 1},
     .verdict = REMOVE_NOT,
     .reason = "other_stamp"},
    {"no stamp, but adopted",
     {.id = "i", .person = "a@example.com", .campaign_id = CAMPAIGN, .status = 1},
     .is_adopted = true,
     .verdict = REMOVE_NOW},
};

static void test_stopped(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(stopped_cases); i++) {
    const struct stopped_case *c = &stopped_cases[i];
    struct removal removal = {.person = "a@example.com",
                              .campaign_id = CAMPAIGN,
                              .instantly_id = "i",
                              .claim_id = "run.1",
                              .generation = 1,
                              .is_adopted = c->is_adopted,
                              .cuts_answered = c->cuts,
                              .was_seen = c->was_seen};
    struct removal_input input = {.removal = &removal,
                                  .row = c->is_absent ? NULL : &c->row,
                                  .is_absence_sure = c->is_sure,
                                  .has_stop_list = c->has_list,
                                  .stops_on_reply = c->stops};
    struct removal_decision decision = removal_of_stopped_decide(&input);
    g_test_message("%s", c->name);
    g_assert_cmpint(decision.verdict, ==, c->verdict);
    g_assert_cmpstr(decision.reason, ==, c->reason);
  }
}

static void test_plausible(void)
{
  struct campaign_metric metric = {.completed = 10, .bounced = 3, .unsubscribed = 2};
  g_assert_true(removal_is_plausible(OUTCOME_NO_REPLY, 10, &metric));
  g_assert_false(removal_is_plausible(OUTCOME_NO_REPLY, 11, &metric));
  g_assert_true(removal_is_plausible(OUTCOME_BOUNCED, 3, &metric));
  g_assert_false(removal_is_plausible(OUTCOME_BOUNCED, 4, &metric));
  g_assert_true(removal_is_plausible(OUTCOME_UNSUBSCRIBED, 2, &metric));
  g_assert_false(removal_is_plausible(OUTCOME_UNSUBSCRIBED, 3, &metric));
  g_assert_true(removal_is_plausible(OUTCOME_SKIPPED, 1000, &metric));
  g_assert_false(removal_is_plausible(OUTCOME_NO_REPLY, 1, NULL));
}

static void test_grace(void)
{
  struct complete_settings settings = {0};
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    settings.outcomes[i] = (struct outcome_settings){.action = REMOVAL_DELETE, .grace_days = (int64_t)i};
  settings.outcomes[OUTCOME_REPLIED].action = REMOVAL_KEEP;
  struct removal_query query;
  removal_query_init(&query, &settings, 42);
  g_assert_cmpint(query.now_us, ==, 42);
  g_assert_cmpint(query.grace_us[OUTCOME_NO_REPLY], ==, OUTCOME_NO_REPLY * DAY_US);
  g_assert_cmpint(query.grace_us[OUTCOME_REPLIED], ==, INT64_MAX);
  g_assert_cmpint(query.grace_us[OUTCOME_NONE], ==, INT64_MAX);
  g_assert_cmpint(query.grace_us[OUTCOME_REMOVED_BY_HAND], ==, INT64_MAX);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/complete/decide", test_decide);
  g_test_add_func("/complete/stopped", test_stopped);
  g_test_add_func("/complete/plausible", test_plausible);
  g_test_add_func("/complete/grace", test_grace);
  return g_test_run();
}
