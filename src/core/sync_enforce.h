#pragma once
/* The end of step 3 of sync: a stop holds in Instantly too, not only in our next export. Used by sync.c.
 *
 * Lasting stops (unsubscribes, and what an operator set without an end) go to the block list, which keeps Instantly
 * from mailing the person out of whatever campaign, and are read back. Whether the list had them before is noted first.
 * sync.push_stops: false turns this off. The rows of these persons are core/stop_enforce.h's. */
#include "core/sync.h"

/* Takes off the block list what we put there and no stop wants there any more, one by one and each noted; what stood
 * there before us stays. Called before the list is read, so that it does not come home as a stop of somebody else's.
 * facts: of this run. sync.push_stops plays no part: what is there was put there. */
bool sync_unlist_stops(struct job *job, const struct ledger_facts *facts, struct unlist_report *report, GError **error);

/* Pushes and reads back; the rows of those that were confirmed are staged, wherever they are. */
bool sync_push_stops(struct job *job, struct sync_report *report, GError **error);
