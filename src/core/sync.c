#include "core/sync.h"

#include "base/log.h"
#include "core/bounce_guard.h"
#include "core/escrow.h"
#include "core/job.h"
#include "core/stop_guard.h"
#include "core/sync_emails.h"
#include "core/sync_enforce.h"
#include "core/sync_read.h"

static bool sync_steps(struct job *job, const struct sync_options *options, struct sync_report *report, GError **error);
static bool read_analytics(struct job *job, GArray *totals, struct page *text, GError **error);
static bool freshen_escrows(struct job *job, GError **error);
static bool read_leads(struct job *job, const struct sync_options *options, struct sync_report *report, GError **error);
static bool choose_home(struct job *job, struct sync_report *report, GError **error);
static bool apply_stage(struct job *job, struct sync_report *report, GError **error);
static bool report_unknown(struct job *job, const struct sync_report *report, GError **error);

/* How far back daily figures are read again: Instantly restates them. */
#define METRICS_TRAIL_DAYS 14

/* Did it see what a person should look at, or leave something undone? */
static bool is_strange(const struct sync_report *report)
{
  return report->stage.conflicts_n + report->held_n + report->gone_n + report->stage.home_n + report->stage.spike_n +
                 report->hits.waits + report->bounce_stopped_n + report->emails_refused + report->exclusion.is_doubted +
                 report->gone.is_doubted + report->exclusion.is_unreadable + report->unlist.was_refused +
                 report->stops_lost_n >
             0 ||
         report->has_no_opt_outs || stop_needs_look(&report->stops);
}

/* The story. */
bool sync_run(struct job *job, const struct sync_options *options, struct sync_report *report, GError **error)
{
  if (!job_begin(job, "sync", error)) return false;
  g_autoptr(GError) failure = NULL;
  bool is_ok = sync_steps(job, options, report, &failure);
  if (!is_ok) stop_enforce_anyway(job, &report->stops, &failure);
  report->exit_code = !is_ok               ? error_exit_code(error_kind_of(failure))
                      : is_strange(report) ? EXIT_CODE_PARTIAL
                                           : EXIT_CODE_OK;
  struct run_record record = {.job = "sync",
                              .scan_started_at_us = report->full_scan_started_at_us,
                              .full_scan_finished_at_us = is_ok ? report->full_scan_finished_at_us : 0,
                              .stops_read_at_us = report->stops_read_at_us};
  job_end(job, &record, &(struct run_ending){report->exit_code, failure});
  if (failure != NULL) g_propagate_error(error, g_steal_pointer(&failure));
  return is_ok;
}

static bool sync_steps(struct job *job, const struct sync_options *options, struct sync_report *report, GError **error)
{
  g_autoptr(GArray) totals = g_array_new(FALSE, TRUE, sizeof(struct campaign_metric));
  g_auto(sync_text) text;
  g_autoptr(GArray) bounces = bounce_counts_new();
  page_init(&text, 1);
  const struct ledger_ops *ops = job->ledger->ops;
  if (!read_analytics(job, totals, &text, error) || !freshen_escrows(job, error)) return false; /* 1 */
  if (!ops->stage_begin(job->ledger, job->run_id, error)) return false;
  if (!bounce_counts_read(job, bounces, error)) return false;
  report->bounces = report->mailboxes = bounces;
  bool is_read = read_leads(job, options, report, error); /* 2 */
  report->bounces = NULL;
  if (!is_read) return false;
  if (!choose_home(job, report, error) || !exclusion_take(job, true, &report->exclusion, error) ||
      !gone_take(job, &report->gone, error))
    return false;
  if (!apply_stage(job, report, error)) return false; /* 3 */
  if (report->stops.hits.waits) report->hits = report->stops.hits;
  if (!bounce_guard_judge(job, bounces, &report->bounce_stopped_n, error)) return false;
  if (!ops->write_back(job->ledger, false, &report->written_back_n, error)) return false; /* 4 */
  return ops->campaign_status_write(job->ledger, (const struct campaign_metric *)(void *)totals->data, totals->len,
                                    job->now_us, error) &&
         report_unknown(job, report, error);
}

bool sync_rebuild(struct job *job, struct sync_report *report, GError **error)
{
  report->home = HOME_REBUILD;
  report->reads_lists = true;
  return job->ledger->ops->stage_begin(job->ledger, job->run_id, error) && sync_read_campaigns(job, report, error) &&
         sync_read_watched(job, report, error) && apply_stage(job, report, error);
}

/* ---- step 1 ---- */

static bool write_page(struct job *job, const struct page *page, GError **error)
{
  return page->rows->len == 0 || job->ledger->ops->metrics_write(job->ledger, page_row(page, struct campaign_metric, 0),
                                                                 page->rows->len, error);
}

/* Days and steps of one campaign; a campaign that is gone is the export's to report. */
static bool read_campaign_metrics(struct job *job, const char *id, struct page *page, GError **error)
{
  const struct instantly_ops *api = job->instantly->ops;
  int64_t to_us = time_day_start_us(job->now_us) + DAY_US;
  struct day_span days = {.from_us = to_us - METRICS_TRAIL_DAYS * DAY_US, .to_us = to_us};
  page_reset(page);
  if (!api->analytics_daily(job->instantly, id, &days, page, error) || !write_page(job, page, error)) return false;
  page_reset(page);
  return api->analytics_steps(job->instantly, id, page, error) && write_page(job, page, error);
}

static void keep_totals(GArray *totals, struct page *text, const struct page *page, int64_t *now_rows)
{
  for (guint i = 0; i < page->rows->len; i++) {
    struct campaign_metric row = *page_row(page, struct campaign_metric, i);
    row.campaign_id = page_text(text, row.campaign_id);
    row.campaign_name = page_text(text, row.campaign_name);
    row.step = row.variant = NULL;
    g_array_append_val(totals, row);
  }
  *now_rows = totals->len;
}

/* Campaigns without analytics yet (nothing sent) still get their row in campaign_status. */
static void add_silent_campaigns(const struct job *job, GArray *totals)
{
  for (guint i = 0; i < job->settings->campaigns->len; i++) {
    const struct campaign_settings *campaign = &g_array_index(job->settings->campaigns, struct campaign_settings, i);
    bool is_known = false;
    for (guint t = 0; t < totals->len; t++)
      is_known = is_known || g_strcmp0(g_array_index(totals, struct campaign_metric, t).campaign_id, campaign->id) == 0;
    struct campaign_metric row = {.campaign_id = campaign->id, .campaign_name = campaign->name};
    if (!is_known) g_array_append_val(totals, row);
  }
}

static bool read_analytics(struct job *job, GArray *totals, struct page *text, GError **error)
{
  GArray *campaigns = job->settings->campaigns;
  g_autofree const char **ids = g_new0(const char *, campaigns->len + 1);
  for (guint i = 0; i < campaigns->len; i++)
    ids[i] = g_array_index(campaigns, struct campaign_settings, i).id;
  struct page page;
  page_init(&page, sizeof(struct campaign_metric));
  int64_t rows_n = 0;
  bool is_ok = job->instantly->ops->analytics(job->instantly, ids, campaigns->len, &page, error) &&
               job_fix_now(job, error) && write_page(job, &page, error);
  if (is_ok) keep_totals(totals, text, &page, &rows_n);
  for (int64_t i = 0; is_ok && i < rows_n; i++)
    is_ok = read_campaign_metrics(job, g_array_index(totals, struct campaign_metric, i).campaign_id, &page, error);
  page_clear(&page);
  if (is_ok) add_silent_campaigns(job, totals);
  return is_ok;
}

/* A campaign of ours in escrow that somebody activated is his from then on: the next pause is no more ours. */
static bool freshen_escrows(struct job *job, GError **error)
{
  for (guint i = 0; i < job->settings->campaigns->len; i++) {
    const struct campaign_settings *campaign = &g_array_index(job->settings->campaigns, struct campaign_settings, i);
    if (campaign->escrow && !escrow_freshen(job, campaign->id, error)) return false;
  }
  return true;
}

/* ---- step 2 ---- */

static bool look_at_campaigns(struct job *job, struct sync_report *report, GError **error)
{
  g_autofree const char **ids = g_new0(const char *, job->settings->campaigns->len + 1);
  size_t ids_n = 0;
  return sync_find_campaigns(job, report, ids, &ids_n, error);
}

static bool is_scan_due(const struct job *job, const struct sync_options *options, const struct ledger_facts *facts)
{
  int64_t age_us = job->now_us - facts->full_scan_started_at_us;
  return options->full_scan || facts->full_scan_started_at_us == 0 ||
         age_us >= job->settings->sync.full_scan_every_h * 3600 * SECOND_US;
}

/* Due by either clock: a workspace whose time runs ahead of ours (the sandbox) is read as often as its own day says. */
static bool read_stops_if_due(struct job *job, struct sync_report *report, GError **error)
{
  struct ledger_facts facts;
  if (!job->ledger->ops->facts(job->ledger, &facts, error)) return false;
  int64_t now_us = job->ledger->ops->now_us(job->ledger);
  bool is_due = report->was_full_scan || facts.stops_read_at_us == 0 ||
                now_us - facts.stops_read_at_us >= job->settings->sync.stops_every_h * 3600 * SECOND_US;
  if (!is_due) return true;
  if (!sync_stage_workspace(job, &report->stops_read_n, error)) return false;
  report->stops_read_at_us = now_us;
  return true;
}

static bool read_leads(struct job *job, const struct sync_options *options, struct sync_report *report, GError **error)
{
  struct ledger_facts facts;
  if (!job->ledger->ops->facts(job->ledger, &facts, error)) return false;
  if (!stop_guard_report(job, &report->stops_lost_n, error)) return false;
  if (!sync_unlist_stops(job, &facts, &report->unlist, error)) return false; /* before the block list is read */
  report->reads_lists = options->full_scan;
  if (is_scan_due(job, options, &facts) ? !sync_read_campaigns(job, report, error)
                                        : !look_at_campaigns(job, report, error))
    return false; /* the full scan, or at least whether there is something to scan */
  if (!sync_read_watched(job, report, error)) return false; /* those that can still change */
  return read_stops_if_due(job, report, error);             /* the workspace's stops */
}

/* ---- step 3: stops before states, so that nobody is exported between the two ---- */

/* A ledger without a claim never sent anything: stamps in front of it mean that it was lost. */
static bool choose_home(struct job *job, struct sync_report *report, GError **error)
{
  struct ledger_facts facts;
  if (!job->ledger->ops->facts(job->ledger, &facts, error)) return false;
  report->home = facts.has_claims ? HOME_ADOPT : HOME_LEAVE;
  return true;
}

/* Says that the ledger is older than Instantly, or empty in front of it. */
static bool report_unknown(struct job *job, const struct sync_report *report, GError **error)
{
  const struct stage_report *stage = &report->stage;
  if (stage->homeless_n > 0) {
    error_set(error, ERROR_UNSAFE,
              "%" G_GINT64_FORMAT
              " rows in Instantly carry leadferry's stamp, and this ledger has never claimed anybody: "
              "it was lost, or this is the wrong one. Restore the newest backup, or rebuild it with `leadferry export "
              "--bootstrap`",
              stage->homeless_n);
    return false;
  }
  if (stage->home_n == 0) return true;
  g_autofree char *message =
      g_strdup_printf("%" G_GINT64_FORMAT " rows in Instantly carry leadferry's stamp and were unknown to this "
                      "ledger; they are adopted",
                      stage->home_n);
  log_event(LOG_ERROR, "the ledger is older than Instantly", LOG_INT("adopted", stage->home_n));
  struct error_row row = {.type = "unknown_stamp", .message = message, .key = "unknown_stamp"};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

static uint32_t cut_outcomes(const struct complete_settings *settings)
{
  uint32_t bits = 0;
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    if (settings->outcomes[i].cut_subsequence && settings->outcomes[i].action != REMOVAL_KEEP) bits |= 1u << i;
  return bits;
}

/* What was mailed since the sync before is judged together. A ledger that is being rebuilt has no sync before. */
static bool judge_mailboxes(struct job *job, const struct sync_report *report, struct stage_rules *rules,
                            GError **error)
{
  g_autofree char *since = NULL;
  if (!job->ledger->ops->control_get(job->ledger, SYNCED_AT, &since, error)) return false;
  rules->judges_mailboxes = report->home != HOME_REBUILD;
  rules->sent_since_us = since != NULL ? g_ascii_strtoll(since, NULL, 10) : 0;
  return true;
}

static bool note_synced(struct job *job, GError **error)
{
  g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, job->now_us);
  return job->ledger->ops->control_put(job->ledger, SYNCED_AT, now, error);
}

static bool report_spike(struct job *job, struct sync_report *report, GError **error)
{
  if (report->stage.spike_n == 0) return true;
  log_event(LOG_ERROR, "a mailbox bounces too often", LOG_INT("held", report->stage.spike_n));
  g_autofree char *mailboxes = report->mailboxes ? bounce_mailboxes(job, report->mailboxes, false) : NULL;
  g_autofree char *message = g_strdup_printf(
      "more than %d %% of what one mailbox sent since the sync before bounced: %s; %" G_GINT64_FORMAT
      " leads are held instead of suppressed. `leadferry errors resolve --held bounce_spike --dry-run` lists them; "
      "without --dry-run it lets them go",
      BOUNCE_SPIKE_PERCENT, mailboxes && *mailboxes ? mailboxes : "see the mailboxes in Instantly",
      report->stage.spike_n);
  struct error_row row = {.type = "bounce_spike", .message = message, .key = job->run_id};
  g_autofree char *addresses = report->mailboxes ? bounce_mailboxes(job, report->mailboxes, true) : NULL;
  g_strlcpy(report->spiked, addresses ? addresses : "", sizeof report->spiked);
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

/* A column that is not there, or has another name, keeps no sync from reading who answered. */
static bool stop_opted_out(struct job *job, struct sync_report *report, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (source_opt_out_stop(job, &report->opt_outs, &failure)) return true;
  report->has_no_opt_outs = error_is(failure, ERROR_CONFIG);
  if (!report->has_no_opt_outs) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  log_event(LOG_ERROR, "opt-outs of the source cannot be read", LOG_STR("error", failure->message));
  struct error_row row = {.type = "opt_out_unread", .message = failure->message, .key = "opt_out_unread"};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

/* Where nothing waits for the block list there is nothing to decide about: stop_enforce() asks for itself. */
static bool push_stops(struct job *job, struct sync_report *report, GError **error)
{
  struct push_query query = {.now_us = job->now_us, .limit = 1};
  struct page waiting;
  page_init(&waiting, sizeof(struct suppression));
  bool is_ok = job->ledger->ops->unpushed(job->ledger, &query, &waiting, error);
  bool is_any = waiting.rows->len > 0;
  page_clear(&waiting);
  if (!is_ok || !is_any) return is_ok;
  return stop_hits_decide(job, &report->hits, error) && sync_push_stops(job, report, error);
}

static bool apply_stage(struct job *job, struct sync_report *report, GError **error)
{
  const struct ledger_ops *ops = job->ledger->ops;
  GArray *campaigns = job->settings->campaigns;
  g_autofree const char **ids = g_new0(const char *, campaigns->len + 1);
  for (guint i = 0; i < campaigns->len; i++)
    ids[i] = g_array_index(campaigns, struct campaign_settings, i).id;
  struct stage_rules rules;
  sync_stage_rules(job, &rules);
  rules.is_full_scan = report->was_full_scan;
  rules.reads_lists = report->reads_lists;
  rules.scan_started_at_us = report->full_scan_started_at_us;
  rules.campaigns = ids;
  rules.campaigns_n = campaigns->len;
  rules.cut_outcomes = cut_outcomes(&job->settings->complete);
  rules.home = report->home;
  if (!judge_mailboxes(job, report, &rules, error)) return false;
  if (!ops->stage_stops(job->ledger, &rules, &report->stage, error) || !report_spike(job, report, error)) return false;
  if (!stop_opted_out(job, report, error) || !push_stops(job, report, error)) return false;
  /* Rows of those who were pushed are staged now as well: who of them answered elsewhere? */
  if (report->pushed_n > 0 && !ops->stage_stops(job->ledger, &rules, &report->stage, error)) return false;
  return ops->stage_facts(job->ledger, &rules, &report->stage, error) && ops->fold(job->ledger, error) &&
         sync_read_emails(job, report, error) && /* of those who have rows the answers are known by now */
         (report->home == HOME_REBUILD || stop_enforce(job, &report->stops, error)) && note_synced(job, error);
}
