#include "core/escrow.h"

#include <string.h>

#include "base/log.h"
#include "core/job.h"

#define IDS_MAX 100
#define TRIES   2 /* of a pause or an activation: each is transmitted once, and looked for */
#define WATCH_S 5

static char *control_of(const char *campaign_id)
{
  return g_strdup_printf("escrow:%s", campaign_id);
}

#define PAUSING    "pausing"
#define PAUSED     "paused"
#define ACTIVATING "activating"

enum escrow_mark escrow_mark_of(const char *note)
{
  if (note == NULL) return ESCROW_NONE;
  return g_str_has_prefix(note, PAUSED " ") ? ESCROW_OURS : ESCROW_UNCLEAR;
}

/* word: NULL takes the note away. */
static bool note_put(struct job *job, const char *campaign_id, const char *word, GError **error)
{
  g_autofree char *name = control_of(campaign_id);
  g_autofree char *note = word != NULL ? g_strdup_printf("%s %s", word, job->run_id) : NULL;
  return job->ledger->ops->control_put(job->ledger, name, note, error);
}

static bool note_get(struct job *job, const char *campaign_id, char **note, GError **error)
{
  g_autofree char *name = control_of(campaign_id);
  return job->ledger->ops->control_get(job->ledger, name, note, error);
}

bool escrow_status(struct job *job, const char *campaign_id, int64_t *status, GError **error)
{
  struct remote_campaign campaign;
  remote_campaign_init(&campaign);
  bool is_ok = job->instantly->ops->campaign_get(job->instantly, campaign_id, &campaign, error);
  *status = campaign.status;
  remote_campaign_clear(&campaign);
  return is_ok;
}

bool escrow_look(struct job *job, const char *campaign_id, int64_t status, enum escrow_mark *mark, GError **error)
{
  g_autofree char *note = NULL;
  *mark = ESCROW_NONE;
  if (!note_get(job, campaign_id, &note, error)) return false;
  if (status == CAMPAIGN_PAUSED) *mark = escrow_mark_of(note);
  if (status == CAMPAIGN_PAUSED || note == NULL || job->is_dry_run) return true;
  log_event(LOG_INFO, "escrow: the campaign is not paused any more", LOG_STR("campaign", campaign_id));
  return note_put(job, campaign_id, NULL, error);
}

bool escrow_freshen(struct job *job, const char *campaign_id, GError **error)
{
  g_autofree char *note = NULL;
  enum escrow_mark mark;
  int64_t status;
  if (!note_get(job, campaign_id, &note, error)) return false;
  if (note == NULL) return true;
  g_autoptr(GError) asking = NULL;
  if (escrow_status(job, campaign_id, &status, &asking)) return escrow_look(job, campaign_id, status, &mark, error);
  if (error_is(asking, ERROR_NOT_FOUND)) return note_put(job, campaign_id, NULL, error);
  g_propagate_error(error, g_steal_pointer(&asking));
  return false;
}

/* After a call that failed: a campaign that is seen running needs no note. Where it is paused or cannot be asked
 * (CAMPAIGN_UNREAD), the note stays as it is. */
static int64_t look_after_failure(struct job *job, const char *campaign_id)
{
  enum escrow_mark mark;
  int64_t status;
  g_autoptr(GError) ignored = NULL;
  if (!escrow_status(job, campaign_id, &status, &ignored)) return CAMPAIGN_UNREAD;
  escrow_look(job, campaign_id, status, &mark, NULL);
  return status;
}

static bool may_come_right(const GError *error)
{
  return error_is(error, ERROR_TRANSIENT) || error_is(error, ERROR_RATE_LIMITED);
}

static bool rest(struct job *job, int64_t s, GError **error)
{
  return job_wait_until(job, clock_mono_us(job->clock) + s * SECOND_US, error);
}

/* Pauses a campaign that was seen active; tried again only while it is still seen so: a pause that was not ours in the
 * meantime is not taken for ours. */
static bool pause_active(struct job *job, const char *campaign_id, GError **error)
{
  for (int tries_left = TRIES; tries_left > 0; tries_left--) {
    g_autoptr(GError) failure = NULL;
    if (!note_put(job, campaign_id, PAUSING, error)) return false;
    if (job->instantly->ops->campaign_pause(job->instantly, campaign_id, &failure)) return true;
    bool is_again =
        look_after_failure(job, campaign_id) == CAMPAIGN_ACTIVE && may_come_right(failure) && tries_left > 1;
    if (!is_again) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    if (!rest(job, job->settings->settle.recheck_s, error)) return false;
  }
  return false;
}

bool escrow_begin(struct job *job, const char *campaign_id, int64_t *status, enum escrow_mark *mark, GError **error)
{
  *mark = ESCROW_NONE;
  if (!escrow_status(job, campaign_id, status, error)) return false;
  if (*status != CAMPAIGN_ACTIVE) return true;
  log_event(LOG_INFO, "escrow: pausing the campaign while it is filled", LOG_STR("campaign", campaign_id));
  if (!pause_active(job, campaign_id, error) || !escrow_status(job, campaign_id, status, error)) return false;
  if (*status != CAMPAIGN_PAUSED) {
    error_set(error, ERROR_TRANSIENT, "Instantly said that campaign %s is paused, and does not show it so",
              campaign_id);
    return false;
  }
  *mark = ESCROW_OURS;
  return note_put(job, campaign_id, PAUSED, error);
}

/* What the two sides hold of one campaign. */
struct balance {
  const char *campaign_id;
  int64_t enrolled_n; /* in the ledger, of this campaign */
  int64_t missing_n;  /* of those, not in the list */
  int64_t known_n;    /* of those in the list, rows that carry a stamp */
  int64_t stamped_n;  /* rows of the list that carry a stamp */
};

/* Asks for the enrolments of one page by id and counts those that are there. */
static bool weigh_ids(struct job *job, const struct page *watched, struct balance *balance, GError **error)
{
  const char *ids[IDS_MAX];
  size_t ids_n = 0;
  for (guint i = 0; i < watched->rows->len; i++) {
    const struct watched *row = page_row(watched, struct watched, i);
    if (g_strcmp0(row->campaign_id, balance->campaign_id) == 0) ids[ids_n++] = row->instantly_id;
  }
  if (ids_n == 0) return true;
  struct list_query query = {.ids = ids, .ids_n = ids_n};
  struct page rows;
  page_init(&rows, sizeof(struct remote_lead));
  bool is_ok = job->instantly->ops->list(job->instantly, &query, 1, &rows, error);
  int64_t there_n = 0;
  for (guint i = 0; is_ok && i < rows.rows->len; i++) {
    const struct remote_lead *row = page_row(&rows, struct remote_lead, i);
    if (g_strcmp0(row->campaign_id, balance->campaign_id) != 0) continue;
    there_n++;
    balance->known_n += row->stamp != NULL;
  }
  balance->enrolled_n += (int64_t)ids_n;
  balance->missing_n += (int64_t)ids_n - there_n;
  page_clear(&rows);
  return is_ok;
}

static bool weigh_ledger(struct job *job, struct balance *balance, GError **error)
{
  g_autofree char *after_id = NULL;
  struct watch_query query = {.finished_after_us = 0, .limit = IDS_MAX};
  struct page watched;
  page_init(&watched, sizeof(struct watched));
  bool is_ok;
  do {
    query.after_id = after_id;
    is_ok = job->ledger->ops->watched(job->ledger, &query, &watched, error);
    if (!is_ok || watched.rows->len == 0) break;
    is_ok = weigh_ids(job, &watched, balance, error);
    g_free(after_id);
    after_id = g_strdup(page_row(&watched, struct watched, watched.rows->len - 1)->instantly_id);
  } while (is_ok && watched.rows->len == query.limit);
  page_clear(&watched);
  return is_ok;
}

static bool weigh_list(struct job *job, struct balance *balance, GError **error)
{
  g_autofree char *after = NULL;
  struct list_query query = {.campaign_id = balance->campaign_id};
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  bool is_ok;
  do {
    query.after = after;
    is_ok = !job_is_cancelled(job, error) && job->instantly->ops->list(job->instantly, &query, 1, &page, error);
    for (guint i = 0; is_ok && i < page.rows->len; i++)
      balance->stamped_n += page_row(&page, struct remote_lead, i)->stamp != NULL;
    g_free(after);
    after = is_ok ? g_strdup(page.next) : NULL;
  } while (is_ok && after != NULL);
  page_clear(&page);
  return is_ok;
}

static bool report_difference(struct job *job, const struct balance *balance, GError **error)
{
  g_autofree char *key = control_of(balance->campaign_id);
  g_autofree char *message = g_strdup_printf("campaign %s stays paused in escrow: %" G_GINT64_FORMAT
                                             " of %" G_GINT64_FORMAT " enrolments are not in its list, "
                                             "and %" G_GINT64_FORMAT " rows carry our stamp where %" G_GINT64_FORMAT
                                             " should; run `leadferry sync --full`, then "
                                             "`leadferry export`",
                                             balance->campaign_id, balance->missing_n, balance->enrolled_n,
                                             balance->stamped_n, balance->known_n);
  log_event(LOG_ERROR, "escrow: list and ledger differ", LOG_STR("campaign", balance->campaign_id),
            LOG_INT("missing", balance->missing_n), LOG_INT("stamped", balance->stamped_n),
            LOG_INT("known", balance->known_n));
  struct error_row row = {.type = "escrow", .message = message, .key = key};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

bool escrow_agrees(struct job *job, const char *campaign_id, bool *is_agreed, GError **error)
{
  struct balance balance = {.campaign_id = campaign_id};
  if (!weigh_ledger(job, &balance, error) || !weigh_list(job, &balance, error)) return false;
  *is_agreed = balance.missing_n == 0 && balance.stamped_n == balance.known_n;
  return *is_agreed || report_difference(job, &balance, error);
}

/* An answer that did not come may still have its effect, and who pauses after that must not be woken: the campaign is
 * watched for as long as a request may be on its way. *status: the first state that is not a pause, or the pause. */
static bool watch_pause(struct job *job, const char *campaign_id, int64_t *status, GError **error)
{
  int64_t until_us = clock_mono_us(job->clock) + job->settings->settle.wait_s * SECOND_US;
  for (;;) {
    *status = look_after_failure(job, campaign_id);
    if (*status != CAMPAIGN_PAUSED || clock_mono_us(job->clock) >= until_us) return true;
    if (!rest(job, WATCH_S, error)) return false;
  }
}

/* One activation. *is_paused: the campaign is paused and it may be tried again; the note says what is known. */
static bool activate_once(struct job *job, const char *campaign_id, bool *is_paused, GError **error)
{
  int64_t status;
  enum escrow_mark mark;
  g_autoptr(GError) failure = NULL;
  *is_paused = false;
  if (!note_put(job, campaign_id, ACTIVATING, error)) return false;
  if (job->instantly->ops->campaign_activate(job->instantly, campaign_id, &failure))
    return escrow_status(job, campaign_id, &status, error) && escrow_look(job, campaign_id, status, &mark, error);
  bool is_unknown = error_is(failure, ERROR_TRANSIENT);
  if (is_unknown && !watch_pause(job, campaign_id, &status, error)) return false;
  if (!is_unknown) status = look_after_failure(job, campaign_id);
  if (status == CAMPAIGN_ACTIVE) return true;
  *is_paused = status == CAMPAIGN_PAUSED && may_come_right(failure);
  bool is_noted = is_unknown || status != CAMPAIGN_PAUSED || note_put(job, campaign_id, PAUSED, NULL);
  if (!is_noted) log_event(LOG_ERROR, "escrow: the note was not written", LOG_STR("campaign", campaign_id));
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

static bool activate(struct job *job, const char *campaign_id, GError **error)
{
  for (int tries_left = TRIES;; tries_left--) {
    g_autoptr(GError) failure = NULL;
    bool is_paused;
    if (activate_once(job, campaign_id, &is_paused, &failure)) return true;
    if (!is_paused || tries_left <= 1) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    if (!rest(job, job->settings->settle.recheck_s, error)) return false;
  }
}

bool escrow_end(struct job *job, const char *campaign_id, bool *is_over, GError **error)
{
  enum escrow_mark mark;
  int64_t status;
  *is_over = false;
  if (!escrow_status(job, campaign_id, &status, error) || !escrow_look(job, campaign_id, status, &mark, error))
    return false;
  *is_over = status != CAMPAIGN_PAUSED;
  if (mark != ESCROW_OURS) return true;
  if (!activate(job, campaign_id, error) || !escrow_status(job, campaign_id, &status, error)) return false;
  *is_over = status != CAMPAIGN_PAUSED;
  log_event(*is_over ? LOG_INFO : LOG_ERROR,
            *is_over ? "escrow: list and ledger agree, activated" : "escrow: activated, and shown paused",
            LOG_STR("campaign", campaign_id));
  return true;
}

/* A completed campaign is nobody's pause, so it may be tried again for as long as it is seen so. */
bool escrow_wake(struct job *job, const char *campaign_id, int64_t *status, GError **error)
{
  for (int tries_left = TRIES;; tries_left--) {
    g_autoptr(GError) failure = NULL;
    if (!escrow_status(job, campaign_id, status, error)) return false;
    if (*status != CAMPAIGN_COMPLETED && *status != CAMPAIGN_SUBSEQUENCES) return true;
    log_event(LOG_INFO, "activating a completed campaign that got new leads", LOG_STR("campaign", campaign_id));
    if (job->instantly->ops->campaign_activate(job->instantly, campaign_id, &failure)) {
      *status = CAMPAIGN_ACTIVE;
      return true;
    }
    if (!may_come_right(failure) || tries_left <= 1) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    if (!rest(job, job->settings->settle.recheck_s, error)) return false;
  }
}
