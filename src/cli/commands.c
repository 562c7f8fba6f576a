/* The table of commands, in the order of the help page. */
#include "cli/command_list.h"

const struct command *const commands[] = {
    &command_init,
    &command_validate,
    &command_doctor,
    &command_schema_apply,
    &command_schema_check,
    &command_import,
    &command_export,
    &command_sync,
    &command_complete,
    &command_recover,
    &command_run,
    &command_config_show,
    &command_config_schema,
    &command_config_reference,
    &command_help,
    &command_version,
    NULL,
};
