/* The change gate: each single difference opens it, and so does everything that is not known. */
#include "core/gate.h"

#include "base/clock.h"

#define NOW_US ((int64_t)1795378867000000)

static struct gate_facts facts_make(void)
{
  struct gate_facts facts;
  for (size_t i = 0; i < GATE_TABLES_N; i++)
    facts.tables[i] = (struct gate_table_facts){
        .is_base_table = true, .is_exact = true, .rows_n = (int64_t)i, .modified_us = NOW_US - (int64_t)i * SECOND_US};
  return facts;
}

static struct gate_note note_make(void)
{
  return (struct gate_note){.run_id = g_strdup("20261122T130509-1f2e3d4c"),
                            .at_us = NOW_US - 60 * SECOND_US,
                            .due_us = NOW_US + 1,
                            .fingerprint = g_strdup("f1"),
                            .facts = facts_make()};
}

/* As a later run sees it: through the text. */
static enum gate_verdict decide(const struct gate_note *note, const struct gate_facts *facts, const char *fingerprint,
                                int64_t now_us)
{
  g_autofree char *text = note ? gate_note_text(note) : NULL;
  struct gate_note read;
  bool is_read = gate_note_read(&read, text);
  g_assert_true(is_read == (note != NULL));
  struct gate_input input = {
      .note = is_read ? &read : NULL, .facts = facts, .fingerprint = fingerprint, .now_us = now_us};
  enum gate_verdict verdict = gate_decide(&input);
  gate_note_clear(&read);
  return verdict;
}

static void test_same_is_shut(void)
{
  struct gate_note note = note_make();
  struct gate_facts facts = facts_make();
  g_assert_cmpint(decide(&note, &facts, "f1", NOW_US), ==, GATE_SHUT);
  g_assert_cmpint(decide(&note, &facts, "f1", note.at_us), ==, GATE_SHUT);
  gate_note_clear(&note);
  gate_note_clear(&note);
}

static void test_each_difference(void)
{
  struct gate_note note = note_make();
  struct gate_facts facts = facts_make();
  g_assert_cmpint(decide(NULL, &facts, "f1", NOW_US), ==, GATE_NO_NOTE);
  g_assert_cmpint(decide(&note, &facts, "f2", NOW_US), ==, GATE_SETTINGS);
  g_assert_cmpint(decide(&note, &facts, NULL, NOW_US), ==, GATE_SETTINGS);
  g_assert_cmpint(decide(&note, &facts, "f1", note.due_us), ==, GATE_DUE);
  g_assert_cmpint(decide(&note, &facts, "f1", note.at_us - 1), ==, GATE_DUE);
  for (size_t i = 0; i < GATE_TABLES_N; i++) {
    const struct gate_table_facts same = facts.tables[i];
    struct gate_table_facts *table = &facts.tables[i];
    g_test_message("table %zu", i);
    table->rows_n++;
    g_assert_cmpint(decide(&note, &facts, "f1", NOW_US), ==, GATE_CHANGED);
    *table = same;
    table->modified_us++; /* events are counted: what was streamed is moved about without anything being new */
    g_assert_cmpint(decide(&note, &facts, "f1", NOW_US), ==, i == GATE_EVENTS ? GATE_SHUT : GATE_CHANGED);
    *table = same;
    table->has_stream = true;
    g_assert_cmpint(decide(&note, &facts, "f1", NOW_US), ==, GATE_DOUBT);
    *table = same;
    table->is_base_table = false;
    g_assert_cmpint(decide(&note, &facts, "f1", NOW_US), ==, GATE_DOUBT);
    *table = same;
    table->is_exact = false;
    g_assert_cmpint(decide(&note, &facts, "f1", NOW_US), ==, GATE_DOUBT);
    *table = same;
    table->rows_n = -1;
    g_assert_cmpint(decide(&note, &facts, "f1", NOW_US), ==, GATE_DOUBT);
    *table = same;
    table->modified_us = 0;
    g_assert_cmpint(decide(&note, &facts, "f1", NOW_US), ==, GATE_DOUBT);
    g_assert_false(gate_facts_are_sure(&facts));
    *table = same;
  }
  g_assert_true(gate_facts_are_sure(&facts));
  g_assert_cmpint(decide(&note, &facts, "f1", NOW_US), ==, GATE_SHUT);
  gate_note_clear(&note);
}

/* What somebody else wrote there, or another version, is no note. */
static void test_no_note(void)
{
  static const char *const texts[] = {"",   "What leadferry did.", "[]",
                                      "{}", "{\"change_gate\":2}", "{\"change_gate\":1}"};
  struct gate_note note;
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_assert_false(gate_note_read(&note, texts[i]));
  g_assert_false(gate_note_read(&note, NULL));
  struct gate_note whole = note_make();
  g_autofree char *text = gate_note_text(&whole);
  for (size_t length = 0; text[length]; length++) {
    g_autofree char *part = g_strndup(text, length);
    g_assert_false(gate_note_read(&note, part));
  }
  gate_note_clear(&whole);
}

static void count_put(struct export_report *report, enum verdict verdict, int64_t n)
{
  struct verdict_count count = {.verdict = verdict, .n = n};
  g_array_set_size(report->claim.counts, 0);
  g_array_append_val(report->claim.counts, count);
}

static void test_idle_by_verdict(void)
{
  static const enum verdict waiting[] = {VERDICT_ELIGIBLE,
                                         VERDICT_UNSETTLED,
                                         VERDICT_CAMPAIGN_NOT_FED,
                                         VERDICT_MISSING_VARIABLE,
                                         VERDICT_DEFERRED_MAX_PER_RUN,
                                         VERDICT_DEFERRED_MAX_PER_DAY,
                                         VERDICT_DEFERRED_PLAN_FULL,
                                         VERDICT_DEFERRED_CANARY};
  struct export_report report;
  export_report_init(&report);
  g_assert_true(gate_is_idle(&report));
  for (enum verdict verdict = 0; verdict < VERDICTS_N; verdict++) {
    bool waits = false;
    for (size_t i = 0; i < G_N_ELEMENTS(waiting); i++)
      waits = waits || waiting[i] == verdict;
    g_test_message("verdict %d", (int)verdict);
    count_put(&report, verdict, 1);
    g_assert_true(gate_is_idle(&report) != waits);
    count_put(&report, verdict, 0);
    g_assert_true(gate_is_idle(&report));
  }
  export_report_clear(&report);
}

static void test_idle_by_deed(void)
{
  struct export_report report;
  export_report_init(&report);
  int64_t *const deeds[] = {&report.recovered_n, &report.added_n, &report.refused_n,      &report.released_n,
                            &report.unknown_n,   &report.held_n,  &report.written_back_n, &report.rebuilt_n};
  bool *const claims[] = {&report.is_temporary, &report.is_held_back, &report.is_in_escrow};
  for (size_t i = 0; i < G_N_ELEMENTS(deeds); i++) {
    *deeds[i] = 1;
    g_assert_false(gate_is_idle(&report));
    *deeds[i] = 0;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(claims); i++) {
    *claims[i] = true;
    g_assert_false(gate_is_idle(&report));
    *claims[i] = false;
  }
  report.exit_code = EXIT_CODE_PARTIAL;
  g_assert_false(gate_is_idle(&report));
  report.exit_code = EXIT_CODE_OK;
  g_assert_true(gate_is_idle(&report));
  export_report_clear(&report);
}

static void test_due(void)
{
  int64_t midnight_us = time_day_start_us(NOW_US) + DAY_US;
  struct gate_times times = {
      .now_us = NOW_US, .job_now_us = NOW_US + 30 * DAY_US, .stops_due_us = midnight_us + 5 * SECOND_US};
  g_assert_cmpint(gate_due_us(&times), ==, midnight_us);
  times.claim_due_us = times.job_now_us + 7 * SECOND_US; /* by Instantly's clock, which is elsewhere */
  g_assert_cmpint(gate_due_us(&times), ==, NOW_US + 7 * SECOND_US);
  times.stops_due_us = NOW_US + 3 * SECOND_US;
  g_assert_cmpint(gate_due_us(&times), ==, NOW_US + 3 * SECOND_US);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/gate/same_is_shut", test_same_is_shut);
  g_test_add_func("/gate/each_difference", test_each_difference);
  g_test_add_func("/gate/no_note", test_no_note);
  g_test_add_func("/gate/idle_by_verdict", test_idle_by_verdict);
  g_test_add_func("/gate/idle_by_deed", test_idle_by_deed);
  g_test_add_func("/gate/due", test_due);
  return g_test_run();
}
