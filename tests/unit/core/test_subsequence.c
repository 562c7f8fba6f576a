/* Is a lead's subsequence over? The rule as a table, and one question per subsequence. */
#include "core/subsequence.h"

#include <string.h>

struct decide_case {
  const char *name;
  struct subsequence_view view;
  const char *step;
  int64_t step_at_us, replied_at_us;
  enum subsequence_verdict verdict;
};

#define VIEW(the_status, the_steps)                                                                                    \
  {                                                                                                                    \
    .remote = {.status = (the_status), .steps_n = (the_steps) }                                                        \
  }

static const struct decide_case decide_cases[] = {
    {"waits for its first step", VIEW(CAMPAIGN_ACTIVE, 2), NULL, 0, 0, SUBSEQUENCE_RUNS},
    {"had the first of two", VIEW(CAMPAIGN_ACTIVE, 2), "0_0_0", 50, 0, SUBSEQUENCE_RUNS},
    {"had the last", VIEW(CAMPAIGN_ACTIVE, 2), "0_1_3", 50, 0, SUBSEQUENCE_OVER},
    {"had the last, and it is paused", VIEW(CAMPAIGN_PAUSED, 2), "0_1_0", 50, 0, SUBSEQUENCE_OVER},
    {"the step cannot be read", VIEW(CAMPAIGN_ACTIVE, 1), "last", 50, 0, SUBSEQUENCE_RUNS},
    {"a step of another form", VIEW(CAMPAIGN_ACTIVE, 1), "0_0", 50, 0, SUBSEQUENCE_RUNS},
    {"a negative step", VIEW(CAMPAIGN_ACTIVE, 1), "0_-1_0", 50, 0, SUBSEQUENCE_RUNS},
    {"nobody knows how many steps", VIEW(CAMPAIGN_ACTIVE, 0), "0_8_0", 50, 0, SUBSEQUENCE_RUNS},
    {"it is completed", VIEW(CAMPAIGN_COMPLETED, 2), NULL, 0, 0, SUBSEQUENCE_OVER},
    {"it is deleted", {.is_gone = true}, NULL, 0, 0, SUBSEQUENCE_OVER},
    {"paused on the way", VIEW(CAMPAIGN_PAUSED, 2), "0_0_0", 50, 0, SUBSEQUENCE_UNCLEAR},
    {"a draft", VIEW(CAMPAIGN_DRAFT, 2), NULL, 0, 0, SUBSEQUENCE_UNCLEAR},
    {"bounce protection", VIEW(CAMPAIGN_BOUNCE_PROTECT, 2), NULL, 0, 0, SUBSEQUENCE_UNCLEAR},
    {"a number that nobody knows", VIEW(77, 2), NULL, 0, 0, SUBSEQUENCE_UNCLEAR},
    {"Instantly does not tell", {.is_refused = true}, "0_1_0", 50, 60, SUBSEQUENCE_UNCLEAR},
    {"answered after its mail", VIEW(CAMPAIGN_ACTIVE, 3), "0_0_0", 50, 60, SUBSEQUENCE_OVER},
    {"entered because of an answer", VIEW(CAMPAIGN_ACTIVE, 3), "0_0_0", 50, 40, SUBSEQUENCE_RUNS},
    {"answered and not mailed by it yet", VIEW(CAMPAIGN_ACTIVE, 3), NULL, 0, 40, SUBSEQUENCE_RUNS},
};

static void test_decide(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(decide_cases); i++) {
    const struct decide_case *row = &decide_cases[i];
    struct remote_lead lead = {.status = REMOTE_COMPLETED,
                               .subsequence_id = "s",
                               .subsequence_step = row->step,
                               .subsequence_step_at_us = row->step_at_us,
                               .replied_at_us = row->replied_at_us};
    g_test_message("%s", row->name);
    g_assert_cmpint(subsequence_decide(&lead, &row->view), ==, row->verdict);
  }
}

/* ---- applying ---- */

struct asked {
  struct instantly port; /* first */
  int asked_n;
  enum error_kind failure;
  int status;
};

static bool get(struct instantly *instantly, const char *id, struct remote_subsequence *subsequence, GError **error)
{
  struct asked *asked = (struct asked *)(void *)instantly;
  asked->asked_n++;
  *subsequence = (struct remote_subsequence){.status = CAMPAIGN_COMPLETED, .steps_n = 1};
  if (strcmp(id, "bad") != 0) return true;
  error_set(error, asked->failure, "no");
  error_note_status(*error, asked->status);
  return false;
}

static void put_row(struct page *page, int64_t status, const char *subsequence_id)
{
  struct remote_lead row = {
      .status = status, .subsequence_id = subsequence_id, .last_step_at_us = 10, .subsequence_step_at_us = 30};
  g_array_append_val(page->rows, row);
}

static const char *id_at(const struct page *page, guint i)
{
  return page_row(page, struct remote_lead, i)->subsequence_id;
}

static void test_apply(void)
{
  static const struct instantly_ops ops = {.subsequence_get = get};
  struct asked asked = {.port = {.ops = &ops}};
  struct job job = {.instantly = &asked.port};
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  put_row(&page, REMOTE_COMPLETED, "s1");
  put_row(&page, REMOTE_COMPLETED, "s1");
  put_row(&page, REMOTE_ACTIVE, "s2");
  put_row(&page, REMOTE_COMPLETED, NULL);
  for (int i = 0; i < 2; i++) {
    g_assert_true(subsequences_apply(&job, &page, NULL));
    g_assert_cmpint(asked.asked_n, ==, 1);
  }
  g_assert_null(id_at(&page, 0));
  g_assert_null(id_at(&page, 1));
  g_assert_cmpstr(id_at(&page, 2), ==, "s2");
  g_assert_cmpint(page_row(&page, struct remote_lead, 0)->last_step_at_us, ==, 30);
  g_assert_cmpint(page_row(&page, struct remote_lead, 3)->last_step_at_us, ==, 10);
  g_hash_table_unref(job.subsequences);
  page_clear(&page);
}

/* What cannot be read is kept; what failed fails the run, which tries again. */
static void test_failures(void)
{
  static const struct {
    enum error_kind kind;
    int status;
    bool is_ok, is_kept;
  } cases[] = {{ERROR_NOT_FOUND, 404, true, false},
               {ERROR_AUTH, 403, true, true},
               {ERROR_REJECTED, 400, true, true},
               {ERROR_AUTH, 401, false, true},
               {ERROR_TRANSIENT, 503, false, true}};
  static const struct instantly_ops ops = {.subsequence_get = get};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    struct asked asked = {.port = {.ops = &ops}, .failure = cases[i].kind, .status = cases[i].status};
    struct job job = {.instantly = &asked.port};
    struct page page;
    page_init(&page, sizeof(struct remote_lead));
    put_row(&page, REMOTE_COMPLETED, "bad");
    g_assert_cmpint(subsequences_apply(&job, &page, &error), ==, cases[i].is_ok);
    g_assert_cmpint(error == NULL, ==, cases[i].is_ok);
    g_assert_cmpint(id_at(&page, 0) != NULL, ==, cases[i].is_kept);
    g_hash_table_unref(job.subsequences);
    page_clear(&page);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/subsequence/decide", test_decide);
  g_test_add_func("/subsequence/apply", test_apply);
  g_test_add_func("/subsequence/failures", test_failures);
  return g_test_run();
}
