-- From one version of the schema to the next, for databases that an earlier leadferry made. A fresh database is made by
-- schema.sql and needs none of these; the test of migrations holds both equal, column by column.

-- name: migrate_2_suppressions_evidence
-- Entries from before have no evidence: one that was lifted then comes back when its reply is read again, once.
ALTER TABLE suppressions ADD COLUMN evidence_at INTEGER;

-- name: migrate_3_suppressions_run
-- Entries from before do not say which run or command wrote them.
ALTER TABLE suppressions ADD COLUMN run_id TEXT;

-- name: migrate_3_suppressions_allow
ALTER TABLE suppressions ADD COLUMN allow_hit TEXT;

-- name: migrate_3_suppressions_allowed
ALTER TABLE suppressions ADD COLUMN allowed_at INTEGER;

-- name: migrate_3_suppressions_listed
-- What was pushed before counts as put there by us, as it was.
ALTER TABLE suppressions ADD COLUMN was_listed INTEGER;
