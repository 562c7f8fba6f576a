/* The commented file that `init` writes. */
#include "cli/config_doc.h"
#include <string.h>

static const char head[] =
    "# leadferry's configuration. `leadferry validate` checks it, `leadferry config show` prints what is in force.\n"
    "# Lines behind '#' show the default, or an example where there is none.\n";

static const char *value_of(const struct template_value *values, size_t values_n, const char *path)
{
  for (size_t i = 0; i < values_n; i++)
    if (strcmp(values[i].path, path) == 0) return values[i].value;
  return NULL;
}

/* Text as a double-quoted YAML scalar; numbers, words and truth values as they are. */
static char *yaml_scalar(const struct setting *setting, const char *value)
{
  bool is_text = setting->type == SETTING_TEXT || setting->type == SETTING_PATH || setting->type == SETTING_UUID ||
                 setting->type == SETTING_LIST;
  if (!is_text) return g_strdup(value);
  g_autoptr(GString) escaped = g_string_new(value);
  g_string_replace(escaped, "\\", "\\\\", 0);
  g_string_replace(escaped, "\"", "\\\"", 0);
  return g_strdup_printf("\"%s\"", escaped->str);
}

static void append_setting(GString *out, const struct setting *setting, int indent, const char *value)
{
  const char *name = strrchr(setting->path, '.') ? strrchr(setting->path, '.') + 1 : setting->path;
  const char *shown = value ? value : setting->fallback ? setting->fallback : setting->example;
  g_string_append_printf(out, "%*s# %s\n", indent, "", setting->doc);
  if (setting->type == SETTING_MAP) {
    const char *target = setting->words ? setting->words[0] : "title";
    g_string_append_printf(out, "%*s# %s: {%s: %s}\n", indent, "", name, target, setting->words ? target : "job_title");
    return;
  }
  g_autofree char *scalar = yaml_scalar(setting, shown);
  g_string_append_printf(out, "%*s%s%s: %s\n", indent, "", value ? "" : "# ", name, scalar);
}

static void append_campaigns(GString *out, const char *const *ids)
{
  const struct setting *row = setting_find(settings_table, "campaigns");
  g_string_append_printf(out, "\n# %s\n", row->doc);
  g_string_append(out, ids && ids[0] ? "campaigns:\n" : "# campaigns:\n");
  for (size_t i = 0; ids && ids[i]; i++)
    g_string_append_printf(out, "  - id: \"%s\"\n", ids[i]);
  if (!ids || !ids[0]) g_string_append(out, "#   - id: \"0190a000-0000-7000-8000-000000000001\"\n");
  for (const struct setting *setting = campaign_table; setting->path; setting++) {
    if (setting->is_required) continue;
    const char *shown = setting->fallback ? setting->fallback : setting->example;
    g_autofree char *scalar = yaml_scalar(setting, shown);
    g_string_append_printf(out, "#     %s: %s  # %s\n", setting->path, scalar, setting->doc);
  }
}

/* Settings directly below a section, then its sections. */
static void append_section(GString *out, const struct setting_section *section, const struct template_value *values,
                           size_t values_n)
{
  size_t length = strlen(section->path);
  int depth = 1;
  for (const char *at = section->path; *at; at++)
    depth += *at == '.';
  const char *name = depth > 1 ? strrchr(section->path, '.') + 1 : section->path;
  g_string_append_printf(out, "%s%*s# %s\n%*s%s:\n", depth == 1 ? "\n" : "", 2 * (depth - 1), "", section->doc,
                         2 * (depth - 1), "", name);
  for (const struct setting *setting = settings_table; setting->path; setting++) {
    bool is_below = g_str_has_prefix(setting->path, section->path) && setting->path[length] == '.';
    if (is_below && !strchr(setting->path + length + 1, '.'))
      append_setting(out, setting, 2 * depth, value_of(values, values_n, setting->path));
  }
}

char *config_template(const struct template_value *values, size_t values_n, const char *const *campaign_ids)
{
  GString *out = g_string_new(head);
  for (const struct setting_section *section = settings_sections; section->path; section++) {
    append_section(out, section, values, values_n);
    if (strcmp(section->path, "instantly") == 0) append_campaigns(out, campaign_ids);
  }
  return g_string_free(out, FALSE);
}
