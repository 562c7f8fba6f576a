/* The checks of `verify`: one statement each fills temp.differences, read by pages. */
#include "base/error.h"
#include "warehouse/sqlite.h"

/* Which values a statement takes. */
enum { WITH_RUN = 1, WITH_CAMPAIGN = 2, WITH_FINISHED = 4, WITH_NOW = 8 };

static const struct check {
  enum sql_id id;
  unsigned values;
} checks[VERIFY_CHECKS_N] = {
    [VERIFY_DATABASE_DAMAGED] = {SQL_VERIFY_DATABASE_DAMAGED, 0},
    [VERIFY_EVENT_ALTERED] = {SQL_VERIFY_EVENT_ALTERED, 0},
    [VERIFY_STATE_DIFFERS] = {SQL_VERIFY_STATE_DIFFERS, 0},
    [VERIFY_STATE_WITHOUT_EVENTS] = {SQL_VERIFY_STATE_WITHOUT_EVENTS, 0},
    [VERIFY_SETTLED_TWICE] = {SQL_VERIFY_SETTLED_TWICE, 0},
    [VERIFY_ADDED_UNSENT] = {SQL_VERIFY_ADDED_UNSENT, 0},
    [VERIFY_CLAIM_OPEN] = {SQL_VERIFY_CLAIM_OPEN, 0},
    [VERIFY_CONFLICT_OPEN] = {SQL_VERIFY_CONFLICT_OPEN, 0},
    [VERIFY_TAG_TWICE] = {SQL_VERIFY_TAG_TWICE, 0},
    [VERIFY_MISSING] = {SQL_VERIFY_MISSING, WITH_CAMPAIGN | WITH_FINISHED},
    [VERIFY_OTHER_CAMPAIGN] = {SQL_VERIFY_OTHER_CAMPAIGN, WITH_CAMPAIGN},
    [VERIFY_OTHER_STAMP] = {SQL_VERIFY_OTHER_STAMP, WITH_CAMPAIGN},
    [VERIFY_UNKNOWN_ROW] = {SQL_VERIFY_UNKNOWN_ROW, WITH_RUN | WITH_CAMPAIGN},
    [VERIFY_SUPPRESSED_LIVE] = {SQL_VERIFY_SUPPRESSED_LIVE, WITH_CAMPAIGN | WITH_NOW},
    [VERIFY_LIVE_TWICE] = {SQL_VERIFY_LIVE_TWICE, WITH_RUN},
    [VERIFY_REMOVED_LIVE] = {SQL_VERIFY_REMOVED_LIVE, WITH_CAMPAIGN},
};

static bool fill(struct sqlite_warehouse *self, const struct verify_query *verify, GError **error)
{
  const struct check *check = &checks[verify->check];
  query_scope struct query query = {0};
  if (!sql_run(&self->db, SQL_DIFFERENCES_CLEAR, error)) return false;
  if (verify->is_first_of_stage && !sqlite_matches_fill(self, verify->run_id, error)) return false;
  if (!query_open(&query, &self->db, check->id, error)) return false;
  if (check->values & WITH_RUN) query_text(&query, ":run_id", verify->run_id);
  if (check->values & WITH_CAMPAIGN) query_text(&query, ":campaign_id", verify->campaign_id);
  if (check->values & WITH_FINISHED) query_int(&query, ":finished_after", verify->finished_after_us);
  if (check->values & WITH_NOW) query_int(&query, ":now", clock_wall_us(self->db.clock));
  return query_run(&query, error);
}

bool sqlite_differences(struct ledger *ledger, const struct verify_query *verify, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (verify->after_n == 0 && !fill(self, verify, error)) return false;
  if (!query_open(&query, &self->db, SQL_DIFFERENCES_PAGE, error)) return false;
  query_int(&query, ":after", verify->after_n);
  query_int(&query, ":limit", (int64_t)MIN(verify->limit, (size_t)INT32_MAX));
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct difference difference = {.n = query_column_int(&query, 0),
                                    .lead_id = query_page_text(&query, 1, page),
                                    .instantly_id = query_page_text(&query, 2, page),
                                    .campaign_id = query_page_text(&query, 3, page),
                                    .detail = query_page_text(&query, 4, page)};
    g_array_append_val(page->rows, difference);
  }
  return true;
}
