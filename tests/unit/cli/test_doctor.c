/* Doctor's pure checks, and its table of ids. */
#include "cli/config.h"
#include "cli/doctor.h"
#include "core/lead.h"
#include <string.h>

#define ID "0190a000-0000-7000-8000-000000000001"

struct fixture {
  struct settings settings;
  struct findings findings;
  struct campaign_settings campaign;
  struct remote_campaign remote;
};

/* A configuration and a campaign with which all is well. */
static void set_up(struct fixture *f, gconstpointer data)
{
  (void)data;
  static const char yaml[] = "campaigns: [{id: " ID "}]\ncomplete: {armed: true}\nstops: {list: " ID "}\n"
                             "export: {custom_variables: {title: job_title}}\n";
  settings_init(&f->settings);
  struct config config;
  config_init(&config, &f->settings);
  struct config_options options = {0};
  struct config_text text = {"f.yaml", yaml, strlen(yaml)};
  g_assert_true(config_load_bytes(&config, &options, &text, NULL));
  config_clear(&config);
  findings_init(&f->findings);
  f->campaign = (struct campaign_settings){.id = (char *)ID, .on_completed = ON_COMPLETED_ACTIVATE};
  remote_campaign_init(&f->remote);
  f->remote.id = g_strdup(ID);
  f->remote.status = CAMPAIGN_ACTIVE;
  f->remote.steps_n = 2;
  f->remote.has_sending_days = f->remote.stop_on_reply = f->remote.unsubscribe_header = true;
  f->remote.is_evergreen = true;
}

static void tear_down(struct fixture *f, gconstpointer data)
{
  (void)data;
  remote_campaign_clear(&f->remote);
  findings_clear(&f->findings);
  settings_clear(&f->settings);
}

/* The ids found, joined by blanks. */
static void expect(struct fixture *f, const char *ids, enum exit_code code)
{
  g_autoptr(GString) found = g_string_new(NULL);
  for (size_t i = 0; i < f->findings.rows->len; i++) {
    const struct finding *finding = &g_array_index(f->findings.rows, struct finding, i);
    g_string_append_printf(found, "%s%s", i > 0 ? " " : "", finding->id->id);
    g_assert_cmpuint(strlen(finding->sentence), >, 0);
  }
  g_assert_cmpstr(found->str, ==, ids);
  g_assert_cmpint(findings_exit_code(&f->findings), ==, code);
}

static void check_campaign(struct fixture *f)
{
  doctor_check_campaign(&f->findings, &f->settings, &f->campaign, &f->remote);
}

static void test_all_well(struct fixture *f, gconstpointer data)
{
  (void)data;
  doctor_check_settings(&f->findings, &f->settings);
  check_campaign(f);
  doctor_check_clock(&f->findings, 10 * DAY_US, 10 * DAY_US + 300 * SECOND_US);
  doctor_check_clock(&f->findings, 0, 10 * DAY_US);
  doctor_check_plan(&f->findings, &(struct plan_details){.lead_limit = 1000, .lead_count = 100}, 10);
  doctor_check_plan(&f->findings, &(struct plan_details){.lead_limit = -1, .lead_count = -1}, 10);
  expect(f, "", EXIT_CODE_OK);
}

static void test_settings(struct fixture *f, gconstpointer data)
{
  (void)data;
  f->settings.instantly.requests_per_second = 91;
  f->settings.complete.armed = false;
  g_clear_pointer(&f->settings.stops.list, g_free);
  f->settings.complete.outcomes[OUTCOME_NO_REPLY].grace_days = 29;
  g_array_set_size(f->settings.campaigns, 0);
  doctor_check_settings(&f->findings, &f->settings);
  expect(f, "no_campaigns rate_high grace_short no_stop_list removal_disarmed", EXIT_CODE_OK);
}

static void test_kept_leads_need_no_grace(struct fixture *f, gconstpointer data)
{
  (void)data;
  f->settings.complete.outcomes[OUTCOME_NO_REPLY].grace_days = 0;
  f->settings.complete.outcomes[OUTCOME_NO_REPLY].action = REMOVAL_KEEP;
  doctor_check_settings(&f->findings, &f->settings);
  expect(f, "", EXIT_CODE_OK);
}

static void test_campaign(struct fixture *f, gconstpointer data)
{
  (void)data;
  f->remote.steps_n = 0;
  f->remote.has_sending_days = f->remote.stop_on_reply = f->remote.unsubscribe_header = f->remote.is_evergreen = false;
  f->remote.open_tracking = true;
  check_campaign(f);
  expect(f,
         "campaign_without_steps campaign_without_days stop_on_reply_off unsubscribe_header_off open_tracking_on "
         "campaign_not_evergreen",
         EXIT_CODE_FAILED);
}

static void test_states(struct fixture *f, gconstpointer data)
{
  (void)data;
  static const struct {
    int64_t status;
    enum on_paused on_paused;
    enum on_completed on_completed;
    bool escrow;
    const char *id;
  } rows[] = {
      {CAMPAIGN_ACTIVE, ON_PAUSED_REFUSE, ON_COMPLETED_ACTIVATE, false, NULL},
      {CAMPAIGN_DRAFT, ON_PAUSED_FEED, ON_COMPLETED_ACTIVATE, false, "campaign_not_fed"},
      {CAMPAIGN_PAUSED, ON_PAUSED_REFUSE, ON_COMPLETED_ACTIVATE, false, "campaign_not_fed"},
      {CAMPAIGN_PAUSED, ON_PAUSED_REFUSE, ON_COMPLETED_ACTIVATE, true, "campaign_not_fed"},
      {CAMPAIGN_PAUSED, ON_PAUSED_FEED, ON_COMPLETED_ACTIVATE, false, NULL},
      {CAMPAIGN_COMPLETED, ON_PAUSED_REFUSE, ON_COMPLETED_ACTIVATE, false, "campaign_completed"},
      {CAMPAIGN_COMPLETED, ON_PAUSED_REFUSE, ON_COMPLETED_REFUSE, false, "campaign_not_fed"},
      {CAMPAIGN_SUBSEQUENCES, ON_PAUSED_REFUSE, ON_COMPLETED_ACTIVATE, false, "campaign_completed"},
      {CAMPAIGN_UNHEALTHY, ON_PAUSED_FEED, ON_COMPLETED_ACTIVATE, false, "campaign_blocked"},
      {CAMPAIGN_BOUNCE_PROTECT, ON_PAUSED_FEED, ON_COMPLETED_ACTIVATE, false, "campaign_blocked"},
      {CAMPAIGN_SUSPENDED, ON_PAUSED_FEED, ON_COMPLETED_ACTIVATE, false, "campaign_blocked"},
      {77, ON_PAUSED_FEED, ON_COMPLETED_ACTIVATE, false, "campaign_blocked"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_array_set_size(f->findings.rows, 0);
    f->remote.status = rows[i].status;
    f->campaign.on_paused = rows[i].on_paused;
    f->campaign.on_completed = rows[i].on_completed;
    f->campaign.escrow = rows[i].escrow;
    check_campaign(f);
    expect(f, rows[i].id ? rows[i].id : "", findings_exit_code(&f->findings));
    g_assert_true(findings_has(&f->findings, "campaign_blocked") ==
                  (findings_exit_code(&f->findings) == EXIT_CODE_FAILED));
  }
}

static void add_tag(struct fixture *f, const char *name, bool has_fallback)
{
  struct merge_tag *tag = g_new0(struct merge_tag, 1);
  *tag = (struct merge_tag){.name = g_strdup(name), .has_fallback = has_fallback};
  g_ptr_array_add(f->remote.merge_tags, tag);
}

static void test_tags(struct fixture *f, gconstpointer data)
{
  (void)data;
  add_tag(f, "firstName", false);
  add_tag(f, "title", false);
  add_tag(f, "colour", true);
  add_tag(f, "unsubscribe_link", false);
  check_campaign(f);
  expect(f, "", EXIT_CODE_OK);
  add_tag(f, "Title", false);
  check_campaign(f);
  expect(f, "merge_tag_without_source", EXIT_CODE_FAILED);
}

static void test_clock(struct fixture *f, gconstpointer data)
{
  (void)data;
  int64_t now_us = 20000 * DAY_US;
  doctor_check_clock(&f->findings, now_us, now_us - 301 * SECOND_US);
  expect(f, "clock_skew", EXIT_CODE_OK);
  doctor_check_clock(&f->findings, now_us, now_us + 2 * DAY_US);
  expect(f, "clock_skew clock_wrong", EXIT_CODE_FAILED);
}

static void test_plan(struct fixture *f, gconstpointer data)
{
  (void)data;
  doctor_check_plan(&f->findings, &(struct plan_details){.lead_limit = 1000, .lead_count = 850}, 10);
  expect(f, "plan_nearly_full", EXIT_CODE_OK);
  doctor_check_plan(&f->findings, &(struct plan_details){.lead_limit = 1000, .lead_count = 900}, 10);
  expect(f, "plan_nearly_full plan_full", EXIT_CODE_FAILED);
}

/* Ids are unique, errors alone decide the exit code, and the page has them all. */
static void test_ids(void)
{
  g_autofree char *page = doctor_markdown();
  for (const struct doctor_id *row = doctor_ids; row->id; row++) {
    g_autofree char *cell = g_strdup_printf("| `%s` |", row->id);
    g_assert_nonnull(strstr(page, cell));
    g_assert_true((row->severity == SEVERITY_ERROR) == (row->exit_code != EXIT_CODE_OK));
    for (const struct doctor_id *other = doctor_ids; other < row; other++)
      g_assert_cmpstr(other->id, !=, row->id);
  }
}

int main(int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test)(struct fixture *, gconstpointer);
  } tests[] = {
      {"/doctor/all_well", test_all_well},
      {"/doctor/settings", test_settings},
      {"/doctor/kept_leads_need_no_grace", test_kept_leads_need_no_grace},
      {"/doctor/campaign", test_campaign},
      {"/doctor/states", test_states},
      {"/doctor/tags", test_tags},
      {"/doctor/clock", test_clock},
      {"/doctor/plan", test_plan},
  };
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
    g_test_add(tests[i].path, struct fixture, NULL, set_up, tests[i].test, tear_down);
  g_test_add_func("/doctor/ids", test_ids);
  return g_test_run();
}
