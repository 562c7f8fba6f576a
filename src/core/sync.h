#pragma once
/* Sync: what Instantly shows comes home. sync_run() is the story; the rest are the pure decisions it stands on.
 *
 * 1. campaign analytics into campaign_status and campaign_metrics
 * 2. leads: those that can still change, by ids; once a day a full scan of the configured campaigns, which also finds
 *    leads that we did not add, that vanished, or that moved; every sync.stops_every_h the stops of the whole workspace
 * 3. stage all rows; stops first, those of source.exclude too (core/exclusion.h), pushed to Instantly's block list and
 * read back; then the facts that differ; fold; then the mails that came since the last sync, of people who are gone
 * (core/sync_emails.h); then our rows of stopped persons that could still be mailed leave Instantly
 * (core/stop_enforce.h)
 * 4. write back
 *
 * A row with our stamp whose claim the ledger does not know is brought home as adopted (core/sync_home.h), and the sync
 * ends with exit code 3; in a ledger without any claim it is left alone and the sync ends with ERROR_UNSAFE.
 *
 * The SQL statements behind ledger.stage_stops and ledger.stage_facts compile remote_stop() and sync_facts(); a
 * property test holds them equal. */
#include "core/exclusion.h"
#include "core/gone.h"
#include "core/source_opt_out.h"
#include "core/stop_enforce.h"

/* For so long a bounce stops an address; then it may be tried again. */
#define BOUNCE_STOP_DAYS 180

struct sync_options {
  bool full_scan; /* scan even if the last one is younger than sync.full_scan_every_h, lists included */
};

/* Removed stops that left Instantly's block list again. */
struct unlist_report {
  int64_t unlisted_n;
  bool was_refused; /* Instantly does not let us delete there */
};

struct sync_report {
  struct stage_report stage;
  struct stop_hits hits;     /* running leads that stops nobody made itself hit */
  const char *only_campaign; /* enrolments in it alone are asked for; NULL: all */
  enum home_mode home;       /* what became of rows with a stamp that the ledger does not know */
  int64_t campaigns_n, watched_n, stops_read_n, pushed_n, written_back_n, held_n;
  struct exclusion_report exclusion; /* of source.exclude */
  struct gone_report gone;           /* of source.gone */
  int64_t gone_n;                    /* configured campaigns that Instantly does not have */
  struct opt_out_report opt_outs;    /* of source.opt_out */
  bool has_no_opt_outs;              /* its column could not be read */
  int64_t stops_lost_n;              /* rows of the table of stops that somebody deleted */
  struct unlist_report unlist;
  struct stop_report stops;  /* our live rows of stopped persons */
  int64_t stopped_foreign_n; /* live rows of the persons pushed now that we did not put there: left alone */
  int64_t emails_read_n, emails_stopped_n; /* mails that came, and persons newly stopped by them */
  int64_t automatic_n;                     /* persons whose stop ended: their reply was a machine's */
  bool emails_left;                        /* more mails wait for the next sync */
  bool emails_refused;                     /* Instantly does not let us read them */
  bool reads_lists;         /* the full scan looks for rows of ours in lists, too: asked for by hand, or to rebuild */
  GArray *mailboxes;        /* the same array, until it was judged */
  char spiked[300];         /* mailboxes that bounced too often, by address: for a terminal, never for a log or a row */
  GArray *bounces;          /* struct bounce_count of core/bounce_guard.h while it runs; NULL: nothing is counted */
  int64_t bounce_stopped_n; /* campaigns that are not fed any more since too much bounced */
  bool was_full_scan;
  int64_t full_scan_started_at_us, full_scan_finished_at_us, stops_read_at_us;
  enum exit_code exit_code;
};

/* Runs a whole sync under the job's lease (taken and given back here). */
bool sync_run(struct job *job, const struct sync_options *options, struct sync_report *report, GError **error);

/* Steps 2 and 3 alone, for `export --bootstrap`: a full scan whose stamped rows are taken for this ledger's own
 * (HOME_REBUILD), and rows of others adopted where the source has the person. Runs inside the caller's job. */
bool sync_rebuild(struct job *job, struct sync_report *report, GError **error);

/* Step 2's last part and the first of step 3, alone: unsubscribed, replied and bounced rows of the workspace and the
 * block list become suppressions. Export calls it when the last read is older than sync.stops_every_h. */
bool sync_read_stops(struct job *job, int64_t *stops_n, GError **error);

/* Is a reply of this row real? Real unless every sign says automatic: interest 0 (out of office) or a pause_until, and
 * nothing else. Unclear counts as real. */
bool remote_has_real_reply(const struct remote_lead *row);

/* Is nothing known of its replies but that they came? They count as real; Instantly may know better. */
bool remote_reply_is_unclear(const struct remote_lead *row);

/* Has any step been sent to this row? */
bool remote_is_contacted(const struct remote_lead *row);

/* May it still be mailed: in a campaign, and active, paused, or over but for a subsequence that runs? */
bool remote_is_live(const struct remote_lead *row);

/* The reason for which this row's person must be suppressed (unsubscribed, replied, bounced), or NULL. */
const char *remote_stop(const struct remote_lead *row);

/* last_email_status as this row alone shows it. */
enum email_status remote_email_status(const struct remote_lead *row);

/* How the enrolment ended as this row shows it, OUTCOME_NONE while it goes on: unsubscribed, bounced and skipped by
 * status; status 3 with a real reply or an interest above 0, else no_reply; status 2 never; status 3 inside a
 * subsequence not yet (that row is in_subsequence; core/subsequence.h says until when). A real reply while the sequence
 * still runs is not the end of it unless status is 3. */
enum outcome remote_outcome(const struct remote_lead *row);

/* When it ended: the last step's time, else the newest of reply, contact, update. */
int64_t remote_ended_at_us(const struct remote_lead *row);

/* Is the row ours by its stamp, i.e. does the stamp name this generation and claim? */
bool remote_stamp_matches(const struct remote_lead *row, int64_t generation, const char *claim_id);

/* The suppression that a staged row asks for, and what it is seen from. The ledger keeps with each entry the newest
 * evidence that it was seen from; a revoked entry for the same person and reason stands against evidence that is no
 * newer than its own. So removing a stop survives the next read of the same reply, while a new reply, or one that
 * nobody had seen when the stop was removed, brings it back. Both are Instantly's times: no two clocks are compared. */
struct sync_stop {
  struct suppression suppression; /* strings borrowed from the row or constant; source "sync" */
  int64_t evidence_at_us;         /* never 0 */
};

/* remote_stop() with its time limit: a bounce counts for rules->bounce_suppress_us from when it happened. False: none
 * (also for a row without a person). */
bool sync_stop(const struct remote_lead *row, const struct stage_rules *rules, struct sync_stop *stop);

/* Does the row show a mail later than since_us? */
bool remote_sent_since(const struct remote_lead *row, int64_t since_us);

#define BOUNCE_SPIKE_SENDS   50
#define BOUNCE_SPIKE_PERCENT 5

/* More than 5 % of at least 50 rows of ours that one mailbox mailed between two syncs bounced: the mailbox has a
 * problem, not these addresses. */
bool sync_is_bounce_spike(int64_t sends_n, int64_t bounces_n);

/* Is the row nothing of this lead's although it carries its id or stamp: removed by us earlier, or withdrawn? Such rows
 * are counted as foreign and not touched. */
bool sync_is_foreign(const struct remote_lead *row, const struct lead_state *state);

#define SYNC_FACTS_MAX 12

/* The facts by which a row differs from the state of its lead: at most SYNC_FACTS_MAX events into events[], strings
 * borrowed from row and state. Returns how many. Applying them and asking again yields none.
 *
 * Which row belongs to which lead is the caller's (ledger.stage_facts): by instantly_id; else by the stamp of the
 * lead's newest claim, if no row with the lead's own instantly_id was staged; else by person and claimed campaign,
 * if the lead is settled found_elsewhere. */
size_t sync_facts(const struct remote_lead *row, const struct lead_state *state, const struct stage_rules *rules,
                  struct lead_event events[SYNC_FACTS_MAX]);
