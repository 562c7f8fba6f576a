/* What one transmission proves: a table of misbehaving servers, the shape of requests, and which URLs are asked at all.
 */
#include "net/outcome.h"
#include "net_fixture.h"

#include <string.h>

struct wire_case {
  const char *name;
  struct script_step step;
  enum transport transport;
  int64_t status;
};

static const struct wire_case wire_cases[] = {
    {"a whole answer", {.body = "{}"}, TRANSPORT_ANSWERED, 200},
    {"an answer without a body", {.status = 204}, TRANSPORT_ANSWERED, 204},
    {"an error", {.status = 500, .body = "<html>"}, TRANSPORT_ANSWERED, 500},
    {"fewer bytes than promised",
     {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", .end = END_CLOSE},
     TRANSPORT_UNKNOWN,
     0},
    {"reset within the body", {.body = "{\"a\":1}", .send_max_bytes = 40, .end = END_RESET}, TRANSPORT_UNKNOWN, 0},
    {"reset within the head", {.body = "{}", .send_max_bytes = 10, .end = END_RESET}, TRANSPORT_UNKNOWN, 0},
    {"closed within the head", {.body = "{}", .send_max_bytes = 10, .end = END_CLOSE}, TRANSPORT_UNKNOWN, 0},
    {"closed without an answer", {.answer = "", .end = END_CLOSE}, TRANSPORT_UNKNOWN, 0},
    {"reset without an answer", {.answer = "", .end = END_RESET}, TRANSPORT_UNKNOWN, 0},
    {"garbage", {.answer = "\x01\x02\x03 what is this\r\n\r\n", .end = END_CLOSE}, TRANSPORT_UNKNOWN, 0},
    {"no head at all", {.answer = "{\"status\":\"success\"}", .end = END_CLOSE}, TRANSPORT_UNKNOWN, 0},
    {"a broken length",
     {.answer = "HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\n{}", .end = END_CLOSE},
     TRANSPORT_UNKNOWN,
     0},
    {"a body above the cap", {.filler_bytes = ANSWER_MAX_BYTES + 1}, TRANSPORT_UNKNOWN, 0},
    {"a body at the cap", {.filler_bytes = ANSWER_MAX_BYTES}, TRANSPORT_ANSWERED, 200},
    {"a redirect", {.status = 302, .headers = "Location: /elsewhere\r\n"}, TRANSPORT_ANSWERED, 302},
    {"a preliminary answer first",
     {.answer = "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"},
     TRANSPORT_ANSWERED,
     200},
    {"only a preliminary answer", {.answer = "HTTP/1.1 100 Continue\r\n\r\n", .end = END_CLOSE}, TRANSPORT_UNKNOWN, 0},
    {"chunks",
     {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
     TRANSPORT_ANSWERED,
     200},
    {"chunks without an end",
     {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", .end = END_CLOSE},
     TRANSPORT_UNKNOWN,
     0},
    {"broken gzip",
     {.answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", .end = END_CLOSE},
     TRANSPORT_UNKNOWN,
     0},
    {"a drip", {.body = "{}", .drip_us = 200000}, TRANSPORT_UNKNOWN, 0},
    {"no answer in time", {.body = "{}", .delay_us = 2000000}, TRANSPORT_UNKNOWN, 0},
};

static void one_second(struct net_options *options)
{
  options->wire.request_timeout_s = 1;
}

static void test_answers(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(wire_cases); i++) {
    const struct wire_case *row = &wire_cases[i];
    struct net_fixture fixture;
    struct call call;
    net_fixture_start(&fixture, &row->step, 1, one_second);
    net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/create");
    g_test_message("%s: %s", row->name, call.reply.message);
    g_assert_cmpint(call.reply.transport, ==, row->transport);
    g_assert_cmpint(call.reply.status, ==, row->status);
    g_assert_cmpint(scripted_server_count(fixture.server, "POST /create"), ==, 1);
    g_assert_cmpint(scripted_server_count(fixture.server, "GET"), ==, 0);
    call_clear(&call);
    net_fixture_stop(&fixture);
  }
}

static void test_header_flood(void)
{
  g_autoptr(GString) headers = g_string_new(NULL);
  for (int i = 0; i < 200; i++) {
    g_string_append_printf(headers, "X-%d: y\r\n", i);
  }
  const struct script_step step = {.headers = headers->str, .body = "{}"};
  struct net_fixture fixture;
  struct call call;
  net_fixture_start(&fixture, &step, 1, NULL);
  net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/create");
  g_assert_cmpint(call.reply.transport, ==, TRANSPORT_UNKNOWN);
  call_clear(&call);
  net_fixture_stop(&fixture);
}

/* ---- not sent ---- */

static void refused_port(struct net_options *options)
{
  options->wire.base_url = "http://127.0.0.1:1";
}

static void unknown_name(struct net_options *options)
{
  options->wire.base_url = "http://no-such-host.invalid";
}

static void tls_where_there_is_none(struct net_options *options)
{
  g_autofree char *url = g_strconcat("https", options->wire.base_url + strlen("http"), NULL);
  options->wire.base_url = g_intern_string(url);
}

static void test_not_sent(void)
{
  void (*const tweaks[])(struct net_options *) = {refused_port, unknown_name, tls_where_there_is_none};
  for (size_t i = 0; i < G_N_ELEMENTS(tweaks); i++) {
    const struct script_step step = {.is_cut_short = true, .read_bytes = 10, .end = END_CLOSE};
    struct net_fixture fixture;
    struct call call;
    net_fixture_start(&fixture, &step, 1, tweaks[i]);
    net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/create");
    g_test_message("%s", call.reply.message);
    g_assert_cmpint(call.reply.transport, ==, TRANSPORT_NOT_SENT);
    g_assert_cmpint(scripted_server_count(fixture.server, "POST"), ==, 0);
    call_clear(&call);
    net_fixture_stop(&fixture);
  }
}

static void test_outcome(void)
{
  static const struct {
    struct outcome_input input;
    enum transport transport;
  } rows[] = {
      {{CURLE_OK, 300, 40, 200}, TRANSPORT_ANSWERED},
      {{CURLE_OK, 300, 40, 0}, TRANSPORT_UNKNOWN},
      {{CURLE_COULDNT_RESOLVE_HOST, 0, 0, 0}, TRANSPORT_NOT_SENT},
      {{CURLE_COULDNT_CONNECT, 0, 0, 0}, TRANSPORT_NOT_SENT},
      {{CURLE_SSL_CONNECT_ERROR, 0, 0, 0}, TRANSPORT_NOT_SENT},
      {{CURLE_PEER_FAILED_VERIFICATION, 0, 0, 0}, TRANSPORT_NOT_SENT},
      {{CURLE_OPERATION_TIMEDOUT, 0, 0, 0}, TRANSPORT_NOT_SENT},
      /* the same codes after something went out: a first, dead connection had it */
      {{CURLE_COULDNT_CONNECT, 200, 0, 0}, TRANSPORT_UNKNOWN},
      {{CURLE_COULDNT_CONNECT, 0, 40, 0}, TRANSPORT_UNKNOWN},
      {{CURLE_OPERATION_TIMEDOUT, 200, 0, 0}, TRANSPORT_UNKNOWN},
      {{CURLE_OPERATION_TIMEDOUT, 0, 1, 0}, TRANSPORT_UNKNOWN},
      {{CURLE_UNSUPPORTED_PROTOCOL, 200, 0, 0}, TRANSPORT_UNKNOWN},
      {{CURLE_SEND_FAIL_REWIND, 0, 0, 0}, TRANSPORT_UNKNOWN},
      {{CURLE_SEND_ERROR, 0, 0, 0}, TRANSPORT_UNKNOWN},
      {{CURLE_RECV_ERROR, 0, 0, 0}, TRANSPORT_UNKNOWN},
      {{CURLE_GOT_NOTHING, 0, 0, 0}, TRANSPORT_UNKNOWN},
      {{CURLE_PARTIAL_FILE, 0, 0, 200}, TRANSPORT_UNKNOWN},
      {{CURLE_WRITE_ERROR, 0, 0, 200}, TRANSPORT_UNKNOWN},
      {{CURLE_OUT_OF_MEMORY, 0, 0, 0}, TRANSPORT_UNKNOWN},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_test_message("%s", curl_easy_strerror(rows[i].input.code));
    g_assert_cmpint(outcome_of(&rows[i].input), ==, rows[i].transport);
  }
}

/* ---- the shape of requests ---- */

static void check_request(enum call_kind kind, const char *method, const char *path, const char *const *has,
                          const char *const *lacks)
{
  const struct script_step step = {.body = "{}"};
  struct net_fixture fixture;
  struct call call;
  net_fixture_start(&fixture, &step, 1, NULL);
  net_fixture_call(&fixture, &call, kind, method, path);
  const struct seen_request *seen = g_ptr_array_index(scripted_server_seen(fixture.server), 0);
  g_autofree char *head = g_ascii_strdown(seen->head, -1);
  for (; *has; has++) {
    if (!strstr(head, *has)) g_error("no \"%s\" in %s", *has, head);
  }
  for (; *lacks; lacks++) {
    if (strstr(head, *lacks)) g_error("\"%s\" in %s", *lacks, head);
  }
  call_clear(&call);
  net_fixture_stop(&fixture);
}

static void test_shapes(void)
{
  g_setenv("http_proxy", "http://127.0.0.1:1", TRUE);
  check_request(CALL_CREATING, "POST", "/api/v2/leads/add",
                (const char *[]){"post /api/v2/leads/add http/1.1", "authorization: bearer key-0123456789",
                                 "user-agent: leadferry/test", "content-type: application/json\r\n",
                                 "content-length: 43", NULL},
                (const char *[]){"expect:", "cookie:", "transfer-encoding", NULL});
  check_request(
      CALL_CREATING, "DELETE", "/api/v2/leads",
      (const char *[]){"delete /api/v2/leads http/1.1", "content-type: application/json", "content-length: 43", NULL},
      (const char *[]){"expect:", NULL});
  check_request(CALL_IDEMPOTENT, "POST", "/activate", (const char *[]){"post /activate", "content-length: 0", NULL},
                (const char *[]){"content-type", "expect:", NULL});
  check_request(CALL_IDEMPOTENT, "DELETE", "/one", (const char *[]){"delete /one http/1.1", NULL},
                (const char *[]){"content-type", "content-length", NULL});
  check_request(CALL_READ, "GET", "/x?a=b", (const char *[]){"get /x?a=b http/1.1", NULL},
                (const char *[]){"content-type", "content-length", NULL});
  g_unsetenv("http_proxy");
}

static void test_headers_read(void)
{
  const struct script_step step = {
      .status = 429,
      .headers = "Date: Sun, 22 Nov 2026 13:00:00 GMT\r\nretry-after: Sun, 22 Nov 2026 13:00:07 GMT\r\n"
                 "Content-Type: text/HTML; charset=x\r\n",
  };
  struct net_fixture fixture;
  struct call call;
  net_fixture_start(&fixture, &step, 1, NULL);
  net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/create");
  int64_t expected_us = 0;
  g_assert_true(time_parse_us("2026-11-22T13:00:00Z", &expected_us));
  g_assert_cmpint(call.reply.date_us, ==, expected_us);
  g_assert_cmpint(net_date_us(fixture.net), ==, expected_us);
  g_assert_cmpint(call.reply.retry_after_s, ==, 7);
  g_assert_true(call.is_html);
  call_clear(&call);
  net_fixture_stop(&fixture);
}

static void test_urls(void)
{
  static const struct {
    const char *url;
    bool is_custom_allowed;
    bool is_good;
  } rows[] = {
      {"https://api.instantly.ai", false, true},
      {"https://api.instantly.ai/", false, true},
      {"http://api.instantly.ai", false, false},
      {"https://api.instantly.ai.evil.example", false, false},
      {"https://evil.example", false, false},
      {"https://evil.example", true, true},
      {"http://evil.example", true, true},
      {"ftp://api.instantly.ai", true, false},
      {"http://127.0.0.1:8080", false, true},
      {"http://localhost:8080", false, true},
      {"http://[::1]:8080", false, true},
      {"http://127.0.0.1.evil.example", false, false},
      {"https://user:pw@api.instantly.ai", true, false},
      {"https://api.instantly.ai?x=1", false, false},
      {"https://api.instantly.ai@evil.example", false, false},
      {"file:///etc/passwd", true, false},
      {"nonsense", false, false},
      {NULL, false, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    bool is_good = wire_check_url(rows[i].url, "api.instantly.ai", rows[i].is_custom_allowed, &error);
    g_test_message("%s: %s", rows[i].url ? rows[i].url : "(null)", error ? error->message : "fine");
    g_assert_cmpint(is_good, ==, rows[i].is_good);
    g_assert_cmpint(is_good || error_is(error, ERROR_CONFIG), ==, true);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/net/wire/answers", test_answers);
  g_test_add_func("/net/wire/header_flood", test_header_flood);
  g_test_add_func("/net/wire/not_sent", test_not_sent);
  g_test_add_func("/net/wire/outcome", test_outcome);
  g_test_add_func("/net/wire/shapes", test_shapes);
  g_test_add_func("/net/wire/headers_read", test_headers_read);
  g_test_add_func("/net/wire/urls", test_urls);
  return g_test_run();
}
