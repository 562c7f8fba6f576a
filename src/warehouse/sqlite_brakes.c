/* The operator's brakes in SQLite: applied under the lock, left in the inbox when somebody else has it. */
#include "base/error.h"
#include "base/log.h"
#include "warehouse/sqlite.h"

/* ---- one row ---- */

/* What it changes is not counted: nobody is stopped that was not. */
static bool stop_allow(struct sqlite_warehouse *self, const struct brake *brake, const char *allow, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_BRAKE_ALLOW, error)) return false;
  query_text(&query, ":person", brake->stop.person);
  query_text(&query, ":domain", brake->stop.domain);
  query_text(&query, ":reason", brake->stop.reason);
  query_text(&query, ":allow_hit", allow);
  query_int(&query, ":now", clock_wall_us(self->db.clock));
  return query_run(&query, error);
}

static bool stop_put(struct sqlite_warehouse *self, const struct brake *brake, GError **error)
{
  g_autofree char *allow = brake_allowance(&brake->stop);
  if (allow && !stop_allow(self, brake, allow, error)) return false;
  query_scope struct query query = {0};
  int64_t now_us = clock_wall_us(self->db.clock);
  if (!query_open(&query, &self->db, SQL_BRAKE_SUPPRESS, error)) return false;
  query_text(&query, ":person", brake->stop.person);
  query_text(&query, ":domain", brake->stop.domain);
  query_text(&query, ":reason", brake->stop.reason);
  query_text(&query, ":source", brake->stop.source);
  query_text(&query, ":actor", brake->stop.actor);
  query_int(&query, ":at", brake->stop.created_at_us ? brake->stop.created_at_us : now_us);
  query_time(&query, ":expires_at", brake->stop.expires_at_us);
  query_int(&query, ":now", now_us);
  query_text(&query, ":run_id", brake->stop.run_id);
  query_text(&query, ":allow_hit", allow);
  return query_run(&query, error);
}

static bool revoke_by(struct sqlite_warehouse *self, const struct brake *brake, enum sql_id statement, GError **error)
{
  g_autofree char *by = brake_words(brake);
  query_scope struct query query = {0};
  int64_t now_us = clock_wall_us(self->db.clock);
  if (!query_open(&query, &self->db, statement, error)) return false;
  if (statement == SQL_BRAKE_REVOKE) {
    query_text(&query, ":person", brake->stop.person);
    query_text(&query, ":domain", brake->stop.domain);
  } else {
    query_text(&query, ":run_id", brake->stop.run_id);
  }
  if (statement == SQL_BRAKE_REVOKE_SPELLINGS) query_text(&query, ":spelling", STOP_OF_SPELLING);
  query_int(&query, ":at", brake->at_us ? brake->at_us : now_us);
  query_text(&query, ":by", by);
  query_int(&query, ":now", now_us);
  return query_run(&query, error);
}

/* What is counted is what the run recorded, so that goes last. */
static bool stop_revoke(struct sqlite_warehouse *self, const struct brake *brake, GError **error)
{
  if (!brake->stop.run_id) return revoke_by(self, brake, SQL_BRAKE_REVOKE, error);
  return revoke_by(self, brake, SQL_BRAKE_REVOKE_SPELLINGS, error) &&
         revoke_by(self, brake, SQL_BRAKE_REVOKE_RUN, error);
}

static bool hold_row_put(struct sqlite_warehouse *self, enum sql_id id, const struct brake *brake, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, id, error)) return false;
  query_text(&query, ":campaign_id", brake->campaign_id);
  query_text(&query, ":reason", brake->reason);
  query_text(&query, ":actor", brake->actor);
  query_int(&query, ":at", brake->at_us ? brake->at_us : clock_wall_us(self->db.clock));
  return query_run(&query, error);
}

static bool hold_drop(struct sqlite_warehouse *self, const struct brake *brake, GError **error)
{
  query_scope struct query query = {0};
  if (!hold_row_put(self, SQL_BRAKE_UNHOLD_NOTE, brake, error)) return false;
  if (!query_open(&query, &self->db, SQL_BRAKE_UNHOLD, error)) return false;
  query_text(&query, ":campaign_id", brake->campaign_id);
  return query_run(&query, error);
}

static bool apply_one(struct sqlite_warehouse *self, const struct brake *brake, int64_t *changed_n, GError **error)
{
  struct retry_query retry = brake_retry_query(brake);
  bool is_ok = true;
  *changed_n = 1;
  switch (brake->kind) {
  case BRAKE_SUPPRESS: is_ok = stop_put(self, brake, error); break;
  case BRAKE_REVOKE: is_ok = stop_revoke(self, brake, error); break;
  case BRAKE_HOLD: is_ok = hold_row_put(self, SQL_BRAKE_HOLD, brake, error); break;
  case BRAKE_UNHOLD: is_ok = hold_drop(self, brake, error); break;
  case BRAKE_EVENT: return sqlite_events_put(self, &brake->event, 1, error);
  case BRAKE_RETRY: return sqlite_retries_put(self, &retry, changed_n, error);
  }
  *changed_n = sql_changes(&self->db);
  if (!(brake->kind == BRAKE_REVOKE && brake->stop.run_id)) *changed_n = *changed_n > 0;
  return is_ok;
}

/* ---- all rows ---- */

static bool has_kind(const struct brake *rows, size_t rows_n, enum brake_kind kind)
{
  for (size_t i = 0; i < rows_n; i++)
    if (rows[i].kind == kind) return true;
  return false;
}

bool sqlite_brakes_apply(struct sqlite_warehouse *self, const struct brake *rows, size_t rows_n, int64_t *changed_n,
                         GError **error)
{
  transaction_scope struct transaction transaction = {0};
  if (rows_n == 0) return true;
  /* What may be retried is seen in the state alone. */
  if (has_kind(rows, rows_n, BRAKE_RETRY) && !sqlite_fold(&self->ledger, error)) return false;
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  for (size_t i = 0; i < rows_n; i++) {
    int64_t n = 0;
    if (!apply_one(self, &rows[i], &n, error)) return false;
    *changed_n += n;
  }
  if (has_kind(rows, rows_n, BRAKE_SUPPRESS) && !sqlite_stops_noted(self, error)) return false;
  return transaction_commit(&transaction, error);
}

static bool write_locked(struct sqlite_warehouse *self, const struct brake *rows, size_t rows_n,
                         struct brake_report *report, GError **error)
{
  g_autoptr(GError) unread = NULL;       /* a job refuses to go on with it; what is said now is recorded all the same */
  if (!sqlite_inbox_take(self, &unread)) /* what was left first comes first */
    log_event(LOG_WARNING, "inbox not read", LOG_STR("reason", unread->message));
  if (!sqlite_brakes_apply(self, rows, rows_n, &report->changed_n, error)) return false;
  bool has_events = has_kind(rows, rows_n, BRAKE_EVENT) || has_kind(rows, rows_n, BRAKE_RETRY);
  return !has_events || sqlite_fold(&self->ledger, error);
}

/* Somebody has the lock whom the inbox does not reach, or nobody knows: the rows go straight into the database.
 * SQLite's own locks are enough for that, since rows are only added; a run sees them before its next batch. */
static bool write_straight(struct sqlite_warehouse *self, const struct brake *rows, size_t rows_n,
                           struct brake_report *report, GError **error)
{
  report->was_left = false;
  return sqlite_brakes_apply(self, rows, rows_n, &report->changed_n, error);
}

/* Leaves them for the holder of the lock; straight into the database where the inbox cannot be trusted to reach it. */
static bool leave(struct sqlite_warehouse *self, const struct brake *rows, size_t rows_n, struct brake_report *report,
                  GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (sqlite_file_trouble(&self->db.file)) return write_straight(self, rows, rows_n, report, error);
  report->was_left = sqlite_inbox_leave(self, rows, rows_n, &failure);
  if (report->was_left) return true;
  log_event(LOG_WARNING, "inbox not used", LOG_STR("reason", failure->message));
  return write_straight(self, rows, rows_n, report, error);
}

/* The lock file cannot be opened: whoever put something into its place cannot keep a stop from being recorded. */
static bool write_without_lock(struct sqlite_warehouse *self, const struct brake *rows, size_t rows_n,
                               struct brake_report *report, const GError *failure)
{
  log_event(LOG_WARNING, "lock not used", LOG_STR("reason", failure->message));
  g_autoptr(GError) ignored = NULL;
  return write_straight(self, rows, rows_n, report, &ignored);
}

bool sqlite_brakes_write(struct warehouse *warehouse, const struct brake *rows, size_t rows_n,
                         struct brake_report *report, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  *report = (struct brake_report){0};
  if (self->db.has_lock) return write_locked(self, rows, rows_n, report, error);
  g_autoptr(GError) failure = NULL;
  bool is_ours = false, is_tried = sqlite_lock_try(self, &is_ours, &failure);
  if (!is_tried && error_is(failure, ERROR_LOCAL) && write_without_lock(self, rows, rows_n, report, failure))
    return true;
  if (!is_tried) g_propagate_error(error, g_steal_pointer(&failure));
  if (!is_tried) return false;
  if (!is_ours) {
    if (!leave(self, rows, rows_n, report, error)) return false;
    if (!report->was_left) return true;
    /* The holder may have looked for the last time before the file was there. */
    if (!sqlite_lock_try(self, &is_ours, error)) return false;
    if (!is_ours) return true;
    rows_n = 0;
  }
  bool is_ok = write_locked(self, rows, rows_n, report, error);
  sqlite_lock_give_back(self);
  return is_ok;
}

/* ---- reading ---- */

bool sqlite_stops_read(struct ledger *ledger, const struct stop_query *wanted, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_REPORT_STOPS, error)) return false;
  query_text(&query, ":person", wanted->person);
  query_text(&query, ":domain", wanted->domain);
  query_int(&query, ":only_in_force", wanted->only_in_force);
  query_int(&query, ":after_id", wanted->after_id);
  query_text(&query, ":run_id", wanted->run_id);
  query_int(&query, ":now", clock_wall_us(self->db.clock));
  query_int(&query, ":limit", (int64_t)MIN(wanted->limit, (size_t)INT32_MAX));
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct stop_row row = {.id = query_column_int(&query, 0),
                           .stop = {.person = query_page_text(&query, 1, page),
                                    .domain = query_page_text(&query, 2, page),
                                    .reason = query_page_text(&query, 3, page),
                                    .source = query_page_text(&query, 4, page),
                                    .actor = query_page_text(&query, 5, page),
                                    .created_at_us = query_column_int(&query, 6),
                                    .expires_at_us = query_column_int(&query, 7),
                                    .pushed_at_us = query_column_int(&query, 8),
                                    .run_id = query_page_text(&query, 11, page)},
                           .revoked_at_us = query_column_int(&query, 9),
                           .revoked_by = query_page_text(&query, 10, page),
                           .is_ours_listed = query_column_int(&query, 12) != 0};
    g_array_append_val(page->rows, row);
  }
  return true;
}

bool sqlite_report_holds(struct warehouse *warehouse, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_REPORT_HOLDS, error)) return false;
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct hold_row row = {.campaign_id = query_page_text(&query, 0, page),
                           .reason = query_page_text(&query, 1, page),
                           .actor = query_page_text(&query, 2, page),
                           .at_us = query_column_int(&query, 3)};
    g_array_append_val(page->rows, row);
  }
  return true;
}
