#include "google/credentials.h"

#include <string.h>

bool credentials_token(struct credentials *credentials, char **token, GError **error)
{
  (void)credentials;
  *token = NULL;
  error_set(error, ERROR_CONFIG, "there are no credentials yet");
  return false;
}

bool credentials_renew(struct credentials *credentials, const char *refused, GError **error)
{
  (void)refused;
  char *token = NULL;
  return credentials_token(credentials, &token, error);
}

void credentials_token_free(char *token)
{
  if (token) explicit_bzero(token, strlen(token));
  g_free(token);
}

const char *credentials_quota_project(const struct credentials *credentials)
{
  (void)credentials;
  return NULL;
}
