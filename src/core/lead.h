#pragma once
/* The nouns: lead, person, event, state, claim, remote lead. Plain data, no behaviour (but for names of enums).
 *
 * A lead is a row of the user's table, a person is its canonical address, an enrolment is a person in one Instantly
 * campaign. Facts are events, appended and never changed; a lead's state is what its events add up to (core/fold.h).
 * Times are microseconds since 1970 UTC, 0 meaning "not yet" (no fact of ours is from 1970). Strings in these structs
 * are borrowed from whoever filled them, most often from a page's arena (see core/ports.h); NULL means absent. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What an event says. The numbers are stored in lead_events.kind: never reuse or renumber. */
enum event_kind {
  EVENT_CLAIMED = 1,
  EVENT_SENDING = 2,
  EVENT_ADDED = 3,
  EVENT_ADOPTED = 4,
  EVENT_FOUND_ELSEWHERE = 5,
  EVENT_SKIPPED = 6,
  EVENT_REJECTED = 7,
  EVENT_RELEASED = 8,
  EVENT_HELD = 9,
  EVENT_RESOLVED = 10,
  EVENT_RETRIED = 11,
  EVENT_REOPENED = 12,
  EVENT_STATUS = 13,
  EVENT_FINISHED = 14,
  EVENT_REMOVE_CLAIMED = 15,
  EVENT_REMOVED = 16,
  EVENT_MOVED = 17,
  EVENT_VANISHED = 18,
  EVENT_CONFLICT = 19,
  EVENT_SUPPRESSED = 20,
  EVENT_WITHDRAWN = 21,
};

/* What a status event saw (lead_events.fact). */
enum status_fact {
  FACT_NONE = 0,
  FACT_CONTACTED = 1, /* first evidence of a sent step */
  FACT_OPENED = 2,
  FACT_CLICKED = 3,
  FACT_REPLIED = 4, /* a real reply */
  FACT_AUTO_REPLIED = 5,
  FACT_INTEREST = 6, /* the number is in reason */
  FACT_BOUNCED = 7,
  FACT_UNSUBSCRIBED = 8,
  FACT_SKIPPED = 9,    /* Instantly will not mail (status -3) */
  FACT_COMPLETED = 10, /* Instantly's status 3 */
  FACT_IN_SUBSEQUENCE = 11,
};

/* last_email_status, in rising rank; never falls. */
enum email_status {
  EMAIL_STATUS_NONE = 0,
  EMAIL_STATUS_SENT = 1,
  EMAIL_STATUS_OPENED = 2,
  EMAIL_STATUS_CLICKED = 3,
  EMAIL_STATUS_REPLIED = 4,
  EMAIL_STATUS_BOUNCED = 5,
  EMAIL_STATUS_UNSUBSCRIBED = 6,
};

/* How an enrolment ended, in rising rank of the fold: stopped < removed_by_hand < skipped < ... < unsubscribed. STOPPED
 * is a word of events: in a state it is "finished, and by nothing that outranks it" (core/fold.h state_ended_as()). */
enum outcome {
  OUTCOME_NONE = 0,
  OUTCOME_REMOVED_BY_HAND = 1,
  OUTCOME_SKIPPED = 2,
  OUTCOME_NO_REPLY = 3,
  OUTCOME_INTEREST = 4,
  OUTCOME_REPLIED = 5,
  OUTCOME_BOUNCED = 6,
  OUTCOME_UNSUBSCRIBED = 7,
  OUTCOME_STOPPED = 8, /* we took its row out, since the person is stopped */
};

/* How the last claim of a generation stands, in rising rank within one epoch; ADDED, else ADOPTED, of any epoch of the
 * generation outranks all. */
enum settlement {
  SETTLEMENT_NONE = 0,
  SETTLEMENT_CLAIMED = 1,
  SETTLEMENT_RELEASED = 2,
  SETTLEMENT_SKIPPED = 3,
  SETTLEMENT_REJECTED = 4,
  SETTLEMENT_FOUND_ELSEWHERE = 5,
  SETTLEMENT_RETRIED = 6,
  SETTLEMENT_ADOPTED = 7,
  SETTLEMENT_ADDED = 8,
};

/* Derived: what a reader wants to know of a lead. */
enum phase {
  PHASE_NONE = 0,
  PHASE_CLAIMED,
  PHASE_RELEASED,
  PHASE_SKIPPED,
  PHASE_REJECTED,
  PHASE_FOUND_ELSEWHERE,
  PHASE_RETRIED,
  PHASE_ADOPTED,
  PHASE_ADDED,
  PHASE_IN_SUBSEQUENCE,
  PHASE_FINISHED,
  PHASE_WITHDRAWN,
  PHASE_REMOVED,
};

/* One appended fact. For EVENT_SENDING lead_id and person are NULL and [ord, ord_to] is the range of claims. */
struct lead_event {
  enum event_kind kind;
  enum status_fact fact;
  const char
      *reason; /* short word, see docs/events.md; for FACT_INTEREST the number; for finished the outcome's name */
  const char *lead_id;
  const char *person;
  const char *campaign_id;
  const char *instantly_id;
  const char *claim_id; /* run_id.ord */
  const char *batch_id; /* run_id.n */
  int64_t ord;
  int64_t ord_to;
  const char *body_hash; /* hex SHA-256 of the request body, EVENT_SENDING only */
  int64_t attempt;       /* claimed: tries so far + 1; held, resolved: the number n */
  int64_t generation;    /* 1 at first; of the claim for settling events, not of the writer */
  int64_t epoch;
  const char *run_id;
  int64_t occurred_at_us; /* Instantly's time of the fact where it has one, else ours */
  int64_t recorded_at_us;
  const char *detail; /* JSON object or NULL */
};

/* What the events of one lead add up to (semantics: one merge rule per field, see core/fold.c). */
struct lead_state {
  const char *lead_id;
  const char *person;
  int64_t generation;
  int64_t reopened_at_us;
  const char *claim_id;            /* g */
  const char *campaign_id;         /* g */
  int64_t epoch;                   /* g */
  int64_t attempts;                /* g */
  enum settlement settlement;      /* g */
  int64_t settlement_epoch;        /* g: the epoch that the settlement was decided under */
  const char *reason;              /* g */
  const char *instantly_id;        /* g */
  const char *current_campaign_id; /* g */
  int64_t current_at_us;           /* g: occurred_at of the event that set the two above */
  int64_t added_at_us;             /* g */
  int64_t ever_added_at_us;
  int64_t sent_at_us;
  int64_t replied_at_us;
  enum email_status email_status;
  int64_t finished_at_us;  /* g */
  enum outcome outcome;    /* g */
  int64_t removed_at_us;   /* g */
  const char *removed_id;  /* g */
  int64_t withdrawn_at_us; /* g */
  int64_t held_n;
  const char *held_reason;
  int64_t resolved_n;
  int64_t first_recorded_at_us;
  int64_t last_seen_at_us;    /* from the newest finished scan, not from events */
  const char *subsequence_id; /* from the newest finished scan, not from events */
};

/* A lead row as the source has it. */
struct lead {
  const char *lead_id;
  const char *email;
  const char *first_name;
  const char *last_name;
  const char *company_name;
  const char *campaign_id;
  bool added_to_instantly;
  bool sequence_completed;
  bool cold_email_sent;
  const char *last_email_status;
  const char *fields; /* JSON object of lead_fields, or NULL */
};

/* One claim of this run, with all that its body needs. */
struct claim {
  int64_t ord; /* claim_id is run_id.ord */
  int64_t generation;
  int64_t epoch;
  int64_t attempt;
  const char *run_id; /* of the run that made the claim */
  const char *campaign_id;
  const char *person;
  bool is_held; /* as of the last fold: waits for a person, is not asked about again */
  struct lead lead;
};

/* Instantly's lead status. Unknown numbers are kept as they are and never guessed at. */
enum remote_status {
  REMOTE_ACTIVE = 1,
  REMOTE_PAUSED = 2,
  REMOTE_COMPLETED = 3,
  REMOTE_BOUNCED = -1,
  REMOTE_UNSUBSCRIBED = -2,
  REMOTE_SKIPPED = -3,
};

/* One row of Instantly's list (instantly-api 3.12), reduced to what decisions need. */
struct remote_lead {
  const char *id;
  const char *email;  /* as Instantly spells it */
  const char *person; /* canonical, NULL when it has none */
  const char *campaign_id;
  const char *list_id;
  const char *subsequence_id;
  const char *subsequence_step; /* the last that the subsequence sent, in the form of last_step */
  int64_t subsequence_step_at_us;
  const char *stamp; /* payload.leadferry: generation:claim_id */
  int64_t status;
  bool has_interest;
  int64_t interest;
  int64_t verification;
  int64_t opens, clicks, replies;
  int64_t created_at_us, contacted_at_us, opened_at_us, clicked_at_us, replied_at_us, updated_at_us;
  const char *last_step; /* "0_2_1": sequence_step_variant, zero-based */
  int64_t last_step_at_us;
  const char *mailbox;
  int64_t pause_until_us;
};

/* Campaign states (instantly-api 4.1). */
enum campaign_status {
  CAMPAIGN_UNREAD = -1000, /* ours: no sync has read its analytics, of which there are none before the first mail */
  CAMPAIGN_SUSPENDED = -99,
  CAMPAIGN_BOUNCE_PROTECT = -2,
  CAMPAIGN_UNHEALTHY = -1,
  CAMPAIGN_DRAFT = 0,
  CAMPAIGN_ACTIVE = 1,
  CAMPAIGN_PAUSED = 2,
  CAMPAIGN_COMPLETED = 3,
  CAMPAIGN_SUBSEQUENCES = 4,
};

/* Stable names, as stored and printed; NULL for values that are none. */
const char *event_kind_name(enum event_kind kind);
const char *status_fact_name(enum status_fact fact);     /* see event_kind_name */
const char *email_status_name(enum email_status status); /* NULL for NONE; the column's words */
const char *outcome_name(enum outcome outcome);          /* see event_kind_name */
const char *settlement_name(enum settlement settlement); /* see event_kind_name */
const char *phase_name(enum phase phase);                /* see event_kind_name */
const char *campaign_status_name(int64_t status);        /* "unknown" for numbers that are none */

/* The value that a stored name stands for; 0 (NONE) for an unknown name. */
enum email_status email_status_from_name(const char *name);
enum outcome outcome_from_name(const char *name); /* see email_status_from_name */
