/* GET /campaigns/{id}/sending-status: why a campaign sends, or does not. */
#include "engine.h"
#include "handlers.h"
#include "render.h"
#include "schedule.h"
#include "store.h"

static const struct {
  enum campaign_status status;
  const char *code;
} status_codes[] = {
    {CAMPAIGN_PAUSED, "campaign_paused"},
    {CAMPAIGN_DRAFT, "campaign_draft"},
    {CAMPAIGN_COMPLETED, "campaign_completed"},
    {CAMPAIGN_SUBSEQUENCES, "campaign_running_subsequences"},
    {CAMPAIGN_BOUNCE_PROTECT, "campaign_bounce_protect"},
    {CAMPAIGN_UNHEALTHY, "campaign_accounts_unhealthy"},
    {CAMPAIGN_SUSPENDED, "campaign_account_suspended"},
};

static const char *status_code(const struct world *world, const struct campaign *campaign)
{
  for (size_t i = 0; i < G_N_ELEMENTS(status_codes); i++)
    if ((int)status_codes[i].status == campaign->status) return status_codes[i].code;
  if (world->accounts->len == 0) return "no_accounts_available";
  return campaign->issue == NULL ? "healthy" : campaign->issue;
}

static void issue_append(const struct campaign *campaign, const char *code, GString *out)
{
  json_append_key(out, "issue_tracking");
  g_string_append_c(out, '{');
  json_append_str(out, "current_status_code", code);
  render_time(out, "issue_first_seen_at", campaign->issue == NULL ? 0 : campaign->issue_since_ms);
  json_append_int(out, "consecutive_loops_with_issue", campaign->issue_loops_n);
  render_time(out, "last_healthy_send_at", campaign->last_send_ms);
  g_string_append_c(out, '}');
}

static void accounts_append(const struct world *world, GString *out)
{
  int64_t day = world->now_ms / DAY_MS;
  int full_n = 0;
  int sick_n = 0;
  for (guint i = 0; i < world->accounts->len; i++) {
    const struct account *account = &g_array_index(world->accounts, struct account, i);
    sick_n += !account->is_healthy;
    full_n += account->is_healthy && account->daily_limit >= 0 && account->day == day &&
              account->sent_n >= account->daily_limit;
  }
  json_append_key(out, "accounts_summary");
  g_string_append_c(out, '{');
  json_append_int(out, "total_connected", world->accounts->len);
  json_append_int(out, "available", (int64_t)world->accounts->len - full_n - sick_n);
  json_append_key(out, "unavailable");
  g_string_append_c(out, '{');
  json_append_int(out, "daily_limit_hit", full_n);
  json_append_int(out, "slow_ramp_limit_hit", 0);
  json_append_int(out, "disconnected", sick_n);
  json_append_int(out, "global_gap_not_met", 0);
  g_string_append(out, "}}");
}

static void limits_append(const struct campaign *campaign, GString *out)
{
  int64_t limit = MAX(campaign->daily_limit, 0);
  json_append_key(out, "campaign_daily_limit");
  g_string_append_c(out, '{');
  json_append_int(out, "limit", limit);
  json_append_int(out, "sent", campaign->sent_today_n);
  json_append_bool(out, "limit_hit", campaign->daily_limit >= 0 && campaign->sent_today_n >= campaign->daily_limit);
  g_string_append_c(out, '}');
  json_append_key(out, "new_lead_limit");
  g_string_append_c(out, '{');
  json_append_bool(out, "enabled", campaign->daily_max_leads >= 0);
  if (campaign->daily_max_leads >= 0) json_append_int(out, "limit", campaign->daily_max_leads);
  if (campaign->daily_max_leads < 0) json_append_str(out, "limit", NULL);
  json_append_int(out, "contacted", campaign->new_today_n);
  json_append_bool(out, "limit_hit",
                   campaign->daily_max_leads >= 0 && campaign->new_today_n >= campaign->daily_max_leads);
  g_string_append_c(out, '}');
}

static void queues_append(const struct world *world, struct campaign *campaign, GString *out)
{
  bool has_follow_ups = engine_has_follow_ups(campaign);
  json_append_key(out, "schedule_status");
  g_string_append_c(out, '{');
  json_append_bool(out, "in_schedule", schedule_is_open(&campaign->schedule, world->now_ms));
  g_string_append_c(out, '}');
  json_append_key(out, "follow_ups_waiting");
  g_string_append_c(out, '{');
  json_append_int(out, "count", heap_size(&campaign->follow_ups));
  if (has_follow_ups) {
    int64_t wait_ms = heap_peek(&campaign->follow_ups)->due_ms - world->now_ms;
    json_append_int(out, "earliest_wait_time_seconds", MAX(wait_ms / SECOND_MS, 0));
  } else {
    json_append_str(out, "earliest_wait_time_seconds", NULL);
  }
  g_string_append_c(out, '}');
  json_append_key(out, "leads_status");
  g_string_append_c(out, '{');
  json_append_bool(out, "no_leads_ready", !has_follow_ups && !engine_has_fresh(campaign));
  json_append_int(out, "account_unavailable_skips", 0);
  json_append_int(out, "delay_not_met_skips", has_follow_ups);
  g_string_append_c(out, '}');
}

static void diagnostics_append(const struct world *world, struct campaign *campaign, const char *code, GString *out)
{
  json_append_key(out, "diagnostics");
  /* Known only of campaigns that a loop has looked at while they were sending. */
  if (!campaign->has_run || campaign->status != CAMPAIGN_ACTIVE) {
    g_string_append(out, "null");
    return;
  }
  g_string_append_c(out, '{');
  render_uuid(out, "campaign_id", &campaign->id);
  render_time(out, "last_updated", world->now_ms);
  json_append_str(out, "status", code);
  issue_append(campaign, code, out);
  accounts_append(world, out);
  limits_append(campaign, out);
  queues_append(world, campaign, out);
  g_string_append_c(out, '}');
}

void sending_status_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct campaign *campaign = store_campaign(world, request_param(request, 0));
  if (campaign == NULL) {
    reply_not_found(reply);
    return;
  }
  const char *code = status_code(world, campaign);
  bool is_known = campaign->has_run || campaign->status != CAMPAIGN_ACTIVE;
  g_string_append_c(reply->body, '{');
  diagnostics_append(world, campaign, code, reply->body);
  json_append_key(reply->body, "summary");
  if (!is_known) {
    g_string_append(reply->body, "null}");
    return;
  }
  g_string_append_c(reply->body, '{');
  json_append_str(reply->body, "status", code);
  json_append_str(reply->body, "status_message", code);
  render_time(reply->body, "issue_started_at", campaign->issue == NULL ? 0 : campaign->issue_since_ms);
  render_time(reply->body, "last_healthy_send_at", campaign->last_send_ms);
  json_append_str(reply->body, "ai_summary", NULL);
  g_string_append(reply->body, "}}");
}
