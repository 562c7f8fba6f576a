#include "warehouse/sqlite_busy.h"

#include "base/error.h"
#include "warehouse/sqlite_lock.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_MAX_MS 30000
#define PATIENCE_MS 2000 /* with somebody who is suspended */

/* SQLite's locks are on these bytes of the database: sqlite.org/fileformat2.html#the_lock_byte_page. */
#define LOCK_BYTE_FIRST 0x40000000
#define LOCK_BYTE_LAST  (LOCK_BYTE_FIRST + 511)

/* In WAL mode who writes has this byte of the -shm file: sqlite.org/walformat.html, "WAL Locks". */
#define WAL_WRITE_BYTE 120

/* ---- SQLite's locks ---- */

struct holder {
  int64_t pid; /* 0: nobody knows */
  bool is_writing, is_suspended;
};

static bool is_suspended(int64_t pid)
{
  g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/stat", pid);
  g_autofree char *stat_line = NULL;
  if (!g_file_get_contents(path, &stat_line, NULL, NULL)) return false;
  const char *name_end = strrchr(stat_line, ')'); /* a name may hold anything; behind it a blank and the state */
  return name_end && (g_str_has_prefix(name_end, ") T") || g_str_has_prefix(name_end, ") t"));
}

static int64_t number_of(const char *text)
{
  guint64 value = 0;
  return g_ascii_string_to_unsigned(text, 10, 0, INT64_MAX, &value, NULL) ? (int64_t)value : -1;
}

/* Bytes of a file that are locked. */
struct locked {
  struct stat info;
  int64_t first, last;
};

/* A line of /proc/locks: "5: POSIX  ADVISORY  WRITE 15840 fe:00:10020578 1073741824 1073742335". The device is not
 * compared: some file systems show another one there than stat() does. */
static bool holder_parse(const char *line, const struct locked *locked, struct holder *holder)
{
  const char *words[8];
  size_t words_n = 0;
  g_auto(GStrv) parts = g_strsplit(line, " ", -1);
  for (char **part = parts; *part && words_n < G_N_ELEMENTS(words); part++)
    if (**part) words[words_n++] = *part;
  if (words_n < G_N_ELEMENTS(words) || strcmp(words[1], "POSIX") != 0) return false;
  const char *colon = strrchr(words[5], ':');
  bool is_to_end = strcmp(words[7], "EOF") == 0;
  bool is_on_bytes = number_of(words[6]) <= locked->last && (is_to_end || number_of(words[7]) >= locked->first);
  *holder = (struct holder){.pid = number_of(words[4]), .is_writing = strcmp(words[3], "WRITE") == 0};
  return colon && number_of(colon + 1) == (int64_t)locked->info.st_ino && is_on_bytes && holder->pid > 0 &&
         holder->pid != getpid();
}

/* Where whoever keeps us out has a lock. */
static bool locked_find(const struct sqlite_db *db, struct locked *locked)
{
  g_autofree char *index = sqlite_file_beside(&db->file, "-shm");
  *locked = (struct locked){.first = LOCK_BYTE_FIRST, .last = LOCK_BYTE_LAST};
  if (!sqlite_file_is_wal(&db->file)) return fstat(db->file.fd, &locked->info) == 0;
  locked->first = locked->last = WAL_WRITE_BYTE;
  return stat(index, &locked->info) == 0;
}

/* One writer at most; without one it is readers that are waited for, and one that is suspended is enough. */
static struct holder holder_find(const struct sqlite_db *db)
{
  struct holder found = {0};
  struct locked locked;
  g_autofree char *locks = NULL;
  if (!locked_find(db, &locked) || !g_file_get_contents("/proc/locks", &locks, NULL, NULL)) return found;
  g_auto(GStrv) lines = g_strsplit(locks, "\n", -1);
  for (char **line = lines; *line && !found.is_writing; line++) {
    struct holder holder;
    if (!holder_parse(*line, &locked, &holder)) continue;
    holder.is_suspended = is_suspended(holder.pid);
    if (holder.is_writing || !found.is_suspended) found = holder;
  }
  return found;
}

/* ---- waiting ---- */

static int wait_again(void *context, int waits_n)
{
  static const int delays_ms[] = {1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100};
  const struct sqlite_db *db = context;
  const int last = (int)G_N_ELEMENTS(delays_ms) - 1;
  int64_t waited_ms = (int64_t)MAX(0, waits_n - last) * delays_ms[last];
  for (int i = 0; i < MIN(waits_n, last); i++)
    waited_ms += delays_ms[i];
  if (waited_ms >= WAIT_MAX_MS || (waited_ms >= PATIENCE_MS && holder_find(db).is_suspended)) return 0;
  clock_sleep_us(db->clock, (int64_t)1000 * delays_ms[MIN(waits_n, last)]);
  return 1;
}

void sqlite_busy_setup(struct sqlite_db *db)
{
  sqlite3_busy_handler(db->handle, wait_again, db);
}

/* ---- in vain ---- */

static char *go_on(int64_t pid)
{
  return g_strdup_printf("let it go on (kill -CONT %" G_GINT64_FORMAT "), or end it (kill -KILL %" G_GINT64_FORMAT
                         "), which loses nothing",
                         pid, pid);
}

char *sqlite_busy_advice(const char *host, int64_t pid)
{
  if (g_strcmp0(host, g_get_host_name()) != 0 || !is_suspended(pid)) return g_strdup("wait until it has ended");
  g_autofree char *what_to_do = go_on(pid);
  return g_strconcat("it is suspended: ", what_to_do, NULL);
}

/* What keeps us, and what to do about it. Caller frees. */
static char *cause_of(const struct holder *holder, bool is_held)
{
  if (holder->is_suspended) {
    g_autofree char *what_to_do = go_on(holder->pid);
    return g_strdup_printf("process %" G_GINT64_FORMAT " is suspended in the middle of %s: %s", holder->pid,
                           holder->is_writing ? "a write" : "reading", what_to_do);
  }
  if (is_held) return g_strdup("it has been writing for more than 30 s: wait until it has ended");
  if (holder->pid > 0)
    return g_strdup_printf("process %" G_GINT64_FORMAT " has held it for more than 30 s", holder->pid);
  return g_strdup("another program has held it for more than 30 s");
}

void sqlite_busy_fail(const struct sqlite_db *db, GError **error)
{
  struct holder holder = holder_find(db);
  bool is_held = sqlite_lock_is_held(db);
  g_autofree char *cause = cause_of(&holder, is_held);
  g_autofree char *words = sqlite_lock_holder(db);
  if (is_held)
    error_set(error, ERROR_LOCKED, "another run holds the lock of %s%s; %s", db->path, words, cause);
  else
    error_set(error, ERROR_TRANSIENT, "the warehouse %s is busy: %s", db->path, cause);
}
