/* The flat tree is the same tree: node by node what cJSON makes of the same text, and refused where json_parse()
 * refuses. */
#include "base/error.h"
#include "base/json.h"

#include <string.h>

static const char *const texts[] = {
    "null",
    " true ",
    "[false]",
    "0",
    "-0",
    "12",
    "-7",
    "999999999999999",
    "1000000000000000",
    "9007199254740993",
    "-2147483649",
    "2147483647",
    "2147483648",
    "[0.5,-1.25e3,1E+2,1e-400,5e-324,123456789012345678901234567890123456789012345678901234567890123]",
    "\"\"",
    "\"seven b\"",
    "\"eight by\"",
    "\"nine byte\"",
    "\"sixteen bytes it\"",
    "\"a\\\"b\\\\c\\/d\\be\\ff\\ng\\rh\\ti\"",
    "\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\"",
    "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00x\\uDBFF\\uDFFF\\u0001\"",
    "\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xf0\x90\x80\x80 then plain text\"",
    "[]",
    "{}",
    "[ ]",
    "{ }",
    "[[],[[]],{}]",
    "[ 1 , \"two\" , [ 3 ] , { \"four\" : 4 } ]",
    "{\"\":\"\",\"a\":1,\"a\":2,\"b\":[{\"c\":null}]}",
    " \t\r\n{ \"a\" : [ 1 , true ] , \"longer name than eight\" : \"longer value than eight bytes \\u00fc\" } \n",
};

static void check_same(const cJSON *flat, const cJSON *tree)
{
  g_assert_cmpint(flat->type, ==, tree->type | cJSON_IsReference);
  g_assert_cmpstr(flat->string, ==, tree->string);
  g_assert_cmpstr(flat->valuestring, ==, tree->valuestring);
  g_assert_cmpint(flat->valueint, ==, tree->valueint);
  g_assert_true(memcmp(&flat->valuedouble, &tree->valuedouble, sizeof flat->valuedouble) == 0);
  g_assert_cmpint(flat->child == NULL, ==, tree->child == NULL);
  const cJSON *twin = tree->child;
  const cJSON *last = NULL;
  for (const cJSON *member = flat->child; member != NULL; member = member->next, twin = twin->next) {
    g_assert_nonnull(twin);
    check_same(member, twin);
    if (last != NULL) g_assert_true(member->prev == last);
    last = member;
  }
  g_assert_null(twin);
  if (last != NULL) g_assert_true(flat->child->prev == last);
}

/* The text without a NUL after it, so that a byte read too many is one that the sanitizer sees. */
static cJSON *flat_of(const char *text, size_t length, GError **error)
{
  g_autofree char *exact = g_memdup2(text, length);
  return json_parse_flat(exact, length, error);
}

static void test_same_tree(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(cJSON) flat = flat_of(texts[i], strlen(texts[i]), &error);
    g_autoptr(cJSON) tree = json_parse(texts[i], strlen(texts[i]), NULL);
    g_assert_no_error(error);
    check_same(flat, tree);
  }
}

/* Strings of every length, with an escape at every place, behind every alignment. */
static void test_strings_of_every_shape(void)
{
  for (int length = 0; length < 20; length++) {
    for (int at = 0; at <= length; at++) {
      g_autofree char *text = g_strdup_printf("[%*s\"%.*s\\n%.*s\"]", at % 8, "", at, "abcdefghijklmnopqrst",
                                              length - at, "ABCDEFGHIJKLMNOPQRST");
      g_autoptr(cJSON) flat = flat_of(text, strlen(text), NULL);
      g_autoptr(cJSON) tree = json_parse(text, strlen(text), NULL);
      g_assert_nonnull(flat);
      check_same(flat, tree);
    }
  }
}

/* Every text cut short at every byte: refused or taken by both. */
static void test_every_prefix(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    for (size_t length = 0; length < strlen(texts[i]); length++) {
      g_autoptr(GError) error = NULL;
      g_autoptr(cJSON) flat = flat_of(texts[i], length, &error);
      g_autoptr(cJSON) tree = json_parse(texts[i], length, NULL);
      g_assert_cmpint(flat == NULL, ==, tree == NULL);
      g_assert_true((flat == NULL) == error_is(error, ERROR_CORRUPT));
      if (flat != NULL) check_same(flat, tree);
    }
  }
}

/* What must change is duplicated, and the duplicate outlives the tree. */
static void test_duplicate(void)
{
  const char *text = "{\"name\":{\"inner\":\"value\"},\"number\":7}";
  cJSON *flat = flat_of(text, strlen(text), NULL);
  g_autoptr(cJSON) copy = cJSON_Duplicate(flat, true);
  cJSON_Delete(flat);
  cJSON_DeleteItemFromObjectCaseSensitive(copy, "number");
  g_assert_cmpstr(json_string(json_get(copy, "name"), "inner"), ==, "value");
  g_assert_null(json_get(copy, "number"));
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/json-flat/same-tree", test_same_tree);
  g_test_add_func("/json-flat/strings-of-every-shape", test_strings_of_every_shape);
  g_test_add_func("/json-flat/every-prefix", test_every_prefix);
  g_test_add_func("/json-flat/duplicate", test_duplicate);
  return g_test_run();
}
