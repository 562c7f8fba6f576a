#pragma once
/* Retries and the breaker as pure state machines: time and randomness come in, decisions go out.
 *
 * Only idempotent calls are retried here; creating calls go again only under the protocol (core/settle.h). */
#include "base/random.h"
#include "core/ports.h"

struct retry_policy {
  int tries_max;              /* 6 */
  int64_t base_us;            /* 0.5 s */
  int64_t cap_us;             /* 30 s */
  int64_t retry_after_max_us; /* 300 s */
  int64_t throttled_max_us;   /* 120 s: a rate limit's refusals are no tries before that was waited for them */
  int64_t breaker_max_us;     /* 60 s: what an open breaker would make a call wait longer for is not asked */
};

/* The default policy of reads. */
extern const struct retry_policy retry_reads;
/* Of commands that somebody waits for and that only read: three tries within two seconds, no wait for the breaker. */
extern const struct retry_policy retry_interactive;

/* How long to wait before try number `tries_done + 1`, or -1: give up. Full jitter; a Retry-After is honoured, clamped.
 */
int64_t retry_wait_us(const struct retry_policy *policy, int tries_done, const struct reply *reply, struct rng *rng);

/* How a call was refused by a rate limit (429) so far. */
struct throttled {
  int times_n;
  int64_t waited_us;
};
/* The same for a call that was begun begun_n times, and notes in *throttled: the limit is the workspace's and lasts a
 * minute at most, so whoever shares it with another tool waits for it instead of giving up. */
int64_t retry_call_us(const struct retry_policy *policy, int begun_n, struct throttled *throttled,
                      const struct reply *reply, struct rng *rng);

/* Retry budget: 10 % of calls plus 1 a second. */
struct retry_budget {
  double tokens;
  int64_t updated_mono_us;
};
void retry_budget_init(struct retry_budget *budget, int64_t mono_us);  /* starts with 10 tokens */
void retry_budget_earn(struct retry_budget *budget);                   /* a call was made */
bool retry_budget_spend(struct retry_budget *budget, int64_t mono_us); /* may a retry be made now? */

/* Breaker: opens after 5 failures in a row or >= 50 % of the last 20; 30 s, doubling to 10 min; one probe. */
struct breaker {
  int failures_in_row;
  uint32_t window; /* last 20 results, bit set = failure */
  int window_n;
  int64_t open_until_mono_us; /* 0: closed */
  int64_t open_for_us;
  bool is_probing;
};
void breaker_init(struct breaker *breaker); /* closed */
/* How long to wait before the next call may go: 0 = now (possibly as the probe). */
int64_t breaker_wait_us(struct breaker *breaker, int64_t mono_us);
/* Tells it how a call ended. */
void breaker_record(struct breaker *breaker, bool is_failure, int64_t mono_us);
