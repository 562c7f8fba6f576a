/* The block list as CSV: whatever the bytes, each row is a person or a domain, in valid UTF-8. */
#include "fuzz.h"

#include "instantly/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct page page;
  page_init(&page, sizeof(struct suppression));
  g_autoptr(GError) error = NULL;
  bool is_good = parse_blocklist_csv((const char *)data, size, &page, &error);
  g_assert_true(is_good == (error == NULL));
  for (guint i = 0; is_good && i < page.rows->len; i++) {
    const struct suppression *row = page_row(&page, struct suppression, i);
    g_assert_true((row->person != NULL) != (row->domain != NULL));
    const char *value = row->person ? row->person : row->domain;
    g_assert_true(g_utf8_validate(value, -1, NULL));
  }
  page_clear(&page);
  return 0;
}
