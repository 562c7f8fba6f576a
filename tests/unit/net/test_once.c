/* One transmission: a creating call is seen at most once by the server, wherever the connection dies. libcurl sends a
 * request again when a reused connection turns out to be dead; this is the proof that it cannot for ours. */
#include "net_fixture.h"

#include <string.h>

enum { REQUEST_MAX_BYTES = 400 };

/* A kept-alive connection, then one that dies after `at` bytes of the creating request, then good answers. */
static void kill_at(size_t at, enum script_end end, int *whole_n, enum transport *transport, size_t *request_bytes)
{
  const struct script_step steps[] = {
      {.body = "{}"},
      {.is_cut_short = true, .read_bytes = at, .end = end},
      {.body = "{}"},
  };
  struct net_fixture fixture;
  net_fixture_start(&fixture, steps, G_N_ELEMENTS(steps), NULL);
  struct call warm, call, next;
  net_fixture_call(&fixture, &warm, CALL_READ, "GET", "/warm");
  g_assert_cmpint(warm.reply.status, ==, 200);
  net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/create");
  net_fixture_call(&fixture, &next, CALL_CREATING, "POST", "/next");
  g_assert_cmpint(next.reply.status, ==, 200); /* a broken call costs itself alone, also where its handle goes on */
  *transport = call.reply.transport;
  *whole_n = scripted_server_count(fixture.server, "POST /create");
  const GPtrArray *seen = scripted_server_seen(fixture.server);
  *request_bytes = 0;
  for (guint i = 1; i < seen->len; i++) {
    const struct seen_request *request = g_ptr_array_index(seen, i);
    *request_bytes = MAX(*request_bytes, strlen(request->head) + request->body_bytes);
  }
  g_assert_cmpint(call.tries_n, ==, 1);
  call_clear(&warm);
  call_clear(&call);
  call_clear(&next);
  net_fixture_stop(&fixture);
}

static void check_each_byte(enum script_end end)
{
  size_t last = REQUEST_MAX_BYTES;
  for (size_t at = 0; at <= last; at++) {
    int whole_n = 0;
    enum transport transport = TRANSPORT_ANSWERED;
    size_t request_bytes = 0;
    kill_at(at, end, &whole_n, &transport, &request_bytes);
    if (whole_n > 1) g_error("killed after %zu bytes, the server saw the call %d times", at, whole_n);
    if (transport == TRANSPORT_NOT_SENT) g_assert_cmpint(whole_n, ==, 0);
    if (transport == TRANSPORT_ANSWERED) g_assert_cmpint(whole_n, ==, 1);
    if (whole_n == 1 && at >= request_bytes) {
      g_assert_cmpint(transport, ==, TRANSPORT_UNKNOWN);
      g_test_message("the whole request has %zu bytes", request_bytes);
      return;
    }
  }
  g_error("the request never became whole within %d bytes", REQUEST_MAX_BYTES);
}

static void test_closed_at_each_byte(void)
{
  check_each_byte(END_CLOSE);
}

/* Guarantee 3. Whatever byte it breaks at, the server sees the request once. */
static void test_reset_at_each_byte(void)
{
  check_each_byte(END_RESET);
}

/* Guarantee 6. The connection is gone before the call is made: libcurl sees that and takes a new one; still once. */
static void test_dead_before_the_call(void)
{
  const struct script_step steps[] = {{.body = "{}", .end = END_CLOSE}, {.body = "{}"}};
  struct net_fixture fixture;
  net_fixture_start(&fixture, steps, G_N_ELEMENTS(steps), NULL);
  struct call warm, call;
  net_fixture_call(&fixture, &warm, CALL_READ, "GET", "/warm");
  net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/create");
  int whole_n = scripted_server_count(fixture.server, "POST /create");
  g_assert_cmpint(whole_n, <=, 1);
  g_assert_cmpint(call.reply.transport == TRANSPORT_ANSWERED, ==, whole_n == 1);
  call_clear(&warm);
  call_clear(&call);
  net_fixture_stop(&fixture);
}

/* The control: without the refusing seek an idempotent call on a dead connection is repeated and succeeds. */
static void test_idempotent_is_repeated(void)
{
  const struct script_step steps[] = {{.body = "{}"}, {.is_cut_short = true, .end = END_RESET}, {.body = "{}"}};
  struct net_fixture fixture;
  net_fixture_start(&fixture, steps, G_N_ELEMENTS(steps), NULL);
  struct call warm, call;
  net_fixture_call(&fixture, &warm, CALL_READ, "GET", "/warm");
  net_fixture_call(&fixture, &call, CALL_IDEMPOTENT, "DELETE", "/gone");
  g_assert_cmpint(call.reply.transport, ==, TRANSPORT_ANSWERED);
  g_assert_cmpint(call.reply.status, ==, 200);
  call_clear(&warm);
  call_clear(&call);
  net_fixture_stop(&fixture);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/net/once/closed_at_each_byte", test_closed_at_each_byte);
  g_test_add_func("/net/once/reset_at_each_byte", test_reset_at_each_byte);
  g_test_add_func("/net/once/dead_before_the_call", test_dead_before_the_call);
  g_test_add_func("/net/once/idempotent_is_repeated", test_idempotent_is_repeated);
  return g_test_run();
}
