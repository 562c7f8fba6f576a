-- Entries that stand as long as rows of the user's say so: the table of source.exclude (core/exclusion.h), and persons who left
-- the source (core/gone.h). What ought to stand is gathered in temp.standing.

-- name: exclusion_columns
-- Name and declared type of each column of the user's table or view; no row where there is none.
SELECT name, type FROM pragma_table_xinfo(:table);

-- name: standing_clear
DELETE FROM temp.standing;

-- name: exclusion_fill
-- Of several cells that stop the same persons the lowest is named. The order is that of the table that is filled.
INSERT INTO temp.standing (match_key, value)
SELECT iif(substr(c.value, 1, 1) = '@', c.value, fold_tag(c.value)) AS match_key, min(c.value)
FROM (SELECT exclusion_cell(x.${exclude_column}) AS value FROM ${exclude_table} x LIMIT -1 OFFSET 0) c
WHERE c.value <> '' GROUP BY 1 ORDER BY 1;

-- name: exclusion_cells
-- Rows, blank cells ('') and odd ones (NULL).
SELECT count(*), coalesce(sum(c.value = ''), 0), coalesce(sum(c.value IS NULL), 0)
FROM (SELECT exclusion_cell(x.${exclude_column}) AS value FROM ${exclude_table} x LIMIT -1 OFFSET 0) c;

-- name: departed_fill
-- Persons with an enrolment that runs whose own row is not there, or is somebody else's; rows that others put into Instantly
-- never had one. And who was found gone before.
INSERT INTO temp.standing (match_key, value)
SELECT g.match_key, min(g.person) FROM (
  SELECT fold_tag(s.person) AS match_key, s.person
  FROM lead_state s LEFT JOIN ${leads} l ON l.${lead_id} = s.lead_id
  WHERE s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND s.finished_at IS NULL AND s.instantly_id IS NOT NULL
    AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
    AND s.person IS NOT NULL AND s.lead_id NOT LIKE 'instantly:%' AND (l.${lead_id} IS NULL OR person(l.${email}) IS NOT s.person)
  UNION ALL
  SELECT match_key, person FROM suppressions WHERE source = 'gone' AND revoked_at IS NULL) g
GROUP BY g.match_key ORDER BY g.match_key;

-- name: standing_any
SELECT EXISTS (SELECT 1 FROM temp.standing);

-- name: departed_back
-- One walk along the source, where anybody seems gone: a row with the person, under whatever lead_id, and it is not.
DELETE FROM temp.standing WHERE match_key IN (SELECT fold_tag(person(${email})) FROM ${leads});

-- name: standing_counts
-- Entries in force, those of them for which nothing speaks any more, and what has none yet.
SELECT count(*), coalesce(sum(s.match_key NOT IN (SELECT match_key FROM temp.standing)), 0),
  (SELECT count(*) FROM temp.standing e WHERE NOT EXISTS (
    SELECT 1 FROM suppressions o WHERE o.match_key = e.match_key AND o.source = :source AND o.revoked_at IS NULL))
FROM suppressions s WHERE s.source = :source AND s.revoked_at IS NULL;

-- name: standing_stop
INSERT INTO suppressions (match_key, person, domain, reason, source, created_at, run_id)
SELECT e.match_key, CASE WHEN substr(e.value, 1, 1) <> '@' THEN e.value END,
  CASE WHEN substr(e.value, 1, 1) = '@' THEN substr(e.value, 2) END, CASE :source WHEN 'exclusion' THEN 'excluded' ELSE :source END, :source, :now, :run_id
FROM temp.standing e
WHERE NOT EXISTS (
  SELECT 1 FROM suppressions o WHERE o.match_key = e.match_key AND o.source = :source AND o.revoked_at IS NULL)
ORDER BY e.match_key;

-- name: standing_end
UPDATE suppressions SET revoked_at = :now, revoked_by = :source
WHERE source = :source AND revoked_at IS NULL AND match_key NOT IN (SELECT match_key FROM temp.standing);
