/* What doctor says of the database as a file, before SQLite opens it. */
#include "warehouse/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void ailment_add(GArray *ailments, const char *id, const char *subject, char *sentence)
{
  struct ailment ailment = {.id = id, .subject = g_strdup(subject), .sentence = sentence};
  g_array_append_val(ailments, ailment);
}

/* Below 3.51.3 a WAL that is begun anew may lose pages when another process writes at that moment; 3.44.6 and 3.50.7
 * have the mend as well (sqlite.org/wal.html, "The WAL-Reset Bug"). */
static bool loses_pages(int version)
{
  bool is_mended_line = (version >= 3044006 && version < 3045000) || (version >= 3050007 && version < 3051000);
  return version < 3051003 && !is_mended_line;
}

static void check_journal(const struct sqlite_file *file, GArray *ailments)
{
  if (!sqlite_file_is_wal(file)) return;
  g_autofree char *bug = g_strdup_printf(
      " SQLite %s, which is at hand here, can lose pages when two programs write and the WAL is begun anew at the same "
      "moment (mended in 3.51.3): let nobody else write to it.",
      sqlite3_libversion());
  ailment_add(
      ailments, "warehouse_wal", file->path,
      g_strdup_printf("%s is in WAL mode, which another program gave it, and leadferry works in it. A copy of the file "
                      "without its -wal is an older ledger.%s",
                      file->path, loses_pages(sqlite3_libversion_number()) ? bug : ""));
}

static void check_beside(const struct sqlite_file *file, const char *suffix, int flags, GArray *ailments)
{
  g_autofree char *path = sqlite_file_beside(file, suffix);
  const char *distrust = NULL;
  int fd = sqlite_file_open_beside(file, path, flags, &distrust);
  if (fd >= 0) close(fd);
  if (fd < 0 && !distrust && errno == EACCES) distrust = "belongs to another user and cannot be read";
  if (distrust) ailment_add(ailments, "warehouse_beside", path, g_strdup_printf("%s %s.", path, distrust));
}

bool sqlite_diagnose(const struct settings *settings, const struct clock *clock, GArray *ailments)
{
  (void)clock;
  struct sqlite_file file;
  int cause = 0;
  if (!sqlite_file_open(&file, settings->warehouse.path, SQLITE_FILE_READ, &cause))
    return true; /* opening it says why */
  const char *trouble = sqlite_file_trouble(&file);
  if (trouble) ailment_add(ailments, "warehouse_names", file.path, g_strdup_printf("%s %s.", file.path, trouble));
  check_journal(&file, ailments);
  check_beside(&file, ".lock", O_RDONLY, ailments);
  check_beside(&file, ".inbox", O_RDONLY | O_DIRECTORY, ailments);
  sqlite_file_close(&file);
  return true;
}
