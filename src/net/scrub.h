#pragma once
/* Words of others in sentences of ours: what an answer or libcurl says may quote a key or an address back at us. */
#include <glib.h>

#define SCRUB_MAX_BYTES 160

/* text without secrets of the log, without words that may be addresses ("[address]") and without control bytes; cut
 * after SCRUB_MAX_BYTES at a character's edge. NULL gives "". Caller frees. */
char *net_scrub(const char *text);
