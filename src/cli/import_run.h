#pragma once
/* The import itself: from a CSV file into `leads` and `lead_fields`, in batches, in constant memory.
 *
 * import_look() reads the head of the file and decides the mapping; import_run() reads the file again from its start
 * (large ones twice, see import_repeats.h):
 * 0. a cell about opting out that is not understood ends it before anything is taken (import_stops.h)
 * 1. a row that cannot be a lead (no or invalid address, bad UTF-8, too many columns) is rejected here
 * 2. whoever opted out is stopped, also one whose row is rejected for something else; then
 *    up to 10,000 rows go to the warehouse in one transaction, which says who is known under another id
 * 3. rejected rows go to FILE.rejected.csv in the order of the file
 * Importing the same file again changes nothing. An import that was interrupted is continued by importing again. */
#include "cli/csv_reader.h"
#include "cli/import_map.h"
#include "cli/import_stops.h"
#include "warehouse/warehouse.h"

/* Why a row was not taken. Stable words: import_reason_name(). */
enum import_reason {
  REASON_NONE = 0,
  REASON_ADDRESS_MISSING,
  REASON_ADDRESS_INVALID,
  REASON_ADDRESS_NOT_ASCII,
  REASON_DUPLICATE_IN_FILE,
  REASON_DUPLICATE_PERSON,
  REASON_LEAD_ID_TAKEN,
  REASON_LEAD_ID_INVALID,
  REASON_TOO_MANY_COLUMNS,
  REASON_BAD_UTF8,
  REASON_NUL_BYTE,
  REASON_ROW_TOO_LONG,
  REASON_UNCLOSED_QUOTE,
  IMPORT_REASONS_N
};

struct import_options {
  const char *path;
  const char *map_spec;    /* --map or NULL */
  const char *ignored;     /* --ignore-column or NULL: a header */
  const char *actor;       /* who imports, of the stops */
  int64_t now_us;          /* wall clock, from which a bounce counts */
  const char *campaign_id; /* for rows that name none; or NULL */
  int64_t limit;           /* rows to read, SETTING_UNLIMITED for all */
  bool is_dry_run;
  bool is_checked;                     /* import_stops_check() has read the file already */
  struct progress *progress;           /* or NULL */
  bool (*is_cancelled)(void *context); /* or NULL */
};

/* What is known of the file before the import. */
struct import_plan {
  struct import_sample sample;
  struct import_map map;
  struct import_stops stops;
  char delimiter;
  bool is_rejected_file; /* made by an earlier import: its first two columns, line and reason, are not the lead's */
};

struct import_report {
  int64_t rows_n, new_n, updated_n, unchanged_n, rejected_n;
  int64_t by_reason[IMPORT_REASONS_N];
  int64_t opted_out_n, bounced_n; /* rows of the file that say so, of people with an address */
  int64_t stopped_n;              /* stops that were not there before; in a dry run 0 */
};

/* Reads the head of the file, guesses the mapping, applies --map. Caller clears the plan, also after a failure. */
bool import_look(const struct import_options *options, struct import_plan *plan,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Frees it; may be called twice. */
void import_plan_clear(struct import_plan *plan);

/* Imports. After a failure the report says how far it came. */
bool import_run(struct warehouse *warehouse, const struct import_options *options, const struct import_plan *plan,
                struct import_report *report, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* address_missing, duplicate_in_file, lead_id_taken, ... */
const char *import_reason_name(enum import_reason reason);

/* What to tell people about it, one sentence without a full stop. */
const char *import_reason_text(enum import_reason reason);
