/* Conformance of every backend: what `verify` finds. */
#include "subject.h"

#include "core/verify.h"

#include <string.h>

static struct remote_lead row(const char *id, const char *person, const char *stamp)
{
  return (struct remote_lead){.id = id,
                              .email = person,
                              .person = person,
                              .campaign_id = "camp-a",
                              .stamp = stamp,
                              .status = REMOTE_ACTIVE,
                              .created_at_us = T0};
}

static void stage(struct subject *subject, const struct remote_lead *rows, size_t n)
{
  OK(subject->ops->stage_begin(subject->ledger, "verify", &error));
  OK(subject->ops->stage(subject->ledger, "verify", rows, n, &error));
}

/* "L1 id-1 camp-a detail; ..." of one check, read a row at a time. */
static char *differences(struct subject *subject, enum verify_check check, const char *campaign_id)
{
  struct verify_query query = {.check = check,
                               .run_id = "verify",
                               .campaign_id = campaign_id,
                               .is_first_of_stage = check >= VERIFY_FIRST_OF_STAGE,
                               .limit = 1};
  struct page page;
  GString *out = g_string_new(NULL);
  page_init(&page, sizeof(struct difference));
  for (;;) {
    OK(subject->ops->differences(subject->ledger, &query, &page, &error));
    if (page.rows->len == 0) break;
    const struct difference *one = page_row(&page, struct difference, 0);
    g_string_append_printf(out, "%s%s %s %s %s", out->len ? "; " : "", one->lead_id ? one->lead_id : "-",
                           one->instantly_id ? one->instantly_id : "-", one->campaign_id ? one->campaign_id : "-",
                           one->detail ? one->detail : "-");
    query.after_n = one->n;
  }
  page_clear(&page);
  return g_string_free(out, FALSE);
}

static void check_in(struct subject *subject, enum verify_check check, const char *campaign_id, const char *expected)
{
  g_autofree char *found = differences(subject, check, campaign_id);
  g_assert_cmpstr(found, ==, expected);
}

static void check(struct subject *subject, enum verify_check check, const char *expected)
{
  check_in(subject, check, NULL, expected);
}

/* Two leads with their rows as they should be. */
static void enrol_two(struct subject *subject, struct remote_lead rows[2])
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  subject_enrol(subject, "L2", "bob@x.org", "id-2");
  struct lead_event sending[] = {
      {.kind = EVENT_SENDING, .campaign_id = "camp-a", .batch_id = "enrol-L1.1", .ord = 1, .ord_to = 1},
      {.kind = EVENT_SENDING, .campaign_id = "camp-a", .batch_id = "enrol-L2.1", .ord = 1, .ord_to = 1}};
  sending[0].run_id = "enrol-L1";
  sending[1].run_id = "enrol-L2";
  subject_append(subject, sending, 2);
  subject_fold(subject);
  rows[0] = row("id-1", "ann@x.org", "1:enrol-L1.1");
  rows[1] = row("id-2", "bob@x.org", "1:enrol-L2.1");
}

static void test_sound(struct subject *subject)
{
  struct remote_lead rows[2];
  enrol_two(subject, rows);
  stage(subject, rows, 2);
  for (int i = 0; i < VERIFY_CHECKS_N; i++)
    if (i < VERIFY_COLUMNS_BEHIND || (i >= VERIFY_FIRST_OF_STAGE && i <= VERIFY_LAST_OF_STAGE))
      check(subject, (enum verify_check)i, "");
}

static void test_rows(struct subject *subject)
{
  struct remote_lead rows[4];
  enrol_two(subject, rows);
  rows[0].campaign_id = "camp-b";
  rows[1].stamp = NULL;
  rows[2] = row("id-3", "cid@x.org", "1:lost.1");
  rows[3] = row("id-4", "ann@x.org", NULL);
  stage(subject, rows, 4);
  check(subject, VERIFY_OTHER_CAMPAIGN, "L1 id-1 camp-b expected in camp-a");
  check(subject, VERIFY_OTHER_STAMP, "L2 id-2 camp-a no stamp");
  check(subject, VERIFY_UNKNOWN_ROW, "- id-3 camp-a -");
  check(subject, VERIFY_LIVE_TWICE, "L1 id-1 - also id-4");
  check(subject, VERIFY_MISSING, "");
  check_in(subject, VERIFY_OTHER_STAMP, "camp-b", "");
  check_in(subject, VERIFY_UNKNOWN_ROW, "camp-b", "");
  stage(subject, rows + 2, 2);
}

static void test_missing(struct subject *subject)
{
  struct remote_lead rows[2];
  enrol_two(subject, rows);
  rows[0].id = "id-9"; /* put in again, with its stamp */
  stage(subject, rows, 1);
  check(subject, VERIFY_MISSING, "L2 id-2 camp-a -");
  check_in(subject, VERIFY_MISSING, "camp-b", "");
  struct lead_event held = about(EVENT_HELD, "L2", "bob@x.org", T0);
  held.reason = "campaign_gone";
  subject_append(subject, &held, 1);
  subject_fold(subject);
  check(subject, VERIFY_MISSING, "");
}

static void test_stopped(struct subject *subject)
{
  struct remote_lead rows[2];
  enrol_two(subject, rows);
  struct suppression stops[] = {
      {.person = "ann+x@x.org", .reason = "manual", .created_at_us = T0},
      {.person = "bob@x.org", .reason = "over", .created_at_us = T0, .expires_at_us = T0 + 1}};
  OK(subject->ops->suppress(subject->ledger, stops, 2, NULL, &error));
  subject->now_us += HOUR_US;
  stage(subject, rows, 2);
  check(subject, VERIFY_SUPPRESSED_LIVE, "L1 id-1 camp-a manual");
  rows[0].status = REMOTE_COMPLETED;
  stage(subject, rows, 2);
  check(subject, VERIFY_SUPPRESSED_LIVE, "");
}

static void test_gone_for_us(struct subject *subject)
{
  struct remote_lead rows[2];
  enrol_two(subject, rows);
  struct lead_event events[] = {about(EVENT_REMOVED, "L1", "ann@x.org", T0),
                                about(EVENT_WITHDRAWN, "L2", "bob@x.org", T0)};
  events[0].instantly_id = "id-1";
  subject_append(subject, events, 2);
  subject_fold(subject);
  stage(subject, rows, 2);
  check(subject, VERIFY_REMOVED_LIVE, "L1 id-1 camp-a removed; L2 id-2 camp-a withdrawn");
  check(subject, VERIFY_MISSING, "");
}

static void test_claims(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1"); /* in no `sending` */
  subject_put_plain(subject, "L2", "bob@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-2", 2), ==, 1);
  subject_fold(subject);
  check(subject, VERIFY_ADDED_UNSENT, "L1 - camp-a claim enrol-L1.1");
  check(subject, VERIFY_CLAIM_OPEN, "L2 - camp-a claim run-2.1");
  struct lead_event again = settling(EVENT_ADDED, "L1", "ann@x.org", "enrol-L1.1");
  again.instantly_id = "id-7";
  struct lead_event refused = settling(EVENT_REJECTED, "L2", "bob@x.org", "run-2.1");
  struct lead_event late = settling(EVENT_ADDED, "L2", "bob@x.org", "run-2.1");
  late.instantly_id = "id-8";
  struct lead_event events[] = {again, refused, late};
  subject_append(subject, events, 3);
  subject_fold(subject);
  check(subject, VERIFY_SETTLED_TWICE, "L1 - camp-a claim enrol-L1.1; L2 - camp-a claim run-2.1");
  struct lead_event conflict = about(EVENT_HELD, "L1", "ann@x.org", T0);
  conflict.reason = "relaunched";
  subject_append(subject, &conflict, 1);
  subject_fold(subject);
  g_autofree char *open = differences(subject, VERIFY_CONFLICT_OPEN, NULL);
  g_assert_true(g_str_has_prefix(open, "L1 ") && g_str_has_suffix(open, "relaunched"));
}

/* Released first, found later: nothing is wrong with that. */
static void test_late_answers_are_sound(struct subject *subject)
{
  subject_put_plain(subject, "L1", "ann@x.org");
  g_assert_cmpint(subject_claim_all(subject, "run-1", 1), ==, 1);
  struct lead_event released = settling(EVENT_RELEASED, "L1", "ann@x.org", "run-1.1");
  released.reason = "absent";
  struct lead_event added = settling(EVENT_ADDED, "L1", "ann@x.org", "run-1.1");
  added.instantly_id = "id-1";
  struct lead_event events[] = {released, added, added};
  subject_append(subject, events, 3);
  subject_fold(subject);
  check(subject, VERIFY_SETTLED_TWICE, "");
  check(subject, VERIFY_STATE_DIFFERS, "");
}

/* Two spellings of one address, both enrolled by a leadferry that took them for two persons. */
static void test_tag_twice(struct subject *subject)
{
  subject_enrol(subject, "L1", "ann@x.org", "id-1");
  struct lead_event added = settling(EVENT_ADDED, "L2", "ann+news@x.org", "older.1");
  added.instantly_id = "id-2";
  subject_append(subject, &added, 1);
  subject_enrol(subject, "L3", "bob+1@x.org", "id-3");
  subject_enrol(subject, "L4", "+ann@x.org", "id-4");
  check(subject, VERIFY_TAG_TWICE, "L1 id-1 camp-a several spellings; L2 id-2 camp-a several spellings");
  struct lead_event removed = about(EVENT_REMOVED, "L2", "ann+news@x.org", T0 + HOUR_US);
  removed.instantly_id = "id-2";
  subject_append(subject, &removed, 1);
  subject_fold(subject);
  check(subject, VERIFY_TAG_TWICE, "");
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("verify/sound", test_sound);
  subject_add("verify/rows", test_rows);
  subject_add("verify/missing", test_missing);
  subject_add("verify/stopped", test_stopped);
  subject_add("verify/gone-for-us", test_gone_for_us);
  subject_add("verify/claims", test_claims);
  subject_add("verify/late-answers-are-sound", test_late_answers_are_sound);
  subject_add("verify/tag-twice", test_tag_twice);
  return g_test_run();
}
