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
