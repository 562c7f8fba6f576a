#include "core/stop_enforce.h"

#include "base/log.h"
#include "core/complete_remove.h"
#include "core/sync_enforce.h"

#define PAGE_MAX 500

/* What is done with each page of them. */
struct walk {
  struct remover remover;
  int64_t due_n, named_n;
};
typedef bool walk_f(struct walk *walk, const struct page *due, GError **error);

static bool walk_stopped(struct walk *walk, walk_f *each, GError **error)
{
  struct job *job = walk->remover.job;
  struct removal_query query = {
      .now_us = job->now_us, .of_stopped = true, .bulk_waits = job->bulk_stops_wait, .limit = PAGE_MAX};
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
                               .reason = removal->outcome == OUTCOME_UNSUBSCRIBED ? "unsubscribed" : "manual",
                               .source = "sync",
                               .actor = "the same person with a tag",
                               .created_at_us = job->now_us};
    if (!removal->is_named) g_array_append_val(stops, stop);
  }
  walk->due_n += due->rows->len;
  walk->named_n += stops->len;
  return stops->len == 0 || job->ledger->ops->suppress(job->ledger, (const struct suppression *)(void *)stops->data,
                                                       stops->len, NULL, error);
}

static bool remove_each(struct walk *walk, const struct page *due, GError **error)
{
  int64_t left_n = walk->remover.job->settings->complete.max_removals - walk->remover.removed_n;
  struct page first = *due;
  GArray rows = *due->rows;
  rows.len = (guint)CLAMP(left_n, 0, (int64_t)rows.len);
  first.rows = &rows;
  walk->due_n += due->rows->len - rows.len;
  return rows.len == 0 || remover_page(&walk->remover, &first, error);
}

/* Under the lease of `complete`, which the remover asks for before each delete. */
static bool remove_leased(struct job *job, struct sync_report *report, GError **error)
{
  struct lease sync_lease = job->lease;
  struct walk walk = {.remover = {.job = job, .cause = REMOVAL_OF_STOPPED}};
  if (!job->ledger->ops->lease_acquire(job->ledger, "complete", &job->lease, error)) {
    job->lease = sync_lease;
    return false;
  }
  bool is_ok = walk_stopped(&walk, remove_each, error);
  job->ledger->ops->lease_release(job->ledger, &job->lease);
  job->lease = sync_lease;
  report->stopped_removed_n += walk.remover.removed_n;
  report->stopped_left_n += walk.remover.changed_n;
  report->stopped_deferred_n += walk.due_n;
  return is_ok && job->ledger->ops->fold(job->ledger, error);
}

bool sync_remove_stopped(struct job *job, struct sync_report *report, GError **error)
{
  struct walk walk = {.remover = {.job = job}};
  if (!job->settings->sync.push_stops) return true;
  if (!stop_hits_decide(job, &report->hits, error)) return false;
  if (!walk_stopped(&walk, name_each, error)) return false;
  if (walk.due_n == 0) return true;
  if (walk.named_n > 0 && !sync_push_stops(job, report, error)) return false;
  g_autoptr(GError) removing = NULL;
  if (remove_leased(job, report, &removing)) return true;
  if (!error_is(removing, ERROR_LOCKED)) {
    g_propagate_error(error, g_steal_pointer(&removing));
    return false;
  }
  log_event(LOG_WARNING, "rows of stopped persons wait for the next sync", LOG_STR("error", removing->message),
            LOG_INT("rows", walk.due_n));
  report->stopped_deferred_n += walk.due_n;
  return true;
}
