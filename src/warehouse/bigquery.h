#pragma once
/* The BigQuery backend from inside: one struct, and the functions by which its files make up the two tables of
 * functions (struct warehouse_backend, struct ledger_ops). Their contracts are those of core/ledger.h and
 * warehouse/warehouse.h.
 *
 * Three things differ from SQLite. Each statement is a job that costs seconds and bytes: what one run asks for is a
 * constant number of jobs, so big answers are read page by page from one job (struct bq_stream) and small ones kept as
 * long as they hold. Rows of lead_events, pipeline_errors, pipeline_runs and sync_stage are streamed, all others are
 * written by DML alone, because DML may not touch what was streamed a moment ago. The lease is a row, measured by
 * BigQuery's clock, and has to be renewed.
 *
 * Statements are named (enum bq_id, from sql/bigquery/). Several of them make a script, one job: they share temporary
 * tables and all their parameters. */
#include "bigquery_sql.h"
#include "core/event_id.h"
#include "core/source_opt_out.h"
#include "google/bigquery.h"
#include "warehouse/backend.h"
#include "warehouse/bigquery_streams.h"
#include "warehouse/sql_names.h"

#define BQ_KEY_BYTES 32
/* What printed references of leads begin with, as in SQLite. */
#define BQ_REFERENCE_PREFIX "ref-"
/* How far back the fold reads again: no writer's clock or stream is later than that. */
#define BQ_OVERLAP_US ((int64_t)3 * 86400 * 1000000)
/* Where a fold begins that takes all events: onto the states that are there, or without them (fold_gather). */
#define BQ_SINCE_EVER      1
#define BQ_SINCE_ANEW      (-1)
#define BQ_STATE_COLUMNS_N 30

/* An answer that is read page after page: goes on where the last call ended, as long as the question is the same. */
struct bq_stream {
  struct bigquery_rows *rows;
  char *question; /* what was asked, and after which key the next row stands; NULL: nothing is open */
  bool is_over;   /* behind that key there is nothing */
};

/* What was read under the lease that is held: nobody else changes it meanwhile. */
struct bq_kept {
  bool is_open;    /* controls, foreigners, and the facts about earlier runs and the source */
  bool has_answer; /* of the last fold: newest_id, counts, and the facts about lead_state */
  GHashTable *controls;
  GString *foreigners; /* JSON */
  char *lease;         /* fields of its row, one a line */
  char *predecessors;  /* EPOCH_ACQUIRED of holders that never gave it back, with commas between */
  char *streams;       /* what earlier runs streamed, as bq_streams_open() reads it */
  char *lease_id;      /* the same of ours */
  int64_t claims_n;    /* begun under it */
  int64_t folded_until_us;
  char *state_folded; /* what the last run's fold left, as text of state_sum and the number of events; NULL: unknown */
  char *state;        /* what is there now, without events_n: at the opening, then of the last fold */
  int64_t events_n;   /* see state */
  int64_t now_us;     /* BigQuery's own clock, at the opening */
  struct ledger_facts facts;
  int64_t stops_lost_n, stops_unnoted_n; /* see stops_note() */
  char *newest_id;
  char *counts; /* JSON: this run's events by kind and reason */
};

/* What the last look at lease, holds and stops said. */
struct bq_watch {
  char *run_id;
  int64_t looked_at_us; /* boot-time clock; 0: never */
  int64_t now_us;       /* of the job that asked last: by which stops are in force; 0: nobody asked */
  GHashTable *holds;    /* campaign id or '*' -> reason */
  GHashTable *stops;    /* ord -> reason */
  bool is_ours;
  GHashTable *gone;     /* ords of claims whose source row was not theirs any more; NULL: not looked yet */
  int64_t rows_read_us; /* boot-time clock: when the rows of the claims were read or looked at last */
};

/* The answer to a half of verify's checks, read on from check to check. */
struct bq_verify {
  struct bigquery_rows *rows; /* NULL: nothing is open */
  char *question;
  const char *const *cells; /* the next row; NULL: there is none */
  int64_t n;                /* which one of its check it is */
  enum verify_check check;  /* asked last, and how many of its rows were read */
  int64_t read_n;           /* see above */
};

struct bq_warehouse {
  struct warehouse warehouse; /* first: backends are cast from it */
  struct ledger ledger;
  const struct settings *settings;
  const struct clock *clock;
  struct bigquery *client;
  struct credentials *credentials; /* NULL: an emulator asks for none */
  struct sql_names names;
  struct bigquery_table source;
  bool is_shaped;          /* its columns are read through conversions, see bigquery_shape.c */
  bool has_odd_flags;      /* a flag of it may say neither TRUE nor FALSE */
  GHashTable *tables;      /* bigquery_tables.c: "DATASET.TABLE" -> struct bigquery_table_info; NULL: none */
  char *unreadable;        /* why nobody's leads can be read from it; NULL: they can */
  const char *lost;        /* one of our tables that is missing while others are there; looked for by who only reads */
  const char *ops_dataset; /* where our tables are */
  bool is_read_only;
  int64_t scratch_n; /* temporary tables made so far */
  uint64_t nonce;    /* part of their names: a script that failed may leave its name behind */
  struct {
    bool is_loaded;
    uint8_t bytes[BQ_KEY_BYTES];
  } key; /* for references and derived ids */
  struct {
    char *run_id;
    int64_t started_at_us;
  } run;                        /* of this handle */
  int64_t epoch, renewed_at_us; /* of the lease; 0: none */
  int64_t leases_n;             /* jobs of this process that work under it */
  char lease_job[16];           /* the first of them */
  int64_t since_us;             /* where the fold's window begins; 0: not asked yet */
  int64_t refold_since_us;      /* all events are to be folded: from here on; 0: they need not */
  bool is_unfit;                /* lead_state is not what the last fold left, and stays so: nobody goes on from ours */
  int64_t fold_began_us;        /* of the last fold that finished */
  bool is_dirty;                /* events were appended since */
  int64_t last_id;              /* of suppressions */
  int64_t staged_n;             /* rows of sync_stage: the later one counts */
  struct {
    char *run_id;
    int64_t first_n, seen_n; /* staged_n before its first row; how many rows of it are known to be seen */
  } staged;                  /* the run whose rows they are */
  int64_t asks_n;            /* of them, rows that ask for a stop and were not looked at yet */
  struct bq_watch watch;
  struct bq_streams streams;
  struct bq_kept kept;
  struct page last_run; /* struct run_row: how the last run of this handle ended, once it has */
  struct bq_stream claims, watched, removals, leads, contacted, opted_out;
  struct source_opt_out opt_out;
  const char *opt_out_problem; /* why its column cannot be read; NULL: it can */
  int64_t opt_outs_removed_n;  /* stops of it that somebody removed and the column may go on naming */
  struct bq_verify verify;
  char *claimed_run_id; /* whose claims may be contested */
  GArray *counts;       /* struct bq_campaign_count of counts_day_us, until the next fold; NULL: not read */
  int64_t counts_day_us;
  GArray *unsettled; /* struct bq_unsettled, until something is appended or folded; NULL: not read */
  GStringChunk *unsettled_text;
  char *unsettled_own_run_id;
  GArray *metrics;         /* struct campaign_metric that wait to be written together */
  GStringChunk *kept_text; /* their strings */
  bool has_new_stops;      /* written and not yet noted, see stops_note() */
  GArray *kept_stops;      /* struct bq_stop_row, of a handle that only reads */
  GArray *kept_rows;       /* struct remote_lead that such a handle staged and that may ask for a stop */
  struct {
    char *run_id;
    GHashTable *known; /* its claim_ids */
  } stamps;            /* as asked last */
  char *gone_json;     /* what the last look for who left the source was told; NULL: there was none */
  char *foreigners;    /* JSON of addresses that SQL cannot spell; NULL: not read */
};

struct bq_campaign_count {
  char campaign_id[64];
  int64_t claimed_n, fed_n, contacted_n;
};

struct bq_unsettled {
  struct lead_event claim;
  const char *batch_id; /* NULL: stands in no `sending` */
  int64_t batch_ord, batch_ord_to, sent_at_us;
  int64_t newest_us; /* recorded_at of the newest event of its run */
};

/* The struct behind a handle. */
struct bq_warehouse *bq_of(struct warehouse *warehouse);
struct bq_warehouse *bq_of_ledger(struct ledger *ledger); /* see above */
/* The clock that it was opened with: time of what we record. Leases go by BigQuery's own. */
int64_t bq_now_us(const struct bq_warehouse *self);

/* ---- bigquery_call.c: statements, cells, rows on their way ---- */
/* One statement, or several as a script; parameters borrowed. */
struct bq_call {
  enum bq_id ids[6];
  size_t ids_n;
  struct bigquery_parameter parameters[8];
  size_t parameters_n;
  const char *job_id; /* of a job that somebody may look for later; NULL: a new one */
};
/* Runs it as one job and gives its (last) rows; ERROR_CONFIG names `schema apply` when a table is missing. What changes
 * a table goes by jobs.insert under an id, so that it happens once (google/bigquery.h). */
bool bq_query(struct bq_warehouse *self, const struct bq_call *call, struct bigquery_rows **rows, GError **error);
/* The same to its end, for what has no rows of interest. */
bool bq_run(struct bq_warehouse *self, const struct bq_call *call, GError **error);
/* The same; the first cell of the first row as a number, 0 without one. */
bool bq_run_int(struct bq_warehouse *self, const struct bq_call *call, int64_t *value, GError **error);
/* The same; each row is handed over in turn, its cells good until the function returns. */
bool bq_each(struct bq_warehouse *self, const struct bq_call *call,
             void (*row_take)(const char *const *cells, void *into), void *into, GError **error);
/* A script whose one parameter is this JSON text. */
#define BQ_SCRIPT(json, ...)                                                                                           \
  ((struct bq_call){.ids = {__VA_ARGS__},                                                                              \
                    .ids_n = sizeof((enum bq_id[]){__VA_ARGS__}) / sizeof(enum bq_id),                                 \
                    .parameters = {bigquery_text("p", (json))},                                                        \
                    .parameters_n = 1})
/* A time that a statement compares with: never NULL. */
struct bigquery_parameter bq_since(const char *name, int64_t wall_us);
/* How many rows a statement may give at most. */
struct bigquery_parameter bq_limit(size_t rows_n);
/* The next row of an answer, NULL cells at its end; frees the answer there. */
bool bq_next(struct bigquery_rows **rows, const char *const **cells, GError **error);
/* Cells: a NULL number is 0, "true" is 1; text goes into the page. */
int64_t bq_cell_int(const char *cell);
bool bq_cell_bool(const char *cell); /* see above */
/* Fills a state from the cells of BQ_STATE_COLUMNS_N columns in the order of struct lead_state. */
void bq_cell_state(const char *const *cells, struct page *page, struct lead_state *state);
/* The cells of a staged row, as the statements of stage.sql have them. */
void bq_cell_remote(const char *const *cells, struct remote_lead *row);

/* JSON for parameters: numbers are texts, and a time of 0 is null. */
void bq_json_int(GString *out, const char *name, int64_t value);
void bq_json_time(GString *out, const char *name, int64_t wall_us); /* see above */
void bq_json_flag(GString *out, const char *name, bool value);      /* "1" or "0" */
/* Appends lead_id and address (two cells) to a list of those that SQL cannot spell, a GString that begins with '['. */
void bq_foreigner_add(const char *const *cells, void *into);
/* `"foreigners":[...]`: the addresses that SQL cannot spell, read when they were not (or with is_fresh again). */
bool bq_json_foreigners(struct bq_warehouse *self, bool is_fresh, GString *out, GError **error);
/* "kept", "configured", "include_adopted": when an enrolment that is over counts as completed. */
void bq_json_policy(const struct bq_warehouse *self, GString *out);

/* Is this the question that the stream goes on with? Otherwise closes it. */
bool bq_stream_goes_on(struct bq_stream *stream, const char *question);
/* What the stream will be asked next; takes question. */
void bq_stream_expect(struct bq_stream *stream, char *question);
/* Hands over its next rows, each of which may go into the page (`into`), until that is full or the stream is at its end
 * (then ->rows is NULL); closes it when reading fails. */
bool bq_stream_fill(struct bq_stream *stream, struct page *page, size_t limit,
                    void (*row_take)(const char *const *cells, void *into), GError **error);
/* Closes it; fine when it is not open. */
void bq_stream_close(struct bq_stream *stream);

/* Rows that are streamed into one of our tables. */
struct bq_batch {
  GArray *rows; /* struct bigquery_stream_row */
  GStringChunk *text;
};
void bq_batch_init(struct bq_batch *batch); /* an empty one */
/* Takes one more; both are copied. */
void bq_batch_add(struct bq_batch *batch, const char *insert_id, const char *json);
/* Streams all. */
bool bq_batch_send(struct bq_warehouse *self, struct bq_batch *batch, const char *table, GError **error);
void bq_batch_clear(struct bq_batch *batch); /* frees what it holds */

/* ---- bigquery_schema.c ---- */
bool bq_schema_apply(struct warehouse *warehouse, bool *created, GError **error);     /* warehouse.h */
bool bq_schema_check(struct warehouse *warehouse, GArray *findings, GError **error);  /* warehouse.h */
bool bq_schema_ready(struct warehouse *warehouse, bool *created, GError **error);     /* warehouse.h */
bool bq_schema_print(struct warehouse *warehouse, GString *text, GError **error);     /* warehouse.h */
bool bq_schema_lost(struct warehouse *warehouse, const char **table, GError **error); /* backend.h */
/* Lets names of our tables that are missing stand for empty ones: a handle that only reads needs none of them. */
bool bq_schema_shadow(struct bq_warehouse *self, GError **error);
/* All of our tables' names into self->names. */
void bq_schema_names(struct bq_warehouse *self);

/* The name of the nth of our tables beside the source; NULL behind the last. */
const char *bq_schema_own_table(size_t n);
/* The statement that makes a table: 0 is the source, n + 1 the nth of ours. Caller frees. */
char *bq_schema_text(const struct bq_warehouse *self, size_t n);

/* ---- bigquery_tables.c ---- */
/* What tables.get says, or said since this handle last ran a job or streamed rows. Borrowed until then. */
bool bq_table_seen(struct bq_warehouse *self, const struct bigquery_table *table,
                   const struct bigquery_table_info **info, GError **error);
/* What is asked next shall be as it is now. */
void bq_tables_forget(struct bq_warehouse *self);
/* ERROR_CONFIG where one of the two datasets, or the project, does not exist: what a missing table may mean. */
bool bq_datasets_are_there(struct bq_warehouse *self, GError **error);

/* ---- bigquery_doctor.c ---- */
/* Asks what warehouse_diagnose() wants to know, over a handle that has names and a client and has looked at nothing. */
bool bq_diagnose(struct bq_warehouse *self, GArray *ailments);
/* Appends one; printf-like. */
void bq_ailment_add(GArray *ailments, const char *id, const char *subject, const char *format, ...) G_GNUC_PRINTF(4, 5);

/* ---- bigquery_shape.c: the user's own table or view as it is ---- */
/* Looks at it, so that later statements read it under the user's names and types; fine when it is not there yet. */
bool bq_source_open(struct bq_warehouse *self, GError **error);
/* Appends the flags in it that say neither TRUE nor FALSE (flag_findings.h); asks only where that may be. */
bool bq_flags_check(struct bq_warehouse *self, GArray *findings, GError **error);
/* Appends what is wrong with it. */
void bq_source_check(const struct bq_warehouse *self, const struct bigquery_table_info *info, GArray *findings);
/* Is a column missing that `schema apply` would add? */
bool bq_source_lacks_columns(const struct bq_warehouse *self, const struct bigquery_table_info *info);
/* Why no statement of ours can read the table, whatever its columns are; NULL: they can. Caller frees. */
char *bq_table_refusal(const struct bq_warehouse *self, const struct bigquery_table_info *info, bool is_source);
/* A column of a table by its name, in any case; NULL when it has none. */
const struct bigquery_field *bq_field_find(const struct bigquery_table_info *info, const char *name);
/* May leads from files be put into it? ERROR_CONFIG says why not. */
bool bq_source_takes_rows(const struct bq_warehouse *self, GError **error);

/* ---- bigquery_lease.c: the lease, holds, and who was stopped meanwhile ---- */
bool bq_lease_acquire(struct ledger *ledger, const char *job, struct lease *lease, GError **error); /* ledger.h */
bool bq_lease_check(struct ledger *ledger, struct lease *lease, GError **error);                    /* ledger.h */
/* Asks whether the lease is still this handle's, however young the last look is: what was read before and is decided
 * after is no later holder's. ERROR_UNSAFE when it is not; fine for a handle that never had one. */
bool bq_lease_confirm(struct bq_warehouse *self, GError **error);
void bq_lease_release(struct ledger *ledger, struct lease *lease); /* ledger.h */
/* The id of the next job that claims under this lease: whoever takes over from us can make it too, and waits for its
 * end. NULL: there is no lease of which to make one. Caller frees. */
char *bq_claim_job_id(struct bq_warehouse *self);
bool bq_report_lease(struct warehouse *warehouse, struct lease_view *view, GError **error); /* brakes.h */
bool bq_lease_break(struct warehouse *warehouse, bool *was_cleared, GError **error);        /* brakes.h */
bool bq_hold_check(struct ledger *ledger, const char *campaign_id, bool *is_on, char **reason,
                   GError **error); /* ledger.h */
bool bq_stops_check(struct ledger *ledger, const struct stops_query *query, struct page *stopped,
                    GError **error);                                                  /* ledger.h */
bool bq_report_holds(struct warehouse *warehouse, struct page *page, GError **error); /* brakes.h */

/* ---- bigquery_kept.c: what a run reads once ---- */
/* Takes the lease if it can be had (json: the parameter of lease_take) and reads the rest in the same job. */
bool bq_kept_open(struct bq_warehouse *self, const char *json, GError **error);
/* The lease is ours: what was read counts from here. */
void bq_kept_begin(struct bq_warehouse *self, const char *job);
/* Folds by this script, which ends with fold_answer, and keeps what that says. */
bool bq_kept_fold(struct bq_warehouse *self, const struct bq_call *call, GError **error);
/* Are the opening and the answer of a fold there? Then nobody need ask. */
bool bq_kept_is_whole(const struct bq_warehouse *self);
/* Are there fewer events than the last run's fold saw? */
bool bq_kept_lacks_events(const struct bq_warehouse *self);
/* Forgets all of it: the lease is given back. */
void bq_kept_forget(struct bq_warehouse *self);

/* The name under which a kind of event is counted. Caller frees. */
char *bq_count_name(enum event_kind kind, enum status_fact fact, const char *reason);
/* Counts of events as JSON; rows come in the order of kind, fact and reason. */
struct bq_counting {
  GString *json;
  char *name;
  int64_t n;
};
void bq_counting_begin(struct bq_counting *counting); /* an empty one */
/* One row: kind, fact, reason, how many. */
void bq_counting_add(struct bq_counting *counting, const char *const *cells);
/* The JSON; caller frees. */
char *bq_counting_end(struct bq_counting *counting);
void bq_counting_clear(struct bq_counting *counting); /* frees what it holds; may be called twice */

/* ---- bigquery_events.c ---- */
bool bq_append(struct ledger *ledger, const struct lead_event *events, size_t events_n, GError **error); /* ledger.h */
bool bq_refold(struct ledger *ledger, bool *is_whole, GError **error);                                   /* ledger.h */
bool bq_fold(struct ledger *ledger, GError **error);                                                     /* ledger.h */
bool bq_release_never_sent(struct ledger *ledger, const char *own_run_id, int64_t *released_n,
                           GError **error);                                                             /* ledger.h */
bool bq_open_batches(struct ledger *ledger, const char *own_run_id, struct page *page, GError **error); /* ledger.h */
bool bq_hold_campaign(struct ledger *ledger, const char *campaign_id, const char *run_id, int64_t *held_n,
                      GError **error); /* ledger.h */
/* Forgets what was read of the ledger: something was appended or folded. */
void bq_forget(struct bq_warehouse *self);

/* ---- bigquery_claim.c ---- */
bool bq_claim(struct ledger *ledger, const struct claim_rules *rules, struct claim_report *report,
              GError **error); /* ledger.h */
bool bq_claims_read(struct ledger *ledger, const struct claim_query *query, struct page *page,
                    GError **error); /* ledger.h */

/* ---- bigquery_source.c ---- */
bool bq_write_back(struct ledger *ledger, bool is_dry_run, int64_t *changed_n, GError **error); /* ledger.h */
bool bq_import_rows(struct warehouse *warehouse, struct import_row *rows, size_t rows_n, bool is_dry_run,
                    GError **error); /* warehouse.h */

/* ---- bigquery_runs.c: runs, errors, notes, facts ---- */
bool bq_run_begin(struct ledger *ledger, const struct run_record *run, GError **error); /* ledger.h */
bool bq_run_end(struct ledger *ledger, const struct run_record *run, GError **error);   /* ledger.h */
bool bq_facts(struct ledger *ledger, struct ledger_facts *facts, GError **error);       /* ledger.h */
bool bq_campaign_counts(struct ledger *ledger, const char *campaign_id, int64_t day_start_us,
                        struct campaign_counts *counts, GError **error); /* ledger.h */
bool bq_errors_append(struct ledger *ledger, const struct error_row *rows, size_t rows_n,
                      GError **error);                                                           /* ledger.h */
bool bq_control_get(struct ledger *ledger, const char *name, char **value, GError **error);      /* ledger.h */
bool bq_control_put(struct ledger *ledger, const char *name, const char *value, GError **error); /* ledger.h */
char *bq_lead_ref(struct ledger *ledger, const char *lead_id);                                   /* ledger.h */
/* The secret key, read once; a handle that only reads does without one. */
bool bq_key(struct bq_warehouse *self, GError **error);
/* Keyed HMAC of text, its first bytes in hex behind prefix; caller frees. The key must be loaded. */
char *bq_keyed_ref(const struct bq_warehouse *self, const char *prefix, const char *text, size_t bytes);

/* A run that was skipped: both of its rows at once, without a job. */
bool bq_run_skipped(struct bq_warehouse *self, const struct run_record *run, GError **error);

/* ---- bigquery_mark.c: whose leads these are ---- */
/* Marks the table of leads for this installation, or finds it marked; ERROR_UNSAFE where it is another one's. */
bool bq_mark_check(struct bq_warehouse *self, GError **error);
/* Why this installation (NULL: not asked for) may not export from it; NULL: it may. Caller frees. */
char *bq_mark_of_another(const struct bq_warehouse *self, const struct bigquery_table_info *info,
                         const char *installation);

/* ---- bigquery_gate.c ---- */
struct gate_ops;
extern const struct gate_ops bq_gate; /* core/gate.h */

/* ---- bigquery_stops.c ---- */
bool bq_suppress(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t *added_n,
                 GError **error); /* ledger.h */
bool bq_unpushed(struct ledger *ledger, const struct push_query *query, struct page *page,
                 GError **error);                                                              /* ledger.h */
bool bq_stop_hits(struct ledger *ledger, int64_t now_us, struct page *page, GError **error);   /* ledger.h */
bool bq_stops_allow(struct ledger *ledger, const char *allow, int64_t now_us, GError **error); /* ledger.h */
bool bq_reply_stops(struct ledger *ledger, const char *const *folded, size_t n, struct page *page,
                    GError **error); /* ledger.h */
bool bq_stops_end(struct ledger *ledger, const struct suppression *rows, size_t n, const char *words,
                  GError **error); /* ledger.h */
bool bq_pushed(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t at_us,
               GError **error); /* ledger.h */
bool bq_report_suppressions(struct warehouse *warehouse, const char *person, struct page *page,
                            GError **error); /* warehouse.h */
bool bq_stops_read(struct ledger *ledger, const struct stop_query *query, struct page *page,
                   GError **error); /* brakes.h */
/* What suppressions are compared with: the folded address, or '@' and the domain. Caller frees. */
char *bq_match_key(const struct suppression *stop);
/* Rows of stops on their way into a script. */
struct bq_stop_row {
  struct suppression stop;
  int64_t evidence_at_us; /* 0: somebody said so */
  bool is_void;           /* written as removed already: a bounce that was judged with its mailbox */
  bool is_brake;          /* brakes.h: counts as there already only if the one there lasts as long */
};
/* Keeps a stop for this handle alone, which only reads. */
void bq_stop_keep(struct bq_warehouse *self, const struct bq_stop_row *row);
/* Writes those (struct bq_stop_row) that are not there yet, as of now_us; *added_n of them were not. */
bool bq_stops_write(struct bq_warehouse *self, const GArray *stops, int64_t now_us, int64_t *added_n, GError **error);

/* ---- bigquery_stage.c ---- */
bool bq_watched(struct ledger *ledger, const struct watch_query *watch, struct page *page,
                GError **error);                                                /* ledger.h */
bool bq_stage_begin(struct ledger *ledger, const char *run_id, GError **error); /* ledger.h */
bool bq_stage(struct ledger *ledger, const char *run_id, const struct remote_lead *rows, size_t rows_n,
              GError **error); /* ledger.h */
bool bq_stage_facts(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report,
                    GError **error); /* ledger.h */
/* Does a statement that saw so many rows of this run (NULL: one that was asked before) lack some? */
bool bq_stage_lacks(struct bq_warehouse *self, const char *seen_n);
/* Waits until BigQuery shows all rows of this run (warehouse.stream_wait_s); ERROR_TRANSIENT when it does not. */
bool bq_stage_wait(struct bq_warehouse *self, GError **error);
/* Where this run's rows of sync_stage begin: the partition predicate. */
int64_t bq_staged_since_us(const struct bq_warehouse *self);
/* "run_id", "since" and "seen": what matches_gather is told. */
void bq_json_stage(const struct bq_warehouse *self, const struct stage_rules *rules, GString *out);

/* ---- bigquery_asks.c ---- */
bool bq_stage_stops(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report,
                    GError **error); /* ledger.h */

/* ---- bigquery_home.c ---- */
bool bq_newest_id(struct ledger *ledger, char **id, GError **error);                             /* ledger.h */
bool bq_stamp_is_known(struct ledger *ledger, const char *text, bool *is_known, GError **error); /* ledger.h */
/* Brings staged rows home as rules->home says, folded on return; what is there is there, run again it does the rest. */
bool bq_bring_home(struct bq_warehouse *self, const struct stage_rules *rules, int64_t *home_n, GError **error);

/* ---- bigquery_metrics.c: metrics, campaign_status, removals ---- */
bool bq_metrics_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n,
                      GError **error); /* ledger.h */
bool bq_campaign_status_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n,
                              int64_t synced_at_us, GError **error); /* ledger.h */
/* Writes the metrics that wait. */
bool bq_metrics_flush(struct bq_warehouse *self, GError **error);
bool bq_removals(struct ledger *ledger, const struct removal_query *removals, struct page *page,
                 GError **error); /* ledger.h */
bool bq_removal_counts(struct ledger *ledger, const struct removal_query *removals, GArray *counts,
                       GError **error); /* ledger.h */

/* ---- bigquery_verify.c ---- */
bool bq_differences(struct ledger *ledger, const struct verify_query *query, struct page *page,
                    GError **error);            /* ledger.h */
void bq_verify_close(struct bq_verify *verify); /* forgets the answer: something was staged or appended */

/* ---- bigquery_operators.c ---- */
bool bq_ever_enrolled(struct ledger *ledger, const char *const *folded, size_t folded_n, struct page *page,
                      GError **error);                                         /* ledger.h */
bool bq_first_enrolled(struct ledger *ledger, int64_t *at_us, GError **error); /* ledger.h */
bool bq_contacted_before(struct ledger *ledger, const char *after, size_t limit, struct page *page,
                         GError **error); /* ledger.h */
bool bq_retire_campaign(struct ledger *ledger, const struct retirement *retirement, int64_t *ended_n,
                        GError **error); /* ledger.h */

/* ---- bigquery_report.c, bigquery_reports.c, bigquery_brakes.c: all as in warehouse.h and brakes.h ---- */
bool bq_report_leads(struct warehouse *warehouse, const char *after, size_t limit, struct page *page,
                     GError **error);                                                                  /* above */
bool bq_report_find(struct warehouse *warehouse, const char *what, struct page *page, GError **error); /* above */
bool bq_report_person_facts(struct warehouse *warehouse, const struct person_query *query, struct page *text,
                            struct person_facts *facts, GError **error);                                    /* above */
bool bq_report_events(struct warehouse *warehouse, const char *lead_id, struct page *page, GError **error); /* above */
bool bq_report_runs(struct warehouse *warehouse, const struct run_query *query, struct page *page,
                    GError **error); /* above */
/* Puts a copy of the row, texts and all, into the page. */
void bq_run_row_add(struct page *page, const struct run_row *row);
bool bq_report_errors(struct warehouse *warehouse, const struct error_query *query, struct page *page,
                      GError **error);                                                    /* above */
bool bq_report_counts(struct warehouse *warehouse, struct page *page, GError **error);    /* above */
bool bq_report_campaigns(struct warehouse *warehouse, struct page *page, GError **error); /* above */
bool bq_report_empty_values(struct warehouse *warehouse, const struct empty_query *query, struct empty_count *count,
                            GError **error);                                          /* above */
bool bq_report_costs(struct warehouse *warehouse, struct page *page, GError **error); /* above; bigquery_cost.c */
bool bq_retry_leads(struct warehouse *warehouse, const struct retry_query *query, int64_t *retried_n,
                    GError **error); /* above */
bool bq_brakes_write(struct warehouse *warehouse, const struct brake *rows, size_t rows_n, struct brake_report *report,
                     GError **error); /* above */
