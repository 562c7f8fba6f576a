/* Which URLs may be asked at all: the check behind wire_check_url(). */
#include "base/loopback.h"
#include "net/wire.h"

#include <curl/curl.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURLU, curl_url_cleanup)

/* One part of the URL as libcurl itself understands it, "" when it has none; caller frees. */
static char *part_of(CURLU *url, CURLUPart part)
{
  char *found = NULL;
  if (curl_url_get(url, part, &found, 0) != CURLUE_OK) return g_strdup("");
  char *copy = g_strdup(found);
  curl_free(found);
  return copy;
}

static bool has_extras(CURLU *url)
{
  static const CURLUPart extras[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT};
  for (size_t i = 0; i < G_N_ELEMENTS(extras); i++) {
    g_autofree char *part = part_of(url, extras[i]);
    if (part[0] != '\0') return true;
  }
  return false;
}

bool wire_check_url(const char *text, const char *expected_host, bool is_custom_allowed, GError **error)
{
  g_autoptr(CURLU) url = curl_url();
  if (!url) g_error("out of memory");
  if (!text || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK || has_extras(url)) {
    error_set(error, ERROR_CONFIG, "the base URL is not a plain URL: write it like https://%s", expected_host);
    return false;
  }
  g_autofree char *scheme = part_of(url, CURLUPART_SCHEME);
  g_autofree char *host = part_of(url, CURLUPART_HOST);
  bool is_free = is_custom_allowed || host_is_loopback(host);
  bool is_https = strcmp(scheme, "https") == 0;
  if (!is_https && !(is_free && strcmp(scheme, "http") == 0)) {
    error_set(error, ERROR_CONFIG, "the base URL %s must be https (http only on loopback)", text);
    return false;
  }
  if (!is_free && strcmp(host, expected_host) != 0) {
    error_set(error, ERROR_CONFIG,
              "the base URL names host %s instead of %s: set allow_custom_endpoint: true if that is meant", host,
              expected_host);
    return false;
  }
  return true;
}
