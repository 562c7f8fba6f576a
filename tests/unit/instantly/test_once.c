/* One transmission: whatever byte of a creating call or of its answer the connection ends at, the server sees the call
 * at most once, and the caller learns no more than is true. All three endpoints that create. Each connection was used
 * before, for that is when libcurl sends a request again by itself.
 *
 * LEADFERRY_ONCE_STRIDE: every so many bytes only; for builds in which each takes long. */
#include "client_fixture.h"
#include "core/classify.h"
#include "samples.h"

#include <string.h>

#define LIST      "019ffad2-9c4c-7079-b87c-ef3272fbbdaf"
#define BYTES_MAX 4096

/* How a call ended, as its caller sees it. */
enum end { KNOWN, UNKNOWN, NOT_SENT };

struct endpoint {
  const char *name;
  const char *line;   /* how its request begins */
  const char *answer; /* a good one */
  enum end (*call)(struct client_fixture *fixture);
};

static enum end add(struct client_fixture *fixture, size_t claims_n)
{
  struct add_batch batch;
  g_autoptr(GError) error = NULL;
  sample_batch(&batch, claims_n);
  g_assert_true(fixture->instantly->ops->add_prepare(fixture->instantly, &batch, &error));
  fixture->instantly->ops->add_send(fixture->instantly, &batch, 1);
  bool is_explained = classify_add(&batch.answer, claims_n) == ANSWER_EXPLAINED;
  bool is_not_sent = batch.answer.reply.transport == TRANSPORT_NOT_SENT;
  add_batch_clear(&batch);
  return is_explained ? KNOWN : is_not_sent ? NOT_SENT : UNKNOWN;
}

static enum end call_bulk(struct client_fixture *fixture)
{
  return add(fixture, 2);
}

static enum end call_single(struct client_fixture *fixture)
{
  return add(fixture, 1);
}

static enum end call_move(struct client_fixture *fixture)
{
  static const char *const ids[] = {ID_A, ID_B};
  const struct lead_selection leads = {.campaign_id = CAMPAIGN, .ids = ids, .ids_n = 2};
  g_autoptr(GError) error = NULL;
  return fixture->instantly->ops->leads_move(fixture->instantly, &leads, LIST, &error) ? KNOWN : UNKNOWN;
}

static const struct endpoint endpoints[] = {
    {"leads_add", "POST /api/v2/leads/add ",
     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 311\r\n\r\n"
     "{\"status\":\"success\",\"total_sent\":2,\"leads_uploaded\":2,\"in_blocklist\":0,\"duplicated_leads\":0,"
     "\"skipped_count\":0,\"invalid_email_count\":0,\"incomplete_count\":0,\"duplicate_email_count\":0,"
     "\"created_leads\":[{\"index\":0,\"id\":\"" ID_A "\"},{\"index\":1,\"id\":\"" ID_B "\"}]}",
     call_bulk},
    {"leads", "POST /api/v2/leads ",
     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 157\r\n\r\n"
     "{\"id\":\"" ID_A "\",\"campaign\":\"" CAMPAIGN
     "\",\"email\":\"ann.lee@example.com\",\"payload\":{\"leadferry\":\"1:r.1\"}}",
     call_single},
    {"leads_move", "POST /api/v2/leads/move ",
     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n"
     "{\"id\":\"" ID_A "\",\"status\":\"success\"}",
     call_move},
};

static size_t bytes_of(const GPtrArray *seen, guint i)
{
  const struct seen_request *request = g_ptr_array_index(seen, i);
  return strlen(request->head) + request->body_bytes;
}

/* A question first, so that the connection is in use; then the call, which the step decides about. */
static enum end run(const struct endpoint *endpoint, const struct script_step *step, size_t *sent_bytes)
{
  const struct script_step steps[] = {{.body = "{\"items\":[]}"}, *step, {.answer = endpoint->answer}};
  const struct list_query query = {.campaign_id = CAMPAIGN};
  struct client_fixture fixture;
  struct page page;
  g_autoptr(GError) error = NULL;
  client_fixture_init(&fixture);
  if (endpoint->call == call_single) fixture.settings.export.endpoint = EXPORT_SINGLE;
  client_fixture_start(&fixture, steps, G_N_ELEMENTS(steps));
  page_init(&page, sizeof(struct remote_lead));
  g_assert_true(fixture.instantly->ops->list(fixture.instantly, &query, 1, &page, &error));
  page_clear(&page);
  enum end end = endpoint->call(&fixture);
  const GPtrArray *seen = scripted_server_seen(fixture.server);
  int whole_n = scripted_server_count(fixture.server, endpoint->line);
  *sent_bytes = seen->len > 1 ? bytes_of(seen, 1) : 0;
  for (guint i = 1; i + 1 < seen->len; i++) /* sent again: only what had no byte of a body yet */
    g_assert_cmpuint(((const struct seen_request *)g_ptr_array_index(seen, i))->body_bytes, ==, 0);
  if (seen->len > 3 || whole_n > 1) g_error("%s: sent %u times, %d whole", endpoint->name, seen->len - 1, whole_n);
  if (end == KNOWN) g_assert_cmpint(whole_n, ==, 1);
  if (end == NOT_SENT) g_assert_cmpint(whole_n, ==, 0);
  client_fixture_stop(&fixture);
  return end;
}

static size_t stride(void)
{
  const char *text = g_getenv("LEADFERRY_ONCE_STRIDE");
  return text != NULL ? (size_t)g_ascii_strtoull(text, NULL, 10) : 1;
}

/* The connection ends after each byte of the request, the last included. libcurl begins again on a new connection as
 * long as it has not asked for the body; run() sees to it that this is so. */
static void test_request(gconstpointer data)
{
  const struct endpoint *endpoint = data;
  const struct script_step whole = {.answer = endpoint->answer};
  size_t request_bytes = 0, sent_bytes = 0, runs_n = 0;
  g_assert_cmpint(run(endpoint, &whole, &request_bytes), ==, KNOWN);
  g_assert_cmpuint(request_bytes, >, 200);
  for (size_t at = 0; at <= request_bytes; at += stride()) {
    for (enum script_end how = END_CLOSE; how <= END_RESET; how++) {
      const struct script_step step = {.is_cut_short = true, .read_bytes = at, .end = how};
      enum end end = run(endpoint, &step, &sent_bytes);
      g_assert_cmpuint(sent_bytes, ==, at);
      if (at == request_bytes) g_assert_cmpint(end, ==, UNKNOWN);
      runs_n++;
    }
  }
  g_test_message("%zu bytes, %zu ends", request_bytes, runs_n);
}

/* The connection ends after each byte of the answer but the last. */
static void test_answer(gconstpointer data)
{
  const struct endpoint *endpoint = data;
  size_t sent_bytes = 0, answer_bytes = strlen(endpoint->answer), runs_n = 0;
  for (size_t at = 1; at < answer_bytes; at += stride()) {
    for (enum script_end how = END_CLOSE; how <= END_RESET; how++) {
      const struct script_step step = {.answer = endpoint->answer, .send_max_bytes = at, .end = how};
      enum end end = run(endpoint, &step, &sent_bytes);
      if (end != UNKNOWN) g_error("%s: %zu bytes of the answer were enough", endpoint->name, at);
      runs_n++;
    }
  }
  g_test_message("%zu bytes, %zu ends", answer_bytes, runs_n);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(endpoints); i++) {
    g_autofree char *request = g_strdup_printf("/instantly/once/%s/request", endpoints[i].name);
    g_autofree char *answer = g_strdup_printf("/instantly/once/%s/answer", endpoints[i].name);
    g_test_add_data_func(request, &endpoints[i], test_request);
    g_test_add_data_func(answer, &endpoints[i], test_answer);
  }
  return g_test_run();
}
