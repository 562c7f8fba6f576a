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
  static const char *const people[][4] = {{"L1", "ann@x.org", "id-1", "interest"},
                                          {"L2", "bob@x.org", "id-2", "replied"},
                                          {"L3", "cid@x.org", "id-3", "unsubscribed"},
                                          {"L4", "dee@x.org", "id-4", "removed_by_hand"}};
  for (size_t i = 0; i < G_N_ELEMENTS(people); i++) {
    subject_enrol(subject, people[i][0], people[i][1], people[i][2]);
    say(subject, EVENT_FINISHED, people[i][0], people[i][1], people[i][3]);
    say(subject, EVENT_REMOVED, people[i][0], people[i][1], NULL);
  }
  struct claim_rules rules = cooled("run-2", 9);
  assert_counted(subject, &rules, VERDICT_ALREADY_ADDED, (int64_t)G_N_ELEMENTS(people));
}

/* ---- generations ---- */

static void put_generation(struct subject *subject)
{
  struct lead_event reopened = about(EVENT_REOPENED, "L1", "ann@x.org", T0 + 10 * HOUR_US);
  struct lead_event claimed = settling(EVENT_CLAIMED, "L1", "ann@x.org", "run-2.1");
  struct lead_event added = settling(EVENT_ADDED, "L1", "ann@x.org", "run-2.1");
  reopened.generation = claimed.generation = added.generation = 2;
  claimed.epoch = added.epoch = 7;
  claimed.occurred_at_us = added.occurred_at_us = T0 + 11 * HOUR_US;
  added.instantly_id = "id-2";
  const struct lead_event events[] = {reopened, claimed, added};
  subject_append(subject, events, 3);
  subject_fold(subject);
}

static guint removals_n(struct subject *subject, const struct removal_query *query, bool *was_seen)
{
  struct page page;
  page_init(&page, sizeof(struct removal));
  OK(subject->ops->removals(subject->ledger, query, &page, &error));
  guint n = page.rows->len;
  if (n > 0 && was_seen) *was_seen = page_row(&page, struct removal, 0)->was_seen;
  page_clear(&page);
  return n;
}

static void see_row(struct subject *subject, const struct remote_lead *seen, int64_t at_us)
{
  struct remote_lead row = *seen;
  row.email = row.person = "ann@x.org";
  row.campaign_id = "camp-a";
  static const char *const campaigns[] = {"camp-a"};
  struct stage_rules rules = {.run_id = "sync",
                              .epoch = 5,
                              .now_us = at_us,
                              .campaigns = campaigns,
                              .campaigns_n = 1,
                              .scan_started_at_us = at_us};
  struct stage_report report = {0};
  OK(subject->ops->stage_begin(subject->ledger, "sync", &error));
  OK(subject->ops->stage(subject->ledger, "sync", &row, 1, &error));
  OK(subject->ops->stage_facts(subject->ledger, &rules, &report, &error));
  subject_fold(subject);
}

static void see(struct subject *subject, const char *id, int64_t at_us)
{
  see_row(subject, &(struct remote_lead){.id = id, .status = REMOTE_ACTIVE, .created_at_us = T0}, at_us);
}

static enum phase phase_of(struct subject *subject, const char *lead_id)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  enum phase phase = subject_lead(subject, lead_id, &page)->phase;
  page_clear(&page);
  return phase;
}

/* Nor that it runs in a subsequence, as the row of the first generation did. */
static void test_generation_in_subsequence(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  see_row(
      subject,
      &(struct remote_lead){.id = "id-1", .status = REMOTE_COMPLETED, .subsequence_id = "sub-1", .created_at_us = T0},
      T0 + HOUR_US);
  g_assert_cmpint(phase_of(subject, "L1"), ==, PHASE_IN_SUBSEQUENCE);
  put_generation(subject);
  g_assert_cmpint(phase_of(subject, "L1"), ==, PHASE_ADDED);
  struct suppression stop = {.person = "ann@x.org", .reason = "manual", .source = "command", .created_at_us = T0};
  OK(subject->ops->suppress(subject->ledger, &stop, 1, NULL, &error));
  struct removal_query live = {.now_us = T0 + 20 * HOUR_US, .of_stopped = true, .limit = 10};
  g_assert_cmpuint(removals_n(subject, &live, NULL), ==, 1);
  struct lead_event finished = about(EVENT_FINISHED, "L1", "ann@x.org", T0 + 13 * HOUR_US);
  finished.generation = 2;
  finished.reason = "no_reply";
  subject_append(subject, &finished, 1);
  subject_fold(subject);
  g_assert_cmpuint(removals_n(subject, &live, NULL), ==, 0); /* it is over: the subsequence was the other row's */
  see_row(
      subject,
      &(struct remote_lead){.id = "id-2", .status = REMOTE_COMPLETED, .subsequence_id = "sub-1", .created_at_us = T0},
      T0 + 14 * HOUR_US);
  g_assert_cmpuint(removals_n(subject, &live, NULL), ==, 1);
}

/* What the first generation's row showed says nothing about the second's: not that it was seen. */
static void test_generations(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  see(subject, "id-1", T0 + HOUR_US);
  struct lead_event replied = about(EVENT_STATUS, "L1", "ann@x.org", T0 + 2 * HOUR_US);
  replied.fact = FACT_REPLIED;
  subject_append(subject, &replied, 1);
  subject_fold(subject);
  struct suppression stop = {.person = "ann@x.org", .reason = "manual", .source = "command", .created_at_us = T0};
  OK(subject->ops->suppress(subject->ledger, &stop, 1, NULL, &error));
  struct removal_query live = {.now_us = T0 + 20 * HOUR_US, .of_stopped = true, .limit = 10};
  bool was_seen = true;
  g_assert_cmpuint(removals_n(subject, &live, NULL), ==,
                   1); /* it answered: the row itself is asked what becomes of it */
  put_generation(subject);
  g_assert_cmpuint(removals_n(subject, &live, &was_seen), ==, 1);
  g_assert_false(was_seen); /* a list that lags shows nothing of it, and it is not gone */
  see(subject, "id-2", T0 + 12 * HOUR_US);
  g_assert_cmpuint(removals_n(subject, &live, &was_seen), ==, 1);
  g_assert_true(was_seen);
  struct lead_event finished = about(EVENT_FINISHED, "L1", "ann@x.org", T0 + 13 * HOUR_US);
  finished.generation = 2;
  finished.reason = "no_reply";
  subject_append(subject, &finished, 1);
  subject_fold(subject);
  struct removal_query due = {.now_us = T0 + 20 * HOUR_US, .limit = 10};
  due.grace_us[OUTCOME_REPLIED] = INT64_MAX;
  g_assert_cmpuint(removals_n(subject, &due, NULL), ==, 1);
}

/* Guarantee 56. A row without a lead_id is no lead, and what it says of its person counts all the same. */
static void test_nameless(struct subject *subject)
{
  struct lead nameless = {.lead_id = " \t", .email = " ANN@x.org", .campaign_id = "camp-a", .cold_email_sent = true};
  struct lead tagged = {.lead_id = "", .email = "bob+old@x.org", .campaign_id = "camp-a", .last_email_status = "sent"};
  subject_put(subject, &nameless);
  subject_put(subject, &tagged);
  subject_put_plain(subject, "L1", "ann@x.org");
  subject_put_plain(subject, "L2", "bob@x.org");
  subject_put_plain(subject, "L3", "cyd@x.org");
  struct claim_rules rules = plain_rules("run-1", 1);
  assert_counted(subject, &rules, VERDICT_CONTACTED_BEFORE_US, 2);
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 1);
  struct person_query query = {.person = "bob@x.org", .now_us = subject->now_us};
  struct person_facts facts = {0};
  struct page text;
  page_init(&text, 1);
  OK(report_person_facts(subject->warehouse, &query, &text, &facts, &error));
  g_assert_true(facts.was_contacted_before);
  page_clear(&text);
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
  subject_add("persons/generations", test_generations);
  subject_add("persons/generation-in-subsequence", test_generation_in_subsequence);
  subject_add("persons/nameless", test_nameless);
  return g_test_run();
}
