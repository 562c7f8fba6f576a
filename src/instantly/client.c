#include "instantly/private.h"

#include "base/log.h"
#include "base/random.h"
#include "core/retry.h"

#include <string.h>

#define HOST "api.instantly.ai"

#ifndef LEADFERRY_VERSION
#define LEADFERRY_VERSION "0"
#endif

static int64_t client_date_us(struct instantly *instantly)
{
  return net_date_us(client_of(instantly)->net);
}

static const struct instantly_ops client_ops = {
    .date_us = client_date_us,
    .add_prepare = leads_add_prepare,
    .add_send = leads_add_send,
    .list = leads_list,
    .leads_delete = leads_delete,
    .leads_move = leads_move,
    .subsequence_remove = subsequence_remove,
    .campaign_get = campaign_get,
    .campaign_activate = campaign_activate,
    .campaign_pause = campaign_pause,
    .sending_status = campaign_sending_status,
    .subsequence_get = subsequence_get,
    .analytics = analytics_total,
    .analytics_daily = analytics_daily,
    .analytics_steps = analytics_steps,
    .emails_read = emails_read,
    .blocklist_read = blocklist_read,
    .blocklist_add = blocklist_add,
    .blocklist_remove = blocklist_remove,
    .plan = plan_read,
    .workspace = workspace_read,
};

/* ---- opening ---- */

/* A key goes into a header line: whatever could break out of it is refused. */
static bool check_key(const char *key, GError **error)
{
  if (!key || key[0] == '\0') {
    error_set(error, ERROR_CONFIG, "no Instantly API key: set instantly.api_key_file, api_key_env or api_key");
    return false;
  }
  for (const char *at = key; *at != '\0'; at++) {
    if (g_ascii_isgraph(*at)) continue;
    error_set(error, ERROR_CONFIG, "the Instantly API key holds a blank, a line break or a byte that is not ASCII");
    return false;
  }
  return true;
}

static struct net *open_net(const struct instantly_settings *settings, const struct net_options *base, GError **error)
{
  g_autofree char *base_url = g_strdup(settings->base_url);
  size_t length = strlen(base_url);
  while (length > 0 && base_url[length - 1] == '/') {
    base_url[--length] = '\0';
  }
  g_autofree char *authorization = g_strconcat("Bearer ", settings->api_key, NULL);
  struct net_options options = *base;
  options.wire = (struct wire_options){
      .base_url = base_url,
      .authorization = authorization,
      .user_agent = "leadferry/" LEADFERRY_VERSION,
      .connect_timeout_s = settings->connect_timeout_s,
      .request_timeout_s = settings->request_timeout_s,
  };
  options.requests_per_second = (double)MAX(1, settings->requests_per_second);
  options.reads_in_flight = (int)CLAMP(settings->reads_in_flight, 1, 64);
  options.writes_in_flight = (int)CLAMP(settings->writes_in_flight, 1, 64);
  struct net *net = net_open(&options, error);
  explicit_bzero(authorization, strlen(authorization));
  return net;
}

struct instantly *instantly_open(const struct settings *settings, const struct clock *clock,
                                 bool (*is_cancelled)(void *), void *cancel_context, GError **error)
{
  const struct instantly_settings *own = &settings->instantly;
  if (!wire_check_url(own->base_url, HOST, own->allow_custom_endpoint, error)) return NULL;
  if (!check_key(own->api_key, error)) return NULL;
  log_add_secret(own->api_key);
  struct client *client = g_new0(struct client, 1);
  struct net_options options = {
      .clock = clock,
      .seed = random_u64(),
      .is_cancelled = is_cancelled,
      .cancel_context = cancel_context,
  };
  client->port.ops = &client_ops;
  client->settings = settings;
  rate_init(&client->emails_rate, RATE_EMAILS_PER_MINUTE / 60.0, clock_mono_us(clock));
  client->walks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  bool is_open = lead_template_init(&client->lead, &settings->export, error);
  if (is_open) client->net = open_net(own, &options, error);
  if (client->net) return &client->port;
  instantly_close(&client->port);
  return NULL;
}

void instantly_close(struct instantly *instantly)
{
  if (!instantly) return;
  struct client *client = client_of(instantly);
  net_close(client->net);
  lead_template_clear(&client->lead);
  g_hash_table_unref(client->walks);
  g_free(client);
}

void instantly_hurry(struct instantly *instantly)
{
  net_set_retry(client_of(instantly)->net, &retry_interactive);
}

void instantly_share_rate(struct instantly *instantly, struct rate *rate)
{
  net_share_rate(client_of(instantly)->net, rate);
}

void instantly_counts(const struct instantly *instantly, struct instantly_counts *counts)
{
  struct net_counts found = net_counts(((const struct client *)(const void *)instantly)->net);
  *counts = (struct instantly_counts){
      .calls = found.calls,
      .retries = found.retries,
      .throttled = found.throttled,
      .failures = found.failures,
  };
}

/* ---- asking ---- */

bool client_check_id(const char *id, GError **error)
{
  size_t length = id ? strlen(id) : 0;
  if (length > 0 && length <= 64 && strspn(id, "0123456789abcdefABCDEF-") == length) return true;
  error_set(error, ERROR_REJECTED, "not an id of Instantly's (a UUID): %s", id && !strchr(id, '@') ? id : "(none)");
  return false;
}

static char *path_of(const struct ask *ask, const char *route)
{
  GString *path = g_string_new(route);
  if (ask->id) g_string_replace(path, "{id}", ask->id, 1);
  if (ask->query) g_string_append_printf(path, "?%s", ask->query);
  return g_string_free(path, FALSE);
}

void ask_prepare(struct ask *ask)
{
  const struct endpoint *endpoint = endpoint_of(ask->endpoint);
  call_init(&ask->call, endpoint->kind, endpoint->method, endpoint->route);
  ask->call.path = path_of(ask, endpoint->route);
  if (!ask->body_source) return;
  ask->body = g_string_new(NULL);
  body_append(ask->body, endpoint->fields, endpoint->fields_n, ask->body_source);
  ask->call.body = ask->body;
}

void ask_clear(struct ask *ask)
{
  call_clear(&ask->call);
  if (ask->body) g_string_free(g_steal_pointer(&ask->body), TRUE);
}

bool client_ask(struct client *client, struct ask *ask, GError **error)
{
  if (ask->id && !client_check_id(ask->id, error)) return false;
  ask_prepare(ask);
  struct call *call = &ask->call;
  net_perform(client->net, &call, 1);
  return answer_is_good(call, endpoint_of(ask->endpoint), error);
}
