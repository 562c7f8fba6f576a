#pragma once
/* Google on loopback: a scripted server that stands for all of its hosts, credential files in a folder of their own, an
 * environment, and a clock whose waits take no time. */
#include "google/bigquery.h"
#include "google/credentials.h"
#include "scripted_server.h"

struct google_fixture {
  struct scripted_server *server;
  struct clock clock;
  int64_t skipped_us;  /* what all waits so far would have taken, and what tests add */
  int64_t wall_off_us; /* this machine's clock is so much ahead */
  char *folder;
  struct credentials *credentials;
  struct bigquery *bigquery;
  bool is_cancelled;
  int cancel_after_n; /* cancelled once it was asked so often; 0: no */
};

#define TOKEN_STEP(token)                                                                                              \
  {                                                                                                                    \
    .body = "{\"access_token\":\"" token "\",\"expires_in\":3599,\"token_type\":\"Bearer\"}"                           \
  }

/* Starts the server with a script; no credentials, no client. */
void google_fixture_start(struct google_fixture *f, const struct script_step *steps, size_t steps_n);
/* Ends everything, removing the folder. */
void google_fixture_stop(struct google_fixture *f);

/* Writes a file of the folder; returns its path, owned by GLib's interned strings. */
const char *google_fixture_write(struct google_fixture *f, const char *name, const char *text);

/* Sets a variable of the environment that credentials see; NULL takes all off. */
void google_fixture_set(const char *name, const char *value);

/* Opens credentials: options->file or what is in the environment; the rest of the options is filled in here. */
struct credentials *google_fixture_credentials(struct google_fixture *f, struct credentials_options options,
                                               GError **error);

/* Opens a client of project "p", dataset "d", location "EU" on the server; with credentials (an authorized user whose
 * token is the script's first step) or as of an emulator. */
void google_fixture_client(struct google_fixture *f, bool has_credentials);

/* The nth request that was seen. */
const struct seen_request *google_fixture_seen(struct google_fixture *f, guint n);
/* How many there were. */
guint google_fixture_seen_n(struct google_fixture *f);

/* A service account's key file made for the occasion, with this token_uri; and what verifies its signatures. Caller
 * frees. */
char *google_service_account_json(const char *token_uri);
/* Is it signed by that key? Fills header and claims as JSON; caller frees. */
bool google_jwt_verify(const char *jwt, char **header, char **claims);

/* One value of a form, unescaped; NULL when it is not there. Caller frees. */
char *google_form_value(const char *form, const char *name);

/* An authorized user's file. */
extern const char google_authorized_user[];
