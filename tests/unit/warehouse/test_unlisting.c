/* Conformance of every backend: whose the entries of the block list are, and which of ours leave it. */
#include "subject.h"

#include "warehouse/brakes.h"

static int64_t brake(struct subject *subject, struct brake row)
{
  struct brake_report report;
  OK(brakes_write(subject->warehouse, &row, 1, &report, &error));
  return report.changed_n;
}

static int64_t revoke_run(struct subject *subject, const char *run_id)
{
  return brake(subject, (struct brake){.kind = BRAKE_REVOKE, .stop = {.run_id = run_id}, .reason = "x"});
}

static void suppress(struct subject *subject, struct suppression stop)
{
  OK(subject->ops->suppress(subject->ledger, &stop, 1, NULL, &error));
}

/* Is the value the reason for an entry, when the list shows it? */
static bool is_news(struct subject *subject, const char *person, const char *domain)
{
  struct suppression stop = {.person = person, .domain = domain, .reason = "blocklisted", .source = "blocklist"};
  int64_t added_n = 0;
  OK(subject->ops->suppress(subject->ledger, &stop, 1, &added_n, &error));
  return added_n == 1;
}

/* All that waits for the list: noted as there already or not, and confirmed. */
static guint push(struct subject *subject, bool was_listed, bool is_confirmed)
{
  struct page page;
  page_init(&page, sizeof(struct suppression));
  OK(subject->ops->unpushed(subject->ledger, &(struct push_query){subject->now_us, false, 100}, &page, &error));
  guint n = page.rows->len;
  for (guint i = 0; i < n; i++)
    page_row(&page, struct suppression, i)->was_listed = was_listed;
  struct suppression *rows = n > 0 ? page_row(&page, struct suppression, 0) : NULL;
  OK(subject->ops->listing(subject->ledger, rows, n, &error));
  if (is_confirmed) OK(subject->ops->pushed(subject->ledger, rows, n, T0, &error));
  page_clear(&page);
  return n;
}

/* What leaves the list, in words; with is_done it is noted as gone. */
static char *unlist(struct subject *subject, bool is_done)
{
  struct page page;
  GString *out = g_string_new(NULL);
  page_init(&page, sizeof(struct suppression));
  OK(subject->ops->unlisting(subject->ledger, subject->now_us, 100, &page, &error));
  for (guint i = 0; i < page.rows->len; i++) {
    const struct suppression *stop = page_row(&page, struct suppression, i);
    g_string_append_printf(out, "%s%s", i > 0 ? " " : "", stop->person ? stop->person : stop->domain);
    if (is_done) OK(subject->ops->unlisted(subject->ledger, stop, 1, &error));
  }
  page_clear(&page);
  return g_string_free(out, FALSE);
}

#define LEAVES(is_done, wanted)                                                                                        \
  do {                                                                                                                 \
    g_autofree char *found = unlist(subject, is_done);                                                                 \
    g_assert_cmpstr(found, ==, wanted);                                                                                \
  } while (0)

/* Guarantee 52. What we put there leaves with its stop, once; what stood there before us, and what another stop keeps,
 * does not. */
static void test_leaving(struct subject *subject)
{
  suppress(subject, (struct suppression){.person = "ann@x.org", .reason = "manual", .source = "command"});
  suppress(subject, (struct suppression){.domain = "rival.org", .reason = "manual", .source = "command"});
  g_assert_cmpuint(push(subject, false, true), ==, 2);
  suppress(subject, (struct suppression){.person = "old@x.org", .reason = "manual", .source = "command"});
  g_assert_cmpuint(push(subject, true, true), ==, 1);
  suppress(subject, (struct suppression){.person = "ann+n@x.org", .reason = "replied", .source = "sync"});
  LEAVES(false, "");
  subject_revoke(subject, "old@x.org", T0 + 5);
  LEAVES(false, "");
  g_assert_true(is_news(subject, "old@x.org", NULL));
  g_assert_false(is_news(subject, "ann@x.org", NULL));
  g_assert_false(is_news(subject, NULL, "rival.org"));
  struct suppression domain = {.domain = "rival.org"};
  g_assert_cmpint(brake(subject, (struct brake){.kind = BRAKE_REVOKE, .stop = domain, .reason = "x"}), ==, 1);
  g_assert_false(is_news(subject, NULL, "rival.org")); /* not yet gone, and nobody else's */
  LEAVES(true, "rival.org");
  LEAVES(false, "");
  g_assert_true(is_news(subject, NULL, "rival.org"));
  struct suppression ann = {.person = "ann@x.org"}; /* with the reply, which folds to the same person */
  g_assert_cmpint(brake(subject, (struct brake){.kind = BRAKE_REVOKE, .stop = ann, .reason = "x"}), ==, 1);
  LEAVES(true, "ann@x.org");
  LEAVES(false, "");
}

/* A run that died behind the push, and one behind the removal; somebody stops the person again in between. */
static void test_dead_between(struct subject *subject)
{
  struct suppression ann = {.person = "ann@x.org", .reason = "manual", .source = "command"};
  suppress(subject, ann);
  g_assert_cmpuint(push(subject, false, false), ==, 1);
  g_assert_false(is_news(subject, "ann@x.org", NULL));
  g_assert_cmpuint(push(subject, true, true), ==, 1); /* finds what the first had put there: still ours */
  subject_revoke(subject, "ann@x.org", T0 + 5);
  suppress(subject, ann);
  LEAVES(false, ""); /* it is wanted again */
  g_assert_cmpuint(push(subject, true, true), ==, 1);
  subject_revoke(subject, "ann@x.org", T0 + 6);
  LEAVES(false, "ann@x.org"); /* died before it was noted */
  LEAVES(true, "ann@x.org");
  suppress(subject, ann);
  g_assert_cmpuint(push(subject, false, false), ==, 1); /* noted, and perhaps pushed */
  subject_revoke(subject, "ann@x.org", T0 + 7);
  LEAVES(true, "ann@x.org");
  suppress(subject, ann);
  g_assert_cmpuint(push(subject, false, true), ==, 1);
  OK(subject->ops->unlisted(subject->ledger, &ann, 1, &error)); /* another machine was at it: pushed anew */
  g_assert_cmpuint(push(subject, false, true), ==, 1);
  g_assert_cmpuint(push(subject, false, true), ==, 0);
}

/* What was pushed of other spellings ends with the run whose persons they are. */
static void test_spellings(struct subject *subject)
{
  suppress(subject,
           (struct suppression){.person = "ann+n@x.org", .reason = "manual", .source = "import", .run_id = "run-1"});
  suppress(subject,
           (struct suppression){.person = "bob@x.org", .reason = "manual", .source = "import", .run_id = "run-2"});
  for (int i = 0; i < 2; i++)
    suppress(subject, (struct suppression){.person = i ? "bob+n@x.org" : "ann@x.org",
                                           .reason = "manual",
                                           .source = "sync",
                                           .actor = STOP_OF_SPELLING});
  g_assert_cmpuint(push(subject, false, true), ==, 4);
  g_assert_cmpint(revoke_run(subject, "run-1"), ==, 1);
  LEAVES(true, "ann+n@x.org ann@x.org");
  LEAVES(false, "");
  suppress(subject, (struct suppression){
                        .person = "dan@x.org", .reason = "manual", .source = "command", .expires_at_us = T0 + DAY_US});
  g_assert_cmpuint(push(subject, false, true), ==, 0); /* one with an end would stay there for ever */
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  subject_add("unlisting/leaving", test_leaving);
  subject_add("unlisting/dead-between", test_dead_between);
  subject_add("unlisting/spellings", test_spellings);
  return g_test_run();
}
