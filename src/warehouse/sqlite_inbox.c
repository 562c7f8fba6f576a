/* The inbox, a folder beside the database: what commands leave while another process holds the lock, one file of JSON
 * lines per command. A file appears whole (temporary name, fsync, rename, fsync of the folder) and is unlinked only
 * when its rows are committed; a crash in between applies them once more, which changes nothing. */
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "warehouse/brake_json.h"
#include "warehouse/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES ((gsize)64 << 20)
#define SUFFIX         ".ndjson"

static char *folder_of(const struct sqlite_warehouse *self)
{
  return g_strconcat(self->db.path, ".inbox", NULL);
}

static bool fail(const char *what, const char *path, GError **error)
{
  error_set(error, ERROR_LOCAL, "the inbox file %s cannot be %s: %s; check the folder's owner, mode and disk", path,
            what, g_strerror(errno));
  return false;
}

/* ---- leaving ---- */

static bool folder_sync(const char *folder, GError **error)
{
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool is_ok = fd >= 0 && fsync(fd) == 0;
  if (!is_ok) fail("kept", folder, error);
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

static bool file_write(const char *path, const GString *text, GError **error)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return fail("made", path, error);
  bool is_ok = write_all(fd, text->str, text->len) || fail("written", path, error);
  if (close(fd) != 0 && is_ok) is_ok = fail("written", path, error);
  if (!is_ok) unlink(path);
  return is_ok;
}

bool sqlite_inbox_leave(struct sqlite_warehouse *self, const struct brake *rows, size_t rows_n, GError **error)
{
  g_autofree char *folder = folder_of(self);
  g_autofree char *name = g_strdup_printf("%020" G_GINT64_FORMAT "-%016" G_GINT64_MODIFIER "x",
                                          clock_wall_us(self->db.clock), (guint64)random_u64());
  g_autofree char *path = g_strconcat(folder, "/", name, SUFFIX, NULL);
  g_autofree char *temporary = g_strconcat(folder, "/", name, ".tmp", NULL);
  g_autoptr(GString) text = g_string_new(NULL);
  for (size_t i = 0; i < rows_n; i++)
    brake_append_line(text, &rows[i]);
  if (rows_n == 0) return true;
  if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) return fail("made", folder, error);
  if (!file_write(temporary, text, error)) return false;
  if (rename(temporary, path) != 0) return fail("renamed", temporary, error);
  g_autofree char *parent = g_path_get_dirname(folder); /* the folder itself may be new, now or of a run that died */
  return folder_sync(folder, error) && folder_sync(parent, error);
}

/* ---- taking ---- */

static int by_name(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Paths of the files that wait, in the order of their time; NULL when there are none. */
static GPtrArray *files_of(const struct sqlite_warehouse *self)
{
  g_autofree char *folder = folder_of(self);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
  for (const char *name = dir ? g_dir_read_name(dir) : NULL; name; name = g_dir_read_name(dir))
    if (g_str_has_suffix(name, SUFFIX)) g_ptr_array_add(files, g_strconcat(folder, "/", name, NULL));
  g_ptr_array_sort(files, by_name);
  return files;
}

int64_t sqlite_inbox_files_n(const struct sqlite_warehouse *self)
{
  g_autoptr(GPtrArray) files = files_of(self);
  return files->len;
}

/* A stop that cannot be read must not be passed over: somebody said "do not mail". */
static bool refuse_file(const char *path, GError **error)
{
  g_clear_error(error);
  error_set(error, ERROR_CORRUPT,
            "the inbox file %s cannot be read; it holds stops that somebody recorded: look into it, record them again, "
            "then delete it",
            path);
  return false;
}

/* Is there a folder that we may not look into? */
static bool is_closed_to_us(const struct sqlite_warehouse *self)
{
  g_autofree char *folder = folder_of(self);
  return access(folder, F_OK) == 0 && access(folder, R_OK | X_OK) != 0;
}

static bool refuse_folder(const struct sqlite_warehouse *self, GError **error)
{
  g_autofree char *folder = folder_of(self);
  error_set(error, ERROR_LOCAL,
            "the inbox %s belongs to another user and cannot be read; it may hold stops that somebody recorded: run as "
            "that user, or change its owner",
            folder);
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

/* A file may have been left by anybody who may write the folder: what it stops is looked at as a list is, see
 * core/stop_hits.h. */
static void say_source(struct brake *brake)
{
  if (brake->kind == BRAKE_SUPPRESS && g_strcmp0(brake->stop.source, "command") == 0) brake->stop.source = "inbox";
}

static bool file_read(const char *path, GArray *brakes, GStringChunk *strings, GError **error)
{
  g_autofree char *text = NULL;
  gsize length = 0;
  struct stat info;
  if (stat(path, &info) != 0 || info.st_size > (off_t)FILE_MAX_BYTES ||
      !g_file_get_contents(path, &text, &length, NULL))
    return refuse_file(path, error);
  guint before_n = brakes->len;
  /* A file without a line was cut: nobody leaves one. */
  if (!lines_parse(text, length, brakes, strings, error) || brakes->len == before_n) return refuse_file(path, error);
  for (guint i = before_n; i < brakes->len; i++)
    say_source(&g_array_index(brakes, struct brake, i));
  return true;
}

static bool file_take(struct sqlite_warehouse *self, const char *path, GError **error)
{
  g_autoptr(GArray) brakes = g_array_new(FALSE, TRUE, sizeof(struct brake));
  g_autoptr(sqlite_strings) strings = g_string_chunk_new(4096);
  int64_t changed_n = 0;
  if (!file_read(path, brakes, strings, error) ||
      !sqlite_brakes_apply(self, (const struct brake *)(void *)brakes->data, brakes->len, &changed_n, error))
    return false;
  log_event(LOG_INFO, "inbox read", LOG_INT("rows", brakes->len), LOG_INT("changed", changed_n));
  return unlink(path) == 0 || fail("deleted", path, error);
}

bool sqlite_inbox_take(struct sqlite_warehouse *self, GError **error)
{
  g_autoptr(GPtrArray) files = files_of(self);
  if (is_closed_to_us(self)) return refuse_folder(self, error);
  for (guint i = 0; i < files->len; i++)
    if (!file_take(self, g_ptr_array_index(files, i), error)) return false;
  return true;
}

/* The holder of the lock may take a file up meanwhile; then its rows are in the database. */
bool sqlite_inbox_read(struct sqlite_warehouse *self, GArray *brakes, GStringChunk *strings, GError **error)
{
  g_autoptr(GPtrArray) files = files_of(self);
  if (is_closed_to_us(self)) log_event(LOG_WARNING, "inbox not seen", LOG_STR("reason", "it belongs to another user"));
  for (guint i = 0; i < files->len; i++) {
    const char *path = g_ptr_array_index(files, i);
    g_autoptr(GError) failure = NULL;
    guint before_n = brakes->len;
    if (file_read(path, brakes, strings, &failure)) continue;
    if (access(path, F_OK) == 0) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    g_array_set_size(brakes, before_n);
  }
  return true;
}
