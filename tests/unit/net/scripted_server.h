#pragma once
/* A tiny HTTP server that does what it is told, byte by byte: for what no well-behaved server can be made to do.
 *
 * The n-th request (counted over all connections) follows the n-th step; the last step repeats for ever. Every request
 * is recorded, also one that came in part. Each connection has a thread of its own. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum script_end { END_KEEP, END_CLOSE, END_RESET };

struct script_step {
  const char *answer;    /* the whole answer as bytes; NULL: status, headers and body make one */
  int status;            /* 0: 200 */
  const char *headers;   /* extra lines, each with CRLF, or NULL */
  const char *body;      /* or NULL */
  size_t filler_bytes;   /* the body is this many blanks instead */
  size_t send_max_bytes; /* cut the answer here; 0: no */
  size_t read_bytes;     /* with is_cut_short: end the connection after so many bytes of the request, unanswered */
  bool is_cut_short;
  int64_t drip_us;     /* pause before each byte of the answer */
  int64_t delay_us;    /* pause before the answer */
  enum script_end end; /* what becomes of the connection */
};

struct seen_request {
  char *head;
  char *body;
  size_t body_bytes;
  bool is_whole;
  int connection;
};

struct scripted_server;

/* Starts one on a free port of 127.0.0.1; steps are borrowed. */
struct scripted_server *scripted_server_start(const struct script_step *steps, size_t steps_n);
/* Stops it and frees everything. */
void scripted_server_stop(struct scripted_server *server);
/* "http://127.0.0.1:PORT"; owned by the server. */
const char *scripted_server_url(const struct scripted_server *server);
/* What it saw so far: struct seen_request *. Call it when nothing is in flight. Owned by the server. */
const GPtrArray *scripted_server_seen(struct scripted_server *server);
/* The most connections that were being answered at once. */
int scripted_server_most_at_once(struct scripted_server *server);
/* How many whole requests with this request line's beginning were seen, e.g. "POST /create". */
int scripted_server_count(struct scripted_server *server, const char *line);
