/* `leadferry config show|schema|reference`. */
#include "base/json.h"
#include "cli/command_list.h"
#include "cli/config.h"
#include "cli/config_doc.h"
#include "cli/output.h"

static char *source_text(const struct config *config, const struct setting *row)
{
  const struct config_source *source = &config->sources[row - settings_table];
  g_autofree char *variable = setting_env_name(row);
  switch (source->origin) {
  case ORIGIN_FILE: return g_strdup_printf("%s:%zu", config->path, source->line);
  case ORIGIN_ENVIRONMENT: return g_strdup_printf("$%s", variable);
  case ORIGIN_FLAG: return g_strdup("--set");
  default: return g_strdup("default");
  }
}

/* One printed line: a setting, an entry of a map or one setting of a campaign. */
struct shown {
  char *path;
  char *value; /* NULL: none */
  char *source;
};

static void shown_clear(gpointer data)
{
  struct shown *shown = data;
  g_free(shown->path);
  g_free(shown->value);
  g_free(shown->source);
}

static void add(GArray *rows, char *path_take, char *value_take, const char *source)
{
  struct shown shown = {path_take, value_take, g_strdup(source)};
  g_array_append_val(rows, shown);
}

static void add_map(GArray *rows, const struct setting *row, const GArray *map, const char *source)
{
  if (map->len == 0) add(rows, g_strdup(row->path), NULL, source);
  for (size_t i = 0; i < map->len; i++) {
    const struct field_mapping *mapping = &g_array_index(map, struct field_mapping, i);
    add(rows, g_strdup_printf("%s.%s", row->path, mapping->target), g_strdup(mapping->source), source);
  }
}

static void add_campaigns(GArray *rows, const GArray *campaigns, const char *source)
{
  if (campaigns->len == 0) add(rows, g_strdup("campaigns"), NULL, source);
  for (size_t i = 0; i < campaigns->len; i++)
    for (const struct setting *row = campaign_table; row->path; row++)
      add(rows, g_strdup_printf("campaigns[%zu].%s", i, row->path),
          setting_text(row, &g_array_index(campaigns, struct campaign_settings, i)), source);
}

static GArray *collect(const struct config *config)
{
  GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct shown));
  g_array_set_clear_func(rows, shown_clear);
  for (const struct setting *row = settings_table; row->path; row++) {
    g_autofree char *source = source_text(config, row);
    g_autofree char *value = setting_text(row, config->settings);
    if (row->type == SETTING_MAP)
      add_map(rows, row, *(GArray **)setting_member(row, config->settings), source);
    else if (row->type == SETTING_CAMPAIGNS)
      add_campaigns(rows, config->settings->campaigns, source);
    else
      add(rows, g_strdup(row->path), row->is_secret && value ? g_strdup("(hidden)") : g_steal_pointer(&value), source);
  }
  return rows;
}

static void print_text(const GArray *rows)
{
  static const char *const headers[] = {"SETTING", "VALUE", "SOURCE"};
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (size_t i = 0; i < rows->len; i++) {
    const struct shown *shown = &g_array_index(rows, struct shown, i);
    table_add(&table, "%s", shown->path);
    table_add(&table, "%s", shown->value ? shown->value : "-");
    table_add(&table, "%s", shown->source);
  }
  table_print(&table);
  table_clear(&table);
}

static void print_json(const struct config *config, const GArray *rows)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_str(out, "file", config->path);
  json_append_key(out, "settings");
  g_string_append_c(out, '[');
  for (size_t i = 0; i < rows->len; i++) {
    const struct shown *shown = &g_array_index(rows, struct shown, i);
    g_string_append(out, i > 0 ? ",{" : "{");
    json_append_str(out, "path", shown->path);
    json_append_str(out, "value", shown->value);
    json_append_str(out, "source", shown->source);
    g_string_append_c(out, '}');
  }
  out_print("%s]}\n", out->str);
}

static enum exit_code run_show(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  g_auto(GStrv) environment = g_get_environ();
  struct config config;
  config_init(&config, &cli->settings);
  struct config_options options = {.path = cli->config_path,
                                   .overrides = (const char *const *)cli->overrides->pdata,
                                   .environment = (const char *const *)environment};
  if (config_load(&config, &options, error)) {
    g_autoptr(GArray) rows = collect(&config);
    if (cli->is_json)
      print_json(&config, rows);
    else
      print_text(rows);
  }
  config_clear(&config);
  return EXIT_CODE_OK;
}

static enum exit_code run_schema(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)cli, (void)argc, (void)argv, (void)error;
  g_autofree char *text = config_schema_json();
  out_print("%s\n", text);
  return EXIT_CODE_OK;
}

static enum exit_code run_reference(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)cli, (void)argc, (void)argv, (void)error;
  g_autofree char *text = config_reference_markdown();
  out_print("%s", text);
  return EXIT_CODE_OK;
}

const struct command command_config_show = {
    .name = "config show",
    .arguments = "",
    .summary = "Print the effective settings and where each comes from",
    .details = "Sources are the default, the file with its line, the environment variable or --set. Keys are hidden.",
    .example = "leadferry config show --set export.max_per_run=500",
    .run = run_show,
};

const struct command command_config_schema = {
    .name = "config schema",
    .arguments = "",
    .summary = "Print the JSON Schema of the configuration",
    .details = "For editors and checks elsewhere; draft 2020-12. What spans several settings is checked by `validate` "
               "alone.",
    .example = "leadferry config schema",
    .run = run_schema,
};

const struct command command_config_reference = {
    .name = "config reference",
    .arguments = "",
    .summary = "Print the reference of all settings as Markdown",
    .details = "It is docs/configuration.md.",
    .example = "leadferry config reference",
    .run = run_reference,
};
