#pragma once
/* What a finished libcurl transfer proves: a CURLcode and what had gone out by then, as an enum transport. Pure.
 *
 * NOT_SENT is a proof, not a guess: it needs a code of the phases before the request (name, connect, TLS handshake) or
 * a time-out, and not one byte of request handed to the connection. Everything else without a whole answer is UNKNOWN.
 */
#include "core/ports.h"

#include <curl/curl.h>

struct outcome_input {
  CURLcode code;
  long request_bytes;      /* CURLINFO_REQUEST_SIZE: bytes of request that went into a connection */
  size_t body_taken_bytes; /* bytes that libcurl took from our read callback */
  long status;             /* CURLINFO_RESPONSE_CODE */
};

/* See the top. */
enum transport outcome_of(const struct outcome_input *input);
