/* The reference warehouse: suppressions and holds. */
#include "core/stop_hits.h"
#include "warehouse/memory_priv.h"

#include <string.h>

static bool is_same_stop(const struct suppression *a, const struct suppression *b)
{
  return g_strcmp0(a->person, b->person) == 0 && g_strcmp0(a->domain, b->domain) == 0 &&
         strcmp(a->reason, b->reason) == 0;
}

bool memory_stop_covers(const struct suppression *there, const struct suppression *entry)
{
  return stop_source_is_own(there->source) || !stop_source_is_own(entry->source);
}

/* The same stop in force, or NULL. */
static struct memory_suppression *in_force(struct memory *memory, const struct suppression *entry, int64_t now_us)
{
  for (guint i = 0; i < memory->suppressions->len; i++) {
    struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (!memory_in_force(row, now_us) || !is_same_stop(&row->entry, entry)) continue;
    if (memory_stop_covers(&row->entry, entry)) return row;
  }
  return NULL;
}

static struct memory_suppression *stop_put(struct memory *memory, const struct suppression *entry)
{
  struct memory_suppression row = {.entry = *entry};
  row.entry.person = memory_keep(memory, entry->person);
  row.entry.domain = memory_keep(memory, entry->domain);
  row.entry.reason = memory_keep(memory, entry->reason);
  row.entry.source = memory_keep(memory, entry->source);
  row.entry.actor = memory_keep(memory, entry->actor);
  row.entry.run_id = memory_keep(memory, entry->run_id);
  g_autofree char *allow = brake_allowance(entry);
  row.allow = memory_keep(memory, allow);
  if (!row.entry.created_at_us) row.entry.created_at_us = memory_now_us(memory);
  g_array_append_val(memory->suppressions, row);
  return &g_array_index(memory->suppressions, struct memory_suppression, memory->suppressions->len - 1);
}

void memory_suppress_put(struct memory *memory, const struct suppression *entry)
{
  stop_put(memory, entry);
}

bool memory_suppress_one(struct memory *memory, const struct suppression *entry)
{
  struct sync_stop seen = {.suppression = *entry, .evidence_at_us = entry->evidence_at_us};
  /* What the block list holds because we put it there is no stop of its own: it goes with the entry that asked for it.
   */
  if (g_strcmp0(entry->source, "blocklist") == 0 && memory_is_ours_listed(memory, entry)) return false;
  if (entry->evidence_at_us) return memory_suppress_seen(memory, &seen, memory_now_us(memory));
  if (in_force(memory, entry, memory_now_us(memory))) return false;
  stop_put(memory, entry);
  return true;
}

/* Was such a stop removed by somebody to whom this evidence was no news? */
static bool is_removed(const struct memory *memory, const struct sync_stop *stop)
{
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (row->revoked_at_us && row->evidence_at_us >= stop->evidence_at_us &&
        is_same_stop(&row->entry, &stop->suppression))
      return true;
  }
  return false;
}

bool memory_is_new_stop(struct memory *memory, const struct sync_stop *stop, int64_t now_us)
{
  return !in_force(memory, &stop->suppression, now_us) && !is_removed(memory, stop);
}

void memory_suppress_void(struct memory *memory, const char *by)
{
  struct memory_suppression *row =
      &g_array_index(memory->suppressions, struct memory_suppression, memory->suppressions->len - 1);
  row->revoked_at_us = memory_now_us(memory);
  row->revoked_by = by;
}

bool memory_suppress_seen(struct memory *memory, const struct sync_stop *stop, int64_t now_us)
{
  struct memory_suppression *there = in_force(memory, &stop->suppression, now_us);
  bool is_new = !there && !is_removed(memory, stop);
  if (is_new) there = stop_put(memory, &stop->suppression);
  if (there) there->evidence_at_us = MAX(there->evidence_at_us, stop->evidence_at_us);
  return is_new;
}

bool memory_suppress(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t *added_n,
                     GError **error)
{
  (void)error;
  int64_t n = 0;
  for (size_t i = 0; i < rows_n; i++)
    n += memory_suppress_one(memory_of(ledger), &rows[i]);
  if (added_n) *added_n = n;
  return true;
}

static struct suppression suppression_copy(struct page *page, const struct suppression *entry)
{
  struct suppression copy = *entry;
  copy.person = page_text(page, entry->person);
  copy.domain = page_text(page, entry->domain);
  copy.reason = page_text(page, entry->reason);
  copy.source = page_text(page, entry->source);
  copy.actor = page_text(page, entry->actor);
  copy.run_id = page_text(page, entry->run_id);
  return copy;
}

static bool is_operators(const struct suppression *entry)
{
  bool is_set_by_hand = g_strcmp0(entry->source, "command") == 0 || g_strcmp0(entry->source, "import") == 0 ||
                        g_strcmp0(entry->source, "inbox") == 0 || g_strcmp0(entry->source, "opt_out") == 0;
  return is_set_by_hand && strcmp(entry->reason, "replied") != 0 && strcmp(entry->reason, "bounced") != 0;
}

/* Unsubscribes and stops that an operator set, in whatever words; a reply is nothing for a block list, a bounce even
 * less, one that ends by itself would stay there for ever, and what came from the block list is there already. */
bool memory_is_lasting(const struct suppression *entry)
{
  bool is_due = strcmp(entry->reason, "unsubscribed") == 0 || strcmp(entry->reason, "manual") == 0;
  return g_strcmp0(entry->source, "blocklist") != 0 && !entry->expires_at_us && (is_due || is_operators(entry));
}

bool memory_unpushed(struct ledger *ledger, const struct push_query *query, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  page_reset(page);
  for (guint i = 0; i < memory->suppressions->len && page->rows->len < query->limit; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (!memory_in_force(row, query->now_us) || row->entry.pushed_at_us || !memory_is_lasting(&row->entry)) continue;
    if (query->bulk_waits && memory_is_bulk(row)) continue;
    struct suppression copy = suppression_copy(page, &row->entry);
    g_array_append_val(page->rows, copy);
  }
  return true;
}

bool memory_pushed(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t at_us, GError **error)
{
  (void)error;
  GArray *entries = memory_of(ledger)->suppressions;
  for (size_t i = 0; i < rows_n; i++)
    for (guint j = 0; j < entries->len; j++) {
      struct suppression *entry = &g_array_index(entries, struct memory_suppression, j).entry;
      if (entry->pushed_at_us || !is_same_stop(entry, &rows[i])) continue;
      entry->pushed_at_us = at_us;
    }
  return true;
}

/* ---- replies that a machine wrote ---- */

static bool is_reply_stop(struct memory *memory, const struct memory_suppression *row)
{
  return row->entry.person && strcmp(row->entry.reason, "replied") == 0 && memory_in_force(row, memory_now_us(memory));
}

bool memory_reply_stops(struct ledger *ledger, const char *const *folded, size_t folded_n, struct page *page,
                        GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  page_reset(page);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    bool is_asked = false;
    for (size_t f = 0; f < folded_n && is_reply_stop(memory, row); f++)
      is_asked = is_asked || memory_folds_to(row->entry.person, folded[f]);
    if (!is_asked) continue;
    struct suppression copy = suppression_copy(page, &row->entry);
    g_array_append_val(page->rows, copy);
  }
  return true;
}

bool memory_stops_end(struct ledger *ledger, const struct suppression *rows, size_t rows_n, const char *words,
                      GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    for (size_t n = 0; n < rows_n; n++) {
      if (row->revoked_at_us || !is_same_stop(&row->entry, &rows[n])) continue;
      if (g_strcmp0(row->entry.source, rows[n].source) != 0) continue;
      row->revoked_at_us = memory_now_us(memory);
      row->revoked_by = memory_keep(memory, words);
      row->evidence_at_us = MAX(row->evidence_at_us, rows[n].evidence_at_us);
    }
  }
  return true;
}

/* ---- right before sending ---- */

static bool person_is_held(struct memory *memory, const char *person)
{
  g_autofree char *folded = email_fold_tag(person);
  GHashTableIter iter;
  gpointer state;
  g_hash_table_iter_init(&iter, memory->states);
  while (g_hash_table_iter_next(&iter, NULL, &state))
    if (state_is_held(state) && memory_folds_to(((struct lead_state *)state)->person, folded)) return true;
  return false;
}

bool memory_stops_check(struct ledger *ledger, const struct stops_query *looked, struct page *stopped, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  memory_fold(memory); /* a hold set a moment ago counts */
  page_reset(stopped);
  for (size_t i = 0; i < looked->claims_n; i++) {
    const struct claim *claim = looked->claims[i];
    const char *reason = memory_suppression_reason(memory, claim->person, looked->now_us);
    if (!reason && person_is_held(memory, claim->person)) reason = "held";
    if (!reason) continue;
    struct stopped_claim row = {.ord = claim->ord, .reason = page_text(stopped, reason)};
    g_array_append_val(stopped->rows, row);
  }
  return true;
}

bool memory_hold_check(struct ledger *ledger, const char *campaign_id, bool *is_on, char **reason, GError **error)
{
  (void)error;
  GHashTable *holds = memory_of(ledger)->holds;
  const struct memory_hold *found = g_hash_table_lookup(holds, "");
  if (!found && campaign_id) found = g_hash_table_lookup(holds, campaign_id);
  *is_on = found != NULL;
  if (reason) *reason = found ? g_strdup(found->reason) : NULL;
  return true;
}

/* ---- reports ---- */

bool memory_report_suppressions(struct warehouse *warehouse, const char *person, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  g_autofree char *folded = email_fold_tag(person);
  page_reset(page);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (!memory_names_person(&row->entry, folded)) continue;
    struct suppression copy = suppression_copy(page, &row->entry);
    g_array_append_val(page->rows, copy);
  }
  return true;
}
