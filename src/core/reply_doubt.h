#pragma once
/* A reply that turns out to be a machine's ends the stop that it made. Instantly's rows often say no more than that an
 * answer came; such an answer counts as a person's. The mail itself may know better, now or later.
 *
 * Called with the persons of whom only automatic mails came; asks about at most REPLY_DOUBT_MAX of them in a run, the
 * rest stays stopped. A stop ends only if nobody but ourselves saw the reply (sources sync and emails: never what an
 * operator marked, imported or added), no row of the person anywhere shows an answer by its interest, and the mailbox
 * has as many automatic mails of the person as its rows count replies, one at the time of each row's reply, and no
 * other. What was taken out of Instantly
 * meanwhile is not put back: `leadferry release` opens it again. */
#include "core/ports.h"

#define REPLY_DOUBT_MAX 20

/* newest: addresses without +tag -> int64_t, Instantly's time of the newest automatic mail. *ended_n persons are not
 * stopped by a reply any more. */
bool reply_doubt_settle(struct job *job, GHashTable *newest, int64_t *ended_n, GError **error);
