#include "tests/alloc/alloc_child.h"

#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define IN_WORDS      "out of memory"
#define CHILD_LIMIT_S 30

struct failure {
  void (*work)(const void *context);
  const void *context;
  long n;
  bool lasts;
};

/* In a process of its own. Exit status 0: something failed and all was well; 1: nothing was left to fail. */
static void run_failing(const struct failure *failure)
{
  alarm(CHILD_LIMIT_S);
  failure->work(failure->context); /* what is made once and kept is there now */
  long live_n = alloc_fail_live();
  alloc_fail_at(failure->n, failure->lasts);
  failure->work(failure->context);
  bool has_failed = alloc_fail_stop();
  if (alloc_fail_live() != live_n) g_error("%ld blocks are left", alloc_fail_live() - live_n);
  _exit(has_failed ? 0 : 1);
}

/* How the process ended, and what it said. */
static int run_apart(const struct failure *failure, char *said, size_t said_bytes)
{
  int ends[2], status = 0;
  g_assert_cmpint(pipe(ends), ==, 0);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    run_failing(failure);
  }
  close(ends[1]);
  ssize_t got = read(ends[0], said, said_bytes - 1);
  said[got > 0 ? got : 0] = '\0';
  close(ends[0]);
  g_assert_cmpint(waitpid(child, &status, 0), ==, child);
  return status;
}

/* Returns false when nothing was left to fail. */
static bool try_one(const struct failure *failure, struct alloc_tally *tally)
{
  char said[2000];
  int status = run_apart(failure, said, sizeof said);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 1) return false;
  bool is_signal = WIFSIGNALED(status) && (WTERMSIG(status) == SIGTRAP || WTERMSIG(status) == SIGABRT);
  bool ended_in_words = is_signal && strstr(said, IN_WORDS) != NULL;
  if (!ended_in_words && status != 0)
    g_error("failure %ld%s: status %x, %s", failure->n, failure->lasts ? " and later" : "", (unsigned)status, said);
  tally->failures_n++;
  tally->ends_n += ended_in_words;
  return true;
}

void alloc_child_all(void (*work)(const void *context), const void *context, long max_n, struct alloc_tally *tally)
{
  for (int lasts = 0; lasts <= 1; lasts++) {
    struct failure failure = {.work = work, .context = context, .n = 1, .lasts = lasts == 1};
    while (failure.n <= max_n && try_one(&failure, tally))
      failure.n++;
  }
}
