#pragma once
/* Every command of the program, one line each: `extern const struct command command_NAME;`, defined in the command's
 * own file. The order of the help page is that of the table in commands.c. Nothing here is called; whoever adds a
 * command writes its file, one line here and one line there. */
#include "cli/command.h"

extern const struct command command_adopt;
extern const struct command command_campaigns_list;
extern const struct command command_campaigns_resume;
extern const struct command command_campaigns_retire;
extern const struct command command_complete;
extern const struct command command_config_reference;
extern const struct command command_config_schema;
extern const struct command command_config_show;
extern const struct command command_doctor;
extern const struct command command_errors_list;
extern const struct command command_errors_show;
extern const struct command command_errors_resolve;
extern const struct command command_explain;
extern const struct command command_export;
extern const struct command command_help;
extern const struct command command_hold_list;
extern const struct command command_hold_off;
extern const struct command command_hold_on;
extern const struct command command_import;
extern const struct command command_init;
extern const struct command command_lead_mark;
extern const struct command command_lead_show;
extern const struct command command_leads_export;
extern const struct command command_lease_break;
extern const struct command command_lease_show;
extern const struct command command_plan;
extern const struct command command_recover;
extern const struct command command_release;
extern const struct command command_retry;
extern const struct command command_run;
extern const struct command command_runs_list;
extern const struct command command_runs_show;
extern const struct command command_schema_apply;
extern const struct command command_schema_check;
extern const struct command command_schema_print;
extern const struct command command_status;
extern const struct command command_suppress_add;
extern const struct command command_suppress_check;
extern const struct command command_suppress_export;
extern const struct command command_suppress_import;
extern const struct command command_suppress_list;
extern const struct command command_suppress_remove;
extern const struct command command_sync;
extern const struct command command_validate;
extern const struct command command_verify;
extern const struct command command_version;
extern const struct command command_withdraw;
