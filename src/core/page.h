#pragma once
/* A page: rows of one type plus the arena that their strings live in. It is how everything big is read, a bounded piece
 * at a time. Init once, fill again and again, clear at the end; rows and strings live until the next fill or clear. */
#include <glib.h>
#include <stddef.h>

struct page {
  GArray *rows;       /* of the row type that the call documents */
  GStringChunk *text; /* every string of the rows */
  char *next;         /* cursor for the following page, NULL at the end */
};

/* Makes an empty page for rows of row_size bytes. */
void page_init(struct page *page, size_t row_size);
/* Forgets rows and strings, keeps the buffers. */
void page_reset(struct page *page);
/* Frees everything; may be called twice. */
void page_clear(struct page *page);
/* Copies text into the page; NULL stays NULL. */
const char *page_text(struct page *page, const char *text);
/* Row i of the page, typed. */
#define page_row(page, type, i) (&g_array_index((page)->rows, type, (i)))
