/* The reference warehouse: which enrolments are due for removal, and which can still change. */
#include "core/fold.h"
#include "core/sync_home.h"
#include "warehouse/memory_priv.h"

#include <string.h>

/* ---- due ---- */

static bool is_ours(const struct lead_state *state, const struct removal_query *query)
{
  if (g_str_has_prefix(state->lead_id, HOME_LEAD_PREFIX)) return false; /* others put it there: known, not ours */
  return state->settlement == SETTLEMENT_ADDED || (state->settlement == SETTLEMENT_ADOPTED && query->include_adopted);
}

static bool is_due(const struct lead_state *state, const struct removal_query *query)
{
  if (!state_is_enrolled(state) || !is_ours(state, query) || state_is_removed(state) || state_is_held(state))
    return false;
  if (!state->instantly_id || !state->finished_at_us || state->outcome <= OUTCOME_REMOVED_BY_HAND) return false;
  int64_t grace_us = query->grace_us[state_action_outcome(state)];
  return grace_us != INT64_MAX && query->now_us - state->finished_at_us >= grace_us;
}

static int by_finished(gconstpointer a, gconstpointer b)
{
  const struct lead_state *x = *(const struct lead_state *const *)a, *y = *(const struct lead_state *const *)b;
  if (x->finished_at_us != y->finished_at_us) return x->finished_at_us > y->finished_at_us ? 1 : -1;
  return strcmp(x->lead_id, y->lead_id);
}

/* Due states, oldest first. Caller unrefs. */
static GPtrArray *due_states(struct memory *memory, const struct removal_query *query)
{
  GPtrArray *due = g_ptr_array_new();
  GHashTableIter iter;
  gpointer state;
  g_hash_table_iter_init(&iter, memory->states);
  while (g_hash_table_iter_next(&iter, NULL, &state))
    if (is_due(state, query)) g_ptr_array_add(due, state);
  g_ptr_array_sort(due, by_finished);
  return due;
}

static bool is_after(const struct lead_state *state, const struct removal_query *query)
{
  if (!query->after_lead_id || state->finished_at_us != query->after_us)
    return state->finished_at_us > query->after_us || !query->after_lead_id;
  return strcmp(state->lead_id, query->after_lead_id) > 0;
}

static bool is_block_listed(const struct memory *memory, const char *person)
{
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct suppression *entry = &g_array_index(memory->suppressions, struct memory_suppression, i).entry;
    if (entry->pushed_at_us && g_strcmp0(entry->person, person) == 0) return true;
  }
  return false;
}

/* ---- live rows of stopped persons ---- */

/* What is known of the stops of one person. */
struct stopped {
  bool is_stopped, is_lasting, is_unsubscribed, cuts_answered, is_named, is_block_listed;
};

static void stops_add(struct stopped *stopped, const struct suppression *entry, bool is_own)
{
  bool is_answer = strcmp(entry->reason, "replied") == 0 || strcmp(entry->reason, "bounced") == 0;
  bool is_lasting = memory_is_lasting(entry);
  stopped->is_stopped = true;
  stopped->is_lasting = stopped->is_lasting || is_lasting;
  stopped->is_unsubscribed = stopped->is_unsubscribed || (is_lasting && strcmp(entry->reason, "unsubscribed") == 0);
  stopped->cuts_answered = stopped->cuts_answered || !is_answer;
  stopped->is_named = stopped->is_named || (is_lasting && is_own);
  stopped->is_block_listed = stopped->is_block_listed || (is_lasting && is_own && entry->pushed_at_us);
}

/* What Instantly's own list matches is not mailed: such an entry takes nothing out. */
static struct stopped stops_of(const struct memory *memory, const char *person, const struct removal_query *query)
{
  struct stopped stopped = {0};
  g_autofree char *folded = email_fold_tag(person);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    const struct suppression *entry = &row->entry;
    if (!memory_in_force(row, query->now_us) || !memory_names_person(entry, folded)) continue;
    bool is_own = entry->domain || g_strcmp0(entry->person, person) == 0;
    bool is_matched = is_own && g_strcmp0(entry->source, "blocklist") == 0;
    if (!is_matched && !(query->bulk_waits && memory_is_bulk(row))) stops_add(&stopped, entry, is_own);
  }
  return stopped;
}

/* Over, as far as we know, and not running again, nor in a subsequence. */
static bool has_ended(const struct lead_state *state)
{
  return state->finished_at_us && !state_is_in_subsequence(state) && !state_is_held(state) &&
         g_strcmp0(state->held_reason, "relaunched") != 0;
}

static bool may_be_mailed(const struct lead_state *state, const struct removal_query *query)
{
  if (query->of_open_claims) return state->settlement == SETTLEMENT_CLAIMED;
  return is_ours(state, query) && !state->withdrawn_at_us && state->instantly_id && !state_is_removed(state) &&
         !has_ended(state);
}

static struct removal removal_of(const struct lead_state *state, struct page *page)
{
  return (struct removal){
      .lead_id = page_text(page, state->lead_id),
      .person = page_text(page, state->person),
      .campaign_id = page_text(page, state->current_campaign_id),
      .instantly_id = page_text(page, state->instantly_id),
      .claim_id = page_text(page, state->claim_id),
      .generation = state->generation,
      .epoch = state->epoch,
      .is_adopted = state->settlement == SETTLEMENT_ADOPTED,
  };
}

static void add_stopped(const struct memory *memory, const struct removal_query *query, const struct lead_state *state,
                        struct page *page)
{
  struct stopped stopped = stops_of(memory, state->person, query);
  if (!stopped.is_stopped) return;
  struct removal removal = removal_of(state, page);
  if (query->of_open_claims) {
    removal.campaign_id = page_text(page, state->campaign_id);
    removal.instantly_id = NULL;
  }
  removal.outcome = removal.action_outcome = OUTCOME_STOPPED;
  removal.is_lasting = stopped.is_lasting;
  removal.is_unsubscribed = stopped.is_unsubscribed;
  removal.is_block_listed = stopped.is_block_listed;
  removal.is_named = stopped.is_named;
  removal.cuts_answered = stopped.cuts_answered;
  removal.is_held = state_is_held(state);
  removal.was_seen = state->last_seen_at_us && state->last_seen_at_us >= state->current_at_us;
  g_array_append_val(page->rows, removal);
}

static void stopped_read(struct memory *memory, const struct removal_query *query, struct page *page)
{
  g_autoptr(GPtrArray) states = memory_states_sorted(memory);
  for (guint i = 0; i < states->len && page->rows->len < query->limit; i++) {
    const struct lead_state *state = g_ptr_array_index(states, i);
    bool is_after = !query->after_lead_id || strcmp(state->lead_id, query->after_lead_id) > 0;
    if (is_after && may_be_mailed(state, query)) add_stopped(memory, query, state, page);
  }
}

/* ---- both ---- */

static void add_removal(const struct memory *memory, struct page *page, const struct lead_state *state)
{
  struct removal removal = removal_of(state, page);
  removal.outcome = state->outcome;
  removal.action_outcome = state_action_outcome(state);
  removal.finished_at_us = state->finished_at_us;
  removal.is_block_listed = is_block_listed(memory, state->person);
  g_array_append_val(page->rows, removal);
}

bool memory_removals(struct ledger *ledger, const struct removal_query *query, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  page_reset(page);
  if (query->of_stopped) {
    stopped_read(memory, query, page);
    return true;
  }
  g_autoptr(GPtrArray) due = due_states(memory, query);
  for (guint i = 0; i < due->len && page->rows->len < query->limit; i++)
    if (is_after(g_ptr_array_index(due, i), query)) add_removal(memory, page, g_ptr_array_index(due, i));
  return true;
}

static struct removal_count *count_of(GArray *counts, const struct lead_state *state)
{
  for (guint i = 0; i < counts->len; i++) {
    struct removal_count *count = &g_array_index(counts, struct removal_count, i);
    if (count->outcome == state->outcome && g_strcmp0(count->campaign_id, state->current_campaign_id) == 0)
      return count;
  }
  struct removal_count count = {.campaign_id = g_strdup(state->current_campaign_id), .outcome = state->outcome};
  g_array_append_val(counts, count);
  return &g_array_index(counts, struct removal_count, counts->len - 1);
}

bool memory_removal_counts(struct ledger *ledger, const struct removal_query *query, GArray *counts, GError **error)
{
  (void)error;
  g_array_set_size(counts, 0);
  g_autoptr(GPtrArray) due = due_states(memory_of(ledger), query);
  for (guint i = 0; i < due->len; i++)
    count_of(counts, g_ptr_array_index(due, i))->n++;
  return true;
}

/* ---- watched ---- */

static bool was_staged(const struct memory *memory, const char *run_id, const char *instantly_id)
{
  for (guint i = 0; i < memory->staged->len; i++) {
    const struct memory_staged *staged = &g_array_index(memory->staged, struct memory_staged, i);
    if (strcmp(staged->run_id, run_id) == 0 && strcmp(staged->row.id, instantly_id) == 0) return true;
  }
  return false;
}

static bool is_watched(const struct memory *memory, const struct lead_state *state, const struct watch_query *query)
{
  if (!state_is_enrolled(state) || state_is_removed(state) || !state->instantly_id) return false;
  if (state->finished_at_us && state->finished_at_us < query->finished_after_us) return false;
  if (query->campaign_id && g_strcmp0(state->current_campaign_id, query->campaign_id) != 0) return false;
  if (query->after_id && strcmp(state->instantly_id, query->after_id) <= 0) return false;
  return !query->unstaged_run_id || !was_staged(memory, query->unstaged_run_id, state->instantly_id);
}

static int by_instantly_id(gconstpointer a, gconstpointer b)
{
  return strcmp(((const struct watched *)a)->instantly_id, ((const struct watched *)b)->instantly_id);
}

bool memory_watched(struct ledger *ledger, const struct watch_query *query, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  page_reset(page);
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, memory->states);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const struct lead_state *state = value;
    if (!is_watched(memory, state, query)) continue;
    struct watched watched = {
        .instantly_id = page_text(page, state->instantly_id),
        .person = page_text(page, state->person),
        .campaign_id = page_text(page, state->current_campaign_id),
    };
    g_array_append_val(page->rows, watched);
  }
  g_array_sort(page->rows, by_instantly_id);
  if (page->rows->len > query->limit) g_array_set_size(page->rows, (guint)query->limit);
  return true;
}
