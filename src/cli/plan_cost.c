#include "cli/plan_cost.h"

#include "base/json.h"
#include "cli/output.h"

#include <string.h>

/* BigQuery's list price on demand in the United States; the first TiB of a month is free. Other prices are in
 * proportion. */
#define USD_PER_TIB 6.25

static const char *const jobs[] = {"export", "sync", "complete"};

static double usd_of(int64_t bytes)
{
  return (double)bytes / (double)((int64_t)1 << 40) * USD_PER_TIB;
}

static int64_t billed_by(const struct page *costs, const char *job)
{
  int64_t bytes = 0;
  for (guint i = 0; i < costs->rows->len; i++) {
    const struct cost_row *row = page_row(costs, struct cost_row, i);
    if (strcmp(row->job, job) == 0) bytes += row->billed_bytes;
  }
  return bytes;
}

/* ---- text ---- */

static char *bytes_text(int64_t bytes)
{
  return g_format_size_full((guint64)MAX(bytes, 0), G_FORMAT_SIZE_IEC_UNITS);
}

static void print_rows(const struct page *costs)
{
  static const char *const headers[] = {"JOB", "STATEMENT", "TIMES", "READS", "BILLED"};
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (guint i = 0; i < costs->rows->len; i++) {
    const struct cost_row *row = page_row(costs, struct cost_row, i);
    g_autofree char *reads = bytes_text(row->bytes);
    g_autofree char *billed = bytes_text(row->billed_bytes);
    table_add(&table, "%s", row->job);
    table_add(&table, "%s", row->statement);
    table_add_int(&table, row->times_n);
    table_add(&table, "%s", row->bytes < 0 ? "?" : reads);
    table_add(&table, "%s", billed);
  }
  table_print(&table);
  table_clear(&table);
}

static void print_text(const struct page *costs, bool is_free)
{
  if (is_free) {
    out_line("Nothing is billed: the statements run in a file of this machine.");
    return;
  }
  print_rows(costs);
  out_print("\n");
  for (size_t i = 0; i < G_N_ELEMENTS(jobs); i++) {
    int64_t bytes = billed_by(costs, jobs[i]);
    g_autofree char *text = bytes_text(bytes);
    out_print("%s with something to do: %s billed, %.5f USD on demand (%.2f USD a TiB)\n", jobs[i], text, usd_of(bytes),
              USD_PER_TIB);
  }
  out_line("At least 10 MiB a statement. \"?\" reads what the statement before it made, which a dry run cannot tell: "
           "counted as "
           "10 MiB. An export with nothing to do since the last one is free.");
}

/* ---- JSON ---- */

static void append_usd(GString *out, int64_t bytes)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  json_append_key(out, "usd");
  g_string_append(out, g_ascii_formatd(text, sizeof text, "%.6f", usd_of(bytes)));
}

static void json_statements(GString *out, const struct page *costs, const char *job)
{
  json_append_key(out, "statements");
  g_string_append_c(out, '[');
  for (guint i = 0; i < costs->rows->len; i++) {
    const struct cost_row *row = page_row(costs, struct cost_row, i);
    if (strcmp(row->job, job) != 0) continue;
    g_string_append(out, out->str[out->len - 1] == '}' ? ",{" : "{");
    json_append_str(out, "statement", row->statement);
    json_append_int(out, "times", row->times_n);
    json_append_key(out, "bytes");
    if (row->bytes < 0)
      g_string_append(out, "null");
    else
      g_string_append_printf(out, "%" G_GINT64_FORMAT, row->bytes);
    json_append_int(out, "billed_bytes", row->billed_bytes);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

static void print_json(const struct page *costs, bool is_free)
{
  g_autoptr(GString) out = g_string_new("{");
  json_append_bool(out, "is_free", is_free);
  json_append_key(out, "jobs");
  g_string_append_c(out, '[');
  for (size_t i = 0; !is_free && i < G_N_ELEMENTS(jobs); i++) {
    int64_t bytes = billed_by(costs, jobs[i]);
    g_string_append(out, i ? ",{" : "{");
    json_append_str(out, "job", jobs[i]);
    json_append_int(out, "billed_bytes", bytes);
    append_usd(out, bytes);
    json_statements(out, costs, jobs[i]);
    g_string_append_c(out, '}');
  }
  g_string_append(out, "]}");
  out_line(out->str);
}

enum exit_code plan_cost(struct cli *cli, GError **error)
{
  struct page costs;
  bool is_free = false;
  page_init(&costs, sizeof(struct cost_row));
  bool ok = report_costs(cli->warehouse, &costs, &is_free, error);
  if (ok && cli->is_json)
    print_json(&costs, is_free);
  else if (ok)
    print_text(&costs, is_free);
  page_clear(&costs);
  return EXIT_CODE_OK;
}
