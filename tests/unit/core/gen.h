#pragma once
/* Random events, states and rows of Instantly for property tests: small alphabets on purpose, so that collisions, ties
 * and stale facts are frequent. Strings live as long as the generator; a seed gives the same sequence for ever. */
#include "base/random.h"
#include "core/lead.h"

struct gen {
  struct rng rng;
  GStringChunk *text;
};

void gen_init(struct gen *gen, uint64_t seed);
void gen_clear(struct gen *gen);
/* One of 0 .. bound-1. */
int64_t gen_int(struct gen *gen, int64_t bound);
/* True once in n times. */
bool gen_once_in(struct gen *gen, int64_t n);
/* One of the texts, NULL when it is NULL. */
const char *gen_pick(struct gen *gen, const char *const *texts, size_t texts_n);
/* printf into the generator's memory. */
const char *gen_text(struct gen *gen, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Some fact of this lead (its id ends in a digit): any kind, generations 1..2, epochs 1..3, claims of few runs, times
 * of a few days. */
struct lead_event gen_event(struct gen *gen, const char *lead_id, const char *person);
/* Some row of Instantly for this person; ids and stamps out of the same alphabets as the lead's events. */
struct remote_lead gen_row(struct gen *gen, const char *lead_id, const char *person);

#define GEN_PICK(gen, ...)                                                                                             \
  gen_pick((gen), (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
#define GEN_HOUR_US  ((int64_t)3600 * 1000000)
#define GEN_EPOCH_US ((int64_t)1790000000 * 1000000)
