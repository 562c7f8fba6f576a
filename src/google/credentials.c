/* Finding credentials, and keeping their token fresh. */
#include "google/credentials.h"

#include "base/log.h"
#include "base/thread.h"
#include "google/exchange.h"

#include <string.h>

#define RENEW_BEFORE_US (225 * SECOND_US)
#define RENEW_RETRY_US  (10 * SECOND_US)
#define METADATA_IP     "169.254.169.254"
#define GCLOUD_FILE     "application_default_credentials.json"

struct credentials {
  struct source source;
  struct exchange exchange;
  char *metadata_host, *subject_base_url, *test_base_url;
  char *quota_project, *description;
  pthread_mutex_t lock; /* guards all below; held while a token is fetched, so that one fetches and others wait */
  struct token token;
  int64_t renew_boot_us; /* when to ask for the next; boot time, because tokens age while a machine sleeps */
  int64_t end_boot_us;   /* when it is good no more */
};

/* ---- finding ---- */

static const char *variable(const struct credentials_options *options, const char *name)
{
  const char *value = options->environment ? options->environment(name) : NULL;
  return value && value[0] != '\0' ? value : NULL;
}

/* Where gcloud keeps them, when there is such a file; caller frees. */
static char *gcloud_file(const struct credentials_options *options)
{
  const char *config = variable(options, "CLOUDSDK_CONFIG"), *home = variable(options, "HOME");
  g_autofree char *path = NULL;
  if (config)
    path = g_build_filename(config, GCLOUD_FILE, NULL);
  else if (home)
    path = g_build_filename(home, ".config", "gcloud", GCLOUD_FILE, NULL);
  return path && g_file_test(path, G_FILE_TEST_EXISTS) ? g_steal_pointer(&path) : NULL;
}

/* The file to read; NULL: none is named. A file that is named and missing is an error later on, and no reason to look
 * further: somebody meant it. */
static char *find_file(const struct credentials_options *options)
{
  const char *named = options->file ? options->file : variable(options, "GOOGLE_APPLICATION_CREDENTIALS");
  return named ? g_strdup(named) : gcloud_file(options);
}

static bool find_metadata(struct credentials *credentials, const struct credentials_options *options, GError **error)
{
  const char *no_check = variable(options, "NO_GCE_CHECK"), *ip = variable(options, "GCE_METADATA_IP");
  bool is_named = credentials->metadata_host != NULL;
  bool may_ask = !no_check || g_ascii_strcasecmp(no_check, "true") != 0;
  if (!is_named) credentials->metadata_host = g_strdup(METADATA_DEFAULT_HOST);
  credentials->exchange.metadata_host = credentials->metadata_host;
  bool is_there = is_named || (may_ask && metadata_is_there(&credentials->exchange, ip ? ip : METADATA_IP));
  if (!is_there) {
    error_set(error, ERROR_CONFIG,
              "there are no Google credentials: run `gcloud auth application-default login`, or name a key file in "
              "warehouse.credentials_file, or run where a service account is attached");
    return false;
  }
  credentials->source.type = SOURCE_METADATA;
  credentials->source.place = g_strdup("the metadata server");
  return true;
}

static char *describe(const struct source *source)
{
  static const char *const names[] = {
      [SOURCE_SERVICE_ACCOUNT] = "a service account's key",
      [SOURCE_AUTHORIZED_USER] = "a user's login",
      [SOURCE_EXTERNAL] = "workload identity federation",
  };
  if (source->type == SOURCE_METADATA) return g_strdup("the service account of this machine (metadata server)");
  return g_strdup_printf("%s%s in %s", names[source->type],
                         source->target_email ? ", impersonating another account," : "", source->place);
}

/* ---- opening ---- */

/* Goes into a header line or a path. */
static bool is_plain(const char *text)
{
  for (; text && *text != '\0'; text++) {
    if (!g_ascii_isalnum(*text) && !strchr("-.:_", *text)) return false;
  }
  return true;
}

static bool check_options(const struct credentials_options *options, GError **error)
{
  const char *host = variable(options, "GCE_METADATA_HOST"), *ip = variable(options, "GCE_METADATA_IP");
  if (!is_plain(host) || !is_plain(ip)) {
    error_set(error, ERROR_CONFIG, "GCE_METADATA_HOST or GCE_METADATA_IP is no host");
    return false;
  }
  if (options->test_base_url && !wire_check_url(options->test_base_url, "", false, error)) return false;
  if (!options->subject_base_url) return true;
  return wire_check_url(options->subject_base_url, "", true, error);
}

/* Who pays for API calls; whose tables they are, the configuration alone says. */
static const char *quota_project_of(const struct credentials *credentials, const struct credentials_options *options)
{
  const char *quota = variable(options, "GOOGLE_CLOUD_QUOTA_PROJECT");
  if (options->quota_project) quota = options->quota_project;
  return quota ? quota : credentials->source.quota_project;
}

static bool find(struct credentials *credentials, const struct credentials_options *options, GError **error)
{
  g_autofree char *path = find_file(options);
  bool is_found =
      path ? source_read_file(&credentials->source, path, error) : find_metadata(credentials, options, error);
  if (!is_found) return false;
  credentials->quota_project = g_strdup(quota_project_of(credentials, options));
  credentials->description = describe(&credentials->source);
  if (is_plain(credentials->quota_project)) return true;
  error_set(error, ERROR_CONFIG, "the quota project of %s is no project id of Google's", credentials->description);
  return false;
}

struct credentials *credentials_open(const struct credentials_options *options, const struct clock *clock,
                                     GError **error)
{
  if (!check_options(options, error)) return NULL;
  struct credentials *credentials = g_new0(struct credentials, 1);
  pthread_mutex_init(&credentials->lock, NULL);
  credentials->metadata_host = g_strdup(variable(options, "GCE_METADATA_HOST"));
  credentials->subject_base_url = g_strdup(options->subject_base_url);
  credentials->test_base_url = g_strdup(options->test_base_url);
  credentials->exchange = (struct exchange){
      .source = &credentials->source,
      .clock = clock,
      .metadata_host = credentials->metadata_host,
      .subject_base_url = credentials->subject_base_url,
      .test_base_url = credentials->test_base_url,
      .is_cancelled = options->is_cancelled,
      .cancel_context = options->cancel_context,
  };
  if (find(credentials, options, error)) return credentials;
  credentials_close(credentials);
  return NULL;
}

void credentials_close(struct credentials *credentials)
{
  if (!credentials) return;
  log_remove_secret(credentials->token.text);
  token_clear(&credentials->token);
  source_clear(&credentials->source);
  pthread_mutex_destroy(&credentials->lock);
  g_free(credentials->metadata_host);
  g_free(credentials->subject_base_url);
  g_free(credentials->test_base_url);
  g_free(credentials->quota_project);
  g_free(credentials->description);
  g_free(credentials);
}

/* ---- tokens ---- */

static void keep(struct credentials *credentials, struct token *token, int64_t asked_boot_us)
{
  int64_t lifetime_us = token->lifetime_s < 0 ? INT64_MAX / 4 : token->lifetime_s * SECOND_US;
  log_remove_secret(credentials->token.text);
  token_clear(&credentials->token);
  credentials->token = *token;
  credentials->end_boot_us = asked_boot_us + lifetime_us;
  /* one that lives shorter than the margin is renewed half-way, or each request would ask for another */
  credentials->renew_boot_us = asked_boot_us + MAX(lifetime_us - RENEW_BEFORE_US, lifetime_us / 2);
  log_add_secret(token->text);
}

/* The lock is held. While the old token is good, failing to renew it is no failure yet. */
static bool renew(struct credentials *credentials, bool is_forced, GError **error)
{
  g_autoptr(GError) problem = NULL;
  struct token token = {0};
  int64_t now_us = clock_boot_us(credentials->exchange.clock);
  if (exchange_token(&credentials->exchange, &token, &problem)) {
    keep(credentials, &token, now_us);
    return true;
  }
  bool is_still_good = !is_forced && credentials->token.text && now_us < credentials->end_boot_us;
  if (!is_still_good) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
  }
  credentials->renew_boot_us = now_us + RENEW_RETRY_US;
  log_event(LOG_WARNING, "token not renewed yet", LOG_STR("error", problem->message));
  return true;
}

bool credentials_token(struct credentials *credentials, char **token, GError **error)
{
  *token = NULL;
  pthread_mutex_lock(&credentials->lock);
  bool is_due = !credentials->token.text || clock_boot_us(credentials->exchange.clock) >= credentials->renew_boot_us;
  bool is_good = !is_due || renew(credentials, false, error);
  if (is_good) *token = g_strdup(credentials->token.text);
  pthread_mutex_unlock(&credentials->lock);
  return is_good;
}

bool credentials_renew(struct credentials *credentials, const char *refused, GError **error)
{
  pthread_mutex_lock(&credentials->lock);
  bool is_current = !credentials->token.text || strcmp(credentials->token.text, refused) == 0;
  bool is_good = !is_current || renew(credentials, true, error);
  pthread_mutex_unlock(&credentials->lock);
  return is_good;
}

/* ---- what they are ---- */

const char *credentials_quota_project(const struct credentials *credentials)
{
  return credentials->quota_project;
}

const char *credentials_description(const struct credentials *credentials)
{
  return credentials->description;
}
