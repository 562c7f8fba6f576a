#include "cli/fingerprint.h"

#include "base/text.h"
#include "cli/settings_table.h"

#include <string.h>

#define FINGERPRINT_BYTES 16

/* Lengths stand before the texts, so that no two lists of settings make the same text. */
static void add(GString *out, const char *path, const char *value)
{
  g_string_append_printf(out, "%zu:%s=%zu:%s\n", strlen(path), path, value ? strlen(value) : 0, value ? value : "");
}

static void add_map(GString *out, const char *path, const GArray *map)
{
  for (guint i = 0; map && i < map->len; i++) {
    const struct field_mapping *mapping = &g_array_index(map, struct field_mapping, i);
    add(out, path, mapping->target);
    add(out, path, mapping->source);
  }
}

static void add_campaigns(GString *out, const GArray *campaigns)
{
  for (guint i = 0; campaigns && i < campaigns->len; i++)
    for (const struct setting *row = campaign_table; row->path; row++) {
      g_autofree char *value = setting_text(row, &g_array_index(campaigns, struct campaign_settings, i));
      add(out, row->path, value);
    }
}

static void add_setting(GString *out, const struct setting *row, const struct settings *settings)
{
  if (row->is_secret || g_str_has_prefix(row->path, "log.")) return;
  if (row->type == SETTING_MAP) {
    add_map(out, row->path, *(GArray *const *)(const void *)((const char *)settings + row->offset));
  } else if (row->type == SETTING_CAMPAIGNS) {
    add_campaigns(out, settings->campaigns);
  } else {
    g_autofree char *value = setting_text(row, settings);
    add(out, row->path, value);
  }
}

char *settings_fingerprint(const struct settings *settings)
{
  uint8_t digest[SHA256_BYTES];
  g_autoptr(GString) text = g_string_new(NULL);
  add(text, "version", LEADFERRY_VERSION);
  for (const struct setting *row = settings_table; row->path; row++)
    add_setting(text, row, settings);
  sha256(text->str, text->len, digest);
  return hex_encode(digest, FINGERPRINT_BYTES);
}
