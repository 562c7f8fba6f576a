#pragma once
/* Credentials: who we are to Google, as an access token that is good for some minutes more. Not there yet: until they
 * are, the client speaks to an emulator alone. */
#include "base/clock.h"
#include "base/error.h"

struct credentials;

/* A token that is good now, renewed when it is about to end. Caller frees, wiping it with credentials_token_free(). */
bool credentials_token(struct credentials *credentials, char **token, GError **error);

/* Renews the token after Google refused this one, unless somebody else has renewed it meanwhile. */
bool credentials_renew(struct credentials *credentials, const char *refused, GError **error);

/* Wipes and frees; NULL is fine. */
void credentials_token_free(char *token);

/* The project that pays for the use of the API, or NULL: that of the credentials. Borrowed. */
const char *credentials_quota_project(const struct credentials *credentials);
