#include "warehouse/sqlite_db.h"

#include "base/error.h"
#include "warehouse/sqlite_busy.h"
#include "warehouse/sqlite_functions.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- errors ---- */

static bool file_is_damaged(int code)
{
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

static bool machine_is_at_fault(int code)
{
  return code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_READONLY || code == SQLITE_CANTOPEN ||
         code == SQLITE_PERM || code == SQLITE_AUTH;
}

static bool descriptors_are_used_up(int cause)
{
  return cause == EMFILE || cause == ENFILE;
}

/* cause: errno of the call that failed, 0 when nobody knows. */
static const char *fault_of(int code, int cause)
{
  if (descriptors_are_used_up(cause)) return "too many open files; raise the limit (ulimit -n), then run again";
  if (code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY)
    return "a command that wrote died in its middle, and who may only read cannot undo what it left: run any leadferry "
           "command as a user who may write the file and its folder, such as `leadferry recover`";
  switch (code & 0xff) {
  case SQLITE_FULL: return "the disk is full; free some space, then run again";
  case SQLITE_READONLY: return "it is read-only; check the owner and the mode of the file and of its folder";
  case SQLITE_IOERR: return "the disk reported an error; check the disk and its free space, then run again";
  default: return "it cannot be opened; check the owner and the mode of the file and of its folder";
  }
}

/* SQLite keeps the errno of these two alone. */
static int cause_of(const struct sqlite_db *db, int primary)
{
  bool is_kept = db->handle && (primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR);
  return is_kept ? sqlite3_system_errno(db->handle) : 0;
}

bool sqlite_db_fail(struct sqlite_db *db, int code, GError **error)
{
  int primary = code & 0xff;
  if (error && *error) return false;
  if (file_is_damaged(primary))
    error_set(error, ERROR_CORRUPT,
              "the warehouse %s is damaged or is no SQLite database; restore it from a backup, and see "
              "docs/troubleshooting.md before anything is sent: who was sent to since is not in the backup",
              db->path);
  else if (machine_is_at_fault(primary))
    error_set(error, ERROR_LOCAL, "the warehouse %s: %s", db->path, fault_of(code, cause_of(db, primary)));
  else if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
    sqlite_busy_fail(db, error);
  else if (primary == SQLITE_ERROR && db->handle && g_str_has_prefix(sqlite3_errmsg(db->handle), "no such"))
    error_set(error, ERROR_CONFIG, "the warehouse %s: %s; `leadferry doctor` says what is missing", db->path,
              sqlite3_errmsg(db->handle));
  else
    error_set(error, ERROR_LOCAL, "the warehouse %s: SQLite says %s (%d)", db->path, sqlite3_errstr(code), code);
  return false;
}

/* ---- opening ---- */

static bool path_check(const struct sqlite_db *db, bool may_create, GError **error)
{
  struct stat info;
  if (stat(db->path, &info) == 0) {
    if (S_ISREG(info.st_mode)) return true;
    error_set(error, ERROR_CONFIG, "warehouse.path %s is %s; name a file", db->path,
              S_ISDIR(info.st_mode) ? "a directory" : "no regular file");
    return false;
  }
  if (errno == ENOENT && may_create) return true;
  if (errno == ENOENT || errno == ENOTDIR)
    error_set(error, ERROR_CONFIG,
              "there is no warehouse at %s; check warehouse.path, or make it with the first `leadferry import`",
              db->path);
  else
    error_set(error, ERROR_LOCAL, "the warehouse %s cannot be looked at: %s", db->path, g_strerror(errno));
  return false;
}

void sqlite_db_init(struct sqlite_db *db, const char *path, const struct clock *clock, bool is_read_only)
{
  *db = (struct sqlite_db){.path = g_strdup(path), .file = SQLITE_FILE_NONE, .lock_fd = -1};
  db->clock = clock;
  db->is_read_only = is_read_only;
}

/* What SQLite would say of a file that it cannot open. */
static int code_of(const struct sqlite_db *db, int cause)
{
  bool is_forbidden = cause == EACCES || cause == EPERM || cause == EROFS;
  if (is_forbidden && !db->is_read_only && access(db->path, R_OK) == 0) return SQLITE_READONLY;
  if (cause == ENOSPC || cause == EDQUOT) return SQLITE_FULL;
  return cause == EIO ? SQLITE_IOERR : SQLITE_CANTOPEN;
}

/* A new file holds addresses: it is its owner's alone. One that is there keeps the mode that its owner gave it. */
static bool file_open(struct sqlite_db *db, bool may_create, GError **error)
{
  enum sqlite_file_use use = db->is_read_only ? SQLITE_FILE_READ : may_create ? SQLITE_FILE_MAKE : SQLITE_FILE_WRITE;
  int cause = 0;
  if (sqlite_file_open(&db->file, db->path, use, &cause)) return true;
  if (cause == ESTALE)
    error_set(error, ERROR_TRANSIENT, "the warehouse %s was put into its place at this very moment: run again",
              db->path);
  else if (descriptors_are_used_up(cause))
    error_set(error, ERROR_LOCAL, "the warehouse %s: %s", db->path, fault_of(SQLITE_CANTOPEN, cause));
  else
    sqlite_db_fail(db, code_of(db, cause), error);
  return false;
}

static bool handle_open(struct sqlite_db *db, bool is_read_only, bool may_create, GError **error)
{
  int flags = is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (may_create && !is_read_only) flags |= SQLITE_OPEN_CREATE; /* it is there; another VFS may not know that */
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* counting costs a lock per allocation; refused once SQLite runs */
  int code = sqlite3_open_v2(db->file.real_path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
  if (code != SQLITE_OK) return sqlite_db_fail(db, code, error);
  sqlite3_extended_result_codes(db->handle, 1);
  sqlite_busy_setup(db);
  /* SQLite falls back to reading when it may not write; better said now than in the middle of a job. */
  if (!is_read_only && sqlite3_db_readonly(db->handle, "main") == 1) return sqlite_db_fail(db, SQLITE_READONLY, error);
  return true;
}

static void handle_close(struct sqlite_db *db)
{
  for (size_t i = 0; i < SQL_N; i++)
    g_clear_pointer(&db->statements[i], sqlite3_finalize);
  sqlite3_close(db->handle);
  db->handle = NULL;
}

/* WAL is a property of the file, which another program gave it and goes by: then we work in it, too. Any other journal
 * is a matter of the connection, and ours is a rollback journal. */
static bool journal_setup(struct sqlite_db *db, GError **error)
{
  return sqlite_file_is_wal(&db->file) || sql_run(db, SQL_PRAGMA_JOURNAL, error);
}

/* Settings of the connection. The first one that reads the file finds out whether it is a database at all. */
static bool connection_setup(struct sqlite_db *db, GError **error)
{
  static const enum sql_id always[] = {SQL_PRAGMA_MMAP,      SQL_PRAGMA_CACHE,      SQL_PRAGMA_TEMP_STORE,
                                       SQL_PRAGMA_TEMP_PAGE, SQL_PRAGMA_TEMP_ERASE, SQL_PRAGMA_TEMP_CACHE};
  for (size_t i = 0; i < G_N_ELEMENTS(always); i++)
    if (!sql_run(db, always[i], error)) return false;
  if (!db->is_read_only && !(sql_run(db, SQL_PRAGMA_PAGE_SIZE, error) && journal_setup(db, error) &&
                             sql_run(db, SQL_PRAGMA_SYNCHRONOUS, error)))
    return false;
  return sqlite_functions_register(db, error) && sql_run(db, SQL_SCHEMA_PROBE, error);
}

/* A writer that died left a journal, which a read-only connection may not roll back. Opening the file for writing once,
 * beside it, does that: it brings back the last committed state and changes nothing else. */
static bool roll_back_leftover(struct sqlite_db *db, int code, GError **error)
{
  struct sqlite_db writer = {.path = db->path, .file = db->file, .clock = db->clock, .names = db->names};
  g_autoptr(GError) failure = NULL;
  bool is_whole = handle_open(&writer, false, false, &failure) && sql_run(&writer, SQL_SCHEMA_PROBE, &failure);
  handle_close(&writer);
  if (is_whole) return true;
  if (code == SQLITE_READONLY_ROLLBACK && error_is(failure, ERROR_LOCAL)) return sqlite_db_fail(db, code, error);
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

bool sqlite_db_open(struct sqlite_db *db, bool may_create, GError **error)
{
  if (!path_check(db, may_create, error) || !file_open(db, may_create, error)) return false;
  g_autoptr(GError) failure = NULL;
  if (!handle_open(db, db->is_read_only, may_create, error)) return false;
  if (connection_setup(db, &failure)) return true;
  int code = sqlite3_extended_errcode(db->handle);
  if (!db->is_read_only || (code != SQLITE_READONLY_ROLLBACK && (code & 0xff) != SQLITE_CANTOPEN)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  handle_close(db);
  return roll_back_leftover(db, code, error) && handle_open(db, true, false, error) && connection_setup(db, error);
}

void sqlite_db_close(struct sqlite_db *db)
{
  handle_close(db);
  sqlite_file_close(&db->file); /* after SQLite: see sqlite_file.h */
  sql_names_clear(&db->names);
  g_clear_pointer(&db->path, g_free);
}

/* ---- statements ---- */

/* Did somebody who writes die while we read? The journal is met before a statement has read anything. */
static bool is_leftover(const struct sqlite_db *db, int code)
{
  return db->is_read_only && code == SQLITE_READONLY_ROLLBACK;
}

char *sqlite_db_text(const struct sqlite_db *db, enum sql_id id)
{
  return sql_names_fill(&db->names, sql_statements[id].text);
}

sqlite3_stmt *sqlite_db_prepare(struct sqlite_db *db, enum sql_id id, GError **error)
{
  g_autofree char *text = sqlite_db_text(db, id);
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
  if (is_leftover(db, code)) {
    if (!roll_back_leftover(db, code, error)) return NULL;
    code = sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
  }
  if (code == SQLITE_OK) return statement;
  sqlite_db_fail(db, code, error);
  g_prefix_error(error, "%s: ", sql_statements[id].name);
  return NULL;
}

bool sqlite_db_create_temporary(struct sqlite_db *db, enum sql_id id, GError **error)
{
  g_autofree char *text = sqlite_db_text(db, id);
  g_auto(GStrv) words = g_strsplit(text, " ", 3); /* CREATE, TABLE or INDEX, and the name with all that follows */
  g_assert_cmpuint(g_strv_length(words), ==, 3);
  g_autofree char *temporary = g_strdup_printf("%s %s temp.%s", words[0], words[1], words[2]);
  int code = sqlite3_exec(db->handle, temporary, NULL, NULL, NULL);
  return code == SQLITE_OK || sqlite_db_fail(db, code, error);
}

bool query_open(struct query *query, struct sqlite_db *db, enum sql_id id, GError **error)
{
  g_assert(!db->is_open[id]);
  if (!db->statements[id]) db->statements[id] = sqlite_db_prepare(db, id, error);
  if (!db->statements[id]) return false;
  *query = (struct query){.db = db, .statement = db->statements[id], .id = id};
  db->is_open[id] = true;
  return true;
}

void query_close(struct query *query)
{
  if (!query->statement) return;
  query_again(query);
  query->db->is_open[query->id] = false;
  *query = (struct query){0};
}

void query_again(struct query *query)
{
  sqlite3_reset(query->statement);
  sqlite3_clear_bindings(query->statement);
}

static int position_of(const struct query *query, const char *name)
{
  int position = sqlite3_bind_parameter_index(query->statement, name);
  if (position == 0) g_error("statement %s has no parameter %s", sql_statements[query->id].name, name);
  return position;
}

void query_text(struct query *query, const char *name, const char *value)
{
  query_text_at(query, position_of(query, name), value);
}

void query_int(struct query *query, const char *name, int64_t value)
{
  query_int_at(query, position_of(query, name), value);
}

void query_real(struct query *query, const char *name, double value)
{
  sqlite3_bind_double(query->statement, position_of(query, name), value);
}

void query_time(struct query *query, const char *name, int64_t wall_us)
{
  if (wall_us != 0) query_int(query, name, wall_us);
}

void query_blob(struct query *query, const char *name, const void *data, size_t size)
{
  sqlite3_bind_blob64(query->statement, position_of(query, name), data, size, SQLITE_STATIC);
}

void query_text_at(struct query *query, int position, const char *value)
{
  if (value) sqlite3_bind_text(query->statement, position, value, -1, SQLITE_STATIC);
}

void query_int_at(struct query *query, int position, int64_t value)
{
  sqlite3_bind_int64(query->statement, position, value);
}

bool query_next(struct query *query, bool *has_row, GError **error)
{
  int code = sqlite3_step(query->statement);
  if (is_leftover(query->db, code)) {
    if (!roll_back_leftover(query->db, code, error)) return false;
    sqlite3_reset(query->statement);
    code = sqlite3_step(query->statement);
  }
  *has_row = code == SQLITE_ROW;
  return code == SQLITE_ROW || code == SQLITE_DONE || sqlite_db_fail(query->db, code, error);
}

bool query_run(struct query *query, GError **error)
{
  bool has_row = true;
  while (has_row)
    if (!query_next(query, &has_row, error)) return false;
  return true;
}

const char *query_column_text(const struct query *query, int column)
{
  return (const char *)sqlite3_column_text(query->statement, column);
}

int64_t query_column_int(const struct query *query, int column)
{
  return sqlite3_column_int64(query->statement, column);
}

const char *query_page_text(const struct query *query, int column, struct page *page)
{
  return page_text(page, query_column_text(query, column));
}

bool sql_run(struct sqlite_db *db, enum sql_id id, GError **error)
{
  query_scope struct query query = {0};
  return query_open(&query, db, id, error) && query_run(&query, error);
}

bool sql_run_int(struct sqlite_db *db, enum sql_id id, int64_t *value, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  *value = 0;
  if (!query_open(&query, db, id, error) || !query_next(&query, &has_row, error)) return false;
  if (has_row) *value = query_column_int(&query, 0);
  return true;
}

int64_t sql_changes(const struct sqlite_db *db)
{
  return sqlite3_changes64(db->handle);
}

/* ---- transactions ---- */

bool transaction_begin(struct transaction *transaction, struct sqlite_db *db, bool is_writing, GError **error)
{
  if (!sql_run(db, is_writing ? SQL_BEGIN_IMMEDIATE : SQL_BEGIN_DEFERRED, error)) return false;
  transaction->db = db;
  return true;
}

bool transaction_commit(struct transaction *transaction, GError **error)
{
  if (!sql_run(transaction->db, SQL_COMMIT, error)) return false;
  transaction->db = NULL;
  return true;
}

void transaction_close(struct transaction *transaction)
{
  if (!transaction->db || sqlite3_get_autocommit(transaction->db->handle)) return;
  g_autoptr(GError) ignored = NULL;
  if (!sql_run(transaction->db, SQL_ROLLBACK, &ignored))
    g_clear_error(&ignored); /* SQLite rolled back by itself; the cause is already in the caller's error */
  transaction->db = NULL;
}
