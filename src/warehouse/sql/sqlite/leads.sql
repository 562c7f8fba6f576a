-- The user's own table: import, and bringing its columns up to the ledger.

-- name: import_persons_clear
DELETE FROM temp.import_persons;

-- name: import_persons_fill
-- Who is in the source already: one pass, sorted once, so that the table is filled in its own order.
INSERT OR IGNORE INTO temp.import_persons (person, lead_id)
SELECT r.p, r.lead_id FROM (
  SELECT person(${email}) AS p, ${lead_id} AS lead_id FROM ${leads} WHERE has_name(${lead_id}) LIMIT -1 OFFSET 0) r
WHERE typeof(r.p) = 'text' ORDER BY r.p, r.lead_id;

-- name: import_person_find
SELECT lead_id FROM temp.import_persons WHERE person = :person;

-- name: import_person_put
INSERT OR IGNORE INTO temp.import_persons (person, lead_id) VALUES (:person, :lead_id);

-- name: import_lead_find
-- Whose lead_id is it? Rows of a dry run stand in temp.import_persons alone.
SELECT person(${email}) FROM ${leads} WHERE ${lead_id} = :lead_id;

-- name: import_planned_find
SELECT person FROM temp.import_planned WHERE lead_id = :lead_id;

-- name: import_planned_put
INSERT INTO temp.import_planned (lead_id, person) VALUES (:lead_id, :person);

-- name: import_lead_insert
INSERT INTO ${leads} (${lead_id}, ${email}, ${first_name}, ${last_name}, ${company_name}, ${campaign_id})
VALUES (:lead_id, :email, :first_name, :last_name, :company_name, :campaign_id);

-- name: import_lead_differs
-- Only non-empty values that differ are news.
SELECT coalesce(nullif(:first_name, '') IS NOT ${first_name} AND nullif(:first_name, '') IS NOT NULL, 0)
  OR (nullif(:last_name, '') IS NOT ${last_name} AND nullif(:last_name, '') IS NOT NULL)
  OR (nullif(:company_name, '') IS NOT ${company_name} AND nullif(:company_name, '') IS NOT NULL)
  OR (nullif(:campaign_id, '') IS NOT ${campaign_id} AND nullif(:campaign_id, '') IS NOT NULL)
FROM ${leads} WHERE ${lead_id} = :lead_id;

-- name: import_lead_update
UPDATE ${leads} SET
  ${first_name} = coalesce(nullif(:first_name, ''), ${first_name}),
  ${last_name} = coalesce(nullif(:last_name, ''), ${last_name}),
  ${company_name} = coalesce(nullif(:company_name, ''), ${company_name}),
  ${campaign_id} = coalesce(nullif(:campaign_id, ''), ${campaign_id})
WHERE ${lead_id} = :lead_id;

-- name: import_fields_differ
-- Members are merged, the new ones win; a text is stored minified, so equal objects are equal texts.
SELECT coalesce((SELECT json_patch(fields, :fields) <> json(fields) FROM lead_fields WHERE lead_id = :lead_id), TRUE);

-- name: import_fields_put
INSERT INTO lead_fields (lead_id, fields) VALUES (:lead_id, json(:fields))
ON CONFLICT (lead_id) DO UPDATE SET fields = json_patch(fields, excluded.fields);

-- name: changes_count
SELECT count(*) FROM temp.changes;

-- name: changes_apply
-- SQLite keeps the rows that change aside before it writes the first; the view is walked in the order of leads, so they are
-- found, and written, in that order too. Of rows with one lead_id each has its own address.
UPDATE ${leads} SET ${added_to_instantly} = c.added, ${added_date} = c.added_date, ${sequence_completed} = c.completed,
  ${sequence_completed_date} = c.completed_date, ${last_email_status} = c.status, ${cold_email_sent} = c.sent,
  ${updated_at} = rfc3339(:now)
FROM temp.changes c WHERE c.lead_id = ${leads}.${lead_id} AND c.email = ${leads}.${email};

-- name: flags_odd
-- Flags that say neither TRUE nor FALSE, by column and value; a row without a lead_id speaks of its person, too. One walk; what is 0, 1 or NULL is not asked about.
WITH odd AS MATERIALIZED (
  SELECT ${added_to_instantly} AS added, ${sequence_completed} AS completed, ${cold_email_sent} AS sent FROM ${leads}
  WHERE ((${added_to_instantly} NOT IN (0, 1) AND flag_is_odd(${added_to_instantly}))
      OR (${sequence_completed} NOT IN (0, 1) AND flag_is_odd(${sequence_completed}))
      OR (${cold_email_sent} NOT IN (0, 1) AND flag_is_odd(${cold_email_sent}))))
SELECT name, CAST(value AS TEXT), count(*) FROM (
  SELECT 'added_to_instantly' AS name, added AS value FROM odd WHERE flag_is_odd(added)
  UNION ALL SELECT 'sequence_completed', completed FROM odd WHERE flag_is_odd(completed)
  UNION ALL SELECT 'cold_email_sent', sent FROM odd WHERE flag_is_odd(sent))
GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2 LIMIT 20;

-- name: opt_outs_odd
-- Values of source.opt_out that nobody understands. A row without a lead_id names its person all the same.
SELECT CAST(value AS TEXT), count(*) FROM (
  SELECT ${opt_out_value} AS value FROM ${leads} l
  WHERE opt_out_word(${opt_out_value}) = 3 LIMIT -1 OFFSET 0)
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20;

-- name: opted_out_forget
DELETE FROM temp.opted_out;

-- name: opted_out_find
-- One walk; the address is looked at only where the column says yes.
INSERT INTO temp.opted_out (person, value, word, removed_at)
SELECT q.p, CAST(q.value AS TEXT), opt_out_word(q.value), (
    SELECT max(s.evidence_at) FROM suppressions s
    WHERE s.match_key = fold_tag(q.p) AND s.reason = 'opted_out' AND s.source = 'opt_out' AND s.revoked_at IS NOT NULL)
FROM (
  SELECT person(l.${email}) AS p, ${opt_out_value} AS value FROM ${leads} l
  WHERE opt_out_word(${opt_out_value}) IN (1, 2) LIMIT -1 OFFSET 0) q
WHERE typeof(q.p) = 'text' AND NOT EXISTS (
  SELECT 1 FROM suppressions s
  WHERE s.match_key = fold_tag(q.p) AND s.reason = 'opted_out' AND s.revoked_at IS NULL AND s.expires_at IS NULL);

-- name: opted_out_next
SELECT n, person, value, word = 2, coalesce(removed_at, 0) FROM temp.opted_out WHERE n > :after ORDER BY n LIMIT :limit;

-- name: opt_outs_lapse
-- What somebody removed stands no longer against a column that had ceased to say it.
UPDATE suppressions SET evidence_at = NULL
WHERE reason = 'opted_out' AND source = 'opt_out' AND revoked_at IS NOT NULL AND evidence_at IS NOT NULL
  AND match_key NOT IN (SELECT j.value FROM json_each(:folded) j);

-- name: policy_put
INSERT INTO temp.policy (kept, include_adopted) VALUES (:kept, :include_adopted);

-- name: configured_put
INSERT OR IGNORE INTO temp.configured (campaign_id) VALUES (:campaign_id);

-- name: contacted_forget
DELETE FROM temp.contacted;

-- name: contacted_find
-- Rows that show a contact, of persons whom the ledger does not know; of several rows of a person the first alone, so that a
-- walk which adopts and one that only counts see the same. With min(), SQLite takes the other columns from that row. What
-- costs, the person, is asked of rows that show a contact alone.
INSERT INTO temp.contacted (lead_id, person, campaign_id)
SELECT min(q.lead_id), q.p, q.campaign_id FROM (
  SELECT l.${lead_id} AS lead_id, person(l.${email}) AS p, cell(l.${campaign_id}) AS campaign_id FROM ${leads} l
  WHERE has_name(l.${lead_id})
    AND shows_contact(l.${added_to_instantly}, l.${cold_email_sent}, l.${sequence_completed}, l.${last_email_status})
  LIMIT -1 OFFSET 0) q
WHERE typeof(q.p) = 'text'
  AND NOT EXISTS (SELECT 1 FROM lead_persons k WHERE k.person = q.p)
  AND NOT EXISTS (SELECT 1 FROM lead_state s WHERE s.lead_id = q.lead_id)
GROUP BY q.p;

-- name: contacted_before
SELECT lead_id, person, campaign_id FROM temp.contacted WHERE lead_id > :after ORDER BY lead_id LIMIT :limit;

-- name: ever_enrolled
-- Persons are compared without their +tags. All states are walked, once a sync, and only where somebody wrote.
SELECT s.lead_id, s.person, s.current_campaign_id, s.instantly_id, s.claim_id, s.generation, s.epoch, s.replied_at
FROM lead_state s
WHERE s.ever_added_at IS NOT NULL AND fold_tag(s.person) IN (SELECT j.value FROM json_each(:folded) j)
ORDER BY s.lead_id;

-- name: first_enrolled
SELECT min(ever_added_at) FROM lead_state;
