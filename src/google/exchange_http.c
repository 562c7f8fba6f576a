/* One question to a token server. A connection of its own each time: there is one an hour. */
#include "google/exchange.h"

#include "base/random.h"
#include "net/scrub.h"

#include <string.h>

#define ANSWER_MAX ((size_t)256 << 10)

#ifndef LEADFERRY_VERSION
#define LEADFERRY_VERSION "0"
#endif

void form_append(GString *form, const char *name, const char *value)
{
  g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
  g_string_append_printf(form, "%s%s=%s", form->len > 0 ? "&" : "", name, escaped);
  explicit_bzero(escaped, strlen(escaped));
}

/* Tests stand in for Google on loopback; nothing that a credential file says leads there. */
static char *base_url_of(const struct exchange *exchange, const struct question *question)
{
  if (!question->host) return g_strdup(question->base_url);
  if (exchange->test_base_url) return g_strconcat(exchange->test_base_url, "/", question->host, NULL);
  return g_strconcat("https://", question->host, NULL);
}

static void set_unanswered(const struct question *question, GError **error)
{
  const struct reply *reply = &question->call.reply;
  bool was_cancelled = reply->transport == TRANSPORT_CANCELLED;
  g_autofree char *words = net_scrub(reply->message);
  error_set(error, was_cancelled ? ERROR_CANCELLED : ERROR_TRANSIENT, "%s %s (%s, %d tries)", question->what,
            was_cancelled ? "was not asked: cancelled" : "gave no answer", words, question->call.tries_n);
}

bool question_ask(const struct exchange *exchange, struct question *question, GError **error)
{
  g_autofree char *base_url = base_url_of(exchange, question);
  const struct retry_policy retry = {
      .tries_max = question->tries_max,
      .base_us = SECOND_US,
      .cap_us = 8 * SECOND_US,
      .retry_after_max_us = 60 * SECOND_US,
  };
  int64_t timeout_s = question->timeout_s > 0 ? question->timeout_s : 30;
  const struct net_options options = {
      .wire = {.base_url = base_url,
               .user_agent = "leadferry/" LEADFERRY_VERSION,
               .connect_timeout_s = MIN(timeout_s, 10),
               .request_timeout_s = timeout_s},
      .clock = exchange->clock,
      .requests_per_second = 10,
      .reads_in_flight = 1,
      .writes_in_flight = 1,
      .seed = random_u64(),
      .retry = &retry,
      .is_cancelled = exchange->is_cancelled,
      .cancel_context = exchange->cancel_context,
  };
  struct net *net = net_open(&options, error);
  if (!net) return false;
  struct call *call = &question->call;
  call_clear(call);
  call_init(call, CALL_IDEMPOTENT, question->method, question->what);
  call->path = g_strdup(question->path);
  call->body = question->body;
  call->content_type = question->content_type;
  call->headers = question->headers;
  call->watched_name = question->watched_name;
  call->answer_max_bytes = ANSWER_MAX;
  net_perform(net, &call, 1);
  net_close(net);
  if (call->reply.transport == TRANSPORT_ANSWERED) return true;
  set_unanswered(question, error);
  return false;
}

bool question_is_good(const struct question *question)
{
  return question->call.reply.transport == TRANSPORT_ANSWERED && question->call.reply.status == 200;
}

static void wipe(GString *text)
{
  if (!text) return;
  explicit_bzero(text->str, text->allocated_len);
  g_string_truncate(text, 0);
}

void question_clear(struct question *question)
{
  wipe(question->call.answer);
  call_clear(&question->call);
  wipe(question->body);
  if (question->body) g_string_free(g_steal_pointer(&question->body), TRUE);
}
