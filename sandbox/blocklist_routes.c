/* /block-lists-entries: one by one, in bulk, as CSV, and the DELETE that wipes. */
#include "blocklist.h"
#include "handlers.h"
#include "render.h"

#include <string.h>

const struct field block_create_fields[] = {
    {"bl_value", FIELD_STRING | FIELD_REQUIRED, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

const struct field block_patch_fields[] = {
    {"bl_value", FIELD_STRING, 0, 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

const struct field block_bulk_create_fields[] = {
    {"bl_values", FIELD_ARRAY | FIELD_TEXTS | FIELD_REQUIRED, 1, 1000, NULL},
    {NULL, 0, 0, 0, NULL},
};

const struct field block_bulk_delete_fields[] = {
    {"ids", FIELD_ARRAY | FIELD_TEXTS | FIELD_REQUIRED, 1, 1000, NULL},
    {NULL, 0, 0, 0, NULL},
};

static bool is_wanted(const struct request *request, const struct block_entry *entry)
{
  const char *search = request_query(request, "search");
  bool wants_domains = g_strcmp0(request_query(request, "domains_only"), "true") == 0;
  if (wants_domains && !entry->is_domain) return false;
  return search == NULL || strstr(entry->value, search) != NULL;
}

void block_list_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct page page;
  struct uuid after;
  const GPtrArray *entries = blocklist_all(world);
  const struct uuid *last = NULL;
  int64_t shown_n = 0;
  bool has_more = false;
  if (!request_page(world, request, &page, reply)) return;
  bool has_cursor = uuid_parse(page.after, &after);
  g_string_append(reply->body, "{\"items\":[");
  for (guint i = 0; i < entries->len && !page.is_empty; i++) {
    const struct block_entry *entry = entries->pdata[i];
    if (has_cursor && uuid_compare(&entry->id, &after) <= 0) continue;
    if (!is_wanted(request, entry)) continue;
    has_more = shown_n == page.limit;
    if (has_more) break;
    if (shown_n++ > 0) g_string_append_c(reply->body, ',');
    render_block_entry(world, entry, reply->body);
    last = &entry->id;
  }
  g_string_append_c(reply->body, ']');
  if (has_more || (shown_n == page.limit && world->quirks.is_on[QUIRK_LAST_CURSOR]))
    render_uuid(reply->body, "next_starting_after", last);
  g_string_append_c(reply->body, '}');
}

void block_create_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const struct block_entry *entry = blocklist_add(world, json_string(request->json, "bl_value"));
  if (entry == NULL) {
    reply_error(reply, 400, "Invalid blocklist value");
    return;
  }
  render_block_entry(world, entry, reply->body);
}

void block_bulk_create_handle(struct world *world, const struct request *request, struct reply *reply)
{
  int64_t valid_n = 0;
  int64_t invalid_n = 0;
  const cJSON *item;
  g_string_append(reply->body, "{\"items\":[");
  cJSON_ArrayForEach(item, json_array(request->json, "bl_values"))
  {
    const struct block_entry *entry = blocklist_add(world, item->valuestring);
    invalid_n += entry == NULL;
    if (entry == NULL) continue;
    if (valid_n++ > 0) g_string_append_c(reply->body, ',');
    render_block_entry(world, entry, reply->body);
  }
  g_string_append_c(reply->body, ']');
  json_append_int(reply->body, "valid_count", valid_n);
  json_append_int(reply->body, "invalid_count", invalid_n);
  g_string_append_c(reply->body, '}');
}

static void entry_delete(struct world *world, struct block_entry *entry, GString *out)
{
  if (out->str[out->len - 1] == '}') g_string_append_c(out, ',');
  render_block_entry(world, entry, out);
  blocklist_remove(world, entry);
}

void block_bulk_delete_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const cJSON *item;
  g_string_append_c(reply->body, '[');
  cJSON_ArrayForEach(item, json_array(request->json, "ids"))
  {
    struct block_entry *entry = blocklist_get(world, item->valuestring);
    if (entry != NULL) entry_delete(world, entry, reply->body);
  }
  g_string_append_c(reply->body, ']');
}

void block_wipe_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const GPtrArray *entries = blocklist_all(world);
  g_string_append_c(reply->body, '[');
  for (guint i = entries->len; i > 0; i--) {
    struct block_entry *entry = entries->pdata[i - 1];
    if (is_wanted(request, entry)) entry_delete(world, entry, reply->body);
  }
  g_string_append_c(reply->body, ']');
}

void block_download_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const GPtrArray *entries = blocklist_all(world);
  reply->content_type = "text/csv; charset=utf-8";
  g_string_append(reply->body, "Blocked Email,Date\r\n");
  for (guint i = 0; i < entries->len; i++) {
    const struct block_entry *entry = entries->pdata[i];
    if (!is_wanted(request, entry)) continue;
    g_autoptr(GString) line = g_string_new("{");
    render_time(line, "t", entry->created_ms);
    /* {"t":"2026-...Z" -> the time alone */
    g_string_append_printf(reply->body, "%s,%.24s\r\n", entry->value, line->str + strlen("{\"t\":\""));
  }
}

static struct block_entry *entry_of(const struct world *world, const struct request *request, struct reply *reply)
{
  struct block_entry *entry = blocklist_get(world, request_param(request, 0));
  if (entry == NULL) reply_not_found(reply);
  return entry;
}

void block_get_handle(struct world *world, const struct request *request, struct reply *reply)
{
  const struct block_entry *entry = entry_of(world, request, reply);
  if (entry != NULL) render_block_entry(world, entry, reply->body);
}

void block_patch_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct block_entry *entry = entry_of(world, request, reply);
  if (entry == NULL) return;
  const struct block_entry *changed = blocklist_change(world, entry, json_string(request->json, "bl_value"));
  if (changed == NULL) {
    reply_error(reply, 400, "Invalid blocklist value");
    return;
  }
  render_block_entry(world, changed, reply->body);
}

void block_delete_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct block_entry *entry = entry_of(world, request, reply);
  if (entry == NULL) return;
  render_block_entry(world, entry, reply->body);
  blocklist_remove(world, entry);
}
