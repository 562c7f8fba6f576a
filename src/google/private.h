#pragma once
/* The client's own struct and the steps that its functions share. Only files of google/ include it.
 *
 * A function makes an ask, sends it with ask_send() and reads the answer's bytes. ask_send() brings the token along,
 * renews it once after a 401, repeats what may be repeated as it is, and turns everything else into an error. What
 * needs a new job is the business of query.c and execute.c. */
#include "base/json.h"
#include "google/bigquery.h"
#include "google/page.h"
#include "google/refusal.h"
#include "net/call.h"

#define API_ROOT         "/bigquery/v2"
#define PAGE_MAX_BYTES   ((size_t)32 << 20)
#define POLL_MS          20000 /* how long one question for a job's end may hang; BigQuery answers earlier when it ends */
#define POLL_US          (SECOND_US / 2) /* from one question to the next at least, where they are answered at once */
#define JOB_ATTEMPTS_MAX 4
#define PAUSE_FIRST_US   SECOND_US
#define PAUSE_LONGEST_US (32 * SECOND_US)

struct bigquery {
  char *project, *dataset, *location;
  bool is_emulator;
  int64_t maximum_bytes_billed, job_timeout_us, page_rows_max;
  struct credentials *credentials;
  const struct clock *clock;
  struct net *net;
  struct rng rng;
  GHashTable *labels; /* char * -> char * */
  struct bigquery_totals totals;
  GHashTable *costs;             /* name -> struct bigquery_cost */
  struct refusal last;           /* of the last call that failed */
  int64_t clock_offset_us;       /* as bigquery_clock_offset_us() says */
  int64_t told_us, told_boot_us; /* BigQuery's own time, and when it said so; 0: it has not */
  bool (*is_cancelled)(void *context);
  void *cancel_context;
  bool is_finishing; /* a job is being cancelled: that goes out although we are */
};

/* One request. */
struct ask {
  const char *method;
  const char *route;        /* for sentences: "jobs.query" */
  const char *name;         /* of the statement or table, for sentences; NULL: none */
  const char *content_type; /* NULL: JSON */
  const char *etag;         /* sent as If-Match, or NULL */
  bool is_read;             /* changes nothing, so that cancelling cuts it off */
  GString *body;            /* owned; NULL: none */
  struct call call;         /* path is set by ask_path(), the answer is in it */
};

/* Sets the path: root, "/projects/", the parts escaped and joined by '/', up to a NULL. */
void ask_path(struct ask *ask, const char *root, const char *const *parts);
/* Appends "name=value", escaped, to the path's query; a NULL value is left out. */
void ask_query(struct ask *ask, const char *name, const char *value);
/* Appends a number to the path's query. */
void ask_query_int(struct ask *ask, const char *name, int64_t value);
/* Frees what it holds; may be called twice. */
void ask_free(struct ask *ask);
#define ask_scope __attribute__((cleanup(ask_free)))

/* Sends it; true when it was answered with 2xx. Otherwise bigquery->last says why. */
bool ask_send(struct bigquery *bigquery, struct ask *ask, GError **error);
/* Sends several of which each ends on its own: ask_is_good() says how. False when there is no token to send them with.
 */
bool ask_send_each(struct bigquery *bigquery, struct ask *const *asks, size_t asks_n, GError **error);
/* Is the ended ask's answer 2xx? Sets the error and bigquery->last otherwise. */
bool ask_is_good(struct bigquery *bigquery, struct ask *ask, GError **error);
/* May a refused ask go again as it is, after a pause? net/call.h repeats what got no answer, a 429 or a 5xx; BigQuery
 * also says 403 to what comes too fast. */
bool ask_may_repeat(const struct bigquery *bigquery, const struct ask *ask);
/* Parses the answer. Caller owns the tree. */
cJSON *ask_parse(struct ask *ask, GError **error);

/* Sets the error of a refusal, and bigquery->last. */
void refusal_set(struct bigquery *bigquery, const struct refusal *refusal, const char *said, GError **error);

/* Pauses before try number tries_done + 1, with jitter; false (ERROR_CANCELLED) when cut short. */
bool bigquery_pause(struct bigquery *bigquery, int tries_done, GError **error);

/* Pauses until wait_us after begun_mono_us, when a question was asked that should have hung until its job ended; false
 * (ERROR_CANCELLED) when cut short. */
bool bigquery_pace(struct bigquery *bigquery, int64_t begun_mono_us, int64_t wait_us, GError **error);

/* The members "query", "parameterMode", "queryParameters" of a request or a job's configuration. */
void statement_append(GString *out, const struct bigquery_statement *statement);
/* The members that limit and describe: "maximumBytesBilled", "defaultDataset". */
void limits_append(GString *out, const struct bigquery *bigquery);
/* The member "labels", with the statement's name. */
void labels_append(GString *out, const struct bigquery *bigquery, const char *name);

/* Where jobs are sent from now on when the configuration does not say, by what BigQuery says of a table or of a job: a
 * job outside of US and EU is found by its location alone. NULL and "" say nothing. */
void location_learn(struct bigquery *bigquery, const char *location);

/* Counts a job that ran. */
void totals_note(struct bigquery *bigquery, const char *name, int64_t bytes_billed);

/* A job as jobs.insert and jobs.get show it. */
struct job_state {
  bool is_done;
  bool has_failed;
  struct refusal refusal; /* of a failed one */
  char *said;             /* for people */
  char *location;         /* or NULL */
  struct bigquery_result result;
};
/* Frees what it holds; may be called twice. */
void job_state_clear(struct job_state *state);
#define job_state_scope __attribute__((cleanup(job_state_clear)))
/* Reads a job's resource. */
bool job_state_read(struct job_state *state, struct ask *ask, GError **error);
/* jobs.get. */
bool job_get_once(struct bigquery *bigquery, const char *job_id, const char *name, struct job_state *state,
                  GError **error);
/* The same; a job of ours that is not found at once (right after a 409) is asked for again, for up to 200 s. */
bool job_get(struct bigquery *bigquery, const char *job_id, const char *name, struct job_state *state, GError **error);
/* jobs.cancel; whether it came in time is for job_get() to say. Failures are logged alone. */
void job_cancel(struct bigquery *bigquery, const char *job_id, const char *location);

/* A job to be run once: body is called for each attempt's id. */
struct job_request {
  const char *job_id;
  const char *name;
  const char *route;
  bool is_query; /* its end can be waited for by getQueryResults */
  /* Fills method, path, body and type of the ask that inserts the job under this id. */
  void (*prepare)(struct ask *ask, const struct bigquery *bigquery, const char *job_id, const void *context);
  const void *context;
};
/* The id of an attempt of a job; the first is 1. Caller frees. */
char *job_attempt_id(const char *job_id, int attempt);
/* The walk over attempts that bigquery_execute() describes. */
bool job_run(struct bigquery *bigquery, const struct job_request *request, struct bigquery_result *result,
             GError **error);
