/* Answers to structs: tables of bytes, good, odd and hostile. */
#include "core/classify.h"
#include "instantly/parse.h"
#include "samples.h"

#include <string.h>

/* ---- leads/add ---- */

#define COUNTERS(sent, up, block, dup, skip, bad, part, twice)                                                         \
  "\"total_sent\":" #sent ",\"leads_uploaded\":" #up ",\"in_blocklist\":" #block ",\"duplicated_leads\":" #dup         \
  ",\"skipped_count\":" #skip ",\"invalid_email_count\":" #bad ",\"incomplete_count\":" #part                          \
  ",\"duplicate_email_count\":" #twice
#define ROW_A "{\"index\":0,\"id\":\"" ID_A "\",\"email\":\"ann.lee@example.com\"}"
#define ROW_B "{\"index\":1,\"id\":\"" ID_B "\",\"email\":\"BOB@example.com\"}"

static const struct {
  const char *name;
  const char *json;
  enum answer_class answer;
} add_cases[] = {
    {"both created",
     "{\"status\":\"success\"," COUNTERS(2, 2, 0, 0, 0, 0, 0, 0) ",\"created_leads\":[" ROW_B "," ROW_A "]}",
     ANSWER_EXPLAINED},
    {"unknown members",
     "{\"new\":{},\"status\":\"success\"," COUNTERS(2, 2, 0, 0, 0, 0, 0,
                                                    0) ",\"created_leads\":[" ROW_A "," ROW_B
                                                       "],\"remaining_in_plan\":null,\"blocklist_used\":null}",
     ANSWER_EXPLAINED},
    {"an echo without address",
     "{\"status\":\"success\"," COUNTERS(2, 1, 0, 1, 0, 0, 0, 0) ",\"created_leads\":[{\"index\":1,\"id\":\"" ID_A
                                                                 "\",\"email\":null}]}",
     ANSWER_EXPLAINED},
    {"one blocklisted", "{\"status\":\"success\"," COUNTERS(2, 1, 1, 0, 0, 0, 0, 0) ",\"created_leads\":[" ROW_A "]}",
     ANSWER_EXPLAINED},
    {"no status", "{" COUNTERS(2, 2, 0, 0, 0, 0, 0, 0) ",\"created_leads\":[" ROW_A "," ROW_B "]}", ANSWER_UNKNOWN},
    {"another status",
     "{\"status\":\"partial\"," COUNTERS(2, 2, 0, 0, 0, 0, 0, 0) ",\"created_leads\":[" ROW_A "," ROW_B "]}",
     ANSWER_UNKNOWN},
    {"a counter missing",
     "{\"status\":\"success\",\"total_sent\":2,\"leads_uploaded\":2,\"created_leads\":[" ROW_A "," ROW_B "]}",
     ANSWER_UNKNOWN},
    {"counters short of one",
     "{\"status\":\"success\"," COUNTERS(2, 1, 0, 0, 0, 0, 0, 0) ",\"created_leads\":[" ROW_A "]}", ANSWER_UNKNOWN},
    {"counters above the sum",
     "{\"status\":\"success\"," COUNTERS(2, 2, 1, 0, 0, 0, 0, 0) ",\"created_leads\":[" ROW_A "," ROW_B "]}",
     ANSWER_UNKNOWN},
    {"a negative counter",
     "{\"status\":\"success\"," COUNTERS(2, 2, -1, 1, 0, 0, 0, 0) ",\"created_leads\":[" ROW_A "," ROW_B "]}",
     ANSWER_UNKNOWN},
    {"another total",
     "{\"status\":\"success\"," COUNTERS(3, 2, 0, 0, 0, 0, 0, 0) ",\"created_leads\":[" ROW_A "," ROW_B "]}",
     ANSWER_UNKNOWN},
    {"created shorter than counted",
     "{\"status\":\"success\"," COUNTERS(2, 2, 0, 0, 0, 0, 0, 0) ",\"created_leads\":[" ROW_A "]}", ANSWER_UNKNOWN},
    {"the same index twice",
     "{\"status\":\"success\"," COUNTERS(2, 2, 0, 0, 0, 0, 0, 0) ",\"created_leads\":[" ROW_A "," ROW_A "]}",
     ANSWER_UNKNOWN},
    {"an index that was not sent",
     "{\"status\":\"success\"," COUNTERS(2, 1, 1, 0, 0, 0, 0, 0) ",\"created_leads\":[{\"index\":2,\"id\":\"" ID_A
                                                                 "\"}]}",
     ANSWER_UNKNOWN},
    {"a negative index",
     "{\"status\":\"success\"," COUNTERS(2, 1, 1, 0, 0, 0, 0, 0) ",\"created_leads\":[{\"index\":-1,\"id\":\"" ID_A
                                                                 "\"}]}",
     ANSWER_UNKNOWN},
    {"another address at the index",
     "{\"status\":\"success\"," COUNTERS(2, 1, 1, 0, 0, 0, 0, 0) ",\"created_leads\":[{\"index\":0,\"id\":\"" ID_A
                                                                 "\",\"email\":\"bob@example.com\"}]}",
     ANSWER_UNKNOWN},
    {"no id",
     "{\"status\":\"success\"," COUNTERS(2, 1, 1, 0, 0, 0, 0,
                                         0) ",\"created_leads\":[{\"index\":0,\"email\":\"ann.lee@example.com\"}]}",
     ANSWER_UNKNOWN},
    {"an id too long to be one",
     "{\"status\":\"success\"," COUNTERS(
         2, 1, 1, 0, 0, 0, 0,
         0) ",\"created_leads\":[{\"index\":0,\"id\":\"0123456789012345678901234567890123456789\"}]}",
     ANSWER_UNKNOWN},
    {"an id that is none",
     "{\"status\":\"success\"," COUNTERS(2, 1, 1, 0, 0, 0, 0,
                                         0) ",\"created_leads\":[{\"index\":0,\"id\":\"lead-7\"}]}",
     ANSWER_UNKNOWN},
    {"an id in capitals",
     "{\"status\":\"success\"," COUNTERS(
         2, 1, 1, 0, 0, 0, 0, 0) ",\"created_leads\":[{\"index\":0,\"id\":\"019FFAD2-53A1-7ACF-9AE0-404312BC000A\"}]}",
     ANSWER_EXPLAINED},
    {"one id for two leads",
     "{\"status\":\"success\"," COUNTERS(2, 2, 0, 0, 0, 0, 0, 0) ",\"created_leads\":[{\"index\":0,\"id\":\"" ID_A
                                                                 "\"},{\"index\":1,\"id\":\"" ID_A "\"}]}",
     ANSWER_UNKNOWN},
    {"a fractional counter", "{\"status\":\"success\"," COUNTERS(2, 1.5, 0.5, 0, 0, 0, 0, 0) ",\"created_leads\":[]}",
     ANSWER_UNKNOWN},
    {"created_leads is null", "{\"status\":\"success\"," COUNTERS(2, 0, 2, 0, 0, 0, 0, 0) ",\"created_leads\":null}",
     ANSWER_UNKNOWN},
    {"an error in a 200", "{\"error\":\"ACC_X\"}", ANSWER_UNKNOWN},
    {"an array", "[]", ANSWER_UNKNOWN},
    {"cut off", "{\"status\":\"success\",\"total_sent\":2", ANSWER_UNKNOWN},
    {"HTML", "<html>", ANSWER_UNKNOWN},
    {"nothing", "", ANSWER_UNKNOWN},
};

static void test_add(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(add_cases); i++) {
    struct add_batch batch;
    sample_batch(&batch, 2);
    batch.answer.reply = (struct reply){.transport = TRANSPORT_ANSWERED, .status = 200, .retry_after_s = -1};
    parse_add_answer(add_cases[i].json, strlen(add_cases[i].json), &batch, &batch.answer);
    g_test_message("%s", add_cases[i].name);
    g_assert_cmpstr(answer_class_name(classify_add(&batch.answer, 2)), ==, answer_class_name(add_cases[i].answer));
    add_batch_clear(&batch);
  }
}

static void test_add_details(void)
{
  static const char json[] =
      "{\"status\":\"success\"," COUNTERS(2, 1, 0, 1, 0, 0, 0, 0) ",\"remaining_in_plan\":41,\"created_leads\":[" ROW_B
                                                                  "]}";
  struct add_batch batch;
  sample_batch(&batch, 2);
  parse_add_answer(json, strlen(json), &batch, &batch.answer);
  g_assert_cmpint(batch.answer.remaining_in_plan, ==, 41);
  g_assert_cmpint(batch.answer.duplicated, ==, 1);
  g_assert_cmpuint(batch.answer.created->len, ==, 1);
  const struct created_lead *row = &g_array_index(batch.answer.created, struct created_lead, 0);
  g_assert_cmpint(row->index, ==, 1);
  g_assert_cmpstr(row->id, ==, ID_B);
  g_assert_true(row->email_matches);
  add_batch_clear(&batch);
}

/* ---- POST /leads ---- */

static const struct {
  const char *name;
  const char *json;
  bool is_success;
  int64_t uploaded, duplicated;
} create_cases[] = {
    {"created",
     "{\"id\":\"" ID_A "\",\"campaign\":\"" CAMPAIGN
     "\",\"email\":\"ann.lee@example.com\",\"payload\":{\"leadferry\":\"1:r.1\"}}",
     true, 1, 0},
    {"there already, not by this claim",
     "{\"id\":\"" ID_A "\",\"campaign\":\"" CAMPAIGN "\",\"email\":\"ann.lee@example.com\",\"payload\":{}}", true, 0,
     1},
    {"by an older claim",
     "{\"id\":\"" ID_A "\",\"campaign\":\"" CAMPAIGN
     "\",\"email\":\"ann.lee@example.com\",\"payload\":{\"leadferry\":\"1:q.1\"}}",
     true, 0, 1},
    {"an orphan in no campaign",
     "{\"id\":\"" ID_A "\",\"email\":\"ann.lee@example.com\",\"payload\":{\"leadferry\":\"1:r.1\"}}", false, 0, 0},
    {"in another campaign",
     "{\"id\":\"" ID_A "\",\"campaign\":\"" OTHER
     "\",\"email\":\"ann.lee@example.com\",\"payload\":{\"leadferry\":\"1:r.1\"}}",
     false, 0, 0},
    {"somebody else",
     "{\"id\":\"" ID_A "\",\"campaign\":\"" CAMPAIGN
     "\",\"email\":\"bob@example.com\",\"payload\":{\"leadferry\":\"1:r.1\"}}",
     false, 0, 0},
    {"not a lead", "{}", false, 0, 0},
    {"not JSON", "oops", false, 0, 0},
};

static void test_create(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(create_cases); i++) {
    struct add_batch batch;
    sample_batch(&batch, 1);
    batch.answer.reply = (struct reply){.transport = TRANSPORT_ANSWERED, .status = 200, .retry_after_s = -1};
    parse_create_answer(create_cases[i].json, strlen(create_cases[i].json), &batch, &batch.answer);
    g_test_message("%s", create_cases[i].name);
    g_assert_cmpint(batch.answer.is_success, ==, create_cases[i].is_success);
    g_assert_cmpint(batch.answer.uploaded, ==, create_cases[i].uploaded);
    g_assert_cmpint(batch.answer.duplicated, ==, create_cases[i].duplicated);
    bool is_explained = classify_add(&batch.answer, 1) == ANSWER_EXPLAINED;
    g_assert_cmpint(is_explained, ==, create_cases[i].is_success);
    add_batch_clear(&batch);
  }
}

/* ---- leads/list ---- */

#define LEAD(id, campaign, email)                                                                                      \
  "{\"id\":\"" id "\",\"status\":1,\"campaign\":\"" campaign "\",\"email\":\"" email "\"}"

static const char *const asked_ids[] = {ID_A};
static const char *const asked_contacts[] = {"Ann@Example.com"};

#define BY_CAMPAIGN                                                                                                    \
  {                                                                                                                    \
    .campaign_id = CAMPAIGN                                                                                            \
  }
#define BY_IDS                                                                                                         \
  {                                                                                                                    \
    .ids = asked_ids, .ids_n = 1                                                                                       \
  }
#define BY_CONTACTS                                                                                                    \
  {                                                                                                                    \
    .contacts = asked_contacts, .contacts_n = 1                                                                        \
  }

static const struct {
  const char *name;
  struct list_query query;
  const char *json;
  int rows_n; /* -1: ERROR_CORRUPT, -2: ERROR_REJECTED */
  const char *next;
} list_cases[] = {
    {"a page", BY_CAMPAIGN, "{\"items\":[" LEAD(ID_A, CAMPAIGN, "a@example.com") "],\"next_starting_after\":\"c1\"}", 1,
     "c1"},
    {"the last page", BY_CAMPAIGN, "{\"items\":[" LEAD(ID_A, CAMPAIGN, "a@example.com") "]}", 1, NULL},
    {"an empty cursor", BY_CAMPAIGN,
     "{\"items\":[" LEAD(ID_A, CAMPAIGN, "a@example.com") "],\"next_starting_after\":\"\"}", 1, NULL},
    {"a null cursor", BY_CAMPAIGN,
     "{\"items\":[" LEAD(ID_A, CAMPAIGN, "a@example.com") "],\"next_starting_after\":null}", 1, NULL},
    {"an empty page ends it, whatever its cursor", BY_CAMPAIGN, "{\"items\":[],\"next_starting_after\":\"c1\"}", 0,
     NULL},
    {"a campaign that was not asked for", BY_CAMPAIGN, "{\"items\":[" LEAD(ID_A, OTHER, "a@example.com") "]}", -1,
     NULL},
    {"no campaign where one was asked for", BY_CAMPAIGN, "{\"items\":[{\"id\":\"" ID_A "\",\"status\":1}]}", -1, NULL},
    {"the id asked for", BY_IDS, "{\"items\":[" LEAD(ID_A, OTHER, "a@example.com") "]}", 1, NULL},
    {"an id that was not asked for", BY_IDS, "{\"items\":[" LEAD(ID_B, OTHER, "a@example.com") "]}", -1, NULL},
    {"the address asked for, in two campaigns", BY_CONTACTS,
     "{\"items\":[" LEAD(ID_A, CAMPAIGN, "ANN@example.com") "," LEAD(ID_B, OTHER, "ann@example.com") "]}", 2, NULL},
    {"an address that was not asked for", BY_CONTACTS, "{\"items\":[" LEAD(ID_A, CAMPAIGN, "bob@example.com") "]}", -1,
     NULL},
    {"no address where one was asked for", BY_CONTACTS,
     "{\"items\":[{\"id\":\"" ID_A "\",\"status\":1,\"email\":null}]}", -1, NULL},
    {"a row of a list",
     {.in_list = true},
     "{\"items\":[{\"id\":\"" ID_A "\",\"status\":1,\"list_id\":\"" OTHER "\"}]}",
     1,
     NULL},
    {"a row of no list", {.in_list = true}, "{\"items\":[" LEAD(ID_A, CAMPAIGN, "a@example.com") "]}", -1, NULL},
    {"a lead twice", BY_CAMPAIGN,
     "{\"items\":[" LEAD(ID_A, CAMPAIGN, "a@example.com") "," LEAD(ID_A, CAMPAIGN, "a@example.com") "]}", -1, NULL},
    {"no id", {0}, "{\"items\":[{\"status\":1}]}", -1, NULL},
    {"an id that is none", {0}, "{\"items\":[{\"id\":\"lead-7\",\"status\":1}]}", -1, NULL},
    {"the id asked for, in capitals", BY_IDS,
     "{\"items\":[{\"id\":\"019FFAD2-53A1-7ACF-9AE0-404312BC000A\",\"status\":1}]}", 1, NULL},
    {"no status", {0}, "{\"items\":[{\"id\":\"" ID_A "\"}]}", -1, NULL},
    {"a status that is no number", {0}, "{\"items\":[{\"id\":\"" ID_A "\",\"status\":\"active\"}]}", -1, NULL},
    {"an unknown status is kept", {0}, "{\"items\":[{\"id\":\"" ID_A "\",\"status\":77}]}", 1, NULL},
    {"an id twice: the first counts", BY_IDS,
     "{\"items\":[{\"id\":\"" ID_A "\",\"id\":\"z\",\"status\":1,\"status\":\"x\"}]}", 1, NULL},
    {"a row that is no object", {0}, "{\"items\":[7]}", -1, NULL},
    {"a fractional status", {0}, "{\"items\":[{\"id\":\"" ID_A "\",\"status\":1.5}]}", -1, NULL},
    {"no items", {0}, "{}", -1, NULL},
    {"items null", {0}, "{\"items\":null}", -1, NULL},
    {"an error in a 200", {0}, "{\"error\":\"ACC_X\",\"items\":[]}", -2, NULL},
    {"an empty error is none", {0}, "{\"error\":\"\",\"items\":[]}", 0, NULL},
    {"cut off", {0}, "{\"items\":[{\"id\":\"" ID_A "\",\"sta", -1, NULL},
    {"a NUL in a string", {0}, "{\"items\":[{\"id\":\"x\\u0000y\",\"status\":1}]}", -1, NULL},
    {"bytes behind", {0}, "{\"items\":[]}{}", -1, NULL},
};

static void test_list(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(list_cases); i++) {
    struct page page;
    page_init(&page, sizeof(struct remote_lead));
    g_autoptr(GError) error = NULL;
    bool is_good = parse_list_page(list_cases[i].json, strlen(list_cases[i].json), &list_cases[i].query, &page, &error);
    g_test_message("%s: %s", list_cases[i].name, error ? error->message : "fine");
    if (list_cases[i].rows_n >= 0) {
      g_assert_true(is_good);
      g_assert_cmpint((int)page.rows->len, ==, list_cases[i].rows_n);
      g_assert_cmpstr(page.next, ==, list_cases[i].next);
    } else {
      g_assert_false(is_good);
      g_assert_cmpint(error_kind_of(error), ==, list_cases[i].rows_n == -1 ? ERROR_CORRUPT : ERROR_REJECTED);
    }
    page_clear(&page);
  }
}

static const char full_lead[] =
    "{\"items\":[{\"id\":\"" ID_A "\",\"status\":3,\"campaign\":\"" CAMPAIGN "\",\"email\":\"Ann.Lee@Example.com\","
    "\"subsequence_id\":\"s1\",\"status_summary_subseq\":{\"from\":\"box@x.example\",\"stepID\":\"0_1_2\","
    "\"timestampExecuted\":\"2026-01-07T00:00:00.000Z\"},\"lt_interest_status\":0,\"verification_status\":1,\"email_"
    "open_count\":2,"
    "\"email_reply_count\":1,\"email_click_count\":3,\"timestamp_created\":\"2026-01-01T00:00:00.000Z\","
    "\"timestamp_updated\":\"2026-01-06T00:00:00.000Z\",\"timestamp_last_contact\":\"2026-01-02T00:00:00.000Z\","
    "\"timestamp_last_reply\":\"2026-01-05T00:00:00.000Z\",\"timestamp_last_open\":null,"
    "\"status_summary\":{\"lastStep\":{\"from\":\"box@sender.example\",\"stepID\":\"0_2_1\","
    "\"timestamp_executed\":\"2026-01-04T00:00:00.000Z\"}},"
    "\"payload\":{\"leadferry\":\"2:r.9\",\"pause_until\":\"2026-02-01\",\"firstName\":\"Ann\"}}]}";

static void test_lead_members(void)
{
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  g_autoptr(GError) error = NULL;
  g_assert_true(parse_list_page(full_lead, strlen(full_lead), &(struct list_query){0}, &page, &error));
  const struct remote_lead *row = page_row(&page, struct remote_lead, 0);
  g_assert_cmpstr(row->person, ==, "ann.lee@example.com");
  g_assert_cmpstr(row->email, ==, "Ann.Lee@Example.com");
  g_assert_cmpstr(row->subsequence_id, ==, "s1");
  g_assert_cmpstr(row->subsequence_step, ==, "0_1_2");
  g_assert_cmpint(row->subsequence_step_at_us - row->created_at_us, ==, 6 * DAY_US);
  g_assert_cmpstr(row->stamp, ==, "2:r.9");
  g_assert_cmpstr(row->last_step, ==, "0_2_1");
  g_assert_cmpstr(row->mailbox, ==, "box@sender.example");
  g_assert_true(row->has_interest);
  g_assert_cmpint(row->interest, ==, 0);
  g_assert_cmpint(row->clicks, ==, 3);
  g_assert_cmpint(row->opened_at_us, ==, 0);
  g_assert_cmpint(row->replied_at_us - row->last_step_at_us, ==, DAY_US);
  g_assert_cmpint(row->contacted_at_us - row->created_at_us, ==, DAY_US);
  g_assert_cmpint(row->pause_until_us, >, row->updated_at_us);
  page_clear(&page);
}

/* status_summary {} and interest absent: never mailed, plain lead. */
static void test_lead_bare(void)
{
  static const char json[] = "{\"items\":[{\"id\":\"" ID_A "\",\"status\":1,\"status_summary\":{},\"payload\":null}]}";
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  g_assert_true(parse_list_page(json, strlen(json), &(struct list_query){0}, &page, NULL));
  const struct remote_lead *row = page_row(&page, struct remote_lead, 0);
  g_assert_false(row->has_interest);
  g_assert_null(row->stamp);
  g_assert_null(row->person);
  g_assert_cmpint(row->contacted_at_us, ==, 0);
  page_clear(&page);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/instantly/parse/add", test_add);
  g_test_add_func("/instantly/parse/add_details", test_add_details);
  g_test_add_func("/instantly/parse/create", test_create);
  g_test_add_func("/instantly/parse/list", test_list);
  g_test_add_func("/instantly/parse/lead_members", test_lead_members);
  g_test_add_func("/instantly/parse/lead_bare", test_lead_bare);
  return g_test_run();
}
