/* Bringing rows home that carry our stamp and that the ledger does not know: core/sync_home.h over pages of
 * temp.homeless. */
#include "base/error.h"
#include "core/settle.h"
#include "core/sync_home.h"
#include "warehouse/sqlite.h"

#define PAGE_ROWS 500

/* ---- what the ledger knows ---- */

bool sqlite_newest_id(struct ledger *ledger, char **id, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &sqlite_of_ledger(ledger)->db, SQL_NEWEST_ID, error)) return false;
  if (!query_next(&query, &has_row, error)) return false;
  *id = has_row ? g_strdup(query_column_text(&query, 0)) : NULL;
  return true;
}

bool sqlite_stamp_is_known(struct ledger *ledger, const char *text, bool *is_known, GError **error)
{
  query_scope struct query query = {0};
  struct stamp stamp;
  bool has_row = false;
  *is_known = false;
  if (!stamp_read(text, &stamp)) return true;
  if (!query_open(&query, &sqlite_of_ledger(ledger)->db, SQL_CLAIM_KNOWN, error)) return false;
  query_text(&query, ":run_id", stamp.run_id);
  query_int(&query, ":ord", stamp.ord);
  if (!query_next(&query, &has_row, error)) return false;
  *is_known = query_column_int(&query, 0) != 0;
  return true;
}

/* ---- a page ---- */

/* One row with the lead that was chosen for it. */
struct arrival {
  struct remote_lead row;
  struct home_lead lead;
  bool is_skipped; /* somebody else's row whose lead is not free */
};

static struct arrival arrival_read(const struct query *query, struct page *page)
{
  struct arrival arrival = {
      .row = {.id = query_page_text(query, 1, page),
              .person = query_page_text(query, 2, page),
              .campaign_id = query_page_text(query, 3, page),
              .stamp = query_page_text(query, 4, page),
              .created_at_us = query_column_int(query, 5)},
      .lead = {.lead_id = query_page_text(query, 6, page), .generation = query_column_int(query, 8)}};
  const char *person = query_column_text(query, 7);
  bool is_others = person && g_strcmp0(person, arrival.row.person) != 0;
  if (is_others || !query_column_int(query, 9)) arrival.lead = (struct home_lead){0};
  arrival.is_skipped = !arrival.lead.lead_id && !home_is_stamped(&arrival.row);
  return arrival;
}

static bool page_read(struct sqlite_warehouse *self, int64_t *after, struct page *page, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_HOME_PAGE, error)) return false;
  query_int(&query, ":after", *after);
  query_int(&query, ":limit", PAGE_ROWS);
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct arrival arrival = arrival_read(&query, page);
    *after = query_column_int(&query, 0);
    g_array_append_val(page->rows, arrival);
  }
  return true;
}

/* The claims of a page before what settles them: claims that follow each other make one range. */
static bool page_append(struct sqlite_warehouse *self, const struct stage_rules *rules, const struct page *page,
                        int64_t *home_n, GError **error)
{
  g_autofree struct home_events *homes = g_new0(struct home_events, page->rows->len);
  g_autoptr(GArray) events = g_array_new(FALSE, TRUE, sizeof(struct lead_event));
  for (guint i = 0; i < page->rows->len; i++) {
    const struct arrival *arrival = page_row(page, struct arrival, i);
    if (arrival->is_skipped) continue;
    home_events_of(&arrival->row, &arrival->lead, rules, &homes[i]);
    (*home_n)++;
    if (homes[i].n > 1) g_array_append_val(events, homes[i].events[0]);
  }
  for (guint i = 0; i < page->rows->len; i++)
    if (homes[i].n > 0) g_array_append_val(events, homes[i].events[homes[i].n - 1]);
  return sqlite_events_put(self, (const struct lead_event *)(void *)events->data, events->len, error);
}

static bool append_all(struct sqlite_warehouse *self, const struct stage_rules *rules, int64_t *home_n, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct arrival));
  int64_t after = 0;
  bool is_ok;
  do {
    is_ok = page_read(self, &after, &page, error) && page_append(self, rules, &page, home_n, error);
  } while (is_ok && page.rows->len == PAGE_ROWS);
  page_clear(&page);
  return is_ok;
}

/* ---- all ---- */

static bool fill(struct sqlite_warehouse *self, enum sql_id id, const struct stage_rules *rules, int64_t *n,
                 GError **error)
{
  query_scope struct query query = {0};
  if (!sql_run(&self->db, SQL_HOME_CLEAR, error) || !query_open(&query, &self->db, id, error)) return false;
  query_text(&query, ":run_id", rules->run_id);
  if (id == SQL_HOME_FILL) query_int(&query, ":is_rebuild", rules->home == HOME_REBUILD);
  return query_run(&query, error) && sql_run_int(&self->db, SQL_HOME_COUNT, n, error);
}

/* One kind of rows, durably; all or none. temp.matches is of the ledger as it then is. */
static bool bring(struct sqlite_warehouse *self, enum sql_id id, const struct stage_rules *rules,
                  struct stage_report *report, GError **error)
{
  transaction_scope struct transaction transaction = {0};
  int64_t n = 0, home_n = 0;
  if (!transaction_begin(&transaction, &self->db, true, error) || !fill(self, id, rules, &n, error)) return false;
  bool is_left = rules->home == HOME_LEAVE;
  if (n > 0 && !is_left && !(sqlite_persons_fill(self, error) && append_all(self, rules, &home_n, error))) return false;
  if (!transaction_commit(&transaction, error)) return false;
  report->homeless_n += is_left ? n : 0;
  report->home_n += home_n;
  return home_n == 0 || (sqlite_fold(&self->ledger, error) && sqlite_matches_fill(self, rules->run_id, error));
}

bool sqlite_bring_home(struct sqlite_warehouse *self, const struct stage_rules *rules, struct stage_report *report,
                       GError **error)
{
  if (!sqlite_matches_fill(self, rules->run_id, error)) return false;
  if (!bring(self, SQL_HOME_FILL, rules, report, error)) return false;
  return rules->home != HOME_REBUILD ||
         (sqlite_persons_fill(self, error) && bring(self, SQL_HOME_FILL_OTHERS, rules, report, error));
}
