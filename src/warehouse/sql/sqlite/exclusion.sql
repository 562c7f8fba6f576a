-- The table of source.exclude, and the entries of source 'exclusion' that its rows make (core/exclusion.h).

-- name: exclusion_columns
-- Name and declared type of each column of the user's table or view; no row where there is none.
SELECT name, type FROM pragma_table_xinfo(:table);

-- name: exclusion_clear
DELETE FROM temp.exclusion;

-- name: exclusion_fill
-- Of several cells that stop the same persons the lowest is named. The order is that of the table that is filled.
INSERT INTO temp.exclusion (match_key, value)
SELECT iif(substr(c.value, 1, 1) = '@', c.value, fold_tag(c.value)) AS match_key, min(c.value)
FROM (SELECT exclusion_cell(x.${exclude_column}) AS value FROM ${exclude_table} x LIMIT -1 OFFSET 0) c
WHERE c.value <> '' GROUP BY 1 ORDER BY 1;

-- name: exclusion_cells
-- Rows, blank cells ('') and odd ones (NULL).
SELECT count(*), coalesce(sum(c.value = ''), 0), coalesce(sum(c.value IS NULL), 0)
FROM (SELECT exclusion_cell(x.${exclude_column}) AS value FROM ${exclude_table} x LIMIT -1 OFFSET 0) c;

-- name: exclusion_counts
-- Entries in force, those of them that no row makes any more, and rows that have none.
SELECT count(*), coalesce(sum(s.match_key NOT IN (SELECT match_key FROM temp.exclusion)), 0),
  (SELECT count(*) FROM temp.exclusion e WHERE NOT EXISTS (
    SELECT 1 FROM suppressions o WHERE o.match_key = e.match_key AND o.source = 'exclusion' AND o.revoked_at IS NULL))
FROM suppressions s WHERE s.source = 'exclusion' AND s.revoked_at IS NULL;

-- name: exclusion_stop
INSERT INTO suppressions (match_key, person, domain, reason, source, created_at, run_id)
SELECT e.match_key, CASE WHEN substr(e.value, 1, 1) <> '@' THEN e.value END,
  CASE WHEN substr(e.value, 1, 1) = '@' THEN substr(e.value, 2) END, 'excluded', 'exclusion', :now, :run_id
FROM temp.exclusion e
WHERE NOT EXISTS (
  SELECT 1 FROM suppressions o WHERE o.match_key = e.match_key AND o.source = 'exclusion' AND o.revoked_at IS NULL)
ORDER BY e.match_key;

-- name: exclusion_end
UPDATE suppressions SET revoked_at = :now, revoked_by = 'exclusion'
WHERE source = 'exclusion' AND revoked_at IS NULL AND match_key NOT IN (SELECT match_key FROM temp.exclusion);
