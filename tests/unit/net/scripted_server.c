#include "scripted_server.h"

#include "base/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096

struct scripted_server {
  const struct script_step *steps;
  size_t steps_n;
  char *url;
  int listener;
  int stop_pipe[2];
  pthread_t acceptor;
  pthread_mutex_t lock; /* guards all below */
  GArray *threads;
  GPtrArray *seen;
  size_t requests_n;
  int connections_n, busy_n, busy_max_n;
};

struct connection {
  struct scripted_server *server;
  int fd;
  int number;
  GString *input;
};

static void seen_free(gpointer data)
{
  struct seen_request *seen = data;
  g_free(seen->head);
  g_free(seen->body);
  g_free(seen);
}

static void pause_us(int64_t us)
{
  struct timespec wait = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
  while (us > 0 && nanosleep(&wait, &wait) != 0 && errno == EINTR) {
  }
}

/* Waits for input or the end of the server; false when there will be none. */
static bool wait_input(const struct connection *connection)
{
  struct pollfd fds[] = {{.fd = connection->fd, .events = POLLIN},
                         {.fd = connection->server->stop_pipe[0], .events = POLLIN}};
  while (poll(fds, 2, -1) < 0 && errno == EINTR) {
  }
  return fds[1].revents == 0 && fds[0].revents != 0;
}

/* Reads at least one byte more, at most max_bytes. */
static bool read_more(struct connection *connection, size_t max_bytes)
{
  char buffer[16384];
  if (!wait_input(connection)) return false;
  ssize_t n = recv(connection->fd, buffer, MIN(max_bytes, sizeof buffer), 0);
  if (n > 0) g_string_append_len(connection->input, buffer, n);
  return n > 0;
}

static const struct script_step *next_step(struct scripted_server *server)
{
  pthread_mutex_lock(&server->lock);
  size_t n = server->requests_n++;
  server->busy_n++;
  server->busy_max_n = MAX(server->busy_max_n, server->busy_n);
  pthread_mutex_unlock(&server->lock);
  return &server->steps[MIN(n, server->steps_n - 1)];
}

static size_t body_length(const char *head)
{
  g_autofree char *lower = g_ascii_strdown(head, -1);
  const char *field = strstr(lower, "content-length:");
  return field ? (size_t)g_ascii_strtoull(field + strlen("content-length:"), NULL, 10) : 0;
}

/* Takes what is in input as one request, whole or not. */
static void record(struct connection *connection)
{
  struct seen_request *seen = g_new0(struct seen_request, 1);
  const char *end = strstr(connection->input->str, "\r\n\r\n");
  size_t head_bytes = end ? (size_t)(end - connection->input->str) + 4 : connection->input->len;
  seen->head = g_strndup(connection->input->str, head_bytes);
  seen->body_bytes = connection->input->len - head_bytes;
  seen->body = g_strndup(connection->input->str + head_bytes, seen->body_bytes);
  seen->is_whole = end && seen->body_bytes >= body_length(seen->head);
  seen->connection = connection->number;
  g_string_truncate(connection->input, 0);
  pthread_mutex_lock(&connection->server->lock);
  g_ptr_array_add(connection->server->seen, seen);
  pthread_mutex_unlock(&connection->server->lock);
}

static bool read_request(struct connection *connection)
{
  const char *end = NULL;
  while (!(end = strstr(connection->input->str, "\r\n\r\n"))) {
    if (!read_more(connection, SIZE_MAX)) return false;
  }
  size_t total_bytes = (size_t)(end - connection->input->str) + 4 + body_length(connection->input->str);
  while (connection->input->len < total_bytes) {
    if (!read_more(connection, SIZE_MAX)) return false;
  }
  return true;
}

static GString *make_answer(const struct script_step *step)
{
  if (step->answer) return g_string_new(step->answer);
  GString *answer = g_string_new(NULL);
  const char *body = step->body ? step->body : "";
  size_t bytes = step->filler_bytes > 0 ? step->filler_bytes : strlen(body);
  g_string_append_printf(answer, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n", step->status ? step->status : 200,
                         bytes, step->headers ? step->headers : "");
  if (step->filler_bytes == 0) return g_string_append(answer, body);
  g_string_set_size(answer, answer->len + bytes);
  memset(answer->str + answer->len - bytes, ' ', bytes);
  return answer;
}

static void send_answer(int fd, const struct script_step *step)
{
  g_autoptr(GString) answer = make_answer(step);
  size_t total_bytes = step->send_max_bytes > 0 ? MIN(step->send_max_bytes, answer->len) : answer->len;
  size_t chunk_bytes = step->drip_us > 0 ? 1 : total_bytes;
  pause_us(step->delay_us);
  for (size_t sent = 0; sent < total_bytes;) {
    pause_us(step->drip_us);
    ssize_t n = send(fd, answer->str + sent, MIN(chunk_bytes, total_bytes - sent), MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += (size_t)n;
  }
}

static void reset(int fd)
{
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

/* One request by its step; true when the connection lives on. */
static bool serve_one(struct connection *connection, const struct script_step *step)
{
  if (step->is_cut_short) {
    while (connection->input->len < step->read_bytes &&
           read_more(connection, step->read_bytes - connection->input->len)) {
    }
    record(connection);
  } else {
    bool is_whole = read_request(connection);
    record(connection);
    if (!is_whole) return false;
    send_answer(connection->fd, step);
  }
  if (step->end == END_RESET) reset(connection->fd);
  return step->end == END_KEEP && !step->is_cut_short;
}

static void *serve_connection(void *context)
{
  struct connection *connection = context;
  struct scripted_server *server = connection->server;
  bool is_alive = true;
  while (is_alive && wait_input(connection)) {
    char byte = 0;
    if (recv(connection->fd, &byte, 1, MSG_PEEK) <= 0) break;
    is_alive = serve_one(connection, next_step(server));
    pthread_mutex_lock(&server->lock);
    server->busy_n--;
    pthread_mutex_unlock(&server->lock);
  }
  close(connection->fd);
  g_string_free(connection->input, TRUE);
  g_free(connection);
  return NULL;
}

static void *accept_all(void *context)
{
  struct scripted_server *server = context;
  struct pollfd fds[] = {{.fd = server->listener, .events = POLLIN}, {.fd = server->stop_pipe[0], .events = POLLIN}};
  for (;;) {
    if (poll(fds, 2, -1) < 0 && errno == EINTR) continue;
    if (fds[1].revents != 0) return NULL;
    int fd = accept(server->listener, NULL, NULL);
    if (fd < 0) continue;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection = g_new0(struct connection, 1);
    *connection = (struct connection){.server = server, .fd = fd, .input = g_string_new(NULL)};
    pthread_t thread;
    pthread_mutex_lock(&server->lock);
    connection->number = server->connections_n++;
    g_assert_cmpint(connection->number, <, CONNECTIONS_MAX);
    g_assert_true(thread_start(&thread, serve_connection, connection));
    g_array_append_val(server->threads, thread);
    pthread_mutex_unlock(&server->lock);
  }
}

struct scripted_server *scripted_server_start(const struct script_step *steps, size_t steps_n)
{
  struct scripted_server *server = g_new0(struct scripted_server, 1);
  server->steps = steps;
  server->steps_n = steps_n;
  server->threads = g_array_new(FALSE, FALSE, sizeof(pthread_t));
  server->seen = g_ptr_array_new_with_free_func(seen_free);
  pthread_mutex_init(&server->lock, NULL);
  g_assert_cmpint(pipe(server->stop_pipe), ==, 0);
  server->listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  g_assert_cmpint(bind(server->listener, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_cmpint(listen(server->listener, 64), ==, 0);
  socklen_t size = sizeof address;
  g_assert_cmpint(getsockname(server->listener, (struct sockaddr *)&address, &size), ==, 0);
  server->url = g_strdup_printf("http://127.0.0.1:%d", ntohs(address.sin_port));
  g_assert_true(thread_start(&server->acceptor, accept_all, server));
  return server;
}

void scripted_server_stop(struct scripted_server *server)
{
  g_assert_cmpint(write(server->stop_pipe[1], "x", 1), ==, 1);
  thread_join(server->acceptor);
  for (guint i = 0; i < server->threads->len; i++) {
    thread_join(g_array_index(server->threads, pthread_t, i));
  }
  close(server->listener);
  close(server->stop_pipe[0]);
  close(server->stop_pipe[1]);
  g_array_unref(server->threads);
  g_ptr_array_unref(server->seen);
  pthread_mutex_destroy(&server->lock);
  g_free(server->url);
  g_free(server);
}

const char *scripted_server_url(const struct scripted_server *server)
{
  return server->url;
}

/* Taking the lock once makes what the threads wrote visible here. */
const GPtrArray *scripted_server_seen(struct scripted_server *server)
{
  pthread_mutex_lock(&server->lock);
  pthread_mutex_unlock(&server->lock);
  return server->seen;
}

int scripted_server_most_at_once(struct scripted_server *server)
{
  pthread_mutex_lock(&server->lock);
  int n = server->busy_max_n;
  pthread_mutex_unlock(&server->lock);
  return n;
}

int scripted_server_count(struct scripted_server *server, const char *line)
{
  int n = 0;
  pthread_mutex_lock(&server->lock);
  for (guint i = 0; i < server->seen->len; i++) {
    const struct seen_request *seen = g_ptr_array_index(server->seen, i);
    if (seen->is_whole && g_str_has_prefix(seen->head, line)) n++;
  }
  pthread_mutex_unlock(&server->lock);
  return n;
}
