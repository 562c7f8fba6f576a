#include "core/sync_enforce.h"

#include "base/log.h"
#include "core/sync_read.h"

#define PUSH_MAX 1000

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
    struct push_query query = {job->now_us, job->bulk_stops_wait, PUSH_MAX};
    is_ok = job->ledger->ops->unpushed(job->ledger, &query, &stops, error);
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
