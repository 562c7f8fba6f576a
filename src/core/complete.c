#include "core/complete.h"

#include "base/log.h"
#include "core/complete_remove.h"
#include "core/job.h"
#include "core/settle.h"
#include "core/source_guard.h"

#define PAGE_MAX           500
#define SCAN_AGE_MAX_HOURS 24

static bool complete_steps(struct job *job, struct complete_report *report, GError **error);
static bool find_due(struct job *job, struct complete_report *report, GError **error);
static bool check_safety(struct job *job, struct complete_report *report, GError **error);
static bool remove_due(struct job *job, struct complete_report *report, GError **error);

void complete_report_init(struct complete_report *report)
{
  *report = (struct complete_report){.counts = g_array_new(FALSE, TRUE, sizeof(struct removal_count))};
}

void complete_report_clear(struct complete_report *report)
{
  for (guint i = 0; report->counts != NULL && i < report->counts->len; i++)
    g_free(g_array_index(report->counts, struct removal_count, i).campaign_id);
  g_clear_pointer(&report->counts, g_array_unref);
  g_clear_pointer(&report->safety, g_free);
}

/* The story. */
bool complete_run(struct job *job, struct complete_report *report, GError **error)
{
  if (job->is_dry_run) return complete_plan(job, report, error);
  if (!job_begin(job, "complete", error)) return false;
  g_autoptr(GError) failure = NULL;
  bool is_ok = complete_steps(job, report, &failure);
  if (!is_ok) stop_enforce_anyway(job, &report->stops, &failure);
  if (!is_ok)
    report->exit_code = error_exit_code(error_kind_of(failure));
  else if (report->safety != NULL)
    report->exit_code = EXIT_CODE_SAFETY;
  else
    report->exit_code = report->changed_n > 0 || stop_needs_look(&report->stops) ? EXIT_CODE_PARTIAL : EXIT_CODE_OK;
  struct run_record record = {.job = "complete"};
  g_autoptr(GError) stop = NULL;
  if (is_ok && report->safety != NULL) error_set(&stop, ERROR_UNSAFE, "%s", report->safety);
  job_end(job, &record, &(struct run_ending){report->exit_code, is_ok ? stop : failure});
  if (failure != NULL) g_propagate_error(error, g_steal_pointer(&failure));
  return is_ok;
}

static bool complete_steps(struct job *job, struct complete_report *report, GError **error)
{
  if (!find_due(job, report, error)) return false;                             /* 1: what is due */
  if (!check_safety(job, report, error)) return false;                         /* 1: may it be right? */
  if (report->safety == NULL && !remove_due(job, report, error)) return false; /* 2, 3 */
  const struct ledger_ops *ops = job->ledger->ops;
  /* Whatever kept it from removing what is over, who is stopped is taken out. */
  if (!ops->fold(job->ledger, error) || !stop_enforce(job, &report->stops, error)) return false;
  return ops->fold(job->ledger, error) && ops->write_back(job->ledger, false, NULL, error); /* 4 */
}

bool complete_plan(struct job *job, struct complete_report *report, GError **error)
{
  bool is_ok = find_due(job, report, error) && check_safety(job, report, error);
  report->exit_code = report->safety != NULL ? EXIT_CODE_SAFETY : EXIT_CODE_OK;
  return is_ok;
}

/* ---- step 1 ---- */

static bool find_due(struct job *job, struct complete_report *report, GError **error)
{
  struct plan_details plan; /* asked for the time of its answer: graces are counted on Instantly's clock */
  if (!job->instantly->ops->plan(job->instantly, &plan, error) || !job_fix_now(job, error)) return false;
  struct removal_query query;
  removal_query_init(&query, &job->settings->complete, job->now_us);
  if (!job->ledger->ops->removal_counts(job->ledger, &query, report->counts, error)) return false;
  for (guint i = 0; i < report->counts->len; i++)
    report->due_n += g_array_index(report->counts, struct removal_count, i).n;
  int64_t max_n = MIN(job->settings->complete.max_removals, job->limit);
  if (job->allow_mass_removal > 0) max_n = job->limit;
  report->planned_n = MIN(report->due_n, max_n);
  report->deferred_n = report->due_n - report->planned_n;
  return true;
}

static void stop(struct complete_report *report, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void stop(struct complete_report *report, const char *format, ...)
{
  if (report->safety != NULL) return;
  va_list arguments;
  va_start(arguments, format);
  report->safety = g_strdup_vprintf(format, arguments);
  va_end(arguments);
}

static void check_age(struct job *job, const struct ledger_facts *facts, struct complete_report *report)
{
  int64_t age_us = job->now_us - facts->full_scan_started_at_us;
  if (facts->full_scan_finished_at_us == 0)
    stop(report, "no full scan has ended yet: run `leadferry sync --full` first");
  else if (age_us > SCAN_AGE_MAX_HOURS * 3600 * SECOND_US)
    stop(report, "the last full scan is older than %d hours: run `leadferry sync --full` first", SCAN_AGE_MAX_HOURS);
  if (facts->source_rows == 0) stop(report, "the source table is empty, which looks like an accident");
}

static const struct campaign_metric *metric_of(const struct page *page, const char *campaign_id)
{
  for (guint i = 0; i < page->rows->len; i++) {
    const struct campaign_metric *row = page_row(page, struct campaign_metric, i);
    if (g_strcmp0(row->campaign_id, campaign_id) == 0) return row;
  }
  return NULL;
}

/* More removals than the campaign's own counters can explain mean that our reading of it is wrong. */
static bool check_analytics(struct job *job, struct complete_report *report, GError **error)
{
  g_autofree const char **ids = g_new0(const char *, report->counts->len + 1);
  size_t ids_n = 0;
  for (guint i = 0; i < report->counts->len; i++)
    ids[ids_n++] = g_array_index(report->counts, struct removal_count, i).campaign_id;
  struct page page;
  page_init(&page, sizeof(struct campaign_metric));
  bool is_ok = job->instantly->ops->analytics(job->instantly, ids, ids_n, &page, error);
  for (guint i = 0; is_ok && i < report->counts->len; i++) {
    const struct removal_count *count = &g_array_index(report->counts, struct removal_count, i);
    if (removal_is_plausible(count->outcome, count->n, metric_of(&page, count->campaign_id))) continue;
    stop(report,
         "campaign %s: %" G_GINT64_FORMAT
         " leads are due as %s, more than its analytics show; look with `leadferry plan`, "
         "then `leadferry complete --allow-mass-removal=%" G_GINT64_FORMAT "` if that is right",
         count->campaign_id, count->n, outcome_name(count->outcome), report->due_n);
  }
  page_clear(&page);
  return is_ok;
}

static bool check_safety(struct job *job, struct complete_report *report, GError **error)
{
  if (report->due_n == 0) return true;
  struct ledger_facts facts;
  if (!job->ledger->ops->facts(job->ledger, &facts, error)) return false;
  if (!job->settings->complete.armed)
    stop(report, "complete.armed is false: look at the list with `leadferry plan`, then set it to true");
  check_age(job, &facts, report);
  g_autofree char *doubt = source_guard_doubt(job, &facts);
  if (doubt != NULL) stop(report, "%s", doubt);
  if (job->allow_mass_removal > 0 && job->allow_mass_removal != report->planned_n)
    stop(report, "--allow-mass-removal=%" G_GINT64_FORMAT " does not equal the %" G_GINT64_FORMAT " planned removals",
         job->allow_mass_removal, report->planned_n);
  return job->allow_mass_removal > 0 || check_analytics(job, report, error);
}

/* ---- steps 2 and 3 ---- */

static bool remove_due(struct job *job, struct complete_report *report, GError **error)
{
  struct removal_query query;
  removal_query_init(&query, &job->settings->complete, job->now_us);
  struct page due;
  page_init(&due, sizeof(struct removal));
  g_autofree char *after_lead_id = NULL;
  struct remover remover = {.job = job, .cause = REMOVAL_OF_FINISHED};
  int64_t left_n = report->planned_n;
  bool is_ok = true;
  while (is_ok && left_n > 0) {
    query.limit = (size_t)MIN(left_n, PAGE_MAX);
    query.after_lead_id = after_lead_id;
    is_ok = !job_is_cancelled(job, error) && job->ledger->ops->removals(job->ledger, &query, &due, error);
    if (!is_ok || due.rows->len == 0) break;
    is_ok = remover_page(&remover, &due, error);
    report->removed_n = remover.removed_n;
    report->changed_n = remover.changed_n;
    const struct removal *last = page_row(&due, struct removal, due.rows->len - 1);
    query.after_us = last->finished_at_us;
    g_free(after_lead_id);
    after_lead_id = g_strdup(last->lead_id);
    left_n -= due.rows->len;
    job_progress(job, "leads", report->planned_n - left_n, report->planned_n, report->changed_n);
  }
  page_clear(&due);
  return is_ok;
}
