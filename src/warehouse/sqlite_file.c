#include "warehouse/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes 18 and 19 of the header, "write version" and "read version": 2 is WAL (sqlite.org/fileformat2.html, 1.3.3). */
#define HEADER_VERSIONS_AT 18
#define VERSION_WAL        2

/* ---- opening ---- */

static bool is_same(const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_at(const struct sqlite_file *file, const char *path)
{
  struct stat ours, there;
  return path && fstat(file->fd, &ours) == 0 && stat(path, &there) == 0 && is_same(&ours, &there);
}

static char *resolved(const char *path)
{
  char *found = realpath(path, NULL);
  char *copy = g_strdup(found);
  free(found);
  return copy;
}

bool sqlite_file_open(struct sqlite_file *file, const char *path, enum sqlite_file_use use, int *cause)
{
  int flags = (use == SQLITE_FILE_READ ? O_RDONLY : O_RDWR) | (use == SQLITE_FILE_MAKE ? O_CREAT : 0);
  *file = SQLITE_FILE_NONE;
  *cause = 0;
  file->fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, S_IRUSR | S_IWUSR);
  if (file->fd < 0) *cause = errno;
  if (file->fd < 0) return false;
  file->path = g_strdup(path);
  file->real_path = resolved(path);
  if (sqlite_file_is_in_place(file)) return true;
  sqlite_file_close(file);
  *cause = ESTALE; /* somebody changed it between the two calls */
  return false;
}

void sqlite_file_close(struct sqlite_file *file)
{
  if (file->fd >= 0) close(file->fd);
  g_free(file->path);
  g_free(file->real_path);
  *file = SQLITE_FILE_NONE;
}

bool sqlite_file_is_in_place(const struct sqlite_file *file)
{
  return is_at(file, file->path) && is_at(file, file->real_path);
}

/* ---- what it is ---- */

/* A kernel before 5.8 does not tell; then /proc does, where names have blanks as \040. */
static bool mounts_have(const char *path)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL)) return false;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line; line++) {
    g_auto(GStrv) words = g_strsplit(*line, " ", 6);
    g_autofree char *point = g_strv_length(words) < 5 ? NULL : g_strcompress(words[4]);
    if (g_strcmp0(point, path) == 0) return true;
  }
  return false;
}

static bool is_mount_point(const char *path)
{
  struct statx info;
  if (statx(AT_FDCWD, path, 0, 0, &info) == 0 && (info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
    return (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  return mounts_have(path);
}

const char *sqlite_file_trouble(const struct sqlite_file *file)
{
  struct stat info;
  if (fstat(file->fd, &info) == 0 && info.st_nlink > 1)
    return "has several names (hard links), and each name has a journal and a lock of its own: keep one of them, make "
           "copies with SQLite's .backup, and name the database by a symbolic link where it needs a second name";
  if (is_mount_point(file->real_path))
    return "is mounted as a single file, and under its other name it has a journal and a lock of its own: mount its "
           "folder instead";
  return NULL;
}

bool sqlite_file_is_wal(const struct sqlite_file *file)
{
  uint8_t versions[2] = {0};
  ssize_t got = pread(file->fd, versions, sizeof versions, HEADER_VERSIONS_AT);
  return got == (ssize_t)sizeof versions && (versions[0] == VERSION_WAL || versions[1] == VERSION_WAL);
}

/* ---- what stands beside it ---- */

char *sqlite_file_beside(const struct sqlite_file *file, const char *suffix)
{
  return g_strconcat(file->real_path, suffix, NULL);
}

const char *sqlite_file_distrust(const struct stat *info, const struct stat *database, bool wants_folder)
{
  const mode_t writable = S_IWGRP | S_IWOTH;
  bool is_owned = info->st_uid == geteuid() || info->st_uid == database->st_uid || info->st_uid == 0;
  if (wants_folder ? !S_ISDIR(info->st_mode) : !S_ISREG(info->st_mode))
    return wants_folder ? "is no folder" : "is no plain file";
  if (!wants_folder && info->st_nlink > 1) return "is another file under a second name (a hard link)";
  if (!is_owned) return "belongs to another user";
  if (info->st_mode & writable & ~database->st_mode) return "may be written by users who may not write the database";
  return NULL;
}

/* Looked at before it is opened: opening a device does something, and a second name of the database must not be closed.
 */
int sqlite_file_open_beside(const struct sqlite_file *file, const char *path, int flags, const char **distrust)
{
  bool wants_folder = (flags & O_DIRECTORY) != 0;
  struct stat info, database;
  *distrust = NULL;
  if (fstat(file->fd, &database) != 0) return -1;
  if (lstat(path, &info) == 0)
    *distrust = S_ISLNK(info.st_mode) ? "is a symbolic link" : sqlite_file_distrust(&info, &database, wants_folder);
  int fd = *distrust ? -1 : open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, S_IRUSR | S_IWUSR);
  if (fd >= 0 && fstat(fd, &info) == 0) *distrust = sqlite_file_distrust(&info, &database, wants_folder);
  if (!*distrust) return fd;
  if (fd >= 0) close(fd);
  errno = 0;
  return -1;
}
