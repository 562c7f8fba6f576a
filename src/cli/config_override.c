/* Environment and --set over what the file says. Values come as text and fit the same rows. */
#include "cli/config_read.h"
#include <string.h>

#define ENV_PREFIX "LEADFERRY_"

/* One value from outside the file. */
struct override {
  const char *place; /* "$LEADFERRY_..." or "--set" */
  const char *path;
  const char *text;
  enum config_origin origin;
};

static void problem(struct config *config, const struct override *from, const char *message)
{
  struct config_problem where = {.place = (char *)from->place, .path = (char *)from->path};
  config_problem_add(config, &where, "%s", message);
}

static void apply_scalar(struct config *config, const struct override *from, const struct setting *row)
{
  if (!*from->text && row->type == SETTING_LIST) {
    setting_list_clear(row, config->settings);
  } else if (!*from->text && !row->fallback) {
    char **member = setting_member(row, config->settings);
    g_clear_pointer(member, g_free);
  } else if (!setting_store(row, config->settings, from->text)) {
    bool is_printable = !row->is_secret && !strchr(from->text, '@') && strlen(from->text) <= 60;
    g_autofree char *expected = setting_expected(row);
    g_autofree char *message =
        g_strdup_printf("expected %s%s%s", expected, is_printable ? ", found " : "", is_printable ? from->text : "");
    problem(config, from, message);
    return;
  }
  config_set_source(config, row, (struct config_source){.origin = from->origin});
}

/* export.custom_variables.title=job_title: the row of the map, with the target behind its path. */
static const struct setting *map_row(const char *path)
{
  for (const struct setting *row = settings_table; row->path; row++) {
    size_t length = strlen(row->path);
    if (row->type == SETTING_MAP && strncmp(row->path, path, length) == 0 && path[length] == '.') return row;
  }
  return NULL;
}

static void apply_map(struct config *config, const struct override *from, const struct setting *row)
{
  const char *target = from->path + strlen(row->path) + 1;
  if (!setting_map_takes(row, target)) {
    g_autofree char *message = config_target_message(row, target);
    problem(config, from, message);
  } else if (!config_source_fits(row, from->text)) {
    problem(config, from, "expected the name of a column");
  } else {
    config_map_set(*(GArray **)setting_member(row, config->settings), target, from->text);
    config_set_source(config, row, (struct config_source){.origin = from->origin});
  }
}

static void apply_unknown(struct config *config, const struct override *from)
{
  const char *dot = strrchr(from->path, '.');
  g_autofree char *prefix = dot ? g_strndup(from->path, (size_t)(dot - from->path)) : g_strdup("");
  bool has_section = dot && section_find(prefix);
  g_autofree char *message = config_unknown_message(has_section ? prefix : "", has_section ? dot + 1 : from->path);
  problem(config, from, section_find(from->path) ? "is a section; name one of its settings" : message);
}

static void apply(struct config *config, const struct override *from)
{
  const struct setting *row = setting_find(settings_table, from->path);
  const struct setting *map = map_row(from->path);
  if (map)
    apply_map(config, from, map);
  else if (!row)
    apply_unknown(config, from);
  else if (row->type == SETTING_CAMPAIGNS)
    problem(config, from, "can be set in the file only");
  else if (row->type == SETTING_MAP)
    problem(config, from, "is a mapping: set one entry, SETTING.NAME=COLUMN, or write it into the file");
  else if (row->is_secret && from->origin == ORIGIN_FLAG)
    problem(config, from, "a key on the command line can be read by others; use instantly.api_key_file or api_key_env");
  else
    apply_scalar(config, from, row);
}

void config_read_overrides(struct config *config, const char *const *overrides)
{
  for (size_t i = 0; overrides[i]; i++) {
    g_auto(GStrv) parts = g_strsplit(overrides[i], "=", 2);
    struct override from = {.place = "--set", .path = parts[0], .text = parts[1], .origin = ORIGIN_FLAG};
    if (!parts[0] || !*parts[0] || !parts[1])
      config_problem_add(config, &(struct config_problem){.place = (char *)"--set"},
                         "expected SETTING=VALUE, such as export.max_per_run=500");
    else
      apply(config, &from);
  }
}

/* ---- environment ---- */

static const struct setting *row_of_variable(const char *name)
{
  for (const struct setting *row = settings_table; row->path; row++) {
    g_autofree char *known = setting_env_name(row);
    if (strcmp(known, name) == 0) return row;
  }
  return NULL;
}

/* LEADFERRY_EXPORT_...: a misspelt setting must not pass unseen; LEADFERRY_CONFIG and others are not ours to judge. */
static bool begins_like_section(const char *name)
{
  for (const struct setting_section *section = settings_sections; section->path; section++) {
    g_autofree char *upper = g_ascii_strup(section->path, -1);
    g_autofree char *prefix = g_strconcat(ENV_PREFIX, upper, "_", NULL);
    if (!strchr(section->path, '.') && g_str_has_prefix(name, prefix)) return true;
  }
  return false;
}

static void read_variable(struct config *config, const char *name, const char *value)
{
  const struct setting *row = row_of_variable(name);
  g_autofree char *place = g_strconcat("$", name, NULL);
  if (row)
    apply(config, &(struct override){place, row->path, value, ORIGIN_ENVIRONMENT});
  else if (begins_like_section(name) && g_strcmp0(name, config->settings->instantly.api_key_env) != 0)
    config_problem_add(config, &(struct config_problem){.place = place},
                       "names no setting; `leadferry config show` lists them");
}

void config_read_environment(struct config *config, const char *const *environment)
{
  for (size_t i = 0; environment[i]; i++) {
    const char *equals = strchr(environment[i], '=');
    if (!equals || !g_str_has_prefix(environment[i], ENV_PREFIX)) continue;
    g_autofree char *name = g_strndup(environment[i], (size_t)(equals - environment[i]));
    read_variable(config, name, equals + 1);
  }
}
