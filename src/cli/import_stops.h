#pragma once
/* Who of a file is to be stopped: the columns in which a CRM says that somebody wants no mail (opt_out.h).
 *
 * Calling sequence: import_stops_init(), import_stops_find() for the headers that we know, import_stops_map() and
 * import_stops_ignore() for what the command line says, import_stops_check() over the whole file before anything of it
 * is taken, import_stops_answer() for each row. */
#include "cli/csv_reader.h"
#include "cli/import_map.h"
#include "core/opt_out.h"

struct import_options;
struct import_plan;

/* One of those columns. */
struct stop_column {
  int column;
  enum opt_out_kind kind;
  GPtrArray *values; /* char *: of OPT_OUT_LISTED, what means yes; else NULL */
};

struct import_stops {
  GArray *columns; /* struct stop_column */
};

/* Makes it empty. */
void import_stops_init(struct import_stops *stops);
/* Frees it; may be called twice. */
void import_stops_clear(struct import_stops *stops);

/* Adds the columns that say it by their header, from the column `first` on. */
void import_stops_find(struct import_stops *stops, const struct import_sample *sample, const struct import_map *map,
                       size_t first);

/* "Column" or "Column:value,value": the column says it, by these values where some are given. ERROR_USAGE for a column
 * that the file does not have. */
bool import_stops_map(struct import_stops *stops, const struct import_sample *sample, const char *spec,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The column does not say it. ERROR_USAGE as above. */
bool import_stops_ignore(struct import_stops *stops, const struct import_sample *sample, const char *header,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What the row says: of several columns the strongest counts, and one that is unclear before all. */
enum opt_out_answer import_stops_answer(const struct import_stops *stops, const struct csv_record *record);

/* Is every cell of these columns understood, in the whole file? ERROR_USAGE names the column, the first line, how many
 * there are, and both ways out; values are not quoted. */
bool import_stops_check(const struct import_options *options, const struct import_plan *plan,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
