/* Campaign metrics, campaign_status, and reports over the whole warehouse. */
#include "base/error.h"
#include "warehouse/sqlite.h"

#include <string.h>

static bool metric_put(struct query *query, const struct campaign_metric *row, GError **error)
{
  query_again(query);
  query_text(query, ":campaign_id", row->campaign_id);
  query_text(query, ":campaign_name", row->campaign_name);
  query_text(query, ":step", row->step);
  query_text(query, ":variant", row->variant);
  query_int(query, ":day", row->day_us);
  query_int(query, ":status", row->status);
  query_int(query, ":leads", row->leads);
  query_int(query, ":contacted", row->contacted);
  query_int(query, ":sent", row->sent);
  query_int(query, ":opened", row->opened);
  query_int(query, ":replied", row->replied);
  query_int(query, ":clicked", row->clicked);
  query_int(query, ":bounced", row->bounced);
  query_int(query, ":unsubscribed", row->unsubscribed);
  query_int(query, ":completed", row->completed);
  return query_run(query, error);
}

bool sqlite_metrics_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  query_scope struct query query = {0};
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!query_open(&query, &self->db, SQL_METRIC_PUT, error)) return false;
  for (size_t i = 0; i < rows_n; i++)
    if (!metric_put(&query, &rows[i], error)) return false;
  return transaction_commit(&transaction, error);
}

static bool status_put(struct sqlite_warehouse *self, const struct campaign_metric *row, int64_t synced_at_us,
                       GError **error)
{
  query_scope struct query clear = {0}, put = {0};
  if (!query_open(&clear, &self->db, SQL_CAMPAIGN_STATUS_CLEAR, error)) return false;
  query_text(&clear, ":campaign_id", row->campaign_id);
  if (!query_run(&clear, error) || !query_open(&put, &self->db, SQL_CAMPAIGN_STATUS_PUT, error)) return false;
  query_text(&put, ":campaign_id", row->campaign_id);
  query_text(&put, ":campaign_name", row->campaign_name);
  query_int(&put, ":synced_at", synced_at_us);
  return query_run(&put, error);
}

bool sqlite_campaign_status_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n,
                                  int64_t synced_at_us, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  if (!sqlite_fold(ledger, error) || !transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!sql_run(&self->db, SQL_STATUS_TOTALS_CLEAR, error) || !sql_run(&self->db, SQL_STATUS_TOTALS_FILL, error))
    return false;
  for (size_t i = 0; i < rows_n; i++)
    if (!status_put(self, &rows[i], synced_at_us, error)) return false;
  return transaction_commit(&transaction, error);
}

bool sqlite_report_campaigns(struct warehouse *warehouse, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_REPORT_CAMPAIGNS, error)) return false;
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct campaign_metric row = {
        .campaign_id = query_page_text(&query, 0, page),
        .campaign_name = query_page_text(&query, 1, page),
        .status = query_column_int(&query, 2),
        .leads = query_column_int(&query, 3),
        .contacted = query_column_int(&query, 4),
        .sent = query_column_int(&query, 5),
        .opened = query_column_int(&query, 6),
        .replied = query_column_int(&query, 7),
        .clicked = query_column_int(&query, 8),
        .bounced = query_column_int(&query, 9),
        .unsubscribed = query_column_int(&query, 10),
        .completed = query_column_int(&query, 11),
    };
    g_array_append_val(page->rows, row);
  }
  return true;
}

/* ---- runs and errors ---- */

static bool run_row_read(struct sqlite_warehouse *self, const struct query *query, struct page *page, GError **error)
{
  g_autoptr(GString) counts = g_string_new(query_column_text(query, 12));
  struct run_row row = {
      .run =
          {
              .run_id = query_page_text(query, 0, page),
              .job = query_page_text(query, 1, page),
              .verdict = query_page_text(query, 2, page),
              .exit_code = query_column_int(query, 3),
              .started_at_us = query_column_int(query, 4),
              .ended_at_us = query_column_int(query, 5),
              .scan_started_at_us = query_column_int(query, 6),
              .full_scan_finished_at_us = query_column_int(query, 7),
              .stops_read_at_us = query_column_int(query, 8),
              .source_rows = query_column_int(query, 9),
              .detail = query_page_text(query, 10, page),
              .fingerprint = query_page_text(query, 11, page),
          },
  };
  if (counts->len == 0 && !sqlite_run_counts(self, row.run.run_id, counts, error)) return false;
  row.counts = page_text(page, counts->str);
  g_array_append_val(page->rows, row);
  return true;
}

bool sqlite_report_runs(struct warehouse *warehouse, const struct run_query *runs, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_REPORT_RUNS, error)) return false;
  query_text(&query, ":run_id", runs->run_id);
  query_int(&query, ":is_last_of_job", runs->is_last_of_job);
  query_int(&query, ":limit", (int64_t)MIN(runs->limit, (size_t)INT32_MAX));
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (has_row && !run_row_read(self, &query, page, error)) return false;
  }
  return true;
}

bool sqlite_report_errors(struct warehouse *warehouse, const struct error_query *errors, struct page *page,
                          GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_REPORT_ERRORS, error)) return false;
  query_int(&query, ":since", errors->since_us);
  query_text(&query, ":type", errors->type);
  query_int(&query, ":limit", (int64_t)MIN(errors->limit, (size_t)INT32_MAX));
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct error_report_row row = {
        .error_id = query_page_text(&query, 0, page),
        .type = query_page_text(&query, 1, page),
        .lead_ref = query_page_text(&query, 2, page),
        .message = query_page_text(&query, 3, page),
        .at_us = query_column_int(&query, 4),
        .retry_count = query_column_int(&query, 5),
    };
    g_array_append_val(page->rows, row);
  }
  return true;
}

/* ---- counts ---- */

static void count_add(struct page *page, const struct named_count *count)
{
  for (guint i = 0; i < page->rows->len && count->name; i++) {
    struct named_count *row = page_row(page, struct named_count, i);
    if (strcmp(row->group, count->group) == 0 && strcmp(row->name, count->name) == 0 &&
        g_strcmp0(row->campaign_id, count->campaign_id) == 0) {
      row->n += count->n;
      return;
    }
  }
  if (count->name) g_array_append_vals(page->rows, count, 1);
}

static int by_group(gconstpointer a, gconstpointer b)
{
  const struct named_count *x = a, *y = b;
  int order = strcmp(x->group, y->group);
  if (order == 0) order = strcmp(x->name, y->name);
  return order ? order : g_strcmp0(x->campaign_id, y->campaign_id);
}

static bool states_count(struct sqlite_warehouse *self, struct page *page, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = true;
  if (!query_open(&query, &self->db, SQL_REPORT_STATES, error)) return false;
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    enum outcome outcome = (enum outcome)query_column_int(&query, 2);
    struct named_count count = {.campaign_id = query_page_text(&query, 3, page), .n = query_column_int(&query, 4)};
    count.group = "phase";
    count.name = phase_name((enum phase)query_column_int(&query, 0));
    count_add(page, &count);
    count.group = "email_status";
    count.name = email_status_name((enum email_status)query_column_int(&query, 1));
    count_add(page, &count);
    count.group = "outcome";
    count.name = outcome == OUTCOME_NONE ? NULL : outcome_name(outcome);
    count_add(page, &count);
  }
  return true;
}

static bool names_count(struct query *query, const char *group, struct page *page, GError **error)
{
  bool has_row = true;
  while (has_row) {
    if (!query_next(query, &has_row, error)) return false;
    if (!has_row) break;
    struct named_count count = {
        .group = group, .name = query_page_text(query, 0, page), .n = query_column_int(query, 1)};
    count_add(page, &count);
  }
  return true;
}

bool sqlite_report_counts(struct warehouse *warehouse, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  query_scope struct query held = {0}, errors = {0}, stops = {0}, notices = {0};
  page_reset(page);
  if (!states_count(self, page, error) || !query_open(&held, &self->db, SQL_REPORT_HELD, error) ||
      !names_count(&held, "held", page, error) || !query_open(&errors, &self->db, SQL_REPORT_ERROR_TYPES, error) ||
      !names_count(&errors, "error", page, error) || !query_open(&stops, &self->db, SQL_REPORT_STOP_REASONS, error))
    return false;
  query_int(&stops, ":now", clock_wall_us(self->db.clock));
  if (!names_count(&stops, "suppression", page, error) || !query_open(&notices, &self->db, SQL_REPORT_NOTICES, error) ||
      !names_count(&notices, "notice", page, error))
    return false;
  g_array_sort(page->rows, by_group);
  return true;
}
