#pragma once
/* The command line: which command, which options, which arguments.
 *
 * Common options may stand before or after the command, those of a command only after it; `--name value` and
 * `--name=value` are the same; `--` ends the options. An option may be given once (--set as often as needed).
 * Errors: ERROR_USAGE with the nearest command or option. */
#include "cli/command.h"

/* What was asked for. Strings are borrowed from argv. */
struct command_line {
  const struct command *command; /* NULL: none was named */
  const char *group;             /* "config" when only the first word of two-word commands was named */
  GPtrArray *arguments;          /* char *, a NULL at the end that is not counted */
  bool wants_help, wants_version;
};

/* The options that every command takes; ends with a NULL name. --dry-run counts only where the command writes. */
extern const struct command_option common_options[];

/* Is it an option of this command, its own or a common one it takes? NULL when it is not. */
const struct command_option *option_find(const struct command *command, const char *name);

/* The command of this name ("runs list"), or NULL. */
const struct command *command_find(const char *name);

/* Is it the first word of two-word commands? */
bool command_is_group(const char *word);

/* Fills line and the option fields of cli (which must be empty). Free both with their clear functions. */
bool command_line_parse(struct command_line *line, struct cli *cli, int argc, char **argv,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Frees what it holds; may be called twice. */
void command_line_clear(struct command_line *line);
