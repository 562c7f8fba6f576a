/* `leadferry campaigns list` and `campaigns retire`. */
#include "base/json.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/output.h"
#include "core/bounce_guard.h"
#include "core/job.h"
#include "core/retire.h"

/* One configured campaign as both sides know it. */
struct campaign_view {
  const struct campaign_settings *settings;
  struct remote_campaign remote;
  bool is_gone;
  struct campaign_counts counts;
};

static bool view_read(struct cli *cli, struct campaign_view *view, GError **error)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  g_autoptr(GError) getting = NULL;
  if (!cli->instantly->ops->campaign_get(cli->instantly, view->settings->id, &view->remote, &getting)) {
    view->is_gone = error_is(getting, ERROR_NOT_FOUND);
    if (!view->is_gone) g_propagate_error(error, g_steal_pointer(&getting));
    if (!view->is_gone) return false;
  }
  int64_t day_start_us = time_day_start_us(cli->instantly->ops->date_us(cli->instantly));
  return ledger->ops->campaign_counts(ledger, view->settings->id, day_start_us, &view->counts, error);
}

static const char *view_name(const struct campaign_view *view)
{
  if (view->settings->name) return view->settings->name;
  return view->remote.name ? view->remote.name : view->settings->id;
}

static const char *view_status(const struct campaign_view *view)
{
  return view->is_gone ? "not_found" : campaign_status_name(view->remote.status);
}

static void view_add(struct table *table, const struct campaign_view *view)
{
  g_autofree char *name = out_printable(view_name(view));
  table_add(table, "%s", name);
  table_add(table, "%s", view->settings->id);
  table_add(table, "%s", view_status(view));
  table_add_int(table, view->counts.ever_fed);
  table_add_int(table, view->counts.ever_contacted);
  table_add_int(table, view->counts.claimed_today);
}

static void view_append_json(GString *out, const struct campaign_view *view)
{
  g_string_append(out, g_str_has_suffix(out->str, "}") ? ",{" : "{");
  json_append_str(out, "id", view->settings->id);
  json_append_str(out, "name", view_name(view));
  json_append_str(out, "status", view_status(view));
  json_append_int(out, "added", view->counts.ever_fed);
  json_append_int(out, "mailed", view->counts.ever_contacted);
  json_append_int(out, "claimed_today", view->counts.claimed_today);
  g_string_append_c(out, '}');
}

static enum exit_code run_list(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  static const char *const headers[] = {"CAMPAIGN", "ID", "IN INSTANTLY", "ADDED", "MAILED", "TODAY"};
  struct table table;
  g_autoptr(GString) json = g_string_new("{\"campaigns\":[");
  table_init(&table, headers, G_N_ELEMENTS(headers));
  bool is_ok = true;
  for (guint i = 0; is_ok && i < cli->settings.campaigns->len; i++) {
    struct campaign_view view = {.settings = &g_array_index(cli->settings.campaigns, struct campaign_settings, i)};
    remote_campaign_init(&view.remote);
    is_ok = view_read(cli, &view, error);
    if (is_ok) view_add(&table, &view);
    if (is_ok) view_append_json(json, &view);
    remote_campaign_clear(&view.remote);
  }
  g_string_append(json, "]}");
  if (is_ok && cli->is_json)
    out_line(json->str);
  else if (is_ok)
    table_print(&table);
  table_clear(&table);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const struct command command_campaigns_list = {
    .name = "campaigns list",
    .arguments = "",
    .summary = "List the configured campaigns as both sides know them",
    .details =
        "Name, id, the state in Instantly (not_found: it was deleted there), and what the ledger counts: persons "
        "added by leadferry, those of them who were mailed, and claims of this UTC day.",
    .example = "leadferry campaigns list --json",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ | NEEDS_INSTANTLY,
    .run = run_list,
};

/* ---- retire ---- */

static void say_retired(const struct cli *cli, int64_t ended_n)
{
  if (!cli->is_json) {
    out_print("%d leads %s\n", (int)ended_n, cli->is_dry_run ? "would be ended" : "ended");
    return;
  }
  g_autoptr(GString) out = g_string_new("{");
  json_append_bool(out, "dry_run", cli->is_dry_run);
  json_append_int(out, "ended", ended_n);
  g_string_append_c(out, '}');
  out_line(out->str);
}

/* The id that a configured campaign's name stands for, else the words themselves. */
static const char *campaign_named(const struct cli *cli, const char *words)
{
  for (guint i = 0; i < cli->settings.campaigns->len; i++) {
    const struct campaign_settings *campaign = &g_array_index(cli->settings.campaigns, struct campaign_settings, i);
    if (g_strcmp0(campaign->name, words) == 0) return campaign->id;
  }
  return words;
}

static enum exit_code run_retire(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc;
  struct job job;
  int64_t ended_n = 0;
  const char *reason = brake_reason(cli, error);
  if (!reason) return EXIT_CODE_USAGE;
  g_autofree char *detail = brake_detail(reason);
  struct retire_order order = {.campaign_id = campaign_named(cli, argv[0]), .detail = detail};
  if (!g_uuid_string_is_valid(order.campaign_id)) {
    error_set(error, ERROR_USAGE, "campaigns retire needs the id of a campaign, or the name of a configured one");
    return EXIT_CODE_USAGE;
  }
  cli_job_init(cli, &job);
  bool is_ok = retire_run(&job, &order, &ended_n, error);
  if (is_ok) say_retired(cli, ended_n);
  job_clear(&job);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const struct command_option retire_options[] = {
    {"reason", OPTION_STRING, "TEXT", "why, in some words; needed"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_campaigns_retire = {
    .name = "campaigns retire",
    .arguments = "CAMPAIGN",
    .summary = "End the leads of a campaign that was deleted in Instantly",
    .details =
        "A sync holds the leads of a campaign that is gone; this ends them: their holds are resolved, running "
        "enrolments "
        "are finished as removed by hand, and a claim that was still open ends as skipped, since nobody can say any "
        "more what became of it. None of them is sent again by itself (`leadferry release` does that). Instantly "
        "is asked first: a campaign that exists is refused with exit code 6. Take the campaign out of the "
        "configuration as well. Doing it twice changes nothing more.",
    .example =
        "leadferry campaigns retire 0190a000-0000-7000-8000-000000000001 --reason \"deleted by mistake\" --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY,
    .writes = true,
    .options = retire_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_retire,
};

/* ---- resume ---- */

static void say_resumed(const struct cli *cli, bool was_on)
{
  if (cli->is_json) {
    g_autoptr(GString) out = g_string_new("{");
    json_append_bool(out, "dry_run", cli->is_dry_run);
    json_append_bool(out, "changed", was_on);
    g_string_append_c(out, '}');
    out_line(out->str);
    return;
  }
  out_line(!was_on           ? "the campaign was not stopped for bounces"
           : cli->is_dry_run ? "the campaign would be fed again"
                             : "the next export feeds the campaign again; one that was paused is started in Instantly");
}

/* Instantly's time is what mails are counted by: so the campaign is asked for first. */
static bool resume(struct job *job, const char *campaign_id, bool *was_on, GError **error)
{
  struct remote_campaign campaign;
  remote_campaign_init(&campaign);
  bool is_ok = job->instantly->ops->campaign_get(job->instantly, campaign_id, &campaign, error) &&
               job_fix_now(job, error) && bounce_guard_resume(job, campaign_id, was_on, error);
  remote_campaign_clear(&campaign);
  return is_ok;
}

static bool resume_run(struct job *job, const char *campaign_id, const char *detail, bool *was_on, GError **error)
{
  if (job->is_dry_run) return resume(job, campaign_id, was_on, error);
  if (!job_begin(job, "resume", error)) return false;
  g_autoptr(GError) failure = NULL;
  bool is_ok = resume(job, campaign_id, was_on, &failure);
  struct run_record record = {.job = "resume", .detail = detail};
  enum exit_code code = is_ok ? EXIT_CODE_OK : error_exit_code(error_kind_of(failure));
  job_end(job, &record, &(struct run_ending){code, failure});
  if (failure) g_propagate_error(error, g_steal_pointer(&failure));
  return is_ok;
}

static enum exit_code run_resume(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc;
  struct job job;
  bool was_on = false;
  const char *reason = brake_reason(cli, error);
  if (!reason) return EXIT_CODE_USAGE;
  const char *campaign_id = campaign_named(cli, argv[0]);
  if (!g_uuid_string_is_valid(campaign_id)) {
    error_set(error, ERROR_USAGE, "campaigns resume needs the id or the name of a configured campaign");
    return EXIT_CODE_USAGE;
  }
  g_autofree char *detail = brake_detail(reason);
  cli_job_init(cli, &job);
  bool is_ok = resume_run(&job, campaign_id, detail, &was_on, error);
  if (is_ok) say_resumed(cli, was_on);
  job_clear(&job);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const struct command command_campaigns_resume = {
    .name = "campaigns resume",
    .arguments = "CAMPAIGN",
    .summary = "Feed a campaign again that was stopped because too much bounced",
    .details =
        "A sync stops feeding a campaign when, of at least 50 mails of the last 7 days, so many bounced that the share "
        "is at least 3 % beyond chance (the lower end of its 95 % interval). Look at who bounced (`leadferry leads "
        "export`), at the list they came from and at the mailboxes; then this lets the next export feed it. Only what "
        "is "
        "mailed from now on counts for the next time. With `on_bounces: pause` start it in Instantly as well.",
    .example = "leadferry campaigns resume Founders --reason \"the list was cleaned\" --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY,
    .writes = true,
    .options = retire_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_resume,
};
