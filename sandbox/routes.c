#include "routes.h"

#include "handlers.h"
#include "keys.h"
#include "rate.h"
#include "requests.h"

#include <string.h>

const struct route api_routes[] = {
    {"POST", "/api/v2/leads/add", "leads:create", leads_add_fields, leads_add_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/leads/list", "leads:read", leads_list_fields, leads_list_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/leads/move", "leads:update", leads_move_fields, leads_move_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/leads/update-interest-status", "leads:update", NULL, leads_interest_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/leads/subsequence/move", "leads:update", subsequence_move_fields, subsequence_move_handle,
     ROUTE_PLAIN},
    {"POST", "/api/v2/leads/subsequence/remove", "leads:update", subsequence_remove_fields, subsequence_remove_handle,
     ROUTE_PLAIN},
    {"POST", "/api/v2/leads", "leads:create", lead_create_fields, lead_create_handle, ROUTE_PLAIN},
    {"DELETE", "/api/v2/leads", "leads:delete", leads_delete_fields, leads_delete_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/leads/{id}", "leads:read", NULL, lead_get_handle, ROUTE_PLAIN},
    {"PATCH", "/api/v2/leads/{id}", "leads:update", lead_patch_fields, lead_patch_handle, ROUTE_NEEDS_PROPERTY},
    {"DELETE", "/api/v2/leads/{id}", "leads:delete", NULL, lead_delete_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/campaigns", "campaigns:read", NULL, campaigns_list_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/campaigns", "campaigns:create", campaign_create_fields, campaign_create_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/campaigns/count-launched", "campaigns:read", NULL, campaigns_launched_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/campaigns/search-by-contact", "campaigns:read", NULL, campaigns_by_contact_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/campaigns/analytics", NULL, NULL, analytics_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/campaigns/analytics/overview", NULL, NULL, analytics_overview_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/campaigns/analytics/daily", NULL, NULL, analytics_daily_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/campaigns/analytics/steps", NULL, NULL, analytics_steps_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/campaigns/{id}", "campaigns:read", NULL, campaign_get_handle, ROUTE_PLAIN},
    {"PATCH", "/api/v2/campaigns/{id}", "campaigns:update", campaign_patch_fields, campaign_patch_handle,
     ROUTE_NEEDS_PROPERTY},
    {"DELETE", "/api/v2/campaigns/{id}", "campaigns:delete", NULL, campaign_delete_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/campaigns/{id}/activate", "campaigns:update", NULL, campaign_activate_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/campaigns/{id}/pause", "campaigns:update", NULL, campaign_pause_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/campaigns/{id}/variables", "campaigns:update", campaign_variables_fields,
     campaign_variables_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/campaigns/{id}/sending-status", "campaigns:read", NULL, sending_status_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/subsequences", "subsequences:read", NULL, subsequences_list_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/subsequences/analytics", "subsequences:read", NULL, subsequences_analytics_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/subsequences/{id}", "subsequences:read", NULL, subsequence_get_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/subsequences/{id}/pause", "subsequences:update", NULL, subsequence_pause_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/subsequences/{id}/resume", "subsequences:update", NULL, subsequence_resume_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/background-jobs", "background-jobs:read", NULL, jobs_list_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/background-jobs/{id}", "background-jobs:read", NULL, job_get_handle, ROUTE_TEXT_PARAMS},
    {"GET", "/api/v2/block-lists-entries", "block_list_entries:read", NULL, block_list_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/block-lists-entries", "block_list_entries:create", block_create_fields, block_create_handle,
     ROUTE_PLAIN},
    {"DELETE", "/api/v2/block-lists-entries", "block_list_entries:delete", NULL, block_wipe_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/block-lists-entries/download", "block_list_entries:read", NULL, block_download_handle,
     ROUTE_PLAIN},
    {"POST", "/api/v2/block-lists-entries/bulk-create", "block_list_entries:create", block_bulk_create_fields,
     block_bulk_create_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/block-lists-entries/bulk-delete", "block_list_entries:delete", block_bulk_delete_fields,
     block_bulk_delete_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/block-lists-entries/{id}", "block_list_entries:read", NULL, block_get_handle, ROUTE_PLAIN},
    {"PATCH", "/api/v2/block-lists-entries/{id}", "block_list_entries:update", block_patch_fields, block_patch_handle,
     ROUTE_NEEDS_PROPERTY},
    {"DELETE", "/api/v2/block-lists-entries/{id}", "block_list_entries:delete", NULL, block_delete_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/lead-lists", "lead_lists:read", NULL, lists_list_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/lead-lists", "lead_lists:create", list_create_fields, list_create_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/lead-lists/{id}", "lead_lists:read", NULL, list_get_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/workspaces/current", "workspaces:read", NULL, workspace_handle, ROUTE_PLAIN},
    {"PATCH", "/api/v2/workspaces/current", "workspaces:update", workspace_patch_fields, workspace_patch_handle,
     ROUTE_NEEDS_PROPERTY},
    {"GET", "/api/v2/workspace-billing/plan-details", "workspace_billing:read", NULL, plan_details_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/api-keys", "api_keys:read", NULL, keys_list_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/api-keys", "api_keys:create", key_create_fields, key_create_handle, ROUTE_PLAIN},
    {"DELETE", "/api/v2/api-keys/{id}", "api_keys:delete", NULL, key_delete_handle, ROUTE_PLAIN},
    {"POST", "/api/v2/email-verification", "email_verifications:create", verification_fields, verification_handle,
     ROUTE_PLAIN},
    {"GET", "/api/v2/email-verification/{email}", "email_verifications:read", NULL, verification_get_handle,
     ROUTE_TEXT_PARAMS},
    {"GET", "/api/v2/audit-logs", "audit_logs:read", NULL, audit_logs_handle, ROUTE_PLAIN},
    {"GET", "/api/v2/emails", "emails:read", NULL, emails_list_handle, ROUTE_PLAIN},
    {NULL, NULL, NULL, NULL, NULL, ROUTE_PLAIN},
};

/* Does the path fit the template? Copies what stands for {...}. */
static bool path_matches(const char *template, const char *path, char *params[PATH_PARAMS_MAX])
{
  size_t params_n = 0;
  while (*template != '\0' && *path != '\0') {
    if (*template != '{') {
      if (*template ++ != *path++) return false;
      continue;
    }
    size_t length = strcspn(path, "/");
    if (length == 0 || params_n == PATH_PARAMS_MAX) return false;
    g_free(params[params_n]);
    params[params_n++] = g_strndup(path, length);
    path += length;
    template += strcspn(template, "}") + 1;
  }
  return *template == '\0' && *path == '\0';
}

const struct route *route_find(const char *method, const char *path, char *params[PATH_PARAMS_MAX])
{
  bool is_control = g_str_has_prefix(path, "/_sandbox/");
  for (const struct route *route = is_control ? control_routes : api_routes; route->method != NULL; route++)
    if (strcmp(route->method, method) == 0 && path_matches(route->path, path, params)) return route;
  return NULL;
}

/* The edge in front of the API turns away what looks like a script. */
static bool edge_check(const struct world *world, const struct request *request, struct reply *reply)
{
  const char *agent = request->user_agent;
  if (!world->quirks.is_on[QUIRK_USER_AGENT]) return true;
  if (agent != NULL && *agent != '\0' && !g_str_has_prefix(agent, "Python-urllib")) return true;
  reply_html(reply, 403);
  return false;
}

static bool key_check(struct world *world, struct request *request, struct reply *reply)
{
  const char *header = request->authorization;
  if (header == NULL) {
    reply_error(reply, 401, "Missing Authorization header");
    return false;
  }
  if (g_ascii_strncasecmp(header, "Bearer ", 7) == 0) request->key = keys_find(world, header + 7);
  if (request->key == NULL) reply_error(reply, 401, "Invalid API key");
  return request->key != NULL;
}

static bool rate_check(struct world *world, const struct request *request, struct reply *reply)
{
  int64_t wait_s = 0;
  if (rate_take(world, strcmp(request->route->path, "/api/v2/emails") == 0, &wait_s)) return true;
  reply_error(reply, 429, "Rate limit exceeded");
  if (world->config->rate.tells_retry_after) reply->retry_after_s = MAX(wait_s, 1);
  return false;
}

static bool rights_check(const struct world *world, const struct request *request, struct reply *reply)
{
  struct uuid workspace;
  if (!world->is_paid) {
    reply_error(reply, 402, "Workspace does not have an active paid plan");
    return false;
  }
  if (!keys_allow(request->key, request->route->scope)) {
    reply_error(reply, 403, "API key does not have the required scope: %s", request->route->scope);
    return false;
  }
  if (request->workspace == NULL) return true;
  if (uuid_parse(request->workspace, &workspace) && uuid_equal(&workspace, &world->organization)) return true;
  reply_error(reply, 403, "No access to this workspace");
  return false;
}

static bool params_check(const struct request *request, struct reply *reply)
{
  struct uuid id;
  if (request->params[0] == NULL || (request->route->flags & ROUTE_TEXT_PARAMS) != 0 ||
      uuid_parse(request->params[0], &id))
    return true;
  reply_error(reply, 400, "params/id must match format \"uuid\"");
  return false;
}

#define BODY_LIMIT_BYTES ((size_t)1024 * 1024)

static bool body_parse(const struct world *world, struct request *request, struct reply *reply)
{
  bool is_json =
      request->content_type != NULL && g_ascii_strncasecmp(request->content_type, "application/json", 16) == 0;
  if (strcmp(request->method, "GET") == 0) return true;
  if (request->body_size == 0) {
    if (!is_json || !world->quirks.is_on[QUIRK_EMPTY_BODY]) return true;
    reply_fastify_error(reply, 400, "FST_ERR_CTP_EMPTY_JSON_BODY",
                        "Body cannot be empty when content-type is set to 'application/json'");
    return false;
  }
  if (!is_json) {
    reply_fastify_error(reply, 415, "FST_ERR_CTP_INVALID_MEDIA_TYPE", "Unsupported Media Type");
    return false;
  }
  if (request->body_size > request->body->len ||
      (request->body_size > BODY_LIMIT_BYTES && world->quirks.is_on[QUIRK_BODY_LIMIT])) {
    reply_fastify_error(reply, 413, "FST_ERR_CTP_BODY_TOO_LARGE", "Request body is too large");
    return false;
  }
  request->json = json_parse_flat(request->body->str, request->body->len, NULL);
  if (request->json != NULL) return true;
  reply_fastify_error(reply, 400, "FST_ERR_CTP_INVALID_JSON_BODY",
                      "Body is not valid JSON but content-type is set to 'application/json'");
  return false;
}

static bool has_known_property(const cJSON *body, const struct field *fields)
{
  for (const struct field *field = fields; field->name != NULL; field++)
    if (json_get(body, field->name) != NULL) return true;
  return false;
}

/* A body that does not fit may only be in need of coercion; that changes it, and flat trees cannot be changed. */
static bool schema_check(struct request *request, bool is_strict, GString *message)
{
  if (validate_body(request->json, request->route->fields, is_strict, message)) return true;
  cJSON *changeable = cJSON_Duplicate(request->json, true);
  cJSON_Delete(request->json);
  request->json = changeable;
  return validate_body(request->json, request->route->fields, is_strict, message);
}

static bool body_check(const struct world *world, struct request *request, struct reply *reply)
{
  const struct route *route = request->route;
  if (route->fields == NULL) return true;
  g_autoptr(GString) message = g_string_new(NULL);
  if (!schema_check(request, !world->quirks.is_on[QUIRK_UNKNOWN_IGNORED], message)) {
    reply_error(reply, 400, "%s", message->str);
    return false;
  }
  if ((route->flags & ROUTE_NEEDS_PROPERTY) == 0 || has_known_property(request->json, route->fields)) return true;
  reply_error(reply, 400, "body must NOT have fewer than 1 properties");
  return false;
}

static bool is_refused_by_fault(const struct fired *fired, const struct fault_context *context)
{
  unsigned before = context->reply->status;
  context->reply->status = 0;
  faults_apply(fired, FAULT_REFUSE, context);
  if (context->reply->status != 0) return true;
  context->reply->status = before;
  return false;
}

static void api_serve(struct world *world, struct request *request, struct reply *reply)
{
  if (!edge_check(world, request, reply)) return;
  if (request->route == NULL) {
    reply_error(reply, 404, "Route %s:%s not found", request->method, request->path);
    return;
  }
  if (!key_check(world, request, reply) || !rate_check(world, request, reply)) return;
  if (!rights_check(world, request, reply) || !params_check(request, reply)) return;
  if (!body_parse(world, request, reply) || !body_check(world, request, reply)) return;
  request->route->handle(world, request, reply);
}

static void control_serve(struct world *world, struct request *request, struct reply *reply)
{
  if (request->route == NULL) {
    reply_error(reply, 404, "The sandbox has no %s %s; see docs/sandbox.md", request->method, request->path);
    return;
  }
  if (request->body->len > 0) request->json = json_parse(request->body->str, request->body->len, NULL);
  if (request->body->len > 0 && request->json == NULL) {
    reply_error(reply, 400, "The body is not valid JSON");
    return;
  }
  request->route->handle(world, request, reply);
}

void serve(struct world *world, struct request *request, struct reply *reply, struct fired *fired)
{
  struct fault_context context = {.world = world, .request = request, .reply = reply, .wire = &fired->wire};
  world_settle(world);
  if (request->is_control) {
    control_serve(world, request, reply);
    return;
  }
  faults_apply(fired, FAULT_BEFORE, &context);
  if (!is_refused_by_fault(fired, &context)) {
    api_serve(world, request, reply);
    faults_apply(fired, FAULT_AFTER, &context);
  }
  requests_add(world, request, reply);
}
