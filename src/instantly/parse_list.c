#include "instantly/answer.h"
#include "instantly/parse.h"

#include "base/email.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

#define INTEGER_MAX 9007199254740992.0

/* Members that decide more than one field, or that need a look of their own. */
struct lead_parts {
  const cJSON *status, *payload, *interest, *summary, *contacted_from, *step_from, *step_id, *step_at, *subsequence;
};

/* The members of a lead that are looked at (instantly-api 3.12), in the order in which Instantly writes them. A row is
 * walked once: 25 searches through its 45 members would cost a tenth of the whole reading. */
enum member_type { MEMBER_ID, MEMBER_TEXT, MEMBER_INT, MEMBER_TIME, MEMBER_PART };

static const struct member {
  const char *name;
  enum member_type type;
  size_t offset; /* in struct remote_lead, or for MEMBER_PART in struct lead_parts */
} members[] = {
    {"id", MEMBER_ID, offsetof(struct remote_lead, id)},
    {"timestamp_created", MEMBER_TIME, offsetof(struct remote_lead, created_at_us)},
    {"timestamp_updated", MEMBER_TIME, offsetof(struct remote_lead, updated_at_us)},
    {"campaign", MEMBER_ID, offsetof(struct remote_lead, campaign_id)},
    {"list_id", MEMBER_ID, offsetof(struct remote_lead, list_id)},
    {"status", MEMBER_PART, offsetof(struct lead_parts, status)},
    {"email", MEMBER_TEXT, offsetof(struct remote_lead, email)},
    {"payload", MEMBER_PART, offsetof(struct lead_parts, payload)},
    {"email_open_count", MEMBER_INT, offsetof(struct remote_lead, opens)},
    {"email_reply_count", MEMBER_INT, offsetof(struct remote_lead, replies)},
    {"email_click_count", MEMBER_INT, offsetof(struct remote_lead, clicks)},
    {"lt_interest_status", MEMBER_PART, offsetof(struct lead_parts, interest)},
    {"verification_status", MEMBER_INT, offsetof(struct remote_lead, verification)},
    {"timestamp_last_contact", MEMBER_TIME, offsetof(struct remote_lead, contacted_at_us)},
    {"timestamp_last_open", MEMBER_TIME, offsetof(struct remote_lead, opened_at_us)},
    {"timestamp_last_click", MEMBER_TIME, offsetof(struct remote_lead, clicked_at_us)},
    {"timestamp_last_reply", MEMBER_TIME, offsetof(struct remote_lead, replied_at_us)},
    {"status_summary", MEMBER_PART, offsetof(struct lead_parts, summary)},
    {"last_contacted_from", MEMBER_PART, offsetof(struct lead_parts, contacted_from)},
    {"last_step_from", MEMBER_PART, offsetof(struct lead_parts, step_from)},
    {"last_step_id", MEMBER_PART, offsetof(struct lead_parts, step_id)},
    {"last_step_timestamp_executed", MEMBER_PART, offsetof(struct lead_parts, step_at)},
    {"status_summary_subseq", MEMBER_PART, offsetof(struct lead_parts, subsequence)},
    {"subsequence_id", MEMBER_ID, offsetof(struct remote_lead, subsequence_id)},
};
G_STATIC_ASSERT(G_N_ELEMENTS(members) <= 32);

static bool integer_of(const cJSON *item, int64_t *value)
{
  bool is_integer =
      cJSON_IsNumber(item) && item->valuedouble == floor(item->valuedouble) && fabs(item->valuedouble) <= INTEGER_MAX;
  if (is_integer) *value = (int64_t)item->valuedouble;
  return is_integer;
}

/* Ids are compared by everybody, and their case says nothing. */
static const char *read_id(const cJSON *item, struct page *page)
{
  const char *text = cJSON_GetStringValue(item);
  if (!text) return NULL;
  g_autofree char *small = g_ascii_strdown(text, -1);
  return page_text(page, small);
}

static void read_member(const cJSON *item, const struct member *member, struct page *page, struct remote_lead *row,
                        struct lead_parts *parts)
{
  void *target = (char *)row + member->offset;
  switch (member->type) {
  case MEMBER_ID: *(const char **)target = read_id(item, page); break;
  case MEMBER_TEXT: *(const char **)target = page_text(page, cJSON_GetStringValue(item)); break;
  case MEMBER_INT: integer_of(item, target); break;
  case MEMBER_TIME: time_parse_us(cJSON_GetStringValue(item), target); break;
  case MEMBER_PART: *(const cJSON **)(void *)((char *)parts + member->offset) = item; break;
  }
}

/* The member of this name, looked for from the one after the last found; NULL for names that nobody looks at. */
static const struct member *member_of(const char *name, size_t *next)
{
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
    size_t at = (*next + i) % G_N_ELEMENTS(members);
    if (members[at].name[0] != name[0] || strcmp(members[at].name, name) != 0) continue;
    *next = at + 1;
    return &members[at];
  }
  return NULL;
}

/* Of a name that stands twice the first counts, as everywhere. */
static void read_members(const cJSON *object, struct page *page, struct remote_lead *row, struct lead_parts *parts)
{
  uint32_t seen = 0;
  size_t next = 0;
  const cJSON *item = NULL;
  cJSON_ArrayForEach(item, object)
  {
    const struct member *member = item->string ? member_of(item->string, &next) : NULL;
    if (!member) continue;
    uint32_t bit = UINT32_C(1) << (member - members);
    if ((seen & bit) == 0) read_member(item, member, page, row, parts);
    seen |= bit;
  }
}

/* The last step stands in status_summary.lastStep, which may be {} or absent; last_step_* are its newer doubles. */
static void read_last_step(const struct lead_parts *parts, struct page *page, struct remote_lead *row)
{
  const cJSON *step = json_get(parts->summary, "lastStep");
  const char *id = json_string(step, "stepID");
  const char *mailbox = json_string(step, "from");
  if (!id) id = cJSON_GetStringValue(parts->step_id);
  if (!mailbox) mailbox = cJSON_GetStringValue(parts->step_from);
  if (!mailbox) mailbox = cJSON_GetStringValue(parts->contacted_from);
  row->last_step = page_text(page, id);
  row->mailbox = page_text(page, mailbox);
  if (!json_time_us(step, "timestamp_executed", &row->last_step_at_us)) {
    time_parse_us(cJSON_GetStringValue(parts->step_at), &row->last_step_at_us);
  }
  if (row->contacted_at_us == 0) row->contacted_at_us = row->last_step_at_us;
}

/* Its time is spelt otherwise than the main sequence's. */
static void read_subsequence_step(const struct lead_parts *parts, struct page *page, struct remote_lead *row)
{
  row->subsequence_step = page_text(page, json_string(parts->subsequence, "stepID"));
  if (!json_time_us(parts->subsequence, "timestampExecuted", &row->subsequence_step_at_us))
    json_time_us(parts->subsequence, "timestamp_executed", &row->subsequence_step_at_us);
}

bool parse_lead(const cJSON *object, struct page *page, struct remote_lead *row, GError **error)
{
  *row = (struct remote_lead){0};
  struct lead_parts parts = {0};
  if (cJSON_IsObject(object)) read_members(object, page, row, &parts);
  bool has_id = text_is_uuid(row->id); /* another could not be asked about again */
  if (!has_id || !integer_of(parts.status, &row->status)) {
    error_set(error, ERROR_CORRUPT, "a lead in the answer has no %s", has_id ? "status" : "id");
    return false;
  }
  row->has_interest = integer_of(parts.interest, &row->interest);
  row->stamp = page_text(page, json_string(parts.payload, "leadferry"));
  json_time_us(parts.payload, "pause_until", &row->pause_until_us);
  read_last_step(&parts, page, row);
  read_subsequence_step(&parts, page, row);
  g_autofree char *person = NULL;
  if (row->email && email_canonical(row->email, strlen(row->email), &person) == EMAIL_OK) {
    row->person = page_text(page, person);
  }
  return true;
}

/* What was asked for, as sets. */
struct asked {
  const char *campaign_id;
  bool in_list;
  GHashTable *ids;     /* NULL: not asked by id */
  GHashTable *persons; /* NULL: not asked by address */
  GHashTable *seen;    /* ids of this page */
};

static void asked_init(struct asked *asked, const struct list_query *query)
{
  *asked = (struct asked){
      .campaign_id = query->campaign_id, .in_list = query->in_list, .seen = g_hash_table_new(g_str_hash, g_str_equal)};
  if (query->ids_n > 0) asked->ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (size_t i = 0; i < query->ids_n; i++) {
    g_hash_table_add(asked->ids, g_ascii_strdown(query->ids[i], -1));
  }
  if (query->contacts_n > 0) asked->persons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (size_t i = 0; i < query->contacts_n; i++) {
    char *person = NULL;
    if (email_canonical(query->contacts[i], strlen(query->contacts[i]), &person) == EMAIL_OK) {
      g_hash_table_add(asked->persons, person);
    }
  }
}

static void asked_clear(struct asked *asked)
{
  g_clear_pointer(&asked->ids, g_hash_table_unref);
  g_clear_pointer(&asked->persons, g_hash_table_unref);
  g_clear_pointer(&asked->seen, g_hash_table_unref);
}

/* Instantly ignores selectors that it does not know and answers with everybody (lessons A3, A4): no row is believed
 * unless it is one that was asked for. */
static const char *objection_to(const struct asked *asked, const struct remote_lead *row)
{
  const char *campaign_id = row->campaign_id ? row->campaign_id : "";
  if (asked->campaign_id && g_ascii_strcasecmp(campaign_id, asked->campaign_id) != 0) {
    return "is not in the campaign asked for";
  }
  if (asked->in_list && !row->list_id) return "is in no list";
  if (asked->ids && !g_hash_table_contains(asked->ids, row->id)) return "has an id that was not asked for";
  if (asked->persons && !(row->person && g_hash_table_contains(asked->persons, row->person))) {
    return "has an address that was not asked for";
  }
  return g_hash_table_add(asked->seen, (gpointer)row->id) ? NULL : "stands there twice";
}

static bool read_rows(const cJSON *items, struct asked *asked, struct page *page, GError **error)
{
  const cJSON *item = NULL;
  cJSON_ArrayForEach(item, items)
  {
    struct remote_lead row;
    if (!parse_lead(item, page, &row, error)) return false;
    const char *objection = objection_to(asked, &row);
    if (objection) {
      error_set(error, ERROR_CORRUPT, "a lead in the answer %s", objection);
      return false;
    }
    g_array_append_val(page->rows, row);
  }
  return true;
}

bool parse_list_page(const char *bytes, size_t length, const struct list_query *query, struct page *page,
                     GError **error)
{
  page_reset(page);
  g_autoptr(cJSON) tree = answer_parse(bytes, length, error);
  if (!tree) return false;
  const cJSON *items = json_array(tree, "items");
  if (!items) {
    error_set(error, ERROR_CORRUPT, "the answer has no array of items");
    return false;
  }
  struct asked asked;
  asked_init(&asked, query);
  bool is_good = read_rows(items, &asked, page, error);
  asked_clear(&asked);
  if (!is_good) return false;
  /* An empty page is the end, whatever cursor it carries; a last full page may carry one as well. */
  const char *next = json_string(tree, "next_starting_after");
  if (next && next[0] != '\0' && page->rows->len > 0) page->next = g_strdup(next);
  return true;
}
