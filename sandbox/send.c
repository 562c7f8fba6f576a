#include "send.h"

#include "audit.h"
#include "blocklist.h"
#include "engine.h"
#include "outcome.h"
#include "stats.h"
#include "store.h"

/* Steps of subsequences draw apart from those of the main sequence. */
#define SUBSEQUENCE_STEP 64

static bool account_may_send(struct account *account, int64_t now_ms)
{
  int64_t day = now_ms / DAY_MS;
  if (account->day != day) {
    account->day = day;
    account->sent_n = 0;
  }
  return account->is_healthy && (account->daily_limit < 0 || account->sent_n < account->daily_limit);
}

/* The mailbox of this lead: always the same while it has room. 0 when none of the campaign's has. */
static uint16_t account_pick(struct world *world, const struct lead *lead, uint16_t preferred)
{
  const GArray *senders = store_campaign_at(world, lead->campaign)->senders;
  guint count = senders->len > 0 ? senders->len : world->accounts->len;
  guint first = (guint)(outcome_draw(world, lead, 0, PURPOSE_MAILBOX) * (double)count);
  for (guint i = 0; i <= count; i++) {
    guint place = (first + i) % MAX(count, 1);
    uint16_t handle = senders->len > 0 && count > 0 ? g_array_index(senders, uint16_t, place) : (uint16_t)(place + 1);
    /* The one that wrote before comes first. */
    if (i == 0 && preferred > 0) handle = preferred;
    if (handle > world->accounts->len) continue;
    struct account *account = &g_array_index(world->accounts, struct account, handle - 1U);
    if (!account_may_send(account, world->now_ms)) continue;
    account->sent_n++;
    return handle;
  }
  return 0;
}

static uint8_t variant_pick(const struct step *step, double draw)
{
  uint8_t enabled[VARIANTS_MAX] = {0};
  uint8_t enabled_n = 0;
  for (uint8_t i = 0; i < step->variants_n; i++)
    if (!step->is_disabled[i]) enabled[enabled_n++] = i;
  return enabled_n == 0 ? 0 : enabled[(uint8_t)(draw * enabled_n)];
}

/* What the check right before sending says: a row that must never be mailed becomes skipped. */
static bool is_refused(struct world *world, const struct campaign *campaign, const struct lead *lead)
{
  if (blocklist_has(world, lead->person)) return true;
  if (lead->verification == -1) return true;
  if (lead->verification < -1 && !campaign->allow_risky) return true;
  return lead->next_step == 0 && outcome_draw(world, lead, 0, PURPOSE_SKIP) < campaign->chances.skip;
}

static void row_mark_sent(struct world *world, struct lead *lead, uint8_t variant)
{
  lead->last_step = lead->next_step;
  lead->last_variant = variant;
  lead->contacted_ms = lead->updated_ms = world->now_ms;
  lead->pause_until_ms = 0;
  lead->next_step++;
}

static void sent_count(struct world *world, struct campaign *campaign, const struct lead *lead)
{
  struct counts *counts = stats_at(campaign->stats, world->now_ms, lead->last_step, lead->last_variant);
  counts->sent++;
  counts->new_contacted += lead->last_step == 0;
  campaign->new_today_n += lead->last_step == 0;
  campaign->sent_today_n++;
  campaign->sent_ever_n++;
  campaign->last_send_ms = world->now_ms;
}

/* Waits for the next step, or ends the sequence right now: status 3 comes with the last mail. */
static void next_step_plan(struct world *world, struct campaign *campaign, struct lead *lead)
{
  if (lead->next_step < campaign->sequence.steps_n) {
    lead->due_ms = world->now_ms + campaign->sequence.steps[lead->last_step].delay_ms;
    heap_push(&campaign->follow_ups, (struct timer){.due_ms = lead->due_ms, .row = lead});
    return;
  }
  outcome_complete(world, lead);
  if (lead->replies_n == 0) engine_trigger(world, lead, TRIGGER_COMPLETED, 0);
}

static bool is_over(const struct campaign *campaign, const struct lead *lead)
{
  if (lead->next_step >= campaign->sequence.steps_n) return true;
  return campaign->stop_for_company && g_hash_table_contains(campaign->answered, lead->person->domain);
}

enum send_result send_step(struct world *world, struct campaign *campaign, struct lead *lead)
{
  if (is_over(campaign, lead)) {
    outcome_complete(world, lead);
    return SEND_SKIPPED;
  }
  if (is_refused(world, campaign, lead)) {
    lead->status = LEAD_SKIPPED;
    lead->due_ms = 0;
    lead->updated_ms = world->now_ms;
    return SEND_SKIPPED;
  }
  if (lead->is_verifying) return SEND_SKIPPED;
  uint16_t mailbox = account_pick(world, lead, lead->mailbox);
  if (mailbox == 0) return SEND_NO_ACCOUNT;
  lead->mailbox = mailbox;
  const struct step *step = &campaign->sequence.steps[lead->next_step];
  uint8_t variant = variant_pick(step, outcome_draw(world, lead, lead->next_step, PURPOSE_VARIANT));
  row_mark_sent(world, lead, variant);
  audit_sent(world, lead, lead->last_step, false);
  sent_count(world, campaign, lead);
  outcome_plan(world, lead, lead->last_step, variant);
  next_step_plan(world, campaign, lead);
  return SEND_DONE;
}

void send_subsequence_step(struct world *world, struct subsequence *subsequence, struct lead *lead)
{
  const struct sequence *sequence = &subsequence->sequence;
  bool is_stopped = lead->status == LEAD_BOUNCED || lead->status == LEAD_UNSUBSCRIBED;
  if (is_stopped || blocklist_has(world, lead->person) || lead->sub_next_step >= sequence->steps_n) {
    engine_leave_subsequence(world, lead);
    return;
  }
  uint8_t step = lead->sub_next_step;
  lead->sub_mailbox = account_pick(world, lead, lead->mailbox);
  lead->sub_last_step = step;
  lead->sub_last_variant =
      variant_pick(&sequence->steps[step], outcome_draw(world, lead, SUBSEQUENCE_STEP + step, PURPOSE_VARIANT));
  lead->sub_sent_ms = lead->contacted_ms = lead->updated_ms = world->now_ms;
  lead->sub_next_step++;
  audit_sent(world, lead, step, true);
  stats_at(subsequence->stats, world->now_ms, step, lead->sub_last_variant)->sent++;
  if (lead->sub_next_step >= sequence->steps_n) {
    engine_leave_subsequence(world, lead);
    return;
  }
  lead->sub_due_ms = world->now_ms + sequence->steps[step].delay_ms;
  heap_push(&subsequence->due, (struct timer){.due_ms = lead->sub_due_ms, .row = lead});
}
