#pragma once
/* The end of step 3 of sync: a stop holds in Instantly too, not only in our next export. Used by sync.c.
 *
 * Lasting stops (unsubscribes, and what an operator set without an end) go to the block list, which keeps Instantly
 * from mailing the person out of whatever campaign, and are read back. Then our own live rows of these persons leave:
 * added by us, never answered, read again in the same run, compared, deleted by id, recorded once they are gone.
 * Foreign ones are counted and not touched. sync.push_stops: false turns all of it off.
 *
 * Removing needs the lease of `complete`, taken beside that of `sync`; where another process holds it, and above
 * complete.max_removals, the rest waits for the next sync. complete.armed, graces and the age of the scan play no part:
 * somebody said stop. */
#include "core/sync.h"

/* Pushes and reads back; the rows of those that were confirmed are staged, wherever they are. */
bool sync_push_stops(struct job *job, struct sync_report *report, GError **error);

/* Removes our live rows of stopped persons. Called after the facts of this sync were folded; folds what it adds. */
bool sync_remove_stopped(struct job *job, struct sync_report *report, GError **error);
