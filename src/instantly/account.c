/* What belongs to the workspace: block list, plan, settings. */
#include "instantly/private.h"

#define SEARCH_ROWS      100
#define SEARCH_PAGES_MAX 100
#define SAME_VALUE_MAX   4

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

/* The id of the entry with exactly this value among those of a page; NULL: not there. Caller frees. */
static char *entry_id(const cJSON *tree, const char *value)
{
  const cJSON *entry;
  cJSON_ArrayForEach(entry, json_array(tree, "items"))
  {
    const char *listed = json_string(entry, "bl_value"), *id = json_string(entry, "id");
    if (listed && *listed == '@' && *value != '@') listed++;
    if (listed && id && g_ascii_strcasecmp(listed, value) == 0) return g_strdup(id);
  }
  return NULL;
}

/* The search matches parts of values: pages are walked until the very value is met. */
static bool entry_find(struct instantly *instantly, const char *value, char **id, GError **error)
{
  g_autofree char *escaped = g_uri_escape_string(value, NULL, false);
  g_autofree char *after = NULL;
  bool has_more = true;
  for (int pages_n = 0; has_more && !*id && pages_n < SEARCH_PAGES_MAX; pages_n++) {
    g_autofree char *query = g_strdup_printf("limit=%d&search=%s%s%s", SEARCH_ROWS, escaped,
                                             after ? "&starting_after=" : "", after ? after : "");
    struct ask ask = {.endpoint = ENDPOINT_BLOCKLIST_LIST, .query = query};
    bool is_done = client_ask(client_of(instantly), &ask, error);
    g_autoptr(cJSON) tree = is_done ? answer_parse(ask.call.answer->str, ask.call.answer->len, error) : NULL;
    ask_clear(&ask);
    if (!tree) return false;
    *id = entry_id(tree, value);
    const char *next = json_string(tree, "next_starting_after");
    has_more = next != NULL && g_strcmp0(next, after) != 0;
    g_free(after);
    after = next ? g_uri_escape_string(next, NULL, false) : NULL;
  }
  return true;
}

static bool entry_delete(struct instantly *instantly, const char *id, GError **error)
{
  g_autoptr(GError) own = NULL;
  if (!client_check_id(id, error)) return false; /* the same route without an id empties the whole list */
  struct ask ask = {.endpoint = ENDPOINT_BLOCKLIST_DELETE, .id = id};
  bool is_done = client_ask(client_of(instantly), &ask, &own) || error_is(own, ERROR_NOT_FOUND);
  ask_clear(&ask);
  if (!is_done) g_propagate_error(error, g_steal_pointer(&own));
  return is_done;
}

/* Whether a value can stand there more than once is not known: it is looked for until it is gone, or the search is
 * late.
 */
bool blocklist_remove(struct instantly *instantly, const char *value, GError **error)
{
  for (int i = 0; i < SAME_VALUE_MAX; i++) {
    g_autofree char *id = NULL;
    if (!entry_find(instantly, value, &id, error)) return false;
    if (!id) return true;
    if (!entry_delete(instantly, id, error)) return false;
  }
  return true;
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
