#pragma once
/* The world: one workspace, everything in it, and the clock. One lock guards all of it.
 *
 * world_new() builds it from a configuration; the HTTP layer takes the lock, calls world_settle() (what either clock
 * has made due), serves one request, and lets go. Nothing in here is global. */
#include "arena.h"
#include "config.h"
#include "model.h"

#include <pthread.h>

struct blocklist;
struct faults;
struct rate;
struct request_log;

/* Sums of what must never happen, for GET /_sandbox/audit. */
struct audit_totals {
  int64_t created_by_api;
  int64_t created_by_others;
  int64_t created_twice;
  int64_t mails_sent;
  int64_t mailed_after_stop;
  int64_t deleted;
  int64_t deleted_unfinished;
  int64_t deleted_foreign;
  int64_t deleted_replied;
  int64_t deleted_by_others;
  int64_t subsequence_cut;
  int64_t subsequence_removed;
};

/* Something accepted now that happens later: when the virtual or the wire clock has passed its time. */
struct effect {
  int64_t due_ms;
  int64_t due_wire_us;
  void (*run)(struct world *world, void *data);
  void (*free_data)(void *data);
  void *data;
};

struct api_key {
  struct uuid id;
  char *name;
  char *key;
  char **scopes;
  int64_t created_ms;
};

struct world {
  pthread_mutex_t lock;
  const struct config *config; /* borrowed */
  struct quirks quirks;        /* a copy: POST /_sandbox/quirks changes it */
  uint64_t seed;
  int64_t now_ms;
  int64_t wire_start_us;
  uint64_t ids_made_n;
  int64_t old_ids_left_n;
  struct uuid organization;
  struct uuid owner;
  int64_t created_ms;
  bool is_paid;
  int64_t list_lag_s; /* from the configuration, or a fault */
  int64_t plan_limit;
  int64_t plan_used_n; /* rows in campaigns */
  int64_t plan_held_n; /* deleted ones that still count */
  double credits;
  char *name;
  struct arena arena;          /* rows, addresses, texts */
  GHashTable *people_by_email; /* set of &person->email */
  GPtrArray *people;           /* struct person, in order of appearance */
  uint32_t add_calls_n;
  GHashTable *leads_by_id;   /* set of struct lead, live ones */
  struct bucket all;         /* every row ever (gone ones until compacted) */
  GPtrArray *campaigns;      /* struct campaign, owned; index = handle - 1; gone ones stay */
  GPtrArray *lists;          /* struct list */
  GPtrArray *subsequences;   /* struct subsequence */
  GPtrArray *keys;           /* struct api_key */
  GPtrArray *jobs;           /* struct job (jobs.h) */
  GPtrArray *activities;     /* struct activity (activity.h) */
  GHashTable *verifications; /* address -> struct verification (verification.c) */
  GArray *accounts;          /* struct account */
  struct heap outcomes;      /* opens, replies, bounces to come */
  GArray *history;           /* struct history (audit.h) */
  struct audit_totals totals;
  struct blocklist *blocklist;
  GArray *effects; /* struct effect */
  struct faults *faults;
  struct rate *rate;
  struct request_log *requests;
};

/* A workspace as the configuration describes it. config must outlive it. NULL with ERROR_CONFIG when it cannot be. */
struct world *world_new(const struct config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same without keys, campaigns, lists and rows: for state_load(). */
struct world *world_new_empty(const struct config *config);

/* Frees everything; NULL is fine. */
void world_free(struct world *world);

/* Throws all rows, campaigns and logs away and builds the workspace again from its configuration. */
bool world_reset(struct world *world, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Microseconds of wire time since the process began. */
int64_t world_wire_us(const struct world *world);

/* Has either clock passed the time that was delay_s after the given moments? */
bool world_is_past(const struct world *world, int64_t due_ms, int64_t due_wire_us);

/* Runs run(world, data) once delay_s have passed on either clock; at once when delay_s <= 0. data is taken. */
void world_later(struct world *world, int64_t delay_s, const struct effect *effect);

/* Runs the effects that either clock has made due, in their order. */
void world_settle(struct world *world);

/* Runs all effects that are left, due or not: before saving. */
void world_settle_all(struct world *world);

/* The next id for a new thing. */
struct uuid world_uuid(struct world *world);
