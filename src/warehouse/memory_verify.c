/* The reference warehouse: the checks of `verify`, each in the order of lead_id or of Instantly's id. */
#include "core/event_id.h"
#include "core/settle.h"
#include "warehouse/memory_priv.h"

#include <string.h>

/* What a check looks at and where it puts what it finds. */
struct look {
  struct memory *memory;
  const struct verify_query *query;
  GPtrArray *states; /* struct lead_state, in the order of lead_id */
  GArray *matches;   /* struct memory_match, in the order of Instantly's ids */
  struct page *page; /* rows of struct difference */
};

static void found(const struct look *look, struct difference difference)
{
  difference.n = look->page->rows->len + 1;
  difference.detail = page_text(look->page, difference.detail);
  g_array_append_val(look->page->rows, difference);
}

static bool is_ours(const struct lead_state *state)
{
  return state_is_enrolled(state) && !state_is_removed(state);
}

static bool is_asked(const struct look *look, const char *campaign_id)
{
  return !look->query->campaign_id || g_strcmp0(look->query->campaign_id, campaign_id) == 0;
}

static int by_lead_id(gconstpointer a, gconstpointer b)
{
  return g_strcmp0(((const struct difference *)a)->lead_id, ((const struct difference *)b)->lead_id);
}

/* Found in the order of rows, told in that of leads. */
static void put_in_order(const struct look *look)
{
  g_array_sort(look->page->rows, by_lead_id);
  for (guint i = 0; i < look->page->rows->len; i++)
    page_row(look->page, struct difference, i)->n = i + 1;
}

/* ---- the ledger against itself ---- */

static void event_altered(const struct look *look)
{
  for (guint i = 0; i < look->memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(look->memory->events, i);
    char id[EVENT_ID_CHARS + 1];
    event_id(event, id);
    g_autofree char *detail = g_strdup_printf("event %u", i + 1);
    if (!g_hash_table_contains(look->memory->event_ids, id))
      found(look, (struct difference){.lead_id = event->lead_id, .campaign_id = event->campaign_id, .detail = detail});
  }
}

static const char *state_difference(const struct lead_state *a, const struct lead_state *b)
{
  if (g_strcmp0(a->person, b->person) != 0) return "person";
  if (a->generation != b->generation || a->reopened_at_us != b->reopened_at_us) return "generation";
  if (g_strcmp0(a->claim_id, b->claim_id) != 0 || a->epoch != b->epoch) return "claim_id";
  if (a->settlement != b->settlement || g_strcmp0(a->reason, b->reason) != 0) return "settlement";
  if (g_strcmp0(a->instantly_id, b->instantly_id) != 0) return "instantly_id";
  if (a->added_at_us != b->added_at_us || a->ever_added_at_us != b->ever_added_at_us) return "added_at";
  if (a->email_status != b->email_status || a->sent_at_us != b->sent_at_us) return "email_status";
  if (a->outcome != b->outcome || a->finished_at_us != b->finished_at_us) return "outcome";
  if (a->removed_at_us != b->removed_at_us || a->withdrawn_at_us != b->withdrawn_at_us) return "removed_at";
  return a->held_n != b->held_n || a->resolved_n != b->resolved_n ? "held_n" : NULL;
}

/* What the events of a lead add up to; false without one. */
static bool fold_anew(const struct memory *memory, const char *lead_id, struct lead_state *state)
{
  bool has_any = false;
  *state = (struct lead_state){0};
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (g_strcmp0(event->lead_id, lead_id) != 0) continue;
    fold_event(state, event);
    has_any = true;
  }
  return has_any;
}

static void states_check(const struct look *look)
{
  bool wants_empty = look->query->check == VERIFY_STATE_WITHOUT_EVENTS;
  for (guint i = 0; i < look->states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(look->states, i);
    struct lead_state anew;
    bool has_any = fold_anew(look->memory, state->lead_id, &anew);
    const char *what = has_any ? state_difference(state, &anew) : NULL;
    if (wants_empty ? !has_any : what != NULL)
      found(look, (struct difference){.lead_id = state->lead_id, .detail = what});
  }
}

static bool is_enrolment(const struct lead_event *event)
{
  return event->kind == EVENT_ADDED || event->kind == EVENT_ADOPTED;
}

/* Do two events end their claim in ways that cannot both be? */
static bool contradict(const struct lead_event *a, const struct lead_event *b)
{
  if (g_strcmp0(a->claim_id, b->claim_id) != 0) return false;
  if (is_enrolment(a) && is_enrolment(b)) return g_strcmp0(a->instantly_id, b->instantly_id) != 0;
  const struct lead_event *refusal = is_enrolment(a) ? b : a;
  return is_enrolment(a) != is_enrolment(b) && (refusal->kind == EVENT_SKIPPED || refusal->kind == EVENT_REJECTED);
}

static void settled_twice(const struct look *look)
{
  const GPtrArray *events = look->memory->events;
  g_autoptr(GHashTable) said = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(events, i);
    bool is_known = !event->claim_id || g_hash_table_contains(said, event->claim_id);
    for (guint e = 0; !is_known && e < i; e++) {
      if (!contradict(event, g_ptr_array_index(events, e))) continue;
      g_autofree char *detail = g_strconcat("claim ", event->claim_id, NULL);
      is_known = g_hash_table_add(said, (gpointer)event->claim_id);
      found(look, (struct difference){.lead_id = event->lead_id, .campaign_id = event->campaign_id, .detail = detail});
    }
  }
}

/* Was the claim that an event names sent, or written by a bootstrap? */
static bool was_sent(const struct memory *memory, const struct lead_event *added)
{
  g_autofree char *text = g_strconcat("1:", added->claim_id, NULL);
  struct stamp stamp;
  bool is_claim = stamp_read(text, &stamp);
  for (guint i = 0; is_claim && i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (g_strcmp0(event->run_id, stamp.run_id) != 0) continue;
    bool is_bootstrap = event->kind == EVENT_CLAIMED && g_strcmp0(event->reason, "bootstrap") == 0;
    if (is_bootstrap && event->ord == stamp.ord) return true;
    if (event->kind == EVENT_SENDING && event->ord <= stamp.ord && event->ord_to >= stamp.ord &&
        g_strcmp0(event->campaign_id, added->campaign_id) == 0)
      return true;
  }
  return false;
}

static void added_unsent(const struct look *look)
{
  g_autoptr(GHashTable) said = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < look->memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(look->memory->events, i);
    if (event->kind != EVENT_ADDED || !event->claim_id || was_sent(look->memory, event)) continue;
    if (!g_hash_table_add(said, (gpointer)event->claim_id)) continue;
    g_autofree char *detail = g_strconcat("claim ", event->claim_id, NULL);
    found(look, (struct difference){.lead_id = event->lead_id, .campaign_id = event->campaign_id, .detail = detail});
  }
  put_in_order(look);
}

static void open_check(const struct look *look)
{
  bool wants_claims = look->query->check == VERIFY_CLAIM_OPEN;
  for (guint i = 0; i < look->states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(look->states, i);
    g_autofree char *claim = g_strdup_printf("claim %s", state->claim_id);
    if (wants_claims && state->settlement == SETTLEMENT_CLAIMED && !state_is_held(state))
      found(look, (struct difference){.lead_id = state->lead_id, .campaign_id = state->campaign_id, .detail = claim});
    if (!wants_claims && state_is_held(state) && g_strcmp0(state->held_reason, "relaunched") == 0)
      found(look, (struct difference){.lead_id = state->lead_id,
                                      .instantly_id = state->instantly_id,
                                      .campaign_id = state->current_campaign_id,
                                      .detail = state->held_reason});
  }
}

/* ---- staged rows against the ledger ---- */

static bool is_matched(const struct look *look, const struct lead_state *state)
{
  for (guint i = 0; i < look->matches->len; i++)
    if (g_array_index(look->matches, struct memory_match, i).state == state) return true;
  return false;
}

static void missing(const struct look *look)
{
  for (guint i = 0; i < look->states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(look->states, i);
    bool is_late = state->finished_at_us && state->finished_at_us < look->query->finished_after_us;
    bool is_gone = state_is_held(state) && g_strcmp0(state->held_reason, "campaign_gone") == 0;
    if (!is_ours(state) || !state->instantly_id || state->outcome == OUTCOME_REMOVED_BY_HAND || is_late || is_gone)
      continue;
    if (is_asked(look, state->current_campaign_id) && !is_matched(look, state))
      found(look, (struct difference){.lead_id = state->lead_id,
                                      .instantly_id = state->instantly_id,
                                      .campaign_id = state->current_campaign_id});
  }
}

/* What is wrong with a row that is a lead's own by its id, or NULL. Caller frees. */
static char *own_row_fault(const struct look *look, const struct memory_match *match)
{
  const struct lead_state *state = match->state;
  const struct remote_lead *row = match->row;
  switch (look->query->check) {
  case VERIFY_OTHER_CAMPAIGN:
    if (!is_ours(state) || g_strcmp0(row->campaign_id, state->current_campaign_id) == 0) return NULL;
    return g_strdup_printf("expected in %s", state->current_campaign_id);
  case VERIFY_OTHER_STAMP:
    if (!is_ours(state) || state->settlement != SETTLEMENT_ADDED ||
        remote_stamp_matches(row, state->generation, state->claim_id))
      return NULL;
    return g_strdup(row->stamp ? "another stamp" : "no stamp");
  default:
    if (state->withdrawn_at_us) return g_strdup("withdrawn");
    return state_is_removed(state) ? g_strdup("removed") : NULL;
  }
}

static void own_rows(const struct look *look)
{
  for (guint i = 0; i < look->matches->len; i++) {
    const struct memory_match *match = &g_array_index(look->matches, struct memory_match, i);
    const struct remote_lead *row = match->row;
    if (!match->state || g_strcmp0(match->state->instantly_id, row->id) != 0) continue;
    bool is_expected = look->query->check == VERIFY_OTHER_CAMPAIGN && is_asked(look, match->state->current_campaign_id);
    g_autofree char *fault = own_row_fault(look, match);
    if (fault && (is_expected || is_asked(look, row->campaign_id)))
      found(look, (struct difference){.lead_id = match->state->lead_id,
                                      .instantly_id = row->id,
                                      .campaign_id = row->campaign_id,
                                      .detail = fault});
  }
  put_in_order(look);
}

static void suppressed_live(const struct look *look)
{
  for (guint i = 0; i < look->matches->len; i++) {
    const struct memory_match *match = &g_array_index(look->matches, struct memory_match, i);
    if (!match->state || match->row->status != REMOTE_ACTIVE || !is_asked(look, match->row->campaign_id)) continue;
    const char *reason = memory_suppression_reason(look->memory, match->state->person, memory_now_us(look->memory));
    if (reason)
      found(look, (struct difference){.lead_id = match->state->lead_id,
                                      .instantly_id = match->row->id,
                                      .campaign_id = match->row->campaign_id,
                                      .detail = reason});
  }
  put_in_order(look);
}

static bool is_stamped(const struct remote_lead *row)
{
  struct stamp stamp;
  return stamp_read(row->stamp, &stamp);
}

static bool is_configured(const struct look *look, const char *campaign_id)
{
  return campaign_id && settings_campaign(look->memory->settings, campaign_id) != NULL;
}

static void unknown_row(const struct look *look)
{
  for (guint i = 0; i < look->matches->len; i++) {
    const struct memory_match *match = &g_array_index(look->matches, struct memory_match, i);
    const char *campaign_id = match->row->campaign_id;
    if (!match->state && is_stamped(match->row) && is_configured(look, campaign_id) && is_asked(look, campaign_id))
      found(look, (struct difference){.instantly_id = match->row->id, .campaign_id = campaign_id});
  }
}

/* The rows of one person, told at the first of them. */
static void person_rows(const struct look *look, guint first)
{
  const struct memory_match *start = &g_array_index(look->matches, struct memory_match, first);
  const char *last_id = start->row->id, *lead_id = NULL;
  int ours_n = 0, live_n = 0;
  for (guint i = 0; i < look->matches->len; i++) {
    const struct memory_match *match = &g_array_index(look->matches, struct memory_match, i);
    const struct remote_lead *row = match->row;
    if (g_strcmp0(row->person, start->row->person) != 0 || !is_configured(look, row->campaign_id)) continue;
    if (row->status != REMOTE_ACTIVE && !row->stamp) continue;
    if (i < first) return;
    ours_n += is_stamped(row);
    live_n += row->status == REMOTE_ACTIVE;
    last_id = row->id;
    if (match->state && (!lead_id || strcmp(match->state->lead_id, lead_id) < 0)) lead_id = match->state->lead_id;
  }
  g_autofree char *detail = g_strconcat("also ", last_id, NULL);
  if (ours_n > 1 || (live_n > 1 && ours_n > 0))
    found(look, (struct difference){.lead_id = lead_id, .instantly_id = start->row->id, .detail = detail});
}

static void live_twice(const struct look *look)
{
  for (guint i = 0; i < look->matches->len; i++) {
    const struct remote_lead *row = g_array_index(look->matches, struct memory_match, i).row;
    if (row->person && is_configured(look, row->campaign_id) && (row->status == REMOTE_ACTIVE || row->stamp))
      person_rows(look, i);
  }
}

/* ---- spellings ---- */

/* How many addresses of the folded person are enrolled and in Instantly? */
static guint spellings_n(const struct look *look, const char *folded)
{
  g_autoptr(GHashTable) spellings = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < look->states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(look->states, i);
    if (is_ours(state) && memory_folds_to(state->person, folded)) g_hash_table_add(spellings, (gpointer)state->person);
  }
  return g_hash_table_size(spellings);
}

static void tag_twice(const struct look *look)
{
  for (guint i = 0; i < look->states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(look->states, i);
    g_autofree char *folded = state->person ? email_fold_tag(state->person) : NULL;
    guint n = folded && is_ours(state) ? spellings_n(look, folded) : 0;
    if (n > 1)
      found(look, (struct difference){.lead_id = state->lead_id,
                                      .instantly_id = state->instantly_id,
                                      .campaign_id = state->current_campaign_id,
                                      .detail = "several spellings"});
  }
}

/* ---- all ---- */

typedef void look_f(const struct look *look);

/* Nothing can damage tables that live in one process. */
static look_f *const checks[VERIFY_CHECKS_N] = {
    [VERIFY_EVENT_ALTERED] = event_altered,
    [VERIFY_STATE_DIFFERS] = states_check,
    [VERIFY_STATE_WITHOUT_EVENTS] = states_check,
    [VERIFY_SETTLED_TWICE] = settled_twice,
    [VERIFY_ADDED_UNSENT] = added_unsent,
    [VERIFY_CLAIM_OPEN] = open_check,
    [VERIFY_CONFLICT_OPEN] = open_check,
    [VERIFY_TAG_TWICE] = tag_twice,
    [VERIFY_MISSING] = missing,
    [VERIFY_OTHER_CAMPAIGN] = own_rows,
    [VERIFY_OTHER_STAMP] = own_rows,
    [VERIFY_UNKNOWN_ROW] = unknown_row,
    [VERIFY_SUPPRESSED_LIVE] = suppressed_live,
    [VERIFY_LIVE_TWICE] = live_twice,
    [VERIFY_REMOVED_LIVE] = own_rows,
};

bool memory_differences(struct ledger *ledger, const struct verify_query *query, struct page *page, GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  g_autoptr(GPtrArray) states = memory_states_sorted(memory);
  g_autoptr(GArray) matches = memory_matches(memory, query->run_id);
  struct look look = {memory, query, states, matches, page};
  page_reset(page);
  if (checks[query->check]) checks[query->check](&look);
  guint done_n = MIN((guint)query->after_n, page->rows->len);
  if (done_n > 0) g_array_remove_range(page->rows, 0, done_n);
  if (page->rows->len > query->limit) g_array_set_size(page->rows, (guint)query->limit);
  return true;
}
