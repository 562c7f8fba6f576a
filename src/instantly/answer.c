#include "instantly/answer.h"

#include "core/classify.h"
#include "net/scrub.h"

#include <string.h>

/* ---- words of others ---- */

/* The envelope {statusCode, error, message}; some have only one of the two words. */
static char *words_of(const cJSON *tree)
{
  const char *error = json_string(tree, "error");
  const char *message = json_string(tree, "message");
  g_autofree char *both = NULL;
  if (error && message) both = g_strdup_printf("%s: %s", error, message);
  return net_scrub(both ? both : message ? message : error);
}

/* ---- words of ours that come back ---- */

static bool is_word_byte(char c)
{
  return g_ascii_isalnum(c) || (unsigned char)c >= 0x80;
}

/* All texts of a request's body, but for the names of its fields, as " word word ". */
static void collect_words(const cJSON *item, GString *words)
{
  const cJSON *child;
  cJSON_ArrayForEach(child, item) collect_words(child, words);
  if (!cJSON_IsString(item)) return;
  for (const char *at = item->valuestring; *at; at++)
    g_string_append_c(words, is_word_byte(*at) ? g_ascii_tolower(*at) : ' ');
  g_string_append_c(words, ' ');
}

static bool was_sent(const GString *sent, const char *word, size_t length)
{
  g_autofree char *lower = g_ascii_strdown(word, (gssize)length);
  g_autofree char *whole = g_strconcat(" ", lower, " ", NULL);
  return strstr(sent->str, whole) != NULL;
}

/* An answer may quote a lead's name or company back at us: whatever word we sent as a value is left out of sentences.
 */
static char *without_sent(const struct call *call, const char *words)
{
  g_autoptr(cJSON) tree = call->body ? json_parse(call->body->str, call->body->len, NULL) : NULL;
  if (!tree) return g_strdup(words);
  g_autoptr(GString) sent = g_string_new(" ");
  collect_words(tree, sent);
  GString *kept = g_string_new(NULL);
  for (const char *at = words; *at;) {
    size_t length = 0;
    while (is_word_byte(at[length]))
      length++;
    if (length > 1 && was_sent(sent, at, length))
      g_string_append(kept, "[sent]");
    else
      g_string_append_len(kept, at, (gssize)MAX(length, 1));
    at += MAX(length, 1);
  }
  return g_string_free(kept, FALSE);
}

void answer_describe(struct call *call)
{
  if (call->reply.transport != TRANSPORT_ANSWERED || !call->answer) return;
  g_autoptr(cJSON) tree = json_parse(call->answer->str, call->answer->len, NULL);
  call->reply.is_json = cJSON_IsObject(tree) || cJSON_IsArray(tree);
  g_autofree char *quoted = call->reply.is_json ? words_of(tree) : g_strdup(call->is_html ? "HTML" : "not JSON");
  g_autofree char *words = without_sent(call, quoted);
  g_strlcpy(call->reply.message, words[0] != '\0' ? words : "no message", sizeof call->reply.message);
}

/* ---- sentences ---- */

static char *advice_for(const struct call *call, const struct endpoint *endpoint)
{
  int64_t status = call->reply.status;
  if (status == 403 && !call->reply.is_json) return g_strdup("a proxy or Instantly's edge refused it, not the API");
  switch (status) {
  case 401: return g_strdup("check instantly.api_key: it may be mistyped, revoked, or of API v1");
  case 402: return g_strdup("the workspace has no active paid plan for this");
  case 403:
    return g_strdup_printf("the key lacks the scope %s (or one that includes it)",
                           endpoint->scope ? endpoint->scope : "all:read");
  case 404: return g_strdup("it is not in this workspace: was it deleted, or does the key belong to another one?");
  case 429: return g_strdup("lower instantly.requests_per_second: other tools share the workspace's limit");
  default: break;
  }
  if (status >= 500) return g_strdup("Instantly has a problem of its own; the next run tries again");
  if (status >= 300 && status < 400) return g_strdup("redirects are not followed: check instantly.base_url");
  return g_strdup("Instantly understood the request and refused it");
}

static void set_unanswered(const struct call *call, GError **error)
{
  const struct reply *reply = &call->reply;
  g_autofree char *words = net_scrub(reply->message);
  const char *what = reply->transport == TRANSPORT_NOT_SENT    ? "could not be reached for"
                     : reply->transport == TRANSPORT_CANCELLED ? "was not asked (cancelled):"
                                                               : "gave no whole answer to";
  error_set(error, classify_error(reply), "Instantly %s %s %s (%s, %d tries)", what, call->method, call->route, words,
            call->tries_n);
}

static void set_refused(struct call *call, const struct endpoint *endpoint, GError **error)
{
  answer_describe(call);
  const struct reply *reply = &call->reply;
  g_autofree char *advice = advice_for(call, endpoint);
  error_set(error, classify_error(reply), "Instantly answered %d to %s %s (%s): %s", (int)reply->status, call->method,
            call->route, reply->message, advice);
  if (error) error_note_status(*error, reply->status);
}

bool answer_is_good(struct call *call, const struct endpoint *endpoint, GError **error)
{
  if (call->reply.transport != TRANSPORT_ANSWERED) {
    set_unanswered(call, error);
    return false;
  }
  if (call->reply.status < 200 || call->reply.status > 299) {
    set_refused(call, endpoint, error);
    return false;
  }
  if (call->is_html) {
    error_set(error, ERROR_CORRUPT, "%s %s was answered with HTML: check instantly.base_url, or a proxy on the way",
              call->method, call->route);
    return false;
  }
  return true;
}

cJSON *answer_parse(const char *bytes, size_t length, GError **error)
{
  g_autoptr(cJSON) tree = json_parse_flat(bytes, length, error);
  if (!tree) return NULL;
  const char *refusal = json_string(tree, "error");
  if (!refusal || refusal[0] == '\0') return g_steal_pointer(&tree);
  g_autofree char *words = words_of(tree);
  error_set(error, ERROR_REJECTED, "the answer is an error in spite of its status: %s", words);
  return NULL;
}
