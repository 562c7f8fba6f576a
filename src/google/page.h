#pragma once
/* A page of results: the answer of jobs.query or getQueryResults, read in place by base/json_pull.h.
 *
 * The whole page is read and checked before its first row is handed out, so a page that is broken in its middle can be
 * asked for again and no caller has seen half of it. U+0000 in a cell comes as U+FFFD. Memory: the answer's bytes plus
 * one pointer per cell. */
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/* Texts are borrowed from the bytes. Numbers are -1 when the answer does not have them. */
struct page_reader {
  bool is_complete;
  bool has_rows; /* there was a member `rows`, be it empty */
  const char *job_id, *location;
  const char *page_token;
  int64_t total_rows;
  int64_t bytes_billed, bytes_processed;
  int64_t rows_changed, rows_inserted, rows_updated, rows_deleted;
  GPtrArray *columns; /* names in order; empty when the answer has no schema */
  GPtrArray *cells;   /* row after row; NULL for NULL */
  size_t rows_n;
  size_t cells_per_row; /* 0: there was no row */
};

/* Makes an empty one. */
void page_reader_init(struct page_reader *page);
/* Frees what it holds; may be called twice. */
void page_reader_clear(struct page_reader *page);

/* Reads bytes[0..length), which it writes into and which must outlive the page. ERROR_CORRUPT when it is not a page:
 * not JSON, a member of a wrong type, a member that stands twice, rows of different widths. ERROR_CONFIG for a cell
 * that is an array or a struct. */
bool page_reader_read(struct page_reader *page, char *bytes, size_t length, GError **error);
