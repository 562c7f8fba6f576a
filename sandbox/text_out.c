#include "text_out.h"

#include "base/json.h"

#include <string.h>

void out_key(GString *out, const char *name)
{
  char last = out->len == 0 ? '{' : out->str[out->len - 1];
  if (last != '{' && last != '[') g_string_append_c(out, ',');
  g_string_append_c(out, '"');
  g_string_append_len(out, name, (gssize)strlen(name));
  g_string_append_len(out, "\":", 2);
}

void out_text(GString *out, const char *text)
{
  if (text == NULL) {
    g_string_append_len(out, "null", 4);
    return;
  }
  size_t n = 0;
  while ((unsigned char)text[n] >= ' ' && text[n] != '"' && text[n] != '\\')
    n++;
  if (text[n] != '\0') {
    json_append_string(out, text);
    return;
  }
  g_string_append_c(out, '"');
  g_string_append_len(out, text, (gssize)n);
  g_string_append_c(out, '"');
}

void out_str(GString *out, const char *name, const char *text)
{
  out_key(out, name);
  out_text(out, text);
}

void out_int(GString *out, const char *name, int64_t value)
{
  char digits[24];
  size_t at = sizeof digits;
  uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do {
    digits[--at] = (char)('0' + left % 10);
    left /= 10;
  } while (left > 0);
  if (value < 0) digits[--at] = '-';
  out_key(out, name);
  g_string_append_len(out, digits + at, (gssize)(sizeof digits - at));
}
