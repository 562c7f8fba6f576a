/* /campaigns/analytics, /overview, /daily, /steps: sums of the statistics that the engine keeps. */
#include "base/clock.h"
#include "handlers.h"
#include "render.h"
#include "stats.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

static int32_t day_read(const char *text, int32_t fallback, bool is_end)
{
  int64_t time_us = 0;
  if (text == NULL || !time_parse_us(text, &time_us)) return fallback;
  int64_t time_ms = time_us / 1000;
  /* A bare date is midnight UTC: as an end it excludes that day. */
  bool is_midnight = time_ms % DAY_MS == 0;
  return (int32_t)(time_ms / DAY_MS) - (is_end && is_midnight);
}

static struct stats_range range_read(const struct request *request)
{
  return (struct stats_range){
      .from_day = day_read(request_query(request, "start_date"), INT32_MIN, false),
      .to_day = day_read(request_query(request, "end_date"), INT32_MAX, true),
      .step = ANY_STEP,
  };
}

static int64_t leads_live(const struct campaign *campaign)
{
  return (int64_t)campaign->bucket.rows->len - campaign->bucket.gone_n;
}

static void counts_append(const struct world *world, const struct counts *counts, GString *out)
{
  bool is_over = world->quirks.is_on[QUIRK_CONTACTED_OVERCOUNT];
  json_append_int(out, "contacted_count", is_over ? counts->sent : counts->new_contacted);
  json_append_int(out, "emails_sent_count", counts->sent);
  json_append_int(out, "new_leads_contacted_count", counts->new_contacted);
  json_append_int(out, "open_count", counts->opened);
  json_append_int(out, "open_count_unique", counts->unique_opened);
  json_append_int(out, "open_count_unique_by_step", counts->unique_opened_by_step);
  json_append_int(out, "reply_count", counts->replies);
  json_append_int(out, "reply_count_unique", counts->unique_replies);
  json_append_int(out, "reply_count_unique_by_step", counts->unique_replies_by_step);
  json_append_int(out, "reply_count_automatic", counts->auto_replies);
  json_append_int(out, "reply_count_automatic_unique", counts->unique_auto_replies);
  json_append_int(out, "reply_count_automatic_unique_by_step", counts->unique_auto_replies);
  json_append_int(out, "link_click_count", counts->clicks);
  json_append_int(out, "link_click_count_unique", counts->unique_clicks);
  json_append_int(out, "link_click_count_unique_by_step", counts->unique_clicks_by_step);
  json_append_int(out, "bounced_count", counts->bounced);
  json_append_int(out, "unsubscribed_count", counts->unsubscribed);
  json_append_int(out, "completed_count", counts->completed);
  json_append_int(out, "total_opportunities", counts->opportunities);
  json_append_int(out, "total_opportunity_value", (int64_t)counts->opportunities * 100);
}

/* Is the campaign among ?id= and ?ids=...&ids=...? Without any, all are. */
static bool is_asked(const struct request *request, const struct campaign *campaign)
{
  char id[UUID_TEXT_BYTES];
  bool is_any = true;
  uuid_format(&campaign->id, id);
  for (guint i = 0; i < request->query->len; i++) {
    const struct query_item *item = &g_array_index(request->query, struct query_item, i);
    if (strcmp(item->name, "id") != 0 && strcmp(item->name, "ids") != 0 && strcmp(item->name, "campaign_id") != 0)
      continue;
    if (strstr(item->value, id) != NULL) return !campaign->is_gone;
    is_any = is_any && *item->value == '\0';
  }
  const char *status = request_query(request, "campaign_status");
  if (status != NULL && g_ascii_strtoll(status, NULL, 10) != campaign->status) return false;
  return is_any && !campaign->is_gone;
}

static void campaign_append(const struct world *world, const struct request *request, const struct campaign *campaign,
                            GString *out)
{
  struct counts counts = {0};
  struct stats_range range = range_read(request);
  bool has_any = stats_sum(campaign->stats, &range, &counts);
  const char *is_short = request_query(request, "exclude_total_leads_count");
  if (!has_any && campaign->stats->len == 0 && world->quirks.is_on[QUIRK_ANALYTICS_EMPTY]) return;
  if (out->str[out->len - 1] == '}') g_string_append_c(out, ',');
  g_string_append_c(out, '{');
  json_append_str(out, "campaign_name", campaign->name);
  render_uuid(out, "campaign_id", &campaign->id);
  json_append_int(out, "campaign_status", campaign->status);
  json_append_bool(out, "campaign_is_evergreen", campaign->is_evergreen);
  json_append_int(out, "leads_count", g_strcmp0(is_short, "true") == 0 ? 0 : leads_live(campaign));
  counts_append(world, &counts, out);
  g_string_append_c(out, '}');
}

void analytics_handle(struct world *world, const struct request *request, struct reply *reply)
{
  g_string_append_c(reply->body, '[');
  for (guint i = 0; i < world->campaigns->len; i++) {
    const struct campaign *campaign = world->campaigns->pdata[i];
    if (is_asked(request, campaign)) campaign_append(world, request, campaign, reply->body);
  }
  g_string_append_c(reply->body, ']');
}

void analytics_overview_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct counts counts = {0};
  struct stats_range range = range_read(request);
  for (guint i = 0; i < world->campaigns->len; i++) {
    const struct campaign *campaign = world->campaigns->pdata[i];
    if (is_asked(request, campaign)) stats_sum(campaign->stats, &range, &counts);
  }
  g_string_append_c(reply->body, '{');
  counts_append(world, &counts, reply->body);
  json_append_int(reply->body, "total_interested", counts.interested);
  json_append_int(reply->body, "total_meeting_booked", counts.meetings_booked);
  json_append_int(reply->body, "total_meeting_completed", counts.meetings_completed);
  json_append_int(reply->body, "total_closed", counts.won);
  g_string_append_c(reply->body, '}');
}

static void activity_append(const struct counts *counts, GString *out)
{
  json_append_int(out, "sent", counts->sent);
  json_append_int(out, "opened", counts->opened);
  json_append_int(out, "unique_opened", counts->unique_opened);
  json_append_int(out, "replies", counts->replies);
  json_append_int(out, "unique_replies", counts->unique_replies);
  json_append_int(out, "replies_automatic", counts->auto_replies);
  json_append_int(out, "unique_replies_automatic", counts->unique_auto_replies);
  json_append_int(out, "clicks", counts->clicks);
  json_append_int(out, "unique_clicks", counts->unique_clicks);
}

static void day_append(const struct world *world, int32_t day, const struct counts *counts, GString *out)
{
  bool is_over = world->quirks.is_on[QUIRK_CONTACTED_OVERCOUNT];
  g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc((gint64)day * 86400);
  char date[16];
  g_snprintf(date, sizeof date, "%04d-%02d-%02d", g_date_time_get_year(at), g_date_time_get_month(at),
             g_date_time_get_day_of_month(at));
  if (out->str[out->len - 1] == '}') g_string_append_c(out, ',');
  g_string_append_c(out, '{');
  json_append_str(out, "date", date);
  json_append_int(out, "contacted", is_over ? counts->sent : counts->new_contacted);
  json_append_int(out, "new_leads_contacted", counts->new_contacted);
  activity_append(counts, out);
  json_append_int(out, "opportunities", counts->opportunities);
  json_append_int(out, "unique_opportunities", counts->opportunities);
  g_string_append_c(out, '}');
}

/* First and last day that any asked campaign has statistics of. */
static void days_find(const struct world *world, const struct request *request, int32_t *first, int32_t *last)
{
  *first = INT32_MAX;
  *last = INT32_MIN;
  for (guint i = 0; i < world->campaigns->len; i++) {
    const struct campaign *campaign = world->campaigns->pdata[i];
    if (!is_asked(request, campaign) || campaign->stats->len == 0) continue;
    *first = MIN(*first, g_array_index(campaign->stats, struct stat, 0).day);
    *last = MAX(*last, g_array_index(campaign->stats, struct stat, campaign->stats->len - 1).day);
  }
}

void analytics_daily_handle(struct world *world, const struct request *request, struct reply *reply)
{
  int32_t first = 0;
  int32_t last = 0;
  struct stats_range range = range_read(request);
  days_find(world, request, &first, &last);
  g_string_append_c(reply->body, '[');
  for (int32_t day = MAX(first, range.from_day); day <= MIN(last, range.to_day); day++) {
    struct counts counts = {0};
    struct stats_range one = {.from_day = day, .to_day = day, .step = ANY_STEP};
    bool has_any = false;
    for (guint i = 0; i < world->campaigns->len; i++) {
      const struct campaign *campaign = world->campaigns->pdata[i];
      if (is_asked(request, campaign)) has_any = stats_sum(campaign->stats, &one, &counts) || has_any;
    }
    if (has_any) day_append(world, day, &counts, reply->body);
  }
  g_string_append_c(reply->body, ']');
}

static void text_number(GString *out, const char *name, int value)
{
  char text[12];
  g_snprintf(text, sizeof text, "%d", value);
  json_append_str(out, name, value < 0 ? NULL : text);
}

static void step_append(const struct counts *counts, int step, int variant, bool with_opportunities, GString *out)
{
  if (out->str[out->len - 1] == '}') g_string_append_c(out, ',');
  g_string_append_c(out, '{');
  text_number(out, "step", step);
  text_number(out, "variant", variant);
  activity_append(counts, out);
  if (with_opportunities) {
    json_append_int(out, "opportunities", counts->opportunities);
    json_append_int(out, "unique_opportunities", counts->opportunities);
    json_append_int(out, "meetings_booked", counts->meetings_booked);
    json_append_int(out, "won", counts->won);
  }
  g_string_append_c(out, '}');
}

static void steps_append(const struct world *world, const struct campaign *campaign, const struct request *request,
                         GString *out)
{
  bool with_opportunities = g_strcmp0(request_query(request, "include_opportunities_count"), "true") == 0;
  struct stats_range range = range_read(request);
  for (range.step = 0; range.step < campaign->sequence.steps_n; range.step++) {
    int variants_n = campaign->sequence.steps[range.step].variants_n;
    for (range.variant = 0; range.variant < variants_n; range.variant++) {
      struct counts counts = {0};
      if (stats_sum(campaign->stats, &range, &counts))
        step_append(&counts, range.step + 1, range.variant, with_opportunities, out);
    }
  }
  /* Replies that cannot be told apart (list leads in reality) have a row of their own. */
  if (world->quirks.is_on[QUIRK_NULL_STEPS] && campaign->stats->len > 0)
    step_append(&(struct counts){0}, -1, -1, with_opportunities, out);
}

void analytics_steps_handle(struct world *world, const struct request *request, struct reply *reply)
{
  g_string_append_c(reply->body, '[');
  for (guint i = 0; i < world->campaigns->len; i++) {
    const struct campaign *campaign = world->campaigns->pdata[i];
    if (is_asked(request, campaign)) steps_append(world, campaign, request, reply->body);
  }
  g_string_append_c(reply->body, ']');
}
