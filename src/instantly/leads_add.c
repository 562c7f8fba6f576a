/* leads/add, and POST /leads where export.endpoint is `single`: both fill the same add_answer. */
#include "instantly/private.h"

#include "net/scrub.h"

#include "base/text.h"

static bool is_single(const struct client *client)
{
  return client->settings->export.endpoint == EXPORT_SINGLE;
}

/* What write_leads() needs. */
struct lead_rows {
  const struct lead_template *template;
  const GPtrArray *claims;
};

static void write_members(GString *out, const void *context)
{
  const struct lead_rows *rows = context;
  lead_body_append(out, rows->template, g_ptr_array_index(rows->claims, 0));
}

static void write_leads(GString *out, const void *context)
{
  const struct lead_rows *rows = context;
  g_string_append_c(out, '[');
  for (guint i = 0; i < rows->claims->len; i++) {
    if (i > 0) g_string_append_c(out, ',');
    g_string_append_c(out, '{');
    lead_body_append(out, rows->template, g_ptr_array_index(rows->claims, i));
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

static void write_bulk(const struct client *client, struct add_batch *batch, const struct lead_rows *rows)
{
  const struct export_settings *settings = &client->settings->export;
  const struct endpoint *endpoint = endpoint_of(ENDPOINT_LEADS_ADD);
  struct leads_add_body body = {
      .campaign_id = batch->campaign_id,
      .leads = {write_leads, rows},
      .skip_if_in_workspace = settings->skip_if_in_workspace,
      .skip_if_in_campaign = settings->skip_if_in_campaign,
      .verify_leads_on_import = settings->verify_leads_on_import,
  };
  body_append(batch->body, endpoint->fields, endpoint->fields_n, &body);
}

static void write_single(const struct client *client, struct add_batch *batch, const struct lead_rows *rows)
{
  const struct export_settings *settings = &client->settings->export;
  const struct endpoint *endpoint = endpoint_of(ENDPOINT_LEAD_CREATE);
  struct lead_create_body body = {
      .campaign = batch->campaign_id,
      .lead = {write_members, rows},
      .skip_if_in_workspace = settings->skip_if_in_workspace,
      .skip_if_in_campaign = settings->skip_if_in_campaign,
      .verify_leads_on_import = settings->verify_leads_on_import,
  };
  body_append(batch->body, endpoint->fields, endpoint->fields_n, &body);
}

/* Refusals here are the caller's cue to split: with the single endpoint every batch has one lead. */
bool leads_add_prepare(struct instantly *instantly, struct add_batch *batch, GError **error)
{
  struct client *client = client_of(instantly);
  guint claims_n = batch->claims->len;
  guint claims_max = is_single(client) ? 1 : IDS_MAX_N;
  if (claims_n == 0 || claims_n > claims_max) {
    error_set(error, ERROR_REJECTED, "a request takes 1 to %u leads, not %u: split the batch", claims_max, claims_n);
    return false;
  }
  struct lead_rows rows = {&client->lead, batch->claims};
  g_string_truncate(batch->body, 0);
  if (is_single(client))
    write_single(client, batch, &rows);
  else
    write_bulk(client, batch, &rows);
  if (batch->body->len > BODY_MAX_BYTES) {
    error_set(error, ERROR_REJECTED, "the request would be %zu bytes, the limit is %zu: split the batch",
              batch->body->len, BODY_MAX_BYTES);
    return false;
  }
  uint8_t digest[SHA256_BYTES];
  sha256(batch->body->str, batch->body->len, digest);
  g_autofree char *hex = hex_encode(digest, sizeof digest);
  g_strlcpy(batch->body_hash, hex, sizeof batch->body_hash);
  return true;
}

/* Only a 200 is parsed as an answer; of everything else the words are kept for people. */
static void read_answer(const struct client *client, struct add_batch *batch, struct call *call)
{
  struct add_answer *answer = &batch->answer;
  g_clear_pointer(&answer->created, g_array_unref);
  *answer = (struct add_answer){.reply = call->reply, .remaining_in_plan = -1};
  bool is_answer = call->reply.transport == TRANSPORT_ANSWERED && call->reply.status == 200 && !call->is_html;
  if (is_answer && is_single(client))
    parse_create_answer(call->answer->str, call->answer->len, batch, answer);
  else if (is_answer)
    parse_add_answer(call->answer->str, call->answer->len, batch, answer);
  if (is_answer && answer->is_success) return;
  answer_describe(call);
  answer->reply.is_json = call->reply.is_json;
  g_autofree char *words = net_scrub(call->reply.message);
  g_strlcpy(answer->reply.message, words, sizeof answer->reply.message);
}

void leads_add_send(struct instantly *instantly, struct add_batch *batches, size_t batches_n)
{
  struct client *client = client_of(instantly);
  const struct endpoint *endpoint = endpoint_of(is_single(client) ? ENDPOINT_LEAD_CREATE : ENDPOINT_LEADS_ADD);
  g_autofree struct call *calls = g_new0(struct call, batches_n);
  g_autofree struct call **pointers = g_new0(struct call *, batches_n);
  for (size_t i = 0; i < batches_n; i++) {
    call_init(&calls[i], endpoint->kind, endpoint->method, endpoint->route);
    calls[i].path = g_strdup(endpoint->route);
    calls[i].body = batches[i].body;
    pointers[i] = &calls[i];
  }
  net_perform(client->net, pointers, batches_n);
  for (size_t i = 0; i < batches_n; i++) {
    read_answer(client, &batches[i], &calls[i]);
    call_clear(&calls[i]);
  }
}
