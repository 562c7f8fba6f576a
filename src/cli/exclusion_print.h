#pragma once
/* What a plan, an export and a sync say of source.exclude. */
#include "cli/command.h"
#include "core/exclusion.h"

/* One line where a table is configured, and one about cells that say nothing of use; what waits or failed. */
void print_exclusion(const struct cli *cli, const struct exclusion_report *report);
/* The same as the member "exclusion" of a JSON object that is open: null without such a table. */
void json_exclusion(GString *out, const struct cli *cli, const struct exclusion_report *report);
