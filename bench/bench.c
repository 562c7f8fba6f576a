#include "bench.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

double bench_cpu_s(void)
{
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double wall_now_s(void)
{
  return (double)g_get_monotonic_time() / 1e6;
}

void bench_start(struct bench_watch *watch)
{
  *watch = (struct bench_watch){.started_wall_s = wall_now_s(), .started_cpu_s = bench_cpu_s()};
}

void bench_stop(struct bench_watch *watch)
{
  watch->wall_s = wall_now_s() - watch->started_wall_s;
  watch->cpu_s = bench_cpu_s() - watch->started_cpu_s;
}

void bench_print(const char *name, const struct bench_watch *watch, const char *more)
{
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"name\":\"%s\",\"wall_s\":%.4f,\"cpu_s\":%.4f,\"peak_kb\":%ld%s%s}\n", name, watch->wall_s, watch->cpu_s,
         usage.ru_maxrss, more[0] != '\0' ? "," : "", more);
}
