/* Which stops the staged rows ask for, and the mailboxes that bounce too often: BigQuery counts a mailbox's sends,
 * core/sync.h decides row by row. */
#include "core/sync.h"
#include "warehouse/bigquery.h"

#include <string.h>

/* Behind the columns of a row. */
enum {
  CELL_SPIKE = 21,
  CELL_LEAD,
  CELL_PERSON,
  CELL_CAMPAIGN,
  CELL_ID,
  CELL_CLAIM,
  CELL_GENERATION,
  CELL_EPOCH,
  CELL_HELD,
  CELL_IN_FORCE,
  CELL_EVIDENCE,
  CELL_SEEN
};

struct asks {
  struct bq_warehouse *self;
  const struct stage_rules *rules;
  GArray *stops;      /* struct bq_stop_row */
  GArray *spikes;     /* the same, of mailboxes that bounce too often */
  GArray *holds;      /* struct lead_event */
  GStringChunk *text; /* their strings */
};

/* A handle that only reads knows what it staged itself. */
static void kept_stops(struct bq_warehouse *self, const struct stage_rules *rules, struct stage_report *report)
{
  for (guint i = 0; i < self->kept_rows->len; i++) {
    struct sync_stop stop;
    if (!sync_stop(&g_array_index(self->kept_rows, struct remote_lead, i), rules, &stop)) continue;
    bq_stop_keep(self, &(struct bq_stop_row){.stop = stop.suppression, .evidence_at_us = stop.evidence_at_us});
    report->suppressed_n++;
  }
  g_array_set_size(self->kept_rows, 0);
}

static const char *kept(const struct asks *asks, const char *text)
{
  return text ? g_string_chunk_insert(asks->text, text) : NULL;
}

/* Once per bounce: whoever waits already, or was looked at with this evidence, is left alone. */
static void hold_add(const struct asks *asks, const char *const *cells, const struct sync_stop *stop)
{
  bool is_old = bq_cell_bool(cells[CELL_IN_FORCE]) ||
                (cells[CELL_EVIDENCE] && bq_cell_int(cells[CELL_EVIDENCE]) >= stop->evidence_at_us);
  if (is_old || bq_cell_bool(cells[CELL_HELD])) return;
  struct lead_event event = {.kind = EVENT_HELD,
                             .reason = "bounce_spike",
                             .lead_id = kept(asks, cells[CELL_LEAD]),
                             .person = kept(asks, cells[CELL_PERSON]),
                             .campaign_id = kept(asks, cells[CELL_CAMPAIGN]),
                             .instantly_id = kept(asks, cells[CELL_ID]),
                             .claim_id = kept(asks, cells[CELL_CLAIM]),
                             .generation = bq_cell_int(cells[CELL_GENERATION]),
                             .epoch = bq_cell_int(cells[CELL_EPOCH]),
                             .run_id = asks->rules->run_id};
  g_array_append_val(asks->holds, event);
}

static void ask_add(const char *const *cells, void *into)
{
  struct asks *asks = into;
  struct remote_lead row;
  struct sync_stop stop;
  if (bq_stage_lacks(asks->self, cells[CELL_SEEN])) return; /* and so of all the others: it is asked again */
  bq_cell_remote(cells, &row);
  if (!sync_stop(&row, asks->rules, &stop)) return;
  bool is_spike = bq_cell_bool(cells[CELL_SPIKE]) && g_strcmp0(stop.suppression.reason, "bounced") == 0;
  struct bq_stop_row out = {.stop = stop.suppression, .evidence_at_us = stop.evidence_at_us, .is_void = is_spike};
  out.stop.person = g_string_chunk_insert_const(asks->text, stop.suppression.person);
  g_array_append_vals(is_spike ? asks->spikes : asks->stops, &out, 1);
  if (is_spike) hold_add(asks, cells, &stop);
}

/* What was judged together is never judged again: the entry knows the newest of a person's bounces. */
static void spikes_level(GArray *spikes)
{
  g_autoptr(GHashTable) newest = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < spikes->len; i++) {
    struct bq_stop_row *row = &g_array_index(spikes, struct bq_stop_row, i);
    int64_t *known = g_hash_table_lookup(newest, row->stop.person);
    if (known)
      *known = MAX(*known, row->evidence_at_us);
    else
      g_hash_table_insert(newest, (gpointer)row->stop.person, &row->evidence_at_us);
  }
  for (guint i = 0; i < spikes->len; i++) {
    struct bq_stop_row *row = &g_array_index(spikes, struct bq_stop_row, i);
    row->evidence_at_us = *(int64_t *)g_hash_table_lookup(newest, row->stop.person);
  }
}

static bool asks_read(struct bq_warehouse *self, struct asks *asks, GError **error)
{
  const struct stage_rules *rules = asks->rules;
  struct bq_call call = {
      .ids = {BQ_STAGED_STOPS},
      .ids_n = 1,
      .parameters = {bigquery_text("run_id", rules->run_id), bq_since("since", bq_staged_since_us(self)),
                     bigquery_bool("judges", rules->judges_mailboxes), bq_since("sent_since", rules->sent_since_us),
                     bigquery_int("sends", BOUNCE_SPIKE_SENDS), bigquery_int("percent", BOUNCE_SPIKE_PERCENT),
                     bq_since("now", rules->now_us)},
      .parameters_n = 7};
  if (!bq_each(self, &call, ask_add, asks, error)) return false;
  if (!bq_stage_lacks(self, NULL)) return true;
  return bq_stage_wait(self, error) && bq_each(self, &call, ask_add, asks, error);
}

/* The holds first: a run that dies behind them meets the bounces anew and the leads held. */
static bool asks_write(struct bq_warehouse *self, const struct asks *asks, struct stage_report *report, GError **error)
{
  int64_t added_n = 0, voided_n = 0;
  int64_t now_us = bq_now_us(self);
  for (guint i = 0; i < asks->holds->len; i++)
    g_array_index(asks->holds, struct lead_event, i).occurred_at_us = now_us;
  spikes_level(asks->spikes);
  if (!bq_append(&self->ledger, (const struct lead_event *)(void *)asks->holds->data, asks->holds->len, error) ||
      !bq_stops_write(self, asks->spikes, asks->rules->now_us, &voided_n, error) ||
      !bq_stops_write(self, asks->stops, asks->rules->now_us, &added_n, error))
    return false;
  report->spike_n += asks->holds->len;
  report->suppressed_n += added_n;
  return true;
}

/* As many rows as there are persons who said stop; they are written by one script, bounces of a mailbox that spikes by
 * another one. */
bool bq_stage_stops(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  if (self->is_read_only) kept_stops(self, rules, report);
  if (self->is_read_only) return true;
  if (self->asks_n == 0) return true; /* nobody whose row was staged since said anything */
  struct asks asks = {.self = self,
                      .rules = rules,
                      .stops = g_array_new(FALSE, TRUE, sizeof(struct bq_stop_row)),
                      .spikes = g_array_new(FALSE, TRUE, sizeof(struct bq_stop_row)),
                      .holds = g_array_new(FALSE, TRUE, sizeof(struct lead_event)),
                      .text = g_string_chunk_new(4096)};
  bool is_ok = asks_read(self, &asks, error) && asks_write(self, &asks, report, error);
  g_array_unref(asks.stops);
  g_array_unref(asks.spikes);
  g_array_unref(asks.holds);
  if (is_ok) self->asks_n = 0;
  g_string_chunk_free(asks.text);
  return is_ok;
}
