"""What a bad database gets: a clear sentence, the documented exit code, nothing lost or half done."""

import shutil
import signal
import sqlite3
import subprocess

import pytest

from product import Product, quiet_config

WRITERS = ("export", "sync", "complete", "recover", "run")
READERS = ("plan", "status")


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def sentence(done, code, *words):
    """One clear sentence on standard error with these words, and this exit code."""
    assert done.returncode == code, done
    said = [line for line in done.stderr.splitlines() if line.startswith("leadferry: ")]
    assert said, done
    for word in words:
        assert any(word in line for line in said), (word, said)
    return said


def nothing_was_sent(world):
    assert world.creating_calls() == 0 and world.sandbox.leads(campaign=world.campaign) == []


@pytest.fixture
def imported(world):
    world.import_people(3)
    return world


@pytest.mark.parametrize("command", READERS)
def test_missing_database(world, command):
    sentence(world.run(command), 78, str(world.db), "leadferry import")
    assert not world.db.exists()


def test_missing_database_of_a_job(world):
    """The first writing command makes it, and says so; there is nobody to send to."""
    done = world.run("export", code=(0, 3))
    assert world.db.exists() and str(world.db) in done.stderr
    nothing_was_sent(world)


@pytest.mark.parametrize("command", ["status", "hold on --reason calm", "export"])
def test_descriptors_used_up(imported, command):
    """Whoever has no descriptor left is not told to look at owners and modes."""
    said = ""
    for most in range(4, 12):
        done = subprocess.run(["sh", "-c", f'ulimit -n {most}; exec "$0" "$@"', *imported.command(*command.split())],
                              cwd=imported.folder, env=imported.environment(), capture_output=True, text=True, timeout=120)
        assert "the owner and the mode" not in done.stderr, (most, done)
        said += done.stderr
    assert "too many open files" in said.lower()


def test_missing_folder(world):
    world.configure(warehouse={"path": str(world.folder / "no" / "such" / "lf.db")})
    sentence(world.run("export"), 1, "no/such", "folder")
    sentence(world.run("status"), 78, "no/such")
    assert not (world.folder / "no").exists()


@pytest.mark.parametrize("command", ["export", "plan"])
def test_a_folder_as_database(world, command):
    world.db.mkdir()
    sentence(world.run(command), 78, str(world.db))
    assert list(world.db.iterdir()) == []
    nothing_was_sent(world)


@pytest.mark.parametrize("command", ["export", "plan", "status"])
def test_a_file_that_is_no_database(world, command):
    text = b"lead_id,email\n" + b"1,a@example.com\n" * 400
    world.db.write_bytes(text)
    done = world.run(command)
    sentence(done, 1, str(world.db), "no SQLite database", "backup")
    assert world.db.read_bytes() == text
    nothing_was_sent(world)


@pytest.mark.parametrize("command", ["export", "plan"])
def test_a_truncated_database(imported, command):
    whole = imported.db.read_bytes()
    imported.db.write_bytes(whole[: len(whole) // 2])
    half = imported.db.read_bytes()
    done = imported.run(command)
    sentence(done, 1, str(imported.db), "damaged")
    nothing_was_sent(imported)
    assert imported.db.read_bytes() == half
    imported.db.write_bytes(whole)
    assert imported.json("export")["added"] == 3


def test_a_corrupt_database(imported):
    """Garbage in the middle: the job ends, nothing was sent that is not on record."""
    whole = bytearray(imported.db.read_bytes())
    for at in range(8192, len(whole), 4096):
        whole[at : at + 200] = b"\xa5" * 200
    imported.db.write_bytes(whole)
    done = imported.run("export")
    sentence(done, 1, str(imported.db), "damaged")
    nothing_was_sent(imported)


def test_a_database_of_a_newer_version(imported):
    imported.sql("UPDATE controls SET value = '999' WHERE name = 'schema_version'")
    before = imported.db.read_bytes()
    for command in (*WRITERS, *READERS):
        sentence(imported.run(command), 78, "999")
    assert imported.db.read_bytes() == before
    nothing_was_sent(imported)


@pytest.mark.parametrize("table", ["suppressions", "lead_state", "controls", "claim_ranges"])
def test_a_table_that_was_dropped(imported, table):
    """Made anew it would be empty, and who was stopped would be mailed: only `schema apply` does that."""
    imported.run("suppress", "add", "p0@example.com", "--reason", "by phone", code=0)
    imported.sql(f"DROP TABLE {table}")
    for command in (*WRITERS, *READERS, "export --dry-run", "suppress check p0@example.com", "import leads.csv"):
        sentence(imported.run(*command.split()), 78, f"the table {table} is missing", "schema apply")
    nothing_was_sent(imported)
    assert table in imported.run("schema", "check", code=(0, 78)).stdout
    imported.run("schema", "apply", code=0)
    imported.run("status", code=0)


def test_tables_of_the_users_own_may_be_dropped(imported):
    for table in ("campaign_status", "pipeline_errors"):
        imported.sql(f"DROP TABLE {table}")
    imported.run("status", code=0)
    imported.run("export", code=0)


def test_names_of_columns_in_capitals(imported):
    imported.sql("ALTER TABLE leads RENAME COLUMN email TO EMail")
    imported.run("schema", "check", code=0)
    assert imported.json("export")["added"] == 3


def test_columns_that_leads_does_not_have(imported):
    imported.configure(source={"columns": {"email": "mail"}})
    sentence(imported.run("export"), 78, "mail")
    nothing_was_sent(imported)


def test_a_read_only_file(imported):
    """Of another user, so to say: root may write any file, so only its folder's mount can forbid it here."""
    disk = imported.folder / "disk"
    disk.mkdir()
    mounted(["-t", "tmpfs", "-o", "size=8m", "tmpfs"], disk)
    try:
        shutil.copy(imported.db, disk / "lf.db")
        mounted(["-o", "remount,ro"], disk)
        imported.configure(warehouse={"path": str(disk / "lf.db")})
        for command in WRITERS:
            sentence(imported.run(command), 1, str(disk / "lf.db"), "read-only")
        assert imported.json("plan")["totals"]["add"] == 3
        assert imported.json("status")["source_rows"] == 3
        nothing_was_sent(imported)
    finally:
        subprocess.run(["umount", disk], check=False)


def mounted(options, folder):
    """Mounts, or skips the test where that is not allowed."""
    done = subprocess.run(["mount", *options, folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mount is not allowed here: {done.stderr.strip()}")


def test_a_full_disk(imported):
    """Guarantee 15. While an export of many leads runs its disk becomes full. What went out is on record, the rest goes
    later."""
    imported.import_people(1500)
    disk = imported.folder / "disk"
    disk.mkdir()
    mounted(["-t", "tmpfs", "-o", "size=64m", "tmpfs"], disk)
    try:
        imported.run("status", code=0)
        shutil.copy(imported.db, disk / "lf.db")
        imported.configure(warehouse={"path": str(disk / "lf.db")}, instantly={"batch_size": 10})
        size = (disk / "lf.db").stat().st_size
        mounted(["-o", f"remount,size={size // 1024 + 900}k"], disk)
        done = imported.run("export")
        sentence(done, 1, "full")
        mounted(["-o", "remount,size=64m"], disk)
        imported.run("export", code=(0, 3, 5))
        created = imported.sandbox.totals()
        assert created["created_by_api"] == 1500 and created["created_twice"] == 0
        db = sqlite3.connect(disk / "lf.db")
        assert db.execute("SELECT count(*) FROM leads WHERE added_to_instantly").fetchone() == (1500,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()
    finally:
        subprocess.run(["umount", disk], check=False)


def test_a_second_run_while_one_runs(imported):
    """It ends at once, and says who holds the lock."""
    imported.sandbox.fault("POST /api/v2/leads/add", "delay", count=1, params={"ms": 1500})
    first = imported.start("export")
    while not imported.creating_calls():
        assert first.poll() is None, first.communicate()
    first.send_signal(signal.SIGSTOP)  # in the middle, for as long as this test takes
    try:
        for command in ("export", "sync", "complete", "recover"):
            said = sentence(imported.run(command), 7, str(first.pid))
            assert any("export" in line for line in said), said
        assert imported.run("run").returncode == 7
        imported.run("plan", code=0)  # readers need no lock
        imported.run("status", code=0)
    finally:
        first.send_signal(signal.SIGCONT)
        _, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    totals = imported.sandbox.totals()
    assert totals["created_by_api"] == 3 and totals["created_twice"] == 0
    assert imported.run("export").returncode == 0


@pytest.mark.parametrize("name", ["lead_events", "Lead_State", "controls", "lead_report"])
def test_a_table_of_ours_as_source(imported, name):
    """Who names the ledger as the source of leads would read itself, and write back into it."""
    imported.configure(source={"table": name})
    for command in (("export",), ("plan",), ("sync",), ("schema", "apply")):
        sentence(imported.run(*command), 78, f"{name.lower()} is a table of leadferry's own")
    nothing_was_sent(imported)
