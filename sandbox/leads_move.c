/* POST /leads/move (a background job) and the two calls that put one lead into a subsequence or take it out. */
#include "activity.h"
#include "audit.h"
#include "engine.h"
#include "fields.h"
#include "handlers.h"
#include "jobs.h"
#include "render.h"
#include "selector.h"
#include "store.h"

#define MOVED_EMAILS_MAX 10000

const struct field leads_move_fields[] = {
    {"search", FIELD_STRING, 0, 0, NULL},
    {"filter", FIELD_STRING, 0, 0, NULL},
    {"campaign", FIELD_UUID, 0, 0, NULL},
    {"list_id", FIELD_UUID, 0, 0, NULL},
    {"in_campaign", FIELD_BOOL, 0, 0, NULL},
    {"in_list", FIELD_BOOL, 0, 0, NULL},
    {"ids", FIELD_ARRAY | FIELD_UUID, 0, 0, NULL},
    {"queries", FIELD_ARRAY, 0, 0, selector_query_fields},
    {"excluded_ids", FIELD_ARRAY | FIELD_UUID, 0, 0, NULL},
    {"contacts", FIELD_ARRAY | FIELD_TEXTS, 0, 0, NULL},
    {"to_campaign_id", FIELD_UUID, 0, 0, NULL},
    {"to_list_id", FIELD_UUID, 0, 0, NULL},
    {"ignore_resource_filter_clauses", FIELD_BOOL, 0, 0, NULL},
    {"check_duplicates_in_campaigns", FIELD_BOOL, 0, 0, NULL},
    {"skip_leads_in_verification", FIELD_BOOL, 0, 0, NULL},
    {"limit", FIELD_NUMBER, 0, 0, NULL},
    {"assigned_to", FIELD_UUID, 0, 0, NULL},
    {"esp_code", FIELD_NUMBER, 0, 0, NULL},
    {"esg_code", FIELD_STRING, 0, 0, NULL},
    {"copy_leads", FIELD_BOOL, 0, 0, NULL},
    {"check_duplicates", FIELD_BOOL, 0, 0, NULL},
    {"reset_interest_status", FIELD_BOOL, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

const struct field subsequence_move_fields[] = {
    {"id", FIELD_UUID | FIELD_REQUIRED, 0, 0, NULL},
    {"subsequence_id", FIELD_UUID | FIELD_REQUIRED, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

const struct field subsequence_remove_fields[] = {
    {"id", FIELD_UUID | FIELD_REQUIRED, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

/* The job: its rows are chosen when it runs, as the real one does. */
struct moving {
  cJSON *body;
  struct job *job;
  struct campaign *campaign;
  struct list *list;
};

static void moving_free(void *data)
{
  struct moving *moving = data;
  cJSON_Delete(moving->body);
  g_free(moving);
}

static bool is_taken(const struct moving *moving, const struct lead *lead)
{
  const struct person *person = lead->person;
  if (person == NULL) return false;
  /* An address is in a campaign or list once only, whatever was asked for. */
  if (moving->campaign != NULL && store_row_in_campaign(person, moving->campaign->handle) != NULL) return true;
  if (moving->list != NULL && store_row_in_list(person, moving->list->handle) != NULL) return true;
  if (!cJSON_IsTrue(json_get(moving->body, "check_duplicates_in_campaigns"))) return false;
  for (const struct lead *row = person->rows; row != NULL; row = row->next_of_person)
    if (row != lead && row->campaign != 0) return true;
  return false;
}

static void row_copy(struct world *world, const struct moving *moving, const struct lead *lead)
{
  const char *texts[TEXTS_N];
  texts_unpack(lead->texts, texts);
  struct new_lead spec = {.person = lead->person,
                          .texts = texts_pack(&world->arena, texts),
                          .campaign = moving->campaign,
                          .list = moving->list,
                          .upload = UPLOAD_MANUAL,
                          .verification = lead->verification};
  audit_created(world, store_add(world, &spec));
}

static void row_move(struct world *world, const struct moving *moving, struct lead *lead)
{
  if (cJSON_IsTrue(json_get(moving->body, "reset_interest_status"))) lead->has_interest = false;
  store_move(world, lead, moving->campaign, moving->list);
  if (lead->person != NULL) audit_note(world, lead->person, HISTORY_MOVED, lead->campaign);
}

static GPtrArray *rows_choose(struct world *world, const struct moving *moving)
{
  struct selector selector;
  int64_t limit = INT64_MAX;
  GPtrArray *chosen = g_ptr_array_new();
  json_int(moving->body, "limit", &limit);
  selector_read(&selector, world, moving->body);
  const GPtrArray *rows = selector_rows(&selector);
  for (guint i = 0; i < rows->len && chosen->len < limit; i++)
    if (selector_matches(&selector, rows->pdata[i])) g_ptr_array_add(chosen, rows->pdata[i]);
  selector_clear(&selector);
  return chosen;
}

static void sources_compact(struct world *world)
{
  for (guint i = 0; i < world->campaigns->len; i++) {
    struct campaign *campaign = world->campaigns->pdata[i];
    if (campaign->bucket.gone_n > 0) bucket_compact(&campaign->bucket, campaign->handle, 0);
  }
  for (guint i = 0; i < world->lists->len; i++) {
    struct list *list = world->lists->pdata[i];
    if (list->bucket.gone_n > 0) bucket_compact(&list->bucket, 0, list->handle);
  }
}

static void moving_run(struct world *world, void *data)
{
  struct moving *moving = data;
  bool is_copy = cJSON_IsTrue(json_get(moving->body, "copy_leads"));
  g_autoptr(GPtrArray) chosen = rows_choose(world, moving);
  moving->job->moved_emails = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < chosen->len; i++) {
    struct lead *lead = chosen->pdata[i];
    if (is_taken(moving, lead)) continue;
    if (is_copy) row_copy(world, moving, lead);
    if (!is_copy) row_move(world, moving, lead);
    moving->job->moved_n++;
    if (lead->person != NULL && moving->job->moved_emails->len < MOVED_EMAILS_MAX)
      g_ptr_array_add(moving->job->moved_emails, g_strdup(lead->person->email));
  }
  activity_note(world, NULL, ACTIVITY_LEADS_MOVED, moving->campaign, moving->job->moved_n);
  if (!is_copy) sources_compact(world);
  job_finish(world, moving->job);
}

void leads_move_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const char *to_campaign = json_string(request->json, "to_campaign_id");
  const char *to_list = json_string(request->json, "to_list_id");
  struct campaign *campaign = store_campaign(world, to_campaign);
  struct list *list = store_list(world, to_list);
  if ((to_campaign == NULL) == (to_list == NULL)) {
    reply_error(reply, 400, "Either to_campaign_id or to_list_id must be provided");
    return;
  }
  if (campaign == NULL && list == NULL) {
    reply_not_found(reply);
    return;
  }
  if (json_get(request->json, "ids") != NULL && json_get(request->json, "campaign") == NULL &&
      json_get(request->json, "list_id") == NULL) {
    reply_error(reply, 400, "campaign or list_id is required when ids is provided");
    return;
  }
  struct moving *moving = g_new0(struct moving, 1);
  moving->body = cJSON_Duplicate(request->json, true);
  moving->campaign = campaign;
  moving->list = list;
  moving->job = job_new(world, "move-leads", campaign != NULL ? "campaign" : "list",
                        campaign != NULL ? &campaign->id : &list->id);
  struct job *job = moving->job;
  world_later(world, world->config->job_s,
              &(struct effect){.run = moving_run, .free_data = moving_free, .data = moving});
  job_append(world, job, reply->body);
}

void subsequence_move_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct lead *lead = store_lead_text(world, json_string(request->json, "id"));
  struct subsequence *subsequence = store_subsequence(world, json_string(request->json, "subsequence_id"));
  if (lead == NULL || subsequence == NULL || lead->person == NULL) {
    reply_not_found(reply);
    return;
  }
  if (subsequence->parent->handle != lead->campaign) {
    reply_error(reply, 400, "Subsequence does not belong to the campaign of the lead");
    return;
  }
  engine_enter_subsequence(world, lead, subsequence);
  render_lead(world, lead, reply->body);
}

void subsequence_remove_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct lead *lead = store_lead_text(world, json_string(request->json, "id"));
  if (lead == NULL) {
    reply_not_found(reply);
    return;
  }
  if (lead->sub_due_ms != 0) audit_subsequence_removed(world);
  engine_leave_subsequence(world, lead);
  lead->subsequence = 0;
  lead->sub_added_ms = 0;
  lead->updated_ms = world->now_ms;
  render_lead(world, lead, reply->body);
}
