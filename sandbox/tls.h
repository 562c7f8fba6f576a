#pragma once
/* A second port on which every TLS handshake fails, in a way of the operator's choice: no certificate is needed for
 * that.
 *
 * tls_front_start() listens on a free port of 127.0.0.1 and answers each ClientHello as the table of tls.c says;
 * nothing that a client sends there ever reaches the world. tls_front_stop() ends it. Errors: ERROR_USAGE for an
 * unknown kind, ERROR_LOCAL when it cannot listen. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct tls_front;

/* Starts it. NULL with an error. Owned by the caller. */
struct tls_front *tls_front_start(const char *kind, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The port that it listens on. */
uint16_t tls_front_port(const struct tls_front *front);

/* Stops listening and frees; NULL is fine. */
void tls_front_stop(struct tls_front *front);
