#pragma once
/* What a stop has not undone and what will happen next: said at once by the command that records it, from the ledger
 * alone. */
#include "cli/brake_cli.h"

/* Looks at the leads of a stopped person, under any +tag they were exported with. Text: one note per lead. JSON:
 * members "leads" of the object that `members` is the beginning of. Nothing where the warehouse cannot be read now. */
bool brake_person_effect(struct cli *cli, const char *person, const struct brake_report *report, GString *members,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How many leads run on in Instantly although a hold is on: of a campaign, or of all (NULL). */
bool brake_hold_effect(struct cli *cli, const char *campaign_id, GString *members,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
