#include "core/sync_enforce.h"

#include <string.h>

#include "base/email.h"
#include "base/log.h"
#include "core/sync_read.h"

#define PUSH_MAX   1000
#define UNLIST_MAX 100

/* ---- onto the block list ---- */

static const char *value_of(const struct suppression *stop)
{
  return stop->person != NULL ? stop->person : stop->domain;
}

#define FOREIGN_NAMED_MAX 100

/* Foreign rows of stopped persons stay: the block list keeps them from being mailed, and whoever put them there knows
 * why. Each is named by Instantly's id of it. */
static bool report_foreign(struct job *job, const struct page *foreign, GError **error)
{
  if (foreign->rows->len == 0) return true;
  log_event(LOG_WARNING, "stopped persons have rows that are not ours", LOG_INT("rows", foreign->rows->len));
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(struct error_row));
  for (guint i = 0; i < MIN(foreign->rows->len, FOREIGN_NAMED_MAX); i++) {
    const struct foreign_row *found = page_row(foreign, struct foreign_row, i);
    char *ref = g_strconcat("instantly:", found->instantly_id, NULL);
    char *message = g_strdup_printf("somebody else put an active row of a stopped person into campaign %s (one of "
                                    "%u such rows): the person is on the block list, and the row was left there",
                                    found->campaign_id, foreign->rows->len);
    char *key = g_strconcat("stopped_foreign|", found->instantly_id, NULL);
    struct error_row row = {.type = "stopped_foreign", .lead_ref = ref, .message = message, .key = key};
    g_ptr_array_add(texts, ref);
    g_ptr_array_add(texts, message);
    g_ptr_array_add(texts, key);
    g_array_append_val(rows, row);
  }
  return job->ledger->ops->errors_append(job->ledger, (const struct error_row *)(void *)rows->data, rows->len, error);
}

static bool stage_persons_of(struct job *job, const GArray *confirmed, struct sync_report *report, GError **error)
{
  g_autofree const char **persons = g_new0(const char *, confirmed->len + 1);
  size_t n = 0;
  struct page foreign;
  page_init(&foreign, sizeof(struct foreign_row));
  for (guint i = 0; i < confirmed->len; i++) {
    const char *person = g_array_index(confirmed, struct suppression, i).person;
    if (person != NULL) persons[n++] = person;
  }
  bool is_ok = sync_stage_persons(job, persons, n, &foreign, error) && report_foreign(job, &foreign, error);
  report->stopped_foreign_n += foreign.rows->len;
  page_clear(&foreign);
  return is_ok;
}

/* A round of pushing. */
struct push {
  struct job *job;
  struct sync_report *report;
  struct page stops;  /* struct suppression */
  GHashTable *listed; /* what the list held when it was read last; NULL: it was not */
};

static void push_clear(struct push *push)
{
  page_clear(&push->stops);
  g_clear_pointer(&push->listed, g_hash_table_unref);
}

static bool read_list(struct push *push, GError **error)
{
  struct page listed;
  page_init(&listed, sizeof(struct suppression));
  bool is_ok = push->job->instantly->ops->blocklist_read(push->job->instantly, &listed, error);
  g_clear_pointer(&push->listed, g_hash_table_unref);
  push->listed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; is_ok && i < listed.rows->len; i++)
    g_hash_table_add(push->listed, g_strdup(value_of(page_row(&listed, struct suppression, i))));
  page_clear(&listed);
  return is_ok;
}

static bool read_waiting(struct push *push, GError **error)
{
  struct job *job = push->job;
  struct push_query query = {job->now_us, job->bulk_stops_wait, PUSH_MAX};
  return job->ledger->ops->unpushed(job->ledger, &query, &push->stops, error);
}

/* The other address of a stop with a +tag; NULL: it has none, or what is left of it is no address. Caller frees. */
static char *folded_address(const struct suppression *stop)
{
  if (stop->person == NULL) return NULL;
  g_autofree char *folded = email_fold_tag(stop->person), *person = NULL;
  if (g_str_equal(folded, stop->person)) return NULL;
  return email_canonical(folded, strlen(folded), &person) == EMAIL_OK ? g_steal_pointer(&person) : NULL;
}

/* Whoever stopped as ann+x@ is stopped as ann@ too, which the list cannot know: it gets an entry of its own. */
static bool name_folded(struct push *push, GError **error)
{
  g_autoptr(GArray) folded = g_array_new(FALSE, TRUE, sizeof(struct suppression));
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < push->stops.rows->len; i++) {
    const struct suppression *stop = page_row(&push->stops, struct suppression, i);
    char *person = folded_address(stop);
    if (person == NULL) continue;
    g_ptr_array_add(texts, person);
    struct suppression other = {.person = person,
                                .reason = g_str_equal(stop->reason, "unsubscribed") ? "unsubscribed" : "manual",
                                .source = "sync",
                                .actor = STOP_OF_SPELLING,
                                .created_at_us = stop->created_at_us};
    g_array_append_val(folded, other);
  }
  int64_t added_n = 0;
  const struct ledger_ops *ops = push->job->ledger->ops;
  if (folded->len > 0 &&
      !ops->suppress(push->job->ledger, (const struct suppression *)(void *)folded->data, folded->len, &added_n, error))
    return false;
  return added_n == 0 || read_waiting(push, error);
}

/* Noted before the push, so that a run which dies behind it does not find its own entries and take them for others'. */
static bool note_listed(struct push *push, GError **error)
{
  if (push->listed == NULL && !read_list(push, error)) return false;
  for (guint i = 0; i < push->stops.rows->len; i++) {
    struct suppression *stop = page_row(&push->stops, struct suppression, i);
    stop->was_listed = g_hash_table_contains(push->listed, value_of(stop));
  }
  return push->job->ledger->ops->listing(push->job->ledger, page_row(&push->stops, struct suppression, 0),
                                         push->stops.rows->len, error);
}

static bool add_missing(struct push *push, GError **error)
{
  g_autofree const char **values = g_new0(const char *, push->stops.rows->len + 1);
  size_t n = 0;
  for (guint i = 0; i < push->stops.rows->len; i++) {
    const struct suppression *stop = page_row(&push->stops, struct suppression, i);
    if (!stop->was_listed) values[n++] = value_of(stop);
  }
  if (n == 0) return true;
  return push->job->instantly->ops->blocklist_add(push->job->instantly, values, n, error) && read_list(push, error);
}

/* Confirms those that the block list shows; what it does not show stays unpushed and is tried again by the next sync.
 */
static bool confirm_pushed(struct push *push, GError **error)
{
  struct job *job = push->job;
  g_autoptr(GArray) confirmed = g_array_new(FALSE, TRUE, sizeof(struct suppression));
  for (guint i = 0; i < push->stops.rows->len; i++)
    if (g_hash_table_contains(push->listed, value_of(page_row(&push->stops, struct suppression, i))))
      g_array_append_vals(confirmed, page_row(&push->stops, struct suppression, i), 1);
  push->report->pushed_n += confirmed->len;
  return job->ledger->ops->pushed(job->ledger, (const struct suppression *)(void *)confirmed->data, confirmed->len,
                                  job->now_us, error) &&
         stage_persons_of(job, confirmed, push->report, error);
}

/* One round pushes up to PUSH_MAX; rounds go on while each one confirms all it pushed. */
bool sync_push_stops(struct job *job, struct sync_report *report, GError **error)
{
  if (!job->settings->sync.push_stops) return true;
  struct push push = {.job = job, .report = report};
  page_init(&push.stops, sizeof(struct suppression));
  bool is_ok, has_more;
  do {
    int64_t before_n = report->pushed_n;
    is_ok = read_waiting(&push, error) && name_folded(&push, error);
    if (!is_ok || push.stops.rows->len == 0) break;
    is_ok = note_listed(&push, error) && add_missing(&push, error) && confirm_pushed(&push, error);
    has_more = push.stops.rows->len == PUSH_MAX && report->pushed_n - before_n == PUSH_MAX;
  } while (is_ok && has_more);
  push_clear(&push);
  return is_ok;
}

/* ---- off the block list ---- */

static bool is_refusal(const GError *error)
{
  return (error_is(error, ERROR_AUTH) && error_status(error) == 403) || error_is(error, ERROR_REJECTED);
}

/* Said, and the job goes on: what is left there silences people whom nobody stops any more, and stops nobody here. */
static bool report_refusal(struct job *job, const GError *refusal, struct unlist_report *report, GError **error)
{
  bool is_scope = error_is(refusal, ERROR_AUTH);
  report->was_refused = true;
  log_event(LOG_ERROR, "removed stops are left on the block list", LOG_STR("error", refusal->message));
  g_autofree char *message = g_strdup_printf(
      "stops that were removed are still on Instantly's block list: %s%s",
      is_scope ? "the key lacks the scope block_list_entries:delete; give it that scope in Instantly, or delete the "
                 "entries there"
               : "Instantly said: ",
      is_scope ? "" : refusal->message);
  struct error_row row = {.type = "scope_missing", .message = message, .key = "unlist"};
  if (!is_scope) row.type = "request_refused";
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

/* Each is noted at once: what a run that dies here took away is not looked for again. */
static bool unlist_each(struct job *job, const struct page *values, struct unlist_report *report, GError **error)
{
  for (guint i = 0; i < values->rows->len; i++) {
    const struct suppression *stop = page_row(values, struct suppression, i);
    g_autoptr(GError) failure = NULL;
    if (job_is_cancelled(job, error)) return false;
    if (!job->instantly->ops->blocklist_remove(job->instantly, value_of(stop), &failure)) {
      if (is_refusal(failure)) return report_refusal(job, failure, report, error);
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    if (!job->ledger->ops->unlisted(job->ledger, stop, 1, error)) return false;
    report->unlisted_n++;
  }
  return true;
}

bool sync_unlist_stops(struct job *job, const struct ledger_facts *facts, struct unlist_report *report, GError **error)
{
  struct page values;
  if (facts->unlisting_n == 0 || job->is_dry_run) return true;
  page_init(&values, sizeof(struct suppression));
  bool is_ok;
  do {
    is_ok =
        job->ledger->ops->unlisting(job->ledger, job->ledger->ops->now_us(job->ledger), UNLIST_MAX, &values, error) &&
        unlist_each(job, &values, report, error);
  } while (is_ok && !report->was_refused && values.rows->len == UNLIST_MAX);
  page_clear(&values);
  return is_ok;
}
