/* From how many bounces on a campaign is not fed any more: a table. */
#include "core/bounce_guard.h"

static const struct {
  int64_t mailed_n, bounced_n;
  enum bounce_verdict verdict;
} cases[] = {
    {0, 0, BOUNCES_FEW},      {49, 49, BOUNCES_FEW}, /* too few mails to say */
    {50, 0, BOUNCES_FEW},     {50, 3, BOUNCES_FEW},  /* 6 %, and by chance as little as 2.1 % */
    {50, 4, BOUNCES_MANY},    {50, 5, BOUNCES_MANY},        {50, 7, BOUNCES_ALARMING},    {50, 50, BOUNCES_ALARMING},
    {1000, 30, BOUNCES_FEW}, /* 3 %: half the time it is less */
    {1000, 42, BOUNCES_MANY}, {1000, 65, BOUNCES_ALARMING}, {100000, 3110, BOUNCES_MANY}, {100000, 3090, BOUNCES_FEW},
};

static void test_verdicts(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("%d of %d: %f", (int)cases[i].bounced_n, (int)cases[i].mailed_n,
                   wilson_lower(cases[i].bounced_n, cases[i].mailed_n));
    g_assert_cmpint(bounce_verdict_of(cases[i].mailed_n, cases[i].bounced_n), ==, cases[i].verdict);
  }
}

/* Values of R's binom.confint(method = "wilson"), lower. */
static void test_interval(void)
{
  g_assert_cmpfloat_with_epsilon(wilson_lower(0, 10), 0, 1e-9);
  g_assert_cmpfloat_with_epsilon(wilson_lower(1, 10), 0.017876, 1e-5);
  g_assert_cmpfloat_with_epsilon(wilson_lower(5, 10), 0.236593, 1e-5);
  g_assert_cmpfloat_with_epsilon(wilson_lower(10, 10), 0.722467, 1e-5);
  g_assert_cmpfloat_with_epsilon(wilson_lower(0, 0), 0, 1e-9);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/bounce_guard/verdicts", test_verdicts);
  g_test_add_func("/bounce_guard/interval", test_interval);
  return g_test_run();
}
