-- Who is exported: core/eligibility.h as SQL, over working tables, in passes that each run in their own order. The numbers
-- are those of enum verdict, enum settlement and enum event_kind; sqlite_claim.c asserts them.

-- name: gone_clear
DELETE FROM temp.gone;

-- name: gone_fill
-- One walk along lead_state beside the source, both in the order of lead_id. Of several states of a person the one enrolled
-- last is inherited, then the lowest lead_id: the order makes it come first.
INSERT INTO temp.gone (person, state_id)
SELECT s.person, s.lead_id FROM lead_state s
WHERE s.person IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ${leads} l WHERE l.${lead_id} = s.lead_id)
ORDER BY s.person, coalesce(s.ever_added_at, 0) DESC, s.lead_id
ON CONFLICT DO NOTHING;

-- name: gone_any
SELECT EXISTS (SELECT 1 FROM temp.gone);

-- name: aliases_clear
DELETE FROM temp.aliases;

-- name: aliases_fill
-- The lowest lead_id of the person inherits, unless it has a state of its own. Runs only when something is gone.
INSERT INTO temp.aliases (lead_id, state_id)
SELECT h.lead_id, h.state_id FROM (
  SELECT min(l.${lead_id}) AS lead_id, g.state_id FROM ${leads} l CROSS JOIN temp.gone g ON g.person = person(l.${email})
  GROUP BY g.person) h
WHERE NOT EXISTS (SELECT 1 FROM lead_state s WHERE s.lead_id = h.lead_id);

-- name: feeds_clear
DELETE FROM temp.feeds;

-- name: feed_put
INSERT INTO temp.feeds (campaign_id, is_fed, refusal, room, room_verdict, eligible_n, passed_n)
VALUES (:campaign_id, :is_fed, :refusal, :room, :room_verdict, 0, 0);

-- name: variables_clear
DELETE FROM temp.variables;

-- name: variable_put
INSERT INTO temp.variables (bit, source, is_column, path) VALUES (:bit, :source, :is_column, :path);

-- name: feed_variables_clear
DELETE FROM temp.feed_variables;

-- name: feed_variable_put
INSERT INTO temp.feed_variables (campaign_id, n, tag, mask) VALUES (:campaign_id, :n, :tag, 1 << :bit);

-- name: stops_clear
DELETE FROM temp.stops;

-- name: stops_fill
-- Of several entries for one key the bytewise lowest reason is shown; the order is that of the table that is filled.
INSERT INTO temp.stops (match_key, reason)
SELECT match_key, min(reason) FROM suppressions
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
GROUP BY match_key ORDER BY match_key;

-- name: stops_any
SELECT EXISTS (SELECT 1 FROM temp.stops);

-- name: claim_rows_clear
DELETE FROM temp.claim_rows;

-- name: claim_rows_source
-- A walk along the source with its states and fields beside it, all in the order of lead_id; then one sort by person, so
-- that the rows of a person stand together. LIMIT with OFFSET keeps person() from being called once per use; lead_fields is
-- looked at only for variables that are in it.
INSERT OR IGNORE INTO temp.claim_rows (person, lead_id, in_source, verdict, shows_contact, campaign_id, empty, has_state,
  is_held, is_unsettled, ever_added_at, finished_at, outcome, is_enrolled, reopened_at, settled, claim_epoch, generation,
  attempt)
SELECT CASE WHEN typeof(r.p) = 'text' THEN r.p ELSE '' END, r.lead_id, 1,
  CASE
    WHEN typeof(r.p) = 'integer' THEN r.p
    WHEN r.is_reused THEN 4
    WHEN r.is_enrolled THEN 5
    ELSE 0
  END,
  r.shows_contact,
  coalesce(CASE WHEN NOT r.is_reused THEN
             CASE WHEN (r.settlement = 2 AND (r.reason = 'absent' OR r.attempts > 1)) OR r.settlement = 0
                  THEN nullif(r.state_campaign_id, '') END
           END,
           nullif(r.campaign_id, ''), nullif(:default_campaign, '')),
  r.empty, r.has_state AND NOT r.is_reused, r.is_held AND NOT r.is_reused, r.settlement = 1 AND NOT r.is_reused,
  CASE WHEN NOT r.is_reused THEN r.ever_added_at END, r.finished_at, r.outcome, r.is_enrolled, r.reopened_at,
  CASE r.settlement WHEN 3 THEN 'skipped' WHEN 4 THEN 'rejected' WHEN 5 THEN 'found_elsewhere' END
    || coalesce('/' || nullif(r.reason, ''), ''),
  r.claim_id IS NOT NULL OR r.generation > 1, max(coalesce(r.generation, 1), 1),
  CASE WHEN r.claim_id IS NULL OR r.settlement <> 2 THEN 1
       ELSE max(coalesce(r.attempts, 1), 1) + coalesce(r.reason IN ('absent', 'temporary'), 0) END
FROM (
  SELECT q.*, coalesce(q.state_person <> q.p, 0) AS is_reused FROM (
  SELECT l.${lead_id} AS lead_id, person(l.${email}) AS p, l.${campaign_id} AS campaign_id,
    coalesce(l.${added_to_instantly}, 0) OR coalesce(l.${cold_email_sent}, 0) OR coalesce(l.${sequence_completed}, 0)
      OR coalesce(l.${last_email_status}, '') <> '' AS shows_contact,
    (SELECT coalesce(sum(1 << v.bit), 0) FROM temp.variables v
     LEFT JOIN lead_fields f ON NOT v.is_column AND f.lead_id = l.${lead_id}
     WHERE CASE
       WHEN v.is_column THEN trim(coalesce(CASE v.source
         WHEN 'first_name' THEN l.${first_name} WHEN 'last_name' THEN l.${last_name}
         WHEN 'company_name' THEN l.${company_name} WHEN 'email' THEN l.${email} WHEN 'lead_id' THEN l.${lead_id}
         END, ''), char(9, 10, 11, 12, 13, 32)) = ''
       WHEN f.fields IS NULL OR v.source IS NULL OR NOT json_valid(f.fields) THEN TRUE
       WHEN v.path IS NOT NULL THEN CASE json_type(f.fields, v.path)
         WHEN 'text' THEN trim(json_extract(f.fields, v.path), char(9, 10, 11, 12, 13, 32)) = ''
         WHEN 'integer' THEN FALSE WHEN 'real' THEN FALSE WHEN 'true' THEN FALSE WHEN 'false' THEN FALSE
         ELSE TRUE END
       ELSE NOT EXISTS (SELECT 1 FROM json_each(f.fields) j WHERE j.key = v.source
         AND (j.type IN ('integer', 'real', 'true', 'false')
              OR (j.type = 'text' AND trim(j.value, char(9, 10, 11, 12, 13, 32)) <> '')))
     END) AS empty,
    s.lead_id IS NOT NULL AS has_state,
    s.person AS state_person,
    coalesce(s.held_n > s.resolved_n, 0) AS is_held,
    coalesce(s.settlement IN (7, 8) AND s.withdrawn_at IS NULL, 0) AS is_enrolled,
    s.settlement, s.reason, s.campaign_id AS state_campaign_id, s.ever_added_at, s.finished_at, s.outcome,
    s.reopened_at, s.claim_id, s.generation, s.attempts
  FROM ${leads} l
  LEFT JOIN temp.aliases a ON a.lead_id = l.${lead_id}
  LEFT JOIN lead_state s ON s.lead_id = coalesce(a.state_id, l.${lead_id})
  WHERE l.${lead_id} IS NOT NULL
  LIMIT -1 OFFSET 0) q) r
ORDER BY 1, 2;

-- name: claim_rows_states
-- What the ledger knows of persons under lead_ids that the source does not have, or has for somebody else.
INSERT OR IGNORE INTO temp.claim_rows (person, lead_id, in_source, verdict, shows_contact, has_state, is_held,
  is_unsettled, ever_added_at, finished_at, outcome)
SELECT s.person, s.lead_id, 0, 0, 0, 1, s.held_n > s.resolved_n, s.settlement = 1, s.ever_added_at, s.finished_at,
  s.outcome
FROM lead_state s LEFT JOIN ${leads} l ON l.${lead_id} = s.lead_id
WHERE s.person IS NOT NULL AND (l.${lead_id} IS NULL OR person(l.${email}) IS NOT s.person)
ORDER BY 1, 2;

-- name: verdicts_clear
DELETE FROM temp.verdicts;

-- name: verdicts_fill
-- Persons one after the other: what is known of the person over all of its rows, then each of its source rows. Rules 1 to
-- 10 in their order; the first that fails is the verdict.
INSERT INTO temp.verdicts (verdict, detail, campaign_id, lead_id, person, was_claimed, generation, attempt, is_shared)
SELECT v.verdict,
  CASE v.verdict
    WHEN 7 THEN v.stop
    WHEN 11 THEN v.settled
    WHEN 14 THEN v.refusal
    WHEN 15 THEN (SELECT q.tag FROM temp.feed_variables q
                  WHERE q.campaign_id = v.campaign_id AND q.mask & v.empty ORDER BY q.n LIMIT 1)
  END,
  v.campaign_id,
  CASE WHEN v.verdict = 0 THEN v.lead_id END, CASE WHEN v.verdict = 0 THEN v.person END,
  v.was_claimed, v.generation, v.attempt, v.rows_n > 1 AND v.verdict = 0
FROM (
  SELECT
    CASE
      WHEN r.verdict <> 0 THEN r.verdict
      WHEN g.shows_contact AND NOT g.has_events THEN 6
      WHEN g.stop IS NOT NULL THEN 7
      WHEN g.is_held THEN 8
      WHEN g.is_unsettled THEN 9
      WHEN g.last_enrolled_at > coalesce(r.reopened_at, 0) AND (:once_ever OR coalesce((
          SELECT CASE WHEN coalesce(n.outcome, 0) = 0 THEN 1 ELSE (
            SELECT c.value = 9223372036854775807 OR :now - coalesce(n.finished_at, 0) < c.value
            FROM json_each(:cooldowns) c WHERE c.key = n.outcome) END
          FROM temp.claim_rows n WHERE n.person = g.person AND n.has_state
          ORDER BY coalesce(n.ever_added_at, 0) DESC, n.lead_id LIMIT 1), 1)) THEN 10
      WHEN r.settled IS NOT NULL THEN 11
      WHEN r.campaign_id IS NULL THEN 12
      WHEN f.campaign_id IS NULL THEN 13
      WHEN NOT f.is_fed THEN 14
      WHEN r.empty <> 0 AND EXISTS (SELECT 1 FROM temp.feed_variables q
          WHERE q.campaign_id = r.campaign_id AND q.mask & r.empty) THEN 15
      ELSE 0
    END AS verdict,
    g.stop, r.settled, f.refusal, r.empty, r.campaign_id, r.lead_id, r.person, r.claim_epoch AS was_claimed,
    r.generation, r.attempt, g.rows_n
  FROM (
    SELECT person, max(has_state) AS has_events, max(is_held) AS is_held, max(is_unsettled) AS is_unsettled,
      max(coalesce(ever_added_at, 0)) AS last_enrolled_at, max(shows_contact) AS shows_contact,
      sum(in_source) AS rows_n,
      CASE WHEN :has_stops THEN (SELECT min(t.reason) FROM temp.stops t
        WHERE t.match_key IN (fold_tag(c.person), '@' || substr(c.person, instr(c.person, '@') + 1))) END AS stop
    FROM temp.claim_rows c GROUP BY person) g
  CROSS JOIN temp.claim_rows r ON r.person = g.person AND r.in_source
  LEFT JOIN temp.feeds f ON f.campaign_id = r.campaign_id
  LIMIT -1 OFFSET 0) v;

-- name: verdicts_duplicates
-- Rule 11: only persons with several rows are looked at; one claimed before wins, else the lowest lead_id.
UPDATE temp.verdicts SET verdict = 16
FROM (
  SELECT person, coalesce(min(CASE WHEN was_claimed THEN lead_id END), min(lead_id)) AS winner
  FROM temp.verdicts INDEXED BY verdicts_shared WHERE is_shared GROUP BY person) w
WHERE verdicts.is_shared AND verdicts.person = w.person AND verdicts.lead_id <> w.winner;

-- name: verdicts_reused
SELECT coalesce(sum(verdict = 4), 0), count(*) FROM temp.verdicts;

-- name: queue_clear
DELETE FROM temp.queue;

-- name: queue_fill
-- The order of the claims: (campaign_id, lead_id) bytewise. n is a row's place in it, the same campaign together.
INSERT INTO temp.queue (campaign_id, lead_id, person, generation, attempt)
SELECT campaign_id, lead_id, person, generation, attempt FROM temp.verdicts WHERE verdict = 0
ORDER BY campaign_id, lead_id;

-- name: feeds_pass
-- Per campaign the first `room` pass.
UPDATE temp.feeds SET first_n = q.first_n, eligible_n = q.eligible_n, passed_n = max(min(room, q.eligible_n), 0)
FROM (SELECT campaign_id, min(n) AS first_n, count(*) AS eligible_n FROM temp.queue GROUP BY campaign_id) q
WHERE q.campaign_id = feeds.campaign_id;

-- name: feeds_number
-- Where the numbers of a campaign's claims begin: behind those of the campaigns before it. A handful of rows.
UPDATE temp.feeds SET first_ord = 1 + (
  SELECT coalesce(sum(b.passed_n), 0) FROM temp.feeds b WHERE b.campaign_id < feeds.campaign_id);

-- name: claims_append
-- In the order of ord, so that ord and seq rise together; of those that passed the first run_room.
INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id,
  ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at, detail)
SELECT event_id(1, 0, NULL, c.lead_id, c.person, c.campaign_id, NULL, :run_id || '.' || c.ord, NULL, c.ord, 0, NULL,
    c.attempt, c.generation, :now, NULL),
  1, 0, NULL, c.lead_id, c.person, c.campaign_id, NULL, :run_id || '.' || c.ord, NULL, c.ord, 0, NULL,
  c.attempt, c.generation, :epoch, :run_id, :now, :recorded_at, NULL
FROM (
  SELECT q.*, f.first_ord + q.n - f.first_n AS ord
  FROM temp.queue q CROSS JOIN temp.feeds f ON f.campaign_id = q.campaign_id
  WHERE q.n - f.first_n < f.passed_n AND f.first_ord + q.n - f.first_n <= :run_room
  ORDER BY q.n) c;

-- name: verdict_counts
-- Left-out rows by verdict, detail and campaign; the eligible ones by what the caps make of them, by arithmetic.
SELECT verdict, detail, campaign_id, count(*) FROM temp.verdicts WHERE verdict <> 0 GROUP BY 1, 2, 3
UNION ALL
SELECT c.verdict, NULL, c.campaign_id, sum(c.n) FROM (
  SELECT 0 AS verdict, campaign_id, max(min(passed_n, :run_room - first_ord + 1), 0) AS n FROM temp.feeds
  UNION ALL
  SELECT :run_room_verdict, campaign_id, passed_n - max(min(passed_n, :run_room - first_ord + 1), 0) FROM temp.feeds
  UNION ALL
  SELECT room_verdict, campaign_id, eligible_n - passed_n FROM temp.feeds) c
GROUP BY c.verdict, c.campaign_id HAVING sum(c.n) > 0
ORDER BY 1, 2, 3;
