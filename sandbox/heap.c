#include "heap.h"

static bool is_before(const struct timer *a, const struct timer *b)
{
  return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static struct timer *at(const struct heap *heap, guint i)
{
  return &g_array_index(heap->timers, struct timer, i);
}

guint heap_size(const struct heap *heap)
{
  return heap->timers == NULL ? 0 : heap->timers->len;
}

void heap_push(struct heap *heap, struct timer timer)
{
  if (heap->timers == NULL) heap->timers = g_array_new(FALSE, FALSE, sizeof(struct timer));
  timer.order = heap->pushed_n++;
  g_array_append_val(heap->timers, timer);
  guint i = heap->timers->len - 1;
  while (i > 0 && is_before(&timer, at(heap, (i - 1) / 2))) {
    *at(heap, i) = *at(heap, (i - 1) / 2);
    i = (i - 1) / 2;
  }
  *at(heap, i) = timer;
}

const struct timer *heap_peek(const struct heap *heap)
{
  return heap_size(heap) == 0 ? NULL : at(heap, 0);
}

struct timer heap_pop(struct heap *heap)
{
  g_assert(heap_size(heap) > 0);
  struct timer top = *at(heap, 0);
  guint last = heap->timers->len - 1;
  struct timer moved = *at(heap, last);
  g_array_set_size(heap->timers, last);
  guint i = 0;
  while (2 * i + 1 < last) {
    guint child = 2 * i + 1;
    if (child + 1 < last && is_before(at(heap, child + 1), at(heap, child))) child++;
    if (!is_before(at(heap, child), &moved)) break;
    *at(heap, i) = *at(heap, child);
    i = child;
  }
  if (last > 0) *at(heap, i) = moved;
  return top;
}

void heap_clear(struct heap *heap)
{
  if (heap->timers != NULL) g_array_free(heap->timers, TRUE);
  *heap = (struct heap){0};
}
