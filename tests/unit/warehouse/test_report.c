/* Conformance of every backend: runs, what they leave, reports and retry. */
#include "subject.h"

#include "core/fold.h"

#include <string.h>

/* ---- runs ---- */

static void run(struct subject *subject, struct run_record begin, struct run_record end)
{
  OK(subject->ops->run_begin(subject->ledger, &begin, &error));
  subject->now_us += HOUR_US;
  OK(subject->ops->run_end(subject->ledger, &end, &error));
}

static void test_runs(struct subject *subject)
{
  struct ledger_facts facts;
  OK(subject->ops->facts(subject->ledger, &facts, &error));
  g_assert_cmpint(facts.full_scan_finished_at_us, ==, 0);
  g_assert_cmpint(facts.stops_read_at_us, ==, 0);
  g_assert_cmpint(facts.last_source_rows, ==, 0);
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_put_plain(subject, "L2", "bob@x.org");
  run(subject, (struct run_record){.run_id = "s1", .job = "sync", .started_at_us = T0},
      (struct run_record){.run_id = "s1",
                          .job = "sync",
                          .verdict = "ok",
                          .started_at_us = T0,
                          .ended_at_us = T0 + 9,
                          .scan_started_at_us = T0 + 1,
                          .full_scan_finished_at_us = T0 + 5,
                          .stops_read_at_us = T0 + 6,
                          .source_rows = 40});
  run(subject, (struct run_record){.run_id = "s2", .job = "sync", .started_at_us = T0 + 20},
      (struct run_record){.run_id = "s2",
                          .job = "sync",
                          .verdict = "failed",
                          .exit_code = 1,
                          .started_at_us = T0 + 20,
                          .ended_at_us = T0 + 30});
  OK(subject->ops->facts(subject->ledger, &facts, &error));
  g_assert_cmpint(facts.full_scan_started_at_us, ==, T0 + 1);
  g_assert_cmpint(facts.full_scan_finished_at_us, ==, T0 + 5);
  g_assert_cmpint(facts.full_scan_ended_at_us, ==, T0 + 9);
  g_assert_cmpint(facts.stops_read_at_us, ==, T0 + 6);
  g_assert_cmpint(facts.last_source_rows, ==, 40);
  g_assert_cmpint(facts.source_rows, ==, 2);
  g_assert_cmpint(facts.enrolled, ==, 1);
  g_assert_cmpint(facts.unsettled, ==, 0);
}

static void test_run_counts(struct subject *subject)
{
  struct run_record begin = {.run_id = "run-1", .job = "export", .started_at_us = T0};
  struct run_record end = {.run_id = "run-1",
                           .job = "export",
                           .verdict = "partial",
                           .exit_code = 3,
                           .started_at_us = T0,
                           .ended_at_us = T0 + 5,
                           .detail = "{}"};
  subject_put_plain(subject, "L1", "ann@x.org");
  subject_put_plain(subject, "L2", "bob@x.org");
  OK(subject->ops->run_begin(subject->ledger, &begin, &error));
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 2);
  struct lead_event events[] = {settling(EVENT_ADDED, "L1", "ann@x.org", "run-1.1"),
                                settling(EVENT_REJECTED, "L2", "bob@x.org", "run-1.2")};
  events[1].reason = "invalid";
  subject_append(subject, events, 2);
  OK(subject->ops->run_end(subject->ledger, &end, &error));
  struct page page;
  page_init(&page, sizeof(struct run_row));
  OK(report_runs(subject->warehouse, &(struct run_query){.limit = 10}, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  const struct run_row *row = page_row(&page, struct run_row, 0);
  g_assert_cmpstr(row->run.run_id, ==, "run-1");
  g_assert_cmpstr(row->run.job, ==, "export");
  g_assert_cmpstr(row->run.verdict, ==, "partial");
  g_assert_cmpint(row->run.exit_code, ==, 3);
  g_assert_cmpint(row->run.started_at_us, ==, T0);
  g_assert_cmpint(row->run.ended_at_us, ==, T0 + 5);
  g_assert_nonnull(strstr(row->counts, "\"claimed\":2"));
  g_assert_nonnull(strstr(row->counts, "\"added\":1"));
  g_assert_nonnull(strstr(row->counts, "\"rejected/invalid\":1"));
  OK(report_runs(subject->warehouse, &(struct run_query){.run_id = "no such", .limit = 10}, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 0);
  page_clear(&page);
}

/* A run that died has its start row only; the newest comes first. */
static void test_run_order(struct subject *subject)
{
  struct run_record first = {.run_id = "r1", .job = "export", .started_at_us = T0};
  struct run_record second = {.run_id = "r2", .job = "sync", .started_at_us = T0 + 1};
  OK(subject->ops->run_begin(subject->ledger, &first, &error));
  OK(subject->ops->run_begin(subject->ledger, &second, &error));
  struct page page;
  page_init(&page, sizeof(struct run_row));
  OK(report_runs(subject->warehouse, &(struct run_query){.limit = 1}, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  g_assert_cmpstr(page_row(&page, struct run_row, 0)->run.run_id, ==, "r2");
  g_assert_null(page_row(&page, struct run_row, 0)->run.verdict);
  g_assert_cmpint(page_row(&page, struct run_row, 0)->run.ended_at_us, ==, 0);
  struct run_record third = {.run_id = "r3", .job = "sync", .started_at_us = T0 + 2};
  OK(subject->ops->run_begin(subject->ledger, &third, &error));
  OK(report_runs(subject->warehouse, &(struct run_query){.is_last_of_job = true, .limit = 9}, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 2);
  g_assert_cmpstr(page_row(&page, struct run_row, 0)->run.run_id, ==, "r3");
  g_assert_cmpstr(page_row(&page, struct run_row, 1)->run.run_id, ==, "r1");
  page_clear(&page);
}

/* ---- leads ---- */

static void test_leads(struct subject *subject)
{
  subject_enrol(subject, "L2", "bob@x.org", "id-2");
  subject_put_plain(subject, "L1", "ann@x.org");
  subject_put_plain(subject, "L3", "cid@x.org");
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  OK(report_leads(subject->warehouse, NULL, 2, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 2);
  g_assert_cmpstr(page_row(&page, struct lead_report_row, 0)->lead.lead_id, ==, "L1");
  g_assert_false(page_row(&page, struct lead_report_row, 0)->has_state);
  g_assert_true(page_row(&page, struct lead_report_row, 1)->has_state);
  g_assert_cmpint(page_row(&page, struct lead_report_row, 1)->phase, ==, PHASE_ADDED);
  OK(report_leads(subject->warehouse, "L2", 2, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  page_clear(&page);
}

/* By lead_id, address, Instantly id; a lead whose row is gone is found too. */
static void test_find(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  static const char *const names[] = {"L1", "ann@x.org", "id-1"};
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    g_assert_cmpstr(subject_lead(subject, names[i], &page)->lead.lead_id, ==, "L1");
  subject_drop(subject, "L1");
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    const struct lead_report_row *row = subject_lead(subject, names[i], &page);
    g_assert_cmpstr(row->lead.lead_id, ==, "L1");
    g_assert_null(row->lead.email);
    g_assert_true(row->has_state);
  }
  OK(report_find(subject->warehouse, "nobody", &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 0);
  page_clear(&page);
}

/* A lead_id that is an address is shown as a keyed reference, which finds it. */
static void test_reference(struct subject *subject)
{
  subject_put_plain(subject, "ann@x.org", "ann@x.org");
  g_autofree char *plain = subject->ops->lead_ref(subject->ledger, "L1");
  g_autofree char *reference = subject->ops->lead_ref(subject->ledger, "ann@x.org");
  g_autofree char *again = subject->ops->lead_ref(subject->ledger, "ann@x.org");
  g_assert_cmpstr(plain, ==, "L1");
  g_assert_null(strstr(reference, "ann"));
  g_assert_null(strchr(reference, '@'));
  g_assert_cmpstr(reference, ==, again);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_cmpstr(subject_lead(subject, reference, &page)->lead.lead_id, ==, "ann@x.org");
  page_clear(&page);
}

static void test_events(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct lead_event early = about(EVENT_STATUS, "L1", "ann@x.org", T0 - HOUR_US);
  early.fact = FACT_CONTACTED;
  subject_append(subject, &early, 1);
  struct page page;
  page_init(&page, sizeof(struct lead_event));
  OK(report_events(subject->warehouse, "L1", &page, &error));
  static const enum event_kind expected[] = {EVENT_STATUS, EVENT_CLAIMED, EVENT_ADDED};
  g_assert_cmpuint(page.rows->len, ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint(page_row(&page, struct lead_event, i)->kind, ==, expected[i]);
  g_assert_cmpint(page_row(&page, struct lead_event, 0)->recorded_at_us, ==, T0);
  g_assert_cmpstr(page_row(&page, struct lead_event, 2)->claim_id, ==, "enrol-L1.1");
  page_clear(&page);
}

static void test_person_facts(struct subject *subject)
{
  struct page text;
  page_init(&text, 1);
  struct person_facts facts;
  OK(report_person_facts(subject->warehouse, &(struct person_query){"ann@x.org", T0}, &text, &facts, &error));
  g_assert_false(facts.has_events || facts.is_held || facts.is_unsettled || facts.was_contacted_before);
  g_assert_cmpint(facts.last_enrolled_at_us, ==, 0);
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct lead_event finished = about(EVENT_FINISHED, "L1", "ann@x.org", T0 + HOUR_US);
  finished.reason = "bounced";
  subject_append(subject, &finished, 1);
  subject_fold(subject);
  struct lead other = {.lead_id = "L2", .email = "ann@x.org", .last_email_status = "opened"};
  subject_put(subject, &other);
  struct suppression stop = {.domain = "x.org", .reason = "manual", .source = "command"};
  OK(subject->ops->suppress(subject->ledger, &stop, 1, NULL, &error));
  OK(report_person_facts(subject->warehouse, &(struct person_query){"ann@x.org", T0}, &text, &facts, &error));
  g_assert_true(facts.has_events && facts.is_in_instantly);
  g_assert_false(facts.is_held || facts.is_unsettled || facts.was_contacted_before);
  g_assert_cmpint(facts.last_enrolled_at_us, ==, T0);
  g_assert_cmpint(facts.last_outcome, ==, OUTCOME_BOUNCED);
  g_assert_cmpint(facts.last_finished_at_us, ==, T0 + HOUR_US);
  g_assert_cmpstr(facts.suppression, ==, "manual");
  struct lead tagged = {.lead_id = "L3", .email = "Ann+news@x.org", .cold_email_sent = true};
  subject_put(subject, &tagged);
  OK(report_person_facts(subject->warehouse, &(struct person_query){"ann+x@x.org", T0}, &text, &facts, &error));
  g_assert_true(facts.has_events && facts.was_contacted_before);
  g_assert_cmpint(facts.last_enrolled_at_us, ==, T0);
  page_clear(&text);
}

/* ---- errors and counts ---- */

static void fail_once(struct subject *subject, const char *type)
{
  g_autofree char *key = g_strconcat("run|sync|", type, NULL);
  struct error_row row = {.type = type, .message = "sync failed", .key = key, .run_job = "sync"};
  subject->now_us += HOUR_US;
  OK(subject->ops->errors_append(subject->ledger, &row, 1, &error));
}

static void end_once(struct subject *subject, const char *run_id, const char *job, int64_t exit_code)
{
  struct run_record run = {.run_id = run_id, .job = job, .started_at_us = subject->now_us};
  OK(subject->ops->run_begin(subject->ledger, &run, &error));
  subject->now_us += HOUR_US;
  run.verdict = "as it went";
  run.exit_code = exit_code;
  run.ended_at_us = subject->now_us;
  OK(subject->ops->run_end(subject->ledger, &run, &error));
}

static void check_newest(struct subject *subject, const char *type, int64_t retry_count)
{
  struct page page;
  page_init(&page, sizeof(struct error_report_row));
  struct error_query query = {.limit = 10};
  OK(report_errors(subject->warehouse, &query, &page, &error));
  const struct error_report_row *newest = page_row(&page, struct error_report_row, 0);
  g_assert_cmpstr(newest->type, ==, type);
  g_assert_null(newest->lead_ref);
  g_assert_cmpint(newest->retry_count, ==, retry_count);
  page_clear(&page);
}

/* What fails again is the same error, counted on until the job ends well. */
static void test_errors_of_runs(struct subject *subject)
{
  fail_once(subject, "temporary");
  check_newest(subject, "temporary", 0);
  fail_once(subject, "temporary");
  end_once(subject, "run-1", "sync", EXIT_CODE_TEMPORARY);
  end_once(subject, "run-2", "export", EXIT_CODE_OK);
  fail_once(subject, "temporary");
  check_newest(subject, "temporary", 2);
  fail_once(subject, "key_refused");
  check_newest(subject, "key_refused", 0);
  end_once(subject, "run-3", "sync", EXIT_CODE_PARTIAL);
  fail_once(subject, "temporary");
  check_newest(subject, "temporary", 0);
}

static void test_errors(struct subject *subject)
{
  struct error_row rows[] = {{.type = "transient", .lead_ref = "L1", .message = "no answer", .key = "k1"},
                             {.type = "rejected", .message = "refused", .key = "k2"}};
  OK(subject->ops->errors_append(subject->ledger, rows, 2, &error));
  subject->now_us += HOUR_US;
  rows[0].retry_count = 1; /* the same thing once more keeps its id */
  OK(subject->ops->errors_append(subject->ledger, rows, 1, &error));
  struct page page;
  page_init(&page, sizeof(struct error_report_row));
  struct error_query query = {.limit = 10};
  OK(report_errors(subject->warehouse, &query, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 2);
  const struct error_report_row *newest = page_row(&page, struct error_report_row, 0);
  g_assert_cmpstr(newest->type, ==, "transient");
  g_assert_cmpstr(newest->lead_ref, ==, "L1");
  g_assert_cmpint(newest->retry_count, ==, 1);
  g_assert_cmpint(newest->at_us, ==, T0 + HOUR_US);
  query.type = "rejected";
  OK(report_errors(subject->warehouse, &query, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  g_assert_null(page_row(&page, struct error_report_row, 0)->lead_ref);
  query = (struct error_query){.since_us = T0 + 1, .limit = 10};
  OK(report_errors(subject->warehouse, &query, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  page_clear(&page);
}

static int64_t count_of(const struct page *page, const char *group, const char *name)
{
  int64_t n = 0;
  for (guint i = 0; i < page->rows->len; i++) {
    const struct named_count *row = page_row(page, struct named_count, i);
    if (strcmp(row->group, group) == 0 && g_strcmp0(row->name, name) == 0) n += row->n;
  }
  return n;
}

static void test_counts(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_enrol(subject, "L2", "bob@x.org", "id-2");
  struct lead_event events[] = {about(EVENT_FINISHED, "L2", "bob@x.org", T0),
                                about(EVENT_STATUS, "L2", "bob@x.org", T0), about(EVENT_HELD, "L1", "ann@x.org", T0)};
  events[0].reason = "bounced";
  events[1].fact = FACT_BOUNCED;
  events[2].reason = "relaunched";
  events[2].attempt = 1;
  subject_append(subject, events, 3);
  subject_fold(subject);
  struct suppression stop = {.person = "bob@x.org", .reason = "bounced", .source = "sync"};
  OK(subject->ops->suppress(subject->ledger, &stop, 1, NULL, &error));
  struct page page;
  page_init(&page, sizeof(struct named_count));
  OK(report_counts(subject->warehouse, &page, &error));
  g_assert_cmpint(count_of(&page, "phase", "added"), ==, 1);
  g_assert_cmpint(count_of(&page, "phase", "finished"), ==, 1);
  g_assert_cmpint(count_of(&page, "outcome", "bounced"), ==, 1);
  g_assert_cmpint(count_of(&page, "email_status", "bounced"), ==, 1);
  g_assert_cmpint(count_of(&page, "held", "relaunched"), ==, 1);
  g_assert_cmpint(count_of(&page, "suppression", "bounced"), ==, 1);
  g_assert_cmpint(count_of(&page, "notice", "gone_from_source"), ==, 0);
  page_clear(&page);
}

/* ---- retry ---- */

static int64_t retry(struct subject *subject, struct retry_query query, bool is_dry_run)
{
  int64_t retried_n = -1;
  query.limit = 100;
  query.run_id = "retry-1";
  query.is_dry_run = is_dry_run;
  OK(retry_leads(subject->warehouse, &query, &retried_n, &error));
  subject_fold(subject);
  return retried_n;
}

static void test_retry(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  subject_put_plain(subject, "L2", "bob@x.org");
  subject_put_plain(subject, "L3", "cid@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 3);
  struct lead_event events[] = {
      settling(EVENT_REJECTED, "L1", "ann@x.org", "run-1.1"), settling(EVENT_SKIPPED, "L2", "bob@x.org", "run-1.2"),
      settling(EVENT_ADDED, "L3", "cid@x.org", "run-1.3"), about(EVENT_HELD, "L3", "cid@x.org", T0)};
  events[0].reason = "invalid";
  events[3].attempt = 1;
  events[3].reason = "relaunched";
  subject_append(subject, events, 4);
  subject_fold(subject);
  g_assert_cmpint(subject_claim_all(subject, "run-2", 2), ==, 0);
  g_assert_cmpint(retry(subject, (struct retry_query){.all = true}, true), ==, 2);
  g_assert_cmpint(retry(subject, (struct retry_query){.type = "invalid"}, false), ==, 1);
  g_assert_cmpint(retry(subject, (struct retry_query){.type = "invalid"}, false), ==, 0);
  g_assert_cmpint(retry(subject, (struct retry_query){.lead_id = "L2"}, false), ==, 1);
  g_assert_cmpint(subject_claim_all(subject, "run-3", 3), ==, 2);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_true(state_is_held(&subject_lead(subject, "L3", &page)->state)); /* not asked for by name so far */
  g_assert_cmpint(retry(subject, (struct retry_query){.lead_id = "L3"}, false), ==, 1);
  g_assert_false(state_is_held(&subject_lead(subject, "L3", &page)->state));
  g_assert_cmpint(subject_lead(subject, "L3", &page)->state.settlement, ==, SETTLEMENT_ADDED);
  page_clear(&page);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("runs", test_runs);
  subject_add("runs/counts", test_run_counts);
  subject_add("runs/order", test_run_order);
  subject_add("report/leads", test_leads);
  subject_add("report/find", test_find);
  subject_add("report/reference", test_reference);
  subject_add("report/events", test_events);
  subject_add("report/person-facts", test_person_facts);
  subject_add("report/errors", test_errors);
  subject_add("report/errors-of-runs", test_errors_of_runs);
  subject_add("report/counts", test_counts);
  subject_add("retry", test_retry);
  return g_test_run();
}
