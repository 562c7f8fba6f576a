/* `leadferry suppress list` and `export`: everybody who must not be mailed. */
#include "base/json.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/output.h"

#include <csv.h>
#include <stdio.h>
#include <string.h>

#define ROWS_LISTED 50
#define PAGE_ROWS   1000

/* ---- list ---- */

static void list_text(struct cli *cli, const struct page *page)
{
  static const char *const headers[] = {"ID", "WHO", "REASON", "SOURCE", "BY", "SINCE", "UNTIL", "REVOKED"};
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (guint i = 0; i < page->rows->len; i++) {
    const struct stop_row *row = page_row(page, struct stop_row, i);
    g_autofree char *ref = row->stop.person ? ledger->ops->lead_ref(ledger, row->stop.person) : NULL;
    const char *email = out_email(cli, row->stop.person);
    table_add(&table, "%" G_GINT64_FORMAT, row->id);
    table_add(&table, "%s", row->stop.domain ? row->stop.domain : email ? email : ref);
    table_add(&table, "%s", row->stop.reason);
    table_add(&table, "%s", row->stop.source ? row->stop.source : "-");
    table_add(&table, "%s", row->stop.actor ? row->stop.actor : "-");
    table_add_time(&table, row->stop.created_at_us);
    table_add_time(&table, row->stop.expires_at_us);
    table_add(&table, "%s", row->revoked_at_us ? row->revoked_by ? row->revoked_by : "yes" : "-");
  }
  table_print(&table);
  table_clear(&table);
}

static void list_json(const struct cli *cli, const struct page *page, bool has_more)
{
  g_autoptr(GString) out = g_string_new("{\"suppressions\":[");
  for (guint i = 0; i < page->rows->len; i++) {
    if (i) g_string_append_c(out, ',');
    stop_append_json(cli, page_row(page, struct stop_row, i), out);
  }
  g_string_append_c(out, ']');
  json_append_bool(out, "has_more", has_more);
  g_string_append_c(out, '}');
  out_line(out->str);
}

static enum exit_code run_list(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  size_t limit = cli->limit == SETTING_UNLIMITED ? ROWS_LISTED : (size_t)cli->limit;
  struct stop_query query = {
      .only_in_force = !option_flag(cli, "all"), .after_id = option_int(cli, "after", 0), .limit = limit + 1};
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  bool is_ok = report_stops(cli->warehouse, &query, &page, error);
  bool has_more = page.rows->len > limit;
  if (has_more) g_array_set_size(page.rows, (guint)limit);
  if (is_ok && cli->is_json)
    list_json(cli, &page, has_more);
  else if (is_ok && page.rows->len > 0)
    list_text(cli, &page);
  if (is_ok && page.rows->len == 0) out_note(cli, "Nobody is stopped");
  if (has_more)
    out_note(cli, "There are more: --limit N shows more, --after %" G_GINT64_FORMAT " goes on from here",
             page_row(&page, struct stop_row, page.rows->len - 1)->id);
  page_clear(&page);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const struct command_option list_options[] = {
    {"all", OPTION_FLAG, NULL, "revoked and expired ones as well"},
    {"after", OPTION_INT, "ID", "go on behind this id"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_suppress_list = {
    .name = "suppress list",
    .arguments = "",
    .summary = "List who is stopped",
    .details = "In the order of recording, 50 unless --limit says otherwise. A person is a keyed reference unless "
               "--show-pii is given; a domain is shown as it is.",
    .example = "leadferry suppress list --all --json",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ | NEEDS_INBOX,
    .options = list_options,
    .run = run_list,
};

/* ---- export ---- */

static void csv_cell(const char *text, char end)
{
  if (text && text[strcspn(text, ",\"\r\n")])
    csv_fwrite(stdout, text, strlen(text));
  else if (text)
    fputs(text, stdout);
  fputc(end, stdout);
}

static void csv_time(int64_t at_us, char end)
{
  g_autofree char *text = at_us ? time_format_us(at_us) : NULL;
  csv_cell(text, end);
}

static void export_page(const struct cli *cli, const struct page *page)
{
  for (guint i = 0; i < page->rows->len; i++) {
    const struct stop_row *row = page_row(page, struct stop_row, i);
    if (cli->is_json) {
      g_autoptr(GString) out = g_string_new(NULL);
      stop_append_json(cli, row, out);
      out_line(out->str);
      continue;
    }
    csv_cell(row->stop.person, ',');
    csv_cell(row->stop.domain, ',');
    csv_cell(row->stop.reason, ',');
    csv_cell(row->stop.source, ',');
    csv_time(row->stop.created_at_us, ',');
    csv_time(row->stop.expires_at_us, '\n');
  }
}

static enum exit_code run_export(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  if (!cli->shows_pii) {
    error_set(error, ERROR_USAGE, "the list is one of addresses: say --show-pii to have them on standard output");
    return EXIT_CODE_USAGE;
  }
  struct stop_query query = {.only_in_force = true, .limit = PAGE_ROWS};
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  if (!cli->is_json) out_line("email,domain,reason,source,created_at,expires_at");
  bool is_ok = true, has_more = true;
  while (is_ok && has_more) {
    is_ok = report_stops(cli->warehouse, &query, &page, error);
    has_more = is_ok && page.rows->len == PAGE_ROWS;
    export_page(cli, &page);
    if (page.rows->len > 0) query.after_id = page_row(&page, struct stop_row, page.rows->len - 1)->id;
  }
  page_clear(&page);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

const struct command command_suppress_export = {
    .name = "suppress export",
    .arguments = "",
    .summary = "Write all stops in force as CSV",
    .details =
        "To standard output, with addresses and therefore only with --show-pii; with --json one object per line. "
        "`leadferry suppress import` reads the CSV back.",
    .example = "leadferry suppress export --show-pii",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ | NEEDS_INBOX,
    .run = run_export,
};
