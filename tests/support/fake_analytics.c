/* The figures of the fake, from the rows that are or were there. */
#include "tests/support/fake_private.h"

static struct fake_instantly *fake_of(struct instantly *instantly)
{
  return (struct fake_instantly *)(void *)instantly;
}

bool fake_analytics(struct instantly *instantly, const char *const *ids, size_t ids_n, struct page *page,
                    GError **error)
{
  struct fake_instantly *fake = fake_of(instantly);
  page_reset(page);
  if (fake_is_dead(fake, error)) return false;
  for (size_t c = 0; c < ids_n; c++) {
    struct campaign_metric metric = {.campaign_id = page_text(page, ids[c]), .campaign_name = page_text(page, "fake")};
    for (guint i = 0; i < fake->rows->len; i++) {
      const struct fake_row *row = g_ptr_array_index(fake->rows, i);
      if (g_strcmp0(row->campaign_id, ids[c]) != 0) continue;
      metric.completed += row->status == REMOTE_COMPLETED || row->was_completed;
      metric.bounced += row->status == REMOTE_BOUNCED;
      metric.unsubscribed += row->status == REMOTE_UNSUBSCRIBED;
    }
    g_array_append_val(page->rows, metric);
  }
  return true;
}

bool fake_daily(struct instantly *instantly, const char *id, const struct day_span *days, struct page *page,
                GError **error)
{
  (void)id;
  (void)days;
  page_reset(page);
  return !fake_is_dead(fake_of(instantly), error);
}

bool fake_steps(struct instantly *instantly, const char *id, struct page *page, GError **error)
{
  (void)id;
  page_reset(page);
  return !fake_is_dead(fake_of(instantly), error);
}
