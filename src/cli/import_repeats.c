#include "cli/import_repeats.h"

#include "base/error.h"
#include "base/text.h"
#include "cli/import_batch.h"

#include <string.h>

#define FILTER_BITS  ((uint64_t)1 << 27)
#define HASHES       4
#define CANCEL_EVERY 65536

/* Sets the person's bits; were all of them set before? */
static bool filter_add(uint8_t *filter, const char *person)
{
  uint8_t digest[SHA256_BYTES];
  uint64_t hashes[HASHES];
  bool was_there = true;
  sha256(person, strlen(person), digest);
  memcpy(hashes, digest, sizeof hashes);
  for (size_t i = 0; i < HASHES; i++) {
    uint64_t bit = hashes[i] % FILTER_BITS;
    uint8_t mask = (uint8_t)(1u << (bit % 8));
    was_there = was_there && (filter[bit / 8] & mask);
    filter[bit / 8] |= mask;
  }
  return was_there;
}

static bool is_cancelled(const struct import_options *options, int64_t rows_n, GError **error)
{
  if (rows_n % CANCEL_EVERY || !options->is_cancelled || !options->is_cancelled(NULL)) return false;
  error_set(error, ERROR_CANCELLED, "The import was interrupted");
  return true;
}

static bool read_persons(struct csv_reader *reader, const struct import_options *options,
                         const struct import_plan *plan, struct person_set *candidates, GError **error)
{
  g_autofree uint8_t *filter = g_malloc0(FILTER_BITS / 8);
  struct csv_record record;
  GError *failure = NULL;
  for (int64_t rows_n = 1; csv_reader_next(reader, &record, &failure); rows_n++) {
    g_autofree char *person = batch_person(&record, plan);
    if (person && filter_add(filter, person)) person_set_add(candidates, person);
    if (is_cancelled(options, rows_n, error)) return false;
    bool is_due = options->progress && rows_n % 1000 == 0;
    if (is_due) options->progress->update(options->progress, "rows looked at", rows_n, 0, 0);
  }
  if (!failure) return true;
  g_propagate_error(error, failure);
  return false;
}

bool import_find_repeats(const struct import_options *options, const struct import_plan *plan,
                         struct person_set *candidates, GError **error)
{
  struct csv_reader *reader = csv_reader_open(options->path, error);
  if (!reader) return false;
  bool ok = read_persons(reader, options, plan, candidates, error);
  csv_reader_free(reader);
  return ok;
}
