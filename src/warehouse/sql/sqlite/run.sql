-- Leases, runs, errors, holds, and what earlier runs left.

-- name: lease_read
-- Who holds the lock, or held it last: the newest row, as the lock is one for all jobs.
SELECT job, host, pid, acquired_at FROM leases WHERE released_at IS NULL ORDER BY acquired_at DESC LIMIT 1;

-- name: lease_take
-- The epoch rises with each acquisition, over all jobs: what an older run decided loses in the fold, whichever job it was.
INSERT INTO leases (job, holder, host, boot_id, pid, epoch, acquired_at, released_at)
VALUES (:job, :holder, :host, :boot_id, :pid, (SELECT coalesce(max(epoch), 0) + 1 FROM leases), :now, NULL)
ON CONFLICT (job) DO UPDATE SET holder = excluded.holder, host = excluded.host, boot_id = excluded.boot_id,
  pid = excluded.pid, epoch = excluded.epoch, acquired_at = excluded.acquired_at, released_at = NULL
RETURNING epoch;

-- name: lease_epoch
-- The newest epoch of all jobs: while it is ours nobody else took the lease.
SELECT coalesce(max(epoch), 0) FROM leases;

-- name: lease_forget
-- Rows of holders that died with their lock: whoever has the lock now is the only one.
UPDATE leases SET released_at = :now WHERE released_at IS NULL AND job <> :job;

-- name: lease_give_back
UPDATE leases SET released_at = :now WHERE job = :job AND epoch = :epoch;

-- name: run_put
-- first_seq: where lead_events stood, so that the run's events are found without an index.
INSERT INTO pipeline_runs (run_id, is_end, job, verdict, exit_code, counts, source_rows, started_at, ended_at,
  scan_started_at, full_scan_finished_at, stops_read_at, first_seq, folded_until, fingerprint, detail)
VALUES (:run_id, :is_end, :job, :verdict, :exit_code, :counts, :source_rows, :started_at, :ended_at,
  :scan_started_at, :full_scan_finished_at, :stops_read_at,
  coalesce((SELECT first_seq FROM pipeline_runs WHERE run_id = :run_id AND is_end = 0),
           (SELECT coalesce(max(seq), 0) FROM lead_events)),
  (SELECT value FROM controls WHERE name = 'folded_until'), :fingerprint, :detail)
ON CONFLICT (run_id, is_end) DO UPDATE SET verdict = excluded.verdict, exit_code = excluded.exit_code,
  counts = excluded.counts, ended_at = excluded.ended_at, detail = excluded.detail;

-- name: run_started_at
SELECT started_at FROM pipeline_runs WHERE run_id = :run_id AND is_end = 0;

-- name: run_counts
-- A run's events stand behind its first_seq; the few of others in between (webhooks, commands) are passed over.
SELECT kind, fact, reason, count(*) FROM lead_events
WHERE seq > (SELECT first_seq FROM pipeline_runs WHERE run_id = :run_id AND is_end = 0) AND run_id = :run_id
GROUP BY kind, fact, reason ORDER BY kind, fact, reason;

-- name: run_facts
-- Only ended runs count, and only the newest of each: a time is written when that part was complete.
SELECT max(stops_read_at), max(full_scan_finished_at),
  (SELECT scan_started_at FROM pipeline_runs WHERE full_scan_finished_at IS NOT NULL AND is_end = 1
   ORDER BY full_scan_finished_at DESC LIMIT 1),
  (SELECT source_rows FROM pipeline_runs WHERE source_rows > 0 AND is_end = 1 ORDER BY started_at DESC LIMIT 1),
  (SELECT ended_at FROM pipeline_runs WHERE full_scan_finished_at IS NOT NULL AND is_end = 1
   ORDER BY full_scan_finished_at DESC LIMIT 1)
FROM pipeline_runs WHERE is_end = 1;

-- name: source_rows
SELECT count(*) FROM ${leads};

-- name: state_facts
-- Persons are counted by one sort: count(DISTINCT) would fill an index in random order.
SELECT (SELECT count(*) FROM (
    SELECT 1 FROM lead_state WHERE settlement IN (7, 8) AND withdrawn_at IS NULL GROUP BY person)),
  (SELECT count(*) FROM lead_state WHERE settlement = 1);

-- name: claimed_today
-- claim_ranges says where the claims of a day stand; a claim counts unless its lead was released under that very claim. The
-- plus sign keeps the planner from building an index over all events for one run.
SELECT count(*) FROM claim_ranges r
CROSS JOIN lead_events e ON e.seq >= r.first_seq AND e.seq < r.first_seq + r.claims_n
LEFT JOIN lead_state s ON s.lead_id = e.lead_id
WHERE r.claimed_at >= :day_start AND +e.campaign_id = :campaign_id
  AND NOT coalesce(s.settlement = 2 AND s.claim_id = e.claim_id, 0);

-- name: campaign_totals_clear
-- Totals of all campaigns at once, kept until the next fold: a pass over lead_state per campaign would be read again.
DELETE FROM temp.campaign_totals;

-- name: campaign_totals_fill
INSERT INTO temp.campaign_totals
SELECT campaign_id, count(*), count(sent_at) FROM lead_state
WHERE campaign_id IS NOT NULL AND settlement = 8 GROUP BY campaign_id;

-- name: campaign_totals_read
SELECT fed, contacted FROM temp.campaign_totals WHERE campaign_id = :campaign_id;

-- name: error_put
-- With a job given, retry_count is how often the same failed since a run of that job ended well.
INSERT INTO pipeline_errors (error_id, error_timestamp, error_type, lead_id, error_message, retry_count)
VALUES (:error_id, rfc3339(:now), :type, :lead_id, :message, CASE WHEN :run_job IS NULL THEN :retry_count ELSE (
  SELECT count(*) FROM pipeline_errors e WHERE e.error_id = :error_id AND time_us(e.error_timestamp) > coalesce((
    SELECT max(r.ended_at) FROM pipeline_runs r WHERE r.job = :run_job AND r.is_end = 1 AND r.exit_code IN (0, 3)), 0)) END);

-- name: hold_read
-- The hold on everything stands under '*'. Our own are objects; one that another tool wrote is its bare reason.
SELECT CASE WHEN json_valid(value) THEN json_extract(value, '$.reason') ELSE value END FROM controls
WHERE name IN ('hold:*', 'hold:' || :campaign_id) LIMIT 1;
