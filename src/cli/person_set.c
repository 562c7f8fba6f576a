#include "cli/person_set.h"

#include "base/text.h"

#include <string.h>

#define SLOTS_FIRST ((size_t)1 << 12)
#define SLOTS_MAX   ((size_t)1 << 22)

/* Never 0, which stands for a free slot. */
static uint64_t digest_of(const char *person)
{
  uint8_t digest[SHA256_BYTES];
  uint64_t value = 0;
  sha256(person, strlen(person), digest);
  memcpy(&value, digest, sizeof value);
  return value ? value : 1;
}

/* The slot that holds the digest, or the free one where it belongs. */
static size_t slot_of(const struct person_set *set, uint64_t digest)
{
  size_t slot = digest & (set->slots_n - 1);
  while (set->slots[slot] && set->slots[slot] != digest) {
    slot = (slot + 1) & (set->slots_n - 1);
  }
  return slot;
}

static void grow(struct person_set *set)
{
  struct person_set larger = {.slots = g_new0(uint64_t, set->slots_n * 2), .slots_n = set->slots_n * 2};
  for (size_t i = 0; i < set->slots_n; i++) {
    if (set->slots[i]) larger.slots[slot_of(&larger, set->slots[i])] = set->slots[i];
  }
  larger.used_n = set->used_n;
  g_free(set->slots);
  *set = larger;
}

void person_set_init(struct person_set *set)
{
  *set = (struct person_set){.slots = g_new0(uint64_t, SLOTS_FIRST), .slots_n = SLOTS_FIRST};
}

void person_set_clear(struct person_set *set)
{
  g_clear_pointer(&set->slots, g_free);
}

bool person_set_has(const struct person_set *set, const char *person)
{
  return set->slots[slot_of(set, digest_of(person))] != 0;
}

void person_set_add(struct person_set *set, const char *person)
{
  bool is_crowded = set->used_n * 10 >= set->slots_n * 7;
  if (is_crowded && set->slots_n == SLOTS_MAX) return;
  if (is_crowded) grow(set);
  uint64_t digest = digest_of(person);
  size_t slot = slot_of(set, digest);
  set->used_n += set->slots[slot] == 0;
  set->slots[slot] = digest;
}
