#pragma once
/* Makes the n-th allocation of one library fail. GLib ends the process where memory is short; other libraries answer
 * with NULL, and whoever calls them must see to it that nothing worse follows.
 *
 * Calling sequence: alloc_fail_watch() once, then per run alloc_fail_at(n), the work, alloc_fail_stop(). The program
 * that links this has its own malloc, calloc, realloc and free in front of the system's. */
#include <stdbool.h>
#include <stddef.h>

/* Watches allocations made from the code of the library whose file name begins so; false when it is not loaded. */
bool alloc_fail_watch(const char *library);
/* From now on the n-th of them fails, and with lasts all later ones; 0: none does. */
void alloc_fail_at(long n, bool lasts);
/* Nothing fails any more; true when something did. */
bool alloc_fail_stop(void);
/* How many of them were made since alloc_fail_at(), failed ones included. */
long alloc_fail_seen(void);
/* How many blocks of theirs nobody has freed yet. */
long alloc_fail_live(void);
