-- Entries that stand as long as rows of the user's say so: the table of source.exclude (core/exclusion.h), and persons who left
-- the source (core/gone.h).

-- name: exclusion_foreign
-- Cells that base/email.h decides and SQL cannot: those with a byte that is not ASCII. A few.
SELECT x.${exclude_column} FROM ${exclude_table} x WHERE REGEXP_CONTAINS(x.${exclude_column}, r'[^\x00-\x7F]');

-- name: exclusion_nothing
-- A part of others: the table where none is configured.
SELECT '' AS ${exclude_column} FROM (SELECT 1) WHERE FALSE;

-- name: exclusion_cells
-- A part of others: each cell as an address, or as '@' and a domain; kind is 0 for a blank one, 1 for one that says nothing of
-- use, 2 for the rest. exclude_foreign are the values of those that SQL cannot spell.
SELECT c.kind, c.value, IF(STARTS_WITH(c.value, '@'), c.value, REGEXP_REPLACE(c.value, r'^([^+@]+)\+[^@]*@', r'\1@')) AS match_key
FROM (
  SELECT CASE WHEN b.cell IN ('', 'null') THEN 0 WHEN b.is_person OR b.is_domain THEN 2 ELSE 1 END AS kind,
    CASE WHEN b.is_person THEN b.cell WHEN b.is_domain THEN CONCAT('@', LTRIM(b.cell, '@')) ELSE '' END AS value
  FROM (
    SELECT a.cell, LENGTH(a.cell) <= 254 AND STRPOS(a.cell, '@') <= 65
        AND REGEXP_CONTAINS(a.cell, r"^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
        AS is_person,
      LENGTH(LTRIM(a.cell, '@')) <= 252
        AND REGEXP_CONTAINS(a.cell, r'^@?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$') AS is_domain
    FROM (
      SELECT LOWER(TRIM(IFNULL(x.${exclude_column}, ''), '\t\n\v\f\r ')) AS cell FROM ${exclude_table} x
      WHERE NOT REGEXP_CONTAINS(IFNULL(x.${exclude_column}, ''), r'[^\x00-\x7F]')) a) b
  UNION ALL
  SELECT 2, f FROM UNNEST(${exclude_foreign}) f) c;

-- name: exclusion_view
-- A part of others, in place of suppressions, for a handle that only reads: the entries as standing_stop and standing_end
-- would leave them.
SELECT s.id, s.match_key, s.person, s.domain, s.reason, s.source, s.actor, s.created_at, s.expires_at, s.revoked_at,
  s.revoked_by, s.pushed_at, s.evidence_at, s.run_id, s.allow_hit, s.allowed_at, s.was_listed
FROM ${suppressions} s
WHERE s.revoked_at IS NOT NULL OR IFNULL(s.source, '') <> 'exclusion'
  OR s.match_key IN (SELECT k.match_key FROM ${exclusion_cells} k WHERE k.kind = 2)
UNION ALL
SELECT 0, e.match_key, MIN(IF(STARTS_WITH(e.value, '@'), NULL, e.value)), MIN(IF(STARTS_WITH(e.value, '@'), SUBSTR(e.value, 2), NULL)),
  'excluded', 'exclusion', CAST(NULL AS STRING), CURRENT_TIMESTAMP(), CAST(NULL AS TIMESTAMP), CAST(NULL AS TIMESTAMP),
  CAST(NULL AS STRING), CAST(NULL AS TIMESTAMP), CAST(NULL AS TIMESTAMP), CAST(NULL AS STRING), CAST(NULL AS STRING),
  CAST(NULL AS TIMESTAMP), CAST(NULL AS BOOL)
FROM ${exclusion_cells} e
WHERE e.kind = 2 AND e.match_key NOT IN (
  SELECT o.match_key FROM ${suppressions} o WHERE o.source = 'exclusion' AND o.revoked_at IS NULL)
GROUP BY e.match_key;

-- name: exclusion_gather
CREATE TEMP TABLE ${scratch} AS
SELECT c.kind, c.match_key, MIN(c.value) AS value, COUNT(*) AS n FROM ${exclusion_cells} c WHERE @p IS NOT NULL
GROUP BY c.kind, c.match_key;

-- name: departed_gather
-- Persons with an enrolment that runs, and those who were found gone before, whom no row of the source has, under whatever
-- lead_id; rows that others put into Instantly never had one.
CREATE TEMP TABLE ${scratch} AS
WITH there AS (
  SELECT REGEXP_REPLACE(LOWER(TRIM(l.${email}, '\t\n\v\f\r ')), r'^([^+@]+)\+[^@]*@', r'\1@') AS k FROM ${leads} l
  WHERE l.${email} IS NOT NULL
  UNION ALL
  SELECT REGEXP_REPLACE(JSON_VALUE(u, '$.person'), r'^([^+@]+)\+[^@]*@', r'\1@') FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.foreigners')) u
  WHERE JSON_VALUE(u, '$.person') IS NOT NULL),
wanted AS (
  SELECT REGEXP_REPLACE(s.person, r'^([^+@]+)\+[^@]*@', r'\1@') AS match_key, s.person AS value FROM ${lead_state} s
  WHERE s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND s.finished_at IS NULL AND s.instantly_id IS NOT NULL
    AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS NOT DISTINCT FROM s.instantly_id)
    AND s.person IS NOT NULL AND NOT STARTS_WITH(s.lead_id, 'instantly:')
  UNION ALL
  SELECT o.match_key, o.person FROM ${suppressions} o WHERE o.source = 'gone' AND o.revoked_at IS NULL)
SELECT 2 AS kind, w.match_key, MIN(w.value) AS value, COUNT(*) AS n FROM wanted w
WHERE JSON_VALUE(@p, '$.is_set') = '1' AND w.match_key NOT IN (SELECT k FROM there)
GROUP BY w.match_key;

-- name: departed_new
SELECT e.value FROM ${scratch} e
WHERE e.kind = 2 AND @p IS NOT NULL AND e.match_key NOT IN (
  SELECT o.match_key FROM ${suppressions} o WHERE o.source = 'gone' AND o.revoked_at IS NULL);

-- name: standing_counts
-- Rows, blank and odd cells; entries in force, those of them for which nothing speaks any more, and what has none yet.
SELECT (SELECT IFNULL(SUM(n), 0) FROM ${scratch} WHERE @p IS NOT NULL), (SELECT IFNULL(SUM(n), 0) FROM ${scratch} WHERE kind = 0),
  (SELECT IFNULL(SUM(n), 0) FROM ${scratch} WHERE kind = 1),
  (SELECT COUNT(*) FROM ${suppressions} WHERE source = JSON_VALUE(@p, '$.source') AND revoked_at IS NULL),
  (SELECT COUNT(*) FROM ${suppressions} WHERE source = JSON_VALUE(@p, '$.source') AND revoked_at IS NULL
     AND match_key NOT IN (SELECT match_key FROM ${scratch} WHERE kind = 2)),
  (SELECT COUNT(*) FROM ${scratch} WHERE kind = 2 AND match_key NOT IN (
     SELECT match_key FROM ${suppressions} WHERE source = JSON_VALUE(@p, '$.source') AND revoked_at IS NULL));

-- name: standing_stop
INSERT INTO ${suppressions} (id, match_key, person, domain, reason, source, created_at, run_id)
SELECT CAST(JSON_VALUE(@p, '$.id') AS INT64) + ROW_NUMBER() OVER (ORDER BY e.match_key), e.match_key,
  IF(STARTS_WITH(e.value, '@'), NULL, e.value), IF(STARTS_WITH(e.value, '@'), SUBSTR(e.value, 2), NULL),
  JSON_VALUE(@p, '$.reason'), JSON_VALUE(@p, '$.source'),
  TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)), JSON_VALUE(@p, '$.run_id')
FROM ${scratch} e
WHERE e.kind = 2 AND e.match_key NOT IN (
  SELECT o.match_key FROM ${suppressions} o WHERE o.source = JSON_VALUE(@p, '$.source') AND o.revoked_at IS NULL);

-- name: standing_ended
CREATE TEMP TABLE ${scratch_2} AS
SELECT s.id, TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)) AS ended_at, JSON_VALUE(@p, '$.source') AS source
FROM ${suppressions} s
WHERE s.source = JSON_VALUE(@p, '$.source') AND s.revoked_at IS NULL
  AND s.match_key NOT IN (SELECT k.match_key FROM ${scratch} k WHERE k.kind = 2);

-- name: standing_end
MERGE ${suppressions} T USING ${scratch_2} S ON T.id = S.id AND T.source = S.source
WHEN MATCHED THEN UPDATE SET revoked_at = S.ended_at, revoked_by = S.source;
