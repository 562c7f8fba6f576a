#include "cli/import_batch.h"

#include "base/email.h"
#include "base/json.h"

#include <string.h>

#define LEAD_ID_MAX_BYTES 512

void batch_init(struct import_batch *batch)
{
  *batch = (struct import_batch){
      .rows = g_array_sized_new(FALSE, TRUE, sizeof(struct batch_row), BATCH_ROWS),
      .fields = g_ptr_array_new(),
      .lengths = g_array_new(FALSE, FALSE, sizeof(size_t)),
      .text = g_string_chunk_new((gsize)64 * 1024),
      .json = g_string_new(NULL),
  };
}

void batch_reset(struct import_batch *batch)
{
  g_array_set_size(batch->rows, 0);
  g_ptr_array_set_size(batch->fields, 0);
  g_array_set_size(batch->lengths, 0);
  g_string_chunk_clear(batch->text);
  batch->text_bytes = 0;
}

void batch_clear(struct import_batch *batch)
{
  g_clear_pointer(&batch->rows, g_array_unref);
  g_clear_pointer(&batch->fields, g_ptr_array_unref);
  g_clear_pointer(&batch->lengths, g_array_unref);
  g_clear_pointer(&batch->text, g_string_chunk_free);
  if (batch->json) g_string_free(batch->json, TRUE);
  batch->json = NULL;
}

bool batch_is_full(const struct import_batch *batch)
{
  return batch->rows->len >= BATCH_ROWS || batch->text_bytes >= BATCH_BYTES;
}

struct batch_row *batch_at(const struct import_batch *batch, guint i)
{
  return &g_array_index(batch->rows, struct batch_row, i);
}

struct csv_record batch_record(const struct import_batch *batch, const struct batch_row *row)
{
  return (struct csv_record){
      .line = row->line,
      .fields = (const char *const *)batch->fields->pdata + row->fields_at,
      .lengths = (const size_t *)(void *)batch->lengths->data + row->fields_at,
      .fields_n = row->fields_n,
  };
}

/* ---- one row ---- */

/* Copies bytes into the arena, with a NUL behind them. */
static char *keep(struct import_batch *batch, const char *bytes, size_t length)
{
  batch->text_bytes += length + 1;
  return g_string_chunk_insert_len(batch->text, bytes, (gssize)length);
}

static void keep_fields(struct import_batch *batch, const struct csv_record *record)
{
  for (size_t i = 0; i < record->fields_n; i++) {
    g_ptr_array_add(batch->fields, keep(batch, record->fields[i], record->lengths[i]));
    g_array_append_val(batch->lengths, record->lengths[i]);
  }
}

/* The trimmed value of a column in the arena; NULL when it is empty or the row ends before it. */
static const char *value_of(struct import_batch *batch, const struct csv_record *record, int column)
{
  if (column < 0 || (size_t)column >= record->fields_n) return NULL;
  const char *text = record->fields[column];
  while (g_ascii_isspace(*text)) {
    text++;
  }
  size_t length = strlen(text);
  while (length > 0 && g_ascii_isspace(text[length - 1])) {
    length--;
  }
  return length ? keep(batch, text, length) : NULL;
}

/* Columns that `leads` does not have, as a JSON object; NULL when there is nothing in them. */
static const char *fields_json(struct import_batch *batch, const struct csv_record *record,
                               const struct import_plan *plan)
{
  g_string_assign(batch->json, "{");
  size_t n = MIN(record->fields_n, plan->sample.headers->len);
  for (size_t i = plan->is_rejected_file ? 2 : 0; i < n; i++) {
    const char *value = import_map_has(&plan->map, i) ? NULL : value_of(batch, record, (int)i);
    if (value) json_append_str(batch->json, g_ptr_array_index(plan->sample.headers, i), value);
  }
  if (batch->json->len == 1) return NULL;
  g_string_append_c(batch->json, '}');
  return keep(batch, batch->json->str, batch->json->len);
}

static bool is_good_id(const char *lead_id)
{
  if (!lead_id) return true; /* derived from the person */
  size_t length = 0;
  for (; lead_id[length]; length++) {
    if (g_ascii_iscntrl(lead_id[length])) return false;
  }
  return length <= LEAD_ID_MAX_BYTES;
}

static enum import_reason reason_of_fault(enum csv_fault fault)
{
  switch (fault) {
  case CSV_FAULT_NONE: return REASON_NONE;
  case CSV_FAULT_TOO_LONG: return REASON_ROW_TOO_LONG;
  case CSV_FAULT_UNCLOSED_QUOTE: return REASON_UNCLOSED_QUOTE;
  case CSV_FAULT_BAD_UTF8: return REASON_BAD_UTF8;
  case CSV_FAULT_NUL_BYTE: return REASON_NUL_BYTE;
  }
  return REASON_NONE;
}

static enum import_reason reason_of_address(enum email_verdict verdict)
{
  switch (verdict) {
  case EMAIL_OK: return REASON_NONE;
  case EMAIL_MISSING: return REASON_ADDRESS_MISSING;
  case EMAIL_INVALID: return REASON_ADDRESS_INVALID;
  case EMAIL_NOT_ASCII: return REASON_ADDRESS_NOT_ASCII;
  }
  return REASON_ADDRESS_INVALID;
}

/* Empty cells behind the last column are what spreadsheets leave; a value there means that the row is shifted. */
static bool has_too_many_columns(const struct csv_record *record, size_t headers_n)
{
  for (size_t i = headers_n; i < record->fields_n; i++) {
    if (record->lengths[i] > 0) return true;
  }
  return false;
}

static enum import_reason decide(struct import_batch *batch, const struct csv_record *record,
                                 const struct import_plan *plan, struct import_row *row)
{
  if (record->fault) return reason_of_fault(record->fault);
  if (has_too_many_columns(record, plan->sample.headers->len)) return REASON_TOO_MANY_COLUMNS;
  const int *column = plan->map.column;
  g_autofree char *person = NULL;
  row->email = value_of(batch, record, column[TARGET_EMAIL]);
  enum email_verdict address = email_canonical(row->email, row->email ? strlen(row->email) : 0, &person);
  if (address != EMAIL_OK) return reason_of_address(address);
  row->person = keep(batch, person, strlen(person));
  row->lead_id = value_of(batch, record, column[TARGET_LEAD_ID]);
  if (!is_good_id(row->lead_id)) return REASON_LEAD_ID_INVALID;
  row->first_name = value_of(batch, record, column[TARGET_FIRST_NAME]);
  row->last_name = value_of(batch, record, column[TARGET_LAST_NAME]);
  row->company_name = value_of(batch, record, column[TARGET_COMPANY_NAME]);
  row->campaign_id = value_of(batch, record, column[TARGET_CAMPAIGN_ID]);
  row->fields = fields_json(batch, record, plan);
  return REASON_NONE;
}

void batch_add(struct import_batch *batch, const struct csv_record *record, const struct import_plan *plan,
               const char *campaign_id)
{
  struct batch_row row = {.line = record->line, .fields_at = batch->fields->len, .fields_n = record->fields_n};
  row.reason = decide(batch, record, plan, &row.row);
  if (!row.row.campaign_id) row.row.campaign_id = campaign_id;
  if (row.row.person) row.opt_out = import_stops_answer(&plan->stops, record);
  keep_fields(batch, record);
  g_array_append_val(batch->rows, row);
}

char *batch_person(const struct csv_record *record, const struct import_plan *plan)
{
  int column = plan->map.column[TARGET_EMAIL];
  char *person = NULL;
  bool has_it = !record->fault && column >= 0 && (size_t)column < record->fields_n;
  if (has_it) email_canonical(record->fields[column], record->lengths[column], &person);
  return person;
}
