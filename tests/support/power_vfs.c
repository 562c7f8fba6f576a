#include "tests/support/power_vfs.h"

#include <glib/gstdio.h>
#include <string.h>

#define SECTOR 512

/* Something done to a file since its last sync. A truncation has no bytes, but an end. */
struct change {
  sqlite3_int64 at;
  GByteArray *bytes; /* NULL: truncated to `at` */
};

struct disk_file {
  char *name;       /* NULL: temporary */
  GByteArray *safe; /* as of the last sync */
  GByteArray *now;
  GArray *changes; /* struct change */
  bool is_there;   /* by its name, now */
  bool was_there;  /* by its name, as of the last sync of the folder */
};

struct handle {
  sqlite3_file base;
  struct power *power;
  struct disk_file *file;
  bool syncs_folder; /* a new journal: its first sync is also one of the folder */
};

static struct power *power_of(sqlite3_vfs *vfs)
{
  return vfs->pAppData;
}

static struct handle *handle_of(sqlite3_file *file)
{
  return (struct handle *)(void *)file;
}

/* ---- files ---- */

static void change_clear(gpointer data)
{
  struct change *change = data;
  g_clear_pointer(&change->bytes, g_byte_array_unref);
}

static struct disk_file *disk_file_new(const char *name)
{
  struct disk_file *file = g_new0(struct disk_file, 1);
  file->name = g_strdup(name);
  file->safe = g_byte_array_new();
  file->now = g_byte_array_new();
  file->changes = g_array_new(FALSE, TRUE, sizeof(struct change));
  g_array_set_clear_func(file->changes, change_clear);
  return file;
}

static void disk_file_free(gpointer data)
{
  struct disk_file *file = data;
  g_free(file->name);
  g_byte_array_unref(file->safe);
  g_byte_array_unref(file->now);
  g_array_unref(file->changes);
  g_free(file);
}

/* The file that has this name now; one that was deleted is another. */
static struct disk_file *find(const struct power *power, const char *name)
{
  for (guint i = 0; i < power->files->len; i++) {
    struct disk_file *file = g_ptr_array_index(power->files, i);
    if (file->is_there && strcmp(file->name, name) == 0) return file;
  }
  return NULL;
}

static void resize(GByteArray *bytes, size_t size)
{
  guint before = bytes->len;
  g_byte_array_set_size(bytes, (guint)size);
  if (size > before) memset(bytes->data + before, 0, size - before);
}

static void put(GByteArray *bytes, size_t at, const void *data, size_t size)
{
  if (at + size > bytes->len) resize(bytes, at + size);
  memcpy(bytes->data + at, data, size);
}

static void copy(GByteArray *to, const GByteArray *from)
{
  g_byte_array_set_size(to, 0);
  g_byte_array_append(to, from->data, from->len);
}

static void make_safe(struct disk_file *file)
{
  copy(file->safe, file->now);
  g_array_set_size(file->changes, 0);
}

static void forget_deleted(struct power *power)
{
  for (guint i = power->files->len; i > 0; i--)
    if (!((struct disk_file *)g_ptr_array_index(power->files, i - 1))->is_there)
      g_ptr_array_remove_index(power->files, i - 1);
}

static void sync_folder(struct power *power)
{
  for (guint i = 0; i < power->files->len; i++)
    ((struct disk_file *)g_ptr_array_index(power->files, i))->was_there = true;
  forget_deleted(power);
}

/* A call that changes something: true when the power is gone. The call at which it goes still reaches the disk, as far
 * as the disk likes. */
static bool is_last_call(struct power *power)
{
  power->calls_n++;
  if (power->calls_left >= 0 && power->calls_left-- == 0) power->is_out = true;
  return power->is_out;
}

/* ---- what SQLite asks of a file ---- */

static int file_close(sqlite3_file *base)
{
  struct handle *handle = handle_of(base);
  if (handle->file->name == NULL) disk_file_free(handle->file);
  return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *data, int size, sqlite3_int64 at)
{
  struct handle *handle = handle_of(base);
  const GByteArray *now = handle->file->now;
  if (handle->power->is_out) return SQLITE_IOERR_READ;
  size_t there = at < now->len ? MIN((size_t)size, now->len - (size_t)at) : 0;
  if (there > 0) memcpy(data, now->data + at, there);
  memset((char *)data + there, 0, (size_t)size - there);
  return there == (size_t)size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *data, int size, sqlite3_int64 at)
{
  struct handle *handle = handle_of(base);
  struct disk_file *file = handle->file;
  if (handle->power->is_out) return SQLITE_IOERR_WRITE;
  put(file->now, (size_t)at, data, (size_t)size);
  if (file->name == NULL) return SQLITE_OK;
  struct change change = {.at = at, .bytes = g_byte_array_new()};
  g_byte_array_append(change.bytes, data, (guint)size);
  g_array_append_val(file->changes, change);
  return is_last_call(handle->power) ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
  struct handle *handle = handle_of(base);
  struct disk_file *file = handle->file;
  if (handle->power->is_out) return SQLITE_IOERR_TRUNCATE;
  if ((size_t)size < file->now->len) resize(file->now, (size_t)size);
  if (file->name == NULL) return SQLITE_OK;
  struct change change = {.at = size};
  g_array_append_val(file->changes, change);
  return is_last_call(handle->power) ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int file_sync(sqlite3_file *base, int flags)
{
  struct handle *handle = handle_of(base);
  (void)flags;
  if (handle->power->is_out || is_last_call(handle->power)) return SQLITE_IOERR_FSYNC;
  if (handle->power->ignores_sync) return SQLITE_OK;
  make_safe(handle->file);
  if (handle->syncs_folder) sync_folder(handle->power);
  handle->syncs_folder = false;
  return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
  *size = handle_of(base)->file->now->len;
  return handle_of(base)->power->is_out ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
  (void)level;
  return handle_of(base)->power->is_out ? SQLITE_IOERR_LOCK : SQLITE_OK;
}

static int file_unlock(sqlite3_file *base, int level)
{
  (void)base;
  (void)level;
  return SQLITE_OK;
}

static int file_is_reserved(sqlite3_file *base, int *is_reserved)
{
  (void)base;
  *is_reserved = 0;
  return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int what, void *argument)
{
  (void)base;
  (void)what;
  (void)argument;
  return SQLITE_NOTFOUND;
}

static int file_sector(sqlite3_file *base)
{
  (void)base;
  return 4096; /* what the real one says */
}

static int file_character(sqlite3_file *base)
{
  (void)base;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* likewise */
}

static const sqlite3_io_methods methods = {.iVersion = 1,
                                           .xClose = file_close,
                                           .xRead = file_read,
                                           .xWrite = file_write,
                                           .xTruncate = file_truncate,
                                           .xSync = file_sync,
                                           .xFileSize = file_size,
                                           .xLock = file_lock,
                                           .xUnlock = file_unlock,
                                           .xCheckReservedLock = file_is_reserved,
                                           .xFileControl = file_control,
                                           .xSectorSize = file_sector,
                                           .xDeviceCharacteristics = file_character};

/* ---- what SQLite asks of the disk ---- */

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
  struct power *power = power_of(vfs);
  struct handle *handle = handle_of(base);
  *handle = (struct handle){.power = power};
  if (power->is_out) return SQLITE_CANTOPEN;
  struct disk_file *file = name != NULL ? find(power, name) : disk_file_new(NULL);
  bool is_new = file == NULL;
  if (is_new && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
  if (is_new && is_last_call(power)) return SQLITE_CANTOPEN;
  if (file == NULL) {
    file = disk_file_new(name);
    file->was_there = power->ignores_sync; /* such a disk loses contents, not names */
    g_ptr_array_add(power->files, file);
  }
  file->is_there = true;
  handle->file = file;
  handle->syncs_folder = is_new && (flags & SQLITE_OPEN_MAIN_JOURNAL) != 0;
  handle->base.pMethods = &methods;
  if (out_flags != NULL) *out_flags = flags;
  return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int syncs_folder)
{
  struct power *power = power_of(vfs);
  struct disk_file *file = find(power, name);
  if (power->is_out) return SQLITE_IOERR_DELETE;
  if (file == NULL) return SQLITE_IOERR_DELETE_NOENT;
  file->is_there = false;
  if (is_last_call(power)) return SQLITE_IOERR_DELETE;
  if (syncs_folder && !power->ignores_sync) sync_folder(power);
  return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *is_there)
{
  struct power *power = power_of(vfs);
  const struct disk_file *file = find(power, name);
  *is_there = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->now->len > 0);
  return power->is_out ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int disk_path(sqlite3_vfs *vfs, const char *name, int size, char *path)
{
  (void)vfs;
  return g_strlcpy(path, name, (gsize)size) < (gsize)size ? SQLITE_OK : SQLITE_CANTOPEN;
}

void power_init(struct power *power)
{
  sqlite3_initialize();
  sqlite3_vfs *system = sqlite3_vfs_find(NULL);
  *power = (struct power){.calls_left = -1, .files = g_ptr_array_new_with_free_func(disk_file_free)};
  power->vfs = *system; /* randomness, time and sleep */
  power->vfs.iVersion = 2;
  power->vfs.pNext = NULL;
  power->vfs.zName = "power";
  power->vfs.szOsFile = (int)sizeof(struct handle);
  power->vfs.pAppData = power;
  power->vfs.xOpen = disk_open;
  power->vfs.xDelete = disk_delete;
  power->vfs.xAccess = disk_access;
  power->vfs.xFullPathname = disk_path;
  sqlite3_vfs_register(&power->vfs, 1);
}

void power_clear(struct power *power)
{
  sqlite3_vfs_unregister(&power->vfs);
  g_clear_pointer(&power->files, g_ptr_array_unref);
}

void power_format(struct power *power)
{
  g_ptr_array_set_size(power->files, 0);
  power->is_out = false;
  power->calls_left = -1;
}

void power_arm(struct power *power, int64_t calls)
{
  power->calls_left = calls;
}

/* ---- what is left ---- */

/* How a disk treats what was not synced, in percent. */
struct habit {
  uint64_t kept, torn;
  bool in_order; /* what came first is kept first, up to some point */
};

static const struct habit habits[] = {{.kept = 0},
                                      {.kept = 100},
                                      {.kept = 50},
                                      {.kept = 50, .torn = 20},
                                      {.kept = 90, .torn = 5},
                                      {.kept = 10, .torn = 5},
                                      {.kept = 95, .in_order = true}};

static bool happens(struct rng *rng, uint64_t percent)
{
  return rng_below(rng, 100) < percent;
}

/* A write, sector by sector: done, torn, not done, or not done although the file grew. */
static void settle_write(GByteArray *left, const struct change *change, const struct habit *habit, struct rng *rng)
{
  for (size_t done = 0; done < change->bytes->len;) {
    size_t at = (size_t)change->at + done;
    size_t size = MIN(SECTOR - at % SECTOR, change->bytes->len - done);
    if (happens(rng, habit->kept)) {
      put(left, at, change->bytes->data + done, size);
    } else if (happens(rng, habit->torn)) {
      guint8 garbage[SECTOR];
      for (size_t i = 0; i < size; i++)
        garbage[i] = (guint8)rng_next(rng);
      put(left, at, garbage, size);
    } else if (at + size > left->len && happens(rng, habit->kept)) {
      resize(left, at + size);
    }
    done += size;
  }
}

static void settle_file(struct disk_file *file, const struct habit *habit, struct rng *rng)
{
  guint until = habit->in_order ? (guint)rng_below(rng, file->changes->len + 1) : file->changes->len;
  for (guint i = 0; i < until; i++) {
    const struct change *change = &g_array_index(file->changes, struct change, i);
    if (change->bytes != NULL)
      settle_write(file->safe, change, habit, rng);
    else if (happens(rng, habit->kept) && (size_t)change->at < file->safe->len)
      resize(file->safe, (size_t)change->at);
  }
  copy(file->now, file->safe);
  g_array_set_size(file->changes, 0);
}

void power_back(struct power *power, struct rng *rng)
{
  const struct habit *habit = &habits[rng_below(rng, G_N_ELEMENTS(habits))];
  for (guint i = 0; i < power->files->len; i++)
    settle_file(g_ptr_array_index(power->files, i), habit, rng);
  bool keeps_names = happens(rng, 50);
  for (guint i = 0; i < power->files->len; i++) {
    struct disk_file *file = g_ptr_array_index(power->files, i);
    file->is_there = file->was_there = keeps_names ? file->is_there : file->was_there;
  }
  forget_deleted(power);
  power->is_out = false;
  power->calls_left = -1;
}

void power_export(const struct power *power, const char *name, const char *path)
{
  const struct disk_file *file = find(power, name);
  g_autoptr(GError) error = NULL;
  if (file == NULL)
    g_unlink(path);
  else if (!g_file_set_contents_full(path, (const char *)file->now->data, file->now->len, G_FILE_SET_CONTENTS_NONE,
                                     0600, &error))
    g_error("%s", error->message);
}
