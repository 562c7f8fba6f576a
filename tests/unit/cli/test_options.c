/* The command line: which command, options, arguments, and what is said about wrong ones. */
#include "cli/config.h"
#include "cli/help.h"
#include "cli/options.h"
#include <string.h>

struct fixture {
  struct cli cli;
  struct command_line line;
  GError *error;
  char **argv; /* the line borrows from it */
};

static bool parse(struct fixture *f, const char *words)
{
  *f = (struct fixture){.cli = {.limit = SETTING_UNLIMITED}};
  f->cli.options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  f->cli.overrides = g_ptr_array_new_null_terminated(4, g_free, TRUE);
  g_autofree char *all = g_strconcat("leadferry ", words, NULL);
  f->argv = g_strsplit(all, " ", -1);
  int argc = (int)g_strv_length(f->argv) - (*words == '\0');
  return command_line_parse(&f->line, &f->cli, argc, f->argv, &f->error);
}

static void clear(struct fixture *f)
{
  g_clear_error(&f->error);
  command_line_clear(&f->line);
  g_strfreev(f->argv);
  g_hash_table_unref(f->cli.options);
  g_ptr_array_unref(f->cli.overrides);
}

static const struct {
  const char *words;
  const char *command;
  const char *arguments;
} good[] = {
    {"version", "version", ""},
    {"--json version", "version", ""},
    {"version --json", "version", ""},
    {"--config x.yaml version", "version", ""},
    {"--config=x.yaml version", "version", ""},
    {"config show", "config show", ""},
    {"--quiet config show --json", "config show", ""},
    {"-- config show", "config show", ""},
    {"config --json show", "config show", ""},
    {"help", "help", ""},
    {"help export", "help", "export"},
    {"help config show", "help", "config show"},
    {"help -- --json", "help", "--json"},
    {"help -", "help", "-"},
    {"schema apply --dry-run", "schema apply", ""},
    {"--dry-run schema apply", "schema apply", ""},
    {"init --campaign a,b --yes", "init", ""},
    {"version -h", "version", ""},
};

static void test_good(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
    struct fixture f;
    bool is_good = parse(&f, good[i].words);
    g_assert_no_error(f.error);
    g_assert_true(is_good);
    g_assert_cmpstr(f.line.command->name, ==, good[i].command);
    g_autofree char *arguments = g_strjoinv(" ", (char **)f.line.arguments->pdata);
    g_assert_cmpstr(arguments, ==, good[i].arguments);
    clear(&f);
  }
}

static const struct {
  const char *words;
  const char *said;
} bad[] = {
    {"validat", "there is no command 'validat'; did you mean 'validate'?"},
    {"frobnicate", "there is no command 'frobnicate'; `leadferry help` lists them"},
    {"config shwo", "there is no command 'config shwo'; did you mean 'config show'?"},
    {"version --jsn", "version has no option --jsn; did you mean --json?"},
    {"version --frobnicate", "version has no option --frobnicate; `leadferry version --help` lists them"},
    {"--jsn version", "leadferry before a command has no option --jsn; did you mean --json?"},
    {"version --dry-run", "version has no option --dry-run; `leadferry version --help` lists them"},
    {"version --json=yes", "--json takes no value"},
    {"version --config", "--config needs a value: --config FILE"},
    {"version --config --json", "--config needs a value: --config FILE"},
    {"version --limit x", "--limit: expected a whole number of at least 1, found 'x'"},
    {"version --limit -1", "--limit: expected a whole number of at least 1, found '-1'"},
    {"version --limit=", "--limit: expected a whole number of at least 1, found ''"},
    {"--limit 0 runs list", "--limit: expected a whole number of at least 1, found '0'"},
    {"retry --all --limit=00", "--limit: expected a whole number of at least 1, found '00'"},
    {"suppress list --after -1", "--after: expected a whole number of at least 0, found '-1'"},
    {"version --limit 1 --limit 2", "--limit is given twice"},
    {"version now", "version: 'now' is one argument too many; usage: leadferry version"},
    {"version --campaign x", "version has no option --campaign; `leadferry version --help` lists them"},
    {"version -x", "version has no option --x; `leadferry version --help` lists them"},
};

static void test_bad(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    struct fixture f;
    g_assert_false(parse(&f, bad[i].words));
    g_assert_true(error_is(f.error, ERROR_USAGE));
    g_assert_cmpstr(f.error->message, ==, bad[i].said);
    clear(&f);
  }
}

static void test_values(void)
{
  struct fixture f;
  g_assert_true(parse(&f,
                      "--limit 7 init --json --set a.b=1 --set c=d=e --campaign=x --quiet --verbose --yes --show-pii "
                      "--dry-run"));
  g_assert_cmpint(f.cli.limit, ==, 7);
  g_assert_true(f.cli.is_json && f.cli.is_quiet && f.cli.is_verbose && f.cli.is_yes && f.cli.shows_pii);
  g_assert_true(f.cli.is_dry_run);
  g_assert_cmpuint(f.cli.overrides->len, ==, 2);
  g_assert_cmpstr(g_ptr_array_index(f.cli.overrides, 1), ==, "c=d=e");
  g_assert_cmpstr(option_string(&f.cli, "campaign"), ==, "x");
  g_assert_null(option_string(&f.cli, "warehouse"));
  g_assert_true(option_flag(&f.cli, "json"));
  g_assert_cmpint(option_int(&f.cli, "limit", 3), ==, 7);
  g_assert_cmpint(option_int(&f.cli, "since", 3), ==, 3);
  clear(&f);
}

static void test_unlimited(void)
{
  struct fixture f;
  g_assert_true(parse(&f, "version --limit unlimited"));
  g_assert_cmpint(f.cli.limit, ==, SETTING_UNLIMITED);
  clear(&f);
}

static void test_without_command(void)
{
  struct fixture f;
  g_assert_true(parse(&f, ""));
  g_assert_true(!f.line.command && !f.line.group && !f.line.wants_help);
  clear(&f);
  g_assert_true(parse(&f, "--help"));
  g_assert_true(!f.line.command && f.line.wants_help);
  clear(&f);
  g_assert_true(parse(&f, "--version"));
  g_assert_true(f.line.wants_version);
  clear(&f);
  g_assert_true(parse(&f, "config --help"));
  g_assert_cmpstr(f.line.group, ==, "config");
  g_assert_true(f.line.wants_help);
  clear(&f);
}

/* Every command has a page with everything that is promised, and its options are not those of all commands. */
static void test_pages(void)
{
  for (size_t i = 0; commands[i]; i++) {
    const struct command *command = commands[i];
    g_autofree char *page = help_command(command);
    g_autofree char *usage = g_strdup_printf("Usage: leadferry %s ", command->name);
    g_assert_true(g_str_has_prefix(page, usage));
    g_assert_nonnull(command->summary);
    g_assert_nonnull(command->arguments);
    g_assert_nonnull(command->run);
    g_assert_nonnull(strstr(page, command->summary));
    g_assert_nonnull(strstr(page, "Exit codes:"));
    g_assert_nonnull(strstr(page, "Example:\n  leadferry "));
    g_assert_true((strstr(page, "--dry-run") != NULL) == command->writes);
    g_assert_cmpint(command->arguments_min, <=, command->arguments_max);
    for (const struct command_option *option = command->options; option && option->name; option++) {
      g_assert_true((option->type == OPTION_FLAG) == (option->argument == NULL));
      g_assert_true(option_find(NULL, option->name) == NULL);
    }
    for (size_t j = 0; j < i; j++)
      g_assert_cmpstr(command->name, !=, commands[j]->name);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/options/good", test_good);
  g_test_add_func("/options/bad", test_bad);
  g_test_add_func("/options/values", test_values);
  g_test_add_func("/options/unlimited", test_unlimited);
  g_test_add_func("/options/without_command", test_without_command);
  g_test_add_func("/options/pages", test_pages);
  return g_test_run();
}
