/* Conformance of every backend: the table of source.exclude, and the entries that its rows make. */
#include "subject.h"

#include "core/exclusion.h"

static struct standing_counts look(struct subject *subject)
{
  struct standing_counts counts;
  OK(subject->ops->exclusion_look(subject->ledger, &counts, &error));
  return counts;
}

static void apply(struct subject *subject, bool may_end)
{
  struct standing_change change = {.source = EXCLUSION_SOURCE, .run_id = "run-x", .may_end = may_end};
  look(subject);
  OK(subject->ops->standing_apply(subject->ledger, &change, &error));
}

static void assert_counts(struct subject *subject, int64_t stops_n, int64_t lost_n, int64_t new_n)
{
  struct standing_counts counts = look(subject);
  g_assert_cmpint(counts.stops_n, ==, stops_n);
  g_assert_cmpint(counts.lost_n, ==, lost_n);
  g_assert_cmpint(counts.new_n, ==, new_n);
}

/* How many of the source are left out with this verdict, and how many may go. */
static void assert_verdicts(struct subject *subject, int64_t excluded_n, int64_t suppressed_n, int64_t eligible_n)
{
  struct claim_rules rules = plain_rules("run-y", 1);
  struct claim_report report;
  rules.is_dry_run = true;
  subject_claim(subject, &rules, &report);
  g_assert_cmpint(counted(&report, VERDICT_EXCLUDED, NULL), ==, excluded_n);
  g_assert_cmpint(counted(&report, VERDICT_SUPPRESSED, NULL), ==, suppressed_n);
  g_assert_cmpint(counted(&report, VERDICT_ELIGIBLE, NULL), ==, eligible_n);
  claim_report_clear(&report);
}

/* Any spelling, the tag folded, domains; what says nothing is counted and stops nobody. */
static void test_cells(struct subject *subject)
{
  static const char *const cells[] = {" Ann@X.org\t",
                                      "ann+b@x.org",
                                      NULL,
                                      "",
                                      " null ",
                                      "n/a",
                                      "a@b.org, c@d.org",
                                      "Acme.org",
                                      "@acme.org",
                                      "@@q.org",
                                      "Cid@m\u00fcnchen.de",
                                      "\u00fc@x.org",
                                      "o'neill@y.org",
                                      "m\u00fcnchen.org"};
  for (size_t i = 0; i < G_N_ELEMENTS(cells); i++)
    subject_exclude(subject, cells[i]);
  struct standing_counts counts = look(subject);
  g_assert_cmpint(counts.rows_n, ==, 14);
  g_assert_cmpint(counts.blank_n, ==, 3);
  g_assert_cmpint(counts.odd_n, ==, 4);
  g_assert_cmpint(counts.new_n, ==, 5);
  apply(subject, true);
  assert_counts(subject, 5, 0, 0);
  subject_put_plain(subject, "L1", "ann+news@x.org");
  subject_put_plain(subject, "L2", "bob@acme.org");
  subject_put_plain(subject, "L3", "cid@xn--mnchen-3ya.de");
  subject_put_plain(subject, "L4", "dee@sub.acme.org"); /* another domain */
  subject_put_plain(subject, "L5", "O'Neill@y.org");
  subject_put_plain(subject, "L6", "eve@m\u00fcnchen.org");
  assert_verdicts(subject, 5, 0, 1);
  struct page text;
  struct person_facts facts;
  struct person_query query = {"ann@x.org", subject->now_us};
  page_init(&text, 1);
  OK(report_person_facts(subject->warehouse, &query, &text, &facts, &error));
  g_assert_cmpstr(facts.suppression, ==, EXCLUSION_REASON);
  page_clear(&text);
}

/* Guarantee 64. A stop that ends with its row, and comes back with it; whoever is stopped otherwise stays so. */
static void test_ends_with_the_row(struct subject *subject)
{
  struct suppression bounce = {.person = "ann@x.org", .reason = "bounced", .source = "sync"};
  subject_put_plain(subject, "L1", "ann@x.org");
  subject_put_plain(subject, "L2", "bob@x.org");
  subject_exclude(subject, "ann@x.org");
  subject_exclude(subject, "bob@x.org");
  apply(subject, true);
  OK(subject->ops->suppress(subject->ledger, &bounce, 1, NULL, &error));
  assert_verdicts(subject, 2, 0, 0); /* `bounced` would be the lower word */
  subject_exclude_none(subject);
  assert_counts(subject, 2, 2, 0);
  apply(subject, false);
  assert_counts(subject, 2, 2, 0);
  assert_verdicts(subject, 2, 0, 0);
  apply(subject, true);
  assert_counts(subject, 0, 0, 0);
  assert_verdicts(subject, 0, 1, 1);
  subject_exclude(subject, "bob@x.org");
  assert_counts(subject, 0, 0, 1);
  apply(subject, true);
  assert_verdicts(subject, 1, 1, 0);
}

/* They are counted with lists and domains, never pushed, and take rows out. */
static void test_takes_out(struct subject *subject)
{
  struct push_query push = {subject->now_us, false, 100};
  struct removal_query taking = {.now_us = subject->now_us, .of_stopped = true, .limit = 100};
  struct page page;
  subject_enrol(subject, "L1", "ann+a@x.org", "row-1");
  subject_enrol(subject, "L2", "bob@y.org", "row-2");
  subject_enrol(subject, "L3", "cid@z.org", "row-3");
  subject_exclude(subject, "ann@x.org");
  subject_exclude(subject, "y.org");
  apply(subject, true);
  page_init(&page, sizeof(struct stop_hit));
  OK(subject->ops->stop_hits(subject->ledger, subject->now_us, &page, &error));
  g_assert_cmpint(page_row(&page, struct stop_hit, 0)->leads_n, ==, 2);
  page_clear(&page);
  page_init(&page, sizeof(struct suppression));
  OK(subject->ops->unpushed(subject->ledger, &push, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 0);
  page_clear(&page);
  page_init(&page, sizeof(struct removal));
  OK(subject->ops->removals(subject->ledger, &taking, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 2);
  page_clear(&page);
}

/* Without the setting what an earlier one left is lost, and ends when it may. */
static void test_unset(struct subject *subject)
{
  assert_counts(subject, 0, 0, 0);
  struct suppression left = {.person = "ann@x.org", .reason = EXCLUSION_REASON, .source = EXCLUSION_SOURCE};
  OK(subject->ops->suppress(subject->ledger, &left, 1, NULL, &error));
  assert_counts(subject, 1, 1, 0);
  apply(subject, true);
  assert_counts(subject, 0, 0, 0);
}

/* ---- who left the source ---- */

static void assert_gone(struct subject *subject, int64_t stops_n, int64_t lost_n, int64_t new_n)
{
  struct standing_counts counts;
  OK(subject->ops->gone_look(subject->ledger, true, &counts, &error));
  g_assert_cmpint(counts.stops_n, ==, stops_n);
  g_assert_cmpint(counts.lost_n, ==, lost_n);
  g_assert_cmpint(counts.new_n, ==, new_n);
}

static void apply_gone(struct subject *subject, bool is_set)
{
  struct standing_counts counts;
  struct standing_change change = {.source = GONE_SOURCE, .run_id = "run-g", .may_end = true};
  OK(subject->ops->gone_look(subject->ledger, is_set, &counts, &error));
  OK(subject->ops->standing_apply(subject->ledger, &change, &error));
}

/* Guarantee 65. By the folded person, under whatever lead_id; who is over, or was never in the source, is not gone. */
static void test_gone(struct subject *subject)
{
  struct lead_event over = about(EVENT_FINISHED, "L5", "eve@x.org", T0 + 1);
  subject_enrol(subject, "L1", "ann@x.org", "row-1");
  subject_enrol(subject, "L2", "bob@x.org", "row-2");
  subject_enrol(subject, "L3", "cid+a@x.org", "row-3");
  subject_enrol(subject, "L4", "dee@xn--mnchen-3ya.de", "row-4");
  subject_enrol(subject, "L5", "eve@x.org", "row-5");
  subject_enrol(subject, "instantly:row-6", "fay@x.org", "row-6");
  over.reason = "no_reply";
  subject_append(subject, &over, 1);
  subject_fold(subject);
  assert_gone(subject, 0, 0, 0);
  static const char *const ids[] = {"L1", "L2", "L3", "L4", "L5", "instantly:row-6"};
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
    subject_drop(subject, ids[i]);
  subject_put_plain(subject, "L2", "somebody@else.org"); /* the row is another person's now */
  subject_put_plain(subject, "N1", " ANN+news@x.org ");  /* the table was rebuilt */
  subject_put_plain(subject, "N4", "Dee@M\u00fcnchen.de");
  assert_gone(subject, 0, 0, 2);
  apply_gone(subject, true);
  assert_gone(subject, 2, 0, 0);
  struct removal_query taking = {.now_us = subject->now_us, .of_stopped = true, .limit = 100};
  struct page page;
  page_init(&page, sizeof(struct removal));
  OK(subject->ops->removals(subject->ledger, &taking, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 2);
  g_assert_cmpstr(page_row(&page, struct removal, 0)->person, ==, "bob@x.org");
  taking.bulk_waits = true;
  OK(subject->ops->removals(subject->ledger, &taking, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 0);
  page_clear(&page);
  subject_put_plain(subject, "N2", "bob@x.org");
  assert_gone(subject, 2, 1, 0);
  apply_gone(subject, true);
  assert_gone(subject, 1, 0, 0);
  apply_gone(subject, false);
  assert_gone(subject, 0, 0, 1);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("exclusion/cells", test_cells);
  subject_add("exclusion/ends-with-the-row", test_ends_with_the_row);
  subject_add("exclusion/takes-out", test_takes_out);
  subject_add("exclusion/unset", test_unset);
  subject_add("exclusion/gone", test_gone);
  return g_test_run();
}
