#include "net/scrub.h"

#include "base/log.h"

#include <string.h>

static bool word_may_be_address(const char *word)
{
  g_autofree char *lower = g_ascii_strdown(word, -1);
  return strchr(lower, '@') || strstr(lower, "%40") || strstr(lower, "&#64;") || strstr(lower, "\\u0040");
}

static void cut_at_character(char *text, size_t max_bytes)
{
  if (strlen(text) <= max_bytes) return;
  const char *edge = g_utf8_find_prev_char(text, text + max_bytes + 1);
  text[edge ? (size_t)(edge - text) : 0] = '\0';
}

char *net_scrub(const char *text)
{
  g_autoptr(GString) without_key = g_string_new(text);
  log_hide_secrets(without_key);
  g_autofree char *valid = g_utf8_make_valid(without_key->str, (gssize)without_key->len);
  for (char *at = valid; *at != '\0'; at++) {
    if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = ' ';
  }
  cut_at_character(valid, (size_t)4 * SCRUB_MAX_BYTES);
  g_auto(GStrv) words = g_strsplit(valid, " ", -1);
  for (size_t i = 0; words[i]; i++) {
    if (!word_may_be_address(words[i])) continue;
    g_free(words[i]);
    words[i] = g_strdup("[address]");
  }
  char *scrubbed = g_strstrip(g_strjoinv(" ", words));
  cut_at_character(scrubbed, SCRUB_MAX_BYTES);
  return scrubbed;
}
