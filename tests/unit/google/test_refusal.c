/* The table of refusals: each row that somebody relies on, by reason, status and words. */
#include "google/refusal.h"

#include <string.h>

static const struct {
  const char *reason;
  int64_t status; /* 0: a job's own error */
  const char *message;
  enum bigquery_cause cause;
  enum error_kind kind;
  enum refusal_remedy remedy;
} rows[] = {
    {"backendError", 503, "x", BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME},
    {"backendError", 0, "x", BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_NEW},
    {"internalError", 500, "x", BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME},
    {"badGateway", 502, "x", BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME},
    {"jobBackendError", 400, "x", BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_NEW},
    {"jobInternalError", 400, "x", BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_NEW},
    {"jobRateLimitExceeded", 400, "x", BIGQUERY_CAUSE_RATE, ERROR_RATE_LIMITED, REMEDY_NEW},
    {"rateLimitExceeded", 403, "Exceeded rate limits", BIGQUERY_CAUSE_RATE, ERROR_RATE_LIMITED, REMEDY_SAME},
    {"rateLimitExceeded", 0, "x", BIGQUERY_CAUSE_RATE, ERROR_RATE_LIMITED, REMEDY_NEW},
    {"invalidQuery", 400, "Exceeded rate limits: too many table update operations", BIGQUERY_CAUSE_RATE,
     ERROR_RATE_LIMITED, REMEDY_NEW},
    {"quotaExceeded", 403, "x", BIGQUERY_CAUSE_QUOTA, ERROR_RATE_LIMITED, REMEDY_NONE},
    {"invalidQuery", 400, "Could not serialize access to table p:d.t", BIGQUERY_CAUSE_CONFLICT, ERROR_TRANSIENT,
     REMEDY_NEW},
    {"invalidQuery", 0, "Transaction is aborted due to concurrent update against table p.d.t", BIGQUERY_CAUSE_CONFLICT,
     ERROR_TRANSIENT, REMEDY_NEW},
    {"resourcesExceeded", 400,
     "Resources exceeded during query execution: Too many DML statements outstanding against table P:D.T, limit is 20.",
     BIGQUERY_CAUSE_CONFLICT, ERROR_TRANSIENT, REMEDY_NEW},
    {"invalidQuery", 400, "UPDATE or DELETE statement over table p.d.t would affect rows in the streaming buffer",
     BIGQUERY_CAUSE_STREAMING_BUFFER, ERROR_TRANSIENT, REMEDY_NONE},
    {"invalidQuery", 400, "Syntax error: Unexpected end", BIGQUERY_CAUSE_QUERY, ERROR_REJECTED, REMEDY_NONE},
    {"invalidQuery", 400, "Unrecognized name: foo at [1:2]", BIGQUERY_CAUSE_QUERY, ERROR_CONFIG, REMEDY_NONE},
    {"invalidQuery", 400,
     "Cannot query over table 'd.t' without a filter over column(s) 'a' that can be used for partition elimination",
     BIGQUERY_CAUSE_QUERY, ERROR_CONFIG, REMEDY_NONE},
    {"invalid", 400, "no such field: foo.", BIGQUERY_CAUSE_QUERY, ERROR_CONFIG, REMEDY_NONE},
    {"invalid", 400, "x", BIGQUERY_CAUSE_QUERY, ERROR_REJECTED, REMEDY_NONE},
    {"responseTooLarge", 403, "x", BIGQUERY_CAUSE_TOO_MUCH, ERROR_REJECTED, REMEDY_NONE},
    {"resourcesExceeded", 400, "x", BIGQUERY_CAUSE_TOO_MUCH, ERROR_REJECTED, REMEDY_NONE},
    {"billingTierLimitExceeded", 400, "x", BIGQUERY_CAUSE_TOO_MUCH, ERROR_REJECTED, REMEDY_NONE},
    {"bytesBilledLimitExceeded", 400, "x", BIGQUERY_CAUSE_TOO_MUCH, ERROR_CONFIG, REMEDY_NONE},
    {"invalidQuery", 400, "Query exceeded limit for bytes billed: 1. 2 or higher required.", BIGQUERY_CAUSE_TOO_MUCH,
     ERROR_CONFIG, REMEDY_NONE},
    {"duplicate", 409, "Already Exists: Job p:x", BIGQUERY_CAUSE_DUPLICATE, ERROR_REJECTED, REMEDY_NONE},
    {"notFound", 404, "Not found: Table p:d.t", BIGQUERY_CAUSE_NOT_FOUND, ERROR_NOT_FOUND, REMEDY_NONE},
    {"notFound", 404, "Not found: Dataset p:d was not found in location US", BIGQUERY_CAUSE_LOCATION, ERROR_CONFIG,
     REMEDY_NONE},
    {"accessDenied", 403, "Access Denied: Table p:d.t", BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE},
    {"accessDenied", 403, "Access Denied: BigQuery BigQuery: Streaming insert is not allowed in the free tier",
     BIGQUERY_CAUSE_BILLING, ERROR_CONFIG, REMEDY_NONE},
    {"billingNotEnabled", 403, "x", BIGQUERY_CAUSE_BILLING, ERROR_CONFIG, REMEDY_NONE},
    {"blocked", 403, "x", BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE},
    {"accessNotConfigured", 403, "BigQuery API has not been used in project 1 before or it is disabled.",
     BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE},
    {"invalid", 400, "The project p has not enabled BigQuery.", BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE},
    {"insufficientPermissions", 403, "Request had insufficient authentication scopes.", BIGQUERY_CAUSE_CREDENTIALS,
     ERROR_AUTH, REMEDY_NONE},
    {"forbidden", 403,
     "Caller does not have required permission to use project q. Grant the caller the "
     "roles/serviceusage.serviceUsageConsumer "
     "role.",
     BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE},
    {"stopped", 0, "x", BIGQUERY_CAUSE_CANCELLED, ERROR_TRANSIENT, REMEDY_NONE},
    {"conditionNotMet", 412, "x", BIGQUERY_CAUSE_CHANGED, ERROR_TRANSIENT, REMEDY_NONE},
    /* no reason, or none that is known */
    {NULL, 401, NULL, BIGQUERY_CAUSE_CREDENTIALS, ERROR_AUTH, REMEDY_NONE},
    {"authError", 401, "Invalid Credentials", BIGQUERY_CAUSE_CREDENTIALS, ERROR_AUTH, REMEDY_NONE},
    {NULL, 403, "<html>", BIGQUERY_CAUSE_ACCESS, ERROR_CONFIG, REMEDY_NONE},
    {NULL, 404, NULL, BIGQUERY_CAUSE_NOT_FOUND, ERROR_NOT_FOUND, REMEDY_NONE},
    {NULL, 409, NULL, BIGQUERY_CAUSE_DUPLICATE, ERROR_REJECTED, REMEDY_NONE},
    {NULL, 413, NULL, BIGQUERY_CAUSE_TOO_MUCH, ERROR_REJECTED, REMEDY_NONE},
    {NULL, 429, NULL, BIGQUERY_CAUSE_RATE, ERROR_RATE_LIMITED, REMEDY_SAME},
    {NULL, 500, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME},
    {NULL, 502, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME},
    {NULL, 503, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME},
    {NULL, 504, NULL, BIGQUERY_CAUSE_BACKEND, ERROR_TRANSIENT, REMEDY_SAME},
    {"newReason", 400, "x", BIGQUERY_CAUSE_OTHER, ERROR_REJECTED, REMEDY_NONE},
    {NULL, 302, NULL, BIGQUERY_CAUSE_OTHER, ERROR_REJECTED, REMEDY_NONE},
    /* the emulator's */
    {"jobInternalError", 400, "job x is already created", BIGQUERY_CAUSE_DUPLICATE, ERROR_REJECTED, REMEDY_NONE},
    {"jobInternalError", 400, "failed to analyze: Table not found: x", BIGQUERY_CAUSE_NOT_FOUND, ERROR_NOT_FOUND,
     REMEDY_NONE},
    {"jobInternalError", 400, "failed to parse statements: x", BIGQUERY_CAUSE_QUERY, ERROR_REJECTED, REMEDY_NONE},
};

static void test_table(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct refusal refusal = refusal_of(rows[i].reason, rows[i].status, rows[i].message);
    g_test_message("%s %d %s: %s", rows[i].reason ? rows[i].reason : "-", (int)rows[i].status,
                   rows[i].message ? rows[i].message : "-", bigquery_cause_name(refusal.cause));
    g_assert_cmpint(refusal.cause, ==, rows[i].cause);
    g_assert_cmpint(refusal.kind, ==, rows[i].kind);
    g_assert_cmpint(refusal.remedy, ==, rows[i].remedy);
    g_assert_cmpuint(strlen(refusal.advice), >, 5);
  }
}

static void test_names(void)
{
  for (int cause = 0; cause < BIGQUERY_CAUSES_N; cause++) {
    g_assert_nonnull(bigquery_cause_name((enum bigquery_cause)cause));
  }
}

/* What stands in quotes may be a lead's, unless the error is about the text of the statement. */
static void test_words(void)
{
  static const struct {
    const char *raw, *shown;
  } words[] = {
      {"Bad value \"Ann Smith\" for 'x'", "Bad value [value] for [value]"},
      {"Could not cast literal ann@example.com to INT64", "Could not cast literal [address] to INT64"},
      {"Syntax error: Unexpected identifier \"foo\" at [1:2]", "Syntax error: Unexpected identifier \"foo\" at [1:2]"},
      {"It's fine", "It's fine"},
      {NULL, "no message"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    g_autofree char *shown = refusal_words(words[i].raw);
    g_assert_cmpstr(shown, ==, words[i].shown);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/google/refusal/table", test_table);
  g_test_add_func("/google/refusal/names", test_names);
  g_test_add_func("/google/refusal/words", test_words);
  return g_test_run();
}
