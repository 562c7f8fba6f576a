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
  struct schema_finding finding = {
      .table = g_strdup(table),
      .column = g_strdup(column),
      .problem = g_strdup_printf("holds %s in %" G_GINT64_FORMAT
                                 " row%s, which says neither TRUE (true, t, yes, y, 1) nor FALSE (false, f, no, n, 0, "
                                 "blank, NULL); such rows count as contacted, and nothing is exported before they say "
                                 "one or the other",
                                 word, n, n == 1 ? "" : "s"),
      .is_fatal = true};
  g_array_append_val(findings, finding);
}

void flag_finding_put(GArray *findings, const char *table, const char *column, const char *problem)
{
  struct schema_finding finding = {
      .table = g_strdup(table), .column = g_strdup(column), .problem = g_strdup(problem), .is_fatal = true};
  g_array_append_val(findings, finding);
}

void opt_out_finding_add(GArray *findings, const char *table, const char *column, const char *value, int64_t n)
{
  g_autofree char *word = shown(value);
  struct schema_finding finding = {
      .table = g_strdup(table),
      .column = g_strdup(column),
      .problem =
          g_strdup_printf("(source.opt_out) holds %s in %" G_GINT64_FORMAT
                          " row%s, and whether that means \"no mail\" is not understood; name it in "
                          "source.opt_out.values if it does, in source.opt_out.ignore if it says nothing; nothing "
                          "is exported before",
                          word, n, n == 1 ? "" : "s"),
      .is_fatal = true};
  g_array_append_val(findings, finding);
}

bool flag_findings_allow(const GArray *findings, GError **error)
{
  if (findings->len == 0) return true;
  const struct schema_finding *first = &g_array_index(findings, struct schema_finding, 0);
  error_set(error, ERROR_CONFIG, "table %s, column %s %s%s", first->table, first->column, first->problem,
            findings->len > 1 ? " (and there is more: `leadferry schema check` lists all)" : "");
  return false;
}
