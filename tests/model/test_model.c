/* The variants of the protocol, with what each must come to. Those that must fail do fail, which shows that the search
 * looks where it matters; the protocol as it is built does not. A counterexample is printed step by step.
 *
 * test_model -p /model/NAME runs one row; its steps are in the TAP comments. */
#include "tests/model/model.h"

struct row {
  const char *name;
  struct model_variant variant;
  bool is_twice, is_lost;
};

/* What the full protocol is made of; a row takes away or adds. */
#define RULES_OF_FULL .order = INTENT_FIRST, .retry = RETRY_ASK, .waits = true, .has_flags = true, .is_sticky = true
#define TWO_AND_TWO   .crashes = 2, .losses = 2

static const struct row rows[] = {
    /* one run */
    {"mark-last", {.order = MARK_LAST, .runs_n = 1, TWO_AND_TWO}, true, false},
    {"mark-first", {.order = MARK_FIRST, .runs_n = 1, TWO_AND_TWO}, false, true},
    {"mark-last-flags", {.order = MARK_LAST, .has_flags = true, .runs_n = 1, TWO_AND_TWO}, false, false},
    {"mark-last-flags-checked-apart",
     {.order = MARK_LAST, .has_flags = true, .checks_apart = true, .runs_n = 1, TWO_AND_TWO},
     true,
     false},
    {"blind-flags-sticky",
     {.order = INTENT_FIRST, .has_flags = true, .is_sticky = true, .runs_n = 1, TWO_AND_TWO},
     false,
     false},
    {"blind-flags-sticky-checked-apart",
     {.order = INTENT_FIRST, .has_flags = true, .is_sticky = true, .checks_apart = true, .runs_n = 1, TWO_AND_TWO},
     false,
     false},
    {"blind-not-sticky", {.order = INTENT_FIRST, .runs_n = 1, TWO_AND_TWO}, true, false},
    {"ask-no-wait-not-sticky", {.order = INTENT_FIRST, .retry = RETRY_ASK, .runs_n = 1, TWO_AND_TWO}, true, false},
    {"ask-no-wait-sticky",
     {.order = INTENT_FIRST, .retry = RETRY_ASK, .is_sticky = true, .runs_n = 1, TWO_AND_TWO},
     false,
     false},
    {"full", {RULES_OF_FULL, .checks_apart = true, .runs_n = 1, TWO_AND_TWO}, false, false},
    {"full-3-crashes-3-losses",
     {RULES_OF_FULL, .checks_apart = true, .runs_n = 1, .crashes = 3, .losses = 3},
     false,
     false},
    {"full-doubles-allowed",
     {RULES_OF_FULL, .checks_apart = true, .allows_doubles = true, .runs_n = 1, TWO_AND_TWO},
     false,
     false},
    {"no-wait-doubles-allowed",
     {.order = INTENT_FIRST,
      .retry = RETRY_ASK,
      .has_flags = true,
      .is_sticky = true,
      .checks_apart = true,
      .allows_doubles = true,
      .runs_n = 1,
      TWO_AND_TWO},
     true,
     false},
    {"full-deleted-remotely", {RULES_OF_FULL, .runs_n = 1, .deletes = 1, TWO_AND_TWO}, true, false},
    {"full-deleted-remotely-evidence",
     {RULES_OF_FULL, .has_evidence = true, .runs_n = 1, .deletes = 1, TWO_AND_TWO},
     false,
     false},
    /* two runs at once */
    {"two-runs-mark-last",
     {.order = MARK_LAST, .has_flags = true, .checks_apart = true, .runs_n = 2, TWO_AND_TWO},
     true,
     false},
    {"two-runs-cas-full", {RULES_OF_FULL, .checks_apart = true, .runs_n = 2, TWO_AND_TWO}, false, false},
    {"two-runs-cas-no-wait",
     {.order = INTENT_FIRST,
      .retry = RETRY_ASK,
      .has_flags = true,
      .is_sticky = true,
      .checks_apart = true,
      .runs_n = 2,
      TWO_AND_TWO},
     false,
     false},
    {"two-runs-cas-no-wait-doubles-allowed",
     {.order = INTENT_FIRST,
      .retry = RETRY_ASK,
      .has_flags = true,
      .is_sticky = true,
      .checks_apart = true,
      .allows_doubles = true,
      .runs_n = 2,
      TWO_AND_TWO},
     true,
     false},
    {"two-runs-read-then-write",
     {RULES_OF_FULL, .claim = CLAIM_READ_THEN_WRITE, .checks_apart = true, .runs_n = 2, TWO_AND_TWO},
     true,
     false},
    {"two-runs-read-then-write-fenced",
     {RULES_OF_FULL, .claim = CLAIM_READ_THEN_WRITE, .checks_apart = true, .is_fenced = true, .runs_n = 2, TWO_AND_TWO},
     false,
     false},
    /* leadferry: recover never sends but releases, the default flags give no net, one run at a time */
    {"as-built",
     {.order = INTENT_FIRST,
      .retry = RETRY_ASK,
      .waits = true,
      .is_sticky = true,
      .releases = true,
      .is_fenced = true,
      .runs_n = 2,
      .crashes = 3,
      .losses = 3},
     false,
     false},
    {"as-built-wait-too-short",
     {.order = INTENT_FIRST,
      .retry = RETRY_ASK,
      .is_sticky = true,
      .releases = true,
      .is_fenced = true,
      .runs_n = 2,
      TWO_AND_TWO},
     false,
     false},
    {"as-built-wait-too-short-release-forgets-campaign",
     {.order = INTENT_FIRST, .retry = RETRY_ASK, .releases = true, .is_fenced = true, .runs_n = 2, TWO_AND_TWO},
     true,
     false},
    {"as-built-not-fenced",
     {.order = INTENT_FIRST,
      .retry = RETRY_ASK,
      .waits = true,
      .is_sticky = true,
      .releases = true,
      .runs_n = 2,
      TWO_AND_TWO},
     false,
     false},
};

static void say_steps(const char *what, const GString *steps)
{
  g_auto(GStrv) lines = g_strsplit(steps->str, "\n", -1);
  for (size_t i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++)
    g_test_message("%s %zu: %s", what, i + 1, lines[i]);
}

/* Guarantee a, b. */
static void test_row(gconstpointer data)
{
  const struct row *row = data;
  struct model_result result;
  model_check(&row->variant, &result);
  g_test_message("%" G_GINT64_FORMAT " states, twice: %s, lost: %s", result.states_n, result.is_twice ? "yes" : "no",
                 result.is_lost ? "yes" : "no");
  say_steps("twice", result.twice);
  say_steps("lost", result.lost);
  g_assert_cmpint(result.is_twice, ==, row->is_twice);
  g_assert_cmpint(result.is_lost, ==, row->is_lost);
  g_assert_cmpint(result.is_twice, ==, result.twice->len > 0);
  g_assert_cmpint(result.states_n, >, 50);
  model_result_clear(&result);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *path = g_strconcat("/model/", rows[i].name, NULL);
    g_test_add_data_func(path, &rows[i], test_row);
  }
  return g_test_run();
}
