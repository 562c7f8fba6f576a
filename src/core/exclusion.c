#include "core/exclusion.h"

#include <string.h>

#include "base/email.h"
#include "base/log.h"
#include "core/flag_word.h"

/* Tables with fewer addresses may lose them all: a person sees that. */
#define WORTH_A_WORD 10

/* The note that entries of an exclusion were written once: without a setting they still have to end. */
#define EXCLUSION_NOTE "exclusion"

/* A domain as `suppress add` takes it: example.org, or @example.org. */
static enum exclusion_cell domain_read(const char *text, size_t length, char **value)
{
  size_t skipped = text[0] == '@' ? 1 : 0;
  g_autofree char *somebody = g_strdup_printf("x@%.*s", (int)(length - skipped), text + skipped);
  g_autofree char *person = NULL;
  if (email_canonical(somebody, strlen(somebody), &person) != EMAIL_OK) return EXCLUSION_ODD;
  *value = g_strconcat("@", email_domain(person), NULL);
  return EXCLUSION_DOMAIN;
}

enum exclusion_cell exclusion_cell_read(const char *raw, size_t length, char **value)
{
  *value = NULL;
  const char *text = cell_trim(raw, &length);
  if (!text) return EXCLUSION_BLANK;
  if (memchr(text, '\0', length)) return EXCLUSION_ODD;
  const char *at = memchr(text, '@', length);
  if (!at || at == text) return domain_read(text, length, value);
  return email_canonical(text, length, value) == EMAIL_OK ? EXCLUSION_PERSON : EXCLUSION_ODD;
}

char *exclusion_doubt(const struct standing_counts *counts, int64_t max_shrink_percent, int64_t allow_n)
{
  bool is_shrunk = max_shrink_percent > 0 && counts->stops_n >= WORTH_A_WORD &&
                   (double)counts->lost_n * 100 > (double)counts->stops_n * (double)max_shrink_percent;
  if (!is_shrunk || counts->lost_n == allow_n) return NULL;
  return g_strdup_printf(
      "the table of source.exclude lost %" G_GINT64_FORMAT " of the %" G_GINT64_FORMAT
      " addresses and domains that it stops, which looks like an accident%s. Their stops stay, and nobody is claimed. "
      "Look whether it is the right table and whole; if it is, go on once with "
      "--allow-shrunk-exclusion=%" G_GINT64_FORMAT ", or raise source.max_shrink_percent",
      counts->lost_n, counts->stops_n, allow_n > 0 ? "; the number given with --allow-shrunk-exclusion is another" : "",
      counts->lost_n);
}

/* ---- the story ---- */

/* Is there anything to look at? Without a setting only what an earlier one left. */
static bool is_meant(struct job *job, bool *is_needed, GError **error)
{
  g_autofree char *note = NULL;
  *is_needed = job->settings->source.exclude.table != NULL;
  if (*is_needed) return true;
  if (!job->ledger->ops->control_get(job->ledger, EXCLUSION_NOTE, &note, error)) return false;
  *is_needed = note != NULL;
  return true;
}

/* What an impatient run ends with, a patient one writes down. */
static bool give_up_or_on(struct job *job, bool is_patient, const struct error_row *row, GError *failure,
                          GError **error)
{
  if (!is_patient) {
    g_propagate_error(error, g_error_copy(failure));
    return false;
  }
  log_event(LOG_ERROR, "source.exclude", LOG_STR("error", failure->message));
  return job->ledger->ops->errors_append(job->ledger, row, 1, error);
}

/* A fault of the user's table, a view that is broken or that we may not read, and not of the hour. */
static bool is_the_tables(const GError *failure)
{
  static const enum error_kind kinds[] = {ERROR_CONFIG, ERROR_AUTH, ERROR_NOT_FOUND, ERROR_REJECTED};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (error_is(failure, kinds[i])) return true;
  return false;
}

static bool look(struct job *job, bool is_patient, struct exclusion_report *report, GError **error)
{
  g_autoptr(GError) failure = NULL;
  report->is_known = job->ledger->ops->exclusion_look(job->ledger, &report->counts, &failure);
  if (report->is_known) return true;
  if (!is_the_tables(failure)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  report->is_unreadable = true;
  if (!error_is(failure, ERROR_CONFIG)) {
    g_autofree char *said = g_strdup(failure->message);
    g_clear_error(&failure);
    error_set(&failure, ERROR_CONFIG, "the table of source.exclude cannot be read: %s", said);
  }
  struct error_row row = {.type = "exclusion_unreadable", .message = failure->message, .key = "exclusion_unreadable"};
  return give_up_or_on(job, is_patient, &row, failure, error);
}

static bool note_put(struct job *job, int64_t left_n, GError **error)
{
  bool is_set = job->settings->source.exclude.table != NULL;
  if (job->is_dry_run || (is_set && left_n == 0)) return true;
  g_autofree char *note = NULL;
  if (!job->ledger->ops->control_get(job->ledger, EXCLUSION_NOTE, &note, error)) return false;
  if ((note != NULL) == (left_n > 0)) return true;
  return job->ledger->ops->control_put(job->ledger, EXCLUSION_NOTE, left_n > 0 ? "1" : NULL, error);
}

/* The note stands before the entries do: whoever dies between leaves nothing that nobody ends. */
static bool apply(struct job *job, bool may_end, struct exclusion_report *report, GError **error)
{
  const struct standing_counts *counts = &report->counts;
  struct standing_change change = {.source = EXCLUSION_SOURCE, .run_id = job->run_id, .may_end = may_end};
  int64_t left_n = counts->stops_n + counts->new_n - (may_end ? counts->lost_n : 0);
  bool is_change = counts->new_n > 0 || (may_end && counts->lost_n > 0);
  if (left_n > 0 && !note_put(job, left_n, error)) return false;
  if (is_change && !job->ledger->ops->standing_apply(job->ledger, &change, error)) return false;
  if (left_n == 0 && !note_put(job, left_n, error)) return false;
  report->ended_n = may_end ? counts->lost_n : 0;
  if (is_change)
    log_event(LOG_INFO, "exclusion taken up", LOG_INT("stopped", counts->new_n), LOG_INT("ended", report->ended_n));
  if (counts->odd_n > 0)
    log_event(LOG_WARNING, "cells of source.exclude are neither an address nor a domain, and stop nobody",
              LOG_INT("cells", counts->odd_n), LOG_INT("rows", counts->rows_n));
  return true;
}

bool exclusion_take(struct job *job, bool is_patient, struct exclusion_report *report, GError **error)
{
  bool is_needed = false;
  *report = (struct exclusion_report){0};
  if (!is_meant(job, &is_needed, error)) return false;
  if (!is_needed) return true;
  if (!look(job, is_patient, report, error)) return false;
  if (report->is_unreadable) return true;
  g_autofree char *doubt =
      exclusion_doubt(&report->counts, job->settings->source.max_shrink_percent, job->allow_shrunk_exclusion);
  report->is_doubted = doubt != NULL;
  if (!apply(job, doubt == NULL, report, error)) return false;
  if (!doubt) return true;
  g_autoptr(GError) failure = NULL;
  struct error_row row = {.type = "exclusion_shrunk", .message = doubt, .key = "exclusion_shrunk"};
  error_set(&failure, ERROR_UNSAFE, "%s", doubt);
  return give_up_or_on(job, is_patient, &row, failure, error);
}

bool exclusion_preview(const struct settings *settings, struct ledger *ledger, GError **error)
{
  struct standing_counts counts;
  struct standing_change change = {.source = EXCLUSION_SOURCE, .may_end = true};
  g_autoptr(GError) failure = NULL;
  if (!settings->source.exclude.table) return true;
  if (ledger->ops->exclusion_look(ledger, &counts, &failure))
    return counts.new_n + counts.lost_n == 0 || ledger->ops->standing_apply(ledger, &change, error);
  if (is_the_tables(failure)) {
    log_event(LOG_WARNING, "source.exclude", LOG_STR("error", failure->message));
    return true;
  }
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}
