/* `leadferry adopt`: leads that were contacted before leadferry came are followed from now on. */
#include "base/json.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/output.h"
#include "core/adopt.h"
#include "core/job.h"

static void say(const struct cli *cli, const struct adopt_report *report)
{
  if (!cli->is_json) {
    out_print("%d leads %s, %d are in other campaigns only, %d are not in Instantly\n", (int)report->adopted_n,
              cli->is_dry_run ? "would be adopted" : "adopted", (int)report->elsewhere_n, (int)report->absent_n);
    return;
  }
  g_autoptr(GString) out = g_string_new("{");
  json_append_bool(out, "dry_run", cli->is_dry_run);
  json_append_int(out, "looked", report->looked_n);
  json_append_int(out, "adopted", report->adopted_n);
  json_append_int(out, "elsewhere", report->elsewhere_n);
  json_append_int(out, "absent", report->absent_n);
  g_string_append_c(out, '}');
  out_line(out->str);
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  struct job job;
  struct adopt_order order = {0};
  struct adopt_report report = {0};
  const char *reason = option_string(cli, "reason") ? brake_reason(cli, error) : "contacted before";
  if (!reason || !brake_campaign(cli, &order.campaign_id, error)) return EXIT_CODE_USAGE;
  g_autofree char *detail = brake_detail(reason);
  order.detail = detail;
  cli_job_init(cli, &job);
  bool is_ok = adopt_run(&job, &order, &report, error);
  if (is_ok) say(cli, &report);
  job_clear(&job);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const struct command_option options[] = {
    {"campaign", OPTION_STRING, "ID", "only leads that are in this campaign, by id or name"},
    {"reason", OPTION_STRING, "TEXT", "why, in some words"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_adopt = {
    .name = "adopt",
    .arguments = "",
    .summary = "Follow leads that were contacted before leadferry came",
    .details =
        "Rows of `leads` whose columns show that somebody contacted the person earlier are never exported. This asks "
        "Instantly for their addresses and adopts those that are in a configured campaign: the next sync brings "
        "their "
        "statuses home; complete does not remove them unless complete.include_adopted is set. Nobody is sent, "
        "nothing "
        "in Instantly is changed. Doing it twice adopts once.",
    .example = "leadferry adopt --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY,
    .writes = true,
    .options = options,
    .run = run,
};
