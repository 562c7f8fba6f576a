/* One request to BigQuery: its path, its token, its repetitions, its error. */
#include "google/private.h"

#include "base/log.h"
#include "core/classify.h"
#include "google/credentials.h"
#include "google/source.h"
#include "net/scrub.h"

#include <string.h>

#define TRIES_MAX   6
#define HEADERS_MAX 4

/* ---- making ---- */

void ask_path(struct ask *ask, const char *root, const char *const *parts)
{
  GString *path = g_string_new(root);
  g_string_append(path, "/projects");
  for (; *parts; parts++) {
    g_autofree char *escaped = g_uri_escape_string(*parts, ":", FALSE);
    g_string_append_printf(path, "/%s", escaped);
  }
  g_string_append(path, "?prettyPrint=false");
  g_free(ask->call.path);
  ask->call.path = g_string_free(path, FALSE);
}

void ask_query(struct ask *ask, const char *name, const char *value)
{
  if (!value) return;
  g_autofree char *before = ask->call.path;
  g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
  ask->call.path = g_strconcat(before, "&", name, "=", escaped, NULL);
}

void ask_query_int(struct ask *ask, const char *name, int64_t value)
{
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
  ask_query(ask, name, text);
}

void ask_free(struct ask *ask)
{
  call_clear(&ask->call);
  g_clear_pointer(&ask->call.path, g_free);
  if (ask->body) g_string_free(g_steal_pointer(&ask->body), TRUE);
}

/* ---- sending ---- */

/* The lines that go with one request; lines point into the others. */
struct header_lines {
  char *token, *authorization, *quota_project, *etag;
  const char *lines[HEADERS_MAX];
};

static void header_lines_clear(struct header_lines *headers)
{
  g_clear_pointer(&headers->token, secret_free);
  g_clear_pointer(&headers->authorization, secret_free);
  g_clear_pointer(&headers->quota_project, g_free);
  g_clear_pointer(&headers->etag, g_free);
}

static bool header_lines_make(const struct bigquery *bigquery, const char *etag, struct header_lines *headers,
                              GError **error)
{
  size_t lines_n = 0;
  *headers = (struct header_lines){0};
  if (bigquery->credentials) {
    if (!credentials_token(bigquery->credentials, &headers->token, error)) return false;
    headers->authorization = g_strconcat("Authorization: Bearer ", headers->token, NULL);
    headers->lines[lines_n++] = headers->authorization;
    const char *quota_project = credentials_quota_project(bigquery->credentials);
    if (quota_project) headers->quota_project = g_strconcat("x-goog-user-project: ", quota_project, NULL);
    if (quota_project) headers->lines[lines_n++] = headers->quota_project;
  }
  if (etag) headers->etag = g_strconcat("If-Match: ", etag, NULL);
  if (etag) headers->lines[lines_n++] = headers->etag;
  return true;
}

/* Makes the call anew from the ask: a call is good for one net_perform(). The answer's memory is used again. */
static void prepare_call(struct ask *ask, const struct header_lines *headers)
{
  char *path = g_steal_pointer(&ask->call.path);
  GString *answer = g_steal_pointer(&ask->call.answer);
  call_clear(&ask->call);
  call_init(&ask->call, ask->is_read ? CALL_READ : CALL_IDEMPOTENT, ask->method, ask->route);
  ask->call.path = path;
  ask->call.answer = answer;
  ask->call.body = ask->body;
  ask->call.content_type = ask->content_type;
  ask->call.headers = headers->lines;
  ask->call.answer_max_bytes = PAGE_MAX_BYTES;
}

static bool answered_with(const struct ask *ask, int64_t status)
{
  return ask->call.reply.transport == TRANSPORT_ANSWERED && ask->call.reply.status == status;
}

static bool is_success(const struct ask *ask)
{
  const struct reply *reply = &ask->call.reply;
  return reply->transport == TRANSPORT_ANSWERED && reply->status >= 200 && reply->status <= 299 && !ask->call.is_html;
}

/* Requests on their way together. */
struct sending {
  struct ask **asks;
  size_t asks_n;
  size_t refused_n; /* the first so many were refused for their token */
  char *token;      /* the one they went with */
};

static void note_refused(struct sending *sending)
{
  sending->refused_n = 0;
  for (size_t i = 0; i < sending->asks_n; i++) {
    if (!answered_with(sending->asks[i], 401)) continue;
    struct ask *refused = sending->asks[i];
    sending->asks[i] = sending->asks[sending->refused_n];
    sending->asks[sending->refused_n++] = refused;
  }
}

/* Sends each once, all with the same token. False: there is none. */
static bool perform_once(struct bigquery *bigquery, struct sending *sending, GError **error)
{
  struct header_lines headers;
  if (!header_lines_make(bigquery, sending->asks[0]->etag, &headers, error)) return false;
  g_autofree struct call **calls = g_new0(struct call *, sending->asks_n);
  for (size_t i = 0; i < sending->asks_n; i++) {
    prepare_call(sending->asks[i], &headers);
    calls[i] = &sending->asks[i]->call;
  }
  net_perform(bigquery->net, calls, sending->asks_n);
  for (size_t i = 0; i < sending->asks_n; i++) {
    calls[i]->headers = NULL;
  }
  note_refused(sending);
  secret_free(sending->token);
  sending->token = g_steal_pointer(&headers.token);
  header_lines_clear(&headers);
  return true;
}

/* After a 401 the refused ones, and they alone, go again with a new token, once. False: there is none. */
static bool perform(struct bigquery *bigquery, struct ask *const *asks, size_t asks_n, GError **error)
{
  g_autofree struct ask **order = g_memdup2(asks, asks_n * sizeof *asks);
  struct sending sending = {.asks = order, .asks_n = asks_n};
  bool is_made = perform_once(bigquery, &sending, error);
  if (is_made && sending.refused_n > 0 && bigquery->credentials) {
    sending.asks_n = sending.refused_n;
    is_made = credentials_renew(bigquery->credentials, sending.token, error) && perform_once(bigquery, &sending, error);
  }
  secret_free(sending.token);
  if (!is_made) bigquery->last = (struct refusal){.cause = BIGQUERY_CAUSE_CREDENTIALS};
  return is_made;
}

static bool pause_us(struct bigquery *bigquery, int64_t duration_us, GError **error)
{
  if (net_wait(bigquery->net, duration_us)) return true;
  error_set(error, ERROR_CANCELLED, "cancelled while waiting for BigQuery");
  bigquery->last = (struct refusal){.cause = BIGQUERY_CAUSE_UNANSWERED, .kind = ERROR_CANCELLED};
  return false;
}

bool bigquery_pause(struct bigquery *bigquery, int tries_done, GError **error)
{
  int64_t longest_us = MIN(PAUSE_FIRST_US << MIN(tries_done - 1, 10), PAUSE_LONGEST_US);
  return pause_us(bigquery, (int64_t)(rng_unit(&bigquery->rng) * (double)longest_us), error);
}

bool bigquery_pace(struct bigquery *bigquery, int64_t begun_mono_us, int64_t wait_us, GError **error)
{
  return pause_us(bigquery, MAX(0, begun_mono_us + wait_us - clock_mono_us(bigquery->clock)), error);
}

bool ask_may_repeat(const struct bigquery *bigquery, const struct ask *ask)
{
  bool is_answered = ask->call.reply.transport == TRANSPORT_ANSWERED;
  bool was_repeated = classify_is_retryable(&ask->call.reply); /* by net_perform() already */
  return is_answered && bigquery->last.remedy == REMEDY_SAME && !was_repeated;
}

bool ask_send(struct bigquery *bigquery, struct ask *ask, GError **error)
{
  for (int tries_n = 1;; tries_n++) {
    g_autoptr(GError) problem = NULL;
    if (!perform(bigquery, &ask, 1, error)) return false;
    if (ask_is_good(bigquery, ask, &problem)) return true;
    if (!ask_may_repeat(bigquery, ask) || tries_n == TRIES_MAX) {
      g_propagate_error(error, g_steal_pointer(&problem));
      return false;
    }
    if (!bigquery_pause(bigquery, tries_n, error)) return false;
  }
}

bool ask_send_each(struct bigquery *bigquery, struct ask *const *asks, size_t asks_n, GError **error)
{
  return perform(bigquery, asks, asks_n, error);
}

/* ---- errors ---- */

static char *place_of(const struct ask *ask)
{
  return ask->name ? g_strdup_printf("%s (%s)", ask->route, ask->name) : g_strdup(ask->route);
}

static void set_unanswered(struct bigquery *bigquery, const struct ask *ask, GError **error)
{
  const struct reply *reply = &ask->call.reply;
  bool was_cancelled = reply->transport == TRANSPORT_CANCELLED;
  const char *what = reply->transport == TRANSPORT_NOT_SENT ? "could not be reached for"
                     : was_cancelled                        ? "was not asked (cancelled):"
                                                            : "gave no whole answer to";
  g_autofree char *words = net_scrub(reply->message);
  g_autofree char *place = place_of(ask);
  bigquery->last = (struct refusal){
      .cause = BIGQUERY_CAUSE_UNANSWERED,
      .kind = was_cancelled ? ERROR_CANCELLED : ERROR_TRANSIENT,
  };
  error_set(error, bigquery->last.kind, "BigQuery %s %s (%s, %d tries)", what, place, words, ask->call.tries_n);
}

void refusal_set(struct bigquery *bigquery, const struct refusal *refusal, const char *said, GError **error)
{
  bigquery->last = *refusal;
  error_set(error, refusal->kind, "%s: %s", said, refusal->advice);
}

/* {"error":{"code","message","errors":[{"reason","message"}]}} */
static void set_refused(struct bigquery *bigquery, struct ask *ask, GError **error)
{
  const GString *answer = ask->call.answer;
  g_autoptr(cJSON) tree = answer ? json_parse(answer->str, answer->len, NULL) : NULL;
  const cJSON *envelope = json_get(tree, "error");
  const char *reason = json_string(cJSON_GetArrayItem(json_get(envelope, "errors"), 0), "reason");
  const char *message = json_string(envelope, "message");
  int64_t status = ask->call.reply.status;
  struct refusal refusal = refusal_of(reason, status, message);
  g_autofree char *words = envelope ? refusal_words(message) : g_strdup(ask->call.is_html ? "HTML" : "no JSON");
  g_autofree char *short_reason = net_scrub(reason ? reason : "no reason");
  g_autofree char *place = place_of(ask);
  g_autofree char *said =
      g_strdup_printf("BigQuery answered %d %s to %s (%s)", (int)status, short_reason, place, words);
  refusal_set(bigquery, &refusal, said, error);
}

/* An answer may lie here for a while, and its Date has no fractions: less than this is no difference, also from what
 * was found before, so that one run's times do not go to and fro. */
#define CLOCK_DIFFERENCE_US (120 * SECOND_US)

void bigquery_clock_told(struct bigquery *bigquery, int64_t wall_us)
{
  if (wall_us <= 0) return;
  int64_t offset_us = wall_us - clock_wall_us(bigquery->clock);
  bigquery->told_us = wall_us;
  bigquery->told_boot_us = clock_boot_us(bigquery->clock);
  if (ABS(offset_us - bigquery->clock_offset_us) >= CLOCK_DIFFERENCE_US) bigquery->clock_offset_us = offset_us;
}

static void note_date(struct bigquery *bigquery, const struct ask *ask)
{
  const struct reply *reply = &ask->call.reply;
  int64_t true_us =
      bigquery->told_us ? bigquery->told_us + clock_boot_us(bigquery->clock) - bigquery->told_boot_us : reply->date_us;
  if (reply->transport != TRANSPORT_ANSWERED || true_us <= 0) return;
  int64_t offset_us = true_us - clock_wall_us(bigquery->clock);
  if (ABS(offset_us - bigquery->clock_offset_us) >= CLOCK_DIFFERENCE_US) bigquery->clock_offset_us = offset_us;
}

bool ask_is_good(struct bigquery *bigquery, struct ask *ask, GError **error)
{
  note_date(bigquery, ask);
  if (is_success(ask)) return true;
  if (ask->call.reply.transport != TRANSPORT_ANSWERED)
    set_unanswered(bigquery, ask, error);
  else
    set_refused(bigquery, ask, error);
  return false;
}

cJSON *ask_parse(struct ask *ask, GError **error)
{
  cJSON *tree = json_parse(ask->call.answer->str, ask->call.answer->len, error);
  if (tree) return tree;
  g_autofree char *place = place_of(ask);
  g_prefix_error(error, "BigQuery's answer to %s: ", place);
  return NULL;
}
