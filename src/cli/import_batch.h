#pragma once
/* One batch of an import: rows with everything that they point to in one arena. Used by import_run.c alone.
 *
 * Calling sequence: batch_init(), batch_add() until batch_is_full(), hand it over, batch_reset(), ..., batch_clear().
 */
#include "cli/import_run.h"

/* Ids that are derived from addresses come in no order: a row then costs a page of the table in each transaction, so
 * few and large ones cost least. */
#define BATCH_ROWS  10000
#define BATCH_BYTES ((size_t)4 << 20)

/* A row of the file and what it became. */
struct batch_row {
  int64_t line;
  size_t fields_at, fields_n; /* its cells in the batch's arrays */
  enum import_reason reason;
  enum opt_out_answer opt_out; /* of row.person, where there is one */
  struct import_row row;       /* valid when reason is none */
};

struct import_batch {
  GArray *rows;       /* struct batch_row */
  GPtrArray *fields;  /* const char *, of all rows */
  GArray *lengths;    /* size_t, beside fields */
  GStringChunk *text; /* the arena */
  size_t text_bytes;
  GString *json; /* scratch */
};

/* Makes an empty batch. */
void batch_init(struct import_batch *batch);
/* Forgets the rows, keeps the buffers. */
void batch_reset(struct import_batch *batch);
/* Frees it; may be called twice. */
void batch_clear(struct import_batch *batch);
/* Has it as many rows or bytes as go into one transaction? */
bool batch_is_full(const struct import_batch *batch);
/* Row i. */
struct batch_row *batch_at(const struct import_batch *batch, guint i);
/* The original record of a row, for the rejected file; borrows from the batch. */
struct csv_record batch_record(const struct import_batch *batch, const struct batch_row *row);
/* Copies a record and decides what can be decided from it alone: a reason, or an import_row. */
void batch_add(struct import_batch *batch, const struct csv_record *record, const struct import_plan *plan,
               const char *campaign_id);
/* The canonical address of a record, NULL when it has none or is faulty. Caller frees. */
char *batch_person(const struct csv_record *record, const struct import_plan *plan);
