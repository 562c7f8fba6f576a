/* The workspace, its plan, its API keys and its lists of leads. */
#include "handlers.h"
#include "keys.h"
#include "render.h"
#include "store.h"

#include <string.h>

const struct field workspace_patch_fields[] = {
    {"name", FIELD_STRING, 0, 0, NULL},
    {"org_logo_url", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

const struct field key_create_fields[] = {
    {"name", FIELD_STRING | FIELD_REQUIRED, 0, 0, NULL},
    {"scopes", FIELD_ARRAY | FIELD_TEXTS | FIELD_REQUIRED, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

const struct field list_create_fields[] = {
    {"name", FIELD_STRING | FIELD_REQUIRED, 0, 0, NULL},
    {"has_enrichment_task", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},
    {"owned_by", FIELD_UUID | FIELD_NULL, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

void workspace_handle(struct world *world, const struct request *request, struct reply *reply)
{
  (void)request;
  GString *out = reply->body;
  g_string_append_c(out, '{');
  render_uuid(out, "id", &world->organization);
  json_append_str(out, "name", world->name);
  render_uuid(out, "owner", &world->owner);
  render_time(out, "timestamp_created", world->created_ms);
  render_time(out, "timestamp_updated", world->created_ms);
  json_append_str(out, "plan_id", world->config->bundle_plan ? NULL : "pid_hg_v1");
  json_append_str(out, "plan_id_bundle", world->config->bundle_plan ? "pid_bundle_scale_v2" : NULL);
  json_append_bool(out, "add_unsub_to_block", world->config->add_unsub_to_block);
  json_append_int(out, "default_opportunity_value", 100);
  json_append_str(out, "org_logo_url", NULL);
  json_append_str(out, "org_client_domain", NULL);
  json_append_str(out, "scheduled_for_removal_at", NULL);
  g_string_append_c(out, '}');
}

void workspace_patch_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const char *name = json_string(request->json, "name");
  if (name != NULL) {
    g_free(world->name);
    world->name = g_strdup(name);
  }
  workspace_handle(world, request, reply);
}

static void plan_append(const struct world *world, const char *kind, const char *product, GString *out)
{
  json_append_key(out, kind);
  g_string_append_c(out, '{');
  json_append_str(out, "plan_name", "Sandbox");
  json_append_int(out, "total_lead_limit", world->plan_limit);
  json_append_int(out, "base_lead_limit", world->plan_limit);
  json_append_int(out, "current_lead_count", world->plan_used_n + world->plan_held_n);
  json_append_str(out, "interval", "month");
  json_append_int(out, "current_period_end", world->created_ms / SECOND_MS + 30 * 86400);
  json_append_str(out, "cancel_at_time", NULL);
  json_append_int(out, "price_in_dollars", 97);
  json_append_str(out, "product_id", product);
  g_string_append_c(out, '}');
}

void plan_details_handle(struct world *world, const struct request *request, struct reply *reply)
{
  (void)request;
  GString *out = reply->body;
  g_string_append_c(out, '{');
  render_uuid(out, "organization_id", &world->organization);
  json_append_str(out, "organization_name", world->name);
  json_append_key(out, "subscriptions");
  g_string_append_c(out, '{');
  if (world->config->bundle_plan) plan_append(world, "bundle", "pid_bundle_scale_v2", out);
  if (!world->config->bundle_plan) plan_append(world, "outreach", "pid_hg_v1", out);
  json_append_key(out, "credits");
  g_string_append_printf(out, "{\"total_credits\":1000,\"available_credits\":%.2f}", world->credits);
  g_string_append_c(out, '}');
  json_append_key(out, "addons");
  g_string_append(out, "{\"outreach\":{\"product_id\":\"pid_addon_25kl_v1\",\"unit_lead_limit\":25000,"
                       "\"existing_quantity\":0,\"max_quantity\":10,\"can_purchase\":true,"
                       "\"purchase_blocked_reason\":null}}}");
}

static void key_append(const struct world *world, const struct api_key *key, bool is_masked, GString *out)
{
  g_string_append_c(out, '{');
  render_uuid(out, "id", &key->id);
  json_append_str(out, "name", key->name);
  json_append_key(out, "scopes");
  g_string_append_c(out, '[');
  for (size_t i = 0; key->scopes[i] != NULL; i++) {
    if (i > 0) g_string_append_c(out, ',');
    json_append_string(out, key->scopes[i]);
  }
  g_string_append_c(out, ']');
  g_autofree char *masked = g_strdup_printf("%.4s****************", key->key);
  json_append_str(out, "key", is_masked ? masked : key->key);
  render_uuid(out, "organization_id", &world->organization);
  render_time(out, "timestamp_created", key->created_ms);
  render_time(out, "timestamp_updated", key->created_ms);
  g_string_append_c(out, '}');
}

void keys_list_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct page page;
  struct uuid after;
  const struct uuid *last = NULL;
  int64_t shown_n = 0;
  if (!request_page(world, request, &page, reply)) return;
  bool has_cursor = uuid_parse(page.after, &after);
  g_string_append(reply->body, "{\"items\":[");
  for (guint i = 0; i < world->keys->len && shown_n < page.limit && !page.is_empty; i++) {
    const struct api_key *key = world->keys->pdata[i];
    if (has_cursor && uuid_compare(&key->id, &after) <= 0) continue;
    if (shown_n++ > 0) g_string_append_c(reply->body, ',');
    key_append(world, key, true, reply->body);
    last = &key->id;
  }
  g_string_append_c(reply->body, ']');
  if (shown_n == page.limit && last != NULL) render_uuid(reply->body, "next_starting_after", last);
  g_string_append_c(reply->body, '}');
}

void key_create_handle(struct world *world, const struct request *request, struct reply *reply)
{
  g_autoptr(GPtrArray) scopes = g_ptr_array_new();
  const cJSON *item;
  cJSON_ArrayForEach(item, json_array(request->json, "scopes"))
  {
    if (!keys_scope_is_known(item->valuestring)) {
      reply_error(reply, 400, "body/scopes/%u must be equal to one of the allowed values", scopes->len);
      return;
    }
    g_ptr_array_add(scopes, item->valuestring);
  }
  g_ptr_array_add(scopes, NULL);
  const struct api_key *key = keys_new(world, json_string(request->json, "name"), NULL, (char **)scopes->pdata);
  key_append(world, key, false, reply->body);
}

void key_delete_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct uuid id;
  bool is_uuid = uuid_parse(request_param(request, 0), &id);
  for (guint i = 0; is_uuid && i < world->keys->len; i++) {
    const struct api_key *key = world->keys->pdata[i];
    if (!uuid_equal(&key->id, &id)) continue;
    key_append(world, key, true, reply->body);
    g_ptr_array_remove_index(world->keys, i);
    return;
  }
  reply_not_found(reply);
}

static void list_append(const struct world *world, const struct list *list, GString *out)
{
  g_string_append_c(out, '{');
  render_uuid(out, "id", &list->id);
  render_uuid(out, "organization_id", &world->organization);
  json_append_bool(out, "has_enrichment_task", false);
  render_uuid(out, "owned_by", &world->owner);
  json_append_str(out, "name", list->name);
  render_time(out, "timestamp_created", list->created_ms);
  g_string_append_c(out, '}');
}

void lists_list_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct page page;
  struct uuid after;
  const struct uuid *last = NULL;
  int64_t shown_n = 0;
  const char *search = request_query(request, "search");
  if (!request_page(world, request, &page, reply)) return;
  bool has_cursor = uuid_parse(page.after, &after);
  g_string_append(reply->body, "{\"items\":[");
  for (guint i = 0; i < world->lists->len && shown_n < page.limit && !page.is_empty; i++) {
    const struct list *list = world->lists->pdata[i];
    if (has_cursor && uuid_compare(&list->id, &after) <= 0) continue;
    if (search != NULL && strstr(list->name, search) == NULL) continue;
    if (shown_n++ > 0) g_string_append_c(reply->body, ',');
    list_append(world, list, reply->body);
    last = &list->id;
  }
  g_string_append_c(reply->body, ']');
  if (shown_n == page.limit && last != NULL) render_uuid(reply->body, "next_starting_after", last);
  g_string_append_c(reply->body, '}');
}

void list_create_handle(struct world *world, const struct request *request, struct reply *reply)
{
  list_append(world, keys_list_new(world, json_string(request->json, "name")), reply->body);
}

void list_get_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const struct list *list = store_list(world, request_param(request, 0));
  if (list == NULL) {
    reply_not_found(reply);
    return;
  }
  list_append(world, list, reply->body);
}
