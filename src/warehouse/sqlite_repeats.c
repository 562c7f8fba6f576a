#include "warehouse/sqlite_repeats.h"

#include <string.h>

/* ---- the counters ---- */

void repeats_begin(struct repeats *repeats)
{
  repeats_end(repeats);
  if (repeats->counters_n == 0) repeats->counters_n = REPEATS_COUNTERS_N;
  repeats->counters = g_malloc0((repeats->counters_n + 3) / 4);
}

void repeats_end(struct repeats *repeats)
{
  g_clear_pointer(&repeats->counters, g_free);
  repeats->only_repeated = false;
}

/* Eight bytes at a time; the multiplier is 2^64 by the golden ratio, and the high bits, which it mixes best, are folded
 * in. */
static uint64_t hash_of(const uint8_t *bytes, size_t size)
{
  uint64_t hash = size;
  for (size_t at = 0; at < size; at += sizeof hash) {
    uint64_t word = 0;
    memcpy(&word, bytes + at, MIN(sizeof word, size - at));
    hash = (hash ^ word) * 11400714819323198485U;
    hash ^= hash >> 32;
  }
  return hash;
}

/* The counter of a person; false for what is no person. */
static bool counter_of(const struct repeats *repeats, sqlite3_value *person, size_t *counter)
{
  if (!repeats->counters || sqlite3_value_type(person) != SQLITE_TEXT) return false;
  const uint8_t *bytes = sqlite3_value_blob(person);
  *counter = (size_t)hash_of(bytes, bytes ? (size_t)sqlite3_value_bytes(person) : 0) & (repeats->counters_n - 1);
  return true;
}

static unsigned counter_read(const struct repeats *repeats, size_t counter)
{
  return (repeats->counters[counter / 4] >> (counter % 4 * 2)) & 3U;
}

static bool is_repeated(const struct repeats *repeats, sqlite3_value *person)
{
  size_t counter;
  return counter_of(repeats, person, &counter) && counter_read(repeats, counter) > 1;
}

/* ---- as functions ---- */

static void note(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  const struct repeats *repeats = sqlite3_user_data(context);
  size_t counter;
  if (!counter_of(repeats, arguments[0], &counter)) return;
  unsigned sum = counter_read(repeats, counter) + (unsigned)sqlite3_value_int(arguments[1]);
  repeats->counters[counter / 4] |= (uint8_t)(MIN(sum, 3U) << (counter % 4 * 2));
}

static void note_end(sqlite3_context *context)
{
  sqlite3_result_null(context);
}

static void repeated(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  if (is_repeated(sqlite3_user_data(context), arguments[0])) sqlite3_result_value(context, arguments[0]);
}

static void wanted(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  const struct repeats *repeats = sqlite3_user_data(context);
  sqlite3_result_int(context, !repeats->only_repeated || is_repeated(repeats, arguments[0]));
}

int repeats_register(sqlite3 *handle, struct repeats *repeats)
{
  const int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY; /* not deterministic: they go by what was noted */
  int code = sqlite3_create_function_v2(handle, "repeats_note", 2, flags, repeats, NULL, note, note_end, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_create_function_v2(handle, "repeated", 1, flags, repeats, repeated, NULL, NULL, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_create_function_v2(handle, "wanted", 1, flags, repeats, wanted, NULL, NULL, NULL);
  return code;
}

/* ---- counting ---- */

int64_t count_new(struct count *count)
{
  *count = (struct count){.number = count->number + 1};
  return count->number;
}

static void count_up(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  struct count *count = sqlite3_user_data(context);
  int64_t key = sqlite3_value_int64(arguments[1]);
  if (sqlite3_value_int64(arguments[0]) != count->number) {
    sqlite3_result_error(context, "count_up with another statement's count", -1);
    return;
  }
  count->n = key == count->key ? count->n + 1 : 1;
  count->key = key;
  sqlite3_result_int64(context, count->n);
}

int count_register(sqlite3 *handle, struct count *count)
{
  return sqlite3_create_function_v2(handle, "count_up", 2, SQLITE_UTF8 | SQLITE_DIRECTONLY, count, count_up, NULL, NULL,
                                    NULL);
}
