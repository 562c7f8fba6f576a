/* `leadferry sync`: statuses come home. */
#include "cli/command_list.h"
#include "cli/jobs.h"

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  return job_command(cli, job_do_sync, error);
}

static const struct command_option options[] = {
    {"full", OPTION_FLAG, NULL,
     "scan all configured campaigns, and lists for rows of ours, even if that was done today"},
    {"allow-shrunk-exclusion", OPTION_INT, "N", "see `leadferry export --help`"},
    {"allow-shrunk-source", OPTION_INT, "N",
     "with source.gone: stop, take who left for gone although the source lost most of its rows; see `export --help`"},
    {"allow-hit", OPTION_INT, "N",
     "let stops from lists, domains and the like end exactly N running leads, as an earlier sync said"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_sync = {
    .name = "sync",
    .arguments = "",
    .summary = "Read statuses from Instantly into the warehouse",
    .details =
        "Reads campaign analytics, the leads that can still change, once a day all leads of the configured campaigns "
        "and the "
        "stops of the workspace; records what changed and brings the columns of `leads` up to it. --full scans all "
        "campaigns now.",
    .example = "leadferry sync --full",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY,
    .writes = true,
    .options = options,
    .run = run,
};
