/* What `lead show` says will happen next, as a table of states; and that every verdict has advice and a label. */
#include "cli/lead_next.h"
#include "cli/verdict_tally.h"

#include <string.h>

#define NOW      (20000 * DAY_US)
#define CAMPAIGN "Spring"

struct next_case {
  const char *name;
  struct lead_state state; /* phase is derived by hand below */
  enum phase phase;
  bool has_state, has_no_verdict;
  enum verdict verdict;
  const char *detail;
  const char *stop;
  const char *word, *says;
  int64_t at_us;
};

static const struct next_case cases[] = {
    {.name = "new", .verdict = VERDICT_ELIGIBLE, .word = "add", .says = "adds it to Spring"},
    {.name = "suppressed",
     .verdict = VERDICT_SUPPRESSED,
     .detail = "unsubscribed",
     .word = "leave_out",
     .says = "suppressed(unsubscribed)"},
    {.name = "deferred", .verdict = VERDICT_DEFERRED_MAX_PER_DAY, .word = "leave_out", .says = "deferred_max_per_day"},
    {.name = "campaigns unknown", .has_no_verdict = true, .word = "unknown", .says = "cannot be said"},
    {.name = "held",
     .has_state = true,
     .state = {.held_n = 2, .resolved_n = 1, .held_reason = "retries"},
     .word = "held",
     .says = "retries. `leadferry retry --lead-id A1`"},
    {.name = "claim open",
     .has_state = true,
     .phase = PHASE_CLAIMED,
     .state = {.settlement = SETTLEMENT_CLAIMED},
     .word = "settle",
     .says = "recover"},
    {.name = "running",
     .has_state = true,
     .phase = PHASE_ADDED,
     .state = {.settlement = SETTLEMENT_ADDED},
     .word = "wait",
     .says = "running in Spring"},
    {.name = "running, and said to have replied",
     .has_state = true,
     .phase = PHASE_ADDED,
     .state = {.settlement = SETTLEMENT_ADDED},
     .stop = "replied",
     .word = "stop",
     .says = "deletes our row in Spring; one that holds an answer is kept"},
    {.name = "running, and stopped by an operator",
     .has_state = true,
     .phase = PHASE_ADDED,
     .state = {.settlement = SETTLEMENT_ADDED},
     .stop = "asked by phone",
     .word = "stop",
     .says = "deletes our row in Spring"},
    {.name = "in a subsequence, and blocklisted",
     .has_state = true,
     .phase = PHASE_IN_SUBSEQUENCE,
     .state = {.settlement = SETTLEMENT_ADDED},
     .stop = "blocklisted",
     .word = "wait",
     .says = "is not mailed"},
    {.name = "finished and stopped: what complete does",
     .has_state = true,
     .phase = PHASE_FINISHED,
     .state = {.settlement = SETTLEMENT_ADDED, .outcome = OUTCOME_REPLIED, .finished_at_us = NOW - 90 * DAY_US},
     .stop = "replied",
     .word = "keep",
     .says = "complete.outcomes.replied says keep"},
    {.name = "withdrawn",
     .has_state = true,
     .phase = PHASE_WITHDRAWN,
     .state = {.settlement = SETTLEMENT_ADDED, .withdrawn_at_us = NOW},
     .verdict = VERDICT_CONTACTED,
     .word = "leave_out",
     .says = "It was withdrawn and is not added again by itself; `leadferry release --lead-id A1"},
    {.name = "withdrawn and stopped",
     .has_state = true,
     .phase = PHASE_WITHDRAWN,
     .state = {.settlement = SETTLEMENT_ADDED, .withdrawn_at_us = NOW},
     .stop = "replied",
     .verdict = VERDICT_SUPPRESSED,
     .detail = "replied",
     .word = "leave_out",
     .says = "suppressed(replied)"},
    {.name = "in a subsequence",
     .has_state = true,
     .phase = PHASE_IN_SUBSEQUENCE,
     .state = {.settlement = SETTLEMENT_ADDED},
     .word = "wait",
     .says = "subsequence"},
    {.name = "finished, grace running",
     .has_state = true,
     .phase = PHASE_FINISHED,
     .state = {.settlement = SETTLEMENT_ADDED, .outcome = OUTCOME_NO_REPLY, .finished_at_us = NOW - 10 * DAY_US},
     .word = "remove",
     .says = "grace of 30 days",
     .at_us = NOW + 20 * DAY_US},
    {.name = "finished, grace over",
     .has_state = true,
     .phase = PHASE_FINISHED,
     .state = {.settlement = SETTLEMENT_ADDED, .outcome = OUTCOME_NO_REPLY, .finished_at_us = NOW - 31 * DAY_US},
     .word = "remove",
     .says = "is over. Until complete.armed is true"},
    {.name = "replied",
     .has_state = true,
     .phase = PHASE_FINISHED,
     .state = {.settlement = SETTLEMENT_ADDED, .outcome = OUTCOME_REPLIED, .finished_at_us = NOW - 90 * DAY_US},
     .word = "keep",
     .says = "complete.outcomes.replied says keep"},
    {.name = "adopted",
     .has_state = true,
     .phase = PHASE_FINISHED,
     .state = {.settlement = SETTLEMENT_ADOPTED, .outcome = OUTCOME_NO_REPLY, .finished_at_us = NOW - 90 * DAY_US},
     .word = "keep",
     .says = "somebody else"},
    {.name = "removed",
     .has_state = true,
     .phase = PHASE_REMOVED,
     .state = {.settlement = SETTLEMENT_ADDED},
     .word = "done",
     .says = "never sent again"},
    {.name = "refused",
     .has_state = true,
     .phase = PHASE_REJECTED,
     .state = {.settlement = SETTLEMENT_REJECTED, .reason = "invalid"},
     .verdict = VERDICT_SETTLED,
     .detail = "rejected/invalid",
     .word = "leave_out",
     .says = "settled(rejected/invalid)"},
};

static void check(const struct next_case *expected, const struct settings *settings)
{
  struct lead_report_row row = {
      .lead = {.lead_id = "A1"}, .has_state = expected->has_state, .state = expected->state, .phase = expected->phase};
  struct next_input input = {.row = &row,
                             .lead_ref = "A1",
                             .has_verdict = !expected->has_no_verdict,
                             .verdict = {.verdict = expected->verdict, .detail = expected->detail},
                             .campaign = CAMPAIGN,
                             .settings = settings,
                             .stop = expected->stop,
                             .now_us = NOW};
  struct lead_next next;
  lead_next(&input, &next);
  if (strcmp(next.word, expected->word) || !strstr(next.text, expected->says)) {
    g_test_message("%s: %s: %s", expected->name, next.word, next.text);
  }
  g_assert_cmpstr(next.word, ==, expected->word);
  g_assert_nonnull(strstr(next.text, expected->says));
  g_assert_cmpint(next.at_us, ==, expected->at_us);
  lead_next_clear(&next);
  lead_next_clear(&next);
}

static void test_table(void)
{
  struct settings settings;
  settings_init(&settings);
  settings.sync.push_stops = true;
  settings.complete.outcomes[OUTCOME_NO_REPLY] = (struct outcome_settings){.action = REMOVAL_DELETE, .grace_days = 30};
  settings.complete.outcomes[OUTCOME_REPLIED] = (struct outcome_settings){.action = REMOVAL_KEEP};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    check(&cases[i], &settings);
  }
  settings_clear(&settings);
}

static void test_every_verdict_has_advice(void)
{
  for (int verdict = 0; verdict < VERDICTS_N; verdict++) {
    g_assert_nonnull(verdict_advice((enum verdict)verdict));
    g_assert_cmpuint(strlen(verdict_advice((enum verdict)verdict)), >, 10);
  }
}

static void add(struct claim_report *report, enum verdict verdict, const char *detail, const char *campaign, int64_t n)
{
  struct verdict_count count = {
      .verdict = verdict, .detail = g_strdup(detail), .campaign_id = g_strdup(campaign), .n = n};
  g_array_append_val(report->counts, count);
}

static void test_tally(void)
{
  struct claim_report report;
  struct verdict_tally tally;
  claim_report_init(&report);
  add(&report, VERDICT_ELIGIBLE, NULL, "c1", 90);
  add(&report, VERDICT_ELIGIBLE, NULL, "c2", 2);
  add(&report, VERDICT_ALREADY_ADDED, NULL, "c1", 1000);
  add(&report, VERDICT_SUPPRESSED, "unsubscribed", "c1", 3);
  add(&report, VERDICT_SUPPRESSED, "unsubscribed", "c2", 2);
  add(&report, VERDICT_SUPPRESSED, "manual", "c2", 1);
  add(&report, VERDICT_HELD, NULL, NULL, 9);
  add(&report, VERDICT_DEFERRED_CANARY, NULL, "c2", 1200);
  verdict_tally_fill(&tally, &report, NULL);
  g_autofree char *left_out = verdict_lines_text(tally.left_out);
  g_autofree char *deferred = verdict_lines_text(tally.deferred);
  g_assert_cmpint(tally.eligible_n, ==, 92);
  g_assert_cmpint(tally.already_n, ==, 1000);
  g_assert_cmpint(tally.left_out_n, ==, 15);
  g_assert_cmpstr(left_out, ==, "held 9, suppressed(unsubscribed) 5, suppressed(manual) 1");
  g_assert_cmpstr(deferred, ==, "canary 1,200");
  verdict_tally_clear(&tally);
  verdict_tally_fill(&tally, &report, "c2");
  GString *json = g_string_new("{");
  verdict_lines_json(json, "left_out", tally.left_out);
  g_assert_cmpint(tally.eligible_n, ==, 2);
  g_assert_cmpstr(json->str, ==, "{\"left_out\":{\"suppressed(unsubscribed)\":2,\"suppressed(manual)\":1}");
  g_string_free(json, TRUE);
  verdict_tally_clear(&tally);
  verdict_tally_clear(&tally);
  claim_report_clear(&report);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lead-next/table", test_table);
  g_test_add_func("/lead-next/advice", test_every_verdict_has_advice);
  g_test_add_func("/verdicts/tally", test_tally);
  return g_test_run();
}
