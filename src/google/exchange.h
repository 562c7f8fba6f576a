#pragma once
/* Exchange: one access token from one source, by asking Google (or the metadata server) now. Used by credentials.c. */
#include "google/credentials.h"
#include "google/source.h"
#include "net/call.h"

#define METADATA_DEFAULT_HOST "metadata.google.internal"

/* Where to ask, and how. All borrowed. */
struct exchange {
  const struct source *source;
  const struct clock *clock;
  const char *metadata_host;    /* with port, if any */
  const char *subject_base_url; /* see struct credentials_options */
  const char *test_base_url;    /* see struct credentials_options */
  bool (*is_cancelled)(void *context);
  void *cancel_context;
};

struct token {
  char *text;         /* owned, wiped */
  int64_t lifetime_s; /* from the answer on; -1: no end was named */
};

/* Asks for a token that may use BigQuery. */
bool exchange_token(const struct exchange *exchange, struct token *token, GError **error);
/* Wipes and frees what it holds; may be called twice. */
void token_clear(struct token *token);

/* Is there a metadata server? ip may hold a port. Asked three times at most, three seconds each. */
bool metadata_is_there(const struct exchange *exchange, const char *ip);

/* ---- one question, see exchange_http.c ---- */

struct question {
  const char *host;     /* of Google's; or */
  const char *base_url; /* anything else that was checked */
  const char *method, *path;
  const char *what; /* for sentences: "Google's token server" */
  const char *content_type;
  const char *const *headers; /* secret */
  const char *watched_name;
  GString *body; /* NULL: none; wiped by question_clear() */
  int tries_max;
  int64_t timeout_s; /* 0: 30 */
  struct call call;  /* answered when question_ask() is true; its status may be anything */
};

/* Appends "name=value" to a form. */
void form_append(GString *form, const char *name, const char *value);
/* Asks; true when it was answered, ERROR_TRANSIENT or ERROR_CANCELLED otherwise. */
bool question_ask(const struct exchange *exchange, struct question *question, GError **error);
/* Was it answered with 200? */
bool question_is_good(const struct question *question);
/* Wipes and frees what it holds; may be called twice. */
void question_clear(struct question *question);
#define question_scope __attribute__((cleanup(question_clear)))

/* The error of an answer that is no token, by one table: what Google said and what to do. */
void exchange_refused(const struct exchange *exchange, const struct question *question, GError **error);
