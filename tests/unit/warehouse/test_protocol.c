/* Conformance of every backend: claims as the protocol reads them, what a crash leaves of them, and stops right before
 * sending. */
#include "subject.h"

#include "core/fold.h"

#include <string.h>

/* ---- reading claims ---- */

static void put_many(struct subject *subject, int n)
{
  for (int i = 1; i <= n; i++) {
    g_autofree char *lead_id = g_strdup_printf("L%d", i);
    g_autofree char *email = g_strdup_printf("p%d@x.org", i);
    struct lead lead = {.lead_id = lead_id,
                        .email = email,
                        .first_name = "Ann",
                        .last_name = "Lee",
                        .campaign_id = "camp-a",
                        .fields = "{\"city\":\"Ulm\"}"};
    subject_put(subject, &lead);
  }
}

static guint read_claims(struct subject *subject, struct claim_query query, struct page *page)
{
  OK(subject->ops->claims_read(subject->ledger, &query, page, &error));
  return page->rows->len;
}

static void test_claims_read(struct subject *subject)
{
  put_many(subject, 5);
  g_assert_cmpint(subject_claim_all(subject, "run-1", 3), ==, 5);
  subject_fold(subject);
  struct page page;
  page_init(&page, sizeof(struct claim));
  struct claim_query all = {.run_id = "run-1", .campaign_id = "camp-a", .to_ord = INT64_MAX, .limit = 2};
  g_assert_cmpuint(read_claims(subject, all, &page), ==, 2);
  const struct claim *first = page_row(&page, struct claim, 0);
  g_assert_cmpint(first->ord, ==, 1);
  g_assert_cmpint(first->epoch, ==, 3);
  g_assert_cmpint(first->generation, ==, 1);
  g_assert_cmpint(first->attempt, ==, 1);
  g_assert_cmpstr(first->run_id, ==, "run-1");
  g_assert_cmpstr(first->person, ==, "p1@x.org");
  g_assert_cmpstr(first->lead.email, ==, "p1@x.org");
  g_assert_cmpstr(first->lead.last_name, ==, "Lee");
  g_assert_nonnull(strstr(first->lead.fields, "Ulm"));
  g_assert_false(first->is_held);
  all.after_ord = 2;
  all.to_ord = 4;
  all.limit = 100;
  g_assert_cmpuint(read_claims(subject, all, &page), ==, 2);
  g_assert_cmpint(page_row(&page, struct claim, 0)->ord, ==, 3);
  all.campaign_id = "camp-b";
  g_assert_cmpuint(read_claims(subject, all, &page), ==, 0);

  struct lead_event added = settling(EVENT_ADDED, "L2", "p2@x.org", "run-1.2");
  added.epoch = 3;
  subject_append(subject, &added, 1);
  subject_fold(subject);
  subject_drop(subject, "L3");
  struct claim_query open = {.run_id = "run-1", .to_ord = INT64_MAX, .limit = 100, .only_unsettled = true};
  g_assert_cmpuint(read_claims(subject, open, &page), ==, 4);
  g_assert_cmpint(page_row(&page, struct claim, 1)->ord, ==, 3);
  g_assert_null(page_row(&page, struct claim, 1)->lead.email); /* the row is gone */
  g_assert_cmpstr(page_row(&page, struct claim, 1)->lead.lead_id, ==, "L3");
  page_clear(&page);
}

/* The row belongs to somebody else now: it must not lend its address to the claim. */
static void test_claim_of_another_person(struct subject *subject)
{
  put_many(subject, 1);
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 1);
  subject_fold(subject);
  subject_put_plain(subject, "L1", "somebody.else@x.org");
  struct page page;
  page_init(&page, sizeof(struct claim));
  struct claim_query query = {.run_id = "run-1", .to_ord = INT64_MAX, .limit = 10};
  g_assert_cmpuint(read_claims(subject, query, &page), ==, 1);
  const struct claim *claim = page_row(&page, struct claim, 0);
  g_assert_cmpstr(claim->person, ==, "p1@x.org");
  g_assert_null(claim->lead.email);
  page_clear(&page);
}

/* ---- what a crash leaves ---- */

static void append_sending(struct subject *subject, const char *batch_id, int64_t ord, int64_t ord_to)
{
  struct lead_event sending = {.kind = EVENT_SENDING,
                               .batch_id = batch_id,
                               .run_id = "run-1",
                               .campaign_id = "camp-a",
                               .ord = ord,
                               .ord_to = ord_to,
                               .generation = 1,
                               .epoch = 1,
                               .occurred_at_us = T0,
                               .body_hash = "00"};
  subject_append(subject, &sending, 1);
}

/* Guarantee 2. Claims in no `sending` are free again, and nobody is asked. */
static void test_never_sent(struct subject *subject)
{
  put_many(subject, 4);
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 4);
  append_sending(subject, "run-1.b1", 1, 2);
  struct lead_event rejected = settling(EVENT_REJECTED, "L3", "p3@x.org", "run-1.3"); /* settled, not folded */
  subject_append(subject, &rejected, 1);
  int64_t released_n = 0;
  OK(subject->ops->release_never_sent(subject->ledger, "run-1", &released_n, &error));
  g_assert_cmpint(released_n, ==, 0); /* its own run still means to send them */
  OK(subject->ops->release_never_sent(subject->ledger, "run-2", &released_n, &error));
  g_assert_cmpint(released_n, ==, 1);
  subject_fold(subject);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  const struct lead_report_row *row = subject_lead(subject, "L4", &page);
  g_assert_cmpint(row->state.settlement, ==, SETTLEMENT_RELEASED);
  g_assert_cmpstr(row->state.reason, ==, "never_sent");
  g_assert_cmpint(subject_lead(subject, "L3", &page)->state.settlement, ==, SETTLEMENT_REJECTED);
  g_assert_cmpint(subject_lead(subject, "L1", &page)->state.settlement, ==, SETTLEMENT_CLAIMED);
  page_clear(&page);
  OK(subject->ops->release_never_sent(subject->ledger, NULL, &released_n, &error));
  g_assert_cmpint(released_n, ==, 0);
}

static void test_open_batches(struct subject *subject)
{
  put_many(subject, 4);
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 4);
  subject->now_us += HOUR_US;
  append_sending(subject, "run-1.b1", 1, 2);
  append_sending(subject, "run-1.b2", 3, 4);
  struct lead_event settled[] = {settling(EVENT_ADDED, "L1", "p1@x.org", "run-1.1"),
                                 settling(EVENT_ADDED, "L2", "p2@x.org", "run-1.2"),
                                 settling(EVENT_ADDED, "L3", "p3@x.org", "run-1.3")};
  subject_append(subject, settled, 3);
  subject_fold(subject);
  struct page page;
  page_init(&page, sizeof(struct open_batch));
  OK(subject->ops->open_batches(subject->ledger, "run-1", &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 0);
  OK(subject->ops->open_batches(subject->ledger, NULL, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  const struct open_batch *batch = page_row(&page, struct open_batch, 0);
  g_assert_cmpstr(batch->batch_id, ==, "run-1.b2");
  g_assert_cmpstr(batch->run_id, ==, "run-1");
  g_assert_cmpstr(batch->campaign_id, ==, "camp-a");
  g_assert_cmpint(batch->ord, ==, 3);
  g_assert_cmpint(batch->ord_to, ==, 4);
  g_assert_cmpint(batch->sent_at_us, ==, T0 + HOUR_US);
  g_assert_cmpint(batch->attempt, ==, 1);
  page_clear(&page);
}

/* Guarantee 31. What is written again changes nothing. */
static void test_fold_is_idempotent(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct lead_event contacted = about(EVENT_STATUS, "L1", "ann@x.org", T0 + HOUR_US);
  contacted.fact = FACT_CONTACTED;
  subject_append(subject, &contacted, 1);
  subject_append(subject, &contacted, 1); /* the same fact twice is one fact */
  subject_fold(subject);
  subject_fold(subject);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  const struct lead_report_row *row = subject_lead(subject, "L1", &page);
  g_assert_true(row->has_state);
  g_assert_cmpint(row->phase, ==, PHASE_ADDED);
  g_assert_cmpint(row->state.sent_at_us, ==, T0 + HOUR_US);
  g_assert_cmpint(row->state.email_status, ==, EMAIL_STATUS_SENT);
  g_assert_cmpstr(row->state.instantly_id, ==, "id-1");
  g_assert_cmpint(row->state.first_recorded_at_us, ==, T0);
  page_clear(&page);
}

/* Without a number a hold takes the ledger's time: it outranks every earlier resolution. */
static void test_hold_number(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct lead_event resolved = about(EVENT_RESOLVED, "L1", "ann@x.org", T0);
  resolved.attempt = T0 - 1;
  struct lead_event held = about(EVENT_HELD, "L1", "ann@x.org", T0);
  held.reason = "relaunched";
  subject_append(subject, &resolved, 1);
  subject_append(subject, &held, 1);
  subject_fold(subject);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_cmpint(subject_lead(subject, "L1", &page)->state.held_n, ==, T0);
  g_assert_true(state_is_held(&subject_lead(subject, "L1", &page)->state));
  page_clear(&page);
}

/* Held, resolved, and then the clock is set back: the next hold holds all the same. */
static void test_hold_after_a_clock_step(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct lead_event resolved = about(EVENT_RESOLVED, "L1", "ann@x.org", T0);
  resolved.attempt = T0;
  struct lead_event held = about(EVENT_HELD, "L1", "ann@x.org", T0);
  held.reason = "relaunched";
  subject_append(subject, &resolved, 1);
  subject_fold(subject);
  subject->now_us = T0 - HOUR_US;
  subject_append(subject, &held, 1);
  subject_fold(subject);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_cmpint(subject_lead(subject, "L1", &page)->state.held_n, ==, T0 + 1);
  g_assert_true(state_is_held(&subject_lead(subject, "L1", &page)->state));
  page_clear(&page);
}

/* A lead that a lost campaign takes with it is held as well where the last resolution has a number of the future. */
static void test_hold_campaign_after_a_clock_step(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct lead_event resolved = about(EVENT_RESOLVED, "L1", "ann@x.org", T0);
  resolved.attempt = T0 + DAY_US;
  subject_append(subject, &resolved, 1);
  subject_fold(subject);
  int64_t held_n = 0;
  OK(subject->ops->hold_campaign(subject->ledger, "camp-a", "sync-1", &held_n, &error));
  g_assert_cmpint(held_n, ==, 1);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_cmpint(subject_lead(subject, "L1", &page)->state.held_n, ==, T0 + DAY_US + 1);
  g_assert_true(state_is_held(&subject_lead(subject, "L1", &page)->state));
  OK(subject->ops->hold_campaign(subject->ledger, "camp-a", "sync-1", &held_n, &error));
  g_assert_cmpint(held_n, ==, 0);
  page_clear(&page);
}

/* Whose stamp a row carries is seen in the claims, settled or not, of which a request is recorded. */
static void test_stamps(struct subject *subject)
{
  static const struct {
    const char *stamp;
    bool is_known;
  } cases[] = {{"1:run-1.1", true},  {"2:run-1.2", true},  {"1:run-1.3", false},
               {"1:run-1.4", false}, {"1:run-2.1", false}, {"ann", false}};
  put_many(subject, 3);
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 3);
  struct lead_event sending = {.kind = EVENT_SENDING,
                               .batch_id = "run-1.1",
                               .campaign_id = "camp-a",
                               .ord = 1,
                               .ord_to = 2,
                               .epoch = 1,
                               .run_id = "run-1",
                               .occurred_at_us = T0};
  subject_append(subject, &sending, 1);
  subject_fold(subject); /* as every job does before it asks */
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    bool is_known = !cases[i].is_known;
    OK(subject->ops->stamp_is_known(subject->ledger, cases[i].stamp, &is_known, &error));
    g_assert_cmpint(is_known, ==, cases[i].is_known);
  }
}

/* ---- stops right before sending ---- */

static void test_stops_check(struct subject *subject)
{
  put_many(subject, 4);
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 4);
  subject_fold(subject);
  struct suppression stops[] = {{.person = "p2+news@x.org", .reason = "manual", .source = "command"},
                                {.person = "p4@x.org", .reason = "bounced", .source = "sync", .expires_at_us = T0 - 1}};
  OK(subject->ops->suppress(subject->ledger, stops, 2, NULL, &error));
  struct lead_event held = about(EVENT_HELD, "L3", "p3@x.org", T0);
  held.attempt = 1;
  held.reason = "relaunched";
  subject_append(subject, &held, 1);
  subject_fold(subject);
  struct page claims, stopped;
  page_init(&claims, sizeof(struct claim));
  page_init(&stopped, sizeof(struct stopped_claim));
  struct claim_query query = {.run_id = "run-1", .to_ord = INT64_MAX, .limit = 10};
  g_assert_cmpuint(read_claims(subject, query, &claims), ==, 4);
  g_assert_true(page_row(&claims, struct claim, 2)->is_held);
  const struct claim *pointers[4];
  for (guint i = 0; i < 4; i++)
    pointers[i] = page_row(&claims, struct claim, i);
  struct stops_query look = {.claims = pointers, .claims_n = 4, .now_us = subject->now_us};
  OK(subject->ops->stops_check(subject->ledger, &look, &stopped, &error));
  g_assert_cmpuint(stopped.rows->len, ==, 2);
  g_assert_cmpint(page_row(&stopped, struct stopped_claim, 0)->ord, ==, 2);
  g_assert_cmpstr(page_row(&stopped, struct stopped_claim, 0)->reason, ==, "manual");
  g_assert_cmpint(page_row(&stopped, struct stopped_claim, 1)->ord, ==, 3);
  g_assert_cmpstr(page_row(&stopped, struct stopped_claim, 1)->reason, ==, "held");
  page_clear(&claims);
  page_clear(&stopped);
}

static bool hold_is_on(struct subject *subject, const char *campaign_id, const char *expected)
{
  bool is_on = false;
  g_autofree char *reason = NULL;
  OK(subject->ops->hold_check(subject->ledger, campaign_id, &is_on, &reason, &error));
  if (is_on) g_assert_cmpstr(reason, ==, expected);
  return is_on;
}

static void test_hold_check(struct subject *subject)
{
  g_assert_false(hold_is_on(subject, NULL, NULL));
  subject_hold(subject, "camp-a", "copy is wrong");
  g_assert_true(hold_is_on(subject, "camp-a", "copy is wrong"));
  g_assert_false(hold_is_on(subject, "camp-b", NULL));
  g_assert_false(hold_is_on(subject, NULL, NULL));
  subject_hold(subject, "camp-a", NULL);
  subject_hold(subject, NULL, "everything");
  g_assert_true(hold_is_on(subject, NULL, "everything"));
  g_assert_true(hold_is_on(subject, "camp-b", "everything"));
}

static void test_campaign_counts(struct subject *subject)
{
  put_many(subject, 4);
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 4);
  struct lead_event events[] = {
      settling(EVENT_ADDED, "L1", "p1@x.org", "run-1.1"), settling(EVENT_RELEASED, "L2", "p2@x.org", "run-1.2"),
      settling(EVENT_ADOPTED, "L3", "p3@x.org", "run-1.3"), about(EVENT_STATUS, "L1", "p1@x.org", T0)};
  events[3].fact = FACT_CONTACTED;
  subject_append(subject, events, 4);
  subject_fold(subject);
  struct campaign_counts counts;
  OK(subject->ops->campaign_counts(subject->ledger, "camp-a", T0 - HOUR_US, &counts, &error));
  g_assert_cmpint(counts.claimed_today, ==, 3);
  g_assert_cmpint(counts.ever_fed, ==, 1); /* by us */
  g_assert_cmpint(counts.ever_contacted, ==, 1);
  OK(subject->ops->campaign_counts(subject->ledger, "camp-a", T0 + HOUR_US, &counts, &error));
  g_assert_cmpint(counts.claimed_today, ==, 0);
}

/* The claim and the look before sending judge an entry's end by one now, the job's, wherever the ledger's clock stands:
 * otherwise somebody stopped at the claim could be free at the send, or the other way round. */
static void test_stops_clock(struct subject *subject)
{
  put_many(subject, 2);
  struct suppression stops[] = {
      {.person = "p1@x.org", .reason = "bounced", .source = "sync", .expires_at_us = T0 + HOUR_US}};
  static const int64_t clocks[] = {T0 - 50 * HOUR_US, T0, T0 + 50 * HOUR_US};
  OK(subject->ops->suppress(subject->ledger, stops, 1, NULL, &error));
  const struct claim one = {.ord = 1, .run_id = "run-1", .campaign_id = "camp-a", .person = "p1@x.org"};
  const struct claim *const claims[] = {&one};
  struct page stopped;
  page_init(&stopped, sizeof(struct stopped_claim));
  for (size_t i = 0; i < G_N_ELEMENTS(clocks); i++) {
    subject->now_us = clocks[i];
    for (int hour = -1; hour <= 2; hour++) {
      int64_t now_us = T0 + hour * HOUR_US;
      struct claim_rules rules = plain_rules("dry", 1);
      struct claim_report report;
      rules.is_dry_run = true;
      rules.now_us = now_us;
      subject_claim(subject, &rules, &report);
      struct stops_query look = {.claims = claims, .claims_n = 1, .now_us = now_us};
      OK(subject->ops->stops_check(subject->ledger, &look, &stopped, &error));
      g_assert_cmpint(counted(&report, VERDICT_SUPPRESSED, "bounced"), ==, hour < 1);
      g_assert_cmpuint(stopped.rows->len, ==, hour < 1);
      claim_report_clear(&report);
    }
  }
  page_clear(&stopped);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("claims-read", test_claims_read);
  subject_add("claims-read/another-person", test_claim_of_another_person);
  subject_add("never-sent", test_never_sent);
  subject_add("open-batches", test_open_batches);
  subject_add("fold", test_fold_is_idempotent);
  subject_add("fold/hold-number", test_hold_number);
  subject_add("fold/hold-after-a-clock-step", test_hold_after_a_clock_step);
  subject_add("hold-campaign", test_hold_campaign_after_a_clock_step);
  subject_add("stops-check", test_stops_check);
  subject_add("stops-clock", test_stops_clock);
  subject_add("hold-check", test_hold_check);
  subject_add("stamps", test_stamps);
  subject_add("campaign-counts", test_campaign_counts);
  return g_test_run();
}
