/* The table of settings as JSON Schema, for editors and for checks elsewhere. */
#include "base/json.h"
#include "cli/config_doc.h"
#include <string.h>

#define UUID_PATTERN "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
#define NAME_PATTERN "^[A-Za-z_][A-Za-z0-9_-]*$"

static void append_words(GString *out, const struct setting *setting)
{
  json_append_key(out, "enum");
  json_append_strings(out, setting->words, g_strv_length((char **)setting->words));
}

static void append_int(GString *out, const struct setting *setting)
{
  bool has_max = setting->max < G_MAXINT64 - 1;
  if (setting->takes_unlimited) {
    json_append_key(out, "anyOf");
    g_string_append(out, "[{\"const\":\"unlimited\"},{");
  }
  json_append_str(out, "type", "integer");
  json_append_int(out, "minimum", setting->min);
  if (has_max) json_append_int(out, "maximum", setting->max);
  if (setting->takes_unlimited) g_string_append(out, "}]");
}

static void append_text(GString *out, const struct setting *setting)
{
  json_append_key(out, "type");
  g_string_append(out, setting->fallback || setting->is_required ? "\"string\"" : "[\"string\",\"null\"]");
  json_append_int(out, "minLength", 1);
  if (setting->type == SETTING_UUID) json_append_str(out, "pattern", UUID_PATTERN);
  if (setting->type == SETTING_NAME) json_append_str(out, "pattern", NAME_PATTERN);
}

static void append_map(GString *out, const struct setting *setting)
{
  json_append_key(out, "type");
  g_string_append(out, "[\"object\",\"null\"]");
  json_append_key(out, "additionalProperties");
  g_string_append(out, "{\"type\":\"string\",\"minLength\":1");
  if (strcmp(setting->path, "source.columns") == 0) json_append_str(out, "pattern", NAME_PATTERN);
  g_string_append_c(out, '}');
  if (!setting->words) return;
  json_append_key(out, "propertyNames");
  g_string_append_c(out, '{');
  append_words(out, setting);
  g_string_append_c(out, '}');
}

static void append_list(GString *out)
{
  json_append_key(out, "type");
  g_string_append(out, "[\"array\",\"string\",\"null\"],\"items\":{\"type\":[\"string\",\"number\",\"boolean\"]}");
}

static void append_default(GString *out, const struct setting *setting)
{
  if (!setting->fallback) return;
  bool is_literal =
      setting->type == SETTING_BOOL || (setting->type == SETTING_INT && strcmp(setting->fallback, "unlimited") != 0);
  json_append_key(out, "default");
  if (is_literal)
    g_string_append(out, setting->fallback);
  else
    json_append_string(out, setting->fallback);
}

static void append_campaigns(GString *out);

static void append_setting(GString *out, const struct setting *setting, const char *name)
{
  json_append_key(out, name);
  g_string_append_c(out, '{');
  json_append_str(out, "description", setting->doc);
  append_default(out, setting);
  switch (setting->type) {
  case SETTING_INT: append_int(out, setting); break;
  case SETTING_BOOL: json_append_str(out, "type", "boolean"); break;
  case SETTING_WORD:
  case SETTING_ENUM: append_words(out, setting); break;
  case SETTING_MAP: append_map(out, setting); break;
  case SETTING_LIST: append_list(out); break;
  case SETTING_CAMPAIGNS: append_campaigns(out); break;
  default: append_text(out, setting); break;
  }
  g_string_append_c(out, '}');
}

static void append_campaigns(GString *out)
{
  json_append_key(out, "type");
  g_string_append(out, "[\"array\",\"null\"]");
  json_append_key(out, "items");
  g_string_append(out, "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"id\"],\"properties\":{");
  for (const struct setting *setting = campaign_table; setting->path; setting++)
    append_setting(out, setting, setting->path);
  g_string_append(out, "}}");
}

/* Is path directly below section ("" for the top)? Then its last word, else NULL. */
static const char *child_name(const char *path, const char *section)
{
  size_t length = strlen(section);
  if (length > 0 && (!g_str_has_prefix(path, section) || path[length] != '.')) return NULL;
  const char *name = length > 0 ? path + length + 1 : path;
  return strchr(name, '.') ? NULL : name;
}

static void append_properties(GString *out, const char *section)
{
  json_append_key(out, "additionalProperties");
  g_string_append(out, "false");
  json_append_key(out, "properties");
  g_string_append_c(out, '{');
  for (const struct setting *setting = settings_table; setting->path; setting++)
    if (child_name(setting->path, section)) append_setting(out, setting, child_name(setting->path, section));
  for (const struct setting_section *child = settings_sections; child->path; child++) {
    const char *name = child_name(child->path, section);
    if (!name) continue;
    json_append_key(out, name);
    g_string_append_c(out, '{');
    json_append_str(out, "description", child->doc);
    json_append_key(out, "type");
    g_string_append(out, "[\"object\",\"null\"]");
    append_properties(out, child->path);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, '}');
}

char *config_schema_json(void)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_str(out, "$schema", "https://json-schema.org/draft/2020-12/schema");
  json_append_str(out, "title", "leadferry.yaml");
  json_append_str(out, "type", "object");
  append_properties(out, "");
  g_string_append_c(out, '}');
  g_autoptr(cJSON) tree = json_parse(out->str, out->len, NULL);
  g_assert(tree != NULL);
  char *printed = cJSON_Print(tree);
  char *text = g_strdup(printed);
  cJSON_free(printed);
  return text;
}
