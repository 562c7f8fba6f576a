/* Mails of the workspace: the only reading of Instantly's that knows a time to go on from, and the slowest. */
#include "instantly/private.h"

static void query_add(GString *query, const char *name, const char *value)
{
  g_autofree char *escaped = value ? g_uri_escape_string(value, NULL, FALSE) : NULL;
  if (escaped) g_string_append_printf(query, "&%s=%s", name, escaped);
}

/* Both tabs of the Unibox, oldest first, and no more of what was written than Instantly insists on. */
static char *query_of(const struct email_query *emails)
{
  g_autofree char *from = emails->from_us ? time_format_us(emails->from_us / SECOND_US * SECOND_US) : NULL;
  GString *query = g_string_new(NULL);
  g_string_append_printf(query, "limit=%d&mode=emode_all&preview_only=true&sort_order=asc", LIST_MAX_N);
  query_add(query, "email_type", emails->only_received ? "received" : NULL);
  query_add(query, "lead", emails->lead);
  query_add(query, "min_timestamp_created", from);
  query_add(query, "starting_after", emails->after);
  return g_string_free(query, FALSE);
}

bool emails_read(struct instantly *instantly, const struct email_query *emails, struct page *page, GError **error)
{
  struct client *client = client_of(instantly);
  g_autofree char *query = query_of(emails);
  struct ask ask = {.endpoint = ENDPOINT_EMAILS_LIST, .query = query};
  ask_prepare(&ask);
  struct call *call = &ask.call;
  call->own_rate = &client->emails_rate;
  call->answer_max_bytes = EMAILS_MAX_BYTES;
  net_perform(client->net, &call, 1);
  bool is_done = answer_is_good(call, endpoint_of(ask.endpoint), error);
  bool is_read = is_done && parse_emails_page(call->answer->str, call->answer->len, emails, page, error);
  if (is_done && !is_read) g_prefix_error(error, "%s %s: ", call->method, call->route);
  ask_clear(&ask);
  return is_read;
}
