/* Doctor's checks on Instantly's side. */
#include "base/loopback.h"
#include "cli/doctor.h"
#include "core/routing.h"
#include "instantly/client.h"
#include <inttypes.h>
#include <string.h>

#define SKEW_WARNING_US (300 * SECOND_US)

/* ---- key, scopes, clock, plan ---- */

/* One probe's answer; false when nothing else is worth asking. */
static bool check_probe(struct findings *findings, const struct probe_result *probe)
{
  const struct reply *reply = &probe->reply;
  if (reply->transport != TRANSPORT_ANSWERED) {
    findings_add(findings, "instantly_unreachable", "instantly.base_url", "No answer to %s%s%s.", probe->endpoint,
                 *reply->message ? ": " : "", reply->message);
    return false;
  }
  if (reply->status == 401) {
    findings_add(findings, "key_refused", "instantly", "Instantly answered 401 to %s.", probe->endpoint);
    return false;
  }
  if (reply->status == 402) {
    findings_add(findings, "plan_inactive", "instantly", "Instantly answered 402 to %s.", probe->endpoint);
    return false;
  }
  if (reply->status == 403)
    findings_add(findings, "scope_missing", probe->scope, "Instantly answered 403 to %s, which needs the scope %s.",
                 probe->endpoint, probe->scope);
  else if (reply->status != 404 && (reply->status < 200 || reply->status > 299)) /* 404 says nothing about a scope */
    findings_add(findings, "probe_failed", probe->endpoint, "Instantly answered %" PRId64 " to %s.", reply->status,
                 probe->endpoint);
  return true;
}

static bool check_scopes(struct findings *findings, struct instantly *instantly)
{
  struct page page;
  page_init(&page, sizeof(struct probe_result));
  g_autoptr(GError) error = NULL;
  bool goes_on = instantly_probe_scopes(instantly, &page, &error);
  if (!goes_on)
    findings_add(findings, error_is(error, ERROR_AUTH) ? "key_refused" : "instantly_unreachable", "instantly", "%s",
                 error->message);
  for (size_t i = 0; goes_on && i < page.rows->len; i++)
    goes_on = check_probe(findings, page_row(&page, struct probe_result, i));
  page_clear(&page);
  return goes_on;
}

void doctor_check_clock(struct findings *findings, int64_t theirs_us, int64_t ours_us)
{
  int64_t skew_us = ours_us > theirs_us ? ours_us - theirs_us : theirs_us - ours_us;
  const char *direction = ours_us > theirs_us ? "ahead of" : "behind";
  if (theirs_us == 0 || skew_us <= SKEW_WARNING_US) return;
  findings_add(findings, skew_us > DAY_US ? "clock_wrong" : "clock_skew", NULL,
               "This clock is %" PRId64 " s %s Instantly's.", skew_us / SECOND_US, direction);
}

void doctor_check_plan(struct findings *findings, const struct plan_details *plan, int64_t reserve_percent)
{
  int64_t room = plan_room(plan, reserve_percent);
  if (plan->lead_limit <= 0 || plan->lead_count < 0 || room < 0) return;
  if (room == 0)
    findings_add(findings, "plan_full", "plan",
                 "%" PRId64 " of %" PRId64 " contacts are used; with a reserve of %" PRId64 " %% nothing is left.",
                 plan->lead_count, plan->lead_limit, reserve_percent);
  else if (room < plan->lead_limit / 10)
    findings_add(findings, "plan_nearly_full", "plan",
                 "%" PRId64 " of %" PRId64 " contacts are used; %" PRId64 " are left above the reserve.",
                 plan->lead_count, plan->lead_limit, room);
}

/* The first call of all; false when nobody answers. Refusals are left to the probes, which know the scope. */
static bool check_workspace(struct findings *findings, struct instantly *instantly)
{
  g_autoptr(GError) error = NULL;
  struct workspace_info info = {0};
  bool is_read = instantly->ops->workspace(instantly, &info, &error);
  bool is_silent = error_is(error, ERROR_TRANSIENT) && instantly->ops->date_us(instantly) == 0;
  if (is_silent)
    findings_add(findings, "instantly_unreachable", "instantly.base_url", "%s", error->message);
  else if (!is_read && !error_is(error, ERROR_AUTH))
    findings_add(findings, "probe_failed", "workspace", "The workspace cannot be read: %s", error->message);
  else if (info.has_add_unsub_to_block && !info.add_unsub_to_block)
    findings_add(findings, "unsubscribes_stay_local", "workspace",
                 "Somebody who unsubscribes from one campaign can be mailed from another.");
  g_free(info.id);
  g_free(info.name);
  return !is_silent;
}

static void check_plan(struct findings *findings, struct instantly *instantly, int64_t reserve_percent)
{
  g_autoptr(GError) error = NULL;
  struct plan_details plan = {-1, -1};
  if (instantly->ops->plan(instantly, &plan, &error))
    doctor_check_plan(findings, &plan, reserve_percent);
  else
    findings_add(findings, "probe_failed", "plan", "The plan cannot be read: %s", error->message);
}

bool doctor_check_workspace(struct findings *findings, const struct cli *cli)
{
  struct instantly *instantly = cli->instantly;
  if (!check_workspace(findings, instantly) || !check_scopes(findings, instantly)) return false;
  if (!url_is_loopback(cli->settings.instantly.base_url))
    doctor_check_clock(findings, instantly->ops->date_us(instantly), clock_wall_us(cli->clock));
  check_plan(findings, instantly, cli->settings.export.plan_reserve_percent);
  return true;
}

/* ---- campaigns ---- */

static void check_state(struct findings *findings, const struct campaign_settings *campaign,
                        const struct remote_campaign *remote)
{
  const char *state = campaign_status_name(remote->status);
  switch (remote->status) {
  case CAMPAIGN_ACTIVE: return;
  case CAMPAIGN_DRAFT: findings_add(findings, "campaign_not_fed", remote->id, "It is a draft."); return;
  case CAMPAIGN_PAUSED:
    if (campaign->on_paused == ON_PAUSED_REFUSE)
      findings_add(findings, "campaign_not_fed", remote->id, "It is paused, and on_paused is refuse%s.",
                   campaign->escrow ? "; where leadferry's escrow paused it, the next export goes on with it" : "");
    return;
  case CAMPAIGN_COMPLETED:
  case CAMPAIGN_SUBSEQUENCES:
    findings_add(findings, campaign->on_completed == ON_COMPLETED_REFUSE ? "campaign_not_fed" : "campaign_completed",
                 remote->id, "It is %s.", state);
    return;
  default:
    findings_add(findings, "campaign_blocked", remote->id, "Its state is %s (%" PRId64 ").", state, remote->status);
  }
}

static void check_tags(struct findings *findings, const struct settings *settings, const struct remote_campaign *remote)
{
  for (size_t i = 0; i < remote->merge_tags->len; i++) {
    const struct merge_tag *tag = g_ptr_array_index(remote->merge_tags, i);
    struct tag_source source = tag_source_of(tag->name, &settings->export);
    if (!source.source && !source.is_builtin && !tag->has_fallback)
      findings_add(findings, "merge_tag_without_source", remote->id, "Nothing fills {{%s}}.", tag->name);
  }
}

void doctor_check_campaign(struct findings *findings, const struct settings *settings,
                           const struct campaign_settings *campaign, const struct remote_campaign *remote)
{
  check_state(findings, campaign, remote);
  if (remote->steps_n == 0) findings_add(findings, "campaign_without_steps", remote->id, "Its sequence is empty.");
  if (!remote->has_sending_days)
    findings_add(findings, "campaign_without_days", remote->id, "No day of its schedule is chosen.");
  if (!remote->stop_on_reply) findings_add(findings, "stop_on_reply_off", remote->id, "stop_on_reply is off.");
  if (!remote->unsubscribe_header)
    findings_add(findings, "unsubscribe_header_off", remote->id, "insert_unsubscribe_header is off.");
  if (remote->open_tracking) findings_add(findings, "open_tracking_on", remote->id, "open_tracking is on.");
  if (!remote->is_evergreen) findings_add(findings, "campaign_not_evergreen", remote->id, "is_evergreen is off.");
  check_tags(findings, settings, remote);
}

/* Reasons that end by themselves. */
static bool is_waiting(const char *reason)
{
  static const char *const words[] = {"out_of_schedule",         "waiting_for_leads",       "daily_limit_met",
                                      "account_daily_limit_met", "new_lead_limit_met",      "waiting_for_esp_match",
                                      "domain_limit_reached",    "follow_up_delay_not_met", NULL};
  return g_strv_contains(words, reason);
}

static void check_sending(struct findings *findings, struct instantly *instantly, const struct remote_campaign *remote)
{
  g_autofree char *reason = NULL;
  g_autoptr(GError) error = NULL;
  if (remote->status != CAMPAIGN_ACTIVE) return;
  if (!instantly->ops->sending_status(instantly, remote->id, &reason, &error))
    findings_add(findings, "sending_status_unread", remote->id, "Its sending status cannot be read: %s",
                 error->message);
  else if (reason)
    findings_add(findings, is_waiting(reason) ? "campaign_waiting" : "campaign_not_sending", remote->id,
                 "Instantly's reason: %s.", reason);
}

static void check_configured(struct findings *findings, const struct cli *cli, const struct campaign_settings *campaign)
{
  struct instantly *instantly = cli->instantly;
  struct remote_campaign remote;
  remote_campaign_init(&remote);
  g_autoptr(GError) error = NULL;
  if (!instantly->ops->campaign_get(instantly, campaign->id, &remote, &error)) {
    findings_add(findings, error_is(error, ERROR_NOT_FOUND) ? "campaign_missing" : "campaign_unread", campaign->id,
                 "%s", error->message);
  } else {
    doctor_check_campaign(findings, &cli->settings, campaign, &remote);
    check_sending(findings, instantly, &remote);
  }
  remote_campaign_clear(&remote);
}

void doctor_check_campaigns(struct findings *findings, const struct cli *cli)
{
  const GArray *campaigns = cli->settings.campaigns;
  for (size_t i = 0; i < campaigns->len && !cli_is_cancelled(NULL); i++)
    check_configured(findings, cli, &g_array_index(campaigns, struct campaign_settings, i));
}
