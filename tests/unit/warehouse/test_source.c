/* Conformance of every backend: the user's own tables (write-back, import, campaign_status) and the block list. */
#include "subject.h"

#include "core/fold.h"

#include <string.h>

static int64_t write_back(struct subject *subject, bool is_dry_run)
{
  int64_t changed_n = -1;
  OK(subject->ops->write_back(subject->ledger, is_dry_run, &changed_n, &error));
  return changed_n;
}

/* ---- write-back ---- */

static void test_write_back(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_put_plain(subject, "L2", "bob@x.org");
  struct lead_event opened = about(EVENT_STATUS, "L1", "ann@x.org", T0 + HOUR_US);
  opened.fact = FACT_OPENED;
  subject_append(subject, &opened, 1);
  subject_fold(subject);
  subject->now_us = T0 + 2 * HOUR_US;
  g_assert_cmpint(write_back(subject, true), ==, 1); /* counts, and writes nothing */
  g_assert_cmpint(write_back(subject, false), ==, 1);
  g_assert_cmpint(write_back(subject, false), ==, 0);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  const struct lead_report_row *row = subject_lead(subject, "L1", &page);
  g_assert_true(row->lead.added_to_instantly);
  g_assert_cmpint(row->added_at_us, ==, T0);
  g_assert_true(row->lead.cold_email_sent);
  g_assert_cmpstr(row->lead.last_email_status, ==, "opened");
  g_assert_false(row->lead.sequence_completed);
  g_assert_cmpint(row->updated_at_us, ==, T0 + 2 * HOUR_US);
  row = subject_lead(subject, "L2", &page);
  g_assert_false(row->lead.added_to_instantly);
  g_assert_cmpint(row->updated_at_us, ==, 0);
  page_clear(&page);
}

/* Never TRUE to FALSE, never a value to NULL, never a status down. */
static void test_write_back_never_takes(struct subject *subject)
{
  struct lead lead = {.lead_id = "L1", .email = "ann@x.org", .first_name = "Ann", .campaign_id = "camp-a"};
  subject_put(subject, &lead);
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 1);
  struct lead_event rejected = settling(EVENT_REJECTED, "L1", "ann@x.org", "run-1.1");
  subject_append(subject, &rejected, 1);
  subject_fold(subject);
  lead.added_to_instantly = lead.sequence_completed = lead.cold_email_sent = true;
  lead.last_email_status = "replied";
  subject_put(subject, &lead);
  g_assert_cmpint(write_back(subject, false), ==, 0);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  const struct lead_report_row *row = subject_lead(subject, "L1", &page);
  g_assert_true(row->lead.added_to_instantly && row->lead.sequence_completed && row->lead.cold_email_sent);
  g_assert_cmpstr(row->lead.last_email_status, ==, "replied");
  page_clear(&page);
}

/* A row that the user reset to FALSE is restored. */
static void test_write_back_restores(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  g_assert_cmpint(write_back(subject, false), ==, 1);
  subject_put_plain(subject, "L1", "ann@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-2", 2), ==, 0);
  g_assert_cmpint(write_back(subject, false), ==, 1);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_true(subject_lead(subject, "L1", &page)->lead.added_to_instantly);
  page_clear(&page);
}

/* `leads` rebuilt with new ids: the lowest new id of the person inherits the state and gets its columns. */
static void test_write_back_alias(struct subject *subject)
{
  subject_enrol(subject, "old", "ann@x.org", "id-1");
  subject_drop(subject, "old");
  subject_put_plain(subject, "N2", "ann@x.org");
  subject_put_plain(subject, "N1", "Ann@x.org");
  g_assert_cmpint(write_back(subject, false), ==, 1);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  const struct lead_report_row *row = subject_lead(subject, "N1", &page);
  g_assert_true(row->lead.added_to_instantly);
  g_assert_true(row->has_state);
  g_assert_false(subject_lead(subject, "N2", &page)->lead.added_to_instantly);
  g_assert_cmpint(subject_claim_all(subject, "run-2", 2), ==, 0);
  page_clear(&page);
}

/* The lead_id is somebody else's now: nothing of the old person is written into it. */
static void test_write_back_reused(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_put_plain(subject, "L1", "bob@x.org");
  g_assert_cmpint(write_back(subject, false), ==, 0);
}

static void test_write_back_reset(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct lead_event contacted = about(EVENT_STATUS, "L1", "ann@x.org", T0);
  contacted.fact = FACT_CONTACTED;
  subject_append(subject, &contacted, 1);
  subject_fold(subject);
  g_assert_cmpint(write_back(subject, false), ==, 1);
  struct lead_event withdrawn = about(EVENT_WITHDRAWN, "L1", "ann@x.org", T0 + HOUR_US);
  subject_append(subject, &withdrawn, 1);
  subject_fold(subject);
  g_assert_cmpint(write_back(subject, false), ==, 1);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  const struct lead_report_row *row = subject_lead(subject, "L1", &page);
  g_assert_false(row->lead.added_to_instantly);
  g_assert_cmpint(row->added_at_us, ==, 0);
  g_assert_true(row->lead.cold_email_sent); /* stays */
  g_assert_cmpstr(row->lead.last_email_status, ==, "sent");
  g_assert_cmpint(write_back(subject, false), ==, 0);
  page_clear(&page);
}

static void test_write_back_completed(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_enrol(subject, "L2", "bob@x.org", "id-2");
  struct lead_event events[] = {about(EVENT_FINISHED, "L1", "ann@x.org", T0 + HOUR_US),
                                about(EVENT_FINISHED, "L2", "bob@x.org", T0 + HOUR_US)};
  events[0].reason = "replied";  /* kept: completed at once */
  events[1].reason = "no_reply"; /* completed once it is removed */
  subject_append(subject, events, 2);
  subject_fold(subject);
  write_back(subject, false);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_assert_true(subject_lead(subject, "L1", &page)->lead.sequence_completed);
  g_assert_false(subject_lead(subject, "L2", &page)->lead.sequence_completed);
  struct lead_event removed = about(EVENT_REMOVED, "L2", "bob@x.org", T0 + 9 * HOUR_US);
  removed.instantly_id = "id-2";
  subject_append(subject, &removed, 1);
  subject_fold(subject);
  g_assert_cmpint(write_back(subject, false), ==, 1);
  const struct lead_report_row *row = subject_lead(subject, "L2", &page);
  g_assert_true(row->lead.sequence_completed);
  g_assert_cmpint(row->sequence_completed_at_us, ==, T0 + HOUR_US); /* when it ended */
  page_clear(&page);
}

static void test_write_back_off(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject->settings.source.write_back = false;
  g_assert_cmpint(write_back(subject, false), ==, 0);
}

/* ---- import ---- */

static void test_import(struct subject *subject)
{
  struct import_row rows[] = {
      {.lead_id = "L1",
       .email = "Ann@x.org",
       .person = "ann@x.org",
       .first_name = "Ann",
       .campaign_id = "camp-a",
       .fields = "{\"city\":\"Ulm\"}"},
      {.email = "bob@x.org", .person = "bob@x.org", .first_name = "Bob"},
      {.lead_id = "L3", .email = "ann@x.org", .person = "ann@x.org"},
      {.lead_id = "L1", .email = "cid@x.org", .person = "cid@x.org"},
  };
  static const enum import_result first[] = {IMPORT_NEW, IMPORT_NEW, IMPORT_DUPLICATE_PERSON, IMPORT_ID_TAKEN};
  static const enum import_result second[] = {IMPORT_UNCHANGED, IMPORT_UNCHANGED, IMPORT_DUPLICATE_PERSON,
                                              IMPORT_ID_TAKEN};
  for (int pass = 0; pass < 3; pass++) { /* the first writes nothing */
    OK(import_rows(subject->warehouse, rows, 4, pass == 0, &error));
    for (size_t i = 0; i < 4; i++)
      g_assert_cmpint(rows[i].result, ==, (pass < 2 ? first : second)[i]);
  }
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  const struct lead_report_row *row = subject_lead(subject, "L1", &page);
  g_assert_cmpstr(row->lead.email, ==, "Ann@x.org"); /* as given */
  g_assert_nonnull(strstr(row->lead.fields, "Ulm"));
  row = subject_lead(subject, "bob@x.org", &page);
  g_assert_null(strchr(row->lead.lead_id, '@')); /* derived, and no address */
  page_clear(&page);
}

static void test_import_updates(struct subject *subject)
{
  struct import_row row = {.lead_id = "L1",
                           .email = "ann@x.org",
                           .person = "ann@x.org",
                           .first_name = "Ann",
                           .last_name = "Lee",
                           .fields = "{\"city\":\"Ulm\",\"size\":3}"};
  OK(import_rows(subject->warehouse, &row, 1, false, &error));
  row.first_name = "Anna";
  row.last_name = ""; /* an empty value takes nothing away */
  row.fields = "{\"city\":\"Bonn\"}";
  OK(import_rows(subject->warehouse, &row, 1, false, &error));
  g_assert_cmpint(row.result, ==, IMPORT_UPDATED);
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  const struct lead_report_row *lead = subject_lead(subject, "L1", &page);
  g_assert_cmpstr(lead->lead.first_name, ==, "Anna");
  g_assert_cmpstr(lead->lead.last_name, ==, "Lee");
  g_assert_nonnull(strstr(lead->lead.fields, "Bonn"));
  g_assert_nonnull(strstr(lead->lead.fields, "size"));
  page_clear(&page);
}

/* ---- suppressions and the block list ---- */

static void test_suppress(struct subject *subject)
{
  struct suppression rows[] = {
      {.person = "ann@x.org", .reason = "unsubscribed", .source = "sync"},
      {.person = "ann@x.org", .reason = "manual", .source = "command", .actor = "kim"},
      {.domain = "rival.org", .reason = "manual", .source = "import"},
      {.person = "bob@x.org", .reason = "replied", .source = "sync"},
      {.person = "cid@x.org", .reason = "blocklist", .source = "blocklist"},
      {.person = "old@x.org", .reason = "unsubscribed", .source = "sync", .expires_at_us = T0 + HOUR_US},
  };
  int64_t added_n = 0;
  OK(subject->ops->suppress(subject->ledger, rows, G_N_ELEMENTS(rows), &added_n, &error));
  g_assert_cmpint(added_n, ==, 6);
  OK(subject->ops->suppress(subject->ledger, rows, G_N_ELEMENTS(rows), &added_n, &error));
  g_assert_cmpint(added_n, ==, 0);
  subject->now_us = T0 + HOUR_US; /* the last one has run out: it may be written again */
  OK(subject->ops->suppress(subject->ledger, &rows[5], 1, &added_n, &error));
  g_assert_cmpint(added_n, ==, 1);

  struct page page;
  page_init(&page, sizeof(struct suppression));
  OK(report_suppressions(subject->warehouse, "ann+x@x.org", &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 2);
  OK(report_suppressions(subject->warehouse, "who@rival.org", &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  g_assert_cmpstr(page_row(&page, struct suppression, 0)->domain, ==, "rival.org");
  page_clear(&page);
}

static guint unpushed(struct subject *subject, size_t limit, struct page *page)
{
  OK(subject->ops->unpushed(subject->ledger, &(struct push_query){.now_us = subject->now_us, .limit = limit}, page,
                            &error));
  return page->rows->len;
}

static void test_push(struct subject *subject)
{
  struct suppression rows[] = {
      {.person = "ann@x.org", .reason = "unsubscribed", .source = "sync"},
      {.person = "bob@x.org", .reason = "manual", .source = "command"},
      {.person = "cid@x.org", .reason = "replied", .source = "sync"},        /* Instantly stops by itself */
      {.person = "dan@x.org", .reason = "bounced", .source = "sync"},        /* never block-listed */
      {.person = "eve@x.org", .reason = "blocklist", .source = "blocklist"}, /* is there already */
  };
  OK(subject->ops->suppress(subject->ledger, rows, G_N_ELEMENTS(rows), NULL, &error));
  struct page page;
  page_init(&page, sizeof(struct suppression));
  g_assert_cmpuint(unpushed(subject, 1, &page), ==, 1);
  g_assert_cmpuint(unpushed(subject, 10, &page), ==, 2);
  OK(subject->ops->pushed(subject->ledger, page_row(&page, struct suppression, 0), 1, T0 + 5, &error));
  g_assert_cmpuint(unpushed(subject, 10, &page), ==, 1);
  subject_revoke(subject, "ann@x.org", T0 + 6);
  subject_revoke(subject, "bob@x.org", T0 + 6);
  g_assert_cmpuint(unpushed(subject, 10, &page), ==, 0);
  page_clear(&page);
}

/* ---- campaigns ---- */

static void test_campaigns(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_enrol(subject, "L2", "bob@x.org", "id-2");
  struct lead_event finished = about(EVENT_FINISHED, "L1", "ann@x.org", T0);
  finished.reason = "replied";
  subject_append(subject, &finished, 1);
  subject_fold(subject);
  struct campaign_metric rows[] = {
      {.campaign_id = "camp-a", .campaign_name = "Spring", .leads = 7, .sent = 5},
      {.campaign_id = "camp-a", .campaign_name = "Spring", .step = "0", .variant = "1", .sent = 5},
      {.campaign_id = "camp-a", .campaign_name = "Spring", .day_us = T0 - T0 % DAY_US, .sent = 2},
  };
  struct page page;
  page_init(&page, sizeof(struct campaign_metric));
  OK(subject->ops->campaign_status_write(subject->ledger, rows, 1, T0, &error));
  OK(report_campaigns(subject->warehouse, &page, &error));
  g_assert_cmpint(page_row(&page, struct campaign_metric, 0)->status, ==, CAMPAIGN_UNREAD);
  OK(subject->ops->metrics_write(subject->ledger, rows, 3, &error));
  rows[0].sent = 6;
  OK(subject->ops->metrics_write(subject->ledger, rows, 3, &error)); /* replaces */
  OK(subject->ops->campaign_status_write(subject->ledger, rows, 1, T0, &error));
  OK(report_campaigns(subject->warehouse, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 1);
  const struct campaign_metric *row = page_row(&page, struct campaign_metric, 0);
  g_assert_cmpstr(row->campaign_id, ==, "camp-a");
  g_assert_cmpstr(row->campaign_name, ==, "Spring");
  g_assert_cmpint(row->status, ==, CAMPAIGN_DRAFT);
  g_assert_cmpint(row->sent, ==, 6);
  g_assert_cmpint(row->leads, ==, 7);
  page_clear(&page);
}

static void test_empty_values(struct subject *subject)
{
  struct lead leads[] = {
      {.lead_id = "L1", .email = "a@x.org", .first_name = "A", .campaign_id = "camp-a", .fields = "{\"city\":\"Ulm\"}"},
      {.lead_id = "L2", .email = "b@x.org", .first_name = " ", .fields = "{\"city\":null,\"n\":1}"},
      {.lead_id = "L3", .email = "c@x.org", .campaign_id = "camp-b"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(leads); i++)
    subject_put(subject, &leads[i]);
  static const struct {
    const char *campaign_id, *default_campaign;
    struct required_variable variable;
    int64_t empty_n, rows_n;
  } cases[] = {
      {"camp-a", NULL, {"t", "first_name", true}, 0, 1}, {"camp-a", "camp-a", {"t", "first_name", true}, 1, 2},
      {"camp-a", "camp-a", {"t", "city", false}, 1, 2},  {"camp-a", "camp-a", {"t", "n", false}, 1, 2},
      {"camp-b", "camp-a", {"t", "city", false}, 1, 1},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct empty_query query = {cases[i].campaign_id, cases[i].default_campaign, &cases[i].variable};
    struct empty_count count = {-1, -1};
    OK(report_empty_values(subject->warehouse, &query, &count, &error));
    g_assert_cmpint(count.empty_n, ==, cases[i].empty_n);
    g_assert_cmpint(count.rows_n, ==, cases[i].rows_n);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("write-back", test_write_back);
  subject_add("write-back/never-takes", test_write_back_never_takes);
  subject_add("write-back/restores", test_write_back_restores);
  subject_add("write-back/alias", test_write_back_alias);
  subject_add("write-back/reused", test_write_back_reused);
  subject_add("write-back/reset", test_write_back_reset);
  subject_add("write-back/completed", test_write_back_completed);
  subject_add("write-back/off", test_write_back_off);
  subject_add("import", test_import);
  subject_add("import/updates", test_import_updates);
  subject_add("suppress", test_suppress);
  subject_add("push", test_push);
  subject_add("campaigns", test_campaigns);
  subject_add("empty-values", test_empty_values);
  return g_test_run();
}
