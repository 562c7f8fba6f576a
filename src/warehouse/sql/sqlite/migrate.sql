-- From one version of the schema to the next, for databases that an earlier leadferry made. A fresh database is made by
-- schema.sql and needs none of these; the test of migrations holds both equal, column by column.

-- name: migrate_2_suppressions_evidence
-- Entries from before have no evidence: one that was lifted then comes back when its reply is read again, once.
ALTER TABLE suppressions ADD COLUMN evidence_at INTEGER;
