/* What a list of stops may end unasked. */
#include "core/stop_hits.h"

static void test_sources(void)
{
  static const char *const own[] = {"sync", "workspace", "emails", "webhook", "mark", "command"};
  static const char *const listed[] = {"inbox", "import",          "blocklist", "exclusion",
                                       "gone",  "somebody else's", "",          NULL};
  g_autofree char *text = stop_sources_own();
  g_assert_cmpstr(text, ==, " sync workspace emails webhook mark command ");
  for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
    g_assert_true(stop_source_is_own(own[i]));
  for (size_t i = 0; i < G_N_ELEMENTS(listed); i++)
    g_assert_false(stop_source_is_own(listed[i]));
}

/* Guarantee 51. Above the greater bound they wait, but for the exact number. */
static void test_wait(void)
{
  static const struct {
    struct stop_hit_facts facts;
    bool waits;
  } cases[] = {
      {{.hit_n = 0, .enrolled_n = 0, .max_hit = 0, .max_percent = 0}, false},
      {{.hit_n = 1, .enrolled_n = 5000, .max_hit = 0, .max_percent = 0}, true},
      {{.hit_n = 10, .enrolled_n = 300, .max_hit = 10, .max_percent = 1}, false},
      {{.hit_n = 11, .enrolled_n = 300, .max_hit = 10, .max_percent = 1}, true},
      {{.hit_n = 50, .enrolled_n = 5000, .max_hit = 10, .max_percent = 1}, false},
      {{.hit_n = 51, .enrolled_n = 5099, .max_hit = 10, .max_percent = 1}, true},
      {{.hit_n = 300, .enrolled_n = 300, .max_hit = 10, .max_percent = 1, .allow_n = 300}, false},
      {{.hit_n = 300, .enrolled_n = 300, .max_hit = 10, .max_percent = 1, .allow_n = 299}, true},
      {{.hit_n = 300, .enrolled_n = 300, .max_hit = 10, .max_percent = 1, .allow_n = 301}, true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    g_assert_true(stop_hits_wait(&cases[i].facts) == cases[i].waits);
}

/* A permission names the exact number, and none is one for nothing. */
static void test_permission(void)
{
  g_assert_true(stop_hits_permitted("20261129T101010-00000000/300", 300));
  g_assert_false(stop_hits_permitted("20261129T101010-00000000/300", 299));
  g_assert_false(stop_hits_permitted("20261129T101010-00000000/0", 0));
  g_assert_false(stop_hits_permitted("300", 300));
  g_assert_false(stop_hits_permitted(NULL, 0));
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/core/stop-hits/sources", test_sources);
  g_test_add_func("/core/stop-hits/wait", test_wait);
  g_test_add_func("/core/stop-hits/permission", test_permission);
  return g_test_run();
}
