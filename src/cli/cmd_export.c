/* `leadferry export`: leads go out. */
#include "cli/command_list.h"
#include "cli/jobs.h"

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  return job_command(cli, job_do_export, error);
}

static const struct command_option options[] = {
    {"allow-shrunk-source", OPTION_INT, "N",
     "go on although the source lost most of its rows; N is the number that it has now"},
    {"allow-shrunk-exclusion", OPTION_INT, "N",
     "end the stops of source.exclude although the table lost most of them; N is how many end"},
    {"allow-lost-stops", OPTION_INT, "N", "go on although somebody deleted N rows of the table of stops"},
    {"bootstrap", OPTION_FLAG, NULL, "rebuild a lost ledger from Instantly's list first: rows with our stamp are ours"},
    {"no-gate", OPTION_FLAG, NULL,
     "run although nothing has changed since an export that had nothing to do (BigQuery)"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_export = {
    .name = "export",
    .arguments = "",
    .summary = "Add eligible leads to their campaigns",
    .details =
        "Claims every lead that may be mailed, sends the claims in batches and settles each answer row by row. Nobody "
        "is sent "
        "twice, also after a crash. Says how many were added, how many Instantly refused, and why the others were left "
        "out or deferred. --limit N claims at most N; --dry-run shows the numbers that `plan` shows. Exit code 3 when "
        "something was refused or nothing could be added, 5 when answers are still unknown (`leadferry recover`), 6 "
        "when "
        "Instantly holds leads with our stamp that the ledger does not know: it was lost, or restored from an older "
        "backup (--bootstrap then rebuilds it from Instantly's list before it claims anybody), or when the source lost "
        "more than source.max_shrink_percent of its rows (--allow-shrunk-source), or the table of source.exclude of "
        "its "
        "addresses (--allow-shrunk-exclusion), or rows of the table of stops were deleted by somebody else "
        "(--allow-lost-stops). On "
        "BigQuery an export is skipped, at no cost, while nothing has changed since one that had nothing to do; "
        "--no-gate runs it anyway.",
    .example = "leadferry export --limit 100",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY | NEEDS_INBOX,
    .writes = true,
    .options = options,
    .run = run,
};
