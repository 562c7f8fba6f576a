/* The whole program after main(): parse, load what the command needs, run it, map its end to an exit code, shut down in
 * mirrored order. */
#include "cli/command.h"
#include "base/log.h"
#include "cli/config.h"
#include "cli/fingerprint.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "core/job.h"
#include "instantly/client.h"
#include "warehouse/brakes.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

bool cli_is_cancelled(void *context)
{
  (void)context;
  return signal_caught() != 0;
}

void cli_job_init(struct cli *cli, struct job *job)
{
  struct ledger *ledger = cli->warehouse ? warehouse_ledger(cli->warehouse) : NULL;
  job_init(job, &cli->settings, ledger, cli->instantly, cli->clock);
  job->progress = cli->progress;
  job->is_cancelled = cli_is_cancelled;
  job->limit = cli->limit;
  if (!cli->fingerprint) cli->fingerprint = settings_fingerprint(&cli->settings);
  job->fingerprint = cli->fingerprint;
  job->is_dry_run = cli->is_dry_run;
  job->allow_mass_removal = option_int(cli, "allow-mass-removal", 0);
  job->allow_hit = option_int(cli, "allow-hit", 0);
  job->allow_shrunk_source = option_int(cli, "allow-shrunk-source", 0);
  job->allow_lost_stops = option_int(cli, "allow-lost-stops", 0);
  job->allow_shrunk_exclusion = option_int(cli, "allow-shrunk-exclusion", 0);
}

static void say(const char *what, const char *sentence)
{
  fprintf(stderr, "leadferry: %s%s\n", what, sentence);
}

static void warn(const struct cli *cli, const char *sentence)
{
  if (!cli->is_quiet) say("warning: ", sentence);
}

static void log_start(const struct cli *cli)
{
  static const char *const levels[] = {"debug", "info", "warning", "error"};
  struct log_options options = {.level = LOG_INFO, .format = LOG_LOGFMT, .fd = STDERR_FILENO};
  for (size_t i = 0; i < G_N_ELEMENTS(levels); i++)
    if (g_strcmp0(cli->settings.log.level, levels[i]) == 0) options.level = (enum log_level)i;
  if (cli->is_verbose)
    options.level = LOG_DEBUG;
  else if (cli->is_quiet && options.level < LOG_WARNING)
    options.level = LOG_WARNING;
  if (g_strcmp0(cli->settings.log.format, "json") == 0) options.format = LOG_JSON;
  log_init(&options);
}

static bool load_settings(struct cli *cli, const struct command *command, GError **error)
{
  g_auto(GStrv) environment = g_get_environ();
  struct config config;
  config_init(&config, &cli->settings);
  struct config_options options = {.path = cli->config_path,
                                   .overrides = (const char *const *)cli->overrides->pdata,
                                   .environment = (const char *const *)environment,
                                   .requires_key = (command->needs & NEEDS_INSTANTLY) != 0};
  bool is_loaded = config_load(&config, &options, error);
  for (size_t i = 0; i < config.warnings->len; i++)
    warn(cli, g_ptr_array_index(config.warnings, i));
  config_clear(&config);
  if (!is_loaded) return false;
  config_take_google(&cli->settings);
  log_start(cli);
  if (!(command->needs & NEEDS_INSTANTLY)) return true;
  g_autofree char *warning = NULL;
  if (!config_resolve_key(&cli->settings, (const char *const *)environment, &warning, error)) return false;
  if (warning) warn(cli, warning);
  log_add_secret(cli->settings.instantly.api_key);
  return true;
}

/* What the first command of all would do can be looked at before there is a database. */
static void stand_in(struct cli *cli, const struct command *command)
{
  struct warehouse_settings *warehouse = &cli->settings.warehouse;
  if (!cli->is_dry_run || !(command->needs & NEEDS_NO_DATABASE_YET)) return;
  bool is_file = g_strcmp0(warehouse->type, "sqlite") == 0;
  if (!is_file || g_file_test(warehouse->path, G_FILE_TEST_EXISTS)) return;
  out_note(cli, "%s does not exist yet; without --dry-run it is made", warehouse->path);
  g_free(warehouse->type);
  warehouse->type = g_strdup("memory");
}

static bool open_warehouse(struct cli *cli, const struct command *command, GError **error)
{
  stand_in(cli, command);
  bool writes = (command->needs & NEEDS_WAREHOUSE_WRITE) && !cli->is_dry_run;
  cli->warehouse = warehouse_open(&cli->settings, writes ? WAREHOUSE_WRITE : WAREHOUSE_READ, cli->clock, error);
  if (!cli->warehouse) return false;
  if (!writes && !(command->needs & NEEDS_ANY_SCHEMA) && !schema_whole(cli->warehouse, error)) return false;
  if (!writes) return !(command->needs & NEEDS_INBOX) || brakes_preview(cli->warehouse, error);
  bool created = false;
  if (!schema_ready(cli->warehouse, &created, error)) return false;
  if (created) out_note(cli, "made the tables that were missing in %s", cli->settings.warehouse.path);
  return true;
}

/* Somebody who says stop is not sent away because another program has the database for itself. */
static bool go_on_without(struct cli *cli, const struct command *command, const GError *failure)
{
  struct warehouse_settings *warehouse = &cli->settings.warehouse;
  bool is_busy = error_is(failure, ERROR_TRANSIENT) || error_is(failure, ERROR_LOCKED);
  bool is_file = g_strcmp0(warehouse->type, "sqlite") == 0;
  if (!is_busy || !is_file || !(command->needs & NEEDS_BRAKE) || cli->is_dry_run) return false;
  g_clear_pointer(&cli->warehouse, warehouse_close);
  g_autofree char *type = g_steal_pointer(&warehouse->type);
  warehouse->type = g_strdup("memory");
  cli->warehouse = warehouse_open(&cli->settings, WAREHOUSE_WRITE, cli->clock, NULL);
  g_free(warehouse->type);
  warehouse->type = g_steal_pointer(&type);
  cli->is_shut = cli->warehouse != NULL;
  if (cli->is_shut) warn(cli, failure->message);
  return cli->is_shut;
}

static bool load_warehouse(struct cli *cli, const struct command *command, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (open_warehouse(cli, command, &failure) || go_on_without(cli, command, failure)) return true;
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

/* Start-up: each step has its mirror in cli_stop(). */
static bool cli_start(struct cli *cli, const struct command *command, GPtrArray *arguments, GError **error)
{
  const unsigned needs = command->needs;
  log_start(cli);
  bool needs_warehouse = (needs & (NEEDS_WAREHOUSE_READ | NEEDS_WAREHOUSE_WRITE)) != 0;
  if (needs != NEEDS_NOTHING && !load_settings(cli, command, error)) return false;
  if (command->check && !command->check(cli, (int)arguments->len, (char **)arguments->pdata, error)) return false;
  if (needs_warehouse && !load_warehouse(cli, command, error)) return false;
  if (needs & NEEDS_INSTANTLY) {
    cli->instantly = instantly_open(&cli->settings, cli->clock, cli_is_cancelled, NULL, error);
    if (!cli->instantly) return false;
    if (!(needs & NEEDS_WAREHOUSE_WRITE) || cli->is_dry_run) instantly_hurry(cli->instantly);
  }
  if (needs_warehouse) cli->progress = progress_new(cli);
  return true;
}

static void cli_stop(struct cli *cli)
{
  g_clear_pointer(&cli->progress, progress_free);
  g_clear_pointer(&cli->instantly, instantly_close);
  g_clear_pointer(&cli->warehouse, warehouse_close);
}

static void cli_init(struct cli *cli)
{
  *cli = (struct cli){.clock = clock_system(), .limit = SETTING_UNLIMITED};
  cli->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  cli->overrides = g_ptr_array_new_null_terminated(4, g_free, TRUE);
  settings_init(&cli->settings);
}

static void cli_clear(struct cli *cli)
{
  char *key = cli->settings.instantly.api_key;
  if (key) explicit_bzero(key, strlen(key));
  settings_clear(&cli->settings);
  g_clear_pointer(&cli->fingerprint, g_free);
  g_clear_pointer(&cli->overrides, g_ptr_array_unref);
  g_clear_pointer(&cli->options, g_hash_table_unref);
}

/* The exit code of an error, after its sentence was said. */
static enum exit_code report(const GError *error)
{
  say("", error->message);
  if (error_is(error, ERROR_CANCELLED) && signal_caught() == SIGTERM) return EXIT_CODE_SIGTERM;
  return error_exit_code(error_kind_of(error));
}

static enum exit_code run_command(struct cli *cli, const struct command *command, GPtrArray *arguments)
{
  g_autoptr(GError) error = NULL;
  enum exit_code code = EXIT_CODE_OK;
  if (cli_start(cli, command, arguments, &error))
    code = command->run(cli, (int)arguments->len, (char **)arguments->pdata, &error);
  cli_stop(cli);
  if (error) code = exit_code_worse(code, report(error));
  return code;
}

/* What was written must have arrived: a full disk is a failure. A reader that wanted no more is none, and is told what
 * other tools tell it. */
static enum exit_code check_output(enum exit_code code)
{
  g_autoptr(GError) error = NULL;
  if (out_finish(&error)) return code;
  return exit_code_worse(code, out_is_closed() ? EXIT_CODE_SIGPIPE : report(error));
}

static enum exit_code dispatch(struct cli *cli, const struct command_line *line)
{
  g_autofree char *text = NULL;
  if (line->wants_version) return run_command(cli, command_find("version"), line->arguments);
  if (line->wants_help && line->command)
    text = help_command(line->command);
  else if (line->group)
    text = help_group(line->group);
  else if (!line->command)
    text = help_overview();
  if (!text) return run_command(cli, line->command, line->arguments);
  fputs(text, line->wants_help ? stdout : stderr);
  return line->wants_help ? EXIT_CODE_OK : EXIT_CODE_USAGE;
}

/* A core file would hold addresses and the key: none is written, also where a pipe takes them whatever the limit says,
 * and no other process of the same user may look inside. */
static void forbid_core_dumps(void)
{
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  prctl(PR_SET_DUMPABLE, 0);
}

int cli_main(int argc, char **argv)
{
  forbid_core_dumps();
  signal_catch();
  struct cli cli;
  cli_init(&cli);
  struct command_line line;
  g_autoptr(GError) error = NULL;
  enum exit_code code = command_line_parse(&line, &cli, argc, argv, &error) ? dispatch(&cli, &line) : report(error);
  command_line_clear(&line);
  cli_clear(&cli);
  return (int)check_output(code);
}
