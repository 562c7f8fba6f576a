-- Leases, runs, errors, notes, and what earlier runs left. A lease is measured by BigQuery's own clock.

-- name: lease_take
-- Free, given back, run out, or of a process that is known to be dead (@dead_epoch): one UPDATE decides, since two of them
-- on one table never succeed side by side. predecessors: the holders that never gave it back, since one did; what they began
-- may still run.
UPDATE ${leases} SET job = JSON_VALUE(@p, '$.job'), holder = JSON_VALUE(@p, '$.holder'), host = JSON_VALUE(@p, '$.host'),
  boot_id = JSON_VALUE(@p, '$.boot_id'), pid = CAST(JSON_VALUE(@p, '$.pid') AS INT64), epoch = epoch + 1,
  acquired_at = CURRENT_TIMESTAMP(), expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 120 SECOND),
  released_at = NULL, predecessors = IF(released_at IS NULL AND acquired_at IS NOT NULL,
    CONCAT(IFNULL(CONCAT(predecessors, ','), ''), CAST(epoch AS STRING), '_', CAST(UNIX_MICROS(acquired_at) AS STRING)), NULL)
WHERE shard = 'all' AND (released_at IS NOT NULL OR expires_at IS NULL OR expires_at < CURRENT_TIMESTAMP()
  OR epoch = CAST(JSON_VALUE(@p, '$.dead_epoch') AS INT64));

-- name: lease_read
SELECT job, holder, host, boot_id, pid, epoch, acquired_at, released_at IS NULL AND expires_at > CURRENT_TIMESTAMP()
FROM ${leases} WHERE shard = 'all' AND @p IS NOT NULL;

-- name: opening
-- Who holds the lease now, what earlier runs streamed, and what a run reads once, at its start: notes, how earlier runs ended
-- (as in facts), whether lead_state is what the last fold left, what time it is, the source's size and those of its addresses
-- that SQL cannot judge (n: bytes of the lead_id, which stands before the address).
SELECT 'lease' AS what, epoch AS n, CONCAT(IFNULL(job, ''), '\n', IFNULL(holder, ''), '\n', IFNULL(host, ''), '\n',
  IFNULL(boot_id, ''), '\n', CAST(IFNULL(pid, 0) AS STRING), '\n', CAST(epoch AS STRING), '\n',
  CAST(IFNULL(UNIX_MICROS(acquired_at), 0) AS STRING), '\n',
  CAST(IFNULL(released_at IS NULL AND expires_at > CURRENT_TIMESTAMP(), FALSE) AS STRING), '\n', IFNULL(predecessors, ''), '\n',
  IFNULL(streams, '')) AS text
FROM ${leases} WHERE shard = 'all' AND @p IS NOT NULL
UNION ALL
SELECT 'now', UNIX_MICROS(CURRENT_TIMESTAMP()), NULL
UNION ALL
SELECT 'control', 0, CONCAT(name, '\n', IFNULL(MIN(value), '')) FROM ${controls} GROUP BY name
UNION ALL
SELECT 'foreigner', BYTE_LENGTH(IFNULL(${lead_id}, '')), CONCAT(IFNULL(${lead_id}, ''), ${email}) FROM ${leads}
WHERE REGEXP_CONTAINS(${email}, r'[^\x00-\x7F]')
UNION ALL
SELECT 'source_rows', COUNT(*), NULL FROM ${leads}
UNION ALL
SELECT 'folded_until', UNIX_MICROS(MAX(folded_until)), NULL FROM ${pipeline_runs}
WHERE is_end = 1 AND folded_until < TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 300 SECOND)
UNION ALL
SELECT 'folded_state', 0, (SELECT folded_state FROM ${pipeline_runs}
  WHERE is_end = 1 AND folded_until < TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 300 SECOND)
  ORDER BY folded_until DESC, recorded_at DESC LIMIT 1)
UNION ALL
SELECT 'state', 0, text FROM ${state_sum}
UNION ALL
SELECT 'events', COUNT(*), NULL FROM ${lead_events}
UNION ALL
SELECT 'stops_read_at', UNIX_MICROS(MAX(stops_read_at)), NULL FROM ${pipeline_runs} WHERE is_end = 1
UNION ALL
SELECT 'stops_lost', IFNULL((SELECT CAST(JSON_VALUE(value, '$[0]') AS INT64) FROM ${controls} WHERE name = 'stops'), 0)
  - (SELECT COUNT(*) FROM ${suppressions} WHERE id <= IFNULL((
      SELECT CAST(JSON_VALUE(value, '$[1]') AS INT64) FROM ${controls} WHERE name = 'stops'), 0)), NULL
UNION ALL
SELECT 'stops_unnoted', COUNT(*)
  - IFNULL((SELECT CAST(JSON_VALUE(value, '$[0]') AS INT64) FROM ${controls} WHERE name = 'stops'), 0), NULL
FROM ${suppressions}
UNION ALL
SELECT 'unlisting', COUNTIF(NOT was_listed AND revoked_at IS NOT NULL), NULL FROM ${suppressions}
UNION ALL
SELECT 'scan_finished_at', UNIX_MICROS(MAX(full_scan_finished_at)), NULL FROM ${pipeline_runs} WHERE is_end = 1
UNION ALL
SELECT 'scan_started_at', (SELECT UNIX_MICROS(scan_started_at) FROM ${pipeline_runs}
  WHERE is_end = 1 AND full_scan_finished_at IS NOT NULL ORDER BY full_scan_finished_at DESC LIMIT 1), NULL
UNION ALL
SELECT 'scan_ended_at', (SELECT UNIX_MICROS(ended_at) FROM ${pipeline_runs}
  WHERE is_end = 1 AND full_scan_finished_at IS NOT NULL ORDER BY full_scan_finished_at DESC LIMIT 1), NULL
UNION ALL
SELECT 'last_source_rows', (SELECT source_rows FROM ${pipeline_runs}
  WHERE is_end = 1 AND source_rows > 0 ORDER BY started_at DESC LIMIT 1), NULL;

-- name: lease_renew
UPDATE ${leases} SET expires_at = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 120 SECOND)
WHERE shard = 'all' AND epoch = CAST(JSON_VALUE(@p, '$.epoch') AS INT64) AND released_at IS NULL
  AND expires_at > CURRENT_TIMESTAMP();

-- name: lease_give_back
-- streams: the last word of a run, seen at once by whoever comes next, who knows by it whether all that the run streamed is
-- seen (fold_answer).
UPDATE ${leases} SET released_at = CURRENT_TIMESTAMP(), streams = JSON_VALUE(@p, '$.streams')
WHERE shard = 'all' AND epoch = CAST(JSON_VALUE(@p, '$.epoch') AS INT64);

-- name: lease_clear
-- Whoever is sure that the holder is gone.
UPDATE ${leases} SET released_at = CURRENT_TIMESTAMP() WHERE shard = 'all' AND released_at IS NULL AND @p IS NOT NULL;

-- name: lease_init
-- A table that was dropped and made anew goes on where the events are: in the fold a lower epoch loses against what is there.
INSERT INTO ${leases} (shard, epoch)
SELECT 'all', IFNULL((SELECT MAX(epoch) FROM ${lead_events}), 0) FROM (SELECT 1)
WHERE NOT EXISTS (SELECT 1 FROM ${leases} WHERE shard = 'all');

-- name: watch
-- What may have changed while a run sends: the lease, the holds, and who of its claims (and of those that it is about to send)
-- is stopped by now. A hold of a lead counts for its folded person, although it is not folded yet. Only the run's own partitions and the few events
-- of holds are read.
WITH claims AS (
  SELECT ord, person, SUBSTR(person, STRPOS(person, '@')) AS domain_key,
    REGEXP_REPLACE(person, r'^([^+@]+)\+[^@]*@', r'\1@') AS person_key
  FROM (
    SELECT ord, person FROM ${lead_events}
    WHERE kind = 1 AND run_id = JSON_VALUE(@p, '$.run_id')
      AND recorded_at >= TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.since') AS INT64))
    UNION DISTINCT
    SELECT CAST(JSON_VALUE(c, '$.ord') AS INT64), JSON_VALUE(c, '$.person')
    FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.claims')) c)),
stops AS (
  SELECT match_key, MIN(reason) AS reason FROM ${suppressions}
  WHERE revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)))
  GROUP BY match_key),
held AS (
  SELECT person_key FROM (
    SELECT REGEXP_REPLACE(person, r'^([^+@]+)\+[^@]*@', r'\1@') AS person_key, lead_id, MAX(IF(kind = 9, attempt, 0)) > MAX(IF(kind = 10, attempt, 0)) AS is_held
    FROM ${lead_events} WHERE kind IN (9, 10) AND person IS NOT NULL GROUP BY 1, person, lead_id)
  WHERE is_held),
stopped AS (
  SELECT c.ord, c.person_key,
    CASE WHEN p.reason IS NULL THEN d.reason WHEN d.reason IS NULL THEN p.reason ELSE LEAST(p.reason, d.reason) END AS reason
  FROM claims c LEFT JOIN stops p ON p.match_key = c.person_key LEFT JOIN stops d ON d.match_key = c.domain_key)
SELECT 'lease' AS what, epoch AS n, CAST(released_at IS NULL AND expires_at > CURRENT_TIMESTAMP() AS STRING) AS text
FROM ${leases} WHERE shard = 'all'
UNION ALL
SELECT SUBSTR(name, 1, 5), 0, CONCAT(SUBSTR(name, 6), '\n', IFNULL(value, '')) FROM ${controls}
WHERE STARTS_WITH(name, 'hold:') AND @p IS NOT NULL
UNION ALL
SELECT 'stop', ord, IFNULL(reason, 'held') FROM stopped
WHERE reason IS NOT NULL OR person_key IN (SELECT person_key FROM held)
ORDER BY 1, 2;

-- name: claims_gone
-- Claims of the run whose row of the source is gone by now, or is another person's. An address that is not ASCII was judged when
-- the claim was read (base/email.h) and is not judged again.
SELECT e.ord FROM ${lead_events} e LEFT JOIN ${leads} l ON l.${lead_id} = e.lead_id
WHERE e.kind = 1 AND e.run_id = @run_id AND e.recorded_at >= @since
GROUP BY e.ord
HAVING MAX(IF(IFNULL(LOWER(TRIM(l.${email}, '\t\n\v\f\r ')) = e.person OR REGEXP_CONTAINS(l.${email}, r'[^\x00-\x7F]'), FALSE),
  1, 0)) = 0;

-- name: control_get
-- Two that make the tables at the same time write a note twice, since an INSERT waits for nobody: everybody takes the same one.
SELECT MIN(value) FROM ${controls} WHERE name = @name;

-- name: control_update
UPDATE ${controls} SET value = JSON_VALUE(@p, '$.value') WHERE name = JSON_VALUE(@p, '$.name');

-- name: control_insert
INSERT INTO ${controls} (name, value)
SELECT JSON_VALUE(@p, '$.name'), JSON_VALUE(@p, '$.value') FROM (SELECT 1)
WHERE NOT EXISTS (SELECT 1 FROM ${controls} WHERE name = JSON_VALUE(@p, '$.name'));

-- name: control_delete
DELETE FROM ${controls} WHERE name = JSON_VALUE(@p, '$.name');

-- name: controls_all
SELECT name, value FROM ${controls} ORDER BY name;

-- name: run_counts
-- A run's events stand in the partitions since its start.
SELECT kind, fact, reason, COUNT(*) FROM (
  SELECT event_id, kind, fact, reason FROM ${lead_events} WHERE run_id = @run_id AND recorded_at >= @since
  GROUP BY 1, 2, 3, 4)
GROUP BY kind, fact, reason ORDER BY kind, fact, reason;

-- name: facts
-- Only ended runs count, and only the newest of each: a time is written when that part was complete.
SELECT
  (SELECT MAX(stops_read_at) FROM ${pipeline_runs} WHERE is_end = 1),
  (SELECT MAX(full_scan_finished_at) FROM ${pipeline_runs} WHERE is_end = 1),
  (SELECT scan_started_at FROM ${pipeline_runs} WHERE is_end = 1 AND full_scan_finished_at IS NOT NULL
   ORDER BY full_scan_finished_at DESC LIMIT 1),
  (SELECT source_rows FROM ${pipeline_runs} WHERE is_end = 1 AND source_rows > 0 ORDER BY started_at DESC LIMIT 1),
  (SELECT COUNT(DISTINCT person) FROM ${lead_state} WHERE settlement IN (7, 8) AND withdrawn_at IS NULL),
  (SELECT COUNT(*) FROM ${lead_state} WHERE settlement = 1),
  (SELECT COUNT(*) FROM ${leads}),
  EXISTS (SELECT 1 FROM ${lead_state} WHERE claim_id IS NOT NULL),
  (SELECT ended_at FROM ${pipeline_runs} WHERE is_end = 1 AND full_scan_finished_at IS NOT NULL
   ORDER BY full_scan_finished_at DESC LIMIT 1);

-- name: hold_number
-- The newest hold or resolution of these leads, as of the last fold.
SELECT IFNULL(MAX(GREATEST(IFNULL(held_n, 0), IFNULL(resolved_n, 0))), 0) FROM ${lead_state} WHERE lead_id IN UNNEST(@lead_ids);

-- name: folded_until
-- Where the last run that ended had folded to; nothing reads events older than three days before that again.
-- A time to come is that of a machine whose clock was wrong.
SELECT MAX(folded_until) FROM ${pipeline_runs}
WHERE is_end = 1 AND folded_until < TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 300 SECOND);

-- name: campaign_counts
-- Claims by campaign since the UTC day of Instantly began that were not released under that very claim, and the persons fed
-- and mailed; one statement for all campaigns.
SELECT e.campaign_id, COUNT(DISTINCT e.claim_id), 0, 0
FROM ${lead_events} e LEFT JOIN ${lead_state} s ON s.lead_id = e.lead_id
WHERE e.kind = 1 AND e.recorded_at >= @since AND e.occurred_at >= @day_start AND e.campaign_id IS NOT NULL
  AND NOT IFNULL(s.settlement = 2 AND s.claim_id = e.claim_id, FALSE)
GROUP BY 1
UNION ALL
SELECT campaign_id, 0, COUNT(DISTINCT person), COUNT(DISTINCT IF(sent_at IS NOT NULL, person, NULL))
FROM ${lead_state} WHERE settlement = 8 AND campaign_id IS NOT NULL GROUP BY 1;

-- name: unsettled_claims
-- Claims of other runs that nobody settled, as of the last fold, each with the last `sending` that its ord stands in, if there
-- was one. claim_id is run_id.ord. A few rows after a crash, none otherwise. Where two holders of the lease claimed one lead,
-- its state shows the later one's claim: the other one is in the events alone, and contests the person (claims_read) until it
-- is settled like any other: given back if it stands in no `sending`, else asked about.
WITH settled AS (
  SELECT claim_id FROM ${lead_events} WHERE kind BETWEEN 3 AND 8 AND recorded_at >= @hidden_since AND claim_id IS NOT NULL),
open_claims AS (
  SELECT lead_id, person, campaign_id, claim_id, generation, epoch, attempts,
    REGEXP_EXTRACT(claim_id, r'^(.*)\.[0-9]+$') AS run_id, CAST(REGEXP_EXTRACT(claim_id, r'\.([0-9]+)$') AS INT64) AS ord
  FROM ${lead_state} WHERE settlement = 1 AND claim_id IS NOT NULL
  UNION ALL
  SELECT lead_id, person, campaign_id, claim_id, generation, epoch, attempt, run_id, ord FROM ${lead_events}
  WHERE kind = 1 AND recorded_at >= @hidden_since AND claim_id IS NOT NULL
    AND claim_id NOT IN (SELECT claim_id FROM settled)
    AND claim_id NOT IN (SELECT claim_id FROM ${lead_state} WHERE claim_id IS NOT NULL)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY claim_id, lead_id ORDER BY recorded_at) = 1),
sent AS (
  SELECT batch_id, run_id, campaign_id, ord, ord_to, MIN(recorded_at) AS recorded_at FROM ${lead_events}
  WHERE kind = 2 AND run_id IN (SELECT run_id FROM open_claims) GROUP BY 1, 2, 3, 4, 5),
newest AS (
  SELECT run_id, MAX(recorded_at) AS recorded_at FROM ${lead_events}
  WHERE run_id IN (SELECT run_id FROM open_claims) GROUP BY run_id)
SELECT c.lead_id, c.person, c.campaign_id, c.claim_id, c.generation, c.epoch, c.attempts, c.run_id, c.ord,
  b.batch_id, b.ord, b.ord_to, b.recorded_at, n.recorded_at
FROM open_claims c LEFT JOIN newest n ON n.run_id = c.run_id
LEFT JOIN sent b ON b.run_id = c.run_id AND b.campaign_id = c.campaign_id AND c.ord BETWEEN b.ord AND b.ord_to
WHERE c.run_id IS NOT NULL AND c.run_id <> @own_run_id
ORDER BY c.run_id, c.ord, b.recorded_at, b.batch_id;

-- name: streams_seen
-- As in fold_answer.
SELECT run_id, COUNT(DISTINCT event_id) FROM ${lead_events}
WHERE recorded_at >= @since AND run_id IS NOT NULL AND kind <> 1 AND NOT (kind = 12 AND IFNULL(reason, '') = 'cooldown')
GROUP BY run_id;

-- name: error_failures
-- How often this failed since a run of the job ended well. A row whose answer was lost was streamed twice, and is one.
SELECT COUNT(DISTINCT error_timestamp) FROM ${pipeline_errors}
WHERE error_id = @error_id AND error_timestamp > IFNULL((
  SELECT MAX(ended_at) FROM ${pipeline_runs}
  WHERE is_end = 1 AND job = @job AND exit_code IN (0, 3)), TIMESTAMP '1970-01-01 00:00:00+00');
