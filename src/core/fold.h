#pragma once
/* The fold: what the events of one lead add up to. Commutative, associative, idempotent; a property test permutes,
 * duplicates and splits sets of events. SQL compiles the same merge, field by field.
 *
 * Start from a zeroed state with lead_id set and apply events in any order; strings are borrowed from the events. */
#include "core/lead.h"

/* Merges one event into the state. Events without a lead_id (sending) change nothing. */
void fold_event(struct lead_state *state, const struct lead_event *event);

/* Merges two states of the same lead (the halves of a split set of events). */
void fold_merge(struct lead_state *into, const struct lead_state *from);

/* Derived: removed, withdrawn, finished, in_subsequence, else the settlement. */
enum phase state_phase(const struct lead_state *state);

/* Is the lead enrolled in its current generation (added or adopted, not withdrawn)? The user's added_to_instantly. */
bool state_is_enrolled(const struct lead_state *state);

/* Was the row that the lead has now seen in a subsequence? What a scan showed before that row came is of another one.
 */
bool state_is_in_subsequence(const struct lead_state *state);
/* Did the person answer in this generation? What was answered before `release` says nothing about the row of today. */
bool state_has_answered(const struct lead_state *state);

/* The outcome whose configured action and grace apply: whoever answered is treated as one who answered, even when an
 * unsubscribe or a bounce outranks the reply as the enrolment's outcome. */
enum outcome state_action_outcome(const struct lead_state *state);

/* The outcome as people read it: stopped, where the enrolment is over by nothing else; NONE while it goes on. */
enum outcome state_ended_as(const struct lead_state *state);

/* Is the enrolment still in Instantly as far as we know? */
bool state_is_removed(const struct lead_state *state);

/* May write-back take values of the user's columns away? After `withdraw`, after `release`, and once a lead is enrolled
 * anew: what a cooldown let through keeps its columns until then. */
bool state_may_reset(const struct lead_state *state);

/* Waiting for `errors resolve`? */
bool state_is_held(const struct lead_state *state);

/* The user's columns as this state has them (added_to_instantly, added_date, ...). */
struct user_columns {
  bool added_to_instantly;
  int64_t added_at_us;
  bool sequence_completed;
  int64_t sequence_completed_at_us;
  enum email_status last_email_status;
  bool cold_email_sent;
};

/* How complete's configuration decides `sequence_completed`: confirmed when the outcome's action is keep, the lead was
 * adopted without include_adopted, it sits in a campaign that is not configured, or it was removed. */
struct completion_policy {
  bool is_kept[8]; /* by enum outcome: action keep */
  bool include_adopted;
};

/* Maps a state to the user's columns. is_configured: its current campaign is one of the configured. */
struct user_columns state_columns(const struct lead_state *state, const struct completion_policy *policy,
                                  bool is_configured);
