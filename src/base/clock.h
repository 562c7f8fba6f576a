#pragma once
/* Time and waiting as one interface that callers are given, so that tests and the simulation own it.
 *
 * Wall time and monotonic time never share a variable: names end in _us (wall, microseconds since 1970 UTC) or
 * _mono_us. Boot time counts suspended time too and is for lease deadlines alone. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SECOND_US ((int64_t)1000000)
#define DAY_US    (86400 * SECOND_US)

struct clock {
  int64_t (*wall_us)(void *context);
  int64_t (*mono_us)(void *context);
  int64_t (*boot_us)(void *context);
  void (*sleep_us)(void *context, int64_t duration_us); /* may return early on a signal */
  void *context;
};

/* The system's clocks. The returned struct is constant and never freed. */
const struct clock *clock_system(void);

/* Wall time in microseconds since 1970 UTC. */
static inline int64_t clock_wall_us(const struct clock *c)
{
  return c->wall_us(c->context);
}
/* Monotonic time in microseconds: for pacing, time-outs and waits. */
static inline int64_t clock_mono_us(const struct clock *c)
{
  return c->mono_us(c->context);
}
/* Monotonic time that goes on while the machine is suspended: for lease deadlines. */
static inline int64_t clock_boot_us(const struct clock *c)
{
  return c->boot_us(c->context);
}
/* Sleeps; a signal may end it early, a duration that is not positive at once. */
static inline void clock_sleep_us(const struct clock *c, int64_t us)
{
  c->sleep_us(c->context, us);
}

/* Writes "2026-11-22T13:05:09.123456Z" (the fraction is left out when zero). The caller frees it. */
char *time_format_us(int64_t wall_us);

/* Reads RFC 3339 / ISO 8601 with 'Z' or a numeric offset, optional fraction, 'T' or blank, also a bare date.
 * Returns false when it is none of these; *wall_us is then untouched. */
bool time_parse_us(const char *text, int64_t *wall_us);

/* The same for what stands in other people's tables: also without an offset (UTC), with " UTC" as BigQuery prints it,
 * without seconds, with slashes, with blanks around it, and Unix time in seconds, milli-, micro- or nanoseconds. */
bool time_parse_loose_us(const char *text, int64_t *wall_us);

/* Reads an HTTP date (RFC 9110 IMF-fixdate), the Date header. */
bool time_parse_http_us(const char *text, int64_t *wall_us);

/* Midnight UTC of the day that wall_us is in. */
int64_t time_day_start_us(int64_t wall_us);
