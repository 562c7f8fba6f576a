/* The CSV reader and the guess of the mapping over any bytes: records come in rising lines, fields are within the limit
 * and NUL-terminated, what has no fault is UTF-8, and reading ends. */
#include "fuzz.h"

#include "base/error.h"
#include "cli/csv_reader.h"
#include "cli/import_map.h"

#include <string.h>

#define ROWS_SAMPLED 50

static void check_record(const struct csv_record *record, int64_t last_line)
{
  g_assert_cmpint(record->line, >, last_line);
  for (size_t i = 0; i < record->fields_n; i++) {
    g_assert_cmpuint(record->lengths[i], <=, CSV_RECORD_MAX_BYTES);
    g_assert_cmpint(record->fields[i][record->lengths[i]], ==, '\0');
    if (record->fault == CSV_FAULT_NONE) g_assert_true(g_utf8_validate(record->fields[i], -1, NULL));
  }
}

static void check_map(const struct import_sample *sample)
{
  struct import_map map;
  import_map_guess(sample, &map);
  for (size_t target = 0; target < IMPORT_TARGETS_N; target++) {
    g_assert_cmpint(map.column[target], >=, -1);
    g_assert_cmpint(map.column[target], <, (int)sample->headers->len);
    for (size_t other = 0; other < target; other++) {
      g_assert_true(map.column[target] == -1 || map.column[target] != map.column[other]);
    }
  }
}

static void read_records(struct csv_reader *reader)
{
  struct import_sample sample = {0};
  struct csv_record record;
  g_autoptr(GError) error = NULL;
  for (int64_t last_line = 0; csv_reader_next(reader, &record, &error); last_line = record.line) {
    check_record(&record, last_line);
    if (record.fault) continue;
    if (!sample.headers)
      import_sample_init_take(&sample, import_headers(record.fields, record.fields_n));
    else if (sample.rows->len < ROWS_SAMPLED)
      import_sample_add(&sample, record.fields, record.fields_n);
  }
  if (error) g_assert_true(error_is(error, ERROR_REJECTED));
  if (sample.headers && sample.headers->len <= 64) check_map(&sample);
  import_sample_clear(&sample);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  struct csv_reader *reader = csv_reader_on_bytes(data, size, &error);
  if (reader)
    read_records(reader);
  else
    g_assert_true(error_is(error, ERROR_REJECTED));
  csv_reader_free(reader);
  return 0;
}
