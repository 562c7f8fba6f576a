#include "warehouse/flag_findings.h"

#include "base/error.h"

#include <string.h>

enum { SHOWN_BYTES = 40 };

/* The value as a message may show it: one line, not long, nobody's address. Caller frees. */
static char *shown(const char *value)
{
  if (strchr(value, '@')) return g_strdup("a text with an @");
  g_autofree char *text = g_utf8_make_valid(value, -1);
  if (strlen(text) > SHOWN_BYTES) *g_utf8_find_prev_char(text, text + SHOWN_BYTES) = '\0';
  for (char *c = text; *c; c++)
    if (g_ascii_iscntrl(*c)) *c = ' ';
  return g_strdup_printf("`%s`", text);
}

void flag_finding_add(GArray *findings, const char *table, const char *column, const char *value, int64_t n)
{
  g_autofree char *word = shown(value);
  schema_finding_add(
      findings, table, column,
      g_strdup_printf("holds %s in %" G_GINT64_FORMAT
                      " row%s, which says neither TRUE (true, t, yes, y, 1) nor FALSE (false, f, no, n, 0, "
                      "blank, NULL); such rows count as contacted, and nothing is exported before they say "
                      "one or the other",
                      word, n, n == 1 ? "" : "s"));
}

void opt_out_finding_add(GArray *findings, const char *table, const char *column, const char *value, int64_t n)
{
  g_autofree char *word = shown(value);
  schema_finding_add(
      findings, table, column,
      g_strdup_printf("(source.opt_out) holds %s in %" G_GINT64_FORMAT
                      " row%s, and whether that means \"no mail\" is not understood; name it in "
                      "source.opt_out.values if it does, in source.opt_out.ignore if it says nothing; nothing "
                      "is exported before",
                      word, n, n == 1 ? "" : "s"));
}
