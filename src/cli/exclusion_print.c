#include "cli/exclusion_print.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/output.h"

/* Persons and domains that the table stops after the change. */
static int64_t stopped_n(const struct exclusion_report *report)
{
  const struct standing_counts *counts = &report->counts;
  return counts->stops_n + counts->new_n - (report->is_doubted ? 0 : counts->lost_n);
}

void print_exclusion(const struct cli *cli, const struct exclusion_report *report)
{
  const struct standing_counts *counts = &report->counts;
  const char *table = cli->settings.source.exclude.table;
  if (report->is_unreadable)
    out_print("  source.exclude: %s cannot be read, and its stops stay as they were: see `leadferry errors list`\n",
              table);
  if (!report->is_known || !table) return;
  g_autofree char *stopped = text_thousands(stopped_n(report)), *rows = text_thousands(counts->rows_n);
  out_print("  source.exclude: %s stopped by %s rows of %s", stopped, rows, table);
  if (counts->new_n > 0) out_print(", %" G_GINT64_FORMAT " of them new", counts->new_n);
  if (report->ended_n > 0) out_print("; %" G_GINT64_FORMAT " are stopped no longer", report->ended_n);
  out_print("\n");
  if (counts->odd_n > 0)
    out_print("  source.exclude: %" G_GINT64_FORMAT
              " cells of %s hold neither an address nor a domain, and stop nobody\n",
              counts->odd_n, cli->settings.source.exclude.column);
  if (report->is_doubted)
    out_print("  source.exclude: the table lost most of its addresses; their stops stay until `leadferry sync "
              "--allow-shrunk-exclusion=%" G_GINT64_FORMAT "`\n",
              counts->lost_n);
}

void json_exclusion(GString *out, const struct cli *cli, const struct exclusion_report *report)
{
  const struct standing_counts *counts = &report->counts;
  json_append_key(out, "exclusion");
  if (!report->is_known && !report->is_unreadable) {
    g_string_append(out, "null");
    return;
  }
  g_string_append_c(out, '{');
  json_append_str(out, "table", cli->settings.source.exclude.table);
  json_append_bool(out, "is_read", report->is_known);
  json_append_int(out, "rows", counts->rows_n);
  json_append_int(out, "blank", counts->blank_n);
  json_append_int(out, "not_understood", counts->odd_n);
  json_append_int(out, "stopped", stopped_n(report));
  json_append_int(out, "new", counts->new_n);
  json_append_int(out, "ended", report->ended_n);
  json_append_int(out, "kept_in_doubt", report->is_doubted ? counts->lost_n : 0);
  g_string_append_c(out, '}');
}

const char *gone_rule_name(enum gone_rule rule)
{
  return rule == GONE_STOP ? "stop" : "keep";
}

void print_gone(const struct cli *cli, const struct gone_report *report, bool is_plan)
{
  bool stops = cli->settings.source.gone == GONE_STOP;
  g_autofree char *persons = text_thousands(report->persons_n);
  if (report->is_doubted)
    out_print("  source.gone: the table looks like an accident, and nobody counts as gone from it\n");
  else if (is_plan)
    out_print("  source.gone: %s; %s enrolled persons are in no row of the source any more%s\n",
              gone_rule_name(cli->settings.source.gone), persons,
              stops || report->persons_n == 0 ? "" : ", and are mailed on");
  else if (report->new_n + report->ended_n > 0)
    out_print("  source.gone: %" G_GINT64_FORMAT " persons left the source and are stopped, %" G_GINT64_FORMAT
              " are stopped no longer\n",
              report->new_n, report->ended_n);
}

void json_gone(GString *out, const struct cli *cli, const struct gone_report *report)
{
  json_append_key(out, "gone");
  g_string_append_c(out, '{');
  json_append_str(out, "rule", gone_rule_name(cli->settings.source.gone));
  json_append_bool(out, "is_doubted", report->is_doubted);
  json_append_int(out, "persons", report->persons_n);
  json_append_int(out, "new", report->new_n);
  json_append_int(out, "ended", report->ended_n);
  g_string_append_c(out, '}');
}
