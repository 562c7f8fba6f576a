#pragma once
/* The rate: GCRA with burst 5, a minute window, and AIMD on 429. Pure; the caller owns clock and waiting.
 *
 * rate_wait_us() reserves a slot and says how long to wait for it; rate_throttled() is told of a 429, rate_ok() of any
 * other answer. The rate starts at the configured one, falls by x0.7 with each 429 outside a pause (floor 1/s) and
 * grows by 1/s each 5 s up to the configured one. */
#include <stdint.h>

/* GET /emails takes 20 calls in any minute. At this pace a burst of five and the minute after it are 20. */
#define RATE_EMAILS_PER_MINUTE 15

struct rate {
  double configured_per_s;
  double current_per_s;
  int64_t tat_mono_us;          /* theoretical arrival time */
  int64_t paused_until_mono_us; /* everybody waits after a 429 */
  int64_t grown_at_mono_us;
  int64_t minute_started_mono_us; /* fixed minute window */
  int64_t minute_n, minute_max;
  int burst;
};

/* Starts at per_s, at most per_s * 60 a minute. */
void rate_init(struct rate *rate, double per_s, int64_t mono_us);

/* Reserves the next slot: how long to wait until it (0 = now). */
int64_t rate_wait_us(struct rate *rate, int64_t mono_us);

/* A 429 came: slower, and everybody pauses pause_us (from Retry-After, clamped and jittered by the caller; >= 1 s). */
void rate_throttled(struct rate *rate, int64_t pause_us, int64_t mono_us);

/* An answer that was no 429. */
void rate_ok(struct rate *rate, int64_t mono_us);
