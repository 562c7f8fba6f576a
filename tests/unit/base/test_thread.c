/* Threads: they run and end, waits end on time or on a signal, and process signals stay with the main thread. */
#include "base/thread.h"

#include "base/clock.h"

#include <signal.h>

struct meeting {
  pthread_mutex_t mutex;
  pthread_cond_t cond;
  bool is_ready;
  bool blocks_sigterm;
};

static void *arrive(void *context)
{
  struct meeting *meeting = context;
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  pthread_mutex_lock(&meeting->mutex);
  meeting->is_ready = true;
  meeting->blocks_sigterm = sigismember(&mask, SIGTERM) == 1;
  pthread_cond_signal(&meeting->cond);
  pthread_mutex_unlock(&meeting->mutex);
  return NULL;
}

static void test_start_wait_join(void)
{
  struct meeting meeting = {.mutex = PTHREAD_MUTEX_INITIALIZER};
  thread_cond_init(&meeting.cond);
  pthread_t thread;
  pthread_mutex_lock(&meeting.mutex);
  g_assert_true(thread_start(&thread, arrive, &meeting));
  while (!meeting.is_ready) {
    g_assert_true(thread_cond_wait_us(&meeting.cond, &meeting.mutex, 30 * SECOND_US));
  }
  pthread_mutex_unlock(&meeting.mutex);
  thread_join(thread);
  g_assert_true(meeting.blocks_sigterm);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  g_assert_cmpint(sigismember(&mask, SIGTERM), ==, 0);
  pthread_cond_destroy(&meeting.cond);
}

static void check_timeout(int64_t timeout_us)
{
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t cond;
  thread_cond_init(&cond);
  pthread_mutex_lock(&mutex);
  int64_t before_us = clock_mono_us(clock_system());
  g_assert_false(thread_cond_wait_us(&cond, &mutex, timeout_us));
  int64_t waited_us = clock_mono_us(clock_system()) - before_us;
  pthread_mutex_unlock(&mutex);
  pthread_cond_destroy(&cond);
  g_assert_cmpint(waited_us, >=, timeout_us);
  g_assert_cmpint(waited_us, <, timeout_us + 5 * SECOND_US);
}

static void test_timeout(void)
{
  check_timeout(30000);
  check_timeout(1990000);
  check_timeout(0);
  check_timeout(-SECOND_US);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/thread/start-wait-join", test_start_wait_join);
  g_test_add_func("/thread/timeout", test_timeout);
  return g_test_run();
}
