#include "rate_server.h"

#include "base/clock.h"

/* Fixed windows count from their start, sliding ones keep the times of the last max arrivals. */
struct window {
  int64_t length_us;
  int max;
  bool is_sliding;
  int64_t started_us;
  int n;
  int64_t *times_us;
  int next;
};

struct rate_server {
  struct window second, minute;
};

static void window_init(struct window *window, int64_t length_us, int max, bool is_sliding)
{
  *window = (struct window){
      .length_us = length_us, .max = max, .is_sliding = is_sliding, .times_us = g_new(int64_t, (gsize)max)};
  for (int i = 0; i < max; i++)
    window->times_us[i] = -length_us;
}

static bool window_has_room(struct window *window, int64_t now_us)
{
  if (window->is_sliding) return window->times_us[window->next] <= now_us - window->length_us;
  if (now_us - window->started_us >= window->length_us) {
    window->started_us = now_us / window->length_us * window->length_us;
    window->n = 0;
  }
  return window->n < window->max;
}

static void window_take(struct window *window, int64_t now_us)
{
  window->n++;
  window->times_us[window->next] = now_us;
  window->next = (window->next + 1) % window->max;
}

struct rate_server *rate_server_new(int per_second_max, int per_minute_max, bool is_sliding)
{
  struct rate_server *server = g_new0(struct rate_server, 1);
  window_init(&server->second, SECOND_US, per_second_max, is_sliding);
  window_init(&server->minute, 60 * SECOND_US, per_minute_max, is_sliding);
  return server;
}

void rate_server_free(struct rate_server *server)
{
  if (!server) return;
  g_free(server->second.times_us);
  g_free(server->minute.times_us);
  g_free(server);
}

bool rate_server_takes(struct rate_server *server, int64_t now_us)
{
  bool has_second = window_has_room(&server->second, now_us), has_minute = window_has_room(&server->minute, now_us);
  if (!has_second || !has_minute) return false;
  window_take(&server->second, now_us);
  window_take(&server->minute, now_us);
  return true;
}
