#pragma once
/* Points in the past as people write them on a command line. Pure. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* "7d", "24h", "30min", "2w" before now, or a date or time (RFC 3339). ERROR_USAGE says which forms there are. */
bool since_parse(const char *text, int64_t now_us, int64_t *since_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
