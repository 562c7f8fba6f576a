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

/* Can it stand between quotes as it is? Eight bytes a step: this is the inner loop of pages and of big answers. */
static bool is_plain(const char *text, size_t size)
{
  const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
  size_t at = 0;
  for (uint64_t eight = 0; size - at >= sizeof eight; at += sizeof eight) {
    memcpy(&eight, text + at, sizeof eight);
    uint64_t quote = eight ^ (ones * '"'), backslash = eight ^ (ones * '\\');
    uint64_t special = ((eight - ones * ' ') & ~eight) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash);
    if ((special & highs) != 0) return false;
  }
  while (at < size && (unsigned char)text[at] >= ' ' && text[at] != '"' && text[at] != '\\')
    at++;
  return at == size;
}

void out_text(GString *out, const char *text)
{
  if (text == NULL) {
    g_string_append_len(out, "null", 4);
    return;
  }
  size_t size = strlen(text);
  if (!is_plain(text, size)) {
    json_append_string(out, text);
    return;
  }
  gsize start = out->len;
  g_string_set_size(out, start + size + 2);
  out->str[start] = '"';
  memcpy(out->str + start + 1, text, size);
  out->str[start + 1 + size] = '"';
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
