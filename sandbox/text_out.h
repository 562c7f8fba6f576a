#pragma once
/* JSON out, fast: the same text as base/json.h writes, for the inner loops of a million rows.
 *
 * Names are constants that need no escaping; texts were checked for UTF-8 when they came in, and only those with
 * characters to escape take the long way. */
#include <glib.h>
#include <stdint.h>

/* Appends `"name":`, with a comma before it unless out ends in '{' or '['. */
void out_key(GString *out, const char *name);

/* Appends a quoted text, or null. */
void out_text(GString *out, const char *text);

/* Appends a key with a text (or null) / an integer. */
void out_str(GString *out, const char *name, const char *text);
void out_int(GString *out, const char *name, int64_t value); /* see out_str */
