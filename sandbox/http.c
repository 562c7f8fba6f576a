#include "http.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "routes.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_KEPT_MAX ((size_t)64 * 1024 * 1024)

/* A daemon that stopped listening (fault "refuse") still serves its connections; another one listens after it. */
#define DAEMONS_MAX 64

struct http_server {
  struct world *world;
  struct MHD_Daemon *daemons[DAEMONS_MAX];
  atomic_int daemons_n;
  atomic_bool is_refusing;
  int reservation; /* bound to the port and never listening: the port stays ours while nobody listens */
  uint16_t port;
  atomic_bool is_stopping;
  atomic_int helpers_n;
  int64_t refuse_ms;
};

enum call_phase { CALL_BODY, CALL_WAITED, CALL_SERVED, CALL_DONE };

/* One request on its way through; freed when the library says that it is over. */
struct call {
  struct http_server *server;
  struct MHD_Connection *connection;
  struct request request;
  struct reply reply;
  struct fired fired;
  enum call_phase phase;
  int64_t wait_ms; /* of the helper thread */
  bool is_writing; /* the helper thread writes the answer */
};

static const char *header(struct MHD_Connection *connection, const char *name)
{
  return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result query_add(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
  (void)kind;
  struct query_item item = {g_strdup(name), g_strdup(value == NULL ? "" : value)};
  g_array_append_val((GArray *)data, item);
  return MHD_YES;
}

/* Room for the body that the head announces: no growing in steps. */
static gsize body_room(struct MHD_Connection *connection)
{
  const char *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
  return length == NULL ? 0 : (gsize)MIN(g_ascii_strtoull(length, NULL, 10), 1024 * 1024);
}

static struct call *call_new(struct http_server *server, struct MHD_Connection *connection, const char *method,
                             const char *path)
{
  struct call *call = g_new0(struct call, 1);
  struct request *request = &call->request;
  call->server = server;
  call->connection = connection;
  request->method = g_intern_string(method);
  request->path = g_strdup(path);
  request->query = g_array_new(FALSE, TRUE, sizeof(struct query_item));
  request->body = g_string_sized_new(body_room(connection));
  request->authorization = header(connection, "Authorization");
  request->user_agent = header(connection, "User-Agent");
  request->content_type = header(connection, "Content-Type");
  request->workspace = header(connection, "x-as-workspace");
  request->is_control = g_str_has_prefix(path, "/_sandbox/");
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, query_add, request->query);
  call->reply =
      (struct reply){.status = 200, .body = g_string_new(NULL), .content_type = "application/json; charset=utf-8"};
  request->route = route_find(request->method, path, request->params);
  call->fired.wire = (struct wire){.cut_at = -1, .cut_request_at = -1, .claimed_n = -1};
  if (request->is_control) return call;
  pthread_mutex_lock(&server->world->lock);
  faults_pick(server->world, request->method, request->route == NULL ? path : request->route->path, &call->fired);
  pthread_mutex_unlock(&server->world->lock);
  return call;
}

static void call_free(struct call *call)
{
  for (guint i = 0; i < call->request.query->len; i++) {
    struct query_item *item = &g_array_index(call->request.query, struct query_item, i);
    g_free(item->name);
    g_free(item->value);
  }
  g_array_free(call->request.query, TRUE);
  g_free((char *)(uintptr_t)call->request.path);
  for (size_t i = 0; i < PATH_PARAMS_MAX; i++)
    g_free(call->request.params[i]);
  g_string_free(call->request.body, TRUE);
  cJSON_Delete(call->request.json);
  if (call->reply.body != NULL) g_string_free(call->reply.body, TRUE);
  g_free(call->reply.location);
  fired_clear(&call->fired);
  g_free(call);
}

/* "Mon, 02 Nov 2026 08:00:00 GMT" of the virtual clock, without asking any locale. */
static void date_format(int64_t now_ms, char *out, size_t size)
{
  static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(now_ms / SECOND_MS);
  g_snprintf(out, (gulong)size, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[g_date_time_get_day_of_week(at) - 1],
             g_date_time_get_day_of_month(at), months[g_date_time_get_month(at) - 1], g_date_time_get_year(at),
             g_date_time_get_hour(at), g_date_time_get_minute(at), g_date_time_get_second(at));
}

static void date_now(const struct call *call, char *out, size_t size)
{
  pthread_mutex_lock(&call->server->world->lock);
  int64_t now_ms = call->server->world->now_ms;
  pthread_mutex_unlock(&call->server->world->lock);
  date_format(now_ms, out, size);
}

static enum MHD_Result reply_queue(struct call *call)
{
  struct reply *reply = &call->reply;
  size_t size = reply->body->len;
  char *text = g_string_free(g_steal_pointer(&reply->body), FALSE);
  struct MHD_Response *response = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
  char line[64];
  date_now(call, line, sizeof line);
  MHD_add_response_header(response, "Date", line);
  if (reply->content_type != NULL && size > 0) MHD_add_response_header(response, "Content-Type", reply->content_type);
  if (reply->location != NULL) MHD_add_response_header(response, "Location", reply->location);
  if (reply->retry_after_s > 0) {
    g_snprintf(line, sizeof line, "%d", (int)reply->retry_after_s);
    MHD_add_response_header(response, "Retry-After", line);
  }
  enum MHD_Result result = MHD_queue_response(call->connection, reply->status, response);
  MHD_destroy_response(response);
  return result;
}

static int connection_fd(struct MHD_Connection *connection)
{
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* Closing this connection will send RST. */
static void linger_off(struct MHD_Connection *connection)
{
  struct linger off = {.l_onoff = 1, .l_linger = 0};
  if (setsockopt(connection_fd(connection), SOL_SOCKET, SO_LINGER, &off, sizeof off) != 0)
    g_warning("SO_LINGER was refused: the fault will close instead of reset");
}

static void pause_ms(const struct http_server *server, int64_t wait_ms)
{
  for (; wait_ms > 0 && !atomic_load(&server->is_stopping); wait_ms -= 20)
    clock_sleep_us(clock_system(), MIN(wait_ms, 20) * 1000);
}

static bool bytes_send(const struct http_server *server, int fd, const char *bytes, size_t size)
{
  while (size > 0 && !atomic_load(&server->is_stopping)) {
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent < 0) {
      clock_sleep_us(clock_system(), 1000);
      continue;
    }
    bytes += sent;
    size -= (size_t)sent;
  }
  return size == 0;
}

/* The whole answer as bytes, with the length that the fault wants it to claim. */
static GString *answer_bytes(const struct call *call)
{
  const struct reply *reply = &call->reply;
  const struct wire *wire = &call->fired.wire;
  char date[64];
  date_now(call, date, sizeof date);
  GString *out = g_string_new(NULL);
  int64_t length = wire->claimed_n >= 0 ? wire->claimed_n : (int64_t)reply->body->len;
  g_string_printf(out, "HTTP/1.1 %u %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %" G_GINT64_FORMAT "\r\n\r\n",
                  reply->status, status_text(reply->status), date, reply->content_type, length);
  g_string_append_len(out, reply->body->str, (gssize)reply->body->len);
  if (wire->cut_at >= 0 && (gsize)wire->cut_at < out->len) g_string_truncate(out, (gsize)wire->cut_at);
  return out;
}

static void answer_write(const struct call *call)
{
  const struct wire *wire = &call->fired.wire;
  g_autoptr(GString) bytes = answer_bytes(call);
  size_t piece = wire->drip_bytes > 0 ? (size_t)wire->drip_bytes : MAX(bytes->len, 1);
  int fd = connection_fd(call->connection);
  for (size_t at = 0; at < bytes->len; at += piece) {
    if (!bytes_send(call->server, fd, bytes->str + at, MIN(piece, bytes->len - at))) return;
    if (at + piece < bytes->len) pause_ms(call->server, wire->drip_ms);
  }
}

static void *helper_run(void *data)
{
  struct call *call = data;
  struct http_server *server = call->server;
  pause_ms(server, call->wait_ms);
  if (call->is_writing) answer_write(call);
  MHD_resume_connection(call->connection);
  atomic_fetch_sub(&server->helpers_n, 1);
  return NULL;
}

/* Lets the connection rest while a helper thread waits, or writes; the library comes back when it is done. */
static enum MHD_Result helper_start(struct call *call)
{
  pthread_t thread;
  atomic_fetch_add(&call->server->helpers_n, 1);
  MHD_suspend_connection(call->connection);
  if (!thread_start(&thread, helper_run, call)) {
    atomic_fetch_sub(&call->server->helpers_n, 1);
    MHD_resume_connection(call->connection);
    return MHD_NO;
  }
  pthread_detach(thread);
  return MHD_YES;
}

static void call_serve(struct call *call)
{
  struct world *world = call->server->world;
  pthread_mutex_lock(&world->lock);
  serve(world, &call->request, &call->reply, &call->fired);
  pthread_mutex_unlock(&world->lock);
}

static enum MHD_Result call_continue(struct call *call)
{
  const struct wire *wire = &call->fired.wire;
  if (call->phase == CALL_BODY) {
    call->phase = CALL_WAITED;
    call->wait_ms = wire->delay_before_ms;
    if (call->wait_ms > 0) return helper_start(call);
  }
  if (call->phase == CALL_WAITED) {
    call->phase = CALL_SERVED;
    call_serve(call);
    call->wait_ms = wire->delay_ms;
    call->is_writing = wire->is_raw;
    if (call->wait_ms > 0 || call->is_writing) return helper_start(call);
  }
  call->phase = CALL_DONE;
  if (!call->is_writing) return reply_queue(call);
  if (wire->is_reset) linger_off(call->connection);
  return MHD_NO;
}

static void refusing_start(struct http_server *server, int64_t refuse_ms);

static bool is_cut_short(const struct call *call)
{
  int64_t at = call->fired.wire.cut_request_at;
  return at >= 0 && ((int64_t)call->request.body_size >= at || call->phase != CALL_BODY);
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **state)
{
  (void)version;
  struct call *call = *state;
  if (call == NULL) {
    *state = call_new(data, connection, method, path);
    return MHD_YES;
  }
  if (*upload_size > 0) {
    size_t room = BODY_KEPT_MAX - MIN(call->request.body->len, BODY_KEPT_MAX);
    g_string_append_len(call->request.body, upload, (gssize)MIN(room, *upload_size));
    call->request.body_size += *upload_size;
    *upload_size = 0;
    if (!is_cut_short(call)) return MHD_YES;
  }
  if (call->fired.wire.cut_request_at >= 0) {
    if (call->fired.wire.refuse_ms > 0) refusing_start(call->server, call->fired.wire.refuse_ms);
    linger_off(connection);
    return MHD_NO;
  }
  return call_continue(call);
}

static void on_completed(void *data, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
  (void)data;
  (void)connection;
  (void)code;
  if (*state != NULL) call_free(*state);
  *state = NULL;
}

/* Answers go out in two pieces, head and body: without this the second waits for the first one's acknowledgement. */
static void on_connection(void *data, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
  int on = 1;
  (void)data;
  (void)state;
  if (code != MHD_CONNECTION_NOTIFY_STARTED) return;
  if (setsockopt(connection_fd(connection), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
    g_warning("TCP_NODELAY was refused");
}

static void on_library_message(void *data, const char *format, va_list arguments)
{
  /* The library reports every connection that was closed on purpose: not worth a line. */
  (void)data;
  (void)format;
  (void)arguments;
}

/* A socket bound to the port, or -1. Several of ours may be, as long as but one of them listens. */
static int bound_to(uint16_t port)
{
  int on = 1;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      bind(fd, (const struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  if (fd >= 0) close(fd);
  return -1;
}

/* A listening socket of our own: the library would let a second server share the port. */
static int listen_on(uint16_t port, GError **error)
{
  int fd = bound_to(port);
  if (fd >= 0 && listen(fd, 128) == 0) return fd;
  error_set(error, ERROR_LOCAL, "cannot listen on 127.0.0.1:%u: %s", port, g_strerror(errno));
  if (fd >= 0) close(fd);
  return -1;
}

static uint16_t port_of(int fd)
{
  struct sockaddr_in address = {0};
  socklen_t size = sizeof address;
  return getsockname(fd, (struct sockaddr *)&address, &size) == 0 ? ntohs(address.sin_port) : 0;
}

static struct MHD_Daemon *daemon_start(struct http_server *server, int fd)
{
  return MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME |
                              MHD_USE_SUPPRESS_DATE_NO_CLOCK | MHD_USE_ERROR_LOG | MHD_USE_ITC,
                          0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_library_message, NULL,
                          MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                          MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                          (size_t)512 * 1024, MHD_OPTION_CONNECTION_LIMIT, 512U, MHD_OPTION_END);
}

/* Listens and serves: at the start, and after each time of refusing. */
static bool listening_begin(struct http_server *server, GError **error)
{
  int fd = listen_on(server->port, error);
  if (fd < 0) return false;
  struct MHD_Daemon *daemon = daemon_start(server, fd);
  if (daemon == NULL) {
    error_set(error, ERROR_LOCAL, "cannot start the HTTP server on 127.0.0.1:%u", server->port);
    close(fd);
    return false;
  }
  server->daemons[atomic_load(&server->daemons_n)] = daemon;
  atomic_fetch_add(&server->daemons_n, 1);
  return true;
}

/* Listens again after a while. The thread of an older daemon may still be waiting on the socket that was closed, which
 * keeps the port from being listened on until it wakes. */
static void *refusing_run(void *data)
{
  struct http_server *server = data;
  g_autoptr(GError) error = NULL;
  pause_ms(server, server->refuse_ms);
  for (int tries = 0; !listening_begin(server, &error) && tries < 500; tries++) {
    g_clear_error(&error);
    pause_ms(server, 10);
  }
  if (error != NULL) g_warning("%s", error->message);
  atomic_store(&server->is_refusing, false);
  atomic_fetch_sub(&server->helpers_n, 1);
  return NULL;
}

/* Stops listening at once, before the caller resets its connection: the kernel refuses whoever comes after that. */
static void refusing_start(struct http_server *server, int64_t refuse_ms)
{
  pthread_t thread;
  if (atomic_load(&server->daemons_n) == DAEMONS_MAX || atomic_exchange(&server->is_refusing, true)) return;
  int fd = MHD_quiesce_daemon(server->daemons[atomic_load(&server->daemons_n) - 1]);
  if (fd >= 0) close(fd);
  server->refuse_ms = refuse_ms;
  atomic_fetch_add(&server->helpers_n, 1);
  if (thread_start(&thread, refusing_run, server)) {
    pthread_detach(thread);
  } else {
    atomic_fetch_sub(&server->helpers_n, 1);
  }
}

struct http_server *http_start(struct world *world, uint16_t port, GError **error)
{
  struct http_server *server = g_new0(struct http_server, 1);
  server->world = world;
  server->reservation = bound_to(port);
  server->port = server->reservation < 0 ? port : port_of(server->reservation);
  if (listening_begin(server, error)) return server;
  if (server->reservation >= 0) close(server->reservation);
  g_free(server);
  return NULL;
}

uint16_t http_port(const struct http_server *server)
{
  return server->port;
}

void http_stop(struct http_server *server)
{
  atomic_store(&server->is_stopping, true);
  while (atomic_load(&server->helpers_n) > 0)
    clock_sleep_us(clock_system(), 1000);
  for (int i = 0; i < atomic_load(&server->daemons_n); i++)
    MHD_stop_daemon(server->daemons[i]);
  if (server->reservation >= 0) close(server->reservation);
  g_free(server);
}
