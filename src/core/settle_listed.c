/* Who of the leads that Instantly says it refused for its block list is on that list? A stop is for ever: it is
 * recorded of what the list itself shows, never of what an answer says about it. */
#include "core/settle_events.h"

#include "base/email.h"

/* The list is read at most once in so long, however many answers speak of it. */
#define READ_EVERY_US (60 * SECOND_US)

/* Persons and domains alike: no address is a domain. */
static bool read_list(struct job *job, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct suppression));
  bool is_ok = job->instantly->ops->blocklist_read(job->instantly, &page, error);
  if (is_ok) {
    g_clear_pointer(&job->block_list, g_hash_table_unref);
    job->block_list = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    job->block_list_mono_us = clock_mono_us(job->clock);
  }
  for (guint i = 0; is_ok && i < page.rows->len; i++) {
    const struct suppression *entry = page_row(&page, struct suppression, i);
    g_hash_table_add(job->block_list, g_strdup(entry->person ? entry->person : entry->domain));
  }
  page_clear(&page);
  return is_ok;
}

static bool is_listed(const struct job *job, const struct claim *claim)
{
  return job->block_list != NULL && (g_hash_table_contains(job->block_list, claim->person) ||
                                     g_hash_table_contains(job->block_list, email_domain(claim->person)));
}

static bool are_all_listed(const struct job *job, const GPtrArray *claims)
{
  for (guint i = 0; i < claims->len; i++)
    if (!is_listed(job, g_ptr_array_index(claims, i))) return false;
  return true;
}

bool settle_refuse_listed(struct settle_log *log, GPtrArray *claims, GError **error)
{
  struct job *job = log->job;
  bool is_fresh = job->block_list != NULL && clock_mono_us(job->clock) - job->block_list_mono_us < READ_EVERY_US;
  if (!is_fresh && !are_all_listed(job, claims) && !read_list(job, error)) return false;
  for (guint i = 0; i < claims->len;) {
    const struct claim *claim = g_ptr_array_index(claims, i);
    if (!is_listed(job, claim)) {
      i++;
      continue;
    }
    settle_refuse(log, claim, EVENT_SKIPPED, "blocklisted");
    g_ptr_array_remove_index(claims, i);
  }
  return true;
}
