#pragma once
/* The Instantly client: makes the port of core/ports.h from settings. One typed function per endpoint lives behind it;
 * field lists are tables; nothing else builds a body.
 *
 * Calling sequence: instantly_open(), use the port, instantly_close(). One thread at a time; parallelism is inside. */
#include "core/ports.h"

struct rate;

/* Opens a client for the workspace that the settings name; makes no call yet. Settings, clock and the cancel function
 * are borrowed. ERROR_CONFIG when key or base URL cannot be used. */
struct instantly *instantly_open(const struct settings *settings, const struct clock *clock,
                                 bool (*is_cancelled)(void *), void *cancel_context, GError **error);

/* Closes it; NULL is fine. */
void instantly_close(struct instantly *instantly);

/* From now on it gives up within seconds when nobody answers: for commands that somebody waits for and that only read.
 */
void instantly_hurry(struct instantly *instantly);

/* From now on it is paced together with others that share this rate (core/ratelimit.h), which is borrowed: jobs of one
 * process that have clients of their own are one client to the workspace. One thread for all of them. */
void instantly_share_rate(struct instantly *instantly, struct rate *rate);

/* Counts of this client so far, for reports and metrics. */
struct instantly_counts {
  int64_t calls, retries, throttled, failures;
};

/* Reads the counters. */
void instantly_counts(const struct instantly *instantly, struct instantly_counts *counts);

/* What doctor asks beyond the port: does this call answer, and how? path is one of a fixed table (scopes probe). */
struct probe_result {
  const char *scope;
  const char *endpoint;
  struct reply reply;
};
/* Rows of struct probe_result: one harmless read per scope that the jobs need. */
bool instantly_probe_scopes(struct instantly *instantly, struct page *page, GError **error);
