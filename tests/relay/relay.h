#pragma once
/* bigquery-relay: a scripted BigQuery with a memory, for tests. It stands before an emulator, which gives SQL its
 * meaning, and adds what the emulator lacks: request ids, jobs that are there once, jobs that take their time, pages,
 * ids of streamed rows, tokens, billing figures; and faults on demand.
 *
 * Reading order: main.c starts it; serve.c takes a request from HTTP and writes its answer, or half of it; answer.c
 * says who answers what; jobs.c and stream.c are the two ways in which tables change; faults.c is the table of what can
 * go wrong, control.c what a test may ask for under /_relay/.
 *
 * Each connection has a thread. All state is behind relay->lock, held while a request is worked on and let go while it
 * waits. */
#include "base/json.h"

#include <pthread.h>

/* How a relay behaves when nothing is wrong. Set by POST /_relay/settings. */
struct relay_settings {
  int64_t page_rows;    /* rows on a page at most; 0: what the client asks for */
  bool has_empty_pages; /* an answer of several pages begins with one that has no rows */
  int64_t polls_n;      /* a job is said to be unfinished so many times */
  bool is_dropping;     /* streamed rows whose insertId was seen are dropped */
  bool wants_tokens;
  int64_t token_s;      /* how long a token is good */
  int64_t buffer_age_s; /* the oldest row in the streaming buffer of every table; -1: no buffer */
  int64_t date_step_s;  /* how far the Date of its answers is from the time */
  int64_t late_ms;      /* a streamed row is acknowledged at once, and seen by queries so much later */
};

/* What goes wrong with one request: the sum of the rules that fire. */
struct trouble {
  int64_t delay_before_ms, delay_after_ms;
  bool is_held_before, is_held_after; /* until POST /_relay/release */
  bool is_reset_before;               /* the connection ends, nothing is done */
  int64_t status_before;              /* refused with this, nothing is done; 0: no */
  int64_t status_after;               /* done, and answered with this; 0: no */
  bool is_html;
  char *reason, *message;
  bool has_failed_job;  /* the job fails: after this many statements of its script */
  int64_t statements_n; /* see above */
  int64_t polls_n;      /* the job is unfinished so many times more */
  int64_t refused_row;  /* -1: none; -2: all are stopped and none is named */
  int64_t late_ms;      /* the rows of insertAll are seen so much later */
  int64_t total_by;     /* added to the count of rows */
  bool is_jobless;      /* the answer names no job */
  bool is_repeating;    /* the page's token leads back to the page */
  bool is_garbled, is_empty;
  int64_t cut_at; /* so many bytes of the answer, then the connection ends; -1: all */
  bool is_reset;  /* it ends with RST */
  bool are_tokens_void;
  bool is_revoked; /* and no new ones are given */
};

struct relay_request {
  const char *method;
  char *path;
  GHashTable *query; /* char * -> char * */
  GString *body;
  char *authorization; /* or NULL */
  const char *call;    /* "jobs.query" */
  char *subject;       /* name of the statement or the table */
  char *job_id;        /* in the path, or NULL */
  cJSON *json;         /* the body, if it is JSON */
  bool is_of_tokens;   /* the metadata server's part */
};

struct relay_reply {
  unsigned status;
  const char *content_type;
  GString *body;
};

struct relay_job;

struct relay {
  pthread_mutex_t lock;
  pthread_cond_t released;
  char *upstream; /* base URL of the emulator */
  void *curl;
  int fd; /* where it listens */
  struct relay_settings settings;
  GPtrArray *rules;       /* struct rule, see faults.c */
  GHashTable *jobs;       /* id -> struct relay_job */
  GHashTable *requests;   /* request id and body -> struct relay_job, borrowed */
  GHashTable *insert_ids; /* table and insertId */
  GPtrArray *late;        /* struct relay_late: rows that no query sees yet */
  GHashTable *tokens;     /* good ones -> int64_t monotonic end */
  GString *log;           /* JSON objects, one a request */
  int64_t log_n, held_n;  /* requests logged; waiting for a release now */
  int64_t jobs_n, bytes_billed;
  int64_t releases_n;
  int64_t tokens_n;
  bool is_revoked;
};

/* ---- answer.c ---- */

/* Fills in call, subject, job_id and json. */
void relay_route(struct relay *relay, struct relay_request *request);
/* Does what is asked; the lock is held. */
void relay_work(struct relay *relay, const struct relay_request *request, const struct trouble *trouble,
                struct relay_reply *reply);
/* Answers {"error":{...}} as Google does. */
void relay_refuse(struct relay_reply *reply, int64_t status, const char *reason, const char *message);
/* Sends the request on as it is. */
void relay_pass_on(struct relay *relay, const struct relay_request *request, struct relay_reply *reply);
/* Asks the emulator; body NULL: none. Returns the status, 0 without an answer, which is appended to out. */
int64_t relay_ask(struct relay *relay, const char *method, const char *path, const char *body, GString *out);
/* Is the request allowed? Answers 401 otherwise. */
bool relay_token_check(struct relay *relay, const struct relay_request *request, struct relay_reply *reply);

/* ---- jobs.c ---- */

void relay_jobs_query(struct relay *relay, const struct relay_request *request, const struct trouble *trouble,
                      struct relay_reply *reply); /* jobs.query */
void relay_jobs_insert(struct relay *relay, const struct relay_request *request, const struct trouble *trouble,
                       struct relay_reply *reply); /* jobs.insert */
void relay_jobs_get(struct relay *relay, const struct relay_request *request,
                    struct relay_reply *reply); /* jobs.get, jobs.cancel */
void relay_jobs_results(struct relay *relay, const struct relay_request *request, const struct trouble *trouble,
                        struct relay_reply *reply); /* jobs.getQueryResults */
/* The statement that a job runs, or NULL. Borrowed. */
const char *relay_job_name(struct relay *relay, const char *job_id);
/* For the table of jobs. */
void relay_job_free(gpointer job);

/* ---- stream.c ---- */

void relay_insert_all(struct relay *relay, const struct relay_request *request, const struct trouble *trouble,
                      struct relay_reply *reply); /* tabledata.insertAll */
/* Shows the rows whose time has come, or all of them. */
void relay_late_show(struct relay *relay, bool are_all);
/* For the list of them. */
void relay_late_free(gpointer late);

/* ---- faults.c ---- */

/* What goes wrong with this request; counts it. Cleared with trouble_clear(). */
void faults_pick(struct relay *relay, const struct relay_request *request, struct trouble *trouble);
/* Frees what it holds. */
void trouble_clear(struct trouble *trouble);
/* Replaces the rules by these; false when one cannot be read. */
bool faults_set(struct relay *relay, const cJSON *rules);
/* Appends the rules with how often each fired. */
void faults_append(const struct relay *relay, GString *out);
/* For the table of rules. */
void rule_free(gpointer rule);
/* Garbles the answer, or empties it. */
void faults_spoil(const struct trouble *trouble, struct relay_reply *reply);

/* ---- control.c ---- */

/* A test's wish under /_relay/; the lock is held. */
void relay_control(struct relay *relay, const struct relay_request *request, struct relay_reply *reply);
/* Forgets all that was and is as at the start. */
void relay_reset(struct relay *relay);
/* Notes a request for GET /_relay/requests. */
void relay_note(struct relay *relay, const struct relay_request *request, int64_t status);

/* ---- serve.c ---- */

/* Listens on 127.0.0.1:port (0: any); *port is where. ERROR_LOCAL. */
bool relay_listen(struct relay *relay, uint16_t *port, GError **error);
/* Takes connections, each into a thread of its own, until the process ends. data: struct relay. */
void *relay_serve(void *data);
