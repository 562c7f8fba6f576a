#pragma once
/* Memory that lives as long as the world: rows, their texts, addresses. Taken in blocks, given back all at once.
 *
 * A million rows would otherwise be three million allocations between the short-lived ones of each request. What a
 * deleted or patched row leaves behind stays until the reset. A zeroed arena is empty and valid. */
#include <glib.h>

struct arena {
  GPtrArray *blocks;
  char *at;
  gsize left;
};

/* size zeroed bytes, aligned for any type of ours. */
void *arena_take(struct arena *arena, gsize size);

/* Frees all of it. */
void arena_clear(struct arena *arena);
