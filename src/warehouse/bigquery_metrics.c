/* Metrics, campaign_status, and what is due for removal. */
#include "base/json.h"
#include "warehouse/bigquery.h"

#include <string.h>

/* ---- metrics: pages of a sync are written together ---- */

static const char *keep(struct bq_warehouse *self, const char *text)
{
  return text ? g_string_chunk_insert_const(self->kept_text, text) : NULL;
}

bool bq_metrics_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n, GError **error)
{
  (void)error;
  struct bq_warehouse *self = bq_of_ledger(ledger);
  for (size_t i = 0; i < rows_n; i++) {
    struct campaign_metric copy = rows[i];
    copy.campaign_id = keep(self, rows[i].campaign_id);
    copy.campaign_name = keep(self, rows[i].campaign_name);
    copy.step = keep(self, rows[i].step);
    copy.variant = keep(self, rows[i].variant);
    g_array_append_val(self->metrics, copy);
  }
  return true;
}

static void metric_append(GString *out, const struct campaign_metric *row, guint n)
{
  g_string_append(out, n > 0 ? ",{" : "{");
  bq_json_int(out, "n", n);
  json_append_str(out, "campaign_id", row->campaign_id);
  json_append_str(out, "campaign_name", row->campaign_name);
  json_append_str(out, "step", row->step ? row->step : "");
  json_append_str(out, "variant", row->variant ? row->variant : "");
  bq_json_time(out, "day", row->day_us);
  bq_json_int(out, "status", row->status);
  bq_json_int(out, "leads", row->leads);
  bq_json_int(out, "contacted", row->contacted);
  bq_json_int(out, "sent", row->sent);
  bq_json_int(out, "opened", row->opened);
  bq_json_int(out, "replied", row->replied);
  bq_json_int(out, "clicked", row->clicked);
  bq_json_int(out, "bounced", row->bounced);
  bq_json_int(out, "unsubscribed", row->unsubscribed);
  bq_json_int(out, "completed", row->completed);
  g_string_append_c(out, '}');
}

static void metrics_append(const struct bq_warehouse *self, GString *json)
{
  json_append_key(json, "rows");
  g_string_append_c(json, '[');
  for (guint i = 0; i < self->metrics->len; i++)
    metric_append(json, &g_array_index(self->metrics, struct campaign_metric, i), i);
  g_string_append_c(json, ']');
}

bool bq_metrics_flush(struct bq_warehouse *self, GError **error)
{
  if (self->metrics->len == 0) return true;
  g_autoptr(GString) json = g_string_new("{");
  metrics_append(self, json);
  g_string_append_c(json, '}');
  if (!bq_run(self, &BQ_SCRIPT(json->str, BQ_METRICS_GATHER, BQ_METRICS_APPLY), error)) return false;
  g_array_set_size(self->metrics, 0);
  return true;
}

/* One job with the metrics that wait. */
bool bq_campaign_status_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n,
                              int64_t synced_at_us, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  if (!bq_fold(ledger, error)) return false;
  if (rows_n == 0) return bq_metrics_flush(self, error);
  g_autoptr(GString) json = g_string_new("{");
  bq_json_int(json, "synced_at", synced_at_us);
  bq_json_policy(self, json);
  metrics_append(self, json);
  json_append_key(json, "campaigns");
  g_string_append_c(json, '[');
  for (size_t i = 0; i < rows_n; i++) {
    g_string_append(json, i > 0 ? ",{" : "{");
    json_append_str(json, "campaign_id", rows[i].campaign_id);
    json_append_str(json, "campaign_name", rows[i].campaign_name);
    g_string_append_c(json, '}');
  }
  g_string_append(json, "]}");
  if (!bq_run(self, &BQ_SCRIPT(json->str, BQ_METRICS_GATHER, BQ_METRICS_APPLY, BQ_STATUS_GATHER, BQ_STATUS_APPLY),
              error))
    return false;
  g_array_set_size(self->metrics, 0);
  return true;
}

/* ---- removals ---- */

static char *removals_json(const struct removal_query *query)
{
  GString *json = g_string_new("{");
  bq_json_flag(json, "of_stopped", query->of_stopped);
  bq_json_flag(json, "of_open_claims", query->of_open_claims);
  bq_json_flag(json, "bulk_waits", query->bulk_waits);
  bq_json_flag(json, "include_adopted", query->include_adopted);
  bq_json_int(json, "after", query->after_us);
  json_append_str(json, "after_lead_id", query->after_lead_id);
  json_append_key(json, "grace");
  g_string_append_c(json, '[');
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++) {
    if (query->grace_us[i] == INT64_MAX) continue;
    g_string_append(json, json->str[json->len - 1] == '[' ? "{" : ",{");
    bq_json_int(json, "outcome", (int64_t)i);
    bq_json_int(json, "until", query->now_us - query->grace_us[i]);
    g_string_append_c(json, '}');
  }
  g_string_append(json, "]}");
  return g_string_free(json, FALSE);
}

static void removal_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct removal row = {.lead_id = page_text(page, cells[0]),
                        .person = page_text(page, cells[1]),
                        .campaign_id = page_text(page, cells[2]),
                        .instantly_id = page_text(page, cells[3]),
                        .claim_id = page_text(page, cells[4]),
                        .generation = bq_cell_int(cells[5]),
                        .epoch = bq_cell_int(cells[6]),
                        .outcome = (enum outcome)bq_cell_int(cells[7]),
                        .finished_at_us = bq_cell_int(cells[8]),
                        .is_adopted = bq_cell_bool(cells[9]),
                        .is_block_listed = bq_cell_bool(cells[10]),
                        .action_outcome = (enum outcome)bq_cell_int(cells[11]),
                        .is_named = bq_cell_bool(cells[12]),
                        .was_seen = bq_cell_bool(cells[13]),
                        .is_lasting = bq_cell_bool(cells[14]),
                        .is_unsubscribed = bq_cell_bool(cells[15]),
                        .cuts_answered = bq_cell_bool(cells[16]),
                        .is_held = bq_cell_bool(cells[17])};
  g_array_append_val(page->rows, row);
}

static bool removals_ask(struct bq_warehouse *self, const struct removal_query *query, const char *json, GError **error)
{
  struct bq_call stopped = {
      .ids = {BQ_STOPPED_LIVE},
      .ids_n = 1,
      .parameters = {bq_since("now", query->now_us),
                     bigquery_text("after_lead_id", query->after_lead_id ? query->after_lead_id : ""),
                     bigquery_bool("is_open", query->of_open_claims),
                     bigquery_bool("include_adopted", query->include_adopted),
                     bigquery_bool("bulk_waits", query->bulk_waits)},
      .parameters_n = 5};
  struct bq_call due = BQ_SCRIPT(json, BQ_REMOVALS);
  return bq_query(self, query->of_stopped ? &stopped : &due, &self->removals.rows, error);
}

bool bq_removals(struct ledger *ledger, const struct removal_query *removals, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  g_autofree char *json = removals_json(removals);
  page_reset(page);
  if (!bq_stream_goes_on(&self->removals, json) && !removals_ask(self, removals, json, error)) return false;
  if (!bq_stream_fill(&self->removals, page, removals->limit, removal_add, error)) return false;
  if (!self->removals.rows) return true;
  const struct removal *last = page_row(page, struct removal, page->rows->len - 1);
  struct removal_query next = *removals;
  next.after_us = last->finished_at_us;
  next.after_lead_id = last->lead_id;
  bq_stream_expect(&self->removals, removals_json(&next));
  return true;
}

static void removal_count_add(const char *const *cells, void *into)
{
  GArray *counts = into;
  struct removal_count count = {
      .campaign_id = g_strdup(cells[0]), .outcome = (enum outcome)bq_cell_int(cells[1]), .n = bq_cell_int(cells[2])};
  g_array_append_val(counts, count);
}

bool bq_removal_counts(struct ledger *ledger, const struct removal_query *removals, GArray *counts, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  g_autofree char *json = removals_json(removals);
  g_array_set_size(counts, 0);
  return bq_each(self, &BQ_SCRIPT(json, BQ_REMOVAL_COUNTS), removal_count_add, counts, error);
}
