/* libcurl with each of its allocations failing in turn: a creating call is still seen at most once, and its caller
 * learns no more than is true. */
#include <glib.h>

#include "net_fixture.h"
#include "tests/alloc/alloc_child.h"

#define FAILURES_MAX 2000

/* A read and a creating call on the connection that it leaves. */
static void call_twice(const void *context)
{
  const struct script_step steps[] = {{.body = "{}"}};
  struct net_fixture fixture;
  struct call warm, call;
  (void)context;
  net_fixture_start(&fixture, steps, G_N_ELEMENTS(steps), NULL);
  net_fixture_call(&fixture, &warm, CALL_READ, "GET", "/warm");
  net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/create");
  int whole_n = scripted_server_count(fixture.server, "POST /create");
  g_assert_cmpint(whole_n, <=, 1);
  if (call.reply.transport == TRANSPORT_ANSWERED) g_assert_cmpint(whole_n, ==, 1);
  if (call.reply.transport == TRANSPORT_NOT_SENT) g_assert_cmpint(whole_n, ==, 0);
  call_clear(&warm);
  call_clear(&call);
  net_fixture_stop(&fixture);
}

static void test_each_failure(void)
{
  struct alloc_tally tally = {0};
  alloc_child_all(call_twice, NULL, FAILURES_MAX, &tally);
  g_test_message("%ld failures, %ld of them ended the process in words", tally.failures_n, tally.ends_n);
  g_assert_cmpint(tally.failures_n, >, 100);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  if (!alloc_fail_watch("libcurl")) g_error("libcurl is not loaded");
  g_test_add_func("/alloc/transport/each-failure", test_each_failure);
  return g_test_run();
}
