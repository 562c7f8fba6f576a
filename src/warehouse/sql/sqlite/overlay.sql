-- What a warehouse that was opened for reading is told stands in temporary copies of the tables (sqlite_overlay.c). A
-- temporary table hides the one of its name, so that every other statement sees the copy.

-- name: overlay_exists
SELECT 1 FROM temp.sqlite_schema WHERE type = 'table' AND name = :name;

-- name: overlay_suppressions
INSERT INTO suppressions SELECT * FROM main.suppressions ORDER BY id;

-- name: overlay_controls
INSERT INTO controls SELECT * FROM main.controls ORDER BY name;

-- name: overlay_lead_state
INSERT INTO lead_state SELECT * FROM main.lead_state ORDER BY lead_id;

-- name: overlay_lead_persons
INSERT INTO lead_persons SELECT * FROM main.lead_persons ORDER BY person, lead_id;

-- name: overlay_lead_enrolments
INSERT INTO lead_enrolments SELECT * FROM main.lead_enrolments ORDER BY instantly_id, lead_id;

-- name: overlay_claim_ranges
INSERT INTO claim_ranges SELECT * FROM main.claim_ranges ORDER BY run_id, first_ord, first_seq;

-- name: overlay_lead_events
-- Only what the fold has not read, and the last that it has: numbers go on from there.
INSERT INTO lead_events SELECT * FROM main.lead_events
WHERE seq >= (SELECT coalesce(max(value), 0) FROM main.controls WHERE name = 'folded_until') ORDER BY seq;

-- name: overlay_drop_lead_events
DROP TABLE IF EXISTS temp.lead_events;

-- name: overlay_drop_claim_ranges
DROP TABLE IF EXISTS temp.claim_ranges;
