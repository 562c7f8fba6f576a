#include "ids.h"

#include <string.h>

uint64_t hash_mix(uint64_t hash, uint64_t value)
{
  uint64_t x = hash ^ (value + 0x9e3779b97f4a7c15U + (hash << 6) + (hash >> 2));
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

uint64_t hash_text(uint64_t hash, const char *text)
{
  size_t left = strlen(text);
  uint64_t x = hash_mix(hash, left);
  while (left >= 8) {
    uint64_t word;
    memcpy(&word, text, 8);
    x = hash_mix(x, word);
    text += 8;
    left -= 8;
  }
  uint64_t tail = 0;
  memcpy(&tail, text, left);
  return hash_mix(x, tail);
}

guint text_hash(gconstpointer key)
{
  return (guint)(hash_text(0, key) >> 32);
}

double hash_unit(uint64_t hash)
{
  return (double)(hash >> 11) * 0x1.0p-53;
}

struct uuid uuid_make(int64_t time_ms, uint64_t counter, uint64_t salt)
{
  /* 48 bits of time, version, 12 + 20 bits of counter, 42 bits that look random. */
  uint64_t random = hash_mix(hash_mix(salt, counter), (uint64_t)time_ms);
  struct uuid id = {
      .hi = ((uint64_t)time_ms << 16) | 0x7000U | ((counter >> 20) & 0xfffU),
      .lo = 0x8000000000000000U | ((counter & 0xfffffU) << 42) | (random & 0x3ffffffffffU),
  };
  return id;
}

struct uuid uuid_old(uint64_t seed, uint64_t counter)
{
  uint64_t hi = hash_mix(hash_mix(seed, counter), 1);
  uint64_t lo = hash_mix(hash_mix(seed, counter), 2);
  struct uuid id = {.hi = (hi & ~0xf000U) | 0x4000U, .lo = (lo & 0x3fffffffffffffffU) | 0x8000000000000000U};
  return id;
}

static bool hex_read(const char **text, size_t digits_n, uint64_t *value)
{
  for (size_t i = 0; i < digits_n; i++) {
    int digit = g_ascii_xdigit_value(**text);
    if (digit < 0) return false;
    *value = (*value << 4) | (uint64_t)digit;
    (*text)++;
  }
  return true;
}

bool uuid_parse(const char *text, struct uuid *id)
{
  static const uint8_t group[] = {8, 4, 4, 4, 12};
  uint64_t half[2] = {0, 0};
  if (text == NULL) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(group); i++) {
    if (i > 0 && *text++ != '-') return false;
    if (!hex_read(&text, group[i], &half[i > 2])) return false;
  }
  if (*text != '\0') return false;
  *id = (struct uuid){.hi = half[0], .lo = half[1]};
  return true;
}

void uuid_format(const struct uuid *id, char out[UUID_TEXT_BYTES])
{
  static const char digits[] = "0123456789abcdef";
  size_t n = 0;
  for (unsigned i = 0; i < 32; i++) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out[n++] = '-';
    uint64_t half = i < 16 ? id->hi : id->lo;
    out[n++] = digits[(half >> (60 - 4 * (i % 16))) & 15];
  }
  out[n] = '\0';
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
  if (a->hi != b->hi) return a->hi < b->hi ? -1 : 1;
  if (a->lo != b->lo) return a->lo < b->lo ? -1 : 1;
  return 0;
}

guint uuid_hash(gconstpointer key)
{
  const struct uuid *id = key;
  return (guint)(hash_mix(id->hi, id->lo) >> 32);
}

gboolean uuid_equal(gconstpointer a, gconstpointer b)
{
  return uuid_compare(a, b) == 0;
}
