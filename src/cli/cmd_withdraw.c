/* `leadferry withdraw`: a wrong export is taken back as far as it can be. */
#include "base/json.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/output.h"
#include "core/job.h"
#include "core/withdraw.h"

#define LEFT_LISTED 20

/* A run of this name must exist: a typing error is no empty run. */
static bool check_run(struct cli *cli, const char *run_id, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct run_row));
  bool is_ok = report_runs(cli->warehouse, &(struct run_query){.run_id = run_id, .limit = 1}, &page, error);
  if (is_ok && page.rows->len == 0) {
    error_set(error, ERROR_NOT_FOUND, "there is no run of that id; `leadferry runs list` shows them");
    is_ok = false;
  }
  page_clear(&page);
  return is_ok;
}

static void say_text(const struct cli *cli, const struct withdraw_report *report)
{
  out_print("%d leads %s, %d deferred by complete.max_removals, %d not in Instantly\n", (int)report->withdrawn_n,
            cli->is_dry_run ? "would be withdrawn" : "withdrawn", (int)report->deferred_n, (int)report->absent_n);
  for (guint i = 0; i < MIN(report->left->len, LEFT_LISTED); i++) {
    const struct withdraw_left *left = &g_array_index(report->left, struct withdraw_left, i);
    out_print("stays: %s, %s\n", left->lead_ref, left->why);
  }
  if (report->left->len > LEFT_LISTED) out_print("... and %d more\n", (int)(report->left->len - LEFT_LISTED));
}

static void say_json(const struct cli *cli, const struct withdraw_report *report)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_bool(out, "dry_run", cli->is_dry_run);
  json_append_int(out, "claims", report->claims_n);
  json_append_int(out, "withdrawn", report->withdrawn_n);
  json_append_int(out, "deferred", report->deferred_n);
  json_append_int(out, "absent", report->absent_n);
  json_append_key(out, "left");
  g_string_append_c(out, '[');
  for (guint i = 0; i < report->left->len; i++) {
    const struct withdraw_left *left = &g_array_index(report->left, struct withdraw_left, i);
    g_string_append(out, i ? ",{" : "{");
    json_append_str(out, "lead", left->lead_ref);
    json_append_str(out, "reason", left->why);
    g_string_append_c(out, '}');
  }
  g_string_append(out, "]}");
  out_line(out->str);
}

static enum exit_code withdraw(struct cli *cli, const struct withdraw_order *order, GError **error)
{
  struct job job;
  struct withdraw_report report;
  cli_job_init(cli, &job);
  withdraw_report_init(&report);
  bool is_ok = withdraw_run(&job, order, &report, error);
  bool is_partial = report.left->len > 0 || report.deferred_n > 0;
  if (is_ok && cli->is_json)
    say_json(cli, &report);
  else if (is_ok)
    say_text(cli, &report);
  withdraw_report_clear(&report);
  job_clear(&job);
  if (!is_ok) return EXIT_CODE_FAILED;
  return is_partial ? EXIT_CODE_PARTIAL : EXIT_CODE_OK;
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  struct withdraw_order order = {.run_id = option_string(cli, "run")};
  const char *reason = brake_reason(cli, error);
  if (!reason) return EXIT_CODE_USAGE;
  if (!order.run_id) {
    error_set(error, ERROR_USAGE, "withdraw needs --run ID; `leadferry runs list` shows them");
    return EXIT_CODE_USAGE;
  }
  if (!check_run(cli, order.run_id, error)) return EXIT_CODE_FAILED;
  if (!cli->is_dry_run && !out_confirm(cli, "Delete the leads of this run that were never mailed from Instantly?"))
    return EXIT_CODE_OK;
  g_autofree char *detail = brake_detail(reason);
  order.detail = detail;
  return withdraw(cli, &order, error);
}

static const struct command_option options[] = {
    {"run", OPTION_STRING, "ID", "the export to take back, as `leadferry runs list` shows it; needed"},
    {"reason", OPTION_STRING, "TEXT", "why, in some words; needed"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_withdraw = {
    .name = "withdraw",
    .arguments = "",
    .summary = "Take a wrong export back",
    .details =
        "Deletes from Instantly the leads of one run that carry our stamp and that nobody was mailed for, after "
        "reading each of them again; all others stay and are listed with why. Their columns are reset, and they are "
        "not exported again before `leadferry release`. At most complete.max_removals at a time: say it again for "
        "the rest. A campaign goes on mailing meanwhile, so pause it in Instantly first. Exit code 3 when leads are "
        "left, 6 when claims of the run are not settled (`leadferry recover` first), 7 while a job runs.",
    .example = "leadferry withdraw --run 20261122T130509-1f2e3d4c --reason \"wrong file\" --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY,
    .writes = true,
    .options = options,
    .run = run,
};
