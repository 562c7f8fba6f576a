#include "cli/job_print.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/jobs.h"
#include "cli/opt_out_print.h"
#include "cli/output.h"
#include "cli/verdict_tally.h"
#include "core/job.h"

#include <string.h>
#include <unistd.h>

const char *campaign_label(const struct settings *settings, const char *campaign_id)
{
  if (!campaign_id) return "(no campaign)";
  const struct campaign_settings *campaign = settings_campaign(settings, campaign_id);
  return campaign && campaign->name && *campaign->name ? campaign->name : campaign_id;
}

/* ---- heads and lines ---- */

static const char *verdict_of_head(const struct job_head *head)
{
  return head->verdict ? head->verdict : run_verdict(head->exit_code);
}

static void print_head(const struct job_head *head)
{
  if (head->is_dry_run)
    out_print("%s, dry run: nothing is written or sent\n", head->job);
  else
    out_print("%s %s: %s\n", head->job, head->run_id, verdict_of_head(head));
}

static void json_head(GString *out, const struct job_head *head)
{
  json_append_str(out, "job", head->job);
  json_append_str(out, "run_id", head->run_id);
  json_append_str(out, "verdict", verdict_of_head(head));
  json_append_int(out, "exit_code", head->exit_code);
  json_append_bool(out, "dry_run", head->is_dry_run);
  json_append_str(out, "error", head->error);
  json_append_key(out, "events");
  g_string_append(out, head->events ? head->events : "null");
}

/* A named number of a report. */
struct figure {
  const char *name; /* words for text; JSON has underscores instead of blanks */
  int64_t n;
  bool is_always_shown;
};

static void print_figures(const struct figure *figures, size_t figures_n)
{
  g_autoptr(GString) line = g_string_new(NULL);
  for (size_t i = 0; i < figures_n; i++) {
    if (figures[i].n == 0 && !figures[i].is_always_shown) continue;
    g_autofree char *n = text_thousands(figures[i].n);
    g_string_append_printf(line, "  %s %s", figures[i].name, n);
  }
  if (line->len > 0) out_line(line->str);
}

static void json_figures(GString *out, const struct figure *figures, size_t figures_n)
{
  for (size_t i = 0; i < figures_n; i++) {
    g_autofree char *name = g_strdelimit(g_strdup(figures[i].name), " ", '_');
    json_append_int(out, name, figures[i].n);
  }
}

/* The run's events that need an eye: "rejected/invalid 3, skipped/blocklist 1". */
static char *refusals_text(const char *events)
{
  static const char *const kinds[] = {"rejected", "skipped", "found_elsewhere", "held", "released"};
  g_autoptr(cJSON) counts = events ? json_parse(events, strlen(events), NULL) : NULL;
  GString *text = g_string_new(NULL);
  const cJSON *count = NULL;
  cJSON_ArrayForEach(count, counts)
  {
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
      if (!g_str_has_prefix(count->string, kinds[i]) || !cJSON_IsNumber(count)) continue;
      g_autofree char *n = text_thousands((int64_t)count->valuedouble);
      g_string_append_printf(text, "%s%s %s", text->len ? ", " : "", count->string, n);
    }
  }
  return g_string_free(text, FALSE);
}

/* ---- rows of stopped persons, of every job ---- */

#define STOP_FIGURES_N 5

static size_t stop_figures(const struct stop_report *stops, struct figure *figures)
{
  size_t n = 0;
  figures[n++] = (struct figure){"stopped removed", stops->removed_n, false};
  figures[n++] = (struct figure){"stopped cut", stops->cut_n, false};
  figures[n++] = (struct figure){"stopped left", stops->left_n, false};
  figures[n++] = (struct figure){"stopped deferred", stops->deferred_n, false};
  figures[n++] = (struct figure){"answered still mailed", stops->still_mailed_n, false};
  return n;
}

/* ---- export ---- */

static size_t export_figures(const struct export_report *report, bool is_dry_run,
                             struct figure figures[9 + STOP_FIGURES_N])
{
  size_t n = 0;
  if (is_dry_run) {
    figures[n++] = (struct figure){"would add", report->claim.claimed_n, true};
    return n;
  }
  figures[n++] = (struct figure){"added", report->added_n, true};
  figures[n++] = (struct figure){"refused", report->refused_n, true};
  figures[n++] = (struct figure){"unknown", report->unknown_n, false};
  figures[n++] = (struct figure){"released", report->released_n, false};
  figures[n++] = (struct figure){"held", report->held_n, false};
  figures[n++] = (struct figure){"settled from earlier runs", report->recovered_n, false};
  figures[n++] = (struct figure){"brought home", report->rebuilt_n, false};
  figures[n++] = (struct figure){"written back", report->written_back_n, false};
  return n + stop_figures(&report->stops, figures + n);
}

static void print_lines(const char *what, int64_t n, const GArray *lines)
{
  if (n == 0) return;
  g_autofree char *total = text_thousands(n);
  g_autofree char *reasons = verdict_lines_text(lines);
  out_print("  %s %s: %s\n", what, total, reasons);
}

static void print_refused_campaigns(const struct cli *cli, const struct export_report *report)
{
  for (guint i = 0; i < report->feeds->len; i++) {
    const struct feed_report *feed = &g_array_index(report->feeds, struct feed_report, i);
    if (!feed->refusal) continue;
    g_autofree char *label = out_printable(campaign_label(&cli->settings, feed->campaign_id));
    out_print("  campaign %s is not fed: %s\n", label, feed->refusal);
  }
}

static void print_unchanged(const struct job_head *head, const struct export_report *report)
{
  g_autofree char *since = time_format_us(report->unchanged_since_us);
  print_head(head);
  out_print("  nothing changed since %s; nothing was asked or done (--no-gate runs it anyway)\n", since);
}

void print_export(const struct cli *cli, const struct job_head *head, const struct export_report *report)
{
  struct figure figures[9 + STOP_FIGURES_N];
  struct verdict_tally tally;
  if (report->unchanged_since_us) {
    print_unchanged(head, report);
    return;
  }
  verdict_tally_fill(&tally, &report->claim, NULL);
  g_autofree char *refusals = refusals_text(head->events);
  print_head(head);
  print_figures(figures, export_figures(report, head->is_dry_run, figures));
  if (*refusals) out_print("  of these: %s\n", refusals);
  print_lines("left out", tally.left_out_n, tally.left_out);
  const char *hint = verdict_tally_hint(&tally, &cli->settings);
  if (hint) out_print("  %s\n", hint);
  print_lines("deferred", tally.deferred_n, tally.deferred);
  print_opt_outs(&report->opt_outs, head->is_dry_run ? "would be stopped" : "stopped");
  if (report->claim.source_n == 0 && head->exit_code == EXIT_CODE_OK)
    out_line("  the table of leads is empty; `leadferry import FILE.csv` fills it");
  print_refused_campaigns(cli, report);
  verdict_tally_clear(&tally);
}

static void json_feeds(GString *out, const struct export_report *report)
{
  json_append_key(out, "campaigns");
  g_string_append_c(out, '[');
  for (guint i = 0; i < report->feeds->len; i++) {
    const struct feed_report *feed = &g_array_index(report->feeds, struct feed_report, i);
    struct verdict_tally tally;
    verdict_tally_fill(&tally, &report->claim, feed->campaign_id);
    g_string_append(out, i ? ",{" : "{");
    json_append_str(out, "campaign_id", feed->campaign_id);
    json_append_str(out, "name", feed->name);
    json_append_str(out, "status", campaign_status_name(feed->status));
    json_append_str(out, "refusal", feed->refusal);
    json_append_int(out, "claimed", tally.eligible_n);
    json_append_key(out, "room");
    if (feed->room == SETTING_UNLIMITED)
      g_string_append(out, "null");
    else
      g_string_append_printf(out, "%" G_GINT64_FORMAT, feed->room);
    verdict_lines_json(out, "left_out", tally.left_out);
    verdict_lines_json(out, "deferred", tally.deferred);
    g_string_append_c(out, '}');
    verdict_tally_clear(&tally);
  }
  g_string_append_c(out, ']');
}

void json_export(GString *out, const struct job_head *head, const struct export_report *report)
{
  struct figure figures[9 + STOP_FIGURES_N];
  struct verdict_tally tally;
  verdict_tally_fill(&tally, &report->claim, NULL);
  json_head(out, head);
  json_append_time(out, "unchanged_since", report->unchanged_since_us);
  json_append_int(out, "source", report->claim.source_n);
  json_append_int(out, "claimed", report->claim.claimed_n);
  json_figures(out, figures, export_figures(report, false, figures));
  json_append_int(out, "already_added", tally.already_n);
  verdict_lines_json(out, "left_out", tally.left_out);
  verdict_lines_json(out, "deferred", tally.deferred);
  json_feeds(out, report);
  json_opt_outs(out, &report->opt_outs);
  verdict_tally_clear(&tally);
}

/* ---- sync ---- */

static size_t sync_figures(const struct sync_report *report, struct figure figures[28 + STOP_FIGURES_N])
{
  const struct stage_report *stage = &report->stage;
  size_t n = 0;
  figures[n++] = (struct figure){"rows read", stage->staged_n, true};
  figures[n++] = (struct figure){"facts", stage->facts_n, true};
  figures[n++] = (struct figure){"finished", stage->finished_n, true};
  figures[n++] = (struct figure){"suppressed", stage->suppressed_n, false};
  figures[n++] = (struct figure){"campaigns gone", report->gone_n, false};
  figures[n++] = (struct figure){"held with them", report->gone_n > 0 ? report->held_n : 0, false};
  figures[n++] = (struct figure){"held for bounces", stage->spike_n, false};
  figures[n++] = (struct figure){"campaigns stopped for bounces", report->bounce_stopped_n, false};
  figures[n++] = (struct figure){"pushed to the block list", report->pushed_n, false};
  figures[n++] = (struct figure){"stops deleted by somebody else", report->stops_lost_n, false};
  figures[n++] = (struct figure){"taken off the block list", report->unlist.unlisted_n, false};
  n += stop_figures(&report->stops, figures + n);
  figures[n++] = (struct figure){"running leads whose stops wait", report->hits.waits ? report->hits.hit_n : 0, false};
  figures[n++] = (struct figure){"stopped foreign", report->stopped_foreign_n, false};
  figures[n++] = (struct figure){"moved", stage->moved_n, false};
  figures[n++] = (struct figure){"vanished", stage->vanished_n, false};
  figures[n++] = (struct figure){"adopted", stage->adopted_n, false};
  figures[n++] = (struct figure){"brought home", stage->home_n, false};
  figures[n++] = (struct figure){"conflicts", stage->conflicts_n, false};
  figures[n++] = (struct figure){"foreign", stage->foreign_n, false};
  figures[n++] = (struct figure){"stops read", report->stops_read_n, false};
  figures[n++] = (struct figure){"stopped by mail", report->emails_stopped_n, false};
  figures[n++] = (struct figure){"automatic replies", report->automatic_n, false};
  figures[n++] = (struct figure){"watched", report->watched_n, false};
  figures[n++] = (struct figure){"written back", report->written_back_n, false};
  return n;
}

void print_stop_hits(const struct stop_hits *hits)
{
  if (hits->hit_n == 0) return;
  g_autofree char *hit = text_thousands(hits->hit_n), *most = text_thousands(hits->max_n);
  out_print("  stops from lists, domains and the like hit %s running leads", hit);
  if (hits->waits)
    out_print(", more than the %s that may end unasked: no export mails them, their rows in Instantly wait for "
              "`leadferry sync --allow-hit=%" G_GINT64_FORMAT "`",
              most, hits->hit_n);
  out_print("\n");
}

void json_stop_hits(GString *out, const struct stop_hits *hits)
{
  json_append_key(out, "stop_hits");
  g_string_append_c(out, '{');
  json_append_int(out, "running_leads", hits->hit_n);
  json_append_int(out, "max_unasked", hits->max_n);
  json_append_bool(out, "waits", hits->waits);
  g_string_append_c(out, '}');
}

void print_sync(const struct job_head *head, const struct sync_report *report)
{
  struct figure figures[28 + STOP_FIGURES_N];
  print_head(head);
  if (head->is_dry_run) {
    g_autofree char *watched = text_thousands(report->watched_n);
    out_print("  would ask for %s enrolments that can still change in %d campaigns%s\n", watched,
              (int)report->campaigns_n, report->was_full_scan ? ", and scan these campaigns in full" : "");
    return;
  }
  print_figures(figures, sync_figures(report, figures));
  print_opt_outs(&report->opt_outs, "stopped");
  print_stop_hits(&report->hits);
  if (*report->spiked && isatty(STDOUT_FILENO)) out_print("  too many bounces: %s\n", report->spiked);
  if (report->was_full_scan)
    out_print(report->gone_n > 0 ? "  the configured campaigns that still exist were scanned in full\n"
                                 : "  all configured campaigns were scanned in full\n");
  if (report->automatic_n > 0)
    out_print("  their stops ended; whoever was taken out by them comes back with `leadferry release --lead-id ID`\n");
  if (report->emails_left) out_print("  more mails wait for the next sync\n");
  if (report->unlist.was_refused)
    out_print("  removed stops are still on the block list: see `leadferry errors list`\n");
  if (report->emails_refused)
    out_print("  replies of people whose leads were removed are not read: see `leadferry errors list`\n");
}

void json_sync(GString *out, const struct job_head *head, const struct sync_report *report)
{
  struct figure figures[28 + STOP_FIGURES_N];
  json_head(out, head);
  json_figures(out, figures, sync_figures(report, figures));
  json_append_int(out, "campaigns", report->campaigns_n);
  json_stop_hits(out, &report->hits);
  json_opt_outs(out, &report->opt_outs);
  json_append_bool(out, "full_scan", report->was_full_scan);
  json_append_int(out, "mails_read", report->emails_read_n);
  json_append_bool(out, "mails_left", report->emails_left);
  json_append_bool(out, "mails_refused", report->emails_refused);
  json_append_bool(out, "unlisting_refused", report->unlist.was_refused);
}

/* ---- complete ---- */

static size_t complete_figures(const struct complete_report *report, bool is_dry_run,
                               struct figure figures[6 + STOP_FIGURES_N])
{
  size_t n = 0;
  figures[n++] = (struct figure){"due", report->due_n, true};
  figures[n++] = (struct figure){"planned", report->planned_n, is_dry_run};
  if (!is_dry_run) figures[n++] = (struct figure){"removed", report->removed_n, true};
  figures[n++] = (struct figure){"kept", report->kept_n, false};
  figures[n++] = (struct figure){"deferred", report->deferred_n, false};
  figures[n++] = (struct figure){"changed meanwhile and left alone", report->changed_n, false};
  return n + stop_figures(&report->stops, figures + n);
}

void print_complete(const struct cli *cli, const struct job_head *head, const struct complete_report *report)
{
  struct figure figures[6 + STOP_FIGURES_N];
  print_head(head);
  print_figures(figures, complete_figures(report, head->is_dry_run, figures));
  for (guint i = 0; i < report->counts->len; i++) {
    const struct removal_count *count = &g_array_index(report->counts, struct removal_count, i);
    g_autofree char *n = text_thousands(count->n);
    g_autofree char *label = out_printable(campaign_label(&cli->settings, count->campaign_id));
    out_print("  - %s due in %s: %s\n", n, label, outcome_name(count->outcome));
  }
  if (report->safety) out_print("  nothing is removed: %s\n", report->safety);
}

void json_complete(GString *out, const struct job_head *head, const struct complete_report *report)
{
  struct figure figures[STOP_FIGURES_N];
  json_head(out, head);
  json_append_int(out, "due", report->due_n);
  json_append_int(out, "planned", report->planned_n);
  json_append_int(out, "removed", report->removed_n);
  json_append_int(out, "kept", report->kept_n);
  json_append_int(out, "deferred", report->deferred_n);
  json_append_int(out, "changed", report->changed_n);
  json_figures(out, figures, stop_figures(&report->stops, figures));
  json_append_str(out, "safety_stop", report->safety);
  json_append_key(out, "by_campaign");
  g_string_append_c(out, '[');
  for (guint i = 0; i < report->counts->len; i++) {
    const struct removal_count *count = &g_array_index(report->counts, struct removal_count, i);
    g_string_append(out, i ? ",{" : "{");
    json_append_str(out, "campaign_id", count->campaign_id);
    json_append_str(out, "outcome", outcome_name(count->outcome));
    json_append_int(out, "n", count->n);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

/* ---- recover ---- */

static size_t recover_figures(const struct recovery *recovery, struct figure figures[7 + STOP_FIGURES_N])
{
  const struct settle_tally *tally = &recovery->tally;
  size_t n = 0;
  figures[n++] = (struct figure){"added", tally->added_n, true};
  figures[n++] = (struct figure){"adopted", tally->adopted_n, false};
  figures[n++] = (struct figure){"refused", tally->refused_n, false};
  figures[n++] = (struct figure){"found elsewhere", tally->elsewhere_n, false};
  figures[n++] = (struct figure){"released", tally->released_n, true};
  figures[n++] = (struct figure){"held", tally->held_n, false};
  figures[n++] = (struct figure){"still open", tally->unknown_n, true};
  return n + stop_figures(&recovery->stops, figures + n);
}

void print_recover(const struct job_head *head, const struct recovery *recovery)
{
  struct figure figures[7 + STOP_FIGURES_N];
  print_head(head);
  print_figures(figures, recover_figures(recovery, figures));
}

void json_recover(GString *out, const struct job_head *head, const struct recovery *recovery)
{
  struct figure figures[7 + STOP_FIGURES_N];
  json_head(out, head);
  json_figures(out, figures, recover_figures(recovery, figures));
}
