#pragma once
/* A stop of an operator has no other trace than its row: whoever deletes rows of the table of stops, or the table, sets
 * free whom they stopped. Nothing of ours deletes any, so each job notes at its end how many stand there, and the next
 * one compares: an export that misses some is a safety stop, a sync says so, the brakes and `complete` work on. */
#include "core/ports.h"

/* An error (ERROR_UNSAFE) where rows are missing whose number was not given with --allow-lost-stops; given, they are
 * forgotten, but for a dry run. Before anybody is claimed. */
bool stop_guard_check(struct job *job, GError **error);

/* Says it, in an error row, and goes on; *lost_n rows are missing. */
bool stop_guard_report(struct job *job, int64_t *lost_n, GError **error);

/* At the end of a job, whatever came of it. */
void stop_guard_note(struct job *job);
