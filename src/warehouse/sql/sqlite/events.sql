-- Appending, reading claims, and what an earlier run left open.

-- name: event_append
-- By position, in the order of the columns: rows come by the million.
INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id,
  ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at, detail)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20);

-- name: claim_range_put
-- Appended claims are a range if their ords follow each other; the same event appended twice changes nothing.
INSERT INTO claim_ranges (run_id, first_ord, first_seq, claims_n, claimed_at)
SELECT :run_id, :first_ord, :first_seq, :claims_n, :claimed_at
WHERE NOT EXISTS (
  SELECT 1 FROM claim_ranges r CROSS JOIN lead_events a ON a.seq = r.first_seq
  CROSS JOIN lead_events b ON b.seq = :first_seq AND b.event_id = a.event_id
  WHERE r.run_id = :run_id AND r.first_ord = :first_ord);

-- name: claims_read
-- A run's claims stand together: reading a page is a walk along the rowid. Within a campaign
-- they are in the order of lead_id, so leads and states are walked in their own order too. A row that is another person's
-- by now is gone for this claim. Rows of one ord stand together; whoever reads takes the first, and as many as it wants.
SELECT e.ord, e.generation, e.epoch, e.attempt, e.run_id, e.campaign_id, e.person,
  coalesce(s.held_n > s.resolved_n, 0), e.lead_id,
  l.${email}, l.${first_name}, l.${last_name}, l.${company_name}, l.${campaign_id},
  flag(l.${added_to_instantly}), flag(l.${sequence_completed}), flag(l.${cold_email_sent}), l.${last_email_status}, f.fields
FROM claim_ranges r
CROSS JOIN lead_events e ON e.seq >= r.first_seq + max(0, :after_ord + 1 - r.first_ord)
  AND e.seq < r.first_seq + min(r.claims_n, :to_ord - r.first_ord + 1)
LEFT JOIN lead_state s ON s.lead_id = e.lead_id
LEFT JOIN ${leads} l ON l.${lead_id} = e.lead_id AND person(l.${email}) IS e.person
LEFT JOIN lead_fields f ON f.lead_id = l.${lead_id}
WHERE r.run_id = :run_id
  AND (:campaign_id IS NULL OR e.campaign_id = :campaign_id)
  AND (NOT :only_unsettled OR (s.settlement = 1 AND s.claim_id = e.claim_id))
ORDER BY r.first_ord, r.first_seq, e.seq;

-- name: never_sent
-- Unsettled claims of other runs that stand in no `sending`: nothing was ever transmitted for them. The event carries the
-- claim's own generation and epoch; the epoch of the writer decides nothing.
INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id,
  ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at, detail)
SELECT event_id(8, 0, 'never_sent', e.lead_id, e.person, e.campaign_id, NULL, e.claim_id, NULL, e.ord, 0, NULL, 0,
    e.generation, :now, NULL),
  8, 0, 'never_sent', e.lead_id, e.person, e.campaign_id, NULL, e.claim_id, NULL, e.ord, 0, NULL, 0,
  e.generation, e.epoch, coalesce(:own_run_id, e.run_id), :now, :now, NULL
FROM claim_ranges r
CROSS JOIN lead_events e ON e.seq >= r.first_seq AND e.seq < r.first_seq + r.claims_n
CROSS JOIN lead_state s ON s.lead_id = e.lead_id AND s.settlement = 1 AND s.claim_id = e.claim_id
WHERE r.run_id IS NOT :own_run_id AND r.is_open
  AND NOT EXISTS (SELECT 1 FROM lead_events b WHERE b.kind = 2 AND b.run_id = e.run_id AND b.ord <= e.ord
                  AND b.ord_to >= e.ord AND b.campaign_id = e.campaign_id)
ORDER BY e.seq;

-- name: open_batches
-- The last `sending` of each range with an unsettled claim in it; a held claim waits for a person and is not asked about.
-- The plus sign keeps the planner from building an index over all events.
SELECT b.batch_id, b.run_id, b.campaign_id, b.ord, b.ord_to, b.recorded_at, max(e.attempt)
FROM claim_ranges r
CROSS JOIN lead_events b ON b.kind = 2 AND b.run_id = r.run_id
CROSS JOIN lead_events e ON e.seq >= r.first_seq + max(0, b.ord - r.first_ord)
  AND e.seq < r.first_seq + min(r.claims_n, b.ord_to - r.first_ord + 1) AND +e.campaign_id = b.campaign_id
CROSS JOIN lead_state s ON s.lead_id = e.lead_id AND s.settlement = 1 AND s.claim_id = e.claim_id
WHERE r.run_id IS NOT :own_run_id AND r.is_open
GROUP BY b.seq ORDER BY b.seq;

-- name: claim_ranges_close
-- Runs without an unsettled claim need not be looked at again; as of the last fold. Open ones are few.
UPDATE claim_ranges SET is_open = EXISTS (
  SELECT 1 FROM lead_events e JOIN lead_state s ON s.lead_id = e.lead_id AND s.settlement = 1 AND s.claim_id = e.claim_id
  WHERE e.seq >= claim_ranges.first_seq AND e.seq < claim_ranges.first_seq + claim_ranges.claims_n)
WHERE is_open;

-- name: hold_number
-- The newest hold or resolution of a lead, as of the last fold.
SELECT max(coalesce(held_n, 0), coalesce(resolved_n, 0)) FROM lead_state WHERE lead_id = :lead_id;

-- name: fold_state
-- From the seq that the last fold reached; one sort by lead_id, so that lead_state is written in its own order. A lead that
-- has a state already merges the two there: the statement reads lead_state nowhere else, or SQLite would keep all new rows
-- aside first. m and n are numbers that stand for the state made last (fold_column refuses any other); LIMIT with OFFSET
-- keeps the planner from making it once per column.
INSERT INTO lead_state (lead_id, person, domain, generation, reopened_at, claim_id, campaign_id, epoch, attempts,
  settlement, settlement_epoch, reason, instantly_id, current_campaign_id, current_at, added_at, ever_added_at, sent_at,
  replied_at, email_status, finished_at, outcome, removed_at, removed_id, withdrawn_at, held_n, held_reason, resolved_n,
  first_recorded_at, last_seen_at, subsequence_id)
SELECT fold_column(m, 0), fold_column(m, 1), fold_domain(m),
  fold_column(m, 2), fold_column(m, 3), fold_column(m, 4), fold_column(m, 5), fold_column(m, 6), fold_column(m, 7),
  fold_column(m, 8), fold_column(m, 9), fold_column(m, 10), fold_column(m, 11), fold_column(m, 12), fold_column(m, 13),
  fold_column(m, 14), fold_column(m, 15), fold_column(m, 16), fold_column(m, 17), fold_column(m, 18),
  fold_column(m, 19), fold_column(m, 20), fold_column(m, 21), fold_column(m, 22), fold_column(m, 23),
  fold_column(m, 24), fold_column(m, 25), fold_column(m, 26), fold_column(m, 27), fold_column(m, 28), fold_column(m, 29)
FROM (
  SELECT fold_events(kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, attempt, generation, epoch,
    occurred_at, recorded_at) AS m
  FROM lead_events WHERE seq > :after AND seq <= :until AND lead_id IS NOT NULL
  GROUP BY lead_id LIMIT -1 OFFSET 0)
WHERE TRUE
ON CONFLICT (lead_id) DO UPDATE SET (person, domain, generation, reopened_at, claim_id, campaign_id, epoch, attempts,
  settlement, settlement_epoch, reason, instantly_id, current_campaign_id, current_at, added_at, ever_added_at, sent_at,
  replied_at, email_status, finished_at, outcome, removed_at, removed_id, withdrawn_at, held_n, held_reason, resolved_n,
  first_recorded_at, last_seen_at, subsequence_id) = (
  SELECT fold_column(n, 1), fold_domain(n), fold_column(n, 2),
    fold_column(n, 3), fold_column(n, 4), fold_column(n, 5), fold_column(n, 6), fold_column(n, 7), fold_column(n, 8),
    fold_column(n, 9), fold_column(n, 10), fold_column(n, 11), fold_column(n, 12), fold_column(n, 13),
    fold_column(n, 14), fold_column(n, 15), fold_column(n, 16), fold_column(n, 17), fold_column(n, 18),
    fold_column(n, 19), fold_column(n, 20), fold_column(n, 21), fold_column(n, 22), fold_column(n, 23),
    fold_column(n, 24), fold_column(n, 25), fold_column(n, 26), fold_column(n, 27), fold_column(n, 28),
    fold_column(n, 29)
  FROM (SELECT fold_merge(lead_state.lead_id, lead_state.person, lead_state.generation, lead_state.reopened_at,
    lead_state.claim_id, lead_state.campaign_id, lead_state.epoch, lead_state.attempts, lead_state.settlement,
    lead_state.settlement_epoch, lead_state.reason, lead_state.instantly_id, lead_state.current_campaign_id,
    lead_state.current_at, lead_state.added_at, lead_state.ever_added_at, lead_state.sent_at, lead_state.replied_at,
    lead_state.email_status, lead_state.finished_at, lead_state.outcome, lead_state.removed_at, lead_state.removed_id,
    lead_state.withdrawn_at, lead_state.held_n, lead_state.held_reason, lead_state.resolved_n,
    lead_state.first_recorded_at, lead_state.last_seen_at, lead_state.subsequence_id) AS n
  LIMIT -1 OFFSET 0));

-- name: fold_persons
-- In the index's own order; claims and adoptions are what a lead begins with, the rest follows them and is ignored.
INSERT OR IGNORE INTO lead_persons (person, lead_id)
SELECT person, lead_id FROM lead_events
WHERE seq > :after AND seq <= :until AND person IS NOT NULL AND lead_id IS NOT NULL
ORDER BY person, lead_id;

-- name: fold_enrolments
-- The events that name a row of Instantly as a lead's own.
INSERT OR IGNORE INTO lead_enrolments (instantly_id, lead_id)
SELECT instantly_id, lead_id FROM lead_events
WHERE seq > :after AND seq <= :until AND kind IN (3, 4, 17) AND instantly_id IS NOT NULL AND lead_id IS NOT NULL
ORDER BY instantly_id, lead_id;

-- name: events_last
SELECT coalesce(max(seq), 0) FROM lead_events;
