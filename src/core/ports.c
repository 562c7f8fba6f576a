/* Storage of the ports' structs: pages, reports, batches, campaigns. */
#include "core/ports.h"

#include <string.h>

void page_init(struct page *page, size_t row_size)
{
  *page = (struct page){
      .rows = g_array_new(FALSE, TRUE, (guint)row_size),
      .text = g_string_chunk_new(4096),
  };
}

void page_reset(struct page *page)
{
  g_array_set_size(page->rows, 0);
  g_string_chunk_clear(page->text);
  g_clear_pointer(&page->next, g_free);
}

void page_clear(struct page *page)
{
  g_clear_pointer(&page->rows, g_array_unref);
  g_clear_pointer(&page->text, g_string_chunk_free);
  g_clear_pointer(&page->next, g_free);
}

const char *page_text(struct page *page, const char *text)
{
  return text ? g_string_chunk_insert(page->text, text) : NULL;
}

struct error_row error_row_relaunched(const char *lead_ref, const char *key)
{
  struct error_row row = {.type = "relaunched",
                          .lead_ref = lead_ref,
                          .message = "its sequence was over, and Instantly shows it running again; it is held",
                          .key = key};
  return row;
}

static void verdict_count_clear(gpointer row)
{
  struct verdict_count *count = row;
  g_clear_pointer(&count->detail, g_free);
  g_clear_pointer(&count->campaign_id, g_free);
}

void claim_report_init(struct claim_report *report)
{
  *report = (struct claim_report){.counts = g_array_new(FALSE, TRUE, sizeof(struct verdict_count))};
  g_array_set_clear_func(report->counts, verdict_count_clear);
}

void claim_report_clear(struct claim_report *report)
{
  g_clear_pointer(&report->counts, g_array_unref);
}

void add_batch_init(struct add_batch *batch, const char *campaign_id)
{
  *batch = (struct add_batch){
      .campaign_id = campaign_id,
      .claims = g_ptr_array_new(),
      .body = g_string_new(NULL),
      .answer = {.remaining_in_plan = -1, .reply = {.retry_after_s = -1}},
  };
}

void add_batch_clear(struct add_batch *batch)
{
  g_clear_pointer(&batch->claims, g_ptr_array_unref);
  if (batch->body) g_string_free(batch->body, TRUE);
  batch->body = NULL;
  g_clear_pointer(&batch->answer.created, g_array_unref);
}

static void merge_tag_free(gpointer tag)
{
  g_free(((struct merge_tag *)tag)->name);
  g_free(tag);
}

void remote_campaign_init(struct remote_campaign *campaign)
{
  *campaign = (struct remote_campaign){
      .merge_tags = g_ptr_array_new_with_free_func(merge_tag_free),
      .daily_limit = -1,
      .daily_max_leads = -1,
  };
}

void remote_campaign_clear(struct remote_campaign *campaign)
{
  g_clear_pointer(&campaign->id, g_free);
  g_clear_pointer(&campaign->name, g_free);
  g_clear_pointer(&campaign->merge_tags, g_ptr_array_unref);
}
