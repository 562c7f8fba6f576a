/* The reference warehouse: opening, closing, leases, and the two tables of its functions. */
#include "warehouse/memory.h"

#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "warehouse/memory_priv.h"

struct memory_lease {
  int64_t epoch, acquired_at_us;
  bool is_held;
};

struct memory *memory_of(struct ledger *ledger)
{
  return (struct memory *)(void *)((char *)ledger - offsetof(struct memory, ledger));
}

int64_t memory_now_us(const struct memory *memory)
{
  return clock_wall_us(memory->clock);
}

const char *memory_keep(struct memory *memory, const char *text)
{
  return text ? g_string_chunk_insert_const(memory->text, text) : NULL;
}

static int64_t now_us(struct ledger *ledger)
{
  return memory_now_us(memory_of(ledger));
}

/* ---- leases: they die with the process, like an open file lock ---- */

static bool lease_acquire(struct ledger *ledger, const char *job, struct lease *lease, GError **error)
{
  struct memory *memory = memory_of(ledger);
  struct memory_lease *held = g_hash_table_lookup(memory->epochs, job);
  if (held && held->is_held) {
    error_set(error, ERROR_LOCKED, "another run of %s holds the lease of this warehouse; wait until it is over", job);
    return false;
  }
  if (!held) {
    held = g_new0(struct memory_lease, 1);
    g_hash_table_insert(memory->epochs, g_strdup(job), held);
  }
  held->epoch++;
  held->is_held = true;
  held->acquired_at_us = memory_now_us(memory);
  *lease = (struct lease){.epoch = held->epoch, .deadline_boot_us = INT64_MAX};
  g_strlcpy(lease->job, job, sizeof lease->job);
  return true;
}

static struct memory_lease *lease_held(struct memory *memory, const struct lease *lease)
{
  struct memory_lease *held = g_hash_table_lookup(memory->epochs, lease->job);
  return held && held->is_held && held->epoch == lease->epoch ? held : NULL;
}

static bool lease_check(struct ledger *ledger, struct lease *lease, GError **error)
{
  if (lease_held(memory_of(ledger), lease)) return true;
  error_set(error, ERROR_UNSAFE, "the lease of %s is lost; nothing more is sent by this run", lease->job);
  return false;
}

static void lease_release(struct ledger *ledger, struct lease *lease)
{
  struct memory_lease *held = lease_held(memory_of(ledger), lease);
  if (held) held->is_held = false;
  *lease = (struct lease){0};
}

/* One process has this warehouse: who holds a lease is here, and nothing waits in an inbox. */
static bool report_lease_of(struct warehouse *warehouse, struct lease_view *view, GError **error)
{
  (void)error;
  GHashTableIter iter;
  gpointer job, value;
  *view = (struct lease_view){0};
  g_hash_table_iter_init(&iter, ((struct memory *)warehouse)->epochs);
  while (g_hash_table_iter_next(&iter, &job, &value)) {
    const struct memory_lease *lease = value;
    if (!lease->is_held || (view->has_row && view->acquired_at_us >= lease->acquired_at_us)) continue;
    lease_view_clear(view);
    *view = (struct lease_view){.is_locked = true,
                                .has_row = true,
                                .job = g_strdup(job),
                                .host = g_strdup(g_get_host_name()),
                                .pid = getpid(),
                                .epoch = lease->epoch,
                                .acquired_at_us = lease->acquired_at_us};
  }
  return true;
}

/* A holder here is alive: it is this process. */
static bool lease_break_of(struct warehouse *warehouse, bool *was_cleared, GError **error)
{
  struct lease_view view;
  *was_cleared = false;
  if (!report_lease_of(warehouse, &view, error)) return false;
  if (view.is_locked)
    error_set(error, ERROR_LOCKED,
              "the lock cannot be broken, it lives and dies with its process: job %s of this process holds it",
              view.job);
  bool is_free = !view.is_locked;
  lease_view_clear(&view);
  return is_free;
}

/* ---- open and close ---- */

static const struct ledger_ops memory_ops = {
    .now_us = now_us,
    .lease_acquire = lease_acquire,
    .lease_check = lease_check,
    .lease_release = lease_release,
    .run_begin = memory_run_begin,
    .run_end = memory_run_end,
    .facts = memory_facts,
    .campaign_counts = memory_campaign_counts,
    .fold = memory_events_fold,
    .refold = memory_events_refold,
    .append = memory_events_append,
    .errors_append = memory_errors_append,
    .claim = memory_claim,
    .claims_read = memory_claims_read,
    .stops_check = memory_stops_check,
    .hold_check = memory_hold_check,
    .release_never_sent = memory_release_never_sent,
    .contacted_before = memory_contacted_before,
    .opted_out = memory_opted_out,
    .opt_outs_lapse = memory_opt_outs_lapse,
    .ever_enrolled = memory_ever_enrolled,
    .first_enrolled = memory_first_enrolled,
    .retire_campaign = memory_retire_campaign,
    .differences = memory_differences,
    .newest_id = memory_newest_id,
    .exclusion_look = memory_exclusion_look,
    .gone_look = memory_gone_look,
    .standing_apply = memory_standing_apply,
    .stamp_is_known = memory_stamp_is_known,
    .hold_campaign = memory_hold_campaign,
    .control_get = memory_control_get,
    .control_put = memory_control_put,
    .open_batches = memory_open_batches,
    .watched = memory_watched,
    .stage_begin = memory_stage_begin,
    .stage = memory_stage,
    .stage_stops = memory_stage_stops,
    .stage_facts = memory_stage_facts,
    .suppress = memory_suppress,
    .unpushed = memory_unpushed,
    .stops_read = memory_stops_read,
    .stops_lost = memory_stops_lost,
    .stops_note = memory_stops_note,
    .listing = memory_listing,
    .unlisting = memory_unlisting,
    .unlisted = memory_unlisted,
    .reply_stops = memory_reply_stops,
    .stops_end = memory_stops_end,
    .stop_hits = memory_stop_hits,
    .stops_allow = memory_stops_allow,
    .pushed = memory_pushed,
    .metrics_write = memory_metrics_write,
    .campaign_status_write = memory_campaign_status_write,
    .removals = memory_removals,
    .removal_counts = memory_removal_counts,
    .write_back = memory_write_back,
    .lead_ref = memory_lead_ref,
};

static void tables_new(struct memory *memory)
{
  memory->text = g_string_chunk_new(65536);
  memory->leads = g_ptr_array_new_with_free_func(g_free);
  memory->events = g_ptr_array_new_with_free_func(g_free);
  memory->event_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  memory->states = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  memory->folded_n = 0;
  memory->suppressions = g_array_new(FALSE, TRUE, sizeof(struct memory_suppression));
  memory->runs = g_array_new(FALSE, TRUE, sizeof(struct run_record));
  memory->errors = g_array_new(FALSE, TRUE, sizeof(struct memory_error));
  memory->metrics = g_array_new(FALSE, TRUE, sizeof(struct campaign_metric));
  memory->campaigns = g_array_new(FALSE, TRUE, sizeof(struct memory_campaign));
  memory->staged = g_array_new(FALSE, TRUE, sizeof(struct memory_staged));
  memory->epochs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  memory->holds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  memory->controls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static void tables_free(struct memory *memory)
{
  g_ptr_array_unref(memory->leads);
  g_ptr_array_unref(memory->events);
  g_hash_table_unref(memory->event_ids);
  g_hash_table_unref(memory->states);
  g_array_unref(memory->suppressions);
  g_clear_pointer(&memory->excluding, g_ptr_array_unref);
  g_array_unref(memory->runs);
  g_array_unref(memory->errors);
  g_array_unref(memory->metrics);
  g_array_unref(memory->campaigns);
  g_array_unref(memory->staged);
  g_hash_table_unref(memory->epochs);
  g_hash_table_unref(memory->holds);
  g_hash_table_unref(memory->controls);
  g_string_chunk_free(memory->text);
}

static struct warehouse *memory_open(const struct settings *settings, enum warehouse_mode mode,
                                     const struct clock *clock, GError **error)
{
  (void)mode, (void)error; /* nothing to protect, nothing to fail */
  struct memory *memory = g_new0(struct memory, 1);
  memory->ledger.ops = &memory_ops;
  memory->warehouse = (struct warehouse){.backend = &memory_backend, .ledger = &memory->ledger};
  memory->settings = settings;
  memory->clock = clock;
  random_bytes(memory->key, sizeof memory->key);
  tables_new(memory);
  return &memory->warehouse;
}

static void memory_close(struct warehouse *warehouse)
{
  tables_free((struct memory *)warehouse);
  g_free(warehouse);
}

static bool memory_schema_apply(struct warehouse *warehouse, bool *created, GError **error)
{
  (void)warehouse, (void)error;
  *created = false;
  return true;
}

static bool memory_schema_check(struct warehouse *warehouse, GArray *findings, GError **error)
{
  (void)warehouse, (void)error;
  g_array_set_size(findings, 0);
  return true;
}

const struct warehouse_backend memory_backend = {
    .type = "memory",
    .open = memory_open,
    .close = memory_close,
    .schema_apply = memory_schema_apply,
    .schema_check = memory_schema_check,
    .import_rows = memory_import_rows,
    .report_leads = memory_report_leads,
    .report_find = memory_report_find,
    .report_person_facts = memory_report_person_facts,
    .report_events = memory_report_events,
    .report_suppressions = memory_report_suppressions,
    .report_runs = memory_report_runs,
    .report_errors = memory_report_errors,
    .report_counts = memory_report_counts,
    .report_campaigns = memory_report_campaigns,
    .report_empty_values = memory_report_empty_values,
    .retry_leads = memory_retry_leads,
    .brakes_write = memory_brakes_write,
    .report_holds = memory_report_holds,
    .report_lease = report_lease_of,
    .lease_break = lease_break_of,
};

/* ---- the hands of tests ---- */

void memory_set_hold(struct warehouse *warehouse, const char *campaign_id, const char *reason)
{
  struct memory *memory = (struct memory *)warehouse;
  const char *name = campaign_id ? campaign_id : "";
  g_hash_table_remove(memory->holds, name);
  if (!reason) return;
  struct memory_hold *hold = g_new0(struct memory_hold, 1);
  hold->reason = memory_keep(memory, reason);
  g_hash_table_insert(memory->holds, g_strdup(name), hold);
}

void memory_revoke(struct warehouse *warehouse, const char *person_or_domain, int64_t at_us)
{
  struct memory *memory = (struct memory *)warehouse;
  for (guint i = 0; i < memory->suppressions->len; i++) {
    struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (g_strcmp0(row->entry.person, person_or_domain) == 0 || g_strcmp0(row->entry.domain, person_or_domain) == 0)
      row->revoked_at_us = at_us;
  }
}

void memory_reset(struct warehouse *warehouse)
{
  tables_free((struct memory *)warehouse);
  tables_new((struct memory *)warehouse);
}
