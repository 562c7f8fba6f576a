/* Configurations that are wrong: what is said, and where. The whole text is compared. */
#include "cli/config.h"
#include <string.h>

static const struct {
  const char *yaml;
  const char *said;
} cases[] = {
    {"", "f.yaml:1:1: the file is empty; `leadferry init` writes a commented one"},
    {"# only a comment\n", "f.yaml:1:1: the file is empty; `leadferry init` writes a commented one"},
    {"~\n", "f.yaml:1:1: the file is empty; `leadferry init` writes a commented one"},
    {"export: {max_per_run: 5\n", "f.yaml:2:1: did not find expected ',' or '}', while parsing a flow mapping"},
    {"export:\n  max_per_run: 5\n canary: 1\n", "f.yaml:3:2: did not find expected key, while parsing a block mapping"},
    {"export:\n\tmax_per_run: 5\n", "f.yaml:2:1: found character that cannot start any token, while scanning for the "
                                    "next token (a tab? indent with blanks; quote text that begins with one of @`%)"},
    {"a: b: c\n", "f.yaml:1:5: mapping values are not allowed in this context"},
    {"export: [1, 2\n", "f.yaml:2:1: did not find expected ',' or ']', while parsing a flow sequence"},
    {"export:\n  endpoint: \"bulk\n", "f.yaml:3:1: found unexpected end of stream, while scanning a quoted scalar"},
    {"export: {}\n---\nsync: {}\n", "f.yaml:2:1: a second document begins here; the file must hold one"},
    {"export: &x {}\nsync: *x\n",
     "2 problems in the configuration:\nf.yaml:1:9: anchors (&name) are not supported: write the value out where it is "
     "needed\nf.yaml:2:7: aliases (*name) are not supported: write the value out"},
    {"defaults: &d {canary: 1}\nexport:\n  <<: *d\n",
     "4 problems in the configuration:\nf.yaml:1:11: anchors (&name) are not supported: write the value out where it "
     "is needed\nf.yaml:3:7: aliases (*name) are not supported: write the value out\nf.yaml:3:3: merge keys are not "
     "supported: write the values out\nf.yaml:1:1: defaults: is no setting; docs/configuration.md lists them"},
    {"export:\n  canary: !!int 5\n", "f.yaml:2:11: tags (!name) are not supported: leave it out"},
    {"export:\n  canary: 1\n  canary: 2\n", "f.yaml:3:3: canary is given twice; the first is in line 2"},
    {"export: {}\nsync: {}\nexport: {}\n", "f.yaml:3:1: export is given twice; the first is in line 1"},
    {"? [a, b]\n: 1\n", "f.yaml:1:3: a key must be text"},
    {"instantly:\n  api_key_env: \"A\\nB\"\n",
     "f.yaml:2:16: this text holds a line break or another control character"},
    {"log:\n  level: \377\n", "f.yaml:2:10: this byte is not UTF-8; save the file as UTF-8"},
    {"\303(: 1\n", "f.yaml:1:1: this byte is not UTF-8; save the file as UTF-8"},
    {"a: \001\n", "f.yaml:1:4: control characters are not allowed"},
    {"[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\n", "f.yaml:1:18: nested too deep"},
    {"@at: 1\n", "f.yaml:1:1: found character that cannot start any token, while scanning for the next token (a tab? "
                 "indent with blanks; quote text that begins with one of @`%)"},
    {"- export\n", "f.yaml:1:1: expected sections like `export:` at the top"},
    {"just text\n", "f.yaml:1:1: expected sections like `export:` at the top"},
    {"export: 5\n", "f.yaml:1:9: export: expected settings below it, indented"},
    {"export: []\n", "f.yaml:1:9: export: expected settings below it, indented"},
    {"complete:\n  outcomes: keep\n", "f.yaml:2:13: complete.outcomes: expected settings below it, indented"},
    {"complete:\n  outcomes:\n    no_reply: delete\n",
     "f.yaml:3:15: complete.outcomes.no_reply: expected settings below it, indented"},
    {"campaigns: {}\n", "f.yaml:1:12: campaigns: expected a list of campaigns, each with an id, found a mapping"},
    {"campaigns: abc\n", "f.yaml:1:12: campaigns: expected a list of campaigns, each with an id, found text: abc"},
    {"campaigns:\n  - abc\n", "f.yaml:2:5: campaigns[0]: expected a campaign: `- id: UUID` with its settings below"},
    {"exprot:\n  max_per_run: 5\n", "f.yaml:1:1: exprot: is no setting; did you mean export?"},
    {"export:\n  max_per_rum: 5\n", "f.yaml:2:3: export.max_per_rum: is no setting; did you mean export.max_per_run?"},
    {"max_per_run: 5\n", "f.yaml:1:1: max_per_run: is no setting; did you mean export.max_per_run?"},
    {"zzz: 1\n", "f.yaml:1:1: zzz: is no setting; docs/configuration.md lists them"},
    {"complete:\n  outcomes:\n    no_repyl: {}\n",
     "f.yaml:3:5: complete.outcomes.no_repyl: is no setting; did you mean complete.outcomes.no_reply?"},
    {"complete:\n  outcomes:\n    no_reply:\n      grace: 3\n",
     "f.yaml:4:7: complete.outcomes.no_reply.grace: is no setting; docs/configuration.md lists them"},
    {"instantly:\n  timeout: 3\n", "f.yaml:2:3: instantly.timeout: is no setting; docs/configuration.md lists them"},
    {"campaigns:\n  - id: 0190a000-0000-7000-8000-000000000001\n    on_pause: feed\n",
     "f.yaml:3:5: campaigns[0].on_pause: is no setting; did you mean on_paused?"},
    {"campaigns:\n  - id: 0190a000-0000-7000-8000-000000000001\n    colour: red\n",
     "f.yaml:3:5: campaigns[0].colour: is no setting; a campaign has id, name, on_draft, on_paused, on_completed, "
     "on_bounces, escrow"},
    {"export:\n  armed: true\n", "f.yaml:2:3: export.armed: is no setting; did you mean complete.armed?"},
    {"export:\n  max_per_run: many\n",
     "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or unlimited, found text: many"},
    {"export:\n  max_per_run: \"5\"\n", "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or "
                                        "unlimited, found text: 5; leave out the quotes"},
    {"export:\n  max_per_run: 5.5\n",
     "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or unlimited, found a number: 5.5"},
    {"export:\n  max_per_run: 0x10\n",
     "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or unlimited, found a number: 0x10"},
    {"export:\n  max_per_run: 010\n",
     "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or unlimited, found a number: 010"},
    {"export:\n  max_per_run: true\n",
     "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or unlimited, found a truth value: true"},
    {"export:\n  max_per_run: [5]\n",
     "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or unlimited, found a list"},
    {"export:\n  max_per_run: {a: 1}\n",
     "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or unlimited, found a mapping"},
    {"export:\n  max_per_run:\n",
     "f.yaml:2:15: export.max_per_run: expected a whole number of at least 1, or unlimited, found nothing"},
    {"export:\n  max_per_run: Unlimited\n",
     "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or unlimited, found text: Unlimited"},
    {"export:\n  canary: unlimited\n",
     "f.yaml:2:11: export.canary: expected a whole number from 0 to 1000000, found text: unlimited"},
    {"complete:\n  armed: yes\n", "f.yaml:2:10: complete.armed: expected true or false, found text: yes"},
    {"complete:\n  armed: \"true\"\n", "f.yaml:2:10: complete.armed: expected true or false, found text: true"},
    {"complete:\n  armed: 1\n", "f.yaml:2:10: complete.armed: expected true or false, found a whole number: 1"},
    {"complete:\n  armed:\n", "f.yaml:2:9: complete.armed: expected true or false, found nothing"},
    {"warehouse:\n  path: 5\n",
     "f.yaml:2:9: warehouse.path: expected the path of a file, found a whole number: 5; put it in quotes"},
    {"warehouse:\n  path: \"\"\n", "f.yaml:2:9: warehouse.path: expected the path of a file, found empty text"},
    {"warehouse:\n  type: bigquerry\n",
     "f.yaml:2:9: warehouse.type: expected one of sqlite, bigquery, found text: bigquerry; did you mean bigquery?"},
    {"warehouse:\n  type: sqlit\n",
     "f.yaml:2:9: warehouse.type: expected one of sqlite, bigquery, found text: sqlit; did you mean sqlite?"},
    {"export:\n  once: true\n", "f.yaml:2:9: export.once: expected one of ever, cooldown, found a truth value: true"},
    {"log:\n  level: warn\n", "f.yaml:2:10: log.level: expected one of debug, info, warning, error, found text: warn"},
    {"source:\n  table: \"leads; drop\"\n", "f.yaml:2:10: source.table: expected a name of letters, digits, _ and - "
                                            "that begins with a letter or _, found text: leads; drop"},
    {"source:\n  table: 1leads\n", "f.yaml:2:10: source.table: expected a name of letters, digits, _ and - that begins "
                                   "with a letter or _, found text: 1leads"},
    {"instantly:\n  batch_size: 0\n",
     "f.yaml:2:15: instantly.batch_size: expected a whole number from 1 to 1000, found a whole number: 0"},
    {"instantly:\n  batch_size: 1001\n",
     "f.yaml:2:15: instantly.batch_size: expected a whole number from 1 to 1000, found a whole number: 1001"},
    {"instantly:\n  requests_per_second: -1\n",
     "f.yaml:2:24: instantly.requests_per_second: expected a whole number from 1 to 1000000, found a whole number: -1"},
    {"export:\n  max_per_run: 0\n",
     "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or unlimited, found a whole number: 0"},
    {"export:\n  max_per_run: 9223372036854775807\n",
     "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or unlimited, found a whole number: "
     "9223372036854775807"},
    {"export:\n  max_per_run: 99999999999999999999\n",
     "f.yaml:2:16: export.max_per_run: expected a whole number of at least 1, or unlimited, found a whole number: "
     "99999999999999999999"},
    {"export:\n  plan_reserve_percent: 101\n",
     "f.yaml:2:25: export.plan_reserve_percent: expected a whole number from 0 to 100, found a whole number: 101"},
    {"complete:\n  outcomes:\n    bounced:\n      grace_days: -1\n",
     "f.yaml:4:19: complete.outcomes.bounced.grace_days: expected a whole number from 0 to 3650, found a whole number: "
     "-1"},
    {"export:\n  cooldown_days:\n    no_reply: 99999\n",
     "f.yaml:3:15: export.cooldown_days.no_reply: expected a whole number from 0 to 36500, or unlimited, found a whole "
     "number: 99999"},
    {"export:\n  default_campaign: abc\n", "f.yaml:2:21: export.default_campaign: expected a UUID like "
                                           "0190a000-0000-7000-8000-000000000001, found text: abc"},
    {"export:\n  default_campaign: 0190a000-0000-7000-8000-000000000001\n",
     "f.yaml:2:21: export.default_campaign: is none of campaigns; add it there"},
    {"campaigns:\n  - id: abc\n",
     "f.yaml:2:9: campaigns[0].id: expected a UUID like 0190a000-0000-7000-8000-000000000001, found text: abc"},
    {"campaigns:\n  - id: 5\n", "f.yaml:2:9: campaigns[0].id: expected a UUID like "
                                "0190a000-0000-7000-8000-000000000001, found a whole number: 5; put it in quotes"},
    {"campaigns:\n  - id:\n",
     "f.yaml:2:8: campaigns[0].id: expected a UUID like 0190a000-0000-7000-8000-000000000001, found nothing"},
    {"campaigns:\n  - name: First\n", "f.yaml:2:5: campaigns[0]: has no id"},
    {"campaigns:\n  - id: 0190a000-0000-7000-8000-000000000001\n  - id: 0190a000-0000-7000-8000-000000000002\n  - id: "
     "0190A000-0000-7000-8000-000000000001\n",
     "f.yaml:4:9: campaigns[2].id: is the id of campaigns[0] too; each campaign may stand once"},
    {"campaigns:\n  - id: 0190a000-0000-7000-8000-000000000001\n    on_draft: feed\n",
     "f.yaml:3:15: campaigns[0].on_draft: expected the word refuse, found text: feed"},
    {"campaigns:\n  - id: 0190a000-0000-7000-8000-000000000001\n    on_paused: activate\n",
     "f.yaml:3:16: campaigns[0].on_paused: expected one of refuse, feed, found text: activate"},
    {"campaigns:\n  - id: 0190a000-0000-7000-8000-000000000001\n    escrow: maybe\n",
     "f.yaml:3:13: campaigns[0].escrow: expected true or false, found text: maybe"},
    {"campaigns:\n  - id: 0190a000-0000-7000-8000-000000000001\n    name: 2024\n",
     "f.yaml:3:11: campaigns[0].name: expected text, found a whole number: 2024; put it in quotes"},
    {"export:\n  fields: website\n",
     "f.yaml:2:11: export.fields: expected a mapping of names to columns, found text: website"},
    {"export:\n  fields: {websit: url}\n", "f.yaml:2:12: export.fields.websit: is no field; did you mean website?"},
    {"export:\n  fields: {website: 5}\n",
     "f.yaml:2:21: export.fields.website: expected the name of a column, found a whole number: 5"},
    {"export:\n  fields: {website: [a]}\n",
     "f.yaml:2:21: export.fields.website: expected the name of a column, found a list"},
    {"export:\n  custom_variables: {firstName: first_name}\n",
     "f.yaml:2:22: export.custom_variables.firstName: cannot be set: Instantly or leadferry fills it, or the name "
     "holds one of {}|@"},
    {"export:\n  custom_variables: {leadferry: x}\n", "f.yaml:2:22: export.custom_variables.leadferry: cannot be set: "
                                                      "Instantly or leadferry fills it, or the name holds one of {}|@"},
    {"export:\n  custom_variables: {\"a}b\": x}\n", "f.yaml:2:22: export.custom_variables.a}b: cannot be set: "
                                                    "Instantly or leadferry fills it, or the name holds one of {}|@"},
    {"export:\n  custom_variables: {title: \"\"}\n",
     "f.yaml:2:29: export.custom_variables.title: expected the name of a column, found empty text"},
    {"source:\n  columns: {mail: e_mail}\n", "f.yaml:2:13: source.columns.mail: is no field; did you mean email?"},
    {"source:\n  columns: {email: \"e mail\"}\n",
     "f.yaml:2:20: source.columns.email: expected the name of a column, found text: e mail"},
    {"source:\n  columns: {updated_at: added_date}\n",
     "f.yaml:2:12: source.columns: added_date and updated_at name the same column added_date, which leadferry writes "
     "to: give each a column of its own, or set source.write_back: false"},
    {"source:\n  columns: {cold_email_sent: First_Name}\n",
     "f.yaml:2:12: source.columns: first_name and cold_email_sent name the same column First_Name, which leadferry "
     "writes to: give each a column of its own, or set source.write_back: false"},
    {"source:\n  columns: {email: Sent, cold_email_sent: sent}\nwarehouse: {type: bigquery, project: p, dataset: d}\n",
     "f.yaml:2:12: source.columns: email and cold_email_sent name the same column sent, which leadferry writes to: "
     "give each a column of its own, or set source.write_back: false"},
    {"warehouse: {type: bigquery}\n",
     "2 problems in the configuration:\nf.yaml: warehouse.project: is needed for type: "
     "bigquery\nf.yaml: warehouse.dataset: is needed for type: bigquery"},
    {"warehouse: {type: bigquery, project: My Project, dataset: d}\n",
     "f.yaml:1:38: warehouse.project: is no project id of Google's: letters, digits and - alone"},
    {"warehouse: {type: bigquery, project: example.com:p-1, dataset: a-b}\n",
     "f.yaml:1:64: warehouse.dataset: is no name of a dataset: letters, digits and _ alone"},
    {"warehouse: {type: bigquery, project: p, dataset: d, ops_dataset: p.d}\n",
     "f.yaml:1:66: warehouse.ops_dataset: is no name of a dataset: letters, digits and _ alone"},
    {"warehouse: {type: bigquery, project: p, dataset: d, location: the EU}\n",
     "f.yaml:1:63: warehouse.location: is no location: write EU, US or a region such as europe-west3"},
    {"warehouse: {type: bigquery, project: p, dataset: d, maximum_bytes_billed: 10485759}\n",
     "f.yaml:1:75: warehouse.maximum_bytes_billed: is less than the 10485760 bytes that BigQuery bills for any "
     "statement, so that none would run"},
    {"instantly:\n  api_key: a\n  api_key_env: B\n",
     "f.yaml:3:16: instantly.api_key_env: instantly.api_key is given too; exactly one of the three may be"},
    {"instantly:\n  api_key: a\n  api_key_file: b\n  api_key_env: C\n",
     "2 problems in the configuration:\nf.yaml:3:17: instantly.api_key_file: instantly.api_key is given too; exactly "
     "one of the three may be\nf.yaml:4:16: instantly.api_key_env: instantly.api_key is given too; exactly one of the "
     "three may be"},
    {"instantly:\n  base_url: http://api.instantly.ai\n",
     "f.yaml:2:13: instantly.base_url: http is for loopback alone; the key would travel in clear"},
    {"instantly:\n  base_url: https://example.org\n",
     "f.yaml:2:13: instantly.base_url: is not Instantly and not on loopback; set instantly.allow_custom_endpoint: true "
     "if it is meant"},
    {"instantly:\n  base_url: http://example.org\n  allow_custom_endpoint: true\n",
     "f.yaml:2:13: instantly.base_url: http is for loopback alone; the key would travel in clear"},
    {"instantly:\n  base_url: ftp://127.0.0.1\n",
     "f.yaml:2:13: instantly.base_url: expected a URL like https://api.instantly.ai"},
    {"instantly:\n  base_url: api.instantly.ai\n",
     "f.yaml:2:13: instantly.base_url: expected a URL like https://api.instantly.ai"},
    {"instantly:\n  base_url: https://me:pw@api.instantly.ai\n",
     "f.yaml:2:13: instantly.base_url: a base URL has no user, query or fragment; keys belong to api_key_file or "
     "api_key_env"},
    {"instantly:\n  base_url: https://api.instantly.ai/?key=1\n",
     "f.yaml:2:13: instantly.base_url: a base URL has no user, query or fragment; keys belong to api_key_file or "
     "api_key_env"},
    {"instantly:\n  base_url: https://api.instantly.ai.example.org\n",
     "f.yaml:2:13: instantly.base_url: is not Instantly and not on loopback; set instantly.allow_custom_endpoint: true "
     "if it is meant"},
    {"instantly:\n  base_url: http://127.0.0.1.example.org\n",
     "f.yaml:2:13: instantly.base_url: http is for loopback alone; the key would travel in clear"},
    {"instantly:\n  base_url: https://api.instantly.ai:8443\n",
     "f.yaml:2:13: instantly.base_url: is not Instantly and not on loopback; set instantly.allow_custom_endpoint: true "
     "if it is meant"},
    {"complete:\n  outcomes:\n    no_reply:\n      action: move\n",
     "f.yaml:4:15: complete.outcomes.no_reply.action: move needs move_to, the id of a list"},
    {"complete:\n  outcomes:\n    no_reply:\n      move_to: 0190a000-0000-7000-8000-000000000001\n",
     "f.yaml:4:16: complete.outcomes.no_reply.move_to: is for action: move alone"},
    {"instantly:\n  api_key: 12345\n",
     "f.yaml:2:12: instantly.api_key: expected text, found a whole number; put it in quotes"},
    {"instantly:\n  api_key: [s3cret]\n", "f.yaml:2:12: instantly.api_key: expected text, found a list"},
    {"log:\n  level: jane@example.com\n",
     "f.yaml:2:10: log.level: expected one of debug, info, warning, error, found text"},
    {"jane@example.com: 1\n", "f.yaml:1:1: this key can be no name of a setting"},
    {"export:\n  canary: 1\n  @\n", "f.yaml:3:3: found character that cannot start any token, while scanning for the "
                                    "next token (a tab? indent with blanks; quote text that begins with one of @`%)"},
    {"export:\n  a: \"\\0\"\n",
     "2 problems in the configuration:\nf.yaml:2:6: this text holds a line break or another control "
     "character\nf.yaml:2:3: export.a: is no setting; docs/configuration.md lists them"},
    {"export:\n  max_per_rum: 5\n  canary: x\nsnyc: {}\nlog:\n  level: loud\n",
     "4 problems in the configuration:\nf.yaml:2:3: export.max_per_rum: is no setting; did you mean "
     "export.max_per_run?\nf.yaml:3:11: export.canary: expected a whole number from 0 to 1000000, found text: "
     "x\nf.yaml:4:1: snyc: is no setting; docs/configuration.md lists them\nf.yaml:6:10: log.level: expected one of "
     "debug, info, warning, error, found text: loud"},
};

static void test_bad(gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE(data);
  struct settings settings;
  settings_init(&settings);
  struct config config;
  config_init(&config, &settings);
  struct config_options options = {0};
  g_autoptr(GError) error = NULL;
  struct config_text text = {"f.yaml", cases[i].yaml, strlen(cases[i].yaml)};
  g_assert_false(config_load_bytes(&config, &options, &text, &error));
  g_assert_true(error_is(error, ERROR_CONFIG));
  g_assert_cmpstr(error->message, ==, cases[i].said);
  g_assert_cmpuint(config.problems->len, >, 0);
  config_clear(&config);
  settings_clear(&settings);
}

/* Every prefix of a good file and every file with one byte changed is answered, whatever the answer is. */
static void test_mangled(void)
{
  static const char good[] = "campaigns:\n  - id: 0190a000-0000-7000-8000-000000000001\n    on_paused: feed\n"
                             "export: {max_per_run: unlimited, fields: {website: url}}\n";
  for (size_t length = 0; length < sizeof good; length++)
    for (int change = 0; change < 3; change++) {
      g_autofree char *bytes = g_memdup2(good, sizeof good);
      bytes[length] = change == 0 ? bytes[length] : change == 1 ? '\t' : (char)0xff;
      struct settings settings;
      settings_init(&settings);
      struct config config;
      config_init(&config, &settings);
      struct config_options options = {0};
      g_autoptr(GError) error = NULL;
      struct config_text text = {"f.yaml", bytes, change == 0 ? length : sizeof good - 1};
      bool is_good = config_load_bytes(&config, &options, &text, &error);
      g_assert_true(is_good == (error == NULL));
      g_assert_true(is_good == (config.problems->len == 0));
      config_clear(&config);
      settings_clear(&settings);
    }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/config/bad/%03zu", i);
    g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_bad);
  }
  g_test_add_func("/config/mangled", test_mangled);
  return g_test_run();
}
