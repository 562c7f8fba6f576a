-- What a sync read, and the rows that core/sync.h decides about. A row seen twice counts as it was seen last.

-- name: watched
-- Enrolments in the order of Instantly's ids, read page by page from one job.
SELECT instantly_id, ANY_VALUE(person), ANY_VALUE(current_campaign_id)
FROM ${lead_state}
WHERE instantly_id > @after_id AND (@campaign_id = '' OR current_campaign_id = @campaign_id) AND settlement IN (7, 8) AND withdrawn_at IS NULL
  AND NOT (removed_at IS NOT NULL AND removed_id IS NOT DISTINCT FROM instantly_id)
  AND (finished_at IS NULL OR finished_at >= @finished_after)
  AND (@unstaged_run_id = '' OR instantly_id NOT IN (
    SELECT t.instantly_id FROM ${sync_stage} t WHERE t.run_id = @unstaged_run_id AND t.staged_at >= @since))
GROUP BY instantly_id ORDER BY instantly_id;

-- name: stage_seen
SELECT COUNT(DISTINCT n) FROM ${sync_stage} WHERE run_id = @run_id AND staged_at >= @since;

-- name: staged_stops
-- Rows that core/sync.h sync_stop() may say something about, in the order of their ids. Beside each: was it mailed since the
-- sync before by a mailbox of which more than @percent of at least @sends rows of ours bounced since (core/sync.h
-- sync_is_bounce_spike); the lead that has it; what is known of the person's bounces; and how many rows were seen at all.
WITH staged AS (
  SELECT instantly_id, person, campaign_id, subsequence_id, stamp, last_step, mailbox, status, interest, verification, opens,
    clicks, replies, created_at, contacted_at, opened_at, clicked_at, replied_at, updated_at, last_step_at, pause_until
  FROM ${sync_stage} WHERE run_id = @run_id AND staged_at >= @since
  QUALIFY ROW_NUMBER() OVER (PARTITION BY instantly_id ORDER BY n DESC) = 1),
enrolled AS (
  SELECT instantly_id, MIN(lead_id) AS lead_id FROM ${lead_state}
  WHERE instantly_id IN (SELECT instantly_id FROM staged) GROUP BY instantly_id),
sent AS (
  SELECT instantly_id, mailbox, IFNULL(status = -1, FALSE) AS is_bounced FROM staged
  WHERE @judges AND mailbox IS NOT NULL AND instantly_id IN (SELECT instantly_id FROM enrolled)
    AND GREATEST(IFNULL(contacted_at, TIMESTAMP_MICROS(0)), IFNULL(last_step_at, TIMESTAMP_MICROS(0))) > @sent_since),
spiking AS (
  SELECT mailbox FROM sent GROUP BY mailbox
  HAVING COUNT(*) >= @sends AND COUNTIF(is_bounced) * 100 > COUNT(*) * @percent),
known AS (
  SELECT person, LOGICAL_OR(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now)) AS is_in_force,
    MAX(IF(revoked_at IS NOT NULL, evidence_at, NULL)) AS evidence_at
  FROM ${suppressions} WHERE reason = 'bounced' AND domain IS NULL AND person IS NOT NULL GROUP BY person)
SELECT t.instantly_id, t.person, t.campaign_id, t.subsequence_id, t.stamp, t.last_step, t.mailbox, t.status, t.interest,
  t.verification, t.opens, t.clicks, t.replies, t.created_at, t.contacted_at, t.opened_at, t.clicked_at, t.replied_at,
  t.updated_at, t.last_step_at, t.pause_until,
  t.instantly_id IN (SELECT instantly_id FROM sent WHERE is_bounced AND mailbox IN (SELECT mailbox FROM spiking)),
  s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.claim_id, s.generation, s.epoch, s.held_n > s.resolved_n,
  k.is_in_force, k.evidence_at,
  (SELECT COUNT(DISTINCT n) FROM ${sync_stage} WHERE run_id = @run_id AND staged_at >= @since)
FROM staged t LEFT JOIN enrolled n ON n.instantly_id = t.instantly_id LEFT JOIN ${lead_state} s ON s.lead_id = n.lead_id
LEFT JOIN known k ON k.person = t.person
WHERE t.person IS NOT NULL AND (t.status IN (-1, -2) OR t.replies > 0 OR t.replied_at IS NOT NULL)
ORDER BY t.instantly_id;

-- name: matches_gather
-- Which lead a staged row belongs to: its own by id (of several leads the lowest); else by the stamp of the lead's newest
-- claim (of a lead that is not enrolled: of any claim of its generation), if the lead's own row was not seen; else a person
-- found elsewhere earlier whose row now sits in the lead's campaign. The state stands beside it as it is before this sync.
CREATE TEMP TABLE ${scratch} AS
WITH staged AS (
  SELECT instantly_id, person, campaign_id, subsequence_id, stamp, last_step, mailbox, status, interest, verification, opens,
    clicks, replies, created_at, contacted_at, opened_at, clicked_at, replied_at, updated_at, last_step_at, pause_until
  FROM ${sync_stage}
  WHERE run_id = JSON_VALUE(@p, '$.run_id') AND staged_at >= TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.since') AS INT64))
  QUALIFY ROW_NUMBER() OVER (PARTITION BY instantly_id ORDER BY n DESC) = 1),
by_id AS (
  SELECT t.instantly_id, MIN(s.lead_id) AS lead_id FROM staged t JOIN ${lead_state} s ON s.instantly_id = t.instantly_id
  GROUP BY t.instantly_id),
stamped AS (
  SELECT t.instantly_id, t.person, t.campaign_id, t.stamp, REGEXP_EXTRACT(t.stamp, r'^[0-9]+:(.*)$') AS claim_id
  FROM staged t WHERE t.stamp IS NOT NULL AND t.instantly_id NOT IN (SELECT instantly_id FROM by_id)),
by_stamp AS (
  SELECT t.instantly_id, MAX(s.lead_id) AS lead_id
  FROM stamped t
  JOIN ${lead_events} e ON e.claim_id = t.claim_id
  JOIN ${lead_state} s ON s.lead_id = e.lead_id
  WHERE e.kind = 1 AND t.stamp = CONCAT(CAST(s.generation AS STRING), ':', e.claim_id)
    AND e.run_id IN (SELECT REGEXP_EXTRACT(claim_id, r'^(.*)\.[0-9]+$') FROM stamped)
    AND (s.claim_id = e.claim_id
      OR (NOT (s.settlement IN (7, 8) AND s.withdrawn_at IS NULL) AND e.generation = s.generation))
    AND (s.instantly_id IS NULL OR s.instantly_id NOT IN (SELECT instantly_id FROM staged))
  GROUP BY t.instantly_id),
by_person AS (
  SELECT t.instantly_id, MIN(s.lead_id) AS lead_id
  FROM staged t JOIN ${lead_state} s ON s.person = t.person AND s.campaign_id = t.campaign_id
  WHERE s.settlement = 5 AND t.instantly_id NOT IN (SELECT instantly_id FROM by_id)
    AND t.instantly_id NOT IN (SELECT instantly_id FROM by_stamp)
  GROUP BY t.instantly_id),
matches AS (SELECT * FROM by_id UNION ALL SELECT * FROM by_stamp UNION ALL SELECT * FROM by_person)
SELECT t.instantly_id AS row_id, t.person AS row_person, t.campaign_id AS row_campaign_id,
  t.subsequence_id AS row_subsequence_id, t.stamp, t.last_step, t.mailbox, t.status, t.interest, t.verification, t.opens,
  t.clicks, t.replies, t.created_at, t.contacted_at, t.opened_at, t.clicked_at, t.replied_at AS row_replied_at,
  t.updated_at, t.last_step_at, t.pause_until,
  s.lead_id, s.person, s.generation, s.reopened_at, s.claim_id, s.campaign_id, s.epoch, s.attempts, s.settlement,
  s.settlement_epoch, s.reason, s.instantly_id, s.current_campaign_id, s.current_at, s.added_at, s.ever_added_at, s.sent_at,
  s.replied_at, s.email_status, s.finished_at, s.outcome, s.removed_at, s.removed_id, s.withdrawn_at, s.held_n,
  s.held_reason, s.resolved_n, s.first_recorded_at, s.last_seen_at, s.subsequence_id,
  IFNULL(REGEXP_EXTRACT(t.stamp, r'^[0-9]+:(.*)$') IN (
    SELECT e.claim_id FROM ${lead_events} e
    WHERE e.kind = 1 AND e.claim_id IS NOT NULL
      AND e.run_id IN (SELECT REGEXP_EXTRACT(stamp, r'^[0-9]+:(.*)\.[0-9]+$') FROM staged WHERE stamp IS NOT NULL)), FALSE)
    AS is_known
FROM staged t LEFT JOIN matches m ON m.instantly_id = t.instantly_id LEFT JOIN ${lead_state} s ON s.lead_id = m.lead_id;

-- name: seen_gather
-- Where the newest scan saw each lead; of several rows the last by id speaks. Only what changes.
CREATE TEMP TABLE ${scratch_2} AS
SELECT lead_id, GREATEST(IFNULL(last_seen_at, TIMESTAMP_MICROS(0)), TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.seen') AS INT64)))
    AS last_seen_at, row_subsequence_id AS subsequence_id
FROM ${scratch}
WHERE lead_id IS NOT NULL AND withdrawn_at IS NULL
  AND NOT (removed_at IS NOT NULL AND removed_id IS NOT DISTINCT FROM row_id)
QUALIFY ROW_NUMBER() OVER (PARTITION BY lead_id ORDER BY row_id DESC) = 1;

-- name: seen_apply
MERGE ${lead_state} T USING ${scratch_2} S ON T.lead_id = S.lead_id
WHEN MATCHED THEN UPDATE SET last_seen_at = S.last_seen_at, subsequence_id = S.subsequence_id;

-- name: matches_read
-- Rows that may have to be brought home first: whoever meets one does that before anything follows from the others. The last
-- column: how many rows were seen at all.
SELECT *, (
  SELECT COUNT(DISTINCT n) FROM ${sync_stage}
  WHERE run_id = JSON_VALUE(@p, '$.run_id') AND staged_at >= TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.since') AS INT64)))
FROM ${scratch} WHERE @p IS NOT NULL
ORDER BY IF(lead_id IS NULL AND stamp IS NOT NULL AND NOT is_known, 0, 1), row_id;

-- name: missing
-- Enrolments that a whole scan which began after they came did not show, by id or by stamp, with the first scan that missed
-- them since they were last seen.
WITH staged AS (
  SELECT instantly_id, stamp FROM ${sync_stage} WHERE run_id = @run_id AND staged_at >= @since),
absent AS (
  SELECT s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.generation, s.last_seen_at FROM ${lead_state} s
  WHERE s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND s.finished_at IS NULL AND s.instantly_id IS NOT NULL
    AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS NOT DISTINCT FROM s.instantly_id) AND s.held_n <= s.resolved_n
    AND GREATEST(IFNULL(s.current_at, TIMESTAMP_MICROS(0)), IFNULL(s.added_at, TIMESTAMP_MICROS(0))) < @scan_started
    AND s.instantly_id NOT IN (SELECT instantly_id FROM staged)
    AND IFNULL(CONCAT(CAST(s.generation AS STRING), ':', s.claim_id), '') NOT IN (
      SELECT stamp FROM staged WHERE stamp IS NOT NULL))
SELECT a.lead_id, a.person, a.current_campaign_id, a.instantly_id, a.generation, MIN(v.occurred_at)
FROM absent a
LEFT JOIN (SELECT lead_id, instantly_id, occurred_at FROM ${lead_events} WHERE kind = 18) v
  ON v.lead_id = a.lead_id AND v.instantly_id = a.instantly_id
    AND v.occurred_at > IFNULL(a.last_seen_at, TIMESTAMP_MICROS(0))
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1;

-- name: lost_with_campaign
-- A campaign that Instantly does not have any more: its running enrolments wait for a person.
SELECT lead_id, person, current_campaign_id, instantly_id, claim_id, generation, epoch FROM ${lead_state}
WHERE settlement IN (7, 8) AND withdrawn_at IS NULL AND finished_at IS NULL
  AND NOT (removed_at IS NOT NULL AND removed_id IS NOT DISTINCT FROM instantly_id) AND held_n <= resolved_n
  AND current_campaign_id = @campaign_id ORDER BY lead_id;

-- name: metrics_gather
CREATE TEMP TABLE ${scratch} AS
SELECT JSON_VALUE(r, '$.campaign_id') AS campaign_id, JSON_VALUE(r, '$.step') AS step, JSON_VALUE(r, '$.variant') AS variant,
  TIMESTAMP_MICROS(CAST(JSON_VALUE(r, '$.day') AS INT64)) AS day, JSON_VALUE(r, '$.campaign_name') AS campaign_name,
  CAST(JSON_VALUE(r, '$.status') AS INT64) AS status, CAST(JSON_VALUE(r, '$.leads') AS INT64) AS leads,
  CAST(JSON_VALUE(r, '$.contacted') AS INT64) AS contacted, CAST(JSON_VALUE(r, '$.sent') AS INT64) AS sent,
  CAST(JSON_VALUE(r, '$.opened') AS INT64) AS opened, CAST(JSON_VALUE(r, '$.replied') AS INT64) AS replied,
  CAST(JSON_VALUE(r, '$.clicked') AS INT64) AS clicked, CAST(JSON_VALUE(r, '$.bounced') AS INT64) AS bounced,
  CAST(JSON_VALUE(r, '$.unsubscribed') AS INT64) AS unsubscribed, CAST(JSON_VALUE(r, '$.completed') AS INT64) AS completed
FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.rows')) r
QUALIFY ROW_NUMBER() OVER (PARTITION BY campaign_id, step, variant, day ORDER BY CAST(JSON_VALUE(r, '$.n') AS INT64) DESC) = 1;

-- name: metrics_apply
MERGE ${campaign_metrics} T USING ${scratch} S
ON T.campaign_id = S.campaign_id AND T.step = S.step AND T.variant = S.variant AND T.day IS NOT DISTINCT FROM S.day
WHEN MATCHED THEN UPDATE SET campaign_name = S.campaign_name, status = S.status, leads = S.leads, contacted = S.contacted,
  sent = S.sent, opened = S.opened, replied = S.replied, clicked = S.clicked, bounced = S.bounced,
  unsubscribed = S.unsubscribed, completed = S.completed
WHEN NOT MATCHED THEN INSERT (campaign_id, step, variant, day, campaign_name, status, leads, contacted, sent, opened, replied,
  clicked, bounced, unsubscribed, completed)
  VALUES (S.campaign_id, S.step, S.variant, S.day, S.campaign_name, S.status, S.leads, S.contacted, S.sent, S.opened,
  S.replied, S.clicked, S.bounced, S.unsubscribed, S.completed);

-- name: status_gather
-- Persons ever enrolled in a campaign, and those of them whose sequence is completed: as in changes_gather.
CREATE TEMP TABLE ${scratch_2} AS
WITH persons AS (
  SELECT campaign_id, person, LOGICAL_OR(
    settlement IN (7, 8) AND withdrawn_at IS NULL AND (finished_at IS NOT NULL OR is_removed)
    AND (is_removed OR outcome = 1 OR (settlement = 7 AND JSON_VALUE(@p, '$.include_adopted') = '0')
      OR CAST(IF(IFNULL(replied_at > IFNULL(reopened_at, TIMESTAMP_MICROS(0)), FALSE) AND outcome > 1, 5, outcome) AS STRING) IN UNNEST(JSON_VALUE_ARRAY(@p, '$.kept'))
      OR current_campaign_id IS NULL OR current_campaign_id NOT IN UNNEST(JSON_VALUE_ARRAY(@p, '$.configured'))))
      AS is_completed
  FROM (
    SELECT IFNULL(s.campaign_id, s.current_campaign_id) AS campaign_id, s.person, s.settlement, s.withdrawn_at, s.finished_at,
      s.outcome, s.replied_at, s.reopened_at, s.current_campaign_id,
      s.removed_at IS NOT NULL AND s.removed_id IS NOT DISTINCT FROM s.instantly_id AS is_removed
    FROM ${lead_state} s
    WHERE s.ever_added_at IS NOT NULL AND IFNULL(s.campaign_id, s.current_campaign_id) IS NOT NULL)
  GROUP BY campaign_id, person),
totals AS (
  SELECT campaign_id, COUNT(*) AS total, COUNTIF(is_completed) AS completed FROM persons GROUP BY campaign_id)
SELECT JSON_VALUE(r, '$.campaign_id') AS campaign_id, JSON_VALUE(r, '$.campaign_name') AS campaign_name,
  IFNULL(t.total, 0) AS total_leads, IFNULL(t.completed, 0) AS leads_completed,
  TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.synced_at') AS INT64)) AS last_sync
FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.campaigns')) r LEFT JOIN totals t ON t.campaign_id = JSON_VALUE(r, '$.campaign_id');

-- name: status_apply
MERGE ${campaign_status} T USING ${scratch_2} S ON T.campaign_id = S.campaign_id
WHEN MATCHED THEN UPDATE SET campaign_name = S.campaign_name, total_leads = S.total_leads,
  leads_completed = S.leads_completed, last_sync = S.last_sync
WHEN NOT MATCHED THEN INSERT (campaign_id, campaign_name, total_leads, leads_completed, last_sync)
  VALUES (S.campaign_id, S.campaign_name, S.total_leads, S.leads_completed, S.last_sync);

-- name: removals
-- What is due for removal, oldest first, read page by page from one job. Whoever replied (5) is treated so, whatever outranks
-- it. The grace of an outcome is a text in a list; one that is never over is not in it. A lead `instantly:...` is a row that
-- others put there: known, never ours. The last columns say what stopped_live alone knows.
SELECT s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.claim_id, s.generation, s.epoch, s.outcome,
  s.finished_at, s.settlement = 7,
  s.person IN (SELECT person FROM ${suppressions} WHERE pushed_at IS NOT NULL AND person IS NOT NULL), g.outcome,
  FALSE, FALSE, FALSE, FALSE, FALSE, FALSE
FROM ${lead_state} s
JOIN (SELECT CAST(JSON_VALUE(r, '$.outcome') AS INT64) AS outcome,
        TIMESTAMP_MICROS(CAST(JSON_VALUE(r, '$.until') AS INT64)) AS until
      FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.grace')) r) g
  ON g.outcome = IF(IFNULL(s.replied_at > IFNULL(s.reopened_at, TIMESTAMP_MICROS(0)), FALSE), 5, s.outcome)
WHERE (s.settlement = 8 OR (s.settlement = 7 AND JSON_VALUE(@p, '$.include_adopted') = '1')) AND s.withdrawn_at IS NULL
  AND NOT STARTS_WITH(s.lead_id, 'instantly:')
  AND s.finished_at IS NOT NULL AND s.outcome > 1 AND s.instantly_id IS NOT NULL
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS NOT DISTINCT FROM s.instantly_id) AND s.held_n <= s.resolved_n
  AND s.finished_at <= g.until
  AND (JSON_VALUE(@p, '$.after_lead_id') IS NULL
    OR s.finished_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.after') AS INT64))
    OR (s.finished_at = TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.after') AS INT64))
      AND s.lead_id > JSON_VALUE(@p, '$.after_lead_id')))
ORDER BY s.finished_at, s.lead_id;

-- name: stopped_live
-- Enrolments of ours that may be live, of persons with any stop in force, in the order of lead_id; with @is_open the leads of
-- such persons whose claim nobody settled. A stop names a person by its folded address or its domain; the block list knows
-- only the very address, and what it matches is not mailed: such an entry takes nothing out. core/stop_hits.h says which are bulk.
WITH stops AS (
  SELECT match_key, person, domain, reason, pushed_at, IFNULL(source, '') = 'blocklist' AS is_listed,
    IFNULL(source, '') <> 'blocklist' AND expires_at IS NULL AND (reason IN ('unsubscribed', 'manual')
      OR (source IN ('command', 'import', 'inbox', 'opt_out') AND reason NOT IN ('replied', 'bounced'))) AS is_lasting
  FROM ${suppressions}
  WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now)
    AND NOT (@bulk_waits AND allowed_at IS NULL AND (domain IS NOT NULL
      OR IFNULL(source, '') NOT IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command')))),
live AS (
  SELECT lead_id, person, IF(@is_open, campaign_id, current_campaign_id) AS campaign_id,
    IF(@is_open, CAST(NULL AS STRING), instantly_id) AS instantly_id, claim_id, generation, epoch, settlement = 7 AS is_adopted,
    held_n > resolved_n AS is_held, IFNULL(last_seen_at >= current_at, FALSE) AS was_seen,
    SUBSTR(person, STRPOS(person, '@')) AS domain_key, REGEXP_REPLACE(person, r'^([^+@]+)\+[^@]*@', r'\1@') AS person_key
  FROM ${lead_state}
  WHERE lead_id > @after_lead_id AND ((@is_open AND settlement = 1)
    OR (NOT @is_open AND (settlement = 8 OR (settlement = 7 AND @include_adopted)) AND withdrawn_at IS NULL
      AND NOT STARTS_WITH(lead_id, 'instantly:') AND instantly_id IS NOT NULL
      AND (finished_at IS NULL OR (subsequence_id IS NOT NULL AND IFNULL(last_seen_at >= current_at, FALSE)) OR held_n > resolved_n OR IFNULL(held_reason, '') = 'relaunched')
      AND NOT (removed_at IS NOT NULL AND removed_id IS NOT DISTINCT FROM instantly_id)))),
met AS (
  SELECT l.lead_id, s.reason, s.is_lasting, s.domain IS NOT NULL OR s.person = l.person AS is_own, s.is_listed, s.pushed_at
  FROM live l JOIN stops s ON s.match_key = l.person_key
  UNION ALL
  SELECT l.lead_id, s.reason, s.is_lasting, TRUE, s.is_listed, s.pushed_at
  FROM live l JOIN stops s ON s.match_key = l.domain_key),
judged AS (
  SELECT lead_id, LOGICAL_OR(is_lasting) AS is_lasting, LOGICAL_OR(reason NOT IN ('replied', 'bounced')) AS cuts_answered,
    LOGICAL_OR(is_lasting AND reason = 'unsubscribed') AS is_unsubscribed, LOGICAL_OR(is_lasting AND is_own) AS is_named,
    LOGICAL_OR(is_lasting AND is_own AND pushed_at IS NOT NULL) AS is_pushed
  FROM met WHERE NOT (is_listed AND is_own) GROUP BY lead_id)
SELECT l.lead_id, l.person, l.campaign_id, l.instantly_id, l.claim_id, l.generation, l.epoch, 8, NULL, l.is_adopted,
  j.is_pushed, 8, j.is_named, l.was_seen, j.is_lasting, j.is_unsubscribed, j.cuts_answered, l.is_held
FROM live l JOIN judged j ON j.lead_id = l.lead_id ORDER BY l.lead_id;

-- name: removal_counts
SELECT s.current_campaign_id, s.outcome, COUNT(*)
FROM ${lead_state} s
JOIN (SELECT CAST(JSON_VALUE(r, '$.outcome') AS INT64) AS outcome,
        TIMESTAMP_MICROS(CAST(JSON_VALUE(r, '$.until') AS INT64)) AS until
      FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.grace')) r) g
  ON g.outcome = IF(IFNULL(s.replied_at > IFNULL(s.reopened_at, TIMESTAMP_MICROS(0)), FALSE), 5, s.outcome)
WHERE (s.settlement = 8 OR (s.settlement = 7 AND JSON_VALUE(@p, '$.include_adopted') = '1')) AND s.withdrawn_at IS NULL
  AND NOT STARTS_WITH(s.lead_id, 'instantly:')
  AND s.finished_at IS NOT NULL AND s.outcome > 1 AND s.instantly_id IS NOT NULL
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS NOT DISTINCT FROM s.instantly_id) AND s.held_n <= s.resolved_n
  AND s.finished_at <= g.until
GROUP BY 1, 2 ORDER BY 1, 2;
