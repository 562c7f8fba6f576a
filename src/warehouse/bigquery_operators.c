/* What commands of operators need: leads that were contacted before, and the end of a campaign that is gone. */
#include "base/email.h"
#include "base/json.h"
#include "warehouse/bigquery.h"

#include <string.h>

/* ---- contacted before ---- */

static bool contacted_ask(struct bq_warehouse *self, const char *after, GError **error)
{
  g_autoptr(GString) json = g_string_new("{");
  json_append_str(json, "after", after);
  if (!bq_json_foreigners(self, false, json, error)) return false;
  g_string_append_c(json, '}');
  return bq_query(self, &BQ_SCRIPT(json->str, BQ_CONTACTED_BEFORE), &self->contacted.rows, error);
}

static void contacted_add(const char *const *cells, void *into)
{
  struct page *page = into;
  g_autofree char *person = NULL;
  if (email_canonical(cells[1], strlen(cells[1]), &person) != EMAIL_OK) return;
  struct contacted row = {.lead_id = page_text(page, cells[0]),
                          .person = page_text(page, person),
                          .campaign_id = page_text(page, cells[2])};
  g_array_append_val(page->rows, row);
}

bool bq_contacted_before(struct ledger *ledger, const char *after, size_t limit, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of_ledger(ledger);
  page_reset(page);
  if (!bq_stream_goes_on(&self->contacted, after ? after : "") && !contacted_ask(self, after, error)) return false;
  if (!bq_stream_fill(&self->contacted, page, limit, contacted_add, error)) return false;
  if (!self->contacted.rows) return true;
  const struct contacted *last = page_row(page, struct contacted, page->rows->len - 1);
  bq_stream_expect(&self->contacted, g_strdup(last->lead_id));
  return true;
}

/* ---- a campaign that is gone for good ---- */

/* Events on their way. */
struct retiring {
  const struct retirement *retirement;
  GArray *events;
  struct page text; /* their strings */
  int64_t ended_n;
};

static struct lead_event *ending(struct retiring *retiring, const char *const *cells, enum event_kind kind)
{
  const struct retirement *retirement = retiring->retirement;
  struct lead_event event = {.kind = kind,
                             .lead_id = page_text(&retiring->text, cells[0]),
                             .person = page_text(&retiring->text, cells[1]),
                             .campaign_id = retirement->campaign_id,
                             .generation = bq_cell_int(cells[5]),
                             .epoch = bq_cell_int(cells[6]),
                             .run_id = retirement->run_id,
                             .occurred_at_us = retirement->now_us,
                             .detail = retirement->detail};
  g_array_append_val(retiring->events, event);
  return &g_array_index(retiring->events, struct lead_event, retiring->events->len - 1);
}

/* resolved with the number of the hold, skipped for the open claim, finished for the running enrolment. */
static void lead_end(const char *const *cells, void *into)
{
  struct retiring *retiring = into;
  bool is_claim = bq_cell_bool(cells[7]), is_running = !is_claim && bq_cell_bool(cells[8]);
  retiring->ended_n++;
  if (bq_cell_bool(cells[9])) ending(retiring, cells, EVENT_RESOLVED)->attempt = bq_cell_int(cells[4]);
  if (is_claim) {
    struct lead_event *skipped = ending(retiring, cells, EVENT_SKIPPED);
    skipped->reason = "campaign_gone";
    skipped->claim_id = page_text(&retiring->text, cells[3]);
  }
  if (is_running) {
    struct lead_event *finished = ending(retiring, cells, EVENT_FINISHED);
    finished->reason = outcome_name(OUTCOME_REMOVED_BY_HAND);
    finished->instantly_id = page_text(&retiring->text, cells[2]);
  }
}

bool bq_retire_campaign(struct ledger *ledger, const struct retirement *retirement, int64_t *ended_n, GError **error)
{
  struct retiring retiring = {.retirement = retirement, .events = g_array_new(FALSE, TRUE, sizeof(struct lead_event))};
  struct bq_call call = {.ids = {BQ_RETIRING},
                         .ids_n = 1,
                         .parameters = {bigquery_text("campaign_id", retirement->campaign_id)},
                         .parameters_n = 1};
  page_init(&retiring.text, 1);
  bool is_ok = bq_each(bq_of_ledger(ledger), &call, lead_end, &retiring, error);
  if (is_ok && !retirement->is_dry_run)
    is_ok = bq_append(ledger, (const struct lead_event *)(void *)retiring.events->data, retiring.events->len, error);
  *ended_n = retiring.ended_n;
  g_array_unref(retiring.events);
  page_clear(&retiring.text);
  return is_ok;
}

/* ---- who was ever enrolled ---- */

static void enrolled_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct enrolled row = {.lead_id = page_text(page, cells[0]),
                         .person = page_text(page, cells[1]),
                         .campaign_id = page_text(page, cells[2]),
                         .instantly_id = page_text(page, cells[3]),
                         .claim_id = page_text(page, cells[4]),
                         .generation = bq_cell_int(cells[5]),
                         .epoch = bq_cell_int(cells[6]),
                         .replied_at_us = bq_cell_int(cells[7])};
  g_array_append_val(page->rows, row);
}

bool bq_ever_enrolled(struct ledger *ledger, const char *const *folded, size_t folded_n, struct page *page,
                      GError **error)
{
  g_autoptr(GString) json = g_string_new("{");
  json_append_key(json, "folded");
  json_append_strings(json, folded, folded_n);
  g_string_append_c(json, '}');
  page_reset(page);
  return bq_each(bq_of_ledger(ledger), &BQ_SCRIPT(json->str, BQ_EVER_ENROLLED), enrolled_add, page, error);
}

static void first_take(const char *const *cells, void *into)
{
  *(int64_t *)into = bq_cell_int(cells[0]);
}

bool bq_first_enrolled(struct ledger *ledger, int64_t *at_us, GError **error)
{
  *at_us = 0;
  return bq_each(bq_of_ledger(ledger), &BQ_SCRIPT("{}", BQ_FIRST_ENROLLED), first_take, at_us, error);
}
