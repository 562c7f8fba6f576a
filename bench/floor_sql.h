#pragma once
/* The SQL of a run, timed alone: the calls that core/export.c and core/sync.c make of the ledger, in the same order and
 * sizes, with answers made up (export) or read beforehand (sync). Only the time inside the ledger counts; what happens
 * between its calls is the product's work and not the floor's.
 *
 * sql_run holds the open warehouse; SQL_TIMED(run, step, call) evaluates the call and books its time under the step. */
#include "core/job.h"

enum sql_step {
  SQL_FRAME, /* lease, run rows, facts, counts, holds */
  SQL_CLAIM,
  SQL_READ, /* claims_read, stops_check, watched */
  SQL_APPEND,
  SQL_STAGE, /* stage, stage_begin */
  SQL_FACTS, /* stage_stops, stage_facts, suppress */
  SQL_FOLD,
  SQL_WRITE_BACK,
  SQL_STEPS_N
};

struct sql_run {
  const struct settings *settings;
  struct ledger *ledger;
  const struct ledger_ops *ops;
  struct job job;
  double started_s, started_cpu_s;
  double seconds[SQL_STEPS_N];
  double cpu_s; /* of all steps */
  int64_t leads_n;
};

/* Starts and ends the time of one call; sql_end returns what it was given. */
void sql_begin(struct sql_run *run);
bool sql_end(struct sql_run *run, enum sql_step step, bool is_ok); /* see sql_begin */

#define SQL_TIMED(run, step, call) (sql_begin(run), sql_end((run), (step), (call)))

/* What an export asks of the ledger: claim, and per window claims_read, stops_check, sending, added; then fold and
 * write-back. */
bool sql_export(struct sql_run *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a sync with a full scan asks of it; the rows are read from Instantly first. */
bool sql_sync(struct sql_run *run, struct instantly *instantly, GError **error) G_GNUC_WARN_UNUSED_RESULT;
