-- Connection settings and transactions.

-- name: pragma_cache
-- 5 MB of pages: a sorter takes as much again, and the whole process has 40 MB. 8 MB would save 3 % of the time.
PRAGMA cache_size = -5000;

-- name: pragma_temp_store
-- Sorts and working tables spill to unlinked files, so that memory does not grow with the number of leads.
PRAGMA temp_store = 1;

-- name: pragma_temp_page
-- Before anything is in it. The working tables are written and read from end to end: larger pages, fewer system calls.
PRAGMA temp.page_size = 16384;

-- name: pragma_temp_erase
-- Debian's SQLite zeroes what is deleted; the temporary file has no name and is gone with the process.
PRAGMA temp.secure_delete = FALSE;

-- name: pragma_temp_cache
-- The temporary database has a cache of its own; the working tables are written and read in their own order.
PRAGMA temp.cache_size = -2000;

-- name: pragma_mmap
-- A memory map would show as memory of the process and turns a disk error into a signal.
PRAGMA mmap_size = 0;

-- name: pragma_page_size
-- Says something to a new file only: a tenth less work than with 4096 in passes over a million rows.
PRAGMA page_size = 8192;

-- name: pragma_journal
-- A rollback journal, not WAL: readers then leave no -wal or -shm beside the file (plan writes not one byte), the file can
-- be read from a read-only disk, and SQLite before 3.51.3 cannot meet its WAL-reset bug when another tool writes to leads.
-- Not said to a file that another program put into WAL mode: that is its decision.
PRAGMA journal_mode = TRUNCATE;

-- name: pragma_checkpoint
-- In WAL mode, at the end of a run: moves what it wrote into the file, as far as nobody reads the old state, and waits for
-- nobody. A copy that forgets the -wal is then not older than it must be.
PRAGMA wal_checkpoint(PASSIVE);

-- name: pragma_synchronous
-- EXTRA: a commit that returned survives a power cut.
PRAGMA synchronous = EXTRA;

-- name: begin_immediate
-- The write lock at once: a transaction that reads first and writes later could end busy in its middle.
BEGIN IMMEDIATE;

-- name: begin_deferred
-- Several reads that must see one state, or working tables of a dry run, which need no lock on the main database.
BEGIN;

-- name: commit
COMMIT;

-- name: rollback
ROLLBACK;

-- name: schema_probe
-- Reads the first page: says whether this is a database that can be read.
SELECT count(*) FROM main.sqlite_schema;

-- name: data_version
-- Rises when another connection has changed the file.
PRAGMA data_version;
