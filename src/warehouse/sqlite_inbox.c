/* The inbox, a folder beside the database: what commands leave while another process holds the lock, one file of JSON
 * lines per command. A file appears whole (temporary name, fsync, rename, fsync of the folder) and is unlinked only
 * when its rows are committed; a crash in between applies them once more, which changes nothing.
 *
 * Whoever may write that folder may take a stop away, so it must be a folder of this user and no link; it is opened
 * once and gone by then, whatever happens to its name. It stands beside the real file; an earlier version looked for it
 * beside the name in the configuration, and one that stands there is read as well. */
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "warehouse/brake_json.h"
#include "warehouse/sqlite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES ((gsize)64 << 20)
#define SUFFIX         ".ndjson"
#define FOLDERS_MAX    2

/* ---- the folder ---- */

struct inbox {
  char *path;
  int fd; /* -1: it does not exist */
};

static void inbox_close(struct inbox *inbox)
{
  if (inbox->fd >= 0) close(inbox->fd);
  g_free(inbox->path);
  *inbox = (struct inbox){.fd = -1};
}

#define inbox_scope __attribute__((cleanup(inbox_close)))

static bool fail(const char *what, const char *path, const char *name, GError **error)
{
  const char *cause = g_strerror(errno);
  error_set(error, ERROR_LOCAL, "the inbox file %s/%s cannot be %s: %s; check the folder's owner, mode and disk", path,
            name, what, cause);
  return false;
}

static bool refuse_folder(const char *path, const char *why, GError **error)
{
  error_set(
      error, ERROR_LOCAL,
      "the inbox %s %s; it may hold stops that somebody recorded: look into it, record them again with `leadferry "
      "suppress add`, then delete it, or run as the user whom it belongs to",
      path, why);
  return false;
}

/* One that does not exist is an empty one. */
static bool inbox_open(const struct sqlite_warehouse *self, const char *path, struct inbox *inbox, GError **error)
{
  const char *distrust = NULL;
  *inbox =
      (struct inbox){g_strdup(path), sqlite_file_open_beside(&self->db.file, path, O_RDONLY | O_DIRECTORY, &distrust)};
  if (inbox->fd >= 0 || (!distrust && errno == ENOENT)) return true;
  if (!distrust && errno == EACCES) distrust = "belongs to another user and cannot be read";
  return refuse_folder(path, distrust ? distrust : g_strerror(errno), error);
}

static char *path_of(const struct sqlite_warehouse *self)
{
  return sqlite_file_beside(&self->db.file, ".inbox");
}

/* The one beside the configured name, where that is another folder; NULL without one. Caller frees. */
static char *earlier_path_of(const struct sqlite_warehouse *self)
{
  g_autofree char *path = path_of(self);
  g_autofree char *earlier = g_strconcat(self->db.path, ".inbox", NULL);
  struct stat first, second;
  if (lstat(earlier, &second) != 0) return NULL;
  bool is_same = stat(path, &first) == 0 && stat(earlier, &second) == 0 && first.st_ino == second.st_ino &&
                 first.st_dev == second.st_dev;
  return is_same ? NULL : g_steal_pointer(&earlier);
}

/* ---- leaving ---- */

static bool parent_sync(const char *path, GError **error)
{
  g_autofree char *parent = g_path_get_dirname(path);
  int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool is_ok = fd >= 0 && fsync(fd) == 0;
  if (!is_ok) fail("kept", parent, "", error);
  if (fd >= 0) close(fd);
  return is_ok;
}

static bool write_all(int fd, const char *text, size_t length)
{
  while (length > 0) {
    ssize_t written = write(fd, text, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text += written;
    length -= (size_t)written;
  }
  return fsync(fd) == 0;
}

static bool file_write(const struct inbox *inbox, const char *name, const GString *text, GError **error)
{
  int fd = openat(inbox->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (fd < 0) return fail("made", inbox->path, name, error);
  bool is_ok = write_all(fd, text->str, text->len) || fail("written", inbox->path, name, error);
  if (close(fd) != 0 && is_ok) is_ok = fail("written", inbox->path, name, error);
  if (!is_ok) unlinkat(inbox->fd, name, 0);
  return is_ok;
}

bool sqlite_inbox_leave(struct sqlite_warehouse *self, const struct brake *rows, size_t rows_n, GError **error)
{
  inbox_scope struct inbox inbox = {.fd = -1};
  g_autofree char *folder = path_of(self);
  g_autofree char *name = g_strdup_printf("%020" G_GINT64_FORMAT "-%016" G_GINT64_MODIFIER "x",
                                          clock_wall_us(self->db.clock), (guint64)random_u64());
  g_autofree char *whole = g_strconcat(name, SUFFIX, NULL);
  g_autofree char *temporary = g_strconcat(name, ".tmp", NULL);
  g_autoptr(GString) text = g_string_new(NULL);
  for (size_t i = 0; i < rows_n; i++)
    brake_append_line(text, &rows[i]);
  if (rows_n == 0) return true;
  if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) return fail("made", folder, "", error);
  if (!inbox_open(self, folder, &inbox, error)) return false;
  if (!file_write(&inbox, temporary, text, error)) return false;
  if (renameat(inbox.fd, temporary, inbox.fd, whole) != 0) return fail("renamed", folder, temporary, error);
  if (fsync(inbox.fd) != 0) return fail("kept", folder, whole, error);
  return parent_sync(folder, error); /* the folder itself may be new, now or of a run that died */
}

bool sqlite_brakes_leave(const struct settings *settings, const struct clock *clock, const struct brake *rows,
                         size_t rows_n, GError **error)
{
  g_autofree struct sqlite_warehouse *self = g_new0(struct sqlite_warehouse, 1);
  int cause = 0;
  sqlite_db_init(&self->db, settings->warehouse.path, clock, true);
  bool is_there = sqlite_file_open(&self->db.file, self->db.path, SQLITE_FILE_READ, &cause);
  if (!is_there)
    error_set(error, ERROR_LOCAL, "the warehouse %s cannot be looked at: %s", self->db.path, g_strerror(cause));
  bool is_left = is_there && sqlite_inbox_leave(self, rows, rows_n, error);
  sqlite_db_close(&self->db);
  return is_left;
}

/* ---- taking ---- */

static int by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the files that wait, in the order of their time. */
static GPtrArray *files_of(const struct inbox *inbox)
{
  GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
  int fd = inbox->fd >= 0 ? openat(inbox->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
  for (const struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
    if (g_str_has_suffix(entry->d_name, SUFFIX)) g_ptr_array_add(files, g_strdup(entry->d_name));
  if (dir) closedir(dir);
  g_ptr_array_sort(files, by_name);
  return files;
}

/* A stop that cannot be read must not be passed over: somebody said "do not mail". */
static bool refuse_file(const struct inbox *inbox, const char *name, GError **error)
{
  g_clear_error(error);
  error_set(error, ERROR_CORRUPT,
            "the inbox file %s/%s cannot be read; it holds stops that somebody recorded: look into it, record them "
            "again, then delete it",
            inbox->path, name);
  return false;
}

static bool lines_parse(const char *text, gsize length, GArray *brakes, GStringChunk *strings, GError **error)
{
  for (const char *line = text, *end = text + length; line < end;) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    size_t line_length = (size_t)((newline ? newline : end) - line);
    struct brake brake;
    if (line_length > 0 && !brake_parse_line(line, line_length, strings, &brake, error)) return false;
    if (line_length > 0) g_array_append_val(brakes, brake);
    line += line_length + 1;
  }
  return true;
}

/* The text of a plain file; NULL when there is none, or too much of it. */
static GString *text_of(const struct inbox *inbox, const char *name)
{
  struct stat info;
  int fd = openat(inbox->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  bool is_ok = fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= (off_t)FILE_MAX_BYTES;
  GString *text = is_ok ? g_string_sized_new((gsize)info.st_size + 1) : NULL;
  char piece[8192];
  ssize_t got = 1;
  while (is_ok && got != 0) {
    got = read(fd, piece, sizeof piece);
    if (got < 0 && errno == EINTR) continue;
    is_ok = got >= 0 && text->len + (gsize)got <= FILE_MAX_BYTES;
    if (is_ok) g_string_append_len(text, piece, got);
  }
  if (fd >= 0) close(fd);
  if (!is_ok && text) g_string_free(g_steal_pointer(&text), TRUE);
  return text;
}

/* A file may have been left by anybody who may write the folder: what it stops is looked at as a list is, see
 * core/stop_hits.h. */
static void say_source(struct brake *brake)
{
  if (brake->kind == BRAKE_SUPPRESS && g_strcmp0(brake->stop.source, "command") == 0) brake->stop.source = "inbox";
}

static bool file_read(const struct inbox *inbox, const char *name, GArray *brakes, GStringChunk *strings,
                      GError **error)
{
  g_autoptr(GString) text = text_of(inbox, name);
  if (!text) return refuse_file(inbox, name, error);
  guint before_n = brakes->len;
  /* A file without a line was cut: nobody leaves one. */
  if (!lines_parse(text->str, text->len, brakes, strings, error) || brakes->len == before_n)
    return refuse_file(inbox, name, error);
  for (guint i = before_n; i < brakes->len; i++)
    say_source(&g_array_index(brakes, struct brake, i));
  return true;
}

static bool file_take(struct sqlite_warehouse *self, const struct inbox *inbox, const char *name, GError **error)
{
  g_autoptr(GArray) brakes = g_array_new(FALSE, TRUE, sizeof(struct brake));
  g_autoptr(sqlite_strings) strings = g_string_chunk_new(4096);
  int64_t changed_n = 0;
  if (!file_read(inbox, name, brakes, strings, error) ||
      !sqlite_brakes_apply(self, (const struct brake *)(void *)brakes->data, brakes->len, &changed_n, error))
    return false;
  log_event(LOG_INFO, "inbox read", LOG_INT("rows", brakes->len), LOG_INT("changed", changed_n));
  return unlinkat(inbox->fd, name, 0) == 0 || fail("deleted", inbox->path, name, error);
}

static bool folder_take(struct sqlite_warehouse *self, const char *path, GError **error)
{
  inbox_scope struct inbox inbox = {.fd = -1};
  if (!inbox_open(self, path, &inbox, error)) return false;
  g_autoptr(GPtrArray) files = files_of(&inbox);
  for (guint i = 0; i < files->len; i++)
    if (!file_take(self, &inbox, g_ptr_array_index(files, i), error)) return false;
  return true;
}

bool sqlite_inbox_take(struct sqlite_warehouse *self, GError **error)
{
  g_autofree char *path = path_of(self);
  g_autofree char *earlier = earlier_path_of(self);
  return (!earlier || folder_take(self, earlier, error)) && folder_take(self, path, error);
}

/* ---- looking ---- */

/* The holder of the lock may take a file up meanwhile; then its rows are in the database. */
static bool folder_read(const struct inbox *inbox, GArray *brakes, GStringChunk *strings, GError **error)
{
  g_autoptr(GPtrArray) files = files_of(inbox);
  for (guint i = 0; i < files->len; i++) {
    const char *name = g_ptr_array_index(files, i);
    g_autoptr(GError) failure = NULL;
    guint before_n = brakes->len;
    if (file_read(inbox, name, brakes, strings, &failure)) continue;
    if (faccessat(inbox->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    g_array_set_size(brakes, before_n);
  }
  return true;
}

bool sqlite_inbox_read(struct sqlite_warehouse *self, GArray *brakes, GStringChunk *strings, GError **error)
{
  g_autofree char *path = path_of(self);
  g_autofree char *earlier = earlier_path_of(self);
  const char *paths[FOLDERS_MAX] = {earlier, path};
  for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
    inbox_scope struct inbox inbox = {.fd = -1};
    g_autoptr(GError) refused = NULL;
    if (!paths[i]) continue;
    if (!inbox_open(self, paths[i], &inbox, &refused))
      log_event(LOG_WARNING, "inbox not seen", LOG_STR("reason", refused->message));
    else if (!folder_read(&inbox, brakes, strings, error))
      return false;
  }
  return true;
}

int64_t sqlite_inbox_files_n(const struct sqlite_warehouse *self)
{
  g_autofree char *path = path_of(self);
  g_autofree char *earlier = earlier_path_of(self);
  const char *paths[FOLDERS_MAX] = {earlier, path};
  int64_t files_n = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
    inbox_scope struct inbox inbox = {.fd = -1};
    if (!paths[i] || !inbox_open(self, paths[i], &inbox, NULL)) continue;
    g_autoptr(GPtrArray) files = files_of(&inbox);
    files_n += files->len;
  }
  return files_n;
}
