#include "client_fixture.h"

static int64_t fixture_mono_us(void *context)
{
  return clock_mono_us(clock_system()) + ((struct client_fixture *)context)->skipped_us;
}

static int64_t fixture_wall_us(void *context)
{
  (void)context;
  return clock_wall_us(clock_system());
}

static void fixture_sleep_us(void *context, int64_t duration_us)
{
  ((struct client_fixture *)context)->skipped_us += duration_us;
}

void client_fixture_init(struct client_fixture *fixture)
{
  *fixture = (struct client_fixture){0};
  settings_init(&fixture->settings);
  struct instantly_settings *instantly = &fixture->settings.instantly;
  instantly->api_key = g_strdup("key-0123456789");
  instantly->requests_per_second = 10000;
  instantly->connect_timeout_s = 5;
  instantly->request_timeout_s = 5;
  instantly->writes_in_flight = 2;
  instantly->reads_in_flight = 4;
  fixture->settings.export.skip_if_in_campaign = true;
  fixture->clock = (struct clock){
      .wall_us = fixture_wall_us,
      .mono_us = fixture_mono_us,
      .boot_us = fixture_mono_us,
      .sleep_us = fixture_sleep_us,
      .context = fixture,
  };
}

void client_fixture_start(struct client_fixture *fixture, const struct script_step *steps, size_t steps_n)
{
  fixture->server = scripted_server_start(steps, steps_n);
  fixture->settings.instantly.base_url = g_strconcat(scripted_server_url(fixture->server), "/", NULL);
  g_autoptr(GError) error = NULL;
  fixture->instantly = instantly_open(&fixture->settings, &fixture->clock, NULL, NULL, &error);
  g_assert_no_error(error);
}

void client_fixture_stop(struct client_fixture *fixture)
{
  instantly_close(fixture->instantly);
  scripted_server_stop(fixture->server);
  settings_clear(&fixture->settings);
}

const struct seen_request *client_fixture_seen(const struct client_fixture *fixture, guint n)
{
  const GPtrArray *seen = scripted_server_seen(fixture->server);
  g_assert_cmpuint(n, <, seen->len);
  return g_ptr_array_index(seen, n);
}

void client_fixture_map(GArray *mappings, const char *target, const char *source)
{
  struct field_mapping mapping = {.target = g_strdup(target), .source = g_strdup(source)};
  g_array_append_val(mappings, mapping);
}
