#include "core/flag_word.h"

#include <string.h>

static bool is_blank_byte(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static void trim(const char **text, size_t *length)
{
  while (*length > 0 && is_blank_byte(**text)) {
    ++*text;
    --*length;
  }
  while (*length > 0 && is_blank_byte((*text)[*length - 1]))
    --*length;
}

static bool is_one_of(const char *text, size_t length, const char *const *words)
{
  for (; *words; words++)
    if (strlen(*words) == length && g_ascii_strncasecmp(*words, text, length) == 0) return true;
  return false;
}

enum flag_word flag_word_of(const char *text, size_t length)
{
  static const char *const yes[] = {"1", "true", "t", "yes", "y", NULL};
  static const char *const no[] = {"", "0", "false", "f", "no", "n", "null", NULL};
  if (!text) return FLAG_WORD_FALSE;
  trim(&text, &length);
  if (is_one_of(text, length, no)) return FLAG_WORD_FALSE;
  return is_one_of(text, length, yes) ? FLAG_WORD_TRUE : FLAG_WORD_OTHER;
}

const char *cell_trim(const char *text, size_t *length)
{
  static const char *const none[] = {"", "null", NULL};
  if (!text) return NULL;
  trim(&text, length);
  return is_one_of(text, *length, none) ? NULL : text;
}

bool cell_is_blank(const char *text)
{
  size_t length = text ? strlen(text) : 0;
  return cell_trim(text, &length) == NULL;
}
