/* Answers to structs, continued: campaigns, analytics, block list, plan, workspace. */
#include "instantly/parse.h"
#include "samples.h"

#include <string.h>

static const char campaign_json[] =
    "{\"id\":\"" CAMPAIGN "\",\"name\":\"Spring\",\"status\":-2,\"daily_limit\":null,\"daily_max_leads\":40,"
    "\"stop_on_reply\":true,\"insert_unsubscribe_header\":true,\"future_field\":[1],"
    "\"campaign_schedule\":{\"schedules\":[{\"days\":{\"0\":false,\"1\":true}}]},"
    "\"sequences\":[{\"steps\":[{\"variants\":["
    "{\"subject\":\"Hi {{firstName}}\",\"body\":\"<p>{{ city|there }} {{RANDOM | Hi {{lastName}} | Hello}}</p>\"},"
    "{\"subject\":\"{{never}}\",\"body\":\"\",\"v_disabled\":true}]},"
    "{\"variants\":[{\"subject\":\"\",\"body\":\"{{city}}&nbsp;{{&nbsp;offer&nbsp;}}\"}]}]}]}";

static void test_campaign(void)
{
  struct remote_campaign campaign;
  remote_campaign_init(&campaign);
  g_autoptr(GError) error = NULL;
  g_assert_true(parse_campaign(campaign_json, strlen(campaign_json), CAMPAIGN, &campaign, &error));
  g_assert_cmpstr(campaign.name, ==, "Spring");
  g_assert_cmpint(campaign.status, ==, CAMPAIGN_BOUNCE_PROTECT);
  g_assert_cmpint(campaign.daily_limit, ==, -1);
  g_assert_cmpint(campaign.daily_max_leads, ==, 40);
  g_assert_cmpint(campaign.steps_n, ==, 2);
  g_assert_true(campaign.has_sending_days && campaign.stop_on_reply && campaign.unsubscribe_header);
  g_assert_false(campaign.open_tracking);
  static const struct merge_tag expected[] = {
      {"firstName", false}, {"city", false}, {"lastName", false}, {"offer", false}};
  g_assert_cmpuint(campaign.merge_tags->len, ==, G_N_ELEMENTS(expected));
  for (guint i = 0; i < campaign.merge_tags->len; i++) {
    const struct merge_tag *tag = g_ptr_array_index(campaign.merge_tags, i);
    g_assert_cmpstr(tag->name, ==, expected[i].name);
    g_assert_cmpint(tag->has_fallback, ==, expected[i].has_fallback);
  }
  remote_campaign_clear(&campaign);
}

static void test_campaign_refused(void)
{
  static const char *const bad[] = {
      "{\"id\":\"" OTHER "\",\"status\":1}",
      "{\"status\":1}",
      "{\"id\":\"" CAMPAIGN "\"}",
      "{\"id\":\"" CAMPAIGN "\",\"status\":\"active\"}",
      "[]",
      "null",
      "<html>",
      "",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    struct remote_campaign campaign;
    remote_campaign_init(&campaign);
    g_autoptr(GError) error = NULL;
    g_assert_false(parse_campaign(bad[i], strlen(bad[i]), CAMPAIGN, &campaign, &error));
    g_assert_true(error_is(error, ERROR_CORRUPT));
    remote_campaign_clear(&campaign);
  }
}

/* ---- block list ---- */

static const struct {
  const char *name;
  const char *csv;
  const char *expected; /* person or domain of each row, joined by blanks; NULL: ERROR_CORRUPT */
} csv_cases[] = {
    {"as specified", "Blocked Email,Date\r\nexample.com,2023-09-15T12:00:00Z\r\nUser@Example.org,2023-09-15T12:00:00Z",
     "example.com user@example.org"},
    {"only the header", "Blocked Email,Date\r\n", ""},
    {"only the header, no line end", "Blocked Email,Date", ""},
    {"line feeds, no dates", "Blocked Email,Date\na.example\nb.example\n", "a.example b.example"},
    {"quotes", "\"Blocked Email\",\"Date\"\r\n\"a@b.example\",\"2023-01-01\"\r\n", "a@b.example"},
    {"a quoted comma", "Blocked Email,Date\r\n\"a,b@c.example\",x\r\nd.example,x\r\n", "a,b@c.example d.example"},
    {"a doubled quote", "Blocked Email,Date\r\n\"a\"\"b@c.example\",x\r\n", "a\"b@c.example"},
    {"a byte order mark",
     "\xef\xbb\xbf"
     "Blocked Email,Date\r\na.example,x\r\n",
     "a.example"},
    {"a domain with a leading at sign", "Blocked Email,Date\r\n@a.example,x\r\n", "a.example"},
    {"blank lines", "Blocked Email,Date\r\n\r\na.example,x\r\n\r\n", "a.example"},
    {"more columns", "Blocked Email,Date,By\r\na.example,x,y,z\r\nb.example,x,y\r\n", "a.example b.example"},
    {"an open quote", "Blocked Email,Date\r\n\"a.example,x\r\n", NULL},
    {"HTML", "<html><body>no</body></html>", NULL},
    {"JSON", "{\"items\":[]}", NULL},
    {"nothing", "", NULL},
};

static void test_blocklist(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(csv_cases); i++) {
    struct page page;
    page_init(&page, sizeof(struct suppression));
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) found = g_string_new(NULL);
    bool is_good = parse_blocklist_csv(csv_cases[i].csv, strlen(csv_cases[i].csv), &page, &error);
    g_test_message("%s", csv_cases[i].name);
    g_assert_cmpint(is_good, ==, csv_cases[i].expected != NULL);
    for (guint k = 0; is_good && k < page.rows->len; k++) {
      const struct suppression *row = page_row(&page, struct suppression, k);
      g_assert_true((row->person != NULL) != (row->domain != NULL));
      g_string_append_printf(found, "%s%s", k > 0 ? " " : "", row->person ? row->person : row->domain);
    }
    if (is_good) g_assert_cmpstr(found->str, ==, csv_cases[i].expected);
    page_clear(&page);
  }
}

/* ---- analytics ---- */

static void test_analytics(void)
{
  static const char json[] = "[{\"campaign_id\":\"c\",\"campaign_name\":\"n\",\"campaign_status\":1,\"leads_count\":24,"
                             "\"contacted_count\":52,\"new_leads_contacted_count\":20,\"emails_sent_count\":52,"
                             "\"open_count\":9,\"open_count_unique\":7,\"reply_count\":3,\"link_click_count\":2,"
                             "\"bounced_count\":1,\"unsubscribed_count\":1,\"completed_count\":5}]";
  struct page page;
  page_init(&page, sizeof(struct campaign_metric));
  g_assert_true(parse_analytics(json, strlen(json), &page, NULL));
  const struct campaign_metric *row = page_row(&page, struct campaign_metric, 0);
  g_assert_cmpint(row->contacted, ==, 20);
  g_assert_cmpint(row->opened, ==, 7);
  g_assert_cmpint(row->replied, ==, 3);
  g_assert_cmpint(row->completed, ==, 5);
  page_reset(&page);
  g_assert_true(parse_analytics("null", 4, &page, NULL));
  g_assert_true(parse_analytics("[]", 2, &page, NULL));
  g_assert_cmpuint(page.rows->len, ==, 0);
  g_assert_false(parse_analytics("{}", 2, &page, NULL));
  g_assert_false(parse_analytics("[{}]", 4, &page, NULL));
  page_clear(&page);
}

static void test_analytics_parts(void)
{
  static const char steps[] =
      "[{\"step\":\"1\",\"variant\":\"0\",\"sent\":4,\"unique_opened\":2},{\"step\":null,\"variant\":null,\"sent\":1}]";
  static const char days[] = "[{\"date\":\"2026-03-01\",\"sent\":4,\"new_leads_contacted\":3,\"contacted\":9}]";
  struct page page;
  page_init(&page, sizeof(struct campaign_metric));
  g_assert_true(parse_analytics_steps(steps, strlen(steps), "c", &page, NULL));
  g_assert_cmpstr(page_row(&page, struct campaign_metric, 0)->step, ==, "1");
  g_assert_cmpstr(page_row(&page, struct campaign_metric, 1)->variant, ==, "unknown");
  page_reset(&page);
  g_assert_true(parse_analytics_daily(days, strlen(days), "c", &page, NULL));
  const struct campaign_metric *day = page_row(&page, struct campaign_metric, 0);
  g_assert_cmpint(day->contacted, ==, 3);
  g_assert_cmpint(day->day_us, ==, time_day_start_us(day->day_us));
  g_assert_false(parse_analytics_daily("[{\"sent\":1}]", 12, "c", &page, NULL));
  page_clear(&page);
}

/* ---- plan, workspace ---- */

static void test_plan(void)
{
  static const struct {
    const char *json;
    int64_t limit, count;
  } rows[] = {
      {"{\"subscriptions\":{\"outreach\":{\"total_lead_limit\":1000,\"current_lead_count\":10},\"bundle\":{\"total_"
       "lead_limit\":5,\"current_lead_count\":5}}}",
       1000, 10},
      {"{\"subscriptions\":{\"outreach\":null,\"bundle\":{\"total_lead_limit\":5,\"current_lead_count\":4}}}", 5, 4},
      {"{\"subscriptions\":{\"outreach\":{\"total_lead_limit\":1000}}}", -1, -1},
      {"{\"subscriptions\":null}", -1, -1},
      {"{}", -1, -1},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct plan_details plan = {0};
    g_assert_true(parse_plan(rows[i].json, strlen(rows[i].json), &plan, NULL));
    g_assert_cmpint(plan.lead_limit, ==, rows[i].limit);
    g_assert_cmpint(plan.lead_count, ==, rows[i].count);
  }
}

static void test_workspace(void)
{
  struct workspace_info info;
  g_assert_true(parse_workspace("{\"id\":\"w\",\"name\":\"n\",\"add_unsub_to_block\":null}", 47, &info, NULL));
  g_assert_false(info.has_add_unsub_to_block);
  g_free(info.id);
  g_free(info.name);
  g_assert_true(parse_workspace("{\"id\":\"w\",\"add_unsub_to_block\":true}", 36, &info, NULL));
  g_assert_true(info.has_add_unsub_to_block && info.add_unsub_to_block);
  g_free(info.id);
  g_free(info.name);
  g_assert_false(parse_workspace("{}", 2, &info, NULL));
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/instantly/parse/campaign", test_campaign);
  g_test_add_func("/instantly/parse/campaign_refused", test_campaign_refused);
  g_test_add_func("/instantly/parse/blocklist", test_blocklist);
  g_test_add_func("/instantly/parse/analytics", test_analytics);
  g_test_add_func("/instantly/parse/analytics_parts", test_analytics_parts);
  g_test_add_func("/instantly/parse/plan", test_plan);
  g_test_add_func("/instantly/parse/workspace", test_workspace);
  return g_test_run();
}
