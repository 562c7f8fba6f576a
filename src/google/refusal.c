#include "google/refusal.h"

#include "net/scrub.h"

#include <string.h>

#define ANY_STATUS (-1)

/* One row: what must be there (NULL and ANY_STATUS: anything), and what it means. The first row that fits counts. */
struct rule {
  const char *reason;
  int64_t status;
  const char *words; /* in the message, lower case */
  enum bigquery_cause cause;
  enum error_kind kind;
  enum refusal_remedy remedy;
  const char *advice;
};

static const char later[] = "the next run tries again";
static const char no_billing[] =
    "without billing BigQuery runs neither DML nor streaming: enable billing for the project";
static const char grant[] = "a permission is missing: docs/bigquery.md lists the roles, `leadferry doctor` tests them";
static const char location[] = "set warehouse.location to where the dataset is";
static const char absent[] = "check project, dataset and table; `leadferry schema apply` makes leadferry's own tables";
static const char mismatch[] = "the tables do not fit the statement: see `leadferry schema check`";
static const char no_filter[] = "a table demands a filter by its partitions (require_partition_filter): take that "
                                "option off, or let the view that is "
                                "source.table have such a filter";
static const char too_young[] = "rows that were streamed in within the last 90 minutes cannot be changed yet";
static const char quota[] = "a quota of the project is used up: wait at least ten minutes, or have it raised";
static const char slower[] = "too many requests at once from this project; the next run tries again";
static const char limit[] = "raise warehouse.maximum_bytes_billed, or have the tables partitioned";
static const char too_much[] = "the statement needs more than BigQuery allows it";
static const char exists[] = "it is there already";
static const char again[] = "read it again, then repeat the change";
static const char cancelled[] = "somebody or a time limit cancelled the job; the next run tries again";
static const char not_enabled[] = "enable the API: gcloud services enable bigquery.googleapis.com";
static const char no_quota_project[] =
    "the quota project may not be used: grant roles/serviceusage.serviceUsageConsumer there, or name another one";
static const char no_scope[] = "the token may not be used for BigQuery: give the machine the access scope "
                               "cloud-platform (gcloud compute instances "
                               "set-service-account --scopes), or log in anew (gcloud auth application-default login)";
static const char unauthorized[] = "Google did not take the credentials: `leadferry doctor` says which are used";
static const char refused[] = "BigQuery understood the request and refused it";

/* clang-format off */
static const struct rule rules[] = {
    /* Words first: these come with several reasons and statuses. */
    {NULL, ANY_STATUS, "could not serialize access", BIGQUERY_CAUSE_CONFLICT, ERROR_TRANSIENT, REMEDY_NEW, later},
    {NULL, ANY_STATUS, "aborted due to concurrent update", BIGQUERY_CAUSE_CONFLICT, ERROR_TRANSIENT, REMEDY_NEW, later},
    {NULL, ANY_STATUS, "too many dml statements outstanding", BIGQUERY_CAUSE_CONFLICT, ERROR_TRANSIENT, REMEDY_NEW, later},
    {NULL, ANY_STATUS, "streaming buffer", BIGQUERY_CAUSE_STREAMING_BUFFER, ERROR_TRANSIENT, REMEDY_NONE, too_young},
    {NULL, ANY_STATUS, "not allowed in the free tier", BIGQUERY_CAUSE_BILLING, ERROR_CONFIG, REMEDY_NONE, no_billing},
    {NULL, ANY_STATUS, "billing has not been enabled", BIGQUERY_CAUSE_BILLING, ERROR_CONFIG, REMEDY_NONE, no_billing},
    {"billingNotEnabled", ANY_STATUS, NULL, BIGQUERY_CAUSE_BILLING, ERROR_CONFIG, REMEDY_NONE, no_billing},
    {"accessNotConfigured", ANY_STATUS, NULL, BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE, not_enabled},
    {NULL, 403, "api has not been used in project", BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE, not_enabled},
    {NULL, 400, "has not enabled bigquery", BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE, not_enabled},
    {NULL, 403, "insufficient authentication scopes", BIGQUERY_CAUSE_CREDENTIALS, ERROR_AUTH, REMEDY_NONE, no_scope},
    {NULL, 403, "serviceusage", BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE, no_quota_project},
    /* The emulator's words for what has reasons of its own in BigQuery. */
    {"jobInternalError", 400, "is already created", BIGQUERY_CAUSE_DUPLICATE, ERROR_REJECTED, REMEDY_NONE, exists},
    {"jobInternalError", 400, "table not found", BIGQUERY_CAUSE_NOT_FOUND, ERROR_NOT_FOUND, REMEDY_NONE, absent},
    {"jobInternalError", 400, "failed to parse", BIGQUERY_CAUSE_QUERY, ERROR_REJECTED, REMEDY_NONE, refused},
    {"jobInternalError", 400, "failed to analyze", BIGQUERY_CAUSE_QUERY, ERROR_REJECTED, REMEDY_NONE, refused},
    {"internalError", 500, "unsupported bigquery.", BIGQUERY_CAUSE_OTHER, ERROR_REJECTED, REMEDY_NONE, refused},
    /* Limits. */
    {NULL, ANY_STATUS, "exceeded limit for bytes billed", BIGQUERY_CAUSE_TOO_MUCH, ERROR_CONFIG, REMEDY_NONE, limit},
    {"bytesBilledLimitExceeded", ANY_STATUS, NULL, BIGQUERY_CAUSE_TOO_MUCH, ERROR_CONFIG, REMEDY_NONE, limit},
    {NULL, ANY_STATUS, "found in location", BIGQUERY_CAUSE_LOCATION, ERROR_CONFIG, REMEDY_NONE, location},

    /* The job failed, and for no fault of the statement's. */
    {"jobBackendError", ANY_STATUS, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_NEW, later},
    {"jobInternalError", ANY_STATUS, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_NEW, later},
    {"jobRateLimitExceeded", ANY_STATUS, NULL, BIGQUERY_CAUSE_RATE, ERROR_RATE_LIMITED, REMEDY_NEW, slower},
    {NULL, 400, "exceeded rate limit", BIGQUERY_CAUSE_RATE, ERROR_RATE_LIMITED, REMEDY_NEW, slower},

    /* The request failed. */
    {"rateLimitExceeded", ANY_STATUS, NULL, BIGQUERY_CAUSE_RATE, ERROR_RATE_LIMITED, REMEDY_SAME, slower},
    {"userRateLimitExceeded", ANY_STATUS, NULL, BIGQUERY_CAUSE_RATE, ERROR_RATE_LIMITED, REMEDY_SAME, slower},
    {"backendError", ANY_STATUS, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME, later},
    {"internalError", ANY_STATUS, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME, later},
    {"badGateway", ANY_STATUS, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME, later},
    {"tableUnavailable", ANY_STATUS, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME, later},
    {"quotaExceeded", ANY_STATUS, NULL, BIGQUERY_CAUSE_QUOTA, ERROR_RATE_LIMITED, REMEDY_NONE, quota},

    /* Somebody has to do something. */
    {"duplicate", ANY_STATUS, NULL, BIGQUERY_CAUSE_DUPLICATE, ERROR_REJECTED, REMEDY_NONE, exists},
    {"notFound", ANY_STATUS, NULL, BIGQUERY_CAUSE_NOT_FOUND, ERROR_NOT_FOUND, REMEDY_NONE, absent},
    {"accessDenied", ANY_STATUS, NULL, BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE, grant},
    {"blocked", ANY_STATUS, NULL, BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE, grant},
    {"responseTooLarge", ANY_STATUS, NULL, BIGQUERY_CAUSE_TOO_MUCH, ERROR_REJECTED, REMEDY_NONE, too_much},
    {"resourcesExceeded", ANY_STATUS, NULL, BIGQUERY_CAUSE_TOO_MUCH, ERROR_REJECTED, REMEDY_NONE, too_much},
    {"billingTierLimitExceeded", ANY_STATUS, NULL, BIGQUERY_CAUSE_TOO_MUCH, ERROR_REJECTED, REMEDY_NONE, too_much},
    {"timeout", ANY_STATUS, NULL, BIGQUERY_CAUSE_TOO_MUCH, ERROR_TRANSIENT, REMEDY_NONE, too_much},
    {"stopped", ANY_STATUS, NULL, BIGQUERY_CAUSE_CANCELLED, ERROR_TRANSIENT, REMEDY_NONE, cancelled},
    {"conditionNotMet", ANY_STATUS, NULL, BIGQUERY_CAUSE_CHANGED, ERROR_TRANSIENT, REMEDY_NONE, again},
    {NULL, 400, "unrecognized name", BIGQUERY_CAUSE_QUERY, ERROR_CONFIG, REMEDY_NONE, mismatch},
    {NULL, 400, "no matching signature", BIGQUERY_CAUSE_QUERY, ERROR_CONFIG, REMEDY_NONE, mismatch},
    {NULL, 400, "partition elimination", BIGQUERY_CAUSE_QUERY, ERROR_CONFIG, REMEDY_NONE, no_filter},
    {NULL, 400, "no such field", BIGQUERY_CAUSE_QUERY, ERROR_CONFIG, REMEDY_NONE, mismatch},
    {"invalidQuery", ANY_STATUS, NULL, BIGQUERY_CAUSE_QUERY, ERROR_REJECTED, REMEDY_NONE, refused},
    {"invalid", ANY_STATUS, NULL, BIGQUERY_CAUSE_QUERY, ERROR_REJECTED, REMEDY_NONE, refused},

    /* No reason, or one that is new: the status. A proxy answers like this. */
    {NULL, 401, NULL, BIGQUERY_CAUSE_CREDENTIALS, ERROR_AUTH, REMEDY_NONE, unauthorized},
    {NULL, 403, NULL, BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE, grant},
    {NULL, 404, NULL, BIGQUERY_CAUSE_NOT_FOUND, ERROR_NOT_FOUND, REMEDY_NONE, absent},
    {NULL, 409, NULL, BIGQUERY_CAUSE_DUPLICATE, ERROR_REJECTED, REMEDY_NONE, exists},
    {NULL, 412, NULL, BIGQUERY_CAUSE_CHANGED, ERROR_TRANSIENT, REMEDY_NONE, again},
    {NULL, 413, NULL, BIGQUERY_CAUSE_TOO_MUCH, ERROR_REJECTED, REMEDY_NONE, too_much},
    {NULL, 429, NULL, BIGQUERY_CAUSE_RATE, ERROR_RATE_LIMITED, REMEDY_SAME, slower},
    {NULL, 408, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME, later},
    {NULL, 500, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME, later},
    {NULL, 502, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME, later},
    {NULL, 503, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME, later},
    {NULL, 504, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME, later},
    {NULL, ANY_STATUS, NULL, BIGQUERY_CAUSE_OTHER, ERROR_REJECTED, REMEDY_NONE, refused},
};
/* clang-format on */

static bool rule_fits(const struct rule *rule, const char *reason, int64_t status, const char *lower)
{
  if (rule->reason && (!reason || strcmp(rule->reason, reason) != 0)) return false;
  if (rule->status != ANY_STATUS && rule->status != status) return false;
  return !rule->words || strstr(lower, rule->words);
}

/* A job's own error names no status; its rows say 400, as the same error does when a request reports it. */
struct refusal refusal_of(const char *reason, int64_t status, const char *message)
{
  bool is_job = status == 0;
  g_autofree char *lower = g_ascii_strdown(message ? message : "", -1);
  const struct rule *rule = rules;
  while (!rule_fits(rule, reason, is_job ? 400 : status, lower)) {
    rule++;
  }
  bool is_new = is_job && rule->remedy == REMEDY_SAME;
  return (struct refusal){
      .cause = rule->cause,
      .kind = rule->kind,
      .remedy = is_new ? REMEDY_NEW : rule->remedy,
      .advice = rule->advice,
  };
}

/* Errors that BigQuery finds before it looks at any data: what they quote is the statement's text or a table's name,
 * and values never are a part of either. */
static bool is_about_text(const char *message)
{
  static const char *const beginnings[] = {
      "Syntax error",          "Unrecognized name",  "Not found",     "No matching signature",
      "Access Denied",         "Already Exists",     "no such field", "Invalid dataset",
      "failed to parse",       "failed to analyze",  "Name ",         "Invalid project",
      "Table-valued function", "Function not found",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(beginnings); i++) {
    if (g_str_has_prefix(message, beginnings[i])) return true;
  }
  return false;
}

char *refusal_words(const char *message)
{
  if (!message) return g_strdup("no message");
  if (is_about_text(message)) return net_scrub(message);
  g_autoptr(GString) kept = g_string_new(NULL);
  for (const char *at = message; *at != '\0'; at++) {
    const char *close = *at == '"' || *at == '\'' ? strchr(at + 1, *at) : NULL;
    if (!close) {
      g_string_append_c(kept, *at);
      continue;
    }
    g_string_append(kept, "[value]");
    at = close;
  }
  return net_scrub(kept->str);
}

const char *bigquery_cause_name(enum bigquery_cause cause)
{
  static const char *const names[BIGQUERY_CAUSES_N] = {
      [BIGQUERY_CAUSE_NONE] = "none",
      [BIGQUERY_CAUSE_UNANSWERED] = "unanswered",
      [BIGQUERY_CAUSE_BACKEND] = "backend",
      [BIGQUERY_CAUSE_RATE] = "rate",
      [BIGQUERY_CAUSE_QUOTA] = "quota",
      [BIGQUERY_CAUSE_CONFLICT] = "conflict",
      [BIGQUERY_CAUSE_STREAMING_BUFFER] = "streaming_buffer",
      [BIGQUERY_CAUSE_DUPLICATE] = "duplicate",
      [BIGQUERY_CAUSE_NOT_FOUND] = "not_found",
      [BIGQUERY_CAUSE_LOCATION] = "location",
      [BIGQUERY_CAUSE_QUERY] = "query",
      [BIGQUERY_CAUSE_TOO_MUCH] = "too_much",
      [BIGQUERY_CAUSE_BILLING] = "billing",
      [BIGQUERY_CAUSE_ACCESS] = "access",
      [BIGQUERY_CAUSE_CREDENTIALS] = "credentials",
      [BIGQUERY_CAUSE_CANCELLED] = "cancelled",
      [BIGQUERY_CAUSE_ROWS] = "rows",
      [BIGQUERY_CAUSE_CHANGED] = "changed",
      [BIGQUERY_CAUSE_OTHER] = "other",
  };
  return names[cause];
}
