/* The table of settings as the reference page docs/configuration.md. */
#include "cli/config_doc.h"
#include <string.h>

static const char introduction[] =
    "# Configuration\n"
    "\n"
    "Made by `leadferry config reference`; do not edit.\n"
    "\n"
    "One YAML file: `--config FILE`, else `$LEADFERRY_CONFIG`, else `./leadferry.yaml`. `leadferry init` writes a\n"
    "commented one, `leadferry validate` checks it offline, `leadferry config show` prints the effective values with\n"
    "their sources, `leadferry config schema` a JSON Schema for editors.\n"
    "\n"
    "Precedence: flag, environment, file, default. The flag is `--set SETTING=VALUE`, such as\n"
    "`--set export.max_per_run=500` (never a key); a mapping takes one entry, `--set "
    "export.custom_variables.title=job`.\n"
    "The environment variable of a setting is its path in capitals behind `LEADFERRY_`, such as\n"
    "`LEADFERRY_EXPORT_MAX_PER_RUN`; a variable that begins like a section and names no setting is an error.\n"
    "Relative paths in the file (and defaults) count from the file's folder, those of flags and environment from the\n"
    "working directory. `unlimited` is a word.\n"
    "\n"
    "The file is YAML without anchors, aliases, merge keys and tags; it is UTF-8, at most 1 MiB, and every key stands\n"
    "once. Everything that is wrong is reported at once, with file, line and column, and the exit code is 78. An "
    "empty\n"
    "section is fine; an empty value is fine where a setting has no default.\n";

static void append_cell(GString *out, const char *text)
{
  g_autoptr(GString) safe = g_string_new(text);
  g_string_replace(safe, "|", "\\|", 0);
  g_string_append(out, safe->str);
}

static const char *default_text(const struct setting *setting)
{
  if (setting->is_required) return "required";
  return setting->fallback ? setting->fallback : "none";
}

static void append_row(GString *out, const struct setting *setting)
{
  g_autofree char *expected = setting_expected(setting);
  bool is_literal = setting->fallback != NULL;
  g_string_append_printf(out, "| `%s` | ", setting->path);
  append_cell(out, expected);
  g_string_append_printf(out, " | %s%s%s | ", is_literal ? "`" : "", default_text(setting), is_literal ? "`" : "");
  append_cell(out, setting->doc);
  if (setting->type == SETTING_MAP && setting->words) {
    g_autofree char *words = g_strjoinv("`, `", (char **)setting->words);
    g_string_append_printf(out, ": `%s`", words);
  }
  g_string_append(out, setting->is_secret ? "; secret, never printed |\n" : " |\n");
}

static const char table_head[] = "\n| setting | value | default | meaning |\n|---|---|---|---|\n";

static void append_section(GString *out, const struct setting_section *section)
{
  size_t length = strlen(section->path);
  g_string_append_printf(out, "\n## %s\n\n%s.\n%s", section->path, section->doc, table_head);
  for (const struct setting *setting = settings_table; setting->path; setting++)
    if (g_str_has_prefix(setting->path, section->path) && setting->path[length] == '.') append_row(out, setting);
}

static void append_campaigns(GString *out)
{
  const struct setting *campaigns = setting_find(settings_table, "campaigns");
  g_string_append_printf(out, "\n## campaigns\n\n%s. A list; of each entry:\n%s", campaigns->doc, table_head);
  for (const struct setting *setting = campaign_table; setting->path; setting++)
    append_row(out, setting);
}

char *config_reference_markdown(void)
{
  GString *out = g_string_new(introduction);
  for (const struct setting_section *section = settings_sections; section->path; section++) {
    if (strchr(section->path, '.')) continue;
    append_section(out, section);
    if (strcmp(section->path, "instantly") == 0) append_campaigns(out);
  }
  return g_string_free(out, FALSE);
}
