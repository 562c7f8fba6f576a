#pragma once
/* Credentials: who we are to Google, as an access token that is good for some minutes more.
 *
 * credentials_open() finds them in Google's order (Application Default Credentials): the file that the configuration
 * names, the one that GOOGLE_APPLICATION_CREDENTIALS names, what `gcloud auth application-default login` left behind,
 * the metadata server of the machine. It reads files and asks nothing but that server. Types of files: service_account,
 * authorized_user, impersonated_service_account, external_account (workload identity federation from a file or a URL).
 *
 * A credential file is not trusted: it comes from somewhere, and whoever could change it would like to be sent tokens.
 * Hosts that it names must be Google's own; the one of a federation's URL must be named in the configuration too.
 *
 * credentials_token() gives a token, renewed 225 seconds before it ends (Google's metadata server hands out the same
 * one until then). Any thread may ask: one renews, the others wait for it. A refused token is renewed once by
 * credentials_renew().
 *
 * Errors: ERROR_CONFIG for a file that is missing, unreadable, unknown or names strange hosts; ERROR_AUTH when Google
 * refuses, with what to do; ERROR_TRANSIENT when it could not be asked. Nothing secret is in any of them. */
#include "base/clock.h"
#include "base/error.h"

struct credentials;

struct credentials_options {
  const char *file;          /* named by the configuration; NULL: Google's order */
  const char *quota_project; /* named by the configuration, or NULL */
  /* How URLs of a federation must begin ("https://host"), named by the configuration; NULL: no URLs. */
  const char *subject_base_url;
  const char *(*environment)(const char *name); /* g_getenv, as far as may be; NULL: nothing is set */
  bool (*is_cancelled)(void *context);          /* or NULL */
  void *cancel_context;
  /* Tests alone set this: a URL on loopback that gets what is meant for https://HOST, as /HOST/path. */
  const char *test_base_url;
};

/* Finds credentials. Strings are copied; the clock is borrowed. */
struct credentials *credentials_open(const struct credentials_options *options, const struct clock *clock,
                                     GError **error);
/* Wipes and frees; NULL is fine. */
void credentials_close(struct credentials *credentials);

/* A token that is good now. Caller frees with secret_free(). */
bool credentials_token(struct credentials *credentials, char **token, GError **error);

/* Renews the token after Google refused this one, unless somebody else has renewed it meanwhile. */
bool credentials_renew(struct credentials *credentials, const char *refused, GError **error);

/* The project that pays for the use of the API, or NULL: that of the credentials. Borrowed. */
const char *credentials_quota_project(const struct credentials *credentials);

/* What they are and where they come from, for doctor: "a service account's key in /etc/key.json". Borrowed. */
const char *credentials_description(const struct credentials *credentials);
