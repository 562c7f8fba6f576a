/* The key of Instantly: where it is read, and that no message repeats it. */
#include "cli/config.h"
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

struct fixture {
  struct settings settings;
  char *folder;
  char *path;
  char *warning;
  GError *error;
};

static void set_up(struct fixture *f, gconstpointer data)
{
  (void)data;
  settings_init(&f->settings);
  f->folder = g_dir_make_tmp("leadferry-key-XXXXXX", NULL);
  f->path = g_build_filename(f->folder, "key", NULL);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
  (void)data;
  g_unlink(f->path);
  g_rmdir(f->folder);
  g_free(f->folder);
  g_free(f->path);
  g_free(f->warning);
  g_clear_error(&f->error);
  settings_clear(&f->settings);
}

static void write_key(struct fixture *f, const char *text, gssize size, int mode)
{
  g_assert_true(g_file_set_contents(f->path, text, size, NULL));
  g_assert_cmpint(g_chmod(f->path, mode), ==, 0);
  f->settings.instantly.api_key_file = g_strdup(f->path);
}

static void test_file(struct fixture *f, gconstpointer data)
{
  (void)data;
  write_key(f, " \t abc123==\r\n\n", -1, 0600);
  g_assert_true(config_resolve_key(&f->settings, NULL, &f->warning, &f->error));
  g_assert_cmpstr(f->settings.instantly.api_key, ==, "abc123==");
  g_assert_null(f->warning);
}

static void test_readable_file(struct fixture *f, gconstpointer data)
{
  (void)data;
  write_key(f, "abc123", -1, 0640);
  g_assert_true(config_resolve_key(&f->settings, NULL, &f->warning, &f->error));
  g_assert_nonnull(strstr(f->warning, "others may read the key file"));
  g_assert_null(strstr(f->warning, "abc123"));
}

static void refused(struct fixture *f, const char *said)
{
  g_assert_false(config_resolve_key(&f->settings, NULL, &f->warning, &f->error));
  g_assert_true(error_is(f->error, ERROR_CONFIG));
  if (!strstr(f->error->message, said)) g_test_message("%s", f->error->message);
  g_assert_nonnull(strstr(f->error->message, said));
  g_assert_null(strstr(f->error->message, "s3cret"));
}

static void test_missing_file(struct fixture *f, gconstpointer data)
{
  (void)data;
  f->settings.instantly.api_key_file = g_strdup(f->path);
  refused(f, "No such file");
}

static void test_folder(struct fixture *f, gconstpointer data)
{
  (void)data;
  f->settings.instantly.api_key_file = g_strdup(f->folder);
  refused(f, "is no readable text file");
}

static void test_empty_file(struct fixture *f, gconstpointer data)
{
  (void)data;
  write_key(f, "\n\n", -1, 0600);
  refused(f, "holds no key");
}

static void test_two_words(struct fixture *f, gconstpointer data)
{
  (void)data;
  write_key(f, "s3cret s3cret\n", -1, 0600);
  refused(f, "holds no key");
}

static void test_zero_byte(struct fixture *f, gconstpointer data)
{
  (void)data;
  write_key(f, "s3cret\0x", 8, 0600);
  refused(f, "is no readable text file");
}

static void test_nowhere(struct fixture *f, gconstpointer data)
{
  (void)data;
  refused(f, "no key: set one of");
}

static void test_variable(struct fixture *f, gconstpointer data)
{
  (void)data;
  const char *const environment[] = {"OTHER=1", "KEY= abc ", NULL};
  f->settings.instantly.api_key_env = g_strdup("KEY");
  g_assert_true(config_resolve_key(&f->settings, environment, &f->warning, &f->error));
  g_assert_cmpstr(f->settings.instantly.api_key, ==, "abc");
}

static void test_missing_variable(struct fixture *f, gconstpointer data)
{
  (void)data;
  f->settings.instantly.api_key_env = g_strdup("KEY");
  refused(f, "the environment has no variable KEY");
}

int main(int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test)(struct fixture *, gconstpointer);
  } tests[] = {
      {"/key/file", test_file},
      {"/key/readable_file", test_readable_file},
      {"/key/missing_file", test_missing_file},
      {"/key/folder", test_folder},
      {"/key/empty_file", test_empty_file},
      {"/key/two_words", test_two_words},
      {"/key/zero_byte", test_zero_byte},
      {"/key/nowhere", test_nowhere},
      {"/key/variable", test_variable},
      {"/key/missing_variable", test_missing_variable},
  };
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
    g_test_add(tests[i].path, struct fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run();
}
