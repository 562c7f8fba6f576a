/* What bad input gets: kind and sentence of each failure, at opening and when asking. */
#include "base/log.h"
#include "client_fixture.h"
#include "instantly/answer.h"
#include "net/scrub.h"
#include "samples.h"

#include <string.h>

/* ---- opening ---- */

static void check_open(struct client_fixture *fixture, const char *part)
{
  g_autoptr(GError) error = NULL;
  struct instantly *instantly = instantly_open(&fixture->settings, &fixture->clock, NULL, NULL, &error);
  g_assert_null(instantly);
  g_assert_true(error_is(error, ERROR_CONFIG));
  if (!strstr(error->message, part)) g_error("no \"%s\" in: %s", part, error->message);
  settings_clear(&fixture->settings);
}

static void test_open(void)
{
  static const struct {
    const char *base_url;
    const char *key;
    const char *field;
    const char *variable;
    const char *part;
  } rows[] = {
      {"http://api.instantly.ai", "k-1234567", NULL, NULL, "https"},
      {"https://evil.example", "k-1234567", NULL, NULL, "allow_custom_endpoint"},
      {"https://api.instantly.ai", "", NULL, NULL, "api_key"},
      {"https://api.instantly.ai", "abc\r\nX-Evil: 1", NULL, NULL, "line break"},
      {"https://api.instantly.ai", "k-1234567", "job_titel", NULL, "did you mean job_title?"},
      {"https://api.instantly.ai", "k-1234567", "lt_interest_status", NULL, "no field"},
      {"https://api.instantly.ai", "k-1234567", NULL, "campaign_id", "campaign_id"},
      {"https://api.instantly.ai", "k-1234567", NULL, "leadferry", "leadferry"},
      {"https://api.instantly.ai", "k-1234567", NULL, "a}}b", "merge tag"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct client_fixture fixture;
    client_fixture_init(&fixture);
    g_free(fixture.settings.instantly.api_key);
    fixture.settings.instantly.api_key = g_strdup(rows[i].key);
    fixture.settings.instantly.base_url = g_strdup(rows[i].base_url);
    if (rows[i].field) client_fixture_map(fixture.settings.export.fields, rows[i].field, "x");
    if (rows[i].variable) client_fixture_map(fixture.settings.export.custom_variables, rows[i].variable, "x");
    check_open(&fixture, rows[i].part);
  }
}

/* ---- asking ---- */

#define ENVELOPE(status, word, text) "{\"statusCode\":" #status ",\"error\":\"" word "\",\"message\":\"" text "\"}"

static const struct {
  const char *name;
  struct script_step step;
  enum error_kind kind;
  const char *part;
} ask_cases[] = {
    {"401", {.status = 401, .body = ENVELOPE(401, "Unauthorized", "Missing")}, ERROR_AUTH, "instantly.api_key"},
    {"402", {.status = 402, .body = ENVELOPE(402, "Payment Required", "no plan")}, ERROR_AUTH, "plan"},
    {"403", {.status = 403, .body = ENVELOPE(403, "Forbidden", "no")}, ERROR_AUTH, "campaigns:read"},
    {"403 as HTML", {.status = 403, .headers = "Content-Type: text/html\r\n", .body = "<html>"}, ERROR_AUTH, "edge"},
    {"404",
     {.status = 404, .body = ENVELOPE(404, "Not Found", "Resource not found")},
     ERROR_NOT_FOUND,
     "GET /api/v2/campaigns/{id}"},
    {"429",
     {.status = 429, .body = ENVELOPE(429, "Too Many Requests", "Rate")},
     ERROR_RATE_LIMITED,
     "requests_per_second"},
    {"500", {.status = 500, .body = "<html>"}, ERROR_TRANSIENT, "500"},
    {"418", {.status = 418, .body = "{}"}, ERROR_REJECTED, "418"},
    {"a redirect", {.status = 302, .headers = "Location: http://127.0.0.1:1/\r\n"}, ERROR_REJECTED, "base_url"},
    {"only an error word", {.status = 400, .body = "{\"error\":\"Invalid id\"}"}, ERROR_REJECTED, "Invalid id"},
    {"HTML in a 200", {.headers = "Content-Type: text/html\r\n", .body = "<html>"}, ERROR_CORRUPT, "HTML"},
    {"truncated JSON", {.body = "{\"id\":\"" CAMPAIGN "\",\"sta"}, ERROR_CORRUPT, "JSON"},
    {"an error in a 200",
     {.body = "{\"error\":\"ACC_X for joe@corp.example\"}"},
     ERROR_REJECTED,
     "ACC_X for [address]"},
    {"an address in the words",
     {.status = 400, .body = ENVELOPE(400, "Bad", "joe@corp.example is \\u0001 bad")},
     ERROR_REJECTED,
     "[address] is"},
    {"a reset", {.answer = "", .end = END_RESET}, ERROR_TRANSIENT, "gave no whole answer"},
};

static void test_ask(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(ask_cases); i++) {
    struct client_fixture fixture;
    client_fixture_init(&fixture);
    client_fixture_start(&fixture, &ask_cases[i].step, 1);
    struct remote_campaign campaign;
    remote_campaign_init(&campaign);
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture.instantly->ops->campaign_get(fixture.instantly, CAMPAIGN, &campaign, &error));
    g_test_message("%s: %s", ask_cases[i].name, error->message);
    g_assert_cmpstr(error_kind_name(error_kind_of(error)), ==, error_kind_name(ask_cases[i].kind));
    if (!strstr(error->message, ask_cases[i].part)) g_error("no \"%s\" in: %s", ask_cases[i].part, error->message);
    g_assert_null(strchr(error->message, '@'));
    g_assert_null(strstr(error->message, "key-0123456789"));
    remote_campaign_clear(&campaign);
    client_fixture_stop(&fixture);
  }
}

/* A creating call's failure comes as a reply, not as an error; its words are scrubbed as well. */
static void test_add_refused(void)
{
  static const struct script_step steps[] = {
      {.status = 400, .body = ENVELOPE(400, "Bad Request", "joe@corp.example refused")},
      {.status = 200, .headers = "Content-Type: text/html\r\n", .body = "<html>joe@corp.example</html>"},
      {.status = 200, .body = "{\"status\":\"success\"}"},
  };
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, G_N_ELEMENTS(steps));
  for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
    struct add_batch batch;
    sample_batch(&batch, 2);
    g_assert_true(fixture.instantly->ops->add_prepare(fixture.instantly, &batch, NULL));
    fixture.instantly->ops->add_send(fixture.instantly, &batch, 1);
    g_assert_cmpint(batch.answer.reply.transport, ==, TRANSPORT_ANSWERED);
    g_assert_cmpint(batch.answer.reply.status, ==, steps[i].status);
    g_assert_cmpint(batch.answer.reply.is_json, ==, i != 1);
    g_assert_false(batch.answer.is_success);
    g_assert_null(strchr(batch.answer.reply.message, '@'));
    add_batch_clear(&batch);
  }
  client_fixture_stop(&fixture);
}

static void test_scrub(void)
{
  static const struct {
    const char *raw;
    const char *scrubbed;
  } rows[] = {
      {NULL, ""},
      {"plain words", "plain words"},
      {"lead a@b.example exists", "lead [address] exists"},
      {"a%40b.example a&#64;b", "[address] [address]"},
      {"line\nbreak\ttab", "line break tab"},
      {"<a@b.example>,c@d.example", "[address]"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *scrubbed = net_scrub(rows[i].raw);
    g_assert_cmpstr(scrubbed, ==, rows[i].scrubbed);
  }
  g_autofree char *long_text = g_strnfill(1000, 'x');
  g_autofree char *cut = net_scrub(long_text);
  g_assert_cmpuint(strlen(cut), ==, SCRUB_MAX_BYTES);
  g_autoptr(GString) many = g_string_new("x");
  for (int i = 0; i < 200; i++) {
    g_string_append(many, "\xc3\xa4");
  }
  g_autofree char *cut_at_edge = net_scrub(many->str);
  g_assert_true(g_utf8_validate(cut_at_edge, -1, NULL));
}

/* What an answer quotes of our key or of the request's values does not come through; names of fields do. */
static void test_words_of_ours(void)
{
  log_add_secret("key-0123456789");
  g_autofree char *without_key = net_scrub("bad key-0123456789, xkey-0123456789y");
  g_assert_cmpstr(without_key, ==, "bad [redacted], x[redacted]y");
  g_autoptr(GString) body =
      g_string_new("{\"leads\":[{\"first_name\":\"Zaphod\",\"company_name\":\"M\u00e4rz Ltd.\"}]}");
  struct call call;
  call_init(&call, CALL_READ, "POST", "/api/v2/leads/add");
  call.body = body;
  call.reply.transport = TRANSPORT_ANSWERED;
  call.answer = g_string_new("{\"message\":\"body/leads/0/first_name 'ZAPHOD' of M\u00e4rz is no string; leads\"}");
  answer_describe(&call);
  g_assert_cmpstr(call.reply.message, ==, "body/leads/0/first_name '[sent]' of [sent] is no string; leads");
  call_clear(&call);
}

/* An id that could leave its place in the path is not asked for. */
static void test_bad_ids(void)
{
  static const struct script_step step = {.body = "{}"};
  static const char *const ids[] = {"../workspaces/current", "x?y=1", "", "a b", "a@b.example"};
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, &step, 1);
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(fixture.instantly->ops->campaign_pause(fixture.instantly, ids[i], &error));
    g_assert_null(strchr(error->message, '@'));
  }
  g_assert_cmpuint(scripted_server_seen(fixture.server)->len, ==, 0);
  client_fixture_stop(&fixture);
}

static void test_probe(void)
{
  static const struct script_step steps[] = {
      {.body = "{}"}, {.status = 403, .body = ENVELOPE(403, "Forbidden", "scope")}, {.body = "{}"}};
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, G_N_ELEMENTS(steps));
  struct page page;
  page_init(&page, sizeof(struct probe_result));
  g_autoptr(GError) error = NULL;
  g_assert_true(instantly_probe_scopes(fixture.instantly, &page, &error));
  g_assert_cmpuint(page.rows->len, ==, 10);
  int refused_n = 0;
  for (guint i = 0; i < page.rows->len; i++) {
    refused_n += page_row(&page, struct probe_result, i)->reply.status == 403;
  }
  g_assert_cmpint(refused_n, ==, 1);
  struct instantly_counts counts;
  instantly_counts(fixture.instantly, &counts);
  g_assert_cmpint(counts.calls, ==, 10);
  g_assert_cmpint(counts.failures, ==, 1);
  page_clear(&page);
  client_fixture_stop(&fixture);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/instantly/errors/open", test_open);
  g_test_add_func("/instantly/errors/ask", test_ask);
  g_test_add_func("/instantly/errors/add_refused", test_add_refused);
  g_test_add_func("/instantly/errors/scrub", test_scrub);
  g_test_add_func("/instantly/errors/words_of_ours", test_words_of_ours);
  g_test_add_func("/instantly/errors/bad_ids", test_bad_ids);
  g_test_add_func("/instantly/errors/probe", test_probe);
  return g_test_run();
}
