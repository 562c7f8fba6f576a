#pragma once
/* The database as a file: which one it is, whatever name it was configured by, and what may stand beside it.
 *
 *   sqlite_file_open(&file, path, SQLITE_FILE_WRITE, &error)   before SQLite opens it
 *   ... SQLite opens file.real_path; sqlite_file_is_in_place(&file) before each batch ...
 *   sqlite_file_close(&file)                                   after SQLite closed it
 *
 * The order is not a matter of taste: whoever closes any descriptor of a file gives up all POSIX locks that this
 * process has on it, SQLite's too (sqlite.org/howtocorrupt.html, 2.2). So nothing else of ours opens the database.
 *
 * Links are followed once, at the beginning. What stands beside the file (lock, inbox, SQLite's journal) is found by
 * its real path, so that two names of one folder or file lead to the same. A second name that no path shows (a hard
 * link, a file that is mounted on another) would have a journal of its own: sqlite_file_trouble() tells. */
#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

enum sqlite_file_use {
  SQLITE_FILE_READ,
  SQLITE_FILE_WRITE,
  SQLITE_FILE_MAKE /* written, and made when it is not there: for its owner alone */
};

struct sqlite_file {
  char *path;      /* as configured */
  char *real_path; /* without links */
  int fd;          /* -1: not open */
};

/* What an empty one is. */
#define SQLITE_FILE_NONE ((struct sqlite_file){.fd = -1})

/* Opens it. On failure errno is left in *cause for the caller's sentence, and nothing is open. */
bool sqlite_file_open(struct sqlite_file *file, const char *path, enum sqlite_file_use use, int *cause);
/* Closes it; may be called twice. */
void sqlite_file_close(struct sqlite_file *file);

/* Are both paths still those of the open file? Not when a copy was renamed over it, or a link leads elsewhere now. */
bool sqlite_file_is_in_place(const struct sqlite_file *file);
/* Why two names of this file cannot be kept apart, as the end of a sentence; NULL when it has one. Static. */
const char *sqlite_file_trouble(const struct sqlite_file *file);
/* Does its header say WAL? */
bool sqlite_file_is_wal(const struct sqlite_file *file);

/* The path of what stands beside it: its real path and the suffix. Caller frees. */
char *sqlite_file_beside(const struct sqlite_file *file, const char *suffix);
/* Opens what stands beside the database, never through a link and never waiting for a pipe: a descriptor, or -1 with
 * errno, or -1 with errno 0 and *distrust (static, the end of a sentence) when it is not to be used. flags are those of
 * open(2); with O_DIRECTORY it must be a folder, else a plain file. */
int sqlite_file_open_beside(const struct sqlite_file *file, const char *path, int flags, const char **distrust);

/* Why something beside a database is not used, or NULL: it must be what it should be, under one name, of this user, of
 * the database's owner or of root, and no one may write it who may not write the database. Static. */
const char *sqlite_file_distrust(const struct stat *info, const struct stat *database, bool wants_folder);
