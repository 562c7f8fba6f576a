#include "base/json_text.h"

#include <string.h>

static gunichar hex4(const char *digits)
{
  gunichar code = 0;
  for (int i = 0; i < 4; i++)
    code = code * 16 + (gunichar)g_ascii_xdigit_value(digits[i]);
  return code;
}

/* After "\u": one code, or two that are a surrogate pair. */
static void take_unicode(const char **at, char **text)
{
  gunichar code = hex4(*at);
  *at += 4;
  if (code >= 0xd800 && code <= 0xdfff) {
    code = 0x10000 + ((code - 0xd800) << 10) + (hex4(*at + 2) - 0xdc00);
    *at += 6;
  }
  *text += g_unichar_to_utf8(code, *text);
}

void json_take_escape(const char **at, char **text)
{
  static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
  char letter = *(*at)++;
  const char *found = strchr(from, letter);
  if (letter == 'u') {
    take_unicode(at, text);
  } else {
    *(*text)++ = found ? to[found - from] : letter;
  }
}
