/* What operators read: tables, ages, progress lines, times on the command line, and what becomes of odd text. */
#include "base/error.h"
#include "cli/output.h"
#include "cli/since.h"

#include <string.h>

static void test_table_is_aligned(void)
{
  static const char *const headers[] = {"NAME", "N", "NOTE"};
  struct table table;
  table_init(&table, headers, 3);
  table_add(&table, "%s", "Jörg");
  table_add_int(&table, 41200);
  table_add(&table, "%s", "x");
  table_add(&table, "%s", "Ann-Marie");
  table_add_int(&table, 7);
  table_add(&table, "%s", "");
  g_assert_cmpuint(table_rows(&table), ==, 2);
  g_autofree char *text = table_text(&table);
  g_assert_cmpstr(text, ==,
                  "NAME            N  NOTE\n"
                  "Jörg       41,200  x\n"
                  "Ann-Marie       7\n");
  table_clear(&table);
  table_clear(&table);
}

static void test_table_without_rows(void)
{
  struct table table;
  table_init(&table, (const char *const[]){"A", "B"}, 2);
  g_autofree char *text = table_text(&table);
  g_assert_cmpstr(text, ==, "A  B\n");
  table_clear(&table);
}

static void test_times_in_tables(void)
{
  struct table table;
  table_init(&table, (const char *const[]){"T"}, 1);
  table_add_time(&table, 0);
  table_add_time(&table, 1795352709 * SECOND_US + 123456);
  g_autofree char *text = table_text(&table);
  g_assert_cmpstr(text, ==, "T\n-\n2026-11-22T13:05:09Z\n");
  table_clear(&table);
}

static void test_odd_text_cannot_move_the_cursor(void)
{
  static const char *const texts[][2] = {{"plain", "plain"},
                                         {"a\033[2Jb", "a?[2Jb"},
                                         {"two\nlines\t", "two?lines?"},
                                         {"bad\xFF", "bad\xEF\xBF\xBD"},
                                         {"Jörg", "Jörg"}};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autofree char *shown = out_printable(texts[i][0]);
    g_assert_cmpstr(shown, ==, texts[i][1]);
  }
  g_autofree char *nothing = out_printable(NULL);
  g_assert_cmpstr(nothing, ==, "");
}

static void test_addresses_need_a_flag(void)
{
  struct cli cli = {0};
  g_assert_null(out_email(&cli, "ann@example.com"));
  cli.shows_pii = true;
  g_assert_cmpstr(out_email(&cli, "ann@example.com"), ==, "ann@example.com");
}

static void test_ages(void)
{
  static const struct {
    int64_t ago_s;
    const char *shown;
  } ages[] = {{0, "just now"},   {2, "2 s ago"},      {119, "119 s ago"},  {120, "2 min ago"},
              {7200, "2 h ago"}, {86400, "24 h ago"}, {172800, "2 d ago"}, {-50, "just now"}};
  int64_t now_us = 1000 * DAY_US;
  for (size_t i = 0; i < G_N_ELEMENTS(ages); i++) {
    g_autofree char *shown = out_age(now_us, now_us - ages[i].ago_s * SECOND_US);
    g_assert_cmpstr(shown, ==, ages[i].shown);
  }
  g_autofree char *never = out_age(now_us, 0);
  g_assert_cmpstr(never, ==, "never");
}

static void test_progress_line(void)
{
  static const struct {
    struct progress_view view;
    const char *shown;
  } views[] = {
      {{.noun = "leads", .done = 41200, .total = 100000, .refused = 12, .elapsed_us = 22391304},
       "leads 41,200/100,000  1,840/s  eta 32s  refused 12"},
      {{.noun = "leads", .done = 10, .total = 0, .elapsed_us = SECOND_US / 10}, "leads 10"},
      {{.noun = "rows", .done = 3000, .total = 0, .elapsed_us = 3 * SECOND_US}, "rows 3,000  1,000/s"},
      {{.noun = "leads", .done = 100, .total = 100, .elapsed_us = 10 * SECOND_US}, "leads 100/100  10/s"},
      {{.noun = "leads", .done = 200, .done_at_start = 100, .total = 1000, .elapsed_us = 10 * SECOND_US},
       "leads 200/1,000  10/s  eta 1m20s"},
      {{.noun = "leads", .done = 100, .total = 100100, .elapsed_us = 10 * SECOND_US},
       "leads 100/100,100  10/s  eta 2h46m"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(views); i++) {
    g_autofree char *shown = progress_text(&views[i].view);
    g_assert_cmpstr(shown, ==, views[i].shown);
  }
}

static void test_since(void)
{
  static const struct {
    const char *text;
    int64_t ago_s; /* -1: refused */
  } cases[] = {{"7d", 7 * 86400},
               {"24h", 86400},
               {"30min", 1800},
               {"5m", 300},
               {"2w", 14 * 86400},
               {"90s", 90},
               {"", -1},
               {"d", -1},
               {"7x", -1},
               {"-7d", -1},
               {"7 d", -1},
               {"yesterday", -1},
               {"99999999999999999999d", -1}};
  int64_t now_us = 20000 * DAY_US;
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    int64_t since_us = 0;
    bool ok = since_parse(cases[i].text, now_us, &since_us, &error);
    g_assert_cmpint(ok, ==, cases[i].ago_s >= 0);
    if (ok)
      g_assert_cmpint(since_us, ==, now_us - cases[i].ago_s * SECOND_US);
    else
      g_assert_true(error_is(error, ERROR_USAGE));
  }
  g_autoptr(GError) error = NULL;
  int64_t since_us = 0;
  g_assert_true(since_parse("2026-11-22", now_us, &since_us, &error));
  g_assert_cmpint(since_us, ==, 1795305600 * SECOND_US);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/output/table", test_table_is_aligned);
  g_test_add_func("/output/table-empty", test_table_without_rows);
  g_test_add_func("/output/table-times", test_times_in_tables);
  g_test_add_func("/output/printable", test_odd_text_cannot_move_the_cursor);
  g_test_add_func("/output/email", test_addresses_need_a_flag);
  g_test_add_func("/output/age", test_ages);
  g_test_add_func("/output/progress", test_progress_line);
  g_test_add_func("/output/since", test_since);
  return g_test_run();
}
