#include "outcome.h"

#include "audit.h"
#include "blocklist.h"
#include "engine.h"
#include "stats.h"
#include "store.h"

#include <math.h>

static const char *const outcome_names[OUTCOMES_N] = {
    [OUTCOME_OPENED] = "opened",   [OUTCOME_CLICKED] = "clicked",
    [OUTCOME_REPLIED] = "replied", [OUTCOME_AUTO_REPLIED] = "auto_replied",
    [OUTCOME_BOUNCED] = "bounced", [OUTCOME_UNSUBSCRIBED] = "unsubscribed",
};

enum outcome outcome_by_name(const char *name)
{
  enum outcome outcome = 0;
  while (outcome < OUTCOMES_N && g_strcmp0(name, outcome_names[outcome]) != 0)
    outcome++;
  return outcome;
}

double outcome_draw(const struct world *world, const struct lead *lead, int step, enum purpose purpose)
{
  const struct campaign *campaign = store_campaign_at(world, lead->campaign);
  uint64_t hash = hash_mix(world->seed, campaign == NULL ? 0 : campaign->handle);
  hash = hash_text(hash, lead->person->email);
  return hash_unit(hash_mix(hash_mix(hash, (uint64_t)step), (uint64_t)purpose));
}

struct plan {
  struct world *world;
  struct lead *lead;
  int step;
  int variant;
};

static double plan_draw(const struct plan *plan, enum purpose purpose)
{
  return outcome_draw(plan->world, plan->lead, plan->step, purpose);
}

static void plan_add(const struct plan *plan, enum outcome outcome, int64_t after_ms, bool is_positive)
{
  heap_push(&plan->world->outcomes, (struct timer){.due_ms = plan->world->now_ms + after_ms,
                                                   .row = plan->lead,
                                                   .kind = (int32_t)outcome,
                                                   .step = (uint8_t)plan->step,
                                                   .variant = (uint8_t)plan->variant,
                                                   .extra = is_positive});
}

/* Most people react within hours, some after days: a stretched exponential between the bounds. */
static int64_t reaction_ms(double draw, int64_t least_ms, int64_t mean_ms, int64_t most_ms)
{
  double wait = -log(1.0 - draw) * (double)mean_ms;
  return CLAMP(least_ms + (int64_t)wait, least_ms, most_ms);
}

static void reply_plan(const struct plan *plan, const struct chances *chances)
{
  if (plan_draw(plan, PURPOSE_REPLY) >= chances->reply) return;
  bool is_late = plan_draw(plan, PURPOSE_LATE) < chances->late_reply;
  double draw = plan_draw(plan, PURPOSE_REPLY_AT);
  int64_t after_ms = is_late ? 5 * DAY_MS + (int64_t)(draw * 35.0 * (double)DAY_MS)
                             : reaction_ms(draw, 10 * MINUTE_MS, 9 * HOUR_MS, 3 * DAY_MS);
  plan_add(plan, OUTCOME_REPLIED, after_ms, plan_draw(plan, PURPOSE_POSITIVE) < chances->positive);
}

void outcome_plan(struct world *world, struct lead *lead, int step, int variant)
{
  const struct campaign *campaign = store_campaign_at(world, lead->campaign);
  const struct chances *chances = &campaign->chances;
  struct plan plan = {world, lead, step, variant};
  if (step == 0 && plan_draw(&plan, PURPOSE_BOUNCE) < chances->bounce) {
    plan_add(&plan, OUTCOME_BOUNCED, 2 * MINUTE_MS, false);
    return;
  }
  if (plan_draw(&plan, PURPOSE_OPEN) < chances->open) {
    int64_t after_ms = reaction_ms(plan_draw(&plan, PURPOSE_OPEN_AT), 3 * MINUTE_MS, 5 * HOUR_MS, 2 * DAY_MS);
    plan_add(&plan, OUTCOME_OPENED, after_ms, false);
    if (plan_draw(&plan, PURPOSE_CLICK) < chances->click) plan_add(&plan, OUTCOME_CLICKED, after_ms + MINUTE_MS, false);
  }
  if (plan_draw(&plan, PURPOSE_AUTO_REPLY) < chances->auto_reply)
    plan_add(&plan, OUTCOME_AUTO_REPLIED, 3 * MINUTE_MS, false);
  if (plan_draw(&plan, PURPOSE_UNSUBSCRIBE) < chances->unsubscribe) {
    int64_t after_ms = reaction_ms(plan_draw(&plan, PURPOSE_UNSUBSCRIBE_AT), 5 * MINUTE_MS, 6 * HOUR_MS, 2 * DAY_MS);
    plan_add(&plan, OUTCOME_UNSUBSCRIBED, after_ms, false);
  }
  reply_plan(&plan, chances);
}

static struct counts *counts_of(struct world *world, const struct happening *happening)
{
  struct campaign *campaign = store_campaign_at(world, happening->lead->campaign);
  return campaign == NULL ? NULL : stats_at(campaign->stats, world->now_ms, happening->step, happening->variant);
}

void outcome_complete(struct world *world, struct lead *lead)
{
  struct campaign *campaign = store_campaign_at(world, lead->campaign);
  lead->status = LEAD_COMPLETED;
  lead->due_ms = 0;
  lead->pause_until_ms = 0;
  if (campaign == NULL || lead->counts_completed) return;
  lead->counts_completed = true;
  stats_at(campaign->stats, world->now_ms, lead->last_step, lead->last_variant)->completed++;
}

static void sequence_stop(struct world *world, struct lead *lead)
{
  engine_leave_subsequence(world, lead);
  if (lead->status == LEAD_ACTIVE || lead->status == LEAD_PAUSED) outcome_complete(world, lead);
}

static void opened_apply(struct world *world, const struct happening *happening)
{
  struct lead *lead = happening->lead;
  struct counts *counts = counts_of(world, happening);
  if (counts != NULL) {
    counts->opened++;
    counts->unique_opened += lead->opens_n == 0;
    counts->unique_opened_by_step += lead->opened_step != happening->step;
  }
  lead->opens_n++;
  lead->opened_ms = world->now_ms;
  lead->opened_step = (int8_t)happening->step;
  lead->opened_variant = (int8_t)happening->variant;
  engine_trigger(world, lead, TRIGGER_OPENED, 0);
}

static void clicked_apply(struct world *world, const struct happening *happening)
{
  struct lead *lead = happening->lead;
  struct counts *counts = counts_of(world, happening);
  if (counts != NULL) {
    counts->clicks++;
    counts->unique_clicks += lead->clicks_n == 0;
    counts->unique_clicks_by_step += lead->clicked_step != happening->step;
  }
  lead->clicks_n++;
  lead->clicked_ms = world->now_ms;
  lead->clicked_step = (int8_t)happening->step;
  lead->clicked_variant = (int8_t)happening->variant;
  engine_trigger(world, lead, TRIGGER_CLICKED, 0);
}

/* stop_for_company: an answer ends the sequence for everybody at the same domain. */
static void company_stop(struct world *world, struct campaign *campaign, const struct lead *answered)
{
  g_hash_table_add(campaign->answered, g_strdup(answered->person->domain));
  for (guint i = 0; i < campaign->bucket.rows->len; i++) {
    struct lead *lead = campaign->bucket.rows->pdata[i];
    if (!lead_is_in(lead, campaign->handle, 0) || lead->person == NULL || lead->status != LEAD_ACTIVE) continue;
    if (g_strcmp0(lead->person->domain, answered->person->domain) == 0) sequence_stop(world, lead);
  }
}

static void reply_note(struct world *world, const struct happening *happening)
{
  struct lead *lead = happening->lead;
  lead->replies_n++;
  lead->replied_ms = world->now_ms;
  lead->replied_step = (int8_t)happening->step;
  lead->replied_variant = (int8_t)happening->variant;
}

static void replied_apply(struct world *world, const struct happening *happening)
{
  struct lead *lead = happening->lead;
  struct campaign *campaign = store_campaign_at(world, lead->campaign);
  struct counts *counts = counts_of(world, happening);
  if (counts != NULL) {
    counts->replies++;
    counts->unique_replies += lead->replies_n == lead->auto_replies_n;
    counts->unique_replies_by_step += lead->replied_step != happening->step;
  }
  reply_note(world, happening);
  audit_stop(world, lead->person, HISTORY_REPLIED, lead->campaign);
  engine_leave_subsequence(world, lead);
  if (campaign != NULL && campaign->stop_on_reply) sequence_stop(world, lead);
  if (campaign != NULL && campaign->stop_for_company) company_stop(world, campaign, lead);
  int64_t interested = 1;
  if (happening->is_positive) outcome_interest(world, lead, &interested);
}

static void auto_replied_apply(struct world *world, const struct happening *happening)
{
  struct lead *lead = happening->lead;
  const struct campaign *campaign = store_campaign_at(world, lead->campaign);
  struct counts *counts = counts_of(world, happening);
  if (counts != NULL) {
    counts->auto_replies++;
    counts->unique_auto_replies += lead->auto_replies_n == 0;
  }
  reply_note(world, happening);
  lead->auto_replies_n++;
  audit_note(world, lead->person, HISTORY_AUTO_REPLIED, lead->campaign);
  if (!lead->has_interest) {
    lead->has_interest = true;
    lead->interest = 0;
    lead->interest_ms = world->now_ms;
  }
  if (campaign != NULL && campaign->stop_on_auto_reply) {
    sequence_stop(world, lead);
  } else if (lead->status == LEAD_ACTIVE) {
    engine_pause_until(world, lead, world->now_ms + 3 * DAY_MS);
  }
}

static void bounced_apply(struct world *world, const struct happening *happening)
{
  struct lead *lead = happening->lead;
  struct campaign *campaign = store_campaign_at(world, lead->campaign);
  struct counts *counts = counts_of(world, happening);
  lead->status = LEAD_BOUNCED;
  lead->due_ms = 0;
  engine_leave_subsequence(world, lead);
  audit_note(world, lead->person, HISTORY_BOUNCED, lead->campaign);
  if (counts != NULL) counts->bounced++;
  if (campaign == NULL) return;
  campaign->bounced_ever_n++;
  bool is_tripped = campaign->sent_ever_n >= 200 && campaign->bounced_ever_n * 20 > campaign->sent_ever_n;
  if (campaign->bounce_protect && is_tripped && campaign->status == CAMPAIGN_ACTIVE)
    campaign->status = CAMPAIGN_BOUNCE_PROTECT;
}

static void row_unsubscribe(struct world *world, struct lead *lead)
{
  lead->status = LEAD_UNSUBSCRIBED;
  lead->due_ms = 0;
  lead->updated_ms = world->now_ms;
  engine_leave_subsequence(world, lead);
}

static void unsubscribed_apply(struct world *world, const struct happening *happening)
{
  struct lead *lead = happening->lead;
  struct counts *counts = counts_of(world, happening);
  if (counts != NULL) counts->unsubscribed++;
  audit_stop(world, lead->person, HISTORY_UNSUBSCRIBED, lead->campaign);
  row_unsubscribe(world, lead);
  if (world->config->add_unsub_to_block) blocklist_add(world, lead->person->email);
  if (world->quirks.is_on[QUIRK_STOPS_LOCAL]) return;
  for (struct lead *row = lead->person->rows; row != NULL; row = row->next_of_person)
    row_unsubscribe(world, row);
}

void outcome_apply(struct world *world, const struct happening *happening)
{
  static void (*const apply[OUTCOMES_N])(struct world *, const struct happening *) = {
      [OUTCOME_OPENED] = opened_apply,   [OUTCOME_CLICKED] = clicked_apply,
      [OUTCOME_REPLIED] = replied_apply, [OUTCOME_AUTO_REPLIED] = auto_replied_apply,
      [OUTCOME_BOUNCED] = bounced_apply, [OUTCOME_UNSUBSCRIBED] = unsubscribed_apply,
  };
  struct lead *lead = happening->lead;
  if (lead->is_gone || lead->person == NULL) return;
  apply[happening->outcome](world, happening);
  lead->updated_ms = world->now_ms;
}

static void interest_count(struct world *world, struct lead *lead, int64_t value)
{
  struct campaign *campaign = store_campaign_at(world, lead->campaign);
  if (campaign == NULL) return;
  bool is_replied = lead->replied_step >= 0;
  struct counts *counts = stats_at(campaign->stats, world->now_ms, is_replied ? lead->replied_step : lead->last_step,
                                   is_replied ? lead->replied_variant : lead->last_variant);
  counts->opportunities += value >= 1;
  counts->interested += value == 1;
  counts->meetings_booked += value == 2;
  counts->meetings_completed += value == 3;
  counts->won += value == 4;
}

void outcome_interest(struct world *world, struct lead *lead, const int64_t *value)
{
  lead->updated_ms = lead->interest_ms = world->now_ms;
  lead->has_interest = value != NULL;
  if (value == NULL) return;
  lead->interest = (int16_t)*value;
  interest_count(world, lead, *value);
  sequence_stop(world, lead);
  engine_trigger(world, lead, TRIGGER_INTEREST, *value);
}

bool outcome_of_gone(struct world *world, struct person *person, enum outcome outcome)
{
  if (outcome != OUTCOME_REPLIED && outcome != OUTCOME_AUTO_REPLIED) return false;
  for (uint32_t i = person->history; i != 0;) {
    const struct history *entry = &g_array_index(world->history, struct history, i - 1);
    i = entry->next;
    if (entry->kind != HISTORY_SENT && entry->kind != HISTORY_SENT_SUBSEQUENCE) continue;
    uint16_t campaign = entry->campaign;
    if (outcome == OUTCOME_REPLIED)
      audit_stop(world, person, HISTORY_REPLIED, campaign);
    else
      audit_note(world, person, HISTORY_AUTO_REPLIED, campaign);
    return true;
  }
  return false;
}
