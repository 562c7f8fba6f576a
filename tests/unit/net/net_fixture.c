#include "net_fixture.h"

static int64_t fixture_mono_us(void *context)
{
  struct net_fixture *fixture = context;
  return clock_mono_us(clock_system()) + fixture->skipped_us;
}

static int64_t fixture_wall_us(void *context)
{
  (void)context;
  return clock_wall_us(clock_system());
}

static void fixture_sleep_us(void *context, int64_t duration_us)
{
  struct net_fixture *fixture = context;
  fixture->skipped_us += duration_us;
}

static bool fixture_is_cancelled(void *context)
{
  struct net_fixture *fixture = context;
  if (fixture->cancel_after_n > 0 && --fixture->cancel_after_n == 0) fixture->is_cancelled = true;
  return fixture->is_cancelled;
}

void net_fixture_start(struct net_fixture *fixture, const struct script_step *steps, size_t steps_n,
                       void (*tweak)(struct net_options *options))
{
  *fixture = (struct net_fixture){.server = scripted_server_start(steps, steps_n)};
  fixture->clock = (struct clock){
      .wall_us = fixture_wall_us,
      .mono_us = fixture_mono_us,
      .boot_us = fixture_mono_us,
      .sleep_us = fixture_sleep_us,
      .context = fixture,
  };
  fixture->options = (struct net_options){
      .wire = {.base_url = scripted_server_url(fixture->server),
               .authorization = "Bearer key-0123456789",
               .user_agent = "leadferry/test",
               .connect_timeout_s = 5,
               .request_timeout_s = 10},
      .clock = &fixture->clock,
      .requests_per_second = 100000,
      .reads_in_flight = 4,
      .writes_in_flight = 2,
      .seed = 1,
      .is_cancelled = fixture_is_cancelled,
      .cancel_context = fixture,
  };
  if (tweak) tweak(&fixture->options);
  g_autoptr(GError) error = NULL;
  fixture->net = net_open(&fixture->options, &error);
  g_assert_no_error(error);
}

void net_fixture_stop(struct net_fixture *fixture)
{
  net_close(fixture->net);
  scripted_server_stop(fixture->server);
}

void net_fixture_call(struct net_fixture *fixture, struct call *call, enum call_kind kind, const char *method,
                      const char *path)
{
  static const char body[] = "{\"campaign_id\":\"c\",\"leads\":[{\"email\":\"a\"}]}";
  static GString shared = {.str = (char *)body, .len = sizeof body - 1, .allocated_len = sizeof body};
  call_init(call, kind, method, path);
  call->path = g_strdup(path);
  if (kind == CALL_CREATING) call->body = &shared;
  net_perform(fixture->net, &call, 1);
}
