#include "core/verify.h"

#include "core/job.h"
#include "core/stop_proof.h"
#include "core/sync_read.h"

#define PAGE_ROWS 1000

static const struct verify_text texts[VERIFY_CHECKS_N] = {
    [VERIFY_DATABASE_DAMAGED] = {"database_damaged",
                                 "SQLite's own integrity check complains; the finding has its words",
                                 "Stop everything, restore the newest backup"},
    [VERIFY_EVENT_ALTERED] = {"event_altered", "An event's id is not that of its columns: somebody changed the row",
                              "Restore the row from a backup; events are never changed"},
    [VERIFY_STATE_DIFFERS] = {"state_differs",
                              "A row of lead_state is not what the lead's events add up to; the finding names a column",
                              "Find out who writes to lead_state; `leadferry verify --refold` makes it anew from the "
                              "events, as the next job does by itself"},
    [VERIFY_STATE_WITHOUT_EVENTS] =
        {"state_without_events", "A row of lead_state has no event",
         "Restore the events from a backup, then `leadferry verify --refold`; until then the state "
         "stays, so that nobody is forgotten"},
    [VERIFY_SETTLED_TWICE] =
        {"settled_twice",
         "A claim ended in two ways that cannot both be: two rows in Instantly, or a refusal and a "
         "row",
         "Look at the lead in Instantly; the ledger counts it as enrolled"},
    [VERIFY_ADDED_UNSENT] = {"added_unsent", "A lead counts as added under a claim that stands in no `sending`",
                             "Look who wrote the event; leadferry records `sending` before each request"},
    [VERIFY_CLAIM_OPEN] = {"claim_open", "A claim has no end yet: a run was interrupted", "`leadferry recover`"},
    [VERIFY_CONFLICT_OPEN] = {"conflict_open", "What Instantly showed did not fit, and the lead waits for a person",
                              "`leadferry lead show ID`, then `leadferry errors resolve --lead-id ID --reason WHY`"},
    [VERIFY_TAG_TWICE] =
        {"tag_twice",
         "A person is enrolled under several spellings of one address, which differ by their +tag alone; "
         "an export of today takes one",
         "Take all but one out of Instantly by hand, or let their sequences end; nothing is removed by "
         "itself"},
    [VERIFY_COLUMNS_BEHIND] =
        {"columns_behind",
         "Columns of the user's table are not what the ledger says; the finding has the number of "
         "rows",
         "Any writing run brings them up to date: `leadferry sync`"},
    [VERIFY_CAMPAIGN_MISSING] = {"campaign_missing", "A configured campaign does not exist in Instantly",
                                 "Take it out of the configuration; `leadferry campaigns retire ID --reason WHY`"},
    [VERIFY_MISSING] = {"missing", "An enrolled lead is nowhere in Instantly, neither by id nor by its stamp",
                        "`leadferry sync --full` twice, a day apart: gone twice is removed by hand"},
    [VERIFY_OTHER_CAMPAIGN] = {"other_campaign", "A lead is in another campaign than the ledger thinks",
                               "`leadferry sync --full` follows it"},
    [VERIFY_OTHER_STAMP] = {"other_stamp",
                            "The row of a lead that we added does not carry the stamp of its claim; complete leaves it "
                            "alone",
                            "Look at the row in Instantly; delete it there by hand if it is wrong"},
    [VERIFY_UNKNOWN_ROW] = {"unknown_row", "A row carries our stamp and belongs to no lead of the ledger",
                            "`leadferry sync --full` adopts it; `leadferry export --bootstrap` if the ledger was lost"},
    [VERIFY_SUPPRESSED_LIVE] = {"suppressed_live",
                                "A person who must not be mailed has a row that is active; the finding has "
                                "the reason",
                                "`leadferry sync` puts the stop on the block list; else stop the lead in Instantly"},
    [VERIFY_LIVE_TWICE] =
        {"live_twice",
         "A person has two rows that are ours, or one of ours and another active one, in the configured "
         "campaigns",
         "Delete one of the two in Instantly"},
    [VERIFY_REMOVED_LIVE] = {"removed_live", "A lead that was removed or withdrawn is still in Instantly",
                             "Delete it in Instantly by hand; leadferry does not touch it any more"},
    [VERIFY_STOPPED_LIVE] =
        {"stopped_live", "A stopped person has a row that its campaign may still mail; found by --stops",
         "Ours: `leadferry sync` takes it out, or says what it waits for. A foreign one: whoever put it there takes it "
         "out, or `leadferry suppress add` puts the person on Instantly's block list"},
    [VERIFY_STOPPED_MAILED] =
        {"stopped_mailed",
         "A stopped person was mailed more than a minute after the stop; found by --stops, all of them with --deep",
         "Look which campaign mailed, and why: `leadferry lead show ID` has the stop and every job since"},
};

static bool verify_steps(struct job *job, const struct verify_options *options, struct verify_report *report,
                         GError **error);

const struct verify_text *verify_text(enum verify_check check)
{
  return &texts[check];
}

/* The story. */
bool verify_run(struct job *job, const struct verify_options *options, struct verify_report *report, GError **error)
{
  if (!job_begin(job, "verify", error)) return false; /* 1 */
  g_autoptr(GError) failure = NULL;
  bool is_ok = verify_steps(job, options, report, &failure);
  bool is_partial = report->differences_n > 0 || report->mails_until_us != 0;
  report->exit_code = !is_ok ? error_exit_code(error_kind_of(failure)) : is_partial ? EXIT_CODE_PARTIAL : EXIT_CODE_OK;
  struct run_record record = {.job = "verify"};
  job_end(job, &record, &(struct run_ending){report->exit_code, failure});
  if (failure != NULL) g_propagate_error(error, g_steal_pointer(&failure));
  return is_ok;
}

/* ---- finding ---- */

static void found(const struct verify_options *options, struct verify_report *report, enum verify_check check,
                  const struct difference *difference)
{
  report->counts[check]++;
  report->differences_n++;
  options->sink->found(options->sink, check, difference);
}

/* All differences of one check, a page at a time. */
static bool run_check(struct job *job, const struct verify_options *options, const struct verify_query *first,
                      struct verify_report *report, GError **error)
{
  struct verify_query query = *first;
  struct page page;
  page_init(&page, sizeof(struct difference));
  bool is_ok;
  do {
    is_ok = !job_is_cancelled(job, error) && job->ledger->ops->differences(job->ledger, &query, &page, error);
    for (guint i = 0; is_ok && i < page.rows->len; i++) {
      const struct difference *difference = page_row(&page, struct difference, i);
      found(options, report, query.check, difference);
      query.after_n = difference->n;
    }
  } while (is_ok && page.rows->len == query.limit);
  page_clear(&page);
  return is_ok;
}

static bool run_checks(struct job *job, const struct verify_options *options, const enum verify_check checks[2],
                       struct verify_report *report, GError **error)
{
  for (enum verify_check check = checks[0]; check <= checks[1]; check++) {
    struct verify_query query = {.check = check,
                                 .run_id = job->run_id,
                                 .campaign_id = options->campaign_id,
                                 .finished_after_us = job->now_us - job->settings->sync.watch_finished_days * DAY_US,
                                 .is_first_of_stage = check == VERIFY_FIRST_OF_STAGE,
                                 .limit = PAGE_ROWS};
    if (!run_check(job, options, &query, report, error)) return false;
  }
  return true;
}

static bool check_columns(struct job *job, const struct verify_options *options, struct verify_report *report,
                          GError **error)
{
  int64_t changed_n = 0;
  if (!job->ledger->ops->write_back(job->ledger, true, &changed_n, error)) return false;
  g_autofree char *detail = g_strdup_printf("%" G_GINT64_FORMAT " rows", changed_n);
  struct difference difference = {.detail = detail};
  if (changed_n > 0) found(options, report, VERIFY_COLUMNS_BEHIND, &difference);
  return true;
}

/* ---- step 3 ---- */

static bool stage_each(struct job *job, struct page *page, void *context, GError **error)
{
  int64_t *staged_n = context;
  *staged_n += page->rows->len;
  job_progress(job, "rows", *staged_n, 0, 0);
  return page->rows->len == 0 || job->ledger->ops->stage(job->ledger, job->run_id,
                                                         page_row(page, struct remote_lead, 0), page->rows->len, error);
}

/* Is it there? A campaign that is not is a difference, and no error. */
static bool check_campaign(struct job *job, const struct verify_options *options, const char *id,
                           struct verify_report *report, GError **error)
{
  struct remote_campaign campaign;
  remote_campaign_init(&campaign);
  g_autoptr(GError) getting = NULL;
  bool is_there = job->instantly->ops->campaign_get(job->instantly, id, &campaign, &getting);
  remote_campaign_clear(&campaign);
  if (is_there) return true;
  if (!error_is(getting, ERROR_NOT_FOUND)) {
    g_propagate_error(error, g_steal_pointer(&getting));
    return false;
  }
  struct difference difference = {.campaign_id = id};
  found(options, report, VERIFY_CAMPAIGN_MISSING, &difference);
  return true;
}

static bool read_campaigns(struct job *job, const struct verify_options *options, struct verify_report *report,
                           GError **error)
{
  const GArray *campaigns = job->settings->campaigns;
  g_autofree struct list_query *queries = g_new0(struct list_query, campaigns->len + 1);
  size_t n = 0;
  for (guint i = 0; i < campaigns->len; i++) {
    const char *id = g_array_index(campaigns, struct campaign_settings, i).id;
    if (options->campaign_id != NULL && g_strcmp0(options->campaign_id, id) != 0) continue;
    int64_t missing_n = report->counts[VERIFY_CAMPAIGN_MISSING];
    if (!check_campaign(job, options, id, report, error)) return false;
    if (report->counts[VERIFY_CAMPAIGN_MISSING] == missing_n) queries[n++].campaign_id = id;
  }
  struct list_reading reading = {queries, n, stage_each, &report->staged_n};
  return job_fix_now(job, error) && sync_read_lists(job, &reading, error);
}

/* What the campaigns did not show is asked for by id, then by address, before anybody calls it missing. */
static bool read_rows(struct job *job, const struct verify_options *options, struct verify_report *report,
                      GError **error)
{
  struct sync_report absent = {.was_full_scan = true, .only_campaign = options->campaign_id};
  return job->ledger->ops->stage_begin(job->ledger, job->run_id, error) &&
         read_campaigns(job, options, report, error) && sync_read_watched(job, &absent, error);
}

static bool refold(struct job *job, const struct verify_options *options, struct verify_report *report, GError **error)
{
  if (!options->is_refold) return true;
  report->was_refolded = job->ledger->ops->refold(job->ledger, &report->is_whole, error);
  return report->was_refolded;
}

static bool verify_steps(struct job *job, const struct verify_options *options, struct verify_report *report,
                         GError **error)
{
  static const enum verify_check ledger[2] = {VERIFY_DATABASE_DAMAGED, VERIFY_TAG_TWICE};
  static const enum verify_check stage[2] = {VERIFY_FIRST_OF_STAGE, VERIFY_LAST_OF_STAGE};
  if (!refold(job, options, report, error)) return false; /* 1 */
  if (options->only_stops) return stop_proof_run(job, options, report, error);
  if (!run_checks(job, options, ledger, report, error)) return false; /* 2 */
  if (!check_columns(job, options, report, error)) return false;      /* 2 */
  if (!read_rows(job, options, report, error)) return false;          /* 3 */
  return run_checks(job, options, stage, report, error);              /* 4 */
}
