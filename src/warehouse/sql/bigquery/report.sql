-- Reports: columns alone, presentation is elsewhere.

-- name: report_leads
-- The source in the order of lead_id, with the states that rows have or inherit; read page by page from one job.
WITH source AS (
  SELECT ${lead_id} AS lead_id, ${email} AS email, ${first_name} AS first_name, ${last_name} AS last_name,
    ${company_name} AS company_name,
    IF(UPPER(TRIM(${campaign_id}, '\t\n\v\f\r ')) IN ('', 'NULL'), NULL, TRIM(${campaign_id}, '\t\n\v\f\r ')) AS campaign_id, ${added_to_instantly} AS added_to_instantly,
    ${sequence_completed} AS sequence_completed, ${cold_email_sent} AS cold_email_sent,
    ${last_email_status} AS last_email_status, ${added_date} AS added_date,
    ${sequence_completed_date} AS sequence_completed_date, ${updated_at} AS updated_at,
    LOWER(TRIM(${email}, '\t\n\v\f\r ')) AS own_person
  FROM ${leads} WHERE TRIM(${lead_id}, '\t\n\v\f\r ') <> ''),
gone AS (
  SELECT person, lead_id AS state_id FROM ${lead_state}
  WHERE person IS NOT NULL AND lead_id NOT IN (SELECT lead_id FROM source)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY person ORDER BY ever_added_at DESC, lead_id) = 1),
heirs AS (
  SELECT MIN(s.lead_id) AS lead_id, g.state_id FROM source s JOIN gone g ON g.person = s.own_person
  GROUP BY g.person, g.state_id),
aliases AS (SELECT lead_id, state_id FROM heirs WHERE lead_id NOT IN (SELECT lead_id FROM ${lead_state}))
SELECT l.lead_id, l.email, l.first_name, l.last_name, l.company_name, l.campaign_id,
  l.added_to_instantly, l.sequence_completed, l.cold_email_sent, l.last_email_status, f.fields, l.added_date,
  l.sequence_completed_date, l.updated_at,
  s.lead_id, s.person, s.generation, s.reopened_at, s.claim_id, s.campaign_id, s.epoch, s.attempts, s.settlement,
  s.settlement_epoch, s.reason, s.instantly_id, s.current_campaign_id, s.current_at, s.added_at, s.ever_added_at, s.sent_at,
  s.replied_at, s.email_status, s.finished_at, s.outcome, s.removed_at, s.removed_id, s.withdrawn_at, s.held_n,
  s.held_reason, s.resolved_n, s.first_recorded_at, s.last_seen_at, s.subsequence_id
FROM source l
LEFT JOIN aliases a ON a.lead_id = l.lead_id
LEFT JOIN ${lead_state} s ON s.lead_id = IFNULL(a.state_id, l.lead_id)
LEFT JOIN ${lead_fields} f ON f.lead_id = l.lead_id
WHERE l.lead_id > @after
ORDER BY l.lead_id;

-- name: report_found
-- What a name can stand for: a lead_id, a person, a row of Instantly, or one of the lead_ids in @lead_ids (what a printed
-- reference may mean); rows that inherit a state too. Of a lead_id that the source repeats, the row that is claimed comes
-- first.
WITH source AS (
  SELECT ${lead_id} AS lead_id, ${email} AS email, ${first_name} AS first_name, ${last_name} AS last_name,
    ${company_name} AS company_name,
    IF(UPPER(TRIM(${campaign_id}, '\t\n\v\f\r ')) IN ('', 'NULL'), NULL, TRIM(${campaign_id}, '\t\n\v\f\r ')) AS campaign_id, ${added_to_instantly} AS added_to_instantly,
    ${sequence_completed} AS sequence_completed, ${cold_email_sent} AS cold_email_sent,
    ${last_email_status} AS last_email_status, ${added_date} AS added_date,
    ${sequence_completed_date} AS sequence_completed_date, ${updated_at} AS updated_at,
    LOWER(TRIM(${email}, '\t\n\v\f\r ')) AS own_person
  FROM ${leads} WHERE ${lead_id} IS NOT NULL),
gone AS (
  SELECT person, lead_id AS state_id FROM ${lead_state}
  WHERE person IS NOT NULL AND lead_id NOT IN (SELECT lead_id FROM source)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY person ORDER BY ever_added_at DESC, lead_id) = 1),
heirs AS (
  SELECT MIN(s.lead_id) AS lead_id, g.state_id FROM source s JOIN gone g ON g.person = s.own_person
  GROUP BY g.person, g.state_id),
aliases AS (SELECT lead_id, state_id FROM heirs WHERE lead_id NOT IN (SELECT lead_id FROM ${lead_state})),
ids AS (
  SELECT lead_id FROM source
  WHERE lead_id = @what OR own_person = @what OR lead_id IN UNNEST(@lead_ids)
  UNION DISTINCT
  SELECT lead_id FROM ${lead_state}
  WHERE lead_id = @what OR person = @what OR instantly_id = @what OR lead_id IN UNNEST(@lead_ids)
  UNION DISTINCT
  SELECT lead_id FROM aliases WHERE state_id IN (SELECT lead_id FROM ${lead_state} WHERE instantly_id = @what))
SELECT IFNULL(l.lead_id, i.lead_id), l.email, l.first_name, l.last_name, l.company_name, l.campaign_id,
  l.added_to_instantly, l.sequence_completed, l.cold_email_sent, l.last_email_status, f.fields, l.added_date,
  l.sequence_completed_date, l.updated_at,
  s.lead_id, s.person, s.generation, s.reopened_at, s.claim_id, s.campaign_id, s.epoch, s.attempts, s.settlement,
  s.settlement_epoch, s.reason, s.instantly_id, s.current_campaign_id, s.current_at, s.added_at, s.ever_added_at, s.sent_at,
  s.replied_at, s.email_status, s.finished_at, s.outcome, s.removed_at, s.removed_id, s.withdrawn_at, s.held_n,
  s.held_reason, s.resolved_n, s.first_recorded_at, s.last_seen_at, s.subsequence_id
FROM ids i
LEFT JOIN source l ON l.lead_id = i.lead_id
LEFT JOIN aliases a ON a.lead_id = i.lead_id
LEFT JOIN ${lead_state} s ON s.lead_id = IFNULL(a.state_id, i.lead_id)
LEFT JOIN ${lead_fields} f ON f.lead_id = i.lead_id
WHERE l.lead_id IS NOT NULL OR s.lead_id IS NOT NULL
ORDER BY l.lead_id IS NULL, i.lead_id, l.email;

-- name: all_lead_ids
-- References are made of lead_ids; nobody but we can read them back, and only by making them all.
SELECT ${lead_id} FROM ${leads} WHERE STRPOS(${lead_id}, '@') > 0
UNION DISTINCT SELECT lead_id FROM ${lead_state} WHERE STRPOS(lead_id, '@') > 0;

-- name: report_person
-- What is known of a folded person over its leads; the facts of its last enrolment are those of the first row.
SELECT held_n > resolved_n, settlement = 1, ever_added_at, outcome, finished_at,
  settlement IN (7, 8) AND withdrawn_at IS NULL
    AND NOT (removed_at IS NOT NULL AND removed_id IS NOT DISTINCT FROM instantly_id)
FROM ${lead_state}
WHERE REGEXP_REPLACE(person, r'^([^+@]+)\+[^@]*@', r'\1@') = @person_key ORDER BY ever_added_at DESC, lead_id;

-- name: report_person_rest
-- Does a source row of the folded person show a contact, of an address that no event of ours names, and which stop is in
-- force? An address that only base/email.h can spell is found by its lead_id among @lead_ids; its person is beside it in
-- @persons.
WITH own AS (
  SELECT LOWER(TRIM(l.${email}, '\t\n\v\f\r ')) AS person, IFNULL(l.${added_to_instantly}, FALSE) OR IFNULL(l.${cold_email_sent}, FALSE) OR IFNULL(l.${sequence_completed}, FALSE)
      OR LOWER(TRIM(IFNULL(l.${last_email_status}, ''), '\t\n\v\f\r ')) NOT IN ('', 'null') AS is_shown
  FROM ${leads} l
  WHERE REGEXP_REPLACE(LOWER(TRIM(l.${email}, '\t\n\v\f\r ')), r'^([^+@]+)\+[^@]*@', r'\1@') = @person_key
  UNION ALL
  SELECT p, IFNULL(l.${added_to_instantly}, FALSE) OR IFNULL(l.${cold_email_sent}, FALSE) OR IFNULL(l.${sequence_completed}, FALSE)
      OR LOWER(TRIM(IFNULL(l.${last_email_status}, ''), '\t\n\v\f\r ')) NOT IN ('', 'null')
  FROM UNNEST(@lead_ids) i WITH OFFSET n JOIN UNNEST(@persons) p WITH OFFSET m ON n = m JOIN ${leads} l ON l.${lead_id} = i)
SELECT
  EXISTS (
    SELECT 1 FROM own WHERE is_shown AND person NOT IN (SELECT person FROM ${lead_state} WHERE person IS NOT NULL)),
  (SELECT IF(LOGICAL_OR(IFNULL(source = 'exclusion', FALSE)), 'excluded', MIN(reason)) FROM ${suppressions} WHERE match_key IN (@person_key, @domain_key)
     AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now));

-- name: report_events
-- Reads all events: a question that a person asks now and then. The same fact appended twice is one.
SELECT kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id, ord, ord_to, body_hash, attempt,
  generation, epoch, run_id, occurred_at, recorded_at, detail
FROM ${lead_events} WHERE lead_id = @lead_id
QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY recorded_at) = 1
ORDER BY occurred_at, recorded_at, kind;

-- name: report_runs
-- Newest first; what the end does not say is as the start said it. Streamed rows may stand twice.
WITH rows_once AS (
  SELECT run_id, is_end, job, verdict, exit_code, started_at, ended_at, scan_started_at, full_scan_finished_at, stops_read_at,
    source_rows, detail, fingerprint, counts, costs
  FROM ${pipeline_runs} WHERE @run_id = '' OR run_id = @run_id
  QUALIFY ROW_NUMBER() OVER (PARTITION BY run_id, is_end ORDER BY recorded_at) = 1)
SELECT b.run_id, b.job, e.verdict, IFNULL(e.exit_code, 0), b.started_at, e.ended_at,
  IFNULL(e.scan_started_at, b.scan_started_at), IFNULL(e.full_scan_finished_at, b.full_scan_finished_at),
  IFNULL(e.stops_read_at, b.stops_read_at), IFNULL(NULLIF(e.source_rows, 0), b.source_rows),
  IFNULL(e.detail, b.detail), IFNULL(e.fingerprint, b.fingerprint), e.counts, e.costs
FROM rows_once b LEFT JOIN rows_once e ON e.run_id = b.run_id AND e.is_end = 1
WHERE b.is_end = 0
QUALIFY NOT @is_last_of_job OR ROW_NUMBER() OVER (PARTITION BY b.job ORDER BY b.started_at DESC, b.run_id DESC) = 1
ORDER BY b.started_at DESC, b.run_id DESC LIMIT @limit;

-- name: report_errors
-- The newest row of each error_id, newest first.
SELECT error_id, error_type, lead_id, error_message, error_timestamp, retry_count FROM ${pipeline_errors}
WHERE error_timestamp >= @since AND (@type = '' OR error_type = @type)
QUALIFY ROW_NUMBER() OVER (PARTITION BY error_id ORDER BY error_timestamp DESC, retry_count DESC) = 1
ORDER BY error_timestamp DESC, retry_count DESC, error_id LIMIT @limit;

-- name: report_counts
-- What `status` shows, in one statement.
WITH states AS (
  SELECT s.lead_id, s.person, s.campaign_id, s.email_status,
    IF(s.outcome = 0 AND s.finished_at IS NOT NULL, 8, s.outcome) AS outcome, s.held_n, s.resolved_n, s.held_reason, CASE
      WHEN s.removed_at IS NOT NULL AND s.removed_id IS NOT DISTINCT FROM s.instantly_id THEN 12
      WHEN s.withdrawn_at IS NOT NULL THEN 11 WHEN s.finished_at IS NOT NULL THEN 10
      WHEN s.subsequence_id IS NOT NULL AND s.last_seen_at >= s.current_at AND s.settlement IN (7, 8) THEN 9 ELSE s.settlement END AS phase,
    s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AS is_enrolled
  FROM ${lead_state} s),
persons AS (SELECT DISTINCT LOWER(TRIM(${email}, '\t\n\v\f\r ')) AS person FROM ${leads} WHERE ${email} IS NOT NULL)
SELECT 'phase' AS what, CAST(phase AS STRING) AS name, campaign_id, COUNT(*) AS n FROM states GROUP BY 1, 2, 3
UNION ALL SELECT 'email_status', CAST(email_status AS STRING), campaign_id, COUNT(*) FROM states
  WHERE email_status > 0 GROUP BY 1, 2, 3
UNION ALL SELECT 'outcome', CAST(outcome AS STRING), campaign_id, COUNT(*) FROM states WHERE outcome > 0 GROUP BY 1, 2, 3
UNION ALL SELECT 'held', IFNULL(held_reason, 'unknown'), CAST(NULL AS STRING), COUNT(*) FROM states
  WHERE held_n > resolved_n GROUP BY 1, 2
UNION ALL SELECT 'error', error_type, CAST(NULL AS STRING), COUNT(*) FROM (
  SELECT DISTINCT error_id, error_type, error_timestamp, retry_count FROM ${pipeline_errors}) GROUP BY 1, 2
UNION ALL SELECT 'suppression', reason, CAST(NULL AS STRING), COUNT(*) FROM ${suppressions}
  WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now) GROUP BY 1, 2
UNION ALL SELECT 'notice', 'gone_from_source', CAST(NULL AS STRING), COUNT(*) FROM states
  WHERE is_enrolled AND phase <> 12 AND lead_id NOT IN (SELECT ${lead_id} FROM ${leads} WHERE ${lead_id} IS NOT NULL)
    AND person NOT IN (SELECT person FROM persons) GROUP BY 1, 2
UNION ALL SELECT 'notice', 'campaign_changed', CAST(NULL AS STRING), COUNT(*)
  FROM ${leads} l JOIN states s ON s.lead_id = l.${lead_id}
  WHERE s.is_enrolled AND IF(UPPER(TRIM(l.${campaign_id}, '\t\n\v\f\r ')) IN ('', 'NULL'), NULL, TRIM(l.${campaign_id}, '\t\n\v\f\r ')) <> s.campaign_id GROUP BY 1, 2
UNION ALL SELECT 'notice', 'no_lead_id', CAST(NULL AS STRING), COUNT(*) FROM ${leads}
  WHERE IFNULL(TRIM(${lead_id}, '\t\n\v\f\r '), '') = '' OR STRPOS(${lead_id}, '\x00') > 0 GROUP BY 1, 2
UNION ALL SELECT 'notice', 'repeated_lead_id', CAST(NULL AS STRING), SUM(n - 1) FROM (
  SELECT COUNT(*) AS n FROM ${leads} WHERE TRIM(${lead_id}, '\t\n\v\f\r ') <> '' GROUP BY ${lead_id}) WHERE n > 1 GROUP BY 1, 2
ORDER BY 1, 2, 3;

-- name: report_campaigns
-- -1000: CAMPAIGN_UNREAD.
SELECT c.campaign_id, c.campaign_name, IFNULL(m.status, -1000), IFNULL(m.leads, c.total_leads), m.contacted, m.sent,
  m.opened, m.replied, m.clicked, m.bounced, m.unsubscribed, m.completed
FROM ${campaign_status} c
LEFT JOIN ${campaign_metrics} m
  ON m.campaign_id = c.campaign_id AND m.step = '' AND m.variant = '' AND m.day IS NULL
ORDER BY c.campaign_id;

-- name: report_empty_values
-- Rows of the campaign, and those of them whose value is empty: as in claim_verdicts.
SELECT COUNT(*), COUNTIF(TRIM(IFNULL(IF(@is_column,
    CASE @source WHEN 'first_name' THEN l.${first_name} WHEN 'last_name' THEN l.${last_name}
      WHEN 'company_name' THEN l.${company_name} WHEN 'email' THEN l.${email} WHEN 'lead_id' THEN l.${lead_id} END,
    JSON_VALUE(SAFE.PARSE_JSON(f.fields)[@source])), ''), '\t\n\v\f\r ') = '')
FROM ${leads} l LEFT JOIN ${lead_fields} f ON f.lead_id = l.${lead_id}
WHERE COALESCE(IF(UPPER(TRIM(l.${campaign_id}, '\t\n\v\f\r ')) IN ('', 'NULL'), NULL, TRIM(l.${campaign_id}, '\t\n\v\f\r ')), NULLIF(@default_campaign, '')) = @campaign_id;

-- name: retries
-- Settled refusals that were asked for, and holds of a lead that was named; in the order of leads.
SELECT lead_id, person, campaign_id, claim_id, held_n, generation, settlement_epoch,
  @lead_id <> '' AND held_n > resolved_n AS is_resolved, settlement IN (3, 4, 5) AS is_retried
FROM ${lead_state}
WHERE IF(@lead_id <> '', lead_id = @lead_id, @all OR reason = @type)
  AND ((@lead_id <> '' AND held_n > resolved_n) OR settlement IN (3, 4, 5))
ORDER BY lead_id LIMIT @limit;
