/* The client as a whole in front of a scripted server: exact bodies, and answers through to the port's structs. */
#include "client_fixture.h"
#include "core/classify.h"
#include "instantly/leads.h"
#include "samples.h"

#include <string.h>

#define STEP(json)                                                                                                     \
  {                                                                                                                    \
    .body = (json)                                                                                                     \
  }

/* ---- leads/add ---- */

static void map_everything(struct client_fixture *fixture)
{
  client_fixture_map(fixture->settings.export.fields, "website", "site");
  client_fixture_map(fixture->settings.export.fields, "job_title", "title");
  client_fixture_map(fixture->settings.export.fields, "phone", "none");
  client_fixture_map(fixture->settings.export.custom_variables, "employees", "size");
  client_fixture_map(fixture->settings.export.custom_variables, "share", "ratio");
  client_fixture_map(fixture->settings.export.custom_variables, "is_vip", "vip");
  client_fixture_map(fixture->settings.export.custom_variables, "nothing", "none");
  client_fixture_map(fixture->settings.export.custom_variables, "many", "list");
  client_fixture_map(fixture->settings.export.custom_variables, "key", "lead_id");
}

static void test_add_body(void)
{
  static const char expected[] =
      "{\"campaign_id\":\"" CAMPAIGN "\",\"skip_if_in_workspace\":false,\"skip_if_in_campaign\":true,"
      "\"verify_leads_on_import\":false,\"leads\":["
      "{\"email\":\"Ann.Lee@Example.com\",\"first_name\":\"Ann \\\"A\\\"\",\"website\":\"https://example.com\","
      "\"job_title\":\"CTO\",\"custom_variables\":{\"employees\":12,\"share\":0.5,\"is_vip\":true,\"key\":\"1\","
      "\"leadferry\":\"1:r.1\"}},"
      "{\"email\":\"bob@example.com\",\"custom_variables\":{\"key\":\"2\",\"leadferry\":\"3:r.2\"}}]}";
  static const struct script_step steps[] = {
      STEP("{\"status\":\"success\",\"total_sent\":2,\"leads_uploaded\":1,\"in_blocklist\":0,\"duplicated_leads\":1,"
           "\"skipped_count\":0,\"invalid_email_count\":0,\"incomplete_count\":0,\"duplicate_email_count\":0,"
           "\"created_leads\":[{\"index\":0,\"id\":\"" ID_A "\",\"email\":\"ann.lee@example.com\"}]}")};
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  map_everything(&fixture);
  client_fixture_start(&fixture, steps, 1);
  struct add_batch batch;
  sample_batch(&batch, 2);
  g_autoptr(GError) error = NULL;
  g_assert_true(fixture.instantly->ops->add_prepare(fixture.instantly, &batch, &error));
  g_assert_cmpstr(batch.body->str, ==, expected);
  g_assert_cmpuint(strlen(batch.body_hash), ==, 64);
  fixture.instantly->ops->add_send(fixture.instantly, &batch, 1);
  g_assert_cmpstr(client_fixture_seen(&fixture, 0)->body, ==, expected);
  g_assert_true(g_str_has_prefix(client_fixture_seen(&fixture, 0)->head, "POST /api/v2/leads/add HTTP/1.1\r\n"));
  g_assert_cmpint(classify_add(&batch.answer, 2), ==, ANSWER_EXPLAINED);
  add_batch_clear(&batch);
  client_fixture_stop(&fixture);
}

static void test_add_single(void)
{
  static const struct script_step steps[] = {
      STEP("{\"id\":\"" ID_A "\",\"campaign\":\"" CAMPAIGN
           "\",\"email\":\"ann.lee@example.com\",\"payload\":{\"leadferry\":\"1:r.1\"}}")};
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  fixture.settings.export.endpoint = EXPORT_SINGLE;
  client_fixture_start(&fixture, steps, 1);
  struct add_batch one, two;
  sample_batch(&one, 1);
  sample_batch(&two, 2);
  g_autoptr(GError) error = NULL;
  g_assert_false(fixture.instantly->ops->add_prepare(fixture.instantly, &two, &error));
  g_assert_true(error_is(error, ERROR_REJECTED));
  g_clear_error(&error);
  g_assert_true(fixture.instantly->ops->add_prepare(fixture.instantly, &one, &error));
  fixture.instantly->ops->add_send(fixture.instantly, &one, 1);
  const struct seen_request *seen = client_fixture_seen(&fixture, 0);
  g_assert_true(g_str_has_prefix(seen->head, "POST /api/v2/leads HTTP/1.1\r\n"));
  g_assert_cmpstr(seen->body, ==,
                  "{\"campaign\":\"" CAMPAIGN "\",\"skip_if_in_workspace\":false,\"skip_if_in_campaign\":true,"
                  "\"verify_leads_on_import\":false,\"email\":\"Ann.Lee@Example.com\",\"first_name\":\"Ann \\\"A\\\"\","
                  "\"custom_variables\":{\"leadferry\":\"1:r.1\"}}");
  g_assert_cmpint(classify_add(&one.answer, 1), ==, ANSWER_EXPLAINED);
  g_assert_cmpint(one.answer.uploaded, ==, 1);
  add_batch_clear(&one);
  add_batch_clear(&two);
  client_fixture_stop(&fixture);
}

static void test_add_too_big(void)
{
  static const struct script_step steps[] = {STEP("{}")};
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, 1);
  g_autofree char *long_name = g_strnfill(500000, 'x');
  struct claim claims[2] = {sample_claims[0], sample_claims[1]};
  claims[0].lead.first_name = claims[1].lead.first_name = long_name;
  struct add_batch batch;
  add_batch_init(&batch, CAMPAIGN);
  g_ptr_array_add(batch.claims, &claims[0]);
  g_autoptr(GError) error = NULL;
  g_assert_true(fixture.instantly->ops->add_prepare(fixture.instantly, &batch, &error));
  g_ptr_array_add(batch.claims, &claims[1]);
  g_assert_false(fixture.instantly->ops->add_prepare(fixture.instantly, &batch, &error));
  g_assert_true(error_is(error, ERROR_REJECTED));
  add_batch_clear(&batch);
  client_fixture_stop(&fixture);
}

/* ---- leads/list ---- */

static void test_list(void)
{
  static const char *const ids[] = {ID_A, ID_B};
  static const struct script_step steps[] = {STEP(
      "{\"items\":[{\"id\":\"" ID_A "\",\"status\":1,\"campaign\":\"" CAMPAIGN "\"}],\"next_starting_after\":\"c1\"}")};
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, 1);
  struct page pages[2];
  page_init(&pages[0], sizeof(struct remote_lead));
  page_init(&pages[1], sizeof(struct remote_lead));
  const struct list_query queries[] = {
      {.campaign_id = CAMPAIGN, .ids = ids, .ids_n = 2},
      {.campaign_id = CAMPAIGN, .filter = "FILTER_VAL_REPLIED", .after = "c0"},
  };
  g_autoptr(GError) error = NULL;
  g_assert_true(fixture.instantly->ops->list(fixture.instantly, queries, 2, pages, &error));
  g_assert_cmpuint(pages[0].rows->len, ==, 1);
  g_assert_cmpstr(pages[1].next, ==, "c1");
  const char *bodies[] = {client_fixture_seen(&fixture, 0)->body, client_fixture_seen(&fixture, 1)->body};
  g_assert_true(strstr(bodies[0], "\"ids\"") || strstr(bodies[1], "\"ids\""));
  for (int i = 0; i < 2; i++) {
    const char *expected = strstr(bodies[i], "\"ids\"")
                               ? "{\"campaign\":\"" CAMPAIGN "\",\"ids\":[\"" ID_A "\",\"" ID_B "\"],\"limit\":100}"
                               : "{\"campaign\":\"" CAMPAIGN
                                 "\",\"filter\":\"FILTER_VAL_REPLIED\",\"limit\":100,\"starting_after\":\"c0\"}";
    g_assert_cmpstr(bodies[i], ==, expected);
  }
  page_clear(&pages[0]);
  page_clear(&pages[1]);
  client_fixture_stop(&fixture);
}

/* An id that an answer once said and that is none is not asked for: Instantly would refuse the question for all. */
static void test_list_of_no_ids(void)
{
  static const struct script_step steps[] = {STEP("{\"items\":[{\"id\":\"" ID_A "\",\"status\":1}]}")};
  static const char *const ids[] = {"lead-7", ID_A};
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, 1);
  struct page pages[2];
  page_init(&pages[0], sizeof(struct remote_lead));
  page_init(&pages[1], sizeof(struct remote_lead));
  const struct list_query queries[] = {{.ids = ids, .ids_n = 1}, {.ids = ids, .ids_n = 2}};
  g_autoptr(GError) error = NULL;
  g_assert_true(fixture.instantly->ops->list(fixture.instantly, queries, 2, pages, &error));
  g_assert_cmpuint(pages[0].rows->len, ==, 0);
  g_assert_cmpuint(pages[1].rows->len, ==, 1);
  g_assert_cmpstr(client_fixture_seen(&fixture, 0)->body, ==, "{\"ids\":[\"" ID_A "\"],\"limit\":100}");
  page_clear(&pages[0]);
  page_clear(&pages[1]);
  client_fixture_stop(&fixture);
}

#define PAGE_ID(digit) "00000000-0000-4000-8000-00000000000" digit
#define PAGE(id, next)                                                                                                 \
  STEP("{\"items\":[{\"id\":\"" PAGE_ID(id) "\",\"status\":1}],\"next_starting_after\":\"" next "\"}")

/* Walks along the cursors of these answers until a page is refused; how many were taken. */
static int walk_to_the_refusal(const struct script_step *steps, size_t steps_n)
{
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, steps_n);
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  g_autoptr(GError) error = NULL;
  g_autofree char *after = NULL;
  int pages_n = 0;
  for (; pages_n < 20; pages_n++) {
    struct list_query query = {.after = after};
    if (!fixture.instantly->ops->list(fixture.instantly, &query, 1, &page, &error)) break;
    g_free(after);
    after = g_strdup(page.next);
  }
  g_assert_true(error_is(error, ERROR_CORRUPT));
  page_clear(&page);
  client_fixture_stop(&fixture);
  return pages_n;
}

/* Guarantee 25. A list whose cursors go 1, 2, 3, 2, 3, 2 ... ends in an error, not never. */
static void test_list_in_circles(void)
{
  static const struct script_step steps[] = {
      PAGE("a", "1"), PAGE("b", "2"), PAGE("c", "3"), PAGE("b", "2"), PAGE("c", "3"), PAGE("b", "2"),
      PAGE("c", "3"), PAGE("b", "2"), PAGE("c", "3"), PAGE("b", "2"), PAGE("c", "3"),
  };
  g_assert_cmpint(walk_to_the_refusal(steps, G_N_ELEMENTS(steps)), <, 10);
}

/* The same rows again and again, each time under a cursor that nobody has seen before. */
static void test_list_in_circles_under_new_cursors(void)
{
  static const struct script_step steps[] = {
      PAGE("a", "1"), PAGE("b", "2"), PAGE("a", "3"), PAGE("b", "4"), PAGE("a", "5"),
      PAGE("b", "6"), PAGE("a", "7"), PAGE("b", "8"), PAGE("a", "9"),
  };
  g_assert_cmpint(walk_to_the_refusal(steps, G_N_ELEMENTS(steps)), <, 8);
  static const struct script_step same[] = {PAGE("a", "1"), PAGE("a", "2"), PAGE("a", "3"), PAGE("a", "4")};
  g_assert_cmpint(walk_to_the_refusal(same, G_N_ELEMENTS(same)), ==, 1);
}

static void test_list_stands_still(void)
{
  static const struct script_step steps[] = {PAGE("a", PAGE_ID("1")), PAGE("1", "2")};
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, G_N_ELEMENTS(steps));
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  g_autoptr(GError) error = NULL;
  g_assert_true(fixture.instantly->ops->list(fixture.instantly, &(struct list_query){0}, 1, &page, &error));
  g_assert_false(
      fixture.instantly->ops->list(fixture.instantly, &(struct list_query){.after = PAGE_ID("1")}, 1, &page, &error));
  g_assert_true(error_is(error, ERROR_CORRUPT));
  page_clear(&page);
  client_fixture_stop(&fixture);
}

/* ---- removal ---- */

static void test_delete(void)
{
  static const char *const ids[] = {ID_A, ID_B};
  static const struct lead_selection both = {CAMPAIGN, ids, 2};
  static const struct script_step steps[] = {STEP("{\"count\":1}"), STEP("{\"count\":3}"), STEP("{}")};
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, G_N_ELEMENTS(steps));
  const struct instantly_ops *ops = fixture.instantly->ops;
  g_autoptr(GError) error = NULL;
  int64_t count = 0;
  g_assert_false(ops->leads_delete(fixture.instantly, &(struct lead_selection){CAMPAIGN, ids, 0}, &count, &error));
  g_assert_true(error_is(error, ERROR_UNSAFE));
  g_clear_error(&error);
  g_assert_false(ops->leads_delete(fixture.instantly, &(struct lead_selection){NULL, ids, 2}, &count, &error));
  g_clear_error(&error);
  g_assert_cmpuint(scripted_server_seen(fixture.server)->len, ==, 0);
  g_assert_true(ops->leads_delete(fixture.instantly, &both, &count, &error));
  g_assert_cmpint(count, ==, 1);
  const struct seen_request *seen = client_fixture_seen(&fixture, 0);
  g_assert_true(g_str_has_prefix(seen->head, "DELETE /api/v2/leads HTTP/1.1\r\n"));
  g_assert_cmpstr(seen->body, ==, "{\"campaign_id\":\"" CAMPAIGN "\",\"ids\":[\"" ID_A "\",\"" ID_B "\"],\"limit\":2}");
  g_assert_false(ops->leads_delete(fixture.instantly, &both, &count, &error));
  g_assert_true(error_is(error, ERROR_UNSAFE)); /* more deleted than asked for */
  g_clear_error(&error);
  g_assert_false(ops->leads_delete(fixture.instantly, &both, &count, &error));
  g_assert_true(error_is(error, ERROR_CORRUPT));
  client_fixture_stop(&fixture);
}

static void test_move(void)
{
  static const char *const ids[] = {ID_A};
  static const struct script_step steps[] = {
      STEP("{\"id\":\"675266e304a8e55b17f0228b\",\"status\":\"pending\"}"),
      STEP("{\"status\":\"in-progress\"}"),
      STEP("{\"status\":\"a-new-word\"}"),
      STEP("{\"status\":\"success\"}"),
      STEP("{\"id\":\"675266e304a8e55b17f0228b\",\"status\":\"pending\"}"),
      STEP("{\"status\":\"failed\"}"),
      STEP("{\"id\":\"675266e304a8e55b17f0228b\",\"status\":\"pending\"}"),
      STEP("{\"status\":\"pending\"}"),
  };
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, G_N_ELEMENTS(steps));
  const struct instantly_ops *ops = fixture.instantly->ops;
  g_autoptr(GError) error = NULL;
  g_assert_true(ops->leads_move(fixture.instantly, &(struct lead_selection){CAMPAIGN, ids, 1}, OTHER, &error));
  g_assert_cmpstr(client_fixture_seen(&fixture, 0)->body, ==,
                  "{\"campaign\":\"" CAMPAIGN "\",\"ids\":[\"" ID_A "\"],\"to_list_id\":\"" OTHER
                  "\",\"limit\":1,\"copy_leads\":false}");
  g_assert_true(g_str_has_prefix(client_fixture_seen(&fixture, 1)->head,
                                 "GET /api/v2/background-jobs/675266e304a8e55b17f0228b HTTP/1.1\r\n"));
  for (int i = 0; i < 2; i++) { /* a failed job, then one that never ends */
    g_assert_false(ops->leads_move(fixture.instantly, &(struct lead_selection){CAMPAIGN, ids, 1}, OTHER, &error));
    g_assert_true(error_is(error, ERROR_TRANSIENT));
    g_clear_error(&error);
  }
  g_assert_cmpint(fixture.skipped_us, >=, 120 * SECOND_US);
  client_fixture_stop(&fixture);
}

/* ---- the small ones ---- */

static void test_campaign_calls(void)
{
  static const struct script_step steps[] = {
      STEP("{\"id\":\"" CAMPAIGN "\",\"status\":1}"),
      STEP("{\"id\":\"" CAMPAIGN "\",\"status\":2}"),
      STEP("{\"diagnostics\":{\"status\":\"daily_limit_met\"}}"),
      STEP("{\"diagnostics\":null,\"summary\":{\"status\":\"healthy\"}}"),
      STEP("{\"id\":\"s\",\"status\":3,\"sequences\":[{\"steps\":[{},{}]}]}"),
  };
  static const char *const lines[] = {
      "POST /api/v2/campaigns/" CAMPAIGN "/activate HTTP/1.1\r\n",
      "POST /api/v2/campaigns/" CAMPAIGN "/pause HTTP/1.1\r\n",
      "GET /api/v2/campaigns/" CAMPAIGN "/sending-status HTTP/1.1\r\n",
      "GET /api/v2/campaigns/" CAMPAIGN "/sending-status HTTP/1.1\r\n",
      "GET /api/v2/subsequences/" OTHER " HTTP/1.1\r\n",
  };
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, G_N_ELEMENTS(steps));
  const struct instantly_ops *ops = fixture.instantly->ops;
  g_assert_true(ops->campaign_activate(fixture.instantly, CAMPAIGN, NULL));
  g_assert_true(ops->campaign_pause(fixture.instantly, CAMPAIGN, NULL));
  g_autofree char *reason = NULL;
  g_assert_true(ops->sending_status(fixture.instantly, CAMPAIGN, &reason, NULL));
  g_assert_cmpstr(reason, ==, "daily_limit_met");
  g_clear_pointer(&reason, g_free);
  g_assert_true(ops->sending_status(fixture.instantly, CAMPAIGN, &reason, NULL));
  g_assert_null(reason);
  struct remote_subsequence subsequence;
  g_assert_true(ops->subsequence_get(fixture.instantly, OTHER, &subsequence, NULL));
  g_assert_cmpint(subsequence.status, ==, 3);
  g_assert_cmpint(subsequence.steps_n, ==, 2);
  for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
    g_assert_true(g_str_has_prefix(client_fixture_seen(&fixture, i)->head, lines[i]));
    g_assert_cmpuint(client_fixture_seen(&fixture, i)->body_bytes, ==, 0);
  }
  client_fixture_stop(&fixture);
}

/* What is asked, that nothing written comes through, and that what went out is told from what came. */
static void test_emails(void)
{
  static const struct script_step steps[] = {
      STEP("{\"items\":[{\"id\":\"m1\",\"timestamp_created\":\"2026-02-01T10:00:00.000Z\",\"lead\":\"Ann@Example.com\","
           "\"from_address_email\":\"ann@example.com\",\"eaccount\":\"me@own.example\",\"ue_type\":2,\"is_auto_reply\":"
           "1},"
           "{\"id\":\"m2\",\"timestamp_created\":\"2026-02-01T10:00:01.000Z\",\"lead\":\"ann@example.com\","
           "\"from_address_email\":\"Me@own.example\",\"eaccount\":\"me@own.example\"},"
           "{\"id\":\"m3\",\"timestamp_created\":\"2026-02-01T10:00:02.000Z\",\"lead\":\"ann@example.com\","
           "\"from_address_email\":\"MAILER-DAEMON@mx.example\",\"is_auto_reply\":0}],\"next_starting_after\":\"m3\"}"),
      STEP("{\"items\":[{\"id\":\"m3\",\"timestamp_created\":\"2026-02-01T10:00:02.000Z\"}]}"),
      STEP("{\"items\":[{\"id\":\"m4\",\"timestamp_created\":\"2025-02-01T10:00:02.000Z\"}]}"),
  };
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, G_N_ELEMENTS(steps));
  const struct instantly_ops *ops = fixture.instantly->ops;
  struct email_query query = {.only_received = true, .lead = "ann@example.com"};
  struct page page;
  page_init(&page, sizeof(struct remote_email));
  g_assert_true(ops->emails_read(fixture.instantly, &query, &page, NULL));
  g_assert_true(g_str_has_prefix(client_fixture_seen(&fixture, 0)->head,
                                 "GET /api/v2/emails?limit=100&mode=emode_all&preview_only=true&sort_order=asc"
                                 "&email_type=received&lead=ann%40example.com HTTP/1.1\r\n"));
  static const bool is_received[] = {true, false, true};
  static const enum automatic automatic[] = {AUTOMATIC_YES, AUTOMATIC_UNKNOWN, AUTOMATIC_YES};
  g_assert_cmpuint(page.rows->len, ==, 3);
  for (guint i = 0; i < page.rows->len; i++) {
    const struct remote_email *row = page_row(&page, struct remote_email, i);
    g_assert_cmpstr(row->lead, ==, "ann@example.com");
    g_assert_true(row->is_received == is_received[i]);
    g_assert_cmpint(row->automatic, ==, automatic[i]);
  }
  query = (struct email_query){.from_us = (int64_t)1767225600 * SECOND_US + 7, .after = "m3"};
  for (int i = 0; i < 2; i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(ops->emails_read(fixture.instantly, &query, &page, &error));
    g_assert_true(error_is(error, ERROR_CORRUPT));
  }
  g_assert_nonnull(strstr(client_fixture_seen(&fixture, 1)->head,
                          "sort_order=asc&min_timestamp_created=2026-01-01T00%3A00%3A00Z&starting_after=m3 HTTP"));
  page_clear(&page);
  client_fixture_stop(&fixture);
}

static void test_single_leads(void)
{
  static const struct script_step steps[] = {
      STEP("{\"id\":\"" ID_A "\",\"status\":1}"),
      STEP("{\"id\":\"" ID_A "\",\"status\":1}"),
      {.status = 404, .body = "{\"statusCode\":404,\"error\":\"Not Found\",\"message\":\"Resource not found\"}"},
      STEP("{\"id\":\"" ID_B "\",\"status\":1}"),
  };
  struct client_fixture fixture;
  client_fixture_init(&fixture);
  client_fixture_start(&fixture, steps, G_N_ELEMENTS(steps));
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  g_autoptr(GError) error = NULL;
  g_assert_true(instantly_lead_get(fixture.instantly, ID_A, &page, &error));
  struct lead_patch_body changes = {.first_name = "Ann"};
  g_assert_true(instantly_lead_patch(fixture.instantly, ID_A, &changes, &page, &error));
  g_assert_cmpstr(client_fixture_seen(&fixture, 1)->body, ==, "{\"first_name\":\"Ann\"}");
  g_assert_true(instantly_lead_delete(fixture.instantly, ID_A, &error)); /* gone already */
  g_assert_no_error(error);
  g_assert_false(instantly_lead_get(fixture.instantly, ID_A, &page, &error)); /* another lead */
  g_assert_true(error_is(error, ERROR_CORRUPT));
  page_clear(&page);
  client_fixture_stop(&fixture);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/instantly/client/add_body", test_add_body);
  g_test_add_func("/instantly/client/add_single", test_add_single);
  g_test_add_func("/instantly/client/add_too_big", test_add_too_big);
  g_test_add_func("/instantly/client/list", test_list);
  g_test_add_func("/instantly/client/list-of-no-ids", test_list_of_no_ids);
  g_test_add_func("/instantly/client/list_in_circles", test_list_in_circles);
  g_test_add_func("/instantly/client/list_in_circles_under_new_cursors", test_list_in_circles_under_new_cursors);
  g_test_add_func("/instantly/client/list_stands_still", test_list_stands_still);
  g_test_add_func("/instantly/client/delete", test_delete);
  g_test_add_func("/instantly/client/move", test_move);
  g_test_add_func("/instantly/client/campaign_calls", test_campaign_calls);
  g_test_add_func("/instantly/client/emails", test_emails);
  g_test_add_func("/instantly/client/single_leads", test_single_leads);
  return g_test_run();
}
