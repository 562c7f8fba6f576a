#pragma once
/* Random numbers: a small seeded generator (xoshiro256**) for jitter and simulation, and the kernel's for secrets. */
#include <stddef.h>
#include <stdint.h>

struct rng {
  uint64_t state[4];
};

/* Seeds the generator; equal seeds give equal sequences. */
void rng_init(struct rng *rng, uint64_t seed);

/* Next 64 bits. */
uint64_t rng_next(struct rng *rng);

/* Uniform in [0, 1). */
double rng_unit(struct rng *rng);

/* Uniform in [0, bound), bound > 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/* Fills buffer from getrandom(2); aborts if the kernel cannot (it always can after boot). */
void random_bytes(void *buffer, size_t size);

/* 64 bits from getrandom(2). */
uint64_t random_u64(void);
