#include "core/subsequence.h"

#include <string.h>

#include "base/log.h"

/* ---- the rule ---- */

/* The place of a step in its sequence, from "sequence_step_variant", counted from 1; 0 when it cannot be read. */
static int64_t step_number(const char *step)
{
  g_auto(GStrv) parts = g_strsplit(step != NULL ? step : "", "_", -1);
  guint64 index = 0;
  if (g_strv_length(parts) != 3 || !g_ascii_string_to_unsigned(parts[1], 10, 0, 1000, &index, NULL)) return 0;
  return (int64_t)index + 1;
}

static bool had_last_step(const struct remote_lead *row, const struct remote_subsequence *subsequence)
{
  return subsequence->steps_n > 0 && step_number(row->subsequence_step) >= subsequence->steps_n;
}

/* A reply from before is what such a lead may have entered for. */
static bool is_answered(const struct remote_lead *row)
{
  return row->subsequence_step_at_us != 0 && row->replied_at_us > row->subsequence_step_at_us;
}

enum subsequence_verdict subsequence_decide(const struct remote_lead *row, const struct subsequence_view *view)
{
  if (view->is_refused) return SUBSEQUENCE_UNCLEAR;
  if (view->is_gone || is_answered(row) || had_last_step(row, &view->remote)) return SUBSEQUENCE_OVER;
  switch (view->remote.status) {
  case CAMPAIGN_COMPLETED: return SUBSEQUENCE_OVER;
  case CAMPAIGN_ACTIVE:
  case CAMPAIGN_SUBSEQUENCES: return SUBSEQUENCE_RUNS;
  default: return SUBSEQUENCE_UNCLEAR;
  }
}

/* ---- applying it ---- */

/* One question per subsequence; what Instantly will not tell must not stop the run for everybody else. */
static struct subsequence_view *view_of(struct job *job, const char *id, GError **error)
{
  if (job->subsequences == NULL) job->subsequences = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  struct subsequence_view *view = g_hash_table_lookup(job->subsequences, id);
  if (view != NULL) return view;
  struct subsequence_view fresh = {0};
  g_autoptr(GError) asking = NULL;
  if (!job->instantly->ops->subsequence_get(job->instantly, id, &fresh.remote, &asking)) {
    fresh.is_gone = error_is(asking, ERROR_NOT_FOUND);
    fresh.is_refused = error_is(asking, ERROR_REJECTED) || error_status(asking) == 403;
    if (!fresh.is_gone && !fresh.is_refused) {
      g_propagate_error(error, g_steal_pointer(&asking));
      return NULL;
    }
  }
  view = g_memdup2(&fresh, sizeof fresh);
  g_hash_table_insert(job->subsequences, g_strdup(id), view);
  return view;
}

static void report_unclear(const char *id, struct subsequence_view *view)
{
  if (view->is_reported) return;
  view->is_reported = true;
  log_event(LOG_WARNING, "subsequence does not say whether it is over, its leads are kept", LOG_STR("subsequence", id),
            LOG_INT("status", view->remote.status), LOG_STR("reason", view->is_refused ? "not readable" : "status"));
}

static void end_row(struct remote_lead *row)
{
  int64_t mailed_at_us = MAX(row->subsequence_step_at_us, row->contacted_at_us);
  row->last_step_at_us = MAX(row->last_step_at_us, mailed_at_us);
  row->subsequence_id = NULL;
}

bool subsequences_apply(struct job *job, struct page *page, GError **error)
{
  for (guint i = 0; i < page->rows->len; i++) {
    struct remote_lead *row = page_row(page, struct remote_lead, i);
    if (row->status != REMOTE_COMPLETED || row->subsequence_id == NULL || *row->subsequence_id == '\0') continue;
    struct subsequence_view *view = view_of(job, row->subsequence_id, error);
    if (view == NULL) return false;
    enum subsequence_verdict verdict = subsequence_decide(row, view);
    if (verdict == SUBSEQUENCE_UNCLEAR) report_unclear(row->subsequence_id, view);
    if (verdict == SUBSEQUENCE_OVER) end_row(row);
  }
  return true;
}
