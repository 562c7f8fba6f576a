#include "cli/lead_view.h"

#include "cli/lead_find.h"
#include "core/export_feeds.h"
#include "core/job.h"

#include <string.h>

void lead_view_init(struct lead_view *view)
{
  *view = (struct lead_view){0};
  page_init(&view->rows, sizeof(struct lead_report_row));
  page_init(&view->of_person, sizeof(struct lead_report_row));
  page_init(&view->suppressions, sizeof(struct suppression));
  page_init(&view->remote, sizeof(struct remote_lead));
  page_init(&view->fact_text, 1);
  export_report_init(&view->export);
}

void lead_view_clear(struct lead_view *view)
{
  g_clear_pointer(&view->decisions, g_free);
  g_clear_pointer(&view->person, g_free);
  g_clear_pointer(&view->remote_problem, g_free);
  export_report_clear(&view->export);
  page_clear(&view->fact_text);
  page_clear(&view->remote);
  page_clear(&view->suppressions);
  page_clear(&view->of_person);
  page_clear(&view->rows);
}

/* ---- the warehouse ---- */

static bool is_of(const struct lead_report_row *row, const char *person)
{
  g_autofree char *own = NULL;
  if (row->lead.email) email_canonical(row->lead.email, strlen(row->lead.email), &own);
  return g_strcmp0(own, person) == 0 || (row->has_state && g_strcmp0(row->state.person, person) == 0);
}

/* The address by which the person is known: what was asked for, else the row's, else the ledger's. What was asked for
 * may stand only in a repeated row that does not count: then the lead is another person's. */
static char *person_of(const char *what, const struct page *rows)
{
  char *person = NULL;
  email_canonical(what, strlen(what), &person);
  bool is_known = rows->rows->len == 0;
  for (guint i = 0; person && i < rows->rows->len; i++)
    is_known = is_known || is_of(page_row(rows, struct lead_report_row, i), person);
  if (!is_known) g_clear_pointer(&person, g_free);
  for (guint i = 0; !person && i < rows->rows->len; i++) {
    const struct lead_report_row *row = page_row(rows, struct lead_report_row, i);
    if (row->lead.email) email_canonical(row->lead.email, strlen(row->lead.email), &person);
    if (!person && row->has_state) person = g_strdup(row->state.person);
  }
  return person;
}

static bool read_warehouse(struct cli *cli, const char *what, struct lead_view *view, GError **error)
{
  if (!lead_find(cli->warehouse, what, &view->rows, error)) return false;
  view->person = person_of(what, &view->rows);
  if (!view->person) return true;
  struct person_query query = {view->person, view->now_us};
  return report_suppressions(cli->warehouse, view->person, &view->suppressions, error) &&
         report_person_facts(cli->warehouse, &query, &view->fact_text, &view->facts, error);
}

/* ---- Instantly ---- */

static bool read_remote(struct cli *cli, struct lead_view *view, GError **error)
{
  const char *contacts[] = {view->person};
  struct list_query query = {.contacts = contacts, .contacts_n = 1};
  return !view->person || cli->instantly->ops->list(cli->instantly, &query, 1, &view->remote, error);
}

static const struct campaign_feed *feed_of(const struct claim_rules *rules, const char *campaign_id)
{
  for (size_t i = 0; i < rules->feeds_n; i++) {
    if (!g_strcmp0(rules->feeds[i].id, campaign_id)) return &rules->feeds[i];
  }
  return NULL;
}

static struct lead_decision decide_row(const struct lead_view *view, const struct lead_report_row *row,
                                       const struct claim_rules *rules)
{
  g_autofree char *person = NULL;
  const char *email = row->lead.email;
  const struct lead_state *state = row->has_state ? &row->state : NULL;
  struct lead_decision decision = {.campaign_id = verdict_campaign(&row->lead, state, rules->default_campaign)};
  struct verdict_input input = {.lead = &row->lead,
                                .address = email_canonical(email, email ? strlen(email) : 0, &person),
                                .person = person,
                                .state = state,
                                .facts = &view->facts,
                                .feed = feed_of(rules, decision.campaign_id),
                                .campaign_id = decision.campaign_id};
  decision.result = verdict_of(&input, rules);
  return decision;
}

static bool has_eligible(const struct lead_view *view)
{
  for (guint i = 0; i < view->rows.rows->len; i++)
    if (view->decisions[i].result.verdict == VERDICT_ELIGIBLE) return true;
  return false;
}

static struct candidate candidate_of(const struct lead_view *view, const struct lead_report_row *row,
                                     const char *campaign_id)
{
  return (struct candidate){.lead_id = row->lead.lead_id,
                            .person = view->person,
                            .campaign_id = campaign_id,
                            .was_claimed = row->has_state && (row->state.claim_id || row->state.generation > 1)};
}

static void take_result(struct lead_view *view, const struct candidate *candidate)
{
  for (guint i = 0; i < view->rows.rows->len; i++) {
    const struct lead_report_row *row = page_row(&view->rows, struct lead_report_row, i);
    if (!g_strcmp0(row->lead.lead_id, candidate->lead_id)) view->decisions[i].result = candidate->result;
  }
}

/* Rows that pass the rules compete with all others of the person that do, also with those that were not asked for: one
 * row of a person goes out, and the campaign has room for it. */
static void rank(struct lead_view *view, const struct claim_rules *rules)
{
  guint n = view->of_person.rows->len;
  g_autofree struct candidate *candidates = g_new0(struct candidate, n + 1);
  size_t candidates_n = 0;
  for (guint i = 0; i < n; i++) {
    const struct lead_report_row *row = page_row(&view->of_person, struct lead_report_row, i);
    struct lead_decision decision = decide_row(view, row, rules);
    if (decision.result.verdict == VERDICT_ELIGIBLE)
      candidates[candidates_n++] = candidate_of(view, row, decision.campaign_id);
  }
  eligibility_rank(candidates, candidates_n, rules);
  for (size_t c = 0; c < candidates_n; c++)
    take_result(view, &candidates[c]);
}

static bool decide(struct cli *cli, struct lead_view *view, GError **error)
{
  struct job job;
  cli_job_init(cli, &job);
  job.is_dry_run = true;
  bool ok = export_read_feeds(&job, &view->export, error);
  if (ok) {
    g_autofree struct campaign_feed *feeds = g_new0(struct campaign_feed, view->export.feeds->len + 1);
    struct claim_rules rules = {.feeds = feeds};
    export_claim_rules(&job, &view->export, feeds, &rules);
    view->now_us = job.now_us;
    view->decisions = g_new0(struct lead_decision, view->rows.rows->len + 1);
    for (guint i = 0; i < view->rows.rows->len; i++) {
      view->decisions[i] = decide_row(view, page_row(&view->rows, struct lead_report_row, i), &rules);
    }
    ok = !has_eligible(view) || report_find(cli->warehouse, view->person, &view->of_person, error);
    if (ok) rank(view, &rules);
  }
  job_clear(&job);
  return ok;
}

bool lead_view_read(struct cli *cli, const char *what, struct lead_view *view, GError **error)
{
  g_autoptr(GError) failure = NULL;
  view->now_us = clock_wall_us(cli->clock);
  if (!exclusion_preview(&cli->settings, warehouse_ledger(cli->warehouse), error)) return false;
  if (!read_warehouse(cli, what, view, error)) return false;
  bool is_known = view->rows.rows->len > 0 || view->suppressions.rows->len > 0;
  if (is_known || view->person) {
    bool ok = read_remote(cli, view, &failure) && (view->rows.rows->len == 0 || decide(cli, view, &failure));
    if (!ok) {
      view->remote_problem = g_strdup(failure->message);
      view->remote_code = error_exit_code(error_kind_of(failure));
    }
  }
  if (is_known || view->remote.rows->len > 0) return true;
  if (view->remote_problem) {
    error_set(error, error_kind_of(failure), "the warehouse knows no such lead, and Instantly cannot be asked: %s",
              view->remote_problem);
  } else {
    error_set(error, ERROR_NOT_FOUND, "Neither the warehouse nor Instantly knows such a lead");
  }
  return false;
}
