-- Metrics, campaign_status, reports, and taking refused leads up again.

-- name: metric_put
INSERT OR REPLACE INTO campaign_metrics (campaign_id, step, variant, day, campaign_name, status, leads, contacted, sent,
  opened, replied, clicked, bounced, unsubscribed, completed)
VALUES (:campaign_id, coalesce(:step, ''), coalesce(:variant, ''), :day, :campaign_name, :status, :leads, :contacted, :sent,
  :opened, :replied, :clicked, :bounced, :unsubscribed, :completed);

-- name: status_totals_clear
DELETE FROM temp.status_totals;

-- name: status_totals_fill
-- All campaigns in one pass over lead_state and one sort by (campaign, person): a person counts once in a campaign.
INSERT INTO temp.status_totals (campaign_id, total, completed)
SELECT campaign_id, count(*), sum(is_completed) FROM (
  SELECT coalesce(campaign_id, current_campaign_id) AS campaign_id, person, max(is_completed) AS is_completed
  FROM temp.state_columns
  WHERE ever_added_at IS NOT NULL AND coalesce(campaign_id, current_campaign_id) IS NOT NULL GROUP BY 1, 2)
GROUP BY campaign_id ORDER BY campaign_id;

-- name: campaign_status_put
INSERT INTO campaign_status (campaign_id, campaign_name, total_leads, leads_completed, last_sync)
VALUES (:campaign_id, :campaign_name,
  coalesce((SELECT total FROM temp.status_totals WHERE campaign_id = :campaign_id), 0),
  coalesce((SELECT completed FROM temp.status_totals WHERE campaign_id = :campaign_id), 0), rfc3339(:synced_at));

-- name: campaign_status_clear
-- A row per campaign, also where the user's own table has no key on it.
DELETE FROM campaign_status WHERE campaign_id = :campaign_id;

-- name: report_campaigns
-- -1000: CAMPAIGN_UNREAD.
SELECT c.campaign_id, c.campaign_name, coalesce(m.status, -1000), coalesce(m.leads, c.total_leads), m.contacted, m.sent,
  m.opened, m.replied, m.clicked, m.bounced, m.unsubscribed, m.completed
FROM campaign_status c
LEFT JOIN campaign_metrics m ON m.campaign_id = c.campaign_id AND m.step = '' AND m.variant = '' AND m.day = 0
ORDER BY c.campaign_id;

-- name: report_leads
-- A page of the source in its own order with the states that the rows have or inherit.
SELECT l.${lead_id}, l.${email}, l.${first_name}, l.${last_name}, l.${company_name}, cell(l.${campaign_id}),
  flag(l.${added_to_instantly}), flag(l.${sequence_completed}), flag(l.${cold_email_sent}), l.${last_email_status}, f.fields,
  time_us(l.${added_date}), time_us(l.${sequence_completed_date}), time_us(l.${updated_at}),
  s.lead_id, s.person, s.generation, s.reopened_at, s.claim_id, s.campaign_id, s.epoch, s.attempts, s.settlement,
  s.settlement_epoch, s.reason, s.instantly_id, s.current_campaign_id, s.current_at, s.added_at, s.ever_added_at,
  s.sent_at, s.replied_at, s.email_status, s.finished_at, s.outcome, s.removed_at, s.removed_id, s.withdrawn_at,
  s.held_n, s.held_reason, s.resolved_n, s.first_recorded_at, s.last_seen_at, s.subsequence_id
FROM ${leads} l
LEFT JOIN temp.aliases a ON a.lead_id = l.${lead_id}
LEFT JOIN lead_state s ON s.lead_id = coalesce(a.state_id, l.${lead_id})
LEFT JOIN lead_fields f ON f.lead_id = l.${lead_id}
WHERE l.${lead_id} > :after AND has_name(l.${lead_id}) ORDER BY l.${lead_id} LIMIT :limit;

-- name: found_clear
DELETE FROM temp.found;

-- name: found_by_id
-- What an id can name directly: a lead, a person of the ledger, a row of Instantly, and the rows that inherit from those.
INSERT OR IGNORE INTO temp.found (lead_id)
SELECT :what
UNION ALL SELECT s.lead_id FROM lead_persons p CROSS JOIN lead_state s ON s.lead_id = p.lead_id AND s.person = :what
  WHERE p.person = :what
UNION ALL SELECT s.lead_id FROM lead_enrolments n CROSS JOIN lead_state s ON s.lead_id = n.lead_id
  AND s.instantly_id = :what WHERE n.instantly_id = :what;

-- name: found_by_alias
INSERT OR IGNORE INTO temp.found (lead_id)
SELECT a.lead_id FROM temp.aliases a CROSS JOIN lead_state s ON s.lead_id = a.state_id AND s.instantly_id = :what;

-- name: found_by_person
-- Reads the whole source: an index on addresses as we compare them would lock other tools out of the table.
INSERT OR IGNORE INTO temp.found (lead_id) SELECT ${lead_id} FROM ${leads} WHERE person(${email}) = :what;

-- name: found_by_reference
-- References are made of lead_ids; nobody but we can read them back, and only by making them all.
INSERT OR IGNORE INTO temp.found (lead_id)
SELECT ${lead_id} FROM ${leads} WHERE reference(${lead_id}) = :what
UNION ALL SELECT lead_id FROM lead_state WHERE reference(lead_id) = :what;

-- name: report_found
-- Of a lead_id that the source repeats, the row that is claimed comes first.
SELECT l.${lead_id}, l.${email}, l.${first_name}, l.${last_name}, l.${company_name}, cell(l.${campaign_id}),
  flag(l.${added_to_instantly}), flag(l.${sequence_completed}), flag(l.${cold_email_sent}), l.${last_email_status}, f.fields,
  time_us(l.${added_date}), time_us(l.${sequence_completed_date}), time_us(l.${updated_at}),
  s.lead_id, s.person, s.generation, s.reopened_at, s.claim_id, s.campaign_id, s.epoch, s.attempts, s.settlement,
  s.settlement_epoch, s.reason, s.instantly_id, s.current_campaign_id, s.current_at, s.added_at, s.ever_added_at,
  s.sent_at, s.replied_at, s.email_status, s.finished_at, s.outcome, s.removed_at, s.removed_id, s.withdrawn_at,
  s.held_n, s.held_reason, s.resolved_n, s.first_recorded_at, s.last_seen_at, s.subsequence_id
FROM temp.found x
LEFT JOIN ${leads} l ON l.${lead_id} = x.lead_id
LEFT JOIN temp.aliases a ON a.lead_id = x.lead_id
LEFT JOIN lead_state s ON s.lead_id = coalesce(a.state_id, x.lead_id)
LEFT JOIN lead_fields f ON f.lead_id = x.lead_id
WHERE l.${lead_id} IS NOT NULL OR s.lead_id IS NOT NULL
ORDER BY l.${lead_id} IS NULL, x.lead_id, l.${email};

-- name: report_person
-- What is known of a folded person over its leads, ann@x and ann+anything@x; the facts of its last enrolment are those of the
-- first row.
SELECT s.held_n > s.resolved_n, s.settlement = 1, coalesce(s.ever_added_at, 0), s.outcome, s.finished_at,
  s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id),
  s.lead_id
FROM lead_persons p CROSS JOIN lead_state s ON s.lead_id = p.lead_id AND s.person = p.person
WHERE p.person = fold_tag(:person)
UNION ALL
SELECT s.held_n > s.resolved_n, s.settlement = 1, coalesce(s.ever_added_at, 0), s.outcome, s.finished_at,
  s.settlement IN (7, 8) AND s.withdrawn_at IS NULL AND NOT (s.removed_at IS NOT NULL AND s.removed_id IS s.instantly_id),
  s.lead_id
FROM lead_persons p CROSS JOIN lead_state s ON s.lead_id = p.lead_id AND s.person = p.person
WHERE p.person > substr(fold_tag(:person), 1, instr(fold_tag(:person), '@') - 1) || '+'
  AND p.person < substr(fold_tag(:person), 1, instr(fold_tag(:person), '@') - 1) || ','
  AND fold_tag(p.person) = fold_tag(:person)
ORDER BY 3 DESC, 7;

-- name: report_person_source
-- Does a row show a contact, of an address that no event of ours names?
SELECT EXISTS (SELECT 1 FROM ${leads} WHERE fold_tag(person(${email})) = fold_tag(:person)
  AND shows_contact(${added_to_instantly}, ${cold_email_sent}, ${sequence_completed}, ${last_email_status})
  AND NOT EXISTS (SELECT 1 FROM lead_persons k CROSS JOIN lead_state s ON s.lead_id = k.lead_id AND s.person = k.person
    WHERE k.person = person(${email})));

-- name: report_person_stop
SELECT iif(max(source IS 'exclusion'), 'excluded', min(reason)) FROM suppressions
WHERE match_key IN (fold_tag(:person), '@' || substr(:person, instr(:person, '@') + 1))
  AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now);

-- name: report_events
-- Reads all events: a question that a person asks now and then is not worth an index that every append pays for. The same
-- fact appended twice is one.
SELECT kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id, ord, ord_to, body_hash, attempt,
  generation, epoch, run_id, occurred_at, recorded_at, detail, min(seq)
FROM lead_events WHERE lead_id = :lead_id GROUP BY event_id ORDER BY occurred_at, recorded_at, min(seq);

-- name: report_runs
-- Newest first; what the end does not say is as the start said it. With max(), SQLite takes run_id from the newest row.
SELECT b.run_id, b.job, e.verdict, coalesce(e.exit_code, 0), b.started_at, e.ended_at,
  coalesce(e.scan_started_at, b.scan_started_at), coalesce(e.full_scan_finished_at, b.full_scan_finished_at),
  coalesce(e.stops_read_at, b.stops_read_at), coalesce(nullif(e.source_rows, 0), b.source_rows),
  coalesce(e.detail, b.detail), coalesce(e.fingerprint, b.fingerprint), e.counts
FROM pipeline_runs b LEFT JOIN pipeline_runs e ON e.run_id = b.run_id AND e.is_end = 1
WHERE b.is_end = 0 AND (:run_id IS NULL OR b.run_id = :run_id)
  AND (NOT :is_last_of_job OR b.run_id IN (
    SELECT run_id FROM (SELECT run_id, max(started_at) FROM pipeline_runs WHERE is_end = 0 GROUP BY job)))
ORDER BY b.started_at DESC, b.run_id DESC LIMIT :limit;

-- name: report_errors
-- The newest row of each error_id, newest first: rows are appended in the order of time.
SELECT error_id, error_type, lead_id, error_message, time_us(error_timestamp), retry_count, max(rowid)
FROM pipeline_errors
WHERE time_us(error_timestamp) >= :since AND (:type IS NULL OR error_type = :type)
GROUP BY error_id ORDER BY max(rowid) DESC LIMIT :limit;

-- name: report_states
-- One pass; the groups are few. Over, and by nothing that has a rank: stopped (8).
SELECT phase, email_status, CASE WHEN outcome = 0 AND finished_at IS NOT NULL THEN 8 ELSE outcome END AS ended_as,
  campaign_id, count(*)
FROM temp.state_columns GROUP BY phase, email_status, ended_as, campaign_id;

-- name: report_held
-- Leads that wait for a person, by reason; few, or something is very wrong.
SELECT coalesce(held_reason, 'unknown'), count(*) FROM lead_state WHERE held_n > resolved_n GROUP BY held_reason;

-- name: report_notices
-- What the source says and the ledger does not follow: enrolled persons that no source row names any more, rows whose
-- campaign was changed after the export, and rows that are never taken: without a lead_id, or with one that an earlier row
-- has. The addresses of the source are asked for only if a lead_id is missing.
SELECT 'gone_from_source', count(*) FROM (
  SELECT s.person FROM temp.state_columns s
  WHERE s.is_enrolled AND NOT s.is_removed AND NOT EXISTS (SELECT 1 FROM ${leads} l WHERE l.${lead_id} = s.lead_id)) g
WHERE NOT EXISTS (SELECT 1 FROM ${leads} l WHERE person(l.${email}) = g.person)
HAVING count(*) > 0
UNION ALL
SELECT 'campaign_changed', count(*) FROM ${leads} l CROSS JOIN temp.state_columns s ON s.lead_id = l.${lead_id}
WHERE s.is_enrolled AND cell(l.${campaign_id}) IS NOT NULL AND cell(l.${campaign_id}) <> s.campaign_id
HAVING count(*) > 0
UNION ALL
SELECT 'no_lead_id', count(*) FROM ${leads} l WHERE NOT has_name(l.${lead_id}) HAVING count(*) > 0
UNION ALL
SELECT 'repeated_lead_id', count(l.${lead_id}) - count(DISTINCT l.${lead_id}) FROM ${leads} l WHERE has_name(l.${lead_id})
HAVING count(l.${lead_id}) > count(DISTINCT l.${lead_id});

-- name: report_error_types
SELECT error_type, count(*) FROM pipeline_errors GROUP BY error_type;

-- name: report_stop_reasons
SELECT reason, count(*) FROM suppressions
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now) GROUP BY reason;

-- name: report_empty_values
-- Rows of the campaign, and those of them whose value is empty: as in claim_rows_source.
SELECT count(*), coalesce(sum(CASE
    WHEN :is_column THEN trim(coalesce(CASE :source
      WHEN 'first_name' THEN l.${first_name} WHEN 'last_name' THEN l.${last_name}
      WHEN 'company_name' THEN l.${company_name} WHEN 'email' THEN l.${email} WHEN 'lead_id' THEN l.${lead_id}
      END, ''), char(9, 10, 11, 12, 13, 32)) = ''
    WHEN f.fields IS NULL OR :source IS NULL OR NOT json_valid(f.fields) THEN TRUE
    ELSE NOT EXISTS (SELECT 1 FROM json_each(f.fields) j WHERE j.key = :source
      AND (j.type IN ('integer', 'real', 'true', 'false')
           OR (j.type = 'text' AND trim(j.value, char(9, 10, 11, 12, 13, 32)) <> '')))
  END), 0)
FROM ${leads} l LEFT JOIN lead_fields f ON f.lead_id = l.${lead_id}
WHERE coalesce(cell(l.${campaign_id}), nullif(:default_campaign, '')) IS :campaign_id;

-- name: retries_clear
DELETE FROM temp.retries;

-- name: retries_fill
-- Settled refusals that were asked for, and holds of a lead that was named; in the order of leads, as many as wanted.
INSERT INTO temp.retries (lead_id, is_resolved, is_retried)
SELECT lead_id, is_resolved, is_retried FROM (
  SELECT s.lead_id, :lead_id IS NOT NULL AND s.held_n > s.resolved_n AS is_resolved, s.settlement IN (3, 4, 5) AS is_retried
  FROM lead_state s
  WHERE CASE WHEN :lead_id IS NOT NULL THEN s.lead_id = :lead_id ELSE :all OR s.reason = :type END)
WHERE is_resolved OR is_retried ORDER BY lead_id LIMIT :limit;

-- name: retries_count
SELECT count(*) FROM temp.retries;

-- name: retries_append
-- resolved carries the number of the hold that it ends; retried the epoch that the refusal was decided under.
INSERT INTO lead_events (event_id, kind, fact, reason, lead_id, person, campaign_id, instantly_id, claim_id, batch_id,
  ord, ord_to, body_hash, attempt, generation, epoch, run_id, occurred_at, recorded_at, detail)
SELECT event_id(k.kind, 0, NULL, s.lead_id, s.person, s.campaign_id, NULL, CASE k.kind WHEN 11 THEN s.claim_id END, NULL,
    0, 0, NULL, CASE k.kind WHEN 10 THEN s.held_n ELSE 0 END, s.generation, :now, NULL),
  k.kind, 0, NULL, s.lead_id, s.person, s.campaign_id, NULL, CASE k.kind WHEN 11 THEN s.claim_id END, NULL,
  0, 0, NULL, CASE k.kind WHEN 10 THEN s.held_n ELSE 0 END, s.generation, s.settlement_epoch, :run_id, :now, :now, NULL
FROM temp.retries r CROSS JOIN lead_state s ON s.lead_id = r.lead_id
CROSS JOIN (SELECT 10 AS kind UNION ALL SELECT 11) k
WHERE CASE k.kind WHEN 10 THEN r.is_resolved ELSE r.is_retried END
ORDER BY r.lead_id, k.kind;
