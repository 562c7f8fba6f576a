/* Who is exported: each rule of the eligibility section as a row of a table, their order, ranking and caps. */
#include "core/eligibility.h"

#include <string.h>

#define PERSON "ann@x.org"

static const struct required_variable needs_first_name = {
    .tag = "firstName", .source = "first_name", .is_column = true};
static const struct campaign_feed feed_a = {.id = "camp-a",
                                            .is_fed = true,
                                            .room = 10,
                                            .room_verdict = VERDICT_DEFERRED_MAX_PER_DAY,
                                            .required = &needs_first_name,
                                            .required_n = 1};
static const struct campaign_feed feed_draft = {.id = "camp-d", .refusal = "draft"};

/* A lead that nothing speaks against; each case spoils it in one or more places. */
struct world {
  struct lead lead;
  struct lead_state state;
  struct person_facts facts;
  struct verdict_input input;
  struct claim_rules rules;
};

static void world_init(struct world *world)
{
  memset(world, 0, sizeof *world);
  world->lead = (struct lead){.lead_id = "L1", .email = PERSON, .first_name = "Ann", .campaign_id = "camp-a"};
  world->state = (struct lead_state){.lead_id = "L1", .person = PERSON, .generation = 1};
  world->rules = (struct claim_rules){.now_us = 100 * DAY_US, .run_room = 10};
  world->input = (struct verdict_input){.lead = &world->lead,
                                        .address = EMAIL_OK,
                                        .person = PERSON,
                                        .state = &world->state,
                                        .facts = &world->facts,
                                        .feed = &feed_a,
                                        .campaign_id = "camp-a"};
}

static void spoil_missing(struct world *w)
{
  w->input.address = EMAIL_MISSING;
}
static void spoil_invalid(struct world *w)
{
  w->input.address = EMAIL_INVALID;
}
static void spoil_ascii(struct world *w)
{
  w->input.address = EMAIL_NOT_ASCII;
}
static void spoil_reused(struct world *w)
{
  w->state.person = "bob@x.org";
}
static void spoil_added(struct world *w)
{
  w->state.settlement = SETTLEMENT_ADDED;
}
static void spoil_adopted(struct world *w)
{
  w->state.settlement = SETTLEMENT_ADOPTED;
}
static void spoil_before_us(struct world *w)
{
  w->facts.was_contacted_before = true;
}
static void spoil_suppressed(struct world *w)
{
  w->facts.suppression = "replied";
}
static void spoil_held(struct world *w)
{
  w->facts.is_held = true;
}
static void spoil_unsettled(struct world *w)
{
  w->facts.is_unsettled = true;
}
static void spoil_contacted(struct world *w)
{
  w->facts.last_enrolled_at_us = 5;
}
static void spoil_skipped(struct world *w)
{
  w->state.settlement = SETTLEMENT_SKIPPED;
}
static void spoil_elsewhere(struct world *w)
{
  w->state.settlement = SETTLEMENT_FOUND_ELSEWHERE;
}
static void spoil_campaign(struct world *w)
{
  w->input.campaign_id = NULL;
}
static void spoil_unknown(struct world *w)
{
  w->input.feed = NULL;
}
static void spoil_not_fed(struct world *w)
{
  w->input.feed = &feed_draft;
}
static void spoil_variable(struct world *w)
{
  w->lead.first_name = " \t";
}

static void spoil_rejected(struct world *w)
{
  w->state.settlement = SETTLEMENT_REJECTED;
  w->state.reason = "invalid";
}

static void spoil_nothing(struct world *w)
{
  (void)w;
}
static void spare_no_state(struct world *w)
{
  w->input.state = NULL;
}
static void spare_retried(struct world *w)
{
  w->state.settlement = SETTLEMENT_RETRIED;
}
static void spare_released(struct world *w)
{
  w->state.settlement = SETTLEMENT_RELEASED;
}

/* The ledger knows the person, and nothing else speaks against it. */
static void spare_known(struct world *w)
{
  w->facts.has_events = true;
}

static void spare_reopened(struct world *w)
{
  w->facts.last_enrolled_at_us = 5;
  w->state.reopened_at_us = 5;
}

/* Withdrawn is not enrolled any more, and still contacted until `release`. */
static void spoil_withdrawn(struct world *w)
{
  w->state.settlement = SETTLEMENT_ADDED;
  w->state.withdrawn_at_us = 9;
  w->facts.last_enrolled_at_us = 5;
}

/* In the order of the rules: of two that fail the earlier is the reason. */
static const struct verdict_case {
  void (*spoil)(struct world *world);
  enum verdict verdict;
  const char *detail;
} cases[] = {
    {spoil_missing, VERDICT_ADDRESS_MISSING, NULL},
    {spoil_invalid, VERDICT_ADDRESS_INVALID, NULL},
    {spoil_ascii, VERDICT_ADDRESS_NOT_ASCII, NULL},
    {spoil_reused, VERDICT_LEAD_ID_REUSED, NULL},
    {spoil_added, VERDICT_ALREADY_ADDED, NULL},
    {spoil_before_us, VERDICT_CONTACTED_BEFORE_US, NULL},
    {spoil_suppressed, VERDICT_SUPPRESSED, "replied"},
    {spoil_held, VERDICT_HELD, NULL},
    {spoil_unsettled, VERDICT_UNSETTLED, NULL},
    {spoil_contacted, VERDICT_CONTACTED, NULL},
    {spoil_rejected, VERDICT_SETTLED, "rejected/invalid"},
    {spoil_campaign, VERDICT_NO_CAMPAIGN, NULL},
    {spoil_unknown, VERDICT_UNKNOWN_CAMPAIGN, NULL},
    {spoil_not_fed, VERDICT_CAMPAIGN_NOT_FED, "draft"},
    {spoil_variable, VERDICT_MISSING_VARIABLE, "firstName"},
    {spoil_nothing, VERDICT_ELIGIBLE, NULL},
};

static const struct verdict_case more_cases[] = {
    {spoil_adopted, VERDICT_ALREADY_ADDED, NULL},
    {spoil_skipped, VERDICT_SETTLED, "skipped"},
    {spoil_elsewhere, VERDICT_SETTLED, "found_elsewhere"},
    {spoil_withdrawn, VERDICT_CONTACTED, NULL},
    {spare_no_state, VERDICT_ELIGIBLE, NULL},
    {spare_retried, VERDICT_ELIGIBLE, NULL},
    {spare_released, VERDICT_ELIGIBLE, NULL},
    {spare_known, VERDICT_ELIGIBLE, NULL},
    {spare_reopened, VERDICT_ELIGIBLE, NULL},
};

static void check(const struct verdict_case *expected, struct world *world)
{
  struct verdict_result result = verdict_of(&world->input, &world->rules);
  g_assert_cmpstr(verdict_name(result.verdict), ==, verdict_name(expected->verdict));
  g_assert_cmpstr(result.detail, ==, expected->detail);
}

static void check_alone(const struct verdict_case *one)
{
  struct world world;
  world_init(&world);
  one->spoil(&world);
  check(one, &world);
}

static void test_each_rule(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    check_alone(&cases[i]);
  for (size_t i = 0; i < G_N_ELEMENTS(more_cases); i++)
    check_alone(&more_cases[i]);
}

/* Spoiling by a later rule as well never changes the reason. Two cases that write the same field undo each other. */
static void test_order_of_rules(void)
{
  for (size_t first = 0; first < G_N_ELEMENTS(cases); first++)
    for (size_t later = first + 1; later < G_N_ELEMENTS(cases); later++) {
      bool is_same_field = (cases[first].spoil == spoil_added && cases[later].spoil == spoil_rejected) ||
                           (cases[first].spoil == spoil_unknown && cases[later].spoil == spoil_not_fed) ||
                           cases[first].verdict <= VERDICT_ADDRESS_NOT_ASCII;
      if (is_same_field) continue;
      struct world world;
      world_init(&world);
      cases[first].spoil(&world);
      cases[later].spoil(&world);
      check(&cases[first], &world);
    }
}

static void test_cooldown(void)
{
  static const struct {
    enum once_rule once;
    enum outcome outcome;
    int64_t finished_days_ago;
    enum verdict verdict;
  } rows[] = {
      {ONCE_EVER, OUTCOME_NO_REPLY, 90, VERDICT_CONTACTED},
      {ONCE_COOLDOWN, OUTCOME_NO_REPLY, 29, VERDICT_CONTACTED},
      {ONCE_COOLDOWN, OUTCOME_NO_REPLY, 30, VERDICT_ELIGIBLE},
      {ONCE_COOLDOWN, OUTCOME_REPLIED, 90, VERDICT_CONTACTED}, /* unlimited */
      {ONCE_COOLDOWN, OUTCOME_NONE, 90, VERDICT_CONTACTED},    /* not over yet */
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct world world;
    world_init(&world);
    world.facts.last_enrolled_at_us = 5;
    world.facts.last_outcome = rows[i].outcome;
    world.facts.last_finished_at_us = world.rules.now_us - rows[i].finished_days_ago * DAY_US;
    world.rules.once = rows[i].once;
    world.rules.cooldown_us[OUTCOME_NO_REPLY] = 30 * DAY_US;
    world.rules.cooldown_us[OUTCOME_REPLIED] = INT64_MAX;
    g_assert_cmpint(verdict_of(&world.input, &world.rules).verdict, ==, rows[i].verdict);
  }
}

static void test_campaign(void)
{
  struct lead lead = {.lead_id = "L1", .campaign_id = "own"};
  struct lead bare = {.lead_id = "L2", .campaign_id = ""};
  struct lead_state absent = {.settlement = SETTLEMENT_RELEASED, .reason = "absent", .campaign_id = "sticky"};
  struct lead_state shutdown = {.settlement = SETTLEMENT_RELEASED, .reason = "shutdown", .campaign_id = "sticky"};
  struct lead_state reopened = {.generation = 2, .campaign_id = "reopened"};
  g_assert_cmpstr(verdict_campaign(&lead, NULL, "default"), ==, "own");
  g_assert_cmpstr(verdict_campaign(&bare, NULL, "default"), ==, "default");
  g_assert_cmpstr(verdict_campaign(&bare, NULL, NULL), ==, NULL);
  g_assert_cmpstr(verdict_campaign(&lead, &absent, "default"), ==, "sticky");
  g_assert_cmpstr(verdict_campaign(&lead, &shutdown, "default"), ==, "own");
  g_assert_cmpstr(verdict_campaign(&lead, &reopened, "default"), ==, "reopened");
}

static void test_variables(void)
{
  struct lead lead = {.lead_id = "L1",
                      .email = PERSON,
                      .first_name = " A ",
                      .last_name = "",
                      .company_name = "\r\n",
                      .fields = "{\"city\":\"Ulm\",\"blank\":\"\\t \",\"n\":0,\"b\":false,\"null\":null,\"o\":{}}"};
  static const struct {
    struct required_variable variable;
    bool is_filled;
  } rows[] = {
      {{"t", "first_name", true}, true}, {{"t", "last_name", true}, false}, {{"t", "company_name", true}, false},
      {{"t", "email", true}, true},      {{"t", "lead_id", true}, true},    {{"t", "nickname", true}, false},
      {{"t", "city", false}, true},      {{"t", "City", false}, false},     {{"t", "blank", false}, false},
      {{"t", "n", false}, true},         {{"t", "b", false}, true},         {{"t", "null", false}, false},
      {{"t", "o", false}, false},        {{"t", "absent", false}, false},   {{"t", NULL, false}, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    g_assert_cmpint(variable_is_filled(&rows[i].variable, &lead), ==, rows[i].is_filled);
  lead.fields = "not json";
  g_assert_false(variable_is_filled(&rows[6].variable, &lead));
}

/* ---- ranking ---- */

static const struct candidate *find(const struct candidate *candidates, size_t n, const char *lead_id)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp(candidates[i].lead_id, lead_id) == 0) return &candidates[i];
  g_assert_not_reached();
}

static void test_duplicates(void)
{
  struct claim_rules rules = {.feeds = &feed_a, .feeds_n = 1, .run_room = 10};
  struct candidate rows[] = {
      {.lead_id = "L3", .person = "a@x", .campaign_id = "camp-a"},
      {.lead_id = "L1", .person = "a@x", .campaign_id = "camp-a"},
      {.lead_id = "L2", .person = "b@x", .campaign_id = "camp-a"},
      {.lead_id = "L4", .person = "b@x", .campaign_id = "camp-a", .was_claimed = true},
  };
  eligibility_rank(rows, G_N_ELEMENTS(rows), &rules);
  g_assert_cmpint(find(rows, 4, "L1")->result.verdict, ==, VERDICT_ELIGIBLE);
  g_assert_cmpint(find(rows, 4, "L3")->result.verdict, ==, VERDICT_DUPLICATE_OF);
  g_assert_cmpstr(find(rows, 4, "L3")->result.detail, ==, "L1");
  g_assert_cmpint(find(rows, 4, "L4")->result.verdict, ==, VERDICT_ELIGIBLE); /* claimed before wins */
  g_assert_cmpstr(find(rows, 4, "L2")->result.detail, ==, "L4");
}

static void test_caps(void)
{
  struct campaign_feed feeds[] = {{.id = "camp-a", .is_fed = true, .room = 2, .room_verdict = VERDICT_DEFERRED_CANARY},
                                  {.id = "camp-b", .is_fed = true, .room = SETTING_UNLIMITED}};
  struct claim_rules rules = {
      .feeds = feeds, .feeds_n = 2, .run_room = 3, .run_room_verdict = VERDICT_DEFERRED_PLAN_FULL};
  struct candidate rows[] = {{.lead_id = "L5", .person = "5", .campaign_id = "camp-b"},
                             {.lead_id = "L4", .person = "4", .campaign_id = "camp-b"},
                             {.lead_id = "L3", .person = "3", .campaign_id = "camp-a"},
                             {.lead_id = "L2", .person = "2", .campaign_id = "camp-a"},
                             {.lead_id = "L1", .person = "1", .campaign_id = "camp-a"}};
  eligibility_rank(rows, G_N_ELEMENTS(rows), &rules);
  static const enum verdict expected[] = {VERDICT_ELIGIBLE, VERDICT_ELIGIBLE, VERDICT_DEFERRED_CANARY, VERDICT_ELIGIBLE,
                                          VERDICT_DEFERRED_PLAN_FULL};
  static const char *const order[] = {"L1", "L2", "L3", "L4", "L5"};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_assert_cmpstr(rows[i].lead_id, ==, order[i]);
    g_assert_cmpint(rows[i].result.verdict, ==, expected[i]);
    g_assert_cmpint(verdict_is_deferral(rows[i].result.verdict), ==, expected[i] != VERDICT_ELIGIBLE);
  }
  eligibility_rank(NULL, 0, &rules);
}

static void test_names(void)
{
  for (int i = 0; i < VERDICTS_N; i++)
    g_assert_nonnull(verdict_name((enum verdict)i));
  g_assert_cmpstr(verdict_name(VERDICT_DEFERRED_PLAN_FULL), ==, "deferred_plan_full");
  g_assert_null(verdict_name(VERDICTS_N));
  for (int i = EVENT_CLAIMED; i <= EVENT_WITHDRAWN; i++)
    g_assert_nonnull(event_kind_name((enum event_kind)i));
  for (int i = 1; i <= OUTCOME_UNSUBSCRIBED; i++)
    g_assert_cmpint(outcome_from_name(outcome_name((enum outcome)i)), ==, i);
  for (int i = 1; i <= EMAIL_STATUS_UNSUBSCRIBED; i++)
    g_assert_cmpint(email_status_from_name(email_status_name((enum email_status)i)), ==, i);
  g_assert_null(email_status_name(EMAIL_STATUS_NONE));
  g_assert_cmpint(email_status_from_name(NULL), ==, EMAIL_STATUS_NONE);
  g_assert_cmpint(outcome_from_name("no such"), ==, OUTCOME_NONE);
  g_assert_cmpstr(campaign_status_name(-2), ==, "bounce_protect");
  g_assert_cmpstr(campaign_status_name(17), ==, "unknown");
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/eligibility/each-rule", test_each_rule);
  g_test_add_func("/eligibility/order", test_order_of_rules);
  g_test_add_func("/eligibility/cooldown", test_cooldown);
  g_test_add_func("/eligibility/campaign", test_campaign);
  g_test_add_func("/eligibility/variables", test_variables);
  g_test_add_func("/eligibility/duplicates", test_duplicates);
  g_test_add_func("/eligibility/caps", test_caps);
  g_test_add_func("/eligibility/names", test_names);
  return g_test_run();
}
