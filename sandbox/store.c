#include "store.h"

#include <stddef.h>
#include <string.h>

struct person *store_person_find(const struct world *world, const char *email)
{
  const char *key = g_hash_table_lookup(world->people_by_email, email);
  return key == NULL ? NULL : (struct person *)(void *)((char *)(uintptr_t)key - offsetof(struct person, email));
}

struct person *store_person(struct world *world, const char *email)
{
  struct person *person = store_person_find(world, email);
  if (person != NULL) return person;
  size_t size = strlen(email) + 1;
  person = arena_take(&world->arena, sizeof *person + size);
  memcpy(person->email, email, size);
  const char *at_sign = strrchr(person->email, '@');
  person->domain = at_sign == NULL ? "" : at_sign + 1;
  g_hash_table_add(world->people_by_email, person->email);
  g_ptr_array_add(world->people, person);
  return person;
}

static void bucket_add(struct bucket *bucket, struct lead *lead)
{
  if (bucket->rows == NULL) {
    bucket->rows = g_ptr_array_new();
    bucket->is_sorted = true;
  }
  if (bucket->is_sorted && bucket->rows->len > 0) {
    const struct lead *last = bucket->rows->pdata[bucket->rows->len - 1];
    bucket->is_sorted = uuid_compare(&last->id, &lead->id) < 0;
  }
  g_ptr_array_add(bucket->rows, lead);
}

static void lead_enter(struct world *world, struct lead *lead)
{
  struct campaign *campaign = store_campaign_at(world, lead->campaign);
  struct list *list = store_list_at(world, lead->list);
  if (list != NULL) bucket_add(&list->bucket, lead);
  if (campaign == NULL) return;
  bucket_add(&campaign->bucket, lead);
  world->plan_used_n++;
  if (lead->next_step == 0) g_ptr_array_add(campaign->fresh, lead);
}

struct lead *store_add(struct world *world, const struct new_lead *spec)
{
  struct lead *lead = arena_take(&world->arena, sizeof(struct lead));
  lead->id = world->old_ids_left_n > 0 ? uuid_old(world->seed, (uint64_t)world->old_ids_left_n--) : world_uuid(world);
  lead->person = spec->person;
  lead->texts = spec->texts;
  lead->created_ms = lead->updated_ms = world->now_ms;
  lead->wire_ms = (uint32_t)(world_wire_us(world) / 1000);
  lead->campaign = spec->campaign == NULL ? 0 : spec->campaign->handle;
  lead->list = spec->list == NULL ? 0 : spec->list->handle;
  lead->status = LEAD_ACTIVE;
  lead->verification = spec->verification;
  lead->upload = (uint8_t)spec->upload;
  lead->has_interest = spec->has_interest;
  lead->interest = spec->interest;
  lead->opened_step = lead->clicked_step = lead->replied_step = -1;
  lead->opened_variant = lead->clicked_variant = lead->replied_variant = -1;
  if (lead->person != NULL) {
    lead->next_of_person = lead->person->rows;
    lead->person->rows = lead;
  }
  g_hash_table_add(world->leads_by_id, lead);
  bucket_add(&world->all, lead);
  lead_enter(world, lead);
  return lead;
}

void store_restore(struct world *world, const struct lead *saved)
{
  struct lead *lead = arena_take(&world->arena, sizeof(struct lead));
  struct campaign *campaign = store_campaign_at(world, saved->campaign);
  struct subsequence *subsequence = store_subsequence_at(world, saved->subsequence);
  *lead = *saved;
  lead->wire_ms = 0;
  lead->next_of_person = lead->person == NULL ? NULL : lead->person->rows;
  if (lead->person != NULL) lead->person->rows = lead;
  g_hash_table_add(world->leads_by_id, lead);
  bucket_add(&world->all, lead);
  lead_enter(world, lead);
  if (campaign != NULL && lead->due_ms != 0)
    heap_push(&campaign->follow_ups, (struct timer){.due_ms = lead->due_ms, .row = lead});
  if (subsequence == NULL || lead->sub_due_ms == 0) return;
  subsequence->waiting_n++;
  heap_push(&subsequence->due, (struct timer){.due_ms = lead->sub_due_ms, .row = lead});
}

struct lead *store_lead(const struct world *world, const struct uuid *id)
{
  return g_hash_table_lookup(world->leads_by_id, id);
}

struct lead *store_lead_text(const struct world *world, const char *id)
{
  struct uuid uuid;
  return uuid_parse(id, &uuid) ? store_lead(world, &uuid) : NULL;
}

struct lead *store_row_in_campaign(const struct person *person, uint16_t campaign)
{
  for (struct lead *lead = person->rows; lead != NULL; lead = lead->next_of_person)
    if (lead->campaign == campaign) return lead;
  return NULL;
}

struct lead *store_row_in_list(const struct person *person, uint16_t list)
{
  for (struct lead *lead = person->rows; lead != NULL; lead = lead->next_of_person)
    if (lead->list == list) return lead;
  return NULL;
}

static void lead_leave(struct world *world, struct lead *lead)
{
  struct campaign *campaign = store_campaign_at(world, lead->campaign);
  struct list *list = store_list_at(world, lead->list);
  struct subsequence *subsequence = store_subsequence_at(world, lead->subsequence);
  if (subsequence != NULL && lead->sub_due_ms != 0) subsequence->waiting_n--;
  lead->sub_due_ms = 0;
  if (list != NULL) list->bucket.gone_n++;
  if (campaign == NULL) return;
  campaign->bucket.gone_n++;
  world->plan_used_n--;
}

static void person_unlink(struct lead *lead)
{
  struct lead **at = lead->person == NULL ? NULL : &lead->person->rows;
  while (at != NULL && *at != lead)
    at = &(*at)->next_of_person;
  if (at != NULL) *at = lead->next_of_person;
}

void store_remove(struct world *world, struct lead *lead)
{
  lead_leave(world, lead);
  person_unlink(lead);
  g_hash_table_remove(world->leads_by_id, lead);
  lead->texts = NULL;
  lead->is_gone = true;
  world->all.gone_n++;
}

void store_move(struct world *world, struct lead *lead, struct campaign *campaign, struct list *list)
{
  lead_leave(world, lead);
  lead->campaign = campaign == NULL ? 0 : campaign->handle;
  lead->list = list == NULL ? 0 : list->handle;
  lead->subsequence = 0;
  lead->due_ms = 0;
  if (lead->status == LEAD_ACTIVE || lead->status == LEAD_COMPLETED) {
    /* The sequence of the new campaign starts from its first step. */
    lead->status = LEAD_ACTIVE;
    lead->next_step = 0;
  }
  lead->updated_ms = world->now_ms;
  lead_enter(world, lead);
}

static int lead_compare(gconstpointer a, gconstpointer b)
{
  const struct lead *left = *(const struct lead *const *)a;
  const struct lead *right = *(const struct lead *const *)b;
  return uuid_compare(&left->id, &right->id);
}

static void bucket_filter(struct bucket *bucket, bool is_kept(const struct lead *, uint32_t), uint32_t key)
{
  guint kept = 0;
  for (guint i = 0; bucket->rows != NULL && i < bucket->rows->len; i++) {
    struct lead *lead = bucket->rows->pdata[i];
    if (is_kept(lead, key)) bucket->rows->pdata[kept++] = lead;
  }
  if (bucket->rows != NULL) g_ptr_array_set_size(bucket->rows, (gint)kept);
  bucket->gone_n = 0;
}

static bool is_live(const struct lead *lead, uint32_t key)
{
  (void)key;
  return !lead->is_gone;
}

static bool is_member(const struct lead *lead, uint32_t key)
{
  return lead_is_in(lead, (uint16_t)(key >> 16), (uint16_t)key);
}

void bucket_sort(struct bucket *bucket)
{
  if (bucket->rows == NULL) bucket->rows = g_ptr_array_new();
  if (bucket->gone_n > 1000 && bucket->gone_n > bucket->rows->len / 4) bucket_filter(bucket, is_live, 0);
  if (!bucket->is_sorted) g_ptr_array_sort(bucket->rows, lead_compare);
  bucket->is_sorted = true;
}

void bucket_compact(struct bucket *bucket, uint16_t campaign, uint16_t list)
{
  bool is_whole = campaign == 0 && list == 0;
  bucket_filter(bucket, is_whole ? is_live : is_member, ((uint32_t)campaign << 16) | list);
}

guint bucket_after(const struct bucket *bucket, const struct uuid *id)
{
  guint low = 0;
  guint high = bucket->rows->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    const struct lead *lead = bucket->rows->pdata[middle];
    if (uuid_compare(&lead->id, id) <= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

struct campaign *store_campaign_at(const struct world *world, uint16_t handle)
{
  return handle == 0 ? NULL : world->campaigns->pdata[handle - 1];
}

struct list *store_list_at(const struct world *world, uint16_t handle)
{
  return handle == 0 ? NULL : world->lists->pdata[handle - 1];
}

struct subsequence *store_subsequence_at(const struct world *world, uint16_t handle)
{
  return handle == 0 ? NULL : world->subsequences->pdata[handle - 1];
}

struct campaign *store_campaign(const struct world *world, const char *id)
{
  struct uuid uuid;
  if (!uuid_parse(id, &uuid)) return NULL;
  for (guint i = 0; i < world->campaigns->len; i++) {
    struct campaign *campaign = world->campaigns->pdata[i];
    if (!campaign->is_gone && uuid_compare(&campaign->id, &uuid) == 0) return campaign;
  }
  return NULL;
}

struct list *store_list(const struct world *world, const char *id)
{
  struct uuid uuid;
  if (!uuid_parse(id, &uuid)) return NULL;
  for (guint i = 0; i < world->lists->len; i++) {
    struct list *list = world->lists->pdata[i];
    if (!list->is_gone && uuid_compare(&list->id, &uuid) == 0) return list;
  }
  return NULL;
}

struct subsequence *store_subsequence(const struct world *world, const char *id)
{
  struct uuid uuid;
  if (!uuid_parse(id, &uuid)) return NULL;
  for (guint i = 0; i < world->subsequences->len; i++) {
    struct subsequence *subsequence = world->subsequences->pdata[i];
    if (uuid_compare(&subsequence->id, &uuid) == 0) return subsequence;
  }
  return NULL;
}
