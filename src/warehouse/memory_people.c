/* The reference warehouse: what is known of persons over all of their rows and leads. */
#include "core/flag_word.h"
#include "warehouse/memory_priv.h"

#include <string.h>

/* ---- the source ---- */

static int by_lead_id(gconstpointer a, gconstpointer b)
{
  const struct memory_lead *x = *(const struct memory_lead *const *)a, *y = *(const struct memory_lead *const *)b;
  return strcmp(x->lead.lead_id, y->lead.lead_id);
}

struct memory_lead *memory_lead_find(struct memory *memory, const char *lead_id)
{
  struct memory_lead key = {.lead.lead_id = lead_id}, *wanted = &key;
  struct memory_lead **found =
      memory->leads->len ? bsearch(&wanted, memory->leads->pdata, memory->leads->len, sizeof(gpointer), by_lead_id)
                         : NULL;
  return found ? *found : NULL;
}

void memory_put_lead(struct warehouse *warehouse, const struct lead *lead)
{
  struct memory *memory = (struct memory *)warehouse;
  struct memory_lead *row = memory_lead_find(memory, lead->lead_id);
  if (!row) {
    row = g_new0(struct memory_lead, 1);
    g_ptr_array_add(memory->leads, row);
  }
  size_t length = lead->campaign_id ? strlen(lead->campaign_id) : 0;
  const char *trimmed = cell_trim(lead->campaign_id, &length);
  g_autofree char *campaign_id = trimmed ? g_strndup(trimmed, length) : NULL;
  row->lead = (struct lead){
      .lead_id = memory_keep(memory, lead->lead_id),
      .email = memory_keep(memory, lead->email),
      .first_name = memory_keep(memory, lead->first_name),
      .last_name = memory_keep(memory, lead->last_name),
      .company_name = memory_keep(memory, lead->company_name),
      .campaign_id = memory_keep(memory, campaign_id),
      .added_to_instantly = lead->added_to_instantly,
      .sequence_completed = lead->sequence_completed,
      .cold_email_sent = lead->cold_email_sent,
      .last_email_status = memory_keep(memory, lead->last_email_status),
      .fields = memory_keep(memory, lead->fields),
  };
  g_autofree char *person = NULL;
  row->address = email_canonical(lead->email, lead->email ? strlen(lead->email) : 0, &person);
  row->person = memory_keep(memory, person);
  g_ptr_array_sort(memory->leads, by_lead_id);
}

void memory_drop_lead(struct warehouse *warehouse, const char *lead_id)
{
  struct memory *memory = (struct memory *)warehouse;
  struct memory_lead *row = memory_lead_find(memory, lead_id);
  if (row) g_ptr_array_remove(memory->leads, row);
}

/* ---- stops ---- */

bool memory_in_force(const struct memory_suppression *suppression, int64_t now_us)
{
  return !suppression->revoked_at_us &&
         (!suppression->entry.expires_at_us || suppression->entry.expires_at_us > now_us);
}

bool memory_folds_to(const char *person, const char *folded)
{
  g_autofree char *own = person ? email_fold_tag(person) : NULL;
  return own && strcmp(own, folded) == 0;
}

bool memory_names_person(const struct suppression *entry, const char *folded)
{
  if (entry->domain) return strcmp(entry->domain, email_domain(folded)) == 0;
  return memory_folds_to(entry->person, folded);
}

const char *memory_suppression_reason(struct memory *memory, const char *person, int64_t now_us)
{
  g_autofree char *folded = email_fold_tag(person);
  const char *reason = NULL;
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (!memory_in_force(row, now_us) || !memory_names_person(&row->entry, folded)) continue;
    if (g_strcmp0(row->entry.source, EXCLUSION_SOURCE) == 0) return EXCLUSION_REASON;
    if (!reason || strcmp(row->entry.reason, reason) < 0) reason = row->entry.reason;
  }
  return reason;
}

/* ---- persons ---- */

static int by_state_lead_id(gconstpointer a, gconstpointer b)
{
  const struct lead_state *x = *(const struct lead_state *const *)a, *y = *(const struct lead_state *const *)b;
  return strcmp(x->lead_id, y->lead_id);
}

GPtrArray *memory_states_sorted(struct memory *memory)
{
  GPtrArray *sorted = g_ptr_array_new();
  GHashTableIter iter;
  gpointer state;
  g_hash_table_iter_init(&iter, memory->states);
  while (g_hash_table_iter_next(&iter, NULL, &state))
    g_ptr_array_add(sorted, state);
  g_ptr_array_sort(sorted, by_state_lead_id);
  return sorted;
}

static struct person_entry *entry_of(GHashTable *people, const char *person)
{
  struct person_entry *entry = g_hash_table_lookup(people, person);
  if (!entry) {
    entry = g_new0(struct person_entry, 1);
    g_hash_table_insert(people, g_strdup(person), entry);
  }
  return entry;
}

static struct person_entry *folded_entry_of(GHashTable *people, const char *person)
{
  g_autofree char *folded = email_fold_tag(person);
  return entry_of(people, folded);
}

/* States come in the order of lead_id, so the first of equals stays. */
static const struct lead_state *newer(const struct lead_state *best, const struct lead_state *state)
{
  return !best || state->ever_added_at_us > best->ever_added_at_us ? state : best;
}

static void add_state(struct memory *memory, GHashTable *people, const struct lead_state *state)
{
  if (!state->person) return;
  struct person_entry *entry = entry_of(people, state->person), *folded = folded_entry_of(people, state->person);
  entry->has_events = true;
  folded->facts.has_events = true;
  folded->facts.is_held |= state_is_held(state);
  folded->facts.is_unsettled |= state->settlement == SETTLEMENT_CLAIMED;
  folded->facts.is_in_instantly |= state_is_enrolled(state) && !state_is_removed(state);
  folded->newest = newer(folded->newest, state);
  if (!memory_lead_find(memory, state->lead_id)) entry->orphan = newer(entry->orphan, state);
}

static bool shows_contact(const struct lead *lead)
{
  return lead->added_to_instantly || lead->cold_email_sent || lead->sequence_completed ||
         !cell_is_blank(lead->last_email_status);
}

bool memory_is_lead(const struct memory_lead *row)
{
  return row->lead.lead_id[strspn(row->lead.lead_id, " \t\n\v\f\r")] != '\0';
}

static void add_row(GHashTable *people, const struct memory_lead *row)
{
  if (!row->person) return;
  struct person_entry *entry = entry_of(people, row->person);
  const struct lead *lead = &row->lead;
  entry->shows_contact |= shows_contact(lead);
  if (!entry->heir && memory_is_lead(row)) entry->heir = lead->lead_id;
}

static void add_newest(GHashTable *people)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, people);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    struct person_entry *entry = value;
    if (!entry->newest) continue;
    entry->facts.last_enrolled_at_us = entry->newest->ever_added_at_us;
    entry->facts.last_outcome = entry->newest->outcome;
    entry->facts.last_finished_at_us = entry->newest->finished_at_us;
  }
}

static void add_contacts(struct memory *memory, GHashTable *people)
{
  for (guint i = 0; i < memory->leads->len; i++) {
    const struct memory_lead *row = g_ptr_array_index(memory->leads, i);
    if (!row->person) continue;
    const struct person_entry *entry = entry_of(people, row->person);
    if (entry->shows_contact && !entry->has_events)
      folded_entry_of(people, row->person)->facts.was_contacted_before = true;
  }
}

GHashTable *people_new(struct memory *memory)
{
  GHashTable *people = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GPtrArray) states = memory_states_sorted(memory);
  for (guint i = 0; i < states->len; i++)
    add_state(memory, people, g_ptr_array_index(states, i));
  for (guint i = 0; i < memory->leads->len; i++)
    add_row(people, g_ptr_array_index(memory->leads, i));
  add_contacts(memory, people);
  add_newest(people);
  return people;
}

struct person_facts people_facts(struct memory *memory, GHashTable *people, const char *person, int64_t now_us)
{
  g_autofree char *folded = email_fold_tag(person);
  const struct person_entry *entry = g_hash_table_lookup(people, folded);
  struct person_facts facts = entry ? entry->facts : (struct person_facts){0};
  facts.suppression = memory_suppression_reason(memory, person, now_us);
  return facts;
}

const struct lead_state *people_state(struct memory *memory, GHashTable *people, const struct memory_lead *row)
{
  const struct lead_state *own = g_hash_table_lookup(memory->states, row->lead.lead_id);
  if (own || !row->person) return own;
  const struct person_entry *entry = g_hash_table_lookup(people, row->person);
  return entry && g_strcmp0(entry->heir, row->lead.lead_id) == 0 ? entry->orphan : NULL;
}

/* ---- contacted before ---- */

bool memory_contacted_before(struct ledger *ledger, const char *after, size_t limit, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  g_autoptr(GHashTable) people = people_new(memory);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  page_reset(page);
  for (guint i = 0; i < memory->leads->len && page->rows->len < limit; i++) {
    const struct memory_lead *row = g_ptr_array_index(memory->leads, i);
    const struct lead *lead = &row->lead;
    if (!row->person || !memory_is_lead(row) || !shows_contact(lead)) continue;
    const struct person_entry *entry = g_hash_table_lookup(people, row->person);
    if (entry->has_events || g_hash_table_contains(memory->states, lead->lead_id)) continue;
    bool is_first = g_hash_table_add(seen, (gpointer)row->person);
    if (!is_first || (after && strcmp(lead->lead_id, after) <= 0)) continue;
    bool has_campaign = lead->campaign_id && *lead->campaign_id;
    struct contacted out = {.lead_id = page_text(page, lead->lead_id),
                            .person = page_text(page, row->person),
                            .campaign_id = has_campaign ? page_text(page, lead->campaign_id) : NULL};
    g_array_append_val(page->rows, out);
  }
  return true;
}

/* ---- who was ever enrolled ---- */

bool memory_ever_enrolled(struct ledger *ledger, const char *const *folded, size_t folded_n, struct page *page,
                          GError **error)
{
  (void)error;
  g_autoptr(GPtrArray) states = memory_states_sorted(memory_of(ledger));
  g_autoptr(GHashTable) asked = g_hash_table_new(g_str_hash, g_str_equal);
  page_reset(page);
  for (size_t i = 0; i < folded_n; i++)
    g_hash_table_add(asked, (gpointer)folded[i]);
  for (guint i = 0; i < states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(states, i);
    g_autofree char *key = state->person ? email_fold_tag(state->person) : NULL;
    if (!state->ever_added_at_us || !key || !g_hash_table_contains(asked, key)) continue;
    struct enrolled row = {.lead_id = page_text(page, state->lead_id),
                           .person = page_text(page, state->person),
                           .campaign_id = page_text(page, state->current_campaign_id),
                           .instantly_id = page_text(page, state->instantly_id),
                           .claim_id = page_text(page, state->claim_id),
                           .generation = state->generation,
                           .epoch = state->epoch,
                           .replied_at_us = state->replied_at_us};
    g_array_append_val(page->rows, row);
  }
  return true;
}

bool memory_first_enrolled(struct ledger *ledger, int64_t *at_us, GError **error)
{
  (void)error;
  GHashTableIter iter;
  gpointer value;
  *at_us = 0;
  g_hash_table_iter_init(&iter, memory_of(ledger)->states);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    int64_t added_us = ((const struct lead_state *)value)->ever_added_at_us;
    if (added_us && (!*at_us || added_us < *at_us)) *at_us = added_us;
  }
  return true;
}
