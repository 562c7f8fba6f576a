/* The reference warehouse: bringing rows home that carry our stamp and that the ledger does not know. */
#include "core/settle.h"
#include "core/sync_home.h"
#include "warehouse/memory_priv.h"

#include <string.h>

/* ---- what the ledger knows ---- */

bool memory_newest_id(struct ledger *ledger, char **id, GError **error)
{
  (void)error;
  const struct memory *memory = memory_of(ledger);
  const char *newest = NULL;
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    const char *there = event->instantly_id;
    bool names_row = event->kind == EVENT_ADDED || event->kind == EVENT_ADOPTED || event->kind == EVENT_MOVED;
    if (names_row && event->lead_id && there && strlen(there) > 14 && there[14] == '7' && g_strcmp0(there, newest) > 0)
      newest = there;
  }
  *id = g_strdup(newest);
  return true;
}

static bool is_known(const struct memory *memory, const struct stamp *stamp)
{
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (event->kind == EVENT_CLAIMED && event->ord == stamp->ord && g_strcmp0(event->run_id, stamp->run_id) == 0)
      return true;
  }
  return false;
}

/* Was it sent, by what this ledger says? A claim that was rebuilt has no request here. */
static bool was_sent(const struct memory *memory, const struct stamp *stamp)
{
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    bool is_rebuilt =
        event->kind == EVENT_CLAIMED && event->ord == stamp->ord && g_strcmp0(event->reason, HOME_REASON_REBUILD) == 0;
    bool is_request = event->kind == EVENT_SENDING && event->ord <= stamp->ord && event->ord_to >= stamp->ord;
    if ((is_rebuilt || is_request) && g_strcmp0(event->run_id, stamp->run_id) == 0) return true;
  }
  return false;
}

bool memory_stamp_is_known(struct ledger *ledger, const char *text, bool *is_there, GError **error)
{
  (void)error;
  struct stamp stamp;
  *is_there = stamp_read(text, &stamp) && is_known(memory_of(ledger), &stamp) && was_sent(memory_of(ledger), &stamp);
  return true;
}

/* ---- which rows, and to whom ---- */

struct arrival {
  const struct memory_match *match;
  struct stamp stamp;
};

/* One pass over the rows of a scan. */
struct pass {
  struct memory *memory;
  const struct stage_rules *rules;
  GHashTable *first; /* person -> the row that comes first */
  GArray *arrivals;  /* struct arrival */
};

static void pass_init(struct pass *pass, struct memory *memory, const struct stage_rules *rules)
{
  *pass = (struct pass){.memory = memory, .rules = rules};
  pass->first = g_hash_table_new(g_str_hash, g_str_equal);
  pass->arrivals = g_array_new(FALSE, TRUE, sizeof(struct arrival));
}

static void pass_clear(struct pass *pass)
{
  g_hash_table_unref(pass->first);
  g_array_unref(pass->arrivals);
}

/* Rows come in the order of their ids. */
static void pass_add(struct pass *pass, const struct arrival *arrival)
{
  const struct remote_lead *row = arrival->match->row;
  g_array_append_vals(pass->arrivals, arrival, 1);
  if (!g_hash_table_contains(pass->first, row->person))
    g_hash_table_insert(pass->first, (gpointer)row->person, (gpointer)row);
}

static bool is_own_lead(const char *lead_id)
{
  return g_str_has_prefix(lead_id, HOME_LEAD_PREFIX);
}

/* Whoever was adopted because the claim was unknown may be claimed as ours later. */
static bool may_be_raised(const struct pass *pass, const struct lead_state *state)
{
  return pass->rules->home == HOME_REBUILD && state->settlement == SETTLEMENT_ADOPTED && !state->withdrawn_at_us &&
         !is_own_lead(state->lead_id);
}

static const char *source_lead(const struct memory *memory, const char *person)
{
  for (guint i = 0; i < memory->leads->len; i++) {
    const struct memory_lead *row = g_ptr_array_index(memory->leads, i);
    if (g_strcmp0(row->person, person) == 0) return row->lead.lead_id;
  }
  return NULL;
}

/* Who of the ledger has events of this person; the lowest. */
static const char *ledger_lead(const struct memory *memory, const char *person)
{
  const char *lowest = NULL;
  for (guint i = 0; i < memory->events->len; i++) {
    const struct lead_event *event = g_ptr_array_index(memory->events, i);
    if (!event->lead_id || g_strcmp0(event->person, person) != 0) continue;
    if (!lowest || strcmp(event->lead_id, lowest) < 0) lowest = event->lead_id;
  }
  return lowest;
}

typedef bool state_f(const struct lead_state *state);

static bool was_ever_enrolled(const struct lead_state *state)
{
  return state->ever_added_at_us != 0;
}

/* Is it so of any lead of the person? */
static bool any_state(const struct memory *memory, const char *person, state_f *is_so)
{
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, memory->states);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    const struct lead_state *state = value;
    if (g_strcmp0(state->person, person) == 0 && is_so(state)) return true;
  }
  return false;
}

static struct home_lead lead_of(const struct pass *pass, const struct memory_match *match)
{
  const struct memory *memory = pass->memory;
  const char *person = match->row->person;
  if (match->state) return (struct home_lead){match->state->lead_id, match->state->generation};
  const char *lead_id = source_lead(memory, person);
  if (!lead_id) lead_id = ledger_lead(memory, person);
  const struct lead_state *state = lead_id ? g_hash_table_lookup(memory->states, lead_id) : NULL;
  bool is_others = state && state->person && g_strcmp0(state->person, person) != 0;
  bool is_free =
      g_hash_table_lookup(pass->first, person) == match->row && !any_state(memory, person, state_is_enrolled);
  if (!lead_id || is_others || !is_free) return (struct home_lead){0};
  return (struct home_lead){lead_id, state ? state->generation : 0};
}

/* ---- bringing them ---- */

static void pass_append(struct pass *pass, struct stage_report *report)
{
  g_autofree struct home_lead *leads = g_new0(struct home_lead, pass->arrivals->len + 1);
  for (guint i = 0; i < pass->arrivals->len; i++)
    leads[i] = lead_of(pass, g_array_index(pass->arrivals, struct arrival, i).match);
  for (guint i = 0; i < pass->arrivals->len; i++) {
    const struct remote_lead *row = g_array_index(pass->arrivals, struct arrival, i).match->row;
    if (!leads[i].lead_id && !home_is_stamped(row)) continue;
    struct home_events home;
    home_events_of(row, &leads[i], pass->rules, &home);
    for (size_t e = 0; e < home.n; e++)
      memory_append(pass->memory, &home.events[e]);
    report->home_n++;
  }
  memory_fold(pass->memory);
}

void memory_bring_stamped(struct memory *memory, const struct stage_rules *rules, const GArray *matches,
                          struct stage_report *report)
{
  struct pass pass;
  pass_init(&pass, memory, rules);
  for (guint i = 0; i < matches->len; i++) {
    struct arrival arrival = {.match = &g_array_index(matches, struct memory_match, i)};
    const struct remote_lead *row = arrival.match->row;
    const struct lead_state *state = arrival.match->state;
    bool is_asked = !state || may_be_raised(&pass, state);
    if (is_asked && home_is_stamped(row) && home_is_within(row, rules) && stamp_read(row->stamp, &arrival.stamp) &&
        !is_known(memory, &arrival.stamp))
      pass_add(&pass, &arrival);
  }
  if (rules->home == HOME_LEAVE)
    report->homeless_n += pass.arrivals->len;
  else
    pass_append(&pass, report);
  pass_clear(&pass);
}

void memory_bring_others(struct memory *memory, const struct stage_rules *rules, const GArray *matches,
                         struct stage_report *report)
{
  struct pass pass;
  pass_init(&pass, memory, rules);
  for (guint i = 0; i < matches->len; i++) {
    struct arrival arrival = {.match = &g_array_index(matches, struct memory_match, i)};
    const struct remote_lead *row = arrival.match->row;
    bool is_nobodys = row->person && !arrival.match->state && !stamp_read(row->stamp, &arrival.stamp);
    if (is_nobodys && row->campaign_id && home_is_within(row, rules) && source_lead(memory, row->person) &&
        !any_state(memory, row->person, was_ever_enrolled))
      pass_add(&pass, &arrival);
  }
  pass_append(&pass, report);
  pass_clear(&pass);
}
