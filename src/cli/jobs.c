#include "cli/jobs.h"

#include "base/json.h"
#include "cli/exclusion_print.h"
#include "cli/job_print.h"
#include "cli/output.h"
#include "core/job.h"

#include <string.h>

/* Rows of the list of due removals that text and JSON show; the counts are always complete. */
#define DUE_SHOWN_TEXT 20
#define DUE_SHOWN_JSON 1000

/* ---- what all jobs do ---- */

/* The run's counts as its events tell them; NULL when they cannot be read or nothing was run. Caller frees. */
static char *run_events(struct cli *cli, const struct job *job)
{
  if (cli->is_dry_run) return NULL;
  struct page page;
  page_init(&page, sizeof(struct run_row));
  char *events = NULL;
  if (report_runs(cli->warehouse, &(struct run_query){.run_id = job->run_id, .limit = 1}, &page, NULL) &&
      page.rows->len > 0) {
    events = g_strdup(page_row(&page, struct run_row, 0)->counts);
  }
  page_clear(&page);
  return events;
}

static struct job_head head_of(const struct cli *cli, const struct job *job, const char *name, enum exit_code exit_code)
{
  return (struct job_head){.job = name,
                           .run_id = cli->is_dry_run ? NULL : job->run_id,
                           .exit_code = exit_code,
                           .is_dry_run = cli->is_dry_run};
}

/* The end of the progress line, before results are printed. */
static void end_progress(struct cli *cli)
{
  g_clear_pointer(&cli->progress, progress_free);
  cli->progress = progress_new(cli);
}

/* The exit code of a job that ended with this error, or as its report says. */
static enum exit_code code_of(bool ok, enum exit_code reported, GError *failure)
{
  return ok ? reported : error_exit_code(error_kind_of(failure));
}

/* Nothing was begun: no lease, no run row, nothing to report. */
static bool was_not_begun(bool ok, const GError *failure)
{
  return !ok && error_is(failure, ERROR_LOCKED);
}

static void json_begin(GString *json)
{
  g_string_append(json, json->len > 0 && json->str[json->len - 1] == '}' ? ",{" : "{");
}

enum exit_code job_command(struct cli *cli, enum exit_code (*job_do)(struct cli *, GString *, GError **),
                           GError **error)
{
  g_autoptr(GString) json = g_string_new(NULL);
  enum exit_code code = job_do(cli, json, error);
  if (cli->is_json && json->len > 0) out_line(json->str);
  return code;
}

/* ---- export ---- */

enum exit_code job_do_export(struct cli *cli, GString *json, GError **error)
{
  struct job job;
  struct export_report report;
  GError *failure = NULL;
  cli_job_init(cli, &job);
  job.is_bootstrap = option_flag(cli, "bootstrap");
  job.has_gate = cli->settings.export.change_gate && !option_flag(cli, "no-gate");
  export_report_init(&report);
  bool ok = cli->is_dry_run ? export_plan(&job, &report, &failure) : export_run(&job, &report, &failure);
  enum exit_code code = code_of(ok, report.exit_code, failure);
  end_progress(cli);
  if (!was_not_begun(ok, failure)) {
    bool is_skipped = report.unchanged_since_us != 0;
    g_autofree char *events = is_skipped ? NULL : run_events(cli, &job); /* asking would cost what was saved */
    struct job_head head = head_of(cli, &job, "export", code);
    head.events = events;
    if (is_skipped) head.verdict = EXPORT_UNCHANGED;
    head.error = failure ? failure->message : NULL;
    if (cli->is_json) {
      json_begin(json);
      json_export(json, &head, &report);
      json_exclusion(json, cli, &report.exclusion);
      json_gone(json, cli, &report.gone);
      g_string_append_c(json, '}');
    } else {
      print_export(cli, &head, &report);
      print_exclusion(cli, &report.exclusion);
      print_gone(cli, &report.gone, false);
    }
  }
  export_report_clear(&report);
  job_clear(&job);
  if (failure) g_propagate_error(error, failure);
  return code;
}

/* ---- sync ---- */

static bool count_watched(struct job *job, int64_t finished_after_us, int64_t *watched_n, GError **error)
{
  struct watch_query query = {.finished_after_us = finished_after_us, .limit = 1000};
  struct page page;
  page_init(&page, sizeof(struct watched));
  g_autofree char *after_id = NULL;
  bool ok = true;
  do {
    query.after_id = after_id;
    ok = job->ledger->ops->watched(job->ledger, &query, &page, error);
    if (!ok || page.rows->len == 0) break;
    *watched_n += page.rows->len;
    g_free(after_id);
    after_id = g_strdup(page_row(&page, struct watched, page.rows->len - 1)->instantly_id);
  } while (page.rows->len > 0);
  page_clear(&page);
  return ok;
}

/* What a sync would ask for: reads the ledger alone. */
static bool sync_preview(struct cli *cli, struct job *job, struct sync_report *report, GError **error)
{
  struct ledger *ledger = job->ledger;
  struct ledger_facts facts;
  if (!ledger->ops->facts(ledger, &facts, error)) return false;
  int64_t now_us = ledger->ops->now_us(ledger);
  int64_t scan_us = cli->settings.sync.full_scan_every_h * 3600 * SECOND_US;
  report->campaigns_n = cli->settings.campaigns->len;
  report->was_full_scan = option_flag(cli, "full") || now_us - facts.full_scan_started_at_us >= scan_us;
  return count_watched(job, now_us - cli->settings.sync.watch_finished_days * DAY_US, &report->watched_n, error);
}

enum exit_code job_do_sync(struct cli *cli, GString *json, GError **error)
{
  struct job job;
  struct sync_report report = {0};
  GError *failure = NULL;
  cli_job_init(cli, &job);
  struct sync_options options = {.full_scan = option_flag(cli, "full")};
  bool ok = cli->is_dry_run ? sync_preview(cli, &job, &report, &failure) : sync_run(&job, &options, &report, &failure);
  enum exit_code code = code_of(ok, report.exit_code, failure);
  end_progress(cli);
  if (!was_not_begun(ok, failure)) {
    g_autofree char *events = run_events(cli, &job);
    struct job_head head = head_of(cli, &job, "sync", code);
    head.events = events;
    head.error = failure ? failure->message : NULL;
    if (cli->is_json) {
      json_begin(json);
      json_sync(json, &head, &report);
      json_exclusion(json, cli, &report.exclusion);
      json_gone(json, cli, &report.gone);
      g_string_append_c(json, '}');
    } else {
      print_sync(&head, &report);
      print_exclusion(cli, &report.exclusion);
      print_gone(cli, &report.gone, false);
    }
  }
  job_clear(&job);
  if (failure) g_propagate_error(error, failure);
  return code;
}

/* ---- complete ---- */

static void due_row_text(struct cli *cli, struct table *table, const struct removal *row)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  g_autofree char *ref = ledger->ops->lead_ref(ledger, row->lead_id);
  table_add(table, "%s", ref);
  table_add(table, "%s", campaign_label(&cli->settings, row->campaign_id));
  table_add(table, "%s", outcome_name(row->outcome));
  table_add_time(table, row->finished_at_us);
}

static void due_row_json(struct cli *cli, GString *json, const struct removal *row)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  g_autofree char *ref = ledger->ops->lead_ref(ledger, row->lead_id);
  json_begin(json);
  json_append_str(json, "lead", ref);
  json_append_str(json, "campaign_id", row->campaign_id);
  json_append_str(json, "outcome", outcome_name(row->outcome));
  json_append_time(json, "finished_at", row->finished_at_us);
  g_string_append_c(json, '}');
}

static void due_text(struct cli *cli, const struct page *page, int64_t due_n)
{
  static const char *const headers[] = {"LEAD", "CAMPAIGN", "OUTCOME", "FINISHED"};
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (guint i = 0; i < page->rows->len; i++) {
    due_row_text(cli, &table, page_row(page, struct removal, i));
  }
  table_print(&table);
  table_clear(&table);
  if (due_n > page->rows->len) out_print("... and %" G_GINT64_FORMAT " more\n", due_n - page->rows->len);
}

static void due_json(struct cli *cli, GString *json, const struct page *page)
{
  json_append_key(json, "due_leads");
  g_string_append_c(json, '[');
  for (guint i = 0; i < page->rows->len; i++) {
    due_row_json(cli, json, page_row(page, struct removal, i));
  }
  g_string_append_c(json, ']');
}

/* The list of what would be removed, the oldest first: what an operator looks at before arming. */
static bool show_due(struct cli *cli, const struct job *job, GString *json, int64_t due_n, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct removal));
  struct removal_query query;
  removal_query_init(&query, &cli->settings.complete, job->now_us);
  int64_t shown_n = cli->is_json ? DUE_SHOWN_JSON : DUE_SHOWN_TEXT;
  query.limit = (size_t)(cli->limit == SETTING_UNLIMITED ? shown_n : MIN(cli->limit, DUE_SHOWN_JSON));
  bool ok = job->ledger->ops->removals(job->ledger, &query, &page, error);
  if (ok && cli->is_json)
    due_json(cli, json, &page);
  else if (ok && page.rows->len > 0)
    due_text(cli, &page, due_n);
  page_clear(&page);
  return ok;
}

/* A completion that ended, one way or another. */
struct completion {
  struct job job;
  struct complete_report report;
  struct job_head head;
};

static bool report_complete(struct cli *cli, const struct completion *completion, GString *json, GError **error)
{
  const struct complete_report *report = &completion->report;
  bool shows_due = report->due_n > 0 && (cli->is_dry_run || report->safety) && !completion->head.error;
  if (cli->is_json) {
    json_begin(json);
    json_complete(json, &completion->head, report);
  } else {
    print_complete(cli, &completion->head, report);
  }
  bool ok = !shows_due || show_due(cli, &completion->job, json, report->due_n, error);
  if (cli->is_json) g_string_append_c(json, '}');
  return ok;
}

enum exit_code job_do_complete(struct cli *cli, GString *json, GError **error)
{
  struct completion completion;
  GError *failure = NULL;
  cli_job_init(cli, &completion.job);
  complete_report_init(&completion.report);
  bool ok = complete_run(&completion.job, &completion.report, &failure);
  enum exit_code code = code_of(ok, completion.report.exit_code, failure);
  end_progress(cli);
  if (!was_not_begun(ok, failure)) {
    g_autofree char *events = run_events(cli, &completion.job);
    completion.head = head_of(cli, &completion.job, "complete", code);
    completion.head.events = events;
    completion.head.error = failure ? failure->message : NULL;
    if (!report_complete(cli, &completion, json, failure ? NULL : &failure)) {
      code = exit_code_worse(code, EXIT_CODE_FAILED);
    }
  }
  complete_report_clear(&completion.report);
  job_clear(&completion.job);
  if (failure) g_propagate_error(error, failure);
  return code;
}

/* ---- recover ---- */

static enum exit_code recovery_code(const struct recovery *recovery)
{
  if (recovery->tally.unknown_n > 0) return EXIT_CODE_TEMPORARY;
  return recovery->tally.held_n > 0 || stop_needs_look(&recovery->stops) ? EXIT_CODE_PARTIAL : EXIT_CODE_OK;
}

static bool recover_run(struct job *job, struct recovery *recovery, GError **error)
{
  if (!job_begin(job, "recover", error)) return false;
  const struct ledger_ops *ops = job->ledger->ops;
  GError *failure = NULL;
  bool ok = settle_recover(job, &recovery->tally, &failure) && ops->fold(job->ledger, &failure) &&
            stop_enforce(job, &recovery->stops, &failure) && ops->write_back(job->ledger, false, NULL, &failure);
  struct run_record record = {.job = "recover"};
  job_end(job, &record, &(struct run_ending){code_of(ok, recovery_code(recovery), failure), failure});
  if (failure) g_propagate_error(error, failure);
  return ok;
}

/* Without writing one can only say how much is open. */
static bool recover_preview(struct job *job, struct settle_tally *tally, GError **error)
{
  struct ledger_facts facts;
  if (!job->ledger->ops->facts(job->ledger, &facts, error)) return false;
  tally->unknown_n = facts.unsettled;
  return true;
}

enum exit_code job_do_recover(struct cli *cli, GString *json, GError **error)
{
  struct job job;
  struct recovery recovery = {0};
  GError *failure = NULL;
  cli_job_init(cli, &job);
  bool ok = cli->is_dry_run ? recover_preview(&job, &recovery.tally, &failure) : recover_run(&job, &recovery, &failure);
  enum exit_code code = code_of(ok, cli->is_dry_run ? EXIT_CODE_OK : recovery_code(&recovery), failure);
  end_progress(cli);
  if (!was_not_begun(ok, failure)) {
    g_autofree char *events = run_events(cli, &job);
    struct job_head head = head_of(cli, &job, "recover", code);
    head.events = events;
    head.error = failure ? failure->message : NULL;
    if (cli->is_json) {
      json_begin(json);
      json_recover(json, &head, &recovery);
      g_string_append_c(json, '}');
    } else {
      print_recover(&head, &recovery);
    }
  }
  job_clear(&job);
  if (failure) g_propagate_error(error, failure);
  return code;
}
