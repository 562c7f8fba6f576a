/* `leadferry lead show --json`: the same as lead_print.c tells, for machines. */
#include "base/json.h"
#include "cli/lead_print.h"
#include "cli/output.h"
#include "core/fold.h"

static void begin(GString *out)
{
  g_string_append(out, out->str[out->len - 1] == '}' ? ",{" : "{");
}

static void append_columns(const struct cli *cli, GString *out, const struct lead_report_row *row)
{
  const struct lead *lead = &row->lead;
  if (cli->shows_pii) {
    json_append_str(out, "email", lead->email);
    json_append_str(out, "first_name", lead->first_name);
    json_append_str(out, "last_name", lead->last_name);
    json_append_str(out, "company_name", lead->company_name);
    json_append_key(out, "fields");
    g_string_append(out, lead->fields ? lead->fields : "null");
  }
  json_append_str(out, "campaign_id", lead->campaign_id);
  json_append_bool(out, "added_to_instantly", lead->added_to_instantly);
  json_append_time(out, "added_date", row->added_at_us);
  json_append_bool(out, "sequence_completed", lead->sequence_completed);
  json_append_time(out, "sequence_completed_date", row->sequence_completed_at_us);
  json_append_str(out, "last_email_status", lead->last_email_status);
  json_append_bool(out, "cold_email_sent", lead->cold_email_sent);
}

static void append_state(GString *out, const struct lead_report_row *row)
{
  const struct lead_state *state = &row->state;
  json_append_key(out, "state");
  if (!row->has_state) {
    g_string_append(out, "null");
    return;
  }
  g_string_append_c(out, '{');
  json_append_str(out, "phase", phase_name(row->phase));
  json_append_str(out, "settlement", settlement_name(state->settlement));
  json_append_str(out, "reason", state->reason);
  json_append_int(out, "generation", state->generation);
  json_append_str(out, "claim_id", state->claim_id);
  json_append_str(out, "campaign_id", state->campaign_id);
  json_append_str(out, "instantly_id", state->instantly_id);
  json_append_str(out, "current_campaign_id", state->current_campaign_id);
  json_append_time(out, "added_at", state->added_at_us);
  json_append_time(out, "sent_at", state->sent_at_us);
  json_append_time(out, "replied_at", state->replied_at_us);
  json_append_str(out, "email_status", email_status_name(state->email_status));
  json_append_str(out, "outcome", state_ended_as(state) ? outcome_name(state_ended_as(state)) : NULL);
  json_append_time(out, "finished_at", state->finished_at_us);
  json_append_time(out, "removed_at", state->removed_at_us);
  json_append_time(out, "withdrawn_at", state->withdrawn_at_us);
  json_append_str(out, "held_reason", state->held_n > state->resolved_n ? state->held_reason : NULL);
  json_append_time(out, "last_seen_at", state->last_seen_at_us);
  g_string_append_c(out, '}');
}

static bool append_events(struct cli *cli, GString *out, const char *lead_id, GError **error)
{
  struct page page;
  page_init(&page, sizeof(struct lead_event));
  bool ok = report_events(cli->warehouse, lead_id, &page, error);
  json_append_key(out, "events");
  g_string_append_c(out, '[');
  for (guint i = 0; ok && i < page.rows->len; i++) {
    const struct lead_event *event = page_row(&page, struct lead_event, i);
    begin(out);
    json_append_time(out, "occurred_at", event->occurred_at_us);
    json_append_time(out, "recorded_at", event->recorded_at_us);
    json_append_str(out, "kind", event_kind_name(event->kind));
    json_append_str(out, "fact", event->fact ? status_fact_name(event->fact) : NULL);
    json_append_str(out, "reason", event->reason);
    json_append_str(out, "campaign_id", event->campaign_id);
    json_append_str(out, "claim_id", event->claim_id);
    json_append_str(out, "run_id", event->run_id);
    if (cli->shows_pii && event->detail) {
      json_append_key(out, "detail");
      g_string_append(out, event->detail);
    }
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
  page_clear(&page);
  return ok;
}

static void append_next(struct cli *cli, const struct lead_view *view, guint i, GString *out)
{
  struct lead_next next;
  lead_view_next(cli, view, i, &next);
  json_append_key(out, "next");
  g_string_append_c(out, '{');
  json_append_str(out, "action", next.word);
  json_append_str(out, "text", next.text);
  json_append_time(out, "not_before", next.at_us);
  json_append_str(out, "verdict", view->decisions ? verdict_name(view->decisions[i].result.verdict) : NULL);
  g_string_append_c(out, '}');
  lead_next_clear(&next);
}

static bool append_lead(struct cli *cli, const struct lead_view *view, guint i, GString *out, GError **error)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  const struct lead_report_row *row = page_row(&view->rows, struct lead_report_row, i);
  g_autofree char *ref = ledger->ops->lead_ref(ledger, row->lead.lead_id);
  if (i) g_string_append_c(out, ',');
  g_string_append_c(out, '{');
  json_append_str(out, "lead", cli->shows_pii ? row->lead.lead_id : ref);
  json_append_int(out, "repeats", row->repeats_n);
  append_columns(cli, out, row);
  append_state(out, row);
  bool ok = append_events(cli, out, row->lead.lead_id, error);
  append_next(cli, view, i, out);
  g_string_append_c(out, '}');
  return ok;
}

static void append_suppressions(const struct lead_view *view, GString *out)
{
  json_append_key(out, "suppressions");
  g_string_append_c(out, '[');
  for (guint i = 0; i < view->suppressions.rows->len; i++) {
    const struct suppression *row = page_row(&view->suppressions, struct suppression, i);
    begin(out);
    json_append_str(out, "scope", row->domain ? "domain" : "person");
    json_append_str(out, "reason", row->reason);
    json_append_str(out, "source", row->source);
    json_append_time(out, "created_at", row->created_at_us);
    json_append_time(out, "expires_at", row->expires_at_us);
    json_append_time(out, "pushed_at", row->pushed_at_us);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

static void append_remote(const struct cli *cli, const struct lead_view *view, GString *out)
{
  json_append_str(out, "instantly_problem", view->remote_problem);
  json_append_key(out, "instantly");
  g_string_append_c(out, '[');
  for (guint i = 0; i < view->remote.rows->len; i++) {
    const struct remote_lead *row = page_row(&view->remote, struct remote_lead, i);
    begin(out);
    json_append_str(out, "id", row->id);
    if (cli->shows_pii) json_append_str(out, "email", row->email);
    json_append_str(out, "campaign_id", row->campaign_id);
    json_append_int(out, "status", row->status);
    json_append_str(out, "stamp", row->stamp);
    json_append_int(out, "opens", row->opens);
    json_append_int(out, "clicks", row->clicks);
    json_append_int(out, "replies", row->replies);
    json_append_time(out, "created_at", row->created_at_us);
    json_append_time(out, "contacted_at", row->contacted_at_us);
    json_append_time(out, "replied_at", row->replied_at_us);
    json_append_str(out, "last_step", row->last_step);
    json_append_str(out, "subsequence_id", row->subsequence_id);
    g_string_append_c(out, '}');
  }
  g_string_append_c(out, ']');
}

bool lead_print_json(struct cli *cli, const struct lead_view *view, GError **error)
{
  g_autoptr(GString) out = g_string_new("{\"leads\":[");
  for (guint i = 0; i < view->rows.rows->len; i++) {
    if (!append_lead(cli, view, i, out, error)) return false;
  }
  g_string_append_c(out, ']');
  append_suppressions(view, out);
  append_remote(cli, view, out);
  g_string_append_c(out, '}');
  out_line(out->str);
  return true;
}
