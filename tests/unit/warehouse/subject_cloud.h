#pragma once
/* What the conformance tests do behind the ledger's back in BigQuery. Used by subject.c alone, for a subject whose
 * `cloud` is open; each call must succeed. */
#include "subject.h"

/* The emulator's address, NULL: there is none, and the suite runs over the other backends. */
const char *cloud_emulator(void);
/* A name that no test had before. Caller frees. */
char *cloud_dataset_name(void);
/* Makes the dataset of the subject's settings and opens a client of its own. */
void cloud_open(struct subject *subject);
/* Closes it. The dataset goes with the emulator: to drop a table costs that more than to keep it. */
void cloud_close(struct subject *subject);
/* Gives the claim of a test a lease that nobody asked for. */
void cloud_lease(struct subject *subject, int64_t epoch);
/* Ends it: whoever needs one later has to ask. */
void cloud_lease_end(struct subject *subject);
void cloud_put(struct subject *subject, const struct lead *lead);                      /* subject.h */
void cloud_drop(struct subject *subject, const char *lead_id);                         /* subject.h */
void cloud_hold(struct subject *subject, const char *campaign_id, const char *reason); /* subject.h */
void cloud_run_one(struct subject *subject, const char *sql, const char *text); /* a statement with at most @t1 */
void cloud_revoke(struct subject *subject, const char *person, int64_t at_us);  /* subject.h */
/* Empties tables; one that BigQuery does without is fine. */
void cloud_clear(struct subject *subject, const char *const *tables, size_t tables_n);
/* FALSE is stored as 0 or as NULL, by the lead_id. */
const char *subject_flag(const struct lead *lead, bool is_set);
