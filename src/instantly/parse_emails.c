/* GET /emails: a page of mails, of which nothing is read that somebody wrote. */
#include "instantly/answer.h"
#include "instantly/parse.h"

#include "base/email.h"

#include <string.h>

/* Instantly's numbers for what a mail is. */
#define UE_TYPE_CAMPAIGN 1
#define UE_TYPE_RECEIVED 2

/* The canonical address, NULL for what is none. */
static const char *person_of(struct page *page, const char *address)
{
  g_autofree char *person = NULL;
  bool is_one = address && email_canonical(address, strlen(address), &person) == EMAIL_OK;
  return is_one ? page_text(page, person) : NULL;
}

static enum automatic automatic_of(const cJSON *object)
{
  int64_t value = 0;
  const cJSON *item = json_get(object, "is_auto_reply");
  if (cJSON_IsBool(item)) return cJSON_IsTrue(item) ? AUTOMATIC_YES : AUTOMATIC_NO;
  if (!json_int(object, "is_auto_reply", &value)) return AUTOMATIC_UNKNOWN;
  return value == 1 ? AUTOMATIC_YES : value == 0 ? AUTOMATIC_NO : AUTOMATIC_UNKNOWN;
}

/* What went out is no reply, whatever the filter was taken for: by its type, or sent from the workspace's own mailbox.
 */
static bool is_received(const cJSON *object)
{
  int64_t type = UE_TYPE_RECEIVED;
  const char *sender = json_string(object, "from_address_email");
  const char *own = json_string(object, "eaccount");
  bool is_own = sender && own && g_ascii_strcasecmp(sender, own) == 0;
  json_int(object, "ue_type", &type);
  return type == UE_TYPE_RECEIVED && !is_own;
}

/* Sent by a campaign, not by a person: by its type, which every mail has. */
static bool is_campaigns(const cJSON *object)
{
  int64_t type = 0;
  return json_int(object, "ue_type", &type) && type == UE_TYPE_CAMPAIGN;
}

/* Machines that report on mail, and answer for nobody. */
static bool is_machine(const char *address)
{
  static const char *const names[] = {"mailer-daemon@", "postmaster@"};
  for (size_t i = 0; address && i < G_N_ELEMENTS(names); i++)
    if (g_ascii_strncasecmp(address, names[i], strlen(names[i])) == 0) return true;
  return false;
}

static bool parse_email(const cJSON *object, struct page *page, struct remote_email *row, GError **error)
{
  const char *sender = json_string(object, "from_address_email");
  *row = (struct remote_email){.id = page_text(page, json_string(object, "id")),
                               .campaign_id = page_text(page, json_string(object, "campaign_id")),
                               .lead = person_of(page, json_string(object, "lead")),
                               .sender = person_of(page, sender),
                               .lead_id = page_text(page, json_string(object, "lead_id")),
                               .is_received = is_received(object),
                               .is_campaigns = is_campaigns(object),
                               .is_subsequence = json_string(object, "subsequence_id") != NULL,
                               .automatic = is_machine(sender) ? AUTOMATIC_YES : automatic_of(object)};
  bool has_id = row->id && row->id[0] != '\0';
  if (has_id && json_time_us(object, "timestamp_created", &row->created_at_us)) return true;
  error_set(error, ERROR_CORRUPT, "a mail in the answer has no %s", has_id ? "timestamp_created" : "id");
  return false;
}

/* No row is believed that was not asked for: selectors that Instantly does not know are ignored by it. */
static const char *objection_to(const struct email_query *query, const struct remote_email *row)
{
  bool is_lead = !query->lead || g_strcmp0(row->lead, query->lead) == 0 || g_strcmp0(row->sender, query->lead) == 0;
  if (!is_lead) return "is of another lead than asked for";
  if (query->from_us && row->created_at_us < query->from_us / SECOND_US * SECOND_US) return "is older than asked for";
  return query->after && strcmp(row->id, query->after) == 0 ? "stands on the page before" : NULL;
}

static bool read_rows(const cJSON *items, const struct email_query *query, struct page *page, GError **error)
{
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  const cJSON *item = NULL;
  cJSON_ArrayForEach(item, items)
  {
    struct remote_email row;
    if (!parse_email(item, page, &row, error)) return false;
    const char *objection = objection_to(query, &row);
    if (!objection && !g_hash_table_add(seen, (gpointer)row.id)) objection = "stands there twice";
    if (objection) {
      error_set(error, ERROR_CORRUPT, "a mail in the answer %s", objection);
      return false;
    }
    g_array_append_val(page->rows, row);
  }
  return true;
}

bool parse_emails_page(const char *bytes, size_t length, const struct email_query *query, struct page *page,
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
  if (!read_rows(items, query, page, error)) return false;
  const char *next = json_string(tree, "next_starting_after");
  bool is_circle = next && g_strcmp0(next, query->after) == 0 && page->rows->len > 0;
  if (is_circle) error_set(error, ERROR_CORRUPT, "the cursor goes in circles: the list has no end");
  if (next && next[0] != '\0' && page->rows->len > 0) page->next = g_strdup(next);
  return !is_circle;
}
