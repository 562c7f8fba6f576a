#include "instantly/answer.h"
#include "instantly/parse.h"

#include "base/email.h"
#include "base/text.h"
#include "core/settle.h"

#include <string.h>

/* The counters of leads/add (instantly-api 2.4); all are required. */
static const struct {
  const char *name;
  size_t offset;
} counters[] = {
    {"total_sent", offsetof(struct add_answer, total_sent)},
    {"leads_uploaded", offsetof(struct add_answer, uploaded)},
    {"in_blocklist", offsetof(struct add_answer, in_blocklist)},
    {"duplicated_leads", offsetof(struct add_answer, duplicated)},
    {"skipped_count", offsetof(struct add_answer, skipped)},
    {"invalid_email_count", offsetof(struct add_answer, invalid)},
    {"incomplete_count", offsetof(struct add_answer, incomplete)},
    {"duplicate_email_count", offsetof(struct add_answer, duplicate_email)},
};

/* Does an echoed address name this claim's person? One that is absent is no contradiction. */
static bool email_matches(const cJSON *row, const struct claim *claim)
{
  const char *email = json_string(row, "email");
  if (!email) return !cJSON_IsString(json_get(row, "email"));
  g_autofree char *person = NULL;
  return email_canonical(email, strlen(email), &person) == EMAIL_OK && strcmp(person, claim->person) == 0;
}

/* An id that no later question could name is none; of one in capitals the small letters count. */
static bool take_id(const char *id, struct created_lead *created)
{
  if (!text_is_uuid(id) || strlen(id) >= sizeof created->id) return false;
  g_autofree char *small = g_ascii_strdown(id, -1);
  g_strlcpy(created->id, small, sizeof created->id);
  return true;
}

/* A row that cannot be read keeps index -1, which no claim has: the answer is not explained then. */
static struct created_lead parse_created(const cJSON *row, const struct add_batch *batch)
{
  struct created_lead created = {.index = -1};
  int64_t index;
  if (!take_id(json_string(row, "id"), &created) || !json_int(row, "index", &index)) return created;
  created.index = index;
  bool is_in_range = created.index >= 0 && created.index < (int64_t)batch->claims->len;
  if (is_in_range) created.email_matches = email_matches(row, g_ptr_array_index(batch->claims, (guint)created.index));
  return created;
}

static GArray *created_new(void)
{
  return g_array_new(FALSE, TRUE, sizeof(struct created_lead));
}

void parse_add_answer(const char *bytes, size_t length, const struct add_batch *batch, struct add_answer *answer)
{
  g_autoptr(cJSON) tree = json_parse_flat(bytes, length, NULL);
  answer->reply.is_json = cJSON_IsObject(tree) || cJSON_IsArray(tree);
  answer->is_success = g_strcmp0(json_string(tree, "status"), "success") == 0;
  for (size_t i = 0; i < G_N_ELEMENTS(counters); i++) {
    int64_t *value = &G_STRUCT_MEMBER(int64_t, answer, counters[i].offset);
    answer->is_success = json_int(tree, counters[i].name, value) && answer->is_success;
  }
  if (!json_int(tree, "remaining_in_plan", &answer->remaining_in_plan)) answer->remaining_in_plan = -1;
  const cJSON *rows = json_array(tree, "created_leads");
  answer->is_success = answer->is_success && rows;
  g_clear_pointer(&answer->created, g_array_unref);
  answer->created = created_new();
  const cJSON *row = NULL;
  cJSON_ArrayForEach(row, rows)
  {
    struct created_lead created = parse_created(row, batch);
    g_array_append_val(answer->created, created);
  }
}

void parse_create_answer(const char *bytes, size_t length, const struct add_batch *batch, struct add_answer *answer)
{
  g_clear_pointer(&answer->created, g_array_unref);
  answer->created = created_new();
  answer->remaining_in_plan = -1;
  g_autoptr(cJSON) tree = json_parse(bytes, length, NULL);
  answer->reply.is_json = cJSON_IsObject(tree) || cJSON_IsArray(tree);
  if (batch->claims->len != 1) return;
  const struct claim *claim = g_ptr_array_index(batch->claims, 0);
  struct created_lead created = {.index = 0, .email_matches = true};
  const char *campaign = json_string(tree, "campaign");
  bool is_ours = take_id(json_string(tree, "id"), &created) && campaign &&
                 g_ascii_strcasecmp(campaign, batch->campaign_id) == 0 && json_string(tree, "email") &&
                 email_matches(tree, claim);
  if (!is_ours) return;
  g_autofree char *stamp = claim_stamp(claim);
  bool is_created = g_strcmp0(json_string(json_get(tree, "payload"), "leadferry"), stamp) == 0;
  answer->is_success = true;
  answer->total_sent = 1;
  answer->uploaded = is_created ? 1 : 0;
  answer->duplicated = is_created ? 0 : 1;
  if (!is_created) return;
  g_array_append_val(answer->created, created);
}
