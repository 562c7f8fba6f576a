#include "net/handle.h"

#include "net/outcome.h"

#include <string.h>

#define HEADERS_MAX_BYTES ((size_t)64 << 10)
#define HEADERS_MAX_N     100
#define LOW_SPEED_BYTES_S 16L
#define STALL_S           30L
#define IDLE_MAX_S        30L
#define IDLE_MAX_ONCE_S   4L

/* ---- what all requests share ---- */

static void append_header(struct curl_slist **list, const char *name, const char *value)
{
  g_autofree char *line = g_strconcat(name, value, NULL);
  struct curl_slist *grown = curl_slist_append(*list, line);
  if (!grown) g_error("out of memory");
  *list = grown;
  explicit_bzero(line, strlen(line));
}

/* "Name:" without a value takes libcurl's own header away: no Expect, and no Content-Type where there is no body (an
 * empty body of type JSON is refused with 400). */
static struct curl_slist *headers_new(const char *authorization, bool has_body)
{
  struct curl_slist *list = NULL;
  append_header(&list, "Expect:", "");
  append_header(&list, "Content-Type:", has_body ? " application/json" : "");
  append_header(&list, "Accept:", " application/json, text/csv;q=0.9");
  if (authorization) append_header(&list, "Authorization: ", authorization);
  return list;
}

void handle_setup_init(struct handle_setup *setup, const struct wire_options *options)
{
  bool is_tls = g_str_has_prefix(options->base_url, "https://");
  *setup = (struct handle_setup){
      .base_url = g_strdup(options->base_url),
      .user_agent = g_strdup(options->user_agent),
      .ca_file = g_strdup(options->ca_file),
      .protocols = g_strdup(is_tls ? "https" : "http"),
      .headers_body = headers_new(options->authorization, true),
      .headers_plain = headers_new(options->authorization, false),
      .connect_timeout_ms = (long)(options->connect_timeout_s * 1000),
      .request_timeout_ms = (long)(options->request_timeout_s * 1000),
      .stall_s = options->stall_s > 0 ? (long)options->stall_s : STALL_S,
  };
}

static void headers_free(struct curl_slist *list)
{
  for (struct curl_slist *at = list; at; at = at->next) {
    explicit_bzero(at->data, strlen(at->data));
  }
  curl_slist_free_all(list);
}

void handle_setup_clear(struct handle_setup *setup)
{
  g_clear_pointer(&setup->base_url, g_free);
  g_clear_pointer(&setup->user_agent, g_free);
  g_clear_pointer(&setup->ca_file, g_free);
  g_clear_pointer(&setup->protocols, g_free);
  g_clear_pointer(&setup->headers_body, headers_free);
  g_clear_pointer(&setup->headers_plain, headers_free);
}

/* ---- callbacks ---- */

static size_t on_read(char *buffer, size_t size, size_t n, void *context)
{
  struct request *request = context;
  size_t left_bytes = request->body_bytes - request->body_taken_bytes;
  size_t taken_bytes = MIN(size * n, left_bytes);
  memcpy(buffer, request->body + request->body_taken_bytes, taken_bytes);
  request->body_taken_bytes += taken_bytes;
  return taken_bytes;
}

/* libcurl seeks back when it wants to send a body again on another connection. Refused for creating requests: they
 * would be carried out twice. A seek to where the body stands repeats nothing: libcurl 8 begins a request with one when
 * the last transfer of that handle ended half-way. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
  struct request *request = context;
  bool is_back = offset < 0 || (size_t)offset != request->body_taken_bytes;
  bool is_allowed =
      origin == SEEK_SET && offset >= 0 && (size_t)offset <= request->body_bytes && !(request->is_sent_once && is_back);
  if (!is_allowed) return CURL_SEEKFUNC_FAIL;
  request->body_taken_bytes = (size_t)offset;
  return CURL_SEEKFUNC_OK;
}

/* Returning less than was given ends the transfer with CURLE_WRITE_ERROR. */
static size_t on_write(char *data, size_t size, size_t n, void *context)
{
  struct request *request = context;
  size_t bytes = size * n;
  size_t max_bytes = request->answer_max_bytes > 0 ? request->answer_max_bytes : ANSWER_MAX_BYTES;
  if (request->answer->len + bytes > max_bytes) return 0;
  g_string_append_len(request->answer, data, (gssize)bytes);
  return bytes;
}

/* The value of a header line if it has this name, trimmed; NULL otherwise. Caller frees. */
static char *header_value(const char *line, size_t bytes, const char *name)
{
  size_t name_bytes = strlen(name);
  if (bytes <= name_bytes || line[name_bytes] != ':' || g_ascii_strncasecmp(line, name, name_bytes) != 0) return NULL;
  return g_strstrip(g_strndup(line + name_bytes + 1, bytes - name_bytes - 1));
}

/* Seconds, or an HTTP date, which counts from the answer's own Date. */
static int64_t parse_retry_after(const char *value, int64_t date_us)
{
  guint64 seconds = 0;
  if (g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT32, &seconds, NULL)) return (int64_t)seconds;
  int64_t until_us = 0;
  if (date_us == 0 || !time_parse_http_us(value, &until_us)) return -1;
  return MAX(0, (until_us - date_us) / SECOND_US);
}

static void note_header(struct request *request, const char *line, size_t bytes)
{
  g_autofree char *date = header_value(line, bytes, "date");
  g_autofree char *retry_after = header_value(line, bytes, "retry-after");
  g_autofree char *type = header_value(line, bytes, "content-type");
  int64_t date_us = 0;
  if (date && time_parse_http_us(date, &date_us)) request->reply.date_us = date_us;
  if (retry_after) request->reply.retry_after_s = parse_retry_after(retry_after, request->reply.date_us);
  if (type) request->is_html = g_ascii_strncasecmp(type, "text/html", 9) == 0;
  g_autofree char *watched = request->watched_name ? header_value(line, bytes, request->watched_name) : NULL;
  if (watched) g_strlcpy(request->watched, watched, sizeof request->watched);
}

static size_t on_header(char *data, size_t size, size_t n, void *context)
{
  struct request *request = context;
  size_t bytes = size * n;
  request->header_bytes += bytes;
  request->headers_n++;
  if (request->header_bytes > HEADERS_MAX_BYTES || request->headers_n > HEADERS_MAX_N) return 0;
  note_header(request, data, bytes);
  return bytes;
}

/* ---- one request ---- */

/* The first option that libcurl refuses stops all that follow. */
#define SET(easy, option, value) (curl_easy_setopt((easy), (option), (value)) == CURLE_OK)

static bool prepare_safety(CURL *easy, const struct handle_setup *setup)
{
  return SET(easy, CURLOPT_NOSIGNAL, 1L) && SET(easy, CURLOPT_PROTOCOLS_STR, setup->protocols) &&
         SET(easy, CURLOPT_REDIR_PROTOCOLS_STR, setup->protocols) && SET(easy, CURLOPT_FOLLOWLOCATION, 0L) &&
         SET(easy, CURLOPT_PROXY, "") && SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
         SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(easy, CURLOPT_SSL_VERIFYPEER, 1L) &&
         SET(easy, CURLOPT_SSL_VERIFYHOST, 2L) && (!setup->ca_file || SET(easy, CURLOPT_CAINFO, setup->ca_file)) &&
         SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) && SET(easy, CURLOPT_HTTP09_ALLOWED, 0L);
}

/* The low-speed limit also counts the wait for an answer, so it is for reads alone: a creating call that is cut off
 * costs a question about each of its leads. For the same reason a creating call takes no connection that has been idle
 * for long: servers hang up after five seconds or more, and a call that meets this is unknown. */
static bool prepare_times(CURL *easy, const struct handle_setup *setup, const struct request *request)
{
  return SET(easy, CURLOPT_CONNECTTIMEOUT_MS, setup->connect_timeout_ms) &&
         SET(easy, CURLOPT_TIMEOUT_MS, setup->request_timeout_ms) &&
         SET(easy, CURLOPT_MAXAGE_CONN, request->is_sent_once ? IDLE_MAX_ONCE_S : IDLE_MAX_S) &&
         (request->is_sent_once ||
          (SET(easy, CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES_S) && SET(easy, CURLOPT_LOW_SPEED_TIME, setup->stall_s)));
}

static bool prepare_answer(CURL *easy, struct request *request)
{
  return SET(easy, CURLOPT_ACCEPT_ENCODING, "gzip") && SET(easy, CURLOPT_WRITEFUNCTION, on_write) &&
         SET(easy, CURLOPT_WRITEDATA, request) && SET(easy, CURLOPT_HEADERFUNCTION, on_header) &&
         SET(easy, CURLOPT_HEADERDATA, request) && SET(easy, CURLOPT_PRIVATE, request) &&
         SET(easy, CURLOPT_ERRORBUFFER, request->problem);
}

static bool prepare_body(CURL *easy, struct request *request)
{
  return SET(easy, CURLOPT_POST, 1L) && SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes) &&
         SET(easy, CURLOPT_READFUNCTION, on_read) && SET(easy, CURLOPT_READDATA, request) &&
         SET(easy, CURLOPT_SEEKFUNCTION, on_seek) && SET(easy, CURLOPT_SEEKDATA, request);
}

static bool prepare_no_body(CURL *easy, const struct request *request)
{
  if (strcmp(request->method, "POST") != 0) return SET(easy, CURLOPT_HTTPGET, 1L);
  return SET(easy, CURLOPT_POST, 1L) && SET(easy, CURLOPT_POSTFIELDSIZE, 0L) && SET(easy, CURLOPT_POSTFIELDS, "");
}

/* The header lines of this request: the shared list, or a copy of it with what the request wants otherwise. */
static struct curl_slist *headers_of(const struct handle_setup *setup, struct request *request)
{
  struct curl_slist *shared = request->body_bytes > 0 ? setup->headers_body : setup->headers_plain;
  if (!request->content_type && !request->headers) return shared;
  struct curl_slist *own = NULL;
  for (const struct curl_slist *at = shared; at; at = at->next) {
    bool is_replaced = request->content_type && g_str_has_prefix(at->data, "Content-Type:");
    if (!is_replaced) append_header(&own, at->data, "");
  }
  if (request->content_type) append_header(&own, "Content-Type: ", request->content_type);
  for (const char *const *line = request->headers; line && *line; line++) {
    append_header(&own, *line, "");
  }
  request->own_headers = own;
  return own;
}

static bool prepare_request(CURL *easy, const struct handle_setup *setup, struct request *request)
{
  bool has_body = request->body_bytes > 0;
  g_assert(has_body || !request->is_sent_once);
  g_autofree char *url = g_strconcat(setup->base_url, request->path, NULL);
  return SET(easy, CURLOPT_URL, url) && (has_body ? prepare_body(easy, request) : prepare_no_body(easy, request)) &&
         SET(easy, CURLOPT_CUSTOMREQUEST, request->method) && SET(easy, CURLOPT_USERAGENT, setup->user_agent) &&
         SET(easy, CURLOPT_HTTPHEADER, headers_of(setup, request));
}

bool handle_prepare(CURL *easy, const struct handle_setup *setup, struct request *request)
{
  G_STATIC_ASSERT(sizeof request->problem >= CURL_ERROR_SIZE);
  curl_easy_reset(easy);
  request->problem[0] = '\0';
  request->reply = (struct reply){.transport = TRANSPORT_UNKNOWN, .retry_after_s = -1};
  request->body_taken_bytes = request->header_bytes = request->headers_n = 0;
  request->is_html = false;
  request->watched[0] = '\0';
  request->own_headers = NULL;
  request->duration_s = 0;
  g_string_truncate(request->answer, 0);
  return prepare_safety(easy, setup) && prepare_times(easy, setup, request) && prepare_answer(easy, request) &&
         prepare_request(easy, setup, request);
}

void handle_finish(CURL *easy, CURLcode code, struct request *request)
{
  struct outcome_input input = {.code = code, .body_taken_bytes = request->body_taken_bytes};
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &input.request_bytes);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &input.status);
  curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME, &request->duration_s);
  struct reply *reply = &request->reply;
  reply->transport = outcome_of(&input);
  reply->status = reply->transport == TRANSPORT_ANSWERED ? input.status : 0;
  bool has_problem = request->problem[0] != '\0';
  if (code != CURLE_OK) {
    g_strlcpy(reply->message, has_problem ? request->problem : curl_easy_strerror(code), sizeof reply->message);
  }
}

/* The reset takes the handle's pointers into the request away: the error buffer and the headers would dangle. */
void handle_release(CURL *easy, struct request *request)
{
  curl_easy_reset(easy);
  headers_free(g_steal_pointer(&request->own_headers));
  request->handle = NULL;
}
