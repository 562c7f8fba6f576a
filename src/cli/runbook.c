#include "cli/runbook.h"

#include <string.h>

#define CHAPTER "## "
#define SECTION "### "

static void section_clear(void *data)
{
  g_free(((struct runbook_section *)data)->text);
}

/* The lines from here to the next heading. */
static char *text_from(const char *const *line)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (; *line != NULL && !g_str_has_prefix(*line, CHAPTER) && !g_str_has_prefix(*line, SECTION); line++) {
    g_string_append(text, *line);
    g_string_append_c(text, '\n');
  }
  return g_strdup(g_strstrip(text->str));
}

GArray *runbook_find(const char *word)
{
  GArray *found = g_array_new(FALSE, TRUE, sizeof(struct runbook_section));
  g_array_set_clear_func(found, section_clear);
  const char *chapter = "";
  for (const char *const *line = runbook_lines; *line != NULL; line++) {
    if (g_str_has_prefix(*line, CHAPTER)) chapter = *line + strlen(CHAPTER);
    if (!g_str_has_prefix(*line, SECTION)) continue;
    struct runbook_section section = {.chapter = chapter, .word = *line + strlen(SECTION)};
    if (word != NULL && strcmp(section.word, word) != 0) continue;
    section.text = text_from(line + 1);
    g_array_append_val(found, section);
  }
  return found;
}
