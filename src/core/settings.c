/* Storage of the effective settings; values and defaults come from cli/settings_table.c. */
#include "core/settings.h"

static void campaign_clear(gpointer row)
{
  struct campaign_settings *campaign = row;
  g_clear_pointer(&campaign->id, g_free);
  g_clear_pointer(&campaign->name, g_free);
}

static void mapping_clear(gpointer row)
{
  struct field_mapping *mapping = row;
  g_clear_pointer(&mapping->target, g_free);
  g_clear_pointer(&mapping->source, g_free);
}

static GArray *array_of(size_t row_size, GDestroyNotify clear)
{
  GArray *array = g_array_new(FALSE, TRUE, (guint)row_size);
  g_array_set_clear_func(array, clear);
  return array;
}

void settings_init(struct settings *settings)
{
  *settings = (struct settings){
      .campaigns = array_of(sizeof(struct campaign_settings), campaign_clear),
      .export.fields = array_of(sizeof(struct field_mapping), mapping_clear),
      .export.custom_variables = array_of(sizeof(struct field_mapping), mapping_clear),
      .source.columns = array_of(sizeof(struct field_mapping), mapping_clear),
  };
}

void settings_clear(struct settings *settings)
{
  g_free(settings->warehouse.type);
  g_free(settings->warehouse.path);
  g_free(settings->warehouse.project);
  g_free(settings->warehouse.dataset);
  g_free(settings->warehouse.ops_dataset);
  g_free(settings->warehouse.location);
  g_free(settings->warehouse.credentials_file);
  g_free(settings->warehouse.credentials_url_base);
  g_free(settings->warehouse.quota_project);
  g_free(settings->warehouse.emulator_host);
  g_free(settings->instantly.base_url);
  g_free(settings->instantly.api_key);
  g_free(settings->instantly.api_key_file);
  g_free(settings->instantly.api_key_env);
  g_clear_pointer(&settings->campaigns, g_array_unref);
  g_free(settings->export.default_campaign);
  g_clear_pointer(&settings->export.fields, g_array_unref);
  g_clear_pointer(&settings->export.custom_variables, g_array_unref);
  g_free(settings->stops.list);
  g_free(settings->source.table);
  g_free(settings->source.exclude.table);
  g_free(settings->source.exclude.column);
  g_clear_pointer(&settings->source.columns, g_array_unref);
  g_free(settings->source.opt_out.column);
  g_strfreev(settings->source.opt_out.values);
  g_strfreev(settings->source.opt_out.ignore);
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    g_free(settings->complete.outcomes[i].move_to);
  g_free(settings->log.level);
  g_free(settings->log.format);
  *settings = (struct settings){0};
}

const struct campaign_settings *settings_campaign(const struct settings *settings, const char *id)
{
  for (guint i = 0; id && i < settings->campaigns->len; i++) {
    const struct campaign_settings *campaign = &g_array_index(settings->campaigns, struct campaign_settings, i);
    if (g_strcmp0(campaign->id, id) == 0) return campaign;
  }
  return NULL;
}
