/* A page of results: whatever the bytes, what is accepted has the rows that cJSON sees, each as wide as the first, and
 * nothing that is not there. U+0000, which cJSON's texts cannot hold either, is U+FFFD to both. */
#include "fuzz.h"

#include "base/json.h"
#include "google/page.h"

#include <string.h>

/* A cell's text as the reader must give it; scalars that are no strings come as they were written. */
static void check_cell(const cJSON *cell, const char *found)
{
  const cJSON *value = json_get(cell, "v");
  g_assert_cmpint(cJSON_IsNull(value), ==, found == NULL);
  if (cJSON_IsString(value)) g_assert_cmpstr(found, ==, value->valuestring);
  if (cJSON_IsNumber(value)) g_assert_true(g_ascii_strtod(found, NULL) == value->valuedouble);
  if (cJSON_IsBool(value)) g_assert_cmpstr(found, ==, cJSON_IsTrue(value) ? "true" : "false");
}

static void check_rows(const cJSON *rows, const struct page_reader *page)
{
  size_t row_n = 0;
  const cJSON *row = NULL;
  cJSON_ArrayForEach(row, rows)
  {
    const cJSON *cells = json_array(row, "f");
    g_assert_cmpint(cJSON_GetArraySize(cells), ==, (int)page->cells_per_row);
    for (size_t i = 0; i < page->cells_per_row; i++) {
      check_cell(cJSON_GetArrayItem(cells, (int)i), page->cells->pdata[row_n * page->cells_per_row + i]);
    }
    row_n++;
  }
  g_assert_cmpuint(row_n, ==, page->rows_n);
}

static void check_page(const cJSON *tree, const struct page_reader *page)
{
  const cJSON *fields = json_array(json_get(tree, "schema"), "fields");
  const char *token = json_string(tree, "pageToken");
  bool is_complete = false;
  json_bool(tree, "jobComplete", &is_complete);
  g_assert_true(cJSON_IsObject(tree));
  g_assert_cmpuint(page->cells->len, ==, page->rows_n * page->cells_per_row);
  g_assert_cmpint(cJSON_GetArraySize(fields), ==, (int)page->columns->len);
  g_assert_cmpstr(page->page_token, ==, token);
  g_assert_cmpint(page->is_complete, ==, is_complete);
  check_rows(json_array(tree, "rows"), page);
}

/* From escape to escape: what follows a backslash belongs to it. */
static cJSON *expected(const uint8_t *data, size_t size)
{
  g_autofree char *bytes = g_malloc(size + 1);
  memcpy(bytes, data, size);
  for (size_t i = 0; i + 6 <= size; i++) {
    if (bytes[i] != '\\') continue;
    if (memcmp(bytes + i, "\\u0000", 6) == 0) memcpy(bytes + i, "\\uFFFD", 6);
    i++;
  }
  return json_parse(bytes, size, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct page_reader page;
  g_autoptr(GError) error = NULL;
  g_autoptr(cJSON) tree = expected(data, size);
  g_autofree char *bytes = g_malloc(size + 1);
  memcpy(bytes, data, size);
  page_reader_init(&page);
  bool is_read = page_reader_read(&page, bytes, size, &error);
  g_assert_cmpint(is_read, ==, error == NULL);
  g_assert_true(tree || !is_read);
  if (is_read) check_page(tree, &page);
  page_reader_clear(&page);
  return 0;
}
