#include "instantly/answer.h"
#include "instantly/parse.h"

#include "base/email.h"

#include <string.h>

/* Members of a lead that are taken over as they are (instantly-api 3.12). */
enum member_type { MEMBER_TEXT, MEMBER_INT, MEMBER_TIME };

static const struct member {
  const char *name;
  enum member_type type;
  size_t offset;
} members[] = {
    {"id", MEMBER_TEXT, offsetof(struct remote_lead, id)},
    {"email", MEMBER_TEXT, offsetof(struct remote_lead, email)},
    {"campaign", MEMBER_TEXT, offsetof(struct remote_lead, campaign_id)},
    {"list_id", MEMBER_TEXT, offsetof(struct remote_lead, list_id)},
    {"subsequence_id", MEMBER_TEXT, offsetof(struct remote_lead, subsequence_id)},
    {"status", MEMBER_INT, offsetof(struct remote_lead, status)},
    {"verification_status", MEMBER_INT, offsetof(struct remote_lead, verification)},
    {"email_open_count", MEMBER_INT, offsetof(struct remote_lead, opens)},
    {"email_click_count", MEMBER_INT, offsetof(struct remote_lead, clicks)},
    {"email_reply_count", MEMBER_INT, offsetof(struct remote_lead, replies)},
    {"timestamp_created", MEMBER_TIME, offsetof(struct remote_lead, created_at_us)},
    {"timestamp_updated", MEMBER_TIME, offsetof(struct remote_lead, updated_at_us)},
    {"timestamp_last_contact", MEMBER_TIME, offsetof(struct remote_lead, contacted_at_us)},
    {"timestamp_last_open", MEMBER_TIME, offsetof(struct remote_lead, opened_at_us)},
    {"timestamp_last_click", MEMBER_TIME, offsetof(struct remote_lead, clicked_at_us)},
    {"timestamp_last_reply", MEMBER_TIME, offsetof(struct remote_lead, replied_at_us)},
};

static void read_member(const cJSON *object, const struct member *member, struct page *page, struct remote_lead *row)
{
  void *target = (char *)row + member->offset;
  switch (member->type) {
  case MEMBER_TEXT: *(const char **)target = page_text(page, json_string(object, member->name)); break;
  case MEMBER_INT: json_int(object, member->name, target); break;
  case MEMBER_TIME: json_time_us(object, member->name, target); break;
  }
}

/* The last step stands in status_summary.lastStep, which may be {} or absent; last_step_* are its newer doubles. */
static void read_last_step(const cJSON *object, struct page *page, struct remote_lead *row)
{
  const cJSON *step = json_get(json_get(object, "status_summary"), "lastStep");
  const char *id = json_string(step, "stepID");
  const char *mailbox = json_string(step, "from");
  if (!id) id = json_string(object, "last_step_id");
  if (!mailbox) mailbox = json_string(object, "last_step_from");
  if (!mailbox) mailbox = json_string(object, "last_contacted_from");
  row->last_step = page_text(page, id);
  row->mailbox = page_text(page, mailbox);
  if (!json_time_us(step, "timestamp_executed", &row->last_step_at_us)) {
    json_time_us(object, "last_step_timestamp_executed", &row->last_step_at_us);
  }
  if (row->contacted_at_us == 0) row->contacted_at_us = row->last_step_at_us;
}

bool parse_lead(const cJSON *object, struct page *page, struct remote_lead *row, GError **error)
{
  *row = (struct remote_lead){0};
  int64_t status = 0;
  const char *id = json_string(object, "id");
  if (!id || id[0] == '\0' || !json_int(object, "status", &status)) {
    error_set(error, ERROR_CORRUPT, "a lead in the answer has no %s", id && id[0] != '\0' ? "status" : "id");
    return false;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
    read_member(object, &members[i], page, row);
  }
  row->has_interest = json_int(object, "lt_interest_status", &row->interest);
  const cJSON *payload = json_get(object, "payload");
  row->stamp = page_text(page, json_string(payload, "leadferry"));
  json_time_us(payload, "pause_until", &row->pause_until_us);
  read_last_step(object, page, row);
  g_autofree char *person = NULL;
  if (row->email && email_canonical(row->email, strlen(row->email), &person) == EMAIL_OK) {
    row->person = page_text(page, person);
  }
  return true;
}

/* What was asked for, as sets. */
struct asked {
  const char *campaign_id;
  GHashTable *ids;     /* NULL: not asked by id */
  GHashTable *persons; /* NULL: not asked by address */
  GHashTable *seen;    /* ids of this page */
};

static void asked_init(struct asked *asked, const struct list_query *query)
{
  *asked = (struct asked){.campaign_id = query->campaign_id, .seen = g_hash_table_new(g_str_hash, g_str_equal)};
  if (query->ids_n > 0) asked->ids = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < query->ids_n; i++) {
    g_hash_table_add(asked->ids, (gpointer)query->ids[i]);
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
