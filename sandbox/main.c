/* leadferry-sandbox: a local Instantly.ai API v2 with a virtual clock and faults on demand. See docs/sandbox.md. */
#include "base/error.h"
#include "config.h"
#include "http.h"
#include "render.h"
#include "state.h"
#include "tls.h"
#include "world.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
  int port;
  char *state;
  char *config;
  char *quirks;
  char *stamp;
  char *tls_failure;
  gint64 seed;
  gint64 list_lag_s;
  gint64 plan_limit;
  gboolean no_rate_limit;
};

static bool options_parse(struct options *options, int argc, char **argv, GError **error)
{
  GOptionEntry entries[] = {
      {"port", 'p', 0, G_OPTION_ARG_INT, &options->port, "Port on 127.0.0.1; 0 takes a free one (default)", "N"},
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &options->state, "Load at start and save at the end", "FILE"},
      {"config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config, "Campaigns, chances, quirks, limits (JSON)", "FILE"},
      {"seed", 0, 0, G_OPTION_ARG_INT64, &options->seed, "Seed of ids and chances (default 1)", "N"},
      {"quirks", 0, 0, G_OPTION_ARG_STRING, &options->quirks, "on or off: all at once", "on|off"},
      {"stamp", 0, 0, G_OPTION_ARG_STRING, &options->stamp, "Custom variable that marks the client's own rows", "NAME"},
      {"list-lag-s", 0, 0, G_OPTION_ARG_INT64, &options->list_lag_s, "New rows appear in lists up to N s later", "N"},
      {"plan-limit", 0, 0, G_OPTION_ARG_INT64, &options->plan_limit, "Rows that the plan allows", "N"},
      {"tls-failure", 0, 0, G_OPTION_ARG_STRING, &options->tls_failure, "A second port where handshakes fail so",
       "KIND"},
      {"no-rate-limit", 0, 0, G_OPTION_ARG_NONE, &options->no_rate_limit, "Never answer 429", NULL},
      {NULL, 0, 0, 0, NULL, NULL, NULL},
  };
  g_autoptr(GOptionContext) context = g_option_context_new("- a local Instantly.ai API v2 for tests");
  g_option_context_set_description(
      context, "Example:\n  leadferry-sandbox --port 8080 --seed 7\n\n"
               "Prints one line of JSON (base_url, api_key, campaigns) when it is ready; ends on SIGTERM or SIGINT.");
  g_option_context_add_main_entries(context, entries, NULL);
  if (!g_option_context_parse(context, &argc, &argv, error)) return false;
  if (argc > 1 || options->port < 0 || options->port > 65535) {
    error_set(error, ERROR_USAGE, "unexpected argument or port; see --help");
    return false;
  }
  if (options->quirks != NULL && strcmp(options->quirks, "on") != 0 && strcmp(options->quirks, "off") != 0) {
    error_set(error, ERROR_USAGE, "--quirks takes on or off");
    return false;
  }
  return true;
}

static void options_clear(struct options *options)
{
  g_free(options->state);
  g_free(options->config);
  g_free(options->quirks);
  g_free(options->stamp);
  g_free(options->tls_failure);
}

/* The command line wins over the file. */
static bool config_make(struct config *config, const struct options *options, GError **error)
{
  config_init(config);
  if (options->config != NULL && !config_load(config, options->config, error)) return false;
  if (options->seed >= 0) config->seed = options->seed;
  if (options->list_lag_s >= 0) config->list_lag_s = options->list_lag_s;
  if (options->plan_limit >= 0) config->plan_limit = options->plan_limit;
  if (options->no_rate_limit) config->rate.is_on = false;
  if (options->quirks != NULL) quirks_set_all(&config->quirks, strcmp(options->quirks, "on") == 0);
  if (options->stamp != NULL) {
    g_free(config->stamp);
    config->stamp = g_strdup(options->stamp);
  }
  return true;
}

static void ready_print(struct world *world, uint16_t port, const struct tls_front *front)
{
  g_autoptr(GString) out = g_string_new(NULL);
  const struct api_key *key = world->keys->len > 0 ? world->keys->pdata[0] : NULL;
  g_string_append_printf(out, "{\"base_url\":\"http://127.0.0.1:%u\"", port);
  if (front != NULL) g_string_append_printf(out, ",\"tls_url\":\"https://127.0.0.1:%u\"", tls_front_port(front));
  json_append_str(out, "api_key", key == NULL ? NULL : key->key);
  json_append_key(out, "campaigns");
  g_string_append_c(out, '[');
  for (guint i = 0; i < world->campaigns->len; i++) {
    const struct campaign *campaign = world->campaigns->pdata[i];
    if (i > 0) g_string_append_c(out, ',');
    g_string_append_c(out, '{');
    render_uuid(out, "id", &campaign->id);
    json_append_str(out, "name", campaign->name);
    json_append_int(out, "status", campaign->status);
    g_string_append_c(out, '}');
  }
  g_string_append(out, "]}");
  puts(out->str);
  fflush(stdout);
}

/* The world of the state file when there is one, else a new one. */
static struct world *world_open(const struct config *config, const struct options *options, GError **error)
{
  if (options->state == NULL || !g_file_test(options->state, G_FILE_TEST_EXISTS)) return world_new(config, error);
  struct world *world = world_new_empty(config);
  if (state_load(world, options->state, error)) return world;
  world_free(world);
  return NULL;
}

static int stop_with(const GError *error)
{
  fprintf(stderr, "leadferry-sandbox: %s\n", error->message);
  return EXIT_FAILURE;
}

/* Until a signal comes. */
static void serve_until(struct world *world, uint16_t port, const struct tls_front *front, const sigset_t *signals)
{
  int signal_number = 0;
  pthread_mutex_lock(&world->lock);
  ready_print(world, port, front);
  pthread_mutex_unlock(&world->lock);
  do
    sigwait(signals, &signal_number);
  while (signal_number == SIGPIPE);
}

static int run(struct world *world, const struct options *options, const sigset_t *signals)
{
  g_autoptr(GError) error = NULL;
  struct tls_front *front = NULL;
  if (options->tls_failure != NULL && (front = tls_front_start(options->tls_failure, &error)) == NULL)
    return stop_with(error);
  struct http_server *server = http_start(world, (uint16_t)options->port, &error);
  if (server != NULL) {
    serve_until(world, http_port(server), front, signals);
    http_stop(server);
  }
  tls_front_stop(front);
  if (server == NULL) return stop_with(error);
  if (options->state == NULL || state_save(world, options->state, &error)) return EXIT_SUCCESS;
  g_prefix_error(&error, "cannot save %s: ", options->state);
  return stop_with(error);
}

int main(int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  /* Bodies and answers are big and short-lived: keep their memory instead of mapping it anew for each call. */
  mallopt(M_MMAP_THRESHOLD, 512 * 1024 * 1024);
  mallopt(M_TRIM_THRESHOLD, 512 * 1024 * 1024);
  struct options options = {.seed = -1, .list_lag_s = -1, .plan_limit = -1};
  struct config config = {0};
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGPIPE);
  /* Blocked before any thread exists, so that only sigwait() gets them. */
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  int status = EXIT_FAILURE;
  struct world *world = NULL;
  if (options_parse(&options, argc, argv, &error) && config_make(&config, &options, &error))
    world = world_open(&config, &options, &error);
  if (world != NULL) {
    status = run(world, &options, &signals);
  } else {
    stop_with(error);
  }
  world_free(world);
  config_clear(&config);
  options_clear(&options);
  return status;
}
