/* Reading: jobs.query, waiting for its end, and page after page of rows. */
#include "google/private.h"

#include "base/log.h"
#include "base/random.h"

#include <string.h>

#define EMPTY_PAGES_MAX 100
/* How far whoever takes a row may look: cells that the answer does not have are NULL. */
#define CELLS_MIN   64
#define REREADS_MAX 3
/* Google refuses (400) a request that names a field which the answer's type does not have; an emulator does not. */
#define FIELDS_RESULTS                                                                                                 \
  "jobComplete,jobReference(jobId,location),schema(fields(name)),rows,totalRows,pageToken,totalBytesProcessed"
#define FIELDS_QUERY FIELDS_RESULTS ",totalBytesBilled"

struct bigquery_rows {
  struct bigquery *bigquery;
  char *name; /* of the statement */
  char *job_id, *location;
  GPtrArray *columns; /* owned names */
  struct ask ask;     /* its answer holds the page's bytes */
  struct page_reader page;
  size_t row;       /* next one of the page */
  int64_t read_n;   /* rows handed out, and those of this page */
  int64_t total_n;  /* -1: not said yet */
  char *page_token; /* of the next page, or NULL */
  int empty_pages_n;
  size_t columns_min;   /* of the statement */
  uint64_t filled;      /* see columns_min */
  GPtrArray *row_cells; /* of the row that was handed out last, at least CELLS_MIN */
};

/* ---- requests ---- */

static void uuid_append(GString *out)
{
  uint64_t random[2] = {random_u64(), random_u64()};
  g_string_append_printf(out, "%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x", random[0], random[1]);
}

static GString *query_body(const struct bigquery *bigquery, const struct bigquery_statement *statement)
{
  GString *body = g_string_new("{");
  g_autoptr(GString) request_id = g_string_new(NULL);
  uuid_append(request_id);
  statement_append(body, statement);
  limits_append(body, bigquery);
  labels_append(body, bigquery, statement->name);
  if (bigquery->location) json_append_str(body, "location", bigquery->location);
  json_append_str(body, "requestId", request_id->str);
  json_append_int(body, "maxResults", bigquery->page_rows_max);
  json_append_int(body, "timeoutMs", POLL_MS);
  g_string_append(body, ",\"formatOptions\":{\"useInt64Timestamp\":true}}");
  return body;
}

static void prepare_query(struct bigquery_rows *rows, const struct bigquery_statement *statement)
{
  ask_free(&rows->ask);
  rows->ask = (struct ask){.method = "POST", .route = "jobs.query", .name = rows->name, .is_read = true};
  rows->ask.body = query_body(rows->bigquery, statement);
  ask_path(&rows->ask, API_ROOT, (const char *[]){rows->bigquery->project, "queries", NULL});
  ask_query(&rows->ask, "fields", FIELDS_QUERY);
}

/* max_rows 0: only asks whether the job has ended. */
static void prepare_results(struct bigquery_rows *rows, int64_t max_rows)
{
  struct ask *ask = &rows->ask;
  GString *answer = g_steal_pointer(&ask->call.answer);
  ask_free(ask);
  *ask = (struct ask){.method = "GET", .route = "jobs.getQueryResults", .name = rows->name, .is_read = true};
  ask->call.answer = answer;
  ask_path(ask, API_ROOT, (const char *[]){rows->bigquery->project, "queries", rows->job_id, NULL});
  ask_query(ask, "location", rows->location);
  ask_query_int(ask, "maxResults", max_rows);
  ask_query_int(ask, "timeoutMs", POLL_MS);
  ask_query(ask, "pageToken", rows->page_token);
  ask_query(ask, "formatOptions.useInt64Timestamp", "true");
  ask_query(ask, "fields", FIELDS_RESULTS);
}

/* Sends and reads a page. An answer that came whole and cannot be read is asked for again a few times: reading repeats
 * without harm. */
static bool fetch(struct bigquery_rows *rows, GError **error)
{
  for (int reads_n = 1;; reads_n++) {
    g_autoptr(GError) problem = NULL;
    if (!ask_send(rows->bigquery, &rows->ask, error)) return false;
    GString *answer = rows->ask.call.answer;
    if (page_reader_read(&rows->page, answer->str, answer->len, &problem)) break;
    if (reads_n == REREADS_MAX || !error_is(problem, ERROR_CORRUPT)) {
      g_propagate_prefixed_error(error, g_steal_pointer(&problem), "%s: ", rows->name);
      rows->bigquery->last = (struct refusal){.cause = BIGQUERY_CAUSE_OTHER, .kind = ERROR_CORRUPT};
      return false;
    }
    if (!bigquery_pause(rows->bigquery, reads_n, error)) return false;
  }
  rows->row = 0;
  rows->read_n += (int64_t)rows->page.rows_n;
  return true;
}

/* ---- the start ---- */

static void note_job(struct bigquery_rows *rows)
{
  if (rows->page.job_id && !rows->job_id) rows->job_id = g_strdup(rows->page.job_id);
  if (rows->page.location && !rows->location) rows->location = g_strdup(rows->page.location);
  location_learn(rows->bigquery, rows->location);
}

/* Waits until the job of an incomplete answer has ended; then asks for the first page. */
static bool wait_for_end(struct bigquery_rows *rows, GError **error)
{
  struct bigquery *bigquery = rows->bigquery;
  int64_t deadline_us = clock_mono_us(bigquery->clock) + bigquery->job_timeout_us;
  while (!rows->page.is_complete) {
    if (!rows->job_id) {
      error_set(error, ERROR_CORRUPT, "BigQuery began %s and did not say as which job", rows->name);
      return false;
    }
    if (clock_mono_us(bigquery->clock) >= deadline_us) {
      job_cancel(bigquery, rows->job_id, rows->location);
      error_set(error, ERROR_TRANSIENT, "BigQuery did not finish %s within %d s, so it was cancelled", rows->name,
                (int)(bigquery->job_timeout_us / SECOND_US));
      return false;
    }
    int64_t begun_us = clock_mono_us(bigquery->clock);
    prepare_results(rows, bigquery->page_rows_max);
    if (!fetch(rows, error)) return false;
    if (!rows->page.is_complete && !bigquery_pace(bigquery, begun_us, POLL_US, error)) return false;
  }
  return true;
}

static bool note_first_page(struct bigquery_rows *rows, GError **error)
{
  const struct page_reader *page = &rows->page;
  if (page->total_rows < 0 || page->columns->len == 0) {
    error_set(error, ERROR_CORRUPT, "BigQuery's answer to %s has no schema or no count of rows", rows->name);
    return false;
  }
  if (page->columns->len < rows->columns_min) {
    error_set(error, ERROR_CORRUPT, "BigQuery's answer to %s has %d columns, and %d were asked for", rows->name,
              (int)page->columns->len, (int)rows->columns_min);
    return false;
  }
  rows->total_n = page->total_rows;
  for (guint i = 0; i < page->columns->len; i++) {
    g_ptr_array_add(rows->columns, g_strdup(page->columns->pdata[i]));
  }
  rows->page_token = g_strdup(page->page_token);
  return true;
}

/* What a query cost whose first answer came before its end: getQueryResults does not say, jobs.get does. Rows are not
 * refused for want of a figure. */
static int64_t bytes_billed_of(const struct bigquery_rows *rows)
{
  job_state_scope struct job_state state = {0};
  g_autoptr(GError) problem = NULL;
  struct refusal last = rows->bigquery->last;
  if (job_get_once(rows->bigquery, rows->job_id, rows->name, &state, &problem)) return state.result.bytes_billed;
  log_event(LOG_WARNING, "cost of a query not known", LOG_STR("error", problem->message));
  rows->bigquery->last = last;
  return -1;
}

static bool start(struct bigquery_rows *rows, const struct bigquery_statement *statement, GError **error)
{
  prepare_query(rows, statement);
  if (!fetch(rows, error)) return false;
  note_job(rows);
  bool is_early = !rows->page.is_complete;
  int64_t bytes_billed = rows->page.bytes_billed;
  if (!wait_for_end(rows, error) || !note_first_page(rows, error)) return false;
  if (is_early) bytes_billed = bytes_billed_of(rows);
  totals_note(rows->bigquery, rows->name, bytes_billed);
  return true;
}

static struct bigquery_rows *rows_new(struct bigquery *bigquery, const struct bigquery_statement *statement)
{
  struct bigquery_rows *rows = g_new0(struct bigquery_rows, 1);
  rows->bigquery = bigquery;
  rows->name = g_strdup(statement->name);
  rows->columns_min = statement->columns_n;
  rows->filled = statement->filled;
  rows->row_cells = g_ptr_array_new();
  rows->columns = g_ptr_array_new_with_free_func(g_free);
  rows->total_n = -1;
  page_reader_init(&rows->page);
  return rows;
}

bool bigquery_query(struct bigquery *bigquery, const struct bigquery_statement *statement, struct bigquery_rows **rows,
                    GError **error)
{
  *rows = NULL;
  for (int attempts_n = 1;; attempts_n++) {
    bigquery_rows_scope struct bigquery_rows *begun = rows_new(bigquery, statement);
    g_autoptr(GError) problem = NULL;
    bigquery->last = (struct refusal){0};
    if (start(begun, statement, &problem)) {
      *rows = g_steal_pointer(&begun);
      return true;
    }
    bool may_repeat = bigquery->last.remedy == REMEDY_NEW && !bigquery->is_emulator;
    if (!may_repeat || attempts_n == JOB_ATTEMPTS_MAX) {
      g_propagate_error(error, g_steal_pointer(&problem));
      return false;
    }
    if (!bigquery_pause(bigquery, attempts_n, error)) return false;
  }
}

bool bigquery_execute_rows(struct bigquery *bigquery, const struct bigquery_statement *statement, const char *job_id,
                           struct bigquery_rows **rows, GError **error)
{
  struct bigquery_result result = {0};
  *rows = NULL;
  /* The emulator makes a dataset of the rows of each job, keeps it for ever and is down after some dozens. */
  if (bigquery->is_emulator) return bigquery_query(bigquery, statement, rows, error);
  if (!bigquery_execute(bigquery, statement, job_id, &result, error)) return false;
  bigquery_rows_scope struct bigquery_rows *begun = rows_new(bigquery, statement);
  begun->job_id = job_attempt_id(job_id, result.attempt);
  begun->location = g_strdup(bigquery->location);
  prepare_results(begun, bigquery->page_rows_max);
  if (!fetch(begun, error) || !wait_for_end(begun, error) || !note_first_page(begun, error)) return false;
  *rows = g_steal_pointer(&begun);
  return true;
}

/* ---- rows ---- */

static bool check_end(const struct bigquery_rows *rows, GError **error)
{
  if (rows->read_n == rows->total_n) return true;
  error_set(error, ERROR_CORRUPT,
            "BigQuery counted %" G_GINT64_FORMAT " rows of %s, and %" G_GINT64_FORMAT " came: run it again",
            rows->total_n, rows->name, rows->read_n);
  return false;
}

/* A page without rows in the middle is legal, and so must not be taken for the end; without end it would be a loop. */
static bool next_page(struct bigquery_rows *rows, GError **error)
{
  if (!rows->job_id) {
    error_set(error, ERROR_CORRUPT, "BigQuery's answer to %s goes on, and names no job to ask for the rest",
              rows->name);
    return false;
  }
  prepare_results(rows, rows->bigquery->page_rows_max);
  if (!fetch(rows, error)) return false;
  g_autofree char *token = g_strdup(rows->page.page_token);
  bool is_stuck = rows->page.rows_n == 0 && ++rows->empty_pages_n > EMPTY_PAGES_MAX;
  bool is_same = token && g_strcmp0(token, rows->page_token) == 0;
  bool is_changed = rows->page.total_rows >= 0 && rows->page.total_rows != rows->total_n;
  bool has_columns = rows->page.rows_n == 0 || rows->page.cells_per_row == rows->columns->len;
  g_free(rows->page_token);
  rows->page_token = g_steal_pointer(&token);
  if (rows->page.is_complete && !is_stuck && !is_same && !is_changed && has_columns) return true;
  error_set(error, ERROR_CORRUPT, "BigQuery's pages of %s do not belong together: run it again", rows->name);
  return false;
}

/* The one way to a cell: into memory that is wide enough whatever came, and with no NULL where none can be. */
static bool row_take(struct bigquery_rows *rows, GError **error)
{
  size_t columns_n = rows->columns->len;
  gpointer *cells = &rows->page.cells->pdata[rows->row * columns_n];
  g_ptr_array_set_size(rows->row_cells, 0);
  g_ptr_array_set_size(rows->row_cells, (int)MAX(columns_n, CELLS_MIN)); /* NULL each */
  for (size_t i = 0; i < columns_n; i++) {
    rows->row_cells->pdata[i] = cells[i];
    if (cells[i] || i >= 64 || !(rows->filled >> i & 1)) continue;
    error_set(error, ERROR_CORRUPT, "BigQuery's answer to %s has NULL in column %s, which is never NULL", rows->name,
              (const char *)rows->columns->pdata[i]);
    return false;
  }
  return true;
}

bool bigquery_next(struct bigquery_rows *rows, const char *const **cells, GError **error)
{
  *cells = NULL;
  while (rows->row == rows->page.rows_n) {
    if (!rows->page_token) return check_end(rows, error);
    if (!next_page(rows, error)) return false;
  }
  if (!row_take(rows, error)) return false;
  *cells = (const char *const *)rows->row_cells->pdata;
  rows->row++;
  return true;
}

size_t bigquery_columns_n(const struct bigquery_rows *rows)
{
  return rows->columns->len;
}

const char *bigquery_column(const struct bigquery_rows *rows, size_t column)
{
  return column < rows->columns->len ? rows->columns->pdata[column] : NULL;
}

int64_t bigquery_rows_total(const struct bigquery_rows *rows)
{
  return rows->total_n;
}

void bigquery_rows_free(struct bigquery_rows *rows)
{
  if (!rows) return;
  ask_free(&rows->ask);
  page_reader_clear(&rows->page);
  g_ptr_array_unref(rows->columns);
  g_ptr_array_unref(rows->row_cells);
  g_free(rows->name);
  g_free(rows->job_id);
  g_free(rows->location);
  g_free(rows->page_token);
  g_free(rows);
}

/* ---- what it would cost ---- */

bool bigquery_estimate(struct bigquery *bigquery, const struct bigquery_statement *statement, int64_t *bytes,
                       GError **error)
{
  ask_scope struct ask ask = {
      .method = "POST", .route = "jobs.query (dry run)", .name = statement->name, .is_read = true};
  bigquery->last = (struct refusal){0};
  ask.body = g_string_new("{\"dryRun\":true");
  statement_append(ask.body, statement);
  limits_append(ask.body, bigquery);
  labels_append(ask.body, bigquery, statement->name);
  if (bigquery->location) json_append_str(ask.body, "location", bigquery->location);
  g_string_append_c(ask.body, '}');
  ask_path(&ask, API_ROOT, (const char *[]){bigquery->project, "queries", NULL});
  ask_query(&ask, "fields", "totalBytesProcessed");
  if (!ask_send(bigquery, &ask, error)) return false;
  struct page_reader page;
  page_reader_init(&page);
  bool is_read = page_reader_read(&page, ask.call.answer->str, ask.call.answer->len, error);
  *bytes = page.bytes_processed;
  page_reader_clear(&page);
  return is_read;
}
