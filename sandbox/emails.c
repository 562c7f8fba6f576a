/* GET /emails: the mails that went out and the answers that came, read from the history. Newest first. */
#include "audit.h"
#include "base/clock.h"
#include "handlers.h"
#include "incoming.h"
#include "render.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

struct email_query {
  const struct person *lead; /* NULL: any */
  bool has_lead;
  const struct campaign *campaign;
  bool has_campaign;
  const char *type;
  int64_t from_ms;
  int64_t to_ms;
};

static bool is_sent(const struct history *entry)
{
  return entry->kind == HISTORY_SENT || entry->kind == HISTORY_SENT_SUBSEQUENCE;
}

static bool is_received(const struct history *entry)
{
  return entry->kind == HISTORY_REPLIED || entry->kind == HISTORY_AUTO_REPLIED;
}

static bool is_wanted(const struct email_query *query, const struct history *entry)
{
  if (!is_sent(entry) && !is_received(entry)) return false;
  if (query->has_lead && entry->person != query->lead) return false;
  if (query->has_campaign && (query->campaign == NULL || entry->campaign != query->campaign->handle)) return false;
  if (g_strcmp0(query->type, "sent") == 0 && !is_sent(entry)) return false;
  if (g_strcmp0(query->type, "received") == 0 && !is_received(entry)) return false;
  if (g_strcmp0(query->type, "manual") == 0) return false;
  return entry->at_ms >= query->from_ms && entry->at_ms <= query->to_ms;
}

static int64_t time_query(const struct request *request, const char *name, int64_t fallback)
{
  int64_t time_us = 0;
  return time_parse_us(request_query(request, name), &time_us) ? time_us / 1000 : fallback;
}

static struct email_query query_read(const struct world *world, const struct request *request)
{
  char email[EMAIL_BYTES];
  const char *lead = request_query(request, "lead");
  const char *campaign = request_query(request, "campaign_id");
  return (struct email_query){
      .has_lead = lead != NULL,
      .lead = lead != NULL && incoming_email(lead, email) ? store_person_find(world, email) : NULL,
      .has_campaign = campaign != NULL,
      .campaign = store_campaign(world, campaign),
      .type = request_query(request, "email_type"),
      .from_ms = time_query(request, "min_timestamp_created", 0),
      .to_ms = time_query(request, "max_timestamp_created", INT64_MAX),
  };
}

static struct uuid email_id(const struct world *world, guint index)
{
  const struct history *entry = &g_array_index(world->history, struct history, index);
  return uuid_make(entry->at_ms, index, hash_mix(world->seed, 77));
}

static void body_append(const struct history *entry, GString *out)
{
  const char *text = is_sent(entry)                        ? "Hello, a question."
                     : entry->kind == HISTORY_AUTO_REPLIED ? "I am out of the office."
                                                           : "Thanks for your mail.";
  json_append_key(out, "body");
  g_string_append_c(out, '{');
  json_append_str(out, "text", text);
  json_append_str(out, "html", text);
  g_string_append_c(out, '}');
  json_append_str(out, "content_preview", text);
  json_append_str(out, "subject", is_sent(entry) ? "Quick question" : "Re: Quick question");
}

/* A row that is gone, or out of its subsequence, leaves the campaign's first. */
static void subsequence_append(const struct world *world, const struct campaign *campaign, const struct lead *lead,
                               GString *out)
{
  const struct subsequence *subsequence = lead == NULL ? NULL : store_subsequence_at(world, lead->subsequence);
  if (subsequence == NULL && campaign != NULL && campaign->subsequences->len > 0)
    subsequence = campaign->subsequences->pdata[0];
  render_uuid(out, "subsequence_id", subsequence == NULL ? NULL : &subsequence->id);
}

static void email_append(const struct world *world, guint index, GString *out)
{
  const struct history *entry = &g_array_index(world->history, struct history, index);
  const struct campaign *campaign = store_campaign_at(world, entry->campaign);
  const struct lead *lead = store_row_in_campaign(entry->person, entry->campaign);
  struct uuid id = email_id(world, index);
  uint16_t mailbox = lead == NULL || lead->mailbox == 0 ? 1 : lead->mailbox;
  const char *account =
      mailbox > world->accounts->len ? "" : g_array_index(world->accounts, struct account, mailbox - 1U).email;
  g_string_append_c(out, '{');
  render_uuid(out, "id", &id);
  render_time(out, "timestamp_created", entry->at_ms);
  render_time(out, "timestamp_email", entry->at_ms);
  g_string_append_printf(out, ",\"message_id\":\"<%u@sandbox.example>\"", index);
  body_append(entry, out);
  json_append_str(out, "from_address_email", is_sent(entry) ? account : entry->person->email);
  json_append_str(out, "to_address_email_list", is_sent(entry) ? entry->person->email : account);
  render_uuid(out, "organization_id", &world->organization);
  render_uuid(out, "campaign_id", campaign == NULL ? NULL : &campaign->id);
  if (entry->kind == HISTORY_SENT_SUBSEQUENCE) subsequence_append(world, campaign, lead, out);
  render_uuid(out, "lead_id", lead == NULL ? NULL : &lead->id);
  json_append_str(out, "lead", entry->person->email);
  json_append_str(out, "eaccount", account);
  json_append_int(out, "ue_type", is_sent(entry) ? 1 : 2);
  json_append_int(out, "is_auto_reply", entry->kind == HISTORY_AUTO_REPLIED);
  json_append_int(out, "is_unread", !is_sent(entry));
  g_string_append_c(out, '}');
}

/* The cursor is the id of the last mail shown: its index stands in its counter bits. */
static guint index_of(const struct world *world, const char *cursor, guint fallback)
{
  struct uuid id;
  if (!uuid_parse(cursor, &id)) return fallback;
  guint index = (guint)(((id.hi & 0xfffU) << 20) | ((id.lo >> 42) & 0xfffffU));
  return index < world->history->len ? index : fallback;
}

void emails_list_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct page page;
  struct email_query query = query_read(world, request);
  bool is_ascending = g_strcmp0(request_query(request, "sort_order"), "asc") == 0;
  guint total = world->history->len;
  int64_t shown_n = 0;
  guint last = 0;
  if (!request_page(world, request, &page, reply)) return;
  guint after = page.after == NULL ? total : index_of(world, page.after, total);
  guint start = page.after == NULL ? 0 : is_ascending ? after + 1 : total - after;
  g_string_append(reply->body, "{\"items\":[");
  for (guint i = start; i < total && shown_n < page.limit && !page.is_empty; i++) {
    guint index = is_ascending ? i : total - 1 - i;
    if (!is_wanted(&query, &g_array_index(world->history, struct history, index))) continue;
    if (shown_n++ > 0) g_string_append_c(reply->body, ',');
    email_append(world, index, reply->body);
    last = index;
  }
  g_string_append_c(reply->body, ']');
  if (shown_n == page.limit) {
    struct uuid id = email_id(world, last);
    render_uuid(reply->body, "next_starting_after", &id);
  }
  g_string_append_c(reply->body, '}');
}
