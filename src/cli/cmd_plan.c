/* `leadferry plan`: what export, complete and the write-back would do now. Real reads, nothing written anywhere. */
#include "base/json.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "cli/exclusion_print.h"
#include "cli/job_print.h"
#include "cli/jobs.h"
#include "cli/opt_out_print.h"
#include "cli/output.h"
#include "cli/plan_cost.h"
#include "cli/verdict_tally.h"
#include "core/complete.h"
#include "core/export.h"
#include "core/job.h"

#include <string.h>

/* How many leads have nothing for a merge tag. */
struct tag_count {
  const char *campaign_id;
  const struct variable_report *variable; /* borrowed from the export report */
  int64_t empty_n, rows_n;                /* rows of the campaign; empty_n is all of them without a source */
};

struct plan {
  struct export_report export;
  struct complete_report complete;
  struct verdict_tally tally;
  struct stop_hits hits;
  int64_t write_back_n;
  GArray *tags; /* struct tag_count */
};

static void plan_init(struct plan *plan)
{
  *plan = (struct plan){.tags = g_array_new(FALSE, TRUE, sizeof(struct tag_count))};
  export_report_init(&plan->export);
  complete_report_init(&plan->complete);
}

static void plan_clear(struct plan *plan)
{
  g_array_unref(plan->tags);
  verdict_tally_clear(&plan->tally);
  complete_report_clear(&plan->complete);
  export_report_clear(&plan->export);
}

/* ---- reading ---- */

static bool count_tag(struct cli *cli, const struct feed_report *feed, const struct variable_report *variable,
                      struct plan *plan, GError **error)
{
  struct tag_count count = {.campaign_id = feed->campaign_id, .variable = variable};
  struct required_variable required = {
      .tag = variable->tag, .source = variable->source ? variable->source : "", .is_column = variable->is_column};
  struct empty_query query = {feed->campaign_id, cli->settings.export.default_campaign, &required};
  struct empty_count found = {0};
  bool ok = report_empty_values(cli->warehouse, &query, &found, error);
  count.empty_n = found.empty_n;
  count.rows_n = found.rows_n;
  if (!variable->source) count.empty_n = count.rows_n;
  g_array_append_val(plan->tags, count);
  return ok;
}

static bool count_tags(struct cli *cli, struct plan *plan, GError **error)
{
  for (guint i = 0; i < plan->export.feeds->len; i++) {
    const struct feed_report *feed = &g_array_index(plan->export.feeds, struct feed_report, i);
    for (guint j = 0; j < feed->variables->len; j++) {
      const struct variable_report *variable = &g_array_index(feed->variables, struct variable_report, j);
      if (!count_tag(cli, feed, variable, plan, error)) return false;
    }
  }
  return true;
}

static bool plan_read(struct cli *cli, struct plan *plan, GError **error)
{
  struct job job;
  cli_job_init(cli, &job);
  job.is_dry_run = true;
  bool ok = export_plan(&job, &plan->export, error) && complete_plan(&job, &plan->complete, error) &&
            job.ledger->ops->write_back(job.ledger, true, &plan->write_back_n, error) && count_tags(cli, plan, error) &&
            stop_hits_decide(&job, &plan->hits, error);
  job_clear(&job);
  if (ok) verdict_tally_fill(&plan->tally, &plan->export.claim, NULL);
  return ok;
}

/* ---- text ---- */

static void print_lines(const char *what, int64_t n, const GArray *lines)
{
  if (n == 0) return;
  g_autofree char *total = text_thousands(n);
  g_autofree char *reasons = verdict_lines_text(lines);
  out_print("= %s %s: %s\n", total, what, reasons);
}

/* The configured name, else Instantly's. */
static const char *feed_label(const struct cli *cli, const struct feed_report *feed)
{
  const char *label = campaign_label(&cli->settings, feed->campaign_id);
  return strcmp(label, feed->campaign_id) == 0 && feed->name ? feed->name : label;
}

/* Why no cooldown ends although the configuration has some, or NULL. */
static const char *cooldown_note(const struct settings *settings)
{
  if (settings->export.once != ONCE_COOLDOWN || settings->complete.armed) return NULL;
  return "no cooldown ends while complete.armed is false: a person comes back only once every row of it was taken out "
         "of "
         "Instantly";
}

static void print_adds(const struct cli *cli, const struct plan *plan)
{
  for (guint i = 0; i < plan->export.feeds->len; i++) {
    const struct feed_report *feed = &g_array_index(plan->export.feeds, struct feed_report, i);
    struct verdict_tally tally;
    verdict_tally_fill(&tally, &plan->export.claim, feed->campaign_id);
    g_autofree char *n = text_thousands(tally.eligible_n);
    g_autofree char *name = out_printable(feed_label(cli, feed));
    out_print("+ %s to add to %s (%s)", n, name, campaign_status_name(feed->status));
    if (feed->refusal)
      out_print(", which is not fed: %s", feed->refusal);
    else if (feed->is_woken)
      out_print(", which will be activated");
    out_print("\n");
    verdict_tally_clear(&tally);
  }
  g_autofree char *already = text_thousands(plan->tally.already_n);
  if (plan->tally.already_n > 0) out_print("= %s already added\n", already);
  print_lines("left out", plan->tally.left_out_n, plan->tally.left_out);
  const char *hint = verdict_tally_hint(&plan->tally, &cli->settings);
  if (hint) out_print("  %s\n", hint);
  print_lines("deferred", plan->tally.deferred_n, plan->tally.deferred);
  const char *note = cooldown_note(&cli->settings);
  if (note) out_print("! %s\n", note);
}

static void print_removals(const struct cli *cli, const struct complete_report *complete)
{
  for (guint i = 0; i < complete->counts->len; i++) {
    const struct removal_count *count = &g_array_index(complete->counts, struct removal_count, i);
    g_autofree char *n = text_thousands(count->n);
    g_autofree char *name = out_printable(campaign_label(&cli->settings, count->campaign_id));
    out_print("- %s due to leave %s: %s\n", n, name, outcome_name(count->outcome));
  }
  g_autofree char *deferred = text_thousands(complete->deferred_n);
  if (complete->deferred_n > 0) out_print("- %s of these only in later runs (complete.max_removals)\n", deferred);
  if (complete->safety) out_print("- nothing would be removed: %s\n", complete->safety);
}

static void print_write_back(const struct cli *cli, int64_t n)
{
  if (!cli->settings.source.write_back) {
    out_print("~ nothing is written back: source.write_back is off\n");
    return;
  }
  g_autofree char *rows = text_thousands(n);
  out_print("~ %s rows to write back (added_to_instantly, added_date, sequence_completed, sequence_completed_date, "
            "last_email_status, cold_email_sent, updated_at)\n",
            rows);
}

static void print_tags(const struct cli *cli, const struct plan *plan)
{
  static const char *const headers[] = {"MERGE TAG", "CAMPAIGN", "SOURCE", "EMPTY", "OF LEADS", "FALLBACK"};
  if (plan->tags->len == 0) return;
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (guint i = 0; i < plan->tags->len; i++) {
    const struct tag_count *count = &g_array_index(plan->tags, struct tag_count, i);
    table_add(&table, "%s", count->variable->tag);
    table_add(&table, "%s", campaign_label(&cli->settings, count->campaign_id));
    table_add(&table, "%s", count->variable->source ? count->variable->source : "nothing fills it");
    table_add_int(&table, count->empty_n);
    table_add_int(&table, count->rows_n);
    table_add(&table, "%s", count->variable->has_fallback ? "yes" : "no");
  }
  out_print("\n");
  table_print(&table);
  out_print("\n");
  table_clear(&table);
}

static void print_text(const struct cli *cli, const struct plan *plan)
{
  print_adds(cli, plan);
  print_removals(cli, &plan->complete);
  print_opt_outs(&plan->export.opt_outs, "would be stopped");
  print_exclusion(cli, &plan->export.exclusion);
  print_gone(cli, &plan->export.gone, true);
  print_stop_hits(&plan->hits);
  print_write_back(cli, plan->write_back_n);
  print_tags(cli, plan);
  g_autofree char *add = text_thousands(plan->export.claim.claimed_n);
  g_autofree char *removals = text_thousands(plan->complete.planned_n);
  g_autofree char *write_back = text_thousands(plan->write_back_n);
  g_autofree char *left_out = text_thousands(plan->tally.left_out_n);
  g_autofree char *deferred = text_thousands(plan->tally.deferred_n);
  out_print("Plan: %s to add, %s to remove, %s to write back, %s left out", add, removals, write_back, left_out);
  if (plan->tally.deferred_n > 0) out_print(", %s deferred", deferred);
  out_print(".\n");
}

/* ---- JSON ---- */

static void json_tags(GString *out, const struct plan *plan, const char *campaign_id)
{
  json_append_key(out, "merge_tags");
  g_string_append_c(out, '[');
  for (guint i = 0; i < plan->tags->len; i++) {
    const struct tag_count *count = &g_array_index(plan->tags, struct tag_count, i);
    if (g_strcmp0(count->campaign_id, campaign_id)) continue;
    g_string_append(out, out->str[out->len - 1] == '}' ? ",{" : "{");
    json_append_str(out, "tag", count->variable->tag);
    json_append_str(out, "source", count->variable->source);
    json_append_bool(out, "has_fallback", count->variable->has_fallback);
    json_append_int(out, "empty", count->empty_n);
    json_append_int(out, "leads", count->rows_n);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

static void json_campaigns(GString *out, const struct plan *plan)
{
  json_append_key(out, "campaigns");
  g_string_append_c(out, '[');
  for (guint i = 0; i < plan->export.feeds->len; i++) {
    const struct feed_report *feed = &g_array_index(plan->export.feeds, struct feed_report, i);
    struct verdict_tally tally;
    verdict_tally_fill(&tally, &plan->export.claim, feed->campaign_id);
    g_string_append(out, i ? ",{" : "{");
    json_append_str(out, "campaign_id", feed->campaign_id);
    json_append_str(out, "name", feed->name);
    json_append_str(out, "status", campaign_status_name(feed->status));
    json_append_str(out, "refusal", feed->refusal);
    json_append_int(out, "add", tally.eligible_n);
    json_tags(out, plan, feed->campaign_id);
    g_string_append_c(out, '}');
    verdict_tally_clear(&tally);
  }
  g_string_append_c(out, ']');
}

static void json_removals(GString *out, const struct complete_report *complete)
{
  json_append_key(out, "remove");
  g_string_append_c(out, '[');
  for (guint i = 0; i < complete->counts->len; i++) {
    const struct removal_count *count = &g_array_index(complete->counts, struct removal_count, i);
    g_string_append(out, i ? ",{" : "{");
    json_append_str(out, "campaign_id", count->campaign_id);
    json_append_str(out, "outcome", outcome_name(count->outcome));
    json_append_int(out, "n", count->n);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
  json_append_str(out, "safety_stop", complete->safety);
}

static void print_json(const struct cli *cli, const struct plan *plan)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_int(out, "source", plan->export.claim.source_n);
  json_append_int(out, "already_added", plan->tally.already_n);
  json_append_str(out, "cooldown_note", cooldown_note(&cli->settings));
  json_campaigns(out, plan);
  verdict_lines_json(out, "left_out", plan->tally.left_out);
  verdict_lines_json(out, "deferred", plan->tally.deferred);
  json_removals(out, &plan->complete);
  json_exclusion(out, cli, &plan->export.exclusion);
  json_gone(out, cli, &plan->export.gone);
  json_stop_hits(out, &plan->hits);
  json_opt_outs(out, &plan->export.opt_outs);
  json_append_key(out, "totals");
  g_string_append_c(out, '{');
  json_append_int(out, "add", plan->export.claim.claimed_n);
  json_append_int(out, "remove", plan->complete.planned_n);
  json_append_int(out, "write_back", plan->write_back_n);
  json_append_int(out, "left_out", plan->tally.left_out_n);
  json_append_int(out, "deferred", plan->tally.deferred_n);
  g_string_append(out, "}}");
  out_line(out->str);
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  if (option_flag(cli, "cost")) return plan_cost(cli, error);
  struct plan plan;
  plan_init(&plan);
  bool ok = plan_read(cli, &plan, error);
  if (ok && cli->is_json)
    print_json(cli, &plan);
  else if (ok)
    print_text(cli, &plan);
  plan_clear(&plan);
  return EXIT_CODE_OK;
}

static const struct command_option options[] = {
    {"allow-lost-stops", OPTION_INT, "N", "see `leadferry export --help`"},
    {"allow-shrunk-exclusion", OPTION_INT, "N", "see `leadferry export --help`"},
    {"allow-shrunk-source", OPTION_INT, "N", "see `leadferry export --help`"},
    {"cost", OPTION_FLAG, NULL, "show instead what the statements of each job would bill (BigQuery)"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_plan = {
    .name = "plan",
    .arguments = "",
    .summary = "Show what would be added, removed and written back, and why the others are not",
    .details =
        "Reads the warehouse and Instantly, writes nothing anywhere; read-only rights are enough, also before our "
        "tables exist. Stops that an export would read first, and those that wait in the inbox, count. Lines with + "
        "add, = say who is left out or deferred and why, - remove, ~ write back. Then "
        "each merge tag of the campaigns' steps with its source and how many leads have no value for it. "
        "--cost asks BigQuery by dry runs, which are free, how many bytes each statement of an export, a sync and a "
        "complete would read, and says what that costs on demand.",
    .example = "leadferry plan --json",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ | NEEDS_INSTANTLY | NEEDS_INBOX,
    .options = options,
    .run = run,
};
