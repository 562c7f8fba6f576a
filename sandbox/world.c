#include "world.h"

#include "activity.h"
#include "audit.h"
#include "base/clock.h"
#include "base/error.h"
#include "blocklist.h"
#include "campaign.h"
#include "faults.h"
#include "jobs.h"
#include "keys.h"
#include "rate.h"
#include "requests.h"
#include "schedule.h"
#include "store.h"
#include "verification.h"

int64_t world_wire_us(const struct world *world)
{
  return clock_mono_us(clock_system()) - world->wire_start_us;
}

bool world_is_past(const struct world *world, int64_t due_ms, int64_t due_wire_us)
{
  return world->now_ms >= due_ms || world_wire_us(world) >= due_wire_us;
}

struct uuid world_uuid(struct world *world)
{
  return uuid_make(world->now_ms, ++world->ids_made_n, world->seed);
}

static void effect_finish(struct world *world, struct effect effect)
{
  effect.run(world, effect.data);
  if (effect.free_data != NULL) effect.free_data(effect.data);
}

void world_later(struct world *world, int64_t delay_s, const struct effect *effect)
{
  struct effect added = *effect;
  if (delay_s <= 0) {
    effect_finish(world, added);
    return;
  }
  added.due_ms = world->now_ms + delay_s * SECOND_MS;
  added.due_wire_us = world_wire_us(world) + delay_s * 1000000;
  g_array_append_val(world->effects, added);
}

/* The due effect that was promised first, or -1. */
static int effect_next(const struct world *world, bool is_all)
{
  int best = -1;
  int64_t best_ms = INT64_MAX;
  for (guint i = 0; i < world->effects->len; i++) {
    const struct effect *effect = &g_array_index(world->effects, struct effect, i);
    if (effect->due_ms >= best_ms || !(is_all || world_is_past(world, effect->due_ms, effect->due_wire_us))) continue;
    best = (int)i;
    best_ms = effect->due_ms;
  }
  return best;
}

static void effects_run(struct world *world, bool is_all)
{
  for (int i = effect_next(world, is_all); i >= 0; i = effect_next(world, is_all)) {
    struct effect effect = g_array_index(world->effects, struct effect, i);
    g_array_remove_index(world->effects, (guint)i);
    effect_finish(world, effect);
  }
}

void world_settle(struct world *world)
{
  if (world->effects->len > 0) effects_run(world, false);
}

void world_settle_all(struct world *world)
{
  effects_run(world, true);
}

static void accounts_make(struct world *world)
{
  const struct config *config = world->config;
  const cJSON *item;
  cJSON_ArrayForEach(item, json_array(config->file, "accounts"))
  {
    struct account account = {.daily_limit = -1, .is_healthy = true};
    const char *email = json_string(item, "email");
    json_int(item, "daily_limit", &account.daily_limit);
    json_bool(item, "healthy", &account.is_healthy);
    account.email = email == NULL ? g_strdup_printf("mailbox%u@sender.example", world->accounts->len + 1)
                                  : g_ascii_strdown(email, -1);
    g_array_append_val(world->accounts, account);
  }
  if (json_array(config->file, "accounts") != NULL) return;
  for (int64_t i = 1; i <= config->accounts_n; i++) {
    struct account account = {.daily_limit = config->account_daily_limit, .is_healthy = true};
    account.email = g_strdup_printf("mailbox%d@sender.example", (int)i);
    g_array_append_val(world->accounts, account);
  }
}

static bool campaigns_make(struct world *world, GError **error)
{
  g_autoptr(cJSON) defaults = cJSON_Parse(campaign_defaults_json());
  const cJSON *given = json_array(world->config->file, "campaigns");
  const cJSON *item;
  g_assert(defaults != NULL);
  if (given == NULL) given = defaults;
  cJSON_ArrayForEach(item, given)
  {
    if (!campaign_configure(world, item, error)) return false;
  }
  return true;
}

static bool rest_make(struct world *world, GError **error)
{
  const cJSON *item;
  cJSON_ArrayForEach(item, json_array(world->config->file, "lists"))
  {
    const char *name = json_string(item, "name");
    keys_list_new(world, name == NULL ? "List" : name);
  }
  cJSON_ArrayForEach(item, json_array(world->config->file, "block_list"))
  {
    const char *value = cJSON_GetStringValue(item);
    if (value != NULL && blocklist_add(world, value) != NULL) continue;
    error_set(error, ERROR_CONFIG, "each value of block_list must be an address or a domain");
    return false;
  }
  cJSON_ArrayForEach(item, json_array(world->config->file, "faults"))
  {
    if (!faults_add(world->faults, item, error)) return false;
  }
  return true;
}

static void containers_make(struct world *world)
{
  world->people_by_email = g_hash_table_new(text_hash, g_str_equal);
  world->people = g_ptr_array_new();
  world->leads_by_id = g_hash_table_new(uuid_hash, uuid_equal);
  world->all.rows = g_ptr_array_new();
  world->all.is_sorted = true;
  world->all.gone_n = 0;
  world->campaigns = g_ptr_array_new_with_free_func(campaign_free);
  world->lists = g_ptr_array_new_with_free_func(keys_list_free);
  world->subsequences = g_ptr_array_new_with_free_func(subsequence_free);
  world->keys = g_ptr_array_new_with_free_func(keys_free);
  world->jobs = g_ptr_array_new_with_free_func(job_free);
  world->activities = g_ptr_array_new_with_free_func(activity_free);
  world->verifications = verifications_new();
  world->accounts = g_array_new(FALSE, TRUE, sizeof(struct account));
  world->history = g_array_new(FALSE, FALSE, sizeof(struct history));
  world->effects = g_array_new(FALSE, FALSE, sizeof(struct effect));
  world->blocklist = blocklist_new();
  world->faults = faults_new();
  world->rate = rate_new();
  world->requests = requests_new();
}

static void world_begin(struct world *world)
{
  const struct config *config = world->config;
  world->quirks = config->quirks;
  world->seed = (uint64_t)config->seed;
  world->now_ms = world->created_ms = config->start_ms;
  world->ids_made_n = 0;
  world->plan_used_n = world->plan_held_n = 0;
  world->is_paid = config->is_paid;
  world->list_lag_s = config->list_lag_s;
  world->plan_limit = config->plan_limit;
  world->credits = 1000;
  world->totals = (struct audit_totals){0};
  world->organization = world_uuid(world);
  world->owner = world_uuid(world);
  world->name = g_strdup("Sandbox workspace");
  world->old_ids_left_n = config->old_ids_n;
  containers_make(world);
  accounts_make(world);
}

static bool world_fill(struct world *world, GError **error)
{
  world_begin(world);
  return keys_make(world, error) && campaigns_make(world, error) && rest_make(world, error);
}

static struct world *world_alloc(const struct config *config)
{
  struct world *world = g_new0(struct world, 1);
  pthread_mutex_init(&world->lock, NULL);
  world->config = config;
  world->wire_start_us = clock_mono_us(clock_system());
  return world;
}

struct world *world_new_empty(const struct config *config)
{
  struct world *world = world_alloc(config);
  world_begin(world);
  return world;
}

struct world *world_new(const struct config *config, GError **error)
{
  struct world *world = world_alloc(config);
  if (world_fill(world, error)) return world;
  world_free(world);
  return NULL;
}

static void world_empty(struct world *world)
{
  for (guint i = 0; i < world->effects->len; i++) {
    struct effect *effect = &g_array_index(world->effects, struct effect, i);
    if (effect->free_data != NULL) effect->free_data(effect->data);
  }
  for (guint i = 0; i < world->accounts->len; i++)
    g_free(g_array_index(world->accounts, struct account, i).email);
  g_ptr_array_free(world->all.rows, TRUE);
  arena_clear(&world->arena);
  g_hash_table_destroy(world->people_by_email);
  g_hash_table_destroy(world->leads_by_id);
  g_hash_table_destroy(world->verifications);
  g_ptr_array_free(world->people, TRUE);
  g_ptr_array_free(world->campaigns, TRUE);
  g_ptr_array_free(world->lists, TRUE);
  g_ptr_array_free(world->subsequences, TRUE);
  g_ptr_array_free(world->keys, TRUE);
  g_ptr_array_free(world->jobs, TRUE);
  g_ptr_array_free(world->activities, TRUE);
  g_array_free(world->accounts, TRUE);
  g_array_free(world->history, TRUE);
  g_array_free(world->effects, TRUE);
  heap_clear(&world->outcomes);
  blocklist_free(world->blocklist);
  faults_free(world->faults);
  rate_free(world->rate);
  requests_free(world->requests);
  g_free(world->name);
}

bool world_reset(struct world *world, GError **error)
{
  world_empty(world);
  return world_fill(world, error);
}

void world_free(struct world *world)
{
  if (world == NULL) return;
  world_empty(world);
  pthread_mutex_destroy(&world->lock);
  g_free(world);
}
