#pragma once
/* Which persons may stand in a file more than once? Asked of large files before their import, so that the import has to
 * remember those alone, and memory does not grow with the number of rows.
 *
 * One pass over the file with a Bloom filter of 16 MB: whoever it may have seen before is a candidate. At 10 million
 * persons some 0.4 % are candidates by chance, which costs a little memory and changes nothing. */
#include "cli/import_run.h"
#include "cli/person_set.h"

/* Files beyond this size are looked at first; smaller ones have few enough persons to remember them all. */
#define IMPORT_REPEATS_FROM_BYTES ((int64_t)64 << 20)

/* Fills the candidates. */
bool import_find_repeats(const struct import_options *options, const struct import_plan *plan,
                         struct person_set *candidates, GError **error) G_GNUC_WARN_UNUSED_RESULT;
