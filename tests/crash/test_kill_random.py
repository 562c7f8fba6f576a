"""kill -9 at any time, answers that get lost, a second run and a stopped one, over 5,000 leads."""

import os
import random
import signal
import sqlite3
import time

import pytest

from crashing import PERSONAL, is_long
from product import HEADER, Product, quiet_config

LEADS = 5000
KILLS = 200 if is_long() else 40
LOST = {"endpoint": "POST /api/v2/leads/add", "fault": "reset_after", "probability": 0.02}
HELD = "SELECT count(*) FROM lead_state WHERE settlement <> 8 OR held_n > resolved_n"


class Listened(Product):
    """Nothing that it says may hold an address, a name or the key, whatever happens to it."""

    def run(self, *args, **more):
        done = super().run(*args, **more)
        self.listen(done.stdout, done.stderr)
        return done

    def end(self, process):
        """Waits for a started one."""
        out, err = process.communicate(timeout=120)
        self.listen(out, err)
        return err

    def listen(self, *texts):
        for text in texts:
            assert not PERSONAL.search(text) and self.key not in text, text[:2000]


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    """5,000 leads imported and kept aside; batches of ten, one at a time, so that a run lasts."""
    product = Listened(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    product.configure(instantly={"batch_size": 10, "request_timeout_s": 1, "writes_in_flight": 4})
    lines = [f"L{i},p{i}@example.com,First,Surname,Acme\n" for i in range(LEADS)]
    (tmp_path / "leads.csv").write_text(HEADER + "".join(lines))
    product.run("import", "leads.csv", "--map", "lead_id=lead_id", code=0)
    product.imported = product.db.read_bytes()
    return product


def begin(world, seed):
    world.sandbox.control("POST", "/reset")
    world.sandbox.fault(**LOST, seed=seed)
    world.db.write_bytes(world.imported)
    (world.folder / "lf.db-journal").unlink(missing_ok=True)


def check(world):
    """Nobody twice, nobody lost, and the ledger knows each of them by Instantly's id."""
    totals = world.sandbox.totals()
    assert totals["created_by_api"] == LEADS and totals["created_twice"] == 0, totals
    rows = {row["email"]: row["id"] for row in world.sandbox.leads(campaign=world.campaign)}
    with sqlite3.connect(world.db) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute(HELD).fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM leads WHERE added_to_instantly = 1").fetchone() == (LEADS,)
        known = dict(db.execute("SELECT person, instantly_id FROM lead_state"))
    assert known == rows


def finish(world):
    """Runs until it is through: an answer that stays unknown is a 5."""
    codes = []
    while not codes or (codes[-1] == 5 and len(codes) < 5):
        codes.append(world.run("export").returncode)
    assert codes[-1] == 0, codes


def one_life(world, chance, kills_left):
    """From nothing to 5,000 with a kill every now and then. Returns how many hit."""
    begin(world, chance.getrandbits(31))
    kills_n, is_through = 0, False
    while not is_through and kills_n < kills_left:
        process = world.start("export")
        time.sleep(chance.uniform(0.02, 0.5))
        process.kill()
        world.end(process)
        kills_n += process.returncode == -signal.SIGKILL
        is_through = process.returncode == 0
        assert process.returncode in (0, 5, -signal.SIGKILL), process.returncode
    finish(world)
    check(world)
    return kills_n


@pytest.mark.slow
@pytest.mark.timeout(3600 if is_long() else 300)
def test_kills_at_random(world, record_property):
    seed = int(os.environ.get("LEADFERRY_CRASH_SEED") or time.time())
    print(f"LEADFERRY_CRASH_SEED={seed}")
    record_property("seed", seed)
    chance, kills_n, lives_n = random.Random(seed), 0, 0
    while kills_n < KILLS:
        kills_n += one_life(world, chance, min(KILLS - kills_n, 25))
        lives_n += 1
    record_property("kills", kills_n)
    print(f"{kills_n} kills in {lives_n} exports")


def start_and_wait(world, seed):
    """A run that waits for an answer, outside every transaction, for three seconds from now."""
    world.configure(instantly={"batch_size": 10, "request_timeout_s": 5, "writes_in_flight": 1})
    begin(world, seed)
    world.sandbox.faults({"endpoint": "POST /api/v2/leads/add", "fault": "delay", "skip": 20, "count": 1,
                          "params": {"ms": 3000}})
    process = world.start("export")
    for _ in range(600):
        if world.sandbox.totals()["created_by_api"] == 210:
            time.sleep(0.2)
            assert world.sandbox.totals()["created_by_api"] == 210 and process.poll() is None
            return process
        time.sleep(0.01)
    raise AssertionError(world.sandbox.totals())


@pytest.mark.slow
@pytest.mark.parametrize("pause_s", [0.5, 8])  # within and beyond what a request may take
def test_two_at_once_and_one_stopped(world, pause_s):
    """Guarantee 16, 18. Others are sent away, also while the first stands still; that one then goes on as if it had
    not."""
    first = start_and_wait(world, 7)
    second = world.run("export", code=7)
    assert "since" in second.stderr and str(first.pid) in second.stderr, second.stderr
    first.send_signal(signal.SIGSTOP)
    for job in ("export", "sync", "complete", "recover"):
        world.run(job, code=7)
    time.sleep(pause_s)
    first.send_signal(signal.SIGCONT)
    err = world.end(first)
    assert first.returncode in (0, 5), err
    finish(world)
    check(world)


@pytest.mark.slow
def test_stopped_and_replaced(world):
    """A run that is stopped, then killed: its lock is gone with it, and the next one takes over."""
    first = start_and_wait(world, 8)
    first.send_signal(signal.SIGSTOP)
    world.run("export", code=7)
    first.kill()
    world.end(first)
    finish(world)
    check(world)


@pytest.mark.slow
def test_stopped_inside_a_transaction(world):
    """Nobody can read the file then: others give up within seconds, with a code for it (test_suspended.py)."""
    begin(world, 9)
    first = world.start("export")
    time.sleep(0.3)
    first.send_signal(signal.SIGSTOP)
    assert first.poll() is None, "it was through before it could be stopped"
    world.run("export", code=(5, 7))
    first.send_signal(signal.SIGCONT)
    world.end(first)
    assert first.returncode in (0, 5)
    finish(world)
    check(world)
