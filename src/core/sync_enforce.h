#pragma once
/* The end of step 3 of sync: a stop holds in Instantly too, not only in our next export. Used by sync.c.
 *
 * Lasting stops (unsubscribes, and what an operator set without an end) go to the block list, which keeps Instantly
 * from mailing the person out of whatever campaign, and are read back. sync.push_stops: false turns this off. The rows
 * of these persons are core/stop_enforce.h's. */
#include "core/sync.h"

/* Pushes and reads back; the rows of those that were confirmed are staged, wherever they are. */
bool sync_push_stops(struct job *job, struct sync_report *report, GError **error);
