/* The reference warehouse: entries that stand as long as rows of the user's say so. */
#include "base/error.h"
#include "core/exclusion.h"
#include "warehouse/memory_priv.h"

#include <string.h>

/* match_key -> value of what the cells say, of several the lowest; counts too. */
static GHashTable *wanted_new(const struct memory *memory, struct standing_counts *counts)
{
  GHashTable *wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; memory->settings->source.exclude.table && i < memory->excluding->len; i++) {
    const char *raw = g_ptr_array_index(memory->excluding, i);
    char *value = NULL;
    enum exclusion_cell cell = exclusion_cell_read(raw, raw ? strlen(raw) : 0, &value);
    counts->rows_n++;
    counts->blank_n += cell == EXCLUSION_BLANK;
    counts->odd_n += cell == EXCLUSION_ODD;
    if (!value) continue;
    char *key = cell == EXCLUSION_DOMAIN ? g_strdup(value) : email_fold_tag(value);
    const char *there = g_hash_table_lookup(wanted, key);
    if (there && strcmp(there, value) <= 0) {
      g_free(key);
      g_free(value);
    } else {
      g_hash_table_replace(wanted, key, value);
    }
  }
  return wanted;
}

static char *key_of(const struct suppression *entry)
{
  return entry->domain ? g_strconcat("@", entry->domain, NULL) : email_fold_tag(entry->person);
}

static bool is_standing(const struct memory_suppression *row, const char *source)
{
  return !row->revoked_at_us && g_strcmp0(row->entry.source, source) == 0;
}

/* ---- who left the source ---- */

static bool is_running(const struct lead_state *state)
{
  return (state->settlement == SETTLEMENT_ADDED || state->settlement == SETTLEMENT_ADOPTED) &&
         !state->withdrawn_at_us && state->instantly_id && !state->finished_at_us && !state_is_removed(state) &&
         state->person && !g_str_has_prefix(state->lead_id, "instantly:");
}

static void departed_add(GHashTable *departed, const char *person)
{
  char *key = email_fold_tag(person);
  const char *there = g_hash_table_lookup(departed, key);
  if (there && strcmp(there, person) <= 0)
    g_free(key);
  else
    g_hash_table_replace(departed, key, g_strdup(person));
}

/* match_key -> person: who runs, or was found gone before, and is in no row of the source. */
static GHashTable *departed_new(struct memory *memory)
{
  GHashTable *departed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter iter;
  gpointer state;
  if (!memory->is_gone_set) return departed;
  g_hash_table_iter_init(&iter, memory->states);
  while (g_hash_table_iter_next(&iter, NULL, &state))
    if (is_running(state)) departed_add(departed, ((struct lead_state *)state)->person);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (is_standing(row, GONE_SOURCE)) departed_add(departed, row->entry.person);
  }
  for (guint i = 0; i < memory->leads->len; i++) {
    const struct memory_lead *row = g_ptr_array_index(memory->leads, i);
    g_autofree char *key = row->person ? email_fold_tag(row->person) : NULL;
    if (key) g_hash_table_remove(departed, key);
  }
  return departed;
}

/* ---- entries ---- */

/* Takes the entries in force out of what is wanted; the others of them are lost, and end if they may. */
static void entries_walk(struct memory *memory, GHashTable *wanted, const struct standing_change *change,
                         struct standing_counts *counts)
{
  for (guint i = 0; i < memory->suppressions->len; i++) {
    struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (!is_standing(row, change->source)) continue;
    g_autofree char *key = key_of(&row->entry);
    counts->stops_n++;
    if (g_hash_table_remove(wanted, key)) continue;
    counts->lost_n++;
    if (!change->may_end) continue;
    row->revoked_at_us = memory_now_us(memory);
    row->revoked_by = memory_keep(memory, change->source);
  }
}

bool memory_exclusion_look(struct ledger *ledger, struct standing_counts *counts, GError **error)
{
  struct memory *memory = memory_of(ledger);
  *counts = (struct standing_counts){0};
  if (memory->settings->source.exclude.table && !memory->excluding) {
    error_set(error, ERROR_CONFIG, "table %s is missing; make it, or correct source.exclude.table",
              memory->settings->source.exclude.table);
    return false;
  }
  g_autoptr(GHashTable) wanted = wanted_new(memory, counts);
  entries_walk(memory, wanted, &(struct standing_change){.source = EXCLUSION_SOURCE}, counts);
  counts->new_n = g_hash_table_size(wanted);
  return true;
}

bool memory_gone_look(struct ledger *ledger, bool is_set, struct standing_counts *counts, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  *counts = (struct standing_counts){0};
  memory->is_gone_set = is_set;
  g_autoptr(GHashTable) departed = departed_new(memory);
  entries_walk(memory, departed, &(struct standing_change){.source = GONE_SOURCE}, counts);
  counts->new_n = g_hash_table_size(departed);
  return true;
}

bool memory_standing_apply(struct ledger *ledger, const struct standing_change *change, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  struct standing_counts counts = {0};
  bool is_gone = strcmp(change->source, GONE_SOURCE) == 0;
  g_autoptr(GHashTable) wanted = is_gone ? departed_new(memory) : wanted_new(memory, &counts);
  entries_walk(memory, wanted, change, &counts);
  g_autoptr(GList) keys = g_list_sort(g_hash_table_get_keys(wanted), (GCompareFunc)(void (*)(void))strcmp);
  for (const GList *key = keys; key; key = key->next) {
    const char *value = g_hash_table_lookup(wanted, key->data);
    bool is_domain = value[0] == '@';
    memory_suppress_put(memory, &(struct suppression){.person = is_domain ? NULL : value,
                                                      .domain = is_domain ? value + 1 : NULL,
                                                      .reason = is_gone ? GONE_REASON : EXCLUSION_REASON,
                                                      .source = change->source,
                                                      .run_id = change->run_id});
  }
  return true;
}

/* ---- hands of the tests ---- */

void memory_exclude(struct warehouse *warehouse, const char *cell)
{
  struct memory *memory = (struct memory *)warehouse;
  if (!memory->excluding) memory->excluding = g_ptr_array_new();
  g_ptr_array_add(memory->excluding, (gpointer)memory_keep(memory, cell));
}

void memory_exclude_none(struct warehouse *warehouse)
{
  struct memory *memory = (struct memory *)warehouse;
  if (memory->excluding) g_ptr_array_set_size(memory->excluding, 0);
}
