#include "cli/config.h"
#include "cli/config_read.h"
#include <stdarg.h>
#include <string.h>

#define DEFAULT_FILE "leadferry.yaml"

static void problem_clear(gpointer data)
{
  struct config_problem *problem = data;
  g_free(problem->place);
  g_free(problem->path);
  g_free(problem->message);
}

void config_init(struct config *config, struct settings *settings)
{
  *config = (struct config){.settings = settings};
  config->sources = g_new0(struct config_source, settings_table_n());
  config->problems = g_array_new(FALSE, TRUE, sizeof(struct config_problem));
  g_array_set_clear_func(config->problems, problem_clear);
  config->warnings = g_ptr_array_new_with_free_func(g_free);
}

void config_clear(struct config *config)
{
  g_clear_pointer(&config->path, g_free);
  g_clear_pointer(&config->sources, g_free);
  g_clear_pointer(&config->problems, g_array_unref);
  g_clear_pointer(&config->warnings, g_ptr_array_unref);
}

void config_problem_add(struct config *config, const struct config_problem *where, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  struct config_problem problem = *where;
  problem.place = g_strdup(where->place);
  problem.path = g_strdup(where->path);
  problem.message = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_array_append_val(config->problems, problem);
}

char *config_problem_text(const struct config_problem *problem)
{
  g_autofree char *position =
      problem->line > 0 ? g_strdup_printf(":%zu:%zu", problem->line, problem->column) : g_strdup("");
  return g_strdup_printf("%s%s: %s%s%s", problem->place, position, problem->path ? problem->path : "",
                         problem->path ? ": " : "", problem->message);
}

/* True without problems; else the error that tells them all. */
static bool config_verdict(const struct config *config, GError **error)
{
  if (config->problems->len == 0) return true;
  g_autoptr(GString) text = g_string_new(NULL);
  if (config->problems->len > 1)
    g_string_append_printf(text, "%u problems in the configuration:\n", config->problems->len);
  for (size_t i = 0; i < config->problems->len; i++) {
    g_autofree char *line = config_problem_text(&g_array_index(config->problems, struct config_problem, i));
    g_string_append_printf(text, "%s%s", i > 0 ? "\n" : "", line);
  }
  error_set(error, ERROR_CONFIG, "%s", text->str);
  return false;
}

bool config_load_bytes(struct config *config, const struct config_options *options, const struct config_text *text,
                       GError **error)
{
  config->path = g_strdup(text->name);
  config_read_defaults(config);
  struct yaml_node *root = yaml_read(config, text->name, text->bytes, text->size);
  bool is_readable = config->problems->len == 0 || root;
  if (root) config_read_tree(config, root);
  yaml_node_free(root);
  if (options->environment) config_read_environment(config, options->environment);
  if (options->overrides) config_read_overrides(config, options->overrides);
  if (is_readable) config_check(config, options->requires_key);
  return config_verdict(config, error);
}

char *config_find_path(const struct config_options *options)
{
  if (options->path) return g_strdup(options->path);
  const char *named = options->environment ? g_environ_getenv((char **)options->environment, "LEADFERRY_CONFIG") : NULL;
  return g_strdup(named && *named ? named : DEFAULT_FILE);
}

static bool config_read_file(const char *path, char **bytes, size_t *size, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
    error_set(error, ERROR_CONFIG, "%s is a folder; name the file in it with --config", path);
    return false;
  }
  if (g_file_get_contents(path, bytes, size, &failure)) return true;
  if (g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    error_set(error, ERROR_CONFIG, "there is no configuration %s; `leadferry init` writes one, --config names another",
              path);
  else
    error_set(error, ERROR_CONFIG, "the configuration cannot be read: %s", failure->message);
  return false;
}

bool config_load(struct config *config, const struct config_options *options, GError **error)
{
  g_autofree char *path = config_find_path(options);
  g_autofree char *bytes = NULL;
  size_t size = 0;
  if (!config_read_file(path, &bytes, &size, error)) return false;
  struct config_text text = {path, bytes, size};
  return config_load_bytes(config, options, &text, error);
}

void config_take_google(struct settings *settings)
{
  settings->warehouse.emulator_host = g_strdup(g_getenv("BIGQUERY_EMULATOR_HOST"));
  settings->warehouse.environment = g_getenv;
}
