#pragma once
/* A source of tokens, as a credential file describes it, or the metadata server. Only files of google/ include it. */
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

enum source_type {
  SOURCE_SERVICE_ACCOUNT,
  SOURCE_AUTHORIZED_USER,
  SOURCE_EXTERNAL,
  SOURCE_METADATA,
};

/* All strings are owned and wiped by source_clear(). */
struct source {
  enum source_type type;
  char *place; /* the file, for sentences */
  char *quota_project;
  /* service_account */
  char *client_email, *private_key, *private_key_id;
  /* authorized_user */
  char *client_id, *client_secret, *refresh_token;
  /* external_account */
  char *audience, *subject_token_type, *subject_file, *subject_url;
  char **subject_headers; /* "Name: value" */
  char *subject_field;    /* of the JSON that holds the token; NULL: the text is the token */
  /* whom the token of this source is exchanged for, or NULL */
  char *target_email;
  char **delegates;
  int64_t lifetime_s;
};

/* Reads a credential file. */
bool source_read_file(struct source *source, const char *path, GError **error);
/* Wipes and frees what it holds; may be called twice. */
void source_clear(struct source *source);

/* Wipes and frees a text; NULL is fine. */
void secret_free(char *text);

/* A file's bytes, with a NUL behind them; at most 64 kB. A pipe's writer has five seconds to say something. Caller
 * frees with secret_free(). */
char *secret_read_file(const char *path, const char *what, GError **error);

/* A signed assertion (RFC 7523, RS256) that this service account asks for this scope, good for an hour from now_us.
 * Caller frees with secret_free(). */
char *jwt_make(const struct source *source, const char *scope, const char *audience, int64_t now_us, GError **error);
