-- The checks of `verify`, all of the ledger in one job and all of the staged rows in another. The numbers are those of enum
-- verify_check; the rows come check by check. Whole tables are read by intention.

-- name: verify_ledger
-- Behind fold_gather with @since before the epoch: the temporary table is what the events alone add up to. An event's id is
-- that of core/event_id.h. Whether a claim was sent: of the batches of its run and campaign that begin no later, does one
-- reach as far? Claims of a bootstrap were sent by a ledger that is gone.
WITH told AS (
  SELECT event_id, lead_id, campaign_id, TO_HEX(SHA256(CONCAT(
    'i', CAST(kind AS STRING), ',i', CAST(fact AS STRING), ',',
    IFNULL(CONCAT('s', CAST(BYTE_LENGTH(reason) AS STRING), ':', reason, ','), 'n,'),
    IFNULL(CONCAT('s', CAST(BYTE_LENGTH(lead_id) AS STRING), ':', lead_id, ','), 'n,'),
    IFNULL(CONCAT('s', CAST(BYTE_LENGTH(person) AS STRING), ':', person, ','), 'n,'),
    IFNULL(CONCAT('s', CAST(BYTE_LENGTH(campaign_id) AS STRING), ':', campaign_id, ','), 'n,'),
    IFNULL(CONCAT('s', CAST(BYTE_LENGTH(instantly_id) AS STRING), ':', instantly_id, ','), 'n,'),
    IFNULL(CONCAT('s', CAST(BYTE_LENGTH(claim_id) AS STRING), ':', claim_id, ','), 'n,'),
    IFNULL(CONCAT('s', CAST(BYTE_LENGTH(batch_id) AS STRING), ':', batch_id, ','), 'n,'),
    'i', CAST(ord AS STRING), ',i', CAST(ord_to AS STRING), ',',
    IFNULL(CONCAT('s', CAST(BYTE_LENGTH(body_hash) AS STRING), ':', body_hash, ','), 'n,'),
    'i', CAST(attempt AS STRING), ',i', CAST(generation AS STRING), ',i', CAST(UNIX_MICROS(occurred_at) AS STRING), ',',
    IFNULL(CONCAT('s', CAST(BYTE_LENGTH(detail) AS STRING), ':', detail, ','), 'n,')))) AS made_id
  FROM ${lead_events}),
compared AS (
  SELECT f.lead_id, CASE
    WHEN s.lead_id IS NULL THEN 'no row'
    WHEN s.person IS DISTINCT FROM f.person OR s.domain IS DISTINCT FROM f.domain THEN 'person'
    WHEN s.generation <> f.generation OR s.reopened_at IS DISTINCT FROM f.reopened_at THEN 'generation'
    WHEN s.claim_id IS DISTINCT FROM f.claim_id OR s.campaign_id IS DISTINCT FROM f.campaign_id
      OR s.epoch IS DISTINCT FROM f.epoch OR s.attempts IS DISTINCT FROM f.attempts THEN 'claim_id'
    WHEN s.settlement <> f.settlement OR s.settlement_epoch IS DISTINCT FROM f.settlement_epoch
      OR s.reason IS DISTINCT FROM f.reason THEN 'settlement'
    WHEN s.instantly_id IS DISTINCT FROM f.instantly_id OR s.current_campaign_id IS DISTINCT FROM f.current_campaign_id
      OR s.current_at IS DISTINCT FROM f.current_at THEN 'instantly_id'
    WHEN s.added_at IS DISTINCT FROM f.added_at OR s.ever_added_at IS DISTINCT FROM f.ever_added_at THEN 'added_at'
    WHEN s.sent_at IS DISTINCT FROM f.sent_at OR s.replied_at IS DISTINCT FROM f.replied_at
      OR s.email_status <> f.email_status THEN 'email_status'
    WHEN s.finished_at IS DISTINCT FROM f.finished_at OR s.outcome <> f.outcome THEN 'outcome'
    WHEN s.removed_at IS DISTINCT FROM f.removed_at OR s.removed_id IS DISTINCT FROM f.removed_id
      OR s.withdrawn_at IS DISTINCT FROM f.withdrawn_at THEN 'removed_at'
    WHEN s.held_n <> f.held_n OR s.held_reason IS DISTINCT FROM f.held_reason OR s.resolved_n <> f.resolved_n THEN 'held_n'
    WHEN s.first_recorded_at IS DISTINCT FROM f.first_recorded_at THEN 'first_recorded_at'
  END AS what
  FROM ${scratch} f LEFT JOIN ${lead_state} s ON s.lead_id = f.lead_id),
sends AS (
  SELECT kind, run_id, campaign_id, ord, ord_to, CAST(NULL AS STRING) AS lead_id, CAST(NULL AS STRING) AS claim_id
  FROM ${lead_events} WHERE kind = 2
  UNION ALL
  SELECT kind, REGEXP_EXTRACT(claim_id, r'^(.*)\.[0-9]+$'), campaign_id,
    CAST(REGEXP_EXTRACT(claim_id, r'\.([0-9]+)$') AS INT64), NULL, lead_id, claim_id
  FROM ${lead_events} WHERE kind = 3 AND claim_id IS NOT NULL),
live AS (
  SELECT lead_id, person, instantly_id, current_campaign_id, REGEXP_REPLACE(person, r'^([^+@]+)\+[^@]*@', r'\1@') AS person_key
  FROM ${lead_state}
  WHERE settlement IN (7, 8) AND withdrawn_at IS NULL AND person IS NOT NULL
    AND NOT (removed_at IS NOT NULL AND removed_id IS NOT DISTINCT FROM instantly_id)),
reached AS (
  SELECT kind, lead_id, campaign_id, claim_id, ord, MAX(ord_to) OVER (PARTITION BY run_id, campaign_id
      ORDER BY ord, kind ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS sent_to
  FROM sends)
SELECT check_n, lead_id, instantly_id, campaign_id, detail FROM (
  SELECT 1 AS check_n, lead_id, CAST(NULL AS STRING) AS instantly_id, campaign_id, CONCAT('event ', event_id) AS detail
  FROM told WHERE event_id <> made_id
  UNION ALL
  SELECT 2, lead_id, CAST(NULL AS STRING), CAST(NULL AS STRING), what FROM compared WHERE what IS NOT NULL
  UNION ALL
  SELECT 3, lead_id, CAST(NULL AS STRING), CAST(NULL AS STRING), CAST(NULL AS STRING)
  FROM ${lead_state}
  WHERE lead_id NOT IN (SELECT lead_id FROM ${lead_events} WHERE lead_id IS NOT NULL)
  UNION ALL
  SELECT 4, MIN(lead_id), CAST(NULL AS STRING), MIN(campaign_id), CONCAT('claim ', claim_id)
  FROM ${lead_events}
  WHERE kind IN (3, 4, 6, 7) AND claim_id IS NOT NULL GROUP BY claim_id
  HAVING MIN(IF(kind IN (3, 4), instantly_id, NULL)) IS DISTINCT FROM MAX(IF(kind IN (3, 4), instantly_id, NULL))
    OR (COUNTIF(kind IN (3, 4)) > 0 AND COUNTIF(kind IN (6, 7)) > 0)
  UNION ALL
  SELECT 5, MIN(lead_id), CAST(NULL AS STRING), MIN(campaign_id), CONCAT('claim ', claim_id) FROM reached
  WHERE kind = 3 AND NOT IFNULL(sent_to >= ord, FALSE) AND claim_id NOT IN (
    SELECT claim_id FROM ${lead_events} WHERE kind = 1 AND reason = 'bootstrap' AND claim_id IS NOT NULL)
  GROUP BY claim_id
  UNION ALL
  SELECT 6, lead_id, CAST(NULL AS STRING), campaign_id, CONCAT('claim ', claim_id) FROM ${lead_state}
  WHERE settlement = 1 AND held_n <= resolved_n
  UNION ALL
  SELECT 7, lead_id, instantly_id, current_campaign_id, held_reason FROM ${lead_state}
  WHERE held_n > resolved_n AND held_reason = 'relaunched'
  UNION ALL
  SELECT 8, lead_id, instantly_id, current_campaign_id, 'several spellings' FROM live
  JOIN (SELECT person_key, COUNT(DISTINCT person) AS n FROM live GROUP BY person_key) spelt USING (person_key) WHERE n > 1)
WHERE @since IS NOT NULL AND @run_id IS NOT NULL ORDER BY check_n, lead_id, detail;

-- name: verify_stage
-- Behind matches_gather: every row that a lead has, by id or by stamp, stands in the temporary table.
WITH rows_of AS (
  SELECT row_id, row_person, row_campaign_id, stamp, status, lead_id, person, generation, claim_id, settlement,
    current_campaign_id, withdrawn_at, IFNULL(instantly_id = row_id, FALSE) AS is_own,
    IFNULL(removed_at IS NOT NULL AND removed_id IS NOT DISTINCT FROM instantly_id, FALSE) AS is_removed,
    IFNULL(REGEXP_CONTAINS(stamp, r'^[0-9]+:.+\.[0-9]+$'), FALSE) AS is_stamped,
    IFNULL(row_campaign_id IN (SELECT id FROM UNNEST(JSON_VALUE_ARRAY(@p, '$.configured')) id), FALSE) AS is_configured,
    IFNULL(row_campaign_id = JSON_VALUE(@p, '$.campaign_id'), JSON_VALUE(@p, '$.campaign_id') IS NULL) AS is_asked,
    SUBSTR(person, STRPOS(person, '@')) AS domain_key, REGEXP_REPLACE(person, r'^([^+@]+)\+[^@]*@', r'\1@') AS person_key
  FROM ${scratch}),
stops AS (
  SELECT match_key, MIN(reason) AS reason FROM ${suppressions}
  WHERE revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)))
  GROUP BY match_key),
ours AS (SELECT * FROM rows_of WHERE is_own AND settlement IN (7, 8) AND withdrawn_at IS NULL AND NOT is_removed)
SELECT check_n, lead_id, instantly_id, campaign_id, detail FROM (
  SELECT 11 AS check_n, lead_id, instantly_id, current_campaign_id AS campaign_id, CAST(NULL AS STRING) AS detail
  FROM ${lead_state}
  WHERE settlement IN (7, 8) AND withdrawn_at IS NULL AND instantly_id IS NOT NULL AND outcome <> 1
    AND NOT (removed_at IS NOT NULL AND removed_id IS NOT DISTINCT FROM instantly_id)
    AND (finished_at IS NULL OR finished_at >= TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.finished_after') AS INT64)))
    AND NOT (held_n > resolved_n AND IFNULL(held_reason, '') = 'campaign_gone')
    AND (JSON_VALUE(@p, '$.campaign_id') IS NULL OR current_campaign_id = JSON_VALUE(@p, '$.campaign_id'))
    AND lead_id NOT IN (SELECT lead_id FROM rows_of WHERE lead_id IS NOT NULL)
  UNION ALL
  SELECT 12, lead_id, row_id, row_campaign_id, CONCAT('expected in ', current_campaign_id) FROM ours
  WHERE row_campaign_id IS DISTINCT FROM current_campaign_id
    AND (is_asked OR current_campaign_id = JSON_VALUE(@p, '$.campaign_id'))
  UNION ALL
  SELECT 13, lead_id, row_id, row_campaign_id, IF(stamp IS NULL, 'no stamp', 'another stamp') FROM ours
  WHERE settlement = 8 AND is_asked AND stamp IS DISTINCT FROM CONCAT(CAST(generation AS STRING), ':', claim_id)
  UNION ALL
  SELECT 14, CAST(NULL AS STRING), row_id, row_campaign_id, CAST(NULL AS STRING) FROM rows_of
  WHERE lead_id IS NULL AND is_stamped AND is_configured AND is_asked
  UNION ALL
  SELECT 15, r.lead_id, r.row_id, r.row_campaign_id,
    CASE WHEN p.reason IS NULL THEN d.reason WHEN d.reason IS NULL THEN p.reason ELSE LEAST(p.reason, d.reason) END
  FROM rows_of r LEFT JOIN stops p ON p.match_key = r.person_key LEFT JOIN stops d ON d.match_key = r.domain_key
  WHERE r.lead_id IS NOT NULL AND r.status = 1 AND r.is_asked AND (p.reason IS NOT NULL OR d.reason IS NOT NULL)
  UNION ALL
  SELECT 16, MIN(lead_id), MIN(row_id), CAST(NULL AS STRING), CONCAT('also ', MAX(row_id)) FROM rows_of
  WHERE row_person IS NOT NULL AND (status = 1 OR stamp IS NOT NULL) AND is_configured GROUP BY row_person
  HAVING COUNTIF(is_stamped) > 1 OR (COUNTIF(status = 1) > 1 AND COUNTIF(is_stamped) > 0)
  UNION ALL
  SELECT 17, lead_id, row_id, row_campaign_id, IF(withdrawn_at IS NOT NULL, 'withdrawn', 'removed') FROM rows_of
  WHERE is_own AND is_asked AND (withdrawn_at IS NOT NULL OR is_removed))
ORDER BY check_n, IF(check_n = 16, NULL, lead_id), instantly_id;
