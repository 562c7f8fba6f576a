/* Suppressions, and the look at them right before sending; removals that are due. */
#include "base/error.h"
#include "warehouse/sqlite.h"

static void stop_bind(struct query *query, const struct suppression *stop)
{
  query_text(query, ":person", stop->person);
  query_text(query, ":domain", stop->domain);
  query_text(query, ":reason", stop->reason);
}

/* What the entry that is in force now was seen from. */
static bool evidence_learn(struct sqlite_warehouse *self, const struct suppression *stop, GError **error)
{
  query_scope struct query query = {0};
  if (!stop->evidence_at_us) return true;
  if (!query_open(&query, &self->db, SQL_SUPPRESSION_EVIDENCE, error)) return false;
  stop_bind(&query, stop);
  query_int(&query, ":evidence_at", stop->evidence_at_us);
  query_int(&query, ":now", clock_wall_us(self->db.clock));
  return query_run(&query, error);
}

bool sqlite_suppress(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t *added_n,
                     GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  query_scope struct query query = {0};
  int64_t n = 0;
  if (!sqlite_overlay_stops(self, error) || !transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!query_open(&query, &self->db, SQL_SUPPRESSION_PUT, error)) return false;
  for (size_t i = 0; i < rows_n; i++) {
    query_again(&query);
    stop_bind(&query, &rows[i]);
    query_text(&query, ":source", rows[i].source);
    query_text(&query, ":actor", rows[i].actor);
    query_time(&query, ":created_at", rows[i].created_at_us);
    query_time(&query, ":expires_at", rows[i].expires_at_us);
    query_time(&query, ":pushed_at", rows[i].pushed_at_us);
    query_time(&query, ":evidence_at", rows[i].evidence_at_us);
    query_text(&query, ":run_id", rows[i].run_id);
    query_int(&query, ":now", clock_wall_us(self->db.clock));
    if (!query_run(&query, error)) return false;
    n += sql_changes(&self->db);
    if (!evidence_learn(self, &rows[i], error)) return false;
  }
  if (added_n) *added_n = n;
  return transaction_commit(&transaction, error);
}

bool sqlite_stops_page(struct query *query, struct page *page, GError **error)
{
  bool has_row = true;
  while (has_row) {
    if (!query_next(query, &has_row, error)) return false;
    if (!has_row) break;
    struct suppression row = {
        .person = query_page_text(query, 0, page),
        .domain = query_page_text(query, 1, page),
        .reason = query_page_text(query, 2, page),
        .source = query_page_text(query, 3, page),
        .actor = query_page_text(query, 4, page),
        .created_at_us = query_column_int(query, 5),
        .expires_at_us = query_column_int(query, 6),
        .pushed_at_us = query_column_int(query, 7),
    };
    g_array_append_val(page->rows, row);
  }
  return true;
}

bool sqlite_unpushed(struct ledger *ledger, const struct push_query *wanted, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_SUPPRESSIONS_UNPUSHED, error)) return false;
  query_int(&query, ":now", wanted->now_us);
  query_int(&query, ":bulk_waits", wanted->bulk_waits);
  query_int(&query, ":limit", (int64_t)MIN(wanted->limit, (size_t)INT32_MAX));
  return sqlite_stops_page(&query, page, error);
}

bool sqlite_stop_hits(struct ledger *ledger, int64_t now_us, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_STOP_HITS, error)) return false;
  query_int(&query, ":now", now_us);
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct stop_hit row = {.allow = query_page_text(&query, 0, page), .leads_n = query_column_int(&query, 1)};
    g_array_append_val(page->rows, row);
  }
  return true;
}

bool sqlite_stops_allow(struct ledger *ledger, const char *allow, int64_t now_us, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  query_scope struct query query = {0};
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!query_open(&query, &self->db, SQL_STOPS_ALLOW, error)) return false;
  query_text(&query, ":allow", allow);
  query_int(&query, ":now", now_us);
  return query_run(&query, error) && transaction_commit(&transaction, error);
}

bool sqlite_pushed(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t at_us, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  query_scope struct query query = {0};
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!query_open(&query, &self->db, SQL_SUPPRESSION_PUSHED, error)) return false;
  for (size_t i = 0; i < rows_n; i++) {
    query_again(&query);
    stop_bind(&query, &rows[i]);
    query_int(&query, ":at", at_us);
    if (!query_run(&query, error)) return false;
  }
  return transaction_commit(&transaction, error);
}

bool sqlite_listing(struct ledger *ledger, const struct suppression *rows, size_t rows_n, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  query_scope struct query query = {0};
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!query_open(&query, &self->db, SQL_SUPPRESSION_LISTING, error)) return false;
  for (size_t i = 0; i < rows_n; i++) {
    query_again(&query);
    stop_bind(&query, &rows[i]);
    query_int(&query, ":was_listed", rows[i].was_listed);
    if (!query_run(&query, error)) return false;
  }
  return transaction_commit(&transaction, error);
}

bool sqlite_unlisting(struct ledger *ledger, int64_t now_us, size_t limit, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_SUPPRESSIONS_UNLISTING, error)) return false;
  query_int(&query, ":now", now_us);
  query_int(&query, ":limit", (int64_t)MIN(limit, (size_t)INT32_MAX));
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct suppression row = {.person = query_page_text(&query, 0, page), .domain = query_page_text(&query, 1, page)};
    g_array_append_val(page->rows, row);
  }
  return true;
}

bool sqlite_unlisted(struct ledger *ledger, const struct suppression *rows, size_t rows_n, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  query_scope struct query query = {0};
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!query_open(&query, &self->db, SQL_SUPPRESSION_UNLISTED, error)) return false;
  for (size_t i = 0; i < rows_n; i++) {
    query_again(&query);
    query_text(&query, ":person", rows[i].person);
    query_text(&query, ":domain", rows[i].domain);
    if (!query_run(&query, error)) return false;
  }
  return transaction_commit(&transaction, error);
}

/* ---- replies that a machine wrote ---- */

bool sqlite_reply_stops(struct ledger *ledger, const char *const *folded, size_t folded_n, struct page *page,
                        GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_REPLY_STOPS, error)) return false;
  for (size_t i = 0; i < folded_n; i++) {
    query_again(&query);
    query_text(&query, ":key", folded[i]);
    query_int(&query, ":now", clock_wall_us(self->db.clock));
    if (!sqlite_stops_page(&query, page, error)) return false;
  }
  return true;
}

bool sqlite_stops_end(struct ledger *ledger, const struct suppression *rows, size_t rows_n, const char *words,
                      GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  query_scope struct query query = {0};
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (!query_open(&query, &self->db, SQL_STOP_END, error)) return false;
  for (size_t i = 0; i < rows_n; i++) {
    query_again(&query);
    query_text(&query, ":person", rows[i].person);
    query_text(&query, ":reason", rows[i].reason);
    query_text(&query, ":source", rows[i].source);
    query_text(&query, ":words", words);
    query_int(&query, ":evidence_at", rows[i].evidence_at_us);
    query_int(&query, ":now", clock_wall_us(self->db.clock));
    if (!query_run(&query, error)) return false;
  }
  return transaction_commit(&transaction, error);
}

/* ---- rows that somebody deletes ---- */

bool sqlite_stops_lost(struct ledger *ledger, int64_t *lost_n, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  bool has_row = false;
  *lost_n = 0;
  if (!query_open(&query, &self->db, SQL_STOPS_LOST, error) || !query_next(&query, &has_row, error)) return false;
  if (has_row) *lost_n = MAX(query_column_int(&query, 0), 0);
  return true;
}

bool sqlite_stops_noted(struct sqlite_warehouse *self, GError **error)
{
  int64_t lost_n = 0;
  if (!sqlite_stops_lost(&self->ledger, &lost_n, error)) return false;
  return lost_n > 0 || sql_run(&self->db, SQL_STOPS_NOTE, error);
}

bool sqlite_stops_note(struct ledger *ledger, bool is_accepted, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  if (!transaction_begin(&transaction, &self->db, true, error)) return false;
  if (is_accepted ? !sql_run(&self->db, SQL_STOPS_NOTE, error) : !sqlite_stops_noted(self, error)) return false;
  return transaction_commit(&transaction, error);
}

/* ---- right before sending ---- */

bool sqlite_stops_mark(struct sqlite_warehouse *self, struct stops_mark *mark, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_STOPS_MARK, error) || !query_next(&query, &has_row, error)) return false;
  mark->stop_id = query_column_int(&query, 0);
  mark->holds_n = query_column_int(&query, 1);
  return true;
}

static bool stop_of(struct sqlite_warehouse *self, const struct claim *claim, int64_t now_us, struct page *stopped,
                    GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_STOP_OF_PERSON, error)) return false;
  query_text(&query, ":person", claim->person);
  query_int(&query, ":now", now_us);
  if (!query_next(&query, &has_row, error)) return false;
  if (!has_row || !query_column_text(&query, 0)) return true;
  struct stopped_claim row = {.ord = claim->ord, .reason = query_page_text(&query, 0, stopped)};
  g_array_append_val(stopped->rows, row);
  return true;
}

bool sqlite_stops_check(struct ledger *ledger, const struct stops_query *looked, struct page *stopped, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  struct stops_mark now = {0};
  page_reset(stopped);
  if (self->db.has_lock && !sqlite_inbox_take(self, error)) return false;
  if (!sqlite_stops_mark(self, &now, error)) return false;
  bool is_unchanged = now.stop_id == self->claim_mark.stop_id && now.holds_n == self->claim_mark.holds_n;
  for (size_t i = 0; i < looked->claims_n; i++) {
    const struct claim *claim = looked->claims[i];
    /* The claim itself looked at all that was there then, by the same now. */
    if (is_unchanged && g_strcmp0(claim->run_id, self->claim_run_id) == 0) continue;
    if (!stop_of(self, claim, looked->now_us, stopped, error)) return false;
  }
  return true;
}

/* ---- removals ---- */

static char *graces_json(const struct removal_query *removals)
{
  GString *text = g_string_new("[");
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i ? "," : "", removals->grace_us[i]);
  g_string_append_c(text, ']');
  return g_string_free(text, FALSE);
}

/* graces lives as long as the query. */
static bool stopped_open(struct sqlite_warehouse *self, struct query *query, const struct removal_query *removals,
                         GError **error)
{
  enum sql_id statement = removals->of_open_claims ? SQL_REMOVALS_OPEN : SQL_REMOVALS_STOPPED;
  if (!query_open(query, &self->db, statement, error)) return false;
  if (!removals->of_open_claims) query_int(query, ":include_adopted", removals->include_adopted);
  query_int(query, ":bulk_waits", removals->bulk_waits);
  return true;
}

static bool due_open(struct sqlite_warehouse *self, struct query *query, const struct removal_query *removals,
                     const char *graces, GError **error)
{
  if (!query_open(query, &self->db, SQL_REMOVALS, error)) return false;
  query_int(query, ":include_adopted", removals->include_adopted);
  query_text(query, ":grace", graces);
  query_int(query, ":after", removals->after_us);
  return true;
}

bool sqlite_removals(struct ledger *ledger, const struct removal_query *removals, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  g_autofree char *graces = graces_json(removals);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  bool is_open = removals->of_stopped ? stopped_open(self, &query, removals, error)
                                      : due_open(self, &query, removals, graces, error);
  if (!is_open) return false;
  query_int(&query, ":now", removals->now_us);
  if (removals->of_stopped) query_int(&query, ":bulk_waits", removals->bulk_waits);
  query_text(&query, ":after_lead_id", removals->after_lead_id);
  query_int(&query, ":limit", (int64_t)MIN(removals->limit, (size_t)INT32_MAX));
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    enum outcome outcome = (enum outcome)query_column_int(&query, 7);
    struct removal row = {
        .lead_id = query_page_text(&query, 0, page),
        .person = query_page_text(&query, 1, page),
        .campaign_id = query_page_text(&query, 2, page),
        .instantly_id = query_page_text(&query, 3, page),
        .claim_id = query_page_text(&query, 4, page),
        .generation = query_column_int(&query, 5),
        .epoch = query_column_int(&query, 6),
        .outcome = outcome,
        .finished_at_us = query_column_int(&query, 8),
        .is_adopted = query_column_int(&query, 9) != 0,
        .is_block_listed = query_column_int(&query, 10) != 0,
        .action_outcome = removals->of_stopped ? outcome : (enum outcome)query_column_int(&query, 11),
        .is_named = removals->of_stopped && query_column_int(&query, 12) != 0,
        .was_seen = removals->of_stopped && query_column_int(&query, 13) != 0,
        .is_lasting = removals->of_stopped && query_column_int(&query, 14) != 0,
        .is_unsubscribed = removals->of_stopped && query_column_int(&query, 15) != 0,
        .cuts_answered = removals->of_stopped && query_column_int(&query, 16) != 0,
        .is_held = removals->of_stopped && query_column_int(&query, 17) != 0,
    };
    g_array_append_val(page->rows, row);
  }
  return true;
}

bool sqlite_removal_counts(struct ledger *ledger, const struct removal_query *removals, GArray *counts, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  g_autofree char *graces = graces_json(removals);
  query_scope struct query query = {0};
  bool has_row = true;
  g_array_set_size(counts, 0);
  if (!query_open(&query, &self->db, SQL_REMOVAL_COUNTS, error)) return false;
  query_int(&query, ":include_adopted", removals->include_adopted);
  query_int(&query, ":now", removals->now_us);
  query_text(&query, ":grace", graces);
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct removal_count row = {.campaign_id = g_strdup(query_column_text(&query, 0)),
                                .outcome = (enum outcome)query_column_int(&query, 1),
                                .n = query_column_int(&query, 2)};
    g_array_append_val(counts, row);
  }
  return true;
}
