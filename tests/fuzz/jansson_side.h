#pragma once
/* jansson behind one function: its header and base/json.h claim the same names and cannot meet in one file. */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Reads text with jansson and appends the values in one fixed spelling (see jansson_side.c); integers are read as
 * reals, since jansson refuses those beyond 64 bits. False, with the reason in out, when jansson refuses. */
bool jansson_dump(const char *text, size_t size, GString *out);
