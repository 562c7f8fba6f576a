#pragma once
/* source.opt_out in BigQuery: how the column is read, its odd values, and the rows that say yes. */
#include "warehouse/bigquery.h"

/* Lets `${opt_out}` stand for the column, `${opt_out_nothing}` for values that say nothing; info NULL: no table is
 * there. */
void bq_opt_out_names(struct bq_warehouse *self, const struct bigquery_table_info *info);
/* Adds the values that nobody understands, or why the column cannot be read (flag_findings.h). */
bool bq_opt_out_check(struct bq_warehouse *self, GArray *findings, GError **error);

bool bq_opted_out(struct ledger *ledger, bool is_first, size_t limit, struct page *page, GError **error); /* ledger.h */
bool bq_opt_outs_lapse(struct ledger *ledger, const char *const *folded, size_t folded_n,
                       GError **error); /* ledger.h */
