#pragma once
/* The SQLite backend from inside: one struct, and the functions by which its files make up the two tables of functions
 * (struct warehouse_backend, struct ledger_ops). Their contracts are those of core/ports.h and warehouse/warehouse.h.
 *
 * One connection reads, writes and checkpoints; one lock on `<path>.lock` is the lease of all writing jobs. */
#include "warehouse/backend.h"
#include "warehouse/sqlite_db.h"

#define SQLITE_SCHEMA_VERSION 1
#define SQLITE_KEY_BYTES      32

struct sqlite_warehouse {
  struct warehouse warehouse;
  struct ledger ledger;
  struct sqlite_db db;
  const struct settings *settings;
  int lock_fd;    /* of `<path>.lock`; -1: not opened yet */
  bool is_locked; /* by us */
  struct {
    bool is_loaded;
    uint8_t bytes[SQLITE_KEY_BYTES];
  } key;            /* for references and derived ids */
  bool has_persons; /* temp.import_persons stands for this connection */
  bool has_totals;  /* temp.campaign_totals is of the last fold */
};

/* The struct behind a handle. */
struct sqlite_warehouse *sqlite_of(struct warehouse *warehouse);
struct sqlite_warehouse *sqlite_of_ledger(struct ledger *ledger); /* see above */

/* Schema: refuses a newer one; makes temporary empty tables for what a read-only warehouse lacks. */
bool sqlite_schema_apply(struct warehouse *warehouse, bool *created, GError **error);
bool sqlite_schema_check(struct warehouse *warehouse, GArray *findings, GError **error); /* warehouse.h */
bool sqlite_schema_refuse_newer(struct sqlite_warehouse *self, GError **error);          /* ERROR_CONFIG */
bool sqlite_schema_shadow(struct sqlite_warehouse *self, GError **error);                /* temporary tables */

/* An empty array of findings that frees what they hold. */
GArray *sqlite_findings_new(void);

/* The secret key, read once. */
bool sqlite_key(struct sqlite_warehouse *self, GError **error);
/* Keyed HMAC of text, its first bytes in hex behind prefix; caller frees. The key must be loaded. */
char *sqlite_keyed_ref(const struct sqlite_warehouse *self, const char *prefix, const char *text, size_t bytes);
/* JSON array of the configured campaigns' ids, for statements; caller frees. */
char *sqlite_campaigns_json(const struct settings *settings);

/* Leases. */
bool sqlite_lease_acquire(struct ledger *ledger, const char *job, struct lease *lease, GError **error);
bool sqlite_lease_check(struct ledger *ledger, struct lease *lease, GError **error); /* ports.h */
void sqlite_lease_release(struct ledger *ledger, struct lease *lease);               /* ports.h */

/* Runs, errors, facts. */
bool sqlite_run_begin(struct ledger *ledger, const struct run_record *run, GError **error);
bool sqlite_run_end(struct ledger *ledger, const struct run_record *run, GError **error); /* ports.h */
bool sqlite_facts(struct ledger *ledger, struct ledger_facts *facts, GError **error);     /* ports.h */
bool sqlite_campaign_counts(struct ledger *ledger, const char *campaign_id, int64_t day_start_us,
                            struct campaign_counts *counts, GError **error); /* ports.h */
bool sqlite_errors_append(struct ledger *ledger, const struct error_row *rows, size_t rows_n,
                          GError **error); /* ports.h */
bool sqlite_hold_check(struct ledger *ledger, const char *campaign_id, bool *is_on, char **reason,
                       GError **error);                            /* ports.h */
char *sqlite_lead_ref(struct ledger *ledger, const char *lead_id); /* ports.h */

/* Events and the fold. */
bool sqlite_append(struct ledger *ledger, const struct lead_event *events, size_t events_n, GError **error);
bool sqlite_fold(struct ledger *ledger, GError **error); /* ports.h */
bool sqlite_claims_read(struct ledger *ledger, const struct claim_query *query, struct page *page,
                        GError **error); /* ports.h */
bool sqlite_release_never_sent(struct ledger *ledger, const char *own_run_id, int64_t *released_n,
                               GError **error); /* ports.h */
bool sqlite_open_batches(struct ledger *ledger, const char *own_run_id, struct page *page,
                         GError **error); /* ports.h */

/* Claims. */
bool sqlite_claim(struct ledger *ledger, const struct claim_rules *rules, struct claim_report *report, GError **error);
/* Fills temp.aliases: source rows that inherit the state of a lead_id that is no longer in the source. */
bool sqlite_aliases(struct sqlite_warehouse *self, GError **error);

/* The user's columns, and leads from files. */
bool sqlite_write_back(struct ledger *ledger, bool is_dry_run, int64_t *changed_n, GError **error);
bool sqlite_import_rows(struct warehouse *warehouse, const struct import_row *rows, size_t rows_n,
                        enum import_result *results, bool is_dry_run, GError **error); /* warehouse.h */
