#include "cli/import_run.h"

#include "base/clock.h"
#include "cli/import_batch.h"
#include "cli/import_reject.h"
#include "cli/import_repeats.h"
#include "cli/person_set.h"
#include "core/sync.h"
#include "warehouse/brakes.h"

#include <string.h>

/* An import while it runs. */
struct importer {
  struct warehouse *warehouse;
  const struct import_options *options;
  const struct import_plan *plan;
  struct import_report *report;
  struct csv_reader *reader;
  struct import_batch batch;
  struct person_set seen; /* persons of the rows that were taken */
  bool has_repeats;       /* large file: only who may come again has to be remembered */
  struct person_set repeats;
  struct reject_file *rejects; /* NULL in a dry run */
};

static bool importer_open(struct importer *importer, GError **error);
static bool importer_read(struct importer *importer, GError **error);
static bool importer_flush(struct importer *importer, GError **error);
static void importer_clear(struct importer *importer);

bool import_run(struct warehouse *warehouse, const struct import_options *options, const struct import_plan *plan,
                struct import_report *report, GError **error)
{
  struct importer importer = {.warehouse = warehouse, .options = options, .plan = plan, .report = report};
  *report = (struct import_report){0};
  bool ok = importer_open(&importer, error) && importer_read(&importer, error) && importer_flush(&importer, error);
  if (ok && importer.rejects) ok = reject_commit(importer.rejects, error);
  importer_clear(&importer);
  if (ok) return true;
  int64_t done_n = report->new_n + report->updated_n + report->unchanged_n;
  if (done_n > 0 && !options->is_dry_run) {
    g_prefix_error(error,
                   "after %" G_GINT64_FORMAT " rows (they are in; importing the file again continues): ", done_n);
  }
  return false;
}

/* ---- reading ---- */

/* Rows of empty cells are what spreadsheets leave behind. */
static bool is_empty_record(const struct csv_record *record)
{
  if (record->fault) return false;
  for (size_t i = 0; i < record->fields_n; i++) {
    if (record->lengths[i] > 0) return false;
  }
  return true;
}

static bool read_header(struct csv_reader *reader, GPtrArray **headers, GError **error)
{
  struct csv_record record;
  GError *failure = NULL;
  if (!csv_reader_next(reader, &record, &failure)) {
    if (failure)
      g_propagate_error(error, failure);
    else
      error_set(error, ERROR_REJECTED, "The file is empty");
    return false;
  }
  if (record.fault) {
    error_set(error, ERROR_REJECTED, "The header line cannot be read (%s): save the file as \"CSV UTF-8\"",
              csv_fault_name(record.fault));
    return false;
  }
  *headers = import_headers(record.fields, record.fields_n);
  return import_headers_check(*headers, error);
}

static bool importer_open(struct importer *importer, GError **error)
{
  g_autoptr(GPtrArray) headers = NULL;
  batch_init(&importer->batch);
  person_set_init(&importer->seen);
  person_set_init(&importer->repeats);
  importer->reader = csv_reader_open(importer->options->path, error);
  if (!importer->reader || !read_header(importer->reader, &headers, error)) return false;
  importer->has_repeats = csv_reader_size_bytes(importer->reader) > IMPORT_REPEATS_FROM_BYTES;
  if (importer->has_repeats && !import_find_repeats(importer->options, importer->plan, &importer->repeats, error)) {
    return false;
  }
  if (importer->options->is_dry_run) return true;
  importer->rejects = reject_open(importer->options->path, headers, error);
  return importer->rejects != NULL;
}

static bool importer_check_cancelled(const struct importer *importer, GError **error)
{
  const struct import_options *options = importer->options;
  if (!options->is_cancelled || !options->is_cancelled(NULL)) return true;
  error_set(error, ERROR_CANCELLED, "The import was interrupted");
  return false;
}

static bool importer_read(struct importer *importer, GError **error)
{
  struct csv_record record;
  GError *failure = NULL;
  while (importer->report->rows_n < importer->options->limit && csv_reader_next(importer->reader, &record, &failure)) {
    if (is_empty_record(&record)) continue;
    importer->report->rows_n++;
    batch_add(&importer->batch, &record, importer->plan, importer->options->campaign_id);
    if (batch_is_full(&importer->batch) && !importer_flush(importer, error)) return false;
  }
  if (!failure) return true;
  g_propagate_error(error, failure);
  return false;
}

/* ---- one batch into the warehouse ---- */

/* The rows of one call to import_rows: no person twice. */
struct round {
  GArray *rows;        /* struct import_row */
  GArray *at;          /* guint: their places in the batch */
  GHashTable *persons; /* borrowed keys */
};

static void round_clear(struct round *round)
{
  g_array_unref(round->rows);
  g_array_unref(round->at);
  g_hash_table_unref(round->persons);
}

/* Takes the rows that are still to be decided; a second row of a person waits for what becomes of the first. */
static void round_collect(struct round *round, struct importer *importer, const bool *is_decided)
{
  *round = (struct round){.rows = g_array_new(FALSE, FALSE, sizeof(struct import_row)),
                          .at = g_array_new(FALSE, FALSE, sizeof(guint)),
                          .persons = g_hash_table_new(g_str_hash, g_str_equal)};
  for (guint i = 0; i < importer->batch.rows->len; i++) {
    struct batch_row *row = batch_at(&importer->batch, i);
    if (is_decided[i] || row->reason != REASON_NONE) continue;
    if (person_set_has(&importer->seen, row->row.person)) {
      row->reason = REASON_DUPLICATE_IN_FILE;
      continue;
    }
    if (!g_hash_table_add(round->persons, (gpointer)row->row.person)) continue;
    g_array_append_val(round->rows, row->row);
    g_array_append_val(round->at, i);
  }
}

static void take_result(struct importer *importer, struct batch_row *row, enum import_result result)
{
  struct import_report *report = importer->report;
  switch (result) {
  case IMPORT_NEW: report->new_n++; break;
  case IMPORT_UPDATED: report->updated_n++; break;
  case IMPORT_UNCHANGED: report->unchanged_n++; break;
  case IMPORT_DUPLICATE_PERSON: row->reason = REASON_DUPLICATE_PERSON; return;
  case IMPORT_ID_TAKEN: row->reason = REASON_LEAD_ID_TAKEN; return;
  }
  bool may_come_again = !importer->has_repeats || person_set_has(&importer->repeats, row->row.person);
  if (may_come_again) person_set_add(&importer->seen, row->row.person);
}

static bool round_send(struct round *round, struct importer *importer, bool *is_decided, GError **error)
{
  struct import_row *rows = (struct import_row *)(void *)round->rows->data;
  if (!import_rows(importer->warehouse, rows, round->rows->len, importer->options->is_dry_run, error)) return false;
  for (guint i = 0; i < round->at->len; i++) {
    guint at = g_array_index(round->at, guint, i);
    take_result(importer, batch_at(&importer->batch, at), rows[i].result);
    is_decided[at] = true;
  }
  return true;
}

static void write_rejects(struct importer *importer)
{
  for (guint i = 0; i < importer->batch.rows->len; i++) {
    const struct batch_row *row = batch_at(&importer->batch, i);
    if (row->reason == REASON_NONE) continue;
    struct csv_record record = batch_record(&importer->batch, row);
    importer->report->rejected_n++;
    importer->report->by_reason[row->reason]++;
    if (importer->rejects) reject_write(importer->rejects, import_reason_name(row->reason), &record);
  }
}

/* The stop that a row of the file is; person and actor are borrowed. */
static struct brake stop_of(const struct importer *importer, const struct batch_row *row)
{
  bool is_bounce = row->opt_out == OPT_OUT_BOUNCED;
  struct suppression stop = {.person = row->row.person,
                             .reason = is_bounce ? "bounced" : "unsubscribed",
                             .source = "import",
                             .actor = importer->options->actor,
                             .created_at_us = importer->options->now_us};
  /* By the day: importing the file again on the same day changes nothing. */
  int64_t today_us = importer->options->now_us / DAY_US * DAY_US;
  if (is_bounce) stop.expires_at_us = today_us + (BOUNCE_STOP_DAYS + 1) * DAY_US;
  return (struct brake){.kind = BRAKE_SUPPRESS, .stop = stop};
}

/* Before their rows: nobody may be claimed between the two. A cell that is unclear only now, because the file was
 * changed since it was looked at, stops. */
static bool stop_opted_out(struct importer *importer, GError **error)
{
  g_autoptr(GArray) stops = g_array_new(FALSE, TRUE, sizeof(struct brake));
  for (guint i = 0; i < importer->batch.rows->len; i++) {
    const struct batch_row *row = batch_at(&importer->batch, i);
    if (row->opt_out == OPT_OUT_NO) continue;
    struct brake stop = stop_of(importer, row);
    g_array_append_val(stops, stop);
    importer->report->opted_out_n += row->opt_out != OPT_OUT_BOUNCED;
    importer->report->bounced_n += row->opt_out == OPT_OUT_BOUNCED;
  }
  if (stops->len == 0 || importer->options->is_dry_run) return true;
  struct brake_report report;
  const struct brake *rows = (const struct brake *)(const void *)stops->data;
  if (!brakes_write(importer->warehouse, rows, stops->len, &report, error)) return false;
  importer->report->stopped_n += report.changed_n;
  return true;
}

static bool importer_flush(struct importer *importer, GError **error)
{
  g_autofree bool *is_decided = g_new0(bool, importer->batch.rows->len + 1);
  bool ok = importer_check_cancelled(importer, error) && stop_opted_out(importer, error);
  for (bool is_done = false; ok && !is_done;) {
    struct round round;
    round_collect(&round, importer, is_decided);
    is_done = round.rows->len == 0;
    ok = is_done || round_send(&round, importer, is_decided, error);
    round_clear(&round);
  }
  if (!ok) return false;
  write_rejects(importer);
  batch_reset(&importer->batch);
  struct progress *progress = importer->options->progress;
  const struct import_report *report = importer->report;
  if (progress) progress->update(progress, "rows", report->rows_n, 0, report->rejected_n);
  return true;
}

static void importer_clear(struct importer *importer)
{
  batch_clear(&importer->batch);
  person_set_clear(&importer->repeats);
  person_set_clear(&importer->seen);
  csv_reader_free(importer->reader);
  reject_free(importer->rejects);
}

/* ---- before the import ---- */

static bool read_sample(struct csv_reader *reader, struct import_plan *plan, GError **error)
{
  GPtrArray *headers = NULL;
  bool has_header = read_header(reader, &headers, error);
  if (headers) import_sample_init_take(&plan->sample, headers);
  if (!has_header) return false;
  plan->delimiter = csv_reader_delimiter(reader);
  struct csv_record record;
  GError *failure = NULL;
  while (plan->sample.rows->len < IMPORT_SAMPLE_ROWS && csv_reader_next(reader, &record, &failure)) {
    if (!record.fault && !is_empty_record(&record)) import_sample_add(&plan->sample, record.fields, record.fields_n);
  }
  if (!failure) return true;
  g_propagate_error(error, failure);
  return false;
}

/* Somebody mended the rows of an earlier FILE.rejected.csv and imports that. */
static bool is_rejected_header(const GPtrArray *headers)
{
  return headers->len > 2 && !strcmp(g_ptr_array_index(headers, 0), "line") &&
         !strcmp(g_ptr_array_index(headers, 1), "reason");
}

/* What the command line says of the columns, after the guess. */
static bool apply_words(const struct import_options *options, struct import_plan *plan, GError **error)
{
  g_autoptr(GPtrArray) opt_outs = g_ptr_array_new_with_free_func(g_free);
  if (options->map_spec && !import_map_apply(&plan->sample, options->map_spec, &plan->map, opt_outs, error))
    return false;
  import_stops_find(&plan->stops, &plan->sample, &plan->map, plan->is_rejected_file ? 2 : 0);
  for (guint i = 0; i < opt_outs->len; i++)
    if (!import_stops_map(&plan->stops, &plan->sample, g_ptr_array_index(opt_outs, i), error)) return false;
  return !options->ignored || import_stops_ignore(&plan->stops, &plan->sample, options->ignored, error);
}

bool import_look(const struct import_options *options, struct import_plan *plan, GError **error)
{
  *plan = (struct import_plan){0};
  import_stops_init(&plan->stops);
  struct csv_reader *reader = csv_reader_open(options->path, error);
  if (!reader) return false;
  bool ok = read_sample(reader, plan, error);
  csv_reader_free(reader);
  if (!ok) {
    g_prefix_error(error, "%s: ", options->path);
    return false;
  }
  plan->is_rejected_file = is_rejected_header(plan->sample.headers);
  import_map_guess(&plan->sample, &plan->map);
  return apply_words(options, plan, error) && import_map_check(&plan->sample, &plan->map, error) &&
         (options->is_checked || import_stops_check(options, plan, error));
}

void import_plan_clear(struct import_plan *plan)
{
  import_sample_clear(&plan->sample);
  import_stops_clear(&plan->stops);
}

/* ---- reasons ---- */

static const struct {
  const char *name, *text;
} reasons[IMPORT_REASONS_N] = {
    [REASON_NONE] = {"", ""},
    [REASON_ADDRESS_MISSING] = {"address_missing", "no e-mail address"},
    [REASON_ADDRESS_INVALID] = {"address_invalid", "not an e-mail address"},
    [REASON_ADDRESS_NOT_ASCII] = {"address_not_ascii", "letters before the @ that mail servers do not take"},
    [REASON_DUPLICATE_IN_FILE] = {"duplicate_in_file", "the same person stands further up in the file"},
    [REASON_DUPLICATE_PERSON] = {"duplicate_person", "the person is in the warehouse under another lead_id"},
    [REASON_LEAD_ID_TAKEN] = {"lead_id_taken", "the lead_id belongs to another person"},
    [REASON_LEAD_ID_INVALID] = {"lead_id_invalid", "the lead_id is over-long or has control characters"},
    [REASON_TOO_MANY_COLUMNS] = {"too_many_columns", "more values than the header has columns"},
    [REASON_BAD_UTF8] = {"bad_utf8", "not UTF-8 (save the file as \"CSV UTF-8\", or convert it with iconv)"},
    [REASON_NUL_BYTE] = {"nul_byte", "a NUL byte"},
    [REASON_ROW_TOO_LONG] = {"row_too_long", "more than 1 MB in one row"},
    [REASON_UNCLOSED_QUOTE] = {"unclosed_quote", "a quote that is never closed"},
};

const char *import_reason_name(enum import_reason reason)
{
  return reasons[reason].name;
}

const char *import_reason_text(enum import_reason reason)
{
  return reasons[reason].text;
}
