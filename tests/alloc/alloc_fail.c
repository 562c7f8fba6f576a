#include "tests/alloc/alloc_fail.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* glibc's own, under the names that it exports for this. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void __libc_free(void *block);

#define BLOCKS_MAX (1 << 16)

/* All there is to know; calls come from every thread. */
static struct {
  pthread_mutex_t lock;
  uintptr_t begin, end; /* the library's code */
  long fail_at, seen_n, live_n;
  bool is_armed, lasts, has_failed;
  void *blocks[BLOCKS_MAX]; /* open addressing; DEAD where one was freed */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

#define DEAD ((void *)1)

/* ---- which library ---- */

struct wanted {
  const char *name;
  bool is_found;
};

static int look(struct dl_phdr_info *info, size_t size, void *context)
{
  struct wanted *wanted = context;
  (void)size;
  const char *slash = strrchr(info->dlpi_name, '/');
  const char *file = slash != NULL ? slash + 1 : info->dlpi_name;
  if (strncmp(file, wanted->name, strlen(wanted->name)) != 0) return 0;
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD || (info->dlpi_phdr[i].p_flags & PF_X) == 0) continue;
    state.begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    state.end = state.begin + info->dlpi_phdr[i].p_memsz;
    wanted->is_found = true;
  }
  return 1;
}

bool alloc_fail_watch(const char *library)
{
  struct wanted wanted = {.name = library};
  dl_iterate_phdr(look, &wanted);
  return wanted.is_found;
}

/* ---- counting ---- */

void alloc_fail_at(long n, bool lasts)
{
  pthread_mutex_lock(&state.lock);
  state.fail_at = n;
  state.lasts = lasts;
  state.seen_n = 0;
  state.has_failed = false;
  state.is_armed = true;
  pthread_mutex_unlock(&state.lock);
}

bool alloc_fail_stop(void)
{
  pthread_mutex_lock(&state.lock);
  state.is_armed = false;
  bool has_failed = state.has_failed;
  pthread_mutex_unlock(&state.lock);
  return has_failed;
}

long alloc_fail_seen(void)
{
  return state.seen_n;
}

long alloc_fail_live(void)
{
  return state.live_n;
}

static bool is_watched(const void *caller)
{
  return (uintptr_t)caller >= state.begin && (uintptr_t)caller < state.end;
}

/* Counts an allocation of the library; true when it must fail. */
static bool must_fail(void)
{
  pthread_mutex_lock(&state.lock);
  long n = state.is_armed ? ++state.seen_n : 0;
  bool is_hit = n > 0 && state.fail_at > 0 && (n == state.fail_at || (state.lasts && n > state.fail_at));
  state.has_failed = state.has_failed || is_hit;
  pthread_mutex_unlock(&state.lock);
  if (is_hit) errno = ENOMEM;
  return is_hit;
}

static size_t place_of(const void *block)
{
  return (size_t)(((uintptr_t)block >> 4) * 2654435761U) % BLOCKS_MAX;
}

static void *keep(void *block)
{
  if (block == NULL) return NULL;
  pthread_mutex_lock(&state.lock);
  size_t at = place_of(block);
  while (state.blocks[at] != NULL && state.blocks[at] != DEAD)
    at = (at + 1) % BLOCKS_MAX;
  state.blocks[at] = block;
  if (++state.live_n > BLOCKS_MAX / 2) abort();
  pthread_mutex_unlock(&state.lock);
  return block;
}

/* Forgets a block; false when it was none of the library's. */
static bool forget(const void *block)
{
  if (block == NULL || state.live_n == 0) return false;
  pthread_mutex_lock(&state.lock);
  size_t at = place_of(block), looked_n = 0;
  while (state.blocks[at] != NULL && state.blocks[at] != block && looked_n++ < BLOCKS_MAX)
    at = (at + 1) % BLOCKS_MAX;
  bool is_ours = state.blocks[at] == block;
  if (is_ours) {
    state.blocks[at] = DEAD;
    state.live_n--;
  }
  pthread_mutex_unlock(&state.lock);
  return is_ours;
}

/* ---- in front of the system's ---- */

void *malloc(size_t size)
{
  if (!is_watched(__builtin_return_address(0))) return __libc_malloc(size);
  return must_fail() ? NULL : keep(__libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
  if (!is_watched(__builtin_return_address(0))) return __libc_calloc(n, size);
  return must_fail() ? NULL : keep(__libc_calloc(n, size));
}

void *realloc(void *block, size_t size)
{
  if (!is_watched(__builtin_return_address(0))) return __libc_realloc(block, size);
  if (must_fail()) return NULL;
  forget(block);
  return keep(__libc_realloc(block, size));
}

void free(void *block)
{
  forget(block);
  __libc_free(block);
}
