/* POST /leads/add and POST /leads: how rows come into being through the API. */
#include "activity.h"
#include "audit.h"
#include "blocklist.h"
#include "handlers.h"
#include "incoming.h"
#include "render.h"
#include "store.h"
#include "text_out.h"
#include "verification.h"

#include <string.h>

const struct field leads_add_fields[] = {
    {"campaign_id", FIELD_UUID, 0, 0, NULL},
    {"list_id", FIELD_UUID, 0, 0, NULL},
    {"leads", FIELD_ARRAY | FIELD_REQUIRED, 1, 1000, NULL}, /* the elements are checked one by one below */
    {"blocklist_id", FIELD_UUID | FIELD_NULL, 0, 0, NULL},
    {"assigned_to", FIELD_UUID, 0, 0, NULL},
    {"verify_leads_on_import", FIELD_BOOL, 0, 0, NULL},
    {"skip_if_in_workspace", FIELD_BOOL, 0, 0, NULL},
    {"skip_if_in_campaign", FIELD_BOOL, 0, 0, NULL},
    {"skip_if_in_list", FIELD_BOOL, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

const struct field lead_create_fields[] = {
    {"campaign", FIELD_UUID | FIELD_NULL, 0, 0, NULL},
    {"list_id", FIELD_UUID | FIELD_NULL, 0, 0, NULL},
    {"email", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"first_name", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"last_name", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"company_name", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"job_title", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"website", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"phone", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"personalization", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"pl_value_lead", FIELD_STRING | FIELD_NULL, 0, 0, NULL},
    {"lt_interest_status", FIELD_NUMBER, -4, 4, NULL},
    {"assigned_to", FIELD_UUID | FIELD_NULL, 0, 0, NULL},
    {"custom_variables", FIELD_OBJECT, 0, 0, NULL},
    {"skip_if_in_workspace", FIELD_BOOL, 0, 0, NULL},
    {"skip_if_in_campaign", FIELD_BOOL, 0, 0, NULL},
    {"skip_if_in_list", FIELD_BOOL, 0, 0, NULL},
    {"blocklist_id", FIELD_UUID, 0, 0, NULL},
    {"verify_leads_for_lead_finder", FIELD_BOOL, 0, 0, NULL},
    {"verify_leads_on_import", FIELD_BOOL, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

/* Why a lead was created or not: one counter of the answer each. */
enum add_result {
  ADD_CREATED,
  ADD_IN_BLOCKLIST,
  ADD_DUPLICATED,
  ADD_SKIPPED,
  ADD_INVALID,
  ADD_INCOMPLETE,
  ADD_REPEATED,
  ADD_RESULTS_N
};

struct adding {
  struct world *world;
  struct campaign *campaign;
  struct list *list;
  bool skips_workspace;
  bool skips_campaign;
  bool skips_list;
  bool verifies;
  int64_t counts[ADD_RESULTS_N];
  GPtrArray *verifying; /* rows, NULL unless verifies */
  GPtrArray *coerced;   /* owned copies of what could not be taken as it was sent */
  GString *created;
};

static bool is_skipped(const struct adding *adding, const struct person *person)
{
  bool is_in_campaign = false;
  bool is_in_list = false;
  for (const struct lead *row = person->rows; row != NULL; row = row->next_of_person) {
    is_in_campaign = is_in_campaign || row->campaign != 0;
    is_in_list = is_in_list || row->list != 0;
  }
  if (adding->skips_workspace) return person->rows != NULL;
  return (adding->skips_campaign && is_in_campaign) || (adding->skips_list && is_in_list);
}

static bool is_duplicate(const struct adding *adding, const struct person *person)
{
  if (adding->campaign != NULL) return store_row_in_campaign(person, adding->campaign->handle) != NULL;
  return adding->list != NULL && store_row_in_list(person, adding->list->handle) != NULL;
}

static bool has_room(const struct adding *adding)
{
  const struct world *world = adding->world;
  return adding->campaign == NULL || world->plan_used_n + world->plan_held_n < world->plan_limit;
}

static struct lead *row_add(struct adding *adding, const struct incoming *incoming, struct person *person)
{
  struct new_lead spec = {
      .person = person,
      .texts = incoming_pack(&adding->world->arena, incoming),
      .campaign = adding->campaign,
      .list = adding->list,
      .upload = UPLOAD_API,
      .has_interest = incoming->has_interest,
      .interest = incoming->interest,
      .verification = adding->verifies ? 12 : 0,
  };
  struct lead *lead = store_add(adding->world, &spec);
  incoming_register(incoming, adding->campaign);
  audit_created(adding->world, lead);
  if (adding->verifies) {
    lead->is_verifying = true;
    g_ptr_array_add(adding->verifying, lead);
  }
  return lead;
}

/* The checks in their order; *lead is the new row. A row without an address may only be in a list. */
static enum add_result lead_try(struct adding *adding, const struct incoming *incoming, struct lead **lead)
{
  char email[EMAIL_BYTES];
  bool has_name = incoming->texts[TEXT_FIRST_NAME] != NULL || incoming->texts[TEXT_LAST_NAME] != NULL;
  if (incoming->email == NULL || *incoming->email == '\0') {
    if (adding->list == NULL) return ADD_INVALID;
    if (!has_name) return ADD_INCOMPLETE;
    *lead = row_add(adding, incoming, NULL);
    return ADD_CREATED;
  }
  if (!incoming_email(incoming->email, email)) return ADD_INVALID;
  struct person *person = store_person(adding->world, email);
  if (person->seen_call == adding->world->add_calls_n) return ADD_REPEATED;
  person->seen_call = adding->world->add_calls_n;
  if (blocklist_has(adding->world, person)) return ADD_IN_BLOCKLIST;
  if (is_duplicate(adding, person)) return ADD_DUPLICATED;
  if (is_skipped(adding, person) || !has_room(adding)) return ADD_SKIPPED;
  *lead = row_add(adding, incoming, person);
  return ADD_CREATED;
}

static void created_append(struct adding *adding, int index, const struct lead *lead, const struct incoming *incoming)
{
  char id[UUID_TEXT_BYTES];
  GString *out = adding->created;
  uuid_format(&lead->id, id);
  if (out->str[out->len - 1] != '[') g_string_append_c(out, ',');
  /* No printf: this is the inner loop of a million rows. */
  g_string_append_c(out, '{');
  out_int(out, "index", index);
  g_string_append(out, ",\"id\":\"");
  g_string_append_len(out, id, UUID_TEXT_BYTES - 1);
  g_string_append(out, "\",\"email\":");
  out_text(out, lead->person == NULL ? NULL : lead->person->email);
  g_string_append(out, ",\"first_name\":");
  out_text(out, incoming->texts[TEXT_FIRST_NAME]);
  g_string_append(out, ",\"last_name\":");
  out_text(out, incoming->texts[TEXT_LAST_NAME]);
  g_string_append(out, ",\"phone\":");
  out_text(out, incoming->texts[TEXT_PHONE]);
  g_string_append_c(out, '}');
}

/* What is no plain lead at first sight: a copy of it, checked and coerced, which *coerced owns; NULL when it does not
 * fit.
 */
static cJSON *item_coerce(const struct world *world, const cJSON *item, GPtrArray *coerced, GString *message)
{
  cJSON *copy = cJSON_Duplicate(item, true);
  g_ptr_array_add(coerced, copy);
  bool is_strict = !world->quirks.is_on[QUIRK_UNKNOWN_IGNORED];
  return validate_body(copy, incoming_fields, is_strict, message) ? copy : NULL;
}

/* Every element is checked before the first row is made. */
static bool items_read(struct adding *adding, const cJSON *leads, struct incoming *incoming, struct reply *reply)
{
  int index = 0;
  cJSON *item;
  cJSON_ArrayForEach(item, leads)
  {
    if (!incoming_read(&incoming[index], item)) {
      g_autoptr(GString) message = g_string_new(NULL);
      const cJSON *copy = item_coerce(adding->world, item, adding->coerced, message);
      if (copy == NULL) {
        reply_error(reply, 400, "body/leads/%d%s", index, message->str + strlen("body"));
        return false;
      }
      incoming_read(&incoming[index], copy);
    }
    index++;
  }
  return true;
}

static bool adding_begin(struct adding *adding, struct world *world, const cJSON *body, struct reply *reply)
{
  const char *campaign = json_string(body, "campaign_id");
  const char *list = json_string(body, "list_id");
  *adding = (struct adding){
      .world = world,
      .campaign = store_campaign(world, campaign),
      .list = store_list(world, list),
      .skips_workspace = cJSON_IsTrue(json_get(body, "skip_if_in_workspace")),
      .skips_campaign = cJSON_IsTrue(json_get(body, "skip_if_in_campaign")),
      .skips_list = cJSON_IsTrue(json_get(body, "skip_if_in_list")),
      .verifies = cJSON_IsTrue(json_get(body, "verify_leads_on_import")),
  };
  if ((campaign == NULL) == (list == NULL)) {
    reply_error(reply, 400, "Either campaign_id or list_id must be provided");
    return false;
  }
  if (adding->campaign != NULL || adding->list != NULL) return true;
  reply_not_found(reply);
  return false;
}

static void answer_append(const struct adding *adding, const char *blocklist_used, GString *out)
{
  const struct world *world = adding->world;
  const int64_t *counts = adding->counts;
  int64_t total_n = 0;
  for (size_t i = 0; i < ADD_RESULTS_N; i++)
    total_n += counts[i];
  json_append_str(out, "status", "success");
  json_append_int(out, "total_sent", total_n);
  json_append_int(out, "leads_uploaded", counts[ADD_CREATED]);
  json_append_int(out, "in_blocklist", counts[ADD_IN_BLOCKLIST]);
  json_append_str(out, "blocklist_used", blocklist_used);
  json_append_int(out, "duplicated_leads", counts[ADD_DUPLICATED]);
  json_append_int(out, "skipped_count", counts[ADD_SKIPPED]);
  json_append_int(out, "invalid_email_count", counts[ADD_INVALID]);
  json_append_int(out, "incomplete_count", counts[ADD_INCOMPLETE]);
  json_append_int(out, "duplicate_email_count", counts[ADD_REPEATED]);
  json_append_key(out, "remaining_in_plan");
  if (adding->campaign == NULL) {
    g_string_append(out, "null");
  } else {
    int64_t left_n = world->plan_limit - world->plan_used_n - world->plan_held_n;
    g_string_append_printf(out, "%" G_GINT64_FORMAT, MAX(left_n, 0));
  }
  g_string_append_c(out, '}');
}

void leads_add_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct adding adding;
  const cJSON *leads = json_array(request->json, "leads");
  int leads_n = cJSON_GetArraySize(leads);
  g_autofree struct incoming *incoming = g_new0(struct incoming, (gsize)leads_n);
  g_autoptr(GPtrArray) coerced = g_ptr_array_new_with_free_func((GDestroyNotify)cJSON_Delete);
  if (!adding_begin(&adding, world, request->json, reply)) return;
  adding.coerced = coerced;
  if (!items_read(&adding, leads, incoming, reply)) return;
  if (!has_room(&adding) && world->config->plan_over_is_402) {
    reply_error(reply, 402, "Lead limit of the plan is reached");
    return;
  }
  /* The rows go straight into the answer, in front of the counters. */
  adding.created = reply->body;
  g_string_append(reply->body, "{\"created_leads\":[");
  if (adding.verifies) adding.verifying = g_ptr_array_new();
  world->add_calls_n++;
  for (int i = 0; i < leads_n; i++) {
    struct lead *lead = NULL;
    enum add_result result = lead_try(&adding, &incoming[i], &lead);
    adding.counts[result]++;
    if (result == ADD_CREATED) created_append(&adding, i, lead, &incoming[i]);
  }
  if (adding.verifying != NULL) verification_import(world, adding.campaign, adding.list, adding.verifying);
  g_string_append_c(reply->body, ']');
  activity_note(world, request, ACTIVITY_LEADS_ADDED, adding.campaign, adding.counts[ADD_CREATED]);
  answer_append(&adding, json_string(request->json, "blocklist_id"), reply->body);
}

/* What POST /leads does when the address is there already is not documented: it answers with that row, unchanged. */
static void existing_answer(const struct adding *adding, const struct incoming *incoming, struct reply *reply)
{
  char email[EMAIL_BYTES];
  const struct person *person = incoming_email(incoming->email, email) ? store_person_find(adding->world, email) : NULL;
  const struct lead *lead = NULL;
  if (person != NULL && adding->campaign != NULL) lead = store_row_in_campaign(person, adding->campaign->handle);
  if (person != NULL && lead == NULL) lead = person->rows;
  if (lead != NULL) {
    render_lead(adding->world, lead, reply->body);
  } else {
    reply_error(reply, 400, "Lead was not created");
  }
}

static bool create_begin(struct adding *adding, struct world *world, const cJSON *body, struct reply *reply)
{
  const char *campaign = json_string(body, "campaign");
  const char *list = json_string(body, "list_id");
  *adding = (struct adding){
      .world = world,
      .campaign = store_campaign(world, campaign),
      .list = store_list(world, list),
      .skips_workspace = cJSON_IsTrue(json_get(body, "skip_if_in_workspace")),
      .skips_campaign = cJSON_IsTrue(json_get(body, "skip_if_in_campaign")),
      .skips_list = cJSON_IsTrue(json_get(body, "skip_if_in_list")),
      .verifies = cJSON_IsTrue(json_get(body, "verify_leads_on_import")),
  };
  if ((campaign != NULL && adding->campaign == NULL) || (list != NULL && adding->list == NULL)) {
    reply_not_found(reply);
    return false;
  }
  const char *email = json_string(body, "email");
  if (adding->list == NULL && (email == NULL || *email == '\0')) {
    reply_error(reply, 400, "Email is required");
    return false;
  }
  return true;
}

void lead_create_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct adding adding;
  struct incoming incoming;
  struct lead *lead = NULL;
  if (!create_begin(&adding, world, request->json, reply)) return;
  world->add_calls_n++;
  incoming_read(&incoming, request->json);
  if (adding.verifies) adding.verifying = g_ptr_array_new();
  enum add_result result = lead_try(&adding, &incoming, &lead);
  if (adding.verifying != NULL) verification_import(world, adding.campaign, adding.list, adding.verifying);
  if (result == ADD_CREATED) {
    render_lead(world, lead, reply->body);
  } else if (result == ADD_INVALID) {
    reply_error(reply, 400, "Invalid email");
  } else if (result == ADD_INCOMPLETE) {
    reply_error(reply, 400, "Email, first name or last name is required");
  } else if (result == ADD_IN_BLOCKLIST) {
    reply_error(reply, 400, "Lead is in the blocklist");
  } else {
    existing_answer(&adding, &incoming, reply);
  }
}
