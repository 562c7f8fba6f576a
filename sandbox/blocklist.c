#include "blocklist.h"

#include "audit.h"
#include "store.h"

#include <string.h>

struct blocklist {
  GPtrArray *entries;
  GHashTable *by_value;
};

struct blocklist *blocklist_new(void)
{
  struct blocklist *list = g_new0(struct blocklist, 1);
  list->entries = g_ptr_array_new_with_free_func(g_free);
  list->by_value = g_hash_table_new(text_hash, g_str_equal);
  return list;
}

void blocklist_free(struct blocklist *list)
{
  if (list == NULL) return;
  g_hash_table_destroy(list->by_value);
  g_ptr_array_free(list->entries, TRUE);
  g_free(list);
}

bool domain_is_valid(const char *text)
{
  size_t size = strlen(text);
  if (size < 3 || size > 253 || strchr(text, '.') == NULL || text[0] == '.' || text[size - 1] == '.') return false;
  for (const char *at = text; *at != '\0'; at++) {
    bool is_letter = g_ascii_isalnum(*at) || *at == '-' || (unsigned char)*at >= 128;
    if (!is_letter && (*at != '.' || at[1] == '.')) return false;
  }
  return true;
}

bool address_is_valid(const char *text)
{
  const char *at_sign = strchr(text, '@');
  if (at_sign == NULL || at_sign == text || at_sign - text > 64 || !domain_is_valid(at_sign + 1)) return false;
  for (const char *at = text; at < at_sign; at++) {
    if ((unsigned char)*at <= ' ' || strchr("()<>[]:;,\\\"", *at) != NULL) return false;
    if (*at == '.' && (at == text || at[1] == '.' || at[1] == '@')) return false;
  }
  return true;
}

const struct block_entry *blocklist_add(struct world *world, const char *value)
{
  g_autofree char *lower = g_ascii_strdown(value, -1);
  g_strstrip(lower);
  bool is_domain = strchr(lower, '@') == NULL;
  if (is_domain ? !domain_is_valid(lower) : !address_is_valid(lower)) return NULL;
  struct block_entry *entry = g_hash_table_lookup(world->blocklist->by_value, lower);
  if (entry != NULL) return entry;
  size_t size = strlen(lower) + 1;
  entry = g_malloc0(sizeof *entry + size);
  memcpy(entry->value, lower, size);
  entry->id = world_uuid(world);
  entry->created_ms = world->now_ms;
  entry->is_domain = is_domain;
  g_ptr_array_add(world->blocklist->entries, entry);
  g_hash_table_insert(world->blocklist->by_value, entry->value, entry);
  struct person *person = is_domain ? NULL : store_person_find(world, lower);
  if (person != NULL) audit_stop(world, person, HISTORY_BLOCKED, 0);
  return entry;
}

const struct block_entry *blocklist_change(struct world *world, struct block_entry *entry, const char *value)
{
  struct uuid id = entry->id;
  int64_t created_ms = entry->created_ms;
  const struct block_entry *added = blocklist_add(world, value);
  if (added == NULL || added == entry) return added;
  GPtrArray *entries = world->blocklist->entries;
  struct block_entry *changed = g_hash_table_lookup(world->blocklist->by_value, added->value);
  guint old_at = 0;
  guint new_at = 0;
  g_ptr_array_find(entries, entry, &old_at);
  g_ptr_array_find(entries, changed, &new_at);
  entries->pdata[old_at] = changed; /* the list is in the order of ids */
  entries->pdata[new_at] = entry;
  blocklist_remove(world, entry);
  changed->id = id;
  changed->created_ms = created_ms;
  return changed;
}

struct block_entry *blocklist_get(const struct world *world, const char *id)
{
  struct uuid uuid;
  if (!uuid_parse(id, &uuid)) return NULL;
  for (guint i = 0; i < world->blocklist->entries->len; i++) {
    struct block_entry *entry = world->blocklist->entries->pdata[i];
    if (uuid_compare(&entry->id, &uuid) == 0) return entry;
  }
  return NULL;
}

void blocklist_remove(struct world *world, struct block_entry *entry)
{
  GPtrArray *entries = world->blocklist->entries;
  g_hash_table_remove(world->blocklist->by_value, entry->value);
  /* From the end: the wipe takes the newest first. */
  for (guint i = entries->len; i > 0; i--) {
    if (entries->pdata[i - 1] != entry) continue;
    g_ptr_array_remove_index(entries, i - 1);
    return;
  }
}

bool blocklist_has(const struct world *world, const struct person *person)
{
  GHashTable *values = world->blocklist->by_value;
  if (g_hash_table_size(values) == 0) return false;
  return g_hash_table_contains(values, person->email) || g_hash_table_contains(values, person->domain);
}

const GPtrArray *blocklist_all(const struct world *world)
{
  return world->blocklist->entries;
}
