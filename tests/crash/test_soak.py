"""A long life: many leads, 1 % of all calls in trouble, a kill every now and then, through export, sync and complete.

Part of ./test --long alone (1,000,000 leads, a kill every 5 to 60 s). LEADFERRY_SOAK_LEADS=20000 runs a small one.
"""

import os
import pathlib
import random
import re
import signal
import sqlite3
import time

import pytest

from crashing import NEVER, PERSONAL, is_long
from product import HEADER, Product, quiet_config

LEADS = int(os.environ.get("LEADFERRY_SOAK_LEADS") or (1_000_000 if is_long() else 0))
IS_SMALL = LEADS < 100_000
KILL_AFTER_S = (0.2, 2) if IS_SMALL else (5, 60)
RSS_MAX_KB = 64 * 1024  # of each run, whatever the number of leads
TRIES_MAX = 400
ADD, LIST = "POST /api/v2/leads/add", "POST /api/v2/leads/list"
TROUBLE = [
    {"endpoint": ADD, "fault": "reset_after", "probability": 0.01},
    {"endpoint": ADD, "fault": "status_after", "probability": 0.01, "params": {"code": 502}},
    {"endpoint": ADD, "fault": "truncate", "probability": 0.01, "params": {"at": 200}},
    {"endpoint": LIST, "fault": "status", "probability": 0.01, "params": {"code": 503}},
    {"endpoint": LIST, "fault": "reset_after", "probability": 0.01},
    {"endpoint": "DELETE /api/v2/leads", "fault": "reset_after", "probability": 0.01},
]


def peak_of(pid):
    """The most memory that a process had so far; 0 once it has ended. (What wait4 tells includes the Python that it was
    before it became leadferry.)"""
    found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) if found else 0


class Soak:
    def __init__(self, product, seed):
        self.product, self.chance = product, random.Random(seed)
        self.kills_n = self.runs_n = 0
        self.peaks_kb = []
        self.log = product.folder / "log"

    def once(self, *command, kill_after_s=None):
        """Runs it, to its end or not; the exit code (negative: killed)."""
        with open(self.log, "ab") as out:
            pid = os.posix_spawn(self.product.command(*command)[0], self.product.command(*command),
                                 self.product.environment(),
                                 file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), fd) for fd in (1, 2)])
        ends_at = time.monotonic() + (kill_after_s or 1e9)
        peak_kb = 0
        while True:
            peak_kb = max(peak_kb, peak_of(pid))
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                break
            if time.monotonic() > ends_at:
                os.kill(pid, signal.SIGKILL)
                ends_at = float("inf")
            time.sleep(0.01)
        self.runs_n += 1
        self.peaks_kb.append(peak_kb)
        code = os.waitstatus_to_exitcode(status)
        self.kills_n += code == -signal.SIGKILL
        return code

    def through(self, *command, good):
        """With kills, until it comes to a good end; what stays open after trouble is a 5, and the next run's. A run that
        gets far without being killed is let through in the end."""
        for number in range(TRIES_MAX):
            mercy = 1 + number / 10
            code = self.once(*command, kill_after_s=self.chance.uniform(*KILL_AFTER_S) * mercy)
            assert code in (*good, 5, -signal.SIGKILL), (command, code, self.log.read_text()[-2000:])
            if code in good:
                return
        raise AssertionError(f"{command} never came to an end")


    def stage(self, *commands, check):
        """Commands in trouble, then a look without it."""
        rules = ({**rule, "seed": self.chance.getrandbits(31)} for rule in TROUBLE)
        self.product.sandbox.faults(*rules)
        for command, good in commands:
            self.through("--config", self.product.folder / "leadferry.yaml", *command, good=good)
        self.product.sandbox.faults()
        check(self.product)


def prepare(product):
    with open(product.folder / "leads.csv", "w") as out:
        out.write(HEADER)
        for i in range(LEADS):
            out.write(f"L{i:07d},p{i}@example.com,First,Surname,Acme\n")
    product.run("import", "leads.csv", "--map", "lead_id=lead_id", code=0, timeout=3600)


def check_export(product):
    totals = product.sandbox.totals()
    assert totals["created_by_api"] == LEADS and all(totals[name] == 0 for name in NEVER), totals
    rows = {row["email"]: row["id"] for row in product.sandbox.leads(campaign=product.campaign)}
    with sqlite3.connect(product.db) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert dict(db.execute("SELECT person, instantly_id FROM lead_state")) == rows
        assert db.execute("SELECT count(*) FROM leads WHERE added_to_instantly = 1").fetchone() == (LEADS,)


def check_complete(product):
    totals = product.sandbox.totals()
    assert totals["created_by_api"] == LEADS and all(totals[name] == 0 for name in NEVER), totals
    there = len(product.sandbox.leads(campaign=product.campaign))
    with sqlite3.connect(product.db) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        removed, = db.execute("SELECT count(*) FROM lead_state WHERE removed_at IS NOT NULL").fetchone()
        assert db.execute("SELECT count(*) FROM lead_state WHERE settlement = 1").fetchone() == (0,)
    assert removed > 0 and removed + there == LEADS, (removed, there)


def check_peaks(soak):
    assert 0 < max(soak.peaks_kb) < RSS_MAX_KB, soak.peaks_kb


if LEADS:

    @pytest.mark.slow
    @pytest.mark.timeout(4 * 3600)
    def test_soak(start_sandbox, leadferry_binary, tmp_path, record_property):
        seed = int(os.environ.get("LEADFERRY_CRASH_SEED") or time.time())
        print(f"LEADFERRY_CRASH_SEED={seed}")
        product = Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
        product.configure(instantly={"batch_size": 100 if IS_SMALL else 1000, "request_timeout_s": 2, "writes_in_flight": 4},
                          complete={"outcomes": {"no_reply": {"grace_days": 1}}})
        prepare(product)
        soak = Soak(product, seed)
        soak.stage((("export",), (0,)), check=check_export)
        exported_n = soak.kills_n
        product.sandbox.advance(days=60)
        soak.stage((("sync", "--full"), (0, 3)), (("complete",), (0, 3)), check=check_complete)
        check_peaks(soak)
        said = soak.log.read_text()
        assert not PERSONAL.search(said) and product.key not in said
        for name, value in (("seed", seed), ("leads", LEADS), ("runs", soak.runs_n), ("kills", soak.kills_n),
                            ("kills_of_export", exported_n), ("peak_kb", max(soak.peaks_kb))):
            record_property(name, value)
            print(name, value)
