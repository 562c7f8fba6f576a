#pragma once
/* Which column of a CSV file is which column of `leads`: guessed from header words (in several languages) and from
 * sample values, corrected by --map. Pure; the words are a table in import_words.c.
 *
 * Calling sequence: import_headers() and import_headers_check(); fill a struct import_sample with up to
 * IMPORT_SAMPLE_ROWS rows; import_map_guess(), import_map_apply() for --map, import_map_check(). Columns that nothing
 * is mapped to go into lead_fields. */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#define IMPORT_SAMPLE_ROWS 1000

/* The columns of `leads` that a file can fill. */
enum import_target {
  TARGET_LEAD_ID,
  TARGET_EMAIL,
  TARGET_FIRST_NAME,
  TARGET_LAST_NAME,
  TARGET_COMPANY_NAME,
  TARGET_CAMPAIGN_ID,
  IMPORT_TARGETS_N
};

/* The first rows of a file. */
struct import_sample {
  GPtrArray *headers; /* char *, unique: see import_headers() */
  GPtrArray *rows;    /* GStrv, each with headers->len members */
};

/* Column numbers by target, -1 for none. */
struct import_map {
  int column[IMPORT_TARGETS_N];
};

/* Header names that can be keys: trimmed, "column 7" for an empty one, "Email (2)" for the second of the same name.
 * A GPtrArray of char *; caller unrefs. */
GPtrArray *import_headers(const char *const *fields, size_t fields_n);

/* Makes an empty sample for these headers, which it keeps. */
void import_sample_init_take(struct import_sample *sample, GPtrArray *headers);
/* Copies one row, padded or cut to the number of headers. */
void import_sample_add(struct import_sample *sample, const char *const *fields, size_t fields_n);
/* Frees it; may be called twice. */
void import_sample_clear(struct import_sample *sample);

/* Guesses: e-mail is the first column that is called so and holds addresses (an owner's address is not the lead's);
 * lead_id a column called an id whose values are all there and all different (never a running "Index"). */
void import_map_guess(const struct import_sample *sample, struct import_map *map);

/* Applies "lead_id=Account Id,email=Email 2"; "lead_id=" unmaps. What stands behind "opt_out=" is no target: it is
 * added to opt_outs (char *, see import_stops.h). ERROR_USAGE names the unknown part, the nearest and all that there
 * are. */
bool import_map_apply(const struct import_sample *sample, const char *spec, struct import_map *map, GPtrArray *opt_outs,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The column of that name, else of that name in another case; -1 and, with an option to blame, ERROR_USAGE otherwise.
 */
int import_header_find(const struct import_sample *sample, const char *name, const char *option, GError **error);

/* Is the header one? ERROR_USAGE when a cell of it is an e-mail address. Asked first: other errors quote headers. */
bool import_headers_check(const GPtrArray *headers, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Is there an e-mail column? ERROR_USAGE with what to do. */
bool import_map_check(const struct import_sample *sample, const struct import_map *map,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The target's column name: "lead_id", "email", ... */
const char *import_target_name(enum import_target target);

/* Is this column mapped to a target? */
bool import_map_has(const struct import_map *map, size_t column);
