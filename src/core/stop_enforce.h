#pragma once
/* A stopped person has no live row of ours in Instantly: the rows are taken out. Used by sync.c.
 *
 * Our own live rows of these persons leave: added by us, never answered, read again in the same run, compared, deleted
 * by id, recorded once they are gone. Foreign ones are counted and not touched.
 *
 * Removing needs the lease of `complete`, taken beside that of the job; where another process holds it, and above
 * complete.max_removals, the rest waits for the next sync. complete.armed, graces and the age of the scan play no part:
 * somebody said stop. */
#include "core/sync.h"

/* Removes our live rows of stopped persons. Called after the facts of this sync were folded; folds what it adds. */
bool sync_remove_stopped(struct job *job, struct sync_report *report, GError **error);
