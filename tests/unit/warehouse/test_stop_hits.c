/* Conformance of every backend: how many running leads lists of stops hit, and that they wait. */
#include "subject.h"

#include "warehouse/brakes.h"

static struct brake stop_of(const char *person, const char *domain, const char *reason)
{
  return (struct brake){
      .kind = BRAKE_SUPPRESS,
      .stop = {.person = person, .domain = domain, .reason = reason, .source = "command", .actor = "kim"}};
}

/* How many of the rows changed something. */
static int64_t brake(struct subject *subject, struct brake row)
{
  struct brake_report report;
  OK(brakes_write(subject->warehouse, &row, 1, &report, &error));
  g_assert_false(report.was_left);
  return report.changed_n;
}

/* The sum, and what entries with this permission hit. */
static int64_t hits(struct subject *subject, const char *allow)
{
  struct page page;
  int64_t n = 0;
  page_init(&page, sizeof(struct stop_hit));
  OK(subject->ops->stop_hits(subject->ledger, subject->now_us, &page, &error));
  for (guint i = 0; i < page.rows->len; i++) {
    const struct stop_hit *hit = page_row(&page, struct stop_hit, i);
    if (g_strcmp0(hit->allow, allow) == 0) n = hit->leads_n;
  }
  g_assert_null(page_row(&page, struct stop_hit, 0)->allow);
  page_clear(&page);
  return n;
}

/* Pushed, and taken out, while those that no person made itself wait. */
static guint acting(struct subject *subject, bool bulk_waits)
{
  struct push_query push = {subject->now_us, bulk_waits, 100};
  struct removal_query taking = {.now_us = subject->now_us, .of_stopped = true, .bulk_waits = bulk_waits, .limit = 100};
  struct page stops, removals;
  page_init(&stops, sizeof(struct suppression));
  page_init(&removals, sizeof(struct removal));
  OK(subject->ops->unpushed(subject->ledger, &push, &stops, &error));
  OK(subject->ops->removals(subject->ledger, &taking, &removals, &error));
  guint n = stops.rows->len * 100 + removals.rows->len;
  page_clear(&stops);
  page_clear(&removals);
  return n;
}

/* Guarantee 51. A domain, a file and the inbox wait; what somebody said of one person does not, and ends its lead
 * anyway. */
static void test_stop_hits(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "row-1");
  subject_enrol(subject, "L2", "bob+news@x.org", "row-2");
  subject_enrol(subject, "L3", "cid@y.org", "row-3");
  g_assert_cmpint(hits(subject, NULL), ==, 0);
  struct brake domain = stop_of(NULL, "x.org", "rival"), person = stop_of("cid@y.org", NULL, "asked by phone");
  domain.stop.run_id = "run-d";
  brake(subject, domain);
  brake(subject, person);
  g_assert_cmpint(hits(subject, NULL), ==, 2);
  g_assert_cmpuint(acting(subject, false), ==, 203);
  g_assert_cmpuint(acting(subject, true), ==, 101); /* cid alone */
  struct brake file = stop_of("cid+a@y.org", NULL, "a list");
  file.stop.source = "import";
  brake(subject, file);
  g_assert_cmpint(hits(subject, NULL), ==, 2);
  domain.stop.run_id = "run-e";
  domain.stop.allow_hit = 2;
  brake(subject, domain); /* once more, with a permission */
  g_assert_cmpint(hits(subject, "run-e/2"), ==, 2);
  OK(subject->ops->stops_allow(subject->ledger, "run-x/2", subject->now_us, &error));
  g_assert_cmpint(hits(subject, NULL), ==, 2);
  OK(subject->ops->stops_allow(subject->ledger, "run-e/2", subject->now_us, &error));
  g_assert_cmpint(hits(subject, NULL), ==, 0);
  g_assert_cmpuint(acting(subject, true), ==, 203);
}

/* What Instantly's own list matches is not mailed: such an entry hits those that its match misses. */
static void test_stop_hits_listed(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "row-1");
  subject_enrol(subject, "L2", "bob+news@x.org", "row-2");
  subject_enrol(subject, "L3", "cid@y.org", "row-3");
  struct suppression listed[] = {{.person = "ann@x.org", .reason = "blocklisted", .source = "blocklist"},
                                 {.person = "bob@x.org", .reason = "blocklisted", .source = "blocklist"},
                                 {.domain = "y.org", .reason = "blocklisted", .source = "blocklist"}};
  OK(subject->ops->suppress(subject->ledger, listed, G_N_ELEMENTS(listed), NULL, &error));
  g_assert_cmpint(hits(subject, NULL), ==, 1);
  OK(subject->ops->stops_allow(subject->ledger, NULL, subject->now_us, &error));
  g_assert_cmpint(hits(subject, NULL), ==, 0);
}

/* Guarantee 51. What somebody said of one person stands beside the same from a list: it does not wait with the list,
 * and stays when the list is taken back. */
static void test_stop_hits_own_beside_list(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "row-1");
  subject_enrol(subject, "L2", "bob@x.org", "row-2");
  subject_enrol(subject, "L3", "cid@x.org", "row-3");
  static const char *const persons[] = {"ann@x.org", "bob@x.org", "cid@x.org"};
  for (size_t i = 0; i < G_N_ELEMENTS(persons); i++) {
    struct brake file = stop_of(persons[i], NULL, "unsubscribed");
    file.stop.source = "import";
    file.stop.run_id = "run-f";
    g_assert_cmpint(brake(subject, file), ==, 1);
  }
  g_assert_cmpint(hits(subject, NULL), ==, 3);
  struct suppression seen = {.person = "bob@x.org", .reason = "unsubscribed", .source = "sync", .evidence_at_us = 1};
  g_assert_cmpint(brake(subject, stop_of("ann@x.org", NULL, "unsubscribed")), ==, 1);
  OK(subject->ops->suppress(subject->ledger, &seen, 1, NULL, &error));
  g_assert_cmpint(brake(subject, stop_of("ann@x.org", NULL, "unsubscribed")), ==, 0); /* once is enough */
  OK(subject->ops->suppress(subject->ledger, &seen, 1, NULL, &error));
  g_assert_cmpint(hits(subject, NULL), ==, 1);
  g_assert_cmpuint(acting(subject, true), ==, 202);
  struct brake back = {.kind = BRAKE_REVOKE, .reason = "the wrong file", .actor = "kim", .stop.run_id = "run-f"};
  g_assert_cmpint(brake(subject, back), ==, 3);
  g_assert_cmpuint(acting(subject, true), ==, 202);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("stop-hits/waiting", test_stop_hits);
  subject_add("stop-hits/listed", test_stop_hits_listed);
  subject_add("stop-hits/own-beside-list", test_stop_hits_own_beside_list);
  return g_test_run();
}
