#include "instantly/answer.h"
#include "instantly/parse.h"

static bool read_limits(const cJSON *subscription, struct plan_details *plan)
{
  bool has_limit = json_int(subscription, "total_lead_limit", &plan->lead_limit);
  bool has_count = json_int(subscription, "current_lead_count", &plan->lead_count);
  return has_limit && has_count;
}

/* Every property is optional; what is missing is unknown, not zero (instantly-api 6.11). */
bool parse_plan(const char *bytes, size_t length, struct plan_details *plan, GError **error)
{
  g_autoptr(cJSON) tree = answer_parse(bytes, length, error);
  if (!tree) return false;
  static const char *const kinds[] = {"outreach", "bundle"};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    struct plan_details found = {.lead_limit = -1, .lead_count = -1};
    if (!read_limits(json_get(json_get(tree, "subscriptions"), kinds[i]), &found)) continue;
    *plan = found;
    return true;
  }
  *plan = (struct plan_details){.lead_limit = -1, .lead_count = -1};
  return true;
}

bool parse_workspace(const char *bytes, size_t length, struct workspace_info *info, GError **error)
{
  *info = (struct workspace_info){0};
  g_autoptr(cJSON) tree = answer_parse(bytes, length, error);
  if (!tree) return false;
  const char *id = json_string(tree, "id");
  if (!id) {
    error_set(error, ERROR_CORRUPT, "the workspace in the answer has no id");
    return false;
  }
  info->id = g_strdup(id);
  info->name = g_strdup(json_string(tree, "name"));
  info->has_add_unsub_to_block = json_bool(tree, "add_unsub_to_block", &info->add_unsub_to_block);
  return true;
}
