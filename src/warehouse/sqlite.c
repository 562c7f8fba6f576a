/* The SQLite backend: opening and closing, and its two tables of functions. */
#include "warehouse/sqlite.h"

#include "base/error.h"
#include "base/text.h"
#include "warehouse/sqlite_lock.h"

#include <string.h>

struct sqlite_warehouse *sqlite_of(struct warehouse *warehouse)
{
  return (struct sqlite_warehouse *)(void *)warehouse;
}

struct sqlite_warehouse *sqlite_of_ledger(struct ledger *ledger)
{
  return (struct sqlite_warehouse *)(void *)((char *)ledger - offsetof(struct sqlite_warehouse, ledger));
}

static int64_t now_us(struct ledger *ledger)
{
  return clock_wall_us(sqlite_of_ledger(ledger)->db.clock);
}

static const struct ledger_ops ops = {
    .now_us = now_us,
    .lease_acquire = sqlite_lease_acquire,
    .lease_check = sqlite_lease_check,
    .lease_release = sqlite_lease_release,
    .run_begin = sqlite_run_begin,
    .run_end = sqlite_run_end,
    .facts = sqlite_facts,
    .campaign_counts = sqlite_campaign_counts,
    .fold = sqlite_fold,
    .refold = sqlite_refold,
    .append = sqlite_append,
    .errors_append = sqlite_errors_append,
    .claim = sqlite_claim,
    .claims_read = sqlite_claims_read,
    .hold_check = sqlite_hold_check,
    .stops_check = sqlite_stops_check,
    .watched = sqlite_watched,
    .stage_begin = sqlite_stage_begin,
    .stage = sqlite_stage,
    .stage_stops = sqlite_stage_stops,
    .stage_facts = sqlite_stage_facts,
    .suppress = sqlite_suppress,
    .unpushed = sqlite_unpushed,
    .stops_read = sqlite_stops_read,
    .stops_lost = sqlite_stops_lost,
    .stops_note = sqlite_stops_note,
    .listing = sqlite_listing,
    .unlisting = sqlite_unlisting,
    .unlisted = sqlite_unlisted,
    .reply_stops = sqlite_reply_stops,
    .stops_end = sqlite_stops_end,
    .stop_hits = sqlite_stop_hits,
    .stops_allow = sqlite_stops_allow,
    .pushed = sqlite_pushed,
    .metrics_write = sqlite_metrics_write,
    .campaign_status_write = sqlite_campaign_status_write,
    .removals = sqlite_removals,
    .removal_counts = sqlite_removal_counts,
    .release_never_sent = sqlite_release_never_sent,
    .contacted_before = sqlite_contacted_before,
    .ever_enrolled = sqlite_ever_enrolled,
    .first_enrolled = sqlite_first_enrolled,
    .retire_campaign = sqlite_retire_campaign,
    .differences = sqlite_differences,
    .opted_out = sqlite_opted_out,
    .opt_outs_lapse = sqlite_opt_outs_lapse,
    .newest_id = sqlite_newest_id,
    .exclusion_look = sqlite_exclusion_look,
    .gone_look = sqlite_gone_look,
    .standing_apply = sqlite_standing_apply,
    .stamp_is_known = sqlite_stamp_is_known,
    .hold_campaign = sqlite_hold_campaign,
    .control_get = sqlite_control_get,
    .control_put = sqlite_control_put,
    .open_batches = sqlite_open_batches,
    .write_back = sqlite_write_back,
    .lead_ref = sqlite_lead_ref,
};

static void sqlite_close(struct warehouse *warehouse)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  sqlite_lock_close(&self->db);
  sqlite_db_close(&self->db);
  repeats_end(&self->repeats);
  g_free(self->claim_run_id);
  g_free(self);
}

/* reference(lead_id): what lead_ref() prints for it. */
static void reference_of(sqlite3_context *context, int arguments_n, sqlite3_value **arguments)
{
  (void)arguments_n;
  const char *lead_id = (const char *)sqlite3_value_text(arguments[0]);
  if (!lead_id) return;
  char *reference = sqlite_keyed_ref(sqlite3_user_data(context), SQLITE_REFERENCE_PREFIX, lead_id, 8);
  sqlite3_result_text(context, reference, -1, g_free);
}

/* The functions that go by what this warehouse has at hand. */
static bool own_functions_register(struct sqlite_warehouse *self, GError **error)
{
  int code = sqlite3_create_function_v2(self->db.handle, "reference", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, self,
                                        reference_of, NULL, NULL, NULL);
  if (code == SQLITE_OK) code = repeats_register(self->db.handle, &self->repeats);
  if (code == SQLITE_OK) code = count_register(self->db.handle, &self->count);
  return (code == SQLITE_OK || sqlite_db_fail(&self->db, code, error)) && sqlite_opt_out_open(self, error);
}

/* The working tables of temp.sql: nothing of them reaches the file. */
static bool tables_make(struct sqlite_warehouse *self, GError **error)
{
  static const enum sql_id tables[] = {
      SQL_TEMP_CAMPAIGN_TOTALS, SQL_TEMP_GONE,          SQL_TEMP_ALIASES,       SQL_TEMP_FEEDS,
      SQL_TEMP_FEED_VARIABLES,  SQL_TEMP_STOPS,         SQL_TEMP_REPEATED_IDS,  SQL_TEMP_SOURCE_ROWS,
      SQL_TEMP_CLAIM_ROWS,      SQL_TEMP_PERSON_FACTS,  SQL_TEMP_QUEUE,         SQL_TEMP_QUEUE_SHARED,
      SQL_TEMP_MATCHES,         SQL_TEMP_HOMELESS,      SQL_TEMP_LASTING_STOPS, SQL_TEMP_BULK_STOPS,
      SQL_TEMP_TAKING_STOPS,    SQL_TEMP_DIFFERENCES,   SQL_TEMP_ASKS,          SQL_TEMP_MISSING,
      SQL_TEMP_MISSING_STAMP,   SQL_TEMP_POLICY,        SQL_TEMP_CONFIGURED,    SQL_TEMP_FOUND,
      SQL_TEMP_STATE_COLUMNS,   SQL_TEMP_STATUS_TOTALS, SQL_TEMP_RETRIES,       SQL_TEMP_IMPORT_PERSONS,
      SQL_TEMP_IMPORT_PLANNED,  SQL_TEMP_CHANGES,       SQL_TEMP_CONTACTED,     SQL_TEMP_SEEN_STATES,
      SQL_TEMP_OPTED_OUT,       SQL_TEMP_STANDING,
  };
  for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
    if (!sql_run(&self->db, tables[i], error)) return false;
  return sqlite_policy_fill(self, error);
}

static struct warehouse *sqlite_open(const struct settings *settings, enum warehouse_mode mode,
                                     const struct clock *clock, GError **error)
{
  struct sqlite_warehouse *self = g_new0(struct sqlite_warehouse, 1);
  self->warehouse = (struct warehouse){.backend = &sqlite_backend, .ledger = &self->ledger};
  self->ledger.ops = &ops;
  self->settings = settings;
  sqlite_db_init(&self->db, settings->warehouse.path, clock, mode == WAREHOUSE_READ);
  bool is_open =
      sqlite_schema_refuse_own(self, error) && sql_names_init(&self->db.names, '"', &settings->source, error) &&
      sqlite_db_open(&self->db, mode == WAREHOUSE_WRITE, error) &&
      (mode == WAREHOUSE_WRITE || sqlite_schema_shadow(self, error)) && own_functions_register(self, error) &&
      tables_make(self, error) && sqlite_schema_refuse_other(self, mode == WAREHOUSE_READ, error);
  if (is_open) return &self->warehouse;
  sqlite_close(&self->warehouse);
  return NULL;
}

const struct warehouse_backend sqlite_backend = {
    .type = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .diagnose = sqlite_diagnose,
    .schema_apply = sqlite_schema_apply,
    .schema_check = sqlite_schema_check,
    .schema_lost = sqlite_schema_lost,
    .schema_ready = sqlite_schema_ready,
    .schema_print = sqlite_schema_print,
    .import_rows = sqlite_import_rows,
    .report_leads = sqlite_report_leads,
    .report_find = sqlite_report_find,
    .report_person_facts = sqlite_report_person_facts,
    .report_events = sqlite_report_events,
    .report_suppressions = sqlite_report_suppressions,
    .report_runs = sqlite_report_runs,
    .report_errors = sqlite_report_errors,
    .report_counts = sqlite_report_counts,
    .report_campaigns = sqlite_report_campaigns,
    .report_empty_values = sqlite_report_empty_values,
    .retry_leads = sqlite_retry_leads,
    .brakes_write = sqlite_brakes_write,
    .brakes_preview = sqlite_brakes_preview,
    .brakes_leave = sqlite_brakes_leave,
    .report_holds = sqlite_report_holds,
    .report_lease = sqlite_report_lease,
    .lease_break = sqlite_lease_break,
};

bool sqlite_key(struct sqlite_warehouse *self, GError **error)
{
  if (self->key.is_loaded) return true;
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_CONTROL_GET, error)) return false;
  query_text(&query, ":name", "hmac_key");
  if (!query_next(&query, &has_row, error)) return false;
  if (has_row && sqlite3_column_bytes(query.statement, 0) == SQLITE_KEY_BYTES)
    memcpy(self->key.bytes, sqlite3_column_blob(query.statement, 0), SQLITE_KEY_BYTES);
  self->key.is_loaded = true; /* without a key yet (read-only, before our tables) references are still stable */
  return true;
}

char *sqlite_keyed_ref(const struct sqlite_warehouse *self, const char *prefix, const char *text, size_t bytes)
{
  uint8_t digest[SHA256_BYTES];
  hmac_sha256(self->key.bytes, SQLITE_KEY_BYTES, text, strlen(text), digest);
  g_autofree char *hex = hex_encode(digest, MIN(bytes, sizeof digest));
  return g_strconcat(prefix, hex, NULL);
}

char *sqlite_lead_ref(struct ledger *ledger, const char *lead_id)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  if (!lead_id || !strchr(lead_id, '@')) return g_strdup(lead_id);
  if (!sqlite_key(self, NULL)) return g_strdup("lead");
  return sqlite_keyed_ref(self, SQLITE_REFERENCE_PREFIX, lead_id, 8);
}
