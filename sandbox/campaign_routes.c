/* /campaigns: list, create, read, change, delete, activate, pause, variables, search by contact. */
#include "activity.h"
#include "campaign.h"
#include "handlers.h"
#include "incoming.h"
#include "render.h"
#include "store.h"

#include <string.h>

#define CAMPAIGN_SETTINGS                                                                                              \
  {"pl_value", FIELD_NUMBER | FIELD_NULL, 0, 0, NULL}, {"is_evergreen", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},          \
      {"sequences", FIELD_ARRAY, 0, 0, sequence_fields}, {"email_gap", FIELD_NUMBER | FIELD_NULL, 0, 0, NULL},         \
      {"random_wait_max", FIELD_NUMBER | FIELD_NULL, 0, 0, NULL}, {"text_only", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},  \
      {"first_email_text_only", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},                                                  \
      {"email_list", FIELD_ARRAY | FIELD_TEXTS, 0, 0, NULL}, {"daily_limit", FIELD_NUMBER | FIELD_NULL, 0, 0, NULL},   \
      {"stop_on_reply", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},                                                          \
      {"email_tag_list", FIELD_ARRAY | FIELD_UUID, 0, 0, NULL},                                                        \
      {"link_tracking", FIELD_BOOL | FIELD_NULL, 0, 0, NULL}, {"open_tracking", FIELD_BOOL, 0, 0, NULL},               \
      {"stop_on_auto_reply", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},                                                     \
      {"daily_max_leads", FIELD_INTEGER | FIELD_NULL, 0, 1e9, NULL},                                                   \
      {"prioritize_new_leads", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},                                                   \
      {"auto_variant_select", FIELD_OBJECT | FIELD_NULL, 0, 0, NULL},                                                  \
      {"match_lead_esp", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},                                                         \
      {"stop_for_company", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},                                                       \
      {"insert_unsubscribe_header", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},                                              \
      {"allow_risky_contacts", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},                                                   \
      {"disable_bounce_protect", FIELD_BOOL | FIELD_NULL, 0, 0, NULL},                                                 \
      {"limit_emails_per_company_override", FIELD_OBJECT | FIELD_NULL, 0, 0, NULL},                                    \
      {"cc_list", FIELD_ARRAY | FIELD_TEXTS, 0, 0, NULL}, {"bcc_list", FIELD_ARRAY | FIELD_TEXTS, 0, 0, NULL},         \
      {"owned_by", FIELD_UUID | FIELD_NULL, 0, 0, NULL}, {"ai_sdr_id", FIELD_UUID | FIELD_NULL, 0, 0, NULL},           \
      {"provider_routing_rules", FIELD_ARRAY, 0, 0, NULL},                                                             \
  {                                                                                                                    \
    NULL, 0, 0, 0, NULL                                                                                                \
  }

static const struct field variant_fields[] = {
    {"subject", FIELD_STRING | FIELD_REQUIRED, 0, 0, NULL},
    {"body", FIELD_STRING | FIELD_REQUIRED, 0, 0, NULL},
    {"v_disabled", FIELD_BOOL, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static const struct field step_fields[] = {
    {"type", FIELD_STRING | FIELD_REQUIRED, 0, 0, NULL},
    {"delay", FIELD_NUMBER | FIELD_REQUIRED, 0, 0, NULL},
    {"delay_unit", FIELD_STRING, 0, 0, NULL},
    {"pre_delay", FIELD_NUMBER, 0, 0, NULL},
    {"pre_delay_unit", FIELD_STRING, 0, 0, NULL},
    {"variants", FIELD_ARRAY | FIELD_REQUIRED, 0, 0, variant_fields},
    {NULL, 0, 0, 0, NULL},
};

static const struct field sequence_fields[] = {
    {"steps", FIELD_ARRAY | FIELD_REQUIRED, 0, 0, step_fields},
    {NULL, 0, 0, 0, NULL},
};

const struct field campaign_create_fields[] = {
    {"name", FIELD_STRING | FIELD_REQUIRED, 0, 0, NULL},
    {"campaign_schedule", FIELD_OBJECT | FIELD_REQUIRED, 0, 0, NULL},
    CAMPAIGN_SETTINGS,
};

const struct field campaign_patch_fields[] = {
    {"name", FIELD_STRING, 0, 0, NULL},
    {"campaign_schedule", FIELD_OBJECT, 0, 0, NULL},
    CAMPAIGN_SETTINGS,
};

const struct field campaign_variables_fields[] = {
    {"variables", FIELD_ARRAY | FIELD_TEXTS | FIELD_REQUIRED, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static const char *const zones[] = {
    "Etc/GMT+12",
    "Etc/GMT+11",
    "Etc/GMT+10",
    "America/Anchorage",
    "America/Dawson",
    "America/Creston",
    "America/Chihuahua",
    "America/Boise",
    "America/Belize",
    "America/Chicago",
    "America/Bahia_Banderas",
    "America/Regina",
    "America/Bogota",
    "America/Detroit",
    "America/Indiana/Marengo",
    "America/Caracas",
    "America/Asuncion",
    "America/Glace_Bay",
    "America/Campo_Grande",
    "America/Anguilla",
    "America/Santiago",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Argentina/La_Rioja",
    "America/Araguaina",
    "America/Godthab",
    "America/Montevideo",
    "America/Bahia",
    "America/Noronha",
    "America/Scoresbysund",
    "Atlantic/Cape_Verde",
    "Africa/Casablanca",
    "America/Danmarkshavn",
    "Europe/Isle_of_Man",
    "Atlantic/Canary",
    "Africa/Abidjan",
    "Arctic/Longyearbyen",
    "Europe/Belgrade",
    "Africa/Ceuta",
    "Europe/Sarajevo",
    "Africa/Algiers",
    "Africa/Windhoek",
    "Asia/Nicosia",
    "Asia/Beirut",
    "Africa/Cairo",
    "Asia/Damascus",
    "Europe/Bucharest",
    "Africa/Blantyre",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Asia/Jerusalem",
    "Africa/Tripoli",
    "Asia/Amman",
    "Asia/Baghdad",
    "Europe/Kaliningrad",
    "Asia/Aden",
    "Africa/Addis_Ababa",
    "Europe/Kirov",
    "Europe/Astrakhan",
    "Asia/Tehran",
    "Asia/Dubai",
    "Asia/Baku",
    "Indian/Mahe",
    "Asia/Tbilisi",
    "Asia/Yerevan",
    "Asia/Kabul",
    "Antarctica/Mawson",
    "Asia/Yekaterinburg",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Colombo",
    "Asia/Kathmandu",
    "Antarctica/Vostok",
    "Asia/Dhaka",
    "Asia/Rangoon",
    "Antarctica/Davis",
    "Asia/Novokuznetsk",
    "Asia/Hong_Kong",
    "Asia/Krasnoyarsk",
    "Asia/Brunei",
    "Australia/Perth",
    "Asia/Taipei",
    "Asia/Choibalsan",
    "Asia/Irkutsk",
    "Asia/Dili",
    "Asia/Pyongyang",
    "Australia/Adelaide",
    "Australia/Darwin",
    "Australia/Brisbane",
    "Australia/Melbourne",
    "Antarctica/DumontDUrville",
    "Australia/Currie",
    "Asia/Chita",
    "Antarctica/Macquarie",
    "Asia/Sakhalin",
    "Pacific/Auckland",
    "Etc/GMT-12",
    "Pacific/Fiji",
    "Asia/Anadyr",
    "Asia/Kamchatka",
    "Etc/GMT-13",
    "Pacific/Apia",
};

static bool zone_is_known(const char *zone)
{
  for (size_t i = 0; zone != NULL && i < G_N_ELEMENTS(zones); i++)
    if (strcmp(zones[i], zone) == 0) return true;
  return false;
}

static bool schedule_check(const cJSON *body, struct reply *reply)
{
  const cJSON *object = json_get(body, "campaign_schedule");
  const cJSON *schedules = json_array(object, "schedules");
  const cJSON *item;
  int index = 0;
  if (object == NULL) return true;
  if (schedules == NULL || cJSON_GetArraySize(schedules) == 0) {
    reply_error(reply, 400, "body/campaign_schedule must have required property 'schedules'");
    return false;
  }
  cJSON_ArrayForEach(item, schedules)
  {
    if (!zone_is_known(json_string(item, "timezone"))) {
      reply_error(reply, 400, "body/campaign_schedule/schedules/%d/timezone must be equal to one of the allowed values",
                  index);
      return false;
    }
    index++;
  }
  return true;
}

/* Only what the schema knows is stored. */
static void settings_take(cJSON *settings, const cJSON *body, const struct field *fields)
{
  for (const struct field *field = fields; field->name != NULL; field++) {
    const cJSON *item = json_get(body, field->name);
    if (item == NULL) continue;
    cJSON_DeleteItemFromObjectCaseSensitive(settings, field->name);
    cJSON_AddItemToObject(settings, field->name, cJSON_Duplicate(item, true));
  }
}

static bool campaign_is_wanted(const struct request *request, const struct campaign *campaign)
{
  const char *search = request_query(request, "search");
  const char *status = request_query(request, "status");
  const char *excluded = request_query(request, "exclude_status");
  if (campaign->is_gone) return false;
  if (status != NULL && g_ascii_strtoll(status, NULL, 10) != campaign->status) return false;
  if (excluded != NULL && g_ascii_strtoll(excluded, NULL, 10) == campaign->status) return false;
  if (search == NULL) return true;
  g_autofree char *name = g_utf8_casefold(campaign->name, -1);
  g_autofree char *wanted = g_utf8_casefold(search, -1);
  return strstr(name, wanted) != NULL;
}

void campaigns_list_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct page page;
  struct uuid after;
  const struct uuid *last = NULL;
  int64_t shown_n = 0;
  bool has_more = false;
  if (!request_page(world, request, &page, reply)) return;
  bool has_cursor = uuid_parse(page.after, &after);
  g_string_append(reply->body, "{\"items\":[");
  for (guint i = 0; i < world->campaigns->len && !page.is_empty; i++) {
    struct campaign *campaign = world->campaigns->pdata[i];
    if (has_cursor && uuid_compare(&campaign->id, &after) <= 0) continue;
    if (!campaign_is_wanted(request, campaign)) continue;
    has_more = shown_n == page.limit;
    if (has_more) break;
    if (shown_n++ > 0) g_string_append_c(reply->body, ',');
    render_campaign(world, campaign, reply->body);
    last = &campaign->id;
  }
  g_string_append_c(reply->body, ']');
  if (has_more || (shown_n == page.limit && world->quirks.is_on[QUIRK_LAST_CURSOR]))
    render_uuid(reply->body, "next_starting_after", last);
  g_string_append_c(reply->body, '}');
}

/* The campaign of the path, or NULL with a 404. */
static struct campaign *campaign_of(const struct world *world, const struct request *request, struct reply *reply)
{
  struct campaign *campaign = store_campaign(world, request_param(request, 0));
  if (campaign == NULL) reply_not_found(reply);
  return campaign;
}

void campaign_create_handle(struct world *world, const struct request *request, struct reply *reply)
{
  if (!schedule_check(request->json, reply)) return;
  cJSON *settings = cJSON_CreateObject();
  settings_take(settings, request->json, campaign_create_fields);
  render_campaign(world, campaign_new(world, settings, CAMPAIGN_DRAFT), reply->body);
}

void campaign_get_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct campaign *campaign = campaign_of(world, request, reply);
  if (campaign != NULL) render_campaign(world, campaign, reply->body);
}

void campaign_patch_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct campaign *campaign = campaign_of(world, request, reply);
  if (campaign == NULL || !schedule_check(request->json, reply)) return;
  settings_take(campaign->settings, request->json, campaign_patch_fields);
  campaign_parse(world, campaign);
  activity_note(world, request, ACTIVITY_CAMPAIGN_UPDATED, campaign, 1);
  campaign->updated_ms = world->now_ms;
  render_campaign(world, campaign, reply->body);
}

void campaign_delete_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct campaign *campaign = campaign_of(world, request, reply);
  if (campaign == NULL) return;
  render_campaign(world, campaign, reply->body);
  campaign_remove(world, campaign);
}

void campaign_activate_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct campaign *campaign = campaign_of(world, request, reply);
  if (campaign == NULL) return;
  if (campaign->sequence.steps_n == 0) {
    reply_error(reply, 400, "Campaign has no sequence steps");
    return;
  }
  campaign_set_status(world, campaign, CAMPAIGN_ACTIVE);
  activity_note(world, request, ACTIVITY_CAMPAIGN_LAUNCHED, campaign, 1);
  render_campaign(world, campaign, reply->body);
}

void campaign_pause_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct campaign *campaign = campaign_of(world, request, reply);
  if (campaign == NULL) return;
  campaign_set_status(world, campaign, CAMPAIGN_PAUSED);
  activity_note(world, request, ACTIVITY_CAMPAIGN_PAUSED, campaign, 1);
  render_campaign(world, campaign, reply->body);
}

void campaign_variables_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct campaign *campaign = campaign_of(world, request, reply);
  const cJSON *item;
  if (campaign == NULL) return;
  cJSON_ArrayForEach(item, json_array(request->json, "variables"))
  {
    g_hash_table_add(campaign->variables, g_strdup(item->valuestring));
  }
  campaign->updated_ms = world->now_ms;
  render_campaign(world, campaign, reply->body);
}

void campaigns_launched_handle(struct world *world, const struct request *request, struct reply *reply)
{
  int launched_n = 0;
  (void)request;
  for (guint i = 0; i < world->campaigns->len; i++) {
    const struct campaign *campaign = world->campaigns->pdata[i];
    launched_n += !campaign->is_gone && campaign->status != CAMPAIGN_DRAFT;
  }
  g_string_append_printf(reply->body, "{\"count\":%d}", launched_n);
}

void campaigns_by_contact_handle(struct world *world, const struct request *request, struct reply *reply)
{
  char email[EMAIL_BYTES];
  const char *search = request_query(request, "search");
  const struct person *person =
      search != NULL && incoming_email(search, email) ? store_person_find(world, email) : NULL;
  g_string_append(reply->body, "{\"items\":[");
  for (guint i = 0; person != NULL && i < world->campaigns->len; i++) {
    struct campaign *campaign = world->campaigns->pdata[i];
    if (campaign->is_gone || store_row_in_campaign(person, campaign->handle) == NULL) continue;
    if (reply->body->str[reply->body->len - 1] == '}') g_string_append_c(reply->body, ',');
    render_campaign(world, campaign, reply->body);
  }
  g_string_append(reply->body, "]}");
}
