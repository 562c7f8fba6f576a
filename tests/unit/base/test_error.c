/* Error kinds, their names, and the exit codes with their order (semantics of `worse`). */
#include "base/error.h"

#include <string.h>

static void test_set_and_kind(void)
{
  g_autoptr(GError) error = NULL;
  error_set(&error, ERROR_UNSAFE, "the source has %d rows, %s", 0, "yesterday it had 5");
  g_assert_error(error, error_quark(), ERROR_UNSAFE);
  g_assert_cmpstr(error->message, ==, "the source has 0 rows, yesterday it had 5");
  g_prefix_error(&error, "export: ");
  g_assert_cmpint(error_kind_of(error), ==, ERROR_UNSAFE);
  g_assert_true(error_is(error, ERROR_UNSAFE));
  g_assert_false(error_is(error, ERROR_AUTH));
  error_set(NULL, ERROR_AUTH, "nobody wants to know");
}

static void test_foreign_errors_are_local(void)
{
  g_autoptr(GError) foreign = NULL;
  g_autofree char *text = NULL;
  g_assert_false(g_file_get_contents("/nonexistent/file", &text, NULL, &foreign));
  g_assert_cmpint(error_kind_of(foreign), ==, ERROR_LOCAL);
  g_assert_true(error_is(foreign, ERROR_LOCAL));
  g_assert_false(error_is(NULL, ERROR_LOCAL));
  g_autoptr(GError) odd = g_error_new_literal(error_quark(), ERROR_KINDS_N, "no such kind");
  g_assert_cmpint(error_kind_of(odd), ==, ERROR_LOCAL);
}

static const struct {
  enum error_kind kind;
  const char *name;
  int exit_code;
} kinds[] = {
    {ERROR_USAGE, "usage", 2},         {ERROR_CONFIG, "config", 78},      {ERROR_AUTH, "auth", 4},
    {ERROR_TRANSIENT, "transient", 5}, {ERROR_REJECTED, "rejected", 1},   {ERROR_RATE_LIMITED, "rate_limited", 5},
    {ERROR_CORRUPT, "corrupt", 1},     {ERROR_NOT_FOUND, "not_found", 1}, {ERROR_UNSAFE, "unsafe", 6},
    {ERROR_LOCKED, "locked", 7},       {ERROR_LOCAL, "local", 1},         {ERROR_CANCELLED, "cancelled", 130},
};

static void test_kind_table(void)
{
  g_assert_cmpuint(G_N_ELEMENTS(kinds), ==, ERROR_KINDS_N);
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    g_assert_cmpstr(error_kind_name(kinds[i].kind), ==, kinds[i].name);
    g_assert_cmpint((int)error_exit_code(kinds[i].kind), ==, kinds[i].exit_code);
  }
}

/* A status travels with the error and changes nothing else about it. */
static void test_status(void)
{
  g_autoptr(GError) error = NULL;
  error_set(&error, ERROR_AUTH, "no");
  g_assert_cmpint(error_status(error), ==, 0);
  error_note_status(error, 403);
  error_note_status(error, 402);
  g_prefix_error(&error, "why: ");
  g_assert_cmpint(error_status(error), ==, 402);
  g_assert_true(error_is(error, ERROR_AUTH));
  error_note_status(error, -1);
  g_assert_cmpint(error_status(error), ==, 402);
  error_note_status(NULL, 403);
  g_assert_cmpint(error_status(NULL), ==, 0);
}

static void test_kind_out_of_range(void)
{
  g_assert_cmpstr(error_kind_name((enum error_kind)99), ==, "local");
  g_assert_cmpint((int)error_exit_code((enum error_kind)99), ==, 1);
}

/* Every pair, both ways round, against the documented order. */
static void test_worse(void)
{
  static const int order[] = {0, 141, 3, 5, 1, 7, 6, 4, 2, 78, 130, 143};
  for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
    for (size_t j = 0; j < G_N_ELEMENTS(order); j++) {
      int wanted = order[MAX(i, j)];
      g_assert_cmpint((int)exit_code_worse((enum exit_code)order[i], (enum exit_code)order[j]), ==, wanted);
    }
  }
}

static void test_unknown_code_counts_as_failed(void)
{
  g_assert_cmpint((int)exit_code_worse((enum exit_code)42, EXIT_CODE_OK), ==, 42);
  g_assert_cmpint((int)exit_code_worse((enum exit_code)42, EXIT_CODE_AUTH), ==, EXIT_CODE_AUTH);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/error/set-and-kind", test_set_and_kind);
  g_test_add_func("/error/foreign-errors-are-local", test_foreign_errors_are_local);
  g_test_add_func("/error/kind-table", test_kind_table);
  g_test_add_func("/error/status", test_status);
  g_test_add_func("/error/kind-out-of-range", test_kind_out_of_range);
  g_test_add_func("/error/worse", test_worse);
  g_test_add_func("/error/unknown-code", test_unknown_code_counts_as_failed);
  return g_test_run();
}
