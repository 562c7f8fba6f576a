#include "keys.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

/* The resources that scopes exist for: 178 scopes with their actions. */
static const char *const resources[] = {
    "all",
    "ai_agents",
    "api_keys",
    "audit_logs",
    "custom_prompt_templates",
    "account_campaign_mappings",
    "campaigns",
    "inbox_placement_tests",
    "inbox_placement_analytics",
    "inbox_placement_reports",
    "lead_lists",
    "leads",
    "background-jobs",
    "custom_tags",
    "custom_tag_mappings",
    "crm_actions",
    "accounts",
    "block_list_entries",
    "lead-labels",
    "email_verifications",
    "emails",
    "email_templates",
    "workspaces",
    "workspace_billing",
    "workspace_group_members",
    "workspace_members",
    "subsequences",
    "ai_sdr",
    "ai_sdr_replies",
    "ai_inbox_manager_analytics",
    "sales_flows",
    "webhooks",
    "webhook_events",
    "security_tokens",
    "dfy_email_account_orders",
    "auth",
};

static const char *const actions[] = {"all", "create", "read", "update", "delete"};

static bool is_among(const char *const *words, size_t words_n, const char *word)
{
  for (size_t i = 0; i < words_n; i++)
    if (strcmp(words[i], word) == 0) return true;
  return false;
}

bool keys_scope_is_known(const char *scope)
{
  g_auto(GStrv) parts = g_strsplit(scope, ":", 2);
  return g_strv_length(parts) == 2 && is_among(resources, G_N_ELEMENTS(resources), parts[0]) &&
         is_among(actions, G_N_ELEMENTS(actions), parts[1]);
}

struct api_key *keys_new(struct world *world, const char *name, const char *text, char **scopes)
{
  struct api_key *key = g_new0(struct api_key, 1);
  key->id = world_uuid(world);
  key->name = g_strdup(name);
  key->scopes = g_strdupv(scopes);
  key->created_ms = world->now_ms;
  uint8_t bytes[24];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)hash_mix(hash_mix(world->seed, key->id.lo), i);
  g_autofree char *secret = g_base64_encode(bytes, sizeof bytes);
  g_strdelimit(secret, "+/", 'x');
  key->key = text != NULL ? g_strdup(text) : g_steal_pointer(&secret);
  g_ptr_array_add(world->keys, key);
  return key;
}

static bool key_make(struct world *world, const cJSON *item, GError **error)
{
  g_autoptr(GPtrArray) scopes = g_ptr_array_new();
  const cJSON *scope;
  cJSON_ArrayForEach(scope, json_array(item, "scopes"))
  {
    if (!cJSON_IsString(scope) || !keys_scope_is_known(scope->valuestring)) {
      error_set(error, ERROR_CONFIG, "a scope of a key in the configuration does not exist; see the specification");
      return false;
    }
    g_ptr_array_add(scopes, scope->valuestring);
  }
  char all[] = "all:all";
  if (json_array(item, "scopes") == NULL) g_ptr_array_add(scopes, all);
  g_ptr_array_add(scopes, NULL);
  const char *name = json_string(item, "name");
  keys_new(world, name == NULL ? "key" : name, json_string(item, "key"), (char **)scopes->pdata);
  return true;
}

bool keys_make(struct world *world, GError **error)
{
  const cJSON *given = json_array(world->config->file, "keys");
  const cJSON *item;
  if (given == NULL) return key_make(world, NULL, error);
  cJSON_ArrayForEach(item, given)
  {
    if (!key_make(world, item, error)) return false;
  }
  return true;
}

struct api_key *keys_find(const struct world *world, const char *text)
{
  for (guint i = 0; i < world->keys->len; i++) {
    struct api_key *key = world->keys->pdata[i];
    if (strcmp(key->key, text) == 0) return key;
  }
  return NULL;
}

bool keys_allow(const struct api_key *key, const char *scope)
{
  if (scope == NULL) return true;
  g_auto(GStrv) parts = g_strsplit(scope, ":", 2);
  g_autofree char *all_of_resource = g_strconcat(parts[0], ":all", NULL);
  g_autofree char *all_of_action = g_strconcat("all:", parts[1], NULL);
  const char *const *held = (const char *const *)key->scopes;
  return g_strv_contains(held, scope) || g_strv_contains(held, all_of_resource) ||
         g_strv_contains(held, all_of_action) || g_strv_contains(held, "all:all");
}

struct list *keys_list_new(struct world *world, const char *name)
{
  struct list *list = g_new0(struct list, 1);
  list->id = world_uuid(world);
  list->name = g_strdup(name);
  list->created_ms = world->now_ms;
  list->bucket.rows = g_ptr_array_new();
  list->bucket.is_sorted = true;
  g_ptr_array_add(world->lists, list);
  list->handle = (uint16_t)world->lists->len;
  return list;
}

void keys_free(gpointer data)
{
  struct api_key *key = data;
  g_free(key->name);
  g_free(key->key);
  g_strfreev(key->scopes);
  g_free(key);
}

void keys_list_free(gpointer data)
{
  struct list *list = data;
  g_free(list->name);
  g_ptr_array_free(list->bucket.rows, TRUE);
  g_free(list);
}
