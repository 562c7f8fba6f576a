#pragma once
/* Instantly as the core sees it: a table of functions, one per thing that the stories need of the API.
 *
 * All calls block; those that take several queries or batches run them side by side. Reads and idempotent calls are
 * paced and repeated inside; a creating call is transmitted at most once and its answer is classified by
 * core/classify.h. Every row that comes back was compared with what was asked. */
#include "base/error.h"
#include "core/lead.h"
#include "core/page.h"
#include "core/settings.h"

/* How far a transmission got. */
enum transport {
  TRANSPORT_ANSWERED,  /* a complete HTTP answer came */
  TRANSPORT_NOT_SENT,  /* provably nothing reached the server: name, connect or TLS failed */
  TRANSPORT_UNKNOWN,   /* time-out, reset, short or over-long answer: the server may have acted */
  TRANSPORT_CANCELLED, /* we stopped before sending */
};

/* What came back, without the body. */
struct reply {
  enum transport transport;
  int64_t status;        /* HTTP status, 0 without one */
  int64_t retry_after_s; /* -1 when absent or unreadable */
  int64_t date_us;       /* Date header, 0 when absent */
  bool is_json;          /* the body parsed as a JSON object or array */
  char message[200];     /* for people; scrubbed of addresses */
};

/* One row of created_leads. */
struct created_lead {
  int64_t index;
  char id[40];
  bool email_matches; /* the echoed address is that of the claim at this index (canonically), or absent */
};

/* The parsed 200 of POST /api/v2/leads/add. */
struct add_answer {
  struct reply reply;
  bool is_success; /* status == "success" and every required integer present */
  int64_t total_sent, uploaded, in_blocklist, duplicated, skipped, invalid, incomplete, duplicate_email;
  int64_t remaining_in_plan; /* -1 when absent */
  GArray *created;           /* struct created_lead; NULL until answered */
};

/* One creating request: the caller sets campaign_id and claims, add_prepare makes the body, add_send fills answer. */
struct add_batch {
  const char *campaign_id;
  GPtrArray *claims; /* const struct claim *, not owned */
  GString *body;
  char body_hash[65];
  struct add_answer answer;
};

/* Makes an empty batch. */
void add_batch_init(struct add_batch *batch, const char *campaign_id);
/* Frees what it holds; may be called twice. */
void add_batch_clear(struct add_batch *batch);

/* A query of POST /api/v2/leads/list; NULL or 0 members are not sent. At most 100 ids or contacts. */
struct list_query {
  const char *campaign_id;
  const char *const *ids;
  size_t ids_n;
  const char *const *contacts;
  size_t contacts_n;
  const char *filter; /* FILTER_VAL_... */
  bool in_list;       /* rows of lists alone, of all lists */
  const char *after;  /* cursor */
};

/* Rows of one campaign, by id: never empty, for Instantly takes "no ids" as "all". */
struct lead_selection {
  const char *campaign_id;
  const char *const *ids;
  size_t ids_n;
};

/* From the day that from_us is in to the day that to_us is in. */
struct day_span {
  int64_t from_us, to_us;
};

/* A campaign as GET /api/v2/campaigns/{id} shows it. */
struct remote_campaign {
  char *id;
  char *name;
  int64_t status;
  GPtrArray *merge_tags; /* struct merge_tag *, unique, in order of appearance */
  int64_t steps_n;
  bool has_sending_days;
  bool stop_on_reply, stop_on_auto_reply, open_tracking, unsubscribe_header, is_evergreen;
  int64_t daily_limit, daily_max_leads; /* -1: absent */
};

struct merge_tag {
  char *name;        /* exact, case-sensitive */
  bool has_fallback; /* {{name|text}} */
};

/* Makes an empty campaign. */
void remote_campaign_init(struct remote_campaign *campaign);
/* Frees what it holds; may be called twice. */
void remote_campaign_clear(struct remote_campaign *campaign);

/* A subsequence as GET /api/v2/subsequences/{id} shows it. */
struct remote_subsequence {
  int64_t status;  /* as a campaign's */
  int64_t steps_n; /* 0: unknown */
};

/* Does a mail say that nobody wrote it? Unknown counts as a person's. */
enum automatic { AUTOMATIC_UNKNOWN = 0, AUTOMATIC_NO, AUTOMATIC_YES };

/* A query of GET /api/v2/emails, oldest first; NULL or 0 members are not sent. */
struct email_query {
  bool only_received;
  const char *lead;  /* canonical address: mails of this lead alone */
  int64_t from_us;   /* mails that Instantly took in at or after this */
  const char *after; /* cursor */
};

/* One mail, without anything that was written in it. */
struct remote_email {
  const char *id;
  const char *campaign_id; /* or NULL */
  const char *lead;        /* canonical address of the lead that it belongs to, or NULL */
  const char *sender;      /* canonical address that it came from, or NULL */
  int64_t created_at_us;   /* when Instantly took it in, which is what from_us is compared with */
  const char *lead_id;     /* Instantly's id of that lead, or NULL */
  bool is_received;
  bool is_campaigns;   /* a step that a campaign or a subsequence sent: nobody wrote it to this person by hand */
  bool is_subsequence; /* of a subsequence */
  enum automatic automatic;
};

struct plan_details {
  int64_t lead_limit; /* -1: unknown */
  int64_t lead_count; /* -1: unknown */
};

struct workspace_info {
  char *id;
  char *name;
  bool has_add_unsub_to_block; /* the setting was present */
  bool add_unsub_to_block;
};

struct instantly;

struct instantly_ops {
  /* Instantly's time of the newest answer (Date header); 0 before the first. */
  int64_t (*date_us)(struct instantly *);

  /* Builds body and hash from the claims. ERROR_REJECTED when the body would exceed the limit (split it). */
  bool (*add_prepare)(struct instantly *, struct add_batch *batch, GError **error);
  /* Sends prepared batches, several at a time, each transmitted at most once. Answers are in the batches. */
  void (*add_send)(struct instantly *, struct add_batch *batches, size_t batches_n);

  /* Runs queries in parallel, one page each (rows of struct remote_lead; page.next set when there is more). Every row
   * is compared with the query: a foreign campaign, id or address in the answer is ERROR_CORRUPT. Ids come back in
   * small letters, whatever they were asked for in; one that is no UUID is not asked for, and nobody has it. */
  bool (*list)(struct instantly *, const struct list_query *queries, size_t queries_n, struct page *pages,
               GError **error);
  /* Deletes rows of one campaign by id (at most 1000, limit = their number). *count as answered. */
  bool (*leads_delete)(struct instantly *, const struct lead_selection *leads, int64_t *count, GError **error);
  /* Moves rows to a list: one transmission; waits for the background job. ERROR_TRANSIENT when the end is unknown. */
  bool (*leads_move)(struct instantly *, const struct lead_selection *leads, const char *to_list_id, GError **error);
  /* Takes one lead out of its subsequence. ERROR_NOT_FOUND when the row is gone. */
  bool (*subsequence_remove)(struct instantly *, const char *lead_id, GError **error);

  /* One campaign; ERROR_NOT_FOUND when it does not exist. */
  bool (*campaign_get)(struct instantly *, const char *id, struct remote_campaign *campaign, GError **error);
  /* Activates (also resumes) or pauses; not repeated. ERROR_TRANSIENT: it may have happened, or still will;
   * ERROR_RATE_LIMITED: it did not. */
  bool (*campaign_activate)(struct instantly *, const char *id, GError **error);
  bool (*campaign_pause)(struct instantly *, const char *id, GError **error); /* see campaign_activate */
  /* Why it is not sending: a diagnostics word into *reason (caller frees; NULL when healthy or unknown). */
  bool (*sending_status)(struct instantly *, const char *id, char **reason, GError **error);
  /* One subsequence; ERROR_NOT_FOUND when it does not exist. */
  bool (*subsequence_get)(struct instantly *, const char *id, struct remote_subsequence *subsequence, GError **error);

  /* Campaign totals for these ids: rows of struct campaign_metric (day_us 0). */
  bool (*analytics)(struct instantly *, const char *const *ids, size_t ids_n, struct page *page, GError **error);
  /* Per day, and per step and variant, of one campaign: rows of struct campaign_metric. */
  bool (*analytics_daily)(struct instantly *, const char *id, const struct day_span *days, struct page *page,
                          GError **error);
  bool (*analytics_steps)(struct instantly *, const char *id, struct page *page, GError **error); /* see above */

  /* One page of mails: rows of struct remote_email, page.next set when there is more. The endpoint takes 20 calls a
   * minute and has a pace of its own, so a call may wait for seconds: callers bound their pages. ERROR_AUTH with status
   * 403 where the key lacks the scope emails:read. */
  bool (*emails_read)(struct instantly *, const struct email_query *query, struct page *page, GError **error);

  /* The whole block list: rows of struct suppression (person or domain, created_at). */
  bool (*blocklist_read)(struct instantly *, struct page *page, GError **error);
  /* Adds entries (at most 1000). */
  bool (*blocklist_add)(struct instantly *, const char *const *values, size_t values_n, GError **error);
  /* Takes the entry of exactly this value away; fine when there is none. */
  bool (*blocklist_remove)(struct instantly *, const char *value, GError **error);

  bool (*plan)(struct instantly *, struct plan_details *plan, GError **error);
  bool (*workspace)(struct instantly *, struct workspace_info *info, GError **error);
};

/* An Instantly handle: implementations embed it as their first member. */
struct instantly {
  const struct instantly_ops *ops;
};
