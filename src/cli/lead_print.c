#include "cli/lead_print.h"

#include "cli/jobs.h"
#include "cli/output.h"
#include "core/fold.h"

#include <string.h>

void lead_view_next(struct cli *cli, const struct lead_view *view, guint i, struct lead_next *next)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  const struct lead_report_row *row = page_row(&view->rows, struct lead_report_row, i);
  g_autofree char *ref = ledger->ops->lead_ref(ledger, row->lead.lead_id);
  g_autofree char *winner = NULL;
  struct next_input input = {.row = row,
                             .lead_ref = ref,
                             .has_verdict = view->decisions != NULL,
                             .settings = &cli->settings,
                             .stop = view->facts.suppression,
                             .now_us = view->now_us};
  const char *campaign_id = row->state.current_campaign_id;
  if (view->decisions) {
    input.verdict = view->decisions[i].result;
    if (!campaign_id) campaign_id = view->decisions[i].campaign_id;
    if (input.verdict.verdict == VERDICT_DUPLICATE_OF && input.verdict.detail) {
      winner = ledger->ops->lead_ref(ledger, input.verdict.detail);
      input.verdict.detail = winner;
    }
  }
  if (campaign_id) input.campaign = campaign_label(&cli->settings, campaign_id);
  lead_next(&input, next);
}

/* ---- lines ---- */

static void line(const char *label, const char *value)
{
  if (!value || !*value) return;
  g_autofree char *text = out_printable(value);
  out_print("  %-22s%s\n", label, text);
}

static void line_time(const char *label, int64_t wall_us)
{
  if (!wall_us) return;
  g_autofree char *text = time_format_us(wall_us);
  line(label, text);
}

static void line_flag(const char *label, bool is_set, int64_t since_us)
{
  g_autofree char *since = since_us ? time_format_us(since_us) : NULL;
  g_autofree char *text = g_strdup_printf("%s%s%s", is_set ? "yes" : "no", since ? ", " : "", since ? since : "");
  line(label, text);
}

static void print_repeats(const struct lead_report_row *row)
{
  if (row->repeats_n == 0) return;
  g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT " rows of the source have it; the first by address "
                                          "counts, the others are never exported",
                                          1 + row->repeats_n);
  line("repeated_lead_id", text);
}

static void print_row(const struct cli *cli, const struct lead_report_row *row)
{
  const struct lead *lead = &row->lead;
  print_repeats(row);
  if (cli->shows_pii) {
    line("email", lead->email);
    line("first_name", lead->first_name);
    line("last_name", lead->last_name);
    line("company_name", lead->company_name);
    line("fields", lead->fields);
  }
  line("campaign_id",
       lead->campaign_id ? campaign_label(&cli->settings, lead->campaign_id) : "none: the default applies");
  line_flag("added_to_instantly", lead->added_to_instantly, row->added_at_us);
  line_flag("cold_email_sent", lead->cold_email_sent, 0);
  line("last_email_status", lead->last_email_status);
  line_flag("sequence_completed", lead->sequence_completed, row->sequence_completed_at_us);
}

static void print_state(const struct cli *cli, const struct lead_report_row *row)
{
  const struct lead_state *state = &row->state;
  if (!row->has_state) {
    line("phase", "never claimed");
    return;
  }
  g_autofree char *settlement = g_strdup_printf("%s%s%s", settlement_name(state->settlement), state->reason ? ": " : "",
                                                state->reason ? state->reason : "");
  line("phase", phase_name(row->phase));
  line("settlement", settlement);
  line("claim", state->claim_id);
  if (state->generation > 1) out_print("  %-22s%d\n", "generation", (int)state->generation);
  bool is_there = row->phase != PHASE_WITHDRAWN && row->phase != PHASE_REMOVED;
  if (state->current_campaign_id)
    line(is_there ? "enrolled in" : "was enrolled in", campaign_label(&cli->settings, state->current_campaign_id));
  line("instantly id", state->instantly_id);
  line_time("added", state->added_at_us);
  line_time("first mail", state->sent_at_us);
  line_time("replied", state->replied_at_us);
  line("status so far", email_status_name(state->email_status));
  if (state_ended_as(state) != OUTCOME_NONE) line("outcome", outcome_name(state_ended_as(state)));
  line_time("finished", state->finished_at_us);
  line_time("removed", state->removed_at_us);
  line_time("withdrawn", state->withdrawn_at_us);
  if (state_is_held(state)) line("held", state->held_reason);
  line_time("last seen", state->last_seen_at_us);
}

static const char *or_empty(const char *text)
{
  return text ? text : "";
}

static bool print_events(struct cli *cli, const char *lead_id, GError **error)
{
  static const char *const headers[] = {"TIME", "EVENT", "FACT", "REASON", "CAMPAIGN", "RUN"};
  struct page page;
  page_init(&page, sizeof(struct lead_event));
  bool ok = report_events(cli->warehouse, lead_id, &page, error);
  if (ok && page.rows->len > 0) {
    struct table table;
    table_init(&table, headers, G_N_ELEMENTS(headers));
    for (guint i = 0; i < page.rows->len; i++) {
      const struct lead_event *event = page_row(&page, struct lead_event, i);
      table_add_time(&table, event->occurred_at_us);
      table_add(&table, "%s", event_kind_name(event->kind));
      table_add(&table, "%s", or_empty(event->fact ? status_fact_name(event->fact) : NULL));
      table_add(&table, "%s", or_empty(event->reason));
      table_add(&table, "%s", event->campaign_id ? campaign_label(&cli->settings, event->campaign_id) : "");
      table_add(&table, "%s", or_empty(event->run_id));
    }
    out_print("\n");
    table_print(&table);
    table_clear(&table);
  }
  page_clear(&page);
  return ok;
}

static void print_suppressions(const struct lead_view *view)
{
  static const char *const headers[] = {"STOPPED", "BECAUSE", "SOURCE", "SINCE", "UNTIL", "ON THE BLOCK LIST"};
  if (view->suppressions.rows->len == 0) return;
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (guint i = 0; i < view->suppressions.rows->len; i++) {
    const struct suppression *row = page_row(&view->suppressions, struct suppression, i);
    table_add(&table, "%s", row->domain ? "domain" : "person");
    table_add(&table, "%s", or_empty(row->reason));
    table_add(&table, "%s", or_empty(row->source));
    table_add_time(&table, row->created_at_us);
    table_add_time(&table, row->expires_at_us);
    table_add_time(&table, row->pushed_at_us);
  }
  out_print("\n");
  table_print(&table);
  table_clear(&table);
}

static const char *remote_status_word(int64_t status)
{
  switch (status) {
  case REMOTE_ACTIVE: return "active";
  case REMOTE_PAUSED: return "paused";
  case REMOTE_COMPLETED: return "completed";
  case REMOTE_BOUNCED: return "bounced";
  case REMOTE_UNSUBSCRIBED: return "unsubscribed";
  case REMOTE_SKIPPED: return "skipped";
  default: return "unknown";
  }
}

static void print_remote(const struct cli *cli, const struct lead_view *view)
{
  static const char *const headers[] = {"INSTANTLY", "CAMPAIGN", "STATUS",    "STAMP",
                                        "OPENS",     "REPLIES",  "CONTACTED", "LAST STEP"};
  out_print("\n");
  if (view->remote_problem) {
    g_autofree char *problem = out_printable(view->remote_problem);
    out_print("Instantly could not be asked: %s\n", problem);
    return;
  }
  if (view->remote.rows->len == 0) {
    out_print("Instantly has no row of this person\n");
    return;
  }
  struct table table;
  table_init(&table, headers, G_N_ELEMENTS(headers));
  for (guint i = 0; i < view->remote.rows->len; i++) {
    const struct remote_lead *row = page_row(&view->remote, struct remote_lead, i);
    table_add(&table, "%s", row->id);
    table_add(&table, "%s", row->campaign_id ? campaign_label(&cli->settings, row->campaign_id) : "(in no campaign)");
    table_add(&table, "%s", remote_status_word(row->status));
    table_add(&table, "%s", row->stamp ? row->stamp : "not ours");
    table_add_int(&table, row->opens);
    table_add_int(&table, row->replies);
    table_add_time(&table, row->contacted_at_us);
    table_add(&table, "%s", or_empty(row->last_step));
  }
  table_print(&table);
  table_clear(&table);
}

bool lead_print_text(struct cli *cli, const struct lead_view *view, GError **error)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  if (view->rows.rows->len == 0) out_print("The warehouse has no lead of this person\n");
  for (guint i = 0; i < view->rows.rows->len; i++) {
    const struct lead_report_row *row = page_row(&view->rows, struct lead_report_row, i);
    g_autofree char *ref = ledger->ops->lead_ref(ledger, row->lead.lead_id);
    out_print("%slead %s\n", i ? "\n" : "", cli->shows_pii ? row->lead.lead_id : ref);
    print_row(cli, row);
    print_state(cli, row);
    if (!print_events(cli, row->lead.lead_id, error)) return false;
  }
  print_suppressions(view);
  print_remote(cli, view);
  for (guint i = 0; i < view->rows.rows->len; i++) {
    struct lead_next next;
    lead_view_next(cli, view, i, &next);
    out_print("\nNext: %s\n", next.text);
    lead_next_clear(&next);
  }
  return true;
}
