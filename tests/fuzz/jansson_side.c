/* The spelling: n t f for the words, #NUMBER; for numbers, $LENGTH:BYTES for strings, [...] for arrays, {NAME VALUE
 * ...} for objects in the order of the first mention of each name. */
#include "jansson_side.h"

#include <jansson.h>
#include <string.h>

static void dump(json_t *value, GString *out)
{
  size_t index = 0;
  const char *name = NULL;
  json_t *item = NULL;
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    g_string_append_c(out, '{');
    json_object_foreach(value, name, item)
    {
      g_string_append_printf(out, "$%zu:%s", strlen(name), name);
      dump(item, out);
    }
    g_string_append_c(out, '}');
    break;
  case JSON_ARRAY:
    g_string_append_c(out, '[');
    json_array_foreach(value, index, item)
    {
      dump(item, out);
    }
    g_string_append_c(out, ']');
    break;
  case JSON_STRING: g_string_append_printf(out, "$%zu:%s", json_string_length(value), json_string_value(value)); break;
  case JSON_INTEGER:
  case JSON_REAL: g_string_append_printf(out, "#%.17g;", json_number_value(value)); break;
  case JSON_TRUE: g_string_append_c(out, 't'); break;
  case JSON_FALSE: g_string_append_c(out, 'f'); break;
  case JSON_NULL: g_string_append_c(out, 'n'); break;
  }
}

bool jansson_dump(const char *text, size_t size, GString *out)
{
  json_error_t error;
  json_t *value = json_loadb(text, size, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, &error);
  if (!value) {
    g_string_append(out, error.text);
    return false;
  }
  dump(value, out);
  json_decref(value);
  return true;
}
