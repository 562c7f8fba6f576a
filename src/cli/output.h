#pragma once
/* Output: tables, JSON and addresses on standard output; progress and notes on standard error.
 *
 * Standard output is for machines and pipes: with --json exactly one JSON document (or NDJSON where a command says so).
 * Addresses appear only with --show-pii; without it a lead is its reference. NO_COLOR and non-terminals get no colour. */
#include "cli/command.h"

/* A table that is aligned when printed: columns separated by two blanks, numbers (cells that are numbers) to the right. */
struct table {
  GPtrArray *cells; /* char *, row by row, the header first */
  size_t columns_n;
};

/* Starts a table with these headers (columns_n of them). */
void table_init(struct table *table, const char *const *headers, size_t columns_n);
/* Adds one cell; printf-like. */
void table_add(struct table *table, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Prints it on standard output and forgets the rows. */
void table_print(struct table *table);
/* Frees it; may be called twice. */
void table_clear(struct table *table);

/* Prints to standard output; a failed write (closed pipe, full disk) makes the command fail at its end. */
void out_print(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* A sentence for people on standard error, not with --quiet. */
void out_note(const struct cli *cli, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What may be printed for an address: itself with --show-pii, else NULL. */
const char *out_email(const struct cli *cli, const char *email);

/* The progress printer: one rewritten line on a terminal, else a log line every 10 s, nothing with --quiet. Caller frees
 * with progress_free. */
struct progress *progress_new(const struct cli *cli);
/* Ends the line and frees it. */
void progress_free(struct progress *progress);
