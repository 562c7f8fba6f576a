#include "net/outcome.h"

/* Codes that end a transfer before the request is written. UNSUPPORTED_PROTOCOL also means "an answer of HTTP/0.9" and
 * a time-out may come at any moment: hence the look at what went out. */
static bool is_before_request(CURLcode code)
{
  switch (code) {
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_FAILED_INIT:
  case CURLE_URL_MALFORMAT:
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_CONNECT:
  case CURLE_OPERATION_TIMEDOUT:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_INTERFACE_FAILED:
  case CURLE_SSL_ENGINE_NOTFOUND:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CRL_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
  case CURLE_SSL_INVALIDCERTSTATUS: return true;
  default: return false;
  }
}

enum transport outcome_of(const struct outcome_input *input)
{
  if (input->code == CURLE_OK) return input->status >= 200 ? TRANSPORT_ANSWERED : TRANSPORT_UNKNOWN;
  bool is_untouched = input->request_bytes == 0 && input->body_taken_bytes == 0 && input->status == 0;
  return is_untouched && is_before_request(input->code) ? TRANSPORT_NOT_SENT : TRANSPORT_UNKNOWN;
}
