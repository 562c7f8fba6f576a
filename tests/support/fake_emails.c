/* The mails of the fake: what arrived, whether its lead is still there or not. */
#include <string.h>

#include "tests/support/fake_private.h"

void fake_email_free(gpointer data)
{
  struct fake_email *mail = data;
  g_free(mail->id);
  g_free(mail->lead);
  g_free(mail->campaign_id);
  g_free(mail);
}

void fake_instantly_reply(struct fake_instantly *fake, const char *lead, enum automatic automatic)
{
  struct fake_email *mail = g_new0(struct fake_email, 1);
  mail->id = g_strdup_printf("00000000-0000-7000-9000-%012u", fake->emails->len + 1);
  mail->lead = g_strdup(lead);
  mail->created_at_us = fake->now_us;
  if (fake->emails->len > 0) { /* a clock that was set back takes no mail in before the one before it */
    const struct fake_email *last = g_ptr_array_index(fake->emails, fake->emails->len - 1);
    mail->created_at_us = MAX(mail->created_at_us, last->created_at_us);
  }
  mail->automatic = automatic;
  g_ptr_array_add(fake->emails, mail);
}

static bool is_wanted(const struct fake_email *mail, const struct email_query *query)
{
  return mail->created_at_us >= query->from_us && (query->lead == NULL || strcmp(query->lead, mail->lead) == 0) &&
         (query->after == NULL || strcmp(mail->id, query->after) > 0);
}

bool fake_emails_read(struct instantly *instantly, const struct email_query *query, struct page *page, GError **error)
{
  struct fake_instantly *fake = (struct fake_instantly *)(void *)instantly;
  guint limit = fake->emails_limit > 0 ? (guint)fake->emails_limit : 100;
  page_reset(page);
  if (fake_is_dead(fake, error)) return false;
  fake->emails_calls_n++;
  if (fake->emails_auth != 0) {
    error_set(error, ERROR_AUTH, "refused");
    if (error != NULL) error_note_status(*error, fake->emails_auth);
    return false;
  }
  for (guint i = 0; i < fake->emails->len && page->rows->len <= limit; i++) {
    const struct fake_email *mail = g_ptr_array_index(fake->emails, i);
    if (!is_wanted(mail, query)) continue;
    if (page->rows->len == limit) {
      page->next = g_strdup(page_row(page, struct remote_email, limit - 1)->id);
      break;
    }
    struct remote_email row = {.id = page_text(page, mail->id),
                               .lead = page_text(page, mail->lead),
                               .sender = page_text(page, mail->lead),
                               .created_at_us = mail->created_at_us,
                               .is_received = true,
                               .automatic = mail->automatic};
    g_array_append_val(page->rows, row);
  }
  return true;
}
