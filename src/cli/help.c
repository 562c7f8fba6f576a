#include "cli/help.h"
#include "cli/options.h"
#include "core/verify.h"
#include <string.h>

#define WRAP_COLUMNS 96

static const struct {
  enum exit_code code;
  const char *name;
  const char *meaning;
} exit_codes[] = {
    {EXIT_CODE_OK, "ok", "everything that was to be done is done"},
    {EXIT_CODE_FAILED, "failed", "the command failed; the sentence on standard error says what and where"},
    {EXIT_CODE_USAGE, "usage", "the command line is wrong"},
    {EXIT_CODE_PARTIAL, "partial", "done, but some rows were refused or failed"},
    {EXIT_CODE_AUTH, "authentication", "Instantly refused the key, its scopes or the plan, or Google its credentials"},
    {EXIT_CODE_TEMPORARY, "temporary", "may work later: time-outs, server errors, a busy database"},
    {EXIT_CODE_SAFETY, "safety stop", "going on could mail somebody twice or delete too much"},
    {EXIT_CODE_LOCKED, "locked", "another run holds the lock"},
    {EXIT_CODE_CONFIG, "configuration", "the configuration, the schema or a permission needs a person"},
    {EXIT_CODE_SIGINT, "interrupted", "stopped cleanly after SIGINT"},
    {EXIT_CODE_SIGPIPE, "output closed",
     "whoever read standard output stopped reading, as `head` does; nothing failed"},
    {EXIT_CODE_SIGTERM, "terminated", "stopped cleanly after SIGTERM"},
};

/* Appends text in lines of at most WRAP_COLUMNS, each behind indent. */
static void append_wrapped(GString *out, const char *text, const char *indent)
{
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  size_t column = 0;
  for (size_t i = 0; words[i]; i++) {
    if (column > 0 && column + 1 + strlen(words[i]) > WRAP_COLUMNS) {
      g_string_append_c(out, '\n');
      column = 0;
    }
    g_string_append(out, column == 0 ? indent : " ");
    g_string_append(out, words[i]);
    column += (column == 0 ? strlen(indent) : 1) + strlen(words[i]);
  }
  g_string_append_c(out, '\n');
}

static char *option_usage(const struct command_option *option)
{
  return g_strdup_printf("--%s%s%s", option->name, option->argument ? " " : "",
                         option->argument ? option->argument : "");
}

static void append_options(GString *out, const struct command_option *options, const struct command *command)
{
  for (const struct command_option *option = options; option && option->name; option++) {
    g_autofree char *usage = option_usage(option);
    if (!command || option_find(command, option->name))
      g_string_append_printf(out, "  %-28s %s\n", usage, option->help);
  }
}

static void append_exit_codes(GString *out)
{
  g_string_append(out, "\nExit codes:\n");
  for (size_t i = 0; i < G_N_ELEMENTS(exit_codes); i++)
    g_string_append_printf(out, "  %3d  %-15s %s\n", (int)exit_codes[i].code, exit_codes[i].name,
                           exit_codes[i].meaning);
}

char *help_overview(void)
{
  GString *out =
      g_string_new("leadferry moves leads from a warehouse into Instantly campaigns, follows them and brings "
                   "the outcome home.\n\nUsage: leadferry [OPTIONS] COMMAND [ARGUMENTS]\n\nCommands:\n");
  for (size_t i = 0; commands[i]; i++)
    g_string_append_printf(out, "  %-18s %s\n", commands[i]->name, commands[i]->summary);
  g_string_append(out, "\nCommon options:\n");
  append_options(out, common_options, NULL);
  g_string_append(out, "  --version                    print the version\n");
  append_exit_codes(out);
  g_string_append(out, "\n`leadferry COMMAND --help` shows one command with an example.\n");
  return g_string_free(out, FALSE);
}

char *help_command(const struct command *command)
{
  GString *out = g_string_new(NULL);
  g_string_append_printf(out, "Usage: leadferry %s [OPTIONS]%s%s\n\n", command->name, *command->arguments ? " " : "",
                         command->arguments);
  append_wrapped(out, command->summary, "");
  if (command->details && *command->details) {
    g_string_append_c(out, '\n');
    append_wrapped(out, command->details, "");
  }
  if (command->options && command->options->name) {
    g_string_append(out, "\nOptions:\n");
    append_options(out, command->options, command);
  }
  g_string_append(out, "\nCommon options:\n");
  append_options(out, common_options, command);
  append_exit_codes(out);
  g_auto(GStrv) examples = g_strsplit(command->example, "\n", -1);
  g_string_append(out, "\nExample:\n");
  for (size_t i = 0; examples[i]; i++)
    g_string_append_printf(out, "  %s\n", examples[i]);
  return g_string_free(out, FALSE);
}

char *help_group(const char *group)
{
  GString *out = g_string_new(NULL);
  g_autofree char *prefix = g_strconcat(group, " ", NULL);
  g_string_append_printf(out, "Usage: leadferry %s COMMAND\n\nCommands:\n", group);
  for (size_t i = 0; commands[i]; i++)
    if (g_str_has_prefix(commands[i]->name, prefix))
      g_string_append_printf(out, "  %-18s %s\n", commands[i]->name, commands[i]->summary);
  return g_string_free(out, FALSE);
}

/* A cell of a Markdown table: a bar would end it. */
static char *cell(const char *text)
{
  GString *out = g_string_new(text);
  g_string_replace(out, "|", "\\|", 0);
  return g_string_free(out, FALSE);
}

static void append_options_markdown(GString *out, const struct command_option *options)
{
  g_string_append(out, "\n| option | meaning |\n|---|---|\n");
  for (const struct command_option *option = options; option && option->name; option++) {
    g_autofree char *usage = option_usage(option);
    g_autofree char *safe_usage = cell(usage);
    g_autofree char *safe_help = cell(option->help);
    g_string_append_printf(out, "| `%s` | %s |\n", safe_usage, safe_help);
  }
}

static void append_command_markdown(GString *out, const struct command *command)
{
  g_string_append_printf(out, "\n## %s\n\n", command->name);
  append_wrapped(out, command->summary, "");
  g_string_append_printf(out, "\nUsage: `leadferry %s [OPTIONS]%s%s`%s\n", command->name,
                         *command->arguments ? " " : "", command->arguments,
                         command->writes ? " (writes; takes `--dry-run`)" : "");
  if (command->details && *command->details) {
    g_string_append_c(out, '\n');
    append_wrapped(out, command->details, "");
  }
  if (command->options && command->options->name) append_options_markdown(out, command->options);
  g_string_append_printf(out, "\n```sh\n%s\n```\n", command->example);
}

char *help_markdown(void)
{
  GString *out = g_string_new("# Commands\n\nMade by `leadferry help --markdown`; do not edit.\n\n"
                              "Exit codes: [exit-codes.md](exit-codes.md). Settings: "
                              "[configuration.md](configuration.md).\n\n## Options of every command\n");
  append_options_markdown(out, common_options);
  g_string_append(out, "\n`--dry-run` is taken by the commands that write.\n");
  for (size_t i = 0; commands[i]; i++)
    append_command_markdown(out, commands[i]);
  return g_string_free(out, FALSE);
}

char *help_exit_codes_markdown(void)
{
  GString *out = g_string_new("# Exit codes\n\nMade by `leadferry help --exit-codes`; do not edit.\n\n"
                              "They are part of the interface: scripts may rely on them.\n\n"
                              "| code | name | meaning |\n|---|---|---|\n");
  for (size_t i = 0; i < G_N_ELEMENTS(exit_codes); i++)
    g_string_append_printf(out, "| %d | %s | %s |\n", (int)exit_codes[i].code, exit_codes[i].name,
                           exit_codes[i].meaning);
  g_string_append(
      out, "\nWhere a run meets several of them the worst is reported, from good to bad: 0, 141, 3, 5, 1, 7, 6, 4, "
           "2, 78; the two of\nsignals are above all. A second SIGINT or SIGTERM ends the process at once, "
           "without a code of ours.\n");
  return g_string_free(out, FALSE);
}

char *help_differences_markdown(void)
{
  GString *out =
      g_string_new("# Differences that verify finds\n\nMade by `leadferry help --differences`; do not edit.\n\n"
                   "`leadferry verify` compares the ledger with itself and with Instantly, and mends nothing. It takes "
                   "the lock, so that "
                   "no job\nworks meanwhile, and ends with 0 when nothing differs, with 3 when something does (see "
                   "[exit-codes.md](exit-codes.md)).\n");
  for (int check = 0; check < VERIFY_CHECKS_N; check++) {
    const struct verify_text *text = verify_text((enum verify_check)check);
    g_autofree char *prose = g_strdup_printf("%s. *Do*: %s.", text->meaning, text->fix);
    g_string_append_printf(out, "\n## %s\n\n", text->id);
    append_wrapped(out, prose, "");
  }
  return g_string_free(out, FALSE);
}
