#pragma once
/* Runs a piece of work again and again, each time in a process of its own, with one allocation after the other failing:
 * once, and then with all later ones too. The process must neither crash nor hang nor leave a block of the library
 * behind; it may end in the words "out of memory", which is GLib's way. */
#include "tests/alloc/alloc_fail.h"

struct alloc_tally {
  long failures_n; /* runs in which something failed */
  long ends_n;     /* of these, those that ended in words */
};

/* Tries them all, at most max_n of each kind. Asserts what must be so. */
void alloc_child_all(void (*work)(const void *context), const void *context, long max_n, struct alloc_tally *tally);
