#include "base/text.h"

#include "base/clock.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define DISTANCE_MAX_BYTES 64

void sha256(const void *data, size_t size, uint8_t out[SHA256_BYTES])
{
  if (EVP_Digest(size > 0 ? data : "", size, out, NULL, EVP_sha256(), NULL) != 1) g_error("OpenSSL has no SHA-256");
}

void hmac_sha256(const void *key, size_t key_size, const void *data, size_t size, uint8_t out[SHA256_BYTES])
{
  g_assert(key_size <= INT_MAX);
  const void *key_or_empty = key_size > 0 ? key : "";
  const void *data_or_empty = size > 0 ? data : "";
  if (!HMAC(EVP_sha256(), key_or_empty, (int)key_size, data_or_empty, size, out, NULL)) g_error("OpenSSL has no HMAC");
}

char *hex_encode(const uint8_t *bytes, size_t size)
{
  static const char digits[] = "0123456789abcdef";
  char *text = g_malloc(size * 2 + 1);
  for (size_t i = 0; i < size; i++) {
    text[i * 2] = digits[bytes[i] >> 4];
    text[i * 2 + 1] = digits[bytes[i] & 15];
  }
  text[size * 2] = '\0';
  return text;
}

/* One row of the usual table at a time. Words beyond 64 bytes are nothing like each other: no one mistypes that. */
size_t text_distance(const char *a, const char *b)
{
  size_t a_length = strlen(a), b_length = strlen(b);
  if (a_length > DISTANCE_MAX_BYTES || b_length > DISTANCE_MAX_BYTES) return MAX(a_length, b_length);
  size_t row[DISTANCE_MAX_BYTES + 1];
  for (size_t j = 0; j <= b_length; j++) {
    row[j] = j;
  }
  for (size_t i = 1; i <= a_length; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b_length; j++) {
      size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = MIN(replaced, MIN(row[j], row[j - 1]) + 1);
    }
  }
  return row[b_length];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t candidates_n)
{
  const char *nearest = NULL;
  size_t nearest_distance = strlen(word) / 3 + 1;
  for (size_t i = 0; i < candidates_n; i++) {
    size_t distance = text_distance(word, candidates[i]);
    if (distance >= nearest_distance) continue;
    nearest = candidates[i];
    nearest_distance = distance;
  }
  return nearest;
}

bool text_is_uuid(const char *text)
{
  static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (!text) return false;
  for (size_t i = 0; i < sizeof shape; i++) {
    bool fits = shape[i] == 'x' ? g_ascii_isxdigit(text[i]) : text[i] == shape[i];
    if (!fits) return false;
  }
  return true;
}

char *text_thousands(int64_t value)
{
  GString *text = g_string_sized_new(32);
  g_string_printf(text, "%" PRId64, value);
  gssize first = value < 0 ? 1 : 0;
  for (gssize at = (gssize)text->len - 3; at > first; at -= 3) {
    g_string_insert_c(text, at, ',');
  }
  return g_string_free(text, FALSE);
}

char *text_run_id(int64_t wall_us, uint64_t random)
{
  g_autofree char *time = time_format_us(wall_us);
  return g_strdup_printf("%.4s%.2s%.2sT%.2s%.2s%.2s-%08" PRIx32, time, time + 5, time + 8, time + 11, time + 14,
                         time + 17, (uint32_t)random);
}

char *text_word_key(const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_autofree char *folded = g_utf8_casefold(valid, -1);
  g_autofree char *decomposed = g_utf8_normalize(folded, -1, G_NORMALIZE_ALL);
  GString *key = g_string_new(NULL);
  for (const char *at = decomposed; at && *at; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    if (g_unichar_isalnum(c) && !g_unichar_ismark(c)) g_string_append_unichar(key, c);
  }
  return g_string_free(key, FALSE);
}
