-- The user's own table: import, and bringing its columns up to the ledger.

-- name: import_known
-- Source rows that a batch may meet: by lead_id, by address as SQL spells it, and those that only base/email.h can spell.
SELECT l.${lead_id}, l.${email}, l.${first_name}, l.${last_name}, l.${company_name}, l.${campaign_id}, f.fields
FROM ${leads} l LEFT JOIN ${lead_fields} f ON f.lead_id = l.${lead_id}
WHERE l.${lead_id} IN UNNEST(@lead_ids) OR LOWER(TRIM(l.${email}, '\t\n\v\f\r ')) IN UNNEST(@persons)
  OR REGEXP_CONTAINS(l.${email}, r'[^\x00-\x7F]')
ORDER BY l.${lead_id};

-- name: import_gather
-- The rows of a batch as they shall be.
CREATE TEMP TABLE ${scratch} AS
SELECT JSON_VALUE(r, '$.lead_id') AS lead_id, JSON_VALUE(r, '$.is_new') = '1' AS is_new, JSON_VALUE(r, '$.email') AS email,
  JSON_VALUE(r, '$.first_name') AS first_name, JSON_VALUE(r, '$.last_name') AS last_name,
  JSON_VALUE(r, '$.company_name') AS company_name, JSON_VALUE(r, '$.campaign_id') AS campaign_id,
  JSON_VALUE(r, '$.fields') AS fields
FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.rows')) r;

-- name: import_insert
-- Twice the same batch (an answer that was lost) inserts once.
INSERT INTO ${leads_table} (${lead_id}, ${email}, ${first_name}, ${last_name}, ${company_name}, ${campaign_id},
  ${added_to_instantly}, ${sequence_completed}, ${cold_email_sent})
SELECT lead_id, email, first_name, last_name, company_name, campaign_id, FALSE, FALSE, FALSE FROM ${scratch}
WHERE is_new AND @p IS NOT NULL AND lead_id NOT IN (SELECT ${lead_id} FROM ${leads} WHERE ${lead_id} IS NOT NULL);

-- name: import_insert_fields
INSERT INTO ${lead_fields} (lead_id, fields)
SELECT lead_id, fields FROM ${scratch}
WHERE fields IS NOT NULL AND @p IS NOT NULL AND lead_id NOT IN (SELECT lead_id FROM ${lead_fields});

-- name: import_update
MERGE ${leads_table} T USING ${scratch} S ON T.${lead_id} = S.lead_id
WHEN MATCHED AND NOT S.is_new THEN UPDATE SET ${first_name} = S.first_name, ${last_name} = S.last_name,
  ${company_name} = S.company_name, ${campaign_id} = S.campaign_id;

-- name: import_update_fields
MERGE ${lead_fields} T USING ${scratch} S ON T.lead_id = S.lead_id
WHEN MATCHED AND NOT S.is_new AND S.fields IS NOT NULL THEN UPDATE SET fields = S.fields;

-- name: flags_odd
-- Flags that say neither TRUE nor FALSE, by column and value.
SELECT name, value, COUNT(*) FROM (${odd_flags}) GROUP BY name, value ORDER BY 1, 3 DESC, 2 LIMIT 20;

-- name: opt_out_values
-- What source.opt_out says beside plain words and dates, by value: core/source_opt_out.h decides what of it is understood.
SELECT value, COUNT(*) FROM (SELECT CAST(${opt_out} AS STRING) AS value FROM ${leads_table} WHERE ${opt_out} IS NOT NULL)
WHERE LOWER(TRIM(value, '\t\n\v\f\r ')) NOT IN (${opt_out_nothing})
  AND NOT REGEXP_CONTAINS(value, r'^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?$')
GROUP BY value ORDER BY 2 DESC, 1;

-- name: opted_out
-- Rows that say something there, a row without a lead_id among them, of persons whom no stop of it names; and what the newest
-- one was seen from that somebody removed.
WITH stops AS (
  SELECT match_key, LOGICAL_OR(revoked_at IS NULL AND expires_at IS NULL) AS is_in_force,
    MAX(IF(revoked_at IS NOT NULL AND source = 'opt_out', evidence_at, NULL)) AS removed_at
  FROM ${suppressions} WHERE reason = 'opted_out' GROUP BY match_key)
SELECT o.email, o.value, s.removed_at
FROM (
  SELECT ${email} AS email, CAST(${opt_out} AS STRING) AS value,
    REGEXP_REPLACE(LOWER(TRIM(${email}, '\t\n\v\f\r ')), r'^([^+@]+)\+[^@]*@', r'\1@') AS match_key
  FROM ${leads_table} WHERE ${opt_out} IS NOT NULL) o
LEFT JOIN stops s ON s.match_key = o.match_key
WHERE LOWER(TRIM(o.value, '\t\n\v\f\r ')) NOT IN (${opt_out_nothing}) AND NOT IFNULL(s.is_in_force, FALSE)
ORDER BY o.email, o.value;

-- name: changes_gather
-- core/fold.h state_columns() and its merge into what stands there: only rows that change. What stands is taken back only
-- after `withdraw` or `release`. With '$.before', rows that may still be in the streaming buffer of leads are left to the
-- next run: a lead that was recorded before its oldest row is none of them.
CREATE TEMP TABLE ${scratch} AS
WITH configured AS (SELECT id FROM UNNEST(JSON_VALUE_ARRAY(@p, '$.configured')) id),
foreigners AS (
  SELECT JSON_VALUE(u, '$.lead_id') AS lead_id, JSON_VALUE(u, '$.email') AS email, JSON_VALUE(u, '$.person') AS person
  FROM UNNEST(JSON_QUERY_ARRAY(@p, '$.foreigners')) u),
source AS (
  SELECT l.${lead_id} AS lead_id, l.${email} AS email, IFNULL(u.person, LOWER(TRIM(l.${email}, '\t\n\v\f\r '))) AS person,
    l.${added_to_instantly} AS old_added, l.${added_date} AS old_added_date, l.${sequence_completed} AS old_completed,
    l.${sequence_completed_date} AS old_completed_date, l.${last_email_status} AS old_status, l.${cold_email_sent} AS old_sent
  FROM ${leads} l LEFT JOIN foreigners u ON u.lead_id = l.${lead_id} AND u.email = l.${email}
  WHERE l.${lead_id} IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (PARTITION BY l.${lead_id}, l.${email} ORDER BY l.${added_to_instantly}) = 1),
gone AS (
  SELECT person, lead_id AS state_id FROM ${lead_state}
  WHERE person IS NOT NULL AND lead_id NOT IN (SELECT lead_id FROM source)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY person ORDER BY ever_added_at DESC, lead_id) = 1),
heirs AS (
  SELECT MIN(s.lead_id) AS lead_id, g.state_id FROM source s JOIN gone g ON g.person = s.person
  GROUP BY g.person, g.state_id),
aliases AS (SELECT lead_id, state_id FROM heirs WHERE lead_id NOT IN (SELECT lead_id FROM ${lead_state})),
stated AS (
  SELECT l.*, s.added_at, s.email_status, s.sent_at, s.withdrawn_at IS NOT NULL OR (s.generation > 1 AND s.settlement IN (0, 7, 8)) AS may_reset,
    s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AS is_enrolled, s.finished_at, s.outcome, s.settlement, s.replied_at, s.reopened_at,
    s.current_campaign_id, s.removed_at,
    s.removed_at IS NOT NULL AND s.removed_id IS NOT DISTINCT FROM s.instantly_id AS is_removed
  FROM source l LEFT JOIN aliases a ON a.lead_id = l.lead_id
  JOIN ${lead_state} s ON s.lead_id = IFNULL(a.state_id, l.lead_id)
  WHERE s.person = l.person
    AND (JSON_VALUE(@p, '$.before') IS NULL
      OR s.first_recorded_at < TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.before') AS INT64)))),
ended AS (
  SELECT t.*, COALESCE(t.finished_at, IF(t.is_removed, t.removed_at, NULL)) AS over_at,
    t.is_enrolled AND (t.finished_at IS NOT NULL OR t.is_removed) AND (t.is_removed OR t.outcome = 1
      OR (t.settlement = 7 AND JSON_VALUE(@p, '$.include_adopted') = '0')
      OR CAST(IF(IFNULL(t.replied_at > IFNULL(t.reopened_at, TIMESTAMP_MICROS(0)), FALSE) AND t.outcome > 1, 5, t.outcome) AS STRING)
        IN UNNEST(JSON_VALUE_ARRAY(@p, '$.kept'))
      OR t.current_campaign_id IS NULL OR t.current_campaign_id NOT IN (SELECT id FROM configured)) AS is_completed
  FROM stated t),
fresh AS (
  SELECT e.*,
    CASE WHEN e.is_enrolled THEN TRUE WHEN e.may_reset AND e.old_added THEN FALSE ELSE e.old_added END AS added,
    CASE WHEN e.is_enrolled THEN e.added_at WHEN e.may_reset THEN NULL ELSE e.old_added_date END AS added_date,
    CASE WHEN e.is_completed THEN TRUE WHEN e.may_reset AND e.old_completed THEN FALSE ELSE e.old_completed END AS completed,
    CASE WHEN e.is_completed THEN e.over_at WHEN e.may_reset THEN NULL ELSE e.old_completed_date END AS completed_date,
    CASE WHEN e.email_status > CASE LOWER(TRIM(e.old_status, '\t\n\v\f\r '))
        WHEN 'sent' THEN 1 WHEN 'opened' THEN 2 WHEN 'clicked' THEN 3
        WHEN 'replied' THEN 4 WHEN 'bounced' THEN 5 WHEN 'unsubscribed' THEN 6 ELSE 0 END
      THEN CASE e.email_status WHEN 1 THEN 'sent' WHEN 2 THEN 'opened' WHEN 3 THEN 'clicked' WHEN 4 THEN 'replied'
        WHEN 5 THEN 'bounced' WHEN 6 THEN 'unsubscribed' END
      ELSE e.old_status END AS status,
    IF(e.sent_at IS NOT NULL, TRUE, e.old_sent) AS sent
  FROM ended e)
SELECT lead_id, email, added, added_date, completed, completed_date, status, sent,
  TIMESTAMP_MICROS(CAST(JSON_VALUE(@p, '$.now') AS INT64)) AS changed_at
FROM fresh
WHERE added IS DISTINCT FROM old_added OR added_date IS DISTINCT FROM old_added_date
  OR completed IS DISTINCT FROM old_completed OR completed_date IS DISTINCT FROM old_completed_date
  OR status IS DISTINCT FROM old_status OR sent IS DISTINCT FROM old_sent;

-- name: changes_apply
-- The last statement of a run that touches the user's table, and the only one; it bills the table once. A row that became
-- another person's since changes_gather read it is left alone: that person was not sent.
MERGE ${leads_table} T USING ${scratch} S ON ${leads_key} = S.lead_id AND T.${email} = S.email
WHEN MATCHED THEN UPDATE SET ${added_to_instantly} = ${set_added_to_instantly}, ${added_date} = ${set_added_date},
  ${sequence_completed} = ${set_sequence_completed}, ${sequence_completed_date} = ${set_sequence_completed_date},
  ${last_email_status} = ${set_last_email_status}, ${cold_email_sent} = ${set_cold_email_sent},
  ${updated_at} = ${set_updated_at};

-- name: scratch_count
SELECT COUNT(*) FROM ${scratch} WHERE @p IS NOT NULL;
