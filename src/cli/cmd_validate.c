/* `leadferry validate`: the configuration, offline. */
#include "base/json.h"
#include "cli/command_list.h"
#include "cli/config.h"
#include "cli/output.h"

static void append_problem(GString *out, const struct config_problem *problem)
{
  g_string_append(out, out->str[out->len - 1] == '[' ? "{" : ",{");
  json_append_str(out, "place", problem->place);
  json_append_int(out, "line", (int64_t)problem->line);
  json_append_int(out, "column", (int64_t)problem->column);
  json_append_str(out, "setting", problem->path);
  json_append_str(out, "message", problem->message);
  g_string_append_c(out, '}');
}

static void print_json(const struct config *config, bool is_valid)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_str(out, "file", config->path);
  json_append_bool(out, "is_valid", is_valid);
  json_append_key(out, "problems");
  g_string_append_c(out, '[');
  for (size_t i = 0; i < config->problems->len; i++)
    append_problem(out, &g_array_index(config->problems, struct config_problem, i));
  g_string_append_c(out, ']');
  json_append_key(out, "warnings");
  g_string_append_c(out, '[');
  for (size_t i = 0; i < config->warnings->len; i++) {
    if (i > 0) g_string_append_c(out, ',');
    json_append_string(out, g_ptr_array_index(config->warnings, i));
  }
  g_string_append_c(out, ']');
  out_print("%s}\n", out->str);
}

/* A key that is not there is wrong, but for a variable that other hosts may have. */
static bool check_key(struct config *config, const char *const *environment, GError **error)
{
  g_autofree char *warning = NULL;
  g_autoptr(GError) failure = NULL;
  bool is_resolved = config_resolve_key(config->settings, environment, &warning, &failure);
  if (warning) g_ptr_array_add(config->warnings, g_steal_pointer(&warning));
  if (is_resolved) return true;
  if (config->settings->instantly.api_key_env) {
    g_ptr_array_add(config->warnings, g_strdup(failure->message));
    return true;
  }
  config_problem_add(config, &(struct config_problem){.place = config->path}, "%s", failure->message);
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  g_auto(GStrv) environment = g_get_environ();
  struct config config;
  config_init(&config, &cli->settings);
  struct config_options options = {.path = cli->config_path,
                                   .overrides = (const char *const *)cli->overrides->pdata,
                                   .environment = (const char *const *)environment,
                                   .requires_key = true};
  bool is_valid = config_load(&config, &options, error);
  if (is_valid) is_valid = check_key(&config, options.environment, error);
  if (is_valid && cli->settings.campaigns->len == 0)
    g_ptr_array_add(config.warnings, g_strdup("campaigns is empty: nothing can be exported"));
  if (cli->is_json && config.path) print_json(&config, is_valid);
  for (size_t i = 0; !cli->is_json && i < config.warnings->len; i++)
    out_note(cli, "leadferry: warning: %s", (const char *)g_ptr_array_index(config.warnings, i));
  if (!cli->is_json && is_valid)
    out_print("%s: no problems, %u campaign%s\n", config.path, cli->settings.campaigns->len,
              cli->settings.campaigns->len == 1 ? "" : "s");
  config_clear(&config);
  return EXIT_CODE_OK;
}

const struct command command_validate = {
    .name = "validate",
    .arguments = "",
    .summary = "Check the configuration without asking anybody",
    .details =
        "Reports everything that is wrong at once, with file, line, column and what was expected. The network is "
        "not used; `doctor` goes further.",
    .example = "leadferry validate --config leadferry.yaml",
    .run = run,
};
