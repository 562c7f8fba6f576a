-- Suppressions. match_key is what persons are compared with; core/ makes it, so that SQL and C cannot differ.

-- name: stops_gather
-- Of several rows for the same thing the first counts. What a sync writes is there already if the same person or domain and
-- reason is in force, or was removed by somebody to whom the evidence was no news; what a person sets only if the one there
-- lasts as long.
CREATE TEMP TABLE ${scratch} AS
WITH wanted AS (
  SELECT CAST(JSON_VALUE(r, '$.id') AS INT64) AS id, JSON_VALUE(r, '$.match_key') AS match_key,
    JSON_VALUE(r, '$.person') AS person, JSON_VALUE(r, '$.domain') AS domain, JSON_VALUE(r, '$.reason') AS reason,
    JSON_VALUE(r, '$.source') AS source, JSON_VALUE(r, '$.actor') AS actor,
    TIMESTAMP_MICROS(CAST(JSON_VALUE(r, '$.created_at') AS INT64)) AS created_at,
    TIMESTAMP_MICROS(CAST(JSON_VALUE(r, '$.expires_at') AS INT64)) AS expires_at,
    TIMESTAMP_MICROS(CAST(JSON_VALUE(r, '$.pushed_at') AS INT64)) AS pushed_at,
    TIMESTAMP_MICROS(CAST(JSON_VALUE(r, '$.evidence_at') AS INT64)) AS evidence_at,
    TIMESTAMP_MICROS(CAST(JSON_VALUE(r, '$.revoked_at') AS INT64)) AS revoked_at,
    JSON_VALUE(r, '$.revoked_by') AS revoked_by, JSON_VALUE(r, '$.run_id') AS run_id,
    JSON_VALUE(r, '$.allow_hit') AS allow_hit, JSON_VALUE(r, '$.is_brake') = '1' AS is_brake
  FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.rows')) r),
there AS (
  SELECT match_key, person, domain, reason, expires_at, revoked_at, evidence_at,
    revoked_at IS NULL AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)))
      AS is_in_force
  FROM ${suppressions} WHERE match_key IN (SELECT match_key FROM wanted))
SELECT w.* FROM wanted w
WHERE NOT EXISTS (
  SELECT 1 FROM there s
  WHERE s.match_key = w.match_key AND s.reason = w.reason AND IF(w.is_brake,
    s.is_in_force AND (s.expires_at IS NULL OR IFNULL(s.expires_at >= w.expires_at, FALSE)),
    s.person IS NOT DISTINCT FROM w.person AND s.domain IS NOT DISTINCT FROM w.domain
      AND (s.is_in_force OR IFNULL(s.revoked_at IS NOT NULL AND s.evidence_at >= w.evidence_at, FALSE))))
QUALIFY ROW_NUMBER() OVER (PARTITION BY w.person, w.domain, w.reason, w.is_brake, IF(w.is_brake, w.expires_at, NULL)
  ORDER BY w.id) = 1;

-- name: stops_insert
INSERT INTO ${suppressions} (id, match_key, person, domain, reason, source, actor, created_at, expires_at, pushed_at,
  evidence_at, revoked_at, revoked_by, run_id, allow_hit)
SELECT id, match_key, person, domain, reason, source, actor, created_at, expires_at, pushed_at, evidence_at, revoked_at,
  revoked_by, run_id, allow_hit FROM ${scratch}
WHERE @p IS NOT NULL;

-- name: stops_allow
-- Saying a stop again with --allow-hit gives the one in force the permission.
UPDATE ${suppressions} T SET allow_hit = r.allow_hit
FROM (SELECT JSON_VALUE(r, '$.match_key') AS match_key, JSON_VALUE(r, '$.reason') AS reason,
    MAX(JSON_VALUE(r, '$.allow_hit')) AS allow_hit, MAX(TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64))) AS now
  FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.rows')) r WHERE JSON_VALUE(r, '$.allow_hit') IS NOT NULL GROUP BY 1, 2) r
WHERE T.match_key = r.match_key AND T.reason = r.reason AND T.revoked_at IS NULL AND T.allowed_at IS NULL
  AND (T.expires_at IS NULL OR T.expires_at > r.now);

-- name: evidence_gather
CREATE TEMP TABLE ${scratch_2} AS
SELECT JSON_VALUE(r, '$.person') AS person, JSON_VALUE(r, '$.reason') AS reason,
  MAX(TIMESTAMP_MICROS(CAST(JSON_VALUE(r, '$.evidence_at') AS INT64))) AS evidence_at,
  TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)) AS now
FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.rows')) r GROUP BY 1, 2;

-- name: evidence_apply
-- One in force learns what it is seen from now: whoever removes it later knows.
MERGE ${suppressions} T USING ${scratch_2} S
ON T.person = S.person AND T.reason = S.reason AND T.domain IS NULL AND T.revoked_at IS NULL
WHEN MATCHED AND (T.expires_at IS NULL OR T.expires_at > S.now)
  AND IFNULL(T.evidence_at, TIMESTAMP '1970-01-01 00:00:00+00') < S.evidence_at THEN UPDATE SET evidence_at = S.evidence_at;

-- name: unpushed
-- Unsubscribes and stops that an operator set, in whatever words; a reply is nothing for a block list, a bounce even less,
-- one that ends by itself would stay there for ever, and what came from the block list is there already.
SELECT person, domain, reason, source, actor, created_at, expires_at, pushed_at FROM ${suppressions}
WHERE pushed_at IS NULL AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now)
  AND IFNULL(source, '') <> 'blocklist' AND (reason IN ('unsubscribed', 'manual')
    OR (source IN ('command', 'import', 'inbox') AND reason NOT IN ('replied', 'bounced') AND expires_at IS NULL))
ORDER BY id LIMIT @limit;

-- name: pushed_gather
CREATE TEMP TABLE ${scratch} AS
SELECT s.id, MAX(TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.at') AS INT64))) AS pushed_at,
  MAX(JSON_VALUE(r, '$.was_listed')) = '1' AS was_listed
FROM ${suppressions} s JOIN UNNEST(JSON_QUERY_ARRAY(@p, '$.rows')) r
  ON s.match_key = JSON_VALUE(r, '$.match_key') AND s.reason = JSON_VALUE(r, '$.reason')
WHERE s.person IS NOT DISTINCT FROM JSON_VALUE(r, '$.person') AND s.domain IS NOT DISTINCT FROM JSON_VALUE(r, '$.domain')
  AND s.pushed_at IS NULL
GROUP BY s.id;

-- name: pushed_apply
MERGE ${suppressions} T USING ${scratch} S ON T.id = S.id WHEN MATCHED THEN UPDATE SET pushed_at = S.pushed_at, was_listed = S.was_listed;

-- name: stops_revoke
UPDATE ${suppressions} SET revoked_at = TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.at') AS INT64)),
  revoked_by = JSON_VALUE(@p, '$.by')
WHERE (match_key = JSON_VALUE(@p, '$.match_key') OR run_id = JSON_VALUE(@p, '$.run_id')) AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)));

-- name: stops_in_force
SELECT COUNT(*) FROM ${suppressions}
WHERE (match_key = JSON_VALUE(@p, '$.match_key') OR run_id = JSON_VALUE(@p, '$.run_id')) AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)));

-- name: stops_list
-- In the order of writing. '' asks for any person or domain.
SELECT id, person, domain, reason, source, actor, created_at, expires_at, pushed_at, revoked_at, revoked_by, run_id
FROM ${suppressions}
WHERE id > @after_id AND (@run_id = '' OR run_id = @run_id)
  AND (@person_key = '' OR match_key IN (@person_key, @domain_key))
  AND (@domain = '' OR match_key = CONCAT('@', @domain))
  AND (NOT @only_in_force OR (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now)))
ORDER BY id LIMIT @limit;
