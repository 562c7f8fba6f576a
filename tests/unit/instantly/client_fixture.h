#pragma once
/* An Instantly client in front of a scripted server, with settings that tests may change before start. */
#include "instantly/client.h"
#include "scripted_server.h"

struct client_fixture {
  struct settings settings;
  struct clock clock;
  int64_t skipped_us;
  struct scripted_server *server;
  struct instantly *instantly;
};

/* Fills settings with what a test needs; the caller may change them before client_fixture_start(). */
void client_fixture_init(struct client_fixture *fixture);
/* Starts server and client. */
void client_fixture_start(struct client_fixture *fixture, const struct script_step *steps, size_t steps_n);
/* Ends both and frees the settings. */
void client_fixture_stop(struct client_fixture *fixture);
/* The n-th request seen. */
const struct seen_request *client_fixture_seen(const struct client_fixture *fixture, guint n);
/* Adds a mapping to settings.export.fields or custom_variables. */
void client_fixture_map(GArray *mappings, const char *target, const char *source);
