#pragma once
/* Adopt: leads that somebody contacted before leadferry came, and that are still in a configured campaign.
 *
 * 1. source rows that show a contact, of persons of whom the ledger has no event, one of each, a page at a time
 * 2. ask Instantly for their addresses; of several rows in configured campaigns the one in the lead's own campaign
 * counts, else the lowest id
 * 3. `adopted` for those found: the next sync follows them, complete does not take them for ours
 * 4. fold, write back
 *
 * They are never sent, before and after: adopting only makes their rows known. Doing it twice adopts once. */
#include "core/ports.h"

struct adopt_order {
  const char *campaign_id; /* only rows in this one; NULL: all configured */
  const char *detail;      /* JSON object: why, and by whom */
};

struct adopt_report {
  int64_t looked_n; /* leads that were asked about */
  int64_t adopted_n;
  int64_t elsewhere_n; /* their rows are in other campaigns only */
  int64_t absent_n;    /* Instantly has no row */
};

/* Adopts under a lease of its own. With job->is_dry_run it asks and counts, and writes nothing. */
bool adopt_run(struct job *job, const struct adopt_order *order, struct adopt_report *report, GError **error);
