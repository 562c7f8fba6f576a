#pragma once
/* Brakes as lines of JSON: what a command leaves in the inbox and the holder of the lock takes up. Members that are
 * NULL or 0 are left out. A line holds addresses, so the files are nobody's but the owner's. */
#include "warehouse/brakes.h"

/* Appends one line with its newline. */
void brake_append_line(GString *out, const struct brake *brake);

/* Reads one line (without its newline); strings go into text. ERROR_CORRUPT when it is none. */
bool brake_parse_line(const char *line, size_t length, GStringChunk *text, struct brake *brake,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
