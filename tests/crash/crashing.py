"""A small world for the crash tests: one sandbox and one prepared database per job, brought back in milliseconds.

A job's World knows its beginning (`reset`), how to run the program with the shim (`run`), and what must be true at the
end (`check`). The end of a run that nothing disturbed is the measure: whatever died or failed in between, the same people
must be enrolled, finished and removed, nobody twice.
"""

import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess

from product import Product, quiet_config

DIED = 137
FOREIGN = "human@example.com"
STOPPED = "no@example.com"
PEOPLE = 6
NEVER = ("created_twice", "mailed_after_stop", "deleted_unfinished", "deleted_foreign", "deleted_replied",
         "subsequence_cut", "subsequence_removed")
OUTCOMES = "SELECT lead_id, added_to_instantly, sequence_completed, last_email_status, cold_email_sent FROM leads ORDER BY 1"
ENDED = 3  # restarts after which a job must be through
EXIT_CODES = {0, 1, 3, 5, 78}  # of docs/exit-codes.md: those that fit a disk or a network that fails
REQUEST = re.compile(r"(GET|POST|PATCH|DELETE)_/")
PERSONAL = re.compile(r"@example\.com|Surname|Acme")


def shim(binary):
    return binary.parent / "tests" / "crash" / "leadferry-shim.so"


class Call:
    """A fallible call of an undisturbed run, as the shim wrote it down."""

    def __init__(self, line):
        number, self.name, self.kind, *rest = line.split()
        self.number, self.data = int(number), rest[0] if rest else ""


class World:
    """Where a job begins: `begin` prepares it once with the real program."""

    calls_from = "lf.db"  # calls count from the first open of such a path; None: all

    def __init__(self, sandbox, binary, folder, job):
        self.sandbox, self.binary, self.folder, self.job = sandbox, binary, folder, job
        self.product = self.new_product()
        self.configure()
        self.outset = folder / "outset.db"
        self.script = []  # what happened in Instantly before: (method, path, body)
        self.play("POST", "/leads/add", {"email": FOREIGN, "campaign": self.product.campaign})
        self.prepare()
        self.expected = self.undisturbed()

    # -- the beginning ----------------------------------------------------------------------------------------------

    def configure(self):
        """The world serves many tests: whoever configures its product otherwise says this in the end."""
        self.product.configure(
            instantly={"batch_size": 2, "request_timeout_s": 1, "connect_timeout_s": 1, "writes_in_flight": 1,
                       "reads_in_flight": 2},
            complete={"outcomes": {"no_reply": {"grace_days": 1}, "bounced": {"grace_days": 1}}})

    def new_product(self):
        return Product(self.sandbox, self.binary, self.folder)

    def play(self, method, path, body, is_api=False):
        self.script.append((method, path, body, is_api))
        self.call(*self.script[-1])

    def call(self, method, path, body, is_api):
        if is_api:
            answer = self.sandbox.api(method, path, body)
            assert answer.status == 200, answer
        else:
            self.sandbox.control(method, path, body)

    def happens(self, who, event):
        self.play("POST", "/outcome", {"email": who, "event": event})

    def prepare(self):
        rows = [(f"L{i}", f"p{i}@example.com") for i in range(PEOPLE)]
        rows += [("L8", STOPPED), ("L9", FOREIGN)]
        self.product.import_rows(*rows, code=0)
        self.product.sql("INSERT INTO leads (lead_id, email, first_name) VALUES ('L7', 'P1@Example.com', 'Again')")
        self.product.run("suppress", "add", STOPPED, "--reason", "by phone", code=0)
        if self.job in ("sync", "complete"):
            self.product.run("export", code=(0, 3))
            self.record_adds()
            self.play("POST", "/clock", {"advance_s": 7200})
            for who, event in (("p0", "replied"), ("p1", "unsubscribed"), ("p2", "bounced"), ("p3", "opened")):
                self.happens(f"{who}@example.com", event)
        if self.job == "sync":  # a live row of ours and one of somebody else's, whose persons say stop
            for email in ("p4@example.com", FOREIGN):
                self.product.run("suppress", "add", email, "--reason", "by letter", code=0)
        if self.job == "complete":
            self.play("POST", "/clock", {"advance_s": 40 * 86400})
            self.product.run("sync", "--full", code=0)
            for entry in self.sandbox.api("GET", "/block-lists-entries?limit=100").json["items"]:
                self.script.append(("POST", "/block-lists-entries", {"bl_value": entry["bl_value"]}, True))
        if self.job == "recover":
            self.interrupt_export()
        self.save()

    def record_adds(self):
        """The creating calls of the export, to be said again after each reset: ids follow from order and time."""
        rows = [r for r in sorted(self.sandbox.leads(), key=lambda r: r["id"]) if r["email"] != FOREIGN]
        for batch in self.batches(rows):
            leads = [{"email": r["email"], "first_name": r.get("first_name"), "last_name": r.get("last_name"),
                      "company_name": r.get("company_name"),
                      "custom_variables": {"leadferry": r["payload"]["leadferry"]}} for r in batch]
            body = {"campaign_id": self.product.campaign, "skip_if_in_campaign": True, "leads": leads}
            self.script.append(("POST", "/leads/add", body, True))

    @staticmethod
    def batches(rows):
        return [rows[i:i + 2] for i in range(0, len(rows), 2)]

    def interrupt_export(self):
        """Dies with the second batch on its way: its answer was never read, and the third was never sent."""
        posts = self.requests_of("export", "leads/add")
        assert len(posts) >= 3, posts
        self.replay()
        self.restore(self.folder / "imported.db")
        assert self.run("export", crash_request=posts[1], when="unread").returncode == DIED
        self.record_adds()

    def trace(self, job):
        """The calls of an undisturbed run from here; the database is put back by the caller."""
        self.keep(self.folder / "imported.db")
        path = self.folder / "calls"
        path.unlink(missing_ok=True)
        done = self.run(job, count_file=path)
        assert done.returncode in (0, 3), done
        return [Call(line) for line in path.read_text().splitlines()]

    def requests(self, job):
        """The HTTP requests of such a run, by their first bytes."""
        return [call.data for call in self.trace(job) if call.name == "send" and REQUEST.match(call.data)]

    def requests_of(self, job, part):
        """The numbers of those in whose first bytes this stands."""
        return [number for number, data in enumerate(self.requests(job), 1) if part in data]

    def save(self):
        """A crash leaves a journal behind: it is part of the state."""
        self.journal = None
        self.keep(self.outset)
        journal = self.folder / "lf.db-journal"
        if journal.exists():
            self.journal = journal.read_bytes()

    def keep(self, database):
        shutil.copy(self.product.db, database)

    def restore(self, database):
        shutil.copy(database, self.product.db)
        (self.folder / "lf.db-journal").unlink(missing_ok=True)

    def replay(self):
        self.sandbox.control("POST", "/reset")
        for step in self.script:
            self.call(*step)

    def reset(self):
        self.replay()
        self.restore(self.outset)
        if self.journal is not None:
            (self.folder / "lf.db-journal").write_bytes(self.journal)

    # -- runs -------------------------------------------------------------------------------------------------------

    def run(self, job=None, crash_at=None, when="before", fail_at=None, fault=None, for_ever=False, count_file=None,
            step_at=None, step_s=None, timeout=None, crash_request=None):
        """Runs the job; with the shim when anything is asked of it."""
        env = self.product.environment()
        asked = {"CRASH_AT": crash_at, "CRASH_REQUEST": crash_request,
                 "CRASH_WHEN": (crash_at or crash_request) and when, "FAIL_AT": fail_at, "FAIL_ERRNO": fault,
                 "FAIL_FOREVER": for_ever and "1", "COUNT_FILE": count_file,
                 "STEP_AT": step_at, "STEP_S": step_s}
        asked = {f"LEADFERRY_{name}": str(value) for name, value in asked.items() if value}
        if asked:
            env.update(asked, LD_PRELOAD=str(shim(self.binary)))
            env.update({"LEADFERRY_CALLS_FROM": self.calls_from} if self.calls_from else {})
        done = subprocess.run(self.product.command(job or self.job), cwd=self.folder, env=env, capture_output=True,
                              text=True, timeout=timeout or (240 if is_long() else 60))
        said = done.stdout + done.stderr
        assert not PERSONAL.search(said), f"personal data in {said}"
        assert self.product.key not in said, "the key is in the log"
        return done

    def finish(self):
        """Runs until the job is through, and with recover the export that it made way for."""
        codes = []
        for _ in range(ENDED):
            codes.append(self.run().returncode)
            assert codes[-1] in (0, 3, 5), codes
            if codes[-1] in (0, 3):
                break
        assert codes[-1] in (0, 3), codes
        if self.job == "recover":
            done = self.run("export")
            assert done.returncode in (0, 3), done

    def undisturbed(self):
        self.reset()
        self.finish()
        found = self.found()
        self.check_rules(found)
        return found

    # -- the end ----------------------------------------------------------------------------------------------------

    def rows(self, query):
        with sqlite3.connect(self.product.db) as db:
            return db.execute(query).fetchall()

    def soundness(self):
        return self.rows("PRAGMA integrity_check")

    def found(self):
        leads = {row[0]: row[1:] for row in self.rows(OUTCOMES)}
        removed = {row[0] for row in self.rows("SELECT lead_id FROM lead_state WHERE removed_at IS NOT NULL")}
        ids = dict(self.rows("SELECT lead_id, instantly_id FROM lead_state WHERE added_at IS NOT NULL"))
        open_n = self.rows("SELECT count(*) FROM lead_state WHERE settlement = 1 OR held_n > resolved_n")[0][0]
        sound = self.soundness()
        rows = {row["email"]: row["id"] for row in self.sandbox.leads(campaign=self.product.campaign)}
        blocked = sorted(e["bl_value"] for e in self.sandbox.api("GET", "/block-lists-entries?limit=100").json["items"])
        return {"leads": leads, "removed": removed, "ids": ids, "open": open_n, "sound": sound, "rows": rows,
                "blocked": blocked, "totals": self.sandbox.totals()}

    def check_rules(self, found):
        """What holds in every world: reliability is these lines."""
        for name in NEVER:
            assert found["totals"][name] == 0, (name, found["totals"])
        assert found["sound"] == [("ok",)] and found["open"] == 0, found
        address = {f"L{i}": f"p{i}@example.com" for i in range(PEOPLE)} | {"L8": STOPPED, "L9": FOREIGN, "L7": "-"}
        by_us = {address[lead]: found["ids"][lead] for lead in found["ids"] if lead not in found["removed"]}
        there = {email: found["rows"].get(email) for email in by_us}
        assert by_us == there, "the ledger says otherwise than Instantly"  # I3
        strangers = set(found["rows"]) - set(by_us)
        assert strangers <= {FOREIGN}, strangers
        enrolled = {lead for lead, row in found["leads"].items() if row[0]}
        assert {f"L{i}" for i in range(PEOPLE)} <= enrolled, enrolled  # nobody lost
        assert "L7" not in enrolled and "L8" not in enrolled, enrolled
        assert STOPPED not in found["rows"] and FOREIGN in found["rows"], found["rows"]
        self.check_stops(found)

    def check_stops(self, found):
        """No row of ours of a stopped person is live, none was mailed after a stop; the program finds what the audit finds."""
        done = subprocess.run(self.product.command("verify", "--stops", "--deep", "--json"), cwd=self.folder,
                              env=self.product.environment(), capture_output=True, text=True, timeout=60)
        assert done.returncode in (0, 3), done
        proof = json.loads(done.stdout)
        assert proof["is_complete"] and proof["ours"] == {"stopped_live": 0, "stopped_mailed": 0}, proof
        assert all(row["lead"] or row["instantly_id"] for row in proof["differences"]), proof
        assert proof["counts"].get("stopped_mailed", 0) == found["totals"]["mailed_after_stop"] == 0, proof

    def check(self):
        found = self.found()
        self.check_rules(found)
        for name in ("leads", "removed", "rows", "blocked", "totals"):
            # A batch that could not be sent goes last, so the ids of new rows depend on the order; check_rules() compares them.
            here, there = found[name], self.expected[name]
            if name == "rows" and self.job in ("export", "recover"):
                here, there = set(here), set(there)
            assert here == there, (name, here, there)


# -- the verdict --------------------------------------------------------------------------------------------------------


def problem_of(world, story):
    """What is wrong after it, or None."""
    try:
        world.reset()
        story()
        world.check()
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return str(error)[:2000]
    return None


def judge(problems, points, record_property):
    record_property("points", points)
    record_property("violations", len(problems))
    assert points > 0
    assert not problems, f"{len(problems)} of {points}: " + "\n".join(f"{where}: {what}" for where, what in problems[:5])


def check_that_violations_are_noticed(world):
    """A world after an export: somebody lost, somebody created twice, a row that the ledger does not know."""
    def lose():
        world.product.sql("UPDATE leads SET added_to_instantly = FALSE WHERE lead_id = 'L3'")

    def vanish():
        world.sandbox.control("POST", "/leads/delete", {"email": "p2@example.com"})

    def twice():
        vanish()
        world.sandbox.add(world.product.campaign, "p2@example.com")

    def stranger():
        world.sandbox.add(world.product.campaign, "p77@example.com")

    for mistake in (lose, vanish, twice, stranger):
        assert problem_of(world, lambda mistake=mistake: (world.finish(), mistake())), mistake.__name__
    assert problem_of(world, world.finish) is None


# -- which points -------------------------------------------------------------------------------------------------------


def spread(items, n):
    """n of them, evenly; all when there are no more."""
    items = list(items)
    if n <= 0 or n >= len(items):
        return items
    return [items[i * len(items) // n] for i in range(n)]


def is_long():
    return bool(os.environ.get("LEADFERRY_LONG"))


def world_of(start_sandbox, binary, folder, job):
    import pytest

    if not shim(binary).exists():
        pytest.skip(f"no {shim(binary)}: build it")
    return World(start_sandbox(config=quiet_config()), pathlib.Path(binary), folder, job)
