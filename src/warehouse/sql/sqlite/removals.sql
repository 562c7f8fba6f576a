-- What is due for removal. A lead `instantly:...` is a row that others put there: known, never ours.

-- name: removals
-- Oldest first, a page from a key on. Whoever replied (5) is treated so, whatever outranks it. The grace of each outcome is a value; one that is never over is the greatest integer.
SELECT s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.claim_id, s.generation, s.epoch, s.outcome,
  s.finished_at, s.settlement = 7,
  EXISTS (SELECT 1 FROM suppressions b WHERE b.match_key = fold_tag(s.person) AND b.person = s.person
          AND b.pushed_at IS NOT NULL),
  CASE WHEN s.replied_at > coalesce(s.reopened_at, 0) THEN 5 ELSE s.outcome END
FROM lead_state s
WHERE (s.settlement = 8 OR (s.settlement = 7 AND :include_adopted)) AND s.withdrawn_at IS NULL
  AND substr(s.lead_id, 1, 10) <> 'instantly:'
  AND s.finished_at IS NOT NULL AND s.outcome > 1 AND s.instantly_id IS NOT NULL
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id) AND s.held_n <= s.resolved_n
  AND :now - s.finished_at >= (SELECT g.value FROM json_each(:grace) g WHERE g.key = CASE WHEN s.replied_at > coalesce(s.reopened_at, 0) THEN 5 ELSE s.outcome END)
  AND (:after_lead_id IS NULL OR (s.finished_at, s.lead_id) > (:after, :after_lead_id))
ORDER BY s.finished_at, s.lead_id LIMIT :limit;

-- name: removals_stopped
-- Live rows of ours whose person has a lasting stop and never answered, a page from a lead on. One pass over the states;
-- the stops are asked by their key. The columns are those of `removals`, then is_named and was_seen.
SELECT s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.claim_id, s.generation, s.epoch,
  CASE WHEN EXISTS (SELECT 1 FROM lasting_stops b WHERE b.match_key IN (fold_tag(s.person), '@' || s.domain)
    AND b.reason = 'unsubscribed' AND (b.expires_at IS NULL OR b.expires_at > :now) AND NOT (:bulk_waits AND b.is_bulk)) THEN 7 ELSE 1 END AS outcome,
  NULL, 0,
  EXISTS (SELECT 1 FROM lasting_stops b WHERE b.match_key IN (fold_tag(s.person), '@' || s.domain)
    AND (b.domain IS NOT NULL OR b.person = s.person) AND b.pushed_at IS NOT NULL
    AND (b.expires_at IS NULL OR b.expires_at > :now) AND NOT (:bulk_waits AND b.is_bulk)),
  NULL,
  EXISTS (SELECT 1 FROM lasting_stops b WHERE b.match_key IN (fold_tag(s.person), '@' || s.domain)
    AND (b.domain IS NOT NULL OR b.person = s.person) AND (b.expires_at IS NULL OR b.expires_at > :now) AND NOT (:bulk_waits AND b.is_bulk)),
  coalesce(s.last_seen_at >= s.current_at, 0)
FROM lead_state s
WHERE s.settlement = 8 AND s.withdrawn_at IS NULL AND s.finished_at IS NULL AND coalesce(s.replied_at, 0) <= coalesce(s.reopened_at, 0)
  AND s.instantly_id IS NOT NULL AND s.held_n <= s.resolved_n
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
  AND (:after_lead_id IS NULL OR s.lead_id > :after_lead_id)
  AND EXISTS (SELECT 1 FROM lasting_stops b WHERE b.match_key IN (fold_tag(s.person), '@' || s.domain)
    AND (b.expires_at IS NULL OR b.expires_at > :now) AND NOT (:bulk_waits AND b.is_bulk))
  AND NOT EXISTS (SELECT 1 FROM suppressions r WHERE r.match_key IN (fold_tag(s.person), '@' || s.domain)
    AND r.reason = 'replied' AND r.revoked_at IS NULL AND (r.expires_at IS NULL OR r.expires_at > :now))
ORDER BY s.lead_id LIMIT :limit;

-- name: removal_counts
SELECT s.current_campaign_id, s.outcome, count(*)
FROM lead_state s
WHERE (s.settlement = 8 OR (s.settlement = 7 AND :include_adopted)) AND s.withdrawn_at IS NULL
  AND substr(s.lead_id, 1, 10) <> 'instantly:'
  AND s.finished_at IS NOT NULL AND s.outcome > 1 AND s.instantly_id IS NOT NULL
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id) AND s.held_n <= s.resolved_n
  AND :now - s.finished_at >= (SELECT g.value FROM json_each(:grace) g WHERE g.key = CASE WHEN s.replied_at > coalesce(s.reopened_at, 0) THEN 5 ELSE s.outcome END)
GROUP BY s.current_campaign_id, s.outcome ORDER BY 1, 2;
