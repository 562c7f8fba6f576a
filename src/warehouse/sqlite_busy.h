#pragma once
/* Who keeps us from the database, how long we wait for them, and what we say when that was in vain.
 *
 * Two locks are asked about. Ours (sqlite_lock.h) is a writing job's for as long as it runs, noted in words. SQLite's
 * own are on a few bytes of the database, of whatever program; the kernel tells whose. Somebody who is at work is
 * waited for: a statement over a million rows takes its time. Somebody who is suspended (SIGSTOP, Ctrl-Z) will not be
 * done before a person acts, and that person is told now. Where the kernel does not tell (another container, no /proc),
 * everybody is taken to be at work. */
#include "warehouse/sqlite_db.h"

/* Makes the connection wait like that, for 30 s at most. db has to stay where it is. */
void sqlite_busy_setup(struct sqlite_db *db);
/* The error of a statement that waited in vain: ERROR_LOCKED when a run holds the lock, else ERROR_TRANSIENT. */
void sqlite_busy_fail(const struct sqlite_db *db, GError **error);

/* What to do about a run that holds the lock, of which host and process are known. Caller frees. */
char *sqlite_busy_advice(const char *host, int64_t pid);
