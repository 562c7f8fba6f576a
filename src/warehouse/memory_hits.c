/* The reference warehouse: how many running leads lists of stops hit; what we put on the block list leaves it. */
#include "core/stop_hits.h"
#include "warehouse/memory_priv.h"

bool memory_is_bulk(const struct memory_suppression *row)
{
  return !row->allowed_at_us && (row->entry.domain || !stop_source_is_own(row->entry.source));
}

static bool is_running(const struct lead_state *state)
{
  return (state->settlement == SETTLEMENT_ADDED || state->settlement == SETTLEMENT_ADOPTED) &&
         !state->withdrawn_at_us && state->instantly_id && !state->finished_at_us && !state_is_removed(state);
}

/* What the entries do to one lead. */
struct hit {
  bool is_hit;      /* by one that is bulk, or by one with the permission that is asked for */
  bool ends_anyway; /* by another stop */
};

/* allow: only entries with this permission count; NULL: all. */
static struct hit hit_of(const struct memory *memory, const char *person, const char *allow, int64_t now_us)
{
  struct hit hit = {0};
  g_autofree char *folded = email_fold_tag(person);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    const struct suppression *entry = &row->entry;
    if (!memory_in_force(row, now_us) || !memory_names_person(entry, folded)) continue;
    bool is_matched = entry->domain || g_strcmp0(entry->person, person) == 0;
    bool is_silenced = g_strcmp0(entry->source, "blocklist") == 0 && is_matched;
    if (!memory_is_bulk(row))
      hit.ends_anyway = true;
    else if (!is_silenced && (!allow || g_strcmp0(row->allow, allow) == 0))
      hit.is_hit = true;
  }
  return hit;
}

static void hits_add(struct memory *memory, const char *allow, int64_t now_us, struct page *page)
{
  struct stop_hit row = {.allow = page_text(page, allow)};
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, memory->states);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const struct lead_state *state = value;
    struct hit hit = is_running(state) ? hit_of(memory, state->person, allow, now_us) : (struct hit){0};
    row.leads_n += hit.is_hit && !hit.ends_anyway;
  }
  if (!allow || row.leads_n > 0) g_array_append_val(page->rows, row);
}

bool memory_stop_hits(struct ledger *ledger, int64_t now_us, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  g_autoptr(GTree) allowances = g_tree_new((GCompareFunc)(void (*)(void))g_strcmp0);
  page_reset(page);
  hits_add(memory, NULL, now_us, page);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const char *allow = g_array_index(memory->suppressions, struct memory_suppression, i).allow;
    if (!allow || g_tree_lookup(allowances, allow)) continue;
    g_tree_insert(allowances, (gpointer)allow, (gpointer)allow);
    hits_add(memory, allow, now_us, page);
  }
  return true;
}

bool memory_stops_allow(struct ledger *ledger, const char *allow, int64_t now_us, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    bool is_meant =
        memory_in_force(row, now_us) && memory_is_bulk(row) && (!allow || g_strcmp0(row->allow, allow) == 0);
    if (is_meant) row->allowed_at_us = now_us;
  }
  return true;
}

/* ---- the block list ---- */

static bool is_same_value(const struct suppression *a, const struct suppression *b)
{
  return g_strcmp0(a->person, b->person) == 0 && g_strcmp0(a->domain, b->domain) == 0;
}

static bool is_from_list(const struct suppression *entry)
{
  return g_strcmp0(entry->source, "blocklist") == 0;
}

bool memory_is_ours_listed(const struct memory *memory, const struct suppression *entry)
{
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (row->is_ours_listed && is_same_value(&row->entry, entry)) return true;
  }
  return false;
}

bool memory_listing(struct ledger *ledger, const struct suppression *rows, size_t rows_n, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    bool is_noted = row->entry.pushed_at_us || row->entry.was_listed || row->is_ours_listed || row->revoked_at_us;
    for (size_t k = 0; k < rows_n && !is_noted; k++) {
      if (!is_same_value(&row->entry, &rows[k]) || g_strcmp0(row->entry.reason, rows[k].reason) != 0) continue;
      row->entry.was_listed = rows[k].was_listed;
      row->is_ours_listed = !rows[k].was_listed;
    }
  }
  return true;
}

/* Does an entry in force stop the same person or domain? */
static bool is_wanted(const struct memory *memory, const struct suppression *entry, int64_t now_us)
{
  g_autofree char *folded = entry->person ? email_fold_tag(entry->person) : NULL;
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (!memory_in_force(row, now_us) || is_from_list(&row->entry)) continue;
    bool is_same = folded ? row->entry.person && memory_folds_to(row->entry.person, folded)
                          : g_strcmp0(row->entry.domain, entry->domain) == 0;
    if (is_same) return true;
  }
  return false;
}

static bool has_value(const struct page *page, const struct suppression *entry)
{
  for (guint i = 0; i < page->rows->len; i++)
    if (is_same_value(page_row(page, struct suppression, i), entry)) return true;
  return false;
}

bool memory_unlisting(struct ledger *ledger, int64_t now_us, size_t limit, struct page *page, GError **error)
{
  (void)error;
  const struct memory *memory = memory_of(ledger);
  page_reset(page);
  for (guint i = 0; i < memory->suppressions->len && page->rows->len < limit; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (!row->revoked_at_us || !row->is_ours_listed || is_wanted(memory, &row->entry, now_us)) continue;
    struct suppression value = {.person = page_text(page, row->entry.person),
                                .domain = page_text(page, row->entry.domain)};
    if (!has_value(page, &value)) g_array_append_val(page->rows, value);
  }
  return true;
}

/* Also of an entry that somebody made meanwhile: it is not on the list any more, and is pushed anew. */
bool memory_unlisted(struct ledger *ledger, const struct suppression *rows, size_t rows_n, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    for (size_t k = 0; k < rows_n && !is_from_list(&row->entry); k++) {
      if (!is_same_value(&row->entry, &rows[k])) continue;
      row->entry.pushed_at_us = 0;
      row->entry.was_listed = row->is_ours_listed = false;
    }
  }
  return true;
}

/* ---- rows that somebody deletes: nobody else has this memory ---- */

bool memory_stops_lost(struct ledger *ledger, int64_t *lost_n, GError **error)
{
  (void)error;
  const struct memory *memory = memory_of(ledger);
  *lost_n = MAX((int64_t)memory->stops_noted_n - (int64_t)memory->suppressions->len, 0);
  return true;
}

bool memory_stops_note(struct ledger *ledger, bool is_accepted, GError **error)
{
  int64_t lost_n = 0;
  struct memory *memory = memory_of(ledger);
  if (!is_accepted && !memory_stops_lost(ledger, &lost_n, error)) return false;
  if (lost_n == 0) memory->stops_noted_n = memory->suppressions->len;
  return true;
}
