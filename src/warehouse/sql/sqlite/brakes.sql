-- The operator's brakes. match_key is what persons are compared with, see stops.sql.

-- name: brake_suppress
-- Unlike what a sync writes, a stop that a person sets counts as there already only if the one there lasts as long:
-- otherwise "for ever" would end with an older "for ten days". An own act is written beside one from a list: see suppression_put.
INSERT INTO suppressions (match_key, person, domain, reason, source, actor, created_at, expires_at, run_id, allow_hit)
SELECT coalesce('@' || :domain, fold_tag(:person)), :person, :domain, :reason, :source, :actor, :at, :expires_at, :run_id,
  :allow_hit
WHERE NOT EXISTS (
  SELECT 1 FROM suppressions s
  WHERE s.match_key = coalesce('@' || :domain, fold_tag(:person)) AND s.reason = :reason AND s.revoked_at IS NULL
    AND (s.expires_at IS NULL OR (s.expires_at > :now AND s.expires_at >= coalesce(:expires_at, 9223372036854775807)))
    AND (coalesce(s.source, '') IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command')
      OR coalesce(:source, '') NOT IN ('sync', 'workspace', 'emails', 'webhook', 'mark', 'command')));

-- name: brake_allow
-- Saying a stop again with --allow-hit gives the one in force the permission.
UPDATE suppressions SET allow_hit = :allow_hit
WHERE match_key = coalesce('@' || :domain, fold_tag(:person)) AND reason = :reason AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > :now) AND allowed_at IS NULL AND allow_hit IS NOT :allow_hit;

-- name: brake_revoke
-- By the match key, as whoever is stopped as ann+x is let go as ann.
UPDATE suppressions SET revoked_at = :at, revoked_by = :by
WHERE match_key = coalesce('@' || :domain, fold_tag(:person)) AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > :now);

-- name: brake_revoke_run
-- What one import or command recorded and is still in force.
UPDATE suppressions SET revoked_at = :at, revoked_by = :by
WHERE run_id = :run_id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now);

-- name: brake_revoke_spellings
-- What was pushed of other spellings of its persons. Where another stop needs such an entry as well, the next sync makes it anew.
UPDATE suppressions SET revoked_at = :at, revoked_by = :by
WHERE source = 'sync' AND actor = :spelling AND match_key IN (SELECT match_key FROM suppressions WHERE run_id = :run_id)
  AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now);

-- name: brake_hold
-- A hold that is on keeps its reason: whoever set it first still waits for it.
INSERT INTO controls (name, value)
VALUES ('hold:' || coalesce(:campaign_id, '*'), json_object('reason', :reason, 'actor', :actor, 'at', :at))
ON CONFLICT (name) DO NOTHING;

-- name: brake_unhold_note
-- Who ended the last hold of its kind, and why; before it is deleted, so that ending none leaves no trace.
INSERT INTO controls (name, value)
SELECT 'unheld:' || coalesce(:campaign_id, '*'), json_object('reason', :reason, 'actor', :actor, 'at', :at)
WHERE EXISTS (SELECT 1 FROM controls WHERE name = 'hold:' || coalesce(:campaign_id, '*'))
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: brake_unhold
DELETE FROM controls WHERE name = 'hold:' || coalesce(:campaign_id, '*');

-- name: report_stops
-- In the order of writing, which is that of the primary key.
SELECT id, person, domain, reason, source, actor, created_at, expires_at, pushed_at, revoked_at, revoked_by, run_id,
  coalesce(was_listed = 0, 0)
FROM suppressions
WHERE id > :after_id AND (:run_id IS NULL OR run_id = :run_id)
  AND (:person IS NULL OR match_key IN (fold_tag(:person), '@' || substr(:person, instr(:person, '@') + 1)))
  AND (:domain IS NULL OR match_key = '@' || :domain)
  AND (NOT :only_in_force OR (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)))
ORDER BY id LIMIT :limit;

-- name: report_holds
-- '*' sorts before every campaign id. A hold that another tool wrote is its bare reason.
SELECT nullif(substr(name, 6), '*'),
  CASE WHEN json_valid(value) THEN json_extract(value, '$.reason') ELSE value END,
  CASE WHEN json_valid(value) THEN json_extract(value, '$.actor') END,
  CASE WHEN json_valid(value) THEN json_extract(value, '$.at') END
FROM controls WHERE name >= 'hold:' AND name < 'hold;' ORDER BY name;

-- name: lease_view
-- The newest holder that did not give the lock back.
SELECT job, host, pid, epoch, acquired_at FROM leases WHERE released_at IS NULL ORDER BY acquired_at DESC LIMIT 1;

-- name: lease_clear
UPDATE leases SET released_at = :now WHERE released_at IS NULL;
