/* What must be true when the power comes back: the file is whole, and holds every event that the ledger called durable
 * and the `sending` of every request that went out. Read with SQLite's own VFS from a copy on a real disk. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/world.h"

#define CALLS_MAX      250 /* of a job; the power goes at one of the first so many */
#define OPEN_CALLS_MAX 30  /* the same while a database is opened, which may roll something back */

void world_power_arm(struct world *world)
{
  if (world->options->power == NULL) return;
  power_arm(world->options->power, one_in(world, 4) ? -1 : (int64_t)rng_below(&world->rng, CALLS_MAX));
}

/* ---- what was called durable ---- */

static const char *text_of(const char *text)
{
  return text != NULL ? text : "";
}

/* Claims are counted by run, everything else is told apart by what it says. */
static char *key_of(const struct lead_event *event)
{
  if (event->kind == EVENT_CLAIMED) return g_strdup_printf("claimed %s", event->run_id);
  return g_strdup_printf("%d %d %s %s %s %s %" G_GINT64_FORMAT, (int)event->kind, (int)event->fact,
                         text_of(event->reason), text_of(event->run_id), text_of(event->lead_id),
                         text_of(event->batch_id), event->ord);
}

static void count(GHashTable *counts, const struct lead_event *event)
{
  char *key = key_of(event);
  int n = GPOINTER_TO_INT(g_hash_table_lookup(counts, key));
  g_hash_table_replace(counts, key, GINT_TO_POINTER(n + 1));
}

void world_keep(void *context, const struct lead_event *event)
{
  count(((struct world *)context)->kept, event);
}

/* ---- what is there ---- */

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) return NULL;
  return statement;
}

static const char *column(sqlite3_stmt *statement, int i)
{
  return (const char *)sqlite3_column_text(statement, i);
}

static char *check_integrity(const struct world *world, sqlite3 *db)
{
  sqlite3_stmt *statement = prepare(db, "PRAGMA integrity_check");
  bool is_read = statement != NULL && sqlite3_step(statement) == SQLITE_ROW;
  bool is_whole = is_read && strcmp(column(statement, 0), "ok") == 0;
  char *problem = is_whole ? NULL : broken(world, "the file is damaged", is_read ? column(statement, 0) : "unreadable");
  sqlite3_finalize(statement);
  return problem;
}

static char *check_imported(const struct world *world, sqlite3 *db)
{
  sqlite3_stmt *statement = prepare(db, "SELECT count(*) FROM leads");
  bool is_there = statement != NULL && sqlite3_step(statement) == SQLITE_ROW &&
                  sqlite3_column_int(statement, 0) == world->imported_n;
  sqlite3_finalize(statement);
  return is_there ? NULL : broken(world, "imported leads are lost", "leads");
}

static char *check_kept(const struct world *world, sqlite3 *db)
{
  g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  sqlite3_stmt *statement = prepare(db, "SELECT kind, fact, reason, run_id, lead_id, batch_id, ord FROM lead_events");
  while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
    struct lead_event event = {.kind = (enum event_kind)sqlite3_column_int(statement, 0),
                               .fact = (enum status_fact)sqlite3_column_int(statement, 1),
                               .reason = column(statement, 2),
                               .run_id = column(statement, 3),
                               .lead_id = column(statement, 4),
                               .batch_id = column(statement, 5),
                               .ord = sqlite3_column_int64(statement, 6)};
    count(found, &event);
  }
  sqlite3_finalize(statement);
  GHashTableIter iter;
  gpointer key, n;
  g_hash_table_iter_init(&iter, world->kept);
  while (g_hash_table_iter_next(&iter, &key, &n))
    if (GPOINTER_TO_INT(g_hash_table_lookup(found, key)) < GPOINTER_TO_INT(n))
      return broken(world, "an event that was called durable is lost", key);
  return NULL;
}

/* A stamp is generation:run_id.ord. */
static char *check_sent(const struct world *world, sqlite3 *db)
{
  static const char sql[] = "SELECT 1 FROM lead_events WHERE kind = 2 AND run_id = ?1 AND ord <= ?2 AND ord_to >= ?2";
  char *problem = NULL;
  for (guint i = 0; i < world->fake.rows->len && problem == NULL; i++) {
    const struct fake_row *row = g_ptr_array_index(world->fake.rows, i);
    if (row->stamp == NULL) continue;
    g_auto(GStrv) parts = g_strsplit_set(row->stamp, ":.", 3);
    sqlite3_stmt *statement = prepare(db, sql);
    bool is_there = statement != NULL && sqlite3_bind_text(statement, 1, parts[1], -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_bind_int64(statement, 2, g_ascii_strtoll(parts[2], NULL, 10)) == SQLITE_OK &&
                    sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    if (!is_there) problem = broken(world, "a request went out of which the ledger knows nothing", row->stamp);
  }
  return problem;
}

static char *check_disk(const struct world *world)
{
  g_autofree char *journal = g_strconcat(world->options->path, "-journal", NULL);
  g_autofree char *real = g_strconcat(world->options->path, "-real", NULL);
  g_autofree char *real_journal = g_strconcat(real, "-journal", NULL);
  power_export(world->options->power, world->options->path, real);
  power_export(world->options->power, journal, real_journal);
  sqlite3 *db = NULL;
  char *problem = NULL;
  if (sqlite3_open_v2(real, &db, SQLITE_OPEN_READWRITE, "unix") != SQLITE_OK)
    problem = broken(world, "the file does not open", sqlite3_errmsg(db));
  if (problem == NULL) problem = check_integrity(world, db);
  if (problem == NULL) problem = check_imported(world, db);
  if (problem == NULL) problem = check_kept(world, db);
  if (problem == NULL) problem = check_sent(world, db);
  sqlite3_close(db);
  remove(real);
  remove(real_journal);
  return problem;
}

char *world_power_back(struct world *world)
{
  struct power *power = world->options->power;
  if (power == NULL) return NULL;
  power_arm(power, -1);
  while (power->is_out) {
    g_clear_pointer(&world->warehouse, warehouse_close);
    power_back(power, &world->rng);
    world->tally->cuts_n++;
    char *problem = check_disk(world);
    if (problem != NULL) return problem;
    power_arm(power, one_in(world, 3) ? (int64_t)rng_below(&world->rng, OPEN_CALLS_MAX) : -1);
    world_open(world);
    power_arm(power, -1);
  }
  return NULL;
}
