/* json_parse() against jansson: both accept or both refuse, and both read the same. Four differences are meant: depth
 * (ours ends at 64, theirs at 2048), the length of a number (ours ends at 63 characters), a zero byte after the end
 * (jansson takes it for the end), and names that stand twice (our getters find the first, jansson keeps the last; the
 * comparison takes the last). */
#include "fuzz.h"
#include "jansson_side.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

static void dump(const cJSON *value, GString *out);

/* The item with the same name that stands last; NULL when an earlier one has the name, so that it was dumped already.
 */
static const cJSON *last_twin(const cJSON *object, const cJSON *item)
{
  if (json_get(object, item->string) != item) return NULL;
  const cJSON *last = item;
  for (const cJSON *other = item->next; other; other = other->next) {
    if (strcmp(other->string, item->string) == 0) last = other;
  }
  return last;
}

static void dump_object(const cJSON *object, GString *out)
{
  const cJSON *item = NULL;
  cJSON_ArrayForEach(item, object)
  {
    const cJSON *last = last_twin(object, item);
    if (!last) continue;
    g_string_append_printf(out, "$%zu:%s", strlen(item->string), item->string);
    dump(last, out);
  }
}

static void dump_scalar(const cJSON *value, GString *out)
{
  const char *string = cJSON_GetStringValue(value);
  if (string) {
    g_string_append_printf(out, "$%zu:%s", strlen(string), string);
  } else if (cJSON_IsNumber(value)) {
    g_string_append_printf(out, "#%.17g;", value->valuedouble);
  } else {
    g_string_append_c(out, cJSON_IsNull(value) ? 'n' : cJSON_IsTrue(value) ? 't' : 'f');
  }
}

static void dump(const cJSON *value, GString *out)
{
  const cJSON *item = NULL;
  if (cJSON_IsObject(value)) {
    g_string_append_c(out, '{');
    dump_object(value, out);
    g_string_append_c(out, '}');
  } else if (cJSON_IsArray(value)) {
    g_string_append_c(out, '[');
    cJSON_ArrayForEach(item, value)
    {
      dump(item, out);
    }
    g_string_append_c(out, ']');
  } else {
    dump_scalar(value, out);
  }
}

static bool is_meant(const GError *error)
{
  return error &&
         (strstr(error->message, "nesting deeper than 64") || strstr(error->message, "more than 63 characters"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) ours = g_string_new(NULL);
  g_autoptr(GString) theirs = g_string_new(NULL);
  g_autoptr(cJSON) tree = json_parse((const char *)data, size, &error);
  bool is_theirs = jansson_dump((const char *)data, size, theirs);
  bool has_nul = memchr(data, '\0', size) != NULL;
  g_assert_false(has_nul && tree);
  if (has_nul || is_meant(error)) return 0;
  if (tree && !is_theirs) g_printerr("only jansson refuses: %s\n", theirs->str);
  if (!tree && is_theirs) g_printerr("only we refuse: %s\n", error->message);
  g_assert_true((tree != NULL) == is_theirs);
  if (tree) dump(tree, ours);
  if (tree) g_assert_cmpstr(ours->str, ==, theirs->str);
  return 0;
}
