/* `leadferry leads export`: the table with all states, page by page, as CSV or NDJSON. */
#include "base/json.h"
#include "cli/command_list.h"
#include "cli/output.h"
#include "core/fold.h"

#include <csv.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define PAGE_ROWS 1000

enum column_type {
  COLUMN_TEXT,
  COLUMN_FLAG,
  COLUMN_INT,
  COLUMN_TIME,
  COLUMN_JSON,
  COLUMN_LEAD, /* lead_id or its reference */
  COLUMN_PHASE,
  COLUMN_SETTLEMENT,
  COLUMN_OUTCOME,
  COLUMN_HELD,
};

#define ROW(member) offsetof(struct lead_report_row, member)

static const struct column {
  const char *name;
  enum column_type type;
  size_t offset;    /* of the member, for plain types */
  bool is_personal; /* only with --show-pii */
} columns[] = {
    {"lead_id", COLUMN_LEAD, 0, false},
    {"email", COLUMN_TEXT, ROW(lead.email), true},
    {"first_name", COLUMN_TEXT, ROW(lead.first_name), true},
    {"last_name", COLUMN_TEXT, ROW(lead.last_name), true},
    {"company_name", COLUMN_TEXT, ROW(lead.company_name), true},
    {"campaign_id", COLUMN_TEXT, ROW(lead.campaign_id), false},
    {"added_to_instantly", COLUMN_FLAG, ROW(lead.added_to_instantly), false},
    {"added_date", COLUMN_TIME, ROW(added_at_us), false},
    {"sequence_completed", COLUMN_FLAG, ROW(lead.sequence_completed), false},
    {"sequence_completed_date", COLUMN_TIME, ROW(sequence_completed_at_us), false},
    {"last_email_status", COLUMN_TEXT, ROW(lead.last_email_status), false},
    {"cold_email_sent", COLUMN_FLAG, ROW(lead.cold_email_sent), false},
    {"updated_at", COLUMN_TIME, ROW(updated_at_us), false},
    {"phase", COLUMN_PHASE, 0, false},
    {"settlement", COLUMN_SETTLEMENT, 0, false},
    {"reason", COLUMN_TEXT, ROW(state.reason), false},
    {"outcome", COLUMN_OUTCOME, 0, false},
    {"generation", COLUMN_INT, ROW(state.generation), false},
    {"instantly_id", COLUMN_TEXT, ROW(state.instantly_id), false},
    {"current_campaign_id", COLUMN_TEXT, ROW(state.current_campaign_id), false},
    {"sent_at", COLUMN_TIME, ROW(state.sent_at_us), false},
    {"replied_at", COLUMN_TIME, ROW(state.replied_at_us), false},
    {"finished_at", COLUMN_TIME, ROW(state.finished_at_us), false},
    {"removed_at", COLUMN_TIME, ROW(state.removed_at_us), false},
    {"held_reason", COLUMN_HELD, 0, false},
    {"fields", COLUMN_JSON, ROW(lead.fields), true},
};

/* A cell before it is written in one of the formats: TEXT, FLAG, INT, TIME or JSON. */
struct value {
  enum column_type type;
  const char *text;
  int64_t n;
};

static const char *state_word(enum column_type type, const struct lead_report_row *row)
{
  if (!row->has_state) return NULL;
  if (type == COLUMN_PHASE) return phase_name(row->phase);
  if (type == COLUMN_SETTLEMENT) return settlement_name(row->state.settlement);
  if (type == COLUMN_HELD) return state_is_held(&row->state) ? row->state.held_reason : NULL;
  return state_ended_as(&row->state) ? outcome_name(state_ended_as(&row->state)) : NULL;
}

static struct value value_of(const struct column *column, const struct lead_report_row *row, const char *lead)
{
  const char *member = (const char *)row + column->offset;
  struct value value = {.type = column->type};
  switch (column->type) {
  case COLUMN_TEXT:
  case COLUMN_JSON: value.text = *(const char *const *)(const void *)member; break;
  case COLUMN_FLAG: value.n = *(const bool *)member; break;
  case COLUMN_INT:
  case COLUMN_TIME: value.n = *(const int64_t *)(const void *)member; break;
  case COLUMN_LEAD: value = (struct value){.type = COLUMN_TEXT, .text = lead}; break;
  default: value = (struct value){.type = COLUMN_TEXT, .text = state_word(column->type, row)};
  }
  return value;
}

static bool is_shown(const struct cli *cli, const struct column *column)
{
  return cli->shows_pii || !column->is_personal;
}

/* ---- CSV ---- */

static void csv_cell(const char *text)
{
  if (!text || !*text) return;
  if (text[strcspn(text, ",\"\r\n")])
    csv_fwrite(stdout, text, strlen(text));
  else
    fputs(text, stdout);
}

static void csv_value(const struct value *value)
{
  g_autofree char *time = NULL;
  switch (value->type) {
  case COLUMN_TEXT:
  case COLUMN_JSON: csv_cell(value->text); break;
  case COLUMN_FLAG: fputs(value->n ? "true" : "false", stdout); break;
  case COLUMN_INT: printf("%" G_GINT64_FORMAT, (gint64)value->n); break;
  case COLUMN_TIME:
    time = value->n ? time_format_us(value->n) : NULL;
    csv_cell(time);
    break;
  default: break;
  }
}

static void csv_header(const struct cli *cli)
{
  bool is_first = true;
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
    if (!is_shown(cli, &columns[i])) continue;
    printf("%s%s", is_first ? "" : ",", columns[i].name);
    is_first = false;
  }
  fputs("\r\n", stdout);
}

static void csv_line(const struct cli *cli, const struct lead_report_row *row, const char *lead)
{
  bool is_first = true;
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
    if (!is_shown(cli, &columns[i])) continue;
    struct value value = value_of(&columns[i], row, lead);
    if (!is_first) fputc(',', stdout);
    csv_value(&value);
    is_first = false;
  }
  fputs("\r\n", stdout);
}

/* ---- NDJSON ---- */

static void json_value(GString *out, const char *name, const struct value *value)
{
  switch (value->type) {
  case COLUMN_TEXT: json_append_str(out, name, value->text); break;
  case COLUMN_FLAG: json_append_bool(out, name, value->n); break;
  case COLUMN_INT: json_append_int(out, name, value->n); break;
  case COLUMN_TIME: json_append_time(out, name, value->n); break;
  case COLUMN_JSON:
    json_append_key(out, name);
    g_string_append(out, value->text ? value->text : "null");
    break;
  default: break;
  }
}

static void json_line(const struct cli *cli, const struct lead_report_row *row, const char *lead)
{
  g_autoptr(GString) out = g_string_new("{");
  for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
    if (!is_shown(cli, &columns[i])) continue;
    struct value value = value_of(&columns[i], row, lead);
    json_value(out, columns[i].name, &value);
  }
  g_string_append_c(out, '}');
  out_line(out->str);
}

/* ---- pages ---- */

static void print_page(struct cli *cli, const struct page *page, bool is_csv)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  for (guint i = 0; i < page->rows->len; i++) {
    const struct lead_report_row *row = page_row(page, struct lead_report_row, i);
    g_autofree char *ref = cli->shows_pii ? NULL : ledger->ops->lead_ref(ledger, row->lead.lead_id);
    const char *lead = ref ? ref : row->lead.lead_id;
    if (is_csv)
      csv_line(cli, row, lead);
    else
      json_line(cli, row, lead);
  }
}

static bool print_all(struct cli *cli, bool is_csv, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct lead_report_row));
  g_autofree char *after = NULL;
  bool ok = true;
  for (int64_t left_n = cli->limit; ok && left_n > 0 && !ferror(stdout);) {
    ok = !cli_is_cancelled(NULL) && report_leads(cli->warehouse, after, (size_t)MIN(left_n, PAGE_ROWS), &page, error);
    if (!ok || page.rows->len == 0) break;
    print_page(cli, &page, is_csv);
    g_free(after);
    after = g_strdup(page_row(&page, struct lead_report_row, page.rows->len - 1)->lead.lead_id);
    left_n -= page.rows->len;
  }
  if (cli_is_cancelled(NULL) && error && !*error)
    error_set(error, ERROR_CANCELLED, "stopped by a signal; the output is not complete");
  page_clear(&page);
  return ok;
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  const char *format = option_string(cli, "format");
  if (!format) format = cli->is_json ? "ndjson" : "csv";
  bool is_csv = !strcmp(format, "csv");
  if (!is_csv && strcmp(format, "ndjson") != 0) {
    error_set(error, ERROR_USAGE, "--format: \"%s\" is neither csv nor ndjson", format);
    return EXIT_CODE_USAGE;
  }
  if (is_csv) csv_header(cli);
  return print_all(cli, is_csv, error) ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const struct command_option options[] = {
    {"format", OPTION_STRING, "csv|ndjson", "one line per lead as CSV (the default) or as JSON"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_leads_export = {
    .name = "leads export",
    .arguments = "",
    .summary = "Write all leads with their states to standard output",
    .details =
        "In the order of lead_id, in constant memory. Without --show-pii there are no addresses, names and further "
        "fields, and lead_ids that are addresses are shown as references. --json is --format ndjson.",
    .example = "leadferry leads export --format ndjson --show-pii > leads.ndjson",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_READ,
    .options = options,
    .run = run,
};
