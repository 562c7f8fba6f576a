#pragma once
/* Prints what the jobs report. Text goes to standard output at once, JSON into a string; nothing here decides anything.
 */
#include "cli/command.h"
#include "core/complete.h"
#include "core/export.h"
#include "core/settle.h"
#include "core/sync.h"

/* What every job's report says first. */
struct job_head {
  const char *job;
  const char *run_id; /* NULL in a dry run */
  enum exit_code exit_code;
  const char *verdict; /* NULL: what the exit code stands for */
  bool is_dry_run;
  const char *events; /* the run's counts by kind and reason as a JSON object, or NULL */
  const char *error;  /* why it ended early, or NULL */
};

/* How many running leads stops hit that no person made itself, and what is to be done if they wait. */
void print_stop_hits(const struct stop_hits *hits);
void json_stop_hits(GString *out, const struct stop_hits *hits); /* see print_stop_hits */

/* What a recovery did. */
struct recovery {
  struct settle_tally tally;
  struct stop_report stops;
};

/* One report each: as text, and as members of a JSON object that is open. */
void print_export(const struct cli *cli, const struct job_head *head, const struct export_report *report);
void json_export(GString *out, const struct job_head *head, const struct export_report *report); /* see above */
void print_sync(const struct job_head *head, const struct sync_report *report);                  /* see above */
void json_sync(GString *out, const struct job_head *head, const struct sync_report *report);     /* see above */
void print_complete(const struct cli *cli, const struct job_head *head,
                    const struct complete_report *report);                                           /* see above */
void json_complete(GString *out, const struct job_head *head, const struct complete_report *report); /* see above */
void print_recover(const struct job_head *head, const struct recovery *recovery);                    /* see above */
void json_recover(GString *out, const struct job_head *head, const struct recovery *recovery);       /* see above */
