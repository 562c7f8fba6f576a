-- The tables of schema version 1. CREATE without IF NOT EXISTS: schema_apply looks first, so that it can say what it made.
-- The user's three are as the user specified them; the key of `leads` is how SQLite stores it: every pass walks it in the
-- order of lead_id, which is also the order of lead_state.

-- name: schema_leads
CREATE TABLE ${leads} (
  ${lead_id} TEXT NOT NULL PRIMARY KEY,
  ${email} TEXT NOT NULL,
  ${first_name} TEXT,
  ${last_name} TEXT,
  ${company_name} TEXT,
  ${campaign_id} TEXT,
  ${added_to_instantly} INTEGER DEFAULT FALSE,
  ${added_date} TEXT,
  ${sequence_completed} INTEGER DEFAULT FALSE,
  ${sequence_completed_date} TEXT,
  ${last_email_status} TEXT,
  ${cold_email_sent} INTEGER DEFAULT FALSE,
  ${updated_at} TEXT
) WITHOUT ROWID;

-- name: schema_campaign_status
CREATE TABLE campaign_status (
  campaign_id TEXT NOT NULL PRIMARY KEY,
  campaign_name TEXT,
  total_leads INTEGER,
  leads_completed INTEGER,
  last_sync TEXT
) WITHOUT ROWID;

-- name: schema_pipeline_errors
CREATE TABLE pipeline_errors (
  error_id TEXT,
  error_timestamp TEXT,
  error_type TEXT,
  lead_id TEXT,
  error_message TEXT,
  retry_count INTEGER
);

-- name: schema_lead_events
-- seq is the rowid: appending is a write at the end of the file, and the fold goes on from the seq that it reached.
-- There is no index over all events: a random one costs ten times the append itself. event_id is not unique either: the
-- fold is idempotent. Times are microseconds since 1970 UTC.
CREATE TABLE lead_events (
  seq INTEGER PRIMARY KEY,
  event_id BLOB NOT NULL,
  kind INTEGER NOT NULL,
  fact INTEGER NOT NULL,
  reason TEXT,
  lead_id TEXT,
  person TEXT,
  campaign_id TEXT,
  instantly_id TEXT,
  claim_id TEXT,
  batch_id TEXT,
  ord INTEGER NOT NULL,
  ord_to INTEGER NOT NULL,
  body_hash TEXT,
  attempt INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  run_id TEXT,
  occurred_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  detail TEXT
);

-- name: schema_lead_events_sending
-- One entry per batch, in the order of time.
CREATE INDEX lead_events_sending ON lead_events (run_id, ord) WHERE kind = 2;

-- name: schema_lead_events_vanished
-- Rare, asked for by lead.
CREATE INDEX lead_events_vanished ON lead_events (lead_id) WHERE kind = 18;

-- name: schema_lead_events_holds
-- Rare too; asked for by person right before a send, folded or not.
CREATE INDEX lead_events_holds ON lead_events (person, lead_id) WHERE kind IN (9, 10);

-- name: schema_lead_state
-- One narrow row per lead ever touched, in the order of leads. NULL is "not yet".
CREATE TABLE lead_state (
  lead_id TEXT NOT NULL PRIMARY KEY,
  person TEXT,
  domain TEXT,
  generation INTEGER NOT NULL,
  reopened_at INTEGER,
  claim_id TEXT,
  campaign_id TEXT,
  epoch INTEGER,
  attempts INTEGER,
  settlement INTEGER NOT NULL,
  settlement_epoch INTEGER,
  reason TEXT,
  instantly_id TEXT,
  current_campaign_id TEXT,
  current_at INTEGER,
  added_at INTEGER,
  ever_added_at INTEGER,
  sent_at INTEGER,
  replied_at INTEGER,
  email_status INTEGER NOT NULL,
  finished_at INTEGER,
  outcome INTEGER NOT NULL,
  removed_at INTEGER,
  removed_id TEXT,
  withdrawn_at INTEGER,
  held_n INTEGER NOT NULL,
  held_reason TEXT,
  resolved_n INTEGER NOT NULL,
  first_recorded_at INTEGER,
  last_seen_at INTEGER,
  subsequence_id TEXT
) WITHOUT ROWID;

-- name: schema_lead_persons
-- The person index as a table of its own, filled by the fold in its own order and only for leads that are new to it: an
-- index on lead_state would be written at random and make the fold four times as slow.
CREATE TABLE lead_persons (
  person TEXT NOT NULL,
  lead_id TEXT NOT NULL,
  PRIMARY KEY (person, lead_id)
) WITHOUT ROWID;

-- name: schema_lead_enrolments
-- The same for Instantly's ids: which lead an id belongs to, and the order in which sync asks about enrolments.
CREATE TABLE lead_enrolments (
  instantly_id TEXT NOT NULL,
  lead_id TEXT NOT NULL,
  PRIMARY KEY (instantly_id, lead_id)
) WITHOUT ROWID;

-- name: schema_lead_fields
CREATE TABLE lead_fields (
  lead_id TEXT NOT NULL PRIMARY KEY,
  fields TEXT NOT NULL
) WITHOUT ROWID;

-- name: schema_suppressions
-- match_key is what persons are compared with: the address with its +tag cut off, or '@' and the domain. An id is never
-- given twice: whether anything was stopped since a claim is seen from the highest one. run_id: of the run or command that
-- wrote it. allow_hit: "run_id/N", the permission that a command gave with --allow-hit=N; allowed_at: when some permission
-- was found to hold. was_listed: Instantly's block list had it before we put it there, so it is not ours to take away.
CREATE TABLE suppressions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  match_key TEXT NOT NULL,
  person TEXT,
  domain TEXT,
  reason TEXT NOT NULL,
  source TEXT,
  actor TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  revoked_by TEXT,
  pushed_at INTEGER,
  evidence_at INTEGER,
  run_id TEXT,
  allow_hit TEXT,
  allowed_at INTEGER,
  was_listed INTEGER
);

-- name: schema_suppressions_match
CREATE INDEX suppressions_match ON suppressions (match_key);

-- name: schema_pipeline_runs
-- Two rows per run: is_end 0 and 1. first_seq is where lead_events stood when the run began.
CREATE TABLE pipeline_runs (
  run_id TEXT NOT NULL,
  is_end INTEGER NOT NULL,
  job TEXT NOT NULL,
  verdict TEXT,
  exit_code INTEGER,
  counts TEXT,
  source_rows INTEGER,
  started_at INTEGER,
  ended_at INTEGER,
  scan_started_at INTEGER,
  full_scan_finished_at INTEGER,
  stops_read_at INTEGER,
  first_seq INTEGER,
  folded_until INTEGER,
  fingerprint TEXT,
  detail TEXT,
  PRIMARY KEY (run_id, is_end)
) WITHOUT ROWID;

-- name: schema_claim_ranges
-- Where a run's claims stand in lead_events: ord n has seq = first_seq + n - first_ord, as one statement wrote them all.
-- An index over the claims would be as large as they are. is_open: some of them are unsettled, as of the last fold.
CREATE TABLE claim_ranges (
  run_id TEXT NOT NULL,
  first_ord INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  claims_n INTEGER NOT NULL,
  claimed_at INTEGER NOT NULL,
  is_open INTEGER NOT NULL DEFAULT TRUE,
  PRIMARY KEY (run_id, first_ord, first_seq)
) WITHOUT ROWID;

-- name: schema_campaign_metrics
CREATE TABLE campaign_metrics (
  campaign_id TEXT NOT NULL,
  step TEXT NOT NULL,
  variant TEXT NOT NULL,
  day INTEGER NOT NULL,
  campaign_name TEXT,
  status INTEGER,
  leads INTEGER,
  contacted INTEGER,
  sent INTEGER,
  opened INTEGER,
  replied INTEGER,
  clicked INTEGER,
  bounced INTEGER,
  unsubscribed INTEGER,
  completed INTEGER,
  PRIMARY KEY (campaign_id, step, variant, day)
) WITHOUT ROWID;

-- name: schema_sync_stage
CREATE TABLE sync_stage (
  instantly_id TEXT NOT NULL PRIMARY KEY,
  run_id TEXT NOT NULL,
  person TEXT,
  campaign_id TEXT,
  subsequence_id TEXT,
  stamp TEXT,
  status INTEGER,
  interest INTEGER,
  verification INTEGER,
  opens INTEGER,
  clicks INTEGER,
  replies INTEGER,
  created_at INTEGER,
  contacted_at INTEGER,
  opened_at INTEGER,
  clicked_at INTEGER,
  replied_at INTEGER,
  updated_at INTEGER,
  last_step TEXT,
  last_step_at INTEGER,
  mailbox TEXT,
  pause_until INTEGER
) WITHOUT ROWID;

-- name: schema_leases
-- The lock is on the file beside the database; a row says who holds it, and keeps the epoch.
CREATE TABLE leases (
  job TEXT NOT NULL PRIMARY KEY,
  holder TEXT,
  host TEXT,
  boot_id TEXT,
  pid INTEGER,
  epoch INTEGER NOT NULL,
  acquired_at INTEGER,
  released_at INTEGER
) WITHOUT ROWID;

-- name: schema_controls
CREATE TABLE controls (
  name TEXT NOT NULL PRIMARY KEY,
  value
) WITHOUT ROWID;

-- name: schema_lead_report
-- What the user's own tools read. A state belongs to a row only if it is of the same person; the address is compared as
-- SQL can, and an address that is not ASCII by its lead_id alone.
CREATE VIEW lead_report AS
SELECT l.*,
  CASE
    WHEN s.lead_id IS NULL THEN NULL
    WHEN s.removed_at IS NOT NULL AND s.removed_id = s.instantly_id THEN 'removed'
    WHEN s.withdrawn_at IS NOT NULL THEN 'withdrawn'
    WHEN s.finished_at IS NOT NULL THEN 'finished'
    WHEN s.subsequence_id IS NOT NULL AND s.last_seen_at >= s.current_at AND s.settlement IN (7, 8) THEN 'in_subsequence'
    WHEN s.settlement = 1 THEN 'claimed' WHEN s.settlement = 2 THEN 'released' WHEN s.settlement = 3 THEN 'skipped'
    WHEN s.settlement = 4 THEN 'rejected' WHEN s.settlement = 5 THEN 'found_elsewhere'
    WHEN s.settlement = 6 THEN 'retried' WHEN s.settlement = 7 THEN 'adopted' WHEN s.settlement = 8 THEN 'added'
  END AS state,
  CASE WHEN s.held_n > s.resolved_n THEN s.held_reason ELSE s.reason END AS reason,
  CASE s.outcome
    WHEN 1 THEN 'removed_by_hand' WHEN 2 THEN 'skipped' WHEN 3 THEN 'no_reply' WHEN 4 THEN 'interest'
    WHEN 5 THEN 'replied' WHEN 6 THEN 'bounced' WHEN 7 THEN 'unsubscribed'
    ELSE CASE WHEN s.finished_at IS NOT NULL THEN 'stopped' END
  END AS outcome,
  CASE
    WHEN s.lead_id IS NULL THEN 'export decides'
    WHEN s.held_n > s.resolved_n THEN 'waits for: leadferry errors resolve'
    WHEN s.removed_at IS NOT NULL AND s.removed_id = s.instantly_id THEN 'none'
    WHEN s.withdrawn_at IS NOT NULL THEN 'none'
    WHEN s.finished_at IS NOT NULL THEN 'complete decides'
    WHEN s.settlement = 1 THEN 'recover asks Instantly'
    WHEN s.settlement IN (2, 6) THEN 'export decides'
    WHEN s.settlement IN (3, 4, 5) THEN 'waits for: leadferry retry'
    ELSE 'sync follows'
  END AS next_action,
  s.instantly_id, s.current_campaign_id, s.attempts
FROM ${leads} l
LEFT JOIN lead_state s ON s.lead_id = l.${lead_id}
  AND (s.person = lower(trim(l.${email}, char(9, 10, 11, 12, 13, 32)))
       OR length(l.${email}) <> length(CAST(l.${email} AS BLOB)));

-- name: schema_drop_lead_report
-- A view holds no data; it is made anew when its text differs (another source table).
DROP VIEW IF EXISTS lead_report;

-- name: schema_objects
-- Every table and view, of this database and of the temporary one that stands in for missing tables.
SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view', 'index') AND name = :name;

-- name: schema_text
SELECT sql FROM main.sqlite_schema WHERE name = :name;

-- name: schema_columns
-- One row per column of a table or view, in its order.
SELECT name, type FROM pragma_table_info(:table);

-- name: schema_leads_key
-- Is there an index whose first column is the lead's key? Without one every lookup would read the whole table.
SELECT 1 FROM pragma_index_list(:table) i JOIN pragma_index_info(i.name) c ON c.seqno = 0
WHERE c.name = :column LIMIT 1;

-- name: schema_is_table
SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = :name;

-- name: schema_leads_index
-- For a table of the user's own making; over a plain column, so that other tools can go on writing to it.
CREATE INDEX leadferry_leads_key ON ${leads} (${lead_id});

-- name: control_get
SELECT value FROM controls WHERE name = :name;

-- name: control_put
INSERT INTO controls (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: control_delete
DELETE FROM controls WHERE name = :name;

-- name: control_init
INSERT INTO controls (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING;
