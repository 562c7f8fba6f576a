#pragma once
/* The SQLite backend from inside: one struct, and the functions by which its files make up the two tables of functions
 * (struct warehouse_backend, struct ledger_ops). Their contracts are those of core/ports.h and warehouse/warehouse.h.
 *
 * One connection reads, writes and checkpoints; one lock (sqlite_lock.h) is the lease of all writing jobs. */
#include "core/source_opt_out.h"
#include "warehouse/backend.h"
#include "warehouse/sqlite_db.h"
#include "warehouse/sqlite_repeats.h"

/* Each step up has its statements in sql/sqlite/migrate.sql. */
#define SQLITE_SCHEMA_VERSION 3
#define SQLITE_KEY_BYTES      32
/* What printed references of leads begin with. */
#define SQLITE_REFERENCE_PREFIX "ref-"

/* How far suppressions and holds had come: when neither grew, nobody was stopped. */
struct stops_mark {
  int64_t stop_id, holds_n;
};

struct sqlite_warehouse {
  struct warehouse warehouse;
  struct ledger ledger;
  struct sqlite_db db;
  const struct settings *settings;
  char lease_job[16]; /* the one that took the lock */
  int64_t epoch;      /* the newest that we took */
  int leases_n;       /* jobs of ours that share the lock: sync takes the lease of complete beside its own */
  struct {
    bool is_loaded;
    uint8_t bytes[SQLITE_KEY_BYTES];
  } key;                        /* for references and derived ids */
  struct stops_mark claim_mark; /* as the claim of claim_run_id saw them */
  char *claim_run_id;
  struct repeats repeats; /* while a claim decides */
  struct count count;
  int64_t persons_version; /* data version that temp.import_persons was filled at; 0: it was not */
  struct source_opt_out opt_out;
  int64_t opted_out_after; /* where the walk along temp.opted_out stands */
  bool has_totals;         /* temp.campaign_totals is of the last fold */
  bool is_state_checked;   /* since we have the lock: lead_state is what the last fold left */
};

/* The struct behind a handle. */
struct sqlite_warehouse *sqlite_of(struct warehouse *warehouse);
struct sqlite_warehouse *sqlite_of_ledger(struct ledger *ledger); /* see above */

/* Schema: refuses a newer one, for reading also one that is to be migrated first; makes temporary empty tables for what
 * a read-only warehouse lacks. */
bool sqlite_schema_apply(struct warehouse *warehouse, bool *created, GError **error);
bool sqlite_schema_lost(struct warehouse *warehouse, const char **table, GError **error); /* backend.h */
bool sqlite_schema_ready(struct warehouse *warehouse, bool *created, GError **error);     /* warehouse.h */
/* Adds the flags of the source that say neither TRUE nor FALSE (flag_findings.h). */
bool sqlite_flags_check(struct sqlite_warehouse *self, GArray *findings, GError **error);
/* source.opt_out: opt_out_word() of the connection, its odd values as findings, and the rows that say yes (ledger.h).
 */
bool sqlite_opt_out_open(struct sqlite_warehouse *self, GError **error);
bool sqlite_opt_out_check(struct sqlite_warehouse *self, GArray *findings, GError **error); /* see above */
bool sqlite_opted_out(struct ledger *ledger, bool is_first, size_t limit, struct page *page,
                      GError **error); /* see above */
bool sqlite_opt_outs_lapse(struct ledger *ledger, const char *const *folded, size_t folded_n,
                           GError **error);                                                        /* see above */
bool sqlite_schema_check(struct warehouse *warehouse, GArray *findings, GError **error);           /* warehouse.h */
bool sqlite_schema_refuse_other(struct sqlite_warehouse *self, bool is_read_only, GError **error); /* ERROR_CONFIG */
bool sqlite_schema_shadow(struct sqlite_warehouse *self, GError **error); /* temporary tables */
/* ERROR_CONFIG where source.table names a table or a view of ours. */
bool sqlite_schema_refuse_own(const struct sqlite_warehouse *self, GError **error);

bool sqlite_schema_print(struct warehouse *warehouse, GString *text, GError **error); /* warehouse.h */

/* The secret key, read once. */
bool sqlite_key(struct sqlite_warehouse *self, GError **error);
/* Keyed HMAC of text, its first bytes in hex behind prefix; caller frees. The key must be loaded. */
char *sqlite_keyed_ref(const struct sqlite_warehouse *self, const char *prefix, const char *text, size_t bytes);
/* Fills temp.policy and temp.configured from the settings. */
bool sqlite_policy_fill(struct sqlite_warehouse *self, GError **error);

/* The file, what is beside it, and its journal; warehouse.h. It must not be open here meanwhile: see sqlite_file.h. */
bool sqlite_diagnose(const struct settings *settings, const struct clock *clock, GArray *ailments);

/* Leases. */
bool sqlite_lease_acquire(struct ledger *ledger, const char *job, struct lease *lease, GError **error);
bool sqlite_lease_check(struct ledger *ledger, struct lease *lease, GError **error); /* ports.h */
void sqlite_lease_release(struct ledger *ledger, struct lease *lease);               /* ports.h */
/* Is the newest epoch in the table the one that we took? Asked in the transaction that records what is sent. True
 * without a lease. ERROR_UNSAFE. */
bool sqlite_lease_is_newest(struct sqlite_warehouse *self, GError **error);

bool sqlite_report_lease(struct warehouse *warehouse, struct lease_view *view, GError **error); /* brakes.h */
bool sqlite_lease_break(struct warehouse *warehouse, bool *was_cleared, GError **error);        /* brakes.h */
/* Takes the lock without a lease, for a moment; *is_ours is false when another process has it. */
bool sqlite_lock_try(struct sqlite_warehouse *self, bool *is_ours, GError **error);
/* Gives it back. */
void sqlite_lock_give_back(struct sqlite_warehouse *self);

/* In a warehouse opened for reading, stops that are written from now on go into a copy of this connection's own. */
bool sqlite_overlay_stops(struct sqlite_warehouse *self, GError **error);
/* The same for what is staged and the stops that it asks for. */
bool sqlite_overlay_stage(struct sqlite_warehouse *self, GError **error);
bool sqlite_brakes_preview(struct warehouse *warehouse, GError **error); /* brakes.h */

/* The operator's brakes: brakes.h. */
bool sqlite_brakes_write(struct warehouse *warehouse, const struct brake *rows, size_t rows_n,
                         struct brake_report *report, GError **error);
bool sqlite_stops_read(struct ledger *ledger, const struct stop_query *wanted, struct page *page,
                       GError **error);                                                   /* brakes.h */
bool sqlite_report_holds(struct warehouse *warehouse, struct page *page, GError **error); /* brakes.h */
/* Leaves them in the inbox without opening the database; brakes.h. */
bool sqlite_brakes_leave(const struct settings *settings, const struct clock *clock, const struct brake *rows,
                         size_t rows_n, GError **error);
/* Writes rows in one transaction, under the lock; adds to *changed_n. */
bool sqlite_brakes_apply(struct sqlite_warehouse *self, const struct brake *rows, size_t rows_n, int64_t *changed_n,
                         GError **error);
/* Leaves rows for whoever holds the lock. */
bool sqlite_inbox_leave(struct sqlite_warehouse *self, const struct brake *rows, size_t rows_n, GError **error);
/* Takes up what was left: called with the lock, before each batch and at the end. */
bool sqlite_inbox_take(struct sqlite_warehouse *self, GError **error);
/* Reads what waits, as rows of struct brake whose strings are in `strings`; the files stay. */
bool sqlite_inbox_read(struct sqlite_warehouse *self, GArray *brakes, GStringChunk *strings, GError **error);
/* Strings that are given back when they go out of scope. */
typedef GStringChunk sqlite_strings;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite_strings, g_string_chunk_free)
/* How many files wait. */
int64_t sqlite_inbox_files_n(const struct sqlite_warehouse *self);
/* Appends events inside the caller's transaction. */
bool sqlite_events_put(struct sqlite_warehouse *self, const struct lead_event *events, size_t events_n, GError **error);

/* Runs, errors, facts. */
bool sqlite_run_begin(struct ledger *ledger, const struct run_record *run, GError **error);
bool sqlite_run_end(struct ledger *ledger, const struct run_record *run, GError **error); /* ports.h */
bool sqlite_facts(struct ledger *ledger, struct ledger_facts *facts, GError **error);     /* ports.h */
bool sqlite_campaign_counts(struct ledger *ledger, const char *campaign_id, int64_t day_start_us,
                            struct campaign_counts *counts, GError **error); /* ports.h */
bool sqlite_errors_append(struct ledger *ledger, const struct error_row *rows, size_t rows_n,
                          GError **error); /* ports.h */
/* The same inside the caller's transaction. */
bool sqlite_errors_put(struct sqlite_warehouse *self, const struct error_row *rows, size_t rows_n, GError **error);
bool sqlite_hold_check(struct ledger *ledger, const char *campaign_id, bool *is_on, char **reason,
                       GError **error);                            /* ports.h */
char *sqlite_lead_ref(struct ledger *ledger, const char *lead_id); /* ports.h */

/* Events and the fold. */
bool sqlite_append(struct ledger *ledger, const struct lead_event *events, size_t events_n, GError **error);
bool sqlite_fold(struct ledger *ledger, GError **error);                   /* ports.h */
bool sqlite_refold(struct ledger *ledger, bool *is_whole, GError **error); /* ports.h */
/* Copies, of this connection's own, of the tables that the fold writes. */
bool sqlite_overlay_states(struct sqlite_warehouse *self, GError **error);
/* Folds all events into tables of this connection's own, where those of the file do not carry them: for those who read.
 */
bool sqlite_overlay_refold(struct sqlite_warehouse *self, GError **error);
bool sqlite_claims_read(struct ledger *ledger, const struct claim_query *query, struct page *page,
                        GError **error);                                                             /* ports.h */
bool sqlite_control_get(struct ledger *ledger, const char *name, char **value, GError **error);      /* port */
bool sqlite_control_put(struct ledger *ledger, const char *name, const char *value, GError **error); /* port */
bool sqlite_hold_campaign(struct ledger *ledger, const char *campaign_id, const char *run_id, int64_t *held_n,
                          GError **error); /* port */
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
bool sqlite_import_rows(struct warehouse *warehouse, struct import_row *rows, size_t rows_n, bool is_dry_run,
                        GError **error); /* warehouse.h */

/* Stops. */
bool sqlite_suppress(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t *added_n,
                     GError **error); /* ports.h */
bool sqlite_unpushed(struct ledger *ledger, const struct push_query *wanted, struct page *page,
                     GError **error); /* ledger.h */
/* Notes the stops that stand there, unless some are missing; inside the caller's transaction. */
bool sqlite_stops_noted(struct sqlite_warehouse *self, GError **error);
bool sqlite_stops_lost(struct ledger *ledger, int64_t *lost_n, GError **error);  /* ledger.h */
bool sqlite_stops_note(struct ledger *ledger, bool is_accepted, GError **error); /* ledger.h */
bool sqlite_listing(struct ledger *ledger, const struct suppression *rows, size_t rows_n,
                    GError **error); /* ledger.h */
bool sqlite_unlisting(struct ledger *ledger, int64_t now_us, size_t limit, struct page *page,
                      GError **error); /* ledger.h */
bool sqlite_unlisted(struct ledger *ledger, const struct suppression *rows, size_t rows_n,
                     GError **error);                                                            /* ledger.h */
bool sqlite_stop_hits(struct ledger *ledger, int64_t now_us, struct page *page, GError **error); /* ledger.h */
bool sqlite_reply_stops(struct ledger *ledger, const char *const *folded, size_t folded_n, struct page *page,
                        GError **error); /* ports.h */
bool sqlite_stops_end(struct ledger *ledger, const struct suppression *rows, size_t rows_n, const char *words,
                      GError **error);                                                             /* ports.h */
bool sqlite_stops_allow(struct ledger *ledger, const char *allow, int64_t now_us, GError **error); /* ports.h */
bool sqlite_pushed(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t at_us,
                   GError **error); /* ports.h */
bool sqlite_stops_check(struct ledger *ledger, const struct stops_query *looked, struct page *stopped,
                        GError **error);                                                                 /* ports.h */
bool sqlite_exclusion_look(struct ledger *ledger, struct standing_counts *counts, GError **error);       /* ledger.h */
bool sqlite_standing_apply(struct ledger *ledger, const struct standing_change *change, GError **error); /* above */
bool sqlite_gone_look(struct ledger *ledger, bool is_set, struct standing_counts *counts, GError **error); /* above */
/* Appends what is wrong with the exclusion table. */
bool sqlite_exclusion_check(struct sqlite_warehouse *self, GArray *findings, GError **error);
/* Reads the mark. */
bool sqlite_stops_mark(struct sqlite_warehouse *self, struct stops_mark *mark, GError **error);
/* Reads the rest of a query of suppressions into a page. */
bool sqlite_stops_page(struct query *query, struct page *page, GError **error);

/* Sync. */
bool sqlite_watched(struct ledger *ledger, const struct watch_query *watch, struct page *page, GError **error);
bool sqlite_stage_begin(struct ledger *ledger, const char *run_id, GError **error); /* ports.h */
bool sqlite_stage(struct ledger *ledger, const char *run_id, const struct remote_lead *rows, size_t rows_n,
                  GError **error); /* ports.h */
bool sqlite_stage_stops(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report,
                        GError **error); /* ports.h */
bool sqlite_stage_facts(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report,
                        GError **error); /* ports.h */
bool sqlite_metrics_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n,
                          GError **error); /* ports.h */
bool sqlite_campaign_status_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n,
                                  int64_t synced_at_us, GError **error); /* ports.h */

bool sqlite_ever_enrolled(struct ledger *ledger, const char *const *folded, size_t folded_n, struct page *page,
                          GError **error);                                         /* port */
bool sqlite_first_enrolled(struct ledger *ledger, int64_t *at_us, GError **error); /* port */
bool sqlite_contacted_before(struct ledger *ledger, const char *after, size_t limit, struct page *page,
                             GError **error); /* ports.h */
bool sqlite_retire_campaign(struct ledger *ledger, const struct retirement *retirement, int64_t *ended_n,
                            GError **error); /* ports.h */
/* Fills temp.matches: which lead a staged row belongs to. */
bool sqlite_matches_fill(struct sqlite_warehouse *self, const char *run_id, GError **error);
/* Brings staged rows home that the ledger does not know (core/sync_home.h), as rules->home says. Leaves the ledger
 * folded and temp.matches filled. */
bool sqlite_bring_home(struct sqlite_warehouse *self, const struct stage_rules *rules, struct stage_report *report,
                       GError **error);
bool sqlite_newest_id(struct ledger *ledger, char **id, GError **error);                              /* ports.h */
bool sqlite_stamp_is_known(struct ledger *ledger, const char *stamp, bool *is_known, GError **error); /* ports.h */
/* Fills temp.import_persons, unless it is of this source already. */
bool sqlite_persons_fill(struct sqlite_warehouse *self, GError **error);

bool sqlite_differences(struct ledger *ledger, const struct verify_query *verify, struct page *page,
                        GError **error); /* ports.h */

/* Removals. */
bool sqlite_removals(struct ledger *ledger, const struct removal_query *removals, struct page *page, GError **error);
bool sqlite_removal_counts(struct ledger *ledger, const struct removal_query *removals, GArray *counts,
                           GError **error); /* ports.h */

/* Reports: all as in warehouse.h. */
bool sqlite_report_leads(struct warehouse *warehouse, const char *after, size_t limit, struct page *page,
                         GError **error); /* see above */
bool sqlite_report_find(struct warehouse *warehouse, const char *what, struct page *page, GError **error); /* above */
bool sqlite_report_person_facts(struct warehouse *warehouse, const struct person_query *query, struct page *text,
                                struct person_facts *facts, GError **error); /* above */
bool sqlite_report_events(struct warehouse *warehouse, const char *lead_id, struct page *page,
                          GError **error); /* above */
bool sqlite_report_suppressions(struct warehouse *warehouse, const char *person, struct page *page,
                                GError **error); /* above */
bool sqlite_report_runs(struct warehouse *warehouse, const struct run_query *query, struct page *page,
                        GError **error); /* above */
bool sqlite_report_errors(struct warehouse *warehouse, const struct error_query *errors, struct page *page,
                          GError **error);                                                    /* above */
bool sqlite_report_counts(struct warehouse *warehouse, struct page *page, GError **error);    /* above */
bool sqlite_report_campaigns(struct warehouse *warehouse, struct page *page, GError **error); /* above */
bool sqlite_report_empty_values(struct warehouse *warehouse, const struct empty_query *wanted,
                                struct empty_count *count, GError **error); /* above */
bool sqlite_retry_leads(struct warehouse *warehouse, const struct retry_query *retry, int64_t *retried_n,
                        GError **error); /* above */
/* The same inside the caller's transaction, over the state as it was folded. */
bool sqlite_retries_put(struct sqlite_warehouse *self, const struct retry_query *retry, int64_t *retried_n,
                        GError **error);
/* A run's events by kind and reason as a JSON object. */
bool sqlite_run_counts(struct sqlite_warehouse *self, const char *run_id, GString *counts, GError **error);
