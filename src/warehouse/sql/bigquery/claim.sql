-- Who is exported: core/eligibility.h as SQL, over the whole source, as one script of one job. Its one parameter is a JSON
-- object: campaigns, merge tags, limits, and the addresses that SQL cannot judge. The numbers are those of enum verdict and
-- enum settlement; numbers in JSON are texts, so that none loses digits.

-- name: foreign_addresses
-- What base/email.h decides and SQL cannot: an address with a byte that is not ASCII. A few.
SELECT IFNULL(${lead_id}, ''), ${email} FROM ${leads} WHERE REGEXP_CONTAINS(${email}, r'[^\x00-\x7F]');

-- name: claim_verdicts
-- Row by row rules 1 to 10 in their order, then the rank within the person (11), then the caps in the order of
-- (campaign_id, lead_id). A lead_id of blanks is none, nor is one with U+0000: no text of ours can hold it. Of rows with one
-- lead_id the first by address counts; that a person was contacted, any row of it says. A lead_id that is no longer in the source
-- lends its state to the lowest one of its person. What a plan was told ($.stops) counts as stops_gather would write it: not
-- what somebody removed to whom the evidence was no news. One row more, of verdict -1, says when the first stop or cooldown
-- ends.
CREATE TEMP TABLE ${scratch} AS
WITH feeds AS (
  SELECT JSON_VALUE(f, '$.id') AS campaign_id, JSON_VALUE(f, '$.is_fed') = '1' AS is_fed,
    JSON_VALUE(f, '$.refusal') AS refusal, CAST(JSON_VALUE(f, '$.room') AS INT64) AS room,
    CAST(JSON_VALUE(f, '$.room_verdict') AS INT64) AS room_verdict
  FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.feeds')) f),
tags AS (
  SELECT JSON_VALUE(t, '$.campaign_id') AS campaign_id, CAST(JSON_VALUE(t, '$.n') AS INT64) AS n,
    JSON_VALUE(t, '$.tag') AS tag, JSON_VALUE(t, '$.source') AS source, JSON_VALUE(t, '$.is_column') = '1' AS is_column
  FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.tags')) t),
foreigners AS (
  SELECT JSON_VALUE(u, '$.lead_id') AS lead_id, JSON_VALUE(u, '$.email') AS email,
    CAST(JSON_VALUE(u, '$.verdict') AS INT64) AS verdict, JSON_VALUE(u, '$.person') AS person
  FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.foreigners')) u),
addressed AS (
  SELECT ${lead_id} AS lead_id, ${email} AS email, LOWER(TRIM(${email}, '\t\n\v\f\r ')) AS address,
    ${first_name} AS first_name, ${last_name} AS last_name, ${company_name} AS company_name,
    IF(UPPER(TRIM(${campaign_id}, '\t\n\v\f\r ')) IN ('', 'NULL'), NULL, TRIM(${campaign_id}, '\t\n\v\f\r ')) AS campaign_id
  FROM ${leads} WHERE TRIM(${lead_id}, '\t\n\v\f\r ') <> '' AND STRPOS(${lead_id}, '\x00') = 0
  QUALIFY ROW_NUMBER() OVER (PARTITION BY ${lead_id} ORDER BY ${email}, ${campaign_id}) = 1),
spelt AS (
  SELECT a.*, LENGTH(a.address) <= 254 AND STRPOS(a.address, '@') <= 65
    AND REGEXP_CONTAINS(a.address, r"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    AS is_valid FROM addressed a),
source AS (
  SELECT s.*,
    CASE WHEN u.lead_id IS NOT NULL THEN u.person WHEN s.is_valid THEN s.address END AS person,
    CASE WHEN u.lead_id IS NOT NULL THEN u.verdict WHEN IFNULL(s.address, '') = '' THEN 1 WHEN s.is_valid THEN 0 ELSE 2 END
      AS verdict
  FROM spelt s LEFT JOIN foreigners u ON u.lead_id = s.lead_id AND u.email = s.email),
gone AS (
  SELECT person, lead_id AS state_id FROM ${lead_state}
  WHERE person IS NOT NULL AND lead_id NOT IN (SELECT lead_id FROM addressed)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY person ORDER BY ever_added_at DESC, lead_id) = 1),
heirs AS (
  SELECT MIN(s.lead_id) AS lead_id, g.state_id FROM source s JOIN gone g ON g.person = s.person
  GROUP BY g.person, g.state_id),
aliases AS (SELECT lead_id, state_id FROM heirs WHERE lead_id NOT IN (SELECT lead_id FROM ${lead_state})),
stated AS (
  SELECT r.*, s.person AS state_person,
    IFNULL(s.person = r.person AND s.settlement IN (7, 8) AND s.withdrawn_at IS NULL, FALSE) AS is_enrolled,
    s.settlement, s.reason, s.campaign_id AS state_campaign_id, s.reopened_at, s.claim_id, s.generation, s.attempts,
    IFNULL(r.verdict = 0 AND s.person <> r.person, FALSE) AS is_reused,
    SUBSTR(r.person, STRPOS(r.person, '@')) AS domain_key,
    REGEXP_REPLACE(r.person, r'^([^+@]+)\+[^@]*@', r'\1@') AS person_key
  FROM source r LEFT JOIN aliases a ON a.lead_id = r.lead_id
  LEFT JOIN ${lead_state} s ON s.lead_id = IFNULL(a.state_id, r.lead_id)),
placed AS (
  SELECT t.* EXCEPT (campaign_id), COALESCE(
      IF(NOT t.is_reused AND ((t.settlement = 2 AND (t.reason = 'absent' OR t.attempts > 1)) OR t.settlement = 0),
        NULLIF(t.state_campaign_id, ''), NULL),
      NULLIF(t.campaign_id, ''), NULLIF(JSON_VALUE(@p, '$.default_campaign'), '')) AS campaign_id
  FROM stated t),
known AS (
  SELECT person_key, LOGICAL_OR(held_n > resolved_n) AS is_held, LOGICAL_OR(settlement = 1) AS is_unsettled,
    LOGICAL_OR(settlement IN (7, 8) AND withdrawn_at IS NULL
      AND NOT (removed_at IS NOT NULL AND removed_id IS NOT DISTINCT FROM instantly_id)) AS is_in_instantly,
    MAX(ever_added_at) AS last_enrolled_at,
    ARRAY_AGG(STRUCT(outcome AS outcome, finished_at AS finished_at) ORDER BY ever_added_at DESC, lead_id LIMIT 1)[OFFSET(0)]
      AS newest
  FROM (
    SELECT s.lead_id, s.held_n, s.resolved_n, s.settlement, s.withdrawn_at, s.removed_at, s.removed_id, s.instantly_id,
      s.ever_added_at, s.outcome, s.finished_at, REGEXP_REPLACE(s.person, r'^([^+@]+)\+[^@]*@', r'\1@') AS person_key
    FROM ${lead_state} s WHERE s.person IS NOT NULL)
  GROUP BY person_key),
persons AS (
  SELECT k.*, JSON_VALUE(@p, '$.once_ever') = '0' AND k.newest.outcome IN (2, 3, 6) AND IFNULL((
      SELECT CAST(JSON_VALUE(c, '$.us') AS INT64) <> 9223372036854775807
        AND CAST(JSON_VALUE(@p, '$.now') AS INT64) - IFNULL(UNIX_MICROS(k.newest.finished_at), 0)
          >= CAST(JSON_VALUE(c, '$.us') AS INT64)
      FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.cooldowns')) c
      WHERE CAST(JSON_VALUE(c, '$.outcome') AS INT64) = k.newest.outcome), FALSE) AS is_over
  FROM known k),
shown AS (
  SELECT DISTINCT IFNULL(u.person, LOWER(TRIM(l.${email}, '\t\n\v\f\r '))) AS person
  FROM ${leads} l LEFT JOIN foreigners u ON u.email = l.${email}
  WHERE IFNULL(l.${added_to_instantly}, FALSE) OR IFNULL(l.${cold_email_sent}, FALSE) OR IFNULL(l.${sequence_completed}, FALSE)
      OR LOWER(TRIM(IFNULL(l.${last_email_status}, ''), '\t\n\v\f\r ')) NOT IN ('', 'null')),
contacted AS (
  SELECT DISTINCT REGEXP_REPLACE(person, r'^([^+@]+)\+[^@]*@', r'\1@') AS person_key FROM shown
  WHERE person NOT IN (SELECT person FROM ${lead_state} WHERE person IS NOT NULL)),
told AS (
  SELECT JSON_VALUE(t, '$.match_key') AS match_key, JSON_VALUE(t, '$.person') AS person, JSON_VALUE(t, '$.reason') AS reason,
    JSON_VALUE(t, '$.domain') AS domain, JSON_VALUE(t, '$.source') AS source,
    TIMESTAMP_MICROS(CAST(JSON_VALUE(t, '$.evidence_at') AS INT64)) AS evidence_at
  FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.stops')) t),
stops AS (
  SELECT match_key, IF(LOGICAL_OR(is_excluding), 'excluded', MIN(reason)) AS reason FROM (
    SELECT match_key, reason, IFNULL(source = 'exclusion', FALSE) AS is_excluding FROM ${suppressions}
    WHERE revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)))
    UNION ALL
    SELECT t.match_key, t.reason, FALSE FROM told t
    WHERE NOT EXISTS (
      SELECT 1 FROM ${suppressions} s
      WHERE s.match_key = t.match_key AND s.reason = t.reason AND s.person = t.person AND s.domain IS NULL
        AND s.revoked_at IS NOT NULL AND s.evidence_at >= t.evidence_at)
      AND NOT EXISTS (
        SELECT 1 FROM ${suppressions} s
        WHERE t.source = 'blocklist' AND s.match_key = t.match_key AND NOT s.was_listed
          AND s.person IS NOT DISTINCT FROM t.person AND s.domain IS NOT DISTINCT FROM t.domain))
  GROUP BY match_key),
missing AS (
  SELECT m.lead_id, ARRAY_AGG(t.tag ORDER BY t.n LIMIT 1)[OFFSET(0)] AS tag
  FROM placed m JOIN tags t ON t.campaign_id = m.campaign_id LEFT JOIN ${lead_fields} f ON f.lead_id = m.lead_id
  WHERE TRIM(IFNULL(IF(t.is_column,
      CASE t.source WHEN 'first_name' THEN m.first_name WHEN 'last_name' THEN m.last_name
        WHEN 'company_name' THEN m.company_name WHEN 'email' THEN m.email WHEN 'lead_id' THEN m.lead_id END,
      JSON_VALUE(SAFE.PARSE_JSON(f.fields)[t.source])), ''), '\t\n\v\f\r ') = ''
  GROUP BY m.lead_id),
judged AS (
  SELECT m.lead_id, m.person, m.person_key, m.campaign_id,
    m.claim_id IS NOT NULL OR IFNULL(m.generation > 1, FALSE) AS was_claimed,
    GREATEST(IFNULL(m.generation, 1), 1) + IF(m.is_enrolled, 1, 0) AS generation, m.is_enrolled AS reopens,
    IF(m.claim_id IS NULL OR m.settlement <> 2, 1,
      GREATEST(IFNULL(m.attempts, 1), 1) + IF(IFNULL(m.reason, '') IN ('absent', 'temporary'), 1, 0)) AS attempt,
    CASE WHEN p.reason IS NULL THEN d.reason WHEN d.reason IS NULL THEN p.reason ELSE LEAST(p.reason, d.reason) END AS stop,
    CONCAT(CASE m.settlement WHEN 3 THEN 'skipped' WHEN 4 THEN 'rejected' WHEN 5 THEN 'found_elsewhere' END,
      IFNULL(CONCAT('/', NULLIF(m.reason, '')), '')) AS settled,
    f.refusal, f.room, f.room_verdict, x.tag,
    CASE
      WHEN m.verdict <> 0 THEN m.verdict
      WHEN m.is_reused THEN 4
      WHEN m.is_enrolled AND NOT IFNULL(g.is_over, FALSE) THEN 5
      WHEN t.person_key IS NOT NULL THEN 6
      WHEN p.reason = 'excluded' OR d.reason = 'excluded' THEN 22
      WHEN p.reason IS NOT NULL OR d.reason IS NOT NULL THEN 7
      WHEN g.is_held THEN 8
      WHEN g.is_unsettled THEN 9
      WHEN (m.is_enrolled OR g.last_enrolled_at > IFNULL(m.reopened_at, TIMESTAMP '1970-01-01 00:00:00+00'))
        AND NOT g.is_over THEN 10
      WHEN (m.is_enrolled OR g.last_enrolled_at > IFNULL(m.reopened_at, TIMESTAMP '1970-01-01 00:00:00+00'))
        AND g.is_in_instantly THEN 21
      WHEN m.settlement IN (3, 4, 5) THEN 11
      WHEN m.campaign_id IS NULL THEN 12
      WHEN f.campaign_id IS NULL THEN 13
      WHEN NOT f.is_fed THEN 14
      WHEN x.lead_id IS NOT NULL THEN 15
      ELSE 0
    END AS verdict
  FROM placed m
  LEFT JOIN persons g ON g.person_key = m.person_key
  LEFT JOIN contacted t ON t.person_key = m.person_key
  LEFT JOIN stops p ON p.match_key = m.person_key
  LEFT JOIN stops d ON d.match_key = m.domain_key
  LEFT JOIN feeds f ON f.campaign_id = m.campaign_id
  LEFT JOIN missing x ON x.lead_id = m.lead_id),
alone AS (
  SELECT j.* EXCEPT (verdict), IF(j.verdict = 0 AND ROW_NUMBER() OVER (
      PARTITION BY j.verdict, j.person_key ORDER BY j.was_claimed DESC, j.lead_id) > 1, 16, j.verdict) AS verdict
  FROM judged j),
roomy AS (
  SELECT a.* EXCEPT (verdict), IF(a.verdict = 0 AND ROW_NUMBER() OVER (
      PARTITION BY a.verdict, a.campaign_id ORDER BY a.lead_id) > a.room, a.room_verdict, a.verdict) AS verdict
  FROM alone a),
numbered AS (
  SELECT r.*, ROW_NUMBER() OVER (PARTITION BY r.verdict ORDER BY r.campaign_id, r.lead_id) AS ord FROM roomy r),
ends AS (
  SELECT UNIX_MICROS(expires_at) AS ends_at FROM ${suppressions} WHERE revoked_at IS NULL AND expires_at IS NOT NULL
  UNION ALL
  SELECT UNIX_MICROS(s.finished_at) + LEAST(CAST(JSON_VALUE(c, '$.us') AS INT64), 4000000000000000)
  FROM ${lead_state} s, UNNEST(JSON_QUERY_ARRAY(@p, '$.cooldowns')) c
  WHERE JSON_VALUE(@p, '$.once_ever') = '0' AND s.finished_at IS NOT NULL
    AND CAST(JSON_VALUE(c, '$.outcome') AS INT64) = s.outcome)
SELECT lead_id, person, campaign_id, generation, reopens, attempt, ord,
  IF(verdict = 0 AND ord > CAST(JSON_VALUE(@p, '$.run_room') AS INT64), CAST(JSON_VALUE(@p, '$.run_room_verdict') AS INT64),
    verdict) AS verdict,
  CASE verdict WHEN 7 THEN stop WHEN 11 THEN settled WHEN 14 THEN refusal WHEN 15 THEN tag END AS detail
FROM numbered
UNION ALL
SELECT NULL, NULL, NULL, 0, FALSE, 0, 0, -1, CAST(MIN(ends_at) AS STRING) FROM ends WHERE ends_at > CAST(JSON_VALUE(@p, '$.now') AS INT64);

-- name: claim_append
-- Nothing is claimed by who does not hold the lease any more, nor when too many lead_ids changed hands. An INSERT waits for
-- nobody, so the lease is looked at in the statement itself. A script that failed behind this statement is tried again, and
-- who stands in the source or is stopped may have changed meanwhile: then numbers would name other leads, and one lead could
-- have two, in two campaigns. So what the first try claimed is what the run has. Where a cooldown is over, the claim
-- brings the event that opens its generation. An event's id is that of core/event_id.h.
INSERT INTO ${lead_events} (event_id, kind, fact, reason, lead_id, person, campaign_id, claim_id, ord, ord_to, attempt,
  generation, epoch, run_id, occurred_at, recorded_at)
SELECT IF(c.is_opening,
    TO_HEX(SHA256(CONCAT('i12,i0,s8:cooldown,s', CAST(BYTE_LENGTH(c.lead_id) AS STRING), ':', c.lead_id,
      ',s', CAST(BYTE_LENGTH(c.person) AS STRING), ':', c.person, ',n,n,n,n,i0,i0,n,i0,i', CAST(c.generation AS STRING),
      ',i', JSON_VALUE(@p, '$.now'), ',n,'))),
    TO_HEX(SHA256(CONCAT('i1,i0,n,s', CAST(BYTE_LENGTH(c.lead_id) AS STRING), ':', c.lead_id,
    ',s', CAST(BYTE_LENGTH(c.person) AS STRING), ':', c.person,
    ',s', CAST(BYTE_LENGTH(c.campaign_id) AS STRING), ':', c.campaign_id, ',n,s', CAST(BYTE_LENGTH(c.claim_id) AS STRING),
    ':', c.claim_id, ',n,i', CAST(c.ord AS STRING), ',i0,n,i', CAST(c.attempt AS STRING),
    ',i', CAST(c.generation AS STRING), ',i', JSON_VALUE(@p, '$.now'), ',n,')))),
  IF(c.is_opening, 12, 1), 0, IF(c.is_opening, 'cooldown', NULL), c.lead_id, c.person, IF(c.is_opening, NULL, c.campaign_id),
  IF(c.is_opening, NULL, c.claim_id), IF(c.is_opening, 0, c.ord), 0, IF(c.is_opening, 0, c.attempt), c.generation,
  CAST(JSON_VALUE(@p, '$.epoch') AS INT64), JSON_VALUE(@p, '$.run_id'),
  TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)), TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.recorded_at') AS INT64))
FROM (
  SELECT s.*, CONCAT(JSON_VALUE(@p, '$.run_id'), '.', CAST(s.ord AS STRING)) AS claim_id, is_opening
  FROM ${scratch} s CROSS JOIN UNNEST([FALSE, TRUE]) is_opening WHERE s.verdict = 0 AND (NOT is_opening OR s.reopens)) c
WHERE EXISTS (
    SELECT 1 FROM ${leases} WHERE shard = 'all' AND epoch = CAST(JSON_VALUE(@p, '$.epoch') AS INT64)
      AND released_at IS NULL AND expires_at > CURRENT_TIMESTAMP())
  AND NOT EXISTS (
    SELECT 1 FROM ${lead_events} WHERE kind = 1 AND run_id = JSON_VALUE(@p, '$.run_id')
      AND recorded_at = TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.recorded_at') AS INT64)))
  AND (SELECT COUNTIF(verdict = 4) <= CAST(JSON_VALUE(@p, '$.reused_share') AS FLOAT64) * COUNTIF(verdict >= 0) FROM ${scratch});

-- name: claim_counts
-- Rows by verdict, detail and campaign; @p is named because each statement of a script must.
SELECT verdict, IF(verdict BETWEEN 17 AND 20, NULL, detail), campaign_id, COUNT(*) FROM ${scratch} WHERE @p IS NOT NULL
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

-- name: claims_read
-- A run's claims in the order of their ord, with all that a body needs. The same event twice is one. is_contested: another
-- run has a claim on the folded person that nobody settled, made in the last day: two holders of the lease would look like that,
-- and then neither sends. @only_unsettled: as in unsettled_claims, so also one that a later holder's claim hides. Whether the
-- row is still that person's is decided by base/email.h.
SELECT e.ord, e.generation, e.epoch, e.attempt, e.run_id, e.campaign_id, e.person, IFNULL(s.held_n > s.resolved_n, FALSE),
  e.lead_id, l.${email}, l.${first_name}, l.${last_name}, l.${company_name}, l.${campaign_id}, l.${added_to_instantly},
  l.${sequence_completed}, l.${cold_email_sent}, l.${last_email_status}, f.fields,
  @is_guarded AND REGEXP_REPLACE(e.person, r'^([^+@]+)\+[^@]*@', r'\1@') IN (
    SELECT REGEXP_REPLACE(o.person, r'^([^+@]+)\+[^@]*@', r'\1@') FROM ${lead_events} o
    WHERE o.kind = 1 AND o.recorded_at >= @contested_since AND o.run_id <> @run_id AND o.person IS NOT NULL
      AND o.claim_id NOT IN (
        SELECT x.claim_id FROM ${lead_events} x
        WHERE x.kind BETWEEN 3 AND 8 AND x.recorded_at >= @contested_since AND x.claim_id IS NOT NULL))
FROM ${lead_events} e
LEFT JOIN ${lead_state} s ON s.lead_id = e.lead_id
LEFT JOIN ${leads} l ON l.${lead_id} = e.lead_id
LEFT JOIN ${lead_fields} f ON f.lead_id = e.lead_id
WHERE e.kind = 1 AND e.run_id = @run_id AND e.recorded_at >= @since
  AND (@campaign_id = '' OR e.campaign_id = @campaign_id)
  AND e.ord > @after_ord AND e.ord <= @to_ord
  AND (NOT @only_unsettled OR (s.settlement = 1 AND s.claim_id = e.claim_id)
    OR (s.claim_id <> e.claim_id AND e.claim_id NOT IN (
      SELECT x.claim_id FROM ${lead_events} x
      WHERE x.kind BETWEEN 3 AND 8 AND x.recorded_at >= @since AND x.claim_id IS NOT NULL)))
QUALIFY ROW_NUMBER() OVER (PARTITION BY e.ord ORDER BY e.recorded_at, l.${email}) = 1
ORDER BY e.ord;
