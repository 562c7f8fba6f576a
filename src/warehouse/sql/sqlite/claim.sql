-- Who is exported: core/eligibility.h as SQL, in passes that each run in their own order. Nearly every person has one row
-- and is decided from it alone, in one walk; only of the others the rows are put together first. The numbers are those of
-- enum verdict, enum settlement and enum event_kind; sqlite_claim.c asserts them.

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

-- name: leads_unique
-- Can no two rows have one lead_id? A table of the user's own may promise it or not.
SELECT EXISTS (
  SELECT 1 FROM pragma_index_list(:table) i
  WHERE i."unique" AND NOT i.partial AND (SELECT count(*) FROM pragma_index_info(i.name)) = 1
    AND (SELECT c.name FROM pragma_index_info(i.name) c) = :column COLLATE NOCASE);

-- name: repeated_ids_clear
DELETE FROM temp.repeated_ids;

-- name: repeated_ids_fill
-- Of rows with one lead_id the first by address counts, then by campaign.
INSERT INTO temp.repeated_ids (lead_id, email, campaign_id)
SELECT lead_id, email, campaign_id FROM (
  SELECT l.${lead_id} AS lead_id, l.${email} AS email, l.${campaign_id} AS campaign_id,
    row_number() OVER (PARTITION BY l.${lead_id} ORDER BY l.${email}, l.${campaign_id}) AS n
  FROM ${leads} l
  WHERE l.${lead_id} IN (
    SELECT ${lead_id} FROM ${leads} WHERE has_name(${lead_id}) GROUP BY ${lead_id} HAVING count(*) > 1))
WHERE n = 1;

-- name: feeds_clear
DELETE FROM temp.feeds;

-- name: feed_put
INSERT INTO temp.feeds (campaign_id, is_fed, refusal, room, room_verdict, eligible_n, passed_n)
VALUES (:campaign_id, :is_fed, :refusal, :room, :room_verdict, 0, 0);

-- name: feeds_place
-- A number for each campaign, in the order of campaign_id: a million keys need not repeat its 36 letters.
UPDATE temp.feeds SET place = 1 + (SELECT count(*) FROM temp.feeds b WHERE b.campaign_id < feeds.campaign_id);

-- name: feed_variables_clear
DELETE FROM temp.feed_variables;

-- name: feed_fields_any
SELECT EXISTS (SELECT 1 FROM temp.feed_variables WHERE NOT is_column);

-- name: feed_variable_put
INSERT INTO temp.feed_variables (campaign_id, n, tag, source, is_column, path)
VALUES (:campaign_id, :n, :tag, :source, :is_column, :path);

-- name: stops_clear
DELETE FROM temp.stops;

-- name: stops_fill
-- Of several entries for one key the bytewise lowest reason is shown, but for one of the exclusion table, which goes before
-- all; the order is that of the table that is filled.
INSERT INTO temp.stops (match_key, reason)
SELECT match_key, iif(max(source IS 'exclusion'), 'excluded', min(reason)) FROM suppressions
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
GROUP BY match_key ORDER BY match_key;

-- name: stops_any
SELECT EXISTS (SELECT 1 FROM temp.stops);

-- name: claim_rows_clear
DELETE FROM temp.claim_rows;

-- name: claim_rows_states
-- What the ledger knows of persons under lead_ids that the source does not have, or has for somebody else.
INSERT OR IGNORE INTO temp.claim_rows (folded, lead_id, in_source, person, shows_contact, has_state, is_held, is_unsettled,
  in_instantly, ever_added_at, finished_at, outcome)
SELECT fold_tag(s.person), s.lead_id, 0, s.person, 0, 1, s.held_n > s.resolved_n, s.settlement = 1,
  s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id),
  s.ever_added_at, s.finished_at, s.outcome
FROM lead_state s LEFT JOIN ${leads} l ON l.${lead_id} = s.lead_id
WHERE s.person IS NOT NULL AND (l.${lead_id} IS NULL OR person(l.${email}) IS NOT s.person)
ORDER BY 1, 2;

-- name: repeats_of_states
-- A person with such a state is not decided by one source row alone.
SELECT repeats_note(folded, 2) FROM temp.claim_rows;

-- name: repeats_of_source
SELECT repeats_note(fold_tag(person(${email})), 1) FROM ${leads};

-- name: claim_rows_source
-- The source rows of persons that have several rows (sqlite_repeats.h), which a view is narrowed to from outside.
INSERT OR IGNORE INTO temp.claim_rows (folded, lead_id, in_source, person, shows_contact, has_state, is_held, is_unsettled,
  in_instantly, ever_added_at, finished_at, outcome)
SELECT k, lead_id, 1, p, shows_contact, has_state, is_held, is_unsettled, in_instantly, ever_added_at, finished_at, outcome
FROM temp.source_rows ORDER BY 1, 2;

-- name: claim_rows_contacts
-- Rows that are no leads (without a lead_id, or with one that a row has which counts) say all the same that their person was
-- contacted. Blanks come before every letter and digit, so that an index on lead_id finds those without one.
INSERT INTO temp.claim_rows (folded, lead_id, in_source, person, shows_contact, has_state)
SELECT fold_tag(q.p), '@' || q.p, 0, q.p, 1, 0
FROM (
  SELECT person(l.${email}) AS p FROM ${leads} l
  WHERE (l.${lead_id} IS NULL OR l.${lead_id} < '!' OR l.${lead_id} IN (SELECT o.lead_id FROM temp.repeated_ids o))
    AND (NOT has_name(l.${lead_id}) OR l.${lead_id} IN (SELECT o.lead_id FROM temp.repeated_ids o))
    AND shows_contact(l.${added_to_instantly}, l.${cold_email_sent}, l.${sequence_completed}, l.${last_email_status})
  LIMIT -1 OFFSET 0) q
WHERE typeof(q.p) = 'text' GROUP BY q.p
ON CONFLICT DO UPDATE SET shows_contact = 1;

-- name: person_facts_clear
DELETE FROM temp.person_facts;

-- name: person_facts_fill
-- What is known of a person over all of its rows; the outcome is that of the state enrolled last, then the lowest lead_id. A
-- row that shows a contact says something new only of an address that no event of ours names.
INSERT INTO temp.person_facts (folded, was_contacted, is_held, is_unsettled, in_instantly, last_enrolled_at, rows_n, outcome,
  finished_at)
SELECT g.folded, g.was_contacted, g.is_held, g.is_unsettled, g.in_instantly, g.last_enrolled_at, g.rows_n,
  (SELECT n.outcome FROM temp.claim_rows n WHERE n.folded = g.folded AND n.has_state
   ORDER BY coalesce(n.ever_added_at, 0) DESC, n.lead_id LIMIT 1),
  (SELECT n.finished_at FROM temp.claim_rows n WHERE n.folded = g.folded AND n.has_state
   ORDER BY coalesce(n.ever_added_at, 0) DESC, n.lead_id LIMIT 1)
FROM (
  SELECT folded, max(shows_contact AND NOT has_state) AS was_contacted, max(is_held) AS is_held,
    max(is_unsettled) AS is_unsettled, max(in_instantly) AS in_instantly, max(last_enrolled_at) AS last_enrolled_at,
    sum(rows_n) AS rows_n
  FROM (
    SELECT folded, max(has_state) AS has_state, max(is_held) AS is_held, max(is_unsettled) AS is_unsettled,
      max(in_instantly) AS in_instantly, max(coalesce(ever_added_at, 0)) AS last_enrolled_at,
      max(shows_contact) AS shows_contact, sum(in_source) AS rows_n
    FROM temp.claim_rows GROUP BY folded, person)
  GROUP BY folded) g;

-- name: queue_clear
DELETE FROM temp.queue;

-- name: queue_fill
-- Each source row with the facts of its person: rules 1 to 10 in their order, the first that fails is the verdict. An
-- eligible row goes into the queue; the others are counted, one row per reason. The walk is in the order of lead_id, so the
-- queue is written in its own order, campaign by campaign. code is the verdict, for rule 15 with the variable's n above it.
-- LIMIT with OFFSET keeps the planner from working a column out once per use.
INSERT INTO temp.queue (verdict, place, lead_id, campaign_id, detail, person, was_claimed, generation, attempt, shared,
  reopens, n)
SELECT v.code & 31,
  CASE WHEN v.code = 0 THEN v.place ELSE 0 END,
  CASE WHEN v.code = 0 THEN v.lead_id ELSE '' END,
  CASE WHEN v.code = 0 THEN '' ELSE coalesce(v.campaign_id, '') END,
  coalesce(CASE v.code & 31
    WHEN 0 THEN ''
    WHEN 7 THEN v.stop
    WHEN 11 THEN v.settled
    WHEN 14 THEN v.refusal
    WHEN 15 THEN (SELECT q.tag FROM temp.feed_variables q WHERE q.campaign_id = v.campaign_id AND q.n = v.code >> 5)
  END, ''),
  CASE WHEN v.code = 0 THEN v.p END, v.was_claimed, v.generation, v.attempt,
  CASE WHEN v.rows_n > 1 AND v.code = 0 THEN v.k END, v.is_enrolled AND v.code = 0, 1
FROM (
  SELECT
    CASE
      WHEN r.verdict <> 0 AND NOT (r.is_enrolled AND r.is_over) THEN r.verdict
      WHEN r.was_contacted THEN 6
      WHEN r.stop = 'excluded' THEN 22
      WHEN r.stop IS NOT NULL THEN 7
      WHEN r.is_held THEN 8
      WHEN r.is_unsettled THEN 9
      WHEN (r.is_enrolled OR r.last_enrolled_at > coalesce(r.reopened_at, 0)) AND NOT r.is_over THEN 10
      WHEN (r.is_enrolled OR r.last_enrolled_at > coalesce(r.reopened_at, 0)) AND r.in_instantly THEN 21
      WHEN r.settled IS NOT NULL THEN 11
      WHEN r.campaign_id IS NULL THEN 12
      WHEN f.campaign_id IS NULL THEN 13
      WHEN NOT f.is_fed THEN 14
      ELSE coalesce((
        SELECT 15 + (q.n << 5) FROM temp.feed_variables q
        WHERE q.campaign_id = r.campaign_id AND CASE
          WHEN q.is_column THEN trim(coalesce(CASE q.source
            WHEN 'first_name' THEN r.first_name WHEN 'last_name' THEN r.last_name
            WHEN 'company_name' THEN r.company_name WHEN 'email' THEN r.email WHEN 'lead_id' THEN r.lead_id
            END, ''), char(9, 10, 11, 12, 13, 32)) = ''
          WHEN r.fields IS NULL OR q.source IS NULL OR NOT json_valid(r.fields) THEN TRUE
          WHEN q.path IS NOT NULL THEN CASE json_type(r.fields, q.path)
            WHEN 'text' THEN trim(json_extract(r.fields, q.path), char(9, 10, 11, 12, 13, 32)) = ''
            WHEN 'integer' THEN FALSE WHEN 'real' THEN FALSE WHEN 'true' THEN FALSE WHEN 'false' THEN FALSE
            ELSE TRUE END
          ELSE NOT EXISTS (SELECT 1 FROM json_each(r.fields) j WHERE j.key = q.source
            AND (j.type IN ('integer', 'real', 'true', 'false')
                 OR (j.type = 'text' AND trim(j.value, char(9, 10, 11, 12, 13, 32)) <> '')))
          END
        ORDER BY q.n LIMIT 1), 0)
    END AS code,
    r.stop, r.settled, r.campaign_id, r.lead_id, r.p, r.k, r.was_claimed, r.generation, r.attempt, r.rows_n, r.is_enrolled,
    f.refusal, f.place
  FROM (
    SELECT o.lead_id, o.p, o.k, o.verdict, o.is_enrolled, coalesce(o.campaign_id, nullif(:default_campaign, '')) AS campaign_id,
      o.settled, o.reopened_at, o.was_claimed, o.generation, o.attempt,
      iif(g.folded IS NULL, o.shows_contact AND NOT o.has_state, g.was_contacted) AS was_contacted,
      iif(g.folded IS NULL, o.is_held, g.is_held) AS is_held,
      iif(g.folded IS NULL, o.is_unsettled, g.is_unsettled) AS is_unsettled,
      iif(g.folded IS NULL, o.in_instantly, g.in_instantly) AS in_instantly,
      iif(g.folded IS NULL, coalesce(o.ever_added_at, 0), g.last_enrolled_at) AS last_enrolled_at,
      CASE WHEN :once_ever THEN 0 ELSE coalesce((
        SELECT c.value <> 9223372036854775807
          AND :now - coalesce(iif(g.folded IS NULL, o.finished_at, g.finished_at), 0) >= c.value
        FROM json_each(:cooldowns) c
        WHERE c.key = iif(g.folded IS NULL, o.outcome, g.outcome) AND c.key IN (2, 3, 6)), 0) END AS is_over,
      g.rows_n,
      CASE WHEN :has_stops AND (o.verdict = 0 OR (o.is_enrolled AND NOT :once_ever)) THEN (
        SELECT iif(max(t.reason = 'excluded'), 'excluded', min(t.reason)) FROM temp.stops t
        WHERE t.match_key IN (o.k, '@' || substr(o.p, instr(o.p, '@') + 1))) END AS stop,
      o.email, o.first_name, o.last_name, o.company_name, e.fields
    FROM temp.source_rows o
    LEFT JOIN temp.person_facts g ON g.folded = repeated(o.k)
    LEFT JOIN lead_fields e ON :has_fields AND e.lead_id = o.lead_id
    LIMIT -1 OFFSET 0) r
  LEFT JOIN temp.feeds f ON f.campaign_id = r.campaign_id
  LIMIT -1 OFFSET 0) v
WHERE TRUE
ON CONFLICT DO UPDATE SET n = n + 1;

-- name: queue_duplicates
-- Rule 11: only persons with several source rows are looked at; one claimed before wins, else the lowest lead_id.
UPDATE temp.queue SET verdict = 16
FROM (
  SELECT shared, coalesce(min(CASE WHEN was_claimed THEN lead_id END), min(lead_id)) AS winner
  FROM temp.queue INDEXED BY queue_shared WHERE shared IS NOT NULL GROUP BY shared) w
WHERE queue.shared = w.shared AND queue.lead_id <> w.winner;

-- name: feeds_pass
-- Per campaign the first `room` pass.
UPDATE temp.feeds SET (eligible_n, passed_n) = (
  SELECT count(*), max(min(feeds.room, count(*)), 0) FROM temp.queue q WHERE q.verdict = 0 AND q.place = feeds.place);

-- name: feeds_number
-- Where the numbers of a campaign's claims begin: behind those of the campaigns before it. A handful of rows.
UPDATE temp.feeds SET first_ord = 1 + (
  SELECT coalesce(sum(b.passed_n), 0) FROM temp.feeds b WHERE b.place < feeds.place);

-- name: verdicts_reused
-- Source rows whose lead_id was another person's, and all source rows.
SELECT coalesce(sum(CASE WHEN verdict = 4 THEN n END), 0),
  coalesce(sum(n), 0) + (SELECT coalesce(sum(eligible_n), 0) FROM temp.feeds)
FROM temp.queue WHERE verdict > 0;

-- name: claims_append
-- In the order of ord, so that ord and seq rise together; of those that passed the first run_room. Both tables are read in
-- the order of their keys, which is that of (campaign_id, lead_id), and counted on the way: count_up begins anew with each
-- campaign.
INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id,
  ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at, detail)
SELECT event_id(1, 0, NULL, c.lead_id, c.person, c.campaign_id, NULL, c.claim_id, NULL, c.ord, 0, NULL, c.attempt,
    c.generation, :now, NULL),
  1, 0, NULL, c.lead_id, c.person, c.campaign_id, NULL, c.claim_id, NULL, c.ord, 0, NULL,
  c.attempt, c.generation, :epoch, :run_id, :now, :recorded_at, NULL
FROM (
  SELECT n.*, :run_id || '.' || n.ord AS claim_id FROM (
    SELECT f.campaign_id, f.first_ord, f.passed_n, q.lead_id, q.person, q.generation, q.attempt,
      f.first_ord - 1 + count_up(:count, q.place) AS ord
    FROM temp.feeds f CROSS JOIN temp.queue q ON q.verdict = 0 AND q.place = f.place
    ORDER BY f.campaign_id, q.lead_id LIMIT -1 OFFSET 0) n
  WHERE n.ord < n.first_ord + n.passed_n AND n.ord <= :run_room
  LIMIT -1 OFFSET 0) c;

-- name: claims_reopen
-- Claims that a cooldown let through open the generation that they are of: in the transaction of the claims, behind them, so
-- that ord and seq of those still rise together.
INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id,
  ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at, detail)
SELECT event_id(12, 0, 'cooldown', e.lead_id, e.person, NULL, NULL, NULL, NULL, 0, 0, NULL, 0, e.generation, e.occurred_at,
    NULL),
  12, 0, 'cooldown', e.lead_id, e.person, NULL, NULL, NULL, NULL, 0, 0, NULL, 0, e.generation, e.epoch, e.run_id,
  e.occurred_at, e.recorded_at, NULL
FROM lead_events e CROSS JOIN temp.feeds f ON f.campaign_id = e.campaign_id
CROSS JOIN temp.queue q ON q.verdict = 0 AND q.place = f.place AND q.lead_id = e.lead_id AND q.reopens
WHERE e.seq >= :first_seq AND e.kind = 1;

-- name: verdict_counts
-- Left-out rows by verdict, detail and campaign; the eligible ones by what the caps make of them, by arithmetic.
SELECT q.verdict, nullif(q.detail, ''),
  coalesce((SELECT f.campaign_id FROM temp.feeds f WHERE +f.place = q.place), nullif(q.campaign_id, '')), sum(q.n)
FROM temp.queue q WHERE q.verdict > 0 GROUP BY 1, 2, 3
UNION ALL
SELECT c.verdict, NULL, c.campaign_id, sum(c.n) FROM (
  SELECT 0 AS verdict, campaign_id, max(min(passed_n, :run_room - first_ord + 1), 0) AS n FROM temp.feeds
  UNION ALL
  SELECT :run_room_verdict, campaign_id, passed_n - max(min(passed_n, :run_room - first_ord + 1), 0) FROM temp.feeds
  UNION ALL
  SELECT room_verdict, campaign_id, eligible_n - passed_n FROM temp.feeds) c
GROUP BY c.verdict, c.campaign_id HAVING sum(c.n) > 0
ORDER BY 1, 2, 3;
