/* Reports on runs, errors, campaigns and counts. */
#include "base/json.h"
#include "warehouse/bigquery.h"

#include <string.h>

void bq_run_row_add(struct page *page, const struct run_row *row)
{
  struct run_row copy = *row;
  copy.run.run_id = page_text(page, row->run.run_id);
  copy.run.job = page_text(page, row->run.job);
  copy.run.verdict = page_text(page, row->run.verdict);
  copy.run.detail = page_text(page, row->run.detail);
  copy.run.fingerprint = page_text(page, row->run.fingerprint);
  copy.counts = page_text(page, row->counts);
  copy.costs = page_text(page, row->costs);
  g_array_append_val(page->rows, copy);
}

static void run_add(const char *const *cells, void *into)
{
  struct run_row row = {.run = {.run_id = cells[0],
                                .job = cells[1],
                                .verdict = cells[2],
                                .exit_code = bq_cell_int(cells[3]),
                                .started_at_us = bq_cell_int(cells[4]),
                                .ended_at_us = bq_cell_int(cells[5]),
                                .scan_started_at_us = bq_cell_int(cells[6]),
                                .full_scan_finished_at_us = bq_cell_int(cells[7]),
                                .stops_read_at_us = bq_cell_int(cells[8]),
                                .source_rows = bq_cell_int(cells[9]),
                                .detail = cells[10],
                                .fingerprint = cells[11]},
                        .counts = cells[12],
                        .costs = cells[13]};
  bq_run_row_add(into, &row);
}

static bool run_is_kept(const struct bq_warehouse *self, const char *run_id)
{
  return self->last_run.rows->len > 0 && strcmp(page_row(&self->last_run, struct run_row, 0)->run.run_id, run_id) == 0;
}

bool bq_report_runs(struct warehouse *warehouse, const struct run_query *query, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct bq_call call = {.ids = {BQ_REPORT_RUNS},
                         .ids_n = 1,
                         .parameters = {bigquery_text("run_id", query->run_id ? query->run_id : ""),
                                        bigquery_bool("is_last_of_job", query->is_last_of_job), bq_limit(query->limit)},
                         .parameters_n = 3};
  page_reset(page);
  if (query->run_id && query->limit > 0 && run_is_kept(self, query->run_id)) {
    bq_run_row_add(page, page_row(&self->last_run, struct run_row, 0));
    return true;
  }
  return bq_each(self, &call, run_add, page, error);
}

static void error_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct error_report_row row = {.error_id = page_text(page, cells[0]),
                                 .type = page_text(page, cells[1]),
                                 .lead_ref = page_text(page, cells[2]),
                                 .message = page_text(page, cells[3]),
                                 .at_us = bq_cell_int(cells[4]),
                                 .retry_count = bq_cell_int(cells[5])};
  g_array_append_val(page->rows, row);
}

bool bq_report_errors(struct warehouse *warehouse, const struct error_query *query, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct bq_call call = {.ids = {BQ_REPORT_ERRORS},
                         .ids_n = 1,
                         .parameters = {bq_since("since", query->since_us),
                                        bigquery_text("type", query->type ? query->type : ""), bq_limit(query->limit)},
                         .parameters_n = 3};
  page_reset(page);
  return bq_each(self, &call, error_add, page, error);
}

/* Numbers of enums come as numbers; their names are core/lead.h's. NULL: not counted. */
static const char *name_of(const char *group, const char *name)
{
  int64_t n = bq_cell_int(name);
  if (strcmp(group, "phase") == 0) return phase_name((enum phase)n);
  if (strcmp(group, "email_status") == 0) return email_status_name((enum email_status)n);
  if (strcmp(group, "outcome") == 0) return outcome_name((enum outcome)n);
  return name;
}

static void count_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct named_count row = {.group = page_text(page, cells[0]),
                            .name = page_text(page, name_of(cells[0], cells[1])),
                            .campaign_id = page_text(page, cells[2]),
                            .n = bq_cell_int(cells[3])};
  if (row.name) g_array_append_val(page->rows, row);
}

bool bq_report_counts(struct warehouse *warehouse, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct bq_call call = {
      .ids = {BQ_REPORT_COUNTS}, .ids_n = 1, .parameters = {bq_since("now", bq_now_us(self))}, .parameters_n = 1};
  page_reset(page);
  return bq_each(self, &call, count_add, page, error);
}

static void campaign_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct campaign_metric row = {.campaign_id = page_text(page, cells[0]),
                                .campaign_name = page_text(page, cells[1]),
                                .status = bq_cell_int(cells[2]),
                                .leads = bq_cell_int(cells[3]),
                                .contacted = bq_cell_int(cells[4]),
                                .sent = bq_cell_int(cells[5]),
                                .opened = bq_cell_int(cells[6]),
                                .replied = bq_cell_int(cells[7]),
                                .clicked = bq_cell_int(cells[8]),
                                .bounced = bq_cell_int(cells[9]),
                                .unsubscribed = bq_cell_int(cells[10]),
                                .completed = bq_cell_int(cells[11])};
  g_array_append_val(page->rows, row);
}

bool bq_report_campaigns(struct warehouse *warehouse, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct bq_call call = {.ids = {BQ_REPORT_CAMPAIGNS}, .ids_n = 1};
  page_reset(page);
  return bq_metrics_flush(self, error) && bq_each(self, &call, campaign_add, page, error);
}

static void empty_take(const char *const *cells, void *into)
{
  struct empty_count *count = into;
  *count = (struct empty_count){.rows_n = bq_cell_int(cells[0]), .empty_n = bq_cell_int(cells[1])};
}

bool bq_report_empty_values(struct warehouse *warehouse, const struct empty_query *query, struct empty_count *count,
                            GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct bq_call call = {
      .ids = {BQ_REPORT_EMPTY_VALUES},
      .ids_n = 1,
      .parameters = {bigquery_bool("is_column", query->variable->is_column),
                     bigquery_text("source", query->variable->source ? query->variable->source : ""),
                     bigquery_text("default_campaign", query->default_campaign ? query->default_campaign : ""),
                     bigquery_text("campaign_id", query->campaign_id)},
      .parameters_n = 4};
  *count = (struct empty_count){0};
  return bq_each(self, &call, empty_take, count, error);
}
