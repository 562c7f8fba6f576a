/* What a client may be opened with: names that are names, and a token that goes nowhere else. */
#include "google_fixture.h"

static void test_options(void)
{
  static const struct bigquery_options rows[] = {
      {.project = NULL},
      {.project = "p q"},
      {.project = "p/../x"},
      {.project = "p", .dataset = "a`b"},
      {.project = "p", .location = "E U"},
      {.project = "p"}, /* Google's, and no credentials */
      {.project = "p", .base_url = "ftp://x"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(bigquery_new(&rows[i], NULL, clock_system(), &error));
    g_assert_true(error_is(error, ERROR_CONFIG));
  }
}

/* A token goes nowhere but to Google or to this machine. */
static void test_token_stays_home(void)
{
  const struct script_step step = TOKEN_STEP("x");
  static const char *const urls[] = {"https://evil.example", "http://bigquery.googleapis.com", "http://10.0.0.1:9050"};
  for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
    struct google_fixture f;
    g_autoptr(GError) error = NULL;
    google_fixture_start(&f, &step, 1);
    google_fixture_client(&f, true);
    const struct bigquery_options options = {.project = "p", .base_url = urls[i]};
    g_assert_null(bigquery_new(&options, f.credentials, &f.clock, &error));
    g_assert_true(error_is(error, ERROR_CONFIG));
    google_fixture_stop(&f);
  }
}

static void test_emulator_url(void)
{
  g_autofree char *plain = bigquery_emulator_url("127.0.0.1:9050", NULL);
  g_autofree char *url = bigquery_emulator_url("http://bigquery:9050/", NULL);
  g_autoptr(GError) error = NULL;
  g_assert_cmpstr(plain, ==, "http://127.0.0.1:9050");
  g_assert_cmpstr(url, ==, "http://bigquery:9050");
  g_assert_null(bigquery_emulator_url("ftp://x", &error));
  g_assert_true(error_is(error, ERROR_CONFIG));
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/google/options/names", test_options);
  g_test_add_func("/google/options/token_stays_home", test_token_stays_home);
  g_test_add_func("/google/options/emulator_url", test_emulator_url);
  return g_test_run();
}
