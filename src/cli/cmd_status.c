/* `leadferry status`: where everything stands, read from the warehouse alone. */
#include "base/json.h"
#include "base/text.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/exclusion_print.h"
#include "cli/jobs.h"
#include "cli/output.h"
#include "cli/status_stops.h"

#include <string.h>

/* More than there are kinds of jobs. */
#define JOBS_MAX 100

struct status {
  struct ledger_facts facts;
  int64_t now_us;
  struct page counts;    /* struct named_count */
  struct page campaigns; /* struct campaign_metric */
  struct page runs;      /* struct run_row, newest first */
  struct page holds;     /* struct hold_row */
  struct status_stops stops;
};

static const char *const job_names[] = {"export", "sync", "complete", "recover"};

static void status_init(struct status *status)
{
  *status = (struct status){0};
  page_init(&status->counts, sizeof(struct named_count));
  page_init(&status->campaigns, sizeof(struct campaign_metric));
  page_init(&status->runs, sizeof(struct run_row));
  page_init(&status->holds, sizeof(struct hold_row));
}

static void status_clear(struct status *status)
{
  page_clear(&status->holds);
  page_clear(&status->runs);
  page_clear(&status->campaigns);
  status_stops_clear(&status->stops);
  page_clear(&status->counts);
}

static bool status_read(struct cli *cli, struct status *status, GError **error)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  status->now_us = ledger->ops->now_us(ledger);
  return ledger->ops->facts(ledger, &status->facts, error) && report_counts(cli->warehouse, &status->counts, error) &&
         report_campaigns(cli->warehouse, &status->campaigns, error) &&
         report_holds(cli->warehouse, &status->holds, error) && status_stops_read(cli, &status->stops, error) &&
         report_runs(cli->warehouse, &(struct run_query){.is_last_of_job = true, .limit = JOBS_MAX}, &status->runs,
                     error);
}

/* The newest run of a job, or NULL. */
static const struct run_record *last_run(const struct status *status, const char *job)
{
  for (guint i = 0; i < status->runs.rows->len; i++) {
    const struct run_row *row = page_row(&status->runs, struct run_row, i);
    if (!g_strcmp0(row->run.job, job)) return &row->run;
  }
  return NULL;
}

/* Sum of a group's counts; name and campaign NULL: of all. */
static int64_t count_of(const struct status *status, const char *group, const char *name, const char *campaign_id)
{
  int64_t n = 0;
  for (guint i = 0; i < status->counts.rows->len; i++) {
    const struct named_count *count = page_row(&status->counts, struct named_count, i);
    bool fits = !strcmp(count->group, group) && (!name || !strcmp(count->name, name)) &&
                (!campaign_id || !g_strcmp0(count->campaign_id, campaign_id));
    if (fits) n += count->n;
  }
  return n;
}

/* The names that occur in a group, each once. */
static GPtrArray *names_of(const struct status *status, const char *group)
{
  GPtrArray *names = g_ptr_array_new();
  for (guint i = 0; i < status->counts.rows->len; i++) {
    const struct named_count *count = page_row(&status->counts, struct named_count, i);
    bool is_new =
        !strcmp(count->group, group) && !g_ptr_array_find_with_equal_func(names, count->name, g_str_equal, NULL);
    if (is_new) g_ptr_array_add(names, (gpointer)count->name);
  }
  return names;
}

static const char *const enrolled_phases[] = {"adopted", "added", "in_subsequence", "finished", "removed"};
static const char *const ended_phases[] = {"finished", "removed"};

static int64_t count_phases(const struct status *status, const char *const *phases, size_t phases_n,
                            const char *campaign_id)
{
  int64_t n = 0;
  for (size_t i = 0; i < phases_n; i++) {
    n += count_of(status, "phase", phases[i], campaign_id);
  }
  return n;
}

/* ---- text ---- */

static void print_facts(const struct status *status)
{
  const struct ledger_facts *facts = &status->facts;
  g_autofree char *source = text_thousands(facts->source_rows);
  g_autofree char *enrolled = text_thousands(facts->enrolled);
  g_autofree char *unsettled = text_thousands(facts->unsettled);
  g_autofree char *scan = out_age(status->now_us, facts->full_scan_ended_at_us); /* by the same clock as the rest */
  g_autofree char *stops = out_age(status->now_us, facts->stops_read_at_us);
  out_print("leads in the source %s, persons enrolled %s, open claims %s\n", source, enrolled, unsettled);
  out_print("last full scan %s, workspace's stops read %s\n", scan, stops);
}

/* Whom the tables of the user's stop or let go, by their settings. */
static void print_rules(const struct cli *cli)
{
  const struct source_settings *source = &cli->settings.source;
  out_print("source.gone: %s", gone_rule_name(source->gone));
  if (source->exclude.table) out_print(", source.exclude: %s", source->exclude.table);
  out_print("\n");
}

static void print_group(const struct status *status, const char *group, const char *title)
{
  g_autoptr(GPtrArray) names = names_of(status, group);
  if (names->len == 0) return;
  struct table table;
  table_init(&table, (const char *const[]){title, "LEADS"}, 2);
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    table_add(&table, "%s", name);
    table_add_int(&table, count_of(status, group, name, NULL));
  }
  out_print("\n");
  table_print(&table);
  table_clear(&table);
}

static void print_campaigns(const struct cli *cli, const struct status *status)
{
  static const char *const headers[] = {"CAMPAIGN",  "STATUS",    "ENROLLED", "COMPLETED", "INSTANTLY: LEADS",
                                        "COMPLETED", "CONTACTED", "REPLIED",  "BOUNCED",   "UNSUBSCRIBED"};
  if (status->campaigns.rows->len == 0) return;
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (guint i = 0; i < status->campaigns.rows->len; i++) {
    const struct campaign_metric *row = page_row(&status->campaigns, struct campaign_metric, i);
    table_add(&table, "%s", campaign_label(&cli->settings, row->campaign_id));
    table_add(&table, "%s", row->status != CAMPAIGN_UNREAD ? campaign_status_name(row->status) : "no figures yet");
    table_add_int(&table, count_phases(status, enrolled_phases, G_N_ELEMENTS(enrolled_phases), row->campaign_id));
    table_add_int(&table, count_phases(status, ended_phases, G_N_ELEMENTS(ended_phases), row->campaign_id));
    const int64_t remote[] = {row->leads,   row->completed, row->contacted,
                              row->replied, row->bounced,   row->unsubscribed};
    for (size_t n = 0; n < G_N_ELEMENTS(remote); n++) {
      table_add_int(&table, remote[n]);
    }
  }
  out_print("\n");
  table_print(&table);
  table_clear(&table);
}

static void print_runs(const struct status *status)
{
  static const char *const headers[] = {"JOB", "LAST RUN", "VERDICT", "RUN"};
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (size_t i = 0; i < G_N_ELEMENTS(job_names); i++) {
    const struct run_record *run = last_run(status, job_names[i]);
    g_autofree char *age = out_age(status->now_us, run ? run->started_at_us : 0);
    table_add(&table, "%s", job_names[i]);
    table_add(&table, "%s", age);
    table_add(&table, "%s", !run ? "" : run->verdict ? run->verdict : "running or interrupted");
    table_add(&table, "%s", run ? run->run_id : "");
  }
  out_print("\n");
  table_print(&table);
  table_clear(&table);
}

static void print_text(const struct cli *cli, const struct status *status)
{
  static const struct {
    const char *group, *title;
  } groups[] = {{"phase", "PHASE"},
                {"outcome", "OUTCOME"},
                {"email_status", "LAST E-MAIL STATUS"},
                {"held", "HELD BECAUSE OF"},
                {"error", "ERROR TYPE"},
                {"suppression", "SUPPRESSED BECAUSE OF"},
                {"notice", "NOTICED IN THE SOURCE"}};
  holds_print(cli, &status->holds);
  print_facts(status);
  print_rules(cli);
  status_stops_print(cli, &status->stops);
  print_runs(status);
  print_campaigns(cli, status);
  for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
    print_group(status, groups[i].group, groups[i].title);
  }
}

/* ---- JSON ---- */

static void json_groups(GString *out, const struct status *status)
{
  static const char *const groups[][2] = {
      {"phase", "phases"},  {"outcome", "outcomes"}, {"email_status", "email_statuses"},
      {"held", "held"},     {"error", "errors"},     {"suppression", "suppressions"},
      {"notice", "notices"}};
  for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
    g_autoptr(GPtrArray) names = names_of(status, groups[i][0]);
    json_append_key(out, groups[i][1]);
    g_string_append_c(out, '{');
    for (guint j = 0; j < names->len; j++) {
      const char *name = g_ptr_array_index(names, j);
      json_append_int(out, name, count_of(status, groups[i][0], name, NULL));
    }
    g_string_append_c(out, '}');
  }
}

static void json_campaigns(GString *out, const struct status *status)
{
  json_append_key(out, "campaigns");
  g_string_append_c(out, '[');
  for (guint i = 0; i < status->campaigns.rows->len; i++) {
    const struct campaign_metric *row = page_row(&status->campaigns, struct campaign_metric, i);
    g_string_append(out, i ? ",{" : "{");
    json_append_str(out, "campaign_id", row->campaign_id);
    json_append_str(out, "name", row->campaign_name);
    json_append_str(out, "status", row->status != CAMPAIGN_UNREAD ? campaign_status_name(row->status) : NULL);
    json_append_int(out, "enrolled",
                    count_phases(status, enrolled_phases, G_N_ELEMENTS(enrolled_phases), row->campaign_id));
    json_append_int(out, "ended", count_phases(status, ended_phases, G_N_ELEMENTS(ended_phases), row->campaign_id));
    json_append_key(out, "instantly");
    g_string_append_c(out, '{');
    json_append_int(out, "leads", row->leads);
    json_append_int(out, "completed", row->completed);
    json_append_int(out, "contacted", row->contacted);
    json_append_int(out, "sent", row->sent);
    json_append_int(out, "opened", row->opened);
    json_append_int(out, "clicked", row->clicked);
    json_append_int(out, "replied", row->replied);
    json_append_int(out, "bounced", row->bounced);
    json_append_int(out, "unsubscribed", row->unsubscribed);
    g_string_append(out, "}}");
  }
  g_string_append_c(out, ']');
}

static void json_runs(GString *out, const struct status *status)
{
  json_append_key(out, "last_runs");
  g_string_append_c(out, '{');
  for (size_t i = 0; i < G_N_ELEMENTS(job_names); i++) {
    const struct run_record *run = last_run(status, job_names[i]);
    json_append_key(out, job_names[i]);
    if (!run) {
      g_string_append(out, "null");
      continue;
    }
    g_string_append_c(out, '{');
    json_append_str(out, "run_id", run->run_id);
    json_append_str(out, "verdict", run->verdict);
    json_append_time(out, "started_at", run->started_at_us);
    json_append_time(out, "ended_at", run->ended_at_us);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, '}');
}

static void print_json(const struct cli *cli, const struct status *status)
{
  const struct ledger_facts *facts = &status->facts;
  g_autoptr(GString) out = g_string_new("{");
  json_append_time(out, "now", status->now_us);
  json_append_int(out, "source_rows", facts->source_rows);
  json_append_str(out, "source_gone", gone_rule_name(cli->settings.source.gone));
  json_append_int(out, "enrolled", facts->enrolled);
  json_append_int(out, "open_claims", facts->unsettled);
  json_append_time(out, "full_scan_finished_at", facts->full_scan_finished_at_us);
  json_append_time(out, "full_scan_ended_at", facts->full_scan_ended_at_us);
  json_append_time(out, "stops_read_at", facts->stops_read_at_us);
  status_stops_json(&status->stops, out);
  json_append_key(out, "holds");
  holds_append_json(&status->holds, out);
  json_groups(out, status);
  json_campaigns(out, status);
  json_runs(out, status);
  g_string_append_c(out, '}');
  out_line(out->str);
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  struct status status;
  status_init(&status);
  bool ok = status_read(cli, &status, error);
  if (ok && cli->is_json)
    print_json(cli, &status);
  else if (ok)
    print_text(cli, &status);
  status_clear(&status);
  return EXIT_CODE_OK;
}

const struct command command_status = {
    .name = "status",
    .arguments = "",
    .summary = "Show where everything stands",
    .details =
        "How many leads are in which phase, each campaign as the ledger and as Instantly count it, when each job ran "
        "last and how it ended, errors by type, suppressions by reason, open claims, how many stopped persons have a "
        "row of ours that may still "
        "be mailed, and what the newest `verify --stops` found. Reads the warehouse alone.",
    .example = "leadferry status --json",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ,
    .run = run,
};
