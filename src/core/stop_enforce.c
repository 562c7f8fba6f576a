#include "core/stop_enforce.h"

#include <string.h>

#include "base/log.h"
#include "core/complete_remove.h"
#include "core/settle.h"
#include "core/stop_claims.h"
#include "core/sync_enforce.h"

#define PAGE_MAX 500

/* What is done with each page of rows. */
struct walk {
  struct remover remover;
  int64_t due_n, named_n, waiting_n; /* waiting: for the block list */
};
typedef bool walk_f(struct walk *walk, const struct page *due, GError **error);

static bool walk_stopped(struct walk *walk, walk_f *each, GError **error)
{
  struct job *job = walk->remover.job;
  struct removal_query query;
  stop_query_init(&query, job, PAGE_MAX);
  struct page due;
  page_init(&due, sizeof(struct removal));
  g_autofree char *after_lead_id = NULL;
  bool is_ok = true, has_more = true;
  while (is_ok && has_more) {
    query.after_lead_id = after_lead_id;
    is_ok = !job_is_cancelled(job, error) && job->ledger->ops->removals(job->ledger, &query, &due, error);
    has_more = is_ok && due.rows->len == PAGE_MAX;
    if (!is_ok || due.rows->len == 0) break;
    is_ok = each(walk, &due, error);
    g_free(after_lead_id);
    after_lead_id = g_strdup(page_row(&due, struct removal, due.rows->len - 1)->lead_id);
  }
  page_clear(&due);
  return is_ok;
}

/* Whoever stopped as ann@ has a row as ann+x@, which the block list would let pass: it gets an entry of its own. */
static bool name_each(struct walk *walk, const struct page *due, GError **error)
{
  struct job *job = walk->remover.job;
  g_autoptr(GArray) stops = g_array_new(FALSE, TRUE, sizeof(struct suppression));
  for (guint i = 0; i < due->rows->len; i++) {
    const struct removal *removal = page_row(due, struct removal, i);
    struct suppression stop = {.person = removal->person,
                               .reason = removal->is_unsubscribed ? "unsubscribed" : "manual",
                               .source = "sync",
                               .actor = STOP_OF_SPELLING,
                               .created_at_us = stop_now_us(job)};
    walk->waiting_n += removal->is_lasting && !removal->is_block_listed;
    if (job->settings->sync.push_stops && removal->is_lasting && !removal->is_named) g_array_append_val(stops, stop);
  }
  walk->due_n += due->rows->len;
  walk->named_n += stops->len;
  return stops->len == 0 || job->ledger->ops->suppress(job->ledger, (const struct suppression *)(void *)stops->data,
                                                       stops->len, NULL, error);
}

static bool remove_each(struct walk *walk, const struct page *due, GError **error)
{
  return remover_page(&walk->remover, due, error);
}

/* A row that nothing has shown yet is absent only when it is looked for once more, late enough: the list lags. */
static bool remove_patiently(struct walk *walk, GError **error)
{
  struct job *job = walk->remover.job;
  const struct settle_settings *settle = &job->settings->settle;
  const int64_t waits_s[] = {settle->wait_s, settle->recheck_s};
  if (!walk_stopped(walk, remove_each, error)) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(waits_s) && walk->remover.unseen_n > 0; i++) {
    if (!job_wait_until(job, clock_mono_us(job->clock) + waits_s[i] * SECOND_US, error)) return false;
    if (!job->ledger->ops->fold(job->ledger, error)) return false; /* what is gone is no question any more */
    walk->remover.unseen_n = walk->remover.changed_n = walk->remover.still_mailed_n = 0;
    walk->remover.is_absence_sure = i + 1 == G_N_ELEMENTS(waits_s);
    if (!walk_stopped(walk, remove_each, error)) return false;
  }
  return true;
}

/* Under the lease of `complete`, which the remover asks for before each delete. */
static bool remove_leased(struct job *job, struct stop_report *report, GError **error)
{
  struct lease own_lease = job->lease;
  bool is_complete = strcmp(own_lease.job, "complete") == 0;
  struct walk walk = {.remover = {.job = job, .cause = REMOVAL_OF_STOPPED}};
  if (!is_complete && !job->ledger->ops->lease_acquire(job->ledger, "complete", &job->lease, error)) {
    job->lease = own_lease;
    return false;
  }
  bool is_ok = remove_patiently(&walk, error);
  if (!is_complete) {
    job->ledger->ops->lease_release(job->ledger, &job->lease);
    job->lease = own_lease;
  }
  report->removed_n += walk.remover.removed_n;
  report->cut_n += walk.remover.cut_n;
  report->left_n += walk.remover.changed_n;
  report->deferred_n += walk.remover.unseen_n + walk.remover.unconfirmed_n;
  report->still_mailed_n += walk.remover.still_mailed_n;
  return is_ok && job->ledger->ops->fold(job->ledger, error);
}

/* Where another process removes already, the rows wait for the next job. */
static bool remove_or_defer(struct job *job, int64_t due_n, struct stop_report *report, GError **error)
{
  if (!stop_hits_decide(job, &report->hits, error)) return false;
  g_autoptr(GError) removing = NULL;
  if (remove_leased(job, report, &removing)) return true;
  if (!error_is(removing, ERROR_LOCKED)) {
    g_propagate_error(error, g_steal_pointer(&removing));
    return false;
  }
  log_event(LOG_WARNING, "rows of stopped persons wait for the next job", LOG_STR("error", removing->message),
            LOG_INT("rows", due_n));
  report->deferred_n += due_n;
  return true;
}

/* A job that has asked nothing so far (recover) knows no time of Instantly's; the answer of this one has it. */
static bool learn_time(struct job *job, GError **error)
{
  struct plan_details plan;
  return job->now_us != 0 || (job->instantly->ops->plan(job->instantly, &plan, error) && job_fix_now(job, error));
}

/* Does any stop, whoever wrote it, meet a row that may be live? On most days none does, and then there is nothing to
 * decide about either: one statement instead of four, where each is billed. */
static bool is_any_met(struct job *job, bool *is_met, GError **error)
{
  struct removal_query query;
  stop_query_init(&query, job, 1);
  query.bulk_waits = false;
  struct page due;
  page_init(&due, sizeof(struct removal));
  bool is_ok = job->ledger->ops->removals(job->ledger, &query, &due, error);
  *is_met = due.rows->len > 0;
  page_clear(&due);
  return is_ok;
}

bool stop_enforce(struct job *job, struct stop_report *report, GError **error)
{
  struct walk walk = {.remover = {.job = job}};
  struct sync_report pushed = {0};
  bool is_met = false;
  if (!stop_settle_claims(job, error) || !is_any_met(job, &is_met, error)) return false;
  if (!is_met) return true;
  if (!stop_hits_decide(job, &report->hits, error)) return false;
  if (!walk_stopped(&walk, name_each, error)) return false;
  if (walk.due_n == 0) return true;
  if (!learn_time(job, error)) return false;
  if (walk.waiting_n > 0 && !sync_push_stops(job, &pushed, error)) return false;
  return remove_or_defer(job, walk.due_n, report, error);
}

static bool is_worth_it(const GError *failure)
{
  static const enum error_kind kinds[] = {ERROR_UNSAFE, ERROR_CONFIG, ERROR_REJECTED, ERROR_NOT_FOUND, ERROR_CORRUPT};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (error_is(failure, kinds[i])) return true;
  return false;
}

void stop_enforce_anyway(struct job *job, struct stop_report *report, GError **failure)
{
  g_autoptr(GError) enforcing = NULL;
  if (!is_worth_it(*failure)) return;
  if (!stop_enforce(job, report, &enforcing))
    log_event(LOG_ERROR, "rows of stopped persons may be left", LOG_STR("error", enforcing->message));
  int64_t left_n = report->deferred_n + report->still_mailed_n;
  if (report->removed_n + left_n > 0)
    g_prefix_error(failure,
                   "rows of stopped persons: %" G_GINT64_FORMAT " were taken out, %" G_GINT64_FORMAT
                   " are left; the run itself: ",
                   report->removed_n, left_n);
}

bool stop_needs_look(const struct stop_report *report)
{
  return report->deferred_n + report->still_mailed_n > 0 || report->hits.waits;
}
