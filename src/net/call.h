#pragma once
/* Call: the one place through which every request goes, to Instantly and to Google. Pace, retry, breaker,
 * authorization, counters and the log line of a call live here and nowhere else.
 *
 * net_perform() takes any number of calls and returns when each has ended: several are in flight at once (reads and
 * creating calls have limits of their own), started at the pace of core/ratelimit, held back by core/retry's breaker.
 * An endpoint with a lower limit has a pace beside it: its calls wait for both, and its 429s slow it alone.
 *
 * READ and IDEMPOTENT calls are repeated as core/retry says, their retries paid from its budget; UNREPEATED ones are
 * not, since the world may have changed meanwhile; CREATING calls are transmitted at most once, not even by the HTTP
 * library: whatever happened is the caller's to settle. A 429 slows everybody down and is repeated for
 * calls that may be repeated.
 *
 * Calling sequence: net_open; call_init, set what the call is, net_perform, look at reply and answer, call_clear;
 * net_close. One thread. Cancelling: calls not yet started end as CANCELLED, reads in flight are cut off, others get
 * ten seconds. */
#include "core/retry.h"
#include "net/wire.h"

enum call_kind { CALL_READ, CALL_IDEMPOTENT, CALL_UNREPEATED, CALL_CREATING };

struct call {
  /* set by the caller */
  enum call_kind kind;
  const char *method;         /* borrowed: GET, POST, PATCH, DELETE */
  const char *route;          /* borrowed: the path as a template, for logs and errors: /api/v2/leads/{id} */
  char *path;                 /* owned: what is asked for, with query */
  const GString *body;        /* borrowed; NULL or empty: no body */
  size_t answer_max_bytes;    /* 0: ANSWER_MAX_BYTES */
  const char *content_type;   /* see struct request */
  const char *const *headers; /* see struct request */
  const char *watched_name;   /* see struct request */
  struct rate *own_rate;      /* borrowed; NULL, or the pace of its endpoint, which is lower than that of all calls */
  /* filled in */
  struct reply reply; /* is_json is left false: whoever parses the answer sets it */
  GString *answer;    /* owned; NULL until something came */
  bool is_html;
  char watched[64];
  int tries_n;                /* transmissions that were begun */
  struct throttled throttled; /* of them those that a rate limit refused */
  double duration_s;
  /* net's own */
  int64_t due_mono_us;
  bool is_in_flight;
  bool is_retry;
  bool has_own_slot; /* of own_rate, for the next transmission */
  bool is_ended;
  struct request *request;
};

struct net_options {
  struct wire_options wire;
  const struct clock *clock;
  double requests_per_second;
  int reads_in_flight;
  int writes_in_flight;
  uint64_t seed;                       /* of the jitter */
  const struct retry_policy *retry;    /* borrowed; NULL: retry_reads */
  bool (*is_cancelled)(void *context); /* or NULL */
  void *cancel_context;
};

struct net;
struct rate;

/* Counts since net_open. A call counts once as such, each further transmission as a retry. */
struct net_counts {
  int64_t calls, retries, throttled, failures;
};

/* Makes an empty call. */
void call_init(struct call *call, enum call_kind kind, const char *method, const char *route);
/* Frees what it holds; may be called twice. */
void call_clear(struct call *call);

/* Opens; makes no call. Strings of the options are copied, clock and cancel function borrowed. */
struct net *net_open(const struct net_options *options, GError **error);
/* Closes; NULL is fine. */
void net_close(struct net *net);

/* Makes the calls and returns when all have ended. How each ended is in its reply. */
void net_perform(struct net *net, struct call *const *calls, size_t calls_n);

/* From now on its calls count in this pace, which is borrowed: others that share it hold their calls back for these,
 * and all pause when one is throttled. To be called between two net_perform(), by the one thread of all who share; the
 * clock must be the same. */
void net_share_rate(struct net *net, struct rate *rate);
/* Another policy from now on; borrowed. */
void net_set_retry(struct net *net, const struct retry_policy *retry);

/* The newest Date header of any answer, 0 before the first. */
int64_t net_date_us(const struct net *net);
/* Reads the counters. */
struct net_counts net_counts(const struct net *net);
/* The clock it was opened with. */
const struct clock *net_clock(const struct net *net);
/* Waits, cut short by the cancel function; true when it was waited to the end. */
bool net_wait(struct net *net, int64_t duration_us);
