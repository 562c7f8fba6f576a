#pragma once
/* Output: tables, JSON and addresses on standard output; progress and notes on standard error.
 *
 * Standard output is for machines and pipes: with --json exactly one JSON document (or NDJSON where a command says so).
 * Addresses appear only with --show-pii; without it a lead is its reference. NO_COLOR and non-terminals get no colour.
 * Control characters in what came from outside are shown as '?', so that no cell can move a terminal's cursor. */
#include "cli/command.h"

/* A table that is aligned when printed: columns separated by two blanks, numbers (cells that are numbers) to the right.
 */
struct table {
  GPtrArray *cells; /* char *, row by row, the header first */
  size_t columns_n;
};

/* Starts a table with these headers (columns_n of them). */
void table_init(struct table *table, const char *const *headers, size_t columns_n);
/* Adds one cell; printf-like. */
void table_add(struct table *table, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Adds one cell with thousands separated: 41,200. */
void table_add_int(struct table *table, int64_t value);
/* Adds one cell with a time, "-" for 0. */
void table_add_time(struct table *table, int64_t wall_us);
/* Number of rows without the header. */
size_t table_rows(const struct table *table);
/* The table as text, rows already added are kept; caller frees. */
char *table_text(const struct table *table);
/* Prints it on standard output and forgets the rows. */
void table_print(struct table *table);
/* Frees it; may be called twice. */
void table_clear(struct table *table);

/* Prints to standard output; a failed write (closed pipe, full disk) makes the command fail at its end. */
void out_print(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Prints text of any length and a newline. */
void out_line(const char *text);
/* Has whoever reads standard output gone away, as `head` does? */
bool out_is_closed(void);
/* Did everything reach standard output? ERROR_LOCAL when not; called once, after the command. */
bool out_finish(GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A sentence for people on standard error, not with --quiet. */
void out_note(const struct cli *cli, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What may be printed for an address: itself with --show-pii, else NULL. */
const char *out_email(const struct cli *cli, const char *email);

/* Text from outside with control characters replaced by '?' and bytes that are no UTF-8 by U+FFFD; caller frees. */
char *out_printable(const char *text);

/* Asks a question on the terminal that ends in [y/N]; true for yes. With --yes, or when standard input or standard
 * error is no terminal, it is not asked and the answer is yes. */
bool out_confirm(const struct cli *cli, const char *question);

/* "3 min ago", "2 h ago", "5 d ago", "never" for 0; caller frees. */
char *out_age(int64_t now_us, int64_t then_us);

/* The progress printer: one rewritten line on a terminal, else a log line every 10 s, nothing with --quiet. Caller
 * frees with progress_free. */
struct progress *progress_new(const struct cli *cli);
/* Ends the line and frees it; NULL is fine. */
void progress_free(struct progress *progress);

/* What a progress line says. */
struct progress_view {
  const char *noun;
  int64_t done, total, refused; /* total <= 0: unknown */
  int64_t elapsed_us;           /* since the first report of this noun */
  int64_t done_at_start;
};
/* "leads 41,200/100,000  1,840/s  eta 32s  refused 12"; parts that are not known are left out. Caller frees. */
char *progress_text(const struct progress_view *view);
