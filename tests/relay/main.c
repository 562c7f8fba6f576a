/* bigquery-relay [--port N] UPSTREAM: prints {"base_url":...} when it listens, and serves until it gets a signal. */
#include "base/thread.h"
#include "relay.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void relay_init(struct relay *relay, const char *upstream)
{
  pthread_mutex_init(&relay->lock, NULL);
  thread_cond_init(&relay->released);
  relay->upstream = g_strdup(upstream);
  relay->curl = curl_easy_init();
  relay->log = g_string_new(NULL);
  relay->rules = g_ptr_array_new_with_free_func(rule_free);
  relay->jobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, relay_job_free);
  relay->requests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  relay->insert_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  relay->late = g_ptr_array_new_with_free_func(relay_late_free);
  relay->tokens = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  relay_reset(relay);
}

static void wait_for_signal(const sigset_t *signals)
{
  int number = 0;
  do
    sigwait(signals, &number);
  while (number == SIGPIPE);
}

int main(int argc, char **argv)
{
  int wanted = 0;
  sigset_t signals;
  g_autoptr(GError) error = NULL;
  g_autoptr(GOptionContext) options = g_option_context_new("UPSTREAM");
  const GOptionEntry entries[] = {{"port", 0, 0, G_OPTION_ARG_INT, &wanted, "where to listen; 0: anywhere", "N"}, {0}};
  g_option_context_add_main_entries(options, entries, NULL);
  if (!g_option_context_parse(options, &argc, &argv, &error) || argc != 2) {
    fprintf(stderr, "bigquery-relay: %s\n", error ? error->message : "name the emulator's URL");
    return EXIT_FAILURE;
  }
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  static struct relay relay; /* its threads end with the process */
  pthread_t thread;
  uint16_t port = (uint16_t)wanted;
  relay_init(&relay, argv[1]);
  if (!relay_listen(&relay, &port, &error) || !thread_start(&thread, relay_serve, &relay)) {
    fprintf(stderr, "bigquery-relay: %s\n", error ? error->message : "cannot start a thread");
    return EXIT_FAILURE;
  }
  printf("{\"base_url\":\"http://127.0.0.1:%u\"}\n", port);
  fflush(stdout);
  wait_for_signal(&signals);
  _exit(EXIT_SUCCESS);
}
