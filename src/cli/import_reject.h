#pragma once
/* The rows that an import could not take: FILE.rejected.csv beside the file, with line number and reason before the
 * original columns (RFC 4180), readable by its owner alone.
 *
 * Calling sequence: reject_open() before the first row is imported (so that an unwritable folder is found while nothing
 * is half done), reject_write() per row, reject_commit(). Until then it is a temporary file; reject_free() without a
 * commit leaves nothing behind. A commit without rows removes the file of an earlier import. */
#include "cli/csv_reader.h"

#include <glib.h>

struct reject_file;

/* "leads.csv" -> "leads.rejected.csv"; .tsv and .txt go as well. Caller frees. */
char *reject_path(const char *import_path);

/* Starts the file for this import with the original headers (char *). ERROR_LOCAL. */
struct reject_file *reject_open(const char *import_path, const GPtrArray *headers, GError **error);

/* Adds one row. Failures are kept for reject_commit(). */
void reject_write(struct reject_file *file, const char *reason, const struct csv_record *record);

/* Rows written so far. */
int64_t reject_rows(const struct reject_file *file);

/* Flushes, syncs and renames, or removes everything when no row was written. ERROR_LOCAL. */
bool reject_commit(struct reject_file *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Closes it; NULL is fine. */
void reject_free(struct reject_file *file);
