/* `leadferry suppress import`: stops from a file, in batches. */
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/csv_reader.h"
#include "cli/import_words.h"
#include "cli/job_print.h"
#include "cli/output.h"

#include <string.h>

#define BATCH_ROWS      1000
#define REJECTED_LISTED 20

enum column { COLUMN_WHO, COLUMN_DOMAIN, COLUMN_REASON, COLUMN_EXPIRES, COLUMNS_N };

/* Names that a header may use, in lower case. */
static const char *const names[COLUMNS_N][3] = {
    [COLUMN_WHO] = {"address", "value", NULL},
    [COLUMN_DOMAIN] = {"domain", NULL},
    [COLUMN_REASON] = {"reason", NULL},
    [COLUMN_EXPIRES] = {"expires_at", NULL},
};

struct stops_import {
  struct cli *cli;
  const char *reason; /* of rows without one; NULL: such a row is rejected */
  char *run_id;       /* kept with each row */
  int64_t allow_hit;
  struct stop_hits hits;
  int at[COLUMNS_N];  /* position in the file, -1: not there */
  GArray *rows;       /* struct brake, of this batch */
  GStringChunk *text; /* their strings */
  int64_t rows_n, rejected_n;
  GArray *rejected; /* int64_t: the first lines that could not be taken */
  struct brake_report total;
};

static void import_init(struct stops_import *import, struct cli *cli)
{
  *import = (struct stops_import){.cli = cli, .at = {0, -1, -1, -1}};
  import->rows = g_array_new(FALSE, TRUE, sizeof(struct brake));
  import->text = g_string_chunk_new(65536);
  import->run_id = brake_run_id(cli);
  import->rejected = g_array_new(FALSE, TRUE, sizeof(int64_t));
}

static void import_clear(struct stops_import *import)
{
  g_array_unref(import->rows);
  g_array_unref(import->rejected);
  g_string_chunk_free(import->text);
  g_free(import->run_id);
}

/* An address, or a domain such as mail.example.org, which a word like "email" is not. */
static bool is_target(const char *text)
{
  struct brake_target target;
  bool is_one = strpbrk(text, ".@") && brake_target_parse(text, &target, NULL);
  if (is_one) brake_target_clear(&target);
  return is_one;
}

/* What `import` takes for the column of addresses is one here, too. */
static int column_named(const char *name)
{
  g_autofree char *lower = g_ascii_strdown(name, -1);
  for (int column = 0; column < COLUMNS_N; column++)
    if (g_strv_contains(names[column], g_strstrip(lower))) return column;
  return !is_target(name) && import_header_rank(name, TARGET_EMAIL) > 0 ? COLUMN_WHO : -1;
}

/* Is the record a header? Then it says where what stands; a file without one has the address or domain in front. */
static bool header_read(struct stops_import *import, const struct csv_record *record)
{
  int at[COLUMNS_N] = {-1, -1, -1, -1};
  for (size_t i = 0; i < record->fields_n; i++) {
    int column = column_named(record->fields[i]);
    if (column >= 0 && at[column] < 0) at[column] = (int)i;
  }
  if (at[COLUMN_WHO] < 0 && at[COLUMN_DOMAIN] < 0) return false;
  memcpy(import->at, at, sizeof at);
  return true;
}

/* The cell, or NULL when it is empty or not there. */
static const char *cell(const struct stops_import *import, const struct csv_record *record, enum column column)
{
  int at = import->at[column];
  if (at < 0 || (size_t)at >= record->fields_n || !*record->fields[at]) return NULL;
  return record->fields[at];
}

static bool row_read(struct stops_import *import, const struct csv_record *record, struct brake *row)
{
  const char *who = cell(import, record, COLUMN_WHO), *expires = cell(import, record, COLUMN_EXPIRES);
  const char *reason = cell(import, record, COLUMN_REASON);
  struct brake_target target;
  if (record->fault != CSV_FAULT_NONE) return false;
  if (!who) who = cell(import, record, COLUMN_DOMAIN);
  if (!reason) reason = import->reason;
  *row = (struct brake){.kind = BRAKE_SUPPRESS, .stop = {.source = "import", .actor = brake_actor()}};
  if (!who || !brake_words_check(reason, NULL) || !brake_target_parse(who, &target, NULL)) return false;
  bool is_ok = !expires || time_parse_us(expires, &row->stop.expires_at_us);
  row->stop.created_at_us = clock_wall_us(import->cli->clock);
  row->stop.run_id = import->run_id;
  row->stop.allow_hit = import->allow_hit;
  row->stop.person = target.person ? g_string_chunk_insert(import->text, target.person) : NULL;
  row->stop.domain = target.domain ? g_string_chunk_insert(import->text, target.domain) : NULL;
  row->stop.reason = g_string_chunk_insert_const(import->text, reason);
  brake_target_clear(&target);
  return is_ok;
}

/* The newest count is of all that was written so far. */
static bool hits_count(struct stops_import *import, bool was_left, GError **error)
{
  g_autoptr(GArray) planned = g_array_new(FALSE, TRUE, sizeof(struct suppression));
  for (guint i = 0; i < import->rows->len; i++)
    g_array_append_vals(planned, &g_array_index(import->rows, struct brake, i).stop, 1);
  bool is_last = import->rows->len < BATCH_ROWS;
  if (was_left || (!is_last && !import->cli->is_dry_run)) return true;
  return brake_hits(import->cli, planned, &import->hits, error);
}

static bool batch_write(struct stops_import *import, GError **error)
{
  struct brake_report report;
  if (!brake_submit(import->cli, import->rows, &report, error) || !hits_count(import, report.was_left, error))
    return false;
  import->total.changed_n += report.changed_n;
  import->total.was_left = import->total.was_left || report.was_left;
  g_array_set_size(import->rows, 0);
  g_string_chunk_clear(import->text);
  return true;
}

static bool record_take(struct stops_import *import, const struct csv_record *record, GError **error)
{
  struct brake row;
  import->rows_n++;
  if (row_read(import, record, &row)) {
    g_array_append_val(import->rows, row);
    return import->rows->len < BATCH_ROWS || batch_write(import, error);
  }
  import->rejected_n++;
  if (import->rejected->len < REJECTED_LISTED) g_array_append_val(import->rejected, record->line);
  return true;
}

/* The first record: a header, or the first stop. What is neither is no such file, and must not pass for one. */
static bool first_take(struct stops_import *import, const struct csv_record *record, GError **error)
{
  if (header_read(import, record)) return true;
  if (record->fault == CSV_FAULT_NONE && record->fields_n > 0 && is_target(record->fields[0]))
    return record_take(import, record, error);
  error_set(error, ERROR_REJECTED,
            "the first line names no column of addresses or domains and begins with neither; give the file a header "
            "line such as: email,reason");
  return false;
}

static bool file_read(struct stops_import *import, const char *path, GError **error)
{
  struct csv_reader *reader = csv_reader_open(path, error);
  struct csv_record record;
  g_autoptr(GError) failure = NULL;
  bool is_first = true, is_ok = reader != NULL;
  while (is_ok && csv_reader_next(reader, &record, &failure)) {
    is_ok = is_first ? first_take(import, &record, error) : record_take(import, &record, error);
    is_first = false;
  }
  csv_reader_free(reader);
  if (!failure) return is_ok && batch_write(import, error);
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

static void say(const struct stops_import *import)
{
  const struct cli *cli = import->cli;
  g_autoptr(GString) out = g_string_new("{");
  brake_append_json(cli, &import->total, out);
  if (!cli->is_dry_run) json_append_str(out, "run_id", import->run_id);
  json_append_int(out, "rows", import->rows_n);
  json_append_int(out, "rejected", import->rejected_n);
  json_stop_hits(out, &import->hits);
  json_append_key(out, "rejected_lines");
  g_string_append_c(out, '[');
  for (guint i = 0; i < import->rejected->len; i++)
    g_string_append_printf(out, "%s%" G_GINT64_FORMAT, i ? "," : "", g_array_index(import->rejected, int64_t, i));
  g_string_append(out, "]}");
  g_autofree char *rows = text_thousands(import->rows_n), *changed = text_thousands(import->total.changed_n);
  if (cli->is_json)
    out_line(out->str);
  else
    out_print("%s rows, %s %s\n", rows, changed, cli->is_dry_run ? "could be taken" : "newly stopped");
  if (!cli->is_json) print_stop_hits(&import->hits);
  brake_note_left(cli, &import->total);
  if (!cli->is_dry_run && import->rows_n > import->rejected_n)
    out_note(cli, "This was run %s: `leadferry suppress remove --run %s --reason TEXT` takes all of it back",
             import->run_id, import->run_id);
  for (guint i = 0; i < import->rejected->len; i++)
    out_note(cli, "Line %" G_GINT64_FORMAT " has no address or domain, no reason or an unreadable date",
             g_array_index(import->rejected, int64_t, i));
}

/* A file that is not there must not leave an empty database behind. */
static bool check(const struct cli *cli, int argc, char **argv, GError **error)
{
  (void)cli, (void)argc;
  struct csv_reader *reader = csv_reader_open(argv[0], error);
  csv_reader_free(reader);
  return reader != NULL;
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc;
  struct stops_import import;
  const char *reason = option_string(cli, "reason");
  int64_t allow_hit = 0;
  if (reason && !brake_words_check(reason, error)) return EXIT_CODE_USAGE;
  if (!brake_allow_hit(cli, &allow_hit, error)) return EXIT_CODE_USAGE;
  import_init(&import, cli);
  import.allow_hit = allow_hit;
  import.reason = reason;
  bool is_ok = file_read(&import, argv[0], error);
  if (is_ok) say(&import);
  enum exit_code code = !is_ok ? EXIT_CODE_FAILED : import.rejected_n > 0 ? EXIT_CODE_PARTIAL : EXIT_CODE_OK;
  import_clear(&import);
  return code;
}

static const struct command_option options[] = {
    {"reason", OPTION_STRING, "TEXT", "why, for rows without a reason of their own"},
    {"allow-hit", OPTION_INT, "N", "let the file end exactly so many running leads; see --dry-run"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_suppress_import = {
    .name = "suppress import",
    .arguments = "FILE.csv",
    .summary = "Stop everybody whom a file names",
    .details =
        "Columns by header: email or domain, reason, expires_at; without a header the first column is the address or "
        "domain. Written in batches of 1000; who is stopped already is left as it is, so a file may be read again. "
        "Rows "
        "that cannot be taken are named by line, and the exit code is 3 then. With --dry-run nothing is written, and "
        "rows that are there already are counted as well.",
    .example = "leadferry suppress import customers.csv --reason customer --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE,
    .writes = true,
    .options = options,
    .arguments_min = 1,
    .arguments_max = 1,
    .check = check,
    .run = run,
};
