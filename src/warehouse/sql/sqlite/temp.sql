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
-- The configured campaigns as export decided about them.
CREATE TEMP TABLE feeds (
  campaign_id TEXT PRIMARY KEY, is_fed INTEGER, refusal TEXT, room INTEGER, room_verdict INTEGER,
  first_n INTEGER, eligible_n INTEGER, first_ord INTEGER, passed_n INTEGER) WITHOUT ROWID;

-- name: temp_variables
-- What merge tags without fallback are filled from; bit: its place in claim_rows.empty.
CREATE TEMP TABLE variables (bit INTEGER PRIMARY KEY, source TEXT, is_column INTEGER, path TEXT);

-- name: temp_feed_variables
CREATE TEMP TABLE feed_variables (
  campaign_id TEXT, n INTEGER, tag TEXT, mask INTEGER, PRIMARY KEY (campaign_id, n)) WITHOUT ROWID;

-- name: temp_stops
-- Suppressions in force, one per key.
CREATE TEMP TABLE stops (match_key TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID;

-- name: temp_claim_rows
-- Source rows with the state they have, and states without a source row (in_source 0): persons together.
CREATE TEMP TABLE claim_rows (
  person TEXT NOT NULL, lead_id TEXT NOT NULL, in_source INTEGER NOT NULL, verdict INTEGER NOT NULL,
  shows_contact INTEGER, campaign_id TEXT, empty INTEGER, has_state INTEGER, is_held INTEGER, is_unsettled INTEGER,
  ever_added_at INTEGER, finished_at INTEGER, outcome INTEGER, is_enrolled INTEGER, reopened_at INTEGER,
  settled TEXT, claim_epoch INTEGER, generation INTEGER, attempt INTEGER,
  PRIMARY KEY (person, lead_id, in_source)) WITHOUT ROWID;

-- name: temp_verdicts
-- One row per source row, in the order of persons.
CREATE TEMP TABLE verdicts (
  n INTEGER PRIMARY KEY, verdict INTEGER NOT NULL, detail TEXT, campaign_id TEXT, lead_id TEXT, person TEXT,
  was_claimed INTEGER, generation INTEGER, attempt INTEGER, is_shared INTEGER);

-- name: temp_verdicts_shared
-- Only persons with more than one source row are in here; it is filled in its own order.
CREATE INDEX temp.verdicts_shared ON verdicts (person, lead_id) WHERE is_shared;

-- name: temp_queue
-- Eligible rows in the order of (campaign_id, lead_id): n is their place.
CREATE TEMP TABLE queue (
  n INTEGER PRIMARY KEY, campaign_id TEXT, lead_id TEXT, person TEXT, generation INTEGER, attempt INTEGER);

-- name: temp_import_persons
CREATE TEMP TABLE import_persons (person TEXT PRIMARY KEY, lead_id TEXT NOT NULL) WITHOUT ROWID;

-- name: temp_import_planned
-- lead_ids that a dry run would have made.
CREATE TEMP TABLE import_planned (lead_id TEXT PRIMARY KEY, person TEXT NOT NULL) WITHOUT ROWID;

-- name: temp_changes
-- Source rows that write-back changes, with their new values.
CREATE TEMP TABLE changes (
  lead_id TEXT PRIMARY KEY, added INTEGER, added_date TEXT, completed INTEGER, completed_date TEXT, status TEXT,
  sent INTEGER) WITHOUT ROWID;

-- name: temp_matches
-- Which lead a staged row belongs to.
CREATE TEMP TABLE matches (instantly_id TEXT PRIMARY KEY, lead_id TEXT NOT NULL) WITHOUT ROWID;

-- name: temp_asks
-- Stops that staged rows ask for.
CREATE TEMP TABLE asks (
  person TEXT, reason TEXT, instantly_id TEXT, expires_at INTEGER, evidence_at INTEGER NOT NULL,
  PRIMARY KEY (person, reason, instantly_id)) WITHOUT ROWID;

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
CREATE TEMP VIEW state_columns AS
SELECT s.*,
  s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AS is_enrolled,
  s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id AS is_removed,
  coalesce(s.finished_at, CASE WHEN s.removed_id IS s.instantly_id THEN s.removed_at END) AS over_at,
  s.settlement IN (7, 8) AND s.withdrawn_at IS NULL
    AND (s.finished_at IS NOT NULL OR (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id))
    AND ((s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
      OR s.outcome = 1
      OR (s.settlement = 7 AND NOT (SELECT include_adopted FROM temp.policy))
      OR ((SELECT kept FROM temp.policy) >> CASE WHEN s.replied_at IS NOT NULL AND s.outcome > 1 THEN 5 ELSE s.outcome END) & 1
      OR s.current_campaign_id IS NULL
      OR s.current_campaign_id NOT IN (SELECT campaign_id FROM temp.configured)) AS is_completed,
  CASE
    WHEN s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id THEN 12
    WHEN s.withdrawn_at IS NOT NULL THEN 11
    WHEN s.finished_at IS NOT NULL THEN 10
    WHEN s.subsequence_id IS NOT NULL AND s.settlement IN (7, 8) THEN 9
    ELSE s.settlement
  END AS phase
FROM lead_state s;

-- name: temp_status_totals
CREATE TEMP TABLE status_totals (campaign_id TEXT PRIMARY KEY, total INTEGER, completed INTEGER) WITHOUT ROWID;

-- name: temp_retries
CREATE TEMP TABLE retries (lead_id TEXT PRIMARY KEY, is_resolved INTEGER, is_retried INTEGER) WITHOUT ROWID;
