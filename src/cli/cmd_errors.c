/* `leadferry errors list` and `leadferry errors show ID`: what failed, how often, and what to do. */
#include "base/json.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "cli/output.h"
#include "cli/since.h"

#include <string.h>

#define ERRORS_LISTED   50
#define ERRORS_SEARCHED 100000

static void append_error(GString *out, const struct error_report_row *row)
{
  g_string_append_c(out, '{');
  json_append_str(out, "error_id", row->error_id);
  json_append_time(out, "at", row->at_us);
  json_append_str(out, "type", row->type);
  json_append_str(out, "lead", row->lead_ref);
  json_append_int(out, "retry_count", row->retry_count);
  json_append_str(out, "message", row->message);
  g_string_append_c(out, '}');
}

static void list_text(const struct page *page)
{
  static const char *const headers[] = {"ERROR", "TIME", "TYPE", "LEAD", "RETRIES", "MESSAGE"};
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (guint i = 0; i < page->rows->len; i++) {
    const struct error_report_row *row = page_row(page, struct error_report_row, i);
    table_add(&table, "%.12s", row->error_id);
    table_add_time(&table, row->at_us);
    table_add(&table, "%s", row->type);
    table_add(&table, "%s", row->lead_ref ? row->lead_ref : "-");
    table_add_int(&table, row->retry_count);
    table_add(&table, "%s", row->message);
  }
  table_print(&table);
  table_clear(&table);
}

static void list_json(const struct page *page)
{
  g_autoptr(GString) out = g_string_new("{\"errors\":[");
  for (guint i = 0; i < page->rows->len; i++) {
    if (i) g_string_append_c(out, ',');
    append_error(out, page_row(page, struct error_report_row, i));
  }
  g_string_append(out, "]}");
  out_line(out->str);
}

/* ---- --by type ---- */

struct type_count {
  const char *type;
  int64_t n, newest_us, retries_max;
};

static GArray *count_types(const struct page *page)
{
  GArray *types = g_array_new(FALSE, TRUE, sizeof(struct type_count));
  for (guint i = 0; i < page->rows->len; i++) {
    const struct error_report_row *row = page_row(page, struct error_report_row, i);
    guint at = 0;
    while (at < types->len && strcmp(g_array_index(types, struct type_count, at).type, row->type) != 0) {
      at++;
    }
    if (at == types->len) g_array_append_vals(types, &(struct type_count){.type = row->type}, 1);
    struct type_count *count = &g_array_index(types, struct type_count, at);
    count->n++;
    count->newest_us = MAX(count->newest_us, row->at_us);
    count->retries_max = MAX(count->retries_max, row->retry_count);
  }
  return types;
}

static void types_text(const GArray *types)
{
  static const char *const headers[] = {"TYPE", "ERRORS", "NEWEST", "MOST RETRIES"};
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (guint i = 0; i < types->len; i++) {
    const struct type_count *count = &g_array_index(types, struct type_count, i);
    table_add(&table, "%s", count->type);
    table_add_int(&table, count->n);
    table_add_time(&table, count->newest_us);
    table_add_int(&table, count->retries_max);
  }
  table_print(&table);
  table_clear(&table);
}

static void types_json(const GArray *types)
{
  g_autoptr(GString) out = g_string_new("{\"types\":[");
  for (guint i = 0; i < types->len; i++) {
    const struct type_count *count = &g_array_index(types, struct type_count, i);
    g_string_append(out, i ? ",{" : "{");
    json_append_str(out, "type", count->type);
    json_append_int(out, "errors", count->n);
    json_append_time(out, "newest", count->newest_us);
    json_append_int(out, "most_retries", count->retries_max);
    g_string_append_c(out, '}');
  }
  g_string_append(out, "]}");
  out_line(out->str);
}

static void print_list(struct cli *cli, const struct page *page, bool is_by_type)
{
  if (!is_by_type) {
    if (cli->is_json)
      list_json(page);
    else if (page->rows->len > 0)
      list_text(page);
  } else {
    g_autoptr(GArray) types = count_types(page);
    if (cli->is_json)
      types_json(types);
    else if (types->len > 0)
      types_text(types);
  }
  if (page->rows->len == 0)
    out_note(cli, "No errors");
  else if (!cli->is_json)
    out_note(cli, "`leadferry explain TYPE` says what to do about one");
}

static enum exit_code run_list(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  const char *by = option_string(cli, "by"), *since = option_string(cli, "since");
  struct error_query query = {.type = option_string(cli, "type"), .limit = by ? ERRORS_SEARCHED : ERRORS_LISTED};
  if (cli->limit != SETTING_UNLIMITED) query.limit = (size_t)cli->limit;
  if (by && strcmp(by, "type") != 0) {
    error_set(error, ERROR_USAGE, "--by: \"%s\" is nothing that errors are counted by; use --by type", by);
    return EXIT_CODE_USAGE;
  }
  if (since && !since_parse(since, clock_wall_us(cli->clock), &query.since_us, error)) return EXIT_CODE_USAGE;
  struct page page;
  page_init(&page, sizeof(struct error_report_row));
  bool ok = report_errors(cli->warehouse, &query, &page, error);
  if (ok) print_list(cli, &page, by != NULL);
  page_clear(&page);
  return EXIT_CODE_OK;
}

/* ---- one error ---- */

static const struct error_report_row *find_error(const struct page *page, const char *id, GError **error)
{
  const struct error_report_row *found = NULL;
  for (guint i = 0; i < page->rows->len; i++) {
    const struct error_report_row *row = page_row(page, struct error_report_row, i);
    if (!g_str_has_prefix(row->error_id, id)) continue;
    if (found) {
      error_set(error, ERROR_USAGE, "\"%s\" is the beginning of several error ids; give more of it", id);
      return NULL;
    }
    found = row;
  }
  if (!found)
    error_set(error, ERROR_NOT_FOUND, "There is no error \"%s\"; `leadferry errors list` shows the newest", id);
  return found;
}

static void show_text(const struct error_report_row *row)
{
  g_autofree char *at = time_format_us(row->at_us);
  g_autofree char *message = out_printable(row->message);
  out_print("error    %s\ntype     %s\nnewest   %s\nretries  %d\n", row->error_id, row->type, at,
            (int)row->retry_count);
  if (row->lead_ref) out_print("lead     %s\n", row->lead_ref);
  out_print("message  %s\n", message);
  out_print("runbook  `leadferry explain %s` (docs/errors.md#%s)\n", row->type, row->type);
  if (row->lead_ref)
    out_print("next     `leadferry lead show %s` says what will happen with this lead\n", row->lead_ref);
}

static enum exit_code run_show(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc;
  struct page page;
  page_init(&page, sizeof(struct error_report_row));
  struct error_query query = {.limit = ERRORS_SEARCHED};
  const struct error_report_row *row = NULL;
  if (report_errors(cli->warehouse, &query, &page, error)) row = find_error(&page, argv[0], error);
  if (row && cli->is_json) {
    g_autoptr(GString) out = g_string_new(NULL);
    append_error(out, row);
    out_line(out->str);
  } else if (row) {
    show_text(row);
  }
  page_clear(&page);
  return EXIT_CODE_OK;
}

static const struct command_option list_options[] = {
    {"since", OPTION_STRING, "WHEN", "only errors since then: 7d, 24h, 30min or a date"},
    {"type", OPTION_STRING, "TYPE", "only errors of this type"},
    {"by", OPTION_STRING, "type", "count by type instead of listing"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_errors_list = {
    .name = "errors list",
    .arguments = "",
    .summary = "List what failed",
    .details =
        "The newest first, one line per thing that failed, with the number of retries. --limit N shows more than 50.",
    .example = "leadferry errors list --since 7d --by type",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ,
    .options = list_options,
    .run = run_list,
};

const struct command command_errors_show = {
    .name = "errors show",
    .arguments = "ID",
    .summary = "Show one error",
    .details = "ID is an error id, or enough of its beginning to be the only one.",
    .example = "leadferry errors show 3f2a9c01d4e5",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_show,
};
