-- The user's own table: import, and bringing its columns up to the ledger.

-- name: import_persons_clear
DELETE FROM temp.import_persons;

-- name: import_persons_fill
-- Who is in the source already: one pass, sorted once, so that the table is filled in its own order.
INSERT OR IGNORE INTO temp.import_persons (person, lead_id)
SELECT r.p, r.lead_id FROM (
  SELECT person(${email}) AS p, ${lead_id} AS lead_id FROM ${leads} WHERE ${lead_id} IS NOT NULL LIMIT -1 OFFSET 0) r
WHERE typeof(r.p) = 'text' ORDER BY r.p, r.lead_id;

-- name: import_person_find
SELECT lead_id FROM temp.import_persons WHERE person = :person;

-- name: import_person_put
INSERT OR IGNORE INTO temp.import_persons (person, lead_id) VALUES (:person, :lead_id);

-- name: import_lead_find
-- Whose lead_id is it? Rows of a dry run stand in temp.import_persons alone.
SELECT person(${email}) FROM ${leads} WHERE ${lead_id} = :lead_id;

-- name: import_planned_clear
DELETE FROM temp.import_planned;

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

-- name: changes_clear
DELETE FROM temp.changes;

-- name: changes_fill
-- A walk along the source with the states beside it, both by lead_id; only rows that change are kept. core/fold.h
-- state_columns() is the meaning of each column; what stands is taken back only after `withdraw` or `release`. The address
-- is compared last: it costs most, and few rows change.
INSERT OR IGNORE INTO temp.changes (lead_id, added, added_date, completed, completed_date, status, sent)
SELECT c.lead_id, c.added, c.added_date, c.completed, c.completed_date, c.status, c.sent
FROM (
  SELECT b.lead_id, b.email, b.person, b.old_added, b.old_added_date, b.old_completed, b.old_completed_date, b.old_status,
    b.old_sent,
    CASE WHEN b.is_enrolled THEN 1 WHEN b.may_reset AND b.old_added THEN 0 ELSE b.old_added END AS added,
    CASE WHEN b.is_enrolled THEN rfc3339(b.added_at) WHEN b.may_reset THEN NULL ELSE b.old_added_date END AS added_date,
    CASE WHEN b.is_completed THEN 1 WHEN b.may_reset AND b.old_completed THEN 0 ELSE b.old_completed END AS completed,
    CASE WHEN b.is_completed THEN rfc3339(b.over_at) WHEN b.may_reset THEN NULL ELSE b.old_completed_date END
      AS completed_date,
    CASE WHEN b.email_status > CASE b.old_status
        WHEN 'sent' THEN 1 WHEN 'opened' THEN 2 WHEN 'clicked' THEN 3 WHEN 'replied' THEN 4 WHEN 'bounced' THEN 5
        WHEN 'unsubscribed' THEN 6 ELSE 0 END
      THEN CASE b.email_status
        WHEN 1 THEN 'sent' WHEN 2 THEN 'opened' WHEN 3 THEN 'clicked' WHEN 4 THEN 'replied' WHEN 5 THEN 'bounced'
        WHEN 6 THEN 'unsubscribed' END
      ELSE b.old_status END AS status,
    CASE WHEN b.sent_at IS NOT NULL THEN 1 ELSE b.old_sent END AS sent
  FROM (
    SELECT l.${lead_id} AS lead_id, l.${email} AS email, s.person, l.${added_to_instantly} AS old_added,
      l.${added_date} AS old_added_date, l.${sequence_completed} AS old_completed,
      l.${sequence_completed_date} AS old_completed_date, l.${last_email_status} AS old_status,
      l.${cold_email_sent} AS old_sent, s.added_at, s.email_status, s.sent_at,
      s.is_enrolled, s.withdrawn_at IS NOT NULL OR s.generation > 1 AS may_reset, s.over_at, s.is_completed
    FROM ${leads} l
    LEFT JOIN temp.aliases a ON a.lead_id = l.${lead_id}
    CROSS JOIN temp.state_columns s ON s.lead_id = coalesce(a.state_id, l.${lead_id})) b) c
WHERE CASE
  WHEN c.added IS NOT c.old_added OR c.added_date IS NOT c.old_added_date OR c.completed IS NOT c.old_completed
    OR c.completed_date IS NOT c.old_completed_date OR c.status IS NOT c.old_status OR c.sent IS NOT c.old_sent
  THEN person(c.email) IS c.person ELSE FALSE END
ORDER BY c.lead_id;

-- name: changes_count
SELECT count(*) FROM temp.changes;

-- name: changes_apply
-- In the order of temp.changes, which is that of leads.
UPDATE ${leads} SET ${added_to_instantly} = c.added, ${added_date} = c.added_date, ${sequence_completed} = c.completed,
  ${sequence_completed_date} = c.completed_date, ${last_email_status} = c.status, ${cold_email_sent} = c.sent,
  ${updated_at} = rfc3339(:now)
FROM temp.changes c WHERE c.lead_id = ${leads}.${lead_id};

-- name: policy_put
INSERT INTO temp.policy (kept, include_adopted) VALUES (:kept, :include_adopted);

-- name: configured_put
INSERT OR IGNORE INTO temp.configured (campaign_id) VALUES (:campaign_id);
