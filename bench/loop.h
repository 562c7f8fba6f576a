#pragma once
/* The bare loop: POST requests through libcurl's multi interface, a fixed number in flight, each slot on its own kept
 * connection, settings as libcurl has them by default. This is what nobody can do without, so it is the floor.
 *
 * Calling sequence: fill loop_options, loop_run(). next() is asked for each free slot until it has nothing more for any
 * of them; answered() gets each whole answer. Both are called from the one thread. Errors: the first transfer that
 * fails or answers with another status than 200 ends the loop with ERROR_TRANSIENT. */
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* A body to post; borrowed until its answer came. */
struct loop_body {
  const char *bytes;
  size_t size;
};

struct loop_options {
  const char *url;
  const char *key; /* of the API */
  int in_flight;
  /* The next body for a slot; false: nothing for it now. It is asked again after each answer. */
  bool (*next)(void *context, int slot, struct loop_body *body);
  /* An answer came. False ends the loop as a failure. */
  bool (*answered)(void *context, int slot, const GString *answer);
  void *context;
};

struct loop_counts {
  int64_t calls_n, sent_bytes, read_bytes;
};

/* Runs it to the end. */
bool loop_run(const struct loop_options *options, struct loop_counts *counts, GError **error) G_GNUC_WARN_UNUSED_RESULT;
