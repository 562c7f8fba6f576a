/* The pure half of complete: what is due, what may be done with one row, and what cannot be right. */
#include <string.h>

#include "core/complete.h"
#include "core/settle.h"
#include "core/sync.h"

void removal_query_init(struct removal_query *query, const struct complete_settings *settings, int64_t now_us)
{
  *query = (struct removal_query){.now_us = now_us, .include_adopted = settings->include_adopted};
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++) {
    const struct outcome_settings *outcome = &settings->outcomes[i];
    bool is_kept = outcome->action == REMOVAL_KEEP || i == OUTCOME_NONE || i == OUTCOME_REMOVED_BY_HAND;
    query->grace_us[i] = is_kept ? INT64_MAX : outcome->grace_days * DAY_US;
  }
}

static struct removal_decision not_now(const char *reason)
{
  return (struct removal_decision){.verdict = REMOVE_NOT, .reason = reason};
}

/* The row must still be what the ledger thinks it is. A foreign stamp means that somebody else put this row there. */
static const char *difference(const struct removal_input *input)
{
  const struct remote_lead *row = input->row;
  const struct removal *removal = input->removal;
  if (!input->is_configured_campaign) return "campaign_not_configured";
  if (g_strcmp0(row->campaign_id, removal->campaign_id) != 0) return "moved";
  if (g_strcmp0(row->person, removal->person) != 0) return "other_address";
  if (!removal->is_adopted && !remote_stamp_matches(row, removal->generation, removal->claim_id)) return "other_stamp";
  return NULL;
}

/* Terminal now, and in the way the ledger says? A reply that came since turns "no reply" into "replied". */
static const char *state_difference(const struct removal_input *input)
{
  struct remote_lead main_row = *input->row;
  if (input->settings->cut_subsequence) main_row.subsequence_id = NULL;
  if (input->row->status == REMOTE_PAUSED) return "paused";
  enum outcome outcome = remote_outcome(&main_row);
  if (outcome == OUTCOME_NONE) return input->row->subsequence_id != NULL ? "in_subsequence" : "not_finished";
  if (outcome != input->removal->outcome) return "outcome_changed";
  return NULL;
}

struct removal_decision removal_decide(const struct removal_input *input)
{
  if (input->settings->action == REMOVAL_KEEP) return not_now("kept");
  if (input->row == NULL) return (struct removal_decision){.verdict = REMOVE_GONE};
  const char *reason = difference(input);
  if (reason == NULL) reason = state_difference(input);
  if (reason == NULL && input->removal->action_outcome != OUTCOME_REPLIED &&
      input->removal->action_outcome != OUTCOME_INTEREST && remote_has_real_reply(input->row))
    reason = "answered"; /* in this generation, when the ledger's first answer is of an earlier one */
  if (reason == NULL && input->removal->outcome == OUTCOME_UNSUBSCRIBED && !input->is_blocklisted)
    reason = "not_block_listed_yet";
  if (reason != NULL) return not_now(reason);
  bool is_cut = input->row->subsequence_id != NULL && input->settings->cut_subsequence;
  return (struct removal_decision){.verdict = is_cut ? REMOVE_CUT_FIRST : REMOVE_NOW};
}

/* The row must be the one that we added, wherever it is now. */
static const char *stopped_difference(const struct removal_input *input)
{
  const struct remote_lead *row = input->row;
  const struct removal *removal = input->removal;
  if (g_strcmp0(row->person, removal->person) != 0) return "other_address";
  if (!removal->is_adopted && !remote_stamp_matches(row, removal->generation, removal->claim_id)) return "other_stamp";
  return row->campaign_id == NULL || !remote_is_live(row) ? "not_live" : NULL;
}

/* Live and answered. Interest counts: a person who wrote or called may have had it set by hand. */
static struct removal_decision answered_decide(const struct removal_input *input)
{
  const struct remote_lead *row = input->row;
  bool is_taken_for_automatic = input->stops_on_reply && remote_reply_is_unclear(row);
  if (row->status == REMOTE_ACTIVE && !is_taken_for_automatic)
    return input->has_stop_list ? (struct removal_decision){.verdict = REMOVE_TO_LIST}
                                : not_now("answered_still_mailed");
  bool is_cut = row->subsequence_id != NULL && input->removal->cuts_answered;
  return is_cut ? (struct removal_decision){.verdict = REMOVE_CUT_ONLY} : not_now("answered");
}

struct removal_decision removal_of_stopped_decide(const struct removal_input *input)
{
  bool is_absence_sure = input->removal->was_seen || input->is_absence_sure;
  if (input->row == NULL && !is_absence_sure) return not_now("not_seen_yet");
  if (input->row == NULL) return (struct removal_decision){.verdict = REMOVE_GONE};
  const char *reason = stopped_difference(input);
  if (reason != NULL) return not_now(reason);
  bool is_answered = remote_has_real_reply(input->row) || (input->row->has_interest && input->row->interest > 0);
  if (is_answered) return answered_decide(input);
  return (struct removal_decision){.verdict = input->row->subsequence_id != NULL ? REMOVE_CUT_FIRST : REMOVE_NOW};
}

bool removal_is_plausible(enum outcome outcome, int64_t planned, const struct campaign_metric *analytics)
{
  if (analytics == NULL) return planned == 0; /* nothing sent yet, says Instantly: then nothing can be over */
  switch (outcome) {
  case OUTCOME_NO_REPLY: return planned <= analytics->completed;
  case OUTCOME_BOUNCED: return planned <= analytics->bounced;
  case OUTCOME_UNSUBSCRIBED: return planned <= analytics->unsubscribed;
  default: return true;
  }
}
