/* Conformance of every backend: what a sync read becomes stops and facts; removals that are due. */
#include "stage_fixture.h"

#include "core/fold.h"
#include "core/sync.h"

#include <string.h>

static void test_facts(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  struct remote_lead seen = row("id-1", "ann@x.org", "1:enrol-L1.1");
  struct stage_report report = scan(subject, "sync-1", &seen, 1);
  g_assert_cmpint(report.staged_n, ==, 1);
  g_assert_cmpint(report.facts_n, ==, 0);
  seen.contacted_at_us = seen.last_step_at_us = T0 + HOUR_US;
  seen.opens = 2;
  g_assert_cmpint(scan(subject, "sync-2", &seen, 1).facts_n, ==, 2);
  struct lead_state state = state_of(subject, "L1", &page);
  g_assert_cmpint(state.email_status, ==, EMAIL_STATUS_OPENED);
  g_assert_cmpint(state.sent_at_us, ==, T0 + HOUR_US);
  g_assert_cmpint(state.last_seen_at_us, ==, subject->now_us);
  g_assert_cmpint(scan(subject, "sync-3", &seen, 1).facts_n, ==, 0); /* a fact is written once */
  seen.status = REMOTE_COMPLETED;
  seen.subsequence_id = "sub-1";
  g_assert_cmpint(scan(subject, "sync-4", &seen, 1).finished_n, ==, 0);
  g_assert_cmpint(subject_lead(subject, "L1", &page)->phase, ==, PHASE_IN_SUBSEQUENCE);
  seen.subsequence_id = NULL;
  report = scan(subject, "sync-5", &seen, 1);
  g_assert_cmpint(report.finished_n, ==, 1);
  state = state_of(subject, "L1", &page);
  g_assert_cmpint(state.outcome, ==, OUTCOME_NO_REPLY);
  g_assert_cmpint(state.finished_at_us, ==, T0 + HOUR_US);
  g_assert_null(state.subsequence_id);
  page_clear(&page);
}

/* A row seen twice in one run counts as it was last; rows of other runs are gone. */
static void test_staged_twice(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct remote_lead rows[] = {row("id-1", "ann@x.org", NULL), row("id-1", "ann@x.org", NULL)};
  rows[0].status = REMOTE_BOUNCED;
  rows[1].status = REMOTE_SKIPPED;
  struct stage_report report = scan(subject, "sync-1", rows, 2);
  g_assert_cmpint(report.staged_n, ==, 1);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_cmpint(state_of(subject, "L1", &page).outcome, ==, OUTCOME_SKIPPED);
  report = scan(subject, "sync-2", NULL, 0);
  g_assert_cmpint(report.staged_n, ==, 0);
  page_clear(&page);
}

static void test_moved(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct remote_lead seen = row("id-1", "ann@x.org", "1:enrol-L1.1");
  seen.campaign_id = "camp-b";
  g_assert_cmpint(scan(subject, "sync-1", &seen, 1).moved_n, ==, 1);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  struct lead_state state = state_of(subject, "L1", &page);
  g_assert_cmpstr(state.current_campaign_id, ==, "camp-b");
  g_assert_cmpstr(state.campaign_id, ==, "camp-a"); /* of the claim */
  g_assert_cmpint(scan(subject, "sync-2", &seen, 1).moved_n, ==, 0);
  seen.id = "id-2"; /* put in again with our stamp */
  g_assert_cmpint(scan(subject, "sync-3", &seen, 1).moved_n, ==, 1);
  g_assert_cmpstr(state_of(subject, "L1", &page).instantly_id, ==, "id-2");
  page_clear(&page);
}

static void test_vanished(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  struct stage_report report = scan(subject, "sync-1", NULL, 0);
  g_assert_cmpint(report.vanished_n, ==, 1);
  g_assert_cmpint(report.finished_n, ==, 0);
  g_assert_cmpint(state_of(subject, "L1", &page).outcome, ==, OUTCOME_NONE);
  report = scan(subject, "sync-2", NULL, 0); /* an hour later proves nothing more */
  g_assert_cmpint(report.finished_n, ==, 0);
  struct remote_lead seen = row("id-1", "ann@x.org", "1:enrol-L1.1");
  scan(subject, "sync-3", &seen, 1); /* there it is again: the count begins anew */
  subject->now_us += DAY_US;
  g_assert_cmpint(scan(subject, "sync-4", NULL, 0).finished_n, ==, 0);
  subject->now_us += DAY_US;
  report = scan(subject, "sync-5", NULL, 0);
  g_assert_cmpint(report.finished_n, ==, 1);
  struct lead_state state = state_of(subject, "L1", &page);
  g_assert_cmpint(state.outcome, ==, OUTCOME_REMOVED_BY_HAND);
  g_assert_true(state_is_enrolled(&state)); /* never sent again */
  subject->now_us += 2 * DAY_US;
  report = scan(subject, "sync-6", NULL, 0);
  g_assert_cmpint(report.vanished_n + report.finished_n, ==, 0);
  page_clear(&page);
}

/* Absent by id but there under our stamp; not a full scan; added after the scan began: none of them is gone. */
static void test_not_vanished(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct remote_lead again = row("id-9", "ann@x.org", "1:enrol-L1.1");
  g_assert_cmpint(scan(subject, "sync-1", &again, 1).vanished_n, ==, 0);
  struct stage_rules rules = stage_rules(subject, "sync-2");
  struct stage_report report = {0};
  OK(subject->ops->stage_begin(subject->ledger, "sync-2", &error));
  rules.is_full_scan = false;
  OK(subject->ops->stage_facts(subject->ledger, &rules, &report, &error));
  g_assert_cmpint(report.vanished_n, ==, 0);
  rules.is_full_scan = true;
  rules.scan_started_at_us = T0 - HOUR_US;
  OK(subject->ops->stage_facts(subject->ledger, &rules, &report, &error));
  g_assert_cmpint(report.vanished_n, ==, 0);
}

/* An id that an answer once said and that is none, or another case of one: the row that carries the lead's stamp has
 * it. */
static void test_odd_id(struct subject *subject)
{
  static const char *const odd[] = {"lead-7", "01990000-0000-7000-8000-00000000000A", "01990000-0000-7000-8000"};
  for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
    g_autofree char *lead_id = g_strdup_printf("L%zu", i);
    g_autofree char *person = g_strdup_printf("p%zu@x.org", i);
    g_autofree char *id = g_strdup_printf("01990000-0000-7000-8000-00000000000%c", "abc"[i]);
    g_autofree char *stamp = g_strdup_printf("1:enrol-%s.1", lead_id);
    g_autofree char *run_id = g_strdup_printf("sync-%zu", i);
    subject_enrol(subject, lead_id, person, odd[i]);
    struct remote_lead seen = row(id, person, stamp);
    struct stage_report report = scan(subject, run_id, &seen, 1);
    g_assert_cmpint(report.foreign_n, ==, 0);
    struct page page;
    page_init(&page, sizeof(struct lead_report_row));
    g_assert_cmpstr(state_of(subject, lead_id, &page).instantly_id, ==, id);
    page_clear(&page);
  }
}

static void settle_elsewhere(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 1);
  struct lead_event found = settling(EVENT_FOUND_ELSEWHERE, "L1", "ann@x.org", "run-1.1");
  found.campaign_id = "camp-b";
  found.instantly_id = "id-5";
  subject_append(subject, &found, 1);
  subject_fold(subject);
}

static void test_adopted(struct subject *subject)
{
  settle_elsewhere(subject);
  struct remote_lead seen = row("id-5", "ann@x.org", NULL);
  seen.campaign_id = "camp-b";
  struct stage_report report = scan(subject, "sync-1", &seen, 1);
  g_assert_cmpint(report.adopted_n, ==, 0);
  seen.campaign_id = "camp-a"; /* moved into this lead's campaign */
  seen.contacted_at_us = T0;
  report = scan(subject, "sync-2", &seen, 1);
  g_assert_cmpint(report.adopted_n, ==, 1);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  struct lead_state state = state_of(subject, "L1", &page);
  g_assert_cmpint(state.settlement, ==, SETTLEMENT_ADOPTED);
  g_assert_cmpstr(state.instantly_id, ==, "id-5");
  g_assert_cmpint(state.sent_at_us, ==, T0);
  page_clear(&page);
}

/* A row with the stamp of a claim that was given up: we did create it. */
static void test_added_by_stamp(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 1);
  struct lead_event absent = settling(EVENT_RELEASED, "L1", "ann@x.org", "run-1.1");
  absent.reason = "absent";
  subject_append(subject, &absent, 1);
  subject_fold(subject);
  struct remote_lead seen = row("id-1", "ann@x.org", "1:run-1.1");
  struct stage_report report = scan(subject, "sync-1", &seen, 1);
  g_assert_cmpint(report.facts_n, ==, 1);
  g_assert_cmpint(report.foreign_n, ==, 0);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_cmpint(state_of(subject, "L1", &page).settlement, ==, SETTLEMENT_ADDED);
  page_clear(&page);
}

static void test_foreign(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct lead_event removed = about(EVENT_REMOVED, "L1", "ann@x.org", T0 + 1);
  removed.instantly_id = "id-1";
  subject_append(subject, &removed, 1);
  subject_fold(subject);
  struct remote_lead rows[] = {row("id-1", "ann@x.org", "1:enrol-L1.1"), row("id-7", "nobody@x.org", NULL)};
  rows[0].status = REMOTE_BOUNCED;
  struct stage_report report = scan(subject, "sync-1", rows, 2);
  g_assert_cmpint(report.foreign_n, ==, 2);
  g_assert_cmpint(report.facts_n, ==, 0);
}

static void test_conflict(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct remote_lead seen = row("id-1", "ann@x.org", "1:enrol-L1.1");
  seen.status = REMOTE_COMPLETED;
  scan(subject, "sync-1", &seen, 1);
  seen.status = REMOTE_ACTIVE; /* a person relaunched it */
  struct stage_report report = scan(subject, "sync-2", &seen, 1);
  g_assert_cmpint(report.conflicts_n, ==, 1);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  struct lead_state state = state_of(subject, "L1", &page);
  g_assert_true(state_is_held(&state));
  g_assert_cmpstr(state.held_reason, ==, "relaunched");
  struct page errors;
  page_init(&errors, sizeof(struct error_report_row));
  struct error_query query = {.limit = 10};
  OK(report_errors(subject->warehouse, &query, &errors, &error));
  g_assert_cmpuint(errors.rows->len, ==, 1);
  g_assert_cmpstr(page_row(&errors, struct error_report_row, 0)->type, ==, "relaunched");
  g_assert_cmpstr(page_row(&errors, struct error_report_row, 0)->lead_ref, ==, "L1");
  page_clear(&errors);
  g_assert_cmpint(scan(subject, "sync-3", &seen, 1).conflicts_n, ==, 0);
  page_clear(&page);
}

/* ---- watched ---- */

static guint watch(struct subject *subject, struct watch_query query, struct page *page)
{
  OK(subject->ops->watched(subject->ledger, &query, page, &error));
  return page->rows->len;
}

static void finish(struct subject *subject, const char *lead_id, const char *person, enum outcome outcome,
                   int64_t occurred_at_us)
{
  struct lead_event finished = about(EVENT_FINISHED, lead_id, person, occurred_at_us);
  finished.reason = outcome_name(outcome);
  subject_append(subject, &finished, 1);
  subject_fold(subject);
}

static void test_watched(struct subject *subject)
{
  subject_enrol(subject, "L1", "p1@x.org", "id-3");
  subject_enrol(subject, "L2", "p2@x.org", "id-2");
  subject_enrol(subject, "L3", "p3@x.org", "id-1");
  subject_enrol(subject, "L4", "p4@x.org", "id-4");
  finish(subject, "L2", "p2@x.org", OUTCOME_NO_REPLY, T0 - 5 * DAY_US);
  struct lead_event removed = about(EVENT_REMOVED, "L4", "p4@x.org", T0 + 1);
  removed.instantly_id = "id-4";
  subject_append(subject, &removed, 1);
  subject_fold(subject);
  struct page page;
  page_init(&page, sizeof(struct watched));
  struct watch_query query = {.finished_after_us = T0 - 6 * DAY_US, .limit = 10};
  g_assert_cmpuint(watch(subject, query, &page), ==, 3);
  g_assert_cmpstr(page_row(&page, struct watched, 0)->instantly_id, ==, "id-1");
  g_assert_cmpstr(page_row(&page, struct watched, 0)->person, ==, "p3@x.org");
  g_assert_cmpstr(page_row(&page, struct watched, 0)->campaign_id, ==, "camp-a");
  query.finished_after_us = T0 - 4 * DAY_US;
  g_assert_cmpuint(watch(subject, query, &page), ==, 2);
  query.after_id = "id-1";
  g_assert_cmpuint(watch(subject, query, &page), ==, 1);
  struct remote_lead seen = row("id-3", "p1@x.org", NULL);
  OK(subject->ops->stage_begin(subject->ledger, "sync-1", &error));
  OK(subject->ops->stage(subject->ledger, "sync-1", &seen, 1, &error));
  query = (struct watch_query){.finished_after_us = T0 - 6 * DAY_US, .unstaged_run_id = "sync-1", .limit = 10};
  g_assert_cmpuint(watch(subject, query, &page), ==, 2);
  query.limit = 1;
  g_assert_cmpuint(watch(subject, query, &page), ==, 1);
  page_clear(&page);
}

/* ---- removals ---- */

static struct removal_query removal_query(struct subject *subject)
{
  struct removal_query query = {.now_us = subject->now_us, .limit = 10};
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    query.grace_us[i] = 30 * DAY_US;
  query.grace_us[OUTCOME_BOUNCED] = 7 * DAY_US;
  query.grace_us[OUTCOME_REPLIED] = INT64_MAX;
  return query;
}

static guint due(struct subject *subject, const struct removal_query *query, struct page *page)
{
  OK(subject->ops->removals(subject->ledger, query, page, &error));
  return page->rows->len;
}

static void test_removals(struct subject *subject)
{
  subject_enrol(subject, "L1", "p1@x.org", "id-1");
  subject_enrol(subject, "L2", "p2@x.org", "id-2");
  subject_enrol(subject, "L3", "p3@x.org", "id-3");
  subject_enrol(subject, "L4", "p4@x.org", "id-4");
  subject_enrol(subject, "L5", "p5@x.org", "id-5");
  finish(subject, "L1", "p1@x.org", OUTCOME_NO_REPLY, T0 + DAY_US);
  finish(subject, "L2", "p2@x.org", OUTCOME_BOUNCED, T0);
  finish(subject, "L3", "p3@x.org", OUTCOME_REPLIED, T0);
  finish(subject, "L4", "p4@x.org", OUTCOME_REMOVED_BY_HAND, T0);
  finish(subject, "L5", "p5@x.org", OUTCOME_NO_REPLY, T0);
  struct lead_event held = about(EVENT_HELD, "L5", "p5@x.org", T0);
  held.attempt = 1;
  held.reason = "relaunched";
  subject_append(subject, &held, 1);
  subject_fold(subject);
  struct page page;
  page_init(&page, sizeof(struct removal));
  subject->now_us = T0 + 7 * DAY_US;
  struct removal_query query = removal_query(subject);
  g_assert_cmpuint(due(subject, &query, &page), ==, 1);
  const struct removal *bounced = page_row(&page, struct removal, 0);
  g_assert_cmpstr(bounced->lead_id, ==, "L2");
  g_assert_cmpstr(bounced->instantly_id, ==, "id-2");
  g_assert_cmpstr(bounced->claim_id, ==, "enrol-L2.1");
  g_assert_cmpint(bounced->outcome, ==, OUTCOME_BOUNCED);
  g_assert_false(bounced->is_adopted);
  g_assert_false(bounced->is_block_listed);
  query.now_us = T0 + 31 * DAY_US;
  g_assert_cmpuint(due(subject, &query, &page), ==, 2); /* oldest first */
  g_assert_cmpstr(page_row(&page, struct removal, 1)->lead_id, ==, "L1");
  query.after_us = T0;
  query.after_lead_id = "L2";
  g_assert_cmpuint(due(subject, &query, &page), ==, 1);
  query.after_lead_id = NULL;
  query.after_us = 0;
  g_autoptr(GArray) counts = g_array_new(FALSE, TRUE, sizeof(struct removal_count));
  OK(subject->ops->removal_counts(subject->ledger, &query, counts, &error));
  g_assert_cmpuint(counts->len, ==, 2);
  for (guint i = 0; i < counts->len; i++) {
    g_assert_cmpint(g_array_index(counts, struct removal_count, i).n, ==, 1);
    g_free(g_array_index(counts, struct removal_count, i).campaign_id);
  }
  page_clear(&page);
}

static void test_removals_adopted(struct subject *subject)
{
  settle_elsewhere(subject);
  struct remote_lead seen = row("id-5", "ann@x.org", NULL);
  seen.status = REMOTE_COMPLETED;
  scan(subject, "sync-1", &seen, 1);
  struct page page;
  page_init(&page, sizeof(struct removal));
  subject->now_us = T0 + 60 * DAY_US;
  struct removal_query query = removal_query(subject);
  g_assert_cmpuint(due(subject, &query, &page), ==, 0);
  query.include_adopted = true;
  g_assert_cmpuint(due(subject, &query, &page), ==, 1);
  g_assert_true(page_row(&page, struct removal, 0)->is_adopted);
  page_clear(&page);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("stage/facts", test_facts);
  subject_add("stage/twice", test_staged_twice);
  subject_add("stage/moved", test_moved);
  subject_add("stage/vanished", test_vanished);
  subject_add("stage/odd-id", test_odd_id);
  subject_add("stage/not-vanished", test_not_vanished);
  subject_add("stage/adopted", test_adopted);
  subject_add("stage/added-by-stamp", test_added_by_stamp);
  subject_add("stage/foreign", test_foreign);
  subject_add("stage/conflict", test_conflict);
  subject_add("watched", test_watched);
  subject_add("removals", test_removals);
  subject_add("removals/adopted", test_removals_adopted);
  return g_test_run();
}
