#include "base/thread.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <time.h>

/* Every signal stays with the main thread, which alone knows what to do about it. */
bool thread_start(pthread_t *thread, void *(*run)(void *), void *context)
{
  sigset_t all, before;
  sigfillset(&all);
  if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
  int failure = pthread_create(thread, NULL, run, context);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failure == 0;
}

void thread_join(pthread_t thread)
{
  int failure = pthread_join(thread, NULL);
  if (failure != 0) g_error("pthread_join failed: %s", g_strerror(failure));
}

void thread_cond_init(pthread_cond_t *cond)
{
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(cond, &attributes);
  pthread_condattr_destroy(&attributes);
}

bool thread_cond_wait_us(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t timeout_us)
{
  struct timespec until = {0};
  clock_gettime(CLOCK_MONOTONIC, &until);
  int64_t nanoseconds = until.tv_nsec + MAX(timeout_us, 0) % 1000000 * 1000;
  until.tv_sec += MAX(timeout_us, 0) / 1000000 + nanoseconds / 1000000000;
  until.tv_nsec = (long)(nanoseconds % 1000000000);
  return pthread_cond_timedwait(cond, mutex, &until) != ETIMEDOUT;
}
