#include "config.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"

#include <stddef.h>
#include <string.h>

enum setting_type { SETTING_INT, SETTING_BOOL, SETTING_REAL, SETTING_TEXT, SETTING_OTHER };

struct setting {
  const char *name;
  enum setting_type type;
  size_t offset;
};

#define FIELD(type_, name_, kind_, field_)                                                                             \
  {                                                                                                                    \
    name_, kind_, offsetof(struct type_, field_)                                                                       \
  }

static const struct setting top_settings[] = {
    FIELD(config, "seed", SETTING_INT, seed),
    FIELD(config, "tick_s", SETTING_INT, tick_s),
    FIELD(config, "list_lag_s", SETTING_INT, list_lag_s),
    FIELD(config, "job_s", SETTING_INT, job_s),
    FIELD(config, "interest_delay_s", SETTING_INT, interest_delay_s),
    FIELD(config, "quota_release_s", SETTING_INT, quota_release_s),
    FIELD(config, "verify_s", SETTING_INT, verify_s),
    FIELD(config, "plan_limit", SETTING_INT, plan_limit),
    FIELD(config, "accounts_n", SETTING_INT, accounts_n),
    FIELD(config, "account_daily_limit", SETTING_INT, account_daily_limit),
    FIELD(config, "old_ids_n", SETTING_INT, old_ids_n),
    FIELD(config, "stop_grace_s", SETTING_INT, stop_grace_s),
    FIELD(config, "shape_looks_n", SETTING_INT, shape_looks_n),
    FIELD(config, "is_paid", SETTING_BOOL, is_paid),
    FIELD(config, "add_unsub_to_block", SETTING_BOOL, add_unsub_to_block),
    FIELD(config, "bundle_plan", SETTING_BOOL, bundle_plan),
    FIELD(config, "plan_over_is_402", SETTING_BOOL, plan_over_is_402),
    FIELD(config, "stamp", SETTING_TEXT, stamp),
    {"start_time", SETTING_OTHER, 0},
    {"quirks", SETTING_OTHER, 0},
    {"rate", SETTING_OTHER, 0},
    {"chances", SETTING_OTHER, 0},
    {"keys", SETTING_OTHER, 0},
    {"accounts", SETTING_OTHER, 0},
    {"campaigns", SETTING_OTHER, 0},
    {"lists", SETTING_OTHER, 0},
    {"block_list", SETTING_OTHER, 0},
    {"faults", SETTING_OTHER, 0},
};

static const struct setting rate_settings[] = {
    FIELD(rate_limits, "enabled", SETTING_BOOL, is_on),
    FIELD(rate_limits, "sliding", SETTING_BOOL, is_sliding),
    FIELD(rate_limits, "retry_after", SETTING_BOOL, tells_retry_after),
    FIELD(rate_limits, "per_second", SETTING_INT, per_second),
    FIELD(rate_limits, "per_minute", SETTING_INT, per_minute),
    FIELD(rate_limits, "emails_per_minute", SETTING_INT, emails_per_minute),
};

static const struct setting chance_settings[] = {
    FIELD(chances, "open", SETTING_REAL, open),
    FIELD(chances, "click", SETTING_REAL, click),
    FIELD(chances, "reply", SETTING_REAL, reply),
    FIELD(chances, "auto_reply", SETTING_REAL, auto_reply),
    FIELD(chances, "bounce", SETTING_REAL, bounce),
    FIELD(chances, "unsubscribe", SETTING_REAL, unsubscribe),
    FIELD(chances, "skip", SETTING_REAL, skip),
    FIELD(chances, "positive", SETTING_REAL, positive),
    FIELD(chances, "late_reply", SETTING_REAL, late_reply),
};

void config_init(struct config *config)
{
  *config = (struct config){
      .rate = {.is_on = true, .is_sliding = true, .per_second = 100, .per_minute = 6000, .emails_per_minute = 20},
      .chances = {.open = 0.45,
                  .click = 0.08,
                  .reply = 0.03,
                  .auto_reply = 0.02,
                  .bounce = 0.02,
                  .unsubscribe = 0.008,
                  .skip = 0.01,
                  .positive = 0.3,
                  .late_reply = 0.1},
      .seed = 1,
      .tick_s = 600,
      .job_s = 30,
      .interest_delay_s = 20,
      .quota_release_s = 300,
      .verify_s = 60,
      .plan_limit = 2000000,
      .accounts_n = 20,
      .account_daily_limit = -1,
      .shape_looks_n = 50,
      .is_paid = true,
  };
  int64_t start_us = 0;
  bool is_time = time_parse_us("2026-11-02T08:00:00Z", &start_us);
  g_assert(is_time);
  config->start_ms = start_us / 1000;
  quirks_init(&config->quirks);
}

static bool setting_store(const struct setting *setting, const cJSON *item, void *base)
{
  char *at = (char *)base + setting->offset;
  switch (setting->type) {
  case SETTING_INT:
    if (!cJSON_IsNumber(item) || item->valuedouble != (double)(int64_t)item->valuedouble) return false;
    *(int64_t *)(void *)at = (int64_t)item->valuedouble;
    return true;
  case SETTING_REAL:
    if (!cJSON_IsNumber(item) || item->valuedouble < 0 || item->valuedouble > 1) return false;
    *(double *)(void *)at = item->valuedouble;
    return true;
  case SETTING_BOOL:
    if (!cJSON_IsBool(item)) return false;
    *(bool *)(void *)at = cJSON_IsTrue(item);
    return true;
  case SETTING_TEXT:
    if (!cJSON_IsString(item)) return false;
    g_free(*(char **)(void *)at);
    *(char **)(void *)at = g_strdup(item->valuestring);
    return true;
  case SETTING_OTHER: return true;
  }
  return false;
}

struct settings_table {
  const struct setting *rows;
  size_t rows_n;
  const char *what;
};

static bool settings_read(const struct settings_table *table, const cJSON *object, void *base, GError **error)
{
  g_autofree const char **names = g_new(const char *, table->rows_n);
  for (size_t i = 0; i < table->rows_n; i++)
    names[i] = table->rows[i].name;
  const cJSON *item;
  cJSON_ArrayForEach(item, object)
  {
    size_t i = 0;
    while (i < table->rows_n && strcmp(names[i], item->string) != 0)
      i++;
    if (i == table->rows_n) {
      const char *near = text_nearest(item->string, names, table->rows_n);
      error_set(error, ERROR_CONFIG, "unknown key \"%s\" in %s%s%s", item->string, table->what,
                near != NULL ? "; did you mean " : "", near != NULL ? near : "");
      return false;
    }
    if (!setting_store(&table->rows[i], item, base)) {
      error_set(error, ERROR_CONFIG, "\"%s\" in %s has the wrong type or range", item->string, table->what);
      return false;
    }
  }
  return true;
}

bool chances_read(struct chances *chances, const cJSON *object, GError **error)
{
  struct settings_table table = {chance_settings, G_N_ELEMENTS(chance_settings), "chances"};
  return settings_read(&table, object, chances, error);
}

static bool config_read(struct config *config, GError **error)
{
  struct settings_table top = {top_settings, G_N_ELEMENTS(top_settings), "the configuration"};
  struct settings_table rate = {rate_settings, G_N_ELEMENTS(rate_settings), "rate"};
  if (!settings_read(&top, config->file, config, error)) return false;
  if (!settings_read(&rate, json_get(config->file, "rate"), &config->rate, error)) return false;
  if (!chances_read(&config->chances, json_get(config->file, "chances"), error)) return false;
  if (!quirks_read(&config->quirks, json_get(config->file, "quirks"), error)) return false;
  if (config->tick_s < 1 || config->accounts_n < 0 || config->plan_limit < 0) {
    error_set(error, ERROR_CONFIG, "tick_s must be at least 1, accounts_n and plan_limit not negative");
    return false;
  }
  const char *start = json_string(config->file, "start_time");
  if (start == NULL) return true;
  int64_t start_us = 0;
  if (!time_parse_us(start, &start_us)) {
    error_set(error, ERROR_CONFIG, "start_time must be a time like 2026-11-02T08:00:00Z");
    return false;
  }
  config->start_ms = start_us / 1000;
  return true;
}

bool config_load(struct config *config, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize size = 0;
  if (!g_file_get_contents(path, &text, &size, error)) return false;
  config->file = json_parse(text, size, error);
  if (config->file == NULL || !cJSON_IsObject(config->file)) {
    if (config->file != NULL) error_set(error, ERROR_CONFIG, "the configuration must be a JSON object");
    g_prefix_error(error, "%s: ", path);
    return false;
  }
  if (config_read(config, error)) return true;
  g_prefix_error(error, "%s: ", path);
  return false;
}

void config_clear(struct config *config)
{
  cJSON_Delete(config->file);
  g_free(config->stamp);
  *config = (struct config){0};
}
