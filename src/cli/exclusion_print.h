#pragma once
/* What a plan, an export and a sync say of source.exclude and source.gone. */
#include "cli/command.h"
#include "core/exclusion.h"
#include "core/gone.h"

/* One line where a table is configured, and one about cells that say nothing of use; what waits or failed. */
void print_exclusion(const struct cli *cli, const struct exclusion_report *report);
/* The same as the member "exclusion" of a JSON object that is open: null without such a table. */
void json_exclusion(GString *out, const struct cli *cli, const struct exclusion_report *report);

/* The word of the setting: keep or stop. */
const char *gone_rule_name(enum gone_rule rule);
/* Who left the source, and what becomes of it: in a plan (is_plan) always, else where there is something to say. */
void print_gone(const struct cli *cli, const struct gone_report *report, bool is_plan);
/* The same as the member "gone" of a JSON object that is open. */
void json_gone(GString *out, const struct cli *cli, const struct gone_report *report);
