/* Conformance of every backend: what commands of operators need: ending the leads of a campaign that is gone, leads
 * that were contacted before, who holds the lease. */
#include "subject.h"

#include "core/fold.h"
#include "warehouse/brakes.h"

static int64_t retire(struct subject *subject, bool is_dry_run)
{
  struct retirement retirement = {.campaign_id = "camp-a",
                                  .run_id = "retire-1",
                                  .detail = "{\"reason\":\"gone\"}",
                                  .now_us = T0 + HOUR_US,
                                  .is_dry_run = is_dry_run};
  int64_t ended_n = -1;
  OK(subject->ops->retire_campaign(subject->ledger, &retirement, &ended_n, &error));
  subject_fold(subject);
  return ended_n;
}

static void check(struct subject *subject, const char *lead_id, enum settlement settlement, enum outcome outcome)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  const struct lead_state *state = &subject_lead(subject, lead_id, &page)->state;
  g_assert_cmpint(state->settlement, ==, settlement);
  g_assert_cmpint(state->outcome, ==, outcome);
  g_assert_false(state_is_held(state));
  page_clear(&page);
}

static void test_retire(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_enrol(subject, "L2", "bob@x.org", "id-2");
  subject_enrol(subject, "L3", "cid@x.org", "id-3");
  struct lead_event moved = about(EVENT_MOVED, "L3", "cid@x.org", T0 + 1);
  moved.campaign_id = "camp-b";
  moved.instantly_id = "id-3";
  struct lead_event over = about(EVENT_FINISHED, "L2", "bob@x.org", T0);
  over.reason = "no_reply";
  struct lead_event held = about(EVENT_HELD, "L2", "bob@x.org", T0);
  held.reason = "relaunched";
  struct lead_event events[] = {moved, over, held};
  subject_append(subject, events, 3);
  int64_t held_n = 0;
  subject_fold(subject);
  OK(subject->ops->hold_campaign(subject->ledger, "camp-a", "sync-1", &held_n, &error));
  g_assert_cmpint(held_n, ==, 1); /* L2 is over */
  subject_put_plain(subject, "L4", "dan@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-4", 9), ==, 1); /* open */
  subject_fold(subject);
  g_assert_cmpint(retire(subject, true), ==, 3);
  g_assert_cmpint(retire(subject, false), ==, 3);
  check(subject, "L1", SETTLEMENT_ADDED, OUTCOME_REMOVED_BY_HAND);
  check(subject, "L2", SETTLEMENT_ADDED, OUTCOME_NO_REPLY);
  check(subject, "L3", SETTLEMENT_ADDED, OUTCOME_NONE);
  check(subject, "L4", SETTLEMENT_SKIPPED, OUTCOME_NONE);
  g_assert_cmpint(retire(subject, false), ==, 0);
  g_assert_cmpint(subject_claim_all(subject, "run-5", 10), ==, 0);
  OK(subject->ops->hold_campaign(subject->ledger, "camp-a", "sync-2", &held_n, &error));
  g_assert_cmpint(held_n, ==, 0);
}

/* Which source rows show a contact that is not ours. */
static void test_contacted_before(struct subject *subject)
{
  struct lead leads[] = {{.lead_id = "A", .email = " Ann@X.org", .added_to_instantly = true, .campaign_id = "camp-b"},
                         {.lead_id = "B", .email = "bob@x.org", .last_email_status = "opened"},
                         {.lead_id = "C", .email = "cid@x.org"},
                         {.lead_id = "D", .email = "no address", .cold_email_sent = true},
                         {.lead_id = "E", .email = "eve@x.org", .sequence_completed = true}};
  subject_put_all(subject, leads, G_N_ELEMENTS(leads));
  subject_enrol(subject, "F", "fay@x.org", "id-1");
  leads[0] = (struct lead){.lead_id = "G", .email = "fay@x.org", .cold_email_sent = true};
  subject_put_all(subject, leads, 1);
  struct page page;
  page_init(&page, sizeof(struct contacted));
  OK(subject->ops->contacted_before(subject->ledger, NULL, 2, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 2);
  g_assert_cmpstr(page_row(&page, struct contacted, 0)->person, ==, "ann@x.org");
  g_assert_cmpstr(page_row(&page, struct contacted, 0)->campaign_id, ==, "camp-b");
  g_assert_cmpstr(page_row(&page, struct contacted, 1)->lead_id, ==, "B");
  g_assert_null(page_row(&page, struct contacted, 1)->campaign_id);
  OK(subject->ops->contacted_before(subject->ledger, "B", 2, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  g_assert_cmpstr(page_row(&page, struct contacted, 0)->lead_id, ==, "E");
  page_clear(&page);
}

/* One row of a person comes, the first, whether the others are on its page or on a later one. */
static void test_contacted_once(struct subject *subject)
{
  struct lead leads[] = {{.lead_id = "A", .email = "ann@x.org"}, /* shows no contact */
                         {.lead_id = "B", .email = "bob@x.org", .cold_email_sent = true, .campaign_id = "camp-b"},
                         {.lead_id = "C", .email = " ANN@x.org", .cold_email_sent = true, .campaign_id = "camp-c"},
                         {.lead_id = "D", .email = "Bob@X.org", .added_to_instantly = true, .campaign_id = "camp-d"},
                         {.lead_id = "E", .email = "eve@x.org", .cold_email_sent = true},
                         {.lead_id = "F", .email = "ann@x.org", .sequence_completed = true, .campaign_id = "camp-f"}};
  subject_put_all(subject, leads, G_N_ELEMENTS(leads));
  for (size_t limit = 1; limit <= 4; limit++) {
    g_autoptr(GString) seen = g_string_new(NULL);
    g_autofree char *after = NULL;
    struct page page;
    page_init(&page, sizeof(struct contacted));
    do {
      OK(subject->ops->contacted_before(subject->ledger, after, limit, &page, &error));
      for (guint i = 0; i < page.rows->len; i++) {
        const struct contacted *row = page_row(&page, struct contacted, i);
        g_string_append_printf(seen, "%s %s %s;", row->lead_id, row->person, row->campaign_id ? row->campaign_id : "-");
        g_free(after);
        after = g_strdup(row->lead_id);
      }
    } while (page.rows->len == limit);
    g_assert_cmpstr(seen->str, ==, "B bob@x.org camp-b;C ann@x.org camp-c;E eve@x.org -;");
    page_clear(&page);
  }
}

static void test_lease(struct subject *subject)
{
  struct lease lease;
  struct lease_view view = {0};
  bool was_cleared = true;
  g_autoptr(GError) refused = NULL;
  OK(report_lease(subject->warehouse, &view, &error));
  g_assert_false(view.is_locked || view.has_row);
  OK(lease_break(subject->warehouse, &was_cleared, &error));
  g_assert_false(was_cleared);
  OK(subject->ops->lease_acquire(subject->ledger, "export", &lease, &error));
  OK(report_lease(subject->warehouse, &view, &error));
  g_assert_true(view.is_locked && view.has_row);
  g_assert_cmpstr(view.job, ==, "export");
  g_assert_cmpint(view.epoch, ==, lease.epoch);
  g_assert_cmpint(view.acquired_at_us, ==, T0);
  lease_view_clear(&view);
  g_assert_false(lease_break(subject->warehouse, &was_cleared, &refused));
  g_assert_true(error_is(refused, ERROR_LOCKED));
  subject->ops->lease_release(subject->ledger, &lease);
  OK(report_lease(subject->warehouse, &view, &error));
  g_assert_false(view.is_locked || view.has_row);
  lease_view_clear(&view);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("retire/campaign", test_retire);
  subject_add("retire/contacted-before", test_contacted_before);
  subject_add("retire/contacted-once", test_contacted_once);
  subject_add("retire/lease", test_lease);
  return g_test_run();
}
