-- What a sync read, and the facts that follow from it. sync_stage and lead_enrolments are both in the order of Instantly's
-- ids, which rise with time: rows of one export stand together in all of the tables that are walked here.

-- name: watched
-- Enrolments in the order of Instantly's ids, a page from a key on.
SELECT n.instantly_id, s.person, s.current_campaign_id
FROM lead_enrolments n CROSS JOIN lead_state s ON s.lead_id = n.lead_id AND s.instantly_id = n.instantly_id
WHERE n.instantly_id > :after_id
  AND s.settlement IN (7, 8) AND s.withdrawn_at IS NULL
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
  AND (s.finished_at IS NULL OR s.finished_at >= :finished_after)
  AND (:campaign_id IS NULL OR s.current_campaign_id = :campaign_id)
  AND (:unstaged_run_id IS NULL OR NOT EXISTS (
    SELECT 1 FROM sync_stage t WHERE t.instantly_id = n.instantly_id AND t.run_id = :unstaged_run_id))
ORDER BY n.instantly_id LIMIT :limit;

-- name: stage_begin
DELETE FROM sync_stage WHERE run_id <> :run_id;

-- name: stage_put
-- By position, in the order of the columns; a row seen twice replaces the earlier one.
INSERT OR REPLACE INTO sync_stage (instantly_id, run_id, person, campaign_id, subsequence_id, stamp, last_step, mailbox,
  status, interest, verification, opens, clicks, replies, created_at, contacted_at, opened_at, clicked_at, replied_at,
  updated_at, last_step_at, pause_until)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, nullif(?15, 0), nullif(?16, 0), nullif(?17, 0),
  nullif(?18, 0), nullif(?19, 0), nullif(?20, 0), nullif(?21, 0), nullif(?22, 0));

-- name: matches_clear
DELETE FROM temp.matches;

-- name: matches_by_id
-- Rows that are a lead's own by id; of several leads the lowest.
INSERT OR IGNORE INTO temp.matches (instantly_id, lead_id)
SELECT t.instantly_id, n.lead_id
FROM sync_stage t CROSS JOIN lead_enrolments n ON n.instantly_id = t.instantly_id
CROSS JOIN lead_state s ON s.lead_id = n.lead_id AND s.instantly_id = t.instantly_id
WHERE t.run_id = :run_id ORDER BY t.instantly_id, n.lead_id;

-- name: matches_by_stamp
-- A row that carries the stamp of a lead's newest claim (of a lead that is not enrolled: of any claim of its generation,
-- the answer and the row may have come late), and the lead's own row was not seen: the stamp says run and ord,
-- claim_ranges where that claim stands.
INSERT OR IGNORE INTO temp.matches (instantly_id, lead_id)
SELECT t.instantly_id, s.lead_id
FROM sync_stage t
CROSS JOIN claim_ranges r ON r.run_id = stamp_run(t.stamp) AND stamp_ord(t.stamp) >= r.first_ord
  AND stamp_ord(t.stamp) < r.first_ord + r.claims_n
CROSS JOIN lead_events e ON e.seq = r.first_seq + stamp_ord(t.stamp) - r.first_ord
CROSS JOIN lead_state s ON s.lead_id = e.lead_id AND (s.generation || ':' || s.claim_id = t.stamp
  OR (NOT (s.settlement IN (7, 8) AND s.withdrawn_at IS NULL) AND e.generation = s.generation
    AND s.generation || ':' || e.claim_id = t.stamp))
WHERE t.run_id = :run_id AND t.stamp IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM temp.matches m WHERE m.instantly_id = t.instantly_id)
  AND NOT EXISTS (SELECT 1 FROM sync_stage o WHERE o.instantly_id = s.instantly_id AND o.run_id = :run_id)
ORDER BY t.instantly_id, s.lead_id DESC;

-- name: matches_by_person
-- A person found elsewhere earlier whose row now sits in the lead's own campaign.
INSERT OR IGNORE INTO temp.matches (instantly_id, lead_id)
SELECT t.instantly_id, s.lead_id
FROM sync_stage t
CROSS JOIN lead_persons p ON p.person = t.person
CROSS JOIN lead_state s ON s.lead_id = p.lead_id AND s.person = t.person AND s.settlement = 5
  AND s.campaign_id = t.campaign_id
WHERE t.run_id = :run_id AND NOT EXISTS (SELECT 1 FROM temp.matches m WHERE m.instantly_id = t.instantly_id)
ORDER BY t.instantly_id, s.lead_id;

-- name: stage_counts
-- Rows of the run, and those that are nobody's or of a lead that was removed or withdrawn.
SELECT count(*), count(*) - coalesce(sum(
  m.lead_id IS NOT NULL AND s.withdrawn_at IS NULL
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS t.instantly_id)), 0)
FROM sync_stage t
LEFT JOIN temp.matches m ON m.instantly_id = t.instantly_id
LEFT JOIN lead_state s ON s.lead_id = m.lead_id
WHERE t.run_id = :run_id;

-- name: stage_facts
-- core/sync.h sync_facts() for each matched row: it gives a JSON array of events, NULL for none, which is what nearly all
-- rows give. One pass in the order of Instantly's ids.
INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id,
  ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at, detail)
SELECT event_id(f.kind, f.fact, f.reason, f.lead_id, f.person, f.campaign_id, f.instantly_id, f.claim_id, NULL, 0, 0,
    NULL, f.attempt, f.generation, f.occurred_at, NULL),
  f.kind, f.fact, f.reason, f.lead_id, f.person, f.campaign_id, f.instantly_id, f.claim_id, NULL, 0, 0,
  NULL, f.attempt, f.generation, f.epoch, :run_id, f.occurred_at, :recorded_at, NULL
FROM (
  SELECT j.value ->> 0 AS kind, j.value ->> 1 AS fact, j.value ->> 2 AS reason, j.value ->> 3 AS lead_id,
    j.value ->> 4 AS person, j.value ->> 5 AS campaign_id, j.value ->> 6 AS instantly_id, j.value ->> 7 AS claim_id,
    j.value ->> 8 AS attempt, j.value ->> 9 AS generation, j.value ->> 10 AS epoch, j.value ->> 11 AS occurred_at
  FROM (
    SELECT sync_facts(:now, :scan_started, :epoch, :bounce, :cut,
      t.instantly_id, t.person, t.campaign_id, t.subsequence_id, t.stamp, t.last_step, t.mailbox, t.status, t.interest,
      t.verification, t.opens, t.clicks, t.replies, t.created_at, t.contacted_at, t.opened_at, t.clicked_at,
      t.replied_at, t.updated_at, t.last_step_at, t.pause_until,
      s.lead_id, s.person, s.generation, s.reopened_at, s.claim_id, s.campaign_id, s.epoch, s.attempts, s.settlement,
      s.settlement_epoch, s.reason, s.instantly_id, s.current_campaign_id, s.current_at, s.added_at, s.ever_added_at,
      s.sent_at, s.replied_at, s.email_status, s.finished_at, s.outcome, s.removed_at, s.removed_id, s.withdrawn_at,
      s.held_n, s.held_reason, s.resolved_n, s.first_recorded_at, s.last_seen_at, s.subsequence_id) AS facts
    FROM temp.matches m CROSS JOIN sync_stage t ON t.instantly_id = m.instantly_id AND t.run_id = :run_id
    CROSS JOIN lead_state s ON s.lead_id = m.lead_id
    LIMIT -1 OFFSET 0) r
  CROSS JOIN json_each(r.facts) j WHERE r.facts IS NOT NULL) f;

-- name: stage_seen
-- Where the newest scan saw the lead; of several rows the last by id speaks. Only rows that change are written: a lead is
-- seen with every sync, and a rewrite of lead_state each time would cost more than the sync.
UPDATE lead_state SET last_seen_at = max(coalesce(last_seen_at, 0), :seen), subsequence_id = c.subsequence_id
FROM (
  SELECT m.lead_id, t.subsequence_id, max(t.instantly_id)
  FROM temp.matches m CROSS JOIN sync_stage t ON t.instantly_id = m.instantly_id
  CROSS JOIN lead_state s ON s.lead_id = m.lead_id
  WHERE s.withdrawn_at IS NULL AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS t.instantly_id)
  GROUP BY m.lead_id ORDER BY m.lead_id) c
WHERE c.lead_id = lead_state.lead_id
  AND (coalesce(lead_state.last_seen_at, 0) < :seen OR lead_state.subsequence_id IS NOT c.subsequence_id);

-- name: hold_campaign
-- A campaign that Instantly does not have any more: its running enrolments wait for a person. The number of a hold is later
-- than every resolution, also where the clock was set back. Along lead_state, once per campaign that is gone.
INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id,
  ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at, detail)
SELECT event_id(9, 0, 'campaign_gone', s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.claim_id, NULL, 0, 0,
    NULL, max(:now, s.held_n + 1, s.resolved_n + 1), s.generation, :now, NULL),
  9, 0, 'campaign_gone', s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.claim_id, NULL, 0, 0,
  NULL, max(:now, s.held_n + 1, s.resolved_n + 1), s.generation, s.epoch, :run_id, :now, :now, NULL
FROM lead_state s
WHERE s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND s.finished_at IS NULL
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id) AND s.held_n <= s.resolved_n
  AND s.current_campaign_id = :campaign_id;

-- name: retire_count
-- Leads of a campaign that is gone with something to end. Along lead_state, once per command.
SELECT count(*) FROM lead_state s
WHERE (s.settlement = 1 AND s.campaign_id = :campaign_id)
  OR (s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
    AND s.current_campaign_id = :campaign_id AND (s.finished_at IS NULL OR s.held_n > s.resolved_n));

-- name: retire_campaign
-- resolved with the number of the hold, skipped for the open claim, finished for the running enrolment.
INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id,
  ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at, detail)
SELECT event_id(r.kind, 0, r.reason, r.lead_id, r.person, :campaign_id, r.instantly_id, r.claim_id, NULL, 0, 0, NULL,
    r.attempt, r.generation, :now, :detail),
  r.kind, 0, r.reason, r.lead_id, r.person, :campaign_id, r.instantly_id, r.claim_id, NULL, 0, 0, NULL,
  r.attempt, r.generation, r.epoch, :run_id, :now, :recorded_at, :detail
FROM (
  SELECT k.kind, k.reason, s.lead_id, s.person, CASE WHEN k.kind = 14 THEN s.instantly_id END AS instantly_id,
    CASE WHEN k.kind = 6 THEN s.claim_id END AS claim_id, CASE WHEN k.kind = 10 THEN s.held_n ELSE 0 END AS attempt,
    s.generation, coalesce(s.epoch, 0) AS epoch
  FROM lead_state s
  CROSS JOIN (SELECT 10 AS kind, NULL AS reason UNION ALL SELECT 6, 'campaign_gone'
              UNION ALL SELECT 14, 'removed_by_hand') k
  WHERE CASE
    WHEN s.settlement = 1 AND s.campaign_id = :campaign_id THEN k.kind = 6 OR (k.kind = 10 AND s.held_n > s.resolved_n)
    WHEN s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND s.current_campaign_id = :campaign_id
      AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
      THEN (k.kind = 14 AND s.finished_at IS NULL) OR (k.kind = 10 AND s.held_n > s.resolved_n)
    ELSE FALSE END
  ORDER BY s.lead_id, k.kind) r;

-- name: missing_clear
DELETE FROM temp.missing;

-- name: missing_fill
-- Enrolments that a whole scan which began after they came did not show, with the first scan that missed them.
INSERT INTO temp.missing (lead_id, stamp, first_at)
SELECT s.lead_id, s.generation || ':' || s.claim_id,
  (SELECT min(v.occurred_at) FROM lead_events v WHERE v.kind = 18 AND v.lead_id = s.lead_id
   AND v.instantly_id IS s.instantly_id AND v.occurred_at > coalesce(s.last_seen_at, 0))
FROM lead_state s
WHERE s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND s.finished_at IS NULL AND s.instantly_id IS NOT NULL
  AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id) AND s.held_n <= s.resolved_n
  AND max(coalesce(s.current_at, 0), coalesce(s.added_at, 0)) < :scan_started
  AND NOT EXISTS (SELECT 1 FROM sync_stage t WHERE t.instantly_id = s.instantly_id AND t.run_id = :run_id)
ORDER BY s.lead_id;

-- name: missing_stamped
-- A row of the address under another id that carries the stamp is the same enrolment. The staged rows are walked once;
-- the table that they are looked up in is small.
DELETE FROM temp.missing WHERE lead_id IN (
  SELECT m.lead_id FROM sync_stage t CROSS JOIN temp.missing m ON m.stamp = t.stamp WHERE t.run_id = :run_id);

-- name: missing_append
-- vanished the first time and the last, finished with the last: twice, far enough apart.
INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id,
  ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at, detail)
SELECT event_id(k.kind, 0, k.reason, s.lead_id, s.person, s.current_campaign_id, s.instantly_id, NULL, NULL, 0, 0, NULL, 0,
    s.generation, :scan_started, NULL),
  k.kind, 0, k.reason, s.lead_id, s.person, s.current_campaign_id, s.instantly_id, NULL, NULL, 0, 0, NULL, 0,
  s.generation, :epoch, :run_id, :scan_started, :recorded_at, NULL
FROM temp.missing m CROSS JOIN lead_state s ON s.lead_id = m.lead_id
CROSS JOIN (SELECT 18 AS kind, NULL AS reason UNION ALL SELECT 14, 'removed_by_hand') k
WHERE CASE WHEN m.first_at IS NULL THEN k.kind = 18 ELSE :scan_started - m.first_at >= :vanish_after END
ORDER BY m.lead_id, k.kind DESC;

-- name: conflicts_since
SELECT lead_id FROM lead_events WHERE seq > :after AND kind = 19 ORDER BY seq;

-- name: events_since
SELECT kind, count(*) FROM lead_events WHERE seq > :after GROUP BY kind;
