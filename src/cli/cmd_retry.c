/* `leadferry retry`: refused leads are taken up again, held ones that are named are let go. */
#include "base/json.h"
#include "base/text.h"
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

static void print_result(const struct cli *cli, int64_t n)
{
  if (cli->is_json) {
    g_autoptr(GString) out = g_string_new("{");
    json_append_bool(out, "dry_run", cli->is_dry_run);
    json_append_int(out, "retried", n);
    g_string_append_c(out, '}');
    out_line(out->str);
    return;
  }
  g_autofree char *count = text_thousands(n);
  if (cli->is_dry_run)
    out_print("%s leads would be taken up again\n", count);
  else
    out_print("%s leads are taken up again by the next export\n", count);
}

static bool retry(struct cli *cli, struct retry_query *query, int64_t *n, GError **error)
{
  struct job job;
  cli_job_init(cli, &job);
  query->run_id = job.run_id;
  query->is_dry_run = cli->is_dry_run;
  bool ok = retry_leads(cli->warehouse, query, n, error) &&
            (cli->is_dry_run || job.ledger->ops->fold(job.ledger, error)); /* so that `lead show` knows at once */
  job_clear(&job);
  return ok;
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  if (!check_choice(cli, error)) return EXIT_CODE_USAGE;
  const char *wanted = option_string(cli, "lead-id");
  g_autofree char *lead_id = NULL;
  if (wanted && !lead_find_id(cli->warehouse, wanted, &lead_id, error)) return EXIT_CODE_FAILED;
  struct retry_query query = {.lead_id = lead_id,
                              .type = option_string(cli, "type"),
                              .all = option_flag(cli, "all"),
                              .limit = cli->limit == SETTING_UNLIMITED ? SIZE_MAX / 2 : (size_t)cli->limit};
  int64_t n = 0;
  if (!retry(cli, &query, &n, error)) return EXIT_CODE_FAILED;
  print_result(cli, n);
  return EXIT_CODE_OK;
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
