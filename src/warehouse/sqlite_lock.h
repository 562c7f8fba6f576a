#pragma once
/* The lock of all writing jobs: two open-file-description locks, which die with the process whatever happens to it.
 *
 * One is on `<real path>.lock`, a file that says in words who has it. The other is on one byte of the database itself,
 * behind those that SQLite locks: it holds under every name that the file has, also those that no path shows. Who has
 * both has the lock; the order is always the same.
 *
 * The lock file stays: unlinking it would let two processes lock two files of the same name. */
#include "warehouse/sqlite_db.h"

/* Opens the lock file, never through a link; true when it is open already. ERROR_LOCAL. */
bool sqlite_lock_open(struct sqlite_db *db, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Closes it, before the database is closed. */
void sqlite_lock_close(struct sqlite_db *db);
/* Takes both locks without waiting; false when somebody has one of them. The lock file is open. */
bool sqlite_lock_take(struct sqlite_db *db) G_GNUC_WARN_UNUSED_RESULT;
/* Gives both back. */
void sqlite_lock_drop(struct sqlite_db *db);
/* Is the locked file still the one of that name? */
bool sqlite_lock_is_in_place(const struct sqlite_db *db);

/* Writes down who has the lock ("job export"), beside the row in `leases`, which nobody can read while the holder
 * commits. It is information: a failure changes nothing. */
void sqlite_lock_note(const struct sqlite_db *db, const char *who);
/* Does another process hold one of the two? Asked without taking it. */
bool sqlite_lock_is_held(const struct sqlite_db *db);
/* Who does, in words, as the holder noted it: ": job export, process 7 on host, since ..."; "" when nobody knows.
 * Caller frees. */
char *sqlite_lock_holder(const struct sqlite_db *db);
