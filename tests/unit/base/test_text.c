/* Digests against published vectors, and the small text helpers. */
#include "base/text.h"

#include "base/clock.h"

#include <string.h>

static void check_sha256(const char *text, size_t size, const char *wanted)
{
  uint8_t digest[SHA256_BYTES];
  sha256(text, size, digest);
  g_autofree char *hex = hex_encode(digest, sizeof digest);
  g_assert_cmpstr(hex, ==, wanted);
}

/* FIPS 180-4 examples, and a million times 'a'. */
static void test_sha256(void)
{
  check_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  check_sha256(NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  check_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  check_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  g_autofree char *million = g_strnfill(1000000, 'a');
  check_sha256(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* RFC 4231 section 4; the fifth case there is a truncated output and left out. */
static void check_hmac(GBytes *key, GBytes *data, const char *wanted)
{
  uint8_t digest[SHA256_BYTES];
  gsize key_size = 0, data_size = 0;
  const void *key_bytes = g_bytes_get_data(key, &key_size);
  const void *data_bytes = g_bytes_get_data(data, &data_size);
  hmac_sha256(key_bytes, key_size, data_bytes, data_size, digest);
  g_autofree char *hex = hex_encode(digest, sizeof digest);
  g_assert_cmpstr(hex, ==, wanted);
  g_bytes_unref(key);
  g_bytes_unref(data);
}

static GBytes *repeated(char byte, size_t count)
{
  return g_bytes_new_take(g_strnfill(count, byte), count);
}

static GBytes *counting(size_t count)
{
  char *bytes = g_malloc(count);
  for (size_t i = 0; i < count; i++) {
    bytes[i] = (char)(i + 1);
  }
  return g_bytes_new_take(bytes, count);
}

static GBytes *words(const char *text)
{
  return g_bytes_new(text, strlen(text));
}

static void test_hmac_sha256(void)
{
  check_hmac(repeated(0x0b, 20), words("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  check_hmac(words("Jefe"), words("what do ya want for nothing?"),
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  check_hmac(repeated((char)0xaa, 20), repeated((char)0xdd, 50),
             "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  check_hmac(counting(25), repeated((char)0xcd, 50),
             "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  check_hmac(repeated((char)0xaa, 131), words("Test Using Larger Than Block-Size Key - Hash Key First"),
             "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  check_hmac(repeated((char)0xaa, 131),
             words("This is a test using a larger than block-size key and a larger than block-size data. The key needs "
                   "to be hashed before being used by the HMAC algorithm."),
             "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
  check_hmac(words(""), words(""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_hex(void)
{
  static const uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0xff, 0xa5};
  g_autofree char *hex = hex_encode(bytes, sizeof bytes);
  g_assert_cmpstr(hex, ==, "000ff0ffa5");
  g_autofree char *empty = hex_encode(bytes, 0);
  g_assert_cmpstr(empty, ==, "");
}

static void test_distance(void)
{
  static const struct {
    const char *a, *b;
    size_t distance;
  } pairs[] = {
      {"", "", 0},
      {"", "abc", 3},
      {"abc", "", 3},
      {"abc", "abc", 0},
      {"abc", "abd", 1},
      {"abc", "ab", 1},
      {"abc", "xabc", 1},
      {"ab", "ba", 2},
      {"flaw", "lawn", 2},
      {"kitten", "sitting", 3},
      {"batch_size", "batchsize", 1},
      {"export", "exprot", 2},
      {"A", "a", 1},
      {"saturday", "sunday", 3},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
    g_assert_cmpuint(text_distance(pairs[i].a, pairs[i].b), ==, pairs[i].distance);
    g_assert_cmpuint(text_distance(pairs[i].b, pairs[i].a), ==, pairs[i].distance);
  }
}

static void test_distance_of_long_words(void)
{
  g_autofree char *full = g_strnfill(64, 'x');
  g_autofree char *other = g_strnfill(64, 'y');
  g_autofree char *beyond = g_strnfill(5000, 'x');
  g_assert_cmpuint(text_distance(full, full), ==, 0);
  g_assert_cmpuint(text_distance(full, other), ==, 64);
  g_assert_cmpuint(text_distance(full, beyond), ==, 5000);
}

static void test_nearest(void)
{
  static const char *const names[] = {"export", "sync", "complete", "recover", "batch_size", "batch_delay_ms"};
  size_t n = G_N_ELEMENTS(names);
  g_assert_cmpstr(text_nearest("exprot", names, n), ==, "export");
  g_assert_cmpstr(text_nearest("synk", names, n), ==, "sync");
  g_assert_cmpstr(text_nearest("batchsize", names, n), ==, "batch_size");
  g_assert_cmpstr(text_nearest("sync", names, n), ==, "sync");
  g_assert_null(text_nearest("zebra", names, n));
  g_assert_null(text_nearest("x", names, n));
  g_assert_null(text_nearest("", names, n));
  g_assert_null(text_nearest("export", names, 0));
  g_assert_null(text_nearest("snyc", names, n));
}

static void test_uuid(void)
{
  g_assert_true(text_is_uuid("019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b"));
  g_assert_true(text_is_uuid("019A2B3C-4D5E-7F60-8A9B-0C1D2E3F4A5B"));
  g_assert_true(text_is_uuid("00000000-0000-0000-0000-000000000000"));
  g_assert_false(text_is_uuid("019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5"));
  g_assert_false(text_is_uuid("019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b0"));
  g_assert_false(text_is_uuid("019a2b3c4d5e7f608a9b0c1d2e3f4a5b"));
  g_assert_false(text_is_uuid("019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5g"));
  g_assert_false(text_is_uuid("{019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b}"));
  g_assert_false(text_is_uuid(" 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b"));
  g_assert_false(text_is_uuid(""));
  g_assert_false(text_is_uuid(NULL));
}

static void test_thousands(void)
{
  static const struct {
    int64_t value;
    const char *text;
  } values[] = {
      {0, "0"},
      {7, "7"},
      {999, "999"},
      {1000, "1,000"},
      {41200, "41,200"},
      {100000, "100,000"},
      {1000000, "1,000,000"},
      {-1, "-1"},
      {-999, "-999"},
      {-1000, "-1,000"},
      {-123456, "-123,456"},
      {INT64_MAX, "9,223,372,036,854,775,807"},
      {INT64_MIN, "-9,223,372,036,854,775,808"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
    g_autofree char *text = text_thousands(values[i].value);
    g_assert_cmpstr(text, ==, values[i].text);
  }
}

static void test_run_id(void)
{
  int64_t wall_us = 1795352709 * SECOND_US + 999999;
  g_autofree char *id = text_run_id(wall_us, UINT64_C(0xffffffff1f2e3d4c));
  g_assert_cmpstr(id, ==, "20261122T130509-1f2e3d4c");
  g_autofree char *padded = text_run_id(wall_us, 10);
  g_assert_cmpstr(padded, ==, "20261122T130509-0000000a");
  g_autofree char *later = text_run_id(wall_us + SECOND_US, 0);
  g_assert_cmpstr(later, >, id);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/text/sha256", test_sha256);
  g_test_add_func("/text/hmac-sha256", test_hmac_sha256);
  g_test_add_func("/text/hex", test_hex);
  g_test_add_func("/text/distance", test_distance);
  g_test_add_func("/text/distance-of-long-words", test_distance_of_long_words);
  g_test_add_func("/text/nearest", test_nearest);
  g_test_add_func("/text/uuid", test_uuid);
  g_test_add_func("/text/thousands", test_thousands);
  g_test_add_func("/text/run-id", test_run_id);
  return g_test_run();
}
