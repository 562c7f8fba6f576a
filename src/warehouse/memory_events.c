/* The reference warehouse: events, claims and batches. */
#include "base/text.h"
#include "core/event_id.h"
#include "warehouse/memory_priv.h"

#include <string.h>

/* ---- append and fold ---- */

static struct lead_event event_copy(struct memory *memory, const struct lead_event *event)
{
  struct lead_event copy = *event;
  copy.reason = memory_keep(memory, event->reason);
  copy.lead_id = memory_keep(memory, event->lead_id);
  copy.person = memory_keep(memory, event->person);
  copy.campaign_id = memory_keep(memory, event->campaign_id);
  copy.instantly_id = memory_keep(memory, event->instantly_id);
  copy.claim_id = memory_keep(memory, event->claim_id);
  copy.batch_id = memory_keep(memory, event->batch_id);
  copy.body_hash = memory_keep(memory, event->body_hash);
  copy.run_id = memory_keep(memory, event->run_id);
  copy.detail = memory_keep(memory, event->detail);
  copy.recorded_at_us = memory_now_us(memory);
  return copy;
}

/* Later than every hold and resolution of the lead so far, also when the clock was set back since. */
static int64_t hold_number(const struct memory *memory, const struct lead_event *event)
{
  const struct lead_state *state = event->lead_id ? g_hash_table_lookup(memory->states, event->lead_id) : NULL;
  return MAX(memory_now_us(memory), state ? MAX(state->held_n, state->resolved_n) + 1 : 0);
}

void memory_append(struct memory *memory, const struct lead_event *given)
{
  struct lead_event numbered = *given, *event = &numbered;
  if (event->kind == EVENT_HELD && event->attempt == 0) event->attempt = hold_number(memory, event);
  char id[EVENT_ID_CHARS + 1];
  event_id(event, id);
  if (!g_hash_table_add(memory->event_ids, g_strdup(id))) return;
  struct lead_event *copy = g_new(struct lead_event, 1);
  *copy = event_copy(memory, event);
  g_ptr_array_add(memory->events, copy);
}

void memory_fold(struct memory *memory)
{
  for (; memory->folded_n < memory->events->len; memory->folded_n++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, memory->folded_n);
    if (!event->lead_id) continue;
    struct lead_state *state = g_hash_table_lookup(memory->states, event->lead_id);
    if (!state) {
      state = g_new0(struct lead_state, 1);
      g_hash_table_insert(memory->states, (gpointer)event->lead_id, state);
    }
    fold_event(state, event);
  }
}

bool memory_events_append(struct ledger *ledger, const struct lead_event *events, size_t events_n, GError **error)
{
  (void)error;
  for (size_t i = 0; i < events_n; i++)
    memory_append(memory_of(ledger), &events[i]);
  return true;
}

bool memory_events_fold(struct ledger *ledger, GError **error)
{
  (void)error;
  memory_fold(memory_of(ledger));
  return true;
}

/* last_seen_at and subsequence_id come from no event. */
bool memory_events_refold(struct ledger *ledger, bool *is_whole, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  GHashTableIter states;
  gpointer state = NULL;
  g_hash_table_iter_init(&states, memory->states);
  while (g_hash_table_iter_next(&states, NULL, &state)) {
    struct lead_state *one = state;
    *one = (struct lead_state){.last_seen_at_us = one->last_seen_at_us, .subsequence_id = one->subsequence_id};
  }
  memory->folded_n = 0;
  memory_fold(memory);
  *is_whole = true;
  return true;
}

/* How often this failed since a run of the job ended well. */
static int64_t failures_of(const struct memory *memory, const char *error_id, const char *job)
{
  int64_t well_us = 0, n = 0;
  for (guint i = 0; i < memory->runs->len; i++) {
    const struct run_record *run = &g_array_index(memory->runs, struct run_record, i);
    bool is_well = run->exit_code == EXIT_CODE_OK || run->exit_code == EXIT_CODE_PARTIAL;
    if (is_well && run->verdict && strcmp(run->job, job) == 0) well_us = MAX(well_us, run->ended_at_us);
  }
  for (guint i = 0; i < memory->errors->len; i++) {
    const struct memory_error *row = &g_array_index(memory->errors, struct memory_error, i);
    n += row->at_us > well_us && strcmp(row->error_id, error_id) == 0;
  }
  return n;
}

bool memory_errors_append(struct ledger *ledger, const struct error_row *rows, size_t rows_n, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  for (size_t i = 0; i < rows_n; i++) {
    uint8_t digest[SHA256_BYTES];
    sha256(rows[i].key, strlen(rows[i].key), digest);
    g_autofree char *id = hex_encode(digest, 16);
    struct memory_error row = {
        .row = {.type = memory_keep(memory, rows[i].type),
                .lead_ref = memory_keep(memory, rows[i].lead_ref),
                .message = memory_keep(memory, rows[i].message),
                .retry_count = rows[i].run_job ? failures_of(memory, id, rows[i].run_job) : rows[i].retry_count},
        .error_id = memory_keep(memory, id),
        .at_us = memory_now_us(memory),
    };
    g_array_append_val(memory->errors, row);
  }
  return true;
}

/* ---- which claims are settled, by events alone ---- */

static bool settles(const struct lead_event *event)
{
  return event->claim_id && event->kind >= EVENT_ADDED && event->kind <= EVENT_RELEASED;
}

/* claim_id of every claim that has a settling event. */
static GHashTable *settled_claims(const struct memory *memory)
{
  GHashTable *settled = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (settles(event)) g_hash_table_add(settled, (gpointer)event->claim_id);
  }
  return settled;
}

static int by_ord(gconstpointer a, gconstpointer b)
{
  const struct claim *x = a, *y = b;
  return (x->ord > y->ord) - (x->ord < y->ord);
}

/* The row that a claim was made of, NULL once it is gone or somebody else's. */
static const struct memory_lead *claim_row(struct memory *memory, const struct lead_event *event)
{
  const struct memory_lead *row = memory_lead_find(memory, event->lead_id);
  return row && g_strcmp0(row->person, event->person) == 0 ? row : NULL;
}

static struct lead lead_copy(struct page *page, const struct lead *lead)
{
  struct lead copy = *lead;
  copy.lead_id = page_text(page, lead->lead_id);
  copy.email = page_text(page, lead->email);
  copy.first_name = page_text(page, lead->first_name);
  copy.last_name = page_text(page, lead->last_name);
  copy.company_name = page_text(page, lead->company_name);
  copy.campaign_id = page_text(page, lead->campaign_id);
  copy.last_email_status = page_text(page, lead->last_email_status);
  copy.fields = page_text(page, lead->fields);
  return copy;
}

static void add_claim(struct memory *memory, struct page *page, const struct lead_event *event)
{
  const struct memory_lead *row = claim_row(memory, event);
  const struct lead_state *state = g_hash_table_lookup(memory->states, event->lead_id);
  struct lead gone = {.lead_id = event->lead_id};
  struct claim claim = {
      .ord = event->ord,
      .generation = event->generation,
      .epoch = event->epoch,
      .attempt = event->attempt,
      .run_id = page_text(page, event->run_id),
      .campaign_id = page_text(page, event->campaign_id),
      .person = page_text(page, event->person),
      .is_held = state && state_is_held(state),
      .lead = lead_copy(page, row ? &row->lead : &gone),
  };
  g_array_append_val(page->rows, claim);
}

bool memory_claims_read(struct ledger *ledger, const struct claim_query *query, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  g_autoptr(GHashTable) settled = settled_claims(memory);
  page_reset(page);
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (event->kind != EVENT_CLAIMED || g_strcmp0(event->run_id, query->run_id) != 0) continue;
    if (query->campaign_id && strcmp(event->campaign_id, query->campaign_id) != 0) continue;
    if (event->ord <= query->after_ord || event->ord > query->to_ord) continue;
    if (!query->only_unsettled || !g_hash_table_contains(settled, event->claim_id)) add_claim(memory, page, event);
  }
  g_array_sort(page->rows, by_ord);
  if (page->rows->len > query->limit) g_array_set_size(page->rows, (guint)query->limit);
  return true;
}

/* ---- batches ---- */

static bool covers(const struct lead_event *sending, const struct lead_event *claimed)
{
  return g_strcmp0(sending->run_id, claimed->run_id) == 0 &&
         g_strcmp0(sending->campaign_id, claimed->campaign_id) == 0 && claimed->ord >= sending->ord &&
         claimed->ord <= sending->ord_to;
}

static bool was_sent(const struct memory *memory, const struct lead_event *claimed)
{
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (event->kind == EVENT_SENDING && covers(event, claimed)) return true;
  }
  return false;
}

static void release(struct memory *memory, const struct lead_event *claimed, const char *own_run_id)
{
  struct lead_event event = *claimed;
  event.run_id = own_run_id ? own_run_id : claimed->run_id;
  event.kind = EVENT_RELEASED;
  event.reason = "never_sent";
  event.attempt = 0;
  event.occurred_at_us = memory_now_us(memory);
  memory_append(memory, &event);
}

bool memory_release_never_sent(struct ledger *ledger, const char *own_run_id, int64_t *released_n, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  g_autoptr(GHashTable) settled = settled_claims(memory);
  *released_n = 0;
  guint events_n = memory->events->len;
  for (guint i = 0; i < events_n; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (event->kind != EVENT_CLAIMED || g_hash_table_contains(settled, event->claim_id)) continue;
    if ((own_run_id && g_strcmp0(event->run_id, own_run_id) == 0) || was_sent(memory, event)) continue;
    release(memory, event, own_run_id);
    (*released_n)++;
  }
  return true;
}

/* Highest attempt of the batch's unsettled claims; 0 when all are settled. */
static int64_t open_attempt(const struct memory *memory, GHashTable *settled, const struct lead_event *sending)
{
  int64_t attempt = 0;
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (event->kind == EVENT_CLAIMED && covers(sending, event) && !g_hash_table_contains(settled, event->claim_id))
      attempt = MAX(attempt, MAX(event->attempt, 1));
  }
  return attempt;
}

bool memory_open_batches(struct ledger *ledger, const char *own_run_id, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  g_autoptr(GHashTable) settled = settled_claims(memory);
  page_reset(page);
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (event->kind != EVENT_SENDING || (own_run_id && g_strcmp0(event->run_id, own_run_id) == 0)) continue;
    int64_t attempt = open_attempt(memory, settled, event);
    if (!attempt) continue;
    struct open_batch batch = {
        .batch_id = page_text(page, event->batch_id),
        .run_id = page_text(page, event->run_id),
        .campaign_id = page_text(page, event->campaign_id),
        .ord = event->ord,
        .ord_to = event->ord_to,
        .sent_at_us = event->recorded_at_us,
        .attempt = attempt,
    };
    g_array_append_val(page->rows, batch);
  }
  return true;
}

/* ---- counters of a campaign ---- */

static GHashTable *released_claims(const struct memory *memory)
{
  GHashTable *released = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (event->kind == EVENT_RELEASED && event->claim_id) g_hash_table_add(released, (gpointer)event->claim_id);
  }
  return released;
}

bool memory_campaign_counts(struct ledger *ledger, const char *campaign_id, int64_t day_start_us,
                            struct campaign_counts *counts, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  *counts = (struct campaign_counts){0};
  g_autoptr(GHashTable) released = released_claims(memory);
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    counts->claimed_today += event->kind == EVENT_CLAIMED && g_strcmp0(event->campaign_id, campaign_id) == 0 &&
                             event->occurred_at_us >= day_start_us && !g_hash_table_contains(released, event->claim_id);
  }
  g_autoptr(GHashTable) fed = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) contacted = g_hash_table_new(g_str_hash, g_str_equal);
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, memory->states);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const struct lead_state *state = value;
    if (state->settlement != SETTLEMENT_ADDED || g_strcmp0(state->campaign_id, campaign_id) != 0) continue;
    g_hash_table_add(fed, (gpointer)state->person);
    if (state->sent_at_us) g_hash_table_add(contacted, (gpointer)state->person);
  }
  counts->ever_fed = g_hash_table_size(fed);
  counts->ever_contacted = g_hash_table_size(contacted);
  return true;
}
