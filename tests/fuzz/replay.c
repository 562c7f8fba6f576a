/* Runs a fuzz target over a folder of seeds, one test each: the seed itself, then every shorter beginning of it. */
#include "fuzz.h"

#include <glib.h>

#define PREFIXES_MAX_BYTES 1024

/* An own block of exactly this size; libFuzzer too hands out no NULL. */
static void run_once(const char *data, size_t size)
{
  g_autofree uint8_t *exact = g_malloc(MAX(size, 1));
  for (size_t i = 0; i < size; i++) {
    exact[i] = (uint8_t)data[i];
  }
  g_assert_cmpint(LLVMFuzzerTestOneInput(exact, size), ==, 0);
}

static void test_seed(gconstpointer path)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *data = NULL;
  gsize size = 0;
  g_assert_true(g_file_get_contents(path, &data, &size, &error));
  run_once(data, size);
  for (size_t shorter = 0; shorter < MIN(size, PREFIXES_MAX_BYTES); shorter++) {
    run_once(data, shorter);
  }
}

/* Registers one test for each file in the folder; the number of files. */
static int add_seeds(const char *folder)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
  if (!dir) g_error("cannot open the seeds: %s", error->message);
  int seeds_n = 0;
  for (const char *name = g_dir_read_name(dir); name; name = g_dir_read_name(dir), seeds_n++) {
    g_autofree char *test_path = g_strdup_printf("/replay/%s", name);
    g_test_add_data_func_full(test_path, g_build_filename(folder, name, NULL), test_seed, g_free);
  }
  return seeds_n;
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  if (argc != 2) g_error("usage: %s [--tap] FOLDER", argv[0]);
  if (add_seeds(argv[1]) == 0) g_error("no seeds in %s", argv[1]);
  return g_test_run();
}
