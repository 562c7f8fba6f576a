/* `leadferry help [COMMAND]`. */
#include "cli/command_list.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/output.h"

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  g_autofree char *name = argc > 0 ? g_strjoinv(" ", argv) : NULL;
  g_autofree char *text = NULL;
  if (option_flag(cli, "markdown"))
    text = help_markdown();
  else if (option_flag(cli, "exit-codes"))
    text = help_exit_codes_markdown();
  else if (option_flag(cli, "differences"))
    text = help_differences_markdown();
  else if (!name)
    text = help_overview();
  else if (command_find(name))
    text = help_command(command_find(name));
  else if (command_is_group(name))
    text = help_group(name);
  else
    error_set(error, ERROR_USAGE, "there is no command '%s'; `leadferry help` lists them", name);
  if (text) out_print("%s", text);
  return EXIT_CODE_OK;
}

static const struct command_option options[] = {
    {"markdown", OPTION_FLAG, NULL, "print the reference of all commands (docs/commands.md)"},
    {"exit-codes", OPTION_FLAG, NULL, "print the reference of exit codes (docs/exit-codes.md)"},
    {"differences", OPTION_FLAG, NULL, "print the reference of what verify finds (docs/verify.md)"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_help = {
    .name = "help",
    .arguments = "[COMMAND]",
    .summary = "Show all commands, or the help page of one",
    .details = "",
    .example = "leadferry help config show",
    .options = options,
    .arguments_max = 2,
    .run = run,
};
