#include "arena.h"

#define BLOCK_BYTES ((gsize)1024 * 1024)
#define ALIGN_BYTES ((gsize)8)

void *arena_take(struct arena *arena, gsize size)
{
  size = (size + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
  if (size > arena->left) {
    gsize block = MAX(size, BLOCK_BYTES);
    if (arena->blocks == NULL) arena->blocks = g_ptr_array_new_with_free_func(g_free);
    arena->at = g_malloc0(block);
    arena->left = block;
    g_ptr_array_add(arena->blocks, arena->at);
  }
  void *taken = arena->at;
  arena->at += size;
  arena->left -= size;
  return taken;
}

void arena_clear(struct arena *arena)
{
  if (arena->blocks != NULL) g_ptr_array_free(arena->blocks, TRUE);
  *arena = (struct arena){0};
}
