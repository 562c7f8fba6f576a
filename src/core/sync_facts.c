/* Sync, the decisions: what one row of Instantly's list says, and by which facts it differs from a lead's state.
 *
 * A fact is written once: whether the state has it already is read from a column that the fact itself sets, so that
 * applying the events and asking again yields nothing. What has no column (automatic replies, interest labels, the
 * subsequence) is staged and shown, and not repeated as events. */
#include "core/fold.h"
#include "core/sync.h"

#include <string.h>

/* ---- one row ---- */

bool remote_has_real_reply(const struct remote_lead *row)
{
  if (row->replies <= 0 && !row->replied_at_us) return false;
  if (row->has_interest && row->interest != 0) return true;
  if (row->replies > 1) return true; /* one sign cannot vouch for two replies */
  bool is_automatic = row->has_interest || row->pause_until_us != 0;
  return !is_automatic;
}

bool remote_reply_is_unclear(const struct remote_lead *row)
{
  return remote_has_real_reply(row) && !(row->has_interest && row->interest != 0);
}

bool remote_is_contacted(const struct remote_lead *row)
{
  return row->contacted_at_us || row->last_step_at_us || row->status == REMOTE_BOUNCED;
}

bool remote_is_live(const struct remote_lead *row)
{
  bool is_in_subsequence = row->subsequence_id != NULL && *row->subsequence_id != '\0';
  bool may_send = row->status == REMOTE_ACTIVE || row->status == REMOTE_PAUSED ||
                  (row->status == REMOTE_COMPLETED && is_in_subsequence);
  return row->campaign_id != NULL && may_send;
}

const char *remote_stop(const struct remote_lead *row)
{
  if (row->status == REMOTE_UNSUBSCRIBED) return "unsubscribed";
  if (remote_has_real_reply(row)) return "replied";
  return row->status == REMOTE_BOUNCED ? "bounced" : NULL;
}

enum email_status remote_email_status(const struct remote_lead *row)
{
  if (row->status == REMOTE_UNSUBSCRIBED) return EMAIL_STATUS_UNSUBSCRIBED;
  if (row->status == REMOTE_BOUNCED) return EMAIL_STATUS_BOUNCED;
  if (remote_has_real_reply(row)) return EMAIL_STATUS_REPLIED;
  if (row->clicks > 0 || row->clicked_at_us) return EMAIL_STATUS_CLICKED;
  if (row->opens > 0 || row->opened_at_us) return EMAIL_STATUS_OPENED;
  return remote_is_contacted(row) ? EMAIL_STATUS_SENT : EMAIL_STATUS_NONE;
}

static enum outcome completed_outcome(const struct remote_lead *row)
{
  if (row->subsequence_id && *row->subsequence_id) return OUTCOME_NONE;
  if (remote_has_real_reply(row)) return OUTCOME_REPLIED;
  return row->has_interest && row->interest > 0 ? OUTCOME_INTEREST : OUTCOME_NO_REPLY;
}

enum outcome remote_outcome(const struct remote_lead *row)
{
  switch (row->status) {
  case REMOTE_UNSUBSCRIBED: return OUTCOME_UNSUBSCRIBED;
  case REMOTE_BOUNCED: return OUTCOME_BOUNCED;
  case REMOTE_SKIPPED: return OUTCOME_SKIPPED;
  case REMOTE_COMPLETED: return completed_outcome(row);
  default: return OUTCOME_NONE;
  }
}

int64_t remote_ended_at_us(const struct remote_lead *row)
{
  if (row->last_step_at_us) return row->last_step_at_us;
  return MAX(row->replied_at_us, MAX(row->contacted_at_us, row->updated_at_us));
}

bool remote_stamp_matches(const struct remote_lead *row, int64_t generation, const char *claim_id)
{
  if (!row->stamp || !claim_id) return false;
  g_autofree char *stamp = g_strdup_printf("%" G_GINT64_FORMAT ":%s", generation, claim_id);
  return strcmp(row->stamp, stamp) == 0;
}

/* ---- the suppression that a row asks for ---- */

/* When the stop showed itself. Only replies have a time of their own: a row bounces or unsubscribes once. */
static int64_t stop_evidence_us(const struct remote_lead *row, const char *reason)
{
  int64_t replied_at_us = strcmp(reason, "replied") == 0 ? row->replied_at_us : 0;
  return MAX(1, MAX(row->created_at_us, replied_at_us));
}

bool sync_stop(const struct remote_lead *row, const struct stage_rules *rules, struct sync_stop *stop)
{
  const char *reason = row->person ? remote_stop(row) : NULL;
  if (!reason) return false;
  int64_t expires_at_us = 0;
  if (strcmp(reason, "bounced") == 0) {
    int64_t bounced_at_us = remote_ended_at_us(row);
    expires_at_us = (bounced_at_us ? bounced_at_us : rules->now_us) + rules->bounce_suppress_us;
    if (expires_at_us <= rules->now_us) return false;
  }
  *stop = (struct sync_stop){
      .suppression = {.person = row->person,
                      .reason = reason,
                      .source = "sync",
                      .created_at_us = rules->now_us,
                      .expires_at_us = expires_at_us},
      .evidence_at_us = stop_evidence_us(row, reason),
  };
  return true;
}

bool remote_sent_since(const struct remote_lead *row, int64_t since_us)
{
  return MAX(row->contacted_at_us, row->last_step_at_us) > since_us;
}

bool sync_is_bounce_spike(int64_t sends_n, int64_t bounces_n)
{
  return sends_n >= BOUNCE_SPIKE_SENDS && bounces_n * 100 > sends_n * BOUNCE_SPIKE_PERCENT;
}

/* ---- the facts by which a row differs from its lead's state ---- */

struct facts {
  const struct remote_lead *row;
  const struct lead_state *state;
  const struct stage_rules *rules;
  struct lead_event *events;
  size_t n;
};

static int64_t seen_at_us(const struct stage_rules *rules)
{
  return rules->scan_started_at_us ? rules->scan_started_at_us : rules->now_us;
}

/* First time of these that is known, else now: no fact of ours is without a time. */
static int64_t known_time(const struct facts *facts, int64_t at_us, int64_t else_us)
{
  if (at_us) return at_us;
  return else_us ? else_us : MAX(facts->rules->now_us, 1);
}

static struct lead_event *put(struct facts *facts, enum event_kind kind, const char *reason, int64_t occurred_at_us)
{
  g_assert(facts->n < SYNC_FACTS_MAX);
  struct lead_event *event = &facts->events[facts->n++];
  *event = (struct lead_event){
      .kind = kind,
      .reason = reason,
      .lead_id = facts->state->lead_id,
      .person = facts->state->person,
      .campaign_id = facts->row->campaign_id,
      .instantly_id = facts->row->id,
      .generation = MAX(facts->state->generation, 1),
      .epoch = facts->rules->epoch,
      .run_id = facts->rules->run_id,
      .occurred_at_us = occurred_at_us,
  };
  return event;
}

static void put_fact(struct facts *facts, enum status_fact fact, int64_t at_us)
{
  put(facts, EVENT_STATUS, NULL, known_time(facts, at_us, facts->row->updated_at_us))->fact = fact;
}

/* A settling event is its claim's: generation and epoch are not the writer's. */
static void put_settlement(struct facts *facts, enum event_kind kind)
{
  struct lead_event *event = put(facts, kind, NULL, known_time(facts, facts->row->created_at_us, 0));
  event->campaign_id = facts->state->campaign_id;
  event->claim_id = facts->state->claim_id;
  event->epoch = facts->state->epoch;
}

/* The claim that a stamp of this generation names, or NULL. A stamp on a row of this person is of one of the person's
 * own claims: nobody else's lead ever carried it. */
static const char *stamped_claim(const struct remote_lead *row, int64_t generation)
{
  g_autofree char *prefix = g_strdup_printf("%" G_GINT64_FORMAT ":", generation);
  if (!row->stamp || !g_str_has_prefix(row->stamp, prefix)) return NULL;
  return row->stamp[strlen(prefix)] ? row->stamp + strlen(prefix) : NULL;
}

/* Brings a lead home that the ledger does not count as enrolled: its stamp proves that we created the row; a row found
 * elsewhere earlier that now sits in the lead's campaign is adopted. False: the row is nothing of this lead's. */
static bool enrolment_facts(struct facts *facts)
{
  const struct lead_state *state = facts->state;
  if (state_is_enrolled(state)) return true;
  const char *claim_id = stamped_claim(facts->row, state->generation);
  if (claim_id) {
    put_settlement(facts, EVENT_ADDED);
    facts->events[facts->n - 1].claim_id = claim_id; /* an earlier claim's, when its answer and its row came late */
    return true;
  }
  if (state->settlement != SETTLEMENT_FOUND_ELSEWHERE || g_strcmp0(facts->row->campaign_id, state->campaign_id) != 0)
    return false;
  put_settlement(facts, EVENT_ADOPTED);
  return true;
}

/* A person moved the row, or put it in again with our stamp. What the list showed before our last word about the place
 * (a scan that began earlier) is not news. */
static void place_facts(struct facts *facts)
{
  struct lead_state state = *facts->state;
  for (size_t i = 0; i < facts->n; i++)
    fold_event(&state, &facts->events[i]);
  bool is_same = g_strcmp0(facts->row->campaign_id, state.current_campaign_id) == 0 &&
                 g_strcmp0(facts->row->id, state.instantly_id) == 0;
  if (!is_same && seen_at_us(facts->rules) > state.current_at_us)
    put(facts, EVENT_MOVED, NULL, seen_at_us(facts->rules));
}

static void mail_facts(struct facts *facts)
{
  const struct remote_lead *row = facts->row;
  const struct lead_state *state = facts->state;
  if (remote_is_contacted(row) && !state->sent_at_us)
    put_fact(facts, FACT_CONTACTED, row->contacted_at_us ? row->contacted_at_us : row->last_step_at_us);
  if ((row->opens > 0 || row->opened_at_us) && state->email_status < EMAIL_STATUS_OPENED)
    put_fact(facts, FACT_OPENED, row->opened_at_us);
  if ((row->clicks > 0 || row->clicked_at_us) && state->email_status < EMAIL_STATUS_CLICKED)
    put_fact(facts, FACT_CLICKED, row->clicked_at_us);
  if (remote_has_real_reply(row) && !state->replied_at_us) put_fact(facts, FACT_REPLIED, row->replied_at_us);
  if (row->status == REMOTE_BOUNCED && state->email_status < EMAIL_STATUS_BOUNCED)
    put_fact(facts, FACT_BOUNCED, remote_ended_at_us(row));
  if (row->status == REMOTE_UNSUBSCRIBED && state->email_status < EMAIL_STATUS_UNSUBSCRIBED)
    put_fact(facts, FACT_UNSUBSCRIBED, remote_ended_at_us(row));
}

/* A finished main sequence inside a subsequence is over at once where complete takes such leads out of it. */
static enum outcome ended_outcome(const struct facts *facts)
{
  struct remote_lead main_row = *facts->row;
  enum outcome outcome = remote_outcome(&main_row);
  if (outcome != OUTCOME_NONE || !main_row.subsequence_id) return outcome;
  main_row.subsequence_id = NULL;
  outcome = remote_outcome(&main_row);
  return (facts->rules->cut_outcomes >> outcome) & 1 ? outcome : OUTCOME_NONE;
}

static void end_facts(struct facts *facts)
{
  const struct lead_state *state = facts->state;
  enum outcome outcome = ended_outcome(facts);
  if (outcome > state->outcome)
    put(facts, EVENT_FINISHED, outcome_name(outcome),
        known_time(facts, remote_ended_at_us(facts->row), facts->row->created_at_us));
  /* Said once: resolving the hold must not bring the same one back with every sync. */
  bool is_news = !state_is_held(state) && g_strcmp0(state->held_reason, "relaunched") != 0;
  if (state->finished_at_us && facts->row->status == REMOTE_ACTIVE && is_news) {
    put(facts, EVENT_CONFLICT, "relaunched", MAX(facts->rules->now_us, 1));
    put(facts, EVENT_HELD, "relaunched", MAX(facts->rules->now_us, 1))->attempt =
        MAX(state->held_n, state->resolved_n) + 1;
  }
}

bool sync_is_foreign(const struct remote_lead *row, const struct lead_state *state)
{
  return state->withdrawn_at_us || (state->removed_at_us && g_strcmp0(row->id, state->removed_id) == 0);
}

size_t sync_facts(const struct remote_lead *row, const struct lead_state *state, const struct stage_rules *rules,
                  struct lead_event events[SYNC_FACTS_MAX])
{
  struct facts facts = {.row = row, .state = state, .rules = rules, .events = events};
  if (sync_is_foreign(row, state) || !enrolment_facts(&facts)) return 0;
  place_facts(&facts);
  mail_facts(&facts);
  end_facts(&facts);
  return facts.n;
}
