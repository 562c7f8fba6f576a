/* bigquery-fake --leads N --campaign ID --tables FILE: a BigQuery that answers one export of N leads, from memory.
 *
 * It knows statements by their label (leadferry_statement), says what such a run would be told, and takes whatever is
 * streamed in. A statement that it does not know, or one that a smooth run does not ask, is an error: so a measurement
 * never runs past it. It is Google in every way that costs the client something: it gives tokens (GCE_METADATA_HOST),
 * and what writes is a job that is inserted and whose rows are fetched. Its answers are not compressed.
 *
 * FILE has what tables.get says, a JSON object a line behind the table's name and a space.
 * It prints its URL; GET /totals says how many jobs, pages and streamed rows there were. SIGTERM ends it. */
#include "base/thread.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#define PAGE_ROWS_N 5000
#define CLAIM_CELLS 20 /* of claims_read */
#define HEX_64      "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

struct fake {
  gint64 leads_n;
  char *campaign;
  char *tables;         /* text of FILE */
  pthread_mutex_t lock; /* connections have a thread each; all below is under it */
  gint64 jobs_n, renewals_n, pages_n, streams_n, rows_streamed_n;
  char holder[256];
  char run_id[64];
  char job[64]; /* the statement of the last jobs.insert */
  bool is_claimed;
};

struct request {
  char *path; /* with its query */
  char *body;
  bool is_post;
};

/* What stands behind `name` in the text, up to `end`; false when it is not there or too long. */
static bool find(const char *text, const char *name, char end, char *value, size_t value_size)
{
  const char *at = strstr(text, name);
  if (!at) return false;
  at += strlen(name);
  const char *stop = strchr(at, end);
  if (!stop || (size_t)(stop - at) >= value_size) return false;
  memcpy(value, at, (size_t)(stop - at));
  value[stop - at] = '\0';
  return true;
}

/* ---- answers ---- */

static void answer_begin(GString *out, size_t columns_n, gint64 rows_n)
{
  g_string_append_printf(
      out, "{\"jobComplete\":true,\"totalBytesBilled\":\"0\",\"totalRows\":\"%" G_GINT64_FORMAT "\",", rows_n);
  g_string_append(out, "\"jobReference\":{\"jobId\":\"claims_read\"},\"schema\":{\"fields\":[");
  for (size_t i = 0; i < columns_n; i++)
    g_string_append_printf(out, "%s{\"name\":\"c%zu\"}", i > 0 ? "," : "", i);
  g_string_append(out, "]},");
}

static void answer_none(GString *out)
{
  answer_begin(out, 1, 0);
  g_string_append(out, "\"rows\":[]}");
}

/* Rows whose cells are JSON text already. */
struct rows {
  GString *text;
  size_t columns_n;
  gint64 rows_n;
};

/* cells: separated by '|'; an empty one is NULL. */
static void row_add(struct rows *rows, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void row_add(struct rows *rows, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *line = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_auto(GStrv) cells = g_strsplit(line, "|", -1);
  rows->columns_n = g_strv_length(cells);
  g_string_append(rows->text, rows->rows_n++ > 0 ? ",{\"f\":[" : "{\"f\":[");
  for (size_t i = 0; i < rows->columns_n; i++) {
    const char *quote = *cells[i] ? "\"" : "";
    g_string_append_printf(rows->text, "%s{\"v\":%s%s%s}", i > 0 ? "," : "", quote, *cells[i] ? cells[i] : "null",
                           quote);
  }
  g_string_append(rows->text, "]}");
}

/* ---- what a run reads once ---- */

static void opening_add(const struct fake *fake, struct rows *rows)
{
  row_add(rows, "lease|1|export\\n%s\\nhost\\nboot\\n1\\n1\\n%" G_GINT64_FORMAT "\\ntrue\\n", fake->holder,
          g_get_real_time());
  row_add(rows, "control|0|hmac_key\\n" HEX_64);
  row_add(rows, "control|0|installation_id\\n0123456789abcdef");
  row_add(rows, "source_rows|%" G_GINT64_FORMAT "|", fake->leads_n);
}

static void fold_add(const struct fake *fake, struct rows *rows)
{
  gint64 n = fake->is_claimed ? fake->leads_n : 0;
  if (n > 0) row_add(rows, "count|%" G_GINT64_FORMAT "||1|0", n);
  if (n > 0) row_add(rows, "count|%" G_GINT64_FORMAT "||3|0", n);
  row_add(rows, "claimed|%" G_GINT64_FORMAT "||0|0", n);
  row_add(rows, "enrolled|%" G_GINT64_FORMAT "||0|0", n);
  row_add(rows, "unsettled|0||0|0");
}

/* ---- claims ---- */

/* As bench/make_leads.py makes them: the same lengths, letters beyond ASCII, two custom variables and a field. */
static void claim_append(const struct fake *fake, GString *out, gint64 ord)
{
  static const char *const firsts[] = {"Ada", "Élodie", "Jürgen", "Maximiliane", "Paweł", "Christopher"};
  static const char *const lasts[] = {"Novák", "Schneider-Albrecht", "Sørensen", "Tanaka", "Vandenberghe"};
  static const char fields[] =
      "{\\\"job_title\\\": \\\"Head of Operations\\\", \\\"city\\\": \\\"Göteborg\\\", \\\"opening_line\\\": \\\"Your "
      "talk about lead times in Göteborg was the most concrete one of the day; thank you for the figures.\\\"}";
  const char *last = lasts[ord % 5];
  g_autofree char *email =
      g_strdup_printf("person%" G_GINT64_FORMAT "@logistics-%05d.example", ord, (int)(ord * 7919 % 65536));
  g_string_append_printf(out,
                         "{\"f\":[{\"v\":\"%" G_GINT64_FORMAT "\"},{\"v\":\"1\"},{\"v\":\"1\"},{\"v\":\"1\"},"
                         "{\"v\":\"%s\"},{\"v\":\"%s\"},{\"v\":\"%s\"},{\"v\":\"false\"},",
                         ord, fake->run_id, fake->campaign, email);
  g_string_append_printf(out, "{\"v\":\"%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x\"},{\"v\":\"%s\"},", ord,
                         ord * 7919, email);
  g_string_append_printf(out, "{\"v\":\"%s\"},{\"v\":\"%s\"},{\"v\":\"%s Logistics GmbH\"},{\"v\":\"%s\"},",
                         firsts[ord % 6], last, last, fake->campaign);
  g_string_append_printf(out,
                         "{\"v\":\"false\"},{\"v\":\"false\"},{\"v\":\"false\"},{\"v\":null},{\"v\":\"%s\"},"
                         "{\"v\":\"false\"}]}",
                         fields);
}

static void answer_claims(struct fake *fake, GString *out, gint64 after)
{
  gint64 to = MIN(after + PAGE_ROWS_N, fake->leads_n);
  fake->pages_n++;
  answer_begin(out, CLAIM_CELLS, fake->leads_n);
  if (to < fake->leads_n) g_string_append_printf(out, "\"pageToken\":\"%" G_GINT64_FORMAT "\",", to);
  g_string_append(out, "\"rows\":[");
  for (gint64 ord = after + 1; ord <= to; ord++) {
    if (ord > after + 1) g_string_append_c(out, ',');
    claim_append(fake, out, ord);
  }
  g_string_append(out, "]}");
}

/* ---- statements ---- */

/* The first statement of a script names it. */
static bool answer_statement(struct fake *fake, const char *name, GString *out)
{
  struct rows rows = {.text = g_string_new(NULL)};
  bool is_known = true;
  if (strcmp(name, "lease_take") == 0) {
    opening_add(fake, &rows);
  } else if (strcmp(name, "fold_gather") == 0) {
    fold_add(fake, &rows);
  } else if (strcmp(name, "claim_verdicts") == 0) {
    row_add(&rows, "0||%s|%" G_GINT64_FORMAT, fake->campaign, fake->leads_n);
    fake->is_claimed = true;
  } else if (strcmp(name, "lease_renew") == 0) {
    row_add(&rows, "lease|1|true");
  } else if (strcmp(name, "changes_gather") == 0) {
    row_add(&rows, "%" G_GINT64_FORMAT, fake->leads_n);
  } else if (strcmp(name, "campaign_counts") == 0 || strcmp(name, "lease_give_back") == 0) {
    answer_none(out);
  } else if (strcmp(name, "claims_read") == 0) {
    answer_claims(fake, out, 0);
  } else {
    is_known = false;
  }
  if (rows.rows_n > 0) {
    answer_begin(out, rows.columns_n, rows.rows_n);
    g_string_append_printf(out, "\"rows\":[%s]}", rows.text->str);
  }
  g_string_free(rows.text, TRUE);
  return is_known;
}

/* ---- requests ---- */

/* The value of a parameter; "" when there is none. */
static void parameter_find(const char *body, const char *name, char *value, size_t value_size)
{
  g_autofree char *mark = g_strdup_printf("{\"name\":\"%s\"", name);
  const char *parameter = strstr(body, mark);
  *value = '\0';
  if (parameter) (void)find(parameter, "\"value\":\"", '"', value, value_size);
}

/* What later answers repeat: who took the lease, and the run whose claims are read. */
static void note_parameters(struct fake *fake, const char *name, const char *body)
{
  if (strcmp(name, "lease_take") == 0) (void)find(body, "\\\"holder\\\":\\\"", '\\', fake->holder, sizeof fake->holder);
  if (strcmp(name, "claims_read") == 0) parameter_find(body, "run_id", fake->run_id, sizeof fake->run_id);
}

/* A smooth run reads its claims once, from the first to the last. Anything else would get them a second time here. */
static bool is_first_read(const char *body)
{
  char only_unsettled[8], after_ord[24];
  parameter_find(body, "only_unsettled", only_unsettled, sizeof only_unsettled);
  parameter_find(body, "after_ord", after_ord, sizeof after_ord);
  return strcmp(only_unsettled, "false") == 0 && strcmp(after_ord, "0") == 0;
}

static bool answer_job(struct fake *fake, const struct request *request, bool is_insert, GString *out)
{
  char name[64] = "";
  if (!find(request->body, "\"leadferry_statement\":\"", '"', name, sizeof name)) return false;
  if (strcmp(name, "claims_read") == 0 && !is_first_read(request->body)) return false;
  *(strcmp(name, "lease_renew") == 0 ? &fake->renewals_n : &fake->jobs_n) += 1;
  note_parameters(fake, name, request->body);
  if (!is_insert) return answer_statement(fake, name, out);
  g_strlcpy(fake->job, name, sizeof fake->job);
  g_string_append(out, "{\"status\":{\"state\":\"DONE\"},\"statistics\":{\"query\":{\"totalBytesBilled\":\"0\"}}}");
  return true;
}

static void take_rows(struct fake *fake, const char *body, GString *out)
{
  static const char mark[] = "\"insertId\":";
  fake->streams_n++;
  for (const char *at = body; (at = strstr(at, mark)); at += strlen(mark))
    fake->rows_streamed_n++;
  g_string_append(out, "{}");
}

static void answer_totals(const struct fake *fake, GString *out)
{
  g_string_append_printf(out,
                         "{\"jobs\":%" G_GINT64_FORMAT ",\"renewals\":%" G_GINT64_FORMAT ",\"pages\":%" G_GINT64_FORMAT
                         ",\"streams\":%" G_GINT64_FORMAT ",\"rows_streamed\":%" G_GINT64_FORMAT "}",
                         fake->jobs_n, fake->renewals_n, fake->pages_n, fake->streams_n, fake->rows_streamed_n);
}

static bool answer_table(const struct fake *fake, const char *path, GString *out)
{
  const char *name = strstr(path, "/tables/") + strlen("/tables/");
  g_autofree char *mark = g_strdup_printf("\n%.*s ", (int)strcspn(name, "?"), name);
  const char *line = strstr(fake->tables, mark);
  if (line) g_string_append_len(out, line + strlen(mark), (gssize)strcspn(line + strlen(mark), "\n"));
  return line != NULL;
}

static bool answer(struct fake *fake, const struct request *request, GString *out)
{
  char token[32] = "";
  const char *path = request->path;
  if (strstr(path, "/insertAll")) {
    take_rows(fake, request->body, out);
  } else if (strstr(path, "/tables/")) {
    return answer_table(fake, path, out);
  } else if (strstr(path, "/computeMetadata/")) {
    g_string_append(out, "{\"access_token\":\"fake\",\"expires_in\":3600,\"token_type\":\"Bearer\"}");
  } else if (strcmp(path, "/totals") == 0) {
    answer_totals(fake, out);
  } else if (request->is_post) {
    return answer_job(fake, request, strstr(path, "/jobs") != NULL, out);
  } else if (strstr(path, "/queries/claims_read")) {
    if (!find(path, "pageToken=", '&', token, sizeof token)) return false;
    answer_claims(fake, out, g_ascii_strtoll(token, NULL, 10));
  } else if (strstr(path, "/queries/")) {
    return answer_statement(fake, fake->job, out);
  } else {
    return false;
  }
  return true;
}

/* ---- the wire ---- */

/* The head of the next request, line by line; false at the end of the connection. */
static bool take_head(GDataInputStream *input, GOutputStream *output, struct request *request, gsize *body_size)
{
  bool is_expecting = false;
  *body_size = 0;
  g_autofree char *first = g_data_input_stream_read_line(input, NULL, NULL, NULL);
  g_auto(GStrv) words = g_strsplit(first ? first : "", " ", 3);
  if (g_strv_length(words) != 3) return false;
  request->is_post = strcmp(words[0], "POST") == 0;
  request->path = g_strdup(words[1]);
  for (;;) {
    g_autofree char *line = g_data_input_stream_read_line(input, NULL, NULL, NULL);
    if (!line) return false;
    if (!*line) break;
    if (g_ascii_strncasecmp(line, "content-length:", 15) == 0) *body_size = g_ascii_strtoull(line + 15, NULL, 10);
    is_expecting = is_expecting || g_ascii_strncasecmp(line, "expect:", 7) == 0;
  }
  return !is_expecting || g_output_stream_write_all(output, "HTTP/1.1 100 Continue\r\n\r\n", 25, NULL, NULL, NULL);
}

static void request_clear(struct request *request)
{
  g_free(request->path);
  g_free(request->body);
  *request = (struct request){0};
}

static bool take_request(GDataInputStream *input, GOutputStream *output, struct request *request)
{
  gsize size = 0, read_n = 0;
  request_clear(request);
  if (!take_head(input, output, request, &size)) return false;
  request->body = g_malloc0(size + 1);
  return g_input_stream_read_all(G_INPUT_STREAM(input), request->body, size, &read_n, NULL, NULL) && read_n == size;
}

struct visit {
  struct fake *fake;
  GIOStream *connection;
};

static bool answer_send(GOutputStream *output, bool is_known, GString *body)
{
  g_autofree char *head =
      g_strdup_printf("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                      is_known ? "200 OK" : "404 Not Found", body->len);
  g_string_prepend(body, head);
  return g_output_stream_write_all(output, body->str, body->len, NULL, NULL, NULL);
}

/* A thread: one connection to its end. */
static void *serve(void *context)
{
  g_autofree struct visit *visit = context;
  struct fake *fake = visit->fake;
  g_autoptr(GIOStream) connection = visit->connection;
  GOutputStream *output = g_io_stream_get_output_stream(connection);
  g_autoptr(GDataInputStream) input = g_data_input_stream_new(g_io_stream_get_input_stream(connection));
  g_data_input_stream_set_newline_type(input, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  g_autoptr(GString) body = g_string_new(NULL);
  struct request request = {0};
  bool is_open = true;
  while (is_open && take_request(input, output, &request)) {
    g_string_truncate(body, 0);
    pthread_mutex_lock(&fake->lock);
    bool is_known = answer(fake, &request, body);
    pthread_mutex_unlock(&fake->lock);
    if (!is_known) {
      fprintf(stderr, "bigquery-fake: not known: %.300s %.3000s\n", request.path, request.body);
      g_string_assign(body, "{\"error\":{\"errors\":[{\"reason\":\"notFound\"}],\"message\":\"not scripted\"}}");
    }
    is_open = answer_send(output, is_known, body);
  }
  request_clear(&request);
  return NULL;
}

/* Returns only when that fails. */
static void serve_each(struct fake *fake, GError **error)
{
  g_autoptr(GSocketListener) listener = g_socket_listener_new();
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) wanted = g_inet_socket_address_new(loopback, 0);
  g_autoptr(GSocketAddress) got = NULL;
  if (!g_socket_listener_add_address(listener, wanted, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &got, error))
    return;
  printf("http://127.0.0.1:%d\n", g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(got)));
  fflush(stdout);
  for (;;) {
    pthread_t thread;
    GSocketConnection *connection = g_socket_listener_accept(listener, NULL, NULL, error);
    if (!connection) return;
    struct visit *visit = g_new(struct visit, 1);
    *visit = (struct visit){fake, G_IO_STREAM(connection)};
    if (!thread_start(&thread, serve, visit)) g_error("no thread");
    pthread_detach(thread);
  }
}

int main(int argc, char **argv)
{
  struct fake fake = {.leads_n = 1000, .lock = PTHREAD_MUTEX_INITIALIZER};
  g_autofree char *tables = NULL;
  const GOptionEntry entries[] = {
      {"leads", 0, 0, G_OPTION_ARG_INT64, &fake.leads_n, "how many are exported", "N"},
      {"campaign", 0, 0, G_OPTION_ARG_STRING, &fake.campaign, "where to", "ID"},
      {"tables", 0, 0, G_OPTION_ARG_FILENAME, &tables, "what tables.get says", "FILE"},
      {0},
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(GOptionContext) context = g_option_context_new("- a scripted BigQuery for one export");
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, &error) || !fake.campaign || !tables ||
      !g_file_get_contents(tables, &fake.tables, NULL, &error)) {
    fprintf(stderr, "bigquery-fake: %s\n", error ? error->message : "--campaign and --tables are needed");
    return 2;
  }
  serve_each(&fake, &error);
  fprintf(stderr, "bigquery-fake: %s\n", error->message);
  return 1;
}
