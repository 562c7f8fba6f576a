#include "floor_sql.h"

#include "core/settle.h"

#include <string.h>

/* Feeds without any rule that would leave somebody out. */
static GArray *open_feeds(const struct settings *settings)
{
  GArray *feeds = g_array_new(FALSE, TRUE, sizeof(struct campaign_feed));
  for (guint i = 0; i < settings->campaigns->len; i++) {
    struct campaign_feed feed = {.id = g_array_index(settings->campaigns, struct campaign_settings, i).id,
                                 .is_fed = true,
                                 .room = SETTING_UNLIMITED,
                                 .room_verdict = VERDICT_DEFERRED_MAX_PER_DAY};
    g_array_append_val(feeds, feed);
  }
  return feeds;
}

static bool claim_all(struct sql_run *run, const GArray *feeds, GError **error)
{
  struct claim_report report;
  claim_report_init(&report);
  struct claim_rules rules = {.run_id = run->job.run_id,
                              .epoch = run->job.lease.epoch,
                              .now_us = run->job.now_us,
                              .default_campaign = run->settings->export.default_campaign,
                              .feeds = (const struct campaign_feed *)(const void *)feeds->data,
                              .feeds_n = feeds->len,
                              .run_room = SETTING_UNLIMITED,
                              .run_room_verdict = VERDICT_DEFERRED_MAX_PER_RUN,
                              .reused_stop_share = 0.01};
  bool is_ok = SQL_TIMED(run, SQL_CLAIM, run->ops->claim(run->ledger, &rules, &report, error));
  run->leads_n = report.claimed_n;
  claim_report_clear(&report);
  return is_ok;
}

/* One `sending` for each batch of the window, in one append as the export makes it. */
static bool append_sending(struct sql_run *run, const struct page *claims, guint batch_size, GError **error)
{
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  g_autoptr(GStringChunk) text = g_string_chunk_new(1024);
  g_autofree char *hash = g_strnfill(64, 'a');
  for (guint at = 0; at < claims->rows->len; at += batch_size) {
    guint last = MIN(at + batch_size, claims->rows->len) - 1;
    g_autofree char *batch_id = claim_id_text(run->job.run_id, page_row(claims, struct claim, at)->ord);
    struct lead_event event = {.kind = EVENT_SENDING,
                               .campaign_id = page_row(claims, struct claim, at)->campaign_id,
                               .batch_id = g_string_chunk_insert(text, batch_id),
                               .ord = page_row(claims, struct claim, at)->ord,
                               .ord_to = page_row(claims, struct claim, last)->ord,
                               .body_hash = hash,
                               .epoch = run->job.lease.epoch,
                               .run_id = run->job.run_id,
                               .occurred_at_us = run->job.now_us};
    g_array_append_val(events, event);
  }
  return SQL_TIMED(
      run, SQL_APPEND,
      run->ops->append(run->ledger, (const struct lead_event *)(const void *)events->data, events->len, error));
}

/* The `added` event of a claim, with an id as Instantly gives them. */
static struct lead_event added_event(const struct sql_run *run, const struct claim *claim, GStringChunk *text)
{
  g_autofree char *claim_id = claim_id_text(claim->run_id, claim->ord);
  g_autofree char *id = g_strdup_printf("01920000-0000-7000-8000-%012" G_GINT64_MODIFIER "x", claim->ord);
  return (struct lead_event){.kind = EVENT_ADDED,
                             .lead_id = claim->lead.lead_id,
                             .person = claim->person,
                             .campaign_id = claim->campaign_id,
                             .instantly_id = g_string_chunk_insert(text, id),
                             .claim_id = g_string_chunk_insert(text, claim_id),
                             .ord = claim->ord,
                             .generation = claim->generation,
                             .epoch = claim->epoch,
                             .run_id = run->job.run_id,
                             .occurred_at_us = run->job.now_us};
}

/* The events of one batch, in one append. */
static bool append_added(struct sql_run *run, const struct page *claims, guint from, guint to, GError **error)
{
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  g_autoptr(GStringChunk) text = g_string_chunk_new(16384);
  for (guint i = from; i < to; i++) {
    struct lead_event event = added_event(run, page_row(claims, struct claim, i), text);
    g_array_append_val(events, event);
  }
  return SQL_TIMED(
      run, SQL_APPEND,
      run->ops->append(run->ledger, (const struct lead_event *)(const void *)events->data, events->len, error));
}

static bool settle_window(struct sql_run *run, const struct page *claims, GError **error)
{
  guint batch_size = (guint)run->settings->instantly.batch_size;
  g_autofree const struct claim **all = g_new0(const struct claim *, claims->rows->len);
  struct page stopped;
  page_init(&stopped, sizeof(struct stopped_claim));
  for (guint i = 0; i < claims->rows->len; i++)
    all[i] = page_row(claims, struct claim, i);
  struct stops_query look = {.claims = all, .claims_n = claims->rows->len, .now_us = run->ops->now_us(run->ledger)};
  bool is_ok = SQL_TIMED(run, SQL_READ, run->ops->stops_check(run->ledger, &look, &stopped, error)) &&
               append_sending(run, claims, batch_size, error);
  for (guint at = 0; is_ok && at < claims->rows->len; at += batch_size)
    is_ok = append_added(run, claims, at, MIN(at + batch_size, claims->rows->len), error);
  page_clear(&stopped);
  return is_ok;
}

static bool hold_is_off(struct sql_run *run, const char *campaign_id, GError **error)
{
  bool is_on = false;
  g_autofree char *reason = NULL;
  return SQL_TIMED(run, SQL_FRAME,
                   run->ops->lease_check(run->ledger, &run->job.lease, error) &&
                       run->ops->hold_check(run->ledger, campaign_id, &is_on, &reason, error));
}

static bool settle_campaign(struct sql_run *run, const char *campaign_id, GError **error)
{
  size_t window_n = (size_t)(run->settings->instantly.batch_size * run->settings->instantly.writes_in_flight);
  struct claim_query query = {
      .run_id = run->job.run_id, .campaign_id = campaign_id, .to_ord = INT64_MAX, .limit = window_n};
  struct page claims;
  page_init(&claims, sizeof(struct claim));
  bool is_ok;
  do {
    is_ok = hold_is_off(run, campaign_id, error) &&
            SQL_TIMED(run, SQL_READ, run->ops->claims_read(run->ledger, &query, &claims, error));
    if (!is_ok || claims.rows->len == 0) break;
    query.after_ord = page_row(&claims, struct claim, claims.rows->len - 1)->ord;
    is_ok = settle_window(run, &claims, error);
  } while (is_ok);
  page_clear(&claims);
  return is_ok;
}

static bool finish(struct sql_run *run, GError **error)
{
  int64_t released_n = 0, written_n = 0;
  return SQL_TIMED(run, SQL_FOLD, run->ops->fold(run->ledger, error)) &&
         SQL_TIMED(run, SQL_FRAME, run->ops->release_never_sent(run->ledger, NULL, &released_n, error)) &&
         SQL_TIMED(run, SQL_WRITE_BACK, run->ops->write_back(run->ledger, false, &written_n, error));
}

/* What step 1 reads before the claim. */
static bool settle_earlier(struct sql_run *run, GError **error)
{
  struct ledger_facts facts;
  int64_t released_n = 0;
  struct page open;
  page_init(&open, sizeof(struct open_batch));
  bool is_ok = SQL_TIMED(run, SQL_FRAME,
                         run->ops->release_never_sent(run->ledger, run->job.run_id, &released_n, error) &&
                             run->ops->open_batches(run->ledger, run->job.run_id, &open, error) &&
                             run->ops->facts(run->ledger, &facts, error));
  page_clear(&open);
  return is_ok;
}

bool sql_export(struct sql_run *run, GError **error)
{
  g_autoptr(GArray) feeds = open_feeds(run->settings);
  if (!SQL_TIMED(run, SQL_FRAME, job_begin(&run->job, "export", error))) return false;
  bool is_ok = settle_earlier(run, error) && claim_all(run, feeds, error);
  for (guint i = 0; is_ok && i < feeds->len; i++)
    is_ok = settle_campaign(run, g_array_index(feeds, struct campaign_feed, i).id, error);
  is_ok = is_ok && finish(run, error);
  struct run_record record = {.job = "export"};
  sql_begin(run);
  job_end(&run->job, &record, &(struct run_ending){.exit_code = is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED});
  return sql_end(run, SQL_FRAME, is_ok);
}
