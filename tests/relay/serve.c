/* HTTP/1.1 by hand, since answers go out whole, in part, or not at all: a thread for each connection, one request after
 * the other. */
#include "base/error.h"
#include "base/thread.h"
#include "relay.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HELD_AT_MOST_US ((int64_t)60 * 1000000)
#define HEAD_MAX_BYTES  ((gsize)64 << 10)
#define BODY_MAX_BYTES  ((gsize)64 << 20)

/* One connection; bytes that came and were not used yet stay in buffer. */
struct connection {
  struct relay *relay;
  int fd;
  GString *buffer;
};

/* ---- a request ---- */

/* Reads more; false when the other side has nothing more to say. */
static bool read_more(struct connection *connection)
{
  char bytes[16384];
  ssize_t got = recv(connection->fd, bytes, sizeof bytes, 0);
  if (got > 0) g_string_append_len(connection->buffer, bytes, got);
  return got > 0;
}

/* The value of a line of the head, without spaces; NULL when there is none. Caller frees. */
static char *header_of(GStrv lines, const char *name)
{
  size_t length = strlen(name);
  for (size_t i = 1; lines[i]; i++)
    if (g_ascii_strncasecmp(lines[i], name, length) == 0 && lines[i][length] == ':')
      return g_strstrip(g_strdup(lines[i] + length + 1));
  return NULL;
}

static void query_read(struct relay_request *request, char *text)
{
  g_auto(GStrv) pairs = g_strsplit(text ? text : "", "&", -1);
  for (size_t i = 0; pairs[i]; i++) {
    char *value = strchr(pairs[i], '=');
    if (value) *value++ = '\0';
    g_hash_table_replace(request->query, g_uri_unescape_string(pairs[i], NULL),
                         g_uri_unescape_string(value ? value : "", NULL));
  }
}

/* "POST /path?name=value HTTP/1.1" and the lines behind it. */
static struct relay_request *request_new(GStrv lines)
{
  g_auto(GStrv) words = g_strsplit(lines[0], " ", 3);
  if (g_strv_length(words) != 3) return NULL;
  struct relay_request *request = g_new0(struct relay_request, 1);
  char *query = strchr(words[1], '?');
  if (query) *query++ = '\0';
  request->method = g_intern_string(words[0]);
  request->path = g_uri_unescape_string(words[1], NULL);
  request->body = g_string_new(NULL);
  request->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  request->authorization = header_of(lines, "Authorization");
  query_read(request, query);
  return request;
}

static void request_free(struct relay_request *request)
{
  if (!request) return;
  g_free(request->path);
  g_free(request->authorization);
  g_free(request->subject);
  g_free(request->job_id);
  g_string_free(request->body, TRUE);
  g_hash_table_unref(request->query);
  cJSON_Delete(request->json);
  g_free(request);
}

/* The next request, whole; NULL at the end of the connection. */
static struct relay_request *request_read(struct connection *connection)
{
  GString *buffer = connection->buffer;
  const char *end = NULL;
  while (!(end = strstr(buffer->str, "\r\n\r\n")))
    if (buffer->len > HEAD_MAX_BYTES || !read_more(connection)) return NULL;
  gsize head_bytes = (gsize)(end - buffer->str) + 4;
  g_autofree char *head = g_strndup(buffer->str, head_bytes - 4);
  g_auto(GStrv) lines = g_strsplit(head, "\r\n", -1);
  g_autofree char *length = header_of(lines, "Content-Length");
  gsize body_bytes = length ? (gsize)g_ascii_strtoull(length, NULL, 10) : 0;
  while (buffer->len < head_bytes + body_bytes)
    if (body_bytes > BODY_MAX_BYTES || !read_more(connection)) return NULL;
  struct relay_request *request = request_new(lines);
  if (request) g_string_append_len(request->body, buffer->str + head_bytes, (gssize)body_bytes);
  g_string_erase(buffer, 0, (gssize)(head_bytes + body_bytes));
  return request;
}

/* ---- an answer on the wire ---- */

static bool bytes_send(int fd, const char *bytes, size_t size)
{
  while (size > 0) {
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= (size_t)sent;
  }
  return true;
}

/* The connection will end with RST. */
static void linger_off(int fd)
{
  struct linger off = {.l_onoff = 1, .l_linger = 0};
  if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off) != 0)
    g_warning("SO_LINGER was refused: the fault will close instead of reset");
}

/* False when the connection is to end here. */
static bool reply_write(const struct connection *connection, const struct trouble *trouble,
                        const struct relay_reply *reply)
{
  g_autoptr(GString) out = g_string_new(NULL);
  g_autoptr(GDateTime) today = g_date_time_new_now_utc();
  g_autoptr(GDateTime) now = g_date_time_add_seconds(today, (double)connection->relay->settings.date_step_s);
  g_autofree char *date = g_date_time_format(now, "%a, %d %b %Y %H:%M:%S GMT"); /* in the C locale */
  g_string_printf(out,
                  "HTTP/1.1 %u Said\r\nContent-Type: %s\r\nMetadata-Flavor: Google\r\nDate: %s\r\n"
                  "Content-Length: %zu\r\n\r\n",
                  reply->status, reply->content_type, date, reply->body->len);
  g_string_append_len(out, reply->body->str, (gssize)reply->body->len);
  bool is_cut = trouble->cut_at >= 0 || trouble->is_reset_before;
  size_t size = trouble->is_reset_before ? 0 : is_cut ? MIN(out->len, (size_t)trouble->cut_at) : out->len;
  bool is_sent = bytes_send(connection->fd, out->str, size);
  if (trouble->is_reset || trouble->is_reset_before) linger_off(connection->fd);
  return is_sent && !is_cut;
}

/* ---- what happens to it ---- */

static void wait_ms(struct relay *relay, int64_t ms)
{
  if (ms <= 0) return;
  pthread_mutex_unlock(&relay->lock);
  usleep((useconds_t)ms * 1000);
  pthread_mutex_lock(&relay->lock);
}

static void hold(struct relay *relay, bool is_held)
{
  int64_t released_n = relay->releases_n;
  if (!is_held) return;
  relay->held_n++;
  while (relay->releases_n == released_n)
    if (!thread_cond_wait_us(&relay->released, &relay->lock, HELD_AT_MOST_US)) break;
  relay->held_n--;
}

/* The lock is held. */
static void work(struct relay *relay, const struct relay_request *request, const struct trouble *trouble,
                 struct relay_reply *reply)
{
  wait_ms(relay, trouble->delay_before_ms);
  hold(relay, trouble->is_held_before);
  relay_late_show(relay, false);
  if (trouble->status_before != 0)
    relay_refuse(reply, trouble->status_before, trouble->reason, trouble->message);
  else if (relay_token_check(relay, request, reply))
    relay_work(relay, request, trouble, reply);
  if (trouble->status_after != 0) relay_refuse(reply, trouble->status_after, trouble->reason, trouble->message);
  faults_spoil(trouble, reply);
  relay_note(relay, request, reply->status);
  hold(relay, trouble->is_held_after);
  wait_ms(relay, trouble->delay_after_ms);
}

/* False when the connection is to end. */
static bool answer(const struct connection *connection, struct relay_request *request)
{
  struct relay *relay = connection->relay;
  struct trouble trouble = {.cut_at = -1, .refused_row = -1};
  struct relay_reply reply = {.status = 200, .content_type = "application/json; charset=UTF-8"};
  reply.body = g_string_new(NULL);
  pthread_mutex_lock(&relay->lock);
  bool is_control = g_str_has_prefix(request->path, "/_relay/");
  relay_route(relay, request);
  if (!is_control) faults_pick(relay, request, &trouble);
  if (is_control)
    relay_control(relay, request, &reply);
  else if (trouble.is_reset_before)
    relay_note(relay, request, 0);
  else
    work(relay, request, &trouble, &reply);
  pthread_mutex_unlock(&relay->lock);
  bool goes_on = reply_write(connection, &trouble, &reply);
  g_string_free(reply.body, TRUE);
  trouble_clear(&trouble);
  return goes_on;
}

/* ---- connections ---- */

static void *connection_run(void *data)
{
  struct connection *connection = data;
  for (bool goes_on = true; goes_on;) {
    struct relay_request *request = request_read(connection);
    goes_on = request && answer(connection, request);
    request_free(request);
  }
  close(connection->fd);
  g_string_free(connection->buffer, TRUE);
  g_free(connection);
  return NULL;
}

bool relay_listen(struct relay *relay, uint16_t *port, GError **error)
{
  int on = 1;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  relay->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (relay->fd >= 0 && setsockopt(relay->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      bind(relay->fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(relay->fd, 64) == 0 &&
      getsockname(relay->fd, (struct sockaddr *)&address, &size) == 0) {
    *port = ntohs(address.sin_port);
    return true;
  }
  error_set(error, ERROR_LOCAL, "cannot listen on 127.0.0.1:%u: %s", *port, g_strerror(errno));
  return false;
}

void *relay_serve(void *data)
{
  int on = 1;
  struct relay *relay = data;
  for (;;) {
    pthread_t thread;
    int fd = accept4(relay->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) continue;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) g_warning("TCP_NODELAY was refused");
    struct connection *connection = g_new(struct connection, 1);
    *connection = (struct connection){.relay = relay, .fd = fd, .buffer = g_string_new(NULL)};
    if (thread_start(&thread, connection_run, connection))
      pthread_detach(thread);
    else
      close(fd);
  }
}
