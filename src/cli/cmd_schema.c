/* `leadferry schema apply|check`: our tables in the warehouse. */
#include "base/json.h"
#include "cli/command_list.h"
#include "cli/output.h"

static void print_json(const GArray *findings)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_key(out, "findings");
  g_string_append_c(out, '[');
  for (size_t i = 0; i < findings->len; i++) {
    const struct schema_finding *finding = &g_array_index(findings, struct schema_finding, i);
    g_string_append(out, i > 0 ? ",{" : "{");
    json_append_str(out, "table", finding->table);
    json_append_str(out, "column", finding->column);
    json_append_str(out, "problem", finding->problem);
    json_append_bool(out, "is_fatal", finding->is_fatal);
    g_string_append_c(out, '}');
  }
  out_print("%s]}\n", out->str);
}

static void print_text(const GArray *findings)
{
  static const char *const headers[] = {"TABLE", "COLUMN", "PROBLEM", "JOBS RUN"};
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (size_t i = 0; i < findings->len; i++) {
    const struct schema_finding *finding = &g_array_index(findings, struct schema_finding, i);
    table_add(&table, "%s", finding->table);
    table_add(&table, "%s", finding->column ? finding->column : "-");
    table_add(&table, "%s", finding->problem);
    table_add(&table, "%s", finding->is_fatal ? "no" : "yes");
  }
  if (findings->len > 0)
    table_print(&table);
  else
    out_print("the schema is as it should be\n");
  table_clear(&table);
}

static enum exit_code check(struct cli *cli, struct warehouse *warehouse, GError **error)
{
  g_autoptr(GArray) findings = schema_findings_new();
  if (!schema_check(warehouse, findings, error)) return EXIT_CODE_OK;
  if (cli->is_json)
    print_json(findings);
  else
    print_text(findings);
  for (size_t i = 0; i < findings->len; i++)
    if (g_array_index(findings, struct schema_finding, i).is_fatal) return EXIT_CODE_CONFIG;
  return EXIT_CODE_OK;
}

static enum exit_code run_check(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  return check(cli, cli->warehouse, error);
}

static bool apply(const struct cli *cli, struct warehouse *warehouse, GError **error)
{
  bool created = false;
  if (!schema_apply(warehouse, &created, error)) return false;
  if (cli->is_json)
    out_print("{\"created\":%s}\n", created ? "true" : "false");
  else
    out_print(created ? "made what was missing\n" : "nothing was missing\n");
  return true;
}

/* Opens the warehouse itself: what the frame would do on the way is what this command reports. */
static enum exit_code run_apply(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  enum warehouse_mode mode = cli->is_dry_run ? WAREHOUSE_READ : WAREHOUSE_WRITE;
  cli->warehouse = warehouse_open(&cli->settings, mode, cli->clock, error);
  if (!cli->warehouse) return EXIT_CODE_OK;
  if (!cli->is_dry_run) return apply(cli, cli->warehouse, error) ? EXIT_CODE_OK : EXIT_CODE_FAILED;
  enum exit_code code = check(cli, cli->warehouse, error);
  return code == EXIT_CODE_CONFIG ? EXIT_CODE_OK : code;
}

const struct command command_schema_apply = {
    .name = "schema apply",
    .arguments = "",
    .summary = "Create and migrate the tables in the warehouse",
    .details = "Creates what is missing and never drops anything. A schema of a newer leadferry is refused. With "
               "--dry-run it lists what is missing.",
    .example = "leadferry schema apply --dry-run",
    .needs = NEEDS_CONFIG,
    .writes = true,
    .run = run_apply,
};

const struct command command_schema_check = {
    .name = "schema check",
    .arguments = "",
    .summary = "Compare the warehouse with what leadferry needs",
    .details = "Lists tables and columns that are missing or of the wrong type; exit code 78 when jobs cannot run.",
    .example = "leadferry schema check --json",
    .needs = NEEDS_WAREHOUSE_READ | NEEDS_ANY_SCHEMA,
    .run = run_check,
};

static enum exit_code run_print(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  g_autoptr(GString) text = g_string_new(NULL);
  if (!schema_print(cli->warehouse, text, error)) return EXIT_CODE_OK;
  out_print("%s", text->str);
  return EXIT_CODE_OK;
}

const struct command command_schema_print = {
    .name = "schema print",
    .arguments = "",
    .summary = "Print the statements that make the tables",
    .details = "For whoever makes them by hand, or has them reviewed first: the same tables that `schema apply` makes.",
    .example = "leadferry schema print",
    .needs = NEEDS_WAREHOUSE_READ | NEEDS_ANY_SCHEMA,
    .run = run_print,
};
