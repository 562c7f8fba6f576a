#include "core/classify.h"

#include <string.h>

/* What a status means for a request that creates. Only statuses that the API declares, or that were seen to be answered
 * before any work, promise that nothing was created; every other one is unknown. Redirects, 408, 409 and 5xx among
 * them: a proxy may say these after the server has acted. */
static const struct {
  int64_t status;
  enum answer_class answer;
} refusals[] = {
    {400, ANSWER_SPLIT},         {401, ANSWER_STOP_RUN}, {402, ANSWER_STOP_RUN}, {403, ANSWER_STOP_RUN},
    {404, ANSWER_STOP_CAMPAIGN}, {413, ANSWER_SPLIT},    {422, ANSWER_SPLIT},    {429, ANSWER_THROTTLED},
};

static bool counters_add_up(const struct add_answer *answer, size_t sent_n)
{
  const int64_t counters[] = {
      answer->uploaded, answer->in_blocklist, answer->duplicated,      answer->skipped,
      answer->invalid,  answer->incomplete,   answer->duplicate_email,
  };
  int64_t left = (int64_t)sent_n;
  for (size_t i = 0; i < G_N_ELEMENTS(counters); i++) {
    if (counters[i] < 0 || counters[i] > left) return false;
    left -= counters[i];
  }
  return left == 0 && answer->total_sent == (int64_t)sent_n;
}

/* Each created row names another lead of ours, names it rightly, and has an id of its own. */
static bool rows_are_ours(const struct add_answer *answer, size_t sent_n)
{
  size_t created_n = answer->created ? answer->created->len : 0;
  if ((int64_t)created_n != answer->uploaded) return false;
  g_autofree bool *is_seen = g_new0(bool, sent_n + 1);
  g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < created_n; i++) {
    const struct created_lead *row = &g_array_index(answer->created, struct created_lead, i);
    bool is_in_range = row->index >= 0 && row->index < (int64_t)sent_n;
    if (!is_in_range || !row->email_matches || row->id[0] == '\0' || is_seen[row->index]) return false;
    is_seen[row->index] = true;
    if (!g_hash_table_add(ids, (gpointer)row->id)) return false;
  }
  return true;
}

enum answer_class classify_add(const struct add_answer *answer, size_t sent_n)
{
  const struct reply *reply = &answer->reply;
  if (reply->transport == TRANSPORT_NOT_SENT || reply->transport == TRANSPORT_CANCELLED) return ANSWER_NOT_SENT;
  if (reply->transport != TRANSPORT_ANSWERED) return ANSWER_UNKNOWN;
  for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
    if (refusals[i].status == reply->status) return refusals[i].answer;
  }
  bool is_whole = reply->status == 200 && reply->is_json && answer->is_success;
  bool is_explained = is_whole && counters_add_up(answer, sent_n) && rows_are_ours(answer, sent_n);
  return is_explained ? ANSWER_EXPLAINED : ANSWER_UNKNOWN;
}

enum attribution classify_missing(const struct add_answer *answer)
{
  const struct {
    int64_t n;
    enum attribution attribution;
  } counters[] = {
      {answer->in_blocklist, ATTRIBUTE_BLOCKLIST}, {answer->skipped, ATTRIBUTE_SKIPPED},
      {answer->invalid, ATTRIBUTE_INVALID},        {answer->incomplete, ATTRIBUTE_INCOMPLETE},
      {answer->duplicated, ATTRIBUTE_ASK},         {answer->duplicate_email, ATTRIBUTE_ASK},
  };
  enum attribution found = ATTRIBUTE_ASK;
  int reasons_n = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(counters); i++) {
    if (counters[i].n == 0) continue;
    found = counters[i].attribution;
    reasons_n++;
  }
  return reasons_n == 1 ? found : ATTRIBUTE_ASK;
}

bool classify_is_retryable(const struct reply *reply)
{
  if (reply->transport == TRANSPORT_CANCELLED) return false;
  if (reply->transport != TRANSPORT_ANSWERED) return true;
  switch (reply->status) {
  case 408:
  case 425:
  case 429:
  case 500:
  case 502:
  case 503:
  case 504: return true;
  default: return false;
  }
}

enum error_kind classify_error(const struct reply *reply)
{
  if (reply->transport == TRANSPORT_CANCELLED) return ERROR_CANCELLED;
  if (reply->transport != TRANSPORT_ANSWERED) return ERROR_TRANSIENT;
  switch (reply->status) {
  case 401:
  case 402:
  case 403: return ERROR_AUTH;
  case 404: return ERROR_NOT_FOUND;
  case 408:
  case 425: return ERROR_TRANSIENT;
  case 429: return ERROR_RATE_LIMITED;
  default: break;
  }
  if (reply->status >= 500) return ERROR_TRANSIENT;
  return reply->status >= 300 ? ERROR_REJECTED : ERROR_CORRUPT;
}

const char *answer_class_name(enum answer_class answer)
{
  static const char *const names[] = {
      [ANSWER_EXPLAINED] = "explained", [ANSWER_NOT_SENT] = "not_sent", [ANSWER_THROTTLED] = "throttled",
      [ANSWER_SPLIT] = "split",         [ANSWER_STOP_RUN] = "stop_run", [ANSWER_STOP_CAMPAIGN] = "stop_campaign",
      [ANSWER_UNKNOWN] = "unknown",
  };
  return (size_t)answer < G_N_ELEMENTS(names) ? names[answer] : "unknown";
}
