#pragma once
/* Identities and chance: UUIDs and the keyed draws, both reproducible for a seed.
 *
 * Ids of new rows are UUIDv7 of the virtual clock with a counter in the bits right after the time, so that the order of
 * ids is the order of creation even when the clock stands still. Chance is never a stream: every draw is a hash of
 * (seed, who, which step, what for), so the order in which requests arrive changes nothing. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define UUID_TEXT_BYTES 37

struct uuid {
  uint64_t hi;
  uint64_t lo;
};

/* The id of the counter-th thing made at time_ms; salt varies the tail. Ascending in (time_ms, counter). */
struct uuid uuid_make(int64_t time_ms, uint64_t counter, uint64_t salt);

/* A random-looking UUIDv4 that is a function of its two keys: rows older than the time when ids became sortable. */
struct uuid uuid_old(uint64_t seed, uint64_t counter);

/* Reads the 8-4-4-4-12 form in any case; false when it is something else. */
bool uuid_parse(const char *text, struct uuid *id);

/* Writes the 36 characters and a NUL. */
void uuid_format(const struct uuid *id, char out[UUID_TEXT_BYTES]);

/* Order as bytes: negative, zero, positive. */
int uuid_compare(const struct uuid *a, const struct uuid *b);

/* Hash and equality for GHashTable keys that point to a struct uuid. */
guint uuid_hash(gconstpointer key);
gboolean uuid_equal(gconstpointer a, gconstpointer b); /* see uuid_hash */

/* Mixes one more 64-bit value into a hash (a strong finaliser, not a sum). */
uint64_t hash_mix(uint64_t hash, uint64_t value);

/* Mixes text into a hash. */
uint64_t hash_text(uint64_t hash, const char *text);

/* The same as a GHashFunc: eight bytes a step, where g_str_hash() takes one. */
guint text_hash(gconstpointer key);

/* The hash as a number in [0, 1). */
double hash_unit(uint64_t hash);
