/* `leadferry verify`: the ledger against itself and against Instantly. Differences are printed as they are found. */
#include "base/json.h"
#include "base/text.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/output.h"
#include "cli/since.h"
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
  if (difference->whose) json_append_str(out, "whose", difference->whose);
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

/* What a proof says where it found nothing, and how far it got. */
static void end_stops_text(const struct cli *cli, const struct verify_report *report)
{
  bool is_deep = option_flag(cli, "deep");
  g_autofree char *rows = text_thousands(report->staged_n);
  g_autofree char *mails = text_thousands(report->mails_n);
  out_print("\nstops in force %" G_GINT64_FORMAT ", rows of the workspace looked at %s%s%s\n", report->stops_n, rows,
            is_deep ? ", mails " : "", is_deep ? mails : "");
  if (report->counts[VERIFY_STOPPED_LIVE] == 0) out_line("no stopped person has a row that may still be mailed");
  if (report->counts[VERIFY_STOPPED_MAILED] == 0)
    out_line(is_deep ? "nobody was mailed later than a minute after a stop"
                     : "no row shows a mail later than a minute after a stop; --deep looks at every mail");
  g_autofree char *until = report->mails_until_us ? time_format_us(report->mails_until_us) : NULL;
  if (until) out_print("there are more mails than one run reads: go on with --since %s\n", until);
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
  if (option_flag(printer->cli, "stops"))
    end_stops_text(printer->cli, report);
  else if (report->differences_n == 0)
    out_line("the ledger agrees with itself and with Instantly");
}

static void end_stops_json(const struct cli *cli, const struct verify_report *report, GString *out)
{
  json_append_int(out, "stops", report->stops_n);
  json_append_key(out, "ours");
  g_string_append_c(out, '{');
  json_append_int(out, verify_text(VERIFY_STOPPED_LIVE)->id, report->ours_n[VERIFY_STOPPED_LIVE]);
  json_append_int(out, verify_text(VERIFY_STOPPED_MAILED)->id, report->ours_n[VERIFY_STOPPED_MAILED]);
  g_string_append_c(out, '}');
  if (!option_flag(cli, "deep")) return;
  json_append_int(out, "mails_read", report->mails_n);
  if (report->mails_until_us) json_append_time(out, "mails_read_until", report->mails_until_us);
}

static void end_json(const struct cli *cli, const struct verify_report *report, const GError *failure)
{
  g_autoptr(GString) out = g_string_new("],\"counts\":{");
  for (int check = 0; check < VERIFY_CHECKS_N; check++)
    if (report->counts[check] > 0)
      json_append_int(out, verify_text((enum verify_check)check)->id, report->counts[check]);
  g_string_append_c(out, '}');
  json_append_int(out, "rows_read", report->staged_n);
  if (report->was_refolded) json_append_bool(out, "refolded", true);
  if (report->was_refolded) json_append_bool(out, "events_are_whole", report->is_whole);
  if (option_flag(cli, "stops")) end_stops_json(cli, report, out);
  json_append_bool(out, "is_complete", failure == NULL && report->mails_until_us == 0);
  g_string_append_c(out, '}');
  out_line(out->str);
}

/* What the options ask for; those of a proof of stops mean nothing without it. */
static bool options_read(const struct cli *cli, struct verify_options *options, GError **error)
{
  const char *since = option_string(cli, "since");
  options->is_refold = option_flag(cli, "refold");
  options->only_stops = option_flag(cli, "stops");
  options->is_deep = option_flag(cli, "deep");
  if (!brake_campaign(cli, &options->campaign_id, error)) return false;
  if (since && !since_parse(since, clock_wall_us(cli->clock), &options->since_us, error)) return false;
  bool fits = options->only_stops ? !options->campaign_id && (!since || options->is_deep) : !options->is_deep && !since;
  if (!fits)
    error_set(error, ERROR_USAGE,
              "--deep goes with --stops, --since with both, and --stops looks at every campaign there is");
  return fits;
}

static enum exit_code verify(struct cli *cli, struct verify_options *options, GError **error)
{
  struct job job;
  struct verify_report report = {0};
  int64_t shown_max = cli->is_json ? INT64_MAX : SHOWN_TEXT;
  struct printer printer = {
      .sink = {print_found}, .cli = cli, .shown_max = cli->limit == SETTING_UNLIMITED ? shown_max : cli->limit};
  options->sink = &printer.sink;
  g_autoptr(GError) failure = NULL;
  cli_job_init(cli, &job);
  if (cli->is_json) out_print("{\"differences\":[");
  bool is_ok = verify_run(&job, options, &report, &failure);
  if (cli->is_json)
    end_json(cli, &report, failure);
  else if (is_ok)
    end_text(&printer, &report);
  job_clear(&job);
  if (failure) g_propagate_error(error, g_steal_pointer(&failure));
  return is_ok ? report.exit_code : EXIT_CODE_FAILED;
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  struct verify_options asked = {0};
  if (!options_read(cli, &asked, error)) return EXIT_CODE_USAGE;
  return verify(cli, &asked, error);
}

static const struct command_option options[] = {
    {"campaign", OPTION_STRING, "ID", "compare this campaign alone with Instantly, by id or name"},
    {"refold", OPTION_FLAG, NULL, "first make lead_state anew from all events"},
    {"stops", OPTION_FLAG, NULL,
     "look at stopped persons alone, in the whole workspace: live rows, mails after the stop"},
    {"deep", OPTION_FLAG, NULL, "with --stops: read every mail since the first stop (20 calls a minute)"},
    {"since", OPTION_STRING, "WHEN", "with --deep: only mails since then: 7d, 24h or a date"},
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
        "anything. "
        "--stops is a proof of its own: every row of the workspace, also those that other people put there and in "
        "campaigns "
        "that are not configured, against everybody who is stopped. A stopped person's row that may still be mailed is "
        "stopped_live; one that shows a mail later than a minute after the stop is stopped_mailed. Rows hold their "
        "last "
        "mail alone; --deep reads the mails themselves, at most 20,000 a run, and says from when to go on. Exit code 0 "
        "when nothing differs, 3 when something does. --limit N shows at most N of each "
        "kind; the counts are complete.",
    .example = "leadferry verify --json",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY,
    .options = options,
    .run = run,
};
