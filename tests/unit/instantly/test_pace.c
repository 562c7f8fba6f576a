/* Several jobs of one process are one client to the workspace: one after the other on one client, as `leadferry run`
 * has them, or with clients of their own that share a rate. A simulated server with both windows judges every request,
 * at the time when it went out; time stands still but for waits. */
#include "client_fixture.h"
#include "core/ratelimit.h"
#include "rate_server.h"

#define PER_SECOND 14 /* with the burst 18 in the first second, 844 in the first minute */
#define CALLS_N    1400

struct order {
  const char *name;
  int clients_n;
  bool is_shared;
  int stretch_n;    /* calls that one client makes before it is the next one's turn */
  int64_t pause_us; /* between two stretches */
};

static int64_t standing_mono_us(void *context)
{
  return ((struct client_fixture *)context)->skipped_us;
}

static void world_start(struct client_fixture *fixture, struct instantly **clients, const struct order *order)
{
  static const struct script_step step = {.body = "{}"};
  g_autoptr(GError) error = NULL;
  client_fixture_init(fixture);
  fixture->settings.instantly.requests_per_second = PER_SECOND;
  fixture->clock.mono_us = standing_mono_us;
  client_fixture_start(fixture, &step, 1);
  clients[0] = fixture->instantly;
  for (int i = 1; i < order->clients_n; i++) {
    clients[i] = instantly_open(&fixture->settings, &fixture->clock, NULL, NULL, &error);
    g_assert_no_error(error);
  }
}

/* How many of the calls the server refuses. */
static int refused_n(const struct order *order, bool is_sliding, int64_t *took_us)
{
  struct client_fixture fixture;
  struct instantly *clients[2];
  struct rate rate;
  struct plan_details plan;
  int refused = 0;
  struct rate_server *server = rate_server_new(20, 60 * PER_SECOND + 10, is_sliding);
  world_start(&fixture, clients, order);
  rate_init(&rate, PER_SECOND, 0);
  for (int i = 0; order->is_shared && i < order->clients_n; i++)
    instantly_share_rate(clients[i], &rate);
  for (int i = 0; i < CALLS_N; i++) {
    if (i > 0 && i % order->stretch_n == 0) fixture.skipped_us += order->pause_us;
    struct instantly *client = clients[i / order->stretch_n % order->clients_n];
    g_autoptr(GError) error = NULL;
    client->ops->plan(client, &plan, &error);
    g_assert_no_error(error);
    refused += !rate_server_takes(server, fixture.skipped_us);
  }
  *took_us = fixture.skipped_us;
  g_assert_cmpint(scripted_server_count(fixture.server, "GET "), ==, CALLS_N);
  for (int i = 1; i < order->clients_n; i++)
    instantly_close(clients[i]);
  client_fixture_stop(&fixture);
  rate_server_free(server);
  return refused;
}

static void test_one_client_to_the_workspace(void)
{
  static const struct order orders[] = {
      {"four jobs after each other on one client", 1, false, CALLS_N / 4, 3 * SECOND_US},
      {"two clients in turn", 2, true, 1, 0},
      {"two clients in stretches", 2, true, 37, SECOND_US / 3},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
    for (int is_sliding = 0; is_sliding <= 1; is_sliding++) {
      int64_t took_us = 0;
      int refused = refused_n(&orders[i], is_sliding == 1, &took_us);
      int64_t idle_us = orders[i].pause_us * (CALLS_N / orders[i].stretch_n);
      g_test_message("%s: %d s, %d refused", orders[i].name, (int)(took_us / SECOND_US), refused);
      g_assert_cmpint(refused, ==, 0);
      g_assert_cmpint(took_us, >=, (CALLS_N - 6) * SECOND_US / PER_SECOND - idle_us);
      g_assert_cmpint(took_us, <=, (CALLS_N + PER_SECOND) * SECOND_US / PER_SECOND + idle_us);
    }
  }
}

/* What the server says to two clients that know nothing of each other: without this, the above would prove nothing. */
static void test_two_paces_are_too_much(void)
{
  static const struct order order = {"two paces", 2, false, 1, 0};
  int64_t took_us = 0;
  g_assert_cmpint(refused_n(&order, true, &took_us), >, CALLS_N / 10);
}

/* GET /emails takes 20 calls in any minute, and its pace is its own: the others go on meanwhile. */
static void test_emails_have_a_pace_of_their_own(void)
{
  static const struct script_step step = {.body = "{\"items\":[]}"};
  struct client_fixture fixture;
  struct page page;
  struct plan_details plan;
  page_init(&page, sizeof(struct remote_email));
  client_fixture_init(&fixture);
  fixture.settings.instantly.requests_per_second = PER_SECOND;
  fixture.clock.mono_us = standing_mono_us;
  client_fixture_start(&fixture, &step, 1);
  struct rate_server *server = rate_server_new(20, 20, true);
  int64_t others_us = 0;
  for (int i = 0; i < 70; i++) {
    g_autoptr(GError) error = NULL;
    fixture.instantly->ops->emails_read(fixture.instantly, &(struct email_query){0}, &page, &error);
    g_assert_no_error(error);
    g_assert_true(rate_server_takes(server, fixture.skipped_us));
    int64_t before_us = fixture.skipped_us;
    g_assert_true(fixture.instantly->ops->plan(fixture.instantly, &plan, NULL));
    others_us += fixture.skipped_us - before_us;
  }
  g_assert_cmpint(fixture.skipped_us, >=, 4 * 60 * SECOND_US);
  g_assert_cmpint(fixture.skipped_us, <=, 5 * 60 * SECOND_US);
  g_assert_cmpint(others_us, <=, 10 * SECOND_US);
  rate_server_free(server);
  page_clear(&page);
  client_fixture_stop(&fixture);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/instantly/pace/one_client_to_the_workspace", test_one_client_to_the_workspace);
  g_test_add_func("/instantly/pace/two_paces_are_too_much", test_two_paces_are_too_much);
  g_test_add_func("/instantly/pace/emails_have_a_pace_of_their_own", test_emails_have_a_pace_of_their_own);
  return g_test_run();
}
