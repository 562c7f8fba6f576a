/* `leadferry version`: ours and that of the libraries we stand on. */
#include "base/json.h"
#include "cli/command_list.h"
#include "cli/output.h"
#include <yaml.h>

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv, (void)error;
  g_autofree char *glib = g_strdup_printf("%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);
  if (cli->is_json) {
    g_autoptr(GString) out = g_string_new("{");
    json_append_str(out, "version", LEADFERRY_VERSION);
    json_append_str(out, "glib", glib);
    json_append_str(out, "libyaml", yaml_get_version_string());
    out_print("%s}\n", out->str);
    return EXIT_CODE_OK;
  }
  out_print("leadferry %s\n", LEADFERRY_VERSION);
  if (cli->is_verbose) out_print("glib %s\nlibyaml %s\n", glib, yaml_get_version_string());
  return EXIT_CODE_OK;
}

const struct command command_version = {
    .name = "version",
    .arguments = "",
    .summary = "Print the version",
    .details = "With --verbose or --json also those of the libraries.",
    .example = "leadferry version --json",
    .run = run,
};
