/* `leadferry import FILE.csv`: shows how it understands the file, asks, imports, says what became of each row. */
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/import_reject.h"
#include "cli/import_run.h"
#include "cli/output.h"

#include <inttypes.h>

static const char *delimiter_word(char delimiter)
{
  switch (delimiter) {
  case ';': return "semicolons";
  case '\t': return "tabs";
  case '|': return "bars";
  default: return "commas";
  }
}

static const char *header_of(const struct import_plan *plan, int column)
{
  return g_ptr_array_index(plan->sample.headers, column);
}

static void show_map(const struct cli *cli, const struct import_options *options, const struct import_plan *plan)
{
  out_note(cli, "%s: %u columns, separated by %s", options->path, plan->sample.headers->len,
           delimiter_word(plan->delimiter));
  for (int target = 0; target < IMPORT_TARGETS_N; target++) {
    int column = plan->map.column[target];
    if (column >= 0)
      out_note(cli, "  %-12s <- \"%s\"", import_target_name(target), header_of(plan, column));
    else if (target == TARGET_LEAD_ID)
      out_note(cli, "  %-12s <- derived from the address", "lead_id");
  }
  for (guint i = 0; i < plan->stops.columns->len; i++)
    out_note(cli, "  %-12s <- \"%s\": whoever it says does not want mail is stopped", "opt_out",
             header_of(plan, g_array_index(plan->stops.columns, struct stop_column, i).column));
  g_autoptr(GString) others = g_string_new(NULL);
  for (guint i = plan->is_rejected_file ? 2 : 0; i < plan->sample.headers->len; i++) { /* not our line and reason */
    if (import_map_has(&plan->map, i)) continue;
    g_string_append_printf(others, "%s\"%s\"", others->len ? ", " : "", header_of(plan, (int)i));
  }
  if (others->len > 0) out_note(cli, "  kept under their own names in lead_fields: %s", others->str);
}

/* The campaign that --campaign names, by id or by its configured name. */
static bool find_campaign(const struct cli *cli, const char *wanted, const char **campaign_id, GError **error)
{
  *campaign_id = NULL;
  if (!wanted) return true;
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < cli->settings.campaigns->len; i++) {
    const struct campaign_settings *campaign = &g_array_index(cli->settings.campaigns, struct campaign_settings, i);
    g_ptr_array_add(names, campaign->id);
    if (campaign->name) g_ptr_array_add(names, campaign->name);
    if (g_ascii_strcasecmp(campaign->id, wanted) && g_strcmp0(campaign->name, wanted)) continue;
    *campaign_id = campaign->id;
    return true;
  }
  const char *nearest = text_nearest(wanted, (const char *const *)names->pdata, names->len);
  error_set(error, ERROR_USAGE,
            "--campaign: \"%s\" is not configured%s%s%s; add it under `campaigns:` in the configuration", wanted,
            nearest ? " (did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?)" : "");
  return false;
}

static void print_text(const struct cli *cli, const struct import_report *report, const char *rejected_path)
{
  g_autofree char *rows = text_thousands(report->rows_n);
  g_autofree char *new_leads = text_thousands(report->new_n);
  g_autofree char *updated = text_thousands(report->updated_n);
  g_autofree char *unchanged = text_thousands(report->unchanged_n);
  g_autofree char *rejected = text_thousands(report->rejected_n);
  const char *tense = cli->is_dry_run ? "would be " : "";
  out_print("%s rows: %s %snew, %s %supdated, %s unchanged, %s %srejected\n", rows, new_leads, tense, updated, tense,
            unchanged, rejected, tense);
  if (report->opted_out_n + report->bounced_n > 0)
    out_print("  %" PRId64 " opted out, %" PRId64 " bounced: %sstopped, by what the file says of them%s\n",
              report->opted_out_n, report->bounced_n, tense, cli->is_dry_run ? "" : " (`leadferry suppress list`)");
  for (int reason = REASON_NONE + 1; reason < IMPORT_REASONS_N; reason++) {
    if (report->by_reason[reason] == 0) continue;
    g_autofree char *n = text_thousands(report->by_reason[reason]);
    out_print("  %s %s: %s\n", n, import_reason_name(reason), import_reason_text(reason));
  }
  if (report->rejected_n > 0 && !cli->is_dry_run) out_print("Rejected rows are in %s\n", rejected_path);
}

static void append_map(GString *out, const struct import_plan *plan)
{
  json_append_key(out, "map");
  g_string_append_c(out, '{');
  for (int target = 0; target < IMPORT_TARGETS_N; target++) {
    int column = plan->map.column[target];
    json_append_str(out, import_target_name(target), column >= 0 ? header_of(plan, column) : NULL);
  }
  g_string_append_c(out, '}');
}

static void append_stops(GString *out, const struct import_plan *plan, const struct import_report *report)
{
  json_append_int(out, "opted_out", report->opted_out_n);
  json_append_int(out, "bounced", report->bounced_n);
  json_append_int(out, "newly_stopped", report->stopped_n);
  json_append_key(out, "opt_out_columns");
  g_string_append_c(out, '[');
  for (guint i = 0; i < plan->stops.columns->len; i++) {
    if (i > 0) g_string_append_c(out, ',');
    json_append_string(out, header_of(plan, g_array_index(plan->stops.columns, struct stop_column, i).column));
  }
  g_string_append_c(out, ']');
}

static void print_json(const struct cli *cli, const struct import_plan *plan, const struct import_report *report,
                       const char *rejected_path)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_bool(out, "dry_run", cli->is_dry_run);
  json_append_int(out, "rows", report->rows_n);
  json_append_int(out, "new", report->new_n);
  json_append_int(out, "updated", report->updated_n);
  json_append_int(out, "unchanged", report->unchanged_n);
  json_append_int(out, "rejected", report->rejected_n);
  json_append_key(out, "reasons");
  g_string_append_c(out, '{');
  for (int reason = REASON_NONE + 1; reason < IMPORT_REASONS_N; reason++) {
    if (report->by_reason[reason]) json_append_int(out, import_reason_name(reason), report->by_reason[reason]);
  }
  g_string_append_c(out, '}');
  json_append_str(out, "rejected_file", report->rejected_n > 0 && !cli->is_dry_run ? rejected_path : NULL);
  append_map(out, plan);
  append_stops(out, plan, report);
  g_string_append_c(out, '}');
  out_line(out->str);
}

static enum exit_code import(struct cli *cli, const struct import_options *options, const struct import_plan *plan,
                             GError **error)
{
  show_map(cli, options, plan);
  if (!cli->is_dry_run && !out_confirm(cli, "Import with these columns?")) {
    out_note(cli, "Nothing was imported. Name columns with --map lead_id=\"Header\",email=\"Header\"");
    return EXIT_CODE_FAILED;
  }
  struct import_report report;
  g_autofree char *rejected_path = reject_path(options->path);
  bool ok = import_run(cli->warehouse, options, plan, &report, error);
  if (!ok) return EXIT_CODE_FAILED;
  if (cli->is_json)
    print_json(cli, plan, &report, rejected_path);
  else
    print_text(cli, &report, rejected_path);
  return report.rejected_n > 0 ? EXIT_CODE_PARTIAL : EXIT_CODE_OK;
}

/* A file that is not there, or no table of people, must not leave an empty database behind. */
static bool check(const struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc;
  struct import_options options = {
      .path = argv[0], .map_spec = option_string(cli, "map"), .ignored = option_string(cli, "ignore-column")};
  struct import_plan plan = {0};
  const char *campaign_id;
  bool is_ok = (!options.ignored || brake_reason(cli, error)) &&
               find_campaign(cli, option_string(cli, "campaign"), &campaign_id, error) &&
               import_look(&options, &plan, error);
  import_plan_clear(&plan);
  return is_ok;
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc;
  struct import_options options = {
      .path = argv[0],
      .map_spec = option_string(cli, "map"),
      .ignored = option_string(cli, "ignore-column"),
      .actor = brake_actor(),
      .now_us = clock_wall_us(cli->clock),
      .limit = cli->limit,
      .is_dry_run = cli->is_dry_run,
      .is_checked = true,
      .progress = cli->progress,
      .is_cancelled = cli_is_cancelled,
  };
  struct import_plan plan = {0};
  enum exit_code code = EXIT_CODE_OK;
  if (find_campaign(cli, option_string(cli, "campaign"), &options.campaign_id, error) &&
      import_look(&options, &plan, error)) {
    if (options.ignored)
      log_event(LOG_INFO, "column ignored", LOG_STR("column", options.ignored),
                LOG_STR("reason", option_string(cli, "reason")));
    code = import(cli, &options, &plan, error);
  }
  import_plan_clear(&plan);
  return code;
}

static const struct command_option options[] = {
    {"map", OPTION_STRING, "COLUMN=HEADER,...",
     "which column of the file fills lead_id, email, first_name, last_name, company_name, campaign_id; "
     "opt_out=HEADER[:VALUE,...] says who does not want mail"},
    {"ignore-column", OPTION_STRING, "HEADER",
     "a column that speaks of opting out and means something else; with --reason"},
    {"reason", OPTION_STRING, "TEXT", "why that column is ignored; kept in the log"},
    {"campaign", OPTION_STRING, "ID", "the campaign of rows that name none: id or name of a configured one"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_import = {
    .name = "import",
    .arguments = "FILE.csv",
    .summary = "Import leads from a CSV file",
    .details =
        "Guesses which column is which from the header and the values, shows the guess on standard error and asks "
        "when there is a terminal. Columns that `leads` does not have are kept in lead_fields under their own "
        "names. Rows that cannot be taken go to FILE.rejected.csv with line number and reason, and the exit code "
        "is 3. Who opted out or bounced by a column of the file (HubSpot's \"Unsubscribed from all email\", "
        "Salesforce's "
        "\"HasOptedOutOfEmail\" and many more) is stopped, source `import`; where such a column is not understood, "
        "nothing "
        "of the file is taken. Importing the same file again changes nothing. Commas, semicolons, tabs and bars, CRLF, "
        "quoted "
        "newlines and a BOM are understood; the text must be UTF-8.",
    .example = "leadferry import leads.csv --map lead_id=\"Account Id\",email=\"Email 1\"",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_NO_DATABASE_YET,
    .writes = true,
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .check = check,
    .run = run,
};
