/* `leadferry recover`: what an earlier run left open is settled. */
#include "cli/command_list.h"
#include "cli/jobs.h"

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  return job_command(cli, job_do_recover, error);
}

const struct command command_recover = {
    .name = "recover",
    .arguments = "",
    .summary = "Settle what an interrupted run left open",
    .details = "Asks Instantly about every batch that was sent and never answered, and releases claims that were never "
               "sent. Sends "
               "nothing. Every job does this first; the command is for people who want to know now. Exit code 5 when "
               "Instantly "
               "did not answer: claims stay open until it does.",
    .example = "leadferry recover",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY,
    .writes = true,
    .run = run,
};
