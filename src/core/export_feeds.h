#pragma once
/* Step 2 of export: how each configured campaign stands and what it may be fed. Used by export.c. */
#include "core/export.h"

/* Reads status, merge tags, caps and the plan for every configured campaign into report->feeds and plan_room. A
 * campaign that cannot be fed gets its refusal; only failures that concern the whole run make it return false. */
bool export_read_feeds(struct job *job, struct export_report *report, GError **error);

/* Fills the claim's rules from settings and feeds; feeds has room for report->feeds->len rows. */
void export_claim_rules(const struct job *job, const struct export_report *report, struct campaign_feed *feeds,
                        struct claim_rules *rules);

/* Activates a completed campaign that leadferry fed before, once leads were added to it. */
bool export_wake_campaign(struct job *job, struct feed_report *feed, GError **error);
