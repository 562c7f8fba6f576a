#pragma once
/* What becomes of stops once they are written: entries of struct ledger_ops, see core/ledger.h. Used by bigquery.c. */
#include "warehouse/bigquery.h"

bool bq_stops_lost(struct ledger *ledger, int64_t *lost_n, GError **error);                             /* ledger.h */
bool bq_stops_note(struct ledger *ledger, bool is_accepted, GError **error);                            /* ledger.h */
bool bq_listing(struct ledger *ledger, const struct suppression *rows, size_t rows_n, GError **error);  /* ledger.h */
bool bq_unlisted(struct ledger *ledger, const struct suppression *rows, size_t rows_n, GError **error); /* ledger.h */
/* See ledger.h. */
bool bq_unlisting(struct ledger *ledger, int64_t now_us, size_t limit, struct page *page, GError **error);
