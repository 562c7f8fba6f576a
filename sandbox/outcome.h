#pragma once
/* What people do with a mail: open, click, answer, bounce, unsubscribe; and what that does to their row.
 *
 * outcome_plan() draws at the moment of sending what will happen and when (heap world->outcomes); outcome_apply() makes
 * it happen, for the engine and for POST /_sandbox/outcome alike. */
#include "world.h"

enum outcome {
  OUTCOME_OPENED,
  OUTCOME_CLICKED,
  OUTCOME_REPLIED,
  OUTCOME_AUTO_REPLIED,
  OUTCOME_BOUNCED,
  OUTCOME_UNSUBSCRIBED,
  OUTCOMES_N
};

struct happening {
  struct lead *lead;
  enum outcome outcome;
  int step; /* of the mail it answers */
  int variant;
  bool is_positive; /* a reply that sets interest 1 */
};

/* What a draw is for: part of its key. */
enum purpose {
  PURPOSE_VARIANT,
  PURPOSE_SKIP,
  PURPOSE_MAILBOX,
  PURPOSE_BOUNCE,
  PURPOSE_OPEN,
  PURPOSE_OPEN_AT,
  PURPOSE_CLICK,
  PURPOSE_REPLY,
  PURPOSE_REPLY_AT,
  PURPOSE_LATE,
  PURPOSE_POSITIVE,
  PURPOSE_AUTO_REPLY,
  PURPOSE_UNSUBSCRIBE,
  PURPOSE_UNSUBSCRIBE_AT,
  PURPOSE_VERIFY
};

/* A number in [0, 1) that depends on (seed, campaign, address, step, purpose) alone. */
double outcome_draw(const struct world *world, const struct lead *lead, int step, enum purpose purpose);

/* Draws what happens to the mail of this step, which was sent just now. */
void outcome_plan(struct world *world, struct lead *lead, int step, int variant);

/* Makes it happen now. */
void outcome_apply(struct world *world, const struct happening *happening);

/* Sets the interest (stops the sequence, may start subsequences); value NULL makes the row a plain lead again. */
void outcome_interest(struct world *world, struct lead *lead, const int64_t *value);

/* Ends the main sequence with status 3. */
void outcome_complete(struct world *world, struct lead *lead);

/* The outcome with this name, or OUTCOMES_N. */
enum outcome outcome_by_name(const char *name);

/* A reply of somebody whose row is gone: the mail arrives all the same, in the thread of the last mail that went out.
 * False: nobody ever wrote to the person, or the outcome is no reply. */
bool outcome_of_gone(struct world *world, struct person *person, enum outcome outcome);
