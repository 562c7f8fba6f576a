#include "cli/import_reject.h"

#include "base/error.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct reject_file {
  char *path, *temporary_path;
  FILE *stream; /* NULL when closed */
  bool is_committed;
  int64_t rows_n;
};

char *reject_path(const char *import_path)
{
  static const char *const endings[] = {".csv", ".tsv", ".txt", ".CSV", ".TSV", ".TXT"};
  size_t length = strlen(import_path);
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
    if (g_str_has_suffix(import_path, endings[i])) length = strlen(import_path) - strlen(endings[i]);
  }
  return g_strdup_printf("%.*s.rejected.csv", (int)length, import_path);
}

static bool fail(const struct reject_file *file, int problem, GError **error)
{
  error_set(error, ERROR_LOCAL, "%s cannot be written: %s", file->path, g_strerror(problem));
  return false;
}

struct reject_file *reject_open(const char *import_path, const GPtrArray *headers, GError **error)
{
  struct reject_file *file = g_new0(struct reject_file, 1);
  file->path = reject_path(import_path);
  file->temporary_path = g_strconcat(file->path, ".XXXXXX", NULL);
  int fd = g_mkstemp_full(file->temporary_path, O_WRONLY | O_CLOEXEC, 0600);
  file->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
  if (!file->stream) {
    fail(file, errno, error);
    file->is_committed = fd < 0; /* nothing to remove */
    reject_free(file);
    return NULL;
  }
  fputs("line,reason", file->stream);
  for (guint i = 0; i < headers->len; i++) {
    const char *header = g_ptr_array_index(headers, i);
    fputc(',', file->stream);
    csv_fwrite(file->stream, header, strlen(header));
  }
  fputs("\r\n", file->stream);
  return file;
}

void reject_write(struct reject_file *file, const char *reason, const struct csv_record *record)
{
  fprintf(file->stream, "%" PRId64 ",%s", record->line, reason);
  for (size_t i = 0; i < record->fields_n; i++) {
    fputc(',', file->stream);
    csv_fwrite(file->stream, record->fields[i], record->lengths[i]);
  }
  fputs("\r\n", file->stream);
  file->rows_n++;
}

int64_t reject_rows(const struct reject_file *file)
{
  return file->rows_n;
}

/* ferror() remembers every failed write since the start; the last ones fail in fflush, fsync or fclose. */
static bool close_stream(struct reject_file *file, GError **error)
{
  errno = 0;
  bool is_written = fflush(file->stream) == 0 && !ferror(file->stream) && fsync(fileno(file->stream)) == 0;
  int problem = errno ? errno : EIO;
  bool is_closed = fclose(file->stream) == 0;
  file->stream = NULL;
  if (is_written && is_closed) return true;
  return fail(file, is_written ? errno : problem, error);
}

bool reject_commit(struct reject_file *file, GError **error)
{
  if (!close_stream(file, error)) return false;
  file->is_committed = true;
  if (file->rows_n == 0) {
    g_unlink(file->temporary_path);
    if (g_unlink(file->path) != 0 && errno != ENOENT) return fail(file, errno, error);
    return true;
  }
  if (g_rename(file->temporary_path, file->path) == 0) return true;
  int problem = errno;
  g_unlink(file->temporary_path);
  return fail(file, problem, error);
}

void reject_free(struct reject_file *file)
{
  if (!file) return;
  if (file->stream) fclose(file->stream);
  if (!file->is_committed) g_unlink(file->temporary_path);
  g_free(file->path);
  g_free(file->temporary_path);
  g_free(file);
}
