/* The pull reader against cJSON: whatever json_check() accepts, both read the same names and values in the same order.
 */
#include "fuzz.h"

#include "base/json.h"
#include "base/json_pull.h"

#include <string.h>

static void dump_text(GString *out, char kind, const char *text)
{
  g_string_append_printf(out, "%c%zu:%s", kind, strlen(text), text);
}

static void dump_tree(const cJSON *value, GString *out)
{
  const cJSON *item = NULL;
  bool is_object = cJSON_IsObject(value);
  if (is_object || cJSON_IsArray(value)) {
    g_string_append_c(out, is_object ? '{' : '[');
    cJSON_ArrayForEach(item, value)
    {
      if (is_object) dump_text(out, '.', item->string);
      dump_tree(item, out);
    }
    g_string_append_c(out, is_object ? '}' : ']');
  } else if (cJSON_IsString(value)) {
    dump_text(out, '$', value->valuestring);
  } else if (cJSON_IsNumber(value)) {
    g_string_append_printf(out, "#%.17g;", value->valuedouble);
  } else {
    g_string_append_c(out, cJSON_IsNull(value) ? 'n' : cJSON_IsTrue(value) ? 't' : 'f');
  }
}

static void dump_word(GString *out, const char *word)
{
  if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)
    g_string_append_c(out, word[0]);
  else
    g_string_append_printf(out, "#%.17g;", g_ascii_strtod(word, NULL));
}

/* Texts are kept until the end of the walk: what was handed out must stay as it was. */
static void dump_pull(char *bytes, size_t size, GString *out)
{
  struct json_pull pull;
  char *text = NULL;
  json_pull_init(&pull, bytes, size);
  for (enum pull_token token = json_pull_next(&pull, &text); token != PULL_END; token = json_pull_next(&pull, &text)) {
    switch (token) {
    case PULL_OBJECT: g_string_append_c(out, '{'); break;
    case PULL_OBJECT_END: g_string_append_c(out, '}'); break;
    case PULL_ARRAY: g_string_append_c(out, '['); break;
    case PULL_ARRAY_END: g_string_append_c(out, ']'); break;
    case PULL_NAME: dump_text(out, '.', text); break;
    case PULL_TEXT: dump_text(out, '$', text); break;
    case PULL_WORD: dump_word(out, text); break;
    case PULL_NULL: g_string_append_c(out, 'n'); break;
    case PULL_END: break;
    }
  }
}

/* Skipping the whole value leaves nothing. */
static void check_skip(char *bytes, size_t size)
{
  struct json_pull pull;
  char *text = NULL;
  json_pull_init(&pull, bytes, size);
  json_pull_skip(&pull, json_pull_next(&pull, &text));
  g_assert_cmpint(json_pull_next(&pull, &text), ==, PULL_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(cJSON) tree = json_parse((const char *)data, size, NULL);
  if (!tree) return 0;
  g_autoptr(GString) expected = g_string_new(NULL);
  g_autoptr(GString) found = g_string_new(NULL);
  g_autofree char *first = g_malloc(size + 1), *second = g_malloc(size + 1);
  memcpy(first, data, size);
  memcpy(second, data, size);
  dump_tree(tree, expected);
  dump_pull(first, size, found);
  g_assert_cmpstr(found->str, ==, expected->str);
  check_skip(second, size);
  return 0;
}
