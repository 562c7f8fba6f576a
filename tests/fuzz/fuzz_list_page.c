/* A page of leads/list: whatever the bytes, rows that come through are ones that were asked for, each once. */
#include "fuzz.h"

#include "instantly/parse.h"

#include <string.h>

#define CAMPAIGN "019ffad2-9c4c-7079-b87c-ef3272fbbda1"

static void check_row(const struct list_query *query, const struct remote_lead *row)
{
  g_assert_true(row->id && row->id[0] != '\0');
  if (query->campaign_id) g_assert_cmpint(g_ascii_strcasecmp(row->campaign_id, query->campaign_id), ==, 0);
  if (query->ids_n > 0) g_assert_cmpstr(row->id, ==, query->ids[0]);
  if (query->contacts_n > 0) g_assert_cmpstr(row->person, ==, query->contacts[0]);
}

static void check_query(const char *text, size_t size, const struct list_query *query)
{
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  g_autoptr(GError) error = NULL;
  bool is_good = parse_list_page(text, size, query, &page, &error);
  g_assert_true(is_good == (error == NULL));
  if (!is_good) g_assert_true(error_is(error, ERROR_CORRUPT) || error_is(error, ERROR_REJECTED));
  if (!is_good) g_assert_null(strchr(error->message, '@'));
  for (guint i = 0; is_good && i < page.rows->len; i++) {
    check_row(query, page_row(&page, struct remote_lead, i));
  }
  if (is_good && page.next) g_assert_true(page.next[0] != '\0' && page.rows->len > 0);
  page_clear(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const ids[] = {"019ffad2-53a1-7acf-9ae0-404312bc000a"};
  static const char *const contacts[] = {"a@example.com"};
  check_query((const char *)data, size, &(struct list_query){0});
  check_query((const char *)data, size, &(struct list_query){.campaign_id = CAMPAIGN});
  check_query((const char *)data, size, &(struct list_query){.ids = ids, .ids_n = 1});
  check_query((const char *)data, size, &(struct list_query){.contacts = contacts, .contacts_n = 1});
  return 0;
}
