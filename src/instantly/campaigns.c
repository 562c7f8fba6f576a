/* Campaigns and subsequences. */
#include "instantly/private.h"

#include "net/scrub.h"

#include "instantly/leads.h"

#include <string.h>

#define PAGES_MAX_N 10000

/* Asks and parses; the caller owns the tree. */
static cJSON *ask_tree(struct client *client, enum endpoint_id endpoint, const char *id, GError **error)
{
  struct ask ask = {.endpoint = endpoint, .id = id};
  bool is_done = client_ask(client, &ask, error);
  cJSON *tree = is_done ? answer_parse(ask.call.answer->str, ask.call.answer->len, error) : NULL;
  if (is_done && !tree) g_prefix_error(error, "%s %s: ", ask.call.method, ask.call.route);
  ask_clear(&ask);
  return tree;
}

bool campaign_get(struct instantly *instantly, const char *id, struct remote_campaign *campaign, GError **error)
{
  struct ask ask = {.endpoint = ENDPOINT_CAMPAIGN_GET, .id = id};
  bool is_done = client_ask(client_of(instantly), &ask, error);
  bool is_read = is_done && parse_campaign(ask.call.answer->str, ask.call.answer->len, id, campaign, error);
  if (is_done && !is_read) g_prefix_error(error, "%s %s: ", ask.call.method, ask.call.route);
  ask_clear(&ask);
  return is_read;
}

bool campaign_activate(struct instantly *instantly, const char *id, GError **error)
{
  g_autoptr(cJSON) tree = ask_tree(client_of(instantly), ENDPOINT_CAMPAIGN_ACTIVATE, id, error);
  return tree != NULL;
}

bool campaign_pause(struct instantly *instantly, const char *id, GError **error)
{
  g_autoptr(cJSON) tree = ask_tree(client_of(instantly), ENDPOINT_CAMPAIGN_PAUSE, id, error);
  return tree != NULL;
}

/* diagnostics may be null or partial; summary then has the word (instantly-api 4.5). */
bool campaign_sending_status(struct instantly *instantly, const char *id, char **reason, GError **error)
{
  *reason = NULL;
  g_autoptr(cJSON) tree = ask_tree(client_of(instantly), ENDPOINT_SENDING_STATUS, id, error);
  if (!tree) return false;
  const char *word = json_string(json_get(tree, "diagnostics"), "status");
  if (!word) word = json_string(json_get(tree, "summary"), "status");
  if (word && strcmp(word, "healthy") != 0) *reason = net_scrub(word);
  return true;
}

bool subsequence_get(struct instantly *instantly, const char *id, struct remote_subsequence *subsequence,
                     GError **error)
{
  g_autoptr(cJSON) tree = ask_tree(client_of(instantly), ENDPOINT_SUBSEQUENCE_GET, id, error);
  if (!tree) return false;
  const cJSON *steps = json_array(cJSON_GetArrayItem(json_array(tree, "sequences"), 0), "steps");
  *subsequence = (struct remote_subsequence){.steps_n = cJSON_GetArraySize(steps)};
  if (json_int(tree, "status", &subsequence->status)) return true;
  error_set(error, ERROR_CORRUPT, "GET /api/v2/subsequences/{id}: the answer has no status");
  return false;
}

/* ---- lists ---- */

/* Walks a cursor list to its end; on_item is told of each row. An empty page or no cursor ends it. */
static bool walk_list(struct client *client, enum endpoint_id endpoint,
                      bool (*on_item)(const cJSON *item, void *context, GError **error), void *context, GError **error)
{
  g_autofree char *after = NULL;
  for (int page_n = 0; page_n < PAGES_MAX_N; page_n++) {
    g_autofree char *escaped = after ? g_uri_escape_string(after, NULL, FALSE) : NULL;
    g_autofree char *query =
        g_strdup_printf("limit=%d%s%s", LIST_MAX_N, after ? "&starting_after=" : "", after ? escaped : "");
    struct ask ask = {.endpoint = endpoint, .query = query};
    bool is_done = client_ask(client, &ask, error);
    g_autoptr(cJSON) tree = is_done ? answer_parse(ask.call.answer->str, ask.call.answer->len, error) : NULL;
    ask_clear(&ask);
    if (!tree) return false;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, json_array(tree, "items"))
    {
      if (!on_item(item, context, error)) return false;
    }
    const char *next = json_string(tree, "next_starting_after");
    bool is_end = !next || next[0] == '\0' || cJSON_GetArraySize(json_array(tree, "items")) == 0;
    if (is_end) return true;
    if (g_strcmp0(next, after) == 0) break;
    g_free(after);
    after = g_strdup(next);
  }
  error_set(error, ERROR_CORRUPT, "%s: the list has no end", endpoint_of(endpoint)->route);
  return false;
}

static void campaign_free(gpointer data)
{
  remote_campaign_clear(data);
  g_free(data);
}

static bool on_campaign(const cJSON *item, void *context, GError **error)
{
  struct remote_campaign *campaign = g_new0(struct remote_campaign, 1);
  remote_campaign_init(campaign);
  g_ptr_array_add(context, campaign);
  return parse_campaign_object(item, NULL, campaign, error);
}

bool instantly_campaigns_list(struct instantly *instantly, GPtrArray **campaigns, GError **error)
{
  *campaigns = g_ptr_array_new_with_free_func(campaign_free);
  if (walk_list(client_of(instantly), ENDPOINT_CAMPAIGNS_LIST, on_campaign, *campaigns, error)) return true;
  g_clear_pointer(campaigns, g_ptr_array_unref);
  return false;
}

static bool on_webhook(const cJSON *item, void *context, GError **error)
{
  struct page *page = context;
  struct remote_webhook row = {
      .id = page_text(page, json_string(item, "id")),
      .name = page_text(page, json_string(item, "name")),
      .url = page_text(page, json_string(item, "target_hook_url")),
      .event_type = page_text(page, json_string(item, "event_type")),
      .campaign_id = page_text(page, json_string(item, "campaign")),
  };
  json_int(item, "status", &row.status);
  if (!row.id) {
    error_set(error, ERROR_CORRUPT, "GET /api/v2/webhooks: a webhook has no id");
    return false;
  }
  g_array_append_val(page->rows, row);
  return true;
}

bool instantly_webhooks_list(struct instantly *instantly, struct page *page, GError **error)
{
  page_reset(page);
  return walk_list(client_of(instantly), ENDPOINT_WEBHOOKS_LIST, on_webhook, page, error);
}
