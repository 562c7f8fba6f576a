/* The reference warehouse: runs, what earlier runs left, metrics and campaign_status. */
#include "base/json.h"
#include "warehouse/memory_priv.h"

#include <string.h>

/* ---- runs ---- */

static struct run_record *run_find(struct memory *memory, const char *run_id)
{
  for (guint i = 0; i < memory->runs->len; i++) {
    struct run_record *run = &g_array_index(memory->runs, struct run_record, i);
    if (strcmp(run->run_id, run_id) == 0) return run;
  }
  return NULL;
}

static struct run_record run_copy(struct memory *memory, const struct run_record *run)
{
  struct run_record copy = *run;
  copy.run_id = memory_keep(memory, run->run_id);
  copy.job = memory_keep(memory, run->job);
  copy.verdict = memory_keep(memory, run->verdict);
  copy.detail = memory_keep(memory, run->detail);
  copy.fingerprint = memory_keep(memory, run->fingerprint);
  return copy;
}

bool memory_run_begin(struct ledger *ledger, const struct run_record *run, GError **error)
{
  (void)error;
  struct run_record copy = run_copy(memory_of(ledger), run);
  if (!copy.started_at_us) copy.started_at_us = memory_now_us(memory_of(ledger));
  g_array_append_val(memory_of(ledger)->runs, copy);
  return true;
}

/* The end row stands in for the start row; what it does not say stays as the start said it. */
bool memory_run_end(struct ledger *ledger, const struct run_record *run, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  struct run_record copy = run_copy(memory, run);
  if (!copy.ended_at_us) copy.ended_at_us = memory_now_us(memory);
  struct run_record *begun = run_find(memory, run->run_id);
  if (!begun) {
    g_array_append_val(memory->runs, copy);
    return true;
  }
  copy.started_at_us = copy.started_at_us ? copy.started_at_us : begun->started_at_us;
  copy.job = copy.job ? copy.job : begun->job;
  copy.source_rows = copy.source_rows ? copy.source_rows : begun->source_rows;
  copy.fingerprint = copy.fingerprint ? copy.fingerprint : begun->fingerprint;
  *begun = copy;
  return true;
}

/* ---- what earlier runs left ---- */

static void run_facts(const struct memory *memory, struct ledger_facts *facts)
{
  int64_t newest_us = 0;
  for (guint i = 0; i < memory->runs->len; i++) {
    const struct run_record *run = &g_array_index(memory->runs, struct run_record, i);
    if (!run->ended_at_us) continue;
    facts->stops_read_at_us = MAX(facts->stops_read_at_us, run->stops_read_at_us);
    if (run->full_scan_finished_at_us > facts->full_scan_finished_at_us) {
      facts->full_scan_finished_at_us = run->full_scan_finished_at_us;
      facts->full_scan_started_at_us = run->scan_started_at_us;
      facts->full_scan_ended_at_us = run->ended_at_us;
    }
    if (run->source_rows && run->ended_at_us >= newest_us) {
      newest_us = run->ended_at_us;
      facts->last_source_rows = run->source_rows;
    }
  }
}

bool memory_facts(struct ledger *ledger, struct ledger_facts *facts, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  *facts = (struct ledger_facts){.source_rows = memory->leads->len};
  run_facts(memory, facts);
  for (guint i = 0; !facts->has_claims && i < memory->events->len; i++)
    facts->has_claims = ((const struct lead_event *)g_ptr_array_index(memory->events, i))->kind == EVENT_CLAIMED;
  g_autoptr(GHashTable) enrolled = g_hash_table_new(g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, memory->states);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const struct lead_state *state = value;
    facts->unsettled += state->settlement == SETTLEMENT_CLAIMED;
    if (state_is_enrolled(state)) g_hash_table_add(enrolled, (gpointer)state->person);
  }
  facts->enrolled = g_hash_table_size(enrolled);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    facts->unlisting_n += row->is_ours_listed && row->revoked_at_us;
  }
  return true;
}

/* ---- metrics ---- */

static bool is_same_metric(const struct campaign_metric *a, const struct campaign_metric *b)
{
  return strcmp(a->campaign_id, b->campaign_id) == 0 && g_strcmp0(a->step, b->step) == 0 &&
         g_strcmp0(a->variant, b->variant) == 0 && a->day_us == b->day_us;
}

static void metric_write(struct memory *memory, const struct campaign_metric *row)
{
  struct campaign_metric copy = *row;
  copy.campaign_id = memory_keep(memory, row->campaign_id);
  copy.campaign_name = memory_keep(memory, row->campaign_name);
  copy.step = memory_keep(memory, row->step);
  copy.variant = memory_keep(memory, row->variant);
  for (guint i = 0; i < memory->metrics->len; i++) {
    struct campaign_metric *old = &g_array_index(memory->metrics, struct campaign_metric, i);
    if (is_same_metric(old, row)) {
      *old = copy;
      return;
    }
  }
  g_array_append_val(memory->metrics, copy);
}

bool memory_metrics_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n, GError **error)
{
  (void)error;
  for (size_t i = 0; i < rows_n; i++)
    metric_write(memory_of(ledger), &rows[i]);
  return true;
}

/* Where it counts: the campaign of its claim; of whom was adopted without one, that of the row. */
static const char *campaign_of(const struct lead_state *state)
{
  return state->campaign_id ? state->campaign_id : state->current_campaign_id;
}

/* Persons ever enrolled in a campaign, and those of them whose sequence is completed. */
static void campaign_totals(struct memory *memory, struct memory_campaign *campaign)
{
  g_autoptr(GHashTable) ever = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) completed = g_hash_table_new(g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, memory->states);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const struct lead_state *state = value;
    if (!state->ever_added_at_us || g_strcmp0(campaign_of(state), campaign->campaign_id) != 0) continue;
    g_hash_table_add(ever, (gpointer)state->person);
    if (memory_columns(memory, state).sequence_completed) g_hash_table_add(completed, (gpointer)state->person);
  }
  campaign->total_leads = g_hash_table_size(ever);
  campaign->leads_completed = g_hash_table_size(completed);
}

static void campaign_write(struct memory *memory, const struct campaign_metric *row, int64_t synced_at_us)
{
  struct memory_campaign campaign = {
      .campaign_id = memory_keep(memory, row->campaign_id),
      .campaign_name = memory_keep(memory, row->campaign_name),
      .last_sync_us = synced_at_us,
  };
  campaign_totals(memory, &campaign);
  for (guint i = 0; i < memory->campaigns->len; i++) {
    struct memory_campaign *old = &g_array_index(memory->campaigns, struct memory_campaign, i);
    if (strcmp(old->campaign_id, row->campaign_id) == 0) {
      *old = campaign;
      return;
    }
  }
  g_array_append_val(memory->campaigns, campaign);
}

bool memory_campaign_status_write(struct ledger *ledger, const struct campaign_metric *rows, size_t rows_n,
                                  int64_t synced_at_us, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  memory_fold(memory);
  for (size_t i = 0; i < rows_n; i++)
    campaign_write(memory, &rows[i], synced_at_us);
  return true;
}

/* ---- reports ---- */

static const char *event_word(const struct lead_event *event)
{
  return event->kind == EVENT_STATUS ? status_fact_name(event->fact) : event->reason;
}

static int by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* {"added": 12, "rejected/invalid": 1} of the run's events, in the order of names. Caller frees. */
static char *run_counts(struct memory *memory, const char *run_id)
{
  g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (g_strcmp0(event->run_id, run_id) != 0) continue;
    const char *word = event_word(event);
    char *name = word && *word ? g_strconcat(event_kind_name(event->kind), "/", word, NULL)
                               : g_strdup(event_kind_name(event->kind));
    intptr_t n = (intptr_t)g_hash_table_lookup(counts, name);
    g_hash_table_replace(counts, name, (gpointer)(n + 1));
  }
  g_autofree gpointer *names = g_hash_table_get_keys_as_array(counts, NULL);
  guint names_n = g_hash_table_size(counts);
  qsort(names, names_n, sizeof *names, by_text);
  GString *text = g_string_new("{");
  for (guint i = 0; i < names_n; i++)
    json_append_int(text, names[i], (intptr_t)g_hash_table_lookup(counts, names[i]));
  g_string_append_c(text, '}');
  return g_string_free(text, FALSE);
}

static int newest_first(gconstpointer a, gconstpointer b)
{
  const struct run_row *x = a, *y = b;
  if (x->run.started_at_us != y->run.started_at_us) return x->run.started_at_us < y->run.started_at_us ? 1 : -1;
  return strcmp(y->run.run_id, x->run.run_id);
}

/* Keeps the first of each job in rows that are sorted. */
static void keep_last_of_job(GArray *rows)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  guint kept_n = 0;
  for (guint i = 0; i < rows->len; i++) {
    struct run_row row = g_array_index(rows, struct run_row, i);
    if (g_hash_table_add(seen, (gpointer)row.run.job)) g_array_index(rows, struct run_row, kept_n++) = row;
  }
  g_array_set_size(rows, kept_n);
}

bool memory_report_runs(struct warehouse *warehouse, const struct run_query *query, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  page_reset(page);
  for (guint i = 0; i < memory->runs->len; i++) {
    const struct run_record *run = &g_array_index(memory->runs, struct run_record, i);
    if (query->run_id && strcmp(run->run_id, query->run_id) != 0) continue;
    g_autofree char *counts = run_counts(memory, run->run_id);
    struct run_row row = {.run = *run, .counts = page_text(page, counts)};
    g_array_append_val(page->rows, row);
  }
  g_array_sort(page->rows, newest_first);
  if (query->is_last_of_job) keep_last_of_job(page->rows);
  if (page->rows->len > query->limit) g_array_set_size(page->rows, (guint)query->limit);
  return true;
}

static int by_campaign_id(gconstpointer a, gconstpointer b)
{
  return strcmp(((const struct campaign_metric *)a)->campaign_id, ((const struct campaign_metric *)b)->campaign_id);
}

static const struct campaign_metric *total_of(const struct memory *memory, const char *campaign_id)
{
  struct campaign_metric key = {.campaign_id = campaign_id};
  for (guint i = 0; i < memory->metrics->len; i++) {
    const struct campaign_metric *metric = &g_array_index(memory->metrics, struct campaign_metric, i);
    if (is_same_metric(metric, &key)) return metric;
  }
  return NULL;
}

bool memory_report_campaigns(struct warehouse *warehouse, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  page_reset(page);
  for (guint i = 0; i < memory->campaigns->len; i++) {
    const struct memory_campaign *campaign = &g_array_index(memory->campaigns, struct memory_campaign, i);
    const struct campaign_metric *total = total_of(memory, campaign->campaign_id);
    struct campaign_metric row =
        total ? *total : (struct campaign_metric){.status = CAMPAIGN_UNREAD, .leads = campaign->total_leads};
    row.campaign_id = campaign->campaign_id;
    row.campaign_name = campaign->campaign_name;
    g_array_append_val(page->rows, row);
  }
  g_array_sort(page->rows, by_campaign_id);
  return true;
}

/* ---- notes ---- */

bool memory_control_get(struct ledger *ledger, const char *name, char **value, GError **error)
{
  (void)error;
  *value = g_strdup(g_hash_table_lookup(memory_of(ledger)->controls, name));
  return true;
}

bool memory_control_put(struct ledger *ledger, const char *name, const char *value, GError **error)
{
  (void)error;
  if (value)
    g_hash_table_insert(memory_of(ledger)->controls, g_strdup(name), g_strdup(value));
  else
    g_hash_table_remove(memory_of(ledger)->controls, name);
  return true;
}
