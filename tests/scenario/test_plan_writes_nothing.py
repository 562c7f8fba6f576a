"""`plan` reads both sides and writes nothing anywhere: proved byte by byte, also where it could not write if it tried."""

import hashlib
import os
import sqlite3
import subprocess

import pytest

from product import Product, quiet_config

LEADS = """CREATE TABLE leads (lead_id TEXT NOT NULL, email TEXT NOT NULL, first_name TEXT, last_name TEXT, company_name TEXT,
  campaign_id TEXT, added_to_instantly INTEGER DEFAULT 0, added_date TEXT, sequence_completed INTEGER DEFAULT 0,
  sequence_completed_date TEXT, last_email_status TEXT, cold_email_sent INTEGER DEFAULT 0, updated_at TEXT)"""
READING = ("plan", "status", "doctor", "runs list", "errors list", "lead show L001", "leads export", "export --dry-run",
           "sync --dry-run", "complete --dry-run", "recover --dry-run", "schema check")


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def bytes_of(world):
    """Every file of the folder: name, bytes, mode and time of the last change."""
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in sorted(world.folder.iterdir()) if path.is_file()
    }


def remote_of(world):
    """What Instantly holds; and of the requests only those that could change it."""
    changing = [r for r in world.sandbox.requests(limit=10000)
                if r["method"] != "GET" and r["path"].split("?")[0] != "/api/v2/leads/list"]
    return world.sandbox.audit(), world.sandbox.leads(), len(changing)


def lived(world):
    """A ledger in the middle of its life: added, mailed, finished and due, and new leads waiting."""
    world.import_people(6)
    world.run("export", code=0)
    for _ in range(4):
        world.sandbox.advance(days=1)
        world.run("sync", code=0)
    world.sandbox.advance(days=40)
    world.run("sync", code=0)
    world.import_people(9)
    world.sql("UPDATE leads SET added_to_instantly = 0 WHERE lead_id = 'L000'")


@pytest.mark.parametrize("command", READING)
def test_it_leaves_every_byte_alone(world, command):
    lived(world)
    before, remote = bytes_of(world), remote_of(world)
    world.run(*command.split(), code=(0, 6))
    assert bytes_of(world) == before
    assert remote_of(world) == remote


def test_what_it_says(world):
    lived(world)
    plan = world.json("plan")
    assert plan["totals"] == {"add": 3, "remove": 6, "write_back": 1, "left_out": 0, "deferred": 0}
    assert plan["campaigns"][0]["campaign_id"] == world.campaign
    world.run("complete", code=0)
    assert world.json("export")["added"] == 3
    totals = world.sandbox.totals()
    assert totals["deleted"] == 6 and totals["created_by_api"] == 9


def test_while_a_job_runs(world):
    """No lock is needed, and none of the other's bytes is touched."""
    world.import_people(3)
    world.sandbox.fault("POST /api/v2/leads/add", "delay", count=1, params={"ms": 1500})
    job = world.start("export")
    while not world.creating_calls():
        assert job.poll() is None
    world.run("plan", code=0)
    job.communicate(timeout=60)
    assert job.returncode == 0


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_before_our_tables_exist(world, journal):
    db = sqlite3.connect(world.db)
    db.execute(f"PRAGMA journal_mode = {journal}")
    db.execute(LEADS)
    db.execute("INSERT INTO leads (lead_id, email) VALUES ('1', 'a@example.com'), ('2', 'no address')")
    db.commit()
    db.close()
    before, remote = bytes_of(world), remote_of(world)
    plan = world.json("plan")
    assert plan["totals"]["add"] == 1 and plan["left_out"] == {"address_invalid": 1}
    after = bytes_of(world)
    assert after[world.db.name] == before[world.db.name] and remote_of(world) == remote
    assert set(after) - set(before) <= {"lf.db-wal", "lf.db-shm"}  # SQLite's own, of a reader in WAL mode
    with sqlite3.connect(world.db) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("leads",)]


def test_with_read_only_rights(world, tmp_path_factory):
    """A folder and a file that nobody may write, and a key that may only read."""
    lived(world)
    made = world.sandbox.api("POST", "/api-keys", {"name": "reader", "scopes": ["all:read"]})
    world.key = made.json["key"]
    disk = tmp_path_factory.mktemp("disk")
    (disk / "lf.db").write_bytes(world.db.read_bytes())
    mount = subprocess.run(["mount", "--bind", "-o", "ro", disk, disk], capture_output=True, text=True, check=False)
    if mount.returncode != 0 and os.geteuid() == 0:
        pytest.skip(f"mount is not allowed here: {mount.stderr.strip()}")
    if mount.returncode != 0:
        (disk / "lf.db").chmod(0o400)
        disk.chmod(0o500)
    try:
        with pytest.raises(OSError):
            (disk / "more").write_text("")
        world.configure(warehouse={"path": str(disk / "lf.db")})
        remote = remote_of(world)
        plan = world.json("plan")
        assert plan["totals"]["add"] == 3 and plan["totals"]["remove"] == 6
        assert [path.name for path in disk.iterdir()] == ["lf.db"]
        assert remote_of(world) == remote
    finally:
        subprocess.run(["umount", disk], capture_output=True, check=False)
        disk.chmod(0o700)


def test_stops_that_were_never_read_count(world):
    """The first plan of all knows who is out: what it promises is what the export then adds."""
    world.sandbox.control("POST", "/block", {"value": "blocked.example"})
    other = world.sandbox.campaign("Operations")
    world.sandbox.add(other, {"email": "gone@example.com"}, {"email": "said@example.com"})
    world.sandbox.outcome("gone@example.com", "unsubscribed")
    world.sandbox.outcome("said@example.com", "replied")
    world.import_rows(("A", "gone@example.com"), ("B", "who@blocked.example"), ("C", "Said+x@Example.com"),
                      ("D", "free@example.com"))
    before, remote = bytes_of(world), remote_of(world)
    for command in ("plan", "export"):
        said = world.json(command, *(["--dry-run"] if command == "export" else []))
        assert said["left_out"] == {"suppressed(blocklisted)": 1, "suppressed(replied)": 1, "suppressed(unsubscribed)": 1}
    assert world.json("plan")["totals"]["add"] == 1
    assert bytes_of(world) == before and remote_of(world) == remote
    assert world.json("export")["added"] == 1
    reads = len(world.sandbox.requests(limit=10000))
    assert world.json("plan")["left_out"]["suppressed(replied)"] == 1
    assert not [r for r in world.sandbox.requests(limit=10000)[reads:] if "block-lists" in r["path"]]  # read a moment ago


def test_the_inbox_counts(world):
    """What waits for a running job: read by plan and by who asks for stops, taken up by nobody but the job."""
    world.import_people(3)
    world.sandbox.fault("POST /api/v2/leads/add", "delay", count=1, params={"ms": 4000})
    job = world.start("export")
    while not world.creating_calls():
        assert job.poll() is None
    world.sql("INSERT INTO leads (lead_id, email) VALUES ('N1', 'new1@example.com'), ('N2', "
              "'new2@example.com'), ('N3', 'new3@example.com')")
    assert world.json("suppress", "add", "new1@example.com", "--reason", "asked by phone")["left_in_inbox"]
    assert world.json("lead", "mark", "new2@example.com", "unsubscribed", "--reason", "by phone")["left_in_inbox"]
    inbox = sorted(world.db.with_name("lf.db.inbox").iterdir())
    plan = world.json("plan")
    checked = world.json("suppress", "check", "new1@example.com")
    listed = world.json("suppress", "list")
    assert job.poll() is None and sorted(world.db.with_name("lf.db.inbox").iterdir()) == inbox
    assert plan["left_out"]["suppressed(asked by phone)"] == 1 and plan["left_out"]["suppressed(unsubscribed)"] == 1
    assert checked["stopped"] and checked["entries"][0]["reason"] == "asked by phone"
    assert len(listed["suppressions"]) == 2
    job.communicate(timeout=60)
    assert world.json("suppress", "check", "new1@example.com")["stopped"]
    assert not list(world.db.with_name("lf.db.inbox").iterdir())


def test_cost_of_a_file_is_nothing(world):
    world.import_people(1)
    assert "Nothing is billed" in world.run("plan", "--cost", code=0).stdout
    assert world.json("plan", "--cost") == {"is_free": True, "jobs": []}
