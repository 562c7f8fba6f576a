#pragma once
/* A stopped person has no live row of ours in Instantly: a state that holds at the end of every sync, export, recover
 * and complete, in any campaign, configured or not, held or not, whatever sync.push_stops says.
 *
 * 1. claims of such persons that nobody settled: Instantly is asked, also about held ones, for their rows may be live
 * 2. lasting stops go to the block list first (core/sync_enforce.h), also under the very address of a row that the list
 *    would let pass
 * 3. our rows leave: read again in the same run, compared, moved or deleted by id, recorded as finished(stopped) and
 *    removed once they are gone. A row that holds an answer is never deleted (removal_of_stopped_decide())
 * Rows that other people put there are counted and named, not touched.
 *
 * Removing needs the lease of `complete`, taken beside that of the job; where another process holds it, the rest waits
 * for the next job. complete.armed, max_removals, graces and the age of the scan play no part: somebody said stop. */
#include "core/stop_hits.h"

/* What became of the rows of stopped persons. */
struct stop_report {
  int64_t removed_n;      /* taken out */
  int64_t cut_n;          /* answered: out of their subsequences alone */
  int64_t left_n;         /* not live, or not the row that we added */
  int64_t deferred_n;     /* still there: another process is removing, or Instantly shows them in spite of all */
  struct stop_hits hits;  /* running leads that stops nobody made itself hit: they may have to wait */
  int64_t still_mailed_n; /* answered, and Instantly mails them all the same */
};

/* Makes the state true. Called after what the job found out was folded; folds what it adds. */
bool stop_enforce(struct job *job, struct stop_report *report, GError **error);

/* The same where a run ends early by a failure of its own: what makes it claim nobody (a source that shrank, a flag
 * that nobody understands, a ledger or a list that cannot be trusted) is no reason to let a stopped person be mailed
 * on. Where Instantly or the ledger cannot be reached there is nothing to try. The failure stays, and says what was
 * done. */
void stop_enforce_anyway(struct job *job, struct stop_report *report, GError **failure);

/* Something that a person should look at? */
bool stop_needs_look(const struct stop_report *report);
