/* What the user's flags say, whatever stands for TRUE and FALSE. */
#include "core/flag_word.h"

#include <string.h>

static void test_words(void)
{
  static const struct {
    const char *text;
    enum flag_word word;
  } rows[] = {{NULL, FLAG_WORD_FALSE},    {"", FLAG_WORD_FALSE},          {" \t\r\n\v\f", FLAG_WORD_FALSE},
              {"0", FLAG_WORD_FALSE},     {"f", FLAG_WORD_FALSE},         {"F ", FLAG_WORD_FALSE},
              {"false", FLAG_WORD_FALSE}, {"FALSE", FLAG_WORD_FALSE},     {"No", FLAG_WORD_FALSE},
              {"n", FLAG_WORD_FALSE},     {"null", FLAG_WORD_FALSE},      {" NULL\n", FLAG_WORD_FALSE},
              {"1", FLAG_WORD_TRUE},      {"t", FLAG_WORD_TRUE},          {"T", FLAG_WORD_TRUE},
              {"true", FLAG_WORD_TRUE},   {" True ", FLAG_WORD_TRUE},     {"TRUE\r", FLAG_WORD_TRUE},
              {"y", FLAG_WORD_TRUE},      {"Y", FLAG_WORD_TRUE},          {"YES", FLAG_WORD_TRUE},
              {"ja", FLAG_WORD_OTHER},    {"2", FLAG_WORD_OTHER},         {"-1", FLAG_WORD_OTHER},
              {"1.0", FLAG_WORD_OTHER},   {"truee", FLAG_WORD_OTHER},     {"tru", FLAG_WORD_OTHER},
              {"x", FLAG_WORD_OTHER},     {"01", FLAG_WORD_OTHER},        {"\xc2\xa0", FLAG_WORD_OTHER},
              {"sent", FLAG_WORD_OTHER},  {"2026-01-01", FLAG_WORD_OTHER}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_test_message("%s", rows[i].text ? rows[i].text : "NULL");
    g_assert_cmpint(flag_word_of(rows[i].text, rows[i].text ? strlen(rows[i].text) : 0), ==, rows[i].word);
  }
  g_assert_cmpint(flag_word_of("1\0", 2), ==, FLAG_WORD_OTHER);
}

static void test_cells(void)
{
  static const struct {
    const char *text, *cell;
  } rows[] = {{NULL, NULL}, {"", NULL}, {" \t", NULL}, {"Null", NULL}, {" a b ", "a b"}, {"nullx", "nullx"}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    size_t length = rows[i].text ? strlen(rows[i].text) : 0;
    const char *cell = cell_trim(rows[i].text, &length);
    g_autofree char *copy = cell ? g_strndup(cell, length) : NULL;
    g_assert_cmpstr(copy, ==, rows[i].cell);
    g_assert_cmpint(cell_is_blank(rows[i].text), ==, rows[i].cell == NULL);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/core/flag_word/words", test_words);
  g_test_add_func("/core/flag_word/cells", test_cells);
  return g_test_run();
}
