/* The variants of the protocol, with what each must come to. Those that must fail do fail, which shows that the search
 * looks where it matters; the protocol as it is built does not. A counterexample is printed step by step.
 *
 * test_model -p /model/NAME runs one row; its steps are in the TAP comments. */
#include "tests/model/model.h"

struct row {
  const char *name;
  struct model_variant variant;
  enum { HOLDS, TWICE, LOST, AFTER_STOP } end; /* what it must come to */
};

/* What the full protocol is made of; a row takes away or adds. */
#define RULES_OF_FULL .order = INTENT_FIRST, .retry = RETRY_ASK, .waits = true, .has_flags = true, .is_sticky = true
/* leadferry: recover never sends but releases, the default flags give no net, one run at a time; no record of a
 * request, no request. */
#define AS_BUILT AS_BUILT_BUT_FOR_THE_GUARD, .has_guard = true
#define AS_BUILT_BUT_FOR_THE_GUARD                                                                                     \
  .order = INTENT_FIRST, .retry = RETRY_ASK, .waits = true, .is_sticky = true, .releases = true, .is_fenced = true,    \
  .frees_unsent = true, .runs_n = 2
#define TWO_AND_TWO .crashes = 2, .losses = 2

static const struct row rows[] = {
    /* one run */
    {"mark-last", {.order = MARK_LAST, .runs_n = 1, TWO_AND_TWO}, TWICE},
    {"mark-first", {.order = MARK_FIRST, .runs_n = 1, TWO_AND_TWO}, LOST},
    {"mark-last-flags", {.order = MARK_LAST, .has_flags = true, .runs_n = 1, TWO_AND_TWO}, HOLDS},
    {"mark-last-flags-checked-apart",
     {.order = MARK_LAST, .has_flags = true, .checks_apart = true, .runs_n = 1, TWO_AND_TWO},
     TWICE},
    {"blind-flags-sticky",
     {.order = INTENT_FIRST, .has_flags = true, .is_sticky = true, .runs_n = 1, TWO_AND_TWO},
     HOLDS},
    {"blind-flags-sticky-checked-apart",
     {.order = INTENT_FIRST, .has_flags = true, .is_sticky = true, .checks_apart = true, .runs_n = 1, TWO_AND_TWO},
     HOLDS},
    {"blind-not-sticky", {.order = INTENT_FIRST, .runs_n = 1, TWO_AND_TWO}, TWICE},
    {"ask-no-wait-not-sticky", {.order = INTENT_FIRST, .retry = RETRY_ASK, .runs_n = 1, TWO_AND_TWO}, TWICE},
    {"ask-no-wait-sticky",
     {.order = INTENT_FIRST, .retry = RETRY_ASK, .is_sticky = true, .runs_n = 1, TWO_AND_TWO},
     HOLDS},
    {"full", {RULES_OF_FULL, .checks_apart = true, .runs_n = 1, TWO_AND_TWO}, HOLDS},
    {"full-3-crashes-3-losses", {RULES_OF_FULL, .checks_apart = true, .runs_n = 1, .crashes = 3, .losses = 3}, HOLDS},
    {"full-doubles-allowed",
     {RULES_OF_FULL, .checks_apart = true, .allows_doubles = true, .runs_n = 1, TWO_AND_TWO},
     HOLDS},
    {"no-wait-doubles-allowed",
     {.order = INTENT_FIRST,
      .retry = RETRY_ASK,
      .has_flags = true,
      .is_sticky = true,
      .checks_apart = true,
      .allows_doubles = true,
      .runs_n = 1,
      TWO_AND_TWO},
     TWICE},
    {"full-deleted-remotely", {RULES_OF_FULL, .runs_n = 1, .deletes = 1, TWO_AND_TWO}, TWICE},
    {"full-deleted-remotely-evidence",
     {RULES_OF_FULL, .has_evidence = true, .runs_n = 1, .deletes = 1, TWO_AND_TWO},
     HOLDS},
    /* two runs at once */
    {"two-runs-mark-last",
     {.order = MARK_LAST, .has_flags = true, .checks_apart = true, .runs_n = 2, TWO_AND_TWO},
     TWICE},
    {"two-runs-cas-full", {RULES_OF_FULL, .checks_apart = true, .runs_n = 2, TWO_AND_TWO}, HOLDS},
    {"two-runs-cas-no-wait",
     {.order = INTENT_FIRST,
      .retry = RETRY_ASK,
      .has_flags = true,
      .is_sticky = true,
      .checks_apart = true,
      .runs_n = 2,
      TWO_AND_TWO},
     HOLDS},
    {"two-runs-cas-no-wait-doubles-allowed",
     {.order = INTENT_FIRST,
      .retry = RETRY_ASK,
      .has_flags = true,
      .is_sticky = true,
      .checks_apart = true,
      .allows_doubles = true,
      .runs_n = 2,
      TWO_AND_TWO},
     TWICE},
    {"two-runs-read-then-write",
     {RULES_OF_FULL, .claim = CLAIM_READ_THEN_WRITE, .checks_apart = true, .runs_n = 2, TWO_AND_TWO},
     TWICE},
    {"two-runs-read-then-write-fenced",
     {RULES_OF_FULL, .claim = CLAIM_READ_THEN_WRITE, .checks_apart = true, .is_fenced = true, .runs_n = 2, TWO_AND_TWO},
     HOLDS},
    /* as leadferry sends, whatever others do */
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
     HOLDS},
    {"as-built-wait-too-short",
     {.order = INTENT_FIRST,
      .retry = RETRY_ASK,
      .is_sticky = true,
      .releases = true,
      .is_fenced = true,
      .runs_n = 2,
      TWO_AND_TWO},
     HOLDS},
    {"as-built-wait-too-short-release-forgets-campaign",
     {.order = INTENT_FIRST, .retry = RETRY_ASK, .releases = true, .is_fenced = true, .runs_n = 2, TWO_AND_TWO},
     TWICE},
    {"as-built-not-fenced",
     {.order = INTENT_FIRST,
      .retry = RETRY_ASK,
      .waits = true,
      .is_sticky = true,
      .releases = true,
      .runs_n = 2,
      TWO_AND_TWO},
     HOLDS},
    /* the others */
    {"whole", {AS_BUILT, .crashes = 2, .losses = 2}, HOLDS},
    {"moved-into-a-list", {AS_BUILT, .moves = 1, TWO_AND_TWO}, HOLDS},
    {"moved-into-a-list-lists-not-asked", {AS_BUILT, .ignores_lists = true, .moves = 1, TWO_AND_TWO}, TWICE},
    {"thinned", {AS_BUILT, .thins = 2, TWO_AND_TWO}, HOLDS},
    {"thinned-not-counted", {AS_BUILT_BUT_FOR_THE_GUARD, .trusts_states = true, .thins = 1, TWO_AND_TWO}, TWICE},
    {"restored", {AS_BUILT, .restores = 2, TWO_AND_TWO}, HOLDS},
    {"restored-no-guard", {AS_BUILT_BUT_FOR_THE_GUARD, .restores = 1, TWO_AND_TWO}, TWICE},
    {"restored-moved-into-a-list", {AS_BUILT, .restores = 1, .moves = 1, TWO_AND_TWO}, HOLDS},
    {"restored-while-a-request-is-on-its-way", {AS_BUILT, .restores_early = true, .restores = 1, TWO_AND_TWO}, TWICE},
    {"restored-to-before-a-removal", {AS_BUILT, .has_evidence = true, .restores = 1, .deletes = 1, TWO_AND_TWO}, TWICE},
    {"two-paths", {AS_BUILT, .has_two_paths = true, TWO_AND_TWO}, HOLDS},
    {"two-paths-lock-of-path", {AS_BUILT, .has_two_paths = true, .lock_is_of_path = true, TWO_AND_TWO}, TWICE},
    {"one-path-lock-of-path", {AS_BUILT, .lock_is_of_path = true, TWO_AND_TWO}, HOLDS},
    {"seen-late", {AS_BUILT, .is_streamed = true, .asks_unseen = true, TWO_AND_TWO}, HOLDS},
    {"seen-late-not-asked", {AS_BUILT, .is_streamed = true, TWO_AND_TWO}, TWICE},
    {"stopped", {AS_BUILT, .stops = 1, TWO_AND_TWO}, HOLDS},
    {"stopped-and-moved-and-thinned", {AS_BUILT, .stops = 1, .moves = 1, .thins = 1, TWO_AND_TWO}, HOLDS},
    {"stopped-left-in-place", {AS_BUILT, .leaves_stopped = true, .stops = 1, TWO_AND_TWO}, AFTER_STOP},
    {"stopped-not-looked-at", {AS_BUILT, .ignores_stops = true, .stops = 1, TWO_AND_TWO}, AFTER_STOP},
};

static void say_steps(const char *what, const GString *steps)
{
  g_auto(GStrv) lines = g_strsplit(steps->str, "\n", -1);
  for (size_t i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++)
    g_test_message("%s %zu: %s", what, i + 1, lines[i]);
}

/* Guarantee a, b, c. */
static void test_row(gconstpointer data)
{
  const struct row *row = data;
  struct model_result result;
  model_check(&row->variant, &result);
  g_test_message("%" G_GINT64_FORMAT " states, twice: %s, lost: %s, after a stop: %s", result.states_n,
                 result.is_twice ? "yes" : "no", result.is_lost ? "yes" : "no", result.is_after_stop ? "yes" : "no");
  say_steps("twice", result.twice);
  say_steps("lost", result.lost);
  say_steps("after a stop", result.after_stop);
  g_assert_cmpint(result.is_twice, ==, row->end == TWICE);
  g_assert_cmpint(result.is_lost, ==, row->end == LOST);
  g_assert_cmpint(result.is_after_stop, ==, row->end == AFTER_STOP);
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
