#pragma once
/* Who is exported: one pure verdict per source row, with a reason for every lead that is left out.
 *
 * verdict_of() asks the rules in the order of enum verdict and returns the first that fails. The caller (memory
 * backend, `lead show`) collects the facts; SQL compiles the same rules, and a property test proves both equal. Two
 * rules look at more than one row: DUPLICATE_OF (rank within the person among rows that passed all else) and the caps;
 * they are applied by eligibility_rank() over the rows that verdict_of() found eligible. */
#include "base/email.h"
#include "core/ports.h"

/* What is known of the person behind a row, over all of its leads. The person of these facts is the folded one
 * (email_fold_tag): ann@x and ann+news@x are mailed once, as they are stopped together. */
struct person_facts {
  bool has_events;             /* any event of ours names the person */
  bool was_contacted_before;   /* a source row shows a contact, and no event of ours names its very address */
  bool is_held;                /* any lead of the person is held */
  bool is_unsettled;           /* any lead of the person has an unsettled claim */
  bool is_in_instantly;        /* an enrolment of any lead of the person is not recorded as removed */
  int64_t last_enrolled_at_us; /* max ever_added_at over its leads; 0: never */
  enum outcome last_outcome;   /* outcome of that enrolment, for cooldowns */
  int64_t last_finished_at_us; /* when that ended; 0: not */
  const char *suppression;     /* reason of an entry in force for person, folded person or domain: EXCLUSION_REASON
                                  where there is one of the exclusion table, else the lowest; NULL: none */
};

/* Everything that the per-row rules look at. */
struct verdict_input {
  const struct lead *lead;
  enum email_verdict address;
  const char *person;               /* canonical, NULL unless address is EMAIL_OK */
  const struct lead_state *state;   /* by lead_id, or the alias's; NULL: never touched */
  const struct person_facts *facts; /* never NULL */
  const struct campaign_feed *feed; /* the campaign of this row if it is configured, else NULL */
  const char *campaign_id;          /* row's own (or sticky, or reopened) campaign, else the default; NULL: none */
};

struct verdict_result {
  enum verdict verdict;
  const char *detail; /* borrowed from the input, constant or interned; NULL: none */
};

/* The first rule that fails, or VERDICT_ELIGIBLE. once and cooldowns come from rules. */
struct verdict_result verdict_of(const struct verdict_input *input, const struct claim_rules *rules);

/* The generation that an eligible lead is claimed in: its own, or, where a cooldown is over, the next one, which
 * `reopened(cooldown)` opens. */
int64_t verdict_generation(const struct lead_state *state);

/* The campaign that a row goes to: a claim released(absent) earlier in this generation keeps its campaign (sticky);
 * else the row's own, else the default, else NULL. */
const char *verdict_campaign(const struct lead *lead, const struct lead_state *state, const char *default_campaign);

/* Is the tag's source filled for this lead? (non-empty after trimming) */
bool variable_is_filled(const struct required_variable *variable, const struct lead *lead);

/* One row that passed all per-row rules, for ranking. */
struct candidate {
  const char *lead_id;
  const char *person; /* folded */
  const char *campaign_id;
  bool was_claimed; /* its state (or alias's) has a claim_id or a generation above 1: wins among duplicates */
  struct verdict_result result; /* in: ELIGIBLE; out: final */
};

/* Applies DUPLICATE_OF, then the caps, to all candidates of a claim: sorts them by (campaign_id, lead_id) bytewise. Per
 * campaign the first `room` pass, of those the first run_room; the rest get the deferral's verdict. */
void eligibility_rank(struct candidate *candidates, size_t n, const struct claim_rules *rules);

/* Stable printed name: "address_missing", ..., "deferred_plan_full". */
const char *verdict_name(enum verdict verdict);

/* Is it a deferral (the next run takes the lead up again)? */
bool verdict_is_deferral(enum verdict verdict);
