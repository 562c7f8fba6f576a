#pragma once
/* Open claims of stopped persons: their answer never came, and their row may be live all the same. Used by
 * stop_enforce.c. */
#include "core/ports.h"

/* Which rows of stopped persons are looked at: one place for the rules of removal_query.of_stopped. */
void stop_query_init(struct removal_query *query, const struct job *job, size_t limit);

/* The job's now; before its first question to Instantly the ledger's. */
int64_t stop_now_us(const struct job *job);

/* Settles them by asking. Held claims wait for a person, but not with a live row: one that Instantly shows with the
 * claim's own stamp is recorded as added, and stays held. Folded on return; without such claims nothing is asked. */
bool stop_settle_claims(struct job *job, GError **error);
