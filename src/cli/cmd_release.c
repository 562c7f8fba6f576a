/* `leadferry release`: a person who was enrolled once may be enrolled again. Opens the next generation of the lead, but
 * only where Instantly shows no row of ours any more: whoever still has one would be mailed by two. */
#include "base/email.h"
#include "base/json.h"
#include "cli/brake_cli.h"
#include "cli/command_list.h"
#include "cli/csv_reader.h"
#include "cli/lead_find.h"
#include "cli/output.h"
#include "core/fold.h"
#include "core/job.h"

#include <string.h>

struct refusal {
  char *lead; /* reference; NULL: nothing is known by that name */
  const char *why;
};

struct release {
  struct cli *cli;
  struct job job;
  const char *campaign_id;
  char *detail;
  GStringChunk *text;
  GArray *rows;     /* struct brake */
  GArray *refusals; /* struct refusal */
};

static void refusal_clear(gpointer refusal)
{
  g_free(((struct refusal *)refusal)->lead);
}

static void release_init(struct release *release, struct cli *cli)
{
  *release = (struct release){.cli = cli};
  cli_job_init(cli, &release->job);
  release->text = g_string_chunk_new(4096);
  release->rows = g_array_new(FALSE, TRUE, sizeof(struct brake));
  release->refusals = g_array_new(FALSE, TRUE, sizeof(struct refusal));
  g_array_set_clear_func(release->refusals, refusal_clear);
}

static void release_clear(struct release *release)
{
  g_array_unref(release->refusals);
  g_array_unref(release->rows);
  g_string_chunk_free(release->text);
  g_free(release->detail);
  job_clear(&release->job);
}

/* ---- which leads ---- */

static bool file_read(const char *path, GPtrArray *names, GError **error)
{
  struct csv_reader *reader = csv_reader_open(path, error);
  struct csv_record record;
  g_autoptr(GError) failure = NULL;
  while (reader && csv_reader_next(reader, &record, &failure)) {
    bool is_header = names->len == 0 && record.fields_n > 0 && g_ascii_strcasecmp(record.fields[0], "lead_id") == 0;
    bool is_empty = record.fault != CSV_FAULT_NONE || record.fields_n == 0 || !*record.fields[0];
    if (!is_header && !is_empty) g_ptr_array_add(names, g_strdup(record.fields[0]));
  }
  csv_reader_free(reader);
  if (failure) g_propagate_error(error, g_steal_pointer(&failure));
  return reader && !(error && *error);
}

static bool names_read(const struct cli *cli, GPtrArray *names, GError **error)
{
  const char *lead_id = option_string(cli, "lead-id"), *path = option_string(cli, "file");
  if (!lead_id == !path) {
    error_set(error, ERROR_USAGE, "release needs --lead-id ID or --file FILE, one of the two");
    return false;
  }
  if (lead_id) g_ptr_array_add(names, g_strdup(lead_id));
  return lead_id || file_read(path, names, error);
}

/* ---- may it be? ---- */

/* Does Instantly show a row that carries a stamp of ours, or the enrolment itself, anywhere in the workspace? */
static bool is_in_instantly(struct release *release, const char *person, const char *instantly_id, bool *is_there,
                            GError **error)
{
  struct instantly *api = release->cli->instantly;
  const char *contacts[] = {person};
  struct list_query query = {.contacts = contacts, .contacts_n = 1};
  struct page page;
  page_init(&page, sizeof(struct remote_lead));
  g_autofree char *after = NULL;
  bool is_ok;
  do {
    query.after = after;
    is_ok = api->ops->list(api, &query, 1, &page, error);
    for (guint i = 0; is_ok && i < page.rows->len; i++) {
      const struct remote_lead *row = page_row(&page, struct remote_lead, i);
      *is_there = *is_there || row->stamp || g_strcmp0(row->id, instantly_id) == 0;
    }
    g_free(after);
    after = is_ok ? g_strdup(page.next) : NULL;
  } while (after && !*is_there);
  page_clear(&page);
  return is_ok && job_fix_now(&release->job, error);
}

/* Why a lead cannot be released as far as the warehouse knows, or NULL. */
static const char *refusal_of(const struct lead_report_row *lead, const char *person, const struct person_facts *facts)
{
  const struct lead_state *state = &lead->state;
  if (!lead->has_state || !state->ever_added_at_us) return "never_enrolled";
  if (g_strcmp0(state->person, person) != 0) return "other_person";
  if (facts->is_held || state_is_held(state)) return "held";
  if (facts->is_unsettled) return "unsettled";
  return facts->suppression ? "suppressed" : NULL;
}

static void refuse(struct release *release, const char *lead_id, const char *why)
{
  struct ledger *ledger = release->job.ledger;
  struct refusal refusal = {.lead = lead_id ? ledger->ops->lead_ref(ledger, lead_id) : NULL, .why = why};
  g_array_append_val(release->refusals, refusal);
}

static void reopen(struct release *release, const struct lead_report_row *lead)
{
  struct brake row = {.kind = BRAKE_EVENT,
                      .event = {.kind = EVENT_REOPENED,
                                .lead_id = g_string_chunk_insert(release->text, lead->lead.lead_id),
                                .person = g_string_chunk_insert(release->text, lead->state.person),
                                .campaign_id = release->campaign_id,
                                .generation = lead->state.generation + 1,
                                .occurred_at_us = MAX(release->job.now_us, lead->state.ever_added_at_us),
                                .detail = release->detail}};
  g_array_append_val(release->rows, row);
}

static bool is_open_already(const struct lead_state *state)
{
  return state->generation > 1 && state->settlement == SETTLEMENT_NONE;
}

static bool decide(struct release *release, const struct lead_report_row *lead, GError **error)
{
  const char *email = lead->lead.email, *why = NULL;
  g_autofree char *person = NULL;
  struct page text;
  struct person_facts facts = {0};
  bool is_ok = true, is_there = false;
  if (lead->has_state && is_open_already(&lead->state)) return true;
  page_init(&text, 1);
  if (email) email_canonical(email, strlen(email), &person);
  struct person_query query = {.person = person, .now_us = clock_wall_us(release->cli->clock)};
  if (!person) why = "address_missing";
  if (!why) is_ok = report_person_facts(release->cli->warehouse, &query, &text, &facts, error);
  if (is_ok && !why) why = refusal_of(lead, person, &facts);
  if (is_ok && !why) is_ok = is_in_instantly(release, person, lead->state.instantly_id, &is_there, error);
  if (is_ok && is_there) why = "still_in_instantly";
  if (is_ok && why) refuse(release, lead->lead.lead_id, why);
  if (is_ok && !why) reopen(release, lead);
  page_clear(&text);
  return is_ok;
}

static bool decide_all(struct release *release, const GPtrArray *names, GError **error)
{
  struct page leads;
  page_init(&leads, sizeof(struct lead_report_row));
  bool is_ok = true;
  for (guint i = 0; is_ok && i < names->len; i++) {
    is_ok = !job_is_cancelled(&release->job, error) &&
            lead_find(release->cli->warehouse, g_ptr_array_index(names, i), &leads, error);
    if (is_ok && leads.rows->len != 1)
      refuse(release, NULL, leads.rows->len ? "several_leads" : "unknown");
    else if (is_ok)
      is_ok = decide(release, page_row(&leads, struct lead_report_row, 0), error);
  }
  page_clear(&leads);
  return is_ok;
}

/* ---- doing it ---- */

/* Under the lease, so that nothing claims or enrols in between; with --dry-run it only looks. */
static bool release_all(struct release *release, const GPtrArray *names, struct brake_report *report, GError **error)
{
  struct ledger *ledger = release->job.ledger;
  if (release->cli->is_dry_run)
    return decide_all(release, names, error) && brake_submit(release->cli, release->rows, report, error);
  if (!ledger->ops->lease_acquire(ledger, "release", &release->job.lease, error)) return false;
  bool is_ok = ledger->ops->fold(ledger, error) && decide_all(release, names, error) &&
               brake_submit(release->cli, release->rows, report, error) &&
               ledger->ops->write_back(ledger, false, NULL, error);
  ledger->ops->lease_release(ledger, &release->job.lease);
  return is_ok;
}

static void say(const struct release *release, const struct brake_report *report)
{
  const struct cli *cli = release->cli;
  g_autoptr(GString) out = g_string_new("{");
  brake_append_json(cli, report, out);
  json_append_key(out, "refused");
  g_string_append_c(out, '[');
  for (guint i = 0; i < release->refusals->len; i++) {
    const struct refusal *refusal = &g_array_index(release->refusals, struct refusal, i);
    g_string_append(out, i ? ",{" : "{");
    json_append_str(out, "lead", refusal->lead);
    json_append_str(out, "reason", refusal->why);
    g_string_append_c(out, '}');
    if (!cli->is_json) out_print("refused: %s, %s\n", refusal->lead ? refusal->lead : "a lead", refusal->why);
  }
  g_string_append(out, "]}");
  if (cli->is_json)
    out_line(out->str);
  else
    out_print("%d leads %s\n", (int)report->changed_n, cli->is_dry_run ? "could be released" : "released");
}

static enum exit_code run(struct cli *cli, int argc, char **argv, GError **error)
{
  (void)argc, (void)argv;
  const char *reason = brake_reason(cli, error);
  struct release release;
  struct brake_report report = {0};
  const char *campaign_id = NULL;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  if (!reason || !brake_campaign(cli, &campaign_id, error) || !names_read(cli, names, error)) return EXIT_CODE_USAGE;
  release_init(&release, cli);
  release.campaign_id = campaign_id;
  release.detail = brake_detail(reason);
  bool is_ok = release_all(&release, names, &report, error);
  if (is_ok) say(&release, &report);
  enum exit_code code = !is_ok ? EXIT_CODE_FAILED : release.refusals->len > 0 ? EXIT_CODE_PARTIAL : EXIT_CODE_OK;
  release_clear(&release);
  return code;
}

static const struct command_option options[] = {
    {"lead-id", OPTION_STRING, "ID", "this lead: its lead_id, reference or address"},
    {"file", OPTION_STRING, "FILE", "all leads that the first column of a CSV file names"},
    {"campaign", OPTION_STRING, "ID", "export it to this campaign, by id or name; else to that of its row"},
    {"reason", OPTION_STRING, "TEXT", "why, in some words; needed"},
    {NULL, OPTION_FLAG, NULL, NULL},
};

const struct command command_release = {
    .name = "release",
    .arguments = "",
    .summary = "Let a person be enrolled again",
    .details = "Nobody is ever enrolled twice by itself; this opens the lead's next generation, and the next export "
               "decides about "
               "it as about a new one. added_to_instantly, added_date and the sequence's columns are reset, what was "
               "mailed stays "
               "known. Instantly is asked first: a lead of which a row of ours is left there is refused, and so is one "
               "that is "
               "suppressed (`leadferry suppress remove` first), held, unsettled or was never enrolled. Exit code 3 "
               "when one was "
               "refused, 7 while a job runs. Doing it twice opens one generation.",
    .example = "leadferry release --lead-id A-1042 --reason \"a new project\" --dry-run",
    .needs = NEEDS_CONFIG | NEEDS_WAREHOUSE_WRITE | NEEDS_INSTANTLY,
    .writes = true,
    .options = options,
    .run = run,
};
