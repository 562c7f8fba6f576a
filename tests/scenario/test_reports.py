"""What operators read: plan, the jobs' reports, status, runs, errors, retry, lead show, leads export. Against a sandbox."""

import csv
import fcntl
import io
import json
import os
import re
import sqlite3
import struct
import subprocess

import pytest

PEOPLE = 30


class World:
    """A sandbox, a configuration that feeds its campaign Founders, and the program."""

    def __init__(self, sandbox, binary, folder):
        self.sandbox, self.binary, self.folder = sandbox, binary, folder
        self.campaign = sandbox.campaign("Founders")
        self.db = folder / "lf.db"
        self.configure()

    def configure(self, **sections):
        config = {
            "warehouse": {"path": str(self.db)},
            "instantly": {"base_url": self.sandbox.base_url, "api_key_env": "KEY"},
            "campaigns": [{"id": self.campaign, "name": "Spring"}],
            "export": {"default_campaign": self.campaign},
            **sections,
        }
        path = self.folder / "leadferry.yaml"
        path.write_text(json.dumps(config))  # JSON is YAML
        path.chmod(0o600)

    def run(self, *args, key=None):
        env = {**os.environ, "KEY": key or self.sandbox.api_key}
        done = subprocess.run(
            [str(self.binary), *map(str, args)], cwd=self.folder, env=env, capture_output=True, text=True, timeout=120
        )
        if "--show-pii" not in args:
            assert "@" not in done.stdout + done.stderr, done
            assert "Surname" not in done.stdout + done.stderr, done
        return done

    def json(self, *args, code=0):
        done = self.run(*args, "--json")
        assert done.returncode == code, done
        return json.loads(done.stdout)

    def import_people(self, n=PEOPLE):
        lines = [f"L{i:03d},p{i}@example.com,{'' if i == 1 else 'First'},Surname{i},Acme {i}" for i in range(n)]
        (self.folder / "leads.csv").write_text("id,email,first name,last name,company\n" + "\n".join(lines) + "\n")
        assert self.run("import", "leads.csv").returncode == 0

    def sql(self, query):
        with sqlite3.connect(self.db) as db:
            return db.execute(query).fetchall()


@pytest.fixture
def world(sandbox, leadferry_binary, tmp_path):
    world = World(sandbox, leadferry_binary, tmp_path)
    world.import_people()
    return world


def test_plan_writes_nothing_and_export_does_what_it_said(world):
    before = world.db.read_bytes()
    plan = world.json("plan")
    text = world.run("plan")
    assert world.db.read_bytes() == before and world.sandbox.leads(campaign=world.campaign) == []
    assert text.returncode == 0
    last = text.stdout.strip().splitlines()[-1]
    totals = plan["totals"]
    assert last == f"Plan: {totals['add']} to add, 0 to remove, 0 to write back, {totals['left_out']} left out."
    tags = {tag["tag"]: tag for tag in plan["campaigns"][0]["merge_tags"]}
    assert tags["firstName"]["source"] == "first_name" and tags["firstName"]["empty"] == 1
    done = world.json("export")
    assert done["added"] == totals["add"] == len(world.sandbox.leads(campaign=world.campaign))
    assert done["left_out"] == plan["left_out"]


def test_plan_before_our_tables_exist(sandbox, leadferry_binary, tmp_path):
    world = World(sandbox, leadferry_binary, tmp_path)
    with sqlite3.connect(world.db) as db:
        db.execute("CREATE TABLE leads (lead_id TEXT NOT NULL, email TEXT NOT NULL, first_name TEXT, last_name TEXT, company_name TEXT,"
                   " campaign_id TEXT, added_to_instantly INTEGER DEFAULT 0, added_date TEXT, sequence_completed INTEGER DEFAULT 0,"
                   " sequence_completed_date TEXT, last_email_status TEXT, cold_email_sent INTEGER DEFAULT 0, updated_at TEXT)")
        db.execute("INSERT INTO leads (lead_id, email, first_name, company_name) VALUES ('1', 'a@x.com', 'Ann', 'Acme')")
    world.db.chmod(0o400)
    before = world.db.read_bytes()
    assert world.json("plan")["totals"]["add"] == 1
    assert world.db.read_bytes() == before
    assert world.run("status").returncode == 0


def test_export_says_who_was_left_out(world):
    world.sandbox.api("POST", "/block-lists-entries", {"bl_value": "p5@example.com"})
    report = world.json("export", "--limit", 10)
    assert report["added"] == 10
    assert report["deferred"] == {"max_per_run": report["source"] - 10 - sum(report["left_out"].values())}
    assert any(reason.startswith("suppressed(") for reason in report["left_out"]), report["left_out"]
    text = world.run("export")
    assert re.search(r"^  added \d+  refused 0", text.stdout, re.MULTILINE)
    assert re.search(r"^  left out \d+: .*suppressed\(", text.stdout, re.MULTILINE)


def test_run_is_recover_sync_complete_export(world):
    first = world.json("run")
    assert [job["job"] for job in first["jobs"]] == ["recover", "sync", "complete", "export"]
    assert first["exit_code"] == 0 and first["jobs"][-1]["added"] > 0
    world.sandbox.advance(days=60)
    world.import_people(PEOPLE + 5)
    second = world.json("run", code=6)  # not armed: the list is printed, and export goes on
    complete = second["jobs"][2]
    assert complete["exit_code"] == 6 and "armed" in complete["safety_stop"]
    assert len(complete["due_leads"]) == complete["due"] > 0
    assert second["jobs"][3]["added"] == 5


def test_a_failed_sync_skips_complete_and_export(world):
    done = world.run("run", "--json", key="wrong")
    report = json.loads(done.stdout)
    assert done.returncode == 4
    assert [job["job"] for job in report["jobs"] if job["job"] in ("complete", "export")] == []
    assert "skipped" in done.stderr
    assert world.sandbox.leads(campaign=world.campaign) == []


def test_status_and_runs_tell_the_truth(world):
    added = world.json("export")["added"]
    world.sandbox.advance(days=40)
    world.json("sync")
    status = world.json("status")
    assert status["enrolled"] == added and status["open_claims"] == 0
    assert sum(status["phases"].values()) == added
    assert status["campaigns"][0]["enrolled"] == status["campaigns"][0]["instantly"]["leads"] == added
    assert status["last_runs"]["export"]["verdict"] == "ok" and status["last_runs"]["complete"] is None
    runs = world.json("runs", "list")["runs"]
    assert [run["job"] for run in runs] == ["sync", "export"]
    export = world.json("runs", "show", runs[1]["run_id"])
    assert export["counts"]["added"] == added == export["counts"]["claimed"]
    assert world.run("runs", "show", "nope").returncode == 1
    text = world.run("status").stdout
    assert re.search(r"^Spring +\w+ +%d " % added, text, re.MULTILINE)


def test_status_of_a_campaign_without_figures(world):
    """Instantly tells them from the first mail on; until then nobody says that an active campaign is a draft."""
    added = world.json("export")["added"]
    world.json("sync")
    assert world.json("status")["campaigns"][0]["status"] is None
    assert re.search(rf"^Spring +no figures yet +{added} ", world.run("status").stdout, re.MULTILINE)


def test_lead_show_follows_a_person(world):
    world.configure(complete={"armed": True})

    def next_of(what):
        leads = world.json("lead", "show", what)["leads"]
        assert len(leads) == 1
        return leads[0]["next"]["action"]

    assert next_of("L002") == next_of("P2@Example.com") == "add"
    assert next_of("L001") == "leave_out"  # no first name, and the step has {{firstName}} without a fallback
    world.json("export")
    assert next_of("L002") == "wait"
    row = world.json("lead", "show", "L002")["instantly"][0]
    assert row["stamp"].startswith("1:") and row["campaign_id"] == world.campaign
    assert next_of(row["id"]) == "wait"
    world.sandbox.outcome("p2@example.com", "unsubscribed")
    world.json("sync")
    shown = world.json("lead", "show", "L002")
    assert shown["leads"][0]["next"]["action"] == "remove" and shown["leads"][0]["next"]["not_before"]
    assert shown["suppressions"][0]["reason"] == "unsubscribed"
    kinds = [event["kind"] for event in shown["leads"][0]["events"]]
    assert kinds[:2] == ["claimed", "added"] and "finished" in kinds
    assert "p2@example.com" in world.run("lead", "show", "L002", "--show-pii").stdout
    assert world.run("lead", "show", "nobody-at-all").returncode == 1


def test_lead_show_by_reference(world):
    (world.folder / "more.csv").write_text("id,email\nx@y.example,x@y.example\nz@y.example,z@y.example\n")
    assert world.run("import", "more.csv", "--map", "lead_id=id").returncode == 0
    done = world.run("leads", "export", "--format", "ndjson")
    references = [json.loads(line)["lead_id"] for line in done.stdout.splitlines()]
    strange = [reference for reference in references if not reference.startswith("L")]
    assert len(strange) == 2
    shown = world.json("lead", "show", strange[0])
    assert shown["leads"][0]["lead"] == strange[0]


def test_lead_show_when_instantly_refuses(world):
    world.json("export")
    done = world.run("lead", "show", "L002", "--json", key="wrong")
    shown = json.loads(done.stdout)
    assert done.returncode == 4 and shown["instantly_problem"] and shown["instantly"] == []
    assert shown["leads"][0]["state"]["phase"] == "added"


def test_leads_export_is_the_table(world):
    world.json("export")
    rows = list(csv.DictReader(io.StringIO(world.run("leads", "export", "--show-pii").stdout)))
    assert len(rows) == PEOPLE and [row["lead_id"] for row in rows] == sorted(row["lead_id"] for row in rows)
    flags = dict(world.sql("SELECT lead_id, added_to_instantly FROM leads"))
    assert {row["lead_id"]: row["added_to_instantly"] == "true" for row in rows} == {k: bool(v) for k, v in flags.items()}
    assert rows[2]["email"] == "p2@example.com" and rows[2]["phase"] == "added"
    plain = list(csv.DictReader(io.StringIO(world.run("leads", "export").stdout)))
    assert "email" not in plain[0] and "first_name" not in plain[0] and len(plain) == PEOPLE
    lines = world.run("leads", "export", "--format", "ndjson", "--limit", 3).stdout.splitlines()
    assert [json.loads(line)["lead_id"] for line in lines] == ["L000", "L001", "L002"]
    assert world.run("leads", "export", "--format", "xml").returncode == 2


def test_retry_takes_refused_leads_up_again(world):
    other = world.sandbox.campaign("Operations")
    assert world.sandbox.add(other, "p3@example.com").status == 200
    world.configure(export={"default_campaign": world.campaign, "skip_if_in_workspace": True})
    world.run("export")
    shown = world.json("lead", "show", "L003")["leads"][0]
    assert shown["state"]["phase"] in ("found_elsewhere", "skipped") and shown["next"]["action"] == "leave_out"
    assert world.run("retry").returncode == 2
    assert world.run("retry", "--all", "--lead-id", "L003").returncode == 2
    assert world.json("retry", "--lead-id", "L003", "--dry-run")["retried"] == 1
    assert world.json("retry", "--lead-id", "L003")["retried"] == 1
    again = world.json("lead", "show", "L003")["leads"][0]
    assert again["next"]["action"] == "add", again["next"]
    assert world.json("retry", "--all")["retried"] == 0
    assert world.run("retry", "--lead-id", "nobody").returncode == 1


def test_errors_are_listed_and_shown(world):
    assert world.json("errors", "list")["errors"] == []
    with sqlite3.connect(world.db) as db:
        db.executemany(
            "INSERT INTO pipeline_errors (error_id, error_timestamp, error_type, lead_id, error_message, retry_count) VALUES (?,?,?,?,?,?)",
            [
                ("aa11", "2020-01-01T00:00:00Z", "transient", "L001", "no answer", 0),
                ("aa22", "2099-01-01T00:00:00Z", "rejected", "L002", "refused", 0),
                ("aa22", "2099-01-02T00:00:00Z", "rejected", "L002", "refused", 1),
            ],
        )
    errors = world.json("errors", "list")["errors"]
    assert [(error["error_id"], error["retry_count"]) for error in errors] == [("aa22", 1), ("aa11", 0)]
    assert [e["error_id"] for e in world.json("errors", "list", "--since", "7d")["errors"]] == ["aa22"]
    assert [e["error_id"] for e in world.json("errors", "list", "--since", "2019-01-01", "--type", "transient")["errors"]] == ["aa11"]
    types = world.json("errors", "list", "--by", "type")["types"]
    assert {(t["type"], t["errors"], t["most_retries"]) for t in types} == {("rejected", 1, 1), ("transient", 1, 0)}
    assert world.json("errors", "show", "aa11")["message"] == "no answer"
    assert "`leadferry explain rejected`" in world.run("errors", "show", "aa22").stdout
    assert world.run("errors", "show", "aa").returncode == 2
    assert world.run("errors", "show", "zz").returncode == 1
    assert world.run("errors", "list", "--since", "yesterday").returncode == 2


def test_a_second_run_says_that_another_holds_the_lock(world):
    with open(f"{world.db}.lock", "a+") as lock:
        whole_file = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK, whole_file)
        done = world.run("export")
        assert done.returncode == 7 and "lock" in done.stderr.lower() and done.stdout == ""
        assert world.run("status").returncode == 0  # readers need no lock
    assert world.run("export").returncode in (0, 3)
