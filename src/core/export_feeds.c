#include "core/export_feeds.h"

#include <string.h>

#include "base/log.h"
#include "core/bounce_guard.h"
#include "core/escrow.h"
#include "core/routing.h"

static void variable_report_clear(gpointer data)
{
  struct variable_report *variable = data;
  g_free(variable->tag);
  g_free(variable->source);
}

static void feed_report_clear(gpointer data)
{
  struct feed_report *feed = data;
  g_free(feed->campaign_id);
  g_free(feed->name);
  g_free(feed->refusal);
  g_array_unref(feed->required);
  g_array_unref(feed->variables);
}

void export_report_init(struct export_report *report)
{
  *report = (struct export_report){.plan_room = -1};
  claim_report_init(&report->claim);
  report->feeds = g_array_new(FALSE, TRUE, sizeof(struct feed_report));
  g_array_set_clear_func(report->feeds, feed_report_clear);
}

void export_report_clear(struct export_report *report)
{
  claim_report_clear(&report->claim);
  g_clear_pointer(&report->feeds, g_array_unref);
}

static struct feed_report *feed_add(struct export_report *report, const struct campaign_settings *settings)
{
  struct feed_report feed = {.campaign_id = g_strdup(settings->id), .name = g_strdup(settings->name)};
  feed.variables = g_array_new(FALSE, TRUE, sizeof(struct variable_report));
  g_array_set_clear_func(feed.variables, variable_report_clear);
  feed.required = g_array_new(FALSE, TRUE, sizeof(struct required_variable));
  g_array_append_val(report->feeds, feed);
  return &g_array_index(report->feeds, struct feed_report, report->feeds->len - 1);
}

/* Each merge tag gets its source; those without fallback are required of every lead. */
static bool read_variables(const struct job *job, const struct remote_campaign *campaign, struct feed_report *feed)
{
  bool has_tag_without_source = false;
  for (guint i = 0; i < campaign->merge_tags->len; i++) {
    const struct merge_tag *tag = g_ptr_array_index(campaign->merge_tags, i);
    struct tag_source source = tag_source_of(tag->name, &job->settings->export);
    if (source.is_builtin) continue;
    struct variable_report variable = {.tag = g_strdup(tag->name),
                                       .source = g_strdup(source.source),
                                       .is_column = source.is_column,
                                       .has_fallback = tag->has_fallback};
    g_array_append_val(feed->variables, variable);
    if (tag->has_fallback) continue;
    if (source.source == NULL) {
      has_tag_without_source = true;
      continue;
    }
    struct required_variable required = {.tag = variable.tag, .source = variable.source, .is_column = source.is_column};
    g_array_append_val(feed->required, required);
  }
  return has_tag_without_source;
}

static bool refuse(struct job *job, struct feed_report *feed, const char *refusal, bool is_alarming, GError **error)
{
  feed->refusal = g_strdup(refusal);
  feed->is_alarming = is_alarming;
  log_event(is_alarming ? LOG_ERROR : LOG_WARNING, "campaign is not fed", LOG_STR("campaign", feed->campaign_id),
            LOG_STR("reason", refusal));
  if (job->is_dry_run || !is_alarming) return true;
  const char *advice =
      strcmp(refusal, "pause_unclear") == 0
          ? "; it was paused by leadferry's escrow or by a person, and nobody can tell: activate it in "
            "Instantly if it is to run, else `leadferry hold on --campaign`"
          : "";
  g_autofree char *message = g_strdup_printf("campaign %s is not fed: %s%s", feed->campaign_id, refusal, advice);
  g_autofree char *key = g_strdup_printf("campaign|%s|%s", feed->campaign_id, refusal);
  struct error_row row = {.type = "campaign_not_fed", .message = message, .key = key};
  return job->ledger->ops->errors_append(job->ledger, &row, 1, error);
}

static bool decide_feed(struct job *job, const struct campaign_settings *settings,
                        const struct remote_campaign *campaign, struct feed_report *feed, GError **error)
{
  const struct ledger_ops *ops = job->ledger->ops;
  struct campaign_counts counts;
  struct feed_input input = {.settings = settings, .status = campaign->status};
  enum escrow_mark mark;
  g_autofree char *hold_reason = NULL;
  if (!ops->campaign_counts(job->ledger, settings->id, time_day_start_us(job->now_us), &counts, error) ||
      !ops->hold_check(job->ledger, settings->id, &input.is_on_hold, &hold_reason, error) ||
      !bounce_guard_is_on(job, settings->id, &input.is_stopped_for_bounces, error) ||
      !escrow_look(job, settings->id, campaign->status, &mark, error))
    return false;
  input.is_own_pause = mark == ESCROW_OURS;
  input.is_pause_unclear = mark == ESCROW_UNCLEAR;
  input.was_fed_before = counts.ever_fed > 0;
  input.has_tag_without_source = read_variables(job, campaign, feed);
  feed->status = campaign->status;
  feed->is_escrow = settings->escrow;
  feed->feeds_paused = settings->on_paused == ON_PAUSED_FEED;
  feed->is_own_pause = input.is_own_pause;
  struct feed_decision decision = feed_decide(&input);
  feed->is_woken = decision.verdict == FEED_AFTER_ACTIVATE;
  if (decision.verdict == FEED_REFUSED) return refuse(job, feed, decision.refusal, decision.is_alarming, error);
  struct room_input room_input = {.max_per_day = job->settings->export.max_per_day,
                                  .claimed_today = counts.claimed_today,
                                  .canary = job->settings->export.canary,
                                  .counts = counts};
  struct room room = feed_room(&room_input);
  feed->room = room.n;
  feed->room_verdict = room.verdict;
  return true;
}

static bool read_feed(struct job *job, const struct campaign_settings *settings, struct export_report *report,
                      GError **error)
{
  struct feed_report *feed = feed_add(report, settings);
  struct remote_campaign campaign;
  remote_campaign_init(&campaign);
  g_autoptr(GError) getting = NULL;
  bool is_ok = job->instantly->ops->campaign_get(job->instantly, settings->id, &campaign, &getting);
  if (is_ok) {
    if (campaign.name != NULL) {
      g_free(feed->name);
      feed->name = g_strdup(campaign.name);
    }
    is_ok = job_fix_now(job, error) && decide_feed(job, settings, &campaign, feed, error);
  } else if (error_is(getting, ERROR_NOT_FOUND)) {
    is_ok = refuse(job, feed, "not_found", true, error);
  } else {
    g_propagate_error(error, g_steal_pointer(&getting));
  }
  remote_campaign_clear(&campaign);
  return is_ok;
}

bool export_read_feeds(struct job *job, struct export_report *report, GError **error)
{
  for (guint i = 0; i < job->settings->campaigns->len; i++)
    if (!read_feed(job, &g_array_index(job->settings->campaigns, struct campaign_settings, i), report, error))
      return false;
  struct plan_details plan;
  if (!job->instantly->ops->plan(job->instantly, &plan, error)) return false;
  report->plan_room = plan_room(&plan, job->settings->export.plan_reserve_percent);
  return job_fix_now(job, error);
}

void export_claim_rules(const struct job *job, const struct export_report *report, struct campaign_feed *feeds,
                        struct claim_rules *rules)
{
  const struct export_settings *settings = &job->settings->export;
  for (guint i = 0; i < report->feeds->len; i++) {
    const struct feed_report *feed = &g_array_index(report->feeds, struct feed_report, i);
    feeds[i] = (struct campaign_feed){.id = feed->campaign_id,
                                      .is_fed = feed->refusal == NULL,
                                      .refusal = feed->refusal,
                                      .room = feed->room,
                                      .room_verdict = feed->room_verdict,
                                      .required = (const struct required_variable *)(void *)feed->required->data,
                                      .required_n = feed->required->len};
  }
  *rules = (struct claim_rules){.run_id = job->run_id,
                                .epoch = job->lease.epoch,
                                .now_us = job->now_us,
                                .default_campaign = settings->default_campaign,
                                .feeds = feeds,
                                .feeds_n = report->feeds->len,
                                .once = settings->once,
                                .run_room = MIN(settings->max_per_run, job->limit),
                                .run_room_verdict = VERDICT_DEFERRED_MAX_PER_RUN,
                                .reused_stop_share = 0.01,
                                .is_dry_run = job->is_dry_run};
  for (size_t i = 0; i < SETTING_OUTCOMES_N; i++)
    rules->cooldown_us[i] =
        settings->cooldown_days[i] == SETTING_UNLIMITED ? INT64_MAX : settings->cooldown_days[i] * DAY_US;
  if (report->plan_room >= 0 && report->plan_room < rules->run_room) {
    rules->run_room = report->plan_room;
    rules->run_room_verdict = VERDICT_DEFERRED_PLAN_FULL;
  }
}

/* Somebody may have paused it while the leads went up, or Instantly may have stopped it: only one that is still over is
 * started again. */
bool export_wake_campaign(struct job *job, struct feed_report *feed, GError **error)
{
  int64_t status;
  g_autofree char *reason = NULL;
  if (!feed->is_woken) return true;
  if (!job->ledger->ops->hold_check(job->ledger, feed->campaign_id, &feed->is_left_asleep, &reason, error))
    return false;
  if (feed->is_left_asleep) return true;
  if (!escrow_wake(job, feed->campaign_id, &status, error)) return false;
  feed->is_left_asleep = status != CAMPAIGN_ACTIVE;
  if (feed->is_left_asleep)
    log_event(LOG_WARNING, "the campaign got new leads and is not activated: its state changed meanwhile",
              LOG_STR("campaign", feed->campaign_id), LOG_STR("state", campaign_status_name(status)));
  return true;
}
