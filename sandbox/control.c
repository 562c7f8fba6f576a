/* The control interface, /_sandbox/...: clock, state, audit, log of requests, faults, outcomes, and what somebody else
 * does in the workspace. No key is needed. */
#include "activity.h"
#include "audit.h"
#include "blocklist.h"
#include "campaign.h"
#include "engine.h"
#include "faults.h"
#include "handlers.h"
#include "incoming.h"
#include "keys.h"
#include "outcome.h"
#include "render.h"
#include "requests.h"
#include "routes.h"
#include "store.h"

#include <string.h>

#define ADVANCE_MAX_S ((int64_t)10 * 366 * 86400)

static void now_answer(const struct world *world, struct reply *reply)
{
  g_string_append_c(reply->body, '{');
  render_time(reply->body, "now", world->now_ms);
  json_append_int(reply->body, "now_ms", world->now_ms);
  g_string_append_c(reply->body, '}');
}

static void clock_handle(struct world *world, const struct request *request, struct reply *reply)
{
  int64_t advance_s = 0;
  if (request->json != NULL && !json_int(request->json, "advance_s", &advance_s)) {
    reply_error(reply, 400, "body must have required property 'advance_s'");
    return;
  }
  if (advance_s < 0 || advance_s > ADVANCE_MAX_S) {
    reply_error(reply, 400, "body/advance_s must be between 0 and ten years");
    return;
  }
  engine_advance(world, advance_s * SECOND_MS);
  now_answer(world, reply);
}

static void clock_get_handle(struct world *world, const struct request *request, struct reply *reply)
{
  (void)request;
  now_answer(world, reply);
}

static void lead_counts_append(struct campaign *campaign, GString *out)
{
  static const struct {
    int status;
    const char *name;
  } names[] = {{1, "active"}, {2, "paused"}, {3, "completed"}, {-1, "bounced"}, {-2, "unsubscribed"}, {-3, "skipped"}};
  int64_t counts[G_N_ELEMENTS(names)] = {0};
  int64_t contacted_n = 0;
  for (guint i = 0; i < campaign->bucket.rows->len; i++) {
    const struct lead *lead = campaign->bucket.rows->pdata[i];
    if (!lead_is_in(lead, campaign->handle, 0)) continue;
    contacted_n += lead->contacted_ms != 0;
    for (size_t j = 0; j < G_N_ELEMENTS(names); j++)
      counts[j] += lead->status == names[j].status;
  }
  json_append_key(out, "leads");
  g_string_append_c(out, '{');
  for (size_t j = 0; j < G_N_ELEMENTS(names); j++)
    json_append_int(out, names[j].name, counts[j]);
  json_append_int(out, "contacted", contacted_n);
  g_string_append_c(out, '}');
}

static void campaigns_append(struct world *world, GString *out)
{
  g_string_append_c(out, '[');
  for (guint i = 0; i < world->campaigns->len; i++) {
    struct campaign *campaign = world->campaigns->pdata[i];
    if (i > 0) g_string_append_c(out, ',');
    g_string_append_c(out, '{');
    render_uuid(out, "id", &campaign->id);
    json_append_str(out, "name", campaign->name);
    json_append_int(out, "status", campaign->status);
    json_append_bool(out, "is_deleted", campaign->is_gone);
    lead_counts_append(campaign, out);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

static void state_handle(struct world *world, const struct request *request, struct reply *reply)
{
  (void)request;
  GString *out = reply->body;
  g_string_append_c(out, '{');
  render_time(out, "now", world->now_ms);
  json_append_int(out, "seed", (int64_t)world->seed);
  json_append_key(out, "campaigns");
  campaigns_append(world, out);
  json_append_int(out, "leads", g_hash_table_size(world->leads_by_id));
  json_append_int(out, "people", world->people->len);
  json_append_int(out, "plan_limit", world->plan_limit);
  json_append_int(out, "plan_used", world->plan_used_n + world->plan_held_n);
  json_append_int(out, "block_list", blocklist_all(world)->len);
  json_append_int(out, "outcomes_to_come", heap_size(&world->outcomes));
  json_append_int(out, "effects_to_come", world->effects->len);
  json_append_key(out, "quirks");
  quirks_append(&world->quirks, out);
  g_string_append_c(out, '}');
}

static void audit_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const char *totals = request_query(request, "totals");
  audit_append(world, reply->body, totals != NULL && strcmp(totals, "0") != 0);
}

static void requests_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const char *limit = request_query(request, "limit");
  const char *shapes = request_query(request, "shapes");
  if (shapes != NULL && strcmp(shapes, "0") != 0) {
    requests_append_shapes(world->requests, reply->body);
  } else {
    requests_append(world->requests, limit == NULL ? 1000 : g_ascii_strtoll(limit, NULL, 10), reply->body);
  }
}

static void faults_get_handle(struct world *world, const struct request *request, struct reply *reply)
{
  (void)request;
  faults_append(world->faults, reply->body);
}

static void faults_post_handle(struct world *world, const struct request *request, struct reply *reply)
{
  g_autoptr(GError) error = NULL;
  const cJSON *rule;
  if (cJSON_IsArray(request->json)) {
    cJSON_ArrayForEach(rule, request->json)
    {
      if (!faults_add(world->faults, rule, &error)) break;
    }
  } else if (!faults_add(world->faults, request->json, &error)) {
    reply_error(reply, 400, "%s", error->message);
    return;
  }
  if (error != NULL) {
    reply_error(reply, 400, "%s", error->message);
    return;
  }
  faults_append(world->faults, reply->body);
}

static void faults_delete_handle(struct world *world, const struct request *request, struct reply *reply)
{
  (void)request;
  faults_clear(world->faults);
  faults_append(world->faults, reply->body);
}

static void quirks_handle(struct world *world, const struct request *request, struct reply *reply)
{
  g_autoptr(GError) error = NULL;
  if (!quirks_read(&world->quirks, request->json, &error)) {
    reply_error(reply, 400, "%s", error->message);
    return;
  }
  quirks_append(&world->quirks, reply->body);
}

/* The person of "email", with rows or without. */
static struct person *person_find(const struct world *world, const cJSON *body)
{
  char email[EMAIL_BYTES];
  const char *raw = json_string(body, "email");
  return raw != NULL && incoming_email(raw, email) ? store_person_find(world, email) : NULL;
}

/* The rows that a control call means: by "id", or by "email" with or without "campaign". */
static GPtrArray *rows_find(const struct world *world, const cJSON *body)
{
  const char *id = json_string(body, "id");
  const struct campaign *campaign = store_campaign(world, json_string(body, "campaign"));
  GPtrArray *rows = g_ptr_array_new();
  struct lead *named = store_lead_text(world, id);
  if (named != NULL) g_ptr_array_add(rows, named);
  const struct person *person = person_find(world, body);
  for (struct lead *row = person == NULL ? NULL : person->rows; row != NULL; row = row->next_of_person)
    if (json_get(body, "campaign") == NULL || (campaign != NULL && row->campaign == campaign->handle))
      g_ptr_array_add(rows, row);
  return rows;
}

static void rows_answer(const struct world *world, const GPtrArray *rows, struct reply *reply)
{
  g_string_append(reply->body, "{\"items\":[");
  for (guint i = 0; i < rows->len; i++) {
    if (i > 0) g_string_append_c(reply->body, ',');
    render_lead(world, rows->pdata[i], reply->body);
  }
  g_string_append(reply->body, "]}");
}

static bool outcome_make(struct world *world, struct lead *lead, const cJSON *body)
{
  const char *event = json_string(body, "event");
  enum outcome outcome = outcome_by_name(event);
  int64_t step = lead->last_step;
  int64_t variant = lead->last_variant;
  int64_t interest = 1;
  json_int(body, "step", &step);
  json_int(body, "variant", &variant);
  if (event != NULL && g_str_has_prefix(event, "interest")) {
    /* "interest" with a value, or "interest(2)". */
    if (event[strlen("interest")] == '(') interest = g_ascii_strtoll(event + strlen("interest("), NULL, 10);
    bool is_null = cJSON_IsNull(json_get(body, "value"));
    json_int(body, "value", &interest);
    outcome_interest(world, lead, is_null ? NULL : &interest);
    return true;
  }
  if (outcome == OUTCOMES_N) return false;
  outcome_apply(world, &(struct happening){.lead = lead,
                                           .outcome = outcome,
                                           .step = (int)step,
                                           .variant = (int)variant,
                                           .is_positive = cJSON_IsTrue(json_get(body, "positive"))});
  return true;
}

static void outcome_handle(struct world *world, const struct request *request, struct reply *reply)
{
  g_autoptr(GPtrArray) rows = rows_find(world, request->json);
  if (rows->len == 0) {
    struct person *gone = person_find(world, request->json);
    bool is_done = gone && outcome_of_gone(world, gone, outcome_by_name(json_string(request->json, "event")));
    if (is_done) rows_answer(world, rows, reply);
    if (!is_done)
      reply_error(reply, 404, "No row has this email (or id) in that campaign, and nobody there was written to");
    return;
  }
  for (guint i = 0; i < rows->len; i++) {
    if (outcome_make(world, rows->pdata[i], request->json)) continue;
    reply_error(reply, 400, "event must be opened, clicked, replied, auto_replied, bounced, unsubscribed or interest");
    return;
  }
  rows_answer(world, rows, reply);
}

static void others_add_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct incoming incoming;
  char email[EMAIL_BYTES];
  struct campaign *campaign = store_campaign(world, json_string(request->json, "campaign"));
  struct list *list = store_list(world, json_string(request->json, "list_id"));
  incoming_read(&incoming, request->json);
  if (incoming.email == NULL || !incoming_email(incoming.email, email) || (campaign == NULL && list == NULL)) {
    reply_error(reply, 400, "email and campaign (or list_id) are needed");
    return;
  }
  struct person *person = store_person(world, email);
  if (campaign != NULL && store_row_in_campaign(person, campaign->handle) != NULL) {
    reply_error(reply, 409, "The address is in this campaign already");
    return;
  }
  struct new_lead spec = {.person = person,
                          .texts = incoming_pack(&world->arena, &incoming),
                          .campaign = campaign,
                          .list = list,
                          .upload = UPLOAD_MANUAL,
                          .has_interest = incoming.has_interest,
                          .interest = incoming.interest};
  const struct lead *lead = store_add(world, &spec);
  incoming_register(&incoming, campaign);
  audit_created(world, lead);
  render_lead(world, lead, reply->body);
}

static void others_delete_handle(struct world *world, const struct request *request, struct reply *reply)
{
  g_autoptr(GPtrArray) rows = rows_find(world, request->json);
  for (guint i = 0; i < rows->len; i++) {
    audit_deleted(world, rows->pdata[i], false);
    store_remove(world, rows->pdata[i]);
  }
  activity_note(world, request, ACTIVITY_LEADS_DELETED, NULL, rows->len);
  g_string_append_printf(reply->body, "{\"count\":%u}", rows->len);
}

static void others_move_handle(struct world *world, const struct request *request, struct reply *reply)
{
  g_autoptr(GPtrArray) rows = rows_find(world, request->json);
  struct campaign *campaign = store_campaign(world, json_string(request->json, "to_campaign"));
  struct list *list = store_list(world, json_string(request->json, "to_list"));
  if (campaign == NULL && list == NULL) {
    reply_error(reply, 404, "to_campaign or to_list names nothing");
    return;
  }
  for (guint i = 0; i < rows->len; i++) {
    struct lead *lead = rows->pdata[i];
    uint16_t from_campaign = lead->campaign;
    uint16_t from_list = lead->list;
    struct campaign *source = store_campaign_at(world, from_campaign);
    struct list *source_list = store_list_at(world, from_list);
    store_move(world, lead, campaign, list);
    if (lead->person != NULL) audit_note(world, lead->person, HISTORY_MOVED, lead->campaign);
    if (source != NULL) bucket_compact(&source->bucket, from_campaign, 0);
    if (source_list != NULL) bucket_compact(&source_list->bucket, 0, from_list);
  }
  rows_answer(world, rows, reply);
}

static void others_status_handle(struct world *world, const struct request *request, struct reply *reply)
{
  g_autoptr(GPtrArray) rows = rows_find(world, request->json);
  int64_t status = LEAD_PAUSED;
  json_int(request->json, "status", &status);
  for (guint i = 0; i < rows->len; i++) {
    struct lead *lead = rows->pdata[i];
    struct campaign *campaign = store_campaign_at(world, lead->campaign);
    lead->status = (int8_t)status;
    lead->updated_ms = world->now_ms;
    if (status != LEAD_ACTIVE || campaign == NULL) continue;
    if (lead->next_step == 0) g_ptr_array_add(campaign->fresh, lead);
    if (lead->due_ms != 0) heap_push(&campaign->follow_ups, (struct timer){.due_ms = lead->due_ms, .row = lead});
  }
  rows_answer(world, rows, reply);
}

static void others_campaign_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct campaign *campaign = store_campaign(world, request_param(request, 0));
  int64_t status = 0;
  if (campaign == NULL) {
    reply_not_found(reply);
    return;
  }
  if (cJSON_IsTrue(json_get(request->json, "delete"))) {
    campaign_remove(world, campaign);
    g_string_append(reply->body, "{\"deleted\":true}");
    return;
  }
  if (json_int(request->json, "status", &status)) {
    campaign_set_status(world, campaign, (enum campaign_status)status);
    activity_note(world, request, status == CAMPAIGN_ACTIVE ? ACTIVITY_CAMPAIGN_LAUNCHED : ACTIVITY_CAMPAIGN_PAUSED,
                  campaign, 1);
  }
  render_campaign(world, campaign, reply->body);
}

static void others_block_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const char *value = json_string(request->json, "value");
  const struct block_entry *entry = value == NULL ? NULL : blocklist_add(world, value);
  if (entry == NULL) {
    reply_error(reply, 400, "value must be an address or a domain");
    return;
  }
  render_block_entry(world, entry, reply->body);
}

/* A stop that only the client under test knows of: `answer` for one that is an answer, which lets a subsequence go on.
 */
static void stop_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const char *email = json_string(request->json, "email");
  bool is_answer = false;
  json_bool(request->json, "answer", &is_answer);
  g_autofree char *lower = email == NULL ? NULL : g_ascii_strdown(email, -1);
  if (lower == NULL || strchr(lower, '@') == NULL) {
    reply_error(reply, 400, "email must be an address");
    return;
  }
  audit_stop(world, store_person(world, lower), is_answer ? HISTORY_STOPPED_ANSWER : HISTORY_STOPPED, 0);
  g_string_append_c(reply->body, '{');
  render_time(reply->body, "stopped_at", world->now_ms);
  g_string_append_c(reply->body, '}');
}

static void plan_handle(struct world *world, const struct request *request, struct reply *reply)
{
  json_int(request->json, "limit", &world->plan_limit);
  json_bool(request->json, "is_paid", &world->is_paid);
  g_string_append_c(reply->body, '{');
  json_append_int(reply->body, "limit", world->plan_limit);
  json_append_int(reply->body, "used", world->plan_used_n + world->plan_held_n);
  json_append_bool(reply->body, "is_paid", world->is_paid);
  g_string_append_c(reply->body, '}');
}

static void reset_handle(struct world *world, const struct request *request, struct reply *reply)
{
  (void)request;
  g_autoptr(GError) error = NULL;
  if (!world_reset(world, &error)) {
    reply_error(reply, 500, "%s", error->message);
    return;
  }
  now_answer(world, reply);
}

const struct route control_routes[] = {
    {"GET", "/_sandbox/clock", NULL, NULL, clock_get_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/clock", NULL, NULL, clock_handle, ROUTE_PLAIN},
    {"GET", "/_sandbox/state", NULL, NULL, state_handle, ROUTE_PLAIN},
    {"GET", "/_sandbox/audit", NULL, NULL, audit_handle, ROUTE_PLAIN},
    {"GET", "/_sandbox/requests", NULL, NULL, requests_handle, ROUTE_PLAIN},
    {"GET", "/_sandbox/faults", NULL, NULL, faults_get_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/faults", NULL, NULL, faults_post_handle, ROUTE_PLAIN},
    {"DELETE", "/_sandbox/faults", NULL, NULL, faults_delete_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/quirks", NULL, NULL, quirks_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/outcome", NULL, NULL, outcome_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/leads/add", NULL, NULL, others_add_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/leads/delete", NULL, NULL, others_delete_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/leads/move", NULL, NULL, others_move_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/leads/status", NULL, NULL, others_status_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/campaigns/{id}", NULL, NULL, others_campaign_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/block", NULL, NULL, others_block_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/stop", NULL, NULL, stop_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/plan", NULL, NULL, plan_handle, ROUTE_PLAIN},
    {"POST", "/_sandbox/reset", NULL, NULL, reset_handle, ROUTE_PLAIN},
    {NULL, NULL, NULL, NULL, NULL, ROUTE_PLAIN},
};
