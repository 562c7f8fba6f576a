#include "instantly/answer.h"
#include "instantly/parse.h"

#include "core/routing.h"

#include <string.h>

/* Tags of the subject and body of all variants that are sent. */
static void collect_tags(const cJSON *step, GPtrArray *tags)
{
  const cJSON *variant = NULL;
  cJSON_ArrayForEach(variant, json_array(step, "variants"))
  {
    bool is_disabled = false;
    json_bool(variant, "v_disabled", &is_disabled);
    if (is_disabled) continue;
    merge_tags_collect(json_string(variant, "subject"), tags);
    merge_tags_collect(json_string(variant, "body"), tags);
  }
}

static void read_steps(const cJSON *object, struct remote_campaign *campaign)
{
  const cJSON *steps = json_array(cJSON_GetArrayItem(json_array(object, "sequences"), 0), "steps");
  const cJSON *step = NULL;
  cJSON_ArrayForEach(step, steps)
  {
    campaign->steps_n++;
    collect_tags(step, campaign->merge_tags);
  }
}

/* campaign_schedule.schedules[].days is an object "0".."6" (lessons A14 had it one level too high). */
static bool has_sending_days(const cJSON *object)
{
  const cJSON *schedules = json_array(json_get(object, "campaign_schedule"), "schedules");
  const cJSON *schedule = NULL;
  cJSON_ArrayForEach(schedule, schedules)
  {
    const cJSON *day = NULL;
    cJSON_ArrayForEach(day, json_get(schedule, "days"))
    {
      if (cJSON_IsTrue(day)) return true;
    }
  }
  return false;
}

static void read_limits(const cJSON *object, struct remote_campaign *campaign)
{
  campaign->daily_limit = campaign->daily_max_leads = -1;
  json_int(object, "daily_limit", &campaign->daily_limit);
  json_int(object, "daily_max_leads", &campaign->daily_max_leads);
  json_bool(object, "stop_on_reply", &campaign->stop_on_reply);
  json_bool(object, "stop_on_auto_reply", &campaign->stop_on_auto_reply);
  json_bool(object, "open_tracking", &campaign->open_tracking);
  json_bool(object, "insert_unsubscribe_header", &campaign->unsubscribe_header);
  json_bool(object, "is_evergreen", &campaign->is_evergreen);
}

bool parse_campaign_object(const cJSON *object, const char *id, struct remote_campaign *campaign, GError **error)
{
  const char *found = json_string(object, "id");
  if (!found || (id && g_ascii_strcasecmp(found, id) != 0)) {
    error_set(error, ERROR_CORRUPT, "the answer shows %s campaign", found ? "another" : "no");
    return false;
  }
  if (!json_int(object, "status", &campaign->status)) {
    error_set(error, ERROR_CORRUPT, "the campaign in the answer has no status");
    return false;
  }
  campaign->id = g_strdup(found);
  campaign->name = g_strdup(json_string(object, "name"));
  campaign->has_sending_days = has_sending_days(object);
  read_limits(object, campaign);
  read_steps(object, campaign);
  return true;
}

bool parse_campaign(const char *bytes, size_t length, const char *id, struct remote_campaign *campaign, GError **error)
{
  remote_campaign_clear(campaign);
  remote_campaign_init(campaign);
  g_autoptr(cJSON) tree = answer_parse(bytes, length, error);
  return tree && parse_campaign_object(tree, id, campaign, error);
}
