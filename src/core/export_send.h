#pragma once
/* Steps 4 to 6 of export: the claims of this run go out in batches, and every answer is settled.
 *
 * export_send_init, export_send_campaign per fed campaign, export_send_unknown, export_send_clear. Used by export.c. */
#include "core/export.h"
#include "core/settle.h"

struct export_send {
  struct job *job;
  struct settle_tally tally;
  GArray *unknown;        /* struct unknown_batch */
  int64_t batch_n;        /* batches numbered so far: batch_id = run_id.n */
  int64_t throttled_us;   /* waited for a throttle so far in this run; at most export.max_wait_s */
  bool is_throttled;      /* the last requests were: one goes alone to see whether it is over */
  int64_t pause_us;       /* how long to wait before what was put back goes again */
  int64_t looked_boot_us; /* when the stops of what is about to go out were looked at last */
  int64_t sent_n;         /* leads answered, for progress */
  int64_t total_n;        /* claims of the run */
  bool is_run_stopped;    /* 401, 402, 403, or nobody answers: no further campaign */
  bool is_temporary;      /* something ended because nobody answered */
  bool is_held_back;      /* a hold kept claims from going out */
  GError *stop;           /* why the run was stopped by Instantly, or NULL */
};

/* Starts sending for a job whose claims are made. */
void export_send_init(struct export_send *send, struct job *job, int64_t total_n);
/* Frees what it holds; may be called twice. */
void export_send_clear(struct export_send *send);

/* Sends every claim of this run in one campaign. Returns false when the run cannot go on (lease lost, warehouse failed,
 * cancelled); what Instantly refuses or does not answer is settled or remembered and is no failure of this call. */
bool export_send_campaign(struct export_send *send, const char *campaign_id, GError **error);

/* Settles the unknown answers together; what is absent twice goes out once more under the same claims. */
bool export_send_unknown(struct export_send *send, GError **error);
