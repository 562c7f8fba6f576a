/* The reference warehouse: the operator's brakes. It has one user, so nothing is ever left in an inbox. */
#include "warehouse/memory_priv.h"

#include <string.h>

static bool has_same_key(const struct suppression *a, const struct suppression *b)
{
  if (a->domain || b->domain) return g_strcmp0(a->domain, b->domain) == 0;
  g_autofree char *x = email_fold_tag(a->person), *y = email_fold_tag(b->person);
  return strcmp(x, y) == 0;
}

static bool lasts_as_long(const struct suppression *there, const struct suppression *wanted)
{
  return !there->expires_at_us || (wanted->expires_at_us && there->expires_at_us >= wanted->expires_at_us);
}

/* Saying a stop again with --allow-hit gives the one in force the permission. */
static void stop_allow(struct memory *memory, struct memory_suppression *row, const struct suppression *wanted)
{
  g_autofree char *allow = brake_allowance(wanted);
  if (allow && !row->allowed_at_us) row->allow = memory_keep(memory, allow);
}

static bool stop_put(struct memory *memory, const struct brake *brake)
{
  const struct suppression *wanted = &brake->stop;
  for (guint i = 0; i < memory->suppressions->len; i++) {
    struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (!memory_in_force(row, memory_now_us(memory)) || !has_same_key(&row->entry, wanted) ||
        strcmp(row->entry.reason, wanted->reason) != 0)
      continue;
    stop_allow(memory, row, wanted);
    if (lasts_as_long(&row->entry, wanted) && memory_stop_covers(&row->entry, wanted)) return false;
  }
  memory_suppress_put(memory, wanted);
  return true;
}

/* Is it of a person whom the run stopped, pushed in another spelling? */
static bool is_spelling_of_run(const struct memory *memory, const struct suppression *entry, const char *run_id)
{
  if (g_strcmp0(entry->source, "sync") != 0 || g_strcmp0(entry->actor, STOP_OF_SPELLING) != 0) return false;
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct suppression *other = &g_array_index(memory->suppressions, struct memory_suppression, i).entry;
    if (g_strcmp0(other->run_id, run_id) == 0 && has_same_key(entry, other)) return true;
  }
  return false;
}

/* By the run that wrote it, else by what it names. */
static bool is_revoked(const struct memory *memory, const struct suppression *entry, const struct suppression *revoked)
{
  if (!revoked->run_id) return has_same_key(entry, revoked);
  return g_strcmp0(entry->run_id, revoked->run_id) == 0 || is_spelling_of_run(memory, entry, revoked->run_id);
}

static int64_t stop_revoke(struct memory *memory, const struct brake *brake)
{
  int64_t changed_n = 0;
  g_autofree char *by = brake_words(brake);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (!memory_in_force(row, memory_now_us(memory)) || !is_revoked(memory, &row->entry, &brake->stop)) continue;
    row->revoked_at_us = brake->at_us ? brake->at_us : memory_now_us(memory);
    row->revoked_by = memory_keep(memory, by);
    changed_n += !brake->stop.run_id || g_strcmp0(row->entry.run_id, brake->stop.run_id) == 0;
  }
  return brake->stop.run_id ? changed_n : changed_n > 0;
}

static bool hold_put(struct memory *memory, const struct brake *brake)
{
  const char *name = brake->campaign_id ? brake->campaign_id : "";
  if (g_hash_table_contains(memory->holds, name)) return false;
  struct memory_hold *hold = g_new0(struct memory_hold, 1);
  hold->reason = memory_keep(memory, brake->reason);
  hold->actor = memory_keep(memory, brake->actor);
  hold->at_us = brake->at_us ? brake->at_us : memory_now_us(memory);
  g_hash_table_insert(memory->holds, g_strdup(name), hold);
  return true;
}

static int64_t retry(struct memory *memory, const struct brake *brake)
{
  struct retry_query query = brake_retry_query(brake);
  int64_t n = 0;
  return memory_retry_leads(&memory->warehouse, &query, &n, NULL) ? n : 0;
}

/* How much it changed. */
static int64_t apply_one(struct memory *memory, const struct brake *brake)
{
  switch (brake->kind) {
  case BRAKE_SUPPRESS: return stop_put(memory, brake);
  case BRAKE_REVOKE: return stop_revoke(memory, brake);
  case BRAKE_HOLD: return hold_put(memory, brake);
  case BRAKE_UNHOLD: return g_hash_table_remove(memory->holds, brake->campaign_id ? brake->campaign_id : "");
  case BRAKE_EVENT: memory_append(memory, &brake->event); return 1;
  case BRAKE_RETRY: return retry(memory, brake);
  }
  return 0;
}

bool memory_brakes_write(struct warehouse *warehouse, const struct brake *rows, size_t rows_n,
                         struct brake_report *report, GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  *report = (struct brake_report){0};
  for (size_t i = 0; i < rows_n; i++)
    report->changed_n += apply_one(memory, &rows[i]);
  memory_fold(memory);
  return true;
}

/* ---- reading ---- */

static bool is_wanted(const struct memory *memory, const struct memory_suppression *row, const struct stop_query *query)
{
  if (query->only_in_force && !memory_in_force(row, memory_now_us(memory))) return false;
  if (query->run_id && g_strcmp0(row->entry.run_id, query->run_id) != 0) return false;
  if (query->domain && g_strcmp0(row->entry.domain, query->domain) != 0) return false;
  if (!query->person) return true;
  g_autofree char *folded = email_fold_tag(query->person);
  return memory_names_person(&row->entry, folded);
}

/* Strings of the warehouse outlive every page of it; nothing has to be copied. */
bool memory_stops_read(struct ledger *ledger, const struct stop_query *query, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  page_reset(page);
  for (guint i = (guint)query->after_id; i < memory->suppressions->len && page->rows->len < query->limit; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (!is_wanted(memory, row, query)) continue;
    struct stop_row out = {.id = (int64_t)i + 1,
                           .stop = row->entry,
                           .revoked_at_us = row->revoked_at_us,
                           .revoked_by = row->revoked_by,
                           .is_ours_listed = row->is_ours_listed};
    g_array_append_val(page->rows, out);
  }
  return true;
}

static int by_campaign(gconstpointer a, gconstpointer b)
{
  return g_strcmp0(((const struct hold_row *)a)->campaign_id, ((const struct hold_row *)b)->campaign_id);
}

bool memory_report_holds(struct warehouse *warehouse, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  GHashTableIter iter;
  gpointer name, value;
  page_reset(page);
  g_hash_table_iter_init(&iter, memory->holds);
  while (g_hash_table_iter_next(&iter, &name, &value)) {
    const struct memory_hold *hold = value;
    struct hold_row row = {.campaign_id = *(const char *)name ? page_text(page, name) : NULL,
                           .reason = hold->reason,
                           .actor = hold->actor,
                           .at_us = hold->at_us};
    g_array_append_val(page->rows, row);
  }
  g_array_sort(page->rows, by_campaign);
  return true;
}
