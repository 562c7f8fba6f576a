#include "activity.h"

#include "base/clock.h"
#include "handlers.h"
#include "render.h"

void activity_note(struct world *world, const struct request *request, enum activity_type type,
                   const struct campaign *campaign, int64_t affected_n)
{
  struct activity *activity = g_new0(struct activity, 1);
  activity->id = world_uuid(world);
  activity->at_ms = world->now_ms;
  activity->type = type;
  activity->affected_n = affected_n;
  activity->has_campaign = campaign != NULL;
  if (campaign != NULL) activity->campaign = campaign->id;
  activity->has_key = request != NULL && request->key != NULL;
  if (activity->has_key) activity->key = request->key->id;
  if (request != NULL) activity->user_agent = g_strdup(request->user_agent);
  g_ptr_array_add(world->activities, activity);
}

void activity_free(gpointer data)
{
  struct activity *activity = data;
  g_free(activity->user_agent);
  g_free(activity);
}

static void activity_append(const struct world *world, const struct activity *activity, GString *out)
{
  g_string_append_c(out, '{');
  render_uuid(out, "id", &activity->id);
  render_time(out, "timestamp", activity->at_ms);
  render_uuid(out, "organization_id", &world->organization);
  json_append_int(out, "activity_type", activity->type);
  json_append_str(out, "ip_address", "127.0.0.1");
  json_append_bool(out, "from_api", activity->has_key);
  render_uuid(out, "api_key_id", activity->has_key ? &activity->key : NULL);
  render_uuid(out, "user_id", &world->owner);
  json_append_str(out, "user_agent", activity->user_agent);
  json_append_int(out, "affected_count", activity->affected_n);
  render_uuid(out, "campaign_id", activity->has_campaign ? &activity->campaign : NULL);
  g_string_append_c(out, '}');
}

static int64_t limit_read(const struct request *request, struct reply *reply)
{
  const char *text = request_query(request, "limit");
  int64_t limit = text == NULL ? 100 : g_ascii_strtoll(text, NULL, 10);
  if (limit >= 1 && limit <= 1000) return limit;
  reply_error(reply, 400, "querystring/limit must be %s", limit < 1 ? ">= 1" : "<= 1000");
  return 0;
}

static bool is_wanted(const struct request *request, const struct activity *activity)
{
  int64_t time_us = 0;
  const char *type = request_query(request, "activity_type");
  if (type != NULL && g_ascii_strtoll(type, NULL, 10) != activity->type) return false;
  if (time_parse_us(request_query(request, "start_date"), &time_us) && activity->at_ms < time_us / 1000) return false;
  return !time_parse_us(request_query(request, "end_date"), &time_us) || activity->at_ms <= time_us / 1000;
}

void audit_logs_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct uuid before;
  int64_t limit = limit_read(request, reply);
  int64_t shown_n = 0;
  const struct activity *last = NULL;
  if (limit == 0) return;
  /* Newest first; the cursor is the id of the last one shown. */
  bool has_cursor = uuid_parse(request_query(request, "starting_after"), &before);
  g_string_append(reply->body, "{\"items\":[");
  for (guint i = world->activities->len; i > 0 && shown_n < limit; i--) {
    const struct activity *activity = world->activities->pdata[i - 1];
    if (has_cursor && uuid_compare(&activity->id, &before) >= 0) continue;
    if (!is_wanted(request, activity)) continue;
    if (shown_n++ > 0) g_string_append_c(reply->body, ',');
    activity_append(world, activity, reply->body);
    last = activity;
  }
  g_string_append_c(reply->body, ']');
  if (shown_n == limit) render_uuid(reply->body, "next_starting_after", &last->id);
  g_string_append_c(reply->body, '}');
}
