#include "base/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static char *without_brackets(const char *host)
{
  size_t length = strlen(host);
  bool has_brackets = length >= 2 && host[0] == '[' && host[length - 1] == ']';
  return has_brackets ? g_strndup(host + 1, length - 2) : g_strdup(host);
}

bool host_is_loopback(const char *host)
{
  struct in_addr four;
  struct in6_addr six;
  if (!host) return false;
  if (g_ascii_strcasecmp(host, "localhost") == 0) return true;
  if (inet_pton(AF_INET, host, &four) == 1) return ntohl(four.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
  g_autofree char *address = without_brackets(host);
  return inet_pton(AF_INET6, address, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

bool url_is_loopback(const char *url)
{
  g_autoptr(GUri) uri = url ? g_uri_parse(url, G_URI_FLAGS_NONE, NULL) : NULL;
  return uri && host_is_loopback(g_uri_get_host(uri));
}
