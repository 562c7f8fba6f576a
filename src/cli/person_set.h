#pragma once
/* Who was in this file already: a set of persons as 64-bit digests in bounded memory.
 *
 * It grows up to 32 MB (some 2.9 million persons) and then takes no more: who is in it is still found, later persons
 * are left to the warehouse, which knows them by their lead_id. No file gets there unless it names millions of persons
 * more than once (import_repeats.h). Two persons with the same digest are a matter of 1 in a million even then. */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct person_set {
  uint64_t *slots; /* 0: free */
  size_t slots_n;  /* a power of two */
  size_t used_n;
};

/* Makes an empty set. */
void person_set_init(struct person_set *set);
/* Frees it; may be called twice. */
void person_set_clear(struct person_set *set);
/* Is the person in it? */
bool person_set_has(const struct person_set *set, const char *person);
/* Puts the person in, unless the set is full. */
void person_set_add(struct person_set *set, const char *person);
