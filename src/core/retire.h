#pragma once
/* Retire: a campaign that Instantly does not have any more is over for the ledger, too.
 *
 * 1. Instantly must say that it does not exist: what is there is not retired
 * 2. holds of its leads are resolved; open claims end as skipped(campaign_gone), for nobody can say any more whether
 * they were added; running enrolments end as finished(removed_by_hand). None of them is sent again by itself
 * 3. fold, write back
 *
 * Doing it twice changes nothing more. */
#include "core/ports.h"

struct retire_order {
  const char *campaign_id;
  const char *detail; /* JSON object: why, and by whom */
};

/* Retires it under a lease of its own; *ended_n leads were ended. With job->is_dry_run it asks and counts. */
bool retire_run(struct job *job, const struct retire_order *order, int64_t *ended_n, GError **error);
