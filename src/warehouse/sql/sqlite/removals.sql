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
-- Rows of ours that may be live, of persons with any stop in force, a page from a lead on. One pass over the states, and none
-- where nobody is stopped; the stops are asked by their key. A lead that is over is looked at only where a scan saw it running
-- again, or in a subsequence. What Instantly's own list matches is not mailed: such an entry takes nothing out. The columns are
-- those of `removals`, then what struct removal has for of_stopped alone.
SELECT s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.claim_id, s.generation, s.epoch, 8, NULL,
  s.settlement = 7,
  max(b.is_lasting AND b.pushed_at IS NOT NULL AND (b.domain IS NOT NULL OR b.person = s.person)), 8,
  max(b.is_lasting AND (b.domain IS NOT NULL OR b.person = s.person)),
  coalesce(s.last_seen_at >= s.current_at, 0),
  max(b.is_lasting), max(b.is_lasting AND b.reason = 'unsubscribed'), max(b.reason NOT IN ('replied', 'bounced')),
  s.held_n > s.resolved_n
FROM lead_state s CROSS JOIN taking_stops b ON b.match_key IN (fold_tag(s.person), '@' || s.domain)
WHERE EXISTS (SELECT 1 FROM taking_stops)
  AND (s.settlement = 8 OR (s.settlement = 7 AND :include_adopted)) AND s.withdrawn_at IS NULL
  AND substr(s.lead_id, 1, 10) <> 'instantly:' AND s.instantly_id IS NOT NULL
  AND (s.finished_at IS NULL OR (s.subsequence_id IS NOT NULL AND s.last_seen_at >= s.current_at) OR s.held_n > s.resolved_n OR s.held_reason = 'relaunched')
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
  AND (:after_lead_id IS NULL OR s.lead_id > :after_lead_id)
  AND (b.expires_at IS NULL OR b.expires_at > :now) AND NOT (:bulk_waits AND b.is_bulk)
  AND NOT (b.is_listed AND (b.domain IS NOT NULL OR b.person = s.person))
GROUP BY s.lead_id ORDER BY s.lead_id LIMIT :limit;

-- name: removals_open
-- The same of leads whose claim nobody settled: Instantly may have their row, and nobody knows it.
SELECT s.lead_id, s.person, s.campaign_id, NULL, s.claim_id, s.generation, s.epoch, 8, NULL, 0,
  max(b.is_lasting AND b.pushed_at IS NOT NULL AND (b.domain IS NOT NULL OR b.person = s.person)), 8,
  max(b.is_lasting AND (b.domain IS NOT NULL OR b.person = s.person)),
  coalesce(s.last_seen_at >= s.current_at, 0),
  max(b.is_lasting), max(b.is_lasting AND b.reason = 'unsubscribed'), max(b.reason NOT IN ('replied', 'bounced')),
  s.held_n > s.resolved_n
FROM lead_state s CROSS JOIN taking_stops b ON b.match_key IN (fold_tag(s.person), '@' || s.domain)
WHERE EXISTS (SELECT 1 FROM taking_stops) AND s.settlement = 1
  AND (:after_lead_id IS NULL OR s.lead_id > :after_lead_id)
  AND (b.expires_at IS NULL OR b.expires_at > :now) AND NOT (:bulk_waits AND b.is_bulk)
  AND NOT (b.is_listed AND (b.domain IS NOT NULL OR b.person = s.person))
GROUP BY s.lead_id ORDER BY s.lead_id LIMIT :limit;

-- name: removal_counts
SELECT s.current_campaign_id, s.outcome, count(*)
FROM lead_state s
WHERE (s.settlement = 8 OR (s.settlement = 7 AND :include_adopted)) AND s.withdrawn_at IS NULL
  AND substr(s.lead_id, 1, 10) <> 'instantly:'
  AND s.finished_at IS NOT NULL AND s.outcome > 1 AND s.instantly_id IS NOT NULL
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id) AND s.held_n <= s.resolved_n
  AND :now - s.finished_at >= (SELECT g.value FROM json_each(:grace) g WHERE g.key = CASE WHEN s.replied_at > coalesce(s.reopened_at, 0) THEN 5 ELSE s.outcome END)
GROUP BY s.current_campaign_id, s.outcome ORDER BY 1, 2;
