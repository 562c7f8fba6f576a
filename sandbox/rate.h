#pragma once
/* Rate limits: at most so many calls in a second and in a minute, on wire time, for the whole workspace.
 *
 * Sliding: the last second and minute count; fixed: those that the clock shows. A refused call does not count. */
#include "world.h"

/* Fresh windows. */
struct rate *rate_new(void);

/* Frees them; NULL is fine. */
void rate_free(struct rate *rate);

/* May one more call come in? Counts it when it may; else *wait_s says when to come back. */
bool rate_take(struct world *world, bool is_emails, int64_t *wait_s);
