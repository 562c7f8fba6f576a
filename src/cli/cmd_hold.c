/* `leadferry hold on`, `off` and `list`: the hand brake of every export. */
#include "base/json.h"
#include "cli/brake_cli.h"
#include "cli/brake_effect.h"
#include "cli/command_list.h"
#include "cli/output.h"

/* With --dry-run: is the hold on now? */
static bool is_held(struct cli *cli, const char *campaign_id, bool *is_on, GError **error)
{
  struct page holds;
  page_init(&holds, sizeof(struct hold_row));
  *is_on = false;
  bool is_ok = report_holds(cli->warehouse, &holds, error);
  for (guint i = 0; is_ok && i < holds.rows->len; i++)
    *is_on = *is_on || g_strcmp0(page_row(&holds, struct hold_row, i)->campaign_id, campaign_id) == 0;
  page_clear(&holds);
  return is_ok;
}

static enum exit_code hold_set(struct cli *cli, enum brake_kind kind, const struct brake_sentences *sentences,
                               GError **error)
{
  struct brake row = {.kind = kind, .actor = brake_actor(), .at_us = clock_wall_us(cli->clock)};
  struct brake_report report;
  row.reason = brake_reason(cli, error);
  if (!row.reason || !brake_campaign(cli, &row.campaign_id, error)) return EXIT_CODE_USAGE;
  g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(struct brake));
  bool is_on = false;
  if (cli->is_dry_run && !is_held(cli, row.campaign_id, &is_on, error)) return EXIT_CODE_FAILED;
  if (!cli->is_dry_run || is_on == (kind == BRAKE_UNHOLD)) g_array_append_val(rows, row);
  if (!brake_submit(cli, rows, &report, error)) return EXIT_CODE_FAILED;
  g_autoptr(GString) members = cli->is_json ? g_string_new("{") : NULL;
  bool has_effect = kind == BRAKE_HOLD;
  if (!cli->is_json) brake_say(cli, &report, sentences);
  if (has_effect && !brake_hold_effect(cli, row.campaign_id, members, error)) return EXIT_CODE_FAILED;
  if (cli->is_json) brake_say_with(cli, &report, sentences, members->str);
  return EXIT_CODE_OK;
}

static enum exit_code run_on(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  static const struct brake_sentences sentences = {.done = "hold is on: no export sends another batch",
                                                   .unchanged = "hold was on already and keeps its first reason",
                                                   .planned = "hold would be on"};
  return hold_set(cli, BRAKE_HOLD, &sentences, error);
}

static enum exit_code run_off(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  static const struct brake_sentences sentences = {
      .done = "hold is off", .unchanged = "hold was not on", .planned = "hold would be off"};
  return hold_set(cli, BRAKE_UNHOLD, &sentences, error);
}

static enum exit_code run_list(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  struct page holds;
  page_init(&holds, sizeof(struct hold_row));
  bool is_ok = report_holds(cli->warehouse, &holds, error);
  if (is_ok && cli->is_json) {
    g_autoptr(GString) out = g_string_new("{");
    json_append_key(out, "holds");
    holds_append_json(&holds, out);
    g_string_append_c(out, '}');
    out_line(out->str);
  } else if (is_ok) {
    holds_print(cli, &holds);
    if (holds.rows->len == 0) out_note(cli, "No hold is on");
  }
  page_clear(&holds);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const struct command_option options[] = {
    {"campaign", OPTION_STRING, "ID", "this campaign alone, by id or name; else everything"},
    {"reason", OPTION_STRING, "TEXT", "why, in some words; needed"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_hold_on = {
    .name = "hold on",
    .arguments = "",
    .summary = "Stop every export before its next batch",
    .details =
        "A row in the warehouse, so it counts on every machine and for every run until `leadferry hold off`. An "
        "export that is running stops before its next batch, releases what it did not send and ends with exit code "
        "3; sync and complete go on. Nothing is paused in Instantly: what is there already is mailed.",
    .example = "leadferry hold on --reason \"wrong text in step 2\" --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_BRAKE,
    .writes = true,
    .options = options,
    .run = run_on,
};

const struct command command_hold_off = {
    .name = "hold off",
    .arguments = "",
    .summary = "Let exports send again",
    .details =
        "Ends the hold on everything, or with --campaign the one on that campaign; each was set on its own and is "
        "ended on its own.",
    .example = "leadferry hold off --reason \"text is right now\" --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_BRAKE,
    .writes = true,
    .options = options,
    .run = run_off,
};

const struct command command_hold_list = {
    .name = "hold list",
    .arguments = "",
    .summary = "List the holds that are on",
    .details = "What is held, since when, by whom and why.",
    .example = "leadferry hold list --json",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ | NEEDS_INBOX,
    .run = run_list,
};
