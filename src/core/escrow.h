#pragma once
/* Escrow: a campaign is paused while it is filled, list and ledger are compared, and only then it runs.
 *
 * A double record can be repaired while the campaign is paused; a double e-mail cannot. The pause is ours only while
 * the control `escrow:<campaign>` says so: it is written before the pause and taken away after the activation, so a
 * crash in between leaves a paused campaign that the next export takes up again. A pause of somebody else is never
 * ended.
 *
 * export.c: escrow_is_ours while the feeds are read, escrow_begin before the first batch, escrow_end when all is
 * settled. */
#include "core/ports.h"

/* Was this campaign paused by our own escrow, and not activated since? */
bool escrow_is_ours(struct job *job, const char *campaign_id, bool *is_ours, GError **error);

/* Writes the control and pauses the campaign. */
bool escrow_begin(struct job *job, const char *campaign_id, GError **error);

/* Compares: every enrolment of the ledger in this campaign is in its list, and the list has no row with our stamp that
 * the ledger does not know. When they agree the campaign is activated and *is_released set; else it stays paused, and
 * an error row says why. Needs a fold before. */
bool escrow_end(struct job *job, const char *campaign_id, bool *is_released, GError **error);
