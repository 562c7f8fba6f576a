/* `leadferry lead mark`: what a person learned elsewhere (a call, a letter), as stop and history in one action. */
#include "base/email.h"
#include "cli/brake_cli.h"
#include "cli/brake_effect.h"
#include "cli/command_list.h"
#include "cli/lead_find.h"
#include "core/fold.h"
#include "core/sync.h"

#include <string.h>

static const struct mark {
  const char *name;
  enum status_fact fact;
  enum email_status status;
  int64_t days; /* that the stop lasts; 0: for ever */
} marks[] = {
    {"replied", FACT_REPLIED, EMAIL_STATUS_REPLIED, 0},
    {"unsubscribed", FACT_UNSUBSCRIBED, EMAIL_STATUS_UNSUBSCRIBED, 0},
    {"bounced", FACT_BOUNCED, EMAIL_STATUS_BOUNCED, BOUNCE_STOP_DAYS},
};

struct marking {
  const struct mark *mark;
  char *person;
  char *detail;
  int64_t now_us;
  struct page leads; /* struct lead_report_row */
  GArray *rows;      /* struct brake */
};

static const struct mark *mark_named(const char *name, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
    if (strcmp(marks[i].name, name) == 0) return &marks[i];
  error_set(error, ERROR_USAGE, "a lead is marked replied, unsubscribed or bounced");
  return NULL;
}

/* The person that `what` names, and all leads that are known of it. */
static bool find_person(struct cli *cli, const char *what, struct marking *marking, GError **error)
{
  if (email_canonical(what, strlen(what), &marking->person) == EMAIL_OK)
    return report_find(cli->warehouse, marking->person, &marking->leads, error);
  if (!lead_find(cli->warehouse, what, &marking->leads, error)) return false;
  const struct lead_report_row *row =
      marking->leads.rows->len > 0 ? page_row(&marking->leads, struct lead_report_row, 0) : NULL;
  if (row && row->has_state) marking->person = g_strdup(row->state.person);
  if (row && !marking->person && row->lead.email)
    email_canonical(row->lead.email, strlen(row->lead.email), &marking->person);
  if (marking->person) return report_find(cli->warehouse, marking->person, &marking->leads, error);
  error_set(error, ERROR_NOT_FOUND, "no lead goes by that name; give an address, a lead_id or a reference");
  return false;
}

/* Is it stopped for this reason, for as long as the mark asks? */
static bool is_stopped(struct cli *cli, const struct marking *marking, bool *is_there, GError **error)
{
  struct stop_query query = {.person = marking->person, .only_in_force = true, .limit = 1000};
  struct page page;
  page_init(&page, sizeof(struct stop_row));
  *is_there = false;
  bool is_ok = report_stops(cli->warehouse, &query, &page, error);
  for (guint i = 0; is_ok && i < page.rows->len; i++) {
    const struct suppression *stop = &page_row(&page, struct stop_row, i)->stop;
    if (stop->person && strcmp(stop->reason, marking->mark->name) == 0) *is_there = true;
  }
  page_clear(&page);
  return is_ok;
}

static void add_event(struct marking *marking, const struct lead_state *state, enum event_kind kind)
{
  struct page *text = &marking->leads;
  struct brake row = {.kind = BRAKE_EVENT,
                      .event = {.kind = kind,
                                .fact = kind == EVENT_STATUS ? marking->mark->fact : FACT_NONE,
                                .reason = kind == EVENT_STATUS ? NULL : marking->mark->name,
                                .lead_id = page_text(text, state->lead_id),
                                .person = page_text(text, state->person),
                                .campaign_id = page_text(text, state->campaign_id),
                                .instantly_id = page_text(text, state->instantly_id),
                                .claim_id = page_text(text, state->claim_id),
                                .generation = state->generation,
                                .epoch = state->epoch,
                                .occurred_at_us = marking->now_us,
                                .detail = marking->detail}};
  g_array_append_val(marking->rows, row);
}

/* The history of one lead of ours; what is recorded already is not said again. A lead that no event is about keeps
 * having none: it would look as if leadferry had had it before. */
static void add_history(struct marking *marking, const struct lead_state *state, bool is_there)
{
  if (!state->lead_id) return;
  if (!is_there) add_event(marking, state, EVENT_SUPPRESSED);
  if (state->ever_added_at_us && state->email_status < marking->mark->status) add_event(marking, state, EVENT_STATUS);
}

/* A lead that a running export has just sent is enrolled by its events alone, which are folded at the end of the run.
 */
static bool add_unfolded(struct cli *cli, struct marking *marking, const char *lead_id, bool is_there, GError **error)
{
  struct page events;
  page_init(&events, sizeof(struct lead_event));
  struct lead_state state = {0};
  bool is_ok = report_events(cli->warehouse, lead_id, &events, error);
  if (events.rows->len > 0) state.lead_id = lead_id;
  for (guint i = 0; is_ok && i < events.rows->len; i++)
    fold_event(&state, page_row(&events, struct lead_event, i));
  if (is_ok) add_history(marking, &state, is_there);
  page_clear(&events);
  return is_ok;
}

/* The stop, and the history of each lead that it is about. */
static bool collect(struct cli *cli, struct marking *marking, bool is_there, GError **error)
{
  const struct mark *mark = marking->mark;
  struct brake row = {.kind = BRAKE_SUPPRESS,
                      .stop = {.person = marking->person,
                               .reason = mark->name,
                               .source = "mark",
                               .actor = brake_actor(),
                               .created_at_us = marking->now_us,
                               .expires_at_us = mark->days ? marking->now_us + mark->days * DAY_US : 0}};
  if (!is_there) g_array_append_val(marking->rows, row);
  for (guint i = 0; i < marking->leads.rows->len; i++) {
    const struct lead_report_row *lead = page_row(&marking->leads, struct lead_report_row, i);
    bool is_own = lead->has_state && g_strcmp0(lead->state.lead_id, lead->lead.lead_id) == 0;
    if (is_own && lead->state.ever_added_at_us)
      add_history(marking, &lead->state, is_there);
    else if (!add_unfolded(cli, marking, lead->lead.lead_id, is_there, error))
      return false;
  }
  return true;
}

static bool submit(struct cli *cli, const struct marking *marking, struct brake_report *report, GError **error)
{
  struct ledger *ledger = warehouse_ledger(cli->warehouse);
  if (!brake_submit(cli, marking->rows, report, error)) return false;
  bool is_written = !cli->is_dry_run && !report->was_left && report->changed_n > 0;
  return !is_written || ledger->ops->write_back(ledger, false, NULL, error);
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc;
  const char *reason = brake_reason(cli, error);
  struct marking marking = {.now_us = clock_wall_us(cli->clock)};
  struct brake_report report;
  if (!reason || !(marking.mark = mark_named(argv[1], error))) return EXIT_CODE_USAGE;
  marking.detail = brake_detail(reason);
  marking.rows = g_array_new(FALSE, TRUE, sizeof(struct brake));
  page_init(&marking.leads, sizeof(struct lead_report_row));
  bool is_there = false;
  bool is_ok = find_person(cli, argv[0], &marking, error) && is_stopped(cli, &marking, &is_there, error) &&
               collect(cli, &marking, is_there, error) && submit(cli, &marking, &report, error);
  static const struct brake_sentences sentences = {.done = "marked, and stopped",
                                                   .unchanged = "was marked and stopped already",
                                                   .planned = "would be marked and stopped"};
  g_autoptr(GString) members = cli->is_json ? g_string_new("{") : NULL;
  if (is_ok && !cli->is_json) brake_say(cli, &report, &sentences);
  is_ok = is_ok && brake_person_effect(cli, marking.person, &report, members, error);
  if (is_ok && cli->is_json) brake_say_with(cli, &report, &sentences, members->str);
  page_clear(&marking.leads);
  g_array_unref(marking.rows);
  g_free(marking.detail);
  g_free(marking.person);
  return is_ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const struct command_option options[] = {
    {"reason", OPTION_STRING, "TEXT", "how you know, in some words; needed"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_lead_mark = {
    .name = "lead mark",
    .arguments = "EMAIL|ID|REF replied|unsubscribed|bounced",
    .summary = "Record what you learned elsewhere, and stop the person",
    .details =
        "Somebody answered by telephone, unsubscribed by letter, or an address is known to bounce: the person is "
        "stopped (a bounce for 180 days, else until `leadferry suppress remove`), and leads of it that were sent get "
        "the fact into their history and last_email_status. An address that no lead has is stopped all the same. "
        "The next sync puts an unsubscription on Instantly's block list. Every sync, export, recover and complete "
        "takes "
        "our running rows of the person out, but one that holds an answer; what was mailed so far and what comes next "
        "is "
        "said at once, lead by lead.",
    .example = "leadferry lead mark A-1042 replied --reason \"called us\" --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_BRAKE,
    .writes = true,
    .options = options,
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run,
};
