#pragma once
/* When a campaign may send: windows of the week in time zones, between a first and a last day.
 *
 * schedule_read() from the API's campaign_schedule object; schedule_is_open() answers for a moment and remembers until
 * when the answer holds, so asking again is cheap; schedule_clear() at the end. A zeroed schedule is never open. */
#include "model.h"

/* Reads a campaign_schedule. False when a zone is unknown or nothing is in it; the schedule is then empty. */
bool schedule_read(struct schedule *schedule, const cJSON *object);

/* May mail go out at this moment? */
bool schedule_is_open(struct schedule *schedule, int64_t now_ms);

/* End of the day that now_ms is in, in the time zone of the first window (UTC without one). */
int64_t schedule_day_end(const struct schedule *schedule, int64_t now_ms);

/* Length of the sending window of the day that now_ms is in; at least one minute. */
int64_t schedule_window_ms(const struct schedule *schedule);

/* Frees what it holds. */
void schedule_clear(struct schedule *schedule);
