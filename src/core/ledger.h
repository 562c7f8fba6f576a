#pragma once
/* The ledger: the warehouse as the core sees it, a table of functions that each backend fills.
 *
 * Calling sequence of a job: lease_acquire, run_begin, fold, ... the story ..., fold, write_back, run_end,
 * lease_release. All calls block and are made from one thread; false comes with a GError whose kind drives policy.
 * Pages own the strings of their rows. Set-based work is a constant number of statements, however many leads there are.
 */
#include "base/error.h"
#include "core/lead.h"
#include "core/ledger_verify.h"
#include "core/page.h"
#include "core/settings.h"
#include "core/stop.h"

/* A lease: the right to decide. epoch rises with each acquisition of the same job. */
struct lease {
  char job[16]; /* export, sync, complete, recover */
  int64_t epoch;
  int64_t deadline_boot_us; /* on the boot-time clock; INT64_MAX where the lock dies with the process */
};

/* Why a lead is or is not exported, in the order in which the rules are asked (semantics of eligibility). The stored
 * and printed names are verdict_name()'s. */
enum verdict {
  VERDICT_ELIGIBLE = 0,
  VERDICT_ADDRESS_MISSING,
  VERDICT_ADDRESS_INVALID,
  VERDICT_ADDRESS_NOT_ASCII,
  VERDICT_LEAD_ID_REUSED,
  VERDICT_ALREADY_ADDED,
  VERDICT_CONTACTED_BEFORE_US,
  VERDICT_SUPPRESSED, /* detail: the reason of the entry */
  VERDICT_HELD,
  VERDICT_UNSETTLED,
  VERDICT_CONTACTED,
  VERDICT_SETTLED, /* detail: settlement/reason */
  VERDICT_NO_CAMPAIGN,
  VERDICT_UNKNOWN_CAMPAIGN,
  VERDICT_CAMPAIGN_NOT_FED, /* detail: why, see struct campaign_feed.refusal */
  VERDICT_MISSING_VARIABLE, /* detail: the merge tag */
  VERDICT_DUPLICATE_OF,     /* detail: the lead_id that wins; not counted apart in reports */
  /* deferred, not excluded: the next run takes them up */
  VERDICT_DEFERRED_MAX_PER_RUN,
  VERDICT_DEFERRED_MAX_PER_DAY,
  VERDICT_DEFERRED_PLAN_FULL,
  VERDICT_DEFERRED_CANARY,
  VERDICT_STILL_IN_INSTANTLY, /* behind CONTACTED: the cooldown is over, and a row of the person is not removed */
  VERDICT_EXCLUDED,           /* before SUPPRESSED: a row of source.exclude has the person */
  VERDICTS_N
};

/* A merge tag without fallback that a lead must be able to fill: `source` is a column of `leads` (first_name,
 * last_name, company_name, email, lead_id) when is_column, else a key of lead_fields. */
struct required_variable {
  const char *tag;
  const char *source;
  bool is_column;
};

/* What export decided about one configured campaign before it claims (core/routing.c). */
struct campaign_feed {
  const char *id;
  bool is_fed;
  const char *refusal; /* word for campaign_not_fed(...): draft, paused, bounce_protect, tag_without_source, ... */
  int64_t room;        /* how many may be claimed for it now; SETTING_UNLIMITED for no limit */
  enum verdict room_verdict; /* the deferral that room stands for */
  const struct required_variable *required;
  size_t required_n;
};

/* Everything that the claim statement is told. */
struct claim_rules {
  const char *run_id;
  int64_t epoch;
  int64_t now_us;
  const char *default_campaign;      /* or NULL */
  const struct campaign_feed *feeds; /* every configured campaign */
  size_t feeds_n;
  enum once_rule once;
  int64_t cooldown_us[SETTING_OUTCOMES_N]; /* INT64_MAX: never again */
  int64_t run_room;                        /* min(max_per_run, plan room, --limit) */
  enum verdict run_room_verdict;
  double reused_stop_share; /* lead_id_reused above this share of the source is a safety stop (0.01) */
  bool is_dry_run;          /* count, write nothing, need no lease and none of our tables */
};

/* How many source rows got which verdict. */
struct verdict_count {
  enum verdict verdict;
  char *detail;      /* or NULL */
  char *campaign_id; /* or NULL */
  int64_t n;
};

struct claim_report {
  int64_t source_n;  /* rows of the source */
  int64_t claimed_n; /* written, or with is_dry_run what would be */
  GArray *counts;    /* struct verdict_count; eligible ones too */
  int64_t due_at_us; /* when the first stop or cooldown ends, by rules->now_us; 0: none. Of ledgers with a gate */
};

/* Makes an empty report; claim() fills it. */
void claim_report_init(struct claim_report *report);
/* Frees what it holds; may be called twice. */
void claim_report_clear(struct claim_report *report);

/* Which claims to read: of one run and campaign, in the order of ord. */
struct claim_query {
  const char *run_id;
  const char *campaign_id; /* NULL: all */
  int64_t after_ord;
  int64_t to_ord; /* inclusive; INT64_MAX for no end */
  size_t limit;
  bool only_unsettled; /* as of the last fold */
};

/* Whom to look at right before sending. */
struct stops_query {
  const struct claim *const *claims;
  size_t claims_n;
  int64_t now_us; /* the job's now, by which the claim decided too: an entry must not expire between the two */
};

/* A claim that must not be sent any more, found right before sending. */
struct stopped_claim {
  int64_t ord;
  const char *reason; /* suppression's reason, or "held" */
  bool is_gone;       /* its source row is gone or somebody else's since it was read: no reason */
};

/* A batch that was sent (or was about to be) and has claims that nobody settled. */
struct open_batch {
  const char *batch_id;
  const char *run_id;
  const char *campaign_id;
  int64_t ord, ord_to;
  int64_t sent_at_us; /* recorded_at of its `sending`, warehouse clock */
  int64_t attempt;    /* highest attempt among its claims */
};

/* One failed try, appended to pipeline_errors. error_id is derived from key: the same thing keeps the same id. */
struct error_row {
  const char *type;
  const char *lead_ref; /* lead_id or its reference; NULL for run-level errors */
  const char *message;  /* no personal data */
  int64_t retry_count;
  const char *key;
  const char *run_job; /* of a run that failed, its job: retry_count is counted here, as the rows of the same id since a
                          run of that job last ended with 0 or 3; NULL: retry_count is taken as it is */
};

/* The error row of a lead that somebody relaunched: lead_ref and key are the caller's and borrowed. */
struct error_row error_row_relaunched(const char *lead_ref, const char *key);

/* An enrolment to ask Instantly about. */
struct watched {
  const char *instantly_id;
  const char *person;
  const char *campaign_id; /* where we think it is */
};

/* Which enrolments to ask about: in the order of instantly_id, those that can still change (enrolled, not removed, not
 * withdrawn; finished ones only if finished at or after finished_after_us). */
struct watch_query {
  const char *after_id; /* NULL: from the start */
  int64_t finished_after_us;
  const char *campaign_id;     /* only those that we think are in it; NULL: all */
  const char *unstaged_run_id; /* only those that this run has not staged yet (by instantly_id); NULL: all */
  size_t limit;
};

/* What becomes of staged rows that carry our stamp while the ledger does not know their claim: it was lost, or restored
 * from an older backup (core/sync_home.h). */
enum home_mode {
  HOME_LEAVE = 0, /* nothing: they are counted, somebody has to decide */
  HOME_ADOPT,     /* adopted: known, followed, never sent again, never removed as ours */
  HOME_REBUILD, /* ours: claimed and added as the stamp says; rows without a stamp whose person the source has: adopted
                 */
};

/* What a sync tells the statement that turns staged rows into facts. */
struct stage_rules {
  const char *run_id;
  int64_t epoch;
  int64_t now_us;
  bool is_full_scan;            /* every configured campaign was read to its end */
  bool reads_lists;             /* and every list of the workspace */
  int64_t scan_started_at_us;   /* Instantly's time when the scan began */
  const char *const *campaigns; /* the configured ones */
  size_t campaigns_n;
  uint32_t cut_outcomes; /* bit per enum outcome: complete takes such a lead out of its subsequence, so it is over */
  int64_t bounce_suppress_us; /* 180 days */
  int64_t vanish_after_us;    /* absent twice, at least this far apart (24 h) */
  bool judges_mailboxes; /* every row of our enrolments is staged: a mailbox's bounces can be held against its sends */
  int64_t sent_since_us; /* Instantly's time of the sync before: what was mailed later is what is judged */
  enum home_mode home;   /* asked of full scans only */
};

struct stage_report {
  int64_t staged_n, facts_n, finished_n, suppressed_n, moved_n, vanished_n, adopted_n, conflicts_n, foreign_n;
  int64_t spike_n;    /* leads held(bounce_spike) instead of a suppression */
  int64_t homeless_n; /* rows with a stamp that the ledger does not know and that were left alone */
  int64_t home_n;     /* rows that were brought home */
};

/* campaign_metrics and campaign_status rows. */
struct campaign_metric {
  const char *campaign_id;
  const char *campaign_name;
  const char *step;    /* NULL for the campaign's total */
  const char *variant; /* see step */
  int64_t day_us;      /* midnight UTC; 0: all time */
  int64_t status, leads, contacted, sent, opened, replied, clicked, bounced, unsubscribed, completed;
};

/* A source row that shows a contact, of a person of whom the ledger has no event. */
struct contacted {
  const char *lead_id;
  const char *person;
  const char *campaign_id; /* the row's own, or NULL */
};

/* A lead whose person was ever enrolled by its claims, or adopted. */
struct enrolled {
  const char *lead_id;
  const char *person;
  const char *campaign_id;  /* where its row is or was */
  const char *instantly_id; /* of the row that is or was there; NULL in a generation that has none yet */
  const char *claim_id;
  int64_t generation;
  int64_t epoch;
  int64_t replied_at_us; /* 0: no reply is known */
};

/* A campaign that is gone, and whose leads are to be ended. */
struct retirement {
  const char *campaign_id;
  const char *run_id;
  const char *detail; /* JSON object, of the events */
  int64_t now_us;
  bool is_dry_run; /* count, write nothing */
};

/* An enrolment whose removal is due. */
struct removal {
  const char *lead_id;
  const char *person;
  const char *campaign_id; /* current */
  const char *instantly_id;
  const char *claim_id;
  int64_t generation;
  int64_t epoch;
  enum outcome outcome;
  enum outcome action_outcome; /* whose action and grace apply, see core/fold.h state_action_outcome() */
  int64_t finished_at_us;
  bool is_adopted;
  bool is_block_listed; /* a suppression of the person with pushed_at exists */
  /* with of_stopped alone: */
  bool is_lasting, is_unsubscribed; /* a lasting stop is in force, see unpushed; and one of them says so */
  bool is_named; /* a lasting stop names this very person or its domain: the list does not know that ann+x is ann */
  bool cuts_answered;     /* a stop that is neither a reply nor a bounce: even an answered row leaves its subsequence */
  bool is_held, was_seen; /* seen by a scan after it was added: absent now, it is gone and not late */
};

/* Which removals are due: finished, not removed, grace over, ordered by (finished_at, lead_id), oldest first.
 * With of_stopped: enrolments that may be live, held ones too, of persons with any stop in force (but what Instantly's
 * own list matches), by lead_id; outcome is stopped, no grace plays a part. With of_open_claims: their leads whose
 * claim nobody settled, with its campaign_id and no instantly_id. */
struct removal_query {
  int64_t now_us;
  bool of_stopped;
  bool of_open_claims;
  bool bulk_waits;                      /* entries that struct stop_hit counts do not count yet */
  int64_t grace_us[SETTING_OUTCOMES_N]; /* by outcome; INT64_MAX: never (keep) */
  bool include_adopted;
  int64_t after_us; /* page key: finished_at and lead_id of the last row read */
  const char *after_lead_id;
  size_t limit;
};

/* How many removals are due per campaign and outcome (safety stops, plan). */
struct removal_count {
  char *campaign_id;
  enum outcome outcome;
  int64_t n;
};

/* What earlier runs left that later decisions need. Times of the warehouse's clock unless said otherwise; 0 = never. */
struct ledger_facts {
  int64_t stops_read_at_us;         /* last complete read of the workspace's stops */
  int64_t full_scan_started_at_us;  /* of the newest full scan that ended; Instantly's time */
  int64_t full_scan_finished_at_us; /* see above */
  int64_t full_scan_ended_at_us;    /* when the run of that scan ended, by the warehouse's clock */
  int64_t source_rows;              /* rows of the source now */
  int64_t last_source_rows;         /* as recorded by the last run */
  int64_t enrolled;                 /* persons enrolled now */
  int64_t unsettled;                /* claims not settled, as of the last fold */
  int64_t unlisting_n; /* not 0: something of ours may have to leave the block list; of handles that write */
  bool has_claims;     /* any claim at all: a ledger without one is new, or lost */
};

struct campaign_counts {
  int64_t claimed_today;  /* claims of this UTC day that were not released */
  int64_t ever_fed;       /* persons ever enrolled by us */
  int64_t ever_contacted; /* of those, ever mailed */
};

/* The two rows of pipeline_runs. */
struct run_record {
  const char *run_id;
  const char *job;
  const char *verdict; /* ok, partial, failed, temporary, safety, ...; NULL at the start */
  int64_t exit_code;
  int64_t started_at_us, ended_at_us;
  int64_t scan_started_at_us, full_scan_finished_at_us, stops_read_at_us;
  int64_t source_rows;
  const char *detail;      /* JSON object: what the run wants to say beyond its events */
  const char *fingerprint; /* of the settings */
};

struct ledger;

struct ledger_ops {
  /* The warehouse's wall clock in microseconds (SQLite: the system's). */
  int64_t (*now_us)(struct ledger *);

  /* Takes the lease of one job, raising its epoch. ERROR_LOCKED with a sentence that names holder and time. */
  bool (*lease_acquire)(struct ledger *, const char *job, struct lease *lease, GError **error);
  /* Still ours? Renews where renewing is needed. ERROR_UNSAFE when it is lost. */
  bool (*lease_check)(struct ledger *, struct lease *lease, GError **error);
  /* Gives it back; safe on one never acquired. */
  void (*lease_release)(struct ledger *, struct lease *lease);

  /* Writes the start row of a run. */
  bool (*run_begin)(struct ledger *, const struct run_record *run, GError **error);
  /* Writes the end row; the counts by kind and reason are taken from the run's events, not from the caller. */
  bool (*run_end)(struct ledger *, const struct run_record *run, GError **error);
  /* What earlier runs left. */
  bool (*facts)(struct ledger *, struct ledger_facts *facts, GError **error);
  /* Per campaign, for caps and canary; day_start_us is midnight UTC of Instantly's now. */
  bool (*campaign_counts)(struct ledger *, const char *campaign_id, int64_t day_start_us,
                          struct campaign_counts *counts, GError **error);

  /* Brings lead_state up to all events recorded so far. Idempotent. The first one under a lease looks whether
   * lead_state is what the last fold left, and folds all events anew if it is not (but for `verify`, which shows what
   * differs). */
  bool (*fold)(struct ledger *, GError **error);
  /* Makes lead_state anew from all events, under a lease. *is_whole is false when events are missing: then what the
   * states know beyond those that are left stays. */
  bool (*refold)(struct ledger *, bool *is_whole, GError **error);
  /* Appends events; durable when it returns true. recorded_at and event_id are filled in here, not by the caller; so is
   * the number n of `held` (attempt), when it is 0: the ledger's now in microseconds, so that a later hold always
   * outranks an earlier resolution. All or nothing. */
  bool (*append)(struct ledger *, const struct lead_event *events, size_t events_n, GError **error);
  /* Appends rows to pipeline_errors. */
  bool (*errors_append)(struct ledger *, const struct error_row *rows, size_t rows_n, GError **error);

  /* Decides every source row (core/eligibility.h) and appends one `claimed` event per claimed lead, ord from 1 in the
   * order of (campaign_id, lead_id), in one transaction. Their occurred_at is rules->now_us (Instantly's time). */
  bool (*claim)(struct ledger *, const struct claim_rules *rules, struct claim_report *report, GError **error);
  /* Rows of struct claim. A lead whose source row is gone comes with lead.email == NULL. */
  bool (*claims_read)(struct ledger *, const struct claim_query *query, struct page *page, GError **error);
  /* Which of these claims became stopped (suppression, hold of the person) since; rows of struct stopped_claim. */
  bool (*stops_check)(struct ledger *, const struct stops_query *query, struct page *stopped, GError **error);
  /* Is a hold on for this campaign (or, with NULL, for everything)? reason is the caller's to free. */
  bool (*hold_check)(struct ledger *, const char *campaign_id, bool *is_on, char **reason, GError **error);

  /* A small durable note by name, as text (NULL when there is none; the caller frees it). */
  bool (*control_get)(struct ledger *, const char *name, char **value, GError **error);
  /* Writes the note; NULL takes it away. */
  bool (*control_put)(struct ledger *, const char *name, const char *value, GError **error);

  /* Appends released(never_sent) for every unsettled claim that is in no `sending`, of all runs but own_run_id (NULL:
   * of all runs). Unsettled means: no settling event of the claim, whether folded already or not. */
  bool (*release_never_sent)(struct ledger *, const char *own_run_id, int64_t *released_n, GError **error);
  /* Rows of struct open_batch: `sending` batches of any run but own_run_id (NULL: of any) with unsettled claims. */
  bool (*open_batches)(struct ledger *, const char *own_run_id, struct page *page, GError **error);

  /* Rows of struct watched. */
  bool (*watched)(struct ledger *, const struct watch_query *query, struct page *page, GError **error);
  /* Empties sync_stage of other runs, before the first stage(). Staging and stage_stops() work in a ledger opened for
   * reading as well, see suppress(). */
  bool (*stage_begin)(struct ledger *, const char *run_id, GError **error);
  /* Stages what was read; a row seen twice replaces the earlier one. */
  bool (*stage)(struct ledger *, const char *run_id, const struct remote_lead *rows, size_t rows_n, GError **error);
  /* Suppressions that the staged rows ask for (core/sync.h sync_stop), before any state changes. One in force for the
   * same person and reason as of rules->now_us only learns newer evidence. Bounces of a mailbox that spikes
   * (core/sync.h sync_is_bounce_spike) are written as removed already, and the leads whose rows they are, are held. */
  bool (*stage_stops)(struct ledger *, const struct stage_rules *rules, struct stage_report *report, GError **error);
  /* Appends the facts by which staged rows differ from lead_state (core/sync.h sync_facts), moved, vanished, adopted;
   * for each conflict an error row `relaunched` (error_row_relaunched). */
  bool (*stage_facts)(struct ledger *, const struct stage_rules *rules, struct stage_report *report, GError **error);

  /* The newest row of Instantly that the ledger knows, by id: ids of version 7 rise with time. NULL: none; caller
   * frees.
   */
  bool (*newest_id)(struct ledger *, char **id, GError **error);
  /* Is it the stamp of a claim that stands in the ledger, in whatever state, and in a `sending` or rebuilt? A row of
   * one that was never sent is newer than the ledger: a copy that was made in the middle of an export. False for what
   * is no stamp. */
  bool (*stamp_is_known)(struct ledger *, const char *stamp, bool *is_known, GError **error);

  /* Holds (campaign_gone) every enrolled lead of a campaign that Instantly does not have any more, unless it is held or
   * over already. Folded on return. */
  bool (*hold_campaign)(struct ledger *, const char *campaign_id, const char *run_id, int64_t *held_n, GError **error);

  /* Rows of struct contacted in the order of lead_id, behind `after`; of several rows of a person the first alone. A
   * walk begins with NULL and is one job's. */
  bool (*contacted_before)(struct ledger *, const char *after, size_t limit, struct page *page, GError **error);

  /* Rows of struct enrolled in the order of lead_id: leads of these persons, named by their addresses without +tag
   * (email_fold_tag), that were ever enrolled, removed ones too. As of the last fold. */
  bool (*ever_enrolled)(struct ledger *, const char *const *folded, size_t folded_n, struct page *page, GError **error);
  /* Rows of struct opted_out (core/source_opt_out.h), page by page, an empty one at the end; a walk begins with
   * is_first and is one job's. Only of persons without a stop `opted_out` in force when it began. */
  bool (*opted_out)(struct ledger *, bool is_first, size_t limit, struct page *page, GError **error);
  /* Stops of that source that somebody removed stand against the column no longer, but for these persons (folded). */
  bool (*opt_outs_lapse)(struct ledger *, const char *const *folded, size_t folded_n, GError **error);
  /* Instantly's time of the first enrolment of all; 0: there was none. As of the last fold. */
  bool (*first_enrolled)(struct ledger *, int64_t *at_us, GError **error);

  /* Ends the leads of such a campaign: holds are resolved, open claims there are skipped(campaign_gone), running
   * enrolments finished(removed_by_hand). *ended_n leads have something to end. */
  bool (*retire_campaign)(struct ledger *, const struct retirement *retirement, int64_t *ended_n, GError **error);

  /* Writes stops; one in force (by the ledger's clock) for the same person or domain and reason is left as it is.
   * *added_n may be NULL. A ledger that was opened for reading keeps them for itself: its claim() counts them, nothing
   * is written anywhere. */
  bool (*suppress)(struct ledger *, const struct suppression *rows, size_t rows_n, int64_t *added_n, GError **error);
  /* Rows of struct suppression in force as of now_us that are lasting, i.e. ought to be on the block list (unsubscribes
   * and what an operator set without an end), and are not confirmed there. */
  bool (*unpushed)(struct ledger *, const struct push_query *query, struct page *page, GError **error);
  /* Rows of struct stop_hit, the first of all entries together: enrolments that run, without those that another stop
   * ends anyway; an entry of Instantly's own block list counts for those that its match misses. */
  bool (*stop_hits)(struct ledger *, int64_t now_us, struct page *page, GError **error);
  /* Notes that what carries this permission, or with NULL every entry that stop_hits() counts, may act. */
  bool (*stops_allow)(struct ledger *, const char *allow, int64_t now_us, GError **error);
  /* Rows of struct stop_row in the order of id. In force means by the ledger's clock. */
  bool (*stops_read)(struct ledger *, const struct stop_query *query, struct page *page, GError **error);
  /* Reads the exclusion table that the settings name (none: it counts as empty). ERROR_CONFIG where table or column is
   * missing or of a type that holds no text: the sentence says what to do. */
  bool (*exclusion_look)(struct ledger *, struct standing_counts *counts, GError **error);
  /* The same of persons with an enrolment that runs, made of a row of the source, whom no row of the source has any
   * more: compared without +tag, whatever the lead_id. A row with the person ends the entry; so does, with is_set
   * false, the setting. */
  bool (*gone_look)(struct ledger *, bool is_set, struct standing_counts *counts, GError **error);
  /* Makes the entries what the last look saw, in one transaction. A ledger opened for reading keeps the change for
   * itself, see suppress(). */
  bool (*standing_apply)(struct ledger *, const struct standing_change *change, GError **error);
  /* How many rows of the table of stops, of those that were noted, stand there no more: nothing of ours deletes any. */
  bool (*stops_lost)(struct ledger *, int64_t *lost_n, GError **error);
  /* Notes those that stand there now; with rows missing only where that is accepted. */
  bool (*stops_note)(struct ledger *, bool is_accepted, GError **error);
  /* Notes, before they are pushed and once for each, whether the block list has them already (was_listed). */
  bool (*listing)(struct ledger *, const struct suppression *rows, size_t rows_n, GError **error);
  /* Rows of struct suppression (what they name alone) that we put on the block list, or were about to, and that no stop
   * wants there any more: removed ones, unless an entry in force stops the same person or domain. */
  bool (*unlisting)(struct ledger *, int64_t now_us, size_t limit, struct page *page, GError **error);
  /* Notes that these are not on the block list any more. */
  bool (*unlisted)(struct ledger *, const struct suppression *rows, size_t rows_n, GError **error);
  /* Rows of struct suppression in force (by the ledger's clock) whose reason is `replied`, of these persons, named by
   * their addresses without +tag; whoever wrote them. */
  bool (*reply_stops)(struct ledger *, const char *const *folded, size_t folded_n, struct page *page, GError **error);
  /* Ends such rows (person, reason, source), for `words`; each keeps the newer evidence that its row names. */
  bool (*stops_end)(struct ledger *, const struct suppression *rows, size_t rows_n, const char *words, GError **error);
  /* Confirms that they are on the block list. */
  bool (*pushed)(struct ledger *, const struct suppression *rows, size_t rows_n, int64_t at_us, GError **error);

  /* Replaces metrics rows by (campaign, step, variant, day). */
  bool (*metrics_write)(struct ledger *, const struct campaign_metric *rows, size_t rows_n, GError **error);
  /* Rewrites campaign_status for these campaigns (total_leads and leads_completed from the ledger). */
  bool (*campaign_status_write)(struct ledger *, const struct campaign_metric *rows, size_t rows_n,
                                int64_t synced_at_us, GError **error);

  /* Rows of struct difference, for the checks of the ledger and of the stage. Writes nothing. */
  bool (*differences)(struct ledger *, const struct verify_query *query, struct page *page, GError **error);

  /* Rows of struct removal that are due. */
  bool (*removals)(struct ledger *, const struct removal_query *query, struct page *page, GError **error);
  /* Counts of the same, without limit: GArray of struct removal_count (campaign_id owned by the row). */
  bool (*removal_counts)(struct ledger *, const struct removal_query *query, GArray *counts, GError **error);

  /* Brings the user's columns up to lead_state; only rows that change are touched. *changed_n may be NULL. With
   * is_dry_run it only counts. Never turns TRUE into FALSE or a value into NULL, but for withdrawn and reopened leads.
   */
  bool (*write_back)(struct ledger *, bool is_dry_run, int64_t *changed_n, GError **error);

  /* The reference that may be printed for a lead: its lead_id, or a keyed HMAC when that holds '@'. Caller frees. */
  char *(*lead_ref)(struct ledger *, const char *lead_id);
};

struct gate_ops;

/* A ledger handle: implementations embed it as their first member. */
struct ledger {
  const struct ledger_ops *ops;
  const struct gate_ops *gate; /* core/gate.h; NULL: runs cost nothing */
};
