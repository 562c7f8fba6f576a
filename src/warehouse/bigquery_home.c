/* Bringing rows home that carry our stamp and that the ledger does not know: core/sync_home.h over pages of an answer.
 *
 * Nothing here is all or nothing, so what was written before a crash must never look like a whole ledger. Rows are
 * written in the order in which the export asks for unknown ones (home_read), a request at a time, and of each row the
 * `added` before its claim: a claim alone would be released as never sent. Whoever was not written is met by the next
 * export, which refuses, and the same command again goes on where this one ended. */
#include "base/json.h"
#include "core/settle.h"
#include "core/sync_home.h"
#include "warehouse/bigquery.h"

#include <string.h>

/* Their events are one request: so they are written in order. */
#define PAGE_ROWS 500

/* ---- what the ledger knows ---- */

bool bq_newest_id(struct ledger *ledger, char **id, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  struct bq_call call = {.ids = {BQ_NEWEST_ID}, .ids_n = 1};
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  const char *const *cells = NULL;
  *id = bq_kept_is_whole(self) ? g_strdup(self->kept.newest_id) : NULL;
  if (bq_kept_is_whole(self)) return true;
  if (!bq_query(self, &call, &rows, error) || !bigquery_next(rows, &cells, error)) return false;
  if (cells) *id = g_strdup(cells[0]);
  return true;
}

/* While rows are not seen, a request may be recorded all the same: whoever claims waits for them. */
static void stamp_add(const char *const *cells, void *into)
{
  struct bq_warehouse *self = into;
  bool is_sent = bq_cell_bool(cells[1]) || !bq_streams_are_whole(self, NULL);
  if (cells[0] && is_sent) g_hash_table_add(self->stamps.known, g_strdup(cells[0]));
}

/* The claims of one run are read together: a page of stamps names few runs. */
static bool stamps_read(struct bq_warehouse *self, const char *run_id, GError **error)
{
  if (self->stamps.run_id && strcmp(self->stamps.run_id, run_id) == 0) return true;
  struct bq_call call = {
      .ids = {BQ_STAMPS_OF_RUN}, .ids_n = 1, .parameters = {bigquery_text("run_id", run_id)}, .parameters_n = 1};
  g_clear_pointer(&self->stamps.run_id, g_free);
  if (self->stamps.known) g_hash_table_remove_all(self->stamps.known);
  if (!self->stamps.known) self->stamps.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  if (!bq_each(self, &call, stamp_add, self, error)) return false;
  self->stamps.run_id = g_strdup(run_id);
  return true;
}

bool bq_stamp_is_known(struct ledger *ledger, const char *text, bool *is_known, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  struct stamp stamp;
  *is_known = false;
  if (!stamp_read(text, &stamp)) return true;
  if (!stamps_read(self, stamp.run_id, error)) return false;
  *is_known = g_hash_table_contains(self->stamps.known, stamp.claim_id);
  return true;
}

/* ---- a page ---- */

/* One row with the lead that was chosen for it. */
struct arrival {
  struct remote_lead row;
  struct home_lead lead;
};

/* False for somebody else's row whose lead is not free. */
static bool arrival_read(const char *const *cells, struct page *page, struct arrival *arrival)
{
  *arrival = (struct arrival){.row = {.id = page_text(page, cells[0]),
                                      .person = page_text(page, cells[1]),
                                      .campaign_id = page_text(page, cells[2]),
                                      .stamp = page_text(page, cells[3]),
                                      .created_at_us = bq_cell_int(cells[4])}};
  bool is_others = cells[6] && g_strcmp0(cells[6], cells[1]) != 0;
  if (!is_others && bq_cell_bool(cells[8]))
    arrival->lead = (struct home_lead){page_text(page, cells[5]), bq_cell_int(cells[7])};
  return arrival->lead.lead_id || home_is_stamped(&arrival->row);
}

static bool page_read(struct bigquery_rows **rows, struct page *page, GError **error)
{
  page_reset(page);
  while (page->rows->len < PAGE_ROWS) {
    const char *const *cells = NULL;
    struct arrival arrival;
    if (!bq_next(rows, &cells, error)) return false;
    if (!cells) return true;
    if (arrival_read(cells, page, &arrival)) g_array_append_val(page->rows, arrival);
  }
  return true;
}

static bool page_append(struct bq_warehouse *self, const struct stage_rules *rules, const struct page *page,
                        GError **error)
{
  g_autofree struct home_events *homes = g_new0(struct home_events, page->rows->len + 1);
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  for (guint i = 0; i < page->rows->len; i++) {
    const struct arrival *arrival = page_row(page, struct arrival, i);
    home_events_of(&arrival->row, &arrival->lead, rules, &homes[i]);
    for (size_t e = homes[i].n; e > 0; e--)
      g_array_append_val(events, homes[i].events[e - 1]);
  }
  return bq_append(&self->ledger, (const struct lead_event *)(void *)events->data, events->len, error);
}

/* ---- all ---- */

static bool question_json(struct bq_warehouse *self, const struct stage_rules *rules, bool of_others, GString *out,
                          GError **error)
{
  bq_json_stage(self, rules, out);
  bq_json_flag(out, "is_rebuild", rules->home == HOME_REBUILD);
  bq_json_flag(out, "others", of_others);
  json_append_key(out, "campaigns");
  json_append_strings(out, rules->campaigns, rules->campaigns_n);
  return bq_json_foreigners(self, false, out, error);
}

static bool bring(struct bq_warehouse *self, const struct stage_rules *rules, bool of_others, int64_t *home_n,
                  GError **error)
{
  g_autoptr(GString) json = g_string_new("{");
  if (!question_json(self, rules, of_others, json, error)) return false;
  g_string_append_c(json, '}');
  if (!bq_stage_wait(self, error)) return false;
  struct bq_call call = BQ_SCRIPT(json->str, BQ_MATCHES_GATHER, BQ_HOME_READ);
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  if (!bq_query(self, &call, &rows, error)) return false;
  struct page page;
  page_init(&page, sizeof(struct arrival));
  bool is_ok = true;
  while (is_ok && rows) {
    is_ok = page_read(&rows, &page, error) && page_append(self, rules, &page, error);
    if (is_ok) *home_n += page.rows->len;
  }
  page_clear(&page);
  return is_ok && bq_fold(&self->ledger, error);
}

bool bq_bring_home(struct bq_warehouse *self, const struct stage_rules *rules, int64_t *home_n, GError **error)
{
  return bring(self, rules, false, home_n, error) &&
         (rules->home != HOME_REBUILD || bring(self, rules, true, home_n, error));
}
