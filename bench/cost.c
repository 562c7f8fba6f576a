/* cost OUT.json COMMAND [ARGUMENT...]: runs a command and writes what it cost: wall and CPU seconds, peak memory, exit
 * status. A program of its own because a child inherits the peak of whoever forks it, and this one is tiny. */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds_of(struct timeval time)
{
  return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static int write_cost(const char *path, double wall_s, const struct rusage *usage, int status)
{
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  FILE *out = fopen(path, "w");
  if (out == NULL) return 1;
  fprintf(out, "{\"wall_s\":%.4f,\"cpu_s\":%.4f,\"user_s\":%.4f,\"peak_kb\":%ld,\"exit\":%d}\n", wall_s,
          seconds_of(usage->ru_utime) + seconds_of(usage->ru_stime), seconds_of(usage->ru_utime), usage->ru_maxrss,
          code);
  return fclose(out) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
  if (argc < 3) {
    fprintf(stderr, "cost: an output file and a command are needed\n");
    return 2;
  }
  struct rusage usage;
  int status = 0;
  gint64 started_us = g_get_monotonic_time();
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[2], argv + 2);
    fprintf(stderr, "cost: %s: %s\n", argv[2], strerror(errno));
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &usage) != child) return 1;
  return write_cost(argv[1], (double)(g_get_monotonic_time() - started_us) / 1e6, &usage, status);
}
