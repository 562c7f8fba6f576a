#include "floor_sql.h"

#include "core/sync.h"

#include <string.h>

/* Every page of the scan and of the stops, kept: reading them is not SQL. */
struct scan {
  GPtrArray *pages; /* struct page, rows of struct remote_lead */
  GPtrArray *stops; /* the same, of the three filters */
};

static void page_free(gpointer page)
{
  page_clear(page);
  g_free(page);
}

/* Reads one chain of pages to its end. */
static bool read_chain(struct instantly *instantly, struct list_query query, GPtrArray *pages, GError **error)
{
  for (;;) {
    struct page *page = g_new0(struct page, 1);
    page_init(page, sizeof(struct remote_lead));
    g_ptr_array_add(pages, page);
    if (!instantly->ops->list(instantly, &query, 1, page, error)) return false;
    if (page->next == NULL) return true;
    query.after = page->next;
  }
}

static bool read_scan(const struct sql_run *run, struct instantly *instantly, struct scan *scan, GError **error)
{
  static const char *const filters[] = {"FILTER_VAL_UNSUBSCRIBED", "FILTER_VAL_REPLIED", "FILTER_VAL_BOUNCED"};
  for (guint i = 0; i < run->settings->campaigns->len; i++) {
    struct list_query query = {.campaign_id = g_array_index(run->settings->campaigns, struct campaign_settings, i).id};
    if (!read_chain(instantly, query, scan->pages, error)) return false;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(filters); i++)
    if (!read_chain(instantly, (struct list_query){.filter = filters[i]}, scan->stops, error)) return false;
  return true;
}

/* As many rows a call as core/sync_read.c has. */
#define STAGE_ROWS 1000

static bool stage_rows(struct sql_run *run, GArray *rows, GError **error)
{
  const struct remote_lead *first = (const struct remote_lead *)(const void *)rows->data;
  if (rows->len == 0) return true;
  run->leads_n += rows->len;
  bool is_ok = SQL_TIMED(run, SQL_STAGE, run->ops->stage(run->ledger, run->job.run_id, first, rows->len, error));
  g_array_set_size(rows, 0);
  return is_ok;
}

static bool stage_scan(struct sql_run *run, const struct scan *scan, GError **error)
{
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct remote_lead));
  bool is_ok = SQL_TIMED(run, SQL_STAGE, run->ops->stage_begin(run->ledger, run->job.run_id, error));
  for (guint i = 0; is_ok && i < scan->pages->len; i++) {
    const struct page *page = g_ptr_array_index(scan->pages, i);
    g_array_append_vals(rows, page->rows->data, page->rows->len);
    if (rows->len >= STAGE_ROWS) is_ok = stage_rows(run, rows, error);
  }
  return is_ok && stage_rows(run, rows, error);
}

/* Who is enrolled and was not in the scan: nobody, but the question is asked. */
static bool ask_watched(struct sql_run *run, GError **error)
{
  struct watch_query query = {.unstaged_run_id = run->job.run_id, .limit = 1600};
  struct page watched;
  page_init(&watched, sizeof(struct watched));
  bool is_ok = SQL_TIMED(run, SQL_READ, run->ops->watched(run->ledger, &query, &watched, error));
  page_clear(&watched);
  return is_ok;
}

static bool suppress_page(struct sql_run *run, const struct page *page, GError **error)
{
  g_autoptr(GArray) stops = g_array_new(FALSE, TRUE, sizeof(struct suppression));
  for (guint i = 0; i < page->rows->len; i++) {
    const struct remote_lead *row = page_row(page, struct remote_lead, i);
    const char *reason = remote_stop(row);
    if (row->person == NULL || reason == NULL) continue;
    struct suppression stop = {.person = row->person,
                               .reason = reason,
                               .source = "workspace",
                               .actor = "sync",
                               .created_at_us = run->job.now_us};
    g_array_append_val(stops, stop);
  }
  if (stops->len == 0) return true;
  return SQL_TIMED(
      run, SQL_FACTS,
      run->ops->suppress(run->ledger, (const struct suppression *)(const void *)stops->data, stops->len, NULL, error));
}

static bool apply_stage(struct sql_run *run, const char *const *campaigns, size_t campaigns_n, GError **error)
{
  struct stage_report report = {0};
  struct stage_rules rules = {.run_id = run->job.run_id,
                              .epoch = run->job.lease.epoch,
                              .now_us = run->job.now_us,
                              .is_full_scan = true,
                              .scan_started_at_us = run->job.now_us,
                              .campaigns = campaigns,
                              .campaigns_n = campaigns_n,
                              .bounce_suppress_us = 180 * DAY_US,
                              .vanish_after_us = DAY_US};
  int64_t written_n = 0;
  return SQL_TIMED(run, SQL_FACTS, run->ops->stage_stops(run->ledger, &rules, &report, error)) &&
         SQL_TIMED(run, SQL_FACTS, run->ops->stage_facts(run->ledger, &rules, &report, error)) &&
         SQL_TIMED(run, SQL_FOLD, run->ops->fold(run->ledger, error)) &&
         SQL_TIMED(run, SQL_WRITE_BACK, run->ops->write_back(run->ledger, false, &written_n, error));
}

static bool status_write(struct sql_run *run, const char *const *campaigns, size_t campaigns_n, GError **error)
{
  g_autofree struct campaign_metric *rows = g_new0(struct campaign_metric, campaigns_n);
  for (size_t i = 0; i < campaigns_n; i++)
    rows[i].campaign_id = campaigns[i];
  return SQL_TIMED(run, SQL_FRAME,
                   run->ops->campaign_status_write(run->ledger, rows, campaigns_n, run->job.now_us, error));
}

static bool run_steps(struct sql_run *run, const struct scan *scan, GError **error)
{
  const GArray *configured = run->settings->campaigns;
  g_autofree const char **campaigns = g_new0(const char *, configured->len + 1);
  for (guint i = 0; i < configured->len; i++)
    campaigns[i] = g_array_index(configured, struct campaign_settings, i).id;
  bool is_ok = stage_scan(run, scan, error) && ask_watched(run, error);
  for (guint i = 0; is_ok && i < scan->stops->len; i++)
    is_ok = suppress_page(run, g_ptr_array_index(scan->stops, i), error);
  return is_ok && apply_stage(run, campaigns, configured->len, error) &&
         status_write(run, campaigns, configured->len, error);
}

bool sql_sync(struct sql_run *run, struct instantly *instantly, GError **error)
{
  g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func(page_free);
  g_autoptr(GPtrArray) stops = g_ptr_array_new_with_free_func(page_free);
  struct scan scan = {pages, stops};
  if (!read_scan(run, instantly, &scan, error)) return false;
  run->job.now_us = instantly->ops->date_us(instantly);
  if (!SQL_TIMED(run, SQL_FRAME, job_begin(&run->job, "sync", error))) return false;
  bool is_ok = run_steps(run, &scan, error);
  struct run_record record = {.job = "sync"};
  sql_begin(run);
  job_end(&run->job, &record, &(struct run_ending){.exit_code = is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED});
  return sql_end(run, SQL_FRAME, is_ok);
}
