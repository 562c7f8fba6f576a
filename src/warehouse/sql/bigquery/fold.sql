-- The fold: core/fold.h as SQL. Statements of a script share all parameters; each must name every one of them (the emulator
-- hands all to each), and a MERGE none.

-- name: fold_gather
-- Every event is lifted to the state that it alone implies, the stored states are put beside them, and one aggregate merges
-- them all: so there is one set of rules. Events recorded since @since alone are read (partitions by day); they may have been
-- folded before: every rule is a maximum or a minimum. Fields of a generation come from the newest generation alone. A @since
-- before the epoch leaves the stored states out, but for their versions: `verify` asks so, and who makes them anew.
CREATE TEMP TABLE ${scratch} AS
WITH fresh AS (
  SELECT kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, attempt,
    GREATEST(generation, 1) AS generation, epoch, NULLIF(occurred_at, TIMESTAMP '1970-01-01 00:00:00+00') AS occurred_at,
    recorded_at
  FROM ${lead_events} WHERE recorded_at >= @since AND lead_id IS NOT NULL AND @run_id IS NOT NULL),
lifted AS (
  SELECT lead_id, person, generation,
    IF(kind = 12, occurred_at, NULL) AS reopened_at,
    IF(kind = 1, claim_id, NULL) AS claim_id,
    IF(kind IN (1, 12), campaign_id, NULL) AS campaign_id,
    IF(kind = 1, epoch, 0) AS epoch,
    IF(kind = 1, attempt, 0) AS attempts,
    CASE kind WHEN 1 THEN 1 WHEN 8 THEN 2 WHEN 6 THEN 3 WHEN 7 THEN 4 WHEN 5 THEN 5 WHEN 11 THEN 6 WHEN 4 THEN 7
      WHEN 3 THEN 8 ELSE 0 END AS settlement,
    IF(kind IN (1, 3, 4, 5, 6, 7, 8, 11), epoch, 0) AS settlement_epoch,
    IF(kind IN (1, 3, 4, 5, 6, 7, 8, 11), reason, NULL) AS reason,
    IF(kind IN (3, 4, 17), instantly_id, NULL) AS instantly_id,
    IF(kind IN (3, 4, 17), campaign_id, NULL) AS current_campaign_id,
    IF(kind IN (3, 4, 17), occurred_at, NULL) AS current_at,
    IF(kind IN (3, 4), occurred_at, NULL) AS added_at,
    IF(kind IN (3, 4), occurred_at, NULL) AS ever_added_at,
    IF(kind = 13 AND fact IN (1, 2, 3, 4, 5, 7), occurred_at, NULL) AS sent_at,
    IF(kind = 13 AND fact = 4, occurred_at, NULL) AS replied_at,
    IF(kind = 13, CASE fact WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 3 WHEN 4 THEN 4 WHEN 5 THEN 1 WHEN 7 THEN 5
      WHEN 8 THEN 6 ELSE 0 END, 0) AS email_status,
    IF(kind = 14, occurred_at, NULL) AS finished_at,
    IF(kind = 14, CASE reason WHEN 'removed_by_hand' THEN 1 WHEN 'skipped' THEN 2 WHEN 'no_reply' THEN 3
      WHEN 'interest' THEN 4 WHEN 'replied' THEN 5 WHEN 'bounced' THEN 6 WHEN 'unsubscribed' THEN 7 ELSE 0 END, 0)
      AS outcome,
    IF(kind = 16, occurred_at, NULL) AS removed_at,
    IF(kind = 16, instantly_id, NULL) AS removed_id,
    IF(kind = 21, occurred_at, NULL) AS withdrawn_at,
    IF(kind = 9, attempt, 0) AS held_n,
    IF(kind = 9, reason, NULL) AS held_reason,
    IF(kind = 10, attempt, 0) AS resolved_n,
    recorded_at AS first_recorded_at,
    0 AS version
  FROM fresh
  UNION ALL
  SELECT lead_id, person, generation, reopened_at, claim_id, campaign_id, epoch, attempts, settlement, settlement_epoch,
    reason, instantly_id, current_campaign_id, current_at, added_at, ever_added_at, sent_at, replied_at, email_status,
    finished_at, outcome, removed_at, removed_id, withdrawn_at, held_n, held_reason, resolved_n, first_recorded_at, version
  FROM ${lead_state}
  WHERE @since >= TIMESTAMP '1970-01-01 00:00:00+00' AND lead_id IN (SELECT lead_id FROM fresh)
  UNION ALL
  SELECT lead_id, NULL, 0, NULL, NULL, NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, 0, NULL, NULL,
    NULL, 0, NULL, 0, NULL, version
  FROM ${lead_state}
  WHERE @since < TIMESTAMP '1970-01-01 00:00:00+00' AND lead_id IN (SELECT lead_id FROM fresh)),
ranked AS (SELECT l.*, l.generation = MAX(l.generation) OVER (PARTITION BY l.lead_id) AS is_newest FROM lifted l),
merged AS (
  SELECT lead_id, MIN(person) AS person, MAX(generation) AS generation, MAX(reopened_at) AS reopened_at,
    ARRAY_AGG(IF(is_newest, STRUCT(claim_id AS claim_id, campaign_id AS campaign_id, epoch AS epoch, attempts AS attempts),
        NULL) IGNORE NULLS
      ORDER BY IFNULL(epoch, 0) DESC, claim_id DESC, campaign_id DESC, IFNULL(attempts, 0) DESC LIMIT 1)[OFFSET(0)] AS claim,
    ARRAY_AGG(IF(is_newest, STRUCT(settlement AS settlement, settlement_epoch AS settlement_epoch, reason AS reason), NULL)
      IGNORE NULLS
      ORDER BY CASE settlement WHEN 8 THEN 2 WHEN 7 THEN 1 ELSE 0 END DESC, IFNULL(settlement_epoch, 0) DESC,
        settlement DESC, reason DESC LIMIT 1)[OFFSET(0)] AS settled,
    ARRAY_AGG(IF(is_newest, STRUCT(instantly_id AS instantly_id, current_campaign_id AS current_campaign_id,
        current_at AS current_at), NULL) IGNORE NULLS
      ORDER BY current_at DESC, instantly_id DESC, current_campaign_id DESC LIMIT 1)[OFFSET(0)] AS place,
    ARRAY_AGG(IF(is_newest, STRUCT(removed_at AS removed_at, removed_id AS removed_id), NULL) IGNORE NULLS
      ORDER BY removed_at DESC, removed_id DESC LIMIT 1)[OFFSET(0)] AS removal,
    ARRAY_AGG(STRUCT(held_n AS held_n, held_reason AS held_reason)
      ORDER BY held_n DESC, held_reason DESC LIMIT 1)[OFFSET(0)] AS held,
    MIN(IF(is_newest, added_at, NULL)) AS added_at, MAX(ever_added_at) AS ever_added_at, MIN(sent_at) AS sent_at,
    MIN(replied_at) AS replied_at, MAX(email_status) AS email_status,
    MIN(IF(is_newest, finished_at, NULL)) AS finished_at, MAX(IF(is_newest, outcome, 0)) AS outcome,
    MAX(IF(is_newest, withdrawn_at, NULL)) AS withdrawn_at, MAX(resolved_n) AS resolved_n,
    MIN(first_recorded_at) AS first_recorded_at, MAX(version) AS version
  FROM ranked GROUP BY lead_id)
SELECT m.lead_id, m.person, SUBSTR(m.person, STRPOS(m.person, '@') + 1) AS domain, m.generation, m.reopened_at,
  m.claim.claim_id AS claim_id, m.claim.campaign_id AS campaign_id, m.claim.epoch AS epoch, m.claim.attempts AS attempts,
  m.settled.settlement AS settlement, m.settled.settlement_epoch AS settlement_epoch, m.settled.reason AS reason,
  m.place.instantly_id AS instantly_id, m.place.current_campaign_id AS current_campaign_id,
  m.place.current_at AS current_at, m.added_at, m.ever_added_at, m.sent_at, m.replied_at, m.email_status, m.finished_at,
  m.outcome, m.removal.removed_at AS removed_at, m.removal.removed_id AS removed_id, m.withdrawn_at,
  m.held.held_n AS held_n, m.held.held_reason AS held_reason, m.resolved_n, m.first_recorded_at, m.version
FROM merged m;

-- name: fold_write
-- Only rows that are as they were when they were gathered: a fold that took longer than its lease writes nothing over a later
-- one. What it leaves is in the window of the next.
MERGE ${lead_state} T USING ${scratch} S ON T.lead_id = S.lead_id
WHEN MATCHED AND T.version = S.version THEN UPDATE SET
  person = S.person, domain = S.domain, generation = S.generation, reopened_at = S.reopened_at, claim_id = S.claim_id,
  campaign_id = S.campaign_id, epoch = S.epoch, attempts = S.attempts, settlement = S.settlement,
  settlement_epoch = S.settlement_epoch, reason = S.reason, instantly_id = S.instantly_id,
  current_campaign_id = S.current_campaign_id, current_at = S.current_at, added_at = S.added_at,
  ever_added_at = S.ever_added_at, sent_at = S.sent_at, replied_at = S.replied_at, email_status = S.email_status,
  finished_at = S.finished_at, outcome = S.outcome, removed_at = S.removed_at, removed_id = S.removed_id,
  withdrawn_at = S.withdrawn_at, held_n = S.held_n, held_reason = S.held_reason, resolved_n = S.resolved_n,
  first_recorded_at = S.first_recorded_at, version = T.version + 1
WHEN NOT MATCHED THEN INSERT (lead_id, person, domain, generation, reopened_at, claim_id, campaign_id, epoch, attempts,
  settlement, settlement_epoch, reason, instantly_id, current_campaign_id, current_at, added_at, ever_added_at, sent_at,
  replied_at, email_status, finished_at, outcome, removed_at, removed_id, withdrawn_at, held_n, held_reason, resolved_n,
  first_recorded_at, last_seen_at, subsequence_id, version)
  VALUES (S.lead_id, S.person, S.domain, S.generation, S.reopened_at, S.claim_id, S.campaign_id, S.epoch, S.attempts,
  S.settlement, S.settlement_epoch, S.reason, S.instantly_id, S.current_campaign_id, S.current_at, S.added_at,
  S.ever_added_at, S.sent_at, S.replied_at, S.email_status, S.finished_at, S.outcome, S.removed_at, S.removed_id,
  S.withdrawn_at, S.held_n, S.held_reason, S.resolved_n, S.first_recorded_at, NULL, NULL, 1);

-- name: state_sum
-- What lead_state comes to: rows, enrolled ones, and a sum over what the fold writes. It stands as ${state_sum} where it is
-- noted and where it is compared, so that the two cannot differ.
SELECT CONCAT(CAST(COUNT(*) AS STRING), ' ', CAST(COUNTIF(settlement IN (7, 8) AND withdrawn_at IS NULL) AS STRING), ' ',
  CAST(IFNULL(BIT_XOR(FARM_FINGERPRINT(CONCAT(lead_id, '|', IFNULL(person, ''), '|', CAST(generation AS STRING), '|',
    CAST(IFNULL(UNIX_MICROS(reopened_at), 0) AS STRING), '|', IFNULL(claim_id, ''), '|', IFNULL(campaign_id, ''), '|',
    CAST(IFNULL(epoch, 0) AS STRING), '|', CAST(IFNULL(attempts, 0) AS STRING), '|', CAST(settlement AS STRING), '|',
    CAST(IFNULL(settlement_epoch, 0) AS STRING), '|', IFNULL(reason, ''), '|', IFNULL(instantly_id, ''), '|',
    IFNULL(current_campaign_id, ''), '|', CAST(IFNULL(UNIX_MICROS(added_at), 0) AS STRING), '|',
    CAST(IFNULL(UNIX_MICROS(ever_added_at), 0) AS STRING), '|', CAST(IFNULL(UNIX_MICROS(sent_at), 0) AS STRING), '|',
    CAST(IFNULL(UNIX_MICROS(replied_at), 0) AS STRING), '|', CAST(email_status AS STRING), '|',
    CAST(IFNULL(UNIX_MICROS(finished_at), 0) AS STRING), '|', CAST(outcome AS STRING), '|',
    CAST(IFNULL(UNIX_MICROS(removed_at), 0) AS STRING), '|', IFNULL(removed_id, ''), '|',
    CAST(IFNULL(UNIX_MICROS(withdrawn_at), 0) AS STRING), '|', CAST(held_n AS STRING), '|', CAST(resolved_n AS STRING)))), 0)
    AS STRING)) AS text
FROM ${lead_state};

-- name: fold_answer
-- What is asked after a fold, in the same job: what lead_state adds up to, and the counts of the run that folds. Unsettled are
-- also claims that lead_state does not show (unsettled_claims). seen: of each run the events that were streamed; claims, and
-- what a claim's statement writes beside them, are not.
SELECT 'enrolled' AS what, COUNT(DISTINCT person) AS n, CAST(NULL AS STRING) AS text, 0 AS kind, 0 AS fact
FROM ${lead_state} WHERE settlement IN (7, 8) AND withdrawn_at IS NULL
UNION ALL
SELECT 'unsettled', COUNT(DISTINCT claim_id), NULL, 0, 0 FROM (
  SELECT claim_id FROM ${lead_state} WHERE settlement = 1
  UNION ALL
  SELECT claim_id FROM ${lead_events}
  WHERE kind = 1 AND recorded_at >= @since AND claim_id IS NOT NULL
    AND claim_id NOT IN (SELECT claim_id FROM ${lead_state} WHERE claim_id IS NOT NULL)
    AND claim_id NOT IN (
      SELECT claim_id FROM ${lead_events} WHERE kind BETWEEN 3 AND 8 AND recorded_at >= @since AND claim_id IS NOT NULL))
UNION ALL
SELECT 'claimed', COUNTIF(claim_id IS NOT NULL), NULL, 0, 0 FROM ${lead_state}
UNION ALL
SELECT 'state', 0, text, 0, 0 FROM ${state_sum}
UNION ALL
SELECT 'events', COUNT(*), NULL, 0, 0 FROM ${lead_events}
UNION ALL
SELECT 'newest_id', 0, MAX(instantly_id), 0, 0 FROM ${lead_state}
WHERE LENGTH(instantly_id) > 14 AND SUBSTR(instantly_id, 15, 1) = '7'
UNION ALL
SELECT 'seen', COUNT(DISTINCT event_id), run_id, 0, 0 FROM ${lead_events}
WHERE recorded_at >= @since AND run_id IS NOT NULL AND kind <> 1 AND NOT (kind = 12 AND IFNULL(reason, '') = 'cooldown')
GROUP BY run_id
UNION ALL
SELECT 'count', COUNT(*), reason, kind, fact FROM (
  SELECT event_id, kind, fact, reason FROM ${lead_events} WHERE run_id = @run_id AND recorded_at >= @since
  GROUP BY 1, 2, 3, 4)
GROUP BY kind, fact, reason
ORDER BY 1, 4, 5, 3;
