"""A process that was suspended while it holds the database: the others say which, within seconds, and it goes on where it
was. One that is merely slow is waited for."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from product import Product, quiet_config

PEOPLE = 20000
LAST_BYTE = "1073742335"  # of those that SQLite locks: with all of them nobody else can read
SOON_S = 25  # below the 30 s that somebody at work is given, far above the 2 s that it takes
OTHER = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(sys.argv[2]).fetchone()
cursor = db.execute("SELECT * FROM leads")
cursor.fetchone()
print("there", flush=True)
time.sleep(float(sys.argv[3]))
"""


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    world = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    world.configure(instantly={"batch_size": 1000})
    world.import_people(PEOPLE)
    return world


def locks_out(world, process):
    """Does the process keep readers out, too?"""
    inode = str(world.db.stat().st_ino)
    lines = [line.split() for line in pathlib.Path("/proc/locks").read_text().splitlines()]
    return any(line[1] == "POSIX" and line[3:5] == ["WRITE", str(process.pid)] and line[5].endswith(":" + inode)
               and line[7] == LAST_BYTE for line in lines if len(line) == 8)


def suspend_while_writing(world, process, keeps_readers_out):
    """Stops the process at a moment when a transaction is open, which its journal shows."""
    journal = world.db.with_name("lf.db-journal")

    def is_writing():
        is_open = journal.exists() and journal.stat().st_size > 0
        return is_open and (not keeps_readers_out or locks_out(world, process))

    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        if not is_writing():
            continue
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.1)
        if is_writing():
            return
        os.kill(process.pid, signal.SIGCONT)
    raise AssertionError("it was never seen writing")


def goes_on(process):
    os.kill(process.pid, signal.SIGCONT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err


def check_all_there(world):
    totals = world.sandbox.totals()
    assert (totals["created_by_api"], totals["created_twice"]) == (PEOPLE, 0)


@pytest.mark.parametrize("keeps_readers_out", [False, True], ids=["writing", "spilled"])
def test_a_run_is_named(world, keeps_readers_out):
    process = world.start("export")
    try:
        while not world.db.with_name("lf.db.lock").exists():
            assert process.poll() is None
        suspend_while_writing(world, process, keeps_readers_out)
        others = [world.start(*command) for command in (["sync"], ["export"], ["complete"], ["adopt"])]
        if keeps_readers_out:
            others += [world.start(*command) for command in (["status"], ["lead", "show", "L001"], ["plan"])]
        for other in others:
            _, err = other.communicate(timeout=SOON_S)
            assert other.returncode == 7, err
            assert "another run holds the lock" in err
            assert f"job export, process {process.pid} on " in err and ", since 20" in err
            assert "suspended" in err and f"kill -CONT {process.pid}" in err
    finally:
        goes_on(process)
    check_all_there(world)


def test_ended_while_it_was_suspended(world):
    """What the sentence proposes: killed there, nothing is lost, and nobody is added twice."""
    process = world.start("export")
    try:
        suspend_while_writing(world, process, True)
        world.run("status", code=7, timeout=SOON_S)
    finally:
        process.kill()
        process.communicate(timeout=60)
    world.run("status", code=0)
    world.run("export", code=0)
    check_all_there(world)


def test_an_import_is_named(world):
    """It has no lock of ours; SQLite's tells whose it is."""
    rows = "".join(f"M{i},m{i}@example.com\n" for i in range(PEOPLE))
    (world.folder / "more.csv").write_text("lead_id,email\n" + rows)
    process = world.start("import", "more.csv", "--map", "lead_id=lead_id")
    try:
        suspend_while_writing(world, process, True)
        for other in [world.start("export"), world.start("status")]:
            _, err = other.communicate(timeout=SOON_S)
            assert other.returncode == 5, err
            assert f"process {process.pid} is suspended in the middle of a write" in err
    finally:
        goes_on(process)
    assert world.sql("SELECT count(*) FROM leads") == [(2 * PEOPLE,)]


def other_program(world, statement, seconds):
    command = [sys.executable, "-c", OTHER, str(world.db), statement, str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "there\n"
    return process


def test_a_reader_is_named(world):
    """Somebody else's query, never read to its end: a job cannot commit, says so, and goes on later."""
    other = other_program(world, "BEGIN", 600)
    try:
        os.kill(other.pid, signal.SIGSTOP)
        done = world.run("export", code=5, timeout=SOON_S)
        assert f"process {other.pid} is suspended in the middle of reading" in done.stderr
    finally:
        other.kill()
        other.communicate(timeout=60)
    world.run("export", code=0)
    check_all_there(world)


def test_a_slow_one_is_waited_for(world):
    other = other_program(world, "BEGIN EXCLUSIVE", 5)
    world.run("status", code=0)
    assert other.wait(timeout=60) == 0
    other = other_program(world, "BEGIN EXCLUSIVE", 5)
    world.run("suppress", "add", "p1@example.com", "--reason", "asked", code=0)
    assert other.wait(timeout=60) == 0
