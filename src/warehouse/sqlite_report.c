/* Reports on leads and persons, and taking refused leads up again. */
#include "base/error.h"
#include "core/fold.h"
#include "warehouse/sqlite.h"
#include "warehouse/sqlite_functions.h"

#include <string.h>

#define STATE_FIRST_COLUMN 14

static void lead_row_read(const struct query *query, struct page *page)
{
  struct lead_report_row row = {
      .lead =
          {
              .lead_id = query_page_text(query, 0, page),
              .email = query_page_text(query, 1, page),
              .first_name = query_page_text(query, 2, page),
              .last_name = query_page_text(query, 3, page),
              .company_name = query_page_text(query, 4, page),
              .campaign_id = query_page_text(query, 5, page),
              .added_to_instantly = query_column_int(query, 6) != 0,
              .sequence_completed = query_column_int(query, 7) != 0,
              .cold_email_sent = query_column_int(query, 8) != 0,
              .last_email_status = query_page_text(query, 9, page),
              .fields = query_page_text(query, 10, page),
          },
      .added_at_us = query_column_int(query, 11),
      .sequence_completed_at_us = query_column_int(query, 12),
      .updated_at_us = query_column_int(query, 13),
      .has_state = query_column_text(query, STATE_FIRST_COLUMN) != NULL,
  };
  if (row.has_state) {
    sqlite_state_read(query, STATE_FIRST_COLUMN, page, &row.state);
    row.phase = state_phase(&row.state);
    if (!row.lead.lead_id) row.lead.lead_id = row.state.lead_id;
  }
  g_array_append_val(page->rows, row);
}

static bool lead_rows_read(struct query *query, struct page *page, GError **error)
{
  bool has_row = true;
  while (has_row) {
    if (!query_next(query, &has_row, error)) return false;
    if (has_row) lead_row_read(query, page);
  }
  return true;
}

bool sqlite_report_leads(struct warehouse *warehouse, const char *after, size_t limit, struct page *page,
                         GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  g_autofree char *from = g_strdup(after ? after : "");
  query_scope struct query query = {0};
  page_reset(page);
  /* Who inherits from whom is found out once, with the first page. */
  if (!after && !sqlite_aliases(self, error)) return false;
  if (!query_open(&query, &self->db, SQL_REPORT_LEADS, error)) return false;
  query_text(&query, ":after", from);
  query_int(&query, ":limit", (int64_t)MIN(limit, (size_t)INT32_MAX));
  return lead_rows_read(&query, page, error);
}

static bool found_put(struct sqlite_warehouse *self, enum sql_id id, const char *what, GError **error)
{
  query_scope struct query query = {0};
  if (!query_open(&query, &self->db, id, error)) return false;
  query_text(&query, ":what", what);
  return query_run(&query, error);
}

bool sqlite_report_find(struct warehouse *warehouse, const char *what, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  g_autofree char *wanted = g_strdup(what); /* it may stand in the page that is filled anew */
  query_scope struct query query = {0};
  page_reset(page);
  if (!sqlite_key(self, error) || !sqlite_aliases(self, error) || !sql_run(&self->db, SQL_FOUND_CLEAR, error) ||
      !found_put(self, SQL_FOUND_BY_ID, wanted, error) || !found_put(self, SQL_FOUND_BY_ALIAS, wanted, error))
    return false;
  if (strchr(wanted, '@') && !found_put(self, SQL_FOUND_BY_PERSON, wanted, error)) return false;
  if (g_str_has_prefix(wanted, SQLITE_REFERENCE_PREFIX) && !found_put(self, SQL_FOUND_BY_REFERENCE, wanted, error))
    return false;
  return query_open(&query, &self->db, SQL_REPORT_FOUND, error) && lead_rows_read(&query, page, error);
}

/* ---- persons ---- */

static bool person_states_read(struct query *query, struct person_facts *facts, GError **error)
{
  bool has_row = true;
  while (has_row) {
    if (!query_next(query, &has_row, error)) return false;
    if (!has_row) break;
    facts->is_held |= query_column_int(query, 0) != 0;
    facts->is_unsettled |= query_column_int(query, 1) != 0;
    facts->is_in_instantly |= query_column_int(query, 5) != 0;
    if (facts->has_events) continue;
    facts->has_events = true;
    facts->last_enrolled_at_us = query_column_int(query, 2);
    facts->last_outcome = (enum outcome)query_column_int(query, 3);
    facts->last_finished_at_us = query_column_int(query, 4);
  }
  return true;
}

bool sqlite_report_person_facts(struct warehouse *warehouse, const struct person_query *query, struct page *text,
                                struct person_facts *facts, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  query_scope struct query states = {0}, source = {0}, stop = {0};
  bool has_row = false;
  *facts = (struct person_facts){0};
  if (!query_open(&states, &self->db, SQL_REPORT_PERSON, error)) return false;
  query_text(&states, ":person", query->person);
  if (!person_states_read(&states, facts, error) || !query_open(&source, &self->db, SQL_REPORT_PERSON_SOURCE, error))
    return false;
  query_text(&source, ":person", query->person);
  if (!query_next(&source, &has_row, error)) return false;
  facts->was_contacted_before = query_column_int(&source, 0) != 0;
  if (!query_open(&stop, &self->db, SQL_REPORT_PERSON_STOP, error)) return false;
  query_text(&stop, ":person", query->person);
  query_int(&stop, ":now", query->now_us);
  if (!query_next(&stop, &has_row, error)) return false;
  facts->suppression = query_page_text(&stop, 0, text);
  return true;
}

bool sqlite_report_suppressions(struct warehouse *warehouse, const char *person, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  g_autofree char *wanted = g_strdup(person);
  query_scope struct query query = {0};
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_SUPPRESSIONS_OF_PERSON, error)) return false;
  query_text(&query, ":person", wanted);
  return sqlite_stops_page(&query, page, error);
}

/* ---- events ---- */

static void event_read(const struct query *query, struct page *page)
{
  struct lead_event event = {
      .kind = (enum event_kind)query_column_int(query, 0),
      .fact = (enum status_fact)query_column_int(query, 1),
      .reason = query_page_text(query, 2, page),
      .lead_id = query_page_text(query, 3, page),
      .person = query_page_text(query, 4, page),
      .campaign_id = query_page_text(query, 5, page),
      .instantly_id = query_page_text(query, 6, page),
      .claim_id = query_page_text(query, 7, page),
      .batch_id = query_page_text(query, 8, page),
      .ord = query_column_int(query, 9),
      .ord_to = query_column_int(query, 10),
      .body_hash = query_page_text(query, 11, page),
      .attempt = query_column_int(query, 12),
      .generation = query_column_int(query, 13),
      .epoch = query_column_int(query, 14),
      .run_id = query_page_text(query, 15, page),
      .occurred_at_us = query_column_int(query, 16),
      .recorded_at_us = query_column_int(query, 17),
      .detail = query_page_text(query, 18, page),
  };
  g_array_append_val(page->rows, event);
}

bool sqlite_report_events(struct warehouse *warehouse, const char *lead_id, struct page *page, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  g_autofree char *wanted = g_strdup(lead_id);
  query_scope struct query query = {0};
  bool has_row = true;
  page_reset(page);
  if (!query_open(&query, &self->db, SQL_REPORT_EVENTS, error)) return false;
  query_text(&query, ":lead_id", wanted);
  while (has_row) {
    if (!query_next(&query, &has_row, error)) return false;
    if (has_row) event_read(&query, page);
  }
  return true;
}

bool sqlite_report_empty_values(struct warehouse *warehouse, const struct empty_query *wanted,
                                struct empty_count *count, GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  query_scope struct query query = {0};
  bool has_row = false;
  if (!query_open(&query, &self->db, SQL_REPORT_EMPTY_VALUES, error)) return false;
  query_text(&query, ":campaign_id", wanted->campaign_id);
  query_text(&query, ":default_campaign", wanted->default_campaign);
  query_text(&query, ":source", wanted->variable->source);
  query_int(&query, ":is_column", wanted->variable->is_column && wanted->variable->source);
  if (!query_next(&query, &has_row, error)) return false;
  count->rows_n = query_column_int(&query, 0);
  count->empty_n = query_column_int(&query, 1);
  return true;
}

/* ---- retry ---- */

bool sqlite_retries_put(struct sqlite_warehouse *self, const struct retry_query *retry, int64_t *retried_n,
                        GError **error)
{
  query_scope struct query fill = {0}, append = {0};
  if (!sql_run(&self->db, SQL_RETRIES_CLEAR, error) || !query_open(&fill, &self->db, SQL_RETRIES_FILL, error))
    return false;
  query_text(&fill, ":lead_id", retry->lead_id);
  query_text(&fill, ":type", retry->type);
  query_int(&fill, ":all", retry->all);
  query_int(&fill, ":limit", (int64_t)MIN(retry->limit, (size_t)INT32_MAX));
  if (!query_run(&fill, error) || !sql_run_int(&self->db, SQL_RETRIES_COUNT, retried_n, error)) return false;
  if (retry->is_dry_run) return true;
  if (!query_open(&append, &self->db, SQL_RETRIES_APPEND, error)) return false;
  query_text(&append, ":run_id", retry->run_id);
  query_int(&append, ":now", clock_wall_us(self->db.clock));
  return query_run(&append, error);
}

bool sqlite_retry_leads(struct warehouse *warehouse, const struct retry_query *retry, int64_t *retried_n,
                        GError **error)
{
  struct sqlite_warehouse *self = sqlite_of(warehouse);
  transaction_scope struct transaction transaction = {0};
  if (!retry->is_dry_run && !sqlite_fold(&self->ledger, error)) return false;
  if (!transaction_begin(&transaction, &self->db, !retry->is_dry_run, error)) return false;
  if (!sqlite_retries_put(self, retry, retried_n, error)) return false;
  return retry->is_dry_run || transaction_commit(&transaction, error);
}
