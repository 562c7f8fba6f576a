#pragma once
/* The insides of JSON strings that json_check() has accepted, for those who read them without cJSON: json_flat.c and
 * json_pull.c. */
#include <glib.h>
#include <stdint.h>

/* The quotes and backslashes of these eight bytes (read as little endian) by their highest bit; above the first there
 * may be bits too many. */
static inline uint64_t json_marked_bytes(uint64_t eight)
{
  const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
  uint64_t quote = eight ^ (ones * '"'), backslash = eight ^ (ones * '\\');
  return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & highs;
}

/* Reads one escape, of which the backslash has been read, and writes what it stands for; moves both on. It never writes
 * more than it reads, so *text may be behind *at in the same bytes. */
void json_take_escape(const char **at, char **text);
