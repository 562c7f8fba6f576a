/* The scopes probe of doctor: one harmless read per scope that the jobs need. Scopes that only change things (create,
 * update, delete) cannot be asked about without changing something; doctor says so. */
#include "instantly/private.h"

static const struct {
  const char *scope;
  enum endpoint_id endpoint;
} probes[] = {
    {"workspaces:read", ENDPOINT_WORKSPACE},
    {"workspace_billing:read", ENDPOINT_PLAN_DETAILS},
    {"campaigns:read", ENDPOINT_CAMPAIGNS_LIST},
    {"subsequences:read", ENDPOINT_SUBSEQUENCE_GET},
    {"leads:read", ENDPOINT_LEADS_LIST},
    {"emails:read", ENDPOINT_EMAILS_LIST},
    {"block_list_entries:read", ENDPOINT_BLOCKLIST_LIST},
    {"background-jobs:read", ENDPOINT_JOBS_LIST},
    {"all:read (analytics)", ENDPOINT_ANALYTICS_STEPS},
    {"all:read (webhooks)", ENDPOINT_WEBHOOKS_LIST},
};

/* There is none of this id: with the scope the answer is 404, without it 403. */
#define NOBODYS_ID "00000000-0000-0000-0000-000000000000"

static void ask_probe(struct ask *ask, enum endpoint_id endpoint)
{
  static const struct leads_list_body one_lead = {.limit = 1};
  *ask = (struct ask){.endpoint = endpoint};
  if (endpoint == ENDPOINT_LEADS_LIST) ask->body_source = &one_lead;
  if (endpoint == ENDPOINT_SUBSEQUENCE_GET) ask->id = NOBODYS_ID;
  if (endpoint_of(endpoint)->fields == NULL && !ask->id) ask->query = "limit=1";
  if (endpoint == ENDPOINT_WORKSPACE || endpoint == ENDPOINT_PLAN_DETAILS || endpoint == ENDPOINT_ANALYTICS_STEPS) {
    ask->query = NULL;
  }
  ask_prepare(ask);
}

bool instantly_probe_scopes(struct instantly *instantly, struct page *page, GError **error)
{
  struct client *client = client_of(instantly);
  struct ask asks[G_N_ELEMENTS(probes)];
  struct call *calls[G_N_ELEMENTS(probes)];
  for (size_t i = 0; i < G_N_ELEMENTS(probes); i++) {
    ask_probe(&asks[i], probes[i].endpoint);
    calls[i] = &asks[i].call;
  }
  net_perform(client->net, calls, G_N_ELEMENTS(probes));
  page_reset(page);
  bool is_answered = false;
  for (size_t i = 0; i < G_N_ELEMENTS(probes); i++) {
    answer_describe(calls[i]);
    struct probe_result row = {.scope = probes[i].scope, .endpoint = calls[i]->route, .reply = calls[i]->reply};
    is_answered = is_answered || row.reply.transport == TRANSPORT_ANSWERED;
    g_array_append_val(page->rows, row);
  }
  /* Not one answer: the sentence of the first says why. */
  if (!is_answered) is_answered = answer_is_good(calls[0], endpoint_of(probes[0].endpoint), error);
  for (size_t i = 0; i < G_N_ELEMENTS(probes); i++) {
    ask_clear(&asks[i]);
  }
  return is_answered;
}
