/* The seeded generator: fixed sequences, ranges and rough evenness; the kernel's bytes differ. */
#include "base/random.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

static void test_equal_seeds(void)
{
  struct rng a, b, c;
  rng_init(&a, 42);
  rng_init(&b, 42);
  rng_init(&c, 43);
  bool is_different = false;
  for (int i = 0; i < 1000; i++) {
    uint64_t draw = rng_next(&a);
    g_assert_cmpuint(draw, ==, rng_next(&b));
    is_different |= draw != rng_next(&c);
  }
  g_assert_true(is_different);
}

/* Computed apart from this code from the reference definitions of splitmix64 and xoshiro256**. */
static void test_known_sequence(void)
{
  static const uint64_t wanted[] = {UINT64_C(0x99ec5f36cb75f2b4), UINT64_C(0xbf6e1f784956452a),
                                    UINT64_C(0x1a5f849d4933e6e0), UINT64_C(0x6aa594f1262d2d2c),
                                    UINT64_C(0xbba5ad4a1f842e59)};
  struct rng rng;
  rng_init(&rng, 0);
  for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
    g_assert_cmpuint(rng_next(&rng), ==, wanted[i]);
  }
}

static void test_unit(void)
{
  struct rng rng;
  rng_init(&rng, 7);
  double sum = 0;
  for (int i = 0; i < 100000; i++) {
    double draw = rng_unit(&rng);
    g_assert_true(draw >= 0 && draw < 1);
    sum += draw;
  }
  g_assert_cmpfloat_with_epsilon(sum / 100000, 0.5, 0.01);
}

static void test_below(void)
{
  struct rng rng;
  rng_init(&rng, 9);
  int counts[6] = {0};
  for (int i = 0; i < 60000; i++) {
    uint64_t draw = rng_below(&rng, 6);
    g_assert_cmpuint(draw, <, 6);
    counts[draw]++;
  }
  for (int i = 0; i < 6; i++) {
    g_assert_cmpint(ABS(counts[i] - 10000), <, 500);
  }
  g_assert_cmpuint(rng_below(&rng, 1), ==, 0);
}

/* Three quarters of the range: a plain remainder would give the first third twice as often. */
static void test_below_has_no_bias(void)
{
  struct rng rng;
  rng_init(&rng, 11);
  uint64_t bound = UINT64_C(3) << 62;
  int low = 0;
  for (int i = 0; i < 30000; i++) {
    low += rng_below(&rng, bound) < bound / 3;
  }
  g_assert_cmpint(ABS(low - 10000), <, 500);
}

static void test_kernel_bytes(void)
{
  unsigned char a[300] = {0}, b[300] = {0};
  random_bytes(a, sizeof a);
  random_bytes(b, sizeof b);
  g_assert_cmpint(memcmp(a, b, sizeof a), !=, 0);
  g_assert_cmpint(memcmp(a + 256, b + 256, sizeof a - 256), !=, 0);
  random_bytes(a, 0);
  g_assert_cmpuint(random_u64(), !=, random_u64());
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/random/equal-seeds", test_equal_seeds);
  g_test_add_func("/random/known-sequence", test_known_sequence);
  g_test_add_func("/random/unit", test_unit);
  g_test_add_func("/random/below", test_below);
  g_test_add_func("/random/below-has-no-bias", test_below_has_no_bias);
  g_test_add_func("/random/kernel-bytes", test_kernel_bytes);
  return g_test_run();
}
