#pragma once
/* Export: leads go out, each exactly once. export_run() is the story, numbered like the design:
 *
 * 0. where runs cost something: is everything as it was when the last one had nothing to do? Then it ends here (gate.h)
 * 1. take the lease; fold; settle what an earlier crash left; stop if the source lost most of its rows
 * (core/source_guard.h); take up source.exclude (core/exclusion.h); refresh the stops when they are older than a day
 * 2. read each target campaign: status, steps and their merge tags, plan quota; a campaign that holds rows of ours
 * which the ledger does not know ends the run, or rebuilds the ledger first (core/export_guard.h)
 * 3. claim: one statement decides every source row and appends `claimed`
 * 4. per campaign, in batches: lease still ours, no hold, no fresh stop; append `sending`; POST leads/add
 * 5. read the answer row by row; one settling event per lead
 * 6. settle unknown answers together; fold; write back; write the run; release the lease */
#include "core/exclusion.h"
#include "core/gone.h"
#include "core/source_opt_out.h"
#include "core/stop_enforce.h"

/* What an export did or, planned, would do. */
struct export_report {
  struct claim_report claim;
  GArray *feeds;       /* struct feed_report, one per configured campaign */
  int64_t recovered_n; /* claims of earlier runs that were settled first */
  int64_t added_n, refused_n, released_n, unknown_n, held_n;
  int64_t plan_room; /* contacts that may still be added to the plan, after the reserve; -1: unknown */
  int64_t written_back_n;
  int64_t rebuilt_n;                 /* rows that --bootstrap brought home */
  struct exclusion_report exclusion; /* of source.exclude */
  struct gone_report gone;           /* of source.gone */
  struct stop_report stops;          /* rows of persons who were stopped meanwhile, or by what this run read */
  struct opt_out_report opt_outs;    /* of source.opt_out */
  bool has_read_stops;               /* by this run */
  int64_t stops_read_at_us;          /* when the workspace's stops were read last, by the ledger's clock */
  int64_t unchanged_since_us;        /* the change gate was shut: nothing was asked or done; 0: it was open */
  bool is_temporary;                 /* something was not sent because nobody answered */
  bool is_held_back;                 /* `hold on` kept claims from going out */
  bool is_in_escrow;                 /* a campaign stays paused: list and ledger do not agree yet */
  enum exit_code exit_code;
};

/* The verdict of an export that the change gate kept from running. */
#define EXPORT_UNCHANGED "unchanged"

/* How one campaign stood. */
struct feed_report {
  char *campaign_id;
  char *name;
  int64_t status;
  char *refusal;       /* NULL when it is fed */
  bool is_alarming;    /* the refusal needs a person */
  bool is_escrow;      /* configured: paused while it is filled */
  bool is_own_pause;   /* our escrow has paused it */
  bool feeds_paused;   /* configured: a pause of somebody's is fed as it is */
  bool is_woken;       /* completed: will be activated once leads were added */
  bool has_new;        /* leads were added by this run */
  bool is_left_asleep; /* completed when leads were added, and then in a state that is not ours to change */
  int64_t room;
  enum verdict room_verdict;
  GArray *variables; /* struct variable_report */
  GArray *required;  /* struct required_variable, borrowing from variables */
};

/* A merge tag of the campaign's steps and where it comes from. */
struct variable_report {
  char *tag;
  char *source; /* NULL: none */
  bool is_column;
  bool has_fallback;
};

/* Makes an empty report. */
void export_report_init(struct export_report *report);
/* Frees what it holds; may be called twice. */
void export_report_clear(struct export_report *report);

/* Runs a whole export under the job's lease. */
bool export_run(struct job *job, struct export_report *report, GError **error);

/* The stops of step 1 and steps 2 and 3, without the lease, over a ledger opened for reading, so that nothing is
 * written: the heart of `plan`. */
bool export_plan(struct job *job, struct export_report *report, GError **error);
