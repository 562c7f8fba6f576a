#include "core/retry.h"

#include "core/classify.h"

#define BUDGET_START     10.0
#define BUDGET_MAX       100.0
#define BUDGET_PER_CALL  0.1
#define BUDGET_PER_S     1.0
#define FAILURES_IN_ROW  5
#define WINDOW_MAX       20
#define OPEN_FIRST_US    (30 * SECOND_US)
#define OPEN_LONGEST_US  (600 * SECOND_US)
#define PROBE_RECHECK_US (SECOND_US / 10)

const struct retry_policy retry_reads = {
    .tries_max = 6,
    .base_us = SECOND_US / 2,
    .cap_us = 30 * SECOND_US,
    .retry_after_max_us = 300 * SECOND_US,
    .throttled_max_us = 120 * SECOND_US,
    .breaker_max_us = 60 * SECOND_US,
};

const struct retry_policy retry_interactive = {
    .tries_max = 3,
    .base_us = SECOND_US / 2,
    .cap_us = SECOND_US,
    .retry_after_max_us = 300 * SECOND_US,
};

/* base * 2^(tries_done - 1), at most cap; never overflows. */
static int64_t ceiling_us(const struct retry_policy *policy, int tries_done)
{
  int64_t ceiling = policy->base_us;
  for (int i = 1; i < tries_done && ceiling < policy->cap_us; i++) {
    ceiling *= 2;
  }
  return MIN(ceiling, policy->cap_us);
}

int64_t retry_wait_us(const struct retry_policy *policy, int tries_done, const struct reply *reply, struct rng *rng)
{
  if (tries_done >= policy->tries_max || !classify_is_retryable(reply)) return -1;
  int64_t jitter_us = (int64_t)(rng_unit(rng) * (double)ceiling_us(policy, tries_done));
  if (reply->retry_after_s < 0) return jitter_us;
  int64_t asked_us = MIN(reply->retry_after_s, policy->retry_after_max_us / SECOND_US) * SECOND_US;
  return MAX(asked_us, jitter_us);
}

int64_t retry_call_us(const struct retry_policy *policy, int begun_n, struct throttled *throttled,
                      const struct reply *reply, struct rng *rng)
{
  bool is_throttled = reply->transport == TRANSPORT_ANSWERED && reply->status == 429;
  if (is_throttled && throttled->waited_us < policy->throttled_max_us) {
    int step = MIN(throttled->times_n + 1, policy->tries_max - 1);
    int64_t wait_us = MAX(retry_wait_us(policy, step, reply, rng), SECOND_US);
    if (throttled->waited_us + wait_us <= policy->throttled_max_us) {
      throttled->times_n++;
      throttled->waited_us += wait_us;
      return wait_us;
    }
  }
  return retry_wait_us(policy, begun_n - throttled->times_n, reply, rng);
}

void retry_budget_init(struct retry_budget *budget, int64_t mono_us)
{
  *budget = (struct retry_budget){.tokens = BUDGET_START, .updated_mono_us = mono_us};
}

void retry_budget_earn(struct retry_budget *budget)
{
  budget->tokens = MIN(BUDGET_MAX, budget->tokens + BUDGET_PER_CALL);
}

bool retry_budget_spend(struct retry_budget *budget, int64_t mono_us)
{
  int64_t passed_us = MAX(0, mono_us - budget->updated_mono_us);
  budget->tokens = MIN(BUDGET_MAX, budget->tokens + BUDGET_PER_S * (double)passed_us / (double)SECOND_US);
  budget->updated_mono_us = mono_us;
  if (budget->tokens < 1.0) return false;
  budget->tokens -= 1.0;
  return true;
}

void breaker_init(struct breaker *breaker)
{
  *breaker = (struct breaker){.open_for_us = OPEN_FIRST_US};
}

int64_t breaker_wait_us(struct breaker *breaker, int64_t mono_us)
{
  if (breaker->open_until_mono_us == 0) return 0;
  if (mono_us < breaker->open_until_mono_us) return breaker->open_until_mono_us - mono_us;
  if (breaker->is_probing) return PROBE_RECHECK_US;
  breaker->is_probing = true;
  return 0;
}

static void breaker_open(struct breaker *breaker, int64_t open_for_us, int64_t mono_us)
{
  breaker->open_for_us = MIN(open_for_us, OPEN_LONGEST_US);
  breaker->open_until_mono_us = mono_us + breaker->open_for_us;
  breaker->is_probing = false;
}

static bool window_is_bad(const struct breaker *breaker)
{
  return breaker->window_n == WINDOW_MAX && __builtin_popcount(breaker->window) * 2 >= WINDOW_MAX;
}

/* A success while it is open closes it, be it the probe's or that of a call that was out already: the other side
 * answers again. A failure counts for more only when it is the probe's. */
void breaker_record(struct breaker *breaker, bool is_failure, int64_t mono_us)
{
  bool is_open = breaker->open_until_mono_us != 0;
  if (is_open && !is_failure) breaker_init(breaker);
  if (is_open && is_failure) {
    if (breaker->is_probing) breaker_open(breaker, breaker->open_for_us * 2, mono_us);
    return;
  }
  breaker->window = ((breaker->window << 1) | (is_failure ? 1U : 0U)) & ((1U << WINDOW_MAX) - 1);
  breaker->window_n = MIN(breaker->window_n + 1, WINDOW_MAX);
  breaker->failures_in_row = is_failure ? breaker->failures_in_row + 1 : 0;
  if (breaker->failures_in_row >= FAILURES_IN_ROW || window_is_bad(breaker)) {
    breaker_open(breaker, OPEN_FIRST_US, mono_us);
  }
}
