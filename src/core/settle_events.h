#pragma once
/* Events of settling, gathered and appended together, with their error rows. Used by settle*.c alone.
 *
 * settle_log_init, then settle_event / settle_error per lead, then settle_log_append (durable, then empty again). */
#include "core/settle.h"

struct settle_log {
  struct job *job;
  struct settle_tally *tally;
  GArray *events;       /* struct lead_event */
  GArray *errors;       /* struct error_row */
  GArray *suppressions; /* struct suppression */
  GStringChunk *text;
};

/* Makes an empty log of this job, counting into tally; both are borrowed. */
void settle_log_init(struct settle_log *log, struct job *job, struct settle_tally *tally);
/* Frees it; may be called twice. */
void settle_log_clear(struct settle_log *log);

/* Adds an event of this kind for a claim and returns it for completion; reason is copied. */
struct lead_event *settle_event(struct settle_log *log, const struct claim *claim, enum event_kind kind,
                                const char *reason);

/* Adds the event that a finding stands for (added, adopted, found_elsewhere) and counts it. Not for FOUND_NOWHERE. */
void settle_found(struct settle_log *log, const struct claim *claim, const struct settle_finding *finding);

/* Releases a claim for a reason, holds the lead when its tries are used up, and writes the error row of a failed try.
 */
void settle_release(struct settle_log *log, const struct claim *claim, const char *reason);

/* A final refusal by Instantly or by a rule of ours: skipped or rejected, with the reason. */
void settle_refuse(struct settle_log *log, const struct claim *claim, enum event_kind kind, const char *reason);

/* Refuses, of claims that Instantly says its block list refused, those that the list has (it may be read for that), and
 * takes them out of claims. The others were refused for no reason that anybody can see. */
bool settle_refuse_listed(struct settle_log *log, GPtrArray *claims, GError **error);

/* Adds an error row for a claim. */
void settle_error(struct settle_log *log, const struct claim *claim, const char *type, const char *message);

/* Appends stops first, then events, then error rows; empties the log. */
bool settle_log_append(struct settle_log *log, GError **error);

/* Asks for the claims of a page (at most 100) by address, in their campaigns' and the whole workspace, and puts one
 * finding per claim into findings (struct settle_finding, rows borrowed from pages). */
struct settle_question {
  const struct claim *const *claims;
  size_t claims_n;
  struct page found; /* rows of struct remote_lead, all of the workspace */
};
/* Asks; see struct settle_question. found is initialised here and the caller's to clear. */
bool settle_ask(struct job *job, struct settle_question *question, GError **error);

/* The finding for one claim of an asked question. */
struct settle_finding settle_answer_for(const struct settle_question *question, const struct claim *claim);
