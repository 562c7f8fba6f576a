#pragma once
/* Wire: HTTP requests through libcurl's multi interface, several in flight, and what is known of each when it
 * ended.
 *
 * It knows nothing of rates, retries or Instantly; net/call.h stands on it and is what others use. The rules it keeps
 * (reliability: security, and the hidden re-send):
 * - A body goes out through a read callback. For a request that is sent once the seek callback refuses, so libcurl
 * cannot silently send it a second time when a reused connection turns out to be dead; that ends as TRANSPORT_UNKNOWN.
 * - HTTP/1.1, TLS 1.2 or newer with verification, no redirects, cookies, netrc, alt-svc, or proxy from the environment.
 * - An answer is cut off above its cap (after decompression), and so are headers above 64 kB or 100 lines.
 *
 * Calling sequence: wire_open; wire_start for each request while there is room; wire_poll until it
 * returns the finished ones; wire_close. A request in flight is borrowed until it is returned. One thread. */
#include "core/ports.h"

#define ANSWER_MAX_BYTES ((size_t)8 << 20)

struct wire;

struct wire_options {
  const char *base_url;      /* scheme, host, optional port and path prefix, no trailing slash */
  const char *authorization; /* value of the Authorization header; secret, never logged; NULL: none */
  const char *user_agent;
  const char *ca_file; /* a CA bundle instead of the system's, or NULL */
  int64_t connect_timeout_s;
  int64_t request_timeout_s;
  int in_flight_max;
  int64_t stall_s; /* cut off a request that may go again after so long without a byte; 0: 30 */
};

struct request {
  /* set by the caller, borrowed */
  const char *method;
  const char *path; /* with query, starts with '/' */
  const char *body; /* NULL or empty: none, and no Content-Type */
  size_t body_bytes;
  const char *content_type;   /* of the body; NULL: application/json */
  const char *const *headers; /* more header lines, "Name: value", up to a NULL; secret; NULL: none */
  const char *watched_name;   /* a header of the answer that somebody wants to know, or NULL */
  bool is_sent_once;          /* needs a body: the refusing seek is what forbids the second transmission */
  size_t answer_max_bytes;    /* 0: ANSWER_MAX_BYTES */
  /* filled in; answer is appended to and owned by the caller */
  GString *answer;
  struct reply reply; /* is_json is not looked at here */
  bool is_html;       /* the Content-Type says so */
  char watched[64];   /* value of the watched header, cut; "" without one */
  double duration_s;
  /* wire's own */
  size_t body_taken_bytes, header_bytes, headers_n;
  char problem[256]; /* libcurl's error buffer */
  void *handle;
  void *own_headers; /* curl_slist, when the shared one does not do */
};

/* Opens it; ERROR_CONFIG when libcurl cannot be set up as demanded. */
struct wire *wire_open(const struct wire_options *options, GError **error);

/* Closes it, cutting off what is in flight; NULL is fine. */
void wire_close(struct wire *wire);

/* Starts a request; never blocks. A failure to start is a finished request as well: wire_poll returns it. */
void wire_start(struct wire *wire, struct request *request);

/* Waits at most wait_us for something to happen and moves what is in flight on. */
void wire_poll(struct wire *wire, int64_t wait_us);

/* The next finished request, or NULL. */
struct request *wire_next_done(struct wire *wire);

/* Cuts a request off. Its reply says UNKNOWN, or NOT_SENT when nothing went out; wire_next_done returns it. */
void wire_abort(struct wire *wire, struct request *request);

/* May this URL be asked? ERROR_CONFIG unless it is https (http on loopback, or when is_custom_allowed), and the host is
 * expected_host (anything on loopback, or when is_custom_allowed), without user, query or fragment. */
bool wire_check_url(const char *url, const char *expected_host, bool is_custom_allowed, GError **error);
