#include "stopped_text.h"

/* flags: 1 adopted ones too, 2 bulk entries wait, 4 open claims. */
static void put_stopped_of(GString *out, struct subject *subject, int64_t now_us, int flags)
{
  struct removal_query query = {.now_us = now_us,
                                .of_stopped = true,
                                .include_adopted = (flags & 1) != 0,
                                .bulk_waits = (flags & 2) != 0,
                                .of_open_claims = (flags & 4) != 0,
                                .limit = 2};
  struct page page;
  page_init(&page, sizeof(struct removal));
  do {
    OK(subject->ops->removals(subject->ledger, &query, &page, &error));
    for (guint i = 0; i < page.rows->len; i++) {
      const struct removal *row = page_row(&page, struct removal, i);
      g_string_append_printf(out, "stopped %d %s %s %s %s %s %d %d %d%d%d%d%d%d%d%d\n", flags, row->lead_id,
                             row->person, row->campaign_id ? row->campaign_id : "-",
                             row->instantly_id ? row->instantly_id : "-", row->claim_id ? row->claim_id : "-",
                             (int)row->generation, row->outcome, row->is_adopted, row->is_block_listed, row->is_named,
                             row->was_seen, row->is_lasting, row->is_unsubscribed, row->cuts_answered, row->is_held);
      query.after_lead_id = g_intern_string(row->lead_id);
    }
  } while (page.rows->len > 0);
  page_clear(&page);
}

void put_stopped(GString *out, struct subject *subject, int64_t now_us)
{
  for (int flags = 0; flags < 8; flags++)
    put_stopped_of(out, subject, now_us, flags);
}
