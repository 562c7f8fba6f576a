#include "base/error.h"
#include "blocklist.h"
#include "campaign.h"
#include "fields.h"
#include "keys.h"
#include "state.h"
#include "state_records.h"
#include "store.h"

#include <string.h>

/* The file in memory; once something does not fit, all further reads give zeros and has_failed stays. */
struct reader {
  const char *at;
  size_t left;
  bool has_failed;
};

static void get(struct reader *reader, void *data, size_t size)
{
  reader->has_failed = reader->has_failed || size > reader->left;
  if (reader->has_failed) {
    memset(data, 0, size);
    return;
  }
  memcpy(data, reader->at, size);
  reader->at += size;
  reader->left -= size;
}

/* A count of records that take at least least_bytes each: bounded by what is left of the file. */
static uint32_t get_count(struct reader *reader, size_t least_bytes)
{
  uint32_t count = 0;
  get(reader, &count, sizeof count);
  if (count > reader->left / least_bytes) reader->has_failed = true;
  return reader->has_failed ? 0 : count;
}

static char *get_text(struct reader *reader)
{
  uint32_t size = 0;
  get(reader, &size, sizeof size);
  if (reader->has_failed || size == NO_INDEX) return NULL;
  if (size > reader->left || size > STATE_TEXT_MAX) {
    reader->has_failed = true;
    return NULL;
  }
  char *text = g_strndup(reader->at, size);
  reader->at += size;
  reader->left -= size;
  return text;
}

/* A text that must be there; an empty one when it is not. */
static char *get_name(struct reader *reader)
{
  char *text = get_text(reader);
  if (text == NULL) reader->has_failed = true;
  return text == NULL ? g_strdup("") : text;
}

static cJSON *get_json(struct reader *reader)
{
  g_autofree char *text = get_name(reader);
  cJSON *json = json_parse(text, strlen(text), NULL);
  if (!cJSON_IsObject(json)) reader->has_failed = true;
  return json;
}

static void get_names(struct reader *reader, GHashTable *names)
{
  for (uint32_t left = get_count(reader, sizeof left); left > 0 && !reader->has_failed; left--)
    g_hash_table_add(names, get_name(reader));
}

static void get_stats(struct reader *reader, GArray *stats)
{
  uint32_t count = get_count(reader, sizeof(struct stat));
  g_array_set_size(stats, count);
  get(reader, stats->data, count * sizeof(struct stat));
}

static void campaign_restore(struct campaign *campaign, const struct campaign_record *record)
{
  campaign->id = record->id;
  campaign->chances = record->chances;
  campaign->created_ms = record->created_ms;
  campaign->updated_ms = record->updated_ms;
  campaign->today_until_ms = record->today_until_ms;
  campaign->sent_today_n = record->sent_today_n;
  campaign->new_today_n = record->new_today_n;
  campaign->tick_share = record->tick_share;
  campaign->last_send_ms = record->last_send_ms;
  campaign->sent_ever_n = record->sent_ever_n;
  campaign->bounced_ever_n = record->bounced_ever_n;
  campaign->is_gone = record->is_gone;
  campaign->has_run = record->has_run;
}

static void campaigns_get(struct world *world, struct reader *reader)
{
  for (uint32_t left = get_count(reader, sizeof(struct campaign_record)); left > 0; left--) {
    struct campaign_record record;
    get(reader, &record, sizeof record);
    cJSON *settings = get_json(reader);
    if (reader->has_failed || json_string(settings, "name") == NULL) {
      cJSON_Delete(settings);
      reader->has_failed = true;
      return;
    }
    struct campaign *campaign = campaign_new(world, settings, (enum campaign_status)record.status);
    campaign_restore(campaign, &record);
    get_names(reader, campaign->variables);
    get_names(reader, campaign->answered);
    get_stats(reader, campaign->stats);
  }
}

static void subsequences_get(struct world *world, struct reader *reader)
{
  for (uint32_t left = get_count(reader, sizeof(struct subsequence_record)); left > 0; left--) {
    struct subsequence_record record;
    get(reader, &record, sizeof record);
    cJSON *settings = get_json(reader);
    if (reader->has_failed || record.parent == 0 || record.parent > world->campaigns->len) {
      cJSON_Delete(settings);
      reader->has_failed = true;
      return;
    }
    struct subsequence *subsequence = subsequence_new(world, store_campaign_at(world, record.parent), settings);
    subsequence->id = record.id;
    subsequence->created_ms = record.created_ms;
    subsequence->status = record.status;
    get_stats(reader, subsequence->stats);
  }
}

static void lists_get(struct world *world, struct reader *reader)
{
  for (uint32_t left = get_count(reader, sizeof(struct list_record)); left > 0; left--) {
    struct list_record record;
    get(reader, &record, sizeof record);
    g_autofree char *name = get_name(reader);
    struct list *list = keys_list_new(world, name);
    list->id = record.id;
    list->created_ms = record.created_ms;
    list->is_gone = record.is_gone;
  }
}

static void keys_get(struct world *world, struct reader *reader)
{
  for (uint32_t left = get_count(reader, sizeof(struct entry_record)); left > 0; left--) {
    struct entry_record record;
    get(reader, &record, sizeof record);
    g_autofree char *name = get_name(reader);
    g_autofree char *text = get_name(reader);
    g_autofree char *joined = get_name(reader);
    g_auto(GStrv) scopes = g_strsplit(joined, " ", -1);
    struct api_key *key = keys_new(world, name, text, scopes);
    key->id = record.id;
    key->created_ms = record.created_ms;
  }
}

static void blocklist_get_all(struct world *world, struct reader *reader)
{
  for (uint32_t left = get_count(reader, sizeof(struct entry_record)); left > 0; left--) {
    struct entry_record record;
    get(reader, &record, sizeof record);
    g_autofree char *value = get_name(reader);
    if (reader->has_failed || blocklist_add(world, value) == NULL) {
      reader->has_failed = true;
      return;
    }
    const GPtrArray *entries = blocklist_all(world);
    struct block_entry *entry = entries->pdata[entries->len - 1];
    entry->id = record.id;
    entry->created_ms = record.created_ms;
  }
}

static void people_get(struct world *world, struct reader *reader)
{
  for (uint32_t left = get_count(reader, sizeof(struct person_record)); left > 0; left--) {
    struct person_record record;
    get(reader, &record, sizeof record);
    g_autofree char *email = get_name(reader);
    struct person *person = store_person(world, email);
    person->stopped_ms = record.stopped_ms;
    person->history = record.history;
    person->api_created_n = record.api_created_n;
  }
}

static struct person *person_at(const struct world *world, struct reader *reader)
{
  uint32_t place = 0;
  get(reader, &place, sizeof place);
  if (place == NO_INDEX) return NULL;
  if (place < world->people->len) return world->people->pdata[place];
  reader->has_failed = true;
  return NULL;
}

static void history_get(struct world *world, struct reader *reader)
{
  for (uint32_t left = get_count(reader, sizeof(struct history)); left > 0 && !reader->has_failed; left--) {
    struct history entry;
    get(reader, &entry, sizeof entry);
    entry.person = person_at(world, reader);
    if (entry.person == NULL || entry.next > world->history->len || entry.kind >= HISTORY_KINDS_N ||
        entry.campaign > world->campaigns->len)
      reader->has_failed = true;
    g_array_append_val(world->history, entry);
  }
  for (guint i = 0; i < world->people->len; i++) {
    const struct person *person = world->people->pdata[i];
    if (person->history > world->history->len) reader->has_failed = true;
  }
}

static bool handles_fit(const struct world *world, const struct lead *lead)
{
  return lead->campaign <= world->campaigns->len && lead->list <= world->lists->len &&
         lead->subsequence <= world->subsequences->len && lead->mailbox <= world->accounts->len &&
         lead->sub_mailbox <= world->accounts->len && lead->upload <= UPLOAD_VISITOR;
}

static void lead_get(struct world *world, struct reader *reader)
{
  struct lead lead;
  char *texts[TEXTS_N];
  get(reader, &lead, sizeof lead);
  lead.person = person_at(world, reader);
  for (size_t i = 0; i < TEXTS_N; i++)
    texts[i] = get_text(reader);
  lead.texts = texts_pack(&world->arena, (const char *const *)texts);
  for (size_t i = 0; i < TEXTS_N; i++)
    g_free(texts[i]);
  reader->has_failed = reader->has_failed || !handles_fit(world, &lead);
  if (!reader->has_failed) store_restore(world, &lead);
}

static void leads_get(struct world *world, struct reader *reader)
{
  for (uint32_t left = get_count(reader, sizeof(struct lead)); left > 0 && !reader->has_failed; left--)
    lead_get(world, reader);
}

static void outcomes_get(struct world *world, struct reader *reader)
{
  for (uint32_t left = get_count(reader, sizeof(struct timer_record)); left > 0 && !reader->has_failed; left--) {
    struct timer_record record;
    get(reader, &record, sizeof record);
    if (record.lead >= world->all.rows->len) {
      reader->has_failed = true;
      return;
    }
    heap_push(&world->outcomes, (struct timer){.due_ms = record.due_ms,
                                               .row = world->all.rows->pdata[record.lead],
                                               .kind = record.kind,
                                               .extra = record.extra,
                                               .step = record.step,
                                               .variant = record.variant});
  }
}

static void world_get(struct world *world, struct reader *reader)
{
  struct world_record record;
  get(reader, &record, sizeof record);
  g_free(world->name);
  world->name = get_name(reader);
  world->now_ms = record.now_ms;
  campaigns_get(world, reader);
  subsequences_get(world, reader);
  lists_get(world, reader);
  keys_get(world, reader);
  blocklist_get_all(world, reader);
  people_get(world, reader);
  history_get(world, reader);
  leads_get(world, reader);
  outcomes_get(world, reader);
  world->seed = record.seed;
  world->ids_made_n = record.ids_made_n;
  world->created_ms = record.created_ms;
  world->old_ids_left_n = record.old_ids_left_n;
  world->plan_limit = record.plan_limit;
  world->credits = record.credits;
  world->organization = record.organization;
  world->owner = record.owner;
  world->quirks = record.quirks;
  world->totals = record.totals;
  world->is_paid = record.is_paid;
}

bool state_load(struct world *world, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize size = 0;
  struct state_header header;
  struct state_header own = state_header_own();
  uint32_t end = 0;
  if (!g_file_get_contents(path, &text, &size, error)) return false;
  struct reader reader = {.at = text, .left = size};
  get(&reader, &header, sizeof header);
  if (reader.has_failed || memcmp(&header, &own, sizeof header) != 0) {
    error_set(error, ERROR_CORRUPT, "%s is no state file of this version of the sandbox; remove it to begin anew",
              path);
    return false;
  }
  world_get(world, &reader);
  get(&reader, &end, sizeof end);
  if (!reader.has_failed && end == ~STATE_MAGIC && reader.left == 0) return true;
  error_set(error, ERROR_CORRUPT, "%s is damaged; remove it to begin anew", path);
  return false;
}
