/* Dies or fails at the k-th fallible call: a library for LD_PRELOAD, for tests alone.
 *
 * Calls count from the first open of a path that contains LEADFERRY_CALLS_FROM (all, without it). Then
 *   LEADFERRY_CRASH_AT=k  LEADFERRY_CRASH_WHEN=before|after   ends the process there with 137, flushing nothing;
 *   LEADFERRY_CRASH_REQUEST=k  LEADFERRY_CRASH_WHEN=before|half|unread
 *                             ends it before the k-th HTTP request, once its first bytes are out, or when the first
 *                             bytes after it are to be read (how many reads an answer takes varies);
 *   LEADFERRY_FAIL_AT=k  LEADFERRY_FAIL_ERRNO=EIO|ENOSPC|EAGAIN|SHORT
 *                             makes the call fail, or do half of its work;
 *   LEADFERRY_FAIL_FOREVER=1  so do all later calls of its class (disk or network);
 *   LEADFERRY_STEP_AT=k  LEADFERRY_STEP_S=[-]seconds   sets this machine's clock there, as this process sees it;
 *   LEADFERRY_COUNT_FILE      gets a line per call, "k name class first-bytes[|first-bytes-of-the-body]".
 * What libc does for itself (stdio, memory maps) is not seen. The product has one thread: nothing here is locked. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SHOWN 100 /* bytes of a request's head or body in the trace */

enum class { DISK, NET };

enum fate { GO_ON, FAIL, HALF };

/* What one process was told and how far it is. The only state there is: calls come in from everywhere. */
struct plan {
  bool is_ready;
  bool is_counting;
  bool is_forever;
  bool is_after;
  bool is_half;
  bool is_unread;
  bool is_short;
  int fail_errno;
  long crash_at;
  long crash_request;
  long requests;
  long fail_at;
  long step_at;
  long step_s;
  long count;
  enum class failing;
  int trace_fd;
  ssize_t (*write)(int, const void *, size_t);
};

static struct plan plan;

static void *real(const char *name)
{
  void *function = dlsym(RTLD_NEXT, name);
  if (function == NULL) abort();
  return function;
}

static long number_of(const char *name)
{
  const char *text = getenv(name);
  bool is_negative = text != NULL && *text == '-';
  long number = 0;
  for (const char *at = text == NULL ? "" : text + is_negative; *at >= '0' && *at <= '9'; at++)
    number = number * 10 + (*at - '0');
  return is_negative ? -number : number;
}

static int errno_of(const char *word)
{
  if (word == NULL || strcmp(word, "EIO") == 0) return EIO;
  if (strcmp(word, "ENOSPC") == 0) return ENOSPC;
  return EAGAIN;
}

static void prepare(void)
{
  if (plan.is_ready) return;
  const char *when = getenv("LEADFERRY_CRASH_WHEN");
  const char *word = getenv("LEADFERRY_FAIL_ERRNO");
  const char *trace = getenv("LEADFERRY_COUNT_FILE");
  plan.is_ready = true;
  plan.is_counting = getenv("LEADFERRY_CALLS_FROM") == NULL;
  plan.is_forever = number_of("LEADFERRY_FAIL_FOREVER") == 1;
  plan.is_after = when != NULL && strcmp(when, "after") == 0;
  plan.is_half = when != NULL && strcmp(when, "half") == 0;
  plan.is_unread = when != NULL && strcmp(when, "unread") == 0;
  plan.is_short = word != NULL && strcmp(word, "SHORT") == 0;
  plan.fail_errno = errno_of(word);
  plan.crash_at = number_of("LEADFERRY_CRASH_AT");
  plan.crash_request = number_of("LEADFERRY_CRASH_REQUEST");
  plan.fail_at = number_of("LEADFERRY_FAIL_AT");
  plan.step_at = number_of("LEADFERRY_STEP_AT");
  plan.step_s = number_of("LEADFERRY_STEP_S");
  void *function = real("write");
  memcpy(&plan.write, &function, sizeof function);
  int (*open_it)(const char *, int, ...) = NULL;
  function = real("open");
  memcpy(&open_it, &function, sizeof function);
  plan.trace_fd = trace != NULL ? open_it(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
}

static void show(char *out, const void *data, size_t size)
{
  for (size_t i = 0; i < size && i < SHOWN; i++) {
    char c = ((const char *)data)[i];
    out[i] = c > ' ' && c < '\x7f' ? c : '_';
  }
}

static void trace(const char *name, enum class class, const void *data, size_t size)
{
  char line[300];
  char head[SHOWN + 1] = "", body[SHOWN + 1] = "";
  const char *gap = size > 0 ? memmem(data, size, "\r\n\r\n", 4) : NULL;
  show(head, data, size);
  if (gap != NULL) show(body, gap + 4, size - (size_t)(gap + 4 - (const char *)data));
  int length = snprintf(line, sizeof line, "%ld %s %s %s%s%s\n", plan.count, name, class == DISK ? "disk" : "net", head,
                        *body != '\0' ? "|" : "", body);
  if (length > 0 && plan.write(plan.trace_fd, line, (size_t)length) < 0) abort();
}

/* Are these the first bytes of an HTTP request? */
static bool begins_request(const void *data, size_t size)
{
  static const char *const methods[] = {"GET /", "POST /", "PATCH /", "DELETE /"};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
    if (size > strlen(methods[i]) && memcmp(data, methods[i], strlen(methods[i])) == 0) return true;
  return false;
}

/* Counts requests, and ends the process at the one that was asked for. */
static void look_at_request(const char *name, const void *data, size_t size)
{
  bool is_reading = strcmp(name, "recv") == 0;
  if (plan.crash_request == 0) return;
  if (is_reading && plan.is_unread && plan.requests >= plan.crash_request) _exit(137);
  if (strcmp(name, "send") != 0 || !begins_request(data, size)) return;
  plan.requests++;
  if (plan.requests == plan.crash_request && !plan.is_half && !plan.is_unread) _exit(137);
}

/* Counts the call and says what becomes of it; data is what it sends or writes, or a path. */
static enum fate fate_of(const char *name, enum class class, const void *data, size_t size)
{
  prepare();
  if (!plan.is_counting) return GO_ON;
  int kept = errno;
  plan.count++;
  if (plan.trace_fd >= 0) trace(name, class, data, size);
  look_at_request(name, data, size);
  if (plan.count == plan.crash_at && !plan.is_after) _exit(137);
  errno = kept;
  bool is_hit = plan.fail_at > 0 &&
                (plan.count == plan.fail_at || (plan.is_forever && plan.count > plan.fail_at && class == plan.failing));
  if (!is_hit) return GO_ON;
  plan.failing = class;
  if (plan.is_short) return HALF;
  errno = plan.fail_errno;
  return FAIL;
}

static void done(void)
{
  if (plan.is_counting && plan.count == plan.crash_at && plan.is_after) _exit(137);
  if (plan.is_half && plan.crash_request > 0 && plan.requests >= plan.crash_request) _exit(137);
}

/* A call of bytes: a short one does half of them, at least one. */
static size_t bytes_of(enum fate fate, size_t size)
{
  return fate == HALF && size > 1 ? size / 2 : size;
}

/* Declares `function`, the next definition of name. */
#define NEXT(type, name, parameters)                                                                                   \
  type(*function) parameters = NULL;                                                                                   \
  void *found = real(#name);                                                                                           \
  memcpy(&function, &found, sizeof found)

/* A call that moves `size` bytes of `data`; shown: what it moves may be read before it does. */
#define TRANSFER(name, class, shown, parameters, arguments)                                                            \
  ssize_t name parameters                                                                                              \
  {                                                                                                                    \
    NEXT(ssize_t, name, parameters);                                                                                   \
    enum fate fate = fate_of(#name, class, data, shown ? size : 0);                                                    \
    if (fate == FAIL) return -1;                                                                                       \
    size = bytes_of(fate, size);                                                                                       \
    ssize_t result = function arguments;                                                                               \
    done();                                                                                                            \
    return result;                                                                                                     \
  }

TRANSFER(read, DISK, false, (int fd, void *data, size_t size), (fd, data, size))
TRANSFER(write, DISK, false, (int fd, const void *data, size_t size), (fd, data, size))
TRANSFER(pread64, DISK, false, (int fd, void *data, size_t size, off_t at), (fd, data, size, at))
TRANSFER(pwrite64, DISK, false, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
TRANSFER(recv, NET, false, (int fd, void *data, size_t size, int flags), (fd, data, size, flags))
TRANSFER(send, NET, true, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
TRANSFER(recvfrom, NET, false, (int fd, void *data, size_t size, int flags, __SOCKADDR_ARG from, socklen_t *length),
         (fd, data, size, flags, from, length))
TRANSFER(sendto, NET, true,
         (int fd, const void *data, size_t size, int flags, __CONST_SOCKADDR_ARG to, socklen_t length),
         (fd, data, size, flags, to, length))

/* A call that does or does not; half of it is all of it. */
#define PLAIN(name, class, path, parameters, arguments)                                                                \
  int name parameters                                                                                                  \
  {                                                                                                                    \
    NEXT(int, name, parameters);                                                                                       \
    const char *text = path;                                                                                           \
    if (fate_of(#name, class, text, text != NULL ? strlen(text) : 0) == FAIL) return -1;                               \
    int result = function arguments;                                                                                   \
    done();                                                                                                            \
    return result;                                                                                                     \
  }

PLAIN(fsync, DISK, NULL, (int fd), (fd))
PLAIN(fdatasync, DISK, NULL, (int fd), (fd))
PLAIN(ftruncate64, DISK, NULL, (int fd, off_t size), (fd, size))
PLAIN(unlink, DISK, name, (const char *name), (name))
PLAIN(mkdir, DISK, name, (const char *name, mode_t mode), (name, mode))
PLAIN(rename, DISK, to, (const char *from, const char *to), (from, to))
PLAIN(renameat, DISK, to, (int from_fd, const char *from, int to_fd, const char *to), (from_fd, from, to_fd, to))
PLAIN(unlinkat, DISK, name, (int fd, const char *name, int flags), (fd, name, flags))
PLAIN(connect, NET, NULL, (int fd, __CONST_SOCKADDR_ARG address, socklen_t length), (fd, address, length))

static int open_it(const char *name, const char *path, int flags, mode_t mode)
{
  NEXT(int, open64, (const char *, int, ...));
  const char *from = getenv("LEADFERRY_CALLS_FROM");
  prepare();
  if (from != NULL && strstr(path, from) != NULL) plan.is_counting = true;
  if (fate_of(name, DISK, path, strlen(path)) == FAIL) return -1;
  int result = function(path, flags, mode);
  done();
  return result;
}

static mode_t mode_of(int flags, va_list arguments)
{
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

int openat64(int folder, const char *path, int flags, ...)
{
  NEXT(int, openat64, (int, const char *, int, ...));
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  if (fate_of("openat64", DISK, path, strlen(path)) == FAIL) return -1;
  int result = function(folder, path, flags, mode);
  done();
  return result;
}

int open64(const char *path, int flags, ...)
{
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_it("open64", path, flags, mode);
}

int open(const char *path, int flags, ...)
{
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_it("open", path, flags, mode);
}

/* ---- clocks: those that can be set; the monotonic ones and the one of the time since boot cannot ---- */

static long step_of_now(void)
{
  return plan.step_at > 0 && plan.count >= plan.step_at ? plan.step_s : 0;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
  NEXT(int, clock_gettime, (clockid_t, struct timespec *));
  int result = function(id, now);
  if (result == 0 && id == CLOCK_REALTIME) now->tv_sec += step_of_now();
  return result;
}

time_t time(time_t *now)
{
  NEXT(time_t, time, (time_t *));
  time_t result = function(NULL) + step_of_now();
  if (now != NULL) *now = result;
  return result;
}
