-- What commands of operators ask for.

-- name: contacted_before
-- Rows of the source that show a contact, of persons whom the ledger does not know, in the order of lead_id: read page by
-- page from one job, so that of several rows of a person the first alone comes. Whether an address is one is decided by
-- base/email.h.
WITH foreigners AS (
  SELECT JSON_VALUE(u, '$.lead_id') AS lead_id, JSON_VALUE(u, '$.person') AS person
  FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.foreigners')) u),
source AS (
  SELECT l.${lead_id} AS lead_id, l.${email} AS email, IF(UPPER(TRIM(l.${campaign_id}, '\t\n\v\f\r ')) IN ('', 'NULL'), NULL, TRIM(l.${campaign_id}, '\t\n\v\f\r ')) AS campaign_id,
    IFNULL(u.person, LOWER(TRIM(l.${email}, '\t\n\v\f\r '))) AS person
  FROM ${leads} l LEFT JOIN foreigners u ON u.lead_id = l.${lead_id}
  WHERE TRIM(l.${lead_id}, '\t\n\v\f\r ') <> '' AND (IFNULL(l.${added_to_instantly}, FALSE) OR IFNULL(l.${cold_email_sent}, FALSE)
    OR IFNULL(l.${sequence_completed}, FALSE) OR LOWER(TRIM(IFNULL(l.${last_email_status}, ''), '\t\n\v\f\r ')) NOT IN ('', 'null'))),
unknown AS (
  SELECT * FROM source
  WHERE lead_id NOT IN (SELECT lead_id FROM ${lead_state})
    AND person NOT IN (SELECT person FROM ${lead_state} WHERE person IS NOT NULL)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY person ORDER BY lead_id) = 1)
SELECT lead_id, email, campaign_id FROM unknown WHERE lead_id > IFNULL(JSON_VALUE(@p, '$.after'), '') ORDER BY lead_id;

-- name: retiring
-- Leads of a campaign that is gone with something to end: the open claim, the running enrolment, the hold.
SELECT lead_id, person, instantly_id, claim_id, held_n, generation, epoch, settlement = 1, finished_at IS NULL,
  held_n > resolved_n
FROM ${lead_state}
WHERE (settlement = 1 AND campaign_id = @campaign_id)
  OR (settlement IN (7, 8) AND withdrawn_at IS NULL AND current_campaign_id = @campaign_id
    AND NOT (removed_at IS NOT NULL AND removed_id IS NOT DISTINCT FROM instantly_id)
    AND (finished_at IS NULL OR held_n > resolved_n))
ORDER BY lead_id;

-- name: ever_enrolled
-- Leads of these persons that were ever enrolled; persons are compared without their +tags.
SELECT lead_id, person, current_campaign_id, instantly_id, claim_id, generation, epoch, UNIX_MICROS(replied_at)
FROM ${lead_state}
WHERE ever_added_at IS NOT NULL AND REGEXP_REPLACE(person, r'^([^+@]+)\+[^@]*@', r'\1@') IN (
  SELECT JSON_VALUE(f) FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.folded')) f)
ORDER BY lead_id;

-- name: first_enrolled
SELECT UNIX_MICROS(MIN(ever_added_at)) FROM ${lead_state} WHERE @p IS NOT NULL;
