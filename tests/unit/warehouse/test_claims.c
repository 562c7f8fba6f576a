/* Conformance of every backend: leases, events, claims and what a crash leaves of them. */
#include "subject.h"

#include "base/error.h"
#include "core/fold.h"

#include <string.h>

/* ---- leases ---- */

/* Guarantee 17. One holder at a time; each acquisition raises the epoch. */
static void test_lease(struct subject *subject)
{
  struct lease lease = {0}, second = {0};
  OK(subject->ops->lease_acquire(subject->ledger, "export", &lease, &error));
  g_assert_cmpstr(lease.job, ==, "export");
  g_assert_cmpint(lease.epoch, >, 0);
  int64_t epoch = lease.epoch;
  OK(subject->ops->lease_check(subject->ledger, &lease, &error));

  g_autoptr(GError) locked = NULL;
  g_assert_false(subject->ops->lease_acquire(subject->ledger, "export", &second, &locked));
  g_assert_true(error_is(locked, ERROR_LOCKED));

  subject->ops->lease_release(subject->ledger, &lease);
  subject->ops->lease_release(subject->ledger, &second); /* one never acquired */
  OK(subject->ops->lease_acquire(subject->ledger, "export", &lease, &error));
  g_assert_cmpint(lease.epoch, >, epoch);
  subject->ops->lease_release(subject->ledger, &lease);
}

/* Sync takes the lease of complete beside its own: two rows, two epochs, and the lock stays until both are given back.
 */
static void test_lease_beside(struct subject *subject)
{
  struct lease sync = {0}, complete = {0}, third = {0};
  OK(subject->ops->lease_acquire(subject->ledger, "sync", &sync, &error));
  OK(subject->ops->lease_acquire(subject->ledger, "complete", &complete, &error));
  OK(subject->ops->lease_check(subject->ledger, &sync, &error));
  OK(subject->ops->lease_check(subject->ledger, &complete, &error));
  g_autoptr(GError) locked = NULL;
  g_assert_false(subject->ops->lease_acquire(subject->ledger, "sync", &third, &locked));
  g_assert_true(error_is(locked, ERROR_LOCKED));
  subject->ops->lease_release(subject->ledger, &complete);
  OK(subject->ops->lease_check(subject->ledger, &sync, &error));
  OK(subject->ops->lease_acquire(subject->ledger, "complete", &complete, &error));
  subject->ops->lease_release(subject->ledger, &complete);
  subject->ops->lease_release(subject->ledger, &sync);
  OK(subject->ops->lease_acquire(subject->ledger, "export", &third, &error));
  subject->ops->lease_release(subject->ledger, &third);
}

/* ---- claims ---- */

static void test_verdicts(struct subject *subject)
{
  subject_put_plain(subject, "L01", "ann@x.org");
  subject_put_plain(subject, "L02", "");
  subject_put_plain(subject, "L03", "no address");
  subject_put_plain(subject, "L04", "j\xc3\xbcrgen@x.org");
  struct lead before = {
      .lead_id = "L05", .email = "before@x.org", .first_name = "A", .campaign_id = "camp-a", .cold_email_sent = true};
  struct lead bare = {.lead_id = "L06", .email = "bare@x.org", .first_name = "A"};
  struct lead unknown = {.lead_id = "L07", .email = "unknown@x.org", .first_name = "A", .campaign_id = "camp-z"};
  struct lead nameless = {.lead_id = "L08", .email = "nameless@x.org", .first_name = "\t ", .campaign_id = "camp-a"};
  subject_put(subject, &before);
  subject_put(subject, &bare);
  subject_put(subject, &unknown);
  subject_put(subject, &nameless);
  subject_put_plain(subject, "L09", " ANN@X.ORG ");
  struct suppression stop = {.person = "stopped@x.org", .reason = "manual", .source = "command"};
  OK(subject->ops->suppress(subject->ledger, &stop, 1, NULL, &error));
  subject_put_plain(subject, "L10", "stopped+tag@x.org");

  struct claim_rules rules = plain_rules("run-1", 1);
  struct claim_report report;
  g_assert_cmpint(subject_claim(subject, &rules, &report), ==, 1);
  g_assert_cmpint(report.source_n, ==, 10);
  g_assert_cmpint(counted(&report, VERDICT_ELIGIBLE, NULL), ==, 1);
  g_assert_cmpint(counted(&report, VERDICT_ADDRESS_MISSING, NULL), ==, 1);
  g_assert_cmpint(counted(&report, VERDICT_ADDRESS_INVALID, NULL), ==, 1);
  g_assert_cmpint(counted(&report, VERDICT_ADDRESS_NOT_ASCII, NULL), ==, 1);
  g_assert_cmpint(counted(&report, VERDICT_CONTACTED_BEFORE_US, NULL), ==, 1);
  g_assert_cmpint(counted(&report, VERDICT_NO_CAMPAIGN, NULL), ==, 1);
  g_assert_cmpint(counted(&report, VERDICT_UNKNOWN_CAMPAIGN, NULL), ==, 1);
  g_assert_cmpint(counted(&report, VERDICT_MISSING_VARIABLE, "firstName"), ==, 1);
  g_assert_cmpint(counted(&report, VERDICT_DUPLICATE_OF, NULL), ==, 1);
  g_assert_cmpint(counted(&report, VERDICT_SUPPRESSED, "manual"), ==, 1);
  claim_report_clear(&report);
}

/* The verdict that the source's single row gets now. */
static void assert_verdict(struct subject *subject, enum verdict verdict, const char *detail)
{
  struct claim_rules rules = plain_rules("dry", 9);
  rules.is_dry_run = true;
  struct claim_report report;
  subject_claim(subject, &rules, &report);
  g_assert_cmpint(report.source_n, ==, 1);
  const struct verdict_count *count = &g_array_index(report.counts, struct verdict_count, 0);
  g_assert_cmpstr(verdict_name(count->verdict), ==, verdict_name(verdict));
  g_assert_cmpstr(count->detail, ==, detail);
  claim_report_clear(&report);
}

static void settle(struct subject *subject, enum event_kind kind, const char *reason, int64_t epoch)
{
  struct lead_event event = settling(kind, "L1", "ann@x.org", "run-1.1");
  event.reason = reason;
  event.epoch = epoch;
  subject_append(subject, &event, 1);
  subject_fold(subject);
}

static void test_verdicts_of_states(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 1);
  subject_fold(subject);
  assert_verdict(subject, VERDICT_UNSETTLED, NULL);
  settle(subject, EVENT_RELEASED, "temporary", 1);
  assert_verdict(subject, VERDICT_ELIGIBLE, NULL);
  settle(subject, EVENT_REJECTED, "invalid", 1);
  assert_verdict(subject, VERDICT_SETTLED, "rejected/invalid");
  settle(subject, EVENT_FOUND_ELSEWHERE, NULL, 1);
  assert_verdict(subject, VERDICT_SETTLED, "found_elsewhere");
  settle(subject, EVENT_RETRIED, NULL, 1);
  assert_verdict(subject, VERDICT_ELIGIBLE, NULL);
  struct lead_event held = about(EVENT_HELD, "L1", "ann@x.org", T0);
  held.attempt = 1;
  held.reason = "campaign_gone";
  subject_append(subject, &held, 1);
  subject_fold(subject);
  assert_verdict(subject, VERDICT_HELD, NULL);
  struct lead_event resolved = about(EVENT_RESOLVED, "L1", "ann@x.org", T0);
  resolved.attempt = 1;
  subject_append(subject, &resolved, 1);
  settle(subject, EVENT_ADDED, NULL, 1);
  assert_verdict(subject, VERDICT_ALREADY_ADDED, NULL);
  subject_drop(subject, "L1"); /* the table is rebuilt: the person is known by another id */
  subject_put_plain(subject, "N1", "Ann@x.org");
  assert_verdict(subject, VERDICT_ALREADY_ADDED, NULL);
  subject_put_plain(subject, "N1", "bob@x.org"); /* nobody of ours */
  assert_verdict(subject, VERDICT_ELIGIBLE, NULL);
}

static void test_never_twice(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 1);
  g_assert_cmpint(subject_claim_all(subject, "run-2", 2), ==, 0); /* without a fold in between */
}

static void test_dry_run_writes_nothing(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  struct claim_rules rules = plain_rules("run-1", 1);
  rules.is_dry_run = true;
  struct claim_report report;
  g_assert_cmpint(subject_claim(subject, &rules, &report), ==, 1);
  claim_report_clear(&report);
  g_assert_cmpint(subject_claim_all(subject, "run-2", 1), ==, 1);
}

static void test_caps(struct subject *subject)
{
  for (int i = 0; i < 6; i++) {
    g_autofree char *lead_id = g_strdup_printf("L%d", i);
    g_autofree char *email = g_strdup_printf("p%d@x.org", i);
    struct lead lead = {
        .lead_id = lead_id, .email = email, .first_name = "A", .campaign_id = i < 4 ? "camp-a" : "camp-b"};
    subject_put(subject, &lead);
  }
  struct campaign_feed feeds[] = {{.id = "camp-a", .is_fed = true, .room = 2, .room_verdict = VERDICT_DEFERRED_CANARY},
                                  {.id = "camp-b", .is_fed = true, .room = SETTING_UNLIMITED}};
  struct claim_rules rules = plain_rules("run-1", 1);
  rules.feeds = feeds;
  rules.run_room = 3;
  struct claim_report report;
  g_assert_cmpint(subject_claim(subject, &rules, &report), ==, 3);
  g_assert_cmpint(counted(&report, VERDICT_DEFERRED_CANARY, NULL), ==, 2);
  g_assert_cmpint(counted(&report, VERDICT_DEFERRED_MAX_PER_RUN, NULL), ==, 1);
  claim_report_clear(&report);

  struct page page;
  page_init(&page, sizeof(struct claim));
  struct claim_query query = {.run_id = "run-1", .to_ord = INT64_MAX, .limit = 100};
  OK(subject->ops->claims_read(subject->ledger, &query, &page, &error));
  static const char *const expected[] = {"L0", "L1", "L4"}; /* in the order of (campaign, lead_id) */
  g_assert_cmpuint(page.rows->len, ==, 3);
  for (guint i = 0; i < page.rows->len; i++) {
    g_assert_cmpint(page_row(&page, struct claim, i)->ord, ==, i + 1);
    g_assert_cmpstr(page_row(&page, struct claim, i)->lead.lead_id, ==, expected[i]);
  }
  page_clear(&page);
}

static void test_not_fed(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  struct campaign_feed feed = {.id = "camp-a", .refusal = "paused"};
  struct claim_rules rules = plain_rules("run-1", 1);
  rules.feeds = &feed;
  rules.feeds_n = 1;
  struct claim_report report;
  g_assert_cmpint(subject_claim(subject, &rules, &report), ==, 0);
  g_assert_cmpint(counted(&report, VERDICT_CAMPAIGN_NOT_FED, "paused"), ==, 1);
  g_assert_cmpstr(g_array_index(report.counts, struct verdict_count, 0).campaign_id, ==, "camp-a");
  claim_report_clear(&report);
}

/* More than the share of rows with somebody else's lead_id: nothing is written. */
static void test_reused(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_put_plain(subject, "L1", "bob@x.org");
  subject_put_plain(subject, "L2", "cid@x.org");
  struct claim_rules rules = plain_rules("run-1", 2);
  rules.reused_stop_share = 0.01;
  struct claim_report report;
  claim_report_init(&report);
  g_autoptr(GError) error = NULL;
  g_assert_false(subject->ops->claim(subject->ledger, &rules, &report, &error));
  g_assert_true(error_is(error, ERROR_UNSAFE));
  claim_report_clear(&report);
  rules.reused_stop_share = 0.5;
  g_assert_cmpint(subject_claim(subject, &rules, &report), ==, 1); /* L2 was not claimed above */
  g_assert_cmpint(counted(&report, VERDICT_LEAD_ID_REUSED, NULL), ==, 1);
  claim_report_clear(&report);
}

/* After released(absent) the next claim keeps its campaign, and counts one try more. */
static void test_sticky(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 1);
  settle(subject, EVENT_RELEASED, "absent", 1);
  struct lead moved = {.lead_id = "L1", .email = "ann@x.org", .first_name = "Ann", .campaign_id = "camp-b"};
  subject_put(subject, &moved);
  g_assert_cmpint(subject_claim_all(subject, "run-2", 2), ==, 1);
  struct page page;
  page_init(&page, sizeof(struct claim));
  struct claim_query query = {.run_id = "run-2", .to_ord = INT64_MAX, .limit = 100};
  OK(subject->ops->claims_read(subject->ledger, &query, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  g_assert_cmpstr(page_row(&page, struct claim, 0)->campaign_id, ==, "camp-a");
  g_assert_cmpint(page_row(&page, struct claim, 0)->attempt, ==, 2);
  page_clear(&page);
}

/* `reopened` opens the next generation, with its campaign. */
static void test_reopened(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  assert_verdict(subject, VERDICT_ALREADY_ADDED, NULL);
  struct lead_event reopened = about(EVENT_REOPENED, "L1", "ann@x.org", T0 + HOUR_US);
  reopened.generation = 2;
  reopened.campaign_id = "camp-b";
  subject_append(subject, &reopened, 1);
  subject_fold(subject);
  g_assert_cmpint(subject_claim_all(subject, "run-2", 2), ==, 1);
  struct page page;
  page_init(&page, sizeof(struct claim));
  struct claim_query query = {.run_id = "run-2", .to_ord = INT64_MAX, .limit = 100};
  OK(subject->ops->claims_read(subject->ledger, &query, &page, &error));
  g_assert_cmpint(page_row(&page, struct claim, 0)->generation, ==, 2);
  g_assert_cmpstr(page_row(&page, struct claim, 0)->campaign_id, ==, "camp-b");
  page_clear(&page);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("lease", test_lease);
  subject_add("lease-beside", test_lease_beside);
  subject_add("claim/verdicts", test_verdicts);
  subject_add("claim/states", test_verdicts_of_states);
  subject_add("claim/never-twice", test_never_twice);
  subject_add("claim/dry-run", test_dry_run_writes_nothing);
  subject_add("claim/caps", test_caps);
  subject_add("claim/not-fed", test_not_fed);
  subject_add("claim/reused", test_reused);
  subject_add("claim/sticky", test_sticky);
  subject_add("claim/reopened", test_reopened);
  return g_test_run();
}
