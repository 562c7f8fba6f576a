#include "state.h"

#include "base/error.h"
#include "blocklist.h"
#include "fields.h"
#include "state_records.h"
#include "store.h"

#include <stdio.h>
#include <string.h>

/* Everything is appended to one buffer; a million rows are some hundred megabytes. */
static void put(GByteArray *out, const void *data, size_t size)
{
  g_byte_array_append(out, data, (guint)size);
}

static void put_count(GByteArray *out, guint count)
{
  uint32_t value = count;
  put(out, &value, sizeof value);
}

static void put_text(GByteArray *out, const char *text)
{
  uint32_t size = text == NULL ? NO_INDEX : (uint32_t)strlen(text);
  put(out, &size, sizeof size);
  if (text != NULL) put(out, text, size);
}

static void put_json(GByteArray *out, const cJSON *json)
{
  char *text = cJSON_PrintUnformatted(json);
  put_text(out, text);
  cJSON_free(text);
}

static void put_names(GByteArray *out, GHashTable *names)
{
  GHashTableIter iter;
  gpointer name = NULL;
  put_count(out, g_hash_table_size(names));
  g_hash_table_iter_init(&iter, names);
  while (g_hash_table_iter_next(&iter, &name, NULL))
    put_text(out, name);
}

static void put_stats(GByteArray *out, const GArray *stats)
{
  put_count(out, stats->len);
  put(out, stats->data, stats->len * sizeof(struct stat));
}

static void campaigns_put(const struct world *world, GByteArray *out)
{
  put_count(out, world->campaigns->len);
  for (guint i = 0; i < world->campaigns->len; i++) {
    const struct campaign *campaign = world->campaigns->pdata[i];
    struct campaign_record record = {.id = campaign->id,
                                     .chances = campaign->chances,
                                     .created_ms = campaign->created_ms,
                                     .updated_ms = campaign->updated_ms,
                                     .today_until_ms = campaign->today_until_ms,
                                     .sent_today_n = campaign->sent_today_n,
                                     .new_today_n = campaign->new_today_n,
                                     .tick_share = campaign->tick_share,
                                     .last_send_ms = campaign->last_send_ms,
                                     .sent_ever_n = campaign->sent_ever_n,
                                     .bounced_ever_n = campaign->bounced_ever_n,
                                     .status = campaign->status,
                                     .is_gone = campaign->is_gone,
                                     .has_run = campaign->has_run};
    put(out, &record, sizeof record);
    put_json(out, campaign->settings);
    put_names(out, campaign->variables);
    put_names(out, campaign->answered);
    put_stats(out, campaign->stats);
  }
}

static void subsequences_put(const struct world *world, GByteArray *out)
{
  put_count(out, world->subsequences->len);
  for (guint i = 0; i < world->subsequences->len; i++) {
    const struct subsequence *subsequence = world->subsequences->pdata[i];
    struct subsequence_record record = {.id = subsequence->id,
                                        .created_ms = subsequence->created_ms,
                                        .parent = subsequence->parent->handle,
                                        .status = subsequence->status};
    put(out, &record, sizeof record);
    put_json(out, subsequence->settings);
    put_stats(out, subsequence->stats);
  }
}

static void lists_put(const struct world *world, GByteArray *out)
{
  put_count(out, world->lists->len);
  for (guint i = 0; i < world->lists->len; i++) {
    const struct list *list = world->lists->pdata[i];
    struct list_record record = {.id = list->id, .created_ms = list->created_ms, .is_gone = list->is_gone};
    put(out, &record, sizeof record);
    put_text(out, list->name);
  }
}

static void keys_put(const struct world *world, GByteArray *out)
{
  put_count(out, world->keys->len);
  for (guint i = 0; i < world->keys->len; i++) {
    const struct api_key *key = world->keys->pdata[i];
    g_autofree char *scopes = g_strjoinv(" ", key->scopes);
    struct entry_record record = {.id = key->id, .created_ms = key->created_ms};
    put(out, &record, sizeof record);
    put_text(out, key->name);
    put_text(out, key->key);
    put_text(out, scopes);
  }
}

static void blocklist_put(const struct world *world, GByteArray *out)
{
  const GPtrArray *entries = blocklist_all(world);
  put_count(out, entries->len);
  for (guint i = 0; i < entries->len; i++) {
    const struct block_entry *entry = entries->pdata[i];
    struct entry_record record = {.id = entry->id, .created_ms = entry->created_ms};
    put(out, &record, sizeof record);
    put_text(out, entry->value);
  }
}

/* The person's place in world->people, found through a table made once. */
static GHashTable *people_put(const struct world *world, GByteArray *out)
{
  GHashTable *places = g_hash_table_new(NULL, NULL);
  put_count(out, world->people->len);
  for (guint i = 0; i < world->people->len; i++) {
    struct person *person = world->people->pdata[i];
    struct person_record record = {person->stopped_ms, person->history, person->api_created_n};
    put(out, &record, sizeof record);
    put_text(out, person->email);
    g_hash_table_insert(places, person, GUINT_TO_POINTER(i));
  }
  return places;
}

static uint32_t place_of(GHashTable *places, const void *item)
{
  gpointer place = NULL;
  return g_hash_table_lookup_extended(places, item, NULL, &place) ? GPOINTER_TO_UINT(place) : NO_INDEX;
}

static void history_put(const struct world *world, GHashTable *people, GByteArray *out)
{
  put_count(out, world->history->len);
  for (guint i = 0; i < world->history->len; i++) {
    struct history entry = g_array_index(world->history, struct history, i);
    uint32_t person = place_of(people, entry.person);
    entry.person = NULL;
    put(out, &entry, sizeof entry);
    put(out, &person, sizeof person);
  }
}

static GHashTable *leads_put(const struct world *world, GHashTable *people, GByteArray *out)
{
  GHashTable *places = g_hash_table_new(NULL, NULL);
  put_count(out, world->all.rows->len);
  for (guint i = 0; i < world->all.rows->len; i++) {
    const struct lead *lead = world->all.rows->pdata[i];
    struct lead copy = *lead;
    const char *texts[TEXTS_N];
    uint32_t person = lead->person == NULL ? NO_INDEX : place_of(people, lead->person);
    copy.person = NULL;
    copy.next_of_person = NULL;
    copy.texts = NULL;
    texts_unpack(lead->texts, texts);
    put(out, &copy, sizeof copy);
    put(out, &person, sizeof person);
    for (size_t j = 0; j < TEXTS_N; j++)
      put_text(out, texts[j]);
    g_hash_table_insert(places, (gpointer)(uintptr_t)lead, GUINT_TO_POINTER(i));
  }
  return places;
}

static void outcomes_put(struct world *world, GHashTable *leads, GByteArray *out)
{
  g_autoptr(GByteArray) timers = g_byte_array_new();
  guint count = 0;
  /* Taken off in their order, which is the order in which they are put back. */
  while (heap_size(&world->outcomes) > 0) {
    struct timer timer = heap_pop(&world->outcomes);
    uint32_t lead = place_of(leads, timer.row);
    struct timer_record record = {timer.due_ms, lead, timer.kind, timer.extra, timer.step, timer.variant};
    if (lead == NO_INDEX) continue;
    put(timers, &record, sizeof record);
    count++;
  }
  put_count(out, count);
  put(out, timers->data, timers->len);
}

static void world_put(struct world *world, GByteArray *out)
{
  struct state_header header = state_header_own();
  struct world_record record = {.seed = world->seed,
                                .ids_made_n = world->ids_made_n,
                                .now_ms = world->now_ms,
                                .created_ms = world->created_ms,
                                .old_ids_left_n = world->old_ids_left_n,
                                .plan_limit = world->plan_limit,
                                .credits = world->credits,
                                .organization = world->organization,
                                .owner = world->owner,
                                .quirks = world->quirks,
                                .totals = world->totals,
                                .is_paid = world->is_paid};
  put(out, &header, sizeof header);
  put(out, &record, sizeof record);
  put_text(out, world->name);
  campaigns_put(world, out);
  subsequences_put(world, out);
  lists_put(world, out);
  keys_put(world, out);
  blocklist_put(world, out);
  g_autoptr(GHashTable) people = people_put(world, out);
  history_put(world, people, out);
  g_autoptr(GHashTable) leads = leads_put(world, people, out);
  outcomes_put(world, leads, out);
  header.magic = ~header.magic;
  put(out, &header.magic, sizeof header.magic);
}

bool state_save(struct world *world, const char *path, GError **error)
{
  g_autoptr(GByteArray) out = g_byte_array_new();
  world_settle_all(world);
  bucket_compact(&world->all, 0, 0);
  world_put(world, out);
  /* Writes to a temporary file, syncs, renames. */
  return g_file_set_contents_full(path, (const gchar *)out->data, out->len, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                  error);
}
