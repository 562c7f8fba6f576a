#include "core/export.h"

#include "base/log.h"
#include "core/escrow.h"
#include "core/export_feeds.h"
#include "core/export_gate.h"
#include "core/export_guard.h"
#include "core/export_send.h"
#include "core/job.h"
#include "core/settle.h"
#include "core/source_guard.h"
#include "core/stop_guard.h"
#include "core/sync_enforce.h"

static bool export_steps(struct job *job, struct export_report *report, struct export_gate *gate, GError **error);
static bool settle_earlier(struct job *job, struct export_report *report, GError **error);
static bool look_at_source(struct job *job, struct ledger_facts *facts, GError **error);
static bool take_exclusion(struct job *job, struct export_report *report, GError **error);
static bool unlist_stops(struct job *job, const struct ledger_facts *facts, GError **error);
static bool refresh_stops(struct job *job, const struct ledger_facts *facts, struct export_report *report,
                          GError **error);
static bool claim_leads(struct job *job, struct export_report *report, GError **error);
static bool send_claims(struct job *job, struct export_report *report, GError **error);
static bool finish(struct job *job, struct export_report *report, GError **error);
static bool release_escrows(struct job *job, struct export_report *report, GError **error);
static enum exit_code export_exit_code(const struct export_report *report, bool is_ok, const GError *error);

/* A time further ahead than this was written by a machine whose clock was wrong. */
#define CLOCKS_DIFFER_US (3600 * SECOND_US)

/* The story. Each step is one call; the numbers are those of the header. */
bool export_run(struct job *job, struct export_report *report, GError **error)
{
  struct run_record record = {.job = "export"};
  struct export_gate gate = {0};
  if (export_gate_is_shut(job, report)) return true; /* 0 */
  if (!job_begin(job, "export", error)) {            /* 1: the lease, the fold */
    return false;
  }
  g_autoptr(GError) failure = NULL;
  bool is_ok = export_steps(job, report, &gate, &failure);
  report->exit_code = export_exit_code(report, is_ok, failure);
  record.source_rows = report->claim.source_n;
  record.stops_read_at_us = report->has_read_stops ? report->stops_read_at_us : 0;
  if (is_ok) export_gate_note(job, &gate, report);
  job_end(job, &record, &(struct run_ending){report->exit_code, failure}); /* 6: the run row, the lease */
  if (failure != NULL) g_propagate_error(error, g_steal_pointer(&failure));
  return is_ok;
}

static bool export_decide(struct job *job, struct export_report *report, struct export_gate *gate, GError **error)
{
  struct ledger_facts facts;
  if (!settle_earlier(job, report, error)) return false;                 /* 1 */
  if (!look_at_source(job, &facts, error)) return false;                 /* 1 */
  if (!take_exclusion(job, report, error)) return false;                 /* 1 */
  if (!unlist_stops(job, &facts, error)) return false;                   /* 1 */
  if (!refresh_stops(job, &facts, report, error)) return false;          /* 1 */
  if (!export_read_feeds(job, report, error)) return false;              /* 2 */
  if (!export_know_rows(job, report, error)) return false;               /* 2 */
  if (!source_opt_out_stop(job, &report->opt_outs, error)) return false; /* 3: before anybody is decided upon */
  export_gate_look(job, gate);
  return claim_leads(job, report, error); /* 3 */
}

static bool export_steps(struct job *job, struct export_report *report, struct export_gate *gate, GError **error)
{
  g_autoptr(GError) deciding = NULL;
  if (!export_decide(job, report, gate, &deciding)) {
    stop_enforce_anyway(job, &report->stops, &deciding);
    g_propagate_error(error, g_steal_pointer(&deciding));
    return false;
  }
  g_autoptr(GError) sending = NULL;
  bool is_sent = send_claims(job, report, &sending);              /* 4, 5, 6: settle unknown */
  bool is_finished = finish(job, report, is_sent ? error : NULL); /* 6: fold, write back */
  if (!is_sent) g_propagate_error(error, g_steal_pointer(&sending));
  return is_sent && is_finished;
}

bool export_plan(struct job *job, struct export_report *report, GError **error)
{
  struct ledger_facts facts;
  job->is_dry_run = true;
  return look_at_source(job, &facts, error) && take_exclusion(job, report, error) &&
         refresh_stops(job, &facts, report, error) && export_read_feeds(job, report, error) &&
         export_know_rows(job, report, error) && source_opt_out_stop(job, &report->opt_outs, error) &&
         claim_leads(job, report, error);
}

/* Step 1: claims of earlier runs first, so that nobody is decided upon twice. */
static bool settle_earlier(struct job *job, struct export_report *report, GError **error)
{
  struct settle_tally tally = {0};
  bool is_ok = settle_recover(job, &tally, error);
  report->recovered_n = tally.added_n + tally.adopted_n + tally.elsewhere_n + tally.released_n;
  report->unknown_n += tally.unknown_n;
  report->held_n += tally.held_n;
  return is_ok;
}

/* Step 1: a source that lost most of its rows, or a table of stops that lost any, stops the run before anybody is
 * decided upon. */
static bool look_at_source(struct job *job, struct ledger_facts *facts, GError **error)
{
  if (!job->ledger->ops->facts(job->ledger, facts, error)) return false;
  g_autofree char *doubt = source_guard_doubt(job, facts);
  if (doubt != NULL) error_set(error, ERROR_UNSAFE, "%s", doubt);
  return doubt == NULL && stop_guard_check(job, error);
}

/* Step 1: whom a table of the user's excludes by now, and who left that of leads. */
static bool take_exclusion(struct job *job, struct export_report *report, GError **error)
{
  return exclusion_take(job, false, &report->exclusion, error) && gone_take(job, &report->gone, error);
}

/* Step 1: what a removed stop left on the block list would refuse the person. */
static bool unlist_stops(struct job *job, const struct ledger_facts *facts, GError **error)
{
  struct unlist_report report = {0};
  return sync_unlist_stops(job, facts, &report, error);
}

/* Step 1: who said stop anywhere in the workspace since yesterday is not mailed today, and is not promised by a plan.
 */
static bool refresh_stops(struct job *job, const struct ledger_facts *facts, struct export_report *report,
                          GError **error)
{
  report->stops_read_at_us = facts->stops_read_at_us;
  int64_t age_us = job->ledger->ops->now_us(job->ledger) - facts->stops_read_at_us;
  bool is_past = facts->stops_read_at_us != 0 && age_us > -CLOCKS_DIFFER_US;
  if (is_past && age_us < job->settings->sync.stops_every_h * 3600 * SECOND_US) return true;
  int64_t stops_n = 0;
  if (!sync_read_stops(job, &stops_n, error)) {
    g_prefix_error(error, "nothing was sent because the workspace's stops could not be read: ");
    return false;
  }
  report->has_read_stops = true;
  report->stops_read_at_us = job->ledger->ops->now_us(job->ledger);
  return true;
}

/* Step 3: one statement decides everybody. */
static bool claim_leads(struct job *job, struct export_report *report, GError **error)
{
  g_autofree struct campaign_feed *feeds = g_new0(struct campaign_feed, report->feeds->len + 1);
  struct claim_rules rules = {.feeds = feeds};
  export_claim_rules(job, report, feeds, &rules);
  if (!job->ledger->ops->claim(job->ledger, &rules, &report->claim, error)) return false;
  if (!job->is_dry_run)
    log_event(LOG_INFO, job->is_dry_run ? "leads looked at" : "leads claimed",
              LOG_INT("source", report->claim.source_n), LOG_INT("leads", report->claim.claimed_n));
  return true;
}

static int64_t count_of(const struct export_report *report, enum verdict verdict, const char *campaign_id)
{
  int64_t n = 0;
  for (guint i = 0; i < report->claim.counts->len; i++) {
    const struct verdict_count *count = &g_array_index(report->claim.counts, struct verdict_count, i);
    bool is_there = campaign_id == NULL || g_strcmp0(count->campaign_id, campaign_id) == 0;
    if (count->verdict == verdict && is_there) n += count->n;
  }
  return n;
}

/* An active campaign in escrow is paused before its first batch. One that is completed mails no new leads until it is
 * woken, and one that somebody paused is his: both stay as they are. *may_send: its state still is one that is fed. */
static bool begin_escrow(struct job *job, struct feed_report *feed, bool *may_send, GError **error)
{
  enum escrow_mark mark;
  int64_t status;
  *may_send = true;
  if (!feed->is_escrow || feed->is_own_pause || feed->is_woken) return true;
  if (!escrow_begin(job, feed->campaign_id, &status, &mark, error)) return false;
  feed->is_own_pause = mark == ESCROW_OURS;
  *may_send = feed->is_own_pause || (status == CAMPAIGN_PAUSED && feed->feeds_paused);
  if (!*may_send)
    log_event(LOG_WARNING, "the campaign is not fed: its state changed meanwhile",
              LOG_STR("campaign", feed->campaign_id), LOG_STR("state", campaign_status_name(status)));
  return true;
}

/* Step 4 for one campaign. */
static bool send_campaign(struct export_send *send, const struct export_report *report, struct feed_report *feed,
                          GError **error)
{
  if (feed->refusal != NULL || count_of(report, VERDICT_ELIGIBLE, feed->campaign_id) == 0) return true;
  int64_t before_n = send->tally.added_n + send->tally.adopted_n;
  bool may_send;
  if (!begin_escrow(send->job, feed, &may_send, error)) return false;
  send->is_held_back = send->is_held_back || !may_send;
  if (!may_send) return true;
  if (!export_send_campaign(send, feed->campaign_id, error)) return false;
  feed->has_new = send->tally.added_n + send->tally.adopted_n > before_n;
  return !feed->has_new || feed->is_escrow || export_wake_campaign(send->job, feed, error);
}

/* Steps 4 and 5, campaign after campaign, and the unknown answers at the end. */
static bool send_claims(struct job *job, struct export_report *report, GError **error)
{
  struct export_send send;
  export_send_init(&send, job, report->claim.claimed_n);
  bool is_ok = true;
  for (guint i = 0; is_ok && i < report->feeds->len && !send.is_run_stopped; i++)
    is_ok = send_campaign(&send, report, &g_array_index(report->feeds, struct feed_report, i), error);
  is_ok = is_ok && export_send_unknown(&send, error);
  report->added_n = send.tally.added_n + send.tally.adopted_n;
  report->refused_n = send.tally.refused_n + send.tally.elsewhere_n;
  report->released_n = send.tally.released_n;
  report->unknown_n += send.tally.unknown_n;
  report->held_n += send.tally.held_n;
  report->is_temporary = send.is_temporary;
  report->is_held_back = send.is_held_back;
  if (is_ok && send.stop != NULL) {
    g_propagate_error(error, g_steal_pointer(&send.stop));
    is_ok = false;
  }
  export_send_clear(&send);
  return is_ok;
}

/* Step 6: whatever was claimed and never sent is free again at once, then the user's columns follow. */
static bool finish(struct job *job, struct export_report *report, GError **error)
{
  const struct ledger_ops *ops = job->ledger->ops;
  int64_t never_sent_n = 0;
  if (!ops->fold(job->ledger, error) || !ops->release_never_sent(job->ledger, NULL, &never_sent_n, error)) return false;
  report->released_n += never_sent_n;
  if (never_sent_n > 0 && !ops->fold(job->ledger, error)) return false;
  bool is_enforced =
      stop_enforce(job, &report->stops, error); /* a signal ends it, and what was sent is written all the same */
  bool is_written = ops->write_back(job->ledger, false, &report->written_back_n, is_enforced ? error : NULL);
  return is_enforced && is_written && release_escrows(job, report, error);
}

/* Step 6: what our escrow paused, or found completed and filled, runs once everything is settled and list and ledger
 * agree; not while a hold is on. */
static bool release_escrow(struct job *job, struct export_report *report, struct feed_report *feed, GError **error)
{
  bool is_agreed = false, is_over = false, is_on_hold;
  g_autofree char *reason = NULL;
  if (!job->ledger->ops->hold_check(job->ledger, feed->campaign_id, &is_on_hold, &reason, error)) return false;
  if (report->unknown_n == 0 && !is_on_hold && !escrow_agrees(job, feed->campaign_id, &is_agreed, error)) return false;
  bool is_ended = !is_agreed           ? true
                  : feed->is_own_pause ? escrow_end(job, feed->campaign_id, &is_over, error)
                                       : export_wake_campaign(job, feed, error);
  report->is_in_escrow = report->is_in_escrow || !is_agreed || (feed->is_own_pause && !is_over);
  return is_ended;
}

static bool release_escrows(struct job *job, struct export_report *report, GError **error)
{
  for (guint i = 0; i < report->feeds->len; i++) {
    struct feed_report *feed = &g_array_index(report->feeds, struct feed_report, i);
    bool is_waiting = feed->is_own_pause || (feed->is_escrow && feed->is_woken && feed->has_new);
    if (feed->refusal == NULL && is_waiting && !release_escrow(job, report, feed, error)) return false;
  }
  return true;
}

static bool needs_look(const struct feed_report *feed)
{
  return feed->is_alarming || feed->is_left_asleep;
}

/* A run that did nothing although leads were waiting is not green. */
static enum exit_code export_exit_code(const struct export_report *report, bool is_ok, const GError *error)
{
  if (!is_ok) return error_exit_code(error_kind_of(error));
  if (report->unknown_n > 0) return EXIT_CODE_TEMPORARY;
  if (report->is_temporary) return report->added_n > 0 ? EXIT_CODE_PARTIAL : EXIT_CODE_TEMPORARY;
  if (report->refused_n + report->held_n + report->released_n > 0 || report->is_held_back || report->is_in_escrow ||
      stop_needs_look(&report->stops))
    return EXIT_CODE_PARTIAL;
  if (count_of(report, VERDICT_DEFERRED_PLAN_FULL, NULL) > 0) return EXIT_CODE_PARTIAL;
  for (guint i = 0; i < report->feeds->len; i++)
    if (needs_look(&g_array_index(report->feeds, struct feed_report, i))) return EXIT_CODE_PARTIAL;
  bool is_blocked =
      count_of(report, VERDICT_CAMPAIGN_NOT_FED, NULL) + count_of(report, VERDICT_UNKNOWN_CAMPAIGN, NULL) > 0;
  return is_blocked && report->added_n == 0 ? EXIT_CODE_PARTIAL : EXIT_CODE_OK;
}
