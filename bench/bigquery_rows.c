/* bigquery-rows --rows N [--gzip] [--write]: what reading N rows page by page, or streaming them in, costs the client.
 * The other side is a child process that answers from memory: pages of 5,000 rows of 13 columns, as `leads` has them.
 */
#include "bench.h"
#include "google/bigquery.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE_ROWS_N   5000
#define COLUMNS_N     13
#define WINDOW_ROWS_N 20000

struct server {
  int listener;
  guint64 rows_n;
  bool is_gzip;
  GBytes *rows; /* the member "rows" of a full page */
};

/* ---- the other side ---- */

static GBytes *make_rows(size_t rows_n)
{
  GString *text = g_string_new("\"rows\":[");
  for (size_t i = 0; i < rows_n; i++) {
    g_string_append_printf(
        text,
        "%s{\"f\":[{\"v\":\"lead-%08zu\"},{\"v\":\"first.last%zu@company%zu.example\"},{\"v\":\"First%zu\"},"
        "{\"v\":\"Last\"},{\"v\":\"Company %zu \\u0026 Sons\"},{\"v\":\"019ffad2-9c4c-7079-b87c-ef3272fbbda1\"},"
        "{\"v\":\"false\"},{\"v\":null},{\"v\":\"false\"},{\"v\":null},{\"v\":null},{\"v\":\"false\"},"
        "{\"v\":\"1795352709123456\"}]}",
        i > 0 ? "," : "", i, i, i % 997, i, i % 997);
  }
  g_string_append_c(text, ']');
  return g_string_free_to_bytes(text);
}

static GString *make_page(const struct server *server, guint64 first)
{
  GString *page = g_string_sized_new(g_bytes_get_size(server->rows) + 1024);
  g_string_append_printf(page, "{\"jobComplete\":true,\"totalRows\":\"%" G_GUINT64_FORMAT "\",", server->rows_n);
  g_string_append(page, "\"jobReference\":{\"jobId\":\"j\",\"location\":\"EU\"},\"schema\":{\"fields\":[");
  for (int i = 0; i < COLUMNS_N; i++) {
    g_string_append_printf(page, "%s{\"name\":\"c%d\"}", i > 0 ? "," : "", i);
  }
  g_string_append(page, "]},");
  guint64 next = first + PAGE_ROWS_N;
  if (next < server->rows_n) g_string_append_printf(page, "\"pageToken\":\"%" G_GUINT64_FORMAT "\",", next);
  g_string_append_len(page, g_bytes_get_data(server->rows, NULL), (gssize)g_bytes_get_size(server->rows));
  g_string_append_c(page, '}');
  return page;
}

static GString *compress(GString *plain)
{
  g_autoptr(GZlibCompressor) compressor = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 6);
  GString *packed = g_string_sized_new(plain->len / 2 + 1024);
  gsize read_n = 0, written_n = 0;
  GConverterResult result =
      g_converter_convert(G_CONVERTER(compressor), plain->str, plain->len, packed->str, packed->allocated_len,
                          G_CONVERTER_INPUT_AT_END, &read_n, &written_n, NULL);
  if (result != G_CONVERTER_FINISHED) g_error("cannot compress");
  packed->len = written_n;
  g_string_free(plain, TRUE);
  return packed;
}

static bool send_all(int fd, const char *bytes, size_t size)
{
  while (size > 0) {
    ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes += n;
    size -= (size_t)n;
  }
  return true;
}

static bool answer(const struct server *server, int fd, const char *head)
{
  const char *token = strstr(head, "pageToken=");
  bool is_write = strstr(head, "insertAll") != NULL;
  guint64 first = token ? g_ascii_strtoull(token + strlen("pageToken="), NULL, 10) : 0;
  GString *body = is_write ? g_string_new("{}") : make_page(server, first);
  if (server->is_gzip && !is_write) body = compress(body);
  g_autofree char *start = g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n", body->len,
                                           server->is_gzip && !is_write ? "Content-Encoding: gzip\r\n" : "");
  bool is_sent = send_all(fd, start, strlen(start)) && send_all(fd, body->str, body->len);
  g_string_free(body, TRUE);
  return is_sent;
}

/* Reads one request; its body is thrown away. */
static bool take_request(int fd, GString *input)
{
  static char buffer[1 << 16];
  char *end = NULL;
  while (!(end = strstr(input->str, "\r\n\r\n"))) {
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    g_string_append_len(input, buffer, n);
  }
  const char *field = strstr(input->str, "Content-Length: ");
  guint64 body = field && field < end ? g_ascii_strtoull(field + strlen("Content-Length: "), NULL, 10) : 0;
  size_t head = (size_t)(end - input->str) + 4;
  guint64 left = body - MIN(body, input->len - head);
  while (left > 0) {
    ssize_t n = recv(fd, buffer, (size_t)MIN(left, sizeof buffer), 0);
    if (n <= 0) return false;
    left -= (guint64)n;
  }
  g_string_truncate(input, head);
  return true;
}

static void serve_connection(const struct server *server, int fd)
{
  g_autoptr(GString) input = g_string_new(NULL);
  while (take_request(fd, input) && answer(server, fd, input->str)) {
    g_string_truncate(input, 0);
  }
  close(fd);
}

/* A process for each connection: the client opens four. */
static void serve(const struct server *server)
{
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    int fd = accept(server->listener, NULL, NULL);
    if (fd < 0) _exit(1);
    if (fork() == 0) {
      close(server->listener);
      serve_connection(server, fd);
      _exit(0);
    }
    close(fd);
  }
}

static pid_t start_server(struct server *server, char **url)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  server->listener = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server->listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(server->listener, 16) != 0 ||
      getsockname(server->listener, (struct sockaddr *)&address, &size) != 0) {
    g_error("no port on loopback");
  }
  *url = g_strdup_printf("http://127.0.0.1:%d", ntohs(address.sin_port));
  pid_t child = fork();
  if (child == 0) {
    server->rows = make_rows(PAGE_ROWS_N);
    serve(server);
  }
  close(server->listener);
  return child;
}

/* ---- the client ---- */

static bool read_rows(struct bigquery *bigquery, guint64 rows_n, GError **error)
{
  const struct bigquery_statement statement = {.name = "bench", .sql = "-"};
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  guint64 seen_n = 0, bytes_n = 0;
  if (!bigquery_query(bigquery, &statement, &rows, error)) return false;
  for (;;) {
    const char *const *cells = NULL;
    if (!bigquery_next(rows, &cells, error)) return false;
    if (!cells) break;
    seen_n++;
    for (int i = 0; i < COLUMNS_N; i++) {
      bytes_n += cells[i] ? strlen(cells[i]) : 0;
    }
  }
  return seen_n == rows_n && bytes_n > seen_n;
}

/* Window after window of rows as a settled batch makes them. */
static bool write_rows(struct bigquery *bigquery, guint64 rows_n, GError **error)
{
  const struct bigquery_table table = {.dataset = "d", .table = "lead_events"};
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  g_autofree struct bigquery_stream_row *rows = g_new0(struct bigquery_stream_row, WINDOW_ROWS_N);
  for (guint i = 0; i < WINDOW_ROWS_N; i++) {
    char *id = g_strdup_printf("%064x", i);
    char *json = g_strdup_printf(
        "{\"event_id\":\"%s\",\"kind\":\"3\",\"lead_id\":\"lead-%08u\",\"person\":\"first.last%u@company."
        "example\",\"campaign_id\":\"019ffad2-9c4c-7079-b87c-ef3272fbbda1\",\"claim_id\":\"20261122T130509-"
        "1f2e3d4c.%u\",\"recorded_at\":\"2026-11-22T13:05:09.123456Z\",\"generation\":\"1\",\"epoch\":\"7\"}",
        id, i, i, i);
    g_ptr_array_add(texts, id);
    g_ptr_array_add(texts, json);
    rows[i] = (struct bigquery_stream_row){id, json};
  }
  for (guint64 done_n = 0; done_n < rows_n; done_n += WINDOW_ROWS_N) {
    size_t part_n = (size_t)MIN(WINDOW_ROWS_N, rows_n - done_n);
    if (!bigquery_insert_all(bigquery, &table, rows, part_n, error)) return false;
  }
  return true;
}

static bool measure(const char *url, guint64 rows_n, bool is_write, GError **error)
{
  const struct bigquery_options options = {.project = "p", .base_url = url};
  struct bigquery *bigquery = bigquery_new(&options, NULL, clock_system(), error);
  if (!bigquery) return false;
  struct bench_watch watch;
  bench_start(&watch);
  bool is_ok = is_write ? write_rows(bigquery, rows_n, error) : read_rows(bigquery, rows_n, error);
  bench_stop(&watch);
  bigquery_free(bigquery);
  g_autofree char *more = g_strdup_printf("\"rows\":%" G_GUINT64_FORMAT ",\"cpu_us_per_row\":%.3f,\"rows_per_s\":%.0f",
                                          rows_n, watch.cpu_s * 1e6 / (double)rows_n, (double)rows_n / watch.wall_s);
  if (is_ok) bench_print(is_write ? "bigquery-write" : "bigquery-read", &watch, more);
  if (!is_ok && error && !*error) error_set(error, ERROR_CORRUPT, "other rows came than were sent");
  return is_ok;
}

int main(int argc, char **argv)
{
  gint64 rows_n = 1000000;
  gboolean is_write = FALSE, is_gzip = FALSE;
  const GOptionEntry entries[] = {
      {"rows", 0, 0, G_OPTION_ARG_INT64, &rows_n, "a multiple of 5,000", "N"},
      {"gzip", 0, 0, G_OPTION_ARG_NONE, &is_gzip, "the answers are compressed", NULL},
      {"write", 0, 0, G_OPTION_ARG_NONE, &is_write, "stream rows in instead of reading them", NULL},
      {0},
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(GOptionContext) context = g_option_context_new("- what BigQuery's rows cost");
  g_option_context_add_main_entries(context, entries, NULL);
  bool is_ok = g_option_context_parse(context, &argc, &argv, &error);
  if (is_ok && (rows_n < PAGE_ROWS_N || rows_n % PAGE_ROWS_N != 0)) {
    fprintf(stderr, "bigquery-rows: --rows must be a multiple of %d\n", PAGE_ROWS_N);
    return 2;
  }
  g_autofree char *url = NULL;
  struct server server = {.rows_n = (guint64)rows_n, .is_gzip = is_gzip};
  pid_t child = is_ok ? start_server(&server, &url) : 0;
  is_ok = is_ok && measure(url, (guint64)rows_n, is_write, &error);
  if (child > 0) kill(child, SIGTERM);
  if (is_ok) return 0;
  fprintf(stderr, "bigquery-rows: %s\n", error->message);
  return 1;
}
