#pragma once
/* What the programs of bench/ share: a stopwatch, the process's own cost, and one line of JSON as their answer.
 *
 * Calling sequence: bench_start(), the work, bench_stop(); then bench_print() writes the figures that bench/run reads.
 * Only the work between the two counts: whatever a floor needs beforehand (bodies, rows) is made before the start. */
#include <glib.h>
#include <stdint.h>

struct bench_watch {
  double started_wall_s, started_cpu_s;
  double wall_s, cpu_s; /* set by bench_stop() */
};

/* CPU seconds of this process so far, user and system, to the nanosecond. */
double bench_cpu_s(void);

/* Starts the watch. */
void bench_start(struct bench_watch *watch);

/* Stops it: wall and CPU seconds (user and system, this process) since the start. */
void bench_stop(struct bench_watch *watch);

/* Prints {"name":...,"wall_s":...,"cpu_s":...,"peak_kb":...,<more>} and a line end; more is the inside of an object or
 * empty. */
void bench_print(const char *name, const struct bench_watch *watch, const char *more);
