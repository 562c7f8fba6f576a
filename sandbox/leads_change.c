/* PATCH /leads/{id}, DELETE /leads/{id}, DELETE /leads, and update-interest-status. */
#include "activity.h"
#include "audit.h"
#include "fields.h"
#include "handlers.h"
#include "incoming.h"
#include "outcome.h"
#include "render.h"
#include "store.h"

#include <string.h>

const struct field lead_patch_fields[] = {
    {"first_name", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"last_name", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"company_name", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"job_title", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"website", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"phone", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"personalization", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"pl_value_lead", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"lt_interest_status", FIELD_NUMBER, -30000, 30000, NULL},
    {"assigned_to", FIELD_UUID | FIELD_NULL, 0, 0, NULL},
    {"custom_variables", FIELD_OBJECT, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

const struct field leads_delete_fields[] = {
    {"campaign_id", FIELD_UUID, 0, 0, NULL},  {"list_id", FIELD_UUID, 0, 0, NULL},
    {"status", FIELD_NUMBER, -3, 3, NULL},    {"ids", FIELD_ARRAY | FIELD_UUID, 0, 0, NULL},
    {"limit", FIELD_INTEGER, 1, 10000, NULL}, {NULL, 0, 0, 0, NULL},
};

/* Texts that the body names are replaced; custom_variables replaces the whole object. */
static void texts_patch(struct world *world, struct lead *lead, const cJSON *body)
{
  static const char *const names[] = {"first_name", "last_name", "company_name",    "job_title",
                                      "website",    "phone",     "personalization", "pl_value_lead"};
  const char *texts[TEXTS_N];
  const cJSON *variables = json_get(body, "custom_variables");
  g_autofree char *packed_variables = variables == NULL ? NULL : variables_pack(variables);
  texts_unpack(lead->texts, texts);
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (json_get(body, names[i]) != NULL) texts[i] = json_string(body, names[i]);
  if (variables != NULL) texts[TEXT_VARIABLES] = packed_variables;
  lead->texts = texts_pack(&world->arena, texts);
  incoming_register(&(struct incoming){.variables = variables}, store_campaign_at(world, lead->campaign));
}

void lead_patch_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct lead *lead = store_lead_text(world, request_param(request, 0));
  int64_t interest = 0;
  if (lead == NULL) {
    reply_not_found(reply);
    return;
  }
  texts_patch(world, lead, request->json);
  lead->updated_ms = world->now_ms;
  if (json_int(request->json, "lt_interest_status", &interest)) outcome_interest(world, lead, &interest);
  render_lead(world, lead, reply->body);
}

static void quota_release(struct world *world, void *data)
{
  world->plan_held_n -= (int64_t)GPOINTER_TO_SIZE(data);
}

/* Deleted rows count against the plan for some more minutes. */
static void quota_hold(struct world *world, int64_t rows_n)
{
  if (rows_n == 0 || !world->quirks.is_on[QUIRK_QUOTA_DELAY]) return;
  world->plan_held_n += rows_n;
  int64_t due_ms = world->now_ms + world->config->quota_release_s * SECOND_MS;
  for (guint i = 0; i < world->effects->len; i++) {
    struct effect *effect = &g_array_index(world->effects, struct effect, i);
    if (effect->run != quota_release || effect->due_ms != due_ms) continue;
    effect->data = GSIZE_TO_POINTER(GPOINTER_TO_SIZE(effect->data) + (gsize)rows_n);
    return;
  }
  world_later(world, world->config->quota_release_s,
              &(struct effect){.run = quota_release, .data = GSIZE_TO_POINTER((gsize)rows_n)});
}

static void lead_delete(struct world *world, struct lead *lead)
{
  audit_deleted(world, lead, true);
  store_remove(world, lead);
}

void lead_delete_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct lead *lead = store_lead_text(world, request_param(request, 0));
  if (lead == NULL) {
    reply_not_found(reply);
    return;
  }
  render_lead(world, lead, reply->body);
  quota_hold(world, lead->campaign != 0);
  activity_note(world, request, ACTIVITY_LEADS_DELETED, store_campaign_at(world, lead->campaign), 1);
  lead_delete(world, lead);
}

struct deletion {
  struct world *world;
  struct campaign *campaign;
  struct list *list;
  bool has_status;
  int64_t status;
  int64_t limit;
  int64_t count;
};

static void deletion_take(struct deletion *deletion, struct lead *lead)
{
  uint16_t campaign = deletion->campaign == NULL ? 0 : deletion->campaign->handle;
  uint16_t list = deletion->list == NULL ? 0 : deletion->list->handle;
  if (lead == NULL || deletion->count == deletion->limit || !lead_is_in(lead, campaign, list)) return;
  if (deletion->has_status && lead->status != deletion->status) return;
  lead_delete(deletion->world, lead);
  deletion->count++;
}

static void deletion_run(struct deletion *deletion, const cJSON *ids)
{
  const cJSON *item;
  if (ids != NULL && cJSON_GetArraySize(ids) > 0) {
    cJSON_ArrayForEach(item, ids)
    {
      deletion_take(deletion, store_lead_text(deletion->world, cJSON_GetStringValue(item)));
    }
    return;
  }
  struct bucket *bucket = deletion->campaign != NULL ? &deletion->campaign->bucket : &deletion->list->bucket;
  bucket_sort(bucket);
  for (guint i = 0; i < bucket->rows->len; i++)
    deletion_take(deletion, bucket->rows->pdata[i]);
}

void leads_delete_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const cJSON *body = request->json;
  const char *campaign = json_string(body, "campaign_id");
  const char *list = json_string(body, "list_id");
  struct deletion deletion = {.world = world,
                              .campaign = store_campaign(world, campaign),
                              .list = campaign == NULL ? store_list(world, list) : NULL,
                              .limit = INT64_MAX};
  if (campaign == NULL && list == NULL) {
    reply_error(reply, 400, "body must match a schema in anyOf");
    return;
  }
  if (deletion.campaign == NULL && deletion.list == NULL) {
    reply_not_found(reply);
    return;
  }
  const cJSON *ids = json_array(body, "ids");
  deletion.has_status = json_int(body, "status", &deletion.status);
  json_int(body, "limit", &deletion.limit);
  bool is_wipe = (ids == NULL || cJSON_GetArraySize(ids) == 0) && !deletion.has_status;
  if (is_wipe && !world->quirks.is_on[QUIRK_DELETE_WIPES]) {
    reply_error(reply, 400, "body must have ids or status");
    return;
  }
  deletion_run(&deletion, ids);
  activity_note(world, request, ACTIVITY_LEADS_DELETED, deletion.campaign, deletion.count);
  if (deletion.campaign != NULL) quota_hold(world, deletion.count);
  g_string_append_printf(reply->body, "{\"count\":%" G_GINT64_FORMAT "}", deletion.count);
}

/* update-interest-status after its 202: what was asked for, kept until it takes effect. */
struct interest {
  char *email;
  struct uuid campaign;
  struct uuid list;
  bool has_campaign;
  bool has_list;
  bool is_null;
  int64_t value;
};

static void interest_free(void *data)
{
  struct interest *interest = data;
  g_free(interest->email);
  g_free(interest);
}

static bool interest_is_for(const struct world *world, const struct interest *interest, const struct lead *lead)
{
  const struct campaign *campaign = store_campaign_at(world, lead->campaign);
  const struct list *list = store_list_at(world, lead->list);
  if (interest->has_campaign) return campaign != NULL && uuid_equal(&campaign->id, &interest->campaign);
  return !interest->has_list || (list != NULL && uuid_equal(&list->id, &interest->list));
}

static void interest_run(struct world *world, void *data)
{
  const struct interest *interest = data;
  struct person *person = store_person_find(world, interest->email);
  for (struct lead *lead = person == NULL ? NULL : person->rows; lead != NULL; lead = lead->next_of_person)
    if (interest_is_for(world, interest, lead))
      outcome_interest(world, lead, interest->is_null ? NULL : &interest->value);
}

static void interest_refuse(const struct world *world, struct reply *reply, const char *message)
{
  if (!world->quirks.is_on[QUIRK_INTEREST_BARE_ERROR]) {
    reply_error(reply, 400, "%s", message);
    return;
  }
  reply->status = 400;
  g_string_assign(reply->body, "{");
  json_append_str(reply->body, "error", message);
  g_string_append_c(reply->body, '}');
}

void leads_interest_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const cJSON *body = request->json;
  const cJSON *value = json_get(body, "interest_value");
  const char *raw = json_string(body, "lead_email");
  char email[EMAIL_BYTES];
  if (!cJSON_IsObject(body) || json_get(body, "lead_email") == NULL || value == NULL) {
    reply_error(reply, 400, "body must have required property '%s'",
                json_get(body, "lead_email") == NULL ? "lead_email" : "interest_value");
    return;
  }
  if (!cJSON_IsNumber(value) && !cJSON_IsNull(value)) {
    reply_error(reply, 400, "body/interest_value must be number,null");
    return;
  }
  const struct person *person = raw != NULL && incoming_email(raw, email) ? store_person_find(world, email) : NULL;
  if (person == NULL || person->rows == NULL) {
    interest_refuse(world, reply, "Invalid lead email");
    return;
  }
  struct interest *interest = g_new0(struct interest, 1);
  interest->email = g_strdup(email);
  interest->has_campaign = uuid_parse(json_string(body, "campaign_id"), &interest->campaign);
  interest->has_list = uuid_parse(json_string(body, "list_id"), &interest->list);
  interest->is_null = cJSON_IsNull(value);
  interest->value = (int64_t)value->valuedouble;
  world_later(world, world->quirks.is_on[QUIRK_INTEREST_ASYNC] ? world->config->interest_delay_s : 0,
              &(struct effect){.run = interest_run, .free_data = interest_free, .data = interest});
  reply->status = 202;
  g_string_append(reply->body, "{\"message\":\"Lead interest status update background job submitted\"}");
}
