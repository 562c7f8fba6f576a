/* Conformance of every backend: what a sync read becomes stops; removed ones, and bounces of one mailbox. */
#include "stage_fixture.h"

#include "core/fold.h"

static void test_stops(struct subject *subject)
{
  struct remote_lead rows[] = {row("r1", "replied@x.org", NULL), row("r2", "auto@x.org", NULL),
                               row("r3", "bounced@x.org", NULL), row("r4", "gone@x.org", NULL),
                               row("r5", "old@x.org", NULL),     row("r6", NULL, NULL)};
  rows[0].replies = rows[1].replies = 1;
  rows[0].replied_at_us = rows[1].replied_at_us = T0;
  rows[1].has_interest = true;
  rows[2].status = rows[4].status = REMOTE_BOUNCED;
  rows[2].last_step_at_us = T0;
  rows[4].last_step_at_us = T0 - 200 * DAY_US;
  rows[3].status = rows[5].status = REMOTE_UNSUBSCRIBED;
  struct stage_report report = scan(subject, "sync-1", rows, G_N_ELEMENTS(rows));
  g_assert_cmpint(report.suppressed_n, ==, 3);
  g_assert_cmpint(report.foreign_n, ==, 6);
  struct page page;
  page_init(&page, 1);
  g_assert_cmpstr(stop_of(subject, "replied@x.org", &page), ==, "replied");
  g_assert_cmpstr(stop_of(subject, "auto@x.org", &page), ==, NULL);
  g_assert_cmpstr(stop_of(subject, "bounced@x.org", &page), ==, "bounced");
  g_assert_cmpstr(stop_of(subject, "gone@x.org", &page), ==, "unsubscribed");
  g_assert_cmpstr(stop_of(subject, "old@x.org", &page), ==, NULL);
  g_assert_cmpint(scan(subject, "sync-2", rows, G_N_ELEMENTS(rows)).suppressed_n, ==, 0);
  subject->now_us = T0 + 181 * DAY_US; /* a bounce is forgiven, a reply is not */
  g_assert_cmpstr(stop_of(subject, "bounced@x.org", &page), ==, NULL);
  g_assert_cmpstr(stop_of(subject, "replied@x.org", &page), ==, "replied");
  page_clear(&page);
}

/* `suppress remove` survives the next read of the same reply, and neither a newer one nor one that nobody had seen.
 * Whose clock is ahead plays no part. */
static void test_removed_stop(struct subject *subject)
{
  struct remote_lead reply = row("r1", "replied@x.org", NULL);
  reply.replies = 1;
  reply.replied_at_us = T0;
  g_assert_cmpint(scan(subject, "sync-1", &reply, 1).suppressed_n, ==, 1);
  reply.replied_at_us = T0 + 1; /* a second answer while it is stopped */
  g_assert_cmpint(scan(subject, "sync-2", &reply, 1).suppressed_n, ==, 0);
  subject_revoke(subject, "replied@x.org", T0 + 1000 * DAY_US);
  g_assert_cmpint(scan(subject, "sync-3", &reply, 1).suppressed_n, ==, 0);
  g_assert_cmpint(scan(subject, "sync-4", &reply, 1).suppressed_n, ==, 0);
  reply.replied_at_us = T0 + 2;
  g_assert_cmpint(scan(subject, "sync-5", &reply, 1).suppressed_n, ==, 1);
  struct page page;
  page_init(&page, 1);
  g_assert_cmpstr(stop_of(subject, "replied@x.org", &page), ==, "replied");
  page_clear(&page);
}

/* A row tells no time of its unsubscription. Taking back what somebody had written down by mistake must not hide it. */
static void test_removed_mark(struct subject *subject)
{
  struct suppression mark = {
      .person = "ann@x.org", .reason = "unsubscribed", .source = "command", .created_at_us = T0 + 5};
  OK(subject->ops->suppress(subject->ledger, &mark, 1, NULL, &error));
  subject_revoke(subject, "ann@x.org", T0 + 10 * HOUR_US);
  struct remote_lead seen = row("r1", "ann@x.org", NULL);
  seen.status = REMOTE_UNSUBSCRIBED;
  g_assert_cmpint(scan(subject, "sync-1", &seen, 1).suppressed_n, ==, 1);
  subject_revoke(subject, "ann@x.org", T0 + 20 * HOUR_US);
  g_assert_cmpint(scan(subject, "sync-2", &seen, 1).suppressed_n, ==, 0);
  seen.id = "r2"; /* a row made since then */
  seen.created_at_us = T0 + 30 * HOUR_US;
  g_assert_cmpint(scan(subject, "sync-3", &seen, 1).suppressed_n, ==, 1);
}

/* ---- bounces of one mailbox ---- */

#define SPIKE_ROWS 60

/* Enrols the first n leads, by their events alone. */
static void enrol_many(struct subject *subject, int n)
{
  struct lead_event events[SPIKE_ROWS];
  for (int i = 0; i < n; i++) {
    g_autofree char *lead_id = g_strdup_printf("L%02d", i);
    g_autofree char *person = g_strdup_printf("p%02d@x.org", i);
    g_autofree char *id = g_strdup_printf("id-%02d", i);
    g_autofree char *claim_id = g_strdup_printf("run-1.%d", i + 1);
    events[i] = settling(EVENT_ADDED, g_intern_string(lead_id), g_intern_string(person), g_intern_string(claim_id));
    events[i].instantly_id = g_intern_string(id);
  }
  subject_append(subject, events, (size_t)n);
  subject_fold(subject);
}

/* Rows that one mailbox mailed an hour after T0; the first bounced_n bounced. */
static void spike_rows(struct remote_lead rows[SPIKE_ROWS], int bounced_n)
{
  for (int i = 0; i < SPIKE_ROWS; i++) {
    g_autofree char *person = g_strdup_printf("p%02d@x.org", i);
    g_autofree char *id = g_strdup_printf("id-%02d", i);
    rows[i] = row(g_intern_string(id), g_intern_string(person), NULL); /* interned: they outlive the loop */
    rows[i].mailbox = "us@sender.example";
    rows[i].contacted_at_us = T0 + HOUR_US;
    if (i < bounced_n) rows[i].status = REMOTE_BOUNCED;
  }
}

static struct stage_report judge(struct subject *subject, const char *run_id, struct remote_lead *rows,
                                 int64_t since_us)
{
  struct stage_rules rules = stage_rules(subject, run_id);
  struct stage_report report = {0};
  rules.judges_mailboxes = true;
  rules.sent_since_us = since_us;
  OK(subject->ops->stage_begin(subject->ledger, run_id, &error));
  OK(subject->ops->stage(subject->ledger, run_id, rows, SPIKE_ROWS, &error));
  OK(subject->ops->stage_stops(subject->ledger, &rules, &report, &error));
  subject_fold(subject);
  return report;
}

static void test_bounce_spike(struct subject *subject)
{
  struct remote_lead rows[SPIKE_ROWS];
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  enrol_many(subject, SPIKE_ROWS);
  subject->now_us = T0 + 2 * HOUR_US;
  spike_rows(rows, 3); /* 3 of 60 are 5 %, not more */
  struct stage_report report = judge(subject, "sync-1", rows, T0);
  g_assert_cmpint(report.spike_n, ==, 0);
  g_assert_cmpint(report.suppressed_n, ==, 3);
  struct lead_event resolved = about(EVENT_RESOLVED, "L03", "p03@x.org", T0);
  resolved.attempt = T0 + DAY_US; /* numbered while the clock was ahead: the next hold holds all the same */
  subject_append(subject, &resolved, 1);
  subject_fold(subject);
  spike_rows(rows, 4); /* one more is too many; those that are stopped stay so */
  report = judge(subject, "sync-2", rows, T0);
  g_assert_cmpint(report.spike_n, ==, 1);
  g_assert_cmpint(report.suppressed_n, ==, 0);
  g_assert_cmpstr(stop_of(subject, "p00@x.org", &page), ==, "bounced");
  g_assert_cmpstr(stop_of(subject, "p03@x.org", &page), ==, NULL);
  struct lead_state state = state_of(subject, "L03", &page);
  g_assert_true(state_is_held(&state));
  g_assert_cmpstr(state.held_reason, ==, "bounce_spike");
  resolved.attempt = state.held_n;
  subject_append(subject, &resolved, 1);
  subject_fold(subject);
  report = judge(subject, "sync-3", rows, T0); /* said once, whether it is still judged or not */
  g_assert_cmpint(report.spike_n + report.suppressed_n, ==, 0);
  report = judge(subject, "sync-4", rows, T0 + HOUR_US);
  g_assert_cmpint(report.spike_n + report.suppressed_n, ==, 0);
  spike_rows(rows, 20); /* mailed before the sync before: each is its own */
  report = judge(subject, "sync-5", rows, T0 + HOUR_US);
  g_assert_cmpint(report.spike_n, ==, 0);
  g_assert_cmpint(report.suppressed_n, ==, 16);
  page_clear(&page);
}

/* 49 rows of ours and 11 of others are not 50 of ours. */
static void test_no_spike(struct subject *subject)
{
  struct remote_lead rows[SPIKE_ROWS];
  enrol_many(subject, 49);
  subject->now_us = T0 + 2 * HOUR_US;
  spike_rows(rows, 40);
  g_assert_cmpint(judge(subject, "sync-1", rows, T0).spike_n, ==, 0);
  g_assert_false(sync_is_bounce_spike(49, 49));
  g_assert_false(sync_is_bounce_spike(100, 5));
  g_assert_true(sync_is_bounce_spike(100, 6));
  g_assert_true(sync_is_bounce_spike(50, 3));
}

/* Persons are compared without their +tags, and a lead that was removed, or opened again, was enrolled all the same. */
static void test_ever_enrolled(struct subject *subject)
{
  static const char *const asked[] = {"ann@x.org", "eve@x.org", "new@x.org", "nobody@x.org"};
  int64_t first_us = -1;
  OK(subject->ops->first_enrolled(subject->ledger, &first_us, &error));
  g_assert_cmpint(first_us, ==, 0);
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_enrol(subject, "L2", "eve+news@x.org", "id-2");
  subject_enrol(subject, "L3", "bob@x.org", "id-3");
  struct lead_event removed = about(EVENT_REMOVED, "L1", "ann@x.org", T0 + DAY_US);
  removed.instantly_id = "id-1";
  struct lead_event reopened = about(EVENT_REOPENED, "L2", "eve+news@x.org", T0 + DAY_US);
  reopened.generation = 2;
  subject_append(subject, &removed, 1);
  subject_append(subject, &reopened, 1);
  subject_put_plain(subject, "L4", "new@x.org");
  subject_fold(subject);
  struct page page;
  page_init(&page, sizeof(struct enrolled));
  OK(subject->ops->ever_enrolled(subject->ledger, asked, G_N_ELEMENTS(asked), &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 2);
  const struct enrolled *ann = page_row(&page, struct enrolled, 0), *eve = page_row(&page, struct enrolled, 1);
  g_assert_cmpstr(ann->lead_id, ==, "L1");
  g_assert_cmpstr(ann->person, ==, "ann@x.org");
  g_assert_cmpstr(ann->instantly_id, ==, "id-1");
  g_assert_cmpint(ann->replied_at_us, ==, 0);
  g_assert_cmpstr(eve->lead_id, ==, "L2");
  g_assert_cmpstr(eve->person, ==, "eve+news@x.org");
  g_assert_cmpint(eve->generation, ==, 2);
  OK(subject->ops->ever_enrolled(subject->ledger, asked + 2, 2, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 0);
  OK(subject->ops->first_enrolled(subject->ledger, &first_us, &error));
  g_assert_cmpint(first_us, >, 0);
  g_assert_cmpint(first_us, <=, subject->now_us);
  page_clear(&page);
}

static struct suppression reply_of(const char *person, const char *source)
{
  return (struct suppression){
      .person = person, .reason = "replied", .source = source, .created_at_us = T0, .evidence_at_us = 5 * SECOND_US};
}

/* A stop by a reply of ours ends with the evidence that it ended by; one that somebody else made, or another person's,
 * stays. */
static void test_reply_stops(struct subject *subject)
{
  static const char *const asked[] = {"ann@x.org", "bob@x.org", "nobody@x.org"};
  struct suppression put[] = {reply_of("ann+x@x.org", "sync"), reply_of("bob@x.org", "mark"),
                              reply_of("eve@x.org", "sync")};
  struct suppression bounced = {.person = "ann@x.org", .reason = "bounced", .source = "sync", .created_at_us = T0};
  struct page page;
  int64_t added_n = 0;
  page_init(&page, sizeof(struct suppression));
  OK(subject->ops->suppress(subject->ledger, put, G_N_ELEMENTS(put), NULL, &error));
  OK(subject->ops->suppress(subject->ledger, &bounced, 1, NULL, &error));
  OK(subject->ops->reply_stops(subject->ledger, asked, G_N_ELEMENTS(asked), &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 2);
  g_assert_cmpstr(page_row(&page, struct suppression, 0)->person, ==, "ann+x@x.org");
  g_assert_cmpstr(page_row(&page, struct suppression, 0)->source, ==, "sync");
  g_assert_cmpstr(page_row(&page, struct suppression, 1)->source, ==, "mark");
  struct suppression ended[] = {reply_of("ann+x@x.org", "sync"), reply_of("bob@x.org", "sync")};
  ended[0].evidence_at_us = 9 * SECOND_US;
  OK(subject->ops->stops_end(subject->ledger, ended, G_N_ELEMENTS(ended), "a machine", &error));
  OK(subject->ops->reply_stops(subject->ledger, asked, G_N_ELEMENTS(asked), &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  g_assert_cmpstr(page_row(&page, struct suppression, 0)->person, ==, "bob@x.org");
  struct suppression again = reply_of("ann+x@x.org", "sync");
  again.evidence_at_us = 9 * SECOND_US;
  OK(subject->ops->suppress(subject->ledger, &again, 1, &added_n, &error));
  g_assert_cmpint(added_n, ==, 0);
  again.evidence_at_us = 10 * SECOND_US;
  OK(subject->ops->suppress(subject->ledger, &again, 1, &added_n, &error));
  g_assert_cmpint(added_n, ==, 1);
  page_clear(&page);
}

/* An entry that knows what it was seen from: removed, it comes back with newer evidence alone. */
static void test_evidence(struct subject *subject)
{
  struct suppression stop = {
      .person = "ann@x.org", .reason = "replied", .source = "emails", .created_at_us = T0, .evidence_at_us = T0 + 5};
  int64_t added_n = 0;
  OK(subject->ops->suppress(subject->ledger, &stop, 1, &added_n, &error));
  g_assert_cmpint(added_n, ==, 1);
  stop.evidence_at_us = T0 + 7; /* learnt by the one in force */
  OK(subject->ops->suppress(subject->ledger, &stop, 1, &added_n, &error));
  g_assert_cmpint(added_n, ==, 0);
  subject_revoke(subject, "ann@x.org", T0 + DAY_US);
  OK(subject->ops->suppress(subject->ledger, &stop, 1, &added_n, &error));
  g_assert_cmpint(added_n, ==, 0);
  stop.evidence_at_us = T0 + 8;
  OK(subject->ops->suppress(subject->ledger, &stop, 1, &added_n, &error));
  g_assert_cmpint(added_n, ==, 1);
  subject_revoke(subject, "ann@x.org", T0 + DAY_US);
  stop.evidence_at_us = 0; /* an operator's word needs none */
  OK(subject->ops->suppress(subject->ledger, &stop, 1, &added_n, &error));
  g_assert_cmpint(added_n, ==, 1);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("stage/stops", test_stops);
  subject_add("stage/removed-stop", test_removed_stop);
  subject_add("stage/removed-mark", test_removed_mark);
  subject_add("stage/bounce-spike", test_bounce_spike);
  subject_add("stage/no-spike", test_no_spike);
  subject_add("stops/ever-enrolled", test_ever_enrolled);
  subject_add("stops/reply-stops", test_reply_stops);
  subject_add("stops/evidence", test_evidence);
  return g_test_run();
}
