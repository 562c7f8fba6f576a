/* What can go wrong: the table of faults. One entry each; a new one needs nothing else. */
#include "campaign.h"
#include "faults.h"
#include "outcome.h"
#include "store.h"

#include "audit.h"
#include "blocklist.h"

#include <string.h>

static int64_t param(const struct fault_context *context, const char *name, int64_t fallback)
{
  int64_t value = fallback;
  return json_int(context->params, name, &value) ? value : fallback;
}

/* ---- on the wire ---- */

static void delay_apply(const struct fault_context *context)
{
  context->wire->delay_ms += param(context, "ms", 1000);
  context->wire->delay_before_ms += param(context, "before_ms", 0);
}

static void reset_before_apply(const struct fault_context *context)
{
  context->wire->cut_request_at = param(context, "at", 0);
  context->wire->is_reset = true;
}

static void refuse_apply(const struct fault_context *context)
{
  context->wire->cut_request_at = 0;
  context->wire->is_reset = true;
  context->wire->refuse_ms = param(context, "ms", 1000);
}

static void reset_after_apply(const struct fault_context *context)
{
  context->wire->is_raw = true;
  context->wire->is_reset = true;
  context->wire->cut_at = param(context, "at", 0);
}

static void close_after_apply(const struct fault_context *context)
{
  context->wire->is_raw = true;
  context->wire->cut_at = param(context, "at", 0);
}

static void truncate_apply(const struct fault_context *context)
{
  context->wire->is_raw = true;
  context->wire->cut_at = param(context, "at", 300);
}

static void wrong_length_apply(const struct fault_context *context)
{
  context->wire->is_raw = true;
  context->wire->claimed_n = param(context, "length", 7);
}

static void drip_apply(const struct fault_context *context)
{
  context->wire->is_raw = true;
  context->wire->drip_bytes = MAX(param(context, "bytes", 1), 1);
  context->wire->drip_ms = param(context, "ms", 100);
}

/* ---- instead of the handler ---- */

static void status_apply(const struct fault_context *context)
{
  unsigned code = (unsigned)param(context, "code", 500);
  const char *message = json_string(context->params, "message");
  if (cJSON_IsTrue(json_get(context->params, "html"))) {
    reply_html(context->reply, code);
  } else {
    reply_error(context->reply, code, "%s", message == NULL ? status_text(code) : message);
  }
  context->reply->retry_after_s = param(context, "retry_after", 0);
}

static void redirect_apply(const struct fault_context *context)
{
  const char *location = json_string(context->params, "location");
  context->reply->status = (unsigned)param(context, "code", 302);
  g_free(context->reply->location);
  context->reply->location = g_strdup(location == NULL ? "/elsewhere" : location);
  g_string_truncate(context->reply->body, 0);
}

/* ---- the answer ---- */

static void error_200_apply(const struct fault_context *context)
{
  const char *error = json_string(context->params, "error");
  context->reply->status = 200;
  g_string_assign(context->reply->body, "{");
  json_append_str(context->reply->body, "error", error == NULL ? "ACC_INTERNAL_ERROR" : error);
  g_string_append_c(context->reply->body, '}');
}

static void empty_apply(const struct fault_context *context)
{
  g_string_truncate(context->reply->body, 0);
}

static void garble_apply(const struct fault_context *context)
{
  GString *body = context->reply->body;
  for (gsize i = MIN(3, body->len / 2); i < body->len; i += 1 + (context->draw + i * 7919) % 23)
    body->str[i] = (char)(0x80 | ((context->draw >> (i % 50)) & 0x7f));
}

static void overlong_apply(const struct fault_context *context)
{
  int64_t bytes = param(context, "bytes", 1024 * 1024);
  gsize length = context->reply->body->len;
  g_string_set_size(context->reply->body, length + (gsize)CLAMP(bytes, 0, 256 * 1024 * 1024));
  memset(context->reply->body->str + length, ' ', context->reply->body->len - length);
}

/* Parses the answer, lets edit change it, writes it back; answers that are no objects stay as they are. */
static void answer_edit(const struct fault_context *context, void edit(cJSON *, const struct fault_context *))
{
  g_autoptr(cJSON) tree = cJSON_ParseWithLength(context->reply->body->str, context->reply->body->len);
  if (!cJSON_IsObject(tree) || context->reply->status >= 300) return;
  edit(tree, context);
  char *text = cJSON_PrintUnformatted(tree);
  g_string_assign(context->reply->body, text);
  cJSON_free(text);
}

static void number_set(cJSON *tree, const char *name, double value)
{
  cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
  if (item != NULL) cJSON_SetNumberValue(item, value);
}

static void fewer_edit(cJSON *tree, const struct fault_context *context)
{
  cJSON *created = cJSON_GetObjectItemCaseSensitive(tree, "created_leads");
  for (int64_t i = param(context, "leads", 1); i > 0 && cJSON_GetArraySize(created) > 0; i--)
    cJSON_DeleteItemFromArray(created, cJSON_GetArraySize(created) - 1);
}

static void fewer_created_apply(const struct fault_context *context)
{
  answer_edit(context, fewer_edit);
}

static void counts_edit(cJSON *tree, const struct fault_context *context)
{
  double uploaded = 0;
  if (json_real(tree, "leads_uploaded", &uploaded))
    number_set(tree, "leads_uploaded", uploaded + (double)param(context, "by", 1));
}

static void wrong_counts_apply(const struct fault_context *context)
{
  answer_edit(context, counts_edit);
}

static void index_edit(cJSON *tree, const struct fault_context *context)
{
  cJSON *lead;
  cJSON_ArrayForEach(lead, json_get(tree, "created_leads"))
  {
    double index = 0;
    if (json_real(lead, "index", &index)) number_set(lead, "index", index + (double)param(context, "by", 1));
  }
}

static void wrong_index_apply(const struct fault_context *context)
{
  answer_edit(context, index_edit);
}

/* The id of the first created lead in capitals, or whatever `id` says. */
static void id_edit(cJSON *tree, const struct fault_context *context)
{
  const char *id = json_string(context->params, "id");
  cJSON *lead = cJSON_GetArrayItem(json_get(tree, "created_leads"), 0);
  cJSON *there = cJSON_GetObjectItemCaseSensitive(lead != NULL ? lead : tree, "id");
  if (!cJSON_IsString(there)) return;
  g_autofree char *capitals = g_ascii_strup(there->valuestring, -1);
  cJSON_SetValuestring(there, id != NULL ? id : capitals);
}

static void odd_id_apply(const struct fault_context *context)
{
  answer_edit(context, id_edit);
}

/* Everybody of this answer is said to be on the block list, and nobody is told to be created. */
static void blocked_edit(cJSON *tree, const struct fault_context *context)
{
  static const char *const others[] = {"leads_uploaded",      "duplicated_leads", "skipped_count",
                                       "invalid_email_count", "incomplete_count", "duplicate_email_count"};
  (void)context;
  double total = 0;
  if (!json_real(tree, "total_sent", &total)) return;
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    number_set(tree, others[i], 0);
  number_set(tree, "in_blocklist", total);
  cJSON *created = cJSON_GetObjectItemCaseSensitive(tree, "created_leads");
  while (cJSON_GetArraySize(created) > 0)
    cJSON_DeleteItemFromArray(created, 0);
}

static void all_blocked_apply(const struct fault_context *context)
{
  answer_edit(context, blocked_edit);
}

static void cursor_set(cJSON *tree, const char *cursor)
{
  cJSON_DeleteItemFromObjectCaseSensitive(tree, "next_starting_after");
  cJSON_AddStringToObject(tree, "next_starting_after", cursor);
}

static void repeat_edit(cJSON *tree, const struct fault_context *context)
{
  const char *asked = json_string(context->request->json, "starting_after");
  if (asked == NULL) asked = request_query(context->request, "starting_after");
  if (asked != NULL) cursor_set(tree, asked);
}

static void repeat_cursor_apply(const struct fault_context *context)
{
  answer_edit(context, repeat_edit);
}

static void empty_cursor_edit(cJSON *tree, const struct fault_context *context)
{
  (void)context;
  cursor_set(tree, "");
}

static void empty_cursor_apply(const struct fault_context *context)
{
  answer_edit(context, empty_cursor_edit);
}

static void endless_edit(cJSON *tree, const struct fault_context *context)
{
  char text[UUID_TEXT_BYTES];
  struct uuid id = uuid_old(context->draw, 1);
  if (json_get(tree, "next_starting_after") != NULL) return;
  uuid_format(&id, text);
  text[0] = '0'; /* early in the order: the pages begin again */
  cursor_set(tree, text);
}

static void endless_cursor_apply(const struct fault_context *context)
{
  answer_edit(context, endless_edit);
}

/* A page like the first, of rows that nobody has seen, and always more of them. */
static void fresh_edit(cJSON *tree, const struct fault_context *context)
{
  char text[UUID_TEXT_BYTES];
  uint64_t n = context->draw;
  cJSON *item;
  cJSON_ArrayForEach(item, json_get(tree, "items"))
  {
    struct uuid id = uuid_old(n, 1);
    n = n * UINT64_C(6364136223846793005) + 1442695040888963407U;
    uuid_format(&id, text);
    cJSON_SetValuestring(cJSON_GetObjectItemCaseSensitive(item, "id"), text);
  }
  struct uuid cursor = uuid_old(n, 2);
  uuid_format(&cursor, text);
  cursor_set(tree, text);
}

static void fresh_cursor_apply(const struct fault_context *context)
{
  answer_edit(context, fresh_edit);
}

static void unknown_edit(cJSON *tree, const struct fault_context *context)
{
  (void)context;
  cJSON *item;
  cJSON_AddStringToObject(tree, "field_of_the_future", "yes");
  cJSON_ArrayForEach(item, json_get(tree, "items"))
  {
    cJSON_AddNumberToObject(item, "field_of_the_future", 7);
    number_set(item, "status", 17);
  }
}

static void unknown_values_apply(const struct fault_context *context)
{
  answer_edit(context, unknown_edit);
}

/* ---- somebody else, in the middle ---- */

static void revoke_key_apply(const struct fault_context *context)
{
  if (context->request->authorization == NULL) return;
  for (guint i = 0; i < context->world->keys->len; i++) {
    struct api_key *key = context->world->keys->pdata[i];
    if (!g_str_has_suffix(context->request->authorization, key->key)) continue;
    g_ptr_array_remove_index(context->world->keys, i);
    return;
  }
}

static void campaign_status_apply(const struct fault_context *context)
{
  struct campaign *campaign = store_campaign(context->world, json_string(context->params, "campaign"));
  enum campaign_status status = (enum campaign_status)param(context, "status", CAMPAIGN_PAUSED);
  for (guint i = 0; i < context->world->campaigns->len; i++) {
    struct campaign *each = context->world->campaigns->pdata[i];
    if (campaign == NULL ? each->status == CAMPAIGN_ACTIVE : each == campaign)
      campaign_set_status(context->world, each, status);
  }
}

static void plan_full_apply(const struct fault_context *context)
{
  context->world->plan_limit = context->world->plan_used_n + param(context, "left", 0);
}

static void list_lag_apply(const struct fault_context *context)
{
  context->world->list_lag_s = param(context, "s", 5);
}

static void unpaid_apply(const struct fault_context *context)
{
  context->world->is_paid = false;
}

/* The row that the rule names by its address, or any (the draw says which). */
static struct lead *lead_pick(const struct fault_context *context)
{
  const char *email = json_string(context->params, "email");
  const GPtrArray *rows = context->world->all.rows;
  if (email != NULL) {
    struct person *person = store_person_find(context->world, email);
    return person == NULL ? NULL : person->rows;
  }
  for (guint i = 0; i < rows->len; i++) {
    struct lead *lead = rows->pdata[(context->draw + i) % rows->len];
    if (!lead->is_gone && lead->person != NULL) return lead;
  }
  return NULL;
}

static void lead_deleted_apply(const struct fault_context *context)
{
  struct lead *lead = lead_pick(context);
  if (lead == NULL) return;
  audit_deleted(context->world, lead, false);
  store_remove(context->world, lead);
}

static void lead_moved_apply(const struct fault_context *context)
{
  struct campaign *campaign = store_campaign(context->world, json_string(context->params, "campaign"));
  struct list *list = store_list(context->world, json_string(context->params, "list"));
  struct lead *lead = lead_pick(context);
  if (lead == NULL || (campaign == NULL && list == NULL)) return;
  if (campaign != NULL && lead->campaign == campaign->handle) return;
  uint16_t from_campaign = lead->campaign;
  uint16_t from_list = lead->list;
  struct campaign *source = store_campaign_at(context->world, from_campaign);
  store_move(context->world, lead, campaign, campaign != NULL ? NULL : list);
  if (source != NULL) bucket_compact(&source->bucket, from_campaign, from_list);
}

static void lead_added_apply(const struct fault_context *context)
{
  struct campaign *campaign = store_campaign(context->world, json_string(context->params, "campaign"));
  const char *email = json_string(context->params, "email");
  if (campaign == NULL || email == NULL) return;
  struct person *person = store_person(context->world, email);
  if (store_row_in_campaign(person, campaign->handle) != NULL) return;
  struct new_lead spec = {.person = person, .campaign = campaign, .upload = UPLOAD_MANUAL};
  audit_created(context->world, store_add(context->world, &spec));
}

static void stop_apply(const struct fault_context *context)
{
  const char *event = json_string(context->params, "event");
  enum outcome outcome = outcome_by_name(event == NULL ? "unsubscribed" : event);
  struct lead *lead = lead_pick(context);
  if (lead == NULL || outcome == OUTCOMES_N) return;
  outcome_apply(context->world, &(struct happening){.lead = lead, .outcome = outcome, .step = lead->last_step});
}

/* An address may be blocked before it has a row. */
static void blocked_apply(const struct fault_context *context)
{
  const char *email = json_string(context->params, "email");
  const struct lead *lead = email == NULL ? lead_pick(context) : NULL;
  if (email != NULL || lead != NULL) blocklist_add(context->world, email != NULL ? email : lead->person->email);
}

const struct fault_kind fault_kinds[] = {
    {"delay", FAULT_WIRE, delay_apply, "answer ms later; before_ms: apply the request so much later"},
    {"reset_before", FAULT_WIRE, reset_before_apply, "RST after `at` bytes of the request body; nothing is applied"},
    {"refuse", FAULT_WIRE, refuse_apply, "RST, nothing is applied, and for `ms` new connections are refused"},
    {"reset_after", FAULT_WIRE, reset_after_apply, "applied; RST after `at` bytes of the answer (head included)"},
    {"close_after", FAULT_WIRE, close_after_apply, "applied; FIN after `at` bytes of the answer"},
    {"truncate", FAULT_WIRE, truncate_apply, "applied; the answer ends after `at` bytes, head included"},
    {"wrong_length", FAULT_WIRE, wrong_length_apply, "applied; Content-Length says `length`"},
    {"drip", FAULT_WIRE, drip_apply, "applied; `bytes` of the answer every `ms`"},
    {"status", FAULT_REFUSE, status_apply, "not applied; `code`, `message`, `html`, `retry_after` seconds"},
    {"redirect", FAULT_REFUSE, redirect_apply, "not applied; `code`, `location`"},
    {"status_after", FAULT_AFTER, status_apply, "applied; then like status"},
    {"error_200", FAULT_AFTER, error_200_apply, "applied; 200 with {error}"},
    {"empty_200", FAULT_AFTER, empty_apply, "applied; the answer's body is empty"},
    {"garbled", FAULT_AFTER, garble_apply, "applied; some bytes of the answer are garbage"},
    {"overlong", FAULT_AFTER, overlong_apply, "applied; `bytes` of blanks after the answer"},
    {"fewer_created", FAULT_AFTER, fewer_created_apply, "created_leads lacks its last `leads` entries"},
    {"wrong_counts", FAULT_AFTER, wrong_counts_apply, "leads_uploaded is off by `by`"},
    {"wrong_index", FAULT_AFTER, wrong_index_apply, "the indexes of created_leads are off by `by`"},
    {"odd_id", FAULT_AFTER, odd_id_apply, "the first created lead's id in capitals, or `id` in its place"},
    {"all_blocked", FAULT_AFTER, all_blocked_apply, "applied; the answer says that everybody is on the block list"},
    {"repeat_cursor", FAULT_AFTER, repeat_cursor_apply, "the cursor is the one that was asked for"},
    {"empty_cursor", FAULT_AFTER, empty_cursor_apply, "the cursor is an empty string"},
    {"endless_cursor", FAULT_AFTER, endless_cursor_apply, "the last page has a cursor to the first"},
    {"fresh_cursor", FAULT_AFTER, fresh_cursor_apply, "every page has new ids and a new cursor"},
    {"unknown_values", FAULT_AFTER, unknown_values_apply, "unknown fields, and status 17 in items"},
    {"revoke_key", FAULT_BEFORE, revoke_key_apply, "the request's key is gone"},
    {"revoke_key_after", FAULT_AFTER, revoke_key_apply, "the key is gone after this request"},
    {"campaign_status", FAULT_BEFORE, campaign_status_apply, "`campaign` (all active ones) gets `status` (2)"},
    {"plan_full", FAULT_BEFORE, plan_full_apply, "room in the plan for `left` more"},
    {"list_lag", FAULT_BEFORE, list_lag_apply, "from now on new rows appear in lists up to `s` seconds later"},
    {"unpaid", FAULT_BEFORE, unpaid_apply, "the workspace has no paid plan any more"},
    {"lead_deleted", FAULT_BEFORE, lead_deleted_apply, "somebody deletes the row of `email` (any)"},
    {"lead_moved", FAULT_BEFORE, lead_moved_apply, "somebody moves the row of `email` to `campaign` or `list`"},
    {"lead_added", FAULT_BEFORE, lead_added_apply, "somebody adds `email` to `campaign`"},
    {"stop", FAULT_BEFORE, stop_apply, "`event` (unsubscribed) happens to `email` (any)"},
    {"blocked", FAULT_BEFORE, blocked_apply, "somebody puts `email` (any) on the block list"},
};

const size_t fault_kinds_n = G_N_ELEMENTS(fault_kinds);
