#include "selector.h"

#include "fields.h"
#include "incoming.h"
#include "store.h"

#include <string.h>

const struct field selector_query_fields[] = {
    {"actionType", FIELD_STRING | FIELD_REQUIRED, 0, 0, NULL},
    {"values", FIELD_OBJECT | FIELD_REQUIRED, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static void picked_add(struct selector *selector, struct lead *lead)
{
  if (lead != NULL && !lead->is_gone) g_ptr_array_add(selector->picked, lead);
}

static int lead_order(gconstpointer a, gconstpointer b)
{
  const struct lead *left = *(const struct lead *const *)a;
  const struct lead *right = *(const struct lead *const *)b;
  return uuid_compare(&left->id, &right->id);
}

/* Rows that ids and contacts name; with both, those that both name. */
static void picked_read(struct selector *selector, const cJSON *ids, const cJSON *contacts)
{
  const cJSON *item;
  char email[EMAIL_BYTES];
  if (ids == NULL && contacts == NULL) return;
  selector->picked = g_ptr_array_new();
  cJSON_ArrayForEach(item, ids)
  {
    picked_add(selector, store_lead_text(selector->world, cJSON_GetStringValue(item)));
  }
  g_autoptr(GHashTable) people = g_hash_table_new(NULL, NULL);
  cJSON_ArrayForEach(item, contacts)
  {
    const char *raw = cJSON_GetStringValue(item);
    struct person *person =
        raw != NULL && incoming_email(raw, email) ? store_person_find(selector->world, email) : NULL;
    if (person == NULL || !g_hash_table_add(people, person)) continue;
    for (struct lead *row = ids == NULL ? person->rows : NULL; row != NULL; row = row->next_of_person)
      picked_add(selector, row);
  }
  for (guint i = selector->picked->len; ids != NULL && contacts != NULL && i > 0; i--) {
    const struct lead *lead = selector->picked->pdata[i - 1];
    if (!g_hash_table_contains(people, lead->person)) g_ptr_array_remove_index(selector->picked, i - 1);
  }
  g_ptr_array_sort(selector->picked, lead_order);
}

static void excluded_read(struct selector *selector, const cJSON *ids)
{
  const cJSON *item;
  cJSON_ArrayForEach(item, ids)
  {
    struct uuid id;
    if (!uuid_parse(cJSON_GetStringValue(item), &id)) continue;
    if (selector->excluded == NULL) selector->excluded = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
    struct uuid *key = g_new(struct uuid, 1);
    *key = id;
    g_hash_table_add(selector->excluded, key);
  }
}

void selector_read(struct selector *selector, struct world *world, const cJSON *body)
{
  const char *campaign = json_string(body, "campaign");
  const char *list = json_string(body, "list_id");
  *selector = (struct selector){
      .world = world,
      .campaign = store_campaign(world, campaign),
      .list = store_list(world, list),
      .in_campaign = cJSON_IsTrue(json_get(body, "in_campaign")),
      .in_list = cJSON_IsTrue(json_get(body, "in_list")),
      .filter = json_string(body, "filter"),
      .search = json_string(body, "search"),
      .queries = json_array(body, "queries"),
      .wants_website_visitors = cJSON_IsTrue(json_get(body, "is_website_visitor")),
  };
  selector->is_impossible =
      (campaign != NULL && selector->campaign == NULL) || (list != NULL && selector->list == NULL);
  picked_read(selector, json_array(body, "ids"), json_array(body, "contacts"));
  excluded_read(selector, json_array(body, "excluded_ids"));
}

const GPtrArray *selector_rows(struct selector *selector)
{
  struct bucket *bucket = &selector->world->all;
  if (selector->picked != NULL) return selector->picked;
  if (selector->list != NULL) bucket = &selector->list->bucket;
  if (selector->campaign != NULL) bucket = &selector->campaign->bucket;
  bucket_sort(bucket);
  return bucket->rows;
}

bool lead_is_visible(const struct world *world, const struct lead *lead)
{
  int64_t lag_s = world->list_lag_s;
  if (lag_s <= 0) return true;
  /* Each row has its own lag, up to the configured one. */
  int64_t lag_ms = (int64_t)(hash_unit(hash_mix(world->seed, lead->id.lo)) * (double)lag_s * 1000.0);
  return world_is_past(world, lead->created_ms + lag_ms, ((int64_t)lead->wire_ms + lag_ms) * 1000);
}

static bool has_prefix(const char *text, const char *prefix)
{
  return text != NULL && g_ascii_strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool search_matches(const struct lead *lead, const char *search)
{
  return (lead->person != NULL && has_prefix(lead->person->email, search)) ||
         has_prefix(texts_get(lead->texts, TEXT_FIRST_NAME), search) ||
         has_prefix(texts_get(lead->texts, TEXT_LAST_NAME), search);
}

static bool count_matches(const cJSON *condition, int64_t count)
{
  int64_t wanted = 0;
  const char *how = json_string(condition, "condition");
  if (condition == NULL || !json_int(condition, "count", &wanted)) return count > 0;
  if (g_strcmp0(how, "more") == 0) return count > wanted;
  return g_strcmp0(how, "less") == 0 ? count < wanted : count == wanted;
}

static bool status_matches(const cJSON *condition, const struct lead *lead)
{
  int64_t wanted = 0;
  if (!json_int(condition, "status", &wanted)) return lead->has_interest;
  bool is_equal = lead->has_interest && lead->interest == wanted;
  return g_strcmp0(json_string(condition, "condition"), "is-not") == 0 ? !is_equal : is_equal;
}

static bool query_matches(const struct world *world, const cJSON *query, const struct lead *lead)
{
  const cJSON *values = json_get(query, "values");
  const cJSON *count = json_get(values, "occurrence-count");
  const char *action = json_string(query, "actionType");
  const struct {
    const char *name;
    int64_t last_ms;
    bool is_fit;
  } actions[] = {
      {"reply", lead->replied_ms, count_matches(count, lead->replies_n)},
      {"email-open", lead->opened_ms, count_matches(count, lead->opens_n)},
      {"link-click", lead->clicked_ms, count_matches(count, lead->clicks_n)},
      {"last-contacted", lead->contacted_ms, lead->contacted_ms != 0},
      {"lead-status", 0, status_matches(json_get(values, "lead-status"), lead)},
      {"lead-status-change", lead->interest_ms, lead->interest_ms != 0},
  };
  int64_t days = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
    if (g_strcmp0(actions[i].name, action) != 0) continue;
    bool is_recent = actions[i].last_ms == 0 || !json_int(values, "occurrence-days", &days) ||
                     actions[i].last_ms >= world->now_ms - days * DAY_MS;
    return actions[i].is_fit && is_recent;
  }
  return true;
}

static bool place_matches(const struct selector *selector, const struct lead *lead)
{
  if (selector->campaign != NULL && lead->campaign != selector->campaign->handle) return false;
  if (selector->list != NULL && lead->list != selector->list->handle) return false;
  if (selector->in_campaign && lead->campaign == 0) return false;
  return !selector->in_list || lead->list != 0;
}

bool selector_matches(const struct selector *selector, const struct lead *lead)
{
  bool is_known = true;
  if (lead->is_gone || selector->is_impossible || !place_matches(selector, lead)) return false;
  if (!lead_is_visible(selector->world, lead)) return false;
  if (selector->excluded != NULL && g_hash_table_contains(selector->excluded, &lead->id)) return false;
  if (selector->filter != NULL && !filter_matches(selector->filter, lead, &is_known)) return false;
  if (selector->search != NULL && *selector->search != '\0' && !search_matches(lead, selector->search)) return false;
  if (selector->wants_website_visitors && lead->upload != UPLOAD_VISITOR) return false;
  const cJSON *query;
  cJSON_ArrayForEach(query, selector->queries)
  {
    if (!query_matches(selector->world, query, lead)) return false;
  }
  return true;
}

void selector_clear(struct selector *selector)
{
  if (selector->excluded != NULL) g_hash_table_destroy(selector->excluded);
  if (selector->picked != NULL) g_ptr_array_free(selector->picked, TRUE);
  *selector = (struct selector){0};
}
