#pragma once
/* The verdicts of a claim (or of a plan), added up for people: who goes out, who was added already, who is left out and
 * why, who has to wait for the next run.
 *
 * Calling sequence: verdict_tally_fill() from a report, read the members, verdict_tally_clear(). */
#include "core/ports.h"

/* One reason and how often: "suppressed(unsubscribed)", 12. */
struct verdict_line {
  char *label;
  int64_t n;
};

struct verdict_tally {
  int64_t eligible_n, already_n, left_out_n, deferred_n;
  GArray *left_out; /* struct verdict_line, the most frequent first */
  GArray *deferred; /* the same; without "deferred_" */
};

/* Adds up the counts of one campaign, or of all with NULL. */
void verdict_tally_fill(struct verdict_tally *tally, const struct claim_report *report, const char *campaign_id);
/* Frees it; may be called twice. */
void verdict_tally_clear(struct verdict_tally *tally);

/* What to do when nobody goes out and most are left out because no campaign is theirs; NULL when that is not so. */
const char *verdict_tally_hint(const struct verdict_tally *tally, const struct settings *settings);

/* "suppressed(unsubscribed) 12, held 2"; caller frees. */
char *verdict_lines_text(const GArray *lines);
/* Appends `"name":{"suppressed(unsubscribed)":12,...}`. */
void verdict_lines_json(GString *out, const char *name, const GArray *lines);
