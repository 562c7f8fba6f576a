#include "core/stop_guard.h"

#include "base/log.h"

static char *sentence(const struct job *job, int64_t lost_n)
{
  return g_strdup_printf(
      "%" G_GINT64_FORMAT " rows of the table of stops (suppressions) were deleted by somebody else: whom they stopped "
      "would be mailed%s. No export claims anybody: put the rows back from a backup, or, if they are to be forgotten, "
      "go on once with `leadferry export --allow-lost-stops=%" G_GINT64_FORMAT "`; `leadferry suppress remove` is how "
      "a stop ends",
      lost_n, job->allow_lost_stops > 0 ? " (the number given with --allow-lost-stops is another)" : "", lost_n);
}

static bool is_allowed(const struct job *job, int64_t lost_n)
{
  return lost_n == 0 || job->allow_lost_stops == lost_n;
}

bool stop_guard_check(struct job *job, GError **error)
{
  int64_t lost_n = 0;
  if (!job->ledger->ops->stops_lost(job->ledger, &lost_n, error)) return false;
  if (!is_allowed(job, lost_n)) {
    g_autofree char *message = sentence(job, lost_n);
    error_set(error, ERROR_UNSAFE, "%s", message);
    return false;
  }
  return lost_n == 0 || job->is_dry_run || job->ledger->ops->stops_note(job->ledger, true, error);
}

bool stop_guard_report(struct job *job, int64_t *lost_n, GError **error)
{
  if (!job->ledger->ops->stops_lost(job->ledger, lost_n, error)) return false;
  if (is_allowed(job, *lost_n)) {
    *lost_n = 0; /* the export that follows forgets them */
    return true;
  }
  log_event(LOG_ERROR, "stops were deleted by somebody else", LOG_INT("rows", *lost_n));
  g_autofree char *message = sentence(job, *lost_n);
  struct error_row row = {.type = "stops_lost", .message = message, .key = "stops_lost"};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

void stop_guard_note(struct job *job)
{
  g_autoptr(GError) error = NULL;
  if (!job->ledger->ops->stops_note(job->ledger, false, &error))
    log_event(LOG_ERROR, "stops not noted", LOG_STR("error", error->message));
}
