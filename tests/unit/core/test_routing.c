/* Which campaigns are fed, how much, and what fills each merge tag: tables. */
#include "core/routing.h"

#include <string.h>

/* ---- campaign states x settings ---- */

struct feed_case {
  int64_t status;
  enum on_paused on_paused;
  enum on_completed on_completed;
  bool escrow, was_fed;
  enum feed_verdict verdict;
  const char *refusal;
};

static const struct feed_case feed_cases[] = {
    {CAMPAIGN_ACTIVE, ON_PAUSED_REFUSE, ON_COMPLETED_REFUSE, false, false, FEED, NULL},
    {CAMPAIGN_DRAFT, ON_PAUSED_FEED, ON_COMPLETED_ACTIVATE, false, true, FEED_REFUSED, "draft"},
    {CAMPAIGN_DRAFT, ON_PAUSED_FEED, ON_COMPLETED_ACTIVATE, true, true, FEED_REFUSED, "draft"},
    {CAMPAIGN_PAUSED, ON_PAUSED_REFUSE, ON_COMPLETED_REFUSE, false, true, FEED_REFUSED, "paused"},
    {CAMPAIGN_PAUSED, ON_PAUSED_FEED, ON_COMPLETED_REFUSE, false, false, FEED, NULL},
    {CAMPAIGN_PAUSED, ON_PAUSED_REFUSE, ON_COMPLETED_REFUSE, true, false, FEED, NULL},
    {CAMPAIGN_COMPLETED, ON_PAUSED_FEED, ON_COMPLETED_ACTIVATE, false, true, FEED_AFTER_ACTIVATE, NULL},
    {CAMPAIGN_COMPLETED, ON_PAUSED_FEED, ON_COMPLETED_ACTIVATE, false, false, FEED_REFUSED, "completed"},
    {CAMPAIGN_COMPLETED, ON_PAUSED_FEED, ON_COMPLETED_REFUSE, false, true, FEED_REFUSED, "completed"},
    {CAMPAIGN_SUBSEQUENCES, ON_PAUSED_REFUSE, ON_COMPLETED_ACTIVATE, false, true, FEED_AFTER_ACTIVATE, NULL},
    {CAMPAIGN_SUBSEQUENCES, ON_PAUSED_REFUSE, ON_COMPLETED_ACTIVATE, false, false, FEED_REFUSED, "completed"},
    {CAMPAIGN_SUBSEQUENCES, ON_PAUSED_REFUSE, ON_COMPLETED_REFUSE, false, true, FEED_REFUSED, "completed"},
};

static void test_feed(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(feed_cases); i++) {
    const struct feed_case *row = &feed_cases[i];
    struct campaign_settings settings = {
        .on_paused = row->on_paused, .on_completed = row->on_completed, .escrow = row->escrow};
    struct feed_input input = {
        .settings = &settings, .status = row->status, .was_fed_before = row->was_fed, .is_own_pause = row->escrow};
    struct feed_decision decision = feed_decide(&input);
    g_test_message("case %zu: %s", i, campaign_status_name(row->status));
    g_assert_cmpint(decision.verdict, ==, row->verdict);
    g_assert_cmpstr(decision.refusal, ==, row->refusal);
    g_assert_false(decision.is_alarming);
    input.is_pause_unclear = true;
    struct feed_decision unclear = feed_decide(&input);
    g_assert_true(row->status != CAMPAIGN_PAUSED || g_strcmp0(unclear.refusal, "pause_unclear") == 0);
    g_assert_cmpint(unclear.is_alarming, ==, row->status == CAMPAIGN_PAUSED);
    input.is_pause_unclear = false;
    input.is_on_hold = true;
    g_assert_cmpstr(feed_decide(&input).refusal, ==, "hold");
    input.is_on_hold = false;
    input.has_tag_without_source = true;
    g_assert_cmpstr(feed_decide(&input).refusal, ==, row->refusal ? row->refusal : "tag_without_source");
  }
}

/* Unhealthy states are refused and alarming, whatever the settings allow. */
static void test_feed_alarming(void)
{
  static const struct {
    int64_t status;
    const char *refusal;
  } rows[] = {
      {CAMPAIGN_UNHEALTHY, "unhealthy"},
      {CAMPAIGN_BOUNCE_PROTECT, "bounce_protect"},
      {CAMPAIGN_SUSPENDED, "suspended"},
      {5, "unknown_status"},
      {-3, "unknown_status"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    for (int bits = 0; bits < 16; bits++) {
      struct campaign_settings settings = {
          .on_paused = bits & 1 ? ON_PAUSED_FEED : ON_PAUSED_REFUSE,
          .on_completed = bits & 2 ? ON_COMPLETED_ACTIVATE : ON_COMPLETED_REFUSE,
          .escrow = (bits & 4) != 0,
      };
      struct feed_decision decision = feed_decide(
          &(struct feed_input){.settings = &settings, .status = rows[i].status, .was_fed_before = (bits & 8) != 0});
      g_assert_cmpint(decision.verdict, ==, FEED_REFUSED);
      g_assert_cmpstr(decision.refusal, ==, rows[i].refusal);
      g_assert_true(decision.is_alarming);
    }
  }
}

/* ---- how much ---- */

static void test_room(void)
{
#define U      SETTING_UNLIMITED
#define DAY    VERDICT_DEFERRED_MAX_PER_DAY
#define CANARY VERDICT_DEFERRED_CANARY
  static const struct {
    struct room_input input;
    int64_t n;
    enum verdict verdict;
  } rows[] = {
      {{.max_per_day = 1000}, 1000, DAY},
      {{.max_per_day = 1000, .claimed_today = 400}, 600, DAY},
      {{.max_per_day = 1000, .counts = {.claimed_today = 400}}, 600, DAY},
      {{.max_per_day = 1000, .claimed_today = 2000}, 0, DAY},
      {{.max_per_day = U}, U, DAY},
      {{.max_per_day = 1000, .canary = 10}, 10, CANARY},
      {{.max_per_day = 1000, .canary = 10, .counts = {.ever_fed = 7}}, 3, CANARY},
      {{.max_per_day = 1000, .canary = 10, .counts = {.ever_fed = 70}}, 0, CANARY},
      {{.max_per_day = 1000, .canary = 10, .counts = {.ever_fed = 10, .ever_contacted = 1}}, 1000, DAY},
      {{.max_per_day = 5, .canary = 10}, 5, DAY},
      {{.max_per_day = 1000, .canary = 0}, 1000, DAY},
      {{.max_per_day = U, .canary = U}, U, DAY},
      {{.max_per_day = 0}, 0, DAY},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct room room = feed_room(&rows[i].input);
    g_assert_cmpint(room.n, ==, rows[i].n);
    g_assert_cmpint(room.verdict, ==, rows[i].verdict);
  }
}

static void test_plan(void)
{
  static const struct {
    struct plan_details plan;
    int64_t reserve, room;
  } rows[] = {
      {{1000, 0}, 10, 900},
      {{1000, 850}, 10, 50},
      {{1000, 900}, 10, 0},
      {{1000, 5000}, 10, 0},
      {{1000, 0}, 0, 1000},
      {{1000, 0}, 100, 0},
      {{-1, 10}, 10, -1},
      {{1000, -1}, 10, -1},
      {{1005, 0}, 10, 904},
      {{7, 0}, 10, 6},
      {{0, 0}, 10, 0},
      {{1000, 0}, 500, 0},
      {{G_MAXINT64, 0}, 50, G_MAXINT64 / 100 * 50 + 3},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_assert_cmpint(plan_room(&rows[i].plan, rows[i].reserve), ==, rows[i].room);
  }
}

/* ---- merge tags ---- */

static void test_tags(void)
{
  static const struct {
    const char *text;
    const char *tags; /* names joined by blanks; a tag with fallback ends in '?' */
  } rows[] = {
      {NULL, ""},
      {"", ""},
      {"no tags", ""},
      {"Hi {{firstName}}", "firstName"},
      {"Hi {{ firstName\t}}", "firstName"},
      {"Hi {{firstName|there}}", "firstName?"},
      {"Hi {{ firstName | you there }}", "firstName?"},
      {"{{a}}{{b}}{{a}}", "a b"},
      {"{{a|x}} and {{a}}", "a"},
      {"{{a}} and {{a|x}}", "a"},
      {"{{a|x}} and {{a|y}}", "a?"},
      {"{{FirstName}} {{firstname}}", "FirstName firstname"},
      {"{{RANDOM | Hi | Hello}}", ""},
      {"{{RANDOM|Hi {{firstName}}|Hello {{last|x}}}}", "firstName last?"},
      {"{{RANDOMIZED}}", "RANDOMIZED"},
      {"{{&nbsp;city&nbsp;}}", "city"},
      {"{{\xc2\xa0"
       "city}}",
       "city"},
      {"{{two words}}", "two words"},
      {"{{}} {{ }} {{|x}}", ""},
      {"{{open", ""},
      {"{{open {{b}}", "b"},
      {"close}} {{a}}", "a"},
      {"{{{a}}}", "a"},
      {"{unsubscribe_link} {a}", ""},
      {"{{a}}}} {{{{b}}", "a b"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GPtrArray) tags = g_ptr_array_new();
    g_autoptr(GString) found = g_string_new(NULL);
    merge_tags_collect(rows[i].text, tags);
    for (guint k = 0; k < tags->len; k++) {
      const struct merge_tag *tag = g_ptr_array_index(tags, k);
      g_string_append_printf(found, "%s%s%s", k > 0 ? " " : "", tag->name, tag->has_fallback ? "?" : "");
    }
    g_test_message("%s", rows[i].text ? rows[i].text : "(null)");
    g_assert_cmpstr(found->str, ==, rows[i].tags);
  }
}

static void map(GArray *mappings, const char *target, const char *source)
{
  struct field_mapping mapping = {.target = g_strdup(target), .source = g_strdup(source)};
  g_array_append_val(mappings, mapping);
}

static void test_sources(void)
{
  struct settings settings;
  settings_init(&settings);
  map(settings.export.fields, "job_title", "title");
  map(settings.export.fields, "company_name", "org");
  map(settings.export.custom_variables, "city", "town");
  map(settings.export.custom_variables, "key", "lead_id");
  map(settings.export.custom_variables, "lastName", "surname");
  static const struct {
    const char *tag;
    struct tag_source source;
  } rows[] = {
      {"firstName", {.source = "first_name", .is_column = true}},
      {"email", {.source = "email", .is_column = true}},
      {"companyName", {.source = "org"}},
      {"jobTitle", {.source = "title"}},
      {"website", {0}},
      {"city", {.source = "town"}},
      {"key", {.source = "lead_id", .is_column = true}},
      {"lastName", {.source = "surname"}},
      {"town", {0}},       /* a key of lead_fields that is not mapped does not reach Instantly */
      {"first_name", {0}}, /* a column's name is no tag */
      {"FirstName", {0}},  /* case counts */
      {"accountSignature", {.is_builtin = true}},
      {"unsubscribe_link", {.is_builtin = true}},
      {"leadferry", {.is_builtin = true}},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct tag_source source = tag_source_of(rows[i].tag, &settings.export);
    g_test_message("%s", rows[i].tag);
    g_assert_cmpstr(source.source, ==, rows[i].source.source);
    g_assert_cmpint(source.is_column, ==, rows[i].source.is_column);
    g_assert_cmpint(source.is_builtin, ==, rows[i].source.is_builtin);
  }
  settings_clear(&settings);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/core/routing/feed", test_feed);
  g_test_add_func("/core/routing/feed_alarming", test_feed_alarming);
  g_test_add_func("/core/routing/room", test_room);
  g_test_add_func("/core/routing/plan", test_plan);
  g_test_add_func("/core/routing/tags", test_tags);
  g_test_add_func("/core/routing/sources", test_sources);
  return g_test_run();
}
