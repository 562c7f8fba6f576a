/* Chooses the backend by settings.warehouse.type and hands each call of warehouse.h on to it. */
#include "warehouse/warehouse.h"

#include "base/error.h"
#include "warehouse/backend.h"

#include <string.h>

static const struct warehouse_backend *const backends[] = {&sqlite_backend, &bigquery_backend, &memory_backend};

struct warehouse *warehouse_open(const struct settings *settings, enum warehouse_mode mode, const struct clock *clock,
                                 GError **error)
{
  const char *type = settings->warehouse.type;
  for (size_t i = 0; i < G_N_ELEMENTS(backends); i++)
    if (g_strcmp0(backends[i]->type, type) == 0) return backends[i]->open(settings, mode, clock, error);
  error_set(error, ERROR_CONFIG,
            "warehouse.type is '%s', which is none that leadferry has; set it to sqlite or bigquery", type ? type : "");
  return NULL;
}

bool warehouse_diagnose(const struct settings *settings, const struct clock *clock, GArray *ailments)
{
  for (size_t i = 0; i < G_N_ELEMENTS(backends); i++)
    if (g_strcmp0(backends[i]->type, settings->warehouse.type) == 0 && backends[i]->diagnose)
      return backends[i]->diagnose(settings, clock, ailments);
  return true;
}

void warehouse_close(struct warehouse *warehouse)
{
  if (warehouse) warehouse->backend->close(warehouse);
}

struct ledger *warehouse_ledger(struct warehouse *warehouse)
{
  return warehouse->ledger;
}

static bool missing(const struct warehouse *warehouse, const char *what, GError **error)
{
  error_set(error, ERROR_CONFIG, "the %s warehouse has no %s", warehouse->backend->type, what);
  return false;
}

bool schema_apply(struct warehouse *warehouse, bool *created, GError **error)
{
  if (!warehouse->backend->schema_apply) return missing(warehouse, "schema_apply", error);
  return warehouse->backend->schema_apply(warehouse, created, error);
}

void schema_finding_clear(gpointer finding)
{
  struct schema_finding *found = finding;
  g_clear_pointer(&found->table, g_free);
  g_clear_pointer(&found->column, g_free);
  g_clear_pointer(&found->problem, g_free);
}

GArray *schema_findings_new(void)
{
  GArray *findings = g_array_new(FALSE, TRUE, sizeof(struct schema_finding));
  g_array_set_clear_func(findings, schema_finding_clear);
  return findings;
}

void schema_finding_add(GArray *findings, const char *table, const char *column, char *problem)
{
  struct schema_finding finding = {
      .table = g_strdup(table), .column = g_strdup(column), .problem = problem, .is_fatal = true};
  g_array_append_val(findings, finding);
}

bool schema_findings_allow(const GArray *findings, GError **error)
{
  const struct schema_finding *first = NULL;
  int fatal_n = 0;
  for (guint i = 0; i < findings->len; i++) {
    const struct schema_finding *found = &g_array_index(findings, struct schema_finding, i);
    fatal_n += found->is_fatal;
    if (!first && found->is_fatal) first = found;
  }
  if (!first) return true;
  error_set(error, ERROR_CONFIG, "table %s%s%s %s%s", first->table, first->column ? ", column " : "",
            first->column ? first->column : "", first->problem,
            fatal_n > 1 ? " (and there is more: `leadferry schema check` lists all)" : "");
  return false;
}

bool schema_check(struct warehouse *warehouse, GArray *findings, GError **error)
{
  if (!warehouse->backend->schema_check) return missing(warehouse, "schema_check", error);
  return warehouse->backend->schema_check(warehouse, findings, error);
}

bool schema_whole(struct warehouse *warehouse, GError **error)
{
  const char *table = NULL;
  if (!warehouse->backend->schema_lost) return true;
  if (!warehouse->backend->schema_lost(warehouse, &table, error)) return false;
  if (!table) return true;
  error_set(
      error, ERROR_CONFIG,
      "the table %s is missing, while others of leadferry's are there: with an empty one in its place nobody would "
      "know what it held, such as who was stopped or sent. Restore it from a backup; or accept the loss: "
      "`leadferry schema apply` makes it anew",
      table);
  return false;
}

bool schema_ready(struct warehouse *warehouse, bool *created, GError **error)
{
  if (!warehouse->backend->schema_ready) return schema_apply(warehouse, created, error);
  return warehouse->backend->schema_ready(warehouse, created, error);
}

bool schema_print(struct warehouse *warehouse, GString *text, GError **error)
{
  if (!warehouse->backend->schema_print) return missing(warehouse, "schema_print", error);
  return warehouse->backend->schema_print(warehouse, text, error);
}

bool import_rows(struct warehouse *warehouse, struct import_row *rows, size_t rows_n, bool is_dry_run, GError **error)
{
  if (!warehouse->backend->import_rows) return missing(warehouse, "import_rows", error);
  return warehouse->backend->import_rows(warehouse, rows, rows_n, is_dry_run, error);
}

bool report_leads(struct warehouse *warehouse, const char *after, size_t limit, struct page *page, GError **error)
{
  if (!warehouse->backend->report_leads) return missing(warehouse, "report_leads", error);
  return warehouse->backend->report_leads(warehouse, after, limit, page, error);
}

/* Rows of one lead_id stand together, the one that counts first. */
static void repeats_fold(GArray *rows)
{
  guint kept_n = 0;
  for (guint i = 0; i < rows->len; i++) {
    const struct lead_report_row *row = &g_array_index(rows, struct lead_report_row, i);
    struct lead_report_row *last = kept_n > 0 ? &g_array_index(rows, struct lead_report_row, kept_n - 1) : NULL;
    if (last && strcmp(last->lead.lead_id, row->lead.lead_id) == 0)
      last->repeats_n++;
    else
      g_array_index(rows, struct lead_report_row, kept_n++) = *row;
  }
  g_array_set_size(rows, kept_n);
}

bool report_find(struct warehouse *warehouse, const char *what, struct page *page, GError **error)
{
  if (!warehouse->backend->report_find) return missing(warehouse, "report_find", error);
  if (!warehouse->backend->report_find(warehouse, what, page, error)) return false;
  repeats_fold(page->rows);
  return true;
}

bool report_person_facts(struct warehouse *warehouse, const struct person_query *query, struct page *text,
                         struct person_facts *facts, GError **error)
{
  if (!warehouse->backend->report_person_facts) return missing(warehouse, "report_person_facts", error);
  return warehouse->backend->report_person_facts(warehouse, query, text, facts, error);
}

bool report_events(struct warehouse *warehouse, const char *lead_id, struct page *page, GError **error)
{
  if (!warehouse->backend->report_events) return missing(warehouse, "report_events", error);
  return warehouse->backend->report_events(warehouse, lead_id, page, error);
}

bool report_suppressions(struct warehouse *warehouse, const char *person, struct page *page, GError **error)
{
  if (!warehouse->backend->report_suppressions) return missing(warehouse, "report_suppressions", error);
  return warehouse->backend->report_suppressions(warehouse, person, page, error);
}

bool report_runs(struct warehouse *warehouse, const struct run_query *query, struct page *page, GError **error)
{
  if (!warehouse->backend->report_runs) return missing(warehouse, "report_runs", error);
  return warehouse->backend->report_runs(warehouse, query, page, error);
}

bool report_errors(struct warehouse *warehouse, const struct error_query *query, struct page *page, GError **error)
{
  if (!warehouse->backend->report_errors) return missing(warehouse, "report_errors", error);
  return warehouse->backend->report_errors(warehouse, query, page, error);
}

bool report_counts(struct warehouse *warehouse, struct page *page, GError **error)
{
  if (!warehouse->backend->report_counts) return missing(warehouse, "report_counts", error);
  return warehouse->backend->report_counts(warehouse, page, error);
}

bool report_campaigns(struct warehouse *warehouse, struct page *page, GError **error)
{
  if (!warehouse->backend->report_campaigns) return missing(warehouse, "report_campaigns", error);
  return warehouse->backend->report_campaigns(warehouse, page, error);
}

bool report_empty_values(struct warehouse *warehouse, const struct empty_query *query, struct empty_count *count,
                         GError **error)
{
  if (!warehouse->backend->report_empty_values) return missing(warehouse, "report_empty_values", error);
  return warehouse->backend->report_empty_values(warehouse, query, count, error);
}

bool report_costs(struct warehouse *warehouse, struct page *page, bool *is_free, GError **error)
{
  page_reset(page);
  *is_free = !warehouse->backend->report_costs;
  return *is_free || warehouse->backend->report_costs(warehouse, page, error);
}

bool retry_leads(struct warehouse *warehouse, const struct retry_query *query, int64_t *retried_n, GError **error)
{
  if (!warehouse->backend->retry_leads) return missing(warehouse, "retry_leads", error);
  return warehouse->backend->retry_leads(warehouse, query, retried_n, error);
}

/* ---- brakes.h ---- */

char *brake_allowance(const struct suppression *stop)
{
  if (!stop->allow_hit || !stop->run_id) return NULL;
  return g_strdup_printf("%s/%" G_GINT64_FORMAT, stop->run_id, stop->allow_hit);
}

char *brake_words(const struct brake *brake)
{
  return g_strdup_printf("%s (%s)", brake->reason ? brake->reason : "no reason",
                         brake->actor ? brake->actor : "unknown");
}

struct retry_query brake_retry_query(const struct brake *brake)
{
  return (struct retry_query){.lead_id = brake->event.lead_id,
                              .type = brake->event.lead_id ? NULL : brake->reason,
                              .all = !brake->event.lead_id && !brake->reason,
                              .limit = brake->limit ? (size_t)brake->limit : SIZE_MAX / 2,
                              .run_id = brake->event.run_id};
}

bool brakes_write(struct warehouse *warehouse, const struct brake *rows, size_t rows_n, struct brake_report *report,
                  GError **error)
{
  if (!warehouse->backend->brakes_write) return missing(warehouse, "brakes_write", error);
  return warehouse->backend->brakes_write(warehouse, rows, rows_n, report, error);
}

bool brakes_leave(const struct settings *settings, const struct clock *clock, const struct brake *rows, size_t rows_n,
                  GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS(backends); i++)
    if (g_strcmp0(backends[i]->type, settings->warehouse.type) == 0 && backends[i]->brakes_leave)
      return backends[i]->brakes_leave(settings, clock, rows, rows_n, error);
  error_set(error, ERROR_CONFIG, "there is no inbox beside a warehouse of type %s", settings->warehouse.type);
  return false;
}

bool brakes_preview(struct warehouse *warehouse, GError **error)
{
  return !warehouse->backend->brakes_preview || warehouse->backend->brakes_preview(warehouse, error);
}

bool report_stops(struct warehouse *warehouse, const struct stop_query *query, struct page *page, GError **error)
{
  struct ledger *ledger = warehouse_ledger(warehouse);
  return ledger->ops->stops_read(ledger, query, page, error);
}

bool report_holds(struct warehouse *warehouse, struct page *page, GError **error)
{
  if (!warehouse->backend->report_holds) return missing(warehouse, "report_holds", error);
  return warehouse->backend->report_holds(warehouse, page, error);
}

bool report_lease(struct warehouse *warehouse, struct lease_view *view, GError **error)
{
  if (!warehouse->backend->report_lease) return missing(warehouse, "report_lease", error);
  return warehouse->backend->report_lease(warehouse, view, error);
}

void lease_view_clear(struct lease_view *view)
{
  g_clear_pointer(&view->job, g_free);
  g_clear_pointer(&view->host, g_free);
}

bool lease_break(struct warehouse *warehouse, bool *was_cleared, GError **error)
{
  if (!warehouse->backend->lease_break) return missing(warehouse, "lease_break", error);
  return warehouse->backend->lease_break(warehouse, was_cleared, error);
}
