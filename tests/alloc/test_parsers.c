/* A reader of outside input with each allocation of its library failing in turn, over the seeds of its fuzz target and
 * with that target's checks: what is said of the input stays true.
 *
 * test_alloc_NAME LIBRARY FOLDER. */
#include <glib.h>

#include "tests/alloc/alloc_child.h"
#include "tests/fuzz/fuzz.h"

#define FAILURES_MAX 400 /* of one seed: the first so many allocations */

static void read_seed(const void *context)
{
  const GBytes *seed = context;
  gsize size = 0;
  const uint8_t *data = g_bytes_get_data((GBytes *)seed, &size);
  g_autofree uint8_t *exact = g_malloc(MAX(size, 1));
  for (size_t i = 0; i < size; i++)
    exact[i] = data[i];
  g_assert_cmpint(LLVMFuzzerTestOneInput(exact, size), ==, 0);
}

static void test_seeds(gconstpointer folder)
{
  struct alloc_tally tally = {0};
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
  g_assert_no_error(error);
  for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir)) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *data = NULL;
    gsize size = 0;
    g_assert_true(g_file_get_contents(path, &data, &size, &error));
    g_autoptr(GBytes) seed = g_bytes_new_take(data, size);
    alloc_child_all(read_seed, seed, FAILURES_MAX, &tally);
  }
  g_test_message("%ld failures, %ld of them ended the process in words", tally.failures_n, tally.ends_n);
  g_assert_cmpint(tally.failures_n, >, 0);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  if (argc != 3) g_error("usage: %s [--tap] LIBRARY FOLDER", argv[0]);
  if (!alloc_fail_watch(argv[1])) g_error("%s is not loaded", argv[1]);
  g_test_add_data_func("/alloc/each-failure", argv[2], test_seeds);
  return g_test_run();
}
