/* The CSV reader: dialects, faults and line numbers, written as a table of inputs and what comes out.
 * A record is shown as "LINE:field|field", a fault as "LINE!word". */
#include "base/error.h"
#include "cli/csv_reader.h"
#include "cli/csv_sniff.h"

#include <string.h>

static char *read_all(const char *bytes, size_t size, GError **error)
{
  struct csv_reader *reader = csv_reader_on_bytes(bytes, size, error);
  if (!reader) return NULL;
  GString *shown = g_string_new(NULL);
  struct csv_record record;
  while (csv_reader_next(reader, &record, error)) {
    if (shown->len) g_string_append_c(shown, ' ');
    g_string_append_printf(shown, "%d", (int)record.line);
    if (record.fault) {
      g_string_append_printf(shown, "!%s", csv_fault_name(record.fault));
      continue;
    }
    for (size_t i = 0; i < record.fields_n; i++) {
      g_assert_cmpuint(strlen(record.fields[i]), ==, record.lengths[i]);
      g_string_append_printf(shown, "%c%s", i ? '|' : ':', record.fields[i]);
    }
  }
  csv_reader_free(reader);
  return g_string_free(shown, FALSE);
}

static const struct {
  const char *name, *input, *shown;
} cases[] = {
    {"empty", "", ""},
    {"only blank lines", "\n \r\n\n", ""},
    {"LF", "a,b\nc,d\n", "1:a|b 2:c|d"},
    {"CRLF", "a,b\r\nc,d\r\n", "1:a|b 2:c|d"},
    {"CR", "a,b\rc,d\r", "1:a|b 2:c|d"},
    {"no newline at the end", "a,b\nc,d", "1:a|b 2:c|d"},
    {"BOM",
     "\xEF\xBB\xBF"
     "a,b\nc,d\n",
     "1:a|b 2:c|d"},
    {"semicolons", "a;b\nc,x;d\n", "1:a|b 2:c,x|d"},
    {"tabs", "a\tb\n\td\n", "1:a|b 2:|d"},
    {"pipes", "a|b|c\n1|2|3\n", "1:a|b|c 2:1|2|3"},
    {"sep line", "sep=;\r\na;b\r\nc;d\r\n", "2:a|b 3:c|d"},
    {"quoted newline", "a,b\n\"x\ny\",z\nc,d\n", "1:a|b 2:x\ny|z 4:c|d"},
    {"quoted CRLF", "a,b\r\n\"x\r\ny\",z\r\nc,d\r\n", "1:a|b 2:x\r\ny|z 4:c|d"},
    {"quoted delimiter and quote", "a,b\n\"x,\"\"y\"\"\",z\n", "1:a|b 2:x,\"y\"|z"},
    {"blanks around fields", " a , b\n c ,\" d \"\n", "1:a|b 2:c| d "},
    {"blank lines between", "a,b\n\n\nc,d\n\n", "1:a|b 4:c|d"},
    {"quote in an unquoted field", "a,b\n5\" disk,d\ne,f\n", "1:a|b 2:5\" disk|d 3:e|f"},
    {"too few and too many", "a,b\nc\nd,e,f\n", "1:a|b 2:c 3:d|e|f"},
    {"empty last field", "a,b\nc,\n,\n", "1:a|b 2:c| 3:|"},
    {"bad UTF-8", "a,b\nM\xFCller,d\ne,f\n", "1:a|b 2!bad_utf8 3:e|f"},
    {"unclosed quote costs its line", "a,b\n\"x,y\nc,d\ne,f\n", "1:a|b 2!unclosed_quote 3:c|d 4:e|f"},
    {"unclosed quote in the last line", "a,b\nc,\"d", "1:a|b 2!unclosed_quote"},
    {"one column", "email\nx\ny\n", "1:email 2:x 3:y"},
};

static void test_dialects(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *shown = read_all(cases[i].input, strlen(cases[i].input), &error);
    g_assert_no_error(error);
    if (g_strcmp0(shown, cases[i].shown)) g_test_message("%s", cases[i].name);
    g_assert_cmpstr(shown, ==, cases[i].shown);
  }
}

static void test_nul_byte(void)
{
  g_autoptr(GError) error = NULL;
  static const char bytes[] = "name,b\nc\0d,e\nf,g\n";
  g_autofree char *shown = read_all(bytes, sizeof bytes - 1, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(shown, ==, "1:name|b 2!nul_byte 3:f|g");
}

static void append_repeated(GString *text, char c, size_t n)
{
  gsize at = text->len;
  g_string_set_size(text, at + n);
  memset(text->str + at, c, n);
}

static void test_over_long_row(void)
{
  g_autoptr(GError) error = NULL;
  GString *text = g_string_new("a,b\n");
  append_repeated(text, 'x', CSV_RECORD_MAX_BYTES * 3);
  g_string_append(text, "\nc,d\n");
  g_autofree char *shown = read_all(text->str, text->len, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(shown, ==, "1:a|b 2!row_too_long 3:c|d");
  g_string_free(text, TRUE);
}

/* Two megabytes after a quote that is never closed: all rows behind it come out. */
static void test_unclosed_quote_far_from_the_end(void)
{
  g_autoptr(GError) error = NULL;
  GString *text = g_string_new("a,b\n\"oops,1\n");
  int rows_n = 0;
  while (text->len < 2 * CSV_RECORD_MAX_BYTES) {
    g_string_append_printf(text, "row%d,value\n", rows_n++);
  }
  struct csv_reader *reader = csv_reader_on_bytes(text->str, text->len, &error);
  g_assert_no_error(error);
  struct csv_record record;
  int good_n = 0, faults_n = 0;
  int64_t last_line = 0;
  while (csv_reader_next(reader, &record, &error)) {
    if (record.fault)
      faults_n++;
    else
      good_n++;
    last_line = record.line;
  }
  g_assert_no_error(error);
  g_assert_cmpint(faults_n, ==, 1);
  g_assert_cmpint(good_n, ==, rows_n + 1);
  g_assert_cmpint(last_line, ==, rows_n + 2);
  g_assert_cmpint(csv_reader_done_bytes(reader), ==, (int64_t)text->len);
  csv_reader_free(reader);
  g_string_free(text, TRUE);
}

static void test_hopeless_file_is_refused(void)
{
  g_autoptr(GError) error = NULL;
  GString *text = g_string_new(NULL);
  for (int i = 0; i < 3000; i++) {
    g_string_append(text, "a,\"b\n"); /* each quote opens where the one before it would have closed */
    g_string_append(text, "x\"y\"\"z,\"\n");
  }
  append_repeated(text, '"', 1);
  g_autofree char *shown = read_all(text->str, text->len, &error);
  g_assert_nonnull(shown);
  if (error) g_assert_true(error_is(error, ERROR_REJECTED));
  g_string_free(text, TRUE);
}

static void test_no_text_is_said(void)
{
  static const struct {
    const char *bytes;
    size_t size;
    const char *word;
  } files[] = {
      {"\xFF\xFE"
       "e\0m\0",
       6, "UTF-16"},
      {"\xFE\xFF\0e\0m", 6, "UTF-16"},
      {"e\0m\0a\0i\0l\0\n\0", 12, "UTF-16"},
      {"PK\x03\x04rest", 8, "spreadsheet"},
      {"\x1F\x8B\x08rest", 7, "gzip"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(csv_reader_on_bytes(files[i].bytes, files[i].size, &error));
    g_assert_true(error_is(error, ERROR_REJECTED));
    g_assert_nonnull(strstr(error->message, files[i].word));
  }
}

static void test_missing_file(void)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(csv_reader_open("/nowhere/at/all.csv", &error));
  g_assert_true(error_is(error, ERROR_LOCAL));
  g_assert_nonnull(strstr(error->message, "/nowhere/at/all.csv"));
  g_clear_error(&error);
  g_assert_null(csv_reader_open("/tmp", &error));
  g_assert_true(error_is(error, ERROR_LOCAL));
}

static void test_delimiter(void)
{
  static const struct {
    const char *sample;
    char delimiter;
  } samples[] = {
      {"", ','},
      {"email\n", ','},
      {"a;b;c", ';'},
      {"name;notes\nx;one, two\ny;three, four\n", ';'},
      {"name,notes\nx,one; two; three\ny,b\n", ','},
      {"a\tb, c\td\n1\t2\t3\n", '\t'},
      {"a,\"b;c;d\",e\n1,2,3\n", ','},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
    g_assert_cmpint(csv_sniff_delimiter(samples[i].sample, strlen(samples[i].sample)), ==, samples[i].delimiter);
  }
}

/* Wherever the 64 kB blocks happen to end, the records are the same. */
static void test_block_boundaries(void)
{
  for (size_t shift = 0; shift < 12; shift++) {
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new("h,i\r\n");
    append_repeated(text, 'x', 64 * 1024 - 10 - shift);
    g_string_append(text, ",\"p\r\nq\"\r\nc,d\r\n");
    struct csv_reader *reader = csv_reader_on_bytes(text->str, text->len, &error);
    g_assert_no_error(error);
    struct csv_record record;
    g_assert_true(csv_reader_next(reader, &record, &error));
    g_assert_true(csv_reader_next(reader, &record, &error));
    g_assert_cmpuint(record.fields_n, ==, 2);
    g_assert_cmpstr(record.fields[1], ==, "p\r\nq");
    g_assert_true(csv_reader_next(reader, &record, &error));
    g_assert_cmpint(record.line, ==, 4);
    g_assert_cmpstr(record.fields[1], ==, "d");
    g_assert_false(csv_reader_next(reader, &record, &error));
    g_assert_no_error(error);
    csv_reader_free(reader);
    g_string_free(text, TRUE);
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/csv/dialects", test_dialects);
  g_test_add_func("/csv/nul-byte", test_nul_byte);
  g_test_add_func("/csv/over-long-row", test_over_long_row);
  g_test_add_func("/csv/unclosed-quote", test_unclosed_quote_far_from_the_end);
  g_test_add_func("/csv/hopeless-file", test_hopeless_file_is_refused);
  g_test_add_func("/csv/no-text", test_no_text_is_said);
  g_test_add_func("/csv/missing-file", test_missing_file);
  g_test_add_func("/csv/delimiter", test_delimiter);
  g_test_add_func("/csv/block-boundaries", test_block_boundaries);
  return g_test_run();
}
