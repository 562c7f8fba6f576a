/* Configurations that are right: defaults, values, precedence, paths, keys. */
#include "cli/config.h"
#include "cli/config_doc.h"
#include "cli/settings_table.h"
#include "core/lead.h"
#include <glib/gstdio.h>
#include <string.h>

#define A "0190a000-0000-7000-8000-000000000001"
#define B "0190a000-0000-7000-8000-000000000002"

struct fixture {
  struct settings settings;
  struct config config;
  GError *error;
};

static bool load(struct fixture *fixture, const char *name, const char *yaml, const struct config_options *options)
{
  *fixture = (struct fixture){0};
  settings_init(&fixture->settings);
  config_init(&fixture->config, &fixture->settings);
  struct config_text text = {name, yaml, strlen(yaml)};
  return config_load_bytes(&fixture->config, options, &text, &fixture->error);
}

static void clear(struct fixture *fixture)
{
  g_clear_error(&fixture->error);
  config_clear(&fixture->config);
  settings_clear(&fixture->settings);
}

static void load_good(struct fixture *fixture, const char *yaml)
{
  struct config_options options = {0};
  bool is_good = load(fixture, "leadferry.yaml", yaml, &options);
  g_assert_no_error(fixture->error);
  g_assert_true(is_good);
}

/* The defaults that docs/semantics fixes. */
static void test_defaults(void)
{
  struct fixture f;
  load_good(&f, "{}");
  const struct settings *s = &f.settings;
  g_assert_cmpstr(s->warehouse.type, ==, "sqlite");
  g_assert_cmpstr(s->instantly.base_url, ==, "https://api.instantly.ai");
  g_assert_cmpint(s->instantly.requests_per_second, ==, 50);
  g_assert_cmpint(s->instantly.batch_size, ==, 100);
  g_assert_cmpint(s->instantly.batch_delay_ms, ==, 0);
  g_assert_cmpint(s->instantly.connect_timeout_s, ==, 10);
  g_assert_cmpint(s->instantly.request_timeout_s, ==, 60);
  g_assert_cmpint(s->export.max_per_run, ==, 1000);
  g_assert_cmpint(s->export.max_per_day, ==, 1000);
  g_assert_cmpint(s->export.canary, ==, 0);
  g_assert_cmpint(s->export.plan_reserve_percent, ==, 10);
  g_assert_cmpint(s->export.once, ==, ONCE_EVER);
  g_assert_true(s->export.skip_if_in_campaign);
  g_assert_false(s->export.skip_if_in_workspace);
  g_assert_false(s->export.verify_leads_on_import);
  g_assert_true(s->source.write_back);
  g_assert_false(s->complete.armed);
  g_assert_false(s->complete.include_adopted);
  g_assert_cmpint(s->complete.max_removals, ==, 1000);
  g_assert_cmpint(s->settle.wait_s, ==, 90);
  g_assert_cmpint(s->settle.recheck_s, ==, 30);
  g_assert_cmpuint(s->campaigns->len, ==, 0);
  clear(&f);
}

static void test_outcome_defaults(void)
{
  static const struct {
    enum outcome outcome;
    enum removal_action action;
    int64_t grace_days;
  } rows[] = {
      {OUTCOME_NO_REPLY, REMOVAL_DELETE, 30}, {OUTCOME_UNSUBSCRIBED, REMOVAL_DELETE, 30},
      {OUTCOME_BOUNCED, REMOVAL_DELETE, 7},   {OUTCOME_SKIPPED, REMOVAL_DELETE, 7},
      {OUTCOME_REPLIED, REMOVAL_KEEP, 0},     {OUTCOME_INTEREST, REMOVAL_KEEP, 0},
      {OUTCOME_NONE, REMOVAL_KEEP, 0},        {OUTCOME_REMOVED_BY_HAND, REMOVAL_KEEP, 0},
  };
  struct fixture f;
  load_good(&f, "{}");
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    const struct outcome_settings *outcome = &f.settings.complete.outcomes[rows[i].outcome];
    g_assert_cmpint(outcome->action, ==, rows[i].action);
    g_assert_cmpint(outcome->grace_days, ==, rows[i].grace_days);
    g_assert_false(outcome->cut_subsequence);
    g_assert_null(outcome->move_to);
    g_assert_cmpint(f.settings.export.cooldown_days[rows[i].outcome], ==, SETTING_UNLIMITED);
  }
  clear(&f);
}

static void test_values(void)
{
  struct fixture f;
  load_good(&f, "warehouse: {type: sqlite, path: /var/lib/x.db}\n"
                "instantly:\n  base_url: http://127.0.0.1:8080/\n  api_key_env: KEY\n  batch_size: 1000\n"
                "campaigns:\n  - id: " A "\n    name: \"2024\"\n    on_draft: refuse\n    on_paused: feed\n"
                "    on_completed: refuse\n    escrow: true\n  - {id: 0190A000-0000-7000-8000-00000000000B}\n"
                "export:\n  default_campaign: " A "\n  endpoint: single\n  max_per_run: unlimited\n"
                "  fields: {website: url}\n  custom_variables: {title: job title, Größe: size}\n  once: cooldown\n"
                "  cooldown_days: {no_reply: 180}\n"
                "source: {table: my-leads, columns: {email: e_mail}, write_back: false}\n"
                "complete:\n  armed: True\n  outcomes:\n    replied: {action: move, move_to: " B "}\n"
                "sync:\nlog: {level: debug, format: json}\n");
  const struct settings *s = &f.settings;
  const struct campaign_settings *first = &g_array_index(s->campaigns, struct campaign_settings, 0);
  const struct field_mapping *title = &g_array_index(s->export.custom_variables, struct field_mapping, 0);
  g_assert_cmpstr(s->warehouse.path, ==, "/var/lib/x.db");
  g_assert_cmpstr(s->instantly.base_url, ==, "http://127.0.0.1:8080");
  g_assert_cmpint(s->instantly.batch_size, ==, 1000);
  g_assert_cmpuint(s->campaigns->len, ==, 2);
  g_assert_cmpstr(first->name, ==, "2024");
  g_assert_cmpint(first->on_paused, ==, ON_PAUSED_FEED);
  g_assert_cmpint(first->on_completed, ==, ON_COMPLETED_REFUSE);
  g_assert_true(first->escrow);
  g_assert_cmpstr(g_array_index(s->campaigns, struct campaign_settings, 1).id, ==,
                  "0190a000-0000-7000-8000-00000000000b");
  g_assert_cmpint(g_array_index(s->campaigns, struct campaign_settings, 1).on_completed, ==, ON_COMPLETED_ACTIVATE);
  g_assert_cmpint(s->export.endpoint, ==, EXPORT_SINGLE);
  g_assert_cmpint(s->export.max_per_run, ==, SETTING_UNLIMITED);
  g_assert_cmpint(s->export.cooldown_days[OUTCOME_NO_REPLY], ==, 180);
  g_assert_cmpuint(s->export.custom_variables->len, ==, 2);
  g_assert_cmpstr(title->target, ==, "title");
  g_assert_cmpstr(title->source, ==, "job title");
  g_assert_cmpstr(s->source.table, ==, "my-leads");
  g_assert_true(s->complete.armed);
  g_assert_cmpint(s->complete.outcomes[OUTCOME_REPLIED].action, ==, REMOVAL_MOVE);
  g_assert_cmpstr(s->complete.outcomes[OUTCOME_REPLIED].move_to, ==, B);
  g_assert_cmpstr(s->log.format, ==, "json");
  clear(&f);
}

/* One column may be several of ours where none of them is written, and names may change places. */
static void test_shared_columns(void)
{
  static const char *const good[] = {
      "source: {columns: {email: mail, first_name: Mail}}\n",
      "source: {columns: {lead_id: email}}\n",
      "source: {columns: {added_date: updated_at, updated_at: added_date}}\n",
      "source: {columns: {updated_at: added_date, cold_email_sent: first_name}, write_back: false}\n",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
    struct fixture f;
    load_good(&f, good[i]);
    clear(&f);
  }
}

static const struct setting *row(const char *path)
{
  return setting_find(settings_table, path);
}

static enum config_origin origin(const struct fixture *f, const char *path)
{
  return f->config.sources[row(path) - settings_table].origin;
}

static void test_precedence(void)
{
  const char *const environment[] = {"LEADFERRY_EXPORT_MAX_PER_RUN=20", "LEADFERRY_EXPORT_CANARY=21", "HOME=/", NULL};
  const char *const overrides[] = {"export.max_per_run=30", "export.custom_variables.title=job",
                                   "export.custom_variables.title=role", NULL};
  struct config_options options = {.environment = environment, .overrides = overrides};
  struct fixture f;
  g_assert_true(load(&f, "f.yaml", "export: {max_per_run: 10, canary: 11, max_per_day: 12}", &options));
  g_assert_cmpint(f.settings.export.max_per_run, ==, 30);
  g_assert_cmpint(f.settings.export.canary, ==, 21);
  g_assert_cmpint(f.settings.export.max_per_day, ==, 12);
  g_assert_cmpint(origin(&f, "export.max_per_run"), ==, ORIGIN_FLAG);
  g_assert_cmpint(origin(&f, "export.canary"), ==, ORIGIN_ENVIRONMENT);
  g_assert_cmpint(origin(&f, "export.max_per_day"), ==, ORIGIN_FILE);
  g_assert_cmpint(origin(&f, "settle.wait_s"), ==, ORIGIN_DEFAULT);
  g_assert_cmpuint(f.settings.export.custom_variables->len, ==, 1);
  g_assert_cmpstr(g_array_index(f.settings.export.custom_variables, struct field_mapping, 0).source, ==, "role");
  clear(&f);
}

/* Of the three forms of the key that of the highest source counts. */
static void test_key_precedence(void)
{
  const char *const environment[] = {"LEADFERRY_INSTANTLY_API_KEY=k1", NULL};
  struct config_options options = {.environment = environment, .requires_key = true};
  struct fixture f;
  g_assert_true(load(&f, "f.yaml", "instantly: {api_key_file: /k}", &options));
  g_assert_cmpstr(f.settings.instantly.api_key, ==, "k1");
  g_assert_null(f.settings.instantly.api_key_file);
  clear(&f);
}

/* What is wrong outside the file. */
static void test_outside(void)
{
  static const struct {
    const char *variable, *override, *said;
  } cases[] = {
      {NULL, "export.max_per_run", "--set: expected SETTING=VALUE, such as export.max_per_run=500"},
      {NULL, "=5", "--set: expected SETTING=VALUE, such as export.max_per_run=500"},
      {NULL, "export.max_per_rum=5", "--set: export.max_per_rum: is no setting; did you mean export.max_per_run?"},
      {NULL, "exprot.canary=5", "--set: exprot.canary: is no setting; docs/configuration.md lists them"},
      {NULL, "export=5", "--set: export: is a section; name one of its settings"},
      {NULL, "export.canary=x", "--set: export.canary: expected a whole number from 0 to 1000000, found x"},
      {NULL, "export.canary=", "--set: export.canary: expected a whole number from 0 to 1000000, found "},
      {NULL, "campaigns=" A, "--set: campaigns: can be set in the file only"},
      {NULL, "export.fields=x",
       "--set: export.fields: is a mapping: set one entry, SETTING.NAME=COLUMN, or write it into the file"},
      {NULL, "export.fields.websit=x", "--set: export.fields.websit: is no field; did you mean website?"},
      {NULL, "export.fields.website=", "--set: export.fields.website: expected the name of a column"},
      {NULL, "instantly.api_key=s3cret",
       "--set: instantly.api_key: a key on the command line can be read by others; use instantly.api_key_file or "
       "api_key_env"},
      {"LEADFERRY_EXPORT_CANARY=-1", NULL,
       "$LEADFERRY_EXPORT_CANARY: export.canary: expected a whole number from 0 to 1000000, found -1"},
      {"LEADFERRY_EXPORT_CANARI=1", NULL,
       "$LEADFERRY_EXPORT_CANARI: names no setting; `leadferry config show` lists them"},
      {"LEADFERRY_CAMPAIGNS=x", NULL, "$LEADFERRY_CAMPAIGNS: campaigns: can be set in the file only"},
      {"LEADFERRY_INSTANTLY_BASE_URL=http://example.org", NULL,
       "$LEADFERRY_INSTANTLY_BASE_URL: instantly.base_url: http is for loopback alone; the key would travel in clear"},
      {NULL, NULL, "f.yaml: instantly: needs one of api_key_env, api_key_file and api_key"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const char *const environment[] = {cases[i].variable, NULL};
    const char *const overrides[] = {cases[i].override, NULL};
    bool is_outside = cases[i].variable || cases[i].override;
    struct config_options options = {.environment = environment, .overrides = overrides, .requires_key = !is_outside};
    struct fixture f;
    g_assert_false(load(&f, "f.yaml", "{}", &options));
    g_assert_cmpstr(f.error->message, ==, cases[i].said);
    clear(&f);
  }
}

static void test_variables_of_others(void)
{
  const char *const environment[] = {"LEADFERRY_CONFIG=x", "LEADFERRY_SHARED=/x", "LEADFERRY_INSTANTLY_KEY=secret",
                                     "NOEQUALS", NULL};
  struct config_options options = {.environment = environment};
  struct fixture f;
  g_assert_true(load(&f, "f.yaml", "instantly: {api_key_env: LEADFERRY_INSTANTLY_KEY}", &options));
  clear(&f);
}

/* Relative paths count from the folder of the file. */
static void test_paths(void)
{
  const char *const overrides[] = {"instantly.api_key_file=key", NULL};
  struct config_options options = {0};
  struct config_options with_flag = {.overrides = overrides};
  struct fixture f;
  g_assert_true(load(&f, "/etc/lf/f.yaml", "warehouse: {path: x/y.db}", &options));
  g_assert_cmpstr(f.settings.warehouse.path, ==, "/etc/lf/x/y.db");
  clear(&f);
  g_assert_true(load(&f, "/etc/lf/f.yaml", "{}", &with_flag));
  g_assert_cmpstr(f.settings.warehouse.path, ==, "/etc/lf/leadferry.db");
  g_assert_cmpstr(f.settings.instantly.api_key_file, ==, "key");
  clear(&f);
  g_assert_true(load(&f, "f.yaml", "warehouse: {path: y.db}", &options));
  g_assert_cmpstr(f.settings.warehouse.path, ==, "y.db");
  clear(&f);
}

static void test_empty_override_unsets(void)
{
  const char *const overrides[] = {"export.default_campaign=", NULL};
  struct config_options options = {.overrides = overrides};
  struct fixture f;
  g_assert_true(load(&f, "f.yaml", "export: {default_campaign: " A "}\ncampaigns: [{id: " A "}]", &options));
  g_assert_null(f.settings.export.default_campaign);
  clear(&f);
}

static void test_warning(void)
{
  struct fixture f;
  load_good(&f, "export: {cooldown_days: {replied: 3}}");
  g_assert_cmpuint(f.config.warnings->len, ==, 1);
  g_assert_cmpstr(g_ptr_array_index(f.config.warnings, 0), ==,
                  "export.cooldown_days.replied has no effect without export.once: cooldown");
  clear(&f);
}

/* The files that `init` writes are good, and every line that it comments out is good as well. */
static void test_template(void)
{
  const struct template_value values[] = {{"instantly.api_key_file", "a \"b\" \\c"}, {"export.canary", "7"}};
  const char *const campaigns[] = {A, B, NULL};
  g_autofree char *text = config_template(values, G_N_ELEMENTS(values), campaigns);
  struct fixture f;
  load_good(&f, text);
  g_assert_cmpstr(f.settings.instantly.api_key_file, ==, "a \"b\" \\c");
  g_assert_cmpint(f.settings.export.canary, ==, 7);
  g_assert_cmpuint(f.settings.campaigns->len, ==, 2);
  clear(&f);

  g_autofree char *bare = config_template(NULL, 0, NULL);
  g_autoptr(GRegex) comment = g_regex_new("^( *)# ([a-z_]+:( [^#\\n]*)?)( # .*)?$", G_REGEX_MULTILINE, 0, NULL);
  g_autofree char *open = g_regex_replace(comment, bare, -1, 0, "\\1\\2", 0, NULL);
  struct config_options options = {0};
  g_assert_false(load(&f, "f.yaml", open, &options));
  for (size_t i = 0; i < f.config.problems->len; i++) {
    const struct config_problem *problem = &g_array_index(f.config.problems, struct config_problem, i);
    bool is_choice = g_str_has_prefix(problem->path, "instantly.api_key") ||
                     g_str_has_suffix(problem->path, ".move_to") ||
                     strcmp(problem->path, "export.default_campaign") == 0;
    if (!is_choice) g_test_message("%s: %s", problem->path, problem->message);
    g_assert_true(is_choice);
  }
  clear(&f);
}

/* Each row can be found, written and read back; names of variables are unique. */
static void test_table(void)
{
  struct fixture f;
  load_good(&f, "{}");
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (const struct setting *setting = settings_table; setting->path; setting++) {
    g_autofree char *text = setting_text(setting, &f.settings);
    g_assert_true(setting_find(settings_table, setting->path) == setting);
    g_assert_true(g_hash_table_add(names, setting_env_name(setting)));
    g_assert_nonnull(setting->doc);
    if (setting->fallback)
      g_assert_cmpstr(text, ==, setting->fallback);
    else
      g_assert_null(text);
    if (strchr(setting->path, '.')) {
      g_autofree char *parent = g_strndup(setting->path, (size_t)(strrchr(setting->path, '.') - setting->path));
      g_assert_nonnull(section_find(parent));
    }
  }
  clear(&f);
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/config/defaults", test_defaults);
  g_test_add_func("/config/outcome_defaults", test_outcome_defaults);
  g_test_add_func("/config/values", test_values);
  g_test_add_func("/config/shared-columns", test_shared_columns);
  g_test_add_func("/config/precedence", test_precedence);
  g_test_add_func("/config/key_precedence", test_key_precedence);
  g_test_add_func("/config/outside", test_outside);
  g_test_add_func("/config/variables_of_others", test_variables_of_others);
  g_test_add_func("/config/paths", test_paths);
  g_test_add_func("/config/empty_override_unsets", test_empty_override_unsets);
  g_test_add_func("/config/warning", test_warning);
  g_test_add_func("/config/template", test_template);
  g_test_add_func("/config/table", test_table);
  return g_test_run();
}
