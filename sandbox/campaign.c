#include "campaign.h"

#include "audit.h"
#include "base/error.h"
#include "schedule.h"
#include "store.h"

#include <string.h>

static const char default_schedule[] =
    "{\"schedules\":[{\"name\":\"Weekdays\",\"timing\":{\"from\":\"08:00\",\"to\":\"18:00\"},"
    "\"days\":{\"0\":false,\"1\":true,\"2\":true,\"3\":true,\"4\":true,\"5\":true,\"6\":false},"
    "\"timezone\":\"Europe/Isle_of_Man\"}]}";

#define STEP(delay, subject, body)                                                                                     \
  "{\"type\":\"email\",\"delay\":" delay ",\"delay_unit\":\"days\",\"variants\":[" subject body "]}"
#define VARIANT(subject, body) "{\"subject\":\"" subject "\",\"body\":\"" body "\"}"

#define DEFAULT_STEPS                                                                                                  \
  "\"daily_limit\":2000,\"stop_on_reply\":true,\"stop_on_auto_reply\":false,\"open_tracking\":true,"                   \
  "\"steps\":[" STEP(                                                                                                  \
      "3", VARIANT("{{companyName}} and us", "Hi {{firstName}},<br>a question about {{companyName}}."),                \
      "," VARIANT("Quick question",                                                                                    \
                  "Hi {{firstName|there}},<br>who looks after this at {{companyName|"                                  \
                  "your company}}?")) "," STEP("4", VARIANT("", "Hi {{firstName|there}}, did you see my note?"),       \
                                               "") "," STEP("1",                                                       \
                                                            VARIANT("", "Last one from me, {{firstName|there}}."),     \
                                                            "") "]"

const char *campaign_defaults_json(void)
{
  return "[{\"name\":\"Founders\",\"status\":1," DEFAULT_STEPS "},"
         "{\"name\":\"Operations\",\"status\":1," DEFAULT_STEPS "},"
         "{\"name\":\"Next quarter\",\"status\":0," DEFAULT_STEPS "},"
         "{\"name\":\"On hold\",\"status\":2," DEFAULT_STEPS "},"
         "{\"name\":\"Last year\",\"status\":3," DEFAULT_STEPS "}]";
}

static int64_t delay_read(const cJSON *item, const char *amount_key, const char *unit_key)
{
  double amount = 0;
  const char *unit = json_string(item, unit_key);
  if (!json_real(item, amount_key, &amount)) return 0;
  int64_t unit_ms = g_strcmp0(unit, "minutes") == 0 ? MINUTE_MS : g_strcmp0(unit, "hours") == 0 ? HOUR_MS : DAY_MS;
  return (int64_t)(amount * (double)unit_ms);
}

static void step_parse(struct step *step, const cJSON *item)
{
  *step = (struct step){.delay_ms = delay_read(item, "delay", "delay_unit"),
                        .pre_delay_ms = delay_read(item, "pre_delay", "pre_delay_unit")};
  const cJSON *variant;
  cJSON_ArrayForEach(variant, json_array(item, "variants"))
  {
    if (step->variants_n == VARIANTS_MAX) break;
    step->is_disabled[step->variants_n++] = cJSON_IsTrue(json_get(variant, "v_disabled"));
  }
}

static void sequence_parse(struct sequence *sequence, const cJSON *settings)
{
  const cJSON *first = cJSON_GetArrayItem(json_array(settings, "sequences"), 0);
  const cJSON *item;
  sequence->steps_n = 0;
  cJSON_ArrayForEach(item, json_array(first, "steps"))
  {
    if (sequence->steps_n == STEPS_MAX) break;
    step_parse(&sequence->steps[sequence->steps_n++], item);
  }
}

static bool flag_read(const cJSON *settings, const char *name)
{
  return cJSON_IsTrue(json_get(settings, name));
}

static int64_t limit_read(const cJSON *settings, const char *name)
{
  double limit = -1;
  return json_real(settings, name, &limit) ? (int64_t)limit : -1;
}

/* Which mailboxes send for it: those of email_list that the workspace has. */
static void senders_parse(const struct world *world, struct campaign *campaign)
{
  const cJSON *emails = json_array(campaign->settings, "email_list");
  const cJSON *email;
  g_array_set_size(campaign->senders, 0);
  cJSON_ArrayForEach(email, emails)
  {
    for (guint i = 0; i < world->accounts->len; i++) {
      uint16_t handle = (uint16_t)(i + 1);
      if (g_strcmp0(g_array_index(world->accounts, struct account, i).email, cJSON_GetStringValue(email)) == 0)
        g_array_append_val(campaign->senders, handle);
    }
  }
}

void campaign_parse(const struct world *world, struct campaign *campaign)
{
  const cJSON *settings = campaign->settings;
  campaign->name = json_string(settings, "name");
  campaign->is_evergreen = flag_read(settings, "is_evergreen");
  campaign->stop_on_reply = !cJSON_IsFalse(json_get(settings, "stop_on_reply"));
  campaign->stop_on_auto_reply = flag_read(settings, "stop_on_auto_reply");
  campaign->stop_for_company = flag_read(settings, "stop_for_company");
  campaign->allow_risky = flag_read(settings, "allow_risky_contacts");
  campaign->bounce_protect = !flag_read(settings, "disable_bounce_protect");
  campaign->new_first = flag_read(settings, "prioritize_new_leads");
  campaign->daily_limit = limit_read(settings, "daily_limit");
  campaign->daily_max_leads = limit_read(settings, "daily_max_leads");
  schedule_read(&campaign->schedule, json_get(settings, "campaign_schedule"));
  sequence_parse(&campaign->sequence, settings);
  senders_parse(world, campaign);
  campaign->today_until_ms = 0;
}

struct campaign *campaign_new(struct world *world, cJSON *settings, enum campaign_status status)
{
  struct campaign *campaign = g_new0(struct campaign, 1);
  campaign->id = world_uuid(world);
  campaign->status = (int8_t)status;
  campaign->created_ms = campaign->updated_ms = world->now_ms;
  campaign->chances = world->config->chances;
  if (json_get(settings, "campaign_schedule") == NULL)
    cJSON_AddItemToObject(settings, "campaign_schedule", cJSON_Parse(default_schedule));
  if (json_get(settings, "sequences") == NULL) cJSON_AddItemToObject(settings, "sequences", cJSON_CreateArray());
  campaign->settings = settings;
  campaign->variables = g_hash_table_new_full(text_hash, g_str_equal, g_free, NULL);
  campaign->answered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  campaign->fresh = g_ptr_array_new();
  campaign->bucket.rows = g_ptr_array_new();
  campaign->bucket.is_sorted = true;
  campaign->stats = g_array_new(FALSE, TRUE, sizeof(struct stat));
  campaign->subsequences = g_ptr_array_new();
  campaign->senders = g_array_new(FALSE, FALSE, sizeof(uint16_t));
  campaign_parse(world, campaign);
  g_ptr_array_add(world->campaigns, campaign);
  campaign->handle = (uint16_t)world->campaigns->len;
  return campaign;
}

/* "steps": [...] is a short form of "sequences": [{"steps": [...]}]. */
static void steps_unfold(cJSON *settings)
{
  cJSON *steps = cJSON_DetachItemFromObjectCaseSensitive(settings, "steps");
  if (steps == NULL) return;
  cJSON *sequence = cJSON_CreateObject();
  cJSON_AddItemToObject(sequence, "steps", steps);
  cJSON *sequences = cJSON_AddArrayToObject(settings, "sequences");
  cJSON_AddItemToArray(sequences, sequence);
}

static bool subsequences_configure(struct world *world, struct campaign *campaign, const cJSON *array)
{
  const cJSON *item;
  cJSON_ArrayForEach(item, array)
  {
    cJSON *settings = cJSON_Duplicate(item, true);
    steps_unfold(settings);
    subsequence_new(world, campaign, settings);
  }
  return true;
}

/* A campaign that does not say which mailboxes send for it has them all. */
static void mailboxes_add(const struct world *world, cJSON *settings)
{
  cJSON *emails = cJSON_AddArrayToObject(settings, "email_list");
  for (guint i = 0; i < world->accounts->len; i++)
    cJSON_AddItemToArray(emails, cJSON_CreateString(g_array_index(world->accounts, struct account, i).email));
}

bool campaign_configure(struct world *world, const cJSON *object, GError **error)
{
  cJSON *settings = cJSON_Duplicate(object, true);
  g_autoptr(cJSON) chances = cJSON_DetachItemFromObjectCaseSensitive(settings, "chances");
  g_autoptr(cJSON) subsequences = cJSON_DetachItemFromObjectCaseSensitive(settings, "subsequences");
  g_autoptr(cJSON) status = cJSON_DetachItemFromObjectCaseSensitive(settings, "status");
  g_autoptr(cJSON) id = cJSON_DetachItemFromObjectCaseSensitive(settings, "id");
  if (json_string(settings, "name") == NULL) {
    error_set(error, ERROR_CONFIG, "each campaign of the configuration needs a \"name\"");
    cJSON_Delete(settings);
    return false;
  }
  steps_unfold(settings);
  if (json_get(settings, "email_list") == NULL) mailboxes_add(world, settings);
  int status_number = status == NULL ? CAMPAIGN_ACTIVE : (int)status->valuedouble;
  struct campaign *campaign = campaign_new(world, settings, (enum campaign_status)status_number);
  if (id != NULL && !uuid_parse(cJSON_GetStringValue(id), &campaign->id)) {
    error_set(error, ERROR_CONFIG, "the \"id\" of campaign \"%s\" must be a UUID", campaign->name);
    return false;
  }
  if (chances != NULL && !chances_read(&campaign->chances, chances, error)) return false;
  return subsequences_configure(world, campaign, subsequences);
}

void campaign_set_status(struct world *world, struct campaign *campaign, enum campaign_status status)
{
  campaign->status = (int8_t)status;
  campaign->updated_ms = world->now_ms;
  campaign->issue = NULL;
  if (status == CAMPAIGN_ACTIVE) campaign->bounced_ever_n = campaign->sent_ever_n = 0;
}

static void conditions_parse(struct subsequence *subsequence)
{
  const cJSON *conditions = json_get(subsequence->settings, "conditions");
  const cJSON *item;
  cJSON_ArrayForEach(item, json_array(conditions, "lead_activity"))
  {
    subsequence->on_opened = subsequence->on_opened || item->valuedouble == 2;
    subsequence->on_clicked = subsequence->on_clicked || item->valuedouble == 4;
    subsequence->on_completed = subsequence->on_completed || item->valuedouble == 91;
  }
  cJSON_ArrayForEach(item, json_array(conditions, "crm_status"))
  {
    int64_t value = (int64_t)item->valuedouble;
    g_array_append_val(subsequence->on_interest, value);
  }
}

struct subsequence *subsequence_new(struct world *world, struct campaign *parent, cJSON *settings)
{
  struct subsequence *subsequence = g_new0(struct subsequence, 1);
  double status = CAMPAIGN_ACTIVE;
  json_real(settings, "status", &status);
  cJSON_DeleteItemFromObjectCaseSensitive(settings, "status");
  subsequence->id = world_uuid(world);
  subsequence->parent = parent;
  subsequence->status = (int8_t)status;
  subsequence->settings = settings;
  subsequence->created_ms = world->now_ms;
  subsequence->on_interest = g_array_new(FALSE, FALSE, sizeof(int64_t));
  subsequence->stats = g_array_new(FALSE, TRUE, sizeof(struct stat));
  if (json_get(settings, "conditions") == NULL) cJSON_AddObjectToObject(settings, "conditions");
  if (json_get(settings, "name") == NULL) cJSON_AddStringToObject(settings, "name", "Subsequence");
  conditions_parse(subsequence);
  sequence_parse(&subsequence->sequence, settings);
  g_ptr_array_add(world->subsequences, subsequence);
  subsequence->handle = (uint16_t)world->subsequences->len;
  g_ptr_array_add(parent->subsequences, subsequence);
  return subsequence;
}

const char *subsequence_name(const struct subsequence *subsequence)
{
  return json_string(subsequence->settings, "name");
}

void campaign_remove(struct world *world, struct campaign *campaign)
{
  for (guint i = 0; i < campaign->bucket.rows->len; i++) {
    struct lead *lead = campaign->bucket.rows->pdata[i];
    if (!lead_is_in(lead, campaign->handle, 0)) continue;
    audit_deleted(world, lead, true);
    store_remove(world, lead);
  }
  campaign->is_gone = true;
  campaign->status = CAMPAIGN_PAUSED;
}

void campaign_free(gpointer data)
{
  struct campaign *campaign = data;
  cJSON_Delete(campaign->settings);
  g_hash_table_destroy(campaign->variables);
  g_hash_table_destroy(campaign->answered);
  g_ptr_array_free(campaign->fresh, TRUE);
  g_ptr_array_free(campaign->bucket.rows, TRUE);
  g_ptr_array_free(campaign->subsequences, TRUE);
  g_array_free(campaign->senders, TRUE);
  g_array_free(campaign->stats, TRUE);
  heap_clear(&campaign->follow_ups);
  schedule_clear(&campaign->schedule);
  g_free(campaign);
}

void subsequence_free(gpointer data)
{
  struct subsequence *subsequence = data;
  cJSON_Delete(subsequence->settings);
  g_array_free(subsequence->on_interest, TRUE);
  g_array_free(subsequence->stats, TRUE);
  heap_clear(&subsequence->due);
  g_free(subsequence);
}
