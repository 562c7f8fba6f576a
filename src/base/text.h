#pragma once
/* Small text and digest helpers that GLib does not have as one call. */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

/* SHA-256 of data into out. */
void sha256(const void *data, size_t size, uint8_t out[SHA256_BYTES]);

/* HMAC-SHA-256 of data under key into out. */
void hmac_sha256(const void *key, size_t key_size, const void *data, size_t size, uint8_t out[SHA256_BYTES]);

/* Lower-case hex of bytes; caller frees. */
char *hex_encode(const uint8_t *bytes, size_t size);

/* Edit distance (Levenshtein, both <= 64 bytes), for "did you mean". */
size_t text_distance(const char *a, const char *b);

/* The candidate nearest to word, or NULL when none is near enough to be meant (distance > a third of its length). */
const char *text_nearest(const char *word, const char *const *candidates, size_t candidates_n);

/* Is it a UUID in the 8-4-4-4-12 form (any case)? */
bool text_is_uuid(const char *text);

/* "41,200": thousands with commas; caller frees. */
char *text_thousands(int64_t value);

/* A new sortable id: UTC time to the second and 8 random hex digits, "20261122T130509-1f2e3d4c". Caller frees. */
char *text_run_id(int64_t wall_us, uint64_t random);

/* Small letters and digits alone, in every alphabet, accents off: "Opted-Out of E-Mail" is "optedoutofemail". Caller
 * frees. */
char *text_word_key(const char *text);
