/* Conformance of every backend: ann@x and ann+news@x are one person to the promise of "once", and a cooldown that is
 * over opens one generation more. */
#include "subject.h"

#include "core/fold.h"

#include <string.h>

static void assert_counted(struct subject *subject, const struct claim_rules *rules, enum verdict verdict, int64_t n)
{
  struct claim_rules dry = *rules;
  struct claim_report report;
  dry.is_dry_run = true;
  subject_claim(subject, &dry, &report);
  g_assert_cmpint(verdict == VERDICT_ELIGIBLE ? report.claimed_n : counted(&report, verdict, NULL), ==, n);
  claim_report_clear(&report);
}

static void say(struct subject *subject, enum event_kind kind, const char *lead_id, const char *person,
                const char *reason)
{
  struct lead_event event = about(kind, lead_id, person, T0 + HOUR_US);
  event.reason = reason;
  if (kind == EVENT_HELD || kind == EVENT_RESOLVED) event.attempt = 1;
  if (kind == EVENT_REMOVED) event.instantly_id = "id-1";
  subject_append(subject, &event, 1);
  subject_fold(subject);
}

/* ---- tags ---- */

/* Guarantee 19. Of one person's spellings the first goes, and once one was claimed the others wait for it. */
static void test_tags(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann+news@x.org");
  subject_put_plain(subject, "L2", "Ann@x.org");
  subject_put_plain(subject, "L3", "ann+b+c@x.org");
  subject_put_plain(subject, "L4", "+ann@x.org");
  subject_put_plain(subject, "L5", "an.n@x.org");
  struct claim_rules rules = plain_rules("run-1", 1);
  struct claim_report report;
  subject_claim(subject, &rules, &report);
  g_assert_cmpint(report.claimed_n, ==, 3);
  g_assert_cmpint(counted(&report, VERDICT_DUPLICATE_OF, NULL), ==, 2);
  claim_report_clear(&report);
  subject_fold(subject);
  assert_counted(subject, &rules, VERDICT_UNSETTLED, 5);
  struct lead_event added = settling(EVENT_ADDED, "L1", "ann+news@x.org", "run-1.1");
  added.instantly_id = "id-1";
  added.epoch = 1;
  subject_append(subject, &added, 1);
  subject_fold(subject);
  assert_counted(subject, &rules, VERDICT_ALREADY_ADDED, 1);
  assert_counted(subject, &rules, VERDICT_CONTACTED, 2);
  say(subject, EVENT_HELD, "L1", "ann+news@x.org", "relaunched");
  assert_counted(subject, &rules, VERDICT_HELD, 2);
}

/* Nobody is mailed because a spelling of the address is new: a row of the other says that the person was contacted. */
static void test_tag_contacted_before(struct subject *subject)
{
  struct lead old = {.lead_id = "L1", .email = "ann+crm@x.org", .campaign_id = "camp-a", .last_email_status = "sent"};
  subject_put(subject, &old);
  subject_put_plain(subject, "L2", "ann@x.org");
  struct claim_rules rules = plain_rules("run-1", 1);
  assert_counted(subject, &rules, VERDICT_CONTACTED_BEFORE_US, 2);
  subject_put_plain(subject, "L3", "ann+2@x.org");
  struct lead_event rejected = settling(EVENT_REJECTED, "L3", "ann+2@x.org", "run-0.1");
  subject_append(subject, &rejected, 1); /* an event of one spelling makes the rows of others no news of ours */
  subject_fold(subject);
  assert_counted(subject, &rules, VERDICT_CONTACTED_BEFORE_US, 3);
}

/* An alias and a reused lead_id are told by the address as it is. */
static void test_tag_is_no_alias(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_drop(subject, "L1");
  subject_put_plain(subject, "N1", "ann+news@x.org");
  struct claim_rules rules = plain_rules("run-1", 2);
  assert_counted(subject, &rules, VERDICT_CONTACTED, 1);
  subject_put_plain(subject, "L1", "ann+other@x.org");
  assert_counted(subject, &rules, VERDICT_LEAD_ID_REUSED, 1);
}

/* A hold of one spelling stops a claim of another right before it is sent. */
static void test_tag_held(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann+news@x.org");
  subject_put_plain(subject, "L2", "bob@x.org");
  struct lease lease = {0};
  OK(subject->ops->lease_acquire(subject->ledger, "export", &lease, &error));
  struct claim_rules rules = plain_rules("run-1", lease.epoch);
  struct claim_report report;
  subject_claim(subject, &rules, &report);
  g_assert_cmpint(report.claimed_n, ==, 2);
  claim_report_clear(&report);
  say(subject, EVENT_HELD, "L9", "ann@x.org", "relaunched");
  const struct claim ann = {.run_id = "run-1", .ord = 1, .person = "ann+news@x.org"};
  const struct claim bob = {.run_id = "run-1", .ord = 2, .person = "bob@x.org"};
  const struct claim *claims[] = {&ann, &bob};
  struct stops_query query = {.claims = claims, .claims_n = 2, .now_us = T0};
  struct page page;
  page_init(&page, sizeof(struct stopped_claim));
  subject->now_us += HOUR_US;
  OK(subject->ops->stops_check(subject->ledger, &query, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  g_assert_cmpint(page_row(&page, struct stopped_claim, 0)->ord, ==, 1);
  page_clear(&page);
  subject->ops->lease_release(subject->ledger, &lease);
}

/* ---- cooldowns ---- */

static struct claim_rules cooled(const char *run_id, int64_t epoch)
{
  struct claim_rules rules = plain_rules(run_id, epoch);
  rules.once = ONCE_COOLDOWN;
  rules.now_us = T0 + 100 * 24 * HOUR_US;
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    rules.cooldown_us[i] = 24 * HOUR_US;
  return rules;
}

static void assert_generation(struct subject *subject, const char *run_id, int64_t generation)
{
  struct page page;
  page_init(&page, sizeof(struct claim));
  struct claim_query query = {.run_id = run_id, .to_ord = INT64_MAX, .limit = 100};
  OK(subject->ops->claims_read(subject->ledger, &query, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  g_assert_cmpint(page_row(&page, struct claim, 0)->generation, ==, generation);
  page_clear(&page);
}

static bool shows(struct subject *subject)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  bool is_added = subject_lead(subject, "L1", &page)->lead.added_to_instantly;
  page_clear(&page);
  return is_added;
}

static int64_t reopened_n(struct subject *subject)
{
  struct page page;
  int64_t n = 0;
  page_init(&page, sizeof(struct lead_event));
  OK(report_events(subject->warehouse, "L1", &page, &error));
  for (guint i = 0; i < page.rows->len; i++) {
    const struct lead_event *event = page_row(&page, struct lead_event, i);
    if (event->kind != EVENT_REOPENED) continue;
    g_assert_cmpstr(event->reason, ==, "cooldown");
    g_assert_cmpint(event->generation, ==, n + 2);
    n++;
  }
  page_clear(&page);
  return n;
}

/* Guarantee 20. Over, and gone from Instantly: once more, in a generation of its own; a claim that came to nothing does
 * not end it.
 */
static void test_cooldown(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_put_plain(subject, "L2", "ann+2@x.org");
  struct lease lease = {0};
  OK(subject->ops->lease_acquire(subject->ledger, "export", &lease, &error));
  struct claim_rules rules = cooled("run-2", lease.epoch);
  assert_counted(subject, &rules, VERDICT_ALREADY_ADDED, 1);
  say(subject, EVENT_FINISHED, "L1", "ann@x.org", "no_reply");
  assert_counted(subject, &rules, VERDICT_STILL_IN_INSTANTLY, 2);
  say(subject, EVENT_REMOVED, "L1", "ann@x.org", NULL);
  assert_counted(subject, &rules, VERDICT_ELIGIBLE, 1);
  assert_counted(subject, &rules, VERDICT_DUPLICATE_OF, 1);
  OK(subject->ops->write_back(subject->ledger, false, NULL, &error));
  struct claim_report report;
  subject_claim(subject, &rules, &report);
  g_assert_cmpint(report.claimed_n, ==, 1);
  claim_report_clear(&report);
  subject_fold(subject);
  assert_generation(subject, "run-2", 2);
  g_assert_cmpint(reopened_n(subject), ==, 1);
  assert_counted(subject, &rules, VERDICT_UNSETTLED, 2);
  OK(subject->ops->write_back(subject->ledger, false, NULL, &error));
  g_assert_true(shows(subject)); /* until it is added anew, the columns stay */
  struct lead_event absent = settling(EVENT_RELEASED, "L1", "ann@x.org", "run-2.1");
  absent.reason = "absent";
  absent.generation = 2;
  absent.epoch = lease.epoch;
  subject_append(subject, &absent, 1);
  subject_fold(subject);
  assert_counted(subject, &rules, VERDICT_ELIGIBLE, 1);
  rules.run_id = "run-3";
  subject_claim(subject, &rules, &report);
  g_assert_cmpint(report.claimed_n, ==, 1);
  claim_report_clear(&report);
  assert_generation(subject, "run-3", 2);
  g_assert_cmpint(reopened_n(subject), ==, 1);
  subject->ops->lease_release(subject->ledger, &lease);
}

/* What a person ended comes back by `release` alone, whatever the configuration says. */
static void test_no_cooldown(struct subject *subject)
{
  static const char *const outcomes[] = {"interest", "replied", "unsubscribed", "removed_by_hand"};
  for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++) {
    subject_reset(subject);
    subject_enrol(subject, "L1", "ann@x.org", "id-1");
    say(subject, EVENT_FINISHED, "L1", "ann@x.org", outcomes[i]);
    say(subject, EVENT_REMOVED, "L1", "ann@x.org", NULL);
    struct claim_rules rules = cooled("run-2", 9);
    assert_counted(subject, &rules, VERDICT_ALREADY_ADDED, 1);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("persons/tags", test_tags);
  subject_add("persons/tag-contacted-before", test_tag_contacted_before);
  subject_add("persons/tag-is-no-alias", test_tag_is_no_alias);
  subject_add("persons/tag-held", test_tag_held);
  subject_add("persons/cooldown", test_cooldown);
  subject_add("persons/no-cooldown", test_no_cooldown);
  return g_test_run();
}
