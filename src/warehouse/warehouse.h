#pragma once
/* The warehouse: opens a ledger (core/ports.h) and gives the command line what the core does not need: schema, import,
 * reports. One conformance suite (tests/unit/warehouse) runs over every backend.
 *
 * Calling sequence: warehouse_open(), then warehouse_ledger() for jobs, or the functions below; warehouse_close() at
 * the end. Opening never creates or alters anything: schema_apply() does, called by the first writing command (SQLite),
 * said aloud. A read-only warehouse works without our tables: missing ones read as empty.
 *
 * Errors: ERROR_CONFIG (no such file, newer schema, wrong column type: the sentence names column and type),
 * ERROR_CORRUPT (not a database, integrity), ERROR_LOCAL (read-only disk, disk full), ERROR_LOCKED, ERROR_TRANSIENT
 * (busy). */
#include "core/eligibility.h"
#include "core/ports.h"

struct warehouse;

enum warehouse_mode { WAREHOUSE_READ, WAREHOUSE_WRITE };

/* Opens the warehouse that the settings name. Caller closes it. */
struct warehouse *warehouse_open(const struct settings *settings, enum warehouse_mode mode, const struct clock *clock,
                                 GError **error);
/* Closes it; NULL is fine. */
void warehouse_close(struct warehouse *warehouse);

/* The port for jobs; lives as long as the warehouse. */
struct ledger *warehouse_ledger(struct warehouse *warehouse);

/* Something that doctor found out of the warehouse without opening it. */
struct ailment {
  const char *id; /* of doctor's table, docs/doctor.md */
  char *subject;  /* or NULL */
  char *sentence;
};
/* Asks who we are, where things are and which rights are missing: appends struct ailment. Reads alone. False when there
 * is no use in opening it. */
bool warehouse_diagnose(const struct settings *settings, const struct clock *clock, GArray *ailments);

/* ---- schema ---- */

/* Creates and migrates what is missing; *created says whether anything was. Never drops. A newer schema is refused. */
bool schema_apply(struct warehouse *warehouse, bool *created, GError **error);

/* One finding of a schema check: a missing table or column, a wrong type. */
struct schema_finding {
  char *table;
  char *column; /* or NULL */
  char *problem;
  bool is_fatal;         /* jobs cannot run */
  bool is_made_by_apply; /* schema_apply() makes what is missing */
};
/* Frees what one holds. */
void schema_finding_clear(gpointer finding);
/* A GArray of struct schema_finding, which frees them with itself. */
GArray *schema_findings_new(void);
/* Adds a fatal one; column may be NULL. Takes problem. */
void schema_finding_add(GArray *findings, const char *table, const char *column, char *problem);
/* ERROR_CONFIG with the first that is fatal, if one is. */
bool schema_findings_allow(const GArray *findings, GError **error);
/* Compares the warehouse with what leadferry needs: GArray of struct schema_finding, empty when all is well. */
bool schema_check(struct warehouse *warehouse, GArray *findings, GError **error);

/* Refuses (ERROR_CONFIG) a warehouse that has lost one of our tables while it has others. Whoever reads asks this, and
 * takes tables for empty only where there is none yet; schema_ready() does it for those who write. */
bool schema_whole(struct warehouse *warehouse, GError **error);

/* What a writing command needs before it begins: on SQLite schema_apply(); on BigQuery, where only the command `schema
 * apply` creates anything, ERROR_CONFIG that names the first thing that is missing. */
bool schema_ready(struct warehouse *warehouse, bool *created, GError **error);

/* Appends the CREATE statements of all tables, as they would be made. */
bool schema_print(struct warehouse *warehouse, GString *text, GError **error);

/* ---- import and export of leads ---- */

enum import_result { IMPORT_NEW, IMPORT_UNCHANGED, IMPORT_UPDATED, IMPORT_DUPLICATE_PERSON, IMPORT_ID_TAKEN };

/* One row to import. Strings borrowed for the call. */
struct import_row {
  const char *lead_id; /* NULL: derive from the person (keyed HMAC) */
  const char *email;   /* as given */
  const char *person;  /* canonical */
  const char *first_name, *last_name, *company_name, *campaign_id;
  const char *fields;        /* JSON object of further columns, or NULL */
  enum import_result result; /* out */
};

/* Imports a batch in one transaction; each row says what became of it. An existing lead_id with the same person is
 * updated where non-empty values differ; another lead_id with the same person is IMPORT_DUPLICATE_PERSON; the same
 * lead_id with another person IMPORT_ID_TAKEN; both write nothing for that row. */
bool import_rows(struct warehouse *warehouse, struct import_row *rows, size_t rows_n, bool is_dry_run, GError **error);

/* ---- reports: plain structs, presentation lives in cli/ ---- */

/* One row of the view lead_report. */
struct lead_report_row {
  struct lead lead;
  int64_t added_at_us, sequence_completed_at_us, updated_at_us;
  bool has_state;
  struct lead_state state;
  enum phase phase;
  int64_t repeats_n; /* of report_find: further rows of the source with this lead_id, which no export takes */
};

/* Rows of struct lead_report_row with lead_id after `after`, in lead_id order. */
bool report_leads(struct warehouse *warehouse, const char *after, size_t limit, struct page *page, GError **error);

/* The leads that an address (canonical), a lead_id, an Instantly id or a printed reference names: rows of struct
 * lead_report_row, one for each lead_id. Where a source has several rows of one, it is the first by address. */
bool report_find(struct warehouse *warehouse, const char *what, struct page *page, GError **error);

struct person_query {
  const char *person;
  int64_t now_us; /* stops in force then */
};
/* Everything verdict_of() needs of one person; strings go into text. */
bool report_person_facts(struct warehouse *warehouse, const struct person_query *query, struct page *text,
                         struct person_facts *facts, GError **error);

/* Rows of struct lead_event of one lead in time order (occurred_at, recorded_at). */
bool report_events(struct warehouse *warehouse, const char *lead_id, struct page *page, GError **error);

/* Rows of struct suppression that name this person or its domain, in force or not. */
bool report_suppressions(struct warehouse *warehouse, const char *person, struct page *page, GError **error);

/* A run, newest first. */
struct run_row {
  struct run_record run;
  const char *counts; /* JSON object {"added": 12, "rejected/invalid": 1, ...} from the run's events */
  const char *costs; /* JSON object {"STATEMENT": {"jobs": n, "bytes_billed": n}, ...}; NULL: nothing is billed there */
};
/* Which runs. */
struct run_query {
  const char *run_id;  /* or NULL: of all */
  bool is_last_of_job; /* only the newest of each job */
  size_t limit;
};
/* Rows of struct run_row, newest first. */
bool report_runs(struct warehouse *warehouse, const struct run_query *query, struct page *page, GError **error);

/* Which errors to list. */
struct error_query {
  int64_t since_us;
  const char *type; /* or NULL */
  size_t limit;
};
struct error_report_row {
  const char *error_id, *type, *lead_ref, *message;
  int64_t at_us, retry_count;
};
/* Rows of struct error_report_row, newest first, one (the newest) per error_id. */
bool report_errors(struct warehouse *warehouse, const struct error_query *query, struct page *page, GError **error);

/* A count with a name: phases, outcomes, error types, suppressions by reason. */
struct named_count {
  const char *group; /* "phase", "outcome", "held", "error", "suppression", "email_status", "notice" */
  const char *name;
  const char *campaign_id; /* or NULL */
  int64_t n;
};
/* Rows of struct named_count over the whole warehouse: what `status` shows. */
bool report_counts(struct warehouse *warehouse, struct page *page, GError **error);

/* Rows of struct campaign_metric with day_us 0: campaign_status joined with the newest totals. */
bool report_campaigns(struct warehouse *warehouse, struct page *page, GError **error);

struct empty_query {
  const char *campaign_id;
  const char *default_campaign; /* or NULL */
  const struct required_variable *variable;
};
struct empty_count {
  int64_t empty_n, rows_n;
};
/* Number of source rows whose value of a column or lead_fields key is empty, per merge tag (plan). */
bool report_empty_values(struct warehouse *warehouse, const struct empty_query *query, struct empty_count *count,
                         GError **error);

/* A statement of a job, and what the warehouse's owner would be billed for it. */
struct cost_row {
  const char *job;
  const char *statement;
  int64_t times_n; /* in one run */
  int64_t bytes;   /* that it reads, once; -1: it reads a temporary table, which cannot be asked before it is made */
  int64_t billed_bytes; /* for all times */
};
/* Rows of struct cost_row: what an export, a sync and a complete would bill, in the order of jobs and statements,
 * without running any of it. *is_free (and no rows) where statements cost nothing. */
bool report_costs(struct warehouse *warehouse, struct page *page, bool *is_free, GError **error);

/* Which leads to take up again. */
struct retry_query {
  const char *lead_id; /* or NULL */
  const char *type;    /* settlement reason, or NULL */
  bool all;
  size_t limit;
  const char *run_id; /* of the events */
  bool is_dry_run;
};
/* Appends `retried` for settled refusals and resolves held leads named; *retried_n leads were affected. */
bool retry_leads(struct warehouse *warehouse, const struct retry_query *query, int64_t *retried_n, GError **error);
