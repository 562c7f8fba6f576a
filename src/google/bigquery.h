#pragma once
/* BigQuery over REST: reads, writes that happen once, rows streamed in, tables. Nothing here knows what a lead is.
 *
 * One struct bigquery is a project as one caller sees it. All calls block; one thread. Values go into statements as
 * named typed parameters and in no other way; the text of a statement comes from the .sql files.
 *
 * Reading:
 *   bigquery_rows_scope struct bigquery_rows *rows = NULL;
 *   if (!bigquery_query(bigquery, &statement, &rows, error)) return false;
 *   for (;;) {
 *     const char *const *cells = NULL;
 *     if (!bigquery_next(rows, &cells, error)) return false;
 *     if (!cells) break;                                        // the end, and all rows that BigQuery counted have
 * come use cells[0] .. cells[bigquery_columns_n(rows) - 1]       // text or NULL, good until the next call
 *   }
 * Memory holds one page, however many rows there are. An answer that cannot be read is an error, never "no rows".
 *
 * Writing: bigquery_execute() runs a statement as a job whose id the caller derives from what the job is for. BigQuery
 * runs an id once, for ever, so calling it again after a crash or a lost answer finds the first job and waits for it.
 * bigquery_load() does the same with rows. bigquery_insert_all() appends rows at once; whoever repeats it after an
 * unknown outcome must repeat it with the same rows and ids, and must live with duplicates.
 *
 * Errors have the kinds of base/error.h, by one table (google/refusal.c); bigquery_cause() says which row of it, for
 * the few causes that somebody treats otherwise (a streaming buffer defers a write-back, a missing table names `schema
 * apply`). Sentences name the statement, never a value. */
#include "base/clock.h"
#include "base/error.h"

struct bigquery;
struct bigquery_rows;
struct credentials;

struct bigquery_options {
  const char *project;                 /* pays for the jobs, and holds the tables unless a name says otherwise */
  const char *dataset;                 /* for table names in SQL without one, or NULL */
  const char *location;                /* "EU", "europe-west3"; NULL: learnt from a table or a job */
  const char *base_url;                /* NULL: Google's. Else an emulator's, see bigquery_emulator_url() */
  int64_t maximum_bytes_billed;        /* a statement that would bill more is refused before it runs; 0: no limit */
  int64_t job_timeout_s;               /* a job is cancelled after so long; 0: 600 */
  int64_t connect_timeout_s;           /* 0: 10 */
  int64_t request_timeout_s;           /* 0: 60 */
  int64_t page_rows_max;               /* 0: 5,000 */
  bool (*is_cancelled)(void *context); /* or NULL */
  void *cancel_context;
};

/* Opens; asks nothing. Strings are copied; credentials (NULL for an emulator) and clock are borrowed. ERROR_CONFIG
 * when a name or the URL cannot be right. */
struct bigquery *bigquery_new(const struct bigquery_options *options, struct credentials *credentials,
                              const struct clock *clock, GError **error);
/* What is wrong with a name, as the rest of a sentence ("is no ..."); NULL: nothing. */
const char *bigquery_project_problem(const char *project);
const char *bigquery_dataset_problem(const char *dataset);   /* the same */
const char *bigquery_location_problem(const char *location); /* the same */
/* Was the end asked for? For who waits between two calls. */
bool bigquery_is_cancelled(const struct bigquery *bigquery);
/* Closes; NULL is fine. */
void bigquery_free(struct bigquery *bigquery);

/* The value of BIGQUERY_EMULATOR_HOST, which is a URL or host:port, as a base_url. Caller frees; ERROR_CONFIG. */
char *bigquery_emulator_url(const char *value, GError **error);

/* Labels every later job: lower-cased, what labels may not hold becomes '-', cut at 63 bytes. A NULL value takes the
 * label off. Each job has the name of its statement as the label leadferry_statement by itself. */
void bigquery_set_label(struct bigquery *bigquery, const char *key, const char *value);

/* Jobs run and bytes billed since bigquery_new or the last reset, as BigQuery reported them. */
struct bigquery_totals {
  int64_t jobs_n;
  int64_t bytes_billed;
  int64_t rows_streamed;
};
/* What this machine's clock has to be corrected by to be BigQuery's within two minutes, by the Date of its answers; 0
 * before the first. */
int64_t bigquery_clock_offset_us(const struct bigquery *bigquery);
/* BigQuery's own time, as a statement answered a moment ago (CURRENT_TIMESTAMP): from now on it counts, with the time
 * since on a clock that does not jump, and no Date, which a proxy may write as it likes. */
void bigquery_clock_told(struct bigquery *bigquery, int64_t wall_us);
/* Reads the totals. */
struct bigquery_totals bigquery_totals(const struct bigquery *bigquery);
/* The share of the statements of one name. */
struct bigquery_cost {
  char *statement;
  int64_t jobs_n, bytes_billed;
};
/* Shares of all that ran, struct bigquery_cost in the order of their names; the caller unrefs the array, which frees
 * them. */
GArray *bigquery_costs(const struct bigquery *bigquery);
/* Counts from nothing again. */
void bigquery_totals_reset(struct bigquery *bigquery);

/* ---- statements ---- */

enum bigquery_type {
  BIGQUERY_STRING,
  BIGQUERY_INT64,
  BIGQUERY_BOOL,
  BIGQUERY_FLOAT64,
  BIGQUERY_TIMESTAMP,
  BIGQUERY_STRINGS, /* ARRAY<STRING> */
  BIGQUERY_TYPES_N
};

/* A value, borrowed. Made by the functions below. The emulator knows no arrays of numbers; a list of structs goes as
 * one STRING of JSON (JSON_QUERY_ARRAY), which both understand. */
struct bigquery_parameter {
  const char *name; /* without the @ */
  enum bigquery_type type;
  bool is_null;
  const char *text;
  int64_t number; /* INT64, BOOL, TIMESTAMP in microseconds */
  double real;
  const char *const *texts;
  size_t texts_n;
};

/* A text, NULL for NULL. */
static inline struct bigquery_parameter bigquery_text(const char *name, const char *text)
{
  return (struct bigquery_parameter){.name = name, .type = BIGQUERY_STRING, .is_null = !text, .text = text};
}
/* A whole number. */
static inline struct bigquery_parameter bigquery_int(const char *name, int64_t number)
{
  return (struct bigquery_parameter){.name = name, .type = BIGQUERY_INT64, .number = number};
}
/* True or false. */
static inline struct bigquery_parameter bigquery_bool(const char *name, bool value)
{
  return (struct bigquery_parameter){.name = name, .type = BIGQUERY_BOOL, .number = value};
}
/* A number. */
static inline struct bigquery_parameter bigquery_real(const char *name, double real)
{
  return (struct bigquery_parameter){.name = name, .type = BIGQUERY_FLOAT64, .real = real};
}
/* A time in microseconds since 1970 UTC; 0 for NULL, as everywhere in this program. */
static inline struct bigquery_parameter bigquery_time(const char *name, int64_t wall_us)
{
  return (struct bigquery_parameter){
      .name = name, .type = BIGQUERY_TIMESTAMP, .is_null = wall_us == 0, .number = wall_us};
}
/* A list of texts, which may be empty. */
static inline struct bigquery_parameter bigquery_texts(const char *name, const char *const *texts, size_t texts_n)
{
  return (struct bigquery_parameter){.name = name, .type = BIGQUERY_STRINGS, .texts = texts, .texts_n = texts_n};
}
/* NULL of a type. */
static inline struct bigquery_parameter bigquery_null(const char *name, enum bigquery_type type)
{
  return (struct bigquery_parameter){.name = name, .type = type, .is_null = true};
}

struct bigquery_statement {
  const char *name; /* for errors, logs and the job's label */
  const char *sql;
  const struct bigquery_parameter *parameters;
  size_t parameters_n;
  size_t columns_n; /* an answer with fewer is none of this statement's; 0: any */
  uint64_t filled;  /* a bit for each of the first 64 columns that is never NULL */
};

/* What a job did and cost. -1: BigQuery did not say (an emulator never does). */
struct bigquery_result {
  int64_t rows_changed; /* inserted, updated and deleted; rows loaded */
  int64_t rows_inserted, rows_updated, rows_deleted;
  int64_t bytes_billed, bytes_processed;
  bool was_there; /* the id was known: an earlier call of this or another process had begun the job */
  int attempt;    /* which of its attempts took effect: 1 is the id itself, 2 is ID_a2 */
};

/* ---- reading ---- */

/* Starts a read (jobs.query with a requestId, so that a repeated request finds the first one's job) and waits for its
 * first page. A job that failed for a reason of BigQuery's own is started anew, three times at most. */
bool bigquery_query(struct bigquery *bigquery, const struct bigquery_statement *statement, struct bigquery_rows **rows,
                    GError **error);
/* The next row: one text per column, NULL for NULL; *cells is NULL after the last. INT64, FLOAT64 and BOOL come as
 * BigQuery writes them ("42", "3.5", "true"), TIMESTAMP as microseconds. Arrays and structs are refused: the statement
 * says TO_JSON_STRING. Valid until the next one; cells behind the last column, up to the 64th, are NULL, whatever came.
 * ERROR_CORRUPT when fewer or more rows came than BigQuery counted, or NULL where the statement has none. */
bool bigquery_next(struct bigquery_rows *rows, const char *const **cells, GError **error);
/* How many columns it has. */
size_t bigquery_columns_n(const struct bigquery_rows *rows);
/* The name of a column. */
const char *bigquery_column(const struct bigquery_rows *rows, size_t column);
/* How many rows there are in all, as BigQuery counted them. */
int64_t bigquery_rows_total(const struct bigquery_rows *rows);
/* Frees; NULL is fine. Rows not yet read are left alone; BigQuery keeps them for a day. */
void bigquery_rows_free(struct bigquery_rows *rows);
/* Frees the rows of a variable that goes out of scope. */
static inline void bigquery_rows_close(struct bigquery_rows **rows)
{
  bigquery_rows_free(*rows);
}
#define bigquery_rows_scope __attribute__((cleanup(bigquery_rows_close)))

/* What the statement would read, in bytes; free, and changes nothing (on an emulator it runs and is rolled back). Tells
 * also whether tables, columns and rights are as needed. */
bool bigquery_estimate(struct bigquery *bigquery, const struct bigquery_statement *statement, int64_t *bytes,
                       GError **error);

/* ---- writing ---- */

/* Runs a statement or a script as the job job_id (letters, digits, _ and -; at most 1,000) and waits for its end. An id
 * that is known is waited for instead. A job that has failed is known to have changed nothing, if it is one statement
 * (a script must be harmless to repeat from its start); what can be repeated goes again as job_id_a2, _a3, _a4, in the
 * same order by whoever calls: so an id never takes effect twice. ERROR_TRANSIENT when the job's fate is unknown: call
 * again with the same id. result may be NULL. */
bool bigquery_execute(struct bigquery *bigquery, const struct bigquery_statement *statement, const char *job_id,
                      struct bigquery_result *result, GError **error);

/* The same, and then reads what the job's last statement gave (of a script that ends with a SELECT). An emulator gets
 * it by jobs.query, so that there it is not done once alone. */
bool bigquery_execute_rows(struct bigquery *bigquery, const struct bigquery_statement *statement, const char *job_id,
                           struct bigquery_rows **rows, GError **error);

/* Waits until a job that somebody else began is over, done or failed, with all its attempts; patience_us at most
 * (ERROR_TRANSIENT). *is_known says whether there is one of that id at all; what it did is not told. An emulator's
 * jobs are over before they are answered. */
bool bigquery_job_wait(struct bigquery *bigquery, const char *job_id, int64_t patience_us, bool *is_known,
                       GError **error);

/* Where a table is; project NULL: the client's own. */
struct bigquery_table {
  const char *project;
  const char *dataset;
  const char *table;
};

/* A row on its way: one JSON object with every column written out, and the id by which BigQuery drops repetitions for
 * about a minute. */
struct bigquery_stream_row {
  const char *insert_id; /* at most 128 bytes */
  const char *json;
};

/* Appends rows (tabledata.insertAll), in requests of at most 2,000 rows and 2 MB, four in flight. True when each row is
 * in. Rows that BigQuery refuses do not keep others out: all others are in when ERROR_REJECTED says how many were
 * refused and why. ERROR_TRANSIENT: some may be in; repeat the same rows. */
bool bigquery_insert_all(struct bigquery *bigquery, const struct bigquery_table *table,
                         const struct bigquery_stream_row *rows, size_t rows_n, GError **error);

/* Appends (or with is_truncating replaces) by a load job: free, atomic, seconds to minutes. ndjson holds one object a
 * line. job_id as with bigquery_execute(). result may be NULL. */
struct bigquery_load {
  struct bigquery_table table;
  const char *ndjson;
  size_t ndjson_bytes;
  bool is_truncating;
};
bool bigquery_load(struct bigquery *bigquery, const struct bigquery_load *load, const char *job_id,
                   struct bigquery_result *result, GError **error); /* see above */

/* ---- tables ---- */

struct bigquery_field {
  char *name;
  char *type;         /* STRING, INTEGER, BOOLEAN, FLOAT, TIMESTAMP, ... as the REST API writes them */
  char *mode;         /* NULLABLE, REQUIRED, REPEATED */
  int64_t max_length; /* of STRING(n), in characters; 0: any */
};

struct bigquery_table_info {
  char *type; /* TABLE, VIEW, MATERIALIZED_VIEW, EXTERNAL, SNAPSHOT */
  char *etag; /* for bigquery_table_patch() */
  char *location;
  char *description;           /* or NULL */
  GHashTable *labels;          /* name -> value */
  GArray *fields;              /* struct bigquery_field */
  char *fields_json;           /* the same with descriptions, policies and what is nested: "[{...}]" for a patch */
  char *partitioned;           /* the column it is partitioned by, or NULL */
  bool needs_partition_filter; /* a statement that names no partitions is refused */
  int64_t bytes_n;             /* logical bytes, the same way; -1: not said */
  int64_t rows_n;              /* without the streaming buffer; -1: not said */
  int64_t modified_us;
  int64_t expires_us;          /* when the table goes away by itself; 0: never */
  int64_t partitions_live_us;  /* how long each of its partitions lives; 0: for ever */
  int64_t streaming_oldest_us; /* oldest row in the streaming buffer; 0: no buffer */
  int64_t streaming_rows_n;    /* an estimate */
};

/* Reads a table's metadata; free. ERROR_NOT_FOUND when there is none. The caller clears info. */
bool bigquery_table_get(struct bigquery *bigquery, const struct bigquery_table *table, struct bigquery_table_info *info,
                        GError **error);
/* Frees what it holds; may be called twice. */
void bigquery_table_info_clear(struct bigquery_table_info *info);
/* Creates a table from its JSON resource without tableReference: {"schema":{"fields":[...]},...}. *is_made is false
 * when there was one of that name already; it was not looked at. */
bool bigquery_table_insert(struct bigquery *bigquery, const struct bigquery_table *table, const char *json,
                           bool *is_made, GError **error);
/* Changes what the JSON names. With an etag: only if nobody else has changed it since (ERROR_TRANSIENT then). */
bool bigquery_table_patch(struct bigquery *bigquery, const struct bigquery_table *table, const char *json,
                          const char *etag, GError **error);
/* Which of these permissions (such as bigquery.tables.updateData) the caller has on the table; is_granted has one entry
 * for each. Views too. */
bool bigquery_table_permissions(struct bigquery *bigquery, const struct bigquery_table *table,
                                const char *const *permissions, bool *is_granted, GError **error);
/* Where a dataset is: *location is for the caller to free. ERROR_NOT_FOUND when there is none. */
bool bigquery_dataset_location(struct bigquery *bigquery, const char *project, const char *dataset, char **location,
                               GError **error);
/* Sends every later job there. */
void bigquery_set_location(struct bigquery *bigquery, const char *location);

/* ---- causes ---- */

enum bigquery_cause {
  BIGQUERY_CAUSE_NONE,
  BIGQUERY_CAUSE_UNANSWERED,       /* no whole answer: what was asked for may have happened */
  BIGQUERY_CAUSE_BACKEND,          /* BigQuery's own trouble */
  BIGQUERY_CAUSE_RATE,             /* asked too often for a moment */
  BIGQUERY_CAUSE_QUOTA,            /* a quota that lasts */
  BIGQUERY_CAUSE_CONFLICT,         /* another statement changed the same table */
  BIGQUERY_CAUSE_STREAMING_BUFFER, /* rows too young to be changed: later, 90 minutes at most */
  BIGQUERY_CAUSE_DUPLICATE,        /* it is there already */
  BIGQUERY_CAUSE_NOT_FOUND,        /* project, dataset, table or job */
  BIGQUERY_CAUSE_LOCATION,         /* it is somewhere else */
  BIGQUERY_CAUSE_QUERY,            /* the statement does not fit the tables */
  BIGQUERY_CAUSE_TOO_MUCH,         /* more bytes, rows or work than allowed */
  BIGQUERY_CAUSE_BILLING,          /* no billing: neither DML nor streaming */
  BIGQUERY_CAUSE_ACCESS,           /* a permission is missing */
  BIGQUERY_CAUSE_CREDENTIALS,      /* 401, or no token */
  BIGQUERY_CAUSE_CANCELLED,        /* the job was stopped */
  BIGQUERY_CAUSE_ROWS,             /* rows refused by insertAll */
  BIGQUERY_CAUSE_CHANGED,          /* the etag is not that of the table any more */
  BIGQUERY_CAUSE_OTHER,
  BIGQUERY_CAUSES_N
};

/* Why the last call that failed did; NONE before the first. */
enum bigquery_cause bigquery_cause(const struct bigquery *bigquery);
