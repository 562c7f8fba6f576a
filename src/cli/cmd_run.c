/* `leadferry run`: recover, sync, complete, export, in this order, as one command for a timer.
 *
 * A sync that failed (anything but 0 or 3) means that we do not know who answered: complete and export are skipped. A
 * safety stop of complete does not keep new leads from going out. */
#include "cli/command_list.h"
#include "cli/jobs.h"
#include "cli/output.h"

#include <stdio.h>

static const struct {
  const char *name;
  enum exit_code (*job_do)(struct cli *, GString *, GError **);
  bool needs_sync; /* skipped when the sync before it failed */
} steps[] = {
    {"recover", job_do_recover, false},
    {"sync", job_do_sync, false},
    {"complete", job_do_complete, true},
    {"export", job_do_export, true},
};

static enum exit_code do_step(struct cli *cli, size_t step, GString *json)
{
  g_autoptr(GError) error = NULL;
  enum exit_code code = steps[step].job_do(cli, json, &error);
  if (!error) return code;
  fprintf(stderr, "leadferry: %s: %s\n", steps[step].name, error->message);
  return exit_code_worse(code, error_exit_code(error_kind_of(error)));
}

static bool is_good(enum exit_code code)
{
  return code == EXIT_CODE_OK || code == EXIT_CODE_PARTIAL;
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  g_autoptr(GString) json = g_string_new("{\"job\":\"run\",\"jobs\":[");
  enum exit_code worst = EXIT_CODE_OK;
  bool is_synced = true;
  for (size_t step = 0; step < G_N_ELEMENTS(steps); step++) {
    if (steps[step].needs_sync && !is_synced) {
      out_note(cli, "%s skipped: the sync failed", steps[step].name);
      continue;
    }
    enum exit_code code = do_step(cli, step, json);
    worst = exit_code_worse(worst, code);
    if (steps[step].job_do == job_do_sync) is_synced = is_good(code);
    if (cli_is_cancelled(NULL)) {
      error_set(error, ERROR_CANCELLED, "stopped by a signal after %s; the next run goes on from there",
                steps[step].name);
      break;
    }
  }
  g_string_append_printf(json, "],\"exit_code\":%d}", (int)worst);
  if (cli->is_json) out_line(json->str);
  return worst;
}

static const struct command_option options[] = {
    {"full", OPTION_FLAG, NULL, "sync scans all configured campaigns"},
    {"allow-hit", OPTION_INT, "N", "see `leadferry sync --help`"},
    {"allow-mass-removal", OPTION_INT, "N", "see `leadferry complete --help`"},
    {"allow-lost-stops", OPTION_INT, "N", "see `leadferry export --help`"},
    {"allow-shrunk-exclusion", OPTION_INT, "N", "see `leadferry export --help`"},
    {"allow-shrunk-source", OPTION_INT, "N", "see `leadferry export --help`"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_run = {
    .name = "run",
    .arguments = "",
    .summary = "Run recover, sync, complete and export, one after the other",
    .details = "What a timer calls. A failed sync skips complete and export; a safety stop of complete does not stop "
               "export. The exit code is the worst of all.",
    .example = "leadferry run --json",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY,
    .writes = true,
    .options = options,
    .run = run,
};
