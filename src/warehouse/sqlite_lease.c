/* The lease: the lock of sqlite_lock.h. The row in `leases` only says who holds it, and keeps the epoch. */
#include "base/error.h"
#include "base/log.h"
#include "warehouse/sqlite.h"
#include "warehouse/sqlite_busy.h"
#include "warehouse/sqlite_lock.h"

#include <string.h>
#include <unistd.h>

/* How long a job waits for a command that has the lock. */
#define LOCK_TRIES_N 20
#define LOCK_TRY_US  ((int64_t)50000)

/* Says who holds the lock, as far as the row knows. */
static bool refuse_locked(struct sqlite_warehouse *self, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  g_autoptr(GError) ignored = NULL;
  if (!query_open(&query, &self->db, SQL_LEASE_READ, &ignored) || !query_next(&query, &has_row, &ignored) || !has_row) {
    g_autofree char *holder = sqlite_lock_holder(&self->db);
    error_set(error, ERROR_LOCKED, "another run holds the lock of %s%s; wait until it has ended", self->db.path,
              holder);
    return false;
  }
  g_autofree char *since = time_format_us(query_column_int(&query, 3));
  g_autofree char *advice = sqlite_busy_advice(query_column_text(&query, 1), query_column_int(&query, 2));
  error_set(error, ERROR_LOCKED,
            "another run holds the lock of %s: job %s, process %" G_GINT64_FORMAT " on %s, since %s; %s", self->db.path,
            query_column_text(&query, 0), query_column_int(&query, 2), query_column_text(&query, 1), since, advice);
  return false;
}

static char *boot_id(void)
{
  char *text = NULL;
  if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &text, NULL, NULL)) return g_strdup("");
  return g_strstrip(text);
}

/* Writes who holds the lock and raises the epoch, durably: nothing may be decided under an epoch that a crash forgets.
 */
static bool forget_dead(struct sqlite_warehouse *self, const char *job, int64_t now_us, GError **error)
{
  query_scope struct query forget = {0};
  if (self->leases_n > 0) return true; /* the other row is our own */
  if (!query_open(&forget, &self->db, SQL_LEASE_FORGET, error)) return false;
  query_int(&forget, ":now", now_us);
  query_text(&forget, ":job", job);
  return query_run(&forget, error);
}

static bool lease_write(struct sqlite_warehouse *self, const char *job, int64_t *epoch, GError **error)
{
  g_autofree char *boot = boot_id();
  g_autofree char *holder = g_strdup_printf("%s/%d", g_get_host_name(), (int)getpid());
  int64_t now_us = clock_wall_us(self->db.clock);
  transaction_scope struct transaction transaction = {0};
  query_scope struct query take = {0};
  bool has_row = false;
  if (!transaction_begin(&transaction, &self->db, true, error) || !forget_dead(self, job, now_us, error)) return false;
  if (!query_open(&take, &self->db, SQL_LEASE_TAKE, error)) return false;
  query_text(&take, ":job", job);
  query_text(&take, ":holder", holder);
  query_text(&take, ":host", g_get_host_name());
  query_text(&take, ":boot_id", boot);
  query_int(&take, ":pid", getpid());
  query_int(&take, ":now", now_us);
  if (!query_next(&take, &has_row, error)) return false;
  *epoch = query_column_int(&take, 0);
  if (!query_run(&take, error) || !transaction_commit(&transaction, error)) return false;
  self->epoch = *epoch;
  return true;
}

void sqlite_lock_give_back(struct sqlite_warehouse *self)
{
  sqlite_lock_drop(&self->db);
  self->is_state_checked = false; /* anybody may write from now on */
}

/* Whatever we write now goes into a file that nobody will look into. */
static bool refuse_replaced(const struct sqlite_warehouse *self, GError **error)
{
  error_set(
      error, ERROR_UNSAFE,
      "the database %s is not the file any more that this run opened: it was moved, or another one was put in its "
      "place. What was recorded is in the file that was there; nothing more is sent. Put the newer one in its "
      "place while no leadferry runs (docs/troubleshooting.md), then run again",
      self->db.path);
  return false;
}

bool sqlite_lock_try(struct sqlite_warehouse *self, bool *is_ours, GError **error)
{
  *is_ours = false;
  if (!sqlite_lock_open(&self->db, error)) return false;
  *is_ours = !self->db.has_lock && sqlite_lock_take(&self->db);
  if (!*is_ours) return true;
  sqlite_lock_note(&self->db, "a command");
  if (sqlite_file_is_in_place(&self->db.file)) return true;
  sqlite_lock_give_back(self);
  *is_ours = false;
  return refuse_replaced(self, error);
}

/* A command has the lock for a moment and without a lease; a job does not fail because of that. */
static bool lock_wait(struct sqlite_warehouse *self)
{
  int tries_n = 0;
  while (!sqlite_lock_take(&self->db)) {
    if (++tries_n > LOCK_TRIES_N) return false;
    clock_sleep_us(self->db.clock, LOCK_TRY_US);
  }
  return true;
}

/* Of a file with a second name nobody knows whether a journal waits under the other one, or a run's inbox. Commands
 * that record a stop do not ask this. */
static bool refuse_trouble(const struct sqlite_warehouse *self, GError **error)
{
  const char *trouble = sqlite_file_trouble(&self->db.file);
  if (!trouble) return true;
  error_set(error, ERROR_UNSAFE, "the database %s %s. Stops and holds are recorded meanwhile", self->db.path, trouble);
  return false;
}

/* The lock, of which a lease of ours beside it is a part already. */
static bool lock_for(struct sqlite_warehouse *self, const char *job, bool is_beside, GError **error)
{
  if (is_beside) return true;
  if (!refuse_trouble(self, error)) return false;
  if (self->db.has_lock || !lock_wait(self)) return refuse_locked(self, error);
  g_autofree char *who = g_strconcat("job ", job, NULL);
  sqlite_lock_note(&self->db, who);
  if (sqlite_file_is_in_place(&self->db.file)) return true;
  sqlite_lock_give_back(self);
  return refuse_replaced(self, error);
}

bool sqlite_lease_acquire(struct ledger *ledger, const char *job, struct lease *lease, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  *lease = (struct lease){0};
  if (!sqlite_lock_open(&self->db, error)) return false;
  bool is_beside = self->leases_n > 0 && strcmp(self->lease_job, job) != 0;
  if (!lock_for(self, job, is_beside, error)) return false;
  if (!lease_write(self, job, &lease->epoch, error) || !sqlite_inbox_take(self, error)) {
    if (!is_beside) sqlite_lock_give_back(self);
    *lease = (struct lease){0};
    return false;
  }
  if (!is_beside) g_strlcpy(self->lease_job, job, sizeof self->lease_job);
  self->leases_n++;
  g_strlcpy(lease->job, job, sizeof lease->job);
  lease->deadline_boot_us = INT64_MAX;
  return true;
}

/* The lock cannot be lost while the process lives; what can happen is that somebody moved one of the files away. */
bool sqlite_lease_check(struct ledger *ledger, struct lease *lease, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  bool is_held = self->db.has_lock && lease->epoch > 0;
  if (is_held && !sqlite_file_is_in_place(&self->db.file)) return refuse_replaced(self, error);
  if (is_held && sqlite_lock_is_in_place(&self->db)) return true;
  g_autofree char *path = sqlite_file_beside(&self->db.file, ".lock");
  error_set(error, ERROR_UNSAFE,
            "the lock file %s is not ours any more; it must not be moved or deleted while leadferry runs. Run again",
            path);
  return false;
}

bool sqlite_lease_is_newest(struct sqlite_warehouse *self, GError **error)
{
  int64_t epoch = 0;
  if (self->leases_n == 0) return true;
  if (!sql_run_int(&self->db, SQL_LEASE_EPOCH, &epoch, error)) return false;
  if (epoch == self->epoch) return true;
  error_set(error, ERROR_UNSAFE,
            "another run took the lease of %s while this one had it: nothing more is sent. Is the database on a disk "
            "that several machines share? SQLite's locks do not hold there: use one machine, or BigQuery",
            self->db.path);
  return false;
}

void sqlite_lease_release(struct ledger *ledger, struct lease *lease)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  if (lease->epoch == 0) return;
  query_scope struct query query = {0};
  g_autoptr(GError) ignored = NULL; /* the lock is what counts; the row is information */
  if (!sqlite_inbox_take(self, &ignored)) {
    log_event(LOG_WARNING, "inbox not read", LOG_STR("error", ignored->message));
    g_clear_error(&ignored);
  }
  if (query_open(&query, &self->db, SQL_LEASE_GIVE_BACK, &ignored)) {
    query_int(&query, ":now", clock_wall_us(self->db.clock));
    query_text(&query, ":job", lease->job);
    query_int(&query, ":epoch", lease->epoch);
    if (!query_run(&query, &ignored)) g_clear_error(&ignored);
  }
  if (sqlite_file_is_wal(&self->db.file) && !sql_run(&self->db, SQL_PRAGMA_CHECKPOINT, &ignored))
    g_clear_error(&ignored);
  self->leases_n--;
  if (self->leases_n == 0) sqlite_lock_give_back(self);
  *lease = (struct lease){0};
}

/* ---- looking at it ---- */

bool sqlite_report_lease(struct warehouse *warehouse, struct lease_view *view, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  query_scope struct query query = {0};
  *view = (struct lease_view){.is_locked = self->db.has_lock || sqlite_lock_is_held(&self->db),
                              .inbox_n = sqlite_inbox_files_n(self)};
  if (!query_open(&query, &self->db, SQL_LEASE_VIEW, error) || !query_next(&query, &view->has_row, error)) return false;
  if (!view->has_row) return true;
  view->job = g_strdup(query_column_text(&query, 0));
  view->host = g_strdup(query_column_text(&query, 1));
  view->pid = query_column_int(&query, 2);
  view->epoch = query_column_int(&query, 3);
  view->acquired_at_us = query_column_int(&query, 4);
  return true;
}

bool sqlite_lease_break(struct warehouse *warehouse, bool *was_cleared, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  bool is_ours = false;
  *was_cleared = false;
  if (!sqlite_lock_try(self, &is_ours, error)) return false;
  if (!is_ours) {
    refuse_locked(self, error);
    g_prefix_error(error, "the lock cannot be broken, it lives and dies with its process: ");
    return false;
  }
  query_scope struct query query = {0};
  bool is_ok = query_open(&query, &self->db, SQL_LEASE_CLEAR, error);
  if (is_ok) query_int(&query, ":now", clock_wall_us(self->db.clock));
  is_ok = is_ok && query_run(&query, error);
  *was_cleared = is_ok && sql_changes(&self->db) > 0;
  sqlite_lock_give_back(self);
  return is_ok;
}
