/* Statements as jobs, their cells, and rows that are streamed in. */
#include "base/email.h"
#include "base/json.h"
#include "base/log.h"
#include "warehouse/bigquery.h"

#include <string.h>

/* ---- statements ---- */

/* Temporary tables get a name that nobody had before. */
static void scratch_names(struct bq_warehouse *self)
{
  static const char *const names[] = {"scratch", "scratch_2"};
  self->scratch_n++;
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *name = g_strdup_printf("leadferry_%016" G_GINT64_MODIFIER "x_%" G_GINT64_FORMAT "_%zu",
                                            self->nonce, self->scratch_n, i + 1);
    sql_names_put(&self->names, names[i], name);
  }
}

static char *script_text(struct bq_warehouse *self, const struct bq_call *call)
{
  GString *text = g_string_new(NULL);
  scratch_names(self);
  for (size_t i = 0; i < call->ids_n; i++) {
    g_autofree char *one = sql_names_fill(&self->names, bq_statements[call->ids[i]].text);
    if (i > 0) g_string_append(text, ";\n");
    g_string_append(text, one);
  }
  return g_string_free(text, FALSE);
}

/* Which statements a job is made of, for whoever wants to know what a run asks. */
static void call_log(const struct bq_call *call)
{
  if (!log_is_on(LOG_DEBUG)) return;
  g_autoptr(GString) names = g_string_new(NULL);
  for (size_t i = 0; i < call->ids_n; i++)
    g_string_append_printf(names, i > 0 ? "+%s" : "%s", bq_statements[call->ids[i]].name);
  log_event(LOG_DEBUG, "bigquery job", LOG_STR("statements", names->str));
}

/* Answers whose first column says what a row is, or whose keys are texts that are looked into. All other cells may be
 * NULL, and whoever takes them knows. */
static const struct answer_shape {
  enum bq_id id; /* the last statement of the job */
  size_t columns_n;
  uint64_t filled;
} shapes[] = {
    {BQ_OPENING, 3, 1},
    {BQ_FOLD_ANSWER, 5, 1},
    {BQ_WATCH, 3, 1},
    {BQ_CONTROLS_ALL, 2, 1},
    {BQ_CAMPAIGN_COUNTS, 4, 1},
    {BQ_REPORT_COUNTS, 4, 1},
    {BQ_FOREIGN_ADDRESSES, 2, 3},
    {BQ_CONTACTED_BEFORE, 3, 3},
    {BQ_FLAGS_ODD, 3, 1},
    {BQ_OPT_OUT_VALUES, 2, 0},
    {BQ_OPTED_OUT, 3, 0},
    {BQ_LEASE_READ, 8, 0},
    {BQ_FACTS, 9, 0},
    {BQ_UNSETTLED_CLAIMS, 13, 0},
};

static struct answer_shape shape_of(const struct bq_call *call)
{
  for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++)
    if (shapes[i].id == call->ids[call->ids_n - 1]) return shapes[i];
  return (struct answer_shape){0};
}

static struct bigquery_statement statement_of(const struct bq_call *call, const char *sql)
{
  call_log(call);
  struct answer_shape shape = shape_of(call);
  return (struct bigquery_statement){.columns_n = shape.columns_n,
                                     .filled = shape.filled,
                                     .name = bq_statements[call->ids[0]].name,
                                     .sql = sql,
                                     .parameters = call->parameters,
                                     .parameters_n = call->parameters_n};
}

/* Does it change a table that stays? Then it is a job under an id of its own, whatever it answers. */
static bool is_writing(const struct bq_call *call)
{
  static const char *const verbs[] = {"INSERT ", "UPDATE ", "MERGE ", "DELETE "};
  for (size_t i = 0; i < call->ids_n; i++)
    for (size_t j = 0; j < G_N_ELEMENTS(verbs); j++)
      if (g_str_has_prefix(bq_statements[call->ids[i]].text, verbs[j])) return true;
  return false;
}

/* Without one of the caller's own the id of the job is new, so that an answer that was lost is asked for again and
 * nothing is done twice. */
static char *job_id_of(const struct bq_warehouse *self, const struct bq_call *call)
{
  if (call->job_id) return g_strdup(call->job_id);
  return g_strdup_printf("leadferry_%016" G_GINT64_MODIFIER "x_%" G_GINT64_FORMAT "_%s", self->nonce, self->scratch_n,
                         bq_statements[call->ids[0]].name);
}

/* A source without a usable key or address would read as one without leads. */
static bool source_refuse(const struct bq_warehouse *self, const struct bq_call *call, GError **error)
{
  for (size_t i = 0; self->unreadable && i < call->ids_n; i++) {
    if (!strstr(bq_statements[call->ids[i]].text, "${leads}")) continue;
    error_set(error, ERROR_CONFIG, "%s", self->unreadable);
    return true;
  }
  return false;
}

bool bq_query(struct bq_warehouse *self, const struct bq_call *call, struct bigquery_rows **rows, GError **error)
{
  if (source_refuse(self, call, error)) return false;
  bq_tables_forget(self);
  g_autofree char *sql = script_text(self, call);
  struct bigquery_statement statement = statement_of(call, sql);
  if (!is_writing(call)) return bigquery_query(self->client, &statement, rows, error);
  g_autofree char *job_id = job_id_of(self, call);
  return bigquery_execute_rows(self->client, &statement, job_id, rows, error);
}

bool bq_run(struct bq_warehouse *self, const struct bq_call *call, GError **error)
{
  if (source_refuse(self, call, error)) return false;
  bq_tables_forget(self);
  g_autofree char *sql = script_text(self, call);
  struct bigquery_statement statement = statement_of(call, sql);
  g_autofree char *job_id = job_id_of(self, call);
  return bigquery_execute(self->client, &statement, job_id, NULL, error);
}

bool bq_run_int(struct bq_warehouse *self, const struct bq_call *call, int64_t *value, GError **error)
{
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  const char *const *cells = NULL;
  *value = 0;
  if (!bq_query(self, call, &rows, error) || !bigquery_next(rows, &cells, error)) return false;
  if (cells && bigquery_columns_n(rows) > 0) *value = bq_cell_int(cells[0]);
  return true;
}

bool bq_each(struct bq_warehouse *self, const struct bq_call *call,
             void (*row_take)(const char *const *cells, void *into), void *into, GError **error)
{
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  if (!bq_query(self, call, &rows, error)) return false;
  for (;;) {
    const char *const *cells = NULL;
    if (!bigquery_next(rows, &cells, error)) return false;
    if (!cells) return true;
    row_take(cells, into);
  }
}

struct bigquery_parameter bq_since(const char *name, int64_t wall_us)
{
  return bigquery_time(name, MAX(wall_us, 1));
}

struct bigquery_parameter bq_limit(size_t rows_n)
{
  return bigquery_int("limit", (int64_t)MIN(rows_n, (size_t)INT32_MAX));
}

bool bq_next(struct bigquery_rows **rows, const char *const **cells, GError **error)
{
  if (!bigquery_next(*rows, cells, error)) return false;
  if (!*cells) g_clear_pointer(rows, bigquery_rows_free);
  return true;
}

/* ---- cells ---- */

int64_t bq_cell_int(const char *cell)
{
  if (!cell) return 0;
  return strcmp(cell, "true") == 0 ? 1 : g_ascii_strtoll(cell, NULL, 10);
}

bool bq_cell_bool(const char *cell)
{
  return bq_cell_int(cell) != 0;
}

void bq_cell_state(const char *const *cells, struct page *page, struct lead_state *state)
{
  int64_t n[BQ_STATE_COLUMNS_N];
  for (size_t i = 0; i < BQ_STATE_COLUMNS_N; i++)
    n[i] = bq_cell_int(cells[i]);
  *state = (struct lead_state){
      .lead_id = page_text(page, cells[0]),
      .person = page_text(page, cells[1]),
      .generation = n[2],
      .reopened_at_us = n[3],
      .claim_id = page_text(page, cells[4]),
      .campaign_id = page_text(page, cells[5]),
      .epoch = n[6],
      .attempts = n[7],
      .settlement = (enum settlement)n[8],
      .settlement_epoch = n[9],
      .reason = page_text(page, cells[10]),
      .instantly_id = page_text(page, cells[11]),
      .current_campaign_id = page_text(page, cells[12]),
      .current_at_us = n[13],
      .added_at_us = n[14],
      .ever_added_at_us = n[15],
      .sent_at_us = n[16],
      .replied_at_us = n[17],
      .email_status = (enum email_status)n[18],
      .finished_at_us = n[19],
      .outcome = (enum outcome)n[20],
      .removed_at_us = n[21],
      .removed_id = page_text(page, cells[22]),
      .withdrawn_at_us = n[23],
      .held_n = n[24],
      .held_reason = page_text(page, cells[25]),
      .resolved_n = n[26],
      .first_recorded_at_us = n[27],
      .last_seen_at_us = n[28],
      .subsequence_id = page_text(page, cells[29]),
  };
}

void bq_cell_remote(const char *const *cells, struct remote_lead *row)
{
  *row = (struct remote_lead){
      .id = cells[0],
      .person = cells[1],
      .campaign_id = cells[2],
      .subsequence_id = cells[3],
      .stamp = cells[4],
      .last_step = cells[5],
      .mailbox = cells[6],
      .status = bq_cell_int(cells[7]),
      .has_interest = cells[8] != NULL,
      .interest = bq_cell_int(cells[8]),
      .verification = bq_cell_int(cells[9]),
      .opens = bq_cell_int(cells[10]),
      .clicks = bq_cell_int(cells[11]),
      .replies = bq_cell_int(cells[12]),
      .created_at_us = bq_cell_int(cells[13]),
      .contacted_at_us = bq_cell_int(cells[14]),
      .opened_at_us = bq_cell_int(cells[15]),
      .clicked_at_us = bq_cell_int(cells[16]),
      .replied_at_us = bq_cell_int(cells[17]),
      .updated_at_us = bq_cell_int(cells[18]),
      .last_step_at_us = bq_cell_int(cells[19]),
      .pause_until_us = bq_cell_int(cells[20]),
  };
}

/* ---- parameters ---- */

void bq_json_int(GString *out, const char *name, int64_t value)
{
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
  json_append_str(out, name, text);
}

void bq_json_time(GString *out, const char *name, int64_t wall_us)
{
  if (wall_us)
    bq_json_int(out, name, wall_us);
  else
    json_append_str(out, name, NULL);
}

void bq_json_flag(GString *out, const char *name, bool value)
{
  json_append_str(out, name, value ? "1" : "0");
}

void bq_foreigner_add(const char *const *cells, void *into)
{
  GString *out = into;
  const char *lead_id = cells[0], *email = cells[1];
  static const enum verdict verdicts[] = {[EMAIL_OK] = VERDICT_ELIGIBLE,
                                          [EMAIL_MISSING] = VERDICT_ADDRESS_MISSING,
                                          [EMAIL_INVALID] = VERDICT_ADDRESS_INVALID,
                                          [EMAIL_NOT_ASCII] = VERDICT_ADDRESS_NOT_ASCII};
  g_autofree char *person = NULL;
  enum email_verdict verdict = email_canonical(email, strlen(email), &person);
  if (out->len > 1) g_string_append_c(out, ',');
  g_string_append_c(out, '{');
  json_append_str(out, "lead_id", lead_id);
  json_append_str(out, "email", email);
  json_append_str(out, "person", person);
  bq_json_int(out, "verdict", verdicts[verdict]);
  g_string_append_c(out, '}');
}

static bool foreigners_read(struct bq_warehouse *self, GError **error)
{
  struct bq_call call = {.ids = {BQ_FOREIGN_ADDRESSES}, .ids_n = 1};
  g_autoptr(GString) out = g_string_new("[");
  if (!bq_each(self, &call, bq_foreigner_add, out, error)) return false;
  g_string_append_c(out, ']');
  g_free(self->foreigners);
  self->foreigners = g_strdup(out->str);
  return true;
}

bool bq_json_foreigners(struct bq_warehouse *self, bool is_fresh, GString *out, GError **error)
{
  is_fresh = is_fresh && !(self->epoch && self->kept.is_open);
  if ((is_fresh || !self->foreigners) && !foreigners_read(self, error)) return false;
  json_append_key(out, "foreigners");
  g_string_append(out, self->foreigners);
  return true;
}

void bq_json_policy(const struct bq_warehouse *self, GString *out)
{
  const struct settings *settings = self->settings;
  bq_json_flag(out, "include_adopted", settings->complete.include_adopted);
  json_append_key(out, "kept");
  g_string_append_c(out, '[');
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    if (settings->complete.outcomes[i].action == REMOVAL_KEEP)
      g_string_append_printf(out, "%s\"%zu\"", out->str[out->len - 1] == '[' ? "" : ",", i);
  g_string_append_c(out, ']');
  json_append_key(out, "configured");
  g_string_append_c(out, '[');
  for (guint i = 0; settings->campaigns && i < settings->campaigns->len; i++) {
    if (i > 0) g_string_append_c(out, ',');
    json_append_string(out, g_array_index(settings->campaigns, struct campaign_settings, i).id);
  }
  g_string_append_c(out, ']');
}

/* ---- answers that are read on ---- */

bool bq_stream_goes_on(struct bq_stream *stream, const char *question)
{
  if ((stream->rows || stream->is_over) && g_strcmp0(stream->question, question) == 0) return true;
  bq_stream_close(stream);
  return false;
}

void bq_stream_expect(struct bq_stream *stream, char *question)
{
  g_free(stream->question);
  stream->question = question;
}

bool bq_stream_fill(struct bq_stream *stream, struct page *page, size_t limit,
                    void (*row_take)(const char *const *cells, void *into), GError **error)
{
  while (stream->rows && page->rows->len < limit) {
    const char *const *cells = NULL;
    if (!bq_next(&stream->rows, &cells, error)) {
      bq_stream_close(stream);
      return false;
    }
    if (cells) row_take(cells, page);
  }
  return true;
}

void bq_stream_close(struct bq_stream *stream)
{
  g_clear_pointer(&stream->rows, bigquery_rows_free);
  g_clear_pointer(&stream->question, g_free);
  stream->is_over = false;
}

/* ---- streaming in ---- */

void bq_batch_init(struct bq_batch *batch)
{
  *batch = (struct bq_batch){.rows = g_array_new(FALSE, TRUE, sizeof(struct bigquery_stream_row)),
                             .text = g_string_chunk_new(65536)};
}

void bq_batch_add(struct bq_batch *batch, const char *insert_id, const char *json)
{
  struct bigquery_stream_row row = {.insert_id = g_string_chunk_insert(batch->text, insert_id),
                                    .json = g_string_chunk_insert(batch->text, json)};
  g_array_append_val(batch->rows, row);
}

bool bq_batch_send(struct bq_warehouse *self, struct bq_batch *batch, const char *table, GError **error)
{
  struct bigquery_table where = {.dataset = self->ops_dataset, .table = table};
  if (batch->rows->len == 0) return true;
  bq_tables_forget(self);
  return bigquery_insert_all(self->client, &where, (const struct bigquery_stream_row *)(void *)batch->rows->data,
                             batch->rows->len, error);
}

void bq_batch_clear(struct bq_batch *batch)
{
  g_clear_pointer(&batch->rows, g_array_unref);
  g_clear_pointer(&batch->text, g_string_chunk_free);
}
