/* `leadferry errors resolve`: a person looked at a held lead and lets it go. */
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/lead_find.h"
#include "cli/output.h"
#include "core/fold.h"

#include <string.h>

#define ERRORS_SEARCHED 100000
#define LEADS_PAGE      500

/* The lead that the error with this id, or the beginning of one, is about. Caller frees *lead. */
static bool lead_of_error(struct cli *cli, const char *id, char **lead, GError **error)
{
  struct error_query query = {.limit = ERRORS_SEARCHED};
  struct page page;
  page_init(&page, sizeof(struct error_report_row));
  bool is_ok = report_errors(cli->warehouse, &query, &page, error);
  guint found_n = 0;
  for (guint i = 0; is_ok && i < page.rows->len; i++) {
    const struct error_report_row *row = page_row(&page, struct error_report_row, i);
    if (!g_str_has_prefix(row->error_id, id)) continue;
    if (found_n++ == 0) *lead = g_strdup(row->lead_ref);
  }
  page_clear(&page);
  if (is_ok && found_n != 1)
    error_set(error, found_n ? ERROR_USAGE : ERROR_NOT_FOUND, "%s; `leadferry errors list` shows the ids",
              found_n ? "that is the beginning of several error ids" : "there is no error with that id");
  else if (is_ok && !*lead)
    error_set(error, ERROR_USAGE, "that error is about a run and not about a lead: there is no hold to end");
  return is_ok && found_n == 1 && *lead;
}

static bool find_lead(struct cli *cli, int argc, char **argv, struct page *leads, GError **error)
{
  const char *wanted = option_string(cli, "lead-id");
  g_autofree char *named = NULL, *lead_id = NULL;
  if ((argc == 1) == (wanted != NULL)) {
    error_set(error, ERROR_USAGE, "errors resolve needs the id of an error or --lead-id ID, one of the two");
    return false;
  }
  if (!wanted && !lead_of_error(cli, argv[0], &named, error)) return false;
  return lead_find_id(cli->warehouse, wanted ? wanted : named, &lead_id, error) &&
         report_find(cli->warehouse, lead_id, leads, error);
}

static void collect_lead(const struct lead_report_row *lead, const char *detail, int64_t now_us, GArray *rows)
{
  const struct lead_state *state = &lead->state;
  struct brake row = {.kind = BRAKE_EVENT,
                      .event = {.kind = EVENT_RESOLVED,
                                .reason = state->held_reason,
                                .lead_id = state->lead_id,
                                .person = state->person,
                                .campaign_id = state->campaign_id,
                                .attempt = state->held_n,
                                .generation = state->generation,
                                .epoch = state->settlement_epoch,
                                .occurred_at_us = now_us,
                                .detail = detail}};
  if (lead->has_state && state_is_held(state)) g_array_append_val(rows, row);
}

static void collect(const struct page *leads, const char *detail, int64_t now_us, GArray *rows)
{
  for (guint i = 0; i < leads->rows->len; i++)
    collect_lead(page_row(leads, struct lead_report_row, i), detail, now_us, rows);
}

/* ---- all that are held for one reason ---- */

static const struct brake_sentences all_sentences = {.done =
                                                         "the holds are ended; the next run decides about them anew",
                                                     .unchanged = "nobody is held for that",
                                                     .planned = "these holds would be ended"};

/* One page, so that its strings live until it was written. */
static bool resolve_page(struct cli *cli, const struct page *page, struct brake_report *report, GError **error)
{
  const char *reason = option_string(cli, "reason"), *held = option_string(cli, "held");
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  g_autofree char *detail = brake_detail(reason);
  g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(struct brake));
  struct brake_report one = {0};
  for (guint i = 0; i < page->rows->len; i++) {
    const struct lead_report_row *lead = page_row(page, struct lead_report_row, i);
    if (!lead->has_state || g_strcmp0(lead->state.held_reason, held) != 0 || !state_is_held(&lead->state)) continue;
    collect_lead(lead, detail, clock_wall_us(cli->clock), rows);
    g_autofree char *ref = ledger->ops->lead_ref(ledger, lead->lead.lead_id);
    if (cli->is_dry_run && !cli->is_json) out_line(ref);
  }
  if (rows->len > 0 && !brake_submit(cli, rows, &one, error)) return false;
  report->changed_n += one.changed_n;
  report->was_left = report->was_left || one.was_left;
  return true;
}

static enum exit_code resolve_held(struct cli *cli, GError **error)
{
  struct page page;
  struct brake_report report = {0};
  g_autofree char *after = NULL;
  page_init(&page, sizeof(struct lead_report_row));
  bool is_ok = true;
  do {
    is_ok = report_leads(cli->warehouse, after, LEADS_PAGE, &page, error) && resolve_page(cli, &page, &report, error);
    if (!is_ok || page.rows->len == 0) break;
    g_free(after);
    after = g_strdup(page_row(&page, struct lead_report_row, page.rows->len - 1)->lead.lead_id);
  } while (page.rows->len == LEADS_PAGE);
  page_clear(&page);
  if (is_ok) brake_say(cli, &report, &all_sentences);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  const char *reason = option_string(cli, "reason");
  if (reason && !brake_words_check(reason, error)) return EXIT_CODE_USAGE;
  if (option_string(cli, "held")) {
    if (argc == 0 && !option_string(cli, "lead-id")) return resolve_held(cli, error);
    error_set(error, ERROR_USAGE, "--held names all leads held for a reason: no id beside it");
    return EXIT_CODE_USAGE;
  }
  g_autofree char *detail = brake_detail(reason);
  g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(struct brake));
  struct brake_report report;
  struct page leads;
  page_init(&leads, sizeof(struct lead_report_row));
  bool is_ok = find_lead(cli, argc, argv, &leads, error);
  if (is_ok) collect(&leads, detail, clock_wall_us(cli->clock), rows);
  is_ok = is_ok && brake_submit(cli, rows, &report, error);
  static const struct brake_sentences sentences = {.done =
                                                       "the hold is ended; the next run decides about the lead anew",
                                                   .unchanged = "the lead is not held",
                                                   .planned = "the hold would be ended"};
  if (is_ok) brake_say(cli, &report, &sentences);
  page_clear(&leads);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const struct command_option options[] = {
    {"lead-id", OPTION_STRING, "ID", "this lead instead of an error: its lead_id, reference or address"},
    {"held", OPTION_STRING, "REASON", "all leads held for this reason, such as bounce_spike; --dry-run lists them"},
    {"reason", OPTION_STRING, "TEXT", "what you found, in some words"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_errors_resolve = {
    .name = "errors resolve",
    .arguments = "[ID]",
    .summary = "End the hold of a lead",
    .details =
        "A held lead waits for a person: it is neither sent nor asked about, and nobody else with its address is. Once "
        "you "
        "know how it stands, this ends the hold: an open claim is asked about by the next run, a lead without one is "
        "decided anew by the next export. ID is an error id or enough of its beginning. To try a refused lead again "
        "use `leadferry retry`.",
    .example = "leadferry errors resolve --lead-id A-1042 --reason \"looked in Instantly\" --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE,
    .writes = true,
    .options = options,
    .arguments_max = 1,
    .run = run,
};
