#include "core/gone.h"

#include "base/log.h"
#include "core/source_guard.h"

/* The note that such entries were written once: with `keep` they still have to end. */
#define GONE_NOTE "gone"

static bool is_meant(struct job *job, bool *is_needed, GError **error)
{
  g_autofree char *note = NULL;
  *is_needed = job->settings->source.gone == GONE_STOP || job->is_dry_run;
  if (*is_needed) return true;
  if (!job->ledger->ops->control_get(job->ledger, GONE_NOTE, &note, error)) return false;
  *is_needed = note != NULL;
  return true;
}

/* Would a source like this one make people go who are still there? Caller frees. */
static char *doubt_of(struct job *job, const struct ledger_facts *facts)
{
  if (facts->source_rows == 0) return g_strdup("the source is empty, so nobody counts as gone from it");
  return source_guard_doubt(job, facts);
}

static bool note_put(struct job *job, bool is_set, GError **error)
{
  g_autofree char *note = NULL;
  if (job->is_dry_run) return true;
  if (!job->ledger->ops->control_get(job->ledger, GONE_NOTE, &note, error)) return false;
  return (note != NULL) == is_set || job->ledger->ops->control_put(job->ledger, GONE_NOTE, is_set ? "1" : NULL, error);
}

/* The note stands before the entries do, see core/exclusion.c. */
static bool apply(struct job *job, const struct standing_counts *counts, GError **error)
{
  struct standing_change change = {.source = GONE_SOURCE, .run_id = job->run_id, .may_end = true};
  bool is_left = counts->stops_n + counts->new_n - counts->lost_n > 0;
  if (is_left && !note_put(job, true, error)) return false;
  if (counts->new_n + counts->lost_n > 0) {
    if (!job->ledger->ops->standing_apply(job->ledger, &change, error)) return false;
    log_event(LOG_INFO, "who left the source", LOG_INT("stopped", counts->new_n), LOG_INT("ended", counts->lost_n));
  }
  return is_left || note_put(job, false, error);
}

static bool say_doubt(struct job *job, const char *doubt, GError **error)
{
  log_event(LOG_WARNING, "source.gone: nobody was looked for", LOG_STR("reason", doubt));
  if (job->is_dry_run) return true;
  struct error_row row = {.type = "source_shrunk", .message = doubt, .key = "source_shrunk"};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

bool gone_take(struct job *job, struct gone_report *report, GError **error)
{
  bool is_needed = false, is_set = job->settings->source.gone == GONE_STOP;
  struct standing_counts counts;
  struct ledger_facts facts;
  *report = (struct gone_report){0};
  if (!is_meant(job, &is_needed, error)) return false;
  if (!is_needed) return true;
  if (!job->ledger->ops->facts(job->ledger, &facts, error)) return false;
  g_autofree char *doubt = is_set ? doubt_of(job, &facts) : NULL;
  report->is_doubted = doubt != NULL;
  if (doubt) return say_doubt(job, doubt, error);
  if (!job->ledger->ops->gone_look(job->ledger, is_set || job->is_dry_run, &counts, error)) return false;
  *report = (struct gone_report){.is_known = true,
                                 .new_n = is_set ? counts.new_n : 0,
                                 .ended_n = counts.lost_n,
                                 .persons_n = counts.stops_n + counts.new_n - counts.lost_n};
  return (job->is_dry_run && !is_set) || apply(job, &counts, error);
}
