#pragma once
/* Threads on pthread: GLib's locks are invisible to ThreadSanitizer, so they are banned and this is used instead.
 * Only net/ and serve/ (and the sandbox) may start threads. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Starts a joinable thread; false when the system refuses. */
bool thread_start(pthread_t *thread, void *(*run)(void *), void *context);

/* Waits for it to end. */
void thread_join(pthread_t thread);

/* Initialises a condition variable that waits on the monotonic clock. */
void thread_cond_init(pthread_cond_t *cond);

/* Waits at most timeout_us; false on time-out. The mutex is held by the caller. */
bool thread_cond_wait_us(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t timeout_us);
