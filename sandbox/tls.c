#include "tls.h"

#include "base/error.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEP_MS     50
#define HELLO_STEPS 40   /* so long a client may take for its hello: two seconds */
#define QUIET_STEPS 1200 /* so long "silence" lasts: a minute */

enum tls_end { TLS_CLOSES, TLS_RESETS, TLS_SAYS_NOTHING };

/* What the server answers to the first bytes of a client, and how it goes on. */
static const struct tls_kind {
  const char *name;
  const char *bytes;
  size_t size;
  enum tls_end end;
} tls_kinds[] = {
    {"alert", "\x15\x03\x03\x00\x02\x02\x28", 7, TLS_CLOSES}, /* fatal: handshake_failure */
    {"close", "", 0, TLS_CLOSES},
    {"garbage", "\xa5\x5a\x00\xff\xa5\x5a\x00\xff\xa5\x5a\x00\xff", 12, TLS_CLOSES},
    {"half", "\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03", 11, TLS_CLOSES}, /* a ServerHello that breaks off */
    {"plain", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", 47, TLS_CLOSES},
    {"reset", "", 0, TLS_RESETS},
    {"silence", "", 0, TLS_SAYS_NOTHING},
};

struct tls_front {
  const struct tls_kind *kind;
  int fd;
  uint16_t port;
  pthread_t thread;
  atomic_bool is_stopping;
};

/* Waits until there is something to read (or the other side is gone); false when it takes too long. */
static bool is_readable(const struct tls_front *front, int fd, int steps)
{
  struct pollfd wanted = {.fd = fd, .events = POLLIN};
  for (int i = 0; i < steps && !atomic_load(&front->is_stopping); i++)
    if (poll(&wanted, 1, STEP_MS) > 0) return true;
  return false;
}

static void handshake_fail(const struct tls_front *front, int fd)
{
  char hello[4096];
  struct linger off = {.l_onoff = 1, .l_linger = 0};
  const struct tls_kind *kind = front->kind;
  /* All of the hello is taken: closing with bytes unread would be a reset. */
  if (is_readable(front, fd, HELLO_STEPS) && recv(fd, hello, sizeof hello, 0) > 0) {
    if (kind->size > 0 && send(fd, kind->bytes, kind->size, MSG_NOSIGNAL) < 0) g_debug("the client was quicker");
    if (kind->end == TLS_SAYS_NOTHING) is_readable(front, fd, QUIET_STEPS);
  }
  if (kind->end == TLS_RESETS && setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off) != 0)
    g_warning("SO_LINGER was refused: the handshake is closed instead of reset");
  close(fd);
}

static void *front_run(void *data)
{
  const struct tls_front *front = data;
  while (!atomic_load(&front->is_stopping)) {
    int fd = is_readable(front, front->fd, 1) ? accept(front->fd, NULL, NULL) : -1;
    if (fd >= 0) handshake_fail(front, fd);
  }
  return NULL;
}

static const struct tls_kind *kind_find(const char *name, GError **error)
{
  g_autoptr(GString) names = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tls_kinds); i++) {
    if (strcmp(name, tls_kinds[i].name) == 0) return &tls_kinds[i];
    g_string_append_printf(names, "%s%s", i == 0 ? "" : ", ", tls_kinds[i].name);
  }
  error_set(error, ERROR_USAGE, "--tls-failure takes one of: %s", names->str);
  return NULL;
}

static bool front_listen(struct tls_front *front, GError **error)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  front->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool is_listening = front->fd >= 0 && bind(front->fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
                      listen(front->fd, 128) == 0 && getsockname(front->fd, (struct sockaddr *)&address, &size) == 0;
  front->port = ntohs(address.sin_port);
  if (is_listening && thread_start(&front->thread, front_run, front)) return true;
  error_set(error, ERROR_LOCAL, "cannot listen for broken handshakes on 127.0.0.1");
  if (front->fd >= 0) close(front->fd);
  return false;
}

struct tls_front *tls_front_start(const char *kind, GError **error)
{
  const struct tls_kind *found = kind_find(kind, error);
  if (found == NULL) return NULL;
  struct tls_front *front = g_new0(struct tls_front, 1);
  front->kind = found;
  if (front_listen(front, error)) return front;
  g_free(front);
  return NULL;
}

uint16_t tls_front_port(const struct tls_front *front)
{
  return front->port;
}

void tls_front_stop(struct tls_front *front)
{
  if (front == NULL) return;
  atomic_store(&front->is_stopping, true);
  pthread_join(front->thread, NULL);
  close(front->fd);
  g_free(front);
}
