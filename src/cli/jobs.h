#pragma once
/* The jobs as commands run them: each job_do_...() runs one job and says what it did, as text on standard output or,
 * with
 * --json, as one object appended to `json`. `leadferry export` runs one of them, `leadferry run` all.
 *
 * Each returns the job's exit code; with an error set the report of what was done before it is still made. */
#include "cli/command.h"

/* Exports; with --dry-run plans. */
enum exit_code job_do_export(struct cli *cli, GString *json, GError **error);
/* Synchronises; --full scans all campaigns. With --dry-run says what would be asked for. */
enum exit_code job_do_sync(struct cli *cli, GString *json, GError **error);
/* Completes; with --dry-run plans. A safety stop prints what is due. */
enum exit_code job_do_complete(struct cli *cli, GString *json, GError **error);
/* Settles claims of earlier runs; sends nothing. */
enum exit_code job_do_recover(struct cli *cli, GString *json, GError **error);

/* Runs one job as a command of its own: prints its JSON object, if asked for. */
enum exit_code job_command(struct cli *cli, enum exit_code (*job_do)(struct cli *, GString *, GError **),
                           GError **error);

/* How a campaign is called in print: its configured name, else its id. Borrowed. */
const char *campaign_label(const struct settings *settings, const char *campaign_id);
