/* Tokens by type of source, and the metadata server. */
#include "google/exchange.h"

#include <string.h>

#define SCOPE          "https://www.googleapis.com/auth/bigquery"
#define SCOPE_BROAD    "https://www.googleapis.com/auth/cloud-platform" /* a token that is to be exchanged needs it */
#define OAUTH_HOST     "oauth2.googleapis.com"
#define OAUTH_AUDIENCE "https://" OAUTH_HOST "/token"
#define STS_HOST       "sts.googleapis.com"
#define IAM_HOST       "iamcredentials.googleapis.com"
#define FORM           "application/x-www-form-urlencoded"
#define TRIES_MAX      3
#define METADATA_TRIES 5
#define TOKEN_MAX      8192
#define METADATA_ROOT  "/computeMetadata/v1"

static const char *const metadata_headers[] = {"Metadata-Flavor: Google", NULL};

void token_clear(struct token *token)
{
  g_clear_pointer(&token->text, secret_free);
}

/* ---- answers ---- */

/* A token goes into a header line: whatever could break out of it is refused. */
static bool token_is_plain(const char *text)
{
  size_t length = text ? strlen(text) : 0;
  for (size_t i = 0; i < length; i++) {
    if (!g_ascii_isgraph(text[i])) return false;
  }
  return length > 0 && length <= TOKEN_MAX;
}

/* expires_in is a number, a string, or absent. */
static int64_t lifetime_of(const cJSON *tree)
{
  int64_t seconds = -1;
  guint64 number = 0;
  const char *text = json_string(tree, "expires_in");
  if (json_int(tree, "expires_in", &seconds)) return CLAMP(seconds, 0, G_MAXINT32);
  return text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT32, &number, NULL) ? (int64_t)number : -1;
}

/* expireTime by the server's clock, so that ours may be wrong. */
static int64_t lifetime_until(const struct exchange *exchange, const cJSON *tree, const struct question *question)
{
  int64_t end_us = 0, date_us = question->call.reply.date_us;
  if (!json_time_us(tree, "expireTime", &end_us)) return -1;
  return MAX(0, (end_us - (date_us > 0 ? date_us : clock_wall_us(exchange->clock))) / SECOND_US);
}

static bool read_token(const struct exchange *exchange, const struct question *question, const char *name,
                       struct token *token, GError **error)
{
  if (!question_is_good(question)) {
    exchange_refused(exchange, question, error);
    return false;
  }
  const GString *answer = question->call.answer;
  g_autoptr(cJSON) tree = answer ? json_parse(answer->str, answer->len, NULL) : NULL;
  const char *text = json_string(tree, name);
  if (!token_is_plain(text)) {
    error_set(error, ERROR_TRANSIENT, "%s answered without a usable token", question->what);
    return false;
  }
  bool is_iam = strcmp(name, "accessToken") == 0;
  token_clear(token);
  token->text = g_strdup(text);
  token->lifetime_s = is_iam ? lifetime_until(exchange, tree, question) : lifetime_of(tree);
  return true;
}

/* net/call.h repeats by status; a token server also says 400 to what is over in a moment. */
static bool ask_for_token(const struct exchange *exchange, struct question *question, const char *name,
                          struct token *token, GError **error)
{
  for (int tries_n = 1;; tries_n++) {
    g_autoptr(GError) problem = NULL;
    bool is_answered = question_ask(exchange, question, &problem);
    if (is_answered && read_token(exchange, question, name, token, &problem)) return true;
    bool is_momentary = is_answered && question->call.reply.status == 400 && error_is(problem, ERROR_TRANSIENT);
    if (!is_momentary || tries_n == question->tries_max) {
      g_propagate_error(error, g_steal_pointer(&problem));
      return false;
    }
    clock_sleep_us(exchange->clock, SECOND_US << (tries_n - 1));
  }
}

/* ---- service_account, authorized_user ---- */

static struct question oauth_question(void)
{
  return (struct question){
      .host = OAUTH_HOST,
      .method = "POST",
      .path = "/token",
      .what = "Google's token server",
      .content_type = FORM,
      .body = g_string_new(NULL),
      .tries_max = TRIES_MAX,
  };
}

static bool by_service_account(const struct exchange *exchange, const char *scope, struct token *token, GError **error)
{
  char *assertion = jwt_make(exchange->source, scope, OAUTH_AUDIENCE, clock_wall_us(exchange->clock), error);
  if (!assertion) return false;
  question_scope struct question question = oauth_question();
  form_append(question.body, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
  form_append(question.body, "assertion", assertion);
  secret_free(assertion);
  return ask_for_token(exchange, &question, "access_token", token, error);
}

/* The login has its scopes already. */
static bool by_authorized_user(const struct exchange *exchange, const char *scope, struct token *token, GError **error)
{
  (void)scope;
  question_scope struct question question = oauth_question();
  form_append(question.body, "grant_type", "refresh_token");
  form_append(question.body, "client_id", exchange->source->client_id);
  form_append(question.body, "client_secret", exchange->source->client_secret);
  form_append(question.body, "refresh_token", exchange->source->refresh_token);
  return ask_for_token(exchange, &question, "access_token", token, error);
}

/* ---- external_account ---- */

/* The text is the token, or JSON holds it. Takes text. */
static char *subject_of(const struct source *source, char *text, GError **error)
{
  char *token = NULL;
  if (!source->subject_field) {
    token = g_strdup(g_strstrip(text));
  } else {
    g_autoptr(cJSON) tree = json_parse(text, strlen(text), NULL);
    token = g_strdup(json_string(tree, source->subject_field));
  }
  secret_free(text);
  if (token && token[0] != '\0') return token;
  secret_free(token);
  error_set(error, ERROR_AUTH, "the federation's subject token of %s is empty%s", source->place,
            source->subject_field ? ", or not in the field that the file names" : "");
  return NULL;
}

/* The file decides nothing but what follows a beginning that the configuration names. */
static char *subject_from_url(const struct exchange *exchange, GError **error)
{
  const struct source *source = exchange->source;
  const char *base_url = exchange->subject_base_url;
  bool is_named = base_url && g_str_has_prefix(source->subject_url, base_url) &&
                  source->subject_url[strlen(base_url)] == '/' && !strpbrk(source->subject_url, " \r\n\t\\");
  if (!is_named) {
    error_set(error, ERROR_CONFIG,
              "the credentials in %s fetch a token from a URL: if that is meant, say where in the configuration "
              "(warehouse.credentials_url_base: https://HOST)",
              source->place);
    return NULL;
  }
  question_scope struct question question = {
      .base_url = base_url,
      .method = "GET",
      .path = source->subject_url + strlen(base_url),
      .what = "the server of the federation's subject tokens",
      .headers = (const char *const *)source->subject_headers,
      .tries_max = TRIES_MAX,
  };
  if (!question_ask(exchange, &question, error)) return NULL;
  if (question_is_good(&question) && question.call.answer) {
    return subject_of(source, g_strdup(question.call.answer->str), error);
  }
  exchange_refused(exchange, &question, error);
  return NULL;
}

/* Read anew each time: whoever writes the file changes it before the token in it ends. */
static char *subject_token(const struct exchange *exchange, GError **error)
{
  if (exchange->source->subject_url) return subject_from_url(exchange, error);
  char *text = secret_read_file(exchange->source->subject_file, "the subject token file", error);
  return text ? subject_of(exchange->source, text, error) : NULL;
}

static bool by_external(const struct exchange *exchange, const char *scope, struct token *token, GError **error)
{
  char *subject = subject_token(exchange, error);
  if (!subject) return false;
  question_scope struct question question = {
      .host = STS_HOST,
      .method = "POST",
      .path = "/v1/token",
      .what = "Google's token exchange",
      .content_type = FORM,
      .body = g_string_new(NULL),
      .tries_max = TRIES_MAX,
  };
  form_append(question.body, "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
  form_append(question.body, "requested_token_type", "urn:ietf:params:oauth:token-type:access_token");
  form_append(question.body, "audience", exchange->source->audience);
  form_append(question.body, "scope", scope);
  form_append(question.body, "subject_token", subject);
  form_append(question.body, "subject_token_type", exchange->source->subject_token_type);
  secret_free(subject);
  return ask_for_token(exchange, &question, "access_token", token, error);
}

/* ---- the metadata server ---- */

static char *metadata_base_url(const char *host)
{
  return g_strconcat("http://", host, NULL);
}

static bool by_metadata(const struct exchange *exchange, const char *scope, struct token *token, GError **error)
{
  g_autofree char *base_url = metadata_base_url(exchange->metadata_host);
  g_autofree char *escaped = g_uri_escape_string(scope, NULL, FALSE);
  g_autofree char *path = g_strconcat(METADATA_ROOT "/instance/service-accounts/default/token?scopes=", escaped, NULL);
  question_scope struct question question = {
      .base_url = base_url,
      .method = "GET",
      .path = path,
      .what = "the metadata server",
      .headers = metadata_headers,
      .tries_max = METADATA_TRIES,
  };
  return ask_for_token(exchange, &question, "access_token", token, error);
}

bool metadata_is_there(const struct exchange *exchange, const char *ip)
{
  g_autofree char *base_url = metadata_base_url(ip);
  question_scope struct question question = {
      .base_url = base_url,
      .method = "GET",
      .path = "/",
      .what = "the metadata server",
      .headers = metadata_headers,
      .watched_name = "metadata-flavor",
      .tries_max = TRIES_MAX,
      .timeout_s = 3,
  };
  return question_ask(exchange, &question, NULL) && question_is_good(&question) &&
         strcmp(question.call.watched, "Google") == 0;
}

/* ---- impersonation ---- */

/* The service wants names of resources; gcloud writes addresses. */
static void append_delegate(GString *body, const char *delegate)
{
  bool is_name = g_str_has_prefix(delegate, "projects/");
  g_autofree char *name = is_name ? g_strdup(delegate) : g_strconcat("projects/-/serviceAccounts/", delegate, NULL);
  json_append_string(body, name);
}

static GString *impersonation_body(const struct source *source)
{
  GString *body = g_string_new("{");
  if (source->delegates && source->delegates[0]) {
    json_append_key(body, "delegates");
    g_string_append_c(body, '[');
    for (char **at = source->delegates; *at; at++) {
      if (at > source->delegates) g_string_append_c(body, ',');
      append_delegate(body, *at);
    }
    g_string_append_c(body, ']');
  }
  g_autofree char *lifetime = g_strdup_printf("%ds", (int)source->lifetime_s);
  json_append_key(body, "scope");
  g_string_append(body, "[\"" SCOPE "\"]");
  json_append_str(body, "lifetime", lifetime);
  g_string_append_c(body, '}');
  return body;
}

/* Exchanges the token for one of the target's. */
static bool impersonate(const struct exchange *exchange, struct token *token, GError **error)
{
  const struct source *source = exchange->source;
  g_autofree char *path =
      g_strdup_printf("/v1/projects/-/serviceAccounts/%s:generateAccessToken", source->target_email);
  char *authorization = g_strconcat("Authorization: Bearer ", token->text, NULL);
  const char *const headers[] = {authorization, NULL};
  question_scope struct question question = {
      .host = IAM_HOST,
      .method = "POST",
      .path = path,
      .what = "Google's impersonation service",
      .headers = headers,
      .body = impersonation_body(source),
      .tries_max = TRIES_MAX,
  };
  bool is_good = ask_for_token(exchange, &question, "accessToken", token, error);
  secret_free(authorization);
  return is_good;
}

bool exchange_token(const struct exchange *exchange, struct token *token, GError **error)
{
  static bool (*const by_type[])(const struct exchange *, const char *, struct token *, GError **) = {
      [SOURCE_SERVICE_ACCOUNT] = by_service_account,
      [SOURCE_AUTHORIZED_USER] = by_authorized_user,
      [SOURCE_EXTERNAL] = by_external,
      [SOURCE_METADATA] = by_metadata,
  };
  const struct source *source = exchange->source;
  bool is_intermediate = source->target_email != NULL;
  *token = (struct token){0};
  bool is_good = by_type[source->type](exchange, is_intermediate ? SCOPE_BROAD : SCOPE, token, error);
  if (is_good && is_intermediate) is_good = impersonate(exchange, token, error);
  if (!is_good) token_clear(token);
  return is_good;
}
