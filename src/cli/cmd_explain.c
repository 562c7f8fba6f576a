/* `leadferry explain [WORD]`: what a word of ours means and what to do about it, from the runbook. */
#include "base/json.h"
#include "cli/command_list.h"
#include "cli/output.h"
#include "cli/runbook.h"

#include <string.h>

static void print_sections(const GArray *sections)
{
  for (guint i = 0; i < sections->len; i++) {
    const struct runbook_section *section = &g_array_index(sections, struct runbook_section, i);
    out_print("%s%s (%s)\n\n", i ? "\n" : "", section->word, section->chapter);
    out_line(section->text);
  }
}

static void print_words(const GArray *sections)
{
  const char *chapter = NULL;
  for (guint i = 0; i < sections->len; i++) {
    const struct runbook_section *section = &g_array_index(sections, struct runbook_section, i);
    if (chapter == NULL || strcmp(chapter, section->chapter) != 0) out_print("%s%s\n", i ? "\n" : "", section->chapter);
    chapter = section->chapter;
    out_print("  %s\n", section->word);
  }
}

static void print_json(const GArray *sections)
{
  g_autoptr(GString) out = g_string_new("{\"sections\":[");
  for (guint i = 0; i < sections->len; i++) {
    const struct runbook_section *section = &g_array_index(sections, struct runbook_section, i);
    g_string_append(out, i ? ",{" : "{");
    json_append_str(out, "word", section->word);
    json_append_str(out, "chapter", section->chapter);
    json_append_str(out, "text", section->text);
    g_string_append_c(out, '}');
  }
  g_string_append(out, "]}");
  out_line(out->str);
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  /* missing_variable(companyName), not_removed/held: the word is what comes first. */
  g_autofree char *word = argc > 0 ? g_strndup(argv[0], strcspn(argv[0], "(/")) : NULL;
  g_autoptr(GArray) sections = runbook_find(word);
  if (sections->len == 0) {
    error_set(error, ERROR_USAGE, "leadferry says no \"%s\"; `leadferry explain` lists the words that it says", word);
    return EXIT_CODE_USAGE;
  }
  if (cli->is_json)
    print_json(sections);
  else if (word == NULL)
    print_words(sections);
  else
    print_sections(sections);
  return EXIT_CODE_OK;
}

const struct command command_explain = {
    .name = "explain",
    .arguments = "[WORD]",
    .summary = "Say what a word of an error, a plan or a reason means, and what to do",
    .details =
        "WORD is an error type, the reason why a lead is left out, why Instantly refused it, why a campaign is not "
        "fed or a lead not removed: whatever `errors list`, `plan`, `export`, `complete` and `lead show` print. "
        "Without it, all words. The text is that of docs/errors.md.",
    .example = "leadferry explain held",
    .arguments_max = 1,
    .run = run,
};
