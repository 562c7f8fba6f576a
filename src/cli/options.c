#include "cli/options.h"
#include "base/text.h"
#include <string.h>

const struct command_option common_options[] = {
    {"config", OPTION_STRING, "FILE", "the configuration; else $LEADFERRY_CONFIG, else ./leadferry.yaml"},
    {"set", OPTION_STRING, "SETTING=VALUE", "override one setting; may be given several times"},
    {"json", OPTION_FLAG, NULL, "print JSON instead of text"},
    {"show-pii", OPTION_FLAG, NULL, "print e-mail addresses and names instead of references"},
    {"dry-run", OPTION_FLAG, NULL, "show what would be done and do nothing"},
    {"limit", OPTION_INT, "N", "at most N leads or rows, one or more"},
    {"yes", OPTION_FLAG, NULL, "ask nothing, answer yes"},
    {"quiet", OPTION_FLAG, NULL, "no progress and no notes on standard error"},
    {"verbose", OPTION_FLAG, NULL, "log more"},
    {"help", OPTION_FLAG, NULL, "show the help of the command"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

static const struct command_option *option_in(const struct command_option *options, const char *name)
{
  for (const struct command_option *option = options; option && option->name; option++)
    if (strcmp(option->name, name) == 0) return option;
  return NULL;
}

const struct command_option *option_find(const struct command *command, const char *name)
{
  const struct command_option *own = command ? option_in(command->options, name) : NULL;
  if (own) return own;
  if (command && !command->writes && strcmp(name, "dry-run") == 0) return NULL;
  return option_in(common_options, name);
}

const struct command *command_find(const char *name)
{
  for (size_t i = 0; commands[i]; i++)
    if (strcmp(commands[i]->name, name) == 0) return commands[i];
  return NULL;
}

bool command_is_group(const char *word)
{
  g_autofree char *prefix = g_strconcat(word, " ", NULL);
  for (size_t i = 0; commands[i]; i++)
    if (g_str_has_prefix(commands[i]->name, prefix)) return true;
  return false;
}

static void usage_unknown_command(const char *name, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (size_t i = 0; commands[i]; i++)
    g_ptr_array_add(names, (gpointer)commands[i]->name);
  const char *nearest = text_nearest(name, (const char *const *)names->pdata, names->len);
  if (nearest)
    error_set(error, ERROR_USAGE, "there is no command '%s'; did you mean '%s'?", name, nearest);
  else
    error_set(error, ERROR_USAGE, "there is no command '%s'; `leadferry help` lists them", name);
}

static void usage_unknown_option(const struct command *command, const char *name, GError **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const struct command_option *o = command ? command->options : NULL; o && o->name; o++)
    g_ptr_array_add(names, (gpointer)o->name);
  for (const struct command_option *o = common_options; o->name; o++)
    if (option_find(command, o->name)) g_ptr_array_add(names, (gpointer)o->name);
  const char *nearest = text_nearest(name, (const char *const *)names->pdata, names->len);
  const char *where = command ? command->name : "leadferry before a command";
  if (nearest)
    error_set(error, ERROR_USAGE, "%s has no option --%s; did you mean --%s?", where, name, nearest);
  else
    error_set(error, ERROR_USAGE, "%s has no option --%s; `leadferry%s%s --help` lists them", where, name,
              command ? " " : "", command ? command->name : "");
}

/* The words of the command line and which of them is looked at. */
struct words {
  char **argv;
  int argc;
  int at;
};

/* Takes the option at words->at, moving over a separate value. *value is NULL for flags. */
static const struct command_option *option_take(const struct command *command, struct words *words, const char **value,
                                                GError **error)
{
  const char *given = words->argv[words->at];
  const char *word = strcmp(given, "-h") == 0 ? "--help" : given;
  g_auto(GStrv) parts = g_strsplit(word + (g_str_has_prefix(word, "--") ? 2 : 1), "=", 2);
  const struct command_option *option = option_find(command, parts[0]);
  if (!option) {
    usage_unknown_option(command, parts[0], error);
    return NULL;
  }
  const char *attached = strchr(word, '=');
  if (option->type == OPTION_FLAG && attached) {
    error_set(error, ERROR_USAGE, "--%s takes no value", option->name);
    return NULL;
  }
  *value = NULL;
  if (option->type == OPTION_FLAG) return option;
  /* What looks like the next option is no value: `--type --help` must not run with the type "--help". */
  const char *next = words->at + 1 < words->argc ? words->argv[words->at + 1] : NULL;
  if (!attached && (!next || g_str_has_prefix(next, "--"))) {
    error_set(error, ERROR_USAGE, "--%s needs a value: --%s %s", option->name, option->name, option->argument);
    return NULL;
  }
  *value = attached ? attached + 1 : words->argv[++words->at];
  return option;
}

static bool int_value(const char *text, int64_t *value)
{
  if (strcmp(text, "unlimited") == 0) {
    *value = SETTING_UNLIMITED;
    return true;
  }
  gint64 number = 0;
  bool is_number = g_ascii_string_to_signed(text, 10, 0, INT64_MAX - 1, &number, NULL);
  *value = number;
  return is_number;
}

static void cli_set_flag(struct cli *cli, const char *name)
{
  const struct {
    const char *name;
    bool *flag;
  } flags[] = {{"json", &cli->is_json}, {"show-pii", &cli->shows_pii}, {"dry-run", &cli->is_dry_run},
               {"yes", &cli->is_yes},   {"quiet", &cli->is_quiet},     {"verbose", &cli->is_verbose}};
  for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
    if (strcmp(name, flags[i].name) == 0) *flags[i].flag = true;
}

/* Keeps one option in cli. */
static bool option_keep(struct cli *cli, const struct command_option *option, const char *value, GError **error)
{
  if (strcmp(option->name, "set") == 0) {
    g_ptr_array_add(cli->overrides, g_strdup(value));
    return true;
  }
  if (g_hash_table_contains(cli->options, option->name)) {
    error_set(error, ERROR_USAGE, "--%s is given twice", option->name);
    return false;
  }
  int64_t number = 0;
  /* A limit of 0 would be taken for "all" by one command and for "there are none" by another. */
  int64_t least = strcmp(option->name, "limit") == 0 ? 1 : 0;
  if (option->type == OPTION_INT && (!int_value(value, &number) || number < least)) {
    error_set(error, ERROR_USAGE, "--%s: expected a whole number of at least %d, found '%s'", option->name, (int)least,
              value);
    return false;
  }
  g_hash_table_insert(cli->options, g_strdup(option->name), g_strdup(value ? value : ""));
  cli_set_flag(cli, option->name);
  if (strcmp(option->name, "limit") == 0) cli->limit = number;
  if (strcmp(option->name, "config") == 0) cli->config_path = g_hash_table_lookup(cli->options, "config");
  return true;
}

static bool is_option(const char *word)
{
  return word[0] == '-' && word[1] != '\0';
}

/* Takes one word as the command, its group or the second word after the group; false when it is none. */
static bool command_take(struct command_line *line, const char *word, GError **error)
{
  g_autofree char *name = line->group ? g_strconcat(line->group, " ", word, NULL) : g_strdup(word);
  line->command = command_find(name);
  bool is_group = !line->group && !line->command && command_is_group(word);
  line->group = is_group ? word : NULL;
  if (!line->command && !is_group) usage_unknown_command(name, error);
  return line->command || is_group;
}

/* Finds the command: its words come before any option of its own. */
static bool command_line_find(struct command_line *line, int argc, char **argv, GError **error)
{
  struct words words = {argv, argc, 1};
  for (; words.at < argc && !line->command; words.at++) {
    const char *word = argv[words.at];
    const char *value = NULL;
    if (strcmp(word, "--") == 0) continue;
    if (strcmp(word, "--version") == 0)
      line->wants_version = true;
    else if (is_option(word) ? !option_take(NULL, &words, &value, error) : !command_take(line, word, error))
      return false;
  }
  return true;
}

static bool arguments_fit(const struct command_line *line, GError **error)
{
  const struct command *command = line->command;
  if (!command || line->wants_help) return true;
  int given = (int)line->arguments->len;
  if (given >= command->arguments_min && given <= command->arguments_max) return true;
  g_autofree char *usage = g_strchomp(g_strdup_printf("usage: leadferry %s %s", command->name, command->arguments));
  if (given > command->arguments_max)
    error_set(error, ERROR_USAGE, "%s: '%s' is one argument too many; %s", command->name,
              (const char *)g_ptr_array_index(line->arguments, command->arguments_max), usage);
  else
    error_set(error, ERROR_USAGE, "%s needs an argument; %s", command->name, usage);
  return false;
}

/* Reads all words, now that the command is known. */
static bool command_line_read(struct command_line *line, struct cli *cli, int argc, char **argv, GError **error)
{
  bool options_ended = false;
  int skip_n = line->command ? 1 + (strchr(line->command->name, ' ') != NULL) : line->group != NULL;
  struct words words = {argv, argc, 1};
  for (; words.at < argc; words.at++) {
    char *word = argv[words.at];
    const char *value = NULL;
    if (!options_ended && strcmp(word, "--") == 0) {
      options_ended = true;
    } else if (!options_ended && strcmp(word, "--version") == 0) {
      line->wants_version = true;
    } else if (!options_ended && is_option(word)) {
      const struct command_option *option = option_take(line->command, &words, &value, error);
      if (!option || !option_keep(cli, option, value, error)) return false;
    } else if (skip_n > 0) {
      skip_n--;
    } else {
      g_ptr_array_add(line->arguments, word);
    }
  }
  return true;
}

bool command_line_parse(struct command_line *line, struct cli *cli, int argc, char **argv, GError **error)
{
  *line = (struct command_line){.arguments = g_ptr_array_new()};
  if (!command_line_find(line, argc, argv, error)) return false;
  if (line->wants_version && !line->command) return true;
  if (!command_line_read(line, cli, argc, argv, error)) return false;
  line->wants_help = g_hash_table_contains(cli->options, "help");
  if (!arguments_fit(line, error)) return false;
  g_ptr_array_add(line->arguments, NULL);
  g_ptr_array_set_size(line->arguments, (int)line->arguments->len - 1);
  return true;
}

void command_line_clear(struct command_line *line)
{
  g_clear_pointer(&line->arguments, g_ptr_array_unref);
}

bool option_flag(const struct cli *cli, const char *name)
{
  return g_hash_table_contains(cli->options, name);
}

int64_t option_int(const struct cli *cli, const char *name, int64_t fallback)
{
  const char *text = g_hash_table_lookup(cli->options, name);
  int64_t value = fallback;
  if (text && int_value(text, &value)) return value;
  return fallback;
}

const char *option_string(const struct cli *cli, const char *name)
{
  return g_hash_table_lookup(cli->options, name);
}
