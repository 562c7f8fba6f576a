-- The tables, as `schema print` shows them; schema apply makes them through tables.insert from this text, one column a
-- line. The user's three are as the user specified them; a table that is there keeps its partitioning and clustering.
-- Times are TIMESTAMP, NULL is "not yet"; what a number stands for is said in core/lead.h.

-- name: schema_leads
-- The export asks for those not yet added, so that their blocks lie together; a table of this size pays for that only
-- above some 64 MB. No partitions: a row has no day of its own.
CREATE TABLE ${leads_table} (
  ${lead_id} STRING NOT NULL,
  ${email} STRING NOT NULL,
  ${first_name} STRING,
  ${last_name} STRING,
  ${company_name} STRING,
  ${campaign_id} STRING,
  ${added_to_instantly} BOOL DEFAULT FALSE,
  ${added_date} TIMESTAMP,
  ${sequence_completed} BOOL DEFAULT FALSE,
  ${sequence_completed_date} TIMESTAMP,
  ${last_email_status} STRING,
  ${cold_email_sent} BOOL DEFAULT FALSE,
  ${updated_at} TIMESTAMP
)
CLUSTER BY ${added_to_instantly}, ${lead_id};

-- name: schema_campaign_status
CREATE TABLE ${campaign_status} (
  campaign_id STRING NOT NULL,
  campaign_name STRING,
  total_leads INT64,
  leads_completed INT64,
  last_sync TIMESTAMP
);

-- name: schema_pipeline_errors
-- Appended by streaming and read by time.
CREATE TABLE ${pipeline_errors} (
  error_id STRING,
  error_timestamp TIMESTAMP,
  error_type STRING,
  lead_id STRING,
  error_message STRING,
  retry_count INT64
)
PARTITION BY DATE(error_timestamp);

-- name: schema_lead_events
-- The truth: appended to and never changed, so it may be streamed to. Partitions by the day of recording, because the fold
-- reads the last days alone; never expires. Clustered by what the protocol asks for: the claims or the `sending` of a run.
CREATE TABLE ${lead_events} (
  event_id STRING NOT NULL,
  kind INT64 NOT NULL,
  fact INT64 NOT NULL,
  reason STRING,
  lead_id STRING,
  person STRING,
  campaign_id STRING,
  instantly_id STRING,
  claim_id STRING,
  batch_id STRING,
  ord INT64 NOT NULL,
  ord_to INT64 NOT NULL,
  body_hash STRING,
  attempt INT64 NOT NULL,
  generation INT64 NOT NULL,
  epoch INT64 NOT NULL,
  run_id STRING,
  occurred_at TIMESTAMP NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  detail STRING
)
PARTITION BY DATE(recorded_at)
CLUSTER BY kind, run_id, lead_id;

-- name: schema_lead_state
-- One narrow row per lead ever touched, written by the fold's MERGE alone: a MERGE bills the whole table, so nothing wide
-- may stand in it. version counts the folds that wrote the row: what a fold read too long ago is not written any more.
CREATE TABLE ${lead_state} (
  lead_id STRING NOT NULL,
  person STRING,
  domain STRING,
  generation INT64 NOT NULL,
  reopened_at TIMESTAMP,
  claim_id STRING,
  campaign_id STRING,
  epoch INT64,
  attempts INT64,
  settlement INT64 NOT NULL,
  settlement_epoch INT64,
  reason STRING,
  instantly_id STRING,
  current_campaign_id STRING,
  current_at TIMESTAMP,
  added_at TIMESTAMP,
  ever_added_at TIMESTAMP,
  sent_at TIMESTAMP,
  replied_at TIMESTAMP,
  email_status INT64 NOT NULL,
  finished_at TIMESTAMP,
  outcome INT64 NOT NULL,
  removed_at TIMESTAMP,
  removed_id STRING,
  withdrawn_at TIMESTAMP,
  held_n INT64 NOT NULL,
  held_reason STRING,
  resolved_n INT64 NOT NULL,
  first_recorded_at TIMESTAMP,
  last_seen_at TIMESTAMP,
  subsequence_id STRING,
  version INT64 NOT NULL
)
CLUSTER BY lead_id;

-- name: schema_lead_fields
-- What a file had and `leads` has no column for, as a JSON object.
CREATE TABLE ${lead_fields} (
  lead_id STRING NOT NULL,
  fields STRING NOT NULL
)
CLUSTER BY lead_id;

-- name: schema_suppressions
-- match_key is what persons are compared with: the address with its +tag cut off, or '@' and the domain. id rises in the
-- order of writing. evidence_at: Instantly's time of the newest evidence that it was seen from. run_id: of the run or
-- command that wrote it. allow_hit: "run_id/N", the permission that a command gave with --allow-hit=N; allowed_at: when some
-- permission was found to hold. was_listed: Instantly's block list had it before we put it there.
CREATE TABLE ${suppressions} (
  id INT64 NOT NULL,
  match_key STRING NOT NULL,
  person STRING,
  domain STRING,
  reason STRING NOT NULL,
  source STRING,
  actor STRING,
  created_at TIMESTAMP NOT NULL,
  expires_at TIMESTAMP,
  revoked_at TIMESTAMP,
  revoked_by STRING,
  pushed_at TIMESTAMP,
  evidence_at TIMESTAMP,
  run_id STRING,
  allow_hit STRING,
  allowed_at TIMESTAMP,
  was_listed BOOL
)
CLUSTER BY match_key;

-- name: schema_pipeline_runs
-- Two rows per run, both appended by streaming: is_end 0 and 1. folded_state: what lead_state came to when it was folded until
-- folded_until (rows, enrolled ones, a sum over them), and how many events there were.
CREATE TABLE ${pipeline_runs} (
  run_id STRING NOT NULL,
  is_end INT64 NOT NULL,
  job STRING NOT NULL,
  verdict STRING,
  exit_code INT64,
  counts STRING,
  source_rows INT64,
  started_at TIMESTAMP,
  ended_at TIMESTAMP,
  scan_started_at TIMESTAMP,
  full_scan_finished_at TIMESTAMP,
  stops_read_at TIMESTAMP,
  folded_until TIMESTAMP,
  folded_state STRING,
  statements INT64,
  bytes_billed INT64,
  costs STRING,
  fingerprint STRING,
  detail STRING,
  recorded_at TIMESTAMP NOT NULL
)
PARTITION BY DATE(recorded_at);

-- name: schema_campaign_metrics
-- step and variant are '' for a campaign's total, day NULL for all time.
CREATE TABLE ${campaign_metrics} (
  campaign_id STRING NOT NULL,
  step STRING NOT NULL,
  variant STRING NOT NULL,
  day TIMESTAMP,
  campaign_name STRING,
  status INT64,
  leads INT64,
  contacted INT64,
  sent INT64,
  opened INT64,
  replied INT64,
  clicked INT64,
  bounced INT64,
  unsubscribed INT64,
  completed INT64
)
CLUSTER BY campaign_id;

-- name: schema_sync_stage
-- What a sync read: streamed to, read within the same run, and never deleted, because DELETE may not touch rows that were
-- streamed a moment ago. Its partitions go after three days by themselves.
CREATE TABLE ${sync_stage} (
  run_id STRING NOT NULL,
  staged_at TIMESTAMP NOT NULL,
  n INT64 NOT NULL,
  instantly_id STRING NOT NULL,
  person STRING,
  campaign_id STRING,
  subsequence_id STRING,
  stamp STRING,
  last_step STRING,
  mailbox STRING,
  status INT64,
  interest INT64,
  verification INT64,
  opens INT64,
  clicks INT64,
  replies INT64,
  created_at TIMESTAMP,
  contacted_at TIMESTAMP,
  opened_at TIMESTAMP,
  clicked_at TIMESTAMP,
  replied_at TIMESTAMP,
  updated_at TIMESTAMP,
  last_step_at TIMESTAMP,
  pause_until TIMESTAMP
)
PARTITION BY DATE(staged_at)
CLUSTER BY run_id
OPTIONS (partition_expiration_days = 3);

-- name: schema_leases
-- One row, made by schema apply: one job at a time, as with the lock of SQLite. A run takes it by an UPDATE that only one
-- of two can win. streams: how many events each of the last runs streamed, RUN:N:MICROS. shard: later each part of the persons has a row of its own.
CREATE TABLE ${leases} (
  shard STRING NOT NULL,
  job STRING,
  holder STRING,
  host STRING,
  boot_id STRING,
  pid INT64,
  epoch INT64 NOT NULL,
  acquired_at TIMESTAMP,
  expires_at TIMESTAMP,
  released_at TIMESTAMP,
  predecessors STRING,
  streams STRING
);

-- name: schema_controls
-- Holds, the installation id, the key of references.
CREATE TABLE ${controls} (
  name STRING NOT NULL,
  value STRING
);

-- name: doctor_nothing
-- Run dry by doctor: may this account run jobs in the project at all?
SELECT 1;

-- name: doctor_source
-- Run dry by doctor: may this account read what stands under a view?
SELECT ${lead_id}, ${email} FROM ${leads_table};
