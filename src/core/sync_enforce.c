#include "core/sync_enforce.h"

#include "base/log.h"
#include "core/complete_remove.h"
#include "core/sync_read.h"

#define PUSH_MAX 1000
#define PAGE_MAX 500

/* ---- the block list ---- */

static const char *value_of(const struct suppression *stop)
{
  return stop->person != NULL ? stop->person : stop->domain;
}

/* Foreign rows of stopped persons stay: the block list keeps them from being mailed, and whoever put them there knows
 * why. */
static bool report_foreign(struct job *job, int64_t foreign_n, GError **error)
{
  if (foreign_n == 0) return true;
  log_event(LOG_WARNING, "stopped persons have rows that are not ours", LOG_INT("rows", foreign_n));
  g_autofree char *message = g_strdup_printf(
      "%" G_GINT64_FORMAT " active rows of persons who were stopped were put into Instantly by somebody "
      "else; they are on the block list and were left there",
      foreign_n);
  struct error_row row = {.type = "stopped_foreign", .message = message, .key = job->run_id};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

static bool stage_persons_of(struct job *job, const GArray *confirmed, struct sync_report *report, GError **error)
{
  g_autofree const char **persons = g_new0(const char *, confirmed->len + 1);
  size_t n = 0;
  int64_t foreign_n = 0;
  for (guint i = 0; i < confirmed->len; i++) {
    const char *person = g_array_index(confirmed, struct suppression, i).person;
    if (person != NULL) persons[n++] = person;
  }
  bool is_ok = sync_stage_persons(job, persons, n, &foreign_n, error) && report_foreign(job, foreign_n, error);
  report->stopped_foreign_n += foreign_n;
  return is_ok;
}

/* Confirms those that the block list shows; what it does not show stays unpushed and is tried again by the next sync.
 */
static bool confirm_pushed(struct job *job, const struct page *stops, struct sync_report *report, GError **error)
{
  struct page listed;
  page_init(&listed, sizeof(struct suppression));
  bool is_ok = job->instantly->ops->blocklist_read(job->instantly, &listed, error);
  g_autoptr(GHashTable) values = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; is_ok && i < listed.rows->len; i++)
    g_hash_table_add(values, (gpointer)value_of(page_row(&listed, struct suppression, i)));
  g_autoptr(GArray) confirmed = g_array_new(FALSE, TRUE, sizeof(struct suppression));
  for (guint i = 0; is_ok && i < stops->rows->len; i++)
    if (g_hash_table_contains(values, value_of(page_row(stops, struct suppression, i))))
      g_array_append_vals(confirmed, page_row(stops, struct suppression, i), 1);
  is_ok = is_ok &&
          job->ledger->ops->pushed(job->ledger, (const struct suppression *)(void *)confirmed->data, confirmed->len,
                                   job->now_us, error) &&
          stage_persons_of(job, confirmed, report, error);
  report->pushed_n += confirmed->len;
  page_clear(&listed);
  return is_ok;
}

/* One round pushes up to PUSH_MAX; rounds go on while each one confirms all it pushed. */
bool sync_push_stops(struct job *job, struct sync_report *report, GError **error)
{
  if (!job->settings->sync.push_stops) return true;
  struct page stops;
  page_init(&stops, sizeof(struct suppression));
  bool is_ok, has_more;
  do {
    int64_t before_n = report->pushed_n;
    is_ok = job->ledger->ops->unpushed(job->ledger, job->now_us, PUSH_MAX, &stops, error);
    if (!is_ok || stops.rows->len == 0) break;
    g_autofree const char **values = g_new0(const char *, stops.rows->len + 1);
    for (guint i = 0; i < stops.rows->len; i++)
      values[i] = value_of(page_row(&stops, struct suppression, i));
    is_ok = job->instantly->ops->blocklist_add(job->instantly, values, stops.rows->len, error) &&
            confirm_pushed(job, &stops, report, error);
    has_more = stops.rows->len == PUSH_MAX && report->pushed_n - before_n == PUSH_MAX;
  } while (is_ok && has_more);
  page_clear(&stops);
  return is_ok;
}

/* ---- our live rows ---- */

/* What is done with each page of them. */
struct walk {
  struct remover remover;
  int64_t due_n, named_n;
};
typedef bool walk_f(struct walk *walk, const struct page *due, GError **error);

static bool walk_stopped(struct walk *walk, walk_f *each, GError **error)
{
  struct job *job = walk->remover.job;
  struct removal_query query = {.now_us = job->now_us, .of_stopped = true, .limit = PAGE_MAX};
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
