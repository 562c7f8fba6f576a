#pragma once
/* The frame around every story: lease, run row, fold at the start; fold, write-back and run row at the end. */
#include "core/ports.h"

/* Fills a job for `name` (run id from clock and randomness). Strings and ports are borrowed from the arguments. */
void job_init(struct job *job, const struct settings *settings, struct ledger *ledger, struct instantly *instantly,
              const struct clock *clock);
/* Frees what it holds; may be called twice. */
void job_clear(struct job *job);

/* Takes the lease `name`, writes the start row, folds. */
bool job_begin(struct job *job, const char *name, GError **error);

/* How a run ended. */
struct run_ending {
  enum exit_code exit_code;
  const GError *failure; /* why it failed as a whole, or NULL */
};

/* Writes the end row with the verdict that the exit code stands for, for a run that failed one row of pipeline_errors,
 * and gives the lease back. Called once for each job_begin, also after failures; never fails the job: a failed write is
 * logged. */
void job_end(struct job *job, const struct run_record *run, const struct run_ending *ending);

/* The type of the error row that a failed run writes; NULL for a failure that is none, such as a signal. */
const char *run_error_type(const GError *failure);

/* The verdict word of an exit code: ok, partial, temporary, failed, locked, safety, auth, ... */
const char *run_verdict(enum exit_code exit_code);
