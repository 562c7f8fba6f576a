#include "base/loopback.h"

static void test_hosts(void)
{
  static const char *const ours[] = {"localhost",       "LocalHost", "127.0.0.1", "127.1.2.3",
                                     "127.255.255.255", "::1",       "[::1]",     "0:0:0:0:0:0:0:1"};
  static const char *const others[] = {
      "",
      "127.evil.example",
      "127.0.0.1.evil.example",
      "localhost.evil.example",
      "127.1",
      "127.",
      "127.0.0.1.",
      "128.0.0.1",
      "0.0.0.0",
      "::",
      "[::1",
      "::ffff:127.0.0.1",
      "127.0.0.256",
      "1270.0.0.1",
      "127.0.0.0x1",
      "api.instantly.ai",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
    g_assert_true(host_is_loopback(ours[i]));
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    g_assert_false(host_is_loopback(others[i]));
  g_assert_false(host_is_loopback(NULL));
}

static void test_urls(void)
{
  static const char *const ours[] = {"http://127.0.0.1", "https://localhost:8443/api", "http://[::1]:80"};
  static const char *const others[] = {"https://127.evil.example",
                                       "http://127.0.0.1@evil.example",
                                       "https://evil.example/127.0.0.1",
                                       "127.0.0.1",
                                       "http://",
                                       "",
                                       "https://evil.example#http://127.0.0.1"};
  for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
    g_assert_true(url_is_loopback(ours[i]));
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    g_assert_false(url_is_loopback(others[i]));
  g_assert_false(url_is_loopback(NULL));
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/loopback/hosts", test_hosts);
  g_test_add_func("/loopback/urls", test_urls);
  return g_test_run();
}
