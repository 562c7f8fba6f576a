/* `leadferry doctor`: everything that can be checked without changing anything. */
#include "base/json.h"
#include "base/log.h"
#include "cli/command_list.h"
#include "cli/config.h"
#include "cli/doctor.h"
#include "cli/output.h"
#include "instantly/client.h"

static void print_json(const struct findings *findings)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_key(out, "findings");
  g_string_append_c(out, '[');
  for (size_t i = 0; i < findings->rows->len; i++) {
    const struct finding *finding = &g_array_index(findings->rows, struct finding, i);
    g_string_append(out, i > 0 ? ",{" : "{");
    json_append_str(out, "id", finding->id->id);
    json_append_str(out, "severity", severity_name(finding->id->severity));
    json_append_str(out, "subject", finding->subject);
    json_append_str(out, "sentence", finding->sentence);
    json_append_str(out, "fix", finding->id->fix);
    g_string_append_c(out, '}');
  }
  out_print("%s]}\n", out->str);
}

/* Three lines each: sentences are too long for a table. */
static void print_finding(const struct finding *finding)
{
  out_print("%-8s %-26s %s\n", severity_name(finding->id->severity), finding->id->id,
            finding->subject ? finding->subject : "");
  out_print("         %s\n         Fix: %s.\n", finding->sentence, finding->id->fix);
}

static void print_text(const struct findings *findings)
{
  for (enum severity severity = SEVERITY_ERROR; severity <= SEVERITY_INFO; severity++)
    for (size_t i = 0; i < findings->rows->len; i++)
      if (g_array_index(findings->rows, struct finding, i).id->severity == severity)
        print_finding(&g_array_index(findings->rows, struct finding, i));
  if (findings->rows->len == 0) out_print("nothing to complain about\n");
}

/* The configuration; false when nothing else can be looked at. */
static bool check_config(struct findings *findings, struct cli *cli, const char *const *environment)
{
  struct config config;
  config_init(&config, &cli->settings);
  struct config_options options = {
      .path = cli->config_path, .overrides = (const char *const *)cli->overrides->pdata, .environment = environment};
  g_autoptr(GError) error = NULL;
  bool is_loaded = config_load(&config, &options, &error);
  if (is_loaded)
    doctor_check_settings(findings, &cli->settings);
  else if (config.problems->len == 0)
    findings_add(findings, "config_invalid", NULL, "%s", error->message);
  for (size_t i = 0; i < config.problems->len; i++) {
    const struct config_problem *problem = &g_array_index(config.problems, struct config_problem, i);
    g_autofree char *text = config_problem_text(problem);
    findings_add(findings, "config_invalid", problem->path, "%s", text);
  }
  config_clear(&config);
  config_take_google(&cli->settings);
  return is_loaded;
}

static bool open_instantly(struct findings *findings, struct cli *cli, const char *const *environment)
{
  g_autofree char *warning = NULL;
  g_autoptr(GError) error = NULL;
  struct config_options options = {.path = cli->config_path, .environment = environment};
  g_autofree char *path = config_find_path(&options);
  if (!config_resolve_key(&cli->settings, environment, &warning, &error)) {
    findings_add(findings, "key_missing", "instantly", "%s", error->message);
    return false;
  }
  log_add_secret(cli->settings.instantly.api_key);
  doctor_check_file(findings, path, &cli->settings);
  cli->instantly = instantly_open(&cli->settings, cli->clock, cli_is_cancelled, NULL, &error);
  if (!cli->instantly) findings_add(findings, "instantly_unreachable", "instantly", "%s", error->message);
  if (cli->instantly) instantly_hurry(cli->instantly);
  return cli->instantly != NULL;
}

/* The checks, from near to far. */
static void diagnose(struct findings *findings, struct cli *cli)
{
  g_auto(GStrv) environment = g_get_environ();
  const char *const *variables = (const char *const *)environment;
  if (!check_config(findings, cli, variables)) return;
  doctor_check_warehouse(findings, cli);
  if (!open_instantly(findings, cli, variables)) return;
  out_note(cli, "asking %s", cli->settings.instantly.base_url);
  if (!doctor_check_workspace(findings, cli)) return;
  doctor_check_campaigns(findings, cli);
  doctor_check_stamps(findings, cli);
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  if (option_flag(cli, "reference")) {
    g_autofree char *text = doctor_markdown();
    out_print("%s", text);
    return EXIT_CODE_OK;
  }
  struct findings findings;
  findings_init(&findings);
  diagnose(&findings, cli);
  if (cli->is_json)
    print_json(&findings);
  else
    print_text(&findings);
  enum exit_code code = findings_exit_code(&findings);
  findings_clear(&findings);
  if (cli_is_cancelled(NULL)) error_set(error, ERROR_CANCELLED, "stopped before everything was looked at");
  return code;
}

static const struct command_option options[] = {
    {"reference", OPTION_FLAG, NULL, "print the list of findings (docs/doctor.md)"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_doctor = {
    .name = "doctor",
    .arguments = "",
    .summary = "Look for everything that is wrong, on both sides",
    .details =
        "Checks configuration, warehouse schema, key and scopes, the workspace's settings and plan, the clock and "
        "every configured campaign, and whether rows carry the stamp of another ledger than this. Only reads. Each "
        "finding has an id (docs/doctor.md), a severity, a sentence "
        "and a fix. Ends with 0 when no finding is an error.",
    .example = "leadferry doctor --json",
    .options = options,
    .run = run,
};
