/* Runs, errors, notes, and what earlier runs left. */
#include "base/json.h"
#include "base/text.h"
#include "warehouse/bigquery.h"

#include <string.h>

/* ---- the key ---- */

static bool key_decode(struct bq_warehouse *self, const char *hex)
{
  if (!hex || strlen(hex) != 2 * BQ_KEY_BYTES) return false;
  for (size_t i = 0; i < BQ_KEY_BYTES; i++) {
    int high = g_ascii_xdigit_value(hex[2 * i]), low = g_ascii_xdigit_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    self->key.bytes[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}

bool bq_key(struct bq_warehouse *self, GError **error)
{
  if (self->key.is_loaded) return true;
  g_autofree char *hex = NULL;
  if (!bq_control_get(&self->ledger, "hmac_key", &hex, error)) return false;
  if (!key_decode(self, hex) && !self->is_read_only) {
    error_set(error, ERROR_CONFIG, "table controls has no hmac_key; run `leadferry schema apply`");
    return false;
  }
  self->key.is_loaded = true; /* without a key yet (read-only, before our tables) references are still stable */
  return true;
}

char *bq_keyed_ref(const struct bq_warehouse *self, const char *prefix, const char *text, size_t bytes)
{
  uint8_t digest[SHA256_BYTES];
  hmac_sha256(self->key.bytes, BQ_KEY_BYTES, text, strlen(text), digest);
  g_autofree char *hex = hex_encode(digest, MIN(bytes, sizeof digest));
  return g_strconcat(prefix, hex, NULL);
}

char *bq_lead_ref(struct ledger *ledger, const char *lead_id)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  if (!lead_id || !strchr(lead_id, '@')) return g_strdup(lead_id);
  if (!bq_key(self, NULL)) return g_strdup("lead");
  return bq_keyed_ref(self, BQ_REFERENCE_PREFIX, lead_id, 8);
}

/* ---- notes ---- */

bool bq_control_get(struct ledger *ledger, const char *name, char **value, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  struct bq_call call = {
      .ids = {BQ_CONTROL_GET}, .ids_n = 1, .parameters = {bigquery_text("name", name)}, .parameters_n = 1};
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  const char *const *cells = NULL;
  bool is_kept = self->epoch && self->kept.is_open;
  *value = is_kept ? g_strdup(g_hash_table_lookup(self->kept.controls, name)) : NULL;
  if (is_kept) return true;
  if (!bq_query(self, &call, &rows, error) || !bigquery_next(rows, &cells, error)) return false;
  if (cells) *value = g_strdup(cells[0]);
  return true;
}

bool bq_control_put(struct ledger *ledger, const char *name, const char *value, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  g_autoptr(GString) json = g_string_new("{");
  json_append_str(json, "name", name);
  json_append_str(json, "value", value);
  g_string_append_c(json, '}');
  struct bq_call put = BQ_SCRIPT(json->str, BQ_CONTROL_UPDATE, BQ_CONTROL_INSERT);
  struct bq_call take = BQ_SCRIPT(json->str, BQ_CONTROL_DELETE);
  if (!bq_run(self, value ? &put : &take, error)) return false;
  if (self->kept.controls && value) g_hash_table_replace(self->kept.controls, g_strdup(name), g_strdup(value));
  if (self->kept.controls && !value) g_hash_table_remove(self->kept.controls, name);
  return true;
}

/* ---- runs ---- */

/* What each statement of the run cost so far, as struct run_row has it. Caller frees. */
static char *costs_json(const struct bq_warehouse *self)
{
  g_autoptr(GArray) costs = bigquery_costs(self->client);
  GString *json = g_string_new("{");
  for (guint i = 0; i < costs->len; i++) {
    const struct bigquery_cost *cost = &g_array_index(costs, struct bigquery_cost, i);
    json_append_key(json, cost->statement);
    g_string_append_c(json, '{');
    json_append_int(json, "jobs", cost->jobs_n);
    json_append_int(json, "bytes_billed", cost->bytes_billed);
    g_string_append_c(json, '}');
  }
  g_string_append_c(json, '}');
  return g_string_free(json, FALSE);
}

/* counts and costs are NULL at the start. */
static void run_add(struct bq_warehouse *self, const struct run_record *run, const char *counts, const char *costs,
                    struct bq_batch *batch)
{
  struct bigquery_totals totals = bigquery_totals(self->client);
  g_autoptr(GString) json = g_string_new("{");
  json_append_str(json, "run_id", run->run_id);
  json_append_int(json, "is_end", counts != NULL);
  json_append_str(json, "job", run->job ? run->job : "");
  json_append_str(json, "verdict", run->verdict);
  json_append_int(json, "exit_code", run->exit_code);
  json_append_str(json, "counts", counts);
  json_append_int(json, "source_rows", run->source_rows);
  json_append_time(json, "started_at", run->started_at_us);
  json_append_time(json, "ended_at", run->ended_at_us);
  json_append_time(json, "scan_started_at", run->scan_started_at_us);
  json_append_time(json, "full_scan_finished_at", run->full_scan_finished_at_us);
  json_append_time(json, "stops_read_at", run->stops_read_at_us);
  bool is_fit = counts && !self->is_unfit;
  json_append_time(json, "folded_until", is_fit ? self->fold_began_us : 0);
  g_autofree char *state = is_fit && self->kept.has_answer
                               ? g_strdup_printf("%s %" G_GINT64_FORMAT, self->kept.state, self->kept.events_n)
                               : NULL;
  json_append_str(json, "folded_state", state);
  json_append_int(json, "statements", totals.jobs_n);
  json_append_int(json, "bytes_billed", totals.bytes_billed);
  json_append_str(json, "costs", costs);
  json_append_str(json, "fingerprint", run->fingerprint);
  json_append_str(json, "detail", run->detail);
  json_append_time(json, "recorded_at", bq_now_us(self));
  g_string_append_c(json, '}');
  g_autofree char *id = g_strdup_printf("%s.%s", run->run_id, counts ? "end" : "start");
  bq_batch_add(batch, id, json->str);
}

static bool run_put(struct bq_warehouse *self, const struct run_record *run, const char *counts, const char *costs,
                    GError **error)
{
  struct bq_batch batch;
  bq_batch_init(&batch);
  run_add(self, run, counts, costs, &batch);
  bool is_ok = bq_batch_send(self, &batch, "pipeline_runs", error);
  bq_batch_clear(&batch);
  return is_ok;
}

bool bq_run_skipped(struct bq_warehouse *self, const struct run_record *run, GError **error)
{
  struct bq_batch batch;
  bq_batch_init(&batch);
  run_add(self, run, NULL, NULL, &batch);
  run_add(self, run, "{}", "{}", &batch);
  bool is_ok = bq_batch_send(self, &batch, "pipeline_runs", error);
  bq_batch_clear(&batch);
  return is_ok;
}

bool bq_run_begin(struct ledger *ledger, const struct run_record *run, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  g_free(self->run.run_id);
  self->run.run_id = g_strdup(run->run_id);
  self->run.started_at_us = run->started_at_us;
  return bq_mark_check(self, error) && run_put(self, run, NULL, NULL, error);
}

static void count_row(const char *const *cells, void *into)
{
  bq_counting_add(into, cells);
}

/* What was streamed and is not seen yet counts as well. Takes counts; caller frees. */
static char *counts_with_unseen(struct bq_warehouse *self, const char *run_id, char *counts)
{
  if (!counts || bq_streams_are_whole(self, NULL)) return counts;
  g_autofree char *taken = counts;
  g_autoptr(cJSON) tree = json_parse(taken, strlen(taken), NULL);
  GString *json = g_string_new("{");
  const cJSON *item = NULL;
  cJSON_ArrayForEach(item, tree)
  {
    int64_t seen_n = 0;
    (void)json_int(tree, item->string, &seen_n);
    json_append_int(json, item->string, MAX(seen_n, bq_streamed_n(self, run_id, item->string)));
  }
  g_autoptr(GList) names = bq_streamed_names(self, run_id);
  for (const GList *at = names; at; at = at->next)
    if (!json_get(tree, at->data)) json_append_int(json, at->data, bq_streamed_n(self, run_id, at->data));
  g_string_append_c(json, '}');
  return g_string_free(json, FALSE);
}

/* Nobody but this process appends under its run_id: what the last fold counted is all, unless more was appended since.
 * NULL with an error. Caller frees. */
static char *counts_read(struct bq_warehouse *self, const struct run_record *run, GError **error)
{
  bool is_own = g_strcmp0(run->run_id, self->run.run_id) == 0;
  if (is_own && bq_kept_is_whole(self) && !self->is_dirty) return g_strdup(self->kept.counts);
  struct bq_call call = {
      .ids = {BQ_RUN_COUNTS},
      .ids_n = 1,
      .parameters = {bigquery_text("run_id", run->run_id), bq_since("since", run->started_at_us - BQ_OVERLAP_US)},
      .parameters_n = 2};
  struct bq_counting counting;
  bq_counting_begin(&counting);
  char *counts = bq_each(self, &call, count_row, &counting, error) ? bq_counting_end(&counting) : NULL;
  bq_counting_clear(&counting);
  return is_own ? counts_with_unseen(self, run->run_id, counts) : counts;
}

/* Whoever asks right after the end is told so without a question. */
static void run_keep(struct bq_warehouse *self, const struct run_record *run, const char *counts, const char *costs)
{
  struct run_row row = {.run = *run, .counts = counts, .costs = costs};
  page_reset(&self->last_run);
  bq_run_row_add(&self->last_run, &row);
}

bool bq_run_end(struct ledger *ledger, const struct run_record *run, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  struct run_record end = *run;
  if (!end.started_at_us && g_strcmp0(run->run_id, self->run.run_id) == 0) end.started_at_us = self->run.started_at_us;
  if (!bq_metrics_flush(self, error)) return false;
  g_autofree char *counts = counts_read(self, &end, error);
  g_autofree char *costs = costs_json(self);
  if (!counts || !run_put(self, &end, counts, costs, error)) return false;
  run_keep(self, &end, counts, costs);
  return true;
}

/* ---- facts ---- */

bool bq_facts(struct ledger *ledger, struct ledger_facts *facts, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  struct bq_call call = {.ids = {BQ_FACTS}, .ids_n = 1};
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  const char *const *cells = NULL;
  if (bq_kept_is_whole(self)) {
    *facts = self->kept.facts;
    return true;
  }
  *facts = (struct ledger_facts){0};
  if (!bq_query(self, &call, &rows, error) || !bigquery_next(rows, &cells, error)) return false;
  if (!cells) return true;
  *facts = (struct ledger_facts){.stops_read_at_us = bq_cell_int(cells[0]),
                                 .full_scan_finished_at_us = bq_cell_int(cells[1]),
                                 .full_scan_started_at_us = bq_cell_int(cells[2]),
                                 .last_source_rows = bq_cell_int(cells[3]),
                                 .enrolled = bq_cell_int(cells[4]),
                                 .unsettled = bq_cell_int(cells[5]),
                                 .source_rows = bq_cell_int(cells[6]),
                                 .has_claims = bq_cell_bool(cells[7]),
                                 .full_scan_ended_at_us = bq_cell_int(cells[8])};
  return true;
}

static void campaign_count_add(const char *const *cells, void *into)
{
  GArray *counts = into;
  struct bq_campaign_count count = {
      .claimed_n = bq_cell_int(cells[1]), .fed_n = bq_cell_int(cells[2]), .contacted_n = bq_cell_int(cells[3])};
  g_strlcpy(count.campaign_id, cells[0], sizeof count.campaign_id);
  g_array_append_val(counts, count);
}

static bool campaigns_read(struct bq_warehouse *self, int64_t day_start_us, GError **error)
{
  if (self->counts && self->counts_day_us == day_start_us) return true;
  struct bq_call call = {.ids = {BQ_CAMPAIGN_COUNTS},
                         .ids_n = 1,
                         .parameters = {bq_since("since", MIN(day_start_us, bq_now_us(self)) - BQ_OVERLAP_US),
                                        bq_since("day_start", day_start_us)},
                         .parameters_n = 2};
  g_autoptr(GArray) counts = g_array_new(FALSE, TRUE, sizeof(struct bq_campaign_count));
  if (!bq_each(self, &call, campaign_count_add, counts, error)) return false;
  g_clear_pointer(&self->counts, g_array_unref);
  self->counts = g_steal_pointer(&counts);
  self->counts_day_us = day_start_us;
  return true;
}

bool bq_campaign_counts(struct ledger *ledger, const char *campaign_id, int64_t day_start_us,
                        struct campaign_counts *counts, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  *counts = (struct campaign_counts){0};
  if (!campaigns_read(self, day_start_us, error)) return false;
  for (guint i = 0; i < self->counts->len; i++) {
    const struct bq_campaign_count *row = &g_array_index(self->counts, struct bq_campaign_count, i);
    if (strcmp(row->campaign_id, campaign_id) != 0) continue;
    counts->claimed_today += row->claimed_n;
    counts->ever_fed += row->fed_n;
    counts->ever_contacted += row->contacted_n;
  }
  return true;
}

/* ---- errors ---- */

static bool failures_of(struct bq_warehouse *self, const char *error_id, const struct error_row *row, int64_t *n,
                        GError **error)
{
  struct bq_call call = {.ids = {BQ_ERROR_FAILURES},
                         .ids_n = 1,
                         .parameters = {bigquery_text("error_id", error_id), bigquery_text("job", row->run_job)},
                         .parameters_n = 2};
  *n = row->retry_count;
  return !row->run_job || bq_run_int(self, &call, n, error);
}

static bool error_add(struct bq_warehouse *self, const struct error_row *row, struct bq_batch *batch, GError **error)
{
  int64_t retry_count = 0;
  g_autofree char *id = bq_keyed_ref(self, "e_", row->key ? row->key : row->type, 16);
  if (!failures_of(self, id, row, &retry_count, error)) return false;
  g_autoptr(GString) json = g_string_new("{");
  json_append_str(json, "error_id", id);
  json_append_time(json, "error_timestamp", bq_now_us(self));
  json_append_str(json, "error_type", row->type);
  json_append_str(json, "lead_id", row->lead_ref);
  json_append_str(json, "error_message", row->message);
  json_append_int(json, "retry_count", retry_count);
  g_string_append_c(json, '}');
  g_autofree char *insert_id =
      g_strdup_printf("%s.%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, id, retry_count, bq_now_us(self));
  bq_batch_add(batch, insert_id, json->str);
  return true;
}

bool bq_errors_append(struct ledger *ledger, const struct error_row *rows, size_t rows_n, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  if (rows_n == 0) return true;
  if (!bq_key(self, error)) return false;
  struct bq_batch batch;
  bq_batch_init(&batch);
  bool is_ok = true;
  for (size_t i = 0; is_ok && i < rows_n; i++)
    is_ok = error_add(self, &rows[i], &batch, error);
  is_ok = is_ok && bq_batch_send(self, &batch, "pipeline_errors", error);
  bq_batch_clear(&batch);
  return is_ok;
}
