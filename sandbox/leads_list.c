/* POST /leads/list and GET /leads/{id}. */
#include "handlers.h"
#include "render.h"
#include "selector.h"
#include "store.h"

#include <string.h>

const struct field leads_list_fields[] = {
    {"search", FIELD_STRING, 0, 0, NULL},
    {"filter", FIELD_STRING, 0, 0, NULL},
    {"campaign", FIELD_UUID, 0, 0, NULL},
    {"list_id", FIELD_UUID, 0, 0, NULL},
    {"in_campaign", FIELD_BOOL, 0, 0, NULL},
    {"in_list", FIELD_BOOL, 0, 0, NULL},
    {"ids", FIELD_ARRAY | FIELD_UUID, 0, 0, NULL},
    {"excluded_ids", FIELD_ARRAY | FIELD_UUID, 0, 0, NULL},
    {"contacts", FIELD_ARRAY | FIELD_TEXTS, 0, 0, NULL},
    {"queries", FIELD_ARRAY, 0, 0, selector_query_fields},
    {"limit", FIELD_INTEGER, 1, 100, NULL},
    {"starting_after", FIELD_STRING, 0, 0, NULL},
    {"organization_user_ids", FIELD_ARRAY | FIELD_UUID, 0, 0, NULL},
    {"smart_view_id", FIELD_UUID, 0, 0, NULL},
    {"is_website_visitor", FIELD_BOOL, 0, 0, NULL},
    {"distinct_contacts", FIELD_BOOL, 0, 0, NULL},
    {"enrichment_status", FIELD_NUMBER, 0, 0, NULL},
    {"esg_code", FIELD_STRING, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

struct listing {
  struct world *world;
  GString *out;
  int64_t limit;
  int64_t shown_n;
  bool has_more;
  const struct lead *last;
};

/* Shows a row that fits. False when the page is full and there is no need to look on. */
static bool listing_show(struct listing *listing, const struct lead *lead)
{
  if (listing->shown_n == listing->limit) {
    listing->has_more = true;
    return false;
  }
  if (listing->shown_n++ > 0) g_string_append_c(listing->out, ',');
  render_lead(listing->world, lead, listing->out);
  listing->last = lead;
  /* With the quirk a full page always has a cursor: no need to find out whether there is more. */
  return listing->shown_n < listing->limit || !listing->world->quirks.is_on[QUIRK_LAST_CURSOR];
}

static bool listing_has_cursor(const struct listing *listing)
{
  return listing->has_more || (listing->shown_n == listing->limit && listing->world->quirks.is_on[QUIRK_LAST_CURSOR]);
}

static guint first_after(const GPtrArray *rows, const char *cursor)
{
  struct uuid id;
  if (cursor == NULL || !uuid_parse(cursor, &id)) return 0;
  return bucket_after(&(struct bucket){.rows = (GPtrArray *)(uintptr_t)rows}, &id);
}

static void rows_show(struct listing *listing, struct selector *selector, const char *cursor)
{
  const GPtrArray *rows = selector_rows(selector);
  for (guint i = first_after(rows, cursor); i < rows->len; i++) {
    const struct lead *lead = rows->pdata[i];
    if (i > 0 && lead == rows->pdata[i - 1]) continue;
    if (selector_matches(selector, lead) && !listing_show(listing, lead)) return;
  }
}

static int email_order(gconstpointer a, gconstpointer b)
{
  const struct lead *left = *(const struct lead *const *)a;
  const struct lead *right = *(const struct lead *const *)b;
  return strcmp(left->person->email, right->person->email);
}

/* distinct_contacts: one row per address, ordered by address, with the address as the cursor. */
static void contacts_show(struct listing *listing, struct selector *selector, const char *cursor)
{
  const GPtrArray *rows = selector_rows(selector);
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  for (guint i = 0; i < rows->len; i++) {
    struct lead *lead = rows->pdata[i];
    if (lead->person != NULL && selector_matches(selector, lead)) g_ptr_array_add(found, lead);
  }
  g_ptr_array_sort(found, email_order);
  const struct person *before = NULL;
  for (guint i = 0; i < found->len; i++) {
    const struct lead *lead = found->pdata[i];
    bool is_new = lead->person != before && (cursor == NULL || strcmp(lead->person->email, cursor) > 0);
    before = lead->person;
    if (is_new && !listing_show(listing, lead)) return;
  }
}

void leads_list_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const cJSON *body = request->json;
  struct listing listing = {.world = world, .out = reply->body, .limit = 10};
  struct selector selector;
  const char *cursor = json_string(body, "starting_after");
  bool is_distinct = cJSON_IsTrue(json_get(body, "distinct_contacts"));
  json_int(body, "limit", &listing.limit);
  if (cursor != NULL && *cursor == '\0') cursor = NULL;
  selector_read(&selector, world, body);
  g_string_append(reply->body, "{\"items\":[");
  if (is_distinct) {
    contacts_show(&listing, &selector, cursor);
  } else {
    rows_show(&listing, &selector, cursor);
  }
  selector_clear(&selector);
  g_string_append_c(reply->body, ']');
  if (listing_has_cursor(&listing)) {
    char id[UUID_TEXT_BYTES];
    uuid_format(&listing.last->id, id);
    json_append_str(reply->body, "next_starting_after", is_distinct ? listing.last->person->email : id);
  }
  g_string_append_c(reply->body, '}');
}

void lead_get_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const struct lead *lead = store_lead_text(world, request_param(request, 0));
  if (lead == NULL) {
    reply_not_found(reply);
    return;
  }
  render_lead(world, lead, reply->body);
}
