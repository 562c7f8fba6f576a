/* Tokens over time: when they are renewed, by whom, and what is said when they are refused; and files that are not to
 * be trusted. */
#include "google_fixture.h"

#include "base/log.h"
#include "base/thread.h"

#include <string.h>
#include <sys/stat.h>

static void start_user(struct google_fixture *f, const struct script_step *steps, size_t steps_n)
{
  g_autoptr(GError) error = NULL;
  google_fixture_start(f, steps, steps_n);
  const char *path = google_fixture_write(f, "user.json", google_authorized_user);
  f->credentials = google_fixture_credentials(f, (struct credentials_options){.file = path}, &error);
  g_assert_no_error(error);
}

static void expect_token(struct google_fixture *f, const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *token = NULL;
  credentials_token(f->credentials, &token, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(token, ==, expected);
}

/* ---- time ---- */

static void test_renewal(void)
{
  const struct script_step steps[] = {TOKEN_STEP("t.1"), TOKEN_STEP("t.2"), {.status = 503}, TOKEN_STEP("t.3")};
  struct google_fixture f;
  start_user(&f, steps, G_N_ELEMENTS(steps));
  expect_token(&f, "t.1");
  f.skipped_us += (3599 - 225 - 5) * SECOND_US;
  expect_token(&f, "t.1");
  f.skipped_us += 6 * SECOND_US;
  expect_token(&f, "t.2");
  g_assert_cmpuint(google_fixture_seen_n(&f), ==, 2);
  f.skipped_us += 3600 * SECOND_US;
  expect_token(&f, "t.3");
  google_fixture_stop(&f);
}

/* expires_in as text, none at all, less than the margin, and beyond all measure. */
static void test_lifetimes(void)
{
  const struct script_step steps[] = {{.body = "{\"access_token\":\"t.1\",\"expires_in\":\"600\"}"},
                                      {.body = "{\"access_token\":\"t.2\"}"},
                                      {.body = "{\"access_token\":\"short\",\"expires_in\":100}"},
                                      {.body = "{\"access_token\":\"t.3\",\"expires_in\":9007199254740992}"},
                                      TOKEN_STEP("no")};
  struct google_fixture f;
  start_user(&f, steps, G_N_ELEMENTS(steps));
  expect_token(&f, "t.1");
  f.skipped_us += 374 * SECOND_US;
  expect_token(&f, "t.1");
  f.skipped_us += 2 * SECOND_US;
  expect_token(&f, "t.2");
  f.skipped_us += 30 * DAY_US;
  expect_token(&f, "t.2");
  g_assert_true(credentials_renew(f.credentials, "t.2", NULL));
  expect_token(&f, "short");
  f.skipped_us += 40 * SECOND_US;
  expect_token(&f, "short");
  f.skipped_us += 20 * SECOND_US;
  expect_token(&f, "t.3");
  f.skipped_us += 30 * DAY_US;
  expect_token(&f, "t.3");
  google_fixture_stop(&f);
}

/* While the old token is good for some minutes more, a token server that is down harms nobody. */
static void test_renewal_fails(void)
{
  const struct script_step steps[] = {TOKEN_STEP("t.1"), {.status = 400, .body = "{\"error\":\"invalid_grant\"}"}};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  g_autofree char *token = NULL;
  log_init(&(struct log_options){.level = LOG_ERROR, .fd = 2});
  start_user(&f, steps, G_N_ELEMENTS(steps));
  expect_token(&f, "t.1");
  f.skipped_us += 3500 * SECOND_US;
  expect_token(&f, "t.1");
  expect_token(&f, "t.1");
  g_assert_cmpuint(google_fixture_seen_n(&f), ==, 2);
  f.skipped_us += 100 * SECOND_US;
  g_assert_false(credentials_token(f.credentials, &token, &error));
  g_assert_true(error_is(error, ERROR_AUTH));
  g_assert_null(token);
  google_fixture_stop(&f);
}

static void test_forced(void)
{
  const struct script_step steps[] = {TOKEN_STEP("t.1"), TOKEN_STEP("t.2"), TOKEN_STEP("t.3")};
  struct google_fixture f;
  g_autoptr(GError) error = NULL;
  start_user(&f, steps, G_N_ELEMENTS(steps));
  expect_token(&f, "t.1");
  g_assert_true(credentials_renew(f.credentials, "t.1", &error));
  /* another request was refused with the old token as well: it has been renewed meanwhile */
  g_assert_true(credentials_renew(f.credentials, "t.1", &error));
  g_assert_cmpuint(google_fixture_seen_n(&f), ==, 2);
  expect_token(&f, "t.2");
  google_fixture_stop(&f);
}

static void *take_token(void *context)
{
  char *token = NULL;
  g_assert_true(credentials_token(context, &token, NULL));
  g_assert_cmpstr(token, ==, "t.1");
  g_free(token);
  return NULL;
}

static void test_single_flight(void)
{
  const struct script_step steps[] = {{.body = "{\"access_token\":\"t.1\",\"expires_in\":3599}", .delay_us = 200000},
                                      TOKEN_STEP("t.2")};
  struct google_fixture f;
  pthread_t threads[8];
  start_user(&f, steps, G_N_ELEMENTS(steps));
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
    g_assert_true(thread_start(&threads[i], take_token, f.credentials));
  }
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++) {
    thread_join(threads[i]);
  }
  g_assert_cmpuint(google_fixture_seen_n(&f), ==, 1);
  google_fixture_stop(&f);
}

/* ---- refusals ---- */

enum who { USER, ROBOT, MACHINE, FEDERATED, IMPERSONATING };

#define TOKEN_EXCHANGE_FILE                                                                                            \
  "{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\",\"token_url\":"                      \
  "\"https://sts.googleapis.com/v1/token\",\"credential_source\":{\"file\":\"/proc/version\"}}"

#define IMPERSONATION_FILE                                                                                             \
  "{\"type\":\"impersonated_service_account\",\"service_account_impersonation_url\":\"https://"                        \
  "iamcredentials.googleapis.com/"                                                                                     \
  "v1/projects/-/serviceAccounts/target@p.iam.gserviceaccount.com:generateAccessToken\",\"source_credentials\":%s}"

static const struct {
  const char *name;
  enum who who;
  struct script_step step;
  enum error_kind kind;
  const char *says;
  guint tries_n;
} refusals[] = {
    {"a login that has ended",
     USER,
     {.status = 400,
      .body = "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or revoked.\"}"},
     ERROR_AUTH,
     "gcloud auth application-default login",
     1},
    {"a client that is gone", USER, {.status = 401, .body = "{\"error\":\"invalid_client\"}"}, ERROR_AUTH, "gcloud", 1},
    {"a wrong clock",
     ROBOT,
     {.status = 400,
      .headers = "Date: Sun, 22 Nov 2020 13:00:00 GMT\r\n",
      .body = "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT: Token must be a short-lived token (60 "
              "minutes) and in a reasonable timeframe.\"}"},
     ERROR_AUTH,
     "s ahead of Google's",
     1},
    {"a deleted key",
     ROBOT,
     {.status = 400, .body = "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT Signature.\"}"},
     ERROR_AUTH,
     "make a new key file",
     1},
    {"a deleted account",
     ROBOT,
     {.status = 400,
      .body = "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid grant: account not found\"}"},
     ERROR_AUTH,
     "service account was deleted",
     1},
    {"no account on the machine", MACHINE, {.status = 404, .body = "Not Found"}, ERROR_CONFIG, "no service account", 1},
    {"a subject token that has ended",
     FEDERATED,
     {.status = 400, .body = "{\"error\":\"invalid_grant\",\"error_description\":\"The ID Token is stale\"}"},
     ERROR_AUTH,
     "provider did not take the subject token",
     1},
    {"no right to impersonate",
     IMPERSONATING,
     {.status = 403,
      .body =
          "{\"error\":{\"code\":403,\"message\":\"Permission 'iam.serviceAccounts.getAccessToken' denied on resource "
          "(or it may not exist).\",\"status\":\"PERMISSION_DENIED\"}}"},
     ERROR_AUTH,
     "roles/iam.serviceAccountTokenCreator",
     2},
    {"impersonation's API is off",
     IMPERSONATING,
     {.status = 403,
      .body =
          "{\"error\":{\"code\":403,\"message\":\"IAM Service Account Credentials API has not been used in project 1 "
          "before or it is disabled. Enable it by visiting x.\",\"status\":\"PERMISSION_DENIED\",\"details\":[{"
          "\"reason\":\"SERVICE_DISABLED\"}]}}"},
     ERROR_CONFIG,
     "gcloud services enable iamcredentials.googleapis.com",
     2},
    {"nobody to impersonate",
     IMPERSONATING,
     {.status = 404, .body = "{\"error\":{\"code\":404,\"message\":\"Not found; Gaia id not found for email t@p.x\"}}"},
     ERROR_CONFIG,
     "does not exist",
     2},
    {"a trouble of Google's", USER, {.status = 503, .body = "oops"}, ERROR_TRANSIENT, "next run", 3},
    {"one that comes as 400",
     USER,
     {.status = 400, .body = "{\"error\":\"internal_failure\"}"},
     ERROR_TRANSIENT,
     "next run",
     3},
    {"no token in the answer", USER, {.body = "{\"token_type\":\"Bearer\"}"}, ERROR_TRANSIENT, "usable token", 1},
    {"a token that would break out of its header",
     USER,
     {.body = "{\"access_token\":\"a\\r\\nX: y\"}"},
     ERROR_TRANSIENT,
     "usable token",
     1},
    {"half an answer", USER, {.body = "{\"access_token\":", .end = END_CLOSE}, ERROR_TRANSIENT, "usable token", 1},
    {"no answer", USER, {.answer = "", .end = END_RESET}, ERROR_TRANSIENT, "gave no answer", 3},
    {"a redirect", USER, {.status = 302, .headers = "Location: http://127.0.0.1:1/\r\n"}, ERROR_AUTH, "refused", 1},
};

static void open_as(struct google_fixture *f, enum who who)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *robot = google_service_account_json(NULL);
  g_autofree char *impersonating = g_strdup_printf(IMPERSONATION_FILE, robot);
  const char *const files[] = {[USER] = google_authorized_user,
                               [ROBOT] = robot,
                               [MACHINE] = NULL,
                               [FEDERATED] = TOKEN_EXCHANGE_FILE,
                               [IMPERSONATING] = impersonating};
  struct credentials_options options = {0};
  if (files[who]) options.file = google_fixture_write(f, "key.json", files[who]);
  if (who == MACHINE) google_fixture_set("GCE_METADATA_HOST", scripted_server_url(f->server) + strlen("http://"));
  f->credentials = google_fixture_credentials(f, options, &error);
  g_assert_no_error(error);
}

static void test_refusals(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    g_autofree char *token = NULL;
    const struct script_step steps[] = {TOKEN_STEP("ya29.source"), refusals[i].step};
    size_t before_n = refusals[i].who == IMPERSONATING ? 0 : 1;
    google_fixture_start(&f, steps + before_n, G_N_ELEMENTS(steps) - before_n);
    open_as(&f, refusals[i].who);
    g_assert_false(credentials_token(f.credentials, &token, &error));
    g_test_message("%s: %s", refusals[i].name, error->message);
    g_assert_cmpint(error_kind_of(error), ==, refusals[i].kind);
    g_assert_nonnull(strstr(error->message, refusals[i].says));
    g_assert_cmpuint(google_fixture_seen_n(&f), ==, refusals[i].tries_n);
    g_assert_null(strstr(error->message, "refresh-1"));
    g_assert_null(strchr(error->message, '@'));
    google_fixture_stop(&f);
  }
}

/* An hour off is what Google refuses: the sentence says by how much, in which direction, and how to set it. */
static void test_wrong_clock(void)
{
  static const struct {
    int64_t off_s;
    const char *says;
  } rows[] = {{3600, "s ahead of Google's"}, {-3600, "s behind Google's"}};
  static const char clock_is[] = "this machine's clock is ",
                    body[] = "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT: Token must be a "
                             "short-lived token (60 minutes) and "
                             "in a reasonable timeframe. Check your iat and exp values in the JWT claim.\"}";
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    g_autofree char *token = NULL;
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *date = g_date_time_format(now, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n");
    const struct script_step step = {.status = 400, .headers = date, .body = body};
    google_fixture_start(&f, &step, 1);
    open_as(&f, ROBOT);
    f.wall_off_us = rows[i].off_s * SECOND_US;
    g_assert_false(credentials_token(f.credentials, &token, &error));
    g_assert_cmpint(error_exit_code(error_kind_of(error)), ==, EXIT_CODE_AUTH);
    g_assert_nonnull(strstr(error->message, "set it (timedatectl set-ntp true)"));
    g_assert_nonnull(strstr(error->message, rows[i].says));
    const char *told = g_strrstr(error->message, clock_is);
    g_assert_nonnull(told);
    int64_t told_s = g_ascii_strtoll(told + strlen(clock_is), NULL, 10);
    g_assert_cmpint(ABS(told_s - 3600), <, 60);
    g_assert_cmpuint(google_fixture_seen_n(&f), ==, 1);
    google_fixture_stop(&f);
  }
}

/* ---- files ---- */

#define SUBJECT   "\"audience\":\"a\",\"subject_token_type\":\"t\","
#define STS       "\"token_url\":\"https://sts.googleapis.com/v1/token\","
#define TWO(a)    "\"" a "1\":\"\",\"" a "2\":\"\","
#define EIGHT(a)  TWO(a) TWO(a "x") TWO(a "y") TWO(a "z")
#define USER_REST "\"client_id\":\"i\",\"client_secret\":\"s\",\"refresh_token\":\"r\""

static const struct {
  const char *text, *says;
} bad_files[] = {
    {"", "no JSON object"},
    {"{\"type\":\"service_account\"", "no JSON object"},
    {"[]", "no JSON object"},
    {"{}", "of type \"\""},
    {"{\"type\":\"gdch_service_account\"}", "gdch_service_account"},
    {"{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\"}", "\"refresh_token\""},
    {"{\"type\":\"service_account\",\"client_email\":\"x\"}", "\"private_key\""},
    {"{\"type\":\"authorized_user\",\"universe_domain\":\"evil.example\"," USER_REST "}", "universe_domain"},
    {"{\"type\":\"authorized_user\",\"token_uri\":\"https://evil.example/token\"," USER_REST "}", "token_uri"},
    {"{\"type\":\"authorized_user\",\"token_uri\":\"http://127.0.0.1/token\"," USER_REST "}", "token_uri"},
    {"{\"type\":\"authorized_user\",\"token_uri\":\"https://oauth2.googleapis.com.evil.example/token\"," USER_REST "}",
     "token_uri"},
    {"{\"type\":\"external_account\"," SUBJECT "\"token_url\":\"https://evil.example\",\"credential_source\":{\"file\":"
     "\"x\"}}",
     "token_url"},
    {"{\"type\":\"external_account\"," SUBJECT STS "\"credential_source\":{\"executable\":{\"command\":\"x\"}}}",
     "program"},
    {"{\"type\":\"external_account\"," SUBJECT STS "\"credential_source\":{\"environment_id\":\"aws1\"}}", "AWS"},
    {"{\"type\":\"external_account\"," SUBJECT STS "\"credential_source\":{}}", "neither a file nor a url"},
    {"{\"type\":\"external_account\"," SUBJECT STS "\"credential_source\":{\"url\":\"http://x\",\"headers\":{\"A\":"
     "\"b\\r\\nC: d\"}}}",
     "headers"},
    {"{\"type\":\"external_account\"," SUBJECT STS "\"credential_source\":{\"file\":\"x\"},"
     "\"service_account_impersonation_url\":\"https://evil.example/v1/projects/-/serviceAccounts/"
     "a@b:generateAccessToken\"}",
     "service_account_impersonation_url"},
    {"{\"type\":\"external_account\"," SUBJECT STS "\"credential_source\":{\"file\":\"x\"},"
     "\"service_account_impersonation_url\":\"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
     "../../x:generateAccessToken\"}",
     "service_account_impersonation_url"},
    {"{\"type\":\"external_account\"," SUBJECT STS
     "\"credential_source\":{\"url\":\"http://x\",\"headers\":{" EIGHT("a") EIGHT("b") "\"c\":\"\"}}}",
     "headers"},
    {"{\"type\":\"external_account\"," SUBJECT STS "\"credential_source\":{\"file\":\"x\"},"
     "\"service_account_impersonation\":{\"token_lifetime_seconds\":599}}",
     "token_lifetime_seconds"},
    {"{\"type\":\"impersonated_service_account\",\"source_credentials\":{\"type\":\"external_account\"," SUBJECT STS
     "\"credential_source\":{\"file\":\"x\"}}}",
     "neither authorized_user nor service_account"},
    {"{\"type\":\"impersonated_service_account\",\"source_credentials\":{\"type\":\"impersonated_service_account\"}}",
     "source_credentials"},
};

static void test_bad_files(void)
{
  const struct script_step step = TOKEN_STEP("x");
  for (size_t i = 0; i < G_N_ELEMENTS(bad_files); i++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    google_fixture_start(&f, &step, 1);
    const char *path = google_fixture_write(&f, "bad.json", bad_files[i].text);
    g_assert_null(google_fixture_credentials(&f, (struct credentials_options){.file = path}, &error));
    g_test_message("%s", error->message);
    g_assert_cmpint(error_kind_of(error), ==, ERROR_CONFIG);
    g_assert_nonnull(strstr(error->message, bad_files[i].says));
    g_assert_cmpuint(google_fixture_seen_n(&f), ==, 0);
    google_fixture_stop(&f);
  }
}

static void expect_unreadable(struct google_fixture *f, const char *path, const char *says)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(google_fixture_credentials(f, (struct credentials_options){.file = path}, &error));
  g_assert_cmpint(error_kind_of(error), ==, ERROR_CONFIG);
  if (!strstr(error->message, says)) g_error("no \"%s\" in \"%s\"", says, error->message);
}

/* What is no file, or too much of one: a sentence, and no wait without end. */
static void test_unreadable_files(void)
{
  const struct script_step step = TOKEN_STEP("x");
  struct google_fixture f;
  google_fixture_start(&f, &step, 1);
  g_autofree char *big = g_strnfill((64 << 10) + 1, ' ');
  expect_unreadable(&f, f.folder, "Is a directory");
  expect_unreadable(&f, google_fixture_write(&f, "big.json", big), "no text of at most 64 kB");
  g_autofree char *fifo = g_build_filename(f.folder, "fifo", NULL);
  g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
  expect_unreadable(&f, fifo, "timed out");
  g_autofree char *marked = g_strconcat("\xef\xbb\xbf", google_authorized_user, NULL);
  g_autoptr(GError) error = NULL;
  const char *path = google_fixture_write(&f, "marked.json", marked);
  f.credentials = google_fixture_credentials(&f, (struct credentials_options){.file = path}, &error);
  g_assert_no_error(error);
  google_fixture_stop(&f);
}

/* What follows the beginning that was configured is the file's; nothing else is. */
static void test_subject_urls(void)
{
  static const struct {
    const char *base, *url;
  } rows[] = {
      {NULL, "http://169.254.169.254/latest/secret"},    {"https://a.example", "https://b.example/x"},
      {"https://a.example", "https://a.example.evil/x"}, {"https://a.example", "https://a.example@evil/x"},
      {"https://a.example", "http://a.example/x"},       {"https://a.example", "https://a.example/x y"},
  };
  const struct script_step step = TOKEN_STEP("x");
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    g_autofree char *token = NULL;
    google_fixture_start(&f, &step, 1);
    g_autofree char *text = g_strdup_printf(
        "{\"type\":\"external_account\"," SUBJECT STS "\"credential_source\":{\"url\":\"%s\"}}", rows[i].url);
    const char *path = google_fixture_write(&f, "url.json", text);
    const struct credentials_options options = {.file = path, .subject_base_url = rows[i].base};
    f.credentials = google_fixture_credentials(&f, options, &error);
    g_assert_no_error(error);
    g_assert_false(credentials_token(f.credentials, &token, &error));
    g_assert_true(error_is(error, ERROR_CONFIG));
    g_assert_cmpuint(google_fixture_seen_n(&f), ==, 0);
    google_fixture_stop(&f);
  }
}

/* The seam of the tests leads nowhere but to this machine. */
static void test_seam(void)
{
  g_autoptr(GError) error = NULL;
  const struct credentials_options options = {.test_base_url = "https://evil.example"};
  g_assert_null(credentials_open(&options, clock_system(), &error));
  g_assert_true(error_is(error, ERROR_CONFIG));
}

static void test_bad_keys(void)
{
  static const char *const keys[] = {"nonsense", "-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n"};
  const struct script_step step = TOKEN_STEP("x");
  for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    g_autofree char *token = NULL;
    google_fixture_start(&f, &step, 1);
    g_autofree char *text =
        g_strdup_printf("{\"type\":\"service_account\",\"client_email\":\"x\",\"private_key\":\"%s\"}", keys[i]);
    const struct credentials_options options = {.file = google_fixture_write(&f, "key.json", text)};
    f.credentials = google_fixture_credentials(&f, options, &error);
    g_assert_no_error(error);
    g_assert_false(credentials_token(f.credentials, &token, &error));
    g_assert_true(error_is(error, ERROR_CONFIG));
    g_assert_nonnull(strstr(error->message, "no RSA key"));
    google_fixture_stop(&f);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/google/tokens/renewal", test_renewal);
  g_test_add_func("/google/tokens/lifetimes", test_lifetimes);
  g_test_add_func("/google/tokens/renewal_fails", test_renewal_fails);
  g_test_add_func("/google/tokens/forced", test_forced);
  g_test_add_func("/google/tokens/single_flight", test_single_flight);
  g_test_add_func("/google/tokens/refusals", test_refusals);
  g_test_add_func("/google/tokens/wrong_clock", test_wrong_clock);
  g_test_add_func("/google/tokens/bad_files", test_bad_files);
  g_test_add_func("/google/tokens/unreadable_files", test_unreadable_files);
  g_test_add_func("/google/tokens/subject_urls", test_subject_urls);
  g_test_add_func("/google/tokens/seam", test_seam);
  g_test_add_func("/google/tokens/bad_keys", test_bad_keys);
  return g_test_run();
}
