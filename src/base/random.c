#include "base/random.h"

#include <errno.h>
#include <glib.h>
#include <sys/random.h>

/* splitmix64 (public domain, S. Vigna): spreads a small seed over the whole state. */
static uint64_t splitmix_next(uint64_t *seed)
{
  uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

void rng_init(struct rng *rng, uint64_t seed)
{
  for (size_t i = 0; i < G_N_ELEMENTS(rng->state); i++) {
    rng->state[i] = splitmix_next(&seed);
  }
}

static uint64_t rotate_left(uint64_t x, int bits)
{
  return (x << bits) | (x >> (64 - bits));
}

/* xoshiro256** 1.0 (public domain, D. Blackman and S. Vigna). */
uint64_t rng_next(struct rng *rng)
{
  uint64_t *s = rng->state;
  uint64_t result = rotate_left(s[1] * 5, 7) * 9;
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return result;
}

double rng_unit(struct rng *rng)
{
  return (double)(rng_next(rng) >> 11) * 0x1.0p-53;
}

/* The lowest 2^64 mod bound values are thrown away, else small results would come up more often. */
uint64_t rng_below(struct rng *rng, uint64_t bound)
{
  g_assert(bound > 0);
  uint64_t surplus = (UINT64_MAX - bound + 1) % bound;
  uint64_t draw = rng_next(rng);
  while (draw < surplus) {
    draw = rng_next(rng);
  }
  return draw % bound;
}

void random_bytes(void *buffer, size_t size)
{
  unsigned char *at = buffer;
  while (size > 0) {
    ssize_t got = getrandom(at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) g_error("getrandom failed: the kernel gives no random bytes");
    at += got;
    size -= (size_t)got;
  }
}

uint64_t random_u64(void)
{
  uint64_t value = 0;
  random_bytes(&value, sizeof value);
  return value;
}
