#pragma once
/* Escrow: a campaign is paused while it is filled, list and ledger are compared, and only then it runs.
 *
 * A double record can be repaired while the campaign is paused; a double e-mail cannot. Nobody is woken who was put to
 * sleep by a person, so the control `escrow:<campaign>` says what is known of a pause, and only one of its words may
 * end one:
 *
 *   pausing      about to pause, or dead before the pause was seen
 *   paused       the campaign was active, we paused it, and it was seen paused: the pause is ours
 *   activating   about to activate, or dead before that was seen
 *
 * No note: a pause is a person's. `pausing` and `activating` beside a paused campaign: it may be ours or a person's, so
 * it is nobody's to end but a person's. Whoever sees the campaign in any other state takes the note away. Who pauses a
 * campaign while escrow has it paused cannot be told apart: that is what `hold` is for.
 *
 * export.c: escrow_look while the feeds are read, escrow_begin before the first batch, escrow_agrees and escrow_end
 * when all is settled. */
#include "core/ports.h"

/* Whose a pause is. */
enum escrow_mark { ESCROW_NONE, ESCROW_OURS, ESCROW_UNCLEAR };

/* What the note says of a campaign that is paused; notes of earlier versions name nobody's pause surely. */
enum escrow_mark escrow_mark_of(const char *note);

/* The campaign's state as Instantly has it now. */
bool escrow_status(struct job *job, const char *campaign_id, int64_t *status, GError **error);

/* The campaign was seen in this state: whose is its pause? The note of one that is not paused is taken away, but in a
 * dry run. */
bool escrow_look(struct job *job, const char *campaign_id, int64_t status, enum escrow_mark *mark, GError **error);

/* For jobs that do not fill: a campaign of which there is a note is asked for its state, so that one which somebody
 * activated does not keep the note until the next export. */
bool escrow_freshen(struct job *job, const char *campaign_id, GError **error);

/* Pauses an active campaign and sets *mark to ESCROW_OURS once it was seen paused. ESCROW_NONE: it was not active any
 * more and is left as it is, in the state *status. */
bool escrow_begin(struct job *job, const char *campaign_id, int64_t *status, enum escrow_mark *mark, GError **error);

/* Compares: every enrolment of the ledger in this campaign is in its list, and the list has no row with our stamp that
 * the ledger does not know. When they differ an error row says so. Needs a fold before. */
bool escrow_agrees(struct job *job, const char *campaign_id, bool *is_agreed, GError **error);

/* Activates a campaign whose pause is ours. *is_over: it is not paused any more, by us or by somebody else. */
bool escrow_end(struct job *job, const char *campaign_id, bool *is_over, GError **error);

/* Activates a campaign that is completed or runs subsequences only; any other state is left as it is. *status: the
 * state that it was seen in last, CAMPAIGN_ACTIVE after an activation. */
bool escrow_wake(struct job *job, const char *campaign_id, int64_t *status, GError **error);
