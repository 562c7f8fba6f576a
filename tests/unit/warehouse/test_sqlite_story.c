/* One lead's way through the SQLite warehouse: import, claim, send, settle, fold, write back; and again. */
#include "sqlite_fixture.h"

#include <string.h>

#define CAMPAIGN_A "11111111-1111-4111-8111-111111111111"

static void import_three(struct sqlite_fixture *fixture, enum import_result results[4])
{
  g_autoptr(GError) error = NULL;
  struct import_row rows[] = {
      {.lead_id = "l1", .email = "A@X.com", .person = "a@x.com", .first_name = "Ann", .fields = "{\"city\":\"Bonn\"}"},
      {.lead_id = "l2", .email = "b@x.com", .person = "b@x.com", .first_name = "Bob"},
      {.lead_id = "l3", .email = "a@x.com", .person = "a@x.com"},
      {.email = "c@x.com", .person = "c@x.com", .campaign_id = "unknown"},
  };
  g_assert_true(import_rows(fixture->warehouse, rows, 4, false, &error));
  g_assert_no_error(error);
  for (size_t i = 0; i < 4; i++)
    results[i] = rows[i].result;
}

static void claim_all(struct sqlite_fixture *fixture, const char *run_id, int64_t epoch, struct claim_report *report)
{
  g_autoptr(GError) error = NULL;
  const struct campaign_feed feed = {.id = CAMPAIGN_A, .is_fed = true, .room = SETTING_UNLIMITED};
  const struct claim_rules rules = {.run_id = run_id,
                                    .epoch = epoch,
                                    .now_us = 1790000000000000,
                                    .default_campaign = CAMPAIGN_A,
                                    .feeds = &feed,
                                    .feeds_n = 1,
                                    .run_room = SETTING_UNLIMITED,
                                    .reused_stop_share = 0.01};
  g_assert_true(fixture->ledger->ops->claim(fixture->ledger, &rules, report, &error));
  g_assert_no_error(error);
}

static void settle_added(struct sqlite_fixture *fixture, const struct claim *claim)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *claim_id = g_strdup_printf("%s.%" G_GINT64_FORMAT, claim->run_id, claim->ord);
  const struct lead_event added = {.kind = EVENT_ADDED,
                                   .lead_id = claim->lead.lead_id,
                                   .person = claim->person,
                                   .campaign_id = claim->campaign_id,
                                   .instantly_id = claim->lead.lead_id,
                                   .claim_id = claim_id,
                                   .ord = claim->ord,
                                   .generation = claim->generation,
                                   .epoch = claim->epoch,
                                   .run_id = claim->run_id,
                                   .occurred_at_us = 1790000001000000};
  g_assert_true(fixture->ledger->ops->append(fixture->ledger, &added, 1, &error));
  g_assert_no_error(error);
}

static void test_story(void)
{
  struct sqlite_fixture fixture;
  enum import_result results[4];
  struct claim_report report;
  struct lease lease;
  struct page page;
  int64_t changed_n = 0;
  g_autoptr(GError) error = NULL;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  const struct ledger_ops *ops = fixture.ledger->ops;
  import_three(&fixture, results);
  g_assert_cmpint(results[0], ==, IMPORT_NEW);
  g_assert_cmpint(results[1], ==, IMPORT_NEW);
  g_assert_cmpint(results[2], ==, IMPORT_DUPLICATE_PERSON);
  g_assert_cmpint(results[3], ==, IMPORT_NEW);
  import_three(&fixture, results);
  g_assert_cmpint(results[0], ==, IMPORT_UNCHANGED);
  g_assert_cmpint(results[3], ==, IMPORT_UNCHANGED);

  g_assert_true(ops->lease_acquire(fixture.ledger, "export", &lease, &error));
  g_assert_cmpint(lease.epoch, ==, 1);
  const struct run_record run = {.run_id = "r1", .job = "export", .started_at_us = 1790000000000000};
  g_assert_true(ops->run_begin(fixture.ledger, &run, &error));
  claim_report_init(&report);
  claim_all(&fixture, "r1", lease.epoch, &report);
  g_assert_cmpint(report.source_n, ==, 3);
  g_assert_cmpint(report.claimed_n, ==, 2);
  g_assert_cmpuint(report.counts->len, ==, 2); /* eligible, unknown_campaign */

  page_init(&page, sizeof(struct claim));
  const struct claim_query query = {.run_id = "r1", .to_ord = INT64_MAX, .limit = 10};
  g_assert_true(ops->claims_read(fixture.ledger, &query, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 2);
  g_assert_cmpstr(page_row(&page, struct claim, 0)->lead.lead_id, ==, "l1");
  g_assert_cmpstr(page_row(&page, struct claim, 0)->lead.email, ==, "A@X.com");
  g_assert_cmpstr(page_row(&page, struct claim, 0)->lead.fields, ==, "{\"city\":\"Bonn\"}");
  g_assert_cmpstr(page_row(&page, struct claim, 0)->person, ==, "a@x.com");
  settle_added(&fixture, page_row(&page, struct claim, 0));
  g_assert_true(ops->fold(fixture.ledger, &error));
  g_assert_true(ops->write_back(fixture.ledger, true, &changed_n, &error));
  g_assert_cmpint(changed_n, ==, 1);
  g_assert_true(ops->write_back(fixture.ledger, false, &changed_n, &error));
  g_assert_cmpint(changed_n, ==, 1);
  g_assert_true(ops->write_back(fixture.ledger, false, &changed_n, &error));
  g_assert_cmpint(changed_n, ==, 0);
  g_autofree char *row = sqlite_fixture_text(&fixture, "SELECT added_to_instantly || added_date || (updated_at > '2') "
                                                       "= '12026-09-21T14:13:21Z1' FROM leads WHERE lead_id = 'l1'");
  g_assert_cmpstr(row, ==, "1");

  int64_t released_n = 0;
  g_assert_true(ops->release_never_sent(fixture.ledger, "r2", &released_n, &error));
  g_assert_cmpint(released_n, ==, 1);
  g_assert_true(ops->run_end(fixture.ledger, &run, &error));
  g_autofree char *counts = sqlite_fixture_text(&fixture, "SELECT counts FROM pipeline_runs WHERE is_end");
  g_assert_cmpstr(counts, ==, "{\"claimed\":2,\"added\":1}");
  ops->lease_release(fixture.ledger, &lease);
  claim_report_clear(&report);
  page_clear(&page);
  sqlite_fixture_clear(&fixture);
}

static void test_lock(void)
{
  struct sqlite_fixture fixture;
  struct lease lease, second;
  g_autoptr(GError) error = NULL;
  sqlite_fixture_init(&fixture);
  sqlite_fixture_open(&fixture);
  g_assert_true(fixture.ledger->ops->lease_acquire(fixture.ledger, "export", &lease, &error));
  struct warehouse *other = warehouse_open(&fixture.settings, WAREHOUSE_WRITE, clock_system(), &error);
  g_assert_no_error(error);
  struct ledger *ledger = warehouse_ledger(other);
  g_assert_false(ledger->ops->lease_acquire(ledger, "sync", &second, &error));
  g_assert_true(error_is(error, ERROR_LOCKED));
  g_assert_nonnull(strstr(error->message, "job export, process"));
  g_clear_error(&error);
  g_assert_true(fixture.ledger->ops->lease_check(fixture.ledger, &lease, &error));
  fixture.ledger->ops->lease_release(fixture.ledger, &lease);
  g_assert_true(ledger->ops->lease_acquire(ledger, "sync", &second, &error));
  g_assert_cmpint(second.epoch, ==, 2);
  warehouse_close(other);
  g_assert_true(fixture.ledger->ops->lease_acquire(fixture.ledger, "export", &lease, &error));
  g_assert_cmpint(lease.epoch, ==, 3);
  sqlite_fixture_clear(&fixture);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/warehouse/sqlite/story", test_story);
  g_test_add_func("/warehouse/sqlite/lock", test_lock);
  return g_test_run();
}
