#pragma once
/* Complete: enrolments that are over leave Instantly, and only what Instantly confirmed gone is recorded as removed.
 *
 * 1. what is due: ours, finished, out of its outcome's grace; safety stops (not armed, old or unfinished full scan,
 * empty source, more than the campaign's analytics can explain, mass removal)
 * 2. read each again by id; compare campaign, address, stamp, terminal state; out of the subsequence where the outcome
 *    says cut_subsequence
 * 3. per outcome: delete by ids, move to a list, or keep; `remove_claimed` before, `removed` after it was read as gone
 * by id and by address in that campaign
 * 4. fold, write back */
#include "core/stop_enforce.h"

struct complete_report {
  int64_t due_n, removed_n, kept_n, deferred_n, changed_n; /* changed: no longer as the ledger thought; left alone */
  int64_t planned_n;
  struct stop_report stops;
  GArray *counts; /* struct removal_count */
  char *safety;   /* why nothing was removed, or NULL */
  enum exit_code exit_code;
};

/* Makes an empty report. */
void complete_report_init(struct complete_report *report);
/* Frees what it holds; may be called twice. */
void complete_report_clear(struct complete_report *report);

/* Runs a whole completion under the job's lease. With job->is_dry_run it plans and writes nothing. */
bool complete_run(struct job *job, struct complete_report *report, GError **error);

/* Step 1's reads alone, for `plan`: counts and safety, nothing written, no lease. */
bool complete_plan(struct job *job, struct complete_report *report, GError **error);

/* Due dates from the configuration: grace by outcome, INT64_MAX where the action is keep. */
void removal_query_init(struct removal_query *query, const struct complete_settings *settings, int64_t now_us);

/* What to do with one candidate after its row was read again. */
enum removal_verdict {
  REMOVE_NOW,
  REMOVE_CUT_FIRST, /* in a running subsequence and cut_subsequence is on: take it out, then remove */
  REMOVE_GONE,      /* not there any more: record what we saw, delete nothing */
  REMOVE_CUT_ONLY,  /* of a stopped person: out of its subsequence, and it stays */
  REMOVE_TO_LIST,   /* of a stopped person: it holds an answer and is still mailed; it is kept in the list of stops */
  REMOVE_NOT,       /* differs from what the ledger thought: report, leave alone */
};

struct removal_input {
  const struct removal *removal;
  const struct remote_lead *row; /* NULL: absent by id */
  const struct outcome_settings *settings;
  bool is_configured_campaign;
  bool is_blocklisted;  /* unsubscribed: the block-list entry is confirmed */
  bool is_absence_sure; /* of a stopped person: looked for as often and as late as settle asks */
  bool has_stop_list;   /* stops.list is set */
  bool stops_on_reply; /* so does the campaign: a row that it mails on was answered by a machine, if anything unclear */
};

struct removal_decision {
  enum removal_verdict verdict;
  const char *reason; /* constant word for REMOVE_NOT */
};

/* Pure: the table of semantics, removal. */
struct removal_decision removal_decide(const struct removal_input *input);

/* Pure, for a row of a stopped person: a live one goes at once, from whatever campaign it is in, held or not. One that
 * holds an answer is never deleted: it leaves its subsequence where something else than an answer stopped the person,
 * and one that is mailed in spite of its answer goes to the list of stops, else it is `answered_still_mailed`. */
struct removal_decision removal_of_stopped_decide(const struct removal_input *input);

/* The safety stop of one campaign: may `planned` removals of this outcome be right, given its analytics? */
bool removal_is_plausible(enum outcome outcome, int64_t planned, const struct campaign_metric *analytics);
