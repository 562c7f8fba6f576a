/* Conformance of every backend: the operator's brakes. And the inbox, which only a file has. */
#include "subject.h"

#include "warehouse/brakes.h"

#include <glib/gstdio.h>
#include <string.h>

static struct brake stop_of(const char *person, const char *domain, const char *reason)
{
  return (struct brake){
      .kind = BRAKE_SUPPRESS,
      .stop = {.person = person, .domain = domain, .reason = reason, .source = "command", .actor = "kim"}};
}

static struct brake revocation_of(const char *person, const char *domain)
{
  return (struct brake){.kind = BRAKE_REVOKE,
                        .stop = {.person = person, .domain = domain},
                        .reason = "a mistake",
                        .actor = "kim",
                        .at_us = T0 + HOUR_US};
}

/* How many of the rows changed something. */
static int64_t brake(struct subject *subject, struct brake row)
{
  struct brake_report report;
  OK(brakes_write(subject->warehouse, &row, 1, &report, &error));
  g_assert_false(report.was_left);
  return report.changed_n;
}

static guint stops(struct subject *subject, struct stop_query query, struct page *page)
{
  if (!query.limit) query.limit = 100;
  OK(report_stops(subject->warehouse, &query, page, &error));
  return page->rows->len;
}

static void test_suppress(struct subject *subject)
{
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  g_assert_cmpint(brake(subject, stop_of("ann@x.org", NULL, "asked by phone")), ==, 1);
  g_assert_cmpint(brake(subject, stop_of("ann@x.org", NULL, "asked by phone")), ==, 0);
  g_assert_cmpint(brake(subject, stop_of("ann+news@x.org", NULL, "asked by phone")), ==, 0);
  g_assert_cmpint(brake(subject, stop_of(NULL, "rival.org", "rival")), ==, 1);
  g_assert_cmpuint(stops(subject, (struct stop_query){.only_in_force = true}, &page), ==, 2);
  const struct stop_row *row = page_row(&page, struct stop_row, 0);
  g_assert_cmpstr(row->stop.person, ==, "ann@x.org");
  g_assert_cmpstr(row->stop.actor, ==, "kim");
  g_assert_cmpint(row->stop.created_at_us, ==, T0);
  int64_t first_id = row->id;
  g_assert_cmpuint(stops(subject, (struct stop_query){.after_id = first_id}, &page), ==, 1);
  g_assert_cmpstr(page_row(&page, struct stop_row, 0)->stop.domain, ==, "rival.org");
  g_assert_cmpuint(stops(subject, (struct stop_query){.person = "ann+x@x.org"}, &page), ==, 1);
  g_assert_cmpuint(stops(subject, (struct stop_query){.person = "joe@rival.org"}, &page), ==, 1);
  g_assert_cmpuint(stops(subject, (struct stop_query){.person = "joe@x.org"}, &page), ==, 0);
  g_assert_cmpuint(stops(subject, (struct stop_query){.domain = "rival.org"}, &page), ==, 1);
  subject_put_plain(subject, "L1", "ann+x@x.org");
  subject_put_plain(subject, "L2", "joe@rival.org");
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 0);
  page_clear(&page);
}

/* A stop for ever is not there already while one for some days is. */
static void test_expiry(struct subject *subject)
{
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  struct brake days = stop_of("ann@x.org", NULL, "later");
  days.stop.expires_at_us = T0 + 2 * HOUR_US;
  g_assert_cmpint(brake(subject, days), ==, 1);
  days.stop.expires_at_us = T0 + HOUR_US;
  g_assert_cmpint(brake(subject, days), ==, 0);
  g_assert_cmpint(brake(subject, stop_of("ann@x.org", NULL, "later")), ==, 1);
  subject->now_us = T0 + 3 * HOUR_US;
  g_assert_cmpuint(stops(subject, (struct stop_query){.only_in_force = true}, &page), ==, 1);
  g_assert_cmpint(page_row(&page, struct stop_row, 0)->stop.expires_at_us, ==, 0);
  page_clear(&page);
}

/* An import is taken back by its run, and nothing else with it; an entry that is there already stays its writer's. */
static void test_revoke_run(struct subject *subject)
{
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  const char *runs[][3] = {{"ann@x.org", NULL, "run-1"},
                           {NULL, "x.org", "run-1"},
                           {"joe@x.org", NULL, "run-2"},
                           {"joe+a@x.org", NULL, "run-1"}};
  for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
    struct brake row = stop_of(runs[i][0], runs[i][1], "a list");
    row.stop.source = "import";
    row.stop.run_id = runs[i][2];
    g_assert_cmpint(brake(subject, row), ==, i < 3);
  }
  g_assert_cmpuint(stops(subject, (struct stop_query){.run_id = "run-1"}, &page), ==, 2);
  g_assert_cmpstr(page_row(&page, struct stop_row, 0)->stop.run_id, ==, "run-1");
  struct brake undo = revocation_of(NULL, NULL);
  undo.stop.run_id = "run-1";
  g_assert_cmpint(brake(subject, undo), ==, 2);
  g_assert_cmpint(brake(subject, undo), ==, 0);
  g_assert_cmpuint(stops(subject, (struct stop_query){.only_in_force = true}, &page), ==, 1);
  g_assert_cmpstr(page_row(&page, struct stop_row, 0)->stop.person, ==, "joe@x.org");
  page_clear(&page);
}

static void test_revoke(struct subject *subject)
{
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  brake(subject, stop_of("ann@x.org", NULL, "manual"));
  brake(subject, stop_of("ann@x.org", NULL, "replied"));
  brake(subject, stop_of(NULL, "x.org", "rival"));
  subject->now_us = T0 + HOUR_US;
  g_assert_cmpint(brake(subject, revocation_of("ann+tag@x.org", NULL)), ==, 1);
  g_assert_cmpint(brake(subject, revocation_of("ann@x.org", NULL)), ==, 0);
  g_assert_cmpuint(stops(subject, (struct stop_query){.only_in_force = true}, &page), ==, 1);
  g_assert_cmpuint(stops(subject, (struct stop_query){.person = "ann@x.org"}, &page), ==, 3);
  g_assert_cmpint(page_row(&page, struct stop_row, 1)->revoked_at_us, ==, T0 + HOUR_US);
  g_assert_cmpstr(page_row(&page, struct stop_row, 1)->revoked_by, ==, "a mistake (kim)");
  g_assert_cmpint(page_row(&page, struct stop_row, 2)->revoked_at_us, ==, 0);
  g_assert_cmpint(brake(subject, revocation_of(NULL, "x.org")), ==, 1);
  subject_put_plain(subject, "L1", "ann@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 1);
  page_clear(&page);
}

/* What an operator stops for ever, in whatever words, is for the block list. */
static void test_unpushed(struct subject *subject)
{
  struct page page;
  page_init(&page, sizeof(struct suppression));
  struct brake days = stop_of("cid@x.org", NULL, "on leave");
  days.stop.expires_at_us = T0 + HOUR_US;
  brake(subject, stop_of("ann@x.org", NULL, "asked by phone"));
  brake(subject, stop_of("bob@x.org", NULL, "replied"));
  brake(subject, days);
  OK(subject->ops->unpushed(subject->ledger, &(struct push_query){.now_us = subject->now_us, .limit = 10}, &page,
                            &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  g_assert_cmpstr(page_row(&page, struct suppression, 0)->person, ==, "ann@x.org");
  page_clear(&page);
}

static void check_hold(struct subject *subject, const char *campaign_id, const char *expected)
{
  bool is_on = false;
  g_autofree char *reason = NULL;
  OK(subject->ops->hold_check(subject->ledger, campaign_id, &is_on, &reason, &error));
  g_assert_cmpint(is_on, ==, expected != NULL);
  g_assert_cmpstr(reason, ==, expected);
}

static void test_hold(struct subject *subject)
{
  struct page page;
  page_init(&page, sizeof(struct hold_row));
  struct brake one = {
      .kind = BRAKE_HOLD, .campaign_id = "camp-a", .reason = "wrong text", .actor = "kim", .at_us = T0 + 5};
  struct brake all = {.kind = BRAKE_HOLD, .reason = "holidays", .actor = "lee", .at_us = T0 + 6};
  g_assert_cmpint(brake(subject, one), ==, 1);
  g_assert_cmpint(brake(subject, one), ==, 0);
  check_hold(subject, "camp-a", "wrong text");
  check_hold(subject, "camp-b", NULL);
  g_assert_cmpint(brake(subject, all), ==, 1);
  check_hold(subject, "camp-b", "holidays");
  OK(report_holds(subject->warehouse, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 2);
  g_assert_null(page_row(&page, struct hold_row, 0)->campaign_id);
  g_assert_cmpstr(page_row(&page, struct hold_row, 0)->reason, ==, "holidays");
  g_assert_cmpstr(page_row(&page, struct hold_row, 1)->campaign_id, ==, "camp-a");
  g_assert_cmpstr(page_row(&page, struct hold_row, 1)->actor, ==, "kim");
  g_assert_cmpint(page_row(&page, struct hold_row, 1)->at_us, ==, T0 + 5);
  all.kind = one.kind = BRAKE_UNHOLD;
  g_assert_cmpint(brake(subject, all), ==, 1);
  g_assert_cmpint(brake(subject, all), ==, 0);
  g_assert_cmpint(brake(subject, one), ==, 1);
  check_hold(subject, "camp-a", NULL);
  subject_hold(subject, NULL, "set by another tool");
  OK(report_holds(subject->warehouse, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  g_assert_cmpstr(page_row(&page, struct hold_row, 0)->reason, ==, "set by another tool");
  page_clear(&page);
}

/* Events are folded before the call returns. */
static void test_event(struct subject *subject)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct brake row = {.kind = BRAKE_EVENT, .event = about(EVENT_STATUS, "L1", "ann@x.org", T0 + HOUR_US)};
  row.event.fact = FACT_REPLIED;
  row.event.detail = "{\"reason\":\"by phone\"}";
  g_assert_cmpint(brake(subject, row), ==, 1);
  const struct lead_report_row *lead = subject_lead(subject, "L1", &page);
  g_assert_cmpint(lead->state.email_status, ==, EMAIL_STATUS_REPLIED);
  g_assert_cmpint(lead->state.replied_at_us, ==, T0 + HOUR_US);
  page_clear(&page);
}

static void test_retry(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  subject_put_plain(subject, "L2", "bob@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 2);
  struct lead_event events[] = {settling(EVENT_REJECTED, "L1", "ann@x.org", "run-1.1"),
                                settling(EVENT_SKIPPED, "L2", "bob@x.org", "run-1.2")};
  events[0].reason = events[1].reason = "invalid";
  subject_append(subject, events, 2); /* not folded: the retry sees them all the same */
  struct brake row = {.kind = BRAKE_RETRY, .reason = "invalid", .limit = 1, .event = {.run_id = "retry-1"}};
  g_assert_cmpint(brake(subject, row), ==, 1);
  row = (struct brake){.kind = BRAKE_RETRY, .event = {.run_id = "retry-2"}};
  g_assert_cmpint(brake(subject, row), ==, 1);
  g_assert_cmpint(brake(subject, row), ==, 0);
  g_assert_cmpint(subject_claim_all(subject, "run-2", 2), ==, 2);
}

/* ---- the inbox ---- */

static char *inbox_of(const struct subject *subject)
{
  return g_strconcat(subject->settings.warehouse.path, ".inbox", NULL);
}

static guint inbox_files(const struct subject *subject, const char *suffix)
{
  g_autofree char *folder = inbox_of(subject);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  guint n = 0;
  for (const char *name = dir ? g_dir_read_name(dir) : NULL; name; name = g_dir_read_name(dir))
    n += g_str_has_suffix(name, suffix);
  return n;
}

/* A second process that finds the lock taken leaves its rows; the holder has them before its next batch. */
static void leave_and_take(struct subject *subject)
{
  g_autoptr(GError) failure = NULL;
  struct lease lease;
  struct warehouse *other = warehouse_open(&subject->settings, WAREHOUSE_WRITE, &subject->clock, &failure);
  g_assert_no_error(failure);
  OK(subject->ops->lease_acquire(subject->ledger, "export", &lease, &error));
  struct brake rows[] = {stop_of("ann@x.org", NULL, "asked \"by\" phone"),
                         {.kind = BRAKE_HOLD, .reason = "holidays", .actor = "lee", .at_us = T0}};
  struct brake_report report;
  OK(brakes_write(other, rows, 2, &report, &error));
  g_assert_true(report.was_left);
  g_assert_cmpint(report.changed_n, ==, 0);
  g_assert_cmpuint(inbox_files(subject, ".ndjson"), ==, 1);
  g_assert_cmpuint(inbox_files(subject, ".tmp"), ==, 0);
  struct lease_view view;
  OK(report_lease(other, &view, &error));
  g_assert_true(view.is_locked && view.has_row);
  g_assert_cmpstr(view.job, ==, "export");
  g_assert_cmpint(view.inbox_n, ==, 1);
  lease_view_clear(&view);
  bool was_cleared;
  g_assert_false(lease_break(other, &was_cleared, &failure));
  g_assert_true(error_is(failure, ERROR_LOCKED));
  check_hold(subject, "camp-a", "holidays");
  g_assert_cmpuint(inbox_files(subject, ".ndjson"), ==, 0);
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  g_assert_cmpuint(stops(subject, (struct stop_query){.only_in_force = true}, &page), ==, 1);
  g_assert_cmpstr(page_row(&page, struct stop_row, 0)->stop.reason, ==, "asked \"by\" phone");
  rows[1].kind = BRAKE_UNHOLD;
  OK(brakes_write(other, &rows[1], 1, &report, &error));
  g_assert_true(report.was_left);
  subject->ops->lease_release(subject->ledger, &lease); /* and at its end */
  check_hold(subject, "camp-a", NULL);
  page_clear(&page);
  warehouse_close(other);
}

static void test_inbox(struct subject *subject)
{
  leave_and_take(subject);
}

/* What a plan sees: all of the inbox, in its own handle alone. */
static int64_t planned(struct subject *subject, struct warehouse *reader, enum verdict verdict)
{
  struct ledger *ledger = warehouse_ledger(reader);
  struct claim_rules rules = plain_rules("plan", 1);
  struct claim_report report;
  rules.is_dry_run = true;
  claim_report_init(&report);
  OK(ledger->ops->claim(ledger, &rules, &report, &error));
  int64_t n = verdict == VERDICT_ELIGIBLE ? report.claimed_n : counted(&report, verdict, NULL);
  claim_report_clear(&report);
  g_assert_cmpint(subject->now_us, ==, T0);
  return n;
}

static struct warehouse *reader_open(struct subject *subject)
{
  g_autoptr(GError) error = NULL;
  struct warehouse *reader = warehouse_open(&subject->settings, WAREHOUSE_READ, &subject->clock, &error);
  g_assert_no_error(error);
  return reader;
}

/* Leaves one row of each kind while the lock is taken: L1 is stopped, L2 is let go, L3 is tried again, L4 has replied.
 */
static void leave_all_kinds(struct subject *subject)
{
  g_autoptr(GError) failure = NULL;
  struct warehouse *other = warehouse_open(&subject->settings, WAREHOUSE_WRITE, &subject->clock, &failure);
  g_assert_no_error(failure);
  struct brake rows[] = {stop_of("ann@x.org", NULL, "manual"),
                         {.kind = BRAKE_EVENT, .event = about(EVENT_RESOLVED, "L2", "bob@x.org", T0)},
                         {.kind = BRAKE_RETRY, .reason = "invalid", .event = {.run_id = "retry-1"}},
                         {.kind = BRAKE_EVENT, .event = about(EVENT_STATUS, "L4", "dan@x.org", T0)},
                         {.kind = BRAKE_HOLD, .campaign_id = "camp-b", .reason = "wait", .actor = "kim", .at_us = T0}};
  rows[1].event.attempt = 7;
  rows[3].event.fact = FACT_REPLIED;
  struct brake_report report;
  OK(brakes_write(other, rows, G_N_ELEMENTS(rows), &report, &error));
  g_assert_true(report.was_left);
  warehouse_close(other);
}

static void test_inbox_preview(struct subject *subject)
{
  struct lease lease;
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  subject_enrol(subject, "L4", "dan@x.org", "id-4");
  subject_put_plain(subject, "L1", "ann@x.org");
  subject_put_plain(subject, "L2", "bob@x.org");
  subject_put_plain(subject, "L3", "cid@x.org");
  struct lead_event events[] = {about(EVENT_HELD, "L2", "bob@x.org", T0),
                                settling(EVENT_SKIPPED, "L3", "cid@x.org", "run-1.1")};
  events[0].attempt = 7;
  events[1].reason = "invalid";
  subject_append(subject, events, 2);
  OK(subject->ops->lease_acquire(subject->ledger, "export", &lease, &error));
  subject_fold(subject);
  leave_all_kinds(subject);
  g_autofree char *before = NULL, *after = NULL;
  gsize before_n, after_n;
  g_assert_true(g_file_get_contents(subject->settings.warehouse.path, &before, &before_n, NULL));

  struct warehouse *reader = reader_open(subject);
  g_assert_cmpint(planned(subject, reader, VERDICT_HELD), ==, 1);
  g_assert_cmpint(planned(subject, reader, VERDICT_SETTLED), ==, 1);
  OK(brakes_preview(reader, &error));
  g_assert_cmpint(planned(subject, reader, VERDICT_SUPPRESSED), ==, 1);
  g_assert_cmpint(planned(subject, reader, VERDICT_ELIGIBLE), ==, 2);
  struct campaign_counts counts;
  struct ledger *ledger = warehouse_ledger(reader);
  OK(ledger->ops->campaign_counts(ledger, "camp-a", T0 - HOUR_US, &counts, &error));
  g_assert_cmpint(counts.claimed_today, ==, 1); /* the events of the file are still seen */
  bool is_on = false;
  OK(ledger->ops->hold_check(ledger, "camp-b", &is_on, NULL, &error));
  g_assert_true(is_on);
  OK(report_find(reader, "L4", &page, &error));
  g_assert_cmpint(page_row(&page, struct lead_report_row, 0)->state.email_status, ==, EMAIL_STATUS_REPLIED);
  warehouse_close(reader);

  g_assert_true(g_file_get_contents(subject->settings.warehouse.path, &after, &after_n, NULL));
  g_assert_true(before_n == after_n && memcmp(before, after, after_n) == 0);
  g_assert_cmpuint(inbox_files(subject, ".ndjson"), ==, 1);
  subject->ops->lease_release(subject->ledger, &lease); /* and now for all */
  g_assert_cmpint(subject_claim_all(subject, "run-2", 2), ==, 2);
  page_clear(&page);
}

/* What a reader is told of stops it keeps for itself, and counts. */
static void test_reader_stops(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann+x@x.org");
  subject_put_plain(subject, "L2", "bob@x.org");
  struct suppression rows[] = {{.person = "ann@x.org", .reason = "replied"},
                               {.domain = "y.org", .reason = "blocklisted"}};
  struct warehouse *reader = reader_open(subject);
  struct ledger *ledger = warehouse_ledger(reader);
  int64_t added_n = 0;
  OK(ledger->ops->suppress(ledger, rows, 2, &added_n, &error));
  g_assert_cmpint(added_n, ==, 2);
  OK(ledger->ops->suppress(ledger, rows, 2, &added_n, &error));
  g_assert_cmpint(added_n, ==, 0);
  g_assert_cmpint(planned(subject, reader, VERDICT_SUPPRESSED), ==, 1);
  g_assert_cmpint(planned(subject, reader, VERDICT_ELIGIBLE), ==, 1);
  warehouse_close(reader);
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 2);
}

/* A stop that cannot be read stops the holder; the file stays for a person to look at. */
static void test_inbox_unreadable(struct subject *subject)
{
  static const char *const bad[] = {"{\"brake\":\"suppress\"}\n", "not json\n", "{\"brake\":\"suppress\",\"pers", "",
                                    "\n"};
  g_autofree char *folder = inbox_of(subject);
  g_autofree char *path = g_strconcat(folder, "/00000000000000000001-x.ndjson", NULL);
  g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    struct lease lease;
    g_assert_true(g_file_set_contents(path, bad[i], -1, NULL));
    g_assert_false(subject->ops->lease_acquire(subject->ledger, "export", &lease, &error));
    g_assert_true(error_is(error, ERROR_CORRUPT));
    g_assert_nonnull(strstr(error->message, "inbox"));
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
  }
  g_remove(path);
  struct lease lease;
  OK(subject->ops->lease_acquire(subject->ledger, "export", &lease, &error));
  subject->ops->lease_release(subject->ledger, &lease);
  g_rmdir(folder);
}

/* A holder that died left its row; whoever asks may clear it. */
static void test_lease_break(struct subject *subject)
{
  bool was_cleared = true;
  OK(lease_break(subject->warehouse, &was_cleared, &error));
  g_assert_false(was_cleared);
  struct lease lease;
  OK(subject->ops->lease_acquire(subject->ledger, "export", &lease, &error));
  subject->ops->lease_release(subject->ledger, &lease);
  g_assert_cmpint(sqlite3_exec(subject->raw, "UPDATE leases SET released_at = NULL", NULL, NULL, NULL), ==, SQLITE_OK);
  struct lease_view view;
  OK(report_lease(subject->warehouse, &view, &error));
  g_assert_true(view.has_row && !view.is_locked);
  lease_view_clear(&view);
  OK(lease_break(subject->warehouse, &was_cleared, &error));
  g_assert_true(was_cleared);
  OK(report_lease(subject->warehouse, &view, &error));
  g_assert_false(view.has_row);
  lease_view_clear(&view);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("brakes/suppress", test_suppress);
  subject_add("brakes/expiry", test_expiry);
  subject_add("brakes/revoke", test_revoke);
  subject_add("brakes/revoke-run", test_revoke_run);
  subject_add("brakes/unpushed", test_unpushed);
  subject_add("brakes/hold", test_hold);
  subject_add("brakes/event", test_event);
  subject_add("brakes/retry", test_retry);
  subject_add_lasting("brakes/inbox", test_inbox);
  subject_add_lasting("brakes/inbox/unreadable", test_inbox_unreadable);
  subject_add_lasting("brakes/inbox/preview", test_inbox_preview);
  subject_add_lasting("brakes/reader-stops", test_reader_stops);
  subject_add_lasting("brakes/lease-break", test_lease_break);
  return g_test_run();
}
