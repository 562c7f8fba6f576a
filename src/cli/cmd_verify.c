/* `leadferry verify`: the ledger against itself and against Instantly. Differences are printed as they are found. */
#include "base/json.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/output.h"
#include "core/job.h"
#include "core/verify.h"

#define SHOWN_TEXT 20 /* of each kind, unless --limit says otherwise */

struct printer {
  struct verify_sink sink;
  struct cli *cli;
  int64_t shown[VERIFY_CHECKS_N];
  int64_t shown_max; /* of each kind */
  int64_t printed_n;
};

static void print_json(struct printer *printer, const struct verify_text *text, const struct difference *difference,
                       const char *ref)
{
  g_autoptr(GString) out = g_string_new(printer->printed_n > 0 ? ",{" : "{");
  json_append_str(out, "id", text->id);
  json_append_str(out, "lead", ref);
  json_append_str(out, "instantly_id", difference->instantly_id);
  json_append_str(out, "campaign_id", difference->campaign_id);
  json_append_str(out, "detail", difference->detail);
  g_string_append_c(out, '}');
  out_print("%s", out->str);
}

static void print_text(const struct verify_text *text, const struct difference *difference, const char *ref)
{
  g_autoptr(GString) out = g_string_new(NULL);
  g_string_append_printf(out, "%-22s", text->id);
  if (ref) g_string_append_printf(out, "  lead %s", ref);
  if (difference->instantly_id) g_string_append_printf(out, "  row %s", difference->instantly_id);
  if (difference->campaign_id) g_string_append_printf(out, "  campaign %s", difference->campaign_id);
  if (difference->detail) g_string_append_printf(out, "  (%s)", difference->detail);
  g_autofree char *line = out_printable(out->str);
  out_line(line);
}

static void print_found(struct verify_sink *sink, enum verify_check check, const struct difference *difference)
{
  struct printer *printer = (struct printer *)sink;
  struct ledger *ledger = warehouse_ledger(printer->cli->warehouse);
  if (++printer->shown[check] > printer->shown_max) return;
  g_autofree char *ref = difference->lead_id ? ledger->ops->lead_ref(ledger, difference->lead_id) : NULL;
  if (printer->cli->is_json)
    print_json(printer, verify_text(check), difference, ref);
  else
    print_text(verify_text(check), difference, ref);
  printer->printed_n++;
}

static void end_text(const struct printer *printer, const struct verify_report *report)
{
  if (report->was_refolded)
    out_line(report->is_whole
                 ? "lead_state was made anew from all events"
                 : "all events were folded anew; some are missing, so what lead_state knew beyond them was "
                   "kept. Restore lead_events from a backup");
  for (int check = 0; check < VERIFY_CHECKS_N; check++) {
    int64_t n = report->counts[check];
    const struct verify_text *text = verify_text((enum verify_check)check);
    if (n == 0) continue;
    out_print("\n%s: %d%s\n  %s.\n  Fix: %s.\n", text->id, (int)n,
              n > printer->shown_max ? " (not all are shown; --limit N shows N of each kind)" : "", text->meaning,
              text->fix);
  }
  if (report->differences_n == 0) out_line("the ledger agrees with itself and with Instantly");
}

static void end_json(const struct verify_report *report, const GError *failure)
{
  g_autoptr(GString) out = g_string_new("],\"counts\":{");
  for (int check = 0; check < VERIFY_CHECKS_N; check++)
    if (report->counts[check] > 0)
      json_append_int(out, verify_text((enum verify_check)check)->id, report->counts[check]);
  g_string_append_c(out, '}');
  json_append_int(out, "rows_read", report->staged_n);
  if (report->was_refolded) json_append_bool(out, "refolded", true);
  if (report->was_refolded) json_append_bool(out, "events_are_whole", report->is_whole);
  json_append_bool(out, "is_complete", failure == NULL);
  g_string_append_c(out, '}');
  out_line(out->str);
}

static enum exit_code verify(struct cli *cli, const char *campaign_id, GError **error)
{
  struct job job;
  struct verify_report report = {0};
  int64_t shown_max = cli->is_json ? INT64_MAX : SHOWN_TEXT;
  struct printer printer = {
      .sink = {print_found}, .cli = cli, .shown_max = cli->limit == SETTING_UNLIMITED ? shown_max : cli->limit};
  struct verify_options options = {
      .campaign_id = campaign_id, .sink = &printer.sink, .is_refold = option_flag(cli, "refold")};
  g_autoptr(GError) failure = NULL;
  cli_job_init(cli, &job);
  if (cli->is_json) out_print("{\"differences\":[");
  bool is_ok = verify_run(&job, &options, &report, &failure);
  if (cli->is_json)
    end_json(&report, failure);
  else if (is_ok)
    end_text(&printer, &report);
  job_clear(&job);
  if (failure) g_propagate_error(error, g_steal_pointer(&failure));
  return is_ok ? report.exit_code : EXIT_CODE_FAILED;
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  const char *campaign_id = NULL;
  if (!brake_campaign(cli, &campaign_id, error)) return EXIT_CODE_USAGE;
  return verify(cli, campaign_id, error);
}

static const struct command_option options[] = {
    {"campaign", OPTION_STRING, "ID", "compare this campaign alone with Instantly, by id or name"},
    {"refold", OPTION_FLAG, NULL, "first make lead_state anew from all events"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_verify = {
    .name = "verify",
    .arguments = "",
    .summary = "Compare the ledger with itself and with Instantly",
    .details =
        "Looks whether the database is sound, whether the events are as they were written and add up to the state that "
        "stands "
        "there, whether every claim has one end; then reads the configured campaigns and every lead that should be "
        "somewhere, and names each difference: its id (docs/verify.md), the lead's reference, the row, the "
        "campaign, and how to mend it. Nothing is mended and Instantly is only read; it takes the lock, so no job "
        "works meanwhile. --refold makes lead_state and the tables beside it anew from the events before it looks: "
        "where "
        "somebody wrote to them. Jobs do that by themselves when these are not what the last fold left, before they "
        "decide "
        "anything. Exit code 0 when nothing differs, 3 when something does. --limit N shows at most N of each "
        "kind; the counts are complete.",
    .example = "leadferry verify --json",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY,
    .options = options,
    .run = run,
};
