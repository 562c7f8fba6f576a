/* `leadferry complete`: finished leads leave Instantly. */
#include "cli/command_list.h"
#include "cli/jobs.h"

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  return job_command(cli, job_do_complete, error);
}

static const struct command_option options[] = {
    {"allow-mass-removal", OPTION_INT, "N",
     "remove although a safety stop says it is too much; N is the planned number"},
    {"allow-shrunk-source", OPTION_INT, "N",
     "go on although the source lost most of its rows; N is the number that it has now"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_complete = {
    .name = "complete",
    .arguments = "",
    .summary = "Remove leads whose sequence is over",
    .details = "Removes, moves or keeps enrolments that are over and past their grace, as `complete.outcomes` says; "
               "each is read again "
               "first, and only what Instantly confirmed gone is recorded. Until `complete.armed` is true it prints "
               "what is due "
               "and exits with 6. A removal that the campaign's own numbers cannot explain stops everything; "
               "--allow-mass-removal=N, equal to the planned number, lets it pass once.",
    .example = "leadferry complete --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY,
    .writes = true,
    .options = options,
    .run = run,
};
