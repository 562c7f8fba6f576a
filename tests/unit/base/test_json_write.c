/* Writing JSON with the appenders; whatever they write, json_parse() takes. */
#include "base/json.h"

#include "base/clock.h"

#include <string.h>

static void check_string(const char *text, const char *wanted)
{
  g_autoptr(GString) out = g_string_new(NULL);
  json_append_string(out, text);
  g_assert_cmpstr(out->str, ==, wanted);
}

static void test_string(void)
{
  check_string("", "\"\"");
  check_string("plain", "\"plain\"");
  check_string(NULL, "null");
  check_string("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
  check_string("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
  check_string("\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"");
  check_string("\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"");
  check_string("a\xff"
               "b",
               "\"a\xef\xbf\xbd"
               "b\"");
  check_string("cut \xe2\x82", "\"cut \xef\xbf\xbd\xef\xbf\xbd\"");
}

static void test_object(void)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_str(out, "s", "x");
  json_append_str(out, "none", NULL);
  json_append_int(out, "i", INT64_C(-9223372036854775807) - 1);
  json_append_bool(out, "t", true);
  json_append_bool(out, "f", false);
  json_append_time(out, "at", 1795352709 * SECOND_US);
  json_append_time(out, "never", 0);
  json_append_key(out, "inner");
  g_string_append_c(out, '{');
  json_append_int(out, "n", 1);
  g_string_append(out, "}}");
  g_assert_cmpstr(out->str, ==,
                  "{\"s\":\"x\",\"none\":null,\"i\":-9223372036854775808,\"t\":true,\"f\":false,"
                  "\"at\":\"2026-11-22T13:05:09Z\",\"never\":null,\"inner\":{\"n\":1}}");
  g_autoptr(cJSON) tree = json_parse(out->str, out->len, NULL);
  g_assert_nonnull(tree);
}

static void test_key_is_escaped(void)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_str(out, "a\"},{\"b", "{");
  json_append_str(out, "c", "[");
  g_string_append_c(out, '}');
  g_autoptr(cJSON) tree = json_parse(out->str, out->len, NULL);
  g_assert_cmpstr(json_string(tree, "a\"},{\"b"), ==, "{");
  g_assert_cmpstr(json_string(tree, "c"), ==, "[");
}

/* Every byte, alone and in a row, is written so that it can be read; valid text comes back as it was. */
static void test_every_byte(void)
{
  for (int byte = 1; byte < 256; byte++) {
    char text[4] = {'<', (char)byte, '>', '\0'};
    g_autoptr(GString) out = g_string_new("{");
    json_append_str(out, "b", text);
    g_string_append_c(out, '}');
    g_autoptr(cJSON) tree = json_parse(out->str, out->len, NULL);
    g_assert_cmpstr(json_string(tree, "b"), ==, byte < 0x80 ? text : "<\xef\xbf\xbd>");
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/json-write/string", test_string);
  g_test_add_func("/json-write/object", test_object);
  g_test_add_func("/json-write/key-is-escaped", test_key_is_escaped);
  g_test_add_func("/json-write/every-byte", test_every_byte);
  return g_test_run();
}
