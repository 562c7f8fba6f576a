#pragma once
/* The sending engine: what happens while the virtual clock moves.
 *
 * Each campaign has a loop that runs every `tick_s`; when the campaign is active and its schedule open, a loop sends
 * follow-ups that are due and leads that were never mailed, within the daily limits of the campaign and of the
 * mailboxes. Between loops, what people do (outcome.h) happens at its own time. engine_advance() walks through both in
 * order of time and skips what nobody waits for, so sixty days of an idle workspace cost nothing. */
#include "world.h"

enum trigger { TRIGGER_OPENED, TRIGGER_CLICKED, TRIGGER_COMPLETED, TRIGGER_INTEREST };

/* Moves the clock to now + advance_ms and lets everything in between happen. */
void engine_advance(struct world *world, int64_t advance_ms);

/* Starts those subsequences of the lead's campaign that wait for this trigger (value: the interest). */
void engine_trigger(struct world *world, struct lead *lead, enum trigger trigger, int64_t value);

/* Puts the lead into a subsequence / ends the one it is in, if it still runs. */
void engine_enter_subsequence(struct world *world, struct lead *lead, struct subsequence *subsequence);
void engine_leave_subsequence(struct world *world, struct lead *lead); /* see engine_enter_subsequence */

/* No mail to this lead before that time. */
void engine_pause_until(struct world *world, struct lead *lead, int64_t until_ms);

/* Has the campaign rows that wait for their first mail? Drops stale ones on the way. */
bool engine_has_fresh(struct campaign *campaign);

/* Is any row of it waiting for a follow-up? Drops stale ones on the way. */
bool engine_has_follow_ups(struct campaign *campaign);
