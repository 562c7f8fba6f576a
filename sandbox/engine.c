#include "engine.h"

#include "outcome.h"
#include "schedule.h"
#include "send.h"
#include "store.h"

#include <string.h>

static bool is_fresh(const struct lead *lead, const struct campaign *campaign)
{
  return lead_is_in(lead, campaign->handle, 0) && lead->status == LEAD_ACTIVE && lead->next_step == 0;
}

static bool is_due(const struct timer *timer, const struct campaign *campaign)
{
  const struct lead *lead = timer->row;
  return lead_is_in(lead, campaign->handle, 0) && lead->status == LEAD_ACTIVE && lead->due_ms == timer->due_ms;
}

bool engine_has_fresh(struct campaign *campaign)
{
  GPtrArray *fresh = campaign->fresh;
  while (campaign->fresh_head < fresh->len && !is_fresh(fresh->pdata[campaign->fresh_head], campaign))
    campaign->fresh_head++;
  if (campaign->fresh_head > 0 && campaign->fresh_head == fresh->len) {
    g_ptr_array_set_size(fresh, 0);
    campaign->fresh_head = 0;
  }
  return campaign->fresh_head < fresh->len;
}

bool engine_has_follow_ups(struct campaign *campaign)
{
  const struct timer *top = heap_peek(&campaign->follow_ups);
  while (top != NULL && !is_due(top, campaign)) {
    heap_pop(&campaign->follow_ups);
    top = heap_peek(&campaign->follow_ups);
  }
  return top != NULL;
}

static bool subsequence_has_due(struct subsequence *subsequence)
{
  const struct timer *top = heap_peek(&subsequence->due);
  while (top != NULL) {
    const struct lead *lead = top->row;
    if (!lead->is_gone && lead->subsequence == subsequence->handle && lead->sub_due_ms == top->due_ms) return true;
    heap_pop(&subsequence->due);
    top = heap_peek(&subsequence->due);
  }
  return false;
}

void engine_pause_until(struct world *world, struct lead *lead, int64_t until_ms)
{
  struct campaign *campaign = store_campaign_at(world, lead->campaign);
  lead->pause_until_ms = until_ms;
  if (campaign == NULL || lead->due_ms == 0 || lead->due_ms >= until_ms) return;
  lead->due_ms = until_ms;
  heap_push(&campaign->follow_ups, (struct timer){.due_ms = until_ms, .row = lead});
}

void engine_enter_subsequence(struct world *world, struct lead *lead, struct subsequence *subsequence)
{
  engine_leave_subsequence(world, lead);
  if (subsequence->sequence.steps_n == 0) return;
  lead->subsequence = subsequence->handle;
  lead->sub_added_ms = lead->updated_ms = world->now_ms;
  lead->sub_sent_ms = 0;
  lead->sub_next_step = 0;
  lead->sub_due_ms = world->now_ms + MAX(subsequence->sequence.steps[0].pre_delay_ms, MINUTE_MS);
  subsequence->waiting_n++;
  heap_push(&subsequence->due, (struct timer){.due_ms = lead->sub_due_ms, .row = lead});
}

void engine_leave_subsequence(struct world *world, struct lead *lead)
{
  struct subsequence *subsequence = store_subsequence_at(world, lead->subsequence);
  if (subsequence == NULL || lead->sub_due_ms == 0) return;
  subsequence->waiting_n--;
  lead->sub_due_ms = 0;
}

static bool is_triggered(const struct subsequence *subsequence, enum trigger trigger, int64_t value)
{
  if (trigger == TRIGGER_OPENED) return subsequence->on_opened;
  if (trigger == TRIGGER_CLICKED) return subsequence->on_clicked;
  if (trigger == TRIGGER_COMPLETED) return subsequence->on_completed;
  for (guint i = 0; i < subsequence->on_interest->len; i++)
    if (g_array_index(subsequence->on_interest, int64_t, i) == value) return true;
  return false;
}

void engine_trigger(struct world *world, struct lead *lead, enum trigger trigger, int64_t value)
{
  struct campaign *campaign = store_campaign_at(world, lead->campaign);
  if (campaign == NULL || lead->subsequence != 0) return;
  if (lead->status == LEAD_BOUNCED || lead->status == LEAD_UNSUBSCRIBED) return;
  for (guint i = 0; i < campaign->subsequences->len; i++) {
    struct subsequence *subsequence = campaign->subsequences->pdata[i];
    if (subsequence->status != CAMPAIGN_ACTIVE || !is_triggered(subsequence, trigger, value)) continue;
    engine_enter_subsequence(world, lead, subsequence);
    return;
  }
}

static void day_begin(const struct world *world, struct campaign *campaign)
{
  if (world->now_ms < campaign->today_until_ms) return;
  campaign->today_until_ms = schedule_day_end(&campaign->schedule, world->now_ms);
  campaign->sent_today_n = campaign->new_today_n = 0;
  int64_t ticks = MAX(schedule_window_ms(&campaign->schedule) / (world->config->tick_s * SECOND_MS), 1);
  campaign->tick_share = campaign->daily_limit < 0 ? INT64_MAX : (campaign->daily_limit + ticks - 1) / ticks;
}

/* One loop of a campaign while it sends. */
struct loop {
  struct world *world;
  struct campaign *campaign;
  int64_t left_n; /* mails this loop may still send */
  bool is_blocked;
};

static bool loop_send(struct loop *loop, struct lead *lead)
{
  switch (send_step(loop->world, loop->campaign, lead)) {
  case SEND_DONE: loop->left_n--; return true;
  case SEND_SKIPPED: return true;
  case SEND_NO_ACCOUNT: loop->is_blocked = true; return false;
  }
  return false;
}

static void follow_ups_send(struct loop *loop)
{
  struct campaign *campaign = loop->campaign;
  while (loop->left_n > 0 && !loop->is_blocked && engine_has_follow_ups(campaign)) {
    if (heap_peek(&campaign->follow_ups)->due_ms > loop->world->now_ms) return;
    struct timer timer = heap_pop(&campaign->follow_ups);
    if (!loop_send(loop, timer.row)) heap_push(&campaign->follow_ups, timer);
  }
}

static bool may_start_more(const struct campaign *campaign)
{
  return campaign->daily_max_leads < 0 || campaign->new_today_n < campaign->daily_max_leads;
}

static void fresh_send(struct loop *loop)
{
  struct campaign *campaign = loop->campaign;
  while (loop->left_n > 0 && !loop->is_blocked && may_start_more(campaign) && engine_has_fresh(campaign)) {
    if (!loop_send(loop, campaign->fresh->pdata[campaign->fresh_head])) return;
    campaign->fresh_head++;
  }
}

static void subsequences_send(struct loop *loop)
{
  for (guint i = 0; i < loop->campaign->subsequences->len; i++) {
    struct subsequence *subsequence = loop->campaign->subsequences->pdata[i];
    if (subsequence->status != CAMPAIGN_ACTIVE) continue;
    while (subsequence_has_due(subsequence) && heap_peek(&subsequence->due)->due_ms <= loop->world->now_ms) {
      struct timer timer = heap_pop(&subsequence->due);
      send_subsequence_step(loop->world, subsequence, timer.row);
    }
  }
}

static bool has_running_subsequence(const struct campaign *campaign)
{
  for (guint i = 0; i < campaign->subsequences->len; i++) {
    const struct subsequence *subsequence = campaign->subsequences->pdata[i];
    if (subsequence->status == CAMPAIGN_ACTIVE && subsequence->waiting_n > 0) return true;
  }
  return false;
}

static void issue_note(struct world *world, struct campaign *campaign, const char *issue)
{
  if (g_strcmp0(issue, campaign->issue) != 0) {
    campaign->issue = issue;
    campaign->issue_since_ms = world->now_ms;
    campaign->issue_loops_n = 0;
  }
  if (issue != NULL) campaign->issue_loops_n++;
}

/* Nothing left to send: the campaign is over, unless it is evergreen or was never fed. */
static void campaign_finish(struct world *world, struct campaign *campaign)
{
  bool is_running = engine_has_fresh(campaign) || engine_has_follow_ups(campaign);
  if (is_running || campaign->is_evergreen || campaign->bucket.rows->len == campaign->bucket.gone_n) return;
  enum campaign_status status = has_running_subsequence(campaign) ? CAMPAIGN_SUBSEQUENCES : CAMPAIGN_COMPLETED;
  if (campaign->status == (int8_t)status) return;
  campaign->status = (int8_t)status;
  campaign->updated_ms = world->now_ms;
}

static const char *issue_of(const struct loop *loop)
{
  struct campaign *campaign = loop->campaign;
  if (loop->is_blocked) return "account_daily_limit_met";
  if (campaign->daily_limit >= 0 && campaign->sent_today_n >= campaign->daily_limit) return "daily_limit_met";
  if (!may_start_more(campaign) && engine_has_fresh(campaign)) return "new_lead_limit_met";
  if (engine_has_follow_ups(campaign)) return "follow_up_delay_not_met";
  return "waiting_for_leads";
}

static int64_t loop_budget(const struct campaign *campaign)
{
  if (campaign->daily_limit < 0) return INT64_MAX;
  return MAX(MIN(campaign->tick_share, campaign->daily_limit - campaign->sent_today_n), 0);
}

static void campaign_loop(struct world *world, struct campaign *campaign)
{
  campaign->has_run = true;
  if (!schedule_is_open(&campaign->schedule, world->now_ms)) {
    issue_note(world, campaign, "out_of_schedule");
    return;
  }
  day_begin(world, campaign);
  struct loop loop = {.world = world, .campaign = campaign, .left_n = loop_budget(campaign)};
  int64_t before_n = campaign->sent_today_n;
  bool is_main = campaign->status == CAMPAIGN_ACTIVE;
  if (is_main && campaign->new_first) fresh_send(&loop);
  if (is_main) follow_ups_send(&loop);
  if (is_main && !campaign->new_first) fresh_send(&loop);
  subsequences_send(&loop);
  issue_note(world, campaign, campaign->sent_today_n > before_n ? NULL : issue_of(&loop));
  campaign_finish(world, campaign);
}

static bool has_loop(const struct campaign *campaign)
{
  return !campaign->is_gone && (campaign->status == CAMPAIGN_ACTIVE || campaign->status == CAMPAIGN_SUBSEQUENCES);
}

/* Would a loop of this campaign find anything, now or later? Otherwise its ticks are skipped. */
static bool is_waiting(struct campaign *campaign)
{
  if (!has_loop(campaign)) return false;
  if (!campaign->has_run || campaign->status == CAMPAIGN_SUBSEQUENCES) return true;
  return engine_has_fresh(campaign) || engine_has_follow_ups(campaign) || has_running_subsequence(campaign) ||
         campaign->bucket.rows->len > campaign->bucket.gone_n;
}

static bool anybody_waits(const struct world *world)
{
  for (guint i = 0; i < world->campaigns->len; i++)
    if (is_waiting(world->campaigns->pdata[i])) return true;
  return false;
}

static void loops_run(struct world *world)
{
  for (guint i = 0; i < world->campaigns->len; i++) {
    struct campaign *campaign = world->campaigns->pdata[i];
    if (has_loop(campaign)) campaign_loop(world, campaign);
  }
}

static void outcome_run(struct world *world)
{
  struct timer timer = heap_pop(&world->outcomes);
  outcome_apply(world, &(struct happening){.lead = timer.row,
                                           .outcome = (enum outcome)timer.kind,
                                           .step = timer.step,
                                           .variant = timer.variant,
                                           .is_positive = timer.extra != 0});
}

static int64_t effect_due(const struct world *world)
{
  int64_t due_ms = INT64_MAX;
  for (guint i = 0; i < world->effects->len; i++)
    due_ms = MIN(due_ms, g_array_index(world->effects, struct effect, i).due_ms);
  return due_ms;
}

void engine_advance(struct world *world, int64_t advance_ms)
{
  int64_t end_ms = world->now_ms + advance_ms;
  int64_t tick_ms = world->config->tick_s * SECOND_MS;
  while (true) {
    const struct timer *top = heap_peek(&world->outcomes);
    int64_t outcome_ms = top == NULL ? INT64_MAX : MAX(top->due_ms, world->now_ms);
    int64_t loop_ms = anybody_waits(world) ? (world->now_ms / tick_ms + 1) * tick_ms : INT64_MAX;
    int64_t next_ms = MIN(MIN(outcome_ms, loop_ms), effect_due(world));
    if (next_ms > end_ms) break;
    world->now_ms = MAX(world->now_ms, next_ms);
    world_settle(world);
    if (outcome_ms == next_ms) {
      outcome_run(world);
    } else if (loop_ms == next_ms) {
      loops_run(world);
    }
  }
  world->now_ms = MAX(end_ms, world->now_ms);
  world_settle(world);
}
