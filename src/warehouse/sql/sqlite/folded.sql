-- What the last fold left, and all of it anew. Who deletes rows of lead_state, drops it or puts an older one there leaves a
-- ledger that takes contacted people for new ones: so each fold notes what the tables that it writes come to.

-- name: folded_states
-- Every column that comes from events, of every row; last_seen_at and subsequence_id are not told from scan to scan.
SELECT fold_digest(lead_id, person, generation, reopened_at, claim_id, campaign_id, epoch, attempts, settlement,
  settlement_epoch, reason, instantly_id, current_campaign_id, current_at, added_at, ever_added_at, sent_at, replied_at,
  email_status, finished_at, outcome, removed_at, removed_id, withdrawn_at, held_n, held_reason, resolved_n,
  first_recorded_at, last_seen_at, subsequence_id) FROM lead_state;

-- name: folded_indexes
-- The tables that stand for indexes.
SELECT (SELECT count(*) FROM lead_persons), (SELECT count(*) FROM lead_enrolments);

-- name: folded_place
-- What stands at the seq that the fold reached, and the ranges from where it began up to there: later ones are written with the
-- events of a claim that is not folded yet.
SELECT count(*), coalesce(sum(claims_n), 0), coalesce(sum(first_seq - first_ord), 0),
  (SELECT lower(hex(event_id)) FROM lead_events WHERE seq = :until)
FROM claim_ranges WHERE first_seq > :after AND first_seq <= :until;

-- name: folded_unranged
-- A claim that is not folded yet and stands in no range: its range was written with it, and somebody took it away.
SELECT EXISTS (SELECT 1 FROM lead_events e WHERE e.seq > :after AND e.kind = 1 AND e.run_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM claim_ranges r
    WHERE r.run_id = e.run_id AND e.seq >= r.first_seq AND e.seq < r.first_seq + r.claims_n));

-- name: refold_is_whole
-- Numbers follow each other, so none of the events is missing. If the first of them were, they would begin later.
SELECT count(*) = coalesce(max(seq), 0) FROM lead_events;

-- name: refold_seen_clear
DELETE FROM temp.seen_states;

-- name: refold_seen_keep
-- What no event tells.
INSERT INTO temp.seen_states SELECT lead_id, last_seen_at, subsequence_id FROM lead_state
WHERE last_seen_at IS NOT NULL OR subsequence_id IS NOT NULL ORDER BY lead_id;

-- name: refold_seen_put
UPDATE lead_state SET last_seen_at = n.last_seen_at, subsequence_id = n.subsequence_id
FROM temp.seen_states n WHERE n.lead_id = lead_state.lead_id;

-- name: refold_drop_states
DELETE FROM lead_state;

-- name: refold_drop_persons
DELETE FROM lead_persons;

-- name: refold_drop_enrolments
DELETE FROM lead_enrolments;

-- name: refold_drop_ranges
DELETE FROM claim_ranges;

-- name: refold_ranges
-- Claims whose ord and seq rise together make one range. A claim that was appended twice counts once, and one that a range has
-- already makes none.
INSERT OR IGNORE INTO claim_ranges (run_id, first_ord, first_seq, claims_n, claimed_at)
SELECT run_id, min(ord), min(seq), count(*), min(occurred_at) FROM (
  SELECT run_id, ord, seq, occurred_at, seq - ord AS shift,
    seq - row_number() OVER (PARTITION BY run_id, seq - ord ORDER BY seq) AS island
  FROM (
    SELECT run_id, ord, seq, occurred_at, row_number() OVER (PARTITION BY event_id ORDER BY seq) AS n
    FROM lead_events WHERE kind = 1 AND run_id IS NOT NULL) e
  WHERE e.n = 1 AND NOT EXISTS (SELECT 1 FROM claim_ranges r
    WHERE r.run_id = e.run_id AND e.seq >= r.first_seq AND e.seq < r.first_seq + r.claims_n))
GROUP BY run_id, shift, island;
