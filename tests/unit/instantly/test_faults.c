/* The fault matrix of the client: each endpoint x each way in which an answer can go wrong, with the kind of error that
 * must come out, and the creating ones transmitted once. */
#include "client_fixture.h"
#include "instantly/leads.h"
#include "samples.h"

#include <string.h>

struct fault {
  const char *name;
  struct script_step step;
  enum error_kind kind;
};

#define ENVELOPE(status, word)                                                                                         \
  "{\"statusCode\":" #status ",\"error\":\"" word "\",\"message\":\"for joe@corp.example\"}"

static const struct fault faults[] = {
    {"reset", {.answer = "", .end = END_RESET}, ERROR_TRANSIENT},
    {"closed", {.answer = "", .end = END_CLOSE}, ERROR_TRANSIENT},
    {"garbage", {.answer = "\x01\x02\r\n\r\n", .end = END_CLOSE}, ERROR_TRANSIENT},
    {"short", {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", .end = END_CLOSE}, ERROR_TRANSIENT},
    {"500 as HTML", {.status = 500, .headers = "Content-Type: text/html\r\n", .body = "<html>"}, ERROR_TRANSIENT},
    {"503", {.status = 503, .body = ENVELOPE(503, "Unavailable")}, ERROR_TRANSIENT},
    {"429", {.status = 429, .body = ENVELOPE(429, "Too Many Requests")}, ERROR_RATE_LIMITED},
    {"401", {.status = 401, .body = ENVELOPE(401, "Unauthorized")}, ERROR_AUTH},
    {"402", {.status = 402, .body = ENVELOPE(402, "Payment Required")}, ERROR_AUTH},
    {"403", {.status = 403, .body = ENVELOPE(403, "Forbidden")}, ERROR_AUTH},
    {"404", {.status = 404, .body = ENVELOPE(404, "Not Found")}, ERROR_NOT_FOUND},
    {"400", {.status = 400, .body = ENVELOPE(400, "Bad Request")}, ERROR_REJECTED},
    {"302", {.status = 302, .headers = "Location: /\r\n"}, ERROR_REJECTED},
    {"HTML in a 200", {.headers = "Content-Type: text/html\r\n", .body = "<html>"}, ERROR_CORRUPT},
    {"JSON cut off", {.body = "{\"id\":\"x"}, ERROR_CORRUPT},
    {"nothing in a 200", {.body = ""}, ERROR_CORRUPT},
    {"an error in a 200", {.body = "{\"error\":\"ACC_X joe@corp.example\"}"}, ERROR_REJECTED},
};

static const char *const one_id[] = {ID_A};
static const struct lead_selection one_lead = {CAMPAIGN, one_id, 1};

static bool try_list(struct instantly *instantly, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  struct list_query query = {.campaign_id = CAMPAIGN};
  bool is_done = instantly->ops->list(instantly, &query, 1, &page, error);
  page_clear(&page);
  return is_done;
}

static bool try_lead(struct instantly *instantly, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  bool is_done = instantly_lead_get(instantly, ID_A, &page, error);
  page_clear(&page);
  return is_done;
}

static bool try_delete(struct instantly *instantly, GError **error)
{
  int64_t count = 0;
  return instantly->ops->leads_delete(instantly, &one_lead, &count, error);
}

static bool try_move(struct instantly *instantly, GError **error)
{
  return instantly->ops->leads_move(instantly, &one_lead, OTHER, error);
}

static bool try_subsequence_remove(struct instantly *instantly, GError **error)
{
  return instantly->ops->subsequence_remove(instantly, ID_A, error);
}

static bool try_campaign(struct instantly *instantly, GError **error)
{
  struct remote_campaign campaign;
  remote_campaign_init(&campaign);
  bool is_done = instantly->ops->campaign_get(instantly, CAMPAIGN, &campaign, error);
  remote_campaign_clear(&campaign);
  return is_done;
}

static bool try_activate(struct instantly *instantly, GError **error)
{
  return instantly->ops->campaign_activate(instantly, CAMPAIGN, error);
}

static bool try_pause(struct instantly *instantly, GError **error)
{
  return instantly->ops->campaign_pause(instantly, CAMPAIGN, error);
}

static bool try_sending_status(struct instantly *instantly, GError **error)
{
  g_autofree char *reason = NULL;
  return instantly->ops->sending_status(instantly, CAMPAIGN, &reason, error);
}

static bool try_subsequence(struct instantly *instantly, GError **error)
{
  struct remote_subsequence subsequence;
  return instantly->ops->subsequence_get(instantly, OTHER, &subsequence, error);
}

static bool try_analytics(struct instantly *instantly, GError **error)
{
  static const char *const ids[] = {CAMPAIGN};
  struct page page;
  page_init(&page, sizeof(struct campaign_metric));
  bool is_done = instantly->ops->analytics(instantly, ids, 1, &page, error);
  page_clear(&page);
  return is_done;
}

static bool try_steps(struct instantly *instantly, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct campaign_metric));
  bool is_done = instantly->ops->analytics_steps(instantly, CAMPAIGN, &page, error);
  page_clear(&page);
  return is_done;
}

static bool try_emails(struct instantly *instantly, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct remote_email));
  bool is_done = instantly->ops->emails_read(instantly, &(struct email_query){.only_received = true}, &page, error);
  page_clear(&page);
  return is_done;
}

static bool try_blocklist_add(struct instantly *instantly, GError **error)
{
  static const char *const values[] = {"a.example"};
  return instantly->ops->blocklist_add(instantly, values, 1, error);
}

static bool try_blocklist_remove(struct instantly *instantly, GError **error)
{
  return instantly->ops->blocklist_remove(instantly, "a.example", error);
}

static bool try_plan(struct instantly *instantly, GError **error)
{
  struct plan_details plan;
  return instantly->ops->plan(instantly, &plan, error);
}

static bool try_workspace(struct instantly *instantly, GError **error)
{
  struct workspace_info info;
  return instantly->ops->workspace(instantly, &info, error);
}

static bool try_campaigns(struct instantly *instantly, GError **error)
{
  g_autoptr(GPtrArray) campaigns = NULL;
  return instantly_campaigns_list(instantly, &campaigns, error);
}

static const struct {
  const char *name;
  bool (*call)(struct instantly *, GError **);
  bool is_sent_once;
} endpoints[] = {
    {"leads/list", try_list, false},
    {"lead", try_lead, false},
    {"delete", try_delete, false},
    {"move", try_move, true},
    {"subsequence/remove", try_subsequence_remove, false},
    {"campaign", try_campaign, false},
    {"activate", try_activate, false},
    {"pause", try_pause, false},
    {"sending-status", try_sending_status, false},
    {"subsequence", try_subsequence, false},
    {"analytics", try_analytics, false},
    {"steps", try_steps, false},
    {"emails", try_emails, false},
    {"block list", try_blocklist_add, false},
    {"off the block list", try_blocklist_remove, false},
    {"plan", try_plan, false},
    {"workspace", try_workspace, false},
    {"campaigns", try_campaigns, false},
};

static void check_cell(size_t endpoint, const struct fault *fault)
{
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, &fault->step, 1);
  g_autoptr(GError) error = NULL;
  bool is_done = endpoints[endpoint].call(fixture.instantly, &error);
  if (is_done) g_error("%s x %s: succeeded", endpoints[endpoint].name, fault->name);
  if (!error_is(error, fault->kind)) {
    g_error("%s x %s: %s: %s", endpoints[endpoint].name, fault->name, error_kind_name(error_kind_of(error)),
            error->message);
  }
  g_assert_null(strchr(error->message, '@'));
  if (endpoints[endpoint].is_sent_once) g_assert_cmpuint(scripted_server_seen(fixture.server)->len, ==, 1);
  client_fixture_stop(&fixture);
}

static void test_matrix(void)
{
  for (size_t endpoint = 0; endpoint < G_N_ELEMENTS(endpoints); endpoint++) {
    for (size_t fault = 0; fault < G_N_ELEMENTS(faults); fault++) {
      check_cell(endpoint, &faults[fault]);
    }
  }
  g_test_message("%zu cells", G_N_ELEMENTS(endpoints) * G_N_ELEMENTS(faults));
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/instantly/faults/matrix", test_matrix);
  return g_test_run();
}
