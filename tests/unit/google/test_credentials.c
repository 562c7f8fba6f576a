/* Credentials: for each type the exact requests that it makes, and Google's order of looking for them. */
#include "google_fixture.h"

#include "base/json.h"

#include <glib/gstdio.h>
#include <string.h>

#define GOLDEN_FORM "content-type: application/x-www-form-urlencoded\r\n"

static struct credentials *open_file(struct google_fixture *f, const char *text)
{
  g_autoptr(GError) error = NULL;
  f->credentials = google_fixture_credentials(
      f, (struct credentials_options){.file = google_fixture_write(f, "key.json", text)}, &error);
  g_assert_no_error(error);
  return f->credentials;
}

static void expect_token(struct google_fixture *f, const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *token = NULL;
  credentials_token(f->credentials, &token, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(token, ==, expected);
}

static void expect_head(struct google_fixture *f, guint n, const char *line, const char *part)
{
  g_autofree char *lower = g_ascii_strdown(google_fixture_seen(f, n)->head, -1);
  if (!g_str_has_prefix(google_fixture_seen(f, n)->head, line)) g_error("no %s in %s", line, lower);
  if (!strstr(lower, part)) g_error("no %s in %s", part, lower);
}

static void expect_form(struct google_fixture *f, guint n, const char *name, const char *expected)
{
  g_autofree char *value = google_form_value(google_fixture_seen(f, n)->body, name);
  g_assert_cmpstr(value, ==, expected);
}

/* ---- types ---- */

static void check_claims(const struct google_fixture *f, const char *assertion)
{
  g_autofree char *header = NULL, *claims = NULL;
  g_assert_true(google_jwt_verify(assertion, &header, &claims));
  g_assert_cmpstr(header, ==, "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"key-id-1\"}");
  g_autoptr(cJSON) tree = json_parse(claims, strlen(claims), NULL);
  int64_t issued_s = 0, end_s = 0, now_s = clock_wall_us(&f->clock) / SECOND_US;
  g_assert_true(json_int(tree, "iat", &issued_s) && json_int(tree, "exp", &end_s));
  g_assert_cmpint(issued_s, <=, now_s);
  g_assert_cmpint(issued_s, >=, now_s - 60);
  g_assert_cmpint(end_s - issued_s, ==, 3600);
  g_assert_cmpstr(json_string(tree, "iss"), ==, "robot@project-of-key.iam.gserviceaccount.com");
  g_assert_cmpstr(json_string(tree, "aud"), ==, "https://oauth2.googleapis.com/token");
  g_assert_cmpstr(json_string(tree, "scope"), ==, "https://www.googleapis.com/auth/bigquery");
  g_assert_cmpint(cJSON_GetArraySize(tree), ==, 5);
}

static void test_service_account(void)
{
  const struct script_step step = TOKEN_STEP("ya29.one");
  struct google_fixture f;
  google_fixture_start(&f, &step, 1);
  g_autofree char *json = google_service_account_json("https://oauth2.googleapis.com/token");
  open_file(&f, json);
  g_assert_cmpuint(google_fixture_seen_n(&f), ==, 0);
  expect_token(&f, "ya29.one");
  expect_token(&f, "ya29.one");
  g_assert_cmpuint(google_fixture_seen_n(&f), ==, 1);
  expect_head(&f, 0, "POST /oauth2.googleapis.com/token HTTP/1.1", GOLDEN_FORM);
  expect_form(&f, 0, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
  g_autofree char *assertion = google_form_value(google_fixture_seen(&f, 0)->body, "assertion");
  check_claims(&f, assertion);
  g_assert_null(credentials_quota_project(f.credentials));
  google_fixture_stop(&f);
}

static void test_authorized_user(void)
{
  const struct script_step step = TOKEN_STEP("ya29.user");
  struct google_fixture f;
  google_fixture_start(&f, &step, 1);
  open_file(&f, google_authorized_user);
  expect_token(&f, "ya29.user");
  expect_head(&f, 0, "POST /oauth2.googleapis.com/token HTTP/1.1", GOLDEN_FORM);
  g_assert_cmpstr(google_fixture_seen(&f, 0)->body, ==,
                  "grant_type=refresh_token&client_id=id-1&client_secret=secret-1%26%3D&refresh_token=refresh-1");
  g_assert_cmpstr(credentials_quota_project(f.credentials), ==, "quota-1");
  google_fixture_stop(&f);
}

static void test_impersonation(void)
{
  static const char file[] =
      "{\"type\":\"impersonated_service_account\",\"delegates\":[\"a@b.iam.gserviceaccount.com\","
      "\"projects/-/serviceAccounts/c@d.iam.gserviceaccount.com\"],"
      "\"service_account_impersonation_url\":\"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
      "target@p.iam.gserviceaccount.com:generateAccessToken\",\"source_credentials\":{\"type\":\"authorized_user\","
      "\"client_id\":\"id-1\",\"client_secret\":\"s-123456\",\"refresh_token\":\"r-123456\"}}";
  const struct script_step steps[] = {
      TOKEN_STEP("ya29.source"),
      {.headers = "Date: Sun, 22 Nov 2020 13:00:00 GMT\r\n", /* by Google's clock it is good for an hour */
       .body = "{\"accessToken\":\"ya29.target\",\"expireTime\":\"2020-11-22T14:00:00Z\"}"}};
  struct google_fixture f;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  open_file(&f, file);
  expect_token(&f, "ya29.target");
  expect_token(&f, "ya29.target");
  g_assert_cmpuint(google_fixture_seen_n(&f), ==, 2);
  expect_head(&f, 1,
              "POST /iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
              "target@p.iam.gserviceaccount.com:generateAccessToken HTTP/1.1",
              "authorization: bearer ya29.source\r\n");
  g_assert_cmpstr(
      google_fixture_seen(&f, 1)->body, ==,
      "{\"delegates\":[\"projects/-/serviceAccounts/a@b.iam.gserviceaccount.com\",\"projects/-/serviceAccounts/"
      "c@d.iam.gserviceaccount.com\"],\"scope\":[\"https://www.googleapis.com/auth/"
      "bigquery\"],\"lifetime\":\"3600s\"}");
  google_fixture_stop(&f);
}

#define EXTERNAL(source, more)                                                                                         \
  "{\"type\":\"external_account\",\"audience\":\"//iam.googleapis.com/projects/1/locations/global/"                    \
  "workloadIdentityPools/p/providers/x\",\"subject_token_type\":\"urn:ietf:params:oauth:token-type:jwt\","             \
  "\"token_url\":\"https://sts.googleapis.com/v1/token\",\"credential_source\":" source more "}"

static void check_sts(struct google_fixture *f, guint n, const char *subject, const char *scope)
{
  expect_head(f, n, "POST /sts.googleapis.com/v1/token HTTP/1.1", GOLDEN_FORM);
  expect_form(f, n, "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
  expect_form(f, n, "requested_token_type", "urn:ietf:params:oauth:token-type:access_token");
  expect_form(f, n, "audience", "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x");
  expect_form(f, n, "scope", scope);
  expect_form(f, n, "subject_token", subject);
  expect_form(f, n, "subject_token_type", "urn:ietf:params:oauth:token-type:jwt");
}

/* The file is read anew each time: what is in it ends before our token does. */
static void test_federation_file(void)
{
  const struct script_step steps[] = {TOKEN_STEP("ya29.one"), TOKEN_STEP("ya29.two")};
  struct google_fixture f;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  const char *subject = google_fixture_write(&f, "subject", " subject.one \n");
  g_autofree char *json = g_strdup_printf(EXTERNAL("{\"file\":\"%s\"}", ""), subject);
  open_file(&f, json);
  expect_token(&f, "ya29.one");
  check_sts(&f, 0, "subject.one", "https://www.googleapis.com/auth/bigquery");
  google_fixture_write(&f, "subject", "subject.two");
  f.skipped_us += 3600 * SECOND_US;
  expect_token(&f, "ya29.two");
  check_sts(&f, 1, "subject.two", "https://www.googleapis.com/auth/bigquery");
  google_fixture_stop(&f);
}

static void test_federation_url(void)
{
  static const char target[] =
      ",\"service_account_impersonation_url\":\"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
      "target@p.iam.gserviceaccount.com:generateAccessToken\",\"service_account_impersonation\":"
      "{\"token_lifetime_seconds\":1800}";
  const struct script_step steps[] = {
      {.body = "{\"value\":\"subject.url\"}"},
      TOKEN_STEP("ya29.federated"),
      {.body = "{\"accessToken\":\"ya29.target\",\"expireTime\":\"2999-01-01T00:00:00Z\"}"}};
  struct google_fixture f;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  const char *url = scripted_server_url(f.server);
  g_autofree char *json = g_strdup_printf(
      EXTERNAL("{\"url\":\"%s/token?audience=x&v=1\",\"headers\":{\"Metadata\":\"True\"},\"format\":{\"type\":\"json\","
               "\"subject_token_field_name\":\"value\"}}",
               "%s"),
      url, target);
  g_autoptr(GError) error = NULL;
  const char *path = google_fixture_write(&f, "key.json", json);
  f.credentials =
      google_fixture_credentials(&f, (struct credentials_options){.file = path, .subject_base_url = url}, &error);
  g_assert_no_error(error);
  expect_token(&f, "ya29.target");
  expect_head(&f, 0, "GET /token?audience=x&v=1 HTTP/1.1", "metadata: true\r\n");
  check_sts(&f, 1, "subject.url", "https://www.googleapis.com/auth/cloud-platform");
  expect_head(&f, 2, "POST /iamcredentials.googleapis.com/", "authorization: bearer ya29.federated\r\n");
  g_assert_nonnull(strstr(google_fixture_seen(&f, 2)->body, "\"lifetime\":\"1800s\""));
  google_fixture_stop(&f);
}

static void test_metadata(void)
{
  const struct script_step steps[] = {TOKEN_STEP("ya29.machine")};
  struct google_fixture f;
  google_fixture_start(&f, steps, G_N_ELEMENTS(steps));
  g_autoptr(GError) error = NULL;
  google_fixture_set("GCE_METADATA_HOST", scripted_server_url(f.server) + strlen("http://"));
  f.credentials = google_fixture_credentials(&f, (struct credentials_options){0}, &error);
  g_assert_no_error(error);
  expect_token(&f, "ya29.machine");
  expect_head(&f, 0,
              "GET /computeMetadata/v1/instance/service-accounts/default/token?scopes=https%3A%2F%2Fwww.googleapis.com"
              "%2Fauth%2Fbigquery HTTP/1.1",
              "metadata-flavor: google\r\n");
  google_fixture_stop(&f);
}

/* ---- the order ---- */

/* Without a host that is named, something must answer at the address as Google's server does. */
static void test_detection(void)
{
  static const struct {
    const char *name;
    struct script_step step;
    bool is_there;
    const char *no_check;
  } rows[] = {
      {"Google's", {.headers = "Metadata-Flavor: Google\r\n"}, true, NULL},
      {"another server", {.body = "hello"}, false, NULL},
      {"another's flavour", {.headers = "Metadata-Flavor: Other\r\n"}, false, NULL},
      {"not found", {.status = 404, .headers = "Metadata-Flavor: Google\r\n"}, false, NULL},
      {"not asked", {.headers = "Metadata-Flavor: Google\r\n"}, false, "true"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    google_fixture_start(&f, &rows[i].step, 1);
    g_test_message("%s", rows[i].name);
    google_fixture_set("GCE_METADATA_IP", scripted_server_url(f.server) + strlen("http://"));
    if (rows[i].no_check) google_fixture_set("NO_GCE_CHECK", rows[i].no_check);
    f.credentials = google_fixture_credentials(&f, (struct credentials_options){0}, &error);
    g_assert_cmpint(f.credentials != NULL, ==, rows[i].is_there);
    g_assert_true(rows[i].is_there || error_is(error, ERROR_CONFIG));
    g_assert_true(rows[i].is_there || strstr(error->message, "gcloud auth application-default login"));
    g_assert_cmpuint(google_fixture_seen_n(&f), ==, rows[i].no_check ? 0 : 1);
    google_fixture_stop(&f);
  }
}

static char *description_with(struct google_fixture *f, const char *file)
{
  g_autoptr(GError) error = NULL;
  struct credentials *found = google_fixture_credentials(f, (struct credentials_options){.file = file}, &error);
  char *text = g_strdup(found ? credentials_description(found) : error->message);
  credentials_close(found);
  return text;
}

static void expect_description(struct google_fixture *f, const char *file, const char *part)
{
  g_autofree char *text = description_with(f, file);
  if (!strstr(text, part)) g_error("no \"%s\" in \"%s\"", part, text);
}

static void test_order(void)
{
  const struct script_step step = TOKEN_STEP("x");
  struct google_fixture f;
  google_fixture_start(&f, &step, 1);
  const char *configured = google_fixture_write(&f, "configured.json", google_authorized_user);
  const char *named = google_fixture_write(&f, "named.json", google_authorized_user);
  google_fixture_write(&f, "application_default_credentials.json", google_authorized_user);
  google_fixture_set("GCE_METADATA_HOST", "metadata.test");
  expect_description(&f, NULL, "metadata server");
  google_fixture_set("HOME", "/nonexistent");
  expect_description(&f, NULL, "metadata server");
  google_fixture_set("CLOUDSDK_CONFIG", f.folder);
  expect_description(&f, NULL, "application_default_credentials.json");
  google_fixture_set("GOOGLE_APPLICATION_CREDENTIALS", named);
  expect_description(&f, NULL, "named.json");
  expect_description(&f, configured, "configured.json");
  /* one that is named and missing is no reason to look further */
  expect_description(&f, "/nonexistent/key.json", "No such file");
  google_fixture_set(NULL, NULL);
  google_fixture_set("CLOUDSDK_CONFIG", f.folder);
  google_fixture_set("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/key.json");
  expect_description(&f, NULL, "No such file");
  google_fixture_stop(&f);
}

/* The environment outdoes the file. */
static void test_quota_project(void)
{
  const struct script_step step = TOKEN_STEP("x");
  struct google_fixture f;
  google_fixture_start(&f, &step, 1);
  google_fixture_set("GOOGLE_CLOUD_QUOTA_PROJECT", "quota-2");
  open_file(&f, google_authorized_user);
  g_assert_cmpstr(credentials_quota_project(f.credentials), ==, "quota-2");
  google_fixture_stop(&f);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/google/credentials/service_account", test_service_account);
  g_test_add_func("/google/credentials/authorized_user", test_authorized_user);
  g_test_add_func("/google/credentials/impersonation", test_impersonation);
  g_test_add_func("/google/credentials/federation_file", test_federation_file);
  g_test_add_func("/google/credentials/federation_url", test_federation_url);
  g_test_add_func("/google/credentials/metadata", test_metadata);
  g_test_add_func("/google/credentials/detection", test_detection);
  g_test_add_func("/google/credentials/order", test_order);
  g_test_add_func("/google/credentials/quota_project", test_quota_project);
  return g_test_run();
}
