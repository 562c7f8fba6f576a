/* One merge rule per field; each is a maximum or a minimum of some total order, which is what makes the whole
 * commutative, associative and idempotent. An event is first lifted to the state that it alone implies
 * (state_of_event), then two states are merged (fold_merge): so there is one set of rules only.
 *
 * Fields of a generation ("g") are taken from the side with the higher generation; on equal sides they are merged. */
#include "core/fold.h"

#include <string.h>

/* ---- orders ---- */

static int compare_int(int64_t a, int64_t b)
{
  return (a > b) - (a < b);
}

/* 0 means "not yet" and never wins. */
static int64_t earlier(int64_t a, int64_t b)
{
  if (a == 0 || b == 0) return MAX(a, b);
  return MIN(a, b);
}

/* The smaller text: NULL loses. */
static const char *smaller_text(const char *a, const char *b)
{
  if (!a || !b) return a ? a : b;
  return strcmp(a, b) <= 0 ? a : b;
}

/* `added`, else `adopted`, of any claim of the generation outranks all other settlements. */
static int enrolment_class(enum settlement settlement)
{
  return settlement == SETTLEMENT_ADDED ? 2 : settlement == SETTLEMENT_ADOPTED ? 1 : 0;
}

static int compare_settlement(const struct lead_state *a, const struct lead_state *b)
{
  int order = compare_int(enrolment_class(a->settlement), enrolment_class(b->settlement));
  if (order == 0) order = compare_int(a->settlement_epoch, b->settlement_epoch);
  if (order == 0) order = compare_int(a->settlement, b->settlement);
  return order ? order : g_strcmp0(a->reason, b->reason);
}

static int compare_claim(const struct lead_state *a, const struct lead_state *b)
{
  int order = compare_int(a->epoch, b->epoch);
  if (order == 0) order = g_strcmp0(a->claim_id, b->claim_id);
  if (order == 0) order = g_strcmp0(a->campaign_id, b->campaign_id);
  return order ? order : compare_int(a->attempts, b->attempts);
}

static int compare_current(const struct lead_state *a, const struct lead_state *b)
{
  int order = compare_int(a->current_at_us, b->current_at_us);
  if (order == 0) order = g_strcmp0(a->instantly_id, b->instantly_id);
  return order ? order : g_strcmp0(a->current_campaign_id, b->current_campaign_id);
}

static int compare_removed(const struct lead_state *a, const struct lead_state *b)
{
  int order = compare_int(a->removed_at_us, b->removed_at_us);
  return order ? order : g_strcmp0(a->removed_id, b->removed_id);
}

static int compare_held(const struct lead_state *a, const struct lead_state *b)
{
  int order = compare_int(a->held_n, b->held_n);
  return order ? order : g_strcmp0(a->held_reason, b->held_reason);
}

static int compare_seen(const struct lead_state *a, const struct lead_state *b)
{
  int order = compare_int(a->last_seen_at_us, b->last_seen_at_us);
  return order ? order : g_strcmp0(a->subsequence_id, b->subsequence_id);
}

/* ---- merging two states ---- */

static void take_claim(struct lead_state *into, const struct lead_state *from)
{
  into->claim_id = from->claim_id;
  into->campaign_id = from->campaign_id;
  into->epoch = from->epoch;
  into->attempts = from->attempts;
}

static void take_settlement(struct lead_state *into, const struct lead_state *from)
{
  into->settlement = from->settlement;
  into->settlement_epoch = from->settlement_epoch;
  into->reason = from->reason;
}

static void take_current(struct lead_state *into, const struct lead_state *from)
{
  into->instantly_id = from->instantly_id;
  into->current_campaign_id = from->current_campaign_id;
  into->current_at_us = from->current_at_us;
}

static void take_removed(struct lead_state *into, const struct lead_state *from)
{
  into->removed_at_us = from->removed_at_us;
  into->removed_id = from->removed_id;
}

static void merge_same_generation(struct lead_state *into, const struct lead_state *from)
{
  if (compare_claim(from, into) > 0) take_claim(into, from);
  if (compare_settlement(from, into) > 0) take_settlement(into, from);
  if (compare_current(from, into) > 0) take_current(into, from);
  if (compare_removed(from, into) > 0) take_removed(into, from);
  into->added_at_us = earlier(into->added_at_us, from->added_at_us);
  into->finished_at_us = earlier(into->finished_at_us, from->finished_at_us);
  into->outcome = MAX(into->outcome, from->outcome);
  into->withdrawn_at_us = MAX(into->withdrawn_at_us, from->withdrawn_at_us);
}

static void take_generation(struct lead_state *into, const struct lead_state *from)
{
  into->generation = from->generation;
  take_claim(into, from);
  take_settlement(into, from);
  take_current(into, from);
  take_removed(into, from);
  into->added_at_us = from->added_at_us;
  into->finished_at_us = from->finished_at_us;
  into->outcome = from->outcome;
  into->withdrawn_at_us = from->withdrawn_at_us;
}

static void merge_for_ever(struct lead_state *into, const struct lead_state *from)
{
  into->person = smaller_text(into->person, from->person);
  into->reopened_at_us = MAX(into->reopened_at_us, from->reopened_at_us);
  into->ever_added_at_us = MAX(into->ever_added_at_us, from->ever_added_at_us);
  into->sent_at_us = earlier(into->sent_at_us, from->sent_at_us);
  into->replied_at_us = earlier(into->replied_at_us, from->replied_at_us);
  into->email_status = MAX(into->email_status, from->email_status);
  into->resolved_n = MAX(into->resolved_n, from->resolved_n);
  into->first_recorded_at_us = earlier(into->first_recorded_at_us, from->first_recorded_at_us);
  if (compare_held(from, into) > 0) {
    into->held_n = from->held_n;
    into->held_reason = from->held_reason;
  }
  if (compare_seen(from, into) > 0) {
    into->last_seen_at_us = from->last_seen_at_us;
    into->subsequence_id = from->subsequence_id;
  }
}

void fold_merge(struct lead_state *into, const struct lead_state *from)
{
  if (!into->lead_id) into->lead_id = from->lead_id;
  merge_for_ever(into, from);
  if (from->generation > into->generation)
    take_generation(into, from);
  else if (from->generation == into->generation)
    merge_same_generation(into, from);
}

/* ---- the state that one event alone implies ---- */

static const enum settlement settlements[] = {
    [EVENT_CLAIMED] = SETTLEMENT_CLAIMED,   [EVENT_ADDED] = SETTLEMENT_ADDED,
    [EVENT_ADOPTED] = SETTLEMENT_ADOPTED,   [EVENT_FOUND_ELSEWHERE] = SETTLEMENT_FOUND_ELSEWHERE,
    [EVENT_SKIPPED] = SETTLEMENT_SKIPPED,   [EVENT_REJECTED] = SETTLEMENT_REJECTED,
    [EVENT_RELEASED] = SETTLEMENT_RELEASED, [EVENT_RETRIED] = SETTLEMENT_RETRIED,
};

static void lift_settlement(struct lead_state *state, const struct lead_event *event)
{
  if ((size_t)event->kind >= G_N_ELEMENTS(settlements) || settlements[event->kind] == SETTLEMENT_NONE) return;
  state->settlement = settlements[event->kind];
  state->settlement_epoch = event->epoch;
  state->reason = event->reason;
}

static void lift_current(struct lead_state *state, const struct lead_event *event)
{
  state->instantly_id = event->instantly_id;
  state->current_campaign_id = event->campaign_id;
  state->current_at_us = event->occurred_at_us;
}

/* What a fact says about last_email_status; an automatic reply proves a sent step and nothing more. */
static const enum email_status fact_statuses[] = {
    [FACT_CONTACTED] = EMAIL_STATUS_SENT,
    [FACT_OPENED] = EMAIL_STATUS_OPENED,
    [FACT_CLICKED] = EMAIL_STATUS_CLICKED,
    [FACT_REPLIED] = EMAIL_STATUS_REPLIED,
    [FACT_AUTO_REPLIED] = EMAIL_STATUS_SENT,
    [FACT_BOUNCED] = EMAIL_STATUS_BOUNCED,
    [FACT_UNSUBSCRIBED] = EMAIL_STATUS_UNSUBSCRIBED,
};

static void lift_status(struct lead_state *state, const struct lead_event *event)
{
  enum email_status status =
      (size_t)event->fact < G_N_ELEMENTS(fact_statuses) ? fact_statuses[event->fact] : EMAIL_STATUS_NONE;
  state->email_status = status;
  /* Whoever was block-listed counts as unsubscribed without ever having been mailed. */
  if (status != EMAIL_STATUS_NONE && status != EMAIL_STATUS_UNSUBSCRIBED) state->sent_at_us = event->occurred_at_us;
  if (event->fact == FACT_REPLIED) state->replied_at_us = event->occurred_at_us;
}

static void lift_enrolment(struct lead_state *state, const struct lead_event *event)
{
  lift_current(state, event);
  state->added_at_us = event->occurred_at_us;
  state->ever_added_at_us = event->occurred_at_us;
}

static void lift_claimed(struct lead_state *state, const struct lead_event *event)
{
  state->claim_id = event->claim_id;
  state->campaign_id = event->campaign_id;
  state->epoch = event->epoch;
  state->attempts = event->attempt;
}

static void lift_kind(struct lead_state *state, const struct lead_event *event)
{
  switch (event->kind) {
  case EVENT_CLAIMED: lift_claimed(state, event); break;
  case EVENT_ADDED:
  case EVENT_ADOPTED: lift_enrolment(state, event); break;
  case EVENT_MOVED: lift_current(state, event); break;
  case EVENT_REOPENED: /* its campaign holds until the first claim of the generation: epoch 0 loses to every claim */
    state->reopened_at_us = event->occurred_at_us;
    state->campaign_id = event->campaign_id;
    break;
  case EVENT_STATUS: lift_status(state, event); break;
  case EVENT_FINISHED:
    state->finished_at_us = event->occurred_at_us;
    state->outcome = outcome_from_name(event->reason);
    if (state->outcome == OUTCOME_STOPPED) state->outcome = OUTCOME_NONE; /* the lowest rank */
    break;
  case EVENT_REMOVED:
    state->removed_at_us = event->occurred_at_us;
    state->removed_id = event->instantly_id;
    break;
  case EVENT_WITHDRAWN: state->withdrawn_at_us = event->occurred_at_us; break;
  case EVENT_HELD:
    state->held_n = event->attempt;
    state->held_reason = event->reason;
    break;
  case EVENT_RESOLVED: state->resolved_n = event->attempt; break;
  default: /* the others are history */ break;
  }
}

void fold_event(struct lead_state *state, const struct lead_event *event)
{
  if (!event->lead_id) return;
  struct lead_state implied = {
      .lead_id = event->lead_id,
      .person = event->person,
      .generation = MAX(event->generation, 1),
      .first_recorded_at_us = event->recorded_at_us,
  };
  lift_settlement(&implied, event);
  lift_kind(&implied, event);
  fold_merge(state, &implied);
}

/* ---- what a state means ---- */

static const enum phase settlement_phases[] = {
    [SETTLEMENT_NONE] = PHASE_NONE,         [SETTLEMENT_CLAIMED] = PHASE_CLAIMED,
    [SETTLEMENT_RELEASED] = PHASE_RELEASED, [SETTLEMENT_SKIPPED] = PHASE_SKIPPED,
    [SETTLEMENT_REJECTED] = PHASE_REJECTED, [SETTLEMENT_FOUND_ELSEWHERE] = PHASE_FOUND_ELSEWHERE,
    [SETTLEMENT_RETRIED] = PHASE_RETRIED,   [SETTLEMENT_ADOPTED] = PHASE_ADOPTED,
    [SETTLEMENT_ADDED] = PHASE_ADDED,
};

bool state_is_in_subsequence(const struct lead_state *state)
{
  return state->subsequence_id && state->last_seen_at_us >= state->current_at_us;
}

enum phase state_phase(const struct lead_state *state)
{
  if (state_is_removed(state)) return PHASE_REMOVED;
  if (state->withdrawn_at_us) return PHASE_WITHDRAWN;
  if (state->finished_at_us) return PHASE_FINISHED;
  if (state_is_in_subsequence(state) && state_is_enrolled(state)) return PHASE_IN_SUBSEQUENCE;
  return settlement_phases[state->settlement];
}

bool state_is_enrolled(const struct lead_state *state)
{
  return enrolment_class(state->settlement) > 0 && !state->withdrawn_at_us;
}

bool state_is_removed(const struct lead_state *state)
{
  return state->removed_at_us && g_strcmp0(state->removed_id, state->instantly_id) == 0;
}

bool state_may_reset(const struct lead_state *state)
{
  if (state->withdrawn_at_us) return true;
  return state->generation > 1 && (state_is_enrolled(state) || state->settlement == SETTLEMENT_NONE);
}

bool state_is_held(const struct lead_state *state)
{
  return state->held_n > state->resolved_n;
}

bool state_has_answered(const struct lead_state *state)
{
  return state->replied_at_us > state->reopened_at_us;
}

enum outcome state_action_outcome(const struct lead_state *state)
{
  return state_has_answered(state) && state->outcome > OUTCOME_REMOVED_BY_HAND ? OUTCOME_REPLIED : state->outcome;
}

enum outcome state_ended_as(const struct lead_state *state)
{
  return state->finished_at_us && state->outcome == OUTCOME_NONE ? OUTCOME_STOPPED : state->outcome;
}

/* Is nothing more to be done in Instantly for an enrolment that is over? */
static bool is_confirmed(const struct lead_state *state, const struct completion_policy *policy, bool is_configured)
{
  if (state_is_removed(state) || state->outcome == OUTCOME_REMOVED_BY_HAND) return true;
  if (state->settlement == SETTLEMENT_ADOPTED && !policy->include_adopted) return true;
  return policy->is_kept[state_action_outcome(state)] || !is_configured;
}

struct user_columns state_columns(const struct lead_state *state, const struct completion_policy *policy,
                                  bool is_configured)
{
  struct user_columns columns = {
      .last_email_status = state->email_status,
      .cold_email_sent = state->sent_at_us != 0,
  };
  if (!state_is_enrolled(state)) return columns;
  columns.added_to_instantly = true;
  columns.added_at_us = state->added_at_us;
  /* A stopped person's live row is removed before its sequence ended by itself: that is its end. */
  int64_t over_at_us = state->finished_at_us;
  if (!over_at_us && state_is_removed(state)) over_at_us = state->removed_at_us;
  if (over_at_us && is_confirmed(state, policy, is_configured)) {
    columns.sequence_completed = true;
    columns.sequence_completed_at_us = over_at_us;
  }
  return columns;
}
