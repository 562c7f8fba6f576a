/* The reference warehouse: reports on leads, and taking refused ones up again. */
#include "core/fold.h"
#include "warehouse/memory_priv.h"

#include <string.h>

/* ---- leads ---- */

/* Strings of the warehouse outlive every page of it; nothing has to be copied. */
static void add_lead(struct page *page, const struct memory_lead *row, const struct lead_state *state)
{
  struct lead_report_row out = {.has_state = state != NULL};
  if (row) {
    out.lead = row->lead;
    out.added_at_us = row->added_at_us;
    out.sequence_completed_at_us = row->completed_at_us;
    out.updated_at_us = row->updated_at_us;
  }
  if (state) {
    out.state = *state;
    out.phase = state_phase(state);
    if (!row) out.lead.lead_id = state->lead_id;
  }
  g_array_append_val(page->rows, out);
}

bool memory_report_leads(struct warehouse *warehouse, const char *after, size_t limit, struct page *page,
                         GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  g_autoptr(GHashTable) people = people_new(memory);
  page_reset(page);
  for (guint i = 0; i < memory->leads->len && page->rows->len < limit; i++) {
    const struct memory_lead *row = g_ptr_array_index(memory->leads, i);
    if (!after || strcmp(row->lead.lead_id, after) > 0) add_lead(page, row, people_state(memory, people, row));
  }
  return true;
}

static bool is_named(const struct memory *memory, const char *lead_id, const char *person,
                     const struct lead_state *state, const char *what)
{
  if (strcmp(lead_id, what) == 0 || g_strcmp0(person, what) == 0) return true;
  if (state && g_strcmp0(state->instantly_id, what) == 0) return true;
  g_autofree char *reference = memory_reference(memory, lead_id);
  return strcmp(reference, what) == 0;
}

bool memory_report_find(struct warehouse *warehouse, const char *what, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  g_autoptr(GHashTable) people = people_new(memory);
  g_autoptr(GPtrArray) states = memory_states_sorted(memory);
  page_reset(page);
  for (guint i = 0; i < memory->leads->len; i++) {
    const struct memory_lead *row = g_ptr_array_index(memory->leads, i);
    const struct lead_state *state = people_state(memory, people, row);
    if (is_named(memory, row->lead.lead_id, row->person, state, what)) add_lead(page, row, state);
  }
  for (guint i = 0; i < states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(states, i);
    if (!memory_lead_find(memory, state->lead_id) && is_named(memory, state->lead_id, state->person, state, what))
      add_lead(page, NULL, state);
  }
  return true;
}

bool memory_report_person_facts(struct warehouse *warehouse, const struct person_query *query, struct page *text,
                                struct person_facts *facts, GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  g_autoptr(GHashTable) people = people_new(memory);
  *facts = people_facts(memory, people, query->person, query->now_us);
  facts->suppression = page_text(text, facts->suppression);
  return true;
}

/* ---- events, errors ---- */

static int in_time(gconstpointer a, gconstpointer b)
{
  const struct lead_event *x = a, *y = b;
  if (x->occurred_at_us != y->occurred_at_us) return x->occurred_at_us > y->occurred_at_us ? 1 : -1;
  return (x->recorded_at_us > y->recorded_at_us) - (x->recorded_at_us < y->recorded_at_us);
}

bool memory_report_events(struct warehouse *warehouse, const char *lead_id, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  page_reset(page);
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (g_strcmp0(event->lead_id, lead_id) == 0) g_array_append_vals(page->rows, event, 1);
  }
  g_array_sort(page->rows, in_time);
  return true;
}

static bool has_error_id(const struct page *page, const char *error_id)
{
  for (guint i = 0; i < page->rows->len; i++)
    if (strcmp(page_row(page, struct error_report_row, i)->error_id, error_id) == 0) return true;
  return false;
}

/* Rows are in the order of time: walked backwards, the first of an error_id is its newest. */
bool memory_report_errors(struct warehouse *warehouse, const struct error_query *query, struct page *page,
                          GError **error)
{
  (void)error;
  const GArray *errors = ((struct memory *)warehouse)->errors;
  page_reset(page);
  for (guint i = errors->len; i-- > 0 && page->rows->len < query->limit;) {
    const struct memory_error *at = &g_array_index(errors, struct memory_error, i);
    if (at->at_us < query->since_us || (query->type && strcmp(at->row.type, query->type) != 0)) continue;
    struct error_report_row row = {
        .error_id = at->error_id,
        .type = at->row.type,
        .lead_ref = at->row.lead_ref,
        .message = at->row.message,
        .at_us = at->at_us,
        .retry_count = at->row.retry_count,
    };
    if (!has_error_id(page, at->error_id)) g_array_append_val(page->rows, row);
  }
  return true;
}

/* ---- counts ---- */

static void count(struct page *page, const char *group, const char *name, const char *campaign_id)
{
  for (guint i = 0; name && i < page->rows->len; i++) {
    struct named_count *row = page_row(page, struct named_count, i);
    if (strcmp(row->group, group) == 0 && strcmp(row->name, name) == 0 &&
        g_strcmp0(row->campaign_id, campaign_id) == 0) {
      row->n++;
      return;
    }
  }
  struct named_count row = {.group = group, .name = name, .campaign_id = campaign_id, .n = 1};
  if (name) g_array_append_val(page->rows, row);
}

static int by_count_name(gconstpointer a, gconstpointer b)
{
  const struct named_count *x = a, *y = b;
  int order = strcmp(x->group, y->group);
  if (order == 0) order = strcmp(x->name, y->name);
  return order ? order : g_strcmp0(x->campaign_id, y->campaign_id);
}

static bool is_in_source(const struct memory *memory, const struct lead_state *state)
{
  for (guint i = 0; i < memory->leads->len; i++) {
    const struct memory_lead *row = g_ptr_array_index(memory->leads, i);
    if (strcmp(row->lead.lead_id, state->lead_id) == 0 || g_strcmp0(row->person, state->person) == 0) return true;
  }
  return false;
}

/* What the source says and the ledger does not follow. */
static void count_notices(struct memory *memory, struct page *page, const GPtrArray *states)
{
  for (guint i = 0; i < states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(states, i);
    if (state_is_enrolled(state) && !state_is_removed(state) && !is_in_source(memory, state))
      count(page, "notice", "gone_from_source", NULL);
  }
  for (guint i = 0; i < memory->leads->len; i++) {
    const struct memory_lead *row = g_ptr_array_index(memory->leads, i);
    const struct lead_state *state = g_hash_table_lookup(memory->states, row->lead.lead_id);
    const char *campaign_id = row->lead.campaign_id;
    if (state && state_is_enrolled(state) && campaign_id && *campaign_id && state->campaign_id &&
        g_strcmp0(campaign_id, state->campaign_id) != 0)
      count(page, "notice", "campaign_changed", NULL);
  }
}

bool memory_report_counts(struct warehouse *warehouse, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  page_reset(page);
  g_autoptr(GPtrArray) states = memory_states_sorted(memory);
  for (guint i = 0; i < states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(states, i);
    count(page, "phase", phase_name(state_phase(state)), state->campaign_id);
    count(page, "email_status", email_status_name(state->email_status), state->campaign_id);
    if (state_is_held(state)) count(page, "held", state->held_reason ? state->held_reason : "unknown", NULL);
    if (state_ended_as(state) != OUTCOME_NONE)
      count(page, "outcome", outcome_name(state_ended_as(state)), state->campaign_id);
  }
  for (guint i = 0; i < memory->errors->len; i++)
    count(page, "error", g_array_index(memory->errors, struct memory_error, i).row.type, NULL);
  for (guint i = 0; i < memory->suppressions->len; i++) {
    const struct memory_suppression *row = &g_array_index(memory->suppressions, struct memory_suppression, i);
    if (memory_in_force(row, memory_now_us(memory))) count(page, "suppression", row->entry.reason, NULL);
  }
  count_notices(memory, page, states);
  g_array_sort(page->rows, by_count_name);
  return true;
}

bool memory_report_empty_values(struct warehouse *warehouse, const struct empty_query *query, struct empty_count *count,
                                GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  *count = (struct empty_count){0};
  for (guint i = 0; i < memory->leads->len; i++) {
    const struct memory_lead *row = g_ptr_array_index(memory->leads, i);
    if (g_strcmp0(verdict_campaign(&row->lead, NULL, query->default_campaign), query->campaign_id) != 0) continue;
    count->rows_n++;
    count->empty_n += !variable_is_filled(query->variable, &row->lead);
  }
  return true;
}

/* ---- retry ---- */

static bool is_refused(const struct lead_state *state)
{
  return state->settlement == SETTLEMENT_SKIPPED || state->settlement == SETTLEMENT_REJECTED ||
         state->settlement == SETTLEMENT_FOUND_ELSEWHERE;
}

static bool is_asked_for(const struct lead_state *state, const struct retry_query *query)
{
  if (query->lead_id) return strcmp(state->lead_id, query->lead_id) == 0;
  return query->all || (query->type && g_strcmp0(state->reason, query->type) == 0);
}

static void put(struct memory *memory, const struct lead_state *state, enum event_kind kind, const char *run_id)
{
  struct lead_event event = {
      .kind = kind,
      .lead_id = state->lead_id,
      .person = state->person,
      .campaign_id = state->campaign_id,
      .claim_id = kind == EVENT_RETRIED ? state->claim_id : NULL,
      .attempt = kind == EVENT_RESOLVED ? state->held_n : 0,
      .generation = state->generation,
      .epoch = state->settlement_epoch,
      .run_id = run_id,
      .occurred_at_us = memory_now_us(memory),
  };
  memory_append(memory, &event);
}

/* A hold is ended only for a lead that is named: whoever says --all has not looked at each of them. */
static bool retry_one(struct memory *memory, const struct lead_state *state, const struct retry_query *query)
{
  bool is_resolved = query->lead_id && state_is_held(state);
  bool is_retried = is_refused(state);
  if (!is_asked_for(state, query) || !(is_resolved || is_retried)) return false;
  if (is_resolved && !query->is_dry_run) put(memory, state, EVENT_RESOLVED, query->run_id);
  if (is_retried && !query->is_dry_run) put(memory, state, EVENT_RETRIED, query->run_id);
  return true;
}

bool memory_retry_leads(struct warehouse *warehouse, const struct retry_query *query, int64_t *retried_n,
                        GError **error)
{
  (void)error;
  struct memory *memory = (struct memory *)warehouse;
  memory_fold(memory);
  *retried_n = 0;
  g_autoptr(GPtrArray) states = memory_states_sorted(memory);
  for (guint i = 0; i < states->len && *retried_n < (int64_t)query->limit; i++)
    *retried_n += retry_one(memory, g_ptr_array_index(states, i), query);
  return true;
}
