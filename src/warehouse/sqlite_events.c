/* Appending events, the fold, and claims as the protocol reads them. */
#include "base/error.h"
#include "warehouse/sqlite.h"
#include "warehouse/sqlite_functions.h"

/* ---- append ---- */

/* Positions are the order of the columns in event_append. */
static void event_bind(struct query *query, const struct lead_event *event, const uint8_t id[SQLITE_EVENT_ID_BYTES])
{
  const char *const texts[] = {event->reason,       event->lead_id,  event->person,  event->campaign_id,
                               event->instantly_id, event->claim_id, event->batch_id};
  query_again(query);
  sqlite3_bind_blob(query->statement, 1, id, SQLITE_EVENT_ID_BYTES, SQLITE_STATIC);
  query_int_at(query, 2, event->kind);
  query_int_at(query, 3, event->fact);
  for (int i = 0; i < (int)G_N_ELEMENTS(texts); i++)
    query_text_at(query, 4 + i, texts[i]);
  query_int_at(query, 11, event->ord);
  query_int_at(query, 12, event->ord_to);
  query_text_at(query, 13, event->body_hash);
  query_int_at(query, 14, event->attempt);
  query_int_at(query, 15, event->generation);
  query_int_at(query, 16, event->epoch);
  query_text_at(query, 17, event->run_id);
  query_int_at(query, 18, event->occurred_at_us);
  query_int_at(query, 19, event->recorded_at_us);
  query_text_at(query, 20, event->detail);
}

/* Claims that came through append() instead of claim(): consecutive ords of one run make one range. */
struct range {
  const struct lead_event *first;
  int64_t first_seq, claims_n;
};

static bool range_put(struct sqlite_warehouse *self, struct range *range, GError **error)
{
  if (range->claims_n == 0) return true;
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, SQL_CLAIM_RANGE_PUT, error)) return false;
  query_text(&query, ":run_id", range->first->run_id);
  query_int(&query, ":first_ord", range->first->ord);
  query_int(&query, ":first_seq", range->first_seq);
  query_int(&query, ":claims_n", range->claims_n);
  query_int(&query, ":claimed_at", range->first->occurred_at_us);
  range->claims_n = 0;
  return query_run(&query, error);
}

static bool range_follow(struct sqlite_warehouse *self, struct range *range, const struct lead_event *event,
                         GError **error)
{
  bool is_claim = event->kind == EVENT_CLAIMED && event->run_id;
  bool follows = is_claim && range->claims_n > 0 && g_strcmp0(range->first->run_id, event->run_id) == 0 &&
                 event->ord == range->first->ord + range->claims_n;
  if (!follows && !range_put(self, range, error)) return false;
  if (is_claim && !follows)
    *range = (struct range){.first = event, .first_seq = sqlite3_last_insert_rowid(self->db.handle)};
  if (is_claim) range->claims_n++;
  return true;
}

/* Later than every hold and resolution of the lead so far, also when the clock was set back since. */
static bool hold_number(struct sqlite_warehouse *self, struct lead_event *event, int64_t now_us, GError **error)
{
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_HOLD_NUMBER, error)) return false;
  query_text(&query, ":lead_id", event->lead_id);
  if (!query_next(&query, &has_row, error)) return false;
  event->attempt = MAX(now_us, has_row ? query_column_int(&query, 0) + 1 : 0);
  return true;
}

bool sqlite_events_put(struct sqlite_warehouse *self, const struct lead_event *events, size_t events_n, GError **error)
{
  query_scope struct query query = {0};
  struct range range = {0};
  if (!query_open(&query, &self->db, SQL_EVENT_APPEND, error)) return false;
  int64_t now_us = clock_wall_us(self->db.clock);
  for (size_t i = 0; i < events_n; i++) {
    struct lead_event event = events[i];
    uint8_t id[SQLITE_EVENT_ID_BYTES];
    event.recorded_at_us = now_us;
    if (event.kind == EVENT_HELD && event.attempt == 0 && !hold_number(self, &event, now_us, error)) return false;
    sqlite_event_id(&event, id);
    event_bind(&query, &event, id);
    if (!query_run(&query, error) || !range_follow(self, &range, &events[i], error)) return false;
  }
  return range_put(self, &range, error);
}

/* What was decided under an epoch may be sent only while it is the newest one: looked at in the transaction that says
 * so.
 */
static bool may_record(struct sqlite_warehouse *self, const struct lead_event *events, size_t events_n, GError **error)
{
  for (size_t i = 0; i < events_n; i++)
    if (events[i].kind == EVENT_SENDING) return sqlite_lease_is_newest(self, error);
  return true;
}

bool sqlite_append(struct ledger *ledger, const struct lead_event *events, size_t events_n, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  transaction_scope struct transaction transaction = {0};
  if (events_n == 0) return true;
  return transaction_begin(&transaction, &self->db, true, error) && may_record(self, events, events_n, error) &&
         sqlite_events_put(self, events, events_n, error) && transaction_commit(&transaction, error);
}

/* ---- claims ---- */

static void claim_read(const struct query *query, struct page *page)
{
  struct claim claim = {
      .ord = query_column_int(query, 0),
      .generation = query_column_int(query, 1),
      .epoch = query_column_int(query, 2),
      .attempt = query_column_int(query, 3),
      .run_id = query_page_text(query, 4, page),
      .campaign_id = query_page_text(query, 5, page),
      .person = query_page_text(query, 6, page),
      .is_held = query_column_int(query, 7) != 0,
      .lead =
          {
              .lead_id = query_page_text(query, 8, page),
              .email = query_page_text(query, 9, page),
              .first_name = query_page_text(query, 10, page),
              .last_name = query_page_text(query, 11, page),
              .company_name = query_page_text(query, 12, page),
              .campaign_id = query_page_text(query, 13, page),
              .added_to_instantly = query_column_int(query, 14) != 0,
              .sequence_completed = query_column_int(query, 15) != 0,
              .cold_email_sent = query_column_int(query, 16) != 0,
              .last_email_status = query_page_text(query, 17, page),
              .fields = query_page_text(query, 18, page),
          },
  };
  g_array_append_val(page->rows, claim);
}

/* A table of the user's may have several rows of a lead_id and person: one of them goes. */
static bool is_repeated(const struct query *query, const struct page *page)
{
  guint rows_n = page->rows->len;
  return rows_n > 0 && page_row(page, struct claim, rows_n - 1)->ord == query_column_int(query, 0);
}

bool sqlite_claims_read(struct ledger *ledger, const struct claim_query *claims, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_CLAIMS_READ, error)) return false;
  query_text(&query, ":run_id", claims->run_id);
  query_text(&query, ":campaign_id", claims->campaign_id);
  query_int(&query, ":after_ord", claims->after_ord);
  query_int(&query, ":to_ord", MIN(claims->to_ord, INT64_MAX / 2));
  query_int(&query, ":only_unsettled", claims->only_unsettled);
  while (has_row && page->rows->len < claims->limit) {
    if (!query_next(&query, &has_row, error)) return false;
    if (has_row && !is_repeated(&query, page)) claim_read(&query, page);
  }
  return true;
}

bool sqlite_release_never_sent(struct ledger *ledger, const char *own_run_id, int64_t *released_n, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  if (!sqlite_fold(ledger, error) || !query_open(&query, &self->db, SQL_NEVER_SENT, error)) return false;
  query_text(&query, ":own_run_id", own_run_id);
  query_int(&query, ":now", clock_wall_us(self->db.clock));
  if (!query_run(&query, error)) return false;
  *released_n = sql_changes(&self->db);
  return true;
}

bool sqlite_open_batches(struct ledger *ledger, const char *own_run_id, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of_ledger(ledger);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!sqlite_fold(ledger, error) || !query_open(&query, &self->db, SQL_OPEN_BATCHES, error)) return false;
  query_text(&query, ":own_run_id", own_run_id);
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (!has_row) break;
    struct open_batch batch = {
        .batch_id = query_page_text(&query, 0, page),
        .run_id = query_page_text(&query, 1, page),
        .campaign_id = query_page_text(&query, 2, page),
        .ord = query_column_int(&query, 3),
        .ord_to = query_column_int(&query, 4),
        .sent_at_us = query_column_int(&query, 5),
        .attempt = query_column_int(&query, 6),
    };
    g_array_append_val(page->rows, batch);
  }
  return true;
}
