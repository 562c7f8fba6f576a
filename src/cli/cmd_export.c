/* `leadferry export`: leads go out. */
#include "cli/command_list.h"
#include "cli/jobs.h"

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  return job_command(cli, job_do_export, error);
}

const struct command command_export = {
    .name = "export",
    .arguments = "",
    .summary = "Add eligible leads to their campaigns",
    .details =
        "Claims every lead that may be mailed, sends the claims in batches and settles each answer row by row. Nobody "
        "is sent "
        "twice, also after a crash. Says how many were added, how many Instantly refused, and why the others were left "
        "out or deferred. --limit N claims at most N; --dry-run shows the numbers that `plan` shows. Exit code 3 when "
        "something was refused or nothing could be added, 5 when answers are still unknown (`leadferry recover`).",
    .example = "leadferry export --limit 100",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY | NEEDS_INBOX,
    .writes = true,
    .run = run,
};
