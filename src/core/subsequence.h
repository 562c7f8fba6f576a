#pragma once
/* Subsequences: may the one that a finished lead is in still mail it? Instantly keeps subsequence_id on a row for ever,
 * so the id alone says no more than that the lead entered one.
 *
 * subsequence_decide() is the rule. subsequences_apply() brings rows to what the rest of the core goes by: a row keeps
 * its subsequence_id only while that subsequence may go on. It is called on every page that a decision is made from,
 * and asks Instantly once per subsequence and run. */
#include "core/ports.h"

enum subsequence_verdict {
  SUBSEQUENCE_RUNS,    /* mails of it may follow */
  SUBSEQUENCE_OVER,    /* none will */
  SUBSEQUENCE_UNCLEAR, /* cannot be told: kept as running, and reported */
};

/* What Instantly says of one subsequence. */
struct subsequence_view {
  bool is_gone;     /* it does not exist any more */
  bool is_refused;  /* Instantly would not tell */
  bool is_reported; /* as unclear, in this run */
  struct remote_subsequence remote;
};

/* The verdict over a row of status 3 with a subsequence_id. Over: the subsequence is deleted or completed, the row had
 * its last step, or the person answered what it was sent by it. Paused, draft, stopped by Instantly or unknown: cannot
 * be told, somebody may resume it. */
enum subsequence_verdict subsequence_decide(const struct remote_lead *row, const struct subsequence_view *view);

/* Takes the subsequence_id of rows whose subsequence is over away; the time of their last step becomes that of the last
 * mail of either sequence, as graces are counted from it. Asks about subsequences that this job has not seen yet. */
bool subsequences_apply(struct job *job, struct page *page, GError **error);
