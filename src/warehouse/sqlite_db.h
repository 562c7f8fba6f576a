#pragma once
/* One SQLite connection with its prepared statements: the layer that knows sqlite3.h, below every sqlite_*.c.
 *
 * Statements are named (enum sql_id, made from the .sql files), prepared at first use and kept. A query borrows one:
 *
 *   query_scope struct query q = {0};
 *   if (!query_open(&q, db, SQL_CONTROL_GET, error)) return false;
 *   query_text(&q, ":name", "installation_id");
 *   if (!query_next(&q, &has_row, error)) return false;
 *   ... query_column_text(&q, 0) ...
 *
 * and gives it back at the end of the scope. Bound text is borrowed until then. Errors name the file and what to do,
 * never a value. One thread. */
#include "core/ports.h"
#include "sqlite_sql.h"
#include "warehouse/sql_names.h"
#include "warehouse/sqlite_file.h"

#include <sqlite3.h>

/* What the rows of lead_state come to: how many, how many of them enrolled, and a sum over what the fold writes. */
struct folded_states {
  int64_t rows_n, enrolled_n;
  uint64_t digest;
};

struct sqlite_db {
  sqlite3 *handle;
  char *path; /* as configured: for sentences */
  struct sqlite_file file;
  const struct clock *clock;
  struct sql_names names;
  sqlite3_stmt *statements[SQL_N];
  bool is_open[SQL_N]; /* borrowed by a query right now */
  bool is_read_only;
  int lock_fd;                 /* of `<real path>.lock`; -1: not opened yet */
  bool has_lock;               /* we hold both locks of sqlite_lock.h */
  struct folded_states folded; /* what statements that fold have changed since it was last set to nothing */
};

struct query {
  struct sqlite_db *db;
  sqlite3_stmt *statement;
  enum sql_id id;
};

#define query_scope       __attribute__((cleanup(query_close)))
#define transaction_scope __attribute__((cleanup(transaction_close)))

/* Makes it ready for sqlite_db_open, with nothing open. Takes a copy of path; clock is borrowed. */
void sqlite_db_init(struct sqlite_db *db, const char *path, const struct clock *clock, bool is_read_only);
/* Opens the file, read-write or read-only, and sets the connection up. It is created when may_create. */
bool sqlite_db_open(struct sqlite_db *db, bool may_create, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Closes it; may be called twice. */
void sqlite_db_close(struct sqlite_db *db);
/* Turns a result code into an error: what was being done, what is wrong with which file, how to go on. Returns false.
 */
bool sqlite_db_fail(struct sqlite_db *db, int code, GError **error);

/* Prepares a statement from its text with the names filled in; for tests, too. NULL and error on failure. */
sqlite3_stmt *sqlite_db_prepare(struct sqlite_db *db, enum sql_id id, GError **error);

/* A statement's text with the names filled in; caller frees. */
char *sqlite_db_text(const struct sqlite_db *db, enum sql_id id);
/* Runs a CREATE TABLE or CREATE INDEX statement so that what it makes is temporary: nothing is written to the file. */
bool sqlite_db_create_temporary(struct sqlite_db *db, enum sql_id id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Borrows a statement, reset and with nothing bound. A statement cannot be borrowed twice at a time. */
bool query_open(struct query *query, struct sqlite_db *db, enum sql_id id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Gives it back; fine on an empty query. */
void query_close(struct query *query);
/* Makes a borrowed query ready for other values. */
void query_again(struct query *query);

/* Bind by name. NULL text binds NULL; query_time binds NULL for 0. A name that the statement lacks is our bug. */
void query_text(struct query *query, const char *name, const char *value);
void query_int(struct query *query, const char *name, int64_t value);             /* see query_text */
void query_real(struct query *query, const char *name, double value);             /* see query_text */
void query_time(struct query *query, const char *name, int64_t wall_us);          /* see query_text */
void query_blob(struct query *query, const char *name, const void *data, size_t); /* see query_text */
/* Binds by position, 1 for the first: for rows that are written by the million. */
void query_text_at(struct query *query, int position, const char *value);
void query_int_at(struct query *query, int position, int64_t value); /* see query_text_at */

/* Steps to the next row. */
bool query_next(struct query *query, bool *has_row, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Runs it to its end, for statements that return nothing. */
bool query_run(struct query *query, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Columns of the current row; text lives until the next step. NULL stays NULL, a NULL number is 0. */
const char *query_column_text(const struct query *query, int column);
int64_t query_column_int(const struct query *query, int column); /* see query_column_text */
/* Copies a text column into a page. */
const char *query_page_text(const struct query *query, int column, struct page *page);

/* Runs a statement without values. */
bool sql_run(struct sqlite_db *db, enum sql_id id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Runs a statement without values whose first row's first column is a number; 0 without a row. */
bool sql_run_int(struct sqlite_db *db, enum sql_id id, int64_t *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Rows changed by the last INSERT, UPDATE or DELETE. */
int64_t sql_changes(const struct sqlite_db *db);

/* A transaction that is rolled back at the end of its scope unless it was committed. */
struct transaction {
  struct sqlite_db *db;
};
/* Begins: immediately with the write lock, or deferred for reading and working tables. */
bool transaction_begin(struct transaction *transaction, struct sqlite_db *db, bool is_writing,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Durable when it returns true. */
bool transaction_commit(struct transaction *transaction, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Rolls back what was not committed. */
void transaction_close(struct transaction *transaction);
