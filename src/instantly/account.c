/* What belongs to the workspace: block list, plan, settings. */
#include "instantly/private.h"

bool blocklist_read(struct instantly *instantly, struct page *page, GError **error)
{
  struct client *client = client_of(instantly);
  struct ask ask = {.endpoint = ENDPOINT_BLOCKLIST_DOWNLOAD};
  ask_prepare(&ask);
  ask.call.answer_max_bytes = CSV_MAX_BYTES;
  struct call *call = &ask.call;
  net_perform(client->net, &call, 1);
  bool is_done = answer_is_good(call, endpoint_of(ask.endpoint), error);
  bool is_read = is_done && parse_blocklist_csv(call->answer->str, call->answer->len, page, error);
  if (is_done && !is_read) g_prefix_error(error, "%s %s: ", call->method, call->route);
  ask_clear(&ask);
  return is_read;
}

/* Adding a value again is not an error to Instantly as far as is known; the caller reads the list back. */
bool blocklist_add(struct instantly *instantly, const char *const *values, size_t values_n, GError **error)
{
  if (values_n == 0) return true;
  if (values_n > IDS_MAX_N) {
    error_set(error, ERROR_REJECTED, "the block list takes at most %d entries at once, not %zu", IDS_MAX_N, values_n);
    return false;
  }
  struct blocklist_add_body body = {.bl_values = {values, values_n}};
  struct ask ask = {.endpoint = ENDPOINT_BLOCKLIST_ADD, .body_source = &body};
  bool is_done = client_ask(client_of(instantly), &ask, error);
  g_autoptr(cJSON) tree = is_done ? answer_parse(ask.call.answer->str, ask.call.answer->len, error) : NULL;
  ask_clear(&ask);
  return tree != NULL;
}

bool plan_read(struct instantly *instantly, struct plan_details *plan, GError **error)
{
  *plan = (struct plan_details){.lead_limit = -1, .lead_count = -1};
  struct ask ask = {.endpoint = ENDPOINT_PLAN_DETAILS};
  bool is_done = client_ask(client_of(instantly), &ask, error);
  bool is_read = is_done && parse_plan(ask.call.answer->str, ask.call.answer->len, plan, error);
  ask_clear(&ask);
  return is_read;
}

bool workspace_read(struct instantly *instantly, struct workspace_info *info, GError **error)
{
  *info = (struct workspace_info){0};
  struct ask ask = {.endpoint = ENDPOINT_WORKSPACE};
  bool is_done = client_ask(client_of(instantly), &ask, error);
  bool is_read = is_done && parse_workspace(ask.call.answer->str, ask.call.answer->len, info, error);
  ask_clear(&ask);
  return is_read;
}
