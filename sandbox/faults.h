#pragma once
/* Faults on demand: rules that make chosen requests go wrong, and the table of what can go wrong.
 *
 * A rule names an endpoint ("POST /api/v2/leads/add", "*" for all), a fault of the table in fault_kinds.c, and when it
 * fires: after `skip` matching requests, at most `count` times, with `probability`. faults_pick() is asked once per
 * request, when its head is there; what fires is then applied in phases by routes.c and http.c. */
#include "request.h"

#define FIRED_MAX 4

/* What happens on the wire; zeroed means nothing (cut_at and claimed are off at -1). */
struct wire {
  int64_t delay_before_ms; /* before the request is applied */
  int64_t delay_ms;        /* before the answer is sent */
  int64_t cut_at;          /* send so many bytes of the answer (head included), then close; -1: all */
  int64_t cut_request_at;  /* close after so many bytes of the request's body, nothing is applied; -1: off */
  int64_t refuse_ms;       /* no new connections for so long */
  int64_t claimed_n;       /* wrong Content-Length; -1: the right one */
  int64_t drip_bytes;      /* pieces of the answer, drip_ms apart; 0: in one go */
  int64_t drip_ms;
  bool is_reset; /* close with RST instead of FIN */
  bool is_raw;   /* the answer is written by hand, not by the HTTP library */
};

enum fault_phase {
  FAULT_WIRE,   /* sets something in struct wire */
  FAULT_BEFORE, /* changes the world before the request is served */
  FAULT_REFUSE, /* answers instead of the handler: nothing is applied */
  FAULT_AFTER   /* changes answer or world after the handler */
};

struct fault_context {
  struct world *world;
  const struct request *request;
  struct reply *reply;
  struct wire *wire;
  const cJSON *params;
  uint64_t draw; /* this firing's own random number */
};

struct fault_kind {
  const char *name;
  enum fault_phase phase;
  void (*apply)(const struct fault_context *context);
  const char *meaning; /* with its params, for the documentation and GET /_sandbox/faults */
};

/* The table and its length (fault_kinds.c). */
extern const struct fault_kind fault_kinds[];
extern const size_t fault_kinds_n;

/* The faults that fire for one request. */
struct fired {
  const struct fault_kind *kinds[FIRED_MAX];
  cJSON *params[FIRED_MAX]; /* owned */
  uint64_t draws[FIRED_MAX];
  size_t n;
  struct wire wire;
};

/* No rules. */
struct faults *faults_new(void);

/* Frees the rules; NULL is fine. */
void faults_free(struct faults *faults);

/* Adds a rule from its JSON. ERROR_CONFIG when it is none. */
bool faults_add(struct faults *faults, const cJSON *rule, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes all rules away. */
void faults_clear(struct faults *faults);

/* Which rules fire for a request to this endpoint (method and path template)? Counts it. */
void faults_pick(struct world *world, const char *method, const char *template, struct fired *fired);

/* Applies those of one phase. */
void faults_apply(const struct fired *fired, enum fault_phase phase, const struct fault_context *context);

/* Frees what fired owns. */
void fired_clear(struct fired *fired);

/* Appends {"rules":[...],"kinds":[...]}. */
void faults_append(const struct faults *faults, GString *out);
