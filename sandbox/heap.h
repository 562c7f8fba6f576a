#pragma once
/* A binary min-heap of timers: (due time, insertion number) -> row and a small argument. Equal times keep the order of
 * insertion. A zeroed heap is empty and valid. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct timer {
  int64_t due_ms;
  uint64_t order;
  void *row;
  int32_t kind;
  uint8_t step;
  uint8_t variant;
  uint16_t extra;
};

struct heap {
  GArray *timers;
  uint64_t pushed_n;
};

/* Adds a timer; `order` is filled in. */
void heap_push(struct heap *heap, struct timer timer);

/* The earliest timer or NULL. Borrowed until the next push or pop. */
const struct timer *heap_peek(const struct heap *heap);

/* Takes the earliest off. The heap must not be empty. */
struct timer heap_pop(struct heap *heap);

/* Number of timers. */
guint heap_size(const struct heap *heap);

/* Frees the memory; the heap is empty and valid again. */
void heap_clear(struct heap *heap);
