/* The one place of calls: what is repeated, how it is paced, when it gives up, how it is cancelled. */
#include "core/ratelimit.h"
#include "net_fixture.h"

static void slow_pace(struct net_options *options)
{
  options->requests_per_second = 50;
}

struct call_case {
  const char *name;
  enum call_kind kind;
  struct script_step steps[4];
  size_t steps_n;
  int tries_n;
  int64_t status; /* 0: not answered */
};

#define STATUS(n)                                                                                                      \
  {                                                                                                                    \
    .status = (n), .body = "{}"                                                                                        \
  }
#define RESET                                                                                                          \
  {                                                                                                                    \
    .answer = "", .end = END_RESET                                                                                     \
  }

static const struct call_case call_cases[] = {
    {"a read after two failures", CALL_READ, {RESET, STATUS(503), STATUS(200)}, 3, 3, 200},
    {"an idempotent call after a failure", CALL_IDEMPOTENT, {STATUS(500), STATUS(200)}, 2, 2, 200},
    {"a creating call is never repeated", CALL_CREATING, {STATUS(503), STATUS(200)}, 2, 1, 503},
    {"nor after a reset", CALL_CREATING, {RESET, STATUS(200)}, 2, 1, 0},
    {"nor after a 429", CALL_CREATING, {STATUS(429), STATUS(200)}, 2, 1, 429},
    {"a read after a 429", CALL_READ, {STATUS(429), STATUS(200)}, 2, 2, 200},
    {"401 is not repeated", CALL_READ, {STATUS(401), STATUS(200)}, 2, 1, 401},
    {"402 is not repeated", CALL_READ, {STATUS(402), STATUS(200)}, 2, 1, 402},
    {"403 is not repeated", CALL_READ, {STATUS(403), STATUS(200)}, 2, 1, 403},
    {"404 is not repeated", CALL_READ, {STATUS(404), STATUS(200)}, 2, 1, 404},
    {"a redirect is not followed", CALL_READ, {STATUS(302), STATUS(200)}, 2, 1, 302},
    {"a read gives up", CALL_READ, {STATUS(502)}, 1, 6, 502},
};

static void test_repeats(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(call_cases); i++) {
    const struct call_case *row = &call_cases[i];
    struct net_fixture fixture;
    struct call call;
    net_fixture_start(&fixture, row->steps, row->steps_n, NULL);
    net_fixture_call(&fixture, &call, row->kind, row->kind == CALL_READ ? "GET" : "POST", "/x");
    g_test_message("%s", row->name);
    g_assert_cmpint(call.tries_n, ==, row->tries_n);
    g_assert_cmpint(call.reply.status, ==, row->status);
    g_assert_cmpint(net_counts(fixture.net).calls, ==, 1);
    g_assert_cmpint(net_counts(fixture.net).retries, ==, row->tries_n - 1);
    call_clear(&call);
    net_fixture_stop(&fixture);
  }
}

/* Five failures in a row open the breaker: the sixth try is its probe, 30 s later. */
static void test_breaker_is_waited_for(void)
{
  const struct script_step step = STATUS(502);
  struct net_fixture fixture;
  struct call call;
  net_fixture_start(&fixture, &step, 1, NULL);
  net_fixture_call(&fixture, &call, CALL_READ, "GET", "/x");
  g_assert_cmpint(fixture.skipped_us, >=, 30 * SECOND_US);
  call_clear(&call);
  /* open for 60 s now, which is waited for, then for 120 s, which is not */
  net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/x");
  g_assert_cmpint(call.reply.status, ==, 502);
  call_clear(&call);
  net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/x");
  g_assert_cmpint(call.reply.transport, ==, TRANSPORT_NOT_SENT);
  g_assert_cmpint(call.tries_n, ==, 0);
  call_clear(&call);
  net_fixture_stop(&fixture);
}

static void in_a_hurry(struct net_options *options)
{
  options->retry = &retry_interactive;
}

/* Somebody waits: three tries, and once the breaker is open no more than an answer that says so. */
static void test_hurry(void)
{
  const struct script_step step = STATUS(502);
  struct net_fixture fixture;
  net_fixture_start(&fixture, &step, 1, in_a_hurry);
  static const int tries[] = {3, 2, 0, 0};
  for (size_t i = 0; i < G_N_ELEMENTS(tries); i++) {
    struct call call;
    net_fixture_call(&fixture, &call, CALL_READ, "GET", "/x");
    g_assert_cmpint(call.tries_n, ==, tries[i]);
    g_assert_cmpint(call.reply.transport, !=, i < 1 ? TRANSPORT_UNKNOWN : TRANSPORT_ANSWERED);
    call_clear(&call);
  }
  g_assert_cmpint(fixture.skipped_us, <, 4 * SECOND_US);
  net_set_retry(fixture.net, &retry_reads);
  struct call call;
  net_fixture_call(&fixture, &call, CALL_READ, "GET", "/x"); /* the patient one waits for the probe */
  g_assert_cmpint(call.tries_n, >, 0);
  g_assert_cmpint(fixture.skipped_us, >=, 20 * SECOND_US);
  call_clear(&call);
  net_fixture_stop(&fixture);
}

static void test_retry_after_is_honoured(void)
{
  const struct script_step steps[] = {{.status = 429, .headers = "Retry-After: 20\r\n"}, STATUS(200)};
  struct net_fixture fixture;
  struct call call;
  net_fixture_start(&fixture, steps, G_N_ELEMENTS(steps), NULL);
  net_fixture_call(&fixture, &call, CALL_READ, "GET", "/x");
  g_assert_cmpint(call.reply.status, ==, 200);
  g_assert_cmpint(fixture.skipped_us, >=, 19 * SECOND_US);
  g_assert_cmpint(fixture.skipped_us, <=, 25 * SECOND_US);
  g_assert_cmpint(net_counts(fixture.net).throttled, ==, 1);
  call_clear(&call);
  net_fixture_stop(&fixture);
}

static void perform_many(struct net_fixture *fixture, struct call *calls, size_t calls_n)
{
  g_autofree struct call **pointers = g_new0(struct call *, calls_n);
  for (size_t i = 0; i < calls_n; i++) {
    call_init(&calls[i], CALL_READ, "GET", "/many");
    calls[i].path = g_strdup("/many");
    pointers[i] = &calls[i];
  }
  net_perform(fixture->net, pointers, calls_n);
}

static void test_pace_and_room(void)
{
  const struct script_step step = {.body = "{}", .delay_us = 2000};
  struct net_fixture fixture;
  struct call calls[105];
  net_fixture_start(&fixture, &step, 1, slow_pace);
  int64_t start_us = clock_mono_us(&fixture.clock);
  perform_many(&fixture, calls, G_N_ELEMENTS(calls));
  int64_t took_us = clock_mono_us(&fixture.clock) - start_us;
  g_assert_cmpint(took_us, >=, 2 * SECOND_US); /* 100 intervals of 20 ms after a burst of 5 */
  g_assert_cmpint(took_us, <=, 3 * SECOND_US);
  for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
    g_assert_cmpint(calls[i].reply.status, ==, 200);
    call_clear(&calls[i]);
  }
  net_fixture_stop(&fixture);
}

/* Two clients that share a rate: what throttles one makes the other wait, and slower. */
static void test_shared_pause(void)
{
  const struct script_step steps[] = {{.status = 429, .headers = "Retry-After: 20\r\n"}, STATUS(200)};
  struct net_fixture first;
  struct call call;
  struct rate rate;
  net_fixture_start(&first, steps, G_N_ELEMENTS(steps), NULL);
  struct net_fixture second = {.net = net_open(&first.options, NULL)};
  rate_init(&rate, 50, clock_mono_us(&first.clock));
  net_share_rate(first.net, &rate);
  net_share_rate(second.net, &rate);
  net_fixture_call(&first, &call, CALL_CREATING, "POST", "/x");
  g_assert_cmpint(call.reply.status, ==, 429);
  g_assert_cmpint(first.skipped_us, <, SECOND_US);
  call_clear(&call);
  net_fixture_call(&second, &call, CALL_READ, "GET", "/x");
  g_assert_cmpint(call.reply.status, ==, 200);
  g_assert_cmpint(first.skipped_us, >=, 19 * SECOND_US);
  g_assert_cmpfloat(rate.current_per_s, <, 50);
  call_clear(&call);
  net_close(second.net);
  net_fixture_stop(&first);
}

static void test_several_in_flight(void)
{
  const struct script_step step = {.body = "{}", .delay_us = 20000};
  struct net_fixture fixture;
  struct call calls[40];
  net_fixture_start(&fixture, &step, 1, NULL);
  perform_many(&fixture, calls, G_N_ELEMENTS(calls));
  for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
    g_assert_cmpint(calls[i].reply.status, ==, 200);
    call_clear(&calls[i]);
  }
  g_assert_cmpint(scripted_server_most_at_once(fixture.server), ==, 4);
  net_fixture_stop(&fixture);
}

static void test_cancelled_before(void)
{
  const struct script_step step = STATUS(200);
  struct net_fixture fixture;
  struct call call;
  net_fixture_start(&fixture, &step, 1, NULL);
  fixture.is_cancelled = true;
  net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/create");
  g_assert_cmpint(call.reply.transport, ==, TRANSPORT_CANCELLED);
  g_assert_cmpint(scripted_server_count(fixture.server, "POST"), ==, 0);
  g_assert_false(net_wait(fixture.net, SECOND_US));
  call_clear(&call);
  net_fixture_stop(&fixture);
}

/* A read in flight is cut off at once, a creating call gets its time to end. */
static void test_cancelled_in_flight(void)
{
  const struct script_step step = {.body = "{}", .delay_us = 400000};
  struct net_fixture fixture;
  struct call call;
  net_fixture_start(&fixture, &step, 1, NULL);
  fixture.cancel_after_n = 3;
  int64_t start_us = clock_mono_us(clock_system());
  net_fixture_call(&fixture, &call, CALL_READ, "GET", "/read");
  g_assert_cmpint(call.reply.transport, ==, TRANSPORT_CANCELLED);
  g_assert_cmpint(clock_mono_us(clock_system()) - start_us, <, 350000);
  call_clear(&call);
  net_fixture_stop(&fixture);

  net_fixture_start(&fixture, &step, 1, NULL);
  fixture.cancel_after_n = 3;
  net_fixture_call(&fixture, &call, CALL_CREATING, "POST", "/create");
  g_assert_cmpint(call.reply.transport, ==, TRANSPORT_ANSWERED);
  g_assert_cmpint(call.reply.status, ==, 200);
  call_clear(&call);
  net_fixture_stop(&fixture);
}

/* Bodies of reads are there once, also when an earlier try had brought half of one. */
static void test_answers_do_not_mix(void)
{
  const struct script_step steps[] = {{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", .end = END_CLOSE},
                                      {.body = "whole"}};
  struct net_fixture fixture;
  struct call call;
  net_fixture_start(&fixture, steps, G_N_ELEMENTS(steps), NULL);
  net_fixture_call(&fixture, &call, CALL_READ, "GET", "/x");
  g_assert_cmpstr(call.answer->str, ==, "whole");
  call_clear(&call);
  net_fixture_stop(&fixture);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/net/call/repeats", test_repeats);
  g_test_add_func("/net/call/breaker_is_waited_for", test_breaker_is_waited_for);
  g_test_add_func("/net/call/hurry", test_hurry);
  g_test_add_func("/net/call/retry_after_is_honoured", test_retry_after_is_honoured);
  g_test_add_func("/net/call/pace_and_room", test_pace_and_room);
  g_test_add_func("/net/call/shared_pause", test_shared_pause);
  g_test_add_func("/net/call/several_in_flight", test_several_in_flight);
  g_test_add_func("/net/call/cancelled_before", test_cancelled_before);
  g_test_add_func("/net/call/cancelled_in_flight", test_cancelled_in_flight);
  g_test_add_func("/net/call/answers_do_not_mix", test_answers_do_not_mix);
  return g_test_run();
}
