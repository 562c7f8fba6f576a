#pragma once
/* Ports: the only way from the core to the world. The core is pure but for the ledger (core/ledger.h; warehouse/ fills
 * it), Instantly (core/remote.h; instantly/ fills it), the clock, and the job that carries them. */
#include "base/clock.h"
#include "core/ledger.h"
#include "core/remote.h"

/* Where progress goes; the implementation decides how to show it. */
struct progress {
  void (*update)(struct progress *, const char *noun, int64_t done, int64_t total, int64_t refused);
};

/* A run of a job with everything it may touch. Jobs are functions over this, not programs. */
struct job {
  const struct settings *settings;
  struct ledger *ledger;
  struct instantly *instantly;
  const struct clock *clock;
  struct progress *progress;           /* or NULL */
  bool (*is_cancelled)(void *context); /* or NULL */
  void *cancel_context;
  char *run_id;
  int64_t limit; /* --limit, or SETTING_UNLIMITED */
  bool is_dry_run;
  int64_t allow_mass_removal;     /* --allow-mass-removal=N, 0: not given */
  int64_t allow_shrunk_source;    /* --allow-shrunk-source=N, 0: not given */
  int64_t allow_lost_stops;       /* --allow-lost-stops=N, 0: not given */
  int64_t allow_shrunk_exclusion; /* --allow-shrunk-exclusion=N, 0: not given */
  const char *fingerprint;        /* of the settings; NULL: none, and no change gate (core/gate.h) */
  bool has_gate;                  /* the export may be skipped when nothing has changed */
  bool bulk_stops_wait; /* until core/stop_hits.h has decided: stops that no person made itself take nothing out */
  int64_t allow_hit;    /* --allow-hit=N, 0: not given */
  bool is_bootstrap;    /* --bootstrap: Instantly's list rebuilds the ledger first */
  struct lease lease;
  int64_t lease_kept_boot_us; /* of job_keep_lease */
  int64_t now_us;             /* Instantly's time, fixed at the job's first answer */
  GHashTable *block_list;     /* of core/settle_listed.c, as read at block_list_mono_us; NULL until it was asked for */
  int64_t block_list_mono_us;
  GHashTable *told;         /* keys of what this run said of itself; NULL: nothing yet */
  GHashTable *subsequences; /* id -> struct subsequence_view, of core/subsequence.h; NULL until one was asked about */
};

/* Has somebody asked us to stop? Sets ERROR_CANCELLED and returns true then. */
bool job_is_cancelled(const struct job *job, GError **error);
/* Renews the lease where that is due, in a wait or between two pages of a long reading: a lease on BigQuery ends after
 * 120 s. False when it is lost; fine without one. */
bool job_keep_lease(struct job *job, GError **error);
/* Waits until then in slices, so that a signal is heard, and keeps the lease. */
bool job_wait_until(struct job *job, int64_t until_mono_us, GError **error);
/* Is it the first time that this run tells what has this key? */
bool job_tells(struct job *job, const char *key);
/* Reports progress, if anybody listens. */
void job_progress(const struct job *job, const char *noun, int64_t done, int64_t total, int64_t refused);
/* Fixes job->now_us from Instantly's newest Date header, or the clock when there was no answer yet. A difference of
 * more than a day to the local clock is ERROR_UNSAFE unless the endpoint is loopback. */
bool job_fix_now(struct job *job, GError **error);
