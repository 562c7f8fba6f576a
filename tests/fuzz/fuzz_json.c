/* json_parse(): what it accepts survives being written and read again; nothing may follow a document; what the
 * appenders write of any bytes is accepted; and json_parse_flat() makes the same tree of the same texts. */
#include "fuzz.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

static void check_round_trip(const cJSON *tree)
{
  char *once = cJSON_PrintUnformatted(tree);
  g_assert_nonnull(once);
  g_autoptr(GError) error = NULL;
  g_autoptr(cJSON) again = json_parse(once, strlen(once), &error);
  g_assert_no_error(error);
  char *twice = cJSON_PrintUnformatted(again);
  g_assert_cmpstr(twice, ==, once);
  cJSON_free(once);
  cJSON_free(twice);
}

static void check_trailing_byte(const char *text, size_t size)
{
  g_autofree char *longer = g_malloc(size + 1);
  memcpy(longer, text, size);
  longer[size] = 'x';
  g_assert_null(json_parse(longer, size + 1, NULL));
}

static void check_flat(const char *text, size_t size, const cJSON *tree)
{
  g_autoptr(cJSON) flat = json_parse_flat(text, size, NULL);
  g_assert_cmpint(flat == NULL, ==, tree == NULL);
  if (!tree) return;
  char *one = cJSON_PrintUnformatted(tree);
  char *other = cJSON_PrintUnformatted(flat);
  g_assert_cmpstr(one, ==, other);
  cJSON_free(one);
  cJSON_free(other);
}

static void check_appended(const char *text, size_t size)
{
  g_autofree char *raw = g_strndup(text, size);
  g_autofree char *valid = g_utf8_make_valid(raw, -1);
  g_autoptr(GString) out = g_string_new("{");
  json_append_str(out, raw, raw);
  g_string_append_c(out, '}');
  g_autoptr(cJSON) tree = json_parse(out->str, out->len, NULL);
  g_assert_cmpstr(json_string(tree, valid), ==, valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *text = (const char *)data;
  g_autoptr(GError) error = NULL;
  g_autoptr(cJSON) tree = json_parse(text, size, &error);
  g_assert_true((tree != NULL) != error_is(error, ERROR_CORRUPT));
  if (tree) {
    check_round_trip(tree);
    check_trailing_byte(text, size);
  }
  check_flat(text, size, tree);
  check_appended(text, size);
  return 0;
}
