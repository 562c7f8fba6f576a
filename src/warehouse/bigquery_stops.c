/* Suppressions: written by DML alone, because they are changed later. */
#include "warehouse/bigquery_stops.h"
#include "base/email.h"
#include "base/json.h"
#include "warehouse/brakes.h"

#include <string.h>

char *bq_match_key(const struct suppression *stop)
{
  return stop->domain ? g_strconcat("@", stop->domain, NULL) : email_fold_tag(stop->person);
}

static void row_append(struct bq_warehouse *self, GString *out, const struct bq_stop_row *row, int64_t now_us)
{
  const struct suppression *stop = &row->stop;
  g_autofree char *match_key = bq_match_key(stop);
  g_autofree char *allow = brake_allowance(stop);
  self->last_id = MAX(self->last_id + 1, bq_now_us(self));
  g_string_append(out, out->str[out->len - 1] == '[' ? "{" : ",{");
  bq_json_int(out, "id", self->last_id);
  json_append_str(out, "match_key", match_key);
  json_append_str(out, "person", stop->person);
  json_append_str(out, "domain", stop->domain);
  json_append_str(out, "reason", stop->reason);
  json_append_str(out, "source", stop->source);
  json_append_str(out, "actor", stop->actor);
  bq_json_int(out, "created_at", stop->created_at_us ? stop->created_at_us : now_us);
  bq_json_time(out, "expires_at", stop->expires_at_us);
  bq_json_time(out, "pushed_at", stop->pushed_at_us);
  bq_json_time(out, "evidence_at", row->evidence_at_us);
  json_append_str(out, "run_id", stop->run_id);
  json_append_str(out, "allow_hit", allow);
  bq_json_time(out, "revoked_at", row->is_void ? bq_now_us(self) : 0);
  json_append_str(out, "revoked_by", row->is_void ? "bounce_spike" : NULL);
  bq_json_flag(out, "is_brake", row->is_brake);
  g_string_append_c(out, '}');
}

bool bq_stops_write(struct bq_warehouse *self, const GArray *stops, int64_t now_us, int64_t *added_n, GError **error)
{
  *added_n = 0;
  if (stops->len == 0) return true;
  bool has_evidence = false, has_allowance = false;
  g_autoptr(GString) json = g_string_new("{");
  bq_json_int(json, "now", now_us);
  json_append_key(json, "rows");
  g_string_append_c(json, '[');
  for (guint i = 0; i < stops->len; i++) {
    const struct bq_stop_row *row = &g_array_index(stops, struct bq_stop_row, i);
    row_append(self, json, row, now_us);
    has_evidence = has_evidence || row->evidence_at_us;
    has_allowance = has_allowance || row->stop.allow_hit;
  }
  g_string_append(json, "]}");
  struct bq_call plain = BQ_SCRIPT(json->str, BQ_STOPS_GATHER, BQ_STOPS_INSERT, BQ_SCRATCH_COUNT);
  struct bq_call seen =
      BQ_SCRIPT(json->str, BQ_STOPS_GATHER, BQ_STOPS_INSERT, BQ_EVIDENCE_GATHER, BQ_EVIDENCE_APPLY, BQ_SCRATCH_COUNT);
  if (has_allowance && !bq_run(self, &BQ_SCRIPT(json->str, BQ_STOPS_ALLOW_GATHER, BQ_STOPS_ALLOW_APPLY), error))
    return false;
  if (!bq_run_int(self, has_evidence ? &seen : &plain, added_n, error)) return false;
  self->has_new_stops = self->has_new_stops || *added_n > 0;
  return true;
}

void bq_stop_keep(struct bq_warehouse *self, const struct bq_stop_row *row)
{
  const struct suppression *stop = &row->stop;
  struct bq_stop_row copy = *row;
  copy.stop.person = stop->person ? g_string_chunk_insert(self->kept_text, stop->person) : NULL;
  copy.stop.domain = stop->domain ? g_string_chunk_insert(self->kept_text, stop->domain) : NULL;
  copy.stop.reason = g_string_chunk_insert(self->kept_text, stop->reason);
  copy.stop.source = stop->source ? g_string_chunk_insert_const(self->kept_text, stop->source) : NULL;
  g_array_append_val(self->kept_stops, copy);
}

bool bq_suppress(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t *added_n, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  int64_t ignored;
  if (added_n) *added_n = (int64_t)rows_n;
  for (size_t i = 0; self->is_read_only && i < rows_n; i++)
    bq_stop_keep(self, &(struct bq_stop_row){.stop = rows[i]});
  if (self->is_read_only) return true;
  g_autoptr(GArray) stops = g_array_new(FALSE, TRUE, sizeof(struct bq_stop_row));
  for (size_t i = 0; i < rows_n; i++) {
    struct bq_stop_row row = {.stop = rows[i], .evidence_at_us = rows[i].evidence_at_us};
    g_array_append_val(stops, row);
  }
  return bq_stops_write(self, stops, bq_now_us(self), added_n ? added_n : &ignored, error);
}

/* ---- the block list ---- */

static void stop_read(const char *const *cells, struct page *page, struct suppression *stop)
{
  *stop = (struct suppression){.person = page_text(page, cells[0]),
                               .domain = page_text(page, cells[1]),
                               .reason = page_text(page, cells[2]),
                               .source = page_text(page, cells[3]),
                               .actor = page_text(page, cells[4]),
                               .created_at_us = bq_cell_int(cells[5]),
                               .expires_at_us = bq_cell_int(cells[6]),
                               .pushed_at_us = bq_cell_int(cells[7])};
}

static void suppression_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct suppression stop;
  stop_read(cells, page, &stop);
  g_array_append_val(page->rows, stop);
}

bool bq_unpushed(struct ledger *ledger, const struct push_query *query, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  struct bq_call call = {.ids = {BQ_UNPUSHED},
                         .ids_n = 1,
                         .parameters = {bigquery_bool("bulk_waits", query->bulk_waits), bq_limit(query->limit)},
                         .parameters_n = 2};
  page_reset(page);
  return bq_each(self, &call, suppression_add, page, error);
}

/* ---- how many running leads they hit ---- */

static char *hits_json(const struct bq_warehouse *self, int64_t now_us)
{
  GString *json = g_string_new("{");
  bq_json_int(json, "now", now_us);
  json_append_key(json, "stops");
  g_string_append_c(json, '[');
  for (guint i = 0; i < self->kept_stops->len; i++) {
    const struct suppression *stop = &g_array_index(self->kept_stops, struct bq_stop_row, i).stop;
    g_autofree char *match_key = bq_match_key(stop);
    g_string_append(json, json->str[json->len - 1] == '}' ? ",{" : "{");
    json_append_str(json, "match_key", match_key);
    json_append_str(json, "person", stop->person);
    json_append_str(json, "domain", stop->domain);
    json_append_str(json, "source", stop->source);
    g_string_append_c(json, '}');
  }
  g_string_append(json, "]}");
  return g_string_free(json, FALSE);
}

static void hit_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct stop_hit hit = {.allow = page_text(page, cells[0]), .leads_n = bq_cell_int(cells[1])};
  g_array_append_val(page->rows, hit);
}

bool bq_stop_hits(struct ledger *ledger, int64_t now_us, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  g_autofree char *json = hits_json(self, now_us);
  page_reset(page);
  return bq_each(self, &BQ_SCRIPT(json, BQ_STOP_HITS), hit_add, page, error);
}

bool bq_stops_allow(struct ledger *ledger, const char *allow, int64_t now_us, GError **error)
{
  g_autoptr(GString) json = g_string_new("{");
  bq_json_int(json, "now", now_us);
  json_append_str(json, "allow", allow);
  g_string_append_c(json, '}');
  return bq_run(bq_of_ledger(ledger), &BQ_SCRIPT(json->str, BQ_STOPS_PERMIT), error);
}

/* The rows by what they name. */
static char *rows_json(const struct suppression *rows, size_t rows_n, int64_t at_us)
{
  GString *json = g_string_new("{");
  bq_json_int(json, "at", at_us);
  json_append_key(json, "rows");
  g_string_append_c(json, '[');
  for (size_t i = 0; i < rows_n; i++) {
    g_autofree char *match_key = bq_match_key(&rows[i]);
    g_string_append(json, i > 0 ? ",{" : "{");
    json_append_str(json, "match_key", match_key);
    json_append_str(json, "person", rows[i].person);
    json_append_str(json, "domain", rows[i].domain);
    json_append_str(json, "reason", rows[i].reason);
    bq_json_flag(json, "was_listed", rows[i].was_listed);
    g_string_append_c(json, '}');
  }
  g_string_append(json, "]}");
  return g_string_free(json, FALSE);
}

bool bq_pushed(struct ledger *ledger, const struct suppression *rows, size_t rows_n, int64_t at_us, GError **error)
{
  g_autofree char *json = rows_json(rows, rows_n, at_us);
  return rows_n == 0 || bq_run(bq_of_ledger(ledger), &BQ_SCRIPT(json, BQ_PUSHED_GATHER, BQ_PUSHED_APPLY), error);
}

bool bq_listing(struct ledger *ledger, const struct suppression *rows, size_t rows_n, GError **error)
{
  g_autofree char *json = rows_json(rows, rows_n, 0);
  return rows_n == 0 || bq_run(bq_of_ledger(ledger), &BQ_SCRIPT(json, BQ_LISTING_GATHER, BQ_LISTING_APPLY), error);
}

static void value_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct suppression row = {.person = page_text(page, cells[0]), .domain = page_text(page, cells[1])};
  g_array_append_val(page->rows, row);
}

bool bq_unlisting(struct ledger *ledger, int64_t now_us, size_t limit, struct page *page, GError **error)
{
  struct bq_call call = {
      .ids = {BQ_UNLISTING}, .ids_n = 1, .parameters = {bq_since("now", now_us), bq_limit(limit)}, .parameters_n = 2};
  page_reset(page);
  return bq_each(bq_of_ledger(ledger), &call, value_add, page, error);
}

bool bq_unlisted(struct ledger *ledger, const struct suppression *rows, size_t rows_n, GError **error)
{
  g_autofree char *json = rows_json(rows, rows_n, 0);
  return rows_n == 0 || bq_run(bq_of_ledger(ledger), &BQ_SCRIPT(json, BQ_UNLISTED_GATHER, BQ_UNLISTED_APPLY), error);
}

/* ---- replies that a machine wrote ---- */

bool bq_reply_stops(struct ledger *ledger, const char *const *folded, size_t folded_n, struct page *page,
                    GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  g_autoptr(GString) json = g_string_new("{");
  bq_json_int(json, "now", bq_now_us(self));
  json_append_key(json, "folded");
  json_append_strings(json, folded, folded_n);
  g_string_append_c(json, '}');
  page_reset(page);
  return bq_each(self, &BQ_SCRIPT(json->str, BQ_REPLY_STOPS), suppression_add, page, error);
}

bool bq_stops_end(struct ledger *ledger, const struct suppression *rows, size_t rows_n, const char *words,
                  GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  if (rows_n == 0) return true;
  g_autoptr(GString) json = g_string_new("{");
  bq_json_int(json, "now", bq_now_us(self));
  json_append_str(json, "words", words);
  json_append_key(json, "rows");
  g_string_append_c(json, '[');
  for (size_t i = 0; i < rows_n; i++) {
    g_string_append(json, i > 0 ? ",{" : "{");
    json_append_str(json, "person", rows[i].person);
    json_append_str(json, "reason", rows[i].reason);
    json_append_str(json, "source", rows[i].source);
    bq_json_int(json, "evidence_at", rows[i].evidence_at_us);
    g_string_append_c(json, '}');
  }
  g_string_append(json, "]}");
  return bq_run(self, &BQ_SCRIPT(json->str, BQ_STOPS_END_GATHER, BQ_STOPS_END_APPLY), error);
}

/* ---- rows that somebody deletes ---- */

bool bq_stops_lost(struct ledger *ledger, int64_t *lost_n, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  if (bq_kept_is_whole(self))
    *lost_n = self->kept.stops_lost_n;
  else if (!bq_run_int(self, &(struct bq_call){.ids = {BQ_STOPS_LOST}, .ids_n = 1}, lost_n, error))
    return false;
  *lost_n = MAX(*lost_n, 0);
  return true;
}

/* Costs a job, so it is done where something is to be noted alone. */
bool bq_stops_note(struct ledger *ledger, bool is_accepted, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  bool is_news = self->has_new_stops || (self->kept.is_open && self->kept.stops_unnoted_n > 0);
  if (!is_news && !is_accepted) return true;
  g_autoptr(GString) json = g_string_new("{");
  bq_json_flag(json, "is_accepted", is_accepted);
  g_string_append_c(json, '}');
  if (!bq_run(self, &BQ_SCRIPT(json->str, BQ_STOPS_NOTE_GATHER, BQ_STOPS_NOTE_APPLY), error)) return false;
  self->has_new_stops = false;
  self->kept.stops_unnoted_n = 0;
  if (is_accepted) self->kept.stops_lost_n = 0;
  return true;
}

/* ---- reading ---- */

static bool stops_ask(struct bq_warehouse *self, const struct stop_query *query,
                      void (*row_take)(const char *const *cells, void *into), struct page *page, GError **error)
{
  struct suppression person = {.person = query->person};
  g_autofree char *person_key = query->person ? bq_match_key(&person) : g_strdup("");
  g_autofree char *domain_key = query->person ? g_strconcat("@", email_domain(query->person), NULL) : g_strdup("");
  struct bq_call call = {
      .ids = {BQ_STOPS_LIST},
      .ids_n = 1,
      .parameters = {bigquery_text("person_key", person_key), bigquery_text("domain_key", domain_key),
                     bigquery_text("domain", query->domain ? query->domain : ""),
                     bigquery_bool("only_in_force", query->only_in_force), bigquery_int("after_id", query->after_id),
                     bq_since("now", bq_now_us(self)), bigquery_text("run_id", query->run_id ? query->run_id : ""),
                     bq_limit(query->limit)},
      .parameters_n = 8};
  page_reset(page);
  return bq_each(self, &call, row_take, page, error);
}

static void stop_row_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct stop_row row = {
      .id = bq_cell_int(cells[0]), .revoked_at_us = bq_cell_int(cells[9]), .revoked_by = page_text(page, cells[10])};
  stop_read(cells + 1, page, &row.stop);
  row.stop.run_id = page_text(page, cells[11]);
  row.is_ours_listed = bq_cell_bool(cells[12]);
  g_array_append_val(page->rows, row);
}

bool bq_stops_read(struct ledger *ledger, const struct stop_query *query, struct page *page, GError **error)
{
  return stops_ask(bq_of_ledger(ledger), query, stop_row_add, page, error);
}

static void listed_add(const char *const *cells, void *into)
{
  suppression_add(cells + 1, into);
}

bool bq_report_suppressions(struct warehouse *warehouse, const char *person, struct page *page, GError **error)
{
  struct stop_query query = {.person = person, .limit = INT32_MAX};
  return stops_ask(bq_of(warehouse), &query, listed_add, page, error);
}
