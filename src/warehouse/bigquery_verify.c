/* The checks of `verify`: one job answers all that the ledger is asked about itself, another one all about the staged
 * rows. Their rows come check by check, so that the answer is read on as the checks are asked. */
#include "base/json.h"
#include "warehouse/bigquery.h"

#include <string.h>

G_STATIC_ASSERT(VERIFY_EVENT_ALTERED == 1 && VERIFY_CONFLICT_OPEN == 7 && VERIFY_TAG_TWICE == 8 &&
                VERIFY_MISSING == 11 && VERIFY_REMOVED_LIVE == 17);

void bq_verify_close(struct bq_verify *verify)
{
  g_clear_pointer(&verify->rows, bigquery_rows_free);
  g_clear_pointer(&verify->question, g_free);
  *verify = (struct bq_verify){0};
}

static char *question_of(const struct verify_query *query)
{
  if (query->check < VERIFY_COLUMNS_BEHIND) return g_strdup("ledger");
  return g_strdup_printf("%s|%s|%" G_GINT64_FORMAT, query->run_id, query->campaign_id ? query->campaign_id : "",
                         query->finished_after_us);
}

/* Before the epoch there is no event, and nothing that is stored counts (fold_gather). */
static bool ask_ledger(struct bq_warehouse *self, GError **error)
{
  struct bq_call call = {.ids = {BQ_FOLD_GATHER, BQ_VERIFY_LEDGER},
                         .ids_n = 2,
                         .parameters = {bigquery_time("since", -1), bigquery_text("run_id", "")},
                         .parameters_n = 2};
  return bq_query(self, &call, &self->verify.rows, error);
}

static bool ask_stage(struct bq_warehouse *self, const struct verify_query *query, GError **error)
{
  struct stage_rules rules = {.run_id = query->run_id, .now_us = bq_now_us(self)};
  g_autoptr(GString) json = g_string_new("{");
  bq_json_stage(self, &rules, json);
  bq_json_policy(self, json);
  json_append_str(json, "campaign_id", query->campaign_id);
  bq_json_int(json, "finished_after", query->finished_after_us);
  bq_json_int(json, "now", bq_now_us(self));
  g_string_append_c(json, '}');
  return bq_query(self, &BQ_SCRIPT(json->str, BQ_MATCHES_GATHER, BQ_VERIFY_STAGE), &self->verify.rows, error);
}

/* To the next row, and which one of its check it is. */
static bool advance(struct bq_verify *verify, GError **error)
{
  int64_t before = verify->cells ? bq_cell_int(verify->cells[0]) : -1;
  if (!bigquery_next(verify->rows, &verify->cells, error)) return false;
  verify->n = verify->cells && bq_cell_int(verify->cells[0]) == before ? verify->n + 1 : 1;
  return true;
}

/* Stands the answer at or before what is asked? Otherwise it is asked for anew. */
static bool open_at(struct bq_warehouse *self, const struct verify_query *query, GError **error)
{
  struct bq_verify *verify = &self->verify;
  g_autofree char *question = question_of(query);
  bool is_behind = query->check > verify->check || (query->check == verify->check && query->after_n >= verify->read_n);
  if (verify->rows && is_behind && strcmp(verify->question, question) == 0) return true;
  bq_verify_close(verify);
  bool is_ok = query->check < VERIFY_COLUMNS_BEHIND ? ask_ledger(self, error)
                                                    : bq_stage_wait(self, error) && ask_stage(self, query, error);
  verify->question = g_steal_pointer(&question);
  return is_ok && advance(verify, error);
}

static bool differences_read(struct bq_verify *verify, const struct verify_query *query, struct page *page,
                             GError **error)
{
  while (verify->cells && page->rows->len < query->limit) {
    int64_t check = bq_cell_int(verify->cells[0]);
    if (check > (int64_t)query->check) break;
    struct difference difference = {.n = verify->n,
                                    .lead_id = page_text(page, verify->cells[1]),
                                    .instantly_id = page_text(page, verify->cells[2]),
                                    .campaign_id = page_text(page, verify->cells[3]),
                                    .detail = page_text(page, verify->cells[4])};
    if (check == (int64_t)query->check && verify->n > query->after_n) g_array_append_val(page->rows, difference);
    if (!advance(verify, error)) return false;
  }
  verify->check = query->check;
  verify->read_n = query->after_n + page->rows->len;
  return true;
}

bool bq_differences(struct ledger *ledger, const struct verify_query *query, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  page_reset(page);
  bool is_ok = open_at(self, query, error) && differences_read(&self->verify, query, page, error);
  if (!is_ok) bq_verify_close(&self->verify);
  return is_ok;
}
