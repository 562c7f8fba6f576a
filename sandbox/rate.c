#include "rate.h"

#define SECOND_US_WIRE ((int64_t)1000000)
#define MINUTE_US_WIRE (60 * SECOND_US_WIRE)

/* Times of the calls of the last window, oldest first, in a ring that grows to the limit and no further. */
struct window_ring {
  int64_t *times;
  int64_t capacity;
  int64_t first;
  int64_t count;
};

struct rate {
  struct window_ring second;
  struct window_ring minute;
  struct window_ring emails;
};

struct rate *rate_new(void)
{
  return g_new0(struct rate, 1);
}

void rate_free(struct rate *rate)
{
  if (rate == NULL) return;
  g_free(rate->second.times);
  g_free(rate->minute.times);
  g_free(rate->emails.times);
  g_free(rate);
}

struct limit {
  int64_t calls_n;
  int64_t window_us;
  bool is_sliding;
};

static bool ring_is_full(struct window_ring *ring, const struct limit *limit, int64_t now_us, int64_t *free_at_us)
{
  int64_t since = limit->is_sliding ? now_us - limit->window_us : now_us - now_us % limit->window_us - 1;
  while (ring->count > 0 && ring->times[ring->first] <= since) {
    ring->first = (ring->first + 1) % ring->capacity;
    ring->count--;
  }
  if (ring->count < limit->calls_n) return false;
  int64_t oldest = ring->count > 0 ? ring->times[ring->first] : now_us;
  *free_at_us = limit->is_sliding ? oldest + limit->window_us : since + 1 + limit->window_us;
  return true;
}

static void ring_add(struct window_ring *ring, const struct limit *limit, int64_t now_us)
{
  if (ring->capacity < limit->calls_n) {
    int64_t *times = g_new(int64_t, limit->calls_n);
    for (int64_t i = 0; i < ring->count; i++)
      times[i] = ring->times[(ring->first + i) % ring->capacity];
    g_free(ring->times);
    ring->times = times;
    ring->capacity = limit->calls_n;
    ring->first = 0;
  }
  ring->times[(ring->first + ring->count++) % ring->capacity] = now_us;
}

bool rate_take(struct world *world, bool is_emails, int64_t *wait_s)
{
  const struct rate_limits *limits = &world->config->rate;
  struct rate *rate = world->rate;
  int64_t now_us = world_wire_us(world);
  int64_t free_at_us = now_us;
  struct limit second = {limits->per_second, SECOND_US_WIRE, limits->is_sliding};
  struct limit minute = {limits->per_minute, MINUTE_US_WIRE, limits->is_sliding};
  struct limit emails = {limits->emails_per_minute, MINUTE_US_WIRE, limits->is_sliding};
  if (!limits->is_on) return true;
  bool is_full = ring_is_full(&rate->second, &second, now_us, &free_at_us) ||
                 ring_is_full(&rate->minute, &minute, now_us, &free_at_us) ||
                 (is_emails && ring_is_full(&rate->emails, &emails, now_us, &free_at_us));
  *wait_s = (free_at_us - now_us + SECOND_US_WIRE - 1) / SECOND_US_WIRE;
  if (is_full) return false;
  ring_add(&rate->second, &second, now_us);
  ring_add(&rate->minute, &minute, now_us);
  if (is_emails) ring_add(&rate->emails, &emails, now_us);
  return true;
}
