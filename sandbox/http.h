#pragma once
/* The HTTP side: libmicrohttpd on 127.0.0.1, one thread, keep-alive; and what must go wrong on the wire.
 *
 * Answers usually go through the library. An answer that is to be cut, dripped or mis-measured is written to the socket
 * by hand from a helper thread while the connection is suspended, and the connection is closed after it: the library
 * runs with MHD_USE_TURBO, which closes without a shutdown, so SO_LINGER 0 gives a real reset. That makes a relay in
 * front of the server unnecessary. */
#include "world.h"

struct http_server;

/* Listens on 127.0.0.1:port (0: any) and serves the world until http_stop(). NULL with ERROR_LOCAL when it cannot. */
struct http_server *http_start(struct world *world, uint16_t port, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The port that it listens on. */
uint16_t http_port(const struct http_server *server);

/* Stops listening, ends what is under way, frees. */
void http_stop(struct http_server *server);
