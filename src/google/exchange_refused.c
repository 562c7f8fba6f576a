/* What token servers refuse with, and what to do about it, by one table. */
#include "google/exchange.h"

#include "net/scrub.h"

#include <inttypes.h>
#include <string.h>

#define ANY_SOURCE        (-1)
#define ANY_STATUS        0
#define SKEW_WORTH_A_WORD 60

/* The first row that fits counts. Words are looked for in "error error_description", lower case. */
static const struct {
  int source; /* enum source_type */
  int64_t status;
  const char *words;
  enum error_kind kind;
  const char *advice;
} rows[] = {
    {ANY_SOURCE, 403, "api has not been used in project", ERROR_CONFIG,
     "enable the API that it names: gcloud services enable iamcredentials.googleapis.com sts.googleapis.com"},
    {ANY_SOURCE, 404, "gaia id not found", ERROR_CONFIG,
     "the impersonated service account does not exist: look at service_account_impersonation_url"},
    {SOURCE_SERVICE_ACCOUNT, ANY_STATUS, "short-lived token", ERROR_AUTH,
     "this machine's clock is wrong: set it (timedatectl set-ntp true)"},
    {SOURCE_SERVICE_ACCOUNT, ANY_STATUS, "invalid jwt signature", ERROR_AUTH,
     "the key was deleted or belongs to another account: make a new key file"},
    {SOURCE_SERVICE_ACCOUNT, ANY_STATUS, "account not found", ERROR_AUTH,
     "the service account was deleted: make one, and a new key file"},
    {SOURCE_SERVICE_ACCOUNT, ANY_STATUS, "disabled", ERROR_AUTH, "the service account is disabled: enable it"},
    {SOURCE_SERVICE_ACCOUNT, ANY_STATUS, "invalid_grant", ERROR_AUTH,
     "the service account or its key is not valid any more: make a new key file"},
    {SOURCE_AUTHORIZED_USER, ANY_STATUS, "invalid_grant", ERROR_AUTH,
     "the login has ended or was withdrawn: run `gcloud auth application-default login`"},
    {SOURCE_AUTHORIZED_USER, ANY_STATUS, "invalid_client", ERROR_AUTH,
     "the client of the login does not exist any more: run `gcloud auth application-default login`"},
    {SOURCE_EXTERNAL, ANY_STATUS, "invalid_target", ERROR_AUTH,
     "the audience names no pool and provider that exist: compare it with the workload identity pool"},
    {SOURCE_EXTERNAL, ANY_STATUS, "invalid_grant", ERROR_AUTH,
     "the pool's provider did not take the subject token: it may have expired, or its issuer, audience or condition do "
     "not match"},
    {ANY_SOURCE, 403, "iam.serviceaccounts.getaccesstoken", ERROR_AUTH,
     "grant roles/iam.serviceAccountTokenCreator on the impersonated service account"},
    {SOURCE_METADATA, 404, "", ERROR_CONFIG,
     "this machine has no service account: attach one, or name a credential file"},
    {SOURCE_METADATA, 403, "", ERROR_AUTH, "the machine's service account may not be used: look at its access scopes"},
    {ANY_SOURCE, 403, "", ERROR_AUTH,
     "a right is missing: impersonation needs roles/iam.serviceAccountTokenCreator on the target, federation "
     "roles/iam.workloadIdentityUser"},
    {ANY_SOURCE, 401, "", ERROR_AUTH, "the credentials are not valid any more: make new ones"},
    {ANY_SOURCE, 429, "", ERROR_TRANSIENT, "too many tokens were asked for; the next run tries again"},
    {ANY_SOURCE, ANY_STATUS, "internal_failure", ERROR_TRANSIENT, "the next run tries again"},
    {ANY_SOURCE, ANY_STATUS, "server_error", ERROR_TRANSIENT, "the next run tries again"},
    {ANY_SOURCE, ANY_STATUS, "temporarily_unavailable", ERROR_TRANSIENT, "the next run tries again"},
    {ANY_SOURCE, 500, "", ERROR_TRANSIENT, "the next run tries again"},
    {ANY_SOURCE, 502, "", ERROR_TRANSIENT, "the next run tries again"},
    {ANY_SOURCE, 503, "", ERROR_TRANSIENT, "the next run tries again"},
    {ANY_SOURCE, 504, "", ERROR_TRANSIENT, "the next run tries again"},
    {ANY_SOURCE, ANY_STATUS, "", ERROR_AUTH, "the credentials were refused"},
};

/* {"error":"invalid_grant","error_description":"..."}, or {"error":{"message","status"}} of IAM. */
static char *words_of(const struct question *question)
{
  const GString *answer = question->call.answer;
  g_autoptr(cJSON) tree = answer ? json_parse(answer->str, answer->len, NULL) : NULL;
  const cJSON *envelope = json_get(tree, "error");
  const char *word = cJSON_GetStringValue(envelope), *description = json_string(tree, "error_description");
  if (word) return g_strdup_printf("%s%s%s", word, description ? ": " : "", description ? description : "");
  const char *message = json_string(envelope, "message");
  return g_strdup(message ? message : "no reason");
}

/* "; it is 3600 s behind Google's" where that can be what is wrong. */
static char *skew_of(const struct exchange *exchange, const struct question *question)
{
  int64_t date_us = question->call.reply.date_us;
  int64_t skew_s = date_us == 0 ? 0 : (clock_wall_us(exchange->clock) - date_us) / SECOND_US;
  if (exchange->source->type != SOURCE_SERVICE_ACCOUNT || ABS(skew_s) < SKEW_WORTH_A_WORD) return g_strdup("");
  return g_strdup_printf("; this machine's clock is %" PRId64 " s %s Google's", ABS(skew_s),
                         skew_s > 0 ? "ahead of" : "behind");
}

void exchange_refused(const struct exchange *exchange, const struct question *question, GError **error)
{
  g_autofree char *words = words_of(question);
  g_autofree char *lower = g_ascii_strdown(words, -1);
  g_autofree char *shown = net_scrub(words);
  g_autofree char *skew = skew_of(exchange, question);
  int64_t status = question->call.reply.status;
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    bool fits = (rows[i].source == ANY_SOURCE || rows[i].source == (int)exchange->source->type) &&
                (rows[i].status == ANY_STATUS || rows[i].status == status) && strstr(lower, rows[i].words);
    if (!fits) continue;
    error_set(error, rows[i].kind, "%s answered %d (%s) to the credentials in %s: %s%s", question->what, (int)status,
              shown, exchange->source->place, rows[i].advice, skew);
    return;
  }
  g_assert_not_reached();
}
