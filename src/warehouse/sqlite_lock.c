#include "warehouse/sqlite_lock.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NOTE_MAX_BYTES 300

/* The first byte behind SQLite's own: sqlite.org/fileformat2.html#the_lock_byte_page. */
#define DATABASE_BYTE ((off_t)0x40000000 + 512)

/* ---- the lock file ---- */

static char *path_of(const struct sqlite_db *db)
{
  return sqlite_file_beside(&db->file, ".lock");
}

bool sqlite_lock_open(struct sqlite_db *db, GError **error)
{
  if (db->lock_fd >= 0) return true;
  g_autofree char *path = path_of(db);
  const char *distrust = NULL;
  db->lock_fd = sqlite_file_open_beside(&db->file, path, O_RDWR | O_CREAT, &distrust);
  if (db->lock_fd >= 0) return true;
  if (distrust)
    error_set(error, ERROR_LOCAL,
              "the lock file %s %s; it was not touched: find out who put it there, delete it while no leadferry runs, "
              "then run again",
              path, distrust);
  else if (errno == EMFILE || errno == ENFILE)
    error_set(error, ERROR_LOCAL, "the lock file %s cannot be opened: too many open files; raise the limit (ulimit -n)",
              path);
  else
    error_set(error, ERROR_LOCAL, "the lock file %s cannot be opened: %s; check the owner and the mode of its folder",
              path, g_strerror(errno));
  return false;
}

void sqlite_lock_close(struct sqlite_db *db)
{
  if (db->lock_fd >= 0) close(db->lock_fd);
  db->lock_fd = -1;
}

bool sqlite_lock_is_in_place(const struct sqlite_db *db)
{
  g_autofree char *path = path_of(db);
  struct stat ours, there;
  return fstat(db->lock_fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_ino == there.st_ino &&
         ours.st_dev == there.st_dev;
}

/* ---- both locks ---- */

static bool lock_set(int fd, struct flock lock)
{
  int result;
  do {
    result = fcntl(fd, F_OFD_SETLK, &lock);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

static struct flock whole_file(short type)
{
  return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

static struct flock one_byte(short type)
{
  return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = DATABASE_BYTE, .l_len = 1};
}

bool sqlite_lock_take(struct sqlite_db *db)
{
  if (!lock_set(db->lock_fd, whole_file(F_WRLCK))) return false;
  db->has_lock = lock_set(db->file.fd, one_byte(F_WRLCK));
  if (!db->has_lock) (void)lock_set(db->lock_fd, whole_file(F_UNLCK));
  return db->has_lock;
}

void sqlite_lock_drop(struct sqlite_db *db)
{
  (void)lock_set(db->file.fd, one_byte(F_UNLCK));
  (void)lock_set(db->lock_fd, whole_file(F_UNLCK));
  db->has_lock = false;
}

/* ---- who has it ---- */

void sqlite_lock_note(const struct sqlite_db *db, const char *who)
{
  g_autofree char *since = time_format_us(clock_wall_us(db->clock));
  g_autofree char *note =
      g_strdup_printf("%s, process %d on %s, since %s\n", who, (int)getpid(), g_get_host_name(), since);
  size_t length = strlen(note);
  if (ftruncate(db->lock_fd, 0) == 0 && pwrite(db->lock_fd, note, length, 0) != (ssize_t)length)
    (void)!ftruncate(db->lock_fd, 0);
}

static bool is_taken(int fd, struct flock lock)
{
  return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static int open_to_look(const struct sqlite_db *db)
{
  g_autofree char *path = path_of(db);
  const char *distrust = NULL;
  return sqlite_file_open_beside(&db->file, path, O_RDONLY, &distrust);
}

bool sqlite_lock_is_held(const struct sqlite_db *db)
{
  if (db->has_lock) return false;
  int fd = open_to_look(db);
  bool is_held = is_taken(fd, whole_file(F_RDLCK)) || is_taken(db->file.fd, one_byte(F_RDLCK));
  if (fd >= 0) close(fd);
  return is_held;
}

char *sqlite_lock_holder(const struct sqlite_db *db)
{
  char note[NOTE_MAX_BYTES] = "";
  int fd = open_to_look(db);
  ssize_t got = fd >= 0 ? pread(fd, note, sizeof note - 1, 0) : 0;
  if (fd >= 0) close(fd);
  if (got <= 0 || got >= (ssize_t)sizeof note - 1) return g_strdup("");
  g_strdelimit(g_strstrip(note), "\r\n", ' ');
  return *note ? g_strconcat(": ", note, NULL) : g_strdup("");
}
