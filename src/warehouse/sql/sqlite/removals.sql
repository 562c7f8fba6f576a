-- What is due for removal. A lead `instantly:...` is a row that others put there: known, never ours.

-- name: removals
-- Oldest first, a page from a key on. Whoever replied (5) is treated so, whatever outranks it. The grace of each outcome is a value; one that is never over is the greatest integer.
SELECT s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.claim_id, s.generation, s.epoch, s.outcome,
  s.finished_at, s.settlement = 7,
  EXISTS (SELECT 1 FROM suppressions b WHERE b.match_key = fold_tag(s.person) AND b.person = s.person
          AND b.pushed_at IS NOT NULL),
  CASE WHEN s.replied_at IS NOT NULL THEN 5 ELSE s.outcome END
FROM lead_state s
WHERE (s.settlement = 8 OR (s.settlement = 7 AND :include_adopted)) AND s.withdrawn_at IS NULL
  AND substr(s.lead_id, 1, 10) <> 'instantly:'
  AND s.finished_at IS NOT NULL AND s.outcome > 1 AND s.instantly_id IS NOT NULL
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id) AND s.held_n <= s.resolved_n
  AND :now - s.finished_at >= (SELECT g.value FROM json_each(:grace) g WHERE g.key = CASE WHEN s.replied_at IS NOT NULL THEN 5 ELSE s.outcome END)
  AND (:after_lead_id IS NULL OR (s.finished_at, s.lead_id) > (:after, :after_lead_id))
ORDER BY s.finished_at, s.lead_id LIMIT :limit;

-- name: removal_counts
SELECT s.current_campaign_id, s.outcome, count(*)
FROM lead_state s
WHERE (s.settlement = 8 OR (s.settlement = 7 AND :include_adopted)) AND s.withdrawn_at IS NULL
  AND substr(s.lead_id, 1, 10) <> 'instantly:'
  AND s.finished_at IS NOT NULL AND s.outcome > 1 AND s.instantly_id IS NOT NULL
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id) AND s.held_n <= s.resolved_n
  AND :now - s.finished_at >= (SELECT g.value FROM json_each(:grace) g WHERE g.key = CASE WHEN s.replied_at IS NOT NULL THEN 5 ELSE s.outcome END)
GROUP BY s.current_campaign_id, s.outcome ORDER BY 1, 2;
