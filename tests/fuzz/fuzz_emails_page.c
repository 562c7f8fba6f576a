/* A page of mails: whatever the bytes, mails that come through are ones that were asked for, each once. */
#include "fuzz.h"

#include "base/email.h"
#include "instantly/parse.h"

#include <string.h>

#define FROM_US (1767225600 * SECOND_US)

static void check_row(const struct email_query *query, const struct remote_email *row)
{
  g_assert_true(row->id && row->id[0] != '\0');
  if (query->lead) g_assert_true(!g_strcmp0(row->lead, query->lead) || !g_strcmp0(row->sender, query->lead));
  if (query->from_us) g_assert_cmpint(row->created_at_us, >=, query->from_us);
  if (query->after) g_assert_cmpstr(row->id, !=, query->after);
  g_autofree char *again = NULL;
  if (row->lead) g_assert_cmpint(email_canonical(row->lead, strlen(row->lead), &again), ==, EMAIL_OK);
  if (row->lead) g_assert_cmpstr(again, ==, row->lead);
}

static void check_query(const char *text, size_t size, const struct email_query *query)
{
  struct page page;
  page_init(&page, sizeof(struct remote_email));
  g_autoptr(GError) error = NULL;
  bool is_good = parse_emails_page(text, size, query, &page, &error);
  g_assert_true(is_good == (error == NULL));
  if (!is_good) g_assert_true(error_is(error, ERROR_CORRUPT) || error_is(error, ERROR_REJECTED));
  if (!is_good) g_assert_null(strchr(error->message, '@'));
  for (guint i = 0; is_good && i < page.rows->len; i++)
    check_row(query, page_row(&page, struct remote_email, i));
  if (is_good && page.next) g_assert_true(page.next[0] != '\0' && page.rows->len > 0);
  page_clear(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  check_query((const char *)data, size, &(struct email_query){0});
  check_query((const char *)data, size, &(struct email_query){.lead = "a@example.com"});
  check_query((const char *)data, size, &(struct email_query){.from_us = FROM_US, .after = "m1"});
  return 0;
}
