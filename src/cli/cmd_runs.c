/* `leadferry runs list` and `leadferry runs show RUN`: what ran when, and what came of it. */
#include "base/json.h"
#include "base/text.h"
#include "cli/command_list.h"
#include "cli/output.h"

#include <string.h>

#define RUNS_LISTED 20

/* "12 s", "3 min", "2 h 05 min"; empty while it runs. Caller frees. */
static char *duration_text(const struct run_record *run)
{
  if (!run->ended_at_us) return g_strdup("");
  int64_t s = (run->ended_at_us - run->started_at_us) / SECOND_US;
  if (s < 120) return g_strdup_printf("%d s", (int)s);
  if (s < 7200) return g_strdup_printf("%d min", (int)(s / 60));
  return g_strdup_printf("%d h %02d min", (int)(s / 3600), (int)(s % 3600 / 60));
}

static const char *verdict_text(const struct run_record *run)
{
  return run->verdict ? run->verdict : "running or interrupted";
}

/* "added 12, rejected/invalid 1" out of the counts' JSON object. Caller frees. */
static char *counts_text(const char *counts)
{
  g_autoptr(cJSON) object = counts ? json_parse(counts, strlen(counts), NULL) : NULL;
  GString *text = g_string_new(NULL);
  const cJSON *count = NULL;
  cJSON_ArrayForEach(count, object)
  {
    if (!cJSON_IsNumber(count)) continue;
    g_autofree char *n = text_thousands((int64_t)count->valuedouble);
    g_string_append_printf(text, "%s%s %s", text->len ? ", " : "", count->string, n);
  }
  return g_string_free(text, FALSE);
}

/* One line for all of a run's jobs in BigQuery, and one for each statement. */
static void print_costs(const char *costs)
{
  g_autoptr(cJSON) object = costs ? json_parse(costs, strlen(costs), NULL) : NULL;
  int64_t jobs_n = 0, bytes = 0, one_n, one_bytes;
  g_autoptr(GString) lines = g_string_new(NULL);
  const cJSON *cost = NULL;
  cJSON_ArrayForEach(cost, object)
  {
    if (!json_int(cost, "jobs", &one_n) || !json_int(cost, "bytes_billed", &one_bytes)) continue;
    g_autofree char *text = text_thousands(one_bytes);
    g_string_append_printf(lines, "%-14s%s: %d, %s bytes\n", "", cost->string, (int)one_n, text);
    jobs_n += one_n;
    bytes += one_bytes;
  }
  if (jobs_n == 0) return;
  g_autofree char *text = text_thousands(bytes);
  out_print("%-14s%d, %s bytes billed\n%s", "BigQuery jobs", (int)jobs_n, text, lines->str);
}

static void append_run(GString *out, const struct run_row *row)
{
  const struct run_record *run = &row->run;
  g_string_append_c(out, '{');
  json_append_str(out, "run_id", run->run_id);
  json_append_str(out, "job", run->job);
  json_append_str(out, "verdict", run->verdict);
  json_append_int(out, "exit_code", run->exit_code);
  json_append_time(out, "started_at", run->started_at_us);
  json_append_time(out, "ended_at", run->ended_at_us);
  json_append_int(out, "source_rows", run->source_rows);
  json_append_time(out, "full_scan_finished_at", run->full_scan_finished_at_us);
  json_append_time(out, "stops_read_at", run->stops_read_at_us);
  json_append_key(out, "counts");
  g_string_append(out, row->counts ? row->counts : "{}");
  json_append_key(out, "detail");
  g_string_append(out, run->detail ? run->detail : "null");
  if (row->costs) json_append_key(out, "costs");
  if (row->costs) g_string_append(out, row->costs);
  g_string_append_c(out, '}');
}

static void list_text(const struct page *page)
{
  static const char *const headers[] = {"RUN", "JOB", "VERDICT", "STARTED", "TOOK", "COUNTS"};
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (guint i = 0; i < page->rows->len; i++) {
    const struct run_row *row = page_row(page, struct run_row, i);
    g_autofree char *took = duration_text(&row->run);
    g_autofree char *counts = counts_text(row->counts);
    table_add(&table, "%s", row->run.run_id);
    table_add(&table, "%s", row->run.job);
    table_add(&table, "%s", verdict_text(&row->run));
    table_add_time(&table, row->run.started_at_us);
    table_add(&table, "%s", took);
    table_add(&table, "%s", counts);
  }
  table_print(&table);
  table_clear(&table);
}

static void list_json(const struct page *page)
{
  g_autoptr(GString) out = g_string_new("{\"runs\":[");
  for (guint i = 0; i < page->rows->len; i++) {
    if (i) g_string_append_c(out, ',');
    append_run(out, page_row(page, struct run_row, i));
  }
  g_string_append(out, "]}");
  out_line(out->str);
}

static enum exit_code run_list(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  struct page page;
  page_init(&page, sizeof(struct run_row));
  size_t limit = cli->limit == SETTING_UNLIMITED ? RUNS_LISTED : (size_t)cli->limit;
  bool ok = report_runs(cli->warehouse, &(struct run_query){.limit = limit}, &page, error);
  if (ok && cli->is_json)
    list_json(&page);
  else if (ok && page.rows->len == 0)
    out_note(cli, "No job has run yet");
  else if (ok)
    list_text(&page);
  page_clear(&page);
  return EXIT_CODE_OK;
}

static void print_time(const char *label, int64_t wall_us)
{
  if (!wall_us) return;
  g_autofree char *time = time_format_us(wall_us);
  out_print("%-14s%s\n", label, time);
}

static void show_text(const struct run_row *row)
{
  const struct run_record *run = &row->run;
  g_autofree char *took = duration_text(run);
  g_autofree char *counts = counts_text(row->counts);
  g_autofree char *source = text_thousands(run->source_rows);
  out_print("%-14s%s\n%-14s%s\n%-14s%s (exit code %d)\n", "run", run->run_id, "job", run->job, "verdict",
            verdict_text(run), (int)run->exit_code);
  print_time("started", run->started_at_us);
  print_time("ended", run->ended_at_us);
  if (*took) out_print("%-14s%s\n", "took", took);
  if (run->source_rows) out_print("%-14s%s rows\n", "source", source);
  print_time("full scan", run->full_scan_finished_at_us);
  print_time("stops read", run->stops_read_at_us);
  out_print("%-14s%s\n", "events", *counts ? counts : "none");
  if (run->detail) out_print("%-14s%s\n", "detail", run->detail);
  print_costs(row->costs);
}

static enum exit_code run_show(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc;
  struct page page;
  page_init(&page, sizeof(struct run_row));
  bool ok = report_runs(cli->warehouse, &(struct run_query){.run_id = argv[0], .limit = 1}, &page, error);
  const struct run_row *row = ok && page.rows->len > 0 ? page_row(&page, struct run_row, 0) : NULL;
  if (row && cli->is_json) {
    g_autoptr(GString) out = g_string_new(NULL);
    append_run(out, row);
    out_line(out->str);
  } else if (row) {
    show_text(row);
  } else if (ok) {
    error_set(error, ERROR_NOT_FOUND, "There is no run \"%s\"; `leadferry runs list` shows those that there are",
              argv[0]);
  }
  page_clear(&page);
  return EXIT_CODE_OK;
}

const struct command command_runs_list = {
    .name = "runs list",
    .arguments = "",
    .summary = "List the newest runs",
    .details = "Each with its verdict and what its events add up to. --limit N shows more than 20.",
    .example = "leadferry runs list --limit 50",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ,
    .run = run_list,
};

const struct command command_runs_show = {
    .name = "runs show",
    .arguments = "RUN",
    .summary = "Show one run",
    .details =
        "Times, verdict, exit code and the counts by kind and reason, taken from the run's events. With BigQuery also\n"
        "the jobs and the bytes billed of each statement.",
    .example = "leadferry runs show 20261122T130509-1f2e3d4c",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run_show,
};
