#pragma once
/* One easy handle set up for one request: the options that keep the promises of net/wire.h, and the callbacks that
 * carry body, headers and answer. Only wire.c uses it. */
#include "net/wire.h"

#include <curl/curl.h>

/* What all requests of one wire share; made once, borrowed by the handles. */
struct handle_setup {
  char *base_url;
  char *user_agent;
  char *ca_file;
  char *protocols;                  /* "https", or "http,https" */
  struct curl_slist *headers_body;  /* for requests with a body */
  struct curl_slist *headers_plain; /* for those without */
  long connect_timeout_ms;
  long request_timeout_ms;
  long stall_s;
};

/* Makes what the options ask for. */
void handle_setup_init(struct handle_setup *setup, const struct wire_options *options);
/* Frees it, wiping the key; may be called twice. */
void handle_setup_clear(struct handle_setup *setup);

/* Sets easy up for this request, whose reply and answer are emptied. False when libcurl refuses an option. */
bool handle_prepare(CURL *easy, const struct handle_setup *setup, struct request *request);

/* Fills the reply of a request that ended with code. */
void handle_finish(CURL *easy, CURLcode code, struct request *request);

/* Takes the request off its handle: neither points at the other any more. */
void handle_release(CURL *easy, struct request *request);
