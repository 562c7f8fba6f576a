/* The reference warehouse: what a sync read, and the facts that follow from it. */
#include "warehouse/memory_priv.h"

#include <string.h>

/* ---- staging ---- */

bool memory_stage_begin(struct ledger *ledger, const char *run_id, GError **error)
{
  (void)error;
  GArray *staged = memory_of(ledger)->staged;
  for (guint i = staged->len; i-- > 0;)
    if (strcmp(g_array_index(staged, struct memory_staged, i).run_id, run_id) != 0) g_array_remove_index(staged, i);
  return true;
}

static struct remote_lead row_copy(struct memory *memory, const struct remote_lead *row)
{
  struct remote_lead copy = *row;
  copy.id = memory_keep(memory, row->id);
  copy.email = memory_keep(memory, row->email);
  copy.person = memory_keep(memory, row->person);
  copy.campaign_id = memory_keep(memory, row->campaign_id);
  copy.list_id = memory_keep(memory, row->list_id);
  copy.subsequence_id = memory_keep(memory, row->subsequence_id);
  copy.subsequence_step = NULL; /* decided from already */
  copy.stamp = memory_keep(memory, row->stamp);
  copy.last_step = memory_keep(memory, row->last_step);
  copy.mailbox = memory_keep(memory, row->mailbox);
  return copy;
}

static void stage_one(struct memory *memory, const char *run_id, const struct remote_lead *row)
{
  struct memory_staged staged = {.run_id = memory_keep(memory, run_id), .row = row_copy(memory, row)};
  for (guint i = 0; i < memory->staged->len; i++) {
    struct memory_staged *earlier = &g_array_index(memory->staged, struct memory_staged, i);
    if (strcmp(earlier->run_id, run_id) == 0 && strcmp(earlier->row.id, row->id) == 0) {
      *earlier = staged;
      return;
    }
  }
  g_array_append_val(memory->staged, staged);
}

bool memory_stage(struct ledger *ledger, const char *run_id, const struct remote_lead *rows, size_t rows_n,
                  GError **error)
{
  (void)error;
  for (size_t i = 0; i < rows_n; i++)
    stage_one(memory_of(ledger), run_id, &rows[i]);
  return true;
}

static int by_id(gconstpointer a, gconstpointer b)
{
  return strcmp((*(const struct remote_lead *const *)a)->id, (*(const struct remote_lead *const *)b)->id);
}

/* The rows of a run, in the order of their ids. Caller unrefs. */
static GPtrArray *staged_rows(struct memory *memory, const char *run_id)
{
  GPtrArray *rows = g_ptr_array_new();
  for (guint i = 0; i < memory->staged->len; i++) {
    struct memory_staged *staged = &g_array_index(memory->staged, struct memory_staged, i);
    if (strcmp(staged->run_id, run_id) == 0) g_ptr_array_add(rows, &staged->row);
  }
  g_ptr_array_sort(rows, by_id);
  return rows;
}

/* ---- stops ---- */

/* instantly_id -> state, of several leads the lowest. Caller unrefs. */
static GHashTable *states_by_id(struct memory *memory)
{
  GHashTable *by_instantly_id = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) states = memory_states_sorted(memory);
  for (guint i = 0; i < states->len; i++) {
    struct lead_state *state = g_ptr_array_index(states, i);
    if (state->instantly_id && !g_hash_table_contains(by_instantly_id, state->instantly_id))
      g_hash_table_insert(by_instantly_id, (gpointer)state->instantly_id, state);
  }
  return by_instantly_id;
}

struct mailbox {
  int64_t sends_n, bounces_n;
};

/* mailbox -> struct mailbox, over our rows that were mailed since the sync before. Caller unrefs. */
static GHashTable *mailboxes_of(const GPtrArray *rows, const struct stage_rules *rules, GHashTable *states)
{
  GHashTable *mailboxes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  for (guint i = 0; rules->judges_mailboxes && i < rows->len; i++) {
    const struct remote_lead *row = g_ptr_array_index(rows, i);
    bool is_counted = row->mailbox && remote_sent_since(row, rules->sent_since_us);
    if (!is_counted || !g_hash_table_contains(states, row->id)) continue;
    struct mailbox *mailbox = g_hash_table_lookup(mailboxes, row->mailbox);
    if (!mailbox) {
      mailbox = g_new0(struct mailbox, 1);
      g_hash_table_insert(mailboxes, (gpointer)row->mailbox, mailbox);
    }
    mailbox->sends_n++;
    mailbox->bounces_n += row->status == REMOTE_BOUNCED;
  }
  return mailboxes;
}

/* What one run judges rows by. */
struct judge {
  struct memory *memory;
  const struct stage_rules *rules;
  struct stage_report *report;
  GHashTable *states, *mailboxes;
};

static bool is_spike(const struct judge *judge, const struct remote_lead *row, const struct sync_stop *stop)
{
  const struct mailbox *mailbox = row->mailbox ? g_hash_table_lookup(judge->mailboxes, row->mailbox) : NULL;
  return mailbox && strcmp(stop->suppression.reason, "bounced") == 0 && g_hash_table_contains(judge->states, row->id) &&
         remote_sent_since(row, judge->rules->sent_since_us) &&
         sync_is_bounce_spike(mailbox->sends_n, mailbox->bounces_n);
}

static void hold_spike(const struct judge *judge, const struct remote_lead *row)
{
  const struct lead_state *state = g_hash_table_lookup(judge->states, row->id);
  if (state_is_held(state)) return;
  struct lead_event event = {.kind = EVENT_HELD,
                             .reason = "bounce_spike",
                             .lead_id = state->lead_id,
                             .person = state->person,
                             .campaign_id = state->current_campaign_id,
                             .instantly_id = state->instantly_id,
                             .claim_id = state->claim_id,
                             .generation = state->generation,
                             .epoch = state->epoch,
                             .run_id = judge->rules->run_id,
                             .occurred_at_us = memory_now_us(judge->memory)};
  memory_append(judge->memory, &event);
  judge->report->spike_n++;
}

/* What is done with each row that asks for a stop. */
typedef void judge_f(const struct judge *judge, const struct remote_lead *row, const struct sync_stop *stop);

static void hold_each(const struct judge *judge, const struct remote_lead *row, const struct sync_stop *stop)
{
  if (is_spike(judge, row, stop) && memory_is_new_stop(judge->memory, stop, judge->rules->now_us))
    hold_spike(judge, row);
}

static void void_each(const struct judge *judge, const struct remote_lead *row, const struct sync_stop *stop)
{
  if (is_spike(judge, row, stop) && memory_suppress_seen(judge->memory, stop, judge->rules->now_us))
    memory_suppress_void(judge->memory, "bounce_spike");
}

static void suppress_each(const struct judge *judge, const struct remote_lead *row, const struct sync_stop *stop)
{
  if (!is_spike(judge, row, stop))
    judge->report->suppressed_n += memory_suppress_seen(judge->memory, stop, judge->rules->now_us);
}

static void each_stop(const struct judge *judge, const GPtrArray *rows, judge_f *each)
{
  for (guint i = 0; i < rows->len; i++) {
    struct sync_stop stop;
    if (sync_stop(g_ptr_array_index(rows, i), judge->rules, &stop)) each(judge, g_ptr_array_index(rows, i), &stop);
  }
}

bool memory_stage_stops(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report,
                        GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  g_autoptr(GPtrArray) rows = staged_rows(memory, rules->run_id);
  g_autoptr(GHashTable) states = states_by_id(memory);
  g_autoptr(GHashTable) mailboxes = mailboxes_of(rows, rules, states);
  struct judge judge = {memory, rules, report, states, mailboxes};
  each_stop(&judge, rows, hold_each);
  each_stop(&judge, rows, void_each);
  each_stop(&judge, rows, suppress_each);
  return true;
}

/* ---- which lead a row belongs to ---- */

struct matcher {
  struct memory *memory;
  const struct stage_rules *rules;
  struct stage_report *report;
  GPtrArray *rows;      /* of the run */
  GHashTable *by_id;    /* instantly_id -> state */
  GHashTable *by_stamp; /* "generation:claim_id" -> state: the newest claim, of a lead not enrolled any claim */
  GHashTable *staged;   /* ids of the rows */
  GHashTable *stamped;  /* stamps of the rows */
  GPtrArray *states;    /* in the order of lead_id */
};

static void stamps_fill(struct matcher *matcher)
{
  for (guint i = 0; i < matcher->memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(matcher->memory->events, i);
    struct lead_state *state =
        event->kind == EVENT_CLAIMED ? g_hash_table_lookup(matcher->memory->states, event->lead_id) : NULL;
    if (!state || event->generation != state->generation) continue;
    if (state_is_enrolled(state) && g_strcmp0(event->claim_id, state->claim_id) != 0) continue;
    g_hash_table_insert(matcher->by_stamp,
                        g_strdup_printf("%" G_GINT64_FORMAT ":%s", event->generation, event->claim_id), state);
  }
}

static void matcher_init(struct matcher *matcher)
{
  matcher->rows = staged_rows(matcher->memory, matcher->rules->run_id);
  matcher->states = memory_states_sorted(matcher->memory);
  matcher->by_id = g_hash_table_new(g_str_hash, g_str_equal);
  matcher->by_stamp = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  matcher->staged = g_hash_table_new(g_str_hash, g_str_equal);
  matcher->stamped = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < matcher->states->len; i++) {
    struct lead_state *state = g_ptr_array_index(matcher->states, i);
    if (state->instantly_id && !g_hash_table_contains(matcher->by_id, state->instantly_id))
      g_hash_table_insert(matcher->by_id, (gpointer)state->instantly_id, state);
  }
  stamps_fill(matcher);
  for (guint i = 0; i < matcher->rows->len; i++) {
    const struct remote_lead *row = g_ptr_array_index(matcher->rows, i);
    g_hash_table_add(matcher->staged, (gpointer)row->id);
    if (row->stamp) g_hash_table_add(matcher->stamped, (gpointer)row->stamp);
  }
}

static void matcher_clear(struct matcher *matcher)
{
  g_hash_table_unref(matcher->by_id);
  g_hash_table_unref(matcher->by_stamp);
  g_hash_table_unref(matcher->staged);
  g_hash_table_unref(matcher->stamped);
  g_ptr_array_unref(matcher->rows);
  g_ptr_array_unref(matcher->states);
}

static struct lead_state *state_found_elsewhere(const struct matcher *matcher, const struct remote_lead *row)
{
  for (guint i = 0; row->person && row->campaign_id && i < matcher->states->len; i++) {
    struct lead_state *state = g_ptr_array_index(matcher->states, i);
    if (state->settlement == SETTLEMENT_FOUND_ELSEWHERE && g_strcmp0(state->person, row->person) == 0 &&
        g_strcmp0(state->campaign_id, row->campaign_id) == 0)
      return state;
  }
  return NULL;
}

static struct lead_state *state_of_row(const struct matcher *matcher, const struct remote_lead *row)
{
  struct lead_state *state = g_hash_table_lookup(matcher->by_id, row->id);
  if (state) return state;
  state = row->stamp ? g_hash_table_lookup(matcher->by_stamp, row->stamp) : NULL;
  if (state && (!state->instantly_id || !g_hash_table_contains(matcher->staged, state->instantly_id))) return state;
  return state_found_elsewhere(matcher, row);
}

/* ---- facts ---- */

static int64_t seen_at_us(const struct stage_rules *rules)
{
  return rules->scan_started_at_us ? rules->scan_started_at_us : rules->now_us;
}

static void tally(struct stage_report *report, const struct lead_event *event)
{
  report->facts_n++;
  report->finished_n += event->kind == EVENT_FINISHED;
  report->moved_n += event->kind == EVENT_MOVED;
  report->vanished_n += event->kind == EVENT_VANISHED;
  report->adopted_n += event->kind == EVENT_ADOPTED;
  report->conflicts_n += event->kind == EVENT_CONFLICT;
}

static void report_conflict(struct memory *memory, const char *lead_id)
{
  g_autofree char *ref = memory_lead_ref(&memory->ledger, lead_id);
  g_autofree char *key = g_strconcat("relaunched|", lead_id, NULL);
  struct error_row row = error_row_relaunched(ref, key);
  g_autoptr(GError) error = NULL;
  if (!memory_errors_append(&memory->ledger, &row, 1, &error)) g_assert_not_reached(); /* memory refuses nothing */
}

static void apply_row(struct matcher *matcher, const struct remote_lead *row, struct lead_state *state)
{
  struct lead_event events[SYNC_FACTS_MAX];
  size_t n = sync_facts(row, state, matcher->rules, events);
  for (size_t i = 0; i < n; i++) {
    memory_append(matcher->memory, &events[i]);
    tally(matcher->report, &events[i]);
    if (events[i].kind == EVENT_CONFLICT) report_conflict(matcher->memory, events[i].lead_id);
  }
  state->last_seen_at_us = MAX(state->last_seen_at_us, seen_at_us(matcher->rules));
  state->subsequence_id = row->subsequence_id;
}

static void apply_rows(struct matcher *matcher)
{
  for (guint i = 0; i < matcher->rows->len; i++) {
    const struct remote_lead *row = g_ptr_array_index(matcher->rows, i);
    struct lead_state *state = state_of_row(matcher, row);
    matcher->report->staged_n++;
    if (!state || sync_is_foreign(row, state))
      matcher->report->foreign_n++;
    else
      apply_row(matcher, row, state);
  }
}

/* ---- a campaign that is gone ---- */

static bool is_lost_with(const struct lead_state *state, const char *campaign_id)
{
  return state_is_enrolled(state) && !state_is_removed(state) && !state_is_held(state) && !state->finished_at_us &&
         g_strcmp0(state->current_campaign_id, campaign_id) == 0;
}

bool memory_hold_campaign(struct ledger *ledger, const char *campaign_id, const char *run_id, int64_t *held_n,
                          GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  g_autoptr(GPtrArray) states = memory_states_sorted(memory);
  *held_n = 0;
  for (guint i = 0; i < states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(states, i);
    if (!is_lost_with(state, campaign_id)) continue;
    struct lead_event event = {.kind = EVENT_HELD,
                               .reason = "campaign_gone",
                               .lead_id = state->lead_id,
                               .person = state->person,
                               .campaign_id = state->current_campaign_id,
                               .instantly_id = state->instantly_id,
                               .claim_id = state->claim_id,
                               .generation = state->generation,
                               .epoch = state->epoch,
                               .run_id = run_id,
                               .occurred_at_us = memory_now_us(memory)};
    memory_append(memory, &event);
    (*held_n)++;
  }
  memory_fold(memory);
  return true;
}

static void retire_put(struct memory *memory, const struct retirement *retirement, const struct lead_state *state,
                       enum event_kind kind)
{
  struct lead_event event = {.kind = kind,
                             .lead_id = state->lead_id,
                             .person = state->person,
                             .campaign_id = retirement->campaign_id,
                             .generation = state->generation,
                             .epoch = state->epoch,
                             .run_id = retirement->run_id,
                             .occurred_at_us = retirement->now_us,
                             .detail = retirement->detail};
  if (kind == EVENT_RESOLVED) event.attempt = state->held_n;
  if (kind == EVENT_SKIPPED) event.claim_id = state->claim_id;
  if (kind == EVENT_SKIPPED) event.reason = "campaign_gone";
  if (kind == EVENT_FINISHED) event.instantly_id = state->instantly_id;
  if (kind == EVENT_FINISHED) event.reason = outcome_name(OUTCOME_REMOVED_BY_HAND);
  memory_append(memory, &event);
}

bool memory_retire_campaign(struct ledger *ledger, const struct retirement *retirement, int64_t *ended_n,
                            GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  g_autoptr(GPtrArray) states = memory_states_sorted(memory);
  *ended_n = 0;
  for (guint i = 0; i < states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(states, i);
    bool is_open =
        state->settlement == SETTLEMENT_CLAIMED && g_strcmp0(state->campaign_id, retirement->campaign_id) == 0;
    bool is_there = state_is_enrolled(state) && !state_is_removed(state) &&
                    g_strcmp0(state->current_campaign_id, retirement->campaign_id) == 0;
    if (!is_open && !(is_there && (!state->finished_at_us || state_is_held(state)))) continue;
    (*ended_n)++;
    if (retirement->is_dry_run) continue;
    if (is_open) retire_put(memory, retirement, state, EVENT_SKIPPED);
    if (state_is_held(state)) retire_put(memory, retirement, state, EVENT_RESOLVED);
    if (is_there && !state->finished_at_us) retire_put(memory, retirement, state, EVENT_FINISHED);
  }
  return true;
}

/* ---- vanished: absent twice, far enough apart, in scans that began after the lead was added ---- */

/* Start of the first scan that missed the lead since it was last seen there; 0: none. */
static int64_t first_missed_us(const struct memory *memory, const struct lead_state *state)
{
  int64_t first_us = 0;
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (event->kind != EVENT_VANISHED || g_strcmp0(event->lead_id, state->lead_id) != 0 ||
        g_strcmp0(event->instantly_id, state->instantly_id) != 0)
      continue;
    if (event->occurred_at_us > state->last_seen_at_us && (!first_us || event->occurred_at_us < first_us))
      first_us = event->occurred_at_us;
  }
  return first_us;
}

static bool is_missing(const struct matcher *matcher, const struct lead_state *state)
{
  if (state_is_held(state)) return false;
  if (!state_is_enrolled(state) || state_is_removed(state) || state->finished_at_us || !state->instantly_id)
    return false;
  if (MAX(state->current_at_us, state->added_at_us) >= matcher->rules->scan_started_at_us) return false;
  if (g_hash_table_contains(matcher->staged, state->instantly_id)) return false;
  g_autofree char *stamp = g_strdup_printf("%" G_GINT64_FORMAT ":%s", state->generation, state->claim_id);
  return !g_hash_table_contains(matcher->stamped, stamp);
}

static void put_missing(struct matcher *matcher, const struct lead_state *state, enum event_kind kind)
{
  struct lead_event event = {
      .kind = kind,
      .reason = kind == EVENT_FINISHED ? outcome_name(OUTCOME_REMOVED_BY_HAND) : NULL,
      .lead_id = state->lead_id,
      .person = state->person,
      .campaign_id = state->current_campaign_id,
      .instantly_id = state->instantly_id,
      .generation = state->generation,
      .epoch = matcher->rules->epoch,
      .run_id = matcher->rules->run_id,
      .occurred_at_us = matcher->rules->scan_started_at_us,
  };
  memory_append(matcher->memory, &event);
  tally(matcher->report, &event);
}

static void apply_missing(struct matcher *matcher)
{
  for (guint i = 0; i < matcher->states->len; i++) {
    const struct lead_state *state = g_ptr_array_index(matcher->states, i);
    if (!is_missing(matcher, state)) continue;
    int64_t first_us = first_missed_us(matcher->memory, state);
    bool is_second = first_us && matcher->rules->scan_started_at_us - first_us >= matcher->rules->vanish_after_us;
    if (!first_us || is_second) put_missing(matcher, state, EVENT_VANISHED);
    if (is_second) put_missing(matcher, state, EVENT_FINISHED);
  }
}

GArray *memory_matches(struct memory *memory, const char *run_id)
{
  struct stage_rules rules = {.run_id = run_id};
  struct matcher matcher = {.memory = memory, .rules = &rules};
  GArray *matches = g_array_new(FALSE, TRUE, sizeof(struct memory_match));
  matcher_init(&matcher);
  for (guint i = 0; i < matcher.rows->len; i++) {
    const struct remote_lead *row = g_ptr_array_index(matcher.rows, i);
    struct memory_match match = {row, state_of_row(&matcher, row)};
    g_array_append_val(matches, match);
  }
  matcher_clear(&matcher);
  return matches;
}

/* First rows with our stamp; those of others are looked at in the ledger as it is then. */
static void bring_home(struct memory *memory, const struct stage_rules *rules, struct stage_report *report)
{
  typedef void bring_f(struct memory *, const struct stage_rules *, const GArray *, struct stage_report *);
  static bring_f *const steps[] = {memory_bring_stamped, memory_bring_others};
  size_t steps_n = rules->home == HOME_REBUILD ? 2 : 1;
  for (size_t step = 0; step < steps_n; step++) {
    g_autoptr(GArray) matches = memory_matches(memory, rules->run_id);
    steps[step](memory, rules, matches, report);
  }
}

bool memory_stage_facts(struct ledger *ledger, const struct stage_rules *rules, struct stage_report *report,
                        GError **error)
{
  (void)error;
  struct memory *memory = memory_of(ledger);
  memory_fold(memory);
  if (rules->is_full_scan) bring_home(memory, rules, report);
  struct matcher matcher = {.memory = memory, .rules = rules, .report = report};
  matcher_init(&matcher);
  apply_rows(&matcher);
  if (rules->is_full_scan) apply_missing(&matcher);
  matcher_clear(&matcher);
  return true;
}
