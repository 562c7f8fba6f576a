#pragma once
/* Withdraw: a wrong export is taken back as far as it can be. Deleted are those leads of one run that Instantly shows
 * as ours and never mailed; all others stay and are listed.
 *
 * 1. every claim of the run must be settled (`recover` first): a row that a late answer brings would be lost track of
 * 2. page by page: read each person's rows in the claim's campaign; ours (by the stamp), active and never contacted?
 * 3. `remove_claimed`, delete by ids, read again by id; `withdrawn` only for what is gone
 * 4. fold, write back
 *
 * A withdrawal that died in the middle is said again: what it had deleted without recording it stands in a note, and is
 * recorded first.
 *
 * At most complete.max_removals are deleted in one go; the rest is counted and left to the next. Whoever is withdrawn
 * is not exported again before `release`. */
#include "core/ports.h"

/* A lead of the run that stays. */
struct withdraw_left {
  char *lead_ref;
  const char *why; /* constant word: contacted, not_active, foreign, not_removed */
};

struct withdraw_report {
  int64_t claims_n, withdrawn_n, deferred_n;
  int64_t absent_n; /* Instantly has no row: never got there, or gone already; a sync says which */
  GArray *left;     /* struct withdraw_left, in the order of the run */
};

/* Makes an empty report. */
void withdraw_report_init(struct withdraw_report *report);
/* Frees what it holds; may be called twice. */
void withdraw_report_clear(struct withdraw_report *report);

/* Why this row must stay, or NULL when it may be deleted. Pure. */
const char *withdraw_refusal(const struct claim *claim, const struct remote_lead *row);

/* Which run, and what is kept with the events about why. */
struct withdraw_order {
  const char *run_id;
  const char *detail; /* JSON object */
};

/* Takes it back under the job's lease. With job->is_dry_run it reads and counts and writes nothing. */
bool withdraw_run(struct job *job, const struct withdraw_order *order, struct withdraw_report *report, GError **error);
