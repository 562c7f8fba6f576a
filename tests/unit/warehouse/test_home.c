/* Conformance of every backend: rows with our stamp that the ledger does not know come home, and to whom. */
#include "subject.h"

#include "core/fold.h"
#include "core/sync_home.h"

#include <string.h>

#define ID_A "01990000-0000-7000-8000-00000000000a"
#define ID_B "01990000-0000-7000-8000-00000000000b"
#define ID_C "01990000-0000-7000-8000-00000000000c"

static struct remote_lead row(const char *id, const char *person, const char *stamp)
{
  return (struct remote_lead){.id = id,
                              .email = person,
                              .person = person,
                              .campaign_id = "camp-a",
                              .stamp = stamp,
                              .status = REMOTE_ACTIVE,
                              .created_at_us = T0 - HOUR_US};
}

/* A whole scan with these rows, an hour after the one before. */
static struct stage_report scan(struct subject *subject, enum home_mode home, const struct remote_lead *rows, size_t n)
{
  static const char *const campaigns[] = {"camp-a", "camp-b"};
  subject->now_us += HOUR_US;
  g_autofree char *run_id = g_strdup_printf("sync-%d", (int)(subject->now_us / HOUR_US));
  struct stage_rules rules = {.run_id = run_id,
                              .epoch = 9,
                              .now_us = subject->now_us,
                              .is_full_scan = true,
                              .scan_started_at_us = subject->now_us,
                              .campaigns = campaigns,
                              .campaigns_n = 2,
                              .bounce_suppress_us = 180 * DAY_US,
                              .vanish_after_us = DAY_US,
                              .home = home};
  struct stage_report report = {0};
  OK(subject->ops->stage_begin(subject->ledger, run_id, &error));
  OK(subject->ops->stage(subject->ledger, run_id, rows, n, &error));
  OK(subject->ops->stage_facts(subject->ledger, &rules, &report, &error));
  subject_fold(subject);
  return report;
}

/* How a lead stands: settlement, and the id of its row ("-": none). */
static void check(struct subject *subject, const char *lead_id, enum settlement settlement, const char *id)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  const struct lead_state *state = &subject_lead(subject, lead_id, &page)->state;
  g_assert_cmpint(state->settlement, ==, settlement);
  g_assert_cmpstr(state->instantly_id ? state->instantly_id : "-", ==, id);
  page_clear(&page);
}

static int64_t claim_again(struct subject *subject)
{
  static int n;
  g_autofree char *run_id = g_strdup_printf("again-%d", ++n);
  return subject_claim_all(subject, run_id, 20);
}

static void test_left_alone(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  struct remote_lead rows[] = {row(ID_A, "ann@x.org", "1:lost.1"), row(ID_B, "bob@x.org", NULL)};
  struct stage_report report = scan(subject, HOME_LEAVE, rows, 2);
  g_assert_cmpint(report.homeless_n, ==, 1);
  g_assert_cmpint(report.home_n, ==, 0);
  check(subject, "L1", SETTLEMENT_NONE, "-");
}

static void test_adopted(struct subject *subject)
{
  subject_put_plain(subject, "L2", "ann@x.org");
  subject_put_plain(subject, "L1", "ann@x.org");
  struct remote_lead rows[] = {row(ID_A, "ann@x.org", "1:lost.1"), row(ID_B, "cid@x.org", "1:lost.2"),
                               row(ID_C, "dan@x.org", "no stamp of ours")};
  rows[0].opens = 1;
  struct stage_report report = scan(subject, HOME_ADOPT, rows, 3);
  g_assert_cmpint(report.home_n, ==, 2);
  g_assert_cmpint(report.facts_n, >, 0); /* opened: followed at once */
  check(subject, "L1", SETTLEMENT_ADOPTED, ID_A);
  check(subject, "L2", SETTLEMENT_NONE, "-");
  check(subject, HOME_LEAD_PREFIX ID_B, SETTLEMENT_ADOPTED, ID_B);
  g_assert_cmpint(scan(subject, HOME_ADOPT, rows, 3).home_n, ==, 0);
  g_assert_cmpint(claim_again(subject), ==, 0);
  subject_put_plain(subject, "L3", "cid@x.org"); /* who comes back to the source is known */
  g_assert_cmpint(claim_again(subject), ==, 0);
}

static void test_rebuilt(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  subject_put_plain(subject, "L2", "bob@x.org");
  subject_put_plain(subject, "L3", "cid@x.org");
  struct remote_lead rows[] = {row(ID_A, "ann@x.org", "2:lost.7"), row(ID_B, "bob@x.org", NULL)};
  g_assert_cmpint(scan(subject, HOME_REBUILD, rows, 2).home_n, ==, 2);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  const struct lead_state *state = &subject_lead(subject, "L1", &page)->state;
  g_assert_cmpint(state->settlement, ==, SETTLEMENT_ADDED);
  g_assert_cmpint(state->generation, ==, 2);
  g_assert_cmpstr(state->claim_id, ==, "lost.7");
  g_assert_cmpstr(state->campaign_id, ==, "camp-a");
  g_assert_cmpint(state->added_at_us, ==, T0 - HOUR_US);
  page_clear(&page);
  check(subject, "L2", SETTLEMENT_ADOPTED, ID_B);
  bool is_known = false;
  OK(subject->ops->stamp_is_known(subject->ledger, "2:lost.7", &is_known, &error));
  g_assert_true(is_known);
  OK(subject->ops->stamp_is_known(subject->ledger, "2:lost.8", &is_known, &error));
  g_assert_false(is_known);
  g_assert_cmpint(scan(subject, HOME_REBUILD, rows, 2).home_n, ==, 0);
  g_assert_cmpint(claim_again(subject), ==, 1); /* L3 */
}

/* What a sync adopted is raised once somebody says that it is ours. */
static void test_raised(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  struct remote_lead rows[] = {row(ID_A, "ann@x.org", "1:lost.1"), row(ID_B, "bob@x.org", "1:lost.2")};
  scan(subject, HOME_ADOPT, rows, 2);
  g_assert_cmpint(scan(subject, HOME_REBUILD, rows, 2).home_n, ==, 1);
  check(subject, "L1", SETTLEMENT_ADDED, ID_A);
  check(subject, HOME_LEAD_PREFIX ID_B, SETTLEMENT_ADOPTED, ID_B);
}

/* A row in a list has no campaign; of those that others keep in lists nobody is taken. */
static void test_in_list(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  subject_put_plain(subject, "L2", "bob@x.org");
  struct remote_lead rows[] = {row(ID_A, "ann@x.org", "1:lost.1"), row(ID_B, "bob@x.org", NULL)};
  rows[0].campaign_id = rows[1].campaign_id = NULL;
  g_assert_cmpint(scan(subject, HOME_LEAVE, rows, 2).homeless_n, ==, 1);
  g_assert_cmpint(scan(subject, HOME_ADOPT, rows, 2).home_n, ==, 1);
  check(subject, "L1", SETTLEMENT_ADOPTED, ID_A);
  g_assert_cmpint(scan(subject, HOME_REBUILD, rows, 2).home_n, ==, 1);
  check(subject, "L1", SETTLEMENT_ADDED, ID_A);
  check(subject, "L2", SETTLEMENT_NONE, "-");
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_null(subject_lead(subject, "L1", &page)->state.current_campaign_id);
  page_clear(&page);
  g_assert_cmpint(scan(subject, HOME_REBUILD, rows, 2).home_n, ==, 0);
  g_assert_cmpint(claim_again(subject), ==, 1); /* bob */
}

/* Two rows of one person: the lead has the first, the other is a lead of its own. Whoever is enrolled keeps its row. */
static void test_two_rows(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "01980000-0000-7000-8000-000000000001");
  subject_put_plain(subject, "L2", "bob@x.org");
  struct remote_lead rows[] = {row(ID_A, "bob@x.org", "1:lost.9"), row(ID_B, "bob@x.org", "1:lost.1"),
                               row(ID_C, "ann@x.org", "1:lost.3"),
                               row("01980000-0000-7000-8000-000000000001", "ann@x.org", "1:enrol-L1.1")};
  rows[1].campaign_id = "camp-b";
  g_assert_cmpint(scan(subject, HOME_REBUILD, rows, 4).home_n, ==, 3);
  check(subject, "L2", SETTLEMENT_ADDED, ID_A);
  check(subject, HOME_LEAD_PREFIX ID_B, SETTLEMENT_ADOPTED, ID_B);
  check(subject, "L1", SETTLEMENT_ADDED, "01980000-0000-7000-8000-000000000001");
  check(subject, HOME_LEAD_PREFIX ID_C, SETTLEMENT_ADOPTED, ID_C);
}

/* The source's lead_id was another person's: the row does not come to that lead. */
static void test_reused_id(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "01980000-0000-7000-8000-000000000001");
  subject_drop(subject, "L1");
  subject_put_plain(subject, "L1", "bob@x.org");
  struct remote_lead rows[] = {row(ID_A, "bob@x.org", "1:lost.1")};
  scan(subject, HOME_ADOPT, rows, 1);
  check(subject, HOME_LEAD_PREFIX ID_A, SETTLEMENT_ADOPTED, ID_A);
}

/* Ids rise with time; older random ones say nothing. */
static void test_newest_id(struct subject *subject)
{
  g_autofree char *none = NULL, *newest = NULL;
  OK(subject->ops->newest_id(subject->ledger, &none, &error));
  g_assert_null(none);
  subject_enrol(subject, "L1", "ann@x.org", ID_B);
  subject_enrol(subject, "L2", "bob@x.org", "ffffffff-0000-4000-8000-000000000001");
  subject_enrol(subject, "L3", "cid@x.org", ID_A);
  OK(subject->ops->newest_id(subject->ledger, &newest, &error));
  g_assert_cmpstr(newest, ==, ID_B);
}

/* Due for removal is what is ours alone. */
static void test_own_leads_stay(struct subject *subject)
{
  struct remote_lead rows[] = {row(ID_A, "ann@x.org", "1:lost.1")};
  rows[0].status = REMOTE_COMPLETED;
  rows[0].last_step_at_us = T0;
  scan(subject, HOME_ADOPT, rows, 1);
  struct removal_query query = {.now_us = T0 + 400 * DAY_US, .include_adopted = true, .limit = 10};
  struct page page;
  page_init(&page, sizeof(struct removal));
  OK(subject->ops->removals(subject->ledger, &query, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 0);
  page_clear(&page);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("home/left-alone", test_left_alone);
  subject_add("home/adopted", test_adopted);
  subject_add("home/rebuilt", test_rebuilt);
  subject_add("home/raised", test_raised);
  subject_add("home/in-list", test_in_list);
  subject_add("home/two-rows", test_two_rows);
  subject_add("home/reused-id", test_reused_id);
  subject_add("home/newest-id", test_newest_id);
  subject_add("home/own-leads-stay", test_own_leads_stay);
  return g_test_run();
}
