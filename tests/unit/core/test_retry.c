/* Retries, their budget, and the breaker, on a clock of the test's own. */
#include "base/clock.h"
#include "core/retry.h"

static struct reply status_reply(int64_t status)
{
  return (struct reply){.transport = TRANSPORT_ANSWERED, .status = status, .retry_after_s = -1};
}

static void test_whether(void)
{
  struct rng rng;
  rng_init(&rng, 7);
  for (int64_t status = 200; status < 600; status++) {
    struct reply reply = status_reply(status);
    bool is_expected =
        status == 408 || status == 425 || status == 429 || status == 500 || (status >= 502 && status <= 504);
    g_assert_cmpint(retry_wait_us(&retry_reads, 1, &reply, &rng) >= 0, ==, is_expected);
    g_assert_cmpint(retry_wait_us(&retry_reads, retry_reads.tries_max, &reply, &rng), ==, -1);
  }
}

/* Full jitter: uniform in [0, min(base * 2^(n-1), cap)). */
static void test_how_long(void)
{
  static const int64_t ceilings_us[] = {500000, 1000000, 2000000, 4000000, 8000000};
  struct rng rng;
  rng_init(&rng, 7);
  struct reply reply = status_reply(503);
  for (int tries = 1; tries <= 5; tries++) {
    int64_t ceiling_us = ceilings_us[tries - 1], least_us = ceiling_us, most_us = 0, sum_us = 0;
    for (int i = 0; i < 2000; i++) {
      int64_t wait_us = retry_wait_us(&retry_reads, tries, &reply, &rng);
      g_assert_cmpint(wait_us, >=, 0);
      g_assert_cmpint(wait_us, <, ceiling_us);
      least_us = MIN(least_us, wait_us);
      most_us = MAX(most_us, wait_us);
      sum_us += wait_us / 2000;
    }
    g_assert_cmpint(least_us, <, ceiling_us / 50);
    g_assert_cmpint(most_us, >, ceiling_us * 49 / 50);
    g_assert_cmpint(ABS(sum_us - ceiling_us / 2), <, ceiling_us / 20);
  }
  struct retry_policy many = {.tries_max = 200, .base_us = 500000, .cap_us = 30000000, .retry_after_max_us = 300000000};
  for (int tries = 7; tries < 200; tries++) {
    g_assert_cmpint(retry_wait_us(&many, tries, &reply, &rng), <, many.cap_us);
  }
}

static void test_retry_after(void)
{
  static const struct {
    int64_t asked_s;
    int64_t least_us, most_us;
  } rows[] = {
      {0, 0, 500000},
      {7, 7000000, 7000000},
      {300, 300000000, 300000000},
      {301, 300000000, 300000000},
      {G_MAXINT64, 300000000, 300000000},
  };
  struct rng rng;
  rng_init(&rng, 7);
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct reply reply = status_reply(429);
    reply.retry_after_s = rows[i].asked_s;
    int64_t wait_us = retry_wait_us(&retry_reads, 1, &reply, &rng);
    g_assert_cmpint(wait_us, >=, rows[i].least_us);
    g_assert_cmpint(wait_us, <=, rows[i].most_us);
  }
}

/* Refused without an end: first it is waited for, without counting tries; then it is given up as anything else. */
static int64_t storm_us(int64_t retry_after_s, int *begun_n)
{
  struct rng rng;
  rng_init(&rng, 7);
  struct reply reply = status_reply(429);
  reply.retry_after_s = retry_after_s;
  struct throttled throttled = {0};
  int64_t all_us = 0;
  for (*begun_n = 1;; (*begun_n)++) {
    int64_t wait_us = retry_call_us(&retry_reads, *begun_n, &throttled, &reply, &rng);
    if (wait_us < 0) return all_us;
    all_us += wait_us;
  }
}

static void test_throttled(void)
{
  int begun_n = 0;
  int64_t all_us = storm_us(-1, &begun_n); /* the most that a minute's limit asks for, twice, and some tries */
  g_assert_cmpint(all_us, >=, 90 * SECOND_US);
  g_assert_cmpint(all_us, <=, 160 * SECOND_US);
  g_assert_cmpint(begun_n, <, 40);
  all_us = storm_us(10, &begun_n);
  g_assert_cmpint(begun_n, ==, 12 + 6);
  g_assert_cmpint(all_us, ==, 12 * 10 * SECOND_US + 5 * 10 * SECOND_US);
  storm_us(300, &begun_n);
  g_assert_cmpint(begun_n, ==, 6); /* longer than a minute's limit can ask for: tries, as they were */
  struct throttled throttled = {.times_n = 3, .waited_us = SECOND_US};
  struct reply broken = status_reply(503);
  struct rng rng;
  rng_init(&rng, 7);
  g_assert_cmpint(retry_call_us(&retry_reads, 3 + 5, &throttled, &broken, &rng), >=, 0);
  g_assert_cmpint(retry_call_us(&retry_reads, 3 + 6, &throttled, &broken, &rng), ==, -1);
  struct reply asked = status_reply(429);
  throttled = (struct throttled){0};
  g_assert_cmpint(retry_call_us(&retry_interactive, 3, &throttled, &asked, &rng), ==, -1); /* somebody sits there */
}

/* ---- budget ---- */

static void test_budget(void)
{
  struct retry_budget budget;
  retry_budget_init(&budget, 0);
  for (int i = 0; i < 10; i++) {
    g_assert_true(retry_budget_spend(&budget, 0));
  }
  g_assert_false(retry_budget_spend(&budget, 0));
  g_assert_false(retry_budget_spend(&budget, 900000));
  g_assert_true(retry_budget_spend(&budget, 1000000)); /* one a second */
  for (int i = 0; i < 9; i++) {
    retry_budget_earn(&budget);
  }
  g_assert_false(retry_budget_spend(&budget, 1000000));
  retry_budget_earn(&budget);
  retry_budget_earn(&budget);
  g_assert_true(retry_budget_spend(&budget, 1000000)); /* a tenth of a call each */
  g_assert_false(retry_budget_spend(&budget, 0));      /* a clock that goes back earns nothing */
}

static void test_budget_is_bounded(void)
{
  struct retry_budget budget;
  retry_budget_init(&budget, 0);
  for (int i = 0; i < 100000; i++) {
    retry_budget_earn(&budget);
  }
  int spent_n = 0;
  while (retry_budget_spend(&budget, DAY_US)) {
    spent_n++;
  }
  g_assert_cmpint(spent_n, ==, 100);
}

/* ---- breaker ---- */

static void fail(struct breaker *breaker, int n, int64_t now_us)
{
  for (int i = 0; i < n; i++) {
    breaker_record(breaker, true, now_us);
  }
}

static void test_breaker_in_row(void)
{
  struct breaker breaker;
  breaker_init(&breaker);
  fail(&breaker, 4, 0);
  g_assert_cmpint(breaker_wait_us(&breaker, 0), ==, 0);
  breaker_record(&breaker, false, 0);
  fail(&breaker, 4, 0);
  g_assert_cmpint(breaker_wait_us(&breaker, 0), ==, 0);
  fail(&breaker, 1, 0);
  g_assert_cmpint(breaker_wait_us(&breaker, 0), ==, 30 * SECOND_US);
  g_assert_cmpint(breaker_wait_us(&breaker, 29 * SECOND_US), ==, SECOND_US);
}

/* Every other call fails: never five in a row, but half of the last twenty. */
static void test_breaker_half(void)
{
  struct breaker breaker;
  breaker_init(&breaker);
  for (int i = 0; i < 19; i++) {
    breaker_record(&breaker, i % 2 == 0, 0);
    g_assert_cmpint(breaker_wait_us(&breaker, 0), ==, 0);
  }
  breaker_record(&breaker, true, 0);
  g_assert_cmpint(breaker_wait_us(&breaker, 0), >, 0);
}

static void test_breaker_probe(void)
{
  struct breaker breaker;
  breaker_init(&breaker);
  fail(&breaker, 5, 0);
  int64_t now_us = 30 * SECOND_US;
  g_assert_cmpint(breaker_wait_us(&breaker, now_us), ==, 0); /* the probe */
  g_assert_cmpint(breaker_wait_us(&breaker, now_us), >, 0);  /* and only it */
  breaker_record(&breaker, false, now_us);
  g_assert_cmpint(breaker_wait_us(&breaker, now_us), ==, 0);
  g_assert_cmpint(breaker_wait_us(&breaker, now_us), ==, 0);
  fail(&breaker, 4, now_us); /* all forgotten: it takes five again */
  g_assert_cmpint(breaker_wait_us(&breaker, now_us), ==, 0);
}

static void test_breaker_doubles(void)
{
  static const int64_t open_s[] = {30, 60, 120, 240, 480, 600, 600};
  struct breaker breaker;
  breaker_init(&breaker);
  fail(&breaker, 5, 0);
  int64_t now_us = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(open_s); i++) {
    g_assert_cmpint(breaker_wait_us(&breaker, now_us), ==, open_s[i] * SECOND_US);
    now_us += open_s[i] * SECOND_US;
    g_assert_cmpint(breaker_wait_us(&breaker, now_us), ==, 0);
    breaker_record(&breaker, true, now_us);
  }
}

/* Failures of calls that were out already when it opened are no news. */
static void test_breaker_stragglers(void)
{
  struct breaker breaker;
  breaker_init(&breaker);
  fail(&breaker, 5, 0);
  fail(&breaker, 20, SECOND_US);
  g_assert_cmpint(breaker_wait_us(&breaker, SECOND_US), ==, 29 * SECOND_US);
  breaker_record(&breaker, false, 2 * SECOND_US); /* but an answer is */
  g_assert_cmpint(breaker_wait_us(&breaker, 2 * SECOND_US), ==, 0);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/core/retry/whether", test_whether);
  g_test_add_func("/core/retry/how_long", test_how_long);
  g_test_add_func("/core/retry/retry_after", test_retry_after);
  g_test_add_func("/core/retry/throttled", test_throttled);
  g_test_add_func("/core/retry/budget", test_budget);
  g_test_add_func("/core/retry/budget_is_bounded", test_budget_is_bounded);
  g_test_add_func("/core/retry/breaker_in_row", test_breaker_in_row);
  g_test_add_func("/core/retry/breaker_half", test_breaker_half);
  g_test_add_func("/core/retry/breaker_probe", test_breaker_probe);
  g_test_add_func("/core/retry/breaker_doubles", test_breaker_doubles);
  g_test_add_func("/core/retry/breaker_stragglers", test_breaker_stragglers);
  return g_test_run();
}
