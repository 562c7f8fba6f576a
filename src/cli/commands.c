/* The table of commands, in the order of the help page. */
#include "cli/command_list.h"

const struct command *const commands[] = {
    &command_import,
    &command_help,
    &command_version,
    NULL,
};
