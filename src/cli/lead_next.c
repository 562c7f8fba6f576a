#include "cli/lead_next.h"

#include "core/fold.h"

#include <string.h>

static const char *const advice[VERDICTS_N] = {
    [VERDICT_ELIGIBLE] = "it may be mailed",
    [VERDICT_ADDRESS_MISSING] = "the row has no e-mail address; correct it in the source",
    [VERDICT_ADDRESS_INVALID] = "what stands in the row is no e-mail address; correct it in the source",
    [VERDICT_ADDRESS_NOT_ASCII] = "the address has letters before the @ that mail servers do not take",
    [VERDICT_LEAD_ID_REUSED] = "its lead_id belonged to another person before; give it a new one",
    [VERDICT_ALREADY_ADDED] = "it is enrolled already",
    [VERDICT_CONTACTED_BEFORE_US] = "the source says that the person was contacted before leadferry came",
    [VERDICT_SUPPRESSED] = "the person or the domain must not be mailed",
    [VERDICT_EXCLUDED] =
        "a row of the table `source.exclude` names it or its domain; it may be mailed once that row is gone",
    [VERDICT_HELD] =
        "a lead of the person is held and waits for somebody to decide; `leadferry retry --lead-id` lets it go",
    [VERDICT_UNSETTLED] = "a claim of the person is still open; `leadferry recover` settles it",
    [VERDICT_CONTACTED] = "the person was enrolled before, by this or another lead, and nobody is mailed twice",
    [VERDICT_SETTLED] = "Instantly refused it; `leadferry retry --lead-id` makes it eligible again",
    [VERDICT_NO_CAMPAIGN] = "the row names no campaign and `export.default_campaign` is not set",
    [VERDICT_UNKNOWN_CAMPAIGN] = "its campaign is not configured; add it under `campaigns:`",
    [VERDICT_CAMPAIGN_NOT_FED] = "its campaign must not be fed in its present state",
    [VERDICT_MISSING_VARIABLE] =
        "a merge tag of the campaign's steps would be empty; fill the value or give the tag a fallback",
    [VERDICT_DUPLICATE_OF] = "another row of the same person goes first",
    [VERDICT_DEFERRED_MAX_PER_RUN] = "`export.max_per_run` is reached; the next run takes it up",
    [VERDICT_DEFERRED_MAX_PER_DAY] = "`export.max_per_day` of the campaign is reached; tomorrow's run takes it up",
    [VERDICT_DEFERRED_PLAN_FULL] = "the plan takes no more contacts",
    [VERDICT_STILL_IN_INSTANTLY] = ("its cooldown is over, and a row of the person is still in Instantly; `leadferry "
                                    "complete` takes out what is due"),
    [VERDICT_DEFERRED_CANARY] = "the campaign's first leads go out first; once one was mailed the others follow",
};

const char *verdict_advice(enum verdict verdict)
{
  return (unsigned)verdict < VERDICTS_N ? advice[verdict] : "";
}

static void say(struct lead_next *next, const char *word, char *text_take)
{
  next->word = word;
  next->text = text_take;
}

static const char *action_words(enum removal_action action)
{
  return action == REMOVAL_MOVE ? "moves it to its list" : "deletes it from Instantly";
}

/* The sequence is over and the row is still in Instantly. */
static void next_after_the_end(const struct next_input *input, struct lead_next *next)
{
  const struct lead_state *state = &input->row->state;
  const struct complete_settings *complete = &input->settings->complete;
  enum outcome decides = state_action_outcome(state);
  const struct outcome_settings *outcome = &complete->outcomes[decides];
  const char *name = outcome_name(decides);
  if (state->outcome == OUTCOME_REMOVED_BY_HAND) {
    say(next, "done", g_strdup("Somebody removed it from Instantly by hand. It is never sent again."));
    return;
  }
  if (state->settlement == SETTLEMENT_ADOPTED && !complete->include_adopted) {
    say(next, "keep", g_strdup("It stays in Instantly: somebody else put it there (complete.include_adopted is off)."));
    return;
  }
  if (outcome->action == REMOVAL_KEEP) {
    say(next, "keep", g_strdup_printf("It stays in Instantly: complete.outcomes.%s says keep.", name));
    return;
  }
  int64_t due_us = state->finished_at_us + outcome->grace_days * DAY_US;
  g_autofree char *due = time_format_us(due_us - due_us % SECOND_US);
  const char *armed = complete->armed ? "" : " Until complete.armed is true it only lists it.";
  next->at_us = due_us > input->now_us ? due_us : 0;
  if (next->at_us) {
    say(next, "remove",
        g_strdup_printf("The first `leadferry complete` after %s %s: %s, grace of %d days.%s", due,
                        action_words(outcome->action), name, (int)outcome->grace_days, armed));
  } else {
    say(next, "remove",
        g_strdup_printf("The next `leadferry complete` %s: %s, its grace of %d days is over.%s",
                        action_words(outcome->action), name, (int)outcome->grace_days, armed));
  }
}

/* Stopped, and Instantly still has a row that may be mailed: every job takes it out. What Instantly's own list holds is
 * not mailed, and foreign rows are not ours to touch. */
static void next_of_stopped(const struct next_input *input, struct lead_next *next)
{
  const struct settings *settings = input->settings;
  const char *campaign = input->campaign ? input->campaign : "Instantly";
  bool is_moved = settings->stops.list && settings->stops.action == REMOVAL_MOVE;
  bool is_foreign = input->row->state.settlement == SETTLEMENT_ADOPTED && !settings->complete.include_adopted;
  if (strcmp(input->stop, "blocklisted") == 0)
    say(next, "wait",
        g_strdup_printf("The person is on Instantly's block list and is not mailed; the row stays in %s.", campaign));
  else if (is_foreign)
    say(next, "keep",
        g_strdup_printf("The person is stopped (%s), and somebody else put the row into %s: it is reported and not "
                        "touched (complete.include_adopted is off).",
                        input->stop, campaign));
  else
    say(next, "stop",
        g_strdup_printf(
            "The person is stopped (%s): the next `leadferry sync` (or export, recover, complete) %s our row "
            "in %s; one that holds an answer is kept.",
            input->stop, is_moved ? "moves to stops.list" : "deletes", campaign));
}

static void next_enrolled(const struct next_input *input, struct lead_next *next)
{
  bool is_live = input->row->phase != PHASE_REMOVED && input->row->phase != PHASE_FINISHED;
  if (is_live && input->stop) {
    next_of_stopped(input, next);
    return;
  }
  switch (input->row->phase) {
  case PHASE_REMOVED:
    say(next, "done", g_strdup("It left Instantly after its sequence. The person is never sent again."));
    break;
  case PHASE_FINISHED: next_after_the_end(input, next); break;
  case PHASE_IN_SUBSEQUENCE:
    say(next, "wait", g_strdup("A subsequence is running; each sync reads it until that is over."));
    break;
  default:
    say(next, "wait",
        g_strdup_printf("Its sequence is running in %s; each sync reads it until that is over.",
                        input->campaign ? input->campaign : "Instantly"));
  }
}

static void next_by_verdict(const struct next_input *input, struct lead_next *next)
{
  if (!input->has_verdict) {
    say(next, "unknown",
        g_strdup("Whether it can be added cannot be said: Instantly did not tell how its campaign stands."));
    return;
  }
  enum verdict verdict = input->verdict.verdict;
  if (verdict == VERDICT_ELIGIBLE) {
    say(next, "add",
        g_strdup_printf("The next `leadferry export` adds it to %s, unless a cap defers it.",
                        input->campaign ? input->campaign : "its campaign"));
    return;
  }
  if (verdict == VERDICT_CONTACTED && input->row->has_state && input->row->phase == PHASE_WITHDRAWN) {
    say(next, "leave_out",
        g_strdup_printf(
            "It was withdrawn and is not added again by itself; `leadferry release --lead-id %s --reason WHY` "
            "lets it go once more.",
            input->lead_ref));
    return;
  }
  const char *detail = input->verdict.detail;
  say(next, "leave_out",
      g_strdup_printf("It is not added: %s%s%s%s; %s.", verdict_name(verdict), detail ? "(" : "", detail ? detail : "",
                      detail ? ")" : "", verdict_advice(verdict)));
}

void lead_next(const struct next_input *input, struct lead_next *next)
{
  const struct lead_report_row *row = input->row;
  *next = (struct lead_next){0};
  /* The state below this lead_id is another person's: nothing of it is this row's. */
  bool is_reused = input->has_verdict && input->verdict.verdict == VERDICT_LEAD_ID_REUSED;
  if (is_reused) {
    next_by_verdict(input, next);
  } else if (row->has_state && state_is_held(&row->state)) {
    say(next, "held",
        g_strdup_printf("It is held and waits for somebody to decide: %s. `leadferry retry --lead-id %s` lets it go.",
                        row->state.held_reason ? row->state.held_reason : "no reason given", input->lead_ref));
  } else if (row->has_state && row->state.settlement == SETTLEMENT_CLAIMED) {
    say(next, "settle",
        g_strdup("A claim is open: the next job, or `leadferry recover`, asks Instantly what became of it."));
  } else if (row->has_state && state_is_enrolled(&row->state)) {
    next_enrolled(input, next);
  } else {
    next_by_verdict(input, next);
  }
}

void lead_next_clear(struct lead_next *next)
{
  g_clear_pointer(&next->text, g_free);
}
