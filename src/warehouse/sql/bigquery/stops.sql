-- Suppressions. match_key is what persons are compared with; core/ makes it, so that SQL and C cannot differ.

-- name: stops_gather
-- Of several rows for the same thing the first counts. What a sync writes is there already if the same person or domain and
-- reason is in force, or was removed by somebody to whom the evidence was no news; what a person sets only if the one there
-- lasts as long. A person's own act is written beside one from a list, which may have to wait or be taken back with its list
-- (core/stop_hits.h has the sources). What the block list holds because we put it there is no stop of its own.
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
    IFNULL(source, '') IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command') AS is_own,
    IFNULL(NOT was_listed, FALSE) AS is_ours_there,
    revoked_at IS NULL AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)))
      AS is_in_force
  FROM ${suppressions} WHERE match_key IN (SELECT match_key FROM wanted))
SELECT w.* FROM wanted w
WHERE NOT EXISTS (
  SELECT 1 FROM there s
  WHERE s.match_key = w.match_key AND w.source = 'blocklist' AND s.is_ours_there
    AND s.person IS NOT DISTINCT FROM w.person AND s.domain IS NOT DISTINCT FROM w.domain)
AND NOT EXISTS (
  SELECT 1 FROM there s
  WHERE s.match_key = w.match_key AND s.reason = w.reason
    AND (s.is_own OR NOT s.is_in_force
      OR IFNULL(w.source, '') NOT IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command'))
    AND IF(w.is_brake,
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

-- name: stops_allow_gather
-- Saying a stop again with --allow-hit gives the one in force the permission.
CREATE TEMP TABLE ${scratch} AS
SELECT s.id, MAX(JSON_VALUE(r, '$.allow_hit')) AS allow_hit
FROM ${suppressions} s JOIN UNNEST(JSON_QUERY_ARRAY(@p, '$.rows')) r
  ON s.match_key = JSON_VALUE(r, '$.match_key') AND s.reason = JSON_VALUE(r, '$.reason')
WHERE JSON_VALUE(r, '$.allow_hit') IS NOT NULL AND s.revoked_at IS NULL AND s.allowed_at IS NULL
  AND (s.expires_at IS NULL OR s.expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)))
GROUP BY s.id;

-- name: stops_allow_apply
MERGE ${suppressions} T USING ${scratch} S ON T.id = S.id WHEN MATCHED THEN UPDATE SET allow_hit = S.allow_hit;

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
WHERE pushed_at IS NULL AND revoked_at IS NULL
  AND NOT (@bulk_waits AND allowed_at IS NULL AND (domain IS NOT NULL
    OR IFNULL(source, '') NOT IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command')))
  AND IFNULL(source, '') <> 'blocklist' AND expires_at IS NULL AND (reason IN ('unsubscribed', 'manual')
    OR (source IN ('command', 'import', 'inbox', 'opt_out') AND reason NOT IN ('replied', 'bounced')))
ORDER BY id LIMIT @limit;

-- name: stop_hits
-- Running leads that entries stop which no person made by an act of its own and that have no permission to act: core/stop_hits.h
-- has the sources. A lead that another stop ends anyway is not theirs, and what Instantly's own list matches is not mailed. The
-- first row is of all of them together; the others are of those that carry one permission.
WITH stops AS (
  SELECT match_key, person, domain, IFNULL(source, '') AS source, allow_hit, allowed_at FROM ${suppressions}
  WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)))
  UNION ALL
  SELECT JSON_VALUE(r, '$.match_key'), JSON_VALUE(r, '$.person'), JSON_VALUE(r, '$.domain'),
    IFNULL(JSON_VALUE(r, '$.source'), ''), JSON_VALUE(r, '$.allow_hit'), CAST(NULL AS TIMESTAMP)
  FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.stops')) r),
judged AS (
  SELECT match_key, person, domain, allow_hit, source = 'blocklist' AS is_listed,
    allowed_at IS NULL AND (domain IS NOT NULL
      OR source NOT IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command')) AS is_bulk
  FROM stops),
running AS (
  SELECT lead_id, person, SUBSTR(person, STRPOS(person, '@')) AS domain_key,
    REGEXP_REPLACE(person, r'^([^+@]+)\+[^@]*@', r'\1@') AS person_key
  FROM ${lead_state}
  WHERE settlement IN (7, 8) AND withdrawn_at IS NULL AND finished_at IS NULL AND instantly_id IS NOT NULL
    AND NOT (removed_at IS NOT NULL AND removed_id IS NOT DISTINCT FROM instantly_id)),
met AS (
  SELECT l.lead_id, j.allow_hit, j.is_bulk, j.is_listed AND j.person = l.person AS is_silenced
  FROM running l JOIN judged j ON j.match_key = l.person_key
  UNION ALL
  SELECT l.lead_id, j.allow_hit, j.is_bulk, j.is_listed FROM running l JOIN judged j ON j.match_key = l.domain_key),
hit AS (
  SELECT lead_id, allow_hit FROM met WHERE is_bulk AND NOT is_silenced
    AND lead_id NOT IN (SELECT lead_id FROM met WHERE NOT is_bulk))
SELECT CAST(NULL AS STRING) AS allow_hit, COUNT(DISTINCT lead_id) AS n FROM hit
UNION ALL
SELECT allow_hit, COUNT(DISTINCT lead_id) FROM hit WHERE allow_hit IS NOT NULL GROUP BY allow_hit
ORDER BY 1;

-- name: stops_permit
-- '' permits every entry that stop_hits counts.
UPDATE ${suppressions} SET allowed_at = TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64))
WHERE revoked_at IS NULL AND allowed_at IS NULL
  AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)))
  AND (JSON_VALUE(@p, '$.allow') IS NULL OR allow_hit = JSON_VALUE(@p, '$.allow'))
  AND (domain IS NOT NULL OR IFNULL(source, '') NOT IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command'));

-- name: pushed_gather
CREATE TEMP TABLE ${scratch} AS
SELECT s.id, MAX(TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.at') AS INT64))) AS pushed_at
FROM ${suppressions} s JOIN UNNEST(JSON_QUERY_ARRAY(@p, '$.rows')) r
  ON s.match_key = JSON_VALUE(r, '$.match_key') AND s.reason = JSON_VALUE(r, '$.reason')
WHERE s.person IS NOT DISTINCT FROM JSON_VALUE(r, '$.person') AND s.domain IS NOT DISTINCT FROM JSON_VALUE(r, '$.domain')
  AND s.pushed_at IS NULL
GROUP BY s.id;

-- name: pushed_apply
MERGE ${suppressions} T USING ${scratch} S ON T.id = S.id WHEN MATCHED THEN UPDATE SET pushed_at = S.pushed_at;

-- name: listing_gather
-- Before they are pushed, and once: a run that died between the push and its confirmation must not take them for somebody
-- else's.
CREATE TEMP TABLE ${scratch} AS
SELECT s.id, MAX(JSON_VALUE(r, '$.was_listed')) = '1' AS was_listed
FROM ${suppressions} s JOIN UNNEST(JSON_QUERY_ARRAY(@p, '$.rows')) r
  ON s.match_key = JSON_VALUE(r, '$.match_key') AND s.reason = JSON_VALUE(r, '$.reason')
WHERE s.person IS NOT DISTINCT FROM JSON_VALUE(r, '$.person') AND s.domain IS NOT DISTINCT FROM JSON_VALUE(r, '$.domain')
  AND s.pushed_at IS NULL AND s.was_listed IS NULL AND s.revoked_at IS NULL
GROUP BY s.id;

-- name: listing_apply
MERGE ${suppressions} T USING ${scratch} S ON T.id = S.id WHEN MATCHED THEN UPDATE SET was_listed = S.was_listed;

-- name: unlisting
-- What we put on the block list, or were about to, and nobody wants there any more. Another entry in force keeps what folds to
-- the same person, whatever its reason.
SELECT DISTINCT person, domain FROM ${suppressions}
WHERE NOT was_listed AND revoked_at IS NOT NULL AND match_key NOT IN (
  SELECT match_key FROM ${suppressions}
  WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now) AND IFNULL(source, '') <> 'blocklist')
ORDER BY person, domain LIMIT @limit;

-- name: unlisted_gather
-- Also of an entry that somebody made meanwhile: it is not on the list any more, and is pushed anew.
CREATE TEMP TABLE ${scratch} AS
SELECT DISTINCT s.id FROM ${suppressions} s JOIN UNNEST(JSON_QUERY_ARRAY(@p, '$.rows')) r
  ON s.match_key = JSON_VALUE(r, '$.match_key')
WHERE s.person IS NOT DISTINCT FROM JSON_VALUE(r, '$.person') AND s.domain IS NOT DISTINCT FROM JSON_VALUE(r, '$.domain')
  AND IFNULL(s.source, '') <> 'blocklist';

-- name: unlisted_apply
MERGE ${suppressions} T USING ${scratch} S ON T.id = S.id WHEN MATCHED THEN UPDATE SET pushed_at = NULL, was_listed = NULL;

-- name: reply_stops
SELECT person, domain, reason, source, actor, created_at, expires_at, pushed_at FROM ${suppressions}
WHERE reason = 'replied' AND domain IS NULL AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)))
  AND match_key IN (SELECT JSON_VALUE(f) FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.folded')) f)
ORDER BY id;

-- name: stops_end_gather
CREATE TEMP TABLE ${scratch} AS
SELECT JSON_VALUE(r, '$.person') AS person, JSON_VALUE(r, '$.reason') AS reason, JSON_VALUE(r, '$.source') AS source,
  MAX(TIMESTAMP_MICROS(CAST(JSON_VALUE(r, '$.evidence_at') AS INT64))) AS evidence_at,
  TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)) AS now, JSON_VALUE(@p, '$.words') AS words
FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.rows')) r GROUP BY 1, 2, 3;

-- name: stops_end_apply
-- Knowing the newest evidence: the same reply does not bring it back.
MERGE ${suppressions} T USING ${scratch} S
ON T.person = S.person AND T.reason = S.reason AND T.source = S.source AND T.domain IS NULL AND T.revoked_at IS NULL
WHEN MATCHED THEN UPDATE SET revoked_at = S.now, revoked_by = S.words,
  evidence_at = GREATEST(IFNULL(T.evidence_at, TIMESTAMP '1970-01-01 00:00:00+00'), S.evidence_at);

-- name: stops_revoke
-- What one import or command recorded, and what was pushed of other spellings of the same persons (actor $.spelling): where
-- another stop needs such an entry as well, the next sync makes it anew.
UPDATE ${suppressions} SET revoked_at = TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.at') AS INT64)),
  revoked_by = JSON_VALUE(@p, '$.by')
WHERE revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)))
  AND (match_key = JSON_VALUE(@p, '$.match_key') OR run_id = JSON_VALUE(@p, '$.run_id')
    OR (source = 'sync' AND actor = JSON_VALUE(@p, '$.spelling')
      AND match_key IN (SELECT match_key FROM ${suppressions} WHERE run_id = JSON_VALUE(@p, '$.run_id'))));

-- name: stops_in_force
SELECT COUNT(*) FROM ${suppressions}
WHERE (match_key = JSON_VALUE(@p, '$.match_key') OR run_id = JSON_VALUE(@p, '$.run_id')) AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)));

-- name: opt_outs_removed
-- Stops of source.opt_out that somebody removed and that still stand against the column.
SELECT COUNT(*) FROM ${suppressions}
WHERE reason = 'opted_out' AND source = 'opt_out' AND revoked_at IS NOT NULL AND evidence_at IS NOT NULL;

-- name: opt_outs_lapse
-- They stand no longer against a column that had ceased to say it.
UPDATE ${suppressions} SET evidence_at = NULL
WHERE reason = 'opted_out' AND source = 'opt_out' AND revoked_at IS NOT NULL AND evidence_at IS NOT NULL
  AND match_key NOT IN (SELECT k FROM UNNEST(JSON_VALUE_ARRAY(@p, '$.folded')) k);

-- name: stops_list
-- In the order of writing. '' asks for any person or domain.
SELECT id, person, domain, reason, source, actor, created_at, expires_at, pushed_at, revoked_at, revoked_by, run_id,
  IFNULL(NOT was_listed, FALSE)
FROM ${suppressions}
WHERE id > @after_id AND (@run_id = '' OR run_id = @run_id)
  AND (@person_key = '' OR match_key IN (@person_key, @domain_key))
  AND (@domain = '' OR match_key = CONCAT('@', @domain))
  AND (NOT @only_in_force OR (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now)))
ORDER BY id LIMIT @limit;

-- name: stops_lost
-- Rows that were noted and stand there no more: rows are never deleted, and ids are times. The opening of a job has the same.
SELECT IFNULL((SELECT CAST(JSON_VALUE(value, '$[0]') AS INT64) FROM ${controls} WHERE name = 'stops'), 0)
  - (SELECT COUNT(*) FROM ${suppressions} WHERE id <= IFNULL((
      SELECT CAST(JSON_VALUE(value, '$[1]') AS INT64) FROM ${controls} WHERE name = 'stops'), 0));

-- name: stops_note_gather
-- Not while rows are missing that nobody gave up.
CREATE TEMP TABLE ${scratch} AS
SELECT 'stops' AS name, CONCAT('["', CAST(rows_n AS STRING), '","', CAST(last_id AS STRING), '"]') AS value
FROM (SELECT COUNT(*) AS rows_n, IFNULL(MAX(id), 0) AS last_id FROM ${suppressions})
WHERE JSON_VALUE(@p, '$.is_accepted') = '1'
  OR IFNULL((SELECT CAST(JSON_VALUE(value, '$[0]') AS INT64) FROM ${controls} WHERE name = 'stops'), 0)
    <= (SELECT COUNT(*) FROM ${suppressions} WHERE id <= IFNULL((
      SELECT CAST(JSON_VALUE(value, '$[1]') AS INT64) FROM ${controls} WHERE name = 'stops'), 0));

-- name: stops_note_apply
MERGE ${controls} T USING ${scratch} S ON T.name = S.name
WHEN MATCHED THEN UPDATE SET value = S.value
WHEN NOT MATCHED THEN INSERT (name, value) VALUES (S.name, S.value);
