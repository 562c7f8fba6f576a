#include "google_fixture.h"

#include "base/json.h"

#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

#define VARIABLES_MAX 8

const char google_authorized_user[] = "{\"type\":\"authorized_user\",\"client_id\":\"id-1\",\"client_secret\":\"secret-"
                                      "1&=\",\"refresh_token\":\"refresh-1\","
                                      "\"quota_project_id\":\"quota-1\"}";

static struct {
  const char *names[VARIABLES_MAX], *values[VARIABLES_MAX];
  size_t n;
} variables;

static EVP_PKEY *key;

/* ---- time ---- */

static int64_t fixture_mono_us(void *context)
{
  struct google_fixture *f = context;
  return clock_mono_us(clock_system()) + f->skipped_us;
}

static int64_t fixture_wall_us(void *context)
{
  struct google_fixture *f = context;
  return clock_wall_us(clock_system()) + f->skipped_us + f->wall_off_us;
}

static void fixture_sleep_us(void *context, int64_t duration_us)
{
  struct google_fixture *f = context;
  f->skipped_us += duration_us;
}

static bool fixture_is_cancelled(void *context)
{
  struct google_fixture *f = context;
  if (f->cancel_after_n > 0 && --f->cancel_after_n == 0) f->is_cancelled = true;
  return f->is_cancelled;
}

/* ---- start and stop ---- */

void google_fixture_start(struct google_fixture *f, const struct script_step *steps, size_t steps_n)
{
  *f = (struct google_fixture){.server = scripted_server_start(steps, steps_n)};
  f->clock = (struct clock){
      .wall_us = fixture_wall_us,
      .mono_us = fixture_mono_us,
      .boot_us = fixture_mono_us,
      .sleep_us = fixture_sleep_us,
      .context = f,
  };
  f->folder = g_dir_make_tmp("leadferry-google-XXXXXX", NULL);
  g_assert_nonnull(f->folder);
  google_fixture_set(NULL, NULL);
}

void google_fixture_stop(struct google_fixture *f)
{
  bigquery_free(f->bigquery);
  credentials_close(f->credentials);
  scripted_server_stop(f->server);
  g_autoptr(GDir) dir = g_dir_open(f->folder, 0, NULL);
  for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir)) {
    g_autofree char *path = g_build_filename(f->folder, name, NULL);
    unlink(path);
  }
  g_rmdir(f->folder);
  g_free(f->folder);
}

const char *google_fixture_write(struct google_fixture *f, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(f->folder, name, NULL);
  g_autoptr(GError) error = NULL;
  g_file_set_contents(path, text, -1, &error);
  g_assert_no_error(error);
  return g_intern_string(path);
}

void google_fixture_set(const char *name, const char *value)
{
  if (!name) {
    variables.n = 0;
    return;
  }
  g_assert_cmpuint(variables.n, <, VARIABLES_MAX);
  variables.names[variables.n] = name;
  variables.values[variables.n++] = g_intern_string(value);
}

static const char *environment(const char *name)
{
  for (size_t i = 0; i < variables.n; i++) {
    if (strcmp(variables.names[i], name) == 0) return variables.values[i];
  }
  return NULL;
}

struct credentials *google_fixture_credentials(struct google_fixture *f, struct credentials_options options,
                                               GError **error)
{
  options.environment = environment;
  options.is_cancelled = fixture_is_cancelled;
  options.cancel_context = f;
  options.test_base_url = scripted_server_url(f->server);
  return credentials_open(&options, &f->clock, error);
}

void google_fixture_client(struct google_fixture *f, bool has_credentials)
{
  g_autoptr(GError) error = NULL;
  struct credentials_options user = {0};
  if (has_credentials) {
    user.file = google_fixture_write(f, "user.json", google_authorized_user);
    f->credentials = google_fixture_credentials(f, user, &error);
    g_assert_no_error(error);
  }
  const struct bigquery_options options = {
      .project = "p",
      .dataset = "d",
      .location = "EU",
      .base_url = scripted_server_url(f->server),
      .maximum_bytes_billed = 123456789,
      .is_cancelled = fixture_is_cancelled,
      .cancel_context = f,
  };
  f->bigquery = bigquery_new(&options, f->credentials, &f->clock, &error);
  g_assert_no_error(error);
}

const struct seen_request *google_fixture_seen(struct google_fixture *f, guint n)
{
  const GPtrArray *seen = scripted_server_seen(f->server);
  g_assert_cmpuint(n, <, seen->len);
  return g_ptr_array_index(seen, n);
}

guint google_fixture_seen_n(struct google_fixture *f)
{
  return scripted_server_seen(f->server)->len;
}

/* ---- keys ---- */

static char *private_key_pem(void)
{
  if (!key) key = EVP_RSA_gen(2048);
  g_assert_nonnull(key);
  BIO *bio = BIO_new(BIO_s_mem());
  g_assert_cmpint(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), ==, 1);
  char *bytes = NULL;
  long size = BIO_get_mem_data(bio, &bytes);
  char *pem = g_strndup(bytes, (gsize)size);
  BIO_free(bio);
  return pem;
}

char *google_service_account_json(const char *token_uri)
{
  g_autofree char *pem = private_key_pem();
  GString *json = g_string_new("{");
  json_append_str(json, "type", "service_account");
  json_append_str(json, "project_id", "project-of-key");
  json_append_str(json, "private_key_id", "key-id-1");
  json_append_str(json, "private_key", pem);
  json_append_str(json, "client_email", "robot@project-of-key.iam.gserviceaccount.com");
  if (token_uri) json_append_str(json, "token_uri", token_uri);
  g_string_append_c(json, '}');
  return g_string_free(json, FALSE);
}

static guchar *from_base64url(const char *text, gsize *size)
{
  g_assert_null(strpbrk(text, "+/="));
  GString *plain = g_string_new(text);
  g_string_replace(plain, "-", "+", 0);
  g_string_replace(plain, "_", "/", 0);
  while (plain->len % 4 != 0) {
    g_string_append_c(plain, '=');
  }
  guchar *bytes = g_base64_decode(plain->str, size);
  g_string_free(plain, TRUE);
  return bytes;
}

bool google_jwt_verify(const char *jwt, char **header, char **claims)
{
  g_auto(GStrv) parts = g_strsplit(jwt, ".", -1);
  g_assert_cmpuint(g_strv_length(parts), ==, 3);
  gsize sizes[3] = {0};
  guchar *decoded[3];
  for (int i = 0; i < 3; i++) {
    decoded[i] = from_base64url(parts[i], &sizes[i]);
  }
  g_autofree char *text = g_strconcat(parts[0], ".", parts[1], NULL);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  g_assert_cmpint(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), ==, 1);
  bool is_good = EVP_DigestVerify(context, decoded[2], sizes[2], (const unsigned char *)text, strlen(text)) == 1;
  EVP_MD_CTX_free(context);
  *header = g_strndup((const char *)decoded[0], sizes[0]);
  *claims = g_strndup((const char *)decoded[1], sizes[1]);
  for (int i = 0; i < 3; i++) {
    g_free(decoded[i]);
  }
  return is_good;
}

/* ---- requests ---- */

char *google_form_value(const char *form, const char *name)
{
  g_auto(GStrv) pairs = g_strsplit(form, "&", -1);
  g_autofree char *beginning = g_strconcat(name, "=", NULL);
  for (char **at = pairs; *at; at++) {
    if (g_str_has_prefix(*at, beginning)) return g_uri_unescape_string(*at + strlen(beginning), NULL);
  }
  return NULL;
}
