#pragma once
/* One mail: the checks right before sending, the variant, the mailbox, and what it leaves on the row. */
#include "world.h"

enum send_result { SEND_DONE, SEND_SKIPPED, SEND_NO_ACCOUNT };

/* Sends the next step of the main sequence, or marks the row skipped or completed when it must not go out. */
enum send_result send_step(struct world *world, struct campaign *campaign, struct lead *lead);

/* Sends the next step of a subsequence. */
void send_subsequence_step(struct world *world, struct subsequence *subsequence, struct lead *lead);
