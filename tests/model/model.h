#pragma once
/* An explicit-state model of the protocol: one address, two campaigns, and everything that may go wrong between a run
 * and Instantly. All orders of all steps are tried, so what holds here holds for every timing.
 *
 * A run reads the ledger, chooses a campaign, writes its intent, sends, waits, marks; it may die between any two of
 * these and begins again from what is durable. A request may get lost, its answer may get lost, or it may outlive the
 * patience of whoever sent it (a zombie) and still do its work later. The server looks and inserts in one step or in
 * two. Others move the row into a list, delete it, delete rows of the ledger's states, put the ledger back from an
 * older copy, say stop; a warehouse shows late what it took. A variant says which rules are kept; model_check says
 * whether the address can be created twice, be marked without ever having been created, or be mailed after a stop (a
 * request that goes out behind it, or a row that is left in a campaign when all runs have ended), and by which steps.
 *
 * What it does not model: batches, and how long a wait must be (the wait of the model lasts until nothing is on its
 * way). */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define MODEL_RUNS_MAX     2
#define MODEL_REQUESTS_MAX 8

/* In which order a run acts and writes. */
enum model_order { MARK_LAST, MARK_FIRST, INTENT_FIRST };
/* How two runs keep out of each other's way when they write the intent. */
enum model_claim { CLAIM_CAS, CLAIM_READ_THEN_WRITE };
/* What an open intent or an unknown answer leads to. */
enum model_retry { RETRY_BLIND, RETRY_ASK };

struct model_variant {
  enum model_order order;
  enum model_claim claim;
  enum model_retry retry;
  bool waits;           /* asks only when nothing is on its way any more */
  bool has_flags;       /* skip_if_in_workspace */
  bool is_sticky;       /* an attempt that may have happened fixes the campaign */
  bool releases;        /* an absent claim of an earlier run is released and claimed anew, as leadferry does */
  bool has_evidence;    /* a creation leaves a trace here that a deletion there does not undo */
  bool is_fenced;       /* one run at a time */
  bool checks_apart;    /* server: the look for the flag and the insertion are two steps */
  bool allows_doubles;  /* server: (campaign, address) is not unique */
  bool frees_unsent;    /* an intent of which no request is recorded is free again without asking */
  bool is_streamed;     /* warehouse: that record is seen late */
  bool asks_unseen;     /* knows by other means that there is one, and asks */
  bool has_two_paths;   /* the runs name the ledger differently */
  bool lock_is_of_path; /* and its lock goes by the name */
  bool has_guard;       /* claims nobody while Instantly has a row that the ledger does not know */
  bool restores_early;  /* people: the ledger is put back while a request is on its way */
  bool ignores_lists;   /* the question finds no row that is in no campaign any more */
  bool trusts_states;   /* does not see that the states do not carry their events */
  bool ignores_stops;   /* does not look at them before the intent and before the request */
  bool leaves_stopped;  /* does not take out the row of a stopped person before it ends */
  int runs_n;           /* 1 or 2 */
  int crashes, losses, deletes;
  int moves, thins, restores, stops; /* how often other people do that */
};

struct model_result {
  int64_t states_n;
  bool is_twice, is_lost, is_after_stop;
  GString *twice, *lost, *after_stop; /* the steps that lead there, a line each; empty when nothing does */
};

/* Tries everything. */
void model_check(const struct model_variant *variant, struct model_result *result);
/* Frees what it holds. */
void model_result_clear(struct model_result *result);
