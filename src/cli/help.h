#pragma once
/* Help pages, made from the table of commands: on standard output for `help` and `--help`, as Markdown for
 * docs/commands.md and docs/exit-codes.md. */
#include "cli/command.h"

/* The overview: every command with its summary, the common options, the exit codes. Caller frees. */
char *help_overview(void);

/* The page of one command: usage, summary, details, options, exit codes, example. Caller frees. */
char *help_command(const struct command *command);

/* The commands whose first word is this. Caller frees. */
char *help_group(const char *group);

/* docs/commands.md: every command. Caller frees. */
char *help_markdown(void);

/* docs/exit-codes.md. Caller frees. */
char *help_exit_codes_markdown(void);

/* docs/verify.md. Caller frees. */
char *help_differences_markdown(void);
