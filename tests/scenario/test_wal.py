"""A database that another program put into WAL mode, and keeps open: leadferry works in the mode that is there."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from product import Product, quiet_config

PEOPLE = 8
READER = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
print(db.execute("SELECT count(*) FROM leads").fetchone(), flush=True)
if len(sys.argv) > 2:
    db.execute(sys.argv[2])
    db.execute("SELECT count(*) FROM leads").fetchone()
    print("there", flush=True)
time.sleep(90)
"""


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.import_people(PEOPLE)
    world.sql("PRAGMA journal_mode = WAL")
    return world


def other_program(world, *statement):
    command = [sys.executable, "-c", READER, str(world.db), *statement]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for _ in range(1 + len(statement)):
        assert process.stdout.readline()
    return process


def end(process):
    process.kill()
    process.wait()


@pytest.fixture(params=["idle", "reading", "alone"])
def beside(world, request):
    """Another program that has the database open, with or without a statement in the middle."""
    process = None if request.param == "alone" else other_program(world, *(["BEGIN"] if request.param == "reading" else []))
    yield process
    if process:
        end(process)


def mode_of(world):
    return {b"\x01\x01": "journal", b"\x02\x02": "wal"}[world.db.read_bytes()[18:20]]


def sent(world):
    return {lead["email"] for lead in world.sandbox.leads(campaign=world.campaign)}


def test_every_command_works_and_the_mode_stays(world, beside):
    world.run("suppress", "add", "p1@example.com", "--reason", "by phone", code=0)
    world.run("hold", "on", "--reason", "look first", code=0)
    world.run("export", code=3)
    assert world.creating_calls() == 0
    world.run("hold", "off", "--reason", "looked", code=0)
    world.run("lead", "mark", "p2@example.com", "replied", "--reason", "called", code=0)
    for command in ("plan", "export", "sync", "complete", "recover", "status", "verify"):
        world.run(command, code=(0, 3))
    assert len(sent(world)) == PEOPLE - 2 and mode_of(world) == "wal"
    assert world.json("suppress", "check", "p1@example.com")["stopped"]


def test_killed_in_wal_mode(world):
    """Guarantee 12. What is committed is committed, in this mode too."""
    process = other_program(world)
    world.configure(instantly={"batch_size": 1, "batch_delay_ms": 200, "writes_in_flight": 1})
    for _ in range(3):
        run = world.start("export")
        until, before = time.monotonic() + 20, world.creating_calls()
        while world.creating_calls() == before and run.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        run.kill()
        run.communicate()
    end(process)
    world.run("status", code=0)
    world.run("run", code=(0, 3))
    totals = world.sandbox.totals()
    assert (totals["created_by_api"], totals["created_twice"]) == (PEOPLE, 0)


def test_a_copy_after_a_run_is_the_ledger(world):
    """A run moves what it wrote into the file, where nobody reads an old state."""
    process = other_program(world)
    world.run("export", code=(0, 3))
    copy = world.folder / "copy.db"
    shutil.copy(world.db, copy)
    end(process)
    with sqlite3.connect(copy) as db:
        assert db.execute("SELECT count(*) FROM leads WHERE added_to_instantly").fetchone()[0] == PEOPLE


def test_doctor_says_what_it_costs(world):
    finding = next(f for f in world.json("doctor", code=(0, 1))["findings"] if f["id"] == "warehouse_wal")
    assert finding["severity"] == "warning" and "older ledger" in finding["sentence"]
    assert tuple(map(int, sqlite3.sqlite_version.split("."))) >= (3, 51, 3) or sqlite3.sqlite_version in finding["sentence"]
    world.sql("PRAGMA journal_mode = DELETE")
    assert "warehouse_wal" not in {f["id"] for f in world.json("doctor", code=(0, 1))["findings"]}


def test_doctor_looks_at_what_is_beside(world):
    os.link(world.db, world.folder / "second.db")
    lock = world.db.with_name("lf.db.lock")
    lock.unlink(missing_ok=True)
    lock.symlink_to(world.folder / "precious")
    world.db.with_name("lf.db.inbox").symlink_to(world.folder)
    findings = world.json("doctor", code=1)["findings"]
    assert {f["subject"] for f in findings if f["id"] == "warehouse_beside"} == {str(lock), f"{world.db}.inbox"}
    assert [f["subject"] for f in findings if f["id"] == "warehouse_names"] == [str(world.db)]


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_stop_is_recorded_while_another_program_has_the_database_for_itself(world, mode):
    """Suspended in the middle of a write: nobody else gets in, and a stop waits for the next job."""
    world.sql(f"PRAGMA journal_mode = {mode}")
    process = other_program(world, "BEGIN EXCLUSIVE")
    os.kill(process.pid, signal.SIGSTOP)
    try:
        for command in (("suppress", "add", "p1@example.com", "--reason", "by phone"), ("hold", "on", "--reason", "look first"),
                        ("lead", "mark", "p2@example.com", "replied", "--reason", "called")):
            done = world.run(*command, code=0)
            assert "inbox" in done.stderr and "suspended" in done.stderr and "recorded for the next job" in done.stdout
        world.run("export", code=5)
    finally:
        os.kill(process.pid, signal.SIGCONT)
        end(process)
    world.run("export", code=3)
    assert world.creating_calls() == 0
    world.run("hold", "off", "--reason", "looked", code=0)
    world.run("export", code=(0, 3))
    assert sent(world) == {f"p{i}@example.com" for i in range(PEOPLE)} - {"p1@example.com", "p2@example.com"}
