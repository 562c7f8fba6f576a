-- Working tables of a connection, made when it opens and emptied before each use; they stand in the temporary database.

-- name: temp_campaign_totals
CREATE TEMP TABLE campaign_totals (campaign_id TEXT PRIMARY KEY, fed INTEGER, contacted INTEGER) WITHOUT ROWID;

-- name: temp_gone
-- States whose lead_id is no longer in the source, one per person.
CREATE TEMP TABLE gone (person TEXT PRIMARY KEY, state_id TEXT NOT NULL) WITHOUT ROWID;

-- name: temp_aliases
-- Source rows that inherit a gone lead_id's state.
CREATE TEMP TABLE aliases (lead_id TEXT PRIMARY KEY, state_id TEXT NOT NULL) WITHOUT ROWID;

-- name: temp_feeds
-- The configured campaigns as export decided about them. Were place not NOT NULL, SQLite 3.40 would not see that a walk along
-- the key and, for each row, along the queue is in order.
CREATE TEMP TABLE feeds (
  campaign_id TEXT PRIMARY KEY, place INTEGER NOT NULL DEFAULT 0, is_fed INTEGER, refusal TEXT, room INTEGER, room_verdict INTEGER,
  eligible_n INTEGER, first_ord INTEGER, passed_n INTEGER) WITHOUT ROWID;

-- name: temp_feed_variables
-- Merge tags without fallback of each campaign's steps, and what they are filled from; path: into lead_fields, NULL for keys
-- that would need an escape there.
CREATE TEMP TABLE feed_variables (
  campaign_id TEXT, n INTEGER, tag TEXT, source TEXT, is_column INTEGER, path TEXT,
  PRIMARY KEY (campaign_id, n)) WITHOUT ROWID;

-- name: temp_standing
-- What ought to stand in suppressions: an address, or '@' and a domain.
CREATE TEMP TABLE standing (match_key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- name: temp_stops
-- Suppressions in force, one per key.
CREATE TEMP TABLE stops (match_key TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID;

-- name: temp_repeated_ids
-- lead_ids that several source rows have, with what tells the row that counts from the others.
CREATE TEMP TABLE repeated_ids (lead_id TEXT PRIMARY KEY, email TEXT, campaign_id TEXT) WITHOUT ROWID;

-- name: temp_source_rows
-- Each source row with the state it has, by rules 1 to 3 of core/eligibility.h as far as one row can tell: an integer p is
-- the verdict on its address, k the folded p, by which persons are mailed once. In the order of lead_id, as leads and lead_state are. wanted() narrows it to persons with
-- several rows (sqlite_repeats.h), before states are looked up.
CREATE TEMP VIEW source_rows AS
SELECT r.lead_id, r.p, r.k, r.email, r.first_name, r.last_name, r.company_name,
  CASE
    WHEN typeof(r.p) = 'integer' THEN r.p
    WHEN r.is_reused THEN 4
    WHEN r.is_enrolled THEN 5
    ELSE 0
  END AS verdict,
  r.is_enrolled,
  r.is_enrolled AND NOT (r.removed_at IS NOT NULL AND r.removed_id IS r.instantly_id) AS in_instantly,
  r.shows_contact,
  CASE WHEN NOT r.is_reused AND r.state_campaign_id <> ''
      AND ((r.settlement = 2 AND (r.reason = 'absent' OR r.attempts > 1)) OR r.settlement = 0) THEN r.state_campaign_id
    WHEN r.campaign_id <> '' THEN r.campaign_id
  END AS campaign_id,
  r.has_state AND NOT r.is_reused AS has_state,
  coalesce(r.held_n > r.resolved_n, 0) AND NOT r.is_reused AS is_held,
  coalesce(r.settlement = 1, 0) AND NOT r.is_reused AS is_unsettled,
  CASE WHEN NOT r.is_reused THEN r.ever_added_at END AS ever_added_at,
  r.finished_at, r.outcome, r.reopened_at,
  CASE WHEN r.settlement IN (3, 4, 5) THEN
    CASE r.settlement WHEN 3 THEN 'skipped' WHEN 4 THEN 'rejected' ELSE 'found_elsewhere' END
      || coalesce('/' || nullif(r.reason, ''), '') END AS settled,
  r.claim_id IS NOT NULL OR coalesce(r.generation > 1, 0) AS was_claimed,
  CASE WHEN r.generation > 1 THEN r.generation ELSE 1 END + r.is_enrolled AS generation,
  CASE WHEN r.claim_id IS NULL OR r.settlement <> 2 THEN 1
       ELSE max(coalesce(r.attempts, 1), 1) + coalesce(r.reason IN ('absent', 'temporary'), 0) END AS attempt
FROM (
  SELECT q.*, coalesce(s.person <> q.p, 0) AS is_reused,
    s.lead_id IS NOT NULL AS has_state, s.held_n, s.resolved_n, s.withdrawn_at, s.settlement, s.reason,
    s.campaign_id AS state_campaign_id, s.ever_added_at, s.finished_at, s.outcome, s.reopened_at, s.claim_id,
    s.generation, s.attempts, s.removed_at, s.removed_id, s.instantly_id,
    coalesce(s.person = q.p AND s.settlement IN (7, 8) AND s.withdrawn_at IS NULL, 0) AS is_enrolled
  FROM (
    SELECT q.*, fold_tag(q.p) AS k FROM (
    SELECT l.${lead_id} AS lead_id, person(l.${email}) AS p, l.${email} AS email, l.${first_name} AS first_name,
      l.${last_name} AS last_name, l.${company_name} AS company_name, cell(l.${campaign_id}) AS campaign_id,
      shows_contact(l.${added_to_instantly}, l.${cold_email_sent}, l.${sequence_completed}, l.${last_email_status})
        AS shows_contact
    FROM ${leads} l
    WHERE has_name(l.${lead_id}) AND NOT EXISTS (
      SELECT 1 FROM temp.repeated_ids o WHERE o.lead_id = l.${lead_id}
        AND (o.email IS NOT l.${email} OR o.campaign_id IS NOT l.${campaign_id}))
    LIMIT -1 OFFSET 0) q LIMIT -1 OFFSET 0) q
  LEFT JOIN temp.aliases a ON a.lead_id = q.lead_id
  LEFT JOIN lead_state s ON s.lead_id = coalesce(a.state_id, q.lead_id)
  WHERE wanted(q.k)) r;

-- name: temp_claim_rows
-- Of persons that have several rows: source rows with the state they have, and states without a source row.
CREATE TEMP TABLE claim_rows (
  folded TEXT NOT NULL, lead_id TEXT NOT NULL, in_source INTEGER NOT NULL, person TEXT NOT NULL, shows_contact INTEGER,
  has_state INTEGER, is_held INTEGER, is_unsettled INTEGER, in_instantly INTEGER, ever_added_at INTEGER, finished_at INTEGER,
  outcome INTEGER,
  PRIMARY KEY (folded, lead_id, in_source)) WITHOUT ROWID;

-- name: temp_person_facts
-- What those rows say about the person.
CREATE TEMP TABLE person_facts (
  folded TEXT PRIMARY KEY, was_contacted INTEGER, is_held INTEGER, is_unsettled INTEGER, in_instantly INTEGER,
  last_enrolled_at INTEGER, rows_n INTEGER, outcome INTEGER, finished_at INTEGER) WITHOUT ROWID;

-- name: temp_queue
-- Eligible rows (verdict 0) in the order of their claims, and one row for each reason why others are left out, which counts
-- them. place: the campaign's, see temp.feeds; 0 and no lead_id for those left out. shared: the folded person of a row that is
-- not the only one of its person. reopens: a cooldown is over, the claim opens a generation.
CREATE TEMP TABLE queue (
  verdict INTEGER, place INTEGER, lead_id TEXT, campaign_id TEXT, detail TEXT, person TEXT, was_claimed INTEGER,
  generation INTEGER, attempt INTEGER, shared TEXT, reopens INTEGER, n INTEGER,
  PRIMARY KEY (verdict, place, lead_id, campaign_id, detail)) WITHOUT ROWID;

-- name: temp_queue_shared
-- Only eligible rows of persons with more than one source row.
CREATE INDEX temp.queue_shared ON queue (shared, lead_id) WHERE shared IS NOT NULL;

-- name: temp_contacted
-- What `adopt` walks along.
CREATE TEMP TABLE contacted (lead_id TEXT PRIMARY KEY, person TEXT NOT NULL, campaign_id TEXT) WITHOUT ROWID;

-- name: temp_opted_out
-- Rows of source.opt_out that say yes, of persons whom no such stop names. removed_at: what the newest stop that somebody
-- removed was seen from.
CREATE TEMP TABLE opted_out (
  n INTEGER PRIMARY KEY, person TEXT NOT NULL, value TEXT NOT NULL, word INTEGER NOT NULL, removed_at INTEGER);

-- name: temp_import_persons
CREATE TEMP TABLE import_persons (person TEXT PRIMARY KEY, lead_id TEXT NOT NULL) WITHOUT ROWID;

-- name: temp_import_planned
-- lead_ids that a dry run would have made.
CREATE TEMP TABLE import_planned (lead_id TEXT PRIMARY KEY, person TEXT NOT NULL) WITHOUT ROWID;

-- name: temp_matches
-- Which lead a staged row belongs to.
CREATE TEMP TABLE matches (instantly_id TEXT PRIMARY KEY, lead_id TEXT NOT NULL) WITHOUT ROWID;

-- name: temp_lasting_stops
-- Stops for the block list: unsubscribes and what an operator set, in whatever words; a reply is nothing for it, a bounce
-- even less, one that ends by itself would stay there for ever, and what came from the block list is there already.
CREATE TEMP VIEW lasting_stops AS
SELECT id, match_key, person, domain, reason, source, actor, created_at, expires_at, pushed_at,
  allowed_at IS NULL AND (domain IS NOT NULL
    OR coalesce(source NOT IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command'), 1)) AS is_bulk
FROM suppressions
WHERE revoked_at IS NULL AND source IS NOT 'blocklist' AND expires_at IS NULL AND (reason IN ('unsubscribed', 'manual')
  OR (source IN ('command', 'import', 'inbox', 'opt_out') AND reason NOT IN ('replied', 'bounced')));

-- name: temp_bulk_stops
-- Entries that no person made by an act of its own and that have no permission to act: core/stop_hits.h has the sources.
-- is_listed: Instantly's own list holds it.
CREATE TEMP VIEW judged_stops AS
SELECT id, match_key, person, domain, source, expires_at, allow_hit, allowed_at, coalesce(source = 'blocklist', 0) AS is_listed,
  allowed_at IS NULL AND (domain IS NOT NULL
    OR coalesce(source NOT IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command'), 1)) AS is_bulk
FROM suppressions WHERE revoked_at IS NULL;

-- name: temp_taking_stops
-- Stops for which rows are taken out: all that were not lifted. is_listed: Instantly's own list holds it, so what matches there
-- is not mailed. is_bulk: as in judged_stops.
CREATE TEMP VIEW taking_stops AS
SELECT match_key, person, domain, reason, expires_at, pushed_at, coalesce(source = 'blocklist', 0) AS is_listed,
  allowed_at IS NULL AND (domain IS NOT NULL
    OR coalesce(source NOT IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command'), 1)) AS is_bulk,
  id IN (SELECT l.id FROM lasting_stops l WHERE l.id = s.id) AS is_lasting
FROM suppressions s WHERE revoked_at IS NULL;

-- name: temp_asks
-- Stops that staged rows ask for.
CREATE TEMP TABLE asks (
  person TEXT, reason TEXT, instantly_id TEXT, expires_at INTEGER, evidence_at INTEGER NOT NULL,
  is_spike INTEGER NOT NULL DEFAULT FALSE, PRIMARY KEY (person, reason, instantly_id)) WITHOUT ROWID;

-- name: temp_homeless
-- Staged rows that come home, in the order in which they do; lead_id: whose they are already, adopted.
CREATE TEMP TABLE homeless (
  n INTEGER PRIMARY KEY, instantly_id TEXT NOT NULL, is_matched INTEGER, is_first INTEGER, lead_id TEXT);

-- name: temp_differences
-- What one check of verify found.
CREATE TEMP TABLE differences (
  n INTEGER PRIMARY KEY, lead_id TEXT, instantly_id TEXT, campaign_id TEXT, detail TEXT);

-- name: temp_missing
-- Enrolments that a whole scan did not show.
CREATE TEMP TABLE missing (lead_id TEXT PRIMARY KEY, stamp TEXT, first_at INTEGER) WITHOUT ROWID;

-- name: temp_missing_stamp
CREATE INDEX temp.missing_stamp ON missing (stamp);

-- name: temp_policy
-- When an enrolment that is over counts as completed: a bit per outcome that is kept, and whether adopted ones are ours.
CREATE TEMP TABLE policy (kept INTEGER NOT NULL, include_adopted INTEGER NOT NULL);

-- name: temp_configured
CREATE TEMP TABLE configured (campaign_id TEXT PRIMARY KEY) WITHOUT ROWID;

-- name: temp_found
-- lead_ids that a report is about.
CREATE TEMP TABLE found (lead_id TEXT PRIMARY KEY) WITHOUT ROWID;

-- name: temp_state_columns
-- core/fold.h state_columns() and state_phase() as SQL, in one place: write-back, campaign_status and reports stand on it.
-- SQLite works out both sides of AND; the CASE spares that for the many enrolments that still run.
CREATE TEMP VIEW state_columns AS
SELECT s.*,
  s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AS is_enrolled,
  s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id AS is_removed,
  coalesce(s.finished_at, CASE WHEN s.removed_id IS s.instantly_id THEN s.removed_at END) AS over_at,
  CASE WHEN s.finished_at IS NULL AND s.removed_at IS NULL THEN 0 ELSE s.settlement IN (7, 8) AND s.withdrawn_at IS NULL
    AND (s.finished_at IS NOT NULL OR (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id))
    AND ((s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
      OR s.outcome = 1
      OR (s.settlement = 7 AND NOT (SELECT include_adopted FROM temp.policy))
      OR ((SELECT kept FROM temp.policy) >> CASE WHEN s.replied_at > coalesce(s.reopened_at, 0) AND s.outcome > 1 THEN 5 ELSE s.outcome END) & 1
      OR s.current_campaign_id IS NULL
      OR s.current_campaign_id NOT IN (SELECT campaign_id FROM temp.configured)) END AS is_completed,
  CASE
    WHEN s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id THEN 12
    WHEN s.withdrawn_at IS NOT NULL THEN 11
    WHEN s.finished_at IS NOT NULL THEN 10
    WHEN s.subsequence_id IS NOT NULL AND s.last_seen_at >= s.current_at AND s.settlement IN (7, 8) THEN 9
    ELSE s.settlement
  END AS phase
FROM lead_state s;

-- name: temp_changes
-- Source rows that write-back changes, with their new values: a walk along the source with the states beside it, both by
-- lead_id. core/fold.h state_columns() is the meaning of each column; what stands is taken back only after `withdraw` or
-- `release`, or when the next generation is enrolled, and what says the same in the user's own words stays as it is. The address is compared last: it costs most, and few rows change. LIMIT with OFFSET keeps the planner from
-- working a value out once per use.
CREATE TEMP VIEW changes AS
SELECT c.lead_id, c.email, c.added, c.added_date, c.completed, c.completed_date, c.status, c.sent
FROM (
  SELECT b.lead_id, b.email, b.person, b.old_added, b.old_added_date, b.old_completed, b.old_completed_date, b.old_status,
    b.old_sent,
    CASE WHEN b.is_enrolled THEN iif(flag(b.old_added), b.old_added, 1)
      WHEN b.may_reset AND flag(b.old_added) THEN 0 ELSE b.old_added END AS added,
    CASE WHEN b.is_enrolled THEN rfc3339(b.added_at) WHEN b.may_reset THEN NULL ELSE b.old_added_date END AS added_date,
    CASE WHEN b.is_completed THEN iif(flag(b.old_completed), b.old_completed, 1)
      WHEN b.may_reset AND flag(b.old_completed) THEN 0 ELSE b.old_completed END AS completed,
    CASE WHEN b.is_completed THEN rfc3339(b.over_at) WHEN b.may_reset THEN NULL ELSE b.old_completed_date END
      AS completed_date,
    CASE WHEN b.email_status > CASE lower(trim(b.old_status, char(9, 10, 11, 12, 13, 32)))
        WHEN 'sent' THEN 1 WHEN 'opened' THEN 2 WHEN 'clicked' THEN 3 WHEN 'replied' THEN 4 WHEN 'bounced' THEN 5
        WHEN 'unsubscribed' THEN 6 ELSE 0 END
      THEN CASE b.email_status
        WHEN 1 THEN 'sent' WHEN 2 THEN 'opened' WHEN 3 THEN 'clicked' WHEN 4 THEN 'replied' WHEN 5 THEN 'bounced'
        WHEN 6 THEN 'unsubscribed' END
      ELSE b.old_status END AS status,
    CASE WHEN b.sent_at IS NOT NULL AND NOT coalesce(flag(b.old_sent), 0) THEN 1 ELSE b.old_sent END AS sent
  FROM (
    SELECT l.${lead_id} AS lead_id, l.${email} AS email, s.person, l.${added_to_instantly} AS old_added,
      l.${added_date} AS old_added_date, l.${sequence_completed} AS old_completed,
      l.${sequence_completed_date} AS old_completed_date, l.${last_email_status} AS old_status,
      l.${cold_email_sent} AS old_sent, s.added_at, s.email_status, s.sent_at,
      s.is_enrolled, s.withdrawn_at IS NOT NULL OR (s.generation > 1 AND (s.is_enrolled OR s.settlement = 0)) AS may_reset, s.over_at, s.is_completed
    FROM ${leads} l
    LEFT JOIN temp.aliases a ON a.lead_id = l.${lead_id}
    CROSS JOIN temp.state_columns s ON s.lead_id = coalesce(a.state_id, l.${lead_id})
    LIMIT -1 OFFSET 0) b
  LIMIT -1 OFFSET 0) c
WHERE CASE
  WHEN c.added IS NOT c.old_added OR c.added_date IS NOT c.old_added_date OR c.completed IS NOT c.old_completed
    OR c.completed_date IS NOT c.old_completed_date OR c.status IS NOT c.old_status OR c.sent IS NOT c.old_sent
  THEN person(c.email) IS c.person ELSE FALSE END
LIMIT -1 OFFSET 0;

-- name: temp_status_totals
CREATE TEMP TABLE status_totals (campaign_id TEXT PRIMARY KEY, total INTEGER, completed INTEGER) WITHOUT ROWID;

-- name: temp_retries
CREATE TEMP TABLE retries (lead_id TEXT PRIMARY KEY, is_resolved INTEGER, is_retried INTEGER) WITHOUT ROWID;

-- name: temp_seen_states
-- What scans left in lead_state, while it is made anew from the events.
CREATE TEMP TABLE seen_states (lead_id TEXT PRIMARY KEY, last_seen_at INTEGER, subsequence_id TEXT) WITHOUT ROWID;
