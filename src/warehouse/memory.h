#pragma once
/* What tests do to a memory warehouse behind the ledger's back: put rows into the user's table as dbt or a person
 * would, take them out, set holds, revoke stops, start over. Not for production code; each call takes a warehouse that
 * was opened with type "memory" and cannot fail. */
#include "warehouse/warehouse.h"

/* Inserts or replaces a source row as it is, flags included; strings are copied. */
void memory_put_lead(struct warehouse *warehouse, const struct lead *lead);

/* Takes a source row out; one that does not exist is fine. */
void memory_drop_lead(struct warehouse *warehouse, const char *lead_id);

/* Adds a row with this cell (NULL: a NULL) to the exclusion table, which is there from then on. */
void memory_exclude(struct warehouse *warehouse, const char *cell);
/* Empties the exclusion table. */
void memory_exclude_none(struct warehouse *warehouse);

/* Sets the hold of a campaign (NULL: of everything); reason NULL takes it away. */
void memory_set_hold(struct warehouse *warehouse, const char *campaign_id, const char *reason);

/* Revokes every entry of this person or domain. */
void memory_revoke(struct warehouse *warehouse, const char *person_or_domain, int64_t at_us);

/* Empties every table; leases and epochs too. */
void memory_reset(struct warehouse *warehouse);
