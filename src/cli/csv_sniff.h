#pragma once
/* What kind of CSV is it? Pure guesses over the first bytes of a file, used by csv_reader.c before the first record. */
#include <stdbool.h>
#include <stddef.h>

/* How much of a file is looked at. */
#define CSV_SNIFF_BYTES ((size_t)64 * 1024)

/* Is it UTF-16, by its BOM or by every other byte being NUL? */
bool csv_looks_like_utf16(const char *sample, size_t size);

/* The delimiter that a first line "sep=;" names, '\0' without one. *hint_bytes is the length of that line. */
char csv_delimiter_hint(const char *sample, size_t size, size_t *hint_bytes);

/* The delimiter of a sample: the one of , ; tab | that cuts most records into as many (> 1) fields as the first; among
 * equals the one that makes more fields; ',' when none cuts the first record. */
char csv_sniff_delimiter(const char *sample, size_t size);
