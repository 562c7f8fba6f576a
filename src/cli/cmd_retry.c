/* `leadferry retry`: refused leads are taken up again, held ones that are named are let go. */
#include "base/json.h"
#include "base/text.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/lead_find.h"
#include "cli/output.h"
#include "core/job.h"

static bool check_choice(const struct cli *cli, GError **error)
{
  int chosen_n =
      (option_string(cli, "lead-id") != NULL) + (option_string(cli, "type") != NULL) + option_flag(cli, "all");
  if (chosen_n == 1) return true;
  error_set(error, ERROR_USAGE, "retry needs one of --lead-id ID, --type REASON and --all%s",
            chosen_n ? ", not several" : "; `leadferry status` shows what there is");
  return false;
}

static void print_result(const struct cli *cli, const struct brake_report *report)
{
  g_autofree char *count = text_thousands(report->changed_n);
  if (cli->is_json) {
    g_autoptr(GString) out = g_string_new("{");
    json_append_bool(out, "dry_run", cli->is_dry_run);
    json_append_int(out, "retried", report->changed_n);
    json_append_bool(out, "left_in_inbox", report->was_left);
    g_string_append_c(out, '}');
    out_line(out->str);
  } else if (cli->is_dry_run) {
    out_print("%s leads would be taken up again\n", count);
  } else if (report->was_left) {
    out_line("recorded for the job that runs");
  } else {
    out_print("%s leads are taken up again by the next export\n", count);
  }
  brake_note_left(cli, report);
}

static bool retry(struct cli *cli, const struct brake *row, struct brake_report *report, GError **error)
{
  struct retry_query query = brake_retry_query(row);
  query.is_dry_run = true;
  *report = (struct brake_report){0};
  if (cli->is_dry_run) return retry_leads(cli->warehouse, &query, &report->changed_n, error);
  return brakes_write(cli->warehouse, row, 1, report, error);
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  if (!check_choice(cli, error)) return EXIT_CODE_USAGE;
  const char *wanted = option_string(cli, "lead-id");
  g_autofree char *lead_id = NULL;
  if (wanted && !lead_find_id(cli->warehouse, wanted, &lead_id, error)) return EXIT_CODE_FAILED;
  struct job job;
  cli_job_init(cli, &job);
  struct brake row = {.kind = BRAKE_RETRY,
                      .reason = option_string(cli, "type"),
                      .limit = cli->limit == SETTING_UNLIMITED ? 0 : cli->limit,
                      .event = {.lead_id = lead_id, .run_id = job.run_id}};
  struct brake_report report;
  bool is_ok = retry(cli, &row, &report, error);
  if (is_ok) print_result(cli, &report);
  job_clear(&job);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const struct command_option options[] = {
    {"lead-id", OPTION_STRING, "ID", "this lead: its lead_id, reference or address; also ends a hold"},
    {"type", OPTION_STRING, "REASON", "leads whose last claim ended with this reason"},
    {"all", OPTION_FLAG, NULL, "every lead that Instantly refused"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_retry = {
    .name = "retry",
    .arguments = "",
    .summary = "Take refused or held leads up again",
    .details = "Leads that Instantly refused, skipped or had in another campaign are not tried again by themselves; "
               "this makes them "
               "eligible once more. A held lead is let go only when it is named with --lead-id.",
    .example = "leadferry retry --type invalid_email --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE,
    .writes = true,
    .options = options,
    .run = run,
};
