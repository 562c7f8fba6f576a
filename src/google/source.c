/* Credential files: what they hold, by type, and which hosts they may name. */
#include "google/source.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES     ((size_t)64 << 10)
#define FILE_WAIT_MS       5000
#define BYTE_ORDER_MARK    "\xef\xbb\xbf" /* editors of Windows put it there */
#define HEADERS_MAX_N      16
#define IMPERSONATION_URL  "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
#define IMPERSONATION_END  ":generateAccessToken"
#define DEFAULT_LIFETIME_S 3600

/* ---- secrets ---- */

void secret_free(char *text)
{
  if (text) explicit_bzero(text, strlen(text));
  g_free(text);
}

/* Reads to the end, or a byte more than may be. A pipe without a writer is not waited for for ever. */
static bool read_all(int fd, char *bytes, size_t *size)
{
  while (*size <= FILE_MAX_BYTES) {
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    int ready_n = poll(&waiting, 1, FILE_WAIT_MS);
    if (ready_n == 0) errno = ETIMEDOUT;
    if (ready_n <= 0) return false;
    ssize_t taken_n = read(fd, bytes + *size, FILE_MAX_BYTES + 1 - *size);
    if (taken_n == 0) return true;
    if (taken_n < 0 && errno != EAGAIN && errno != EINTR) return false;
    *size += taken_n > 0 ? (size_t)taken_n : 0;
  }
  return true;
}

char *secret_read_file(const char *path, const char *what, GError **error)
{
  char bytes[FILE_MAX_BYTES + 1];
  size_t size = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  bool is_read = fd >= 0 && read_all(fd, bytes, &size);
  if (!is_read) error_set(error, ERROR_CONFIG, "%s %s cannot be read: %s", what, path, g_strerror(errno));
  if (fd >= 0) close(fd);
  bool is_text = is_read && size <= FILE_MAX_BYTES && !memchr(bytes, '\0', size);
  if (is_read && !is_text) error_set(error, ERROR_CONFIG, "%s %s is no text of at most 64 kB", what, path);
  char *text = is_text ? g_strndup(bytes, size) : NULL;
  explicit_bzero(bytes, sizeof bytes);
  return text;
}

static void strings_free(char **strings)
{
  for (char **at = strings; at && *at; at++) {
    explicit_bzero(*at, strlen(*at));
  }
  g_strfreev(strings);
}

void source_clear(struct source *source)
{
  char **const owned[] = {
      &source->place,        &source->quota_project,      &source->client_email,  &source->private_key,
      &source->client_id,    &source->private_key_id,     &source->client_secret, &source->refresh_token,
      &source->audience,     &source->subject_token_type, &source->subject_file,  &source->subject_url,
      &source->target_email, &source->subject_field,
  };
  for (size_t i = 0; i < G_N_ELEMENTS(owned); i++) {
    g_clear_pointer(owned[i], secret_free);
  }
  g_clear_pointer(&source->subject_headers, strings_free);
  g_clear_pointer(&source->delegates, strings_free);
}

/* ---- members ---- */

static bool refuse(const struct source *source, GError **error, const char *what)
{
  error_set(error, ERROR_CONFIG, "the credentials in %s: %s", source->place, what);
  return false;
}

/* A member that must be there. */
static bool take(const struct source *source, const cJSON *tree, const char *name, char **value, GError **error)
{
  const char *text = json_string(tree, name);
  if (!text || text[0] == '\0') {
    error_set(error, ERROR_CONFIG, "the credentials in %s have no \"%s\": is the file whole?", source->place, name);
    return false;
  }
  *value = g_strdup(text);
  return true;
}

/* Absent, or one of these. */
static bool is_one_of(const char *value, const char *const *allowed)
{
  for (; value && *allowed; allowed++) {
    if (strcmp(value, *allowed) == 0) return true;
  }
  return !value;
}

/* Tokens are asked for at Google's address whatever the file says; a file that says something else is refused, because
 * it is not from Google or not for this Google. */
static bool check_token_uri(const struct source *source, const cJSON *tree, GError **error)
{
  static const char *const uris[] = {
      "https://oauth2.googleapis.com/token",
      "https://www.googleapis.com/oauth2/v3/token",
      "https://www.googleapis.com/oauth2/v4/token",
      "https://accounts.google.com/o/oauth2/token",
      NULL,
  };
  if (is_one_of(json_string(tree, "token_uri"), uris)) return true;
  return refuse(source, error, "token_uri is not Google's; leadferry sends secrets to Google alone");
}

/* ---- types ---- */

static bool read_service_account(struct source *source, const cJSON *tree, GError **error)
{
  source->type = SOURCE_SERVICE_ACCOUNT;
  source->private_key_id = g_strdup(json_string(tree, "private_key_id"));
  return take(source, tree, "client_email", &source->client_email, error) &&
         take(source, tree, "private_key", &source->private_key, error) && check_token_uri(source, tree, error);
}

static bool read_authorized_user(struct source *source, const cJSON *tree, GError **error)
{
  source->type = SOURCE_AUTHORIZED_USER;
  if (!take(source, tree, "client_id", &source->client_id, error)) return false;
  if (!take(source, tree, "client_secret", &source->client_secret, error)) return false;
  if (!take(source, tree, "refresh_token", &source->refresh_token, error)) return false;
  log_add_secret(source->client_secret);
  log_add_secret(source->refresh_token);
  return check_token_uri(source, tree, error);
}

/* The account's address out of the URL, of which everything else is fixed. */
static bool read_target(struct source *source, const cJSON *tree, GError **error)
{
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.@";
  const char *url = json_string(tree, "service_account_impersonation_url");
  if (!url) return true;
  size_t length = strlen(url), start = strlen(IMPERSONATION_URL), end = strlen(IMPERSONATION_END);
  bool is_ours =
      length > start + end && g_str_has_prefix(url, IMPERSONATION_URL) && g_str_has_suffix(url, IMPERSONATION_END);
  if (is_ours) source->target_email = g_strndup(url + start, length - start - end);
  if (is_ours && strspn(source->target_email, allowed) == strlen(source->target_email)) return true;
  return refuse(source, error,
                "service_account_impersonation_url is not Google's; leadferry sends secrets to Google alone");
}

static bool read_lifetime(struct source *source, const cJSON *tree)
{
  int64_t lifetime_s = 0;
  source->lifetime_s = DEFAULT_LIFETIME_S;
  const cJSON *options = json_get(tree, "service_account_impersonation");
  if (!json_int(options, "token_lifetime_seconds", &lifetime_s)) return true;
  source->lifetime_s = lifetime_s;
  return lifetime_s >= 600 && lifetime_s <= 43200;
}

static char **read_headers(const cJSON *object)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  const cJSON *item = NULL;
  int headers_n = 0;
  cJSON_ArrayForEach(item, object)
  {
    const char *value = cJSON_GetStringValue(item);
    bool is_plain = value && !strpbrk(value, "\r\n") && !strpbrk(item->string, "\r\n: ");
    if (!is_plain || ++headers_n > HEADERS_MAX_N) return NULL;
    g_autofree char *line = g_strconcat(item->string, ": ", value, NULL);
    g_strv_builder_add(builder, line);
  }
  return g_strv_builder_end(builder);
}

static bool read_subject(struct source *source, const cJSON *tree, GError **error)
{
  const cJSON *subject = json_get(tree, "credential_source"), *format = json_get(subject, "format");
  if (json_get(subject, "executable")) {
    return refuse(source, error, "they name a program to be run, and leadferry runs none: have it write a file");
  }
  if (json_get(subject, "environment_id")) return refuse(source, error, "federation with AWS is not supported");
  source->subject_file = g_strdup(json_string(subject, "file"));
  source->subject_url = g_strdup(json_string(subject, "url"));
  if (!source->subject_file == !source->subject_url) {
    return refuse(source, error, "credential_source has neither a file nor a url, or both");
  }
  source->subject_headers = read_headers(json_get(subject, "headers"));
  if (!source->subject_headers) return refuse(source, error, "credential_source.headers are no plain texts");
  const char *type = json_string(format, "type");
  if (!type || strcmp(type, "text") == 0) return true;
  if (strcmp(type, "json") != 0) return refuse(source, error, "credential_source.format.type is neither text nor json");
  return take(source, format, "subject_token_field_name", &source->subject_field, error);
}

static bool read_external(struct source *source, const cJSON *tree, GError **error)
{
  static const char *const urls[] = {"https://sts.googleapis.com/v1/token", NULL};
  source->type = SOURCE_EXTERNAL;
  if (!is_one_of(json_string(tree, "token_url"), urls)) {
    return refuse(source, error, "token_url is not Google's; leadferry sends secrets to Google alone");
  }
  if (!read_lifetime(source, tree)) return refuse(source, error, "token_lifetime_seconds is not within 600..43200");
  return take(source, tree, "audience", &source->audience, error) &&
         take(source, tree, "subject_token_type", &source->subject_token_type, error) &&
         read_subject(source, tree, error) && read_target(source, tree, error);
}

static bool read_by_type(struct source *source, const cJSON *tree, GError **error);

static bool read_impersonated(struct source *source, const cJSON *tree, GError **error)
{
  const cJSON *inner = json_get(tree, "source_credentials"), *delegate = NULL;
  const char *type = json_string(inner, "type");
  bool is_simple = type && (strcmp(type, "authorized_user") == 0 || strcmp(type, "service_account") == 0);
  if (!is_simple) return refuse(source, error, "source_credentials are neither authorized_user nor service_account");
  if (!read_by_type(source, inner, error) || !read_target(source, tree, error)) return false;
  if (!source->target_email) return refuse(source, error, "they have no service_account_impersonation_url");
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  cJSON_ArrayForEach(delegate, json_array(tree, "delegates"))
  {
    const char *text = cJSON_GetStringValue(delegate);
    if (text) g_strv_builder_add(builder, text);
  }
  source->delegates = g_strv_builder_end(builder);
  source->lifetime_s = DEFAULT_LIFETIME_S;
  return true;
}

static bool read_by_type(struct source *source, const cJSON *tree, GError **error)
{
  static const struct {
    const char *name;
    bool (*read)(struct source *source, const cJSON *tree, GError **error);
  } types[] = {
      {"service_account", read_service_account},
      {"authorized_user", read_authorized_user},
      {"external_account", read_external},
      {"impersonated_service_account", read_impersonated},
  };
  const char *type = json_string(tree, "type");
  for (size_t i = 0; type && i < G_N_ELEMENTS(types); i++) {
    if (strcmp(types[i].name, type) == 0) return types[i].read(source, tree, error);
  }
  error_set(error, ERROR_CONFIG,
            "the credentials in %s are of type \"%.60s\"; known are service_account, authorized_user, external_account "
            "and impersonated_service_account",
            source->place, type ? type : "");
  return false;
}

/* ---- the file ---- */

static void wipe_tree(cJSON *tree)
{
  for (cJSON *item = tree; item; item = item->next) {
    if (cJSON_IsString(item)) explicit_bzero(item->valuestring, strlen(item->valuestring));
    wipe_tree(item->child);
  }
}

bool source_read_file(struct source *source, const char *path, GError **error)
{
  static const char *const universes[] = {"googleapis.com", NULL};
  *source = (struct source){.place = g_strdup(path)};
  char *text = secret_read_file(path, "the credential file", error);
  const char *json = text && g_str_has_prefix(text, BYTE_ORDER_MARK) ? text + strlen(BYTE_ORDER_MARK) : text;
  cJSON *tree = text ? json_parse(json, strlen(json), NULL) : NULL;
  bool is_good = false;
  if (text && !cJSON_IsObject(tree))
    refuse(source, error, "the file is no JSON object: is it a key file of Google's, and whole?");
  else if (text && !is_one_of(json_string(tree, "universe_domain"), universes))
    refuse(source, error, "universe_domain is not googleapis.com");
  else if (text)
    is_good = read_by_type(source, tree, error);
  if (is_good) {
    source->quota_project = g_strdup(json_string(tree, "quota_project_id"));
  }
  secret_free(text);
  wipe_tree(tree);
  cJSON_Delete(tree);
  if (!is_good) source_clear(source);
  return is_good;
}
