/* Checks over several settings, after all sources were read. */
#include "base/loopback.h"
#include "cli/config_read.h"
#include "core/lead.h"
#include "core/opt_out.h"
#include "google/bigquery.h"

#include <string.h>

/* Adds a problem at the place where the row's value came from. */
static void problem_at(struct config *config, const char *path, const char *message)
{
  const struct setting *row = setting_find(settings_table, path);
  struct config_source source = row ? config->sources[row - settings_table] : (struct config_source){0};
  g_autofree char *variable = row ? setting_env_name(row) : NULL;
  g_autofree char *place = source.origin == ORIGIN_ENVIRONMENT ? g_strconcat("$", variable, NULL)
                           : source.origin == ORIGIN_FLAG      ? g_strdup("--set")
                                                               : g_strdup(config->path);
  struct config_problem where = {.place = place, .line = source.line, .column = source.column, .path = (char *)path};
  config_problem_add(config, &where, "%s", message);
}

/* ---- the key ---- */

static const char *const key_paths[] = {"instantly.api_key", "instantly.api_key_file", "instantly.api_key_env"};

/* The highest source that gives one of the three decides; two of the same source contradict each other. */
static void check_key(struct config *config, bool requires_key)
{
  enum config_origin highest = ORIGIN_DEFAULT;
  const char *given = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(key_paths); i++)
    highest = MAX(highest, config->sources[setting_find(settings_table, key_paths[i]) - settings_table].origin);
  for (size_t i = 0; i < G_N_ELEMENTS(key_paths); i++) {
    const struct setting *row = setting_find(settings_table, key_paths[i]);
    char **member = setting_member(row, config->settings);
    if (*member && config->sources[row - settings_table].origin < highest) {
      g_clear_pointer(member, g_free);
      config_set_source(config, row, (struct config_source){ORIGIN_DEFAULT, 0, 0});
    } else if (*member && given) {
      g_autofree char *message = g_strdup_printf("%s is given too; exactly one of the three may be", given);
      problem_at(config, key_paths[i], message);
    } else if (*member) {
      given = key_paths[i];
    }
  }
  if (!given && requires_key) problem_at(config, "instantly", "needs one of api_key_env, api_key_file and api_key");
}

/* ---- the base URL ---- */

/* Why this URL cannot be used, or NULL. */
static const char *url_refusal(const GUri *uri, bool allows_custom)
{
  const char *scheme = g_uri_get_scheme((GUri *)uri);
  const char *host = g_uri_get_host((GUri *)uri);
  bool is_https = strcmp(scheme, "https") == 0;
  if ((!is_https && strcmp(scheme, "http") != 0) || !host || !*host)
    return "expected a URL like https://api.instantly.ai";
  if (g_uri_get_userinfo((GUri *)uri) || g_uri_get_query((GUri *)uri) || g_uri_get_fragment((GUri *)uri))
    return "a base URL has no user, query or fragment; keys belong to api_key_file or api_key_env";
  if (host_is_loopback(host)) return NULL;
  if (!is_https) return "http is for loopback alone; the key would travel in clear";
  if (strcmp(host, "api.instantly.ai") == 0 && g_uri_get_port((GUri *)uri) <= 0) return NULL;
  return allows_custom ? NULL
                       : "is not Instantly and not on loopback; set instantly.allow_custom_endpoint: true if it is "
                         "meant";
}

static void check_url(struct config *config)
{
  struct instantly_settings *instantly = &config->settings->instantly;
  g_autoptr(GUri) uri = g_uri_parse(instantly->base_url, G_URI_FLAGS_NONE, NULL);
  const char *refusal =
      uri ? url_refusal(uri, instantly->allow_custom_endpoint) : "expected a URL like https://api.instantly.ai";
  if (refusal) problem_at(config, "instantly.base_url", refusal);
  while (g_str_has_suffix(instantly->base_url, "/"))
    instantly->base_url[strlen(instantly->base_url) - 1] = '\0';
}

/* ---- campaigns and outcomes ---- */

static bool has_campaign(const struct settings *settings, const char *id)
{
  for (size_t i = 0; i < settings->campaigns->len; i++)
    if (strcmp(g_array_index(settings->campaigns, struct campaign_settings, i).id, id) == 0) return true;
  return false;
}

static void check_campaigns(struct config *config)
{
  const char *wanted = config->settings->export.default_campaign;
  if (wanted && !has_campaign(config->settings, wanted))
    problem_at(config, "export.default_campaign", "is none of campaigns; add it there");
}

static void check_outcomes(struct config *config)
{
  for (enum outcome outcome = OUTCOME_SKIPPED; outcome <= OUTCOME_UNSUBSCRIBED; outcome++) {
    const struct outcome_settings *settings = &config->settings->complete.outcomes[outcome];
    g_autofree char *action = g_strdup_printf("complete.outcomes.%s.action", outcome_name(outcome));
    g_autofree char *move_to = g_strdup_printf("complete.outcomes.%s.move_to", outcome_name(outcome));
    if (settings->action == REMOVAL_MOVE && !settings->move_to)
      problem_at(config, action, "move needs move_to, the id of a list");
    if (settings->action != REMOVAL_MOVE && settings->move_to) problem_at(config, move_to, "is for action: move alone");
  }
}

/* ---- the source's columns ---- */

/* What write-back puts into the table. */
static const char *const written_columns[] = {
    "added_to_instantly", "added_date",      "sequence_completed", "sequence_completed_date",
    "last_email_status",  "cold_email_sent", "updated_at",         NULL};

/* What the source calls a column of ours: the name under source.columns, else our own. */
static const char *column_name(const struct source_settings *source, const char *ours)
{
  for (guint i = 0; i < source->columns->len; i++) {
    const struct field_mapping *mapping = &g_array_index(source->columns, struct field_mapping, i);
    if (strcmp(mapping->target, ours) == 0) return mapping->source;
  }
  return ours;
}

static void check_pair(struct config *config, const char *ours, const char *other)
{
  const struct source_settings *source = &config->settings->source;
  const char *name = column_name(source, ours);
  bool is_written = g_strv_contains(written_columns, ours) || g_strv_contains(written_columns, other);
  if (!is_written || g_ascii_strcasecmp(name, column_name(source, other)) != 0) return;
  g_autofree char *message =
      g_strdup_printf("%s and %s name the same column %s, which leadferry writes to: give each a column of its own, or "
                      "set source.write_back: false",
                      other, ours, name);
  problem_at(config, "source.columns", message);
}

/* One column may be read as two of ours, but what is written for one of them would stand in the other, or twice in one
 * statement. */
static void check_columns(struct config *config)
{
  const char *const *ours = setting_find(settings_table, "source.columns")->words;
  if (!config->settings->source.write_back) return;
  for (size_t i = 0; ours[i]; i++)
    for (size_t j = 0; j < i; j++)
      check_pair(config, ours[i], ours[j]);
}

/* ---- source.opt_out ---- */

static void check_opt_out(struct config *config)
{
  const struct opt_out_settings *opt_out = &config->settings->source.opt_out;
  if (!opt_out->column && (opt_out->values || opt_out->ignore))
    problem_at(config, opt_out->values ? "source.opt_out.values" : "source.opt_out.ignore",
               "has no effect without source.opt_out.column");
  if (!opt_out->column) return;
  if (opt_out_is_opt_in(opt_out->column) && !opt_out->values)
    problem_at(config, "source.opt_out.column",
               "says by its name who wants mail, not who does not; name another column, or the values that mean no "
               "mail in source.opt_out.values");
  for (char **value = opt_out->values; value && *value; value++)
    for (char **other = opt_out->ignore; other && *other; other++)
      if (opt_out_is_same(*value, *other))
        problem_at(config, "source.opt_out.ignore", "names a value that source.opt_out.values names too");
}

/* ---- BigQuery ---- */

#define BILLED_LEAST (10 << 20) /* bytes, for whatever statement */

/* Empty is as good as not given where it may be left out. */
static void check_name(struct config *config, const char *path, const char *value, bool is_needed,
                       const char *(*problem_of)(const char *name))
{
  bool is_given = value && *value;
  const char *problem = is_given ? problem_of(value) : is_needed ? "is needed for type: bigquery" : NULL;
  if (problem) problem_at(config, path, problem);
}

static void check_bigquery(struct config *config)
{
  const struct warehouse_settings *warehouse = &config->settings->warehouse;
  if (g_strcmp0(warehouse->type, "bigquery") != 0) return;
  check_name(config, "warehouse.project", warehouse->project, true, bigquery_project_problem);
  check_name(config, "warehouse.dataset", warehouse->dataset, true, bigquery_dataset_problem);
  check_name(config, "warehouse.ops_dataset", warehouse->ops_dataset, false, bigquery_dataset_problem);
  check_name(config, "warehouse.location", warehouse->location, false, bigquery_location_problem);
  if (warehouse->maximum_bytes_billed > 0 && warehouse->maximum_bytes_billed < BILLED_LEAST)
    problem_at(config, "warehouse.maximum_bytes_billed",
               "is less than the 10485760 bytes that BigQuery bills for any statement, so that none would run");
}

/* What a person or an answer ended comes back by `release` alone (core/eligibility.c). */
static bool has_cooldown(const char *path)
{
  return g_str_has_suffix(path, ".no_reply") || g_str_has_suffix(path, ".skipped") ||
         g_str_has_suffix(path, ".bounced");
}

static void check_cooldown(struct config *config)
{
  bool is_on = config->settings->export.once == ONCE_COOLDOWN;
  for (const struct setting *row = settings_table; row->path; row++) {
    if (!g_str_has_prefix(row->path, "export.cooldown_days.") || !config_is_given(config, row)) continue;
    if (!is_on)
      g_ptr_array_add(config->warnings, g_strdup_printf("%s has no effect without export.once: cooldown", row->path));
    else if (!has_cooldown(row->path))
      g_ptr_array_add(
          config->warnings,
          g_strdup_printf("%s has no effect: who ended so comes back by `leadferry release` alone", row->path));
  }
}

void config_check(struct config *config, bool requires_key)
{
  check_key(config, requires_key);
  check_url(config);
  check_campaigns(config);
  check_outcomes(config);
  check_columns(config);
  check_opt_out(config);
  check_bigquery(config);
  check_cooldown(config);
}
