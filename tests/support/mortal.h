#pragma once
/* A ledger that dies at a chosen point: a crash without a process.
 *
 * Every fallible call of a job, on the ledger and on Instantly, has two points: before its effect and after it. When
 * the countdown reaches zero the job is dead: that call and all later ones fail and do nothing more, so nothing that
 * the real process could not have written gets written. A new job over the inner ledger is the restart. */
#include "core/ports.h"

struct mortal {
  struct ledger base;
  struct ledger *inner;
  int64_t points_left; /* until death; negative: immortal */
  int64_t points_n;    /* seen so far */
  bool is_dead;
  int64_t lease_us; /* a lease that runs out unless it is looked at; 0: it does not */
  int64_t leased_at_us;
  bool repeats_claims; /* a warehouse that lies: each page of claims is the first one */
  void (*kept)(void *context, const struct lead_event *event); /* told what the ledger says is durable; or NULL */
  void *kept_context;
};

/* Wraps inner; dies at the points-th point, or never when negative. */
void mortal_init(struct mortal *mortal, struct ledger *inner, int64_t points);

/* One point passed (also used as fake_instantly.is_dead): true when dead. */
bool mortal_point(void *mortal);
