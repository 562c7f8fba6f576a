#pragma once
/* Records out of a CSV file, one at a time, in constant memory; the grammar itself is libcsv's.
 *
 * Takes what real exports are: a BOM, CRLF, LF or CR, quoted newlines, one of , ; tab | (found from the first 64 kB, or
 * said by a "sep=;" line), blank lines. A record that cannot be taken comes with a fault instead of an error and the
 * next one follows: a quote that is never closed costs its own line alone, because reading goes on in the line after
 * it.
 *
 * Calling sequence: csv_reader_open() or csv_reader_on_bytes(), csv_reader_next() until it returns false,
 * csv_reader_free(). Errors: ERROR_LOCAL (no such file, cannot be read), ERROR_REJECTED (no text: UTF-16, a
 * spreadsheet, an archive). */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that one record may have. */
#define CSV_RECORD_MAX_BYTES ((size_t)1 << 20)

enum csv_fault {
  CSV_FAULT_NONE = 0,
  CSV_FAULT_TOO_LONG,       /* more than CSV_RECORD_MAX_BYTES; without fields */
  CSV_FAULT_UNCLOSED_QUOTE, /* without fields */
  CSV_FAULT_BAD_UTF8,
  CSV_FAULT_NUL_BYTE,
};

/* One record. Everything in it lives until the next call. */
struct csv_record {
  int64_t line; /* physical line on which it begins, from 1 */
  enum csv_fault fault;
  const char *const *fields; /* NUL-terminated; blanks around unquoted ones are gone */
  const size_t *lengths;     /* in bytes; differs from strlen only with CSV_FAULT_NUL_BYTE */
  size_t fields_n;
};

struct csv_reader;

/* Opens a file and finds its delimiter. Caller frees. */
struct csv_reader *csv_reader_open(const char *path, GError **error);

/* Reads from memory instead; bytes are borrowed for the reader's life. Caller frees. */
struct csv_reader *csv_reader_on_bytes(const void *bytes, size_t size, GError **error);

/* The next record. False at the end, and on failure, which sets *error. */
bool csv_reader_next(struct csv_reader *reader, struct csv_record *record, GError **error);

/* The delimiter that was found. */
char csv_reader_delimiter(const struct csv_reader *reader);

/* Bytes consumed so far and size of the whole, for progress. */
int64_t csv_reader_done_bytes(const struct csv_reader *reader);
int64_t csv_reader_size_bytes(const struct csv_reader *reader); /* see csv_reader_done_bytes */

/* Closes it; NULL is fine. */
void csv_reader_free(struct csv_reader *reader);

/* Stable word for a fault, as in the rejected file: row_too_long, unclosed_quote, bad_utf8, nul_byte. */
const char *csv_fault_name(enum csv_fault fault);
