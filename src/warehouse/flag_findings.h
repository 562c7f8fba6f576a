#pragma once
/* Flags of the user's table that say neither TRUE nor FALSE (core/flag_word.h), as findings of a schema check. Who
 * decides about leads refuses while there is one (schema_findings_allow). */
#include "warehouse/warehouse.h"

/* Adds one: `n` rows hold `value` in this column. A value with an @ may be somebody's address and is not repeated. */
void flag_finding_add(GArray *findings, const char *table, const char *column, const char *value, int64_t n);
/* The same of source.opt_out: a value that says neither who wants mail nor who does not. */
void opt_out_finding_add(GArray *findings, const char *table, const char *column, const char *value, int64_t n);
