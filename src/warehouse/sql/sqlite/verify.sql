-- The checks of `verify`: each fills temp.differences, which is then read by pages. They read whole tables by intention.

-- name: differences_clear
DELETE FROM temp.differences;

-- name: differences_page
SELECT n, lead_id, instantly_id, campaign_id, detail FROM temp.differences WHERE n > :after ORDER BY n LIMIT :limit;

-- name: verify_database_damaged
INSERT INTO temp.differences (detail) SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok';

-- name: verify_event_altered
INSERT INTO temp.differences (lead_id, campaign_id, detail)
SELECT lead_id, campaign_id, 'event ' || seq FROM lead_events
WHERE event_id IS NOT event_id(kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id, ord,
  ord_to, body_hash, attempt, generation, occurred_at, detail)
ORDER BY seq;

-- name: verify_state_differs
-- The fold of all events anew, one sort by lead_id, beside what stands there. last_seen_at and subsequence_id come from
-- scans and not from events. m stands for the state made last, as in fold_state.
INSERT INTO temp.differences (lead_id, detail)
SELECT d.lead_id, d.what FROM (
  SELECT fold_column(f.m, 0) AS lead_id,
    CASE
      WHEN s.lead_id IS NULL THEN 'no row'
      WHEN (s.person, s.domain) IS NOT
        (fold_column(f.m, 1), substr(fold_column(f.m, 1), instr(fold_column(f.m, 1), '@') + 1)) THEN 'person'
      WHEN (s.generation, s.reopened_at) IS NOT (fold_column(f.m, 2), fold_column(f.m, 3)) THEN 'generation'
      WHEN (s.claim_id, s.campaign_id, s.epoch, s.attempts) IS NOT
        (fold_column(f.m, 4), fold_column(f.m, 5), fold_column(f.m, 6), fold_column(f.m, 7)) THEN 'claim_id'
      WHEN (s.settlement, s.settlement_epoch, s.reason) IS NOT
        (fold_column(f.m, 8), fold_column(f.m, 9), fold_column(f.m, 10)) THEN 'settlement'
      WHEN (s.instantly_id, s.current_campaign_id, s.current_at) IS NOT
        (fold_column(f.m, 11), fold_column(f.m, 12), fold_column(f.m, 13)) THEN 'instantly_id'
      WHEN (s.added_at, s.ever_added_at) IS NOT (fold_column(f.m, 14), fold_column(f.m, 15)) THEN 'added_at'
      WHEN (s.sent_at, s.replied_at, s.email_status) IS NOT
        (fold_column(f.m, 16), fold_column(f.m, 17), fold_column(f.m, 18)) THEN 'email_status'
      WHEN (s.finished_at, s.outcome) IS NOT (fold_column(f.m, 19), fold_column(f.m, 20)) THEN 'outcome'
      WHEN (s.removed_at, s.removed_id, s.withdrawn_at) IS NOT
        (fold_column(f.m, 21), fold_column(f.m, 22), fold_column(f.m, 23)) THEN 'removed_at'
      WHEN (s.held_n, s.held_reason, s.resolved_n) IS NOT
        (fold_column(f.m, 24), fold_column(f.m, 25), fold_column(f.m, 26)) THEN 'held_n'
      WHEN s.first_recorded_at IS NOT fold_column(f.m, 27) THEN 'first_recorded_at'
    END AS what
  FROM (
    SELECT lead_id, fold_events(kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, attempt,
      generation, epoch, occurred_at, recorded_at) AS m
    FROM lead_events WHERE lead_id IS NOT NULL GROUP BY lead_id LIMIT -1 OFFSET 0) f
  LEFT JOIN lead_state s ON s.lead_id = f.lead_id
  LIMIT -1 OFFSET 0) d
WHERE d.what IS NOT NULL;

-- name: verify_state_without_events
INSERT INTO temp.differences (lead_id)
SELECT lead_id FROM lead_state EXCEPT SELECT lead_id FROM lead_events WHERE lead_id IS NOT NULL;

-- name: verify_settled_twice
INSERT INTO temp.differences (lead_id, campaign_id, detail)
SELECT min(lead_id), min(campaign_id), 'claim ' || claim_id FROM lead_events
WHERE kind IN (3, 4, 6, 7) AND claim_id IS NOT NULL
GROUP BY claim_id
HAVING min(CASE WHEN kind IN (3, 4) THEN instantly_id END) IS NOT max(CASE WHEN kind IN (3, 4) THEN instantly_id END)
  OR (max(kind IN (3, 4)) AND max(kind IN (6, 7)))
ORDER BY 1;

-- name: verify_added_unsent
-- By the claim that the event names, which need not be the lead's newest. The index of the batches answers for each, the nearest
-- batch first: a run has many; what a
-- bootstrap wrote was sent by a ledger that is gone.
INSERT INTO temp.differences (lead_id, campaign_id, detail)
SELECT min(d.lead_id), min(d.campaign_id), 'claim ' || d.claim_id FROM (
  SELECT e.lead_id, e.campaign_id, e.claim_id, stamp_run('1:' || e.claim_id) AS run_id,
    stamp_ord('1:' || e.claim_id) AS ord
  FROM lead_events e WHERE e.kind = 3 AND e.claim_id IS NOT NULL LIMIT -1 OFFSET 0) d
WHERE (SELECT b.seq FROM lead_events b WHERE b.kind = 2 AND b.run_id = d.run_id AND b.ord <= d.ord
    AND b.ord_to >= d.ord AND b.campaign_id = d.campaign_id ORDER BY b.ord DESC LIMIT 1) IS NULL
  AND NOT EXISTS (SELECT 1 FROM claim_ranges r
    CROSS JOIN lead_events c ON c.seq = r.first_seq + d.ord - r.first_ord AND c.reason = 'bootstrap'
    WHERE r.run_id = d.run_id AND d.ord >= r.first_ord AND d.ord < r.first_ord + r.claims_n)
GROUP BY d.claim_id ORDER BY 1, 3;

-- name: verify_claim_open
INSERT INTO temp.differences (lead_id, campaign_id, detail)
SELECT lead_id, campaign_id, 'claim ' || claim_id FROM lead_state WHERE settlement = 1 AND held_n <= resolved_n
ORDER BY lead_id;

-- name: verify_conflict_open
INSERT INTO temp.differences (lead_id, instantly_id, campaign_id, detail)
SELECT lead_id, instantly_id, current_campaign_id, held_reason FROM lead_state
WHERE held_n > resolved_n AND held_reason = 'relaunched' ORDER BY lead_id;

-- name: verify_tag_twice
-- Enrolments of today whose folded persons have several addresses. Only who has a +tag somewhere is looked at.
INSERT INTO temp.differences (lead_id, instantly_id, campaign_id, detail)
SELECT l.lead_id, l.instantly_id, l.current_campaign_id, 'several spellings' FROM (
  SELECT s.lead_id, s.instantly_id, s.current_campaign_id, min(s.person) OVER spelt AS first, max(s.person) OVER spelt AS last
  FROM lead_state s
  WHERE s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND s.person IS NOT NULL
    AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
    AND fold_tag(s.person) IN (SELECT fold_tag(t.person) FROM lead_state t WHERE instr(t.person, '+') > 1)
  WINDOW spelt AS (PARTITION BY fold_tag(s.person))) l
WHERE l.first <> l.last ORDER BY l.lead_id;

-- name: verify_missing
-- Every row that a lead has, by id or by stamp, stands in temp.matches.
INSERT INTO temp.differences (lead_id, instantly_id, campaign_id)
SELECT s.lead_id, s.instantly_id, s.current_campaign_id FROM lead_state s
WHERE s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND s.instantly_id IS NOT NULL AND s.outcome <> 1
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
  AND (s.finished_at IS NULL OR s.finished_at >= :finished_after)
  AND NOT (s.held_n > s.resolved_n AND s.held_reason = 'campaign_gone')
  AND (:campaign_id IS NULL OR s.current_campaign_id = :campaign_id)
  AND s.lead_id NOT IN (SELECT m.lead_id FROM temp.matches m)
ORDER BY s.lead_id;

-- name: verify_other_campaign
INSERT INTO temp.differences (lead_id, instantly_id, campaign_id, detail)
SELECT s.lead_id, s.instantly_id, t.campaign_id, 'expected in ' || s.current_campaign_id
FROM temp.matches m CROSS JOIN sync_stage t ON t.instantly_id = m.instantly_id
CROSS JOIN lead_state s ON s.lead_id = m.lead_id AND s.instantly_id = t.instantly_id
WHERE s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
  AND t.campaign_id IS NOT s.current_campaign_id
  AND (:campaign_id IS NULL OR s.current_campaign_id = :campaign_id OR t.campaign_id = :campaign_id)
ORDER BY s.lead_id;

-- name: verify_other_stamp
INSERT INTO temp.differences (lead_id, instantly_id, campaign_id, detail)
SELECT s.lead_id, s.instantly_id, t.campaign_id, CASE WHEN t.stamp IS NULL THEN 'no stamp' ELSE 'another stamp' END
FROM temp.matches m CROSS JOIN sync_stage t ON t.instantly_id = m.instantly_id
CROSS JOIN lead_state s ON s.lead_id = m.lead_id AND s.instantly_id = t.instantly_id
WHERE s.settlement = 8 AND s.withdrawn_at IS NULL AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
  AND t.stamp IS NOT s.generation || ':' || s.claim_id AND (:campaign_id IS NULL OR t.campaign_id = :campaign_id)
ORDER BY s.lead_id;

-- name: verify_unknown_row
INSERT INTO temp.differences (instantly_id, campaign_id)
SELECT t.instantly_id, t.campaign_id FROM sync_stage t
WHERE t.run_id = :run_id AND stamp_ord(t.stamp) IS NOT NULL
  AND t.campaign_id IN (SELECT f.campaign_id FROM temp.configured f)
  AND (:campaign_id IS NULL OR t.campaign_id = :campaign_id)
  AND NOT EXISTS (SELECT 1 FROM temp.matches m WHERE m.instantly_id = t.instantly_id)
ORDER BY t.instantly_id;

-- name: verify_suppressed_live
INSERT INTO temp.differences (lead_id, instantly_id, campaign_id, detail)
SELECT s.lead_id, t.instantly_id, t.campaign_id,
  (SELECT min(p.reason) FROM suppressions p
   WHERE p.match_key IN (fold_tag(s.person), '@' || substr(s.person, instr(s.person, '@') + 1)) AND p.revoked_at IS NULL
     AND (p.expires_at IS NULL OR p.expires_at > :now))
FROM temp.matches m CROSS JOIN sync_stage t ON t.instantly_id = m.instantly_id
CROSS JOIN lead_state s ON s.lead_id = m.lead_id
WHERE t.status = 1 AND (:campaign_id IS NULL OR t.campaign_id = :campaign_id)
  AND EXISTS (SELECT 1 FROM suppressions p
   WHERE p.match_key IN (fold_tag(s.person), '@' || substr(s.person, instr(s.person, '@') + 1)) AND p.revoked_at IS NULL
     AND (p.expires_at IS NULL OR p.expires_at > :now))
ORDER BY s.lead_id;

-- name: verify_live_twice
-- One sort by person.
INSERT INTO temp.differences (lead_id, instantly_id, detail)
SELECT d.lead_id, d.first_id, 'also ' || d.last_id FROM (
  SELECT min(m.lead_id) AS lead_id, min(t.instantly_id) AS first_id, max(t.instantly_id) AS last_id,
    sum(stamp_ord(t.stamp) IS NOT NULL) AS ours_n, sum(t.status = 1) AS live_n
  FROM sync_stage t LEFT JOIN temp.matches m ON m.instantly_id = t.instantly_id
  WHERE t.run_id = :run_id AND t.person IS NOT NULL AND (t.status = 1 OR t.stamp IS NOT NULL)
    AND t.campaign_id IN (SELECT f.campaign_id FROM temp.configured f)
  GROUP BY t.person) d
WHERE d.ours_n > 1 OR (d.live_n > 1 AND d.ours_n > 0)
ORDER BY d.first_id;

-- name: verify_removed_live
INSERT INTO temp.differences (lead_id, instantly_id, campaign_id, detail)
SELECT s.lead_id, t.instantly_id, t.campaign_id, CASE WHEN s.withdrawn_at IS NOT NULL THEN 'withdrawn' ELSE 'removed' END
FROM temp.matches m CROSS JOIN sync_stage t ON t.instantly_id = m.instantly_id
CROSS JOIN lead_state s ON s.lead_id = m.lead_id AND s.instantly_id = t.instantly_id
WHERE (s.withdrawn_at IS NOT NULL OR (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id))
  AND (:campaign_id IS NULL OR t.campaign_id = :campaign_id)
ORDER BY s.lead_id;
