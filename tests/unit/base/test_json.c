/* Reading JSON: what is accepted, what is refused and where, and the getters. */
#include "base/json.h"

#include "base/clock.h"
#include "base/error.h"

#include <string.h>

/* Wraps inner in depth arrays. Caller frees. */
static char *nested(int depth, const char *inner)
{
  GString *text = g_string_new(NULL);
  for (int i = 0; i < depth; i++) {
    g_string_append_c(text, '[');
  }
  g_string_append(text, inner);
  for (int i = 0; i < depth; i++) {
    g_string_append_c(text, ']');
  }
  return g_string_free(text, FALSE);
}

static cJSON *parse(const char *text)
{
  return json_parse(text, strlen(text), NULL);
}

static const char *const valid[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "10",
    "0.5",
    "1.25e3",
    "1E+2",
    "1e-2",
    "0e0",
    "-0.0",
    "1e308",
    "5e-324",
    "1e-400",
    "9007199254740993",
    "123456789012345678901234567890123456789012345678901234567890123",
    "\"\"",
    "\"a\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0041\\u00e9\\u20AC\"",
    "\"\\ud83d\\ude00\"",
    "\"\\uDBFF\\uDFFF\"",
    "\"\\u0001\"",
    "\"\x7f\"",
    "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
    "\"\xe2\x80\xa8\"",
    "[]",
    "{}",
    "[ ]",
    "{ }",
    "[1,2,3]",
    "[[],[[]],{}]",
    "{\"a\":1,\"b\":[{\"c\":null}]}",
    "{\"\":\"\"}",
    "{\"a\":1,\"a\":2}",
    " \t\r\n{ \"a\" : [ 1 , true ] } \n",
};

static void test_valid(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(valid); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(cJSON) tree = json_parse(valid[i], strlen(valid[i]), &error);
    if (!tree) g_test_message("refused: %s (%s)", valid[i], error->message);
    g_assert_no_error(error);
    g_assert_nonnull(tree);
  }
}

static const struct {
  const char *text;
  const char *problem; /* has to be said */
} invalid[] = {
    {"", "byte 0 of 0"},
    {" ", "end of text"},
    {"nul", "no valid value"},
    {"nulll", "after the end"},
    {"True", "no valid value"},
    {"NaN", "no valid value"},
    {"Infinity", "no valid value"},
    {"-", "no valid value"},
    {"+1", "no valid value"},
    {"-a", "no valid value"},
    {".5", "no valid value"},
    {"01", "leading zero"},
    {"-01", "leading zero"},
    {"00", "leading zero"},
    {"[01.5]", "leading zero"},
    {"1.", "after the point"},
    {"1.e5", "after the point"},
    {"1e", "in the exponent"},
    {"1e+", "in the exponent"},
    {"1e5.5", "after the end"},
    {"0x10", "after the end"},
    {"1_000", "after the end"},
    {"1e309", "out of range"},
    {"-1e999999999999", "out of range"},
    {"1234567890123456789012345678901234567890123456789012345678901234", "63 characters"},
    {"0.12345678901234567890123456789012345678901234567890123456789012", "63 characters"},
    {"\"", "without an end"},
    {"\"a", "without an end"},
    {"\"a\\\"", "without an end"},
    {"\"a\nb\"", "control byte"},
    {"\"a\tb\"", "control byte"},
    {"\"\x1f\"", "control byte"},
    {"\"\\a\"", "unknown escape"},
    {"\"\\'\"", "unknown escape"},
    {"\"\\x41\"", "unknown escape"},
    {"\"\\", "unknown escape"},
    {"\"\\u", "hexadecimal"},
    {"\"\\u12\"", "hexadecimal"},
    {"\"\\u123", "hexadecimal"},
    {"\"\\u12g4\"", "hexadecimal"},
    {"\"\\u0000\"", "\\u0000"},
    {"{\"a\\u0000b\":1}", "\\u0000"},
    {"\"\\ud83d\"", "surrogate"},
    {"\"\\ud83d\\n\"", "surrogate"},
    {"\"\\ud83dx\"", "surrogate"},
    {"\"\\ud83d\\ud83d\"", "surrogate"},
    {"\"\\ud83d\\ue000\"", "surrogate"},
    {"\"\\ud83d\\udbff\"", "surrogate"},
    {"\"\\ude00\"", "surrogate"},
    {"\"\\ude00\\ud83d\"", "surrogate"},
    {"\"\\ud83d\\u\"", "surrogate"},
    {"\"\x80\"", "UTF-8"},
    {"\"\xc0\x80\"", "UTF-8"},
    {"\"\xc1\xbf\"", "UTF-8"},
    {"\"\xc3\"", "UTF-8"},
    {"\"\xc3", "UTF-8"},
    {"\"\xe0\x9f\xbf\"", "UTF-8"},
    {"\"\xe2\x82\"", "UTF-8"},
    {"\"\xed\xa0\x80\"", "UTF-8"},
    {"\"\xf0\x8f\xbf\xbf\"", "UTF-8"},
    {"\"\xf4\x90\x80\x80\"", "UTF-8"},
    {"\"\xf5\x80\x80\x80\"", "UTF-8"},
    {"\"\xff\"", "UTF-8"},
    {"\xef\xbb\xbf{}", "no valid value"},
    {"'a'", "no valid value"},
    {"[", "end of text"},
    {"[1", "no comma"},
    {"[1,", "end of text"},
    {"[1,]", "no valid value"},
    {"[,1]", "no valid value"},
    {"[1 2]", "no comma"},
    {"[1}", "no comma"},
    {"]", "no valid value"},
    {"{", "no name"},
    {"{\"a\"", "no colon"},
    {"{\"a\":", "end of text"},
    {"{\"a\":1", "no comma"},
    {"{\"a\":1,}", "no name"},
    {"{\"a\" 1}", "no colon"},
    {"{a:1}", "no name"},
    {"{1:1}", "no name"},
    {"{,}", "no name"},
    {"{}{}", "after the end"},
    {"{} x", "after the end"},
    {"1 2", "after the end"},
    {"[1]\v", "after the end"},
    {"// note\n1", "no valid value"},
    {"[1,/*x*/2]", "no valid value"},
};

static void test_invalid(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(invalid); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(cJSON) tree = json_parse(invalid[i].text, strlen(invalid[i].text), &error);
    if (tree) g_test_message("accepted: %s", invalid[i].text);
    g_assert_null(tree);
    g_assert_true(error_is(error, ERROR_CORRUPT));
    if (!strstr(error->message, invalid[i].problem)) g_test_message("%s: %s", invalid[i].text, error->message);
    g_assert_nonnull(strstr(error->message, invalid[i].problem));
  }
}

/* Every cut of a valid document is refused, and never read beyond its length. */
static void test_every_prefix(void)
{
  static const char text[] = "{\"a\":[1.5e3,\"\\ud83d\\ude00\xf0\x9f\x98\x80\",true,{\"b\":null}]}";
  for (size_t length = 0; length < sizeof text - 1; length++) {
    g_autofree char *exact = g_memdup2(text, length);
    g_assert_null(json_parse(exact, length, NULL));
  }
  g_autoptr(cJSON) whole = json_parse(text, sizeof text - 1, NULL);
  g_assert_nonnull(whole);
}

static void test_byte_offset(void)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(json_parse("{\"a\":tru}", 9, &error));
  g_assert_nonnull(strstr(error->message, "at byte 5 of 9"));
  g_assert_null(json_parse(NULL, 0, NULL));
}

static void test_embedded_nul(void)
{
  g_assert_null(json_parse("{}\0", 3, NULL));
  g_assert_null(json_parse("\"a\0b\"", 5, NULL));
  g_assert_null(json_parse("\"\\\0\"", 4, NULL));
}

static void test_depth(void)
{
  g_autofree char *allowed = nested(64, "1");
  g_autofree char *deeper = nested(65, "1");
  g_autofree char *absurd = nested(1000000, "");
  g_autoptr(cJSON) tree = parse(allowed);
  g_assert_nonnull(tree);
  g_autoptr(GError) error = NULL;
  g_assert_null(json_parse(deeper, strlen(deeper), &error));
  g_assert_nonnull(strstr(error->message, "deeper than 64"));
  g_assert_null(parse(absurd));
  g_autofree char *siblings = nested(63, "[],[],{},[[1],[2]]");
  g_assert_null(parse(siblings));
  g_autofree char *fits = nested(63, "[],[],{},[3]");
  g_autoptr(cJSON) wide = parse(fits);
  g_assert_nonnull(wide);
}

static void test_getters(void)
{
  g_autoptr(cJSON) tree =
      parse("{\"Name\":\"x\",\"name\":\"y\",\"n\":null,\"i\":7,\"r\":1.5,\"t\":true,\"f\":false,\"l\":[1,2]}");
  double real = 0;
  int64_t integer = 0;
  bool flag = false;
  g_assert_cmpstr(json_string(tree, "Name"), ==, "x");
  g_assert_cmpstr(json_string(tree, "name"), ==, "y");
  g_assert_null(json_string(tree, "NAME"));
  g_assert_null(json_string(tree, "n"));
  g_assert_null(json_string(tree, "i"));
  g_assert_true(json_int(tree, "i", &integer) && integer == 7);
  g_assert_false(json_int(tree, "r", &integer) || json_int(tree, "n", &integer) || json_int(tree, "name", &integer));
  g_assert_true(json_real(tree, "r", &real) && real == 1.5);
  g_assert_false(json_real(tree, "t", &real));
  g_assert_true(json_bool(tree, "t", &flag) && flag);
  g_assert_true(json_bool(tree, "f", &flag) && !flag);
  g_assert_false(json_bool(tree, "i", &flag) || json_bool(tree, "missing", &flag));
  g_assert_cmpint(cJSON_GetArraySize(json_array(tree, "l")), ==, 2);
  g_assert_null(json_array(tree, "name"));
  g_assert_true(cJSON_IsNull(json_get(tree, "n")));
  g_assert_null(json_get(tree, "missing"));
}

static void test_getters_on_no_object(void)
{
  g_autoptr(cJSON) array = parse("[{\"a\":1}]");
  int64_t integer = 0;
  g_assert_null(json_get(NULL, "a"));
  g_assert_null(json_get(array, "a"));
  g_assert_null(json_string(array, "a"));
  g_assert_false(json_int(NULL, "a", &integer));
}

static void test_duplicate_names(void)
{
  g_autoptr(cJSON) tree = parse("{\"a\":\"first\",\"a\":\"second\"}");
  g_assert_cmpstr(json_string(tree, "a"), ==, "first");
}

static void test_integer_limits(void)
{
  g_autoptr(cJSON) tree = parse("{\"max\":9007199254740992,\"min\":-9007199254740992,\"over\":9007199254740994,"
                                "\"huge\":1e300,\"int_max\":2147483648,\"exp\":1e3,\"half\":0.5,\"zero\":-0.0}");
  int64_t value = 0;
  g_assert_true(json_int(tree, "max", &value) && value == INT64_C(9007199254740992));
  g_assert_true(json_int(tree, "min", &value) && value == INT64_C(-9007199254740992));
  g_assert_true(json_int(tree, "int_max", &value) && value == INT64_C(2147483648));
  g_assert_true(json_int(tree, "exp", &value) && value == 1000);
  g_assert_true(json_int(tree, "zero", &value) && value == 0);
  g_assert_false(json_int(tree, "over", &value));
  g_assert_false(json_int(tree, "huge", &value));
  g_assert_false(json_int(tree, "half", &value));
}

static void test_time(void)
{
  g_autoptr(cJSON) tree = parse("{\"t\":\"2026-11-22T13:05:09.5Z\",\"bad\":\"soon\",\"n\":null,\"i\":5}");
  int64_t wall_us = 0;
  g_assert_true(json_time_us(tree, "t", &wall_us));
  g_assert_cmpint(wall_us, ==, 1795352709 * SECOND_US + 500000);
  g_assert_false(json_time_us(tree, "bad", &wall_us) || json_time_us(tree, "n", &wall_us));
  g_assert_false(json_time_us(tree, "i", &wall_us) || json_time_us(tree, "missing", &wall_us));
}

static void test_surrogates_become_utf8(void)
{
  g_autoptr(cJSON) tree = parse("{\"s\":\"\\ud83d\\ude00 \\u00e9\"}");
  g_assert_cmpstr(json_string(tree, "s"), ==, "\xf0\x9f\x98\x80 \xc3\xa9");
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/json/valid", test_valid);
  g_test_add_func("/json/invalid", test_invalid);
  g_test_add_func("/json/every-prefix", test_every_prefix);
  g_test_add_func("/json/byte-offset", test_byte_offset);
  g_test_add_func("/json/embedded-nul", test_embedded_nul);
  g_test_add_func("/json/depth", test_depth);
  g_test_add_func("/json/getters", test_getters);
  g_test_add_func("/json/getters-on-no-object", test_getters_on_no_object);
  g_test_add_func("/json/duplicate-names", test_duplicate_names);
  g_test_add_func("/json/integer-limits", test_integer_limits);
  g_test_add_func("/json/time", test_time);
  g_test_add_func("/json/surrogates", test_surrogates_become_utf8);
  return g_test_run();
}
