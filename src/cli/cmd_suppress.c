/* `leadferry suppress add`, `remove` and `check`: who must not be mailed, one at a time. */
#include "base/json.h"
#include "base/text.h"
#include "cli/brake_cli.h"
#include "cli/brake_effect.h"
#include "cli/command_list.h"
#include "cli/job_print.h"
#include "cli/output.h"

#include <string.h>

#define ENTRIES_MAX  1000
#define DAYS_MAX     36500
#define DAY_OF_MONTH 10 /* bytes of a date in a time */

/* Entries in force that stop the target: of a person also those of its domain. Rows of struct stop_row. */
static bool read_entries(struct cli *cli, const struct brake_target *target, struct page *page, GError **error)
{
  struct stop_query query = {
      .person = target->person, .domain = target->domain, .only_in_force = true, .limit = ENTRIES_MAX};
  return report_stops(cli->warehouse, &query, page, error);
}

/* ---- add ---- */

static bool expiry_of(const struct cli *cli, int64_t *expires_at_us, GError **error)
{
  int64_t days = option_int(cli, "expires", 0);
  bool is_given = option_string(cli, "expires") != NULL;
  *expires_at_us = is_given ? clock_wall_us(cli->clock) + days * DAY_US : 0;
  if (!is_given || (days > 0 && days <= DAYS_MAX)) return true;
  error_set(error, ERROR_USAGE, "--expires is a number of days from 1 to %d; leave it out for a stop for ever",
            DAYS_MAX);
  return false;
}

/* With --dry-run: would the entry say anything new? */
static bool is_new(const struct page *entries, const struct suppression *stop)
{
  for (guint i = 0; i < entries->rows->len; i++) {
    const struct suppression *there = &page_row(entries, struct stop_row, i)->stop;
    bool lasts = !there->expires_at_us || (stop->expires_at_us && there->expires_at_us >= stop->expires_at_us);
    if (!there->domain == !stop->domain && strcmp(there->reason, stop->reason) == 0 && lasts) return false;
  }
  return true;
}

static bool add(struct cli *cli, const struct brake_target *target, const struct suppression *stop,
                struct brake_report *report, GError **error)
{
  struct page entries;
  struct brake row = {.kind = BRAKE_SUPPRESS, .stop = *stop};
  g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(struct brake));
  page_init(&entries, sizeof(struct stop_row));
  bool is_ok = !cli->is_dry_run || read_entries(cli, target, &entries, error);
  if (is_ok && is_new(&entries, stop)) g_array_append_val(rows, row);
  is_ok = is_ok && brake_submit(cli, rows, report, error);
  page_clear(&entries);
  return is_ok;
}

/* Of a domain: how many running leads end by it, and whether that waits. A person's own stop never does. */
static bool say_hits(struct cli *cli, const struct suppression *stop, const struct brake_report *report,
                     struct stop_hits *hits, GError **error)
{
  g_autoptr(GArray) planned = g_array_new(FALSE, TRUE, sizeof(struct suppression));
  g_array_append_vals(planned, stop, 1);
  if (!stop->domain || report->was_left) return true;
  if (!brake_hits(cli, planned, hits, error)) return false;
  if (!cli->is_json) print_stop_hits(hits);
  return true;
}

/* hits: NULL where they say nothing. */
static void say_added(struct cli *cli, const struct brake_report *report, const struct stop_hits *hits,
                      const char *members)
{
  static const struct brake_sentences sentences = {.done = "stopped: no export mails it any more",
                                                   .unchanged = "was stopped for this reason already",
                                                   .planned = "would be stopped"};
  if (!cli->is_json || !hits) {
    brake_say_with(cli, report, &sentences, members);
    return;
  }
  g_autoptr(GString) out = g_string_new("{");
  brake_append_json(cli, report, out);
  json_stop_hits(out, hits);
  g_string_append_c(out, '}');
  out_line(out->str);
  brake_note_left(cli, report);
}

static enum exit_code run_add(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc;
  struct brake_target target;
  struct brake_report report = {0};
  const char *reason = brake_reason(cli, error);
  g_autofree char *run_id = brake_run_id(cli);
  if (!reason || !brake_target_parse(argv[0], &target, error)) return EXIT_CODE_USAGE;
  struct suppression stop = {.person = target.person,
                             .domain = target.domain,
                             .reason = reason,
                             .source = "command",
                             .actor = brake_actor(),
                             .run_id = run_id,
                             .created_at_us = clock_wall_us(cli->clock)};
  struct stop_hits hits = {0};
  bool is_ok = expiry_of(cli, &stop.expires_at_us, error) && brake_allow_hit(cli, &stop.allow_hit, error) &&
               add(cli, &target, &stop, &report, error);
  g_autoptr(GString) members = cli->is_json ? g_string_new("{") : NULL;
  if (is_ok && !cli->is_json) say_added(cli, &report, NULL, NULL);
  is_ok = is_ok && brake_person_effect(cli, target.person, &report, members, error) &&
          say_hits(cli, &stop, &report, &hits, error);
  bool has_hits = stop.domain && !report.was_left;
  if (is_ok && cli->is_json) say_added(cli, &report, has_hits ? &hits : NULL, members->str);
  brake_target_clear(&target);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const struct command_option add_options[] = {
    {"reason", OPTION_STRING, "TEXT", "why, in some words; needed"},
    {"expires", OPTION_INT, "DAYS", "ends by itself after so many days; else never"},
    {"allow-hit", OPTION_INT, "N", "of a domain: let it end exactly so many running leads; see --dry-run"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_suppress_add = {
    .name = "suppress add",
    .arguments = "EMAIL|DOMAIN",
    .summary = "Stop a person or a whole domain",
    .details =
        "From now on no export sends to it, in any spelling and with any +tag. A stop without --expires is put on "
        "Instantly's block list by the next sync. May be said while an export runs: the stop then waits in the "
        "warehouse's inbox, and the export honours it from its next batch on. Saying it twice changes nothing. "
        "A domain that hits more running leads than suppress.max_hit stops exports at once, while the rows in "
        "Instantly wait for --allow-hit, here or at `leadferry sync`.",
    .example = "leadferry suppress add example.org --reason \"asked by phone\" --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_BRAKE,
    .writes = true,
    .options = add_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_add,
};

/* ---- remove ---- */

#define NEXT_SYNC                                                                                                      \
  "the next `leadferry sync` takes away what an earlier one put there; run it before `leadferry release` or an export"

/* What of the stop is not ended here: the domain's own entry, and Instantly's block list. */
static void note_rest(const struct cli *cli, const struct brake_target *target, const struct page *entries)
{
  bool is_listed = false, is_ours = false, is_standing = false;
  for (guint i = 0; i < entries->rows->len; i++) {
    const struct stop_row *row = page_row(entries, struct stop_row, i);
    const struct suppression *stop = &row->stop;
    bool is_of_domain = target->person && stop->domain;
    if (is_of_domain)
      out_note(cli, "Its domain %s is stopped too: `leadferry suppress remove %s` ends that", stop->domain,
               stop->domain);
    if (is_of_domain) continue;
    is_standing = is_standing || g_strcmp0(stop->source, EXCLUSION_SOURCE) == 0;
    is_ours = is_ours || row->is_ours_listed;
    is_listed = is_listed || stop->pushed_at_us || g_strcmp0(stop->source, "blocklist") == 0;
  }
  if (is_standing)
    out_note(cli, "A row of source.exclude names it: the next sync or export stops it again, until that row is gone");
  if (is_ours) out_note(cli, "It is on Instantly's block list: " NEXT_SYNC);
  if (is_listed && !is_ours)
    out_note(cli,
             "It is on Instantly's block list, which this does not change: delete it there as well, or the next read "
             "of the list stops it again");
}

static int64_t own_entries(const struct brake_target *target, const struct page *entries)
{
  int64_t n = 0;
  for (guint i = 0; i < entries->rows->len; i++)
    n += !target->domain == !page_row(entries, struct stop_row, i)->stop.domain;
  return n;
}

/* How many entries of the run are in force. */
static bool count_of_run(struct cli *cli, const char *run_id, int64_t *n, GError **error)
{
  struct stop_query query = {.run_id = run_id, .only_in_force = true, .limit = ENTRIES_MAX};
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  bool is_ok = true;
  do {
    is_ok = report_stops(cli->warehouse, &query, &page, error);
    *n += page.rows->len;
    if (page.rows->len > 0) query.after_id = page_row(&page, struct stop_row, page.rows->len - 1)->id;
  } while (is_ok && page.rows->len == ENTRIES_MAX);
  page_clear(&page);
  return is_ok;
}

/* All that one import or command recorded. */
static enum exit_code remove_run(struct cli *cli, const char *run_id, const char *reason, GError **error)
{
  struct brake_report report = {0};
  struct brake row = {.kind = BRAKE_REVOKE,
                      .stop = {.run_id = run_id},
                      .reason = reason,
                      .actor = brake_actor(),
                      .at_us = clock_wall_us(cli->clock)};
  g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(struct brake));
  int64_t there_n = 0;
  if (cli->is_dry_run && !count_of_run(cli, run_id, &there_n, error)) return EXIT_CODE_FAILED;
  if (!cli->is_dry_run || there_n > 0) g_array_append_val(rows, row);
  if (!brake_submit(cli, rows, &report, error)) return EXIT_CODE_FAILED;
  if (cli->is_dry_run) report.changed_n = there_n;
  g_autofree char *n = text_thousands(report.changed_n);
  g_autofree char *done = g_strdup_printf("%s stops of that run are removed", n);
  g_autofree char *planned = g_strdup_printf("%s stops of that run would be removed", n);
  struct brake_sentences sentences = {done, "there was no stop of that run to remove", planned};
  brake_say(cli, &report, &sentences);
  if (report.changed_n > 0) out_note(cli, "Of those on Instantly's block list " NEXT_SYNC);
  return EXIT_CODE_OK;
}

static enum exit_code run_remove(struct cli *cli, int argc, char **argv, GError **error)
{
  struct brake_target target;
  struct brake_report report = {0};
  struct page entries;
  const char *reason = brake_reason(cli, error), *run_id = option_string(cli, "run");
  if (!reason) return EXIT_CODE_USAGE;
  if ((argc > 0) == (run_id != NULL)) {
    error_set(error, ERROR_USAGE, "say either an address or a domain, or --run ID");
    return EXIT_CODE_USAGE;
  }
  if (run_id) return remove_run(cli, run_id, reason, error);
  if (!brake_target_parse(argv[0], &target, error)) return EXIT_CODE_USAGE;
  struct brake row = {.kind = BRAKE_REVOKE,
                      .stop = {.person = target.person, .domain = target.domain},
                      .reason = reason,
                      .actor = brake_actor(),
                      .at_us = clock_wall_us(cli->clock)};
  g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(struct brake));
  page_init(&entries, sizeof(struct stop_row));
  bool is_ok = read_entries(cli, &target, &entries, error);
  if (is_ok && (!cli->is_dry_run || own_entries(&target, &entries) > 0)) g_array_append_val(rows, row);
  is_ok = is_ok && brake_submit(cli, rows, &report, error);
  static const struct brake_sentences sentences = {.done = "no longer stopped by an entry of its own",
                                                   .unchanged = "there was no stop to remove",
                                                   .planned = "would no longer be stopped by an entry of its own"};
  if (is_ok) brake_say(cli, &report, &sentences);
  if (is_ok) note_rest(cli, &target, &entries);
  page_clear(&entries);
  brake_target_clear(&target);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const struct command_option remove_options[] = {
    {"reason", OPTION_STRING, "TEXT", "why, in some words; needed"},
    {"run", OPTION_STRING, "ID", "every stop that this import or command recorded, instead of an address"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_suppress_remove = {
    .name = "suppress remove",
    .arguments = "[EMAIL|DOMAIN]",
    .summary = "End the stop of a person or a domain, or all of an import",
    .details =
        "Every entry in force for it is revoked, whatever its reason; who did it and why is kept. Somebody who was "
        "mailed before still needs `leadferry release` to be mailed again. What a sync put on Instantly's block list "
        "leaves it with the next sync; what stood there before us stays, and so does the stop of a person's whole "
        "domain: both are said.",
    .example = "leadferry suppress remove example.org --reason \"is a customer again\" --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_BRAKE,
    .writes = true,
    .options = remove_options,
    .arguments_min = 0,
    .arguments_max = 1,
    .run = run_remove,
};

/* ---- check ---- */

static void check_text(const struct page *entries)
{
  if (entries->rows->len == 0) out_line("not stopped");
  for (guint i = 0; i < entries->rows->len; i++) {
    const struct stop_row *row = page_row(entries, struct stop_row, i);
    g_autofree char *since = time_format_us(row->stop.created_at_us);
    g_autofree char *until = row->stop.expires_at_us ? time_format_us(row->stop.expires_at_us) : NULL;
    g_autofree char *reason = out_printable(row->stop.reason);
    out_print("stopped%s%s: %s, by %s%s%s, since %.*s%s%.*s\n", row->stop.domain ? " with all of " : "",
              row->stop.domain ? row->stop.domain : "", reason, row->stop.source ? row->stop.source : "somebody",
              row->stop.actor ? " of " : "", row->stop.actor ? row->stop.actor : "", DAY_OF_MONTH, since,
              until ? " until " : "", DAY_OF_MONTH, until ? until : "");
  }
}

static void check_json(const struct cli *cli, const struct page *entries)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_bool(out, "stopped", entries->rows->len > 0);
  json_append_key(out, "entries");
  g_string_append_c(out, '[');
  for (guint i = 0; i < entries->rows->len; i++) {
    if (i) g_string_append_c(out, ',');
    stop_append_json(cli, page_row(entries, struct stop_row, i), out);
  }
  g_string_append(out, "]}");
  out_line(out->str);
}

static enum exit_code run_check(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc;
  struct brake_target target;
  struct page entries;
  if (!brake_target_parse(argv[0], &target, error)) return EXIT_CODE_USAGE;
  page_init(&entries, sizeof(struct stop_row));
  bool is_ok = exclusion_preview(&cli->settings, warehouse_ledger(cli->warehouse), error) &&
               read_entries(cli, &target, &entries, error);
  if (is_ok && cli->is_json)
    check_json(cli, &entries);
  else if (is_ok)
    check_text(&entries);
  page_clear(&entries);
  brake_target_clear(&target);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const struct command command_suppress_check = {
    .name = "suppress check",
    .arguments = "EMAIL|DOMAIN",
    .summary = "Say whether somebody is stopped, and why",
    .details =
        "Compares as an export does: any spelling, without the +tag, and by domain. Exit code 0 either way; with "
        "--json `stopped` is true or false. Stops that wait in the inbox of a running job count.",
    .example = "leadferry suppress check example.org --json",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ | NEEDS_INBOX,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_check,
};
