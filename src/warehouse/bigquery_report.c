/* Reports on leads and persons. */
#include "base/email.h"
#include "base/json.h"
#include "core/fold.h"
#include "warehouse/bigquery.h"

#include <string.h>

/* ---- leads ---- */

static void lead_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct lead_report_row row = {.lead = {.lead_id = page_text(page, cells[0]),
                                         .email = page_text(page, cells[1]),
                                         .first_name = page_text(page, cells[2]),
                                         .last_name = page_text(page, cells[3]),
                                         .company_name = page_text(page, cells[4]),
                                         .campaign_id = page_text(page, cells[5]),
                                         .added_to_instantly = bq_cell_bool(cells[6]),
                                         .sequence_completed = bq_cell_bool(cells[7]),
                                         .cold_email_sent = bq_cell_bool(cells[8]),
                                         .last_email_status = page_text(page, cells[9]),
                                         .fields = page_text(page, cells[10])},
                                .added_at_us = bq_cell_int(cells[11]),
                                .sequence_completed_at_us = bq_cell_int(cells[12]),
                                .updated_at_us = bq_cell_int(cells[13]),
                                .has_state = cells[14] != NULL};
  if (row.has_state) {
    bq_cell_state(cells + 14, page, &row.state);
    row.phase = state_phase(&row.state);
  }
  g_array_append_val(page->rows, row);
}

bool bq_report_leads(struct warehouse *warehouse, const char *after, size_t limit, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct bq_call call = {.ids = {BQ_REPORT_LEADS},
                         .ids_n = 1,
                         .parameters = {bigquery_text("after", after ? after : "")},
                         .parameters_n = 1};
  page_reset(page);
  if (!bq_stream_goes_on(&self->leads, after ? after : "") && !bq_query(self, &call, &self->leads.rows, error))
    return false;
  if (!bq_stream_fill(&self->leads, page, limit, lead_add, error)) return false;
  if (!self->leads.rows) return true;
  bq_stream_expect(&self->leads, g_strdup(page_row(page, struct lead_report_row, page->rows->len - 1)->lead.lead_id));
  return true;
}

/* ---- finding one ---- */

/* Rows whose address only base/email.h can spell: lead_ids of those that are this person, folded or exact, and who that
 * is. */
struct foreign {
  GPtrArray *ids, *persons;
};

static void foreign_clear(struct foreign *foreign)
{
  g_clear_pointer(&foreign->ids, g_ptr_array_unref);
  g_clear_pointer(&foreign->persons, g_ptr_array_unref);
}

#define foreign_scope __attribute__((cleanup(foreign_clear)))

static bool is_meant(const char *person, const char *wanted, bool is_folded)
{
  g_autofree char *folded = is_folded && person ? email_fold_tag(person) : NULL;
  return g_strcmp0(folded ? folded : person, wanted) == 0;
}

static bool foreign_read(struct bq_warehouse *self, const char *wanted, bool is_folded, struct foreign *foreign,
                         GError **error)
{
  g_autoptr(GString) json = g_string_new("{");
  if (!bq_json_foreigners(self, true, json, error)) return false;
  g_string_append_c(json, '}');
  g_autoptr(cJSON) all = json_parse(json->str, json->len, error);
  if (!all) return false;
  const cJSON *row;
  cJSON_ArrayForEach(row, json_array(all, "foreigners"))
  {
    if (!is_meant(json_string(row, "person"), wanted, is_folded)) continue;
    g_ptr_array_add(foreign->ids, g_strdup(json_string(row, "lead_id")));
    g_ptr_array_add(foreign->persons, g_strdup(json_string(row, "person")));
  }
  return true;
}

static struct foreign foreign_new(void)
{
  return (struct foreign){g_ptr_array_new_with_free_func(g_free), g_ptr_array_new_with_free_func(g_free)};
}

struct referred {
  const struct bq_warehouse *self;
  const char *reference;
  GPtrArray *ids;
};

static void referred_add(const char *const *cells, void *into)
{
  struct referred *referred = into;
  if (!cells[0]) return;
  g_autofree char *made = bq_keyed_ref(referred->self, BQ_REFERENCE_PREFIX, cells[0], 8);
  if (strcmp(made, referred->reference) == 0) g_ptr_array_add(referred->ids, g_strdup(cells[0]));
}

/* The lead_ids that a printed reference stands for. */
static bool referred_ids(struct bq_warehouse *self, const char *reference, GPtrArray *ids, GError **error)
{
  struct bq_call call = {.ids = {BQ_ALL_LEAD_IDS}, .ids_n = 1};
  struct referred referred = {.self = self, .reference = reference, .ids = ids};
  if (!g_str_has_prefix(reference, BQ_REFERENCE_PREFIX)) return true;
  return bq_key(self, error) && bq_each(self, &call, referred_add, &referred, error);
}

bool bq_report_find(struct warehouse *warehouse, const char *what, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  page_reset(page);
  foreign_scope struct foreign foreign = foreign_new();
  GPtrArray *ids = foreign.ids;
  if (strchr(what, '@') && !foreign_read(self, what, false, &foreign, error)) return false;
  if (!referred_ids(self, what, ids, error)) return false;
  struct bq_call call = {.ids = {BQ_REPORT_FOUND},
                         .ids_n = 1,
                         .parameters = {bigquery_text("what", what),
                                        bigquery_texts("lead_ids", (const char *const *)(void *)ids->pdata, ids->len)},
                         .parameters_n = 2};
  return bq_each(self, &call, lead_add, page, error);
}

/* ---- one person ---- */

static void enrolment_add(const char *const *cells, void *into)
{
  struct person_facts *facts = into;
  facts->is_held = facts->is_held || bq_cell_bool(cells[0]);
  facts->is_unsettled = facts->is_unsettled || bq_cell_bool(cells[1]);
  facts->is_in_instantly = facts->is_in_instantly || bq_cell_bool(cells[5]);
  if (facts->has_events) return;
  facts->has_events = true;
  facts->last_enrolled_at_us = bq_cell_int(cells[2]);
  facts->last_outcome = (enum outcome)bq_cell_int(cells[3]);
  facts->last_finished_at_us = bq_cell_int(cells[4]);
}

static struct bigquery_parameter texts_of(const char *name, const GPtrArray *texts)
{
  return bigquery_texts(name, (const char *const *)(void *)texts->pdata, texts->len);
}

static bool ledger_facts(struct bq_warehouse *self, const char *person_key, struct person_facts *facts, GError **error)
{
  struct bq_call call = {.ids = {BQ_REPORT_PERSON},
                         .ids_n = 1,
                         .parameters = {bigquery_text("person_key", person_key)},
                         .parameters_n = 1};
  return bq_each(self, &call, enrolment_add, facts, error);
}

bool bq_report_person_facts(struct warehouse *warehouse, const struct person_query *query, struct page *text,
                            struct person_facts *facts, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct suppression person = {.person = query->person};
  g_autofree char *person_key = bq_match_key(&person);
  g_autofree char *domain_key = g_strconcat("@", email_domain(query->person), NULL);
  *facts = (struct person_facts){0};
  foreign_scope struct foreign foreign = foreign_new();
  if (!ledger_facts(self, person_key, facts, error) || !foreign_read(self, person_key, true, &foreign, error))
    return false;
  struct bq_call call = {.ids = {BQ_REPORT_PERSON_REST},
                         .ids_n = 1,
                         .parameters = {bigquery_text("person_key", person_key),
                                        bigquery_text("domain_key", domain_key), bq_since("now", query->now_us),
                                        texts_of("lead_ids", foreign.ids), texts_of("persons", foreign.persons)},
                         .parameters_n = 5};
  bigquery_rows_scope struct bigquery_rows *rows = NULL;
  const char *const *cells = NULL;
  if (!bq_query(self, &call, &rows, error) || !bigquery_next(rows, &cells, error)) return false;
  if (!cells) return true;
  facts->was_contacted_before = bq_cell_bool(cells[0]);
  facts->suppression = page_text(text, cells[1]);
  return true;
}

/* ---- events ---- */

static void event_add(const char *const *cells, void *into)
{
  struct page *page = into;
  struct lead_event event = {.kind = (enum event_kind)bq_cell_int(cells[0]),
                             .fact = (enum status_fact)bq_cell_int(cells[1]),
                             .reason = page_text(page, cells[2]),
                             .lead_id = page_text(page, cells[3]),
                             .person = page_text(page, cells[4]),
                             .campaign_id = page_text(page, cells[5]),
                             .instantly_id = page_text(page, cells[6]),
                             .claim_id = page_text(page, cells[7]),
                             .batch_id = page_text(page, cells[8]),
                             .ord = bq_cell_int(cells[9]),
                             .ord_to = bq_cell_int(cells[10]),
                             .body_hash = page_text(page, cells[11]),
                             .attempt = bq_cell_int(cells[12]),
                             .generation = bq_cell_int(cells[13]),
                             .epoch = bq_cell_int(cells[14]),
                             .run_id = page_text(page, cells[15]),
                             .occurred_at_us = bq_cell_int(cells[16]),
                             .recorded_at_us = bq_cell_int(cells[17]),
                             .detail = page_text(page, cells[18])};
  g_array_append_val(page->rows, event);
}

bool bq_report_events(struct warehouse *warehouse, const char *lead_id, struct page *page, GError **error)
{
  struct bq_warehouse *self = bq_of(warehouse);
  struct bq_call call = {
      .ids = {BQ_REPORT_EVENTS}, .ids_n = 1, .parameters = {bigquery_text("lead_id", lead_id)}, .parameters_n = 1};
  page_reset(page);
  return bq_each(self, &call, event_add, page, error);
}
