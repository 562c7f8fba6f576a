-- Suppressions. match_key is what persons are compared with; the same stop is the same person or domain and reason.

-- name: suppression_put
-- One in force for the same person or domain and reason is left as it is; but a person's own act is written beside one from a
-- list, which may have to wait or be taken back with its list (core/stop_hits.h has the sources).
-- What was removed knowing this evidence stays removed. What the block list holds because we put it there is no
-- stop of its own: it goes with the entry that asked for it.
INSERT INTO suppressions (match_key, person, domain, reason, source, actor, created_at, expires_at, pushed_at, evidence_at,
  run_id)
SELECT coalesce('@' || :domain, fold_tag(:person)), :person, :domain, :reason, :source, :actor,
  coalesce(:created_at, :now), :expires_at, :pushed_at, :evidence_at, :run_id
WHERE NOT EXISTS (
  SELECT 1 FROM suppressions s
  WHERE s.match_key = coalesce('@' || :domain, fold_tag(:person)) AND s.person IS :person AND s.domain IS :domain
    AND ((:source IS 'blocklist' AND s.was_listed = 0) OR (s.reason = :reason
      AND CASE WHEN s.revoked_at IS NULL THEN (s.expires_at IS NULL OR s.expires_at > :now)
            AND (coalesce(s.source, '') IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command')
              OR coalesce(:source, '') NOT IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command'))
          ELSE coalesce(s.evidence_at >= :evidence_at, FALSE) END)));

-- name: suppression_evidence
-- One in force learns what it is seen from now: whoever removes it later knows.
UPDATE suppressions SET evidence_at = :evidence_at
WHERE match_key = coalesce('@' || :domain, fold_tag(:person)) AND person IS :person AND domain IS :domain
  AND reason = :reason AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
  AND coalesce(evidence_at, 0) < :evidence_at;

-- name: reply_stops
SELECT person, domain, reason, source, actor, created_at, expires_at, pushed_at FROM suppressions
WHERE match_key = :key AND reason = 'replied' AND domain IS NULL AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > :now) ORDER BY id;

-- name: stop_end
-- Knowing the newest evidence: the same reply does not bring it back.
UPDATE suppressions SET revoked_at = :now, revoked_by = :words, evidence_at = max(coalesce(evidence_at, 0), :evidence_at)
WHERE match_key = fold_tag(:person) AND person = :person AND domain IS NULL AND reason = :reason AND source = :source
  AND revoked_at IS NULL;

-- name: suppressions_unpushed
-- In the order in which they were written.
SELECT person, domain, reason, source, actor, created_at, expires_at, pushed_at FROM lasting_stops
WHERE pushed_at IS NULL AND (expires_at IS NULL OR expires_at > :now) AND NOT (:bulk_waits AND is_bulk)
ORDER BY id LIMIT :limit;

-- name: stop_hits
-- One pass over the states, and none where there is no such entry. A lead that another stop ends anyway is not theirs.
WITH hit AS MATERIALIZED (
  SELECT s.lead_id, b.allow_hit
  FROM lead_state s CROSS JOIN judged_stops b ON b.match_key IN (fold_tag(s.person), '@' || s.domain)
  WHERE EXISTS (SELECT 1 FROM judged_stops WHERE is_bulk)
    AND s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND s.finished_at IS NULL AND s.instantly_id IS NOT NULL
    AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id)
    AND b.is_bulk AND (b.expires_at IS NULL OR b.expires_at > :now)
    AND NOT (b.is_listed AND (b.domain IS NOT NULL OR b.person = s.person))
    AND NOT EXISTS (SELECT 1 FROM judged_stops o WHERE o.match_key IN (fold_tag(s.person), '@' || s.domain)
      AND NOT o.is_bulk AND (o.expires_at IS NULL OR o.expires_at > :now)))
SELECT NULL, count(DISTINCT lead_id) FROM hit
UNION ALL
SELECT allow_hit, count(DISTINCT lead_id) FROM hit WHERE allow_hit IS NOT NULL GROUP BY allow_hit;

-- name: stops_allow
UPDATE suppressions SET allowed_at = :now
WHERE id IN (SELECT j.id FROM judged_stops j WHERE j.is_bulk AND (:allow IS NULL OR j.allow_hit = :allow)
  AND (j.expires_at IS NULL OR j.expires_at > :now));

-- name: suppression_listing
-- Before it is pushed, and once: a run that died between the push and its confirmation must not take it for somebody else's.
UPDATE suppressions SET was_listed = :was_listed
WHERE match_key = coalesce('@' || :domain, fold_tag(:person)) AND person IS :person AND domain IS :domain
  AND reason = :reason AND pushed_at IS NULL AND was_listed IS NULL AND revoked_at IS NULL;

-- name: suppression_pushed
UPDATE suppressions SET pushed_at = :at
WHERE match_key = coalesce('@' || :domain, fold_tag(:person)) AND person IS :person AND domain IS :domain
  AND reason = :reason AND pushed_at IS NULL;

-- name: has_unlisting
-- Whether it is worth asking which: another entry may keep them.
SELECT EXISTS (SELECT 1 FROM suppressions WHERE was_listed = 0 AND revoked_at IS NOT NULL);

-- name: suppressions_unlisting
-- What we put on the block list, or were about to, and nobody wants there any more. Another entry in force keeps what folds to
-- the same person, whatever its reason.
SELECT DISTINCT person, domain FROM suppressions s
WHERE was_listed = 0 AND revoked_at IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM suppressions o WHERE o.match_key = s.match_key AND o.source IS NOT 'blocklist'
    AND o.revoked_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > :now))
ORDER BY person, domain LIMIT :limit;

-- name: suppression_unlisted
-- Also of an entry that somebody made meanwhile: it is not on the list any more, and is pushed anew.
UPDATE suppressions SET pushed_at = NULL, was_listed = NULL
WHERE match_key = coalesce('@' || :domain, fold_tag(:person)) AND person IS :person AND domain IS :domain
  AND source IS NOT 'blocklist';

-- name: suppressions_of_person
SELECT person, domain, reason, source, actor, created_at, expires_at, pushed_at FROM suppressions
WHERE match_key IN (fold_tag(:person), '@' || substr(:person, instr(:person, '@') + 1)) ORDER BY id;

-- name: stops_mark
-- Has anything been stopped since the claim was made? Holds are few; the planner would rather walk all events backwards.
SELECT coalesce((SELECT max(id) FROM suppressions), 0),
  (SELECT count(*) FROM lead_events INDEXED BY lead_events_holds WHERE kind IN (9, 10));

-- name: stop_of_person
-- The bytewise lowest reason in force; else a hold of the folded person that is not resolved, also one that was not folded yet:
-- ann@x and, in one stretch of the index, ann+anything@x.
SELECT coalesce(
  (SELECT min(reason) FROM suppressions
   WHERE match_key IN (fold_tag(:person), '@' || substr(:person, instr(:person, '@') + 1))
     AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)),
  (SELECT 'held' FROM (
     SELECT person, lead_id, attempt FROM lead_events INDEXED BY lead_events_holds
     WHERE kind IN (9, 10) AND kind = 9 AND person = fold_tag(:person)
     UNION ALL
     SELECT person, lead_id, attempt FROM lead_events INDEXED BY lead_events_holds
     WHERE kind IN (9, 10) AND kind = 9 AND fold_tag(person) = fold_tag(:person)
       AND person > substr(fold_tag(:person), 1, instr(fold_tag(:person), '@') - 1) || '+'
       AND person < substr(fold_tag(:person), 1, instr(fold_tag(:person), '@') - 1) || ',') h
   WHERE h.attempt > coalesce((SELECT max(r.attempt) FROM lead_events r
       WHERE r.kind IN (9, 10) AND r.kind = 10 AND r.person = h.person AND r.lead_id = h.lead_id), 0) LIMIT 1));

-- name: asks_clear
DELETE FROM temp.asks;

-- name: asks_fill
-- What the staged rows ask for: core/sync.h sync_stop(), row by row.
INSERT INTO temp.asks (person, reason, instantly_id, expires_at, evidence_at)
SELECT c.person, c.reason, c.instantly_id, c.expires_at, c.evidence_at FROM (
  SELECT b.*, CASE WHEN b.reason = 'bounced' THEN coalesce(b.ended_at, :now) + :bounce END AS expires_at,
    max(1, coalesce(b.created_at, 0), CASE WHEN b.reason = 'replied' THEN coalesce(b.replied_at, 0) ELSE 0 END)
      AS evidence_at
  FROM (
    SELECT a.*, coalesce(a.last_step_at, nullif(max(coalesce(a.replied_at, 0), coalesce(a.contacted_at, 0),
        coalesce(a.updated_at, 0)), 0)) AS ended_at,
      CASE WHEN a.status = -2 THEN 'unsubscribed'
        WHEN (a.replies > 0 OR a.replied_at IS NOT NULL)
          AND (coalesce(a.interest <> 0, 0) OR a.replies > 1 OR (a.interest IS NULL AND a.pause_until IS NULL)) THEN 'replied'
        WHEN a.status = -1 THEN 'bounced' END AS reason
    FROM sync_stage a WHERE a.run_id = :run_id AND a.person IS NOT NULL) b
  WHERE b.reason IS NOT NULL) c
WHERE c.expires_at IS NULL OR c.expires_at > :now
ORDER BY c.person, c.reason, c.instantly_id;

-- name: asks_spike
-- Bounces of mailboxes of which more than :percent of at least :sends rows of ours that were mailed since the sync before
-- bounced: core/sync.h sync_is_bounce_spike().
UPDATE temp.asks SET is_spike = TRUE
WHERE reason = 'bounced' AND instantly_id IN (
  WITH sent AS MATERIALIZED (
    SELECT t.instantly_id, t.mailbox, coalesce(t.status = -1, 0) AS is_bounced FROM sync_stage t
    WHERE t.run_id = :run_id AND t.mailbox IS NOT NULL
      AND max(coalesce(t.contacted_at, 0), coalesce(t.last_step_at, 0)) > :since
      AND EXISTS (SELECT 1 FROM lead_enrolments n CROSS JOIN lead_state s
        ON s.lead_id = n.lead_id AND s.instantly_id = n.instantly_id WHERE n.instantly_id = t.instantly_id))
  SELECT instantly_id FROM sent
  WHERE is_bounced AND mailbox IN (
    SELECT mailbox FROM sent GROUP BY mailbox HAVING count(*) >= :sends AND sum(is_bounced) * 100 > count(*) * :percent));

-- name: spike_holds
-- Their leads wait for a person, once per bounce: whether it is new is seen as in stage_stops, which comes after.
INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id,
  ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at, detail)
SELECT event_id(9, 0, 'bounce_spike', s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.claim_id, NULL, 0, 0,
    NULL, max(:clock, s.held_n + 1, s.resolved_n + 1), s.generation, :clock, NULL),
  9, 0, 'bounce_spike', s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.claim_id, NULL, 0, 0,
  NULL, max(:clock, s.held_n + 1, s.resolved_n + 1), s.generation, s.epoch, :run_id, :clock, :clock, NULL
FROM (SELECT c.instantly_id, (SELECT min(n.lead_id) FROM lead_enrolments n CROSS JOIN lead_state o
        ON o.lead_id = n.lead_id AND o.instantly_id = n.instantly_id WHERE n.instantly_id = c.instantly_id) AS lead_id
      FROM temp.asks c
      WHERE c.is_spike AND NOT EXISTS (
        SELECT 1 FROM suppressions s
        WHERE s.match_key = fold_tag(c.person) AND s.person = c.person AND s.domain IS NULL AND s.reason = c.reason
          AND CASE WHEN s.revoked_at IS NULL THEN s.expires_at IS NULL OR s.expires_at > :now
              ELSE s.evidence_at >= c.evidence_at END)) h
CROSS JOIN lead_state s ON s.lead_id = h.lead_id
WHERE s.held_n <= s.resolved_n
ORDER BY h.instantly_id;

-- name: stage_stops
-- In one statement: of several rows of a person with one reason the first by id speaks. What was removed knowing this
-- evidence stays removed. One from a list does not count as there: see suppression_put.
INSERT INTO suppressions (match_key, person, domain, reason, source, actor, created_at, expires_at, evidence_at,
  revoked_at, revoked_by, run_id)
SELECT fold_tag(t.person), t.person, NULL, t.reason, 'sync', NULL, coalesce(nullif(:now, 0), :clock), t.expires_at,
  t.evidence_at, CASE WHEN :spike THEN :clock END, CASE WHEN :spike THEN 'bounce_spike' END, :run_id
FROM (
  SELECT c.person, c.reason, c.expires_at, min(c.instantly_id),
    CASE WHEN :spike THEN (SELECT max(m.evidence_at) FROM temp.asks m
      WHERE m.person = c.person AND m.reason = c.reason AND m.is_spike) ELSE c.evidence_at END AS evidence_at
  FROM temp.asks c
  WHERE c.is_spike = :spike AND NOT EXISTS (
    SELECT 1 FROM suppressions s
    WHERE s.match_key = fold_tag(c.person) AND s.person = c.person AND s.domain IS NULL AND s.reason = c.reason
      AND CASE WHEN s.revoked_at IS NULL THEN (s.expires_at IS NULL OR s.expires_at > :now)
            AND coalesce(s.source, '') IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command')
          ELSE s.evidence_at >= c.evidence_at END)
  GROUP BY c.person, c.reason) t
ORDER BY t.person, t.reason;

-- name: stage_evidence
-- One in force learns what it is seen from now: whoever removes it later knows.
UPDATE suppressions SET evidence_at = c.evidence_at
FROM (SELECT person, reason, max(evidence_at) AS evidence_at FROM temp.asks GROUP BY person, reason) c
WHERE match_key = fold_tag(c.person) AND suppressions.person = c.person AND domain IS NULL
  AND suppressions.reason = c.reason AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
  AND coalesce(suppressions.evidence_at, 0) < c.evidence_at;

-- name: stops_lost
-- Rows that were noted and stand there no more. Rows are never deleted and ids rise, so those up to the noted id stay as many and,
-- by a sum over their times, the same ones: also where the table was made anew and filled again.
SELECT max(c.rows_n - count(s.id), CASE WHEN coalesce(sum(s.created_at % 1000003), 0) = c.times THEN 0 ELSE 1 END)
FROM (SELECT json_extract(value, '$[0]') AS rows_n, json_extract(value, '$[1]') AS last_id, json_extract(value, '$[2]') AS times
      FROM controls WHERE name = 'stops' AND json_valid(value)) c
LEFT JOIN suppressions s ON s.id <= c.last_id
GROUP BY c.rows_n, c.times;

-- name: stops_note
INSERT INTO controls (name, value)
SELECT 'stops', json_array(count(*), coalesce(max(id), 0), coalesce(sum(created_at % 1000003), 0)) FROM suppressions
WHERE TRUE
ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE value <> excluded.value;
