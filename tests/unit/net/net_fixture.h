#pragma once
/* A client in front of a scripted server, with a clock whose waits take no time. */
#include "net/call.h"
#include "scripted_server.h"

struct net_fixture {
  struct scripted_server *server;
  struct net *net;
  struct clock clock;
  int64_t skipped_us; /* what all sleeps so far would have taken */
  bool is_cancelled;
  int cancel_after_n; /* cancelled once it was asked so often; 0: no */
  struct net_options options;
};

/* Starts server and client; tweak may change the options, NULL is fine. */
void net_fixture_start(struct net_fixture *fixture, const struct script_step *steps, size_t steps_n,
                       void (*tweak)(struct net_options *options));
/* Ends both. */
void net_fixture_stop(struct net_fixture *fixture);
/* Makes one call: call_init, path and body are set here. The caller clears it. */
void net_fixture_call(struct net_fixture *fixture, struct call *call, enum call_kind kind, const char *method,
                      const char *path);
