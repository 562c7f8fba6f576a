/* `leadferry init`: writes the commented configuration, with the few values that were given. */
#include "base/json.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "cli/config.h"
#include "cli/config_doc.h"
#include "cli/output.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The options that stand for one setting each. */
static const struct {
  const char *option;
  const char *path;
} shortcuts[] = {
    {"base-url", "instantly.base_url"},
    {"warehouse", "warehouse.path"},
    {"api-key-env", "instantly.api_key_env"},
    {"api-key-file", "instantly.api_key_file"},
};

static void add_value(GArray *values, const char *path, const char *value)
{
  struct template_value entry = {path, value};
  g_array_append_val(values, entry);
}

static bool is_given(const GArray *values, const char *path)
{
  for (guint i = 0; i < values->len; i++)
    if (strcmp(g_array_index(values, struct template_value, i).path, path) == 0) return true;
  return false;
}

/* Values of options and --set. parts keeps the strings that --set was cut into. */
static bool collect_values(const struct cli *cli, GArray *values, GPtrArray *parts, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS(shortcuts); i++)
    if (option_string(cli, shortcuts[i].option))
      add_value(values, shortcuts[i].path, option_string(cli, shortcuts[i].option));
  for (size_t i = 0; i < cli->overrides->len; i++) {
    char **pair = g_strsplit(g_ptr_array_index(cli->overrides, i), "=", 2);
    g_ptr_array_add(parts, pair);
    const struct setting *row = pair[0] ? setting_find(settings_table, pair[0]) : NULL;
    if (!row || !pair[1] || row->is_secret || row->type == SETTING_MAP || row->type == SETTING_CAMPAIGNS) {
      error_set(error, ERROR_USAGE, "init --set takes SETTING=VALUE of a single setting that is no key; found '%s'",
                pair[0] ? pair[0] : "");
      return false;
    }
    add_value(values, row->path, pair[1]);
  }
  if (!option_string(cli, "api-key-env") && !option_string(cli, "api-key-file"))
    add_value(values, "instantly.api_key_env", "INSTANTLY_API_KEY");
  return true;
}

/* What will be written must be a good configuration. */
static bool check_text(const char *path, const char *text, GError **error)
{
  struct settings settings;
  settings_init(&settings);
  struct config config;
  config_init(&config, &settings);
  struct config_options options = {.requires_key = true};
  struct config_text file = {path, text, strlen(text)};
  bool is_good = config_load_bytes(&config, &options, &file, error);
  config_clear(&config);
  settings_clear(&settings);
  return is_good;
}

static char *make_text(const struct cli *cli, const char *path, GError **error)
{
  g_autoptr(GArray) values = g_array_new(FALSE, TRUE, sizeof(struct template_value));
  g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
  const char *given = option_string(cli, "campaign");
  g_auto(GStrv) campaigns = g_strsplit(given ? given : "", ",", -1);
  if (!collect_values(cli, values, parts, error)) return NULL;
  bool has_one = g_strv_length(campaigns) == 1 && text_is_uuid(campaigns[0]);
  if (has_one && !is_given(values, "export.default_campaign")) /* whose else would leads without a campaign be? */
    add_value(values, "export.default_campaign", campaigns[0]);
  g_autofree char *text =
      config_template((const struct template_value *)values->data, values->len, (const char *const *)campaigns);
  return check_text(path, text, error) ? g_steal_pointer(&text) : NULL;
}

/* Owner alone may read it: it may come to hold a key. */
static bool write_file(const char *path, const char *text, bool may_overwrite, GError **error)
{
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST && !may_overwrite) {
    error_set(error, ERROR_USAGE, "%s exists already; --yes overwrites it, --config FILE names another", path);
    return false;
  }
  if (file < 0 && errno != EEXIST) {
    error_set(error, ERROR_LOCAL, "cannot write %s: %s", path, g_strerror(errno));
    return false;
  }
  if (file >= 0) close(file);
  return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                  error);
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  g_auto(GStrv) environment = g_get_environ();
  struct config_options options = {.path = cli->config_path, .environment = (const char *const *)environment};
  g_autofree char *path = config_find_path(&options);
  g_autofree char *text = make_text(cli, path, error);
  if (!text) return EXIT_CODE_OK;
  if (cli->is_dry_run) {
    out_print("%s", text);
    return EXIT_CODE_OK;
  }
  if (!write_file(path, text, cli->is_yes, error)) return EXIT_CODE_OK;
  if (cli->is_json) {
    g_autoptr(GString) out = g_string_new("{");
    json_append_str(out, "path", path);
    out_print("%s}\n", out->str);
    return EXIT_CODE_OK;
  }
  out_print("Wrote %s. Next: put in your campaigns and the key, then `leadferry validate`, `leadferry doctor`, "
            "`leadferry schema apply`, `leadferry import FILE.csv` and `leadferry plan`.\n",
            path);
  return EXIT_CODE_OK;
}

static const struct command_option options[] = {
    {"base-url", OPTION_STRING, "URL", "instantly.base_url"},
    {"campaign", OPTION_STRING, "ID[,ID...]", "the ids of the campaigns to feed"},
    {"warehouse", OPTION_STRING, "PATH", "warehouse.path, the database file"},
    {"api-key-env", OPTION_STRING, "NAME", "the environment variable that holds the key (default INSTANTLY_API_KEY)"},
    {"api-key-file", OPTION_STRING, "PATH", "the file that holds the key"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_init = {
    .name = "init",
    .arguments = "",
    .summary = "Write a commented configuration",
    .details = "Writes leadferry.yaml (or the file of --config) readable by its owner alone, with every setting as a "
               "comment. An existing file is overwritten with --yes alone. --set SETTING=VALUE writes that value. "
               "Nothing is asked.",
    .example = "leadferry init --campaign 0190a000-0000-7000-8000-000000000001 --api-key-file instantly.key",
    .writes = true,
    .options = options,
    .run = run,
};
