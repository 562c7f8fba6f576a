#pragma once
/* Stop proof: does the promise hold that whoever is stopped is not mailed? Looked at where mails are sent, and not in
 * what the ledger believes.
 *
 * 1. all stops in force, by their keys (core/stop_table.h), and Instantly's block list as it is now
 * 2. every row of the workspace, whoever put it there and wherever it is: is a stopped person's row live, and do its
 *    times show a mail later than the stop? They hold the last mail alone: a lower bound
 * 3. deep: every mail since the first stop (GET /emails, 20 calls a minute, STOP_PROOF_EMAILS_PAGES a run): exact
 * 4. each person is named: by the lead that the row is, else by Instantly's id of it; never by an address
 *
 * A person counts as stopped from the earliest of: the time at which the stop was recorded, that of a real answer, and
 * the last change of a row that shows an unsubscription. What is kept is bounded by the stops, and by the rows of
 * stopped persons. */
#include "core/stop_table.h"
#include "core/verify.h"

/* Pages of mails that a deep proof reads, of 100 mails each: ten minutes at Instantly's rate. */
#define STOP_PROOF_EMAILS_PAGES 200

/* Steps 1 to 4: differences go to the options' sink, counts into the report. Under a lease; folded. */
bool stop_proof_run(struct job *job, const struct verify_options *options, struct verify_report *report,
                    GError **error);
