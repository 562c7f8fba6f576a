#include "cli/import_stops.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "cli/import_run.h"

#define CANCEL_EVERY 65536

static void stop_column_clear(gpointer data)
{
  struct stop_column *column = data;
  g_clear_pointer(&column->values, g_ptr_array_unref);
}

void import_stops_init(struct import_stops *stops)
{
  stops->columns = g_array_new(FALSE, TRUE, sizeof(struct stop_column));
  g_array_set_clear_func(stops->columns, stop_column_clear);
}

void import_stops_clear(struct import_stops *stops)
{
  g_clear_pointer(&stops->columns, g_array_unref);
}

static const struct stop_column *column_at(const struct import_stops *stops, guint i)
{
  return &g_array_index(stops->columns, struct stop_column, i);
}

static void forget(struct import_stops *stops, int column)
{
  for (guint i = stops->columns->len; i-- > 0;)
    if (column_at(stops, i)->column == column) g_array_remove_index(stops->columns, i);
}

void import_stops_find(struct import_stops *stops, const struct import_sample *sample, const struct import_map *map,
                       size_t first)
{
  for (guint i = (guint)first; i < sample->headers->len; i++) {
    struct stop_column column = {.column = (int)i, .kind = opt_out_kind_of(g_ptr_array_index(sample->headers, i))};
    if (column.kind != OPT_OUT_NONE && !import_map_has(map, i)) g_array_append_val(stops->columns, column);
  }
}

/* The values behind the name of a column, which may hold a colon itself: a name that the file has comes first. */
static char *name_of(const struct import_sample *sample, const char *spec, const char **values)
{
  const char *colon = strrchr(spec, ':');
  *values = NULL;
  if (!colon || import_header_find(sample, spec, NULL, NULL) >= 0) return g_strdup(spec);
  while (colon) {
    g_autofree char *name = g_strstrip(g_strndup(spec, (size_t)(colon - spec)));
    *values = colon + 1;
    if (import_header_find(sample, name, NULL, NULL) >= 0) return g_steal_pointer(&name);
    colon = g_strrstr_len(spec, colon - spec, ":");
  }
  *values = strchr(spec, ':') + 1;
  return g_strndup(spec, (size_t)(*values - 1 - spec));
}

static GPtrArray *values_of(const char *text)
{
  GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) parts = g_strsplit(text, ",", -1);
  for (char **part = parts; *part; part++)
    if (*g_strstrip(*part)) g_ptr_array_add(values, g_strdup(*part));
  return values;
}

bool import_stops_map(struct import_stops *stops, const struct import_sample *sample, const char *spec, GError **error)
{
  const char *values;
  g_autofree char *name = name_of(sample, spec, &values);
  if (!*g_strstrip(name)) {
    error_set(error, ERROR_USAGE,
              "--map: opt_out= names no column; write opt_out=\"Column\", or --ignore-column \"Column\" --reason TEXT "
              "for one that says something else");
    return false;
  }
  int at = import_header_find(sample, name, "--map", error);
  if (at < 0) return false;
  struct stop_column column = {.column = at, .kind = OPT_OUT_FLAG};
  if (values) {
    column.kind = OPT_OUT_LISTED;
    column.values = values_of(values);
  }
  forget(stops, at);
  g_array_append_val(stops->columns, column);
  return true;
}

bool import_stops_ignore(struct import_stops *stops, const struct import_sample *sample, const char *header,
                         GError **error)
{
  int at = import_header_find(sample, header, "--ignore-column", error);
  if (at >= 0) forget(stops, at);
  return at >= 0;
}

/* ---- rows ---- */

static enum opt_out_answer cell_answer(const struct stop_column *column, const struct csv_record *record)
{
  const char *value = (size_t)column->column < record->fields_n ? record->fields[column->column] : NULL;
  if (column->kind != OPT_OUT_LISTED) return opt_out_answer_of(column->kind, value);
  for (guint i = 0; value && i < column->values->len; i++)
    if (opt_out_is_same(value, g_ptr_array_index(column->values, i))) return OPT_OUT_YES;
  return OPT_OUT_NO;
}

enum opt_out_answer import_stops_answer(const struct import_stops *stops, const struct csv_record *record)
{
  enum opt_out_answer strongest = OPT_OUT_NO;
  static const int strength[] = {[OPT_OUT_NO] = 0, [OPT_OUT_BOUNCED] = 1, [OPT_OUT_YES] = 2, [OPT_OUT_UNCLEAR] = 3};
  for (guint i = 0; i < stops->columns->len; i++) {
    enum opt_out_answer answer = cell_answer(column_at(stops, i), record);
    if (strength[answer] > strength[strongest]) strongest = answer;
  }
  return strongest;
}

/* ---- the whole file ---- */

/* What was not understood. */
struct unclear {
  int column;
  int64_t line, n;
};

static void look_at(const struct import_stops *stops, const struct csv_record *record, struct unclear *unclear)
{
  for (guint i = 0; !record->fault && i < stops->columns->len; i++) {
    const struct stop_column *column = column_at(stops, i);
    if (cell_answer(column, record) != OPT_OUT_UNCLEAR) continue;
    if (unclear->n == 0) *unclear = (struct unclear){.column = column->column, .line = record->line};
    unclear->n += column->column == unclear->column;
  }
}

static bool read_all(struct csv_reader *reader, const struct import_options *options, const struct import_plan *plan,
                     struct unclear *unclear, GError **error)
{
  struct csv_record record;
  g_autoptr(GError) failure = NULL;
  bool is_header = true;
  for (int64_t rows_n = 1; csv_reader_next(reader, &record, &failure); rows_n++) {
    if (!is_header) look_at(&plan->stops, &record, unclear);
    is_header = false;
    if (rows_n % CANCEL_EVERY || !options->is_cancelled || !options->is_cancelled(NULL)) continue;
    error_set(error, ERROR_CANCELLED, "The import was interrupted");
    return false;
  }
  if (failure) g_propagate_error(error, g_steal_pointer(&failure));
  return !failure && (!error || !*error);
}

static void refuse(const struct import_options *options, const struct import_plan *plan, const struct unclear *unclear,
                   GError **error)
{
  const char *header = g_ptr_array_index(plan->sample.headers, unclear->column);
  error_set(error, ERROR_USAGE,
            "%s: column \"%s\" looks like an opt-out, and what it says in line %" PRId64
            "%s is not understood; nothing "
            "was taken. Say which values mean \"no mail\" with --map opt_out=\"%s:value,...\", or that it is about "
            "something else with --ignore-column \"%s\" --reason TEXT",
            options->path, header, unclear->line, unclear->n > 1 ? " and others" : "", header, header);
}

bool import_stops_check(const struct import_options *options, const struct import_plan *plan, GError **error)
{
  struct unclear unclear = {0};
  if (plan->stops.columns->len == 0) return true;
  struct csv_reader *reader = csv_reader_open(options->path, error);
  bool is_ok = reader && read_all(reader, options, plan, &unclear, error);
  csv_reader_free(reader);
  if (!is_ok || unclear.n == 0) return is_ok;
  refuse(options, plan, &unclear, error);
  return false;
}
