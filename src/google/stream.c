/* Rows streamed in: tabledata.insertAll.
 *
 * HTTP 200 is no success: the answer names rows that were refused. One refused row keeps all of its request out; the
 * innocent ones are told "stopped" and go again without it. A request without an answer goes again as it was, with the
 * same ids, and duplicates are for the reader of the table to drop. */
#include "google/private.h"

#include "base/log.h"

#include <string.h>

#define REQUEST_MAX_ROWS_N   2000
#define REQUEST_MAX_BYTES    ((size_t)2 << 20)
#define ROW_MAX_BYTES        ((size_t)9 << 20) /* BigQuery takes requests of 10 MB */
#define INSERT_ID_MAX_BYTES  128
#define IN_FLIGHT_N          4
#define ROUNDS_MAX           8
#define NEW_TABLE_PATIENCE_S 120 /* a table is known to the streaming back end some time after it was made */

/* Rows on their way in one request; positions are in the caller's array. */
struct chunk {
  struct ask ask;
  GArray *positions; /* size_t */
};

struct stream {
  struct bigquery *bigquery;
  const struct bigquery_table *table;
  const struct bigquery_stream_row *rows;
  GArray *waiting; /* size_t: positions to be sent; filled from the end */
  size_t refused_n;
  char *first_refusal; /* for people */
  bool needs_pause;    /* some have to go again after a pause */
  int64_t patient_until_us;
};

/* ---- requests ---- */

static void append_row(GString *body, const struct bigquery_stream_row *row)
{
  g_string_append_c(body, '{');
  json_append_str(body, "insertId", row->insert_id);
  g_string_append(body, ",\"json\":");
  g_string_append(body, row->json);
  g_string_append_c(body, '}');
}

/* Takes rows from the end of those that wait, as many as fit. */
static void chunk_fill(struct chunk *chunk, struct stream *stream)
{
  const struct bigquery_table *table = stream->table;
  const char *project = table->project ? table->project : stream->bigquery->project;
  GString *body = g_string_new("{\"skipInvalidRows\":false,\"ignoreUnknownValues\":false,\"rows\":[");
  chunk->positions = g_array_new(FALSE, FALSE, sizeof(size_t));
  while (stream->waiting->len > 0 && chunk->positions->len < REQUEST_MAX_ROWS_N && body->len < REQUEST_MAX_BYTES) {
    size_t position = g_array_index(stream->waiting, size_t, stream->waiting->len - 1);
    const struct bigquery_stream_row *row = &stream->rows[position];
    if (chunk->positions->len > 0 && body->len + strlen(row->json) > REQUEST_MAX_BYTES) break;
    g_array_set_size(stream->waiting, stream->waiting->len - 1);
    if (chunk->positions->len > 0) g_string_append_c(body, ',');
    append_row(body, row);
    g_array_append_val(chunk->positions, position);
  }
  g_string_append(body, "]}");
  chunk->ask = (struct ask){.method = "POST", .route = "tabledata.insertAll", .name = table->table, .body = body};
  ask_path(&chunk->ask, API_ROOT,
           (const char *[]){project, "datasets", table->dataset, "tables", table->table, "insertAll", NULL});
}

static void chunk_clear(struct chunk *chunk)
{
  ask_free(&chunk->ask);
  g_clear_pointer(&chunk->positions, g_array_unref);
}

/* ---- answers ---- */

/* Refused for what it is, not because of another row of its request, nor for a trouble of BigQuery's own (timeout,
 * backendError), of which *is_momentary tells? */
static const cJSON *refusal_of_row(const cJSON *entry, bool *is_momentary)
{
  const cJSON *problem = NULL;
  cJSON_ArrayForEach(problem, json_array(entry, "errors"))
  {
    const char *reason = json_string(problem, "reason");
    if (reason && strcmp(reason, "stopped") == 0) continue;
    enum error_kind kind = refusal_of(reason, 0, json_string(problem, "message")).kind;
    if (kind != ERROR_TRANSIENT && kind != ERROR_RATE_LIMITED) return problem;
    *is_momentary = true;
  }
  return NULL;
}

static void note_refused(struct stream *stream, const cJSON *problem)
{
  stream->refused_n++;
  if (stream->first_refusal) return;
  const char *reason = json_string(problem, "reason"), *where = json_string(problem, "location");
  g_autofree char *words = refusal_words(json_string(problem, "message"));
  stream->first_refusal = g_strdup_printf("%s%s%s, %s", reason ? reason : "no reason", where && *where ? " at " : "",
                                          where ? where : "", words);
}

/* Puts the rows that were not refused for their own sake back among the waiting ones. */
static bool read_row_errors(struct stream *stream, struct chunk *chunk, const cJSON *entries, GError **error)
{
  g_autofree bool *is_refused = g_new0(bool, chunk->positions->len);
  bool is_progress = false, is_momentary = false;
  const cJSON *entry = NULL;
  cJSON_ArrayForEach(entry, entries)
  {
    int64_t index = -1;
    const cJSON *problem = refusal_of_row(entry, &is_momentary);
    bool is_known = json_int(entry, "index", &index) && index >= 0 && index < (int64_t)chunk->positions->len;
    if (!is_known) {
      error_set(error, ERROR_CORRUPT, "BigQuery refused a row of %s that was not sent", stream->table->table);
      return false;
    }
    if (!problem || is_refused[index]) continue;
    is_refused[index] = is_progress = true;
    note_refused(stream, problem);
  }
  for (guint i = 0; i < chunk->positions->len; i++) {
    if (!is_refused[i]) g_array_append_val(stream->waiting, g_array_index(chunk->positions, size_t, i));
  }
  stream->needs_pause = stream->needs_pause || is_momentary;
  if (is_progress || is_momentary) return true;
  error_set(error, ERROR_TRANSIENT, "BigQuery stopped rows of %s and named none as the reason", stream->table->table);
  return false;
}

static bool read_answer(struct stream *stream, struct chunk *chunk, GError **error)
{
  g_autoptr(cJSON) tree = ask_parse(&chunk->ask, error);
  if (!tree) return false;
  const cJSON *entries = json_get(tree, "insertErrors");
  if (cJSON_IsArray(entries) && cJSON_GetArraySize(entries) > 0) {
    return read_row_errors(stream, chunk, entries, error);
  }
  if (entries && !cJSON_IsArray(entries)) {
    error_set(error, ERROR_CORRUPT, "BigQuery's answer about rows of %s cannot be read", stream->table->table);
    return false;
  }
  stream->bigquery->totals.rows_streamed += chunk->positions->len;
  return true;
}

/* A request that failed as a whole. Its rows wait again when that may help. */
static bool read_failure(struct stream *stream, struct chunk *chunk, GError *problem, GError **error)
{
  bool is_patient = clock_mono_us(stream->bigquery->clock) < stream->patient_until_us;
  bool may_appear = stream->bigquery->last.cause == BIGQUERY_CAUSE_NOT_FOUND && is_patient;
  bool may_repeat = may_appear || ask_may_repeat(stream->bigquery, &chunk->ask);
  if (!may_repeat) {
    g_propagate_error(error, problem);
    return false;
  }
  g_array_append_vals(stream->waiting, chunk->positions->data, chunk->positions->len);
  g_error_free(problem);
  return true;
}

/* ---- the walk ---- */

/* Sends up to IN_FLIGHT_N requests at once and reads what became of them. */
static bool send_some(struct stream *stream, GError **error)
{
  struct chunk chunks[IN_FLIGHT_N] = {0};
  struct ask *asks[IN_FLIGHT_N];
  size_t chunks_n = 0;
  for (; chunks_n < IN_FLIGHT_N && stream->waiting->len > 0; chunks_n++) {
    chunk_fill(&chunks[chunks_n], stream);
    asks[chunks_n] = &chunks[chunks_n].ask;
  }
  bool is_good = ask_send_each(stream->bigquery, asks, chunks_n, error);
  for (size_t i = 0; i < chunks_n; i++) {
    GError *problem = NULL;
    if (!is_good) {
      /* the first failure is the one that is told */
    } else if (ask_is_good(stream->bigquery, asks[i], &problem)) {
      is_good = read_answer(stream, &chunks[i], error);
    } else {
      stream->needs_pause = true;
      is_good = read_failure(stream, &chunks[i], problem, error);
    }
    chunk_clear(&chunks[i]);
  }
  return is_good;
}

static bool check_rows(const struct stream *stream, size_t rows_n, GError **error)
{
  for (size_t i = 0; i < rows_n; i++) {
    bool is_good =
        strlen(stream->rows[i].insert_id) <= INSERT_ID_MAX_BYTES && strlen(stream->rows[i].json) <= ROW_MAX_BYTES;
    if (is_good) continue;
    error_set(error, ERROR_REJECTED, "a row for %s is too long for BigQuery", stream->table->table);
    return false;
  }
  return true;
}

static bool send_all(struct stream *stream, GError **error)
{
  for (int pauses_n = 0; stream->waiting->len > 0;) {
    stream->needs_pause = false;
    if (!send_some(stream, error)) return false;
    if (!stream->needs_pause) continue;
    pauses_n++;
    bool is_patient = clock_mono_us(stream->bigquery->clock) < stream->patient_until_us;
    if (pauses_n >= ROUNDS_MAX && !is_patient) {
      error_set(error, ERROR_TRANSIENT, "BigQuery did not take rows of %s, %d times in a row", stream->table->table,
                pauses_n);
      return false;
    }
    if (!bigquery_pause(stream->bigquery, pauses_n, error)) return false;
  }
  return true;
}

bool bigquery_insert_all(struct bigquery *bigquery, const struct bigquery_table *table,
                         const struct bigquery_stream_row *rows, size_t rows_n, GError **error)
{
  bigquery->last = (struct refusal){0};
  struct stream stream = {.bigquery = bigquery, .table = table, .rows = rows};
  if (!check_rows(&stream, rows_n, error)) return false;
  stream.patient_until_us = clock_mono_us(bigquery->clock) + NEW_TABLE_PATIENCE_S * SECOND_US;
  stream.waiting = g_array_sized_new(FALSE, FALSE, sizeof(size_t), (guint)rows_n);
  for (size_t i = rows_n; i > 0; i--) {
    size_t position = i - 1;
    g_array_append_val(stream.waiting, position);
  }
  bool is_good = send_all(&stream, error);
  g_array_unref(stream.waiting);
  if (is_good && stream.refused_n > 0) {
    bigquery->last = (struct refusal){.cause = BIGQUERY_CAUSE_ROWS, .kind = ERROR_REJECTED};
    error_set(error, ERROR_REJECTED, "BigQuery refused %zu of %zu rows for %s (%s): see `leadferry schema check`",
              stream.refused_n, rows_n, table->table, stream.first_refusal);
    is_good = false;
  }
  g_free(stream.first_refusal);
  return is_good;
}
