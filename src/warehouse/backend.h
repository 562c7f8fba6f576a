#pragma once
/* What a warehouse backend implements (src/warehouse only; users include warehouse/warehouse.h and warehouse/brakes.h).
 *
 * A backend is one constant table. open() returns a struct of its own whose first member is a struct warehouse with
 * both members set; every other function gets that pointer back. A function left NULL is a feature that the backend
 * does not have: warehouse.c answers ERROR_CONFIG for it. Rows, pages and errors are as warehouse.h says. */
#include "warehouse/brakes.h"

struct warehouse_backend;

/* First member of every backend's own struct. */
struct warehouse {
  const struct warehouse_backend *backend;
  struct ledger *ledger; /* lives inside the backend's struct */
};

struct warehouse_backend {
  const char *type; /* settings.warehouse.type that selects it */

  struct warehouse *(*open)(const struct settings *settings, enum warehouse_mode mode, const struct clock *clock,
                            GError **error);
  void (*close)(struct warehouse *warehouse);                                                     /* never NULL here */
  bool (*diagnose)(const struct settings *settings, const struct clock *clock, GArray *ailments); /* NULL: nothing */

  bool (*schema_apply)(struct warehouse *warehouse, bool *created, GError **error);
  bool (*schema_check)(struct warehouse *warehouse, GArray *findings, GError **error);
  bool (*schema_lost)(struct warehouse *warehouse, const char **table, GError **error); /* NULL: never */
  bool (*schema_ready)(struct warehouse *warehouse, bool *created, GError **error);     /* NULL: schema_apply */
  bool (*schema_print)(struct warehouse *warehouse, GString *text, GError **error);
  bool (*import_rows)(struct warehouse *warehouse, struct import_row *rows, size_t rows_n, bool is_dry_run,
                      GError **error);

  bool (*report_leads)(struct warehouse *warehouse, const char *after, size_t limit, struct page *page, GError **error);
  bool (*report_find)(struct warehouse *warehouse, const char *what, struct page *page, GError **error);
  bool (*report_person_facts)(struct warehouse *warehouse, const struct person_query *query, struct page *text,
                              struct person_facts *facts, GError **error);
  bool (*report_events)(struct warehouse *warehouse, const char *lead_id, struct page *page, GError **error);
  bool (*report_suppressions)(struct warehouse *warehouse, const char *person, struct page *page, GError **error);
  bool (*report_runs)(struct warehouse *warehouse, const struct run_query *query, struct page *page, GError **error);
  bool (*report_errors)(struct warehouse *warehouse, const struct error_query *query, struct page *page,
                        GError **error);
  bool (*report_counts)(struct warehouse *warehouse, struct page *page, GError **error);
  bool (*report_campaigns)(struct warehouse *warehouse, struct page *page, GError **error);
  bool (*report_empty_values)(struct warehouse *warehouse, const struct empty_query *query, struct empty_count *count,
                              GError **error);
  bool (*report_costs)(struct warehouse *warehouse, struct page *page, GError **error); /* NULL: all is free */
  bool (*retry_leads)(struct warehouse *warehouse, const struct retry_query *query, int64_t *retried_n, GError **error);

  bool (*brakes_write)(struct warehouse *warehouse, const struct brake *rows, size_t rows_n,
                       struct brake_report *report, GError **error);
  bool (*brakes_preview)(struct warehouse *warehouse, GError **error); /* NULL: nothing is ever left */
  bool (*brakes_leave)(const struct settings *settings, const struct clock *clock, const struct brake *rows,
                       size_t rows_n, GError **error); /* NULL: there is no place beside it */
  bool (*report_holds)(struct warehouse *warehouse, struct page *page, GError **error);
  bool (*report_lease)(struct warehouse *warehouse, struct lease_view *view, GError **error);
  bool (*lease_break)(struct warehouse *warehouse, bool *was_cleared, GError **error);
};

/* The reference: everything in GLib tables, decided by the pure functions of core/. Nothing outlives close(). */
extern const struct warehouse_backend memory_backend;

/* The embedded SQLite file. */
extern const struct warehouse_backend sqlite_backend;

/* BigQuery, or an emulator of it. */
extern const struct warehouse_backend bigquery_backend;
