/* config_load_bytes(): any bytes give settings or problems with places inside the file, never both; good settings can
 * be written as text and read again. */
#include "fuzz.h"

#include "cli/config.h"
#include "cli/settings_table.h"

#include <string.h>

static size_t lines_of(const uint8_t *data, size_t size)
{
  size_t lines = 1;
  for (size_t i = 0; i < size; i++)
    lines += data[i] == '\n' || data[i] == '\r' || data[i] == 0x85 || data[i] == 0xa8 || data[i] == 0xa9;
  return lines;
}

static void check_problems(const struct config *config, size_t lines)
{
  for (size_t i = 0; i < config->problems->len; i++) {
    const struct config_problem *problem = &g_array_index(config->problems, struct config_problem, i);
    g_assert_cmpuint(problem->line, <=, lines + 1);
    g_assert_true(!problem->path || !strchr(problem->path, '@'));
    g_assert_true(g_utf8_validate(problem->message, -1, NULL));
  }
}

static void check_settings(struct settings *settings)
{
  for (const struct setting *setting = settings_table; setting->path; setting++) {
    g_autofree char *text = setting_text(setting, settings);
    g_assert_true(!text || setting_store(setting, settings, text) || strcmp(setting->path, "instantly.base_url") == 0);
  }
  for (size_t i = 0; i < settings->campaigns->len; i++)
    g_assert_nonnull(g_array_index(settings->campaigns, struct campaign_settings, i).id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct settings settings;
  settings_init(&settings);
  struct config config;
  config_init(&config, &settings);
  struct config_options options = {0};
  g_autoptr(GError) error = NULL;
  struct config_text text = {"f.yaml", (const char *)data, size};
  bool is_good = config_load_bytes(&config, &options, &text, &error);
  g_assert_true(is_good == (error == NULL) && is_good == (config.problems->len == 0));
  check_problems(&config, lines_of(data, size));
  if (is_good) check_settings(&settings);
  config_clear(&config);
  settings_clear(&settings);
  return 0;
}
