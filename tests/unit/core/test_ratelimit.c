/* The pace, first by itself, then against a simulated server that enforces 100 in a second and 6,000 in a minute, with
 * fixed or sliding windows, alone and shared with another client. */
#include "base/clock.h"
#include "base/random.h"
#include "core/ratelimit.h"
#include "rate_server.h"

#include <math.h>

/* ---- by itself ---- */

static void test_burst_then_spaced(void)
{
  struct rate rate;
  rate_init(&rate, 50, 1000);
  for (int i = 0; i < 5; i++) {
    g_assert_cmpint(rate_wait_us(&rate, 1000), ==, 0);
  }
  for (int i = 1; i <= 100; i++) {
    g_assert_cmpint(rate_wait_us(&rate, 1000), ==, i * 20000);
  }
}

/* An idle time earns a burst of five and no more. */
static void test_idle_earns_little(void)
{
  struct rate rate;
  rate_init(&rate, 50, 0);
  for (int i = 0; i < 50; i++) {
    rate_wait_us(&rate, 0);
  }
  int at_once_n = 0;
  while (rate_wait_us(&rate, 3600 * SECOND_US) == 0) {
    at_once_n++;
  }
  g_assert_cmpint(at_once_n, ==, 5);
}

static void test_throttled(void)
{
  struct rate rate;
  rate_init(&rate, 90, 0);
  rate_throttled(&rate, 0, 0); /* at least a second */
  g_assert_cmpfloat_with_epsilon(rate.current_per_s, 63, 0.001);
  g_assert_cmpint(rate_wait_us(&rate, 0), ==, SECOND_US);
  g_assert_cmpint(rate_wait_us(&rate, 0), >, SECOND_US + 15000); /* no burst after the pause */
  rate_throttled(&rate, 7 * SECOND_US, SECOND_US / 2);           /* the same piece of news, a longer pause */
  g_assert_cmpfloat_with_epsilon(rate.current_per_s, 63, 0.001);
  g_assert_cmpint(rate_wait_us(&rate, SECOND_US / 2), >=, 7 * SECOND_US);
  for (int i = 1; i < 100; i++) {
    rate_throttled(&rate, SECOND_US, i * 100 * SECOND_US);
  }
  g_assert_cmpfloat_with_epsilon(rate.current_per_s, 1, 0.001);
}

static void test_grows(void)
{
  struct rate rate;
  rate_init(&rate, 90, 0);
  rate_throttled(&rate, SECOND_US, 0);
  double before = rate.current_per_s;
  rate_ok(&rate, 5 * SECOND_US);
  g_assert_cmpfloat_with_epsilon(rate.current_per_s, before, 0.001);
  rate_ok(&rate, 6 * SECOND_US);
  g_assert_cmpfloat_with_epsilon(rate.current_per_s, before + 1, 0.001);
  rate_ok(&rate, 6 * SECOND_US);
  g_assert_cmpfloat_with_epsilon(rate.current_per_s, before + 1, 0.001);
  rate_ok(&rate, 3600 * SECOND_US);
  g_assert_cmpfloat_with_epsilon(rate.current_per_s, 90, 0.001);
}

static void test_minute(void)
{
  struct rate rate;
  rate_init(&rate, 2, 0);
  int64_t now_us = 0;
  int in_minute_n = 0;
  for (int i = 0; i < 1000; i++) {
    int64_t minute_before = now_us / (60 * SECOND_US);
    now_us += rate_wait_us(&rate, now_us);
    in_minute_n = now_us / (60 * SECOND_US) == minute_before ? in_minute_n + 1 : 1;
    g_assert_cmpint(in_minute_n, <=, 120);
  }
}

/* ---- against a server ---- */

struct simulation {
  double per_s;       /* ours */
  double other_per_s; /* another client's, evenly spaced; 0: none */
  double jitter_us;   /* mean of the exponential delay on the way */
  bool is_sliding;
  int64_t duration_us;
};

struct tally {
  int64_t sent_n, refused_n;
};

enum { IN_FLIGHT_MAX = 4096 };

/* Requests on their way, of both clients. */
struct flight {
  int64_t arrives_us[IN_FLIGHT_MAX];
  bool is_ours[IN_FLIGHT_MAX];
  int n;
};

static void flight_add(struct flight *flight, int64_t arrives_us, bool is_ours)
{
  g_assert_cmpint(flight->n, <, IN_FLIGHT_MAX);
  flight->arrives_us[flight->n] = arrives_us;
  flight->is_ours[flight->n++] = is_ours;
}

static int flight_first(const struct flight *flight)
{
  int first = -1;
  for (int i = 0; i < flight->n; i++) {
    if (first < 0 || flight->arrives_us[i] < flight->arrives_us[first]) first = i;
  }
  return first;
}

/* Lets everything arrive that does so by now_us, and tells our pace of the answers. */
static void deliver(struct flight *flight, struct rate_server *server, struct rate *rate, struct tally *tally,
                    int64_t now_us)
{
  for (int i = flight_first(flight); i >= 0 && flight->arrives_us[i] <= now_us; i = flight_first(flight)) {
    int64_t arrives_us = flight->arrives_us[i];
    bool is_ours = flight->is_ours[i];
    flight->n--;
    flight->arrives_us[i] = flight->arrives_us[flight->n];
    flight->is_ours[i] = flight->is_ours[flight->n];
    bool is_taken = rate_server_takes(server, arrives_us);
    if (!is_ours) continue;
    tally->refused_n += !is_taken;
    if (is_taken)
      rate_ok(rate, arrives_us);
    else
      rate_throttled(rate, SECOND_US, arrives_us);
  }
}

static struct tally simulate(const struct simulation *simulation)
{
  struct rate_server *server = rate_server_new(100, 6000, simulation->is_sliding);
  g_autofree struct flight *flight = g_new0(struct flight, 1);
  struct rate rate;
  struct rng rng;
  struct tally tally = {0};
  rate_init(&rate, simulation->per_s, 0);
  rng_init(&rng, 42);
  double other_us = simulation->other_per_s > 0 ? 1e6 / simulation->other_per_s : INFINITY;
  double other_next_us = 0;
  int64_t now_us = 0;
  while (now_us < simulation->duration_us) {
    int64_t slot_us = now_us + rate_wait_us(&rate, now_us);
    for (; other_next_us <= (double)slot_us; other_next_us += other_us) {
      flight_add(flight, (int64_t)other_next_us, false);
    }
    deliver(flight, server, &rate, &tally, slot_us);
    now_us = MAX(slot_us, rate.paused_until_mono_us);
    flight_add(flight, now_us + (int64_t)(-log(1 - rng_unit(&rng)) * simulation->jitter_us), true);
    tally.sent_n++;
  }
  rate_server_free(server);
  return tally;
}

static void test_alone(void)
{
  for (int is_sliding = 0; is_sliding <= 1; is_sliding++) {
    for (int jitter_us = 5000; jitter_us <= 50000; jitter_us += 45000) {
      struct tally tally = simulate(&(struct simulation){
          .per_s = 90, .jitter_us = jitter_us, .is_sliding = is_sliding == 1, .duration_us = 300 * SECOND_US});
      g_test_message("90/s, jitter %d us, %s windows: %d sent, %d refused", jitter_us, is_sliding ? "sliding" : "fixed",
                     (int)tally.sent_n, (int)tally.refused_n);
      g_assert_cmpint(tally.refused_n, ==, 0);
      g_assert_cmpint(tally.sent_n, >=, 90 * 300 * 97 / 100);
      g_assert_cmpint(tally.sent_n, <=, 90 * 300 + 5);
    }
  }
}

/* The default pace needs no luck at all, from its first second on. */
static void test_default_pace(void)
{
  struct tally first = simulate(&(struct simulation){.per_s = 50, .jitter_us = 50000, .duration_us = SECOND_US});
  g_assert_cmpint(first.sent_n, >=, 49);
  struct tally tally = simulate(
      &(struct simulation){.per_s = 50, .jitter_us = 50000, .is_sliding = true, .duration_us = 600 * SECOND_US});
  g_assert_cmpint(tally.refused_n, ==, 0);
  g_assert_cmpint(tally.sent_n, >=, 50 * 600 * 97 / 100);
}

/* Asked for more than the server gives, we come down by ourselves and stay near the limit. */
static void test_too_fast(void)
{
  for (int is_sliding = 0; is_sliding <= 1; is_sliding++) {
    struct tally tally = simulate(&(struct simulation){
        .per_s = 150, .jitter_us = 5000, .is_sliding = is_sliding == 1, .duration_us = 600 * SECOND_US});
    g_test_message("150/s asked: %d sent, %d refused", (int)tally.sent_n, (int)tally.refused_n);
    g_assert_cmpint(tally.refused_n * 100, <, tally.sent_n * 2);
    g_assert_cmpint(tally.sent_n - tally.refused_n, >, 70 * 600);
  }
}

/* Another tool takes 60 of the 100: ours finds what is left. */
static void test_shared(void)
{
  for (int is_sliding = 0; is_sliding <= 1; is_sliding++) {
    struct tally tally = simulate(&(struct simulation){.per_s = 90,
                                                       .other_per_s = 60,
                                                       .jitter_us = 5000,
                                                       .is_sliding = is_sliding == 1,
                                                       .duration_us = 600 * SECOND_US});
    g_test_message("shared: %d sent, %d refused", (int)tally.sent_n, (int)tally.refused_n);
    g_assert_cmpint(tally.refused_n * 100, <, tally.sent_n * 2);
    g_assert_cmpint(tally.sent_n - tally.refused_n, >, 25 * 600);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/core/rate/burst_then_spaced", test_burst_then_spaced);
  g_test_add_func("/core/rate/idle_earns_little", test_idle_earns_little);
  g_test_add_func("/core/rate/throttled", test_throttled);
  g_test_add_func("/core/rate/grows", test_grows);
  g_test_add_func("/core/rate/minute", test_minute);
  g_test_add_func("/core/rate/alone", test_alone);
  g_test_add_func("/core/rate/default_pace", test_default_pace);
  g_test_add_func("/core/rate/too_fast", test_too_fast);
  g_test_add_func("/core/rate/shared", test_shared);
  return g_test_run();
}
