/* What a warehouse that was opened for reading is told all the same: stops that `plan` has just read, and what waits in
 * the inbox. It stands in temporary copies of the tables that it changes, which hide those of the file for as long as
 * the connection lives; not a byte of the file is touched. A copy is made when it is first needed. */
#include "base/error.h"
#include "base/log.h"
#include "warehouse/sqlite.h"

struct overlay {
  const char *table;
  enum sql_id create, copy;
};

static bool stands_aside(struct sqlite_warehouse *self, const char *table, bool *exists, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_OVERLAY_EXISTS, error)) return false;
  query_text(&query, ":name", table);
  return query_next(&query, exists, error);
}

/* A table that the file lacks is temporary already. */
static bool overlay_make(struct sqlite_warehouse *self, const struct overlay *overlay, GError **error)
{
  bool exists = false;
  if (!stands_aside(self, overlay->table, &exists, error)) return false;
  return exists || (sqlite_db_create_temporary(&self->db, overlay->create, error) &&
                    (overlay->copy == SQL_N || sql_run(&self->db, overlay->copy, error)));
}

bool sqlite_overlay_stops(struct sqlite_warehouse *self, GError **error)
{
  static const struct overlay stops = {"suppressions", SQL_SCHEMA_SUPPRESSIONS, SQL_OVERLAY_SUPPRESSIONS};
  bool exists = false;
  if (!self->db.is_read_only) return true;
  if (!stands_aside(self, stops.table, &exists, error)) return false;
  return exists || (overlay_make(self, &stops, error) &&
                    sqlite_db_create_temporary(&self->db, SQL_SCHEMA_SUPPRESSIONS_MATCH, error));
}

bool sqlite_overlay_stage(struct sqlite_warehouse *self, GError **error)
{
  static const struct overlay stage = {"sync_stage", SQL_SCHEMA_SYNC_STAGE, SQL_N};
  return !self->db.is_read_only || (overlay_make(self, &stage, error) && sqlite_overlay_stops(self, error));
}

bool sqlite_overlay_states(struct sqlite_warehouse *self, GError **error)
{
  static const struct overlay states[] = {
      {"lead_state", SQL_SCHEMA_LEAD_STATE, SQL_OVERLAY_LEAD_STATE},
      {"lead_persons", SQL_SCHEMA_LEAD_PERSONS, SQL_OVERLAY_LEAD_PERSONS},
      {"lead_enrolments", SQL_SCHEMA_LEAD_ENROLMENTS, SQL_OVERLAY_LEAD_ENROLMENTS},
      {"claim_ranges", SQL_SCHEMA_CLAIM_RANGES, SQL_OVERLAY_CLAIM_RANGES},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
    if (!overlay_make(self, &states[i], error)) return false;
  return true;
}

static bool changes_leads(const struct brake *brake)
{
  return brake->kind == BRAKE_EVENT || brake->kind == BRAKE_RETRY;
}

/* Events go into tables that are there for the fold alone: afterwards those of the file are seen again, which the caps
 * of a day are counted in. */
static bool lead_brakes_apply(struct sqlite_warehouse *self, const GArray *brakes, int64_t *changed_n, GError **error)
{
  static const struct overlay states[] = {
      {"lead_state", SQL_SCHEMA_LEAD_STATE, SQL_OVERLAY_LEAD_STATE},
      {"lead_persons", SQL_SCHEMA_LEAD_PERSONS, SQL_OVERLAY_LEAD_PERSONS},
      {"lead_enrolments", SQL_SCHEMA_LEAD_ENROLMENTS, SQL_OVERLAY_LEAD_ENROLMENTS},
      {"lead_events", SQL_SCHEMA_LEAD_EVENTS, SQL_OVERLAY_LEAD_EVENTS},
      {"claim_ranges", SQL_SCHEMA_CLAIM_RANGES, SQL_N},
  };
  bool has_own_events = false;
  if (!stands_aside(self, "lead_events", &has_own_events, error)) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
    if (!overlay_make(self, &states[i], error)) return false;
  if (!sqlite_brakes_apply(self, (const struct brake *)(const void *)brakes->data, brakes->len, changed_n, error) ||
      !sqlite_fold(&self->ledger, error))
    return false;
  return has_own_events || (sql_run(&self->db, SQL_OVERLAY_DROP_LEAD_EVENTS, error) &&
                            sql_run(&self->db, SQL_OVERLAY_DROP_CLAIM_RANGES, error));
}

bool sqlite_brakes_preview(struct warehouse *warehouse, GError **error)
{
  static const struct overlay controls = {"controls", SQL_SCHEMA_CONTROLS, SQL_OVERLAY_CONTROLS};
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  g_autoptr(GArray) brakes = g_array_new(FALSE, TRUE, sizeof(struct brake));
  g_autoptr(sqlite_strings) strings = g_string_chunk_new(4096);
  int64_t changed_n = 0;
  bool has_lead = false;
  if (!self->db.is_read_only) return true; /* whoever writes takes it up with the lock */
  if (!sqlite_overlay_refold(self, error)) return false;
  if (!sqlite_inbox_read(self, brakes, strings, error)) return false;
  if (brakes->len == 0) return true;
  for (guint i = 0; i < brakes->len; i++)
    has_lead = has_lead || changes_leads(&g_array_index(brakes, struct brake, i));
  if (!sqlite_overlay_stops(self, error) || !overlay_make(self, &controls, error)) return false;
  bool is_ok =
      has_lead ? lead_brakes_apply(self, brakes, &changed_n, error)
               : sqlite_brakes_apply(self, (const struct brake *)(void *)brakes->data, brakes->len, &changed_n, error);
  if (is_ok) log_event(LOG_INFO, "inbox looked at", LOG_INT("rows", brakes->len), LOG_INT("changed", changed_n));
  return is_ok;
}
