/* Appending, the fold, and what an earlier run left open. */
#include "base/json.h"
#include "warehouse/bigquery.h"

#include <string.h>

void bq_forget(struct bq_warehouse *self)
{
  g_clear_pointer(&self->counts, g_array_unref);
  g_clear_pointer(&self->unsettled, g_array_unref);
  g_clear_pointer(&self->unsettled_text, g_string_chunk_free);
  g_clear_pointer(&self->unsettled_own_run_id, g_free);
  bq_stream_close(&self->claims);
  bq_stream_close(&self->removals);
  bq_verify_close(&self->verify);
}

/* ---- append ---- */

static void event_json(GString *out, const struct lead_event *event, const char *id)
{
  g_string_assign(out, "{");
  json_append_str(out, "event_id", id);
  json_append_int(out, "kind", event->kind);
  json_append_int(out, "fact", event->fact);
  json_append_str(out, "reason", event->reason);
  json_append_str(out, "lead_id", event->lead_id);
  json_append_str(out, "person", event->person);
  json_append_str(out, "campaign_id", event->campaign_id);
  json_append_str(out, "instantly_id", event->instantly_id);
  json_append_str(out, "claim_id", event->claim_id);
  json_append_str(out, "batch_id", event->batch_id);
  json_append_int(out, "ord", event->ord);
  json_append_int(out, "ord_to", event->ord_to);
  json_append_str(out, "body_hash", event->body_hash);
  bq_json_int(out, "attempt", event->attempt); /* the number of a hold is a time: as text no digit is lost */
  json_append_int(out, "generation", event->generation);
  json_append_int(out, "epoch", event->epoch);
  json_append_str(out, "run_id", event->run_id);
  g_autofree char *occurred_at = time_format_us(event->occurred_at_us);
  g_autofree char *recorded_at = time_format_us(event->recorded_at_us);
  json_append_str(out, "occurred_at", occurred_at);
  json_append_str(out, "recorded_at", recorded_at);
  json_append_str(out, "detail", event->detail);
  g_string_append_c(out, '}');
}

/* Later than every hold and resolution of these leads so far, also when the clock was set back since. */
static bool hold_number(struct bq_warehouse *self, const struct lead_event *events, size_t events_n, int64_t *number,
                        GError **error)
{
  g_autoptr(GPtrArray) lead_ids = g_ptr_array_new();
  int64_t last = 0;
  for (size_t i = 0; i < events_n; i++)
    if (events[i].kind == EVENT_HELD && events[i].attempt == 0) g_ptr_array_add(lead_ids, (gpointer)events[i].lead_id);
  *number = bq_now_us(self);
  if (lead_ids->len == 0) return true;
  struct bq_call call = {
      .ids = {BQ_HOLD_NUMBER},
      .ids_n = 1,
      .parameters = {bigquery_texts("lead_ids", (const char *const *)(void *)lead_ids->pdata, lead_ids->len)},
      .parameters_n = 1};
  if (!bq_run_int(self, &call, &last, error)) return false;
  *number = MAX(*number, last + 1);
  return true;
}

/* What was taken counts as there, whoever sees it when. */
static void events_note(struct bq_warehouse *self, const struct lead_event *events, const struct bq_batch *batch,
                        bool is_taken)
{
  int64_t now_us = bq_now_us(self);
  for (guint i = 0; i < batch->rows->len; i++) {
    struct lead_event event = events[i];
    event.recorded_at_us = now_us;
    if (is_taken)
      bq_streams_note(self, &event, g_array_index(batch->rows, struct bigquery_stream_row, i).insert_id);
    else
      bq_streams_doubt(self, event.run_id);
  }
}

/* A retried append must be the same rows under the same ids: the id is made of the fact, and the text once. */
bool bq_append(struct ledger *ledger, const struct lead_event *events, size_t events_n, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  int64_t number = 0;
  if (events_n == 0) return true;
  if (!hold_number(self, events, events_n, &number, error)) return false;
  struct bq_batch batch;
  bq_batch_init(&batch);
  g_autoptr(GString) json = g_string_sized_new(1024);
  int64_t now_us = bq_now_us(self);
  for (size_t i = 0; i < events_n; i++) {
    struct lead_event event = events[i];
    char id[EVENT_ID_CHARS + 1];
    event.recorded_at_us = now_us;
    if (event.kind == EVENT_HELD && event.attempt == 0) event.attempt = number;
    event_id(&event, id);
    event_json(json, &event, id);
    bq_batch_add(&batch, id, json->str);
  }
  bool is_ok = bq_batch_send(self, &batch, "lead_events", error);
  events_note(self, events, &batch, is_ok);
  bq_batch_clear(&batch);
  self->is_dirty = true;
  g_clear_pointer(&self->unsettled, g_array_unref);
  return is_ok;
}

/* ---- fold ---- */

static bool since_read(struct bq_warehouse *self, GError **error)
{
  int64_t folded_until_us = 0;
  struct bq_call call = {.ids = {BQ_FOLDED_UNTIL}, .ids_n = 1};
  if (self->since_us) return true;
  if (!bq_run_int(self, &call, &folded_until_us, error)) return false;
  self->since_us = MAX(folded_until_us - BQ_OVERLAP_US, 1);
  return true;
}

static bool fold_once(struct bq_warehouse *self, GError **error)
{
  int64_t began_us = bq_now_us(self);
  int64_t since_us = self->refold_since_us ? self->refold_since_us : self->since_us;
  struct bq_call call = {.ids = {BQ_FOLD_GATHER, BQ_FOLD_WRITE, BQ_FOLD_ANSWER},
                         .ids_n = 3,
                         .parameters = {bigquery_time("since", since_us),
                                        bigquery_text("run_id", self->run.run_id ? self->run.run_id : "")},
                         .parameters_n = 2};
  if (!bq_kept_fold(self, &call, error)) return false;
  self->fold_began_us = began_us;
  self->refold_since_us = 0;
  self->is_dirty = !bq_streams_are_whole(self, NULL);
  bq_forget(self);
  return true;
}

/* What nobody appended to since this handle folded is folded; others' events are taken up by the next run at the
 * latest, which folds before it decides anything. Under a lease it waits for what is known to be streamed. What does
 * not come in that time is folded by a later run; until then who decides by it asks whether all is there. */
bool bq_fold(struct ledger *ledger, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  bool are_whole = false;
  if (self->is_read_only) return true;
  if (self->fold_began_us && !self->is_dirty && self->epoch) return true;
  if (!since_read(self, error) || !fold_once(self, error)) return false;
  if (!self->is_dirty || !self->epoch) return true;
  return bq_streams_wait(self, self->since_us, &are_whole, error) && (!are_whole || fold_once(self, error));
}

bool bq_refold(struct ledger *ledger, bool *is_whole, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  *is_whole = !bq_kept_lacks_events(self);
  self->is_unfit = false;
  self->refold_since_us = *is_whole ? BQ_SINCE_ANEW : BQ_SINCE_EVER;
  self->is_dirty = true;
  return bq_fold(ledger, error);
}

/* ---- claims of other runs that nobody settled ---- */

static const char *kept(struct bq_warehouse *self, const char *text)
{
  return text ? g_string_chunk_insert(self->unsettled_text, text) : NULL;
}

/* A claim that stands in several `sending` rows comes once for each, oldest first: the last counts. */
static void unsettled_add(const char *const *cells, void *into)
{
  struct bq_warehouse *self = into;
  struct bq_unsettled row = {
      .claim = {.lead_id = kept(self, cells[0]),
                .person = kept(self, cells[1]),
                .campaign_id = kept(self, cells[2]),
                .claim_id = kept(self, cells[3]),
                .generation = bq_cell_int(cells[4]),
                .epoch = bq_cell_int(cells[5]),
                .attempt = bq_cell_int(cells[6]),
                .run_id = kept(self, cells[7]),
                .ord = bq_cell_int(cells[8])},
      .batch_id = kept(self, cells[9]),
      .batch_ord = bq_cell_int(cells[10]),
      .batch_ord_to = bq_cell_int(cells[11]),
      .sent_at_us = bq_cell_int(cells[12]),
      .newest_us = bq_cell_int(cells[13]),
  };
  if (bq_is_settled(self, row.claim.run_id, row.claim.ord)) return;
  g_array_append_val(self->unsettled, row);
}

static bool unsettled_read(struct bq_warehouse *self, const char *own_run_id, GError **error)
{
  if (self->unsettled && g_strcmp0(self->unsettled_own_run_id, own_run_id) == 0) return true;
  if (!bq_fold(&self->ledger, error)) return false;
  struct bq_call call = {.ids = {BQ_UNSETTLED_CLAIMS},
                         .ids_n = 1,
                         .parameters = {bigquery_text("own_run_id", own_run_id ? own_run_id : ""),
                                        bq_since("hidden_since", MIN(self->since_us, bq_now_us(self) - DAY_US))},
                         .parameters_n = 2};
  bq_forget(self);
  self->unsettled = g_array_new(FALSE, TRUE, sizeof(struct bq_unsettled));
  self->unsettled_text = g_string_chunk_new(4096);
  self->unsettled_own_run_id = g_strdup(own_run_id);
  if (bq_kept_is_whole(self) && self->kept.facts.unsettled == 0) return true;
  if (bq_each(self, &call, unsettled_add, self, error)) return true;
  bq_forget(self);
  return false;
}

/* Of a run of this handle it is known whether it sent the claim. Another run's `sending` may not be seen yet. */
static bool is_never_sent(const struct bq_warehouse *self, const struct bq_unsettled *row)
{
  bool is_own = g_strcmp0(row->claim.run_id, self->run.run_id) == 0;
  if (row->batch_id || bq_is_sent_by_us(self, &row->claim)) return false;
  return is_own || bq_run_is_whole(self, row->claim.run_id, row->newest_us);
}

/* The event carries the claim's own generation and epoch; the epoch of the writer decides nothing. So a run that lost
 * its lease while it slept must not give back what the next holder has claimed and is about to send. */
bool bq_release_never_sent(struct ledger *ledger, const char *own_run_id, int64_t *released_n, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  *released_n = 0;
  if (!unsettled_read(self, own_run_id, error)) return false;
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  for (guint i = 0; i < self->unsettled->len; i++) {
    const struct bq_unsettled *row = &g_array_index(self->unsettled, struct bq_unsettled, i);
    struct lead_event event = row->claim;
    if (!is_never_sent(self, row)) continue;
    event.kind = EVENT_RELEASED;
    event.reason = "never_sent";
    event.attempt = 0;
    event.run_id = own_run_id ? own_run_id : self->run.run_id ? self->run.run_id : row->claim.run_id;
    event.occurred_at_us = bq_now_us(self);
    g_array_append_val(events, event);
  }
  if (events->len > 0 && !bq_lease_confirm(self, error)) return false;
  *released_n = events->len;
  g_autoptr(GArray) kept_rows = g_array_ref(self->unsettled); /* what is sent stays known: appending forgets it */
  if (!bq_append(ledger, (const struct lead_event *)(void *)events->data, events->len, error)) return false;
  if (!self->unsettled) self->unsettled = g_steal_pointer(&kept_rows);
  return true;
}

static struct open_batch *batch_of(struct page *page, const struct bq_unsettled *row)
{
  for (guint i = 0; i < page->rows->len; i++) {
    struct open_batch *batch = page_row(page, struct open_batch, i);
    if (strcmp(batch->batch_id, row->batch_id) == 0) return batch;
  }
  struct open_batch batch = {
      .batch_id = page_text(page, row->batch_id),
      .run_id = page_text(page, row->claim.run_id),
      .campaign_id = page_text(page, row->claim.campaign_id),
      .ord = row->batch_ord,
      .ord_to = row->batch_ord_to,
      .sent_at_us = row->sent_at_us,
  };
  g_array_append_val(page->rows, batch);
  return page_row(page, struct open_batch, page->rows->len - 1);
}

/* Stands behind the last one in a `sending` that is not seen? Then both are asked about together. */
static bool goes_on(const struct open_batch *unseen, const struct bq_unsettled *row)
{
  return unseen && strcmp(unseen->run_id, row->claim.run_id) == 0 &&
         g_strcmp0(unseen->campaign_id, row->claim.campaign_id) == 0;
}

/* A batch for a claim in no `sending` that is seen. Whoever had the lease before sends nothing since it was taken. */
static struct open_batch *unseen_batch_of(struct page *page, const struct bq_unsettled *row)
{
  g_autofree char *id = g_strdup_printf("%s.unseen_%" G_GINT64_FORMAT, row->claim.run_id, row->claim.ord);
  struct bq_unsettled alone = *row;
  alone.batch_id = id;
  alone.batch_ord = alone.batch_ord_to = row->claim.ord;
  return batch_of(page, &alone);
}

bool bq_open_batches(struct ledger *ledger, const char *own_run_id, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  page_reset(page);
  if (!unsettled_read(self, own_run_id, error)) return false;
  struct open_batch *unseen = NULL; /* the last one; its page does not move while it grows */
  for (guint i = 0; i < self->unsettled->len; i++) {
    const struct bq_unsettled *row = &g_array_index(self->unsettled, struct bq_unsettled, i);
    bool is_whole = bq_run_is_whole(self, row->claim.run_id, row->newest_us);
    if (is_never_sent(self, row)) continue;
    struct open_batch *batch = row->batch_id          ? batch_of(page, row)
                               : goes_on(unseen, row) ? unseen
                                                      : unseen_batch_of(page, row);
    unseen = row->batch_id ? NULL : batch;
    if (unseen) batch->ord_to = row->claim.ord;
    if (!is_whole) batch->sent_at_us = MAX(batch->sent_at_us, self->streams.opened_at_us);
    batch->attempt = MAX(batch->attempt, MAX(row->claim.attempt, 1));
  }
  return true;
}

/* ---- a campaign that is gone ---- */

struct lost {
  const struct bq_warehouse *self;
  const char *run_id;
  GArray *events;
  GStringChunk *text; /* their strings */
};

static void lost_add(const char *const *cells, void *into)
{
  struct lost *lost = into;
  const char *kept_cells[5];
  for (size_t i = 0; i < G_N_ELEMENTS(kept_cells); i++)
    kept_cells[i] = cells[i] ? g_string_chunk_insert(lost->text, cells[i]) : NULL;
  struct lead_event event = {.kind = EVENT_HELD,
                             .reason = "campaign_gone",
                             .lead_id = kept_cells[0],
                             .person = kept_cells[1],
                             .campaign_id = kept_cells[2],
                             .instantly_id = kept_cells[3],
                             .claim_id = kept_cells[4],
                             .generation = bq_cell_int(cells[5]),
                             .epoch = bq_cell_int(cells[6]),
                             .run_id = lost->run_id,
                             .occurred_at_us = bq_now_us(lost->self)};
  g_array_append_val(lost->events, event);
}

bool bq_hold_campaign(struct ledger *ledger, const char *campaign_id, const char *run_id, int64_t *held_n,
                      GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  struct bq_call call = {.ids = {BQ_LOST_WITH_CAMPAIGN},
                         .ids_n = 1,
                         .parameters = {bigquery_text("campaign_id", campaign_id)},
                         .parameters_n = 1};
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  g_autoptr(GStringChunk) text = g_string_chunk_new(4096);
  struct lost lost = {.self = self, .run_id = run_id, .events = events, .text = text};
  if (!bq_each(self, &call, lost_add, &lost, error)) return false;
  *held_n = events->len;
  return bq_append(ledger, (const struct lead_event *)(void *)events->data, events->len, error) &&
         bq_fold(ledger, error);
}
