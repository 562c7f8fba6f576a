#pragma once
/* Is the source still the one of the last export? A table that lost most of its rows overnight is more often an import
 * that broke, a wrong dataset or a view with a new filter than a decision; until somebody has said which, nobody is
 * claimed and nothing is removed.
 *
 * Called by export and complete with the facts they read anyway. Compared are the rows of now with those that the last
 * export counted; sources of fewer than 50 rows are let be. */
#include "core/ports.h"

/* Why the source must not be trusted, and how to go on; NULL: it may. Caller frees. */
char *source_guard_doubt(const struct job *job, const struct ledger_facts *facts);
