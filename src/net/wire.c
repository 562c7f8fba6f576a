#include "net/wire.h"

#include "net/handle.h"

#include <string.h>

struct wire {
  struct handle_setup setup;
  CURLM *multi;
  GPtrArray *idle; /* CURL *: handles waiting for a request */
  GQueue done;     /* struct request *: finished and not yet returned */
};

/* libcurl writes the secrets of each TLS session into the file that this variable names, when it starts: whoever reads
 * that file can read the key out of a recorded connection. Nothing of ours needs it. */
static void forbid_key_log(void)
{
  g_unsetenv("SSLKEYLOGFILE");
}

struct wire *wire_open(const struct wire_options *options, GError **error)
{
  forbid_key_log();
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    error_set(error, ERROR_CONFIG, "libcurl %s cannot be started", LIBCURL_VERSION);
    return NULL;
  }
  struct wire *wire = g_new0(struct wire, 1);
  handle_setup_init(&wire->setup, options);
  wire->idle = g_ptr_array_new_with_free_func(curl_easy_cleanup);
  wire->multi = curl_multi_init();
  if (!wire->multi) g_error("out of memory");
  long in_flight_max = MAX(1, options->in_flight_max);
  curl_multi_setopt(wire->multi, CURLMOPT_MAXCONNECTS, in_flight_max);
  curl_multi_setopt(wire->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, in_flight_max);
  curl_multi_setopt(wire->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
  return wire;
}

void wire_close(struct wire *wire)
{
  if (!wire) return;
  g_ptr_array_unref(wire->idle);
  curl_multi_cleanup(wire->multi);
  g_queue_clear(&wire->done);
  handle_setup_clear(&wire->setup);
  g_free(wire);
  curl_global_cleanup();
}

static CURL *handle_take(struct wire *wire)
{
  GPtrArray *idle = wire->idle;
  if (idle->len > 0) return g_ptr_array_steal_index_fast(idle, idle->len - 1);
  CURL *easy = curl_easy_init();
  if (!easy) g_error("out of memory");
  return easy;
}

static void request_end(struct wire *wire, struct request *request, CURLcode code)
{
  CURL *easy = request->handle;
  handle_finish(easy, code, request);
  handle_release(easy, request);
  g_ptr_array_add(wire->idle, easy);
  g_queue_push_tail(&wire->done, request);
}

void wire_start(struct wire *wire, struct request *request)
{
  request->handle = handle_take(wire);
  bool is_started = handle_prepare(request->handle, &wire->setup, request) &&
                    curl_multi_add_handle(wire->multi, request->handle) == CURLM_OK;
  if (!is_started) request_end(wire, request, CURLE_FAILED_INIT);
}

/* Moves finished transfers into the done queue. */
static void collect(struct wire *wire)
{
  int left_n = 0;
  for (CURLMsg *message = curl_multi_info_read(wire->multi, &left_n); message;
       message = curl_multi_info_read(wire->multi, &left_n)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL *easy = message->easy_handle;
    CURLcode code = message->data.result;
    struct request *request = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&request);
    curl_multi_remove_handle(wire->multi, easy);
    request_end(wire, request, code);
  }
}

void wire_poll(struct wire *wire, int64_t wait_us)
{
  int running_n = 0;
  curl_multi_perform(wire->multi, &running_n);
  collect(wire);
  if (!g_queue_is_empty(&wire->done) || running_n == 0 || wait_us <= 0) return;
  int wait_ms = (int)MIN((wait_us + 999) / 1000, 1000);
  curl_multi_poll(wire->multi, NULL, 0, wait_ms, NULL);
  curl_multi_perform(wire->multi, &running_n);
  collect(wire);
}

struct request *wire_next_done(struct wire *wire)
{
  return g_queue_pop_head(&wire->done);
}

/* A time-out is what it is to the request: the answer that proves anything will not come. */
void wire_abort(struct wire *wire, struct request *request)
{
  curl_multi_remove_handle(wire->multi, request->handle);
  request_end(wire, request, CURLE_OPERATION_TIMEDOUT);
}
