/* `leadferry lease show` and `lease break`: who is deciding, and what a dead holder left. */
#include "base/json.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/output.h"

static void show_text(const struct lease_view *view)
{
  g_autofree char *since = view->has_row ? time_format_us(view->acquired_at_us) : NULL;
  if (view->is_locked && view->has_row)
    out_print("locked: job %s, process %d on %s, since %s\n", view->job, (int)view->pid, view->host, since);
  else if (view->is_locked)
    out_line("locked by a command for a moment");
  else if (view->has_row)
    out_print("free; job %s, process %d on %s, of %s died without giving it back, which hinders nobody\n", view->job,
              (int)view->pid, view->host, since);
  else
    out_line("free");
  if (view->inbox_n) out_print("files in the inbox: %d\n", (int)view->inbox_n);
}

static void show_json(const struct lease_view *view)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_bool(out, "locked", view->is_locked);
  json_append_int(out, "inbox_files", view->inbox_n);
  json_append_key(out, "holder");
  if (view->has_row) {
    g_string_append_c(out, '{');
    json_append_str(out, "job", view->job);
    json_append_str(out, "host", view->host);
    json_append_int(out, "pid", view->pid);
    json_append_int(out, "epoch", view->epoch);
    json_append_time(out, "since", view->acquired_at_us);
    g_string_append(out, "}}");
  } else {
    g_string_append(out, "null}");
  }
  out_line(out->str);
}

static enum exit_code run_show(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  struct lease_view view = {0};
  bool is_ok = report_lease(cli->warehouse, &view, error);
  if (is_ok && cli->is_json)
    show_json(&view);
  else if (is_ok)
    show_text(&view);
  lease_view_clear(&view);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const struct command command_lease_show = {
    .name = "lease show",
    .arguments = "",
    .summary = "Show which run holds the lock",
    .details =
        "One writing job runs at a time; a second one ends with exit code 7. The lock is one of the operating system "
        "on the file beside the database and dies with its process, whatever happens to it. Also says how many files "
        "wait in the inbox for the holder.",
    .example = "leadferry lease show --json",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ,
    .run = run_show,
};

/* ---- break ---- */

static enum exit_code run_break(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  static const struct brake_sentences sentences = {.done = "cleared the row that a dead holder left; the lock was free",
                                                   .unchanged =
                                                       "nothing to break: the lock is free and nobody left a row",
                                                   .planned = "the row that a dead holder left would be cleared"};
  struct lease_view view = {0};
  struct brake_report report = {0};
  bool was_cleared = false;
  if (!cli->is_dry_run && !cli->is_yes) {
    error_set(error, ERROR_USAGE, "lease break wants to be meant: say --yes, or --dry-run to look");
    return EXIT_CODE_USAGE;
  }
  bool is_ok = report_lease(cli->warehouse, &view, error);
  if (is_ok && view.is_locked) {
    error_set(error, ERROR_LOCKED,
              "the lock is held by %s, process %d: it lives and dies with that process and cannot be broken; end the "
              "process (it stops in order on SIGTERM), then nothing is left to break",
              view.job ? view.job : "a command", (int)view.pid);
    is_ok = false;
  }
  if (is_ok && !cli->is_dry_run) is_ok = lease_break(cli->warehouse, &was_cleared, error);
  report.changed_n = cli->is_dry_run ? view.has_row : was_cleared;
  if (is_ok) brake_say(cli, &report, &sentences);
  lease_view_clear(&view);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_LOCKED;
}

const struct command command_lease_break = {
    .name = "lease break",
    .arguments = "",
    .summary = "Clear what a dead run left of its lease",
    .details =
        "With the SQLite warehouse there is never a lock to break: the operating system's lock is gone the moment its "
        "process is, and the next run takes it without asking. What may stay is the row that says who had it; this "
        "clears "
        "that row. While the lock is held it explains and ends with exit code 7. Needs --yes.",
    .example = "leadferry lease break --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE,
    .writes = true,
    .run = run_break,
};
