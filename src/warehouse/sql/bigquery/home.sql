-- Rows of Instantly with our stamp whose claim the ledger does not know (core/sync_home.h). In a ledger that is whole there
-- is none, and nothing here is asked but newest_id and stamps_of_run.

-- name: newest_id
-- Ids of version 7 rise with time.
SELECT MAX(instantly_id) FROM ${lead_state} WHERE LENGTH(instantly_id) > 14 AND SUBSTR(instantly_id, 15, 1) = '7';

-- name: stamps_of_run
-- And whether a request of it is recorded: a row in Instantly with the stamp of one without is newer than this ledger. A
-- rebuilt claim never had any.
SELECT c.claim_id, LOGICAL_OR(b.run_id IS NOT NULL OR IFNULL(c.reason, '') = 'bootstrap') FROM ${lead_events} c
LEFT JOIN ${lead_events} b ON b.kind = 2 AND b.run_id = @run_id AND b.ord <= c.ord AND b.ord_to >= c.ord
WHERE c.kind = 1 AND c.run_id = @run_id AND c.claim_id IS NOT NULL GROUP BY c.claim_id;

-- name: home_read
-- Behind matches_gather. Stamped rows without a lead, in the configured campaigns and in lists; to rebuild, also those that were adopted meanwhile, and those whose
-- claim was lost between two requests of an earlier try; or, with '$.others', rows that others put there, of persons whom the
-- source has and the ledger never enrolled. The lead: the one that the row is matched with, else the lowest of the person in
-- the source, else in the ledger. is_free: the person has no enrolment yet, and this is the first of its rows.
-- What the ledger asks Instantly about after a crash are the rows behind the newest id of version 7 that it knows: so those
-- come last, in their order.
WITH foreigners AS (
  SELECT JSON_VALUE(u, '$.lead_id') AS lead_id, JSON_VALUE(u, '$.person') AS person
  FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.foreigners')) u),
source AS (
  SELECT person, MIN(lead_id) AS lead_id
  FROM (
    SELECT l.${lead_id} AS lead_id, IFNULL(u.person, LOWER(TRIM(l.${email}, '\t\n\v\f\r '))) AS person
    FROM ${leads} l LEFT JOIN foreigners u ON u.lead_id = l.${lead_id} WHERE l.${lead_id} IS NOT NULL)
  WHERE person IN (SELECT row_person FROM ${scratch} WHERE row_person IS NOT NULL) GROUP BY person),
placed AS (
  SELECT row_id, row_person, row_campaign_id, stamp, created_at, lead_id, settlement, claim_id, withdrawn_at, is_known,
    IFNULL(REGEXP_CONTAINS(stamp, r'^[0-9]+:.+\.[0-9]+$'), FALSE) AS is_stamped
  FROM ${scratch}
  WHERE row_person IS NOT NULL AND (row_campaign_id IS NULL
    OR row_campaign_id IN (SELECT id FROM UNNEST(JSON_VALUE_ARRAY(@p, '$.campaigns')) id))),
arrivals AS (
  SELECT * FROM placed
  WHERE JSON_VALUE(@p, '$.others') = '0' AND is_stamped AND NOT is_known
    AND (lead_id IS NULL OR (JSON_VALUE(@p, '$.is_rebuild') = '1' AND NOT STARTS_WITH(lead_id, 'instantly:')
      AND withdrawn_at IS NULL AND (settlement = 7 OR (settlement = 8 AND claim_id IS NULL))))
  UNION ALL
  SELECT * FROM placed
  WHERE JSON_VALUE(@p, '$.others') = '1' AND NOT is_stamped AND lead_id IS NULL AND row_campaign_id IS NOT NULL
    AND row_person IN (SELECT person FROM source)
    AND row_person NOT IN (SELECT person FROM ${lead_state} WHERE ever_added_at IS NOT NULL AND person IS NOT NULL)),
known AS (
  SELECT person, MIN(lead_id) AS lead_id FROM ${lead_events}
  WHERE lead_id IS NOT NULL AND person IN (SELECT row_person FROM arrivals) GROUP BY person),
chosen AS (
  SELECT a.row_id, a.row_person, a.row_campaign_id, a.stamp, a.created_at,
    COALESCE(a.lead_id, s.lead_id, k.lead_id) AS lead_id,
    a.lead_id IS NOT NULL AS is_matched,
    ROW_NUMBER() OVER (PARTITION BY a.row_person ORDER BY a.row_id) = 1 AS is_first
  FROM arrivals a LEFT JOIN source s ON s.person = a.row_person LEFT JOIN known k ON k.person = a.row_person)
SELECT c.row_id, c.row_person, c.row_campaign_id, c.stamp, c.created_at, c.lead_id, t.person, t.generation,
  c.is_matched OR (c.is_first AND c.row_person NOT IN (
    SELECT person FROM ${lead_state} WHERE settlement IN (7, 8) AND withdrawn_at IS NULL AND person IS NOT NULL))
FROM chosen c LEFT JOIN ${lead_state} t ON t.lead_id = c.lead_id
ORDER BY IF(SUBSTR(c.row_id, 15, 1) = '7', 1, 0), c.row_id;
