#include "schedule.h"

#include "base/clock.h"

#include <string.h>

#define FOREVER_MS INT64_MAX

/* "HH:MM" as minutes of the day; -1 when it is something else. */
static int minutes_read(const char *text)
{
  if (text == NULL || strlen(text) != 5 || text[2] != ':') return -1;
  for (size_t i = 0; i < 5; i++)
    if (i != 2 && !g_ascii_isdigit(text[i])) return -1;
  int hours = (text[0] - '0') * 10 + text[1] - '0';
  int minutes = (text[3] - '0') * 10 + text[4] - '0';
  return hours < 24 && minutes < 60 ? hours * 60 + minutes : -1;
}

static bool window_read(struct window *window, const cJSON *item)
{
  const cJSON *timing = json_get(item, "timing");
  const cJSON *days = json_get(item, "days");
  const char *zone = json_string(item, "timezone");
  window->from_min = minutes_read(json_string(timing, "from"));
  window->to_min = minutes_read(json_string(timing, "to"));
  if (zone == NULL || window->from_min < 0 || window->to_min < 0) return false;
  for (int day = 0; day < 7; day++) {
    char key[2] = {(char)('0' + day), '\0'};
    window->days[day] = cJSON_IsTrue(json_get(days, key));
  }
  window->zone = g_time_zone_new_identifier(zone);
  return window->zone != NULL;
}

/* Midnight of a date in the zone of the first window. */
static int64_t date_read(const char *text, const struct schedule *schedule, int64_t fallback)
{
  int64_t utc_us = 0;
  if (text == NULL || !time_parse_us(text, &utc_us)) return fallback;
  GTimeZone *zone = g_array_index(schedule->windows, struct window, 0).zone;
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(utc_us / SECOND_US);
  g_autoptr(GDateTime) at = g_date_time_new(zone, g_date_time_get_year(utc), g_date_time_get_month(utc),
                                            g_date_time_get_day_of_month(utc), 0, 0, 0);
  return at == NULL ? fallback : g_date_time_to_unix(at) * SECOND_MS;
}

bool schedule_read(struct schedule *schedule, const cJSON *object)
{
  schedule_clear(schedule);
  schedule->windows = g_array_new(FALSE, TRUE, sizeof(struct window));
  const cJSON *item;
  cJSON_ArrayForEach(item, json_array(object, "schedules"))
  {
    struct window window = {0};
    if (!window_read(&window, item)) return false;
    g_array_append_val(schedule->windows, window);
  }
  if (schedule->windows->len == 0) return false;
  schedule->start_ms = date_read(json_string(object, "start_date"), schedule, 0);
  int64_t last_day = date_read(json_string(object, "end_date"), schedule, FOREVER_MS);
  schedule->end_ms = last_day == FOREVER_MS ? FOREVER_MS : last_day + DAY_MS;
  return true;
}

/* The local time of a moment: day of the week (0 is Sunday), minute of the day, and when that local day ends. */
struct local_time {
  int week_day;
  int minute;
  int64_t day_end_ms;
};

static struct local_time local_time_at(GTimeZone *zone, int64_t now_ms)
{
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(now_ms / SECOND_MS);
  g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);
  g_autoptr(GDateTime) midnight = g_date_time_new(zone, g_date_time_get_year(local), g_date_time_get_month(local),
                                                  g_date_time_get_day_of_month(local), 0, 0, 0);
  g_autoptr(GDateTime) next = g_date_time_add_days(midnight, 1);
  return (struct local_time){
      .week_day = g_date_time_get_day_of_week(local) % 7,
      .minute = g_date_time_get_hour(local) * 60 + g_date_time_get_minute(local),
      .day_end_ms = g_date_time_to_unix(next) * SECOND_MS,
  };
}

/* Is the window open now, and until when does that stay so? */
static bool window_is_open(const struct window *window, int64_t now_ms, int64_t *until_ms)
{
  struct local_time local = local_time_at(window->zone, now_ms);
  int64_t minute_start = now_ms - now_ms % MINUTE_MS;
  bool is_open = window->days[local.week_day] && local.minute >= window->from_min && local.minute < window->to_min;
  int next_min = local.minute < window->from_min ? window->from_min : window->to_min;
  int64_t next_ms = next_min > local.minute ? minute_start + (next_min - local.minute) * MINUTE_MS : local.day_end_ms;
  /* Never look further than an hour: the clock may jump for daylight saving time. */
  *until_ms = MIN(MIN(next_ms, local.day_end_ms), now_ms + HOUR_MS);
  return is_open;
}

bool schedule_is_open(struct schedule *schedule, int64_t now_ms)
{
  if (schedule->windows == NULL || now_ms < schedule->start_ms || now_ms >= schedule->end_ms) return false;
  if (now_ms >= schedule->answer_from_ms && now_ms < schedule->answer_until_ms) return schedule->answer;
  schedule->answer = false;
  schedule->answer_from_ms = now_ms;
  schedule->answer_until_ms = FOREVER_MS;
  for (guint i = 0; i < schedule->windows->len; i++) {
    int64_t until_ms = 0;
    bool is_open = window_is_open(&g_array_index(schedule->windows, struct window, i), now_ms, &until_ms);
    schedule->answer = schedule->answer || is_open;
    schedule->answer_until_ms = MIN(schedule->answer_until_ms, until_ms);
  }
  return schedule->answer;
}

int64_t schedule_day_end(const struct schedule *schedule, int64_t now_ms)
{
  if (schedule->windows == NULL || schedule->windows->len == 0) return (now_ms / DAY_MS + 1) * DAY_MS;
  return local_time_at(g_array_index(schedule->windows, struct window, 0).zone, now_ms).day_end_ms;
}

int64_t schedule_window_ms(const struct schedule *schedule)
{
  int64_t minutes = 0;
  for (guint i = 0; schedule->windows != NULL && i < schedule->windows->len; i++) {
    const struct window *window = &g_array_index(schedule->windows, struct window, i);
    minutes = MAX(minutes, window->to_min - window->from_min);
  }
  return MAX(minutes, 1) * MINUTE_MS;
}

void schedule_clear(struct schedule *schedule)
{
  for (guint i = 0; schedule->windows != NULL && i < schedule->windows->len; i++) {
    struct window *window = &g_array_index(schedule->windows, struct window, i);
    g_clear_pointer(&window->zone, g_time_zone_unref);
  }
  if (schedule->windows != NULL) g_array_free(schedule->windows, TRUE);
  *schedule = (struct schedule){0};
}
