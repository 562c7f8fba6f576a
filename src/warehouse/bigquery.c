/* The BigQuery backend: opening and closing, and its two tables of functions. */
#include "warehouse/bigquery_exclusion.h"
#include "warehouse/bigquery_opt_out.h"
#include "warehouse/bigquery_stops.h"

#include "base/random.h"
#include "google/credentials.h"

#include <string.h>

struct bq_warehouse *bq_of(struct warehouse *warehouse)
{
  return (struct bq_warehouse *)(void *)warehouse;
}

struct bq_warehouse *bq_of_ledger(struct ledger *ledger)
{
  return (struct bq_warehouse *)(void *)((char *)ledger - offsetof(struct bq_warehouse, ledger));
}

/* Where a fold ended is a time that other machines go on from: one whose clock is ahead by days would hide from them
 * what is recorded meanwhile. */
int64_t bq_now_us(const struct bq_warehouse *self)
{
  return clock_wall_us(self->clock) + (self->client ? bigquery_clock_offset_us(self->client) : 0);
}

static int64_t now_us(struct ledger *ledger)
{
  return bq_now_us(bq_of_ledger(ledger));
}

static const struct ledger_ops ops = {
    .now_us = now_us,
    .lease_acquire = bq_lease_acquire,
    .lease_check = bq_lease_check,
    .lease_release = bq_lease_release,
    .run_begin = bq_run_begin,
    .run_end = bq_run_end,
    .facts = bq_facts,
    .campaign_counts = bq_campaign_counts,
    .fold = bq_fold,
    .refold = bq_refold,
    .append = bq_append,
    .errors_append = bq_errors_append,
    .claim = bq_claim,
    .claims_read = bq_claims_read,
    .stops_check = bq_stops_check,
    .hold_check = bq_hold_check,
    .control_get = bq_control_get,
    .control_put = bq_control_put,
    .release_never_sent = bq_release_never_sent,
    .open_batches = bq_open_batches,
    .watched = bq_watched,
    .stage_begin = bq_stage_begin,
    .stage = bq_stage,
    .stage_stops = bq_stage_stops,
    .stage_facts = bq_stage_facts,
    .newest_id = bq_newest_id,
    .exclusion_look = bq_exclusion_look,
    .gone_look = bq_gone_look,
    .standing_apply = bq_standing_apply,
    .stamp_is_known = bq_stamp_is_known,
    .differences = bq_differences,
    .contacted_before = bq_contacted_before,
    .opted_out = bq_opted_out,
    .opt_outs_lapse = bq_opt_outs_lapse,
    .ever_enrolled = bq_ever_enrolled,
    .first_enrolled = bq_first_enrolled,
    .retire_campaign = bq_retire_campaign,
    .hold_campaign = bq_hold_campaign,
    .suppress = bq_suppress,
    .unpushed = bq_unpushed,
    .stops_read = bq_stops_read,
    .stops_lost = bq_stops_lost,
    .stops_note = bq_stops_note,
    .listing = bq_listing,
    .unlisting = bq_unlisting,
    .unlisted = bq_unlisted,
    .reply_stops = bq_reply_stops,
    .stops_end = bq_stops_end,
    .stop_hits = bq_stop_hits,
    .stops_allow = bq_stops_allow,
    .pushed = bq_pushed,
    .metrics_write = bq_metrics_write,
    .campaign_status_write = bq_campaign_status_write,
    .removals = bq_removals,
    .removal_counts = bq_removal_counts,
    .write_back = bq_write_back,
    .lead_ref = bq_lead_ref,
};

/* ---- open and close ---- */

static bool setting_check(const char *name, const char *value, GError **error)
{
  if (value && *value) return true;
  error_set(error, ERROR_CONFIG, "warehouse.type is bigquery, but warehouse.%s is not set; see docs/bigquery.md", name);
  return false;
}

static bool client_open(struct bq_warehouse *self, GError **error)
{
  const struct warehouse_settings *settings = &self->settings->warehouse;
  const char *host = settings->emulator_host;
  g_autofree char *url = host && *host ? bigquery_emulator_url(host, error) : NULL;
  if (host && *host && !url) return false;
  struct credentials_options wanted = {.file = settings->credentials_file,
                                       .subject_base_url = settings->credentials_url_base,
                                       .quota_project = settings->quota_project,
                                       .environment = settings->environment};
  /* A scripted BigQuery of the tests asks for tokens and is Google in every way; such a URL must be on loopback. */
  bool is_strict = url && settings->environment && settings->environment("BIGQUERY_EMULATOR_TOKENS");
  bool needs_credentials = !url || is_strict;
  if (needs_credentials) self->credentials = credentials_open(&wanted, clock_system(), error);
  if (needs_credentials && !self->credentials) return false;
  struct bigquery_options options = {.project = settings->project,
                                     .dataset = settings->dataset,
                                     .location = settings->location,
                                     .base_url = url,
                                     .maximum_bytes_billed = settings->maximum_bytes_billed};
  /* Requests wait in real time, whatever clock the ledger goes by. */
  self->client = bigquery_new(&options, self->credentials, clock_system(), error);
  return self->client != NULL;
}

/* Whoever reads leads from the ledger, or writes back into it, has none. */
static bool source_is_not_ours(const struct bq_warehouse *self, GError **error)
{
  const struct source_settings *source = &self->settings->source;
  const char *own = NULL;
  bool is_beside = g_strcmp0(self->source.dataset, self->ops_dataset) == 0;
  for (size_t n = 0; is_beside && (own = bq_schema_own_table(n)) != NULL; n++)
    if (!sql_names_spare_own(source, own, error)) return false;
  return sql_names_differ(source, error);
}

static bool names_open(struct bq_warehouse *self, GError **error)
{
  const struct warehouse_settings *settings = &self->settings->warehouse;
  const struct source_settings *source = &self->settings->source;
  self->ops_dataset = settings->ops_dataset && *settings->ops_dataset ? settings->ops_dataset : settings->dataset;
  self->source =
      (struct bigquery_table){.dataset = settings->dataset, .table = source->table ? source->table : "leads"};
  if (!source_is_not_ours(self, error)) return false;
  if (!sql_names_init(&self->names, '`', source, error)) return false;
  bq_schema_names(self);
  return true;
}

static void bq_close(struct warehouse *warehouse)
{
  struct bq_warehouse *self = bq_of(warehouse);
  g_autoptr(GError) ignored = NULL;
  if (self->client && self->metrics->len > 0 && !bq_metrics_flush(self, &ignored)) g_clear_error(&ignored);
  bq_forget(self);
  bq_kept_forget(self);
  bq_tables_forget(self);
  page_clear(&self->last_run);
  bq_streams_clear(&self->streams);
  g_free(self->staged.run_id);
  bq_stream_close(&self->watched);
  bq_stream_close(&self->leads);
  bq_stream_close(&self->contacted);
  bq_stream_close(&self->opted_out);
  bigquery_free(self->client);
  credentials_close(self->credentials);
  sql_names_clear(&self->names);
  g_free(self->unreadable);
  g_free(self->run.run_id);
  g_free(self->claimed_run_id);
  g_free(self->watch.run_id);
  g_clear_pointer(&self->watch.holds, g_hash_table_unref);
  g_clear_pointer(&self->watch.stops, g_hash_table_unref);
  g_clear_pointer(&self->watch.gone, g_hash_table_unref);
  g_array_unref(self->metrics);
  g_array_unref(self->kept_stops);
  g_array_unref(self->kept_rows);
  g_string_chunk_free(self->kept_text);
  g_free(self->gone_json);
  g_free(self->foreigners);
  g_free(self->stamps.run_id);
  g_clear_pointer(&self->stamps.known, g_hash_table_unref);
  g_free(self);
}

/* A handle with its names and a client, which has asked nothing yet. */
static struct bq_warehouse *bq_make(const struct settings *settings, enum warehouse_mode mode,
                                    const struct clock *clock, GError **error)
{
  if (!setting_check("project", settings->warehouse.project, error) ||
      !setting_check("dataset", settings->warehouse.dataset, error))
    return NULL;
  struct bq_warehouse *self = g_new0(struct bq_warehouse, 1);
  self->warehouse = (struct warehouse){.backend = &bigquery_backend, .ledger = &self->ledger};
  self->ledger.ops = &ops;
  self->ledger.gate = &bq_gate;
  self->settings = settings;
  self->clock = clock;
  self->is_read_only = mode == WAREHOUSE_READ;
  self->nonce = random_u64();
  self->metrics = g_array_new(FALSE, TRUE, sizeof(struct campaign_metric));
  self->kept_stops = g_array_new(FALSE, TRUE, sizeof(struct bq_stop_row));
  self->kept_rows = g_array_new(FALSE, TRUE, sizeof(struct remote_lead));
  self->kept_text = g_string_chunk_new(4096);
  page_init(&self->last_run, sizeof(struct run_row));
  bq_streams_init(&self->streams);
  if (names_open(self, error) && client_open(self, error)) return self;
  bq_close(&self->warehouse);
  return NULL;
}

static struct warehouse *bq_open(const struct settings *settings, enum warehouse_mode mode, const struct clock *clock,
                                 GError **error)
{
  struct bq_warehouse *self = bq_make(settings, mode, clock, error);
  if (!self) return NULL;
  if (bq_source_open(self, error) && (!self->is_read_only || bq_schema_shadow(self, error))) return &self->warehouse;
  bq_close(&self->warehouse);
  return NULL;
}

static bool diagnose(const struct settings *settings, const struct clock *clock, GArray *ailments)
{
  g_autoptr(GError) failure = NULL;
  struct bq_warehouse *self = bq_make(settings, WAREHOUSE_READ, clock, &failure);
  if (!self) {
    bq_ailment_add(ailments, "google_refused", "warehouse", "%s", failure->message);
    return false;
  }
  bool goes_on = bq_diagnose(self, ailments);
  bq_close(&self->warehouse);
  return goes_on;
}

const struct warehouse_backend bigquery_backend = {
    .type = "bigquery",
    .open = bq_open,
    .close = bq_close,
    .diagnose = diagnose,
    .schema_apply = bq_schema_apply,
    .schema_check = bq_schema_check,
    .schema_lost = bq_schema_lost,
    .schema_ready = bq_schema_ready,
    .schema_print = bq_schema_print,
    .import_rows = bq_import_rows,
    .report_leads = bq_report_leads,
    .report_find = bq_report_find,
    .report_person_facts = bq_report_person_facts,
    .report_events = bq_report_events,
    .report_suppressions = bq_report_suppressions,
    .report_runs = bq_report_runs,
    .report_errors = bq_report_errors,
    .report_counts = bq_report_counts,
    .report_campaigns = bq_report_campaigns,
    .report_empty_values = bq_report_empty_values,
    .report_costs = bq_report_costs,
    .retry_leads = bq_retry_leads,
    .brakes_write = bq_brakes_write,
    .report_holds = bq_report_holds,
    .report_lease = bq_report_lease,
    .lease_break = bq_lease_break,
};
