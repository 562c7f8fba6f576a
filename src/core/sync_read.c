#include "core/sync_read.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "core/bounce_guard.h"
#include "core/subsequence.h"
#include "core/sync_home.h"

/* An enrolment counts as gone after two absences at least this far apart. */
#define VANISH_AFTER_HOURS 24

#define IDS_MAX 100 /* ids or contacts of one question, the API's page size */

/* ---- a set of pages in flight ---- */

struct reader {
  struct list_query *queries;
  struct page *pages;
  char **cursors; /* owned: what queries[i].after points to */
  size_t queries_n;
};

static void reader_init(struct reader *reader, size_t queries_n)
{
  reader->queries = g_new0(struct list_query, queries_n);
  reader->pages = g_new0(struct page, queries_n);
  reader->cursors = g_new0(char *, queries_n);
  reader->queries_n = queries_n;
  for (size_t i = 0; i < queries_n; i++)
    page_init(&reader->pages[i], sizeof(struct remote_lead));
}

static void reader_clear(struct reader *reader)
{
  for (size_t i = 0; i < reader->queries_n; i++) {
    page_clear(&reader->pages[i]);
    g_free(reader->cursors[i]);
  }
  g_free(reader->queries);
  g_free(reader->pages);
  g_free(reader->cursors);
}

/* ---- rows on their way into the stage ---- */

/* A commit for each page of 100 rows was two thirds of a sync's work: pages are kept until there are this many rows. */
#define STAGE_ROWS 1000

struct staging {
  GArray *rows;  /* struct remote_lead, with the texts of the pages */
  GArray *pages; /* struct page */
};

static void staging_forget(struct staging *staging)
{
  for (guint i = 0; i < staging->pages->len; i++)
    page_clear(&g_array_index(staging->pages, struct page, i));
  g_array_set_size(staging->pages, 0);
  g_array_set_size(staging->rows, 0);
}

static void staging_init(struct staging *staging)
{
  staging->rows = g_array_new(FALSE, FALSE, sizeof(struct remote_lead));
  staging->pages = g_array_new(FALSE, FALSE, sizeof(struct page));
}

static void staging_clear(struct staging *staging)
{
  staging_forget(staging);
  g_array_unref(staging->rows);
  g_array_unref(staging->pages);
}

/* Stages what was kept: before anything asks what is staged. */
static bool staging_flush(struct job *job, struct staging *staging, GError **error)
{
  bool is_ok =
      staging->rows->len == 0 ||
      job->ledger->ops->stage(job->ledger, job->run_id, (const struct remote_lead *)(const void *)staging->rows->data,
                              staging->rows->len, error);
  staging_forget(staging);
  return is_ok;
}

/* Takes the rows over; the reader's page is new and empty then, but for its cursor. */
static bool staging_take(struct job *job, struct staging *staging, struct page *page, GError **error)
{
  if (page->rows->len == 0) return true;
  g_array_append_vals(staging->rows, page->rows->data, page->rows->len);
  struct page kept = *page;
  page_init(page, sizeof(struct remote_lead));
  page->next = g_steal_pointer(&kept.next);
  g_array_append_val(staging->pages, kept);
  return staging->rows->len < STAGE_ROWS || staging_flush(job, staging, error);
}

/* At once: pages of stops are few. */
static bool stage_page(struct job *job, const struct page *page, GError **error)
{
  if (page->rows->len == 0) return true;
  return job->ledger->ops->stage(job->ledger, job->run_id, page_row(page, struct remote_lead, 0), page->rows->len,
                                 error);
}

/* Moves each query on to its next page; those at their end leave the front. Returns how many are left. */
static size_t advance(struct reader *reader, size_t live_n)
{
  size_t kept_n = 0;
  for (size_t i = 0; i < live_n; i++) {
    if (reader->pages[i].next == NULL) continue;
    char *cursor = g_strdup(reader->pages[i].next);
    struct list_query query = reader->queries[i];
    g_free(reader->cursors[i]);
    reader->cursors[i] = NULL;
    g_free(reader->cursors[kept_n]);
    reader->cursors[kept_n] = cursor;
    reader->queries[kept_n] = query;
    reader->queries[kept_n].after = cursor;
    kept_n++;
  }
  return kept_n;
}

/* What no list reaches: cursors that are always new would be followed for ever. */
#define ROWS_FLOOR   1000000
#define ROWS_PER_ONE 10

/* The ledger is asked what it knows only where the floor is passed. */
static bool has_an_end(struct job *job, int64_t read_n, int64_t *max_n, GError **error)
{
  if (*max_n == 0) *max_n = job->settings->sync.max_rows > 0 ? job->settings->sync.max_rows : ROWS_FLOOR;
  if (read_n <= *max_n) return true;
  struct ledger_facts facts = {0};
  bool is_given = job->settings->sync.max_rows > 0;
  if (!is_given && !job->ledger->ops->facts(job->ledger, &facts, error)) return false;
  *max_n = MAX(*max_n, ROWS_PER_ONE * facts.enrolled);
  if (read_n <= *max_n) return true;
  error_set(error, ERROR_CORRUPT,
            "Instantly's list went on after %" G_GINT64_FORMAT
            " rows: it counts as endless, and nothing is concluded from it (sync.max_rows sets another limit)",
            *max_n);
  return false;
}

/* Reads all queries to their ends, side by side. */
static bool read_to_end(struct job *job, struct reader *reader, sync_page_f *each, void *context, GError **error)
{
  size_t live_n = reader->queries_n;
  int64_t read_n = 0, max_n = 0;
  while (live_n > 0) {
    if (job_is_cancelled(job, error)) return false;
    (void)job_keep_lease(job, NULL); /* facts may be read and appended without it; who decides on them looks again */
    if (!job->instantly->ops->list(job->instantly, reader->queries, live_n, reader->pages, error)) return false;
    for (size_t i = 0; i < live_n; i++)
      read_n += reader->pages[i].rows->len;
    if (!has_an_end(job, read_n, &max_n, error)) return false;
    for (size_t i = 0; i < live_n; i++)
      if (!subsequences_apply(job, &reader->pages[i], error) || !each(job, &reader->pages[i], context, error))
        return false;
    live_n = advance(reader, live_n);
  }
  return true;
}

bool sync_read_lists(struct job *job, const struct list_reading *reading, GError **error)
{
  struct reader reader;
  if (reading->queries_n == 0) return true;
  reader_init(&reader, reading->queries_n);
  memcpy(reader.queries, reading->queries, reading->queries_n * sizeof *reading->queries);
  bool is_ok = read_to_end(job, &reader, reading->each, reading->context, error);
  reader_clear(&reader);
  return is_ok;
}

struct campaigns_read {
  struct staging staging;
  int64_t read_n;
  GArray *bounces; /* or NULL */
};

static bool stage_each(struct job *job, struct page *page, void *context, GError **error)
{
  struct campaigns_read *read = context;
  read->read_n += page->rows->len;
  if (read->bounces) bounce_counts_page(read->bounces, page);
  job_progress(job, "leads", read->read_n, 0, 0);
  return staging_take(job, &read->staging, page, error);
}

/* Lists hold whatever the workspace's people put there: of them the rows with a stamp of ours alone are staged. */
static bool stage_listed(struct job *job, struct page *page, void *context, GError **error)
{
  struct campaigns_read *read = context;
  read->read_n += page->rows->len;
  job_progress(job, "leads", read->read_n, 0, 0);
  guint kept_n = 0;
  for (guint i = 0; i < page->rows->len; i++) {
    const struct remote_lead *row = page_row(page, struct remote_lead, i);
    if (home_is_stamped(row)) g_array_index(page->rows, struct remote_lead, kept_n++) = *row;
  }
  g_array_set_size(page->rows, kept_n);
  return staging_take(job, &read->staging, page, error);
}

/* Rows that complete, or somebody, moved into a list are known to nobody else once the ledger is lost. */
static bool read_lists(struct job *job, struct campaigns_read *read, GError **error)
{
  struct list_query query = {.in_list = true};
  struct list_reading reading = {.queries = &query, .queries_n = 1, .each = stage_listed, .context = read};
  return sync_read_lists(job, &reading, error);
}

/* The configured campaigns that exist, as questions. */
static bool ask_existing(struct job *job, struct reader *reader, struct sync_report *report, GError **error)
{
  g_autofree const char **ids = g_new0(const char *, job->settings->campaigns->len + 1);
  if (!sync_find_campaigns(job, report, ids, &reader->queries_n, error)) return false;
  for (size_t i = 0; i < reader->queries_n; i++)
    reader->queries[i].campaign_id = ids[i];
  return true;
}

bool sync_read_campaigns(struct job *job, struct sync_report *report, GError **error)
{
  const guint campaigns_n = job->settings->campaigns->len;
  struct reader reader;
  reader_init(&reader, campaigns_n);
  int64_t started_at_us = job->now_us;
  struct campaigns_read read = {.bounces = report->bounces};
  staging_init(&read.staging);
  bool is_ok = ask_existing(job, &reader, report, error) && read_to_end(job, &reader, stage_each, &read, error) &&
               (!report->reads_lists || read_lists(job, &read, error)) && staging_flush(job, &read.staging, error);
  staging_clear(&read.staging);
  report->campaigns_n = (int64_t)reader.queries_n;
  reader.queries_n = campaigns_n;
  reader_clear(&reader);
  if (!is_ok) {
    g_prefix_error(error, "the full scan did not end: ");
    return false;
  }
  report->was_full_scan = true;
  report->full_scan_started_at_us = started_at_us;
  report->full_scan_finished_at_us = MAX(job->instantly->ops->date_us(job->instantly), started_at_us);
  return true;
}

/* ---- enrolments by id ---- */

/* Fills queries with IDS_MAX ids (or addresses) each; values outlive the queries. */
static size_t chunk(struct reader *reader, const char *const *values, size_t values_n, bool are_contacts)
{
  size_t n = 0;
  for (size_t at = 0; at < values_n; at += IDS_MAX, n++) {
    size_t chunk_n = MIN(IDS_MAX, values_n - at);
    reader->queries[n] = are_contacts ? (struct list_query){.contacts = values + at, .contacts_n = chunk_n}
                                      : (struct list_query){.ids = values + at, .ids_n = chunk_n};
  }
  reader->queries_n = n;
  return n;
}

struct values_read {
  struct staging staging;
  GHashTable *seen;
  GArray *bounces; /* or NULL */
};

/* Seen rows are noted as Instantly says their ids: in small letters. */
static bool note_seen(struct job *job, struct page *page, void *context, GError **error)
{
  struct values_read *read = context;
  for (guint i = 0; i < page->rows->len; i++)
    g_hash_table_add(read->seen, g_strdup(page_row(page, struct remote_lead, i)->id));
  if (read->bounces) bounce_counts_page(read->bounces, page);
  return staging_take(job, &read->staging, page, error);
}

/* Reads these values to the end; rows are staged and their ids noted. */
static bool read_values(struct job *job, const GPtrArray *values, bool are_contacts, struct values_read *read,
                        GError **error)
{
  if (values->len == 0) return true;
  struct reader reader;
  size_t chunks_n = (values->len + IDS_MAX - 1) / IDS_MAX;
  reader_init(&reader, chunks_n);
  chunk(&reader, (const char *const *)(void *)values->pdata, values->len, are_contacts);
  staging_init(&read->staging);
  bool is_ok = read_to_end(job, &reader, note_seen, read, error) && staging_flush(job, &read->staging, error);
  staging_clear(&read->staging);
  reader.queries_n = chunks_n;
  reader_clear(&reader);
  return is_ok;
}

static bool was_seen(GHashTable *seen, const struct watched *row)
{
  g_autofree char *id = g_ascii_strdown(row->instantly_id, -1);
  return g_hash_table_contains(seen, id);
}

/* Absent by id: after a full scan look by address in the whole workspace before anybody calls it gone. An id that is
 * none, which an answer once said, is looked for by address always: the row's stamp then tells whose it is, and its own
 * id takes the place of the other. */
static bool read_absent(struct job *job, const struct page *watched, bool was_full_scan, GHashTable *seen,
                        GError **error)
{
  g_autoptr(GPtrArray) persons = g_ptr_array_new();
  for (guint i = 0; i < watched->rows->len; i++) {
    const struct watched *row = page_row(watched, struct watched, i);
    bool is_asked = was_full_scan || !text_is_uuid(row->instantly_id);
    if (is_asked && !was_seen(seen, row)) g_ptr_array_add(persons, (gpointer)row->person);
  }
  struct values_read read = {.seen = seen}; /* whatever is found was counted by the scan */
  return read_values(job, persons, true, &read, error);
}

static bool read_watched_page(struct job *job, const struct page *watched, const struct sync_report *report,
                              GError **error)
{
  g_autoptr(GPtrArray) ids = g_ptr_array_sized_new(watched->rows->len);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < watched->rows->len; i++)
    g_ptr_array_add(ids, (gpointer)page_row(watched, struct watched, i)->instantly_id);
  struct values_read read = {.seen = seen, .bounces = report->bounces};
  return read_values(job, ids, false, &read, error) && read_absent(job, watched, report->was_full_scan, seen, error);
}

bool sync_read_watched(struct job *job, struct sync_report *report, GError **error)
{
  int64_t watch_us = job->settings->sync.watch_finished_days * DAY_US;
  g_autofree char *after_id = NULL;
  struct watch_query query = {.finished_after_us = job->now_us - watch_us,
                              .campaign_id = report->only_campaign,
                              .unstaged_run_id = report->was_full_scan ? job->run_id : NULL,
                              .limit = (size_t)(IDS_MAX * MAX(job->settings->instantly.reads_in_flight, 1))};
  struct page watched;
  page_init(&watched, sizeof(struct watched));
  bool is_ok;
  do {
    query.after_id = after_id;
    is_ok = job->ledger->ops->watched(job->ledger, &query, &watched, error);
    if (!is_ok || watched.rows->len == 0) break;
    is_ok = read_watched_page(job, &watched, report, error);
    report->watched_n += watched.rows->len;
    job_progress(job, "leads", report->watched_n, 0, 0);
    g_free(after_id);
    after_id = g_strdup(page_row(&watched, struct watched, watched.rows->len - 1)->instantly_id);
  } while (is_ok && watched.rows->len == query.limit);
  page_clear(&watched);
  return is_ok;
}

/* ---- the workspace's stops ---- */

void sync_stage_rules(const struct job *job, struct stage_rules *rules)
{
  *rules = (struct stage_rules){.run_id = job->run_id,
                                .epoch = job->lease.epoch,
                                .now_us = job->now_us,
                                .bounce_suppress_us = BOUNCE_STOP_DAYS * DAY_US,
                                .vanish_after_us = VANISH_AFTER_HOURS * 3600 * SECOND_US};
}

static bool stage_stop_page(struct job *job, struct page *page, void *context, GError **error)
{
  int64_t *read_n = context;
  *read_n += page->rows->len;
  return stage_page(job, page, error);
}

static bool read_blocklist(struct job *job, int64_t *read_n, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct suppression));
  bool is_ok = job->instantly->ops->blocklist_read(job->instantly, &page, error) && job_fix_now(job, error);
  for (guint i = 0; is_ok && i < page.rows->len; i++) {
    struct suppression *stop = page_row(&page, struct suppression, i);
    stop->reason = "blocklisted";
    stop->source = "blocklist";
    stop->actor = "sync";
    stop->pushed_at_us = job->now_us;
    if (stop->created_at_us == 0) stop->created_at_us = job->now_us;
  }
  if (is_ok && page.rows->len > 0)
    is_ok =
        job->ledger->ops->suppress(job->ledger, page_row(&page, struct suppression, 0), page.rows->len, NULL, error);
  *read_n += page.rows->len;
  page_clear(&page);
  return is_ok;
}

bool sync_stage_workspace(struct job *job, int64_t *stops_n, GError **error)
{
  static const char *const filters[] = {"FILTER_VAL_UNSUBSCRIBED", "FILTER_VAL_REPLIED", "FILTER_VAL_BOUNCED"};
  if (!read_blocklist(job, stops_n, error)) return false;
  struct list_query queries[G_N_ELEMENTS(filters)] = {0};
  for (size_t i = 0; i < G_N_ELEMENTS(filters); i++)
    queries[i].filter = filters[i];
  struct list_reading reading = {queries, G_N_ELEMENTS(filters), stage_stop_page, stops_n};
  bool is_ok = sync_read_lists(job, &reading, error);
  if (!is_ok) g_prefix_error(error, "the workspace's stops: ");
  return is_ok;
}

static bool stage_person_page(struct job *job, struct page *page, void *context, GError **error)
{
  struct page *foreign = context;
  for (guint i = 0; i < page->rows->len; i++) {
    const struct remote_lead *row = page_row(page, struct remote_lead, i);
    if (row->campaign_id == NULL || row->stamp != NULL || !remote_is_live(row)) continue;
    struct foreign_row found = {page_text(foreign, row->id), page_text(foreign, row->campaign_id)};
    g_array_append_val(foreign->rows, found);
  }
  return stage_page(job, page, error);
}

bool sync_stage_persons(struct job *job, const char *const *persons, size_t persons_n, struct page *foreign,
                        GError **error)
{
  struct reader reader;
  if (persons_n == 0) return true;
  reader_init(&reader, (persons_n + IDS_MAX - 1) / IDS_MAX);
  size_t allocated_n = reader.queries_n;
  chunk(&reader, persons, persons_n, true);
  bool is_ok = read_to_end(job, &reader, stage_person_page, foreign, error);
  reader.queries_n = allocated_n;
  reader_clear(&reader);
  return is_ok;
}

bool sync_read_stops(struct job *job, int64_t *stops_n, GError **error)
{
  const struct ledger_ops *ops = job->ledger->ops;
  struct stage_report report = {0};
  if (!ops->stage_begin(job->ledger, job->run_id, error) || !sync_stage_workspace(job, stops_n, error)) return false;
  struct stage_rules rules;
  sync_stage_rules(job, &rules);
  return ops->stage_stops(job->ledger, &rules, &report, error);
}
