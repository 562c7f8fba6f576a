#pragma once
/* The client's own struct and the steps that its endpoint functions share. Only files of instantly/ include it.
 *
 * An endpoint function makes an ask, sends it with client_ask() and parses the bytes; several at once go through
 * ask_init() and net_perform(). */
#include "core/ratelimit.h"
#include "instantly/client.h"

#include "instantly/answer.h"
#include "instantly/lead_body.h"
#include "instantly/parse.h"

#define LIST_MAX_N       100
#define IDS_MAX_N        1000
#define BODY_MAX_BYTES   ((size_t)900000)
#define EMAILS_MAX_BYTES ((size_t)64 << 20) /* mails come with their bodies, whatever is asked */
#define CSV_MAX_BYTES    ((size_t)64 << 20)
#define JOB_POLL_US      SECOND_US
#define JOB_DEADLINE_US  (120 * SECOND_US)

struct client {
  struct instantly port; /* first: the port is the client */
  const struct settings *settings;
  struct net *net;
  struct lead_template lead;
  GHashTable *walks;       /* of list cursors, see leads_list.c */
  struct rate emails_rate; /* of GET /emails, beside that of all calls */
};

/* The client behind a port. */
static inline struct client *client_of(struct instantly *instantly)
{
  return (struct client *)(void *)instantly;
}

/* One call to one endpoint. */
struct ask {
  enum endpoint_id endpoint;
  const char *id;          /* for {id} in the route, or NULL */
  const char *query;       /* "a=b&c=d", already escaped, or NULL */
  const void *body_source; /* the endpoint's body struct, or NULL */
  struct call call;
  GString *body;
};

/* Makes path and body; ask_clear() frees them. Fields endpoint, id, query, body_source are set by the caller. */
void ask_prepare(struct ask *ask);
/* Frees what it holds; may be called twice. */
void ask_clear(struct ask *ask);

/* Prepares, sends and checks one ask: true when it was answered with 2xx; the body is in ask->call.answer. */
bool client_ask(struct client *client, struct ask *ask, GError **error);

/* Is it usable as {id} in a path (uuid or hex)? ERROR_REJECTED otherwise: nothing else may get into a path. */
bool client_check_id(const char *id, GError **error);

/* The functions of the port, by file. */
bool leads_add_prepare(struct instantly *instantly, struct add_batch *batch, GError **error);  /* leads_add.c */
void leads_add_send(struct instantly *instantly, struct add_batch *batches, size_t batches_n); /* leads_add.c */
/* leads_list.c */
bool leads_list(struct instantly *instantly, const struct list_query *queries, size_t queries_n, struct page *pages,
                GError **error);
/* emails.c */
bool emails_read(struct instantly *instantly, const struct email_query *emails, struct page *page, GError **error);
/* leads_change.c */
bool leads_delete(struct instantly *instantly, const struct lead_selection *leads, int64_t *count, GError **error);
/* leads_change.c */
bool leads_move(struct instantly *instantly, const struct lead_selection *leads, const char *to_list_id,
                GError **error);
/* leads_change.c */
bool subsequence_remove(struct instantly *instantly, const char *lead_id, GError **error);
/* campaigns.c */
bool campaign_get(struct instantly *instantly, const char *id, struct remote_campaign *campaign, GError **error);
bool campaign_activate(struct instantly *instantly, const char *id, GError **error); /* campaigns.c */
bool campaign_pause(struct instantly *instantly, const char *id, GError **error);    /* campaigns.c */
/* campaigns.c */
bool campaign_sending_status(struct instantly *instantly, const char *id, char **reason, GError **error);
/* campaigns.c */
bool subsequence_get(struct instantly *instantly, const char *id, struct remote_subsequence *subsequence,
                     GError **error);
/* analytics.c */
bool analytics_total(struct instantly *instantly, const char *const *ids, size_t ids_n, struct page *page,
                     GError **error);
/* analytics.c */
bool analytics_daily(struct instantly *instantly, const char *id, const struct day_span *days, struct page *page,
                     GError **error);
bool analytics_steps(struct instantly *instantly, const char *id, struct page *page, GError **error); /* analytics.c */
bool blocklist_read(struct instantly *instantly, struct page *page, GError **error);                  /* account.c */
bool blocklist_remove(struct instantly *instantly, const char *value, GError **error);                /* account.c */
/* account.c */
bool blocklist_add(struct instantly *instantly, const char *const *values, size_t values_n, GError **error);
bool plan_read(struct instantly *instantly, struct plan_details *plan, GError **error);        /* account.c */
bool workspace_read(struct instantly *instantly, struct workspace_info *info, GError **error); /* account.c */
