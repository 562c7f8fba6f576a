#pragma once
/* Entries that stand as long as rows of the user's say so, in BigQuery: the exclusion table, and who left the source.
 */
#include "warehouse/bigquery.h"

bool bq_exclusion_look(struct ledger *ledger, struct standing_counts *counts, GError **error);         /* ledger.h */
bool bq_gone_look(struct ledger *ledger, bool is_set, struct standing_counts *counts, GError **error); /* above */
bool bq_standing_apply(struct ledger *ledger, const struct standing_change *change, GError **error);   /* above */
/* Appends what is wrong with the exclusion table. */
bool bq_exclusion_check(struct bq_warehouse *self, GArray *findings, GError **error);
/* The names that statements about it use. */
void bq_exclusion_names(struct bq_warehouse *self);
