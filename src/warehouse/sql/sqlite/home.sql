-- Rows of Instantly with our stamp whose claim the ledger does not know (core/sync_home.h). In a ledger that is whole there
-- is none: the statements below walk what the last scan left unmatched.

-- name: newest_id
-- Ids of version 7 rise with time and are the last in the index but for older random ones, which are passed over.
SELECT instantly_id FROM lead_enrolments WHERE substr(instantly_id, 15, 1) = '7' ORDER BY instantly_id DESC LIMIT 1;

-- name: claim_known
-- A claim of which no request is recorded has no row in Instantly, unless the ledger is older; a rebuilt one never had any.
SELECT EXISTS (SELECT 1 FROM claim_ranges r CROSS JOIN lead_events e ON e.seq = r.first_seq + :ord - r.first_ord
  WHERE r.run_id = :run_id AND :ord >= r.first_ord AND :ord < r.first_ord + r.claims_n
    AND (e.reason IS 'bootstrap' OR EXISTS (
      SELECT 1 FROM lead_events b WHERE b.kind = 2 AND b.run_id = :run_id AND b.ord <= :ord AND b.ord_to >= :ord)));

-- name: has_claims
SELECT EXISTS (SELECT 1 FROM claim_ranges);

-- name: home_clear
DELETE FROM temp.homeless;

-- name: home_fill
-- Stamped rows without a lead, in the configured campaigns and in lists; to rebuild, those that were adopted meanwhile as well. In the order of the claims, so that
-- those of a run make few ranges. Of several rows of a person the lowest id is the first.
INSERT INTO temp.homeless (instantly_id, is_matched, is_first, lead_id)
SELECT c.instantly_id, c.lead_id IS NOT NULL, row_number() OVER (PARTITION BY c.person ORDER BY c.instantly_id) = 1,
  c.lead_id
FROM (
  SELECT t.instantly_id, t.person, stamp_run(t.stamp) AS run_id, stamp_ord(t.stamp) AS ord, m.lead_id
  FROM sync_stage t
  LEFT JOIN temp.matches m ON m.instantly_id = t.instantly_id
  WHERE t.run_id = :run_id AND t.stamp IS NOT NULL AND t.person IS NOT NULL
    AND (m.lead_id IS NULL OR (:is_rebuild AND substr(m.lead_id, 1, 10) <> 'instantly:'
      AND (SELECT s.settlement = 7 AND s.withdrawn_at IS NULL FROM lead_state s WHERE s.lead_id = m.lead_id)))
    AND (t.campaign_id IS NULL OR t.campaign_id IN (SELECT f.campaign_id FROM temp.configured f))
  LIMIT -1 OFFSET 0) c
WHERE c.ord IS NOT NULL AND NOT EXISTS (
  SELECT 1 FROM claim_ranges r WHERE r.run_id = c.run_id AND c.ord >= r.first_ord AND c.ord < r.first_ord + r.claims_n)
ORDER BY c.run_id, c.ord, c.instantly_id;

-- name: home_fill_others
-- Rows that others put there, of persons whom the source has and the ledger never enrolled.
INSERT INTO temp.homeless (instantly_id, is_matched, is_first, lead_id)
SELECT t.instantly_id, FALSE, row_number() OVER (PARTITION BY t.person ORDER BY t.instantly_id) = 1, p.lead_id
FROM sync_stage t CROSS JOIN temp.import_persons p ON p.person = t.person
WHERE t.run_id = :run_id AND stamp_ord(t.stamp) IS NULL
  AND t.campaign_id IN (SELECT f.campaign_id FROM temp.configured f)
  AND NOT EXISTS (SELECT 1 FROM temp.matches m WHERE m.instantly_id = t.instantly_id)
  AND NOT EXISTS (SELECT 1 FROM lead_persons k CROSS JOIN lead_state s ON s.lead_id = k.lead_id AND s.person = k.person
    WHERE k.person = t.person AND s.ever_added_at IS NOT NULL)
ORDER BY t.instantly_id;

-- name: home_count
SELECT count(*) FROM temp.homeless;

-- name: home_page
-- The lead: the one that it is matched with, else the lowest of the person in the source, else in the ledger. is_free: the
-- person has no enrolment yet, and this is the first of its rows.
SELECT c.n, c.instantly_id, c.person, c.campaign_id, c.stamp, c.created_at, c.lead_id, s.person,
  coalesce(s.generation, 0),
  c.is_matched OR (c.is_first AND NOT EXISTS (
    SELECT 1 FROM lead_persons k CROSS JOIN lead_state e ON e.lead_id = k.lead_id AND e.person = k.person
    WHERE k.person = c.person AND e.settlement IN (7, 8) AND e.withdrawn_at IS NULL))
FROM (
  SELECT h.n, h.is_matched, h.is_first, t.instantly_id, t.person, t.campaign_id, t.stamp, t.created_at,
    coalesce(h.lead_id, (SELECT p.lead_id FROM temp.import_persons p WHERE p.person = t.person),
      (SELECT min(k.lead_id) FROM lead_persons k WHERE k.person = t.person)) AS lead_id
  FROM temp.homeless h CROSS JOIN sync_stage t ON t.instantly_id = h.instantly_id
  WHERE h.n > :after ORDER BY h.n LIMIT :limit) c
LEFT JOIN lead_state s ON s.lead_id = c.lead_id
ORDER BY c.n;
