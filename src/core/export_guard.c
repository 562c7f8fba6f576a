#include "core/export_guard.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "core/settle.h"
#include "core/sync_home.h"
#include "core/sync_read.h"

/* An empty ledger adopts nothing (sync.c): to it `sync --full` is no way out. */
static bool refuse(struct job *job, const struct remote_lead *row, GError **error)
{
  struct ledger_facts facts;
  if (!job->ledger->ops->facts(job->ledger, &facts, error)) return false;
  error_set(error, ERROR_UNSAFE,
            "%s %s holds leads with leadferry's stamp that this ledger does not know: it is %s, and nobody was "
            "claimed. Restore the newest backup; or take these leads for this ledger's own with `leadferry export "
            "--bootstrap`%s",
            row->campaign_id ? "campaign" : "list", row->campaign_id ? row->campaign_id : row->list_id,
            facts.has_claims ? "older than Instantly" : "empty",
            facts.has_claims ? ", or adopt them with `leadferry sync --full`" : "");
  return false;
}

/* The first unknown row is enough. */
static bool check_page(struct job *job, struct page *page, void *context, GError **error)
{
  (void)context;
  for (guint i = 0; i < page->rows->len; i++) {
    const struct remote_lead *row = page_row(page, struct remote_lead, i);
    bool is_known = false;
    if (!home_is_stamped(row)) continue;
    if (!job->ledger->ops->stamp_is_known(job->ledger, row->stamp, &is_known, error)) return false;
    if (is_known) continue;
    return refuse(job, row, error);
  }
  return true;
}

static bool look(struct job *job, const struct export_report *report, GError **error)
{
  g_autofree struct list_query *queries = g_new0(struct list_query, report->feeds->len + 1);
  g_autofree char *newest = NULL;
  size_t n = 0;
  if (!job->ledger->ops->newest_id(job->ledger, &newest, error)) return false;
  if (!text_is_uuid(newest)) g_clear_pointer(&newest, g_free); /* an answer once said an id that is none */
  for (guint i = 0; i < report->feeds->len; i++) {
    const struct feed_report *feed = &g_array_index(report->feeds, struct feed_report, i);
    bool is_gone = g_strcmp0(feed->refusal, "not_found") == 0;
    if (!is_gone) queries[n++] = (struct list_query){.campaign_id = feed->campaign_id, .after = newest};
  }
  queries[n++] = (struct list_query){.in_list = true, .after = newest};
  struct list_reading reading = {.queries = queries, .queries_n = n, .each = check_page};
  return sync_read_lists(job, &reading, error);
}

bool export_know_rows(struct job *job, struct export_report *report, GError **error)
{
  if (!job->is_bootstrap || job->is_dry_run) return look(job, report, error);
  struct sync_report sync = {0};
  if (!sync_rebuild(job, &sync, error)) return false;
  report->rebuilt_n = sync.stage.home_n;
  log_event(LOG_INFO, "ledger rebuilt from Instantly's list", LOG_INT("rows", report->rebuilt_n),
            LOG_INT("seen", sync.stage.staged_n));
  return true;
}
