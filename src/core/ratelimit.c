#include "core/ratelimit.h"

#include "base/clock.h"

#define MINUTE_US   (60 * SECOND_US)
#define GROW_US     (5 * SECOND_US)
#define FLOOR_PER_S 1.0
#define SLOWER      0.7
#define BURST       5

void rate_init(struct rate *rate, double per_s, int64_t mono_us)
{
  g_assert(per_s > 0);
  *rate = (struct rate){
      .configured_per_s = per_s,
      .current_per_s = per_s,
      .tat_mono_us = mono_us,
      .grown_at_mono_us = mono_us,
      .minute_started_mono_us = mono_us,
      .minute_max = MAX(1, (int64_t)(per_s * 60)),
      .burst = BURST,
  };
}

/* Moves the minute window on to the one that slot_us is in. */
static void minute_roll(struct rate *rate, int64_t slot_us)
{
  int64_t passed_us = slot_us - rate->minute_started_mono_us;
  if (passed_us < MINUTE_US) return;
  rate->minute_started_mono_us += passed_us / MINUTE_US * MINUTE_US;
  rate->minute_n = 0;
}

/* GCRA: tat is when the next call would come if all were evenly spaced; a call may come burst - 1 intervals before it.
 */
int64_t rate_wait_us(struct rate *rate, int64_t mono_us)
{
  int64_t interval_us = (int64_t)((double)SECOND_US / rate->current_per_s);
  int64_t tolerance_us = interval_us * (rate->burst - 1);
  int64_t slot_us = MAX(MAX(mono_us, rate->paused_until_mono_us), rate->tat_mono_us - tolerance_us);
  minute_roll(rate, slot_us);
  if (rate->minute_n >= rate->minute_max) {
    slot_us = rate->minute_started_mono_us + MINUTE_US;
    minute_roll(rate, slot_us);
  }
  rate->minute_n++;
  rate->tat_mono_us = MAX(rate->tat_mono_us, slot_us) + interval_us;
  return slot_us - mono_us;
}

/* The 429s of calls that were out together are one piece of news: the rate falls once a pause.
 * After a pause the calls come evenly spaced from its end: a burst right then would earn the next 429. */
void rate_throttled(struct rate *rate, int64_t pause_us, int64_t mono_us)
{
  bool is_news = mono_us >= rate->paused_until_mono_us;
  rate->paused_until_mono_us = MAX(rate->paused_until_mono_us, mono_us + MAX(pause_us, SECOND_US));
  rate->grown_at_mono_us = rate->paused_until_mono_us;
  double floor_per_s = MIN(FLOOR_PER_S, rate->configured_per_s);
  if (is_news) rate->current_per_s = MAX(floor_per_s, rate->current_per_s * SLOWER);
  int64_t interval_us = (int64_t)((double)SECOND_US / rate->current_per_s);
  int64_t spaced_us = rate->paused_until_mono_us + interval_us * (rate->burst - 1);
  rate->tat_mono_us = MAX(rate->tat_mono_us, spaced_us);
}

void rate_ok(struct rate *rate, int64_t mono_us)
{
  while (rate->current_per_s < rate->configured_per_s && mono_us - rate->grown_at_mono_us >= GROW_US) {
    rate->current_per_s = MIN(rate->configured_per_s, rate->current_per_s + 1.0);
    rate->grown_at_mono_us += GROW_US;
  }
  if (rate->current_per_s >= rate->configured_per_s) rate->grown_at_mono_us = mono_us;
}
