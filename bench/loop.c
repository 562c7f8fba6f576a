#include "loop.h"

#include <curl/curl.h>

struct slot {
  CURL *easy;
  GString *answer;
  bool is_busy;
};

struct loop {
  const struct loop_options *options;
  struct loop_counts *counts;
  CURLM *multi;
  struct curl_slist *headers;
  struct slot *slots;
  int busy_n;
};

static size_t take_bytes(char *bytes, size_t size, size_t n, void *context)
{
  g_string_append_len(context, bytes, (gssize)(size * n));
  return size * n;
}

static void loop_open(struct loop *loop)
{
  const struct loop_options *options = loop->options;
  g_autofree char *authorization = g_strdup_printf("Authorization: Bearer %s", options->key);
  loop->multi = curl_multi_init();
  loop->headers = curl_slist_append(NULL, authorization);
  loop->headers = curl_slist_append(loop->headers, "Content-Type: application/json");
  loop->headers = curl_slist_append(loop->headers, "Expect:"); /* or libcurl waits a second for a 100 Continue */
  loop->slots = g_new0(struct slot, options->in_flight);
  for (int i = 0; i < options->in_flight; i++) {
    struct slot *slot = &loop->slots[i];
    slot->answer = g_string_new(NULL);
    slot->easy = curl_easy_init();
    curl_easy_setopt(slot->easy, CURLOPT_URL, options->url);
    curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, loop->headers);
    curl_easy_setopt(slot->easy, CURLOPT_USERAGENT, "floor"); /* the edge refuses callers without a name */
    curl_easy_setopt(slot->easy, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(slot->easy, CURLOPT_WRITEDATA, slot->answer);
    curl_easy_setopt(slot->easy, CURLOPT_PRIVATE, (void *)slot);
  }
}

static void loop_close(struct loop *loop)
{
  for (int i = 0; i < loop->options->in_flight; i++) {
    if (loop->slots[i].is_busy) curl_multi_remove_handle(loop->multi, loop->slots[i].easy);
    curl_easy_cleanup(loop->slots[i].easy);
    g_string_free(loop->slots[i].answer, TRUE);
  }
  curl_multi_cleanup(loop->multi);
  curl_slist_free_all(loop->headers);
  g_free(loop->slots);
}

/* Gives every free slot its next body. */
static void feed(struct loop *loop)
{
  for (int i = 0; i < loop->options->in_flight; i++) {
    struct slot *slot = &loop->slots[i];
    struct loop_body body;
    if (slot->is_busy || !loop->options->next(loop->options->context, i, &body)) continue;
    g_string_truncate(slot->answer, 0);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, body.bytes);
    curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size);
    curl_multi_add_handle(loop->multi, slot->easy);
    loop->counts->calls_n++;
    loop->counts->sent_bytes += (int64_t)body.size;
    slot->is_busy = true;
    loop->busy_n++;
  }
}

static bool finish(struct loop *loop, const CURLMsg *message, GError **error)
{
  struct slot *slot = NULL;
  long status = 0;
  CURLcode code = message->data.result;
  curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
  curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(loop->multi, slot->easy);
  slot->is_busy = false;
  loop->busy_n--;
  loop->counts->read_bytes += (int64_t)slot->answer->len;
  if (code == CURLE_OK && status == 200 &&
      loop->options->answered(loop->options->context, (int)(slot - loop->slots), slot->answer))
    return true;
  error_set(error, ERROR_TRANSIENT, "the bare loop failed: %s, HTTP %ld, answer of %zu bytes", curl_easy_strerror(code),
            status, slot->answer->len);
  return false;
}

static bool step(struct loop *loop, GError **error)
{
  int running_n = 0, left_n = 0;
  CURLMsg *message;
  curl_multi_perform(loop->multi, &running_n);
  while ((message = curl_multi_info_read(loop->multi, &left_n)) != NULL)
    if (message->msg == CURLMSG_DONE && !finish(loop, message, error)) return false;
  feed(loop);
  if (running_n > 0 || loop->busy_n > 0) curl_multi_poll(loop->multi, NULL, 0, running_n > 0 ? 1000 : 0, NULL);
  return true;
}

bool loop_run(const struct loop_options *options, struct loop_counts *counts, GError **error)
{
  struct loop loop = {.options = options, .counts = counts};
  *counts = (struct loop_counts){0};
  curl_global_init(CURL_GLOBAL_DEFAULT);
  loop_open(&loop);
  feed(&loop);
  bool is_ok = true;
  while (is_ok && loop.busy_n > 0)
    is_ok = step(&loop, error);
  loop_close(&loop);
  return is_ok;
}
