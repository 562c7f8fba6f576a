#pragma once
/* What the files of the model share: a state, and how one is reached. */
#include "tests/model/model.h"

enum pc { AT_START, AT_CLAIM, AT_RECORD, AT_MARK_FIRST, AT_ASK, AT_POST, AT_WAIT, AT_MARK, AT_END };

/* A request on its way; all zero: none. */
struct request {
  uint8_t is_here, campaign, owner, is_checked; /* owner: 1 + the run that still waits for it, 0: nobody */
};

struct run {
  uint8_t pc, campaign, is_own; /* is_own: the intent is of this life */
};

/* What is durable here. */
struct facts {
  uint8_t intent, released, is_marked, is_held;
  uint8_t has_trace;         /* of a creation */
  uint8_t is_sent, is_shown; /* that a request would go out was recorded, and who reads sees it */
};

/* Bytes alone, so that two equal states are equal memory. Campaigns are 1 and 2, 0 is none. */
struct state {
  uint8_t present[3], created_n;
  uint8_t listed_n; /* rows that somebody moved into a list */
  struct facts ledger, copy;
  uint8_t has_copy;
  uint8_t is_thinned;             /* the states do not carry their events */
  uint8_t is_stopped, is_ignored; /* the person; a request went out all the same */
  uint8_t lease;                  /* 1 + the run that has it */
  uint8_t crashes_left, losses_left, deletes_left, moves_left, thins_left, restores_left, stops_left;
  struct run runs[MODEL_RUNS_MAX];
  struct request requests[MODEL_REQUESTS_MAX];
};

struct node {
  struct state state;
  const struct node *parent;
  const char *step;
  uint8_t run, campaign;
};

struct search {
  const struct model_variant *variant;
  GHashTable *seen; /* struct node *, owned */
  GPtrArray *queue; /* the same, in the order of discovery */
  const struct node *from;
};

/* A state reached by a step of a run (1 + its number), the network or somebody else (0). */
void reach(struct search *search, struct state state, const char *step, size_t run, size_t campaign);

/* ---- model_run.c ---- */

/* The next step of a run. */
void step_run(struct search *search, const struct state *state, size_t r);
/* Death between any two steps: what is durable stays, and so does what is on its way. */
void crash(struct search *search, const struct state *before, size_t r);
/* An attempt of which nobody knows whether it happened. */
void doubt(struct search *search, struct state state, size_t r, const char *step);

/* ---- model_world.c ---- */

/* What the network and the server do with a request. */
void step_request(struct search *search, const struct state *before, size_t i);
/* What other people do, and a warehouse that shows rows late. */
void step_others(struct search *search, const struct state *state);
/* Is any request on its way? */
bool is_on_its_way(const struct state *state);
/* Does Instantly have a row of which the ledger knows nothing? */
bool is_unknown(const struct state *state);
