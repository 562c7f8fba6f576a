/* Conformance of every backend: source.opt_out, a column of the user's table that says who does not want mail. Here it
 * is last_name. */
#include "subject.h"

#include "base/text.h"
#include "core/ports.h"
#include "core/source_opt_out.h"

#include <string.h>

/* Opens the empty warehouse again, now with such a column. */
static void open_with(struct subject *subject, const char *const *values, const char *const *ignore)
{
  warehouse_close(subject->warehouse);
  subject->settings.source.opt_out = (struct opt_out_settings){
      .column = g_strdup("last_name"), .values = g_strdupv((char **)values), .ignore = g_strdupv((char **)ignore)};
  GError *error = NULL;
  subject->warehouse = warehouse_open(&subject->settings, WAREHOUSE_WRITE, &subject->clock, &error);
  g_assert_no_error(error);
  subject->ledger = warehouse_ledger(subject->warehouse);
  subject->ops = subject->ledger->ops;
}

static void put(struct subject *subject, const char *lead_id, const char *email, const char *value)
{
  struct lead lead = {
      .lead_id = lead_id, .email = email, .first_name = "A", .last_name = value, .campaign_id = "camp-a"};
  subject_put(subject, &lead);
}

static struct opt_out_report stop_all(struct subject *subject)
{
  struct job job = {.settings = &subject->settings,
                    .ledger = subject->ledger,
                    .clock = &subject->clock,
                    .run_id = (char *)"run-1",
                    .lease = {.job = "sync", .deadline_boot_us = INT64_MAX},
                    .now_us = subject->now_us};
  struct opt_out_report report;
  OK(source_opt_out_stop(&job, &report, &error));
  return report;
}

static int64_t stopped_n(struct subject *subject, const char *reason)
{
  struct claim_rules rules = plain_rules("run-dry", 1);
  struct claim_report report;
  claim_report_init(&report);
  rules.is_dry_run = true;
  rules.now_us = subject->now_us;
  OK(subject->ops->claim(subject->ledger, &rules, &report, &error));
  int64_t n = counted(&report, VERDICT_SUPPRESSED, reason);
  claim_report_clear(&report);
  return n;
}

/* Guarantee 55. */
static void test_yes_stops(struct subject *subject)
{
  static const char *const values[] = {"kein Interesse", NULL};
  static const char *const ignore[] = {"Kunde", NULL};
  static const char *const yes[] = {"1",          "TRUE",         " yes ",
                                    "x",          "unsubscribed", "2026-01-02 03:04:05 UTC",
                                    "1767322445", "2026-01-02",   "Kein interesse "};
  static const char *const no[] = {"", "0", "false", " No", "f", "null", "Kunde", "-", "0000-00-00 00:00:00", NULL};
  open_with(subject, values, ignore);
  for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
    g_autofree char *lead_id = g_strdup_printf("Y%zu", i), *email = g_strdup_printf("y%zu@x.org", i);
    put(subject, lead_id, email, yes[i]);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(no); i++) {
    g_autofree char *lead_id = g_strdup_printf("N%zu", i), *email = g_strdup_printf("n%zu@x.org", i);
    put(subject, lead_id, email, no[i]);
  }
  put(subject, "B1", "b1@x.org", "bounced");
  struct opt_out_report report = stop_all(subject);
  g_assert_cmpint(report.stopped_n, ==, G_N_ELEMENTS(yes) + 1);
  g_assert_cmpint(stopped_n(subject, "opted_out"), ==, G_N_ELEMENTS(yes));
  g_assert_cmpint(stopped_n(subject, "bounced"), ==, 1);
  report = stop_all(subject);
  g_assert_cmpint(report.stopped_n, ==, 0);
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, G_N_ELEMENTS(no));
}

/* A stop is the folded person's, whatever the row's tag. */
static void test_tag(struct subject *subject)
{
  open_with(subject, NULL, NULL);
  put(subject, "L1", " Ann+news@X.org", "yes");
  put(subject, "L2", "ann@x.org", NULL);
  g_assert_cmpint(stop_all(subject).stopped_n, ==, 1);
  g_assert_cmpint(stopped_n(subject, "opted_out"), ==, 2);
  put(subject, "L1", " Ann+news@X.org", "no"); /* a no lifts none */
  g_assert_cmpint(stop_all(subject).stopped_n, ==, 0);
  g_assert_cmpint(stopped_n(subject, "opted_out"), ==, 2);
}

/* Whom somebody let off stays so while the column goes on saying the same, and is stopped when it says it anew. */
static void test_removed(struct subject *subject)
{
  open_with(subject, NULL, NULL);
  put(subject, "L1", "ann@x.org", "yes");
  put(subject, "L2", "bob@x.org", "2026-01-02");
  g_assert_cmpint(stop_all(subject).stopped_n, ==, 2);
  subject_revoke(subject, "ann@x.org", subject->now_us);
  subject_revoke(subject, "bob@x.org", subject->now_us);
  for (int i = 0; i < 2; i++) {
    struct opt_out_report report = stop_all(subject);
    g_assert_cmpint(report.stopped_n, ==, 0);
    g_assert_cmpint(report.kept_n, ==, 2);
  }
  put(subject, "L2", "bob@x.org", "2026-01-03T00:00:00Z"); /* a later date is news */
  g_assert_cmpint(stop_all(subject).stopped_n, ==, 1);
  put(subject, "L1", "ann@x.org", "no");
  g_assert_cmpint(stop_all(subject).stopped_n, ==, 0);
  put(subject, "L1", "ann@x.org", "yes"); /* and so is a yes after a no */
  g_assert_cmpint(stop_all(subject).stopped_n, ==, 1);
  g_assert_cmpint(stopped_n(subject, "opted_out"), ==, 2);
}

/* What nobody understands keeps everybody from being claimed, and no stop from being recorded. */
static void test_unclear(struct subject *subject)
{
  open_with(subject, NULL, NULL);
  put(subject, "L1", "ann@x.org", "maybe");
  put(subject, "L2", "bob@x.org", "yes");
  put(subject, "L3", "cyd@x.org", NULL);
  g_assert_cmpint(stop_all(subject).stopped_n, ==, 1);
  struct claim_rules rules = plain_rules("run-1", 1);
  struct claim_report report;
  claim_report_init(&report);
  GError *error = NULL;
  g_assert_false(subject->ops->claim(subject->ledger, &rules, &report, &error));
  g_assert_true(error_is(error, ERROR_CONFIG));
  g_assert_nonnull(strstr(error->message, "`maybe` in 1 row"));
  g_assert_nonnull(strstr(error->message, "last_name"));
  g_clear_error(&error);
  claim_report_clear(&report);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("opt-out/yes-stops", test_yes_stops);
  subject_add("opt-out/tag", test_tag);
  subject_add("opt-out/removed", test_removed);
  subject_add("opt-out/unclear", test_unclear);
  return g_test_run();
}
